/* code.h -- code templates: what a compiler makes of one procedure, without a pointer in it.
 *
 * Owns:  the layout of templates and units, their building and checking, live-register maps.
 * Never: touches the heap; a template is shared by every interpreter that links it.
 *
 * A template is one block, little-endian, all references offsets from its start:
 *
 *     cp_template | entries | instructions | links | lines | variables | live maps | texts
 *
 * It never changes once it is built. What differs from interpreter to interpreter (constants,
 * global cells, caches) is described by the links and lives in a link vector (native.h). A unit is
 * a block of templates that refer to each other by index; template 0 is its body. */
#ifndef CP_INTERP_CODE_H
#define CP_INTERP_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <copse/sched.h>

#include "interp/opcode.h"
#include "sched/compiler.h"

enum {
    CP_REGISTERS_MAX = 250,
    CP_ARGUMENTS_MAX = 240,  /* required and optional parameters of one entry */
    CP_LIVE_WORDS = 4,       /* a set of registers: bit r of word r / 64 */
    CP_LIVE_STRIDE = 32,     /* at most so many instructions between two stored maps */
    CP_CODE_ERROR_SIZE = 160 /* bytes of a message about a bad template, NUL included */
};
_Static_assert(CP_REGISTERS_MAX <= CP_LIVE_WORDS * 64, "a live set holds every register");

/* One clause of a procedure: a plain lambda has one, a case-lambda several, tried in order. The
 * arguments arrive in R[0] and up; absent optional ones are the default object, and a rest list
 * follows them. */
typedef struct cp_entry {
    uint16_t required;
    uint16_t optional;
    uint32_t has_rest; /* 0 or 1 */
    uint32_t pc;
} cp_entry;

/* X(name, meaning of text or payload). What fills a slot of the link vector. */
#define CP_LINK_LIST(X)                                                                            \
    X(IMMEDIATE, "the payload is a value word that is no reference")                               \
    X(SYMBOL, "the symbol of that name")                                                           \
    X(STRING, "an immutable string of that text")                                                  \
    X(CELL, "the global cell of that name")                                                        \
    X(CODE, "the code object of the template with that index in the unit")                         \
    X(PAIR, "an immutable pair; the payload is two earlier slots, the car in the low half")        \
    X(VECTOR, "an immutable vector; the text is earlier slots, four bytes each")                   \
    X(BYTES, "an immutable bytevector of that text")                                               \
    X(NUMBER, "the number that is written so, when it is no immediate")

#define CP_LINK_ENUM(name, meaning) CP_LINK_##name,
typedef enum cp_link_kind { CP_LINK_LIST(CP_LINK_ENUM) CP_LINK_COUNT } cp_link_kind;
#undef CP_LINK_ENUM

typedef struct cp_link {
    uint32_t kind;
    uint32_t length;  /* bytes of the text */
    uint64_t payload; /* or the offset of the text, which ends with a NUL that is not counted */
} cp_link;

/* Instructions from PC on, up to the next row, stem from this place. */
typedef struct cp_line {
    uint32_t pc;
    uint32_t line;
    uint32_t column;
} cp_line;

/* The variable NAME is in a register, in a box there, or a free value, from FROM up to END. */
enum { CP_VARIABLE_BOXED = 1, CP_VARIABLE_FREE = 2 };

typedef struct cp_variable {
    uint32_t name; /* offset of the text */
    uint16_t index;
    uint16_t flags;
    uint32_t from;
    uint32_t end;
} cp_variable;

/* The registers that are read at PC or later before they are written: a bit mask for at most 32
 * registers, else the index of four words in the wide maps. */
typedef struct cp_live {
    uint32_t pc;
    uint32_t mask;
} cp_live;

typedef struct cp_template {
    uint32_t size; /* of the whole block, a multiple of 8 */
    uint32_t name; /* offset of a text */
    uint32_t file; /* offset of a text, empty when unknown */
    uint16_t register_count;
    uint16_t free_count;
    uint32_t entries, entry_count;
    uint32_t code, code_count;
    uint32_t links, link_count;
    uint32_t lines, line_count;
    uint32_t variables, variable_count;
    uint32_t lives, live_count;
    uint32_t wide, wide_count; /* of 64-bit words */
    uint32_t padding;
} cp_template;

enum { CP_UNIT_MAGIC = 0x65737063, CP_UNIT_VERSION = 1 };

/* Followed by the offset of each template from the start of the unit. */
typedef struct cp_unit {
    uint32_t magic;
    uint32_t version;
    uint32_t size;
    uint32_t template_count;
} cp_unit;

