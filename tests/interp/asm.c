#include "tests/check.h"

#include "interp/asm.h"
#include "tests/fault.h"

static const char sample[] = "procedure main\n"
                             "  file \"a \\\"b\\\".scm\"\n"
                             "  registers 9\n"
                             "  captures 2\n"
                             "  variable n 0 0 0 12\n"
                             "  parameters 1 1 1\n"
                             "  line 3 5\n"
                             "    jump-unless-less-i r0 -2 L3\n"
                             "    immediate r1 #\\x41\n"
                             "    jump L4\n"
                             "L3:\n"
                             "    constant r1 (1 . (2.5 . #(\"t\\x0a;\" sym ())))\n"
                             "L4:\n"
                             "    free r2 f1\n"
                             "    is r3 r2 symbol?\n"
                             "    call-global list r5 0\n"
                             "    receive r5 2 1\n"
                             "    closure r4 main r1 f0\n"
                             "    record-ref r4 r4 2 point\n"
                             "    fixnum r3 -300\n"
                             "    vector-ref-i r4 r4 200\n"
                             "    record r1 2 point\n"
                             "    tail-call r5 1\n"
                             "  parameters 0 0 0\n"
                             "    immediate r0 #t\n"
                             "    return-values r0 0\n";

static char *disassemble(const cp_unit *unit)
{
    cp_printer printer = cp_printer_make(NULL, 0);
    cp_disassemble(unit, &printer);
    size_t size = printer.length + 1;
    char *text = malloc(size);
    assert_non_null(text);
    printer = cp_printer_make(text, size);
    cp_disassemble(unit, &printer);
    return text;
}

static void text_survives_assembler_and_disassembler(void **state)
{
    (void)state;
    const copse_allocator *allocator = copse_default_allocator();
    char error[CP_ASM_ERROR_SIZE];
    cp_unit *unit = cp_assemble(allocator, sample, error);
    assert_string_equal(error, "");
    assert_non_null(unit);

    char *printed = disassemble(unit);
    cp_unit *again = cp_assemble(allocator, printed, error);
    assert_string_equal(error, "");
    char *printed_again = disassemble(again);
    assert_string_equal(printed, printed_again);
    assert_int_equal(unit->size, again->size);
    assert_memory_equal(unit, again, unit->size);
    assert_string_equal(printed, sample);
    free(printed);
    free(printed_again);
    cp_unit_free(allocator, unit);
    cp_unit_free(allocator, again);
}

static void every_opcode_survives_the_round_trip(void **state)
{
    (void)state;
    const copse_allocator *allocator = copse_default_allocator();
    for (int op = 0; op < CP_OPCODE_COUNT; op++) {
        const cp_opcode_row *row = &cp_opcodes[op];
        if (row->effects & CP_FX_INTERNAL)
            continue;
        char line[100] = "";
        for (const char *c = row->name; *c != 0; c++)
            line[c - row->name] = *c == '_' ? '-' : (char)(*c - 'A' + 'a');
        const char *letters =
            row->format == CP_FORMAT_CLOSURE ? "RL" : cp_format_operands((cp_format)row->format);
        int r = 0;
        for (const char *letter = letters; *letter != 0; letter++) {
            char operand[20];
            bool is_jump = *letter == 'J';
            if (*letter == 'R')
                snprintf(operand, sizeof operand, " r%d", r++);
            else
                snprintf(operand, sizeof operand, " %s",
                         *letter == 'N'                ? "1"
                         : *letter == 'I'              ? "-5"
                         : *letter == 'T'              ? "()"
                         : *letter == 'F'              ? "f1"
                         : *letter == 'Q'              ? "null?"
                         : is_jump && op == CP_OP_LOOP ? "L0"
                         : is_jump                     ? "L9"
                         : op == CP_OP_CLOSURE         ? "p r1 f1"
                                                       : "name");
            strcat(line, operand);
        }
        char text[400];
        snprintf(text, sizeof text,
                 "procedure p\n  registers 9\n  captures 2\n  parameters 4 0 0\n%s"
                 "    %s\n%s    return r0\n",
                 op == CP_OP_LOOP ? "L0:\n" : "", line, strstr(line, "L9") != NULL ? "L1:\n" : "");
        for (char *at = text; (at = strstr(at, "L9")) != NULL;)
            at[1] = '1';
        char error[CP_ASM_ERROR_SIZE];
        cp_unit *unit = cp_assemble(allocator, text, error);
        if (unit == NULL)
            fail_msg("%s: %s", line, error);
        char *printed = disassemble(unit);
        assert_string_equal(printed, text);
        free(printed);
        cp_unit_free(allocator, unit);
    }
}

static void a_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "0: there is no procedure"},
        {"move r0 r1", "1: \"procedure NAME\" was expected first"},
        {"procedure f\nmoove r0 r1", "2: there is no opcode \"moove\""},
        {"procedure f\nmove r0", "2: \"\" where r and a number was expected"},
        {"procedure f\nmove r0 r300", "2: r300 is out of range"},
        {"procedure f\nfixnum r0 40000", "2: 40000 is out of range"},
        {"procedure f\nmove r0 r1 r2", "2: there is too much on the line"},
        {"procedure f\nclosure r0 g", "2: there is no procedure \"g\""},
        {"procedure f\nis r0 r1 cat?", "2: there is no type test \"cat?\""},
        {"procedure f\nconstant r0 \"x", "2: the text has no end"},
        {"procedure f\njump nowhere", "2: there is no label \"nowhere\""},
    };
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++) {
        char error[CP_ASM_ERROR_SIZE];
        assert_null(cp_assemble(copse_default_allocator(), cases[i][0], error));
        assert_string_equal(error, cases[i][1]);
    }
}

static void a_jump_that_is_too_far_is_refused(void **state)
{
    (void)state;
    char text[8000] = "procedure f\nregisters 2\nparameters 2\njump-if-less r0 r1 far\n";
    for (int i = 0; i < 200; i++)
        strcat(text, "move r0 r1\n");
    strcat(text, "far:\nreturn r0\n");
    char error[CP_ASM_ERROR_SIZE];
    assert_null(cp_assemble(copse_default_allocator(), text, error));
    assert_string_equal(error, "4: the jump to \"far\" is too far");
}

static void refused_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        char error[CP_ASM_ERROR_SIZE];
        cp_unit *unit =
            cp_assemble(&fault.allocator,
                        "procedure f\nregisters 3\nparameters 1\nconstant r1 (1 \"a\")\n"
                        "variable x 1 0 0 1\nline 1\njump-if-null r0 L\nmove r0 r1\n"
                        "L:\nclosure r2 g\nreturn r2\n"
                        "procedure g\nregisters 2\nparameters 0\nfixnum r0 1\n"
                        "return r0\n",
                        error);
        if (unit == NULL)
            assert_non_null(strstr(error, "memory was refused"));
        cp_unit_free(&fault.allocator, unit);
        assert_int_equal(fault.live_bytes, 0);
        if (fault.refused == 0) {
            assert_non_null(unit);
            break;
        }
    }
}

CP_TEST_MAIN(cmocka_unit_test(text_survives_assembler_and_disassembler),
             cmocka_unit_test(every_opcode_survives_the_round_trip),
             cmocka_unit_test(a_mistake_is_told_with_its_line),
             cmocka_unit_test(a_jump_that_is_too_far_is_refused),
             cmocka_unit_test(refused_memory_leaves_nothing_behind))
