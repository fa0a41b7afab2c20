/* digits.c -- divide and conquer on the powers radix^(c 2^i), c the digits that fit in a limb.
 *
 * Writing divides by the largest power of at most half the size and writes both parts; reading
 * multiplies the high part by such a power and adds the low one (Knuth, TAOCP 2, 4.4). Below
 * some size it is one limb of digits at a time. A radix that is a power of two only moves
 * bits. */
#include "interp/digits.h"

#include <string.h>

enum {
    SMALL_WRITE = 24, /* limbs; at least 17, or the bound of the scratch does not hold */
    SMALL_READ = 140,
    MAX_LEVELS = 48, /* 2^48 limbs are more than there is memory */
};

unsigned cp_digits_per_limb(unsigned radix)
{
    assert(radix >= CP_MIN_RADIX);
    assert(radix <= CP_MAX_RADIX);
    static const unsigned char digits[CP_MAX_RADIX + 1] = {
        0,  0,  64, 40, 32, 27, 24, 22, 21, 20, 19, 18, 17, 17, 16, 16, 16, 15, 15,
        15, 14, 14, 14, 14, 13, 13, 13, 13, 13, 13, 13, 12, 12, 12, 12, 12, 12,
    };
    return digits[radix];
}

/* Bits of a digit when RADIX is a power of two, otherwise 0. */
static unsigned digit_bits(unsigned radix)
{
    return (radix & (radix - 1)) == 0 ? (unsigned)__builtin_ctz(radix) : 0;
}

/* Every digit takes a 1/c part of a limb or a little less: at most c + 1 digits fill a limb. */
size_t cp_digits_text_size(size_t n, unsigned radix)
{
    return n * (cp_digits_per_limb(radix) + 1) + 1;
}

size_t cp_digits_limbs(size_t size, unsigned radix)
{
    unsigned per_limb = cp_digits_per_limb(radix);
    return size / per_limb + (size % per_limb != 0);
}

/* ---- Powers -------------------------------------------------------------------------------- */

typedef struct power_table {
    unsigned radix;
    unsigned per_limb;                /* digits of level 0 */
    cp_limb base;                     /* radix ^ per_limb; 0 stands for 2^64 and is not used */
    unsigned levels;                  /* how many are made */
    size_t size[MAX_LEVELS];          /* normalised */
    const cp_limb *power[MAX_LEVELS]; /* power[i] = base ^ 2^i, in the scratch */
    cp_limbs_poll *poll;
} power_table;

static cp_limb power_of(unsigned radix, unsigned exponent)
{
    cp_limb power = 1;
    for (unsigned i = 0; i < exponent; i++)
        power *= radix;
    return power;
}

static void start_powers(power_table *table, unsigned radix, cp_limbs_poll *poll)
{
    table->radix = radix;
    table->per_limb = cp_digits_per_limb(radix);
    table->base = power_of(radix, table->per_limb);
    table->levels = 0;
    table->poll = poll;
}

/* Make LEVELS powers at *SCRATCH, and move it behind them. */
static bool make_powers(power_table *table, unsigned levels, cp_limb **scratch)
{
    assert(levels <= MAX_LEVELS);
    for (; table->levels < levels; table->levels++) {
        unsigned level = table->levels;
        cp_limb *power = *scratch;
        size_t size = 1;
        if (level == 0) {
            power[0] = table->base;
        } else {
            size_t half = table->size[level - 1];
            const cp_limb *root = table->power[level - 1];
            if (!cp_limbs_mul(power, root, half, root, half, power + 2 * half, table->poll))
                return false;
            size = cp_limbs_size(power, 2 * half);
        }
        table->power[level] = power;
        table->size[level] = size;
        *scratch = power + size;
    }
    return true;
}

/* ---- Writing ------------------------------------------------------------------------------- */

static const char digit_characters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* The last WIDTH digits of X, padded with zeros. */
static void write_limb(char *text, unsigned width, cp_limb x, unsigned radix)
{
    if (radix == 10) { /* a division by a constant is a product */
        for (unsigned i = width; i-- > 0; x /= 10)
            text[i] = (char)('0' + x % 10);
        return;
    }
    for (unsigned i = width; i-- > 0; x /= radix)
        text[i] = digit_characters[x % radix];
}

