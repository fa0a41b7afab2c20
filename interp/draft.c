/* draft.c -- jumps begin short and grow where their target is too far, until nothing changes: each
 * round makes some longer and none shorter, so it ends. A long conditional jump is its inverse over
 * a plain one. */
#include "interp/draft.h"

#include <string.h>

struct cp_draft_instruction {
    uint8_t op; /* cp_opcode, or OP_ENTRY */
    uint8_t word_count;
    bool is_long;
    uint32_t a, b, c;
    uint32_t word;
    uint32_t label; /* of a jump, else CP_NO_LABEL */
    const uint32_t *captures;
    uint32_t capture_count;
    cp_position position;
};

struct cp_draft_variable {
    const char *name;
    uint16_t index;
    uint16_t flags;
    uint32_t from, end; /* instructions */
};

enum { OP_ENTRY = 0xFF };
_Static_assert((int)CP_OPCODE_COUNT <= (int)OP_ENTRY, "no opcode is taken for an entry");

void cp_draft_init(cp_draft *draft, cp_arena *arena, const copse_allocator *allocator)
{
    *draft = (cp_draft){.arena = arena, .is_reachable = true};
    cp_builder_init(&draft->builder, allocator);
}

void cp_draft_close(cp_draft *draft)
{
    cp_builder_close(&draft->builder);
}

/* Room for one more item. False when refused, which the arena remembers. */
static bool grow(cp_draft *draft, void **items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    uint32_t more = *capacity == 0 ? 32 : *capacity * 2;
    void *copy = cp_arena_take_array(draft->arena, more, size);
    if (copy == NULL)
        return false;
    if (count > 0)
        memcpy(copy, *items, count * size);
    *items = copy;
    *capacity = more;
    return true;
}

uint32_t cp_draft_label(cp_draft *draft)
{
    if (!grow(draft, (void **)&draft->labels, draft->label_count, &draft->label_capacity,
              sizeof *draft->labels))
        return 0;
    draft->labels[draft->label_count] = (cp_draft_target){CP_NO_LABEL, 0};
    return draft->label_count++;
}

static cp_draft_instruction *add(cp_draft *draft, uint8_t op)
{
    if (!draft->is_reachable || !grow(draft, (void **)&draft->instructions, draft->count,
                                      &draft->capacity, sizeof *draft->instructions))
        return NULL;
    cp_draft_instruction *it = &draft->instructions[draft->count++];
    *it = (cp_draft_instruction){.op = op, .label = CP_NO_LABEL, .position = draft->position};
    return it;
}

/* A conditional jump to LABEL, over a plain one that ends just here: turn the first round. */
static void turn_jump(cp_draft *draft, uint32_t label)
{
    if (draft->count < 2)
        return;
    cp_draft_instruction *over = &draft->instructions[draft->count - 2];
    const cp_draft_instruction *jump = over + 1;
    if (jump->op != CP_OP_JUMP || jump->label == label || over->label != label ||
        over->op == CP_OP_JUMP)
        return;
    for (uint32_t i = 0; i < draft->label_count; i++) {
        if (draft->labels[i].index == draft->count - 1)
            return; /* somebody else jumps to the jump */
    }
    over->op = (uint8_t)cp_opcode_inverse((cp_opcode)over->op);
    over->label = jump->label;
    draft->labels[label].uses--;
    draft->count--;
    draft->is_reachable = true;
}

void cp_draft_place(cp_draft *draft, uint32_t label)
{
    if (draft->arena->is_refused)
        return;
    assert(!cp_draft_is_placed(draft, label));
    turn_jump(draft, label);
    while (draft->count > 0 && draft->instructions[draft->count - 1].op == CP_OP_JUMP &&
           draft->instructions[draft->count - 1].label == label) {
        draft->count--; /* labels that stood behind the jump now stand here as well */
        for (uint32_t i = 0; i < draft->label_count; i++) {
            if (draft->labels[i].index == draft->count + 1)
                draft->labels[i].index = draft->count;
        }
        draft->labels[label].uses--;
        draft->is_reachable = true;
    }
    draft->labels[label].index = draft->count;
    draft->is_reachable = draft->is_reachable || draft->labels[label].uses > 0;
}

void cp_draft_emit_wide(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t c,
                        uint32_t word)
{
    cp_draft_instruction *it = add(draft, (uint8_t)op);
    if (it == NULL)
        return;
    it->a = a;
    it->b = b;
    it->c = c;
    it->word = word;
    if (cp_opcodes[op].effects & CP_FX_NO_NEXT)
        draft->is_reachable = false;
}

