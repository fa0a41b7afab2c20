#include "tests/interp/reading.h"

#include "tests/interp/random.h"

static const cp_writer_options writes = {.labels = CP_LABELS_CYCLES};
static const cp_writer_options writes_shared = {.labels = CP_LABELS_SHARED};
static const cp_writer_options writes_simply = {.labels = CP_LABELS_NONE};
static const cp_writer_options displays = {.labels = CP_LABELS_CYCLES, .displays = true};

/* ---- The spelling of each value
 * ---------------------------------------------------------------------- */

static void atoms_are_written_as_they_are_read(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {"#t",
                                        "#f",
                                        "()",
                                        "0",
                                        "-5",
                                        "1.5",
                                        "1e100",
                                        "-0.0",
                                        "+inf.0",
                                        "+nan.0",
                                        "123456789012345678901234567890",
                                        "abc",
                                        ":key",
                                        "$slot",
                                        "...",
                                        "+",
                                        "1+",
                                        "|a b|",
                                        "||",
                                        "#u8()",
                                        "#u8(0 128 255)",
                                        "#()",
                                        "\"\"",
                                        "\"a b\"",
                                        "#\\a",
                                        "#\\space"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_writes(&w, read_plain(&w, texts[i]), writes, texts[i]);
    assert_writes(&w, CP_EOF, writes, "#<eof>");
    assert_writes(&w, CP_UNSPECIFIC, writes, "#<unspecific>");
    close_world(&w);
}

static void strings_are_written_with_escapes(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {
        "\"\\a\\b\\t\\n\\r\\\"\\\\|\"",
        "\"\\x0;\\x1b;\\x7f;\"",
        "\"\xCE\xBB\xF0\x9F\xA4\x96 e\xCC\x81\"",
        "\"\\x200b;\\xa0;\\xe000;\\x10ffff;\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_writes(&w, read_plain(&w, texts[i]), writes, texts[i]);
    assert_writes(&w, read_plain(&w, "\"a\\\"b\\n\""), displays, "a\"b\n");
    close_world(&w);
}

static void characters_are_written_by_name_sign_or_number(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const struct {
        uint32_t code;
        const char *written;
    } rows[] = {{'a', "#\\a"},           {'x', "#\\x"},          {'(', "#\\("},
                {'"', "#\\\""},          {' ', "#\\space"},      {'\n', "#\\newline"},
                {0, "#\\null"},          {7, "#\\alarm"},        {8, "#\\backspace"},
                {0x7F, "#\\delete"},     {0x1B, "#\\escape"},    {'\r', "#\\return"},
                {'\t', "#\\tab"},        {1, "#\\x1"},           {0xA0, "#\\xa0"},
                {0x301, "#\\x301"},      {0x3BB, "#\\\xCE\xBB"}, {0x1F916, "#\\\xF0\x9F\xA4\x96"},
                {0x10FFFF, "#\\x10ffff"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_writes(&w, cp_make_char(rows[i].code), writes, rows[i].written);
        assert_true(cp_same(read_plain(&w, rows[i].written), cp_make_char(rows[i].code)));
    }
    assert_writes(&w, cp_make_char('\n'), displays, "\n");
    assert_writes(&w, cp_make_char(0x3BB), displays, "\xCE\xBB");
    close_world(&w);
}

static void lists_and_vectors_are_written_in_parentheses(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {
        "(a)",         "(a b . c)", "(a . #(b))", "#(1 (2) #(3) #u8(4))", "(() #() ((a) . b))",
        "(\"s\" #\\c)"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_writes(&w, read_plain(&w, texts[i]), writes, texts[i]);
    assert_writes(&w, read_plain(&w, texts[5]), displays, "(s c)");
    close_world(&w);
}

static void quotations_are_written_with_their_sign(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_reads(&w, "(quote a)", "'a");
    assert_reads(&w, "(quasiquote (a (unquote b) (unquote-splicing c)))", "`(a ,b ,@c)");
    assert_reads(&w, "''''a", "''''a");
    assert_reads(&w, "(a quote b)", "(a quote b)");
    assert_reads(&w, "(a . (quote b))", "(a quote b)");
    assert_reads(&w, "(quote)", "(quote)");
    assert_reads(&w, "(quote a b)", "(quote a b)");
    assert_reads(&w, "(quote . a)", "(quote . a)");
    assert_reads(&w, "((quote . #0=(a)) #0#)", "((quote . #0=(a)) #0#)");
    assert_reads(&w, "(|quote\\x0;| a)", "(|quote\\x0;| a)");
    assert_reads(&w, "(, @a '@a (unquote |@ a|))", "((unquote @a) (quote @a) (unquote |@ a|))");
    close_world(&w);
}

static void symbols_have_bars_when_they_would_not_read_back(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {"a",
                                        "A",
                                        "a.b",
                                        "->x",
                                        "-",
                                        "+.x",
                                        "..",
                                        ":",
                                        ":::",
                                        "$",
                                        "$/key",
                                        "%x",
                                        "1+",
                                        "-1+",
                                        "1-",
                                        "\xCE\xBB",
                                        "-inf",
                                        "+infinity",
                                        "||",
                                        "|.|",
                                        "|a b|",
                                        "|1|",
                                        "|+1|",
                                        "|-.5|",
                                        "|1x|",
                                        "|#t|",
                                        "|a#b|",
                                        "|a'b|",
                                        "|a,b|",
                                        "|a\"b|",
                                        "|a;b|",
                                        "|a(b|",
                                        "|a\\|b|",
                                        "|a\\\\b|",
                                        "|a\\nb|",
                                        "|+inf.0|",
                                        "|-nan.0|",
                                        "|+i|",
                                        "|-i|",
                                        "|\\x0;|",
                                        "|\xE2\x80\x9C|",
                                        "|a\\xa0;b|"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_writes(&w, read_plain(&w, texts[i]), writes, texts[i]);
    assert_writes(&w, read_plain(&w, "|a b|"), displays, "a b");
    close_world(&w);
}

static void records_and_boxes_show_what_they_hold(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value type =
        cp_make_record_type(w.heap, cp_intern_c(w.symbols, "<point>"), read_plain(&w, "#(x y)"));
    cp_value point = cp_make_record(w.heap, type, cp_make_fixnum(1));
    cp_record_set(w.heap, point, 1, read_plain(&w, "(a \"b\")"));
    assert_writes(&w, point, writes, "#<point x: 1 y: (a \"b\")>");
    assert_writes(&w, point, displays, "#<point x: 1 y: (a b)>");
    cp_record_set(w.heap, point, 0, point);
    assert_writes(&w, point, writes, "#0=#<point x: #0# y: (a \"b\")>");
    cp_value empty = cp_make_record(
        w.heap, cp_make_record_type(w.heap, cp_intern_c(w.symbols, "none"), read_plain(&w, "#()")),
        CP_NIL);
    assert_writes(&w, empty, writes, "#<none>");
    cp_value box = cp_make_box(w.heap, cp_make_fixnum(5));
    assert_writes(&w, box, writes, "#<box 5>");
    cp_box_set(w.heap, box, box);
    assert_writes(&w, box, writes, "#0=#<box #0#>");
    close_world(&w);
}

static bool describe(void *context, cp_sink *sink, cp_value v)
{
    (void)v;
    cp_sink_add_c(sink, context);
    return true;
}

static void objects_without_a_spelling_show_a_number_and_no_address(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_serials *serials = cp_serials_new(w.heap);
    cp_value table = cp_make_table(w.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    cp_value other = cp_make_table(w.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    cp_value parts[] = {table, other, table};
    cp_value list = cp_list_from(w.heap, parts, 3, CP_NIL);
    assert_writes(&w, list, (cp_writer_options){.serials = serials},
                  "(#<table 1> #<table 2> #<table 1>)");
    assert_writes(&w, list, writes, "(#<table> #<table> #<table>)");
    char words[] = "procedure car";
    assert_writes(&w, other,
                  (cp_writer_options){.serials = serials, .describe = describe, .context = words},
                  "#<procedure car 2>");
    cp_serials_free(serials);
    close_world(&w);
}

static void syntax_objects_can_be_seen_through(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value form = read_syntax(&w, "(a 'b #(c \"d\") #0=(e . #0#))");
    assert_writes(&w, form, (cp_writer_options){.hides_syntax = true},
                  "(a 'b #(c \"d\") #0=(e . #0#))");
    assert_writes(&w, form, writes, "#<syntax>");
    assert_writes(&w, cp_make_alias(w.heap, cp_intern_c(w.symbols, "x"), CP_NIL, CP_NO_POSITION),
                  (cp_writer_options){.hides_syntax = true}, "x");
    close_world(&w);
}

/* ---- Labels
 * ------------------------------------------------------------------------------------------- */

static void write_labels_cycles_only(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {{"(#0=(a) #0#)", "((a) (a))"},
                {"#0=(a . #0#)", "#0=(a . #0#)"},
                {"#0=(#1=(a) #1# #0#)", "#0=((a) (a) #0#)"},
                {"(x #0=(a #0#) #0#)", "(x #0=(a #0#) #0#)"},
                {"#0=#(#1=(#0# . #1#) #0#)", "#0=#(#1=(#0# . #1#) #0#)"},
                {"(#0=\"s\" #0#)", "(\"s\" \"s\")"},
                {"#0='#0#", "#0='#0#"},
                {"#0=(quote . #0#)", "#0=(quote . #0#)"},
                {"#0=(a b c . #1=(d #0# . #1#))", "#0=(a b c . #1=(d #0# . #1#))"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_writes(&w, read_plain(&w, rows[i].text), writes, rows[i].written);
        assert_writes(&w, read_plain(&w, rows[i].text), displays,
                      i == 5 ? "(s s)" : rows[i].written);
    }
    close_world(&w);
}

static void write_shared_labels_what_is_met_twice(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_reads(&w, "(#0=(a) #0#)", "(#0=(a) #0#)");
    assert_reads(&w, "(#0=(#1=(a) #1#) #0# #1#)", "(#0=(#1=(a) #1#) #0# #1#)");
    assert_reads(&w, "(#0=#() #0#)", "(#() #())");
    assert_reads(&w, "(#0=#(1) #0#)", "(#0=#(1) #0#)");
    assert_reads(&w, "(#5=(a b) . #5#)", "(#0=(a b) . #0#)");
    assert_reads(&w, "(#5=\"s\" #5#)", "(\"s\" \"s\")");
    close_world(&w);
}

/* A vector of COUNT lists of one element. */
static cp_value many_parts(world *w, uint32_t count)
{
    cp_value vector = cp_make_vector(w->heap, count, CP_NIL);
    for (uint32_t i = 0; i < count; i++)
        cp_vector_set(w->heap, vector, i, cp_cons(w->heap, cp_make_fixnum(7), CP_NIL));
    return vector;
}

/* 900 parts end in the first pass of the search, the others in later ones. */
static void cycles_are_found_in_values_of_any_size(void **state)
{
    (void)state;
    static const uint32_t counts[] = {900, 5000, 20000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        world w;
        open_world(&w);
        cp_value vector = many_parts(&w, counts[i]);
        char *text = write_text(&w, vector, writes, (manner){0});
        assert_null(strchr(text, '='));
        assert_int_equal(strlen(text), counts[i] * 4 + 2);
        free(text);
        cp_vector_set(w.heap, vector, counts[i] - 1, vector);
        text = write_text(&w, vector, writes, (manner){0});
        assert_int_equal(strlen(text), 3 + counts[i] * 4 + 2);
        assert_memory_equal(text, "#0=#((7) (7)", 12);
        assert_string_equal(text + strlen(text) - 8, "(7) #0#)");
        free(text);
        close_world(&w);
    }
}

/* The tree of it has 2^200 leaves. */
static void shared_parts_are_searched_once(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value v = CP_NIL;
    for (int i = 0; i < 200; i++)
        v = cp_cons(w.heap, v, v);
    char *text = write_text(&w, v, writes_shared, (manner){0});
    assert_memory_equal(text, "(#0=(#1=(#2=(", 13);
    free(text);
    text = write_text(&w, v, (cp_writer_options){.max_bytes = 20}, (manner){0});
    assert_string_equal(text, "((((((((((((((((((((...");
    free(text);
    close_world(&w);
}

/* ---- Limits
 * --------------------------------------------------------------------------------------------- */

static void limits_leave_out_what_is_beyond_them(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const struct {
        const char *text;
        cp_writer_options options;
        const char *written;
    } rows[] = {
        {"(1 2 3)", {.max_length = 3}, "(1 2 3)"},
        {"(1 2 3 4)", {.max_length = 3}, "(1 2 3 ...)"},
        {"(1 2 3 . 4)", {.max_length = 3}, "(1 2 3 ...)"},
        {"#(1 2 3 4)", {.max_length = 3}, "#(1 2 3 ...)"},
        {"#(1 2 3)", {.max_length = 3}, "#(1 2 3)"},
        {"#u8(1 2 3 4)", {.max_length = 3}, "#u8(1 2 3 ...)"},
        {"#u8(1 2 3)", {.max_length = 3}, "#u8(1 2 3)"},
        {"(a (b (c (d))))", {.max_depth = 2}, "(a (b ...))"},
        {"#(a #(b 'c))", {.max_depth = 2}, "#(a #(b ...))"},
        {"''''a", {.max_depth = 2}, "''..."},
        {"#0=(a . #0#)", {.labels = CP_LABELS_NONE, .max_length = 3}, "(a a a ...)"},
        {"#0=(#0#)", {.labels = CP_LABELS_NONE, .max_depth = 3}, "(((...)))"},
        {"#0='#0#", {.labels = CP_LABELS_NONE, .max_depth = 3}, "'''..."},
        {"#0=(#0# #0#)", {.labels = CP_LABELS_NONE, .max_bytes = 10}, "((((((((((..."},
        {"\"abc\"", {.max_bytes = 5}, "\"abc\""},
        {"\"abcd\"", {.max_bytes = 5}, "\"abcd..."},
        {"\"a\xCE\xBB\xCE\xBB\"", {.max_bytes = 5}, "\"a\xCE\xBB..."},
        {"(1 2)", {.max_bytes = 5}, "(1 2)"},
        {"(1 2)", {.max_bytes = 4}, "(1 2..."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t budget = 0; budget < 3; budget++) {
            char *text = write_text(&w, read_plain(&w, rows[i].text), rows[i].options,
                                    (manner){.budget = budget});
            assert_string_equal(text, rows[i].written);
            free(text);
        }
    close_world(&w);
}

/* ---- Slices
 * ---------------------------------------------------------------------------------------------- */

static const char sample[] =
    "(a #(1 #0=(2 . #0#) \"s\\n\xCE\xBB\") 'b `(c ,d ,@e) #u8(1 2 3) |x y| #\\space 1.5 "
    "#1=(#2=#(#1# #2#) . z) 123456789012345678901234567890)";

static void the_smallest_budget_writes_the_same(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    w.base.roots[0] = read_plain(&w, sample);
    for (size_t budget = 0; budget < 6; budget++)
        for (int collects = 0; collects < 2; collects++) {
            manner how = {.budget = budget, .collects = collects != 0};
            char *text = write_text(&w, w.base.roots[0], writes, how);
            assert_string_equal(text, sample);
            free(text);
            text = write_text(&w, w.base.roots[0], writes_shared, how);
            assert_string_equal(text, sample);
            free(text);
        }
    check_heap(&w.base, 0);
    close_world(&w);
}

static void refused_memory_writes_nothing_twice(void **state)
{
    (void)state;
    uint64_t refused = 1;
    for (uint64_t n = 1; refused > 0; n++) {
        world w;
        open_world(&w);
        cp_value sampled = read_plain(&w, sample);
        while (w.heap->bump != w.heap->limit)
            (void)cp_cons(w.heap, CP_NIL, CP_NIL);
        refuse_request(&w, n);
        char *text = write_text(&w, sampled, writes, (manner){0});
        assert_string_equal(text, sample);
        free(text);
        refused = w.fault.refused;
        close_world(&w);
    }
}

static void bytes_may_be_taken_between_the_steps(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_writer *writer = cp_writer_new(&(cp_writer_options){.heap = w.heap, .sink = &sink});
    char text[1000] = {0};
    cp_writer_begin(writer, read_plain(&w, sample));
    while (cp_writer_step(writer, 1) != CP_STEP_DONE) {
        strncat(text, sink.size > 0 ? sink.bytes : "", sink.size);
        sink.size = 0;
    }
    strncat(text, sink.size > 0 ? sink.bytes : "", sink.size);
    assert_string_equal(text, sample);
    cp_writer_free(writer);
    cp_sink_free(&sink);
    close_world(&w);
}

static void a_string_may_change_while_it_is_written(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_writer *writer = cp_writer_new(&(cp_writer_options){.heap = w.heap, .sink = &sink});
    cp_value string = cp_string_filled(w.heap, 500, 0x1F916);
    cp_writer_begin(writer, string);
    assert_int_equal(cp_writer_step(writer, 3), CP_STEP_AGAIN);
    for (uint32_t i = 0; i < 500; i++)
        assert_true(cp_string_set(w.heap, string, i, i % 2 == 0 ? 'a' : 0xE9));
    assert_int_equal(cp_writer_step(writer, SIZE_MAX), CP_STEP_DONE);
    size_t error_offset = 0;
    (void)cp_utf8_count(sink.bytes, sink.size, &error_offset);
    assert_int_equal(error_offset, sink.size);
    assert_int_equal(sink.bytes[sink.size - 1], '"');
    cp_writer_free(writer);
    cp_sink_free(&sink);
    close_world(&w);
}

static void a_writer_may_be_given_up_and_used_again(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_writer *writer = cp_writer_new(&(cp_writer_options){.heap = w.heap, .sink = &sink});
    for (size_t steps = 1; steps < 100; steps++) {
        cp_writer_begin(writer, read_plain(&w, sample));
        assert_int_equal(cp_writer_step(writer, steps), CP_STEP_AGAIN);
    }
    sink.size = 0;
    cp_writer_begin(writer, read_plain(&w, "#0=(a #0#)"));
    assert_int_equal(cp_writer_step(writer, SIZE_MAX), CP_STEP_DONE);
    assert_memory_equal(sink.bytes, "#0=(a #0#)", 10);
    cp_writer_free(writer);
    cp_sink_free(&sink);
    close_world(&w);
}

static void data_may_nest_200000_deep(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    for (int shape = 0; shape < 4; shape++) {
        world w;
        open_world(&w);
        cp_value v = CP_NIL;
        for (int i = 0; i < DEPTH; i++) {
            cp_value inner[] = {v};
            v = shape == 0   ? cp_cons(w.heap, v, CP_NIL)
                : shape == 1 ? cp_vector_from(w.heap, inner, 1)
                : shape == 2 ? cp_make_box(w.heap, v)
                             : cp_cons(w.heap, cp_make_fixnum(1), v);
        }
        w.base.roots[0] = v;
        char *text = write_text(&w, v, writes, (manner){.budget = 10000, .collects = shape == 0});
        static const size_t sizes[] = {2, 3, 7, 2};
        assert_in_range(strlen(text), sizes[shape] * DEPTH, sizes[shape] * DEPTH + 2);
        free(text);
        close_world(&w);
    }
}

/* ---- Round trips
 * ------------------------------------------------------------------------------------------ */

/* Values of a random graph: anything may refer to anything. */
enum { GRAPH_MAX = 60 };

typedef struct {
    world *w;
    uint64_t random;
    cp_value made[GRAPH_MAX];
    uint32_t count;
} graph;

static uint32_t pick(graph *g, uint32_t bound)
{
    return (uint32_t)(next(&g->random) % bound);
}

static uint32_t random_code(graph *g)
{
    static const uint32_t bounds[] = {0x80, 0x800, 0x10000, 0x110000};
    uint32_t code = pick(g, bounds[pick(g, 4)]);
    return cp_char_is_valid(code) ? code : 'x';
}

static size_t random_text(graph *g, char *text)
{
    static const char *const letters = "ab1.+-:$#|\\\" ;()'ei";
    size_t size = 0;
    for (uint32_t i = pick(g, 8); i > 0; i--)
        size += cp_utf8_encode(pick(g, 3) > 0 ? (uint32_t)letters[pick(g, 19)] : random_code(g),
                               text + size);
    return size;
}

static cp_value random_number(graph *g)
{
    if (pick(g, 2) == 0)
        return cp_make_fixnum((int64_t)pick(g, 2000) - 1000);
    uint64_t bits = next(&g->random);
    double d;
    memcpy(&d, &bits, sizeof d);
    return cp_make_double(d);
}

static cp_value random_atom(graph *g)
{
    char text[40];
    switch (pick(g, 8)) {
    case 0:
        return cp_make_boolean(pick(g, 2) == 0);
    case 1:
        return CP_NIL;
    case 2:
        return cp_make_char(random_code(g));
    case 3:
    case 4:
        return cp_intern(g->w->symbols, text, random_text(g, text));
    case 5:
        return cp_make_string(g->w->heap, text, random_text(g, text), NULL);
    case 6:
        return cp_bytevector_from(g->w->heap, text, random_text(g, text));
    default:
        return random_number(g);
    }
}

/* Any value; often one that was made before. */
static cp_value random_value(graph *g)
{
    return pick(g, 2) == 0 ? g->made[pick(g, g->count)] : random_atom(g);
}

/* A graph whose parts are set at random once they are all there, so that cycles arise. */
static cp_value random_graph(world *w, uint64_t seed)
{
    graph g = {.w = w, .random = seed};
    uint32_t size = 1 + pick(&g, GRAPH_MAX - 1);
    for (; g.count < size; g.count++)
        g.made[g.count] = pick(&g, 3) == 0 ? cp_make_vector(w->heap, pick(&g, 5), CP_NIL)
                                           : cp_cons(w->heap, CP_NIL, CP_NIL);
    for (uint32_t i = 0; i < size; i++) {
        cp_value v = g.made[i];
        if (cp_is_pair(v)) {
            cp_write_car(w->heap, v, random_value(&g));
            cp_write_cdr(w->heap, v, random_value(&g));
            continue;
        }
        for (uint32_t k = 0; k < cp_vector_length(v); k++)
            cp_vector_set(w->heap, v, k, random_value(&g));
    }
    return g.made[0];
}

/* A tree: no part is met twice. */
static cp_value random_tree(graph *g, uint32_t depth)
{
    uint32_t kind = depth == 0 ? 0 : pick(g, 4);
    if (kind == 0)
        return random_atom(g);
    if (kind == 1) {
        cp_value v = cp_make_vector(g->w->heap, pick(g, 5), CP_NIL);
        for (uint32_t i = 0; i < cp_vector_length(v); i++)
            cp_vector_set(g->w->heap, v, i, random_tree(g, depth - 1));
        return v;
    }
    cp_value car = random_tree(g, depth - 1);
    return cp_cons(g->w->heap, car, random_tree(g, depth - 1));
}

static bool same_atom(cp_value a, cp_value b)
{
    if (cp_is_string(a) && cp_is_string(b))
        return cp_string_equal(a, b);
    if (cp_is_bytevector(a) && cp_is_bytevector(b))
        return cp_bytevector_length(a) == cp_bytevector_length(b) &&
               memcmp(cp_to_bytevector(a)->bytes, cp_to_bytevector(b)->bytes,
                      cp_bytevector_length(a)) == 0;
    return cp_same(a, b);
}

static bool is_compound(cp_value v)
{
    return cp_is_pair(v) || (cp_is_vector(v) && cp_vector_length(v) > 0);
}

/* Which part of one value was found to match which of the other. */
typedef struct {
    cp_value left[2000];
    cp_value right[2000];
    size_t count;
    bool is_exact; /* sharing must be the same, too */
} matching;

static bool match(matching *m, cp_value a, cp_value b)
{
    if (!is_compound(a) || !is_compound(b)) {
        bool both_empty = cp_is_vector(a) && cp_is_vector(b) && !is_compound(a) && !is_compound(b);
        return both_empty || same_atom(a, b);
    }
    for (size_t i = 0; i < m->count; i++) {
        bool is_left = cp_same(m->left[i], a);
        bool is_right = cp_same(m->right[i], b);
        if (is_left && is_right)
            return true;
        if (m->is_exact && (is_left || is_right))
            return false;
    }
    assert_true(m->count < 2000);
    m->left[m->count] = a;
    m->right[m->count++] = b;
    if (cp_is_pair(a))
        return cp_is_pair(b) && match(m, cp_car(a), cp_car(b)) && match(m, cp_cdr(a), cp_cdr(b));
    if (!cp_is_vector(b) || cp_vector_length(a) != cp_vector_length(b))
        return false;
    for (uint32_t i = 0; i < cp_vector_length(a); i++)
        if (!match(m, cp_vector_ref(a, i), cp_vector_ref(b, i)))
            return false;
    return true;
}

/* V, written and read again. */
static cp_value round_trip(world *w, cp_value v, cp_writer_options options, manner how)
{
    cp_sink sink = cp_sink_make(copse_default_allocator());
    options.heap = w->heap;
    options.sink = &sink;
    cp_writer *writer = cp_writer_new(&options);
    cp_writer_begin(writer, v);
    while (cp_writer_step(writer, or_all(how.budget)) != CP_STEP_DONE) {
    }
    cp_writer_free(writer);
    cp_value read = read_text(w, sink.bytes, sink.size, how);
    cp_sink_free(&sink);
    return read;
}

static void what_is_written_with_labels_reads_back_with_the_same_sharing(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    matching *m = malloc(sizeof *m);
    for (unsigned i = 0; i < rounds(2000); i++, seed++) {
        world w;
        open_world(&w);
        cp_value v = w.base.roots[0] = random_graph(&w, seed);
        cp_value read = round_trip(&w, v, writes_shared, (manner){0});
        m->count = 0;
        m->is_exact = true;
        CHECK_SEED(match(m, v, read), seed);
        close_world(&w);
    }
    free(m);
}

/* Only cycles have labels, so a tree reads back, and a graph with cycles unfolds to the same. */
static void what_is_written_reads_back_as_an_equal_value(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    matching *m = malloc(sizeof *m);
    for (unsigned i = 0; i < rounds(2000); i++, seed++) {
        world w;
        open_world(&w);
        graph g = {.w = &w, .random = seed};
        cp_value v = w.base.roots[0] = random_tree(&g, 5);
        cp_value read =
            round_trip(&w, v, writes, (manner){.budget = 1 + seed % 7, .collects = seed % 2 == 0});
        m->count = 0;
        m->is_exact = false;
        CHECK_SEED(match(m, v, read), seed);
        close_world(&w);
    }
    free(m);
}

/* Whether TEXT alone reads as the symbol of that name. */
static bool reads_as_symbol(world *w, const char *text, size_t size)
{
    reading r = begin_reading(w, text, size, (manner){0});
    bool result = next_datum(&r) == CP_READ_DATUM && cp_is_symbol(cp_reader_datum(r.reader)) &&
                  cp_same(cp_reader_datum(r.reader), cp_intern(w->symbols, text, size)) &&
                  next_datum(&r) == CP_READ_EOF;
    end_reading(&r);
    return result;
}

static void bars_stand_exactly_where_reading_back_needs_them(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    graph g = {.w = &w, .random = seed_from_environment()};
    for (unsigned i = 0; i < rounds(20000); i++) {
        uint64_t seed = g.random;
        char name[40];
        size_t size = random_text(&g, name);
        char *text = write_text(&w, cp_intern(w.symbols, name, size), writes_simply, (manner){0});
        bool is_imaginary = size == 2 && name[1] == 'i' && (name[0] == '+' || name[0] == '-');
        CHECK_SEED((text[0] != '|') == (reads_as_symbol(&w, name, size) && !is_imaginary), seed);
        free(text);
        if (i % 1000 == 0)
            cp_collect_full(w.heap);
    }
    close_world(&w);
}

CP_TEST_MAIN(cmocka_unit_test(atoms_are_written_as_they_are_read),
             cmocka_unit_test(strings_are_written_with_escapes),
             cmocka_unit_test(characters_are_written_by_name_sign_or_number),
             cmocka_unit_test(lists_and_vectors_are_written_in_parentheses),
             cmocka_unit_test(quotations_are_written_with_their_sign),
             cmocka_unit_test(symbols_have_bars_when_they_would_not_read_back),
             cmocka_unit_test(records_and_boxes_show_what_they_hold),
             cmocka_unit_test(objects_without_a_spelling_show_a_number_and_no_address),
             cmocka_unit_test(syntax_objects_can_be_seen_through),
             cmocka_unit_test(write_labels_cycles_only),
             cmocka_unit_test(write_shared_labels_what_is_met_twice),
             cmocka_unit_test(cycles_are_found_in_values_of_any_size),
             cmocka_unit_test(shared_parts_are_searched_once),
             cmocka_unit_test(limits_leave_out_what_is_beyond_them),
             cmocka_unit_test(the_smallest_budget_writes_the_same),
             cmocka_unit_test(refused_memory_writes_nothing_twice),
             cmocka_unit_test(bytes_may_be_taken_between_the_steps),
             cmocka_unit_test(a_string_may_change_while_it_is_written),
             cmocka_unit_test(a_writer_may_be_given_up_and_used_again),
             cmocka_unit_test(data_may_nest_200000_deep),
             cmocka_unit_test(what_is_written_with_labels_reads_back_with_the_same_sharing),
             cmocka_unit_test(what_is_written_reads_back_as_an_equal_value),
             cmocka_unit_test(bars_stand_exactly_where_reading_back_needs_them))
