#include "tests/interp/reading.h"

/* ---- Objects
 * -------------------------------------------------------------------------------------- */

static cp_value symbol(world *w, const char *name)
{
    return cp_intern_c(w->symbols, name);
}

static void a_syntax_object_keeps_datum_and_place(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_position place = cp_make_position(1, 3, 7);
    cp_value form = cp_make_syntax(w.heap, cp_make_fixnum(5), place);
    assert_true(cp_is_syntax(form));
    assert_false(cp_is_alias(form));
    assert_true(cp_same(cp_form_datum(form), cp_make_fixnum(5)));
    assert_int_equal(cp_form_position(form, CP_NO_POSITION).bits, place.bits);
    assert_false(cp_is_identifier(form));
    close_world(&w);
}

static void plain_data_is_a_form_without_place(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_position other = cp_make_position(1, 9, 9);
    cp_value form = read_plain(&w, "(a . b)");
    assert_true(cp_same(cp_form_datum(form), form));
    assert_int_equal(cp_form_position(form, other).bits, other.bits);
    assert_true(cp_form_is_pair(form));
    assert_true(cp_is_identifier(cp_form_car(form)));
    cp_value unplaced = cp_make_syntax(w.heap, form, CP_NO_POSITION);
    assert_int_equal(cp_form_position(unplaced, other).bits, other.bits);
    close_world(&w);
}

static void an_alias_is_an_identifier_of_its_own(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value scope = cp_make_fixnum(1);
    cp_value name = cp_make_syntax(w.heap, symbol(&w, "x"), cp_make_position(1, 1, 1));
    cp_value alias = cp_make_alias(w.heap, name, scope, cp_make_position(1, 2, 1));
    cp_value second = cp_make_alias(w.heap, alias, cp_make_fixnum(2), CP_NO_POSITION);
    assert_true(cp_is_alias(alias));
    assert_true(cp_is_identifier(second));
    assert_true(cp_same(cp_alias_base(alias), name));
    assert_true(cp_same(cp_alias_base(second), alias));
    assert_true(cp_same(cp_alias_scope(alias), scope));
    assert_true(cp_same(cp_form_datum(second), symbol(&w, "x")));
    assert_false(cp_same(alias, cp_make_alias(w.heap, name, scope, CP_NO_POSITION)));
    close_world(&w);
}

