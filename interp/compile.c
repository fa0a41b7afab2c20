/* compile.c -- the passes in a row. */
#include "interp/compile.h"

void cp_compilation_init(cp_compilation *c, const copse_allocator *allocator,
                         const cp_expand_options *options)
{
    *c = (cp_compilation){.program = NULL};
    cp_terms_init(&c->terms, allocator);
    cp_expander_init(&c->expander, &c->terms, options);
}

void cp_compilation_free(cp_compilation *c)
{
    cp_unit_free(c->terms.arena.allocator, c->unit);
    cp_terms_free(&c->terms);
    c->unit = NULL;
    c->program = NULL;
}

/* Why there is nothing: an error in the program counts first, it is the caller's to see. */
static cp_compile_status why(const cp_compilation *c)
{
    if (c->terms.arena.is_refused)
        return CP_COMPILE_REFUSED;
    if (c->expander.complaint.is_set)
        return CP_COMPILE_WRONG;
    assert(c->expander.is_stopped);
    return CP_COMPILE_STOPPED;
}

cp_compile_status cp_compile_expand(cp_compilation *c, cp_term *const *forms, uint32_t count,
                                    bool simplifies)
{
    cp_expander *x = &c->expander;
    cp_node *body = cp_expand_program(x, forms, count);
    if (body == NULL)
        return why(c);
    c->program = cp_core_simple_lambda(&x->core, NULL, NULL, 0, body, body->position);
    if (c->program == NULL)
        return why(c);
    if (!simplifies)
        return CP_COMPILE_DONE;
    cp_count_uses(c->program);
    cp_warn_about(x, c->program);
    return cp_simplify(x, c->program) && cp_fit(x, c->program) ? CP_COMPILE_DONE : why(c);
}

cp_compile_status cp_compile(cp_compilation *c, cp_term *const *forms, uint32_t count,
                             const char *file)
{
    cp_compile_status status = cp_compile_expand(c, forms, count, true);
    if (status != CP_COMPILE_DONE)
        return status;
    if (!cp_analyse(&c->expander.core, c->program))
        return why(c);
    c->unit = cp_emit(&c->expander, c->program, file);
    return c->unit == NULL ? why(c) : CP_COMPILE_DONE;
}

void cp_compile_message(cp_printer *printer, const cp_compilation *c, const cp_sources *sources)
{
    cp_position_print(printer, sources, c->expander.complaint.position);
    cp_print(printer, ": %s", c->expander.complaint.text);
}

const cp_global *cp_compile_next_dependency(const cp_compilation *c, const cp_global *last)
{
    const cp_global *global = last == NULL ? c->expander.core.globals : last->next;
    while (global != NULL && (!global->is_inlined || global->is_immutable))
        global = global->next;
    return global;
}
