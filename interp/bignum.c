/* bignum.c -- integers as views of limbs.
 *
 * An operand is looked at as a sign and limbs, which for a fixnum lie in the view. A result is
 * computed in a workspace, on the C stack when it is small and in one block of the heap's allocator
 * otherwise, together with the scratch of the algorithm; then it becomes a fixnum, or an object of
 * its exact size. The copy is cheap beside the work and lets every algorithm overestimate. */
#include "interp/bignum.h"

#include <math.h>

#include "sched/memory.h"

/* ---- Views --------------------------------------------------------------------------------- */

typedef struct view {
    const cp_limb *limbs; /* normalised; in the object, or `small` below */
    size_t size;
    bool is_negative;
    cp_limb small;
} view;

static void look_at(view *x, cp_value v)
{
    if (cp_is_fixnum(v)) {
        int64_t n = cp_to_fixnum(v);
        x->small = n < 0 ? -(cp_limb)n : (cp_limb)n;
        x->limbs = &x->small;
        x->size = n != 0;
        x->is_negative = n < 0;
        return;
    }
    const cp_bignum *big = cp_to_bignum(v);
    x->limbs = big->limbs;
    x->size = cp_object_length(&big->object);
    x->is_negative = (cp_object_flags(&big->object) & CP_FLAG_NEGATIVE) != 0;
}

static int compare_magnitudes(const view *a, const view *b)
{
    return cp_limbs_compare(a->limbs, a->size, b->limbs, b->size);
}

/* ---- Workspaces ---------------------------------------------------------------------------- */

enum { LOCAL_LIMBS = 64 };

typedef struct workspace {
    const copse_allocator *allocator;
    cp_limb *limbs;
    size_t count;
    cp_limb local[LOCAL_LIMBS];
} workspace;

/* COUNT limbs at w->limbs, not cleared. False when memory is refused. */
static bool open_workspace(workspace *w, const cp_calc *calc, size_t count)
{
    w->allocator = cp_heap_allocator(calc->heap);
    w->count = count;
    w->limbs = w->local;
    if (count > LOCAL_LIMBS)
        w->limbs = cp_allocate_array(w->allocator, count, sizeof(cp_limb));
    return w->limbs != NULL;
}

static void close_workspace(workspace *w)
{
    if (w->limbs != w->local)
        cp_release_array(w->allocator, w->limbs, w->count, sizeof(cp_limb));
}

/* The one place that makes big numbers: N limbs, not normalised, and a sign. */
static cp_calc_status make_integer(const cp_calc *calc, const cp_limb *limbs, size_t n,
                                   bool is_negative, cp_value *result)
{
    n = cp_limbs_size(limbs, n);
    const cp_limb limit = (cp_limb)CP_FIXNUM_MAX + is_negative;
    if (n == 0 || (n == 1 && limbs[0] <= limit)) {
        int64_t magnitude = n == 0 ? 0 : (int64_t)limbs[0];
        *result = cp_make_fixnum(is_negative ? -magnitude : magnitude);
        return CP_CALC_OK;
    }
    if (n > CP_BIGNUM_MAX_LIMBS)
        return CP_CALC_TOO_LARGE;
    cp_bignum *big = (cp_bignum *)cp_alloc(calc->heap, CP_TYPE_BIGNUM, n);
    if (big == NULL)
        return CP_CALC_RETRY;
    if (is_negative)
        cp_object_set_flags(&big->object, CP_FLAG_NEGATIVE);
    if (!cp_pieces_copy(big->limbs, limbs, n, calc->poll))
        return CP_CALC_ABORTED;
    *result = cp_from_object(big);
    return CP_CALC_OK;
}

/* ---- The type ------------------------------------------------------------------------------ */

static bool are_equal(const cp_object *a, const cp_object *b)
{
    return a->header == b->header &&
           memcmp(((const cp_bignum *)a)->limbs, ((const cp_bignum *)b)->limbs,
                  cp_object_length(a) * sizeof(cp_limb)) == 0;
}

