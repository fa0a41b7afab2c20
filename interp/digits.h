/* digits.h -- natural numbers in limbs to and from digits of radix 2 to 36.
 *
 * Owns:  the digits of integers: `0` to `9`, `a` to `z`, upper case read as lower.
 * Never: sees a sign, a prefix, a point or an exponent: number and flotext parse those.
 *
 * Scratch and polls are as in limbs.h; both conversions take less than quadratic time. */
#ifndef CP_INTERP_DIGITS_H
#define CP_INTERP_DIGITS_H

#include "interp/limbs.h"

enum { CP_MIN_RADIX = 2, CP_MAX_RADIX = 36 };

/* The digit that C stands for in the largest radix, or CP_MAX_RADIX when it is none. */
static inline unsigned cp_digit_value(char c)
{
    unsigned decimal = (unsigned char)c - (unsigned)'0';
    unsigned letter = ((unsigned char)c | 0x20u) - (unsigned)'a';
    return decimal < 10 ? decimal : letter < 26 ? letter + 10 : CP_MAX_RADIX;
}

/* The most digits of RADIX that always fit in a limb: 64 for 2, 19 for 10. */
unsigned cp_digits_per_limb(unsigned radix);

/* Characters enough for any N limbs, at least 1. */
size_t cp_digits_text_size(size_t n, unsigned radix);

/* Write A at TEXT, without leading zeros but "0" for zero, and its length at *SIZE. TEXT has
 * cp_digits_text_size characters; no NUL is written. */
CP_MUST_USE bool cp_digits_write(char *text, size_t *size, const cp_limb *a, size_t n,
                                 unsigned radix, cp_limb *scratch, cp_limbs_poll *poll);
size_t cp_digits_write_scratch(size_t n, unsigned radix);

/* Limbs enough for any SIZE digits. */
size_t cp_digits_limbs(size_t size, unsigned radix);

/* R (cp_digits_limbs limbs) = the number that the SIZE characters at TEXT spell; each is a digit of
 * RADIX, which the caller has checked. */
CP_MUST_USE bool cp_digits_read(cp_limb *r, const char *text, size_t size, unsigned radix,
                                cp_limb *scratch, cp_limbs_poll *poll);
size_t cp_digits_read_scratch(size_t size, unsigned radix);

#endif
