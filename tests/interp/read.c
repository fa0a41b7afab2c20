#include "tests/interp/reading.h"

#include <math.h>

/* ---- Data with their places, as text
 * ---------------------------------------------------------------- */

/* FORM as text, each syntax object followed by its place; for small forms without labels. */
static void render(world *w, cp_printer *printer, cp_value form)
{
    if (cp_is_pair(form)) {
        cp_print(printer, "(");
        for (cp_value rest = form; !cp_is_nil(rest); rest = cp_cdr(rest)) {
            if (!cp_is_pair(rest)) {
                cp_print(printer, ". ");
                render(w, printer, rest);
                break;
            }
            render(w, printer, cp_car(rest));
            cp_print(printer, cp_is_nil(cp_cdr(rest)) ? "" : " ");
        }
        cp_print(printer, ")");
    } else if (cp_is_vector(form)) {
        cp_print(printer, "#(");
        for (uint32_t i = 0; i < cp_vector_length(form); i++) {
            cp_print(printer, i > 0 ? " " : "");
            render(w, printer, cp_vector_ref(form, i));
        }
        cp_print(printer, ")");
    } else if (cp_is_syntax(form)) {
        cp_position place = cp_form_position(form, CP_NO_POSITION);
        render(w, printer, cp_to_syntax(form)->datum);
        cp_print(printer, "@%u:%u", cp_position_line(place), cp_position_column(place));
    } else {
        char *text = write_text(w, form, (cp_writer_options){0}, (manner){0});
        cp_print(printer, "%s", text);
        free(text);
    }
}

static void assert_places(const char *source, const char *expected)
{
    world w;
    open_world(&w);
    char text[2000];
    cp_printer printer = cp_printer_make(text, sizeof text);
    render(&w, &printer, read_syntax(&w, source));
    assert_string_equal(text, expected);
    close_world(&w);
}

/* What reading TEXT to its end gives: each datum, then the mistake with its place. */
static char *read_all(world *w, const char *text, size_t size, manner how)
{
    cp_sources *sources = cp_sources_new(copse_default_allocator());
    uint32_t file = 0;
    assert_int_equal(cp_sources_add(sources, "t.scm", 5, &file), COPSE_OK);
    enum { RESULT_SIZE = 20000 };
    char *result = malloc(RESULT_SIZE);
    cp_printer printer = cp_printer_make(result, RESULT_SIZE);
    reading r = begin_reading(w, text, size, how);
    cp_read_result read = CP_READ_DATUM;
    while ((read = next_datum(&r)) == CP_READ_DATUM) {
        w->base.roots[0] = cp_reader_datum(r.reader);
        cp_position place = cp_reader_place(r.reader);
        char *written = write_text(
            w, w->base.roots[0],
            (cp_writer_options){.labels = CP_LABELS_SHARED, .hides_syntax = true}, (manner){0});
        cp_print(&printer, "%u:%u %s\n", cp_position_line(place), cp_position_column(place),
                 written);
        free(written);
    }
    if (read == CP_READ_ERROR)
        cp_reader_print_error(r.reader, sources, &printer);
    end_reading(&r);
    cp_sources_free(sources);
    return result;
}

static void assert_all(const char *text, const char *expected)
{
    world w;
    open_world(&w);
    for (int wants_syntax = 0; wants_syntax < 2; wants_syntax++) {
        char *result =
            read_all(&w, text, strlen(text), (manner){.wants_syntax = wants_syntax != 0});
        assert_string_equal(result, expected);
        free(result);
    }
    close_world(&w);
}

/* ---- Every kind of datum
 * ---------------------------------------------------------------------------- */

static void atoms_read_as_themselves(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_true(cp_same(read_plain(&w, "#t"), CP_TRUE));
    assert_true(cp_same(read_plain(&w, "#false"), CP_FALSE));
    assert_true(cp_same(read_plain(&w, "#\\x3bb"), cp_make_char(0x3BB)));
    assert_true(cp_same(read_plain(&w, "()"), CP_NIL));
    assert_true(cp_same(read_plain(&w, "abc"), cp_intern_c(w.symbols, "abc")));
    assert_true(cp_same(read_plain(&w, "|a b|"), cp_intern_c(w.symbols, "a b")));
    assert_true(cp_same(read_plain(&w, "|abc|"), cp_intern_c(w.symbols, "abc")));
    assert_true(cp_same(read_plain(&w, ":key"), cp_intern_c(w.symbols, ":key")));
    assert_true(cp_same(read_plain(&w, "$slot"), cp_intern_c(w.symbols, "$slot")));
    cp_value string = read_plain(&w, "\"a\\nb\"");
    assert_string_equal(cp_string_text(cp_to_string(string)), "a\nb");
    close_world(&w);
}