/* At most eight limbs from each end: bounded, and what programs make differs there. */
static uint64_t hash_bignum(const cp_object *object)
{
    enum { ENDS = 8 };
    const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
    const cp_bignum *big = (const cp_bignum *)object;
    size_t n = cp_object_length(object);
    uint64_t hash = n * 2 + ((cp_object_flags(object) & CP_FLAG_NEGATIVE) != 0);
    for (size_t i = 0; i < n; i++) {
        if (i == ENDS && n > (size_t)2 * ENDS)
            i = n - ENDS;
        hash = (hash ^ big->limbs[i]) * multiplier;
        hash ^= hash >> 32;
    }
    return hash;
}

static const cp_type bignum_type = {
    .name = "integer",
    .fixed_bytes = sizeof(cp_bignum),
    .element_bytes = sizeof(cp_limb),
    .values_from = sizeof(cp_bignum),
    .values_to = sizeof(cp_bignum),
    .equal = are_equal,
    .hash = hash_bignum,
};

void cp_bignum_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_BIGNUM, &bignum_type);
}

const char *cp_calc_status_text(cp_calc_status status)
{
#define STATUS_TEXT(name, meaning) [CP_CALC_##name] = meaning,
    static const char *const texts[] = {CP_CALC_STATUS_LIST(STATUS_TEXT)};
#undef STATUS_TEXT
    return texts[status];
}

/* ---- Between integers and C ----------------------------------------------------------------- */

cp_calc_status cp_integer_from_uint64(const cp_calc *calc, uint64_t n, cp_value *result)
{
    return make_integer(calc, &n, 1, false, result);
}

cp_calc_status cp_integer_from_int64(const cp_calc *calc, int64_t n, cp_value *result)
{
    uint64_t magnitude = n < 0 ? -(uint64_t)n : (uint64_t)n;
    return make_integer(calc, &magnitude, 1, n < 0, result);
}

bool cp_integer_to_uint64(cp_value v, uint64_t *result)
{
    view x;
    look_at(&x, v);
    if (x.is_negative || x.size > 1)
        return false;
    *result = x.size == 0 ? 0 : x.limbs[0];
    return true;
}

bool cp_integer_to_int64(cp_value v, int64_t *result)
{
    view x;
    look_at(&x, v);
    if (x.size > 1)
        return false;
    uint64_t magnitude = x.size == 0 ? 0 : x.limbs[0];
    if (magnitude > (uint64_t)INT64_MAX + x.is_negative)
        return false;
    *result = (int64_t)(x.is_negative ? -magnitude : magnitude);
    return true;
}

enum { DOUBLE_LIMBS = 17 }; /* 2^1024 and a limb for the carry of a shift */

/* The integer part of |X| in R (DOUBLE_LIMBS limbs); returns its size. */
static size_t limbs_of_double(cp_limb *r, double x)
{
    assert(isfinite(x));
    memset(r, 0, DOUBLE_LIMBS * sizeof *r);
    x = fabs(x);
    if (x < 0x1p63) {
        r[0] = (cp_limb)x;
        return r[0] != 0;
    }
    int exponent = 0;
    double fraction = frexp(x, &exponent); /* at least 1/2 */
    cp_limb bits = (cp_limb)(fraction * 0x1p53);
    unsigned up = (unsigned)exponent - 53;
    size_t at = up / CP_LIMB_BITS;
    r[at + 1] = cp_limbs_shift_left(r + at, &bits, 1, up % CP_LIMB_BITS);
    return cp_limbs_size(r, at + 2);
}

cp_calc_status cp_integer_from_double(const cp_calc *calc, double x, cp_value *result)
{
    cp_limb limbs[DOUBLE_LIMBS];
    size_t n = limbs_of_double(limbs, x);
    return make_integer(calc, limbs, n, x < 0, result);
}

double cp_integer_to_double(cp_value v)
{
    if (cp_is_fixnum(v))
        return (double)cp_to_fixnum(v);
    view x;
    look_at(&x, v);
    double magnitude = cp_limbs_to_double(x.limbs, x.size, 0, false);
    return x.is_negative ? -magnitude : magnitude;
}

