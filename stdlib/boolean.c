/* boolean.c -- R7RS 6.3. Constant cost, or one comparison per argument. */
#include "stdlib/boolean.h"

static cp_value is_boolean(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_boolean(args[0]));
}

static cp_value invert(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(!cp_is_true(args[0]));
}

static cp_value are_equal(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    bool equal = true;
    for (int i = 1; i < count; i++)
        equal &= cp_same(args[0], args[i]);
    return cp_make_boolean(equal);
}

/* clang-format off */
const cp_builtin cp_boolean_builtins[] = {
    {is_boolean, COPSE_BUILTIN("boolean?", "object -> boolean", CONSTANT, "Whether OBJECT is #t or #f.")},
    {invert, COPSE_BUILTIN("not", "object -> boolean", CONSTANT, "Whether OBJECT is #f.")},
    {are_equal, COPSE_BUILTIN("boolean=?", "a:boolean b:boolean rest:boolean... -> boolean", BOUNDED,
        "Whether all are the same boolean.")},
    {0},
};
/* clang-format on */
