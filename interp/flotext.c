/* flotext.c -- three ways out and three ways in.
 *
 * Writing decimals: Schubfach (Giulietti, The Schubfach way to render doubles, 2020), three
 * products with a power of ten of 126 bits. Other radices: Steele and White's free-format algorithm
 * (1990) on numbers of fixed size.
 *
 * Reading decimals: exact double arithmetic where it suffices (Clinger, 1990), then one product
 * with a power of ten of 128 bits, after Eisel and Lemire (Lemire, Number parsing at a gigabyte per
 * second, 2021); the few texts that it can not decide, and the other radices, by a quotient of
 * limbs. */
#include "interp/flotext.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "interp/tens.h"

/* The fast way of reading multiplies two doubles and expects one rounding. */
_Static_assert(FLT_EVAL_METHOD == 0, "doubles are computed as doubles");

enum {
    FRACTION_BITS = 52,
    MIN_EXPONENT = -1074,     /* of the last bit of a subnormal */
    MAX_DECIMAL_EXPONENT = 21 /* decimals from 10^21 on have an exponent */
};

/* A positive finite double is FRACTION * 2^EXPONENT. Its lower neighbour is half as far away as its
 * upper one when it IS_POWER of two, but for the least normal. */
typedef struct binary {
    uint64_t fraction;
    int exponent;
    bool is_power;
} binary;

static binary take_apart(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t hidden = UINT64_C(1) << FRACTION_BITS;
    uint64_t fraction = bits & (hidden - 1);
    int field = (int)(bits >> FRACTION_BITS & 0x7ff);
    if (field == 0)
        return (binary){fraction, MIN_EXPONENT, false};
    return (binary){fraction | hidden, field - 1 + MIN_EXPONENT, fraction == 0 && field > 1};
}

static const uint64_t *power_of_ten(int exponent)
{
    assert(exponent >= CP_TENS_FIRST);
    assert(exponent <= CP_TENS_LAST);
    return cp_tens[exponent - CP_TENS_FIRST];
}

/* floor(log2 10^e), right for |e| <= 350; 217706 / 2^16 is log2 10. */
static int log2_of_power_of_ten(int e)
{
    return (e * 217706) >> 16;
}

/* ---- Writing decimals ---------------------------------------------------------------------- */

/* DIGITS * 10^EXPONENT. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

static uint64_t high_product(uint64_t a, uint64_t b)
{
    return (uint64_t)((cp_uint128)a * b >> 64);
}

/* G * CP / 2^127 rounded to odd, where G = G1 2^63 + G0 (section 9.10 of the paper). */
static uint64_t round_to_odd(uint64_t g1, uint64_t g0, uint64_t cp)
{
    const uint64_t low_bits = UINT64_MAX >> 1;
    cp_uint128 y = (cp_uint128)g1 * cp;
    uint64_t z = ((uint64_t)y >> 1) + high_product(g0, cp);
    uint64_t w = (uint64_t)(y >> 64) + (z >> 63);
    return w | ((z & low_bits) + low_bits) >> 63;
}

/* floor(log10 2^q), or floor(log10 (3/4 2^q)), right for all doubles: 661971961083 / 2^41 is
 * log10 2, the other constant is log10 4/3. */
static int log10_of_interval(int q, bool is_power)
{
    return (int)((q * INT64_C(661971961083) - (is_power ? INT64_C(274743187321) : 0)) >> 41);
}

/* The shortest decimal in the rounding interval of B, the nearest of the shortest. All bounds are
 * in quarters of 10^k; an even fraction owns the bounds of its interval. */
