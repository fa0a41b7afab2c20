/* heap.c -- allocation bumps a pointer through holes; this file is where the next hole comes from.
 *
 * Blocks are in one list each:
 *
 *              take a hole            young collection
 *   recycled ---------------> dirty --------------------> recycled, or full when little was free
 *   unswept  ------------'     ^                          (both become unswept when a cycle ends)
 *   free     ------------------'
 *
 * Recycled blocks come first: their cache lines are warm and nearly all their objects died. A hole
 * is painted as young pairs when it is taken, so that cons writes no state byte; an object writes
 * its own. Dead objects are never visited: sweeping reads state bytes when a hole is looked for. */
#include "interp/heap.h"

#include "sched/memory.h"

enum {
    DEFAULT_YOUNG_BYTES = 2 * 1024 * 1024,
    DEFAULT_RESERVE_BYTES = 2 * CP_BLOCK_BYTES,
    /* A block with less than this free is left alone until the next full cycle. */
    WORTHWHILE_GRANULES = CP_GRANULES_PER_BLOCK / 16,
    /* An object above this does not close the hole that it does not fit: it takes the side hole. */
    SIDE_BYTES = 256,
    /* The side hole looks at so many recycled blocks for a hole of this size. */
    ROOMY_LOOKS = 8,
    ROOMY_BYTES = CP_BLOCK_BYTES / 4
};

/* ---- The account --------------------------------------------------------------------------- */

static bool cap_allows(const cp_heap *heap, size_t bytes)
{
    return heap->cap_bytes == 0 || (heap->account_bytes <= heap->cap_bytes &&
                                    bytes <= heap->cap_bytes - heap->account_bytes);
}

static void count_refusal(cp_heap *heap, size_t bytes)
{
    heap->refused_bytes = bytes;
    heap->stats.refused_count++;
}

static void count_bytes(cp_heap *heap, size_t bytes)
{
    heap->account_bytes += bytes;
    if (heap->account_bytes > heap->account_max)
        heap->account_max = heap->account_bytes;
}

static void *allocate_counted(void *context, size_t size, size_t alignment)
{
    cp_heap *heap = context;
    void *block = NULL;
    if (cap_allows(heap, size))
        block = heap->host->allocate(heap->host->context, size, alignment);
    if (block == NULL)
        count_refusal(heap, size);
    else
        count_bytes(heap, size);
    return block;
}

static void release_counted(void *context, void *block, size_t size, size_t alignment)
{
    cp_heap *heap = context;
    assert(heap->account_bytes >= size);
    heap->account_bytes -= size;
    heap->host->release(heap->host->context, block, size, alignment);
}

/* A full collection is worth its work when the old generation grew by a quarter. */
static size_t growth_limit(const cp_heap *heap)
{
    size_t quarter = heap->live_bytes / 4;
    size_t least = 2 * heap->young_bytes;
    return quarter > least ? quarter : least;
}

bool cp_heap_external(cp_heap *heap, int64_t bytes)
{
    if (bytes <= 0) {
        size_t less = (size_t)-bytes;
        assert(less <= heap->external_bytes);
        heap->external_bytes -= less;
        heap->account_bytes -= less;
        return true;
    }
    size_t more = (size_t)bytes;
    if (!cap_allows(heap, more)) {
        count_refusal(heap, more);
        return false;
    }
    heap->external_bytes += more;
    heap->external_since += more;
    count_bytes(heap, more);
    if (heap->external_since >= growth_limit(heap))
        cp_heap_want(heap, CP_WANT_FULL);
    return true;
}

/* ---- Arrays of words ----------------------------------------------------------------------- */

bool cp_words_reserve(cp_heap *heap, cp_words *words, size_t count)
{
    void *items = words->items;
    bool has_room = cp_grow_array(&heap->account, &items, &words->capacity, words->count + count,
                                  sizeof(uint64_t));
    words->items = items;
    return has_room;
}

bool cp_words_push(cp_heap *heap, cp_words *words, uint64_t item)
{
    if (CP_UNLIKELY(words->count == words->capacity) && !cp_words_reserve(heap, words, 1))
        return false;
    words->items[words->count++] = item;
    return true;
}

