#include "tests/check.h"

#include "sched/jobstate.h"

/* The specification, written out: what each event makes of each state; "-" where it is illegal. */
/* clang-format off */
static const char *const rules[CP_JOB_STATE_COUNT][CP_JOB_EVENT_COUNT] = {
    /*            submit    start      stop         finish  fail      drop         consume */
    /* free */ {"queued", "-", "-", "-", "-", "-", "-"},
    /* queued */ {"-", "running", "cancelled", "-", "-", "cancelled", "-"},
    /* running */ {"-", "-", "stopping", "done", "failed", "cancelled", "-"},
    /* stopping */ {"-", "-", "-", "-", "-", "cancelled", "-"},
    /* done */ {"-", "-", "-", "-", "-", "-", "free"},
    /* failed */ {"-", "-", "-", "-", "-", "-", "free"},
    /* cancelled */ {"-", "-", "-", "-", "-", "-", "free"},
};
/* clang-format on */

static void each_move_is_as_the_rules_say_and_every_other_is_refused(void **state)
{
    (void)state;
    for (int s = 0; s < CP_JOB_STATE_COUNT; s++) {
        for (int e = 0; e < CP_JOB_EVENT_COUNT; e++) {
            _Atomic uint32_t word = (uint32_t)s;
            cp_job_state from = CP_JOB_STATE_COUNT;
            bool is_legal = cp_job_try_move(&word, (cp_job_move_event)e, COPSE_STOP_NONE, &from);
            assert_int_equal(from, s);
            assert_int_equal(is_legal, strcmp(rules[s][e], "-") != 0);
            if (is_legal)
                assert_string_equal(cp_job_state_word((cp_job_state)atomic_load(&word)),
                                    rules[s][e]);
            else
                assert_int_equal(atomic_load(&word), s);
        }
    }
}

static void the_reason_stays_until_another_is_given(void **state)
{
    (void)state;
    _Atomic uint32_t word = CP_JOB_RUNNING;
    cp_job_state from;
    assert_true(cp_job_try_move(&word, CP_JOB_EVENT_STOP, COPSE_STOP_TIMEOUT, &from));
    assert_false(cp_job_try_move(&word, CP_JOB_EVENT_STOP, COPSE_STOP_CANCEL, &from));
    assert_int_equal(cp_job_word_reason(atomic_load(&word)), COPSE_STOP_TIMEOUT);
    assert_true(cp_job_try_move(&word, CP_JOB_EVENT_DROP, COPSE_STOP_NONE, &from));
    assert_int_equal(cp_job_word_state(atomic_load(&word)), CP_JOB_CANCELLED);
    assert_int_equal(cp_job_word_reason(atomic_load(&word)), COPSE_STOP_TIMEOUT);
}

/* Sequences of events of a given length, counted like an odometer. */
static uint32_t sequence_count(int length)
{
    uint32_t count = 1;
    while (length-- > 0)
        count *= CP_JOB_EVENT_COUNT;
    return count;
}

static bool is_final(cp_job_state state)
{
    return state == CP_JOB_DONE || state == CP_JOB_FAILED || state == CP_JOB_CANCELLED;
}

static void in_every_sequence_of_events_a_job_ends_once_and_finals_stay(void **state)
{
    (void)state;
    enum { length = 7 };
    uint32_t visited = 0;
    for (uint32_t n = 0; n < sequence_count(length); n++, visited++) {
        _Atomic uint32_t word = CP_JOB_FREE;
        int ends = 0, submits = 0, consumed = 0;
        uint32_t rest = n;
        for (int i = 0; i < length; i++, rest /= CP_JOB_EVENT_COUNT) {
            cp_job_move_event event = (cp_job_move_event)(rest % CP_JOB_EVENT_COUNT);
            cp_job_state from;
            bool was_moved = cp_job_try_move(&word, event, COPSE_STOP_NONE, &from);
            cp_job_state to = cp_job_word_state(atomic_load(&word));
            submits += was_moved && event == CP_JOB_EVENT_SUBMIT;
            consumed += was_moved && event == CP_JOB_EVENT_CONSUME;
            ends += !is_final(from) && is_final(to);
            if (is_final(from) && event != CP_JOB_EVENT_CONSUME)
                assert_int_equal(to, from);
        }
        assert_true(ends == submits || ends == submits - 1);
        assert_true(consumed == ends || consumed == ends - 1);
    }
    assert_int_equal(visited, 823543);
}

static void states_events_and_reasons_have_names(void **state)
{
    (void)state;
    assert_string_equal(copse_job_state_name(COPSE_JOB_CANCELLED), "cancelled");
    assert_string_equal(copse_job_state_name((copse_job_state)99), "unknown");
    assert_string_equal(copse_stop_name(COPSE_STOP_TIMEOUT), "timeout");
    assert_string_equal(copse_stop_name((copse_stop)99), "unknown");
    assert_string_equal(copse_job_event_name(COPSE_JOB_SUBMITTED), "scheduler_submit");
    assert_string_equal(copse_job_event_name((copse_job_event_kind)99), "unknown");
    assert_string_equal(cp_job_state_word((cp_job_state)99), "unknown");
    assert_string_equal(cp_job_move_event_name((cp_job_move_event)99), "unknown");
    assert_int_equal(cp_job_public_state(CP_JOB_STOPPING), COPSE_JOB_RUNNING);
    assert_int_equal(cp_job_public_state(CP_JOB_FREE), COPSE_JOB_UNKNOWN);
}

static void the_table_of_moves_prints_as_text(void **state)
{
    (void)state;
    char text[2000];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_job_print_moves(&printer);
    assert_non_null(strstr(text, "running   --stop--> stopping: its flag is up\n"));
    assert_true(printer.length < sizeof text);
}

CP_TEST_MAIN(cmocka_unit_test(each_move_is_as_the_rules_say_and_every_other_is_refused),
             cmocka_unit_test(the_reason_stays_until_another_is_given),
             cmocka_unit_test(in_every_sequence_of_events_a_job_ends_once_and_finals_stay),
             cmocka_unit_test(states_events_and_reasons_have_names),
             cmocka_unit_test(the_table_of_moves_prints_as_text))
