/* asm.c -- two passes over the text: names of procedures first, then one template after another,
 * each with its labels. Operands are read and printed by the letters of the opcode's format, so a
 * new opcode needs nothing here. Data nest at most DATUM_DEPTH_MAX deep. */
#include "interp/asm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interp/value.h"
#include "sched/memory.h"

enum { DATUM_DEPTH_MAX = 64, TEXT_MAX = 1000 };

typedef struct span {
    const char *text;
    uint32_t length;
} span;

typedef struct label {
    span name;
    uint32_t pc;
} label;

typedef struct fixup {
    span name;
    uint32_t pc;
    uint32_t line;
    char letter_count; /* 1: sAx, 2: sBx, 3: sC */
} fixup;

typedef struct list {
    void *items;
    size_t capacity;
    size_t count;
} list;

typedef struct assembler {
    const copse_allocator *allocator;
    const char *at; /* in the text */
    uint32_t line;
    char *error;
    bool is_failed;
    list procedures; /* span: all names, in order */
    list templates;  /* cp_template *: those done */
    list labels;
    list fixups;
    cp_builder builder;
    cp_template_options options;
    char name[TEXT_MAX];
    char file[TEXT_MAX];
} assembler;

CP_PRINTF(2, 3) static bool fail(assembler *as, const char *format, ...)
{
    if (as->is_failed)
        return false;
    as->is_failed = true;
    int used = snprintf(as->error, CP_ASM_ERROR_SIZE, "%u: ", as->line);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(as->error + used, (size_t)(CP_ASM_ERROR_SIZE - used), format, arguments);
    va_end(arguments);
    return false;
}

static void *append(assembler *as, list *l, size_t item_size)
{
    if (!cp_grow_array(as->allocator, &l->items, &l->capacity, l->count + 1, item_size)) {
        (void)fail(as, "memory was refused");
        return NULL;
    }
    return (char *)l->items + item_size * l->count++;
}

