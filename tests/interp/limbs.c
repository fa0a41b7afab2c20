#include "tests/check.h"

#include <math.h>

#include "interp/limbs.h"
#include "tests/interp/random.h"

enum { MAX_LIMBS = 700 };

/* ---- Random numbers: long runs of ones and zeros, which is where carries go wrong ----------- */

static void fill(cp_limb *a, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++) {
        unsigned kind = (unsigned)next(state) % 8;
        a[i] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : kind == 2 ? 1 : next(state);
    }
    if (n > 0 && a[n - 1] == 0)
        a[n - 1] = 1;
}

/* Small sizes as often as large ones. */
static size_t pick_size(size_t max, uint64_t *state)
{
    size_t bound = (size_t)1 << next(state) % 10;
    size_t n = 1 + next(state) % bound;
    return n > max ? max : n;
}

/* An own array of exactly N limbs, so that a sanitizer sees the first one too many. */
static cp_limb *limbs(size_t n)
{
    cp_limb *a = malloc((n + 1) * sizeof *a - (n > 0 ? sizeof *a : 0));
    assert_non_null(a);
    return a;
}

static cp_limb *random_limbs(size_t n, uint64_t *state)
{
    cp_limb *a = limbs(n);
    fill(a, n, state);
    return a;
}

/* The obvious product, by digits of 32 bits. */
static void slow_product(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    uint32_t digits[4 * MAX_LIMBS + 4] = {0};
    for (size_t i = 0; i < 2 * an; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < 2 * bn; j++) {
            uint64_t x = (uint32_t)(a[i / 2] >> (i % 2 * 32));
            uint64_t y = (uint32_t)(b[j / 2] >> (j % 2 * 32));
            uint64_t sum = x * y + digits[i + j] + carry;
            digits[i + j] = (uint32_t)sum;
            carry = sum >> 32;
        }
        digits[i + 2 * bn] = (uint32_t)carry;
    }
    for (size_t i = 0; i < an + bn; i++)
        r[i] = digits[2 * i] | (uint64_t)digits[2 * i + 1] << 32;
}

static bool multiply(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    cp_limb *scratch = limbs(cp_limbs_mul_scratch(an, bn));
    bool is_done = cp_limbs_mul(r, a, an, b, bn, scratch, NULL);
    free(scratch);
    return is_done;
}

static bool divide(cp_limb *q, cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    cp_limb *scratch = limbs(cp_limbs_divrem_scratch(an, bn));
    bool is_done = cp_limbs_divrem(q, r, a, an, b, bn, scratch, NULL);
    free(scratch);
    return is_done;
}

/* ---- Linear work --------------------------------------------------------------------------- */

static void what_was_added_can_be_subtracted(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(2000); round++) {
        size_t an = pick_size(100, &random);
        size_t bn = 1 + next(&random) % an;
        cp_limb *a = random_limbs(an, &random);
        cp_limb *b = random_limbs(bn, &random);
        cp_limb *sum = limbs(an);
        cp_limb carry = cp_limbs_add(sum, a, an, b, bn);
        cp_limb borrow = cp_limbs_sub(sum, sum, an, b, bn);
        CHECK_SEED(carry == borrow, seed);
        CHECK_SEED(memcmp(sum, a, an * sizeof *a) == 0, seed);
        carry = cp_limbs_add_small(sum, a, an, b[0]);
        borrow = cp_limbs_sub_small(sum, sum, an, b[0]);
        CHECK_SEED(carry == borrow, seed);
        CHECK_SEED(memcmp(sum, a, an * sizeof *a) == 0, seed);
        free(a);
        free(b);
        free(sum);
    }
}

