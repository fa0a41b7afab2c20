/* vm.c -- a run puts the registers of the run around it aside on the C stack, so runs nest as the C
 * calls that began them do. A call from C takes a fiber that has returned, when its segment is
 * still small and nobody else has a piece of it. */
#include "interp/vm.h"

#include "interp/number.h"
#include "sched/memory.h"

/* ---- Runs ---------------------------------------------------------------------------------- */

/* What a run that begins puts aside of the one around it. */
typedef struct outer {
    cp_fiber *fiber;
    cp_value *fp;
    const uint32_t *pc;
    cp_value *limit;
    int64_t fuel;
    int64_t fuel_rest;
    uint32_t value_count;
} outer;

static outer leave_outer(copse_vm *vm)
{
    cp_vm_sync(vm);
    return (outer){vm->fiber, vm->fp, vm->pc, vm->limit, vm->fuel, vm->fuel_rest, vm->value_count};
}

static void enter_outer(copse_vm *vm, const outer *o)
{
    vm->fiber = o->fiber;
    vm->fp = o->fp;
    vm->pc = o->pc;
    vm->limit = o->limit;
    vm->fuel = o->fuel;
    vm->fuel_rest = o->fuel_rest;
    vm->value_count = o->value_count;
    if (vm->fiber == NULL)
        return;
    cp_fiber_touch(vm->heap, vm->fiber);
    if (vm->heap->wanted != CP_WANT_NOTHING || vm->fiber->wants_halt)
        cp_want_safepoint(vm);
}

static cp_fiber_state state_after(cp_run_end end)
{
    switch (end) {
    case CP_RUN_DONE:
        return CP_FIBER_DONE;
    case CP_RUN_RAISED:
        return CP_FIBER_FAILED;
    case CP_RUN_PARKED:
        return CP_FIBER_PARKED;
    case CP_RUN_HALTED:
        return CP_FIBER_HALTED;
    case CP_RUN_CUT:
    case CP_RUN_REFUSED:
        break;
    }
    return CP_FIBER_READY;
}

static void load_fiber(copse_vm *vm, cp_fiber *fiber)
{
    vm->fiber = fiber;
    vm->fp = cp_to_segment(fiber->segment)->slots + fiber->fp;
    vm->pc = fiber->pc;
    vm->limit = cp_segment_limit(fiber->segment);
    vm->value_count = fiber->in_flight;
    cp_fiber_touch(vm->heap, fiber);
}

/* Run FIBER, whose state becomes RUNNING, after BEGIN has prepared it. */
static cp_run_end run_fiber(copse_vm *vm, cp_fiber *fiber, const char *caller, int64_t fuel,
                            bool (*begin)(copse_vm *vm), cp_value *value)
{
    cp_run_frame run = {vm->run, fiber, caller, vm->run == NULL ? 1 : vm->run->depth + 1};
    outer around = leave_outer(vm);
    vm->run = &run;
    vm->switches++;
    cp_fiber_become(fiber, CP_FIBER_RUNNING);
    load_fiber(vm, fiber);
    cp_take_fuel(vm, fuel);
    vm->end = CP_RUN_DONE;
    if (begin == NULL || begin(vm))
        cp_run_loop(vm);
    cp_vm_sync(vm);
    cp_fiber_become(fiber, state_after(vm->end));
    cp_write(vm->heap, &fiber->object, &fiber->value, vm->value);
    vm->run = run.previous;
    enter_outer(vm, &around);
    *value = vm->value;
    return vm->end;
}

static bool begin_raising(copse_vm *vm)
{
    vm->fiber->is_raising = 0;
    vm->condition = vm->fiber->value;
    vm->is_continuable = false;
    return cp_raise_here(vm);
}

static bool begin_halting(copse_vm *vm)
{
    cp_begin_halt(vm);
    return true;
}

cp_run_end cp_vm_run(copse_vm *vm, cp_fiber *fiber, int64_t fuel, cp_value *value)
{
    assert(cp_owner_is_here(&vm->owner));
    if (fiber->state != CP_FIBER_READY || (vm->run != NULL && vm->run->depth >= CP_NESTING_MAX)) {
        *value = CP_UNSPECIFIC;
        return CP_RUN_REFUSED;
    }
    return run_fiber(vm, fiber, NULL, fuel, fiber->is_raising ? begin_raising : NULL, value);
}

static void put_answer(copse_vm *vm, cp_fiber *fiber, cp_value value)
{
    assert(fiber->state == CP_FIBER_PARKED);
    cp_fiber_touch(vm->heap, fiber);
    uint32_t slot = fiber->fp + cp_word_a(*fiber->pc);
    cp_to_segment(fiber->segment)->slots[slot] = value;
    fiber->in_flight = 1;
    cp_fiber_become(fiber, CP_FIBER_READY);
}

