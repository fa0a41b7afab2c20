/* equal.c -- equal? in two gaits. The first compares up to QUICK_PARTS parts, QUICK_DEPTH deep,
 * recursively and without memory; nearly all comparisons end there. Otherwise it starts again with
 * a stack in the heap, in slices, and guards against circles as Adams and Dybvig do ("Efficient
 * Nondestructive Equality Checking for Trees and Graphs", 2008, interleaved): FREE_PARTS pairs of
 * parts are compared unguarded, then GUARDED_PARTS are united in a table of classes; two parts of
 * one class are equal or are being compared already. Each guarded stretch unites as many classes,
 * of which there are finitely many, so that it ends; and big trees are united only one part in
 * ten. */
#include "stdlib/equal.h"

enum { QUICK_PARTS = 500, QUICK_DEPTH = 32, FREE_PARTS = 400, GUARDED_PARTS = 40 };

/* ---- The heads of two values --------------------------------------------------------------- */

/* What is known of two values without looking at their parts. */
typedef enum verdict {
    EQUAL,
    DIFFERENT,
    PAIRS,   /* both are pairs */
    SERIES,  /* vectors of one length */
    TEXTS,   /* strings or bytevectors of one size */
    UNKNOWN, /* the quick gait gave up */
} verdict;

static verdict verdict_of(bool is_equal)
{
    return is_equal ? EQUAL : DIFFERENT;
}

static bool are_eqv_objects(const cp_heap *heap, const cp_object *a, const cp_object *b)
{
    const cp_type *row = cp_heap_type(heap, a);
    return row->equal != NULL && row->equal(a, b);
}

static bool are_eqv(const cp_heap *heap, cp_value a, cp_value b)
{
    if (cp_same(a, b))
        return true;
    if (!cp_is_object(a) || !cp_is_object(b))
        return false;
    const cp_object *x = cp_to_object(a), *y = cp_to_object(b);
    return cp_object_type(x) == cp_object_type(y) && are_eqv_objects(heap, x, y);
}

static verdict compare_heads(const cp_heap *heap, cp_value a, cp_value b)
{
    if (cp_same(a, b))
        return EQUAL;
    if (cp_is_pair(a))
        return cp_is_pair(b) ? PAIRS : DIFFERENT;
    if (!cp_is_object(a) || !cp_is_object(b))
        return DIFFERENT;
    const cp_object *x = cp_to_object(a), *y = cp_to_object(b);
    if (cp_object_type(x) != cp_object_type(y))
        return DIFFERENT;
    switch (cp_object_type(x)) {
    case CP_TYPE_VECTOR:
        return cp_object_length(x) == cp_object_length(y) ? SERIES : DIFFERENT;
    case CP_TYPE_BYTEVECTOR:
        return cp_object_length(x) == cp_object_length(y) ? TEXTS : DIFFERENT;
    case CP_TYPE_STRING:
        return cp_to_string(a)->byte_length == cp_to_string(b)->byte_length ? TEXTS : DIFFERENT;
    }
    return verdict_of(are_eqv_objects(heap, x, y));
}

/* The bytes of a string or bytevector. */
static const void *bytes_of(cp_value v, size_t *size)
{
    if (cp_is_string(v)) {
        *size = cp_to_string(v)->byte_length;
        return cp_string_text(cp_to_string(v));
    }
    *size = cp_bytevector_length(v);
    return cp_to_bytevector(v)->bytes;
}

/* ---- The quick gait ------------------------------------------------------------------------ */

static verdict compare_bytes(cp_value a, cp_value b)
{
    size_t size, other;
    const void *x = bytes_of(a, &size), *y = bytes_of(b, &other);
    assert(size == other);
    return size > CP_SLICE_BYTES ? UNKNOWN : verdict_of(memcmp(x, y, size) == 0);
}

static verdict compare_quickly(const cp_heap *heap, cp_value a, cp_value b, int depth, int *parts);

static verdict compare_series(const cp_heap *heap, cp_value a, cp_value b, int depth, int *parts)
{
    verdict v = EQUAL;
    for (uint32_t i = 0; i < cp_vector_length(a) && v == EQUAL; i++)
        v = compare_quickly(heap, cp_vector_ref(a, i), cp_vector_ref(b, i), depth - 1, parts);
    return v;
}

static verdict compare_quickly(const cp_heap *heap, cp_value a, cp_value b, int depth, int *parts)
{
    verdict head;
    while ((head = compare_heads(heap, a, b)) == PAIRS) {
        if (depth == 0 || --*parts < 0)
            return UNKNOWN;
        verdict first = compare_quickly(heap, cp_car(a), cp_car(b), depth - 1, parts);
        if (first != EQUAL)
            return first;
        a = cp_cdr(a);
        b = cp_cdr(b);
    }
    if (--*parts < 0)
        return UNKNOWN;
    if (head == SERIES)
        return depth == 0 ? UNKNOWN : compare_series(heap, a, b, depth, parts);
    return head == TEXTS ? compare_bytes(a, b) : head;
}

