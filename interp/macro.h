/* macro.h -- syntax-rules: patterns, templates, and macros that outlive their compilation.
 *
 * Owns:  compiled rules, matching, and the aliases that an expansion makes.
 * Never: decides where a macro may be used (expand.h). */
#ifndef CP_INTERP_MACRO_H
#define CP_INTERP_MACRO_H

#include "interp/scope.h"

/* What is wrong with a program, and where. */
enum { CP_COMPLAINT_SIZE = 400 };

typedef struct cp_complaint {
    cp_position position;
    bool is_set;
    char text[CP_COMPLAINT_SIZE]; /* "let: x stands twice among the variables" */
} cp_complaint;

/* Set COMPLAINT, unless an earlier one is there. Gives false. */
bool cp_complain(cp_complaint *complaint, cp_position position, const char *format, ...)
    CP_PRINTF(3, 4);

/* The rules of SPEC, `(syntax-rules ...)`, whose free identifiers mean what they mean in SCOPE.
 * NULL with a complaint, or without one when memory is refused. */
cp_rules *cp_rules_parse(cp_scopes *scopes, cp_scope *scope, const char *name, cp_term *spec,
                         cp_complaint *complaint) CP_MUST_USE;

/* What USE, a form whose head means RULES in SCOPE, is rewritten to; the same two failures. */
cp_term *cp_rules_expand(cp_scopes *scopes, cp_rules *rules, cp_term *use, cp_scope *scope,
                         cp_complaint *complaint) CP_MUST_USE;

/* ---- Macros that are kept ------------------------------------------------------------------ */

/* An own copy of RULES, which were defined at top level; it refers to nothing but environments.
 * NULL when memory is refused. */
cp_macro *cp_macro_new(const copse_allocator *allocator, const cp_rules *rules) CP_MUST_USE;
void cp_macro_free(cp_macro *own);

/* Its rules for a compilation in which ROOT is the root of the environment that has the macro. The
 * copy cost is linear in the text of the macro. NULL when memory is refused. */
cp_rules *cp_macro_take(cp_scopes *scopes, const cp_macro *macro, cp_scope *root) CP_MUST_USE;

#endif
