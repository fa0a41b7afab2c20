#include "tests/check.h"

#include "tests/interp/machine.h"

#include "interp/check.h"

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
