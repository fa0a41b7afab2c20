#include "tests/check.h"

#include "interp/word.h"

static void words_with_a_digit_in_front_are_like_numbers(void **state)
{
    (void)state;
    static const char *const like[] = {"0",   "12abc", "+5",   "-5x", ".5",
                                       "-.5", "1.2.3", "#xff", "2+"};
    static const char *const unlike[] = {"a1", "+",  "-",   ".",      "...", "+.", "+a", "-.a",
                                         "1+", "1-", "-1+", "+inf.0", ":1",  "$1", ""};
    for (size_t i = 0; i < sizeof like / sizeof *like; i++)
        assert_true(cp_word_is_like_number(like[i], strlen(like[i])));
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
        assert_false(cp_word_is_like_number(unlike[i], strlen(unlike[i])));
}

static void a_name_that_spells_something_else_is_no_word(void **state)
{
    (void)state;
    static const char *const words[] = {"a",    "->",    "1+",        "..",      "...",
                                        ":key", "$slot", "+infinity", "\xCE\xBB"};
    static const char *const others[] = {"",       ".",  "1",   "+1", "-1x", "+i", "-i",
                                         "+inf.0", "#t", "a b", "a#", "a|b", "(",  "\xC2\xA0"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_true(cp_name_is_word(words[i], strlen(words[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(cp_name_is_word(others[i], strlen(others[i])));
}

CP_TEST_MAIN(cmocka_unit_test(words_with_a_digit_in_front_are_like_numbers),
             cmocka_unit_test(a_name_that_spells_something_else_is_no_word))
