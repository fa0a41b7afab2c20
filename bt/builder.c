/* builder.c -- nodes arrive in preorder and are appended to growing arrays; the open nodes are a
 * chain of parents, so depth costs nothing. Texts lie in one pool and are offsets until the end,
 * when everything moves into one block. Cost: linear in the tree, but for keys and leaves, which
 * are searched by name. */
#include "bt/builder.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bt/definition.h"
#include "bt/rows.h"
#include "bt/words.h"
#include "sched/format.h"
#include "sched/memory.h"
#include "sched/owner.h"

enum { ERROR_SIZE = 320, MOST_NODES = 1 << 26, MOST_OPTIONS = 64 };

typedef uint32_t text_offset; /* into the pool; 0 is the empty text */

typedef struct growing_node {
    const copse_bt_node_kind *kind;
    uint32_t parent;
    uint32_t end; /* 0 while it is open */
    uint32_t child_count;
    uint32_t first_option;
    uint64_t given; /* bit of each option that was given */
    text_offset name;
    text_offset place;
    uint32_t call;   /* CP_NO_INDEX until the leaf is named */
    uint32_t extra;  /* CP_NO_INDEX without expressions */
    uint32_t claims; /* of the whole subtree so far */
} growing_node;

/* A key whose texts are offsets: parallel to keys. */
typedef struct key_texts {
    text_offset name, record, unit, frame, initial;
} key_texts;

/* Capacities stand beside what they are of. */
struct copse_bt_builder {
    const copse_allocator *allocator;
    const copse_bt_registry *registry; /* borrowed for the life of the builder */
    text_offset name;
    uint32_t open;          /* COPSE_BT_NO_NODE: none */
    bool is_refused;        /* memory was refused */
    char error[ERROR_SIZE]; /* "" until the first mistake */

    char *pool;
    size_t pool_size, pool_capacity;
    growing_node *nodes;
    size_t node_count, node_capacity;
    copse_bt_option_value *options;
    size_t option_count, option_capacity;
    cp_call *calls;
    size_t call_count, call_capacity;
    cp_bt_binding *bindings; /* a text constant is an offset in as.integer */
    size_t binding_count, binding_capacity;
    bool *is_bound; /* beside bindings: the tree said so */
    size_t bound_capacity;
    cp_extra *extras;
    size_t extra_count, extra_capacity;
    copse_bt_key *keys;
    size_t key_count, key_capacity;
    key_texts *key_texts;
    size_t key_texts_capacity;
    text_offset outputs[CP_MOST_OUTPUTS];
    uint32_t output_count;
};

/* ---- Mistakes ------------------------------------------------------------------------------ */

static bool is_stuck(const copse_bt_builder *builder)
{
    return builder->is_refused || builder->error[0] != '\0';
}

static const char *pool_text(const copse_bt_builder *builder, text_offset offset)
{
    return builder->pool + offset;
}

/* "PLACE: KIND: " of the open node, or the name of the tree. */
static void print_place(const copse_bt_builder *builder, cp_printer *printer)
{
    const char *tree = pool_text(builder, builder->name);
    if (builder->open == COPSE_BT_NO_NODE) {
        cp_print(printer, "%s: ", tree);
        return;
    }
    const growing_node *node = &builder->nodes[builder->open];
    const char *place = pool_text(builder, node->place);
    cp_print(printer, "%s: %s: ", place[0] != '\0' ? place : tree, node->kind->name);
}

