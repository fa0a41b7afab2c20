/* lex.c -- a state machine over characters; R7RS 7.1.1 has the grammar.
 *
 * Each state has one function that looks at the next character, or at the end of the text, and
 * consumes it or not. What a function can not finish (a piece that ends, memory that is refused) it
 * leaves untouched, and is called again. Cost: linear in the text, about 9 ns a character. */
#include "interp/lex.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "sched/memory.h"

/* ---- Characters by class ------------------------------------------------------------------- */

/* s: white space. d: ends a word, too. w: may stand in a word. Dot: none of them. */
static const char ascii_classes[129] = "........."
                                       "sssss" /* tab, newline, vertical tab, form feed, return */
                                       ".................." /* up to unit separator */
                                       "swd.www.ddww.www"  /* space ! " # $ % & ' ( ) * + , - . / */
                                       "wwwwwwwwwwwdwwww"  /* 0 to 9 : ; < = > ? */
                                       "wwwwwwwwwwwwwwww"  /* @ A to O */
                                       "wwwwwwwwwww...ww"  /* P to Z [ \ ] ^ _ */
                                       ".wwwwwwwwwwwwwww"  /* ` a to o */
                                       "wwwwwwwwwww.d.w."; /* p to z { | } ~ delete */

static bool is_space(int32_t code)
{
    if (code >= 0x80)
        return cp_char_is_whitespace((uint32_t)code);
    return code >= 0 && ascii_classes[code] == 's';
}

static bool is_word_part(int32_t code)
{
    if (code >= 0x80)
        return cp_char_is_constituent((uint32_t)code);
    return code >= 0 && ascii_classes[code] == 'w';
}

/* The end of the text is a delimiter as well. */
static bool is_delimiter(int32_t code)
{
    if (code < 0)
        return true;
    return is_space(code) || (code < 0x80 && ascii_classes[code] == 'd');
}

static bool is_line_end(int32_t code)
{
    return code == '\n' || code == '\r';
}

static bool is_digit(int32_t code)
{
    return code >= '0' && code <= '9';
}

/* 16 when CODE is no hexadecimal digit. */
static uint32_t hex_value(int32_t code)
{
    if (is_digit(code))
        return (uint32_t)(code - '0');
    int32_t letter = code | 0x20;
    return letter >= 'a' && letter <= 'f' ? (uint32_t)(letter - 'a') + 10 : 16;
}

bool cp_lex_is_word(const char *name, size_t size)
{
    const char *at = name;
    while (at < name + size)
        if (!is_word_part((int32_t)cp_utf8_decode(&at)))
            return false;
    return size > 0;
}

/* ---- The next character -------------------------------------------------------------------- */

enum { NEED_MORE = -1, AT_END = -2, INVALID = -3 };