/* N is moved up until the quotient has at least 65 bits; the remainder says whether it is exact. */
static cp_calc_status divide_to_double(const cp_calc *calc, workspace *w, const view *n,
                                       const view *d, size_t up, double *result)
{
    size_t shift_limbs = up / CP_LIMB_BITS;
    size_t size = n->size + shift_limbs + 1;
    cp_limb *a = w->limbs;
    cp_limb *q = a + size;
    cp_limb *r = q + (size - d->size + 1);
    cp_limb *scratch = r + d->size;
    memset(a, 0, shift_limbs * sizeof *a);
    a[size - 1] = cp_limbs_shift_left(a + shift_limbs, n->limbs, n->size, up % CP_LIMB_BITS);
    if (!cp_limbs_divrem(q, r, a, size, d->limbs, d->size, scratch, calc->poll))
        return CP_CALC_ABORTED;
    size_t q_size = cp_limbs_size(q, size - d->size + 1);
    *result = cp_limbs_to_double(q, q_size, -(int64_t)up, cp_limbs_size(r, d->size) != 0);
    if (n->is_negative != d->is_negative)
        *result = -*result;
    return CP_CALC_OK;
}

cp_calc_status cp_integer_ratio_to_double(const cp_calc *calc, cp_value n, cp_value d,
                                          double *result)
{
    view a, b;
    look_at(&a, n);
    look_at(&b, d);
    assert(b.size > 0);
    if (a.size == 0) {
        *result = 0;
        return CP_CALC_OK;
    }
    size_t wanted = cp_limbs_bit_length(b.limbs, b.size) + 66;
    size_t given = cp_limbs_bit_length(a.limbs, a.size);
    size_t up = wanted > given ? wanted - given : 0;
    size_t size = a.size + up / CP_LIMB_BITS + 1;
    workspace w;
    if (!open_workspace(&w, calc, 2 * size + 1 + cp_limbs_divrem_scratch(size, b.size)))
        return CP_CALC_RETRY;
    cp_calc_status status = divide_to_double(calc, &w, &a, &b, up, result);
    close_workspace(&w);
    return status;
}

/* ---- Order --------------------------------------------------------------------------------- */

int cp_integer_sign(cp_value v)
{
    view x;
    look_at(&x, v);
    return x.size == 0 ? 0 : x.is_negative ? -1 : 1;
}

bool cp_integer_is_even(cp_value v)
{
    view x;
    look_at(&x, v);
    return x.size == 0 || (x.limbs[0] & 1) == 0;
}

int cp_integer_compare(cp_value a, cp_value b)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    if (x.is_negative != y.is_negative)
        return x.is_negative ? -1 : 1;
    int order = compare_magnitudes(&x, &y);
    return x.is_negative ? -order : order;
}

int cp_integer_compare_double(cp_value a, double b)
{
    assert(!isnan(b));
    if (cp_is_fixnum(a)) { /* 50 bits fit exactly */
        double x = (double)cp_to_fixnum(a);
        return (x > b) - (x < b);
    }
    view x;
    look_at(&x, a);
    if (x.is_negative != (b < 0))
        return x.is_negative ? -1 : 1;
    if (isinf(b))
        return b < 0 ? 1 : -1;
    cp_limb limbs[DOUBLE_LIMBS];
    size_t n = limbs_of_double(limbs, b);
    int order = cp_limbs_compare(x.limbs, x.size, limbs, n);
    if (order == 0 && trunc(b) != b)
        order = -1; /* equal but for the fraction */
    return x.is_negative ? -order : order;
}

/* ---- Sums and products ---------------------------------------------------------------------- */

static cp_calc_status add_views(const cp_calc *calc, const view *a, const view *b, cp_value *result)
{
    const view *large = compare_magnitudes(a, b) >= 0 ? a : b;
    const view *small = large == a ? b : a;
    size_t n = large->size;
    workspace w;
    if (!open_workspace(&w, calc, n + 1))
        return CP_CALC_RETRY;
    bool is_sum = a->is_negative == b->is_negative;
    w.limbs[n] = 0;
    bool is_done =
        is_sum ? cp_pieces_add(w.limbs, large->limbs, n, small->limbs, small->size, calc->poll)
               : cp_pieces_sub(w.limbs, large->limbs, n, small->limbs, small->size, calc->poll);
    cp_calc_status status = CP_CALC_ABORTED;
    if (is_done)
        status = make_integer(calc, w.limbs, n + 1, large->is_negative, result);
    close_workspace(&w);
    return status;
}

