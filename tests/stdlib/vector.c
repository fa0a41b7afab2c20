#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void vectors_are_made_read_and_changed(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(vector? '#(1))", "#t"},
        {"(vector? '(1))", "#f"},
        {"(make-vector 3 'x)", "#(x x x)"},
        {"(make-vector 2)", "#(#f #f)"},
        {"(make-vector 0 1)", "#()"},
        {"(vector-ref (make-vector 20000 'x) 19999)", "x"},
        {"(make-vector 99999999999)", "raised range: make-vector: the result is too long"},
        {"(make-vector 1.5)",
         "raised wrong-type: make-vector: k is 1.5, expected an exact integer that is not "
         "negative"},
        {"(vector)", "#()"},
        {"(vector 1 \"a\")", "#(1 \"a\")"},
        {"(vector-length '#(1 2))", "2"},
        {"(vector-ref '#(a b) 1)", "b"},
        {"(vector-ref '#(a b) 2)", "raised range: vector-ref: k is 2, expected an index below 2"},
        {"(vector-ref '(a b) 1)",
         "raised wrong-type: vector-ref: vector is (a b), expected a vector"},
        {"(def 'v (vector 1 2)) (vector-set! v 0 'x) v", "#(x 2)"},
        {"(vector-set! (vector 1) 1 'x)",
         "raised range: vector-set!: k is 1, expected an index below 1"},
        {"(vector-set! (constant (vector 1)) 0 'x)",
         "raised immutable: vector-set!: vector is #(1), which is a constant"},
    };
    CHECK_ROWS(rows);
}

static void vectors_become_lists_and_lists_vectors(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(vector->list '#(1 2 3))", "(1 2 3)"},
        {"(vector->list '#(1 2 3) 1)", "(2 3)"},
        {"(vector->list '#(1 2 3) 1 2)", "(2)"},
        {"(vector->list '#())", "()"},
        {"(vector->list '#(1) 2)",
         "raised range: vector->list: start is 2, expected an index from 0 to 1"},
        {"(list->vector '(1 2))", "#(1 2)"},
        {"(list->vector '())", "#()"},
        {"(%list->vector '(1))", "#(1)"},
        {"(list->vector '(1 . 2))",
         "raised wrong-type: list->vector: list is (1 . 2), expected a proper list"},
        {"(list->vector (circle 1))",
         "raised wrong-type: list->vector: list is (0 0 0 0 0 0 0 0 ...), expected a proper list"},
        {"(equal? (iota 20000) (vector->list (list->vector (iota 20000))))", "#t"},
    };
    CHECK_ROWS(rows);
}

static void vectors_are_copied_joined_and_filled(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(vector-copy '#(1 2 3))", "#(1 2 3)"},
        {"(vector-copy '#(1 2 3) 1)", "#(2 3)"},
        {"(vector-copy '#(1 2 3) 1 2)", "#(2)"},
        {"(vector-copy '#(1 2 3) 3)", "#()"},
        {"(vector-copy '#(1 2 3) 2 1)",
         "raised range: vector-copy: end is 1, expected an index from 2 to 3"},
        {"(def 'v (list->vector (iota 20000))) (equal? v (vector-copy v))", "#t"},
        {"(vector-append)", "#()"},
        {"(vector-append '#(1) '#() '#(2 3))", "#(1 2 3)"},
        {"(equal? (vector-append v v) (list->vector (append (iota 20000) (iota 20000))))", "#t"},
        {"(vector-append '#(1) '(2))",
         "raised wrong-type: vector-append: vectors is (2), expected a vector"},
        {"(def 'a (vector 1 2 3 4 5)) (vector-copy! a 1 '#(a b c) 1) a", "#(1 b c 4 5)"},
        {"(def 'a (vector 1 2 3 4 5)) (vector-copy! a 1 a 0 4) a", "#(1 1 2 3 4)"},
        {"(def 'a (vector 1 2 3 4 5)) (vector-copy! a 0 a 1 5) a", "#(2 3 4 5 5)"},
        {"(vector-copy! (vector 1 2) 1 '#(a b))",
         "raised range: vector-copy!: at is 1, expected room for 2 elements in 2"},
        {"(vector-copy! (constant (vector 1 2)) 1 '#(a))",
         "raised immutable: vector-copy!: to is #(1 2), which is a constant"},
        {"(def 'a (vector 1 2 3 4)) (vector-fill! a 'x 1 3) a", "#(1 x x 4)"},
        {"(def 'a (vector 1 2)) (vector-fill! a 'x) a", "#(x x)"},
        {"(def 'a (make-vector 20000 1)) (vector-fill! a 2) (equal? a (make-vector 20000 2))",
         "#t"},
        {"(vector-fill! (constant (vector 1 2)) 1)",
         "raised immutable: vector-fill!: vector is #(1 2), which is a constant"},
        {"(vector-fill! (vector 1 2) 1 3)",
         "raised range: vector-fill!: start is 3, expected an index from 0 to 2"},
    };
    CHECK_ROWS(rows);
}

enum { LENGTH = 30000 };

/* Copies that overlap and take several slices, against memmove. */
static void long_overlapping_copies_move_as_if_at_once(void **state)
{
    (void)state;
    static cp_lisp e;
    static int64_t model[LENGTH];
    uint64_t seed = seed_from_environment(), random = seed;
    cp_lisp_open(&e, 0, 0);
    cp_value vector = cp_lisp_value(&e, "(list->vector (iota 30000))");
    for (int64_t i = 0; i < LENGTH; i++)
        model[i] = i;
    for (unsigned round = 0; round < rounds(50); round++) {
        size_t start = next(&random) % LENGTH, count = next(&random) % (LENGTH - start);
        size_t at = next(&random) % (LENGTH - count);
        cp_value args[] = {vector, cp_make_fixnum((int64_t)at), vector,
                           cp_make_fixnum((int64_t)start),
                           cp_make_fixnum((int64_t)(start + count))};
        (void)cp_lisp_call(&e, "vector-copy!", 5, args);
        memmove(model + at, model + start, count * sizeof *model);
        for (uint32_t i = 0; i < LENGTH; i++)
            CHECK_SEED(cp_to_fixnum(cp_vector_ref(vector, i)) == model[i], seed);
    }
    cp_lisp_close(&e);
}

static void refused_memory_leaves_vectors_sound(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(vector-length (vector-append (make-vector 20000 1) (list->vector (iota 100))))",
         "20100"},
        {"(length (vector->list (vector-copy (make-vector 20000 1))))", "20000"},
    };
    cp_lisp_check_refusals(rows, 2);
}

CP_TEST_MAIN(cmocka_unit_test(vectors_are_made_read_and_changed),
             cmocka_unit_test(vectors_become_lists_and_lists_vectors),
             cmocka_unit_test(vectors_are_copied_joined_and_filled),
             cmocka_unit_test(long_overlapping_copies_move_as_if_at_once),
             cmocka_unit_test(refused_memory_leaves_vectors_sound))
