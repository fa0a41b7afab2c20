/* table.c -- entries come in the order in which they were inserted. Walks over a table are sliced;
 * the iterator survives what other strands do to the table meanwhile (interp/table.h). */
#include "stdlib/table.h"

/* ---- Making and asking --------------------------------------------------------------------- */

static cp_value make_table(copse_vm *vm, const cp_value *args, int count, cp_table_kind kind)
{
    enum { CAPACITY_MAX = 4096 }; /* larger ones grow in steps */
    int64_t capacity = cp_is_given(args, count, 0) ? cp_to_fixnum(args[0]) : 0;
    return cp_make_table(vm->heap, kind, CP_TABLE_STRONG,
                         (size_t)(capacity < CAPACITY_MAX ? capacity : CAPACITY_MAX));
}

static cp_value make_eq_table(copse_vm *vm, const cp_value *args, int count)
{
    return make_table(vm, args, count, CP_TABLE_EQ);
}

static cp_value make_eqv_table(copse_vm *vm, const cp_value *args, int count)
{
    return make_table(vm, args, count, CP_TABLE_EQV);
}

static cp_value make_string_table(copse_vm *vm, const cp_value *args, int count)
{
    return make_table(vm, args, count, CP_TABLE_STRING);
}

static cp_value is_table(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_table(args[0]));
}

static cp_value table_size(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_fixnum((int64_t)cp_table_count(args[0]));
}

static cp_value table_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value found = cp_table_ref(vm->heap, args[0], args[1]);
    return cp_is_nothing(found) ? args[2] : found;
}

static cp_value table_contains(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_make_boolean(!cp_is_nothing(cp_table_ref(vm->heap, args[0], args[1])));
}

/* ---- Changing ------------------------------------------------------------------------------ */

static cp_value table_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_table_set(vm->heap, args[0], args[1], args[2]) ? CP_UNSPECIFIC : CP_RETRY;
}

static cp_value table_delete(copse_vm *vm, const cp_value *args, int count)
{
    int64_t deleted = 0;
    for (int i = 1; i < count; i++)
        deleted += cp_table_delete(vm->heap, args[0], args[i]);
    return cp_make_fixnum(deleted);
}

static cp_value table_clear(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_table_clear(vm->heap, args[0]) ? CP_UNSPECIFIC : CP_RETRY;
}

/* ---- Walks --------------------------------------------------------------------------------- */

/* A list in the order of the entries: pairs are put behind LAST, #f before the first. */
enum { LIST_TABLE, LIST_ENTRIES, LIST_POSITION, LIST_HEAD, LIST_LAST, LIST_SLOTS };

typedef cp_value element_of(cp_heap *heap, cp_value key, cp_value value);

static bool append_element(cp_heap *heap, cp_value *slots, cp_value element)
{
    cp_value pair = cp_is_retry(element) ? element : cp_cons(heap, element, CP_NIL);
    if (cp_is_retry(pair))
        return false;
    if (cp_is_true(slots[LIST_LAST]))
        cp_write_cdr(heap, slots[LIST_LAST], pair);
    else
        slots[LIST_HEAD] = pair;
    slots[LIST_LAST] = pair;
    return true;
}

static cp_value step_list(copse_vm *vm, cp_value *slots, element_of *element)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        cp_table_iterator iterator = {slots[LIST_ENTRIES], slots[LIST_POSITION]};
        cp_value key, value;
        if (!cp_table_next(vm->heap, slots[LIST_TABLE], &iterator, &key, &value))
            return slots[LIST_HEAD];
        if (!append_element(vm->heap, slots, element(vm->heap, key, value)))
            return CP_RETRY;
        slots[LIST_ENTRIES] = iterator.entries;
        slots[LIST_POSITION] = iterator.position;
    }
    return CP_NOTHING;
}

static cp_value key_of(cp_heap *heap, cp_value key, cp_value value)
{
    (void)heap;
    (void)value;
    return key;
}

static cp_value value_of(cp_heap *heap, cp_value key, cp_value value)
{
    (void)heap;
    (void)key;
    return value;
}

static cp_value step_keys(copse_vm *vm, cp_value *slots)
{
    return step_list(vm, slots, key_of);
}
CP_SLICE_RESUME(resume_keys, step_keys)

static cp_value step_values(copse_vm *vm, cp_value *slots)
{
    return step_list(vm, slots, value_of);
}
CP_SLICE_RESUME(resume_values, step_values)

static cp_value step_alist(copse_vm *vm, cp_value *slots)
{
    return step_list(vm, slots, cp_cons);
}
CP_SLICE_RESUME(resume_alist, step_alist)

