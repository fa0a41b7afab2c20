/* registry.c -- chunks that double in size, so that a slot is found by one count of leading zeros
 * and never moves; free slots are a list, last freed first reused. */
#include "sched/registry.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"

static uint32_t chunk_of(uint32_t slot)
{
    return 31 - (uint32_t)__builtin_clz(slot + CP_REGISTRY_FIRST_CHUNK) - 6;
}

static uint32_t chunk_size(uint32_t chunk)
{
    return (uint32_t)CP_REGISTRY_FIRST_CHUNK << chunk;
}

_Static_assert(CP_REGISTRY_FIRST_CHUNK == 1 << 6, "chunk_of subtracts its power of two");

static const uint32_t slot_limit =
    (uint32_t)CP_REGISTRY_FIRST_CHUNK * ((1U << CP_REGISTRY_CHUNKS) - 1);

/* Slot number SLOT, NULL when its chunk was never made. */
static cp_slot *slot_at(const cp_registry *registry, uint32_t slot)
{
    if (slot >= slot_limit)
        return NULL;
    uint32_t chunk = chunk_of(slot);
    cp_slot *slots = atomic_load_explicit(&registry->chunks[chunk], memory_order_acquire);
    return slots == NULL ? NULL : &slots[slot + CP_REGISTRY_FIRST_CHUNK - chunk_size(chunk)];
}

void cp_registry_init(cp_registry *registry, const copse_allocator *allocator,
                      void (*receive)(cp_mail *own, void *owner))
{
    memset(registry, 0, sizeof *registry);
    registry->allocator = allocator;
    registry->receive = receive;
}

void cp_registry_destroy(cp_registry *registry)
{
    assert(registry->live_count == 0);
    for (uint32_t i = 0; i < CP_REGISTRY_CHUNKS; i++) {
        cp_slot *slots = atomic_load_explicit(&registry->chunks[i], memory_order_relaxed);
        if (slots != NULL)
            cp_release_array(registry->allocator, slots, chunk_size(i), sizeof *slots);
    }
}

static bool make_chunk(cp_registry *registry, uint32_t chunk)
{
    uint32_t size = chunk_size(chunk);
    cp_slot *slots = cp_allocate_array(registry->allocator, size, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        slots[i] = (cp_slot){.mail = {.receive = registry->receive}};
        atomic_init(&slots[i].posted, 0);
        atomic_init(&slots[i].generation, 1);
    }
    atomic_store_explicit(&registry->chunks[chunk], slots, memory_order_release);
    return true;
}

/* The number of a free slot in *SLOT, taken off the list. */
static bool take_slot(cp_registry *registry, uint32_t *slot)
{
    if (registry->first_free != 0) {
        *slot = registry->first_free - 1;
        registry->first_free = slot_at(registry, *slot)->next_free;
        return true;
    }
    *slot = registry->slot_count;
    if (*slot >= slot_limit)
        return false;
    if (slot_at(registry, *slot) == NULL && !make_chunk(registry, chunk_of(*slot)))
        return false;
    registry->slot_count++;
    return true;
}

bool cp_registry_add(cp_registry *registry, cp_task *task, const cp_task_label *label)
{
    uint32_t number = 0;
    if (!take_slot(registry, &number))
        return false;
    cp_slot *slot = slot_at(registry, number);
    assert(slot->task == NULL);
    slot->task = task;
    slot->label = *label;
    task->handle =
        cp_handle_make(number, atomic_load_explicit(&slot->generation, memory_order_relaxed));
    registry->live_count++;
    return true;
}

void cp_registry_remove(cp_registry *registry, cp_task *task)
{
    cp_slot *slot = cp_registry_slot(registry, task);
    uint32_t generation = cp_handle_generation(task->handle) + 1;
    slot->task = NULL;
    slot->label = (cp_task_label){NULL, NULL};
    atomic_store_explicit(&slot->generation, generation, memory_order_release);
    registry->live_count--;
    if (generation == 0)
        return; /* used up: no handle has generation 0 */
    slot->next_free = registry->first_free;
    registry->first_free = cp_handle_slot(task->handle) + 1;
}

cp_task *cp_registry_find(const cp_registry *registry, copse_task_handle handle)
{
    uint32_t number = cp_handle_slot(handle);
    if (number >= registry->slot_count)
        return NULL;
    cp_slot *slot = slot_at(registry, number);
    uint32_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    return generation == cp_handle_generation(handle) ? slot->task : NULL;
}

cp_slot *cp_registry_slot(const cp_registry *registry, const cp_task *task)
{
    cp_slot *slot = slot_at(registry, cp_handle_slot(task->handle));
    assert(slot != NULL);
    assert(slot->task == task);
    return slot;
}

cp_task *cp_registry_next(const cp_registry *registry, uint32_t from)
{
    for (uint32_t i = from; i < registry->slot_count; i++) {
        cp_slot *slot = slot_at(registry, i);
        if (slot->task != NULL)
            return slot->task;
    }
    return NULL;
}

/* Newer by the distance around the circle of generations. */
static bool is_newer(uint32_t generation, uint32_t other)
{
    return (int32_t)(generation - other) > 0;
}

/* Note that GENERATION is to be woken. True when the mail was not on its way: the caller pushes it.
 * Also when it was, the exchange makes what the caller wrote visible to the receiver. */
static bool note_posted(cp_slot *slot, uint32_t generation)
{
    uint32_t posted = atomic_load_explicit(&slot->posted, memory_order_relaxed);
    uint32_t wanted = generation;
    do
        wanted = posted == 0 || is_newer(generation, posted) ? generation : posted;
    while (!atomic_compare_exchange_weak_explicit(&slot->posted, &posted, wanted,
                                                  memory_order_acq_rel, memory_order_relaxed));
    return posted == 0;
}

bool cp_registry_post(cp_registry *registry, copse_task_handle handle, cp_mailbox *mailbox)
{
    uint32_t generation = cp_handle_generation(handle);
    cp_slot *slot = slot_at(registry, cp_handle_slot(handle));
    if (slot == NULL || generation == 0)
        return false;
    if (atomic_load_explicit(&slot->generation, memory_order_acquire) != generation)
        return false;
    return note_posted(slot, generation) && cp_mailbox_push(mailbox, &slot->mail);
}

copse_task_handle cp_registry_receive(cp_mail *mail)
{
    cp_slot *slot = CP_CONTAINER_OF(mail, cp_slot, mail);
    uint32_t generation = atomic_exchange_explicit(&slot->posted, 0, memory_order_acq_rel);
    assert(generation != 0);
    if (slot->task == NULL)
        return (copse_task_handle){0};
    return cp_handle_make(cp_handle_slot(slot->task->handle), generation);
}
