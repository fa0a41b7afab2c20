/* sink.h -- a block of bytes that grows: where printed text goes.
 *
 * Owns:  the bytes, until somebody takes them away.
 * Never: fails a caller in the middle of a text: what had no room is dropped, and said at the end.
 */
#ifndef CP_INTERP_SINK_H
#define CP_INTERP_SINK_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

/* Bytes in a block of the allocator. What can not be added for lack of memory is dropped, and said.
 */
typedef struct cp_sink {
    const copse_allocator *allocator; /* borrowed */
    char *bytes;                      /* own */
    size_t size;
    size_t capacity;
    bool is_refused; /* something was dropped since somebody set this to false */
} cp_sink;

/* An empty sink; takes no memory yet. */
cp_sink cp_sink_make(const copse_allocator *allocator) CP_MUST_USE;
void cp_sink_free(cp_sink *sink);

/* Add SIZE bytes; a NUL-terminated text; a character as UTF-8; what printf would, cut to less than
 * CP_SINK_FORMAT_MAX bytes. All of it or, when memory is refused, nothing. */
void cp_sink_add(cp_sink *sink, const char *bytes, size_t size);
void cp_sink_add_c(cp_sink *sink, const char *text);
void cp_sink_add_char(cp_sink *sink, uint32_t code);
enum { CP_SINK_FORMAT_MAX = 80 };
void cp_sink_add_format(cp_sink *sink, const char *format, ...) CP_PRINTF(2, 3);

#endif
