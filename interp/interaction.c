/* interaction.c -- the reader gives a form, the compiler a unit, the machine runs its body on a
 * fiber of its own. Names are kept in a table of their texts (open addressing, never shrinks);
 * units are kept for as long as code may refer to them, which is the life of the machine. */
#include "interp/interaction.h"

#include <string.h>

#include "sched/memory.h"

enum { MESSAGE_SIZE = 4096, READ_BUDGET = 1 << 20, TRACE_LINES = 16 };

/* A name that a program defined: a variable, or a macro, or another name of a special form. */
typedef struct name_row {
    char *name; /* own */
    size_t size;
    cp_macro *macro;     /* own */
    const char *special; /* a constant */
} name_row;

struct cp_interaction {
    cp_environment environment; /* first: look_up casts it back */
    copse_vm *vm;
    const copse_allocator *allocator;
    cp_interaction_options options;
    cp_sources *sources;
    cp_reader *reader; /* of the present text, or NULL */
    const char *file;  /* its name */
    name_row *rows;    /* a hash table; rows without name are empty */
    size_t row_count;
    size_t row_capacity; /* a power of two, or 0 */
    cp_unit **units;     /* own */
    size_t unit_count;
    size_t unit_capacity;
    char message[MESSAGE_SIZE];
};

/* ---- Names --------------------------------------------------------------------------------- */

