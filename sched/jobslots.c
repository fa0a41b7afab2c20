/* jobslots.c -- chunks that double in size, so that a slot is found by one count of leading zeros;
 * free slots are a list, the last given back is the first taken: it is in the cache. */
#include "sched/jobslots.h"

#include <string.h>

#include "sched/memory.h"

static uint32_t chunk_of(uint32_t slot)
{
    return 31 - (uint32_t)__builtin_clz(slot + CP_JOB_FIRST_CHUNK) - 6;
}

_Static_assert(CP_JOB_FIRST_CHUNK == 1 << 6, "chunk_of subtracts its power of two");

static uint32_t chunk_size(uint32_t chunk)
{
    return (uint32_t)CP_JOB_FIRST_CHUNK << chunk;
}

void cp_job_slots_init(cp_job_slots *slots, cp_job_desk *desk,
                       void (*hear_start)(cp_mail *own, void *owner),
                       void (*hear_end)(cp_mail *own, void *owner))
{
    *slots = (cp_job_slots){
        .allocator = desk->allocator, .desk = desk, .hear_start = hear_start, .hear_end = hear_end};
}

void cp_job_slots_destroy(cp_job_slots *slots)
{
    for (uint32_t i = 0; i < CP_JOB_CHUNKS && slots->chunks[i] != NULL; i++)
        cp_release_array(slots->allocator, slots->chunks[i], chunk_size(i), sizeof(copse_job));
}

copse_job *cp_job_slots_at(const cp_job_slots *slots, uint32_t slot)
{
    uint32_t chunk = chunk_of(slot);
    return &slots->chunks[chunk][slot + CP_JOB_FIRST_CHUNK - chunk_size(chunk)];
}

static void init_slot(const cp_job_slots *slots, copse_job *job, uint32_t slot)
{
    memset(job, 0, sizeof *job);
    job->work.class = &cp_job_work_class;
    atomic_init(&job->word, CP_JOB_FREE);
    job->slot = slot;
    job->generation = 1;
    job->desk = slots->desk;
    job->start_mail.receive = slots->hear_start;
    job->end_mail.receive = slots->hear_end;
}

static bool make_chunk(cp_job_slots *slots, uint32_t chunk)
{
    if (chunk >= CP_JOB_CHUNKS)
        return false;
    uint32_t size = chunk_size(chunk);
    copse_job *made = cp_allocate_array(slots->allocator, size, sizeof *made);
    if (made == NULL)
        return false;
    slots->chunks[chunk] = made;
    for (uint32_t i = size; i-- > 0;) { /* the first will be taken first */
        init_slot(slots, &made[i], slots->count + i);
        made[i].next_free = slots->first_free;
        slots->first_free = made[i].slot + 1;
    }
    slots->count += size;
    return true;
}

copse_job *cp_job_slots_take(cp_job_slots *slots)
{
    if (slots->first_free == 0 && !make_chunk(slots, chunk_of(slots->count)))
        return NULL;
    copse_job *job = cp_job_slots_at(slots, slots->first_free - 1);
    slots->first_free = job->next_free;
    return job;
}

void cp_job_slots_give(cp_job_slots *slots, copse_job *job)
{
    if (++job->generation == 0)
        return;
    job->next_free = slots->first_free;
    slots->first_free = job->slot + 1;
}
