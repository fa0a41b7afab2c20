#include "tests/check.h"

#include "interp/unicode.h"

static void white_space_is_the_property_of_that_name(void **state)
{
    (void)state;
    const uint32_t spaces[] = {9,      10,     11,     12,     13,     0x20,
                               0x85,   0xA0,   0x1680, 0x2000, 0x2005, 0x200A,
                               0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        assert_true(cp_char_is_whitespace(spaces[i]));
    size_t count = 0;
    for (uint32_t code = 0; code < 0x110000; code++)
        count += cp_char_is_whitespace(code);
    assert_int_equal(count, 25);
}

static void letters_numbers_and_symbols_may_stand_in_identifiers(void **state)
{
    (void)state;
    assert_true(cp_char_is_constituent(0x3BB));   /* Greek small lambda */
    assert_true(cp_char_is_constituent(0x4E2D));  /* a CJK ideograph */
    assert_true(cp_char_is_constituent(0x301));   /* combining acute */
    assert_true(cp_char_is_constituent(0x2192));  /* arrow */
    assert_true(cp_char_is_constituent(0x1F916)); /* robot face */
    assert_true(cp_char_is_constituent(0x200D));  /* joiner */
    assert_false(cp_char_is_constituent(0x201C)); /* opening quotation mark */
    assert_false(cp_char_is_constituent(0x200B)); /* zero width space */
    assert_false(cp_char_is_constituent(0xFF08)); /* full-width parenthesis */
    assert_false(cp_char_is_constituent(0x85));
}

static void what_paper_shows_is_graphic(void **state)
{
    (void)state;
    assert_true(cp_char_is_graphic('~'));
    assert_true(cp_char_is_graphic(0xE9));
    assert_true(cp_char_is_graphic(0x1F916));
    assert_true(cp_char_is_graphic(0x201C));
    assert_false(cp_char_is_graphic(' '));
    assert_false(cp_char_is_graphic('\n'));
    assert_false(cp_char_is_graphic(0x7F));
    assert_false(cp_char_is_graphic(0xA0));
    assert_false(cp_char_is_graphic(0x200D));
    assert_false(cp_char_is_graphic(0xE000));   /* private */
    assert_false(cp_char_is_graphic(0x10FFFF)); /* unassigned */
    assert_true(cp_char_is_mark(0x301));
    assert_false(cp_char_is_mark('a'));
}

static void assert_folds(uint32_t code, unsigned count, uint32_t first, uint32_t second)
{
    uint32_t folded[CP_FOLD_MAX];
    assert_int_equal(cp_char_fold(code, folded), count);
    assert_int_equal(folded[0], first);
    if (count > 1)
        assert_int_equal(folded[1], second);
}

static void folding_may_lengthen(void **state)
{
    (void)state;
    assert_folds('A', 1, 'a', 0);
    assert_folds('-', 1, '-', 0);
    assert_folds(0xC9, 1, 0xE9, 0);
    assert_folds(0xDF, 2, 's', 's');
    assert_folds(0x3A3, 1, 0x3C3, 0);
    assert_folds(0x3C2, 1, 0x3C3, 0); /* final sigma */
    uint32_t folded[CP_FOLD_MAX];
    for (uint32_t code = 0; code < 0x110000; code++)
        if (code < 0xD800 || code > 0xDFFF)
            assert_in_range(cp_char_fold(code, folded), 1, CP_FOLD_MAX);
}

CP_TEST_MAIN(cmocka_unit_test(white_space_is_the_property_of_that_name),
             cmocka_unit_test(letters_numbers_and_symbols_may_stand_in_identifiers),
             cmocka_unit_test(what_paper_shows_is_graphic), cmocka_unit_test(folding_may_lengthen))