cp_calc_status cp_integer_add(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    return add_views(calc, &x, &y, result);
}

cp_calc_status cp_integer_subtract(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    y.is_negative = !y.is_negative;
    return add_views(calc, &x, &y, result);
}

cp_calc_status cp_integer_multiply(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    size_t n = x.size + y.size;
    if (n > CP_BIGNUM_MAX_LIMBS + 1)
        return CP_CALC_TOO_LARGE;
    workspace w;
    if (!open_workspace(&w, calc, n + cp_limbs_mul_scratch(x.size, y.size)))
        return CP_CALC_RETRY;
    cp_calc_status status = CP_CALC_ABORTED;
    if (cp_limbs_mul(w.limbs, x.limbs, x.size, y.limbs, y.size, w.limbs + n, calc->poll))
        status = make_integer(calc, w.limbs, n, x.is_negative != y.is_negative, result);
    close_workspace(&w);
    return status;
}

/* ---- Quotients ----------------------------------------------------------------------------- */

/* From the truncated division of magnitudes to the floor: when signs differ and the division leaves
 * something, the quotient is one further from zero and the remainder on the other side of it. Q has
 * a zero limb above QN. */
static bool round_down(cp_limb *q, size_t qn, cp_limb *r, const view *a, const view *b)
{
    if (a->is_negative == b->is_negative || cp_limbs_size(r, b->size) == 0)
        return a->is_negative;
    (void)cp_limbs_add_small(q, q, qn + 1, 1);
    (void)cp_limbs_sub(r, b->limbs, b->size, r, b->size);
    return b->is_negative;
}

static cp_calc_status divide_views(const cp_calc *calc, cp_division division, workspace *w,
                                   const view *a, const view *b, cp_value *q, cp_value *r)
{
    size_t qn = a->size - b->size + 1;
    cp_limb *quotient = w->limbs;
    cp_limb *rest = quotient + qn + 1;
    quotient[qn] = 0;
    if (!cp_limbs_divrem(quotient, rest, a->limbs, a->size, b->limbs, b->size, rest + b->size,
                         calc->poll))
        return CP_CALC_ABORTED;
    bool rest_is_negative = a->is_negative;
    if (division == CP_DIVISION_FLOOR)
        rest_is_negative = round_down(quotient, qn, rest, a, b);
    cp_value q_value = CP_NOTHING;
    cp_value r_value = CP_NOTHING;
    cp_calc_status status = CP_CALC_OK;
    if (q != NULL)
        status = make_integer(calc, quotient, qn + 1, a->is_negative != b->is_negative, &q_value);
    if (r != NULL && status == CP_CALC_OK)
        status = make_integer(calc, rest, b->size, rest_is_negative, &r_value);
    if (status != CP_CALC_OK)
        return status;
    if (q != NULL)
        *q = q_value;
    if (r != NULL)
        *r = r_value;
    return CP_CALC_OK;
}

/* |A| < |B|: the quotient is 0 and the rest A, or for the floor of different signs -1 and A + B. */
static cp_calc_status divide_smaller(const cp_calc *calc, cp_division division, cp_value a,
                                     cp_value b, cp_value *q, cp_value *r)
{
    bool is_adjusted = division == CP_DIVISION_FLOOR && cp_integer_sign(a) * cp_integer_sign(b) < 0;
    cp_value rest = a;
    if (is_adjusted && r != NULL) {
        cp_calc_status status = cp_integer_add(calc, a, b, &rest);
        if (status != CP_CALC_OK)
            return status;
    }
    if (q != NULL)
        *q = cp_make_fixnum(is_adjusted ? -1 : 0);
    if (r != NULL)
        *r = rest;
    return CP_CALC_OK;
}

cp_calc_status cp_integer_divide(const cp_calc *calc, cp_division division, cp_value a, cp_value b,
                                 cp_value *q, cp_value *r)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    if (y.size == 0)
        return CP_CALC_DIVIDE_BY_ZERO;
    if (compare_magnitudes(&x, &y) < 0)
        return divide_smaller(calc, division, a, b, q, r);
    workspace w;
    if (!open_workspace(&w, calc, x.size + 2 + cp_limbs_divrem_scratch(x.size, y.size)))
        return CP_CALC_RETRY;
    cp_calc_status status = divide_views(calc, division, &w, &x, &y, q, r);
    close_workspace(&w);
    return status;
}

