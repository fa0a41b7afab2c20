/* loop.c -- one case for each opcode, which holds the fast path; whatever may fail, allocate a
 * second time or change stacks is a function, after which the registers are read back.
 *
 * Registers of the machine are locals: pc, fp, and links, the link vector of the running code.
 * Before a call that may look at the stack they are stored (SAVE), with pc at the instruction, so
 * that it can be raised from or run again. Fuel is one counter in memory: a call or back edge
 * subtracts one and leaves the fast path below zero; a wish for collection takes the rest of the
 * slice aside, so the next of them is a safepoint.
 *
 * Dispatch is by computed goto, each case jumping to the next (Bell 1973 called it threaded code;
 * here through a table); with CP_DISPATCH_SWITCH by a switch. */
#include "interp/loop.h"

#include "interp/collect.h"
#include "interp/number.h"

enum { FUEL_SLICE = 10000 }; /* how often an interrupt is looked for */

/* ---- Safepoints ---------------------------------------------------------------------------- */

/* Inside an allocation: make the next call or back edge a safepoint. */
void cp_want_safepoint(void *context)
{
    copse_vm *vm = context;
    vm->fuel_rest += vm->fuel;
    vm->fuel = 0;
}

void cp_take_fuel(copse_vm *vm, int64_t total)
{
#ifdef CP_GC_STRESS
    vm->fuel = 0;
#else
    vm->fuel = total < FUEL_SLICE ? total : FUEL_SLICE;
#endif
    vm->fuel_rest = total - vm->fuel;
}

static cp_value raise_interrupted(copse_vm *vm)
{
    return cp_raise(vm, CP_E_INTERRUPTED, "the program was interrupted");
}

static cp_value raise_out_of_fuel(copse_vm *vm)
{
    return cp_raise(vm, CP_E_OUT_OF_FUEL, "%s waits for the result, and the fuel is spent",
                    vm->run->caller);
}

/* Raise what MAKE makes, at the instruction where fp and pc stand. */
static bool raise_made(copse_vm *vm, cp_value (*make)(copse_vm *vm))
{
    for (unsigned attempt = 1;; attempt++) {
        if (!cp_is_retry(make(vm)) || !cp_vm_make_room(vm, attempt))
            return cp_raise_here(vm);
    }
}

/* The fuel is below zero, fp and pc are in VM: do what is wanted. False when the run ends. */
static CP_NOINLINE bool safepoint(copse_vm *vm)
{
    cp_fiber *fiber = vm->fiber;
    int64_t total = vm->fuel_rest + vm->fuel;
    cp_vm_sync(vm);
    cp_safepoint(vm->heap);
    cp_fiber_touch(vm->heap, fiber);
    if (fiber->wants_halt) {
        fiber->wants_halt = 0;
        cp_begin_halt(vm);
        return true;
    }
    if (total < 0) {
        cp_take_fuel(vm, 0);
        if (vm->run->caller != NULL && !fiber->is_halting) {
            cp_take_fuel(vm, FUEL_SLICE); /* for the handlers */
            return raise_made(vm, raise_out_of_fuel);
        }
        return cp_stop(vm, CP_RUN_CUT, CP_UNSPECIFIC);
    }
    cp_take_fuel(vm, total);
    if (atomic_load_explicit(&vm->interrupt, memory_order_relaxed) && !fiber->is_halting) {
        atomic_store_explicit(&vm->interrupt, false, memory_order_relaxed);
        return raise_made(vm, raise_interrupted);
    }
    return true;
}

/* ---- Slow paths ---------------------------------------------------------------------------- */

/* Each gives the value of the instruction that fp and pc stand at, or CP_RAISE. */

/* Calls EXPRESSION until it gives something else than CP_RETRY, with collections in between. */
#define WITH_ROOM(vm, expression)                                                                  \
    for (unsigned attempt = 1;; attempt++) {                                                       \
        cp_value made = (expression);                                                              \
        if (!cp_is_retry(made))                                                                    \
            return made;                                                                           \
        if (!cp_vm_make_room(vm, attempt))                                                         \
            return CP_RAISE;                                                                       \
    }

static CP_COLD cp_value slow_number(copse_vm *vm, cp_opcode op, cp_value a, cp_value b)
{
    WITH_ROOM(vm, cp_number_slow(vm, op, a, b))
}

static CP_COLD cp_value slow_cons(copse_vm *vm, cp_value car, cp_value cdr)
{
    WITH_ROOM(vm, cp_cons(vm->heap, car, cdr))
}

static CP_COLD cp_value slow_box(copse_vm *vm, cp_value value)
{
    WITH_ROOM(vm, cp_make_box(vm->heap, value))
}

static CP_COLD cp_value slow_unbound(copse_vm *vm, const cp_cell *cell)
{
    WITH_ROOM(vm, cp_raise(vm, CP_E_UNBOUND, "the variable %v has no value", cell->name))
}

static CP_COLD cp_value slow_check_set(copse_vm *vm, cp_value name)
{
    WITH_ROOM(vm, cp_raise(vm, CP_E_UNBOUND, "the variable %v is used before it has a value", name))
}

