/* oracle.h -- python3 as the other opinion on numbers.
 *
 * Owns:  a child that runs a script over the lines that the test writes to it.
 * Never: decides: the script exits with 0 when every line holds, and prints the first that do not.
 */
#ifndef CP_TESTS_INTERP_ORACLE_H
#define CP_TESTS_INTERP_ORACLE_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

typedef struct oracle {
    FILE *lines; /* write cases here, one a line */
    pid_t child;
} oracle;

/* What every script starts with: `check` is called for the fields of each line; returns whether
 * the line holds. */
#define ORACLE_PROLOGUE                                                                            \
    "import sys, struct\n"                                                                         \
    "from fractions import Fraction\n"                                                             \
    "if hasattr(sys, 'set_int_max_str_digits'): sys.set_int_max_str_digits(0)\n"                   \
    "def bits(x): return struct.unpack('<Q', struct.pack('<d', x))[0]\n"                           \
    "def double(b): return struct.unpack('<d', struct.pack('<Q', b))[0]\n"

#define ORACLE_EPILOGUE                                                                            \
    "bad = count = 0\n"                                                                            \
    "for line in sys.stdin:\n"                                                                     \
    "    count += 1\n"                                                                             \
    "    if not check(line.split()):\n"                                                            \
    "        bad += 1\n"                                                                           \
    "        if bad <= 10: print('wrong:', line.strip()[:2000], file=sys.stderr)\n"                \
    "sys.exit(1 if bad or not count else 0)\n"

static oracle oracle_start(const char *script)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("python3", "python3", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    FILE *lines = fdopen(ends[1], "w");
    assert_non_null(lines);
    signal(SIGPIPE, SIG_IGN); /* a script that fails early is seen by its exit status */
    return (oracle){lines, child};
}

static void oracle_finish(oracle own, uint64_t seed)
{
    (void)fclose(own.lines);
    int status = 0;
    assert_int_equal(waitpid(own.child, &status, 0), own.child);
    CHECK_SEED(WIFEXITED(status) && WEXITSTATUS(status) == 0, seed);
}

#endif
