/* gen_text.c -- a writer and a recursive reader of one grammar, and the marks of a log. The reader
 * stops at the first thing that it does not know: its texts come from the writer or from a test. */
#include "tests/bt/gen_text.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST_TEXT = 200 };

static const char *const condition_names[GEN_CONDITION_COUNT] = {
#define X(name, text) text,
    GEN_CONDITIONS(X)
#undef X
};

static const char *const hook_names[GEN_HOOK_COUNT] = {
#define X(name, text, letter) text,
    GEN_HOOKS(X)
#undef X
};

static const char hook_letters[GEN_HOOK_COUNT] = {
#define X(name, text, letter) letter,
    GEN_HOOKS(X)
#undef X
};

/* A text that grows. */
typedef struct {
    char *bytes;
    size_t size;
} text;

__attribute__((format(printf, 2, 3))) static void write_text(text *out, const char *format, ...)
{
    char piece[128];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    assert(size >= 0 && (size_t)size < sizeof piece);
    out->bytes = gen_grow(out->bytes, out->size + (size_t)size, 1);
    memcpy(out->bytes + out->size, piece, (size_t)size + 1);
    out->size += (size_t)size;
}

/* Text of a tree */

static void write_leaf_definition(text *out, const gen_node *node)
{
    write_text(out, "(define-leaf (a%" PRIu32 ")", node->leaf);
    if (node->outputs != 0) {
        const char *before = " :uses (";
        for (uint32_t i = 0; i < 32; i++)
            if ((node->outputs >> i & 1) != 0) {
                write_text(out, "%so%" PRIu32, before, i);
                before = " ";
            }
        write_text(out, ")");
    }
    if (node->halt_within_ms != GEN_HALT_WITHIN_MS)
        write_text(out, " :halt-within-ms %" PRId64, node->halt_within_ms);
    write_text(out, " :tick (answer))\n");
}

static void write_options(text *out, const gen_node *node)
{
    gen_node plain = gen_node_of(node->kind);
    if (gen_kinds[node->kind].argument == GEN_ARGUMENT_TIMES) {
        if (node->delay_ms != plain.delay_ms)
            write_text(out, " :delay-ms %" PRId64, node->delay_ms);
        if (node->backoff != plain.backoff)
            write_text(out, " :backoff %" PRId64, node->backoff);
        if (node->is_in_place)
            write_text(out, " :in-place #t");
    }
    if (node->kind == GEN_KIND_PARALLEL) {
        if (node->success != plain.success)
            write_text(out, " :success %" PRId64, node->success);
        if (node->failure != plain.failure)
            write_text(out, " :failure %" PRId64, node->failure);
        if (node->is_early)
            write_text(out, " :early #t");
    }
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        if (node->conditions[i] != 0)
            write_text(out, " %s (e%" PRIu32 ")", condition_names[i], node->conditions[i]);
    for (int i = 0; i < GEN_HOOK_COUNT; i++)
        if (node->has_hook[i])
            write_text(out, " %s (hook)", hook_names[i]);
}

static void write_argument(text *out, const gen_node *node)
{
    switch (gen_kinds[node->kind].argument) {
    case GEN_ARGUMENT_NOTHING:
        return;
    case GEN_ARGUMENT_TIMES:
    case GEN_ARGUMENT_MS:
        write_text(out, " %" PRId64, node->number);
        return;
    case GEN_ARGUMENT_RESULT:
        write_text(out, " %s", node->error_is_success ? ":success" : ":failure");
        return;
    case GEN_ARGUMENT_LEAF:
        write_text(out, " %c%" PRIu32, node->kind == GEN_KIND_ACT ? 'a' : 'c', node->leaf);
        return;
    }
}

/* Writes the subtree at INDEX and gives the index after it. */
static uint32_t write_node(text *out, const gen_tree *tree, uint32_t index, int indent)
{
    const gen_node *node = &tree->nodes[index];
    write_text(out, "(%s", gen_kinds[node->kind].name);
    write_argument(out, node);
    write_options(out, node);
    index++;
    for (uint32_t i = 0; i < node->child_count; i++) {
        write_text(out, "\n");
        for (int j = 0; j < indent; j++)
            write_text(out, " ");
        index = write_node(out, tree, index, indent + 2);
    }
    write_text(out, ")");
    return index;
}

char *gen_tree_text(const gen_tree *tree)
{
    text out = {0};
    for (uint32_t i = 0; i < tree->count; i++) {
        const gen_node *node = &tree->nodes[i];
        if (node->kind == GEN_KIND_ACT &&
            (node->outputs != 0 || node->halt_within_ms != GEN_HALT_WITHIN_MS))
            write_leaf_definition(&out, node);
    }
    write_node(&out, tree, 0, 2);
    return out.bytes;
}

/* Reading a tree. Each function is false at the first thing that it does not know. */

typedef struct {
    const char *at;
    gen_tree definitions; /* acts in place of define-leaf forms */
    gen_tree *tree;
} reader;

