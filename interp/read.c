/* read.c -- a machine over tokens with a stack of what is open.
 *
 * A datum goes through the phases below; each step of a phase first allocates and then changes the
 * reader, so a refusal leaves it where it was. Lists grow at their tail. A vector is read as a list
 * and copied at its end, in slices: its length is not known before. Cost: linear in the text.
 *
 * A label #0= is a syntax object around its datum, made before the datum is read, so #0# is that
 * object wherever it stands and a cycle needs no repair. Plain data with labels are stripped of
 * them at their end. */
#include "interp/read.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "interp/word.h"
#include "sched/memory.h"

/* X(name, meaning) */
#define PHASE_LIST(X)                                                                              \
    X(LEX, "the next token is wanted")                                                             \
    X(TOKEN, "the lexer has a token that was not looked at")                                       \
    X(VALUE, "a datum is complete and belongs into what is open")                                  \
    X(FILL, "the vector on top gets its values")                                                   \
    X(STRIP, "labels are taken out of a plain datum")

#define PHASE_ENUM(name, meaning) PHASE_##name,
typedef enum { PHASE_LIST(PHASE_ENUM) PHASE_COUNT } phase;
#undef PHASE_ENUM

/* X(name, what it is called, meaning). What is open; a list goes from LIST through the other two
 * when it has a dot. */
#define OPEN_LIST(X)                                                                               \
    X(LIST, "list", "any datum, dot or )")                                                         \
    X(TAIL, "list", "a dot was read: one datum")                                                   \
    X(LIST_END, "list", "the tail was read: )")                                                    \
    X(VECTOR, "vector", "any datum or )")                                                          \
    X(BYTES, "bytevector", "a byte or )")                                                          \
    X(PREFIX, NULL, "one datum after ' ` , ,@")                                                    \
    X(COMMENT, "#;", "one datum, which is dropped")                                                \
    X(LABEL, "label", "one datum, which gets a name")

#define OPEN_ENUM(name, text, meaning) OPEN_##name,
typedef enum { OPEN_LIST(OPEN_ENUM) OPEN_COUNT } open_kind;
#undef OPEN_ENUM

typedef struct {
    open_kind kind;
    cp_token token;    /* that opened it */
    cp_position place; /* of the token */
    size_t count;      /* VECTOR: values; BYTES: reader->bytes before it */
    cp_value head;     /* first pair or (); LABEL: the syntax object */
    cp_value tail;     /* last pair */
} open_frame;

struct cp_reader {
    cp_heap *heap;
    cp_symbols *symbols;
    cp_calc calc; /* for numbers */
    size_t max_depth;
    bool wants_syntax;

    cp_lexer lexer;
    phase phase;
    cp_deep stack;       /* of open_frame */
    cp_value value;      /* VALUE: what is complete; else the last datum */
    cp_position place;   /* where it begins */
    cp_value labels;     /* of this datum: CP_NOTHING, or a table number -> syntax object */
    cp_value vector;     /* FILL: what is filled */
    uint32_t fill_index; /* FILL: next element */
    cp_strip strip;      /* STRIP */
    uint8_t *bytes;      /* own; of all open bytevectors, outermost first */
    size_t byte_count;
    size_t byte_capacity;

    cp_value prefixes[CP_TOKEN_UNQUOTE_SPLICING - CP_TOKEN_QUOTE + 1]; /* quote ... */
    cp_position error_place;
    char message[CP_LEX_MESSAGE_SIZE];
};

enum { READ_ONWARD = CP_READ_ERROR + 1 }; /* not a result: the machine goes on */

/* ---- Mistakes ------------------------------------------------------------------------------ */

/* Drop everything that is open. */
static void abandon(cp_reader *reader)
{
    if (reader->phase == PHASE_STRIP)
        cp_strip_free(&reader->strip);
    cp_deep_clear(&reader->stack);
    reader->phase = PHASE_LEX;
    reader->value = CP_NOTHING;
    reader->labels = CP_NOTHING;
    reader->vector = CP_NOTHING;
    reader->byte_count = 0;
}

static CP_PRINTF(3, 4) int refuse(cp_reader *reader, cp_position place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reader->message, sizeof reader->message, format, arguments);
    va_end(arguments);
    reader->error_place = place;
    abandon(reader);
    return CP_READ_ERROR;
}