static CP_COLD cp_value slow_type(copse_vm *vm, const char *name, cp_value v, const char *expected)
{
    WITH_ROOM(vm, cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is no %s", name, v, expected))
}

static CP_COLD cp_value slow_immutable(copse_vm *vm, const char *name, cp_value v)
{
    WITH_ROOM(vm, cp_raise(vm, CP_E_IMMUTABLE, "%s: %v is a constant", name, v))
}

/* INDEX is not an index of V, which has LENGTH elements. */
static CP_COLD cp_value slow_index(copse_vm *vm, const char *name, cp_value index, cp_value v,
                                   uint32_t length)
{
    if (!cp_is_fixnum(index))
        return slow_type(vm, name, index, "index");
    WITH_ROOM(vm, cp_raise(vm, CP_E_RANGE, "%s: %v is no index of %v, which has %d elements", name,
                           index, v, (int)length))
}

static bool is_in_range(cp_value index, uint32_t length)
{
    return cp_is_fixnum(index) && (uint64_t)cp_to_fixnum(index) < length;
}

static CP_COLD cp_value slow_vector(copse_vm *vm, const char *name, cp_value v, cp_value index)
{
    if (!cp_is_vector(v))
        return slow_type(vm, name, v, "vector");
    if (!is_in_range(index, cp_vector_length(v)))
        return slow_index(vm, name, index, v, cp_vector_length(v));
    return slow_immutable(vm, name, v);
}

static CP_COLD cp_value slow_bytes(copse_vm *vm, const char *name, cp_value v, cp_value index)
{
    if (!cp_is_bytevector(v))
        return slow_type(vm, name, v, "bytevector");
    if (!is_in_range(index, cp_bytevector_length(v)))
        return slow_index(vm, name, index, v, cp_bytevector_length(v));
    return slow_immutable(vm, name, v);
}

/* string-ref in full: it may have to build the index of the string. */
static CP_NOINLINE cp_value string_ref(copse_vm *vm, cp_value v, cp_value index)
{
    if (!cp_is_string(v))
        return slow_type(vm, "string-ref", v, "string");
    uint32_t length = cp_to_string(v)->char_length;
    if (!is_in_range(index, length))
        return slow_index(vm, "string-ref", index, v, length);
    return cp_make_char(cp_string_ref(vm->heap, v, (uint32_t)cp_to_fixnum(index)));
}

static cp_value make_closure(copse_vm *vm, cp_value code, const uint32_t *captures, uint32_t count)
{
    cp_closure *closure = (cp_closure *)cp_alloc(vm->heap, CP_TYPE_CLOSURE, count);
    if (closure == NULL)
        return CP_RETRY;
    const cp_closure *running = cp_to_closure(vm->fp[-2]);
    closure->code = code;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = captures[i] & CP_CAPTURE_INDEX;
        closure->free[i] = captures[i] & CP_CAPTURE_FREE ? running->free[index] : vm->fp[index];
    }
    return cp_from_object(closure);
}

static CP_NOINLINE cp_value op_closure(copse_vm *vm, cp_value code, const uint32_t *captures,
                                       uint32_t count)
{
    WITH_ROOM(vm, make_closure(vm, code, captures, count))
}

static CP_NOINLINE cp_value op_closure_patch(copse_vm *vm, cp_value closure, uint32_t index,
                                             cp_value value)
{
    if (!cp_is_closure(closure) || index >= cp_object_length(cp_to_object(closure)))
        return slow_type(vm, "closure-patch", closure, "closure with that free value");
    cp_write(vm->heap, cp_to_object(closure), &cp_to_closure(closure)->free[index], value);
    return CP_UNSPECIFIC;
}

static cp_value make_record(copse_vm *vm, cp_value type, const cp_value *fields, uint32_t count)
{
    cp_value record = cp_make_record(vm->heap, type, CP_FALSE);
    if (cp_is_retry(record))
        return record;
    memcpy(cp_to_record(record)->fields, fields, count * sizeof(cp_value)); /* young */
    return record;
}

static CP_NOINLINE cp_value op_record(copse_vm *vm, const cp_cell *cell, uint32_t first,
                                      uint32_t count)
{
    cp_value type = cell->value;
    if (!cp_is_record_type(type))
        return slow_type(vm, "record", type, "record type");
    uint32_t length = cp_vector_length(cp_to_record_type(type)->fields);
    if (length != count)
        WITH_ROOM(vm, cp_raise(vm, CP_E_WRONG_ARITY, "%v: expected %d fields, got %d",
                               cp_to_record_type(type)->name, (int)length, (int)count))
    WITH_ROOM(vm, make_record(vm, type, vm->fp + first, count))
}

