/* limbs.c -- the algorithms, each at its place below.
 *
 * Products: schoolbook, then Karatsuba and Ofman (1962) in the subtractive form. Quotients: Knuth,
 * TAOCP 2, 4.3.1, algorithm D, each digit by the reciprocal of Moeller and Granlund (2011), then
 * the recursive division of Burnikel and Ziegler (1998) as in Brent and Zimmermann, Modern Computer
 * Arithmetic, 1.4.3. Divisors: Lehmer (1938) as Knuth's 4.5.2, algorithm L. Roots: Dickinson's
 * adaptive form of Heron's rule, as in Python's math.isqrt (2019). */
#include "interp/limbs.h"

#include <string.h>

/* ---- One limb ------------------------------------------------------------------------------ */

static inline cp_limb high(cp_uint128 x)
{
    return (cp_limb)(x >> CP_LIMB_BITS);
}

static inline cp_uint128 product(cp_limb a, cp_limb b)
{
    return (cp_uint128)a * b;
}

static inline cp_uint128 join(cp_limb high_limb, cp_limb low_limb)
{
    return (cp_uint128)high_limb << CP_LIMB_BITS | low_limb;
}

/* The zero bits above the highest that is set; A is not zero. */
static inline unsigned leading_zeros(cp_limb a)
{
    assert(a != 0);
    return (unsigned)__builtin_clzll(a);
}

cp_limb cp_limb_gcd(cp_limb a, cp_limb b)
{
    if (a == 0 || b == 0)
        return a | b;
    unsigned twos = (unsigned)__builtin_ctzll(a | b);
    a >>= __builtin_ctzll(a);
    while (b != 0) { /* a + b shrinks by a bit or more a turn: at most 128 turns */
        b >>= __builtin_ctzll(b);
        cp_limb smaller = a < b ? a : b;
        b = a < b ? b - a : a - b;
        a = smaller;
    }
    return a << twos;
}

cp_limb cp_limb_sqrt(cp_limb a)
{
    cp_limb root = 0;
    for (cp_limb bit = (cp_limb)1 << 31; bit != 0; bit >>= 1) {
        cp_limb candidate = root | bit;
        if (candidate * candidate <= a)
            root = candidate;
    }
    return root;
}

/* ---- Linear work --------------------------------------------------------------------------- */

int cp_limbs_compare(const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    if (an != bn)
        return an < bn ? -1 : 1;
    for (size_t i = an; i-- > 0;) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

size_t cp_limbs_bit_length(const cp_limb *a, size_t n)
{
    return n == 0 ? 0 : n * CP_LIMB_BITS - leading_zeros(a[n - 1]);
}

size_t cp_limbs_trailing_zeros(const cp_limb *a, size_t n)
{
    size_t i = 0;
    while (i < n && a[i] == 0)
        i++;
    assert(i < n);
    return i * CP_LIMB_BITS + (size_t)__builtin_ctzll(a[i]);
}

size_t cp_limbs_bit_count(const cp_limb *a, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (size_t)__builtin_popcountll(a[i]);
    return count;
}

cp_limb cp_limbs_add_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b)
{
    size_t i = 0;
    for (; i < n && b != 0; i++)
        b = CP_ADD_OVERFLOWS(a[i], b, &r[i]);
    if (r != a)
        memmove(r + i, a + i, (n - i) * sizeof *r);
    return b;
}

cp_limb cp_limbs_sub_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b)
{
    size_t i = 0;
    for (; i < n && b != 0; i++)
        b = CP_SUB_OVERFLOWS(a[i], b, &r[i]);
    if (r != a)
        memmove(r + i, a + i, (n - i) * sizeof *r);
    return b;
}

cp_limb cp_limbs_add(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    assert(an >= bn);
    cp_limb carry = 0;
    for (size_t i = 0; i < bn; i++) {
        cp_uint128 sum = (cp_uint128)a[i] + b[i] + carry;
        r[i] = (cp_limb)sum;
        carry = high(sum);
    }
    return cp_limbs_add_small(r + bn, a + bn, an - bn, carry);
}

