/* gen.c -- trees are edited by copying: a candidate of the shrinker is a whole new case, so that no
 * edit has to be undone. Random answers are hashes of their question, not a sequence: two systems
 * that ask in another order still hear the same. Memory is the C library's and never refused. */
#include "tests/bt/gen.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_HALT_WITHIN_MS = 1000, OUTPUT_COUNT = 3, DEEPEST_TEXT = 200, SEEDS_TRIED = 512 };

typedef enum {
    ARGUMENT_NOTHING,
    ARGUMENT_TIMES,
    ARGUMENT_MS,
    ARGUMENT_RESULT,
    ARGUMENT_LEAF,
} argument_kind;

typedef struct {
    const char *name;
    uint32_t fewest;
    uint32_t most;
    argument_kind argument;
} kind_row;

static const kind_row kind_rows[GEN_KIND_COUNT] = {
#define X(name, text, fewest, most, argument) {text, fewest, most, ARGUMENT_##argument},
    GEN_KINDS(X)
#undef X
};

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

static const char status_letters[] = {
#define X(name, letter) letter,
    GEN_STATUSES(X)
#undef X
};

const char *gen_kind_name(gen_kind kind)
{
    return kind_rows[kind].name;
}

uint32_t gen_fewest_children(gen_kind kind)
{
    return kind_rows[kind].fewest;
}

uint32_t gen_most_children(gen_kind kind)
{
    return kind_rows[kind].most;
}

char gen_status_letter(gen_status status)
{
    return status_letters[status];
}

/* Memory */

static void *grow(void *block, size_t count, size_t size)
{
    void *grown = realloc(block, count * size + 1);
    assert(grown != NULL);
    return grown;
}

static void *copy(const void *block, size_t count, size_t size)
{
    void *made = grow(NULL, count, size);
    if (count != 0)
        memcpy(made, block, count * size);
    return made;
}

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
    out->bytes = grow(out->bytes, out->size + (size_t)size, 1);
    memcpy(out->bytes + out->size, piece, (size_t)size + 1);
    out->size += (size_t)size;
}

/* Trees */

gen_node gen_node_of(gen_kind kind)
{
    gen_node node = {.kind = kind};
    if (kind == GEN_KIND_ACT)
        node.halt_within_ms = DEFAULT_HALT_WITHIN_MS;
    if (kind == GEN_KIND_REPEAT || kind == GEN_KIND_RETRY) {
        node.number = 1;
        node.backoff = 1;
    }
    if (kind == GEN_KIND_PARALLEL) {
        node.success = -1;
        node.failure = 1;
    }
    return node;
}

uint32_t gen_subtree_size(const gen_tree *tree, uint32_t index)
{
    assert(index < tree->count);
    uint32_t size = 1;
    for (uint32_t i = 0; i < tree->nodes[index].child_count; i++)
        size += gen_subtree_size(tree, index + size);
    return size;
}

/* Index of the parent of INDEX, which is not the root: the last node before it whose subtree
 * reaches it. */
static uint32_t parent_of(const gen_tree *tree, uint32_t index)
{
    assert(index > 0);
    uint32_t parent = index;
    do
        parent--;
    while (parent + gen_subtree_size(tree, parent) <= index);
    return parent;
}

static uint32_t outputs_of(const gen_tree *tree, uint32_t index)
{
    uint32_t outputs = 0;
    uint32_t end = index + gen_subtree_size(tree, index);
    for (uint32_t i = index; i < end; i++)
        outputs |= tree->nodes[i].outputs;
    return outputs;
}

static const char *node_problem(const gen_node *node)
{
    if (node->child_count < kind_rows[node->kind].fewest)
        return "too few children";
    if (node->child_count > kind_rows[node->kind].most)
        return "too many children";
    if (kind_rows[node->kind].argument == ARGUMENT_TIMES) {
        if (node->number < -1)
            return "times is less than -1";
        if (node->backoff < 1)
            return "backoff is less than 1";
        if (node->delay_ms < 0)
            return "delay-ms is negative";
    }
    if (kind_rows[node->kind].argument == ARGUMENT_MS && node->number < 0)
        return "the time is negative";
    if (kind_rows[node->kind].argument == ARGUMENT_LEAF && node->leaf == 0)
        return "a leaf has no name";
    if (node->kind == GEN_KIND_ACT && node->halt_within_ms < 0)
        return "halt-within-ms is negative";
    if (node->kind == GEN_KIND_PARALLEL && node->child_count != 0 &&
        (node->success > node->child_count || node->failure > node->child_count))
        return "a threshold is larger than the number of children";
    return NULL;
}