static void a_carry_runs_through_all_limbs(void **state)
{
    (void)state;
    cp_limb ones[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    cp_limb one[1] = {1};
    cp_limb r[3];
    assert_int_equal(cp_limbs_add(r, ones, 3, one, 1), 1);
    assert_int_equal(cp_limbs_size(r, 3), 0);
    assert_int_equal(cp_limbs_sub(r, r, 3, one, 1), 1);
    assert_memory_equal(r, ones, sizeof r);
}

static void shifting_left_and_right_gives_the_number_back(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned count = 0; count < 64; count++) {
        size_t n = 1 + next(&random) % 9;
        cp_limb *a = random_limbs(n, &random);
        cp_limb shifted[10];
        shifted[n] = cp_limbs_shift_left(shifted, a, n, count);
        cp_limb product[10];
        product[n] = cp_limbs_mul_small(product, a, n, (cp_limb)1 << count, 0);
        CHECK_SEED(memcmp(shifted, product, (n + 1) * sizeof *a) == 0, seed);
        cp_limb out = cp_limbs_shift_right(shifted, shifted, n + 1, count);
        CHECK_SEED(out == 0, seed);
        CHECK_SEED(memcmp(shifted, a, n * sizeof *a) == 0, seed);
        free(a);
    }
    cp_limb five[1] = {5};
    assert_int_equal(cp_limbs_shift_right(five, five, 1, 1), (cp_limb)1 << 63);
    assert_int_equal(five[0], 2);
}

static void bits_are_counted_from_the_lowest(void **state)
{
    (void)state;
    cp_limb a[2] = {0, 12};
    assert_int_equal(cp_limbs_bit_length(a, 2), 68);
    assert_int_equal(cp_limbs_bit_length(a, 0), 0);
    assert_int_equal(cp_limbs_trailing_zeros(a, 2), 66);
    assert_int_equal(cp_limbs_bit_count(a, 2), 2);
}

static void numbers_compare_by_size_and_then_from_the_top(void **state)
{
    (void)state;
    cp_limb a[3] = {7, 1, 2};
    cp_limb b[3] = {6, 1, 2};
    assert_true(cp_limbs_compare(a, 3, b, 3) > 0);
    assert_true(cp_limbs_compare(b, 3, a, 3) < 0);
    assert_true(cp_limbs_compare(a, 2, b, 3) < 0);
    assert_int_equal(cp_limbs_compare(a, 3, a, 3), 0);
    assert_int_equal(cp_limbs_compare(a, 0, b, 0), 0);
}

/* ---- Products, quotients, divisors, roots -------------------------------------------------- */

static void products_agree_with_the_obvious_algorithm(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(1500); round++) {
        size_t an = pick_size(round < 1200 ? 100 : MAX_LIMBS, &random);
        size_t bn = pick_size(round < 1200 ? 100 : MAX_LIMBS, &random);
        cp_limb *a = random_limbs(an, &random);
        cp_limb *b = random_limbs(bn, &random);
        cp_limb *fast = limbs(an + bn);
        cp_limb *slow = limbs(an + bn);
        slow_product(slow, a, an, b, bn);
        CHECK_SEED(multiply(fast, a, an, b, bn), seed);
        CHECK_SEED(memcmp(fast, slow, (an + bn) * sizeof *a) == 0, seed);
        free(a);
        free(b);
        free(fast);
        free(slow);
    }
}

static void every_pair_of_sizes_around_the_threshold_multiplies(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    cp_limb a[80], b[80], fast[160], slow[160];
    for (size_t an = 20; an < 80; an++) {
        for (size_t bn = 20; bn < 80; bn += 3) {
            fill(a, an, &random);
            fill(b, bn, &random);
            slow_product(slow, a, an, b, bn);
            CHECK_SEED(multiply(fast, a, an, b, bn), seed);
            CHECK_SEED(memcmp(fast, slow, (an + bn) * sizeof *a) == 0, seed);
        }
    }
}

/* Q B + R = A and R < B, which define both. */
static void check_division(size_t an, size_t bn, uint64_t *random, uint64_t seed)
{
    cp_limb *a = random_limbs(an, random);
    cp_limb *b = random_limbs(bn, random);
    unsigned kind = (unsigned)next(random) % 4;
    if (kind <= 1) /* a multiple of a power: digits that must be corrected */
        memcpy(a + an - bn, b, bn * sizeof *a);
    if (kind == 1 && an > bn) { /* one less: every remainder on the way is as large as can be */
        memset(a, 0, (an - bn) * sizeof *a);
        (void)cp_limbs_sub_small(a, a, an, 1);
    }
    size_t qn = an - bn + 1;
    cp_limb *q = limbs(qn);
    cp_limb *r = limbs(bn);
    cp_limb *back = limbs(qn + bn);
    CHECK_SEED(divide(q, r, a, an, b, bn), seed);
    CHECK_SEED(cp_limbs_compare(r, cp_limbs_size(r, bn), b, bn) < 0, seed);
    CHECK_SEED(multiply(back, q, qn, b, bn), seed);
    CHECK_SEED(cp_limbs_add(back, back, qn + bn, r, bn) == 0, seed);
    CHECK_SEED(back[an] == 0, seed);
    CHECK_SEED(memcmp(back, a, an * sizeof *a) == 0, seed);
    cp_limb *only_r = limbs(bn);
    CHECK_SEED(divide(NULL, only_r, a, an, b, bn), seed);
    CHECK_SEED(memcmp(r, only_r, bn * sizeof *r) == 0, seed);
    free(a);
    free(b);
    free(q);
    free(r);
    free(back);
    free(only_r);
}

