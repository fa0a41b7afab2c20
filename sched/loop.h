/* loop.h -- the executor of an owner thread; <copse/sched.h> has its interface.
 *
 * Owns:  nothing but its clock: first come, first served is how a driven executor is made.
 * Never: chooses, or waits for anything but a deadline or mail. */
#ifndef CP_SCHED_LOOP_H
#define CP_SCHED_LOOP_H

#include "sched/drive.h"

#endif
