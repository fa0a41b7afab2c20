/* condition.c -- every condition is an error object; its kind, a symbol, tells sorts of errors
 * apart: `read` for what the reader raises, `file` for files. */
#include "stdlib/condition.h"

static cp_value is_condition(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_condition(args[0]));
}

static cp_value message(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_to_condition(args[0])->message;
}

static cp_value irritants(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_to_condition(args[0])->irritants;
}

static cp_value is_of_kind(copse_vm *vm, cp_value v, const char *kind)
{
    if (!cp_is_condition(v))
        return CP_FALSE;
    cp_value symbol = cp_find_symbol(vm->globals.symbols, kind, strlen(kind));
    return cp_make_boolean(cp_is_symbol(symbol) && cp_same(cp_to_condition(v)->kind, symbol));
}

static cp_value is_read_error(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return is_of_kind(vm, args[0], "read");
}

static cp_value is_file_error(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return is_of_kind(vm, args[0], "file");
}

/* clang-format off */
const cp_builtin cp_condition_builtins[] = {
    {is_condition, COPSE_BUILTIN("condition?", "object -> boolean", CONSTANT, "Whether OBJECT is a condition.")},
    {is_condition, COPSE_BUILTIN("error-object?", "object -> boolean", CONSTANT, "Whether OBJECT is a condition.")},
    {message, COPSE_BUILTIN("error-object-message", "c:condition -> any", CONSTANT, "The message of C.")},
    {irritants, COPSE_BUILTIN("error-object-irritants", "c:condition -> list", CONSTANT, "The values that C concerns.")},
    {is_read_error, COPSE_BUILTIN("read-error?", "object -> boolean", CONSTANT,
        "Whether OBJECT was raised because some text could not be read.")},
    {is_file_error, COPSE_BUILTIN("file-error?", "object -> boolean", CONSTANT,
        "Whether OBJECT was raised because a file could not be opened.")},
    {0},
};
/* clang-format on */