void cp_words_free(cp_heap *heap, cp_words *words)
{
    if (words->items != NULL)
        cp_release_array(&heap->account, words->items, words->capacity, sizeof(uint64_t));
    *words = (cp_words){NULL, 0, 0};
}

/* ---- Chunks and lists of blocks ------------------------------------------------------------ */

static void link_chunk(cp_chunk **list, cp_chunk *chunk)
{
    chunk->previous = NULL;
    chunk->next = *list;
    if (*list != NULL)
        (*list)->previous = chunk;
    *list = chunk;
}

static void unlink_chunk(cp_chunk **list, cp_chunk *chunk)
{
    if (chunk->previous != NULL)
        chunk->previous->next = chunk->next;
    else
        *list = chunk->next;
    if (chunk->next != NULL)
        chunk->next->previous = chunk->previous;
}

static void push_block(cp_block **list, cp_block *block)
{
    block->next = *list;
    *list = block;
}

static cp_block *pop_block(cp_block **list)
{
    cp_block *block = *list;
    if (block != NULL)
        *list = block->next;
    return block;
}

static void push_free(cp_heap *heap, cp_block *block)
{
    block->is_free = true;
    cp_chunk_of(block)->free_count++;
    push_block(&heap->free, block);
}

static cp_block *pop_free(cp_heap *heap)
{
    cp_block *block = pop_block(&heap->free);
    if (block == NULL)
        return NULL;
    block->is_free = false;
    cp_chunk_of(block)->free_count--;
    return block;
}

static bool add_block_chunk(cp_heap *heap)
{
    cp_chunk *chunk = cp_chunk_new(&heap->account, CP_CHUNK_BLOCKS, 0);
    if (chunk == NULL)
        return false;
    link_chunk(&heap->chunks, chunk);
    /* Pushed from the last, so that they are taken in the order of their addresses. */
    for (size_t i = CP_BLOCKS_PER_CHUNK; i > 0; i--)
        push_free(heap, &chunk->blocks[i - 1]);
    return true;
}

static cp_block *take_free_block(cp_heap *heap)
{
    if (heap->free == NULL && !add_block_chunk(heap))
        return NULL;
    cp_block *block = pop_free(heap);
    block->cursor = 0;
    block->found = 0;
    return block;
}

/* The next block to look for holes in, whose cursor is 0; NULL when memory is refused. */
static cp_block *take_block(cp_heap *heap)
{
    cp_block *block = pop_block(&heap->recycled);
    if (block == NULL)
        block = pop_block(&heap->unswept);
    if (block == NULL)
        return take_free_block(heap);
    block->cursor = 0;
    block->found = 0;
    return block;
}

/* ---- Reserve ------------------------------------------------------------------------------- */

bool cp_heap_open_reserve(cp_heap *heap)
{
    bool had_any = heap->reserve != NULL;
    cp_block *block;
    while ((block = pop_block(&heap->reserve)) != NULL)
        push_free(heap, block);
    heap->reserve_count = 0;
    return had_any;
}

void cp_heap_close_reserve(cp_heap *heap)
{
    while (heap->reserve_count < heap->reserve_wanted && heap->free != NULL) {
        push_block(&heap->reserve, pop_free(heap));
        heap->reserve_count++;
    }
}

/* ---- Wishes -------------------------------------------------------------------------------- */

void cp_heap_want(cp_heap *heap, cp_wanted wanted)
{
    if (wanted <= heap->wanted)
        return;
    bool is_first = heap->wanted == CP_WANT_NOTHING;
    heap->wanted = wanted;
    if (is_first && heap->on_wanted != NULL)
        heap->on_wanted(heap->on_wanted_context);
}

void cp_heap_on_wanted(cp_heap *heap, void (*on_wanted)(void *context), void *context)
{
    heap->on_wanted = on_wanted;
    heap->on_wanted_context = context;
}

static void want_young(cp_heap *heap)
{
    cp_heap_want(heap, CP_WANT_YOUNG);
}