/* A record access failed. */
static CP_COLD cp_value slow_record(copse_vm *vm, cp_value v, const cp_cell *cell, uint32_t field)
{
    cp_value type = cell->value;
    if (!cp_is_record_type(type))
        return slow_type(vm, "record", type, "record type");
    if (cp_is_record_of(v, type))
        return slow_index(vm, "record", cp_make_fixnum(field), v,
                          cp_object_length(cp_to_object(v)));
    WITH_ROOM(vm, cp_raise(vm, CP_E_WRONG_TYPE, "%v is no %v", v, cp_to_record_type(type)->name))
}

static CP_NOINLINE bool passes_test(cp_value v, cp_test test)
{
    switch (test) {
    case CP_TEST_PAIR:
        return cp_is_pair(v);
    case CP_TEST_NULL:
        return cp_is_nil(v);
    case CP_TEST_SYMBOL:
        return cp_is_symbol(v);
    case CP_TEST_STRING:
        return cp_is_string(v);
    case CP_TEST_CHAR:
        return cp_is_char(v);
    case CP_TEST_BOOLEAN:
        return cp_is_boolean(v);
    case CP_TEST_VECTOR:
        return cp_is_vector(v);
    case CP_TEST_BYTES:
        return cp_is_bytevector(v);
    case CP_TEST_PROCEDURE:
        return cp_is_procedure(v);
    case CP_TEST_FIXNUM:
        return cp_is_fixnum(v);
    case CP_TEST_FLONUM:
        return cp_is_double(v);
    case CP_TEST_NUMBER:
        return cp_argument_fits(CP_ARGUMENT_NUMBER, v);
    case CP_TEST_EOF:
        return cp_same(v, CP_EOF);
    case CP_TEST_COUNT:
        break;
    }
    return false;
}

/* vm->value_count values stand from register FIRST on; COUNT are expected, and a list of the rest
 * when HAS_REST. */
static CP_NOINLINE cp_value op_receive(copse_vm *vm, uint32_t first, uint32_t count,
                                       uint32_t has_rest)
{
    uint32_t given = vm->value_count;
    if (given < count || (given > count && !has_rest)) {
        vm->value_count = 1;
        WITH_ROOM(vm, cp_raise(vm, CP_E_WRONG_ARITY, "expected %s%d value%s, got %d",
                               has_rest ? "at least " : "", (int)count, count == 1 ? "" : "s",
                               (int)given))
    }
    if (has_rest) {
        for (unsigned attempt = 1;; attempt++) {
            cp_value rest = cp_list_from(vm->heap, vm->fp + first + count, given - count, CP_NIL);
            if (!cp_is_retry(rest)) {
                vm->fp[first + count] = rest;
                break;
            }
            if (!cp_vm_make_room(vm, attempt)) {
                vm->value_count = 1;
                return CP_RAISE;
            }
        }
    }
    vm->value_count = 1;
    return CP_UNSPECIFIC;
}

/* ---- The loop ------------------------------------------------------------------------------ */

#ifdef CP_DISPATCH_SWITCH
#define DISPATCH_NAME "switch"
#define CASE(name) case CP_OP_##name
#define NEXT goto dispatch
#define BEGIN_DISPATCH                                                                             \
    dispatch:                                                                                      \
    word = *pc++;                                                                                  \
    switch ((cp_opcode)(word & 0xFF)) {
#define END_DISPATCH                                                                               \
    case CP_OPCODE_COUNT:                                                                          \
        break;                                                                                     \
        }                                                                                          \
        assert(false); /* templates are checked */                                                 \
        return;
#else
/* Labels as values are an extension that has no other spelling. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#define DISPATCH_NAME "goto"
#define CASE(name) label_##name
#define NEXT                                                                                       \
    do {                                                                                           \
        word = *pc++;                                                                              \
        goto *labels[word & 0xFF];                                                                 \
    } while (0)
#define BEGIN_DISPATCH NEXT;
#define END_DISPATCH
#endif

#define R(n) fp[n]
/* The word is held in 64 bits, so that a field of it indexes without being extended again. */
#define A (word >> 8 & 0xFF)
#define B (word >> 16 & 0xFF)
#define C (word >> 24)
#define SC cp_word_sc((uint32_t)word)
#define SB cp_word_sb((uint32_t)word)
#define BX (word >> 16)
#define AX (word >> 8)
#define SBX cp_word_sbx((uint32_t)word)
#define SAX cp_word_sax((uint32_t)word)
#define RA fp[A]
#define RB fp[B]
#define RC fp[C]

/* The registers to VM, with pc at the instruction that has been fetched. */
#define SAVE()                                                                                     \
    do {                                                                                           \
        vm->fp = fp;                                                                               \
        vm->pc = pc - 1;                                                                           \
    } while (0)

/* Store what the function gives in R[A], or raise. */
#define SLOW(call)                                                                                 \
    do {                                                                                           \
        SAVE();                                                                                    \
        cp_value given = (call);                                                                   \
        if (CP_UNLIKELY(cp_same(given, CP_RAISE)))                                                 \
            goto raise;                                                                            \
        RA = given;                                                                                \
    } while (0)

