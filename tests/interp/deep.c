#include "tests/check.h"

#include "interp/deep.h"
#include "tests/fault.h"

typedef struct {
    uint64_t number;
    uint64_t square;
} item;

static bool push(cp_deep *deep, uint64_t number)
{
    item *pushed = cp_deep_push(deep);
    if (pushed != NULL)
        *pushed = (item){number, number * number};
    return pushed != NULL;
}

static void what_was_pushed_last_is_on_top(void **state)
{
    (void)state;
    cp_deep deep = cp_deep_make(copse_default_allocator(), sizeof(item));
    for (uint64_t i = 0; i < 200000; i++)
        assert_true(push(&deep, i));
    assert_int_equal(deep.count, 200000);
    for (uint64_t i = 200000; i-- > 0;) {
        item *top = cp_deep_top(&deep);
        assert_int_equal(top->number, i);
        assert_int_equal(top->square, i * i);
        cp_deep_pop(&deep);
    }
    assert_int_equal(deep.count, 0);
    cp_deep_clear(&deep);
}

static void items_do_not_move(void **state)
{
    (void)state;
    cp_deep deep = cp_deep_make(copse_default_allocator(), sizeof(item));
    assert_true(push(&deep, 7));
    item *first = cp_deep_top(&deep);
    for (uint64_t i = 0; i < 5000; i++)
        assert_true(push(&deep, i));
    assert_int_equal(first->number, 7);
    cp_deep_clear(&deep);
}

static void check_order(void *context, void *visited)
{
    uint64_t *expected = context;
    item *seen = visited;
    --*expected;
    assert_int_equal(seen->number, *expected);
}

static void a_visit_goes_from_the_top_down(void **state)
{
    (void)state;
    cp_deep deep = cp_deep_make(copse_default_allocator(), sizeof(item));
    uint64_t expected = 0;
    cp_deep_visit(&deep, check_order, &expected);
    for (uint64_t i = 0; i < 3000; i++)
        assert_true(push(&deep, i));
    expected = 3000;
    cp_deep_visit(&deep, check_order, &expected);
    assert_int_equal(expected, 0);
    cp_deep_clear(&deep);
}

static void popping_and_pushing_at_a_segment_s_edge_allocates_nothing(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    cp_deep deep = cp_deep_make(&fault.allocator, sizeof(item));
    uint64_t count = 0;
    while (fault.requests < 2)
        assert_true(push(&deep, count++));
    for (int i = 0; i < 100; i++) {
        cp_deep_pop(&deep);
        assert_true(push(&deep, 1));
    }
    assert_int_equal(fault.requests, 2);
    cp_deep_clear(&deep);
    assert_int_equal(fault.live_bytes, 0);
}

static void a_cleared_stack_is_empty_and_usable(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    cp_deep deep = cp_deep_make(&fault.allocator, sizeof(item));
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 4000; i++)
            assert_true(push(&deep, i));
        cp_deep_clear(&deep);
        assert_int_equal(deep.count, 0);
        assert_int_equal(fault.live_bytes, 0);
    }
}

static void a_refused_push_leaves_the_stack_as_it_was(void **state)
{
    (void)state;
    for (uint64_t refuse_at = 1; refuse_at < 8; refuse_at++) {
        cp_fault fault;
        cp_fault_init(&fault, refuse_at);
        cp_deep deep = cp_deep_make(&fault.allocator, sizeof(item));
        uint64_t refusals = 0;
        for (uint64_t i = 0; i < 5000; i++) {
            if (push(&deep, i))
                continue;
            refusals++;
            assert_int_equal(deep.count, i);
            assert_true(push(&deep, i));
        }
        assert_int_equal(refusals, fault.refused);
        uint64_t expected = 5000;
        cp_deep_visit(&deep, check_order, &expected);
        cp_deep_clear(&deep);
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(what_was_pushed_last_is_on_top), cmocka_unit_test(items_do_not_move),
             cmocka_unit_test(a_visit_goes_from_the_top_down),
             cmocka_unit_test(popping_and_pushing_at_a_segment_s_edge_allocates_nothing),
             cmocka_unit_test(a_cleared_stack_is_empty_and_usable),
             cmocka_unit_test(a_refused_push_leaves_the_stack_as_it_was))
