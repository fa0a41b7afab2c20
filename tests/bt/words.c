#include "bt/words.h"

#include "tests/check.h"

static void every_number_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(copse_bt_status_word(COPSE_BT_IDLE), "idle");
    assert_string_equal(copse_bt_status_word(COPSE_BT_RUNNING), "running");
    assert_string_equal(copse_bt_status_word(COPSE_BT_SUCCESS), "success");
    assert_string_equal(copse_bt_status_word(COPSE_BT_FAILURE), "failure");
    assert_string_equal(copse_bt_status_word(COPSE_BT_SKIPPED), "skipped");
    assert_string_equal(copse_bt_status_word(COPSE_BT_ERROR), "error");
    assert_string_equal(cp_type_word(COPSE_BT_SYMBOL), "symbol");
    assert_string_equal(cp_expression_word(COPSE_BT_WHILE), "while");
    assert_string_equal(copse_verdict_word(COPSE_REFUSED_NOT_CLAIMED), "not-claimed");
    assert_string_equal(copse_source_word(COPSE_SOURCE_STOP), "safe-stop");
    assert_string_equal(copse_stop_cause_word(COPSE_STOP_NO_TICK), "no-tick");
    assert_string_equal(copse_trace_word(COPSE_TRACE_SCHEDULER_SUBMIT), "scheduler_submit");
}

static void a_number_without_a_row_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(copse_bt_status_word((copse_bt_status)77), "unknown");
    assert_string_equal(copse_verdict_word(COPSE_VERDICT_COUNT), "unknown");
    assert_string_equal(copse_source_word(COPSE_SOURCE_COUNT), "unknown");
    assert_string_equal(copse_stop_cause_word(COPSE_STOP_CAUSE_COUNT), "unknown");
    assert_string_equal(copse_trace_word(COPSE_TRACE_COUNT), "unknown");
}

/* The numbers of statuses and records stand in files. */
static void the_numbers_are_stable(void **state)
{
    (void)state;
    assert_int_equal(COPSE_BT_RUNNING, 1);
    assert_int_equal(COPSE_BT_ERROR, 5);
    assert_int_equal(COPSE_TRACE_TICK_BEGIN, 0);
    assert_int_equal(COPSE_TRACE_BB_WRITE, 14);
}

static const char *guess(const char *word)
{
    cp_guess g = cp_guess_begin(word);
    cp_guess_offer(&g, "seq");
    cp_guess_offer(&g, "mem-seq");
    cp_guess_offer(&g, "reactive-seq");
    cp_guess_offer(&g, "retry");
    return g.best;
}

static void a_slip_of_the_finger_is_guessed(void **state)
{
    (void)state;
    assert_string_equal(guess("sqe"), "seq");
    assert_string_equal(guess("rety"), "retry");
    assert_string_equal(guess("reactiv-seq"), "reactive-seq");
    assert_string_equal(guess("memseq"), "mem-seq");
}

static void what_is_far_from_everything_is_not_guessed(void **state)
{
    (void)state;
    assert_null(guess("blackboard"));
    assert_null(
        guess("a-word-that-is-very-much-longer-than-any-word-that-a-table-of-node-kinds-has"));
}

CP_TEST_MAIN(cmocka_unit_test(every_number_has_its_word),
             cmocka_unit_test(a_number_without_a_row_is_unknown),
             cmocka_unit_test(the_numbers_are_stable),
             cmocka_unit_test(a_slip_of_the_finger_is_guessed),
             cmocka_unit_test(what_is_far_from_everything_is_not_guessed))
