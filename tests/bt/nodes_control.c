/* nodes_control.c -- truth tables; script.h and gen_text.h explain the marks. */
#include "tests/bt/script.h"

static void a_sequence_goes_on_at_the_running_child(void **state)
{
    (void)state;
    CHECK_LOG("(seq (act a1) (act a2))", "2=RS", "0 1 2",
              "+1 1S +2 2R :R | @1 2S :S | @2 +1 1S +2 2S :S");
}

static void a_sequence_starts_over_after_a_failure(void **state)
{
    (void)state;
    CHECK_LOG("(seq (act a1) (act a2))", "2=FS", "0 1", "+1 1S +2 2F :F | @1 +1 1S +2 2S :S");
}

static void a_selector_ends_at_the_first_success(void **state)
{
    (void)state;
    CHECK_LOG("(sel (act a1) (act a2) (act a3))", "1=F 2=RS", "0 1 2",
              "+1 1F +2 2R :R | @1 2S :S | @2 +1 1F +2 2S :S");
    CHECK_LOG("(sel (act a1) (act a2))", "1=F 2=F", "0", "+1 1F +2 2F :F");
}

static void an_empty_node_gives_its_neutral_element(void **state)
{
    (void)state;
    static const char *const successes[] = {"(seq)", "(mem-seq)", "(reactive-seq)", "(async-seq)",
                                            "(parallel)"};
    static const char *const failures[] = {"(sel)", "(mem-sel)", "(reactive-sel)"};
    for (size_t i = 0; i < sizeof successes / sizeof *successes; i++)
        CHECK_LOG(successes[i], "", "0", ":S");
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        CHECK_LOG(failures[i], "", "0", ":F");
}

static void a_skipped_child_is_passed_over(void **state)
{
    (void)state;
    CHECK_LOG("(seq (act a1) (act a2))", "1=K", "0", "+1 1K +2 2S :S");
    CHECK_LOG("(sel (act a1) (act a2))", "1=K 2=F", "0", "+1 1K +2 2F :F");
    CHECK_LOG("(reactive-seq (act a1) (act a2))", "2=K", "0", "+1 1S +2 2K :S");
    CHECK_LOG("(reactive-sel (act a1) (act a2))", "1=F 2=K", "0", "+1 1F +2 2K :F");
}

static void a_node_whose_children_are_all_skipped_is_skipped(void **state)
{
    (void)state;
    static const char *const trees[] = {
        "(seq (act a1) (act a2))",          "(sel (act a1) (act a2))",
        "(mem-seq (act a1) (act a2))",      "(reactive-seq (act a1) (act a2))",
        "(reactive-sel (act a1) (act a2))", "(parallel (act a1) (act a2))",
        "(async-seq (act a1) (act a2))"};
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        CHECK_LOG(trees[i], "1=K 2=K", "0", "+1 1K +2 2K :K");
}

static void a_memory_sequence_keeps_its_place_over_a_failure(void **state)
{
    (void)state;
    CHECK_LOG("(mem-seq (act a1) (act a2))", "2=FFS", "0 1 2 3",
              "+1 1S +2 2F :F | @1 +2 2F :F | @2 +2 2S :S | @3 +1 1S +2 2S :S");
}

static void a_memory_selector_keeps_its_place_over_a_success(void **state)
{
    (void)state;
    CHECK_LOG("(mem-sel (act a1) (act a2))", "1=F 2=SF", "0 1 2",
              "+1 1F +2 2S :S | @1 +2 2F :F | @2 +1 1F +2 2F :F");
}

static void memory_is_lost_by_a_halt_and_a_restart(void **state)
{
    (void)state;
    CHECK_LOG("(mem-seq (act a1) (act a2))", "2=FR", "0 1 halt 2",
              "+1 1S +2 2F :F | @1 +2 2R :R | halt -2 :halted | @2 +1 1S +2 2R :R");
    CHECK_LOG("(mem-seq (act a1) (act a2))", "2=F", "0 restart 1",
              "+1 1S +2 2F :F | restart :halted | @1 +1 1S +2 2F :F");
}

static void a_reactive_sequence_asks_its_guards_in_each_tick(void **state)
{
    (void)state;
    CHECK_LOG("(reactive-seq (cond c1) (act a2))", "1=TTF 2=R", "0 1 2",
              "?1S +2 2R :R | @1 ?1S 2R :R | @2 ?1F -2 :F");
}

static void a_new_branch_is_ticked_before_the_old_one_is_halted(void **state)
{
    (void)state;
    CHECK_LOG("(reactive-sel (seq (cond c1) (act a2)) (act a3))", "1=FT 2=R 3=R", "0 1 2",
              "?1F +3 3R :R | @1 ?1S +2 2R -3 :R | @2 2R :R");
    CHECK_LOG("(reactive-sel (act a1) (act a2))", "1=FS 2=R", "0 1",
              "+1 1F +2 2R :R | @1 +1 1S -2 :S");
}

static void an_async_sequence_gives_one_child_a_tick(void **state)
{
    (void)state;
    CHECK_LOG("(async-seq (act a1) (act a2) (act a3))", "2=RS", "0 1 2 3",
              "+1 1S :R | @1 +2 2R :R | @2 2S :R | @3 +3 3S :S");
    CHECK_LOG("(async-seq (act a1) (act a2))", "1=F", "0", "+1 1F :F");
}

