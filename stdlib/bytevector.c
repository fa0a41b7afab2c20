/* bytevector.c -- bytes are moved in slices of CP_SLICE_BYTES; a new bytevector needs no clearing,
 * since the collector does not look into it. */
#include "stdlib/bytevector.h"

static uint8_t *bytes_of(cp_value bytevector)
{
    return cp_to_bytevector(bytevector)->bytes;
}

/* CP_TRUE when V, the argument NAME, is a byte; or what the builtin is to return. */
static cp_value check_byte(copse_vm *vm, const char *name, cp_value v)
{
    int64_t byte = cp_to_fixnum(v);
    if (byte >= 0 && byte <= UINT8_MAX)
        return CP_TRUE;
    return cp_raise(vm, CP_E_RANGE, "%s: %s is %v, expected an integer from 0 to 255",
                    cp_builtin_name(vm), name, v);
}

/* ---- Plain access -------------------------------------------------------------------------- */

static cp_value is_bytevector(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_bytevector(args[0]));
}

static cp_value bytevector(copse_vm *vm, const cp_value *args, int count)
{
    for (int i = 0; i < count; i++) {
        cp_value checked = check_byte(vm, "bytes", args[i]);
        if (!cp_same(checked, CP_TRUE))
            return checked;
    }
    cp_object *object = cp_alloc(vm->heap, CP_TYPE_BYTEVECTOR, (size_t)count);
    if (object == NULL)
        return CP_RETRY;
    cp_value made = cp_from_object(object);
    for (int i = 0; i < count; i++)
        bytes_of(made)[i] = (uint8_t)cp_to_fixnum(args[i]);
    return made;
}

static cp_value length(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_fixnum(cp_bytevector_length(args[0]));
}

