#include "tests/interp/oracle.h"

#include <math.h>

#include "interp/bignum.h"
#include "tests/fault.h"
#include "tests/interp/random.h"

/* ---- Help ---------------------------------------------------------------------------------- */

typedef struct fixture {
    cp_fault fault;
    cp_calc calc;
} fixture;

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    cp_fault_init(&f->fault, 0);
    cp_heap_options options = {.allocator = &f->fault.allocator};
    f->calc.heap = cp_heap_new(&options);
    assert_non_null(f->calc.heap);
    cp_bignum_init(f->calc.heap);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    cp_heap_free(f->calc.heap);
    size_t live = f->fault.live_bytes;
    free(f);
    return live == 0 ? 0 : -1;
}

#define DONE(call) assert_int_equal(call, CP_CALC_OK)

static cp_value read_hex(const cp_calc *calc, const char *text)
{
    bool is_negative = *text == '-';
    text += is_negative;
    cp_value v = CP_NOTHING;
    DONE(cp_integer_read(calc, text, strlen(text), 16, is_negative, &v));
    return v;
}

/* A text that lasts until the eighth call from now. */
static const char *hex(const cp_calc *calc, cp_value v)
{
    static char texts[8][20000];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    assert_true(cp_integer_text_size(v, 16) < sizeof texts[0]);
    size_t size = 0;
    DONE(cp_integer_write(calc, v, 16, text, &size));
    text[size] = '\0';
    return text;
}

static cp_value fixnum(int64_t n)
{
    return cp_make_fixnum(n);
}

/* Runs of zeros and of ones, near powers of two, near the ends of the fixnums. */
static cp_value random_integer(const cp_calc *calc, size_t max_digits, uint64_t *random)
{
    char text[2100];
    size_t bound = (size_t)1 << next(random) % 12;
    if (bound > max_digits)
        bound = max_digits;
    size_t digits = 1 + next(random) % bound;
    size_t at = 0;
    if (next(random) % 2 == 0)
        text[at++] = '-';
    unsigned kind = (unsigned)next(random) % 4;
    for (size_t i = 0; i < digits; i++) {
        if (kind == 0 && next(random) % 8 != 0)
            text[at++] = i % 29 < 20 ? 'f' : '0';
        else
            text[at++] = "0123456789abcdef"[next(random) % 16];
    }
    text[at] = '\0';
    if (kind == 1) {
        int64_t edge = CP_FIXNUM_MAX - 4 + (int64_t)(next(random) % 8);
        snprintf(text, sizeof text, "%s%llx", next(random) % 2 == 0 ? "-" : "",
                 (unsigned long long)edge);
    }
    return read_hex(calc, text);
}

/* ---- Representation ------------------------------------------------------------------------ */

static void what_fits_a_fixnum_is_one(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v = CP_NOTHING;
    DONE(cp_integer_from_int64(calc, CP_FIXNUM_MAX, &v));
    assert_true(cp_same(v, fixnum(CP_FIXNUM_MAX)));
    DONE(cp_integer_from_int64(calc, CP_FIXNUM_MIN, &v));
    assert_true(cp_same(v, fixnum(CP_FIXNUM_MIN)));
    DONE(cp_integer_from_int64(calc, CP_FIXNUM_MAX + 1, &v));
    assert_true(cp_is_bignum(v));
    DONE(cp_integer_from_int64(calc, CP_FIXNUM_MIN - 1, &v));
    assert_true(cp_is_bignum(v));
    DONE(cp_integer_add(calc, v, fixnum(1), &v));
    assert_true(cp_same(v, fixnum(CP_FIXNUM_MIN)));
    DONE(cp_integer_subtract(calc, fixnum(CP_FIXNUM_MIN), fixnum(1), &v));
    assert_true(cp_is_bignum(v));
}

static void one_limb_takes_one_granule(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v = CP_NOTHING;
    DONE(cp_integer_from_uint64(calc, UINT64_MAX, &v));
    assert_int_equal(cp_object_size(calc->heap, cp_to_object(v)), 16);
}

