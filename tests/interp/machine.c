#include "tests/check.h"

#include "tests/interp/machine.h"

#include "interp/check.h"

/* The one machine of the running test, for the builtins. */
static cp_test_machine *current;

/* ---- Builtins ------------------------------------------------------------------------------ */

static cp_value note(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    size_t used = strlen(current->log);
    cp_printer printer = cp_printer_make(current->log + used, sizeof current->log - used);
    cp_print(&printer, used > 0 ? " " : "");
    cp_print_brief(vm->heap, &printer, args[0]);
    return args[0];
}

static cp_value list(copse_vm *vm, const cp_value *args, int count)
{
    return cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
}

static cp_value through(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_keep(vm, 0, args[0]);
    cp_keep(vm, 1, cp_make_fixnum(17));
    return cp_request_call(vm, args[0], 0, NULL);
}

static cp_value through_resume(copse_vm *vm, cp_native *native)
{
    (void)vm;
    assert_int_equal(native->slot_count, 2);
    assert_int_equal(native->value_count, 1);
    assert_int_equal(cp_to_fixnum(native->slots[1]), 17);
    assert_true(cp_is_closure(native->slots[0]));
    return native->values[0];
}

static cp_value slices(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_keep(vm, 0, args[0]);
    cp_keep(vm, 1, cp_make_fixnum(0));
    return cp_request_again(vm);
}

static cp_value slices_resume(copse_vm *vm, cp_native *native)
{
    if (cp_same(native->slots[0], native->slots[1]))
        return native->slots[0];
    cp_keep(vm, 0, native->slots[0]);
    cp_keep(vm, 1, cp_make_fixnum(cp_to_fixnum(native->slots[1]) + 1));
    return cp_request_again(vm);
}

static cp_value park(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_request_park(vm, args[0]);
}

static cp_value halt(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_request_halt(vm, args[0]);
}

static cp_value callback(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value value;
    switch (cp_vm_call(vm, "callback", args[0], 0, NULL, &value)) {
    case CP_RUN_DONE:
        return value;
    case CP_RUN_RAISED:
        return cp_raise_value(vm, value, false);
    case CP_RUN_HALTED:
        return cp_intern_c(vm->globals.symbols, "halted");
    case CP_RUN_PARKED:
    case CP_RUN_CUT:
    case CP_RUN_REFUSED:
        break;
    }
    fail_msg("%s", "a call from C neither parks nor is cut");
    return CP_UNSPECIFIC;
}

static cp_value refused(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)args;
    (void)count;
    return CP_RETRY;
}

static cp_value collect(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)args;
    (void)count;
    return ++current->refusals % 2 == 1 ? CP_RETRY : cp_make_fixnum(current->refusals);
}

static const cp_builtin test_builtins[] = {
    {note, COPSE_BUILTIN("note", "x -> any", CONSTANT, "Append X to the log.")},
    {list, COPSE_BUILTIN("list", "x... -> list", BOUNDED, "A list.")},
    {through, COPSE_BUILTIN("through", "f:procedure -> any", CONSTANT, "Call F."),
     .resume = through_resume},
    {slices, COPSE_BUILTIN("slices", "n:index -> index", SLICED, "Take N slices."),
     .resume = slices_resume},
    {park, COPSE_BUILTIN("park", "reason -> any", CONSTANT, "Park.")},
    {halt, COPSE_BUILTIN("halt", "value -> any", CONSTANT, "Unwind.")},
    {callback, COPSE_BUILTIN("callback", "f:procedure -> any", CONSTANT, "Call F from C.")},
    {refused, COPSE_BUILTIN("refused", "-> any", CONSTANT, "Be refused.")},
    {collect, COPSE_BUILTIN("collect", "-> any", CONSTANT, "Be refused once.")},
    {0},
};

/* ---- The machine --------------------------------------------------------------------------- */

static void trace_held(void *context, cp_tracer *tracer)
{
    cp_test_machine *m = context;
    cp_trace(tracer, m->held);
}

void cp_test_open(cp_test_machine *m, uint64_t refuse_at, const cp_vm_options *options)
{
    memset(m, 0, sizeof *m);
    m->held = CP_NIL;
    cp_fault_init(&m->fault, refuse_at);
    cp_vm_options own = {0};
    if (options != NULL)
        own = *options;
    own.heap.allocator = &m->fault.allocator;
    m->vm = cp_vm_new(&own);
    if (m->vm != NULL && !cp_heap_add_root_scanner(m->vm->heap, trace_held, m)) {
        cp_vm_free(m->vm);
        m->vm = NULL;
    }
    current = m;
    if (m->vm == NULL)
        return;
#ifdef CP_GC_STRESS
    cp_heap_set_checker(m->vm->heap, cp_heap_assert);
#endif
    if (cp_vm_define(m->vm, test_builtins) != COPSE_OK) {
        cp_heap_remove_root_scanner(m->vm->heap, trace_held, m);
        cp_vm_free(m->vm);
        m->vm = NULL;
    }
}

