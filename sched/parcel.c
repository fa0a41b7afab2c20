/* parcel.c -- the builder appends to two growing arrays, cells and data, and finish copies both
 * into one block. An open container keeps the index of the one around it in its own cell, which is
 * all the stack that nesting needs. Every operation is linear in what it touches. */
#include "sched/parcel.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"

enum { data_alignment = 16 };
static const uint64_t count_limit = UINT64_C(1) << 48;
static const uint64_t nothing_open = UINT64_MAX;

struct copse_parcel_builder {
    const copse_allocator *allocator;
    copse_status status; /* the first refusal */
    cp_parcel_cell *cells;
    size_t cell_count;
    size_t cell_capacity;
    char *data;
    size_t data_size;
    size_t data_capacity;
    uint64_t open;  /* cell of the innermost open container, or nothing_open */
    uint32_t depth; /* open containers */
    size_t roots;   /* parcels at the outermost level */
};

#define ELEMENT_SIZE(name, word, type)                                                             \
    case name:                                                                                     \
        return sizeof(type);

size_t cp_element_size(copse_element element)
{
    switch (element) {
        COPSE_ELEMENT_LIST(ELEMENT_SIZE)
    }
    return 0;
}

#define KIND_NAME(name, word, text)                                                                \
    case name:                                                                                     \
        return word;

const char *copse_parcel_kind_name(copse_parcel_kind kind)
{
    switch (kind) {
        COPSE_PARCEL_KIND_LIST(KIND_NAME)
    case COPSE_PARCEL_KIND_COUNT:
        break;
    }
    return "unknown";
}

/* ---- UTF-8 ---- */

