#include "tests/stdlib/lisp.h"

#include "interp/check.h"
#include "interp/number.h"

/* ---- Builtins of the tests ----------------------------------------------------------------- */

static cp_value def(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    const char *name = cp_string_text(cp_to_string(cp_to_symbol(args[0])->name));
    return cp_global_define(&vm->globals, name, args[1]) ? CP_UNSPECIFIC : CP_RETRY;
}

static cp_value values_of(copse_vm *vm, const cp_value *args, int count)
{
    return cp_request_call(vm, args[0], (uint32_t)count - 1, args + 1);
}

static cp_value values_of_resume(copse_vm *vm, cp_native *native)
{
    return cp_list_from(vm->heap, native->values, native->value_count, CP_NIL);
}

static cp_value begin(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    return args[count - 1];
}

static cp_value constant(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    cp_object_set_flags(cp_to_object(args[0]), CP_FLAG_IMMUTABLE);
    return args[0];
}

static cp_value iota(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value list = CP_NIL;
    for (int64_t i = cp_to_fixnum(args[0]); i > 0; i--) {
        list = cp_cons(vm->heap, cp_make_fixnum(i - 1), list);
        if (cp_is_retry(list))
            return list;
    }
    return list;
}

static cp_value circle(copse_vm *vm, const cp_value *args, int count)
{
    cp_value list = iota(vm, args, count);
    if (cp_is_retry(list))
        return list;
    cp_value last = list;
    while (cp_is_pair(cp_cdr(last)))
        last = cp_cdr(last);
    cp_to_pair(last)->cdr = list; /* young */
    return list;
}

static cp_value text(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    size_t n = (size_t)cp_to_fixnum(args[0]);
    cp_value *strings = malloc(n * sizeof *strings);
    for (size_t i = 0; i < n; i++)
        strings[i] = args[1];
    cp_value string = cp_string_append(vm->heap, strings, n);
    free(strings);
    return string;
}

static const cp_builtin test_builtins[] = {
    {def, COPSE_BUILTIN("def", "name:symbol value -> any", CONSTANT, "Define NAME.")},
    {values_of, COPSE_BUILTIN("values-of", "f:procedure args... -> list", CONSTANT, "The values."),
     .resume = values_of_resume},
    {begin, COPSE_BUILTIN("begin", "values... -> any", CONSTANT, "The last.")},
    {constant, COPSE_BUILTIN("constant", "v -> any", CONSTANT, "Make V constant.")},
    {iota, COPSE_BUILTIN("iota", "n:index -> list", CONSTANT, "Count.")},
    {circle, COPSE_BUILTIN("circle", "n:index -> list", CONSTANT, "A circle.")},
    {text, COPSE_BUILTIN("text", "n:index s:string -> string", CONSTANT, "Repeat S.")},
    {0},
};

/* ---- The machine --------------------------------------------------------------------------- */

static void trace_held(void *context, cp_tracer *tracer)
{
    cp_lisp *e = context;
    cp_trace_values(tracer, e->held, e->held_count);
}

void cp_lisp_open(cp_lisp *e, uint64_t refuse_at, size_t cap_bytes)
{
    e->held_count = 0;
    e->is_over = false;
    cp_fault_init(&e->fault, refuse_at);
    cp_vm_options options = {0};
    options.heap.allocator = &e->fault.allocator;
    options.heap.cap_bytes = cap_bytes;
    e->vm = cp_vm_new(&options);
    if (e->vm == NULL)
        return;
#ifdef CP_GC_STRESS
    cp_heap_set_checker(e->vm->heap, cp_heap_assert);
#endif
    if (cp_heap_add_root_scanner(e->vm->heap, trace_held, e)) {
        if (cp_stdlib_define(e->vm) == COPSE_OK && cp_vm_define(e->vm, test_builtins) == COPSE_OK)
            return;
        cp_heap_remove_root_scanner(e->vm->heap, trace_held, e);
    }
    cp_vm_free(e->vm);
    e->vm = NULL;
}