/* Bytes of a character that begins with BYTE; 1 for those that begin none. */
static unsigned expected_width(unsigned char byte)
{
    return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/* The character of SIZE bytes at TEXT, or INVALID. */
static int32_t decode(const char *text, unsigned size)
{
    size_t error_offset = 0;
    (void)cp_utf8_count(text, size, &error_offset);
    return error_offset == size ? (int32_t)cp_utf8_decode(&text) : INVALID;
}

/* The character at hand, which begins in the pieces before or has a byte of 0x80 or more. */
static CP_NOINLINE int32_t peek_wide(cp_lexer *lexer, unsigned *width)
{
    char bytes[4];
    memcpy(bytes, lexer->split, sizeof bytes);
    unsigned have = lexer->split_size;
    const char *next = lexer->piece + lexer->piece_used;
    size_t left = lexer->piece_size - lexer->piece_used;
    unsigned wanted = expected_width((unsigned char)(have > 0 ? bytes[0] : *next));
    while (have < wanted && left > 0) {
        bytes[have++] = *next++;
        left--;
    }
    *width = wanted;
    if (have >= wanted)
        return decode(bytes, wanted);
    if (lexer->is_last)
        return INVALID;
    memcpy(lexer->split, bytes, sizeof bytes);
    lexer->split_size = have;
    lexer->piece_used = lexer->piece_size;
    return NEED_MORE;
}

/* The next character, not consumed; its *WIDTH in bytes. */
static int32_t peek(cp_lexer *lexer, unsigned *width)
{
    if (CP_UNLIKELY(lexer->piece_used == lexer->piece_size)) {
        if (!lexer->is_last)
            return NEED_MORE;
        if (lexer->split_size == 0)
            return AT_END;
        return INVALID;
    }
    unsigned char byte = (unsigned char)lexer->piece[lexer->piece_used];
    if (CP_UNLIKELY(byte >= 0x80 || lexer->split_size > 0))
        return peek_wide(lexer, width);
    *width = 1;
    return byte;
}

/* Step over WIDTH bytes, the first of which may be in the split. */
static void skip_bytes(cp_lexer *lexer, unsigned width)
{
    unsigned from_split = width < lexer->split_size ? width : lexer->split_size;
    lexer->split_size -= from_split;
    memmove(lexer->split, lexer->split + from_split, lexer->split_size);
    lexer->piece_used += width - from_split;
    assert(lexer->piece_used <= lexer->piece_size);
    lexer->offset += width;
}

/* Step over the character CODE. A line ends with a newline, a return, or both. */
static void consume(cp_lexer *lexer, int32_t code, unsigned width)
{
    skip_bytes(lexer, width);
    bool ends_line = is_line_end(code) && !(code == '\n' && lexer->is_after_return);
    bool belongs_to_end = code == '\n' && lexer->is_after_return;
    lexer->is_after_return = code == '\r';
    if (ends_line) {
        lexer->line++;
        lexer->column = 1;
    } else if (!belongs_to_end) {
        lexer->column++;
    }
}

cp_position cp_lexer_here(const cp_lexer *lexer)
{
    return cp_make_position(lexer->file, lexer->line, lexer->column);
}

/* ---- Tokens and mistakes ------------------------------------------------------------------- */

static cp_lexed finish(cp_lexer *lexer, cp_token token)
{
    lexer->state = CP_LEX_BETWEEN;
    lexer->token = token;
    return CP_LEXED_TOKEN;
}

static CP_PRINTF(3, 4) cp_lexed refuse(cp_lexer *lexer, cp_position place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(lexer->message, sizeof lexer->message, format, arguments);
    va_end(arguments);
    lexer->error_place = place;
    lexer->state = CP_LEX_BETWEEN;
    return CP_LEXED_ERROR;
}

static cp_lexed go_to(cp_lexer *lexer, cp_lex_state state)
{
    lexer->state = state;
    return CP_LEXED_ONWARD;
}

/* Append CODE to the text of the token. False when memory is refused. */
static CP_MUST_USE bool push(cp_lexer *lexer, int32_t code)
{
    if (CP_UNLIKELY(lexer->text_size + 4 > lexer->text_capacity)) {
        void *text = lexer->text;
        if (!cp_grow_array(lexer->allocator, &text, &lexer->text_capacity, lexer->text_size + 64,
                           1))
            return false;
        lexer->text = text;
    }
    lexer->text_size += cp_utf8_encode((uint32_t)code, lexer->text + lexer->text_size);
    return true;
}

/* The same for the characters of a word, which #!fold-case folds. */
static CP_MUST_USE bool push_word(cp_lexer *lexer, int32_t code)
{
    if (CP_LIKELY(!lexer->folds_case))
        return push(lexer, code);
    uint32_t folded[CP_FOLD_MAX];
    unsigned count = cp_char_fold((uint32_t)code, folded);
    size_t size_before = lexer->text_size;
    for (unsigned i = 0; i < count; i++) {
        if (!push(lexer, (int32_t)folded[i])) {
            lexer->text_size = size_before;
            return false;
        }
    }
    return true;
}

/* The token's text for a message, cut where it is long, never inside a character. */
typedef struct {
    int size;
    const char *text;
    const char *dots;
} excerpt;

static excerpt token_excerpt(const cp_lexer *lexer)
{
    enum { EXCERPT_MAX = 40 };
    size_t size = lexer->text_size;
    if (size <= EXCERPT_MAX)
        return (excerpt){(int)size, lexer->text, ""};
    size = EXCERPT_MAX;
    while (((unsigned char)lexer->text[size] & 0xC0) == 0x80)
        size--;
    return (excerpt){(int)size, lexer->text, "..."};
}

static bool text_is(const cp_lexer *lexer, const char *text)
{
    return lexer->text_size == strlen(text) && memcmp(lexer->text, text, lexer->text_size) == 0;
}

/* The same for either case of ASCII letters; TEXT is lower case. */
static bool text_is_either_case(const cp_lexer *lexer, const char *text)
{
    if (lexer->text_size != strlen(text))
        return false;
    for (size_t i = 0; i < lexer->text_size; i++) {
        uint32_t folded[CP_FOLD_MAX];
        (void)cp_char_fold((unsigned char)lexer->text[i] & 0x7F, folded);
        if (folded[0] != (unsigned char)text[i] || (lexer->text[i] & 0x80) != 0)
            return false;
    }
    return true;
}

/* A character that can not stand here, which is consumed. */
static cp_lexed refuse_char(cp_lexer *lexer, int32_t code, unsigned width)
{
    cp_position place = cp_lexer_here(lexer);
    consume(lexer, code, width);
    if (code < ' ' || code == 0x7F || !cp_char_is_graphic((uint32_t)code))
        return refuse(lexer, place, "unexpected character U+%04X", (unsigned)code);
    char text[5] = {0};
    (void)cp_utf8_encode((uint32_t)code, text);
    if (strchr("[]{}", code) != NULL)
        return refuse(lexer, place, "unexpected %s, expected ( or ) around a list", text);
    return refuse(lexer, place, "unexpected %s, expected a datum", text);
}

/* ---- Between tokens ------------------------------------------------------------------------ */

/* Begin a token at the character at hand. */
static void begin(cp_lexer *lexer)
{
    lexer->place = cp_lexer_here(lexer);
    lexer->text_size = 0;
}

static cp_lexed one_char_token(cp_lexer *lexer, int32_t code, cp_token token)
{
    consume(lexer, code, 1);
    return finish(lexer, token);
}

static cp_lexed open_state(cp_lexer *lexer, int32_t code, cp_lex_state state)
{
    consume(lexer, code, 1);
    return go_to(lexer, state);
}

static cp_lexed lex_between(cp_lexer *lexer, int32_t code, unsigned width)
{
    enum { BYTE_ORDER_MARK = 0xFEFF };
    if (code == AT_END)
        return CP_LEXED_END;
    if (is_space(code) || (code == BYTE_ORDER_MARK && lexer->offset == 0)) {
        consume(lexer, code, width);
        lexer->column -= code == BYTE_ORDER_MARK;
        return CP_LEXED_ONWARD;
    }
    begin(lexer);
    switch (code) {
    case '(':
        return one_char_token(lexer, code, CP_TOKEN_OPEN);
    case ')':
        return one_char_token(lexer, code, CP_TOKEN_CLOSE);
    case '\'':
        return one_char_token(lexer, code, CP_TOKEN_QUOTE);
    case '`':
        return one_char_token(lexer, code, CP_TOKEN_QUASIQUOTE);
    case ',':
        return open_state(lexer, code, CP_LEX_COMMA);
    case '"':
        return open_state(lexer, code, CP_LEX_STRING);
    case '|':
        return open_state(lexer, code, CP_LEX_SYMBOL);
    case ';':
        return open_state(lexer, code, CP_LEX_LINE_COMMENT);
    case '#':
        return open_state(lexer, code, CP_LEX_HASH);
    default:
        return is_word_part(code) ? go_to(lexer, CP_LEX_WORD) : refuse_char(lexer, code, width);
    }
}

static cp_lexed lex_line_comment(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code == AT_END)
        return go_to(lexer, CP_LEX_BETWEEN);
    consume(lexer, code, width);
    return is_line_end(code) ? go_to(lexer, CP_LEX_BETWEEN) : CP_LEXED_ONWARD;
}