static bool same_span(span a, span b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static bool is_word(span s, const char *word)
{
    return s.length == strlen(word) && memcmp(s.text, word, s.length) == 0;
}

/* ---- Words --------------------------------------------------------------------------------- */

static void skip_blanks(assembler *as)
{
    while (*as->at == ' ' || *as->at == '\t')
        as->at++;
    if (*as->at == ';')
        as->at += strcspn(as->at, "\n");
}

static bool is_end_of_line(assembler *as)
{
    skip_blanks(as);
    return *as->at == '\n' || *as->at == 0;
}

/* The next word of the line, empty at its end. Parentheses and strings are not part of words, but
 * a character may be one. */
static span next_word(assembler *as)
{
    skip_blanks(as);
    const char *start = as->at;
    if (strncmp(start, "#\\", 2) == 0 && start[2] != 0)
        as->at += 3;
    if (strncmp(start, "()", 2) == 0)
        as->at += 2;
    else
        as->at += strcspn(as->at, " \t\n;()\"");
    return (span){start, (uint32_t)(as->at - start)};
}

static bool to_integer(span s, int64_t *number)
{
    if (s.length == 0 || s.length > 18)
        return false;
    bool is_negative = s.text[0] == '-';
    if (s.length == (uint32_t)is_negative)
        return false;
    int64_t n = 0;
    for (uint32_t i = is_negative; i < s.length; i++) {
        if (s.text[i] < '0' || s.text[i] > '9')
            return false;
        n = n * 10 + (s.text[i] - '0');
    }
    *number = is_negative ? -n : n;
    return true;
}

static bool read_integer(assembler *as, int64_t low, int64_t high, int64_t *number)
{
    span word = next_word(as);
    if (!to_integer(word, number))
        return fail(as, "\"%.*s\" is no number", (int)word.length, word.text);
    if (*number < low || *number > high)
        return fail(as, "%lld is out of range", (long long)*number);
    return true;
}

/* A number after LETTER, "r7". */
static bool read_indexed(assembler *as, char letter, int64_t high, int64_t *number)
{
    span word = next_word(as);
    if (word.length < 2 || word.text[0] != letter ||
        !to_integer((span){word.text + 1, word.length - 1}, number))
        return fail(as, "\"%.*s\" where %c and a number was expected", (int)word.length, word.text,
                    letter);
    if (*number < 0 || *number > high)
        return fail(as, "%c%lld is out of range", letter, (long long)*number);
    return true;
}

/* The text between quotes, unescaped into BUFFER of TEXT_MAX bytes. */
static bool read_text(assembler *as, char *buffer, uint32_t *length)
{
    skip_blanks(as);
    if (*as->at != '"')
        return fail(as, "a text was expected");
    uint32_t n = 0;
    for (as->at++; *as->at != '"'; as->at++) {
        char c = *as->at;
        if (c == 0 || c == '\n' || n + 1 >= TEXT_MAX)
            return fail(as, "the text has no end");
        if (c == '\\') {
            c = *++as->at;
            int code = 0, used = 0;
            if (c == 'x' && sscanf(as->at, "x%2x;%n", (unsigned *)&code, &used) == 1 && used > 0) {
                as->at += used - 1;
                c = (char)code;
            } else if (c == 'n') {
                c = '\n';
            } else if (c != '"' && c != '\\') {
                return fail(as, "an unknown escape in a text");
            }
        }
        buffer[n++] = c;
    }
    as->at++;
    buffer[n] = 0;
    *length = n;
    return true;
}

/* ---- Data ---------------------------------------------------------------------------------- */

static const char *const constant_texts[] = {
#define CONSTANT_TEXT(name, text, meaning) text,
    CP_CONSTANT_LIST(CONSTANT_TEXT)
#undef CONSTANT_TEXT
};

static bool to_immediate(span word, cp_value *value)
{
    for (unsigned i = 0; i < CP_FIRST_C_ONLY_CONSTANT; i++) {
        if (is_word(word, constant_texts[i])) {
            *value = cp_from_bits(CP_CONSTANT_BITS(i));
            return true;
        }
    }
    if (word.length >= 3 && word.text[0] == '#' && word.text[1] == '\\') {
        unsigned code = (unsigned char)word.text[2];
        if (word.length > 3 && (word.text[2] != 'x' || sscanf(word.text + 3, "%6x", &code) != 1))
            return false;
        if (!cp_char_is_valid(code))
            return false;
        *value = cp_make_char(code);
        return true;
    }
    return false;
}

static bool to_number(span word, cp_value *value)
{
    int64_t n;
    if (to_integer(word, &n) && cp_fits_fixnum(n)) {
        *value = cp_make_fixnum(n);
        return true;
    }
    char buffer[40];
    if (word.length == 0 || word.length >= sizeof buffer ||
        strchr("+-.0123456789", *word.text) == 0)
        return false;
    memcpy(buffer, word.text, word.length);
    buffer[word.length] = 0;
    char *end;
    double d = strtod(buffer, &end);
    if (*end != 0)
        return false;
    *value = cp_make_double(d);
    return true;
}

static bool read_datum(assembler *as, int depth, uint32_t *slot);

/* The rest of a list after its parenthesis: nested pairs, made from the last. */
static bool read_list(assembler *as, int depth, uint32_t *slot)
{
    skip_blanks(as);
    if (*as->at == ')') {
        as->at++;
        *slot = cp_builder_link(&as->builder, CP_LINK_IMMEDIATE, NULL, 0, CP_NIL.bits);
        return true;
    }
    if (as->at[0] == '.' && as->at[1] == ' ') {
        as->at += 2;
        if (!read_datum(as, depth, slot))
            return false;
        skip_blanks(as);
        return *as->at++ == ')' || fail(as, "a list has no end");
    }
    uint32_t car, cdr;
    if (!read_datum(as, depth, &car) || !read_list(as, depth + 1, &cdr))
        return false;
    *slot = cp_builder_link(&as->builder, CP_LINK_PAIR, NULL, 0, (uint64_t)cdr << 32 | car);
    return true;
}

static bool read_vector(assembler *as, int depth, uint32_t *slot)
{
    uint32_t slots[DATUM_DEPTH_MAX];
    uint32_t count = 0;
    for (;;) {
        skip_blanks(as);
        if (*as->at == ')')
            break;
        if (count == DATUM_DEPTH_MAX)
            return fail(as, "a vector is too long");
        if (!read_datum(as, depth, &slots[count++]))
            return false;
    }
    as->at++;
    *slot = cp_builder_link(&as->builder, CP_LINK_VECTOR, (const char *)slots, count * 4, 0);
    return true;
}

static bool read_text_link(assembler *as, cp_link_kind kind, uint32_t *slot)
{
    char text[TEXT_MAX];
    uint32_t length;
    if (!read_text(as, text, &length))
        return false;
    *slot = cp_builder_link(&as->builder, kind, text, length, 0);
    return true;
}

static bool read_datum(assembler *as, int depth, uint32_t *slot)
{
    if (depth > DATUM_DEPTH_MAX)
        return fail(as, "a datum is nested too deep");
    skip_blanks(as);
    if (*as->at == '"')
        return read_text_link(as, CP_LINK_STRING, slot);
    if (*as->at == '(' && as->at[1] != ')') {
        as->at++;
        return read_list(as, depth + 1, slot);
    }
    if (strncmp(as->at, "#(", 2) == 0) {
        as->at += 2;
        return read_vector(as, depth + 1, slot);
    }
    span word = next_word(as);
    if (is_word(word, "#bytes"))
        return read_text_link(as, CP_LINK_BYTES, slot);
    if (is_word(word, "#number"))
        return read_text_link(as, CP_LINK_NUMBER, slot);
    if (word.length == 0)
        return fail(as, "a datum was expected");
    cp_value value;
    if (to_immediate(word, &value) || to_number(word, &value))
        *slot = cp_builder_link(&as->builder, CP_LINK_IMMEDIATE, NULL, 0, value.bits);
    else
        *slot = cp_builder_link(&as->builder, CP_LINK_SYMBOL, word.text, word.length, 0);
    return true;
}

/* ---- Operands ------------------------------------------------------------------------------ */

static bool read_procedure(assembler *as, uint32_t *slot)
{
    span word = next_word(as);
    const span *names = as->procedures.items;
    for (size_t i = 0; i < as->procedures.count; i++) {
        if (same_span(names[i], word)) {
            *slot = cp_builder_link(&as->builder, CP_LINK_CODE, NULL, 0, i);
            return true;
        }
    }
    return fail(as, "there is no procedure \"%.*s\"", (int)word.length, word.text);
}

static bool read_cell(assembler *as, uint32_t *slot)
{
    span word = next_word(as);
    if (word.length == 0)
        return fail(as, "a global name was expected");
    *slot = cp_builder_link(&as->builder, CP_LINK_CELL, word.text, word.length, 0);
    return true;
}

static bool read_link(assembler *as, cp_opcode op, uint32_t *slot)
{
    if (op == CP_OP_CLOSURE)
        return read_procedure(as, slot);
    if (op == CP_OP_CONSTANT || op == CP_OP_CONSTANT_WIDE || op == CP_OP_CHECK_SET)
        return read_datum(as, 0, slot);
    return read_cell(as, slot);
}

static bool read_jump(assembler *as, size_t letter_count)
{
    span word = next_word(as);
    if (word.length == 0)
        return fail(as, "a label was expected");
    fixup *f = append(as, &as->fixups, sizeof *f);
    if (f != NULL)
        *f = (fixup){word, cp_builder_pc(&as->builder), as->line, (char)letter_count};
    return f != NULL;
}

static bool read_test(assembler *as, int64_t *number)
{
    span word = next_word(as);
    *number = cp_test_find(word.text, word.length);
    return *number < CP_TEST_COUNT ||
           fail(as, "there is no type test \"%.*s\"", (int)word.length, word.text);
}

static bool read_tag_bits(assembler *as, int64_t *number)
{
    span word = next_word(as);
    cp_value value;
    if (!to_immediate(word, &value) || value.bits > 0xFFFF)
        return fail(as, "\"%.*s\" does not fit an immediate", (int)word.length, word.text);
    *number = (int64_t)value.bits;
    return true;
}

/* The operand LETTER of OP, the one at INDEX of COUNT. */
static bool read_operand(assembler *as, cp_opcode op, char letter, size_t index, size_t count,
                         int64_t *number)
{
    uint32_t slot = 0;
    bool is_done = false;
    switch (letter) {
    case 'R':
        return read_indexed(as, 'r', 255, number);
    case 'F':
        return read_indexed(as, 'f', 0xFFFF, number);
    case 'N':
        return read_integer(as, 0, 255, number);
    case 'I':
        return count == 2 ? read_integer(as, INT16_MIN, INT16_MAX, number)
                          : read_integer(as, INT8_MIN, INT8_MAX, number);
    case 'T':
        return read_tag_bits(as, number);
    case 'Q':
        return read_test(as, number);
    case 'L':
        is_done = read_link(as, op, &slot);
        *number = slot;
        return is_done;
    case 'J':
        *number = 0;
        assert(index == count - 1);
        return read_jump(as, count);
    default:
        assert(false); /* every letter has its case */
        return false;
    }
}

static bool read_captures(assembler *as)
{
    uint32_t words[256];
    uint32_t count = 0;
    while (!is_end_of_line(as)) {
        bool is_free = *as->at == 'f';
        int64_t number;
        if (count == CP_COUNT_OF(words))
            return fail(as, "too many captures");
        if (!read_indexed(as, is_free ? 'f' : 'r', is_free ? 0xFFFF : 255, &number))
            return false;
        words[count++] = (uint32_t)number | (is_free ? CP_CAPTURE_FREE : 0);
    }
    cp_builder_emit(&as->builder, count);
    for (uint32_t i = 0; i < count; i++)
        cp_builder_emit(&as->builder, words[i]);
    return true;
}

static bool read_instruction(assembler *as, cp_opcode op)
{
    cp_format format = (cp_format)cp_opcodes[op].format;
    const char *letters = format == CP_FORMAT_CLOSURE ? "RL" : cp_format_operands(format);
    size_t count = strlen(letters);
    int64_t n[4] = {0};
    for (size_t i = 0; i < count; i++) {
        if (!read_operand(as, op, letters[i], i, count, &n[i]))
            return false;
    }
    uint32_t a = (uint32_t)n[0], b = (uint32_t)n[1], c = (uint32_t)n[2];
    uint32_t last = (uint32_t)n[count > 0 ? count - 1 : 0];
    if (format == CP_FORMAT_LRN) {
        cp_builder_emit(&as->builder, cp_word_make_ax(op, a));
        cp_builder_emit(&as->builder, cp_word_abc(CP_OP_WINDOW, b, c, 0));
        return true;
    }
    bool has_link_word = format == CP_FORMAT_RW || (count > 2 && letters[count - 1] == 'L');
    if (has_link_word)
        n[count - 1] = 0;
    if (format == CP_FORMAT_RW)
        cp_builder_emit(&as->builder, cp_word_abc(op, a, 0, 0));
    else if (count == 2 && strchr("ITFL", letters[1]) != NULL)
        cp_builder_emit(&as->builder, cp_word_abx(op, a, b & 0xFFFF));
    else
        cp_builder_emit(&as->builder, cp_word_abc(op, a, b & 0xFF, (uint32_t)n[2] & 0xFF));
    if (has_link_word)
        cp_builder_emit(&as->builder, last);
    if (format == CP_FORMAT_CLOSURE)
        return read_captures(as);
    return true;
}

/* ---- Procedures ---------------------------------------------------------------------------- */

static bool apply_fixup(assembler *as, const fixup *f)
{
    const label *labels = as->labels.items;
    size_t i = 0;
    while (i < as->labels.count && !same_span(labels[i].name, f->name))
        i++;
    if (i == as->labels.count) {
        as->line = f->line;
        return fail(as, "there is no label \"%.*s\"", (int)f->name.length, f->name.text);
    }
    int64_t offset = (int64_t)labels[i].pc - f->pc - 1;
    int bits = f->letter_count == 1 ? 24 : f->letter_count == 2 ? 16 : 8;
    int64_t limit = INT64_C(1) << (bits - 1);
    if (offset < -limit || offset >= limit) {
        as->line = f->line;
        return fail(as, "the jump to \"%.*s\" is too far", (int)f->name.length, f->name.text);
    }
    uint32_t word = ((const uint32_t *)as->builder.code.items)[f->pc];
    word = (uint32_t)(word & ((UINT64_C(1) << (32 - bits)) - 1)) | (uint32_t)offset << (32 - bits);
    cp_builder_patch(&as->builder, f->pc, word);
    return true;
}

static bool finish_procedure(assembler *as)
{
    const fixup *fixups = as->fixups.items;
    for (size_t i = 0; i < as->fixups.count && !as->builder.is_refused; i++) {
        if (!apply_fixup(as, &fixups[i]))
            return false;
    }
    cp_template *t = cp_builder_finish(&as->builder, &as->options);
    if (t == NULL)
        return fail(as, "%s: %s", as->options.name,
                    as->builder.error[0] ? as->builder.error : "memory was refused");
    cp_template **item = append(as, &as->templates, sizeof(cp_template *));
    if (item == NULL) {
        cp_template_free(as->allocator, t);
        return false;
    }
    *item = t;
    cp_builder_close(&as->builder);
    return true;
}

static bool copy_text(assembler *as, span word, char *buffer)
{
    if (word.length >= TEXT_MAX)
        return fail(as, "a name is too long");
    memcpy(buffer, word.text, word.length);
    buffer[word.length] = 0;
    return true;
}

static bool start_procedure(assembler *as)
{
    if (as->options.name != NULL && !finish_procedure(as))
        return false;
    cp_builder_init(&as->builder, as->allocator);
    as->labels.count = 0;
    as->fixups.count = 0;
    as->options = (cp_template_options){.name = as->name};
    return copy_text(as, next_word(as), as->name);
}

static bool read_parameters(assembler *as)
{
    int64_t required, optional = 0, rest = 0;
    if (!read_integer(as, 0, CP_ARGUMENTS_MAX, &required))
        return false;
    if (!is_end_of_line(as) && !read_integer(as, 0, CP_ARGUMENTS_MAX, &optional))
        return false;
    if (!is_end_of_line(as) && !read_integer(as, 0, 1, &rest))
        return false;
    cp_builder_entry(&as->builder, (uint32_t)required, (uint32_t)optional, rest != 0);
    return true;
}

static bool read_variable(assembler *as)
{
    char name[TEXT_MAX];
    int64_t n[4];
    if (!copy_text(as, next_word(as), name))
        return false;
    for (int i = 0; i < 4; i++) {
        if (!read_integer(as, 0, INT32_MAX, &n[i]))
            return false;
    }
    cp_builder_variable(&as->builder, name, (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2],
                        (uint32_t)n[3]);
    return true;
}

/* A line that is no instruction; false with *IS_KNOWN when it is none of these. */
static bool read_directive(assembler *as, span word, bool *is_known)
{
    int64_t n, column = 0;
    uint32_t length;
    *is_known = true;
    if (is_word(word, "registers")) {
        if (!read_integer(as, 0, 255, &n))
            return false;
        as->options.register_count = (uint32_t)n;
        return true;
    }
    if (is_word(word, "captures")) {
        if (!read_integer(as, 0, 0xFFFF, &n))
            return false;
        as->options.free_count = (uint32_t)n;
        return true;
    }
    if (is_word(word, "file")) {
        as->options.file = as->file;
        return read_text(as, as->file, &length);
    }
    if (is_word(word, "line")) {
        if (!read_integer(as, 0, INT32_MAX, &n) ||
            (!is_end_of_line(as) && !read_integer(as, 0, INT32_MAX, &column)))
            return false;
        cp_builder_line(&as->builder, (uint32_t)n, (uint32_t)column);
        return true;
    }
    if (is_word(word, "parameters"))
        return read_parameters(as);
    if (is_word(word, "variable"))
        return read_variable(as);
    *is_known = false;
    return false;
}

static bool read_line(assembler *as)
{
    if (is_end_of_line(as))
        return true;
    span word = next_word(as);
    if (is_word(word, "procedure"))
        return start_procedure(as);
    if (as->options.name == NULL)
        return fail(as, "\"procedure NAME\" was expected first");
    if (word.length > 1 && word.text[word.length - 1] == ':') {
        label *item = append(as, &as->labels, sizeof *item);
        if (item != NULL)
            *item = (label){{word.text, word.length - 1}, cp_builder_pc(&as->builder)};
        return item != NULL;
    }
    bool is_known;
    bool is_read = read_directive(as, word, &is_known);
    if (is_known)
        return is_read;
    cp_opcode op = cp_opcode_find(word.text, word.length);
    if (op == CP_OPCODE_COUNT)
        return fail(as, "there is no opcode \"%.*s\"", (int)word.length, word.text);
    return read_instruction(as, op);
}

static bool read_names(assembler *as, const char *text)
{
    for (as->at = text; *as->at != 0; as->at += *as->at == '\n') {
        as->line++;
        span word = next_word(as);
        if (is_word(word, "procedure")) {
            span *name = append(as, &as->procedures, sizeof *name);
            if (name == NULL)
                return false;
            *name = next_word(as);
        }
        as->at += strcspn(as->at, "\n");
    }
    return true;
}

static bool read_lines(assembler *as, const char *text)
{
    as->line = 0;
    for (as->at = text; *as->at != 0; as->at += *as->at == '\n') {
        as->line++;
        if (!read_line(as))
            return false;
        if (!is_end_of_line(as))
            return fail(as, "there is too much on the line");
    }
    return as->options.name != NULL ? finish_procedure(as) : fail(as, "there is no procedure");
}

cp_unit *cp_assemble(const copse_allocator *allocator, const char *text,
                     char error[CP_ASM_ERROR_SIZE])
{
    assembler as = {.allocator = allocator, .error = error};
    cp_builder_init(&as.builder, allocator);
    error[0] = 0;
    cp_unit *unit = NULL;
    if (read_names(&as, text) && read_lines(&as, text)) {
        unit = cp_unit_make(allocator, as.templates.items, (uint32_t)as.templates.count);
        if (unit == NULL)
            (void)fail(&as, "memory was refused");
    }
    for (size_t i = 0; i < as.templates.count; i++)
        cp_template_free(allocator, ((cp_template **)as.templates.items)[i]);
    cp_builder_close(&as.builder);
    cp_release_array(allocator, as.procedures.items, as.procedures.capacity, sizeof(span));
    cp_release_array(allocator, as.templates.items, as.templates.capacity, sizeof(cp_template *));
    cp_release_array(allocator, as.labels.items, as.labels.capacity, sizeof(label));
    cp_release_array(allocator, as.fixups.items, as.fixups.capacity, sizeof(fixup));
    return unit;
}

/* ---- Disassembler -------------------------------------------------------------------------- */

static void print_text(cp_printer *printer, const char *text, uint32_t length)
{
    cp_print(printer, "\"");
    for (uint32_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            cp_print(printer, "\\%c", c);
        else if (c < ' ' || c == 0x7F)
            cp_print(printer, "\\x%02x;", c);
        else
            cp_print(printer, "%c", c);
    }
    cp_print(printer, "\"");
}

static void print_immediate(cp_printer *printer, cp_value value)
{
    char buffer[32];
    if (cp_is_fixnum(value)) {
        cp_print(printer, "%lld", (long long)cp_to_fixnum(value));
    } else if (cp_is_double(value)) {
        (void)snprintf(buffer, sizeof buffer, "%.17g", cp_to_double(value));
        cp_print(printer, "%s%s", buffer, strpbrk(buffer, ".en") == NULL ? ".0" : "");
    } else if (cp_is_char(value)) {
        cp_print(printer, "#\\x%x", (unsigned)cp_to_char(value));
    } else {
        cp_print(printer, "%s", constant_texts[cp_to_constant(value)]);
    }
}

static void print_link(const cp_unit *unit, const cp_template *t, uint32_t slot,
                       cp_printer *printer)
{
    const cp_link *link = &cp_template_links(t)[slot];
    const char *text = cp_template_text(t, link->payload);
    switch ((cp_link_kind)link->kind) {
    case CP_LINK_IMMEDIATE:
        print_immediate(printer, cp_from_bits(link->payload));
        return;
    case CP_LINK_SYMBOL:
    case CP_LINK_CELL:
        cp_print(printer, "%.*s", (int)link->length, text);
        return;
    case CP_LINK_STRING:
        print_text(printer, text, link->length);
        return;
    case CP_LINK_CODE:
        cp_print(printer, "%s", cp_template_name(cp_unit_template(unit, (uint32_t)link->payload)));
        return;
    case CP_LINK_PAIR:
        cp_print(printer, "(");
        print_link(unit, t, (uint32_t)link->payload, printer);
        cp_print(printer, " . ");
        print_link(unit, t, (uint32_t)(link->payload >> 32), printer);
        cp_print(printer, ")");
        return;
    case CP_LINK_VECTOR:
        cp_print(printer, "#(");
        for (uint32_t i = 0; i < link->length / 4; i++) {
            uint32_t element;
            memcpy(&element, text + (size_t)i * 4, 4);
            cp_print(printer, i > 0 ? " " : "");
            print_link(unit, t, element, printer);
        }
        cp_print(printer, ")");
        return;
    case CP_LINK_BYTES:
        cp_print(printer, "#bytes");
        print_text(printer, text, link->length);
        return;
    case CP_LINK_NUMBER:
        cp_print(printer, "#number");
        print_text(printer, text, link->length);
        return;
    case CP_LINK_COUNT:
        break;
    }
    assert(false); /* every kind has its case */
}

/* The operand that stands at INDEX of the COUNT letters, as a number. */
static int64_t operand(const uint32_t *words, const char *letters, size_t index, size_t count)
{
    uint32_t word = words[0];
    if (cp_opcodes[cp_word_op(word)].format == CP_FORMAT_LRN)
        return index == 0   ? cp_word_ax(word)
               : index == 1 ? cp_word_a(words[1])
                            : cp_word_b(words[1]);
    bool is_wide = cp_opcodes[cp_word_op(word)].format == CP_FORMAT_RW;
    if (letters[index] == 'L' && (index >= 2 || is_wide))
        return words[1];
    if (index == 0)
        return cp_word_a(word);
    if (index == 1 && count == 2 && letters[1] == 'I')
        return cp_word_sbx(word);
    if (index == 1 && strchr("TFL", letters[1]) != NULL)
        return cp_word_bx(word);
    if (letters[index] == 'I')
        return index == 1 ? cp_word_sb(word) : cp_word_sc(word);
    return index == 1 ? cp_word_b(word) : cp_word_c(word);
}

static void print_operand(const cp_unit *unit, const cp_template *t, uint32_t pc,
                          const char *letters, size_t index, size_t count, cp_printer *printer)
{
    const uint32_t *words = cp_template_code(t) + pc;
    int64_t number = letters[index] == 'J' ? 0 : operand(words, letters, index, count);
    int64_t target = 0;
    switch (letters[index]) {
    case 'R':
        cp_print(printer, "r%d", (int)number);
        return;
    case 'F':
        cp_print(printer, "f%d", (int)number);
        return;
    case 'N':
    case 'I':
        cp_print(printer, "%d", (int)number);
        return;
    case 'T':
        print_immediate(printer, cp_from_bits((uint64_t)number));
        return;
    case 'Q':
        cp_print(printer, "%s", cp_test_name((cp_test)number));
        return;
    case 'L':
        print_link(unit, t, (uint32_t)number, printer);
        return;
    case 'J':
        (void)cp_instruction_target(words, &target);
        cp_print(printer, "L%lld", (long long)(pc + target));
        return;
    default:
        assert(false); /* every letter has its case */
    }
}

void cp_disassemble_instruction(const cp_unit *unit, const cp_template *t, uint32_t pc,
                                cp_printer *printer)
{
    const uint32_t *words = cp_template_code(t) + pc;
    const cp_opcode_row *row = &cp_opcodes[cp_word_op(*words)];
    for (const char *c = row->name; *c != 0; c++)
        cp_print(printer, "%c", *c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    bool is_closure = row->format == CP_FORMAT_CLOSURE;
    const char *letters = is_closure ? "RL" : cp_format_operands((cp_format)row->format);
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++) {
        cp_print(printer, " ");
        print_operand(unit, t, pc, letters, i, count, printer);
    }
    for (uint32_t i = 0; is_closure && i < words[1]; i++) {
        uint32_t capture = words[2 + i];
        cp_print(printer, " %c%u", capture & CP_CAPTURE_FREE ? 'f' : 'r',
                 capture & CP_CAPTURE_INDEX);
    }
}

/* Whether some jump of T meets PC. Quadratic, for a reader's eyes. */
static bool is_target(const cp_template *t, uint32_t pc)
{
    const uint32_t *code = cp_template_code(t);
    for (uint32_t at = 0; at < t->code_count; at += cp_instruction_size(code + at)) {
        int64_t target;
        if (cp_instruction_target(code + at, &target) && at + target == pc)
            return true;
    }
    return false;
}

static void print_variables(const cp_template *t, cp_printer *printer)
{
    const cp_variable *variables = cp_template_at(t, t->variables);
    for (uint32_t i = 0; i < t->variable_count; i++) {
        const cp_variable *v = &variables[i];
        cp_print(printer, "  variable %s %u %u %u %u\n", cp_template_text(t, v->name), v->index,
                 v->flags, v->from, v->end);
    }
}

static void print_rows_at(const cp_template *t, uint32_t pc, cp_printer *printer)
{
    const cp_entry *entries = cp_template_entries(t);
    for (uint32_t i = 0; i < t->entry_count; i++) {
        if (entries[i].pc == pc)
            cp_print(printer, "  parameters %u %u %u\n", entries[i].required, entries[i].optional,
                     entries[i].has_rest);
    }
    const cp_line *lines = cp_template_at(t, t->lines);
    for (uint32_t i = 0; i < t->line_count; i++) {
        if (lines[i].pc == pc)
            cp_print(printer, "  line %u %u\n", lines[i].line, lines[i].column);
    }
    if (is_target(t, pc))
        cp_print(printer, "L%u:\n", pc);
}

void cp_disassemble(const cp_unit *unit, cp_printer *printer)
{
    for (uint32_t i = 0; i < unit->template_count; i++) {
        const cp_template *t = cp_unit_template(unit, i);
        cp_print(printer, "procedure %s\n", cp_template_name(t));
        if (*cp_template_text(t, t->file) != 0) {
            cp_print(printer, "  file ");
            const char *file = cp_template_text(t, t->file);
            print_text(printer, file, (uint32_t)strlen(file));
            cp_print(printer, "\n");
        }
        cp_print(printer, "  registers %u\n  captures %u\n", t->register_count, t->free_count);
        print_variables(t, printer);
        const uint32_t *code = cp_template_code(t);
        for (uint32_t pc = 0; pc < t->code_count; pc += cp_instruction_size(code + pc)) {
            print_rows_at(t, pc, printer);
            cp_print(printer, "    ");
            cp_disassemble_instruction(unit, t, pc, printer);
            cp_print(printer, "\n");
        }
    }
}
