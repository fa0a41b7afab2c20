/* why.c -- the node that decided is the last that gave a status of its own accord (for a parallel,
 * the first that failed), so the answer is the way from the root to it. */
#include "bt/why.h"

enum { DEEPEST_INDENT = 20 };

void cp_why_print_value(cp_printer *printer, cp_value value)
{
    if (cp_same(value, CP_UNSET))
        cp_print(printer, "unset");
    else if (cp_is_fixnum(value))
        cp_print(printer, "%lld", (long long)cp_to_fixnum(value));
    else if (cp_is_double(value))
        cp_print(printer, "%.15g", cp_to_double(value));
    else if (cp_is_boolean(value))
        cp_print(printer, "%s", cp_is_true(value) ? "#t" : "#f");
    else
        cp_print(printer, "a value");
}

static void indent(cp_printer *printer, uint32_t depth)
{
    for (uint32_t i = 0; i < depth && i < DEEPEST_INDENT; i++)
        cp_print(printer, "  ");
}

static void print_node(const copse_bt_instance *in, uint32_t node, uint32_t depth,
                       cp_printer *printer)
{
    const cp_label *label = &in->definition->labels[node];
    const char *kind = in->context.nodes[node].kind->name;
    indent(printer, depth);
    cp_print(printer, "%s", label->name);
    if (strcmp(label->name, kind) != 0)
        cp_print(printer, " (%s)", kind);
    cp_print(printer, ": %s", copse_bt_status_word((copse_bt_status)in->context.states[node]));
    if (label->place[0] != '\0')
        cp_print(printer, " at %s", label->place);
    cp_print(printer, "\n");
}

static void print_reason(const copse_bt_instance *in, uint32_t node, uint32_t depth,
                         cp_printer *printer)
{
    bool is_broken = in->error.node == node && in->error.tick == in->stats.ticks;
    const cp_reason *reason = is_broken ? &in->error : cp_instance_reason(in, node);
    if (reason != NULL) {
        indent(printer, depth);
        cp_print(printer, "%s: %s\n", reason->word, reason->text);
        return;
    }
    if (in->context.states[node] != COPSE_BT_FAILURE)
        return;
    indent(printer, depth);
    cp_print(printer, "it gave no reason\n");
}

/* The keys that the ports of NODE read, with their ages. */
static void print_reads(const copse_bt_instance *in, uint32_t node, uint32_t depth,
                        cp_printer *printer)
{
    const cp_bt_node *row = &in->context.nodes[node];
    if ((row->kind->flags & COPSE_BT_IS_LEAF) == 0)
        return;
    const cp_call *call = &in->context.calls[row->index];
    for (uint32_t i = 0; i < call->leaf->port_count; i++) {
        uint32_t key = in->definition->bindings[call->first_binding + i].key;
        if (key == CP_NO_KEY || call->leaf->ports[i].is_output)
            continue;
        indent(printer, depth);
        cp_print(printer, "$%s = ", in->definition->keys[key].name);
        cp_why_print_value(printer, in->slots[key].value);
        int64_t age;
        bool has_age = in->slots[key].time_ns != INT64_MIN &&
                       !CP_SUB_OVERFLOWS(in->host_now_ns, in->slots[key].time_ns, &age);
        if (has_age)
            cp_print(printer, " (%.15g ms old)", (double)age * 1e-6);
        cp_print(printer, "\n");
    }
}

size_t copse_bt_why(const copse_bt_instance *instance, char *text, size_t size)
{
    const copse_bt_instance *in = instance;
    cp_printer printer = cp_printer_make(text, size);
    uint32_t decider = in->context.decider;
    if (decider == COPSE_BT_NO_NODE) {
        cp_print(&printer, "no tick has ended\n");
        return printer.length;
    }
    uint32_t node = 0, depth = 0;
    print_node(in, node, depth++, &printer);
    while (node != decider) {
        uint32_t child = node + 1;
        while (in->context.nodes[child].end <= decider)
            child = in->context.nodes[child].end;
        node = child;
        print_node(in, node, depth++, &printer);
    }
    print_reason(in, decider, depth, &printer);
    print_reads(in, decider, depth, &printer);
    return printer.length;
}
