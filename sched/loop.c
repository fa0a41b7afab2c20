/* loop.c -- a driven executor without a policy: the head of the ring is next, all mail comes at
 * once, and the clock is the system's, so that nothing ready means a thread that sleeps. */
#include "sched/loop.h"

#include "sched/memory.h"

static const cp_drive_policy loop_policy = {.name = "loop", .size = sizeof(cp_drive)};

copse_status copse_executor_new_loop(const copse_loop_options *options, copse_executor **out)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    copse_clock *clock = options->clock;
    *out = NULL;
    cp_drive *drive = cp_drive_allocate(allocator, &loop_policy);
    if (drive == NULL)
        return COPSE_ENOMEM;
    drive->home.task_limit = options->task_limit;
    drive->home.measures_runs = options->measures_runs;
    if (clock == NULL)
        clock = drive->own_clock = copse_clock_new_real(allocator);
    if (clock == NULL || !cp_home_init(&drive->home, allocator, clock)) {
        cp_drive_release(drive);
        return COPSE_ENOMEM;
    }
    *out = &drive->home.base;
    return COPSE_OK;
}