/* The text ends inside something that has a closing sign. */
static cp_lexed refuse_end(cp_lexer *lexer)
{
    static const char *const closers[] = {
#define CLOSER(name, open, closer, function) closer,
        CP_LEX_STATE_LIST(CLOSER)
#undef CLOSER
    };
    return refuse(lexer, cp_lexer_here(lexer), "missing %s for the %s opened at %u:%u",
                  closers[lexer->state], cp_lexer_open(lexer), cp_position_line(lexer->place),
                  cp_position_column(lexer->place));
}

static cp_lexed lex_block(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code == AT_END)
        return refuse_end(lexer);
    cp_lex_state before = lexer->state;
    consume(lexer, code, width);
    if (before == CP_LEX_BLOCK_BAR && code == '#') {
        lexer->block_depth--;
        return go_to(lexer, lexer->block_depth == 0 ? CP_LEX_BETWEEN : CP_LEX_BLOCK);
    }
    if (before == CP_LEX_BLOCK_HASH && code == '|') {
        lexer->block_depth++;
        return go_to(lexer, CP_LEX_BLOCK);
    }
    return go_to(lexer, code == '|'   ? CP_LEX_BLOCK_BAR
                        : code == '#' ? CP_LEX_BLOCK_HASH
                                      : CP_LEX_BLOCK);
}

