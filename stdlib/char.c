/* char.c -- categories and simple case mappings come from utf8proc, which has no full ones. A
 * character whose case folding is longer than one character has, upcased, the letters of that
 * folding, upcased: so it is in Unicode's SpecialCasing for all of them. ASCII is answered here. */
#include "stdlib/char.h"

#include <utf8proc.h>

/* ---- Properties ---------------------------------------------------------------------------- */

static utf8proc_category_t category(uint32_t code)
{
    return utf8proc_category((utf8proc_int32_t)code);
}

static bool is_ascii_letter(uint32_t code)
{
    return (code | 0x20) >= 'a' && (code | 0x20) <= 'z';
}

bool cp_char_is_alphabetic(uint32_t code)
{
    if (code < 0x80)
        return is_ascii_letter(code);
    utf8proc_category_t c = category(code);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) || c == UTF8PROC_CATEGORY_NL;
}

/* Whether CODE is a decimal digit, and which. The digits of a script stand together, 0 first, and
 * scripts that follow each other do so in tens. */
static int digit_value_of(uint32_t code)
{
    if (code < 0x80)
        return code >= '0' && code <= '9' ? (int)(code - '0') : -1;
    if (category(code) != UTF8PROC_CATEGORY_ND)
        return -1;
    uint32_t first = code;
    while (category(first - 1) == UTF8PROC_CATEGORY_ND) /* at most some fifty */
        first--;
    return (int)((code - first) % 10);
}

static bool is_upper(uint32_t code)
{
    utf8proc_category_t c = category(code);
    if (c == UTF8PROC_CATEGORY_LU || c == UTF8PROC_CATEGORY_LT)
        return c == UTF8PROC_CATEGORY_LU;
    return cp_char_downcase(code) != code; /* circled letters and numerals */
}

static bool is_lower(uint32_t code)
{
    utf8proc_category_t c = category(code);
    if (c == UTF8PROC_CATEGORY_LL)
        return true;
    bool is_letter = c == UTF8PROC_CATEGORY_LU || c == UTF8PROC_CATEGORY_LT;
    return !is_letter && cp_char_upcase(code) != code;
}

/* ---- Case ---------------------------------------------------------------------------------- */

enum {
    SHARP_S = 0xDF,
    CAPITAL_SHARP_S = 0x1E9E,
    CAPITAL_I_WITH_DOT = 0x130,
    SMALL_DOTLESS_I = 0x131
};

uint32_t cp_char_upcase(uint32_t code)
{
    if (code < 0x80)
        return code >= 'a' && code <= 'z' ? code - 0x20 : code;
    if (code == SHARP_S) /* utf8proc has the capital one, Unicode has none */
        return code;
    return (uint32_t)utf8proc_toupper((utf8proc_int32_t)code);
}

uint32_t cp_char_downcase(uint32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 0x20 : code;
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
}

uint32_t cp_char_foldcase(uint32_t code)
{
    if (code == CAPITAL_I_WITH_DOT ||
        code == SMALL_DOTLESS_I) /* folded for Turkic languages only */
        return code;
    uint32_t folded[CP_FOLD_MAX];
    return cp_char_fold(code, folded) == 1 ? folded[0] : cp_char_downcase(code);
}

unsigned cp_char_upcase_fully(uint32_t code, uint32_t codes[CP_FOLD_MAX])
{
    codes[0] = code;
    unsigned count =
        code < 0x80 || category(code) == UTF8PROC_CATEGORY_LU ? 1 : cp_char_fold(code, codes);
    if (count == 1)
        codes[0] = code;
    for (unsigned i = 0; i < count; i++)
        codes[i] = cp_char_upcase(codes[i]);
    return count;
}

unsigned cp_char_downcase_fully(uint32_t code, uint32_t codes[CP_FOLD_MAX])
{
    if (code == CAPITAL_I_WITH_DOT)
        return cp_char_fold(code, codes);
    codes[0] = cp_char_downcase(code);
    return 1;
}

/* ---- The builtins -------------------------------------------------------------------------- */

static cp_value is_char(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_char(args[0]));
}

/* Defines a predicate NAME of the character C. */
#define QUESTION(name, answer)                                                                     \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)count;                                                                               \
        uint32_t c = cp_to_char(args[0]);                                                          \
        return cp_make_boolean(answer);                                                            \
    }

QUESTION(is_alphabetic, cp_char_is_alphabetic(c))
QUESTION(is_numeric, digit_value_of(c) >= 0)
QUESTION(is_whitespace, cp_char_is_whitespace(c))
QUESTION(is_upper_case, is_upper(c))
QUESTION(is_lower_case, is_lower(c))

/* Defines the builtin NAME, which gives the character that MAP gives. */
#define MAPPING(name, map)                                                                         \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)count;                                                                               \
        return cp_make_char(map(cp_to_char(args[0])));                                             \
    }

MAPPING(upcase, cp_char_upcase)
MAPPING(downcase, cp_char_downcase)
MAPPING(foldcase, cp_char_foldcase)

