/* expand.h -- from terms to the core language: macros, scopes, every form of R7RS.
 *
 * Owns:  the special forms, bodies and programs.
 * Never: changes an environment or optimises. */
#ifndef CP_INTERP_EXPAND_H
#define CP_INTERP_EXPAND_H

#include "interp/expander.h"

void cp_expander_init(cp_expander *x, cp_terms *terms, const cp_expand_options *options);

/* The program FORMS, which is evaluated in order; definitions are seen in all of it. NULL with a
 * complaint, when stopped, or when memory is refused. */
cp_node *cp_expand_program(cp_expander *x, cp_term *const *forms, uint32_t count) CP_MUST_USE;

/* The name of the special form number INDEX, for environments; NULL behind the last. */
const char *cp_special_name(size_t index);

#endif
