/* mark.c -- marking changes a state byte and pushes a word; nothing else knows who was reached.
 *
 * One entry of the grey stack is a reference, or a range of values: their address below their
 * count, told by its top bit. Between the stack and the tracing is a short queue of references
 * whose memory is being loaded, so that the processor waits for several at once (Cher, Hosking and
 * Vijaykumar 2004); a list whose pairs are neighbours is followed without either. A young
 * collection that falls into a full cycle works above the entries of the cycle, and in the other
 * states: what it promotes gets the painting colour, and what that refers to was reachable when
 * the cycle began, so the cycle will find it (snapshot at the beginning, Yuasa 1990).
 *
 * When the stack can not grow, an object stays marked but untraced; once the stack is empty every
 * marked object of the heap is traced again. That is slow and always ends, because each rescan
 * marks at least one object more.
 *
 * Cost: 3 ns a pair of a list made in order, 9 ns a pair of one scattered over 100 MB. */
#include "interp/mark.h"

enum {
    RANGE_STEP = 128,  /* values of a range that are visited between two pushes */
    QUEUE_LENGTH = 64, /* references whose memory is loaded ahead */
    NEAR_BYTES = 512   /* a pair this near needs no loading ahead */
};

#define RANGE_BIT (UINT64_C(1) << 63)

static const size_t no_limit = SIZE_MAX;

/* ---- The grey stack ------------------------------------------------------------------------ */

/* What a marked object needs besides the tracing of its values. */
static void account_object(cp_tracer *tracer, cp_object *object)
{
    const cp_type *row = cp_heap_type(tracer->heap, object);
    size_t size = cp_type_size(row, cp_object_length(object));
    tracer->objects++;
    tracer->bytes += cp_granules(size) * CP_GRANULE_BYTES;
    if (size > CP_CARD_BYTES && cp_trace_is_young(tracer))
        cp_cards_clean(object, size);
    if (CP_UNLIKELY(row->weak_trace != NULL)) {
        cp_weak *weak = (cp_weak *)object;
        weak->next_weak = *tracer->weak;
        *tracer->weak = weak;
    }
}

/* V was marked but can not be pushed: only its values are left to the rescan. */
CP_COLD static void drop_grey(cp_tracer *tracer, cp_value v)
{
    *tracer->overflowed = true;
    if (cp_is_object(v)) {
        account_object(tracer, cp_to_object(v));
        return;
    }
    tracer->objects++;
    tracer->bytes += sizeof(cp_pair);
}

static void push_grey(cp_tracer *tracer, cp_value v)
{
    if (CP_UNLIKELY(!cp_words_push(tracer->heap, &tracer->heap->grey, v.bits)))
        drop_grey(tracer, v);
}

/* Mark what V refers to; true when it was not marked and is to be traced. */
CP_ALWAYS_INLINE bool mark(const cp_tracer *tracer, cp_value v)
{
    if (!cp_is_reference(v))
        return false;
    uint8_t *state = cp_state_of((void *)cp_to_address(v));
    unsigned before = *state;
    if ((before & tracer->from) == 0)
        return false;
    *state = (uint8_t)(before ^ tracer->flip);
    return true;
}

void cp_trace(cp_tracer *tracer, cp_value v)
{
    if (CP_UNLIKELY(tracer->visit != NULL))
        tracer->visit(tracer->context, v);
    else if (mark(tracer, v))
        push_grey(tracer, v);
}

static void trace_each(cp_tracer *tracer, const cp_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cp_trace(tracer, values[i]);
}

static bool push_range(cp_tracer *tracer, const cp_value *values, size_t count)
{
    cp_words *grey = &tracer->heap->grey;
    if (!cp_words_reserve(tracer->heap, grey, 2))
        return false;
    grey->items[grey->count++] = (uint64_t)(uintptr_t)values;
    grey->items[grey->count++] = count | RANGE_BIT;
    return true;
}

void cp_trace_values(cp_tracer *tracer, const cp_value *values, size_t count)
{
    if (count <= RANGE_STEP || tracer->visit != NULL || !push_range(tracer, values, count))
        trace_each(tracer, values, count);
}

bool cp_trace_is_dead(const cp_tracer *tracer, cp_value v)
{
    return cp_is_reference(v) && (*cp_state_of((void *)cp_to_address(v)) & tracer->from) != 0;
}

