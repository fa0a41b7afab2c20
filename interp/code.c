/* code.c -- building and checking templates.
 *
 * Liveness is the usual backward dataflow (Kildall 1973) over whole instructions: passes from the
 * last instruction to the first until nothing changes, which takes one pass and one more for each
 * level of loops. Maps are stored where paths meet, where calls return, and at least every
 * CP_LIVE_STRIDE instructions; cp_template_live finds any other by walking back from the next one,
 * so that the collector and the debugger can ask at every instruction while the maps stay small. */
#include "interp/code.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sched/memory.h"

typedef struct live_set {
    uint64_t words[CP_LIVE_WORDS];
} live_set;

static void set_add(live_set *set, uint32_t r)
{
    set->words[r / 64] |= UINT64_C(1) << (r % 64);
}

static void set_remove(live_set *set, uint32_t r)
{
    set->words[r / 64] &= ~(UINT64_C(1) << (r % 64));
}

static void set_merge(live_set *set, const live_set *other)
{
    for (uint32_t i = 0; i < CP_LIVE_WORDS; i++)
        set->words[i] |= other->words[i];
}

static void set_add_range(live_set *set, uint32_t from, uint32_t count)
{
    for (uint32_t r = from; r < from + count; r++)
        set_add(set, r);
}

static void set_remove_range(live_set *set, uint32_t from, uint32_t count)
{
    for (uint32_t r = from; r < from + count; r++)
        set_remove(set, r);
}

/* The word with the operands A, B, C: a call through a cell has them in its window word. */
static uint32_t operand_word(const uint32_t *words)
{
    return cp_opcodes[cp_word_op(*words)].format == CP_FORMAT_LRN ? words[1] : words[0];
}

/* From the registers live after the instruction at WORDS to those live before it. */
static void step_back(const uint32_t *words, live_set *set)
{
    const cp_opcode_row *row = &cp_opcodes[cp_word_op(*words)];
    uint32_t word = operand_word(words);
    uint32_t a = cp_word_a(word), b = cp_word_b(word), c = cp_word_c(word);
    if (row->effects & (CP_FX_WA | CP_FX_CALL))
        set_remove(set, a);
    if (row->effects & CP_FX_RECEIVE)
        set_remove_range(set, a, b + c);
    if (row->effects & (CP_FX_RA | CP_FX_RECEIVE))
        set_add(set, a);
    if (row->effects & CP_FX_RB)
        set_add(set, b);
    if (row->effects & CP_FX_RC)
        set_add(set, c);
    if (row->effects & (CP_FX_CALL | CP_FX_TAIL)) {
        set_add_range(set, a + 2, b);
        if (row->format != CP_FORMAT_LRN)
            set_add(set, a);
    }
    if (row->effects & CP_FX_RANGE)
        set_add_range(set, a, b);
    if (row->effects & CP_FX_CAPTURE) {
        for (uint32_t i = 0; i < words[1]; i++) {
            if (!(words[2 + i] & CP_CAPTURE_FREE))
                set_add(set, words[2 + i] & CP_CAPTURE_INDEX);
        }
    }
}

/* ---- Reading ------------------------------------------------------------------------------- */

const cp_line *cp_template_line(const cp_template *t, uint32_t pc)
{
    const cp_line *lines = cp_template_at(t, t->lines);
    const cp_line *found = NULL;
    for (uint32_t i = 0; i < t->line_count && lines[i].pc <= pc; i++)
        found = &lines[i];
    return found;
}

