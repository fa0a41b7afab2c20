/* api.c -- the public functions of an instance: who may call them when, and from which thread. */
#include "bt/api.h"

#include <math.h>

#include "bt/nodes.h"
#include "bt/output.h"
#include "bt/rows.h"
#include "bt/tick.h"
#include "sched/memory.h"

/* ---- Registry ------------------------------------------------------------------------------ */

static bool register_all(copse_bt_registry *registry, const copse_bt_node_kind *rows)
{
    for (; rows->name != NULL; rows++)
        if (copse_bt_register_node(registry, rows) != COPSE_OK)
            return false;
    return true;
}

copse_bt_registry *copse_bt_registry_new(const copse_allocator *allocator)
{
    copse_bt_registry *registry = cp_rows_new(allocator);
    if (registry == NULL)
        return NULL;
    if (register_all(registry, cp_control_kinds) && register_all(registry, cp_decorator_kinds) &&
        register_all(registry, cp_leaf_kinds))
        return registry;
    copse_bt_registry_free(registry);
    return NULL;
}

/* ---- For node kinds ------------------------------------------------------------------------ */

void *copse_bt_node_memory(copse_bt_context *context, uint32_t node)
{
    return cp_node_memory(context, node);
}

copse_bt_option_value copse_bt_node_option(const copse_bt_context *context, uint32_t node,
                                           uint32_t index)
{
    assert(index < context->nodes[node].kind->option_count);
    return cp_node_options(context, node)[index];
}

uint32_t copse_bt_first_child(const copse_bt_context *context, uint32_t node)
{
    return cp_node_has_children(context->nodes, node) ? node + 1 : COPSE_BT_NO_NODE;
}

uint32_t copse_bt_next_sibling(const copse_bt_context *context, uint32_t child)
{
    uint32_t parent = context->nodes[child].parent, next = context->nodes[child].end;
    bool is_last = parent == COPSE_BT_NO_NODE || next == context->nodes[parent].end;
    return is_last ? COPSE_BT_NO_NODE : next;
}

bool copse_bt_is_running(const copse_bt_context *context, uint32_t node)
{
    return cp_is_running(context, node);
}

/* ---- Life ---------------------------------------------------------------------------------- */

copse_status copse_bt_instance_new(copse_bt_definition *definition,
                                   const copse_bt_instance_options *options,
                                   copse_bt_instance **out)
{
    static const copse_bt_instance_options plain;
    *out = NULL;
    if (options == NULL)
        options = &plain;
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    size_t size = cp_instance_size(definition);
    void *block = cp_allocate(allocator, size);
    if (block == NULL)
        return COPSE_ENOMEM;
    copse_status status = cp_instance_init(block, definition, options);
    if (status != COPSE_OK) {
        cp_release(allocator, block, size);
        return status;
    }
    *out = block;
    return COPSE_OK;
}

/* Do OPERATION whole. */
static copse_status operate(copse_bt_instance *instance, cp_operation operation, int64_t now_ns,
                            copse_bt_status *result)
{
    copse_status status = cp_tick_begin(instance, operation, now_ns);
    if (CP_UNLIKELY(status != COPSE_OK))
        return status;
    copse_bt_status ended = cp_tick_run(instance);
    if (result != NULL)
        *result = ended;
    return COPSE_OK;
}

copse_status copse_bt_instance_free(copse_bt_instance *own)
{
    if (own == NULL)
        return COPSE_OK;
    CP_REQUIRE_OWNER(&own->owner);
    int64_t now_ns = own->host_now_ns != INT64_MIN ? own->host_now_ns : 0;
    copse_status status = operate(own, CP_OPERATION_HALT, now_ns, NULL);
    if (status != COPSE_OK)
        return status;
    cp_tick_cut_halts(own);
    const copse_allocator *allocator = own->allocator;
    size_t size = own->size;
    cp_instance_clear(own);
    cp_release(allocator, own, size);
    return COPSE_OK;
}

copse_status copse_bt_tick(copse_bt_instance *instance, int64_t now_ns, copse_bt_status *result)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_TICK, now_ns, result);
}

copse_status copse_bt_halt(copse_bt_instance *instance, int64_t now_ns, copse_bt_status *result)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_HALT, now_ns, result);
}

copse_status copse_bt_restart(copse_bt_instance *instance, int64_t now_ns, copse_bt_status *result)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_RESTART, now_ns, result);
}

copse_status copse_bt_reset(copse_bt_instance *instance, int64_t now_ns, copse_bt_status *result)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_RESET, now_ns, result);
}

copse_status copse_bt_request_reset(copse_bt_instance *instance)
{
    CP_REQUIRE_OWNER(&instance->owner);
    instance->reset_is_requested = true;
    return COPSE_OK;
}

copse_status copse_bt_pause(copse_bt_instance *instance, int64_t now_ns)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_PAUSE, now_ns, NULL);
}

copse_status copse_bt_resume(copse_bt_instance *instance, int64_t now_ns)
{
    CP_REQUIRE_OWNER(&instance->owner);
    return operate(instance, CP_OPERATION_RESUME, now_ns, NULL);
}

copse_status copse_bt_stop(copse_bt_instance *instance, copse_stop_cause cause)
{
    CP_REQUIRE_OWNER(&instance->owner);
    CP_REQUIRE((unsigned)cause < COPSE_STOP_CAUSE_COUNT, "there is no such cause");
    cp_instance_stop(instance, cause);
    return COPSE_OK;
}