static void quotient_times_divisor_plus_remainder_is_the_number(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(3000); round++) {
        size_t an = pick_size(MAX_LIMBS, &random);
        size_t bn = 1 + next(&random) % an;
        check_division(an, bn, &random, seed);
    }
}

static void long_divisions_of_every_shape_are_right(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (size_t bn = 60; bn <= 260; bn += 13) {
        for (size_t an = bn; an < 4 * bn; an += 17)
            check_division(an, bn, &random, seed);
    }
}

static void quotients_of_ones_need_every_correction(void **state)
{
    (void)state;
    for (size_t bn = 2; bn < 150; bn += 7) {
        for (size_t zeros = 0; zeros < bn; zeros += 5) {
            size_t an = 2 * bn;
            cp_limb *a = limbs(an);
            cp_limb *b = limbs(bn);
            memset(a, 0xff, an * sizeof *a);
            memset(b, 0xff, bn * sizeof *b);
            memset(b, 0, zeros * sizeof *b);
            cp_limb *q = limbs(bn + 1);
            cp_limb *r = limbs(bn);
            cp_limb *back = limbs(an + 1);
            assert_true(divide(q, r, a, an, b, bn));
            assert_true(multiply(back, q, bn + 1, b, bn));
            assert_int_equal(cp_limbs_add(back, back, an + 1, r, bn), 0);
            assert_memory_equal(back, a, an * sizeof *a);
            free(a);
            free(b);
            free(q);
            free(r);
            free(back);
        }
    }
}

static void the_divisor_of_multiples_is_found(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(800); round++) {
        size_t xn = pick_size(60, &random);
        size_t yn = pick_size(60, &random);
        size_t gn = pick_size(40, &random);
        cp_limb *x = random_limbs(xn, &random);
        cp_limb *y = random_limbs(yn, &random);
        cp_limb *g = random_limbs(gn, &random);
        cp_limb *a = limbs(xn + gn);
        cp_limb *b = limbs(yn + gn);
        CHECK_SEED(multiply(a, x, xn, g, gn) && multiply(b, y, yn, g, gn), seed);
        size_t an = cp_limbs_size(a, xn + gn);
        size_t bn = cp_limbs_size(b, yn + gn);
        bool is_swapped = an < bn;
        const cp_limb *larger = is_swapped ? b : a;
        const cp_limb *smaller = is_swapped ? a : b;
        size_t large = is_swapped ? bn : an;
        size_t small = is_swapped ? an : bn;
        cp_limb *r = limbs(small);
        cp_limb *scratch = limbs(cp_limbs_gcd_scratch(large, small));
        CHECK_SEED(cp_limbs_gcd(r, larger, large, smaller, small, scratch, NULL), seed);
        /* Euclid, one division at a time */
        cp_limb *e = limbs(large);
        cp_limb *f = limbs(large);
        memcpy(e, larger, large * sizeof *e);
        memcpy(f, smaller, small * sizeof *f);
        size_t en = large;
        size_t fn = small;
        while (fn > 0) {
            CHECK_SEED(divide(NULL, e, e, en, f, fn), seed);
            en = cp_limbs_size(e, fn);
            cp_limb *t = e;
            e = f;
            f = t;
            size_t tn = en;
            en = fn;
            fn = tn;
        }
        CHECK_SEED(cp_limbs_compare(r, cp_limbs_size(r, small), e, en) == 0, seed);
        free(x);
        free(y);
        free(g);
        free(a);
        free(b);
        free(r);
        free(scratch);
        free(e);
        free(f);
    }
}

static void the_divisor_of_two_limbs_is_found(void **state)
{
    (void)state;
    assert_int_equal(cp_limb_gcd(0, 7), 7);
    assert_int_equal(cp_limb_gcd(7, 0), 7);
    assert_int_equal(cp_limb_gcd(48, 36), 12);
    assert_true(cp_limb_gcd(UINT64_MAX, UINT64_C(0xffffffff)) == UINT64_C(0xffffffff));
}

