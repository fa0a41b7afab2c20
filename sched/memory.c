/* memory.c -- thin checks over two function pointers; the default ones are malloc and free. */
#include "sched/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static void *allocate_from_libc(void *context, size_t size, size_t alignment)
{
    (void)context;
    if (alignment <= alignof(max_align_t))
        return malloc(size);
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    return rounded < size ? NULL : aligned_alloc(alignment, rounded);
}

static void release_to_libc(void *context, void *block, size_t size, size_t alignment)
{
    (void)context;
    (void)size;
    (void)alignment;
    free(block);
}

static const copse_allocator libc_allocator = {allocate_from_libc, release_to_libc, NULL};

const copse_allocator *copse_default_allocator(void)
{
    return &libc_allocator;
}

const copse_allocator *cp_allocator_or_default(const copse_allocator *allocator)
{
    return allocator != NULL ? allocator : &libc_allocator;
}

void *cp_allocate_aligned(const copse_allocator *allocator, size_t size, size_t alignment)
{
    assert(size > 0);
    assert((alignment & (alignment - 1)) == 0);
    /* PTRDIFF_MAX keeps differences of pointers into the block defined. */
    if (size > PTRDIFF_MAX)
        return NULL;
    void *block = allocator->allocate(allocator->context, size, alignment);
    assert(((uintptr_t)block & (alignment - 1)) == 0);
    return block;
}

void *cp_allocate(const copse_allocator *allocator, size_t size)
{
    return cp_allocate_aligned(allocator, size, alignof(max_align_t));
}

void *cp_allocate_zeroed(const copse_allocator *allocator, size_t size)
{
    void *block = cp_allocate(allocator, size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

/* Bytes of COUNT items, at least one; 0 when the product does not fit. */
static size_t array_size(size_t count, size_t item_size)
{
    size_t size = 0;
    if (CP_MUL_OVERFLOWS(count == 0 ? 1 : count, item_size, &size))
        return 0;
    return size;
}

void *cp_allocate_array(const copse_allocator *allocator, size_t count, size_t item_size)
{
    size_t size = array_size(count, item_size);
    return size == 0 ? NULL : cp_allocate(allocator, size);
}

void cp_release_aligned(const copse_allocator *allocator, void *own, size_t size, size_t alignment)
{
    if (own != NULL)
        allocator->release(allocator->context, own, size, alignment);
}

void cp_release(const copse_allocator *allocator, void *own, size_t size)
{
    cp_release_aligned(allocator, own, size, alignof(max_align_t));
}

void cp_release_array(const copse_allocator *allocator, void *own, size_t count, size_t item_size)
{
    cp_release(allocator, own, array_size(count, item_size));
}

bool cp_grow_array(const copse_allocator *allocator, void **own, size_t *capacity, size_t needed,
                   size_t item_size)
{
    if (needed <= *capacity)
        return true;
    size_t doubled = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    size_t wanted = doubled < needed ? needed : doubled;
    if (wanted < 8)
        wanted = 8;
    void *larger = cp_allocate_array(allocator, wanted, item_size);
    if (larger == NULL)
        return false;
    if (*own != NULL) {
        memcpy(larger, *own, *capacity * item_size);
        cp_release_array(allocator, *own, *capacity, item_size);
    }
    *own = larger;
    *capacity = wanted;
    return true;
}