static void numbers_read_in_every_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {{"0", "0"},
                {"-17", "-17"},
                {"+5", "5"},
                {"#xFf", "255"},
                {"#b-101", "-5"},
                {"#o17", "15"},
                {"#d10", "10"},
                {"#e1.5e1", "15"},
                {"#i3", "3.0"},
                {"#x#i10", "16.0"},
                {"#e#x10", "16"},
                {"1.", "1.0"},
                {".5", "0.5"},
                {"-.5e-3", "-0.0005"},
                {"1e21", "1e21"},
                {"-0.0", "-0.0"},
                {"+inf.0", "+inf.0"},
                {"-inf.0", "-inf.0"},
                {"+nan.0", "+nan.0"},
                {"4/2", "2"},
                {"562949953421311", "562949953421311"},
                {"562949953421312", "562949953421312"},
                {"-123456789012345678901234567890", "-123456789012345678901234567890"}};
    world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(cp_is_number(read_plain(&w, rows[i].text)));
        assert_reads(&w, rows[i].text, rows[i].written);
    }
    close_world(&w);
}

static void words_that_are_no_numbers_are_symbols(void **state)
{
    (void)state;
    static const char *const names[] = {"+",   "-",   "...", "1+", "-1+", "1-", "->x",     "-x",
                                        "+x",  "+.x", ".x",  "..", "+..", "e1", "-inf",    "+inf.1",
                                        "a.b", ":",   ":::", "$",  "$1",  "@",  "\xCE\xBB"};
    world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(cp_is_symbol(read_plain(&w, names[i])));
        assert_reads(&w, names[i], names[i]);
    }
    close_world(&w);
}

static void lists_vectors_and_bytevectors_nest(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_reads(&w, "(a (b) . c)", "(a (b) . c)");
    assert_reads(&w, "(a . (b . (c . ())))", "(a b c)");
    assert_reads(&w, "(a . #(b))", "(a . #(b))");
    assert_reads(&w, "#(1 #(2) () #())", "#(1 #(2) () #())");
    assert_reads(&w, "#u8(0 255 #x10 #e1.0)", "#u8(0 255 16 1)");
    assert_reads(&w, "#u8()", "#u8()");
    assert_reads(&w, "(#u8(1 #;#u8(9 9 9) 2) #u8(3))", "(#u8(1 2) #u8(3))");
    close_world(&w);
}

static void prefixes_are_lists(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_value list = read_plain(&w, "'x");
    assert_true(cp_same(cp_car(list), cp_intern_c(w.symbols, "quote")));
    assert_true(cp_same(cp_car(cp_cdr(list)), cp_intern_c(w.symbols, "x")));
    assert_true(cp_is_nil(cp_cdr(cp_cdr(list))));
    assert_reads(&w, "`(a ,b ,@c ''d)", "`(a ,b ,@c ''d)");
    assert_reads(&w, "(quote a)", "'a");
    assert_reads(&w, "' ; comment\n a", "'a");
    close_world(&w);
}

static void datum_comments_hide_one_datum(void **state)
{
    (void)state;
    assert_all("#;a b", "1:5 b\n");
    assert_all("(a #;b)", "1:1 (a)\n");
    assert_all("(#;a #;b)", "1:1 ()\n");
    assert_all("(a #;#;b c d)", "1:1 (a d)\n");
    assert_all("(a . #;b c #;d)", "1:1 (a . c)\n");
    assert_all("#;(a (b) \"c\") #;'d e", "1:20 e\n");
    assert_all("#;a", "");
    assert_all("'#;a b", "1:1 'b\n");
}

