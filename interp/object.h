/* object.h -- the plain objects: pairs, lists, boxes, vectors, bytevectors, records, foreign ones.
 *
 * Owns:  their layout, construction, and the barrier on their mutation.
 * Never: checks what Lisp must check (type, index, immutability): callers have, and asserts say so.
 *
 * Everything that constructs gives CP_RETRY when memory is refused. */
#ifndef CP_INTERP_OBJECT_H
#define CP_INTERP_OBJECT_H

#include "interp/collect.h"

/* Give the rows of these types to HEAP. */
void cp_object_init(cp_heap *heap);

/* ---- Boxes --------------------------------------------------------------------------------- */

/* One slot: an assigned variable that is captured or lives across a call. */
typedef struct cp_box {
    cp_object object;
    cp_value value;
} cp_box;

CP_ALWAYS_INLINE bool cp_is_box(cp_value v)
{
    return cp_is_type(v, CP_TYPE_BOX);
}

CP_ALWAYS_INLINE cp_box *cp_to_box(cp_value v)
{
    assert(cp_is_box(v));
    return (cp_box *)cp_to_object(v);
}

CP_ALWAYS_INLINE cp_value cp_make_box(cp_heap *heap, cp_value value)
{
    cp_box *box = (cp_box *)cp_alloc_sized(heap, cp_header(CP_TYPE_BOX, 0, 0, 0), sizeof(cp_box));
    if (CP_UNLIKELY(box == NULL))
        return CP_RETRY;
    box->value = value;
    return cp_from_object(box);
}

CP_ALWAYS_INLINE void cp_box_set(cp_heap *heap, cp_value box, cp_value value)
{
    cp_write(heap, cp_to_object(box), &cp_to_box(box)->value, value);
}

/* ---- Vectors ------------------------------------------------------------------------------- */

typedef struct cp_vector {
    cp_object object; /* length: number of values */
    cp_value values[];
} cp_vector;

CP_ALWAYS_INLINE bool cp_is_vector(cp_value v)
{
    return cp_is_type(v, CP_TYPE_VECTOR);
}

CP_ALWAYS_INLINE cp_vector *cp_to_vector(cp_value v)
{
    assert(cp_is_vector(v));
    return (cp_vector *)cp_to_object(v);
}

CP_ALWAYS_INLINE uint32_t cp_vector_length(cp_value v)
{
    return cp_object_length(&cp_to_vector(v)->object);
}

CP_ALWAYS_INLINE cp_value cp_vector_ref(cp_value v, uint32_t index)
{
    assert(index < cp_vector_length(v));
    return cp_to_vector(v)->values[index];
}

CP_ALWAYS_INLINE void cp_vector_set(cp_heap *heap, cp_value v, uint32_t index, cp_value value)
{
    assert(index < cp_vector_length(v));
    cp_write(heap, cp_to_object(v), &cp_to_vector(v)->values[index], value);
}

/* LENGTH times FILL; a copy of VALUES. Cost: linear in LENGTH. */
cp_value cp_make_vector(cp_heap *heap, size_t length, cp_value fill);
cp_value cp_vector_from(cp_heap *heap, const cp_value *values, size_t count);

/* Copy COUNT values from index FROM of SOURCE to index TO of TARGET; they may be the same vector
 * and overlap. Cost: linear in COUNT. */
void cp_vector_copy(cp_heap *heap, cp_value target, uint32_t to, cp_value source, uint32_t from,
                    uint32_t count);

/* ---- Bytevectors --------------------------------------------------------------------------- */

typedef struct cp_bytevector {
    cp_object object; /* length: number of bytes */
    uint8_t bytes[];
} cp_bytevector;

CP_ALWAYS_INLINE bool cp_is_bytevector(cp_value v)
{
    return cp_is_type(v, CP_TYPE_BYTEVECTOR);
}