static void a_root_squared_is_the_last_square_not_above(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(1500); round++) {
        size_t n = pick_size(300, &random);
        cp_limb *a = random_limbs(n, &random);
        if (round % 3 == 0) { /* a square, or one less */
            size_t half = (n + 1) / 2;
            n = 2 * half;
            free(a);
            cp_limb *x = random_limbs(half, &random);
            a = limbs(n);
            CHECK_SEED(multiply(a, x, half, x, half), seed);
            (void)cp_limbs_sub_small(a, a, n, round % 2);
            n = cp_limbs_size(a, n);
            free(x);
            if (n == 0) {
                free(a);
                continue;
            }
        }
        size_t rn = (n + 1) / 2;
        cp_limb *r = limbs(rn);
        cp_limb *square = limbs(2 * rn + 2);
        cp_limb *scratch = limbs(cp_limbs_sqrt_scratch(n));
        CHECK_SEED(cp_limbs_sqrt(r, a, n, scratch, NULL), seed);
        CHECK_SEED(multiply(square, r, rn, r, rn), seed);
        CHECK_SEED(cp_limbs_compare(square, cp_limbs_size(square, 2 * rn), a, n) <= 0, seed);
        cp_limb *above = limbs(rn + 1);
        above[rn] = cp_limbs_add_small(above, r, rn, 1);
        size_t above_size = cp_limbs_size(above, rn + 1);
        CHECK_SEED(multiply(square, above, above_size, above, above_size), seed);
        CHECK_SEED(cp_limbs_compare(square, cp_limbs_size(square, 2 * above_size), a, n) > 0, seed);
        free(a);
        free(r);
        free(square);
        free(scratch);
        free(above);
    }
}

static void the_root_of_a_limb_rounds_down(void **state)
{
    (void)state;
    for (cp_limb root = 0; root < 70000; root += 7) {
        assert_true(cp_limb_sqrt(root * root) == root);
        assert_true(cp_limb_sqrt(root * root + 2 * root) == root);
    }
    assert_true(cp_limb_sqrt(UINT64_MAX) == UINT32_MAX);
}

/* ---- Rounding ------------------------------------------------------------------------------ */

static void rounding_agrees_with_the_processor(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(20000); round++) {
        cp_limb a[1] = {next(&random) >> next(&random) % 64};
        if (round % 2 == 0) /* a tie, or next to one */
            a[0] = (a[0] & ~(cp_limb)0x7ff) + 0x400 + round % 3 - 1;
        CHECK_SEED(cp_limbs_to_double(a, cp_limbs_size(a, 1), 0, false) == (double)a[0], seed);
    }
}

static void ties_go_to_even_and_a_sticky_bit_breaks_them(void **state)
{
    (void)state;
    cp_limb tie[2] = {(cp_limb)1 << 10, (cp_limb)1 << 63}; /* far below the last bit: no tie */
    assert_true(cp_limbs_to_double(tie, 2, 0, false) == 0x1p127);
    cp_limb even[1] = {((cp_limb)1 << 63) + 0x400};
    assert_true(cp_limbs_to_double(even, 1, 0, false) == 0x1p63);
    assert_true(cp_limbs_to_double(even, 1, 0, true) == 0x1.0000000000001p63);
    cp_limb odd[1] = {((cp_limb)1 << 63) + 0xc00};
    assert_true(cp_limbs_to_double(odd, 1, 0, false) == 0x1.0000000000002p63);
    cp_limb low[3] = {1, 0, ((cp_limb)1 << 63) + 0x400}; /* the lowest bit decides */
    assert_true(cp_limbs_to_double(low, 3, 0, false) == 0x1.0000000000001p191);
}

