/* jobslots.h -- where the jobs of one table live, and the numbers in their handles.
 *
 * Owns:  the slots, which are free or used, and the generation of each.
 * Never: moves a slot, so that workers may hold it, or gives a handle twice. */
#ifndef CP_SCHED_JOBSLOTS_H
#define CP_SCHED_JOBSLOTS_H

#include "sched/job.h"

enum {
    CP_JOB_FIRST_CHUNK = 64, /* slots; each later chunk is twice as large */
    CP_JOB_CHUNKS = 18,
};

typedef struct cp_job_slots {
    const copse_allocator *allocator;
    cp_job_desk *desk; /* of the table, which each job knows; borrowed */
    void (*hear_start)(cp_mail *own, void *owner);
    void (*hear_end)(cp_mail *own, void *owner);
    copse_job *chunks[CP_JOB_CHUNKS];
    uint32_t count;      /* slots made */
    uint32_t first_free; /* slot + 1, 0 when there is none */
} cp_job_slots;

/* Used as long as the table: DESK is in it. The functions receive the mails of each job. */
void cp_job_slots_init(cp_job_slots *slots, cp_job_desk *desk,
                       void (*hear_start)(cp_mail *own, void *owner),
                       void (*hear_end)(cp_mail *own, void *owner));
void cp_job_slots_destroy(cp_job_slots *slots);

/* A free slot, used now; its state is FREE. NULL when memory is refused, or all numbers are used.
 */
copse_job *cp_job_slots_take(cp_job_slots *slots) CP_MUST_USE;

/* JOB is free again, its handle unknown. A slot whose generations are used up is not used again. */
void cp_job_slots_give(cp_job_slots *slots, copse_job *job);

/* Slot number SLOT < slots->count, used or not. */
copse_job *cp_job_slots_at(const cp_job_slots *slots, uint32_t slot) CP_MUST_USE;

#endif
