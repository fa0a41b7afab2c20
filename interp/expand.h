/* expand.h -- from terms to the core language: macros, scopes, every form of R7RS.
 *
 * Owns:  the special forms.
 * Never: changes an environment or optimises. */
#ifndef CP_INTERP_EXPAND_H
#define CP_INTERP_EXPAND_H

#include "interp/body.h"

void cp_expander_init(cp_expander *x, cp_terms *terms, const cp_expand_options *options);

/* The name of the special form number INDEX, for environments; NULL behind the last. */
const char *cp_special_name(size_t index);

#endif