static void labels_make_sharing_and_cycles(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    static const char *const texts[] = {"#0=(a . #0#)",
                                        "(#0=(a) #0# #0#)",
                                        "#0=#(1 #0# #(2 #0#))",
                                        "#0=(#0# . #0#)",
                                        "(#0=(1 . #1=(2 . #0#)) #1#)",
                                        "#0='#0#"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (i != 5)
            assert_reads(&w, texts[i], texts[i]);
    assert_reads(&w, "#7=(a #3=(b) #3# #7#)", "#0=(a #1=(b) #1# #0#)");
    assert_reads(&w, "(#0=#1=(a) #0# #1#)", "(#0=(a) #0# #0#)");
    assert_reads(&w, "#0=(a #1=#0# #1#)", "#0=(a #0# #0#)");
    assert_reads(&w, "(#0=5 #0#)", "(5 5)");
    assert_reads(&w, "(a . #0=(b #0#))", "(a . #0=(b #0#))");
    cp_value cycle = read_plain(&w, "#0='#0#");
    assert_true(cp_same(cp_car(cp_cdr(cycle)), cycle));
    cp_value string = read_plain(&w, "(#0=\"s\" #0#)");
    assert_true(cp_same(cp_car(string), cp_car(cp_cdr(string))));
    close_world(&w);
}

static void labels_are_known_in_their_datum_only(void **state)
{
    (void)state;
    assert_all("#0=a #0=b", "1:1 a\n1:6 b\n");
    assert_all("#;#0=a #0=b", "1:8 b\n");
    assert_all("#0=a #0#", "1:1 a\nt.scm:1:6: unknown label #0#, expected #0= before it");
}

static void several_data_follow_each_other(void **state)
{
    (void)state;
    assert_all("", "");
    assert_all(" ; nothing\n#| at all |#\n", "");
    assert_all("a(b)\"c\"#\\d 5 'e", "1:1 a\n1:2 (b)\n1:5 \"c\"\n1:8 #\\d\n1:12 5\n1:14 'e\n");
    assert_all("#!/usr/bin/env copse\n(import (copse bt))", "2:1 (import (copse bt))\n");
}

static void fold_case_holds_up_to_its_end(void **state)
{
    (void)state;
    assert_all("A #!fold-case A (B #!no-fold-case B) B", "1:1 A\n1:15 a\n1:17 (b B)\n1:38 B\n");
}

/* ---- Places
 * ------------------------------------------------------------------------------------------ */

static void places_of_a_nested_text_are_exact(void **state)
{
    (void)state;
    assert_places(
        "(define (f x)\n  ; comment\n\t(g \"a\nb\" '\xCE\xBB #\\a\r\n #(1 #u8(2)) . z))",
        "(define@1:2 (f@1:10 x@1:12)@1:9 (g@3:3 \"a\\nb\"@3:5 (quote@4:4 \xCE\xBB@4:5)@4:4 "
        "#\\a@4:7 #(1@5:4 #u8(2)@5:6)@5:2 . z@5:16)@3:2)@1:1");
    assert_places("a", "a@1:1");
    assert_places("\n\n  `(a ,b\n,@c)", "(quasiquote@3:3 (a@3:5 (unquote@3:7 b@3:8)@3:7 "
                                        "(unquote-splicing@4:1 c@4:3)@4:1)@3:4)@3:3");
    assert_places("(a . (b c))", "(a@1:2 b@1:7 c@1:9)@1:1");
}

static void a_reader_may_start_anywhere_in_a_file(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_reader_options options = reader_options(&w, (manner){.wants_syntax = true});
    options.line = 12;
    options.column = 5;
    cp_reader *reader = cp_reader_new(&options);
    cp_reader_give(reader, "a", 1, true);
    assert_int_equal(cp_reader_step(reader, SIZE_MAX), CP_READ_DATUM);
    cp_position place = cp_form_position(cp_reader_datum(reader), CP_NO_POSITION);
    assert_int_equal(cp_position_file(place), 1);
    assert_int_equal(cp_position_line(place), 12);
    assert_int_equal(cp_position_column(place), 5);
    cp_reader_free(reader);
    close_world(&w);
}

/* ---- Mistakes
 * ---------------------------------------------------------------------------------------- */

static void each_mistake_has_its_place_and_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {")", "t.scm:1:1: unexpected ), no list is open"},
        {"(a))", "1:1 (a)\nt.scm:1:4: unexpected ), no list is open"},
        {"(a\n (b\n", "t.scm:3:1: missing ) for the list opened at 2:2"},
        {"(a . b", "t.scm:1:7: missing ) for the list opened at 1:1"},
        {"#(a", "t.scm:1:4: missing ) for the vector opened at 1:1"},
        {"#u8(1", "t.scm:1:6: missing ) for the bytevector opened at 1:1"},
        {"(a '", "t.scm:1:5: missing datum for the ' at 1:4"},
        {",@ ", "t.scm:1:4: missing datum for the ,@ at 1:1"},
        {"#;", "t.scm:1:3: missing datum for the #; at 1:1"},
        {"(a #;)", "t.scm:1:6: unexpected ), expected a datum for the #; at 1:4"},
        {"(a ')", "t.scm:1:5: unexpected ), expected a datum for the ' at 1:4"},
        {"(a #0=)", "t.scm:1:7: unexpected ), expected a datum for the label at 1:4"},
        {"#1=", "t.scm:1:4: missing datum for the label at 1:1"},
        {".", "t.scm:1:1: unexpected dot, no list is open"},
        {"( . a)", "t.scm:1:3: unexpected dot, expected a datum before it"},
        {"(a .)", "t.scm:1:5: unexpected ), expected a datum after the dot"},
        {"(a . b c)",
         "t.scm:1:8: unexpected datum, expected ) after the tail of the list opened at "
         "1:1"},
        {"(a . b . c)", "t.scm:1:8: unexpected dot, this list has one"},
        {"(a . . b)", "t.scm:1:6: unexpected dot, this list has one"},
        {"(a '. b)", "t.scm:1:5: unexpected dot, expected a datum for the ' at 1:4"},
        {"#(1 . 2)", "t.scm:1:5: unexpected dot, a vector has no tail"},
        {"#u8(1 . 2)", "t.scm:1:7: unexpected dot, a bytevector has no tail"},
        {"#u8(1 256)", "t.scm:1:7: bad byte, expected an integer from 0 to 255"},
        {"#u8(-1)", "t.scm:1:5: bad byte, expected an integer from 0 to 255"},
        {"#u8(a)", "t.scm:1:5: bad byte, expected an integer from 0 to 255"},
        {"#u8(1.0)", "t.scm:1:5: bad byte, expected an integer from 0 to 255"},
        {"#0=#u8(#0#)", "t.scm:1:8: bad byte, expected an integer from 0 to 255"},
        {"(a 12abc)", "t.scm:1:4: bad number 12abc, expected digits, or | around a symbol"},
        {"1.2.3", "t.scm:1:1: bad number 1.2.3, expected digits, or | around a symbol"},
        {"-5x", "t.scm:1:1: bad number -5x, expected digits, or | around a symbol"},
        {".5.", "t.scm:1:1: bad number .5., expected digits, or | around a symbol"},
        {"+1+", "t.scm:1:1: bad number +1+, expected digits, or | around a symbol"},
        {"#xZZ", "t.scm:1:1: bad number #xZZ, expected digits of its radix"},
        {"#b2", "t.scm:1:1: bad number #b2, expected digits of its radix"},
        {"#e", "t.scm:1:1: bad number #e, expected digits of its radix"},
        {"1/3", "t.scm:1:1: bad number 1/3, the result is no integer"},
        {"1/0", "t.scm:1:1: bad number 1/0, expected digits, or | around a symbol"},
        {"123456789012345678901234567890123456789012345x",
         "t.scm:1:1: bad number 1234567890123456789012345678901234567890..., expected digits, or | "
         "around a symbol"},
        {"#0#", "t.scm:1:1: unknown label #0#, expected #0= before it"},
        {"(#0=a\n #0=b)", "t.scm:2:2: second label #0=, the first is at 1:2"},
        {"#0=#0#", "t.scm:1:1: the label names only itself, expected a datum"},
        {"#0=#1=#0#", "t.scm:1:1: the label names only itself, expected a datum"},
        {"(a \"b\n c", "t.scm:2:3: missing \" for the string opened at 1:4"},
        {"(a |b", "t.scm:1:6: missing | for the symbol opened at 1:4"},
        {"(a #|b", "t.scm:1:7: missing |# for the block comment opened at 1:4"},
        {"(a #\\foo)", "t.scm:1:4: bad character name #\\foo, expected one character, #\\x41, or "
                       "alarm backspace delete escape newline null return space tab"},
        {"(\"\\q\")",
         "t.scm:1:3: bad escape \\q, expected \\a \\b \\t \\n \\r \\\" \\\\ \\| \\x41; or "
         "a line end"},
        {"a\n\xFF", "1:1 a\nt.scm:2:1: byte 2 of the text is not valid UTF-8"},
        {"#!eof", "t.scm:1:1: unknown directive #!eof, expected #!fold-case or #!no-fold-case"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_all(rows[i].text, rows[i].expected);
}

static void reading_goes_on_behind_a_mistake(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    const char *text = "(a ) ) (b #(1 #u8(300) c";
    reading r = begin_reading(&w, text, strlen(text), (manner){0});
    assert_int_equal(next_datum(&r), CP_READ_DATUM);
    assert_int_equal(next_datum(&r), CP_READ_ERROR);
    assert_int_equal(next_datum(&r), CP_READ_ERROR);
    assert_null(cp_reader_open(r.reader, NULL));
    assert_int_equal(next_datum(&r), CP_READ_ERROR); /* the ) of the bytevector */
    assert_int_equal(next_datum(&r), CP_READ_DATUM);
    assert_writes(&w, cp_reader_datum(r.reader), (cp_writer_options){0}, "c");
    assert_int_equal(next_datum(&r), CP_READ_EOF);
    assert_int_equal(next_datum(&r), CP_READ_EOF);
    end_reading(&r);
    close_world(&w);
}

/* ---- Pieces
 * ------------------------------------------------------------------------------------------ */

static const char sample[] =
    "#!/usr/bin/env copse\r\n; comment \xCE\xBB\n(define (\xCE\xBB x) #| a #| b |# |#\n"
    "  \"s\\n\\x3bb; \xF0\x9F\xA4\x96 \\\n   t\" `(a ,@b ,c . #(1 2 #\\space #\\x3bb)) #u8(1 "
    "#xff)\n"
    "  |b\\|ar \xCE\xBB| #;(hidden #u8(7)) #0=(a #1=#(1 #0#) . #0#) #1# #t #false :key $slot "
    "-1.5e10\n"
    "  #!fold-case ABC #\\NEWLINE #!no-fold-case ABC '\xE4\xB8\xAD "
    "123456789012345678901234567890)\n"
    "(second #(1 2 3 4 5 6 7 8 9 10)) 'third #(#0=(x) #0#)";

static char *sample_data(bool wants_syntax)
{
    world w;
    open_world(&w);
    char *expected = read_all(&w, sample, strlen(sample), (manner){.wants_syntax = wants_syntax});
    assert_null(strstr(expected, "t.scm"));
    close_world(&w);
    return expected;
}

static void assert_sample(world *w, manner how, const char *expected)
{
    char *result = read_all(w, sample, strlen(sample), how);
    assert_string_equal(result, expected);
    free(result);
}

static void a_text_may_be_split_at_any_byte(void **state)
{
    (void)state;
    for (int wants_syntax = 0; wants_syntax < 2; wants_syntax++) {
        char *expected = sample_data(wants_syntax != 0);
        world w;
        open_world(&w);
        for (size_t first = 1; first < strlen(sample); first++)
            assert_sample(&w, (manner){.first_piece = first, .wants_syntax = wants_syntax != 0},
                          expected);
        for (size_t piece = 1; piece < 8; piece++)
            assert_sample(
                &w,
                (manner){.first_piece = piece, .piece = piece, .wants_syntax = wants_syntax != 0},
                expected);
        free(expected);
        close_world(&w);
    }
}

static void the_smallest_budget_gives_the_same_data(void **state)
{
    (void)state;
    for (int wants_syntax = 0; wants_syntax < 2; wants_syntax++) {
        char *expected = sample_data(wants_syntax != 0);
        world w;
        open_world(&w);
        for (size_t budget = 1; budget < 6; budget++)
            assert_sample(&w, (manner){.budget = budget, .wants_syntax = wants_syntax != 0},
                          expected);
        free(expected);
        close_world(&w);
    }
}

static void collections_between_the_steps_lose_nothing(void **state)
{
    (void)state;
    for (int wants_syntax = 0; wants_syntax < 2; wants_syntax++) {
        char *expected = sample_data(wants_syntax != 0);
        world w;
        open_world(&w);
        for (size_t budget = 1; budget < 4; budget++)
            assert_sample(&w,
                          (manner){.budget = budget,
                                   .piece = 7,
                                   .first_piece = 7,
                                   .collects = true,
                                   .wants_syntax = wants_syntax != 0},
                          expected);
        check_heap(&w.base, 0);
        free(expected);
        close_world(&w);
    }
}

static void refused_memory_loses_nothing(void **state)
{
    (void)state;
    for (int wants_syntax = 0; wants_syntax < 2; wants_syntax++) {
        char *expected = sample_data(wants_syntax != 0);
        uint64_t refused = 1;
        for (uint64_t n = 1; refused > 0; n++) {
            world w;
            open_world(&w);
            /* Little room is left in the heap, so that reading asks the allocator. */
            while (w.heap->limit - w.heap->bump > 64)
                (void)cp_cons(w.heap, CP_NIL, CP_NIL);
            refuse_request(&w, n);
            manner how = {.budget = 10, .wants_syntax = wants_syntax != 0};
            assert_sample(&w, how, expected);
            refused = w.fault.refused;
            close_world(&w);
        }
        free(expected);
    }
}

static void an_incomplete_text_says_what_is_open(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *open;
        unsigned line;
        unsigned column;
    } rows[] = {{"", NULL, 0, 0},
                {"abc", NULL, 0, 0},
                {"(a\n (b ", "list", 2, 2},
                {"(a . ", "list", 1, 1},
                {"(a . b ", "list", 1, 1},
                {" #(a", "vector", 1, 2},
                {"#u8(", "bytevector", 1, 1},
                {"(a \"b\n", "string", 1, 4},
                {"(a |b", "symbol", 1, 4},
                {"(a #| b ", "block comment", 1, 4},
                {"(a ; b", "list", 1, 1},
                {"(a '", "'", 1, 4},
                {"`(a ,@ ", ",@", 1, 5},
                {"#; ", "#;", 1, 1},
                {"#0= ", "label", 1, 1}};
    world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cp_reader_options options = reader_options(&w, (manner){0});
        cp_reader *reader = cp_reader_new(&options);
        cp_reader_give(reader, rows[i].text, strlen(rows[i].text), false);
        assert_int_equal(cp_reader_step(reader, SIZE_MAX), CP_READ_INCOMPLETE);
        cp_position place = CP_NO_POSITION;
        const char *open = cp_reader_open(reader, &place);
        if (rows[i].open == NULL) {
            assert_null(open);
        } else {
            assert_non_null(open);
            assert_string_equal(open, rows[i].open);
            assert_int_equal(cp_position_line(place), rows[i].line);
            assert_int_equal(cp_position_column(place), rows[i].column);
        }
        cp_reader_reset(reader);
        assert_null(cp_reader_open(reader, NULL));
        cp_reader_give(reader, " x ", 3, false);
        assert_int_equal(cp_reader_step(reader, SIZE_MAX), CP_READ_DATUM);
        assert_writes(&w, cp_reader_datum(reader), (cp_writer_options){0}, "x");
        cp_reader_free(reader);
    }
    close_world(&w);
}

