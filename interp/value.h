/* value.h -- the value word: what a Lisp value is in 64 bits.
 *
 * Owns:  the encoding, and every test, construction and arithmetic that depends on it.
 * Never: looks behind a reference: what lies in the heap is type.h's and the modules' above.
 *
 *   0000 0000 0000 0000                      no value (empty slot of a C structure)
 *   0000 aaaa aaaa aaa0                      object at a, which starts with a header word (type.h)
 *   0000 aaaa aaaa aaa8                      pair at a, without header: car at a, cdr at a + 8
 *   0000 0000 0000 nnn2                      constant n of CP_CONSTANT_LIST
 *   0000 0000 0ccc ccc6                      character with code point c
 *   0002 .... .... .... to FFF2 0000 0000 0000   double: its bits + 2^49
 *   FFFC .... .... .... to FFFF FFFF FFFF FFFF   fixnum: 50 bits, two's complement
 *
 * A reference is a plain address below 2^48, a multiple of 16 plus its tag, so that a field is one
 * load with a constant displacement. Both fixnum is one test, because the fixnum range is a prefix
 * of ones: a & b is a fixnum word exactly when a and b are. Doubles from outside pass
 * cp_make_double, which makes every NaN the same one; a NaN with other bits could read as a
 * fixnum. The encoding follows "favour pointers" NaN boxing as JavaScriptCore describes it. */
#ifndef CP_INTERP_VALUE_H
#define CP_INTERP_VALUE_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <copse/interp.h>

#include "sched/compiler.h"

typedef copse_value cp_value;

_Static_assert(sizeof(cp_value) == 8, "a value is one word");
_Static_assert(sizeof(void *) == 8, "references are addresses below 2^48 of a 64-bit machine");
_Static_assert(sizeof(double) == 8, "doubles are IEEE 754 binary64");

/* ---- Constants ----------------------------------------------------------------------------- */

/* X(name, printed text, meaning). The last rows never reach Lisp: they tell the caller of a C
 * function what happened, and the heap checker refuses them in the heap. */
#define CP_CONSTANT_LIST(X)                                                                        \
    X(FALSE, "#f", "the only value that counts as false")                                          \
    X(TRUE, "#t", "truth")                                                                         \
    X(NIL, "()", "the empty list")                                                                 \
    X(EOF, "#<eof>", "what reading past the end gives")                                            \
    X(UNSPECIFIC, "#<unspecific>", "the value of an expression that has none to give")             \
    X(DEFAULT, "#<default>", "an optional argument that was not given")                            \
    X(UNBOUND, "#<unbound>", "a cell or variable that has no value yet")                           \
    X(UNSET, "#<unset>", "a slot before its first write")                                          \
    X(RETRY, "#<retry>", "C only: memory was refused; collect and run the builtin once more")      \
    X(RAISE, "#<raise>", "C only: a condition waits in the machine")                               \
    X(REQUEST, "#<request>", "C only: a request waits in the machine")

#define CP_CONSTANT_INDEX(name, text, meaning) CP_CONSTANT_##name,
enum cp_constant { CP_CONSTANT_LIST(CP_CONSTANT_INDEX) CP_CONSTANT_COUNT };
#undef CP_CONSTANT_INDEX

enum { CP_FIRST_C_ONLY_CONSTANT = CP_CONSTANT_RETRY };

/* The bits of each, as integer constants: for static tables and case labels. */
#define CP_CONSTANT_BITS(index) ((uint64_t)(index) << 4 | 2)

CP_ALWAYS_INLINE cp_value cp_from_bits(uint64_t bits)
{
    return (cp_value){bits};
}

#define CP_CONSTANT(name) cp_from_bits(CP_CONSTANT_BITS(CP_CONSTANT_##name))
#define CP_NOTHING cp_from_bits(0)
#define CP_FALSE CP_CONSTANT(FALSE)
#define CP_TRUE CP_CONSTANT(TRUE)
#define CP_NIL CP_CONSTANT(NIL)
#define CP_EOF CP_CONSTANT(EOF)
#define CP_UNSPECIFIC CP_CONSTANT(UNSPECIFIC)
#define CP_DEFAULT CP_CONSTANT(DEFAULT)
#define CP_UNBOUND CP_CONSTANT(UNBOUND)
#define CP_UNSET CP_CONSTANT(UNSET)
#define CP_RETRY CP_CONSTANT(RETRY)
#define CP_RAISE CP_CONSTANT(RAISE)
#define CP_REQUEST CP_CONSTANT(REQUEST)

/* The same word: eq?. On numbers it is eqv? for fixnums and doubles (NaN is itself, 0.0 is not
 * -0.0), not =. */
CP_ALWAYS_INLINE bool cp_same(cp_value a, cp_value b)
{
    return a.bits == b.bits;
}

CP_ALWAYS_INLINE bool cp_is_nothing(cp_value v)
{
    return v.bits == 0;
}

