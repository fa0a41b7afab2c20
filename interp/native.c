/* native.c -- requests are written into the machine, which carries them out when the builtin has
 * returned; nothing is allocated for them. */
#include "interp/native.h"

#include "interp/collect.h"

/* ---- Raising ------------------------------------------------------------------------------- */

cp_value cp_raise_value(copse_vm *vm, cp_value value, bool is_continuable)
{
    vm->condition = value;
    vm->is_continuable = is_continuable;
    return CP_RAISE;
}

static cp_value new_condition(copse_vm *vm, cp_kind kind, const char *format, va_list arguments)
{
    char text[CP_MESSAGE_SIZE];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_value irritants;
    cp_print_message(vm->heap, &printer, &irritants, format, arguments);
    if (cp_is_retry(irritants))
        return CP_RETRY;
    cp_value message = cp_make_string(vm->heap, text, strlen(text), NULL);
    if (cp_is_retry(message))
        return CP_RETRY;
    if (!cp_is_string(message)) /* a character was cut in two at the end */
        message = CP_FALSE;
    return cp_make_condition(vm->heap, vm->kinds[kind], message, irritants);
}

cp_value cp_new_condition(copse_vm *vm, cp_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    cp_value condition = new_condition(vm, kind, format, arguments);
    va_end(arguments);
    return condition;
}

cp_value cp_raise(copse_vm *vm, cp_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    cp_value condition = new_condition(vm, kind, format, arguments);
    va_end(arguments);
    if (cp_is_retry(condition))
        return condition;
    return cp_raise_value(vm, condition, false);
}

/* ---- Requests ------------------------------------------------------------------------------ */

void cp_keep(copse_vm *vm, uint32_t index, cp_value value)
{
    cp_request *request = &vm->request;
    assert(index < CP_KEEP_MAX);
    while (request->keep_count <= index)
        request->keep[request->keep_count++] = CP_FALSE;
    request->keep[index] = value;
}

static cp_value request_call(copse_vm *vm, cp_request_kind kind, cp_value procedure, uint32_t count,
                             const cp_value *arguments, cp_value list)
{
    cp_request *request = &vm->request;
    assert(count <= CP_ARGUMENTS_REQ);
    request->kind = kind;
    request->procedure = procedure;
    request->argument_count = count;
    for (uint32_t i = 0; i < count; i++)
        request->arguments[i] = arguments[i];
    request->list = list;
    return CP_REQUEST;
}

cp_value cp_request_call(copse_vm *vm, cp_value procedure, uint32_t count,
                         const cp_value *arguments)
{
    return request_call(vm, CP_REQUEST_CALL, procedure, count, arguments, CP_NIL);
}

cp_value cp_request_tail_call(copse_vm *vm, cp_value procedure, uint32_t count,
                              const cp_value *arguments)
{
    return request_call(vm, CP_REQUEST_TAIL_CALL, procedure, count, arguments, CP_NIL);
}

cp_value cp_request_apply(copse_vm *vm, cp_value procedure, uint32_t count,
                          const cp_value *arguments, cp_value list)
{
    return request_call(vm, CP_REQUEST_TAIL_CALL, procedure, count, arguments, list);
}

cp_value cp_request_values(copse_vm *vm, cp_value list)
{
    return request_call(vm, CP_REQUEST_VALUES, CP_FALSE, 0, NULL, list);
}

cp_value cp_request_park(copse_vm *vm, cp_value reason)
{
    vm->request.kind = CP_REQUEST_PARK;
    vm->request.reason = reason;
    return CP_REQUEST;
}

cp_value cp_request_again(copse_vm *vm)
{
    vm->request.kind = CP_REQUEST_AGAIN;
    return CP_REQUEST;
}

cp_value cp_request_halt(copse_vm *vm, cp_value value)
{
    vm->request.kind = CP_REQUEST_HALT;
    vm->request.reason = value;
    return CP_REQUEST;
}

/* ---- For the machine ----------------------------------------------------------------------- */

void cp_vm_sync(copse_vm *vm)
{
    cp_fiber *fiber = vm->fiber;
    if (fiber == NULL)
        return;
    fiber->fp = (uint32_t)(vm->fp - cp_to_segment(fiber->segment)->slots);
    fiber->pc = vm->pc;
    fiber->in_flight = vm->value_count;
    cp_fiber_touch(vm->heap, fiber);
}

bool cp_vm_make_room(copse_vm *vm, unsigned attempt)
{
    cp_vm_sync(vm);
    bool has_room = cp_heap_make_room(vm->heap, attempt);
    if (vm->fiber != NULL)
        cp_fiber_touch(vm->heap, vm->fiber);
    if (!has_room) {
        vm->condition = vm->out_of_memory;
        vm->is_continuable = false;
    }
    return has_room;
}

