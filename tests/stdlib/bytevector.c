#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void bytevectors_hold_bytes(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(bytevector? '#u8(1))", "#t"},
        {"(bytevector? '#(1))", "#f"},
        {"(make-bytevector 2 7)", "#u8(7 7)"},
        {"(make-bytevector 2)", "#u8(0 0)"},
        {"(make-bytevector 2 256)",
         "raised range: make-bytevector: byte is 256, expected an integer from 0 to 255"},
        {"(make-bytevector 99999999999)", "raised range: make-bytevector: the result is too long"},
        {"(bytevector 1 255)", "#u8(1 255)"},
        {"(bytevector)", "#u8()"},
        {"(bytevector 1 -1)",
         "raised range: bytevector: bytes is -1, expected an integer from 0 to 255"},
        {"(bytevector 'a)",
         "raised wrong-type: bytevector: bytes is a, expected a small exact integer"},
        {"(bytevector-length '#u8(1 2))", "2"},
        {"(bytevector-u8-ref '#u8(1 255) 1)", "255"},
        {"(bytevector-u8-ref '#u8(1 2) 2)",
         "raised range: bytevector-u8-ref: k is 2, expected an index below 2"},
        {"(def 'b (bytevector 1 2)) (bytevector-u8-set! b 1 9) b", "#u8(1 9)"},
        {"(bytevector-u8-set! (bytevector 1) 0 256)",
         "raised range: bytevector-u8-set!: byte is 256, expected an integer from 0 to 255"},
        {"(bytevector-u8-set! (bytevector 1) 1 0)",
         "raised range: bytevector-u8-set!: k is 1, expected an index below 1"},
        {"(bytevector-u8-set! (constant (bytevector 1)) 0 0)",
         "raised immutable: bytevector-u8-set!: bytevector is #<bytevector>, which is a constant"},
    };
    CHECK_ROWS(rows);
}

static void bytes_are_copied_joined_and_filled(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(bytevector-copy '#u8(1 2 3))", "#u8(1 2 3)"},
        {"(bytevector-copy '#u8(1 2 3) 1 2)", "#u8(2)"},
        {"(bytevector-copy '#u8(1 2 3) 4)",
         "raised range: bytevector-copy: start is 4, expected an index from 0 to 3"},
        {"(bytevector-append)", "#u8()"},
        {"(bytevector-append '#u8(1) '#u8() '#u8(2 3))", "#u8(1 2 3)"},
        {"(def 'b (bytevector 1 2 3 4 5)) (bytevector-copy! b 1 b 0 4) b", "#u8(1 1 2 3 4)"},
        {"(def 'b (bytevector 1 2 3 4 5)) (bytevector-copy! b 0 b 1) b", "#u8(2 3 4 5 5)"},
        {"(bytevector-copy! (bytevector 1) 0 '#u8(1 2))",
         "raised range: bytevector-copy!: at is 0, expected room for 2 elements in 1"},
        {"(bytevector-copy! (constant (bytevector 1)) 0 '#u8(1))",
         "raised immutable: bytevector-copy!: to is #<bytevector>, which is a constant"},
        {"(def 'b (bytevector 1 2 3)) (bytevector-fill! b 9 1 2) b", "#u8(1 9 3)"},
        {"(bytevector-fill! (bytevector 1) 300)",
         "raised range: bytevector-fill!: byte is 300, expected an integer from 0 to 255"},
        {"(equal? (make-bytevector 200000 5) (bytevector-copy (make-bytevector 200000 5)))", "#t"},
        {"(bytevector-length (bytevector-append (make-bytevector 99999 5) (make-bytevector 99999 "
         "5)))",
         "199998"},
    };
    CHECK_ROWS(rows);
}

static void utf8_becomes_strings_and_back(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(utf8->string '#u8(97 206 187))", "\"aλ\""},
        {"(utf8->string '#u8(97 206 187) 1)", "\"λ\""},
        {"(utf8->string '#u8(97 98 99) 1 2)", "\"b\""},
        {"(utf8->string '#u8())", "\"\""},
        {"(utf8->string '#u8(97 206 187) 2)",
         "raised range: utf8->string: bytevector is no UTF-8 at index 2"},
        {"(utf8->string '#u8(97 255))",
         "raised range: utf8->string: bytevector is no UTF-8 at index 1"},
        {"(utf8->string '#u8(97) 0 2)",
         "raised range: utf8->string: end is 2, expected an index from 0 to 1"},
        {"(string->utf8 \"aλ\")", "#u8(97 206 187)"},
        {"(string->utf8 \"aλb\" 1 2)", "#u8(206 187)"},
        {"(string->utf8 \"abc\" 4)",
         "raised range: string->utf8: start is 4, expected an index from 0 to 3"},
        {"(string->utf8 5)", "raised wrong-type: string->utf8: string is 5, expected a string"},
    };
    CHECK_ROWS(rows);
}

enum { SIZE = 300000 };

static void long_overlapping_copies_move_as_if_at_once(void **state)
{
    (void)state;
    static cp_lisp e;
    static uint8_t model[SIZE];
    uint64_t seed = seed_from_environment(), random = seed;
    cp_lisp_open(&e, 0, 0);
    for (size_t i = 0; i < SIZE; i++)
        model[i] = (uint8_t)next(&random);
    cp_value bytes = cp_lisp_hold(&e, cp_bytevector_from(e.vm->heap, model, SIZE));
    for (unsigned round = 0; round < rounds(50); round++) {
        size_t start = next(&random) % SIZE, count = next(&random) % (SIZE - start);
        size_t at = next(&random) % (SIZE - count);
        cp_value args[] = {bytes, cp_make_fixnum((int64_t)at), bytes,
                           cp_make_fixnum((int64_t)start),
                           cp_make_fixnum((int64_t)(start + count))};
        (void)cp_lisp_call(&e, "bytevector-copy!", 5, args);
        memmove(model + at, model + start, count);
        CHECK_SEED(memcmp(cp_to_bytevector(bytes)->bytes, model, SIZE) == 0, seed);
    }
    cp_lisp_close(&e);
}

static void refused_memory_leaves_bytes_sound(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(bytevector-length (bytevector-append (make-bytevector 99999 5) (bytevector 1)))",
         "100000"},
        {"(string-length (utf8->string (string->utf8 (text 9000 \"λ\"))))", "9000"},
    };
    cp_lisp_check_refusals(rows, 2);
}

CP_TEST_MAIN(cmocka_unit_test(bytevectors_hold_bytes),
             cmocka_unit_test(bytes_are_copied_joined_and_filled),
             cmocka_unit_test(utf8_becomes_strings_and_back),
             cmocka_unit_test(long_overlapping_copies_move_as_if_at_once),
             cmocka_unit_test(refused_memory_leaves_bytes_sound))