static void count_young(cp_heap *heap, size_t bytes)
{
    heap->young_allocated += bytes;
    heap->stats.allocated_bytes += bytes;
    if (heap->young_allocated >= heap->young_bytes)
        cp_heap_want(heap, CP_WANT_YOUNG);
}

void cp_heap_count_promoted(cp_heap *heap, uint64_t bytes, uint64_t objects)
{
    heap->promoted += bytes;
    heap->live_bytes += bytes;
    heap->stats.promoted_bytes += bytes;
    heap->stats.promoted_objects += objects;
    if (heap->promoted >= growth_limit(heap))
        cp_heap_want(heap, CP_WANT_FULL);
}

/* ---- Holes --------------------------------------------------------------------------------- */

/* Turn what is left of a hole into free granules. */
static void close_hole(char **bump, char **limit)
{
    cp_hole_paint(*bump, *limit, CP_STATE_FREE);
    *bump = NULL;
    *limit = NULL;
}

/* Free every hole of BLOCK from its cursor on. */
static void sweep_rest(cp_heap *heap, cp_block *block)
{
    for (;;) {
        cp_hole hole = cp_block_next_hole(block, heap->live);
        if (hole.start == hole.end)
            return;
        cp_hole_paint(hole.start, hole.end, CP_STATE_FREE);
    }
}

/* Make a hole of at least BYTES of *CURRENT, or of the blocks that NEXT_BLOCK gives after it, the
 * one at *BUMP. Smaller holes on the way are left for the next collection. */
static bool take_hole(cp_heap *heap, cp_block **current, char **bump, char **limit, size_t bytes,
                      cp_block *(*next_block)(cp_heap *heap))
{
    close_hole(bump, limit);
    for (;;) {
        if (*current == NULL)
            *current = next_block(heap);
        if (*current == NULL)
            return false;
        cp_hole hole = cp_block_next_hole(*current, heap->live);
        size_t size = (size_t)(hole.end - hole.start);
        if (size == 0) {
            push_block(&heap->dirty, *current);
            *current = NULL;
            continue;
        }
        if (size < bytes) {
            cp_hole_paint(hole.start, hole.end, CP_STATE_FREE);
            continue;
        }
        cp_hole_paint(hole.start, hole.end, CP_STATE_YOUNG | CP_STATE_PAIR);
        *bump = hole.start;
        *limit = hole.end;
        count_young(heap, size);
        return true;
    }
}

static bool take_main_hole(cp_heap *heap, size_t bytes)
{
    return take_hole(heap, &heap->current, &heap->bump, &heap->limit, bytes, take_block);
}

/* Whether some hole of BLOCK has ROOMY_BYTES. Leaves its cursor at 0. */
static bool is_roomy(const cp_heap *heap, cp_block *block)
{
    size_t size = 0;
    block->cursor = 0;
    do {
        cp_hole hole = cp_block_next_hole(block, heap->live);
        size = (size_t)(hole.end - hole.start);
    } while (size != 0 && size < ROOMY_BYTES);
    block->cursor = 0;
    block->found = 0;
    return size != 0;
}

/* A block for objects of some size: one of the recycled with a large hole, else a free one, as
 * Immix has it, because to look for holes that fit would throw many away. Only when no block is to
 * be had the others are looked through. */
static cp_block *take_roomy_block(cp_heap *heap)
{
    cp_block **link = &heap->recycled;
    for (size_t i = 0; i < ROOMY_LOOKS && *link != NULL; i++) {
        cp_block *block = *link;
        if (is_roomy(heap, block)) {
            *link = block->next;
            return block;
        }
        link = &block->next;
    }
    cp_block *fresh = take_free_block(heap);
    return fresh != NULL ? fresh : take_block(heap);
}

static bool take_side_hole(cp_heap *heap, size_t bytes)
{
    return take_hole(heap, &heap->side_current, &heap->side_bump, &heap->side_limit, bytes,
                     take_roomy_block);
}

