/* derive.h -- the expression forms of R7RS beyond the core, each built straight from core nodes.
 *
 * Owns:  one function a form.
 * Never: handles definitions (expand.c does). */
#ifndef CP_INTERP_DERIVE_H
#define CP_INTERP_DERIVE_H

#include "interp/expander.h"

/* X(name, function): the special forms that are expressions. */
#define CP_DERIVED_LIST(X)                                                                         \
    X("let", cp_derive_let)                                                                        \
    X("let*", cp_derive_let_star)                                                                  \
    X("letrec", cp_derive_letrec)                                                                  \
    X("letrec*", cp_derive_letrec)                                                                 \
    X("do", cp_derive_do)                                                                          \
    X("and", cp_derive_and)                                                                        \
    X("or", cp_derive_or)                                                                          \
    X("when", cp_derive_when)                                                                      \
    X("unless", cp_derive_unless)                                                                  \
    X("cond", cp_derive_cond)                                                                      \
    X("case", cp_derive_case)                                                                      \
    X("let-values", cp_derive_let_values)                                                          \
    X("let*-values", cp_derive_let_values)                                                         \
    X("receive", cp_derive_receive)                                                                \
    X("parameterize", cp_derive_parameterize)                                                      \
    X("guard", cp_derive_guard)                                                                    \
    X("delay", cp_derive_delay)                                                                    \
    X("delay-force", cp_derive_delay)                                                              \
    X("quasiquote", cp_derive_quasiquote)                                                          \
    X("let-syntax", cp_derive_let_syntax)                                                          \
    X("letrec-syntax", cp_derive_let_syntax)

typedef cp_node *cp_derive_function(cp_expander *x, cp_term *form, cp_scope *scope,
                                    const char *who);

#define CP_DERIVE_DECLARE(name, function) cp_derive_function function;
CP_DERIVED_LIST(CP_DERIVE_DECLARE)
#undef CP_DERIVE_DECLARE

#endif