static cp_value digit_value(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    int value = digit_value_of(cp_to_char(args[0]));
    return value < 0 ? CP_FALSE : cp_make_fixnum(value);
}

static cp_value char_to_integer(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_fixnum(cp_to_char(args[0]));
}

static cp_value integer_to_char(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    int64_t code = cp_to_fixnum(args[0]);
    if (code > CP_CHAR_MAX || !cp_char_is_valid((uint32_t)code))
        return cp_raise(
            vm, CP_E_RANGE,
            "%s: n is %v, expected a Unicode scalar value: 0 to 55295 or 57344 to 1114111",
            cp_builtin_name(vm), args[0]);
    return cp_make_char((uint32_t)code);
}

static uint32_t as_it_is(uint32_t code)
{
    return code;
}

/* Defines the builtin NAME: whether HOLDS, of MAP of each character A and the next, B. */
#define COMPARISON(name, map, holds)                                                               \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        bool all = true;                                                                           \
        for (int i = 1; i < count && all; i++) {                                                   \
            uint32_t a = map(cp_to_char(args[i - 1])), b = map(cp_to_char(args[i]));               \
            all = holds;                                                                           \
        }                                                                                          \
        return cp_make_boolean(all);                                                               \
    }

COMPARISON(are_equal, as_it_is, a == b)
COMPARISON(are_increasing, as_it_is, a < b)
COMPARISON(are_decreasing, as_it_is, a > b)
COMPARISON(are_not_decreasing, as_it_is, a <= b)
COMPARISON(are_not_increasing, as_it_is, a >= b)
COMPARISON(are_equal_folded, cp_char_foldcase, a == b)
COMPARISON(are_increasing_folded, cp_char_foldcase, a < b)
COMPARISON(are_decreasing_folded, cp_char_foldcase, a > b)
COMPARISON(are_not_decreasing_folded, cp_char_foldcase, a <= b)
COMPARISON(are_not_increasing_folded, cp_char_foldcase, a >= b)

/* clang-format off */
#define ORDER_ROW(name, function, doc) \
    {function, COPSE_BUILTIN(name, "a:char b:char rest:char... -> boolean", BOUNDED, doc)},

const cp_builtin cp_char_builtins[] = {
    {is_char, COPSE_BUILTIN("char?", "object -> boolean", CONSTANT, "Whether OBJECT is a character.")},
    ORDER_ROW("char=?", are_equal, "Whether all are the same character.")
    ORDER_ROW("char<?", are_increasing, "Whether the code points increase.")
    ORDER_ROW("char>?", are_decreasing, "Whether the code points decrease.")
    ORDER_ROW("char<=?", are_not_decreasing, "Whether no code point is greater than the next.")
    ORDER_ROW("char>=?", are_not_increasing, "Whether no code point is less than the next.")
    ORDER_ROW("char-ci=?", are_equal_folded, "Whether all are the same character but for case.")
    ORDER_ROW("char-ci<?", are_increasing_folded, "Whether the code points increase, case folded.")
    ORDER_ROW("char-ci>?", are_decreasing_folded, "Whether the code points decrease, case folded.")
    ORDER_ROW("char-ci<=?", are_not_decreasing_folded, "Whether no code point is greater than the next, case folded.")
    ORDER_ROW("char-ci>=?", are_not_increasing_folded, "Whether no code point is less than the next, case folded.")
    {is_alphabetic, COPSE_BUILTIN("char-alphabetic?", "c:char -> boolean", CONSTANT, "Whether C is a letter.")},
    {is_numeric, COPSE_BUILTIN("char-numeric?", "c:char -> boolean", CONSTANT, "Whether C is a decimal digit.")},
    {is_whitespace, COPSE_BUILTIN("char-whitespace?", "c:char -> boolean", CONSTANT, "Whether C is white space.")},
    {is_upper_case, COPSE_BUILTIN("char-upper-case?", "c:char -> boolean", CONSTANT, "Whether C is upper case.")},
    {is_lower_case, COPSE_BUILTIN("char-lower-case?", "c:char -> boolean", CONSTANT, "Whether C is lower case.")},
    {upcase, COPSE_BUILTIN("char-upcase", "c:char -> char", CONSTANT, "The upper case of C, if that is one character.")},
    {downcase, COPSE_BUILTIN("char-downcase", "c:char -> char", CONSTANT, "The lower case of C.")},
    {foldcase, COPSE_BUILTIN("char-foldcase", "c:char -> char", CONSTANT,
        "The character that stands for C and its other cases.")},
    {digit_value, COPSE_BUILTIN("digit-value", "c:char -> any", CONSTANT, "The value of the decimal digit C, or #f.")},
    {char_to_integer, COPSE_BUILTIN("char->integer", "c:char -> index", CONSTANT, "The code point of C.")},
    {integer_to_char, COPSE_BUILTIN("integer->char", "n:index -> char", CONSTANT,
        "The character with the code point N.\nErrors: range when there is none.")},
    {0},
};
/* clang-format on */
