#include "tests/check.h"

#include "interp/digits.h"
#include "tests/interp/random.h"

/* ---- Help ---------------------------------------------------------------------------------- */

static void *block(size_t size)
{
    void *own = malloc(size > 0 ? size : 1);
    assert_non_null(own);
    return own;
}

/* An own text, ended by NUL. */
static char *text_of(const cp_limb *a, size_t n, unsigned radix)
{
    char *text = block(cp_digits_text_size(n, radix) + 1);
    cp_limb *scratch = block(cp_digits_write_scratch(n, radix) * sizeof *scratch);
    size_t size = 0;
    assert_true(cp_digits_write(text, &size, a, n, radix, scratch, NULL));
    assert_true(size <= cp_digits_text_size(n, radix));
    text[size] = '\0';
    free(scratch);
    return text;
}

/* An own number of cp_digits_limbs limbs. */
static cp_limb *number_of(const char *text, size_t size, unsigned radix)
{
    cp_limb *r = block(cp_digits_limbs(size, radix) * sizeof *r);
    cp_limb *scratch = block(cp_digits_read_scratch(size, radix) * sizeof *scratch);
    assert_true(cp_digits_read(r, text, size, radix, scratch, NULL));
    free(scratch);
    return r;
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void zero_is_one_digit(void **state)
{
    (void)state;
    for (unsigned radix = CP_MIN_RADIX; radix <= CP_MAX_RADIX; radix++) {
        char *text = text_of(NULL, 0, radix);
        assert_string_equal(text, "0");
        free(text);
    }
    cp_limb *zero = number_of("000", 3, 10);
    assert_int_equal(zero[0], 0);
    free(zero);
}

static void a_limb_of_ones_has_its_known_digits(void **state)
{
    (void)state;
    cp_limb ones[1] = {UINT64_MAX};
    static const struct {
        unsigned radix;
        const char *text;
    } known[] = {
        {2, "1111111111111111111111111111111111111111111111111111111111111111"},
        {3, "11112220022122120101211020120210210211220"},
        {8, "1777777777777777777777"},
        {10, "18446744073709551615"},
        {16, "ffffffffffffffff"},
        {32, "fvvvvvvvvvvvv"},
        {36, "3w5e11264sgsf"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        char *text = text_of(ones, 1, known[i].radix);
        assert_string_equal(text, known[i].text);
        free(text);
    }
}

static void the_digits_of_a_limb_are_as_many_as_fit(void **state)
{
    (void)state;
    for (unsigned radix = CP_MIN_RADIX; radix <= CP_MAX_RADIX; radix++) {
        cp_uint128 power = 1;
        unsigned count = 0;
        while (power * radix <= (cp_uint128)UINT64_MAX + 1) {
            power *= radix;
            count++;
        }
        assert_int_equal(cp_digits_per_limb(radix), count);
    }
}

static void upper_case_digits_are_read_as_lower(void **state)
{
    (void)state;
    cp_limb *r = number_of("DeadBeefZ", 8, 16);
    assert_int_equal(r[0], 0xdeadbeef);
    free(r);
    assert_int_equal(cp_digit_value('z'), 35);
    assert_int_equal(cp_digit_value('Z'), 35);
    assert_int_equal(cp_digit_value('@'), CP_MAX_RADIX);
    assert_int_equal(cp_digit_value('/'), CP_MAX_RADIX);
    assert_int_equal(cp_digit_value(':'), CP_MAX_RADIX);
    assert_int_equal(cp_digit_value('\xe1'), CP_MAX_RADIX);
}

/* The obvious algorithm: one digit at a time. */
static void slow_text(char *text, cp_limb *a, size_t n, unsigned radix)
{
    size_t size = 0;
    do {
        cp_limb digit = cp_limbs_div_small(a, a, n, radix);
        text[size++] = "0123456789abcdefghijklmnopqrstuvwxyz"[digit];
        n = cp_limbs_size(a, n);
    } while (n > 0);
    text[size] = '\0';
    for (size_t i = 0; i < size / 2; i++) {
        char swap = text[i];
        text[i] = text[size - 1 - i];
        text[size - 1 - i] = swap;
    }
}

static void check_both_ways(size_t n, unsigned radix, uint64_t *random, uint64_t seed)
{
    cp_limb *a = block(n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = next(random) % 6 == 0 ? 0 : next(random);
    size_t used = cp_limbs_size(a, n);
    char *text = text_of(a, n, radix);
    size_t size = strlen(text);
    cp_limb *back = number_of(text, size, radix);
    size_t back_size = cp_limbs_size(back, cp_digits_limbs(size, radix));
    CHECK_SEED(cp_limbs_compare(a, used, back, back_size) == 0, seed);
    char *slow = block(cp_digits_text_size(n, radix) + 1);
    slow_text(slow, a, n, radix);
    CHECK_SEED(strcmp(text, slow) == 0, seed);
    free(a);
    free(text);
    free(back);
    free(slow);
}

static void every_radix_writes_what_it_reads(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned radix = CP_MIN_RADIX; radix <= CP_MAX_RADIX; radix++) {
        for (size_t n = 1; n < 60; n += 1 + next(&random) % 4)
            check_both_ways(n, radix, &random, seed);
        check_both_ways(250 + next(&random) % 100, radix, &random, seed);
    }
    for (size_t n = 300; n < 420; n += 7)
        check_both_ways(n, 10, &random, seed);
}

static void powers_of_the_radix_keep_their_zeros(void **state)
{
    (void)state;
    for (size_t zeros = 0; zeros < 3000; zeros += 1 + zeros / 30) {
        char *text = block(zeros + 2);
        memset(text, '0', zeros + 1);
        text[0] = '1';
        text[zeros + 1] = '\0';
        cp_limb *a = number_of(text, zeros + 1, 10);
        char *back = text_of(a, cp_digits_limbs(zeros + 1, 10), 10);
        assert_string_equal(back, text);
        free(text);
        free(a);
        free(back);
    }
}

static bool is_zero(void *context)
{
    unsigned *left = context;
    return (*left)-- == 0;
}

static void a_long_conversion_stops_when_its_poll_says_so(void **state)
{
    (void)state;
    enum { N = 600 };
    cp_limb *a = block(N * sizeof *a);
    memset(a, 0x5a, N * sizeof *a);
    char *text = block(cp_digits_text_size(N, 10));
    cp_limb *scratch = block(cp_digits_write_scratch(N, 10) * sizeof *scratch);
    size_t size = 0;
    unsigned asked = 0;
    for (bool is_done = false; !is_done; asked++) {
        unsigned left = asked;
        cp_limbs_poll poll = {is_zero, &left, 0};
        is_done = cp_digits_write(text, &size, a, N, 10, scratch, &poll);
    }
    assert_true(asked > 5);
    free(scratch);
    scratch = block(cp_digits_read_scratch(size, 10) * sizeof *scratch);
    cp_limb *back = block(cp_digits_limbs(size, 10) * sizeof *back);
    asked = 0;
    for (bool is_done = false; !is_done; asked++) {
        unsigned left = asked;
        cp_limbs_poll poll = {is_zero, &left, 0};
        is_done = cp_digits_read(back, text, size, 10, scratch, &poll);
    }
    assert_true(asked > 5);
    assert_memory_equal(a, back, N * sizeof *a);
    free(a);
    free(text);
    free(scratch);
    free(back);
}

CP_TEST_MAIN(cmocka_unit_test(zero_is_one_digit),
             cmocka_unit_test(a_limb_of_ones_has_its_known_digits),
             cmocka_unit_test(the_digits_of_a_limb_are_as_many_as_fit),
             cmocka_unit_test(upper_case_digits_are_read_as_lower),
             cmocka_unit_test(every_radix_writes_what_it_reads),
             cmocka_unit_test(powers_of_the_radix_keep_their_zeros),
             cmocka_unit_test(a_long_conversion_stops_when_its_poll_says_so))
