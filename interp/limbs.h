/* limbs.h -- natural numbers as arrays of 64-bit limbs.
 *
 * Owns:  every loop over limbs: sums, products, quotients, roots, divisors, rounding.
 * Never: allocates, knows a sign that it was not told, or sees the heap.
 *
 * A number is an array of limbs, least significant first, and a size. It is normalised when its
 * last limb is not zero; zero has size 0. Arguments need not be normalised unless a function says
 * so. Results have the stated size and may have zero limbs on top: cp_limbs_size normalises.
 *
 *     a[0]   a[1]  ...  a[n-1]        value = sum of a[i] * 2^(64 i)
 *
 * Aliasing: "R may be A" means the same address or disjoint. Otherwise R, the scratch and all
 * arguments are disjoint, while two arguments may always overlap each other.
 *
 * Scratch is an array of the caller's whose size in limbs the function NAME_scratch tells.
 *
 * Functions that take a poll are abortable. They return false when the poll said so; R and the
 * scratch then hold nothing of use, the arguments are as before. All others take at most a few
 * nanoseconds a limb; pieces.h cuts the work of the simple ones. */
#ifndef CP_INTERP_LIMBS_H
#define CP_INTERP_LIMBS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/compiler.h"

typedef uint64_t cp_limb;

enum { CP_LIMB_BITS = 64 };

/* ---- The poll ------------------------------------------------------------------------------ */

/* Asks the caller now and then whether to go on. A NULL poll never aborts. A step is about the
 * work on one limb, one to three nanoseconds. */
typedef struct cp_limbs_poll {
    bool (*is_over)(void *context); /* true: abort */
    void *context;
    uint64_t steps; /* since the last question; start with 0 */
} cp_limbs_poll;

enum { CP_LIMBS_POLL_STEPS = 8192 }; /* steps between two questions, apart from one row or pass */

/* Account for STEPS. False when the work is to be aborted. */
CP_MUST_USE static inline bool cp_limbs_go_on(cp_limbs_poll *poll, size_t steps)
{
    if (poll == NULL)
        return true;
    poll->steps += steps;
    if (CP_LIKELY(poll->steps < CP_LIMBS_POLL_STEPS))
        return true;
    poll->steps = 0;
    return !poll->is_over(poll->context);
}

/* ---- Linear work --------------------------------------------------------------------------- */

/* N without the zero limbs on top. */
static inline size_t cp_limbs_size(const cp_limb *a, size_t n)
{
    while (n > 0 && a[n - 1] == 0)
        n--;
    return n;
}

/* Negative, zero, positive as A is less than, equal to, greater than B; both normalised. */
int cp_limbs_compare(const cp_limb *a, size_t an, const cp_limb *b, size_t bn);

/* Bits up to and with the highest that is set; 0 for zero. A is normalised. */
size_t cp_limbs_bit_length(const cp_limb *a, size_t n);

/* Zero bits below the lowest that is set; A is not zero. */
size_t cp_limbs_trailing_zeros(const cp_limb *a, size_t n);

/* Bits that are set. */
size_t cp_limbs_bit_count(const cp_limb *a, size_t n);

/* R (an limbs) = A + B, an >= bn, returns the carry. R may be A or B. */
cp_limb cp_limbs_add(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn);

/* R (an limbs) = A - B, an >= bn, returns the borrow. R may be A or B. */
cp_limb cp_limbs_sub(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn);

/* R (n limbs) = A + B, returns the carry; R = A - B, returns the borrow. R may be A. */
cp_limb cp_limbs_add_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b);
cp_limb cp_limbs_sub_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b);

/* R (n limbs) = A * 2^COUNT for COUNT < 64, returns the bits shifted out. R may be A, or overlap A
 * from above. */
cp_limb cp_limbs_shift_left(cp_limb *r, const cp_limb *a, size_t n, unsigned count);

/* R (n limbs) = A / 2^COUNT for COUNT < 64, returns the bits shifted out, at the top of a limb.
 * R may be A, or overlap A from below. */
cp_limb cp_limbs_shift_right(cp_limb *r, const cp_limb *a, size_t n, unsigned count);

/* R (n limbs) = A * B + CARRY, returns the carry. R may be A. */
cp_limb cp_limbs_mul_small(cp_limb *r, const cp_limb *a, size_t n, cp_limb b, cp_limb carry);

/* R (n limbs) += A * B, returns the carry; R -= A * B, returns the borrow. R may be A. */
cp_limb cp_limbs_add_product(cp_limb *r, const cp_limb *a, size_t n, cp_limb b);
cp_limb cp_limbs_sub_product(cp_limb *r, const cp_limb *a, size_t n, cp_limb b);

/* Q (n limbs) = A / B rounded down, returns the remainder; B is not zero. Q may be A. */
cp_limb cp_limbs_div_small(cp_limb *q, const cp_limb *a, size_t n, cp_limb b);

/* ---- Products and quotients ---------------------------------------------------------------- */

/* R (an + bn limbs) = A * B. Schoolbook below CP_LIMBS_KARATSUBA limbs, then Karatsuba. */
CP_MUST_USE bool cp_limbs_mul(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                              cp_limb *scratch, cp_limbs_poll *poll);
size_t cp_limbs_mul_scratch(size_t an, size_t bn);

/* Q (an - bn + 1 limbs) = A / B rounded down, R (bn limbs) = the remainder. B is normalised and not
 * zero, an >= bn. Q may be NULL when it is not wanted; R may be A or B. Knuth's algorithm D below
 * CP_LIMBS_DIVIDE limbs, then by recursion on products. */
CP_MUST_USE bool cp_limbs_divrem(cp_limb *q, cp_limb *r, const cp_limb *a, size_t an,
                                 const cp_limb *b, size_t bn, cp_limb *scratch,
                                 cp_limbs_poll *poll);
size_t cp_limbs_divrem_scratch(size_t an, size_t bn);

/* R (bn limbs) = the greatest common divisor of A and B; both are normalised and not zero,
 * an >= bn. R may be A or B. Lehmer's algorithm. */
CP_MUST_USE bool cp_limbs_gcd(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                              cp_limb *scratch, cp_limbs_poll *poll);
size_t cp_limbs_gcd_scratch(size_t an, size_t bn);

/* The greatest common divisor of two limbs; that of 0 and B is B. */
cp_limb cp_limb_gcd(cp_limb a, cp_limb b);

/* R ((n + 1) / 2 limbs) = the square root of A rounded down; A is normalised and not zero. */
CP_MUST_USE bool cp_limbs_sqrt(cp_limb *r, const cp_limb *a, size_t n, cp_limb *scratch,
                               cp_limbs_poll *poll);
size_t cp_limbs_sqrt_scratch(size_t n);

/* The square root of A rounded down. */
cp_limb cp_limb_sqrt(cp_limb a);

/* ---- Rounding to double -------------------------------------------------------------------- */

/* The double nearest to (A + e) * 2^EXPONENT, ties to even, where 0 < e < 1 when IS_STICKY and e is
 * 0 otherwise. A is normalised and, when IS_STICKY, at least 2^63. Infinity when too large. */
double cp_limbs_to_double(const cp_limb *a, size_t n, int64_t exponent, bool is_sticky);

/* ---- Thresholds ----------------------------------------------------------------------------- */

enum {
    CP_LIMBS_KARATSUBA = 24, /* limbs of the smaller factor, measured on x86-64 */
    CP_LIMBS_DIVIDE = 48,    /* limbs of the divisor and of the quotient, likewise */
};

#endif
