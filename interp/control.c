/* control.c -- each jump is a native frame that steps: leave the innermost wind that the target
 * does not have, enter the outermost that it has and we have not, else go. The frame stands on the
 * stack that is being left, so a thunk may itself capture, raise or escape. The dynamic environment
 * of a thunk is that of its dynamic-wind. */
#include "interp/control.h"

static cp_continuation *to_continuation(cp_value v)
{
    assert(cp_is_type(v, CP_TYPE_CONTINUATION));
    return (cp_continuation *)cp_to_object(v);
}

static cp_continuation_kind kind_of(const cp_continuation *k)
{
    return (cp_continuation_kind)cp_object_aux(&k->object);
}

static cp_wind *to_wind(cp_value v)
{
    assert(cp_is_type(v, CP_TYPE_WIND));
    return (cp_wind *)cp_to_object(v);
}

static void set_winds(copse_vm *vm, cp_value winds)
{
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->winds, winds);
}

/* Put handlers and parameters in force. */
static void set_environment(copse_vm *vm, cp_value handlers, cp_value parameters)
{
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, handlers);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->parameters, parameters);
}

static cp_value request_go(copse_vm *vm)
{
    vm->request.kind = CP_REQUEST_GO;
    return CP_REQUEST;
}

/* A fiber that is being halted can not be left: the thunk that tried is ended. */
static cp_value request_stop(copse_vm *vm, cp_value value)
{
    vm->request.kind = CP_REQUEST_STOP;
    vm->end = CP_RUN_RAISED;
    vm->value = value;
    return CP_REQUEST;
}

/* The values that came back, as the value of this builtin. */
static cp_value pass_values(copse_vm *vm, const cp_native *native)
{
    if (native->value_count == 1)
        return native->values[0];
    cp_value list = cp_list_from(vm->heap, native->values, native->value_count, CP_NIL);
    return cp_is_retry(list) ? list : cp_request_values(vm, list);
}

/* ---- Capturing ----------------------------------------------------------------------------- */

static cp_continuation *make_continuation(copse_vm *vm, cp_continuation_kind kind)
{
    uint64_t header = cp_header(CP_TYPE_CONTINUATION, 0, kind, 0);
    cp_continuation *k =
        (cp_continuation *)cp_alloc_sized(vm->heap, header, sizeof(cp_continuation));
    if (k == NULL)
        return NULL;
    k->slice = CP_FALSE;
    k->end = CP_FALSE;
    k->winds = vm->fiber->winds;
    k->end_winds = CP_FALSE;
    k->handlers = vm->fiber->handlers;
    k->parameters = vm->fiber->parameters;
    k->fiber = cp_from_object(vm->fiber);
    k->era = vm->fiber->era;
    return k;
}

/* Seal all below the window of the running builtin as the slice of K. */
static bool capture_below(copse_vm *vm, cp_continuation *k)
{
    cp_value *window = vm->fp - 2;
    if (!cp_fiber_seal(vm->heap, vm->fiber, window, cp_return_pc(vm->fp), true))
        return false;
    k->slice = vm->fiber->next; /* K is young */
    window[1] = cp_from_pc(CP_UNDERFLOW_PC);
    return true;
}

static cp_value call_cc(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_continuation *k = make_continuation(vm, CP_CONTINUATION_FULL);
    if (k == NULL || !capture_below(vm, k))
        return CP_RETRY;
    cp_value value = cp_from_object(k);
    return cp_request_tail_call(vm, args[0], 1, &value);
}

/* Make the running builtin, with SLOTS slots in its frame, the prompt TAG, and call PROCEDURE above
 * it with the COUNT arguments. */
static cp_value call_above_prompt(copse_vm *vm, uint32_t slots, cp_value tag, cp_value procedure,
                                  const cp_value *arguments, uint32_t count)
{
    cp_value *window = vm->fp - 2;
    const uint32_t *pc = cp_return_pc(vm->fp);
    window = cp_fiber_room(vm->heap, vm->fiber, window, 2 + slots, 2 + slots + 2 + count, &pc);
    if (window == NULL)
        return CP_RETRY;
    vm->limit = cp_segment_limit(vm->fiber->segment);
    vm->fp = window + 2;
    window[1] = cp_from_pc(pc);
    cp_value *above = vm->fp + slots;
    if (!cp_fiber_seal(vm->heap, vm->fiber, above, cp_native_resume_pc(slots), false))
        return CP_RETRY;
    cp_slice *slice = cp_to_slice(vm->fiber->next); /* young: the frame is in it */
    slice->tag = tag;
    slice->winds = vm->fiber->winds;
    slice->handlers = vm->fiber->handlers;
    slice->parameters = vm->fiber->parameters;
    above[0] = procedure;
    above[1] = cp_from_pc(CP_UNDERFLOW_PC);
    for (uint32_t i = 0; i < count; i++)
        above[2 + i] = arguments[i];
    vm->fp = above + 2;
    vm->pc = cp_native_start_pc(count);
    return request_go(vm);
}

/* Slot 0 of the frame: the procedure, which keeps it from ending below its arguments. */
static cp_value call_ec(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_continuation *k = make_continuation(vm, CP_CONTINUATION_ESCAPE);
    if (k == NULL)
        return CP_RETRY;
    cp_value value = cp_from_object(k);
    return call_above_prompt(vm, 1, value, args[0], &value, 1);
}