static void integers_pass_through_c_when_they_fit(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const int64_t kept[] = {0, 1, -1, INT64_MAX, INT64_MIN, CP_FIXNUM_MAX, CP_FIXNUM_MIN};
    for (size_t i = 0; i < CP_COUNT_OF(kept); i++) {
        cp_value v = CP_NOTHING;
        int64_t back = 77;
        DONE(cp_integer_from_int64(calc, kept[i], &v));
        assert_true(cp_integer_to_int64(v, &back));
        assert_true(back == kept[i]);
    }
    int64_t small = 0;
    uint64_t large = 0;
    assert_false(cp_integer_to_int64(read_hex(calc, "8000000000000000"), &small));
    assert_false(cp_integer_to_int64(read_hex(calc, "-8000000000000001"), &small));
    assert_true(cp_integer_to_uint64(read_hex(calc, "ffffffffffffffff"), &large));
    assert_true(large == UINT64_MAX);
    assert_false(cp_integer_to_uint64(read_hex(calc, "10000000000000000"), &large));
    assert_false(cp_integer_to_uint64(fixnum(-1), &large));
}

static void equal_integers_have_equal_hashes(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    uint64_t random = 3;
    const cp_type *row = calc->heap->types[CP_TYPE_BIGNUM];
    for (unsigned i = 0; i < 300; i++) {
        cp_value a = random_integer(calc, 1000, &random);
        if (!cp_is_bignum(a))
            continue;
        cp_value b = read_hex(calc, hex(calc, a));
        assert_false(cp_same(a, b));
        assert_true(row->equal(cp_to_object(a), cp_to_object(b)));
        assert_true(row->hash(cp_to_object(a)) == row->hash(cp_to_object(b)));
        cp_value negated = CP_NOTHING;
        DONE(cp_integer_subtract(calc, fixnum(0), a, &negated));
        if (cp_is_bignum(negated))
            assert_false(row->equal(cp_to_object(a), cp_to_object(negated)));
    }
}

/* ---- Arithmetic ---------------------------------------------------------------------------- */

static void the_square_of_a_sum_has_three_parts(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned i = 0; i < rounds(500); i++) {
        cp_value a = random_integer(calc, 2000, &random);
        cp_value b = random_integer(calc, 2000, &random);
        cp_value left, right, part;
        DONE(cp_integer_add(calc, a, b, &left));
        DONE(cp_integer_expt(calc, left, 2, &left));
        DONE(cp_integer_multiply(calc, a, a, &right));
        DONE(cp_integer_multiply(calc, a, b, &part));
        DONE(cp_integer_shift(calc, part, 1, &part));
        DONE(cp_integer_add(calc, right, part, &right));
        DONE(cp_integer_multiply(calc, b, b, &part));
        DONE(cp_integer_add(calc, right, part, &right));
        CHECK_SEED(cp_integer_compare(left, right) == 0, seed);
        CHECK_SEED(cp_is_fixnum(left) == cp_is_fixnum(right), seed);
    }
}

