/* symbol.c -- an open-addressing table of the interned symbols, outside of the heap.
 *
 * A row is the hash and the symbol; a deleted one keeps its hash as a tombstone until the table is
 * rebuilt. Symbols and their names are born old, so young collections have nothing to do here; the
 * cleaner drops dead symbols at the end of a full cycle, before any of their memory is reused. */
#include "interp/symbol.h"

#include "sched/memory.h"

typedef struct row {
    cp_symbol *symbol; /* NULL: free, or deleted when `hash` is DELETED */
    uint32_t hash;
} row;

enum { FIRST_CAPACITY = 256, DELETED = 1 };

struct cp_symbols {
    cp_heap *heap;
    row *rows;
    size_t capacity; /* a power of two */
    size_t used;     /* rows that are not free, deleted ones included */
    size_t count;
    cp_words permanent; /* symbols that are roots */
};

/* ---- Rows ---------------------------------------------------------------------------------- */

static row *find_row(const cp_symbols *symbols, uint32_t hash, const char *name, size_t size)
{
    for (size_t i = hash;; i++) {
        row *r = &symbols->rows[i & (symbols->capacity - 1)];
        if (r->symbol == NULL && r->hash != DELETED)
            return NULL;
        if (r->symbol == NULL || r->hash != hash)
            continue;
        const cp_string *string = cp_to_string(r->symbol->name);
        if (string->byte_length == size && memcmp(cp_string_text(string), name, size) == 0)
            return r;
    }
}

static void insert_row(row *rows, size_t capacity, row new)
{
    size_t i = new.hash;
    while (rows[i & (capacity - 1)].symbol != NULL)
        i++;
    rows[i & (capacity - 1)] = new;
}

/* Room for one further row: rebuilt, larger when it is more than half full of symbols. */
static bool make_room(cp_symbols *symbols)
{
    if ((symbols->used + 1) * 4 <= symbols->capacity * 3)
        return true;
    size_t capacity = symbols->capacity;
    if ((symbols->count + 1) * 2 > capacity)
        capacity *= 2;
    const copse_allocator *account = cp_heap_allocator(symbols->heap);
    row *rows = cp_allocate_array(account, capacity, sizeof(row));
    if (rows == NULL)
        return false;
    memset(rows, 0, capacity * sizeof(row));
    for (size_t i = 0; i < symbols->capacity; i++)
        if (symbols->rows[i].symbol != NULL)
            insert_row(rows, capacity, symbols->rows[i]);
    cp_release_array(account, symbols->rows, symbols->capacity, sizeof(row));
    symbols->rows = rows;
    symbols->capacity = capacity;
    symbols->used = symbols->count;
    return true;
}

/* ---- Roots and the cleaner ------------------------------------------------------------------ */

static void scan_permanent(void *context, cp_tracer *tracer)
{
    const cp_symbols *symbols = context;
    if (cp_trace_is_young(tracer))
        return; /* they are old */
    for (size_t i = 0; i < symbols->permanent.count; i++)
        cp_trace(tracer, cp_from_bits(symbols->permanent.items[i]));
}

static void drop_dead(void *context, cp_tracer *tracer)
{
    cp_symbols *symbols = context;
    if (cp_trace_is_young(tracer))
        return;
    for (size_t i = 0; i < symbols->capacity; i++) {
        row *r = &symbols->rows[i];
        if (r->symbol == NULL || !cp_trace_is_dead(tracer, cp_from_object(r->symbol)))
            continue;
        *r = (row){NULL, DELETED};
        symbols->count--;
    }
}

/* ---- Interning ----------------------------------------------------------------------------- */

/* An immutable string that is born old, or CP_RETRY. NAME is valid UTF-8 of CHARS characters. */
static cp_value make_name(cp_heap *heap, const char *name, size_t size, size_t chars)
{
    cp_string *string = (cp_string *)cp_alloc_old(heap, CP_TYPE_STRING, size + 1);
    if (string == NULL)
        return CP_RETRY;
    string->byte_length = (uint32_t)size;
    string->char_length = (uint32_t)chars;
    if (size > 0)
        memcpy(string->text, name, size);
    cp_object_set_flags(&string->object,
                        CP_FLAG_IMMUTABLE | (size == chars ? CP_STRING_IS_ASCII : 0u));
    return cp_from_object(string);
}

static cp_symbol *make_symbol(cp_heap *heap, cp_value name, uint32_t hash, unsigned flags)
{
    cp_symbol *symbol = (cp_symbol *)cp_alloc_old(heap, CP_TYPE_SYMBOL, 0);
    if (symbol == NULL)
        return NULL;
    symbol->hash = hash;
    cp_object_set_flags(&symbol->object, flags | CP_FLAG_IMMUTABLE);
    cp_write(heap, &symbol->object, &symbol->name, name);
    return symbol;
}

/* Add a symbol for NAME, an immutable string that no interned symbol has. */
static cp_value add_symbol(cp_symbols *symbols, cp_value name, uint32_t hash)
{
    if (!make_room(symbols))
        return CP_RETRY;
    cp_symbol *symbol = make_symbol(symbols->heap, name, hash, CP_SYMBOL_IS_INTERNED);
    if (symbol == NULL)
        return CP_RETRY;
    insert_row(symbols->rows, symbols->capacity, (row){symbol, hash});
    symbols->used++; /* at most: the row may have been a tombstone */
    symbols->count++;
    return cp_from_object(symbol);
}

