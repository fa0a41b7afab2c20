/* claim.h -- which act holds which output, and the acts whose halt goes on.
 *
 * Owns:  the holders of outputs in one instance, the list of stopping acts.
 * Never: halts anything: it says who is in the way. */
#ifndef CP_BT_CLAIM_H
#define CP_BT_CLAIM_H

#include "bt/instance.h"

typedef enum cp_claim {
    CP_CLAIM_TAKEN,
    CP_CLAIM_WAIT, /* for a halt that goes on, or for another instance */
    CP_CLAIM_HALT  /* a running act holds one of them */
} cp_claim;

/* Take all outputs that CALL's act claims, or none. CP_CLAIM_HALT: *HOLDER is the node to halt. */
cp_claim cp_claim_take(copse_bt_instance *instance, const cp_call *call,
                       uint32_t *holder) CP_MUST_USE;

/* The act of CALL is over. */
void cp_claim_give(copse_bt_instance *instance, const cp_call *call);

/* The halt of CALL's act goes on in later ticks, as the last of the list. */
void cp_stopping_push(copse_bt_instance *instance, const cp_call *call);

/* Take act number ACT, which follows BEFORE (or CP_NO_INDEX), out of the list: it is over. */
void cp_stopping_remove(copse_bt_instance *instance, uint32_t act, uint32_t before);

#endif