cp_calc_status cp_integer_gcd(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    const view *large = compare_magnitudes(&x, &y) >= 0 ? &x : &y;
    const view *small = large == &x ? &y : &x;
    if (small->size == 0)
        return make_integer(calc, large->limbs, large->size, false, result);
    workspace w;
    size_t n = small->size;
    if (!open_workspace(&w, calc, n + cp_limbs_gcd_scratch(large->size, n)))
        return CP_CALC_RETRY;
    cp_calc_status status = CP_CALC_ABORTED;
    if (cp_limbs_gcd(w.limbs, large->limbs, large->size, small->limbs, n, w.limbs + n, calc->poll))
        status = make_integer(calc, w.limbs, n, false, result);
    close_workspace(&w);
    return status;
}

/* ---- Powers and roots ----------------------------------------------------------------------- */

/* X^EXPONENT for an odd X, in R of COUNT limbs and a second array behind it, from the highest bit
 * of the exponent down. Returns the size, 0 when aborted. */
static size_t raise_odd(cp_limb *r, size_t count, const cp_limb *x, size_t n, uint64_t exponent,
                        cp_limbs_poll *poll)
{
    cp_limb *other = r + count;
    cp_limb *scratch = other + count;
    size_t size = n;
    memcpy(r, x, n * sizeof *r);
    for (int bit = 62 - __builtin_clzll(exponent); bit >= 0; bit--) {
        assert(2 * size <= count);
        if (!cp_limbs_mul(other, r, size, r, size, scratch, poll))
            return 0;
        size = cp_limbs_size(other, 2 * size);
        if ((exponent >> bit & 1) == 0) {
            memcpy(r, other, size * sizeof *r);
            continue;
        }
        assert(size + n <= count);
        if (!cp_limbs_mul(r, other, size, x, n, scratch, poll))
            return 0;
        size = cp_limbs_size(r, size + n);
    }
    return size;
}

/* A * 2^UP as a value, by way of R, which has room for it. */
static cp_calc_status make_shifted(const cp_calc *calc, cp_limb *r, const cp_limb *a, size_t n,
                                   uint64_t up, bool is_negative, cp_value *result)
{
    if (!cp_pieces_shift_left(r, a, n, up, calc->poll))
        return CP_CALC_ABORTED;
    return make_integer(calc, r, n + up / CP_LIMB_BITS + 1, is_negative, result);
}

/* The base without its factors of two is raised, and these are shifted in at the end. */
static cp_calc_status raise_view(const cp_calc *calc, const view *base, uint64_t exponent,
                                 cp_value *result)
{
    size_t twos = cp_limbs_trailing_zeros(base->limbs, base->size);
    size_t bits = cp_limbs_bit_length(base->limbs, base->size);
    if ((cp_uint128)(bits - 1) * exponent >= CP_BIGNUM_MAX_BITS)
        return CP_CALC_TOO_LARGE;
    /* The power has at most bits * exponent bits, a product of parts one zero limb more; the shift
     * another one. For a base of one bit only the exponent of the test above is bounded, by twos.
     */
    size_t up = twos * exponent;
    size_t odd_bits = bits - twos;
    size_t raised_bits = odd_bits == 1 ? 1 : odd_bits * exponent;
    size_t count = raised_bits / CP_LIMB_BITS + 3 + up / CP_LIMB_BITS + 2 + base->size;
    size_t half = raised_bits / CP_LIMB_BITS / 2 + 3; /* the smaller factor of any product */
    size_t scratch = cp_limbs_mul_scratch(half, half);
    workspace w;
    if (!open_workspace(&w, calc, base->size + 2 * count + scratch))
        return CP_CALC_RETRY;
    cp_limb *odd = w.limbs;
    cp_limb *power = odd + base->size;
    size_t skipped = twos / CP_LIMB_BITS;
    size_t n = base->size - skipped;
    (void)cp_limbs_shift_right(odd, base->limbs + skipped, n, twos % CP_LIMB_BITS);
    n = cp_limbs_size(odd, n);
    power[0] = 1;
    size_t size = odd_bits == 1 ? 1 : raise_odd(power, count, odd, n, exponent, calc->poll);
    cp_calc_status status = CP_CALC_ABORTED;
    if (size > 0)
        status = make_shifted(calc, power + count, power, size, up,
                              base->is_negative && (exponent & 1) != 0, result);
    close_workspace(&w);
    return status;
}

