/* text.c -- ASCII is the fast case everywhere; other text is found through crumbs.
 *
 * A crumb is the byte offset of each 64th character. Looking up a character walks from the nearest
 * known place: a crumb or the last position found. Crumbs are made at the first access behind
 * character 64 and dropped when a character changes its width. They are an index, not state: when
 * memory for them is refused, the walk starts further away and nothing fails. */
#include "interp/text.h"

enum { CRUMB_CHARS = 64 };

#define EACH_BYTE(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))

/* ---- UTF-8 --------------------------------------------------------------------------------- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Bytes of the sequence that FIRST starts; 0 when none starts with it. */
static unsigned sequence_width(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/* Bytes of the valid sequence at TEXT, which has LEFT > 0 bytes; 0 when it is none. The second byte
 * decides what the first leaves open: overlong forms, surrogates, code points above 10FFFF. */
static unsigned valid_width(const char *text, size_t left)
{
    unsigned char first = (unsigned char)text[0];
    unsigned width = sequence_width(first);
    if (width == 0 || width > left)
        return 0;
    for (unsigned i = 1; i < width; i++)
        if (!is_continuation(text[i]))
            return 0;
    unsigned char second = width > 1 ? (unsigned char)text[1] : 0;
    bool is_wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                    (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return is_wrong ? 0 : width;
}

static bool are_eight_ascii(const char *text)
{
    uint64_t eight;
    memcpy(&eight, text, sizeof eight);
    return (eight & EACH_BYTE(0x80)) == 0;
}

size_t cp_utf8_count(const char *text, size_t size, size_t *error_offset)
{
    size_t count = 0;
    size_t at = 0;
    while (at < size) {
        if (size - at >= 8 && are_eight_ascii(text + at)) {
            at += 8;
            count += 8;
            continue;
        }
        unsigned width = valid_width(text + at, size - at);
        if (width == 0)
            break;
        at += width;
        count++;
    }
    *error_offset = at;
    return count;
}

uint32_t cp_utf8_decode(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    unsigned width = sequence_width(at[0]);
    assert(width > 0);
    *text += width;
    if (width == 1)
        return at[0];
    uint32_t code = at[0] & (0x7Fu >> width);
    for (unsigned i = 1; i < width; i++)
        code = code << 6 | (at[i] & 0x3F);
    return code;
}

unsigned cp_utf8_width(uint32_t code)
{
    if (code < 0x80)
        return 1;
    if (code < 0x800)
        return 2;
    return code < 0x10000 ? 3 : 4;
}

unsigned cp_utf8_encode(uint32_t code, char *text)
{
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    unsigned width = cp_utf8_width(code);
    for (unsigned i = width - 1; i > 0; i--) {
        text[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    text[0] = (char)(marks[width] | code);
    return width;
}

/* Bytes of the first COUNT characters of valid TEXT. */
static size_t walk(const char *text, size_t count)
{
    const char *at = text;
    for (; count > 0; count--)
        at += sequence_width((unsigned char)*at);
    return (size_t)(at - text);
}

/* ---- Making -------------------------------------------------------------------------------- */

/* A string whose text is to be filled in; only the NUL is there. */
static cp_string *alloc_string(cp_heap *heap, size_t bytes, size_t chars)
{
    assert(bytes <= CP_STRING_MAX_BYTES);
    cp_string *string = (cp_string *)cp_alloc(heap, CP_TYPE_STRING, bytes + 1);
    if (string == NULL)
        return NULL;
    string->byte_length = (uint32_t)bytes;
    string->char_length = (uint32_t)chars;
    string->side = CP_NOTHING;
    string->text[bytes] = '\0';
    if (bytes == chars)
        cp_object_set_flags(&string->object, CP_STRING_IS_ASCII);
    return string;
}

static cp_value make_valid(cp_heap *heap, const char *text, size_t bytes, size_t chars)
{
    cp_string *string = alloc_string(heap, bytes, chars);
    if (string == NULL)
        return CP_RETRY;
    if (bytes > 0)
        memcpy(string->text, text, bytes);
    return cp_from_object(string);
}

cp_value cp_make_string(cp_heap *heap, const char *text, size_t size, size_t *error_offset)
{
    size_t offset = CP_STRING_MAX_BYTES;
    size_t chars = 0;
    if (size <= CP_STRING_MAX_BYTES)
        chars = cp_utf8_count(text, size, &offset);
    if (error_offset != NULL)
        *error_offset = offset;
    return offset < size ? CP_FALSE : make_valid(heap, text, size, chars);
}

cp_value cp_string_from_c(cp_heap *heap, const char *text)
{
    size_t size = strlen(text);
    size_t end = 0;
    assert(cp_utf8_count(text, size, &end) == size);
    (void)end;
    return make_valid(heap, text, size, size);
}

cp_value cp_string_filled(cp_heap *heap, size_t count, uint32_t code)
{
    char one[4];
    unsigned width = cp_utf8_encode(code, one);
    if (count > CP_STRING_MAX_BYTES / width)
        return CP_FALSE;
    cp_string *string = alloc_string(heap, count * width, count);
    if (string == NULL)
        return CP_RETRY;
    for (size_t i = 0; i < count; i++)
        memcpy(string->text + i * width, one, width);
    return cp_from_object(string);
}

/* ---- The side object ----------------------------------------------------------------------- */

static cp_string_side *side_of(const cp_string *string)
{
    return cp_is_nothing(string->side) ? NULL : (cp_string_side *)cp_to_object(string->side);
}

/* The side of STRING, made when there is none; NULL when refused. */
static cp_string_side *need_side(cp_heap *heap, cp_string *string)
{
    if (!cp_is_nothing(string->side))
        return side_of(string);
    cp_string_side *side = (cp_string_side *)cp_alloc(heap, CP_TYPE_STRING_SIDE, 0);
    if (side == NULL)
        return NULL;
    side->body = CP_NOTHING;
    side->crumbs = CP_NOTHING;
    side->cached_char = 0;
    side->cached_byte = 0;
    cp_write(heap, &string->object, &string->side, cp_from_object(side));
    return side;
}

static uint32_t *crumbs_of(const cp_string_side *side)
{
    if (side == NULL || cp_is_nothing(side->crumbs))
        return NULL;
    return (uint32_t *)(void *)cp_to_bytevector(side->crumbs)->bytes;
}

/* The offsets of characters 64, 128, ... of the text; nothing happens when memory is refused. */
static void make_crumbs(cp_heap *heap, cp_string *string)
{
    cp_string_side *side = need_side(heap, string);
    if (side == NULL)
        return;
    size_t count = string->char_length / CRUMB_CHARS;
    cp_bytevector *crumbs =
        (cp_bytevector *)cp_alloc(heap, CP_TYPE_BYTEVECTOR, count * sizeof(uint32_t));
    if (crumbs == NULL)
        return;
    uint32_t *offsets = (uint32_t *)(void *)crumbs->bytes;
    const char *text = cp_string_text(string);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        at += walk(text + at, CRUMB_CHARS);
        offsets[i] = (uint32_t)at;
    }
    cp_write(heap, &side->object, &side->crumbs, cp_from_object(crumbs));
}

/* ---- Access -------------------------------------------------------------------------------- */

static uint32_t find_offset(cp_heap *heap, cp_string *string, uint32_t index)
{
    if (index >= CRUMB_CHARS && crumbs_of(side_of(string)) == NULL)
        make_crumbs(heap, string);
    cp_string_side *side = side_of(string);
    const uint32_t *crumbs = crumbs_of(side);
    uint32_t known_char = 0;
    uint32_t known_byte = 0;
    if (crumbs != NULL && index >= CRUMB_CHARS) {
        known_char = index - index % CRUMB_CHARS;
        known_byte = crumbs[index / CRUMB_CHARS - 1];
    }
    if (side != NULL && side->cached_char <= index && side->cached_char > known_char) {
        known_char = side->cached_char;
        known_byte = side->cached_byte;
    }
    const char *text = cp_string_text(string);
    uint32_t offset = known_byte + (uint32_t)walk(text + known_byte, index - known_char);
    if (side != NULL) {
        side->cached_char = index;
        side->cached_byte = offset;
    }
    return offset;
}

uint32_t cp_string_offset(cp_heap *heap, cp_value string, uint32_t index)
{
    cp_string *s = cp_to_string(string);
    assert(index <= s->char_length);
    if (CP_LIKELY(cp_string_is_ascii(s)))
        return index;
    return index == s->char_length ? s->byte_length : find_offset(heap, s, index);
}

uint32_t cp_string_ref(cp_heap *heap, cp_value string, uint32_t index)
{
    assert(index < cp_to_string(string)->char_length);
    uint32_t offset = cp_string_offset(heap, string, index);
    const char *at = cp_string_text(cp_to_string(string)) + offset;
    return cp_utf8_decode(&at);
}

/* ---- Changing ------------------------------------------------------------------------------ */

/* Bytes of text, without the NUL, that fit where the text is. */
static size_t room_of(const cp_string *string)
{
    if ((cp_object_flags(&string->object) & CP_STRING_IS_MOVED) == 0)
        return cp_object_length(&string->object) - 1;
    return cp_bytevector_length(side_of(string)->body) - 1;
}

/* Give the text room for SIZE bytes and a half more, in a body of its own. */
static bool move_text(cp_heap *heap, cp_string *string, size_t size)
{
    cp_string_side *side = need_side(heap, string);
    if (side == NULL)
        return false;
    size_t room = size + size / 2 + 16;
    cp_bytevector *body = (cp_bytevector *)cp_alloc(heap, CP_TYPE_BYTEVECTOR, room + 1);
    if (body == NULL)
        return false;
    memcpy(body->bytes, cp_string_text(string), string->byte_length + 1);
    cp_write(heap, &side->object, &side->body, cp_from_object(body));
    cp_object_set_flags(&string->object, CP_STRING_IS_MOVED);
    return true;
}

/* Replace OLD bytes at OFFSET by NEW ones at BYTES; there is room. */
static void splice(cp_string *string, size_t offset, size_t old, const char *bytes, size_t new)
{
    char *text = (char *)(uintptr_t)cp_string_text(string);
    size_t tail = string->byte_length - offset - old + 1; /* with the NUL */
    if (old != new)
        memmove(text + offset + new, text + offset + old, tail);
    memcpy(text + offset, bytes, new);
    string->byte_length = (uint32_t)(string->byte_length - old + new);
}

/* Bytes moved: what was found behind OFFSET is there no more. */
static void forget_offsets(cp_string *string, uint32_t index, size_t offset)
{
    cp_string_side *side = side_of(string);
    if (side == NULL)
        return;
    side->crumbs =
        CP_NOTHING; /* without barrier: it refers to nothing, and nobody has the old one */
    side->cached_char = index;
    side->cached_byte = (uint32_t)offset;
}

static void update_ascii(cp_string *string)
{
    if (string->byte_length == string->char_length)
        cp_object_set_flags(&string->object, CP_STRING_IS_ASCII);
    else
        cp_object_clear_flags(&string->object, CP_STRING_IS_ASCII);
}

bool cp_string_set(cp_heap *heap, cp_value string, uint32_t index, uint32_t code)
{
    cp_string *s = cp_to_string(string);
    assert(index < s->char_length);
    assert(!cp_string_is_immutable(s));
    char bytes[4];
    unsigned new = cp_utf8_encode(code, bytes);
    uint32_t offset = cp_string_offset(heap, string, index);
    unsigned old = sequence_width((unsigned char)cp_string_text(s)[offset]);
    size_t size = (size_t)s->byte_length - old + new;
    if (size > CP_STRING_MAX_BYTES || (size > room_of(s) && !move_text(heap, s, size)))
        return false;
    splice(s, offset, old, bytes, new);
    if (old == new)
        return true;
    forget_offsets(s, index, offset);
    update_ascii(s);
    return true;
}

bool cp_string_replace(cp_heap *heap, cp_value string, uint32_t start, uint32_t end,
                       const char *text, size_t size, uint32_t chars)
{
    cp_string *s = cp_to_string(string);
    assert(start <= end);
    assert(end <= s->char_length);
    assert(!cp_string_is_immutable(s));
    uint32_t from = cp_string_offset(heap, string, start);
    uint32_t to = cp_string_offset(heap, string, end);
    size_t total = (size_t)s->byte_length - (to - from) + size;
    if (total > CP_STRING_MAX_BYTES || (total > room_of(s) && !move_text(heap, s, total)))
        return false;
    splice(s, from, to - from, text, size);
    s->char_length = s->char_length - (end - start) + chars;
    forget_offsets(s, start, from);
    update_ascii(s);
    return true;
}

/* ---- Parts and sums ------------------------------------------------------------------------ */

cp_value cp_string_copy(cp_heap *heap, cp_value string, uint32_t start, uint32_t end)
{
    assert(start <= end);
    uint32_t from = cp_string_offset(heap, string, start);
    uint32_t to = cp_string_offset(heap, string, end);
    return make_valid(heap, cp_string_text(cp_to_string(string)) + from, to - from, end - start);
}

cp_value cp_string_append(cp_heap *heap, const cp_value *strings, size_t count)
{
    size_t bytes = 0;
    size_t chars = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += cp_to_string(strings[i])->byte_length;
        chars += cp_to_string(strings[i])->char_length;
        if (bytes > CP_STRING_MAX_BYTES)
            return CP_FALSE;
    }
    cp_string *sum = alloc_string(heap, bytes, chars);
    if (sum == NULL)
        return CP_RETRY;
    char *at = sum->text;
    for (size_t i = 0; i < count; i++) {
        const cp_string *part = cp_to_string(strings[i]);
        memcpy(at, cp_string_text(part), part->byte_length);
        at += part->byte_length;
    }
    return cp_from_object(sum);
}

/* ---- Comparing, searching, hashing --------------------------------------------------------- */

int cp_string_compare(cp_value a, cp_value b)
{
    const cp_string *x = cp_to_string(a);
    const cp_string *y = cp_to_string(b);
    uint32_t shorter = x->byte_length < y->byte_length ? x->byte_length : y->byte_length;
    int order = memcmp(cp_string_text(x), cp_string_text(y), shorter);
    if (order != 0)
        return order;
    return (x->byte_length > y->byte_length) - (x->byte_length < y->byte_length);
}

bool cp_string_equal(cp_value a, cp_value b)
{
    return cp_to_string(a)->byte_length == cp_to_string(b)->byte_length &&
           cp_string_compare(a, b) == 0;
}

/* Number of characters in SIZE bytes of valid text. */
static size_t count_chars(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += !is_continuation(text[i]);
    return count;
}

int64_t cp_string_search(cp_heap *heap, cp_value string, cp_value pattern, uint32_t start)
{
    const cp_string *s = cp_to_string(string);
    const cp_string *p = cp_to_string(pattern);
    uint32_t from = cp_string_offset(heap, string, start);
    const char *text = cp_string_text(s) + from;
    /* A match starts at a character: no sequence of UTF-8 is found inside another one. */
    const char *found = memmem(text, s->byte_length - from, cp_string_text(p), p->byte_length);
    if (found == NULL)
        return -1;
    size_t distance = (size_t)(found - text);
    return (int64_t)start +
           (int64_t)(cp_string_is_ascii(s) ? distance : count_chars(text, distance));
}

/* FNV-1a over bytes (Fowler, Noll, Vo 1991), then mixed so that all bits depend on all bytes. */
uint32_t cp_text_hash(const char *text, size_t size)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
    hash ^= hash >> 32;
    return (uint32_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

uint32_t cp_string_hash(cp_value string)
{
    const cp_string *s = cp_to_string(string);
    return cp_text_hash(cp_string_text(s), s->byte_length);
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static const cp_type string_row = {.name = "string",
                                   .fixed_bytes = offsetof(cp_string, text),
                                   .element_bytes = 1,
                                   .values_from = offsetof(cp_string, side),
                                   .values_to = offsetof(cp_string, text)};
static const cp_type side_row = {.name = "string-side",
                                 .fixed_bytes = sizeof(cp_string_side),
                                 .values_from = offsetof(cp_string_side, body),
                                 .values_to = offsetof(cp_string_side, cached_char)};

void cp_text_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_STRING, &string_row);
    cp_heap_set_type(heap, CP_TYPE_STRING_SIDE, &side_row);
}