cp_limb cp_limbs_sub(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn)
{
    assert(an >= bn);
    cp_limb borrow = 0;
    for (size_t i = 0; i < bn; i++) {
        cp_uint128 difference = (cp_uint128)a[i] - b[i] - borrow;
        r[i] = (cp_limb)difference;
        borrow = high(difference) & 1;
    }
    return cp_limbs_sub_small(r + bn, a + bn, an - bn, borrow);
}

cp_limb cp_limbs_shift_left(cp_limb *r, const cp_limb *a, size_t n, unsigned count)
{
    assert(count < CP_LIMB_BITS);
    if (count == 0) {
        memmove(r, a, n * sizeof *r);
        return 0;
    }
    cp_limb out = n == 0 ? 0 : a[n - 1] >> (CP_LIMB_BITS - count);
    for (size_t i = n; i-- > 1;)
        r[i] = a[i] << count | a[i - 1] >> (CP_LIMB_BITS - count);
    if (n > 0)
        r[0] = a[0] << count;
    return out;
}

cp_limb cp_limbs_shift_right(cp_limb *r, const cp_limb *a, size_t n, unsigned count)
{
    assert(count < CP_LIMB_BITS);
    if (count == 0) {
        memmove(r, a, n * sizeof *r);
        return 0;
    }
    cp_limb out = n == 0 ? 0 : a[0] << (CP_LIMB_BITS - count);
    for (size_t i = 0; i + 1 < n; i++)
        r[i] = a[i] >> count | a[i + 1] << (CP_LIMB_BITS - count);
    if (n > 0)
        r[n - 1] = a[n - 1] >> count;
    return out;
}

cp_limb cp_limbs_mul_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b, cp_limb carry)
{
    for (size_t i = 0; i < n; i++) {
        cp_uint128 sum = product(a[i], b) + carry;
        r[i] = (cp_limb)sum;
        carry = high(sum);
    }
    return carry;
}

cp_limb cp_limbs_add_product(cp_limb *r, const cp_limb *a, size_t n, cp_limb b)
{
    cp_limb carry = 0;
    for (size_t i = 0; i < n; i++) {
        cp_uint128 sum = product(a[i], b) + r[i] + carry; /* at most 2^128 - 1 */
        r[i] = (cp_limb)sum;
        carry = high(sum);
    }
    return carry;
}

cp_limb cp_limbs_sub_product(cp_limb *r, const cp_limb *a, size_t n, cp_limb b)
{
    cp_limb borrow = 0;
    for (size_t i = 0; i < n; i++) {
        cp_uint128 sum = product(a[i], b) + borrow;
        cp_limb low = (cp_limb)sum;
        borrow = high(sum) + (r[i] < low);
        r[i] -= low;
    }
    return borrow;
}

/* ---- Products ------------------------------------------------------------------------------ */

/* Rows are at most this long, so that the poll is asked in time. */
enum { MAX_ROW = 4096 };

/* R (n + 1 limbs) = A * B. */
static bool multiply_by_limb(cp_limb *r, const cp_limb *a, size_t n, cp_limb b, cp_limbs_poll *poll)
{
    cp_limb carry = 0;
    for (size_t at = 0; at < n; at += MAX_ROW) {
        size_t count = n - at < MAX_ROW ? n - at : MAX_ROW;
        carry = cp_limbs_mul_small(r + at, a + at, count, b, carry);
        if (!cp_limbs_go_on(poll, count))
            return false;
    }
    r[n] = carry;
    return true;
}

static bool multiply_schoolbook(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b,
                                size_t bn, cp_limbs_poll *poll)
{
    assert(an >= bn);
    if (an > MAX_ROW) { /* then B has the short rows */
        const cp_limb *c = a;
        a = b;
        b = c;
        size_t cn = an;
        an = bn;
        bn = cn;
    }
    memset(r, 0, an * sizeof *r);
    for (size_t i = 0; i < bn; i++) {
        r[i + an] = cp_limbs_add_product(r + i, a, an, b[i]);
        if (!cp_limbs_go_on(poll, an + 4))
            return false;
    }
    return true;
}