/* The same for an instruction that gives nothing. */
#define SLOW_EFFECT(call)                                                                          \
    do {                                                                                           \
        SAVE();                                                                                    \
        if (CP_UNLIKELY(cp_same((call), CP_RAISE)))                                                \
            goto raise;                                                                            \
    } while (0)

#define ARITHMETIC(name, fixnum_function, operator)                                                \
    CASE(name) :                                                                                   \
    {                                                                                              \
        cp_value b = RB, c = RC;                                                                   \
        if (CP_LIKELY(cp_both_fixnum(b, c)) && CP_LIKELY(fixnum_function(b, c, &RA)))              \
            NEXT;                                                                                  \
        if (cp_is_double(b) && cp_is_double(c)) {                                                  \
            RA = cp_make_double(cp_to_double(b) operator cp_to_double(c));                         \
            NEXT;                                                                                  \
        }                                                                                          \
        SLOW(slow_number(vm, CP_OP_##name, b, c));                                                 \
        NEXT;                                                                                      \
    }

#define ARITHMETIC_I(name, plain, fixnum_function, operator)                                       \
    CASE(name) :                                                                                   \
    {                                                                                              \
        cp_value b = RB, c = cp_make_fixnum(SC);                                                   \
        if (CP_LIKELY(cp_is_fixnum(b)) && CP_LIKELY(fixnum_function(b, c, &RA)))                   \
            NEXT;                                                                                  \
        if (cp_is_double(b)) {                                                                     \
            RA = cp_make_double(cp_to_double(b) operator SC);                                      \
            NEXT;                                                                                  \
        }                                                                                          \
        SLOW(slow_number(vm, CP_OP_##plain, b, c));                                                \
        NEXT;                                                                                      \
    }

#define NUMBER(name)                                                                               \
    CASE(name) : SLOW(slow_number(vm, CP_OP_##name, RB, RC));                                      \
    NEXT;

#define BITS(name, operator)                                                                       \
    CASE(name) :                                                                                   \
    {                                                                                              \
        cp_value b = RB, c = RC;                                                                   \
        if (CP_LIKELY(cp_both_fixnum(b, c))) {                                                     \
            RA = cp_make_fixnum(cp_to_fixnum(b) operator cp_to_fixnum(c));                         \
            NEXT;                                                                                  \
        }                                                                                          \
        SLOW(slow_number(vm, CP_OP_##name, b, c));                                                 \
        NEXT;                                                                                      \
    }

/* Sets HOLDS to whether X and Y compare so. */
#define COMPARE(plain, operator, x, y)                                                             \
    bool holds;                                                                                    \
    cp_value left = (x), right = (y);                                                              \
    if (CP_LIKELY(cp_both_fixnum(left, right))) {                                                  \
        holds = cp_fixnum_high(left) operator cp_fixnum_high(right);                               \
    } else if (cp_is_double(left) && cp_is_double(right)) {                                        \
        holds = cp_to_double(left) operator cp_to_double(right);                                   \
    } else {                                                                                       \
        SAVE();                                                                                    \
        cp_value given = slow_number(vm, CP_OP_##plain, left, right);                              \
        if (CP_UNLIKELY(cp_same(given, CP_RAISE)))                                                 \
            goto raise;                                                                            \
        holds = cp_is_true(given);                                                                 \
    }

#define COMPARISON(name, operator)                                                                 \
    CASE(name) :                                                                                   \
    {                                                                                              \
        COMPARE(name, operator, RB, RC)                                                            \
        RA = cp_make_boolean(holds);                                                               \
        NEXT;                                                                                      \
    }

#define JUMP_COMPARE(name, plain, operator, wanted)                                                \
    CASE(name) :                                                                                   \
    {                                                                                              \
        COMPARE(plain, operator, RA, RB)                                                           \
        if (holds == (wanted))                                                                     \
            pc += SC;                                                                              \
        NEXT;                                                                                      \
    }

/* X stands left of the immediate; SWAPPED names the comparison for the slow path, whose operands
 * are exchanged for "greater". */
#define JUMP_COMPARE_I(name, plain, operator, slow_left, slow_right, wanted)                       \
    CASE(name) :                                                                                   \
    {                                                                                              \
        bool holds;                                                                                \
        cp_value a = RA, i = cp_make_fixnum(SB);                                                   \
        if (CP_LIKELY(cp_is_fixnum(a))) {                                                          \
            holds = cp_fixnum_high(a) operator cp_fixnum_high(i);                                  \
        } else if (cp_is_double(a)) {                                                              \
            holds = cp_to_double(a) operator SB;                                                   \
        } else {                                                                                   \
            SAVE();                                                                                \
            cp_value given = slow_number(vm, CP_OP_##plain, slow_left, slow_right);                \
            if (CP_UNLIKELY(cp_same(given, CP_RAISE)))                                             \
                goto raise;                                                                        \
            holds = cp_is_true(given);                                                             \
        }                                                                                          \
        if (holds == (wanted))                                                                     \
            pc += SC;                                                                              \
        NEXT;                                                                                      \
    }

#define JUMP_WHEN(name, condition)                                                                 \
    CASE(name) : if (condition) pc += SBX;                                                         \
    NEXT;

static const cp_value *links_at(const cp_value *fp)
{
    return cp_to_code(cp_to_closure(fp[-2])->code)->links;
}

/* Run from vm->fp and vm->pc until the run ends. */
void cp_run_loop(copse_vm *vm)
{
#ifndef CP_DISPATCH_SWITCH
    static const void *const labels[256] = {
#define LABEL(name, format, effects, may, meaning) &&label_##name,
        CP_OPCODE_LIST(LABEL)
#undef LABEL
    };
#endif
    uint64_t word;
    const uint32_t *pc;
    cp_value *fp;
    const cp_value *links = NULL;
    cp_value *window;
    uint32_t count;

reload:
    if (CP_UNLIKELY(vm->fuel < 0) && !safepoint(vm))
        return;
    fp = vm->fp;
    pc = vm->pc;
    if (CP_LIKELY(cp_word_op(*pc) < CP_OP_BREAKPOINT)) /* else a stub, which needs none */
        links = links_at(fp);

    BEGIN_DISPATCH

    CASE(MOVE) : RA = RB;
    NEXT;
    CASE(IMMEDIATE) : RA = cp_from_bits(BX);
    NEXT;
    CASE(FIXNUM) : RA = cp_make_fixnum(SBX);
    NEXT;
    CASE(CONSTANT) : RA = links[BX];
    NEXT;
    CASE(CONSTANT_WIDE) : RA = links[*pc++];
    NEXT;
    CASE(SELF) : RA = fp[-2];
    NEXT;
    CASE(FREE) : RA = cp_to_closure(fp[-2])->free[BX];
    NEXT;

    CASE(BOX) :
    {
        cp_value box = cp_make_box(vm->heap, RB);
        if (CP_UNLIKELY(cp_is_retry(box)))
            SLOW(slow_box(vm, RB));
        else
            RA = box;
        NEXT;
    }
    CASE(BOX_GET) : RA = cp_to_box(RB)->value;
    NEXT;
    CASE(BOX_SET) : cp_box_set(vm->heap, RA, RB);
    NEXT;
    CASE(FREE_BOX_GET) : RA = cp_to_box(cp_to_closure(fp[-2])->free[BX])->value;
    NEXT;
    CASE(FREE_BOX_SET) : cp_box_set(vm->heap, cp_to_closure(fp[-2])->free[BX], RA);
    NEXT;
    CASE(CHECK_SET) : if (CP_UNLIKELY(cp_same(RA, CP_UNSET)))
    {
        SLOW_EFFECT(slow_check_set(vm, links[BX]));
    }
    NEXT;

    CASE(GLOBAL) :
    {
        const cp_cell *cell = cp_to_cell(links[BX]);
        if (CP_UNLIKELY(cp_same(cell->value, CP_UNBOUND)))
            SLOW(slow_unbound(vm, cell));
        else
            RA = cell->value;
        NEXT;
    }
    CASE(GLOBAL_SET) :
    {
        cp_cell *cell = cp_to_cell(links[BX]);
        if (CP_UNLIKELY(cp_same(cell->value, CP_UNBOUND)))
            SLOW_EFFECT(slow_unbound(vm, cell));
        cp_cell_set(vm->heap, cell, RA);
        NEXT;
    }
    CASE(GLOBAL_DEFINE) : cp_cell_set(vm->heap, cp_to_cell(links[BX]), RA);
    NEXT;

    CASE(CLOSURE) :
    {
        SLOW(op_closure(vm, links[BX], pc + 1, pc[0]));
        pc += 1 + pc[0];
        NEXT;
    }
    CASE(CLOSURE_PATCH) : SLOW_EFFECT(op_closure_patch(vm, RA, (uint32_t)B, RC));
    NEXT;

    ARITHMETIC(ADD, cp_fixnum_add, +)
    ARITHMETIC(SUB, cp_fixnum_subtract, -)
    ARITHMETIC(MUL, cp_fixnum_multiply, *)
    NUMBER(QUOTIENT)
    NUMBER(REMAINDER)
    NUMBER(MODULO)
    CASE(DIV) :
    {
        cp_value b = RB, c = RC;
        if (cp_is_double(b) && cp_is_double(c))
            RA = cp_make_double(cp_to_double(b) / cp_to_double(c));
        else
            SLOW(slow_number(vm, CP_OP_DIV, b, c));
        NEXT;
    }
    BITS(BIT_AND, &)
    BITS(BIT_OR, |)
    BITS(BIT_XOR, ^)
    NUMBER(SHIFT)
    ARITHMETIC_I(ADD_I, ADD, cp_fixnum_add, +)
    ARITHMETIC_I(SUB_I, SUB, cp_fixnum_subtract, -)
    ARITHMETIC_I(MUL_I, MUL, cp_fixnum_multiply, *)
    COMPARISON(EQUAL, ==)
    COMPARISON(LESS, <)
    COMPARISON(LESS_EQUAL, <=)

    CASE(SAME) : RA = cp_make_boolean(cp_same(RB, RC));
    NEXT;
    CASE(EQV) : RA = cp_make_boolean(cp_number_eqv(RB, RC));
    NEXT;
    CASE(NOT) : RA = cp_make_boolean(!cp_is_true(RB));
    NEXT;
    CASE(IS) : RA = cp_make_boolean(passes_test(RB, (cp_test)C));
    NEXT;

    CASE(CONS) :
    {
        cp_value pair = cp_cons(vm->heap, RB, RC);
        if (CP_UNLIKELY(cp_is_retry(pair)))
            SLOW(slow_cons(vm, RB, RC));
        else
            RA = pair;
        NEXT;
    }
    CASE(CAR) :
    {
        cp_value b = RB;
        if (CP_UNLIKELY(!cp_is_pair(b)))
            SLOW(slow_type(vm, "car", b, "pair"));
        else
            RA = cp_car(b);
        NEXT;
    }
    CASE(CDR) :
    {
        cp_value b = RB;
        if (CP_UNLIKELY(!cp_is_pair(b)))
            SLOW(slow_type(vm, "cdr", b, "pair"));
        else
            RA = cp_cdr(b);
        NEXT;
    }
    CASE(SET_CAR) :
    {
        if (CP_UNLIKELY(!cp_is_pair(RA)))
            SLOW_EFFECT(slow_type(vm, "set-car!", RA, "pair"));
        else
            cp_write_car(vm->heap, RA, RB);
        NEXT;
    }
    CASE(SET_CDR) :
    {
        if (CP_UNLIKELY(!cp_is_pair(RA)))
            SLOW_EFFECT(slow_type(vm, "set-cdr!", RA, "pair"));
        else
            cp_write_cdr(vm->heap, RA, RB);
        NEXT;
    }

    CASE(VECTOR_REF) :
    {
        cp_value v = RB, i = RC;
        if (CP_LIKELY(cp_is_vector(v)) && CP_LIKELY(is_in_range(i, cp_vector_length(v))))
            RA = cp_to_vector(v)->values[cp_to_fixnum(i)];
        else
            SLOW(slow_vector(vm, "vector-ref", v, i));
        NEXT;
    }
    CASE(VECTOR_REF_I) :
    {
        cp_value v = RB;
        if (CP_LIKELY(cp_is_vector(v)) && CP_LIKELY(C < cp_vector_length(v)))
            RA = cp_to_vector(v)->values[C];
        else
            SLOW(slow_vector(vm, "vector-ref", v, cp_make_fixnum((int64_t)C)));
        NEXT;
    }
    CASE(VECTOR_SET) :
    {
        cp_value v = RA, i = RB;
        if (CP_LIKELY(cp_is_vector(v)) && CP_LIKELY(is_in_range(i, cp_vector_length(v))) &&
            CP_LIKELY(!(cp_object_flags(cp_to_object(v)) & CP_FLAG_IMMUTABLE)))
            cp_vector_set(vm->heap, v, (uint32_t)cp_to_fixnum(i), RC);
        else
            SLOW_EFFECT(slow_vector(vm, "vector-set!", v, i));
        NEXT;
    }
    CASE(VECTOR_SET_I) :
    {
        cp_value v = RA;
        if (CP_LIKELY(cp_is_vector(v)) && CP_LIKELY(B < cp_vector_length(v)) &&
            CP_LIKELY(!(cp_object_flags(cp_to_object(v)) & CP_FLAG_IMMUTABLE)))
            cp_vector_set(vm->heap, v, (uint32_t)B, RC);
        else
            SLOW_EFFECT(slow_vector(vm, "vector-set!", v, cp_make_fixnum((int64_t)B)));
        NEXT;
    }
    CASE(VECTOR_LENGTH) :
    {
        cp_value v = RB;
        if (CP_LIKELY(cp_is_vector(v)))
            RA = cp_make_fixnum(cp_vector_length(v));
        else
            SLOW(slow_type(vm, "vector-length", v, "vector"));
        NEXT;
    }
    CASE(BYTES_REF) :
    {
        cp_value v = RB, i = RC;
        if (CP_LIKELY(cp_is_bytevector(v)) && CP_LIKELY(is_in_range(i, cp_bytevector_length(v))))
            RA = cp_make_fixnum(cp_to_bytevector(v)->bytes[cp_to_fixnum(i)]);
        else
            SLOW(slow_bytes(vm, "bytevector-u8-ref", v, i));
        NEXT;
    }
    CASE(BYTES_SET) :
    {
        cp_value v = RA, i = RB, byte = RC;
        if (CP_UNLIKELY(!cp_is_bytevector(v)) ||
            CP_UNLIKELY(!is_in_range(i, cp_bytevector_length(v))) ||
            CP_UNLIKELY(cp_object_flags(cp_to_object(v)) & CP_FLAG_IMMUTABLE))
            SLOW_EFFECT(slow_bytes(vm, "bytevector-u8-set!", v, i));
        else if (CP_UNLIKELY(!is_in_range(byte, 256)))
            SLOW_EFFECT(slow_type(vm, "bytevector-u8-set!", byte, "byte"));
        else
            cp_to_bytevector(v)->bytes[cp_to_fixnum(i)] = (uint8_t)cp_to_fixnum(byte);
        NEXT;
    }
    CASE(STRING_REF) : SLOW(string_ref(vm, RB, RC));
    NEXT;

    CASE(RECORD) : SLOW(op_record(vm, cp_to_cell(links[pc[0]]), (uint32_t)A, (uint32_t)B));
    pc++;
    NEXT;
    CASE(RECORD_REF) :
    {
        const cp_cell *cell = cp_to_cell(links[pc[0]]);
        cp_value v = RB;
        if (CP_LIKELY(cp_is_record_of(v, cell->value)) &&
            CP_LIKELY(C < cp_object_length(cp_to_object(v))))
            RA = cp_to_record(v)->fields[C];
        else
            SLOW(slow_record(vm, v, cell, (uint32_t)C));
        pc++;
        NEXT;
    }
    CASE(RECORD_SET) :
    {
        const cp_cell *cell = cp_to_cell(links[pc[0]]);
        cp_value v = RA;
        if (CP_LIKELY(cp_is_record_of(v, cell->value)) &&
            CP_LIKELY(C < cp_object_length(cp_to_object(v))))
            cp_record_set(vm->heap, v, (uint32_t)C, RB);
        else
            SLOW_EFFECT(slow_record(vm, v, cell, (uint32_t)C));
        pc++;
        NEXT;
    }
    CASE(IS_RECORD) : RA = cp_make_boolean(cp_is_record_of(RB, cp_to_cell(links[pc[0]])->value));
    pc++;
    NEXT;

    CASE(JUMP) : pc += SAX;
    NEXT;
    CASE(LOOP) : pc += SAX;
    if (CP_UNLIKELY(--vm->fuel < 0))
        goto out_of_fuel;
    NEXT;
    JUMP_WHEN(JUMP_IF_FALSE, !cp_is_true(RA))
    JUMP_WHEN(JUMP_IF_TRUE, cp_is_true(RA))
    JUMP_WHEN(JUMP_IF_NULL, cp_is_nil(RA))
    JUMP_WHEN(JUMP_UNLESS_NULL, !cp_is_nil(RA))
    JUMP_WHEN(JUMP_IF_PAIR, cp_is_pair(RA))
    JUMP_WHEN(JUMP_UNLESS_PAIR, !cp_is_pair(RA))
    JUMP_WHEN(JUMP_IF_DEFAULT, cp_same(RA, CP_DEFAULT))
    JUMP_WHEN(JUMP_UNLESS_DEFAULT, !cp_same(RA, CP_DEFAULT))
    CASE(JUMP_IF_SAME) : if (cp_same(RA, RB)) pc += SC;
    NEXT;
    CASE(JUMP_UNLESS_SAME) : if (!cp_same(RA, RB)) pc += SC;
    NEXT;
    JUMP_COMPARE(JUMP_IF_EQUAL, EQUAL, ==, true)
    JUMP_COMPARE(JUMP_UNLESS_EQUAL, EQUAL, ==, false)
    JUMP_COMPARE(JUMP_IF_LESS, LESS, <, true)
    JUMP_COMPARE(JUMP_UNLESS_LESS, LESS, <, false)
    JUMP_COMPARE(JUMP_IF_LESS_EQUAL, LESS_EQUAL, <=, true)
    JUMP_COMPARE(JUMP_UNLESS_LESS_EQUAL, LESS_EQUAL, <=, false)
    JUMP_COMPARE_I(JUMP_IF_EQUAL_I, EQUAL, ==, a, i, true)
    JUMP_COMPARE_I(JUMP_UNLESS_EQUAL_I, EQUAL, ==, a, i, false)
    JUMP_COMPARE_I(JUMP_IF_LESS_I, LESS, <, a, i, true)
    JUMP_COMPARE_I(JUMP_UNLESS_LESS_I, LESS, <, a, i, false)
    JUMP_COMPARE_I(JUMP_IF_GREATER_I, LESS, >, i, a, true)
    JUMP_COMPARE_I(JUMP_UNLESS_GREATER_I, LESS, >, i, a, false)

    CASE(CALL_GLOBAL) :
    {
        const cp_cell *cell = cp_to_cell(links[AX]);
        uint32_t operands = *pc++;
        window = fp + cp_word_a(operands);
        count = cp_word_b(operands);
        window[0] = cell->value;
        if (CP_LIKELY(cell->signature == count) &&
            CP_LIKELY(window + 2 + cell->register_count <= vm->limit)) {
            window[1] = cp_from_pc(pc);
            fp = window + 2;
            pc = cell->entry;
            links = cell->links;
            if (CP_UNLIKELY(--vm->fuel < 0))
                goto out_of_fuel;
            NEXT;
        }
        if (CP_UNLIKELY(cp_same(cell->value, CP_UNBOUND))) {
            pc--;
            SLOW_EFFECT(slow_unbound(vm, cell));
        }
        goto call;
    }
    CASE(CALL) : window = fp + A;
    count = (uint32_t)B;
call : {
    /* The callee and COUNT arguments stand in WINDOW, pc is where it returns. */
    cp_value callee = window[0];
    window[1] = cp_from_pc(pc);
    if (cp_is_type(callee, CP_TYPE_CLOSURE)) {
        const cp_code *code = cp_to_code(cp_to_closure(callee)->code);
        if (CP_LIKELY(code->signature == count) &&
            CP_LIKELY(window + 2 + code->register_count <= vm->limit)) {
            fp = window + 2;
            pc = code->entry;
            links = code->links;
            if (CP_UNLIKELY(--vm->fuel < 0))
                goto out_of_fuel;
            NEXT;
        }
    } else if (cp_is_type(callee, CP_TYPE_BUILTIN)) {
        const cp_builtin_object *builtin = cp_to_builtin(callee);
        const cp_signature *signature = &builtin->signature;
        if (CP_LIKELY(count >= signature->required) &&
            CP_LIKELY(count <= (uint32_t)signature->required + signature->optional ||
                      signature->has_rest)) {
            vm->fp = window + 2;
            vm->pc = cp_native_start_pc(count);
            cp_value given = cp_call_builtin(vm, builtin, window + 2, count);
            if (CP_LIKELY(given.bits - CP_RETRY.bits > CP_REQUEST.bits - CP_RETRY.bits)) {
                window[0] = given;
                NEXT;
            }
            if (!cp_is_retry(given)) {
                if (!cp_finish_native(vm, given))
                    return;
                goto reload;
            }
            if (cp_vm_make_room(vm, 1) ? !cp_start_builtin(vm, 2) : !cp_raise_here(vm))
                return;
            goto reload;
        }
    }
    if (!cp_enter(vm, window, count))
        return;
    goto reload;
}

    CASE(TAIL_CALL_GLOBAL) :
    {
        const cp_cell *cell = cp_to_cell(links[AX]);
        uint32_t operands = *pc;
        window = fp + cp_word_a(operands);
        count = cp_word_b(operands);
        if (CP_UNLIKELY(cp_same(cell->value, CP_UNBOUND)))
            SLOW_EFFECT(slow_unbound(vm, cell));
        window[0] = cell->value;
        goto tail_call;
    }
    CASE(TAIL_CALL) : window = fp + A;
    count = (uint32_t)B;
tail_call : {
    cp_value callee = window[0];
    fp[-2] = callee;
    for (uint32_t i = 0; i < count; i++)
        fp[i] = window[2 + i];
    if (cp_is_type(callee, CP_TYPE_CLOSURE)) {
        const cp_code *code = cp_to_code(cp_to_closure(callee)->code);
        if (CP_LIKELY(code->signature == count) &&
            CP_LIKELY(fp + code->register_count <= vm->limit)) {
            pc = code->entry;
            links = code->links;
            if (CP_UNLIKELY(--vm->fuel < 0))
                goto out_of_fuel;
            NEXT;
        }
    }
    if (!cp_enter(vm, fp - 2, count))
        return;
    goto reload;
}

    CASE(RETURN) :
    {
        cp_value result = RA;
        pc = cp_return_pc(fp);
        fp[-2] = result;
        fp -= 2 + cp_window_of(pc);
        if (CP_UNLIKELY(pc == CP_UNDERFLOW_PC))
            NEXT;
        links = links_at(fp);
        NEXT;
    }
    CASE(RETURN_VALUES) : if (!cp_return_many(vm, fp - 2, &RA, (uint32_t)B)) return;
    goto reload;
    CASE(RECEIVE) :
    {
        if (CP_UNLIKELY(vm->value_count != B) || C != 0)
            SLOW_EFFECT(op_receive(vm, (uint32_t)A, (uint32_t)B, C != 0));
        vm->value_count = 1;
        NEXT;
    }

    CASE(NATIVE_RESUME) : SAVE();
    if (!cp_resume_native(vm))
        return;
    goto reload;
    CASE(NATIVE_START) : SAVE();
    if (!cp_start_native(vm))
        return;
    goto reload;
    CASE(TRAP_RESUME)
        : pc = cp_to_code(cp_to_closure(fp[-2])->code)->base + cp_to_fixnum(fp[A + 2]);
    NEXT;
    CASE(UNDERFLOW) : SAVE();
    if (!cp_underflow(vm))
        return;
    goto reload;
    CASE(BREAKPOINT) : CASE(WINDOW) : assert(false); /* no template has them */
    return;

    END_DISPATCH

out_of_fuel:
    vm->fp = fp;
    vm->pc = pc;
    if (!safepoint(vm))
        return;
    goto reload;

raise:
    if (!cp_raise_here(vm))
        return;
    goto reload;
}

#ifndef CP_DISPATCH_SWITCH
#pragma GCC diagnostic pop
#endif

const char *cp_loop_dispatch(void)
{
    return DISPATCH_NAME;
}
