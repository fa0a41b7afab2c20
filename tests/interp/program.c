#include "tests/check.h"

#include "tests/interp/program.h"

#include "interp/print.h"

/* ---- The environment ----------------------------------------------------------------------- */

static const char *keep_name(program *p, const char *name)
{
    for (uint32_t i = 0; i < p->name_count; i++) {
        if (strcmp(p->names[i], name) == 0)
            return p->names[i];
    }
    return NULL;
}

static void look_up(const cp_environment *environment, const char *name, cp_denotation *d)
{
    program *p = (program *)(uintptr_t)environment;
    for (uint32_t i = p->macro_count; i-- > 0;) {
        if (strcmp(p->macros[i].name, name) == 0) {
            d->meaning = p->macros[i].special != NULL ? CP_MEANS_SPECIAL : CP_MEANS_MACRO;
            d->special = p->macros[i].special;
            d->macro = p->macros[i].macro;
            return;
        }
    }
    const char *special;
    for (size_t i = 0; (special = cp_special_name(i)) != NULL; i++) {
        if (strcmp(special, name) == 0) {
            d->meaning = CP_MEANS_SPECIAL;
            d->special = special;
            return;
        }
    }
    if (keep_name(p, name) != NULL) {
        d->meaning = CP_MEANS_GLOBAL;
        d->cell = name;
        return;
    }
    if (cp_primitive_find(name) != CP_PRIM_NONE) {
        d->meaning = CP_MEANS_GLOBAL;
        d->cell = name;
        d->primitive = name;
        d->is_immutable = !p->is_mutable;
        return;
    }
    d->cell = p->is_closed && name[0] != '%' ? NULL : name;
}

static const char *each_name(const cp_environment *environment, size_t *next)
{
    const program *p = (const program *)(uintptr_t)environment;
    size_t i = (*next)++;
    if (i < p->name_count)
        return p->names[i];
    i -= p->name_count;
    return i < CP_PRIM_COUNT ? cp_primitives[i].word != NULL ? cp_primitives[i].word : "values"
                             : cp_special_name(i - CP_PRIM_COUNT);
}

static bool has_feature(const cp_environment *environment, const char *name)
{
    (void)environment;
    return strcmp(name, "copse") == 0 || strcmp(name, "r7rs") == 0;
}

static bool has_library(const cp_environment *environment, const cp_term *name)
{
    (void)environment;
    return cp_term_length(name) == 2 &&
           strcmp(name->as.pair.car->as.identifier->name, "scheme") == 0;
}

static void warn(void *context, cp_position position, const char *text)
{
    program *p = context;
    size_t used = strlen(p->warnings);
    cp_printer printer = cp_printer_make(p->warnings + used, sizeof p->warnings - used);
    cp_print(&printer, "%s%u:%u: %s", used > 0 ? "\n" : "", cp_position_line(position),
             cp_position_column(position), text);
}

static bool poll(void *context)
{
    program *p = context;
    p->polled++;
    return p->polls < 0 || p->polls-- > 0;
}

static cp_term *include(void *context, cp_terms *terms, const char *name, bool folds_case,
                        const char **problem)
{
    (void)context;
    (void)folds_case;
    if (strcmp(name, "two.scm") != 0) {
        *problem = "there is no such file";
        return NULL;
    }
    cp_term *two = cp_term_value(terms, cp_make_fixnum(2), CP_NO_POSITION);
    return cp_term_pair(terms, two, cp_term_value(terms, CP_NIL, CP_NO_POSITION), CP_NO_POSITION);
}

/* ---- Reading ------------------------------------------------------------------------------- */

void program_open(program *p)
{
    memset(p, 0, sizeof *p);
    cp_test_open(&p->machine, 0, NULL);
    assert_non_null(p->machine.vm);
    cp_syntax_init(p->machine.vm->heap);
    cp_fault_init(&p->fault, 0);
    p->environment = (cp_environment){look_up, each_name, has_feature, has_library, ""};
    p->sources = cp_sources_new(copse_default_allocator());
    assert_non_null(p->sources);
    assert_int_equal(cp_sources_add(p->sources, "test.scm", 8, &p->file), COPSE_OK);
    p->polls = -1;
}

