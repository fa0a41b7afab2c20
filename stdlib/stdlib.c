/* stdlib.c -- a table more is a row more here. */
#include "stdlib/stdlib.h"

#include "stdlib/boolean.h"
#include "stdlib/bytevector.h"
#include "stdlib/char.h"
#include "stdlib/condition.h"
#include "stdlib/equal.h"
#include "stdlib/list.h"
#include "stdlib/number.h"
#include "stdlib/record.h"
#include "stdlib/string.h"
#include "stdlib/symbol.h"
#include "stdlib/system.h"
#include "stdlib/table.h"
#include "stdlib/vector.h"

const cp_builtin *const cp_stdlib_tables[CP_STDLIB_TABLES] = {
    cp_boolean_builtins,    cp_equal_builtins,     cp_number_builtins, cp_list_builtins,
    cp_symbol_builtins,     cp_char_builtins,      cp_string_builtins, cp_vector_builtins,
    cp_bytevector_builtins, cp_condition_builtins, cp_record_builtins, cp_table_builtins,
    cp_system_builtins,
};

copse_status cp_stdlib_define(copse_vm *vm)
{
    cp_bignum_init(vm->heap);
    for (size_t i = 0; i < CP_COUNT_OF(cp_stdlib_tables); i++) {
        copse_status status = cp_vm_define(vm, cp_stdlib_tables[i]);
        if (status != COPSE_OK)
            return status;
    }
    return COPSE_OK;
}
