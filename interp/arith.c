/* arith.c -- from opcodes to number.h: every kind of number, every failure as a condition. Work
 * that grows with its operands asks now and then whether the program was interrupted. */
#include "interp/arith.h"

#include "interp/number.h"

static const char *op_name(cp_opcode op)
{
    static const char *const names[] = {
        "+",      "-",           "*",           "/",           "quotient",         "remainder",
        "modulo", "bitwise-and", "bitwise-ior", "bitwise-xor", "arithmetic-shift",
    };
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

static const char *expectation(cp_opcode op)
{
    if (op >= CP_OP_BIT_AND && op <= CP_OP_SHIFT)
        return "exact integer";
    return op >= CP_OP_QUOTIENT && op <= CP_OP_MODULO ? "integer" : "number";
}

/* What a builtin returns for STATUS of OP on A and B. */
static cp_value raise_status(copse_vm *vm, cp_opcode op, cp_calc_status status, cp_value a,
                             cp_value b)
{
    const char *name = op_name(op);
    switch (status) {
    case CP_CALC_RETRY:
        return CP_RETRY;
    case CP_CALC_ABORTED:
        atomic_store_explicit(&vm->interrupt, false, memory_order_relaxed);
        return cp_raise(vm, CP_E_INTERRUPTED, "the program was interrupted");
    case CP_CALC_WRONG_1:
        return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is no %s", name, a, expectation(op));
    case CP_CALC_WRONG_2:
        return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is no %s", name, b, expectation(op));
    case CP_CALC_DIVIDE_BY_ZERO:
        return cp_raise(vm, CP_E_DIVIDE_BY_ZERO, "%s: %v is divided by zero", name, a);
    case CP_CALC_TOO_LARGE:
        return cp_raise(vm, CP_E_RANGE, "%s: the result is too large", name);
    case CP_CALC_NO_INTEGER:
        return cp_raise(vm, CP_E_UNSUPPORTED,
                        "%s: %v by %v is no integer, and there are no fractions", name, a, b);
    case CP_CALC_NO_REAL:
        return cp_raise(vm, CP_E_UNSUPPORTED, "%s: the result is no real number", name);
    case CP_CALC_OK:
        break;
    }
    assert(false); /* only failures come here */
    return CP_UNSPECIFIC;
}

static bool is_interrupted(void *context)
{
    copse_vm *vm = context;
    return atomic_load_explicit(&vm->interrupt, memory_order_relaxed);
}

static cp_calc_status compute(const cp_calc *calc, cp_opcode op, cp_value a, cp_value b,
                              cp_value *result)
{
    switch ((int)op) { /* the opcodes of this door only */
    case CP_OP_ADD:
        return cp_number_add(calc, a, b, result);
    case CP_OP_SUB:
        return cp_number_subtract(calc, a, b, result);
    case CP_OP_MUL:
        return cp_number_multiply(calc, a, b, result);
    case CP_OP_DIV:
        return cp_number_divide(calc, a, b, result);
    case CP_OP_QUOTIENT:
        return cp_number_divide_integers(calc, CP_DIVISION_TRUNCATE, a, b, result, NULL);
    case CP_OP_REMAINDER:
        return cp_number_divide_integers(calc, CP_DIVISION_TRUNCATE, a, b, NULL, result);
    case CP_OP_MODULO:
        return cp_number_divide_integers(calc, CP_DIVISION_FLOOR, a, b, NULL, result);
    case CP_OP_BIT_AND:
        return cp_number_logic(calc, CP_LOGIC_AND, a, b, result);
    case CP_OP_BIT_OR:
        return cp_number_logic(calc, CP_LOGIC_OR, a, b, result);
    case CP_OP_BIT_XOR:
        return cp_number_logic(calc, CP_LOGIC_XOR, a, b, result);
    default:
        assert(op == CP_OP_SHIFT);
        return cp_number_shift(calc, a, b, result);
    }
}

static cp_value compare(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    cp_order order;
    cp_calc_status status = cp_number_compare(a, b, &order);
    if (status != CP_CALC_OK)
        return raise_status(vm, op, status, a, b);
    bool holds = order == CP_EQUAL ? op != CP_OP_LESS : order == CP_LESS && op != CP_OP_EQUAL;
    return cp_make_boolean(holds);
}

cp_value cp_number_slow(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    if (op == CP_OP_EQUAL || op == CP_OP_LESS || op == CP_OP_LESS_EQUAL)
        return compare(vm, op, a, b);
    cp_limbs_poll poll = {.is_over = is_interrupted, .context = vm};
    const cp_calc calc = {vm->heap, &poll};
    cp_value result;
    cp_calc_status status = compute(&calc, op, a, b, &result);
    return status == CP_CALC_OK ? result : raise_status(vm, op, status, a, b);
}
