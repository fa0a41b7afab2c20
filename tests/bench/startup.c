/* startup.c -- how long the program takes for an empty script, start to end.
 *
 *   bench-startup PROGRAM      "value MS" a run, wall clock, after two runs that do not count */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 21, WARM_RUNS = 2 };

extern char **environ;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* False when PROGRAM can not be started or fails. */
static bool run_once(char *program, char *script)
{
    char *arguments[] = {program, script, NULL};
    pid_t child;
    int status;
    return posix_spawn(&child, program, NULL, NULL, arguments, environ) == 0 &&
           waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv)
{
    char script[] = "/tmp/copse-empty-XXXXXX";
    int descriptor = mkstemp(script);
    if (argc != 2 || descriptor < 0)
        return 1;
    close(descriptor);
    bool is_good = true;
    for (int i = 0; i < RUNS && is_good; i++) {
        double begin = now_ms();
        is_good = run_once(argv[1], script);
        if (i >= WARM_RUNS)
            printf("value %.3f\n", now_ms() - begin);
    }
    unlink(script);
    return is_good ? 0 : 1;
}