static void nothing_behind_a_datum_is_consumed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t rest;
    } rows[] = {{"(a)b", 1}, {"a b", 2},  {"a(b", 2}, {"\"s\"x", 1}, {"#\\a)", 1},
                {"|a|b", 1}, {"'a;c", 2}, {"5\n", 1}, {"#(1)\n", 1}};
    world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cp_reader_options options = reader_options(&w, (manner){0});
        cp_reader *reader = cp_reader_new(&options);
        cp_reader_give(reader, rows[i].text, strlen(rows[i].text), false);
        assert_int_equal(cp_reader_step(reader, SIZE_MAX), CP_READ_DATUM);
        assert_int_equal(cp_reader_rest(reader), rows[i].rest);
        cp_reader_free(reader);
    }
    close_world(&w);
}

/* ---- Depth
 * ------------------------------------------------------------------------------------------- */

static char *repeated(const char *opening, size_t count, const char *middle, const char *closing)
{
    size_t size = count * (strlen(opening) + strlen(closing)) + strlen(middle) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = text;
    for (size_t i = 0; i < count; i++, at += strlen(opening))
        memcpy(at, opening, strlen(opening));
    memcpy(at, middle, strlen(middle));
    at += strlen(middle);
    for (size_t i = 0; i < count; i++, at += strlen(closing))
        memcpy(at, closing, strlen(closing));
    *at = '\0';
    return text;
}