cp_calc_status cp_integer_expt(const cp_calc *calc, cp_value base, uint64_t exponent,
                               cp_value *result)
{
    view x;
    look_at(&x, base);
    if (exponent == 0 || x.size == 0) {
        *result = cp_make_fixnum(exponent == 0);
        return CP_CALC_OK;
    }
    if (x.size == 1 && x.limbs[0] == 1) {
        *result = cp_make_fixnum(x.is_negative && (exponent & 1) != 0 ? -1 : 1);
        return CP_CALC_OK;
    }
    return raise_view(calc, &x, exponent, result);
}

/* The rest is at most twice the root: it fits its limbs and one more. */
static cp_calc_status root_of_view(const cp_calc *calc, workspace *w, const view *a, cp_value *root,
                                   cp_value *rest)
{
    size_t n = (a->size + 1) / 2;
    cp_limb *r = w->limbs;
    cp_limb *square = r + n;
    cp_limb *scratch = square + 2 * n;
    if (!cp_limbs_sqrt(r, a->limbs, a->size, scratch, calc->poll) ||
        !cp_limbs_mul(square, r, n, r, n, scratch, calc->poll))
        return CP_CALC_ABORTED;
    (void)cp_limbs_sub(square, a->limbs, a->size, square, cp_limbs_size(square, 2 * n));
    if (!cp_limbs_go_on(calc->poll, a->size))
        return CP_CALC_ABORTED;
    cp_value root_value = CP_NOTHING;
    cp_calc_status status = make_integer(calc, r, n, false, &root_value);
    if (status == CP_CALC_OK)
        status = make_integer(calc, square, a->size, false, rest);
    if (status == CP_CALC_OK)
        *root = root_value;
    return status;
}

cp_calc_status cp_integer_sqrt(const cp_calc *calc, cp_value a, cp_value *root, cp_value *rest)
{
    view x;
    look_at(&x, a);
    assert(!x.is_negative);
    if (x.size == 0) {
        *root = *rest = cp_make_fixnum(0);
        return CP_CALC_OK;
    }
    workspace w;
    if (!open_workspace(&w, calc, 3 * ((x.size + 1) / 2) + cp_limbs_sqrt_scratch(x.size)))
        return CP_CALC_RETRY;
    cp_calc_status status = root_of_view(calc, &w, &x, root, rest);
    close_workspace(&w);
    return status;
}

/* ---- Bits ---------------------------------------------------------------------------------- */

cp_calc_status cp_integer_logic(const cp_calc *calc, cp_logic_op op, cp_value a, cp_value b,
                                cp_value *result)
{
    view x, y;
    look_at(&x, a);
    look_at(&y, b);
    const view *large = x.size >= y.size ? &x : &y;
    const view *small = large == &x ? &y : &x;
    size_t n = large->size + 1;
    workspace w;
    if (!open_workspace(&w, calc, n))
        return CP_CALC_RETRY;
    bool is_negative = cp_pieces_logic_sign(op, x.is_negative, y.is_negative);
    cp_calc_status status = CP_CALC_ABORTED;
    if (cp_pieces_logic(op, w.limbs, large->limbs, large->size, large->is_negative, small->limbs,
                        small->size, small->is_negative, calc->poll))
        status = make_integer(calc, w.limbs, n, is_negative, result);
    close_workspace(&w);
    return status;
}

static cp_calc_status shift_left(const cp_calc *calc, const view *x, uint64_t count,
                                 cp_value *result)
{
    if (count >= CP_BIGNUM_MAX_BITS)
        return CP_CALC_TOO_LARGE;
    workspace w;
    if (!open_workspace(&w, calc, x->size + count / CP_LIMB_BITS + 1))
        return CP_CALC_RETRY;
    cp_calc_status status =
        make_shifted(calc, w.limbs, x->limbs, x->size, count, x->is_negative, result);
    close_workspace(&w);
    return status;
}

