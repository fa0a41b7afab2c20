/* trace.h -- what happened in an instance, as records in a ring.
 *
 * Owns:  the ring and the sequence numbers.
 * Never: allocates or asks for the time while it records; loses a record without counting it. */
#ifndef CP_BT_TRACE_H
#define CP_BT_TRACE_H

#include <copse/bt.h>

#include "sched/compiler.h"

typedef struct cp_ring {
    uint64_t sequence; /* of the last record; 0 before the first */
    uint32_t mask;     /* capacity - 1; the capacity is a power of two */
    copse_trace_record records[];
} cp_ring;

_Static_assert(sizeof(copse_trace_record) == 32, "two records a cache line");

/* An own empty ring of at least CAPACITY > 0 records. NULL when memory is refused or the ring would
 * not fit. */
cp_ring *cp_ring_new(const copse_allocator *allocator, uint32_t capacity) CP_MUST_USE;
void cp_ring_free(const copse_allocator *allocator, cp_ring *own);

/* Records that are no longer in the ring. */
uint64_t cp_ring_dropped(const cp_ring *trace);

uint32_t cp_ring_read(const cp_ring *trace, uint64_t after, copse_trace_record *records,
                      uint32_t limit);

CP_ALWAYS_INLINE void cp_ring_add(cp_ring *trace, copse_trace_kind kind, uint32_t node,
                                  copse_bt_status status, uint64_t number, int64_t time_ns)
{
    uint64_t sequence = ++trace->sequence;
    trace->records[sequence & trace->mask] = (copse_trace_record){.sequence = sequence,
                                                                  .time_ns = time_ns,
                                                                  .number = number,
                                                                  .node = node,
                                                                  .kind = (uint16_t)kind,
                                                                  .status = (uint16_t)status};
}

#endif
