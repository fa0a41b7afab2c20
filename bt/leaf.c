/* leaf.c -- thin: set whose turn it is, call, look at the answer. */
#include "bt/leaf.h"

#include <math.h>

#include "bt/output.h"

/* ---- Calls --------------------------------------------------------------------------------- */

static CP_COLD copse_bt_status bad_result(copse_bt_context *context, uint32_t node,
                                          const char *text)
{
    cp_instance_note_error(context, node, "bad-leaf-result", text);
    return COPSE_BT_ERROR;
}

copse_bt_status cp_leaf_refuse(copse_bt_context *context, uint32_t node)
{
    return bad_result(context, node,
                      "the result of a leaf is success, failure, running or skipped");
}

copse_bt_status cp_leaf_check_condition(copse_bt_context *context, uint32_t node,
                                        copse_bt_status status)
{
    bool is_result =
        status == COPSE_BT_SUCCESS || status == COPSE_BT_FAILURE || status == COPSE_BT_ERROR;
    if (CP_LIKELY(is_result))
        return status;
    return bad_result(context, node, "the result of a condition is success or failure");
}

copse_bt_status cp_leaf_call_measured(copse_bt_context *context, const cp_call *call,
                                      copse_bt_leaf_function *function)
{
    copse_bt_instance *in = cp_instance_of(context);
    int64_t begin = in->measure(in->measure_context);
    copse_bt_status status = function(context, context->leaf_memory + call->memory, call->user);
    int64_t spent = in->measure(in->measure_context) - begin;
    if (spent > in->slowest_ns) {
        in->slowest_ns = spent;
        in->slowest_node = call->node;
    }
    return status;
}

/* ---- What a callback asks for -------------------------------------------------------------- */

int64_t copse_bt_now(const copse_bt_context *context)
{
    return context->now_ns;
}

copse_bt_instance *copse_bt_context_instance(copse_bt_context *context)
{
    return cp_instance_of(context);
}

uint32_t copse_bt_context_node(const copse_bt_context *context)
{
    return context->node;
}

copse_bt_status copse_bt_fail(copse_bt_context *context, const char *reason, const char *text)
{
    cp_instance_note_reason(context, context->node, reason, text);
    return COPSE_BT_FAILURE;
}

copse_bt_status copse_bt_raise(copse_bt_context *context, const char *kind, const char *text)
{
    cp_instance_note_error(context, context->node, kind, text);
    return COPSE_BT_ERROR;
}

/* ---- Ports --------------------------------------------------------------------------------- */

static const cp_call *running_call(const copse_bt_context *context)
{
    return &context->calls[context->call];
}

static const cp_bt_binding *binding_of(const copse_bt_context *context, uint32_t port)
{
    const cp_call *call = running_call(context);
    assert(port < call->leaf->port_count);
    return &cp_instance_of_const(context)->definition->bindings[call->first_binding + port];
}

static bool is_stale(const copse_bt_instance *in, uint32_t key)
{
    int64_t max_age = in->definition->keys[key].max_age_ns;
    if (max_age == 0)
        return false;
    int64_t age;
    return CP_SUB_OVERFLOWS(in->host_now_ns, in->slots[key].time_ns, &age) || age > max_age;
}

/* A read of KEY gave nothing: note why, and what it means for the leaf. */
static cp_value give_nothing(copse_bt_context *context, const char *word, uint32_t key)
{
    const copse_bt_instance *in = cp_instance_of(context);
    const copse_bt_key *row = &in->definition->keys[key];
    copse_bt_status usual =
        running_call(context)->leaf->is_condition ? COPSE_BT_ERROR : COPSE_BT_FAILURE;
    context->no_value = (uint8_t)(row->on_stale != COPSE_BT_IDLE ? row->on_stale : usual);
    if (context->no_value == COPSE_BT_ERROR)
        cp_instance_note_error(context, context->node, word, row->name);
    else
        cp_instance_note_reason(context, context->node, word, row->name);
    return CP_UNSET;
}

cp_value cp_leaf_read(copse_bt_context *context, uint32_t port)
{
    const copse_bt_instance *in = cp_instance_of(context);
    const cp_bt_binding *binding = binding_of(context, port);
    if (binding->key != CP_NO_KEY) {
        cp_value value = in->slots[binding->key].value;
        if (cp_same(value, CP_UNSET))
            return give_nothing(context, "unset", binding->key);
        if (is_stale(in, binding->key))
            return give_nothing(context, "stale", binding->key);
        return value;
    }
    switch (binding->constant.type) {
    case COPSE_BT_BOOLEAN:
        return cp_make_boolean(binding->constant.as.boolean);
    case COPSE_BT_INTEGER:
        if (cp_fits_fixnum(binding->constant.as.integer))
            return cp_make_fixnum(binding->constant.as.integer);
        return cp_make_double((double)binding->constant.as.integer);
    case COPSE_BT_NUMBER:
        return cp_make_double(binding->constant.as.number);
    case COPSE_BT_ANY:
    case COPSE_BT_STRING:
    case COPSE_BT_SYMBOL:
    case COPSE_BT_LIST:
    case COPSE_BT_VECTOR:
    case COPSE_BT_RECORD:
        break;
    }
    return CP_UNSPECIFIC;
}

/* A value of the wrong type, or out of the port's range, is a bug of the tree: error. */
static bool refuse_read(copse_bt_context *context, uint32_t port, const char *word)
{
    context->no_value = COPSE_BT_ERROR;
    cp_instance_note_error(context, context->node, word,
                           running_call(context)->leaf->ports[port].name);
    return false;
}

static bool is_in_range(const copse_bt_port *port, double value)
{
    return (!port->has_min || value >= port->min) && (!port->has_max || value <= port->max);
}

