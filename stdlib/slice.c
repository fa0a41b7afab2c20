/* slice.c -- the first slice runs on an array in C; only work that does not end with it pays for a
 * native frame that is resumed. */
#include "stdlib/slice.h"

/* ---- Slices -------------------------------------------------------------------------------- */

cp_value cp_slice_run(copse_vm *vm, cp_value *slots, uint32_t count, cp_slice_step *step)
{
    cp_value value = step(vm, slots);
    if (!cp_is_nothing(value))
        return value;
    for (uint32_t i = 0; i < count; i++)
        cp_keep(vm, i, slots[i]);
    return cp_request_again(vm);
}

/* A long one is old from the start: its words read as nothing until they are written. */
cp_value cp_vector_to_fill(copse_vm *vm, int64_t length)
{
    if (length > (int64_t)CP_OBJECT_LENGTH_MAX)
        return cp_raise_too_long(vm);
    if (length <= CP_SLICE_VALUES)
        return cp_make_vector(vm->heap, (size_t)length, CP_FALSE);
    cp_object *object = cp_alloc_old(vm->heap, CP_TYPE_VECTOR, (size_t)length);
    return object == NULL ? CP_RETRY : cp_from_object(object);
}

/* ---- Walks --------------------------------------------------------------------------------- */

void cp_walk_begin(cp_value *slots, cp_value list)
{
    slots[CP_WALK_AT] = list;
    slots[CP_WALK_MARK] = CP_NOTHING;
    slots[CP_WALK_COUNT] = cp_make_fixnum(0);
    slots[CP_WALK_WHOLE] = list;
}

cp_value cp_walk_to_end(cp_value *slots)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        if (!cp_is_pair(slots[CP_WALK_AT]))
            return cp_make_boolean(cp_is_nil(slots[CP_WALK_AT]));
        if (!cp_walk_on(slots))
            return CP_FALSE;
    }
    return CP_NOTHING;
}

cp_value cp_raise_improper(copse_vm *vm, const char *name, cp_value list)
{
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %s is %v, expected a proper list",
                    cp_builtin_name(vm), name, list);
}

/* ---- Arguments ----------------------------------------------------------------------------- */

static cp_value raise_not_between(copse_vm *vm, const char *name, cp_value index, uint32_t low,
                                  uint32_t high)
{
    return cp_raise(vm, CP_E_RANGE, "%s: %s is %v, expected an index from %v to %v",
                    cp_builtin_name(vm), name, index, cp_make_fixnum(low), cp_make_fixnum(high));
}

cp_value cp_take_range(copse_vm *vm, const cp_value *args, int count, int first, uint32_t length,
                       cp_range *range)
{
    int64_t start = cp_is_given(args, count, first) ? cp_to_fixnum(args[first]) : 0;
    if (start > length)
        return raise_not_between(vm, "start", args[first], 0, length);
    int64_t end = cp_is_given(args, count, first + 1) ? cp_to_fixnum(args[first + 1]) : length;
    if (end < start || end > length)
        return raise_not_between(vm, "end", args[first + 1], (uint32_t)start, length);
    range->start = (uint32_t)start;
    range->end = (uint32_t)end;
    return CP_TRUE;
}

cp_value cp_check_index(copse_vm *vm, const char *name, cp_value index, uint32_t length)
{
    if (cp_to_fixnum(index) < length)
        return CP_TRUE;
    return cp_raise(vm, CP_E_RANGE, "%s: %s is %v, expected an index below %v", cp_builtin_name(vm),
                    name, index, cp_make_fixnum(length));
}

cp_value cp_check_mutable(copse_vm *vm, const char *name, cp_value v)
{
    if ((cp_object_flags(cp_to_object(v)) & CP_FLAG_IMMUTABLE) == 0)
        return CP_TRUE;
    return cp_raise(vm, CP_E_IMMUTABLE, "%s: %s is %v, which is a constant", cp_builtin_name(vm),
                    name, v);
}

cp_value cp_check_room(copse_vm *vm, cp_value at, uint32_t count, uint32_t length)
{
    int64_t index = cp_to_fixnum(at);
    if (index <= length && count <= length - index)
        return CP_TRUE;
    return cp_raise(vm, CP_E_RANGE, "%s: at is %v, expected room for %v elements in %v",
                    cp_builtin_name(vm), at, cp_make_fixnum(count), cp_make_fixnum(length));
}

cp_value cp_raise_too_long(copse_vm *vm)
{
    return cp_raise(vm, CP_E_RANGE, "%s: the result is too long", cp_builtin_name(vm));
}

cp_value cp_raise_changed(copse_vm *vm, const char *name)
{
    return cp_raise(vm, CP_E_RANGE, "%s: %s was changed meanwhile", cp_builtin_name(vm), name);
}
