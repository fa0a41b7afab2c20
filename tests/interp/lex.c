#include "tests/check.h"

#include "interp/lex.h"
#include "tests/fault.h"

/* ---- Tokens as text ------------------------------------------------------------------------ */

enum { RENDER_SIZE = 1 << 16 };

static const char *const token_names[] = {
#define NAME(name, meaning) #name,
    CP_TOKEN_LIST(NAME)
#undef NAME
};

static bool has_text(cp_token token)
{
    return token == CP_TOKEN_STRING || token == CP_TOKEN_SYMBOL || token == CP_TOKEN_WORD;
}

static bool has_code(cp_token token)
{
    return token == CP_TOKEN_LABEL || token == CP_TOKEN_REFERENCE || token == CP_TOKEN_CHAR;
}

static void render_token(cp_printer *printer, const cp_lexer *lexer)
{
    cp_print(printer, "%u:%u %s", cp_position_line(lexer->place), cp_position_column(lexer->place),
             token_names[lexer->token]);
    if (has_text(lexer->token)) {
        cp_print(printer, " [");
        for (size_t i = 0; i < lexer->text_size; i++)
            cp_print(printer, lexer->text[i] == 0 ? "NUL" : "%c", lexer->text[i]);
        cp_print(printer, "]");
    }
    if (has_code(lexer->token))
        cp_print(printer, " %u", (unsigned)lexer->code);
    cp_print(printer, "\n");
}

/* How a text is given: in pieces of at most this size, with this budget for each call. */
typedef struct {
    size_t first_piece;
    size_t piece;
    size_t budget;
    uint64_t refuse_at;
} manner;

static const manner at_once = {SIZE_MAX, SIZE_MAX, SIZE_MAX, 0};

/* All tokens of SIZE bytes at TEXT, up to the first error or the end, one a line. */
static void render(char *rendered, const char *text, size_t size, manner how)
{
    cp_fault fault;
    cp_fault_init(&fault, how.refuse_at);
    cp_lexer lexer = cp_lexer_make(&fault.allocator, 1);
    cp_printer printer = cp_printer_make(rendered, RENDER_SIZE);
    size_t given = 0;
    size_t next = how.first_piece;
    bool is_over = false;
    while (!is_over) {
        size_t budget = how.budget;
        switch (cp_lex(&lexer, &budget)) {
        case CP_LEXED_TOKEN:
            render_token(&printer, &lexer);
            break;
        case CP_LEXED_MORE: {
            size_t piece = size - given < next ? size - given : next;
            /* A copy of exactly that size, so that a sanitizer sees a byte too many. */
            char *copy = malloc(piece + (piece == 0));
            memcpy(copy, text + given, piece);
            free(given > 0 ? (void *)(uintptr_t)lexer.piece : NULL);
            cp_lexer_give(&lexer, copy, piece, given + piece == size);
            given += piece;
            next = how.piece;
            if (given == 0) /* an empty text: nothing to free later */
                free(copy), cp_lexer_give(&lexer, "", 0, true);
            break;
        }
        case CP_LEXED_END:
            is_over = true;
            break;
        case CP_LEXED_ERROR:
            cp_print(&printer, "%u:%u error: %s\n", cp_position_line(lexer.error_place),
                     cp_position_column(lexer.error_place), lexer.message);
            is_over = true;
            break;
        case CP_LEXED_AGAIN:
            assert_int_not_equal(how.budget, SIZE_MAX);
            break;
        case CP_LEXED_RETRY:
            assert_int_not_equal(how.refuse_at, 0);
            break;
        case CP_LEXED_ONWARD:
            fail();
        }
    }
    if (given > 0)
        free((void *)(uintptr_t)lexer.piece);
    cp_lexer_free(&lexer);
    assert_int_equal(fault.live_bytes, 0);
    assert_true(printer.length < RENDER_SIZE);
}

static void assert_tokens(const char *text, const char *expected)
{
    char *rendered = malloc(RENDER_SIZE);
    render(rendered, text, strlen(text), at_once);
    assert_string_equal(rendered, expected);
    free(rendered);
}

/* ---- Each lexical form --------------------------------------------------------------------- */

