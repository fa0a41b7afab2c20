#include "tests/check.h"

#include "tests/interp/program.h"

typedef struct world {
    program *p;
    cp_compilation c;
    cp_scopes *scopes;
    cp_scope *root;
} world;

static void open_world(world *w)
{
    w->p = malloc(sizeof *w->p);
    assert_non_null(w->p);
    program_open(w->p);
    cp_compilation_init(&w->c, copse_default_allocator(),
                        &(cp_expand_options){.environment = &w->p->environment});
    w->scopes = &w->c.expander.scopes;
    w->root = cp_scope_root(w->scopes, &w->p->environment);
}

static void close_world(world *w)
{
    cp_compilation_free(&w->c);
    program_close(w->p);
    free(w->p);
}

static cp_identifier *name(world *w, const char *text)
{
    return cp_terms_name(&w->c.terms, text, strlen(text));
}

static cp_binding *bind_local(world *w, cp_scope *scope, cp_identifier *identifier)
{
    cp_binding *binding = cp_scope_bind(w->scopes, scope, identifier);
    binding->kind = CP_BINDS_LOCAL;
    binding->as.local = cp_core_new_local(&w->c.expander.core, identifier->name, CP_NO_POSITION);
    return binding;
}

static void the_innermost_binding_counts(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_scope *outer = cp_scope_open(w.scopes, w.root), *inner = cp_scope_open(w.scopes, outer);
    cp_scope *sibling = cp_scope_open(w.scopes, outer);
    cp_identifier *x = name(&w, "x");
    cp_binding *in = bind_local(&w, inner, x), *out = bind_local(&w, outer, x);
    assert_ptr_equal(cp_scope_look_up(w.scopes, inner, x), in);
    assert_ptr_equal(cp_scope_look_up(w.scopes, sibling, x), out);
    assert_ptr_equal(cp_scope_look_up(w.scopes, cp_scope_open(w.scopes, inner), x), in);
    assert_int_equal(cp_scope_look_up(w.scopes, w.root, x)->kind, CP_BINDS_NOTHING);
    close_world(&w);
}

static void an_alias_means_its_base_until_something_binds_it(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_scope *definition = cp_scope_open(w.scopes, w.root);
    cp_scope *use = cp_scope_open(w.scopes, definition);
    cp_identifier *x = name(&w, "x");
    cp_binding *defined = bind_local(&w, definition, x);
    (void)bind_local(&w, use, x);
    cp_identifier *alias = cp_terms_alias(&w.c.terms, x, definition);
    assert_ptr_equal(cp_scope_look_up(w.scopes, use, alias), defined);
    cp_binding *own = bind_local(&w, use, alias);
    assert_ptr_equal(cp_scope_look_up(w.scopes, use, alias), own);
    assert_ptr_not_equal(cp_scope_look_up(w.scopes, use, x), own);
    cp_identifier *second = cp_terms_alias(&w.c.terms, alias, use);
    assert_ptr_equal(cp_scope_look_up(w.scopes, use, second), own);
    close_world(&w);
}

static void an_environment_answers_at_the_root(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    const cp_binding *car = cp_scope_look_up(w.scopes, w.root, name(&w, "car"));
    assert_int_equal(car->kind, CP_BINDS_GLOBAL);
    assert_int_equal(car->as.global->primitive, CP_PRIM_CAR);
    assert_true(car->as.global->is_immutable);
    const cp_binding *branch = cp_scope_look_up(w.scopes, w.root, name(&w, "if"));
    assert_string_equal(branch->as.special, "if");
    cp_binding *other = cp_scope_look_up(w.scopes, w.c.expander.runtime, name(&w, "if"));
    assert_ptr_not_equal(other, branch);
    assert_true(cp_binding_same(other, branch));
    assert_false(cp_binding_same(car, branch));
    assert_true(cp_is_keyword(name(&w, ":x")));
    assert_false(cp_is_keyword(name(&w, ":")));
    assert_false(cp_is_keyword(name(&w, ":::")));
    close_world(&w);
}

static void the_most_similar_name_is_suggested(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_scope *scope = cp_scope_open(w.scopes, w.root);
    (void)bind_local(&w, scope, name(&w, "distance"));
    assert_string_equal(cp_scope_suggest(w.scopes, scope, "distanc"), "distance");
    assert_string_equal(cp_scope_suggest(w.scopes, scope, "distnace"), "distance");
    assert_string_equal(cp_scope_suggest(w.scopes, scope, "vector-reff"), "vector-ref");
    assert_null(cp_scope_suggest(w.scopes, scope, "completely-different"));
    assert_null(cp_scope_suggest(w.scopes, scope, "q"));
    close_world(&w);
}

CP_TEST_MAIN(cmocka_unit_test(the_innermost_binding_counts),
             cmocka_unit_test(an_alias_means_its_base_until_something_binds_it),
             cmocka_unit_test(an_environment_answers_at_the_root),
             cmocka_unit_test(the_most_similar_name_is_suggested))
