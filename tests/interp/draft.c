#include "tests/check.h"

#include "interp/asm.h"
#include "interp/draft.h"
#include "tests/fault.h"

/* The assembler text of what was drafted, without its head. */
static const char *finish(cp_draft *draft, char text[4000])
{
    cp_template *t = cp_draft_finish(draft, "f", NULL, 0);
    if (t == NULL)
        fail_msg("%s", draft->builder.error);
    cp_unit *unit = cp_unit_make(copse_default_allocator(), &t, 1);
    assert_non_null(unit);
    cp_printer printer = cp_printer_make(text, 4000);
    cp_disassemble(unit, &printer);
    cp_unit_free(copse_default_allocator(), unit);
    cp_template_free(copse_default_allocator(), t);
    const char *body = strstr(text, "  parameters");
    assert_non_null(body);
    return strchr(body, '\n') + 1;
}

static void begin(cp_draft *draft, cp_arena *arena)
{
    cp_arena_init(arena, copse_default_allocator());
    cp_draft_init(draft, arena, copse_default_allocator());
    cp_draft_entry(draft, 1, 0, false);
    draft->register_count = 2;
}

static void end(cp_draft *draft, cp_arena *arena)
{
    cp_draft_close(draft);
    cp_arena_free(arena);
}

static void what_can_not_be_reached_is_left_out(void **state)
{
    (void)state;
    cp_arena arena;
    cp_draft draft;
    char text[4000];
    begin(&draft, &arena);
    uint32_t unused = cp_draft_label(&draft);
    cp_draft_emit(&draft, CP_OP_RETURN, 0, 0, 0);
    cp_draft_emit(&draft, CP_OP_MOVE, 1, 0, 0);
    cp_draft_place(&draft, unused);
    cp_draft_emit(&draft, CP_OP_RETURN, 1, 0, 0);
    assert_string_equal(finish(&draft, text), "    return r0\n");
    end(&draft, &arena);
}

static void a_jump_to_the_next_instruction_is_none(void **state)
{
    (void)state;
    cp_arena arena;
    cp_draft draft;
    char text[4000];
    begin(&draft, &arena);
    uint32_t next = cp_draft_label(&draft);
    cp_draft_jump(&draft, next);
    cp_draft_place(&draft, next);
    cp_draft_emit(&draft, CP_OP_RETURN, 0, 0, 0);
    assert_string_equal(finish(&draft, text), "    return r0\n");
    end(&draft, &arena);
}

static void a_jump_over_a_jump_is_turned_round(void **state)
{
    (void)state;
    cp_arena arena;
    cp_draft draft;
    char text[4000];
    begin(&draft, &arena);
    uint32_t over = cp_draft_label(&draft), far = cp_draft_label(&draft);
    cp_draft_branch(&draft, CP_OP_JUMP_IF_NULL, 0, 0, over);
    cp_draft_jump(&draft, far);
    cp_draft_place(&draft, over);
    cp_draft_emit(&draft, CP_OP_FIXNUM, 0, 1, 0);
    cp_draft_place(&draft, far);
    cp_draft_emit(&draft, CP_OP_RETURN, 0, 0, 0);
    assert_string_equal(finish(&draft, text),
                        "    jump-unless-null r0 L2\n    fixnum r0 1\nL2:\n    return r0\n");
    end(&draft, &arena);
}

static void a_jump_that_is_too_far_becomes_two(void **state)
{
    (void)state;
    for (int distance = 125; distance < 130; distance++) {
        cp_arena arena;
        cp_draft draft;
        begin(&draft, &arena);
        uint32_t far = cp_draft_label(&draft);
        cp_draft_branch(&draft, CP_OP_JUMP_IF_SAME, 0, 0, far);
        for (int i = 0; i < distance; i++)
            cp_draft_emit(&draft, CP_OP_MOVE, 1, 0, 0);
        cp_draft_place(&draft, far);
        cp_draft_emit(&draft, CP_OP_RETURN, 0, 0, 0);
        cp_template *t = cp_draft_finish(&draft, NULL, NULL, 0);
        assert_non_null(t);
        const uint32_t *code = cp_template_code(t);
        bool is_long = distance > 127;
        assert_int_equal(cp_word_op(code[0]),
                         is_long ? CP_OP_JUMP_UNLESS_SAME : CP_OP_JUMP_IF_SAME);
        int64_t target;
        assert_true(cp_instruction_target(code + is_long, &target));
        assert_int_equal(target, distance + 1);
        cp_template_free(copse_default_allocator(), t);
        end(&draft, &arena);
    }
}

static void a_backward_jump_is_a_loop(void **state)
{
    (void)state;
    cp_arena arena;
    cp_draft draft;
    char text[4000];
    begin(&draft, &arena);
    uint32_t again = cp_draft_label(&draft), done = cp_draft_label(&draft);
    cp_draft_place(&draft, again);
    cp_draft_branch(&draft, CP_OP_JUMP_IF_NULL, 0, 0, done);
    cp_draft_emit(&draft, CP_OP_CDR, 0, 0, 0);
    cp_draft_jump(&draft, again);
    cp_draft_place(&draft, done);
    cp_draft_emit(&draft, CP_OP_RETURN, 0, 0, 0);
    assert_string_equal(finish(&draft, text),
                        "L0:\n    jump-if-null r0 L3\n    cdr r0 r0\n    loop L0\nL3:\n"
                        "    return r0\n");
    end(&draft, &arena);
}

CP_TEST_MAIN(cmocka_unit_test(what_can_not_be_reached_is_left_out),
             cmocka_unit_test(a_jump_to_the_next_instruction_is_none),
             cmocka_unit_test(a_jump_over_a_jump_is_turned_round),
             cmocka_unit_test(a_jump_that_is_too_far_becomes_two),
             cmocka_unit_test(a_backward_jump_is_a_loop))