void cp_heap_close_holes(cp_heap *heap)
{
    close_hole(&heap->bump, &heap->limit);
    close_hole(&heap->side_bump, &heap->side_limit);
    cp_block **const currents[] = {&heap->current, &heap->side_current};
    for (size_t i = 0; i < CP_COUNT_OF(currents); i++) {
        if (*currents[i] == NULL)
            continue;
        sweep_rest(heap, *currents[i]);
        push_block(&heap->dirty, *currents[i]);
        *currents[i] = NULL;
    }
}

bool cp_heap_ensure(cp_heap *heap, size_t bytes)
{
    assert(bytes <= CP_BLOCK_BYTES);
    if ((size_t)(heap->limit - heap->bump) >= bytes)
        return true;
    return take_main_hole(heap, bytes);
}

/* ---- Large objects ------------------------------------------------------------------------- */

static void *take_pages(cp_heap *heap, size_t size)
{
    for (cp_chunk *chunk = heap->page_chunks; chunk != NULL; chunk = chunk->next) {
        void *run = cp_pages_take(chunk, size);
        if (run != NULL)
            return run;
    }
    cp_chunk *chunk = cp_chunk_new(&heap->account, CP_CHUNK_PAGES, 0);
    if (chunk == NULL)
        return NULL;
    link_chunk(&heap->page_chunks, chunk);
    return cp_pages_take(chunk, size);
}

static void *take_huge(cp_heap *heap, size_t size)
{
    cp_chunk *chunk = cp_chunk_new(&heap->account, CP_CHUNK_HUGE, size);
    if (chunk == NULL)
        return NULL;
    link_chunk(&heap->huge_chunks, chunk);
    return cp_chunk_huge_object(chunk);
}

/* Memory for a large object, at the end of the list. */
static void *take_large(cp_heap *heap, size_t size)
{
    if (size > (size_t)1 << 39 || !cp_words_reserve(heap, &heap->large, 1)) {
        count_refusal(heap, size);
        return NULL;
    }
    void *start = size <= CP_PAGED_MAX ? take_pages(heap, size) : take_huge(heap, size);
    if (start == NULL)
        return NULL;
    heap->large.items[heap->large.count++] = (uint64_t)(uintptr_t)start;
    CP_UNPOISON(start, size);
    if (cp_is_huge(start))
        *cp_state_of(start) = CP_STATE_YOUNG;
    else
        cp_state_begin(cp_state_of(start), CP_STATE_YOUNG, cp_granules(size));
    count_young(heap, size);
    return start;
}

static void give_large(cp_heap *heap, cp_object *object)
{
    if (cp_is_huge(object)) {
        cp_chunk *chunk = cp_chunk_of(object);
        unlink_chunk(&heap->huge_chunks, chunk);
        cp_chunk_free(&heap->account, chunk);
        return;
    }
    cp_pages_give(object, cp_object_size(heap, object));
}

void cp_heap_sweep_large(cp_heap *heap, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < heap->large.count; i++) {
        cp_object *object = (cp_object *)(uintptr_t)heap->large.items[i];
        if ((*cp_state_of(object) & heap->live) != 0)
            heap->large.items[kept++] = heap->large.items[i];
        else
            give_large(heap, object);
    }
    heap->large.count = kept;
    heap->large_young = kept;
}

/* ---- Allocation ---------------------------------------------------------------------------- */

/* Memory for SIZE bytes, with the state bytes of one young object. */
static void *take_memory(cp_heap *heap, size_t size)
{
    if (size > CP_SMALL_MAX)
        return take_large(heap, size);
    size_t bytes = cp_granules(size) * CP_GRANULE_BYTES;
    char **bump = &heap->bump;
    if ((size_t)(heap->limit - heap->bump) < bytes) {
        bool is_side = bytes > SIDE_BYTES;
        if (is_side)
            bump = &heap->side_bump;
        if (is_side && (size_t)(heap->side_limit - heap->side_bump) < bytes &&
            !take_side_hole(heap, bytes))
            return NULL;
        if (!is_side && !take_main_hole(heap, bytes))
            return NULL;
    }
    char *start = *bump;
    *bump = start + bytes;
    CP_UNPOISON(start, size);
    cp_state_begin(cp_state_of(start), CP_STATE_YOUNG, bytes / CP_GRANULE_BYTES);
    return start;
}