static void rounding_is_right_at_both_ends_of_the_doubles(void **state)
{
    (void)state;
    cp_limb top[1] = {(cp_limb)1 << 63};
    cp_limb ones[1] = {UINT64_MAX};
    assert_true(isinf(cp_limbs_to_double(top, 1, 1024 - 63, false)));
    assert_true(isinf(cp_limbs_to_double(ones, 1, 1023 - 63, false)));
    assert_true(isinf(cp_limbs_to_double(top, 1, INT64_MAX - 100, false)));
    assert_true(cp_limbs_to_double(top, 1, INT64_MIN + 100, false) == 0);
    cp_limb largest[1] = {UINT64_MAX - 0x7ff + 0x3ff};
    assert_true(cp_limbs_to_double(largest, 1, 1023 - 63, true) == 0x1.fffffffffffffp1023);
    assert_true(cp_limbs_to_double(top, 1, -1074 - 63, false) == 0x1p-1074);
    assert_true(cp_limbs_to_double(top, 1, -1075 - 63, false) == 0); /* a tie with even zero */
    assert_true(cp_limbs_to_double(top, 1, -1075 - 63, true) == 0x1p-1074);
    assert_true(cp_limbs_to_double(ones, 1, -1076 - 63, true) == 0);
    assert_true(cp_limbs_to_double(ones, 1, -1023 - 63, false) == 0x1p-1022);
}

/* ---- The poll ------------------------------------------------------------------------------ */

typedef struct countdown {
    unsigned left;
} countdown;

static bool is_zero(void *context)
{
    countdown *count = context;
    return count->left-- == 0;
}

/* The operation asks often enough, stops when told and leaves its arguments alone. */
static void a_long_operation_stops_when_its_poll_says_so(void **state)
{
    (void)state;
    uint64_t random = 5;
    size_t n = 400;
    cp_limb *a = random_limbs(2 * n, &random);
    cp_limb *b = random_limbs(n, &random);
    cp_limb *a_copy = limbs(2 * n);
    memcpy(a_copy, a, 2 * n * sizeof *a);
    cp_limb *q = limbs(3 * n);
    cp_limb *r = limbs(n);
    size_t sizes[] = {cp_limbs_mul_scratch(2 * n, n), cp_limbs_divrem_scratch(2 * n, n),
                      cp_limbs_gcd_scratch(2 * n, n), cp_limbs_sqrt_scratch(2 * n)};
    for (unsigned which = 0; which < 4; which++) {
        cp_limb *scratch = limbs(sizes[which]);
        unsigned asked = 0;
        for (bool is_done = false; !is_done; asked++) {
            countdown count = {asked};
            cp_limbs_poll poll = {is_zero, &count, 0};
            if (which == 0)
                is_done = cp_limbs_mul(q, a, 2 * n, b, n, scratch, &poll);
            else if (which == 1)
                is_done = cp_limbs_divrem(q, r, a, 2 * n, b, n, scratch, &poll);
            else if (which == 2)
                is_done = cp_limbs_gcd(r, a, 2 * n, b, n, scratch, &poll);
            else
                is_done = cp_limbs_sqrt(q, a, 2 * n, scratch, &poll);
            assert_memory_equal(a, a_copy, 2 * n * sizeof *a);
        }
        assert_true(asked > 3);
        free(scratch);
    }
    free(a);
    free(b);
    free(a_copy);
    free(q);
    free(r);
}

CP_TEST_MAIN(cmocka_unit_test(what_was_added_can_be_subtracted),
             cmocka_unit_test(a_carry_runs_through_all_limbs),
             cmocka_unit_test(shifting_left_and_right_gives_the_number_back),
             cmocka_unit_test(bits_are_counted_from_the_lowest),
             cmocka_unit_test(numbers_compare_by_size_and_then_from_the_top),
             cmocka_unit_test(products_agree_with_the_obvious_algorithm),
             cmocka_unit_test(every_pair_of_sizes_around_the_threshold_multiplies),
             cmocka_unit_test(quotient_times_divisor_plus_remainder_is_the_number),
             cmocka_unit_test(long_divisions_of_every_shape_are_right),
             cmocka_unit_test(quotients_of_ones_need_every_correction),
             cmocka_unit_test(the_divisor_of_multiples_is_found),
             cmocka_unit_test(the_divisor_of_two_limbs_is_found),
             cmocka_unit_test(a_root_squared_is_the_last_square_not_above),
             cmocka_unit_test(the_root_of_a_limb_rounds_down),
             cmocka_unit_test(rounding_agrees_with_the_processor),
             cmocka_unit_test(ties_go_to_even_and_a_sticky_bit_breaks_them),
             cmocka_unit_test(rounding_is_right_at_both_ends_of_the_doubles),
             cmocka_unit_test(a_long_operation_stops_when_its_poll_says_so))
