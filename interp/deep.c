/* deep.c -- segments of 1 KiB, then of 16 KiB, linked downwards.
 *
 * Small walks are the rule and should take little; of a deep one each push but one in some hundred
 * is an addition. An array that doubles would be simpler, but would copy megabytes in one piece. */
#include "interp/deep.h"

#include <assert.h>

#include "sched/memory.h"

enum { FIRST_BYTES = 1024, SEGMENT_BYTES = 16 * 1024 };

cp_deep cp_deep_make(const copse_allocator *allocator, size_t item_size)
{
    assert(item_size % 8 == 0);
    assert(item_size > 0);
    assert(item_size <= FIRST_BYTES - sizeof(cp_deep_segment));
    return (cp_deep){.allocator = allocator, .item_size = item_size};
}

void cp_deep_clear(cp_deep *deep)
{
    if (deep->spare != NULL)
        cp_release(deep->allocator, deep->spare, deep->spare->size);
    while (deep->top != NULL) {
        cp_deep_segment *segment = deep->top;
        deep->top = segment->below;
        cp_release(deep->allocator, segment, segment->size);
    }
    deep->spare = NULL;
    deep->count = 0;
}

/* Put an empty segment on top. */
static bool add_segment(cp_deep *deep)
{
    cp_deep_segment *segment = deep->spare;
    if (segment == NULL) {
        size_t size = deep->top == NULL ? FIRST_BYTES : SEGMENT_BYTES;
        segment = cp_allocate(deep->allocator, size);
        if (segment == NULL)
            return false;
        segment->size = size;
        segment->spare = 0;
    }
    deep->spare = NULL;
    segment->used = 0;
    segment->below = deep->top;
    deep->top = segment;
    return true;
}

static void *item_at(cp_deep_segment *segment, size_t offset)
{
    return (char *)(segment + 1) + offset;
}

void *cp_deep_push(cp_deep *deep)
{
    cp_deep_segment *top = deep->top;
    bool is_full = top == NULL || top->used + deep->item_size > top->size - sizeof(cp_deep_segment);
    if (is_full && !add_segment(deep))
        return NULL;
    top = deep->top;
    void *item = item_at(top, top->used);
    top->used += deep->item_size;
    deep->count++;
    return item;
}

void *cp_deep_top(const cp_deep *deep)
{
    assert(deep->count > 0);
    assert(deep->top->used >= deep->item_size);
    return item_at(deep->top, deep->top->used - deep->item_size);
}

void cp_deep_pop(cp_deep *deep)
{
    assert(deep->count > 0);
    cp_deep_segment *top = deep->top;
    top->used -= deep->item_size;
    deep->count--;
    /* The lowest segment stays; of those above it, one empty one is kept. */
    if (top->used > 0 || top->below == NULL)
        return;
    deep->top = top->below;
    if (deep->spare != NULL)
        cp_release(deep->allocator, deep->spare, deep->spare->size);
    deep->spare = top;
}

void cp_deep_visit(const cp_deep *deep, void (*visit)(void *context, void *item), void *context)
{
    for (cp_deep_segment *segment = deep->top; segment != NULL; segment = segment->below)
        for (size_t offset = segment->used; offset > 0; offset -= deep->item_size)
            visit(context, item_at(segment, offset - deep->item_size));
}
