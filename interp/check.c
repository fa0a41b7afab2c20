/* check.c -- every object is visited once, every value in it once; sums are compared at the end.
 *
 * The first broken invariant stops the talking, not the walk. Cost: 30 ns an object. */
#include "interp/check.h"

#include <stdio.h>

typedef struct checker {
    cp_heap *heap;
    cp_check *check;
    const cp_chunk *last_chunk; /* the chunk of the last reference: most are near each other */
    cp_value holder;
    bool may_be_young; /* the card being visited is logged, or its holder is young */
    size_t dirty_cards;
    size_t large_seen;
} checker;

static void complain(const checker *c, const char *what, cp_value v)
{
    if (c->check->text[0] != '\0')
        return;
    const char *type = "pair";
    if (cp_is_object(c->holder) && cp_heap_type(c->heap, cp_to_object(c->holder)) != NULL)
        type = cp_heap_type(c->heap, cp_to_object(c->holder))->name;
    (void)snprintf(c->check->text, sizeof c->check->text, "%s: %s %llx, value %llx", what, type,
                   (unsigned long long)c->holder.bits, (unsigned long long)v.bits);
}

static void expect(const checker *c, bool is_so, const char *what, cp_value v)
{
    if (!is_so)
        complain(c, what, v);
}

/* ---- References ---------------------------------------------------------------------------- */

static bool list_has(const cp_chunk *list, const cp_chunk *chunk)
{
    while (list != NULL && list != chunk)
        list = list->next;
    return list != NULL;
}

static bool is_our_chunk(checker *c, const cp_chunk *chunk)
{
    if (chunk != NULL && chunk == c->last_chunk)
        return true;
    const cp_heap *heap = c->heap;
    if (!list_has(heap->chunks, chunk) && !list_has(heap->page_chunks, chunk) &&
        !list_has(heap->huge_chunks, chunk))
        return false;
    c->last_chunk = chunk;
    return true;
}

static void check_value(void *context, cp_value v)
{
    checker *c = context;
    if (cp_is_constant(v))
        expect(c, (int)cp_to_constant(v) < (int)CP_FIRST_C_ONLY_CONSTANT,
               "a value that is only for C is in the heap", v);
    if (!cp_is_reference(v))
        return;
    const void *address = (const void *)cp_to_address(v);
    if (!is_our_chunk(c, cp_chunk_of(address))) {
        complain(c, "a reference leads out of the heap", v);
        return;
    }
    unsigned state = *cp_state_of(address);
    expect(c, (state & CP_STATE_HEADS) != 0, "a reference leads to a free granule", v);
    expect(c, ((state & CP_STATE_PAIR) != 0) == cp_is_pair(v),
           "a reference and its target disagree about being a pair", v);
    expect(c, (state & (c->heap->live | CP_STATE_YOUNG)) != 0, "a reference leads to a dead object",
           v);
    expect(c, (state & CP_STATE_YOUNG) == 0 || c->may_be_young,
           "an old object refers to a young one and no store was logged", v);
}

/* ---- Objects ------------------------------------------------------------------------------- */

static bool is_dirty(const cp_object *object, size_t offset)
{
    return (*cp_card_of(object, offset) & CP_STATE_CLEAN) == 0;
}

/* Visit the values that the row places in one card. */
static void check_card(checker *c, cp_tracer *tracer, cp_object *object, const cp_type *row,
                       size_t size, size_t card)
{
    size_t end = cp_type_values_end(row, object, size);
    size_t from = card > row->values_from ? card : row->values_from;
    size_t to = card + CP_CARD_BYTES < end ? card + CP_CARD_BYTES : end;
    (void)c;
    for (size_t at = from; at < to; at += sizeof(cp_value)) {
        cp_value v;
        memcpy(&v, (const char *)object + at, sizeof v);
        cp_trace(tracer, v);
    }
}

