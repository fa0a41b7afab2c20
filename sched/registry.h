/* registry.h -- the live tasks of one executor, found by handle.
 *
 * Owns:  slots, their generations, and what is told about a task: its name and place.
 * Never: moves a slot, so that other threads may post to one, or forgets a generation, so that the
 *        handle of a task that ended never names another. */
#ifndef CP_SCHED_REGISTRY_H
#define CP_SCHED_REGISTRY_H

#include "sched/mailbox.h"
#include "sched/task.h"

/* A handle is slot number << 32 | generation. Generations start at 1; a slot whose generations are
 * used up is never used again. */
typedef struct cp_slot {
    cp_mail mail; /* a foreign wake-up; in the mailbox while posted is not 0 */
    /* The generation that another thread wants woken, 0 for none. Exchanged with acquire and
     * release on both sides: whoever makes it 0 may let the mail be pushed again. */
    _Atomic uint32_t posted;
    _Atomic uint32_t generation; /* of the task here, or of the next one; release, acquire */
    cp_task *task;               /* NULL when free */
    cp_task_label label;
    uint64_t mark;      /* of the last search that came by */
    uint32_t next_free; /* slot number + 1, 0 at the end */
} cp_slot;

_Static_assert(sizeof(cp_slot) <= 64, "a cache line for each task");

enum {
    CP_REGISTRY_FIRST_CHUNK = 64, /* slots; each later chunk is twice as large */
    CP_REGISTRY_CHUNKS = 25,
};

typedef struct cp_registry {
    const copse_allocator *allocator;
    void (*receive)(cp_mail *own, void *owner);    /* of the mail in each slot */
    _Atomic(cp_slot *) chunks[CP_REGISTRY_CHUNKS]; /* release when made, acquire by other threads */
    uint32_t slot_count;                           /* slots ever used */
    uint32_t live_count;
    uint32_t first_free; /* slot number + 1, 0 when there is none */
    uint64_t last_mark;
} cp_registry;

void cp_registry_init(cp_registry *registry, const copse_allocator *allocator,
                      void (*receive)(cp_mail *own, void *owner));

/* All tasks must have been removed. */
void cp_registry_destroy(cp_registry *registry);

/* Give TASK a handle. False when memory is refused: nothing has changed. */
bool cp_registry_add(cp_registry *registry, cp_task *task, const cp_task_label *label) CP_MUST_USE;

/* The handle of TASK is unknown from now on. */
void cp_registry_remove(cp_registry *registry, cp_task *task);

/* The live task of HANDLE, borrowed until it ends; NULL when it is unknown. */
cp_task *cp_registry_find(const cp_registry *registry, copse_task_handle handle) CP_MUST_USE;

/* The slot of a live TASK. */
cp_slot *cp_registry_slot(const cp_registry *registry, const cp_task *task) CP_MUST_USE;

/* The first live task in slot FROM or later, NULL behind the last: to visit all in order. */
cp_task *cp_registry_next(const cp_registry *registry, uint32_t from) CP_MUST_USE;

/* From any thread: push the mail of HANDLE's slot to MAILBOX unless it is there already, or HANDLE
 * is unknown. True when the mailbox was empty, so that its owner has to be woken. */
bool cp_registry_post(cp_registry *registry, copse_task_handle handle,
                      cp_mailbox *mailbox) CP_MUST_USE;

/* The owner received MAIL: the handle to wake, which may be unknown by now. */
copse_task_handle cp_registry_receive(cp_mail *mail) CP_MUST_USE;

CP_ALWAYS_INLINE uint32_t cp_handle_slot(copse_task_handle handle)
{
    return (uint32_t)(handle.bits >> 32);
}

CP_ALWAYS_INLINE uint32_t cp_handle_generation(copse_task_handle handle)
{
    return (uint32_t)handle.bits;
}

CP_ALWAYS_INLINE copse_task_handle cp_handle_make(uint32_t slot, uint32_t generation)
{
    return (copse_task_handle){(uint64_t)slot << 32 | generation};
}

CP_ALWAYS_INLINE bool cp_handle_is_none(copse_task_handle handle)
{
    return handle.bits == 0;
}

#endif