enum { PROMPT_TAG, PROMPT_THUNK, PROMPT_HANDLER, PROMPT_SLOTS };

static cp_value call_with_prompt(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return call_above_prompt(vm, PROMPT_SLOTS, args[PROMPT_TAG], args[PROMPT_THUNK], NULL, 0);
}

/* The slice whose top frame is the innermost prompt TAG, or CP_FALSE. Cost: linear in the slices
 * above it. */
static cp_value find_prompt(const copse_vm *vm, cp_value tag)
{
    cp_value slice = vm->fiber->next;
    while (cp_is_true(slice) && !cp_same(cp_to_slice(slice)->tag, tag))
        slice = cp_to_slice(slice)->next;
    return slice;
}

static cp_value raise_no_prompt(copse_vm *vm, cp_value tag)
{
    if (vm->fiber->is_halting)
        return request_stop(vm, tag);
    if (cp_is_type(tag, CP_TYPE_CONTINUATION))
        return cp_raise(vm, CP_E_NO_PROMPT, "the procedure to escape from has already returned");
    return cp_raise(vm, CP_E_NO_PROMPT, "there is no prompt %v below", tag);
}

static cp_value call_with_composable(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value end = find_prompt(vm, args[1]);
    if (!cp_is_true(end))
        return raise_no_prompt(vm, args[1]);
    cp_continuation *k = make_continuation(vm, CP_CONTINUATION_COMPOSABLE);
    if (k == NULL || !capture_below(vm, k))
        return CP_RETRY;
    k->end = end;
    k->end_winds = cp_to_slice(end)->winds;
    cp_value value = cp_from_object(k);
    return cp_request_tail_call(vm, args[0], 1, &value);
}

/* ---- Winds --------------------------------------------------------------------------------- */

static uint64_t depth_of(cp_value winds)
{
    return cp_is_true(winds) ? to_wind(winds)->depth : 0;
}

/* The innermost wind that is in both lists, or CP_FALSE. */
static cp_value common_wind(cp_value a, cp_value b)
{
    while (!cp_same(a, b)) {
        if (depth_of(a) >= depth_of(b))
            a = to_wind(a)->next;
        else
            b = to_wind(b)->next;
    }
    return a;
}

/* The wind of the list WINDS whose next one is OUTER. */
static cp_value wind_inside(cp_value winds, cp_value outer)
{
    while (!cp_same(to_wind(winds)->next, outer))
        winds = to_wind(winds)->next;
    return winds;
}

/* Leave the innermost wind: from now on it is not in force, and its after-thunk runs. */
static cp_value request_leave(copse_vm *vm)
{
    const cp_wind *wind = to_wind(vm->fiber->winds);
    set_winds(vm, wind->next);
    set_environment(vm, wind->handlers, wind->parameters);
    return cp_request_call(vm, wind->after, 0, NULL);
}

/* Run the before-thunk of WIND; it comes into force when that has returned. */
static cp_value request_enter(copse_vm *vm, const cp_wind *wind)
{
    set_environment(vm, wind->handlers, wind->parameters);
    return cp_request_call(vm, wind->before, 0, NULL);
}

/* A wind inside those in force, with the present environment. */
static cp_wind *make_wind(copse_vm *vm, cp_value before, cp_value after)
{
    cp_wind *wind = (cp_wind *)cp_alloc(vm->heap, CP_TYPE_WIND, 0);
    if (wind == NULL)
        return NULL;
    wind->before = before;
    wind->after = after;
    wind->next = vm->fiber->winds;
    wind->handlers = vm->fiber->handlers;
    wind->parameters = vm->fiber->parameters;
    wind->depth = depth_of(wind->next) + 1;
    return wind;
}

enum { WIND_BEFORE, WIND_THUNK, WIND_AFTER, WIND_STEP, WIND_SLOTS };
enum { STEP_BEFORE, STEP_THUNK, STEP_AFTER_ONE, STEP_AFTER_MANY };

static void keep_wind(copse_vm *vm, const cp_value *slots, int step)
{
    for (uint32_t i = 0; i < WIND_STEP; i++)
        cp_keep(vm, i, slots[i]);
    cp_keep(vm, WIND_STEP, cp_make_fixnum(step));
}

static cp_value dynamic_wind(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    keep_wind(vm, args, STEP_BEFORE);
    return cp_request_call(vm, args[WIND_BEFORE], 0, NULL);
}

/* The thunk has returned: its values go to slot 0 while the after-thunk runs. */
static cp_value leave_wind(copse_vm *vm, cp_native *native)
{
    cp_value values = native->value_count == 1
                          ? native->values[0]
                          : cp_list_from(vm->heap, native->values, native->value_count, CP_NIL);
    if (cp_is_retry(values))
        return CP_RETRY;
    native->slots[0] = values;
    keep_wind(vm, native->slots, native->value_count == 1 ? STEP_AFTER_ONE : STEP_AFTER_MANY);
    return request_leave(vm);
}