/* Down: of a negative number the magnitude goes up when bits are lost. */
static cp_calc_status shift_right(const cp_calc *calc, const view *x, uint64_t count,
                                  cp_value *result)
{
    if (count / CP_LIMB_BITS >= x->size) {
        *result = cp_make_fixnum(x->is_negative ? -1 : 0);
        return CP_CALC_OK;
    }
    size_t n = x->size - count / CP_LIMB_BITS;
    workspace w;
    if (!open_workspace(&w, calc, n + 1))
        return CP_CALC_RETRY;
    bool has_rest = false;
    cp_calc_status status = CP_CALC_ABORTED;
    w.limbs[n] = 0;
    if (cp_pieces_shift_right(w.limbs, x->limbs, x->size, count, &has_rest, calc->poll)) {
        (void)cp_limbs_add_small(w.limbs, w.limbs, n + 1, x->is_negative && has_rest);
        status = make_integer(calc, w.limbs, n + 1, x->is_negative, result);
    }
    close_workspace(&w);
    return status;
}

cp_calc_status cp_integer_shift(const cp_calc *calc, cp_value a, int64_t count, cp_value *result)
{
    view x;
    look_at(&x, a);
    if (x.size == 0 || count == 0) {
        *result = a;
        return CP_CALC_OK;
    }
    return count > 0 ? shift_left(calc, &x, (uint64_t)count, result)
                     : shift_right(calc, &x, -(uint64_t)count, result);
}

/* The complement of a negative number is its magnitude less one. */
uint64_t cp_integer_bit_length(cp_value v)
{
    view x;
    look_at(&x, v);
    if (x.size == 0)
        return 0;
    uint64_t length = cp_limbs_bit_length(x.limbs, x.size);
    bool is_power = cp_limbs_trailing_zeros(x.limbs, x.size) == length - 1;
    return x.is_negative && is_power ? length - 1 : length;
}

/* Of the magnitude less one the lowest one becomes zero, and the zeros below it ones. */
uint64_t cp_integer_bit_count(cp_value v)
{
    view x;
    look_at(&x, v);
    uint64_t count = cp_limbs_bit_count(x.limbs, x.size);
    return x.is_negative ? count - 1 + cp_limbs_trailing_zeros(x.limbs, x.size) : count;
}

uint64_t cp_integer_trailing_zeros(cp_value v)
{
    view x;
    look_at(&x, v);
    assert(x.size > 0);
    return cp_limbs_trailing_zeros(x.limbs, x.size);
}

/* ---- Text ---------------------------------------------------------------------------------- */

size_t cp_integer_text_size(cp_value v, unsigned radix)
{
    view x;
    look_at(&x, v);
    return 1 + cp_digits_text_size(x.size, radix);
}

cp_calc_status cp_integer_write(const cp_calc *calc, cp_value v, unsigned radix, char *text,
                                size_t *size)
{
    view x;
    look_at(&x, v);
    workspace w;
    if (!open_workspace(&w, calc, cp_digits_write_scratch(x.size, radix)))
        return CP_CALC_RETRY;
    if (x.is_negative)
        *text++ = '-';
    bool is_done = cp_digits_write(text, size, x.limbs, x.size, radix, w.limbs, calc->poll);
    *size += x.is_negative;
    close_workspace(&w);
    return is_done ? CP_CALC_OK : CP_CALC_ABORTED;
}

cp_calc_status cp_integer_read(const cp_calc *calc, const char *text, size_t size, unsigned radix,
                               bool is_negative, cp_value *result)
{
    assert(size > 0);
    size_t n = cp_digits_limbs(size, radix);
    if (n > CP_BIGNUM_MAX_LIMBS + CP_BIGNUM_MAX_LIMBS / 8) /* digits that fit in fewer limbs */
        return CP_CALC_TOO_LARGE;
    workspace w;
    if (!open_workspace(&w, calc, n + cp_digits_read_scratch(size, radix)))
        return CP_CALC_RETRY;
    cp_calc_status status = CP_CALC_ABORTED;
    if (cp_digits_read(w.limbs, text, size, radix, w.limbs + n, calc->poll))
        status = make_integer(calc, w.limbs, n, is_negative, result);
    close_workspace(&w);
    return status;
}