/* Bytes of the well-formed sequence at TEXT (Unicode 15, table 3-7), 0 when it is none. */
static size_t utf8_sequence(const unsigned char *text, size_t size)
{
    unsigned first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > size)
        return 0;
    unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static bool is_utf8(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence((const unsigned char *)text + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* ---- Building ---- */

copse_parcel_builder *copse_parcel_builder_new(const copse_allocator *allocator)
{
    allocator = cp_allocator_or_default(allocator);
    copse_parcel_builder *builder = cp_allocate_zeroed(allocator, sizeof *builder);
    if (builder == NULL)
        return NULL;
    builder->allocator = allocator;
    builder->open = nothing_open;
    return builder;
}

static void release_arrays(copse_parcel_builder *builder)
{
    if (builder->cells != NULL)
        cp_release_array(builder->allocator, builder->cells, builder->cell_capacity,
                         sizeof *builder->cells);
    if (builder->data != NULL)
        cp_release_array(builder->allocator, builder->data, builder->data_capacity, 1);
}

static void reset_builder(copse_parcel_builder *builder)
{
    release_arrays(builder);
    *builder = (copse_parcel_builder){.allocator = builder->allocator, .open = nothing_open};
}

void copse_parcel_builder_free(copse_parcel_builder *own)
{
    if (own == NULL)
        return;
    release_arrays(own);
    cp_release(own->allocator, own, sizeof *own);
}

copse_status copse_parcel_builder_status(const copse_parcel_builder *builder)
{
    return builder->status;
}

static void refuse(copse_parcel_builder *builder, copse_status status)
{
    if (builder->status == COPSE_OK)
        builder->status = status;
}

/* One more item in whatever is open. Counts of containers are kept as items until they close. */
static void count_item(copse_parcel_builder *builder)
{
    if (builder->open == nothing_open)
        builder->roots++;
    else
        builder->cells[builder->open].head += UINT64_C(1) << 16;
}

/* A new cell, the next item; NULL when refused. */
static cp_parcel_cell *add_cell(copse_parcel_builder *builder, copse_parcel_kind kind,
                                copse_element element, uint64_t count)
{
    if (builder->status != COPSE_OK)
        return NULL;
    if (count >= count_limit || builder->cell_count >= count_limit - 1) {
        refuse(builder, COPSE_ERANGE);
        return NULL;
    }
    void *cells = builder->cells;
    bool is_grown = cp_grow_array(builder->allocator, &cells, &builder->cell_capacity,
                                  builder->cell_count + 1, sizeof *builder->cells);
    builder->cells = cells;
    if (!is_grown) {
        refuse(builder, COPSE_ENOMEM);
        return NULL;
    }
    count_item(builder);
    cp_parcel_cell *cell = &builder->cells[builder->cell_count++];
    cell->head = (uint64_t)kind | (uint64_t)element << 8 | count << 16;
    cell->word.bits = 0;
    return cell;
}

/* Room for SIZE more bytes of data, aligned; NULL when refused. *OFFSET is where they are. */
static char *add_data(copse_parcel_builder *builder, size_t size, uint64_t *offset)
{
    size_t start = (builder->data_size + data_alignment - 1) & ~(size_t)(data_alignment - 1);
    size_t end = 0;
    if (builder->status != COPSE_OK)
        return NULL;
    if (CP_ADD_OVERFLOWS(start, size, &end) || end > PTRDIFF_MAX) {
        refuse(builder, COPSE_ERANGE);
        return NULL;
    }
    void *data = builder->data;
    bool is_grown =
        cp_grow_array(builder->allocator, &data, &builder->data_capacity, end == 0 ? 1 : end, 1);
    builder->data = data;
    if (!is_grown) {
        refuse(builder, COPSE_ENOMEM);
        return NULL;
    }
    memset(builder->data + builder->data_size, 0, start - builder->data_size);
    builder->data_size = end;
    *offset = start;
    return builder->data + start;
}

void copse_parcel_add_null(copse_parcel_builder *builder)
{
    (void)add_cell(builder, COPSE_PARCEL_NULL, 0, 0);
}

void copse_parcel_add_boolean(copse_parcel_builder *builder, bool value)
{
    cp_parcel_cell *cell = add_cell(builder, COPSE_PARCEL_BOOLEAN, 0, 0);
    if (cell != NULL)
        cell->word.integer = value;
}

void copse_parcel_add_integer(copse_parcel_builder *builder, int64_t value)
{
    cp_parcel_cell *cell = add_cell(builder, COPSE_PARCEL_INTEGER, 0, 0);
    if (cell != NULL)
        cell->word.integer = value;
}

void copse_parcel_add_double(copse_parcel_builder *builder, double value)
{
    cp_parcel_cell *cell = add_cell(builder, COPSE_PARCEL_DOUBLE, 0, 0);
    if (cell != NULL)
        memcpy(&cell->word.bits, &value, sizeof value);
}

/* A cell of KIND with COUNT elements that are SIZE bytes of data from BYTES (NULL: zeros), and a
 * NUL behind them when it is a text. */
static void add_block(copse_parcel_builder *builder, copse_parcel_kind kind, copse_element element,
                      uint64_t count, const void *bytes, size_t size)
{
    uint64_t offset = 0;
    size_t nul = kind == COPSE_PARCEL_TEXT ? 1 : 0;
    if (size > PTRDIFF_MAX - 1) {
        refuse(builder, COPSE_ERANGE);
        return;
    }
    char *room = add_data(builder, size + nul, &offset);
    if (room == NULL)
        return;
    if (bytes == NULL)
        memset(room, 0, size);
    else if (size > 0)
        memcpy(room, bytes, size);
    if (nul == 1)
        room[size] = '\0';
    cp_parcel_cell *cell = add_cell(builder, kind, element, count);
    if (cell != NULL)
        cell->word.offset = offset;
}

void copse_parcel_add_text(copse_parcel_builder *builder, const char *text, size_t size)
{
    if (builder->status != COPSE_OK)
        return;
    if (!is_utf8(text, size))
        refuse(builder, COPSE_EFORMAT);
    else
        add_block(builder, COPSE_PARCEL_TEXT, 0, size, text, size);
}

void copse_parcel_add_bytes(copse_parcel_builder *builder, const void *bytes, size_t size)
{
    add_block(builder, COPSE_PARCEL_BYTES, 0, size, bytes, size);
}

void copse_parcel_add_array(copse_parcel_builder *builder, copse_element element,
                            const void *values, size_t count)
{
    size_t size = 0;
    size_t element_size = cp_element_size(element);
    if (element_size == 0)
        refuse(builder, COPSE_EINVAL);
    else if (CP_MUL_OVERFLOWS(count, element_size, &size))
        refuse(builder, COPSE_ERANGE);
    else
        add_block(builder, COPSE_PARCEL_ARRAY, element, count, values, size);
}

static void open_container(copse_parcel_builder *builder, copse_parcel_kind kind)
{
    if (builder->depth >= COPSE_PARCEL_DEPTH) {
        refuse(builder, COPSE_ERANGE);
        return;
    }
    uint64_t around = builder->open;
    cp_parcel_cell *cell = add_cell(builder, kind, 0, 0);
    if (cell == NULL)
        return;
    cell->word.end = around;
    builder->open = builder->cell_count - 1;
    builder->depth++;
}

void copse_parcel_open_list(copse_parcel_builder *builder)
{
    open_container(builder, COPSE_PARCEL_LIST);
}

void copse_parcel_open_map(copse_parcel_builder *builder)
{
    open_container(builder, COPSE_PARCEL_MAP);
}

void copse_parcel_close(copse_parcel_builder *builder)
{
    if (builder->status != COPSE_OK)
        return;
    if (builder->open == nothing_open) {
        refuse(builder, COPSE_EINVAL);
        return;
    }
    cp_parcel_cell *cell = &builder->cells[builder->open];
    uint64_t count = cp_cell_count(cell);
    bool is_map = cp_cell_kind(cell) == COPSE_PARCEL_MAP;
    if (is_map && count % 2 != 0) {
        refuse(builder, COPSE_EINVAL);
        return;
    }
    if (is_map)
        cell->head = (cell->head & 0xffff) | (count / 2) << 16;
    builder->open = cell->word.end;
    builder->depth--;
    cell->word.end = builder->cell_count;
}

/* The block of what BUILDER holds; NULL and *STATUS when refused. */
static copse_parcel *make_parcel(copse_parcel_builder *builder, copse_status *status)
{
    *status = builder->status;
    if (*status == COPSE_OK && (builder->roots != 1 || builder->open != nothing_open))
        *status = COPSE_EINVAL;
    if (*status != COPSE_OK)
        return NULL;
    size_t cells_size = builder->cell_count * sizeof(cp_parcel_cell);
    size_t size = 0;
    if (CP_ADD_OVERFLOWS(sizeof(copse_parcel) + cells_size, builder->data_size, &size)) {
        *status = COPSE_ERANGE;
        return NULL;
    }
    copse_parcel *parcel = cp_allocate_aligned(builder->allocator, size, data_alignment);
    if (parcel == NULL) {
        *status = COPSE_ENOMEM;
        return NULL;
    }
    *parcel = (copse_parcel){.allocator = builder->allocator,
                             .size = size,
                             .cell_count = builder->cell_count,
                             .data_size = builder->data_size};
    memcpy(parcel->cells, builder->cells, cells_size);
    if (builder->data_size > 0)
        memcpy((char *)(parcel->cells + parcel->cell_count), builder->data, builder->data_size);
    return parcel;
}

copse_status copse_parcel_finish(copse_parcel_builder *builder, copse_parcel **out)
{
    copse_status status = COPSE_OK;
    *out = make_parcel(builder, &status);
    reset_builder(builder);
    return status;
}

void copse_parcel_free(copse_parcel *own)
{
    if (own != NULL)
        cp_release_aligned(own->allocator, own, own->size, data_alignment);
}

size_t copse_parcel_size(const copse_parcel *parcel)
{
    return parcel->size;
}

/* Equal trees have equal cells, since offsets depend only on what was added before; the gaps that
 * align data are zeros. */
bool copse_parcel_equal(const copse_parcel *a, const copse_parcel *b)
{
    if (a->size != b->size || a->cell_count != b->cell_count)
        return false;
    return memcmp(a->cells, b->cells, a->size - sizeof(copse_parcel)) == 0;
}

/* ---- Reading ---- */

copse_cursor copse_parcel_root(const copse_parcel *parcel)
{
    return (copse_cursor){parcel, 0, parcel->cell_count};
}

bool copse_cursor_is_valid(copse_cursor cursor)
{
    return cursor.parcel != NULL;
}

/* The cell under CURSOR when it is of KIND, else NULL. */
static const cp_parcel_cell *cell_of_kind(copse_cursor cursor, copse_parcel_kind kind)
{
    if (cursor.parcel == NULL)
        return NULL;
    assert(cursor.index < cursor.parcel->cell_count);
    const cp_parcel_cell *cell = &cursor.parcel->cells[cursor.index];
    return cp_cell_kind(cell) == kind ? cell : NULL;
}

copse_parcel_kind copse_cursor_kind(copse_cursor cursor)
{
    if (cursor.parcel == NULL)
        return COPSE_PARCEL_NULL;
    return cp_cell_kind(&cursor.parcel->cells[cursor.index]);
}

bool copse_cursor_boolean(copse_cursor cursor, bool *out)
{
    const cp_parcel_cell *cell = cell_of_kind(cursor, COPSE_PARCEL_BOOLEAN);
    if (cell == NULL)
        return false;
    *out = cell->word.integer != 0;
    return true;
}

bool copse_cursor_integer(copse_cursor cursor, int64_t *out)
{
    const cp_parcel_cell *cell = cell_of_kind(cursor, COPSE_PARCEL_INTEGER);
    if (cell == NULL)
        return false;
    *out = cell->word.integer;
    return true;
}

bool copse_cursor_double(copse_cursor cursor, double *out)
{
    const cp_parcel_cell *cell = cell_of_kind(cursor, COPSE_PARCEL_DOUBLE);
    if (cell == NULL)
        return false;
    memcpy(out, &cell->word.bits, sizeof *out);
    return true;
}

/* The data of CELL, and its count in *COUNT when that is asked for. */
static const char *data_of(copse_cursor cursor, const cp_parcel_cell *cell, size_t *count)
{
    if (count != NULL)
        *count = cell == NULL ? 0 : cp_cell_count(cell);
    return cell == NULL ? NULL : cp_parcel_data(cursor.parcel) + cell->word.offset;
}

const char *copse_cursor_text(copse_cursor cursor, size_t *size)
{
    return data_of(cursor, cell_of_kind(cursor, COPSE_PARCEL_TEXT), size);
}

const void *copse_cursor_bytes(copse_cursor cursor, size_t *size)
{
    return data_of(cursor, cell_of_kind(cursor, COPSE_PARCEL_BYTES), size);
}

const void *copse_cursor_array(copse_cursor cursor, copse_element *element, size_t *count)
{
    const cp_parcel_cell *cell = cell_of_kind(cursor, COPSE_PARCEL_ARRAY);
    if (cell != NULL)
        *element = cp_cell_element(cell);
    return data_of(cursor, cell, count);
}

static const cp_parcel_cell *container_of(copse_cursor cursor)
{
    const cp_parcel_cell *list = cell_of_kind(cursor, COPSE_PARCEL_LIST);
    return list != NULL ? list : cell_of_kind(cursor, COPSE_PARCEL_MAP);
}

size_t copse_cursor_count(copse_cursor cursor)
{
    const cp_parcel_cell *cell = container_of(cursor);
    return cell == NULL ? 0 : cp_cell_count(cell);
}

copse_cursor copse_cursor_first(copse_cursor cursor)
{
    const cp_parcel_cell *cell = container_of(cursor);
    if (cell == NULL || cp_cell_count(cell) == 0)
        return (copse_cursor){NULL, 0, 0};
    return (copse_cursor){cursor.parcel, cursor.index + 1, cell->word.end};
}

copse_cursor copse_cursor_next(copse_cursor cursor)
{
    if (cursor.parcel == NULL)
        return cursor;
    const cp_parcel_cell *container = container_of(cursor);
    uint64_t next = container != NULL ? container->word.end : cursor.index + 1;
    if (next >= cursor.end)
        return (copse_cursor){NULL, 0, 0};
    return (copse_cursor){cursor.parcel, next, cursor.end};
}

copse_cursor copse_cursor_find(copse_cursor cursor, const char *key)
{
    if (copse_cursor_kind(cursor) != COPSE_PARCEL_MAP)
        return (copse_cursor){NULL, 0, 0};
    size_t key_size = strlen(key);
    copse_cursor item = copse_cursor_first(cursor);
    while (copse_cursor_is_valid(item)) {
        size_t size = 0;
        const char *text = copse_cursor_text(item, &size);
        copse_cursor value = copse_cursor_next(item);
        if (text != NULL && size == key_size && memcmp(text, key, size) == 0)
            return value;
        item = copse_cursor_next(value);
    }
    return item;
}
