#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void strings_are_made_and_read(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string? \"a\")", "#t"},
        {"(string? 'a)", "#f"},
        {"(make-string 3 #\\x3BB)", "\"λλλ\""},
        {"(make-string 2)", "\"  \""},
        {"(make-string 0 #\\a)", "\"\""},
        {"(make-string 4000000000 #\\a)", "raised range: make-string: the result is too long"},
        {"(string)", "\"\""},
        {"(string #\\a #\\x3BB)", "\"aλ\""},
        {"(string #\\a 1)", "raised wrong-type: string: chars is 1, expected a character"},
        {"(string-length \"\")", "0"},
        {"(string-length \"aλb\")", "3"},
        {"(string-ref \"aλb\" 1)", "#\\λ"},
        {"(string-ref \"aλb\" 2)", "#\\b"},
        {"(string-ref \"aλb\" 3)", "raised range: string-ref: k is 3, expected an index below 3"},
        {"(string-ref \"abc\" -1)",
         "raised wrong-type: string-ref: k is -1, expected an exact integer that is not negative"},
    };
    CHECK_ROWS(rows);
}

static void strings_are_changed_in_place(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(def 's (make-string 3 #\\a)) (string-set! s 1 #\\x3BB) s", "\"aλa\""},
        {"(string-set! (constant \"abc\") 0 #\\x)",
         "raised immutable: string-set!: string is \"abc\", which is a constant"},
        {"(string-set! (string #\\a) 1 #\\x)",
         "raised range: string-set!: k is 1, expected an index below 1"},
        {"(def 's (string-copy \"abcde\")) (string-copy! s 1 \"λμν\" 1) s", "\"aμνde\""},
        {"(def 's (string-copy \"abcde\")) (string-copy! s 1 s 0 4) s", "\"aabcd\""},
        {"(def 's (string-copy \"λbcde\")) (string-copy! s 0 s 1 5) s", "\"bcdee\""},
        {"(def 's (string-copy \"abc\")) (string-copy! s 3 \"\") s", "\"abc\""},
        {"(def 's (string-copy \"abc\")) (string-copy! s 0 \"xyz\" 1 2) s", "\"ybc\""},
        {"(string-copy! (string-copy \"abc\") 2 \"xyz\")",
         "raised range: string-copy!: at is 2, expected room for 3 elements in 3"},
        {"(string-copy! (string-copy \"abc\") 4 \"\")",
         "raised range: string-copy!: at is 4, expected room for 0 elements in 3"},
        {"(string-copy! (string-copy \"abc\") 0 \"xyz\" 4)",
         "raised range: string-copy!: start is 4, expected an index from 0 to 3"},
        {"(string-copy! (constant \"abc\") 0 \"x\")",
         "raised immutable: string-copy!: to is \"abc\", which is a constant"},
        {"(def 's (string-copy \"abcd\")) (string-fill! s #\\x3BB 1 3) s", "\"aλλd\""},
        {"(def 's (string-copy \"abcd\")) (string-fill! s #\\x) s", "\"xxxx\""},
        {"(string-fill! (constant \"abcd\") #\\x)",
         "raised immutable: string-fill!: string is \"abcd\", which is a constant"},
        {"(string-fill! (string-copy \"abcd\") #\\x 2 1)",
         "raised range: string-fill!: end is 1, expected an index from 2 to 4"},
    };
    CHECK_ROWS(rows);
}

static void strings_are_copied_and_joined(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(substring \"aλbμ\" 1 3)", "\"λb\""},
        {"(substring \"abc\" 1)", "\"bc\""},
        {"(substring \"abc\" 3 3)", "\"\""},
        {"(substring \"abc\" 2 4)",
         "raised range: substring: end is 4, expected an index from 2 to 3"},
        {"(substring \"abc\" 4 4)",
         "raised range: substring: start is 4, expected an index from 0 to 3"},
        {"(string-copy \"abc\")", "\"abc\""},
        {"(string-copy \"abc\" 1)", "\"bc\""},
        {"(string-copy \"abc\" 1 2)", "\"b\""},
        {"(def 's \"abc\") (eq? s (string-copy s))", "#f"},
        {"(string-append)", "\"\""},
        {"(string-append \"a\" \"\" \"λb\")", "\"aλb\""},
        {"(string-length (string-append (text 5000 \"λ\") (text 5000 \"a\")))", "10000"},
        {"(string-append \"a\" 'b)",
         "raised wrong-type: string-append: strings is b, expected a string"},
    };
    CHECK_ROWS(rows);
}

