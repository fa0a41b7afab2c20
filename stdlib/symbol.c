/* symbol.c -- interned symbols are one object for each name, so they compare as words. */
#include "stdlib/symbol.h"

static cp_value is_symbol(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_symbol(args[0]));
}

static cp_value are_equal(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    bool equal = true;
    for (int i = 1; i < count; i++)
        equal &= cp_same(args[0], args[i]);
    return cp_make_boolean(equal);
}

static cp_value symbol_to_string(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_to_symbol(args[0])->name;
}

static cp_value string_to_symbol(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_intern_string(vm->globals.symbols, args[0]);
}

/* clang-format off */
const cp_builtin cp_symbol_builtins[] = {
    {is_symbol, COPSE_BUILTIN("symbol?", "object -> boolean", CONSTANT, "Whether OBJECT is a symbol.")},
    {are_equal, COPSE_BUILTIN("symbol=?", "a:symbol b:symbol rest:symbol... -> boolean", BOUNDED,
        "Whether all are the same symbol.")},
    {symbol_to_string, COPSE_BUILTIN("symbol->string", "symbol:symbol -> string", CONSTANT,
        "The name of SYMBOL, a constant string.")},
    {string_to_symbol, COPSE_BUILTIN("string->symbol", "name:string -> symbol", BOUNDED,
        "The symbol with this NAME.")},
    {0},
};
/* clang-format on */
