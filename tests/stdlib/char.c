#include "tests/stdlib/lisp.h"

#include "stdlib/char.h"

static void characters_are_ordered_by_code_point(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(char? #\\a)", "#t"},
        {"(char? \"a\")", "#f"},
        {"(char=? #\\a #\\a #\\a)", "#t"},
        {"(char=? #\\a #\\a #\\b)", "#f"},
        {"(char<? #\\a #\\b #\\c)", "#t"},
        {"(char<? #\\a #\\b #\\b)", "#f"},
        {"(char>? #\\c #\\b #\\a)", "#t"},
        {"(char>? #\\c #\\c)", "#f"},
        {"(char<=? #\\a #\\a #\\b)", "#t"},
        {"(char<=? #\\b #\\a)", "#f"},
        {"(char>=? #\\b #\\b #\\a)", "#t"},
        {"(char>=? #\\a #\\b)", "#f"},
        {"(char<? #\\z #\\x3BB)", "#t"},
        {"(char<? #\\a 1)", "raised wrong-type: char<?: b is 1, expected a character"},
        {"(char=? #\\a)", "raised wrong-arity: char=?: expected at least 2 arguments, got 1"},
    };
    CHECK_ROWS(rows);
}

static void case_may_be_ignored(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(char-ci=? #\\a #\\A)", "#t"},       {"(char-ci=? #\\x3C3 #\\x3A3 #\\x3C2)", "#t"},
        {"(char-ci<? #\\a #\\B #\\c)", "#t"},  {"(char-ci<? #\\a #\\A)", "#f"},
        {"(char-ci>? #\\C #\\b)", "#t"},       {"(char-ci>? #\\B #\\b)", "#f"},
        {"(char-ci<=? #\\a #\\A #\\b)", "#t"}, {"(char-ci<=? #\\b #\\A)", "#f"},
        {"(char-ci>=? #\\B #\\b #\\a)", "#t"}, {"(char-ci>=? #\\a #\\B)", "#f"},
    };
    CHECK_ROWS(rows);
}

static void characters_have_properties(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(char-alphabetic? #\\a)", "#t"},    {"(char-alphabetic? #\\1)", "#f"},
        {"(char-alphabetic? #\\x3BB)", "#t"}, {"(char-alphabetic? #\\x4E00)", "#t"},
        {"(char-alphabetic? #\\[)", "#f"},    {"(char-numeric? #\\7)", "#t"},
        {"(char-numeric? #\\x664)", "#t"},    {"(char-numeric? #\\xBD)", "#f"},
        {"(char-numeric? #\\a)", "#f"},       {"(char-whitespace? #\\space)", "#t"},
        {"(char-whitespace? #\\xA0)", "#t"},  {"(char-whitespace? #\\a)", "#f"},
        {"(char-upper-case? #\\A)", "#t"},    {"(char-upper-case? #\\a)", "#f"},
        {"(char-upper-case? #\\x3A3)", "#t"}, {"(char-upper-case? #\\x24B6)", "#t"},
        {"(char-upper-case? #\\x1C5)", "#f"}, {"(char-upper-case? #\\x4E00)", "#f"},
        {"(char-lower-case? #\\a)", "#t"},    {"(char-lower-case? #\\A)", "#f"},
        {"(char-lower-case? #\\xDF)", "#t"},  {"(char-lower-case? #\\x24D0)", "#t"},
        {"(char-lower-case? #\\x1C5)", "#f"}, {"(char-lower-case? #\\1)", "#f"},
        {"(digit-value #\\3)", "3"},          {"(digit-value #\\x664)", "4"},
        {"(digit-value #\\xAE6)", "0"},       {"(digit-value #\\x1D7FF)", "9"},
        {"(digit-value #\\x1D7D8)", "0"},     {"(digit-value #\\xEA6)", "#f"},
        {"(digit-value #\\a)", "#f"},
    };
    CHECK_ROWS(rows);
}

static void case_is_mapped_one_to_one(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(char-upcase #\\i)", "#\\I"},
        {"(char-upcase #\\I)", "#\\I"},
        {"(char->integer (char-upcase #\\xDF))", "223"},
        {"(char->integer (char-upcase #\\xFF))", "376"},
        {"(char->integer (char-upcase #\\x3C2))", "931"},
        {"(char-downcase #\\I)", "#\\i"},
        {"(char->integer (char-downcase #\\x3A3))", "963"},
        {"(char->integer (char-foldcase #\\x3C2))", "963"},
        {"(char-foldcase #\\A)", "#\\a"},
        {"(char->integer (char-foldcase #\\xDF))", "223"},
        {"(char->integer (char-foldcase #\\x1E9E))", "223"},
        {"(char->integer (char-foldcase #\\x130))", "304"},
        {"(char-upcase 1)", "raised wrong-type: char-upcase: c is 1, expected a character"},
    };
    CHECK_ROWS(rows);
}

static void integers_are_characters_but_for_surrogates(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(char->integer #\\A)", "65"},
        {"(integer->char 65)", "#\\A"},
        {"(char->integer (integer->char 1114111))", "1114111"},
        {"(char->integer (integer->char 55295))", "55295"},
        {"(integer->char 55296)",
         "raised range: integer->char: n is 55296, expected a Unicode scalar value: 0 to 55295 or "
         "57344 to 1114111"},
        {"(integer->char 1114112)", "raised range: integer->char: n is 1114112, expected a Unicode "
                                    "scalar value: 0 to 55295 or "
                                    "57344 to 1114111"},
        {"(integer->char -1)",
         "raised wrong-type: integer->char: n is -1, expected an exact integer that is not "
         "negative"},
    };
    CHECK_ROWS(rows);
}

/* Folding forgets case: whatever is upcased and downcased folds alike, but for a few letters whose
 * upper case Unicode has not paired back. */
static void every_character_folds_as_its_other_cases(void **state)
{
    (void)state;
    unsigned odd = 0;
    for (uint32_t c = 0; c <= CP_CHAR_MAX; c++) {
        if (!cp_char_is_valid(c))
            continue;
        uint32_t codes[CP_FOLD_MAX];
        assert_in_range(cp_char_upcase_fully(c, codes), 1, CP_FOLD_MAX);
        assert_in_range(cp_char_downcase_fully(c, codes), 1, CP_FOLD_MAX);
        assert_true(cp_char_is_valid(cp_char_upcase(c)));
        odd += cp_char_foldcase(cp_char_downcase(c)) != cp_char_foldcase(c);
    }
    assert_in_range(odd, 0, 10);
}

CP_TEST_MAIN(cmocka_unit_test(characters_are_ordered_by_code_point),
             cmocka_unit_test(case_may_be_ignored), cmocka_unit_test(characters_have_properties),
             cmocka_unit_test(case_is_mapped_one_to_one),
             cmocka_unit_test(integers_are_characters_but_for_surrogates),
             cmocka_unit_test(every_character_folds_as_its_other_cases))
