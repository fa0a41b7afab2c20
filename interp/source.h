/* source.h -- where a piece of text came from: file, line and column in one word.
 *
 * Owns:  the layout of a position, and the names of the files of one interpreter.
 * Never: opens a file or keeps what is in it.
 *
 *   63         52 51                     24 23                 0
 *   +------------+-------------------------+--------------------+
 *   | file       | line                    | column             |
 *   +------------+-------------------------+--------------------+
 *
 * Lines and columns count from 1, columns in characters; what is too large to be counted keeps the
 * largest number. File 0 has no name, and all bits zero is no position at all. */
#ifndef CP_INTERP_SOURCE_H
#define CP_INTERP_SOURCE_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"
#include "sched/format.h"

/* ---- Positions ----------------------------------------------------------------------------- */

typedef struct cp_position {
    uint64_t bits;
} cp_position;

enum { CP_FILE_MAX = 0xFFF, CP_LINE_MAX = 0xFFFFFFF, CP_COLUMN_MAX = 0xFFFFFF };

#define CP_NO_POSITION ((cp_position){0})

static inline cp_position cp_make_position(uint32_t file, uint32_t line, uint32_t column)
{
    if (line > CP_LINE_MAX)
        line = CP_LINE_MAX;
    if (column > CP_COLUMN_MAX)
        column = CP_COLUMN_MAX;
    return (cp_position){(uint64_t)(file & CP_FILE_MAX) << 52 | (uint64_t)line << 24 | column};
}

static inline bool cp_position_is_known(cp_position position)
{
    return position.bits != 0;
}

static inline uint32_t cp_position_file(cp_position position)
{
    return (uint32_t)(position.bits >> 52);
}

static inline uint32_t cp_position_line(cp_position position)
{
    return (uint32_t)(position.bits >> 24 & CP_LINE_MAX);
}

static inline uint32_t cp_position_column(cp_position position)
{
    return (uint32_t)(position.bits & CP_COLUMN_MAX);
}

/* ---- File names ---------------------------------------------------------------------------- */

typedef struct cp_sources cp_sources;

/* An own empty table. NULL when memory is refused. */
cp_sources *cp_sources_new(const copse_allocator *allocator) CP_MUST_USE;
void cp_sources_free(cp_sources *own);

/* The number of the file NAME (SIZE bytes) in *FILE: the same for the same name, else the next one
 * from 1 on. COPSE_ENOMEM, COPSE_EFULL after CP_FILE_MAX names; then *FILE is 0. Cost: linear in
 * the number of files. */
copse_status cp_sources_add(cp_sources *sources, const char *name, size_t size,
                            uint32_t *file) CP_MUST_USE;

/* The name, for the life of the table; "?" for a number that was not given out. */
const char *cp_sources_name(const cp_sources *sources, uint32_t file);

/* Append "tree.scm:12:5", or "?" for no position. SOURCES may be NULL: then no name is known. */
void cp_position_print(cp_printer *printer, const cp_sources *sources, cp_position position);

#endif
