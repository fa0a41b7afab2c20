/* draft.h -- the instructions of one procedure before jumps have distances.
 *
 * Owns:  instructions with labels, the removal of what can not be reached and of jumps to the next
 *        instruction, and the choice between short and long jumps.
 * Never: allocates registers (emit.h) or checks operands (code.h does). */
#ifndef CP_INTERP_DRAFT_H
#define CP_INTERP_DRAFT_H

#include "interp/arena.h"
#include "interp/code.h"
#include "interp/source.h"

typedef struct cp_draft_instruction cp_draft_instruction;
typedef struct cp_draft_variable cp_draft_variable;

#define CP_NO_LABEL UINT32_MAX

typedef struct cp_draft_target {
    uint32_t index; /* of the instruction that it stands before, or CP_NO_LABEL */
    uint32_t uses;  /* jumps to it */
} cp_draft_target;

typedef struct cp_draft {
    cp_arena *arena; /* borrowed */
    cp_builder builder;
    cp_draft_instruction *instructions;
    uint32_t count;
    uint32_t capacity;
    cp_draft_target *labels;
    uint32_t label_count;
    uint32_t label_capacity;
    cp_draft_variable *variables;
    uint32_t variable_count;
    uint32_t variable_capacity;
    cp_position position; /* that the next instructions stem from */
    bool is_reachable;    /* whether the next instruction can be */
    uint32_t register_count;
} cp_draft;

void cp_draft_init(cp_draft *draft, cp_arena *arena, const copse_allocator *allocator);
void cp_draft_close(cp_draft *draft);

uint32_t cp_draft_label(cp_draft *draft);

/* The label stands here. */
void cp_draft_place(cp_draft *draft, uint32_t label);

static inline bool cp_draft_is_placed(const cp_draft *draft, uint32_t label)
{
    return draft->labels[label].index != CP_NO_LABEL;
}

/* An instruction with operands A, B, C (or A and Bx, or Ax as A); nothing where nothing comes. */
void cp_draft_emit(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t c);

/* The same with a second word: a link slot, or the window of a call. */
void cp_draft_emit_wide(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t c,
                        uint32_t word);

/* CLOSURE with its captures, which stay borrowed. */
void cp_draft_emit_closure(cp_draft *draft, uint32_t a, uint32_t slot, const uint32_t *captures,
                           uint32_t count);

/* A conditional jump to LABEL, which is not placed yet. */
void cp_draft_branch(cp_draft *draft, cp_opcode op, uint32_t a, uint32_t b, uint32_t label);

/* JUMP or, to a label that is placed, LOOP. */
void cp_draft_jump(cp_draft *draft, uint32_t label);

/* An entry begins here. */
void cp_draft_entry(cp_draft *draft, uint32_t required, uint32_t optional, bool has_rest);

/* From here on register or free value INDEX is the variable NAME, until cp_draft_forget with the
 * number that is returned. */
uint32_t cp_draft_name(cp_draft *draft, const char *name, uint32_t index, uint32_t flags);
void cp_draft_forget(cp_draft *draft, uint32_t number);

/* The variable NUMBER is what it is from the first instruction on. */
void cp_draft_begin_name(cp_draft *draft, uint32_t number);

/* The finished template; as cp_builder_finish. */
cp_template *cp_draft_finish(cp_draft *draft, const char *name, const char *file,
                             uint32_t free_count) CP_MUST_USE;

#endif