cp_object *cp_alloc_slow(cp_heap *heap, uint64_t header, size_t size)
{
    cp_object *object = take_memory(heap, size);
    if (object != NULL)
        object->header = header;
    return object;
}

cp_value cp_cons_slow(cp_heap *heap, cp_value car, cp_value cdr)
{
    if (!take_main_hole(heap, sizeof(cp_pair)))
        return CP_RETRY;
    return cp_cons(heap, car, cdr);
}

/* The running cycle does not meet what is born marked. */
static void list_weak(cp_heap *heap, cp_object *object)
{
    cp_weak *weak = (cp_weak *)object;
    weak->next_weak = heap->weak_found;
    heap->weak_found = weak;
}

cp_object *cp_alloc_old_unfilled(cp_heap *heap, unsigned type, size_t length)
{
    const cp_type *row = heap->types[type];
    if (length > CP_OBJECT_LENGTH_MAX)
        return cp_alloc_slow(heap, 0, SIZE_MAX);
    size_t size = cp_type_size(row, length);
    cp_object *object = take_memory(heap, size);
    if (object == NULL)
        return NULL;
    memset(object, 0, row->fixed_bytes);
    object->header = cp_header(type, 0, 0, length);
    *cp_state_of(object) = (uint8_t)(heap->old_colour | CP_STATE_CLEAN);
    cp_cards_clean(object, size);
    if (row->weak_trace != NULL && heap->phase == CP_PHASE_MARK)
        list_weak(heap, object);
    cp_heap_count_promoted(heap, cp_granules(size) * CP_GRANULE_BYTES, 1);
    return object;
}

cp_object *cp_alloc_old(cp_heap *heap, unsigned type, size_t length)
{
    cp_object *object = cp_alloc_old_unfilled(heap, type, length);
    if (object == NULL)
        return NULL;
    const cp_type *row = heap->types[type];
    memset((char *)object + row->fixed_bytes, 0, length * row->element_bytes);
    return object;
}

/* ---- After collections --------------------------------------------------------------------- */

static void list_by_room(cp_heap *heap, cp_block *block)
{
    push_block(block->found < WORTHWHILE_GRANULES ? &heap->full : &heap->recycled, block);
}

void cp_heap_recycle(cp_heap *heap)
{
    cp_block *block;
    while ((block = pop_block(&heap->dirty)) != NULL)
        list_by_room(heap, block);
    heap->young_allocated = 0;
}

void cp_heap_unsweep(cp_heap *heap)
{
    cp_block **const lists[] = {&heap->recycled, &heap->full, &heap->dirty};
    for (size_t i = 0; i < CP_COUNT_OF(lists); i++) {
        cp_block *block;
        while ((block = pop_block(lists[i])) != NULL)
            push_block(&heap->unswept, block);
    }
}

void cp_heap_sweep(cp_heap *heap)
{
    cp_block *lists[] = {heap->recycled, heap->unswept, heap->full};
    heap->recycled = NULL;
    heap->unswept = NULL;
    heap->full = NULL;
    for (size_t i = 0; i < CP_COUNT_OF(lists); i++) {
        cp_block *block;
        while ((block = pop_block(&lists[i])) != NULL) {
            block->cursor = 0;
            block->found = 0;
            sweep_rest(heap, block);
            if (block->found == CP_GRANULES_PER_BLOCK)
                push_free(heap, block);
            else
                list_by_room(heap, block);
        }
    }
}

/* Take the blocks of chunks that are wholly free, all but SPARED of them, out of the free list. */
static void drop_free_blocks(cp_heap *heap, const cp_chunk *spared)
{
    cp_block *kept = NULL;
    cp_block *block;
    while ((block = pop_block(&heap->free)) != NULL) {
        const cp_chunk *chunk = cp_chunk_of(block);
        if (chunk->free_count < CP_BLOCKS_PER_CHUNK || chunk == spared)
            push_block(&kept, block);
    }
    while ((block = pop_block(&kept)) != NULL)
        push_block(&heap->free, block);
}

