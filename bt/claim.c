/* claim.c -- an output has at most one holder in an instance, because a second claim under one
 * parallel is refused when the tree is built and any other second claim halts the first. So the
 * holders are an array by output, and a claim costs its number of outputs. */
#include "bt/claim.h"

#include "bt/output.h"

enum { DEFAULT_HALT_WITHIN_NS = 1000000000 };

/* Give the outputs of CLAIMS back to the gate. */
static void give_to_gate(copse_bt_instance *in, uint32_t claims)
{
    for (uint32_t rest = claims; in->outputs != NULL && rest != 0; rest &= rest - 1)
        cp_output_release(in->outputs[cp_first_output(rest)], in);
}

/* Take the outputs of CLAIMS from the gate, all or none. */
static bool take_from_gate(copse_bt_instance *in, uint32_t claims)
{
    for (uint32_t rest = claims; in->outputs != NULL && rest != 0; rest &= rest - 1) {
        if (cp_output_claim(in->outputs[cp_first_output(rest)], in))
            continue;
        give_to_gate(in, claims & ~rest);
        return false;
    }
    return true;
}

cp_claim cp_claim_take(copse_bt_instance *instance, const cp_call *call, uint32_t *holder)
{
    bool must_wait = false;
    uint32_t first = CP_NO_INDEX; /* acts are numbered in preorder: halts go left to right */
    for (uint32_t rest = call->claims; rest != 0; rest &= rest - 1) {
        uint32_t act = instance->holders[cp_first_output(rest)];
        if (act == CP_NO_INDEX)
            continue;
        assert(act != call->act);
        if (instance->context.acts[act].state == CP_LEAF_STOPPING)
            must_wait = true;
        else if (act < first)
            first = act;
    }
    if (first != CP_NO_INDEX) {
        *holder = instance->definition->calls[instance->definition->acts[first]].node;
        return CP_CLAIM_HALT;
    }
    if (must_wait || !take_from_gate(instance, call->claims))
        return CP_CLAIM_WAIT;
    for (uint32_t rest = call->claims; rest != 0; rest &= rest - 1)
        instance->holders[cp_first_output(rest)] = call->act;
    return CP_CLAIM_TAKEN;
}

void cp_claim_give(copse_bt_instance *instance, const cp_call *call)
{
    for (uint32_t rest = call->claims; rest != 0; rest &= rest - 1) {
        assert(instance->holders[cp_first_output(rest)] == call->act);
        instance->holders[cp_first_output(rest)] = CP_NO_INDEX;
    }
    give_to_gate(instance, call->claims);
}

void cp_stopping_push(copse_bt_instance *instance, const cp_call *call)
{
    cp_act *act = &instance->context.acts[call->act];
    int64_t within_ns = call->leaf->halt_within_ns;
    if (within_ns == 0)
        within_ns = DEFAULT_HALT_WITHIN_NS;
    act->halt_deadline_ns = cp_time_after(instance->context.now_ns, within_ns > 0 ? within_ns : 0);
    cp_act_move(act, CP_LEAF_STOPPING);
    act->next_stopping = CP_NO_INDEX;
    if (instance->stopping_last == CP_NO_INDEX)
        instance->stopping_first = call->act;
    else
        instance->context.acts[instance->stopping_last].next_stopping = call->act;
    instance->stopping_last = call->act;
    instance->stats.leaves_stopping++;
}

void cp_stopping_remove(copse_bt_instance *instance, uint32_t act, uint32_t before)
{
    cp_act *acts = instance->context.acts;
    uint32_t next = acts[act].next_stopping;
    if (before == CP_NO_INDEX)
        instance->stopping_first = next;
    else
        acts[before].next_stopping = next;
    if (instance->stopping_last == act)
        instance->stopping_last = before;
    cp_act_move(&acts[act], CP_LEAF_IDLE);
    instance->stats.leaves_stopping--;
    instance->stats.leaves_halted++;
    cp_claim_give(instance, &instance->definition->calls[instance->definition->acts[act]]);
}
