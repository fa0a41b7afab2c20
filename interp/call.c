/* call.c -- a window that is being entered is a native frame that starts (fp and NATIVE_START are
 * set first), so a collection or an error in the middle finds its arguments. Arity errors, wrong
 * types and values that are no procedure are raised from there, with the callee on top. */
#include "interp/call.h"

#include <stdio.h>

/* ---- Room ---------------------------------------------------------------------------------- */

static void load_limit(copse_vm *vm)
{
    vm->limit = cp_segment_limit(vm->fiber->segment);
}

bool cp_room(copse_vm *vm, cp_value **window, uint32_t used, uint32_t needed)
{
    assert(used >= 2);
    for (unsigned attempt = 1;; attempt++) {
        const uint32_t *pc = (const uint32_t *)(uintptr_t)(*window)[1].bits;
        cp_value *moved = cp_fiber_room(vm->heap, vm->fiber, *window, used, needed, &pc);
        if (moved != NULL) {
            load_limit(vm);
            *window = moved;
            moved[1] = cp_from_pc(pc);
            return true;
        }
        if (!cp_vm_make_room(vm, attempt))
            return false;
    }
}

/* The same for the window of the native frame on top. */
static bool native_room(copse_vm *vm, uint32_t used, uint32_t needed)
{
    cp_value *window = vm->fp - 2;
    if (!cp_room(vm, &window, used, needed))
        return false;
    vm->fp = window + 2;
    return true;
}

/* ---- Returning ----------------------------------------------------------------------------- */

bool cp_return_one(copse_vm *vm, cp_value *window, cp_value value)
{
    const uint32_t *pc = (const uint32_t *)(uintptr_t)window[1].bits;
    window[0] = value;
    vm->fp = window - cp_window_of(pc);
    vm->pc = pc;
    vm->value_count = 1;
    return true;
}

static bool receives(const uint32_t *pc)
{
    cp_opcode op = cp_word_op(*pc);
    return op == CP_OP_RECEIVE || op == CP_OP_NATIVE_RESUME || op == CP_OP_UNDERFLOW;
}

bool cp_return_many(copse_vm *vm, cp_value *window, const cp_value *values, uint32_t count)
{
    const uint32_t *pc = (const uint32_t *)(uintptr_t)window[1].bits;
    if (count == 1 || !receives(pc))
        return cp_return_one(vm, window, count == 0 ? CP_UNSPECIFIC : values[0]);
    memmove(window, values, count * sizeof(cp_value));
    vm->fp = window - cp_window_of(pc);
    vm->pc = pc;
    vm->value_count = count;
    return true;
}