void cp_lisp_close(cp_lisp *e)
{
    if (e->vm != NULL) {
        cp_heap_remove_root_scanner(e->vm->heap, trace_held, e);
        cp_vm_free(e->vm);
    }
    assert_int_equal(e->fault.live_bytes, 0);
}

cp_value cp_lisp_hold(cp_lisp *e, cp_value v)
{
    assert_true(e->held_count < CP_LISP_HELD);
    e->held[e->held_count++] = v;
    return v;
}

/* ---- Printing ------------------------------------------------------------------------------ */

static void print_value(cp_lisp *e, cp_printer *printer, cp_value v);

static void print_elements(cp_lisp *e, cp_printer *printer, cp_value v)
{
    for (bool is_first = true; cp_is_pair(v); v = cp_cdr(v), is_first = false) {
        cp_print(printer, is_first ? "" : " ");
        print_value(e, printer, cp_car(v));
    }
    if (cp_is_nil(v))
        return;
    cp_print(printer, " . ");
    print_value(e, printer, v);
}

static void print_string(cp_printer *printer, cp_value v)
{
    cp_print(printer, "\"");
    for (const char *c = cp_string_text(cp_to_string(v)); *c != 0; c++)
        cp_print(printer, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    cp_print(printer, "\"");
}

static void print_number(cp_lisp *e, cp_printer *printer, cp_value v)
{
    cp_calc calc = {e->vm->heap, NULL};
    cp_number_text number;
    assert_int_equal(cp_number_write(&calc, v, 10, &number), CP_CALC_OK);
    cp_print(printer, "%.*s", (int)number.size, number.text);
    cp_number_text_release(&number);
}

static void print_value(cp_lisp *e, cp_printer *printer, cp_value v)
{
    if (cp_is_pair(v)) {
        cp_print(printer, "(");
        print_elements(e, printer, v);
        cp_print(printer, ")");
    } else if (cp_is_vector(v)) {
        cp_print(printer, "#(");
        for (uint32_t i = 0; i < cp_vector_length(v); i++) {
            cp_print(printer, i > 0 ? " " : "");
            print_value(e, printer, cp_vector_ref(v, i));
        }
        cp_print(printer, ")");
    } else if (cp_is_bytevector(v)) {
        cp_print(printer, "#u8(");
        for (uint32_t i = 0; i < cp_bytevector_length(v); i++)
            cp_print(printer, i > 0 ? " %u" : "%u", cp_to_bytevector(v)->bytes[i]);
        cp_print(printer, ")");
    } else if (cp_is_string(v)) {
        print_string(printer, v);
    } else if (cp_is_number(v)) {
        print_number(e, printer, v);
    } else {
        cp_print_brief(e->vm->heap, printer, v);
    }
}

static void print_raised(cp_lisp *e, cp_value v)
{
    cp_printer printer = cp_printer_make(e->text, sizeof e->text);
    e->is_over = true;
    cp_print(&printer, "raised ");
    if (!cp_is_condition(v)) {
        print_value(e, &printer, v);
        return;
    }
    print_value(e, &printer, cp_to_condition(v)->kind);
    cp_value message = cp_to_condition(v)->message;
    cp_print(&printer, ": %s",
             cp_is_string(message) ? cp_string_text(cp_to_string(message)) : "(no text)");
}

static cp_value refuse(cp_lisp *e)
{
    e->is_over = true;
    strcpy(e->text, "refused");
    return CP_NOTHING;
}

/* V, held, unless memory was refused for it. */
static cp_value made(cp_lisp *e, cp_value v)
{
    return cp_is_retry(v) ? refuse(e) : cp_lisp_hold(e, v);
}

/* ---- Reading ------------------------------------------------------------------------------- */

static void skip_space(cp_lisp *e)
{
    e->at += strspn(e->at, " \n");
}

static size_t token_size(const char *at)
{
    return strcspn(at, " \n()");
}

static cp_value read_datum(cp_lisp *e);

static cp_value read_string(cp_lisp *e)
{
    char buffer[4096];
    size_t size = 0;
    for (e->at++; *e->at != '"'; e->at++) {
        assert_true(*e->at != 0);
        assert_true(size < sizeof buffer);
        if (*e->at == '\\')
            e->at++;
        buffer[size++] = *e->at;
    }
    e->at++;
    return made(e, cp_make_string(e->vm->heap, buffer, size, NULL));
}

static cp_value read_list(cp_lisp *e)
{
    skip_space(e);
    if (*e->at == ')') {
        e->at++;
        return CP_NIL;
    }
    if (e->at[0] == '.' && e->at[1] == ' ') {
        e->at++;
        cp_value tail = read_datum(e);
        skip_space(e);
        assert_true(*e->at == ')');
        e->at++;
        return tail;
    }
    cp_value first = read_datum(e);
    cp_value rest = e->is_over ? CP_NIL : read_list(e);
    return e->is_over ? CP_NOTHING : made(e, cp_cons(e->vm->heap, first, rest));
}

static cp_value read_vector(cp_lisp *e, const char *opening)
{
    e->at += strlen(opening);
    cp_value list = read_list(e);
    if (e->is_over)
        return CP_NOTHING;
    size_t count = (size_t)cp_list_length(list);
    bool is_bytes = strcmp(opening, "#u8(") == 0;
    cp_value v = is_bytes ? cp_make_bytevector(e->vm->heap, count, 0)
                          : cp_make_vector(e->vm->heap, count, CP_FALSE);
    for (uint32_t i = 0; i < count && !cp_is_retry(v); i++, list = cp_cdr(list)) {
        if (is_bytes)
            cp_to_bytevector(v)->bytes[i] = (uint8_t)cp_to_fixnum(cp_car(list));
        else
            cp_vector_set(e->vm->heap, v, i, cp_car(list));
    }
    return made(e, v);
}

static cp_value read_char(cp_lisp *e)
{
    const char *text = e->at + 2;
    if (strncmp(text, "space", 5) == 0) {
        e->at += 7;
        return cp_make_char(' ');
    }
    if (*text == 'x' && token_size(text) > 1) {
        char *end;
        uint32_t code = (uint32_t)strtoul(text + 1, &end, 16);
        e->at = end;
        return cp_make_char(code);
    }
    uint32_t code = cp_utf8_decode(&text);
    e->at = text;
    return cp_make_char(code);
}

static cp_value read_atom(cp_lisp *e)
{
    size_t size = token_size(e->at);
    const char *token = e->at;
    e->at += size;
    if (size == 2 && token[0] == '#' && (token[1] == 't' || token[1] == 'f'))
        return cp_make_boolean(token[1] == 't');
    cp_calc calc = {e->vm->heap, NULL};
    cp_value number = CP_FALSE;
    cp_calc_status status = cp_number_read(&calc, token, size, 10, &number);
    if (status == CP_CALC_RETRY)
        return refuse(e);
    assert_int_equal(status, CP_CALC_OK);
    if (cp_is_true(number))
        return made(e, number);
    return made(e, cp_intern(e->vm->globals.symbols, token, size));
}

static cp_value read_datum(cp_lisp *e)
{
    skip_space(e);
    if (*e->at == '(') {
        e->at++;
        return read_list(e);
    }
    if (*e->at == '"')
        return read_string(e);
    if (strncmp(e->at, "#(", 2) == 0)
        return read_vector(e, "#(");
    if (strncmp(e->at, "#u8(", 4) == 0)
        return read_vector(e, "#u8(");
    if (strncmp(e->at, "#\\", 2) == 0)
        return read_char(e);
    return read_atom(e);
}

/* ---- Evaluating ---------------------------------------------------------------------------- */

static cp_value call(cp_lisp *e, cp_value procedure, uint32_t count, const cp_value *args)
{
    cp_value value;
    switch (cp_vm_call(e->vm, "test", procedure, count, args, &value)) {
    case CP_RUN_DONE:
        return cp_lisp_hold(e, value);
    case CP_RUN_RAISED:
        print_raised(e, value);
        return CP_NOTHING;
    case CP_RUN_REFUSED:
        return refuse(e);
    case CP_RUN_PARKED:
    case CP_RUN_CUT:
    case CP_RUN_HALTED:
        break;
    }
    fail_msg("%s", "the call neither returned nor raised");
    return CP_NOTHING;
}

static cp_value eval(cp_lisp *e);

/* Behind the opening bracket of a call. */
static cp_value eval_call(cp_lisp *e)
{
    enum { ARGUMENTS_MAX = 32 };
    cp_value args[ARGUMENTS_MAX];
    uint32_t count = 0;
    for (skip_space(e); *e->at != ')'; skip_space(e)) {
        assert_true(count < ARGUMENTS_MAX);
        args[count++] = eval(e);
        if (e->is_over)
            return CP_NOTHING;
    }
    e->at++;
    return call(e, args[0], count - 1, args + 1);
}

static cp_value eval(cp_lisp *e)
{
    skip_space(e);
    if (*e->at == '\'') {
        e->at++;
        return read_datum(e);
    }
    if (*e->at == '(') {
        e->at++;
        return eval_call(e);
    }
    cp_value datum = read_datum(e);
    if (e->is_over || !cp_is_symbol(datum))
        return datum;
    const char *name = cp_string_text(cp_to_string(cp_to_symbol(datum)->name));
    cp_value value = cp_global_ref(&e->vm->globals, name);
    if (cp_same(value, CP_UNBOUND))
        fail_msg("%s is not defined", name);
    return value;
}

cp_value cp_lisp_value(cp_lisp *e, const char *program)
{
    cp_value value = CP_UNSPECIFIC;
    e->at = program;
    e->is_over = false;
    for (skip_space(e); *e->at != 0 && !e->is_over; skip_space(e))
        value = eval(e);
    return e->is_over ? CP_NOTHING : value;
}

cp_value cp_lisp_call(cp_lisp *e, const char *name, uint32_t count, const cp_value *args)
{
    e->is_over = false;
    return call(e, cp_global_ref(&e->vm->globals, name), count, args);
}

const char *cp_lisp_run(cp_lisp *e, const char *program)
{
    size_t held_count = e->held_count;
    cp_value value = cp_lisp_value(e, program);
    if (!e->is_over) {
        cp_printer printer = cp_printer_make(e->text, sizeof e->text);
        print_value(e, &printer, value);
    }
    e->held_count = held_count;
    return e->text;
}

/* ---- Checking ------------------------------------------------------------------------------ */

static cp_lisp *open_large(uint64_t refuse_at)
{
    cp_lisp *e = malloc(sizeof *e);
    cp_lisp_open(e, refuse_at, 0);
    return e;
}

void cp_lisp_check(const cp_lisp_row *rows, size_t count)
{
    cp_lisp *e = open_large(0);
    for (size_t i = 0; i < count; i++) {
        const char *result = cp_lisp_run(e, rows[i].program);
        if (strcmp(result, rows[i].expected) != 0)
            fail_msg("%s gave %s, expected %s", rows[i].program, result, rows[i].expected);
    }
    cp_lisp_close(e);
    free(e);
}

static bool is_refusal(const char *result)
{
    return strcmp(result, "refused") == 0 || strncmp(result, "raised out-of-memory", 20) == 0;
}

void cp_lisp_check_refusals(const cp_lisp_row *rows, size_t count)
{
    bool was_refused = true;
    for (uint64_t n = 1; was_refused; n++) {
        cp_lisp *e = open_large(n);
        for (size_t i = 0; i < count && e->vm != NULL; i++) {
            const char *result = cp_lisp_run(e, rows[i].program);
            if (strcmp(result, rows[i].expected) != 0 && !is_refusal(result))
                fail_msg("with request %llu refused, %s gave %s, expected %s",
                         (unsigned long long)n, rows[i].program, result, rows[i].expected);
        }
        was_refused = e->fault.refused > 0;
        cp_lisp_close(e);
        free(e);
    }
}