CP_ALWAYS_INLINE bool cp_is_true(cp_value v)
{
    return v.bits != CP_CONSTANT_BITS(CP_CONSTANT_FALSE);
}

CP_ALWAYS_INLINE bool cp_is_nil(cp_value v)
{
    return v.bits == CP_CONSTANT_BITS(CP_CONSTANT_NIL);
}

CP_ALWAYS_INLINE bool cp_is_retry(cp_value v)
{
    return v.bits == CP_CONSTANT_BITS(CP_CONSTANT_RETRY);
}

CP_ALWAYS_INLINE cp_value cp_make_boolean(bool b)
{
    return cp_from_bits(CP_CONSTANT_BITS(CP_CONSTANT_FALSE) + ((uint64_t)b << 4));
}
_Static_assert(CP_CONSTANT_TRUE == CP_CONSTANT_FALSE + 1, "cp_make_boolean adds one row");

CP_ALWAYS_INLINE bool cp_is_boolean(cp_value v)
{
    return (v.bits & ~(uint64_t)0x10) == CP_CONSTANT_BITS(CP_CONSTANT_FALSE);
}
_Static_assert(CP_CONSTANT_FALSE == 0, "cp_is_boolean clears the one bit that differs");

CP_ALWAYS_INLINE bool cp_is_constant(cp_value v)
{
    return (v.bits & 15) == 2 && v.bits < CP_CONSTANT_BITS(CP_CONSTANT_COUNT);
}

CP_ALWAYS_INLINE enum cp_constant cp_to_constant(cp_value v)
{
    assert(cp_is_constant(v));
    return (enum cp_constant)(v.bits >> 4);
}

/* ---- Characters ---------------------------------------------------------------------------- */

enum { CP_CHAR_MAX = 0x10FFFF, CP_CHAR_BITS_END = (CP_CHAR_MAX + 1) << 4 };

/* A Unicode scalar value: a code point that is no surrogate. */
CP_ALWAYS_INLINE bool cp_char_is_valid(uint32_t code)
{
    return code < 0xD800 || (code > 0xDFFF && code <= CP_CHAR_MAX);
}

CP_ALWAYS_INLINE bool cp_is_char(cp_value v)
{
    return v.bits < CP_CHAR_BITS_END && (v.bits & 15) == 6;
}

CP_ALWAYS_INLINE cp_value cp_make_char(uint32_t code)
{
    assert(cp_char_is_valid(code));
    return cp_from_bits((uint64_t)code << 4 | 6);
}

CP_ALWAYS_INLINE uint32_t cp_to_char(cp_value v)
{
    assert(cp_is_char(v));
    return (uint32_t)(v.bits >> 4);
}

/* ---- Fixnums ------------------------------------------------------------------------------- */

#define CP_FIXNUM_BITS 50
#define CP_FIXNUM_SHIFT (64 - CP_FIXNUM_BITS)
#define CP_FIXNUM_TAG UINT64_C(0xFFFC000000000000)
#define CP_FIXNUM_MAX ((INT64_C(1) << (CP_FIXNUM_BITS - 1)) - 1)
#define CP_FIXNUM_MIN (-CP_FIXNUM_MAX - 1)

_Static_assert((CP_FIXNUM_TAG << CP_FIXNUM_SHIFT) == 0, "the tag is above the payload");

CP_ALWAYS_INLINE bool cp_is_fixnum(cp_value v)
{
    return v.bits >= CP_FIXNUM_TAG;
}

CP_ALWAYS_INLINE bool cp_both_fixnum(cp_value a, cp_value b)
{
    return (a.bits & b.bits) >= CP_FIXNUM_TAG;
}

CP_ALWAYS_INLINE bool cp_fits_fixnum(int64_t n)
{
    return n >= CP_FIXNUM_MIN && n <= CP_FIXNUM_MAX;
}

CP_ALWAYS_INLINE cp_value cp_make_fixnum(int64_t n)
{
    assert(cp_fits_fixnum(n));
    return cp_from_bits((uint64_t)n | CP_FIXNUM_TAG);
}

/* The payload at the top of the word, where sums and products overflow as int64 does. */
CP_ALWAYS_INLINE int64_t cp_fixnum_high(cp_value v)
{
    return (int64_t)(v.bits << CP_FIXNUM_SHIFT);
}

CP_ALWAYS_INLINE cp_value cp_fixnum_from_high(int64_t high)
{
    return cp_from_bits((uint64_t)high >> CP_FIXNUM_SHIFT | CP_FIXNUM_TAG);
}

CP_ALWAYS_INLINE int64_t cp_to_fixnum(cp_value v)
{
    assert(cp_is_fixnum(v));
    return cp_fixnum_high(v) >> CP_FIXNUM_SHIFT;
}

