/* handle.c -- free slots form a list; taking and giving are a few words each. */
#include "interp/handle.h"

#include "interp/mark.h"
#include "sched/memory.h"

#define END_OF_FREE UINT32_MAX

typedef struct handle_slot {
    cp_value value; /* CP_NOTHING: free */
    uint32_t generation;
    uint32_t next_free;
} handle_slot;

struct cp_handles {
    cp_heap *heap;
    handle_slot *slots;
    size_t capacity;
    size_t used; /* slots that were ever taken */
    size_t count;
    uint32_t first_free;
};

static void scan_handles(void *context, cp_tracer *tracer)
{
    const cp_handles *handles = context;
    for (size_t i = 0; i < handles->used; i++)
        cp_trace(tracer, handles->slots[i].value);
}

cp_handles *cp_handles_new(cp_heap *heap)
{
    cp_handles *handles = cp_allocate_zeroed(cp_heap_allocator(heap), sizeof *handles);
    if (handles == NULL)
        return NULL;
    handles->heap = heap;
    handles->first_free = END_OF_FREE;
    if (cp_heap_add_root_scanner(heap, scan_handles, handles))
        return handles;
    cp_release(cp_heap_allocator(heap), handles, sizeof *handles);
    return NULL;
}

void cp_handles_free(cp_handles *own)
{
    if (own == NULL)
        return;
    const copse_allocator *account = cp_heap_allocator(own->heap);
    cp_heap_remove_root_scanner(own->heap, scan_handles, own);
    if (own->slots != NULL)
        cp_release_array(account, own->slots, own->capacity, sizeof(handle_slot));
    cp_release(account, own, sizeof *own);
}

/* A slot that was never taken; END_OF_FREE when memory is refused. */
static uint32_t add_slot(cp_handles *handles)
{
    void *slots = handles->slots;
    bool has_room = handles->used < END_OF_FREE &&
                    cp_grow_array(cp_heap_allocator(handles->heap), &slots, &handles->capacity,
                                  handles->used + 1, sizeof(handle_slot));
    handles->slots = slots;
    if (!has_room)
        return END_OF_FREE;
    handles->slots[handles->used] = (handle_slot){CP_NOTHING, 1, END_OF_FREE};
    return (uint32_t)handles->used++;
}

cp_handle cp_handle_take(cp_handles *handles, cp_value v)
{
    assert(!cp_is_nothing(v));
    uint32_t slot = handles->first_free;
    if (slot != END_OF_FREE)
        handles->first_free = handles->slots[slot].next_free;
    else
        slot = add_slot(handles);
    if (slot == END_OF_FREE)
        return (cp_handle){0, 0};
    handles->slots[slot].value = v;
    handles->count++;
    return (cp_handle){slot, handles->slots[slot].generation};
}

static bool is_taken(const cp_handles *handles, cp_handle handle)
{
    return handle.slot < handles->used && handle.generation != 0 &&
           handles->slots[handle.slot].generation == handle.generation &&
           !cp_is_nothing(handles->slots[handle.slot].value);
}

cp_value cp_handle_value(const cp_handles *handles, cp_handle handle)
{
    return is_taken(handles, handle) ? handles->slots[handle.slot].value : CP_NOTHING;
}

bool cp_handle_give(cp_handles *handles, cp_handle handle)
{
    if (!is_taken(handles, handle))
        return false;
    handle_slot *slot = &handles->slots[handle.slot];
    slot->value = CP_NOTHING;
    handles->count--;
    slot->generation++;
    /* A slot whose generations are used up is not taken again. */
    if (slot->generation == 0)
        return true;
    slot->next_free = handles->first_free;
    handles->first_free = handle.slot;
    return true;
}

size_t cp_handles_count(const cp_handles *handles)
{
    return handles->count;
}