/* ---- Inside objects ------------------------------------------------------------------------ */

/* The values of OBJECT whose row says where they are: those between the offsets FROM and TO. */
static void trace_row_values(cp_tracer *tracer, cp_object *object, const cp_type *row, size_t size,
                             size_t from, size_t to)
{
    size_t end = cp_type_values_end(row, object, size);
    size_t first = from > row->values_from ? from : row->values_from;
    size_t last = to < end ? to : end;
    if (first >= last)
        return;
    const cp_value *values = (const cp_value *)(void *)((char *)object + first);
    cp_trace_values(tracer, values, (last - first) / sizeof(cp_value));
}

static void trace_object(cp_tracer *tracer, cp_object *object)
{
    const cp_type *row = cp_heap_type(tracer->heap, object);
    size_t size = cp_type_size(row, cp_object_length(object));
    trace_row_values(tracer, object, row, size, 0, size);
    if (row->trace != NULL)
        row->trace(object, tracer);
}

void cp_trace_inside(cp_tracer *tracer, cp_value v)
{
    if (!cp_is_pair(v)) {
        trace_object(tracer, cp_to_object(v));
        return;
    }
    cp_trace(tracer, cp_car(v));
    cp_trace(tracer, cp_cdr(v));
}

/* ---- Draining ------------------------------------------------------------------------------ */

/* Marked references on their way from the stack to being traced, whose memory is being loaded. */
typedef struct queue {
    uint64_t words[QUEUE_LENGTH];
    unsigned first;
    unsigned count;
} queue;

/* Take words from the stack while there is room, up to the next range. */
static void fill_queue(const cp_tracer *tracer, queue *q)
{
    cp_words *grey = &tracer->heap->grey;
    while (q->count < QUEUE_LENGTH && grey->count > tracer->base &&
           (grey->items[grey->count - 1] & RANGE_BIT) == 0) {
        uint64_t word = grey->items[--grey->count];
        CP_PREFETCH((const void *)(uintptr_t)word);
        q->words[(q->first + q->count++) % QUEUE_LENGTH] = word;
    }
}

static uint64_t take_from_queue(queue *q)
{
    uint64_t word = q->words[q->first];
    q->first = (q->first + 1) % QUEUE_LENGTH;
    q->count--;
    return word;
}

static void empty_queue(cp_tracer *tracer, queue *q)
{
    while (q->count > 0)
        push_grey(tracer, cp_from_bits(take_from_queue(q)));
}

static bool is_near(cp_value a, cp_value b)
{
    return a.bits - b.bits + NEAR_BYTES < 2 * NEAR_BYTES;
}

/* Trace the marked pair V and the pairs along its cdr that are near; the words visited. */
static size_t drain_pairs(cp_tracer *tracer, cp_value v, size_t budget)
{
    size_t words = 0;
    for (;;) {
        const cp_pair *pair = cp_to_pair(v);
        cp_value before = v;
        words += 2;
        if (mark(tracer, pair->car))
            push_grey(tracer, pair->car);
        v = pair->cdr;
        if (!mark(tracer, v))
            break;
        if (!cp_is_pair(v) || !is_near(v, before) || words >= budget) {
            push_grey(tracer, v);
            break;
        }
    }
    tracer->objects += words / 2;
    tracer->bytes += words * sizeof(cp_value);
    return words;
}

static size_t drain_object(cp_tracer *tracer, cp_object *object)
{
    uint64_t before = tracer->bytes;
    account_object(tracer, object);
    trace_object(tracer, object);
    size_t size = (size_t)(tracer->bytes - before);
    return size < RANGE_STEP * sizeof(cp_value) ? size / sizeof(cp_value) : RANGE_STEP;
}

/* Trace the first values of the range whose count was popped, and push what is left of it. */
static size_t drain_range(cp_tracer *tracer, uint64_t word)
{
    cp_words *grey = &tracer->heap->grey;
    size_t count = word & ~RANGE_BIT;
    const cp_value *values = (const cp_value *)(uintptr_t)grey->items[--grey->count];
    size_t step = count < RANGE_STEP ? count : RANGE_STEP;
    if (count > step) {
        /* Both words were just popped, so they fit. */
        grey->items[grey->count++] = (uint64_t)(uintptr_t)(values + step);
        grey->items[grey->count++] = (count - step) | RANGE_BIT;
    }
    for (size_t i = 0; i < step; i++)
        if (mark(tracer, values[i]))
            push_grey(tracer, values[i]);
    return step;
}

