#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void tables_map_keys_to_values(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(hash-table? (make-eq-hash-table))", "#t"},
        {"(hash-table? '())", "#f"},
        {"(def 't (make-eqv-hash-table)) (hash-table-set! t 1 'a) (hash-table-set! t 1.5 'b)"
         "(hash-table-set! t 100000000000000000000 'c) (hash-table-size t)",
         "3"},
        {"(hash-table-ref/default t 100000000000000000000 'none)", "c"},
        {"(hash-table-ref/default t 2 'none)", "none"},
        {"(hash-table-set! t 1 'x) (hash-table-ref/default t 1 'none)", "x"},
        {"(hash-table-contains? t 1.5)", "#t"},
        {"(hash-table-exists? t 1)", "#t"},
        {"(hash-table-contains? t 2)", "#f"},
        {"(hash-table-keys t)", "(1 1.5 100000000000000000000)"},
        {"(hash-table-values t)", "(x b c)"},
        {"(hash-table->alist t)", "((1 . x) (1.5 . b) (100000000000000000000 . c))"},
        {"(def 'u (hash-table-copy t)) (hash-table-set! u 1 'y) (hash-table-values t)", "(x b c)"},
        {"(hash-table-values u)", "(y b c)"},
        {"(hash-table-delete! t 1 2 1.5)", "2"},
        {"(hash-table-keys t)", "(100000000000000000000)"},
        {"(hash-table-clear! t) (hash-table-size t)", "0"},
        {"(hash-table->alist t)", "()"},
    };
    CHECK_ROWS(rows);
}

static void tables_differ_in_what_keys_are_the_same(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(def 't (make-string-hash-table 100)) (hash-table-set! t \"a\" 1)"
         "(hash-table-ref/default t (string #\\a) 0)",
         "1"},
        {"(def 't (make-eqv-hash-table)) (hash-table-set! t \"a\" 1)"
         "(hash-table-ref/default t (string #\\a) 0)",
         "0"},
        {"(def 't (make-eq-hash-table)) (hash-table-set! t 'a 1) (hash-table-ref/default t 'a 0)",
         "1"},
        {"(hash-table-size 5)", "raised wrong-type: hash-table-size: table is 5, expected a table"},
        {"(hash-table-set! (make-eq-hash-table) 1)",
         "raised wrong-arity: hash-table-set!: expected 3 arguments, got 2"},
        {"(make-eq-hash-table -1)",
         "raised wrong-type: make-eq-hash-table: capacity is -1, expected an exact integer that is "
         "not negative"},
    };
    CHECK_ROWS(rows);
}

enum { KEYS = 3000 };

static void random_changes_agree_with_an_array(void **state)
{
    (void)state;
    static cp_lisp e;
    static int64_t model[KEYS];
    uint64_t seed = seed_from_environment(), random = seed;
    cp_lisp_open(&e, 0, 0);
    cp_value table = cp_lisp_value(&e, "(make-eqv-hash-table)");
    memset(model, -1, sizeof model);
    int64_t size = 0;
    for (unsigned round = 0; round < rounds(10000); round++) {
        e.held_count = 1;
        int64_t key = (int64_t)(next(&random) % KEYS), value = (int64_t)(next(&random) % 1000);
        cp_value args[] = {table, cp_make_fixnum(key), cp_make_fixnum(value)};
        if (next(&random) % 3 == 0) {
            cp_value deleted = cp_lisp_call(&e, "hash-table-delete!", 2, args);
            CHECK_SEED(cp_to_fixnum(deleted) == (model[key] >= 0), seed);
            size -= model[key] >= 0;
            model[key] = -1;
        } else {
            (void)cp_lisp_call(&e, "hash-table-set!", 3, args);
            size += model[key] < 0;
            model[key] = value;
        }
    }
    e.held_count = 1;
    cp_value alist = cp_lisp_call(&e, "hash-table->alist", 1, &table);
    cp_value copy = cp_lisp_call(&e, "hash-table-copy", 1, &table);
    cp_value copied = cp_lisp_call(&e, "hash-table-size", 1, &copy);
    CHECK_SEED(cp_to_fixnum(copied) == size, seed);
    CHECK_SEED(cp_list_length(alist) == size, seed);
    for (; cp_is_pair(alist); alist = cp_cdr(alist))
        CHECK_SEED(model[cp_to_fixnum(cp_car(cp_car(alist)))] ==
                       cp_to_fixnum(cp_cdr(cp_car(alist))),
                   seed);
    cp_lisp_close(&e);
}

CP_TEST_MAIN(cmocka_unit_test(tables_map_keys_to_values),
             cmocka_unit_test(tables_differ_in_what_keys_are_the_same),
             cmocka_unit_test(random_changes_agree_with_an_array))
