/* rows.c -- two arrays, searched from end to end: trees are built now and then, and a host has
 * some dozens of rows. */
#include "bt/rows.h"

#include <string.h>

#include "bt/words.h"
#include "sched/memory.h"
#include "sched/owner.h"

copse_bt_registry *cp_rows_new(const copse_allocator *allocator)
{
    allocator = cp_allocator_or_default(allocator);
    copse_bt_registry *registry = cp_allocate_zeroed(allocator, sizeof *registry);
    if (registry != NULL)
        registry->allocator = allocator;
    return registry;
}

void copse_bt_registry_free(copse_bt_registry *own)
{
    if (own == NULL)
        return;
    cp_release_array(own->allocator, own->kinds, own->kind_capacity, sizeof *own->kinds);
    cp_release_array(own->allocator, own->leaves, own->leaf_capacity, sizeof *own->leaves);
    cp_release(own->allocator, own, sizeof *own);
}

const copse_bt_node_kind *cp_rows_kind(const copse_bt_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->kind_count; i++)
        if (strcmp(registry->kinds[i]->name, name) == 0)
            return registry->kinds[i];
    return NULL;
}

const copse_bt_leaf *cp_rows_leaf(const copse_bt_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->leaf_count; i++)
        if (strcmp(registry->leaves[i]->name, name) == 0)
            return registry->leaves[i];
    return NULL;
}

const char *cp_rows_guess_kind(const copse_bt_registry *registry, const char *name)
{
    cp_guess guess = cp_guess_begin(name);
    for (size_t i = 0; i < registry->kind_count; i++)
        cp_guess_offer(&guess, registry->kinds[i]->name);
    return guess.best;
}

const char *cp_rows_guess_leaf(const copse_bt_registry *registry, const char *name)
{
    cp_guess guess = cp_guess_begin(name);
    for (size_t i = 0; i < registry->leaf_count; i++)
        cp_guess_offer(&guess, registry->leaves[i]->name);
    return guess.best;
}

static bool is_complete_kind(const copse_bt_node_kind *kind)
{
    return kind->name != NULL && kind->start != NULL && kind->resume != NULL &&
           (kind->most_children == 0 || kind->child != NULL) &&
           kind->fewest_children <= kind->most_children;
}

copse_status copse_bt_register_node(copse_bt_registry *registry, const copse_bt_node_kind *kind)
{
    CP_REQUIRE(is_complete_kind(kind), "the row of a node kind is incomplete");
    if (cp_rows_kind(registry, kind->name) != NULL)
        return COPSE_EINVAL;
    if (!cp_grow_array(registry->allocator, (void **)&registry->kinds, &registry->kind_capacity,
                       registry->kind_count + 1, sizeof *registry->kinds))
        return COPSE_ENOMEM;
    registry->kinds[registry->kind_count++] = kind;
    return COPSE_OK;
}

static bool has_only_tick(const copse_bt_leaf *leaf)
{
    return leaf->start == NULL && leaf->halt == NULL && leaf->pause == NULL &&
           leaf->resume == NULL && leaf->use_count == 0;
}

copse_status cp_rows_add_leaf(copse_bt_registry *registry, const copse_bt_leaf *leaf)
{
    CP_REQUIRE(leaf->name != NULL, "a leaf has no name");
    CP_REQUIRE(!leaf->is_condition || has_only_tick(leaf), "a condition has more than tick");
    if (cp_rows_leaf(registry, leaf->name) != NULL)
        return COPSE_EINVAL;
    if (!cp_grow_array(registry->allocator, (void **)&registry->leaves, &registry->leaf_capacity,
                       registry->leaf_count + 1, sizeof *registry->leaves))
        return COPSE_ENOMEM;
    registry->leaves[registry->leaf_count++] = leaf;
    return COPSE_OK;
}

copse_status copse_bt_register_leaf(copse_bt_registry *registry, const copse_bt_leaf *leaf)
{
    CP_REQUIRE(leaf->tick != NULL, "a leaf has no tick");
    return cp_rows_add_leaf(registry, leaf);
}
