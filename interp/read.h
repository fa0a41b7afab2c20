/* read.h -- text to data: what a program's text, a REPL's line and (read) are read with.
 *
 * Owns:  the data that are half read, and the places where they were opened.
 * Never: recurses, evaluates, or waits for text: it says that it needs more.
 *
 * The whole of R7RS 7.1.2, and: any white space of Unicode separates; `1+`, `1-` and `-1+` are
 * symbols; a byte order mark at the start is skipped, and so is a first line that begins with
 * `#!/` or `#! `. Keywords `:x` and slots `$x` are symbols like any other. */
#ifndef CP_INTERP_READ_H
#define CP_INTERP_READ_H

#include "interp/lex.h"
#include "interp/number.h"
#include "interp/syntax.h"

typedef struct cp_reader cp_reader;

typedef struct cp_reader_options {
    cp_heap *heap;
    cp_symbols *symbols;
    uint32_t file;       /* a number of cp_sources; 0: none */
    uint32_t line;       /* of the first character; 0 means 1 */
    uint32_t column;     /* the same */
    size_t max_depth;    /* data nested deeper are refused; 0: CP_READ_DEPTH */
    cp_limbs_poll *poll; /* asked while a long number is read; NULL: nobody. Its stop is AGAIN */
    bool wants_syntax;   /* syntax objects, with immutable literals; else plain data */
} cp_reader_options;

enum { CP_READ_DEPTH = 1000000 };

typedef enum cp_read_result {
    CP_READ_DATUM,      /* cp_reader_datum has it */
    CP_READ_EOF,        /* the text ends here, and nothing is open */
    CP_READ_INCOMPLETE, /* the piece is used up: give the next one; cp_reader_open has more */
    CP_READ_AGAIN,      /* the budget is used up */
    CP_READ_RETRY,      /* memory was refused; collect, then call again: nothing was lost */
    CP_READ_ERROR       /* the text is wrong: see message and place. What was open is dropped, and
                         * the next call goes on behind the mistake. */
} cp_read_result;

/* An own reader at the start of its text, without any of it yet. What it holds is a root of the
 * heap until it is freed. NULL when memory is refused. */
cp_reader *cp_reader_new(const cp_reader_options *options) CP_MUST_USE;
void cp_reader_free(cp_reader *own);

/* Go on with the SIZE bytes of UTF-8 at PIECE, borrowed until all of it is used up, another piece
 * is given or the reader is reset. Pieces may end anywhere. With IS_LAST the text ends there. */
void cp_reader_give(cp_reader *reader, const char *piece, size_t size, bool is_last);

/* Read up to the end of the next datum, but at most about BUDGET characters. Nothing behind the
 * datum is consumed; a word that ends with its piece is incomplete, as it may go on. */
cp_read_result cp_reader_step(cp_reader *reader, size_t budget) CP_MUST_USE;

/* The datum after DATUM, until the next step, and where it begins. */
cp_value cp_reader_datum(const cp_reader *reader);
cp_position cp_reader_place(const cp_reader *reader);

/* After ERROR, until the next step: what is wrong and what would be right, and where. */
const char *cp_reader_message(const cp_reader *reader);
cp_position cp_reader_error_place(const cp_reader *reader);

/* Append the same as "tree.scm:12:5: unexpected )...". SOURCES may be NULL. */
void cp_reader_print_error(const cp_reader *reader, const cp_sources *sources, cp_printer *printer);

/* The innermost thing that is open ("list", "string", "'"), or NULL when nothing is; *PLACE, which
 * may be NULL, gets where it was opened. A constant, like the texts of tokens. */
const char *cp_reader_open(const cp_reader *reader, cp_position *place);

/* Bytes of the piece that are not consumed. */
size_t cp_reader_rest(const cp_reader *reader);

/* Drop what is open and the rest of the piece; line and column stay. */
void cp_reader_reset(cp_reader *reader);

#endif
