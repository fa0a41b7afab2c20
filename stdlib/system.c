/* system.c -- features are what is true of this build; cond-expand asks the same list. */
#include "stdlib/system.h"

#include <string.h>

static const char *const features_of_build[] = {
    "r7rs",          "full-unicode", "copse", ("copse-" COPSE_VERSION),
#if defined(__unix__) || defined(__APPLE__)
    "posix",         "unix",
#endif
#if defined(__linux__)
    "linux",         "gnu-linux",
#elif defined(__APPLE__)
    "darwin",
#endif
#if defined(__x86_64__)
    "x86-64",
#elif defined(__aarch64__)
    "aarch64",
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    "little-endian",
#else
    "big-endian",
#endif
};

bool cp_has_feature(const char *name)
{
    for (size_t i = 0; i < CP_COUNT_OF(features_of_build); i++) {
        if (strcmp(features_of_build[i], name) == 0)
            return true;
    }
    return false;
}

static cp_value features(copse_vm *vm, const cp_value *args, int count)
{
    (void)args;
    (void)count;
    cp_value list = CP_NIL;
    for (size_t i = CP_COUNT_OF(features_of_build); i > 0; i--) {
        cp_value symbol = cp_intern_c(vm->globals.symbols, features_of_build[i - 1]);
        list = cp_is_retry(symbol) ? symbol : cp_cons(vm->heap, symbol, list);
        if (cp_is_retry(list))
            return list;
    }
    return list;
}

static cp_value is_procedure(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_procedure(args[0]));
}

static cp_value eof_object(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)args;
    (void)count;
    return CP_EOF;
}

static cp_value is_eof_object(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_same(args[0], CP_EOF));
}

/* clang-format off */
const cp_builtin cp_system_builtins[] = {
    {features, COPSE_BUILTIN("features", "-> list", CONSTANT, "The symbols that cond-expand takes for true.")},
    {is_procedure, COPSE_BUILTIN("procedure?", "object -> boolean", CONSTANT, "Whether OBJECT is a procedure.")},
    {eof_object, COPSE_BUILTIN("eof-object", "-> any", CONSTANT, "The object that reading past the end gives.")},
    {is_eof_object, COPSE_BUILTIN("eof-object?", "object -> boolean", CONSTANT, "Whether OBJECT is the eof object.")},
    {0},
};
/* clang-format on */
