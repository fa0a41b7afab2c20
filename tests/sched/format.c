#include "tests/check.h"

#include "sched/format.h"

static void text_is_appended_as_printf_would(void **state)
{
    (void)state;
    char text[32];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_print(&printer, "task %d", 7);
    cp_print(&printer, " \"%s\"", "a");
    assert_string_equal(text, "task 7 \"a\"");
    assert_int_equal(printer.length, 10);
}

static void text_that_does_not_fit_is_cut_and_counted(void **state)
{
    (void)state;
    char text[6];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_print(&printer, "abc");
    cp_print(&printer, "defg");
    cp_print(&printer, "hij");
    assert_string_equal(text, "abcde");
    assert_int_equal(printer.length, 10);
}

static void without_a_buffer_the_length_is_counted(void **state)
{
    (void)state;
    cp_printer printer = cp_printer_make(NULL, 0);
    cp_print(&printer, "%s", "twelve bytes");
    assert_int_equal(printer.length, 12);
}

CP_TEST_MAIN(cmocka_unit_test(text_is_appended_as_printf_would),
             cmocka_unit_test(text_that_does_not_fit_is_cut_and_counted),
             cmocka_unit_test(without_a_buffer_the_length_is_counted))