static cp_value list_table(copse_vm *vm, cp_value table, cp_slice_step *step)
{
    cp_table_iterator iterator = cp_table_iterate(table);
    cp_value slots[LIST_SLOTS] = {table, iterator.entries, iterator.position, CP_NIL, CP_FALSE};
    return cp_slice_run(vm, slots, LIST_SLOTS, step);
}

static cp_value table_keys(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return list_table(vm, args[0], step_keys);
}

static cp_value table_values(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return list_table(vm, args[0], step_values);
}

static cp_value table_to_alist(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return list_table(vm, args[0], step_alist);
}

/* HEAD is the copy. */
static cp_value step_copy(copse_vm *vm, cp_value *slots)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        cp_table_iterator iterator = {slots[LIST_ENTRIES], slots[LIST_POSITION]};
        cp_value key, value;
        if (!cp_table_next(vm->heap, slots[LIST_TABLE], &iterator, &key, &value))
            return slots[LIST_HEAD];
        if (!cp_table_set(vm->heap, slots[LIST_HEAD], key, value))
            return CP_RETRY;
        slots[LIST_ENTRIES] = iterator.entries;
        slots[LIST_POSITION] = iterator.position;
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_copy, step_copy)

static cp_value table_copy(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value copy =
        cp_make_table(vm->heap, cp_table_kind_of(args[0]), cp_table_weakness_of(args[0]), 0);
    if (cp_is_retry(copy))
        return copy;
    cp_table_iterator iterator = cp_table_iterate(args[0]);
    cp_value slots[LIST_SLOTS] = {args[0], iterator.entries, iterator.position, copy, CP_FALSE};
    return cp_slice_run(vm, slots, LIST_SLOTS, step_copy);
}

/* clang-format off */
const cp_builtin cp_table_builtins[] = {
    {make_eq_table, COPSE_BUILTIN("make-eq-hash-table", "[capacity:index] -> table", BOUNDED,
        "An empty table whose keys are the same when eq?.")},
    {make_eqv_table, COPSE_BUILTIN("make-eqv-hash-table", "[capacity:index] -> table", BOUNDED,
        "An empty table whose keys are the same when eqv?.")},
    {make_string_table, COPSE_BUILTIN("make-string-hash-table", "[capacity:index] -> table", BOUNDED,
        "An empty table whose keys are the same when string=? or eqv?.")},
    {is_table, COPSE_BUILTIN("hash-table?", "object -> boolean", CONSTANT, "Whether OBJECT is a table.")},
    {table_size, COPSE_BUILTIN("hash-table-size", "table:table -> index", CONSTANT, "The number of entries of TABLE.")},
    {table_ref, COPSE_BUILTIN("hash-table-ref/default", "table:table key default -> any", BOUNDED,
        "The value of KEY in TABLE, or DEFAULT.")},
    {table_contains, COPSE_BUILTIN("hash-table-contains?", "table:table key -> boolean", BOUNDED,
        "Whether TABLE has an entry for KEY.")},
    {table_contains, COPSE_BUILTIN("hash-table-exists?", "table:table key -> boolean", BOUNDED,
        "Whether TABLE has an entry for KEY.")},
    {table_set, COPSE_BUILTIN("hash-table-set!", "table:table key value -> any", BOUNDED,
        "Make VALUE the value of KEY in TABLE.")},
    {table_delete, COPSE_BUILTIN("hash-table-delete!", "table:table keys... -> index", BOUNDED,
        "Remove the entries of KEYS from TABLE; how many there were.")},
    {table_clear, COPSE_BUILTIN("hash-table-clear!", "table:table -> any", BOUNDED, "Remove all entries of TABLE.")},
    {table_keys, COPSE_BUILTIN("hash-table-keys", "table:table -> list", SLICED,
        "The keys of TABLE, in the order of their insertion."), .resume = resume_keys},
    {table_values, COPSE_BUILTIN("hash-table-values", "table:table -> list", SLICED,
        "The values of TABLE, in the order of insertion of their keys."), .resume = resume_values},
    {table_to_alist, COPSE_BUILTIN("hash-table->alist", "table:table -> list", SLICED,
        "The entries of TABLE as pairs of key and value, in the order of insertion."), .resume = resume_alist},
    {table_copy, COPSE_BUILTIN("hash-table-copy", "table:table -> table", SLICED, "A new table with the entries of TABLE."),
        .resume = resume_copy},
    {0},
};
/* clang-format on */