CP_ALWAYS_INLINE cp_bytevector *cp_to_bytevector(cp_value v)
{
    assert(cp_is_bytevector(v));
    return (cp_bytevector *)cp_to_object(v);
}

CP_ALWAYS_INLINE uint32_t cp_bytevector_length(cp_value v)
{
    return cp_object_length(&cp_to_bytevector(v)->object);
}

/* LENGTH times FILL; a copy of BYTES. Cost: linear in LENGTH. */
cp_value cp_make_bytevector(cp_heap *heap, size_t length, uint8_t fill);
cp_value cp_bytevector_from(cp_heap *heap, const void *bytes, size_t count);

/* ---- Records ------------------------------------------------------------------------------- */

/* What define-record-type makes. Generative: two definitions are two types. */
typedef struct cp_record_type {
    cp_object object;
    cp_value name;   /* a symbol */
    cp_value fields; /* a vector of symbols */
} cp_record_type;

typedef struct cp_record {
    cp_object object; /* length: number of fields */
    cp_value type;    /* a record type */
    cp_value fields[];
} cp_record;

CP_ALWAYS_INLINE bool cp_is_record_type(cp_value v)
{
    return cp_is_type(v, CP_TYPE_RECORD_TYPE);
}

CP_ALWAYS_INLINE cp_record_type *cp_to_record_type(cp_value v)
{
    assert(cp_is_record_type(v));
    return (cp_record_type *)cp_to_object(v);
}

CP_ALWAYS_INLINE bool cp_is_record(cp_value v)
{
    return cp_is_type(v, CP_TYPE_RECORD);
}

CP_ALWAYS_INLINE cp_record *cp_to_record(cp_value v)
{
    assert(cp_is_record(v));
    return (cp_record *)cp_to_object(v);
}

CP_ALWAYS_INLINE bool cp_is_record_of(cp_value v, cp_value type)
{
    return cp_is_record(v) && cp_same(cp_to_record(v)->type, type);
}

CP_ALWAYS_INLINE void cp_record_set(cp_heap *heap, cp_value record, uint32_t field, cp_value value)
{
    assert(field < cp_object_length(cp_to_object(record)));
    cp_write(heap, cp_to_object(record), &cp_to_record(record)->fields[field], value);
}

cp_value cp_make_record_type(cp_heap *heap, cp_value name, cp_value fields);

/* A record of TYPE whose fields are all FILL; the number of fields is the type's. */
cp_value cp_make_record(cp_heap *heap, cp_value type, cp_value fill);

/* ---- Foreign objects ----------------------------------------------------------------------- */

/* A C pointer in a Lisp value. TAG tells kinds of pointers apart: the address of any constant. */
typedef struct cp_foreign {
    cp_object object;
    cp_value payload; /* a Lisp value that belongs to it */
    void *pointer;
    const void *tag;
    void (*finalise)(void *pointer); /* NULL: none. Run by the host's loop, not the collector. */
} cp_foreign;

CP_ALWAYS_INLINE bool cp_is_foreign(cp_value v, const void *tag)
{
    return cp_is_type(v, CP_TYPE_FOREIGN) && ((cp_foreign *)cp_to_object(v))->tag == tag;
}

/* POINTER stays the caller's when CP_RETRY is returned. */
cp_value cp_make_foreign(cp_heap *heap, void *pointer, const void *tag,
                         void (*finalise)(void *pointer));

/* ---- Lists --------------------------------------------------------------------------------- */

/* The list of COUNT values, before TAIL. Cost: linear in COUNT. */
cp_value cp_list_from(cp_heap *heap, const cp_value *values, size_t count, cp_value tail);

/* Number of elements of a proper list; -1 for anything else, circular lists included. */
int64_t cp_list_length(cp_value v);

/* ---- Finalisers ---------------------------------------------------------------------------- */

/* Run the finaliser of what cp_heap_take_finalisable gave: its row's, if it has one. */
void cp_run_finaliser(cp_heap *heap, cp_value v);

#endif