static bool claims_twice(const gen_tree *tree, uint32_t parallel)
{
    uint32_t claimed = 0;
    uint32_t child = parallel + 1;
    for (uint32_t i = 0; i < tree->nodes[parallel].child_count; i++) {
        uint32_t outputs = outputs_of(tree, child);
        if ((claimed & outputs) != 0)
            return true;
        claimed |= outputs;
        child += gen_subtree_size(tree, child);
    }
    return false;
}

static bool same_name(const gen_node *left, const gen_node *right)
{
    if (left->leaf != 0 && left->leaf == right->leaf)
        return true;
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        for (int j = 0; j < GEN_CONDITION_COUNT; j++)
            if (left->conditions[i] != 0 && left->conditions[i] == right->conditions[j] &&
                (left != right || i != j))
                return true;
    return false;
}

const char *gen_tree_problem(const gen_tree *tree)
{
    if (tree->count == 0)
        return "the tree is empty";
    for (uint32_t i = 0; i < tree->count; i++) {
        const char *problem = node_problem(&tree->nodes[i]);
        if (problem != NULL)
            return problem;
        if (tree->nodes[i].kind == GEN_KIND_PARALLEL && claims_twice(tree, i))
            return "two claims under one parallel";
        for (uint32_t j = 0; j < i; j++)
            if (same_name(&tree->nodes[i], &tree->nodes[j]))
                return "a leaf or an expression stands twice";
    }
    return NULL;
}

void gen_tree_free(gen_tree *tree)
{
    free(tree->nodes);
    *tree = (gen_tree){0};
}

static gen_tree tree_copy(const gen_tree *tree)
{
    return (gen_tree){copy(tree->nodes, tree->count, sizeof(gen_node)), tree->count};
}

static void tree_add(gen_tree *tree, gen_node node)
{
    tree->nodes = grow(tree->nodes, tree->count + 1, sizeof(gen_node));
    tree->nodes[tree->count++] = node;
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
    if (node->halt_within_ms != DEFAULT_HALT_WITHIN_MS)
        write_text(out, " :halt-within-ms %" PRId64, node->halt_within_ms);
    write_text(out, " :tick (answer))\n");
}

static void write_options(text *out, const gen_node *node)
{
    gen_node plain = gen_node_of(node->kind);
    if (kind_rows[node->kind].argument == ARGUMENT_TIMES) {
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
    switch (kind_rows[node->kind].argument) {
    case ARGUMENT_NOTHING:
        return;
    case ARGUMENT_TIMES:
    case ARGUMENT_MS:
        write_text(out, " %" PRId64, node->number);
        return;
    case ARGUMENT_RESULT:
        write_text(out, " %s", node->error_is_success ? ":success" : ":failure");
        return;
    case ARGUMENT_LEAF:
        write_text(out, " %c%" PRIu32, node->kind == GEN_KIND_ACT ? 'a' : 'c', node->leaf);
        return;
    }
}

/* Writes the subtree at INDEX and gives the index after it. */
static uint32_t write_node(text *out, const gen_tree *tree, uint32_t index, int indent)
{
    const gen_node *node = &tree->nodes[index];
    write_text(out, "(%s", kind_rows[node->kind].name);
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
            (node->outputs != 0 || node->halt_within_ms != DEFAULT_HALT_WITHIN_MS))
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
    tree_add(&in->definitions, leaf);
    return true;
}

static bool read_argument(reader *in, gen_node *node)
{
    switch (kind_rows[node->kind].argument) {
    case ARGUMENT_NOTHING:
        return true;
    case ARGUMENT_TIMES:
    case ARGUMENT_MS:
        return take_number(in, &node->number);
    case ARGUMENT_RESULT:
        node->error_is_success = take(in, ":success");
        return node->error_is_success || take(in, ":failure");
    case ARGUMENT_LEAF:
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
    bool is_loop = kind_rows[node->kind].argument == ARGUMENT_TIMES;
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
        if (take(in, kind_rows[i].name)) {
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
    tree_add(in->tree, node);
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

/* Logs */

void gen_log_add(gen_log *log, gen_event event)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : 2 * log->capacity;
        log->events = grow(log->events, log->capacity, sizeof(gen_event));
    }
    log->events[log->count++] = event;
}

void gen_log_clear(gen_log *log)
{
    log->count = 0;
}

void gen_log_free(gen_log *log)
{
    free(log->events);
    *log = (gen_log){0};
}

static bool same_event(const gen_event *left, const gen_event *right)
{
    return left->kind == right->kind && left->node == right->node &&
           left->number == right->number && left->status == right->status &&
           left->at_ms == right->at_ms;
}

uint32_t gen_log_difference(const gen_log *left, const gen_log *right)
{
    uint32_t i = 0;
    while (i < left->count && i < right->count && same_event(&left->events[i], &right->events[i]))
        i++;
    return i == left->count && i == right->count ? GEN_MANY : i;
}

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
        write_text(out, ":%c", status_letters[event->status]);
    else
        write_text(out, event->status == GEN_RUNNING ? ":stopping" : ":halted");
}