void program_close(program *p)
{
    for (uint32_t i = 0; i < p->macro_count; i++)
        cp_macro_free(p->macros[i].macro);
    cp_sources_free(p->sources);
    cp_test_close(&p->machine);
    for (uint32_t i = 0; i < p->unit_count; i++)
        cp_unit_free(&p->fault.allocator, p->units[i]);
    assert_int_equal(p->fault.live_bytes, 0);
}

static cp_term *import(program *p, cp_compilation *c, cp_value datum)
{
    cp_term *term;
    cp_form_problem problem;
    cp_calc calc = {p->machine.vm->heap, NULL};
    cp_form_status status = cp_term_from_form(&c->terms, &calc, datum, &term, &problem);
    if (status == CP_FORM_WRONG) {
        (void)cp_complain(&c->expander.complaint, problem.position, "%s", problem.text);
        return NULL;
    }
    return status == CP_FORM_DONE ? term : NULL;
}

cp_term **program_read(program *p, cp_compilation *c, const char *text, uint32_t *count)
{
    cp_reader *reader =
        cp_reader_new(&(cp_reader_options){.heap = p->machine.vm->heap,
                                           .symbols = p->machine.vm->globals.symbols,
                                           .file = p->file,
                                           .wants_syntax = true});
    assert_non_null(reader);
    cp_reader_give(reader, text, strlen(text), true);
    cp_term **forms = CP_TAKE_ARRAY(&c->terms.arena, PROGRAM_FORMS, cp_term *);
    *count = 0;
    while (forms != NULL) {
        cp_read_result result = cp_reader_step(reader, SIZE_MAX);
        if (result == CP_READ_EOF)
            break;
        if (result != CP_READ_DATUM)
            fail_msg("%s in %.300s", cp_reader_message(reader), text);
        assert_true(*count < PROGRAM_FORMS);
        cp_term *term = import(p, c, cp_reader_datum(reader));
        if (term == NULL)
            forms = NULL;
        else
            forms[(*count)++] = term;
    }
    cp_reader_free(reader);
    return forms;
}

/* ---- Compiling ----------------------------------------------------------------------------- */

static void begin(program *p, cp_compilation *c)
{
    p->warnings[0] = '\0';
    cp_compilation_init(c, &p->fault.allocator,
                        &(cp_expand_options){.environment = &p->environment,
                                             .context = p,
                                             .include = include,
                                             .warn = warn,
                                             .poll = poll});
}

static const char *describe(program *p, const cp_compilation *c, cp_compile_status status)
{
    cp_printer printer = cp_printer_make(p->text, sizeof p->text);
    if (status == CP_COMPILE_WRONG)
        cp_compile_message(&printer, c, p->sources);
    else
        cp_print(&printer, "%s", status == CP_COMPILE_REFUSED ? "refused" : "stopped");
    return p->text;
}

static const char *core_text(program *p, const char *text, bool simplifies)
{
    cp_compilation c;
    begin(p, &c);
    uint32_t count;
    cp_term **forms = program_read(p, &c, text, &count);
    cp_compile_status status = CP_COMPILE_REFUSED;
    if (forms != NULL)
        status = cp_compile_expand(&c, forms, count, simplifies);
    else if (c.expander.complaint.is_set)
        status = CP_COMPILE_WRONG;
    if (status == CP_COMPILE_DONE) {
        cp_printer printer = cp_printer_make(p->text, sizeof p->text);
        cp_core_print(&printer, c.program->as.lambda->clauses[0].body);
    } else {
        (void)describe(p, &c, status);
    }
    cp_compilation_free(&c);
    return p->text;
}

const char *program_core(program *p, const char *text)
{
    return core_text(p, text, false);
}