/* Exactly WIDTH digits of A by division by a limb; the N limbs of A are consumed. */
static bool write_small(const power_table *table, char *text, size_t width, cp_limb *a, size_t n)
{
    while (width > 0) {
        n = cp_limbs_size(a, n);
        unsigned count = width < table->per_limb ? (unsigned)width : table->per_limb;
        if (n == 0) {
            memset(text, '0', width);
            return true;
        }
        cp_limb rest = a[0];
        if (n == 1 && rest < table->base)
            a[0] = 0;
        else
            rest = cp_limbs_div_small(a, a, n, table->base);
        width -= count;
        write_limb(text + width, count, rest, table->radix);
        if (!cp_limbs_go_on(table->poll, 4 * n + table->per_limb))
            return false;
    }
    return true;
}

/* The largest level whose power has at most half the limbs of N, rounded up. */
static unsigned level_below(const power_table *table, size_t n)
{
    unsigned level = 0;
    while (level + 1 < table->levels && 2 * table->size[level + 1] <= n + 1)
        level++;
    return level;
}

/* Exactly WIDTH digits of A. The scratch of one level, q and r, is n + 1 limbs; the divisions in it
 * take less than 7 n + 150, the next level has at most 3/4 n + 1 limbs: together 8 n + 200. */
static bool write_padded(const power_table *table, char *text, size_t width, const cp_limb *a,
                         size_t n, cp_limb *scratch)
{
    n = cp_limbs_size(a, n);
    if (n <= SMALL_WRITE) {
        memcpy(scratch, a, n * sizeof *a);
        return write_small(table, text, width, scratch, n);
    }
    unsigned level = level_below(table, n);
    size_t low_width = (size_t)table->per_limb << level;
    size_t rn = table->size[level];
    size_t qn = n - rn + 1;
    cp_limb *q = scratch;
    cp_limb *r = q + qn;
    cp_limb *rest = r + rn;
    assert(width > low_width);
    return cp_limbs_divrem(q, r, a, n, table->power[level], rn, rest, table->poll) &&
           write_padded(table, text, width - low_width, q, qn, rest) &&
           write_padded(table, text + width - low_width, low_width, r, rn, rest);
}

/* Digits between two questions to the poll; a step is a digit here. */
enum { DIGITS_AT_ONCE = 4096 };

static bool write_bits(char *text, size_t width, const cp_limb *a, size_t n, unsigned bits,
                       cp_limbs_poll *poll)
{
    size_t place = 0;
    for (size_t i = width; i-- > 0; place += bits) {
        size_t limb = place / CP_LIMB_BITS;
        unsigned shift = (unsigned)(place % CP_LIMB_BITS);
        cp_limb digit = limb < n ? a[limb] >> shift : 0;
        if (shift + bits > CP_LIMB_BITS && limb + 1 < n)
            digit |= a[limb + 1] << (CP_LIMB_BITS - shift);
        text[i] = digit_characters[digit & ((1u << bits) - 1)];
        if (i % DIGITS_AT_ONCE == 0 && !cp_limbs_go_on(poll, DIGITS_AT_ONCE))
            return false;
    }
    return true;
}

/* The WIDTH characters behind the leading zeros move to the front. */
static bool strip_zeros(char *text, size_t width, size_t *size, cp_limbs_poll *poll)
{
    size_t zeros = 0;
    while (zeros + 1 < width && text[zeros] == '0')
        zeros++;
    *size = width - zeros;
    for (size_t at = 0; zeros > 0 && at < *size; at += 8 * DIGITS_AT_ONCE) {
        size_t left = *size - at;
        memmove(text + at, text + zeros + at,
                left < 8 * DIGITS_AT_ONCE ? left : 8 * DIGITS_AT_ONCE);
        if (!cp_limbs_go_on(poll, DIGITS_AT_ONCE))
            return false;
    }
    return true;
}

static bool write_general(char *text, size_t width, const cp_limb *a, size_t n, unsigned radix,
                          cp_limb *scratch, cp_limbs_poll *poll)
{
    power_table table;
    start_powers(&table, radix, poll);
    unsigned levels = 1;
    while (n > SMALL_WRITE && ((size_t)2 << levels) <= n + 1)
        levels++;
    return (n <= SMALL_WRITE || make_powers(&table, levels, &scratch)) &&
           write_padded(&table, text, width, a, n, scratch);
}

bool cp_digits_write(char *text, size_t *size, const cp_limb *a, size_t n, unsigned radix,
                     cp_limb *scratch, cp_limbs_poll *poll)
{
    n = cp_limbs_size(a, n);
    if (n == 0) {
        text[0] = '0';
        *size = 1;
        return true;
    }
    unsigned bits = digit_bits(radix);
    if (bits != 0) {
        *size = (cp_limbs_bit_length(a, n) + bits - 1) / bits;
        return write_bits(text, *size, a, n, bits, poll);
    }
    size_t width = cp_digits_text_size(n, radix);
    return write_general(text, width, a, n, radix, scratch, poll) &&
           strip_zeros(text, width, size, poll);
}

