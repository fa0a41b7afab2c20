/* trace.c -- a record's place is its sequence number modulo the capacity, so reading on needs no
 * state but the last number seen. */
#include "bt/trace.h"

#include "sched/memory.h"

enum { MOST_RECORDS = 1 << 30 };

static size_t ring_size(uint32_t capacity)
{
    return sizeof(cp_ring) + (size_t)capacity * sizeof(copse_trace_record);
}

cp_ring *cp_ring_new(const copse_allocator *allocator, uint32_t capacity)
{
    if (capacity > MOST_RECORDS)
        return NULL;
    uint32_t rounded = 1;
    while (rounded < capacity)
        rounded *= 2;
    cp_ring *trace = cp_allocate_zeroed(allocator, ring_size(rounded));
    if (trace != NULL)
        trace->mask = rounded - 1;
    return trace;
}

void cp_ring_free(const copse_allocator *allocator, cp_ring *own)
{
    if (own != NULL)
        cp_release(allocator, own, ring_size(own->mask + 1));
}

uint64_t cp_ring_dropped(const cp_ring *trace)
{
    uint64_t capacity = (uint64_t)trace->mask + 1;
    return trace->sequence > capacity ? trace->sequence - capacity : 0;
}

uint32_t cp_ring_read(const cp_ring *trace, uint64_t after, copse_trace_record *records,
                      uint32_t limit)
{
    uint64_t dropped = cp_ring_dropped(trace);
    uint64_t sequence = after > dropped ? after : dropped;
    uint32_t count = 0;
    while (sequence < trace->sequence && count < limit)
        records[count++] = trace->records[++sequence & trace->mask];
    return count;
}
