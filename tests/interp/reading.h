/* reading.h -- a heap with symbols, and text to data and back, for tests of both ways.
 *
 * Owns:  the heap and symbols of one test.
 * Never: hides a result: what is neither a datum nor expected fails the test. */
#ifndef CP_TESTS_INTERP_READING_H
#define CP_TESTS_INTERP_READING_H

#include "tests/interp/fixture.h"

#include "interp/print.h"
#include "interp/read.h"

typedef struct world {
    fixture base;
    cp_fault fault;
    cp_heap *heap;
    cp_symbols *symbols;
} world;

static inline void open_world(world *w)
{
    cp_fault_init(&w->fault, 0);
    open_heap(&w->base, &(cp_heap_options){.allocator = &w->fault.allocator});
    w->heap = w->base.heap;
    cp_text_init(w->heap);
    cp_bignum_init(w->heap);
    cp_table_init(w->heap);
    cp_syntax_init(w->heap);
    w->symbols = cp_symbols_new(w->heap);
    assert_non_null(w->symbols);
}

static inline void close_world(world *w)
{
    cp_symbols_free(w->symbols);
    close_heap(&w->base);
    assert_int_equal(w->fault.live_bytes, 0);
}

/* From here on the request number N is refused; 0: none is. */
static inline void refuse_request(world *w, uint64_t n)
{
    w->fault.refuse_at = n == 0 ? 0 : w->fault.requests + n;
    w->fault.refused = 0;
}

/* How a text is read, or a value written. */
typedef struct {
    size_t first_piece; /* bytes of the first piece of text; 0: all of it */
    size_t piece;       /* of the others; 0: all of the rest */
    size_t budget;      /* of a step; 0: no limit */
    bool collects;      /* after each step, young and full in turn */
    bool wants_syntax;
    size_t max_depth;
} manner;

static inline void collect_in_turn(world *w, bool *is_full)
{
    if (*is_full)
        cp_collect_full(w->heap);
    else
        cp_collect_young(w->heap);
    *is_full = !*is_full;
}

static inline size_t or_all(size_t n)
{
    return n == 0 ? SIZE_MAX : n;
}

/* A text that is being read. */
typedef struct {
    world *w;
    cp_reader *reader;
    manner how;
    const char *text;
    size_t size;
    size_t given;
    char *piece;
    bool is_full;
} reading;

static inline cp_reader_options reader_options(world *w, manner how)
{
    return (cp_reader_options){.heap = w->heap,
                               .symbols = w->symbols,
                               .file = 1,
                               .wants_syntax = how.wants_syntax,
                               .max_depth = how.max_depth};
}

static inline reading begin_reading(world *w, const char *text, size_t size, manner how)
{
    cp_reader_options options = reader_options(w, how);
    cp_reader *reader = cp_reader_new(&options);
    if (reader == NULL) /* a test that refuses memory: one refusal is all there is */
        reader = cp_reader_new(&options);
    assert_non_null(reader);
    return (reading){.w = w, .reader = reader, .how = how, .text = text, .size = size};
}

static inline void give_next(reading *r)
{
    size_t wanted = or_all(r->given == 0 ? r->how.first_piece : r->how.piece);
    size_t left = r->size - r->given;
    size_t size = wanted < left ? wanted : left;
    /* A copy of exactly that size, so that a sanitizer sees a byte too many. */
    char *piece = malloc(size + (size == 0));
    assert_non_null(piece);
    memcpy(piece, r->text + r->given, size);
    r->given += size;
    cp_reader_give(r->reader, piece, size, r->given == r->size);
    free(r->piece);
    r->piece = piece;
}

/* The next result that is a datum, the end or a mistake. */
static inline cp_read_result next_datum(reading *r)
{
    for (;;) {
        cp_read_result result = cp_reader_step(r->reader, or_all(r->how.budget));
        if (r->how.collects && result != CP_READ_DATUM)
            collect_in_turn(r->w, &r->is_full);
        switch (result) {
        case CP_READ_DATUM:
        case CP_READ_EOF:
        case CP_READ_ERROR:
            return result;
        case CP_READ_INCOMPLETE:
            assert_true(r->given < r->size || r->piece == NULL);
            give_next(r);
            break;
        case CP_READ_AGAIN:
            assert_int_not_equal(r->how.budget, 0);
            break;
        case CP_READ_RETRY:
            assert_int_not_equal(r->w->fault.refused, 0);
            break;
        }
    }
}

static inline void end_reading(reading *r)
{
    cp_reader_free(r->reader);
    free(r->piece);
}

/* The only datum in TEXT. */
static inline cp_value read_text(world *w, const char *text, size_t size, manner how)
{
    reading r = begin_reading(w, text, size, how);
    if (next_datum(&r) != CP_READ_DATUM)
        fail_msg("%.60s: %s", text, cp_reader_message(r.reader));
    cp_value datum = cp_reader_datum(r.reader);
    how.collects = false;
    r.how.collects = false;
    assert_int_equal(next_datum(&r), CP_READ_EOF);
    end_reading(&r);
    return datum;
}

static inline cp_value read_plain(world *w, const char *text)
{
    return read_text(w, text, strlen(text), (manner){0});
}

static inline cp_value read_syntax(world *w, const char *text)
{
    return read_text(w, text, strlen(text), (manner){.wants_syntax = true});
}

/* The text of V in a block that the caller frees. OPTIONS need neither heap nor sink. */
static inline char *write_text(world *w, cp_value v, cp_writer_options options, manner how)
{
    cp_sink sink = cp_sink_make(&w->fault.allocator);
    options.heap = w->heap;
    options.sink = &sink;
    cp_writer *writer = cp_writer_new(&options);
    if (writer == NULL)
        writer = cp_writer_new(&options);
    assert_non_null(writer);
    cp_writer_begin(writer, v);
    bool is_full = false;
    cp_step step = CP_STEP_AGAIN;
    while (step != CP_STEP_DONE) {
        step = cp_writer_step(writer, or_all(how.budget));
        if (step == CP_STEP_AGAIN)
            assert_int_not_equal(how.budget, 0);
        if (step == CP_STEP_RETRY)
            assert_int_not_equal(w->fault.refused, 0);
        if (how.collects)
            collect_in_turn(w, &is_full);
    }
    cp_writer_free(writer);
    char *text = malloc(sink.size + 1);
    assert_non_null(text);
    if (sink.size > 0)
        memcpy(text, sink.bytes, sink.size);
    text[sink.size] = '\0';
    cp_sink_free(&sink);
    return text;
}

static inline void assert_writes(world *w, cp_value v, cp_writer_options options,
                                 const char *expected)
{
    char *text = write_text(w, v, options, (manner){0});
    assert_string_equal(text, expected);
    free(text);
}

/* TEXT read and written again is EXPECTED. */
static inline void assert_reads(world *w, const char *text, const char *expected)
{
    assert_writes(w, read_plain(w, text), (cp_writer_options){.labels = CP_LABELS_SHARED},
                  expected);
}

#endif