static char truth_letter(gen_status status)
{
    return status == GEN_SUCCESS ? 'T' : status == GEN_FAILURE ? 'F' : 'E';
}

static void write_event(text *out, const gen_event *event, const gen_node *node)
{
    char letter = status_letters[event->status];
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

/* Random numbers and the random oracle */

uint64_t gen_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(gen_random(state) % limit);
}

static bool one_in(uint64_t *state, uint32_t chances)
{
    return below(state, chances) == 0;
}

typedef enum {
    QUESTION_PROFILE,
    QUESTION_LEAF,
    QUESTION_CONDITION,
    QUESTION_EXPRESSION,
    QUESTION_HALT,
} question;

/* A hash of SEED and a question, 0 to 99. */
static uint32_t percent_of(uint64_t seed, question kind, uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t state = seed ^ (uint64_t)kind << 56;
    state = gen_random(&state) ^ a;
    state = gen_random(&state) ^ b;
    state = gen_random(&state) ^ c;
    return (uint32_t)(gen_random(&state) % 100);
}

static bool knows_errors(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 1, 0, 0) < 50;
}

static bool knows_skips(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 2, 0, 0) < 60;
}

static bool knows_slow_halts(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 3, 0, 0) < 40;
}

static gen_status answer_leaf(void *context, uint32_t leaf, uint32_t activation, uint32_t tick)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_LEAF, leaf, activation, tick);
    if (percent < 4 && knows_errors(seed))
        return GEN_ERROR;
    if (percent < 16 && knows_skips(seed))
        return GEN_SKIPPED;
    return percent < 55 ? GEN_RUNNING : percent < 78 ? GEN_SUCCESS : GEN_FAILURE;
}

static gen_status answer_condition(void *context, uint32_t leaf, uint32_t evaluation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_CONDITION, leaf, evaluation, 0);
    if (percent < 2 && knows_errors(seed))
        return GEN_ERROR;
    return percent < 55 ? GEN_SUCCESS : GEN_FAILURE;
}

static gen_status answer_expression(void *context, uint32_t expression, uint32_t evaluation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_EXPRESSION, expression, evaluation, 0);
    if (percent < 2 && knows_errors(seed))
        return GEN_ERROR;
    /* An expression leans to one side, else few of the nodes that have several would ever start. */
    bool leans_to_true = percent_of(seed, QUESTION_EXPRESSION, expression, 0, 0) < 60;
    return (percent < 75) == leans_to_true ? GEN_SUCCESS : GEN_FAILURE;
}

static uint32_t answer_halt_ticks(void *context, uint32_t leaf, uint32_t activation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_HALT, leaf, activation, 0);
    return knows_slow_halts(seed) && percent < 60 ? 1 + percent % 5 : 0;
}

gen_oracle gen_oracle_of_seed(const uint64_t *seed)
{
    gen_oracle oracle = {
        .leaf = answer_leaf,
        .condition = answer_condition,
        .expression = answer_expression,
        .halt_ticks = answer_halt_ticks,
        .context = (void *)(uintptr_t)seed, /* the four functions only read it */
    };
    return oracle;
}

/* Random cases */

typedef struct {
    uint64_t state;
    gen_limits limits;
    gen_tree tree;
    uint32_t next_leaf;
    uint32_t next_expression;
    bool has_options; /* conditions and hooks */
    bool has_claims;
} grower;

static void grow_leaf_options(grower *g, gen_node *node)
{
    node->leaf = g->next_leaf++;
    if (node->kind == GEN_KIND_COND)
        return;
    if (g->has_claims && one_in(&g->state, 2))
        node->outputs = 1 + below(&g->state, (1 << OUTPUT_COUNT) - 1);
    if (one_in(&g->state, 3))
        node->halt_within_ms = below(&g->state, 40);
}

