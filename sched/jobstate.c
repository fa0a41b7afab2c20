/* jobstate.c -- a matrix that is made from the list of moves, and one compare-and-swap. */
#include "sched/jobstate.h"

#include <assert.h>

#define MOVE_CELL(from, event, to, text) [CP_JOB_##from][CP_JOB_EVENT_##event] = CP_JOB_##to + 1,

const uint8_t cp_job_moves[CP_JOB_STATE_COUNT][CP_JOB_EVENT_COUNT] = {CP_JOB_MOVE_LIST(MOVE_CELL)};

#define CASE_STATE_WORD(name, public, word)                                                        \
    case CP_JOB_##name:                                                                            \
        return word;

const char *cp_job_state_word(cp_job_state state)
{
    switch (state) {
        CP_JOB_STATE_LIST(CASE_STATE_WORD)
    case CP_JOB_STATE_COUNT:
        break;
    }
    return "unknown";
}

#define CASE_MOVE_EVENT(name, word)                                                                \
    case CP_JOB_EVENT_##name:                                                                      \
        return word;

const char *cp_job_move_event_name(cp_job_move_event event)
{
    switch (event) {
        CP_JOB_MOVE_EVENT_LIST(CASE_MOVE_EVENT)
    case CP_JOB_EVENT_COUNT:
        break;
    }
    return "unknown";
}

#define PRINT_MOVE(from, event, to, text)                                                          \
    cp_print(printer, "%-9s --%s--> %s: %s\n", cp_job_state_word(CP_JOB_##from),                   \
             cp_job_move_event_name(CP_JOB_EVENT_##event), cp_job_state_word(CP_JOB_##to), text);

void cp_job_print_moves(cp_printer *printer)
{
    CP_JOB_MOVE_LIST(PRINT_MOVE)
}

#define CASE_WORD(name, word, text)                                                                \
    case name:                                                                                     \
        return word;

const char *copse_job_state_name(copse_job_state state)
{
    switch (state) {
        COPSE_JOB_STATE_LIST(CASE_WORD)
    }
    return "unknown";
}

const char *copse_stop_name(copse_stop stop)
{
    switch (stop) {
        COPSE_STOP_LIST(CASE_WORD)
    }
    return "unknown";
}

#define CASE_EVENT(name, word)                                                                     \
    case name:                                                                                     \
        return word;

const char *copse_job_event_name(copse_job_event_kind kind)
{
    switch (kind) {
        COPSE_JOB_EVENT_LIST(CASE_EVENT)
    }
    return "unknown";
}

bool cp_job_try_move(_Atomic uint32_t *word, cp_job_move_event event, copse_stop reason,
                     cp_job_state *from)
{
    uint32_t before = atomic_load_explicit(word, memory_order_acquire);
    uint32_t after = 0;
    do {
        *from = cp_job_word_state(before);
        assert(*from < CP_JOB_STATE_COUNT);
        uint32_t next = cp_job_moves[*from][event];
        if (next == 0)
            return false;
        uint32_t kept = before & ~(uint32_t)0xff;
        after = (next - 1) | (reason == COPSE_STOP_NONE ? kept : (uint32_t)reason << 8);
    } while (!atomic_compare_exchange_weak_explicit(word, &before, after, memory_order_acq_rel,
                                                    memory_order_acquire));
    return true;
}

#define CASE_PUBLIC(name, public, word)                                                            \
    case CP_JOB_##name:                                                                            \
        return COPSE_JOB_##public;

copse_job_state cp_job_public_state(cp_job_state state)
{
    switch (state) {
        CP_JOB_STATE_LIST(CASE_PUBLIC)
    case CP_JOB_STATE_COUNT:
        break;
    }
    return COPSE_JOB_UNKNOWN;
}