static cp_value dynamic_wind_resume(copse_vm *vm, cp_native *native)
{
    const cp_value *slots = native->slots;
    switch (cp_to_fixnum(slots[WIND_STEP])) {
    case STEP_BEFORE: {
        cp_wind *wind = make_wind(vm, slots[WIND_BEFORE], slots[WIND_AFTER]);
        if (wind == NULL)
            return CP_RETRY;
        set_winds(vm, cp_from_object(wind));
        keep_wind(vm, slots, STEP_THUNK);
        return cp_request_call(vm, slots[WIND_THUNK], 0, NULL);
    }
    case STEP_THUNK:
        return leave_wind(vm, native);
    case STEP_AFTER_ONE:
        return slots[0];
    default:
        return cp_request_values(vm, slots[0]);
    }
}

/* ---- Reinstating --------------------------------------------------------------------------- */

enum { JUMP_TARGET, JUMP_VALUES, JUMP_ENTERED, JUMP_SLOTS };

static bool is_escape(cp_value tag)
{
    return cp_is_type(tag, CP_TYPE_CONTINUATION) &&
           kind_of(to_continuation(tag)) == CP_CONTINUATION_ESCAPE;
}

static void keep_jump(copse_vm *vm, cp_value target, cp_value values, cp_value entered)
{
    cp_keep(vm, JUMP_TARGET, target);
    cp_keep(vm, JUMP_VALUES, values);
    cp_keep(vm, JUMP_ENTERED, entered);
}

/* Drop the running piece of stack; VALUES return into the slice below. */
static cp_value go_below(copse_vm *vm, cp_value values)
{
    uint32_t count = (uint32_t)cp_list_length(values);
    cp_value *window = vm->fp - 2;
    vm->request.list = values; /* a root meanwhile */
    if (!cp_room(vm, &window, 2, 2 + count))
        return CP_RAISE;
    cp_value *base = cp_to_segment(vm->fiber->segment)->slots + vm->fiber->base;
    values = vm->request.list;
    for (uint32_t i = 0; i < count; i++) {
        base[i] = cp_car(values);
        values = cp_cdr(values);
    }
    vm->fp = base;
    vm->pc = CP_UNDERFLOW_PC;
    vm->value_count = count;
    return request_go(vm);
}

static cp_value reinstate_full(copse_vm *vm, cp_value target, cp_value values)
{
    const cp_continuation *k = to_continuation(target);
    cp_value common = common_wind(vm->fiber->winds, k->winds);
    if (!cp_same(vm->fiber->winds, common)) {
        keep_jump(vm, target, values, CP_FALSE);
        return request_leave(vm);
    }
    if (!cp_same(k->winds, common)) {
        cp_value inside = wind_inside(k->winds, common);
        keep_jump(vm, target, values, inside);
        return request_enter(vm, to_wind(inside));
    }
    cp_value gone = go_below(vm, values);
    if (!cp_same(gone, CP_REQUEST))
        return gone;
    cp_slice_drop(vm->heap, vm->fiber->next, k->slice);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->next, k->slice);
    set_environment(vm, k->handlers, k->parameters);
    return gone;
}

/* Abort to the prompt TAG: leave the winds above it, then enter its frame, which returns VALUES or
 * calls its handler with them. */
static cp_value abort_to(copse_vm *vm, cp_value tag, cp_value values)
{
    cp_value found = find_prompt(vm, tag);
    if (!cp_is_true(found))
        return raise_no_prompt(vm, tag);
    const cp_slice *slice = cp_to_slice(found);
    if (!cp_same(common_wind(vm->fiber->winds, slice->winds), vm->fiber->winds)) {
        keep_jump(vm, tag, values, CP_FALSE);
        return request_leave(vm);
    }
    cp_value handlers = slice->handlers, parameters = slice->parameters;
    cp_value next = vm->fiber->next;
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->next, found);
    if (!cp_fiber_underflow(vm->heap, vm->fiber, 0)) {
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->next, next);
        return CP_RETRY;
    }
    cp_slice_drop(vm->heap, next, found);
    vm->limit = cp_segment_limit(vm->fiber->segment);
    vm->fp = cp_to_segment(vm->fiber->segment)->slots + vm->fiber->fp;
    vm->pc = cp_native_start_pc(cp_word_a(*vm->fiber->pc));
    vm->value_count = 1;
    set_environment(vm, handlers, parameters);
    if (is_escape(tag))
        return cp_request_values(vm, values);
    return cp_request_apply(vm, vm->fp[PROMPT_HANDLER], 0, NULL, values);
}

static bool is_of_this_fiber(const copse_vm *vm, const cp_continuation *k)
{
    return cp_same(k->fiber, cp_from_object(vm->fiber)) && k->era == vm->fiber->era;
}

static cp_value raise_barrier(copse_vm *vm, cp_value target)
{
    if (vm->fiber->is_halting)
        return request_stop(vm, target);
    return cp_raise(vm, CP_E_CONTINUATION_BARRIER,
                    "the continuation belongs to another fiber, or to one that has ended");
}

