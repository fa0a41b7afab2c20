/* body.h -- bodies and programs: what begins with definitions.
 *
 * Owns:  the two rounds over a body, and the shape that its definitions become.
 * Never: knows an expression form (derive.h, expand.c). */
#ifndef CP_INTERP_BODY_H
#define CP_INTERP_BODY_H

#include "interp/expander.h"

/* The program FORMS, which is evaluated in order; definitions are seen in all of it. NULL with a
 * complaint, when stopped, or when memory is refused. */
cp_node *cp_expand_program(cp_expander *x, cp_term *const *forms, uint32_t count) CP_MUST_USE;

#endif
