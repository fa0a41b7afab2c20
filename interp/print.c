/* print.c -- a machine with a stack of what is half printed, after a search for cycles.
 *
 * The search goes through the value depth first; a part that is met while it is being gone through
 * contains itself (Tarjan's back edges, 1972). It would be exact to keep every part in a table from
 * the start, but that costs more than the printing, and most values are small trees. So there are
 * passes, each of which gives up at a limit: without the table first, where a cycle shows as a walk
 * that does not end.
 *
 * Each step adds to the sink first, and changes the writer when nothing was refused. */
#include "interp/print.h"

#include "interp/lex.h"
#include "interp/word.h"
#include "sched/memory.h"

/* ---- The writer ---------------------------------------------------------------------------- */

/* X(name, uses the table, parts after which it gives up). In this order. */
#define PASS_LIST(X)                                                                               \
    X(SMALL_TREE, false, 1000)                                                                     \
    X(SMALL_GRAPH, true, 10000)                                                                    \
    X(TREE, false, 4000000)                                                                        \
    X(GRAPH, true, SIZE_MAX)

#define PASS_ENUM(name, has_table, limit) PASS_##name,
typedef enum { PASS_LIST(PASS_ENUM) PASS_PRINT } pass_kind;
#undef PASS_ENUM

static const struct {
    bool has_table;
    size_t limit;
} passes[] = {
#define ROW(name, has_table, limit) {has_table, limit},
    PASS_LIST(ROW)
#undef ROW
};

/* X(name, meaning). What is half printed; `index` is the next part. */
#define FRAME_LIST(X)                                                                              \
    X(PARTS, "in the search: its parts are gone through")                                          \
    X(LIST, "`value` is the rest of the list")                                                     \
    X(VECTOR, "")                                                                                  \
    X(BYTES, "")                                                                                   \
    X(RECORD, "")                                                                                  \
    X(BOX, "")                                                                                     \
    X(STRING, "`index` is the offset of the next byte")                                            \
    X(SYMBOL, "the same for the name of a symbol between bars")                                    \
    X(PLAIN, "the same for text that is written as it is")

#define FRAME_ENUM(name, meaning) FRAME_##name,
typedef enum { FRAME_LIST(FRAME_ENUM) FRAME_COUNT } frame_kind;
#undef FRAME_ENUM

typedef struct {
    frame_kind kind;
    uint32_t index;
    cp_value value;
} writer_frame;

/* What the table knows of a part: it is being gone through (#f), it was (()), it needs a label
 * (#t), or it has one (a fixnum). */
#define SEEN_OPEN CP_FALSE
#define SEEN_DONE CP_NIL
#define SEEN_TWICE CP_TRUE

struct cp_writer {
    cp_writer_options options;
    cp_calc calc;
    cp_value root;
    pass_kind pass;
    bool is_pass_begun;
    bool has_labels;
    size_t scanned;     /* parts in this pass */
    cp_value seen;      /* CP_NOTHING, or an eq? table of parts */
    cp_deep stack;      /* of writer_frame */
    cp_value pending;   /* PRINT: the value to print next, or CP_NOTHING: go on with the stack */
    bool is_label_done; /* of the pending value */
    int64_t next_label;
    size_t prefixes; /* ' before the pending value */
    size_t added;    /* bytes so far */
    bool is_cut;     /* max_bytes were added; only dots follow */
    bool is_stopped; /* by the poll, in this step */
};

/* V as the options want to see it. */
static cp_value look(const cp_writer *writer, cp_value v)
{
    return writer->options.hides_syntax ? cp_form_datum(v) : v;
}

/* A value with parts; the others are atoms. */
static bool has_parts(cp_value v)
{
    return cp_is_pair(v) || (cp_is_vector(v) && cp_vector_length(v) > 0) || cp_is_record(v) ||
           cp_is_box(v);
}

static uint32_t part_count(cp_value v)
{
    if (cp_is_pair(v))
        return 2;
    return cp_is_box(v) ? 1 : cp_object_length(cp_to_object(v));
}

static cp_value part_at(cp_value v, uint32_t index)
{
    if (cp_is_pair(v))
        return index == 0 ? cp_car(v) : cp_cdr(v);
    if (cp_is_box(v))
        return cp_to_box(v)->value;
    return cp_is_vector(v) ? cp_vector_ref(v, index) : cp_to_record(v)->fields[index];
}