/* ---- The guarded gait ---------------------------------------------------------------------- */

/* STACK is a list of what is still to be compared: ((a . b) . index). An index that is no #f says
 * that vectors, strings or bytevectors were equal so far and go on there. GUARD counts down the
 * free parts, and below zero the guarded ones. */
enum { SLOT_A, SLOT_B, SLOT_INDEX, SLOT_STACK, SLOT_CLASSES, SLOT_GUARD, SLOT_COUNT };

/* Put A, B and INDEX on the stack. False when memory is refused. */
static bool push(cp_heap *heap, cp_value *slots, cp_value a, cp_value b, cp_value index)
{
    cp_value both = cp_cons(heap, a, b);
    cp_value item = cp_is_retry(both) ? both : cp_cons(heap, both, index);
    cp_value stack = cp_is_retry(item) ? item : cp_cons(heap, item, slots[SLOT_STACK]);
    if (cp_is_retry(stack))
        return false;
    slots[SLOT_STACK] = stack;
    return true;
}

/* Compare what is on top of the stack next. */
static void pop(cp_value *slots)
{
    cp_value item = cp_car(slots[SLOT_STACK]);
    slots[SLOT_STACK] = cp_cdr(slots[SLOT_STACK]);
    slots[SLOT_A] = cp_car(cp_car(item));
    slots[SLOT_B] = cp_cdr(cp_car(item));
    slots[SLOT_INDEX] = cp_cdr(item);
}

/* The representative of the class of V. Paths are halved; when the table refuses that for lack of
 * memory, they only stay longer. */
static cp_value find_class(cp_heap *heap, cp_value classes, cp_value v)
{
    for (;;) {
        cp_value parent = cp_table_ref(heap, classes, v);
        if (cp_is_nothing(parent))
            return v;
        cp_value above = cp_table_ref(heap, classes, parent);
        if (cp_is_nothing(above))
            return parent;
        bool is_halved = cp_table_set(heap, classes, v, above);
        (void)is_halved;
        v = above;
    }
}

/* EQUAL when A and B are of one class already, UNKNOWN when they are now, DIFFERENT when memory
 * is refused. */
static verdict unite(cp_heap *heap, cp_value *slots, cp_value a, cp_value b)
{
    if (!cp_is_table(slots[SLOT_CLASSES])) {
        cp_value table = cp_make_table(heap, CP_TABLE_EQ, CP_TABLE_STRONG, 2 * GUARDED_PARTS);
        if (cp_is_retry(table))
            return DIFFERENT;
        slots[SLOT_CLASSES] = table;
    }
    cp_value x = find_class(heap, slots[SLOT_CLASSES], a);
    cp_value y = find_class(heap, slots[SLOT_CLASSES], b);
    if (cp_same(x, y))
        return EQUAL;
    return cp_table_set(heap, slots[SLOT_CLASSES], x, y) ? UNKNOWN : DIFFERENT;
}

/* The same, if it is the turn of the guarded parts. */
static verdict guard(cp_heap *heap, cp_value *slots, cp_value a, cp_value b)
{
    int64_t turn = cp_to_fixnum(slots[SLOT_GUARD]) - 1;
    if (turn >= 0) {
        slots[SLOT_GUARD] = cp_make_fixnum(turn);
        return UNKNOWN;
    }
    verdict v = unite(heap, slots, a, b);
    if (v == UNKNOWN)
        slots[SLOT_GUARD] = cp_make_fixnum(turn <= -GUARDED_PARTS ? FREE_PARTS : turn);
    return v;
}

/* A and B of SLOTS, which have parts, begin with X and Y. Go on with those if they have parts, too,
 * and put the rest on the stack, which goes on at INDEX; else go on with the rest A2 and B2 at
 * INDEX. What is put on the stack comes first: after uniting A and B nothing may fail. Gives
 * CP_TRUE when A and B are equal as far as they go, CP_FALSE, CP_RETRY, or CP_NOTHING. */