bool cp_underflow(copse_vm *vm)
{
    uint32_t count = vm->value_count;
    if (!cp_is_true(vm->fiber->next)) {
        cp_value value = count == 0 ? CP_UNSPECIFIC : vm->fp[0];
        vm->value_count = 1;
        return cp_stop(vm, CP_RUN_DONE, value);
    }
    for (unsigned attempt = 1; !cp_fiber_underflow(vm->heap, vm->fiber, count); attempt++) {
        if (!cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
    load_limit(vm);
    vm->fp = cp_to_segment(vm->fiber->segment)->slots + vm->fiber->fp;
    vm->pc = vm->fiber->pc;
    if (count != 1 && !receives(vm->pc)) {
        if (count == 0)
            vm->fp[cp_window_of(vm->pc)] = CP_UNSPECIFIC;
        vm->value_count = 1;
    }
    return true;
}

/* ---- Ends ---------------------------------------------------------------------------------- */

void cp_begin_halt(copse_vm *vm)
{
    cp_fiber *fiber = vm->fiber;
    fiber->is_halting = 1;
    fiber->era++;
    cp_value *window = cp_fiber_clear(vm->heap, fiber);
    window[0] = vm->core[CP_CORE_HALT];
    window[1] = cp_from_pc(CP_UNDERFLOW_PC);
    vm->fp = window + 2;
    vm->pc = cp_native_start_pc(0);
    vm->value_count = 1;
}

bool cp_stop(copse_vm *vm, cp_run_end end, cp_value value)
{
    if (vm->fiber->is_halting && end != CP_RUN_HALTED) {
        if (vm->fiber->halt_faults < UINT16_MAX)
            vm->fiber->halt_faults++;
        cp_begin_halt(vm);
        return true;
    }
    vm->end = end;
    vm->value = value;
    return false;
}

/* ---- Raising ------------------------------------------------------------------------------- */

enum { RAISE_SLOTS = 4 }; /* distance of the pc below, value, whether continuable, handlers */

/* Where a frame above the top one begins, and what it returns to. */
static cp_value *window_above(const copse_vm *vm, const uint32_t **pc, uint32_t *used)
{
    cp_opcode op = cp_word_op(*vm->pc);
    uint32_t a = cp_word_a(*vm->pc);
    *used = 2;
    if (op == CP_OP_UNDERFLOW) {
        *pc = CP_UNDERFLOW_PC;
        return vm->fp;
    }
    if (op == CP_OP_NATIVE_START || op == CP_OP_NATIVE_RESUME) {
        *pc = cp_native_resume_pc(a);
        return vm->fp + a;
    }
    const cp_code *code = cp_to_code(cp_to_closure(vm->fp[-2])->code);
    *pc = cp_trap_pc(code->register_count);
    cp_value *window = vm->fp + code->register_count;
    window[2] = cp_make_fixnum(vm->pc - code->base); /* fits: that is what the slack is for */
    *used = 3;
    return window;
}

bool cp_raise_here(copse_vm *vm)
{
    cp_locate_condition(vm, vm->condition);
    const uint32_t *pc;
    uint32_t used;
    cp_value *window = window_above(vm, &pc, &used);
    cp_value distance = used == 3 ? window[2] : CP_FALSE;
    cp_value condition = vm->condition;
    bool is_continuable = vm->is_continuable;
    for (unsigned attempt = 1;; attempt++) {
        cp_value *moved =
            cp_fiber_room(vm->heap, vm->fiber, window, used, 2 + RAISE_SLOTS + 3, &pc);
        if (moved != NULL) {
            window = moved;
            break;
        }
        if (attempt > 2)
            return cp_stop(vm, CP_RUN_RAISED, condition); /* not even the reserve is enough */
        if (!cp_vm_make_room(vm, attempt))
            vm->condition = condition; /* the reserve is open: go on with what was raised */
    }
    load_limit(vm);
    window[0] = vm->core[CP_CORE_RAISE];
    window[1] = cp_from_pc(pc);
    vm->fp = window + 2;
    vm->fp[0] = distance;
    vm->fp[1] = condition;
    vm->fp[2] = cp_make_boolean(is_continuable);
    vm->fp[3] = vm->fiber->handlers;
    vm->pc = cp_native_start_pc(RAISE_SLOTS);
    vm->value_count = 1;
    vm->condition = CP_FALSE;
    return true; /* to the loop: handlers that fail at once must not nest in C */
}

/* Call the innermost of the handlers in slot 3 with the value in slot 1; the outer ones are in
 * force meanwhile. Without one the run ends. */
static cp_value call_handler(copse_vm *vm, const cp_value *slots)
{
    if (cp_is_nil(slots[3])) {
        vm->request.kind = CP_REQUEST_STOP;
        vm->end = CP_RUN_RAISED;
        vm->value = slots[1];
        return CP_REQUEST;
    }
    for (uint32_t i = 0; i < RAISE_SLOTS; i++)
        cp_keep(vm, i, slots[i]);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, cp_cdr(slots[3]));
    return cp_request_call(vm, cp_car(slots[3]), 1, &slots[1]);
}

static cp_value start_raise(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return call_handler(vm, args);
}

/* The handler returned. That is the value of a raise-continuable; after any other raise it is an
 * error of its own, raised where the handler ran, so to the outer handlers. */
static cp_value resume_raise(copse_vm *vm, cp_native *native)
{
    if (cp_is_true(native->slots[2])) {
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, native->slots[3]);
        return native->value_count > 0 ? native->values[0] : CP_UNSPECIFIC;
    }
    cp_value condition = cp_new_condition(vm, CP_E_HANDLER_RETURNED,
                                          "a handler returned from %v, which can not be continued",
                                          native->slots[1]);
    if (cp_is_retry(condition))
        return CP_RETRY;
    cp_write(vm->heap, cp_to_object(condition), &cp_to_condition(condition)->payload,
             native->slots[1]);
    native->slots[1] = condition;
    native->slots[3] = cp_cdr(native->slots[3]);
    return call_handler(vm, native->slots);
}