void cp_draft_emit(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t c)
{
    cp_draft_emit_wide(draft, op, a, b, c, 0);
}

void cp_draft_emit_closure(cp_draft *draft, uint32_t a, uint32_t slot, const uint32_t *captures,
                           uint32_t count)
{
    cp_draft_instruction *it = add(draft, CP_OP_CLOSURE);
    if (it == NULL)
        return;
    it->a = a;
    it->b = slot;
    it->captures = captures;
    it->capture_count = count;
}

void cp_draft_branch(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t label)
{
    cp_draft_instruction *it = add(draft, (uint8_t)op);
    if (it == NULL)
        return;
    assert(!cp_draft_is_placed(draft, label));
    it->a = a;
    it->b = b;
    it->label = label;
    draft->labels[label].uses++;
}

void cp_draft_jump(cp_draft *draft, uint32_t label)
{
    if (draft->arena->is_refused)
        return;
    cp_draft_instruction *it =
        add(draft, cp_draft_is_placed(draft, label) ? CP_OP_LOOP : CP_OP_JUMP);
    if (it == NULL)
        return;
    it->label = label;
    draft->labels[label].uses++;
    draft->is_reachable = false;
}

void cp_draft_entry(cp_draft *draft, uint32_t required, uint32_t optional, bool has_rest)
{
    draft->is_reachable = true;
    cp_draft_instruction *it = add(draft, OP_ENTRY);
    if (it == NULL)
        return;
    it->a = required;
    it->b = optional;
    it->c = has_rest;
}

uint32_t cp_draft_name(cp_draft *draft, const char *name, uint32_t index, uint32_t flags)
{
    if (!grow(draft, (void **)&draft->variables, draft->variable_count, &draft->variable_capacity,
              sizeof *draft->variables))
        return 0;
    draft->variables[draft->variable_count] =
        (cp_draft_variable){name, (uint16_t)index, (uint16_t)flags, draft->count, CP_NO_LABEL};
    return draft->variable_count++;
}

void cp_draft_forget(cp_draft *draft, uint32_t number)
{
    if (number < draft->variable_count)
        draft->variables[number].end = draft->count;
}

void cp_draft_begin_name(cp_draft *draft, uint32_t number)
{
    if (number < draft->variable_count)
        draft->variables[number].from = 0;
}

/* ---- Placing ------------------------------------------------------------------------------- */

static cp_format format_of(const cp_draft_instruction *it)
{
    return (cp_format)cp_opcodes[it->op].format;
}

static uint32_t size_of(const cp_draft_instruction *it)
{
    if (it->op == OP_ENTRY)
        return 0;
    if (it->op == CP_OP_CLOSURE)
        return 2 + it->capture_count;
    const uint32_t words[2] = {it->op, 0};
    return cp_instruction_size(words) + (it->is_long ? 1 : 0);
}

static bool reaches(cp_format format, int64_t distance)
{
    switch (format) {
    case CP_FORMAT_RRJ:
    case CP_FORMAT_RIJ:
        return distance >= INT8_MIN && distance <= INT8_MAX;
    case CP_FORMAT_RJ:
        return distance >= INT16_MIN && distance <= INT16_MAX;
    default: /* JUMP and LOOP: 24 bits, more than a template holds */
        return true;
    }
}

/* The pc of each instruction, and behind the last the size of all; jumps grow as they must. */
static void place_all(cp_draft *draft, uint32_t *pcs)
{
    bool is_changing = true;
    while (is_changing) {
        is_changing = false;
        uint32_t pc = 0;
        for (uint32_t i = 0; i < draft->count; i++) {
            pcs[i] = pc;
            pc += size_of(&draft->instructions[i]);
        }
        pcs[draft->count] = pc;
        for (uint32_t i = 0; i < draft->count; i++) {
            cp_draft_instruction *it = &draft->instructions[i];
            if (it->label == CP_NO_LABEL || it->is_long)
                continue;
            int64_t distance = (int64_t)pcs[draft->labels[it->label].index] - (int64_t)pcs[i] -
                               (int64_t)size_of(it);
            if (!reaches(format_of(it), distance)) {
                it->is_long = true;
                is_changing = true;
            }
        }
    }
}

