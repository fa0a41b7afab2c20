/* collect.c -- two kinds of collection out of the steps of mark.c and heap.c.
 *
 * A young collection keeps the marks of old objects (sticky marks: Demers and others 1990), so its
 * cost is what survives, the roots and the logged cards. The full cycle needs two colours because
 * one can not mean both "old" and "reached by this cycle": it starts when nothing is young, paints
 * in the colour that nothing has, and when it is done the other colour is dead. While it paints,
 * young collections go on as always and give survivors the painting colour. It ends with a young
 * collection, so that again nothing is young when the meaning of the colours changes. */
#include "interp/collect.h"

static const size_t no_limit = SIZE_MAX;

/* ---- Pauses -------------------------------------------------------------------------------- */

static int64_t read_clock(const cp_heap *heap)
{
    return heap->now_ns != NULL ? heap->now_ns(heap->now_context) : 0;
}

static void count_pause(cp_heap *heap, int64_t started_ns)
{
    uint64_t length_ns = (uint64_t)(read_clock(heap) - started_ns);
    heap->stats.pause_count++;
    heap->stats.pause_total_ns += length_ns;
    if (length_ns > heap->stats.pause_max_ns)
        heap->stats.pause_max_ns = length_ns;
}

/* Builds that look for stale references want dead granules to be free, and poisoned, at once. */
static void after_collection(cp_heap *heap)
{
#if defined(CP_ASAN) || defined(CP_GC_STRESS)
    cp_heap_sweep(heap);
#endif
    cp_heap_close_reserve(heap);
    if (heap->check != NULL)
        heap->check(heap);
}

/* ---- Finalisers ---------------------------------------------------------------------------- */

/* Queue the dead of LIST, which keeps them and all they refer to alive until they are taken. The
 * others move to the end of SURVIVORS, which may be LIST itself. There is room: see
 * cp_heap_add_finaliser. */
static void queue_dead(cp_tracer *tracer, cp_words *list, cp_words *survivors)
{
    cp_words *queue = &tracer->heap->finalisable;
    size_t first = queue->count;
    size_t count = list->count;
    list->count = 0;
    for (size_t i = 0; i < count; i++) {
        cp_value v = cp_from_bits(list->items[i]);
        cp_words *target = cp_trace_is_dead(tracer, v) ? queue : survivors;
        assert(target->count < target->capacity);
        target->items[target->count++] = v.bits;
    }
    /* After all were told apart: what one finalisable object refers to may be another. */
    for (size_t i = first; i < queue->count; i++)
        cp_trace(tracer, cp_from_bits(queue->items[i]));
}

/* What must happen between the last mark and the first reuse of memory. */
static void mark_and_clean_weak(cp_tracer *tracer)
{
    cp_heap *heap = tracer->heap;
    cp_mark_weak(tracer);
    queue_dead(tracer, cp_trace_is_young(tracer) ? &heap->finalise_young : &heap->finalise_old,
               &heap->finalise_old);
    cp_mark_weak(tracer);
    cp_clean_weak(tracer);
}

/* ---- Young --------------------------------------------------------------------------------- */

static void collect_young(cp_heap *heap)
{
    cp_heap_close_holes(heap);
    cp_tracer tracer = cp_tracer_young(heap);
    cp_mark_roots(&tracer);
    cp_mark_logged(&tracer);
    mark_and_clean_weak(&tracer);
    cp_clean_logged(heap);
    cp_heap_sweep_large(heap, heap->large_young);
    cp_heap_recycle(heap);
    if (heap->wanted == CP_WANT_YOUNG)
        heap->wanted = CP_WANT_NOTHING;
    cp_heap_count_promoted(heap, tracer.bytes, tracer.objects);
    heap->stats.young_count++;
}

void cp_collect_young(cp_heap *heap)
{
    int64_t started_ns = read_clock(heap);
    collect_young(heap);
    count_pause(heap, started_ns);
    after_collection(heap);
}

/* ---- The full cycle ------------------------------------------------------------------------ */