static bool push_frame(cp_writer *writer, frame_kind kind, cp_value value, uint32_t index)
{
    writer_frame *frame = cp_deep_push(&writer->stack);
    if (frame == NULL)
        return false;
    *frame = (writer_frame){kind, index, value};
    return true;
}

/* ---- The search for labels ----------------------------------------------------------------- */

static void begin_pass(cp_writer *writer, pass_kind pass)
{
    cp_deep_clear(&writer->stack);
    writer->pass = pass;
    writer->is_pass_begun = false;
    writer->scanned = 0;
    if (pass == PASS_PRINT) {
        writer->pending = writer->root;
        writer->is_label_done = false;
    } else {
        writer->seen = CP_NOTHING;
        writer->has_labels = false;
    }
}

/* Begin with PART, which was not met before. */
static cp_step enter(cp_writer *writer, cp_value part)
{
    if (!push_frame(writer, FRAME_PARTS, part, 0))
        return CP_STEP_RETRY;
    bool has_table = passes[writer->pass].has_table;
    if (has_table && !cp_table_set(writer->options.heap, writer->seen, part, SEEN_OPEN)) {
        cp_deep_pop(&writer->stack);
        return CP_STEP_RETRY;
    }
    writer->scanned++;
    return CP_STEP_AGAIN;
}