const char *program_simplified(program *p, const char *text)
{
    return core_text(p, text, true);
}

static cp_compile_status compile(program *p, cp_compilation *c, const char *text)
{
    begin(p, c);
    uint32_t count;
    cp_term **forms = program_read(p, c, text, &count);
    if (forms == NULL)
        return c->expander.complaint.is_set ? CP_COMPILE_WRONG : CP_COMPILE_REFUSED;
    return cp_compile(c, forms, count, "test.scm");
}

cp_compile_status program_compile(program *p, const char *text)
{
    cp_compilation c;
    cp_compile_status status = compile(p, &c, text);
    cp_compilation_free(&c);
    return status;
}

const char *program_code(program *p, const char *text)
{
    cp_compilation c;
    cp_compile_status status = compile(p, &c, text);
    if (status == CP_COMPILE_DONE) {
        cp_printer printer = cp_printer_make(p->text, sizeof p->text);
        cp_disassemble(c.unit, &printer);
    } else {
        (void)describe(p, &c, status);
    }
    cp_compilation_free(&c);
    return p->text;
}

/* ---- Running ------------------------------------------------------------------------------- */

static void take_definitions(program *p, const cp_compilation *c)
{
    for (const cp_definition *d = c->expander.definitions; d != NULL; d = d->next) {
        assert_true(strlen(d->name) < 64);
        if (d->global != NULL) {
            if (keep_name(p, d->name) == NULL) {
                assert_true(p->name_count < CP_COUNT_OF(p->names));
                strcpy(p->names[p->name_count++], d->name);
            }
            continue;
        }
        assert_true(p->macro_count < CP_COUNT_OF(p->macros));
        program_macro *m = &p->macros[p->macro_count++];
        strcpy(m->name, d->name);
        m->special = d->special;
        m->macro = d->rules == NULL ? NULL : cp_macro_new(&p->fault.allocator, d->rules);
        assert_true(m->macro != NULL || m->special != NULL);
    }
}

static void write_value(program *p, cp_value value)
{
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_writer *writer = cp_writer_new(&(cp_writer_options){
        .heap = p->machine.vm->heap, .sink = &sink, .labels = CP_LABELS_CYCLES});
    assert_non_null(writer);
    cp_writer_begin(writer, value);
    assert_int_equal(cp_writer_step(writer, SIZE_MAX), CP_STEP_DONE);
    cp_writer_free(writer);
    snprintf(p->text, sizeof p->text, "%.*s", (int)sink.size,
             sink.size > 0 ? (const char *)sink.bytes : "");
    cp_sink_free(&sink);
}

static bool run(program *p, cp_unit *unit)
{
    cp_test_machine *m = &p->machine;
    assert_true(p->unit_count < PROGRAM_UNITS);
    p->units[p->unit_count++] = unit;
    cp_value procedure = cp_vm_load(m->vm, unit);
    assert_true(cp_is_true(procedure) && !cp_is_retry(procedure));
    cp_fiber *fiber = cp_test_fiber(m, procedure);
    cp_value value;
    cp_run_end end = cp_vm_run(m->vm, fiber, CP_FUEL_UNLIMITED, &value);
    if (end == CP_RUN_DONE) {
        write_value(p, value);
        return true;
    }
    cp_printer printer = cp_printer_make(p->text, sizeof p->text);
    if (end == CP_RUN_RAISED && cp_is_condition(value) &&
        cp_is_string(cp_to_condition(value)->message)) {
        cp_print(&printer, "raised ");
        cp_print_brief(m->vm->heap, &printer, cp_to_condition(value)->kind);
        cp_print(&printer, ": %s", cp_string_text(cp_to_string(cp_to_condition(value)->message)));
    } else {
        cp_print(&printer, end == CP_RUN_RAISED ? "raised " : "ended ");
        cp_print_brief(m->vm->heap, &printer, value);
    }
    return false;
}

