#include "tests/interp/fixture.h"

static void a_list_of_ten_million_is_marked_without_recursion(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    const int count = getenv("COPSE_TEST_FULL") != NULL ? 10000000 : 1000000;
    f.roots[0] = CP_NIL;
    for (int i = 0; i < count; i++)
        f.roots[0] = cp_cons(f.heap, cp_make_fixnum(i), f.roots[0]);
    cp_collect_full(f.heap);
    assert_int_equal(f.heap->stats.marked_objects + f.heap->stats.promoted_objects, 2 * count);
    cp_value v = f.roots[0];
    for (int i = count - 1; i >= 0; i--, v = cp_cdr(v))
        if (cp_to_fixnum(cp_car(v)) != i)
            fail_msg("element %d", i);
    close_heap(&f);
}

static void data_nested_a_million_deep_is_marked_without_recursion(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = CP_NIL;
    f.roots[1] = CP_NIL;
    for (int i = 0; i < 1000000; i++) {
        f.roots[0] = cp_make_vector(f.heap, 1, f.roots[0]);
        f.roots[1] = cp_cons(f.heap, f.roots[1], CP_NIL);
    }
    cp_collect_full(f.heap);
    int depth = 0;
    for (cp_value v = f.roots[0]; !cp_is_nil(v); v = cp_vector_ref(v, 0))
        depth++;
    assert_int_equal(depth, 1000000);
    for (cp_value v = f.roots[1]; !cp_is_nil(v); v = cp_car(v))
        depth--;
    assert_int_equal(depth, 0);
    close_heap(&f);
}

/* A tree that needs a deep stack, and no memory for one. */
static void a_stack_that_can_not_grow_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t room = 0; room < 6; room++) {
        cp_fault fault;
        cp_fault_init(&fault, 0);
        fixture f;
        open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator});
        f.roots[0] = CP_NIL;
        for (int i = 0; i < 3000; i++) {
            cp_value v = cp_make_vector(f.heap, 100, f.roots[0]);
            cp_to_vector(v)->values[i % 100] = cp_cons(f.heap, v, cp_make_fixnum(i));
            f.roots[0] = cp_cons(f.heap, v, f.roots[0]);
        }
        fault.refuse_at = fault.requests + room + 1;
        fault.refuse_after = true;
        cp_collect_young(f.heap);
        cp_collect_full(f.heap);
        assert_true(fault.refused > 0 || room > 1);
        fault.refuse_at = 0;
        assert_int_equal(count_objects(&f), 9000);
        f.roots[0] = CP_NIL;
        cp_collect_full(f.heap);
        assert_int_equal(count_objects(&f), 0);
        close_heap(&f);
    }
}

static void a_slice_does_no_more_than_its_budget(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 100000, CP_NIL);
    f.roots[1] = CP_NIL;
    for (int i = 0; i < 100000; i++)
        f.roots[1] = cp_cons(f.heap, CP_NIL, f.roots[1]);
    cp_cycle_begin(f.heap);
    uint64_t before = f.heap->cycle_bytes;
    const uint64_t vector_bytes = 100000 * 8 + 16; /* counted when its marking begins */
    int slices = 0;
    while (!cp_cycle_slice(f.heap, 1000)) {
        uint64_t bytes = f.heap->cycle_bytes - before;
        assert_true(bytes <= 1200 * 8 || bytes - vector_bytes <= 1200 * 8);
        before = f.heap->cycle_bytes;
        slices++;
    }
    assert_true(slices > 200);
    cp_cycle_finish(f.heap);
    assert_int_equal(count_objects(&f), 100001);
    close_heap(&f);
}

typedef struct chain {
    cp_object object;
    uint64_t number; /* raw: looks like an address */
    cp_value next;
} chain;

static void trace_chain(cp_object *object, cp_tracer *tracer)
{
    cp_trace(tracer, ((chain *)object)->next);
}

static void a_type_may_trace_itself(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    static const cp_type row = {
        .name = "chain", .fixed_bytes = sizeof(chain), .trace = trace_chain};
    unsigned type = cp_heap_add_type(f.heap, &row);
    f.roots[0] = CP_NIL;
    for (int i = 0; i < 1000; i++) {
        chain *c = (chain *)cp_alloc(f.heap, type, 0);
        c->number = 0x100000;
        c->next = f.roots[0];
        f.roots[0] = cp_from_object(c);
    }
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 1000);
    chain *last = (chain *)cp_to_object(f.roots[0]);
    cp_write(f.heap, &last->object, &last->next, cp_cons(f.heap, CP_TRUE, CP_NIL));
    cp_collect_young(f.heap);
    assert_int_equal(count_objects(&f), 1001);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 2);
    close_heap(&f);
}

CP_TEST_MAIN(cmocka_unit_test(a_list_of_ten_million_is_marked_without_recursion),
             cmocka_unit_test(data_nested_a_million_deep_is_marked_without_recursion),
             cmocka_unit_test(a_stack_that_can_not_grow_loses_nothing),
             cmocka_unit_test(a_slice_does_no_more_than_its_budget),
             cmocka_unit_test(a_type_may_trace_itself))