/* R (n limbs) = |A - B|, bn <= n; returns whether A < B. */
static bool absolute_difference(cp_limb *r, const cp_limb *a, size_t n, const cp_limb *b, size_t bn)
{
    size_t an = cp_limbs_size(a, n);
    size_t used = cp_limbs_size(b, bn);
    if (cp_limbs_compare(a, an, b, used) < 0) {
        cp_limb borrow = cp_limbs_sub(r, b, used, a, an);
        assert(borrow == 0);
        memset(r + used, 0, (n - used) * sizeof *r);
        return true;
    }
    cp_limb borrow = cp_limbs_sub(r, a, n, b, used);
    assert(borrow == 0);
    return false;
}

/* With h = n / 2 low limbs and m = n - h high ones, and x = 2^(64 h):
 *
 *     A B = A1 B1 x^2 + (A0 B0 + A1 B1 - (A1 - A0) (B1 - B0)) x + A0 B0
 *
 * R holds the two differences until their product is in the scratch. The scratch of one level is
 * 2 m limbs for that product, above it 2 m + 1 for the middle sum, where the recursion was. */
static bool multiply_karatsuba(cp_limb *r, const cp_limb *a, const cp_limb *b, size_t n,
                               cp_limb *scratch, cp_limbs_poll *poll)
{
    if (n < CP_LIMBS_KARATSUBA)
        return multiply_schoolbook(r, a, n, b, n, poll);
    size_t h = n / 2;
    size_t m = n - h;
    cp_limb *cross = scratch;
    cp_limb *middle = scratch + 2 * m;
    bool is_a_negative = absolute_difference(r, a + h, m, a, h);
    bool is_b_negative = absolute_difference(r + m, b + h, m, b, h);
    if (!cp_limbs_go_on(poll, n) || !multiply_karatsuba(cross, r, r + m, m, middle, poll) ||
        !multiply_karatsuba(r, a, b, h, middle, poll) ||
        !multiply_karatsuba(r + 2 * h, a + h, b + h, m, middle, poll))
        return false;
    middle[2 * m] = cp_limbs_add(middle, r + 2 * h, 2 * m, r, 2 * h);
    if (!cp_limbs_go_on(poll, n))
        return false;
    if (is_a_negative == is_b_negative)
        middle[2 * m] -= cp_limbs_sub(middle, middle, 2 * m, cross, 2 * m);
    else
        middle[2 * m] += cp_limbs_add(middle, middle, 2 * m, cross, 2 * m);
    if (!cp_limbs_go_on(poll, n))
        return false;
    size_t middle_size = cp_limbs_size(middle, 2 * m + 1);
    cp_limb carry = cp_limbs_add(r + h, r + h, 2 * n - h, middle, middle_size);
    assert(carry == 0);
    return cp_limbs_go_on(poll, n);
}

/* Pieces of A as long as B; each product of a piece is added above the last one. The last piece may
 * be shorter, which turns the factors round, as Euclid's algorithm does with its numbers. */
static bool multiply_pieces(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                            cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(an >= bn);
    if (bn == 1)
        return multiply_by_limb(r, a, an, b[0], poll);
    if (bn < CP_LIMBS_KARATSUBA)
        return multiply_schoolbook(r, a, an, b, bn, poll);
    if (an == bn)
        return multiply_karatsuba(r, a, b, an, scratch, poll);
    cp_limb *piece = scratch;
    if (!multiply_karatsuba(r, a, b, bn, scratch, poll))
        return false;
    for (size_t done = bn; done < an;) {
        size_t count = an - done < bn ? an - done : bn;
        if (!multiply_pieces(piece, b, bn, a + done, count, scratch + bn + count, poll))
            return false;
        cp_limb carry = cp_limbs_add(r + done, piece, bn + count, r + done, bn);
        assert(carry == 0);
        done += count;
        if (!cp_limbs_go_on(poll, bn))
            return false;
    }
    return true;
}

bool cp_limbs_mul(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                  cp_limb *scratch, cp_limbs_poll *poll)
{
    if (an < bn)
        return cp_limbs_mul(r, b, bn, a, an, scratch, poll);
    return multiply_pieces(r, a, an, b, bn, scratch, poll);
}

