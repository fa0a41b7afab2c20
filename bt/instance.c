/* instance.c -- laying out the block, and the small writes to it that several modules share. Texts
 * are cut and copied byte by byte: a tick must not enter the C library's formatting, which may
 * allocate. */
#include "bt/instance.h"

#include <string.h>

#include "bt/output.h"
#include "interp/mark.h"
#include "sched/memory.h"

enum { DEFAULT_MAX_OVERRUNS = 3 };

/* ---- Layout -------------------------------------------------------------------------------- */

/* Offsets of the parts behind the structure; the last is the size. */
typedef struct parts {
    size_t slots, acts, node_memory, leaf_memory, outputs, holders, releases, states, size;
} parts;

static size_t round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static parts lay_out(const copse_bt_definition *definition)
{
    parts p;
    p.slots = round_up(sizeof(copse_bt_instance));
    p.acts = p.slots + definition->key_count * sizeof(cp_bb_slot);
    p.node_memory = p.acts + definition->act_count * sizeof(cp_act);
    p.leaf_memory = p.node_memory + definition->node_memory_size;
    p.outputs = p.leaf_memory + definition->leaf_memory_size;
    p.holders = p.outputs + definition->output_count * sizeof(copse_output *);
    p.releases = p.holders + definition->output_count * sizeof(uint32_t);
    p.states = p.releases + definition->output_count * sizeof(uint32_t);
    p.size = round_up(p.states + definition->node_count);
    return p;
}

size_t cp_instance_size(const copse_bt_definition *definition)
{
    return lay_out(definition).size;
}

static copse_status link_outputs(copse_bt_instance *in, char *block, const parts *p)
{
    uint32_t count = in->definition->output_count;
    in->holders = (uint32_t *)(void *)(block + p->holders);
    in->releases_seen = (uint32_t *)(void *)(block + p->releases);
    in->outputs = in->gate == NULL ? NULL : (copse_output **)(void *)(block + p->outputs);
    for (uint32_t i = 0; i < count; i++) {
        in->holders[i] = CP_NO_INDEX;
        if (in->gate == NULL)
            continue;
        in->outputs[i] = copse_gate_find(in->gate, in->definition->outputs[i]);
        if (in->outputs[i] == NULL)
            return COPSE_EINVAL;
        in->releases_seen[i] = cp_output_releases(in->outputs[i]);
    }
    return COPSE_OK;
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t i = 0;
    for (; from != NULL && from[i] != '\0' && i + 1 < size; i++)
        to[i] = from[i];
    to[i] = '\0';
}

copse_status cp_instance_init(void *block, copse_bt_definition *definition,
                              const copse_bt_instance_options *options)
{
    parts p = lay_out(definition);
    char *bytes = block;
    memset(block, 0, p.size);
    copse_bt_instance *in = block;
    in->context = (copse_bt_context){.nodes = definition->nodes,
                                     .states = (uint8_t *)bytes + p.states,
                                     .node_memory = bytes + p.node_memory,
                                     .leaf_memory = bytes + p.leaf_memory,
                                     .calls = definition->calls,
                                     .acts = (cp_act *)(void *)(bytes + p.acts),
                                     .options = definition->options,
                                     .now_ns = INT64_MIN,
                                     .deadline_ns = COPSE_NEVER,
                                     .node_count = definition->node_count,
                                     .decider = COPSE_BT_NO_NODE};
    in->cursor.error_node = COPSE_BT_NO_NODE;
    in->owner = cp_owner_here();
    in->definition = definition;
    in->allocator = cp_allocator_or_default(options->allocator);
    in->size = p.size;
    in->slots = (cp_bb_slot *)(void *)(bytes + p.slots);
    in->gate = options->gate;
    in->budget_ns = options->budget_ns;
    in->measure = options->budget_ns > 0 ? options->measure : NULL;
    in->measure_context = options->measure_context;
    in->safe_stop = options->safe_stop;
    in->safe_stop_context = options->safe_stop_context;
    in->max_overruns = options->max_overruns > 0 ? options->max_overruns : DEFAULT_MAX_OVERRUNS;
    in->host_now_ns = INT64_MIN;
    in->slowest_node = COPSE_BT_NO_NODE;
    in->stats.slowest_leaf = COPSE_BT_NO_NODE;
    in->stopping_first = CP_NO_INDEX;
    in->stopping_last = CP_NO_INDEX;
    in->error.node = COPSE_BT_NO_NODE;
    copy_cut(in->name, sizeof in->name, options->name != NULL ? options->name : definition->name);
    for (uint32_t i = 0; i < definition->act_count; i++)
        in->context.acts[i].next_stopping = CP_NO_INDEX;
    cp_instance_reset_slots(in);
    copse_status status = link_outputs(in, bytes, &p);
    if (status == COPSE_OK)
        copse_bt_definition_take(definition);
    return status;
}