/* The powers have together at most 2 n limbs, and while they are made, less than the rest. */
size_t cp_digits_write_scratch(size_t n, unsigned radix)
{
    if (digit_bits(radix) != 0)
        return 0;
    return n <= SMALL_WRITE ? n : 10 * n + 512;
}

/* ---- Reading ------------------------------------------------------------------------------- */

static cp_limb read_limb(const char *text, size_t size, unsigned radix)
{
    cp_limb x = 0;
    for (size_t i = 0; i < size; i++)
        x = x * radix + cp_digit_value(text[i]);
    return x;
}

static bool read_small(const power_table *table, cp_limb *r, const char *text, size_t size)
{
    size_t count = size % table->per_limb; /* the first limb takes what is no whole limb */
    size_t n = 0;
    if (count != 0)
        r[n++] = read_limb(text, count, table->radix);
    for (; count < size; count += table->per_limb) {
        cp_limb low = read_limb(text + count, table->per_limb, table->radix);
        cp_limb carry = cp_limbs_mul_small(r, r, n, table->base, low);
        r[n++] = carry;
        if (!cp_limbs_go_on(table->poll, n + table->per_limb))
            return false;
    }
    return true;
}

/* R = high * power + low, where low has the digits of the largest level that leaves some for high.
 * The parts take n limbs of scratch, the product of the two at most 4 n + 128, and the larger part
 * is a power of two of limbs, so that its own parts halve: together 6 n + 256. */
static bool read_parts(const power_table *table, cp_limb *r, const char *text, size_t size,
                       cp_limb *scratch)
{
    size_t n = cp_digits_limbs(size, table->radix);
    if (n <= SMALL_READ)
        return read_small(table, r, text, size);
    unsigned level = table->levels - 1;
    while ((size_t)table->per_limb << level >= size)
        level--;
    size_t low_size = (size_t)table->per_limb << level;
    size_t low_n = (size_t)1 << level;
    size_t high_n = n - low_n;
    cp_limb *low = scratch;
    cp_limb *high = low + low_n;
    cp_limb *rest = high + high_n;
    size_t power_n = table->size[level];
    if (!read_parts(table, high, text, size - low_size, rest) ||
        !read_parts(table, low, text + size - low_size, low_size, rest) ||
        !cp_limbs_mul(r, high, high_n, table->power[level], power_n, rest, table->poll))
        return false;
    memset(r + high_n + power_n, 0, (n - high_n - power_n) * sizeof *r);
    cp_limb carry = cp_limbs_add(r, r, n, low, low_n);
    assert(carry == 0);
    return cp_limbs_go_on(table->poll, n);
}

static bool read_bits(cp_limb *r, size_t n, const char *text, size_t size, unsigned bits,
                      cp_limbs_poll *poll)
{
    size_t place = 0;
    for (size_t i = size; i-- > 0; place += bits) {
        cp_limb digit = cp_digit_value(text[i]);
        size_t limb = place / CP_LIMB_BITS;
        unsigned shift = (unsigned)(place % CP_LIMB_BITS);
        r[limb] = shift == 0 ? digit : r[limb] | digit << shift;
        if (shift + bits > CP_LIMB_BITS && limb + 1 < n)
            r[limb + 1] = digit >> (CP_LIMB_BITS - shift);
        if (i % DIGITS_AT_ONCE == 0 && !cp_limbs_go_on(poll, DIGITS_AT_ONCE))
            return false;
    }
    size_t used = (place + CP_LIMB_BITS - 1) / CP_LIMB_BITS;
    memset(r + used, 0, (n - used) * sizeof *r); /* limbs are counted by whole digits */
    return true;
}

bool cp_digits_read(cp_limb *r, const char *text, size_t size, unsigned radix, cp_limb *scratch,
                    cp_limbs_poll *poll)
{
    size_t n = cp_digits_limbs(size, radix);
    unsigned bits = digit_bits(radix);
    if (bits != 0)
        return read_bits(r, n, text, size, bits, poll);
    power_table table;
    start_powers(&table, radix, poll);
    unsigned levels = 1;
    while ((size_t)table.per_limb << levels < size)
        levels++;
    if (n > SMALL_READ && !make_powers(&table, levels, &scratch))
        return false;
    return read_parts(&table, r, text, size, scratch);
}

size_t cp_digits_read_scratch(size_t size, unsigned radix)
{
    size_t n = cp_digits_limbs(size, radix);
    return digit_bits(radix) != 0 || n <= SMALL_READ ? 0 : 8 * n + 512;
}