void cp_test_close(cp_test_machine *m)
{
    if (m->vm != NULL) {
        cp_heap_remove_root_scanner(m->vm->heap, trace_held, m);
        cp_vm_free(m->vm);
    }
    for (uint32_t i = 0; i < m->unit_count; i++)
        cp_unit_free(copse_default_allocator(), m->units[i]);
    assert_int_equal(m->fault.live_bytes, 0);
}

static bool hold(cp_test_machine *m, cp_value v)
{
    cp_value list = cp_cons(m->vm->heap, v, m->held);
    if (cp_is_retry(list))
        return false;
    m->held = list;
    return true;
}

cp_value cp_test_load(cp_test_machine *m, const char *text)
{
    char error[CP_ASM_ERROR_SIZE];
    assert_true(m->unit_count < CP_TEST_UNITS);
    cp_unit *unit = cp_assemble(copse_default_allocator(), text, error);
    if (unit == NULL)
        fail_msg("%s", error);
    m->units[m->unit_count++] = unit;
    cp_value procedure = cp_vm_load(m->vm, unit);
    assert_true(cp_is_true(procedure));
    if (!cp_is_retry(procedure) && !hold(m, procedure))
        return CP_RETRY;
    return procedure;
}

cp_fiber *cp_test_fiber(cp_test_machine *m, cp_value procedure)
{
    cp_value fiber = cp_vm_fiber(m->vm, procedure, 0, NULL);
    if (cp_is_retry(fiber) || !hold(m, fiber))
        return NULL;
    return cp_to_fiber(fiber);
}

static void print_raised(cp_test_machine *m, cp_printer *printer, cp_value value)
{
    cp_print(printer, "raised ");
    if (!cp_is_condition(value)) {
        cp_print_brief(m->vm->heap, printer, value);
        return;
    }
    const cp_condition *c = cp_to_condition(value);
    cp_print_brief(m->vm->heap, printer, c->kind);
    cp_print(printer, ": ");
    if (cp_is_string(c->message))
        cp_print(printer, "%s", cp_string_text(cp_to_string(c->message)));
    else
        cp_print_brief(m->vm->heap, printer, c->message);
}

const char *cp_test_run(cp_test_machine *m, cp_fiber *fiber, int64_t fuel)
{
    cp_value value;
    cp_run_end end = cp_vm_run(m->vm, fiber, fuel, &value);
    cp_printer printer = cp_printer_make(m->text, sizeof m->text);
    switch (end) {
    case CP_RUN_DONE:
        cp_print_brief(m->vm->heap, &printer, value);
        break;
    case CP_RUN_RAISED:
        print_raised(m, &printer, value);
        break;
    case CP_RUN_PARKED:
        cp_print(&printer, "parked ");
        cp_print_brief(m->vm->heap, &printer, value);
        break;
    case CP_RUN_CUT:
        cp_print(&printer, "cut");
        break;
    case CP_RUN_HALTED:
        cp_print(&printer, "halted %u", fiber->halt_faults);
        break;
    case CP_RUN_REFUSED:
        cp_print(&printer, "refused");
        break;
    }
    return m->text;
}

const char *cp_test_eval(cp_test_machine *m, const char *text)
{
    cp_value procedure = cp_test_load(m, text);
    cp_fiber *fiber = cp_is_retry(procedure) ? NULL : cp_test_fiber(m, procedure);
    if (fiber == NULL)
        return "refused";
    return cp_test_run(m, fiber, CP_FUEL_UNLIMITED);
}

void cp_test_check(cp_test_machine *m, const char *text, const char *expected)
{
    const char *result = cp_test_eval(m, text);
    if (strcmp(result, expected) != 0)
        fail_msg("got \"%s\", expected \"%s\", from\n%s", result, expected, text);
}

void cp_test_check_all(const char *const cases[][2], size_t count)
{
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    assert_non_null(m.vm);
    for (size_t i = 0; i < count; i++)
        cp_test_check(&m, cases[i][0], cases[i][1]);
    cp_test_close(&m);
}