static void check_fields(checker *c, cp_object *object, unsigned state)
{
    const cp_type *row = cp_heap_type(c->heap, object);
    size_t size = cp_object_size(c->heap, object);
    bool is_young = (state & CP_STATE_YOUNG) != 0;
    bool has_dirty = false;
    cp_tracer tracer = {.heap = c->heap, .visit = check_value, .context = c};
    for (size_t card = 0; card < size; card += CP_CARD_BYTES) {
        bool dirty = is_dirty(object, card);
        has_dirty |= dirty;
        c->dirty_cards += dirty && !is_young;
        c->may_be_young = dirty || is_young;
        check_card(c, &tracer, object, row, size, card);
    }
    c->may_be_young = has_dirty || is_young;
    if (row->trace != NULL)
        row->trace(object, &tracer);
    if (row->weak_trace != NULL)
        row->weak_trace(object, &tracer, 0, size);
}

/* The granules behind the head are interior, and what follows them is not. */
static bool check_interior(const checker *c, const cp_object *object, size_t size)
{
    const uint8_t *states = cp_state_of(object);
    size_t count = cp_granules(size);
    bool is_interior = true;
    for (size_t i = 1; i < count; i++)
        is_interior &= (states[i] & ~(unsigned)CP_STATE_CLEAN) == CP_STATE_INTERIOR;
    expect(c, is_interior, "an object overlaps another one", c->holder);
    size_t block_offset = cp_chunk_offset(object) % CP_BLOCK_BYTES + count * CP_GRANULE_BYTES;
    if (size <= CP_SMALL_MAX && block_offset < CP_BLOCK_BYTES)
        expect(c, (states[count] & CP_STATE_INTERIOR) == 0,
               "an object is smaller than its granules", c->holder);
    return is_interior;
}

static size_t check_object(checker *c, cp_object *object, unsigned state)
{
    const cp_type *row = cp_heap_type(c->heap, object);
    if (row == NULL) {
        complain(c, "an object has no type", c->holder);
        return 0;
    }
    size_t size = cp_object_size(c->heap, object);
    c->large_seen += size > CP_SMALL_MAX;
    if (cp_is_huge(object) || check_interior(c, object, size))
        check_fields(c, object, state);
    return cp_granules(size) * CP_GRANULE_BYTES;
}

static size_t check_pair(checker *c, cp_value pair, unsigned state)
{
    bool is_young = (state & CP_STATE_YOUNG) != 0;
    bool dirty = (state & CP_STATE_CLEAN) == 0;
    c->dirty_cards += dirty && !is_young;
    c->may_be_young = dirty || is_young;
    check_value(c, cp_car(pair));
    check_value(c, cp_cdr(pair));
    return sizeof(cp_pair);
}

static void check_reached(void *context, cp_value v, unsigned state)
{
    checker *c = context;
    c->holder = v;
    unsigned colours = state & CP_STATE_HEADS;
    expect(c, (colours & (colours - 1)) == 0, "a head has two colours", v);
    expect(c, (colours & (c->heap->live | CP_STATE_YOUNG)) != 0, "a dead object was not swept", v);
    expect(c, (state & CP_STATE_YOUNG) == 0 || (state & CP_STATE_CLEAN) == 0,
           "a young object has a clean card", v);
    size_t bytes =
        cp_is_pair(v) ? check_pair(c, v, state) : check_object(c, cp_to_object(v), state);
    c->check->objects++;
    if ((state & CP_STATE_COLOURS) != 0)
        c->check->old_bytes += bytes;
}

/* ---- Roots, lists, sums -------------------------------------------------------------------- */

static void check_roots(checker *c)
{
    cp_tracer tracer = {.heap = c->heap, .visit = check_value, .context = c};
    c->holder = CP_NOTHING;
    c->may_be_young = true;
    cp_mark_roots(&tracer);
}

static void check_logged(checker *c)
{
    const cp_barrier *barrier = &c->heap->barrier;
    for (size_t i = 0; i < barrier->logged_count; i++) {
        const void *address = (const void *)cp_to_address(barrier->logged[i].holder);
        c->holder = barrier->logged[i].holder;
        expect(c, (*cp_state_of(address) & CP_STATE_COLOURS) != 0, "a logged card is of no object",
               c->holder);
        expect(c, (*cp_card_of(address, barrier->logged[i].offset) & CP_STATE_CLEAN) == 0,
               "a logged card is clean", c->holder);
    }
    if (!barrier->is_overflowed)
        expect(c, c->dirty_cards == barrier->logged_count,
               "dirty cards and logged cards are not as many", CP_NOTHING);
}

