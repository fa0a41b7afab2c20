/* object.c -- constructors: ask for memory, fill it, done; nothing is changed before the memory is
 * there. A large vector is born old when its fill is, so that young collections need not look
 * through it. */
#include "interp/object.h"

/* ---- Vectors ------------------------------------------------------------------------------- */

static bool may_be_young(cp_value v)
{
    return cp_is_reference(v) && (*cp_state_of((void *)cp_to_address(v)) & CP_STATE_YOUNG) != 0;
}

static cp_vector *alloc_vector(cp_heap *heap, size_t length, cp_value fill)
{
    if (length > CP_SMALL_MAX / sizeof(cp_value) && !may_be_young(fill))
        return (cp_vector *)cp_alloc_old(heap, CP_TYPE_VECTOR, length);
    return (cp_vector *)cp_alloc(heap, CP_TYPE_VECTOR, length);
}

cp_value cp_make_vector(cp_heap *heap, size_t length, cp_value fill)
{
    cp_vector *vector = alloc_vector(heap, length, fill);
    if (vector == NULL)
        return CP_RETRY;
    for (size_t i = 0; i < length; i++)
        vector->values[i] = fill;
    return cp_from_object(vector);
}

cp_value cp_vector_from(cp_heap *heap, const cp_value *values, size_t count)
{
    cp_vector *vector = (cp_vector *)cp_alloc(heap, CP_TYPE_VECTOR, count);
    if (vector == NULL)
        return CP_RETRY;
    memcpy(vector->values, values, count * sizeof(cp_value));
    return cp_from_object(vector);
}

/* Announce the stores to COUNT slots: one test a card. */
static void before_write_slots(cp_heap *heap, cp_object *object, const cp_value *slots,
                               size_t count)
{
    const char *at = (const char *)slots;
    const char *end = (const char *)(slots + count);
    while (at < end) {
        cp_before_write(heap, object, at);
        size_t offset = (size_t)(at - (const char *)object);
        at += CP_CARD_BYTES - offset % CP_CARD_BYTES;
    }
}

void cp_vector_copy(cp_heap *heap, cp_value target, uint32_t to, cp_value source, uint32_t from,
                    uint32_t count)
{
    assert((uint64_t)to + count <= cp_vector_length(target));
    assert((uint64_t)from + count <= cp_vector_length(source));
    cp_value *slots = cp_to_vector(target)->values + to;
    before_write_slots(heap, cp_to_object(target), slots, count);
    memmove(slots, cp_to_vector(source)->values + from, count * sizeof(cp_value));
}

/* ---- Bytevectors --------------------------------------------------------------------------- */

cp_value cp_make_bytevector(cp_heap *heap, size_t length, uint8_t fill)
{
    cp_bytevector *bytevector = (cp_bytevector *)cp_alloc(heap, CP_TYPE_BYTEVECTOR, length);
    if (bytevector == NULL)
        return CP_RETRY;
    memset(bytevector->bytes, fill, length);
    return cp_from_object(bytevector);
}

cp_value cp_bytevector_from(cp_heap *heap, const void *bytes, size_t count)
{
    cp_bytevector *bytevector = (cp_bytevector *)cp_alloc(heap, CP_TYPE_BYTEVECTOR, count);
    if (bytevector == NULL)
        return CP_RETRY;
    if (count > 0)
        memcpy(bytevector->bytes, bytes, count);
    return cp_from_object(bytevector);
}

/* ---- Records and foreign objects ------------------------------------------------------------ */

cp_value cp_make_record_type(cp_heap *heap, cp_value name, cp_value fields)
{
    assert(cp_is_vector(fields));
    cp_record_type *type = (cp_record_type *)cp_alloc(heap, CP_TYPE_RECORD_TYPE, 0);
    if (type == NULL)
        return CP_RETRY;
    type->name = name;
    type->fields = fields;
    return cp_from_object(type);
}

cp_value cp_make_record(cp_heap *heap, cp_value type, cp_value fill)
{
    uint32_t count = cp_vector_length(cp_to_record_type(type)->fields);
    cp_record *record = (cp_record *)cp_alloc(heap, CP_TYPE_RECORD, count);
    if (record == NULL)
        return CP_RETRY;
    record->type = type;
    for (uint32_t i = 0; i < count; i++)
        record->fields[i] = fill;
    return cp_from_object(record);
}

