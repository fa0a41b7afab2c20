/* pieces.c -- each function is a loop over pieces with the carry of the last one. */
#include "interp/pieces.h"

#include <string.h>

static size_t piece_of(size_t left)
{
    return left < CP_PIECE_LIMBS ? left : CP_PIECE_LIMBS;
}

bool cp_pieces_copy(cp_limb *r, const cp_limb *a, size_t n, cp_limbs_poll *poll)
{
    for (size_t at = 0; at < n; at += CP_PIECE_LIMBS) {
        size_t count = piece_of(n - at);
        memcpy(r + at, a + at, count * sizeof *r);
        if (!cp_limbs_go_on(poll, count))
            return false;
    }
    return true;
}

bool cp_pieces_clear(cp_limb *r, size_t n, cp_limbs_poll *poll)
{
    for (size_t at = 0; at < n; at += CP_PIECE_LIMBS) {
        size_t count = piece_of(n - at);
        memset(r + at, 0, count * sizeof *r);
        if (!cp_limbs_go_on(poll, count))
            return false;
    }
    return true;
}

typedef struct linear {
    cp_limb (*both)(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn);
    cp_limb (*one)(cp_limb *r, const cp_limb *a, size_t n, cp_limb b);
} linear;

/* What the last piece carried goes into the sum of the next one, which seldom carries on. */
static bool combine_pieces(const linear *work, cp_limb *r, const cp_limb *a, size_t an,
                           const cp_limb *b, size_t bn, cp_limb *carry, cp_limbs_poll *poll)
{
    assert(an >= bn);
    *carry = 0;
    for (size_t at = 0; at < bn; at += CP_PIECE_LIMBS) {
        size_t count = piece_of(bn - at);
        cp_limb out = work->both(r + at, a + at, count, b + at, count);
        *carry = out + work->one(r + at, r + at, count, *carry);
        if (!cp_limbs_go_on(poll, count))
            return false;
    }
    for (size_t at = bn; at < an; at += CP_PIECE_LIMBS) {
        size_t count = piece_of(an - at);
        *carry = work->one(r + at, a + at, count, *carry);
        if (!cp_limbs_go_on(poll, count))
            return false;
    }
    return true;
}

bool cp_pieces_add(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                   cp_limbs_poll *poll)
{
    static const linear adding = {cp_limbs_add, cp_limbs_add_small};
    cp_limb carry = 0;
    bool is_done = combine_pieces(&adding, r, a, an, b, bn, &carry, poll);
    r[an] = carry;
    return is_done;
}

bool cp_pieces_sub(cp_limb *r, const cp_limb *a, size_t an, const cp_limb *b, size_t bn,
                   cp_limbs_poll *poll)
{
    static const linear subtracting = {cp_limbs_sub, cp_limbs_sub_small};
    cp_limb borrow = 0;
    bool is_done = combine_pieces(&subtracting, r, a, an, b, bn, &borrow, poll);
    assert(!is_done || borrow == 0);
    return is_done;
}

bool cp_pieces_shift_left(cp_limb *r, const cp_limb *a, size_t n, uint64_t count,
                          cp_limbs_poll *poll)
{
    size_t limbs = count / CP_LIMB_BITS;
    unsigned bits = count % CP_LIMB_BITS;
    if (!cp_pieces_clear(r, limbs, poll))
        return false;
    r += limbs;
    cp_limb carry = 0;
    for (size_t at = 0; at < n; at += CP_PIECE_LIMBS) {
        size_t size = piece_of(n - at);
        cp_limb out = cp_limbs_shift_left(r + at, a + at, size, bits);
        r[at] |= carry;
        carry = out;
        if (!cp_limbs_go_on(poll, size))
            return false;
    }
    r[n] = carry;
    return true;
}

bool cp_pieces_shift_right(cp_limb *r, const cp_limb *a, size_t n, uint64_t count, bool *has_rest,
                           cp_limbs_poll *poll)
{
    size_t limbs = count / CP_LIMB_BITS;
    unsigned bits = count % CP_LIMB_BITS;
    assert(limbs < n);
    const cp_limb *from = a + limbs;
    cp_limb carry = 0; /* from the piece above */
    for (size_t end = n - limbs; end > 0;) {
        size_t size = piece_of(end);
        end -= size;
        cp_limb out = cp_limbs_shift_right(r + end, from + end, size, bits);
        r[end + size - 1] |= carry;
        carry = out;
        if (!cp_limbs_go_on(poll, size))
            return false;
    }
    *has_rest = carry != 0 || cp_limbs_size(a, limbs) != 0;
    return true;
}

/* ---- Bits of signed numbers ---------------------------------------------------------------- */

/* A limb of the endless two's complement of a magnitude; *CARRY starts as the sign. */
static inline cp_limb complement_limb(cp_limb limb, bool is_negative, cp_limb *carry)
{
    if (!is_negative)
        return limb;
    cp_limb r = 0;
    *carry = CP_ADD_OVERFLOWS(~limb, *carry, &r);
    return r;
}

static inline cp_limb apply_logic(cp_logic_op op, cp_limb a, cp_limb b)
{
    switch (op) {
    case CP_LOGIC_AND:
        return a & b;
    case CP_LOGIC_OR:
        return a | b;
    case CP_LOGIC_XOR:
        return a ^ b;
    }
    assert(false);
    return 0;
}

bool cp_pieces_logic_sign(cp_logic_op op, bool a_is_negative, bool b_is_negative)
{
    return apply_logic(op, a_is_negative, b_is_negative) != 0;
}

bool cp_pieces_logic(cp_logic_op op, cp_limb *r, const cp_limb *a, size_t an, bool a_is_negative,
                     const cp_limb *b, size_t bn, bool b_is_negative, cp_limbs_poll *poll)
{
    assert(an >= bn);
    bool is_negative = cp_pieces_logic_sign(op, a_is_negative, b_is_negative);
    cp_limb a_carry = a_is_negative;
    cp_limb b_carry = b_is_negative;
    cp_limb r_carry = is_negative;
    for (size_t i = 0; i <= an; i++) {
        cp_limb x = complement_limb(i < an ? a[i] : 0, a_is_negative, &a_carry);
        cp_limb y = complement_limb(i < bn ? b[i] : 0, b_is_negative, &b_carry);
        r[i] = complement_limb(apply_logic(op, x, y), is_negative, &r_carry);
        if (i % CP_PIECE_LIMBS == 0 && !cp_limbs_go_on(poll, CP_PIECE_LIMBS))
            return false;
    }
    return true;
}
