/* main.c -- the `copse` program: reads the command line and calls the part that does the work. */
#include <stdio.h>
#include <string.h>

#include <copse.h>

static const char usage[] = "usage: copse --version | --help\n";

/* What the program is and was built for, for bug reports. */
static void print_version(void)
{
    printf("copse %s\n", copse_version());
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        print_version();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1)
        fprintf(stderr, "copse: %s is not an option of this program\n", argv[1]);
    fputs(usage, stderr);
    return 2;
}
