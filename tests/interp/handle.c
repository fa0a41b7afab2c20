#include "tests/interp/fixture.h"

#include "interp/handle.h"

typedef struct handle_fixture {
    fixture f;
    cp_handles *handles;
} handle_fixture;

static void open_handles(handle_fixture *h)
{
    open_heap(&h->f, NULL);
    h->handles = cp_handles_new(h->f.heap);
    assert_non_null(h->handles);
}

static void close_handles(handle_fixture *h)
{
    cp_handles_free(h->handles);
    close_heap(&h->f);
}

static void a_handle_keeps_its_value(void **state)
{
    (void)state;
    handle_fixture h;
    open_handles(&h);
    cp_handle handle = cp_handle_take(h.handles, cp_cons(h.f.heap, cp_make_fixnum(4), CP_NIL));
    cp_collect_full(h.f.heap);
    assert_int_equal(cp_to_fixnum(cp_car(cp_handle_value(h.handles, handle))), 4);
    assert_int_equal(cp_handles_count(h.handles), 1);
    assert_true(cp_handle_give(h.handles, handle));
    cp_collect_full(h.f.heap);
    assert_int_equal(count_objects(&h.f), 0);
    close_handles(&h);
}

static void a_stale_handle_reads_nothing(void **state)
{
    (void)state;
    handle_fixture h;
    open_handles(&h);
    cp_handle first = cp_handle_take(h.handles, CP_TRUE);
    assert_true(cp_handle_give(h.handles, first));
    cp_handle second = cp_handle_take(h.handles, CP_FALSE);
    assert_int_equal(second.slot, first.slot);
    assert_true(cp_is_nothing(cp_handle_value(h.handles, first)));
    assert_false(cp_handle_give(h.handles, first));
    assert_true(cp_same(cp_handle_value(h.handles, second), CP_FALSE));
    assert_true(cp_is_nothing(cp_handle_value(h.handles, (cp_handle){0, 0})));
    assert_true(cp_is_nothing(cp_handle_value(h.handles, (cp_handle){77, 1})));
    close_handles(&h);
}

static void a_slot_is_used_again(void **state)
{
    (void)state;
    handle_fixture h;
    open_handles(&h);
    for (int i = 0; i < 100000; i++)
        assert_true(cp_handle_give(h.handles, cp_handle_take(h.handles, cp_make_fixnum(i))));
    assert_int_equal(cp_handles_count(h.handles), 0);
    assert_true(cp_heap_stats(h.f.heap).account_bytes < 2 * 1024 * 1024);
    close_handles(&h);
}

static void every_refusal_is_a_zero(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t at = 1; !is_done; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        handle_fixture h;
        if (try_open_heap(&h.f, &(cp_heap_options){.allocator = &fault.allocator})) {
            h.handles = cp_handles_new(h.f.heap);
            if (h.handles != NULL) {
                cp_value v = cp_cons(h.f.heap, CP_NIL, CP_NIL);
                cp_handle handle = cp_handle_take(h.handles, v);
                is_done = handle.generation != 0;
                cp_handles_free(h.handles);
            }
            close_heap(&h.f);
        }
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_handle_keeps_its_value),
             cmocka_unit_test(a_stale_handle_reads_nothing), cmocka_unit_test(a_slot_is_used_again),
             cmocka_unit_test(every_refusal_is_a_zero))
