/* source.c -- an array of names, searched from its start.
 *
 * A program has some dozen files and asks once for each, so there is nothing to index. */
#include "interp/source.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"

typedef struct {
    char *text; /* own; NUL-terminated */
    size_t size;
} source_name;

struct cp_sources {
    const copse_allocator *allocator;
    source_name *names; /* own; names[i] is that of file i + 1 */
    size_t count;
    size_t capacity;
};

cp_sources *cp_sources_new(const copse_allocator *allocator)
{
    cp_sources *sources = cp_allocate(allocator, sizeof *sources);
    if (sources != NULL)
        *sources = (cp_sources){.allocator = allocator};
    return sources;
}

void cp_sources_free(cp_sources *own)
{
    if (own == NULL)
        return;
    for (size_t i = 0; i < own->count; i++)
        cp_release(own->allocator, own->names[i].text, own->names[i].size + 1);
    cp_release_array(own->allocator, own->names, own->capacity, sizeof *own->names);
    cp_release(own->allocator, own, sizeof *own);
}

static bool is_name(const source_name *name, const char *text, size_t size)
{
    return name->size == size && memcmp(name->text, text, size) == 0;
}

copse_status cp_sources_add(cp_sources *sources, const char *name, size_t size, uint32_t *file)
{
    *file = 0;
    for (size_t i = 0; i < sources->count; i++) {
        if (is_name(&sources->names[i], name, size)) {
            *file = (uint32_t)i + 1;
            return COPSE_OK;
        }
    }
    if (sources->count == CP_FILE_MAX)
        return COPSE_EFULL;
    void *names = sources->names;
    if (!cp_grow_array(sources->allocator, &names, &sources->capacity, sources->count + 1,
                       sizeof *sources->names))
        return COPSE_ENOMEM;
    sources->names = names;
    char *text = cp_allocate(sources->allocator, size + 1);
    if (text == NULL)
        return COPSE_ENOMEM;
    memcpy(text, name, size);
    text[size] = '\0';
    sources->names[sources->count++] = (source_name){text, size};
    *file = (uint32_t)sources->count;
    return COPSE_OK;
}

const char *cp_sources_name(const cp_sources *sources, uint32_t file)
{
    if (sources == NULL || file == 0 || file > sources->count)
        return "?";
    return sources->names[file - 1].text;
}

void cp_position_print(cp_printer *printer, const cp_sources *sources, cp_position position)
{
    if (!cp_position_is_known(position)) {
        cp_print(printer, "?");
        return;
    }
    cp_print(printer, "%s:%u:%u", cp_sources_name(sources, cp_position_file(position)),
             cp_position_line(position), cp_position_column(position));
}
