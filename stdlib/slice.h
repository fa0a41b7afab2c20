/* slice.h -- what the tables of builtins share: work in slices, walks along lists, ranges.
 *
 * Owns:  how long a slice is, and the texts of errors that several builtins give.
 * Never: knows a builtin: it gets the name for messages from the frame on top. */
#ifndef CP_STDLIB_SLICE_H
#define CP_STDLIB_SLICE_H

#include "interp/native.h"
#include "interp/number.h"

/* ---- Slices -------------------------------------------------------------------------------- */

/* Between two safepoints a builtin looks at most at so many elements (a cache miss or two each,
 * that is about 100 us), or moves so many bytes. */
enum { CP_SLICE_STEPS = 500, CP_SLICE_BYTES = 1 << 16, CP_SLICE_VALUES = CP_SLICE_BYTES / 8 };

/* One slice of the work on SLOTS, which hold all of its state. Gives what the builtin gives, or
 * CP_NOTHING when there is more to do. With CP_RETRY it has done some of it and is called again. */
typedef cp_value cp_slice_step(copse_vm *vm, cp_value *slots);

/* Run STEP once; when there is more to do, keep the COUNT slots and ask to be resumed. */
cp_value cp_slice_run(copse_vm *vm, cp_value *slots, uint32_t count, cp_slice_step *step);

/* Defines NAME, the resume function of a builtin whose slices are those of STEP. */
#define CP_SLICE_RESUME(name, step)                                                                \
    static cp_value name(copse_vm *vm, cp_native *native)                                          \
    {                                                                                              \
        return cp_slice_run(vm, native->slots, native->slot_count, step);                          \
    }

/* The name of the running builtin. */
static inline const char *cp_builtin_name(const copse_vm *vm)
{
    return cp_procedure_name(vm->fp[-2]);
}

/* A vector of LENGTH elements that is to be filled with cp_vector_set, some in later slices; or
 * what the builtin is to return. */
cp_value cp_vector_to_fill(copse_vm *vm, int64_t length);

/* ---- Walks --------------------------------------------------------------------------------- */

/* The slots with which a walk along a list begins. WALK_MARK is an earlier pair: a walk that meets
 * it again goes round in a circle (Brent 1980). It moves when the count is a power of two. */
enum { CP_WALK_AT, CP_WALK_MARK, CP_WALK_COUNT, CP_WALK_WHOLE, CP_WALK_SLOTS };

/* Begin at LIST. */
void cp_walk_begin(cp_value *slots, cp_value list);

/* Step over the pair at hand. False when that closes a circle. */
static inline bool cp_walk_on(cp_value *slots)
{
    int64_t count = cp_to_fixnum(slots[CP_WALK_COUNT]) + 1;
    cp_value next = cp_cdr(slots[CP_WALK_AT]);
    if (cp_same(next, slots[CP_WALK_MARK]))
        return false;
    if ((count & (count - 1)) == 0)
        slots[CP_WALK_MARK] = next;
    slots[CP_WALK_AT] = next;
    slots[CP_WALK_COUNT] = cp_make_fixnum(count);
    return true;
}

/* Go to the end of the list for a slice. CP_TRUE there, CP_FALSE when it is no proper list,
 * CP_NOTHING when there is more to walk. */
cp_value cp_walk_to_end(cp_value *slots);

/* Raise that the list of the walk, the argument NAME, is no proper list. */
cp_value cp_raise_improper(copse_vm *vm, const char *name, cp_value list) CP_COLD;

/* ---- Arguments ----------------------------------------------------------------------------- */

/* Whether argument INDEX was given. */
static inline bool cp_is_given(const cp_value *args, int count, int index)
{
    return index < count && !cp_same(args[index], CP_DEFAULT);
}

/* A part of a sequence: from START up to END, which is not in it. */
typedef struct cp_range {
    uint32_t start;
    uint32_t end;
} cp_range;

/* The range that the optional arguments FIRST (start) and FIRST + 1 (end) give of a sequence of
 * LENGTH elements. CP_TRUE, or what the builtin is to return. */
cp_value cp_take_range(copse_vm *vm, const cp_value *args, int count, int first, uint32_t length,
                       cp_range *range);

/* CP_TRUE when INDEX, the argument NAME, is below LENGTH; or what the builtin is to return. */
cp_value cp_check_index(copse_vm *vm, const char *name, cp_value index, uint32_t length);

/* CP_TRUE when V, the argument NAME, may be changed; or what the builtin is to return. */
cp_value cp_check_mutable(copse_vm *vm, const char *name, cp_value v);

/* CP_TRUE when COUNT elements fit from index AT on into a sequence of LENGTH; or what the builtin
 * is to return. */
cp_value cp_check_room(copse_vm *vm, cp_value at, uint32_t count, uint32_t length);

/* Raise that a result would be longer than objects can be. */
cp_value cp_raise_too_long(copse_vm *vm) CP_COLD;

/* Raise that what is being read was changed meanwhile, by another strand. */
cp_value cp_raise_changed(copse_vm *vm, const char *name) CP_COLD;

#endif
