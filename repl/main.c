/* main.c -- the `copse` program: reads the command line and calls the part that does the work. */
#include <stdio.h>
#include <string.h>

#include <copse.h>

#include "repl/script.h"

static const char usage[] = "usage: copse FILE       evaluate the forms of a Scheme file\n"
                            "       copse -e TEXT    evaluate TEXT and write the values\n"
                            "       copse --version | --help\n";

/* Say that the command line is wrong; the exit status for that. */
static int refuse(const char *what, const char *text)
{
    fprintf(stderr, "copse: %s%s\n%s", what, text, usage);
    return 2;
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(first, "--version") == 0) {
        printf("copse %s\n", copse_version());
        return 0;
    }
    if (argc == 2 && strcmp(first, "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(first, "-e") == 0)
        return argc == 3 ? cp_run_text(argv[2], true) : refuse("-e takes one text", "");
    if (first[0] == '-')
        return refuse(first, " is not an option");
    if (argc != 2)
        return refuse(argc < 2 ? "there is no file to evaluate" : "one file at a time", "");
    return cp_run_file(first, false);
}
