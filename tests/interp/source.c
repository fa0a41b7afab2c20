#include "tests/check.h"

#include "interp/source.h"
#include "tests/fault.h"

static void assert_prints(const cp_sources *sources, cp_position position, const char *expected)
{
    char text[100];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_position_print(&printer, sources, position);
    assert_string_equal(text, expected);
}

static uint32_t add(cp_sources *sources, const char *name)
{
    uint32_t file = 99;
    assert_int_equal(cp_sources_add(sources, name, strlen(name), &file), COPSE_OK);
    return file;
}

static void a_position_keeps_file_line_and_column(void **state)
{
    (void)state;
    cp_position position = cp_make_position(3, 120, 45);
    assert_int_equal(cp_position_file(position), 3);
    assert_int_equal(cp_position_line(position), 120);
    assert_int_equal(cp_position_column(position), 45);
    assert_true(cp_position_is_known(position));
    assert_false(cp_position_is_known(CP_NO_POSITION));
}

static void what_is_too_large_keeps_the_largest_number(void **state)
{
    (void)state;
    cp_position position = cp_make_position(CP_FILE_MAX, UINT32_MAX, UINT32_MAX);
    assert_int_equal(cp_position_file(position), CP_FILE_MAX);
    assert_int_equal(cp_position_line(position), CP_LINE_MAX);
    assert_int_equal(cp_position_column(position), CP_COLUMN_MAX);
}

static void a_name_has_one_number(void **state)
{
    (void)state;
    cp_sources *sources = cp_sources_new(copse_default_allocator());
    assert_int_equal(add(sources, "tree.scm"), 1);
    assert_int_equal(add(sources, "leaves.scm"), 2);
    assert_int_equal(add(sources, "tree.scm"), 1);
    assert_int_equal(add(sources, "tree.sc"), 3);
    assert_string_equal(cp_sources_name(sources, 2), "leaves.scm");
    assert_string_equal(cp_sources_name(sources, 0), "?");
    assert_string_equal(cp_sources_name(sources, 4), "?");
    cp_sources_free(sources);
}

static void a_position_prints_as_file_line_column(void **state)
{
    (void)state;
    cp_sources *sources = cp_sources_new(copse_default_allocator());
    uint32_t file = add(sources, "tree.scm");
    assert_prints(sources, cp_make_position(file, 12, 5), "tree.scm:12:5");
    assert_prints(sources, cp_make_position(0, 12, 5), "?:12:5");
    assert_prints(NULL, cp_make_position(file, 12, 5), "?:12:5");
    assert_prints(sources, CP_NO_POSITION, "?");
    cp_sources_free(sources);
}

static void there_are_4095_files(void **state)
{
    (void)state;
    cp_sources *sources = cp_sources_new(copse_default_allocator());
    char name[20];
    uint32_t file = 0;
    for (uint32_t i = 1; i <= CP_FILE_MAX; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_int_equal(add(sources, name), i);
    }
    assert_int_equal(cp_sources_add(sources, "more", 4, &file), COPSE_EFULL);
    assert_int_equal(file, 0);
    assert_int_equal(add(sources, "4095"), 4095);
    cp_sources_free(sources);
}

static void a_refused_name_leaves_the_table_as_it_was(void **state)
{
    (void)state;
    for (uint64_t refuse_at = 1; refuse_at < 12; refuse_at++) {
        cp_fault fault;
        cp_fault_init(&fault, refuse_at);
        cp_sources *sources = cp_sources_new(&fault.allocator);
        if (sources == NULL)
            continue;
        for (uint32_t i = 0; i < 20; i++) {
            char name[20];
            int size = snprintf(name, sizeof name, "file-%u", i);
            uint32_t file = 99;
            copse_status status = cp_sources_add(sources, name, (size_t)size, &file);
            if (status != COPSE_OK) {
                assert_int_equal(status, COPSE_ENOMEM);
                assert_int_equal(file, 0);
                status = cp_sources_add(sources, name, (size_t)size, &file);
            }
            assert_int_equal(status, COPSE_OK);
            assert_int_equal(file, i + 1);
        }
        assert_string_equal(cp_sources_name(sources, 7), "file-6");
        cp_sources_free(sources);
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_position_keeps_file_line_and_column),
             cmocka_unit_test(what_is_too_large_keeps_the_largest_number),
             cmocka_unit_test(a_name_has_one_number),
             cmocka_unit_test(a_position_prints_as_file_line_column),
             cmocka_unit_test(there_are_4095_files),
             cmocka_unit_test(a_refused_name_leaves_the_table_as_it_was))
