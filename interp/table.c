/* table.c -- a table is a store, and while it grows a second one.
 *
 *   table    | entries index hashes | next: entries index hashes |
 *   entries  | header | used live moved ... | successor hashes | key value | key value | ...
 *   index    slots of 32 bits: 0, or a position + 1 below the high bits of the hash
 *
 * The index has a power of two of slots, at most 4/5 of them in use, and is probed linearly from
 * the low bits of the hash; its high bits are in the slot and let nearly every wrong candidate pass
 * without a look at its key.
 * Deleting empties the entry and leaves the slot. Rebuilding, to grow or to be rid of holes, is:
 *
 *   PREPARE  the new index and the first `live` new entries are zeroed; the old store is in use
 *   MOVE     new entries go behind those places, moved ones into them, so that the order stays;
 *            a search looks into the new store, then at the part of the old that is not moved
 *
 * Each insertion does eight units of that, which is done before the new store is full. The old
 * entry array keeps the keys: an iterator that stands in it looks each key up again, and goes on in
 * the successor behind the places of the moved ones.
 *
 * Weak entries are ephemerons (Hayes 1997): one of key and value, the guard, is weak, and the other
 * is traced once the guard is known to be alive. */
#include "interp/table.h"

typedef struct entry {
    cp_value key; /* CP_NOTHING: a hole */
    cp_value value;
} entry;

typedef struct entries {
    cp_weak weak;
    uint32_t used;            /* places in use, holes included */
    uint32_t live;            /* entries that are there and count: not those that were moved on */
    uint32_t moved;           /* places before this one were moved to the successor */
    uint32_t successor_start; /* first place in the successor that holds no moved entry */
    cp_value successor;       /* CP_NOTHING, or the entries that these were moved to */
    cp_value hashes;          /* CP_NOTHING, or a bytevector of uint32_t, one for each place */
    entry places[];           /* as many as the header's length; valid are those below `used` */
} entries;

_Static_assert((CP_CARD_BYTES - offsetof(entries, places)) % sizeof(entry) == 0,
               "no entry lies in two cards");

typedef struct store {
    cp_value entries; /* CP_NOTHING: this store is not there */
    cp_value index;   /* a bytevector of uint32_t */
} store;

typedef enum growth { GROWTH_NONE, GROWTH_PREPARE, GROWTH_MOVE } growth;

typedef struct table {
    cp_object object; /* aux: kind, and weakness above it */
    store now;
    store next;
    uint32_t growth;   /* a growth */
    uint32_t filled;   /* MOVE: places of `next` that moved entries took */
    uint64_t prepared; /* PREPARE: bytes zeroed, of the index and then of the places */
} table;

enum {
    LEAST_SLOT_BITS = 3,
    MOST_SLOT_BITS = 31,
    STEP_BUDGET = 8,     /* units at each insertion */
    BYTES_PER_UNIT = 64, /* zeroed for one unit of budget */
    GROW_AT_ONCE = 256,  /* places up to which a table grows in one go */
    PLACES_OFFSET = offsetof(entries, places)
};

/* ---- Parts --------------------------------------------------------------------------------- */

bool cp_is_table(cp_value v)
{
    return cp_is_type(v, CP_TYPE_TABLE);
}

static table *to_table(cp_value v)
{
    assert(cp_is_table(v));
    return (table *)cp_to_object(v);
}

cp_table_kind cp_table_kind_of(cp_value v)
{
    return (cp_table_kind)(cp_object_aux(&to_table(v)->object) & 0xFF);
}

cp_table_weakness cp_table_weakness_of(cp_value v)
{
    return (cp_table_weakness)(cp_object_aux(&to_table(v)->object) >> 8);
}

static entries *to_entries(cp_value v)
{
    return (entries *)cp_to_object(v);
}

static uint32_t capacity_of(const entries *e)
{
    return cp_object_length(&e->weak.object);
}

