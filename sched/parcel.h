/* parcel.h -- trees of data that cross threads: <copse/sched.h> has the interface.
 *
 * Owns:  the layout of a parcel's block, for those who walk parcels without a cursor.
 * Never: holds an address, recurses, or changes after it was finished.
 *
 *   +--------+-------------------------------+---------------------------+
 *   | header | cells, in preorder, 16 bytes  | data of text, bytes,      |
 *   | 32 B   | each: what it is + one word   | arrays: 16-byte aligned   |
 *   +--------+-------------------------------+---------------------------+
 *
 * A container's cell says where its last descendant ends, so the next sibling is one step away;
 * equality and size are one scan, and the whole tree is freed as one block. */
#ifndef CP_SCHED_PARCEL_H
#define CP_SCHED_PARCEL_H

#include <copse/sched.h>

#include "sched/compiler.h"

typedef struct cp_parcel_cell {
    uint64_t head; /* kind in bits 0-7, element kind in 8-15, count in 16-63 */
    union {
        int64_t integer; /* integer, boolean */
        uint64_t bits;   /* double */
        uint64_t offset; /* text, bytes, array: from the start of the data */
        uint64_t end;    /* list, map: index of the cell behind the last descendant */
    } word;
} cp_parcel_cell;

_Static_assert(sizeof(cp_parcel_cell) == 16, "cells are read as pairs of words");

struct copse_parcel {
    const copse_allocator *allocator; /* gave the block; must be one that both threads may use */
    uint64_t size;                    /* bytes of the block */
    uint64_t cell_count;
    uint64_t data_size;
    cp_parcel_cell cells[];
};

_Static_assert(sizeof(struct copse_parcel) == 32, "data behind the cells is aligned to 16 bytes");

CP_ALWAYS_INLINE copse_parcel_kind cp_cell_kind(const cp_parcel_cell *cell)
{
    return (copse_parcel_kind)(cell->head & 0xff);
}

CP_ALWAYS_INLINE copse_element cp_cell_element(const cp_parcel_cell *cell)
{
    return (copse_element)(cell->head >> 8 & 0xff);
}

/* Bytes, elements, items of a list or pairs of a map. */
CP_ALWAYS_INLINE uint64_t cp_cell_count(const cp_parcel_cell *cell)
{
    return cell->head >> 16;
}

CP_ALWAYS_INLINE const char *cp_parcel_data(const copse_parcel *parcel)
{
    return (const char *)(parcel->cells + parcel->cell_count);
}

/* Bytes of one element; 0 for a number that is no element kind. */
size_t cp_element_size(copse_element element) CP_MUST_USE;

#endif
