/* vector.c -- new vectors are filled a slice at a time, behind the write barrier. Copies within a
 * vector go from its end when source and target overlap that way. */
#include "stdlib/vector.h"

/* ---- Plain access -------------------------------------------------------------------------- */

static cp_value is_vector(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_vector(args[0]));
}

static cp_value vector(copse_vm *vm, const cp_value *args, int count)
{
    return cp_vector_from(vm->heap, args, (size_t)count);
}

static cp_value vector_length(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_fixnum(cp_vector_length(args[0]));
}

static cp_value vector_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_index(vm, "k", args[1], cp_vector_length(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    return cp_vector_ref(args[0], (uint32_t)cp_to_fixnum(args[1]));
}

static cp_value vector_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_mutable(vm, "vector", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_check_index(vm, "k", args[1], cp_vector_length(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_vector_set(vm->heap, args[0], (uint32_t)cp_to_fixnum(args[1]), args[2]);
    return CP_UNSPECIFIC;
}

/* ---- Filling ------------------------------------------------------------------------------- */

enum { FILL_VECTOR, FILL_AT, FILL_END, FILL_VALUE, FILL_RESULT, FILL_SLOTS };

static cp_value step_fill(copse_vm *vm, cp_value *slots)
{
    int64_t at = cp_to_fixnum(slots[FILL_AT]), end = cp_to_fixnum(slots[FILL_END]);
    for (int i = 0; i < CP_SLICE_VALUES && at < end; i++, at++)
        cp_vector_set(vm->heap, slots[FILL_VECTOR], (uint32_t)at, slots[FILL_VALUE]);
    slots[FILL_AT] = cp_make_fixnum(at);
    return at == end ? slots[FILL_RESULT] : CP_NOTHING;
}
CP_SLICE_RESUME(resume_fill, step_fill)

static cp_value make_vector(copse_vm *vm, const cp_value *args, int count)
{
    cp_value fill = cp_is_given(args, count, 1) ? args[1] : CP_FALSE;
    cp_value made = cp_vector_to_fill(vm, cp_to_fixnum(args[0]));
    if (!cp_is_vector(made))
        return made;
    cp_value slots[FILL_SLOTS] = {made, cp_make_fixnum(0), args[0], fill, made};
    return cp_slice_run(vm, slots, FILL_SLOTS, step_fill);
}

static cp_value vector_fill(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "vector", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 2, cp_vector_length(args[0]), &range);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_value slots[FILL_SLOTS] = {args[0], cp_make_fixnum(range.start), cp_make_fixnum(range.end),
                                  args[1], CP_UNSPECIFIC};
    return cp_slice_run(vm, slots, FILL_SLOTS, step_fill);
}

/* ---- Copying ------------------------------------------------------------------------------- */

/* COUNT elements of SOURCE from index FROM on go to TARGET from index TO on. Then SOURCES, a list
 * of further vectors, are copied whole behind them, and RESULT is the value. */
enum {
    COPY_TARGET,
    COPY_TO,
    COPY_SOURCE,
    COPY_FROM,
    COPY_COUNT,
    COPY_SOURCES,
    COPY_RESULT,
    COPY_SLOTS
};

/* Copy COUNT of what is left: from the end when the beginning would be written over first. */
static void copy_part(copse_vm *vm, cp_value *slots, int64_t count)
{
    int64_t to = cp_to_fixnum(slots[COPY_TO]), from = cp_to_fixnum(slots[COPY_FROM]);
    int64_t left = cp_to_fixnum(slots[COPY_COUNT]) - count;
    bool is_backward = cp_same(slots[COPY_TARGET], slots[COPY_SOURCE]) && to > from;
    int64_t skipped = is_backward ? left : 0;
    cp_vector_copy(vm->heap, slots[COPY_TARGET], (uint32_t)(to + skipped), slots[COPY_SOURCE],
                   (uint32_t)(from + skipped), (uint32_t)count);
    slots[COPY_COUNT] = cp_make_fixnum(left);
    if (is_backward)
        return;
    slots[COPY_TO] = cp_make_fixnum(to + count);
    slots[COPY_FROM] = cp_make_fixnum(from + count);
}

static cp_value step_copy(copse_vm *vm, cp_value *slots)
{
    int64_t budget = CP_SLICE_VALUES;
    for (int sources = CP_SLICE_STEPS; sources > 0 && budget > 0; sources--) {
        int64_t left = cp_to_fixnum(slots[COPY_COUNT]);
        int64_t count = left < budget ? left : budget;
        copy_part(vm, slots, count);
        budget -= count;
        if (count < left)
            break;
        if (cp_is_nil(slots[COPY_SOURCES]))
            return slots[COPY_RESULT];
        slots[COPY_SOURCE] = cp_car(slots[COPY_SOURCES]);
        slots[COPY_SOURCES] = cp_cdr(slots[COPY_SOURCES]);
        slots[COPY_FROM] = cp_make_fixnum(0);
        slots[COPY_COUNT] = cp_make_fixnum(cp_vector_length(slots[COPY_SOURCE]));
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_copy, step_copy)

static cp_value vector_copy(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, cp_vector_length(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value copy = cp_vector_to_fill(vm, range.end - range.start);
    if (!cp_is_vector(copy))
        return copy;
    cp_value slots[COPY_SLOTS] = {copy,
                                  cp_make_fixnum(0),
                                  args[0],
                                  cp_make_fixnum(range.start),
                                  cp_make_fixnum(range.end - range.start),
                                  CP_NIL,
                                  copy};
    return cp_slice_run(vm, slots, COPY_SLOTS, step_copy);
}

static cp_value vector_copy_to(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "to", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 3, cp_vector_length(args[2]), &range);
    if (cp_same(checked, CP_TRUE))
        checked = cp_check_room(vm, args[1], range.end - range.start, cp_vector_length(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_value slots[COPY_SLOTS] = {args[0],
                                  args[1],
                                  args[2],
                                  cp_make_fixnum(range.start),
                                  cp_make_fixnum(range.end - range.start),
                                  CP_NIL,
                                  CP_UNSPECIFIC};
    return cp_slice_run(vm, slots, COPY_SLOTS, step_copy);
}

static cp_value vector_append(copse_vm *vm, const cp_value *args, int count)
{
    int64_t length = 0;
    for (int i = 0; i < count; i++)
        length += cp_vector_length(args[i]);
    cp_value sources = cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
    cp_value sum = cp_is_retry(sources) ? sources : cp_vector_to_fill(vm, length);
    if (!cp_is_vector(sum))
        return sum;
    cp_value slots[COPY_SLOTS] = {
        sum, cp_make_fixnum(0), sum, cp_make_fixnum(0), cp_make_fixnum(0), sources, sum};
    return cp_slice_run(vm, slots, COPY_SLOTS, step_copy);
}

/* ---- Lists --------------------------------------------------------------------------------- */

enum { LIST_VECTOR, LIST_START, LIST_AT, LIST_RESULT, LIST_SLOTS };

/* From the back, so that no pair is changed. */
static cp_value step_vector_to_list(copse_vm *vm, cp_value *slots)
{
    int64_t at = cp_to_fixnum(slots[LIST_AT]), start = cp_to_fixnum(slots[LIST_START]);
    int64_t from = at - start > CP_SLICE_STEPS ? at - CP_SLICE_STEPS : start;
    const cp_value *values = cp_to_vector(slots[LIST_VECTOR])->values;
    cp_value list = cp_list_from(vm->heap, values + from, (size_t)(at - from), slots[LIST_RESULT]);
    if (cp_is_retry(list))
        return list;
    slots[LIST_RESULT] = list;
    slots[LIST_AT] = cp_make_fixnum(from);
    return from == start ? list : CP_NOTHING;
}
CP_SLICE_RESUME(resume_vector_to_list, step_vector_to_list)

static cp_value vector_to_list(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, cp_vector_length(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value slots[LIST_SLOTS] = {args[0], cp_make_fixnum(range.start), cp_make_fixnum(range.end),
                                  CP_NIL};
    return cp_slice_run(vm, slots, LIST_SLOTS, step_vector_to_list);
}

/* First the walk counts; then VECTOR is there and AT goes along the list again. */
enum { FROM_LIST_VECTOR = CP_WALK_SLOTS, FROM_LIST_INDEX, FROM_LIST_SLOTS };

static cp_value begin_filling(copse_vm *vm, cp_value *slots)
{
    cp_value end = cp_walk_to_end(slots);
    if (cp_is_nothing(end))
        return end;
    if (!cp_is_true(end))
        return cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
    cp_value made = cp_vector_to_fill(vm, cp_to_fixnum(slots[CP_WALK_COUNT]));
    if (!cp_is_vector(made))
        return made;
    slots[FROM_LIST_VECTOR] = made;
    slots[CP_WALK_AT] = slots[CP_WALK_WHOLE];
    return made;
}

static cp_value step_list_to_vector(copse_vm *vm, cp_value *slots)
{
    if (!cp_is_true(slots[FROM_LIST_VECTOR])) {
        cp_value begun = begin_filling(vm, slots);
        if (!cp_is_vector(begun))
            return begun;
    }
    int64_t length = cp_vector_length(slots[FROM_LIST_VECTOR]);
    int64_t index = cp_to_fixnum(slots[FROM_LIST_INDEX]);
    cp_value at = slots[CP_WALK_AT];
    for (int i = 0; i < CP_SLICE_STEPS && index < length; i++, index++) {
        if (!cp_is_pair(at))
            return cp_raise_changed(vm, "list");
        cp_vector_set(vm->heap, slots[FROM_LIST_VECTOR], (uint32_t)index, cp_car(at));
        at = cp_cdr(at);
    }
    slots[CP_WALK_AT] = at;
    slots[FROM_LIST_INDEX] = cp_make_fixnum(index);
    return index == length ? slots[FROM_LIST_VECTOR] : CP_NOTHING;
}
CP_SLICE_RESUME(resume_list_to_vector, step_list_to_vector)

static cp_value list_to_vector(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[FROM_LIST_SLOTS];
    cp_walk_begin(slots, args[0]);
    slots[FROM_LIST_VECTOR] = CP_FALSE;
    slots[FROM_LIST_INDEX] = cp_make_fixnum(0);
    return cp_slice_run(vm, slots, FROM_LIST_SLOTS, step_list_to_vector);
}

/* ---- The table ----------------------------------------------------------------------------- */

/* clang-format off */
const cp_builtin cp_vector_builtins[] = {
    {is_vector, COPSE_BUILTIN("vector?", "object -> boolean", CONSTANT, "Whether OBJECT is a vector.")},
    {make_vector, COPSE_BUILTIN("make-vector", "k:index [fill] -> vector", SLICED,
        "A new vector of K times FILL, or #f.\nErrors: range when it would be too long."), .resume = resume_fill},
    {vector, COPSE_BUILTIN("vector", "objects... -> vector", BOUNDED, "A new vector of OBJECTS.")},
    {vector_length, COPSE_BUILTIN("vector-length", "vector:vector -> index", CONSTANT,
        "The number of elements of VECTOR.")},
    {vector_ref, COPSE_BUILTIN("vector-ref", "vector:vector k:index -> any", CONSTANT,
        "Element K of VECTOR.\nErrors: range.")},
    {vector_set, COPSE_BUILTIN("vector-set!", "vector:vector k:index value -> any", CONSTANT,
        "Put VALUE in place of element K of VECTOR.\nErrors: range; immutable.")},
    {vector_to_list, COPSE_BUILTIN("vector->list", "vector:vector [start:index] [end:index] -> list", SLICED,
        "A new list of the elements of VECTOR from START to END.\nErrors: range."), .resume = resume_vector_to_list},
    {list_to_vector, COPSE_BUILTIN("list->vector", "list:list -> vector", SLICED,
        "A new vector of the elements of LIST.\nErrors: wrong-type when it is no proper list."),
        .resume = resume_list_to_vector},
    {list_to_vector, COPSE_BUILTIN("%list->vector", "list:list -> vector", SLICED,
        "The same as list->vector, for compiled code, whatever that name means to the program."),
        .resume = resume_list_to_vector},
    {vector_copy, COPSE_BUILTIN("vector-copy", "vector:vector [start:index] [end:index] -> vector", SLICED,
        "A new vector of the elements of VECTOR from START to END.\nErrors: range."), .resume = resume_copy},
    {vector_copy_to, COPSE_BUILTIN("vector-copy!", "to:vector at:index from:vector [start:index] [end:index] -> any",
        SLICED, "Put the elements of FROM from START to END in place of those of TO from AT on.\nErrors: range; immutable."),
        .resume = resume_copy},
    {vector_append, COPSE_BUILTIN("vector-append", "vectors:vector... -> vector", SLICED,
        "A new vector of the elements of all VECTORS.\nErrors: range when it would be too long."), .resume = resume_copy},
    {vector_fill, COPSE_BUILTIN("vector-fill!", "vector:vector value [start:index] [end:index] -> any", SLICED,
        "Put VALUE in place of the elements of VECTOR from START to END.\nErrors: range; immutable."),
        .resume = resume_fill},
    {0},
};
/* clang-format on */