static uint32_t *words_of(cp_value bytevector)
{
    return (uint32_t *)(void *)cp_to_bytevector(bytevector)->bytes;
}

static uint32_t slot_count(const store *s)
{
    return cp_bytevector_length(s->index) / (uint32_t)sizeof(uint32_t);
}

static bool has_hashes(cp_table_kind kind)
{
    return kind == CP_TABLE_STRING || kind == CP_TABLE_CUSTOM;
}

static cp_value weak_checked(cp_heap *heap, cp_value t, cp_value v)
{
    return cp_table_weakness_of(t) == CP_TABLE_STRONG ? v : cp_weak_read(heap, v);
}

/* ---- Hashing and equality ------------------------------------------------------------------ */

static uint32_t hash_bits(uint64_t bits)
{
    bits = (bits ^ bits >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    bits = (bits ^ bits >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(bits >> 32);
}

static uint32_t hash_eqv(const cp_heap *heap, cp_value key)
{
    if (!cp_is_object(key))
        return hash_bits(key.bits);
    const cp_type *row = cp_heap_type(heap, cp_to_object(key));
    return hash_bits(row->hash != NULL ? row->hash(cp_to_object(key)) : key.bits);
}

uint32_t cp_table_hash(cp_heap *heap, cp_table_kind kind, cp_value key)
{
    switch (kind) {
    case CP_TABLE_EQ:
        return hash_bits(key.bits);
    case CP_TABLE_EQV:
        return hash_eqv(heap, key);
    case CP_TABLE_STRING:
        return cp_is_string(key) ? cp_string_hash(key) : hash_eqv(heap, key);
    case CP_TABLE_CUSTOM:
        break;
    }
    assert(kind != CP_TABLE_CUSTOM);
    return 0;
}

static bool are_eqv(const cp_heap *heap, cp_value a, cp_value b)
{
    if (cp_same(a, b))
        return true;
    if (!cp_is_object(a) || !cp_is_object(b))
        return false;
    const cp_type *row = cp_heap_type(heap, cp_to_object(a));
    return row->equal != NULL && row == cp_heap_type(heap, cp_to_object(b)) &&
           row->equal(cp_to_object(a), cp_to_object(b));
}

static bool are_equal(const cp_heap *heap, cp_table_kind kind, cp_value a, cp_value b)
{
    if (cp_same(a, b))
        return true;
    if (kind == CP_TABLE_STRING && cp_is_string(a) && cp_is_string(b))
        return cp_string_equal(a, b);
    return kind != CP_TABLE_EQ && kind != CP_TABLE_CUSTOM && are_eqv(heap, a, b);
}

/* ---- Searching ----------------------------------------------------------------------------- */

/* A place found: none when entries is NULL. */
typedef struct place {
    entries *in;
    uint32_t position;
} place;

/* The next place of S with HASH from slot *SLOT on, which is moved behind it; copies of entries
 * that were moved on are among them. */
static place next_with_hash(const store *s, uint32_t hash, uint32_t *slot)
{
    entries *e = to_entries(s->entries);
    const uint32_t *slots = words_of(s->index);
    uint32_t mask = slot_count(s) - 1;
    for (;; (*slot)++) {
        uint32_t word = slots[*slot & mask];
        if (word == 0)
            return (place){NULL, 0};
        if (((word ^ hash) & ~mask) != 0)
            continue;
        uint32_t position = (word & mask) - 1;
        if (cp_is_nothing(e->places[position].key))
            continue;
        (*slot)++;
        return (place){e, position};
    }
}

/* The same without those: they are in the successor, or were deleted there. */
static place next_candidate(const store *s, uint32_t hash, uint32_t *slot)
{
    for (;;) {
        place p = next_with_hash(s, hash, slot);
        if (p.in == NULL || p.position >= p.in->moved)
            return p;
    }
}

static place find_in(const cp_heap *heap, const store *s, cp_table_kind kind, uint32_t hash,
                     cp_value key)
{
    uint32_t slot = hash;
    for (;;) {
        place p = next_candidate(s, hash, &slot);
        if (p.in == NULL || are_equal(heap, kind, p.in->places[p.position].key, key))
            return p;
    }
}

static place find(const cp_heap *heap, const table *t, cp_table_kind kind, uint32_t hash,
                  cp_value key)
{
    if (t->growth == GROWTH_MOVE) {
        place p = find_in(heap, &t->next, kind, hash, key);
        if (p.in != NULL)
            return p;
    }
    return find_in(heap, &t->now, kind, hash, key);
}

static void add_to_index(const store *s, uint32_t hash, uint32_t position)
{
    uint32_t *slots = words_of(s->index);
    uint32_t mask = slot_count(s) - 1;
    assert(position < mask);
    uint32_t slot = hash;
    while (slots[slot & mask] != 0)
        slot++;
    slots[slot & mask] = (hash & ~mask) | (position + 1);
}

/* ---- Stores -------------------------------------------------------------------------------- */

static unsigned entries_type(cp_table_weakness weakness)
{
    switch (weakness) {
    case CP_TABLE_STRONG:
        return CP_TYPE_ENTRIES;
    case CP_TABLE_WEAK_KEY:
        return CP_TYPE_WEAK_KEY_ENTRIES;
    case CP_TABLE_WEAK_VALUE:
        return CP_TYPE_WEAK_VALUE_ENTRIES;
    }
    return CP_TYPE_NONE;
}

static entries *alloc_entries(cp_heap *heap, unsigned type, size_t capacity)
{
    if (PLACES_OFFSET + capacity * sizeof(entry) > CP_SMALL_MAX)
        return (entries *)cp_alloc_old_unfilled(heap, type, capacity);
    entries *e = (entries *)cp_alloc(heap, type, capacity);
    if (e != NULL)
        memset((char *)e + sizeof(cp_object), 0, PLACES_OFFSET - sizeof(cp_object));
    return e;
}

/* A store with 2^BITS slots, whose index is not cleared. False when refused. */
static bool make_store(cp_heap *heap, cp_table_kind kind, cp_table_weakness weakness, unsigned bits,
                       store *s)
{
    size_t slots = (size_t)1 << bits;
    size_t capacity = slots * 4 / 5;
    entries *e = alloc_entries(heap, entries_type(weakness), capacity);
    cp_object *index = cp_alloc(heap, CP_TYPE_BYTEVECTOR, slots * sizeof(uint32_t));
    cp_object *hashes = NULL;
    if (has_hashes(kind))
        hashes = cp_alloc(heap, CP_TYPE_BYTEVECTOR, capacity * sizeof(uint32_t));
    if (e == NULL || index == NULL || (has_hashes(kind) && hashes == NULL))
        return false;
    if (hashes != NULL)
        cp_write(heap, &e->weak.object, &e->hashes, cp_from_object(hashes));
    s->entries = cp_from_object(e);
    s->index = cp_from_object(index);
    return true;
}

/* Bits of an index for at least CAPACITY places; 0 when that is too many. */
static unsigned bits_for(size_t capacity)
{
    for (unsigned bits = LEAST_SLOT_BITS; bits <= MOST_SLOT_BITS; bits++)
        if (((size_t)1 << bits) * 4 / 5 >= capacity)
            return bits;
    return 0;
}

static void put_store(cp_heap *heap, table *t, store *where, store what)
{
    cp_write(heap, &t->object, &where->entries, what.entries);
    cp_write(heap, &t->object, &where->index, what.index);
}

cp_value cp_make_table(cp_heap *heap, cp_table_kind kind, cp_table_weakness weakness,
                       size_t capacity)
{
    store s;
    unsigned bits = bits_for(capacity);
    if (bits == 0 || !make_store(heap, kind, weakness, bits, &s))
        return CP_RETRY;
    uint64_t header = cp_header(CP_TYPE_TABLE, 0, (unsigned)kind | (unsigned)weakness << 8, 0);
    table *t = (table *)cp_alloc_sized(heap, header, sizeof(table));
    if (t == NULL)
        return CP_RETRY;
    memset(words_of(s.index), 0, cp_bytevector_length(s.index));
    t->now = s;
    t->next = (store){CP_NOTHING, CP_NOTHING};
    t->growth = GROWTH_NONE;
    t->filled = 0;
    t->prepared = 0;
    return cp_from_object(t);
}

size_t cp_table_count(cp_value v)
{
    const table *t = to_table(v);
    size_t count = to_entries(t->now.entries)->live;
    if (t->growth == GROWTH_MOVE)
        count += to_entries(t->next.entries)->live;
    return count;
}

/* ---- Growing ------------------------------------------------------------------------------- */

/* Most entries that can be in the old store when they begin to be moved. */
static size_t most_to_move(const entries *e)
{
    return e->live + (capacity_of(e) - e->used);
}

/* Begin to rebuild; false when memory is refused. */
static bool start_growth(cp_heap *heap, cp_value v)
{
    table *t = to_table(v);
    const entries *old = to_entries(t->now.entries);
    unsigned bits = bits_for(most_to_move(old) + old->live / 2 + 1);
    store s;
    if (bits == 0 || !make_store(heap, cp_table_kind_of(v), cp_table_weakness_of(v), bits, &s))
        return false;
    put_store(heap, t, &t->next, s);
    t->growth = GROWTH_PREPARE;
    t->prepared = 0;
    t->filled = 0;
    return true;
}

/* Zero SIZE bytes at most; true when all is zero. */
static bool prepare(table *t, size_t size)
{
    const entries *old = to_entries(t->now.entries);
    size_t index_size = cp_bytevector_length(t->next.index);
    size_t total = index_size + most_to_move(old) * sizeof(entry);
    if (t->prepared < index_size) {
        size_t left = index_size - t->prepared;
        size_t part = size < left ? size : left;
        memset((char *)words_of(t->next.index) + t->prepared, 0, part);
        t->prepared += part;
        size -= part;
    }
    if (t->prepared >= index_size && t->prepared < total) {
        size_t left = total - t->prepared;
        size_t part = size < left ? size : left;
        char *places = (char *)to_entries(t->next.entries)->places;
        memset(places + (t->prepared - index_size), 0, part);
        t->prepared += part;
    }
    return t->prepared >= total;
}

/* From here on new entries go to the new store, behind the places of those to be moved. */
static void start_moving(cp_heap *heap, table *t)
{
    entries *old = to_entries(t->now.entries);
    entries *new = to_entries(t->next.entries);
    old->successor_start = old->live;
    cp_write(heap, &old->weak.object, &old->successor, t->next.entries);
    new->used = old->live;
    t->growth = GROWTH_MOVE;
}

static uint32_t hash_at(cp_heap *heap, cp_table_kind kind, const entries *e, uint32_t position)
{
    if (!cp_is_nothing(e->hashes))
        return words_of(e->hashes)[position];
    return cp_table_hash(heap, kind, e->places[position].key);
}

static void write_place(cp_heap *heap, entries *e, uint32_t position, cp_value key, cp_value value)
{
    cp_before_write(heap, &e->weak.object, &e->places[position]);
    e->places[position] = (entry){key, value};
}

static void move_one(cp_heap *heap, table *t, cp_table_kind kind)
{
    entries *old = to_entries(t->now.entries);
    entries *new = to_entries(t->next.entries);
    uint32_t from = old->moved++;
    entry e = old->places[from];
    if (cp_is_nothing(e.key))
        return;
    uint32_t hash = hash_at(heap, kind, old, from);
    uint32_t to = t->filled++;
    assert(to < old->successor_start);
    write_place(heap, new, to, e.key, e.value);
    if (!cp_is_nothing(new->hashes))
        words_of(new->hashes)[to] = hash;
    add_to_index(&t->next, hash, to);
    /* The key stays for iterators; the value must not be kept alive by the copy. */
    cp_write(heap, &old->weak.object, &old->places[from].value, CP_NOTHING);
    old->live--;
    new->live++;
}

static void finish_growth(cp_heap *heap, table *t)
{
    put_store(heap, t, &t->now, t->next);
    put_store(heap, t, &t->next, (store){CP_NOTHING, CP_NOTHING});
    t->growth = GROWTH_NONE;
}

/* Move up to *BUDGET places; true when the old store is empty. */
static bool move_some(cp_heap *heap, table *t, cp_table_kind kind, size_t budget)
{
    const entries *old = to_entries(t->now.entries);
    for (; budget > 0 && old->moved < old->used; budget--)
        move_one(heap, t, kind);
    return old->moved == old->used;
}

bool cp_table_step(cp_heap *heap, cp_value v, size_t budget)
{
    table *t = to_table(v);
    cp_table_kind kind = cp_table_kind_of(v);
    if (t->growth == GROWTH_PREPARE) {
        size_t bytes = budget > SIZE_MAX / BYTES_PER_UNIT ? SIZE_MAX : budget * BYTES_PER_UNIT;
        if (!prepare(t, bytes))
            return false;
        start_moving(heap, t);
    }
    if (t->growth == GROWTH_MOVE) {
        if (!move_some(heap, t, kind, budget))
            return false;
        finish_growth(heap, t);
    }
    return true;
}

/* The store that new entries go to, with room for one; NULL when memory is refused. */
static store *store_with_room(cp_heap *heap, cp_value v)
{
    table *t = to_table(v);
    (void)cp_table_step(heap, v, STEP_BUDGET);
    const entries *e = to_entries(t->now.entries);
    uint32_t capacity = capacity_of(e);
    if (t->growth == GROWTH_NONE && e->used >= capacity - capacity / 8 && !start_growth(heap, v) &&
        e->used == capacity)
        return NULL;
    /* Small tables grow at once, and so does one whose growth was refused for too long. */
    bool is_late = t->growth == GROWTH_PREPARE && e->used == capacity;
    if (t->growth != GROWTH_NONE && (capacity <= GROW_AT_ONCE || is_late))
        (void)cp_table_step(heap, v, SIZE_MAX);
    store *s = t->growth == GROWTH_MOVE ? &t->next : &t->now;
    e = to_entries(s->entries);
    if (e->used < capacity_of(e))
        return s;
    /* The new store is full before all was moved: only after very many refusals. */
    (void)cp_table_step(heap, v, SIZE_MAX);
    if (!start_growth(heap, v))
        return NULL;
    (void)cp_table_step(heap, v, SIZE_MAX);
    return &t->now;
}

/* ---- Operations ---------------------------------------------------------------------------- */

cp_value cp_table_ref(cp_heap *heap, cp_value v, cp_value key)
{
    cp_table_kind kind = cp_table_kind_of(v);
    place p = find(heap, to_table(v), kind, cp_table_hash(heap, kind, key), key);
    return p.in == NULL ? CP_NOTHING : weak_checked(heap, v, p.in->places[p.position].value);
}

bool cp_table_append(cp_heap *heap, cp_value v, uint32_t hash, cp_value key, cp_value value)
{
    assert(!cp_is_nothing(key));
    store *s = store_with_room(heap, v);
    if (s == NULL)
        return false;
    entries *e = to_entries(s->entries);
    uint32_t position = e->used;
    write_place(heap, e, position, key, value);
    if (!cp_is_nothing(e->hashes))
        words_of(e->hashes)[position] = hash;
    add_to_index(s, hash, position);
    e->used++;
    e->live++;
    return true;
}

bool cp_table_set(cp_heap *heap, cp_value v, cp_value key, cp_value value)
{
    cp_table_kind kind = cp_table_kind_of(v);
    uint32_t hash = cp_table_hash(heap, kind, key);
    place p = find(heap, to_table(v), kind, hash, key);
    if (p.in == NULL)
        return cp_table_append(heap, v, hash, key, value);
    cp_write(heap, &p.in->weak.object, &p.in->places[p.position].value, value);
    return true;
}

/* Empty the copy that a moved entry left behind, so that its key, when it comes again, is not taken
 * for the entry that was there. */
static void forget_copy(cp_heap *heap, const table *t, uint32_t hash, cp_value key)
{
    uint32_t slot = hash;
    for (;;) {
        place p = next_with_hash(&t->now, hash, &slot);
        if (p.in == NULL)
            return;
        if (!cp_same(p.in->places[p.position].key, key))
            continue;
        write_place(heap, p.in, p.position, CP_NOTHING, CP_NOTHING);
        return;
    }
}

static void delete_at(cp_heap *heap, const table *t, uint32_t hash, place p)
{
    assert(p.position >= p.in->moved);
    cp_value key = p.in->places[p.position].key;
    write_place(heap, p.in, p.position, CP_NOTHING, CP_NOTHING);
    p.in->live--;
    if (t->growth == GROWTH_MOVE && cp_same(cp_from_object(p.in), t->next.entries))
        forget_copy(heap, t, hash, key);
}

bool cp_table_delete(cp_heap *heap, cp_value v, cp_value key)
{
    const table *t = to_table(v);
    cp_table_kind kind = cp_table_kind_of(v);
    uint32_t hash = cp_table_hash(heap, kind, key);
    place p = find(heap, t, kind, hash, key);
    if (p.in == NULL)
        return false;
    delete_at(heap, t, hash, p);
    return true;
}

bool cp_table_clear(cp_heap *heap, cp_value v)
{
    store s;
    if (!make_store(heap, cp_table_kind_of(v), cp_table_weakness_of(v), LEAST_SLOT_BITS, &s))
        return false;
    memset(words_of(s.index), 0, cp_bytevector_length(s.index));
    table *t = to_table(v);
    put_store(heap, t, &t->now, s);
    put_store(heap, t, &t->next, (store){CP_NOTHING, CP_NOTHING});
    t->growth = GROWTH_NONE;
    return true;
}

/* ---- Probes -------------------------------------------------------------------------------- */

cp_probe cp_table_probe(cp_value v, uint32_t hash)
{
    bool has_next = to_table(v)->growth == GROWTH_MOVE;
    return (cp_probe){
        .entries = CP_NOTHING, .slot = hash, .hash = hash, .is_old = has_next ? 0 : 1};
}

cp_value cp_table_probe_next(cp_heap *heap, cp_value v, cp_probe *probe)
{
    const table *t = to_table(v);
    for (;; probe->is_old++, probe->slot = probe->hash) {
        const store *s = probe->is_old != 0 ? &t->now : &t->next;
        place p = next_candidate(s, probe->hash, &probe->slot);
        if (p.in != NULL) {
            probe->entries = s->entries;
            probe->position = p.position;
            return weak_checked(heap, v, p.in->places[p.position].key);
        }
        if (probe->is_old != 0)
            return CP_NOTHING;
    }
}

cp_value cp_table_probe_value(cp_heap *heap, const cp_probe *probe)
{
    return cp_weak_read(heap, to_entries(probe->entries)->places[probe->position].value);
}

void cp_table_probe_set(cp_heap *heap, const cp_probe *probe, cp_value value)
{
    entries *e = to_entries(probe->entries);
    cp_write(heap, &e->weak.object, &e->places[probe->position].value, value);
}

void cp_table_probe_delete(cp_heap *heap, cp_value v, const cp_probe *probe)
{
    place p = {to_entries(probe->entries), probe->position};
    delete_at(heap, to_table(v), probe->hash, p);
}

/* ---- Iteration ----------------------------------------------------------------------------- */

cp_table_iterator cp_table_iterate(cp_value v)
{
    return (cp_table_iterator){to_table(v)->now.entries, cp_make_fixnum(0)};
}

/* Whether the place at POSITION of E is part of T and not a copy that was left behind. */
static bool is_current(const table *t, const entries *e, uint32_t position)
{
    cp_value v = cp_from_object(e);
    if (cp_same(v, t->now.entries))
        return position >= e->moved;
    return t->growth == GROWTH_MOVE && cp_same(v, t->next.entries);
}

/* The entry at a place of E as it is now; false when it is gone. */
static bool read_place(cp_heap *heap, cp_value v, const entries *e, uint32_t position,
                       cp_value *key, cp_value *value)
{
    const table *t = to_table(v);
    entry at = e->places[position];
    if (cp_is_nothing(at.key))
        return false;
    if (!is_current(t, e, position)) {
        /* The same key word: what is equal but another object came later. So did what stands in
         * the successor behind the moved ones, where the iterator will come to it. */
        uint32_t hash = hash_at(heap, cp_table_kind_of(v), e, position);
        place p = find(heap, t, CP_TABLE_EQ, hash, at.key);
        if (p.in == NULL ||
            (cp_same(cp_from_object(p.in), e->successor) && p.position >= e->successor_start))
            return false;
        at = p.in->places[p.position];
    }
    *key = weak_checked(heap, v, at.key);
    *value = weak_checked(heap, v, at.value);
    return true;
}

bool cp_table_next(cp_heap *heap, cp_value v, cp_table_iterator *iterator, cp_value *key,
                   cp_value *value)
{
    uint32_t position = (uint32_t)cp_to_fixnum(iterator->position);
    for (;;) {
        const entries *e = to_entries(iterator->entries);
        while (position < e->used) {
            if (!read_place(heap, v, e, position++, key, value))
                continue;
            iterator->position = cp_make_fixnum(position);
            return true;
        }
        iterator->position = cp_make_fixnum(position);
        if (cp_is_nothing(e->successor))
            return false;
        iterator->entries = e->successor;
        position = e->successor_start;
    }
}

/* ---- Checking ------------------------------------------------------------------------------ */

static const char *check_store(cp_heap *heap, const table *t, const store *s, cp_table_kind kind)
{
    const entries *e = to_entries(s->entries);
    uint32_t live = 0;
    if (e->used > capacity_of(e))
        return "more places are used than there are";
    for (uint32_t i = e->moved; i < e->used; i++) {
        if (cp_is_nothing(e->places[i].key))
            continue;
        live++;
        place p = find(heap, t, CP_TABLE_EQ, hash_at(heap, kind, e, i), e->places[i].key);
        if (p.in != e || p.position != i)
            return "a key is not found where it is";
    }
    return live == e->live ? NULL : "entries are miscounted";
}

const char *cp_table_check(cp_heap *heap, cp_value v)
{
    const table *t = to_table(v);
    const char *text = check_store(heap, t, &t->now, cp_table_kind_of(v));
    if (text == NULL && t->growth == GROWTH_MOVE)
        text = check_store(heap, t, &t->next, cp_table_kind_of(v));
    return text;
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static size_t end_of_entries(const cp_object *object)
{
    return PLACES_OFFSET + ((const entries *)object)->used * sizeof(entry);
}

/* The positions of the places between two offsets. */
static void find_positions(const entries *e, size_t from, size_t to, uint32_t *first,
                           uint32_t *last)
{
    size_t begin = from <= PLACES_OFFSET ? 0 : (from - PLACES_OFFSET) / sizeof(entry);
    size_t end = to <= PLACES_OFFSET ? 0 : (to - PLACES_OFFSET) / sizeof(entry);
    *first = (uint32_t)(begin < e->used ? begin : e->used);
    *last = (uint32_t)(end < e->used ? end : e->used);
}

static bool trace_weak(cp_object *object, cp_tracer *tracer, size_t from, size_t to, bool by_key)
{
    const entries *e = (const entries *)object;
    uint32_t first, last;
    bool has_marked = false;
    find_positions(e, from, to, &first, &last);
    for (uint32_t i = first; i < last; i++) {
        entry at = e->places[i];
        if (tracer->visit != NULL)
            cp_trace(tracer, by_key ? at.key : at.value);
        if (i < e->moved || cp_is_nothing(at.key) ||
            cp_trace_is_dead(tracer, by_key ? at.key : at.value))
            continue;
        cp_value held = by_key ? at.value : at.key;
        has_marked |= cp_trace_is_dead(tracer, held);
        cp_trace(tracer, held);
    }
    return has_marked;
}

static void clean_weak(cp_object *object, const cp_tracer *tracer, size_t from, size_t to,
                       bool by_key)
{
    entries *e = (entries *)object;
    uint32_t first, last;
    find_positions(e, from, to, &first, &last);
    for (uint32_t i = first; i < last; i++) {
        entry at = e->places[i];
        bool is_copy = i < e->moved; /* of a key, with no value */
        if (cp_is_nothing(at.key) ||
            !cp_trace_is_dead(tracer, by_key || is_copy ? at.key : at.value))
            continue;
        e->places[i] = (entry){CP_NOTHING, CP_NOTHING};
        e->live -= !is_copy;
    }
}

static bool trace_by_key(cp_object *object, cp_tracer *tracer, size_t from, size_t to)
{
    return trace_weak(object, tracer, from, to, true);
}

static void clean_by_key(cp_object *object, cp_tracer *tracer, size_t from, size_t to)
{
    clean_weak(object, tracer, from, to, true);
}

static bool trace_by_value(cp_object *object, cp_tracer *tracer, size_t from, size_t to)
{
    return trace_weak(object, tracer, from, to, false);
}

static void clean_by_value(cp_object *object, cp_tracer *tracer, size_t from, size_t to)
{
    clean_weak(object, tracer, from, to, false);
}

static const cp_type table_row = {.name = "table",
                                  .fixed_bytes = sizeof(table),
                                  .values_from = offsetof(table, now),
                                  .values_to = offsetof(table, growth)};
static const cp_type entries_row = {.name = "table-entries",
                                    .fixed_bytes = PLACES_OFFSET,
                                    .element_bytes = sizeof(entry),
                                    .values_from = offsetof(entries, successor),
                                    .values_end = end_of_entries};
static const cp_type weak_key_row = {.name = "weak-key-entries",
                                     .fixed_bytes = PLACES_OFFSET,
                                     .element_bytes = sizeof(entry),
                                     .values_from = offsetof(entries, successor),
                                     .values_to = PLACES_OFFSET,
                                     .weak_trace = trace_by_key,
                                     .weak_clean = clean_by_key};
static const cp_type weak_value_row = {.name = "weak-value-entries",
                                       .fixed_bytes = PLACES_OFFSET,
                                       .element_bytes = sizeof(entry),
                                       .values_from = offsetof(entries, successor),
                                       .values_to = PLACES_OFFSET,
                                       .weak_trace = trace_by_value,
                                       .weak_clean = clean_by_value};

void cp_table_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_TABLE, &table_row);
    cp_heap_set_type(heap, CP_TYPE_ENTRIES, &entries_row);
    cp_heap_set_type(heap, CP_TYPE_WEAK_KEY_ENTRIES, &weak_key_row);
    cp_heap_set_type(heap, CP_TYPE_WEAK_VALUE_ENTRIES, &weak_value_row);
}