static cp_value enter(cp_heap *heap, cp_value *slots, bool is_guarded, cp_value x, cp_value y,
                      cp_value a2, cp_value b2, cp_value index)
{
    cp_value a = slots[SLOT_A], b = slots[SLOT_B], stack = slots[SLOT_STACK];
    verdict first = compare_heads(heap, x, y);
    if (first == DIFFERENT)
        return CP_FALSE;
    bool goes_down = first != EQUAL;
    if (goes_down && !push(heap, slots, a2, b2, index))
        return CP_RETRY;
    verdict guarded = is_guarded ? guard(heap, slots, a, b) : UNKNOWN;
    if (guarded != UNKNOWN) {
        slots[SLOT_STACK] = stack;
        return guarded == EQUAL ? CP_TRUE : CP_RETRY;
    }
    slots[SLOT_A] = goes_down ? x : a2;
    slots[SLOT_B] = goes_down ? y : b2;
    slots[SLOT_INDEX] = goes_down ? CP_FALSE : index;
    return CP_NOTHING;
}

static cp_value step_pairs(cp_heap *heap, cp_value *slots)
{
    cp_value a = slots[SLOT_A], b = slots[SLOT_B];
    return enter(heap, slots, true, cp_car(a), cp_car(b), cp_cdr(a), cp_cdr(b), CP_FALSE);
}

static cp_value step_series(cp_heap *heap, cp_value *slots)
{
    cp_value a = slots[SLOT_A], b = slots[SLOT_B];
    uint32_t index = cp_is_true(slots[SLOT_INDEX]) ? (uint32_t)cp_to_fixnum(slots[SLOT_INDEX]) : 0;
    if (index >= cp_vector_length(a))
        return CP_TRUE;
    return enter(heap, slots, index == 0, cp_vector_ref(a, index), cp_vector_ref(b, index), a, b,
                 cp_make_fixnum(index + 1));
}

/* Up to a slice of bytes; BUDGET is then used up. Strings may have changed in between. */
static cp_value step_texts(cp_value *slots, int *budget)
{
    size_t size, other;
    const char *x = bytes_of(slots[SLOT_A], &size), *y = bytes_of(slots[SLOT_B], &other);
    size_t index = cp_is_true(slots[SLOT_INDEX]) ? (size_t)cp_to_fixnum(slots[SLOT_INDEX]) : 0;
    if (index >= size || size != other)
        return cp_make_boolean(size == other);
    size_t count = size - index < CP_SLICE_BYTES ? size - index : CP_SLICE_BYTES;
    if (memcmp(x + index, y + index, count) != 0)
        return CP_FALSE;
    *budget -= (int)(count * CP_SLICE_STEPS / CP_SLICE_BYTES);
    slots[SLOT_INDEX] = cp_make_fixnum((int64_t)(index + count));
    return CP_NOTHING;
}

static cp_value step_once(cp_heap *heap, cp_value *slots, int *budget)
{
    switch (compare_heads(heap, slots[SLOT_A], slots[SLOT_B])) {
    case PAIRS:
        return step_pairs(heap, slots);
    case SERIES:
        return step_series(heap, slots);
    case TEXTS:
        return step_texts(slots, budget);
    case EQUAL:
        return CP_TRUE;
    case DIFFERENT:
    case UNKNOWN:
        break;
    }
    return CP_FALSE;
}

static cp_value step_equal(copse_vm *vm, cp_value *slots)
{
    for (int budget = CP_SLICE_STEPS; budget > 0; budget--) {
        cp_value answer = step_once(vm->heap, slots, &budget);
        if (cp_is_nothing(answer))
            continue;
        if (!cp_same(answer, CP_TRUE) || cp_is_nil(slots[SLOT_STACK]))
            return answer;
        pop(slots);
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_equal, step_equal)

/* ---- The builtins -------------------------------------------------------------------------- */

static cp_value builtin_eq(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_same(args[0], args[1]));
}

static cp_value builtin_eqv(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_boolean(are_eqv(vm->heap, args[0], args[1]));
}

static cp_value builtin_equal(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    int parts = QUICK_PARTS;
    verdict v = compare_quickly(vm->heap, args[0], args[1], QUICK_DEPTH, &parts);
    if (v != UNKNOWN)
        return cp_make_boolean(v == EQUAL);
    cp_value slots[SLOT_COUNT] = {args[0], args[1],  CP_FALSE,
                                  CP_NIL,  CP_FALSE, cp_make_fixnum(FREE_PARTS)};
    return cp_slice_run(vm, slots, SLOT_COUNT, step_equal);
}

/* clang-format off */
const cp_builtin cp_equal_builtins[] = {
    {builtin_eq, COPSE_BUILTIN("eq?", "a b -> boolean", CONSTANT, "Whether A and B are the same object.")},
    {builtin_eqv, COPSE_BUILTIN("eqv?", "a b -> boolean", BOUNDED,
        "Whether A and B are the same object, or numbers that no arithmetic can tell apart.")},
    {builtin_equal, COPSE_BUILTIN("equal?", "a b -> boolean", SLICED,
        "Whether A and B print alike: equal parts, texts and numbers; it ends on circular data, too."),
        .resume = resume_equal},
    {0},
};
/* clang-format on */
