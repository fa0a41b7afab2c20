/* read.c -- any bytes as program text: data or a mistake with its place, never a crash.
 *
 * The first two bytes choose how the rest is given. It must read the same in one piece as in small
 * ones with small budgets, and what was read must read back from its written text as the same text.
 */
#include <stdlib.h>
#include <string.h>

#include "interp/print.h"
#include "interp/read.h"

enum { RUNS_PER_COLLECTION = 64, QUESTIONS_MAX = 1000 };

typedef struct {
    cp_heap *heap;
    cp_symbols *symbols;
    cp_limbs_poll poll;
    unsigned questions; /* of the poll, for this input */
} world;

typedef struct {
    size_t piece;
    size_t budget;
    bool wants_syntax;
} manner;

static world the_world;

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

/* #e1e1000000 is a number of a million digits: such inputs are given up. */
static bool is_over(void *context)
{
    world *w = context;
    return ++w->questions > QUESTIONS_MAX;
}

static bool gave_up(const world *w)
{
    return w->questions > QUESTIONS_MAX;
}

static void open_world(world *w)
{
    w->poll = (cp_limbs_poll){.is_over = is_over, .context = w};
    w->heap = cp_heap_new(NULL);
    check(w->heap != NULL);
    cp_object_init(w->heap);
    cp_text_init(w->heap);
    cp_bignum_init(w->heap);
    cp_table_init(w->heap);
    cp_syntax_init(w->heap);
    w->symbols = cp_symbols_new(w->heap);
    check(w->symbols != NULL);
}

/* Append what V is written as to SINK. */
static void write_value(world *w, cp_sink *sink, cp_value v)
{
    cp_writer_options options = {.heap = w->heap,
                                 .sink = sink,
                                 .labels = CP_LABELS_SHARED,
                                 .hides_syntax = true,
                                 .poll = &w->poll};
    cp_writer *writer = cp_writer_new(&options);
    check(writer != NULL);
    cp_writer_begin(writer, v);
    check(cp_writer_step(writer, SIZE_MAX) == CP_STEP_DONE || gave_up(w));
    cp_writer_free(writer);
}

/* "12:5 " */
static void add_place(cp_sink *sink, cp_position place)
{
    char text[40];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_print(&printer, "%u:%u ", cp_position_line(place), cp_position_column(place));
    cp_sink_add_c(sink, text);
}

/* Append each datum of SIZE bytes at TEXT as its place and how it is written, and the mistake that
 * ends them. */
static void read_all(world *w, cp_sink *sink, const char *text, size_t size, manner how)
{
    cp_reader *reader = cp_reader_new(&(cp_reader_options){.heap = w->heap,
                                                           .symbols = w->symbols,
                                                           .poll = &w->poll,
                                                           .wants_syntax = how.wants_syntax});
    check(reader != NULL);
    size_t given = 0;
    while (!gave_up(w)) {
        cp_read_result result = cp_reader_step(reader, how.budget);
        check(result != CP_READ_RETRY);
        if (result == CP_READ_EOF || result == CP_READ_ERROR) {
            char message[400];
            cp_printer printer = cp_printer_make(message, sizeof message);
            cp_reader_print_error(reader, NULL, &printer);
            if (result == CP_READ_ERROR)
                cp_sink_add_c(sink, message);
            break;
        }
        if (result == CP_READ_DATUM) {
            add_place(sink, cp_reader_place(reader));
            write_value(w, sink, cp_reader_datum(reader));
        }
        if (result == CP_READ_INCOMPLETE) {
            size_t piece = size - given < how.piece ? size - given : how.piece;
            cp_reader_give(reader, text + given, piece, given + piece == size);
            given += piece;
        }
    }
    cp_reader_free(reader);
}

static bool same_bytes(const cp_sink *a, const cp_sink *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* The first datum of TEXT is written; that reads back as a datum with the same text. */
static void check_round_trip(world *w, const char *text, size_t size)
{
    cp_reader *reader = cp_reader_new(
        &(cp_reader_options){.heap = w->heap, .symbols = w->symbols, .poll = &w->poll});
    check(reader != NULL);
    cp_reader_give(reader, text, size, true);
    if (cp_reader_step(reader, SIZE_MAX) == CP_READ_DATUM) {
        cp_sink written = cp_sink_make(copse_default_allocator());
        cp_sink again = cp_sink_make(copse_default_allocator());
        manner at_once = {SIZE_MAX, SIZE_MAX, false};
        add_place(&written, cp_make_position(0, 1, 1));
        size_t before = written.size;
        write_value(w, &written, cp_reader_datum(reader));
        read_all(w, &again, written.bytes + before, written.size - before, at_once);
        check(same_bytes(&written, &again) || gave_up(w));
        cp_sink_free(&again);
        cp_sink_free(&written);
    }
    cp_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    if (size < 2)
        return 0;
    if (the_world.heap == NULL)
        open_world(&the_world);
    the_world.questions = 0;
    const char *text = (const char *)data + 2;
    size -= 2;
    manner at_once = {SIZE_MAX, SIZE_MAX, (data[1] & 0x80) != 0};
    manner in_pieces = {1 + data[0] % 16, 1 + (data[1] & 0x7F), at_once.wants_syntax};
    cp_sink whole = cp_sink_make(copse_default_allocator());
    cp_sink parts = cp_sink_make(copse_default_allocator());
    read_all(&the_world, &whole, text, size, at_once);
    read_all(&the_world, &parts, text, size, in_pieces);
    check(same_bytes(&whole, &parts) || gave_up(&the_world));
    check_round_trip(&the_world, text, size);
    cp_sink_free(&parts);
    cp_sink_free(&whole);
    if (++runs % RUNS_PER_COLLECTION == 0)
        cp_collect_full(the_world.heap);
    return 0;
}
