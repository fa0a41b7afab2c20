/* record.c -- names that begin with a percent sign are for compiled code and base.scm, which make
 * constructors, accessors and modifiers as closures around these. */
#include "stdlib/record.h"

static cp_value is_record(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_record(args[0]));
}

static cp_value make_record_type(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_record_type(vm->heap, args[0], args[1]);
}

/* CP_TRUE when V is a record type, or what the builtin is to return. */
static cp_value check_type(copse_vm *vm, cp_value v)
{
    if (cp_is_record_type(v))
        return CP_TRUE;
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: type is %v, expected a record type",
                    cp_builtin_name(vm), v);
}

static cp_value make_record(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = check_type(vm, args[0]);
    return cp_same(checked, CP_TRUE) ? cp_make_record(vm->heap, args[0], CP_FALSE) : checked;
}

static cp_value is_record_of(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = check_type(vm, args[0]);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    return cp_make_boolean(cp_is_record_of(args[1], args[0]));
}

/* CP_TRUE when RECORD is of TYPE and has field K; or what the builtin is to return. */
static cp_value check_field(copse_vm *vm, cp_value type, cp_value record, cp_value k)
{
    cp_value checked = check_type(vm, type);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    if (!cp_is_record_of(record, type))
        return cp_raise(vm, CP_E_WRONG_TYPE, "%v is no %v", record, cp_to_record_type(type)->name);
    return cp_check_index(vm, "k", k, cp_object_length(cp_to_object(record)));
}

static cp_value record_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = check_field(vm, args[0], args[1], args[2]);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    return cp_to_record(args[1])->fields[cp_to_fixnum(args[2])];
}

static cp_value record_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = check_field(vm, args[0], args[1], args[2]);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_record_set(vm->heap, args[1], (uint32_t)cp_to_fixnum(args[2]), args[3]);
    return CP_UNSPECIFIC;
}

/* clang-format off */
const cp_builtin cp_record_builtins[] = {
    {is_record, COPSE_BUILTIN("record?", "object -> boolean", CONSTANT, "Whether OBJECT is a record of some type.")},
    {make_record_type, COPSE_BUILTIN("%make-record-type", "name:symbol fields:vector -> any", CONSTANT,
        "A new record type with NAME and FIELDS, a vector of symbols.")},
    {make_record, COPSE_BUILTIN("%make-record", "type -> record", BOUNDED, "A record of TYPE whose fields are all #f.")},
    {is_record_of, COPSE_BUILTIN("%record-of?", "type object -> boolean", CONSTANT, "Whether OBJECT is a record of TYPE.")},
    {record_ref, COPSE_BUILTIN("%record-ref", "type record k:index -> any", CONSTANT,
        "Field K of RECORD, which is of TYPE.\nErrors: wrong-type; range.")},
    {record_set, COPSE_BUILTIN("%record-set!", "type record k:index value -> any", CONSTANT,
        "Put VALUE into field K of RECORD, which is of TYPE.\nErrors: wrong-type; range.")},
    {0},
};
/* clang-format on */
