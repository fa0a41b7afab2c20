/* lex.h -- text to tokens, from pieces of any size, each token with its place.
 *
 * Owns:  the place in the text, the state between two pieces, the characters of the token so far.
 * Never: makes a Lisp value or knows of lists: read.h does. Says number where it sees a word: what
 *        a WORD spells is not its concern. */
#ifndef CP_INTERP_LEX_H
#define CP_INTERP_LEX_H

#include "interp/source.h"
#include "interp/text.h"
#include "interp/unicode.h"

/* X(name, meaning) */
#define CP_TOKEN_LIST(X)                                                                           \
    X(OPEN, "( opens a list")                                                                      \
    X(OPEN_VECTOR, "#( opens a vector")                                                            \
    X(OPEN_BYTES, "#u8( opens a bytevector")                                                       \
    X(CLOSE, ") closes each of them")                                                              \
    X(DOT, ". stands before the tail of a list")                                                   \
    X(QUOTE, "'")                                                                                  \
    X(QUASIQUOTE, "`")                                                                             \
    X(UNQUOTE, ",")                                                                                \
    X(UNQUOTE_SPLICING, ",@")                                                                      \
    X(COMMENT, "#; hides the datum after it")                                                      \
    X(LABEL, "#1= names the datum after it; the number is the code")                               \
    X(REFERENCE, "#1# stands for what has that name")                                              \
    X(FALSE, "#f")                                                                                 \
    X(TRUE, "#t")                                                                                  \
    X(CHAR, "a character; it is the code")                                                         \
    X(STRING, "a string; its characters are the text")                                             \
    X(SYMBOL, "a symbol between bars; its name is the text")                                       \
    X(WORD, "a symbol or number; the text, never empty")

#define CP_TOKEN_ENUM(name, meaning) CP_TOKEN_##name,
typedef enum cp_token { CP_TOKEN_LIST(CP_TOKEN_ENUM) CP_TOKEN_COUNT } cp_token;
#undef CP_TOKEN_ENUM

/* X(name, what is open in this state or NULL, what closes it, function). Where the lexer is in the
 * text, and the function of lex.c that looks at the next character there. */
#define CP_LEX_STATE_LIST(X)                                                                       \
    X(BETWEEN, NULL, NULL, lex_between)                                                            \
    X(LINE_COMMENT, NULL, NULL, lex_line_comment)                                                  \
    X(BLOCK, "block comment", "|#", lex_block)                                                     \
    X(BLOCK_BAR, "block comment", "|#", lex_block)                                                 \
    X(BLOCK_HASH, "block comment", "|#", lex_block)                                                \
    X(WORD, NULL, NULL, lex_word)                                                                  \
    X(COMMA, NULL, NULL, lex_comma)                                                                \
    X(HASH, NULL, NULL, lex_hash)                                                                  \
    X(HASH_WORD, NULL, NULL, lex_hash_word)                                                        \
    X(HASH_DIGITS, NULL, NULL, lex_hash_digits)                                                    \
    X(DIRECTIVE, NULL, NULL, lex_directive)                                                        \
    X(CHAR_FIRST, NULL, NULL, lex_char_first)                                                      \
    X(CHAR_REST, NULL, NULL, lex_char_rest)                                                        \
    X(STRING, "string", "\"", lex_quoted)                                                          \
    X(STRING_ESCAPE, "string", "\"", lex_escape)                                                   \
    X(STRING_HEX, "string", "\"", lex_hex)                                                         \
    X(STRING_LINE_END, "string", "\"", lex_line_end)                                               \
    X(STRING_INDENT, "string", "\"", lex_indent)                                                   \
    X(SYMBOL, "symbol", "|", lex_quoted)                                                           \
    X(SYMBOL_ESCAPE, "symbol", "|", lex_escape)                                                    \
    X(SYMBOL_HEX, "symbol", "|", lex_hex)

#define CP_LEX_STATE_ENUM(name, open, closer, function) CP_LEX_##name,
typedef enum cp_lex_state { CP_LEX_STATE_LIST(CP_LEX_STATE_ENUM) CP_LEX_STATE_COUNT } cp_lex_state;
#undef CP_LEX_STATE_ENUM

typedef enum cp_lexed {
    CP_LEXED_TOKEN,
    CP_LEXED_END,   /* of the text */
    CP_LEXED_MORE,  /* this piece is used up */
    CP_LEXED_AGAIN, /* the budget is used up */
    CP_LEXED_RETRY, /* memory was refused; nothing was lost */
    CP_LEXED_ERROR, /* see message and place; the next call goes on behind the mistake */
    CP_LEXED_ONWARD /* never returned by cp_lex */
} cp_lexed;

enum { CP_LEX_MESSAGE_SIZE = 240 };

typedef struct cp_lexer {
    const copse_allocator *allocator; /* borrowed */

    /* The piece of text, borrowed until it is used up or another one is given. */
    const char *piece;
    size_t piece_size;
    size_t piece_used;
    bool is_last;  /* no piece follows */
    char split[4]; /* a character that two pieces share: its bytes so far */
    unsigned split_size;

    /* The place of the next character. */
    uint32_t file;
    uint32_t line;
    uint32_t column;
    uint64_t offset;      /* in bytes from the start of the text */
    bool is_after_return; /* a newline now belongs to the line end before it */

    cp_lex_state state;
    bool folds_case;
    uint64_t block_depth; /* of nested block comments */
    uint32_t escape_code; /* of \x41; as far as it was read */
    bool has_escape_digits;
    cp_position escape_place;

    /* The token: its place, and what CP_TOKEN_LIST says. */
    cp_token token;
    cp_position place;
    uint32_t code;
    char *text; /* own; UTF-8, not terminated */
    size_t text_size;
    size_t text_capacity;

    cp_position error_place;
    char message[CP_LEX_MESSAGE_SIZE];
} cp_lexer;

/* A lexer at the start of the text of FILE, without any of it yet. Takes no memory yet. */
cp_lexer cp_lexer_make(const copse_allocator *allocator, uint32_t file) CP_MUST_USE;
void cp_lexer_free(cp_lexer *lexer);

/* Go on with the SIZE bytes at PIECE, which is borrowed until MORE, END or the next give. What was
 * left of the piece before is dropped. */
void cp_lexer_give(cp_lexer *lexer, const char *piece, size_t size, bool is_last);

/* Read up to the end of one token, but at most about *BUDGET characters, which are taken from it.
 * The character that ends a word is not consumed. */
cp_lexed cp_lex(cp_lexer *lexer, size_t *budget) CP_MUST_USE;

/* Forget the token that had begun, also a comment. */
void cp_lexer_reset(cp_lexer *lexer);

/* What the text is inside of ("string", "block comment", "symbol"), or NULL: between tokens, or in
 * one that the next delimiter ends. */
const char *cp_lexer_open(const cp_lexer *lexer);

/* Where the next character is. */
cp_position cp_lexer_here(const cp_lexer *lexer);

/* The characters of NAME may stand in a word. Cost: linear. */
bool cp_lex_is_word(const char *name, size_t size);

/* The name of a character that is not written as itself ("newline"), or NULL. */
const char *cp_char_name(uint32_t code);

#endif