static cp_value reinstate(copse_vm *vm, cp_value target, cp_value values)
{
    const cp_continuation *k = to_continuation(target);
    if (!is_of_this_fiber(vm, k))
        return raise_barrier(vm, target);
    switch (kind_of(k)) {
    case CP_CONTINUATION_FULL:
        return reinstate_full(vm, target, values);
    case CP_CONTINUATION_ESCAPE:
        return abort_to(vm, target, values);
    case CP_CONTINUATION_COMPOSABLE:
    case CP_CONTINUATION_GUARD:
        break;
    }
    bool is_guard = kind_of(k) == CP_CONTINUATION_GUARD;
    cp_value arguments[] = {target, values};
    return cp_request_tail_call(vm, vm->core[is_guard ? CP_CORE_GUARD : CP_CORE_COMPOSE], 2,
                                arguments);
}

static cp_value start_reinstate(copse_vm *vm, const cp_value *args, int count)
{
    if (count == JUMP_SLOTS)
        return abort_to(vm, args[JUMP_TARGET], args[JUMP_VALUES]);
    return reinstate(vm, args[JUMP_TARGET], args[JUMP_VALUES]);
}

static cp_value resume_reinstate(copse_vm *vm, cp_native *native)
{
    if (kind_of(to_continuation(native->slots[JUMP_TARGET])) == CP_CONTINUATION_GUARD)
        return abort_to(vm, native->slots[JUMP_TARGET], native->slots[JUMP_VALUES]);
    if (cp_is_true(native->slots[JUMP_ENTERED]))
        set_winds(vm, native->slots[JUMP_ENTERED]);
    return reinstate(vm, native->slots[JUMP_TARGET], native->slots[JUMP_VALUES]);
}

const cp_builtin cp_reinstate_row = {
    start_reinstate,
    COPSE_BUILTIN("continuation", "continuation values [abort] -> any", CONSTANT,
                  "The frame of a jump: runs winds, then goes."),
    .resume = resume_reinstate,
};

static cp_value start_abort(copse_vm *vm, const cp_value *args, int count)
{
    cp_value values = cp_list_from(vm->heap, args + 1, (size_t)count - 1, CP_NIL);
    return cp_is_retry(values) ? values : abort_to(vm, args[0], values);
}

static cp_value resume_abort(copse_vm *vm, cp_native *native)
{
    return abort_to(vm, native->slots[JUMP_TARGET], native->slots[JUMP_VALUES]);
}

/* ---- Guard --------------------------------------------------------------------------------- */

/* A guard is a prompt whose tag is its handler. What is raised under it is handed to that handler
 * where it was raised; it keeps that place as a continuation, aborts to the prompt, and calls the
 * clauses there with the object and the continuation. Calling the latter without values goes back
 * and raises the object again, to the outer handlers, so that they see the place of the raise. */

static cp_value guard(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value thunk = args[0], clauses = args[1];
    cp_continuation *k = make_continuation(vm, CP_CONTINUATION_GUARD);
    if (k == NULL)
        return CP_RETRY;
    cp_value tag = cp_from_object(k);
    cp_value outer = vm->fiber->handlers;
    cp_value handlers = cp_cons(vm->heap, tag, outer);
    if (cp_is_retry(handlers))
        return CP_RETRY;
    cp_value gone = call_above_prompt(vm, PROMPT_SLOTS, tag, thunk, NULL, 0);
    if (cp_is_retry(gone))
        return gone;
    cp_value *slots = vm->fp - 2 - PROMPT_SLOTS; /* the frame of the prompt is right below */
    slots[PROMPT_TAG] = tag;
    slots[PROMPT_THUNK] = outer;
    slots[PROMPT_HANDLER] = clauses;
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, handlers);
    return gone;
}

static cp_value guard_resume(copse_vm *vm, cp_native *native)
{
    cp_value values = pass_values(vm, native);
    if (!cp_is_retry(values))
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, native->slots[PROMPT_THUNK]);
    return values;
}

enum { CATCH_TAG, CATCH_VALUES, CATCH_K, CATCH_STEP, CATCH_SLOTS };
enum { CATCH_LEAVES, CATCH_RAISES };

/* The handler was called with CATCH_VALUES: a list of the raised object. */
static cp_value start_catch(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[CATCH_SLOTS] = {args[CATCH_TAG], args[CATCH_VALUES], CP_FALSE,
                                   cp_make_fixnum(CATCH_LEAVES)};
    for (uint32_t i = 0; i < CATCH_SLOTS; i++)
        cp_keep(vm, i, slots[i]);
    return cp_request_again(vm);
}