static int64_t random_threshold(grower *g, uint32_t child_count)
{
    if (one_in(&g->state, 12))
        return 0;
    int64_t threshold = 1 + (int64_t)below(&g->state, child_count == 0 ? 1 : child_count);
    return one_in(&g->state, 3) ? -threshold : threshold;
}

static void grow_loop_options(grower *g, gen_node *node)
{
    static const int64_t times[] = {-1, 0, 1, 2, 2, 3, 3, 5};
    node->number = times[below(&g->state, 8)];
    node->is_in_place = one_in(&g->state, 4);
    if (one_in(&g->state, 3)) {
        node->delay_ms = 1 + below(&g->state, 30);
        node->backoff = 1 + below(&g->state, 3);
    }
}

static void grow_options(grower *g, gen_node *node)
{
    switch (kind_rows[node->kind].argument) {
    case ARGUMENT_NOTHING:
        break;
    case ARGUMENT_TIMES:
        grow_loop_options(g, node);
        break;
    case ARGUMENT_MS:
        node->number = one_in(&g->state, 10) ? 0 : below(&g->state, 60);
        break;
    case ARGUMENT_RESULT:
        node->error_is_success = one_in(&g->state, 3);
        break;
    case ARGUMENT_LEAF:
        grow_leaf_options(g, node);
        break;
    }
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        if (g->has_options && one_in(&g->state, 10))
            node->conditions[i] = g->next_expression++;
    for (int i = 0; i < GEN_HOOK_COUNT; i++)
        node->has_hook[i] = g->has_options && one_in(&g->state, 6);
}

static gen_kind random_kind(grower *g, bool is_leaf)
{
    if (is_leaf && one_in(&g->state, 3))
        return GEN_KIND_COND;
    if (is_leaf && !one_in(&g->state, 8))
        return GEN_KIND_ACT;
    gen_kind kind;
    do
        kind = (gen_kind)below(&g->state, GEN_KIND_COUNT);
    while ((kind_rows[kind].most == 0) != is_leaf);
    return kind;
}

static uint32_t random_child_count(grower *g, gen_kind kind)
{
    uint32_t fewest = kind_rows[kind].fewest;
    uint32_t most = kind_rows[kind].most < g->limits.width ? kind_rows[kind].most : g->limits.width;
    if (most <= fewest)
        return fewest;
    if (fewest == 0 && !one_in(&g->state, 20))
        fewest = 1;
    return fewest + below(&g->state, most - fewest + 1);
}

static void grow_node(grower *g, uint32_t depth)
{
    bool is_leaf = depth == 0 || g->tree.count >= g->limits.nodes || one_in(&g->state, 5);
    gen_node node = gen_node_of(random_kind(g, is_leaf && g->tree.count != 0));
    node.child_count = random_child_count(g, node.kind);
    if (node.kind == GEN_KIND_PARALLEL) {
        if (one_in(&g->state, 2))
            node.success = random_threshold(g, node.child_count);
        if (one_in(&g->state, 2))
            node.failure = random_threshold(g, node.child_count);
        node.is_early = one_in(&g->state, 3);
    }
    grow_options(g, &node);
    tree_add(&g->tree, node);
    for (uint32_t i = 0; i < node.child_count; i++)
        grow_node(g, depth == 0 ? 0 : depth - 1);
}

/* Takes from each child of the PARALLEL the outputs that an earlier child claims. */
static void drop_double_claims(gen_tree *tree, uint32_t parallel)
{
    uint32_t claimed = 0;
    uint32_t child = parallel + 1;
    for (uint32_t i = 0; i < tree->nodes[parallel].child_count; i++) {
        uint32_t end = child + gen_subtree_size(tree, child);
        for (uint32_t j = child; j < end; j++)
            tree->nodes[j].outputs &= ~claimed;
        claimed |= outputs_of(tree, child);
        child = end;
    }
}

static void grow_steps(grower *g, gen_case *grown)
{
    int64_t now_ms = 0;
    grown->step_count = 1 + below(&g->state, g->limits.steps);
    grown->steps = grow(NULL, grown->step_count, sizeof(gen_step));
    bool has_halts = one_in(&g->state, 3);
    for (uint32_t i = 0; i < grown->step_count; i++) {
        now_ms += one_in(&g->state, 20) ? 500 : below(&g->state, 21);
        gen_operation operation = GEN_TICK;
        if (has_halts && one_in(&g->state, 8))
            operation = one_in(&g->state, 3) ? GEN_RESTART : GEN_HALT;
        grown->steps[i] = (gen_step){operation, now_ms};
    }
}

