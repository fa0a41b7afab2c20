/* base.h -- the part of the library that is Lisp: base.scm, which the build puts into the program.
 *
 * Owns:  its text, and running it in a machine.
 * Never: reads a file. */
#ifndef CP_STDLIB_BASE_H
#define CP_STDLIB_BASE_H

#include "interp/interaction.h"

/* The text of base.scm, NUL-terminated. */
extern const char cp_base_source[];

/* Run base.scm in INTERACTION, whose machine has the builtins of cp_stdlib_define. CP_EVAL_END when
 * all of it ran; else how the form ended that did not: cp_interaction_message says more. */
cp_eval cp_base_load(cp_interaction *interaction) CP_MUST_USE;

#endif