void cp_vm_wake(copse_vm *vm, cp_fiber *fiber, cp_value value)
{
    put_answer(vm, fiber, value);
}

void cp_vm_wake_raising(copse_vm *vm, cp_fiber *fiber, cp_value value)
{
    put_answer(vm, fiber, CP_UNSPECIFIC);
    cp_write(vm->heap, &fiber->object, &fiber->value, value);
    fiber->is_raising = 1;
}

void cp_vm_halt(copse_vm *vm, cp_fiber *fiber)
{
    assert(cp_owner_is_here(&vm->owner));
    switch ((cp_fiber_state)fiber->state) {
    case CP_FIBER_DONE:
    case CP_FIBER_HALTED:
    case CP_FIBER_STATE_COUNT:
        return;
    case CP_FIBER_RUNNING:
        if (!fiber->is_halting)
            fiber->wants_halt = 1;
        if (fiber == vm->fiber)
            cp_want_safepoint(vm);
        return;
    case CP_FIBER_PARKED:
    case CP_FIBER_FAILED:
        cp_fiber_become(fiber, CP_FIBER_READY);
        break;
    case CP_FIBER_READY:
        break;
    }
    cp_value value;
    fiber->is_raising = 0;
    (void)run_fiber(vm, fiber, NULL, CP_FUEL_UNLIMITED, begin_halting, &value);
    assert(fiber->state == CP_FIBER_HALTED);
}

/* A fiber for a call from C: one that has returned, or a new one. */
static cp_value take_fiber(copse_vm *vm, cp_value procedure, uint32_t count,
                           const cp_value *arguments)
{
    if (!cp_is_true(vm->pool) || count + 2 + CP_SEGMENT_SLACK > CP_SEGMENT_FIRST)
        return cp_vm_fiber(vm, procedure, count, arguments);
    cp_fiber *fiber = cp_to_fiber(vm->pool);
    vm->pool = fiber->value;
    cp_fiber_restart(vm->heap, fiber, procedure, arguments, count);
    return cp_from_object(fiber);
}

/* Keep FIBER, which has returned, for a later call. */
static void give_fiber(copse_vm *vm, cp_fiber *fiber)
{
    if (fiber->state != CP_FIBER_DONE || !cp_fiber_can_restart(fiber))
        return;
    cp_write(vm->heap, &fiber->object, &fiber->value, vm->pool);
    vm->pool = cp_from_object(fiber);
}

static cp_run_end refuse_depth(copse_vm *vm, const char *caller, cp_value *value)
{
    cp_value condition = cp_new_condition(vm, CP_E_TOO_DEEP, "%s: calls from C are nested %d deep",
                                          caller, CP_NESTING_MAX);
    *value = cp_is_retry(condition) ? vm->out_of_memory : condition;
    vm->value = *value;
    return CP_RUN_RAISED;
}

cp_run_end cp_vm_call(copse_vm *vm, const char *caller, cp_value procedure, uint32_t count,
                      const cp_value *arguments, cp_value *value)
{
    assert(cp_owner_is_here(&vm->owner));
    if (vm->run != NULL && vm->run->depth >= CP_NESTING_MAX)
        return refuse_depth(vm, caller, value);
    cp_value made = take_fiber(vm, procedure, count, arguments);
    if (cp_is_retry(made)) {
        *value = vm->out_of_memory;
        return CP_RUN_RAISED;
    }
    cp_fiber *fiber = cp_to_fiber(made);
    cp_run_end end = run_fiber(vm, fiber, caller, CP_FUEL_UNLIMITED, NULL, value);
    give_fiber(vm, fiber);
    return end;
}

void cp_vm_interrupt(copse_vm *vm)
{
    atomic_store_explicit(&vm->interrupt, true, memory_order_relaxed);
}

/* ---- Making -------------------------------------------------------------------------------- */

cp_value cp_vm_fiber(copse_vm *vm, cp_value procedure, uint32_t count, const cp_value *arguments)
{
    cp_value fiber = cp_make_fiber(vm->heap, procedure, arguments, count, vm->first_slots);
    if (!cp_is_retry(fiber))
        cp_to_fiber(fiber)->serial = vm->serial++;
    return fiber;
}

