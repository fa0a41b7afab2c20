/* number.c -- any bytes as two numbers: what is read is written and read back as the same, and
 * arithmetic keeps its identities. The first byte is the radix; a space parts the two texts. */
#include <stdlib.h>
#include <string.h>

#include "interp/collect.h"
#include "interp/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        __builtin_trap();
}

/* What comes of it does not matter, only that it ends well. */
static void ignore(cp_calc_status status)
{
    (void)status;
}

static bool is_patience_over(void *context)
{
    unsigned *questions = context;
    return ++*questions > 2000;
}

/* The number that is read, or CP_FALSE. */
static cp_value read_number(const cp_calc *calc, const char *text, size_t size, unsigned radix)
{
    cp_value v = CP_FALSE;
    if (cp_number_read(calc, text, size, radix, &v) != CP_CALC_OK)
        return CP_FALSE;
    expect(cp_same(v, CP_FALSE) || cp_is_number(v));
    return v;
}

static void check_text(const cp_calc *calc, cp_value v, unsigned radix)
{
    cp_number_text text;
    if (cp_number_write(calc, v, radix, &text) != CP_CALC_OK)
        return;
    cp_value back = CP_FALSE;
    if (cp_number_read(calc, text.text, text.size, radix, &back) == CP_CALC_OK)
        expect(cp_number_eqv(v, back));
    cp_number_text_release(&text);
}

static void check_division(const cp_calc *calc, cp_value a, cp_value b)
{
    cp_value q, r, back;
    for (unsigned way = CP_DIVISION_TRUNCATE; way <= CP_DIVISION_FLOOR; way++) {
        if (cp_integer_divide(calc, (cp_division)way, a, b, &q, &r) != CP_CALC_OK ||
            cp_integer_multiply(calc, q, b, &back) != CP_CALC_OK ||
            cp_integer_add(calc, back, r, &back) != CP_CALC_OK)
            continue;
        expect(cp_integer_compare(back, a) == 0);
        expect(cp_integer_sign(r) * cp_integer_sign(way == CP_DIVISION_FLOOR ? b : a) >= 0);
        if (cp_number_abs(calc, r, &r) == CP_CALC_OK && cp_number_abs(calc, b, &q) == CP_CALC_OK)
            expect(cp_integer_compare(r, q) < 0);
    }
}

/* Identities that any two integers obey; a refusal ends the check. */
static void check_integers(const cp_calc *calc, cp_value a, cp_value b)
{
    cp_value x, y, z;
    if (cp_number_add(calc, a, b, &x) != CP_CALC_OK ||
        cp_number_subtract(calc, x, b, &y) != CP_CALC_OK)
        return;
    expect(cp_number_eqv(a, y));
    if (cp_number_logic(calc, CP_LOGIC_AND, a, b, &y) != CP_CALC_OK ||
        cp_number_logic(calc, CP_LOGIC_OR, a, b, &z) != CP_CALC_OK ||
        cp_number_add(calc, y, z, &y) != CP_CALC_OK)
        return;
    expect(cp_number_eqv(x, y));
    if (cp_number_shift(calc, a, cp_make_fixnum(70), &y) != CP_CALC_OK ||
        cp_number_shift(calc, y, cp_make_fixnum(-70), &y) != CP_CALC_OK)
        return;
    expect(cp_number_eqv(a, y));
    if (cp_number_gcd(calc, a, b, &x) == CP_CALC_OK && cp_integer_sign(x) != 0)
        expect(cp_number_divide(calc, a, x, &y) != CP_CALC_NO_INTEGER);
    if (cp_number_lcm(calc, a, b, &x) == CP_CALC_OK && cp_integer_sign(x) != 0)
        expect(cp_number_divide(calc, x, b, &y) != CP_CALC_NO_INTEGER);
    if (cp_number_abs(calc, a, &x) == CP_CALC_OK &&
        cp_number_exact_integer_sqrt(calc, x, &y, &z) == CP_CALC_OK &&
        cp_number_multiply(calc, y, y, &y) == CP_CALC_OK &&
        cp_number_add(calc, y, z, &y) == CP_CALC_OK)
        expect(cp_number_eqv(x, y));
}

/* What any two numbers obey. */
static void check_numbers(const cp_calc *calc, cp_value a, cp_value b)
{
    cp_order order, reversed;
    cp_value x, y;
    double d = 0;
    int sign = 0;
    expect(cp_number_compare(a, b, &order) == CP_CALC_OK);
    expect(cp_number_compare(b, a, &reversed) == CP_CALC_OK);
    expect(order == CP_UNORDERED ? reversed == order : (int)order + (int)reversed == 2 * CP_EQUAL);
    if (cp_number_subtract(calc, a, b, &x) == CP_CALC_OK &&
        cp_number_sign(x, &sign) == CP_CALC_OK && cp_is_integer(x))
        expect(sign == (int)order - (int)CP_EQUAL);
    expect(cp_number_to_double(a, &d));
    expect(cp_number_inexact(a, &x) == CP_CALC_OK);
    for (unsigned way = CP_ROUND_FLOOR; way <= CP_ROUND_NEAREST; way++)
        expect(cp_number_round((cp_rounding)way, a, &x) == CP_CALC_OK);
    if (cp_number_exact(calc, x, &y) == CP_CALC_OK)
        expect(cp_number_compare(x, y, &order) == CP_CALC_OK && order == CP_EQUAL);
    ignore(cp_number_multiply(calc, a, b, &x));
    ignore(cp_number_divide(calc, a, b, &x));
    ignore(cp_number_expt(calc, a, b, &x));
    ignore(cp_number_sqrt(calc, a, &x));
    ignore(cp_number_divide_integers(calc, CP_DIVISION_FLOOR, a, b, &x, &y));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cp_heap *heap;
    static unsigned runs;
    if (heap == NULL) {
        heap = cp_heap_new(NULL);
        expect(heap != NULL);
        cp_bignum_init(heap);
    }
    if (size < 2)
        return 0;
    unsigned questions = 0;
    cp_limbs_poll poll = {is_patience_over, &questions, 0};
    cp_calc calc = {heap, &poll};
    unsigned radix = CP_MIN_RADIX + data[0] % (CP_MAX_RADIX - CP_MIN_RADIX + 1);
    const char *text = (const char *)data + 1;
    const char *space = memchr(text, ' ', size - 1);
    size_t first = space != NULL ? (size_t)(space - text) : size - 1;
    cp_value a = read_number(&calc, text, first, radix);
    cp_value b = CP_FALSE;
    if (space != NULL)
        b = read_number(&calc, space + 1, size - 2 - first, radix);
    if (cp_is_number(a))
        check_text(&calc, a, radix);
    if (cp_is_number(a) && cp_is_number(b))
        check_numbers(&calc, a, b);
    if (cp_is_integer(a) && cp_is_integer(b)) {
        check_division(&calc, a, b);
        check_integers(&calc, a, b);
    }
    if (++runs % 256 == 0)
        cp_collect_full(heap);
    return 0;
}