static uint64_t hash_name(const char *name, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, 64 bits */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The row of NAME, or the empty one where it belongs. There is an empty row. */
static name_row *find_row(name_row *rows, size_t capacity, const char *name, size_t size)
{
    size_t i = hash_name(name, size) & (capacity - 1);
    while (rows[i].name != NULL && (rows[i].size != size || memcmp(rows[i].name, name, size) != 0))
        i = (i + 1) & (capacity - 1);
    return &rows[i];
}

static const name_row *known_row(const cp_interaction *in, const char *name)
{
    if (in->row_capacity == 0)
        return NULL;
    const name_row *row = find_row(in->rows, in->row_capacity, name, strlen(name));
    return row->name != NULL ? row : NULL;
}

static bool grow_rows(cp_interaction *in)
{
    size_t capacity = in->row_capacity == 0 ? 64 : in->row_capacity * 2;
    name_row *rows = cp_allocate_array(in->allocator, capacity, sizeof *rows);
    if (rows == NULL)
        return false;
    memset(rows, 0, capacity * sizeof *rows);
    for (size_t i = 0; i < in->row_capacity; i++) {
        if (in->rows[i].name != NULL)
            *find_row(rows, capacity, in->rows[i].name, in->rows[i].size) = in->rows[i];
    }
    if (in->rows != NULL)
        cp_release_array(in->allocator, in->rows, in->row_capacity, sizeof *rows);
    in->rows = rows;
    in->row_capacity = capacity;
    return true;
}

/* The row of NAME, made if it is new; NULL when memory is refused. */
static name_row *make_row(cp_interaction *in, const char *name)
{
    size_t size = strlen(name);
    if (in->row_count * 2 >= in->row_capacity && !grow_rows(in))
        return NULL;
    name_row *row = find_row(in->rows, in->row_capacity, name, size);
    if (row->name != NULL)
        return row;
    char *copy = cp_allocate(in->allocator, size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, name, size + 1);
    *row = (name_row){.name = copy, .size = size};
    in->row_count++;
    return row;
}

static const char *find_special(const char *name)
{
    const char *special;
    for (size_t i = 0; (special = cp_special_name(i)) != NULL; i++) {
        if (strcmp(special, name) == 0)
            return special;
    }
    return NULL;
}

static void look_up(const cp_environment *environment, const char *name, cp_denotation *d)
{
    const cp_interaction *in = (const cp_interaction *)(const void *)environment;
    const name_row *row = known_row(in, name);
    const char *special = row != NULL ? row->special : find_special(name);
    if (special != NULL || (row != NULL && row->macro != NULL)) {
        d->meaning = special != NULL ? CP_MEANS_SPECIAL : CP_MEANS_MACRO;
        d->special = special;
        d->macro = row != NULL ? row->macro : NULL;
        return;
    }
    d->cell = name;
    bool is_bound = !cp_same(cp_global_ref(&in->vm->globals, name), CP_UNBOUND);
    bool is_primitive = row == NULL && cp_primitive_find(name) != CP_PRIM_NONE;
    if (row != NULL || is_bound || is_primitive)
        d->meaning = CP_MEANS_GLOBAL;
    if (is_primitive)
        d->primitive = name;
}

/* The names that programs defined, then the special forms, then the symbols that are bound. */
static const char *each_name(const cp_environment *environment, size_t *next)
{
    const cp_interaction *in = (const cp_interaction *)(const void *)environment;
    while (*next < in->row_capacity) {
        const name_row *row = &in->rows[(*next)++];
        if (row->name != NULL)
            return row->name;
    }
    return cp_special_name((*next)++ - in->row_capacity);
}

static bool has_feature(const cp_environment *environment, const char *name)
{
    const cp_interaction *in = (const cp_interaction *)(const void *)environment;
    return in->options.has_feature != NULL && in->options.has_feature(name);
}

static void warn(void *context, cp_position position, const char *text)
{
    cp_interaction *in = context;
    if (in->options.warn == NULL)
        return;
    char line[MESSAGE_SIZE];
    cp_printer printer = cp_printer_make(line, sizeof line);
    cp_position_print(&printer, in->sources, position);
    cp_print(&printer, ": %s", text);
    in->options.warn(in->options.context, line);
}

/* Take over what the program of C defines. False when memory is refused. */
static bool take_definitions(cp_interaction *in, const cp_compilation *c)
{
    for (const cp_definition *d = c->expander.definitions; d != NULL; d = d->next) {
        cp_macro *macro = d->rules != NULL ? cp_macro_new(in->allocator, d->rules) : NULL;
        name_row *row = make_row(in, d->name);
        if (row == NULL || (d->rules != NULL && macro == NULL)) {
            if (macro != NULL)
                cp_macro_free(macro);
            return false;
        }
        if (row->macro != NULL)
            cp_macro_free(row->macro);
        row->macro = macro;
        row->special = d->special;
    }
    return true;
}

/* ---- Life ---------------------------------------------------------------------------------- */

cp_interaction *cp_interaction_new(copse_vm *vm, const cp_interaction_options *options)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    cp_interaction *in = cp_allocate_zeroed(allocator, sizeof *in);
    if (in == NULL)
        return NULL;
    in->environment = (cp_environment){look_up, each_name, has_feature, NULL, ""};
    in->vm = vm;
    in->allocator = allocator;
    in->options = *options;
    in->sources = cp_sources_new(allocator);
    if (in->sources == NULL) {
        cp_release(allocator, in, sizeof *in);
        return NULL;
    }
    cp_syntax_init(vm->heap);
    return in;
}

void cp_interaction_close(cp_interaction *in)
{
    cp_reader_free(in->reader);
    in->reader = NULL;
}

void cp_interaction_free(cp_interaction *own)
{
    if (own == NULL)
        return;
    assert(own->reader == NULL);
    for (size_t i = 0; i < own->row_capacity; i++) {
        name_row *row = &own->rows[i];
        if (row->macro != NULL)
            cp_macro_free(row->macro);
        cp_release(own->allocator, row->name, row->size + 1);
    }
    for (size_t i = 0; i < own->unit_count; i++)
        cp_unit_free(own->allocator, own->units[i]);
    cp_release_array(own->allocator, own->units, own->unit_capacity, sizeof *own->units);
    cp_release_array(own->allocator, own->rows, own->row_capacity, sizeof *own->rows);
    cp_sources_free(own->sources);
    cp_release(own->allocator, own, sizeof *own);
}