/* Karatsuba of n limbs takes 2 m limbs a level, with m at most n / 2 + 1/2: in all less than
 * 2 n + 2 * 64. The pieces take at most 2 n a turn, where n falls as in Euclid's algorithm, in the
 * worst case by the golden ratio: less than 2 * 2.62 n. */
size_t cp_limbs_mul_scratch(size_t an, size_t bn)
{
    size_t n = an < bn ? an : bn;
    return n < CP_LIMBS_KARATSUBA ? 0 : 8 * n + 128;
}

/* ---- Quotients ----------------------------------------------------------------------------- */

/* (2^128 - 1) / D - 2^64 for D with its top bit set. */
static cp_limb reciprocal_of_limb(cp_limb d)
{
    assert(d >> (CP_LIMB_BITS - 1) == 1);
    return (cp_limb)(join(~d, ~(cp_limb)0) / d);
}

/* (2^192 - 1) / (D1 D0) - 2^64 for D1 with its top bit set: Moeller and Granlund, algorithm 6. */
static cp_limb reciprocal_of_pair(cp_limb d1, cp_limb d0)
{
    cp_limb v = reciprocal_of_limb(d1);
    cp_limb p = d1 * v + d0;
    if (p < d0) {
        v--;
        if (p >= d1) {
            v--;
            p -= d1;
        }
        p -= d1;
    }
    cp_uint128 t = product(v, d0);
    p += high(t);
    if (p < high(t)) {
        v--;
        if (join(p, (cp_limb)t) >= join(d1, d0))
            v--;
    }
    return v;
}

/* (U1 U0) / D for U1 < D, remainder in *R; V is the reciprocal of D: algorithm 4 there. */
static inline cp_limb divide_pair(cp_limb u1, cp_limb u0, cp_limb d, cp_limb v, cp_limb *r)
{
    cp_uint128 q = product(v, u1) + join(u1, u0);
    cp_limb q1 = high(q) + 1;
    cp_limb rest = u0 - q1 * d;
    if (rest > (cp_limb)q) {
        q1--;
        rest += d;
    }
    if (CP_UNLIKELY(rest >= d)) {
        q1++;
        rest -= d;
    }
    *r = rest;
    return q1;
}

/* (U2 U1 U0) / (D1 D0) for (U2 U1) < (D1 D0): algorithm 5 there. */
static inline cp_limb divide_triple(cp_limb u2, cp_limb u1, cp_limb u0, cp_uint128 d, cp_limb v)
{
    cp_uint128 q = product(v, u2) + join(u2, u1);
    cp_limb q1 = high(q);
    cp_limb r1 = u1 - q1 * high(d);
    cp_uint128 r = join(r1, u0) - product((cp_limb)d, q1) - d;
    q1++;
    if (high(r) >= (cp_limb)q) {
        q1--;
        r += d;
    }
    if (CP_UNLIKELY(r >= d))
        q1++;
    return q1;
}

/* Q = (REST A) / D of a row of limbs, returns the remainder. A stands for its limbs moved up by
 * SHIFT, with the upper bits of BELOW moved into the lowest. */
static cp_limb divide_row(cp_limb *q, const cp_limb *a, size_t n, cp_limb below, unsigned shift,
                          cp_limb d, cp_limb v, cp_limb rest)
{
    for (size_t i = n; i-- > 0;) {
        cp_limb next = i == 0 ? below : a[i - 1];
        cp_limb low = shift == 0 ? 0 : next >> (CP_LIMB_BITS - shift);
        q[i] = divide_pair(rest, a[i] << shift | low, d, v, &rest);
    }
    return rest;
}

static bool divide_by_limb(cp_limb *q, cp_limb *r, const cp_limb *a, size_t n, cp_limb b,
                           cp_limbs_poll *poll)
{
    unsigned shift = leading_zeros(b);
    cp_limb d = b << shift;
    cp_limb v = reciprocal_of_limb(d);
    cp_limb rest = shift == 0 ? 0 : a[n - 1] >> (CP_LIMB_BITS - shift);
    for (size_t end = n; end > 0;) {
        size_t count = end < MAX_ROW ? end : MAX_ROW;
        end -= count;
        rest = divide_row(q + end, a + end, count, end == 0 ? 0 : a[end - 1], shift, d, v, rest);
        if (!cp_limbs_go_on(poll, 2 * count))
            return false;
    }
    *r = rest >> shift;
    return true;
}