gen_case gen_case_random(uint64_t seed, gen_limits limits)
{
    assert(limits.nodes > 0 && limits.steps > 0);
    grower g = {.state = seed, .limits = limits, .next_leaf = 1, .next_expression = 1};
    g.has_options = one_in(&g.state, 2);
    g.has_claims = one_in(&g.state, 2);
    grow_node(&g, limits.depth);
    for (uint32_t i = 0; i < g.tree.count; i++)
        if (g.tree.nodes[i].kind == GEN_KIND_PARALLEL)
            drop_double_claims(&g.tree, i);
    gen_case grown = {.seed = seed, .tree = g.tree};
    grow_steps(&g, &grown);
    assert(gen_tree_problem(&grown.tree) == NULL);
    return grown;
}

void gen_case_free(gen_case *own)
{
    gen_tree_free(&own->tree);
    free(own->steps);
    *own = (gen_case){0};
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

/* Shrinking. Each try makes one candidate; one that fails too takes the place of the best. Every
 * edit makes the case smaller in steps, nodes, options or passing time, so the rounds end. */

typedef struct {
    gen_case best;
    gen_predicate *fails;
    void *context;
} hunt;

static bool try_candidate(hunt *h, gen_case own)
{
    if (gen_tree_problem(&own.tree) != NULL || !h->fails(h->context, &own)) {
        gen_case_free(&own);
        return false;
    }
    gen_case_free(&h->best);
    h->best = own;
    return true;
}

static gen_case case_copy(const gen_case *given)
{
    gen_case made = *given;
    made.tree = tree_copy(&given->tree);
    made.steps = copy(given->steps, given->step_count, sizeof(gen_step));
    return made;
}

static bool try_steps(hunt *h)
{
    bool is_better = false;
    for (uint32_t size = h->best.step_count; size > 0; size /= 2)
        for (uint32_t i = h->best.step_count; i-- > 0;) {
            if (i + size > h->best.step_count)
                continue;
            gen_case smaller = case_copy(&h->best);
            uint32_t after = smaller.step_count - i - size;
            memmove(smaller.steps + i, smaller.steps + i + size, after * sizeof(gen_step));
            smaller.step_count -= size;
            is_better |= try_candidate(h, smaller);
        }
    return is_better;
}

/* Takes out the time that passes before each step, or all of it but one ms. */
static bool try_times(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.step_count; i++)
        for (int64_t left = 0; left <= 1; left++) {
            int64_t before = i == 0 ? 0 : h->best.steps[i - 1].now_ms;
            int64_t passes = h->best.steps[i].now_ms - before;
            if (passes <= left)
                continue;
            gen_case quicker = case_copy(&h->best);
            for (uint32_t j = i; j < quicker.step_count; j++)
                quicker.steps[j].now_ms -= passes - left;
            is_better |= try_candidate(h, quicker);
        }
    return is_better;
}

/* The best case with the nodes of the subtree at INDEX replaced by COUNT others (borrowed, and one
 * subtree, or none: then the parent has a child less). */
static gen_case with_subtree(const hunt *h, uint32_t index, const gen_node *nodes, uint32_t count)
{
    const gen_tree *old = &h->best.tree;
    gen_case made = case_copy(&h->best);
    uint32_t after = index + gen_subtree_size(old, index);
    made.tree.count = index;
    if (count == 0)
        made.tree.nodes[parent_of(old, index)].child_count--;
    for (uint32_t i = 0; i < count; i++)
        tree_add(&made.tree, nodes[i]);
    for (uint32_t i = after; i < old->count; i++)
        tree_add(&made.tree, old->nodes[i]);
    return made;
}

static bool try_removal(hunt *h, uint32_t index)
{
    return index > 0 && try_candidate(h, with_subtree(h, index, NULL, 0));
}

/* Puts each child of the node at INDEX in its place. */
static bool try_children(hunt *h, uint32_t index)
{
    uint32_t child = index + 1;
    for (uint32_t i = 0; i < h->best.tree.nodes[index].child_count; i++) {
        uint32_t size = gen_subtree_size(&h->best.tree, child);
        if (try_candidate(h, with_subtree(h, index, h->best.tree.nodes + child, size)))
            return true;
        child += size;
    }
    return false;
}