static void division_has_the_sign_that_its_rounding_says(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        cp_division division;
        int64_t a, b, q, r;
    } known[] = {
        {CP_DIVISION_TRUNCATE, 5, 2, 2, 1},   {CP_DIVISION_TRUNCATE, -5, 2, -2, -1},
        {CP_DIVISION_TRUNCATE, 5, -2, -2, 1}, {CP_DIVISION_TRUNCATE, -5, -2, 2, -1},
        {CP_DIVISION_FLOOR, 5, 2, 2, 1},      {CP_DIVISION_FLOOR, -5, 2, -3, 1},
        {CP_DIVISION_FLOOR, 5, -2, -3, -1},   {CP_DIVISION_FLOOR, -5, -2, 2, -1},
        {CP_DIVISION_FLOOR, -1, 7, -1, 6},    {CP_DIVISION_TRUNCATE, -1, 7, 0, -1},
        {CP_DIVISION_FLOOR, 0, -7, 0, 0},     {CP_DIVISION_FLOOR, -14, 7, -2, 0},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value q, r, only;
        cp_value a = fixnum(known[i].a);
        cp_value b = fixnum(known[i].b);
        DONE(cp_integer_divide(calc, known[i].division, a, b, &q, &r));
        assert_true(cp_same(q, fixnum(known[i].q)));
        assert_true(cp_same(r, fixnum(known[i].r)));
        DONE(cp_integer_divide(calc, known[i].division, a, b, &only, NULL));
        assert_true(cp_same(only, q));
        DONE(cp_integer_divide(calc, known[i].division, a, b, NULL, &only));
        assert_true(cp_same(only, r));
    }
    cp_value q = CP_NOTHING;
    assert_int_equal(cp_integer_divide(calc, CP_DIVISION_FLOOR, fixnum(1), fixnum(0), &q, NULL),
                     CP_CALC_DIVIDE_BY_ZERO);
    assert_true(cp_is_nothing(q));
    DONE(
        cp_integer_divide(calc, CP_DIVISION_TRUNCATE, fixnum(CP_FIXNUM_MIN), fixnum(-1), &q, NULL));
    assert_string_equal(hex(calc, q), "2000000000000");
}