static void write_jump(cp_draft *draft, const cp_draft_instruction *it, int64_t distance)
{
    cp_builder *b = &draft->builder;
    cp_opcode op = (cp_opcode)it->op;
    if (it->is_long) {
        cp_draft_instruction inverse = *it;
        inverse.op = (uint8_t)cp_opcode_inverse(op);
        inverse.is_long = false;
        write_jump(draft, &inverse, 1);
        cp_builder_emit(b, cp_word_make_ax(CP_OP_JUMP, (uint32_t)distance & 0xFFFFFF));
        return;
    }
    switch (format_of(it)) {
    case CP_FORMAT_J:
        cp_builder_emit(b, cp_word_make_ax(op, (uint32_t)distance & 0xFFFFFF));
        return;
    case CP_FORMAT_RJ:
        cp_builder_emit(b, cp_word_abx(op, it->a, (uint32_t)distance & 0xFFFF));
        return;
    default: /* RRJ, RIJ: no other format jumps */
        cp_builder_emit(b, cp_word_abc(op, it->a, it->b, (uint32_t)distance & 0xFF));
        return;
    }
}

static void write_plain(cp_draft *draft, const cp_draft_instruction *it)
{
    cp_builder *b = &draft->builder;
    cp_opcode op = (cp_opcode)it->op;
    switch (format_of(it)) {
    case CP_FORMAT_RI:
    case CP_FORMAT_RT:
    case CP_FORMAT_RF:
    case CP_FORMAT_RL:
        cp_builder_emit(b, cp_word_abx(op, it->a, it->b & 0xFFFF));
        return;
    case CP_FORMAT_LRN:
        cp_builder_emit(b, cp_word_make_ax(op, it->word));
        cp_builder_emit(b, cp_word_abc(CP_OP_WINDOW, it->a, it->b, 0));
        return;
    case CP_FORMAT_RRNL:
    case CP_FORMAT_RNL:
    case CP_FORMAT_RRL:
    case CP_FORMAT_RW:
        cp_builder_emit(b, cp_word_abc(op, it->a, it->b, it->c));
        cp_builder_emit(b, it->word);
        return;
    case CP_FORMAT_CLOSURE:
        cp_builder_emit(b, cp_word_abx(op, it->a, it->b & 0xFFFF));
        cp_builder_emit(b, it->capture_count);
        for (uint32_t i = 0; i < it->capture_count; i++)
            cp_builder_emit(b, it->captures[i]);
        return;
    case CP_FORMAT_NONE:
    case CP_FORMAT_R:
    case CP_FORMAT_RR:
    case CP_FORMAT_RRR:
    case CP_FORMAT_RRI:
    case CP_FORMAT_RRN:
    case CP_FORMAT_RRQ:
    case CP_FORMAT_RN:
    case CP_FORMAT_RNN:
    case CP_FORMAT_RNR:
    case CP_FORMAT_J:
    case CP_FORMAT_RJ:
    case CP_FORMAT_RRJ:
    case CP_FORMAT_RIJ:
    case CP_FORMAT_COUNT:
        cp_builder_emit(b, cp_word_abc(op, it->a, it->b, it->c));
        return;
    }
}

static void write_all(cp_draft *draft, const uint32_t *pcs)
{
    cp_position last = CP_NO_POSITION;
    for (uint32_t i = 0; i < draft->count; i++) {
        const cp_draft_instruction *it = &draft->instructions[i];
        assert(draft->builder.is_refused || cp_builder_pc(&draft->builder) == pcs[i]);
        if (it->op == OP_ENTRY) {
            cp_builder_entry(&draft->builder, it->a, it->b, it->c != 0);
            continue;
        }
        if (it->position.bits != last.bits && cp_position_is_known(it->position)) {
            cp_builder_line(&draft->builder, cp_position_line(it->position),
                            cp_position_column(it->position));
            last = it->position;
        }
        if (it->label == CP_NO_LABEL)
            write_plain(draft, it);
        else
            write_jump(draft, it,
                       (int64_t)pcs[draft->labels[it->label].index] - (int64_t)pcs[i + 1]);
    }
}

cp_template *cp_draft_finish(cp_draft *draft, const char *name, const char *file,
                             uint32_t free_count)
{
    uint32_t *pcs = CP_TAKE_ARRAY(draft->arena, (size_t)draft->count + 1, uint32_t);
    if (draft->arena->is_refused)
        return NULL;
    place_all(draft, pcs);
    write_all(draft, pcs);
    for (uint32_t i = 0; i < draft->variable_count; i++) {
        const cp_draft_variable *v = &draft->variables[i];
        uint32_t end = v->end > draft->count ? draft->count : v->end;
        uint32_t from = v->from > end ? end : v->from; /* dead code may have been cut */
        if (pcs[from] < pcs[end])
            cp_builder_variable(&draft->builder, v->name, v->index, v->flags, pcs[from], pcs[end]);
    }
    return cp_builder_finish(&draft->builder,
                             &(cp_template_options){.name = name,
                                                    .file = file,
                                                    .register_count = draft->register_count,
                                                    .free_count = free_count});
}
