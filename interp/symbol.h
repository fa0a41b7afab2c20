/* symbol.h -- symbols: one object for each name, for as long as somebody refers to it.
 *
 * Owns:  the table of interned symbols, which holds them weakly.
 * Never: keeps a symbol alive, permanent ones aside: a full cycle drops what nobody refers to. */
#ifndef CP_INTERP_SYMBOL_H
#define CP_INTERP_SYMBOL_H

#include "interp/text.h"

enum {
    CP_SYMBOL_IS_INTERNED = CP_FLAG_OWN_FIRST,
    CP_SYMBOL_IS_PERMANENT = CP_FLAG_OWN_FIRST << 1 /* never dies: names of images and opcodes */
};

typedef struct cp_symbol {
    cp_object object;
    cp_value name;  /* an immutable string */
    uint32_t hash;  /* of the name; for an uninterned symbol any number */
    uint32_t spare; /* zero */
} cp_symbol;

typedef struct cp_symbols cp_symbols;

/* An own empty table of symbols for HEAP. NULL when memory is refused. Free it before the heap. */
cp_symbols *cp_symbols_new(cp_heap *heap) CP_MUST_USE;
void cp_symbols_free(cp_symbols *own);

CP_ALWAYS_INLINE bool cp_is_symbol(cp_value v)
{
    return cp_is_type(v, CP_TYPE_SYMBOL);
}

CP_ALWAYS_INLINE cp_symbol *cp_to_symbol(cp_value v)
{
    assert(cp_is_symbol(v));
    return (cp_symbol *)cp_to_object(v);
}

/* The symbol named by SIZE bytes of UTF-8. CP_RETRY when memory is refused, CP_FALSE when the name
 * is not UTF-8 or too long. Cost: linear in SIZE. */
cp_value cp_intern(cp_symbols *symbols, const char *name, size_t size);

/* The same for a NUL-terminated name. */
cp_value cp_intern_c(cp_symbols *symbols, const char *name);

/* The symbol named by STRING, or CP_RETRY. An immutable string becomes the name itself. */
cp_value cp_intern_string(cp_symbols *symbols, cp_value string);

/* The interned symbol of that name if there is one, else CP_FALSE. Allocates nothing. */
cp_value cp_find_symbol(cp_symbols *symbols, const char *name, size_t size);

/* The same as cp_intern_c, for a symbol that never dies. */
cp_value cp_intern_permanent(cp_symbols *symbols, const char *name);

/* A symbol that is eq? to no other, whatever their names. NAME is an immutable string. */
cp_value cp_make_uninterned(cp_symbols *symbols, cp_value name);

/* Number of interned symbols. */
size_t cp_symbols_count(const cp_symbols *symbols);

/* Visit the interned symbols, in no stable order: for completion, which sorts. NEXT is 0 at first
 * and is moved; CP_NOTHING at the end. Interning in between restarts nothing but may be missed. */
cp_value cp_symbols_next(cp_symbols *symbols, size_t *next);

#endif
