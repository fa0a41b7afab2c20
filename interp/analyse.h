/* analyse.h -- where procedures and variables live.
 *
 * Owns:  which local procedures are code of the frame around them, what closures capture, which
 *        variables need a box.
 * Never: rewrites nodes, or knows a register.
 *
 * A local procedure is a *label* when each use of it is a call whose result is the result of the
 * FIX that binds it: then its body may stand in the frame, its parameters are registers of the
 * frame, and a call is a jump (contification, after Kennedy 2007). A variable that is assigned gets
 * a box when a closure captures it, or when a call that is no primitive happens in its scope: the
 * frame is copied when a continuation is entered again, so a register would be rolled back. */
#ifndef CP_INTERP_ANALYSE_H
#define CP_INTERP_ANALYSE_H

#include "interp/fit.h"

/* Whether VARIABLE is the closure of LAMBDA itself, while its code runs: no capture is needed. */
static inline bool cp_is_self(const cp_lambda *lambda, const cp_local *variable)
{
    return variable->value != NULL && variable->value->kind == CP_NODE_LAMBDA &&
           variable->value->as.lambda == lambda;
}

/* Settle all of that for PROGRAM, a LAMBDA node. False when memory is refused. */
bool cp_analyse(cp_nodes *core, cp_node *program) CP_MUST_USE;

#endif