cp_limb cp_limbs_div_small(cp_limb *q, const cp_limb *a, size_t n, cp_limb b)
{
    assert(b != 0);
    cp_limb rest = 0;
    bool is_done = n == 0 || divide_by_limb(q, &rest, a, n, b, NULL);
    assert(is_done);
    return rest;
}

/* The divisions below work in place: A has n + m limbs, B has n with its top bit set, Q gets m, the
 * remainder is left in the low n limbs of A, zeros above it. *TOP gets the limb of the quotient
 * above Q, 0 or 1. */
static bool divide_schoolbook(cp_limb *q, cp_limb *a, const cp_limb *b, size_t n, size_t m,
                              cp_limb *top, cp_limbs_poll *poll)
{
    assert(n >= 2);
    *top = cp_limbs_compare(a + m, n, b, n) >= 0;
    if (*top != 0)
        (void)cp_limbs_sub(a + m, a + m, n, b, n);
    cp_uint128 d = join(b[n - 1], b[n - 2]);
    cp_limb v = reciprocal_of_pair(b[n - 1], b[n - 2]);
    for (size_t j = m; j-- > 0;) {
        cp_limb *u = a + j;
        cp_limb digit = ~(cp_limb)0;
        if (CP_LIKELY(join(u[n], u[n - 1]) < d))
            digit = divide_triple(u[n], u[n - 1], u[n - 2], d, v);
        cp_limb borrow = cp_limbs_sub_product(u, b, n, digit);
        while (CP_UNLIKELY(borrow > u[n])) { /* the digit is at most 2 too large */
            digit--;
            borrow -= cp_limbs_add(u, u, n, b, n);
        }
        assert(borrow == u[n]);
        u[n] = 0;
        q[j] = digit;
        if (!cp_limbs_go_on(poll, n + 8))
            return false;
    }
    return true;
}

/* For m <= n. When m = n the quotient comes in two halves. Otherwise the m limbs of Q follow from
 * the top m limbs of B, B1, and at most a few corrections: with B = B1 x + B0 the remainder of A is
 * that of the top limbs times x, plus the low limbs of A, minus Q B0. */
static bool divide_block(cp_limb *q, cp_limb *a, const cp_limb *b, size_t n, size_t m, cp_limb *top,
                         cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(m <= n);
    if (m < CP_LIMBS_DIVIDE)
        return divide_schoolbook(q, a, b, n, m, top, poll);
    if (m == n) {
        size_t low = n / 2;
        cp_limb low_top = 0;
        if (!divide_block(q + low, a + low, b, n, n - low, top, scratch, poll) ||
            !divide_block(q, a, b, n, low, &low_top, scratch, poll))
            return false;
        assert(low_top == 0);
        return true;
    }
    size_t d = n - m;
    if (!divide_block(q, a + d, b + d, m, m, top, scratch, poll) ||
        !cp_limbs_mul(scratch, q, m, b, d, scratch + n, poll))
        return false;
    cp_limb borrow = cp_limbs_sub(a, a, n, scratch, n);
    if (*top != 0)
        borrow += cp_limbs_sub(a + m, a + m, d, b, d);
    while (borrow != 0) {
        *top -= cp_limbs_sub_small(q, q, m, 1);
        borrow -= cp_limbs_add(a, a, n, b, n);
    }
    return cp_limbs_go_on(poll, n);
}

/* The general form, from the top: first the limbs that are no whole block, then blocks of n. */
static bool divide_in_place(cp_limb *q, cp_limb *a, const cp_limb *b, size_t n, size_t m,
                            cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(cp_limbs_compare(a + m, n, b, n) < 0);
    cp_limb top = 0;
    if (n < CP_LIMBS_DIVIDE)
        return divide_schoolbook(q, a, b, n, m, &top, poll);
    size_t block = m % n == 0 ? n : m % n;
    while (m > 0) {
        m -= block;
        if (!divide_block(q + m, a + m, b, n, block, &top, scratch, poll))
            return false;
        assert(top == 0);
        block = n;
    }
    return true;
}