/* ---- Reading ------------------------------------------------------------------------------- */

static inline const void *cp_template_at(const cp_template *t, uint32_t offset)
{
    return (const char *)t + offset;
}

static inline const uint32_t *cp_template_code(const cp_template *t)
{
    return (const uint32_t *)cp_template_at(t, t->code);
}

static inline const cp_entry *cp_template_entries(const cp_template *t)
{
    return (const cp_entry *)cp_template_at(t, t->entries);
}

static inline const cp_link *cp_template_links(const cp_template *t)
{
    return (const cp_link *)cp_template_at(t, t->links);
}

static inline const char *cp_template_text(const cp_template *t, uint64_t offset)
{
    return (const char *)cp_template_at(t, (uint32_t)offset);
}

static inline const char *cp_template_name(const cp_template *t)
{
    return cp_template_text(t, t->name);
}

static inline const cp_template *cp_unit_template(const cp_unit *unit, uint32_t index)
{
    assert(index < unit->template_count);
    const uint32_t *offsets = (const uint32_t *)(unit + 1);
    return (const cp_template *)(const void *)((const char *)unit + offsets[index]);
}

/* The row of the line map for the instruction at PC, or NULL. */
const cp_line *cp_template_line(const cp_template *t, uint32_t pc);

/* The registers that are live when the instruction at PC is about to run, for any instruction of T.
 * At most CP_LIVE_STRIDE instructions are decoded. */
void cp_template_live(const cp_template *t, uint32_t pc, uint64_t live[CP_LIVE_WORDS]);

static inline bool cp_live_has(const uint64_t live[CP_LIVE_WORDS], uint32_t r)
{
    return live[r / 64] >> (r % 64) & 1;
}

/* ---- Building ------------------------------------------------------------------------------ */

typedef struct cp_builder_array {
    void *items;
    size_t capacity;
    uint32_t count;
} cp_builder_array;

/* Collects one template. A refusal of memory is remembered and told by cp_builder_finish. */
typedef struct cp_builder {
    const copse_allocator *allocator;
    cp_builder_array code;
    cp_builder_array entries;
    cp_builder_array links;
    cp_builder_array
        buckets; /* uint32_t, a power of two: slot + 1 of a link with that hash, or 0 */
    cp_builder_array lines;
    cp_builder_array variables;
    cp_builder_array texts; /* bytes; the empty text is at 0 */
    bool is_refused;
    char error[CP_CODE_ERROR_SIZE]; /* what cp_builder_finish found wrong, else empty */
} cp_builder;

void cp_builder_init(cp_builder *builder, const copse_allocator *allocator);
void cp_builder_close(cp_builder *builder);

static inline uint32_t cp_builder_pc(const cp_builder *builder)
{
    return builder->code.count;
}

void cp_builder_emit(cp_builder *builder, uint32_t word);

/* Overwrite the word at PC, to fill in a jump. */
void cp_builder_patch(cp_builder *builder, uint32_t pc, uint32_t word);

/* An entry that starts at the present pc. */
void cp_builder_entry(cp_builder *builder, uint32_t required, uint32_t optional, bool has_rest);

/* The slot of such a link; equal links share one. TEXT of LENGTH bytes is copied, or NULL. */
uint32_t cp_builder_link(cp_builder *builder, cp_link_kind kind, const char *text, uint32_t length,
                         uint64_t payload);

/* What follows stems from LINE and COLUMN. */
void cp_builder_line(cp_builder *builder, uint32_t line, uint32_t column);

void cp_builder_variable(cp_builder *builder, const char *name, uint32_t index, uint32_t flags,
                         uint32_t from, uint32_t end);

typedef struct cp_template_options {
    const char *name; /* NULL: nameless */
    const char *file; /* NULL: unknown */
    uint32_t register_count;
    uint32_t free_count;
} cp_template_options;

/* Check what was collected and make an own template of it; release it with cp_template_free. NULL
 * with the reason in builder->error, or with none when memory was refused. Checked are: every
 * operand, that jumps meet instructions and only LOOP goes back, that the end is not passed, that
 * no register is read before it is written or after a call has spoilt it. */
cp_template *cp_builder_finish(cp_builder *builder, const cp_template_options *options) CP_MUST_USE;

void cp_template_free(const copse_allocator *allocator, cp_template *own);

/* An own unit with copies of COUNT templates; NULL when memory is refused. */
cp_unit *cp_unit_make(const copse_allocator *allocator, cp_template *const *templates,
                      uint32_t count) CP_MUST_USE;

void cp_unit_free(const copse_allocator *allocator, cp_unit *own);

#endif