/* ---- Words --------------------------------------------------------------------------------- */

/* Behind a word stands what neither belongs to it nor ends it. */
static cp_lexed refuse_in_word(cp_lexer *lexer, int32_t code, unsigned width)
{
    excerpt word = token_excerpt(lexer);
    cp_position place = cp_lexer_here(lexer);
    char text[5] = {0};
    (void)cp_utf8_encode((uint32_t)code, text);
    consume(lexer, code, width);
    if (!cp_char_is_graphic((uint32_t)code))
        return refuse(lexer, place, "unexpected character U+%04X after %.*s%s", (unsigned)code,
                      word.size, word.text, word.dots);
    return refuse(lexer, place, "unexpected %s after %.*s%s, expected a space or one of ( ) \" ; |",
                  text, word.size, word.text, word.dots);
}

static cp_lexed lex_word(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (is_word_part(code)) {
        if (!push_word(lexer, code))
            return CP_LEXED_RETRY;
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (!is_delimiter(code))
        return refuse_in_word(lexer, code, width);
    return finish(lexer, text_is(lexer, ".") ? CP_TOKEN_DOT : CP_TOKEN_WORD);
}

static cp_lexed lex_comma(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code != '@')
        return finish(lexer, CP_TOKEN_UNQUOTE);
    consume(lexer, code, width);
    return finish(lexer, CP_TOKEN_UNQUOTE_SPLICING);
}

/* ---- Behind a # ---------------------------------------------------------------------------- */

static cp_lexed lex_hash(cp_lexer *lexer, int32_t code, unsigned width)
{
    (void)width;
    switch (code) {
    case '(':
        return one_char_token(lexer, code, CP_TOKEN_OPEN_VECTOR);
    case ';':
        return one_char_token(lexer, code, CP_TOKEN_COMMENT);
    case '|':
        lexer->block_depth = 1;
        return open_state(lexer, code, CP_LEX_BLOCK);
    case '\\':
        return open_state(lexer, code, CP_LEX_CHAR_FIRST);
    case '!':
        return open_state(lexer, code, CP_LEX_DIRECTIVE);
    case '<':
        consume(lexer, code, 1);
        return refuse(lexer, lexer->place, "#< begins an object that can not be read back");
    default:
        if (!push(lexer, '#'))
            return CP_LEXED_RETRY;
        lexer->code = 0;
        return go_to(lexer, is_digit(code) ? CP_LEX_HASH_DIGITS : CP_LEX_HASH_WORD);
    }
}

static cp_lexed refuse_hash(cp_lexer *lexer)
{
    excerpt word = token_excerpt(lexer);
    return refuse(lexer, lexer->place,
                  "bad syntax %.*s%s, expected #t #f #\\a #( #u8( #; #| #!fold-case #1= #1# or "
                  "a number with #x #b #o #d #e #i",
                  word.size, word.text, word.dots);
}

static bool is_number_prefix(const cp_lexer *lexer)
{
    return lexer->text_size > 1 && strchr("xXbBoOdDeEiI", lexer->text[1]) != NULL;
}

