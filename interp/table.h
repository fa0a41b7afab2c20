/* table.h -- hash tables that keep the order of insertion; weak ones too.
 *
 * Owns:  the layout of tables and their growth, which is done in steps.
 * Never: calls Lisp: equality that only Lisp can decide is asked for by the probe, one candidate at
 *        a time.
 *
 * Entries stand in an array in the order in which they came; an open-addressing index maps hashes
 * to positions in it (the layout of PyPy's and CPython's dictionaries). Deleting leaves a hole. So
 * the order of iteration depends on nothing but the program, never on an address.
 *
 * A table that is nearly full gets a new entry array and index, and each later operation moves a
 * few entries; until it is done both are looked at. An iterator holds the array that it began with
 * and so survives every insertion, deletion and growth. */
#ifndef CP_INTERP_TABLE_H
#define CP_INTERP_TABLE_H

#include "interp/symbol.h"

typedef enum cp_table_kind {
    CP_TABLE_EQ,     /* the same word */
    CP_TABLE_EQV,    /* the same word, or the type's row says equal: big numbers */
    CP_TABLE_STRING, /* strings by their text, all else as EQV */
    CP_TABLE_CUSTOM  /* hash and equality come from the caller, through probes */
} cp_table_kind;

typedef enum cp_table_weakness {
    CP_TABLE_STRONG,
    CP_TABLE_WEAK_KEY,  /* an ephemeron table: the value is alive only if the key is */
    CP_TABLE_WEAK_VALUE /* the entry goes when its value is dead; the key is kept until then */
} cp_table_weakness;

/* Give the rows of these types to HEAP. */
void cp_table_init(cp_heap *heap);

bool cp_is_table(cp_value v);
cp_table_kind cp_table_kind_of(cp_value table);
cp_table_weakness cp_table_weakness_of(cp_value table);

/* An empty table with room for CAPACITY entries before it grows, or CP_RETRY. */
cp_value cp_make_table(cp_heap *heap, cp_table_kind kind, cp_table_weakness weakness,
                       size_t capacity);

/* Number of entries. Dead entries of weak tables count until a collection has found them. */
size_t cp_table_count(cp_value table);

/* The value of KEY, or CP_NOTHING. Never fails. Cost: constant on average. */
cp_value cp_table_ref(cp_heap *heap, cp_value table, cp_value key);

/* Set the value of KEY, inserting it at the end when it is new. False when memory is refused; the
 * table is then as before. Cost: constant on average, no single call does more than a few. */
bool cp_table_set(cp_heap *heap, cp_value table, cp_value key, cp_value value) CP_MUST_USE;

/* Remove KEY; whether it was there. Never fails. Cost: constant on average. */
bool cp_table_delete(cp_heap *heap, cp_value table, cp_value key);

/* Remove everything. False when memory is refused. */
bool cp_table_clear(cp_heap *heap, cp_value table) CP_MUST_USE;

/* Do up to BUDGET units of pending growth; true when nothing is pending. */
bool cp_table_step(cp_heap *heap, cp_value table, size_t budget);

/* The hash that tables of KIND use; not for CUSTOM. Depends on addresses: never show it. */
uint32_t cp_table_hash(cp_heap *heap, cp_table_kind kind, cp_value key);

/* ---- Probes: equality decided by the caller ------------------------------------------------- */

/* A search for HASH. Plain data: a native frame can keep it as words while Lisp compares. */
typedef struct cp_probe {
    cp_value entries;  /* the array the candidate is in */
    uint32_t position; /* of the candidate in it */
    uint32_t slot;     /* next slot of the index */
    uint32_t hash;
    uint32_t is_old; /* 0: in the array that a growing table moves to */
} cp_probe;

cp_probe cp_table_probe(cp_value table, uint32_t hash);

/* The next key with an equal hash, or CP_NOTHING. The table must not change in between. */
cp_value cp_table_probe_next(cp_heap *heap, cp_value table, cp_probe *probe);

/* Value of, new value for, and removal of the candidate that was found last. */
cp_value cp_table_probe_value(cp_heap *heap, const cp_probe *probe);
void cp_table_probe_set(cp_heap *heap, const cp_probe *probe, cp_value value);
void cp_table_probe_delete(cp_heap *heap, cp_value table, const cp_probe *probe);

/* Append an entry whose key is known to be new. False when memory is refused. */
bool cp_table_append(cp_heap *heap, cp_value table, uint32_t hash, cp_value key,
                     cp_value value) CP_MUST_USE;

/* ---- Iteration ----------------------------------------------------------------------------- */

/* Visits each entry that is there at the start and still there when its turn comes, once, in order
 * of insertion; entries that are inserted meanwhile may be visited, and one whose key was deleted
 * and came again while the table was rebuilt more than once may be visited twice. Both words are
 * values and must be traced when the iterator lives across a safepoint. */
typedef struct cp_table_iterator {
    cp_value entries;
    cp_value position; /* a fixnum */
} cp_table_iterator;

cp_table_iterator cp_table_iterate(cp_value table);

/* The next entry; false at the end. */
bool cp_table_next(cp_heap *heap, cp_value table, cp_table_iterator *iterator, cp_value *key,
                   cp_value *value);

/* ---- For tests ----------------------------------------------------------------------------- */

/* NULL when TABLE is sound, else what is wrong. */
const char *cp_table_check(cp_heap *heap, cp_value table);

#endif