static decimal shortest_decimal(binary b)
{
    unsigned is_odd = b.fraction & 1;
    uint64_t middle = b.fraction << 2;
    uint64_t lower = middle - (b.is_power ? 1 : 2);
    uint64_t upper = middle + 2;
    int k = log10_of_interval(b.exponent, b.is_power);
    int h = b.exponent + log2_of_power_of_ten(-k) + 2;
    const uint64_t *t = power_of_ten(-k);
    cp_uint128 g = (((cp_uint128)t[0] << 64 | t[1]) >> 2) + 1;
    uint64_t g1 = (uint64_t)(g >> 63);
    uint64_t g0 = (uint64_t)g & UINT64_MAX >> 1;
    uint64_t v = round_to_odd(g1, g0, middle << h);
    uint64_t v_lower = round_to_odd(g1, g0, lower << h) + is_odd;
    uint64_t v_upper = round_to_odd(g1, g0, upper << h) - is_odd;
    uint64_t s = v >> 2;
    if (s >= 10) { /* one digit less, if just one such number is inside */
        uint64_t below = s / 10 * 10;
        bool is_below_in = v_lower <= below << 2;
        bool is_above_in = (below + 10) << 2 <= v_upper;
        if (is_below_in != is_above_in)
            return (decimal){is_below_in ? s / 10 : s / 10 + 1, k + 1};
    }
    bool is_below_in = v_lower <= s << 2;
    bool is_above_in = (s + 1) << 2 <= v_upper;
    if (is_below_in != is_above_in)
        return (decimal){is_below_in ? s : s + 1, k};
    uint64_t halfway = (s + (s + 1)) << 1;
    bool is_up = v > halfway || (v == halfway && (s & 1) != 0);
    return (decimal){is_up ? s + 1 : s, k};
}

/* Integers that a fraction holds are their own digits. */
static decimal decimal_of(double x)
{
    if (x < 0x1p53 && x == (double)(uint64_t)x)
        return (decimal){(uint64_t)x, 0};
    return shortest_decimal(take_apart(x));
}

static char *put(char *end, const char *text, size_t size)
{
    memcpy(end, text, size);
    return end + size;
}

static char *put_zeros(char *end, int count)
{
    assert(count >= 0);
    memset(end, '0', (size_t)count);
    return end + count;
}

/* The digits of X at TEXT, at most 20; returns how many. */
static int write_digits(char *text, uint64_t x)
{
    char reversed[20];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + x % 10);
        x /= 10;
    } while (x > 0);
    for (int i = 0; i < count; i++)
        text[i] = reversed[count - 1 - i];
    return count;
}

/* 0.DIGITS times radix^POINT, without an exponent. */
static char *put_positional(char *end, const char *digits, int count, int point)
{
    if (point <= 0) {
        end = put(end, "0.", 2);
        end = put_zeros(end, -point);
        return put(end, digits, (size_t)count);
    }
    if (point >= count) {
        end = put(end, digits, (size_t)count);
        end = put_zeros(end, point - count);
        return put(end, ".0", 2);
    }
    end = put(end, digits, (size_t)point);
    *end++ = '.';
    return put(end, digits + point, (size_t)(count - point));
}

