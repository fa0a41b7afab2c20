/* mark.h -- marking: from roots through everything reachable, with a stack of its own.
 *
 * Owns:  the tracer that trace functions and root scanners call, the grey stack, weak marking.
 * Never: frees anything, recurses in C, or fails: a stack that can not grow costs a rescan.
 *
 * A trace function visits each value of its object once:
 *
 *     static void trace_thing(cp_object *object, cp_tracer *tracer)
 *     {
 *         cp_thing *thing = (cp_thing *)object;
 *         cp_trace(tracer, thing->name);
 *         cp_trace_values(tracer, thing->slots, thing->slot_count);
 *     }
 */
#ifndef CP_INTERP_MARK_H
#define CP_INTERP_MARK_H

#include "interp/heap.h"

/* What one marking turns into what: a young collection turns YOUNG heads into the old colour, a
 * full cycle turns heads of the dead colour into the painting colour. */
struct cp_tracer {
    cp_heap *heap;
    unsigned from;  /* bit of the head states to mark */
    unsigned flip;  /* state ^ flip is the state of a marked head */
    size_t base;    /* entries of the grey stack below this belong to another marking */
    uint64_t bytes; /* marked so far */
    uint64_t objects;
    cp_weak **weak;    /* where weak objects are listed as they are met */
    bool *overflowed;  /* set when an object was marked that the stack had no room for */
    size_t weak_cards; /* logged cards of weak objects: the first of barrier.logged */
    /* Set by the heap checker, which only wants to see the values; then nothing is marked. */
    void (*visit)(void *context, cp_value v);
    void *context;
};

/* Mark what V refers to, if it is a reference, and remember to trace what is in it. */
void cp_trace(cp_tracer *tracer, cp_value v);

/* The same for COUNT values. They are read before the collection ends, when COUNT is large not at
 * once: VALUES must be inside the object that is being traced, or be a root array that stays as it
 * is until the collection is over. */
void cp_trace_values(cp_tracer *tracer, const cp_value *values, size_t count);

/* Whether what V refers to is dead as far as this marking knows; false for other values. */
bool cp_trace_is_dead(const cp_tracer *tracer, cp_value v);

/* Whether this marking is a young collection's: then nothing that is old is dead. */
CP_ALWAYS_INLINE bool cp_trace_is_young(const cp_tracer *tracer)
{
    return (tracer->from & CP_STATE_YOUNG) != 0;
}

/* Hand a reference that was read from a weak place to the program: while a full cycle marks, what
 * it refers to counts as reachable from here on. Other values pass. */
cp_value cp_weak_read(cp_heap *heap, cp_value v);

/* For the collector (collect.c). */
cp_tracer cp_tracer_young(cp_heap *heap);
cp_tracer cp_tracer_full(cp_heap *heap);

/* Trace grey objects until BUDGET words were visited, or none is left: then true. */
bool cp_mark_slice(cp_tracer *tracer, size_t budget);

/* Add what a tracer of the full cycle marked to the cycle's account. */
void cp_mark_count(const cp_tracer *tracer);

/* All of it, after an overflow by rescanning. */
void cp_mark_all(cp_tracer *tracer);

/* Trace all roots; the cards that the barrier logged. */
void cp_mark_roots(cp_tracer *tracer);
void cp_mark_logged(cp_tracer *tracer);

/* Mark until what weak objects keep alive is marked too. Cost: the entries of the weak objects
 * that were met, as often as the longest chain of entries that keep each other alive, met in the
 * wrong order, is long. */
void cp_mark_weak(cp_tracer *tracer);

/* After that: make the weak objects forget what is dead. */
void cp_clean_weak(cp_tracer *tracer);

/* At the end of a young collection: every card is CLEAN again. */
void cp_clean_logged(cp_heap *heap);

/* Make stores log what they overwrite, for a cycle that marks; and stop it. */
void cp_snapshot_start(cp_heap *heap);
void cp_snapshot_stop(cp_heap *heap);

/* Visit each value of the object or pair V with tracer->visit, or mark it. Weak references are
 * not visited. */
void cp_trace_inside(cp_tracer *tracer, cp_value v);

/* Call VISIT for every object and pair in the heap, dead ones included unless they were swept. */
void cp_heap_walk(cp_heap *heap, void (*visit)(void *context, cp_value v, unsigned state),
                  void *context);

#endif