/* Compile and run FORMS number INDEX of TEXT alone. */
static bool eval_form(program *p, const char *text, uint32_t index, uint32_t *count)
{
    cp_compilation c;
    begin(p, &c);
    cp_term **forms = program_read(p, &c, text, count);
    cp_compile_status status = CP_COMPILE_WRONG;
    if (forms != NULL && index < *count)
        status = cp_compile(&c, forms + index, 1, "test.scm");
    bool is_good = status == CP_COMPILE_DONE;
    if (is_good) {
        cp_unit *own = c.unit;
        c.unit = NULL;
        take_definitions(p, &c);
        cp_compilation_free(&c);
        return run(p, own);
    }
    (void)describe(p, &c, status);
    cp_compilation_free(&c);
    return false;
}

const char *program_eval(program *p, const char *text)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!eval_form(p, text, i, &count))
            break;
    }
    return p->text;
}

void program_check(const char *(*evaluate)(program *p, const char *text),
                   const char *const cases[][2], size_t count)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const char *result = evaluate(p, cases[i][0]);
        if (strcmp(result, cases[i][1]) == 0)
            continue;
        wrong++;
        print_error("got %s, expected %s, from\n%s\n", result, cases[i][1], cases[i][0]);
    }
    assert_int_equal(wrong, 0);
    program_close(p);
    free(p);
}

/* ---- The prelude --------------------------------------------------------------------------- */

static cp_value make_vector_from_list(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    int64_t length = cp_list_length(args[0]);
    cp_value vector = cp_make_vector(vm->heap, (size_t)length, CP_FALSE);
    cp_value list = args[0];
    for (uint32_t i = 0; !cp_is_retry(vector) && i < length; i++, list = cp_cdr(list))
        cp_vector_set(vm->heap, vector, i, cp_car(list));
    return vector;
}

static cp_value make_record_type(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_record_type(vm->heap, args[0], args[1]);
}

static cp_value make_record(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_record(vm->heap, args[0], CP_UNSPECIFIC);
}

static cp_value record_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    if (!cp_is_record_of(args[1], args[0]))
        return cp_raise(vm, CP_E_WRONG_TYPE, "%v is no such record", args[1]);
    return cp_to_record(args[1])->fields[cp_to_fixnum(args[2])];
}

static cp_value record_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_record_set(vm->heap, args[1], (uint32_t)cp_to_fixnum(args[2]), args[3]);
    return CP_UNSPECIFIC;
}

static cp_value is_record(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_record_of(args[1], args[0]));
}

static const cp_builtin builtins[] = {
    {make_vector_from_list, COPSE_BUILTIN("%list->vector", "l:list -> vector", BOUNDED, "")},
    {make_record_type,
     COPSE_BUILTIN("%make-record-type", "name fields:vector -> any", BOUNDED, "")},
    {make_record, COPSE_BUILTIN("%%record", "type -> record", BOUNDED, "")},
    {record_ref, COPSE_BUILTIN("%%record-ref", "type r i:index -> any", CONSTANT, "")},
    {record_set, COPSE_BUILTIN("%%record-set!", "type r i:index v -> any", CONSTANT, "")},
    {is_record, COPSE_BUILTIN("%%record?", "type r -> boolean", CONSTANT, "")},
    {0},
};

