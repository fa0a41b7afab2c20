/* opcode.c -- the table as data: rows from the list, names found by a linear search, since only the
 * assembler asks. A name is the list's in small letters with dashes. */
#include "interp/opcode.h"

#include <string.h>

static const char *const format_operands[] = {
#define CP_FORMAT_OPERANDS(name, operands, words) operands,
    CP_FORMAT_LIST(CP_FORMAT_OPERANDS)
#undef CP_FORMAT_OPERANDS
};

static const char *const test_names[] = {
#define CP_TEST_NAME(name, word) word,
    CP_TEST_LIST(CP_TEST_NAME)
#undef CP_TEST_NAME
};

const char *cp_format_operands(cp_format format)
{
    assert(format < CP_FORMAT_COUNT);
    return format_operands[format];
}

static char small_letter(char c)
{
    if (c == '_')
        return '-';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the list's NAME is written as TEXT of LENGTH bytes. */
static bool is_spelled(const char *name, const char *text, uint32_t length)
{
    if (strlen(name) != length)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        if (small_letter(name[i]) != text[i])
            return false;
    }
    return true;
}

cp_opcode cp_opcode_find(const char *name, uint32_t length)
{
    uint32_t op = 0;
    while (op < CP_OPCODE_COUNT && !is_spelled(cp_opcodes[op].name, name, length))
        op++;
    return (cp_opcode)op;
}

cp_test cp_test_find(const char *name, uint32_t length)
{
    uint32_t test = 0;
    while (test < CP_TEST_COUNT && !is_spelled(test_names[test], name, length))
        test++;
    return (cp_test)test;
}

const char *cp_test_name(cp_test test)
{
    assert(test < CP_TEST_COUNT);
    return test_names[test];
}

bool cp_instruction_target(const uint32_t *words, int64_t *target)
{
    const char *operands = format_operands[cp_opcodes[cp_word_op(*words)].format];
    size_t count = strlen(operands);
    if (count == 0 || operands[count - 1] != 'J')
        return false;
    int32_t offset = count == 1   ? cp_word_sax(*words)
                     : count == 2 ? cp_word_sbx(*words)
                                  : cp_word_sc(*words);
    *target = (int64_t)offset + 1;
    return true;
}

/* clang-format off */
const cp_opcode_row cp_opcodes[CP_OPCODE_COUNT] = {
#define CP_OPCODE_ROW(name, format, effects, may, meaning) \
    {#name, meaning, effects, may, CP_FORMAT_##format},
    CP_OPCODE_LIST(CP_OPCODE_ROW)
#undef CP_OPCODE_ROW
};
/* clang-format on */