static void a_parallel_ticks_all_children_before_its_verdict(void **state)
{
    (void)state;
    CHECK_LOG("(parallel (act a1) (act a2) (act a3))", "1=F 2=R", "0", "+1 1F +2 2R +3 3S -2 :F");
    CHECK_LOG("(parallel :success 1 (act a1) (act a2))", "2=R", "0", "+1 1S +2 2R -2 :S");
    CHECK_LOG("(parallel :success 1 (act a1) (act a2))", "1=S 2=F", "0", "+1 1S +2 2F :F");
}

static void an_early_parallel_asks_after_each_child(void **state)
{
    (void)state;
    CHECK_LOG("(parallel :success 1 :early #t (act a1) (act a2))", "", "0", "+1 1S :S");
    CHECK_LOG("(parallel :early #t (act a1) (act a2))", "1=F", "0", "+1 1F :F");
}

static void a_child_of_a_parallel_that_ended_is_not_ticked_again(void **state)
{
    (void)state;
    CHECK_LOG("(parallel (act a1) (act a2))", "2=RRS", "0 1 2 3",
              "+1 1S +2 2R :R | @1 2R :R | @2 2S :S | @3 +1 1S +2 2S :S");
}

static void thresholds_may_be_counted_from_the_end(void **state)
{
    (void)state;
    CHECK_LOG("(parallel :success -2 :failure -1 (act a1) (act a2) (act a3))", "2=R", "0",
              "+1 1S +2 2R +3 3S -2 :S");
    CHECK_LOG("(parallel :success -2 :failure -1 (act a1) (act a2) (act a3))", "1=F 2=F 3=R", "0",
              "+1 1F +2 2F +3 3R -3 :F");
    /* Skipped children count as done only for a count from the end. */
    CHECK_LOG("(parallel :success -1 (act a1) (act a2))", "2=K", "0", "+1 1S +2 2K :S");
    CHECK_LOG("(parallel :success 2 (act a1) (act a2))", "2=KS", "0 1",
              "+1 1S +2 2K :R | @1 +2 2S :S");
}

static void an_if_asks_once_and_keeps_its_branch(void **state)
{
    (void)state;
    CHECK_LOG("(if (cond c1) (act a2) (act a3))", "1=TF 2=RS", "0 1 2",
              "?1S +2 2R :R | @1 2S :S | @2 ?1F +3 3S :S");
    CHECK_LOG("(if (cond c1) (act a2))", "1=F", "0", "?1F :F");
    CHECK_LOG("(if (act a1) (act a2))", "1=RS", "0 1", "+1 1R :R | @1 1S +2 2S :S");
}

static void a_skipped_condition_skips_the_whole_node(void **state)
{
    (void)state;
    CHECK_LOG("(if (act a1) (act a2))", "1=K", "0", "+1 1K :K");
    CHECK_LOG("(while-do-else (act a1) (act a2))", "1=SK 2=R", "0 1",
              "+1 1S +2 2R :R | @1 +1 1K -2 :K");
}

static void while_do_else_halts_the_old_branch_first(void **state)
{
    (void)state;
    CHECK_LOG("(while-do-else (cond c1) (act a2) (act a3))", "1=TFT 2=R 3=R", "0 1 2",
              "?1S +2 2R :R | @1 ?1F -2 +3 3R :R | @2 ?1S -3 +2 2R :R");
    CHECK_LOG("(while-do-else (cond c1) (act a2))", "1=TF 2=R", "0 1",
              "?1S +2 2R :R | @1 ?1F -2 :F");
}

static void a_branch_keeps_its_place_while_the_condition_runs(void **state)
{
    (void)state;
    CHECK_LOG("(while-do-else (act a1) (act a2))", "1=SRS 2=RS", "0 1 2",
              "+1 1S +2 2R :R | @1 +1 1R :R | @2 1S 2S :S");
}

CP_TEST_MAIN(cmocka_unit_test(a_sequence_goes_on_at_the_running_child),
             cmocka_unit_test(a_sequence_starts_over_after_a_failure),
             cmocka_unit_test(a_selector_ends_at_the_first_success),
             cmocka_unit_test(an_empty_node_gives_its_neutral_element),
             cmocka_unit_test(a_skipped_child_is_passed_over),
             cmocka_unit_test(a_node_whose_children_are_all_skipped_is_skipped),
             cmocka_unit_test(a_memory_sequence_keeps_its_place_over_a_failure),
             cmocka_unit_test(a_memory_selector_keeps_its_place_over_a_success),
             cmocka_unit_test(memory_is_lost_by_a_halt_and_a_restart),
             cmocka_unit_test(a_reactive_sequence_asks_its_guards_in_each_tick),
             cmocka_unit_test(a_new_branch_is_ticked_before_the_old_one_is_halted),
             cmocka_unit_test(an_async_sequence_gives_one_child_a_tick),
             cmocka_unit_test(a_parallel_ticks_all_children_before_its_verdict),
             cmocka_unit_test(an_early_parallel_asks_after_each_child),
             cmocka_unit_test(a_child_of_a_parallel_that_ended_is_not_ticked_again),
             cmocka_unit_test(thresholds_may_be_counted_from_the_end),
             cmocka_unit_test(an_if_asks_once_and_keeps_its_branch),
             cmocka_unit_test(a_skipped_condition_skips_the_whole_node),
             cmocka_unit_test(while_do_else_halts_the_old_branch_first),
             cmocka_unit_test(a_branch_keeps_its_place_while_the_condition_runs))