static const char prelude[] =
    "(define (%append2 a b) (if (pair? a) (cons (car a) (%append2 (cdr a) b)) b))"
    "(define (%append . l) (if (null? l) '() (if (null? (cdr l)) (car l)"
    " (%append2 (car l) (apply %append (cdr l))))))"
    "(define append %append)"
    "(define list->vector %list->vector)"
    "(define (vector . l) (%list->vector l))"
    "(define (reverse l) (let loop ((l l) (r '())) (if (null? l) r (loop (cdr l) (cons (car l) "
    "r)))))"
    "(define (length l) (let loop ((l l) (n 0)) (if (null? l) n (loop (cdr l) (+ n 1)))))"
    "(define (map f l . more) (if (null? more)"
    "  (let loop ((l l)) (if (null? l) '() (let ((x (f (car l)))) (cons x (loop (cdr l))))))"
    "  (let loop ((a l) (b (car more)))"
    "    (if (or (null? a) (null? b)) '() (cons (f (car a) (car b)) (loop (cdr a) (cdr b)))))))"
    "(define (for-each f l) (if (pair? l) (begin (f (car l)) (for-each f (cdr l)))))"
    "(define (equal? a b) (cond ((eqv? a b) #t)"
    " ((and (pair? a) (pair? b)) (and (equal? (car a) (car b)) (equal? (cdr a) (cdr b)))) (else "
    "#f)))"
    "(define (memv x l) (cond ((null? l) #f) ((eqv? x (car l)) l) (else (memv x (cdr l)))))"
    "(define (assv x l) (cond ((null? l) #f) ((eqv? x (car (car l))) (car l)) (else (assv x (cdr "
    "l)))))"
    "(define-record-type promise (%promise box) promise? (box %promise-box %set-promise-box!))"
    "(define (%delay-force thunk) (%promise (cons #f thunk)))"
    "(define (make-promise v) (if (promise? v) v (%promise (cons #t v))))"
    "(define (%delay thunk) (%delay-force (lambda () (make-promise (thunk)))))"
    "(define (force p) (if (promise? p) (let ((b (%promise-box p)))"
    "  (if (car b) (cdr b) (let ((q ((cdr b)))) (if (not (car (%promise-box p)))"
    "    (let ((qb (%promise-box q))) (set-car! (%promise-box p) (car qb))"
    "     (set-cdr! (%promise-box p) (cdr qb)) (%set-promise-box! q (%promise-box p))))"
    "   (force p)))) p))"
    "(define (%record-predicate type) (lambda (r) (%%record? type r)))"
    "(define (%record-accessor type i) (lambda (r) (%%record-ref type r i)))"
    "(define (%record-modifier type i) (lambda (r v) (%%record-set! type r i v)))"
    "(define (%record-constructor type places) (lambda l (let ((r (%%record type)))"
    "  (let loop ((l l) (i 0)) (if (null? l) r (begin"
    "   (%%record-set! type r (vector-ref places i) (car l)) (loop (cdr l) (+ i 1))))))))";

static void define_alias(program *p, const char *name, const char *lisp)
{
    char text[300];
    snprintf(text, sizeof text, "(define %%p-%s %s)", name, lisp);
    (void)program_eval(p, text);
    snprintf(text, sizeof text, "%%p-%s", name);
    cp_value value = cp_global_ref(&p->machine.vm->globals, text);
    assert_true(cp_is_procedure(value));
    assert_true(cp_global_define(&p->machine.vm->globals, name, value));
}

/* The primitives as values. */
static void define_primitives(program *p)
{
    for (uint32_t i = 0; i < CP_PRIM_COUNT; i++) {
        const cp_primitive_row *row = &cp_primitives[i];
        char text[200];
        if (row->word == NULL || i == CP_PRIM_LIST || i == CP_PRIM_VALUES ||
            i == CP_PRIM_CALL_WITH_VALUES)
            continue;
        if (row->most == CP_ANY_COUNT)
            snprintf(text, sizeof text,
                     "(case-lambda ((a) (%s a)) ((a b) (%s a b)) ((a b c) (%s a b c)))", row->word,
                     row->word, row->word);
        else
            snprintf(text, sizeof text, "(lambda (%.*s) (%s %.*s))", row->least * 2, "a b c ",
                     row->word, row->least * 2, "a b c ");
        define_alias(p, row->word, text);
    }
}

void program_load_prelude(program *p)
{
    assert_int_equal(cp_vm_define(p->machine.vm, builtins), COPSE_OK);
    const char *result = program_eval(p, prelude);
    if (strncmp(result, "#<", 2) != 0)
        fail_msg("the prelude gives %s", result);
    define_primitives(p);
}