static cp_step begin_search(cp_writer *writer)
{
    if (passes[writer->pass].has_table && cp_is_nothing(writer->seen)) {
        cp_value seen = cp_make_table(writer->options.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
        if (cp_is_retry(seen))
            return CP_STEP_RETRY;
        writer->seen = seen;
    }
    cp_step step = enter(writer, look(writer, writer->root));
    writer->is_pass_begun = step == CP_STEP_AGAIN;
    return step;
}

/* All parts of the value on top were gone through. */
static cp_step leave(cp_writer *writer, cp_value part)
{
    cp_heap *heap = writer->options.heap;
    bool marks = passes[writer->pass].has_table && writer->options.labels == CP_LABELS_CYCLES;
    if (marks && cp_same(cp_table_ref(heap, writer->seen, part), SEEN_OPEN) &&
        !cp_table_set(heap, writer->seen, part, SEEN_DONE))
        return CP_STEP_RETRY;
    cp_deep_pop(&writer->stack);
    return CP_STEP_AGAIN;
}

/* PART was met before. */
static cp_step meet_again(cp_writer *writer, cp_value part, cp_value seen)
{
    if (!cp_same(seen, SEEN_OPEN))
        return CP_STEP_AGAIN;
    writer->has_labels = true;
    bool is_set = cp_table_set(writer->options.heap, writer->seen, part, SEEN_TWICE);
    return is_set ? CP_STEP_AGAIN : CP_STEP_RETRY;
}

static cp_step search_part(cp_writer *writer, cp_value part)
{
    if (!has_parts(part))
        return CP_STEP_AGAIN;
    cp_value seen = passes[writer->pass].has_table
                        ? cp_table_ref(writer->options.heap, writer->seen, part)
                        : CP_NOTHING;
    return cp_is_nothing(seen) ? enter(writer, part) : meet_again(writer, part, seen);
}

/* Look at one part more. */
static cp_step search(cp_writer *writer)
{
    if (!writer->is_pass_begun)
        return begin_search(writer);
    if (writer->stack.count == 0) {
        begin_pass(writer, PASS_PRINT);
        return CP_STEP_AGAIN;
    }
    if (writer->scanned > passes[writer->pass].limit) {
        begin_pass(writer, writer->pass + 1);
        return CP_STEP_AGAIN;
    }
    writer_frame *frame = cp_deep_top(&writer->stack);
    uint32_t index = frame->index;
    if (index == part_count(frame->value))
        return leave(writer, frame->value);
    cp_value part = look(writer, part_at(frame->value, index));
    /* Without a table nobody asks what is being gone through: the last part takes the place. */
    bool is_last = index + 1 == part_count(frame->value) && !passes[writer->pass].has_table;
    if (is_last && has_parts(part)) {
        *frame = (writer_frame){FRAME_PARTS, 0, part};
        writer->scanned++;
        return CP_STEP_AGAIN;
    }
    cp_step step = search_part(writer, part);
    if (step == CP_STEP_AGAIN)
        frame->index = index + 1;
    return step;
}

/* What the table says of PART: SEEN_TWICE, a fixnum, or anything else for no label. */
static cp_value label_of(const cp_writer *writer, cp_value part)
{
    if (!writer->has_labels)
        return CP_NOTHING;
    return cp_table_ref(writer->options.heap, writer->seen, part);
}

static bool is_labelled(const cp_writer *writer, cp_value part)
{
    cp_value label = label_of(writer, part);
    return cp_same(label, SEEN_TWICE) || cp_is_fixnum(label);
}

/* ---- Text
 * ---------------------------------------------------------------------------------------- */

/* Letters of the escapes that R7RS names; 0 for other characters. */
static char escape_letter(uint32_t code)
{
    switch (code) {
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    default:
        return 0;
    }
}

/* CODE inside a string or a symbol that QUOTE closes. */
static void add_quoted_char(cp_sink *sink, uint32_t code, char quote)
{
    char letter = code == (uint32_t)quote || code == '\\' ? (char)code : escape_letter(code);
    if (letter != 0)
        cp_sink_add_format(sink, "\\%c", letter);
    else if (code == ' ' || cp_char_is_graphic(code))
        cp_sink_add_char(sink, code);
    else
        cp_sink_add_format(sink, "\\x%x;", (unsigned)code);
}

/* Some characters of TEXT, of SIZE bytes, from OFFSET on; gives the offset behind them. */
static uint32_t add_quoted(cp_sink *sink, const char *text, uint32_t size, uint32_t offset,
                           char quote)
{
    enum { CHARACTERS = 100 };
    const char *at = text + offset;
    for (int i = 0; i < CHARACTERS && at < text + size; i++)
        add_quoted_char(sink, cp_utf8_decode(&at), quote);
    return (uint32_t)(at - text);
}

static uint32_t add_plain(cp_sink *sink, const char *text, uint32_t size, uint32_t offset)
{
    enum { BYTES = 1000 };
    uint32_t left = size - offset;
    uint32_t count = left < BYTES ? left : BYTES;
    while (count < left && ((unsigned char)text[offset + count] & 0xC0) == 0x80)
        count++;
    cp_sink_add(sink, text + offset, count);
    return offset + count;
}

static void add_char(cp_sink *sink, uint32_t code)
{
    const char *name = cp_char_name(code);
    cp_sink_add_c(sink, "#\\");
    if (name != NULL)
        cp_sink_add_c(sink, name);
    else if (cp_char_is_graphic(code) && !cp_char_is_mark(code))
        cp_sink_add_char(sink, code);
    else
        cp_sink_add_format(sink, "x%x", (unsigned)code);
}

/* ---- Atoms
 * --------------------------------------------------------------------------------------- */

static cp_step done_if_added(cp_writer *writer)
{
    if (writer->options.sink->is_refused)
        return CP_STEP_RETRY;
    writer->pending = CP_NOTHING;
    return CP_STEP_AGAIN;
}

static cp_step print_number(cp_writer *writer, cp_value v)
{
    cp_number_text text;
    cp_calc_status status = cp_number_write(&writer->calc, v, 10, &text);
    writer->is_stopped = status == CP_CALC_ABORTED;
    if (status != CP_CALC_OK)
        return CP_STEP_RETRY;
    cp_sink_add(writer->options.sink, text.text, text.size);
    cp_number_text_release(&text);
    return done_if_added(writer);
}

/* An object without a spelling. */
static cp_step print_opaque(cp_writer *writer, cp_value v)
{
    const cp_writer_options *options = &writer->options;
    cp_sink_add_c(options->sink, "#<");
    if (options->describe == NULL || !options->describe(options->context, options->sink, v))
        cp_sink_add_c(options->sink, cp_heap_type(options->heap, cp_to_object(v))->name);
    if (options->serials != NULL) {
        cp_value serial = cp_serial(options->serials, v);
        if (cp_is_retry(serial))
            return CP_STEP_RETRY;
        cp_sink_add_format(options->sink, " %lld", (long long)cp_to_fixnum(serial));
    }
    cp_sink_add_c(options->sink, ">");
    return done_if_added(writer);
}

/* V in a frame of KIND, after OPENING. */
static cp_step print_opened(cp_writer *writer, frame_kind kind, cp_value v, const char *opening)
{
    cp_sink_add_c(writer->options.sink, opening);
    if (writer->options.sink->is_refused || !push_frame(writer, kind, v, 0))
        return CP_STEP_RETRY;
    writer->pending = CP_NOTHING;
    return CP_STEP_AGAIN;
}

static cp_step print_symbol(cp_writer *writer, cp_value v)
{
    cp_value name = cp_to_symbol(v)->name;
    const cp_string *text = cp_to_string(name);
    if (writer->options.displays || cp_name_is_word(cp_string_text(text), text->byte_length))
        return print_opened(writer, FRAME_PLAIN, name, "");
    return print_opened(writer, FRAME_SYMBOL, name, "|");
}

static cp_step print_constant(cp_writer *writer, cp_value v)
{
    static const char *const texts[] = {
#define TEXT(name, text, meaning) text,
        CP_CONSTANT_LIST(TEXT)
#undef TEXT
    };
    cp_sink_add_c(writer->options.sink, texts[cp_to_constant(v)]);
    return done_if_added(writer);
}

static cp_step print_char(cp_writer *writer, cp_value v)
{
    if (writer->options.displays)
        cp_sink_add_char(writer->options.sink, cp_to_char(v));
    else
        add_char(writer->options.sink, cp_to_char(v));
    return done_if_added(writer);
}

static cp_step print_atom(cp_writer *writer, cp_value v)
{
    if (cp_is_number(v))
        return print_number(writer, v);
    if (cp_is_symbol(v))
        return print_symbol(writer, v);
    if (cp_is_string(v))
        return writer->options.displays ? print_opened(writer, FRAME_PLAIN, v, "")
                                        : print_opened(writer, FRAME_STRING, v, "\"");
    if (cp_is_char(v))
        return print_char(writer, v);
    if (cp_is_constant(v))
        return print_constant(writer, v);
    if (cp_is_bytevector(v))
        return print_opened(writer, FRAME_BYTES, v, "#u8(");
    if (!cp_is_vector(v))
        return print_opaque(writer, v);
    cp_sink_add_c(writer->options.sink, "#()");
    return done_if_added(writer);
}

/* ---- Values with parts
 * ---------------------------------------------------------------------------- */

/* Print PART next. */
static cp_step print_next(cp_writer *writer, cp_value part)
{
    writer->pending = part;
    writer->is_label_done = false;
    writer->prefixes = 0;
    return CP_STEP_AGAIN;
}

/* A comma before such a symbol would read as ,@ */
static bool begins_with_at(cp_value v)
{
    return cp_is_symbol(v) && cp_string_text(cp_to_string(cp_to_symbol(v)->name))[0] == '@';
}

/* The sign for (quote x) and its like, when V is such a list; else NULL. */
static const char *prefix_of(const cp_writer *writer, cp_value v)
{
    static const struct {
        const char *name;
        const char *sign;
    } rows[] = {{"quote", "'"}, {"quasiquote", "`"}, {"unquote", ","}, {"unquote-splicing", ",@"}};
    cp_value head = look(writer, cp_car(v));
    cp_value rest = look(writer, cp_cdr(v));
    if (!cp_is_symbol(head) || !cp_is_pair(rest) || is_labelled(writer, rest) ||
        !cp_is_nil(look(writer, cp_cdr(rest))) || begins_with_at(look(writer, cp_car(rest))))
        return NULL;
    const cp_string *name = cp_to_string(cp_to_symbol(head)->name);
    for (size_t i = 0; i < CP_COUNT_OF(rows); i++)
        if (name->byte_length == strlen(rows[i].name) &&
            memcmp(cp_string_text(name), rows[i].name, name->byte_length) == 0)
            return rows[i].sign;
    return NULL;
}

/* The label of V, which has one, where V is met first, or for V where it is met again. */
static cp_step print_label(cp_writer *writer, cp_value v, cp_value label)
{
    cp_sink *sink = writer->options.sink;
    if (cp_is_fixnum(label)) {
        cp_sink_add_format(sink, "#%lld#", (long long)cp_to_fixnum(label));
        return done_if_added(writer);
    }
    cp_sink_add_format(sink, "#%lld=", (long long)writer->next_label);
    cp_value number = cp_make_fixnum(writer->next_label);
    if (sink->is_refused || !cp_table_set(writer->options.heap, writer->seen, v, number))
        return CP_STEP_RETRY;
    writer->next_label++;
    writer->is_label_done = true;
    return CP_STEP_AGAIN;
}

static cp_step print_pair(cp_writer *writer, cp_value v)
{
    const char *prefix = prefix_of(writer, v);
    if (prefix == NULL)
        return print_opened(writer, FRAME_LIST, v, "(");
    cp_sink_add_c(writer->options.sink, prefix);
    if (writer->options.sink->is_refused)
        return CP_STEP_RETRY;
    writer->pending = cp_car(look(writer, cp_cdr(v)));
    writer->is_label_done = false;
    writer->prefixes++;
    return CP_STEP_AGAIN;
}

/* The name of a record's type, without the brackets that many give it. */
static cp_step print_record(cp_writer *writer, cp_value v)
{
    cp_value name = cp_to_record_type(cp_to_record(v)->type)->name;
    cp_sink *sink = writer->options.sink;
    if (!cp_is_symbol(name))
        return print_opened(writer, FRAME_RECORD, v, "#<record");
    const cp_string *text = cp_to_string(cp_to_symbol(name)->name);
    const char *bytes = cp_string_text(text);
    size_t size = text->byte_length;
    bool has_brackets = size > 2 && bytes[0] == '<' && bytes[size - 1] == '>';
    cp_sink_add_c(sink, "#<");
    cp_sink_add(sink, bytes + has_brackets, size - 2 * (size_t)has_brackets);
    return print_opened(writer, FRAME_RECORD, v, "");
}

static cp_step print_parts(cp_writer *writer, cp_value v)
{
    size_t max_depth = writer->options.max_depth;
    if (max_depth > 0 && writer->stack.count + writer->prefixes >= max_depth) {
        cp_sink_add_c(writer->options.sink, "...");
        return done_if_added(writer);
    }
    if (!writer->is_label_done && is_labelled(writer, v))
        return print_label(writer, v, label_of(writer, v));
    if (cp_is_pair(v))
        return print_pair(writer, v);
    if (cp_is_vector(v))
        return print_opened(writer, FRAME_VECTOR, v, "#(");
    return cp_is_box(v) ? print_opened(writer, FRAME_BOX, v, "#<box ") : print_record(writer, v);
}

/* ---- Going on with what is half printed
 * ------------------------------------------------------------ */

/* CLOSING ends what the frame on top prints. */
static cp_step close_frame(cp_writer *writer, const char *closing)
{
    cp_sink_add_c(writer->options.sink, closing);
    if (writer->options.sink->is_refused)
        return CP_STEP_RETRY;
    cp_deep_pop(&writer->stack);
    return CP_STEP_AGAIN;
}

/* Part INDEX follows, or the rest is left out and CLOSING ends it: then true. */
static bool leaves_out(const cp_writer *writer, uint32_t index)
{
    return writer->options.max_length > 0 && index >= writer->options.max_length;
}

/* PART of the frame on top, after BEFORE. */
static cp_step print_part(cp_writer *writer, cp_value part, const char *before)
{
    cp_sink_add_c(writer->options.sink, before);
    if (writer->options.sink->is_refused)
        return CP_STEP_RETRY;
    writer_frame *frame = cp_deep_top(&writer->stack);
    frame->index++;
    return print_next(writer, part);
}

static cp_step print_rest(cp_writer *writer, writer_frame *frame)
{
    cp_value rest = look(writer, frame->value);
    bool is_first = frame->index == 0;
    if (cp_is_nil(rest))
        return close_frame(writer, ")");
    bool goes_on = cp_is_pair(rest) && (is_first || !is_labelled(writer, rest));
    if (leaves_out(writer, frame->index))
        return close_frame(writer, " ...)");
    cp_step step = goes_on ? print_part(writer, cp_car(rest), is_first ? "" : " ")
                           : print_part(writer, rest, " . ");
    if (step == CP_STEP_AGAIN)
        frame->value = goes_on ? cp_cdr(rest) : CP_NIL;
    return step;
}

static cp_step print_vector(cp_writer *writer, const writer_frame *frame)
{
    if (frame->index == cp_vector_length(frame->value))
        return close_frame(writer, ")");
    if (leaves_out(writer, frame->index))
        return close_frame(writer, " ...)");
    return print_part(writer, cp_vector_ref(frame->value, frame->index),
                      frame->index > 0 ? " " : "");
}

static cp_step print_bytes(cp_writer *writer, writer_frame *frame)
{
    enum { BYTES = 50 };
    uint32_t length = cp_bytevector_length(frame->value);
    uint32_t index = frame->index;
    for (int i = 0; i < BYTES && index < length && !leaves_out(writer, index); i++, index++)
        cp_sink_add_format(writer->options.sink, index > 0 ? " %u" : "%u",
                           cp_to_bytevector(frame->value)->bytes[index]);
    if (writer->options.sink->is_refused)
        return CP_STEP_RETRY;
    if (index == length)
        return close_frame(writer, ")");
    if (leaves_out(writer, index))
        return close_frame(writer, " ...)");
    frame->index = index;
    return CP_STEP_AGAIN;
}

static cp_step print_field(cp_writer *writer, const writer_frame *frame)
{
    const cp_record *record = cp_to_record(frame->value);
    if (frame->index == cp_object_length(&record->object))
        return close_frame(writer, ">");
    if (leaves_out(writer, frame->index))
        return close_frame(writer, " ...>");
    cp_value name = cp_vector_ref(cp_to_record_type(record->type)->fields, frame->index);
    const cp_string *text = cp_to_string(cp_to_symbol(name)->name);
    cp_sink_add_c(writer->options.sink, " ");
    cp_sink_add(writer->options.sink, cp_string_text(text), text->byte_length);
    return print_part(writer, record->fields[frame->index], ": ");
}

static cp_step print_box(cp_writer *writer, const writer_frame *frame)
{
    if (frame->index > 0)
        return close_frame(writer, ">");
    return print_part(writer, cp_to_box(frame->value)->value, "");
}

/* The string may have changed since the last step: go on at the next whole character of it. */
static cp_step print_text(cp_writer *writer, writer_frame *frame)
{
    static const char closings[FRAME_COUNT] = {[FRAME_STRING] = '"', [FRAME_SYMBOL] = '|'};
    const cp_string *string = cp_to_string(frame->value);
    const char *text = cp_string_text(string);
    uint32_t size = string->byte_length;
    uint32_t offset = frame->index < size ? frame->index : size;
    while (offset < size && ((unsigned char)text[offset] & 0xC0) == 0x80)
        offset++;
    char quote = closings[frame->kind];
    cp_sink *sink = writer->options.sink;
    uint32_t end = quote != 0 ? add_quoted(sink, text, size, offset, quote)
                              : add_plain(sink, text, size, offset);
    if (sink->is_refused)
        return CP_STEP_RETRY;
    if (end == size)
        return close_frame(writer, quote == '"' ? "\"" : quote == '|' ? "|" : "");
    frame->index = end;
    return CP_STEP_AGAIN;
}

static cp_step print_on(cp_writer *writer)
{
    if (writer->stack.count == 0)
        return CP_STEP_DONE;
    writer_frame *frame = cp_deep_top(&writer->stack);
    switch (frame->kind) {
    case FRAME_LIST:
        return print_rest(writer, frame);
    case FRAME_VECTOR:
        return print_vector(writer, frame);
    case FRAME_BYTES:
        return print_bytes(writer, frame);
    case FRAME_RECORD:
        return print_field(writer, frame);
    case FRAME_BOX:
        return print_box(writer, frame);
    case FRAME_STRING:
    case FRAME_SYMBOL:
    case FRAME_PLAIN:
        return print_text(writer, frame);
    case FRAME_PARTS:
    case FRAME_COUNT:
        break;
    }
    assert(false);
    return CP_STEP_DONE;
}

/* ---- The machine
 * ----------------------------------------------------------------------------------- */

static cp_step advance(cp_writer *writer)
{
    if (writer->pass != PASS_PRINT)
        return search(writer);
    if (cp_is_nothing(writer->pending))
        return print_on(writer);
    cp_value v = look(writer, writer->pending);
    return has_parts(v) ? print_parts(writer, v) : print_atom(writer, v);
}

/* What was added last goes beyond the limit: cut it behind a whole character. */
static void cut(cp_writer *writer, size_t mark)
{
    cp_sink *sink = writer->options.sink;
    size_t end = mark + (writer->options.max_bytes - writer->added);
    while (end > mark && ((unsigned char)sink->bytes[end] & 0xC0) == 0x80)
        end--;
    sink->size = end;
    writer->is_cut = true;
}

static cp_step print_dots(cp_writer *writer)
{
    cp_sink_add_c(writer->options.sink, "...");
    return writer->options.sink->is_refused ? CP_STEP_RETRY : CP_STEP_DONE;
}

static void finish(cp_writer *writer)
{
    cp_deep_clear(&writer->stack);
    writer->root = CP_NOTHING;
    writer->pending = CP_NOTHING;
    writer->seen = CP_NOTHING;
}

/* One part, or nothing when memory is refused. */
static cp_step step_once(cp_writer *writer)
{
    cp_sink *sink = writer->options.sink;
    size_t mark = sink->size;
    sink->is_refused = false;
    cp_step step = writer->is_cut ? print_dots(writer) : advance(writer);
    if (step == CP_STEP_RETRY) {
        sink->size = mark;
        return step;
    }
    size_t added = sink->size - mark;
    size_t max_bytes = writer->options.max_bytes;
    if (max_bytes > 0 && !writer->is_cut && added > max_bytes - writer->added) {
        cut(writer, mark);
        return CP_STEP_AGAIN;
    }
    writer->added += added;
    return step;
}

cp_step cp_writer_step(cp_writer *writer, size_t budget)
{
    for (; budget > 0; budget--) {
        writer->is_stopped = false;
        cp_step step = step_once(writer);
        if (step == CP_STEP_RETRY)
            return writer->is_stopped ? CP_STEP_AGAIN : CP_STEP_RETRY;
        if (step == CP_STEP_DONE) {
            finish(writer);
            return step;
        }
    }
    return CP_STEP_AGAIN;
}

/* ---- Life
 * ------------------------------------------------------------------------------------------ */

static void trace_frame(void *context, void *item)
{
    const writer_frame *frame = item;
    cp_trace(context, frame->value);
}

static void trace_writer(void *context, cp_tracer *tracer)
{
    cp_writer *writer = context;
    cp_trace(tracer, writer->root);
    cp_trace(tracer, writer->seen);
    cp_trace(tracer, writer->pending);
    cp_deep_visit(&writer->stack, trace_frame, tracer);
}

cp_writer *cp_writer_new(const cp_writer_options *options)
{
    const copse_allocator *allocator = cp_heap_allocator(options->heap);
    cp_writer *writer = cp_allocate_zeroed(allocator, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->options = *options;
    writer->calc = (cp_calc){options->heap, options->poll};
    writer->stack = cp_deep_make(allocator, sizeof(writer_frame));
    writer->pass = PASS_PRINT;
    if (cp_heap_add_root_scanner(options->heap, trace_writer, writer))
        return writer;
    cp_release(allocator, writer, sizeof *writer);
    return NULL;
}

void cp_writer_free(cp_writer *own)
{
    if (own == NULL)
        return;
    cp_deep_clear(&own->stack);
    cp_heap_remove_root_scanner(own->options.heap, trace_writer, own);
    cp_release(cp_heap_allocator(own->options.heap), own, sizeof *own);
}

void cp_writer_begin(cp_writer *writer, cp_value v)
{
    static const pass_kind first_passes[] = {[CP_LABELS_CYCLES] = PASS_SMALL_TREE,
                                             [CP_LABELS_SHARED] = PASS_GRAPH,
                                             [CP_LABELS_NONE] = PASS_PRINT};
    finish(writer);
    writer->root = v;
    writer->next_label = 0;
    writer->prefixes = 0;
    writer->added = 0;
    writer->is_cut = false;
    begin_pass(writer,
               has_parts(look(writer, v)) ? first_passes[writer->options.labels] : PASS_PRINT);
}