copse_status cp_interaction_give(cp_interaction *in, const char *file, const char *text,
                                 size_t size)
{
    uint32_t number = 0;
    copse_status status = cp_sources_add(in->sources, file, strlen(file), &number);
    if (status != COPSE_OK)
        return status;
    cp_reader *reader = cp_reader_new(&(cp_reader_options){.heap = in->vm->heap,
                                                           .symbols = in->vm->globals.symbols,
                                                           .file = number,
                                                           .wants_syntax = true});
    if (reader == NULL)
        return COPSE_ENOMEM;
    cp_reader_free(in->reader);
    in->reader = reader;
    in->file = cp_sources_name(in->sources, number);
    cp_reader_give(reader, text, size, true);
    return COPSE_OK;
}

/* ---- Reading and compiling ------------------------------------------------------------------ */

static cp_printer begin_message(cp_interaction *in)
{
    return cp_printer_make(in->message, sizeof in->message);
}

static cp_eval say_refused(cp_interaction *in)
{
    cp_printer printer = begin_message(in);
    cp_print(&printer, "%s: memory was refused", in->file);
    return CP_EVAL_REFUSED;
}

/* Read the next datum; DONE when there is one. */
static cp_eval read_form(cp_interaction *in)
{
    for (unsigned attempt = 1;;) {
        cp_read_result result = cp_reader_step(in->reader, READ_BUDGET);
        switch (result) {
        case CP_READ_DATUM:
            return CP_EVAL_DONE;
        case CP_READ_EOF:
            return CP_EVAL_END;
        case CP_READ_AGAIN:
            break;
        case CP_READ_RETRY:
            if (!cp_heap_make_room(in->vm->heap, attempt++))
                return say_refused(in);
            break;
        case CP_READ_INCOMPLETE:
        case CP_READ_ERROR: {
            cp_printer printer = begin_message(in);
            cp_reader_print_error(in->reader, in->sources, &printer);
            return result == CP_READ_ERROR ? CP_EVAL_WRONG : CP_EVAL_INCOMPLETE;
        }
        }
    }
}

/* The form that was read as a term of C. */
static cp_eval take_form(cp_interaction *in, cp_compilation *c, cp_term **term)
{
    cp_form_problem problem = {CP_NO_POSITION, NULL};
    cp_calc calc = {in->vm->heap, NULL};
    cp_form_status status =
        cp_term_from_form(&c->terms, &calc, cp_reader_datum(in->reader), term, &problem);
    if (status == CP_FORM_DONE)
        return CP_EVAL_DONE;
    if (status != CP_FORM_WRONG)
        return say_refused(in);
    cp_printer printer = begin_message(in);
    cp_position_print(&printer, in->sources, problem.position);
    cp_print(&printer, ": %s", problem.text);
    return CP_EVAL_WRONG;
}

/* Compile the form that was read; its unit is kept. */
static cp_eval compile_form(cp_interaction *in, cp_compilation *c)
{
    cp_term *term = NULL;
    cp_eval end = take_form(in, c, &term);
    if (end != CP_EVAL_DONE)
        return end;
    cp_compile_status status = cp_compile(c, &term, 1, in->file);
    if (status == CP_COMPILE_WRONG) {
        cp_printer printer = begin_message(in);
        cp_compile_message(&printer, c, in->sources);
        return CP_EVAL_WRONG;
    }
    void *units = in->units;
    bool is_kept =
        status == CP_COMPILE_DONE && cp_grow_array(in->allocator, &units, &in->unit_capacity,
                                                   in->unit_count + 1, sizeof *in->units);
    in->units = units;
    if (!is_kept || !take_definitions(in, c))
        return say_refused(in);
    in->units[in->unit_count++] = c->unit;
    c->unit = NULL;
    return CP_EVAL_DONE;
}

/* ---- Running ------------------------------------------------------------------------------- */

