/* heap.h -- the heap of one interpreter: allocation, the cap, roots, handles, statistics.
 *
 * Owns:  all memory that Lisp objects live in, and the account of all memory of the interpreter.
 * Never: collects inside an allocation, runs Lisp or host code, or moves an object.
 *
 * Allocation never collects: cp_alloc and all that is built on it give NULL, or CP_RETRY where
 * they give a value, when memory is refused. The law that follows: a builtin allocates first and
 * changes state afterwards. On CP_RETRY the machine calls cp_heap_make_room (collect.h) and runs
 * the builtin once more from its start. */
#ifndef CP_INTERP_HEAP_H
#define CP_INTERP_HEAP_H

#include "interp/barrier.h"

/* ---- A heap -------------------------------------------------------------------------------- */

typedef struct cp_heap_options {
    const copse_allocator *allocator; /* NULL: the default one */
    size_t cap_bytes;                 /* of everything in the account; 0: none */
    size_t young_bytes;               /* allocated between young collections; 0: the default */
    size_t reserve_bytes;             /* kept for handlers of out-of-memory; 0: the default */
    int64_t (*now_ns)(void *context); /* for the lengths of pauses; NULL: they read as 0 */
    void *now_context;
} cp_heap_options;

/* What is wanted at the next safepoint. */
typedef enum cp_wanted { CP_WANT_NOTHING, CP_WANT_YOUNG, CP_WANT_FULL } cp_wanted;

/* IDLE: no full cycle. MARK: a full cycle paints in slices; the mutator runs between them. */
typedef enum cp_phase { CP_PHASE_IDLE, CP_PHASE_MARK } cp_phase;

typedef struct cp_gc_stats {
    uint64_t young_count;     /* collections by kind */
    uint64_t full_count;      /* full cycles that ended */
    uint64_t slice_count;     /* slices of full cycles */
    uint64_t emergency_count; /* full cycles finished at once because memory was refused */
    uint64_t pause_count;
    uint64_t pause_total_ns;
    uint64_t pause_max_ns;
    uint64_t allocated_bytes; /* since the heap was made, counted by holes */
    uint64_t promoted_bytes;  /* since the heap was made */
    uint64_t promoted_objects;
    uint64_t marked_bytes; /* by the last full cycle */
    uint64_t marked_objects;
    uint64_t live_bytes;    /* old objects: last full cycle and promotions since */
    uint64_t account_bytes; /* held from the allocator, and external bytes */
    uint64_t account_max;
    uint64_t external_bytes;
    uint64_t refused_count; /* requests refused by the cap or the allocator */
} cp_gc_stats;

typedef void (*cp_root_scanner)(void *context, cp_tracer *tracer);

/* One growable array of words in the account; what it holds is said where it is declared. */
typedef struct cp_words {
    uint64_t *items;
    size_t count;
    size_t capacity;
} cp_words;

/* One row of the table of roots: one of the two functions, and what it is called with. */
typedef struct cp_root {
    cp_root_scanner scan;  /* traces roots, before anything else is marked */
    cp_root_scanner clean; /* forgets what is dead, after everything was marked */
    void *context;
} cp_root;

struct cp_heap {
    cp_barrier barrier; /* first: barrier.h knows no more of a heap */

    /* The hole that objects are bumped into, and one for objects that it has no room for. */
    char *bump;
    char *limit;
    char *side_bump;
    char *side_limit;

    unsigned old_colour; /* what survivors and cp_alloc_old get; the painting colour in a cycle */
    unsigned live;       /* head states that are no holes: old_colour, in a cycle both colours */
    cp_phase phase;
    cp_wanted wanted;

    const cp_type *types[CP_TYPE_LIMIT]; /* borrowed rows; NULL: no such type */

    cp_block *current;      /* the block of the hole at bump, or NULL */
    cp_block *side_current; /* the block of the side hole, or NULL */
    cp_block *dirty;        /* allocated into since the last young collection */
    cp_block *recycled;     /* had young objects: their holes come first */
    cp_block *unswept;      /* not looked at since the last full cycle */
    cp_block *full;         /* have too little room to bother until the next full cycle */
    cp_block *free;         /* hold nothing */
    cp_chunk *chunks;
    cp_chunk *page_chunks;
    cp_chunk *huge_chunks;
    cp_words large;     /* addresses of all objects in pages and huge chunks */
    size_t large_young; /* those before are old */

    copse_allocator account; /* counts, refuses above the cap, passes on */
    const copse_allocator *host;
    size_t account_bytes;
    size_t account_max;
    size_t cap_bytes;
    size_t external_bytes;
    cp_block *reserve; /* free blocks withheld for handlers of out-of-memory */
    uint32_t reserve_count;
    uint32_t reserve_wanted;

    size_t young_bytes;     /* setting: allocated bytes between young collections */
    size_t young_allocated; /* bytes since the last one, by holes */
    uint64_t cycle_bytes;   /* marked by the full cycle so far */
    uint64_t cycle_objects;
    size_t promoted;       /* bytes that became old since the last full cycle */
    size_t external_since; /* external bytes reported since the last full cycle */
    size_t live_bytes;
    size_t refused_bytes; /* size of the last refused request */