cp_value cp_vm_load(copse_vm *vm, const cp_unit *unit)
{
    for (unsigned attempt = 1;; attempt++) {
        cp_value code = cp_link_unit(&vm->globals, unit);
        if (!cp_is_retry(code))
            code = cp_is_true(code) ? cp_make_closure(vm->heap, code) : code;
        if (!cp_is_retry(code) || !cp_vm_make_room(vm, attempt))
            return code;
    }
}

copse_status cp_vm_define(copse_vm *vm, const cp_builtin *rows)
{
    for (; rows->function != NULL; rows++) {
        cp_value builtin = cp_make_builtin(vm->heap, rows, vm->empty_code);
        if (cp_is_retry(builtin))
            return COPSE_ENOMEM;
        if (!cp_is_true(builtin))
            return COPSE_EFORMAT;
        if (!cp_global_define(&vm->globals, rows->name, builtin))
            return COPSE_ENOMEM;
    }
    return COPSE_OK;
}

static void init_types(cp_heap *heap)
{
    cp_object_init(heap);
    cp_text_init(heap);
    cp_bignum_init(heap);
    cp_table_init(heap);
    cp_condition_init(heap);
    cp_procedure_init(heap);
    cp_fiber_init(heap);
    cp_control_init(heap);
}

static bool make_names(copse_vm *vm)
{
    vm->globals.heap = vm->heap;
    vm->globals.symbols = cp_symbols_new(vm->heap);
    if (vm->globals.symbols == NULL)
        return false;
    for (uint32_t i = 0; i < CP_KIND_COUNT; i++) {
        vm->kinds[i] = cp_intern_permanent(vm->globals.symbols, cp_kind_text((cp_kind)i));
        if (cp_is_retry(vm->kinds[i]))
            return false;
    }
    vm->globals.cells = cp_make_table(vm->heap, CP_TABLE_EQ, CP_TABLE_STRONG, 256);
    return !cp_is_retry(vm->globals.cells);
}

static bool make_core(copse_vm *vm)
{
    static const cp_builtin *const rows[] = {&cp_raise_row, &cp_reinstate_row, &cp_compose_row,
                                             &cp_guard_row, &cp_halt_row};
    _Static_assert(CP_COUNT_OF(rows) == CP_CORE_COUNT, "a row for each");
    vm->empty_code = cp_make_empty_code(vm->heap);
    if (cp_is_retry(vm->empty_code))
        return false;
    for (uint32_t i = 0; i < CP_CORE_COUNT; i++) {
        vm->core[i] = cp_make_builtin(vm->heap, rows[i], vm->empty_code);
        assert(cp_is_true(vm->core[i]));
        if (cp_is_retry(vm->core[i]))
            return false;
    }
    cp_value message = cp_string_from_c(vm->heap, "memory was refused");
    if (cp_is_retry(message))
        return false;
    vm->out_of_memory = cp_make_condition(vm->heap, vm->kinds[CP_E_OUT_OF_MEMORY], message, CP_NIL);
    return !cp_is_retry(vm->out_of_memory);
}

copse_vm *cp_vm_new(const cp_vm_options *options)
{
    static const cp_vm_options defaults;
    if (options == NULL)
        options = &defaults;
    cp_heap *heap = cp_heap_new(&options->heap);
    if (heap == NULL)
        return NULL;
    copse_vm *vm = cp_allocate_zeroed(cp_heap_allocator(heap), sizeof *vm);
    if (vm == NULL) {
        cp_heap_free(heap);
        return NULL;
    }
    vm->heap = heap;
    vm->owner = cp_owner_here();
    vm->first_slots = options->first_slots > 0 ? options->first_slots : CP_SEGMENT_FIRST;
    vm->value_count = 1;
    vm->pool = CP_FALSE;
    vm->request.list = CP_NIL;
    init_types(heap);
    if (!cp_heap_add_root_scanner(heap, cp_vm_trace, vm)) {
        cp_release(cp_heap_allocator(heap), vm, sizeof *vm);
        cp_heap_free(heap);
        return NULL;
    }
    if (!make_names(vm) || !make_core(vm) || cp_vm_define(vm, cp_control_builtins) != COPSE_OK) {
        cp_vm_free(vm);
        return NULL;
    }
    cp_heap_on_wanted(heap, cp_want_safepoint, vm);
    return vm;
}

void cp_vm_free(copse_vm *own)
{
    if (own == NULL)
        return;
    cp_heap *heap = own->heap;
    assert(own->run == NULL);
    cp_heap_remove_root_scanner(heap, cp_vm_trace, own);
    cp_symbols_free(own->globals.symbols);
    cp_release(cp_heap_allocator(heap), own, sizeof *own);
    cp_heap_free(heap);
}