static void powers_of_small_bases_are_quick_and_large_ones_refused(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v;
    DONE(cp_integer_expt(calc, fixnum(0), 0, &v));
    assert_true(cp_same(v, fixnum(1)));
    DONE(cp_integer_expt(calc, fixnum(0), 5, &v));
    assert_true(cp_same(v, fixnum(0)));
    DONE(cp_integer_expt(calc, fixnum(-1), UINT64_MAX, &v));
    assert_true(cp_same(v, fixnum(-1)));
    DONE(cp_integer_expt(calc, fixnum(1), UINT64_MAX, &v));
    assert_true(cp_same(v, fixnum(1)));
    DONE(cp_integer_expt(calc, fixnum(-2), 63, &v));
    assert_string_equal(hex(calc, v), "-8000000000000000");
    DONE(cp_integer_expt(calc, fixnum(2), CP_BIGNUM_MAX_BITS - 1, &v));
    assert_int_equal(cp_integer_bit_length(v), CP_BIGNUM_MAX_BITS);
    assert_int_equal(cp_integer_expt(calc, fixnum(2), CP_BIGNUM_MAX_BITS, &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_expt(calc, fixnum(3), UINT64_MAX, &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_expt(calc, fixnum(10), UINT64_C(1) << 40, &v), CP_CALC_TOO_LARGE);
}

static void what_is_too_large_is_refused(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value large, v;
    DONE(cp_integer_shift(calc, fixnum(1), CP_BIGNUM_MAX_BITS - 1, &large));
    assert_int_equal(cp_integer_add(calc, large, large, &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_multiply(calc, large, fixnum(2), &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_multiply(calc, large, large, &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_shift(calc, large, 1, &v), CP_CALC_TOO_LARGE);
    assert_int_equal(cp_integer_shift(calc, fixnum(1), INT64_MAX, &v), CP_CALC_TOO_LARGE);
    DONE(cp_integer_shift(calc, fixnum(0), INT64_MAX, &v));
    assert_true(cp_same(v, fixnum(0)));
    DONE(cp_integer_shift(calc, large, INT64_MIN, &v));
    assert_true(cp_same(v, fixnum(0)));
    DONE(cp_integer_multiply(calc, large, fixnum(1), &v));
    assert_int_equal(cp_integer_compare(v, large), 0);
}

/* ---- Doubles ------------------------------------------------------------------------------- */

static void doubles_become_the_integers_that_they_are(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        double x;
        const char *hex;
    } known[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {1e18, "de0b6b3a7640000"},
        {-1e18, "-de0b6b3a7640000"},
        {0x1p63, "8000000000000000"},
        {0x1.fffffffffffffp62, "7ffffffffffffc00"},
        {0x1p64, "10000000000000000"},
        {-0x1.8p100, "-18000000000000000000000000"},
        {2.75, "2"},
        {-2.75, "-2"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value v;
        DONE(cp_integer_from_double(calc, known[i].x, &v));
        assert_string_equal(hex(calc, v), known[i].hex);
    }
    for (int e = 0; e < 1024; e++) {
        double x = ldexp(1.2345678901234567, e);
        cp_value v;
        DONE(cp_integer_from_double(calc, x, &v));
        assert_true(cp_integer_to_double(v) == trunc(x));
        assert_int_equal(cp_integer_compare_double(v, x), trunc(x) < x ? -1 : 0);
    }
}

static void integers_compare_with_doubles_without_rounding(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v = read_hex(calc, "20000000000001"); /* 2^53 + 1, which no double is */
    assert_true(cp_integer_compare_double(v, 0x1p53) > 0);
    assert_true(cp_integer_compare_double(v, 0x1p53 + 2) < 0);
    assert_true(cp_integer_to_double(v) == 0x1p53);
    cp_value negative = read_hex(calc, "-20000000000001");
    assert_true(cp_integer_compare_double(negative, -0x1p53) < 0);
    assert_true(cp_integer_compare_double(negative, 1.0) < 0);
    assert_true(cp_integer_compare_double(v, HUGE_VAL) < 0);
    assert_true(cp_integer_compare_double(v, -HUGE_VAL) > 0);
    assert_true(cp_integer_compare_double(negative, -HUGE_VAL) > 0);
    assert_true(cp_integer_compare_double(fixnum(2), 2.5) < 0);
    assert_true(cp_integer_compare_double(fixnum(-2), -2.5) > 0);
    cp_value huge;
    DONE(cp_integer_shift(calc, fixnum(1), 1024, &huge));
    assert_true(cp_integer_compare_double(huge, 0x1.fffffffffffffp1023) > 0);
    assert_true(isinf(cp_integer_to_double(huge)));
    cp_value odd = read_hex(calc, "2000000000000"); /* 2^49, no fixnum, against a fraction */
    assert_true(cp_integer_compare_double(odd, 0x1p49 + 0.5) < 0);
    assert_true(cp_integer_compare_double(odd, 0x1p49 - 0.5) > 0);
}

/* ---- Python -------------------------------------------------------------------------------- */

static const char *const script = ORACLE_PROLOGUE
    "from math import gcd, isqrt\n"
    "def n(t): return int(t, 16)\n"
    "def trunc(a, b):\n"
    "    q = abs(a) // abs(b)\n"
    "    q = q if (a < 0) == (b < 0) else -q\n"
    "    return q, a - q * b\n"
    "def near(x):\n"
    "    try: return float(x)\n"
    "    except OverflowError: return float('inf') if x > 0 else float('-inf')\n"
    "digits = '0123456789abcdefghijklmnopqrstuvwxyz'\n"
    "ops = {\n"
    "    '+': lambda a, b, r: a + b == r,\n"
    "    '-': lambda a, b, r: a - b == r,\n"
    "    '*': lambda a, b, r: a * b == r,\n"
    "    't': lambda a, b, q, r: trunc(a, b) == (q, r),\n"
    "    'f': lambda a, b, q, r: divmod(a, b) == (q, r),\n"
    "    'g': lambda a, b, r: gcd(a, b) == r,\n"
    "    '&': lambda a, b, r: a & b == r,\n"
    "    '|': lambda a, b, r: a | b == r,\n"
    "    '^': lambda a, b, r: a ^ b == r,\n"
    "    'e': lambda a, b, r: a ** b == r,\n"
    "    's': lambda a, b, r: (a << b if b >= 0 else a >> -b) == r,\n"
    "    'c': lambda a, b, r: (a > b) - (a < b) == r,\n"
    "    'q': lambda a, r, s: isqrt(a) == r and a - r * r == s,\n"
    "    'b': lambda a, r, s: (a if a >= 0 else ~a).bit_length() == r and\n"
    "                         bin(a if a >= 0 else ~a).count('1') == s,\n"
    "    'd': lambda a, r: bits(near(a)) == r,\n"
    "    'm': lambda a, x, r: (lambda y: (a > y) - (a < y))(Fraction(double(x))) == r,\n"
    "    'r': lambda a, b, r: bits(near(Fraction(a, b))) == r,\n"
    "}\n"
    "def check(f):\n"
    "    if f[0] == 'w':\n"
    "        return n(f[1]) == int(f[3], int(f[2], 16)) and f[3].lower() == f[3]\n"
    "    return ops[f[0]](*map(n, f[1:]))\n" ORACLE_EPILOGUE;

static uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

typedef cp_calc_status (*binary_function)(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);

static void write_binary(FILE *out, const cp_calc *calc, const char *op, binary_function function,
                         cp_value a, cp_value b)
{
    cp_value r = CP_NOTHING;
    DONE(function(calc, a, b, &r));
    fprintf(out, "%s %s %s %s\n", op, hex(calc, a), hex(calc, b), hex(calc, r));
}

static void write_division(FILE *out, const cp_calc *calc, cp_division division, cp_value a,
                           cp_value b)
{
    cp_value q, r;
    DONE(cp_integer_divide(calc, division, a, b, &q, &r));
    fprintf(out, "%s %s %s %s %s\n", division == CP_DIVISION_FLOOR ? "f" : "t", hex(calc, a),
            hex(calc, b), hex(calc, q), hex(calc, r));
}

static void write_logic(FILE *out, const cp_calc *calc, cp_value a, cp_value b)
{
    for (unsigned op = CP_LOGIC_AND; op <= CP_LOGIC_XOR; op++) {
        cp_value r;
        DONE(cp_integer_logic(calc, (cp_logic_op)op, a, b, &r));
        fprintf(out, "%c %s %s %s\n", "&|^"[op], hex(calc, a), hex(calc, b), hex(calc, r));
    }
}

static void write_one(FILE *out, const cp_calc *calc, cp_value a, uint64_t *random)
{
    cp_value r, s;
    int64_t count = (int64_t)(next(random) % 300) - 150;
    DONE(cp_integer_shift(calc, a, count, &r));
    fprintf(out, "s %s %s %s\n", hex(calc, a), hex(calc, fixnum(count)), hex(calc, r));
    fprintf(out, "b %s %llx %llx\n", hex(calc, a), (unsigned long long)cp_integer_bit_length(a),
            (unsigned long long)cp_integer_bit_count(a));
    fprintf(out, "d %s %llx\n", hex(calc, a), (unsigned long long)bits_of(cp_integer_to_double(a)));
    unsigned radix = 2 + (unsigned)next(random) % 35;
    char text[9000];
    size_t size = 0;
    if (cp_integer_text_size(a, radix) < sizeof text) {
        DONE(cp_integer_write(calc, a, radix, text, &size));
        fprintf(out, "w %s %x %.*s\n", hex(calc, a), radix, (int)size, text);
        bool is_negative = text[0] == '-';
        DONE(cp_integer_read(calc, text + is_negative, size - is_negative, radix, is_negative, &r));
        assert_int_equal(cp_integer_compare(a, r), 0);
    }
    if (cp_integer_sign(a) >= 0) {
        DONE(cp_integer_sqrt(calc, a, &r, &s));
        fprintf(out, "q %s %s %s\n", hex(calc, a), hex(calc, r), hex(calc, s));
    }
}

static void write_mixed(FILE *out, const cp_calc *calc, cp_value a, cp_value b, uint64_t *random)
{
    fprintf(out, "c %s %s %d\n", hex(calc, a), hex(calc, b), cp_integer_compare(a, b));
    double x = cp_integer_to_double(next(random) % 2 == 0 ? a : b);
    if (isfinite(x)) {
        x = next(random) % 2 == 0 ? nextafter(x, 0) : x;
        fprintf(out, "m %s %llx %d\n", hex(calc, a), (unsigned long long)bits_of(x),
                cp_integer_compare_double(a, x));
    }
    if (cp_integer_sign(b) != 0) {
        DONE(cp_integer_ratio_to_double(calc, a, b, &x));
        if (x != 0) /* Python has no sign for the zero of a ratio */
            fprintf(out, "r %s %s %llx\n", hex(calc, a), hex(calc, b),
                    (unsigned long long)bits_of(x));
    }
}

static void python_agrees_on_every_operation(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    FILE *out = python.lines;
    for (unsigned i = 0; i < rounds(6500); i++) { /* 16 lines each */
        size_t digits = i % 50 == 0 ? 2000 : 150;
        cp_value a = random_integer(calc, digits, &random);
        cp_value b = random_integer(calc, digits, &random);
        write_binary(out, calc, "+", cp_integer_add, a, b);
        write_binary(out, calc, "-", cp_integer_subtract, a, b);
        write_binary(out, calc, "*", cp_integer_multiply, a, b);
        write_binary(out, calc, "g", cp_integer_gcd, a, b);
        if (cp_integer_sign(b) != 0) {
            write_division(out, calc, CP_DIVISION_TRUNCATE, a, b);
            write_division(out, calc, CP_DIVISION_FLOOR, a, b);
        }
        write_logic(out, calc, a, b);
        write_one(out, calc, a, &random);
        write_mixed(out, calc, a, b, &random);
        if (i % 4 == 0) {
            cp_value base = random_integer(calc, 30, &random);
            uint64_t exponent = next(&random) % 40;
            cp_value r;
            DONE(cp_integer_expt(calc, base, exponent, &r));
            fprintf(out, "e %s %llx %s\n", hex(calc, base), (unsigned long long)exponent,
                    hex(calc, r));
        }
    }
    oracle_finish(python, seed);
}

/* ---- Refusals ------------------------------------------------------------------------------ */

/* Each operation on numbers of 200 limbs; *RESULT is left alone unless it is done. */
static cp_calc_status run_operation(const cp_calc *calc, unsigned which, cp_value a, cp_value b,
                                    cp_value *result)
{
    char text[8000];
    size_t size = 0;
    double x = 0;
    cp_value other = CP_NOTHING;
    switch (which) {
    case 0:
        return cp_integer_add(calc, a, b, result);
    case 1:
        return cp_integer_subtract(calc, a, b, result);
    case 2:
        return cp_integer_multiply(calc, a, b, result);
    case 3:
        return cp_integer_divide(calc, CP_DIVISION_FLOOR, a, b, result, &other);
    case 4:
        return cp_integer_gcd(calc, a, b, result);
    case 5:
        return cp_integer_sqrt(calc, b, result, &other);
    case 6:
        return cp_integer_expt(calc, b, 7, result);
    case 7:
        return cp_integer_shift(calc, a, 77, result);
    case 8:
        return cp_integer_shift(calc, a, -77, result);
    case 9:
        return cp_integer_logic(calc, CP_LOGIC_XOR, a, b, result);
    case 10:
        return cp_integer_write(calc, a, 10, text, &size);
    case 11:
        return cp_integer_ratio_to_double(calc, a, b, &x);
    case 12:
        memset(text, '7', 6000);
        return cp_integer_read(calc, text, 6000, 10, false, result);
    default:
        return CP_CALC_WRONG_1;
    }
}

enum { OPERATIONS = 13 };

static void make_operands(const cp_calc *calc, cp_value *a, cp_value *b)
{
    DONE(cp_integer_expt(calc, fixnum(-7), 4499, a)); /* 198 limbs */
    DONE(cp_integer_expt(calc, fixnum(5), 4000, b));  /* 146 limbs */
}

static void a_refused_allocation_changes_nothing(void **state)
{
    fixture *f = *state;
    const cp_calc *calc = &f->calc;
    cp_value a, b;
    make_operands(calc, &a, &b);
    char *a_text = strdup(hex(calc, a));
    char *b_text = strdup(hex(calc, b));
    for (unsigned which = 0; which < OPERATIONS; which++) {
        uint64_t refused_at = 1;
        for (bool is_done = false; !is_done; refused_at++) {
            size_t live = f->fault.live_bytes;
            f->fault.refuse_at = f->fault.requests + refused_at;
            cp_value result = CP_NOTHING;
            cp_calc_status status = run_operation(calc, which, a, b, &result);
            f->fault.refuse_at = 0;
            is_done = status == CP_CALC_OK;
            if (!is_done) {
                assert_int_equal(status, CP_CALC_RETRY);
                assert_true(cp_is_nothing(result));
                assert_int_equal(f->fault.live_bytes, live);
            }
            assert_string_equal(hex(calc, a), a_text);
            assert_string_equal(hex(calc, b), b_text);
        }
        assert_true(refused_at > 2); /* at least one refusal was met */
    }
    free(a_text);
    free(b_text);
}

/* The heap's own refusal: an object of the result does not fit under the cap. */
static void a_full_heap_makes_the_operation_retry(void **state)
{
    (void)state;
    cp_heap_options options = {.cap_bytes = 4 << 20};
    cp_heap *heap = cp_heap_new(&options);
    assert_non_null(heap);
    cp_bignum_init(heap);
    cp_calc calc = {heap, NULL};
    cp_value v = CP_NOTHING;
    DONE(cp_integer_shift(&calc, fixnum(1), 1 << 20, &v)); /* 128 KiB */
    cp_calc_status status = CP_CALC_OK;
    unsigned sums = 0;
    while (status == CP_CALC_OK && sums++ < 100)
        status = cp_integer_add(&calc, v, fixnum(1), &v);
    assert_int_equal(status, CP_CALC_RETRY);
    assert_true(sums > 5);
    cp_heap_free(heap);
}

static bool is_zero(void *context)
{
    unsigned *left = context;
    return (*left)-- == 0;
}

static void an_aborted_operation_leaks_nothing_and_can_be_repeated(void **state)
{
    fixture *f = *state;
    static const unsigned abortable[] = {2, 3, 4, 5, 6, 10, 11, 12};
    cp_value a, b;
    make_operands(&f->calc, &a, &b);
    for (size_t i = 0; i < CP_COUNT_OF(abortable); i++) {
        unsigned aborted = 0;
        for (bool is_done = false; !is_done;) {
            unsigned left = aborted;
            cp_limbs_poll poll = {is_zero, &left, CP_LIMBS_POLL_STEPS - 1};
            cp_calc calc = {f->calc.heap, &poll};
            size_t live = f->fault.live_bytes;
            cp_value result = CP_NOTHING;
            cp_calc_status status = run_operation(&calc, abortable[i], a, b, &result);
            is_done = status == CP_CALC_OK;
            if (!is_done) {
                aborted++;
                assert_int_equal(status, CP_CALC_ABORTED);
                assert_true(cp_is_nothing(result));
                assert_int_equal(f->fault.live_bytes, live);
            }
        }
        assert_true(aborted > 0);
    }
}

static void a_status_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(cp_calc_status_text(CP_CALC_DIVIDE_BY_ZERO), "division by zero");
    assert_string_equal(cp_calc_status_text(CP_CALC_NO_INTEGER), "the result is no integer");
}

#define WITH_HEAP(test) cmocka_unit_test_setup_teardown(test, start, stop)

CP_TEST_MAIN(WITH_HEAP(what_fits_a_fixnum_is_one), WITH_HEAP(one_limb_takes_one_granule),
             WITH_HEAP(integers_pass_through_c_when_they_fit),
             WITH_HEAP(equal_integers_have_equal_hashes),
             WITH_HEAP(the_square_of_a_sum_has_three_parts),
             WITH_HEAP(division_has_the_sign_that_its_rounding_says),
             WITH_HEAP(powers_of_small_bases_are_quick_and_large_ones_refused),
             WITH_HEAP(what_is_too_large_is_refused),
             WITH_HEAP(doubles_become_the_integers_that_they_are),
             WITH_HEAP(integers_compare_with_doubles_without_rounding),
             WITH_HEAP(python_agrees_on_every_operation),
             WITH_HEAP(a_refused_allocation_changes_nothing),
             cmocka_unit_test(a_full_heap_makes_the_operation_retry),
             WITH_HEAP(an_aborted_operation_leaks_nothing_and_can_be_repeated),
             cmocka_unit_test(a_status_has_a_text))