    cp_root *roots;
    size_t root_count;
    size_t root_capacity;
    cp_words grey;              /* the marker's stack: mark.c */
    bool grey_overflowed;       /* the full cycle marked objects that it could not push */
    bool grey_overflowed_young; /* and so did the young collection */
    cp_weak *weak_found;        /* weak objects that the full cycle met: mark.c */
    cp_weak *weak_young;        /* those that the young collection met */
    cp_words finalise_young;    /* references to objects with the FINALISE flag, not yet old */
    cp_words finalise_old;
    cp_words finalisable;     /* unreachable ones that wait for the host; roots until taken */
    size_t finalisable_taken; /* items of finalisable that were taken */

    void (*on_wanted)(void *context); /* told when `wanted` rises from nothing */
    void *on_wanted_context;
    int64_t (*now_ns)(void *context);
    void *now_context;
    cp_gc_stats stats;
    void (*check)(cp_heap *heap); /* the heap checker of a stress build */
    bool stress_is_full;          /* kind of the next collection of a stress build */
};

_Static_assert(offsetof(struct cp_heap, barrier) == 0, "barrier.h casts a heap to its barrier");

/* An own heap. NULL when memory is refused. OPTIONS may be NULL. */
cp_heap *cp_heap_new(const cp_heap_options *options) CP_MUST_USE;

/* Give all memory back. Finalisers do not run: take what cp_heap_queue_finalisers queues first. */
void cp_heap_free(cp_heap *own);

/* Give the row of a built-in type, or ask a fresh number for the row of another: 0 when all are
 * taken. ROW outlives the heap. */
void cp_heap_set_type(cp_heap *heap, cp_type_number type, const cp_type *row);
unsigned cp_heap_add_type(cp_heap *heap, const cp_type *row) CP_MUST_USE;

CP_ALWAYS_INLINE const cp_type *cp_heap_type(const cp_heap *heap, const cp_object *object)
{
    return heap->types[cp_object_type(object)];
}

CP_ALWAYS_INLINE size_t cp_object_size(const cp_heap *heap, const cp_object *object)
{
    return cp_type_size(cp_heap_type(heap, object), cp_object_length(object));
}

/* ---- Allocation ---------------------------------------------------------------------------- */

CP_NOINLINE cp_object *cp_alloc_slow(cp_heap *heap, uint64_t header, size_t size);
CP_NOINLINE cp_value cp_cons_slow(cp_heap *heap, cp_value car, cp_value cdr);

/* An object of SIZE bytes with HEADER; the rest is not cleared and must be filled before the next
 * safepoint. SIZE is what the type's row says for the header's length. NULL when refused. */
CP_ALWAYS_INLINE cp_object *cp_alloc_sized(cp_heap *heap, uint64_t header, size_t size)
{
    size_t granules = cp_granules(size);
    char *start = heap->bump;
    if (CP_UNLIKELY(granules * CP_GRANULE_BYTES > (size_t)(heap->limit - start) ||
                    size > CP_SMALL_MAX))
        return cp_alloc_slow(heap, header, size);
    heap->bump = start + granules * CP_GRANULE_BYTES;
    CP_UNPOISON(start, size);
    cp_state_begin(cp_state_of(start), CP_STATE_YOUNG, granules);
    cp_object *object = (cp_object *)(void *)start;
    object->header = header;
    return object;
}

/* The same for TYPE with LENGTH elements; also NULL when LENGTH is above CP_OBJECT_LENGTH_MAX. */
CP_ALWAYS_INLINE cp_object *cp_alloc(cp_heap *heap, unsigned type, size_t length)
{
    if (CP_UNLIKELY(length > CP_OBJECT_LENGTH_MAX))
        return cp_alloc_slow(heap, 0, SIZE_MAX);
    return cp_alloc_sized(heap, cp_header(type, 0, 0, length),
                          cp_type_size(heap->types[type], length));
}

/* The same, but old from the start: no young collection looks into it, every store to it needs the
 * barrier from the first one on (raw data aside), and only a full cycle frees it. The whole object
 * is zeroed: cp_value words read as CP_NOTHING. For what will live long or is large. */
cp_object *cp_alloc_old(cp_heap *heap, unsigned type, size_t length);

/* The same, not zeroed but for the header and what follows it up to the type's fixed size: for
 * types that know how far they are filled (values_end). */
cp_object *cp_alloc_old_unfilled(cp_heap *heap, unsigned type, size_t length);

/* A pair, or CP_RETRY. */
CP_ALWAYS_INLINE cp_value cp_cons(cp_heap *heap, cp_value car, cp_value cdr)
{
    char *start = heap->bump;
    if (CP_UNLIKELY(start == heap->limit))
        return cp_cons_slow(heap, car, cdr);
    /* The hole was painted as pairs when it was taken. */
    heap->bump = start + sizeof(cp_pair);
    CP_UNPOISON(start, sizeof(cp_pair));
    cp_pair *pair = (cp_pair *)(void *)start;
    pair->car = car;
    pair->cdr = cdr;
    return cp_from_pair(pair);
}