void cp_instance_clear(copse_bt_instance *instance)
{
    assert(instance->cursor.operation == CP_OPERATION_NONE);
    assert(instance->stats.leaves_running == 0);
    cp_ring_free(instance->allocator, instance->context.trace);
    instance->context.trace = NULL;
    copse_bt_definition_give(instance->definition);
    instance->definition = NULL;
}

void cp_instance_trace_values(copse_bt_instance *instance,
                              void (*visit)(void *context, cp_value *value), void *context)
{
    for (uint32_t i = 0; i < instance->definition->key_count; i++)
        visit(context, &instance->slots[i].value);
}

static void trace_slots(cp_object *object, cp_tracer *tracer)
{
    const copse_bt_instance *in = (const copse_bt_instance *)(const void *)object;
    uint32_t count = in->definition != NULL ? in->definition->key_count : 0;
    for (uint32_t i = 0; i < count; i++)
        cp_trace(tracer, in->slots[i].value);
}

const cp_type cp_instance_type = {.name = "bt-instance",
                                  .fixed_bytes = sizeof(cp_object),
                                  .element_bytes = sizeof(uint64_t),
                                  .values_from = sizeof(cp_object),
                                  .trace = trace_slots};

copse_status cp_instance_new_in_heap(cp_heap *heap, unsigned type, copse_bt_definition *definition,
                                     const copse_bt_instance_options *options,
                                     copse_bt_instance **out)
{
    size_t words = (cp_instance_size(definition) - sizeof(cp_object) + 7) / sizeof(uint64_t);
    cp_object *object = cp_alloc_old(heap, type, words);
    if (object == NULL)
        return COPSE_ENOMEM;
    uint64_t header = object->header;
    copse_status status = cp_instance_init(object, definition, options);
    copse_bt_instance *in = (copse_bt_instance *)(void *)object;
    object->header = header;
    if (status != COPSE_OK) {
        in->definition = NULL;
        return status;
    }
    in->heap = heap;
    *out = in;
    return COPSE_OK;
}

void cp_instance_forget(copse_bt_instance *instance, uint32_t node)
{
    uint32_t from = instance->context.nodes[node].memory;
    uint32_t to = cp_definition_memory_end(instance->definition, node);
    memset(instance->context.node_memory + from, 0, to - from);
}

/* ---- Blackboard ---------------------------------------------------------------------------- */

/* The value of a constant; text and data need a heap, so they are unset without one. */
static cp_value constant_value(const copse_bt_constant *constant)
{
    switch (constant->type) {
    case COPSE_BT_BOOLEAN:
        return cp_make_boolean(constant->as.boolean);
    case COPSE_BT_INTEGER:
        return cp_fits_fixnum(constant->as.integer) ? cp_make_fixnum(constant->as.integer)
                                                    : cp_make_double((double)constant->as.integer);
    case COPSE_BT_NUMBER:
        return cp_make_double(constant->as.number);
    case COPSE_BT_ANY:
    case COPSE_BT_STRING:
    case COPSE_BT_SYMBOL:
    case COPSE_BT_LIST:
    case COPSE_BT_VECTOR:
    case COPSE_BT_RECORD:
        break;
    }
    return CP_UNSET;
}

/* Announce a store to SLOT to the heap that the block is in. */
static void before_store(copse_bt_instance *instance, const cp_bb_slot *slot)
{
    if (instance->heap != NULL)
        cp_before_write(instance->heap, &instance->context.object, &slot->value);
}

