/* drive.h -- an executor that its owner's thread drives, turn by turn, inside waits and runs.
 *
 * Owns:  the ready tasks, and when time passes; every row of an executor.
 * Never: decides which ready task or how much mail is next: a policy does, or it is the first and
 *        all of it. */
#ifndef CP_SCHED_DRIVE_H
#define CP_SCHED_DRIVE_H

#include "sched/home.h"

typedef struct cp_drive cp_drive;

/* What makes one kind of executor. A policy is a constant; its functions may be NULL. */
typedef struct cp_drive_policy {
    const char *name;
    size_t size; /* of the executor, which begins with a cp_drive */
    /* The index of the next of drive->count > 0 ready tasks; NULL: 0. */
    uint32_t (*choose_ready)(cp_drive *drive);
    /* How many of WAITING > 0 messages come now, 0 for all; NULL: 0. */
    uint32_t (*choose_mail)(cp_drive *drive, uint32_t waiting);
    /* Nothing may happen any more: COPSE_EDIVERGED. NULL: never. */
    bool (*has_diverged)(cp_drive *drive);
    /* Give back what the kind holds. */
    void (*release)(cp_drive *drive);
} cp_drive_policy;

struct cp_drive {
    cp_home home; /* first: a copse_executor is one */
    const cp_drive_policy *policy;
    cp_executor_class class; /* the rows, with the policy's name */
    copse_clock *own_clock;  /* NULL when the host gave one */
    cp_task **ready;         /* a ring of a power of two */
    uint32_t capacity;
    uint32_t head;
    uint32_t count;
    uint32_t turns;
};

/* An executor of POLICY, cleared but for its rows; cp_home_init makes it one. NULL when refused. */
cp_drive *cp_drive_allocate(const copse_allocator *allocator,
                            const cp_drive_policy *policy) CP_MUST_USE;

/* Takes the memory back, of a half-made one as well; the home is destroyed or was never made. */
void cp_drive_release(cp_drive *own);

/* The ready task at INDEX from the head. */
CP_ALWAYS_INLINE const cp_task *cp_drive_ready(const cp_drive *drive, uint32_t index)
{
    return drive->ready[(drive->head + index) & (drive->capacity - 1)];
}

#endif