bool copse_bt_read_number(copse_bt_context *context, uint32_t port, double *value)
{
    cp_value word = cp_leaf_read(context, port);
    if (cp_same(word, CP_UNSET))
        return false;
    if (!cp_is_fixnum(word) && !cp_is_double(word))
        return refuse_read(context, port, "wrong-type");
    double number = cp_is_fixnum(word) ? (double)cp_to_fixnum(word) : cp_to_double(word);
    if (!is_in_range(&running_call(context)->leaf->ports[port], number))
        return refuse_read(context, port, "out-of-range");
    *value = number;
    return true;
}

bool copse_bt_read_integer(copse_bt_context *context, uint32_t port, int64_t *value)
{
    cp_value word = cp_leaf_read(context, port);
    if (cp_same(word, CP_UNSET))
        return false;
    if (!cp_is_fixnum(word))
        return refuse_read(context, port, "wrong-type");
    if (!is_in_range(&running_call(context)->leaf->ports[port], (double)cp_to_fixnum(word)))
        return refuse_read(context, port, "out-of-range");
    *value = cp_to_fixnum(word);
    return true;
}

bool copse_bt_read_boolean(copse_bt_context *context, uint32_t port, bool *value)
{
    cp_value word = cp_leaf_read(context, port);
    if (cp_same(word, CP_UNSET))
        return false;
    if (!cp_is_boolean(word))
        return refuse_read(context, port, "wrong-type");
    *value = cp_is_true(word);
    return true;
}

bool copse_bt_read_text(copse_bt_context *context, uint32_t port, const char **value)
{
    const cp_bt_binding *binding = binding_of(context, port);
    bool is_text = binding->key == CP_NO_KEY && (binding->constant.type == COPSE_BT_STRING ||
                                                 binding->constant.type == COPSE_BT_SYMBOL);
    if (!is_text)
        return refuse_read(context, port, "wrong-type");
    *value = binding->constant.as.text;
    return true;
}

copse_bt_status copse_bt_no_value(copse_bt_context *context)
{
    copse_bt_status status = (copse_bt_status)context->no_value;
    assert(status == COPSE_BT_FAILURE || status == COPSE_BT_ERROR);
    return status;
}

bool copse_bt_is_fresh(const copse_bt_context *context, uint32_t port, int64_t max_age_ns)
{
    const copse_bt_instance *in = cp_instance_of_const(context);
    const cp_bt_binding *binding = binding_of(context, port);
    if (binding->key == CP_NO_KEY)
        return binding->constant.type != COPSE_BT_ANY;
    int64_t age;
    return !cp_same(in->slots[binding->key].value, CP_UNSET) &&
           !CP_SUB_OVERFLOWS(in->host_now_ns, in->slots[binding->key].time_ns, &age) &&
           age <= max_age_ns;
}

void cp_leaf_write(copse_bt_context *context, uint32_t port, cp_value value)
{
    copse_bt_instance *in = cp_instance_of(context);
    const cp_bt_binding *binding = binding_of(context, port);
    assert(running_call(context)->leaf->ports[port].is_output);
    if (binding->key != CP_NO_KEY)
        cp_bb_put(in, binding->key, value, context->node, in->host_now_ns);
}

void copse_bt_write_number(copse_bt_context *context, uint32_t port, double value)
{
    cp_leaf_write(context, port, cp_make_double(value));
}

void copse_bt_write_integer(copse_bt_context *context, uint32_t port, int64_t value)
{
    cp_leaf_write(context, port,
                  cp_fits_fixnum(value) ? cp_make_fixnum(value) : cp_make_double((double)value));
}

void copse_bt_write_boolean(copse_bt_context *context, uint32_t port, bool value)
{
    cp_leaf_write(context, port, cp_make_boolean(value));
}

/* ---- Outputs ------------------------------------------------------------------------------- */

/* The index, in the definition, of output number USE of the running leaf; CP_NO_INDEX when the leaf
 * has none such. */
static uint32_t output_of_use(const copse_bt_context *context, uint32_t use)
{
    const copse_bt_instance *in = cp_instance_of_const(context);
    const copse_bt_leaf *leaf = running_call(context)->leaf;
    if (use >= leaf->use_count || in->outputs == NULL)
        return CP_NO_INDEX;
    for (uint32_t i = 0; i < in->definition->output_count; i++)
        if (strcmp(in->definition->outputs[i], leaf->uses[use]) == 0)
            return i;
    return CP_NO_INDEX;
}

copse_verdict copse_bt_command(copse_bt_context *context, uint32_t use, const double *values,
                               uint32_t count)
{
    copse_bt_instance *in = cp_instance_of(context);
    uint32_t index = output_of_use(context, use);
    copse_verdict verdict = COPSE_REFUSED_NOT_CLAIMED;
    if (index != CP_NO_INDEX && in->holders[index] == running_call(context)->act)
        verdict = in->stop_causes != 0
                      ? COPSE_REFUSED_STOPPED
                      : cp_output_command(in->outputs[index], in, values, count, in->host_now_ns);
    uint64_t output = index == CP_NO_INDEX ? CP_NO_INDEX : cp_output_index(in->outputs[index]);
    cp_instance_trace(context, COPSE_TRACE_OUTPUT, context->node, COPSE_BT_IDLE,
                      (uint64_t)verdict << 32 | output);
    return verdict;
}

bool copse_bt_is_manual(const copse_bt_context *context, uint32_t use)
{
    uint32_t index = output_of_use(context, use);
    return index != CP_NO_INDEX &&
           copse_output_is_manual(cp_instance_of_const(context)->outputs[index]);
}
