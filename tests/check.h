/* check.h -- what every test program includes first.
 *
 * Owns:  cmocka and its prerequisites, the main function of a test program.
 * Never: holds state between tests. */
#ifndef CP_TESTS_CHECK_H
#define CP_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Defines main: runs the listed cmocka_unit_test rows as one group. */
#define CP_TEST_MAIN(...)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                           \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

/* Fails the test with the seed that shows the failure again. */
#define CHECK_SEED(condition, seed)                                                                \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s (seed %llu)", #condition, (unsigned long long)(seed));                    \
    } while (0)

#endif