static void parentheses_and_prefixes_are_tokens(void **state)
{
    (void)state;
    assert_tokens("()", "1:1 OPEN\n1:2 CLOSE\n");
    assert_tokens("#(#u8(", "1:1 OPEN_VECTOR\n1:3 OPEN_BYTES\n");
    assert_tokens("#U8(", "1:1 OPEN_BYTES\n");
    assert_tokens("'`,,@", "1:1 QUOTE\n1:2 QUASIQUOTE\n1:3 UNQUOTE\n1:4 UNQUOTE_SPLICING\n");
    assert_tokens(", @a", "1:1 UNQUOTE\n1:3 WORD [@a]\n");
    assert_tokens("#;a", "1:1 COMMENT\n1:3 WORD [a]\n");
    assert_tokens("a .b . c", "1:1 WORD [a]\n1:3 WORD [.b]\n1:6 DOT\n1:8 WORD [c]\n");
}

static void words_end_at_delimiters(void **state)
{
    (void)state;
    assert_tokens("a(b)c\"\"d;e\nf|g|h", "1:1 WORD [a]\n1:2 OPEN\n1:3 WORD [b]\n1:4 CLOSE\n"
                                         "1:5 WORD [c]\n1:6 STRING []\n1:8 WORD [d]\n"
                                         "2:1 WORD [f]\n2:2 SYMBOL [g]\n2:5 WORD [h]\n");
    assert_tokens("!$%&*/:<=>?^_~+-.@", "1:1 WORD [!$%&*/:<=>?^_~+-.@]\n");
    assert_tokens(":key $slot ... 1+ -1.5e3",
                  "1:1 WORD [:key]\n1:6 WORD [$slot]\n1:12 WORD [...]\n1:16 WORD [1+]\n"
                  "1:19 WORD [-1.5e3]\n");
    assert_tokens("", "");
    assert_tokens(" \t\f\v\r\n", "");
}

static void words_may_hold_letters_of_every_language(void **state)
{
    (void)state;
    assert_tokens("\xCE\xBB \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\xA4\x96!",
                  "1:1 WORD [\xCE\xBB]\n1:3 WORD [\xE4\xB8\xAD\xE6\x96\x87]\n"
                  "1:6 WORD [\xF0\x9F\xA4\x96!]\n");
    assert_tokens("a\xC2\xA0"
                  "b\xE3\x80\x80"
                  "c",
                  "1:1 WORD [a]\n1:3 WORD [b]\n1:5 WORD [c]\n");
}

static void comments_are_no_tokens(void **state)
{
    (void)state;
    assert_tokens("; a ( \" |\nb", "2:1 WORD [b]\n");
    assert_tokens("a;", "1:1 WORD [a]\n");
    assert_tokens("#|a|#b", "1:6 WORD [b]\n");
    assert_tokens("#|a #| b |# c\n|##|||#d #||#", "2:8 WORD [d]\n");
    assert_tokens("#|#|#|x|#|#|# e", "1:15 WORD [e]\n");
    assert_tokens("#|##|||#|#f", "1:11 WORD [f]\n");
}

static void the_first_line_may_name_the_program(void **state)
{
    (void)state;
    assert_tokens("#!/usr/bin/env copse\n(a)", "2:1 OPEN\n2:2 WORD [a]\n2:3 CLOSE\n");
    assert_tokens("#! /bin/sh", "");
    assert_tokens("\xEF\xBB\xBF#!/usr/bin/env copse\r\na", "2:1 WORD [a]\n");
    assert_tokens("\xEF\xBB\xBF"
                  "a",
                  "1:1 WORD [a]\n");
    assert_tokens("\n#!/usr/bin/env copse",
                  "2:1 error: unknown directive #!/usr/bin/env, expected #!fold-case or "
                  "#!no-fold-case\n");
}

static void fold_case_folds_words_and_character_names_only(void **state)
{
    (void)state;
    assert_tokens("AbC", "1:1 WORD [AbC]\n");
    assert_tokens("#!fold-case AbC #T #\\A #\\SPACE \"A\" |A|#!no-fold-case A",
                  "1:13 WORD [abc]\n1:17 TRUE\n1:20 CHAR 65\n1:24 CHAR 32\n1:32 STRING [A]\n"
                  "1:36 SYMBOL [A]\n1:54 WORD [A]\n");
    assert_tokens("#!fold-case STRA\xC3\x9F"
                  "E",
                  "1:13 WORD [strasse]\n");
}