static void strings_are_taken_apart_and_put_together(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string->list \"aλ\")", "(#\\a #\\λ)"},
        {"(string->list \"abc\" 1)", "(#\\b #\\c)"},
        {"(string->list \"abc\" 1 2)", "(#\\b)"},
        {"(string->list \"abc\" 3)", "()"},
        {"(string->list \"abc\" 4)",
         "raised range: string->list: start is 4, expected an index from 0 to 3"},
        {"(list->string '())", "\"\""},
        {"(list->string '(#\\a #\\x3BB))", "\"aλ\""},
        {"(list->string '(#\\a 1))",
         "raised wrong-type: list->string: an element of list is 1, expected a character"},
        {"(list->string '(#\\a . #\\b))",
         "raised wrong-type: list->string: list is (#\\a . #\\b), expected a proper list"},
        {"(def 'c (list #\\a #\\b)) (set-cdr! (cdr c) c) (list->string (cons #\\x c))",
         "raised wrong-type: list->string: list is (#\\x #\\a #\\b #\\a #\\b #\\a #\\b #\\a ...), "
         "expected a proper list"},
        {"(string->vector \"aλ\")", "#(#\\a #\\λ)"},
        {"(string->vector \"abc\" 1 2)", "#(#\\b)"},
        {"(vector->string '#(#\\a #\\x3BB))", "\"aλ\""},
        {"(vector->string '#(#\\a #\\b #\\c) 1 2)", "\"b\""},
        {"(vector->string '#())", "\"\""},
        {"(vector->string '#(#\\a 7))",
         "raised wrong-type: vector->string: an element of vector is 7, expected a character"},
        {"(vector->string '#(#\\a) 0 2)",
         "raised range: vector->string: end is 2, expected an index from 0 to 1"},
    };
    CHECK_ROWS(rows);
}

static void long_strings_survive_every_conversion(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(def 's (string-append (text 2500 \"ab\") (text 2500 \"λß\")))"
         "(string=? s (list->string (string->list s)))",
         "#t"},
        {"(string=? s (vector->string (string->vector s)))", "#t"},
        {"(string=? (substring s 3000 9000) (list->string (string->list s 3000 9000)))", "#t"},
        {"(string=? (substring s 3000 9000) (vector->string (string->vector s) 3000 9000))", "#t"},
        {"(string-length (string-upcase s))", "12500"},
        {"(string=? (string-downcase (string-upcase s)) (string-append (text 2500 \"ab\") (text "
         "2500 \"λss\")))",
         "#t"},
        {"(string-ci=? s (string-upcase s) (string-foldcase s))", "#t"},
        {"(string-length (list->string '()))", "0"},
    };
    CHECK_ROWS(rows);
}

static void strings_are_ordered_by_code_points(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string=? \"a\" \"a\" \"a\")", "#t"},
        {"(string=? \"a\" \"a\" \"b\")", "#f"},
        {"(string=? \"\" \"\")", "#t"},
        {"(string<? \"a\" \"ab\" \"b\")", "#t"},
        {"(string<? \"ab\" \"a\")", "#f"},
        {"(string<? \"z\" \"λ\")", "#t"},
        {"(string>? \"b\" \"a\")", "#t"},
        {"(string>? \"b\" \"b\")", "#f"},
        {"(string<=? \"a\" \"a\" \"b\")", "#t"},
        {"(string<=? \"b\" \"a\")", "#f"},
        {"(string>=? \"b\" \"b\" \"a\")", "#t"},
        {"(string>=? \"a\" \"b\")", "#f"},
        {"(string<? \"a\" 'b)", "raised wrong-type: string<?: b is b, expected a string"},
        {"(string=? \"a\")", "raised wrong-arity: string=?: expected at least 2 arguments, got 1"},
        {"(string-ci=? \"Straße\" \"STRASSE\" \"strasse\")", "#t"},
        {"(string-ci=? \"ΑΣ\" \"ας\")", "#t"},
        {"(string-ci=? \"abc\" \"abd\")", "#f"},
        {"(string-ci<? \"a\" \"B\" \"c\")", "#t"},
        {"(string-ci<? \"B\" \"a\")", "#f"},
        {"(string-ci>? \"B\" \"a\")", "#t"},
        {"(string-ci>? \"a\" \"A\")", "#f"},
        {"(string-ci<=? \"a\" \"A\" \"b\")", "#t"},
        {"(string-ci<=? \"b\" \"A\")", "#f"},
        {"(string-ci>=? \"B\" \"b\" \"a\")", "#t"},
        {"(string-ci>=? \"a\" \"B\")", "#f"},
    };
    CHECK_ROWS(rows);
}