const cp_builtin cp_raise_row = {
    start_raise,
    COPSE_BUILTIN("raise", "at value continuable handlers -> any", CONSTANT,
                  "The frame of a raised value: calls the handler."),
    .resume = resume_raise,
};

/* ---- Builtins ------------------------------------------------------------------------------ */

/* "1 argument", "at least 2 arguments", "1 to 3 arguments". */
static void print_arity(char *text, size_t size, uint32_t required, uint32_t optional,
                        bool has_rest)
{
    const char *s = required + optional == 1 ? "" : "s";
    if (has_rest)
        (void)snprintf(text, size, "at least %u argument%s", required, required == 1 ? "" : "s");
    else if (optional > 0)
        (void)snprintf(text, size, "%u to %u arguments", required, required + optional);
    else
        (void)snprintf(text, size, "%u argument%s", required, s);
}

static bool raise_arity(copse_vm *vm, cp_value callee, uint32_t count, const char *expected)
{
    for (unsigned attempt = 1;; attempt++) {
        cp_value raised = cp_raise(vm, CP_E_WRONG_ARITY, "%s: expected %s, got %d",
                                   cp_procedure_name(callee), expected, (int)count);
        if (!cp_is_retry(raised) || !cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

/* Raise that argument INDEX of BUILTIN does not fit, or CP_RETRY. */
static cp_value raise_argument(copse_vm *vm, const cp_builtin_object *builtin, uint32_t index,
                               cp_argument type, cp_value v)
{
    uint32_t length;
    const char *name = cp_signature_name(builtin->row->signature, index, &length);
    char parameter[40];
    (void)snprintf(parameter, sizeof parameter, "%.*s", (int)length, name);
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %s is %v, expected %s", builtin->row->name, parameter,
                    v, cp_argument_expectation(type));
}

/* CP_TRUE, or what a builtin would return when an argument has the wrong type. */
static cp_value check_arguments(copse_vm *vm, const cp_builtin_object *builtin,
                                const cp_value *args, uint32_t count)
{
    const cp_signature *signature = &builtin->signature;
    uint32_t last = (uint32_t)signature->required + signature->optional;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = i < last ? i : last;
        cp_argument type =
            index < CP_ARGUMENT_TYPES_MAX ? (cp_argument)signature->types[index] : CP_ARGUMENT_ANY;
        bool is_absent = i >= signature->required && cp_same(args[i], CP_DEFAULT);
        if (!is_absent && !cp_argument_fits(type, args[i]))
            return raise_argument(vm, builtin, index, type, args[i]);
    }
    return CP_TRUE;
}

cp_value cp_call_builtin(copse_vm *vm, const cp_builtin_object *builtin, const cp_value *args,
                         uint32_t count)
{
    if (builtin->signature.is_checked) {
        cp_value checked = check_arguments(vm, builtin, args, count);
        if (!cp_same(checked, CP_TRUE))
            return checked;
    }
    return builtin->row->function(vm, args, (int)count);
}

/* The arguments of the builtin on top: its slots, or the vector there. */
static const cp_value *start_arguments(const copse_vm *vm, uint32_t *count)
{
    if (vm->pc != CP_VECTOR_PC) {
        *count = cp_word_a(*vm->pc);
        return vm->fp;
    }
    *count = cp_vector_length(vm->fp[0]);
    return cp_to_vector(vm->fp[0])->values;
}

bool cp_start_builtin(copse_vm *vm, unsigned attempt)
{
    const cp_builtin_object *builtin = cp_to_builtin(vm->fp[-2]);
    const cp_signature *signature = &builtin->signature;
    uint32_t most = (uint32_t)signature->required + signature->optional;
    uint32_t count;
    (void)start_arguments(vm, &count);
    if (count < signature->required || (count > most && !signature->has_rest)) {
        char expected[60];
        print_arity(expected, sizeof expected, signature->required, signature->optional,
                    signature->has_rest != 0);
        return raise_arity(vm, vm->fp[-2], count, expected);
    }
    for (;; attempt++) {
        /* Found anew each time: a refused builtin may have moved its frame. */
        const cp_value *args = start_arguments(vm, &count);
        cp_value result = cp_call_builtin(vm, builtin, args, count);
        if (!cp_is_retry(result))
            return cp_finish_native(vm, result);
        if (!cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

bool cp_resume_native(copse_vm *vm)
{
    uint32_t slot_count = cp_word_a(*vm->pc);
    const cp_builtin *row = cp_to_builtin(vm->fp[-2])->row;
    assert(cp_is_type(vm->fp[-2], CP_TYPE_BUILTIN));
    if (row->resume == NULL)
        return cp_return_many(vm, vm->fp - 2, vm->fp + slot_count, vm->value_count);
    for (unsigned attempt = 1;; attempt++) {
        cp_native native = {vm->fp, slot_count, vm->value_count, vm->fp + slot_count};
        cp_value result = row->resume(vm, &native);
        if (!cp_is_retry(result))
            return cp_finish_native(vm, result);
        if (!cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

/* ---- Requests ------------------------------------------------------------------------------ */

/* The frame holds what was kept, and room for EXTRA slots. */
static bool keep_slots(copse_vm *vm, uint32_t extra)
{
    cp_request *request = &vm->request;
    if (!native_room(vm, 2, 2 + request->keep_count + extra))
        return false;
    memcpy(vm->fp, request->keep, request->keep_count * sizeof(cp_value));
    return true;
}

/* Forget the request; the number of slots it kept. */
static uint32_t take_request(copse_vm *vm)
{
    uint32_t count = vm->request.keep_count;
    vm->request.kind = CP_REQUEST_NONE;
    vm->request.keep_count = 0;
    vm->request.argument_count = 0;
    vm->request.procedure = CP_FALSE;
    vm->request.list = CP_NIL;
    vm->request.reason = CP_FALSE;
    return count;
}

/* Leave the entering of WINDOW to the loop, so that builtins that call builtins do not nest in C.
 */
static bool enter_later(copse_vm *vm, cp_value *window, uint32_t count)
{
    vm->fp = window + 2;
    vm->pc = cp_native_start_pc(count);
    vm->value_count = 1;
    return true;
}

static bool carry_out_call(copse_vm *vm)
{
    uint32_t arguments = vm->request.argument_count;
    if (!keep_slots(vm, 2 + arguments)) {
        (void)take_request(vm);
        return cp_raise_here(vm);
    }
    cp_value *window = vm->fp + vm->request.keep_count;
    window[0] = vm->request.procedure;
    memcpy(window + 2, vm->request.arguments, arguments * sizeof(cp_value));
    window[1] = cp_from_pc(cp_native_resume_pc(take_request(vm)));
    return enter_later(vm, window, arguments);
}

/* Parameters of the clause of CLOSURE that takes COUNT arguments and more; CP_SPREAD_MAX + 1 when
 * there is none with a rest list. */
static uint32_t rest_index(cp_value procedure, int64_t count)
{
    if (!cp_is_closure(procedure))
        return CP_SPREAD_MAX + 1;
    const cp_template *t = cp_to_code(cp_to_closure(procedure)->code)->template;
    const cp_entry *entries = cp_template_entries(t);
    for (uint32_t i = 0; i < t->entry_count; i++) {
        if (entries[i].has_rest && entries[i].required <= count)
            return (uint32_t)entries[i].required + entries[i].optional;
    }
    return CP_SPREAD_MAX + 1;
}

/* An apply with too many arguments for a window: they go into a vector. A builtin reads them there;
 * the rest list of a closure is made from what its parameters leave. */
static bool apply_long(copse_vm *vm, int64_t count)
{
    cp_request *request = &vm->request;
    cp_value vector;
    for (unsigned attempt = 1;; attempt++) {
        vector = cp_make_vector(vm->heap, (size_t)count, CP_NIL);
        if (!cp_is_retry(vector))
            break;
        if (!cp_vm_make_room(vm, attempt)) {
            (void)take_request(vm);
            return cp_raise_here(vm);
        }
    }
    cp_value *values = cp_to_vector(vector)->values; /* young until the next safepoint */
    memcpy(values, request->arguments, request->argument_count * sizeof(cp_value));
    cp_value list = request->list;
    for (int64_t i = request->argument_count; i < count; i++) {
        values[i] = cp_car(list);
        list = cp_cdr(list);
    }
    vm->fp[-2] = request->procedure;
    (void)take_request(vm);
    vm->fp[0] = vector; /* fits: the slack of the segment is behind every frame */
    vm->pc = CP_VECTOR_PC;
    return true;
}

static bool raise_spread(copse_vm *vm, cp_value callee)
{
    vm->fp[-2] = callee;
    return raise_arity(vm, callee, CP_SPREAD_MAX, "fewer arguments");
}

/* A closure that is called with the arguments in the vector R[0]. */
static bool enter_with_vector(copse_vm *vm)
{
    cp_value callee = vm->fp[-2];
    uint32_t count = cp_vector_length(vm->fp[0]);
    uint32_t plain = rest_index(callee, count);
    if (plain > CP_SPREAD_MAX)
        return raise_spread(vm, callee);
    cp_value rest = CP_RETRY;
    for (unsigned attempt = 1;; attempt++) {
        const cp_value *values = cp_to_vector(vm->fp[0])->values;
        rest = cp_list_from(vm->heap, values + plain, count - plain, CP_NIL);
        if (!cp_is_retry(rest))
            break;
        if (!cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
    vm->request.list = rest; /* a root until it is in its register */
    cp_code *code = cp_to_code(cp_to_closure(callee)->code);
    if (!native_room(vm, 3, 2 + code->register_count))
        return cp_raise_here(vm);
    memmove(vm->fp, cp_to_vector(vm->fp[0])->values, plain * sizeof(cp_value));
    vm->fp[plain] = vm->request.list;
    vm->request.list = CP_NIL;
    const cp_entry *entry = cp_template_entries(code->template);
    while (!entry->has_rest || entry->required > count)
        entry++;
    vm->pc = code->base + entry->pc;
    vm->fuel--;
    return true;
}

static bool carry_out_tail_call(copse_vm *vm)
{
    cp_request *request = &vm->request;
    int64_t count = request->argument_count + cp_list_length(request->list);
    if (count > CP_SPREAD_MAX)
        return apply_long(vm, count);
    if (!native_room(vm, 2, 2 + (uint32_t)count)) {
        (void)take_request(vm);
        return cp_raise_here(vm);
    }
    vm->fp[-2] = request->procedure;
    memcpy(vm->fp, request->arguments, request->argument_count * sizeof(cp_value));
    cp_value list = request->list;
    for (int64_t i = request->argument_count; i < count; i++) {
        vm->fp[i] = cp_car(list);
        list = cp_cdr(list);
    }
    (void)take_request(vm);
    return enter_later(vm, vm->fp - 2, (uint32_t)count);
}

static bool carry_out_values(copse_vm *vm)
{
    int64_t count = cp_list_length(vm->request.list);
    assert(count >= 0);
    if (!native_room(vm, 2, 2 + (uint32_t)count)) {
        (void)take_request(vm);
        return cp_raise_here(vm);
    }
    cp_value list = vm->request.list;
    for (int64_t i = 0; i < count; i++) {
        vm->fp[i] = cp_car(list);
        list = cp_cdr(list);
    }
    (void)take_request(vm);
    return cp_return_many(vm, vm->fp - 2, vm->fp, (uint32_t)count);
}

static bool raise_cannot_park(copse_vm *vm)
{
    for (unsigned attempt = 1;; attempt++) {
        cp_value raised = cp_raise(vm, CP_E_CANNOT_PARK, "%s waits for the result and can not park",
                                   vm->run->caller);
        if (!cp_is_retry(raised) || !cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

static bool carry_out_park(copse_vm *vm)
{
    cp_value reason = vm->request.reason;
    if (vm->run->caller != NULL && !vm->fiber->is_halting) {
        (void)take_request(vm);
        return raise_cannot_park(vm);
    }
    bool has_room = keep_slots(vm, 1);
    uint32_t count = take_request(vm);
    if (!has_room)
        return cp_raise_here(vm);
    vm->pc = cp_native_resume_pc(count);
    vm->value_count = 0;
    return cp_stop(vm, CP_RUN_PARKED, reason);
}

static bool carry_out_again(copse_vm *vm)
{
    bool has_room = keep_slots(vm, 1);
    uint32_t count = take_request(vm);
    if (!has_room)
        return cp_raise_here(vm);
    vm->pc = cp_native_resume_pc(count);
    vm->fp[count] = CP_UNSPECIFIC;
    vm->value_count = 1;
    vm->fuel -= CP_AGAIN_FUEL;
    return true;
}

bool cp_finish_native(copse_vm *vm, cp_value result)
{
    if (cp_same(result, CP_RAISE)) {
        (void)take_request(vm);
        return cp_raise_here(vm);
    }
    if (!cp_same(result, CP_REQUEST))
        return cp_return_one(vm, vm->fp - 2, result);
    switch (vm->request.kind) {
    case CP_REQUEST_CALL:
        return carry_out_call(vm);
    case CP_REQUEST_TAIL_CALL:
        return carry_out_tail_call(vm);
    case CP_REQUEST_VALUES:
        return carry_out_values(vm);
    case CP_REQUEST_PARK:
        return carry_out_park(vm);
    case CP_REQUEST_AGAIN:
        return carry_out_again(vm);
    case CP_REQUEST_HALT:
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->value, vm->request.reason);
        (void)take_request(vm);
        cp_begin_halt(vm);
        return true;
    case CP_REQUEST_GO:
        (void)take_request(vm);
        return true;
    case CP_REQUEST_STOP:
        (void)take_request(vm);
        return cp_stop(vm, vm->end, vm->value);
    case CP_REQUEST_NONE:
        break;
    }
    assert(false); /* CP_REQUEST comes from a cp_request function */
    return false;
}

/* ---- Entering ------------------------------------------------------------------------------ */

static const cp_entry *find_entry(const cp_template *t, uint32_t count)
{
    const cp_entry *entries = cp_template_entries(t);
    for (uint32_t i = 0; i < t->entry_count; i++) {
        uint32_t most = (uint32_t)entries[i].required + entries[i].optional;
        if (count >= entries[i].required && (count <= most || entries[i].has_rest))
            return &entries[i];
    }
    return NULL;
}

static bool raise_closure_arity(copse_vm *vm, const cp_template *t, uint32_t count)
{
    char expected[200] = "";
    const cp_entry *entries = cp_template_entries(t);
    for (uint32_t i = 0; i < t->entry_count; i++) {
        char one[60];
        print_arity(one, sizeof one, entries[i].required, entries[i].optional,
                    entries[i].has_rest != 0);
        size_t used = strlen(expected);
        (void)snprintf(expected + used, sizeof expected - used, "%s%s", i > 0 ? " or " : "", one);
    }
    return raise_arity(vm, vm->fp[-2], count, expected);
}

/* The arguments from FROM to COUNT as a list in vm->request.list. */
static bool make_rest(copse_vm *vm, uint32_t from, uint32_t count)
{
    uint32_t rest = count > from ? count - from : 0;
    for (unsigned attempt = 1;; attempt++) {
        cp_value list = cp_list_from(vm->heap, vm->fp + from, rest, CP_NIL);
        if (!cp_is_retry(list)) {
            vm->request.list = list;
            return true;
        }
        if (!cp_vm_make_room(vm, attempt))
            return false;
    }
}

static bool enter_closure(copse_vm *vm, uint32_t count)
{
    const cp_code *code = cp_to_code(cp_to_closure(vm->fp[-2])->code);
    const cp_entry *entry = find_entry(code->template, count);
    if (entry == NULL)
        return raise_closure_arity(vm, code->template, count);
    uint32_t plain = (uint32_t)entry->required + entry->optional;
    uint32_t size = code->register_count > count ? code->register_count : count;
    if (vm->fp + size > vm->limit && !native_room(vm, 2 + count, 2 + size))
        return cp_raise_here(vm);
    if (entry->has_rest && !make_rest(vm, plain, count))
        return cp_raise_here(vm);
    for (uint32_t i = count; i < plain; i++)
        vm->fp[i] = CP_DEFAULT;
    if (entry->has_rest) {
        vm->fp[plain] = vm->request.list;
        vm->request.list = CP_NIL;
    }
    vm->pc = code->base + entry->pc;
    vm->fuel--;
    return true;
}

enum { REINSTATE_SLOTS = 2 }; /* the continuation, a list of values */

/* A continuation is called: the builtin that reinstates it takes over the window. */
static bool enter_continuation(copse_vm *vm, uint32_t count)
{
    if (!make_rest(vm, 0, count) || !native_room(vm, 2 + count, 2 + REINSTATE_SLOTS))
        return cp_raise_here(vm);
    vm->fp[0] = vm->fp[-2];
    vm->fp[1] = vm->request.list;
    vm->request.list = CP_NIL;
    vm->fp[-2] = vm->core[CP_CORE_REINSTATE];
    vm->pc = cp_native_start_pc(REINSTATE_SLOTS);
    return cp_start_native(vm);
}

/* The value of PARAMETER in this fiber: what parameterize gave it, else its own. */
static bool enter_parameter(copse_vm *vm, uint32_t count)
{
    cp_value parameter = vm->fp[-2];
    if (count > 0)
        return raise_arity(vm, parameter, count, "0 arguments");
    for (cp_value l = vm->fiber->parameters; cp_is_pair(l); l = cp_cdr(l)) {
        if (cp_same(cp_car(cp_car(l)), parameter))
            return cp_return_one(vm, vm->fp - 2, cp_cdr(cp_car(l)));
    }
    return cp_return_one(vm, vm->fp - 2, ((cp_box *)cp_to_object(parameter))->value);
}

static bool raise_not_a_procedure(copse_vm *vm)
{
    for (unsigned attempt = 1;; attempt++) {
        cp_value raised =
            cp_raise(vm, CP_E_NOT_A_PROCEDURE, "%v is no procedure and was called", vm->fp[-2]);
        if (!cp_is_retry(raised) || !cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

bool cp_enter(copse_vm *vm, cp_value *window, uint32_t count)
{
    vm->fp = window + 2;
    vm->pc = cp_native_start_pc(count);
    vm->value_count = 1;
    cp_value callee = window[0];
    unsigned type = cp_is_object(callee) ? cp_object_type(cp_to_object(callee)) : CP_TYPE_NONE;
    if (type == CP_TYPE_CLOSURE)
        return enter_closure(vm, count);
    if (type == CP_TYPE_BUILTIN)
        return cp_start_builtin(vm, 1);
    if (type == CP_TYPE_CONTINUATION)
        return enter_continuation(vm, count);
    if (type == CP_TYPE_PARAMETER)
        return enter_parameter(vm, count);
    return raise_not_a_procedure(vm);
}

bool cp_start_native(copse_vm *vm)
{
    if (vm->pc != CP_VECTOR_PC)
        return cp_enter(vm, vm->fp - 2, cp_word_a(*vm->pc));
    if (!cp_is_type(vm->fp[-2], CP_TYPE_BUILTIN))
        return enter_with_vector(vm);
    return cp_start_builtin(vm, 1);
}