/* Trace the next entry; the words visited, 0 when there was none. */
static size_t drain_one(cp_tracer *tracer, queue *q, size_t budget)
{
    cp_words *grey = &tracer->heap->grey;
    fill_queue(tracer, q);
    if (q->count > 0) {
        cp_value v = cp_from_bits(take_from_queue(q));
        return cp_is_pair(v) ? drain_pairs(tracer, v, budget)
                             : drain_object(tracer, cp_to_object(v));
    }
    if (grey->count == tracer->base)
        return 0;
    uint64_t word = grey->items[--grey->count];
    return drain_range(tracer, word);
}

bool cp_mark_slice(cp_tracer *tracer, size_t budget)
{
    queue q = {.count = 0};
    for (;;) {
        size_t words = drain_one(tracer, &q, budget);
        if (words == 0)
            return true;
        if (words >= budget)
            break;
        budget -= words;
    }
    empty_queue(tracer, &q);
    return tracer->heap->grey.count == tracer->base;
}

/* ---- Rescanning after an overflow ----------------------------------------------------------- */

static void rescan(void *context, cp_value v, unsigned state)
{
    cp_tracer *tracer = context;
    if ((state & tracer->heap->live) == 0 || (state & tracer->from) != 0)
        return;
    cp_trace_inside(tracer, v);
    cp_mark_slice(tracer, no_limit);
}

void cp_mark_all(cp_tracer *tracer)
{
    cp_mark_slice(tracer, no_limit);
    while (*tracer->overflowed) {
        *tracer->overflowed = false;
        cp_heap_walk(tracer->heap, rescan, tracer);
    }
}

/* ---- Walking the heap ---------------------------------------------------------------------- */

typedef void (*walk_visit)(void *context, cp_value v, unsigned state);

static void walk_block(const cp_block *block, walk_visit visit, void *context)
{
    const uint8_t *states = cp_block_states(block);
    const char *start = cp_block_start(block);
    for (size_t i = 0; i < CP_GRANULES_PER_BLOCK; i++) {
        if ((states[i] & CP_STATE_HEADS) == 0)
            continue;
        const char *address = start + i * CP_GRANULE_BYTES;
        bool is_pair = (states[i] & CP_STATE_PAIR) != 0;
        visit(context,
              is_pair ? cp_from_pair((const cp_pair *)(const void *)address)
                      : cp_from_object(address),
              states[i]);
    }
}

void cp_heap_walk(cp_heap *heap, walk_visit visit, void *context)
{
    for (cp_chunk *chunk = heap->chunks; chunk != NULL; chunk = chunk->next)
        for (size_t i = 0; i < CP_BLOCKS_PER_CHUNK; i++)
            if (!chunk->blocks[i].is_free)
                walk_block(&chunk->blocks[i], visit, context);
    for (size_t i = 0; i < heap->large.count; i++) {
        cp_value v = cp_from_bits(heap->large.items[i]);
        visit(context, v, *cp_state_of(cp_to_object(v)));
    }
}

/* ---- Roots and cards ----------------------------------------------------------------------- */

cp_tracer cp_tracer_young(cp_heap *heap)
{
    return (cp_tracer){.heap = heap,
                       .from = CP_STATE_YOUNG,
                       .flip = CP_STATE_YOUNG ^ heap->old_colour ^ CP_STATE_CLEAN,
                       .base = heap->grey.count,
                       .weak = &heap->weak_young,
                       .overflowed = &heap->grey_overflowed_young};
}

cp_tracer cp_tracer_full(cp_heap *heap)
{
    assert(heap->phase == CP_PHASE_MARK);
    return (cp_tracer){.heap = heap,
                       .from = cp_heap_other_colour(heap),
                       .flip = CP_STATE_COLOURS,
                       .weak = &heap->weak_found,
                       .overflowed = &heap->grey_overflowed};
}

