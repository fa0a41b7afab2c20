/* format.c -- vsnprintf into what is left of the buffer; the length grows by what it asked for. */
#include "sched/format.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

cp_printer cp_printer_make(char *text, size_t size)
{
    assert(text != NULL || size == 0);
    if (size > 0)
        text[0] = '\0';
    return (cp_printer){.text = text, .size = size};
}

void cp_print(cp_printer *printer, const char *format, ...)
{
    size_t used = printer->length < printer->size ? printer->length : printer->size;
    char *rest = used < printer->size ? printer->text + used : NULL;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(rest, printer->size - used, format, arguments);
    va_end(arguments);
    assert(needed >= 0);
    printer->length += (size_t)needed;
}