/* The frame has its slots: keep what is below it and itself, then abort from above it. */
static cp_value leave_catch(copse_vm *vm, const cp_native *native)
{
    cp_value *slots = native->slots;
    cp_continuation *k = make_continuation(vm, CP_CONTINUATION_FULL);
    if (k == NULL || !cp_is_pair(slots[CATCH_VALUES]))
        return k == NULL ? CP_RETRY : raise_no_prompt(vm, slots[CATCH_TAG]);
    cp_value place = cp_from_object(k);
    cp_value values[] = {cp_car(slots[CATCH_VALUES]), place};
    cp_value list = cp_list_from(vm->heap, values, 2, CP_NIL);
    if (cp_is_retry(list))
        return CP_RETRY;
    cp_value tag = slots[CATCH_TAG];
    cp_value *window = vm->fp - 2;
    const uint32_t *pc = cp_return_pc(vm->fp);
    window = cp_fiber_room(vm->heap, vm->fiber, window, 2 + CATCH_SLOTS,
                           2 + CATCH_SLOTS + 2 + JUMP_SLOTS, &pc);
    if (window == NULL)
        return CP_RETRY;
    vm->limit = cp_segment_limit(vm->fiber->segment);
    vm->fp = window + 2;
    window[1] = cp_from_pc(pc);
    vm->fp[CATCH_STEP] = cp_make_fixnum(CATCH_RAISES);
    cp_value *above = vm->fp + CATCH_SLOTS;
    if (!cp_fiber_seal(vm->heap, vm->fiber, above, cp_native_resume_pc(CATCH_SLOTS), true)) {
        vm->fp[CATCH_STEP] = cp_make_fixnum(CATCH_LEAVES);
        return CP_RETRY;
    }
    k->slice = vm->fiber->next; /* K is young */
    above[0] = vm->core[CP_CORE_REINSTATE];
    above[1] = cp_from_pc(CP_UNDERFLOW_PC);
    above[2 + JUMP_TARGET] = tag;
    above[2 + JUMP_VALUES] = list;
    above[2 + JUMP_ENTERED] = CP_FALSE; /* three arguments: to the prompt, not to the handler */
    vm->fp = above + 2;
    vm->pc = cp_native_start_pc(JUMP_SLOTS);
    return request_go(vm);
}

static cp_value resume_catch(copse_vm *vm, cp_native *native)
{
    if (cp_to_fixnum(native->slots[CATCH_STEP]) == CATCH_LEAVES)
        return leave_catch(vm, native);
    if (cp_is_true(native->slots[CATCH_K]))
        return pass_values(vm, native); /* the outer handler returned */
    native->slots[CATCH_K] = CP_TRUE;
    return cp_raise_value(vm, cp_car(native->slots[CATCH_VALUES]), true);
}

const cp_builtin cp_guard_row = {
    start_catch,
    COPSE_BUILTIN("guard", "guard values -> any", CONSTANT,
                  "The frame of what was raised under a guard."),
    .resume = resume_catch,
};

/* ---- Composing ----------------------------------------------------------------------------- */

enum {
    COMPOSE_K,
    COMPOSE_VALUES,
    COMPOSE_WINDS,    /* those still to be entered, outermost first */
    COMPOSE_HANDLERS, /* what is in force around the call, and comes back when it returns */
    COMPOSE_PARAMETERS,
    COMPOSE_STEP,
    COMPOSE_SLOTS
};
enum { COMPOSE_BEGINS, COMPOSE_ENTERS, COMPOSE_RETURNS };

static cp_value winds_to_enter(copse_vm *vm, const cp_continuation *k)
{
    cp_value list = CP_NIL;
    for (cp_value w = k->winds; !cp_same(w, k->end_winds); w = to_wind(w)->next) {
        list = cp_cons(vm->heap, w, list);
        if (cp_is_retry(list))
            return list;
    }
    return list;
}

/* The frame COMPOSE is on top with its slots: push the slices of K above it. */
static cp_value push_slices(copse_vm *vm, cp_value *slots)
{
    const cp_continuation *k = to_continuation(slots[COMPOSE_K]);
    cp_value *window = vm->fp - 2;
    uint32_t value_count = (uint32_t)cp_list_length(slots[COMPOSE_VALUES]);
    const uint32_t *pc = cp_return_pc(vm->fp);
    window = cp_fiber_room(vm->heap, vm->fiber, window, 2 + COMPOSE_SLOTS,
                           2 + COMPOSE_SLOTS + 2 + value_count, &pc);
    if (window == NULL)
        return CP_RETRY;
    vm->limit = cp_segment_limit(vm->fiber->segment);
    vm->fp = window + 2;
    window[1] = cp_from_pc(pc);
    cp_value first = CP_FALSE, last = CP_FALSE;
    for (cp_value s = k->slice; !cp_same(s, k->end); s = cp_to_slice(s)->next) {
        cp_slice *copy = (cp_slice *)cp_alloc(vm->heap, CP_TYPE_SLICE, 0);
        if (copy == NULL)
            return CP_RETRY;
        uint64_t header = copy->object.header;
        *copy = *cp_to_slice(s);
        copy->object.header = header;
        cp_object_set_flags(&copy->object, CP_SLICE_IS_SHARED);
        if (cp_is_true(last))
            cp_to_slice(last)->next = cp_from_object(copy); /* all made here: young */
        else
            first = cp_from_object(copy);
        last = cp_from_object(copy);
    }
    cp_value values = vm->fp[COMPOSE_VALUES];
    vm->fp[COMPOSE_STEP] = cp_make_fixnum(COMPOSE_RETURNS);
    cp_value *above = vm->fp + COMPOSE_SLOTS;
    if (!cp_fiber_seal(vm->heap, vm->fiber, above, cp_native_resume_pc(COMPOSE_SLOTS), false))
        return CP_RETRY;
    if (cp_is_true(last)) {
        /* Below a shared slice all are shared. */
        cp_slice_share(vm->fiber->next);
        cp_to_slice(last)->next = vm->fiber->next;
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->next, first);
    }
    set_environment(vm, k->handlers, k->parameters);
    for (uint32_t i = 0; i < value_count; i++) {
        above[i] = cp_car(values);
        values = cp_cdr(values);
    }
    vm->fp = above;
    vm->pc = CP_UNDERFLOW_PC;
    vm->value_count = value_count;
    return request_go(vm);
}

