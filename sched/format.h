/* format.h -- text into a buffer of the caller, cut at its end and counted beyond it.
 *
 * Owns:  nothing; the buffer is the caller's.
 * Never: allocates, writes past the buffer, or leaves it without its terminating NUL. */
#ifndef CP_SCHED_FORMAT_H
#define CP_SCHED_FORMAT_H

#include <stddef.h>

#include "sched/compiler.h"

/* Start with text NULL and size 0 to learn the length that a text will have. */
typedef struct cp_printer {
    char *text;    /* borrowed for as long as the printer is used */
    size_t size;   /* bytes of the buffer, NUL included; 0 when there is none */
    size_t length; /* bytes of the whole text without NUL, also of the part that did not fit */
} cp_printer;

/* A printer over the SIZE bytes at TEXT, which becomes the empty string. */
cp_printer cp_printer_make(char *text, size_t size) CP_MUST_USE;

/* Append as printf would. */
void cp_print(cp_printer *printer, const char *format, ...) CP_PRINTF(2, 3);

#endif
