/* type.h -- the header word of an object, and the row that says what a type of object is.
 *
 * Owns:  the header word, the list of built-in type numbers, the shape of a type row.
 * Never: allocates or walks objects: heap.h and mark.h do, and know types only by their rows.
 *
 *   63                    32 31            16 15      8 7       0
 *   +-----------------------+----------------+---------+---------+
 *   | length                | aux            | flags   | type    |
 *   +-----------------------+----------------+---------+---------+
 *
 * `length` counts elements (values, bytes, whatever the row's element_bytes says), so the size of
 * an object follows from its header and its row. `aux` and the upper four flags are the type's. */
#ifndef CP_INTERP_TYPE_H
#define CP_INTERP_TYPE_H

#include "interp/value.h"

typedef struct cp_heap cp_heap;
typedef struct cp_tracer cp_tracer;

/* ---- Type numbers -------------------------------------------------------------------------- */

/* X(name). Numbers that C code tests for; the module that owns a type gives its row to the heap
 * with cp_heap_set_type. A module to the right of interp, or a host, asks for a fresh number with
 * cp_heap_add_type. */
#define CP_TYPE_LIST(X)                                                                            \
    X(VECTOR)                                                                                      \
    X(BYTEVECTOR)                                                                                  \
    X(BOX)                                                                                         \
    X(RECORD_TYPE)                                                                                 \
    X(RECORD)                                                                                      \
    X(FOREIGN)                                                                                     \
    X(STRING)                                                                                      \
    X(STRING_SIDE)                                                                                 \
    X(SYMBOL)                                                                                      \
    X(TABLE)                                                                                       \
    X(ENTRIES)                                                                                     \
    X(WEAK_KEY_ENTRIES)                                                                            \
    X(WEAK_VALUE_ENTRIES)                                                                          \
    X(BIGNUM)                                                                                      \
    X(RATIONAL)                                                                                    \
    X(COMPLEX)                                                                                     \
    X(CONDITION)                                                                                   \
    X(CELL)                                                                                        \
    X(CODE)                                                                                        \
    X(CLOSURE)                                                                                     \
    X(BUILTIN)                                                                                     \
    X(CONTINUATION)                                                                                \
    X(FIBER)                                                                                       \
    X(SEGMENT)                                                                                     \
    X(SLICE)                                                                                       \
    X(PROMPT)                                                                                      \
    X(WIND)                                                                                        \
    X(HANDLER)                                                                                     \
    X(PARAMETER)                                                                                   \
    X(PROMISE)                                                                                     \
    X(VALUES)                                                                                      \
    X(ENVIRONMENT)                                                                                 \
    X(LIBRARY)                                                                                     \
    X(SYNTAX)                                                                                      \
    X(MACRO)                                                                                       \
    X(PORT)

#define CP_TYPE_ENUM(name) CP_TYPE_##name,
typedef enum cp_type_number {
    CP_TYPE_NONE, /* no object has it: a zero header is a bug that shows */
    CP_TYPE_LIST(CP_TYPE_ENUM) CP_TYPE_FIRST_FREE
} cp_type_number;
#undef CP_TYPE_ENUM

enum { CP_TYPE_LIMIT = 256 };
_Static_assert((int)CP_TYPE_FIRST_FREE < (int)CP_TYPE_LIMIT / 2,
               "hosts get at least half the numbers");

/* ---- The header word ----------------------------------------------------------------------- */

struct cp_object {
    uint64_t header;
};

enum {
    CP_FLAG_IMMUTABLE = 0x01, /* mutators of Lisp refuse it */
    CP_FLAG_FINALISE = 0x02,  /* on the heap's list of objects to finalise */
    CP_FLAG_OWN_FIRST = 0x10  /* this and the three above belong to the type */
};

/* How an object of a type with weak references begins. */
typedef struct cp_weak {
    cp_object object;
    struct cp_weak *next_weak; /* the collector's list of those it met; no value */
} cp_weak;

#define CP_OBJECT_LENGTH_MAX UINT64_C(0xFFFFFFFF)

