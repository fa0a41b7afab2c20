/* definition.c -- counting, and the names of nodes. A path is walked from the root by ranges, so it
 * needs neither memory nor recursion: cost is the number of siblings on the way. */
#include "bt/definition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sched/format.h"
#include "sched/memory.h"

copse_bt_definition *copse_bt_definition_take(copse_bt_definition *definition)
{
    atomic_fetch_add_explicit(&definition->references, 1, memory_order_relaxed);
    return definition;
}

static void free_definition(copse_bt_definition *own)
{
    for (uint32_t i = 0; i < own->binding_count; i++)
        if (own->bindings[i].constant.type == COPSE_BT_LIST)
            copse_parcel_free(own->bindings[i].constant.as.parcel);
    for (uint32_t i = 0; i < own->key_count; i++)
        if (own->keys[i].initial.type == COPSE_BT_LIST)
            copse_parcel_free(own->keys[i].initial.as.parcel);
    cp_release(own->allocator, own, own->size);
}

void copse_bt_definition_give(copse_bt_definition *own)
{
    if (own == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&own->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        free_definition(own);
}

uint32_t copse_bt_definition_node_count(const copse_bt_definition *definition)
{
    return definition->node_count;
}

uint32_t copse_bt_definition_key(const copse_bt_definition *definition, const char *name)
{
    for (uint32_t i = 0; i < definition->key_count; i++)
        if (strcmp(definition->keys[i].name, name) == 0)
            return i;
    return CP_NO_KEY;
}

size_t copse_bt_definition_path(const copse_bt_definition *definition, uint32_t node, char *text,
                                size_t size)
{
    assert(node < definition->node_count);
    const cp_bt_node *nodes = definition->nodes;
    cp_printer printer = cp_printer_make(text, size);
    cp_print(&printer, "%s", definition->name);
    uint32_t at = 0;
    while (at != node) {
        uint32_t child = at + 1, index = 0;
        for (; nodes[child].end <= node; child = nodes[child].end)
            index++;
        cp_print(&printer, "/%u:%s", index, definition->labels[child].name);
        at = child;
    }
    return printer.length;
}

/* The INDEXth child of NODE, or COPSE_BT_NO_NODE. */
static uint32_t nth_child(const copse_bt_definition *definition, uint32_t node, unsigned long index)
{
    uint32_t child = node + 1;
    while (child < definition->nodes[node].end && index-- > 0)
        child = definition->nodes[child].end;
    return child < definition->nodes[node].end ? child : COPSE_BT_NO_NODE;
}

/* The text behind PREFIX when TEXT begins with it and a segment ends there, else NULL. */
static const char *skip_segment(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (strncmp(text, prefix, length) != 0)
        return NULL;
    return text[length] == '\0' || text[length] == '/' ? text + length : NULL;
}

uint32_t copse_bt_definition_find(const copse_bt_definition *definition, const char *path)
{
    const char *rest = skip_segment(path, definition->name);
    uint32_t node = 0;
    while (rest != NULL && *rest == '/') {
        char *end;
        unsigned long index = strtoul(rest + 1, &end, 10);
        if (end == rest + 1 || *end != ':')
            return COPSE_BT_NO_NODE;
        node = nth_child(definition, node, index);
        if (node == COPSE_BT_NO_NODE)
            return COPSE_BT_NO_NODE;
        rest = skip_segment(end + 1, definition->labels[node].name);
    }
    return rest == NULL ? COPSE_BT_NO_NODE : node;
}