/* Enter the next wind, or go. SLOTS are those of the frame on top. */
static cp_value compose(copse_vm *vm, cp_value *slots)
{
    if (cp_is_nil(slots[COMPOSE_WINDS])) {
        cp_value gone = push_slices(vm, slots);
        if (cp_is_retry(gone))
            vm->fp[COMPOSE_STEP] = cp_make_fixnum(COMPOSE_BEGINS);
        return gone;
    }
    for (uint32_t i = 0; i < COMPOSE_STEP; i++)
        cp_keep(vm, i, slots[i]);
    cp_keep(vm, COMPOSE_STEP, cp_make_fixnum(COMPOSE_ENTERS));
    return request_enter(vm, to_wind(cp_car(slots[COMPOSE_WINDS])));
}

static cp_value start_compose(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value winds = winds_to_enter(vm, to_continuation(args[COMPOSE_K]));
    if (cp_is_retry(winds))
        return winds;
    cp_value slots[COMPOSE_SLOTS] = {
        args[COMPOSE_K],     args[COMPOSE_VALUES],  winds,
        vm->fiber->handlers, vm->fiber->parameters, cp_make_fixnum(COMPOSE_BEGINS)};
    for (uint32_t i = 0; i < COMPOSE_SLOTS; i++)
        cp_keep(vm, i, slots[i]);
    return cp_request_again(vm);
}

static cp_value resume_compose(copse_vm *vm, cp_native *native)
{
    cp_value *slots = native->slots;
    int64_t step = cp_to_fixnum(slots[COMPOSE_STEP]);
    if (step == COMPOSE_RETURNS) {
        cp_value values = pass_values(vm, native);
        if (!cp_is_retry(values))
            set_environment(vm, slots[COMPOSE_HANDLERS], slots[COMPOSE_PARAMETERS]);
        return values;
    }
    if (step == COMPOSE_ENTERS) {
        const cp_wind *entered = to_wind(cp_car(slots[COMPOSE_WINDS]));
        cp_wind *wind = make_wind(vm, entered->before, entered->after);
        if (wind == NULL)
            return CP_RETRY;
        set_winds(vm, cp_from_object(wind));
        slots[COMPOSE_WINDS] = cp_cdr(slots[COMPOSE_WINDS]);
        slots[COMPOSE_STEP] = cp_make_fixnum(COMPOSE_BEGINS);
    }
    return compose(vm, slots);
}

const cp_builtin cp_compose_row = {
    start_compose,
    COPSE_BUILTIN("continuation", "continuation values -> any", CONSTANT,
                  "The frame below a composable continuation that was called."),
    .resume = resume_compose,
};

/* ---- Halting ------------------------------------------------------------------------------- */

/* Fuel of one after-thunk of a halt: a hundred thousand calls. It is not the caller's. */
enum { HALT_FUEL = 100000 };

/* The next after-thunk, innermost first; none: the fiber is unwound. */
static cp_value start_halt(copse_vm *vm, const cp_value *args, int count)
{
    (void)args;
    (void)count;
    if (!cp_is_true(vm->fiber->winds)) {
        vm->request.kind = CP_REQUEST_STOP;
        vm->end = CP_RUN_HALTED;
        vm->value = vm->fiber->value;
        return CP_REQUEST;
    }
    vm->fuel_rest = 0;
    vm->fuel = HALT_FUEL;
    return request_leave(vm);
}

static cp_value resume_halt(copse_vm *vm, cp_native *native)
{
    return start_halt(vm, native->slots, 0);
}

const cp_builtin cp_halt_row = {
    start_halt,
    COPSE_BUILTIN("halt", "-> any", CONSTANT, "The frame of an unwinding fiber."),
    .resume = resume_halt,
};

/* ---- Handlers and errors ------------------------------------------------------------------- */

static cp_value with_exception_handler(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value handlers = cp_cons(vm->heap, args[0], vm->fiber->handlers);
    if (cp_is_retry(handlers))
        return handlers;
    cp_keep(vm, 0, vm->fiber->handlers);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, handlers);
    return cp_request_call(vm, args[1], 0, NULL);
}

static cp_value with_exception_handler_resume(copse_vm *vm, cp_native *native)
{
    cp_value values = pass_values(vm, native);
    if (!cp_is_retry(values))
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->handlers, native->slots[0]);
    return values;
}

static cp_value builtin_raise(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_raise_value(vm, args[0], false);
}

static cp_value builtin_raise_continuable(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_raise_value(vm, args[0], true);
}

static cp_value builtin_error(copse_vm *vm, const cp_value *args, int count)
{
    cp_value irritants = cp_list_from(vm->heap, args + 1, (size_t)count - 1, CP_NIL);
    if (cp_is_retry(irritants))
        return irritants;
    cp_value condition = cp_make_condition(vm->heap, vm->kinds[CP_E_ERROR], args[0], irritants);
    return cp_is_retry(condition) ? condition : cp_raise_value(vm, condition, false);
}

#define CONDITION_FIELD(field)                                                                     \
    static cp_value condition_##field(copse_vm *vm, const cp_value *args, int count)               \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)count;                                                                               \
        return cp_to_condition(args[0])->field;                                                    \
    }