/* Make sure that allocations of BYTES in all, in objects of at most CP_SMALL_MAX, will succeed
 * before the next safepoint: for opcodes, which can not be retried. False when refused. */
bool cp_heap_ensure(cp_heap *heap, size_t bytes) CP_MUST_USE;

/* ---- The account --------------------------------------------------------------------------- */

/* The allocator for everything that belongs to the interpreter: it counts against the cap. */
CP_ALWAYS_INLINE const copse_allocator *cp_heap_allocator(cp_heap *heap)
{
    return &heap->account;
}

/* Count BYTES (or, negative, no longer) that the interpreter holds elsewhere, such as a buffer of a
 * library behind a foreign object. False when the cap refuses; then nothing was counted. */
bool cp_heap_external(cp_heap *heap, int64_t bytes) CP_MUST_USE;

/* Give the reserve to the allocator, so that a handler of out-of-memory can run; true when there
 * was one. A collection after which memory is left takes it back. */
bool cp_heap_open_reserve(cp_heap *heap);

/* Refill the reserve when it was opened and memory allows. Collections call it. */
void cp_heap_close_reserve(cp_heap *heap);

/* ---- Safepoint requests -------------------------------------------------------------------- */

CP_ALWAYS_INLINE cp_wanted cp_heap_wants_collection(const cp_heap *heap)
{
    return heap->wanted;
}

/* Ask for a collection at the next safepoint; a weaker wish does not replace a stronger one. */
void cp_heap_want(cp_heap *heap, cp_wanted wanted);

/* ON_WANTED is called, inside an allocation, when a collection becomes wanted: the machine lowers
 * its fuel so that the next call or back edge is a safepoint. It must not allocate. */
void cp_heap_on_wanted(cp_heap *heap, void (*on_wanted)(void *context), void *context);

/* ---- Roots --------------------------------------------------------------------------------- */

/* SCAN(CONTEXT, tracer) traces every root that CONTEXT knows, at the start of each collection.
 * False when memory is refused. What was added is removed by the same two. */
bool cp_heap_add_root_scanner(cp_heap *heap, cp_root_scanner scan, void *context) CP_MUST_USE;
void cp_heap_remove_root_scanner(cp_heap *heap, cp_root_scanner scan, void *context);

/* CLEAN(CONTEXT, tracer) forgets its references to what is dead (cp_trace_is_dead), at the end of
 * each collection. False when memory is refused. */
bool cp_heap_add_cleaner(cp_heap *heap, cp_root_scanner clean, void *context) CP_MUST_USE;
void cp_heap_remove_cleaner(cp_heap *heap, cp_root_scanner clean, void *context);

/* ---- Finalisers ---------------------------------------------------------------------------- */

/* When OBJECT is reachable no more, queue it instead of freeing it. Once per object; false when
 * memory is refused. */
bool cp_heap_add_finaliser(cp_heap *heap, cp_object *object) CP_MUST_USE;

/* The next queued object, which the caller may resurrect, or CP_NOTHING. In the order in which
 * they were registered, for those found by the same collection. The caller runs what its type's
 * row says (finalise), outside of any collection. */
cp_value cp_heap_take_finalisable(cp_heap *heap);

/* Queue every object with a finaliser, reachable or not: before cp_heap_free. */
void cp_heap_queue_finalisers(cp_heap *heap);

/* ---- Parts for mark.c, collect.c, check.c ---------------------------------------------------- */

/* Make room for COUNT further items; append one. False when refused; the array is as before. */
bool cp_words_reserve(cp_heap *heap, cp_words *words, size_t count) CP_MUST_USE;
bool cp_words_push(cp_heap *heap, cp_words *words, uint64_t item) CP_MUST_USE;
void cp_words_free(cp_heap *heap, cp_words *words);

/* Close both holes: their rests, and what follows them in their blocks, become free granules. The
 * next allocation takes a new hole. */
void cp_heap_close_holes(cp_heap *heap);

/* After a young collection: all dirty blocks may be recycled. */
void cp_heap_recycle(cp_heap *heap);

/* After a full cycle: every block has to be swept. */
void cp_heap_unsweep(cp_heap *heap);

/* Turn every dead object of all blocks but the dirty ones into free granules now, and find the
 * blocks that are free. Needed before a full cycle, whose painting colour must not occur, and
 * before the checker looks. */
void cp_heap_sweep(cp_heap *heap);

/* Free the large objects from index FROM of the list on that are dead. */
void cp_heap_sweep_large(cp_heap *heap, size_t from);

/* Count what became old: it brings the next full cycle nearer. */
void cp_heap_count_promoted(cp_heap *heap, uint64_t bytes, uint64_t objects);

/* Give chunks that hold nothing back to the host, but for one. */
void cp_heap_trim(cp_heap *heap);

/* The painting colour of the next full cycle. */
CP_ALWAYS_INLINE unsigned cp_heap_other_colour(const cp_heap *heap)
{
    return heap->old_colour ^ CP_STATE_COLOURS;
}

/* Current figures. */
cp_gc_stats cp_heap_stats(const cp_heap *heap);

#endif
