/* text.h -- strings: UTF-8 with a length in bytes and one in characters.
 *
 * Owns:  the layout of strings, UTF-8 validity, the index for text that is not ASCII.
 * Never: knows a property of a character beyond its width in UTF-8, or moves a string's identity:
 *        when its bytes have to move, a side object holds them.
 *
 *   string  | header | bytes, chars | side | text ... NUL (padding) |
 *   side    | header | body | crumbs | cached position |         only for strings that need it
 *
 * `length` of the header is the room for text, NUL included. ASCII strings need no side: character
 * i is byte i. Others get one at the first access behind character 64: crumbs are the byte offset
 * of each 64th character, and the last position found is kept for walks. Every string is valid
 * UTF-8 followed by a NUL, so that C reads it in place. */
#ifndef CP_INTERP_TEXT_H
#define CP_INTERP_TEXT_H

#include "interp/object.h"

enum {
    CP_STRING_IS_ASCII = CP_FLAG_OWN_FIRST,
    CP_STRING_IS_MOVED = CP_FLAG_OWN_FIRST << 1, /* the text is in the side's body */
    CP_STRING_MAX_BYTES = 0x7FFFFF00
};

typedef struct cp_string {
    cp_object object;
    uint32_t byte_length; /* without the NUL */
    uint32_t char_length;
    cp_value side; /* CP_NOTHING, or a string side */
    char text[];
} cp_string;

typedef struct cp_string_side {
    cp_object object;
    cp_value body;        /* CP_NOTHING, or a bytevector with the text and its NUL */
    cp_value crumbs;      /* CP_NOTHING, or a bytevector of uint32_t */
    uint32_t cached_char; /* the last position found: index of a character ... */
    uint32_t cached_byte; /* ... and its offset */
} cp_string_side;

/* Give the rows of these types to HEAP. */
void cp_text_init(cp_heap *heap);

CP_ALWAYS_INLINE bool cp_is_string(cp_value v)
{
    return cp_is_type(v, CP_TYPE_STRING);
}

CP_ALWAYS_INLINE cp_string *cp_to_string(cp_value v)
{
    assert(cp_is_string(v));
    return (cp_string *)cp_to_object(v);
}

CP_ALWAYS_INLINE bool cp_string_is_ascii(const cp_string *string)
{
    return (cp_object_flags(&string->object) & CP_STRING_IS_ASCII) != 0;
}

CP_ALWAYS_INLINE bool cp_string_is_immutable(const cp_string *string)
{
    return (cp_object_flags(&string->object) & CP_FLAG_IMMUTABLE) != 0;
}

/* The text, NUL-terminated. Borrowed until the string is changed or dies. */
CP_ALWAYS_INLINE const char *cp_string_text(const cp_string *string)
{
    if (CP_LIKELY((cp_object_flags(&string->object) & CP_STRING_IS_MOVED) == 0))
        return string->text;
    const cp_string_side *side = (const cp_string_side *)cp_to_object(string->side);
    return (const char *)cp_to_bytevector(side->body)->bytes;
}

/* ---- UTF-8 --------------------------------------------------------------------------------- */

/* Number of characters in SIZE bytes at TEXT; *error_offset is SIZE when they are valid UTF-8, else
 * the offset of the first byte of the first invalid sequence. Cost: linear in SIZE. */
size_t cp_utf8_count(const char *text, size_t size, size_t *error_offset);

/* Decode one character of valid UTF-8 and step over it; encode one, giving its bytes (1 to 4). */
uint32_t cp_utf8_decode(const char **text);
unsigned cp_utf8_encode(uint32_t code, char *text);
unsigned cp_utf8_width(uint32_t code);

/* ---- Making -------------------------------------------------------------------------------- */

/* A string of SIZE bytes of UTF-8. CP_RETRY when memory is refused; CP_FALSE when the text is not
 * UTF-8 or too long: *error_offset says where, and may be NULL. Cost: linear in SIZE. */
cp_value cp_make_string(cp_heap *heap, const char *text, size_t size, size_t *error_offset);

/* A string of ASCII text that C wrote itself, NUL-terminated. CP_RETRY when memory is refused. */
cp_value cp_string_from_c(cp_heap *heap, const char *text);

/* A string of COUNT times CODE. CP_FALSE when too long. Cost: linear in COUNT. */
cp_value cp_string_filled(cp_heap *heap, size_t count, uint32_t code);

/* Mark a string as immutable: what literals and symbol names are. */
CP_ALWAYS_INLINE void cp_string_freeze(cp_value string)
{
    cp_object_set_flags(cp_to_object(string), CP_FLAG_IMMUTABLE);
}

/* ---- Access -------------------------------------------------------------------------------- */

/* The byte offset of character INDEX, which may be the length. Constant for ASCII; else at most 64
 * characters are walked, once the index of the string exists: its first use is linear. */
uint32_t cp_string_offset(cp_heap *heap, cp_value string, uint32_t index);

/* The character at INDEX. Cost: that of cp_string_offset. */
uint32_t cp_string_ref(cp_heap *heap, cp_value string, uint32_t index);

/* Put CODE at INDEX. False when memory is refused, only when the width in UTF-8 changes. Cost:
 * constant for equal widths, else linear in the length. */
bool cp_string_set(cp_heap *heap, cp_value string, uint32_t index, uint32_t code) CP_MUST_USE;

/* Put the CHARS characters that the SIZE bytes of UTF-8 at TEXT are in place of those from START to
 * END. TEXT is not that of STRING. False when memory is refused. Cost: linear in the length. */
bool cp_string_replace(cp_heap *heap, cp_value string, uint32_t start, uint32_t end,
                       const char *text, size_t size, uint32_t chars) CP_MUST_USE;

/* The characters from START to END. Cost: linear in their bytes, besides finding them. */
cp_value cp_string_copy(cp_heap *heap, cp_value string, uint32_t start, uint32_t end);

/* All of COUNT strings in one. CP_FALSE when too long. Cost: linear in the bytes. */
cp_value cp_string_append(cp_heap *heap, const cp_value *strings, size_t count);

/* ---- Comparing, searching, hashing --------------------------------------------------------- */

/* Less than 0, 0, more than 0: the order of code points, which is the order of the bytes. Cost:
 * linear in the shorter one. */
int cp_string_compare(cp_value a, cp_value b);
bool cp_string_equal(cp_value a, cp_value b);

/* Index of the first character at or behind START where PATTERN begins, or -1. Cost: linear in
 * practice, at most the product of the lengths. */
int64_t cp_string_search(cp_heap *heap, cp_value string, cp_value pattern, uint32_t start);

/* A hash of the text: the same for equal texts, in every run and on every machine. */
uint32_t cp_text_hash(const char *text, size_t size);
uint32_t cp_string_hash(cp_value string);

#endif