void cp_tree_fail(copse_bt_builder *builder, const char *format, ...)
{
    if (is_stuck(builder))
        return;
    cp_printer printer = cp_printer_make(builder->error, ERROR_SIZE);
    print_place(builder, &printer);
    char text[ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cp_print(&printer, "%s", text);
}

/* "; did you mean BEST?", or nothing when there is no guess. */
static const char *meant(char text[96], const char *best)
{
    text[0] = '\0';
    if (best != NULL)
        snprintf(text, 96, "; did you mean %s?", best);
    return text;
}

const char *copse_bt_builder_error(const copse_bt_builder *builder)
{
    return builder->error[0] != '\0' ? builder->error : NULL;
}

uint32_t cp_tree_open_node(const copse_bt_builder *builder)
{
    return builder->open;
}

/* ---- Growing arrays ------------------------------------------------------------------------ */

/* Room for MORE items behind COUNT; false, and the builder stuck, when memory is refused. */
static bool make_room(copse_bt_builder *builder, void *array, size_t *capacity, size_t count,
                      size_t more, size_t item_size)
{
    if (cp_grow_array(builder->allocator, array, capacity, count + more, item_size))
        return true;
    builder->is_refused = true;
    return false;
}

/* The offset of a copy of TEXT; 0, the empty text, for NULL and when memory is refused. */
static text_offset keep_text(copse_bt_builder *builder, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return 0;
    size_t length = strlen(text) + 1;
    if (builder->pool_size + length > UINT32_MAX) {
        builder->is_refused = true;
        return 0;
    }
    if (!make_room(builder, &builder->pool, &builder->pool_capacity, builder->pool_size, length, 1))
        return 0;
    text_offset offset = (text_offset)builder->pool_size;
    memcpy(builder->pool + offset, text, length);
    builder->pool_size += length;
    return offset;
}

copse_bt_builder *copse_bt_builder_new(copse_bt_registry *registry, const char *name)
{
    const copse_allocator *allocator = registry->allocator;
    copse_bt_builder *builder = cp_allocate_zeroed(allocator, sizeof *builder);
    if (builder == NULL)
        return NULL;
    builder->allocator = allocator;
    builder->registry = registry;
    builder->open = COPSE_BT_NO_NODE;
    if (!make_room(builder, &builder->pool, &builder->pool_capacity, 0, 1, 1)) {
        copse_bt_builder_free(builder);
        return NULL;
    }
    builder->pool[0] = '\0';
    builder->pool_size = 1;
    builder->name = keep_text(builder, name);
    return builder;
}

void copse_bt_builder_free(copse_bt_builder *own)
{
    if (own == NULL)
        return;
    const copse_allocator *allocator = own->allocator;
    for (size_t i = 0; i < own->binding_count; i++)
        if (own->bindings[i].constant.type == COPSE_BT_LIST)
            copse_parcel_free(own->bindings[i].constant.as.parcel);
    for (size_t i = 0; i < own->key_count; i++)
        if (own->keys[i].initial.type == COPSE_BT_LIST)
            copse_parcel_free(own->keys[i].initial.as.parcel);
    cp_release_array(allocator, own->pool, own->pool_capacity, 1);
    cp_release_array(allocator, own->nodes, own->node_capacity, sizeof *own->nodes);
    cp_release_array(allocator, own->options, own->option_capacity, sizeof *own->options);
    cp_release_array(allocator, own->calls, own->call_capacity, sizeof *own->calls);
    cp_release_array(allocator, own->bindings, own->binding_capacity, sizeof *own->bindings);
    cp_release_array(allocator, own->is_bound, own->bound_capacity, sizeof *own->is_bound);
    cp_release_array(allocator, own->extras, own->extra_capacity, sizeof *own->extras);
    cp_release_array(allocator, own->keys, own->key_capacity, sizeof *own->keys);
    cp_release_array(allocator, own->key_texts, own->key_texts_capacity, sizeof *own->key_texts);
    cp_release(allocator, own, sizeof *own);
}

/* ---- Types --------------------------------------------------------------------------------- */

/* Whether a value of type HAS may stand where WANTS is asked for. Any may hold anything, so it is
 * checked when it is read. */
static bool fits(copse_bt_type wants, copse_bt_type has)
{
    return wants == has || wants == COPSE_BT_ANY || has == COPSE_BT_ANY ||
           (wants == COPSE_BT_NUMBER && has == COPSE_BT_INTEGER) ||
           (wants == COPSE_BT_VECTOR && has == COPSE_BT_LIST) ||
           (wants == COPSE_BT_RECORD && has == COPSE_BT_LIST);
}

static bool is_text(copse_bt_type type)
{
    return type == COPSE_BT_STRING || type == COPSE_BT_SYMBOL;
}

/* CONSTANT with its text, if it is one, kept in the pool: as.integer is then the offset. */
static copse_bt_constant keep_constant(copse_bt_builder *builder, copse_bt_constant constant)
{
    if (is_text(constant.type))
        constant.as.integer = keep_text(builder, constant.as.text);
    return constant;
}

/* True when both are said and differ. */
static bool texts_differ(const char *a, const char *b)
{
    return a != NULL && b != NULL && a[0] != '\0' && b[0] != '\0' && strcmp(a, b) != 0;
}

/* ---- Keys ---------------------------------------------------------------------------------- */

static uint32_t find_key(const copse_bt_builder *builder, const char *name)
{
    for (size_t i = 0; i < builder->key_count; i++)
        if (strcmp(pool_text(builder, builder->key_texts[i].name), name) == 0)
            return (uint32_t)i;
    return CP_NO_KEY;
}

static bool check_key(copse_bt_builder *builder, const copse_bt_key *key)
{
    if (builder->node_count > 0)
        cp_tree_fail(builder, "key %s is declared behind a node", key->name);
    else if (find_key(builder, key->name) != CP_NO_KEY)
        cp_tree_fail(builder, "key %s is declared twice", key->name);
    else if (!fits(key->type, key->initial.type))
        cp_tree_fail(builder, "key %s: its default has type %s, expected %s", key->name,
                     cp_type_word(key->initial.type), cp_type_word(key->type));
    else if (key->max_age_ns < 0)
        cp_tree_fail(builder, "key %s: max-age-ms is below 0", key->name);
    else if (key->max_age_ns > 0 && !key->is_input)
        cp_tree_fail(builder, "key %s: max-age-ms is for an input", key->name);
    else if (key->on_stale != COPSE_BT_IDLE && key->on_stale != COPSE_BT_FAILURE &&
             key->on_stale != COPSE_BT_ERROR)
        cp_tree_fail(builder, "key %s: on-stale is %s, expected :failure or :error", key->name,
                     copse_bt_status_word(key->on_stale));
    return !is_stuck(builder);
}

void copse_bt_builder_key(copse_bt_builder *builder, const copse_bt_key *key)
{
    bool is_taken = false;
    if (!is_stuck(builder) && check_key(builder, key) &&
        make_room(builder, &builder->keys, &builder->key_capacity, builder->key_count, 1,
                  sizeof *builder->keys) &&
        make_room(builder, &builder->key_texts, &builder->key_texts_capacity, builder->key_count, 1,
                  sizeof *builder->key_texts)) {
        size_t i = builder->key_count++;
        builder->keys[i] = *key;
        builder->keys[i].initial = keep_constant(builder, key->initial);
        builder->key_texts[i] = (key_texts){.name = keep_text(builder, key->name),
                                            .record = keep_text(builder, key->record),
                                            .unit = keep_text(builder, key->unit),
                                            .frame = keep_text(builder, key->frame)};
        is_taken = true;
    }
    if (!is_taken && key->initial.type == COPSE_BT_LIST)
        copse_parcel_free(key->initial.as.parcel);
}

/* ---- Calls of leaves ----------------------------------------------------------------------- */

/* The bit of the output NAME, which is declared by its first use. */
static uint32_t claim_bit(copse_bt_builder *builder, const char *name)
{
    for (uint32_t i = 0; i < builder->output_count; i++)
        if (strcmp(pool_text(builder, builder->outputs[i]), name) == 0)
            return UINT32_C(1) << i;
    if (builder->output_count == CP_MOST_OUTPUTS) {
        cp_tree_fail(builder, "output %s is one more than the %d that a tree can use", name,
                     CP_MOST_OUTPUTS);
        return 0;
    }
    builder->outputs[builder->output_count] = keep_text(builder, name);
    return UINT32_C(1) << builder->output_count++;
}

static uint32_t claims_of(copse_bt_builder *builder, const copse_bt_leaf *leaf)
{
    uint32_t claims = 0;
    for (uint32_t i = 0; i < leaf->use_count; i++)
        claims |= claim_bit(builder, leaf->uses[i]);
    return claims;
}

/* The number of a new call of LEAF by the open node, its ports bound to their defaults. */
static uint32_t add_call(copse_bt_builder *builder, const copse_bt_leaf *leaf)
{
    if (!make_room(builder, &builder->calls, &builder->call_capacity, builder->call_count, 1,
                   sizeof *builder->calls) ||
        !make_room(builder, &builder->bindings, &builder->binding_capacity, builder->binding_count,
                   leaf->port_count, sizeof *builder->bindings) ||
        !make_room(builder, &builder->is_bound, &builder->bound_capacity, builder->binding_count,
                   leaf->port_count, sizeof *builder->is_bound))
        return CP_NO_INDEX;
    bool is_plain = leaf->tick != NULL && leaf->start == NULL && leaf->halt == NULL &&
                    leaf->pause == NULL && leaf->resume == NULL && leaf->use_count == 0 &&
                    leaf->memory_size == 0;
    cp_call call = {.tick = leaf->tick,
                    .user = leaf->user,
                    .leaf = leaf,
                    .node = builder->open,
                    .act = CP_NO_INDEX,
                    .first_binding = (uint32_t)builder->binding_count,
                    .claims = claims_of(builder, leaf),
                    .is_plain = is_plain};
    for (uint32_t i = 0; i < leaf->port_count; i++) {
        cp_bt_binding *binding = &builder->bindings[builder->binding_count];
        *binding = (cp_bt_binding){CP_NO_KEY, leaf->ports[i].fallback};
        binding->constant = keep_constant(builder, leaf->ports[i].fallback);
        builder->is_bound[builder->binding_count++] =
            leaf->ports[i].fallback.type != COPSE_BT_ANY || leaf->ports[i].is_output;
    }
    builder->calls[builder->call_count] = call;
    return (uint32_t)builder->call_count++;
}

static const copse_bt_leaf *find_leaf(copse_bt_builder *builder, const char *name)
{
    const copse_bt_leaf *leaf = cp_rows_leaf(builder->registry, name);
    char guess[96];
    if (leaf == NULL)
        cp_tree_fail(builder, "no leaf %s%s", name,
                     meant(guess, cp_rows_guess_leaf(builder->registry, name)));
    return leaf;
}

/* The open node, when it may still get options, leaf and expressions; else NULL and an error. */
static growing_node *open_head(copse_bt_builder *builder, const char *what)
{
    if (is_stuck(builder))
        return NULL;
    if (builder->open == COPSE_BT_NO_NODE) {
        cp_tree_fail(builder, "%s stands outside a node", what);
        return NULL;
    }
    growing_node *node = &builder->nodes[builder->open];
    if (node->child_count > 0) {
        cp_tree_fail(builder, "%s stands behind a child", what);
        return NULL;
    }
    return node;
}

void copse_bt_builder_leaf(copse_bt_builder *builder, const char *name)
{
    growing_node *node = open_head(builder, "a leaf");
    if (node == NULL)
        return;
    if ((node->kind->flags & COPSE_BT_IS_LEAF) == 0) {
        cp_tree_fail(builder, "takes no leaf; leaves stand under act and cond");
        return;
    }
    if (node->call != CP_NO_INDEX) {
        cp_tree_fail(builder, "has two leaves, %s and %s", builder->calls[node->call].leaf->name,
                     name);
        return;
    }
    const copse_bt_leaf *leaf = find_leaf(builder, name);
    if (leaf == NULL)
        return;
    bool answers_at_once = (node->kind->flags & COPSE_BT_IS_CONDITION) != 0;
    if (answers_at_once && !leaf->is_condition) {
        cp_tree_fail(builder, "%s is no condition; it may stand under act", name);
        return;
    }
    node->call = add_call(builder, leaf);
    if (node->call == CP_NO_INDEX)
        return;
    node->claims = builder->calls[node->call].claims;
    if (node->name == 0)
        node->name = keep_text(builder, name);
}

/* The binding of PORT of the open node's leaf, or NULL and an error. */
static cp_bt_binding *find_binding(copse_bt_builder *builder, const char *port,
                                   const copse_bt_port **row)
{
    growing_node *node = open_head(builder, "an argument");
    if (node == NULL)
        return NULL;
    if (node->call == CP_NO_INDEX) {
        cp_tree_fail(builder, "argument %s stands before the leaf", port);
        return NULL;
    }
    const cp_call *call = &builder->calls[node->call];
    cp_guess guess = cp_guess_begin(port);
    for (uint32_t i = 0; i < call->leaf->port_count; i++) {
        *row = &call->leaf->ports[i];
        if (strcmp((*row)->name, port) == 0) {
            builder->is_bound[call->first_binding + i] = true;
            return &builder->bindings[call->first_binding + i];
        }
        cp_guess_offer(&guess, (*row)->name);
    }
    char text[96];
    cp_tree_fail(builder, "%s has no port %s%s", call->leaf->name, port, meant(text, guess.best));
    return NULL;
}

static bool check_key_of_port(copse_bt_builder *builder, const copse_bt_port *port, uint32_t index)
{
    const copse_bt_key *key = &builder->keys[index];
    const key_texts *texts = &builder->key_texts[index];
    const char *name = pool_text(builder, texts->name);
    if (port->is_output && key->is_input)
        cp_tree_fail(builder, "port %s writes the input %s", port->name, name);
    else if (!(port->is_output ? fits(key->type, port->type) : fits(port->type, key->type)))
        cp_tree_fail(builder, "port %s has type %s, key %s has type %s", port->name,
                     cp_type_word(port->type), name, cp_type_word(key->type));
    else if (texts_differ(port->record, pool_text(builder, texts->record)))
        cp_tree_fail(builder, "port %s has type %s, key %s has type %s", port->name, port->record,
                     name, pool_text(builder, texts->record));
    else if (texts_differ(port->unit, pool_text(builder, texts->unit)))
        cp_tree_fail(builder, "port %s is in %s, key %s is in %s", port->name, port->unit, name,
                     pool_text(builder, texts->unit));
    else if (texts_differ(port->frame, pool_text(builder, texts->frame)))
        cp_tree_fail(builder, "port %s is in frame %s, key %s is in frame %s", port->name,
                     port->frame, name, pool_text(builder, texts->frame));
    return !is_stuck(builder);
}

void copse_bt_builder_bind_key(copse_bt_builder *builder, const char *port, const char *key)
{
    const copse_bt_port *row;
    cp_bt_binding *binding = find_binding(builder, port, &row);
    if (binding == NULL)
        return;
    uint32_t index = find_key(builder, key);
    if (index == CP_NO_KEY) {
        cp_guess guess = cp_guess_begin(key);
        for (size_t i = 0; i < builder->key_count; i++)
            cp_guess_offer(&guess, pool_text(builder, builder->key_texts[i].name));
        char text[96];
        cp_tree_fail(builder, "the tree %s has no key %s%s", pool_text(builder, builder->name), key,
                     meant(text, guess.best));
        return;
    }
    if (check_key_of_port(builder, row, index))
        *binding = (cp_bt_binding){.key = index};
}

static bool check_constant(copse_bt_builder *builder, const copse_bt_port *port,
                           const copse_bt_constant *value)
{
    bool is_number = value->type == COPSE_BT_INTEGER || value->type == COPSE_BT_NUMBER;
    double number = value->type == COPSE_BT_INTEGER ? (double)value->as.integer : value->as.number;
    if (port->is_output)
        cp_tree_fail(builder, "port %s is an output, expected a key", port->name);
    else if (value->type == COPSE_BT_ANY || !fits(port->type, value->type))
        cp_tree_fail(builder, "port %s has type %s, expected %s", port->name,
                     cp_type_word(value->type), cp_type_word(port->type));
    else if (is_number && port->has_min && !(number >= port->min))
        cp_tree_fail(builder, "port %s is %g, expected at least %g", port->name, number, port->min);
    else if (is_number && port->has_max && !(number <= port->max))
        cp_tree_fail(builder, "port %s is %g, expected at most %g", port->name, number, port->max);
    return !is_stuck(builder);
}

void copse_bt_builder_bind(copse_bt_builder *builder, const char *port, copse_bt_constant value)
{
    const copse_bt_port *row;
    cp_bt_binding *binding = find_binding(builder, port, &row);
    if (binding != NULL && check_constant(builder, row, &value)) {
        *binding = (cp_bt_binding){CP_NO_KEY, keep_constant(builder, value)};
        return;
    }
    if (value.type == COPSE_BT_LIST)
        copse_parcel_free(value.as.parcel);
}

/* Every port of CALL must have got a binding. */
static void check_bindings(copse_bt_builder *builder, uint32_t call)
{
    const cp_call *row = &builder->calls[call];
    for (uint32_t i = 0; i < row->leaf->port_count; i++)
        if (!builder->is_bound[row->first_binding + i])
            cp_tree_fail(builder, "port %s of %s is given nothing", row->leaf->ports[i].name,
                         row->leaf->name);
}

void copse_bt_builder_expression(copse_bt_builder *builder, copse_bt_expression which,
                                 const char *name)
{
    growing_node *node = open_head(builder, "an expression");
    if (node == NULL)
        return;
    const copse_bt_leaf *leaf = find_leaf(builder, name);
    if (leaf == NULL)
        return;
    if (!leaf->is_condition) {
        cp_tree_fail(builder, ":%s %s is no condition", cp_expression_word(which), name);
        return;
    }
    if (node->extra == CP_NO_INDEX) {
        if (!make_room(builder, &builder->extras, &builder->extra_capacity, builder->extra_count, 1,
                       sizeof *builder->extras))
            return;
        node->extra = (uint32_t)builder->extra_count++;
        memset(&builder->extras[node->extra], 0xff, sizeof(cp_extra));
    }
    uint32_t *call = &builder->extras[node->extra].calls[which];
    if (*call != CP_NO_INDEX) {
        cp_tree_fail(builder, ":%s is given twice", cp_expression_word(which));
        return;
    }
    *call = add_call(builder, leaf);
    if (*call != CP_NO_INDEX)
        check_bindings(builder, *call);
}

/* ---- Nodes and options --------------------------------------------------------------------- */

static copse_bt_option_value to_option_value(const copse_bt_option *option, double value)
{
    switch (option->type) {
    case COPSE_BT_OPTION_NUMBER:
        return (copse_bt_option_value){.number = value};
    case COPSE_BT_OPTION_MS:
        return (copse_bt_option_value){.integer = (int64_t)(value * 1e6)};
    case COPSE_BT_OPTION_INTEGER:
    case COPSE_BT_OPTION_FLAG:
    case COPSE_BT_OPTION_RESULT:
        break;
    }
    return (copse_bt_option_value){.integer = (int64_t)value};
}

static bool is_whole(double value)
{
    return value == floor(value);
}

/* Whether VALUE is in the domain of OPTION; no NaN is. */
static bool is_in_domain(const copse_bt_option *option, double value)
{
    switch (option->type) {
    case COPSE_BT_OPTION_INTEGER:
        return is_whole(value) && value >= option->min && value <= option->max;
    case COPSE_BT_OPTION_NUMBER:
    case COPSE_BT_OPTION_MS:
        return value >= option->min && value <= option->max;
    case COPSE_BT_OPTION_FLAG:
        return value == 0 || value == 1;
    case COPSE_BT_OPTION_RESULT:
        return value == COPSE_BT_SUCCESS || value == COPSE_BT_FAILURE;
    }
    return false;
}

#define CASE_OPTION_WORD(name, word)                                                               \
    case name:                                                                                     \
        return word;

static const char *option_word(copse_bt_option_type type)
{
    switch (type) {
        COPSE_BT_OPTION_TYPE_LIST(CASE_OPTION_WORD)
    }
    return "a value";
}

static void fail_domain(copse_bt_builder *builder, const copse_bt_option *option, double value)
{
    const char *word = option_word(option->type);
    bool is_choice = option->type == COPSE_BT_OPTION_FLAG || option->type == COPSE_BT_OPTION_RESULT;
    if (is_choice)
        cp_tree_fail(builder, "%s is %g, expected %s", option->name, value, word);
    else if (value < option->min || value != value || option->max >= 1e15)
        cp_tree_fail(builder, "%s is %g, expected %s >= %g", option->name, value, word,
                     option->min);
    else
        cp_tree_fail(builder, "%s is %g, expected %s from %g to %g", option->name, value, word,
                     option->min, option->max);
}

void copse_bt_builder_option(copse_bt_builder *builder, const char *name, double value)
{
    growing_node *node = open_head(builder, "an option");
    if (node == NULL)
        return;
    cp_guess guess = cp_guess_begin(name);
    for (uint32_t i = 0; i < node->kind->option_count; i++) {
        const copse_bt_option *option = &node->kind->options[i];
        cp_guess_offer(&guess, option->name);
        if (strcmp(option->name, name) != 0)
            continue;
        if ((node->given & UINT64_C(1) << i) != 0)
            cp_tree_fail(builder, "%s is given twice", name);
        else if (!is_in_domain(option, value))
            fail_domain(builder, option, value);
        else
            builder->options[node->first_option + i] = to_option_value(option, value);
        node->given |= UINT64_C(1) << i;
        return;
    }
    char text[96];
    cp_tree_fail(builder, "no option %s%s", name, meant(text, guess.best));
}

void copse_bt_builder_name(copse_bt_builder *builder, const char *name)
{
    growing_node *node = open_head(builder, "a name");
    if (node == NULL)
        return;
    if (name[0] == '\0' || strchr(name, '/') != NULL)
        cp_tree_fail(builder, "the name \"%s\" is empty or has a /", name);
    else
        node->name = keep_text(builder, name);
}

/* Whether one more child may stand in the open node. */
static bool check_room_for_child(copse_bt_builder *builder)
{
    if (builder->open == COPSE_BT_NO_NODE) {
        if (builder->node_count > 0)
            cp_tree_fail(builder, "a second root");
        return !is_stuck(builder);
    }
    const growing_node *node = &builder->nodes[builder->open];
    if (node->child_count == node->kind->most_children)
        cp_tree_fail(builder, "has more than %u %s", node->kind->most_children,
                     node->kind->most_children == 1 ? "child" : "children");
    return !is_stuck(builder);
}

/* The row of KIND, or NULL and an error at PLACE. */
static const copse_bt_node_kind *find_kind(copse_bt_builder *builder, const char *name,
                                           const char *place)
{
    const copse_bt_node_kind *kind = cp_rows_kind(builder->registry, name);
    if (kind != NULL)
        return kind;
    char guess[96];
    if (cp_rows_leaf(builder->registry, name) != NULL)
        snprintf(guess, sizeof guess, "; a leaf stands under act or cond");
    else
        meant(guess, cp_rows_guess_kind(builder->registry, name));
    snprintf(builder->error, ERROR_SIZE, "%s: no node %s%s",
             place != NULL ? place : pool_text(builder, builder->name), name, guess);
    return NULL;
}

void copse_bt_builder_open(copse_bt_builder *builder, const char *kind_name, const char *place)
{
    if (is_stuck(builder) || !check_room_for_child(builder))
        return;
    const copse_bt_node_kind *kind = find_kind(builder, kind_name, place);
    if (kind == NULL)
        return;
    if (builder->node_count == MOST_NODES) {
        cp_tree_fail(builder, "the tree has more than %d nodes", MOST_NODES);
        return;
    }
    assert(kind->option_count <= MOST_OPTIONS);
    if (!make_room(builder, &builder->nodes, &builder->node_capacity, builder->node_count, 1,
                   sizeof *builder->nodes) ||
        !make_room(builder, &builder->options, &builder->option_capacity, builder->option_count,
                   kind->option_count, sizeof *builder->options))
        return;
    if (builder->open != COPSE_BT_NO_NODE)
        builder->nodes[builder->open].child_count++;
    growing_node *node = &builder->nodes[builder->node_count];
    *node = (growing_node){.kind = kind,
                           .parent = builder->open,
                           .first_option = (uint32_t)builder->option_count,
                           .place = keep_text(builder, place),
                           .call = CP_NO_INDEX,
                           .extra = CP_NO_INDEX};
    for (uint32_t i = 0; i < kind->option_count; i++)
        builder->options[builder->option_count++] =
            to_option_value(&kind->options[i], kind->options[i].initial);
    builder->open = (uint32_t)builder->node_count++;
}

static void check_options(copse_bt_builder *builder, const growing_node *node)
{
    const copse_bt_node_kind *kind = node->kind;
    for (uint32_t i = 0; i < kind->option_count; i++)
        if (kind->options[i].is_required && (node->given & UINT64_C(1) << i) == 0)
            cp_tree_fail(builder, "%s is not given, expected %s", kind->options[i].name,
                         option_word(kind->options[i].type));
    if (is_stuck(builder) || kind->check == NULL)
        return;
    const char *text = kind->check(builder->options + node->first_option, node->child_count);
    if (text != NULL)
        cp_tree_fail(builder, "%s", text);
}

static void check_child_count(copse_bt_builder *builder, const growing_node *node)
{
    uint32_t fewest = node->kind->fewest_children, most = node->kind->most_children;
    if (node->child_count >= fewest)
        return;
    const char *word = node->child_count == 1 ? "child" : "children";
    if (most == COPSE_BT_MANY)
        cp_tree_fail(builder, "has %u %s, expected at least %u", node->child_count, word, fewest);
    else if (most == fewest)
        cp_tree_fail(builder, "has %u %s, expected %u", node->child_count, word, fewest);
    else
        cp_tree_fail(builder, "has %u %s, expected %u to %u", node->child_count, word, fewest,
                     most);
}

/* Give the claims of a closed child to its parent, under which two may not run at once. */
static void hand_up_claims(copse_bt_builder *builder, growing_node *parent, uint32_t claims)
{
    uint32_t both = parent->claims & claims;
    if ((parent->kind->flags & COPSE_BT_IS_CONCURRENT) != 0 && both != 0) {
        cp_tree_fail(builder, "two children claim output %s, expected one",
                     pool_text(builder, builder->outputs[cp_first_output(both)]));
    }
    parent->claims |= claims;
}

void copse_bt_builder_close(copse_bt_builder *builder)
{
    if (is_stuck(builder))
        return;
    if (builder->open == COPSE_BT_NO_NODE) {
        cp_tree_fail(builder, "a node is closed and none is open");
        return;
    }
    growing_node *node = &builder->nodes[builder->open];
    if ((node->kind->flags & COPSE_BT_IS_LEAF) != 0) {
        if (node->call == CP_NO_INDEX)
            cp_tree_fail(builder, "names no leaf");
        else
            check_bindings(builder, node->call);
    }
    check_child_count(builder, node);
    check_options(builder, node);
    if (is_stuck(builder))
        return;
    node->end = (uint32_t)builder->node_count;
    builder->open = node->parent;
    if (node->parent != COPSE_BT_NO_NODE)
        hand_up_claims(builder, &builder->nodes[node->parent], node->claims);
}

/* ---- Packing ------------------------------------------------------------------------------- */

/* Takes SIZE bytes of the block that begins at BASE (NULL: only counts). */
typedef struct carver {
    char *base;
    size_t used;
} carver;

static void *carve(carver *c, size_t count, size_t item_size)
{
    void *place = c->base == NULL ? NULL : c->base + c->used;
    c->used += (count * item_size + 7) & ~(size_t)7;
    return place;
}

/* Where everything lies in the block: one function for its size and for its pointers. */
typedef struct layout {
    copse_bt_definition *definition;
    cp_bt_node *nodes;
    cp_label *labels;
    copse_bt_option_value *options;
    cp_call *calls;
    cp_bt_binding *bindings;
    cp_extra *extras;
    uint32_t *acts;
    copse_bt_key *keys;
    const char **outputs;
    char *pool;
    size_t size;
} layout;

static layout lay_out(const copse_bt_builder *b, void *base)
{
    carver c = {.base = base};
    layout out = {.definition = carve(&c, 1, sizeof(copse_bt_definition))};
    out.nodes = carve(&c, b->node_count, sizeof(cp_bt_node));
    out.labels = carve(&c, b->node_count, sizeof(cp_label));
    out.options = carve(&c, b->option_count, sizeof(copse_bt_option_value));
    out.calls = carve(&c, b->call_count, sizeof(cp_call));
    out.bindings = carve(&c, b->binding_count, sizeof(cp_bt_binding));
    out.extras = carve(&c, b->extra_count, sizeof(cp_extra));
    out.acts = carve(&c, b->call_count, sizeof(uint32_t));
    out.keys = carve(&c, b->key_count, sizeof(copse_bt_key));
    out.outputs = carve(&c, b->output_count, sizeof(char *));
    out.pool = carve(&c, b->pool_size, 1);
    out.size = c.used;
    return out;
}

static copse_bt_constant pack_constant(copse_bt_constant constant, const char *pool)
{
    if (is_text(constant.type))
        constant.as.text = pool + constant.as.integer;
    return constant;
}

static uint32_t flags_of(const copse_bt_builder *builder, const growing_node *node)
{
    uint32_t flags = node->kind->flags;
    if (node->extra == CP_NO_INDEX)
        return flags;
    const uint32_t *calls = builder->extras[node->extra].calls;
    for (int i = COPSE_BT_FAILURE_IF; i <= COPSE_BT_WHILE; i++)
        flags |= calls[i] != CP_NO_INDEX ? CP_NODE_HAS_CONDITIONS : 0;
    if (calls[COPSE_BT_ON_SUCCESS] != CP_NO_INDEX || calls[COPSE_BT_ON_FAILURE] != CP_NO_INDEX ||
        calls[COPSE_BT_POST] != CP_NO_INDEX)
        flags |= CP_NODE_HAS_END_HOOKS;
    if (calls[COPSE_BT_ON_HALT] != CP_NO_INDEX)
        flags |= CP_NODE_HAS_HALT_HOOK;
    return flags;
}

/* Nodes and labels, and the layout of node memory: gives its size, or false when it is too large.
 */
static bool pack_nodes(const copse_bt_builder *builder, const layout *out, uint32_t *memory_size)
{
    uint64_t memory = 0;
    for (size_t i = 0; i < builder->node_count; i++) {
        const growing_node *node = &builder->nodes[i];
        bool is_leaf = (node->kind->flags & COPSE_BT_IS_LEAF) != 0;
        out->nodes[i] = (cp_bt_node){.kind = node->kind,
                                     .parent = node->parent,
                                     .end = node->end,
                                     .memory = (uint32_t)memory,
                                     .index = is_leaf ? node->call : node->first_option,
                                     .extra = node->extra,
                                     .flags = flags_of(builder, node)};
        out->labels[i] = (cp_label){node->name != 0 ? out->pool + node->name : node->kind->name,
                                    out->pool + node->place, node->child_count};
        memory += (node->kind->memory_size + UINT64_C(7)) & ~UINT64_C(7);
        if (memory > UINT32_MAX)
            return false;
    }
    *memory_size = (uint32_t)memory;
    return true;
}

/* Calls, with the layout of leaf memory: gives its size and the number of acts. */
static bool pack_calls(const copse_bt_builder *builder, const layout *out, uint32_t *memory_size,
                       uint32_t *act_count)
{
    uint64_t memory = 0;
    *act_count = 0;
    for (size_t i = 0; i < builder->call_count; i++) {
        cp_call *call = &out->calls[i];
        *call = builder->calls[i];
        call->memory = (uint32_t)memory;
        const growing_node *node = &builder->nodes[call->node];
        if (node->call == i && (node->kind->flags & COPSE_BT_IS_CONDITION) == 0)
            out->acts[call->act = (*act_count)++] = (uint32_t)i;
        memory += (call->leaf->memory_size + UINT64_C(7)) & ~UINT64_C(7);
        if (memory > UINT32_MAX)
            return false;
    }
    *memory_size = (uint32_t)memory;
    return true;
}

static void pack_data(const copse_bt_builder *builder, const layout *out)
{
    memcpy(out->pool, builder->pool, builder->pool_size);
    for (size_t i = 0; i < builder->option_count; i++)
        out->options[i] = builder->options[i];
    for (size_t i = 0; i < builder->binding_count; i++)
        out->bindings[i] = (cp_bt_binding){builder->bindings[i].key,
                                           pack_constant(builder->bindings[i].constant, out->pool)};
    for (size_t i = 0; i < builder->extra_count; i++)
        out->extras[i] = builder->extras[i];
    for (size_t i = 0; i < builder->key_count; i++) {
        const key_texts *texts = &builder->key_texts[i];
        copse_bt_key *key = &out->keys[i];
        *key = builder->keys[i];
        key->name = out->pool + texts->name;
        key->record = out->pool + texts->record;
        key->unit = out->pool + texts->unit;
        key->frame = out->pool + texts->frame;
        key->initial = pack_constant(key->initial, out->pool);
    }
    for (uint32_t i = 0; i < builder->output_count; i++)
        out->outputs[i] = out->pool + builder->outputs[i];
}

copse_status copse_bt_builder_finish(copse_bt_builder *builder, copse_bt_definition **out)
{
    *out = NULL;
    if (builder->open != COPSE_BT_NO_NODE)
        cp_tree_fail(builder, "is not closed");
    else if (builder->node_count == 0)
        cp_tree_fail(builder, "the tree has no node");
    if (is_stuck(builder))
        return builder->is_refused ? COPSE_ENOMEM : COPSE_EINVAL;
    size_t size = lay_out(builder, NULL).size;
    void *block = cp_allocate_zeroed(builder->allocator, size);
    if (block == NULL)
        return COPSE_ENOMEM;
    layout place = lay_out(builder, block);
    uint32_t node_memory = 0, leaf_memory = 0, act_count = 0;
    if (!pack_nodes(builder, &place, &node_memory) ||
        !pack_calls(builder, &place, &leaf_memory, &act_count)) {
        cp_release(builder->allocator, block, size);
        return COPSE_ERANGE;
    }
    pack_data(builder, &place);
    copse_bt_definition *definition = place.definition;
    *definition = (copse_bt_definition){.allocator = builder->allocator,
                                        .size = size,
                                        .name = place.pool + builder->name,
                                        .nodes = place.nodes,
                                        .labels = place.labels,
                                        .options = place.options,
                                        .calls = place.calls,
                                        .bindings = place.bindings,
                                        .extras = place.extras,
                                        .acts = place.acts,
                                        .keys = place.keys,
                                        .outputs = place.outputs,
                                        .node_count = (uint32_t)builder->node_count,
                                        .option_count = (uint32_t)builder->option_count,
                                        .call_count = (uint32_t)builder->call_count,
                                        .act_count = act_count,
                                        .binding_count = (uint32_t)builder->binding_count,
                                        .extra_count = (uint32_t)builder->extra_count,
                                        .key_count = (uint32_t)builder->key_count,
                                        .output_count = builder->output_count,
                                        .node_memory_size = node_memory,
                                        .leaf_memory_size = leaf_memory};
    atomic_init(&definition->references, 1);
    /* The parcels now belong to the definition; an empty builder is all that is left to free. */
    builder->binding_count = 0;
    builder->key_count = 0;
    builder->node_count = 0;
    *out = definition;
    return COPSE_OK;
}
