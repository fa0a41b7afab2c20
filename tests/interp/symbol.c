#include "tests/interp/fixture.h"

#include "interp/symbol.h"
#include "sched/rng.h"

typedef struct symbol_fixture {
    fixture f;
    cp_symbols *symbols;
} symbol_fixture;

static void open_symbols(symbol_fixture *s)
{
    open_heap(&s->f, NULL);
    cp_text_init(s->f.heap);
    s->symbols = cp_symbols_new(s->f.heap);
    assert_non_null(s->symbols);
}

static void close_symbols(symbol_fixture *s)
{
    cp_symbols_free(s->symbols);
    close_heap(&s->f);
}

static void equal_names_are_the_same_symbol(void **state)
{
    (void)state;
    symbol_fixture s;
    open_symbols(&s);
    cp_value a = cp_intern_c(s.symbols, "robot");
    assert_true(cp_is_symbol(a));
    assert_true(cp_same(a, cp_intern(s.symbols, "robotics", 5)));
    assert_false(cp_same(a, cp_intern_c(s.symbols, "robots")));
    assert_true(cp_same(a, cp_intern_string(s.symbols, cp_string_from_c(s.f.heap, "robot"))));
    assert_true(cp_same(a, cp_find_symbol(s.symbols, "robot", 5)));
    assert_true(cp_same(cp_find_symbol(s.symbols, "nobody", 6), CP_FALSE));
    assert_string_equal(cp_string_text(cp_to_string(cp_to_symbol(a)->name)), "robot");
    assert_true(cp_string_is_immutable(cp_to_string(cp_to_symbol(a)->name)));
    assert_int_equal(cp_symbols_count(s.symbols), 2);
    assert_int_equal(cp_to_symbol(cp_intern_c(s.symbols, ""))->hash, cp_text_hash("", 0));
    assert_true(cp_same(cp_intern(s.symbols, "\xFF", 1), CP_FALSE));
    close_symbols(&s);
}

static void an_uninterned_symbol_is_only_itself(void **state)
{
    (void)state;
    symbol_fixture s;
    open_symbols(&s);
    cp_value name = cp_string_from_c(s.f.heap, "g");
    cp_string_freeze(name);
    cp_value a = cp_make_uninterned(s.symbols, name);
    cp_value b = cp_make_uninterned(s.symbols, name);
    assert_false(cp_same(a, b));
    assert_false(cp_same(a, cp_intern_string(s.symbols, name)));
    assert_int_equal(cp_symbols_count(s.symbols), 1);
    close_symbols(&s);
}

static void a_symbol_keeps_the_string_that_names_it(void **state)
{
    (void)state;
    symbol_fixture s;
    open_symbols(&s);
    cp_value name = cp_make_string(s.f.heap, "young", 5, NULL);
    cp_string_freeze(name);
    s.f.roots[0] = cp_intern_string(s.symbols, name);
    cp_collect_young(s.f.heap);
    assert_int_equal(count_objects(&s.f), 2);
    assert_true(cp_same(cp_to_symbol(s.f.roots[0])->name, name));
    assert_true(cp_same(cp_find_symbol(s.symbols, "young", 5), s.f.roots[0]));
    check_heap(&s.f, 0);
    close_symbols(&s);
}

static void a_symbol_that_nobody_refers_to_dies_unless_it_is_permanent(void **state)
{
    (void)state;
    symbol_fixture s;
    open_symbols(&s);
    s.f.roots[0] = cp_intern_c(s.symbols, "kept");
    (void)cp_intern_c(s.symbols, "dropped");
    cp_value forever = cp_intern_permanent(s.symbols, "forever");
    assert_true(cp_same(forever, cp_intern_permanent(s.symbols, "forever")));
    cp_collect_young(s.f.heap);
    assert_int_equal(cp_symbols_count(s.symbols), 3);
    cp_collect_full(s.f.heap);
    assert_int_equal(cp_symbols_count(s.symbols), 2);
    assert_true(cp_same(cp_find_symbol(s.symbols, "dropped", 7), CP_FALSE));
    assert_true(cp_same(cp_find_symbol(s.symbols, "kept", 4), s.f.roots[0]));
    assert_true(cp_same(cp_find_symbol(s.symbols, "forever", 7), forever));
    s.f.roots[0] = CP_NIL;
    cp_collect_full(s.f.heap);
    assert_int_equal(cp_symbols_count(s.symbols), 1);
    assert_int_equal(count_objects(&s.f), 2);
    close_symbols(&s);
}