static void the_length_counts_the_forms_of_a_proper_list(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const struct {
        const char *text;
        int64_t length;
    } rows[] = {{"()", 0},
                {"(a)", 1},
                {"(a b (c d) e)", 4},
                {"(a . (b . (c)))", 3},
                {"(a . b)", -1},
                {"a", -1},
                {"#(a b)", -1},
                {"#0=(a . #0#)", -1},
                {"#0=(a b . #0#)", -1},
                {"(a b c . #0=(d e . #0#))", -1},
                {"(a . #0=(b c))", 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(cp_form_length(read_syntax(&w, rows[i].text)), rows[i].length);
        assert_int_equal(cp_form_length(read_plain(&w, rows[i].text)), rows[i].length);
    }
    close_world(&w);
}

static void what_a_syntax_object_holds_survives_collections(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    w.base.roots[0] =
        cp_make_alias(w.heap, symbol(&w, "name"), cp_cons(w.heap, CP_TRUE, CP_NIL), CP_NO_POSITION);
    cp_collect_young(w.heap);
    cp_collect_full(w.heap);
    check_heap(&w.base, 0);
    assert_true(cp_same(cp_alias_base(w.base.roots[0]), symbol(&w, "name")));
    assert_true(cp_same(cp_car(cp_alias_scope(w.base.roots[0])), CP_TRUE));
    close_world(&w);
}

/* ---- Strip
 * ---------------------------------------------------------------------------------------- */

static void assert_strips(world *w, const char *text, const char *expected)
{
    cp_value plain = cp_syntax_strip(w->heap, read_syntax(w, text), true);
    assert_writes(w, plain, (cp_writer_options){.labels = CP_LABELS_SHARED}, expected);
}

static void stripping_leaves_plain_data(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_strips(&w, "a", "a");
    assert_strips(&w, "()", "()");
    assert_strips(&w, "(a (b #(1 \"s\" #u8(2)) . c) 'd ,@e)",
                  "(a (b #(1 \"s\" #u8(2)) . c) 'd ,@e)");
    assert_strips(&w, "#(#() #(()))", "#(#() #(()))");
    assert_strips(&w, "(a . (b . (c)))", "(a b c)");
    close_world(&w);
}

static void stripping_an_alias_gives_its_symbol(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value alias = cp_make_alias(w.heap, symbol(&w, "x"), CP_TRUE, CP_NO_POSITION);
    alias = cp_make_alias(w.heap, alias, CP_FALSE, CP_NO_POSITION);
    assert_true(cp_same(cp_syntax_strip(w.heap, alias, true), symbol(&w, "x")));
    cp_value list = cp_cons(w.heap, alias, cp_cons(w.heap, alias, CP_NIL));
    assert_writes(&w, cp_syntax_strip(w.heap, list, true), (cp_writer_options){0}, "(x x)");
    close_world(&w);
}

static void labelled_parts_keep_their_identity(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_strips(&w, "#0=(a . #0#)", "#0=(a . #0#)");
    assert_strips(&w, "(#0=(a) #0# b #0#)", "(#0=(a) #0# b #0#)");
    assert_strips(&w, "#0=#(1 #0# #1=(2 #1# . #0#))", "#0=#(1 #0# #1=(2 #1# . #0#))");
    assert_strips(&w, "(a . #0=(b . #0#))", "(a . #0=(b . #0#))");
    assert_strips(&w, "(#0=\"s\" #0#)", "(\"s\" \"s\")");
    cp_value shared = cp_syntax_strip(w.heap, read_syntax(&w, "(#0=\"s\" #0#)"), true);
    assert_true(cp_same(cp_car(shared), cp_car(cp_cdr(shared))));
    close_world(&w);
}

static void a_form_without_syntax_objects_is_not_copied(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {"a", "(a (b) #(c))", "#0=(a . #0#)", "#(1 2)"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cp_value form = read_plain(&w, texts[i]);
        assert_true(cp_same(cp_syntax_strip(w.heap, form, true), form));
    }
    close_world(&w);
}

/* A program may hand plain cycles to a macro, which adds its own syntax. */
static void plain_cycles_beside_syntax_stay_cycles(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value cycle = read_plain(&w, "#0=(1 #(2 #0#) . #0#)");
    cp_value parts[] = {read_syntax(&w, "tag"), cycle, cycle};
    cp_value form = cp_list_from(w.heap, parts, 3, CP_NIL);
    assert_writes(&w, cp_syntax_strip(w.heap, form, true),
                  (cp_writer_options){.labels = CP_LABELS_SHARED},
                  "(tag #0=(1 #(2 #0#) . #0#) #0#)");
    close_world(&w);
}

static void literals_of_a_program_are_immutable(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value form = read_syntax(&w, "(#(1) \"s\" #u8(1))");
    for (cp_value rest = cp_syntax_strip(w.heap, form, true); cp_is_pair(rest); rest = cp_cdr(rest))
        assert_true(cp_object_flags(cp_to_object(cp_car(rest))) & CP_FLAG_IMMUTABLE);
    for (cp_value rest = read_plain(&w, "(#(1) \"s\" #u8(1))"); cp_is_pair(rest);
         rest = cp_cdr(rest))
        assert_false(cp_object_flags(cp_to_object(cp_car(rest))) & CP_FLAG_IMMUTABLE);
    close_world(&w);
}

static void deep_and_long_forms_are_stripped_without_recursion(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    enum { DEPTH = 200000 };
    cp_position place = cp_make_position(1, 1, 1);
    cp_value deep = CP_NIL;
    for (int i = 0; i < DEPTH; i++)
        deep = cp_make_syntax(w.heap, cp_cons(w.heap, deep, CP_NIL), place);
    deep = cp_syntax_strip(w.heap, deep, true);
    int depth = 0;
    for (; cp_is_pair(deep); deep = cp_car(deep))
        depth++;
    assert_int_equal(depth, DEPTH);

    cp_value list = CP_NIL;
    for (int i = 0; i < DEPTH; i++)
        list = cp_cons(w.heap, cp_make_syntax(w.heap, cp_make_fixnum(i), place), list);
    list = cp_syntax_strip(w.heap, list, true);
    for (int i = DEPTH; i-- > 0; list = cp_cdr(list))
        assert_true(cp_same(cp_car(list), cp_make_fixnum(i)));
    assert_true(cp_is_nil(list));
    close_world(&w);
}

static const char sample[] = "(a (b #(1 #(2 3) \"s\")) #0=(c #1=#(#0# 4) . #1#) #0# 'd . #1#)";

static void scan_strip(void *context, cp_tracer *tracer)
{
    cp_strip_trace(context, tracer);
}

static void a_strip_goes_on_after_each_step(void **state)
{
    (void)state;
    for (size_t budget = 1; budget < 5; budget++) {
        world w;
        open_world(&w);
        w.base.roots[0] = read_syntax(&w, sample);
        cp_strip strip;
        cp_strip_begin(&strip, w.heap, w.base.roots[0], true);
        assert_true(cp_heap_add_root_scanner(w.heap, scan_strip, &strip));
        bool is_full = false;
        while (cp_strip_step(&strip, budget, &w.base.roots[1]) != CP_STEP_DONE)
            collect_in_turn(&w, &is_full);
        cp_heap_remove_root_scanner(w.heap, scan_strip, &strip);
        assert_writes(&w, w.base.roots[1], (cp_writer_options){.labels = CP_LABELS_SHARED}, sample);
        close_world(&w);
    }
}

/* Labelled lists in each other, deep enough that the stack has to grow. */
static char *nested_labels(void)
{
    enum { DEPTH = 100 };
    char *text = malloc(DEPTH * 30);
    char *at = text;
    for (int i = 0; i < DEPTH; i++)
        at += sprintf(at, "#%d=(", i);
    at += sprintf(at, "z");
    for (int i = DEPTH; i-- > 0;)
        at += sprintf(at, " #%d#)", i);
    return text;
}

static void assert_strips_despite_refusals(const char *text, const char *expected)
{
    uint64_t refused = 1;
    for (uint64_t n = 1; refused > 0; n++) {
        world w;
        open_world(&w);
        w.base.roots[0] = read_syntax(&w, text);
        /* Little room is left, so that most requests reach the allocator. */
        while (w.heap->limit - w.heap->bump > 32)
            (void)cp_cons(w.heap, CP_NIL, CP_NIL);
        refuse_request(&w, n);
        cp_strip strip;
        cp_strip_begin(&strip, w.heap, w.base.roots[0], true);
        cp_step step = CP_STEP_AGAIN;
        while (step != CP_STEP_DONE)
            step = cp_strip_step(&strip, SIZE_MAX, &w.base.roots[1]);
        refused = w.fault.refused;
        refuse_request(&w, 0);
        assert_writes(&w, w.base.roots[1], (cp_writer_options){.labels = CP_LABELS_SHARED},
                      expected);
        close_world(&w);
    }
}

static void refused_memory_ends_no_strip(void **state)
{
    (void)state;
    assert_strips_despite_refusals(sample, sample);
    char *nested = nested_labels();
    assert_strips_despite_refusals(nested, nested);
    free(nested);
}

static void a_strip_may_be_given_up(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value result = CP_NOTHING;
    cp_strip strip;
    cp_strip_begin(&strip, w.heap, read_syntax(&w, sample), true);
    assert_int_equal(cp_strip_step(&strip, 3, &result), CP_STEP_AGAIN);
    cp_strip_free(&strip);
    close_world(&w);
}

CP_TEST_MAIN(cmocka_unit_test(a_syntax_object_keeps_datum_and_place),
             cmocka_unit_test(plain_data_is_a_form_without_place),
             cmocka_unit_test(an_alias_is_an_identifier_of_its_own),
             cmocka_unit_test(the_length_counts_the_forms_of_a_proper_list),
             cmocka_unit_test(what_a_syntax_object_holds_survives_collections),
             cmocka_unit_test(stripping_leaves_plain_data),
             cmocka_unit_test(stripping_an_alias_gives_its_symbol),
             cmocka_unit_test(labelled_parts_keep_their_identity),
             cmocka_unit_test(a_form_without_syntax_objects_is_not_copied),
             cmocka_unit_test(plain_cycles_beside_syntax_stay_cycles),
             cmocka_unit_test(literals_of_a_program_are_immutable),
             cmocka_unit_test(deep_and_long_forms_are_stripped_without_recursion),
             cmocka_unit_test(a_strip_goes_on_after_each_step),
             cmocka_unit_test(refused_memory_ends_no_strip),
             cmocka_unit_test(a_strip_may_be_given_up))