static void source_may_nest_200000_deep(void **state)
{
    (void)state;
    static const struct {
        const char *opening;
        const char *closing;
    } rows[] = {{"(", ")"},     {"#(", ")"},      {"'", ""},
                {"(a . ", ")"}, {"(x ", " . y)"}, {"#;a (", ")"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        open_world(&w);
        char *text = repeated(rows[i].opening, 200000, "z", rows[i].closing);
        w.base.roots[0] = read_syntax(&w, text);
        cp_collect_full(w.heap);
        w.base.roots[0] = cp_syntax_strip(w.heap, w.base.roots[0], true);
        w.base.roots[1] = read_plain(&w, text);
        char *from_syntax = write_text(&w, w.base.roots[0], (cp_writer_options){0}, (manner){0});
        char *from_plain = write_text(&w, w.base.roots[1], (cp_writer_options){0}, (manner){0});
        assert_true(strcmp(from_syntax, from_plain) == 0);
        free(from_syntax);
        free(from_plain);
        free(text);
        close_world(&w);
    }
}

static void nesting_beyond_the_limit_is_a_mistake(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    char *result = read_all(&w, "(((a)))", 7, (manner){.max_depth = 3});
    assert_string_equal(result, "1:1 (((a)))\n");
    free(result);
    result = read_all(&w, "('(#(a)))", 9, (manner){.max_depth = 3});
    assert_string_equal(result, "t.scm:1:4: data nested more than 3 deep");
    free(result);
    char *text = repeated("(", CP_READ_DEPTH + 1, "a", ")");
    result = read_all(&w, text, strlen(text), (manner){0});
    assert_string_equal(result, "t.scm:1:1000001: data nested more than 1000000 deep");
    free(result);
    free(text);
    close_world(&w);
}

static void many_labels_cost_linear_time(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    enum { COUNT = 50000 };
    char *text = malloc(COUNT * 20 + 10);
    char *at = text;
    *at++ = '(';
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, "#%d=(#%d#) ", i, i);
    *at++ = ')';
    *at = '\0';
    cp_value list = read_plain(&w, text);
    int count = 0;
    for (; cp_is_pair(list); list = cp_cdr(list), count++)
        assert_true(cp_same(cp_car(cp_car(list)), cp_car(list)));
    assert_int_equal(count, COUNT);
    free(text);
    close_world(&w);
}