static void a_symbol_that_is_found_during_a_cycle_survives_it(void **state)
{
    (void)state;
    symbol_fixture s;
    open_symbols(&s);
    (void)cp_intern_c(s.symbols, "sleeping");
    (void)cp_intern_c(s.symbols, "lost");
    cp_cycle_begin(s.f.heap);
    s.f.roots[0] = cp_intern_c(s.symbols, "sleeping");
    s.f.roots[1] = cp_intern_c(s.symbols, "new");
    cp_cycle_finish(s.f.heap);
    assert_int_equal(cp_symbols_count(s.symbols), 2);
    assert_true(cp_same(cp_find_symbol(s.symbols, "sleeping", 8), s.f.roots[0]));
    check_heap(&s.f, 0);
    close_symbols(&s);
}

/* NUMBERS are those in the names of the symbols held, -1 for none. */
static void check_held(symbol_fixture *s, const int *numbers, uint64_t seed)
{
    for (size_t slot = 0; slot < ROOT_COUNT; slot++) {
        char name[24];
        int size = snprintf(name, sizeof name, "symbol-%d", numbers[slot]);
        CHECK_SEED(numbers[slot] < 0 ||
                       cp_same(cp_find_symbol(s->symbols, name, (size_t)size), s->f.roots[slot]),
                   seed);
    }
}

/* Symbols come and go at random; those held are found again as the same objects. */
static void many_symbols_come_and_go(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        cp_rng rng = cp_rng_make(seed);
        symbol_fixture s;
        open_symbols(&s);
        int numbers[ROOT_COUNT];
        memset(numbers, -1, sizeof numbers);
        for (int step = 0; step < 20000; step++) {
            char name[24];
            size_t slot = cp_rng_below(&rng, ROOT_COUNT);
            int number = (int)cp_rng_below(&rng, 3000);
            (void)snprintf(name, sizeof name, "symbol-%d", number);
            s.f.roots[slot] = cp_intern_c(s.symbols, name);
            numbers[slot] = number;
            if (cp_rng_below(&rng, 2000) != 0)
                continue;
            cp_collect_full(s.f.heap);
            check_held(&s, numbers, seed);
        }
        check_held(&s, numbers, seed);
        size_t next = 0;
        size_t count = 0;
        while (!cp_is_nothing(cp_symbols_next(s.symbols, &next)))
            count++;
        CHECK_SEED(count == cp_symbols_count(s.symbols), seed);
        check_heap(&s.f, seed);
        close_symbols(&s);
    }
}

static bool intern_many(cp_symbols *symbols)
{
    for (int i = 0; i < 600; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "name-%d", i);
        if (cp_is_retry(cp_intern_c(symbols, name)))
            return false;
    }
    return !cp_is_retry(cp_intern_permanent(symbols, "always"));
}

static void a_refusal_loses_no_symbol(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t at = 1; !is_done; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        symbol_fixture s;
        if (try_open_heap(&s.f, &(cp_heap_options){.allocator = &fault.allocator})) {
            cp_text_init(s.f.heap);
            s.symbols = cp_symbols_new(s.f.heap);
            if (s.symbols != NULL) {
                is_done = intern_many(s.symbols);
                assert_true(is_done || intern_many(s.symbols));
                assert_int_equal(cp_symbols_count(s.symbols), 601);
                check_heap(&s.f, at);
                cp_symbols_free(s.symbols);
            }
            close_heap(&s.f);
        }
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(equal_names_are_the_same_symbol),
             cmocka_unit_test(an_uninterned_symbol_is_only_itself),
             cmocka_unit_test(a_symbol_keeps_the_string_that_names_it),
             cmocka_unit_test(a_symbol_that_nobody_refers_to_dies_unless_it_is_permanent),
             cmocka_unit_test(a_symbol_that_is_found_during_a_cycle_survives_it),
             cmocka_unit_test(many_symbols_come_and_go),
             cmocka_unit_test(a_refusal_loses_no_symbol))