static open_frame *top_frame(const cp_reader *reader)
{
    return reader->stack.count == 0 ? NULL : cp_deep_top(&reader->stack);
}

/* "list", "'": what FRAME is called. */
static const char *frame_name(const open_frame *frame)
{
    static const char *const names[] = {
#define NAME(name, text, meaning) text,
        OPEN_LIST(NAME)
#undef NAME
    };
    static const char *const prefixes[] = {"'", "`", ",", ",@"};
    return frame->kind == OPEN_PREFIX ? prefixes[frame->token - CP_TOKEN_QUOTE]
                                      : names[frame->kind];
}

static bool has_close(const open_frame *frame)
{
    return frame->kind < OPEN_PREFIX;
}

/* The text ends while FRAME is open. */
static int refuse_end(cp_reader *reader, const open_frame *frame)
{
    unsigned line = cp_position_line(frame->place);
    unsigned column = cp_position_column(frame->place);
    cp_position here = cp_lexer_here(&reader->lexer);
    if (has_close(frame))
        return refuse(reader, here, "missing ) for the %s opened at %u:%u", frame_name(frame), line,
                      column);
    return refuse(reader, here, "missing datum for the %s at %u:%u", frame_name(frame), line,
                  column);
}

/* WHAT stands where FRAME wants a datum. */
static int refuse_instead(cp_reader *reader, const open_frame *frame, const char *what)
{
    return refuse(reader, reader->lexer.place,
                  "unexpected %s, expected a datum for the %s at %u:%u", what, frame_name(frame),
                  cp_position_line(frame->place), cp_position_column(frame->place));
}

/* ---- Making data --------------------------------------------------------------------------- */

/* DATUM becomes the value, wrapped as the reader's user wants it. */
static int deliver(cp_reader *reader, cp_value datum, cp_position place)
{
    if (reader->wants_syntax) {
        datum = cp_make_read_syntax(reader->heap, datum, place);
        if (cp_is_retry(datum))
            return CP_READ_RETRY;
    }
    reader->value = datum;
    reader->place = place;
    reader->phase = PHASE_VALUE;
    return READ_ONWARD;
}

/* Literals of a program are immutable. */
static cp_value freeze(const cp_reader *reader, cp_value literal)
{
    if (reader->wants_syntax && cp_is_object(literal))
        cp_object_set_flags(cp_to_object(literal), CP_FLAG_IMMUTABLE);
    return literal;
}

/* The text of the token at hand; it is no block when nothing was in it. */
static const char *token_text(const cp_reader *reader)
{
    return reader->lexer.text_size > 0 ? reader->lexer.text : "";
}

/* DATUM, made from the token at hand: or CP_RETRY, or CP_FALSE where it is too long. */
static int deliver_token(cp_reader *reader, cp_value datum)
{
    if (cp_is_retry(datum))
        return CP_READ_RETRY;
    if (cp_same(datum, CP_FALSE))
        return refuse(reader, reader->lexer.place, "text of more than %d bytes",
                      CP_STRING_MAX_BYTES);
    return deliver(reader, datum, reader->lexer.place);
}

/* ---- Words --------------------------------------------------------------------------------- */

static int refuse_number(cp_reader *reader, const char *reason)
{
    enum { EXCERPT_MAX = 40 };
    size_t size = reader->lexer.text_size;
    bool is_long = size > EXCERPT_MAX;
    return refuse(reader, reader->lexer.place, "bad number %.*s%s, %s",
                  is_long ? EXCERPT_MAX : (int)size, reader->lexer.text, is_long ? "..." : "",
                  reason);
}

static int take_word(cp_reader *reader)
{
    const char *text = token_text(reader);
    size_t size = reader->lexer.text_size;
    cp_value number = CP_FALSE;
    cp_calc_status status = cp_number_read(&reader->calc, text, size, 10, &number);
    if (status == CP_CALC_RETRY)
        return CP_READ_RETRY;
    if (status == CP_CALC_ABORTED)
        return CP_READ_AGAIN;
    if (status != CP_CALC_OK)
        return refuse_number(reader, cp_calc_status_text(status));
    if (!cp_same(number, CP_FALSE))
        return deliver(reader, number, reader->lexer.place);
    if (cp_word_is_like_number(text, size))
        return refuse_number(reader, text[0] == '#' ? "expected digits of its radix"
                                                    : "expected digits, or | around a symbol");
    return deliver_token(reader, cp_intern(reader->symbols, text, size));
}