/* (line . column) of the instruction before or at the pc of FRAME; or CP_RETRY, or #f. */
static cp_value frame_position(copse_vm *vm, const cp_frame *frame, bool is_top)
{
    if (frame->is_native)
        return CP_FALSE;
    const cp_template *t = cp_to_code(cp_to_closure(frame->fp[-2])->code)->template;
    uint32_t distance = cp_frame_distance(frame);
    const cp_line *line = cp_template_line(t, is_top || distance == 0 ? distance : distance - 1);
    if (line == NULL)
        return CP_FALSE;
    return cp_cons(vm->heap, cp_make_fixnum(line->line), cp_make_fixnum(line->column));
}

static cp_value frame_file(copse_vm *vm, const cp_frame *frame)
{
    const cp_template *t = cp_to_code(cp_to_closure(frame->fp[-2])->code)->template;
    const char *file = cp_template_text(t, t->file);
    return *file == 0 ? CP_FALSE : cp_make_string(vm->heap, file, strlen(file), NULL);
}

static bool is_core(const copse_vm *vm, cp_value procedure)
{
    for (uint32_t i = 0; i < CP_CORE_COUNT; i++) {
        if (cp_same(vm->core[i], procedure))
            return true;
    }
    return false;
}

/* Whether FRAME belongs to the machine and is nothing that a reader of a trace wrote. */
static bool is_hidden(const copse_vm *vm, const cp_frame *frame)
{
    return frame->is_native && is_core(vm, frame->fp[-2]);
}

void cp_locate_condition(copse_vm *vm, cp_value v)
{
    if (!cp_is_condition(v) || cp_is_true(cp_to_condition(v)->trace) ||
        cp_same(v, vm->out_of_memory))
        return;
    cp_vm_sync(vm);
    cp_condition *condition = cp_to_condition(v);
    cp_object *object = &condition->object;
    cp_value entries[CP_TRACE_MAX];
    size_t count = 0;
    cp_frame frame;
    bool is_top = true;
    for (bool more = cp_frame_first(vm->fiber, &frame); more && count < CP_TRACE_MAX;
         more = cp_frame_next(&frame)) {
        if (is_hidden(vm, &frame))
            continue;
        cp_value position = frame_position(vm, &frame, is_top);
        cp_value name = cp_intern_c(vm->globals.symbols, cp_procedure_name(frame.fp[-2]));
        if (cp_is_retry(position) || cp_is_retry(name))
            return;
        if (is_top)
            cp_write(vm->heap, object, &condition->origin, name);
        is_top = false;
        if (cp_is_pair(position) && !cp_is_true(condition->place)) {
            cp_value file = frame_file(vm, &frame);
            cp_value place = cp_is_retry(file) ? file : cp_cons(vm->heap, file, position);
            if (cp_is_retry(place))
                return;
            cp_write(vm->heap, object, &condition->place, place);
        }
        entries[count] = cp_cons(vm->heap, name, position);
        if (cp_is_retry(entries[count++]))
            return;
    }
    cp_value trace = cp_list_from(vm->heap, entries, count, CP_NIL);
    if (!cp_is_retry(trace))
        cp_write(vm->heap, object, &condition->trace, trace);
}

static void trace_request(const cp_request *request, cp_tracer *tracer)
{
    cp_trace(tracer, request->procedure);
    cp_trace(tracer, request->list);
    cp_trace(tracer, request->reason);
    for (uint32_t i = 0; i < request->keep_count; i++)
        cp_trace(tracer, request->keep[i]);
    for (uint32_t i = 0; i < request->argument_count; i++)
        cp_trace(tracer, request->arguments[i]);
}

void cp_vm_trace(void *context, cp_tracer *tracer)
{
    copse_vm *vm = context;
    cp_trace(tracer, vm->value);
    cp_trace(tracer, vm->condition);
    trace_request(&vm->request, tracer);
    cp_trace(tracer, vm->globals.cells);
    cp_trace_values(tracer, vm->kinds, CP_KIND_COUNT);
    cp_trace_values(tracer, vm->core, CP_CORE_COUNT);
    cp_trace(tracer, vm->empty_code);
    cp_trace(tracer, vm->out_of_memory);
    cp_trace(tracer, vm->pool);
    for (const cp_run_frame *run = vm->run; run != NULL; run = run->previous)
        cp_trace(tracer, cp_from_object(run->fiber));
}
