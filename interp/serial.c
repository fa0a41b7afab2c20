/* serial.c -- a table with weak keys: most objects are never printed, and need no room for it. */
#include "interp/serial.h"

#include "sched/memory.h"

struct cp_serials {
    cp_heap *heap;
    cp_value numbers; /* weak eq? table: object -> fixnum; CP_NOTHING before the first */
    int64_t last;
};

static void trace_serials(void *context, cp_tracer *tracer)
{
    cp_serials *serials = context;
    cp_trace(tracer, serials->numbers);
}

cp_serials *cp_serials_new(cp_heap *heap)
{
    const copse_allocator *allocator = cp_heap_allocator(heap);
    cp_serials *serials = cp_allocate_zeroed(allocator, sizeof *serials);
    if (serials == NULL)
        return NULL;
    serials->heap = heap;
    if (cp_heap_add_root_scanner(heap, trace_serials, serials))
        return serials;
    cp_release(allocator, serials, sizeof *serials);
    return NULL;
}

void cp_serials_free(cp_serials *own)
{
    if (own == NULL)
        return;
    cp_heap_remove_root_scanner(own->heap, trace_serials, own);
    cp_release(cp_heap_allocator(own->heap), own, sizeof *own);
}

/* False when memory is refused. */
static bool have_table(cp_serials *serials)
{
    if (!cp_is_nothing(serials->numbers))
        return true;
    cp_value table = cp_make_table(serials->heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
    if (cp_is_retry(table))
        return false;
    serials->numbers = table;
    return true;
}

cp_value cp_serial(cp_serials *serials, cp_value v)
{
    if (!have_table(serials))
        return CP_RETRY;
    cp_value known = cp_table_ref(serials->heap, serials->numbers, v);
    if (!cp_is_nothing(known))
        return known;
    cp_value number = cp_make_fixnum(serials->last + 1);
    if (!cp_table_set(serials->heap, serials->numbers, v, number))
        return CP_RETRY;
    serials->last++;
    return number;
}