/* ---- Opening and closing ------------------------------------------------------------------- */

/* A frame on the stack. NULL when memory is refused. */
static open_frame *push_frame(cp_reader *reader, open_kind kind)
{
    open_frame *frame = cp_deep_push(&reader->stack);
    if (frame != NULL)
        *frame = (open_frame){.kind = kind,
                              .token = reader->lexer.token,
                              .place = reader->lexer.place,
                              .head = CP_NIL,
                              .tail = CP_NIL};
    return frame;
}

static int take_open(cp_reader *reader, open_kind kind)
{
    if (reader->stack.count >= reader->max_depth)
        return refuse(reader, reader->lexer.place, "data nested more than %zu deep",
                      reader->max_depth);
    open_frame *frame = push_frame(reader, kind);
    if (frame == NULL)
        return CP_READ_RETRY;
    if (kind == OPEN_BYTES)
        frame->count = reader->byte_count;
    reader->phase = PHASE_LEX;
    return READ_ONWARD;
}

/* The frame on top is complete: DATUM stands in its place. */
static int close_frame(cp_reader *reader, cp_value datum)
{
    int result = deliver(reader, datum, top_frame(reader)->place);
    if (result == READ_ONWARD)
        cp_deep_pop(&reader->stack);
    return result;
}

static int close_vector(cp_reader *reader, const open_frame *frame)
{
    reader->vector = cp_make_vector(reader->heap, frame->count, CP_NIL);
    if (cp_is_retry(reader->vector)) {
        reader->vector = CP_NOTHING;
        return CP_READ_RETRY;
    }
    reader->fill_index = 0;
    reader->phase = PHASE_FILL;
    return READ_ONWARD;
}

static int close_bytes(cp_reader *reader, const open_frame *frame)
{
    size_t from = frame->count;
    size_t count = reader->byte_count - from;
    const void *first = count > 0 ? reader->bytes + from : (const void *)"";
    cp_value bytes = cp_bytevector_from(reader->heap, first, count);
    if (cp_is_retry(bytes))
        return CP_READ_RETRY;
    int result = close_frame(reader, freeze(reader, bytes));
    if (result == READ_ONWARD)
        reader->byte_count = from;
    return result;
}