static void booleans_are_short_or_long(void **state)
{
    (void)state;
    assert_tokens("#t #f #true #false #T", "1:1 TRUE\n1:4 FALSE\n1:7 TRUE\n1:13 FALSE\n"
                                           "1:20 TRUE\n");
    assert_tokens("#t#f",
                  "1:3 error: unexpected # after #t, expected a space or one of ( ) \" ; |\n");
}

static void numbers_with_prefixes_are_words(void **state)
{
    (void)state;
    assert_tokens("#xFF #e1.5 #X#eFF #i#b10 #d+1",
                  "1:1 WORD [#xFF]\n1:6 WORD [#e1.5]\n1:12 WORD [#X#eFF]\n1:19 WORD [#i#b10]\n"
                  "1:26 WORD [#d+1]\n");
}

static void labels_have_numbers(void **state)
{
    (void)state;
    assert_tokens("#0=(#0# #123456789#)", "1:1 LABEL 0\n1:4 OPEN\n1:5 REFERENCE 0\n"
                                          "1:9 REFERENCE 123456789\n1:20 CLOSE\n");
}

static void characters_have_names_and_numbers(void **state)
{
    (void)state;
    assert_tokens("#\\a #\\A #\\( #\\) #\\; #\\\" #\\# #\\' #\\x #\\ ",
                  "1:1 CHAR 97\n1:5 CHAR 65\n1:9 CHAR 40\n1:13 CHAR 41\n1:17 CHAR 59\n"
                  "1:21 CHAR 34\n1:25 CHAR 35\n1:29 CHAR 39\n1:33 CHAR 120\n1:37 CHAR 32\n");
    assert_tokens("#\\alarm #\\backspace #\\delete #\\escape #\\newline\n#\\null #\\nul "
                  "#\\return #\\space #\\tab",
                  "1:1 CHAR 7\n1:9 CHAR 8\n1:21 CHAR 127\n1:30 CHAR 27\n1:39 CHAR 10\n"
                  "2:1 CHAR 0\n2:8 CHAR 0\n2:14 CHAR 13\n2:23 CHAR 32\n2:31 CHAR 9\n");
    assert_tokens("#\\x41 #\\X3bb #\\x10FFFF #\\x0 #\\\xCE\xBB",
                  "1:1 CHAR 65\n1:7 CHAR 955\n1:14 CHAR 1114111\n1:24 CHAR 0\n1:29 CHAR 955\n");
    assert_tokens("#\\\n #\\a(", "1:1 CHAR 10\n2:2 CHAR 97\n2:5 OPEN\n");
}

static void strings_have_escapes_and_line_continuations(void **state)
{
    (void)state;
    assert_tokens("\"a b;c|d(\"", "1:1 STRING [a b;c|d(]\n");
    assert_tokens("\"\\a\\b\\t\\n\\r\\\"\\\\\\|\"", "1:1 STRING [\a\b\t\n\r\"\\|]\n");
    assert_tokens("\"\\x41;\\X3bb;\\x0001F916;\"", "1:1 STRING [A\xCE\xBB\xF0\x9F\xA4\x96]\n");
    assert_tokens("\"one \\\n   two\\  \t\r\n\tthree\"x",
                  "1:1 STRING [one twothree]\n3:8 WORD [x]\n");
    assert_tokens("\"a\nb\rc\r\nd\n\re\"f", "1:1 STRING [a\nb\nc\nd\n\ne]\n6:3 WORD [f]\n");
    assert_tokens("\"\\\n\n\"", "1:1 STRING [\n]\n");
}

static void symbols_between_bars_hold_anything(void **state)
{
    (void)state;
    assert_tokens("|a b(\"| ||", "1:1 SYMBOL [a b(\"]\n1:9 SYMBOL []\n");
    assert_tokens("|\\|\\x41;\\t\\\\|", "1:1 SYMBOL [|A\t\\]\n");
    assert_tokens("|a\nb|c", "1:1 SYMBOL [a\nb]\n2:3 WORD [c]\n");
}