void cp_mark_roots(cp_tracer *tracer)
{
    cp_heap *heap = tracer->heap;
    for (size_t i = 0; i < heap->root_count; i++)
        if (heap->roots[i].scan != NULL)
            heap->roots[i].scan(heap->roots[i].context, tracer);
    for (size_t i = heap->finalisable_taken; i < heap->finalisable.count; i++)
        cp_trace(tracer, cp_from_bits(heap->finalisable.items[i]));
}

/* Trace the strong values of the card at OFFSET of HOLDER; true when it has weak ones as well. */
static bool trace_card(cp_tracer *tracer, cp_value holder, size_t offset)
{
    if (cp_is_pair(holder)) {
        cp_trace_inside(tracer, holder);
        return false;
    }
    cp_object *object = cp_to_object(holder);
    const cp_type *row = cp_heap_type(tracer->heap, object);
    size_t size = cp_type_size(row, cp_object_length(object));
    trace_row_values(tracer, object, row, size, offset, offset + CP_CARD_BYTES);
    /* Only the trace function knows which words of the card are values. */
    if (row->trace != NULL)
        row->trace(object, tracer);
    return row->weak_trace != NULL;
}

typedef void (*card_visit)(void *context, cp_value holder, size_t offset);

/* Call VISIT for each card of the old object V that is not CLEAN. */
static void each_dirty_card(cp_heap *heap, cp_value v, unsigned state, card_visit visit,
                            void *context)
{
    if ((state & heap->live) == 0)
        return; /* young, or dead and not swept yet */
    size_t size = cp_is_pair(v) ? sizeof(cp_pair) : cp_object_size(heap, cp_to_object(v));
    for (size_t offset = 0; offset < size; offset += CP_CARD_BYTES)
        if ((*cp_card_of((void *)cp_to_address(v), offset) & CP_STATE_CLEAN) == 0)
            visit(context, v, offset);
}

static void trace_lost_card(void *context, cp_value holder, size_t offset)
{
    (void)trace_card(context, holder, offset);
}

static void trace_lost_cards_of(void *context, cp_value v, unsigned state)
{
    cp_tracer *tracer = context;
    each_dirty_card(tracer->heap, v, state, trace_lost_card, tracer);
}

void cp_mark_logged(cp_tracer *tracer)
{
    cp_barrier *barrier = &tracer->heap->barrier;
    tracer->weak_cards = 0;
    if (barrier->is_overflowed) {
        /* The list is incomplete: dirty cards are found by looking at every old object. */
        cp_heap_walk(tracer->heap, trace_lost_cards_of, tracer);
        return;
    }
    /* Cards with weak values are gathered at the front of the list. */
    for (size_t i = 0; i < barrier->logged_count; i++) {
        cp_logged card = barrier->logged[i];
        if (!trace_card(tracer, card.holder, card.offset))
            continue;
        barrier->logged[i] = barrier->logged[tracer->weak_cards];
        barrier->logged[tracer->weak_cards++] = card;
    }
}

static void clean_card(void *context, cp_value holder, size_t offset)
{
    (void)context;
    *cp_card_of((void *)cp_to_address(holder), offset) |= CP_STATE_CLEAN;
}

static void clean_cards_of(void *context, cp_value v, unsigned state)
{
    each_dirty_card(context, v, state, clean_card, NULL);
}

void cp_clean_logged(cp_heap *heap)
{
    cp_barrier *barrier = &heap->barrier;
    if (barrier->is_overflowed)
        cp_heap_walk(heap, clean_cards_of, heap);
    for (size_t i = 0; i < barrier->logged_count; i++)
        clean_card(NULL, barrier->logged[i].holder, barrier->logged[i].offset);
    barrier->logged_count = 0;
    barrier->is_overflowed = false;
}

/* ---- Weak objects -------------------------------------------------------------------------- */

/* What the callbacks of a walk over weak cards need. */
typedef struct weak_walk {
    cp_tracer *tracer;
    card_visit visit;
    bool has_marked;
} weak_walk;

static void trace_weak_part(weak_walk *walk, cp_object *object, size_t from, size_t to)
{
    const cp_type *row = cp_heap_type(walk->tracer->heap, object);
    if (row->weak_trace(object, walk->tracer, from, to))
        walk->has_marked = true;
}

