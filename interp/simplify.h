/* simplify.h -- rewriting core programs into simpler ones of the same meaning.
 *
 * Owns:  constant folding, copies, dead code, procedures used once or small ones put in their
 * place, and the cutting of what is too large for one procedure. Never: decides where a variable
 * lives (analyse.h). */
#ifndef CP_INTERP_SIMPLIFY_H
#define CP_INTERP_SIMPLIFY_H

#include "interp/expander.h"

/* Count the uses of every local variable of NODE anew, and note the values of those that never
 * change. */
void cp_count_uses(cp_node *node);

/* Tell of variables that are never used and of calls with the wrong number of operands. After
 * cp_count_uses, before anything is rewritten. */
void cp_warn_about(cp_expander *x, cp_node *node);

/* Rewrite NODE in place. False when memory is refused or the host stops the work. */
bool cp_simplify(cp_expander *x, cp_node *node) CP_MUST_USE;

#endif
