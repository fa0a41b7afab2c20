#include "tests/check.h"

#include <copse/sched.h>

static void every_status_has_its_name_and_text(void **state)
{
    (void)state;
    assert_string_equal(copse_status_name(COPSE_OK), "COPSE_OK");
    assert_string_equal(copse_status_text(COPSE_ENOMEM), "memory was refused");
    assert_string_equal(copse_status_name(COPSE_EDEADLOCK), "COPSE_EDEADLOCK");
}

static void a_number_that_is_no_status_is_named_so(void **state)
{
    (void)state;
    assert_string_equal(copse_status_name((copse_status)-1000), "unknown status");
    assert_string_equal(copse_status_text((copse_status)1), "unknown status");
}

static void only_success_is_not_negative(void **state)
{
    (void)state;
#define CHECK_SIGN(name, value, text) assert_true((value < 0) == (name != COPSE_OK));
    COPSE_STATUS_LIST(CHECK_SIGN)
#undef CHECK_SIGN
}

CP_TEST_MAIN(cmocka_unit_test(every_status_has_its_name_and_text),
             cmocka_unit_test(a_number_that_is_no_status_is_named_so),
             cmocka_unit_test(only_success_is_not_negative))
