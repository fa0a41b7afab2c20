#include "tests/check.h"

#include <math.h>

#include "interp/value.h"

/* Exactly one of the seven questions is answered with yes. */
static unsigned count_kinds(cp_value v)
{
    return (unsigned)cp_is_nothing(v) + (unsigned)cp_is_constant(v) + (unsigned)cp_is_char(v) +
           (unsigned)cp_is_fixnum(v) + (unsigned)cp_is_double(v) + (unsigned)cp_is_pair(v) +
           (unsigned)cp_is_object(v);
}

static double double_from_bits(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static void a_value_is_of_exactly_one_kind(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CP_CONSTANT_COUNT; i++)
        assert_int_equal(count_kinds(cp_from_bits(CP_CONSTANT_BITS(i))), 1);
    assert_int_equal(count_kinds(CP_NOTHING), 1);
    for (uint32_t code = 0; code <= CP_CHAR_MAX; code++)
        if (cp_char_is_valid(code) && count_kinds(cp_make_char(code)) != 1)
            fail_msg("character %x", code);
    const int64_t edges[] = {0, 1, -1, CP_FIXNUM_MAX, CP_FIXNUM_MIN, 1 << 30, -(1 << 30)};
    for (size_t i = 0; i < CP_COUNT_OF(edges); i++)
        assert_int_equal(count_kinds(cp_make_fixnum(edges[i])), 1);
    const uint64_t doubles[] = {0,
                                1,
                                UINT64_C(0x8000000000000000),
                                UINT64_C(0x7FF0000000000000),
                                UINT64_C(0xFFF0000000000000),
                                UINT64_C(0x3FF0000000000000),
                                UINT64_C(0x7FFFFFFFFFFFFFFF),
                                UINT64_C(0xFFFFFFFFFFFFFFFF)};
    for (size_t i = 0; i < CP_COUNT_OF(doubles); i++)
        assert_int_equal(count_kinds(cp_make_double(double_from_bits(doubles[i]))), 1);
    for (uint64_t address = 16; address < CP_ADDRESS_END; address *= 2) {
        assert_int_equal(count_kinds(cp_from_bits(address)), 1);
        assert_int_equal(count_kinds(cp_from_bits(address + CP_PAIR_TAG)), 1);
    }
    assert_int_equal(count_kinds(cp_from_bits(CP_ADDRESS_END - 16)), 1);
}

static void only_false_is_false(void **state)
{
    (void)state;
    assert_false(cp_is_true(CP_FALSE));
    assert_true(cp_is_true(CP_TRUE));
    assert_true(cp_is_true(CP_NIL));
    assert_true(cp_is_true(cp_make_fixnum(0)));
    assert_true(cp_is_true(cp_make_double(0.0)));
    assert_true(cp_is_true(CP_UNSPECIFIC));
}

static void booleans_are_two_constants(void **state)
{
    (void)state;
    assert_true(cp_same(cp_make_boolean(true), CP_TRUE));
    assert_true(cp_same(cp_make_boolean(false), CP_FALSE));
    assert_true(cp_is_boolean(CP_TRUE));
    assert_true(cp_is_boolean(CP_FALSE));
    assert_false(cp_is_boolean(CP_NIL));
    assert_false(cp_is_boolean(CP_NOTHING));
}

static void characters_are_unicode_scalar_values(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= CP_CHAR_MAX; code++) {
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (cp_char_is_valid(code) == is_surrogate)
            fail_msg("code point %x", code);
        if (!is_surrogate && cp_to_char(cp_make_char(code)) != code)
            fail_msg("code point %x", code);
    }
    assert_false(cp_char_is_valid(CP_CHAR_MAX + 1));
}

static void fixnums_keep_50_bits(void **state)
{
    (void)state;
    for (int shift = 0; shift < 49; shift++) {
        for (int64_t around = -2; around <= 2; around++) {
            int64_t n = (INT64_C(1) << shift) + around;
            assert_true(cp_to_fixnum(cp_make_fixnum(n)) == n);
            assert_true(cp_to_fixnum(cp_make_fixnum(-n)) == -n);
        }
    }
    assert_true(cp_to_fixnum(cp_make_fixnum(CP_FIXNUM_MAX)) == CP_FIXNUM_MAX);
    assert_true(cp_to_fixnum(cp_make_fixnum(CP_FIXNUM_MIN)) == CP_FIXNUM_MIN);
    assert_false(cp_fits_fixnum(CP_FIXNUM_MAX + 1));
    assert_false(cp_fits_fixnum(CP_FIXNUM_MIN - 1));
    assert_true(CP_FIXNUM_MAX == (INT64_C(1) << 49) - 1);
}

static void one_test_finds_two_fixnums(void **state)
{
    (void)state;
    const cp_value others[] = {CP_NOTHING,          CP_FALSE,
                               cp_make_char('a'),   cp_from_bits(0x1000),
                               cp_make_double(1.5), cp_make_double(-INFINITY),
                               cp_make_double(NAN), cp_from_bits(0x1008)};
    const cp_value numbers[] = {cp_make_fixnum(0), cp_make_fixnum(-1),
                                cp_make_fixnum(CP_FIXNUM_MAX), cp_make_fixnum(CP_FIXNUM_MIN)};
    for (size_t i = 0; i < CP_COUNT_OF(numbers); i++) {
        for (size_t j = 0; j < CP_COUNT_OF(numbers); j++)
            assert_true(cp_both_fixnum(numbers[i], numbers[j]));
        for (size_t j = 0; j < CP_COUNT_OF(others); j++) {
            assert_false(cp_both_fixnum(numbers[i], others[j]));
            assert_false(cp_both_fixnum(others[j], numbers[i]));
        }
    }
}

