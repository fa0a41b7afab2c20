/* det.c -- a driven executor whose every choice is a decision of its source. */
#include "sched/det.h"

#include <assert.h>

#include "sched/memory.h"

typedef struct cp_det {
    cp_drive drive; /* first */
    copse_choices *choices;
    copse_choices *own_choices; /* the same when nobody gave us any, else NULL */
} cp_det;

static cp_det *to_det(cp_drive *drive)
{
    return (cp_det *)(void *)drive;
}

static uint64_t identify_ready(void *context, uint32_t index)
{
    return cp_drive_ready(context, index)->handle.bits;
}

static uint32_t choose_ready(cp_drive *drive)
{
    return cp_choose(to_det(drive)->choices, drive->count, CP_CHOICE_READY, identify_ready, drive);
}

static uint32_t choose_mail(cp_drive *drive, uint32_t waiting)
{
    return cp_choose(to_det(drive)->choices, waiting, CP_CHOICE_MAIL, NULL, NULL);
}

static bool has_diverged(cp_drive *drive)
{
    return cp_choices_have_diverged(to_det(drive)->choices);
}

static void release_choices(cp_drive *drive)
{
    copse_choices_free(to_det(drive)->own_choices);
}

static const cp_drive_policy det_policy = {
    .name = "det",
    .size = sizeof(cp_det),
    .choose_ready = choose_ready,
    .choose_mail = choose_mail,
    .has_diverged = has_diverged,
    .release = release_choices,
};

copse_choices *cp_det_choices(copse_executor *executor)
{
    cp_det *det = (cp_det *)(void *)executor;
    assert(det->drive.policy == &det_policy);
    return det->choices;
}

/* The clock and the choices that nobody gave. False when refused. */
static bool make_defaults(cp_det *det, const copse_allocator *allocator,
                          const copse_det_options *options)
{
    copse_choices_options fifo = {.allocator = allocator, .mode = COPSE_CHOOSE_FIFO};
    if (options->clock == NULL) {
        det->drive.own_clock = copse_clock_new_virtual(allocator, 0);
        if (det->drive.own_clock == NULL)
            return false;
    }
    if (options->choices == NULL && copse_choices_new(&fifo, &det->own_choices) != COPSE_OK)
        return false;
    det->choices = options->choices == NULL ? det->own_choices : options->choices;
    return true;
}

copse_status copse_executor_new_det(const copse_det_options *options, copse_executor **out)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    *out = NULL;
    cp_drive *drive = cp_drive_allocate(allocator, &det_policy);
    if (drive == NULL)
        return COPSE_ENOMEM;
    drive->home.task_limit = options->task_limit;
    drive->home.measures_runs = options->measures_runs;
    if (!make_defaults(to_det(drive), allocator, options) ||
        !cp_home_init(&drive->home, allocator,
                      options->clock == NULL ? drive->own_clock : options->clock)) {
        cp_drive_release(drive);
        return COPSE_ENOMEM;
    }
    *out = &drive->home.base;
    return COPSE_OK;
}