static void free_empty_chunks(cp_heap *heap, cp_chunk **list, uint32_t empty_count,
                              const cp_chunk *spared)
{
    for (cp_chunk *chunk = *list, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        if (chunk->free_count < empty_count || chunk == spared)
            continue;
        unlink_chunk(list, chunk);
        cp_chunk_free(&heap->account, chunk);
    }
}

void cp_heap_trim(cp_heap *heap)
{
    const cp_chunk *spared = heap->chunks;
    while (spared != NULL && spared->free_count < CP_BLOCKS_PER_CHUNK)
        spared = spared->next;
    drop_free_blocks(heap, spared);
    free_empty_chunks(heap, &heap->chunks, CP_BLOCKS_PER_CHUNK, spared);
    free_empty_chunks(heap, &heap->page_chunks, CP_PAGES_PER_CHUNK, NULL);
}

/* ---- Roots --------------------------------------------------------------------------------- */

static bool add_root(cp_heap *heap, cp_root root)
{
    void *roots = heap->roots;
    bool has_room = cp_grow_array(&heap->account, &roots, &heap->root_capacity,
                                  heap->root_count + 1, sizeof(cp_root));
    heap->roots = roots;
    if (has_room)
        heap->roots[heap->root_count++] = root;
    return has_room;
}

static bool is_same_root(const cp_root *a, const cp_root *b)
{
    return a->scan == b->scan && a->clean == b->clean && a->context == b->context;
}

static void remove_root(cp_heap *heap, cp_root root)
{
    size_t at = 0;
    while (at < heap->root_count && !is_same_root(&heap->roots[at], &root))
        at++;
    assert(at < heap->root_count);
    memmove(&heap->roots[at], &heap->roots[at + 1], (heap->root_count - at - 1) * sizeof(cp_root));
    heap->root_count--;
}

bool cp_heap_add_root_scanner(cp_heap *heap, cp_root_scanner scan, void *context)
{
    return add_root(heap, (cp_root){scan, NULL, context});
}

void cp_heap_remove_root_scanner(cp_heap *heap, cp_root_scanner scan, void *context)
{
    remove_root(heap, (cp_root){scan, NULL, context});
}

bool cp_heap_add_cleaner(cp_heap *heap, cp_root_scanner clean, void *context)
{
    return add_root(heap, (cp_root){NULL, clean, context});
}

void cp_heap_remove_cleaner(cp_heap *heap, cp_root_scanner clean, void *context)
{
    remove_root(heap, (cp_root){NULL, clean, context});
}

/* ---- Finalisers ---------------------------------------------------------------------------- */

bool cp_heap_add_finaliser(cp_heap *heap, cp_object *object)
{
    assert((cp_object_flags(object) & CP_FLAG_FINALISE) == 0);
    /* Room everywhere now: the collector moves words between these and can not be refused. */
    size_t all = heap->finalise_young.count + heap->finalise_old.count + 1;
    if (!cp_words_reserve(heap, &heap->finalise_young, 1) ||
        !cp_words_reserve(heap, &heap->finalise_old, all - heap->finalise_old.count) ||
        !cp_words_reserve(heap, &heap->finalisable, all))
        return false;
    bool is_young = (*cp_state_of(object) & CP_STATE_YOUNG) != 0;
    cp_words *list = is_young ? &heap->finalise_young : &heap->finalise_old;
    list->items[list->count++] = cp_from_object(object).bits;
    cp_object_set_flags(object, CP_FLAG_FINALISE);
    return true;
}

cp_value cp_heap_take_finalisable(cp_heap *heap)
{
    if (heap->finalisable_taken == heap->finalisable.count)
        return CP_NOTHING;
    cp_value v = cp_from_bits(heap->finalisable.items[heap->finalisable_taken++]);
    if (heap->finalisable_taken == heap->finalisable.count) {
        heap->finalisable.count = 0;
        heap->finalisable_taken = 0;
    }
    cp_object_clear_flags(cp_to_object(v), CP_FLAG_FINALISE);
    return v;
}

