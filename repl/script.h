/* script.h -- running programs from files and from the command line.
 *
 * Owns:  one interpreter for the run, and what a person sees of its errors.
 * Never: goes on after an error: a script stops at the first. */
#ifndef CP_REPL_SCRIPT_H
#define CP_REPL_SCRIPT_H

#include <stdbool.h>

/* Evaluate the forms of the file NAME. With PRINTS, write the value of each that has one. The exit
 * status: 0, or 1 after an error, whose message is then on the standard error. */
int cp_run_file(const char *name, bool prints);

/* The same for the program TEXT of the command line. */
int cp_run_text(const char *text, bool prints);

#endif
