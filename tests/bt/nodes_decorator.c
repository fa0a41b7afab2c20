/* nodes_decorator.c -- truth tables; script.h and gen_text.h explain the marks. */
#include "tests/bt/script.h"

static void invert_swaps_ends_and_nothing_else(void **state)
{
    (void)state;
    CHECK_LOG("(invert (act a1))", "1=RSFK", "0 1 2 3",
              "+1 1R :R | @1 1S :F | @2 +1 1F :S | @3 +1 1K :K");
}

static void force_nodes_change_ends_only(void **state)
{
    (void)state;
    CHECK_LOG("(force-success (act a1))", "1=RFSK", "0 1 2 3",
              "+1 1R :R | @1 1F :S | @2 +1 1S :S | @3 +1 1K :K");
    CHECK_LOG("(force-failure (act a1))", "1=RFSK", "0 1 2 3",
              "+1 1R :R | @1 1F :F | @2 +1 1S :F | @3 +1 1K :K");
}

static void repeat_and_retry_make_one_round_a_tick(void **state)
{
    (void)state;
    CHECK_LOG("(repeat 3 (act a1))", "", "0 1 2 3",
              "+1 1S :R | @1 +1 1S :R | @2 +1 1S :S | @3 +1 1S :R");
    CHECK_LOG("(retry 2 (act a1))", "1=F", "0 1 2", "+1 1F :R | @1 +1 1F :F | @2 +1 1F :R");
    CHECK_LOG("(repeat 3 (act a1))", "1=SF", "0 1", "+1 1S :R | @1 +1 1F :F");
    CHECK_LOG("(retry 3 (act a1))", "1=FS", "0 1", "+1 1F :R | @1 +1 1S :S");
}

static void no_round_is_a_success_of_repeat_and_a_failure_of_retry(void **state)
{
    (void)state;
    CHECK_LOG("(repeat 0 (act a1))", "", "0", ":S");
    CHECK_LOG("(retry 0 (act a1))", "", "0", ":F");
}

static void minus_one_is_without_end(void **state)
{
    (void)state;
    CHECK_LOG("(retry -1 (act a1))", "1=FFFS", "0 1 2 3",
              "+1 1F :R | @1 +1 1F :R | @2 +1 1F :R | @3 +1 1S :S");
}

static void rounds_are_counted_anew_after_each_end(void **state)
{
    (void)state;
    CHECK_LOG("(retry 2 (act a1))", "1=FR", "0 1 halt 2 3",
              "+1 1F :R | @1 +1 1R :R | halt -1 :halted | @2 +1 1R :R | @3 1R :R");
    CHECK_LOG("(retry 2 (act a1))", "1=FKFF", "0 1 2 3",
              "+1 1F :R | @1 +1 1K :K | @2 +1 1F :R | @3 +1 1F :F");
}

static void rounds_wait_and_back_off(void **state)
{
    (void)state;
    CHECK_LOG("(retry 4 :delay-ms 10 :backoff 2 (act a1))", "1=F", "0 9 10 29 30 69 70",
              "+1 1F :R | @9 :R | @10 +1 1F :R | @29 :R | @30 +1 1F :R | @69 :R | @70 +1 1F :F");
}

static void rounds_in_place_follow_in_the_same_tick(void **state)
{
    (void)state;
    CHECK_LOG("(repeat 3 :in-place #t (act a1))", "", "0", "+1 1S +1 1S +1 1S :S");
    CHECK_LOG("(retry 3 :in-place #t (act a1))", "1=FRFS", "0 1",
              "+1 1F +1 1R :R | @1 1F +1 1S :S");
}

static void a_timeout_is_decided_before_its_child_is_ticked(void **state)
{
    (void)state;
    CHECK_LOG("(timeout 50 (act a1))", "1=R", "0 49 50 51",
              "+1 1R :R | @49 1R :R | @50 -1 :F | @51 +1 1R :R");
    CHECK_LOG("(timeout 50 (act a1))", "1=RS", "0 49", "+1 1R :R | @49 1S :S");
    CHECK_LOG("(timeout 0 (act a1))", "", "0", ":F");
}

static void a_delay_waits_once(void **state)
{
    (void)state;
    CHECK_LOG("(delay 50 (act a1))", "1=RS", "0 49 50 51 52",
              ":R | @49 :R | @50 +1 1R :R | @51 1S :S | @52 :R");
    CHECK_LOG("(delay 0 (act a1))", "", "0", "+1 1S :S");
}

static void on_error_catches_under_itself_only(void **state)
{
    (void)state;
    CHECK_LOG("(seq (on-error :failure (act a1)) (act a2))", "1=E", "0", "+1 1E :F");
    CHECK_LOG("(seq (on-error :success (act a1)) (act a2))", "1=E", "0", "+1 1E +2 2S :S");
    CHECK_LOG("(on-error :success (act a1))", "1=F", "0", "+1 1F :F");
    CHECK_LOG("(parallel (act a1) (on-error :success (parallel (act a2) (act a3))))",
              "1=R 2=R 3=RE", "0 1", "+1 1R +2 2R +3 3R :R | @1 1R 2R 3E -2 :R");
    CHECK_LOG("(seq (on-error :success (act a1)) (act a2))", "2=E", "0", "+1 1S +2 2E :E");
}

CP_TEST_MAIN(cmocka_unit_test(invert_swaps_ends_and_nothing_else),
             cmocka_unit_test(force_nodes_change_ends_only),
             cmocka_unit_test(repeat_and_retry_make_one_round_a_tick),
             cmocka_unit_test(no_round_is_a_success_of_repeat_and_a_failure_of_retry),
             cmocka_unit_test(minus_one_is_without_end),
             cmocka_unit_test(rounds_are_counted_anew_after_each_end),
             cmocka_unit_test(rounds_wait_and_back_off),
             cmocka_unit_test(rounds_in_place_follow_in_the_same_tick),
             cmocka_unit_test(a_timeout_is_decided_before_its_child_is_ticked),
             cmocka_unit_test(a_delay_waits_once),
             cmocka_unit_test(on_error_catches_under_itself_only))