static void lines_end_with_newline_return_or_both(void **state)
{
    (void)state;
    assert_tokens("a\nb\rc\r\nd\n\re",
                  "1:1 WORD [a]\n2:1 WORD [b]\n3:1 WORD [c]\n4:1 WORD [d]\n6:1 WORD [e]\n");
    assert_tokens("\t\xC3\xA9 x\n  \xF0\x9F\xA4\x96 y",
                  "1:2 WORD [\xC3\xA9]\n1:4 WORD [x]\n2:3 WORD [\xF0\x9F\xA4\x96]\n2:5 WORD [y]\n");
}

/* ---- Mistakes
 * ------------------------------------------------------------------------------------ */

static void each_mistake_has_its_place_and_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"\"a\nb", "2:2 error: missing \" for the string opened at 1:1\n"},
        {" |ab", "1:5 error: missing | for the symbol opened at 1:2\n"},
        {"#|a #|b|#", "1:10 error: missing |# for the block comment opened at 1:1\n"},
        {"\"a\\", "1:4 error: missing \" for the string opened at 1:1\n"},
        {"\"\\x41", "1:6 error: missing \" for the string opened at 1:1\n"},
        {"\"a\\ \n ", "2:2 error: missing \" for the string opened at 1:1\n"},
        {"#\\", "1:3 error: missing character after #\\\n"},
        {"a\n #\\foo", "1:1 WORD [a]\n2:2 error: bad character name #\\foo, expected one "
                       "character, #\\x41, or alarm backspace "
                       "delete escape newline null return space tab\n"},
        {"#\\xD800",
         "1:1 error: bad character name #\\xD800, expected one character, #\\x41, or alarm "
         "backspace delete escape newline null return space tab\n"},
        {"#\\x110000",
         "1:1 error: bad character name #\\x110000, expected one character, #\\x41, or alarm "
         "backspace delete escape newline null return space tab\n"},
        {"#\\abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
         "1:1 error: bad character name #\\abcdefghijklmnopqrstuvwxyzabcdefghijklmn..., expected "
         "one character, #\\x41, or alarm backspace delete escape newline null return space tab\n"},
        {"\"a\\qb\"",
         "1:3 error: bad escape \\q, expected \\a \\b \\t \\n \\r \\\" \\\\ \\| \\x41; or "
         "a line end\n"},
        {"|a\\qb|",
         "1:3 error: bad escape \\q, expected \\a \\b \\t \\n \\r \\\" \\\\ \\| \\x41;\n"},
        {"\"\\x;\"", "1:2 error: bad escape \\x, expected \\x41; with the hexadecimal number of a "
                     "character\n"},
        {"\"\\x4g;\"",
         "1:2 error: bad escape \\x, expected \\x41; with the hexadecimal number of a "
         "character\n"},
        {"\"\\xDFFF;\"",
         "1:2 error: bad escape \\x, expected \\x41; with the hexadecimal number of a "
         "character\n"},
        {"\"\\x110000;\"",
         "1:2 error: bad escape \\x, expected \\x41; with the hexadecimal number of "
         "a character\n"},
        {"\"a \\ b\"",
         "1:4 error: bad escape \\ before a space, expected the line to end behind it\n"},
        {"[a]", "1:1 error: unexpected [, expected ( or ) around a list\n"},
        {"(a}", "1:1 OPEN\n"
                "1:3 error: unexpected } after a, expected a space or one of ( ) \" ; |\n"},
        {"a'b", "1:2 error: unexpected ' after a, expected a space or one of ( ) \" ; |\n"},
        {"a\\b", "1:2 error: unexpected \\ after a, expected a space or one of ( ) \" ; |\n"},
        {"\\", "1:1 error: unexpected \\, expected a datum\n"},
        {"\xE2\x80\x9Chello\xE2\x80\x9D", "1:1 error: unexpected \xE2\x80\x9C, expected a datum\n"},
        {"\x01", "1:1 error: unexpected character U+0001\n"},
        {"a\x7F", "1:2 error: unexpected character U+007F after a\n"},
        {"a\xE2\x80\x8B", "1:2 error: unexpected character U+200B after a\n"},
        {"#", "1:1 error: bad syntax #, expected #t #f #\\a #( #u8( #; #| #!fold-case #1= #1# or a "
              "number with #x #b #o #d #e #i\n"},
        {"#foo",
         "1:1 error: bad syntax #foo, expected #t #f #\\a #( #u8( #; #| #!fold-case #1= #1# or "
         "a number with #x #b #o #d #e #i\n"},
        {"#u8 (",
         "1:1 error: bad syntax #u8, expected #t #f #\\a #( #u8( #; #| #!fold-case #1= #1# or "
         "a number with #x #b #o #d #e #i\n"},
        {"#<procedure car>", "1:1 error: #< begins an object that can not be read back\n"},
        {"#!eof", "1:1 error: unknown directive #!eof, expected #!fold-case or #!no-fold-case\n"},
        {"#12a", "1:1 error: bad label #12, expected #12= or #12#\n"},
        {"#12", "1:1 error: bad label #12, expected #12= or #12#\n"},
        {"#1234567890=", "1:1 error: bad label, expected at most nine digits\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_tokens(rows[i].text, rows[i].expected);
}