static char *put_scientific(char *end, const char *digits, int count, int point)
{
    *end++ = digits[0];
    if (count > 1) {
        *end++ = '.';
        end = put(end, digits + 1, (size_t)count - 1);
    }
    *end++ = 'e';
    int exponent = point - 1;
    if (exponent < 0)
        *end++ = '-';
    return end + write_digits(end, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

static char *put_decimal(char *end, double x)
{
    decimal d = decimal_of(x);
    char digits[20];
    int count = write_digits(digits, d.digits);
    int point = count + d.exponent;
    while (digits[count - 1] == '0')
        count--;
    if (point > MAX_DECIMAL_EXPONENT || point < -5)
        return put_scientific(end, digits, count, point);
    return put_positional(end, digits, count, point);
}

/* ---- Writing other radices ------------------------------------------------------------------ */

/* Naturals below 2^1280: four times a double, times a radix, with the scale of the least. */
enum { WIDE_LIMBS = 20 };

typedef struct wide {
    size_t n; /* normalised */
    cp_limb limb[WIDE_LIMBS];
} wide;

static void set_wide(wide *w, cp_limb x, unsigned shift)
{
    memset(w->limb, 0, sizeof w->limb);
    size_t at = shift / CP_LIMB_BITS;
    w->limb[at] = x;
    w->limb[at + 1] = cp_limbs_shift_left(w->limb + at, w->limb + at, 1, shift % CP_LIMB_BITS);
    w->n = cp_limbs_size(w->limb, at + 2);
}

static void multiply_wide(wide *w, cp_limb x)
{
    cp_limb carry = cp_limbs_mul_small(w->limb, w->limb, w->n, x, 0);
    if (carry == 0)
        return;
    assert(w->n < WIDE_LIMBS);
    w->limb[w->n++] = carry;
}

static void subtract_wide(wide *w, const wide *x)
{
    cp_limb borrow = cp_limbs_sub(w->limb, w->limb, w->n, x->limb, x->n);
    assert(borrow == 0);
    w->n = cp_limbs_size(w->limb, w->n);
}

static int compare_wide(const wide *a, const wide *b)
{
    return cp_limbs_compare(a->limb, a->n, b->limb, b->n);
}

/* A + B against C. */
static int compare_sum(const wide *a, const wide *b, const wide *c)
{
    const wide *more = a->n >= b->n ? a : b;
    const wide *less = more == a ? b : a;
    cp_limb sum[WIDE_LIMBS + 1];
    sum[more->n] = cp_limbs_add(sum, more->limb, more->n, less->limb, less->n);
    return cp_limbs_compare(sum, cp_limbs_size(sum, more->n + 1), c->limb, c->n);
}

/* A positive double as VALUE / SCALE, and half the distances to its neighbours over SCALE. */
typedef struct interval {
    wide value;
    wide scale;
    wide below;
    wide above;
    bool is_closed; /* an even fraction owns its bounds */
} interval;

static void start_interval(interval *v, binary b)
{
    unsigned up = b.exponent > 0 ? (unsigned)b.exponent : 0;
    unsigned down = b.exponent < 0 ? (unsigned)-b.exponent : 0;
    unsigned extra = b.is_power ? 1 : 0;
    set_wide(&v->value, b.fraction, up + 1 + extra);
    set_wide(&v->scale, 1, down + 1 + extra);
    set_wide(&v->below, 1, up);
    set_wide(&v->above, 1, up + extra);
    v->is_closed = (b.fraction & 1) == 0;
}

/* Whether value + above reaches SCALE: then it has a digit more than it looks. */
static bool is_high_in(const interval *v)
{
    int order = compare_sum(&v->value, &v->above, &v->scale);
    return v->is_closed ? order >= 0 : order > 0;
}

static bool is_low_in(const interval *v)
{
    int order = compare_wide(&v->value, &v->below);
    return v->is_closed ? order <= 0 : order < 0;
}

static void multiply_interval(interval *v, unsigned radix)
{
    multiply_wide(&v->value, radix);
    multiply_wide(&v->below, radix);
    multiply_wide(&v->above, radix);
}

/* Scale until 1/radix <= (value + above) / scale < 1 (or <= 1); returns the power of the radix that
 * was taken out. */
static int find_point(interval *v, unsigned radix)
{
    int point = 0;
    for (; is_high_in(v); point++) /* at most 1025 times, in radix 2 */
        multiply_wide(&v->scale, radix);
    for (;; point--) { /* at most 1074 times */
        interval next = *v;
        multiply_interval(&next, radix);
        if (is_high_in(&next))
            return point;
        *v = next;
    }
}

/* Digits until what is left is inside the interval: at most 54. */
static int free_format_digits(char *digits, interval *v, unsigned radix)
{
    for (int count = 0;;) {
        multiply_interval(v, radix);
        unsigned digit = 0;
        for (; compare_wide(&v->value, &v->scale) >= 0; digit++)
            subtract_wide(&v->value, &v->scale);
        bool is_low = is_low_in(v);
        bool is_high = is_high_in(v);
        if (is_low && is_high) /* both ends would do: the nearer one, the lower in a tie */
            digit += compare_sum(&v->value, &v->value, &v->scale) > 0;
        else if (is_high)
            digit++;
        assert(digit < radix);
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[digit];
        if (is_low || is_high)
            return count;
    }
}

static char *put_free_format(char *end, double x, unsigned radix)
{
    interval v;
    start_interval(&v, take_apart(x));
    int point = find_point(&v, radix);
    char digits[64];
    int count = free_format_digits(digits, &v, radix);
    return put_positional(end, digits, count, point);
}

size_t cp_flotext_write(char *text, double x, unsigned radix)
{
    assert(radix >= CP_MIN_RADIX);
    assert(radix <= CP_MAX_RADIX);
    if (isnan(x))
        return (size_t)(put(text, "+nan.0", 6) - text);
    if (isinf(x))
        return (size_t)(put(text, x < 0 ? "-inf.0" : "+inf.0", 6) - text);
    char *end = text;
    if (signbit(x))
        *end++ = '-';
    x = fabs(x);
    if (x == 0)
        end = put(end, "0.0", 3);
    else if (radix == 10)
        end = put_decimal(end, x);
    else
        end = put_free_format(end, x, radix);
    assert(end - text <= CP_FLOTEXT_MAX);
    return (size_t)(end - text);
}

/* ---- Taking texts apart --------------------------------------------------------------------- */

bool cp_flotext_special(const char *text, size_t size, double *result)
{
    if (size != 6 || (text[0] != '+' && text[0] != '-') || text[4] != '.' || text[5] != '0')
        return false;
    char lower[3];
    for (size_t i = 0; i < 3; i++)
        lower[i] = (char)(text[i + 1] | 0x20);
    bool is_infinity = memcmp(lower, "inf", 3) == 0;
    if (!is_infinity && memcmp(lower, "nan", 3) != 0)
        return false;
    *result = !is_infinity ? (double)NAN : text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    return true;
}

/* Digits of the radix at TEXT, at most SIZE, of which BEFORE stand in front: *COUNT of them. False
 * when the poll said stop. */
static bool scan_digits(cp_flotext_parts *parts, const char *text, size_t size, size_t before,
                        size_t *count, cp_limbs_poll *poll)
{
    enum { DIGITS_AT_ONCE = 4096 };
    size_t at = 0;
    for (; at < size; at++) {
        unsigned digit = cp_digit_value(text[at]);
        if (digit >= parts->radix)
            break;
        if (digit != 0) {
            if (parts->end == 0)
                parts->first = before + at;
            parts->end = before + at + 1;
        }
        if (at % DIGITS_AT_ONCE == DIGITS_AT_ONCE - 1 && !cp_limbs_go_on(poll, DIGITS_AT_ONCE))
            return false;
    }
    *count = at;
    return true;
}

/* An exponent beyond this means zero or infinity, whatever digits a text of that size holds. */
static const int64_t max_exponent = INT64_C(1) << 52;

/* [sign] digits that end the text. */
static bool parse_exponent(int64_t *exponent, const char *text, size_t size)
{
    bool is_negative = size > 0 && text[0] == '-';
    size_t at = size > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    if (at == size)
        return false;
    int64_t magnitude = 0;
    for (; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        magnitude = magnitude * 10 + (text[at] - '0');
        if (magnitude > max_exponent)
            magnitude = max_exponent;
    }
    *exponent = is_negative ? -magnitude : magnitude;
    return true;
}

static bool is_power_marker(char c, unsigned radix)
{
    return (c | 0x20) == 'e' && radix <= 14;
}

static bool is_twos_marker(char c, unsigned radix)
{
    return (c | 0x20) == 'p' && (radix == 2 || radix == 4 || radix == 8 || radix == 16);
}

static cp_flotext_found parse_tail(cp_flotext_parts *parts, const char *text, size_t size)
{
    if (parts->integer_size + parts->fraction_size == 0)
        return CP_FLOTEXT_NONE;
    if (size == 0)
        return CP_FLOTEXT_REAL;
    parts->is_integer = false;
    bool is_exponent = false;
    if (is_power_marker(text[0], parts->radix))
        is_exponent = parse_exponent(&parts->exponent, text + 1, size - 1);
    else if (is_twos_marker(text[0], parts->radix))
        is_exponent = parse_exponent(&parts->twos, text + 1, size - 1);
    return is_exponent ? CP_FLOTEXT_REAL : CP_FLOTEXT_NONE;
}

cp_flotext_found cp_flotext_parse(cp_flotext_parts *parts, const char *text, size_t size,
                                  unsigned radix, cp_limbs_poll *poll)
{
    *parts = (cp_flotext_parts){.radix = radix, .is_integer = true};
    size_t at = 0;
    if (size > 0 && (text[0] == '+' || text[0] == '-')) {
        parts->is_negative = text[0] == '-';
        at = 1;
    }
    parts->integer = text + at;
    if (!scan_digits(parts, text + at, size - at, 0, &parts->integer_size, poll))
        return CP_FLOTEXT_ABORTED;
    at += parts->integer_size;
    if (at < size && text[at] == '.') {
        at++;
        parts->is_integer = false;
        parts->fraction = text + at;
        if (!scan_digits(parts, text + at, size - at, parts->integer_size, &parts->fraction_size,
                         poll))
            return CP_FLOTEXT_ABORTED;
        at += parts->fraction_size;
    }
    return parse_tail(parts, text + at, size - at);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* The number without leading and trailing zeros: COUNT digits from index FIRST of integer and
 * fraction taken as one text, times radix^EXPONENT. */
typedef struct significant {
    size_t first;
    size_t count;
    int64_t exponent;
} significant;

static char digit_at(const cp_flotext_parts *parts, size_t index)
{
    return index < parts->integer_size ? parts->integer[index]
                                       : parts->fraction[index - parts->integer_size];
}

static significant find_significant(const cp_flotext_parts *parts)
{
    int64_t below_point = (int64_t)parts->integer_size - (int64_t)parts->end;
    return (significant){parts->first, parts->end - parts->first, parts->exponent + below_point};
}

/* The double nearest to W * 10^E, or false when 128 bits of the power do not decide.
 *
 * The product of the normalised W < 2^64 and the table's row is too small by less than W, as the
 * row is by less than 1: in units of its bit 64 it is too small by less than 2, after at most one
 * shift by less than 4. So its upper 64 bits are right unless the next 64 are all ones but the last
 * two; and that something not zero follows is certain wherever the row is not exact. */
static bool round_decimal(double *result, uint64_t w, int64_t e)
{
    assert(w != 0);
    if (e > 308 || e < CP_TENS_FIRST) { /* W >= 1, and W * 10^-343 is below half of the least */
        *result = e > 308 ? HUGE_VAL : 0.0;
        return true;
    }
    int exponent = (int)e;
    unsigned shift = (unsigned)__builtin_clzll(w);
    uint64_t normalised = w << shift;
    const uint64_t *t = power_of_ten(exponent);
    cp_uint128 low = (cp_uint128)normalised * t[1];
    cp_uint128 high = (cp_uint128)normalised * t[0] + (uint64_t)(low >> 64);
    bool is_exact = exponent >= 0 && exponent <= CP_TENS_EXACT_LAST;
    unsigned up = (uint64_t)(high >> 127) == 0 ? 1 : 0;
    high <<= up;
    uint64_t m = (uint64_t)(high >> 64);
    uint64_t rest = (uint64_t)high;
    if (!is_exact && rest >= UINT64_MAX - 3)
        return false;
    bool is_sticky = !is_exact || rest != 0 || (uint64_t)low != 0;
    int64_t twos = 1 + log2_of_power_of_ten(exponent) - (int)shift - (int)up;
    *result = cp_limbs_to_double(&m, 1, twos, is_sticky);
    return true;
}

/* W * 10^E for -27 <= E < 0 when 5^-E divides W: the texts that round_decimal can not decide are
 * mostly such, a double or the middle between two. */
static bool divide_exactly(double *result, uint64_t w, int64_t e)
{
    if (e >= 0 || e < -27)
        return false;
    uint64_t five = 1;
    for (int64_t i = 0; i < -e; i++)
        five *= 5; /* 5^27 is below 2^63 */
    if (w % five != 0)
        return false;
    cp_limb quotient = w / five;
    *result = cp_limbs_to_double(&quotient, 1, e, false);
    return true;
}

/* Powers of ten that are exact doubles, with a fraction below 2^53: one rounding, the right one. */
static bool compute_exactly(double *result, uint64_t w, int64_t e)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (w > UINT64_C(1) << 53 || e < -22 || e > 22)
        return false;
    *result = e < 0 ? (double)w / tens[-e] : (double)w * tens[e];
    return true;
}

/* The first COUNT <= 19 significant digits. */
static uint64_t leading_decimals(const cp_flotext_parts *parts, size_t first, size_t count)
{
    uint64_t w = 0;
    for (size_t i = 0; i < count; i++)
        w = w * 10 + (uint64_t)(digit_at(parts, first + i) - '0');
    return w;
}

/* Whatever needs no limbs. Longer texts lie between their first 19 digits and one more. */
static bool round_short_decimal(double *result, const cp_flotext_parts *parts, significant s)
{
    enum { LONGEST = 19 };
    if (s.count <= LONGEST) {
        uint64_t w = leading_decimals(parts, s.first, s.count);
        return compute_exactly(result, w, s.exponent) || round_decimal(result, w, s.exponent) ||
               divide_exactly(result, w, s.exponent);
    }
    uint64_t w = leading_decimals(parts, s.first, LONGEST);
    int64_t exponent = s.exponent + (int64_t)(s.count - LONGEST);
    double above = 0;
    return round_decimal(result, w, exponent) && round_decimal(&above, w + 1, exponent) &&
           *result == above;
}

/* The middle between two doubles has at most this many digits in any radix: it is N / 2^k for
 * N < 2^54 and k <= 1075, so that k digits behind the point suffice, or an integer. Texts that go
 * on behind them are replaced by one digit more that is not zero. */
enum { ENOUGH_DIGITS = 1100, LARGE_LIMBS = 112, SCRATCH_LIMBS = 1400 };

/* R = radix^COUNT; returns its size. */
static size_t power_limbs(cp_limb *r, unsigned radix, int64_t count)
{
    size_t n = 1;
    r[0] = 1;
    for (int64_t i = 0; i < count; i++) {
        cp_limb factor = radix;
        for (unsigned step = 1; step < 12 && i + 1 < count; step++, i++)
            factor *= radix; /* 36^12 is below 2^63 */
        cp_limb carry = cp_limbs_mul_small(r, r, n, factor, 0);
        if (carry != 0)
            r[n++] = carry;
        assert(n < LARGE_LIMBS);
    }
    return n;
}

/* The double nearest to A / B: A is moved up until the quotient has at least 64 bits. */
static double round_quotient(cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    size_t limbs = bn + 2 > an ? bn + 2 - an : 0;
    assert(an + limbs <= LARGE_LIMBS);
    memmove(a + limbs, a, an * sizeof *a);
    memset(a, 0, limbs * sizeof *a);
    an += limbs;
    cp_limb quotient[LARGE_LIMBS + 1];
    cp_limb rest[LARGE_LIMBS];
    cp_limb scratch[SCRATCH_LIMBS];
    assert(cp_limbs_divrem_scratch(an, bn) <= SCRATCH_LIMBS);
    bool is_done = cp_limbs_divrem(quotient, rest, a, an, b, bn, scratch, NULL);
    assert(is_done);
    size_t qn = cp_limbs_size(quotient, an - bn + 1);
    return cp_limbs_to_double(quotient, qn, -(int64_t)limbs * CP_LIMB_BITS,
                              cp_limbs_size(rest, bn) != 0);
}

/* The double nearest to A B, which is below 2^1700: log2 3 times 1024, and a digit. */
static double round_product(const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    cp_limb product[LARGE_LIMBS];
    cp_limb scratch[LARGE_LIMBS * 3];
    assert(an + bn <= LARGE_LIMBS);
    assert(cp_limbs_mul_scratch(an, bn) <= LARGE_LIMBS * 3);
    bool is_done = cp_limbs_mul(product, a, an, b, bn, scratch, NULL);
    assert(is_done);
    return cp_limbs_to_double(product, cp_limbs_size(product, an + bn), 0, false);
}

/* The significant digits as limbs; a text that is too long is cut, with *S told. */
static size_t significant_limbs(cp_limb *a, const cp_flotext_parts *parts, significant *s)
{
    char digits[ENOUGH_DIGITS + 1];
    size_t count = s->count < ENOUGH_DIGITS ? s->count : ENOUGH_DIGITS;
    for (size_t i = 0; i < count; i++)
        digits[i] = digit_at(parts, s->first + i);
    if (count < s->count)
        digits[count++] = '1';
    s->exponent += (int64_t)s->count - (int64_t)count;
    s->count = count;
    assert(cp_digits_limbs(count, parts->radix) <= LARGE_LIMBS);
    assert(cp_digits_read_scratch(count, parts->radix) == 0);
    bool is_done = cp_digits_read(a, digits, count, parts->radix, NULL, NULL);
    assert(is_done);
    return cp_limbs_size(a, cp_digits_limbs(count, parts->radix));
}

static double round_by_limbs(const cp_flotext_parts *parts, significant s)
{
    cp_limb a[LARGE_LIMBS];
    cp_limb b[LARGE_LIMBS];
    unsigned radix = parts->radix;
    size_t n = significant_limbs(a, parts, &s);
    int digit_bits = 31 - __builtin_clz(radix); /* rounded down */
    if ((radix & (radix - 1)) == 0)
        return cp_limbs_to_double(a, n, s.exponent * digit_bits + parts->twos, false);
    /* The number is below radix^lead, and at least radix^(lead - 1). */
    int64_t lead = s.exponent + (int64_t)s.count;
    if (digit_bits * (lead - 1) >= 1024)
        return HUGE_VAL;
    if (digit_bits * lead <= -1076)
        return 0.0;
    if (s.exponent < 0)
        return round_quotient(a, n, b, power_limbs(b, radix, -s.exponent));
    return round_product(a, n, b, power_limbs(b, radix, s.exponent));
}

double cp_flotext_round(const cp_flotext_parts *parts)
{
    significant s = find_significant(parts);
    double x = 0;
    if (s.count > 0 && (parts->radix != 10 || !round_short_decimal(&x, parts, s)))
        x = round_by_limbs(parts, s);
    return parts->is_negative ? -x : x;
}
