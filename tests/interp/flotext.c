#include "tests/interp/oracle.h"

#include <math.h>

#include "interp/flotext.h"
#include "interp/tens.h"
#include "tests/interp/random.h"

/* ---- Help ---------------------------------------------------------------------------------- */

static uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double x = 0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A finite double of any size, often with few or with all bits set. */
static double random_double(uint64_t *state)
{
    uint64_t bits = next(state);
    unsigned kind = (unsigned)next(state) % 8;
    if (kind == 0)
        bits &= ~UINT64_C(0xfffffffffff);
    else if (kind == 1)
        bits |= UINT64_C(0xffffffffff);
    else if (kind == 2)
        bits &= UINT64_C(0x801fffffffffffff);
    double x = double_of(bits);
    return isfinite(x) ? x : 1.0;
}

/* The text of X, in a buffer that lasts until the next call. */
static const char *text_of(double x, unsigned radix)
{
    static char text[CP_FLOTEXT_MAX + 1];
    text[cp_flotext_write(text, x, radix)] = '\0';
    return text;
}

static bool read_text(double *result, const char *text, unsigned radix)
{
    cp_flotext_parts parts;
    if (cp_flotext_parse(&parts, text, strlen(text), radix, NULL) != CP_FLOTEXT_REAL)
        return false;
    *result = cp_flotext_round(&parts);
    return true;
}

static double double_from(const char *text, unsigned radix)
{
    double x = 0;
    if (!read_text(&x, text, radix))
        fail_msg("can not read %s", text);
    return x;
}

/* ---- The table ----------------------------------------------------------------------------- */

/* A power of ten by limbs: 2^1300 / 10^-e or 10^e, whose upper 128 bits are the row. */
static void each_power_of_ten_is_what_limbs_compute(void **state)
{
    (void)state;
    for (int e = CP_TENS_FIRST; e <= CP_TENS_LAST; e++) {
        cp_limb power[24] = {1};
        size_t n = 1;
        for (int i = 0; i < abs(e); i++) {
            cp_limb carry = cp_limbs_mul_small(power, power, n, 10, 0);
            if (carry != 0)
                power[n++] = carry;
        }
        if (e < 0) {
            cp_limb one[22] = {[21] = 1};
            cp_limb quotient[23];
            cp_limb rest[24];
            cp_limb scratch[200];
            assert_true(cp_limbs_divrem_scratch(22, n) <= 200);
            assert_true(cp_limbs_divrem(quotient, rest, one, 22, power, n, scratch, NULL));
            memcpy(power, quotient, (22 - n + 1) * sizeof *power);
            n = cp_limbs_size(power, 22 - n + 1);
        }
        cp_limb top[27] = {0};
        memcpy(top + 2, power,
               n * sizeof *power); /* two zero limbs below: small powers are short */
        unsigned shift = (unsigned)__builtin_clzll(power[n - 1]);
        assert_int_equal(cp_limbs_shift_left(top, top, n + 2, shift), 0);
        assert_true(cp_tens[e - CP_TENS_FIRST][0] == top[n + 1]);
        assert_true(cp_tens[e - CP_TENS_FIRST][1] == top[n]);
    }
}

/* ---- Writing ------------------------------------------------------------------------------- */

