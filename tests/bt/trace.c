#include "bt/trace.h"

#include "tests/check.h"
#include "tests/fault.h"

static void add(cp_ring *ring, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        cp_ring_add(ring, COPSE_TRACE_NODE_ENTER, 7, COPSE_BT_RUNNING, ring->sequence + 100, 50);
}

static void a_record_is_read_as_it_was_written(void **state)
{
    (void)state;
    cp_ring *ring = cp_ring_new(copse_default_allocator(), 4);
    cp_ring_add(ring, COPSE_TRACE_NODE_EXIT, 3, COPSE_BT_FAILURE, 42, -5);
    copse_trace_record record;
    assert_int_equal(cp_ring_read(ring, 0, &record, 1), 1);
    assert_int_equal(record.sequence, 1);
    assert_int_equal(record.kind, COPSE_TRACE_NODE_EXIT);
    assert_int_equal(record.node, 3);
    assert_int_equal(record.status, COPSE_BT_FAILURE);
    assert_int_equal(record.number, 42);
    assert_int_equal(record.time_ns, -5);
    cp_ring_free(copse_default_allocator(), ring);
}

static void a_full_ring_drops_the_oldest_and_counts_them(void **state)
{
    (void)state;
    cp_ring *ring = cp_ring_new(copse_default_allocator(), 5); /* 8 */
    copse_trace_record records[16];
    assert_int_equal(cp_ring_read(ring, 0, records, 16), 0);
    add(ring, 8);
    assert_int_equal(cp_ring_dropped(ring), 0);
    add(ring, 3);
    assert_int_equal(cp_ring_dropped(ring), 3);
    assert_int_equal(cp_ring_read(ring, 0, records, 16), 8);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(records[i].sequence, 4 + i);
    cp_ring_free(copse_default_allocator(), ring);
}

static void reading_goes_on_behind_a_sequence_number(void **state)
{
    (void)state;
    cp_ring *ring = cp_ring_new(copse_default_allocator(), 8);
    add(ring, 6);
    copse_trace_record records[4];
    assert_int_equal(cp_ring_read(ring, 0, records, 4), 4);
    assert_int_equal(cp_ring_read(ring, records[3].sequence, records, 4), 2);
    assert_int_equal(records[1].sequence, 6);
    assert_int_equal(cp_ring_read(ring, 6, records, 4), 0);
    assert_int_equal(cp_ring_read(ring, 600, records, 4), 0);
    cp_ring_free(copse_default_allocator(), ring);
}

static void a_ring_that_can_not_be_is_refused(void **state)
{
    (void)state;
    assert_null(cp_ring_new(copse_default_allocator(), UINT32_MAX));
    cp_fault fault;
    cp_fault_init(&fault, 1);
    assert_null(cp_ring_new(&fault.allocator, 16));
    cp_ring_free(&fault.allocator, NULL);
}

CP_TEST_MAIN(cmocka_unit_test(a_record_is_read_as_it_was_written),
             cmocka_unit_test(a_full_ring_drops_the_oldest_and_counts_them),
             cmocka_unit_test(reading_goes_on_behind_a_sequence_number),
             cmocka_unit_test(a_ring_that_can_not_be_is_refused))
