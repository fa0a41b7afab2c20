#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void eq_and_eqv_tell_objects_apart(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(eq? 'a 'a)", "#t"},
        {"(eq? '() '())", "#t"},
        {"(eq? 5 5)", "#t"},
        {"(eq? (list 1) (list 1))", "#f"},
        {"(eq? \"a\" \"a\")", "#f"},
        {"(eq? car car)", "#t"},
        {"(eqv? 1 1.0)", "#f"},
        {"(eqv? 0.0 -0.0)", "#f"},
        {"(eqv? +nan.0 +nan.0)", "#t"},
        {"(eqv? 100000000000000000000 100000000000000000000)", "#t"},
        {"(eqv? 100000000000000000000 100000000000000000001)", "#f"},
        {"(eqv? 100000000000000000000 1e20)", "#f"},
        {"(eqv? #\\a #\\a)", "#t"},
        {"(eqv? \"a\" \"a\")", "#f"},
        {"(eqv? '#(1) '#(1))", "#f"},
    };
    CHECK_ROWS(rows);
}

static void equal_compares_parts(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(equal? 'a 'a)", "#t"},
        {"(equal? '(a (b #(c \"d\" #u8(1 2))) . e) '(a (b #(c \"d\" #u8(1 2))) . e))", "#t"},
        {"(equal? '(a (b #(c \"d\" #u8(1 2))) . e) '(a (b #(c \"d\" #u8(1 3))) . e))", "#f"},
        {"(equal? '(1 2) '(1 2 3))", "#f"},
        {"(equal? '#(1 2) '#(1 2 3))", "#f"},
        {"(equal? '#(1 2 4) '#(1 2 3))", "#f"},
        {"(equal? '#() '#())", "#t"},
        {"(equal? \"abc\" \"abc\")", "#t"},
        {"(equal? \"abc\" \"abd\")", "#f"},
        {"(equal? \"\" '#())", "#f"},
        {"(equal? '#u8(1 2) '#(1 2))", "#f"},
        {"(equal? 2 2.0)", "#f"},
        {"(equal? 100000000000000000000 100000000000000000000)", "#t"},
        {"(equal? (iota 20000) (iota 20000))", "#t"},
        {"(equal? (iota 20000) (append (iota 19999) '(x)))", "#f"},
        {"(equal? (list->vector (iota 20000)) (list->vector (iota 20000)))", "#t"},
        {"(equal? (text 200000 \"a\") (text 200000 \"a\"))", "#t"},
        {"(equal? (text 200000 \"a\") (string-append (text 199999 \"a\") \"b\"))", "#f"},
        {"(equal? (make-bytevector 200000 1) (make-bytevector 200000 1))", "#t"},
        {"(equal? 1)", "raised wrong-arity: equal?: expected 2 arguments, got 1"},
    };
    CHECK_ROWS(rows);
}

static void equal_ends_on_circular_data(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(equal? (circle 1) (circle 2))", "#f"},
        {"(equal? (circle 7) (circle 7))", "#t"},
        {"(equal? (circle 5000) (circle 5000))", "#t"},
        {"(equal? (circle 3) (append '(0 1 2) (circle 3)))", "#t"},
        {"(equal? (circle 3) (append '(0 1 x) (circle 3)))", "#f"},
        {"(def 'a (vector 1 2)) (vector-set! a 1 a)"
         "(def 'b (vector 1 2)) (vector-set! b 1 b) (equal? a b)",
         "#t"},
        {"(def 'a (list 1 2)) (set-car! a a) (set-car! (cdr a) a)"
         "(def 'b (list 1 2)) (set-car! b b) (set-car! (cdr b) b) (equal? a b)",
         "#t"},
        {"(def 'a (list 1 2)) (set-car! a a) (set-car! (cdr a) a) (set-cdr! (cdr a) a)"
         "(def 'b (list 1 2)) (set-car! b b) (set-car! (cdr b) b) (set-cdr! (cdr b) b) (equal? a "
         "b)",
         "#t"},
    };
    CHECK_ROWS(rows);
}

/* A pair whose car is the last one, DEPTH times: a comparison that goes down without end. */
static cp_value nest(cp_lisp *e, int depth, bool is_vector, cp_value inner)
{
    for (int i = 0; i < depth; i++) {
        inner = is_vector ? cp_vector_from(e->vm->heap, &inner, 1)
                          : cp_cons(e->vm->heap, inner, CP_NIL);
        assert_false(cp_is_retry(inner));
    }
    return cp_lisp_hold(e, inner);
}

static void equal_goes_as_deep_as_the_data(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    for (int is_vector = 0; is_vector < 2; is_vector++) {
        cp_value one = cp_make_fixnum(1), two = cp_make_fixnum(2);
        cp_value args[] = {nest(&e, 100000, is_vector, one), nest(&e, 100000, is_vector, one)};
        assert_true(cp_is_true(cp_lisp_call(&e, "equal?", 2, args)));
        args[1] = nest(&e, 100000, is_vector, two);
        assert_false(cp_is_true(cp_lisp_call(&e, "equal?", 2, args)));
    }
    cp_lisp_close(&e);
}

