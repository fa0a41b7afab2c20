/* term.h -- terms: program text as the compiler works on it, outside the heap.
 *
 * Owns:  the layout of terms and identifiers, the names of one compilation.
 * Never: refers to the heap: what is no immediate is text, as it will stand in a template. So a
 *        compilation has no roots, may stop anywhere, and a macro is kept like any block of memory.
 *
 * A term is what a form of syntax.h is, with a position of its own at every level. An identifier
 * is a symbol of the text, which is one object for each name, or an alias: a new object that a
 * macro expansion made for an identifier of its template (scope.h). */
#ifndef CP_INTERP_TERM_H
#define CP_INTERP_TERM_H

#include "interp/arena.h"
#include "interp/source.h"
#include "interp/value.h"

typedef struct cp_term cp_term;
typedef struct cp_identifier cp_identifier;
typedef struct cp_scope cp_scope;
typedef struct cp_binding cp_binding;

struct cp_identifier {
    const char *name; /* for an alias that of the symbol at its end */
    uint32_t length;
    uint32_t hash;
    cp_identifier *base;  /* of an alias: what it renames; NULL for a symbol */
    cp_scope *scope;      /* of an alias: where BASE is looked up */
    cp_binding *bindings; /* in all scopes, the latest first */
    cp_identifier *next;  /* symbols: in the same bucket */
    const void *mark;     /* scratch of duplicate checks: who saw it last */
};

typedef enum cp_term_kind {
    CP_TERM_VALUE, /* an immediate: (), a constant, a character, a fixnum, a double */
    CP_TERM_PAIR,
    CP_TERM_VECTOR,
    CP_TERM_IDENTIFIER,
    CP_TERM_STRING, /* UTF-8 */
    CP_TERM_NUMBER, /* written in decimal, when it is no immediate */
    CP_TERM_BYTES
} cp_term_kind;

struct cp_term {
    cp_term_kind kind;
    uint32_t length; /* of items or bytes */
    cp_position position;
    union {
        cp_value value;
        struct {
            cp_term *car;
            cp_term *cdr;
        } pair;
        cp_term **items;
        const char *bytes; /* and a NUL that is not counted */
        cp_identifier *identifier;
    } as;
};

/* Everything that one compilation makes of terms. */
typedef struct cp_terms {
    cp_arena arena;
    cp_identifier **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t name_count;
} cp_terms;

void cp_terms_init(cp_terms *terms, const copse_allocator *allocator);
void cp_terms_free(cp_terms *terms);

/* Constructors: NULL when memory is refused. Texts and items are copied. */
cp_identifier *cp_terms_name(cp_terms *terms, const char *name, size_t length) CP_MUST_USE;
cp_identifier *cp_terms_alias(cp_terms *terms, cp_identifier *base, cp_scope *scope) CP_MUST_USE;
cp_term *cp_term_value(cp_terms *terms, cp_value value, cp_position position) CP_MUST_USE;
cp_term *cp_term_pair(cp_terms *terms, cp_term *car, cp_term *cdr, cp_position at) CP_MUST_USE;
cp_term *cp_term_vector(cp_terms *terms, cp_term *const *items, uint32_t length,
                        cp_position position) CP_MUST_USE;
cp_term *cp_term_identifier(cp_terms *terms, cp_identifier *identifier, cp_position at) CP_MUST_USE;
cp_term *cp_term_symbol(cp_terms *terms, const char *name, cp_position position) CP_MUST_USE;
cp_term *cp_term_bytes(cp_terms *terms, cp_term_kind kind, const char *bytes, uint32_t length,
                       cp_position position) CP_MUST_USE;

static inline bool cp_term_is_pair(const cp_term *term)
{
    return term->kind == CP_TERM_PAIR;
}

static inline bool cp_term_is_identifier(const cp_term *term)
{
    return term->kind == CP_TERM_IDENTIFIER;
}

static inline bool cp_term_is_nil(const cp_term *term)
{
    return term->kind == CP_TERM_VALUE && cp_is_nil(term->as.value);
}

static inline bool cp_term_is_value(const cp_term *term, cp_value value)
{
    return term->kind == CP_TERM_VALUE && cp_same(term->as.value, value);
}

/* The identifier's symbol: itself, or what stands at the end of the aliases. */
cp_identifier *cp_identifier_symbol(cp_identifier *identifier);

/* Number of elements of a proper list, else -1. Terms are no cycles. */
int64_t cp_term_length(const cp_term *term);

/* Whether two atoms are equal constants (equal?); pairs and vectors are never. */
bool cp_term_same_atom(const cp_term *a, const cp_term *b);

/* Print TERM as text that reads back, aliases as their symbols, at most DEPTH levels deep. */
void cp_term_print(cp_printer *printer, const cp_term *term, uint32_t depth);

#endif
