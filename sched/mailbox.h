/* mailbox.h -- messages from any thread to one owner.
 *
 * Owns:  the list of messages that were pushed and not yet taken.
 * Never: allocates, locks or waits: a producer that stops half-way holds up nobody. */
#ifndef CP_SCHED_MAILBOX_H
#define CP_SCHED_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "sched/compiler.h"

/* One message, a field of the producer's object; the object stays alive until it was received. */
typedef struct cp_mail {
    struct cp_mail *next; /* written by the pusher before, read by the owner after the exchange */
    void (*receive)(struct cp_mail *own, void *owner); /* on the owner's thread */
} cp_mail;

typedef struct cp_mailbox {
    /* The last pushed message, newest first. Push releases, take_all acquires: what a producer
     * wrote before its push is seen by the owner. Two mailboxes share no cache line with it. */
    _Alignas(64) _Atomic(cp_mail *) newest;
} cp_mailbox;

void cp_mailbox_init(cp_mailbox *mailbox);

/* From any thread. True when the mailbox was empty: exactly then the owner has to be woken. */
bool cp_mailbox_push(cp_mailbox *mailbox, cp_mail *own);

/* All messages, oldest first (the order of each producer kept), linked by next; NULL when there are
 * none. Owner only. */
cp_mail *cp_mailbox_take_all(cp_mailbox *mailbox) CP_MUST_USE;

/* Relaxed: a push that another thread is just making may be missed; the wake-up that it sends makes
 * the owner look again. */
CP_ALWAYS_INLINE bool cp_mailbox_is_empty(cp_mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL;
}

#endif
