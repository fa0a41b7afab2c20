/* compile.c -- any bytes as a program: code or a mistake with its place, never a crash.
 *
 * The first byte chooses which request for memory is refused, or whether the compiler is stopped;
 * what compiles is run for a moment. The code of a compiler must pass its own checker: a message
 * that says "bad code" is a bug. */
#include <stdlib.h>
#include <string.h>

#include "interp/compile.h"
#include "interp/form.h"
#include "interp/read.h"
#include "interp/vm.h"

enum { FORMS_MAX = 100, RUNS_PER_MACHINE = 200, FUEL = 2000, POLLS_MAX = 20000 };

typedef struct {
    cp_environment environment; /* first: look_up does not need more */
    copse_allocator allocator;
    uint64_t requests;
    uint64_t refuse_at;
    uint64_t polls;
    size_t live;
    copse_vm *vm;
    unsigned runs;
} world;

static world the_world;

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    world *w = context;
    if (++w->requests == w->refuse_at)
        return NULL;
    w->live += size;
    const copse_allocator *host = copse_default_allocator();
    return host->allocate(host->context, size, alignment);
}

static void release(void *context, void *block, size_t size, size_t alignment)
{
    world *w = context;
    w->live -= size;
    const copse_allocator *host = copse_default_allocator();
    host->release(host->context, block, size, alignment);
}

static void look_up(const cp_environment *environment, const char *name, cp_denotation *d)
{
    (void)environment;
    const char *special;
    for (size_t i = 0; (special = cp_special_name(i)) != NULL; i++) {
        if (strcmp(special, name) == 0) {
            d->meaning = CP_MEANS_SPECIAL;
            d->special = special;
            return;
        }
    }
    d->cell = name;
    if (cp_primitive_find(name) == CP_PRIM_NONE)
        return;
    d->meaning = CP_MEANS_GLOBAL;
    d->primitive = name;
}

static bool poll(void *context)
{
    world *w = context;
    return w->polls-- > 0;
}

static void open_world(world *w)
{
    w->environment = (cp_environment){.look_up = look_up, .name = ""};
    w->allocator = (copse_allocator){allocate, release, w};
    w->vm = cp_vm_new(&(cp_vm_options){.heap = {.cap_bytes = 64 << 20}});
    check(w->vm != NULL);
    cp_syntax_init(w->vm->heap);
    w->runs = 0;
}

/* The forms of TEXT up to the first that can not be read. */
static uint32_t read_forms(world *w, cp_compilation *c, const char *text, size_t size,
                           cp_term *forms[FORMS_MAX])
{
    cp_reader *reader = cp_reader_new(&(cp_reader_options){
        .heap = w->vm->heap, .symbols = w->vm->globals.symbols, .wants_syntax = true});
    check(reader != NULL);
    cp_reader_give(reader, text, size, true);
    uint32_t count = 0;
    cp_calc calc = {w->vm->heap, NULL};
    cp_form_problem problem;
    while (count < FORMS_MAX && cp_reader_step(reader, 1 << 16) == CP_READ_DATUM &&
           cp_term_from_form(&c->terms, &calc, cp_reader_datum(reader), &forms[count], &problem) ==
               CP_FORM_DONE)
        count++;
    cp_reader_free(reader);
    return count;
}

static void run(world *w, const cp_unit *unit)
{
    cp_value procedure = cp_vm_load(w->vm, unit);
    if (cp_is_retry(procedure) || !cp_is_true(procedure))
        return;
    cp_value fiber = cp_vm_fiber(w->vm, procedure, 0, NULL);
    cp_value value;
    if (!cp_is_retry(fiber))
        (void)cp_vm_run(w->vm, cp_to_fiber(fiber), FUEL, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world *w = &the_world;
    if (size < 2 || size > 20000)
        return 0;
    if (w->vm == NULL)
        open_world(w);
    w->requests = 0;
    w->refuse_at = data[0] < 64 ? data[0] : 0;
    w->polls = data[0] >= 240 ? data[0] - 240u : POLLS_MAX;
    cp_compilation c;
    cp_compilation_init(
        &c, &w->allocator,
        &(cp_expand_options){.environment = &w->environment, .context = w, .poll = poll});
    cp_term *forms[FORMS_MAX];
    uint32_t count = read_forms(w, &c, (const char *)data + 1, size - 1, forms);
    cp_compile_status status = cp_compile(&c, forms, count, "fuzz.scm");
    check(status != CP_COMPILE_WRONG || strstr(c.expander.complaint.text, "bad code") == NULL);
    cp_unit *unit = c.unit;
    c.unit = NULL;
    cp_compilation_free(&c);
    if (unit != NULL) {
        run(w, unit);
        w->runs = RUNS_PER_MACHINE; /* the machine refers to the unit: both go */
    }
    if (++w->runs > RUNS_PER_MACHINE) {
        cp_vm_free(w->vm);
        w->vm = NULL;
    }
    cp_unit_free(&w->allocator, unit);
    check(w->live == 0);
    return 0;
}
