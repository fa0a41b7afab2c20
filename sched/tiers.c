/* tiers.c -- one linked list a tier and a bit for each that is not empty: push and pick are
 * constant time. A list is in order of time, so that only heads can be the oldest: aging looks at
 * five of them when it picks, and nothing is ever moved or scanned. */
#include "sched/tiers.h"

#include <assert.h>

void cp_tiers_init(cp_tiers *tiers, int64_t bound_ns)
{
    *tiers = (cp_tiers){.bound_ns = bound_ns};
}

/* Between PREVIOUS and NEXT, neighbours in the tier of WORK; NULL at the ends. */
static void insert(cp_tiers *tiers, cp_work *work, cp_work *previous, cp_work *next)
{
    cp_tier *tier = &tiers->tiers[work->tier];
    assert(!work->is_listed);
    work->previous = previous;
    work->next = next;
    if (previous == NULL)
        tier->first = work;
    else
        previous->next = work;
    if (next == NULL)
        tier->last = work;
    else
        next->previous = work;
    work->is_listed = true;
    tier->count++;
    tiers->bits |= 1U << work->tier;
    tiers->count++;
}

void cp_tiers_push(cp_tiers *tiers, cp_work *work)
{
    assert(work->tier < CP_TIER_COUNT);
    work->sequence = tiers->pushed++;
    insert(tiers, work, tiers->tiers[work->tier].last, NULL);
}

/* What was picked is older than what is left but for a few others that come back as well. */
void cp_tiers_put_back(cp_tiers *tiers, cp_work *work)
{
    assert(work->tier < CP_TIER_COUNT);
    cp_work *previous = NULL;
    cp_work *next = tiers->tiers[work->tier].first;
    while (next != NULL && next->sequence < work->sequence) {
        previous = next;
        next = next->next;
    }
    insert(tiers, work, previous, next);
}

void cp_tiers_remove(cp_tiers *tiers, cp_work *work)
{
    assert(work->is_listed);
    cp_tier *tier = &tiers->tiers[work->tier];
    if (work->previous == NULL)
        tier->first = work->next;
    else
        work->previous->next = work->next;
    if (work->next == NULL)
        tier->last = work->previous;
    else
        work->next->previous = work->previous;
    work->next = work->previous = NULL;
    work->is_listed = false;
    tiers->count--;
    if (--tier->count == 0)
        tiers->bits &= ~(1U << work->tier);
}

cp_work *cp_tiers_pop(cp_tiers *tiers, unsigned tier)
{
    assert(tier < CP_TIER_COUNT);
    cp_work *work = tiers->tiers[tier].first;
    if (work != NULL)
        cp_tiers_remove(tiers, work);
    return work;
}

/* The tier whose head has waited longest beyond the bound; CP_TIER_COUNT when none has. */
static unsigned most_overdue(const cp_tiers *tiers, int64_t now_ns)
{
    unsigned overdue = CP_TIER_COUNT;
    int64_t longest_ns = tiers->bound_ns;
    for (unsigned i = 0; i < CP_TIER_COUNT; i++) {
        const cp_work *head = tiers->tiers[i].first;
        if (head == NULL || now_ns - head->queued_ns <= longest_ns)
            continue;
        longest_ns = now_ns - head->queued_ns;
        overdue = i;
    }
    return overdue;
}

cp_work *cp_tiers_pick(cp_tiers *tiers, int64_t now_ns)
{
    if (tiers->bits == 0)
        return NULL;
    unsigned urgent = (unsigned)__builtin_ctz(tiers->bits);
    if ((tiers->bits & (tiers->bits - 1)) == 0)
        return cp_tiers_pop(tiers, urgent);
    unsigned overdue = most_overdue(tiers, now_ns);
    if (overdue == CP_TIER_COUNT || overdue == urgent)
        return cp_tiers_pop(tiers, urgent);
    tiers->aged++;
    return cp_tiers_pop(tiers, overdue);
}