/* Append " in f (3:5)" lines of the trace of CONDITION. */
static void print_trace(cp_interaction *in, cp_printer *printer, const cp_condition *condition)
{
    cp_value rows = condition->trace;
    for (int i = 0; i < TRACE_LINES && cp_is_pair(rows); i++, rows = cp_cdr(rows)) {
        cp_value row = cp_car(rows);
        cp_print(printer, "\n  in ");
        cp_print_brief(in->vm->heap, printer, cp_car(row));
        cp_value place = cp_cdr(row);
        if (cp_is_pair(place) && cp_is_fixnum(cp_car(place)) && cp_is_fixnum(cp_cdr(place)))
            cp_print(printer, " at %lld:%lld", (long long)cp_to_fixnum(cp_car(place)),
                     (long long)cp_to_fixnum(cp_cdr(place)));
    }
    if (cp_is_pair(rows))
        cp_print(printer, "\n  ...");
}

/* "tree.scm:12:5: car: 1 is no pair", and the trace below. */
static void print_condition(cp_interaction *in, cp_printer *printer, const cp_condition *condition)
{
    cp_value place = condition->place;
    if (cp_is_pair(place) && cp_is_string(cp_car(place)) && cp_is_pair(cp_cdr(place)))
        cp_print(printer, "%s:%lld:%lld: ", cp_string_text(cp_to_string(cp_car(place))),
                 (long long)cp_to_fixnum(cp_car(cp_cdr(place))),
                 (long long)cp_to_fixnum(cp_cdr(cp_cdr(place))));
    if (cp_is_string(condition->message))
        cp_print(printer, "%s", cp_string_text(cp_to_string(condition->message)));
    else
        cp_print_brief(in->vm->heap, printer, condition->message);
    print_trace(in, printer, condition);
}

static cp_eval describe_raised(cp_interaction *in, cp_value value)
{
    cp_printer printer = begin_message(in);
    if (cp_is_condition(value)) {
        print_condition(in, &printer, cp_to_condition(value));
    } else {
        cp_print(&printer, "%s: raised ", in->file);
        cp_print_brief(in->vm->heap, &printer, value);
    }
    return CP_EVAL_RAISED;
}

static cp_eval run_unit(cp_interaction *in, const cp_unit *unit, int64_t fuel, cp_value *value)
{
    cp_value procedure = cp_vm_load(in->vm, unit);
    if (cp_is_retry(procedure))
        return say_refused(in);
    if (!cp_is_true(procedure))
        return describe_raised(in, CP_FALSE);
    cp_value fiber = cp_vm_fiber(in->vm, procedure, 0, NULL);
    if (cp_is_retry(fiber))
        return say_refused(in);
    cp_run_end end = cp_vm_run(in->vm, cp_to_fiber(fiber), fuel, value);
    switch (end) {
    case CP_RUN_DONE:
        return CP_EVAL_DONE;
    case CP_RUN_RAISED:
        return describe_raised(in, *value);
    case CP_RUN_PARKED:
        return CP_EVAL_PARKED;
    case CP_RUN_CUT:
        return CP_EVAL_CUT;
    case CP_RUN_HALTED:
        return CP_EVAL_HALTED;
    case CP_RUN_REFUSED:
        return say_refused(in);
    }
    return CP_EVAL_REFUSED;
}

cp_eval cp_interaction_next(cp_interaction *in, int64_t fuel, cp_value *value)
{
    in->message[0] = '\0';
    if (in->reader == NULL)
        return CP_EVAL_END;
    cp_eval end = read_form(in);
    if (end != CP_EVAL_DONE)
        return end;
    cp_compilation c;
    cp_compilation_init(
        &c, in->allocator,
        &(cp_expand_options){.environment = &in->environment, .context = in, .warn = warn});
    end = compile_form(in, &c);
    cp_compilation_free(&c);
    if (end != CP_EVAL_DONE)
        return end;
    return run_unit(in, in->units[in->unit_count - 1], fuel, value);
}

const char *cp_interaction_message(const cp_interaction *in)
{
    return in->message;
}