static void skip_space(reader *in)
{
    while (isspace((unsigned char)*in->at))
        in->at++;
}

static bool is_delimiter(char c)
{
    return c == '\0' || c == '(' || c == ')' || isspace((unsigned char)c);
}

/* Takes WORD when it stands next, as a whole token unless it is a parenthesis. */
static bool take(reader *in, const char *word)
{
    skip_space(in);
    size_t size = strlen(word);
    if (strncmp(in->at, word, size) != 0)
        return false;
    if (*word != '(' && *word != ')' && !is_delimiter(in->at[size]))
        return false;
    in->at += size;
    return true;
}

static bool take_number(reader *in, int64_t *value)
{
    skip_space(in);
    char *end;
    *value = strtoll(in->at, &end, 10);
    if (end == in->at || !is_delimiter(*end))
        return false;
    in->at = end;
    return true;
}

/* Takes a name of LETTER and a number, such as a12. */
static bool take_name(reader *in, char letter, uint32_t *number)
{
    skip_space(in);
    int64_t value;
    if (*in->at != letter || !isdigit((unsigned char)in->at[1]))
        return false;
    in->at++;
    if (!take_number(in, &value) || value < 0 || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool read_outputs(reader *in, uint32_t *outputs)
{
    if (!take(in, "("))
        return false;
    while (!take(in, ")")) {
        uint32_t output;
        if (!take_name(in, 'o', &output) || output >= 32)
            return false;
        *outputs |= UINT32_C(1) << output;
    }
    return true;
}

/* After "(define-leaf". */
static bool read_definition(reader *in)
{
    gen_node leaf = gen_node_of(GEN_KIND_ACT);
    if (!take(in, "(") || !take_name(in, 'a', &leaf.leaf) || !take(in, ")"))
        return false;
    while (!take(in, ")")) {
        if (take(in, ":uses")) {
            if (!read_outputs(in, &leaf.outputs))
                return false;
        } else if (take(in, ":halt-within-ms")) {
            if (!take_number(in, &leaf.halt_within_ms))
                return false;
        } else if (!take(in, ":tick") || !take(in, "(") || !take(in, "answer") || !take(in, ")"))
            return false;
    }
    gen_tree_add(&in->definitions, leaf);
    return true;
}

static bool read_argument(reader *in, gen_node *node)
{
    switch (gen_kinds[node->kind].argument) {
    case GEN_ARGUMENT_NOTHING:
        return true;
    case GEN_ARGUMENT_TIMES:
    case GEN_ARGUMENT_MS:
        return take_number(in, &node->number);
    case GEN_ARGUMENT_RESULT:
        node->error_is_success = take(in, ":success");
        return node->error_is_success || take(in, ":failure");
    case GEN_ARGUMENT_LEAF:
        break;
    }
    if (!take_name(in, node->kind == GEN_KIND_ACT ? 'a' : 'c', &node->leaf))
        return false;
    for (uint32_t i = 0; i < in->definitions.count; i++)
        if (node->kind == GEN_KIND_ACT && in->definitions.nodes[i].leaf == node->leaf)
            *node = in->definitions.nodes[i];
    return true;
}

/* Takes one option of any node, or leaves TAKEN false. */
static bool read_common_option(reader *in, gen_node *node, bool *taken)
{
    *taken = true;
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        if (take(in, condition_names[i]))
            return take(in, "(") && take_name(in, 'e', &node->conditions[i]) && take(in, ")");
    for (int i = 0; i < GEN_HOOK_COUNT; i++)
        if (take(in, hook_names[i])) {
            node->has_hook[i] = true;
            return take(in, "(") && take(in, "hook") && take(in, ")");
        }
    *taken = false;
    return true;
}

static bool read_option(reader *in, gen_node *node, bool *taken)
{
    bool is_loop = gen_kinds[node->kind].argument == GEN_ARGUMENT_TIMES;
    bool is_parallel = node->kind == GEN_KIND_PARALLEL;
    *taken = true;
    if (is_loop && take(in, ":delay-ms"))
        return take_number(in, &node->delay_ms);
    if (is_loop && take(in, ":backoff"))
        return take_number(in, &node->backoff);
    if (is_loop && take(in, ":in-place"))
        return node->is_in_place = take(in, "#t");
    if (is_parallel && take(in, ":success"))
        return take_number(in, &node->success);
    if (is_parallel && take(in, ":failure"))
        return take_number(in, &node->failure);
    if (is_parallel && take(in, ":early"))
        return node->is_early = take(in, "#t");
    return read_common_option(in, node, taken);
}

static bool read_kind(reader *in, gen_kind *kind)
{
    for (int i = 0; i < GEN_KIND_COUNT; i++)
        if (take(in, gen_kinds[i].name)) {
            *kind = (gen_kind)i;
            return true;
        }
    return false;
}

/* After the "(" of a node; it is added in preorder, its children after it. */
static bool read_node(reader *in, uint32_t depth)
{
    gen_kind kind;
    if (depth > DEEPEST_TEXT || !read_kind(in, &kind))
        return false;
    gen_node node = gen_node_of(kind);
    if (!read_argument(in, &node))
        return false;
    for (bool taken = true; taken;)
        if (!read_option(in, &node, &taken))
            return false;
    uint32_t index = in->tree->count;
    gen_tree_add(in->tree, node);
    while (!take(in, ")")) {
        if (!take(in, "(") || !read_node(in, depth + 1))
            return false;
        in->tree->nodes[index].child_count++;
    }
    return true;
}

static bool read_tree(reader *in)
{
    while (take(in, "("))
        if (!take(in, "define-leaf"))
            return read_node(in, 0);
        else if (!read_definition(in))
            return false;
    return false;
}

bool gen_tree_parse(const char *source, gen_tree *tree)
{
    *tree = (gen_tree){0};
    reader in = {.at = source, .tree = tree};
    bool is_read = read_tree(&in);
    skip_space(&in);
    is_read = is_read && *in.at == '\0';
    free(in.definitions.nodes);
    if (!is_read)
        gen_tree_free(tree);
    return is_read;
}

/* Logs and cases */

static void write_step_begin(text *out, const gen_event *event, int64_t *clock_ms)
{
    if (out->size != 0)
        write_text(out, " | ");
    if (event->at_ms != *clock_ms)
        write_text(out, "@%" PRId64 " ", event->at_ms);
    *clock_ms = event->at_ms;
    if (event->number == GEN_HALT)
        write_text(out, "halt ");
    if (event->number == GEN_RESTART)
        write_text(out, "restart ");
}

static void write_step_end(text *out, const gen_event *event)
{
    if (event->number == GEN_TICK)
        write_text(out, ":%c", gen_status_letters[event->status]);
    else
        write_text(out, event->status == GEN_RUNNING ? ":stopping" : ":halted");
}

static char truth_letter(gen_status status)
{
    return status == GEN_SUCCESS ? 'T' : status == GEN_FAILURE ? 'F' : 'E';
}

static void write_event(text *out, const gen_event *event, const gen_node *node)
{
    char letter = gen_status_letters[event->status];
    switch (event->kind) {
    case GEN_EVENT_STEP_BEGIN:
    case GEN_EVENT_STEP_END:
        return;
    case GEN_EVENT_EXPRESSION:
        write_text(out, "e%" PRIu32 "%c ", node->conditions[event->number],
                   truth_letter(event->status));
        return;
    case GEN_EVENT_CONDITION:
        write_text(out, "?%" PRIu32 "%c ", node->leaf, letter);
        return;
    case GEN_EVENT_LEAF_START:
        write_text(out, "+%" PRIu32 " ", node->leaf);
        return;
    case GEN_EVENT_LEAF_TICK:
        write_text(out, "%" PRIu32 "%c ", node->leaf, letter);
        return;
    case GEN_EVENT_LEAF_HALT:
        write_text(out, "-%" PRIu32 " ", node->leaf);
        return;
    case GEN_EVENT_HALT_RESUME:
        write_text(out, "~%" PRIu32 " ", node->leaf);
        return;
    case GEN_EVENT_HALT_DONE:
        write_text(out, ".%" PRIu32 " ", node->leaf);
        return;
    case GEN_EVENT_HALT_CUT:
        write_text(out, "x%" PRIu32 " ", node->leaf);
        return;
    case GEN_EVENT_HOOK:
        write_text(out, "!%c%" PRIu32 " ", hook_letters[event->number], event->node);
        return;
    case GEN_EVENT_NODE_END:
        write_text(out, "=%" PRIu32 "%c ", event->node, letter);
        return;
    }
}

char *gen_log_text(const gen_log *log, const gen_tree *tree, bool with_ends)
{
    text out = {0};
    int64_t clock_ms = 0;
    for (uint32_t i = 0; i < log->count; i++) {
        const gen_event *event = &log->events[i];
        if (event->kind == GEN_EVENT_STEP_BEGIN)
            write_step_begin(&out, event, &clock_ms);
        else if (event->kind == GEN_EVENT_STEP_END)
            write_step_end(&out, event);
        else if (event->kind != GEN_EVENT_NODE_END || with_ends)
            write_event(&out, event, &tree->nodes[event->node]);
    }
    write_text(&out, "%s", "");
    return out.bytes;
}

char *gen_case_text(const gen_case *given)
{
    static const char *const names[] = {"", "halt ", "restart "};
    text out = {0};
    char *tree = gen_tree_text(&given->tree);
    out.size = strlen(tree);
    out.bytes = tree;
    write_text(&out, "\n; seed %" PRIu64 ", steps:", given->seed);
    for (uint32_t i = 0; i < given->step_count; i++)
        write_text(&out, " %s@%" PRId64, names[given->steps[i].operation], given->steps[i].now_ms);
    write_text(&out, "\n");
    return out.bytes;
}