static bool try_constants(hunt *h, uint32_t index)
{
    static const gen_kind constants[] = {GEN_KIND_SUCCEED, GEN_KIND_FAIL, GEN_KIND_RUNNING};
    for (int i = 0; i < 3; i++) {
        gen_node constant = gen_node_of(constants[i]);
        gen_kind kind = h->best.tree.nodes[index].kind;
        bool is_constant = kind == constants[0] || kind == constants[1] || kind == constants[2];
        if (!is_constant && try_candidate(h, with_subtree(h, index, &constant, 1)))
            return true;
    }
    return false;
}

static bool try_nodes(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.tree.count; i++)
        while (i < h->best.tree.count &&
               (try_removal(h, i) || try_children(h, i) || try_constants(h, i)))
            is_better = true;
    return is_better;
}

/* Tries the best case with NODE in place of the one at INDEX, if that is a change. */
static bool try_node(hunt *h, uint32_t index, gen_node node)
{
    if (memcmp(&node, &h->best.tree.nodes[index], sizeof node) == 0)
        return false;
    gen_case made = case_copy(&h->best);
    made.tree.nodes[index] = node;
    return try_candidate(h, made);
}

/* Tries NODE with the number at FIELD (of the copy NODE) put to VALUE; keeps it when it fails. */
static bool try_number(hunt *h, uint32_t index, size_t field, int64_t value)
{
    gen_node node;
    memcpy(&node, &h->best.tree.nodes[index], sizeof node);
    memcpy((char *)&node + field, &value, sizeof value);
    return try_node(h, index, node);
}

static bool try_numbers(hunt *h, uint32_t index)
{
    const gen_node *node = &h->best.tree.nodes[index];
    gen_node plain = gen_node_of(node->kind);
    bool is_better = try_number(h, index, offsetof(gen_node, success), plain.success);
    is_better |= try_number(h, index, offsetof(gen_node, failure), plain.failure);
    is_better |= try_number(h, index, offsetof(gen_node, delay_ms), plain.delay_ms);
    is_better |= try_number(h, index, offsetof(gen_node, backoff), plain.backoff);
    is_better |= try_number(h, index, offsetof(gen_node, halt_within_ms), plain.halt_within_ms);
    if (h->best.tree.nodes[index].number > 1)
        is_better |= try_number(h, index, offsetof(gen_node, number), 1);
    if (h->best.tree.nodes[index].number > 2)
        is_better |=
            try_number(h, index, offsetof(gen_node, number), h->best.tree.nodes[index].number / 2);
    return is_better;
}

static bool try_flags(hunt *h, uint32_t index)
{
    bool is_better = false;
    gen_node node;
#define TRY_WITHOUT(field)                                                                         \
    memcpy(&node, &h->best.tree.nodes[index], sizeof node);                                        \
    node.field = 0;                                                                                \
    is_better |= try_node(h, index, node)
    TRY_WITHOUT(is_early);
    TRY_WITHOUT(is_in_place);
    TRY_WITHOUT(error_is_success);
    for (int i = 0; i < GEN_CONDITION_COUNT; i++) {
        TRY_WITHOUT(conditions[i]);
    }
    for (int i = 0; i < GEN_HOOK_COUNT; i++) {
        TRY_WITHOUT(has_hook[i]);
    }
#undef TRY_WITHOUT
    for (uint32_t i = 0; i < OUTPUT_COUNT; i++) {
        memcpy(&node, &h->best.tree.nodes[index], sizeof node);
        node.outputs &= ~(UINT32_C(1) << i);
        is_better |= try_node(h, index, node);
    }
    return is_better;
}

static bool try_options(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.tree.count; i++) {
        is_better |= try_numbers(h, i);
        is_better |= try_flags(h, i);
    }
    return is_better;
}

/* Another seed may show the same in a step less. */
static bool try_seeds(hunt *h)
{
    if (h->best.step_count < 2)
        return false;
    for (uint64_t seed = 0; seed < SEEDS_TRIED; seed++) {
        gen_case shorter = case_copy(&h->best);
        shorter.seed = seed;
        shorter.step_count--; /* the first goes: often only the last lets time pass */
        memmove(shorter.steps, shorter.steps + 1, shorter.step_count * sizeof(gen_step));
        if (try_candidate(h, shorter))
            return true;
    }
    return false;
}

gen_case gen_shrink(const gen_case *given, gen_predicate *fails, void *context)
{
    hunt h = {case_copy(given), fails, context};
    assert(fails(context, given));
    bool is_better = true;
    while (is_better) {
        is_better = try_nodes(&h);
        is_better |= try_steps(&h);
        is_better |= try_options(&h);
        is_better |= try_times(&h);
        is_better |= try_seeds(&h);
    }
    return h.best;
}
