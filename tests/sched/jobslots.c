#include "tests/check.h"

#include "sched/jobslots.h"
#include "sched/memory.h"
#include "tests/fault.h"

static void receive_nothing(cp_mail *own, void *owner)
{
    (void)own;
    (void)owner;
}

static void open_slots(cp_job_slots *slots, cp_job_desk *desk, cp_fault *fault)
{
    cp_fault_init(fault, 0);
    memset(desk, 0, sizeof *desk);
    desk->allocator = &fault->allocator;
    cp_job_slots_init(slots, desk, receive_nothing, receive_nothing);
}

static void slots_are_taken_in_order_and_found_by_their_numbers(void **state)
{
    (void)state;
    enum { count = 1000 };
    cp_fault fault;
    cp_job_desk desk;
    cp_job_slots slots;
    copse_job *jobs[count];
    open_slots(&slots, &desk, &fault);
    for (uint32_t i = 0; i < count; i++) {
        jobs[i] = cp_job_slots_take(&slots);
        assert_non_null(jobs[i]);
        assert_int_equal(jobs[i]->slot, i);
        assert_int_equal(cp_job_handle_of(jobs[i]).bits, (uint64_t)i << 32 | 1);
        assert_int_equal(cp_job_state_of(jobs[i]), CP_JOB_FREE);
    }
    for (uint32_t i = 0; i < count; i++)
        assert_ptr_equal(cp_job_slots_at(&slots, i), jobs[i]); /* none has moved */
    cp_job_slots_destroy(&slots);
    assert_int_equal(fault.live_bytes, 0);
}

static void a_slot_that_is_used_again_has_another_handle(void **state)
{
    (void)state;
    cp_fault fault;
    cp_job_desk desk;
    cp_job_slots slots;
    open_slots(&slots, &desk, &fault);
    copse_job *job = cp_job_slots_take(&slots);
    uint64_t before = cp_job_handle_of(job).bits;
    cp_job_slots_give(&slots, job);
    assert_ptr_equal(cp_job_slots_take(&slots), job);
    assert_true(cp_job_handle_of(job).bits != before);
    job->generation = UINT32_MAX;
    cp_job_slots_give(&slots, job);
    assert_ptr_not_equal(cp_job_slots_take(&slots), job); /* its generations are used up */
    cp_job_slots_destroy(&slots);
}

static void a_refused_chunk_leaves_the_slots_as_they_were(void **state)
{
    (void)state;
    cp_fault fault;
    cp_job_desk desk;
    cp_job_slots slots;
    open_slots(&slots, &desk, &fault);
    fault.refuse_at = 2;
    for (int i = 0; i < CP_JOB_FIRST_CHUNK; i++)
        assert_non_null(cp_job_slots_take(&slots));
    assert_null(cp_job_slots_take(&slots));
    assert_int_equal(slots.count, CP_JOB_FIRST_CHUNK);
    assert_non_null(cp_job_slots_take(&slots)); /* the third request is granted */
    cp_job_slots_destroy(&slots);
    assert_int_equal(fault.live_bytes, 0);
}

CP_TEST_MAIN(cmocka_unit_test(slots_are_taken_in_order_and_found_by_their_numbers),
             cmocka_unit_test(a_slot_that_is_used_again_has_another_handle),
             cmocka_unit_test(a_refused_chunk_leaves_the_slots_as_they_were))