static void begin(cp_heap *heap)
{
    assert(heap->phase == CP_PHASE_IDLE);
    collect_young(heap);
    /* The painting colour is still on what the last cycle found dead. */
    cp_heap_sweep(heap);
    cp_heap_trim(heap);
    heap->phase = CP_PHASE_MARK;
    heap->old_colour = cp_heap_other_colour(heap);
    heap->live = CP_STATE_COLOURS;
    heap->cycle_bytes = 0;
    heap->cycle_objects = 0;
    heap->promoted = 0;
    heap->wanted = CP_WANT_NOTHING;
    cp_snapshot_start(heap);
    cp_tracer tracer = cp_tracer_full(heap);
    cp_mark_roots(&tracer);
    cp_mark_count(&tracer);
}

static bool mark_slice(cp_heap *heap, size_t budget)
{
    cp_tracer tracer = cp_tracer_full(heap);
    bool is_done = cp_mark_slice(&tracer, budget);
    cp_mark_count(&tracer);
    heap->stats.slice_count++;
    return is_done;
}

static void finish(cp_heap *heap)
{
    assert(heap->phase == CP_PHASE_MARK);
    collect_young(heap);
    cp_tracer tracer = cp_tracer_full(heap);
    mark_and_clean_weak(&tracer);
    cp_mark_count(&tracer);
    cp_snapshot_stop(heap);
    heap->phase = CP_PHASE_IDLE;
    heap->live = heap->old_colour;
    cp_heap_sweep_large(heap, 0);
    cp_heap_unsweep(heap);
    heap->stats.marked_bytes = heap->cycle_bytes;
    heap->stats.marked_objects = heap->cycle_objects;
    heap->live_bytes = heap->stats.marked_bytes + heap->promoted;
    heap->promoted = 0;
    heap->external_since = 0;
    heap->wanted = CP_WANT_NOTHING;
    heap->stats.full_count++;
}

void cp_cycle_begin(cp_heap *heap)
{
    int64_t started_ns = read_clock(heap);
    begin(heap);
    count_pause(heap, started_ns);
    after_collection(heap);
}

bool cp_cycle_slice(cp_heap *heap, size_t budget)
{
    assert(heap->phase == CP_PHASE_MARK);
    int64_t started_ns = read_clock(heap);
    bool is_done = mark_slice(heap, budget);
    count_pause(heap, started_ns);
    return is_done;
}

void cp_cycle_finish(cp_heap *heap)
{
    int64_t started_ns = read_clock(heap);
    mark_slice(heap, no_limit);
    finish(heap);
    count_pause(heap, started_ns);
    after_collection(heap);
}

void cp_collect_full(cp_heap *heap)
{
    int64_t started_ns = read_clock(heap);
    if (heap->phase == CP_PHASE_IDLE)
        begin(heap);
    mark_slice(heap, no_limit);
    finish(heap);
    count_pause(heap, started_ns);
    after_collection(heap);
}

/* ---- Safepoints ---------------------------------------------------------------------------- */

#if defined(CP_GC_STRESS)
static void collect_in_turn(cp_heap *heap)
{
    if (heap->stress_is_full)
        cp_collect_full(heap);
    else
        cp_collect_young(heap);
    heap->stress_is_full = !heap->stress_is_full;
}
#endif

void cp_safepoint(cp_heap *heap)
{
#if defined(CP_GC_STRESS)
    collect_in_turn(heap);
#else
    switch (heap->wanted) {
    case CP_WANT_NOTHING:
        break;
    case CP_WANT_YOUNG:
        cp_collect_young(heap);
        break;
    case CP_WANT_FULL:
        cp_collect_full(heap);
        break;
    }
#endif
}

bool cp_heap_make_room(cp_heap *heap, unsigned attempt)
{
    if (attempt > 1) {
        (void)cp_heap_open_reserve(heap);
        return false;
    }
    /* What died after a running cycle began is found only by another one. */
    if (heap->phase == CP_PHASE_MARK) {
        heap->stats.emergency_count++;
        cp_cycle_finish(heap);
    }
    cp_collect_full(heap);
    cp_heap_sweep(heap);
    cp_heap_close_reserve(heap);
    cp_heap_trim(heap);
    return true;
}

void cp_heap_set_checker(cp_heap *heap, void (*check)(cp_heap *heap))
{
    heap->check = check;
}