static cp_lexed lex_hash_word(cp_lexer *lexer, int32_t code, unsigned width)
{
    bool is_second_prefix = code == '#' && lexer->text_size == 2 && is_number_prefix(lexer);
    if (is_word_part(code) || is_second_prefix) {
        if (!push_word(lexer, code))
            return CP_LEXED_RETRY;
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (code == '(' && text_is_either_case(lexer, "#u8"))
        return one_char_token(lexer, code, CP_TOKEN_OPEN_BYTES);
    if (!is_delimiter(code))
        return refuse_in_word(lexer, code, width);
    if (text_is_either_case(lexer, "#t") || text_is_either_case(lexer, "#true"))
        return finish(lexer, CP_TOKEN_TRUE);
    if (text_is_either_case(lexer, "#f") || text_is_either_case(lexer, "#false"))
        return finish(lexer, CP_TOKEN_FALSE);
    return is_number_prefix(lexer) ? finish(lexer, CP_TOKEN_WORD) : refuse_hash(lexer);
}

static cp_lexed lex_hash_digits(cp_lexer *lexer, int32_t code, unsigned width)
{
    enum { LABEL_MAX = 999999999 };
    if (is_digit(code)) {
        if (lexer->code > LABEL_MAX / 10)
            return refuse(lexer, lexer->place, "bad label, expected at most nine digits");
        lexer->code = lexer->code * 10 + (uint32_t)(code - '0');
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (code == '=')
        return one_char_token(lexer, code, CP_TOKEN_LABEL);
    if (code == '#')
        return one_char_token(lexer, code, CP_TOKEN_REFERENCE);
    return refuse(lexer, lexer->place, "bad label #%u, expected #%u= or #%u#",
                  (unsigned)lexer->code, (unsigned)lexer->code, (unsigned)lexer->code);
}

/* #!fold-case and its opposite, and the line that tells the system which program reads this. */
static cp_lexed lex_directive(cp_lexer *lexer, int32_t code, unsigned width)
{
    bool is_first_line = cp_position_line(lexer->place) == 1 && lexer->text_size == 0 &&
                         cp_position_column(lexer->place) == 1;
    if (is_first_line && (code == '/' || code == ' '))
        return go_to(lexer, CP_LEX_LINE_COMMENT);
    if (!is_delimiter(code)) {
        if (!push(lexer, code))
            return CP_LEXED_RETRY;
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (!text_is(lexer, "fold-case") && !text_is(lexer, "no-fold-case")) {
        excerpt word = token_excerpt(lexer);
        return refuse(lexer, lexer->place,
                      "unknown directive #!%.*s%s, expected #!fold-case or #!no-fold-case",
                      word.size, word.text, word.dots);
    }
    lexer->folds_case = text_is(lexer, "fold-case");
    return go_to(lexer, CP_LEX_BETWEEN);
}

/* ---- Characters ---------------------------------------------------------------------------- */

/* The names of R7RS 6.6; a code has one name that is written, and maybe more that are read. */
static const struct {
    const char *name;
    uint32_t code;
    bool is_written;
} char_names[] = {
    {"alarm", 7, true},    {"backspace", 8, true}, {"delete", 0x7F, true}, {"escape", 0x1B, true},
    {"newline", 10, true}, {"null", 0, true},      {"return", 13, true},   {"space", ' ', true},
    {"tab", 9, true},      {"nul", 0, false},
};

const char *cp_char_name(uint32_t code)
{
    for (size_t i = 0; i < CP_COUNT_OF(char_names); i++)
        if (char_names[i].code == code && char_names[i].is_written)
            return char_names[i].name;
    return NULL;
}

static cp_lexed lex_char_first(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code == AT_END)
        return refuse(lexer, cp_lexer_here(lexer), "missing character after #\\");
    if (!push(lexer, code))
        return CP_LEXED_RETRY;
    lexer->code = (uint32_t)code;
    consume(lexer, code, width);
    return go_to(lexer, CP_LEX_CHAR_REST);
}

static bool is_named(const cp_lexer *lexer, size_t row)
{
    return lexer->folds_case ? text_is_either_case(lexer, char_names[row].name)
                             : text_is(lexer, char_names[row].name);
}

/* x41 in the token's text; false when it is not that. */
static CP_MUST_USE bool read_hex_char(const cp_lexer *lexer, uint32_t *result)
{
    if ((lexer->text[0] | 0x20) != 'x')
        return false;
    uint32_t code = 0;
    for (size_t i = 1; i < lexer->text_size; i++) {
        uint32_t digit = hex_value(lexer->text[i]);
        if (digit == 16 || code > CP_CHAR_MAX)
            return false;
        code = code * 16 + digit;
    }
    *result = code;
    return cp_char_is_valid(code);
}

static cp_lexed lex_char_rest(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (!is_delimiter(code)) {
        if (!push(lexer, code))
            return CP_LEXED_RETRY;
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (lexer->text_size == cp_utf8_width(lexer->code) || read_hex_char(lexer, &lexer->code))
        return finish(lexer, CP_TOKEN_CHAR);
    for (size_t i = 0; i < CP_COUNT_OF(char_names); i++) {
        if (is_named(lexer, i)) {
            lexer->code = char_names[i].code;
            return finish(lexer, CP_TOKEN_CHAR);
        }
    }
    excerpt word = token_excerpt(lexer);
    return refuse(
        lexer, lexer->place,
        "bad character name #\\%.*s%s, expected one character, #\\x41, or alarm backspace "
        "delete escape newline null return space tab",
        word.size, word.text, word.dots);
}

/* ---- Strings and symbols between bars ------------------------------------------------------ */

static bool is_in_string(const cp_lexer *lexer)
{
    return lexer->state < CP_LEX_SYMBOL;
}

static cp_lexed back_to_text(cp_lexer *lexer)
{
    return go_to(lexer, is_in_string(lexer) ? CP_LEX_STRING : CP_LEX_SYMBOL);
}

static cp_lexed lex_quoted(cp_lexer *lexer, int32_t code, unsigned width)
{
    bool is_string = is_in_string(lexer);
    if (code == AT_END)
        return refuse_end(lexer);
    if (code == (is_string ? '"' : '|'))
        return one_char_token(lexer, code, is_string ? CP_TOKEN_STRING : CP_TOKEN_SYMBOL);
    if (code == '\\') {
        lexer->escape_place = cp_lexer_here(lexer);
        return open_state(lexer, code, is_string ? CP_LEX_STRING_ESCAPE : CP_LEX_SYMBOL_ESCAPE);
    }
    /* Every line end reads as one newline. */
    bool is_second_half = code == '\n' && lexer->is_after_return;
    if (!is_second_half && !push(lexer, code == '\r' ? '\n' : code))
        return CP_LEXED_RETRY;
    consume(lexer, code, width);
    return CP_LEXED_ONWARD;
}

/* The character that \C stands for, or AT_END when it is none. */
static int32_t escaped_char(int32_t code)
{
    switch (code) {
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case '"':
    case '\\':
    case '|':
        return code;
    default:
        return AT_END;
    }
}

static cp_lexed refuse_escape(cp_lexer *lexer, int32_t code)
{
    const char *line_end = is_in_string(lexer) ? " or a line end" : "";
    char text[5] = {0};
    if (code >= 0 && cp_char_is_graphic((uint32_t)code))
        (void)cp_utf8_encode((uint32_t)code, text);
    return refuse(lexer, lexer->escape_place,
                  "bad escape \\%s, expected \\a \\b \\t \\n \\r \\\" \\\\ \\| \\x41;%s", text,
                  line_end);
}

static cp_lexed lex_escape(cp_lexer *lexer, int32_t code, unsigned width)
{
    bool is_string = is_in_string(lexer);
    if (code == AT_END)
        return refuse_end(lexer);
    if (code == 'x' || code == 'X') {
        lexer->escape_code = 0;
        lexer->has_escape_digits = false;
        return open_state(lexer, code, is_string ? CP_LEX_STRING_HEX : CP_LEX_SYMBOL_HEX);
    }
    if (is_string && is_space(code))
        return go_to(lexer, CP_LEX_STRING_LINE_END);
    int32_t meant = escaped_char(code);
    if (meant == AT_END)
        return refuse_escape(lexer, code);
    if (!push(lexer, meant))
        return CP_LEXED_RETRY;
    consume(lexer, code, width);
    return back_to_text(lexer);
}

static cp_lexed lex_hex(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code == AT_END)
        return refuse_end(lexer);
    uint32_t digit = hex_value(code);
    if (digit < 16 && lexer->escape_code <= CP_CHAR_MAX) {
        lexer->escape_code = lexer->escape_code * 16 + digit;
        lexer->has_escape_digits = true;
        consume(lexer, code, width);
        return CP_LEXED_ONWARD;
    }
    if (code != ';' || !lexer->has_escape_digits || !cp_char_is_valid(lexer->escape_code))
        return refuse(lexer, lexer->escape_place,
                      "bad escape \\x, expected \\x41; with the hexadecimal number of a character");
    if (!push(lexer, (int32_t)lexer->escape_code))
        return CP_LEXED_RETRY;
    consume(lexer, code, width);
    return back_to_text(lexer);
}

/* Behind a backslash: white space up to the end of the line. */
static cp_lexed lex_line_end(cp_lexer *lexer, int32_t code, unsigned width)
{
    if (code == AT_END)
        return refuse_end(lexer);
    if (!is_space(code))
        return refuse(lexer, lexer->escape_place,
                      "bad escape \\ before a space, expected the line to end behind it");
    consume(lexer, code, width);
    return is_line_end(code) ? go_to(lexer, CP_LEX_STRING_INDENT) : CP_LEXED_ONWARD;
}

/* The white space that begins the next line. */
static cp_lexed lex_indent(cp_lexer *lexer, int32_t code, unsigned width)
{
    bool is_second_half = code == '\n' && lexer->is_after_return;
    if (!is_second_half && (!is_space(code) || is_line_end(code)))
        return go_to(lexer, CP_LEX_STRING);
    consume(lexer, code, width);
    return CP_LEXED_ONWARD;
}

/* ---- The machine --------------------------------------------------------------------------- */

static cp_lexed (*const functions[])(cp_lexer *lexer, int32_t code, unsigned width) = {
#define FUNCTION(name, open, closer, function) function,
    CP_LEX_STATE_LIST(FUNCTION)
#undef FUNCTION
};

static cp_lexed refuse_bytes(cp_lexer *lexer)
{
    cp_position place = cp_lexer_here(lexer);
    uint64_t offset = lexer->offset;
    skip_bytes(lexer, 1);
    return refuse(lexer, place, "byte %llu of the text is not valid UTF-8",
                  (unsigned long long)offset);
}

cp_lexed cp_lex(cp_lexer *lexer, size_t *budget)
{
    for (;;) {
        if (*budget == 0)
            return CP_LEXED_AGAIN;
        --*budget;
        unsigned width = 0;
        int32_t code = peek(lexer, &width);
        if (CP_UNLIKELY(code == NEED_MORE))
            return CP_LEXED_MORE;
        if (CP_UNLIKELY(code == INVALID))
            return refuse_bytes(lexer);
        cp_lexed lexed = functions[lexer->state](lexer, code, width);
        if (lexed != CP_LEXED_ONWARD)
            return lexed;
    }
}

cp_lexer cp_lexer_make(const copse_allocator *allocator, uint32_t file)
{
    return (cp_lexer){.allocator = allocator, .piece = "", .file = file, .line = 1, .column = 1};
}

void cp_lexer_free(cp_lexer *lexer)
{
    cp_release(lexer->allocator, lexer->text, lexer->text_capacity);
    lexer->text = NULL;
    lexer->text_capacity = 0;
    lexer->text_size = 0;
}

void cp_lexer_give(cp_lexer *lexer, const char *piece, size_t size, bool is_last)
{
    assert(piece != NULL);
    lexer->piece = piece;
    lexer->piece_size = size;
    lexer->piece_used = 0;
    lexer->is_last = is_last;
}

void cp_lexer_reset(cp_lexer *lexer)
{
    lexer->state = CP_LEX_BETWEEN;
    lexer->text_size = 0;
}

const char *cp_lexer_open(const cp_lexer *lexer)
{
    static const char *const things[] = {
#define THING(name, open, closer, function) open,
        CP_LEX_STATE_LIST(THING)
#undef THING
    };
    return things[lexer->state];
}