bool cp_limbs_divrem(cp_limb *q, cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b,
                     size_t bn, cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(bn > 0);
    assert(an >= bn);
    assert(b[bn - 1] != 0);
    size_t m = an - bn + 1;
    if (bn == 1)
        return divide_by_limb(q != NULL ? q : scratch, r, a, an, b[0], poll);
    cp_limb *u = scratch;
    cp_limb *v = u + an + 1;
    cp_limb *digits = v + bn;
    cp_limb *rest = digits + m;
    unsigned shift = leading_zeros(b[bn - 1]);
    u[an] = cp_limbs_shift_left(u, a, an, shift);
    if (!cp_limbs_go_on(poll, an))
        return false;
    cp_limb out = cp_limbs_shift_left(v, b, bn, shift);
    assert(out == 0);
    if (!cp_limbs_go_on(poll, bn) ||
        !divide_in_place(q != NULL ? q : digits, u, v, bn, m, rest, poll))
        return false;
    if (!cp_limbs_go_on(poll, bn))
        return false;
    out = cp_limbs_shift_right(r, u, bn, shift);
    assert(out == 0);
    return cp_limbs_go_on(poll, bn);
}

size_t cp_limbs_divrem_scratch(size_t an, size_t bn)
{
    size_t m = an - bn + 1;
    size_t recursion = bn < CP_LIMBS_DIVIDE ? 0 : bn + cp_limbs_mul_scratch(bn, bn);
    return bn == 1 ? an : an + 1 + bn + m + recursion;
}

/* ---- Divisors ------------------------------------------------------------------------------ */

/* Euclid's steps on (a, b) as one matrix: a' = |x0 a - y0 b|, b' = |x1 a - y1 b|. */
typedef struct lehmer_steps {
    int64_t x0, y0, x1, y1;
} lehmer_steps;

/* The steps that are sure when only the leading bits A and B < 2^62 are known; y0 = 0 when none is.
 * The coefficients have opposite signs in each row, and magnitudes below 2^62. */
static lehmer_steps find_steps(int64_t a, int64_t b)
{
    lehmer_steps s = {1, 0, 0, 1};
    while (b + s.x1 != 0 && b + s.y1 != 0) { /* b at least halves in two turns */
        int64_t q = (a + s.x0) / (b + s.x1);
        if (q != (a + s.y0) / (b + s.y1))
            break;
        int64_t x = s.x0 - q * s.x1;
        int64_t y = s.y0 - q * s.y1;
        int64_t c = a - q * b;
        s = (lehmer_steps){s.x1, s.y1, x, y};
        a = b;
        b = c;
    }
    return s;
}

/* R (n limbs) = X A + Y B, which is not negative and fits; X and Y have opposite signs. */
static void combine(cp_limb *r, const cp_limb *a, int64_t x, const cp_limb *b, int64_t y, size_t n)
{
    const cp_limb *plus = x > 0 || y < 0 ? a : b;
    const cp_limb *minus = plus == a ? b : a;
    cp_limb plus_times = (cp_limb)(plus == a ? x : y);
    cp_limb minus_times = (cp_limb) - (plus == a ? y : x);
    cp_limb carry = cp_limbs_mul_small(r, plus, n, plus_times, 0);
    cp_limb borrow = cp_limbs_sub_product(r, minus, n, minus_times);
    assert(carry == borrow);
}

/* The 62 leading bits of A, and the bits of B at the same places; n >= 2. */
static lehmer_steps steps_of(const cp_limb *a, const cp_limb *b, size_t n)
{
    unsigned shift = leading_zeros(a[n - 1]);
    cp_uint128 a_top = join(a[n - 1], a[n - 2]) << shift;
    cp_uint128 b_top = join(b[n - 1], b[n - 2]) << shift;
    return find_steps((int64_t)(high(a_top) >> 2), (int64_t)(high(b_top) >> 2));
}

