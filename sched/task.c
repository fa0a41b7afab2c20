/* task.c -- the state machine as a matrix that is made from the list of moves. */
#include "sched/task.h"

#include <assert.h>

#define MOVE_CELL(from, event, to, text) [COPSE_TASK_##from][CP_TASK_##event] = COPSE_TASK_##to + 1,

const uint8_t cp_task_moves[COPSE_TASK_STATE_COUNT][CP_TASK_EVENT_COUNT] = {
    CP_TASK_MOVE_LIST(MOVE_CELL)};

#define CASE_STATE(name, word, text)                                                               \
    case name:                                                                                     \
        return word;

const char *copse_task_state_name(copse_task_state state)
{
    switch (state) {
        COPSE_TASK_STATE_LIST(CASE_STATE)
    case COPSE_TASK_STATE_COUNT:
        break;
    }
    return "unknown";
}

#define CASE_BLOCK(name, word)                                                                     \
    case name:                                                                                     \
        return word;

const char *copse_block_name(copse_block_kind kind)
{
    switch (kind) {
        COPSE_BLOCK_LIST(CASE_BLOCK)
    }
    return "unknown";
}

#define CASE_EVENT(name, word)                                                                     \
    case CP_TASK_##name:                                                                           \
        return word;

const char *cp_task_event_name(cp_task_event event)
{
    switch (event) {
        CP_TASK_EVENT_LIST(CASE_EVENT)
    case CP_TASK_EVENT_COUNT:
        break;
    }
    return "unknown";
}

#define PRINT_MOVE(from, event, to, text)                                                          \
    cp_print(printer, "%-8s --%s--> %s: %s\n", copse_task_state_name(COPSE_TASK_##from),           \
             cp_task_event_name(CP_TASK_##event), copse_task_state_name(COPSE_TASK_##to), text);

void cp_task_print_moves(cp_printer *printer)
{
    CP_TASK_MOVE_LIST(PRINT_MOVE)
}

void cp_task_init(cp_task *task, const cp_task_class *class)
{
    assert(class->resume != NULL);
    assert(class->drop != NULL);
    *task = (cp_task){.class = class, .why = COPSE_WHY_FIRST};
    atomic_init(&task->word, COPSE_TASK_FRESH);
}

uint32_t cp_task_word_after(uint32_t word, cp_task_event event)
{
    uint32_t state = word & CP_TASK_STATE_MASK;
    assert(state < COPSE_TASK_STATE_COUNT);
    uint32_t next = cp_task_moves[state][event];
    assert(next != 0);
    return (word & ~(uint32_t)CP_TASK_STATE_MASK) | (next - 1);
}

copse_outcome cp_task_block(cp_task *task, copse_block block, int64_t until_ns)
{
    assert(block.kind != COPSE_BLOCK_NONE);
    task->block = block;
    task->timer.due_ns = until_ns;
    return COPSE_BLOCKED;
}

copse_outcome cp_task_done(cp_task *task, int code)
{
    task->code = code;
    return COPSE_DONE;
}