/* Compare with the same operation in 128 bits on every pair of edges. */
static void fixnum_arithmetic_says_when_it_overflows(void **state)
{
    (void)state;
    int64_t edges[200];
    size_t count = 0;
    for (int shift = 0; shift <= 48; shift += 3) {
        edges[count++] = INT64_C(1) << shift;
        edges[count++] = -(INT64_C(1) << shift);
        edges[count++] = (INT64_C(1) << shift) - 1;
        edges[count++] = -(INT64_C(1) << shift) - 1;
    }
    edges[count++] = CP_FIXNUM_MAX;
    edges[count++] = CP_FIXNUM_MIN;
    edges[count++] = INT64_C(1) << 24;
    edges[count++] = (INT64_C(1) << 25) - 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            cp_value a = cp_make_fixnum(edges[i]);
            cp_value b = cp_make_fixnum(edges[j]);
            const cp_int128 expected[3] = {(cp_int128)edges[i] + edges[j],
                                           (cp_int128)edges[i] - edges[j],
                                           (cp_int128)edges[i] * edges[j]};
            cp_value result[3];
            const bool fits[3] = {cp_fixnum_add(a, b, &result[0]),
                                  cp_fixnum_subtract(a, b, &result[1]),
                                  cp_fixnum_multiply(a, b, &result[2])};
            for (size_t k = 0; k < 3; k++) {
                bool should = expected[k] >= CP_FIXNUM_MIN && expected[k] <= CP_FIXNUM_MAX;
                if (fits[k] != should || (should && cp_to_fixnum(result[k]) != expected[k]))
                    fail_msg("operation %zu on %lld and %lld", k, (long long)edges[i],
                             (long long)edges[j]);
            }
            if (cp_fixnum_less(a, b) != (edges[i] < edges[j]))
                fail_msg("order of %lld and %lld", (long long)edges[i], (long long)edges[j]);
        }
    }
}

static void doubles_keep_their_bits(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 1000000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double d = double_from_bits(bits);
        cp_value v = cp_make_double(d);
        double back = cp_to_double(v);
        if (d == d && memcmp(&d, &back, sizeof d) != 0)
            fail_msg("bits %llx", (unsigned long long)bits);
        if (count_kinds(v) != 1)
            fail_msg("bits %llx", (unsigned long long)bits);
    }
    const double edges[] = {0.0, -0.0, 1.0, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308};
    for (size_t i = 0; i < CP_COUNT_OF(edges); i++) {
        double back = cp_to_double(cp_make_double(edges[i]));
        assert_memory_equal(&back, &edges[i], sizeof back);
    }
    assert_false(cp_same(cp_make_double(0.0), cp_make_double(-0.0)));
}

static void every_nan_becomes_the_same_one(void **state)
{
    (void)state;
    cp_value nan = cp_make_double(NAN);
    assert_true(isnan(cp_to_double(nan)));
    const uint64_t payloads[] = {UINT64_C(0x7FF0000000000001), UINT64_C(0x7FFFFFFFFFFFFFFF),
                                 UINT64_C(0xFFF8000000000000), UINT64_C(0xFFFFFFFFFFFFFFFF),
                                 UINT64_C(0xFFFC000000000005), UINT64_C(0xFFF0000000000001)};
    for (size_t i = 0; i < CP_COUNT_OF(payloads); i++) {
        cp_value v = cp_make_double(double_from_bits(payloads[i]));
        assert_true(cp_same(v, nan));
        assert_false(cp_is_fixnum(v));
    }
}

static void a_reference_is_an_address_and_a_tag(void **state)
{
    (void)state;
    _Alignas(16) cp_pair pair = {CP_TRUE, CP_NIL};
    cp_value v = cp_from_pair(&pair);
    assert_true(cp_is_pair(v));
    assert_true(cp_is_reference(v));
    assert_false(cp_is_object(v));
    assert_ptr_equal(cp_to_pair(v), &pair);
    assert_true(cp_same(cp_car(v), CP_TRUE));
    assert_true(cp_same(cp_cdr(v), CP_NIL));
    assert_int_equal(cp_to_address(v), (uintptr_t)&pair);
    cp_value object = cp_from_object(&pair);
    assert_true(cp_is_object(object));
    assert_true(cp_is_reference(object));
    assert_false(cp_is_pair(object));
    assert_false(cp_is_reference(CP_NOTHING));
    assert_false(cp_is_reference(CP_FALSE));
    assert_false(cp_is_reference(cp_make_char('x')));
    assert_false(cp_is_reference(cp_make_fixnum(8)));
    assert_false(cp_is_reference(cp_make_double(5e-324)));
}

CP_TEST_MAIN(cmocka_unit_test(a_value_is_of_exactly_one_kind),
             cmocka_unit_test(only_false_is_false), cmocka_unit_test(booleans_are_two_constants),
             cmocka_unit_test(characters_are_unicode_scalar_values),
             cmocka_unit_test(fixnums_keep_50_bits), cmocka_unit_test(one_test_finds_two_fixnums),
             cmocka_unit_test(fixnum_arithmetic_says_when_it_overflows),
             cmocka_unit_test(doubles_keep_their_bits),
             cmocka_unit_test(every_nan_becomes_the_same_one),
             cmocka_unit_test(a_reference_is_an_address_and_a_tag))