static size_t count_blocks(const cp_block *list)
{
    size_t count = 0;
    for (; list != NULL; list = list->next)
        count++;
    return count;
}

static void check_blocks(checker *c)
{
    const cp_heap *heap = c->heap;
    size_t chunks = 0;
    size_t free_blocks = 0;
    for (const cp_chunk *chunk = heap->chunks; chunk != NULL; chunk = chunk->next) {
        chunks++;
        free_blocks += chunk->free_count;
    }
    size_t listed = count_blocks(heap->dirty) + count_blocks(heap->recycled) +
                    count_blocks(heap->unswept) + count_blocks(heap->full) +
                    count_blocks(heap->free) + count_blocks(heap->reserve);
    expect(c, listed == chunks * CP_BLOCKS_PER_CHUNK, "a block is in no list, or in two",
           CP_NOTHING);
    expect(c, count_blocks(heap->free) == free_blocks, "free blocks are miscounted", CP_NOTHING);
    expect(c, count_blocks(heap->reserve) == heap->reserve_count, "the reserve is miscounted",
           CP_NOTHING);
}

static size_t sum_chunks(const cp_chunk *list)
{
    size_t bytes = 0;
    for (; list != NULL; list = list->next)
        bytes += list->size;
    return bytes;
}

static void check_account(checker *c)
{
    const cp_heap *heap = c->heap;
    const cp_words *const arrays[] = {&heap->large, &heap->grey, &heap->finalise_young,
                                      &heap->finalise_old, &heap->finalisable};
    size_t bytes = sizeof *heap + heap->external_bytes + sum_chunks(heap->chunks) +
                   sum_chunks(heap->page_chunks) + sum_chunks(heap->huge_chunks) +
                   heap->barrier.logged_capacity * sizeof(cp_logged) +
                   heap->root_capacity * sizeof(cp_root);
    for (size_t i = 0; i < CP_COUNT_OF(arrays); i++)
        bytes += arrays[i]->capacity * sizeof(uint64_t);
    /* Modules above keep their arrays in the account as well, so it may be more. */
    expect(c, bytes <= heap->account_bytes, "the account is less than what is held", CP_NOTHING);
    expect(c, heap->cap_bytes == 0 || heap->account_bytes <= heap->cap_bytes,
           "the account is above the cap", CP_NOTHING);
    expect(c, c->check->old_bytes == heap->live_bytes,
           "old objects are not as many bytes as were counted", cp_make_fixnum(0));
    expect(c, c->large_seen == heap->large.count, "the list of large objects is wrong", CP_NOTHING);
}

static void check_finalisers(checker *c)
{
    const cp_words *const lists[] = {&c->heap->finalise_young, &c->heap->finalise_old};
    for (size_t i = 0; i < CP_COUNT_OF(lists); i++) {
        for (size_t j = 0; j < lists[i]->count; j++) {
            c->holder = cp_from_bits(lists[i]->items[j]);
            c->may_be_young = i == 0;
            check_value(c, c->holder);
            expect(c, (cp_object_flags(cp_to_object(c->holder)) & CP_FLAG_FINALISE) != 0,
                   "an object waits for a finaliser that it has not", c->holder);
        }
    }
}

bool cp_heap_check(cp_heap *heap, cp_check *check)
{
    *check = (cp_check){0};
    checker c = {.heap = heap, .check = check};
    cp_heap_close_holes(heap);
    cp_heap_sweep(heap);
    cp_heap_walk(heap, check_reached, &c);
    check_roots(&c);
    check_logged(&c);
    check_blocks(&c);
    check_account(&c);
    check_finalisers(&c);
    return check->text[0] == '\0';
}

void cp_heap_assert(cp_heap *heap)
{
    cp_check check;
    bool is_sound = cp_heap_check(heap, &check);
    assert(is_sound);
    (void)is_sound;
}
