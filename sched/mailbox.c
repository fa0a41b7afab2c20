/* mailbox.c -- Treiber's stack (IBM RJ 5118, 1986) that is only ever emptied whole: one exchange
 * takes everything, so there is no ABA, and reversing the chain gives the order of arrival. */
#include "sched/mailbox.h"

#include <assert.h>

void cp_mailbox_init(cp_mailbox *mailbox)
{
    atomic_init(&mailbox->newest, NULL);
}

bool cp_mailbox_push(cp_mailbox *mailbox, cp_mail *own)
{
    assert(own->receive != NULL);
    cp_mail *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do
        own->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, own,
                                                  memory_order_release, memory_order_relaxed));
    return newest == NULL;
}

cp_mail *cp_mailbox_take_all(cp_mailbox *mailbox)
{
    cp_mail *mail = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    cp_mail *oldest_first = NULL;
    while (mail != NULL) {
        cp_mail *next = mail->next;
        mail->next = oldest_first;
        oldest_first = mail;
        mail = next;
    }
    return oldest_first;
}