void cp_heap_queue_finalisers(cp_heap *heap)
{
    cp_words *const lists[] = {&heap->finalise_old, &heap->finalise_young};
    for (size_t i = 0; i < CP_COUNT_OF(lists); i++) {
        for (size_t j = 0; j < lists[i]->count; j++)
            heap->finalisable.items[heap->finalisable.count++] = lists[i]->items[j];
        lists[i]->count = 0;
    }
}

/* ---- A heap -------------------------------------------------------------------------------- */

void cp_heap_set_type(cp_heap *heap, cp_type_number type, const cp_type *row)
{
    assert(heap->types[type] == NULL || heap->types[type] == row);
    heap->types[type] = row;
}

unsigned cp_heap_add_type(cp_heap *heap, const cp_type *row)
{
    for (unsigned type = CP_TYPE_FIRST_FREE; type < CP_TYPE_LIMIT; type++) {
        if (heap->types[type] != NULL)
            continue;
        heap->types[type] = row;
        return type;
    }
    return 0;
}

static size_t first_nonzero(size_t a, size_t b)
{
    return a != 0 ? a : b;
}

cp_heap *cp_heap_new(const cp_heap_options *options)
{
    static const cp_heap_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    const copse_allocator *host = cp_allocator_or_default(options->allocator);
    if (options->cap_bytes != 0 && options->cap_bytes < sizeof(cp_heap))
        return NULL;
    cp_heap *heap = cp_allocate_zeroed(host, sizeof *heap);
    if (heap == NULL)
        return NULL;
    heap->host = host;
    heap->account = (copse_allocator){allocate_counted, release_counted, heap};
    heap->cap_bytes = options->cap_bytes;
    count_bytes(heap, sizeof *heap);
    cp_barrier_init(&heap->barrier, &heap->account);
    heap->barrier.on_many = want_young;
    heap->old_colour = CP_STATE_COLOUR_0;
    heap->live = CP_STATE_COLOUR_0;
    heap->young_bytes = first_nonzero(options->young_bytes, DEFAULT_YOUNG_BYTES);
    size_t reserve_bytes = first_nonzero(options->reserve_bytes, DEFAULT_RESERVE_BYTES);
    heap->reserve_wanted = (uint32_t)((reserve_bytes + CP_BLOCK_BYTES - 1) / CP_BLOCK_BYTES);
    heap->now_ns = options->now_ns;
    heap->now_context = options->now_context;
    if (!add_block_chunk(heap)) {
        cp_heap_free(heap);
        return NULL;
    }
    cp_heap_close_reserve(heap);
    return heap;
}

static void free_chunks(cp_heap *heap, cp_chunk *list)
{
    for (cp_chunk *next; list != NULL; list = next) {
        next = list->next;
        cp_chunk_free(&heap->account, list);
    }
}

void cp_heap_free(cp_heap *own)
{
    if (own == NULL)
        return;
    free_chunks(own, own->chunks);
    free_chunks(own, own->page_chunks);
    free_chunks(own, own->huge_chunks);
    cp_words *const words[] = {&own->large, &own->grey, &own->finalise_young, &own->finalise_old,
                               &own->finalisable};
    for (size_t i = 0; i < CP_COUNT_OF(words); i++)
        cp_words_free(own, words[i]);
    cp_barrier_free(&own->barrier);
    if (own->roots != NULL)
        cp_release_array(&own->account, own->roots, own->root_capacity, sizeof(cp_root));
    assert(own->account_bytes == sizeof *own + own->external_bytes);
    cp_release(own->host, own, sizeof *own);
}

cp_gc_stats cp_heap_stats(const cp_heap *heap)
{
    cp_gc_stats stats = heap->stats;
    stats.live_bytes = heap->live_bytes;
    stats.account_bytes = heap->account_bytes;
    stats.account_max = heap->account_max;
    stats.external_bytes = heap->external_bytes;
    return stats;
}