static cp_value found_symbol(cp_symbols *symbols, const row *r)
{
    return cp_weak_read(symbols->heap, cp_from_object(r->symbol));
}

cp_value cp_find_symbol(cp_symbols *symbols, const char *name, size_t size)
{
    const row *r = find_row(symbols, cp_text_hash(name, size), name, size);
    return r == NULL ? CP_FALSE : found_symbol(symbols, r);
}

cp_value cp_intern(cp_symbols *symbols, const char *name, size_t size)
{
    uint32_t hash = cp_text_hash(name, size);
    const row *r = find_row(symbols, hash, name, size);
    if (r != NULL)
        return found_symbol(symbols, r);
    size_t end = 0;
    if (size > CP_STRING_MAX_BYTES)
        return CP_FALSE;
    size_t chars = cp_utf8_count(name, size, &end);
    if (end < size)
        return CP_FALSE;
    cp_value string = make_name(symbols->heap, name, size, chars);
    return cp_is_retry(string) ? string : add_symbol(symbols, string, hash);
}

cp_value cp_intern_c(cp_symbols *symbols, const char *name)
{
    return cp_intern(symbols, name, strlen(name));
}

cp_value cp_intern_string(cp_symbols *symbols, cp_value string)
{
    const cp_string *s = cp_to_string(string);
    if (!cp_string_is_immutable(s))
        return cp_intern(symbols, cp_string_text(s), s->byte_length);
    uint32_t hash = cp_string_hash(string);
    const row *r = find_row(symbols, hash, cp_string_text(s), s->byte_length);
    return r != NULL ? found_symbol(symbols, r) : add_symbol(symbols, string, hash);
}

cp_value cp_intern_permanent(cp_symbols *symbols, const char *name)
{
    if (!cp_words_reserve(symbols->heap, &symbols->permanent, 1))
        return CP_RETRY;
    cp_value v = cp_intern_c(symbols, name);
    if (!cp_is_symbol(v) || (cp_object_flags(cp_to_object(v)) & CP_SYMBOL_IS_PERMANENT) != 0)
        return v;
    cp_object_set_flags(cp_to_object(v), CP_SYMBOL_IS_PERMANENT);
    symbols->permanent.items[symbols->permanent.count++] = v.bits;
    return v;
}

cp_value cp_make_uninterned(cp_symbols *symbols, cp_value name)
{
    assert(cp_string_is_immutable(cp_to_string(name)));
    cp_symbol *symbol = make_symbol(symbols->heap, name, cp_string_hash(name), 0);
    return symbol == NULL ? CP_RETRY : cp_from_object(symbol);
}

size_t cp_symbols_count(const cp_symbols *symbols)
{
    return symbols->count;
}

cp_value cp_symbols_next(cp_symbols *symbols, size_t *next)
{
    while (*next < symbols->capacity) {
        const row *r = &symbols->rows[(*next)++];
        if (r->symbol != NULL)
            return found_symbol(symbols, r);
    }
    return CP_NOTHING;
}

/* ---- A table of symbols -------------------------------------------------------------------- */

static const cp_type symbol_row = {.name = "symbol",
                                   .fixed_bytes = sizeof(cp_symbol),
                                   .values_from = offsetof(cp_symbol, name),
                                   .values_to = offsetof(cp_symbol, hash)};

/* Undo cp_symbols_new, as far as it came. */
static void free_parts(cp_symbols *symbols)
{
    const copse_allocator *account = cp_heap_allocator(symbols->heap);
    cp_words_free(symbols->heap, &symbols->permanent);
    if (symbols->rows != NULL)
        cp_release_array(account, symbols->rows, symbols->capacity, sizeof(row));
    cp_release(account, symbols, sizeof *symbols);
}

cp_symbols *cp_symbols_new(cp_heap *heap)
{
    const copse_allocator *account = cp_heap_allocator(heap);
    cp_symbols *symbols = cp_allocate_zeroed(account, sizeof *symbols);
    if (symbols == NULL)
        return NULL;
    symbols->heap = heap;
    symbols->capacity = FIRST_CAPACITY;
    symbols->rows = cp_allocate_zeroed(account, FIRST_CAPACITY * sizeof(row));
    if (symbols->rows == NULL || !cp_heap_add_root_scanner(heap, scan_permanent, symbols)) {
        free_parts(symbols);
        return NULL;
    }
    if (!cp_heap_add_cleaner(heap, drop_dead, symbols)) {
        cp_heap_remove_root_scanner(heap, scan_permanent, symbols);
        free_parts(symbols);
        return NULL;
    }
    cp_heap_set_type(heap, CP_TYPE_SYMBOL, &symbol_row);
    return symbols;
}

void cp_symbols_free(cp_symbols *own)
{
    if (own == NULL)
        return;
    cp_heap_remove_root_scanner(own->heap, scan_permanent, own);
    cp_heap_remove_cleaner(own->heap, drop_dead, own);
    free_parts(own);
}