CP_ALWAYS_INLINE uint64_t cp_header(unsigned type, unsigned flags, unsigned aux, uint64_t length)
{
    assert(type < CP_TYPE_LIMIT);
    assert(length <= CP_OBJECT_LENGTH_MAX);
    return length << 32 | (uint64_t)(aux & 0xFFFFu) << 16 | (uint64_t)(flags & 0xFFu) << 8 | type;
}

CP_ALWAYS_INLINE unsigned cp_object_type(const cp_object *object)
{
    return (unsigned)(object->header & 0xFF);
}

CP_ALWAYS_INLINE unsigned cp_object_flags(const cp_object *object)
{
    return (unsigned)(object->header >> 8 & 0xFF);
}

CP_ALWAYS_INLINE unsigned cp_object_aux(const cp_object *object)
{
    return (unsigned)(object->header >> 16 & 0xFFFF);
}

CP_ALWAYS_INLINE uint32_t cp_object_length(const cp_object *object)
{
    return (uint32_t)(object->header >> 32);
}

CP_ALWAYS_INLINE void cp_object_set_flags(cp_object *object, unsigned flags)
{
    object->header |= (uint64_t)(flags & 0xFFu) << 8;
}

CP_ALWAYS_INLINE void cp_object_clear_flags(cp_object *object, unsigned flags)
{
    object->header &= ~((uint64_t)(flags & 0xFFu) << 8);
}

CP_ALWAYS_INLINE void cp_object_set_aux(cp_object *object, unsigned aux)
{
    object->header = (object->header & ~UINT64_C(0xFFFF0000)) | (uint64_t)(aux & 0xFFFFu) << 16;
}

CP_ALWAYS_INLINE bool cp_is_type(cp_value v, unsigned type)
{
    return cp_is_object(v) && cp_object_type(cp_to_object(v)) == type;
}

/* ---- Type rows ----------------------------------------------------------------------------- */

/* What the heap knows of a type. The values in an object are the words from values_from to
 * values_to (offsets in bytes from the header); a type whose values lie otherwise has a trace
 * function, which visits each of them with cp_trace or cp_trace_values (mark.h) and nothing else.
 * A trace function runs in one piece, so an object that has one stays below a few thousand values;
 * values by range are visited in slices, whatever their number. */
typedef struct cp_type {
    const char *name;       /* "vector": for (gc.stats), the inspector and error messages */
    uint16_t fixed_bytes;   /* size without elements, header included */
    uint16_t element_bytes; /* size of each of the header's `length` elements */
    uint16_t values_from;   /* offset of the first value; a multiple of 8, at least 8 */
    uint16_t values_to;     /* offset behind the last value, or CP_TO_END */
    size_t (*values_end)(const cp_object *object); /* that offset, when it changes; or NULL */
    void (*trace)(cp_object *object, cp_tracer *tracer);

    /* Weak objects only; they start with a cp_weak. Both see the bytes FROM to TO of the object.
     * weak_trace traces what the references that are known to be alive keep alive; true when it
     * marked something. weak_clean forgets every reference to what is dead. */
    bool (*weak_trace)(cp_object *object, cp_tracer *tracer, size_t from, size_t to);
    void (*weak_clean)(cp_object *object, cp_tracer *tracer, size_t from, size_t to);

    /* What the host runs for an object that cp_heap_take_finalisable gave; may be NULL. */
    void (*finalise)(cp_heap *heap, cp_object *object);

    /* eqv? of two objects of this type that are not the same object, and a hash that agrees with
     * it. Both NULL: the type compares by identity. Constant or bounded cost. */
    bool (*equal)(const cp_object *a, const cp_object *b);
    uint64_t (*hash)(const cp_object *object);
} cp_type;

#define CP_TO_END UINT16_MAX

/* Offset behind the last value of OBJECT, which has SIZE bytes and is of type ROW. */
CP_ALWAYS_INLINE size_t cp_type_values_end(const cp_type *row, const cp_object *object, size_t size)
{
    if (CP_UNLIKELY(row->values_end != NULL))
        return row->values_end(object);
    return row->values_to == CP_TO_END ? size : row->values_to;
}

/* Bytes of an object of type ROW with LENGTH elements, not rounded. */
CP_ALWAYS_INLINE size_t cp_type_size(const cp_type *row, size_t length)
{
    return row->fixed_bytes + length * row->element_bytes;
}

#endif
