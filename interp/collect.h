/* collect.h -- collections: when they happen, in which order their steps run, and the safepoint.
 *
 * Owns:  young collections, the full cycle from start to finish, pacing, the CP_RETRY protocol.
 * Never: runs inside an allocation, and never runs Lisp or host code.
 *
 *   young   roots and logged cards -> mark what is young -> weak -> survivors are old -> recycle
 *   full    young; sweep the rest of the last cycle; roots -> mark in slices -> young -> weak
 *           -> the other colour is dead -> blocks are swept as the allocator comes to them */
#ifndef CP_INTERP_COLLECT_H
#define CP_INTERP_COLLECT_H

#include "interp/mark.h"

/* A place where no C function holds a bare reference: collect when it is wanted. A build with
 * CP_GC_STRESS collects each time, young and full in turn. */
void cp_safepoint(cp_heap *heap);

/* Collect now; only at a safepoint. A full collection finishes a cycle that had begun, or does a
 * whole one. */
void cp_collect_young(cp_heap *heap);
void cp_collect_full(cp_heap *heap);

/* The parts of a full cycle, for a host's slack time: begin when phase is IDLE; a slice of at most
 * BUDGET words marked, true when marking is complete; finish. Only at safepoints. */
void cp_cycle_begin(cp_heap *heap);
bool cp_cycle_slice(cp_heap *heap, size_t budget);
void cp_cycle_finish(cp_heap *heap);

/* The answer to CP_RETRY, at a safepoint. ATTEMPT counts the refusals of this call of the builtin
 * from 1. True: collected, call it again. False: raise out-of-memory, for which the reserve is now
 * open. */
bool cp_heap_make_room(cp_heap *heap, unsigned attempt) CP_MUST_USE;

/* Called after each collection of a build with CP_GC_STRESS, when set: the heap checker. */
void cp_heap_set_checker(cp_heap *heap, void (*check)(cp_heap *heap));

#endif