CONDITION_FIELD(kind)
CONDITION_FIELD(message)
CONDITION_FIELD(irritants)
CONDITION_FIELD(origin)
CONDITION_FIELD(place)
CONDITION_FIELD(trace)
CONDITION_FIELD(payload)

/* ---- Values -------------------------------------------------------------------------------- */

static cp_value builtin_values(copse_vm *vm, const cp_value *args, int count)
{
    if (count == 1)
        return args[0];
    if (args != vm->fp) { /* too many for a window */
        cp_value list = cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
        return cp_is_retry(list) ? list : cp_request_values(vm, list);
    }
    if (!cp_return_many(vm, vm->fp - 2, args, (uint32_t)count))
        return CP_RAISE;
    return request_go(vm);
}

static cp_value call_with_values(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_keep(vm, 0, args[1]);
    return cp_request_call(vm, args[0], 0, NULL);
}

static cp_value call_with_values_resume(copse_vm *vm, cp_native *native)
{
    if (native->value_count <= CP_ARGUMENTS_REQ)
        return cp_request_tail_call(vm, native->slots[0], native->value_count, native->values);
    cp_value list = cp_list_from(vm->heap, native->values, native->value_count, CP_NIL);
    if (cp_is_retry(list))
        return list;
    return cp_request_apply(vm, native->slots[0], 0, NULL, list);
}

static cp_value builtin_apply(copse_vm *vm, const cp_value *args, int count)
{
    cp_value list = args[count - 1];
    if (cp_list_length(list) < 0)
        return cp_raise(vm, CP_E_WRONG_TYPE, "apply: the last argument is %v, expected a list",
                        list);
    list = cp_list_from(vm->heap, args + 1, (size_t)count - 2, list);
    return cp_is_retry(list) ? list : cp_request_apply(vm, args[0], 0, NULL, list);
}

/* ---- Parameters ---------------------------------------------------------------------------- */

cp_value cp_make_parameter(cp_heap *heap, cp_value value)
{
    cp_box *parameter = (cp_box *)cp_alloc(heap, CP_TYPE_PARAMETER, 0);
    if (parameter == NULL)
        return CP_RETRY;
    parameter->value = value;
    return cp_from_object(parameter);
}

static cp_value make_parameter(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_parameter(vm->heap, args[0]);
}

static cp_value with_parameters(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value list = vm->fiber->parameters;
    for (cp_value l = args[0]; cp_is_pair(l); l = cp_cdr(l)) {
        if (!cp_is_pair(cp_car(l)) || !cp_is_type(cp_car(cp_car(l)), CP_TYPE_PARAMETER))
            return cp_raise(vm, CP_E_WRONG_TYPE,
                            "with-parameters: %v is no pair of a parameter and a value", cp_car(l));
        list = cp_cons(vm->heap, cp_car(l), list);
        if (cp_is_retry(list))
            return list;
    }
    cp_keep(vm, 0, vm->fiber->parameters);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->parameters, list);
    return cp_request_call(vm, args[1], 0, NULL);
}

static cp_value with_parameters_resume(copse_vm *vm, cp_native *native)
{
    cp_value values = pass_values(vm, native);
    if (!cp_is_retry(values))
        cp_write(vm->heap, &vm->fiber->object, &vm->fiber->parameters, native->slots[0]);
    return values;
}

/* (%parameterize thunk parameter value ...), for compiled code. */
static cp_value parameterize(copse_vm *vm, const cp_value *args, int count)
{
    cp_value list = vm->fiber->parameters;
    for (int i = 1; i + 1 < count; i += 2) {
        if (!cp_is_type(args[i], CP_TYPE_PARAMETER))
            return cp_raise(vm, CP_E_WRONG_TYPE, "parameterize: %v is no parameter", args[i]);
        cp_value pair = cp_cons(vm->heap, args[i], args[i + 1]);
        list = cp_is_retry(pair) ? pair : cp_cons(vm->heap, pair, list);
        if (cp_is_retry(list))
            return list;
    }
    cp_keep(vm, 0, vm->fiber->parameters);
    cp_write(vm->heap, &vm->fiber->object, &vm->fiber->parameters, list);
    return cp_request_call(vm, args[0], 0, NULL);
}

/* ---- The tables ---------------------------------------------------------------------------- */

static const cp_type continuation_type = {
    .name = "continuation",
    .fixed_bytes = sizeof(cp_continuation),
    .values_from = offsetof(cp_continuation, slice),
    .values_to = offsetof(cp_continuation, era),
};

static const cp_type wind_type = {
    .name = "wind",
    .fixed_bytes = sizeof(cp_wind),
    .values_from = offsetof(cp_wind, before),
    .values_to = offsetof(cp_wind, depth),
};

static const cp_type parameter_type = {
    .name = "parameter",
    .fixed_bytes = sizeof(cp_box),
    .values_from = offsetof(cp_box, value),
    .values_to = sizeof(cp_box),
};

void cp_control_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_CONTINUATION, &continuation_type);
    cp_heap_set_type(heap, CP_TYPE_WIND, &wind_type);
    cp_heap_set_type(heap, CP_TYPE_PARAMETER, &parameter_type);
}

