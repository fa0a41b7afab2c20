#include "tests/check.h"

#include "interp/opcode.h"

static void a_name_finds_its_opcode(void **state)
{
    (void)state;
    assert_int_equal(cp_opcode_find("jump-if-less", 12), CP_OP_JUMP_IF_LESS);
    assert_int_equal(cp_opcode_find("move", 4), CP_OP_MOVE);
    assert_int_equal(cp_opcode_find("movex", 5), CP_OPCODE_COUNT);
    assert_int_equal(cp_opcode_find("MOVE", 4), CP_OPCODE_COUNT);
    assert_int_equal(cp_test_find("pair?", 5), CP_TEST_PAIR);
    assert_int_equal(cp_test_find("port?", 5), CP_TEST_COUNT);
    assert_string_equal(cp_test_name(CP_TEST_NULL), "null?");
}

static void operands_come_back_from_a_word(void **state)
{
    (void)state;
    uint32_t word = cp_word_abc(CP_OP_ADD, 1, 2, 250);
    assert_int_equal(cp_word_op(word), CP_OP_ADD);
    assert_int_equal(cp_word_a(word), 1);
    assert_int_equal(cp_word_b(word), 2);
    assert_int_equal(cp_word_c(word), 250);
    assert_int_equal(cp_word_sc(word), -6);
    assert_int_equal(cp_word_sbx(cp_word_abx(CP_OP_FIXNUM, 3, 0x8000)), -32768);
    assert_int_equal(cp_word_sax(cp_word_make_ax(CP_OP_LOOP, 0xFFFFFF)), -1);
    assert_int_equal(cp_word_sb(cp_word_abc(CP_OP_JUMP_IF_LESS_I, 0, 0x80, 0)), -128);
}

static void each_conditional_jump_has_an_inverse(void **state)
{
    (void)state;
    assert_int_equal(cp_opcode_inverse(CP_OP_JUMP_IF_FALSE), CP_OP_JUMP_IF_TRUE);
    assert_int_equal(cp_opcode_inverse(CP_OP_JUMP_UNLESS_LESS), CP_OP_JUMP_IF_LESS);
    for (int op = CP_OP_JUMP_IF_FALSE; op <= CP_OP_JUMP_UNLESS_GREATER_I; op++) {
        cp_opcode inverse = cp_opcode_inverse((cp_opcode)op);
        assert_int_equal(cp_opcode_inverse(inverse), op);
        assert_int_equal(cp_opcodes[op].format, cp_opcodes[inverse].format);
        assert_int_equal(cp_opcodes[op].effects, cp_opcodes[inverse].effects);
    }
}

static void every_row_is_consistent(void **state)
{
    (void)state;
    for (int op = 0; op < CP_OPCODE_COUNT; op++) {
        const cp_opcode_row *row = &cp_opcodes[op];
        const char *operands = cp_format_operands((cp_format)row->format);
        assert_true(strlen(row->meaning) > 0);
        /* A register that is read or written is one that is written down. */
        if (row->effects & (CP_FX_WA | CP_FX_RA))
            assert_int_equal(operands[0], 'R');
        if (row->effects & CP_FX_RB)
            assert_int_equal(operands[1], 'R');
        if (row->effects & CP_FX_RC)
            assert_int_equal(operands[2], 'R');
        /* What collects also allocates or takes time; what allocates may be refused. */
        if (row->may & CP_MAY_ALLOC)
            assert_true(row->may & CP_MAY_RAISE);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_name_finds_its_opcode),
             cmocka_unit_test(operands_come_back_from_a_word),
             cmocka_unit_test(each_conditional_jump_has_an_inverse),
             cmocka_unit_test(every_row_is_consistent))