/* Index of the first stored map at PC or later. The last instruction of a template has one. */
static uint32_t find_live(const cp_template *t, uint32_t pc)
{
    const cp_live *lives = cp_template_at(t, t->lives);
    uint32_t low = 0, high = t->live_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (lives[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low < t->live_count);
    return low;
}

static live_set read_live(const cp_template *t, uint32_t index)
{
    const cp_live *live = (const cp_live *)cp_template_at(t, t->lives) + index;
    live_set set = {{0}};
    if (t->register_count <= 32)
        set.words[0] = live->mask;
    else
        memcpy(&set, (const char *)cp_template_at(t, t->wide) + (size_t)live->mask * 8, sizeof set);
    return set;
}

void cp_template_live(const cp_template *t, uint32_t pc, uint64_t live[CP_LIVE_WORDS])
{
    assert(pc < t->code_count);
    const cp_live *lives = cp_template_at(t, t->lives);
    const uint32_t *code = cp_template_code(t);
    uint32_t index = find_live(t, pc);
    live_set set = read_live(t, index);
    uint32_t between[CP_LIVE_STRIDE];
    uint32_t count = 0;
    for (uint32_t at = pc; at < lives[index].pc; at += cp_instruction_size(code + at)) {
        assert(count < CP_LIVE_STRIDE);
        between[count++] = at;
    }
    while (count > 0) {
        /* A jump target has a stored map, so one that leaves this stretch is read from there. */
        uint32_t at = between[--count];
        int64_t target;
        if (cp_instruction_target(code + at, &target)) {
            live_set other = read_live(t, find_live(t, (uint32_t)(at + target)));
            if (cp_opcodes[cp_word_op(code[at])].effects & CP_FX_NO_NEXT)
                set = other;
            else
                set_merge(&set, &other);
        } else if (cp_opcodes[cp_word_op(code[at])].effects & CP_FX_NO_NEXT) {
            set = (live_set){{0}};
        }
        step_back(code + at, &set);
    }
    memcpy(live, set.words, sizeof set.words);
}

/* ---- Collecting ---------------------------------------------------------------------------- */

void cp_builder_init(cp_builder *builder, const copse_allocator *allocator)
{
    *builder = (cp_builder){.allocator = allocator};
}

static void release_items(cp_builder *builder, cp_builder_array *array, size_t item_size)
{
    cp_release_array(builder->allocator, array->items, array->capacity, item_size);
    *array = (cp_builder_array){0};
}

void cp_builder_close(cp_builder *builder)
{
    release_items(builder, &builder->code, sizeof(uint32_t));
    release_items(builder, &builder->entries, sizeof(cp_entry));
    release_items(builder, &builder->links, sizeof(cp_link));
    release_items(builder, &builder->buckets, sizeof(uint32_t));
    release_items(builder, &builder->lines, sizeof(cp_line));
    release_items(builder, &builder->variables, sizeof(cp_variable));
    release_items(builder, &builder->texts, 1);
}

/* Room for COUNT more items, cleared; NULL when refused now or before. */
static void *add_items(cp_builder *builder, cp_builder_array *array, size_t item_size, size_t count)
{
    if (builder->is_refused)
        return NULL;
    if (!cp_grow_array(builder->allocator, &array->items, &array->capacity, array->count + count,
                       item_size)) {
        builder->is_refused = true;
        return NULL;
    }
    void *item = (char *)array->items + array->count * item_size;
    memset(item, 0, count * item_size);
    array->count += (uint32_t)count;
    return item;
}

void cp_builder_emit(cp_builder *builder, uint32_t word)
{
    uint32_t *item = add_items(builder, &builder->code, sizeof *item, 1);
    if (item != NULL)
        *item = word;
}

void cp_builder_patch(cp_builder *builder, uint32_t pc, uint32_t word)
{
    if (builder->is_refused)
        return;
    assert(pc < builder->code.count);
    ((uint32_t *)builder->code.items)[pc] = word;
}

void cp_builder_entry(cp_builder *builder, uint32_t required, uint32_t optional, bool has_rest)
{
    uint32_t pc = cp_builder_pc(builder);
    cp_entry *entry = add_items(builder, &builder->entries, sizeof *entry, 1);
    if (entry != NULL)
        *entry = (cp_entry){(uint16_t)required, (uint16_t)optional, has_rest, pc};
}

/* The offset in the texts of a copy of TEXT and a NUL; 0 for the empty text. */
static uint32_t add_text(cp_builder *builder, const char *text, uint32_t length)
{
    if (builder->texts.count == 0)
        (void)add_items(builder, &builder->texts, 1, 1);
    if (length == 0)
        return 0;
    uint32_t offset = builder->texts.count;
    char *copy = add_items(builder, &builder->texts, 1, (size_t)length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return offset;
}

static bool has_text(cp_link_kind kind)
{
    return kind == CP_LINK_SYMBOL || kind == CP_LINK_STRING || kind == CP_LINK_CELL ||
           kind == CP_LINK_VECTOR || kind == CP_LINK_BYTES || kind == CP_LINK_NUMBER;
}

static bool same_link(const cp_builder *builder, const cp_link *link, cp_link_kind kind,
                      const char *text, uint32_t length, uint64_t payload)
{
    if (link->kind != (uint32_t)kind || link->length != length)
        return false;
    if (!has_text(kind))
        return link->payload == payload;
    const char *texts = builder->texts.items;
    return length == 0 || memcmp(texts + link->payload, text, length) == 0;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_link(cp_link_kind kind, const char *text, uint32_t length, uint64_t payload)
{
    uint32_t hash = 2166136261u ^ (uint32_t)kind;
    for (uint32_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    for (int shift = 0; shift < 64 && !has_text(kind); shift += 8)
        hash = (hash ^ (uint32_t)(payload >> shift & 0xFF)) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t hash_of_slot(const cp_builder *builder, uint32_t slot)
{
    const cp_link *link = (const cp_link *)builder->links.items + slot;
    cp_link_kind kind = (cp_link_kind)link->kind;
    const char *text = has_text(kind) ? (const char *)builder->texts.items + link->payload : NULL;
    return hash_link(kind, text, link->length, link->payload);
}

/* Where the hash finds the first bucket of its chain that is free or IS_EQUAL. */
static uint32_t *find_bucket(cp_builder *builder, uint32_t hash, cp_link_kind kind,
                             const char *text, uint32_t length, uint64_t payload)
{
    uint32_t *buckets = builder->buckets.items;
    const cp_link *links = builder->links.items;
    uint32_t mask = builder->buckets.count - 1;
    uint32_t i = hash & mask;
    while (buckets[i] != 0 &&
           !same_link(builder, &links[buckets[i] - 1], kind, text, length, payload))
        i = (i + 1) & mask;
    return &buckets[i];
}

/* Twice as many buckets, at most half of them in use. */
static bool grow_buckets(cp_builder *builder)
{
    uint32_t count = builder->buckets.count == 0 ? 64 : builder->buckets.count * 2;
    release_items(builder, &builder->buckets, sizeof(uint32_t));
    uint32_t *buckets = add_items(builder, &builder->buckets, sizeof *buckets, count);
    if (buckets == NULL)
        return false;
    for (uint32_t slot = 0; slot < builder->links.count; slot++) {
        uint32_t i = hash_of_slot(builder, slot) & (count - 1);
        while (buckets[i] != 0)
            i = (i + 1) & (count - 1);
        buckets[i] = slot + 1;
    }
    return true;
}

uint32_t cp_builder_link(cp_builder *builder, cp_link_kind kind, const char *text, uint32_t length,
                         uint64_t payload)
{
    if (builder->links.count * 2 >= builder->buckets.count && !grow_buckets(builder))
        return 0;
    uint32_t hash = hash_link(kind, text, length, payload);
    uint32_t *bucket = find_bucket(builder, hash, kind, text, length, payload);
    if (*bucket != 0)
        return *bucket - 1;
    if (has_text(kind))
        payload = add_text(builder, text, length);
    uint32_t slot = builder->links.count;
    cp_link *link = add_items(builder, &builder->links, sizeof *link, 1);
    if (link == NULL)
        return 0;
    *link = (cp_link){(uint32_t)kind, length, payload};
    *bucket = slot + 1;
    return slot;
}

void cp_builder_line(cp_builder *builder, uint32_t line, uint32_t column)
{
    uint32_t pc = cp_builder_pc(builder);
    cp_line *row = add_items(builder, &builder->lines, sizeof *row, 1);
    if (row != NULL)
        *row = (cp_line){pc, line, column};
}

void cp_builder_variable(cp_builder *builder, const char *name, uint32_t index, uint32_t flags,
                         uint32_t from, uint32_t end)
{
    uint32_t text = add_text(builder, name, (uint32_t)strlen(name));
    cp_variable *row = add_items(builder, &builder->variables, sizeof *row, 1);
    if (row != NULL)
        *row = (cp_variable){text, (uint16_t)index, (uint16_t)flags, from, end};
}

/* ---- Checking ------------------------------------------------------------------------------ */

/* One template while it is checked and laid out. */
typedef struct checker {
    cp_builder *builder;
    const cp_template_options *options;
    const uint32_t *code;
    uint32_t count;
    uint8_t *marks;   /* for each word: MARK_ bits */
    live_set *before; /* for each word that starts an instruction */
} checker;

enum { MARK_START = 1, MARK_STORED = 2 };

CP_PRINTF(2, 3) static bool refuse(checker *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->builder->error, sizeof check->builder->error, format, arguments);
    va_end(arguments);
    return false;
}

static bool check_register(checker *check, uint32_t pc, uint32_t r)
{
    if (r < check->options->register_count)
        return true;
    return refuse(check, "%u: r%u, but there are %u registers", pc, r,
                  check->options->register_count);
}

static bool check_link(checker *check, uint32_t pc, uint32_t slot, int kind)
{
    const cp_link *links = check->builder->links.items;
    if (slot >= check->builder->links.count)
        return refuse(check, "%u: link slot %u, but there are %u", pc, slot,
                      check->builder->links.count);
    if (kind >= 0 && links[slot].kind != (uint32_t)kind)
        return refuse(check, "%u: link slot %u is of the wrong kind", pc, slot);
    return true;
}

/* The kind of link that OP needs, or -1 for any. */
static int needed_link(cp_opcode op)
{
    if (op == CP_OP_CLOSURE)
        return CP_LINK_CODE;
    if (op == CP_OP_GLOBAL || op == CP_OP_GLOBAL_SET || op == CP_OP_GLOBAL_DEFINE ||
        op == CP_OP_CALL_GLOBAL || op == CP_OP_TAIL_CALL_GLOBAL || op == CP_OP_RECORD ||
        op == CP_OP_RECORD_REF || op == CP_OP_RECORD_SET || op == CP_OP_IS_RECORD)
        return CP_LINK_CELL;
    return -1;
}

static bool check_free(checker *check, uint32_t pc, uint32_t index)
{
    if (index < check->options->free_count)
        return true;
    return refuse(check, "%u: free value %u, but there are %u", pc, index,
                  check->options->free_count);
}

static bool check_captures(checker *check, uint32_t pc)
{
    const uint32_t *words = check->code + pc;
    for (uint32_t i = 0; i < words[1]; i++) {
        uint32_t index = words[2 + i] & CP_CAPTURE_INDEX;
        bool is_good = words[2 + i] & CP_CAPTURE_FREE ? check_free(check, pc, index)
                                                      : check_register(check, pc, index);
        if (!is_good)
            return false;
    }
    return true;
}

/* The registers of a range that reaches up to END stand in the frame. */
static bool check_end(checker *check, uint32_t pc, uint32_t end)
{
    return end == 0 || check_register(check, pc, end - 1);
}

static bool check_immediate(checker *check, uint32_t pc, uint32_t bits)
{
    if ((bits & 15) == 2 || (bits & 15) == 6)
        return true;
    return refuse(check, "%u: 0x%x is no constant and no character", pc, bits);
}

static bool check_operands(checker *check, uint32_t pc)
{
    const uint32_t *words = check->code + pc;
    cp_opcode op = cp_word_op(*words);
    const cp_opcode_row *row = &cp_opcodes[op];
    uint32_t word = operand_word(words);
    uint32_t a = cp_word_a(word), b = cp_word_b(word), c = cp_word_c(word);
    if (row->effects & CP_FX_INTERNAL)
        return refuse(check, "%u: the opcode %u belongs to the machine", pc, (unsigned)op);
    if (row->format == CP_FORMAT_LRN && cp_word_op(word) != CP_OP_WINDOW)
        return refuse(check, "%u: a call without its window", pc);
    if (row->effects & (CP_FX_CALL | CP_FX_TAIL))
        return check_end(check, pc, a + 2 + b) &&
               (row->format != CP_FORMAT_LRN ||
                check_link(check, pc, cp_word_ax(*words), needed_link(op)));
    if (row->effects & CP_FX_RECEIVE && c > 1)
        return refuse(check, "%u: the rest flag is %u, expected 0 or 1", pc, c);
    if (row->effects & CP_FX_RECEIVE)
        return check_register(check, pc, a) && check_end(check, pc, a + b + c);
    if (row->effects & CP_FX_RANGE && !check_end(check, pc, a + b))
        return false;
    if (row->effects & (CP_FX_WA | CP_FX_RA) && !check_register(check, pc, a))
        return false;
    if (row->effects & CP_FX_RB && !check_register(check, pc, b))
        return false;
    if (row->effects & CP_FX_RC && !check_register(check, pc, c))
        return false;
    switch ((cp_format)row->format) {
    case CP_FORMAT_RRQ:
        return c < CP_TEST_COUNT || refuse(check, "%u: there is no type test %u", pc, c);
    case CP_FORMAT_RT:
        return check_immediate(check, pc, cp_word_bx(word));
    case CP_FORMAT_RF:
        return check_free(check, pc, cp_word_bx(word));
    case CP_FORMAT_RL:
        return check_link(check, pc, cp_word_bx(word), needed_link(op));
    case CP_FORMAT_RW:
    case CP_FORMAT_RRNL:
    case CP_FORMAT_RNL:
    case CP_FORMAT_RRL:
        return check_link(check, pc, words[1], needed_link(op));
    case CP_FORMAT_CLOSURE:
        return check_link(check, pc, cp_word_bx(word), needed_link(op)) &&
               check_captures(check, pc);
    case CP_FORMAT_NONE:
    case CP_FORMAT_R:
    case CP_FORMAT_RR:
    case CP_FORMAT_RRR:
    case CP_FORMAT_RRI:
    case CP_FORMAT_RRN:
    case CP_FORMAT_RN:
    case CP_FORMAT_RNN:
    case CP_FORMAT_RNR:
    case CP_FORMAT_RI:
    case CP_FORMAT_J:
    case CP_FORMAT_RJ:
    case CP_FORMAT_RRJ:
    case CP_FORMAT_RIJ:
    case CP_FORMAT_LRN:
    case CP_FORMAT_COUNT:
        return true;
    }
    return true;
}

/* Whether the instruction at PC lies whole within the code, as far as its size can be told. */
static bool check_size(checker *check, uint32_t pc)
{
    uint32_t op = check->code[pc] & 0xFF;
    if (op >= CP_OPCODE_COUNT)
        return refuse(check, "%u: there is no opcode %u", pc, op);
    uint32_t left = check->count - pc;
    if (cp_opcodes[op].format == CP_FORMAT_CLOSURE && (left < 2 || check->code[pc + 1] > left))
        return refuse(check, "%u: the instruction passes the end", pc);
    if (cp_instruction_size(check->code + pc) > left)
        return refuse(check, "%u: the instruction passes the end", pc);
    return true;
}

/* Mark where instructions start, and check each by itself. */
static bool check_instructions(checker *check)
{
    uint32_t pc = 0, last = 0, since = 0;
    while (pc < check->count) {
        if (!check_size(check, pc) || !check_operands(check, pc))
            return false;
        check->marks[pc] |= MARK_START;
        if (++since == CP_LIVE_STRIDE) {
            check->marks[pc] |= MARK_STORED;
            since = 0;
        }
        last = pc;
        pc += cp_instruction_size(check->code + pc);
    }
    if (check->count == 0 || !(cp_opcodes[cp_word_op(check->code[last])].effects & CP_FX_NO_NEXT))
        return refuse(check, "the code runs past its end");
    check->marks[last] |= MARK_STORED;
    return true;
}

static bool check_jumps(checker *check)
{
    for (uint32_t pc = 0; pc < check->count; pc++) {
        if (!(check->marks[pc] & MARK_START))
            continue;
        const uint32_t *words = check->code + pc;
        uint32_t next = pc + cp_instruction_size(words);
        int64_t target;
        if (cp_instruction_target(words, &target)) {
            target += pc;
            if (target < 0 || target >= check->count || !(check->marks[target] & MARK_START))
                return refuse(check, "%u: the jump meets no instruction", pc);
            bool is_backward = target <= (int64_t)pc;
            if (is_backward != (cp_word_op(*words) == CP_OP_LOOP))
                return refuse(check, "%u: loop jumps backward and nothing else does", pc);
            check->marks[target] |= MARK_STORED;
            if (next < check->count)
                check->marks[next] |= MARK_STORED;
        }
        uint32_t effects = cp_opcodes[cp_word_op(*words)].effects;
        if (effects & (CP_FX_CALL | CP_FX_NO_NEXT) && next < check->count)
            check->marks[next] |= MARK_STORED;
    }
    return true;
}

static bool check_entries(checker *check)
{
    const cp_entry *entries = check->builder->entries.items;
    if (check->builder->entries.count == 0)
        return refuse(check, "there is no entry");
    for (uint32_t i = 0; i < check->builder->entries.count; i++) {
        uint32_t pc = entries[i].pc;
        if (pc >= check->count || !(check->marks[pc] & MARK_START))
            return refuse(check, "entry %u meets no instruction", i);
        uint32_t slots = (uint32_t)entries[i].required + entries[i].optional + entries[i].has_rest;
        if (slots > CP_ARGUMENTS_MAX || slots > check->options->register_count)
            return refuse(check, "entry %u has more parameters than registers", i);
        check->marks[pc] |= MARK_STORED;
    }
    return true;
}

/* ---- Liveness ------------------------------------------------------------------------------ */

/* The registers live after the instruction at PC. */
static live_set live_after(const checker *check, uint32_t pc)
{
    const uint32_t *words = check->code + pc;
    live_set set = {{0}};
    int64_t target;
    if (cp_instruction_target(words, &target))
        set = check->before[pc + target];
    if (!(cp_opcodes[cp_word_op(*words)].effects & CP_FX_NO_NEXT))
        set_merge(&set, &check->before[pc + cp_instruction_size(words)]);
    return set;
}

static void compute_liveness(checker *check)
{
    bool is_changing = true;
    while (is_changing) { /* ends: sets only grow */
        is_changing = false;
        for (uint32_t pc = check->count; pc-- > 0;) {
            if (!(check->marks[pc] & MARK_START))
                continue;
            live_set set = live_after(check, pc);
            step_back(check->code + pc, &set);
            if (memcmp(&set, &check->before[pc], sizeof set) != 0) {
                check->before[pc] = set;
                is_changing = true;
            }
        }
    }
}

/* The lowest register from FIRST on that is in SET, or CP_REGISTERS_MAX. */
static uint32_t first_from(const live_set *set, uint32_t first)
{
    while (first < CP_REGISTERS_MAX && !cp_live_has(set->words, first))
        first++;
    return first;
}

/* What a call leaves is its value; all above its window is spoilt. */
static bool check_spoilt(checker *check)
{
    for (uint32_t pc = 0; pc < check->count; pc++) {
        if (!(check->marks[pc] & MARK_START) ||
            !(cp_opcodes[cp_word_op(check->code[pc])].effects & CP_FX_CALL))
            continue;
        live_set after = live_after(check, pc);
        uint32_t window = cp_word_a(operand_word(check->code + pc));
        uint32_t spoilt = first_from(&after, window + 1);
        if (spoilt < CP_REGISTERS_MAX)
            return refuse(check, "%u: r%u is read later, but lies in the window of this call", pc,
                          spoilt);
    }
    return true;
}

static bool check_unset(checker *check)
{
    const cp_entry *entries = check->builder->entries.items;
    for (uint32_t i = 0; i < check->builder->entries.count; i++) {
        uint32_t slots = (uint32_t)entries[i].required + entries[i].optional + entries[i].has_rest;
        uint32_t unset = first_from(&check->before[entries[i].pc], slots);
        if (unset < CP_REGISTERS_MAX)
            return refuse(check, "entry %u: r%u is read before it is written", i, unset);
    }
    return true;
}

/* ---- Laying out ---------------------------------------------------------------------------- */

static uint32_t align8(uint32_t offset)
{
    return (offset + 7) & ~UINT32_C(7);
}

/* Place COUNT items of ITEM_SIZE bytes at the end *SIZE and say where. */
static uint32_t place(uint32_t *size, uint32_t count, size_t item_size)
{
    uint32_t offset = align8(*size);
    *size = offset + count * (uint32_t)item_size;
    return offset;
}

static void copy_array(cp_template *t, uint32_t offset, const cp_builder_array *array,
                       size_t item_size)
{
    if (array->count > 0)
        memcpy((char *)t + offset, array->items, array->count * item_size);
}

static void write_lives(const checker *check, cp_template *t)
{
    cp_live *lives = (cp_live *)(void *)((char *)t + t->lives);
    uint64_t *wide = (uint64_t *)(void *)((char *)t + t->wide);
    uint32_t index = 0;
    for (uint32_t pc = 0; pc < check->count; pc++) {
        if (!(check->marks[pc] & MARK_STORED))
            continue;
        uint32_t mask = (uint32_t)check->before[pc].words[0];
        if (t->register_count > 32) {
            mask = index * CP_LIVE_WORDS;
            memcpy(wide + mask, &check->before[pc], sizeof(live_set));
        }
        lives[index++] = (cp_live){pc, mask};
    }
    assert(index == t->live_count);
}

static uint32_t count_stored(const checker *check)
{
    uint32_t count = 0;
    for (uint32_t pc = 0; pc < check->count; pc++)
        count += (check->marks[pc] & MARK_STORED) != 0;
    return count;
}

static cp_template *lay_out(const checker *check)
{
    cp_builder *b = check->builder;
    uint32_t name = add_text(b, check->options->name ? check->options->name : "",
                             check->options->name ? (uint32_t)strlen(check->options->name) : 0);
    uint32_t file = add_text(b, check->options->file ? check->options->file : "",
                             check->options->file ? (uint32_t)strlen(check->options->file) : 0);
    if (b->is_refused)
        return NULL;
    cp_template head = {.register_count = (uint16_t)check->options->register_count,
                        .free_count = (uint16_t)check->options->free_count,
                        .entry_count = b->entries.count,
                        .code_count = b->code.count,
                        .link_count = b->links.count,
                        .line_count = b->lines.count,
                        .variable_count = b->variables.count,
                        .live_count = count_stored(check)};
    if (head.register_count > 32)
        head.wide_count = head.live_count * CP_LIVE_WORDS;
    uint32_t size = sizeof head;
    head.entries = place(&size, head.entry_count, sizeof(cp_entry));
    head.code = place(&size, head.code_count, sizeof(uint32_t));
    head.links = place(&size, head.link_count, sizeof(cp_link));
    head.lines = place(&size, head.line_count, sizeof(cp_line));
    head.variables = place(&size, head.variable_count, sizeof(cp_variable));
    head.lives = place(&size, head.live_count, sizeof(cp_live));
    head.wide = place(&size, head.wide_count, sizeof(uint64_t));
    uint32_t texts = place(&size, b->texts.count, 1);
    head.size = align8(size);
    head.name = texts + name;
    head.file = texts + file;

    cp_template *t = cp_allocate_zeroed(b->allocator, head.size);
    if (t == NULL) {
        b->is_refused = true;
        return NULL;
    }
    *t = head;
    copy_array(t, head.entries, &b->entries, sizeof(cp_entry));
    copy_array(t, head.code, &b->code, sizeof(uint32_t));
    copy_array(t, head.links, &b->links, sizeof(cp_link));
    copy_array(t, head.lines, &b->lines, sizeof(cp_line));
    copy_array(t, head.variables, &b->variables, sizeof(cp_variable));
    copy_array(t, texts, &b->texts, 1);
    cp_link *links = (cp_link *)(void *)((char *)t + head.links);
    for (uint32_t i = 0; i < head.link_count; i++) {
        if (has_text((cp_link_kind)links[i].kind))
            links[i].payload += texts;
    }
    cp_variable *variables = (cp_variable *)(void *)((char *)t + head.variables);
    for (uint32_t i = 0; i < head.variable_count; i++)
        variables[i].name += texts;
    write_lives(check, t);
    return t;
}

cp_template *cp_builder_finish(cp_builder *builder, const cp_template_options *options)
{
    builder->error[0] = 0;
    if (builder->is_refused)
        return NULL;
    checker check = {builder, options, builder->code.items, builder->code.count, NULL, NULL};
    if (options->register_count > CP_REGISTERS_MAX) {
        (void)refuse(&check, "more than %d registers", CP_REGISTERS_MAX);
        return NULL;
    }
    /* One word more than the code, so that the word after the last instruction has its set. */
    size_t words = (size_t)check.count + 1;
    check.marks = cp_allocate_zeroed(builder->allocator, words);
    check.before = cp_allocate_zeroed(builder->allocator, words * sizeof(live_set));
    cp_template *t = NULL;
    if (check.marks == NULL || check.before == NULL) {
        builder->is_refused = true;
    } else if (check_instructions(&check) && check_jumps(&check) && check_entries(&check)) {
        compute_liveness(&check);
        if (check_spoilt(&check) && check_unset(&check))
            t = lay_out(&check);
    }
    cp_release(builder->allocator, check.before, words * sizeof(live_set));
    cp_release(builder->allocator, check.marks, words);
    return t;
}

void cp_template_free(const copse_allocator *allocator, cp_template *own)
{
    if (own != NULL)
        cp_release(allocator, own, own->size);
}

/* ---- Units --------------------------------------------------------------------------------- */

cp_unit *cp_unit_make(const copse_allocator *allocator, cp_template *const *templates,
                      uint32_t count)
{
    uint32_t size = align8((uint32_t)(sizeof(cp_unit) + count * sizeof(uint32_t)));
    uint32_t first = size;
    for (uint32_t i = 0; i < count; i++)
        size += templates[i]->size;
    cp_unit *unit = cp_allocate_zeroed(allocator, size);
    if (unit == NULL)
        return NULL;
    *unit = (cp_unit){CP_UNIT_MAGIC, CP_UNIT_VERSION, size, count};
    uint32_t *offsets = (uint32_t *)(unit + 1);
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = first;
        memcpy((char *)unit + first, templates[i], templates[i]->size);
        first += templates[i]->size;
    }
    return unit;
}

void cp_unit_free(const copse_allocator *allocator, cp_unit *own)
{
    if (own != NULL)
        cp_release(allocator, own, own->size);
}