/* clang-format off */
const cp_builtin cp_control_builtins[] = {
    {call_cc, COPSE_BUILTIN("call-with-current-continuation", "procedure:procedure -> any", CONSTANT,
        "Call PROCEDURE with the continuation of this call, which may be called any number of times.")},
    {call_cc, COPSE_BUILTIN("call/cc", "procedure:procedure -> any", CONSTANT,
        "The same as call-with-current-continuation.")},
    {call_ec, COPSE_BUILTIN("call/ec", "procedure:procedure -> any", CONSTANT,
        "Call PROCEDURE with a procedure that returns from this call, while it has not returned.")},
    {call_with_prompt, COPSE_BUILTIN("call-with-prompt", "tag thunk:procedure handler:procedure -> any", CONSTANT,
        "Call THUNK under a prompt TAG. An abort to it calls HANDLER in its place.")},
    {start_abort, COPSE_BUILTIN("abort-to-prompt", "tag values... -> any", CONSTANT,
        "Leave all up to the innermost prompt TAG and call its handler with VALUES.\nErrors: no-prompt."),
        .resume = resume_abort},
    {call_with_composable, COPSE_BUILTIN("call-with-composable-continuation", "procedure:procedure tag -> any", CONSTANT,
        "Call PROCEDURE with the part of the continuation up to the prompt TAG. Calling it pushes\n"
        "that part on the continuation of the call.\nErrors: no-prompt.")},
    {dynamic_wind, COPSE_BUILTIN("dynamic-wind", "before:procedure thunk:procedure after:procedure -> any", CONSTANT,
        "Call the three in order and give what THUNK gave. BEFORE runs at each entry, AFTER at each exit."),
        .resume = dynamic_wind_resume},
    {with_exception_handler, COPSE_BUILTIN("with-exception-handler", "handler:procedure thunk:procedure -> any", CONSTANT,
        "Call THUNK; what is raised in it goes to HANDLER, which runs where it was raised."),
        .resume = with_exception_handler_resume},
    {builtin_raise, COPSE_BUILTIN("raise", "object -> any", CONSTANT,
        "Give OBJECT to the handler, which may not return.")},
    {builtin_raise_continuable, COPSE_BUILTIN("raise-continuable", "object -> any", CONSTANT,
        "Give OBJECT to the handler, and give what that returns.")},
    {builtin_error, COPSE_BUILTIN("error", "message irritants... -> any", CONSTANT,
        "Raise a condition of kind `error`.")},
    {condition_kind, COPSE_BUILTIN("condition-kind", "c:condition -> symbol", CONSTANT, "What went wrong.")},
    {condition_message, COPSE_BUILTIN("condition-message", "c:condition -> any", CONSTANT, "In words.")},
    {condition_irritants, COPSE_BUILTIN("condition-irritants", "c:condition -> list", CONSTANT, "The values concerned.")},
    {condition_origin, COPSE_BUILTIN("condition-origin", "c:condition -> any", CONSTANT,
        "The name of the procedure that raised it, or #f.")},
    {condition_place, COPSE_BUILTIN("condition-place", "c:condition -> any", CONSTANT, "(file line . column), or #f.")},
    {condition_trace, COPSE_BUILTIN("condition-trace", "c:condition -> any", CONSTANT,
        "A list of (name line . column), innermost first, or #f.")},
    {condition_payload, COPSE_BUILTIN("condition-payload", "c:condition -> any", CONSTANT, "What a library added, or #f.")},
    {builtin_values, COPSE_BUILTIN("values", "values... -> any", CONSTANT, "Return all of VALUES.")},
    {call_with_values, COPSE_BUILTIN("call-with-values", "producer:procedure consumer:procedure -> any", CONSTANT,
        "Call CONSUMER with what PRODUCER returns."), .resume = call_with_values_resume},
    {builtin_apply, COPSE_BUILTIN("apply", "procedure:procedure first rest... -> any", CONSTANT,
        "Call PROCEDURE with the arguments, the last of which is a list of further ones.")},
    {make_parameter, COPSE_BUILTIN("make-parameter", "value -> parameter", CONSTANT,
        "A procedure that gives VALUE, or what with-parameters gave it.")},
    {with_parameters, COPSE_BUILTIN("with-parameters", "values:list thunk:procedure -> any", CONSTANT,
        "Call THUNK while each parameter of the pairs in VALUES has the value of its pair."),
        .resume = with_parameters_resume},
    {parameterize, COPSE_BUILTIN("%parameterize", "thunk:procedure rest... -> any", CONSTANT,
        "What parameterize becomes: THUNK, then parameters and values in turn."),
        .resume = with_parameters_resume},
    {guard, COPSE_BUILTIN("%guard", "thunk:procedure clauses:procedure -> any", CONSTANT,
        "What guard becomes: call THUNK. If it raises, leave it and call CLAUSES with the object and a\n"
        "procedure that raises the object again where that happened."),
        .resume = guard_resume},
    {builtin_values, COPSE_BUILTIN("%values", "values... -> any", CONSTANT, "The same as values, for compiled code.")},
    {builtin_apply, COPSE_BUILTIN("%apply", "procedure:procedure first rest... -> any", CONSTANT,
        "The same as apply, for compiled code.")},
    {0},
};
/* clang-format on */
