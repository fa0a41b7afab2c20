/* det.h -- the deterministic executor; <copse/sched.h> has its interface.
 *
 * Owns:  the order in which ready tasks run and mail is received.
 * Never: decides without its source of choices, or runs a task on another thread. */
#ifndef CP_SCHED_DET_H
#define CP_SCHED_DET_H

#include "sched/choice.h"
#include "sched/drive.h"

/* The source of choices of a deterministic EXECUTOR, borrowed for its life: what else in a run is
 * chosen or comes from outside goes through it. */
copse_choices *cp_det_choices(copse_executor *executor) CP_MUST_USE;

#endif
