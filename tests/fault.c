/* fault.c -- counts over the default allocator. */
#include "tests/fault.h"

static void *allocate(void *context, size_t size, size_t alignment)
{
    cp_fault *fault = context;
    fault->requests++;
    bool is_due =
        fault->refuse_at != 0 && (fault->requests == fault->refuse_at ||
                                  (fault->refuse_after && fault->requests > fault->refuse_at));
    if (is_due) {
        fault->refused++;
        return NULL;
    }
    const copse_allocator *real = copse_default_allocator();
    void *block = real->allocate(real->context, size, alignment);
    if (block != NULL) {
        fault->live_bytes += size;
        fault->live_blocks++;
    }
    return block;
}

static void release(void *context, void *block, size_t size, size_t alignment)
{
    cp_fault *fault = context;
    const copse_allocator *real = copse_default_allocator();
    fault->live_bytes -= size;
    fault->live_blocks--;
    real->release(real->context, block, size, alignment);
}

void cp_fault_init(cp_fault *fault, uint64_t refuse_at)
{
    *fault = (cp_fault){.allocator = {allocate, release, fault}, .refuse_at = refuse_at};
}
