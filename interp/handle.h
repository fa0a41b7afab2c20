/* handle.h -- references that C keeps: a slot with a generation for each.
 *
 * Owns:  the values that a host holds on to, as roots.
 * Never: lets a stale handle read another one's value: its generation has passed. */
#ifndef CP_INTERP_HANDLE_H
#define CP_INTERP_HANDLE_H

#include "interp/heap.h"

/* Which slot, and which of its uses. All zero is no handle. */
typedef struct cp_handle {
    uint32_t slot;
    uint32_t generation;
} cp_handle;

typedef struct cp_handles cp_handles;

/* An own empty table of handles for HEAP. NULL when memory is refused. Free it before the heap;
 * handles that were not given back go with it. */
cp_handles *cp_handles_new(cp_heap *heap) CP_MUST_USE;
void cp_handles_free(cp_handles *own);

/* Keep V until the handle is given back; a zero handle when memory is refused. Cost: constant. */
cp_handle cp_handle_take(cp_handles *handles, cp_value v) CP_MUST_USE;

/* The value, or CP_NOTHING when the handle was given back. */
cp_value cp_handle_value(const cp_handles *handles, cp_handle handle);

/* Let the value go; false when that was done before. */
bool cp_handle_give(cp_handles *handles, cp_handle handle);

/* Handles that are taken. */
size_t cp_handles_count(const cp_handles *handles);

#endif