static void assert_invalid(const char *text, size_t size, const char *expected)
{
    char *rendered = malloc(RENDER_SIZE);
    char *split = malloc(RENDER_SIZE);
    render(rendered, text, size, at_once);
    assert_string_equal(rendered, expected);
    for (size_t first = 1; first < size; first++) {
        render(split, text, size, (manner){first, 1, 1, 0});
        assert_string_equal(split, expected);
    }
    free(split);
    free(rendered);
}

static void bytes_that_are_not_utf8_are_refused_with_their_offset(void **state)
{
    (void)state;
    assert_invalid("a\n \x80", 4,
                   "1:1 WORD [a]\n2:2 error: byte 3 of the text is not valid UTF-8\n");
    assert_invalid("ab\xFF", 3, "1:3 error: byte 2 of the text is not valid UTF-8\n");
    assert_invalid("\"\xC0\x80\"", 4, "1:2 error: byte 1 of the text is not valid UTF-8\n");
    assert_invalid("; \xED\xA0\x80", 5, "1:3 error: byte 2 of the text is not valid UTF-8\n");
    assert_invalid("\xCE\xBB \xCE", 4,
                   "1:1 WORD [\xCE\xBB]\n1:3 error: byte 3 of the text is not valid UTF-8\n");
    assert_invalid("#|\xE2\x82|#", 6, "1:3 error: byte 2 of the text is not valid UTF-8\n");
    assert_invalid("\xF4\x90\x80\x80", 4, "1:1 error: byte 0 of the text is not valid UTF-8\n");
}

static void a_nul_is_an_ordinary_character(void **state)
{
    (void)state;
    char *rendered = malloc(RENDER_SIZE);
    render(rendered, "\"a\0b\" x", 7, at_once);
    assert_string_equal(rendered, "1:1 STRING [aNULb]\n1:7 WORD [x]\n");
    render(rendered, "a \0", 3, at_once);
    assert_string_equal(rendered, "1:1 WORD [a]\n1:3 error: unexpected character U+0000\n");
    free(rendered);
}

/* ---- Every manner of giving a text is the same
 * ---------------------------------------------------- */

static const char sample[] =
    "\xEF\xBB\xBF#!/usr/bin/env copse\n; comment \xCE\xBB\r\n(define (\xCE\xBB x) #| a #| b |# |#\n"
    "  \"s\\n\\x3bb; \xF0\x9F\xA4\x96 \\\n   t\" `(a ,@b ,c . #(1 2 #\\space #\\x3bb)) #u8(1 "
    "#xff)\n"
    "  |b\\|ar \xCE\xBB| #;hidden #0=(a . #0#) #t #false :key $slot ... -1.5e10 #e#x1F\r"
    "#!fold-case ABC\xC3\x9F #\\NEWLINE #!no-fold-case ABC '\xE4\xB8\xAD)\n";

