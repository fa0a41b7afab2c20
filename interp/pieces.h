/* pieces.h -- linear work on limbs that asks the poll between pieces.
 *
 * Owns:  sums, shifts, copies and bit logic of large numbers, piece by piece.
 * Never: takes more than linear time, or touches more memory between two questions than a piece.
 *
 * Sizes and results are as in limbs.h; R is disjoint from the arguments unless a function says
 * otherwise. All return false when the poll said stop. */
#ifndef CP_INTERP_PIECES_H
#define CP_INTERP_PIECES_H

#include "interp/limbs.h"

/* Limbs between two questions at most: some ten microseconds, new pages included. */
enum { CP_PIECE_LIMBS = 4096 };

/* R (n limbs) = A; R (n limbs) = 0. */
CP_MUST_USE bool cp_pieces_copy(cp_limb *r, const cp_limb *a, size_t n, cp_limbs_poll *poll);
CP_MUST_USE bool cp_pieces_clear(cp_limb *r, size_t n, cp_limbs_poll *poll);

/* R (an + 1 limbs) = A + B; R (an limbs) = A - B, which is not negative; an >= bn. */
CP_MUST_USE bool cp_pieces_add(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                               cp_limbs_poll *poll);
CP_MUST_USE bool cp_pieces_sub(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                               cp_limbs_poll *poll);

/* R (n + COUNT / 64 + 1 limbs) = A * 2^COUNT. */
CP_MUST_USE bool cp_pieces_shift_left(cp_limb *r, const cp_limb *a, size_t n, uint64_t count,
                                      cp_limbs_poll *poll);

/* R (n - COUNT / 64 limbs) = A / 2^COUNT rounded down, for COUNT / 64 < n; *HAS_REST tells whether
 * a one was shifted out. */
CP_MUST_USE bool cp_pieces_shift_right(cp_limb *r, const cp_limb *a, size_t n, uint64_t count,
                                       bool *has_rest, cp_limbs_poll *poll);

/* ---- Bits of signed numbers ---------------------------------------------------------------- */

typedef enum cp_logic_op {
    CP_LOGIC_AND,
    CP_LOGIC_OR,
    CP_LOGIC_XOR,
} cp_logic_op;

/* A op B of sign bits, that is whether the result of cp_pieces_logic is negative. */
bool cp_pieces_logic_sign(cp_logic_op op, bool a_is_negative, bool b_is_negative);

/* R (an + 1 limbs) = the magnitude of A op B, where both stand for endless two's complement and
 * the flags tell which are negative; an >= bn. R may be A or B. A negative number is not zero. */
CP_MUST_USE bool cp_pieces_logic(cp_logic_op op, cp_limb *r, const cp_limb *a, size_t an,
                                 bool a_is_negative, const cp_limb *b, size_t bn,
                                 bool b_is_negative, cp_limbs_poll *poll);

#endif