CP_TEST_MAIN(cmocka_unit_test(atoms_read_as_themselves),
             cmocka_unit_test(numbers_read_in_every_spelling),
             cmocka_unit_test(words_that_are_no_numbers_are_symbols),
             cmocka_unit_test(lists_vectors_and_bytevectors_nest),
             cmocka_unit_test(prefixes_are_lists), cmocka_unit_test(datum_comments_hide_one_datum),
             cmocka_unit_test(labels_make_sharing_and_cycles),
             cmocka_unit_test(labels_are_known_in_their_datum_only),
             cmocka_unit_test(several_data_follow_each_other),
             cmocka_unit_test(fold_case_holds_up_to_its_end),
             cmocka_unit_test(places_of_a_nested_text_are_exact),
             cmocka_unit_test(a_reader_may_start_anywhere_in_a_file),
             cmocka_unit_test(each_mistake_has_its_place_and_what_would_be_right),
             cmocka_unit_test(reading_goes_on_behind_a_mistake),
             cmocka_unit_test(a_text_may_be_split_at_any_byte),
             cmocka_unit_test(the_smallest_budget_gives_the_same_data),
             cmocka_unit_test(collections_between_the_steps_lose_nothing),
             cmocka_unit_test(refused_memory_loses_nothing),
             cmocka_unit_test(an_incomplete_text_says_what_is_open),
             cmocka_unit_test(nothing_behind_a_datum_is_consumed),
             cmocka_unit_test(source_may_nest_200000_deep),
             cmocka_unit_test(nesting_beyond_the_limit_is_a_mistake),
             cmocka_unit_test(many_labels_cost_linear_time))