static void case_may_change_the_length(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string-upcase \"Straße\")", "\"STRASSE\""},
        {"(string-upcase \"ﬁnŉ\")", "\"FINʼN\""},
        {"(string-upcase \"ᾳ\")", "\"ΑΙ\""},
        {"(string-upcase \"ẞİ\")", "\"ẞİ\""},
        {"(string-downcase \"STRASSE\")", "\"strasse\""},
        {"(string-downcase \"ΑΣ ΣΑΣ Σ\")", "\"ας σας σ\""},
        {"(string-length (string-downcase \"İ\"))", "2"},
        {"(string-foldcase \"StraßeΣς\")", "\"strasseσσ\""},
        {"(string-upcase \"\")", "\"\""},
        {"(string-upcase 'a)", "raised wrong-type: string-upcase: string is a, expected a string"},
    };
    CHECK_ROWS(rows);
}

/* The model of a string: an array of code points. */
enum { MODEL_MAX = 200 };

static cp_value string_of(cp_lisp *e, const uint32_t *codes, size_t count)
{
    char text[MODEL_MAX * 4];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += cp_utf8_encode(codes[i], text + size);
    return cp_lisp_hold(e, cp_make_string(e->vm->heap, text, size, NULL));
}

static void random_changes_agree_with_an_array_of_code_points(void **state)
{
    (void)state;
    static const uint32_t alphabet[] = {'a', 'b', 0xDF, 0x3BB, 0x20AC, 0x1F600};
    static cp_lisp e;
    uint64_t seed = seed_from_environment(), random = seed;
    cp_lisp_open(&e, 0, 0);
    for (unsigned round = 0; round < rounds(60); round++) {
        uint32_t model[MODEL_MAX], part[MODEL_MAX];
        size_t length = next(&random) % MODEL_MAX;
        for (size_t i = 0; i < length; i++)
            model[i] = alphabet[next(&random) % 6];
        cp_value string = string_of(&e, model, length);
        for (int change = 0; change < 30; change++) {
            size_t start = next(&random) % (length + 1);
            size_t count = next(&random) % (length - start + 1);
            uint32_t code = alphabet[next(&random) % 6];
            cp_value range[] = {cp_make_fixnum((int64_t)start),
                                cp_make_fixnum((int64_t)(start + count))};
            if (change % 3 == 0) {
                cp_value args[] = {string, cp_make_char(code), range[0], range[1]};
                (void)cp_lisp_call(&e, "string-fill!", 4, args);
                for (size_t i = start; i < start + count; i++)
                    model[i] = code;
            } else if (change % 3 == 1) {
                size_t at = next(&random) % (length - count + 1);
                cp_value args[] = {string, cp_make_fixnum((int64_t)at), string, range[0], range[1]};
                (void)cp_lisp_call(&e, "string-copy!", 5, args);
                memcpy(part, model + start, count * sizeof *part);
                memcpy(model + at, part, count * sizeof *part);
            } else if (start < length) {
                cp_value args[] = {string, range[0], cp_make_char(code)};
                (void)cp_lisp_call(&e, "string-set!", 3, args);
                model[start] = code;
            }
            CHECK_SEED(!e.is_over, seed);
            cp_value pair[] = {string, string_of(&e, model, length)};
            CHECK_SEED(cp_is_true(cp_lisp_call(&e, "string=?", 2, pair)), seed);
            cp_value copy_args[] = {string, range[0], range[1]};
            cp_value copies[] = {cp_lisp_call(&e, "substring", 3, copy_args),
                                 string_of(&e, model + start, count)};
            CHECK_SEED(cp_is_true(cp_lisp_call(&e, "string=?", 2, copies)), seed);
        }
        e.held_count = 0;
    }
    cp_lisp_close(&e);
}

static void refused_memory_leaves_strings_sound(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(def 's (make-string 9000 #\\a)) (string-fill! s #\\x3BB 10) (string-length s)", "9000"},
        {"(string-length (string-upcase (text 9000 \"ß\")))", "18000"},
        {"(string-length (list->string (string->list (text 9000 \"λ\"))))", "9000"},
    };
    cp_lisp_check_refusals(rows, 3);
}

CP_TEST_MAIN(cmocka_unit_test(strings_are_made_and_read),
             cmocka_unit_test(strings_are_changed_in_place),
             cmocka_unit_test(strings_are_copied_and_joined),
             cmocka_unit_test(strings_are_taken_apart_and_put_together),
             cmocka_unit_test(long_strings_survive_every_conversion),
             cmocka_unit_test(strings_are_ordered_by_code_points),
             cmocka_unit_test(case_may_change_the_length),
             cmocka_unit_test(random_changes_agree_with_an_array_of_code_points),
             cmocka_unit_test(refused_memory_leaves_strings_sound))