/* A tree that shares its halves has 2^DEPTH paths; equal? must not walk them all. */
static cp_value share(cp_lisp *e, int depth)
{
    cp_value tree = CP_NIL;
    for (int i = 0; i < depth; i++) {
        tree = cp_cons(e->vm->heap, tree, tree);
        assert_false(cp_is_retry(tree));
    }
    return cp_lisp_hold(e, tree);
}

static void equal_walks_shared_parts_once(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    cp_value args[] = {share(&e, 60), share(&e, 60)};
    assert_true(cp_is_true(cp_lisp_call(&e, "equal?", 2, args)));
    cp_lisp_close(&e);
}

enum { NODES = 8 };

/* A random graph of pairs, vectors and numbers below 2. */
static void make_graph(cp_lisp *e, uint64_t *random, cp_value nodes[NODES])
{
    for (int i = 0; i < NODES; i++) {
        bool is_pair = next(random) % 2 == 0;
        cp_value made =
            is_pair ? cp_cons(e->vm->heap, CP_NIL, CP_NIL) : cp_make_vector(e->vm->heap, 2, CP_NIL);
        assert_false(cp_is_retry(made));
        nodes[i] = cp_lisp_hold(e, made);
    }
    for (int i = 0; i < NODES; i++) {
        for (uint32_t j = 0; j < 2; j++) {
            uint64_t choice = next(random) % (NODES + 3);
            cp_value v = choice < NODES ? nodes[choice] : cp_make_fixnum((int64_t)choice % 2);
            if (cp_is_vector(nodes[i]))
                cp_vector_set(e->vm->heap, nodes[i], j, v);
            else if (j == 0)
                cp_write_car(e->vm->heap, nodes[i], v);
            else
                cp_write_cdr(e->vm->heap, nodes[i], v);
        }
    }
}

static cp_value part_of(cp_value v, uint32_t index)
{
    return cp_is_vector(v) ? cp_vector_ref(v, index) : index == 0 ? cp_car(v) : cp_cdr(v);
}

static int index_of(const cp_value nodes[NODES], cp_value v)
{
    int i = 0;
    while (i < NODES && !cp_same(nodes[i], v))
        i++;
    return i;
}

static bool same_head(cp_value a, cp_value b)
{
    if (cp_is_fixnum(a) || cp_is_fixnum(b))
        return cp_same(a, b);
    return cp_is_pair(a) == cp_is_pair(b);
}

/* The model: two nodes are equal unless some path leads to different heads, found by refining a
 * table of pairs until nothing changes. */
static bool model_equal(const cp_value a[NODES], const cp_value b[NODES])
{
    bool differ[NODES][NODES] = {{false}};
    for (bool changes = true; changes;) {
        changes = false;
        for (int i = 0; i < NODES; i++) {
            for (int j = 0; j < NODES; j++) {
                bool d = !same_head(a[i], b[j]);
                for (uint32_t k = 0; k < 2 && !d; k++) {
                    cp_value x = part_of(a[i], k), y = part_of(b[j], k);
                    int m = index_of(a, x), n = index_of(b, y);
                    d = !same_head(x, y) || (m < NODES && n < NODES && differ[m][n]);
                }
                changes |= d && !differ[i][j];
                differ[i][j] |= d;
            }
        }
    }
    return !differ[0][0];
}

static void equal_agrees_with_refinement_on_graphs(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    uint64_t seed = seed_from_environment(), random = seed;
    unsigned equal_count = 0;
    for (unsigned i = 0; i < rounds(300); i++) {
        cp_value a[NODES], b[NODES];
        uint64_t start = random;
        make_graph(&e, &random, a);
        if (i % 2 == 0)
            make_graph(&e, &start, b); /* the same graph again */
        else
            make_graph(&e, &random, b);
        cp_value args[] = {a[0], b[0]};
        bool is_equal = cp_is_true(cp_lisp_call(&e, "equal?", 2, args));
        CHECK_SEED(is_equal == model_equal(a, b), seed);
        equal_count += is_equal;
        e.held_count = 0;
    }
    assert_true(equal_count > 0);
    cp_lisp_close(&e);
}

static void refused_memory_does_not_change_the_answer(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(equal? (circle 9000) (circle 9000))", "#t"},
        {"(equal? (circle 2) (append (circle 2) '()))",
         "raised wrong-type: append: lists is (0 1 0 1 0 1 0 1 ...), expected a proper list"},
    };
    cp_lisp_check_refusals(rows, 2);
}

CP_TEST_MAIN(cmocka_unit_test(eq_and_eqv_tell_objects_apart),
             cmocka_unit_test(equal_compares_parts), cmocka_unit_test(equal_ends_on_circular_data),
             cmocka_unit_test(equal_goes_as_deep_as_the_data),
             cmocka_unit_test(equal_walks_shared_parts_once),
             cmocka_unit_test(equal_agrees_with_refinement_on_graphs),
             cmocka_unit_test(refused_memory_does_not_change_the_answer))
