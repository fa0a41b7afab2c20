/* waitgraph.c -- a waiting task waits for at most one owner, so the graph is a set of paths: follow
 * each until it ends, meets an older path, or meets itself. Every slot is visited at most twice. */
#include "sched/waitgraph.h"

#include <assert.h>

copse_task_info cp_task_info(const cp_registry *registry, const cp_task *task)
{
    const cp_slot *slot = cp_registry_slot(registry, task);
    bool has_deadline = cp_timer_is_pending(&task->timer);
    return (copse_task_info){.handle = task->handle,
                             .name = slot->label.name,
                             .place = slot->label.place,
                             .state = cp_task_state_of(task),
                             .block = task->block,
                             .due_ns = has_deadline ? task->timer.due_ns : COPSE_NEVER,
                             .lane = task->lane,
                             .priority = task->priority,
                             .is_cancelled = cp_task_has(task, CP_TASK_IS_ASKED_TO_END)};
}

cp_task *cp_task_waits_for(const cp_registry *registry, const cp_task *task)
{
    if (task->block.kind == COPSE_BLOCK_NONE || cp_handle_is_none(task->block.owner))
        return NULL;
    return cp_registry_find(registry, task->block.owner);
}

/* The first task that the path from START meets twice; NULL when the path ends or meets one that
 * had a mark above OLD before. */
static cp_task *follow(cp_registry *registry, cp_task *start, uint64_t old)
{
    uint64_t mark = ++registry->last_mark;
    cp_task *task = start;
    while (task != NULL) {
        cp_slot *slot = cp_registry_slot(registry, task);
        if (slot->mark > old)
            return slot->mark == mark ? task : NULL;
        slot->mark = mark;
        task = cp_task_waits_for(registry, task);
    }
    return NULL;
}

cp_task *cp_find_cycle(cp_registry *registry)
{
    uint64_t old = registry->last_mark;
    cp_task *task = cp_registry_next(registry, 0);
    while (task != NULL) {
        cp_task *found = follow(registry, task, old);
        if (found != NULL)
            return found;
        task = cp_registry_next(registry, cp_handle_slot(task->handle) + 1);
    }
    return NULL;
}

void cp_print_handle(const cp_registry *registry, copse_task_handle handle, cp_printer *printer)
{
    const cp_task *task = cp_registry_find(registry, handle);
    cp_print(printer, "task %u/%u", (unsigned)cp_handle_slot(handle),
             (unsigned)cp_handle_generation(handle));
    if (task == NULL)
        cp_print(printer, " (ended)");
    else
        cp_print(printer, " \"%s\"", cp_registry_slot(registry, task)->label.name);
}

/* Kinds whose object number says something. */
static bool has_object(copse_block_kind kind)
{
    switch (kind) {
    case COPSE_BLOCK_RECEIVE:
    case COPSE_BLOCK_SEND:
    case COPSE_BLOCK_JOB:
    case COPSE_BLOCK_DESCRIPTOR:
    case COPSE_BLOCK_MUTEX:
    case COPSE_BLOCK_CUSTOM:
        return true;
    case COPSE_BLOCK_NONE:
    case COPSE_BLOCK_SLEEP:
    case COPSE_BLOCK_JOIN:
        return false;
    }
    return false;
}

static void print_block(const cp_registry *registry, const copse_task_info *info,
                        cp_printer *printer)
{
    const copse_block *block = &info->block;
    bool is_blocked = info->state == COPSE_TASK_BLOCKED;
    cp_print(printer, is_blocked ? " on %s" : ", waits on %s", copse_block_name(block->kind));
    if (has_object(block->kind))
        cp_print(printer, " %llu", (unsigned long long)block->object);
    if (!cp_handle_is_none(block->owner)) {
        cp_print(printer, ", owner ");
        cp_print_handle(registry, block->owner, printer);
    } else if (block->kind != COPSE_BLOCK_SLEEP) {
        cp_print(printer, ", owner unknown");
    }
    if (info->due_ns != COPSE_NEVER)
        cp_print(printer, ", due at %lld ns", (long long)info->due_ns);
}

static void print_task(const cp_registry *registry, const cp_task *task, cp_printer *printer)
{
    copse_task_info info = cp_task_info(registry, task);
    cp_print_handle(registry, info.handle, printer);
    if (info.place[0] != '\0')
        cp_print(printer, " made at %s", info.place);
    cp_print(printer, ": %s", copse_task_state_name(info.state));
    if (info.block.kind != COPSE_BLOCK_NONE)
        print_block(registry, &info, printer);
    cp_print(printer, info.is_cancelled ? ", asked to end\n" : "\n");
}

static void print_cycle(const cp_registry *registry, const cp_task *first, cp_printer *printer)
{
    const cp_task *task = first;
    cp_print(printer, "cycle: ");
    do {
        cp_print_handle(registry, task->handle, printer);
        cp_print(printer, " -> ");
        task = cp_task_waits_for(registry, task);
        assert(task != NULL);
    } while (task != first);
    cp_print_handle(registry, first->handle, printer);
    cp_print(printer, "\n");
}

void cp_print_tasks(cp_registry *registry, cp_printer *printer)
{
    const cp_task *task = cp_registry_next(registry, 0);
    while (task != NULL) {
        print_task(registry, task, printer);
        task = cp_registry_next(registry, cp_handle_slot(task->handle) + 1);
    }
    const cp_task *cycle = cp_find_cycle(registry);
    if (cycle != NULL)
        print_cycle(registry, cycle, printer);
}