static int take_close(cp_reader *reader)
{
    open_frame *frame = top_frame(reader);
    if (frame == NULL)
        return refuse(reader, reader->lexer.place, "unexpected ), no list is open");
    switch (frame->kind) {
    case OPEN_LIST:
    case OPEN_LIST_END:
        return close_frame(reader, frame->head);
    case OPEN_TAIL:
        return refuse(reader, reader->lexer.place, "unexpected ), expected a datum after the dot");
    case OPEN_VECTOR:
        return close_vector(reader, frame);
    case OPEN_BYTES:
        return close_bytes(reader, frame);
    case OPEN_PREFIX:
    case OPEN_COMMENT:
    case OPEN_LABEL:
        return refuse_instead(reader, frame, ")");
    case OPEN_COUNT:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

/* Go on with the vector on top: READ_ONWARD also when the budget is used up. */
static int fill(cp_reader *reader, size_t *budget)
{
    open_frame *frame = top_frame(reader);
    for (; *budget > 0 && cp_is_pair(frame->head); --*budget) {
        cp_vector_set(reader->heap, reader->vector, reader->fill_index++, cp_car(frame->head));
        frame->head = cp_cdr(frame->head);
    }
    if (cp_is_pair(frame->head))
        return CP_READ_AGAIN;
    assert(reader->fill_index == frame->count);
    int result = close_frame(reader, reader->vector);
    if (result == READ_ONWARD)
        reader->vector = CP_NOTHING;
    return result;
}

static int take_dot(cp_reader *reader)
{
    open_frame *frame = top_frame(reader);
    if (frame == NULL)
        return refuse(reader, reader->lexer.place, "unexpected dot, no list is open");
    switch (frame->kind) {
    case OPEN_LIST:
        if (cp_is_nil(frame->head))
            return refuse(reader, reader->lexer.place,
                          "unexpected dot, expected a datum before it");
        frame->kind = OPEN_TAIL;
        reader->phase = PHASE_LEX;
        return READ_ONWARD;
    case OPEN_TAIL:
    case OPEN_LIST_END:
        return refuse(reader, reader->lexer.place, "unexpected dot, this list has one");
    case OPEN_VECTOR:
    case OPEN_BYTES:
        return refuse(reader, reader->lexer.place, "unexpected dot, a %s has no tail",
                      frame_name(frame));
    case OPEN_PREFIX:
    case OPEN_COMMENT:
    case OPEN_LABEL:
        return refuse_instead(reader, frame, "dot");
    case OPEN_COUNT:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

/* ---- Labels -------------------------------------------------------------------------------- */

static cp_value label_key(const cp_reader *reader)
{
    return cp_make_fixnum((int64_t)reader->lexer.code);
}

/* The syntax object of the label at hand, or CP_NOTHING. */
static cp_value find_label(const cp_reader *reader)
{
    if (cp_is_nothing(reader->labels))
        return CP_NOTHING;
    return cp_table_ref(reader->heap, reader->labels, label_key(reader));
}

static bool have_label_table(cp_reader *reader)
{
    if (!cp_is_nothing(reader->labels))
        return true;
    cp_value table = cp_make_table(reader->heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    if (cp_is_retry(table))
        return false;
    reader->labels = table;
    return true;
}

static int take_label(cp_reader *reader)
{
    cp_position place = reader->lexer.place;
    cp_value known = find_label(reader);
    if (!cp_is_nothing(known)) {
        cp_position first = cp_to_syntax(known)->position;
        return refuse(reader, place, "second label #%u=, the first is at %u:%u",
                      (unsigned)reader->lexer.code, cp_position_line(first),
                      cp_position_column(first));
    }
    if (!have_label_table(reader))
        return CP_READ_RETRY;
    cp_value labelled = cp_make_read_syntax(reader->heap, CP_UNBOUND, place);
    if (cp_is_retry(labelled))
        return CP_READ_RETRY;
    cp_object_set_flags(cp_to_object(labelled), CP_SYNTAX_IS_LABELLED);
    int result = take_open(reader, OPEN_LABEL);
    if (result != READ_ONWARD)
        return result;
    top_frame(reader)->head = labelled;
    if (cp_table_set(reader->heap, reader->labels, label_key(reader), labelled))
        return READ_ONWARD;
    cp_deep_pop(&reader->stack);
    reader->phase = PHASE_TOKEN;
    return CP_READ_RETRY;
}

static int take_reference(cp_reader *reader)
{
    cp_value labelled = find_label(reader);
    if (cp_is_nothing(labelled))
        return refuse(reader, reader->lexer.place, "unknown label #%u#, expected #%u= before it",
                      (unsigned)reader->lexer.code, (unsigned)reader->lexer.code);
    reader->value = labelled;
    reader->place = reader->lexer.place;
    reader->phase = PHASE_VALUE;
    return READ_ONWARD;
}

static bool is_labelled(cp_value v)
{
    return cp_is_syntax(v) &&
           (cp_object_flags(&cp_to_syntax(v)->object) & CP_SYNTAX_IS_LABELLED) != 0;
}

/* The value is what the label on top names. A label of a label shares its datum, unless that is
 * still open: then it is what it names. */
static int complete_label(cp_reader *reader, const open_frame *frame)
{
    cp_value labelled = frame->head;
    cp_value datum = reader->value;
    while (is_labelled(datum) && !cp_same(cp_to_syntax(datum)->datum, CP_UNBOUND))
        datum = cp_to_syntax(datum)->datum;
    if (cp_same(datum, labelled))
        return refuse(reader, frame->place, "the label names only itself, expected a datum");
    if (cp_is_syntax(datum) && !is_labelled(datum))
        datum = cp_to_syntax(datum)->datum;
    cp_syntax *syntax = cp_to_syntax(labelled);
    cp_write(reader->heap, &syntax->object, &syntax->datum, datum);
    reader->value = labelled;
    reader->place = frame->place;
    cp_deep_pop(&reader->stack);
    return READ_ONWARD;
}

/* ---- Where a datum goes -------------------------------------------------------------------- */

static int append_value(cp_reader *reader, open_frame *frame)
{
    cp_value pair = cp_cons(reader->heap, reader->value, CP_NIL);
    if (cp_is_retry(pair))
        return CP_READ_RETRY;
    if (cp_is_nil(frame->head))
        frame->head = pair;
    else
        cp_write_cdr(reader->heap, frame->tail, pair);
    frame->tail = pair;
    frame->count++;
    reader->phase = PHASE_LEX;
    return READ_ONWARD;
}

/* (a . (b c)) is (a b c): the inner list needs no syntax object. A label does. */
static int append_tail(cp_reader *reader, open_frame *frame)
{
    cp_value tail = reader->value;
    bool is_list = cp_form_is_pair(tail) || cp_form_is_nil(tail);
    if (is_list && cp_is_syntax(tail) && !is_labelled(tail))
        tail = cp_form_datum(tail);
    cp_write_cdr(reader->heap, frame->tail, tail);
    frame->kind = OPEN_LIST_END;
    reader->phase = PHASE_LEX;
    return READ_ONWARD;
}

static int append_byte(cp_reader *reader)
{
    cp_value byte = cp_form_datum(reader->value);
    if (!cp_is_fixnum(byte) || cp_to_fixnum(byte) < 0 || cp_to_fixnum(byte) > 255)
        return refuse(reader, reader->place, "bad byte, expected an integer from 0 to 255");
    void *bytes = reader->bytes;
    if (!cp_grow_array(cp_heap_allocator(reader->heap), &bytes, &reader->byte_capacity,
                       reader->byte_count + 1, 1))
        return CP_READ_RETRY;
    reader->bytes = bytes;
    reader->bytes[reader->byte_count++] = (uint8_t)cp_to_fixnum(byte);
    reader->phase = PHASE_LEX;
    return READ_ONWARD;
}

/* 'x is (quote x), at the place of the sign. */
static int complete_prefix(cp_reader *reader, const open_frame *frame)
{
    cp_value name = reader->prefixes[frame->token - CP_TOKEN_QUOTE];
    if (reader->wants_syntax)
        name = cp_make_read_syntax(reader->heap, name, frame->place);
    cp_value parts[] = {name, reader->value};
    cp_value list = cp_is_retry(name) ? name : cp_list_from(reader->heap, parts, 2, CP_NIL);
    return cp_is_retry(list) ? CP_READ_RETRY : close_frame(reader, list);
}

/* Labels are known up to the end of the datum or comment that nothing is around. */
static int drop_comment(cp_reader *reader)
{
    cp_deep_pop(&reader->stack);
    if (reader->stack.count == 0)
        reader->labels = CP_NOTHING;
    reader->phase = PHASE_LEX;
    return READ_ONWARD;
}

/* Nothing is open: the value is the datum that was asked for. Plain data with labels become a tree
 * with a syntax object around it, as strip wants it. */
static int complete_datum(cp_reader *reader)
{
    if (reader->wants_syntax || cp_is_nothing(reader->labels)) {
        reader->labels = CP_NOTHING;
        reader->phase = PHASE_LEX;
        return CP_READ_DATUM;
    }
    cp_value tree = cp_make_read_syntax(reader->heap, reader->value, reader->place);
    if (cp_is_retry(tree))
        return CP_READ_RETRY;
    cp_strip_begin(&reader->strip, reader->heap, tree, false);
    reader->labels = CP_NOTHING;
    reader->phase = PHASE_STRIP;
    return READ_ONWARD;
}

static int take_value(cp_reader *reader)
{
    open_frame *frame = top_frame(reader);
    if (frame == NULL)
        return complete_datum(reader);
    switch (frame->kind) {
    case OPEN_LIST:
    case OPEN_VECTOR:
        return append_value(reader, frame);
    case OPEN_TAIL:
        return append_tail(reader, frame);
    case OPEN_BYTES:
        return append_byte(reader);
    case OPEN_PREFIX:
        return complete_prefix(reader, frame);
    case OPEN_COMMENT:
        return drop_comment(reader);
    case OPEN_LABEL:
        return complete_label(reader, frame);
    case OPEN_LIST_END: /* take_token does not let a datum begin there */
    case OPEN_COUNT:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

static int take_strip(cp_reader *reader, size_t *budget)
{
    cp_step step = cp_strip_step(&reader->strip, *budget, &reader->value);
    *budget = 0;
    if (step == CP_STEP_AGAIN)
        return CP_READ_AGAIN;
    if (step == CP_STEP_RETRY)
        return CP_READ_RETRY;
    reader->phase = PHASE_LEX;
    return CP_READ_DATUM;
}

/* ---- The machine --------------------------------------------------------------------------- */

static int take_token(cp_reader *reader)
{
    cp_lexer *lexer = &reader->lexer;
    cp_token token = lexer->token;
    open_frame *frame = top_frame(reader);
    bool may_follow_tail =
        token == CP_TOKEN_CLOSE || token == CP_TOKEN_COMMENT || token == CP_TOKEN_DOT;
    if (frame != NULL && frame->kind == OPEN_LIST_END && !may_follow_tail)
        return refuse(reader, lexer->place,
                      "unexpected datum, expected ) after the tail of the list opened at %u:%u",
                      cp_position_line(frame->place), cp_position_column(frame->place));
    switch (token) {
    case CP_TOKEN_OPEN:
        return take_open(reader, OPEN_LIST);
    case CP_TOKEN_OPEN_VECTOR:
        return take_open(reader, OPEN_VECTOR);
    case CP_TOKEN_OPEN_BYTES:
        return take_open(reader, OPEN_BYTES);
    case CP_TOKEN_CLOSE:
        return take_close(reader);
    case CP_TOKEN_DOT:
        return take_dot(reader);
    case CP_TOKEN_QUOTE:
    case CP_TOKEN_QUASIQUOTE:
    case CP_TOKEN_UNQUOTE:
    case CP_TOKEN_UNQUOTE_SPLICING:
        return take_open(reader, OPEN_PREFIX);
    case CP_TOKEN_COMMENT:
        return take_open(reader, OPEN_COMMENT);
    case CP_TOKEN_LABEL:
        return take_label(reader);
    case CP_TOKEN_REFERENCE:
        return take_reference(reader);
    case CP_TOKEN_FALSE:
        return deliver(reader, CP_FALSE, lexer->place);
    case CP_TOKEN_TRUE:
        return deliver(reader, CP_TRUE, lexer->place);
    case CP_TOKEN_CHAR:
        return deliver(reader, cp_make_char(lexer->code), lexer->place);
    case CP_TOKEN_STRING:
        return deliver_token(reader, freeze(reader, cp_make_string(reader->heap, token_text(reader),
                                                                   lexer->text_size, NULL)));
    case CP_TOKEN_SYMBOL:
        return deliver_token(reader,
                             cp_intern(reader->symbols, token_text(reader), lexer->text_size));
    case CP_TOKEN_WORD:
        return take_word(reader);
    case CP_TOKEN_COUNT:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

static int take_text(cp_reader *reader, size_t *budget)
{
    switch (cp_lex(&reader->lexer, budget)) {
    case CP_LEXED_TOKEN:
        reader->phase = PHASE_TOKEN;
        return READ_ONWARD;
    case CP_LEXED_END:
        return reader->stack.count == 0 ? (int)CP_READ_EOF : refuse_end(reader, top_frame(reader));
    case CP_LEXED_MORE:
        return CP_READ_INCOMPLETE;
    case CP_LEXED_AGAIN:
        return CP_READ_AGAIN;
    case CP_LEXED_RETRY:
        return CP_READ_RETRY;
    case CP_LEXED_ERROR:
        return refuse(reader, reader->lexer.error_place, "%s", reader->lexer.message);
    case CP_LEXED_ONWARD:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

static int advance(cp_reader *reader, size_t *budget)
{
    switch (reader->phase) {
    case PHASE_LEX:
        return take_text(reader, budget);
    case PHASE_TOKEN:
        return take_token(reader);
    case PHASE_VALUE:
        return take_value(reader);
    case PHASE_FILL:
        return fill(reader, budget);
    case PHASE_STRIP:
        return take_strip(reader, budget);
    case PHASE_COUNT:
        break;
    }
    assert(false);
    return CP_READ_EOF;
}

cp_read_result cp_reader_step(cp_reader *reader, size_t budget)
{
    int result = READ_ONWARD;
    while (result == READ_ONWARD)
        result = advance(reader, &budget);
    return (cp_read_result)result;
}

/* ---- Life ---------------------------------------------------------------------------------- */

static void trace_frame(void *context, void *item)
{
    cp_tracer *tracer = context;
    const open_frame *frame = item;
    cp_trace(tracer, frame->head);
    cp_trace(tracer, frame->tail);
}

static void trace_reader(void *context, cp_tracer *tracer)
{
    cp_reader *reader = context;
    cp_trace(tracer, reader->value);
    cp_trace(tracer, reader->labels);
    cp_trace(tracer, reader->vector);
    cp_trace_values(tracer, reader->prefixes, CP_COUNT_OF(reader->prefixes));
    cp_deep_visit(&reader->stack, trace_frame, tracer);
    if (reader->phase == PHASE_STRIP)
        cp_strip_trace(&reader->strip, tracer);
}

/* Fills reader->prefixes, in the order of the tokens; false when memory is refused. */
static bool intern_prefixes(cp_reader *reader)
{
    static const char *const names[] = {"quote", "quasiquote", "unquote", "unquote-splicing"};
    _Static_assert(CP_COUNT_OF(names) == CP_COUNT_OF(reader->prefixes), "one name for each");
    for (size_t i = 0; i < CP_COUNT_OF(names); i++) {
        reader->prefixes[i] = cp_intern_c(reader->symbols, names[i]);
        if (cp_is_retry(reader->prefixes[i]))
            return false;
    }
    return true;
}

cp_reader *cp_reader_new(const cp_reader_options *options)
{
    const copse_allocator *allocator = cp_heap_allocator(options->heap);
    cp_reader *reader = cp_allocate_zeroed(allocator, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->heap = options->heap;
    reader->symbols = options->symbols;
    reader->wants_syntax = options->wants_syntax;
    reader->calc = (cp_calc){options->heap, options->poll};
    reader->max_depth = options->max_depth != 0 ? options->max_depth : CP_READ_DEPTH;
    reader->lexer = cp_lexer_make(allocator, options->file);
    reader->lexer.line = options->line != 0 ? options->line : 1;
    reader->lexer.column = options->column != 0 ? options->column : 1;
    reader->stack = cp_deep_make(allocator, sizeof(open_frame));
    if (!intern_prefixes(reader) ||
        !cp_heap_add_root_scanner(options->heap, trace_reader, reader)) {
        cp_release(allocator, reader, sizeof *reader);
        return NULL;
    }
    return reader;
}

void cp_reader_free(cp_reader *own)
{
    if (own == NULL)
        return;
    const copse_allocator *allocator = cp_heap_allocator(own->heap);
    abandon(own);
    cp_heap_remove_root_scanner(own->heap, trace_reader, own);
    cp_lexer_free(&own->lexer);
    cp_release(allocator, own->bytes, own->byte_capacity);
    cp_release(allocator, own, sizeof *own);
}

void cp_reader_give(cp_reader *reader, const char *piece, size_t size, bool is_last)
{
    cp_lexer_give(&reader->lexer, piece, size, is_last);
}

void cp_reader_reset(cp_reader *reader)
{
    abandon(reader);
    cp_lexer_reset(&reader->lexer);
    cp_lexer_give(&reader->lexer, "", 0, false);
}

/* ---- Questions ----------------------------------------------------------------------------- */

cp_value cp_reader_datum(const cp_reader *reader)
{
    return reader->value;
}

cp_position cp_reader_place(const cp_reader *reader)
{
    return reader->place;
}

const char *cp_reader_message(const cp_reader *reader)
{
    return reader->message;
}

cp_position cp_reader_error_place(const cp_reader *reader)
{
    return reader->error_place;
}

void cp_reader_print_error(const cp_reader *reader, const cp_sources *sources, cp_printer *printer)
{
    cp_position_print(printer, sources, reader->error_place);
    cp_print(printer, ": %s", reader->message);
}

const char *cp_reader_open(const cp_reader *reader, cp_position *place)
{
    const char *in_token = cp_lexer_open(&reader->lexer);
    const open_frame *frame = top_frame(reader);
    if (in_token == NULL && frame == NULL)
        return NULL;
    if (place != NULL)
        *place = in_token != NULL ? reader->lexer.place : frame->place;
    return in_token != NULL ? in_token : frame_name(frame);
}

size_t cp_reader_rest(const cp_reader *reader)
{
    return reader->lexer.piece_size - reader->lexer.piece_used;
}