static void a_text_may_be_split_at_any_byte(void **state)
{
    (void)state;
    char *expected = malloc(RENDER_SIZE);
    char *rendered = malloc(RENDER_SIZE);
    size_t size = strlen(sample);
    render(expected, sample, size, at_once);
    for (size_t first = 1; first < size; first++) {
        render(rendered, sample, size, (manner){first, SIZE_MAX, SIZE_MAX, 0});
        assert_string_equal(rendered, expected);
    }
    for (size_t piece = 1; piece < 10; piece++) {
        render(rendered, sample, size, (manner){piece, piece, SIZE_MAX, 0});
        assert_string_equal(rendered, expected);
    }
    free(rendered);
    free(expected);
}

static void the_smallest_budget_gives_the_same_tokens(void **state)
{
    (void)state;
    char *expected = malloc(RENDER_SIZE);
    char *rendered = malloc(RENDER_SIZE);
    render(expected, sample, strlen(sample), at_once);
    for (size_t budget = 1; budget < 8; budget++) {
        render(rendered, sample, strlen(sample), (manner){SIZE_MAX, SIZE_MAX, budget, 0});
        assert_string_equal(rendered, expected);
    }
    free(rendered);
    free(expected);
}

static void refused_memory_loses_nothing(void **state)
{
    (void)state;
    char *expected = malloc(RENDER_SIZE);
    char *rendered = malloc(RENDER_SIZE);
    char text[4000] = "\"";
    memset(text + 1, 'a', sizeof text - 3);
    text[sizeof text - 2] = '"';
    render(expected, text, strlen(text), at_once);
    for (uint64_t refuse_at = 1; refuse_at < 10; refuse_at++) {
        render(rendered, text, strlen(text), (manner){SIZE_MAX, SIZE_MAX, SIZE_MAX, refuse_at});
        assert_string_equal(rendered, expected);
    }
    free(rendered);
    free(expected);
}

static void the_lexer_says_what_is_open(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *open;
    } rows[] = {
        {"a ", NULL},  {"\"a", "string"},       {"\"a\\x4", "string"},        {"|a", "symbol"},
        {"; a", NULL}, {"#|", "block comment"}, {"#|#|a|#", "block comment"}, {"#\\a", NULL},
        {"abc", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cp_lexer lexer = cp_lexer_make(copse_default_allocator(), 1);
        cp_lexer_give(&lexer, rows[i].text, strlen(rows[i].text), false);
        size_t budget = SIZE_MAX;
        cp_lexed lexed = cp_lex(&lexer, &budget);
        if (lexed == CP_LEXED_TOKEN)
            lexed = cp_lex(&lexer, &budget);
        assert_int_equal(lexed, CP_LEXED_MORE);
        if (rows[i].open == NULL)
            assert_null(cp_lexer_open(&lexer));
        else
            assert_string_equal(cp_lexer_open(&lexer), rows[i].open);
        cp_lexer_reset(&lexer);
        assert_null(cp_lexer_open(&lexer));
        cp_lexer_free(&lexer);
    }
}

CP_TEST_MAIN(
    cmocka_unit_test(parentheses_and_prefixes_are_tokens),
    cmocka_unit_test(words_end_at_delimiters),
    cmocka_unit_test(words_may_hold_letters_of_every_language),
    cmocka_unit_test(comments_are_no_tokens), cmocka_unit_test(the_first_line_may_name_the_program),
    cmocka_unit_test(fold_case_folds_words_and_character_names_only),
    cmocka_unit_test(booleans_are_short_or_long), cmocka_unit_test(numbers_with_prefixes_are_words),
    cmocka_unit_test(labels_have_numbers), cmocka_unit_test(characters_have_names_and_numbers),
    cmocka_unit_test(strings_have_escapes_and_line_continuations),
    cmocka_unit_test(symbols_between_bars_hold_anything),
    cmocka_unit_test(lines_end_with_newline_return_or_both),
    cmocka_unit_test(each_mistake_has_its_place_and_what_would_be_right),
    cmocka_unit_test(bytes_that_are_not_utf8_are_refused_with_their_offset),
    cmocka_unit_test(a_nul_is_an_ordinary_character),
    cmocka_unit_test(a_text_may_be_split_at_any_byte),
    cmocka_unit_test(the_smallest_budget_gives_the_same_tokens),
    cmocka_unit_test(refused_memory_loses_nothing), cmocka_unit_test(the_lexer_says_what_is_open))