copse_status copse_bt_clear_stop(copse_bt_instance *instance)
{
    CP_REQUIRE_OWNER(&instance->owner);
    if (instance->stop_causes == 0)
        return COPSE_OK;
    for (uint32_t i = 0; instance->outputs != NULL && i < instance->definition->output_count; i++)
        cp_output_clear_stop(instance->outputs[i], instance->stop_causes);
    instance->stop_causes = 0;
    instance->stats.overruns_in_a_row = 0;
    cp_instance_trace(&instance->context, COPSE_TRACE_STOP_CLEARED, COPSE_BT_NO_NODE, COPSE_BT_IDLE,
                      0);
    return COPSE_OK;
}

/* ---- Looking ------------------------------------------------------------------------------- */

int64_t copse_bt_next_deadline(const copse_bt_instance *instance)
{
    int64_t due_ns = instance->context.deadline_ns;
    return due_ns == COPSE_NEVER ? due_ns : cp_time_after(due_ns, instance->paused_ns);
}

copse_bt_status copse_bt_node_status(const copse_bt_instance *instance, uint32_t node)
{
    if (node >= instance->definition->node_count)
        return COPSE_BT_IDLE;
    return (copse_bt_status)instance->context.states[node];
}

copse_bt_error_info copse_bt_last_error(const copse_bt_instance *instance)
{
    const cp_reason *error = &instance->error;
    return (copse_bt_error_info){error->node, error->tick, error->word, error->text};
}

void copse_bt_read_stats(const copse_bt_instance *instance, copse_bt_stats *out)
{
    *out = instance->stats;
    out->leaves_started += instance->context.ended_at_once;
    out->leaves_ended += instance->context.ended_at_once;
    out->stop_causes = instance->stop_causes;
    out->trace_dropped =
        instance->context.trace == NULL ? 0 : cp_ring_dropped(instance->context.trace);
}

/* ---- Blackboard ---------------------------------------------------------------------------- */

/* Write from outside; FITS says whether the key's type takes the value. */
static copse_status write_key(copse_bt_instance *instance, uint32_t key, cp_value value,
                              copse_bt_type type, int64_t at_ns)
{
    CP_REQUIRE_OWNER(&instance->owner);
    CP_REQUIRE(key < instance->definition->key_count, "there is no such key");
    copse_bt_type wanted = instance->definition->keys[key].type;
    bool fits = wanted == COPSE_BT_ANY || wanted == type ||
                (wanted == COPSE_BT_NUMBER && type == COPSE_BT_INTEGER);
    CP_REQUIRE(fits, "the key has another type");
    cp_bb_put(instance, key, value, COPSE_BT_NO_NODE, at_ns);
    return COPSE_OK;
}

copse_status copse_bt_set_number(copse_bt_instance *instance, uint32_t key, double value,
                                 int64_t at_ns)
{
    return write_key(instance, key, cp_make_double(value), COPSE_BT_NUMBER, at_ns);
}

copse_status copse_bt_set_integer(copse_bt_instance *instance, uint32_t key, int64_t value,
                                  int64_t at_ns)
{
    CP_REQUIRE(cp_fits_fixnum(value), "the integer needs more than 50 bits");
    return write_key(instance, key, cp_make_fixnum(value), COPSE_BT_INTEGER, at_ns);
}

copse_status copse_bt_set_boolean(copse_bt_instance *instance, uint32_t key, bool value,
                                  int64_t at_ns)
{
    return write_key(instance, key, cp_make_boolean(value), COPSE_BT_BOOLEAN, at_ns);
}

static cp_value value_of(const copse_bt_instance *instance, uint32_t key)
{
    return key < instance->definition->key_count ? instance->slots[key].value : CP_UNSET;
}

bool copse_bt_get_number(const copse_bt_instance *instance, uint32_t key, double *value)
{
    cp_value word = value_of(instance, key);
    if (cp_is_fixnum(word))
        *value = (double)cp_to_fixnum(word);
    else if (cp_is_double(word))
        *value = cp_to_double(word);
    else
        return false;
    return true;
}

bool copse_bt_get_integer(const copse_bt_instance *instance, uint32_t key, int64_t *value)
{
    cp_value word = value_of(instance, key);
    if (!cp_is_fixnum(word))
        return false;
    *value = cp_to_fixnum(word);
    return true;
}

bool copse_bt_get_boolean(const copse_bt_instance *instance, uint32_t key, bool *value)
{
    cp_value word = value_of(instance, key);
    if (!cp_is_boolean(word))
        return false;
    *value = cp_is_true(word);
    return true;
}

/* ---- Trace --------------------------------------------------------------------------------- */

copse_status copse_bt_trace_enable(copse_bt_instance *instance, uint32_t capacity)
{
    CP_REQUIRE_OWNER(&instance->owner);
    if (instance->cursor.operation != CP_OPERATION_NONE)
        return COPSE_EBUSY_OWNER;
    cp_ring *trace = NULL;
    if (capacity > 0) {
        trace = cp_ring_new(instance->allocator, capacity);
        if (trace == NULL)
            return COPSE_ENOMEM;
    }
    cp_ring_free(instance->allocator, instance->context.trace);
    instance->context.trace = trace;
    return COPSE_OK;
}

uint32_t copse_bt_trace_read(const copse_bt_instance *instance, uint64_t after,
                             copse_trace_record *records, uint32_t limit)
{
    if (instance->context.trace == NULL)
        return 0;
    return cp_ring_read(instance->context.trace, after, records, limit);
}