/* Sum, difference and product of two fixnums. False when it is no fixnum; *result is then left. */
CP_ALWAYS_INLINE bool cp_fixnum_add(cp_value a, cp_value b, cp_value *result)
{
    int64_t high;
    if (CP_ADD_OVERFLOWS(cp_fixnum_high(a), cp_fixnum_high(b), &high))
        return false;
    *result = cp_fixnum_from_high(high);
    return true;
}

CP_ALWAYS_INLINE bool cp_fixnum_subtract(cp_value a, cp_value b, cp_value *result)
{
    int64_t high;
    if (CP_SUB_OVERFLOWS(cp_fixnum_high(a), cp_fixnum_high(b), &high))
        return false;
    *result = cp_fixnum_from_high(high);
    return true;
}

CP_ALWAYS_INLINE bool cp_fixnum_multiply(cp_value a, cp_value b, cp_value *result)
{
    int64_t high;
    if (CP_MUL_OVERFLOWS(cp_fixnum_high(a) >> CP_FIXNUM_SHIFT, cp_fixnum_high(b), &high))
        return false;
    *result = cp_fixnum_from_high(high);
    return true;
}

/* Order of two fixnums: the tags are equal, so the words compare as the payloads do when shifted.
 */
CP_ALWAYS_INLINE bool cp_fixnum_less(cp_value a, cp_value b)
{
    return cp_fixnum_high(a) < cp_fixnum_high(b);
}

/* ---- Doubles ------------------------------------------------------------------------------- */

#define CP_DOUBLE_OFFSET (UINT64_C(1) << 49)
#define CP_DOUBLE_LAST (UINT64_C(0xFFF0000000000000) + CP_DOUBLE_OFFSET)
#define CP_NAN_BITS UINT64_C(0x7FF8000000000000)

CP_ALWAYS_INLINE bool cp_is_double(cp_value v)
{
    return v.bits - CP_DOUBLE_OFFSET <= CP_DOUBLE_LAST - CP_DOUBLE_OFFSET;
}

/* A double of any origin; every NaN becomes the one Lisp knows. */
CP_ALWAYS_INLINE cp_value cp_make_double(double d)
{
    uint64_t bits = CP_NAN_BITS;
    if (CP_LIKELY(d == d))
        memcpy(&bits, &d, sizeof bits);
    return cp_from_bits(bits + CP_DOUBLE_OFFSET);
}

CP_ALWAYS_INLINE double cp_to_double(cp_value v)
{
    assert(cp_is_double(v));
    double d;
    uint64_t bits = v.bits - CP_DOUBLE_OFFSET;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* ---- References ---------------------------------------------------------------------------- */

#define CP_ADDRESS_BITS 48
#define CP_ADDRESS_END (UINT64_C(1) << CP_ADDRESS_BITS)
#define CP_PAIR_TAG 8

typedef struct cp_object cp_object; /* what a header word starts: type.h */

typedef struct cp_pair {
    cp_value car;
    cp_value cdr;
} cp_pair;

_Static_assert(sizeof(cp_pair) == 16, "a pair is one granule and has no header");

/* A pair or an object. The one test that separates references from all other values. */
CP_ALWAYS_INLINE bool cp_is_reference(cp_value v)
{
    return (v.bits & ~(CP_ADDRESS_END - 1 - 7)) == 0 && v.bits != 0;
}

CP_ALWAYS_INLINE bool cp_is_pair(cp_value v)
{
    return (v.bits & ~(CP_ADDRESS_END - 1 - 15)) == CP_PAIR_TAG;
}

CP_ALWAYS_INLINE bool cp_is_object(cp_value v)
{
    return (v.bits & ~(CP_ADDRESS_END - 1 - 15)) == 0 && v.bits != 0;
}

/* The address of the pair or object, without its tag. */
CP_ALWAYS_INLINE uintptr_t cp_to_address(cp_value v)
{
    return (uintptr_t)(v.bits & ~(uint64_t)15);
}

CP_ALWAYS_INLINE cp_pair *cp_to_pair(cp_value v)
{
    assert(cp_is_pair(v));
    return (cp_pair *)(uintptr_t)(v.bits - CP_PAIR_TAG);
}

CP_ALWAYS_INLINE cp_value cp_from_pair(const cp_pair *pair)
{
    return cp_from_bits((uint64_t)(uintptr_t)pair + CP_PAIR_TAG);
}

CP_ALWAYS_INLINE cp_object *cp_to_object(cp_value v)
{
    assert(cp_is_object(v));
    return (cp_object *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_value cp_from_object(const void *object)
{
    return cp_from_bits((uint64_t)(uintptr_t)object);
}

CP_ALWAYS_INLINE cp_value cp_car(cp_value v)
{
    return cp_to_pair(v)->car;
}

CP_ALWAYS_INLINE cp_value cp_cdr(cp_value v)
{
    return cp_to_pair(v)->cdr;
}

#endif