cp_value cp_make_foreign(cp_heap *heap, void *pointer, const void *tag,
                         void (*finalise)(void *pointer))
{
    cp_foreign *foreign = (cp_foreign *)cp_alloc(heap, CP_TYPE_FOREIGN, 0);
    if (foreign == NULL)
        return CP_RETRY;
    foreign->payload = CP_FALSE;
    foreign->pointer = pointer;
    foreign->tag = tag;
    foreign->finalise = finalise;
    if (finalise != NULL && !cp_heap_add_finaliser(heap, &foreign->object))
        return CP_RETRY;
    return cp_from_object(foreign);
}

static void finalise_foreign(cp_heap *heap, cp_object *object)
{
    (void)heap;
    cp_foreign *foreign = (cp_foreign *)object;
    if (foreign->finalise != NULL)
        foreign->finalise(foreign->pointer);
    foreign->finalise = NULL;
    foreign->pointer = NULL;
}

void cp_run_finaliser(cp_heap *heap, cp_value v)
{
    const cp_type *row = cp_heap_type(heap, cp_to_object(v));
    if (row->finalise != NULL)
        row->finalise(heap, cp_to_object(v));
}

/* ---- Lists --------------------------------------------------------------------------------- */

cp_value cp_list_from(cp_heap *heap, const cp_value *values, size_t count, cp_value tail)
{
    cp_value list = tail;
    for (size_t i = count; i > 0; i--) {
        list = cp_cons(heap, values[i - 1], list);
        if (cp_is_retry(list))
            return list;
    }
    return list;
}

int64_t cp_list_length(cp_value v)
{
    int64_t length = 0;
    cp_value slow = v;
    while (cp_is_pair(v)) {
        length++;
        v = cp_cdr(v);
        if (length % 2 != 0)
            continue;
        slow = cp_cdr(slow);
        if (cp_same(slow, v) && cp_is_pair(v))
            return -1; /* Floyd: the faster walker met the slower one */
    }
    return cp_is_nil(v) ? length : -1;
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static const cp_type vector_row = {.name = "vector",
                                   .fixed_bytes = sizeof(cp_vector),
                                   .element_bytes = sizeof(cp_value),
                                   .values_from = offsetof(cp_vector, values),
                                   .values_to = CP_TO_END};
static const cp_type bytevector_row = {
    .name = "bytevector", .fixed_bytes = sizeof(cp_bytevector), .element_bytes = 1};
static const cp_type box_row = {.name = "box",
                                .fixed_bytes = sizeof(cp_box),
                                .values_from = offsetof(cp_box, value),
                                .values_to = CP_TO_END};
static const cp_type record_type_row = {.name = "record-type",
                                        .fixed_bytes = sizeof(cp_record_type),
                                        .values_from = offsetof(cp_record_type, name),
                                        .values_to = CP_TO_END};
static const cp_type record_row = {.name = "record",
                                   .fixed_bytes = sizeof(cp_record),
                                   .element_bytes = sizeof(cp_value),
                                   .values_from = offsetof(cp_record, type),
                                   .values_to = CP_TO_END};
static const cp_type foreign_row = {.name = "foreign",
                                    .fixed_bytes = sizeof(cp_foreign),
                                    .values_from = offsetof(cp_foreign, payload),
                                    .values_to = offsetof(cp_foreign, pointer),
                                    .finalise = finalise_foreign};

void cp_object_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_VECTOR, &vector_row);
    cp_heap_set_type(heap, CP_TYPE_BYTEVECTOR, &bytevector_row);
    cp_heap_set_type(heap, CP_TYPE_BOX, &box_row);
    cp_heap_set_type(heap, CP_TYPE_RECORD_TYPE, &record_type_row);
    cp_heap_set_type(heap, CP_TYPE_RECORD, &record_row);
    cp_heap_set_type(heap, CP_TYPE_FOREIGN, &foreign_row);
}
