/* term.c -- terms in an arena; names in a chained hash table that doubles. */
#include "interp/term.h"

#include <string.h>

enum { FIRST_BUCKETS = 256 };

void cp_terms_init(cp_terms *terms, const copse_allocator *allocator)
{
    *terms = (cp_terms){.bucket_count = 0};
    cp_arena_init(&terms->arena, allocator);
}

void cp_terms_free(cp_terms *terms)
{
    cp_arena_free(&terms->arena);
    *terms = (cp_terms){.arena = terms->arena};
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_name(const char *name, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

static bool grow_buckets(cp_terms *terms)
{
    uint32_t count = terms->bucket_count == 0 ? (uint32_t)FIRST_BUCKETS : terms->bucket_count * 2;
    cp_identifier **buckets = CP_TAKE_ARRAY(&terms->arena, count, cp_identifier *);
    if (buckets == NULL)
        return false;
    for (uint32_t i = 0; i < terms->bucket_count; i++) {
        for (cp_identifier *id = terms->buckets[i]; id != NULL;) {
            cp_identifier *next = id->next;
            id->next = buckets[id->hash & (count - 1)];
            buckets[id->hash & (count - 1)] = id;
            id = next;
        }
    }
    terms->buckets = buckets;
    terms->bucket_count = count;
    return true;
}

cp_identifier *cp_terms_name(cp_terms *terms, const char *name, size_t length)
{
    assert(length < UINT32_MAX);
    uint32_t hash = hash_name(name, length);
    if (terms->name_count >= terms->bucket_count && !grow_buckets(terms))
        return NULL;
    cp_identifier **bucket = &terms->buckets[hash & (terms->bucket_count - 1)];
    for (cp_identifier *id = *bucket; id != NULL; id = id->next) {
        if (id->hash == hash && id->length == length && memcmp(id->name, name, length) == 0)
            return id;
    }
    cp_identifier *id = CP_TAKE(&terms->arena, cp_identifier);
    char *copy = cp_arena_text(&terms->arena, name, length);
    if (id == NULL || copy == NULL)
        return NULL;
    *id = (cp_identifier){.name = copy, .length = (uint32_t)length, .hash = hash, .next = *bucket};
    *bucket = id;
    terms->name_count++;
    return id;
}

cp_identifier *cp_terms_alias(cp_terms *terms, cp_identifier *base, cp_scope *scope)
{
    cp_identifier *id = CP_TAKE(&terms->arena, cp_identifier);
    if (id != NULL)
        *id = (cp_identifier){base->name, base->length, base->hash, base, scope, NULL, NULL, NULL};
    return id;
}

static cp_term *make_term(cp_terms *terms, cp_term_kind kind, cp_position position)
{
    cp_term *term = CP_TAKE(&terms->arena, cp_term);
    if (term != NULL) {
        term->kind = kind;
        term->position = position;
    }
    return term;
}

cp_term *cp_term_value(cp_terms *terms, cp_value value, cp_position position)
{
    assert(!cp_is_reference(value));
    cp_term *term = make_term(terms, CP_TERM_VALUE, position);
    if (term != NULL)
        term->as.value = value;
    return term;
}

cp_term *cp_term_pair(cp_terms *terms, cp_term *car, cp_term *cdr, cp_position at)
{
    if (car == NULL || cdr == NULL)
        return NULL;
    cp_term *term = make_term(terms, CP_TERM_PAIR, at);
    if (term != NULL) {
        term->as.pair.car = car;
        term->as.pair.cdr = cdr;
    }
    return term;
}

cp_term *cp_term_vector(cp_terms *terms, cp_term *const *items, uint32_t length,
                        cp_position position)
{
    cp_term *term = make_term(terms, CP_TERM_VECTOR, position);
    cp_term **copy = CP_TAKE_ARRAY(&terms->arena, length, cp_term *);
    if (term == NULL || copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, items, length * sizeof *copy);
    term->length = length;
    term->as.items = copy;
    return term;
}

cp_term *cp_term_identifier(cp_terms *terms, cp_identifier *identifier, cp_position at)
{
    if (identifier == NULL)
        return NULL;
    cp_term *term = make_term(terms, CP_TERM_IDENTIFIER, at);
    if (term != NULL)
        term->as.identifier = identifier;
    return term;
}

cp_term *cp_term_symbol(cp_terms *terms, const char *name, cp_position position)
{
    return cp_term_identifier(terms, cp_terms_name(terms, name, strlen(name)), position);
}

cp_term *cp_term_bytes(cp_terms *terms, cp_term_kind kind, const char *bytes, uint32_t length,
                       cp_position position)
{
    assert(kind == CP_TERM_STRING || kind == CP_TERM_NUMBER || kind == CP_TERM_BYTES);
    cp_term *term = make_term(terms, kind, position);
    char *copy = cp_arena_text(&terms->arena, bytes, length);
    if (term == NULL || copy == NULL)
        return NULL;
    term->length = length;
    term->as.bytes = copy;
    return term;
}

cp_identifier *cp_identifier_symbol(cp_identifier *identifier)
{
    while (identifier->base != NULL)
        identifier = identifier->base;
    return identifier;
}

int64_t cp_term_length(const cp_term *term)
{
    int64_t length = 0;
    for (; cp_term_is_pair(term); term = term->as.pair.cdr)
        length++;
    return cp_term_is_nil(term) ? length : -1;
}

bool cp_term_same_atom(const cp_term *a, const cp_term *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case CP_TERM_VALUE:
        return cp_same(a->as.value, b->as.value);
    case CP_TERM_IDENTIFIER:
        return cp_identifier_symbol(a->as.identifier) == cp_identifier_symbol(b->as.identifier);
    case CP_TERM_STRING:
    case CP_TERM_NUMBER:
    case CP_TERM_BYTES:
        return a->length == b->length && memcmp(a->as.bytes, b->as.bytes, a->length) == 0;
    case CP_TERM_PAIR:
    case CP_TERM_VECTOR:
        return false;
    }
    return false;
}

/* ---- Printing ------------------------------------------------------------------------------ */

static void print_value(cp_printer *printer, cp_value value)
{
    static const char *const names[] = {
#define CONSTANT_TEXT(name, text, meaning) text,
        CP_CONSTANT_LIST(CONSTANT_TEXT)
#undef CONSTANT_TEXT
    };
    if (cp_is_fixnum(value))
        cp_print(printer, "%lld", (long long)cp_to_fixnum(value));
    else if (cp_is_double(value))
        cp_print(printer, "%.17g", cp_to_double(value));
    else if (cp_is_char(value))
        cp_print(printer, "#\\x%x", (unsigned)cp_to_char(value));
    else
        cp_print(printer, "%s", names[cp_to_constant(value)]);
}

static void print_list(cp_printer *printer, const cp_term *term, uint32_t depth)
{
    cp_print(printer, "(");
    for (const char *gap = ""; cp_term_is_pair(term); term = term->as.pair.cdr, gap = " ") {
        cp_print(printer, "%s", gap);
        cp_term_print(printer, term->as.pair.car, depth);
    }
    if (!cp_term_is_nil(term)) {
        cp_print(printer, " . ");
        cp_term_print(printer, term, depth);
    }
    cp_print(printer, ")");
}

void cp_term_print(cp_printer *printer, const cp_term *term, uint32_t depth)
{
    if (depth == 0) {
        cp_print(printer, "...");
        return;
    }
    switch (term->kind) {
    case CP_TERM_VALUE:
        print_value(printer, term->as.value);
        return;
    case CP_TERM_PAIR:
        print_list(printer, term, depth - 1);
        return;
    case CP_TERM_VECTOR:
        cp_print(printer, "#(");
        for (uint32_t i = 0; i < term->length; i++) {
            cp_print(printer, i == 0 ? "" : " ");
            cp_term_print(printer, term->as.items[i], depth - 1);
        }
        cp_print(printer, ")");
        return;
    case CP_TERM_IDENTIFIER:
        cp_print(printer, "%s", term->as.identifier->name);
        return;
    case CP_TERM_STRING:
        cp_print(printer, "\"%s\"", term->as.bytes);
        return;
    case CP_TERM_NUMBER:
        cp_print(printer, "%s", term->as.bytes);
        return;
    case CP_TERM_BYTES:
        cp_print(printer, "#u8(");
        for (uint32_t i = 0; i < term->length; i++)
            cp_print(printer, i == 0 ? "%u" : " %u", (unsigned)(uint8_t)term->as.bytes[i]);
        cp_print(printer, ")");
        return;
    }
}