void cp_instance_reset_slots(copse_bt_instance *instance)
{
    for (uint32_t i = 0; i < instance->definition->key_count; i++) {
        before_store(instance, &instance->slots[i]);
        instance->slots[i] =
            (cp_bb_slot){.value = constant_value(&instance->definition->keys[i].initial),
                         .time_ns = INT64_MIN,
                         .writer = COPSE_BT_NO_NODE,
                         .version = instance->slots[i].version};
    }
}

void cp_bb_put(copse_bt_instance *instance, uint32_t key, cp_value value, uint32_t writer,
               int64_t at_ns)
{
    assert(key < instance->definition->key_count);
    cp_bb_slot *slot = &instance->slots[key];
    before_store(instance, slot);
    slot->value = value;
    slot->time_ns = at_ns;
    slot->tick = instance->stats.ticks;
    slot->writer = writer;
    slot->version++;
    cp_instance_trace(&instance->context, COPSE_TRACE_BB_WRITE, writer, COPSE_BT_IDLE, key);
}

/* ---- Leaf states --------------------------------------------------------------------------- */

#define CP_BIT(name) (1u << CP_LEAF_##name)
#define MOVES(name, word, moves) [CP_LEAF_##name] = (moves),
static const uint8_t legal_moves[] = {CP_LEAF_STATE_LIST(MOVES)};

void cp_act_move(cp_act *act, cp_leaf_state to)
{
    assert((legal_moves[act->state] & 1u << to) != 0);
    act->state = (uint8_t)to;
}

/* ---- Reasons ------------------------------------------------------------------------------- */

static void fill_reason(cp_reason *reason, uint64_t tick, uint32_t node, const char *word,
                        const char *text)
{
    reason->tick = tick;
    reason->node = node;
    copy_cut(reason->word, sizeof reason->word, word);
    copy_cut(reason->text, sizeof reason->text, text);
}

void cp_instance_note_reason(copse_bt_context *context, uint32_t node, const char *word,
                             const char *text)
{
    copse_bt_instance *in = cp_instance_of(context);
    fill_reason(&in->reasons[in->reason_next], in->stats.ticks, node, word, text);
    in->reason_next = (in->reason_next + 1) % CP_REASONS;
}

void cp_instance_note_error(copse_bt_context *context, uint32_t node, const char *word,
                            const char *text)
{
    copse_bt_instance *in = cp_instance_of(context);
    fill_reason(&in->error, in->stats.ticks, node, word, text);
}

const cp_reason *cp_instance_reason(const copse_bt_instance *instance, uint32_t node)
{
    for (uint32_t i = 0; i < CP_REASONS; i++) {
        /* The newest first: it lies before the next place to write. */
        const cp_reason *reason =
            &instance->reasons[(instance->reason_next + CP_REASONS - 1 - i) % CP_REASONS];
        if (reason->node == node && reason->tick != 0 && reason->tick == instance->stats.ticks)
            return reason;
    }
    return NULL;
}

/* ---- Outputs ------------------------------------------------------------------------------- */

uint32_t cp_instance_held(const copse_bt_instance *instance)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < instance->definition->output_count; i++)
        held |= instance->holders[i] != CP_NO_INDEX ? UINT32_C(1) << i : 0;
    return held;
}

void cp_instance_go_safe(copse_bt_instance *instance, uint32_t claims)
{
    for (uint32_t i = 0; instance->outputs != NULL && i < instance->definition->output_count; i++)
        if ((claims & UINT32_C(1) << i) != 0)
            cp_output_go_safe(instance->outputs[i], instance->host_now_ns);
}

void cp_instance_stop(copse_bt_instance *instance, copse_stop_cause cause)
{
    bool is_new = instance->stop_causes == 0;
    instance->stop_causes |= UINT32_C(1) << cause;
    for (uint32_t i = 0; instance->outputs != NULL && i < instance->definition->output_count; i++)
        if (cp_output_is_free_for(instance->outputs[i], instance))
            cp_output_stop(instance->outputs[i], cause);
    cp_instance_trace(&instance->context, COPSE_TRACE_SAFE_STOP, COPSE_BT_NO_NODE, COPSE_BT_IDLE,
                      (uint64_t)cause);
    if (is_new && instance->safe_stop != NULL)
        instance->safe_stop(instance->safe_stop_context, instance, cause);
}
