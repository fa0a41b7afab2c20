/* print.h -- values to text: write, display and their kin, in slices.
 *
 * Owns:  the spelling of every value, and which parts of a value get a label.
 * Never: shows an address, recurses, calls Lisp, or knows where the text goes.
 *
 * What is written reads back as an equal value, unless it holds something that has no spelling:
 * such parts are written #<...>, which the reader refuses. */
#ifndef CP_INTERP_PRINT_H
#define CP_INTERP_PRINT_H

#include "interp/number.h"
#include "interp/serial.h"
#include "interp/sink.h"
#include "interp/syntax.h"

/* X(name, meaning). Which parts get a label #0= where they are printed first. */
#define CP_LABELS_LIST(X)                                                                          \
    X(CYCLES, "those that contain themselves: write, display")                                     \
    X(SHARED, "those that are met twice: write-shared")                                            \
    X(NONE, "none, so a cycle prints without end unless a limit ends it: write-simple")

#define CP_LABELS_ENUM(name, meaning) CP_LABELS_##name,
typedef enum cp_labels { CP_LABELS_LIST(CP_LABELS_ENUM) CP_LABELS_COUNT } cp_labels;
#undef CP_LABELS_ENUM

typedef struct cp_writer_options {
    cp_heap *heap;
    cp_sink *sink;       /* borrowed; between steps its bytes may be taken away */
    cp_serials *serials; /* borrowed; NULL: objects without a spelling show no number */
    cp_labels labels;
    bool displays;     /* strings, symbols and characters as they are, not as they are read */
    bool hides_syntax; /* a syntax object as what it is around */
    size_t max_depth;  /* deeper parts are ...; 0: no limit, as for the next two */
    size_t max_length; /* further elements of a list, vector or record are ... */
    size_t max_bytes;  /* further text is ... */
    cp_limbs_poll
        *poll; /* asked while a long number is converted; NULL: nobody. Its stop is AGAIN */

    /* Adds to SINK what stands between "#<" and the number of V, which has no spelling: "procedure
     * car"; false when it adds nothing, then the name of V's type stands there. May be NULL. */
    bool (*describe)(void *context, cp_sink *sink, cp_value v);
    void *context;
} cp_writer_options;

typedef struct cp_writer cp_writer;

/* An own writer with a copy of OPTIONS. What it holds is a root of the heap until it is freed. NULL
 * when memory is refused. */
cp_writer *cp_writer_new(const cp_writer_options *options) CP_MUST_USE;
void cp_writer_free(cp_writer *own);

/* Print V next. What was being printed is given up. */
void cp_writer_begin(cp_writer *writer, cp_value v);

/* Go on for about BUDGET parts. Cost: linear in the text, and in V when it is looked for labels. */
cp_step cp_writer_step(cp_writer *writer, size_t budget) CP_MUST_USE;

#endif