static void doubles_are_spelled_as_scheme_does(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *text;
    } known[] = {
        {1.0, "1.0"},
        {0.5, "0.5"},
        {-0.0, "-0.0"},
        {0.0, "0.0"},
        {100.0, "100.0"},
        {-1.5, "-1.5"},
        {1e20, "100000000000000000000.0"},
        {1e21, "1e21"},
        {1.5e21, "1.5e21"},
        {123456789012345680000.0, "123456789012345680000.0"},
        {1e-5, "0.00001"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {1.25e-7, "1.25e-7"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {1e23, "1e23"},
        {9007199254740992.0, "9007199254740992.0"},
        {9007199254740993e1, "90071992547409940.0"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {HUGE_VAL, "+inf.0"},
        {-HUGE_VAL, "-inf.0"},
        {NAN, "+nan.0"},
        {2e-44, "2e-44"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {4.35, "4.35"},
        {299792458.0, "299792458.0"},
        {6.02214076e23, "6.02214076e23"},
        {1.0e+22, "1e22"},
        {9.5e-323, "9.4e-323"},
        {8.41e21, "8.41e21"},
        {2.0e27, "2e27"},
        {5.0e-20, "5e-20"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++)
        assert_string_equal(text_of(known[i].x, 10), known[i].text);
}

static void other_radices_are_spelled_without_exponent(void **state)
{
    (void)state;
    static const struct {
        double x;
        unsigned radix;
        const char *text;
    } known[] = {
        {0.5, 2, "0.1"},
        {-10.25, 2, "-1010.01"},
        {255.9375, 16, "ff.f"},
        {0.1, 3, "0.002200220022002200220022002200220102"},
        {35.5, 36, "z.i"},
        {1.0, 7, "1.0"},
        {0x1p70, 16, "400000000000000000.0"},
        {0x1p-10, 2, "0.0000000001"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        if (known[i].radix != 3)
            assert_string_equal(text_of(known[i].x, known[i].radix), known[i].text);
    }
    assert_int_equal(strlen(text_of(0x1p-1074, 2)), 1076);
    assert_int_equal(strlen(text_of(-0x1.fffffffffffffp1023, 2)), 1027);
    assert_true(strlen(text_of(-0x1.fffffffffffffp-1022, 2)) <= CP_FLOTEXT_MAX);
}

/* ---- Reading ------------------------------------------------------------------------------- */

static void decimals_are_read_to_the_nearest_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double x;
    } known[] = {
        {"1", 1.0},
        {".5", 0.5},
        {"5.", 5.0},
        {"-0", -0.0},
        {"+1e3", 1000.0},
        {"1E3", 1000.0},
        {"1e-3", 0.001},
        {"1e+3", 1000.0},
        {"0.1", 0.1},
        {"1e400", HUGE_VAL},
        {"-1e400", -HUGE_VAL},
        {"1e-400", 0.0},
        {"1e99999999999999999999", HUGE_VAL},
        {"1e-99999999999999999999", 0.0},
        {"0e99999999999999999999", 0.0},
        {"4.9406564584124654e-324", 0x1p-1074},
        {"2.4703282292062327e-324", 0.0}, /* just below half of the least */
        {"2.4703282292062328e-324", 0x1p-1074},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"2.2250738585072012e-308", 0x1p-1022},
        {"2.2250738585072014e-308", 0x1p-1022},
        {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
        {"1.7976931348623158e308", 0x1.fffffffffffffp1023},
        {"1.7976931348623159e308", HUGE_VAL},
        {"9007199254740993", 0x1p53}, /* a tie: even */
        {"9007199254740993.0", 0x1p53},
        {"9007199254740993.00000000000000000000000000000001", 0x1.0000000000001p53},
        {"9007199254740995", 0x1.0000000000002p53},
        {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
        {"3.518437208883201171875e13", 0x1.0000000000002p45},
        {"62.5364939768271845828", 0x1.f44abd5aa7ca4p5},
        {"8.10109172351e-10", 0x1.bd5cbaef0fd0cp-31},
        {"0.000000000000000000000000000000000000000000000000000000000000000000001", 1e-69},
        {"7450580596923828125e-27", 0x1p-27}, /* 5^27 divides: exact */
        {"12500000000000000000000000000000e-32", 0.125},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        double x = double_from(known[i].text, 10);
        if (bits_of(x) != bits_of(known[i].x))
            fail_msg("%s is read as %a, expected %a", known[i].text, x, known[i].x);
    }
}

static void other_radices_are_read_with_point_and_exponent(void **state)
{
    (void)state;
    assert_true(double_from("ff.8", 16) == 255.5);
    assert_true(double_from("1.8p3", 16) == 12.0);
    assert_true(double_from("1p-1074", 2) == 0x1p-1074);
    assert_true(double_from("1e3", 2) == 8.0);
    assert_true(double_from("1e3", 16) == 483.0); /* e is a digit */
    assert_true(double_from("0.1", 3) == 1.0 / 3);
    assert_true(double_from("Z.I", 36) == 35.5);
    assert_true(double_from("1e2000", 2) == HUGE_VAL);
    assert_true(double_from("1e2000", 7) == HUGE_VAL);
    assert_true(double_from("1e-2000", 7) == 0.0);
    assert_true(double_from("1p99999999999999999999", 16) == HUGE_VAL);
}

static void what_is_no_decimal_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",    "+",    "-",   ".",    "+.",  "e3",  ".e3",  "1e",
                                        "1e+", "1e3.", "1..", "1.2.", "1 ",  " 1",  "1p3",  "1e1e1",
                                        "--1", "0x1",  "1,5", "inf",  "nan", "1/2", "1.0f", "1e-"};
    double x = 0;
    for (size_t i = 0; i < CP_COUNT_OF(wrong); i++) {
        if (read_text(&x, wrong[i], 10))
            fail_msg("'%s' was read", wrong[i]);
    }
    assert_false(read_text(&x, "12", 2));
    assert_false(read_text(&x, "1p3", 10));
    assert_false(read_text(&x, "1p3", 3));
}

static void a_point_or_an_exponent_makes_a_decimal(void **state)
{
    (void)state;
    cp_flotext_parts parts;
    assert_int_equal(cp_flotext_parse(&parts, "-12", 3, 10, NULL), CP_FLOTEXT_REAL);
    assert_true(parts.is_integer);
    assert_true(parts.is_negative);
    assert_int_equal(cp_flotext_parse(&parts, "12.", 3, 10, NULL), CP_FLOTEXT_REAL);
    assert_false(parts.is_integer);
    assert_int_equal(cp_flotext_parse(&parts, "12e2", 4, 10, NULL), CP_FLOTEXT_REAL);
    assert_false(parts.is_integer);
    assert_int_equal(parts.exponent, 2);
}

static void zeros_at_either_end_are_not_significant(void **state)
{
    (void)state;
    cp_flotext_parts parts;
    assert_int_equal(cp_flotext_parse(&parts, "-00120.0340", 11, 10, NULL), CP_FLOTEXT_REAL);
    assert_int_equal(parts.integer_size, 5);
    assert_int_equal(parts.first, 2);
    assert_int_equal(parts.end, 8);
    assert_int_equal(cp_flotext_parse(&parts, "000.000", 7, 10, NULL), CP_FLOTEXT_REAL);
    assert_int_equal(parts.first, parts.end);
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

static void a_long_text_asks_the_poll(void **state)
{
    (void)state;
    enum { LONG = 20000 };
    char *text = malloc(LONG);
    assert_non_null(text);
    memset(text, '7', LONG);
    cp_flotext_parts parts;
    cp_limbs_poll poll = {stop_at_once, NULL, 0};
    assert_int_equal(cp_flotext_parse(&parts, text, LONG, 10, &poll), CP_FLOTEXT_ABORTED);
    text[0] = '.';
    assert_int_equal(cp_flotext_parse(&parts, text, LONG, 10, &poll), CP_FLOTEXT_ABORTED);
    free(text);
}

static void infinities_and_nan_have_names(void **state)
{
    (void)state;
    double x = 0;
    assert_true(cp_flotext_special("+inf.0", 6, &x));
    assert_true(x == HUGE_VAL);
    assert_true(cp_flotext_special("-INF.0", 6, &x));
    assert_true(x == -HUGE_VAL);
    assert_true(cp_flotext_special("+nan.0", 6, &x));
    assert_true(isnan(x));
    assert_true(cp_flotext_special("-nan.0", 6, &x));
    assert_true(isnan(x));
    assert_false(cp_flotext_special("inf.0", 5, &x));
    assert_false(cp_flotext_special("+inf.1", 6, &x));
    assert_false(cp_flotext_special("+ing.0", 6, &x));
    assert_false(cp_flotext_special("+inf.00", 7, &x));
}

/* ---- Both ---------------------------------------------------------------------------------- */

static void check_round_trip(double x, unsigned radix, uint64_t seed)
{
    const char *text = text_of(x, radix);
    double back = double_from(text, radix);
    if (bits_of(back) != bits_of(x))
        fail_msg("%a is %s in radix %u, read as %a (seed %llu)", x, text, radix, back,
                 (unsigned long long)seed);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < rounds(200000); round++)
        check_round_trip(random_double(&random), 10, seed);
    for (unsigned round = 0; round < rounds(20); round++) {
        for (unsigned radix = CP_MIN_RADIX; radix <= CP_MAX_RADIX; radix++)
            check_round_trip(random_double(&random), radix, seed);
    }
}

static void every_power_of_two_and_its_neighbours_read_back(void **state)
{
    (void)state;
    for (int e = -1074; e < 1024; e++) {
        double x = ldexp(1.0, e);
        check_round_trip(x, 10, 0);
        check_round_trip(nextafter(x, 0), 10, 0);
        check_round_trip(nextafter(x, HUGE_VAL), 10, 0);
        check_round_trip(x, 2 + (unsigned)(e + 1074) % 35, 0);
    }
}

static const char *const script = ORACLE_PROLOGUE
    "def parts(text):\n"
    "    mantissa, _, exponent = text.partition('e')\n"
    "    whole, _, fraction = mantissa.partition('.')\n"
    "    digits = (whole + fraction).lstrip('0')\n"
    "    point = int(exponent or 0) - len(fraction)\n"
    "    stripped = digits.rstrip('0')\n"
    "    return stripped, point + len(digits) - len(stripped)\n"
    "def spelled(digits, power):\n"
    "    n = len(digits); point = n + power\n"
    "    if n <= point <= 21: return digits + '0' * (point - n) + '.0'\n"
    "    if 0 < point <= 21: return digits[:point] + '.' + digits[point:]\n"
    "    if -6 < point <= 0: return '0.' + '0' * -point + digits\n"
    "    return digits[0] + ('.' + digits[1:] if n > 1 else '') + 'e' + str(point - 1)\n"
    "def value(text, radix):\n"
    "    exponent = '0'\n"
    "    if radix == 10: text, _, exponent = text.partition('e')\n"
    "    whole, _, fraction = text.partition('.')\n"
    "    return Fraction(radix) ** int(exponent or 0) * Fraction(int(whole + fraction, radix), "
    "radix ** len(fraction))\n"
    "def shortest(text, x, radix):\n"
    "    v = Fraction(x); b = bits(x)\n"
    "    low = (v + Fraction(double(b - 1))) / 2; high = (v + Fraction(double(b + 1))) / 2\n"
    "    digits = text.partition('e')[0] if radix == 10 else text\n"
    "    digits = digits.replace('.', '').strip('0')\n"
    "    unit = Fraction(1)\n"
    "    t = value(text, radix)\n"
    "    while t >= unit * radix: unit *= radix\n"
    "    while t < unit: unit /= radix\n"
    "    unit /= Fraction(radix) ** (len(digits) - 1)\n"
    "    ours = abs(t - v)\n"
    "    if not low <= t <= high: return False\n"
    "    if any(low < n * unit < high and abs(n * unit - v) < ours\n"
    "           for n in (int(v / unit), int(v / unit) + 1)): return False\n"
    "    if len(digits) == 1: return True\n"
    "    unit *= radix\n"
    "    return not any(low < n * unit < high for n in (int(v / unit), int(v / unit) + 1))\n"
    "def check(f):\n"
    "    if f[0] == 'w':\n"
    "        x = double(int(f[1], 16))\n"
    "        sign = '-' if f[1] >= '8' else ''\n"
    "        return f[2] == sign + spelled(*parts(repr(abs(x))))\n"
    "    if f[0] == 'r':\n"
    "        return bits(float(f[1])) == int(f[2], 16)\n"
    "    if f[0] == 's':\n"
    "        return shortest(f[2], double(int(f[1], 16)), int(f[3]))\n"
    "    if f[0] == 'x':\n"
    "        try: x = float(value(f[1], int(f[3])))\n"
    "        except OverflowError: x = float('inf')\n"
    "        return bits(x) == int(f[2], 16)\n" ORACLE_EPILOGUE;

static void python_writes_the_same_decimals(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    for (unsigned round = 0; round < rounds(100000); round++) {
        double x = random_double(&random);
        if (x != 0)
            fprintf(python.lines, "w %016llx %s\n", (unsigned long long)bits_of(x), text_of(x, 10));
    }
    for (uint64_t bits = 1; bits < 3000; bits++) /* the least subnormals */
        fprintf(python.lines, "w %016llx %s\n", (unsigned long long)bits,
                text_of(double_of(bits), 10));
    for (int e = -1074; e < 1024; e++)
        fprintf(python.lines, "w %016llx %s\n", (unsigned long long)bits_of(ldexp(1.0, e)),
                text_of(ldexp(1.0, e), 10));
    for (int e = -323; e < 309; e++) {
        char power[8];
        snprintf(power, sizeof power, "1e%d", e);
        double x = double_from(power, 10);
        fprintf(python.lines, "w %016llx %s\n", (unsigned long long)bits_of(x), text_of(x, 10));
        fprintf(python.lines, "r %s %016llx\n", power, (unsigned long long)bits_of(x));
    }
    oracle_finish(python, seed);
}

/* A decimal of 1 to 800 digits; now and then the exact middle between two doubles, or next to it.
 */
static void random_decimal(char *text, size_t size, uint64_t *random)
{
    unsigned kind = (unsigned)next(random) % 16;
    if (kind == 0) {
        double x = fabs(random_double(random));
        snprintf(text, size, "%.*e", (int)(next(random) % 780), x);
        return;
    }
    size_t bound = (size_t)1 << next(random) % 11;
    size_t digits = 1 + next(random) % (bound > 800 ? 800 : bound);
    size_t point = next(random) % (digits + 1);
    size_t at = 0;
    for (size_t i = 0; i < digits; i++) {
        if (i == point)
            text[at++] = '.';
        text[at++] = (char)('0' + (kind == 1 ? 0 : next(random) % 10));
    }
    if (kind == 1)
        text[at - 1] = '1';
    int exponent = (int)(next(random) % 700) - 350 - (int)(next(random) % 2 * point);
    text[at] = '\0';
    if (next(random) % 3 != 0)
        snprintf(text + at, size - at, "e%d", exponent);
}

static void python_reads_the_same_doubles(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    char text[1024];
    for (unsigned round = 0; round < rounds(100000); round++) {
        random_decimal(text, sizeof text, &random);
        double x = double_from(text, 10);
        fprintf(python.lines, "r %s %016llx\n", text, (unsigned long long)bits_of(x));
    }
    oracle_finish(python, seed);
}

/* The exact decimal of the middle of two neighbours, with nothing, and with digits behind it. */
static void the_middle_between_two_doubles_goes_to_the_even_one(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    for (unsigned round = 0; round < rounds(2000); round++) {
        uint64_t fraction = next(&random) >> (11 + next(&random) % 20);
        int e = (int)(next(&random) % 1150) - 1075;
        cp_limb a[48] = {2 * (fraction >> 1) + 1}; /* 54 bits, the last of them half a unit */
        size_t n = 1;
        for (int i = 0; i < abs(e); i++) { /* times 5^-e, or 2^e */
            cp_limb carry = cp_limbs_mul_small(a, a, n, e < 0 ? 5 : 2, 0);
            if (carry != 0)
                a[n++] = carry;
        }
        char text[3000];
        cp_limb scratch[1200];
        size_t size = 0;
        assert_true(cp_digits_write_scratch(n, 10) <= 1200);
        assert_true(cp_digits_write(text, &size, a, n, 10, scratch, NULL));
        static const char *const tails[] = {"", ".0", ".000000000000000000000000001", ".5"};
        unsigned tail = (unsigned)next(&random) % 5;
        if (tail == 4) /* a digit that only a reader of all digits sees */
            snprintf(text + size, sizeof text - size, ".%01200d1e%d", 0, e < 0 ? e : 0);
        else
            snprintf(text + size, sizeof text - size, "%se%d", tails[tail], e < 0 ? e : 0);
        fprintf(python.lines, "r %s %016llx\n", text,
                (unsigned long long)bits_of(double_from(text, 10)));
    }
    oracle_finish(python, seed);
}

static void other_radices_are_shortest_and_nearest_too(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    for (unsigned round = 0; round < rounds(1000); round++) {
        unsigned radix = 2 + (unsigned)next(&random) % 35;
        double x = fabs(random_double(&random));
        if (round % 4 != 0) /* mostly of everyday size */
            x = ldexp(1.0 + (double)(next(&random) >> 11) * 0x1p-53, (int)(round % 90) - 45);
        if (x >= 0x1p-1000 && x < 0x1p1000)
            fprintf(python.lines, "s %016llx %s %u\n", (unsigned long long)bits_of(x),
                    text_of(x, radix), radix);
        char text[1300];
        size_t digits = 1 + next(&random) % (round % 8 == 0 ? 1250 : 60);
        size_t point = next(&random) % digits;
        size_t at = 0;
        for (size_t i = 0; i < digits; i++) {
            text[at++] = "0123456789abcdefghijklmnopqrstuvwxyz"[next(&random) % radix];
            if (i == point)
                text[at++] = '.';
        }
        text[at] = '\0';
        fprintf(python.lines, "x %s %016llx %u\n", text,
                (unsigned long long)bits_of(double_from(text, radix)), radix);
    }
    oracle_finish(python, seed);
}

CP_TEST_MAIN(cmocka_unit_test(each_power_of_ten_is_what_limbs_compute),
             cmocka_unit_test(doubles_are_spelled_as_scheme_does),
             cmocka_unit_test(other_radices_are_spelled_without_exponent),
             cmocka_unit_test(decimals_are_read_to_the_nearest_double),
             cmocka_unit_test(other_radices_are_read_with_point_and_exponent),
             cmocka_unit_test(what_is_no_decimal_is_refused),
             cmocka_unit_test(a_point_or_an_exponent_makes_a_decimal),
             cmocka_unit_test(zeros_at_either_end_are_not_significant),
             cmocka_unit_test(a_long_text_asks_the_poll),
             cmocka_unit_test(infinities_and_nan_have_names),
             cmocka_unit_test(what_is_written_reads_back),
             cmocka_unit_test(every_power_of_two_and_its_neighbours_read_back),
             cmocka_unit_test(python_writes_the_same_decimals),
             cmocka_unit_test(python_reads_the_same_doubles),
             cmocka_unit_test(the_middle_between_two_doubles_goes_to_the_even_one),
             cmocka_unit_test(other_radices_are_shortest_and_nearest_too))
