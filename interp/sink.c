/* sink.c -- an array that doubles. */
#include "interp/sink.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "interp/text.h"
#include "sched/memory.h"

cp_sink cp_sink_make(const copse_allocator *allocator)
{
    return (cp_sink){.allocator = allocator};
}

void cp_sink_free(cp_sink *sink)
{
    cp_release(sink->allocator, sink->bytes, sink->capacity);
    *sink = cp_sink_make(sink->allocator);
}

void cp_sink_add(cp_sink *sink, const char *bytes, size_t size)
{
    void *block = sink->bytes;
    size_t needed = sink->size + size;
    if (needed > sink->capacity &&
        !cp_grow_array(sink->allocator, &block, &sink->capacity, needed < 64 ? 64 : needed, 1)) {
        sink->is_refused = true;
        return;
    }
    sink->bytes = block;
    if (size > 0)
        memcpy(sink->bytes + sink->size, bytes, size);
    sink->size += size;
}

void cp_sink_add_c(cp_sink *sink, const char *text)
{
    cp_sink_add(sink, text, strlen(text));
}

void cp_sink_add_char(cp_sink *sink, uint32_t code)
{
    char text[4];
    cp_sink_add(sink, text, cp_utf8_encode(code, text));
}

void cp_sink_add_format(cp_sink *sink, const char *format, ...)
{
    char text[CP_SINK_FORMAT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    cp_sink_add(sink, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}