bool cp_limbs_gcd(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                  cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(an >= bn);
    assert(bn > 0);
    size_t size = bn;
    cp_limb *x = scratch; /* x >= y always; of all four the lower n limbs are in use */
    cp_limb *y = x + bn;
    cp_limb *next_x = y + bn;
    cp_limb *next_y = next_x + bn;
    cp_limb *rest = next_y + bn;
    memcpy(x, b, bn * sizeof *x);
    if (!cp_limbs_divrem(NULL, y, a, an, b, bn, rest, poll))
        return false;
    size_t n = bn;
    size_t yn = cp_limbs_size(y, bn);
    while (n > 1 && yn > 0) {
        lehmer_steps s = steps_of(x, y, n);
        if (s.y0 == 0) { /* one true division */
            memcpy(next_x, y, n * sizeof *x);
            memset(next_y, 0, n * sizeof *y);
            if (!cp_limbs_divrem(NULL, next_y, x, n, y, yn, rest, poll))
                return false;
        } else {
            combine(next_x, x, s.x0, y, s.y0, n);
            combine(next_y, x, s.x1, y, s.y1, n);
        }
        cp_limb *old_x = x;
        cp_limb *old_y = y;
        x = next_x;
        y = next_y;
        next_x = old_x;
        next_y = old_y;
        n = cp_limbs_size(x, n);
        yn = cp_limbs_size(y, n);
        if (!cp_limbs_go_on(poll, 4 * n + 64))
            return false;
    }
    if (yn > 0)
        x[0] = cp_limb_gcd(x[0], y[0]);
    memset(r, 0, size * sizeof *r);
    memcpy(r, x, n * sizeof *r);
    return true;
}

size_t cp_limbs_gcd_scratch(size_t an, size_t bn)
{
    size_t first = cp_limbs_divrem_scratch(an, bn);
    size_t later = 4 * bn + 4 + cp_limbs_mul_scratch(bn, bn); /* any division of at most bn limbs */
    return 4 * bn + (first > later ? first : later);
}

/* ---- Roots --------------------------------------------------------------------------------- */

/* R = A / 2^COUNT, returns its normalised size; R is disjoint from A. */
static size_t shift_down(cp_limb *r, const cp_limb *a, size_t n, size_t count)
{
    size_t limbs = count / CP_LIMB_BITS;
    assert(limbs < n);
    (void)cp_limbs_shift_right(r, a + limbs, n - limbs, (unsigned)(count % CP_LIMB_BITS));
    return cp_limbs_size(r, n - limbs);
}

/* R (n limbs, the upper zero) *= 2^COUNT, in place. */
static void shift_up(cp_limb *r, size_t n, size_t count)
{
    size_t limbs = count / CP_LIMB_BITS;
    assert(limbs < n);
    (void)cp_limbs_shift_left(r + limbs, r, n - limbs, (unsigned)(count % CP_LIMB_BITS));
    memset(r, 0, limbs * sizeof *r);
}

/* With c = (bit length - 1) / 2 the root has c + 1 bits. The d + 1 leading bits, with an error
 * below one, give twice as many by one step of Heron's rule on the leading 2 d bits of A: d runs
 * through the leading bits of c. The result is the root or one above it. */
