/* check.h -- the heap checker: one walk over everything that asserts what the collector relies on.
 *
 * Owns:  the list of invariants of the heap, each as one sentence that a broken heap is told.
 * Never: changes what the program can see. It closes holes and sweeps, so it costs time and room.
 */
#ifndef CP_INTERP_CHECK_H
#define CP_INTERP_CHECK_H

#include "interp/collect.h"

typedef struct cp_check {
    char text[160];     /* of the first broken invariant */
    uint64_t objects;   /* seen, pairs included */
    uint64_t old_bytes; /* of old objects, in granules */
} cp_check;

/* True when every invariant holds; else the text says which one does not, and where. Only at a
 * safepoint. */
bool cp_heap_check(cp_heap *heap, cp_check *check) CP_MUST_USE;

/* Check and assert; for cp_heap_set_checker. */
void cp_heap_assert(cp_heap *heap);

#endif