static void trace_weak_card(void *context, cp_value holder, size_t offset)
{
    trace_weak_part(context, cp_to_object(holder), offset, offset + CP_CARD_BYTES);
}

static void clean_weak_card(void *context, cp_value holder, size_t offset)
{
    const weak_walk *walk = context;
    cp_object *object = cp_to_object(holder);
    const cp_type *row = cp_heap_type(walk->tracer->heap, object);
    row->weak_clean(object, walk->tracer, offset, offset + CP_CARD_BYTES);
}

static void visit_lost_weak_cards_of(void *context, cp_value v, unsigned state)
{
    const weak_walk *walk = context;
    cp_heap *heap = walk->tracer->heap;
    if (cp_is_object(v) && cp_heap_type(heap, cp_to_object(v))->weak_trace != NULL)
        each_dirty_card(heap, v, state, walk->visit, context);
}

/* Call VISIT for each logged card of an old weak object. */
static void each_weak_card(weak_walk *walk, card_visit visit)
{
    cp_heap *heap = walk->tracer->heap;
    walk->visit = visit;
    if (cp_trace_is_young(walk->tracer) && heap->barrier.is_overflowed) {
        cp_heap_walk(heap, visit_lost_weak_cards_of, walk);
        return;
    }
    for (size_t i = 0; i < walk->tracer->weak_cards; i++)
        visit(walk, heap->barrier.logged[i].holder, heap->barrier.logged[i].offset);
}

/* Trace what the references known to be alive keep alive; true when that marked something. */
static bool trace_weak_once(cp_tracer *tracer)
{
    weak_walk walk = {.tracer = tracer};
    for (cp_weak *weak = *tracer->weak; weak != NULL; weak = weak->next_weak)
        trace_weak_part(&walk, &weak->object, 0, cp_object_size(tracer->heap, &weak->object));
    each_weak_card(&walk, trace_weak_card);
    return walk.has_marked;
}

void cp_mark_weak(cp_tracer *tracer)
{
    cp_mark_all(tracer);
    while (trace_weak_once(tracer))
        cp_mark_all(tracer);
}

void cp_clean_weak(cp_tracer *tracer)
{
    cp_heap *heap = tracer->heap;
    weak_walk walk = {.tracer = tracer};
    each_weak_card(&walk, clean_weak_card);
    cp_weak *next;
    for (cp_weak *weak = *tracer->weak; weak != NULL; weak = next) {
        next = weak->next_weak;
        size_t size = cp_object_size(heap, &weak->object);
        cp_heap_type(heap, &weak->object)->weak_clean(&weak->object, tracer, 0, size);
        /* The running cycle has not met what a young collection promotes. */
        if (cp_trace_is_young(tracer) && heap->phase == CP_PHASE_MARK) {
            weak->next_weak = heap->weak_found;
            heap->weak_found = weak;
        }
    }
    *tracer->weak = NULL;
    for (size_t i = 0; i < heap->root_count; i++)
        if (heap->roots[i].clean != NULL)
            heap->roots[i].clean(heap->roots[i].context, tracer);
}

void cp_mark_count(const cp_tracer *tracer)
{
    tracer->heap->cycle_bytes += tracer->bytes;
    tracer->heap->cycle_objects += tracer->objects;
}

cp_value cp_weak_read(cp_heap *heap, cp_value v)
{
    if (heap->phase == CP_PHASE_MARK) {
        cp_tracer tracer = cp_tracer_full(heap);
        cp_trace(&tracer, v);
        cp_mark_count(&tracer);
    }
    return v;
}

/* ---- The snapshot -------------------------------------------------------------------------- */

/* Trace what the card holds before it is overwritten. Weak values do not count: what is read from
 * a weak place is traced when it is read. */
static void trace_overwritten(cp_heap *heap, cp_value holder, size_t offset)
{
    cp_tracer tracer = cp_tracer_full(heap);
    (void)trace_card(&tracer, holder, offset);
    cp_mark_count(&tracer);
}

void cp_snapshot_start(cp_heap *heap)
{
    heap->barrier.snapshot = trace_overwritten;
}

void cp_snapshot_stop(cp_heap *heap)
{
    heap->barrier.snapshot = NULL;
}
