/* arith.c -- fixnums and doubles. A fixnum has 50 bits and so is a double exactly: mixed comparison
 * needs no care. What would need an integer of more bits, or a fraction, is refused with a
 * condition that says so. */
#include "interp/arith.h"

#include <math.h>

static const char *op_name(cp_opcode op)
{
    static const char *const names[] = {
        "+",      "-",           "*",           "/",           "quotient",        "remainder",
        "modulo", "bitwise-and", "bitwise-ior", "bitwise-xor", "arithmetic-shift"};
    if (op == CP_OP_EQUAL)
        return "=";
    if (op == CP_OP_LESS)
        return "<";
    if (op == CP_OP_LESS_EQUAL)
        return "<=";
    assert(op >= CP_OP_ADD);
    assert(op <= CP_OP_SHIFT);
    return names[op - CP_OP_ADD];
}

static cp_value raise_not_number(copse_vm *vm, cp_opcode op, cp_value v, const char *expected)
{
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is no %s", op_name(op), v, expected);
}

static cp_value raise_too_large(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    return cp_raise(vm, CP_E_UNSUPPORTED, "%s: the result for %v and %v is no small integer",
                    op_name(op), a, b);
}

static bool is_number(cp_value v)
{
    return cp_is_fixnum(v) || cp_is_double(v);
}

static double as_double(cp_value v)
{
    return cp_is_fixnum(v) ? (double)cp_to_fixnum(v) : cp_to_double(v);
}

static cp_value exact_or_raise(copse_vm *vm, cp_opcode op, cp_value a, cp_value b, bool is_fixnum,
                               int64_t result)
{
    if (!is_fixnum || !cp_fits_fixnum(result))
        return raise_too_large(vm, op, a, b);
    return cp_make_fixnum(result);
}

static cp_value divide_exact(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    int64_t x = cp_to_fixnum(a), y = cp_to_fixnum(b);
    if (y == 0)
        return cp_raise(vm, CP_E_DIVIDE_BY_ZERO, "%s: %v is divided by zero", op_name(op), a);
    int64_t remainder = x % y;
    if (op == CP_OP_QUOTIENT || op == CP_OP_DIV)
        return exact_or_raise(vm, op, a, b, op == CP_OP_QUOTIENT || remainder == 0, x / y);
    if (op == CP_OP_MODULO && remainder != 0 && (remainder < 0) != (y < 0))
        remainder += y;
    return cp_make_fixnum(remainder);
}

static cp_value shift_exact(copse_vm *vm, cp_value a, cp_value b)
{
    int64_t x = cp_to_fixnum(a), count = cp_to_fixnum(b);
    if (count <= 0)
        return cp_make_fixnum(count < -63 ? (x < 0 ? -1 : 0) : x >> -count);
    int64_t result = 0;
    bool fits =
        x == 0 || (count < CP_FIXNUM_BITS && !CP_MUL_OVERFLOWS(x, INT64_C(1) << count, &result));
    return exact_or_raise(vm, CP_OP_SHIFT, a, b, fits, result);
}

static cp_value exact(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    int64_t x = cp_to_fixnum(a), y = cp_to_fixnum(b), result = 0;
    switch ((int)op) { /* the opcodes of this door only */
    case CP_OP_ADD:
        return exact_or_raise(vm, op, a, b, true, x + y);
    case CP_OP_SUB:
        return exact_or_raise(vm, op, a, b, true, x - y);
    case CP_OP_MUL:
        if (CP_MUL_OVERFLOWS(x, y, &result))
            return raise_too_large(vm, op, a, b);
        return exact_or_raise(vm, op, a, b, true, result);
    case CP_OP_BIT_AND:
        return cp_make_fixnum(x & y);
    case CP_OP_BIT_OR:
        return cp_make_fixnum(x | y);
    case CP_OP_BIT_XOR:
        return cp_make_fixnum(x ^ y);
    case CP_OP_SHIFT:
        return shift_exact(vm, a, b);
    case CP_OP_EQUAL:
        return cp_make_boolean(x == y);
    case CP_OP_LESS:
        return cp_make_boolean(x < y);
    case CP_OP_LESS_EQUAL:
        return cp_make_boolean(x <= y);
    default:
        return divide_exact(vm, op, a, b);
    }
}

/* Division of integers that are doubles. */
static cp_value divide_inexact(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    double x = as_double(a), y = as_double(b);
    if (!isfinite(x) || floor(x) != x)
        return raise_not_number(vm, op, a, "integer");
    if (!isfinite(y) || floor(y) != y)
        return raise_not_number(vm, op, b, "integer");
    if (y == 0)
        return cp_raise(vm, CP_E_DIVIDE_BY_ZERO, "%s: %v is divided by zero", op_name(op), a);
    double remainder = fmod(x, y);
    if (op == CP_OP_QUOTIENT)
        return cp_make_double(trunc((x - remainder) / y));
    if (op == CP_OP_MODULO && remainder != 0 && (remainder < 0) != (y < 0))
        remainder += y;
    return cp_make_double(remainder);
}

cp_value cp_number_slow(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    if (cp_both_fixnum(a, b))
        return exact(vm, op, a, b);
    bool is_bits = op >= CP_OP_BIT_AND && op <= CP_OP_SHIFT;
    if (is_bits)
        return raise_not_number(vm, op, cp_is_fixnum(a) ? b : a, "exact integer");
    if (!is_number(a))
        return raise_not_number(vm, op, a, "number");
    if (!is_number(b))
        return raise_not_number(vm, op, b, "number");
    double x = as_double(a), y = as_double(b);
    switch ((int)op) { /* the opcodes of this door only */
    case CP_OP_ADD:
        return cp_make_double(x + y);
    case CP_OP_SUB:
        return cp_make_double(x - y);
    case CP_OP_MUL:
        return cp_make_double(x * y);
    case CP_OP_DIV:
        if (cp_is_fixnum(b) && y == 0)
            return cp_raise(vm, CP_E_DIVIDE_BY_ZERO, "/: %v is divided by zero", a);
        return cp_make_double(x / y);
    case CP_OP_EQUAL:
        return cp_make_boolean(x == y);
    case CP_OP_LESS:
        return cp_make_boolean(x < y);
    case CP_OP_LESS_EQUAL:
        return cp_make_boolean(x <= y);
    default:
        return divide_inexact(vm, op, a, b);
    }
}

bool cp_eqv_slow(copse_vm *vm, cp_value a, cp_value b)
{
    if (!cp_is_object(a) || !cp_is_object(b))
        return false;
    const cp_object *x = cp_to_object(a), *y = cp_to_object(b);
    const cp_type *row = cp_heap_type(vm->heap, x);
    return cp_object_type(x) == cp_object_type(y) && row->equal != NULL && row->equal(x, y);
}