static cp_value ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_index(vm, "k", args[1], cp_bytevector_length(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    return cp_make_fixnum(bytes_of(args[0])[cp_to_fixnum(args[1])]);
}

static cp_value set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_mutable(vm, "bytevector", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_check_index(vm, "k", args[1], cp_bytevector_length(args[0]));
    if (cp_same(checked, CP_TRUE))
        checked = check_byte(vm, "byte", args[2]);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    bytes_of(args[0])[cp_to_fixnum(args[1])] = (uint8_t)cp_to_fixnum(args[2]);
    return CP_UNSPECIFIC;
}

/* ---- Filling ------------------------------------------------------------------------------- */

/* A bytevector of LENGTH bytes of any value, CP_RETRY, or what the builtin is to return. */
static cp_value alloc_bytes(copse_vm *vm, int64_t length)
{
    if (length > (int64_t)CP_OBJECT_LENGTH_MAX)
        return cp_raise_too_long(vm);
    cp_object *object = cp_alloc(vm->heap, CP_TYPE_BYTEVECTOR, (size_t)length);
    return object == NULL ? CP_RETRY : cp_from_object(object);
}

enum { FILL_BYTES, FILL_AT, FILL_END, FILL_BYTE, FILL_RESULT, FILL_SLOTS };

static cp_value step_fill(copse_vm *vm, cp_value *slots)
{
    (void)vm;
    int64_t at = cp_to_fixnum(slots[FILL_AT]), left = cp_to_fixnum(slots[FILL_END]) - at;
    int64_t count = left < CP_SLICE_BYTES ? left : CP_SLICE_BYTES;
    memset(bytes_of(slots[FILL_BYTES]) + at, (int)cp_to_fixnum(slots[FILL_BYTE]), (size_t)count);
    slots[FILL_AT] = cp_make_fixnum(at + count);
    return count == left ? slots[FILL_RESULT] : CP_NOTHING;
}
CP_SLICE_RESUME(resume_fill, step_fill)

static cp_value make_bytevector(copse_vm *vm, const cp_value *args, int count)
{
    cp_value byte = cp_is_given(args, count, 1) ? args[1] : cp_make_fixnum(0);
    cp_value made = check_byte(vm, "byte", byte);
    if (cp_same(made, CP_TRUE))
        made = alloc_bytes(vm, cp_to_fixnum(args[0]));
    if (!cp_is_bytevector(made))
        return made;
    cp_value slots[FILL_SLOTS] = {made, cp_make_fixnum(0), args[0], byte, made};
    return cp_slice_run(vm, slots, FILL_SLOTS, step_fill);
}

static cp_value fill(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "bytevector", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = check_byte(vm, "byte", args[1]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 2, cp_bytevector_length(args[0]), &range);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_value slots[FILL_SLOTS] = {args[0], cp_make_fixnum(range.start), cp_make_fixnum(range.end),
                                  args[1], CP_UNSPECIFIC};
    return cp_slice_run(vm, slots, FILL_SLOTS, step_fill);
}

/* ---- Copying ------------------------------------------------------------------------------- */

/* COUNT bytes of SOURCE from FROM on go to TARGET from TO on; then SOURCES, a list of further
 * bytevectors, are copied whole behind them, and RESULT is the value. */
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
static void copy_part(cp_value *slots, int64_t count)
{
    int64_t to = cp_to_fixnum(slots[COPY_TO]), from = cp_to_fixnum(slots[COPY_FROM]);
    int64_t left = cp_to_fixnum(slots[COPY_COUNT]) - count;
    bool is_backward = cp_same(slots[COPY_TARGET], slots[COPY_SOURCE]) && to > from;
    int64_t skipped = is_backward ? left : 0;
    memmove(bytes_of(slots[COPY_TARGET]) + to + skipped,
            bytes_of(slots[COPY_SOURCE]) + from + skipped, (size_t)count);
    slots[COPY_COUNT] = cp_make_fixnum(left);
    if (is_backward)
        return;
    slots[COPY_TO] = cp_make_fixnum(to + count);
    slots[COPY_FROM] = cp_make_fixnum(from + count);
}

static cp_value step_copy(copse_vm *vm, cp_value *slots)
{
    (void)vm;
    int64_t budget = CP_SLICE_BYTES;
    for (int sources = CP_SLICE_STEPS; sources > 0 && budget > 0; sources--) {
        int64_t left = cp_to_fixnum(slots[COPY_COUNT]);
        int64_t count = left < budget ? left : budget;
        copy_part(slots, count);
        budget -= count;
        if (count < left)
            break;
        if (cp_is_nil(slots[COPY_SOURCES]))
            return slots[COPY_RESULT];
        slots[COPY_SOURCE] = cp_car(slots[COPY_SOURCES]);
        slots[COPY_SOURCES] = cp_cdr(slots[COPY_SOURCES]);
        slots[COPY_FROM] = cp_make_fixnum(0);
        slots[COPY_COUNT] = cp_make_fixnum(cp_bytevector_length(slots[COPY_SOURCE]));
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_copy, step_copy)

static cp_value copy(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, cp_bytevector_length(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value made = alloc_bytes(vm, range.end - range.start);
    if (!cp_is_bytevector(made))
        return made;
    cp_value slots[COPY_SLOTS] = {made,
                                  cp_make_fixnum(0),
                                  args[0],
                                  cp_make_fixnum(range.start),
                                  cp_make_fixnum(range.end - range.start),
                                  CP_NIL,
                                  made};
    return cp_slice_run(vm, slots, COPY_SLOTS, step_copy);
}

static cp_value copy_to(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "to", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 3, cp_bytevector_length(args[2]), &range);
    if (cp_same(checked, CP_TRUE))
        checked =
            cp_check_room(vm, args[1], range.end - range.start, cp_bytevector_length(args[0]));
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

static cp_value append(copse_vm *vm, const cp_value *args, int count)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++)
        total += cp_bytevector_length(args[i]);
    cp_value sources = cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
    cp_value sum = cp_is_retry(sources) ? sources : alloc_bytes(vm, total);
    if (!cp_is_bytevector(sum))
        return sum;
    cp_value slots[COPY_SLOTS] = {
        sum, cp_make_fixnum(0), sum, cp_make_fixnum(0), cp_make_fixnum(0), sources, sum};
    return cp_slice_run(vm, slots, COPY_SLOTS, step_copy);
}

/* ---- Strings ------------------------------------------------------------------------------- */

static cp_value utf8_to_string(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, cp_bytevector_length(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    size_t error_offset = 0, size = range.end - range.start;
    cp_value string = cp_make_string(vm->heap, (const char *)bytes_of(args[0]) + range.start, size,
                                     &error_offset);
    if (cp_is_true(string))
        return string;
    if (size > CP_STRING_MAX_BYTES)
        return cp_raise_too_long(vm);
    return cp_raise(vm, CP_E_RANGE, "%s: bytevector is no UTF-8 at index %v", cp_builtin_name(vm),
                    cp_make_fixnum((int64_t)(range.start + error_offset)));
}

static cp_value string_to_utf8(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    const cp_string *string = cp_to_string(args[0]);
    cp_value taken = cp_take_range(vm, args, count, 1, string->char_length, &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    uint32_t from = cp_string_offset(vm->heap, args[0], range.start);
    uint32_t to = cp_string_offset(vm->heap, args[0], range.end);
    return cp_bytevector_from(vm->heap, cp_string_text(string) + from, to - from);
}

/* ---- The table ----------------------------------------------------------------------------- */

/* clang-format off */
const cp_builtin cp_bytevector_builtins[] = {
    {is_bytevector, COPSE_BUILTIN("bytevector?", "object -> boolean", CONSTANT, "Whether OBJECT is a bytevector.")},
    {make_bytevector, COPSE_BUILTIN("make-bytevector", "k:index [byte:fixnum] -> bytevector", SLICED,
        "A new bytevector of K times BYTE, or 0.\nErrors: range."), .resume = resume_fill},
    {bytevector, COPSE_BUILTIN("bytevector", "bytes:fixnum... -> bytevector", BOUNDED,
        "A new bytevector of BYTES.\nErrors: range.")},
    {length, COPSE_BUILTIN("bytevector-length", "bytevector:bytevector -> index", CONSTANT,
        "The number of bytes of BYTEVECTOR.")},
    {ref, COPSE_BUILTIN("bytevector-u8-ref", "bytevector:bytevector k:index -> index", CONSTANT,
        "Byte K of BYTEVECTOR.\nErrors: range.")},
    {set, COPSE_BUILTIN("bytevector-u8-set!", "bytevector:bytevector k:index byte:fixnum -> any", CONSTANT,
        "Put BYTE in place of byte K of BYTEVECTOR.\nErrors: range; immutable.")},
    {copy, COPSE_BUILTIN("bytevector-copy", "bytevector:bytevector [start:index] [end:index] -> bytevector", SLICED,
        "A new bytevector of the bytes of BYTEVECTOR from START to END.\nErrors: range."), .resume = resume_copy},
    {copy_to, COPSE_BUILTIN("bytevector-copy!",
        "to:bytevector at:index from:bytevector [start:index] [end:index] -> any", SLICED,
        "Put the bytes of FROM from START to END in place of those of TO from AT on.\nErrors: range; immutable."),
        .resume = resume_copy},
    {append, COPSE_BUILTIN("bytevector-append", "bytevectors:bytevector... -> bytevector", SLICED,
        "A new bytevector of the bytes of all BYTEVECTORS.\nErrors: range when it would be too long."),
        .resume = resume_copy},
    {fill, COPSE_BUILTIN("bytevector-fill!", "bytevector:bytevector byte:fixnum [start:index] [end:index] -> any", SLICED,
        "Put BYTE in place of the bytes of BYTEVECTOR from START to END.\nErrors: range; immutable."),
        .resume = resume_fill},
    {utf8_to_string, COPSE_BUILTIN("utf8->string", "bytevector:bytevector [start:index] [end:index] -> string", BOUNDED,
        "The string that the bytes of BYTEVECTOR from START to END encode.\nErrors: range when they are no UTF-8.")},
    {string_to_utf8, COPSE_BUILTIN("string->utf8", "string:string [start:index] [end:index] -> bytevector", BOUNDED,
        "The UTF-8 of the characters of STRING from START to END.\nErrors: range.")},
    {0},
};
/* clang-format on */
