#include "tests/stdlib/lisp.h"

#include <ctype.h>

enum { NAMES_MAX = 1000 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void no_name_is_defined_twice(void **state)
{
    (void)state;
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < CP_STDLIB_TABLES; i++) {
        for (const cp_builtin *row = cp_stdlib_tables[i]; row->function != NULL; row++)
            names[count++] = row->name;
    }
    for (const cp_builtin *row = cp_control_builtins; row->function != NULL; row++)
        names[count++] = row->name;
    assert_true(count < NAMES_MAX);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            fail_msg("%s is defined twice", names[i]);
    }
}

/* The first line is one sentence; further lines begin with a heading, or go on with the line
 * before. */
static bool is_documented(const char *doc)
{
    size_t size = strcspn(doc, "\n");
    return size > 5 && isupper((unsigned char)doc[0]) && doc[size - 1] == '.';
}

static void every_row_has_a_signature_a_cost_and_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < CP_STDLIB_TABLES; i++) {
        for (const cp_builtin *row = cp_stdlib_tables[i]; row->function != NULL; row++) {
            cp_signature signature;
            if (!cp_signature_parse(row->signature, &signature))
                fail_msg("%s: the signature is wrong: %s", row->name, row->signature);
            if (!is_documented(row->doc))
                fail_msg("%s: the first line is no sentence: %s", row->name, row->doc);
            assert_in_range(row->cost, 0, CP_COST_COUNT - 1);
            if ((row->cost == CP_COST_SLICED || row->cost == CP_COST_ABORTABLE) !=
                (row->resume != NULL))
                if (strcmp(row->name, "inexact") != 0 && strcmp(row->name, "exact->inexact") != 0)
                    fail_msg("%s: the cost and the resume function disagree", row->name);
        }
    }
}

/* The procedures that R7RS puts into (scheme base), (scheme char), (scheme cxr) and (scheme
 * inexact). */
static const char *const r7rs_names[] = {
#define NAME(text) text,
#include "tests/stdlib/r7rs.txt"
};

static const char *const missing_names[] = {
#include "tests/stdlib/missing.txt"
#undef NAME
};

static bool is_listed_as_missing(const char *name)
{
    for (size_t i = 0; i < CP_COUNT_OF(missing_names); i++) {
        if (strcmp(missing_names[i], name) == 0)
            return true;
    }
    return false;
}

static void the_names_of_r7rs_are_there_but_for_those_listed(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    size_t missing = 0;
    for (size_t i = 0; i < CP_COUNT_OF(r7rs_names); i++) {
        const char *name = r7rs_names[i];
        bool is_missing = cp_same(cp_global_ref(&e.vm->globals, name), CP_UNBOUND);
        if (is_missing != is_listed_as_missing(name) && is_missing)
            fail_msg("%s is not there, and not listed in missing.txt", name);
        if (is_missing != is_listed_as_missing(name))
            fail_msg("%s is listed in missing.txt, but it is there", name);
        missing += is_missing;
    }
    assert_int_equal(missing, CP_COUNT_OF(missing_names));
    cp_lisp_close(&e);
}

static void a_machine_without_memory_is_refused(void **state)
{
    (void)state;
    static cp_lisp e;
    for (uint64_t n = 1, refused = 1; refused > 0; n++) {
        cp_lisp_open(&e, n, 0);
        refused = e.fault.refused;
        cp_lisp_close(&e);
    }
}

CP_TEST_MAIN(cmocka_unit_test(no_name_is_defined_twice),
             cmocka_unit_test(every_row_has_a_signature_a_cost_and_a_sentence),
             cmocka_unit_test(the_names_of_r7rs_are_there_but_for_those_listed),
             cmocka_unit_test(a_machine_without_memory_is_refused))