bool cp_limbs_sqrt(cp_limb *r, const cp_limb *a, size_t n, cp_limb *scratch, cp_limbs_poll *poll)
{
    assert(n > 0);
    assert(a[n - 1] != 0);
    size_t c = (cp_limbs_bit_length(a, n) - 1) / 2;
    size_t rn = (n + 1) / 2;
    cp_limb *root = scratch; /* rn + 1 limbs */
    cp_limb *upper = root + rn + 1;
    cp_limb *quotient = upper + n;
    cp_limb *rest = quotient + rn + 2;
    memset(root, 0, (rn + 1) * sizeof *root);
    root[0] = 1;
    size_t d = 0;
    for (unsigned s = c == 0 ? 0 : CP_LIMB_BITS - leading_zeros(c); s-- > 0;) {
        size_t e = d;
        d = c >> s;
        size_t upper_size = shift_down(upper, a, n, 2 * c - e - d + 1);
        size_t root_size = cp_limbs_size(root, rn + 1);
        size_t quotient_size = upper_size - root_size + 1;
        if (!cp_limbs_go_on(poll, upper_size) ||
            !cp_limbs_divrem(quotient, upper, upper, upper_size, root, root_size, rest, poll))
            return false;
        shift_up(root, rn + 1, d - e - 1);
        quotient_size = cp_limbs_size(quotient, quotient_size);
        cp_limb carry = cp_limbs_add(root, root, rn + 1, quotient, quotient_size);
        assert(carry == 0);
        if (!cp_limbs_go_on(poll, rn))
            return false;
    }
    size_t root_size = cp_limbs_size(root, rn + 1);
    cp_limb *square = upper; /* upper and quotient are done with */
    if (!cp_limbs_go_on(poll, n) ||
        !cp_limbs_mul(square, root, root_size, root, root_size, rest, poll))
        return false;
    if (cp_limbs_compare(square, cp_limbs_size(square, 2 * root_size), a, n) > 0)
        (void)cp_limbs_sub_small(root, root, rn + 1, 1);
    assert(root[rn] == 0);
    memcpy(r, root, rn * sizeof *r);
    return cp_limbs_go_on(poll, n);
}

/* Any division there is of at most n limbs by at most rn + 1; the square fits in upper and
 * quotient, 2 rn + 2 <= n + rn + 2 limbs. */
size_t cp_limbs_sqrt_scratch(size_t n)
{
    size_t rn = (n + 1) / 2;
    return (rn + 1) + n + (rn + 2) + 2 * n + rn + 8 + cp_limbs_mul_scratch(rn + 1, rn + 1);
}

/* ---- Rounding to double -------------------------------------------------------------------- */

/* The double nearest to (M + e) * 2^EXPONENT for M >= 2^63. Of M the top 53 bits are kept, or fewer
 * below 2^-1022; the bits with the exponent field above them make the double, and a carry out of
 * them is the next exponent, at last that of infinity. */
static double round_limb(cp_limb m, int64_t exponent, bool is_sticky)
{
    assert(m >> (CP_LIMB_BITS - 1) == 1);
    enum { DROPPED = 11, MIN_EXPONENT = -1022 };
    const cp_limb infinity = (cp_limb)0x7ff << 52;
    int64_t top = exponent > 2000 ? 2063 : exponent < -2000 ? -1937 : exponent + 63;
    bool is_subnormal = top < MIN_EXPONENT;
    unsigned dropped = DROPPED + (is_subnormal ? (unsigned)(MIN_EXPONENT - top) : 0);
    cp_limb bits = infinity;
    if (dropped > CP_LIMB_BITS) {
        bits = 0; /* less than half of the least */
    } else if (top <= 1023) {
        cp_limb kept = dropped == CP_LIMB_BITS ? 0 : m >> dropped;
        cp_limb rest = m << (CP_LIMB_BITS - dropped);
        const cp_limb half = (cp_limb)1 << (CP_LIMB_BITS - 1);
        bool is_up = rest > half || (rest == half && (is_sticky || (kept & 1) != 0));
        cp_limb field = is_subnormal ? 0 : (cp_limb)(top - MIN_EXPONENT) << 52;
        bits = field + kept + is_up;
    }
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double cp_limbs_to_double(const cp_limb *a, size_t n, int64_t exponent, bool is_sticky)
{
    if (n == 0)
        return 0;
    unsigned shift = leading_zeros(a[n - 1]);
    cp_limb m = a[n - 1] << shift;
    if (n == 1) {
        assert(!is_sticky || shift == 0);
        return round_limb(m, exponent - shift, is_sticky);
    }
    if (shift != 0)
        m |= a[n - 2] >> (CP_LIMB_BITS - shift);
    is_sticky = is_sticky || (cp_limb)(a[n - 2] << shift) != 0 || cp_limbs_size(a, n - 2) != 0;
    return round_limb(m, exponent - shift + (int64_t)(n - 1) * CP_LIMB_BITS, is_sticky);
}
