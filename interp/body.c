/* body.c -- bodies in two rounds.
 *
 * The first round over a body expands macro uses only as far as it takes to find the definitions,
 * the second expands values and expressions in the finished scope, as R7RS 5.3 asks. The values of
 * a body's definitions then form a graph (who mentions whom), and its strongly connected parts in
 * order of dependency become LET, FIX for procedures, and only where neither fits variables that
 * are set (Ghuloum and Dybvig 2009, "Fixing letrec (reloaded)"); parts are found as by Tarjan 1972,
 * with a stack of our own. */
#include "interp/body.h"

#include <string.h>

#include "interp/import.h"
#include "interp/record.h"

/* ---- Mentions ------------------------------------------------------------------------------ */

/* A body whose definitions are being expanded. */
struct cp_body {
    uint32_t current; /* the item whose value is expanded now */
    bool is_open;     /* false: all values are done, so that mentions no longer matter */
    uint32_t *edges;  /* pairs: item, the item that it mentions */
    uint32_t edge_count;
    size_t edge_capacity;
};

static bool add_edge(cp_expander *x, cp_body *body, uint32_t from, uint32_t to)
{
    uint32_t count = body->edge_count;
    if (count > 0 && body->edges[2 * count - 2] == from && body->edges[2 * count - 1] == to)
        return true;
    if (count == body->edge_capacity) {
        size_t capacity = count == 0 ? 16 : (size_t)count * 2;
        uint32_t *edges = CP_TAKE_ARRAY(&x->terms->arena, capacity * 2, uint32_t);
        if (edges == NULL)
            return false;
        if (count > 0)
            memcpy(edges, body->edges, (size_t)count * 2 * sizeof *edges);
        body->edges = edges;
        body->edge_capacity = capacity;
    }
    body->edges[2 * count] = from;
    body->edges[2 * count + 1] = to;
    body->edge_count++;
    return true;
}

bool cp_expand_mention(cp_expander *x, cp_local *local)
{
    cp_body *body = local->group;
    return body == NULL || !body->is_open || add_edge(x, body, body->current, local->index);
}

cp_node *cp_expand_reference(cp_expander *x, cp_local *local, cp_position at)
{
    return cp_expand_mention(x, local) ? cp_core_local(&x->core, local, at) : NULL;
}

/* ---- Definitions --------------------------------------------------- */

/* (define NAME VALUE) or (define (NAME . PARAMETERS) BODY ...). */
typedef struct definition {
    cp_term *name;
    cp_term *value;      /* or NULL: the unspecific value, or a procedure of */
    cp_term *parameters; /* these, or NULL */
    cp_term *body;
} definition;

static bool split_define(cp_expander *x, cp_term *form, definition *d)
{
    *d = (definition){NULL, NULL, NULL, NULL};
    int64_t length = cp_term_length(form);
    cp_term *rest = form->as.pair.cdr;
    if (length < 2) {
        (void)cp_expand_fail(x, form->position,
                             "define: expected (define name value) or (define (name parameter "
                             "...) body ...)");
        return false;
    }
    cp_term *target = rest->as.pair.car;
    if (cp_term_is_pair(target)) {
        d->name = target->as.pair.car;
        d->parameters = target->as.pair.cdr;
        d->body = rest->as.pair.cdr;
    } else {
        d->name = target;
        d->value = length > 2 ? rest->as.pair.cdr->as.pair.car : NULL;
        if (length > 3) {
            (void)cp_expand_fail(x, form->position, "define: %lld values for %s, expected one",
                                 (long long)length - 2,
                                 cp_term_is_identifier(target) ? target->as.identifier->name
                                                               : "a name");
            return false;
        }
    }
    if (!cp_term_is_identifier(d->name)) {
        (void)cp_expand_fail(x, d->name->position, "define: the name is no identifier");
        return false;
    }
    return true;
}

static cp_node *expand_definition(cp_expander *x, const definition *d, cp_scope *scope,
                                  cp_position at)
{
    const char *name = d->name->as.identifier->name;
    cp_node *node;
    if (d->parameters != NULL) {
        cp_clause *clause = CP_TAKE(&x->terms->arena, cp_clause);
        if (clause == NULL || !cp_expand_clause(x, d->parameters, d->body, scope, name, at, clause))
            return NULL;
        node = cp_core_lambda(&x->core, name, clause, 1, at);
    } else if (d->value == NULL) {
        node = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    } else {
        node = cp_expand(x, d->value, scope);
    }
    cp_core_name_lambda(node, name);
    return node;
}

/* ---- Bodies -------------------------------------------------------------------------------- */

typedef enum item_kind {
    ITEM_EXPRESSION,
    ITEM_DEFINE,
    ITEM_VALUES,
    ITEM_RECORD,      /* the record type itself */
    ITEM_RECORD_PART, /* a procedure of it */
} item_kind;

/* One expression or definition of a body. */
typedef struct item {
    item_kind kind;
    cp_term *term;
    definition define;
    cp_record_form *record;
    uint32_t part; /* 0 constructor, 1 predicate, 2 + i accessor of field i */
    bool is_modifier;
    cp_local *local;       /* what it defines, in a body */
    cp_global *global;     /* and at top level */
    cp_local **locals;     /* ITEM_VALUES in a body: the variables */
    cp_global **globals;   /* and at top level */
    cp_parameters formals; /* ITEM_VALUES: what receives the values first */
    cp_node *node;
} item;

typedef struct items {
    item *array;
    uint32_t count;
    size_t capacity;
    uint32_t definition_end; /* behind the last definition */
} items;

static item *add_item(cp_expander *x, items *list, item_kind kind, cp_term *term)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        item *array = CP_TAKE_ARRAY(&x->terms->arena, capacity, item);
        if (array == NULL)
            return NULL;
        if (list->count > 0)
            memcpy(array, list->array, list->count * sizeof *array);
        list->array = array;
        list->capacity = capacity;
    }
    item *it = &list->array[list->count++];
    *it = (item){.kind = kind, .term = term};
    if (kind != ITEM_EXPRESSION)
        list->definition_end = list->count;
    return it;
}

/* What defines names: a body in its scope, or the top level in the root. */
typedef struct definer {
    cp_expander *x;
    cp_scope *scope;
    cp_body *body; /* NULL: top level */
    items list;
    const char *who;
} definer;

static bool declare_definition(cp_expander *x, const char *name, cp_global *global,
                               const cp_binding *binding)
{
    cp_definition *d = CP_TAKE(&x->terms->arena, cp_definition);
    if (d == NULL)
        return false;
    d->name = name;
    d->global = global;
    if (binding != NULL && binding->kind == CP_BINDS_RULES)
        d->rules = binding->as.rules;
    if (binding != NULL && binding->kind == CP_BINDS_SPECIAL)
        d->special = binding->as.special;
    *x->definitions_end = d;
    x->definitions_end = &d->next;
    return true;
}

/* A name at top level that a macro made: nobody else can say it, so it gets one of its own. */
static const char *make_unique(cp_expander *x, const cp_identifier *identifier)
{
    for (uint32_t i = 1; i < 100000; i++) {
        char text[200];
        cp_printer printer = cp_printer_make(text, sizeof text);
        cp_print(&printer, "%.100s%%%u", identifier->name, i);
        cp_identifier *id = cp_terms_name(x->terms, text, strlen(text));
        if (id == NULL)
            return NULL;
        cp_denotation denotation = {.meaning = CP_MEANS_NOTHING};
        x->options.environment->look_up(x->options.environment, text, &denotation);
        bool is_free = denotation.meaning == CP_MEANS_NOTHING && id->bindings == NULL;
        if (!is_free)
            continue;
        cp_binding *taken =
            cp_scope_bind(&x->scopes, cp_scope_root(&x->scopes, x->options.environment), id);
        return taken == NULL ? NULL : id->name;
    }
    return NULL;
}

/* The global that a definition of the identifier TERM at top level is for. */
static cp_global *define_global(cp_expander *x, cp_term *term, cp_scope *root, const char *who)
{
    cp_identifier *identifier = term->as.identifier;
    const char *name = identifier->name;
    cp_denotation denotation = {.meaning = CP_MEANS_NOTHING};
    if (identifier->base != NULL) {
        cp_binding *own = cp_scope_own(root, identifier);
        if (own != NULL && own->kind == CP_BINDS_GLOBAL)
            return own->as.global;
        name = make_unique(x, identifier);
        if (name == NULL)
            return NULL;
    } else if (cp_is_keyword(identifier)) {
        cp_expand_warn(x, term->position, "%s: the keyword %s becomes a variable", who, name);
    }
    x->options.environment->look_up(x->options.environment, name, &denotation);
    if (denotation.meaning == CP_MEANS_GLOBAL && denotation.is_immutable)
        return cp_expand_fail(x, term->position, "%s: %s is imported, and imports do not change",
                              who, name);
    cp_global *global =
        cp_core_find_global(&x->core, name, denotation.cell != NULL ? denotation.cell : name);
    cp_binding *binding = cp_scope_bind(&x->scopes, root, identifier);
    if (global == NULL || binding == NULL)
        return NULL;
    bool is_new = !global->is_defined;
    global->is_defined = true;
    global->is_immutable = false;
    global->primitive = CP_PRIM_NONE;
    global->least = global->most = -1;
    binding->kind = CP_BINDS_GLOBAL;
    binding->as.global = global;
    return !is_new || declare_definition(x, name, global, NULL) ? global : NULL;
}

/* Bind the identifier TERM to what IT defines. */
static bool define_name(definer *d, cp_term *term, item *it)
{
    cp_expander *x = d->x;
    if (d->body == NULL) {
        it->global = define_global(x, term, d->scope, "define");
        return it->global != NULL;
    }
    it->local = cp_expand_bind(x, term, d->scope, d->who);
    if (it->local == NULL)
        return false;
    it->local->group = d->body;
    it->local->index = (uint32_t)(it - d->list.array);
    return true;
}

static bool scan_define(definer *d, cp_term *form)
{
    item *it = add_item(d->x, &d->list, ITEM_DEFINE, form);
    return it != NULL && split_define(d->x, form, &it->define) &&
           define_name(d, it->define.name, it);
}

static bool scan_define_values(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    if (cp_term_length(form) != 3) {
        (void)cp_expand_fail(x, form->position,
                             "define-values: expected (define-values formals expression)");
        return false;
    }
    item *it = add_item(x, &d->list, ITEM_VALUES, form);
    cp_term *formals = form->as.pair.cdr->as.pair.car;
    cp_scope *hidden = cp_scope_open(&x->scopes, d->scope);
    if (it == NULL || hidden == NULL ||
        !cp_expand_parameters(x, formals, hidden, "define-values", &it->formals))
        return false;
    uint32_t count = it->formals.required + it->formals.has_rest;
    it->locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    it->globals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_global *);
    if (it->locals == NULL || it->globals == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        cp_term *name = cp_term_is_pair(formals) ? formals->as.pair.car : formals;
        if (!define_name(d, name, it))
            return false;
        it->locals[i] = it->local;
        it->globals[i] = it->global;
        if (cp_term_is_pair(formals))
            formals = formals->as.pair.cdr;
    }
    it->local = NULL;
    it->global = NULL;
    return true;
}

static bool scan_define_syntax(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    cp_term *rest = form->as.pair.cdr;
    if (cp_term_length(form) != 3 || !cp_term_is_identifier(rest->as.pair.car)) {
        (void)cp_expand_fail(x, form->position,
                             "define-syntax: expected (define-syntax name transformer)");
        return false;
    }
    cp_identifier *name = rest->as.pair.car->as.identifier;
    if (d->body != NULL && cp_scope_own(d->scope, name) != NULL) {
        (void)cp_expand_fail(x, form->position, "%s: %s stands twice", d->who, name->name);
        return false;
    }
    cp_binding *binding = cp_scope_bind(&x->scopes, d->scope, name);
    cp_binding meaning = {.kind = CP_BINDS_NOTHING};
    if (binding == NULL || !cp_expand_transformer(x, rest->as.pair.cdr->as.pair.car, d->scope,
                                                  name->name, "define-syntax", &meaning))
        return false;
    binding->kind = meaning.kind;
    binding->as = meaning.as;
    return d->body != NULL || name->base != NULL ||
           declare_definition(x, name->name, NULL, binding);
}

static bool scan_part(definer *d, cp_term *form, cp_record_form *r, cp_term *name, uint32_t part,
                      bool is_modifier)
{
    item *it = add_item(d->x, &d->list, ITEM_RECORD_PART, form);
    if (it == NULL)
        return false;
    it->record = r;
    it->part = part;
    it->is_modifier = is_modifier;
    it->define.name = name;
    return define_name(d, name, it);
}

static bool scan_record(definer *d, cp_term *form)
{
    cp_record_form *r = CP_TAKE(&d->x->terms->arena, cp_record_form);
    item *it = add_item(d->x, &d->list, ITEM_RECORD, form);
    if (r == NULL || it == NULL || !cp_record_split(d->x, form, r))
        return false;
    it->record = r;
    it->define.name = r->name;
    if (!define_name(d, r->name, it))
        return false;
    if (r->constructor != NULL && !scan_part(d, form, r, r->constructor, 0, false))
        return false;
    if (r->predicate != NULL && !scan_part(d, form, r, r->predicate, 1, false))
        return false;
    for (uint32_t i = 0; i < r->field_count; i++) {
        cp_term *names = cp_term_is_pair(r->fields[i]) ? r->fields[i]->as.pair.cdr : r->fields[i];
        for (bool is_modifier = false; cp_term_is_pair(names);
             names = names->as.pair.cdr, is_modifier = true) {
            if (!scan_part(d, form, r, names->as.pair.car, 2 + i, is_modifier))
                return false;
        }
    }
    return true;
}

static bool scan_declaration(definer *d, cp_term *form, const char *who)
{
    cp_expander *x = d->x;
    const char *problem = "no library can be declared here";
    if (d->body != NULL || x->options.declare == NULL) {
        (void)cp_expand_fail(x, form->position, "%s: %s", who,
                             d->body != NULL ? "stands in a body, expected it at top level"
                                             : problem);
        return false;
    }
    cp_import *imports = NULL;
    cp_library_form library;
    bool is_good = strcmp(who, "import") == 0 ? cp_import_parse(x, form, &imports)
                                              : cp_library_parse(x, form, &library);
    if (!is_good)
        return false;
    if (!x->options.declare(x->options.context, form, &problem)) {
        (void)cp_expand_fail(x, form->position, "%s: %s", who, problem);
        return false;
    }
    return true;
}

static bool scan_forms(definer *d, cp_term *forms);

/* The first round: put FORM among the items, after bringing its definitions into scope. */
static bool scan_form(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    form = cp_expand_macros(x, form, d->scope);
    if (form == NULL)
        return false;
    const char *name;
    cp_special_kind kind = cp_expand_head(x, form, d->scope, &name);
    if (kind == CP_SPECIAL_EXPRESSION)
        return add_item(x, &d->list, ITEM_EXPRESSION, form) != NULL;
    if (kind == CP_SPECIAL_DECLARATION)
        return scan_declaration(d, form, name);
    if (kind == CP_SPECIAL_SPLICE) {
        cp_term *forms;
        if (x->depth >= CP_EXPAND_DEPTH_MAX)
            return cp_expand_fail(x, form->position, "%s: nested too deep", name) != NULL;
        x->depth++;
        bool is_good = cp_expand_splice(x, form, d->scope, name, &forms) && scan_forms(d, forms);
        x->depth--;
        return is_good;
    }
    if (strcmp(name, "define") == 0)
        return scan_define(d, form);
    if (strcmp(name, "define-values") == 0)
        return scan_define_values(d, form);
    if (strcmp(name, "define-syntax") == 0)
        return scan_define_syntax(d, form);
    return scan_record(d, form);
}

static bool scan_forms(definer *d, cp_term *forms)
{
    for (; cp_term_is_pair(forms); forms = forms->as.pair.cdr) {
        if (!scan_form(d, forms->as.pair.car))
            return false;
    }
    if (!cp_term_is_nil(forms))
        return cp_expand_fail(d->x, forms->position, "%s: no proper list", d->who) != NULL;
    return true;
}

/* The node that puts each of the received values where it belongs. */
static cp_node *expand_values(cp_expander *x, item *it, cp_scope *scope)
{
    cp_position at = it->term->position;
    cp_term *producer = it->term->as.pair.cdr->as.pair.cdr->as.pair.car;
    uint32_t count = it->formals.required + it->formals.has_rest;
    cp_node **sets = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count + 1, cp_node *);
    cp_node *node = cp_expand(x, producer, scope);
    if (sets == NULL || node == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        cp_node *value = cp_core_local(&x->core, it->formals.locals[i], at);
        sets[i] = it->globals[i] != NULL
                      ? cp_core_global(&x->core, CP_NODE_GLOBAL_DEFINE, it->globals[i], value, at)
                      : cp_core_local_set(&x->core, it->locals[i], value, at);
        if (sets[i] == NULL)
            return NULL;
    }
    sets[count] = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    return cp_core_receive(&x->core, it->formals.locals, it->formals.required, it->formals.has_rest,
                           node, cp_core_sequence(&x->core, sets, count + 1, at), at);
}

/* The second round for one item: its value. TYPE is the record type that parts belong to. */
static cp_node *expand_item(definer *d, item *it, const item *type)
{
    cp_expander *x = d->x;
    cp_position at = it->term->position;
    const char *name = it->define.name != NULL ? it->define.name->as.identifier->name : "";
    switch (it->kind) {
    case ITEM_EXPRESSION:
        return cp_expand(x, it->term, d->scope);
    case ITEM_DEFINE:
        return expand_definition(x, &it->define, d->scope, at);
    case ITEM_VALUES:
        return expand_values(x, it, d->scope);
    case ITEM_RECORD:
        return cp_record_make_type(x, it->record, at);
    case ITEM_RECORD_PART:
        break;
    }
    assert(type != NULL);
    if (d->body != NULL)
        return cp_record_make_local(x, it->record, type->local, it->part, it->is_modifier, at);
    return cp_record_make_global(x, it->record, type->global, name, it->part, it->is_modifier, at);
}

static bool expand_items(definer *d)
{
    const item *type = NULL;
    for (uint32_t i = 0; i < d->list.count; i++) {
        item *it = &d->list.array[i];
        if (it->kind == ITEM_RECORD)
            type = it;
        if (d->body != NULL) {
            d->body->current = i;
            d->body->is_open = i < d->list.definition_end;
        }
        it->node = expand_item(d, it, type);
        if (it->node == NULL)
            return false;
    }
    return true;
}

/* ---- From items to nodes: strongly connected parts ----------------------------------------- */

/* Tarjan's algorithm over the items with definitions. */
typedef struct graph {
    cp_expander *x;
    const items *list;
    uint32_t count;
    uint32_t *first; /* of item i: its edges are targets[first[i]] up to first[i + 1] */
    uint32_t *targets;
    uint32_t *order; /* when visited, from 1; 0: not yet */
    uint32_t *low;
    uint32_t *next_edge;
    uint32_t *path;  /* the recursion's stack */
    uint32_t *stack; /* Tarjan's */
    bool *is_on_stack;
    uint32_t *members; /* of the parts, one part after another */
    uint32_t *part_end;
    uint32_t part_count;
} graph;

static bool is_procedure(const item *it)
{
    return it->node->kind == CP_NODE_LAMBDA && it->local != NULL && it->local->sets == 0;
}

/* Whether the time at which the value of IT is computed can be seen. */
static bool has_order(const item *it)
{
    return it->node->kind != CP_NODE_LAMBDA && !cp_node_is_pure(it->node, 20);
}

static bool build_graph(graph *g, const cp_body *body)
{
    cp_arena *arena = &g->x->terms->arena;
    uint32_t n = g->count, total = body->edge_count + n;
    g->first = CP_TAKE_ARRAY(arena, (size_t)n + 1, uint32_t);
    g->targets = CP_TAKE_ARRAY(arena, total, uint32_t);
    g->order = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->low = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->next_edge = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->path = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->stack = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->is_on_stack = CP_TAKE_ARRAY(arena, n, bool);
    g->members = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->part_end = CP_TAKE_ARRAY(arena, n, uint32_t);
    if (arena->is_refused)
        return false;
    uint32_t *fill = g->next_edge;
    for (uint32_t e = 0; e < body->edge_count; e++)
        g->first[body->edges[2 * e] + 1]++;
    for (uint32_t i = 0; i < n; i++)
        g->first[i + 1] += g->first[i] + 1; /* one more, for the order */
    int64_t last = -1;
    for (uint32_t i = 0; i < n; i++) {
        fill[i] = g->first[i];
        bool is_ordered = has_order(&g->list->array[i]);
        g->targets[fill[i]++] = is_ordered && last >= 0 ? (uint32_t)last : UINT32_MAX;
        if (is_ordered)
            last = i;
    }
    for (uint32_t e = 0; e < body->edge_count; e++)
        g->targets[fill[body->edges[2 * e]]++] = body->edges[2 * e + 1];
    memcpy(g->next_edge, g->first, n * sizeof *g->next_edge);
    return true;
}

static void find_parts_from(graph *g, uint32_t root, uint32_t *clock, uint32_t *stacked,
                            uint32_t *placed)
{
    uint32_t depth = 0;
    g->path[depth++] = root;
    while (depth > 0) {
        uint32_t v = g->path[depth - 1];
        if (g->order[v] == 0) {
            g->order[v] = g->low[v] = ++*clock;
            g->stack[(*stacked)++] = v;
            g->is_on_stack[v] = true;
        }
        if (g->next_edge[v] < g->first[v + 1]) {
            uint32_t w = g->targets[g->next_edge[v]++];
            if (w == UINT32_MAX)
                continue;
            if (g->order[w] == 0)
                g->path[depth++] = w;
            else if (g->is_on_stack[w] && g->order[w] < g->low[v])
                g->low[v] = g->order[w];
            continue;
        }
        depth--;
        if (depth > 0 && g->low[v] < g->low[g->path[depth - 1]])
            g->low[g->path[depth - 1]] = g->low[v];
        if (g->low[v] != g->order[v])
            continue;
        uint32_t w;
        do {
            w = g->stack[--*stacked];
            g->is_on_stack[w] = false;
            g->members[(*placed)++] = w;
        } while (w != v);
        g->part_end[g->part_count++] = *placed;
    }
}

static bool mentions_itself(const graph *g, uint32_t v)
{
    for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++) {
        if (g->targets[e] == v)
            return true;
    }
    return false;
}

static cp_node *put_before(cp_expander *x, cp_node *first, cp_node *second)
{
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (nodes == NULL || second == NULL)
        return NULL;
    nodes[0] = first;
    nodes[1] = second;
    return cp_core_sequence(&x->core, nodes, 2, first->position);
}

/* BODY in the scope of the variables that an assignment fills, all unset at first. */
static cp_node *wrap_unset(cp_expander *x, cp_local **locals, uint32_t count, cp_node *body)
{
    cp_node **values = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (values == NULL || body == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = cp_core_value(&x->core, CP_UNSET, locals[i]->position);
        if (values[i] == NULL)
            return NULL;
    }
    return cp_core_let(&x->core, CP_NODE_LET, locals, values, count, body, body->position);
}

static uint32_t count_formals(const item *it)
{
    return it->formals.required + it->formals.has_rest;
}

/* A part that is neither one value nor procedures alone: variables are unset, then procedures, then
 * the rest is computed in its order. */
static cp_node *wrap_mixed(graph *g, const uint32_t *members, uint32_t count, cp_node *body)
{
    cp_expander *x = g->x;
    cp_arena *arena = &x->terms->arena;
    cp_local **fixed = CP_TAKE_ARRAY(arena, count, cp_local *);
    cp_node **lambdas = CP_TAKE_ARRAY(arena, count, cp_node *);
    cp_local **unset = CP_TAKE_ARRAY(arena, count, cp_local *);
    if (fixed == NULL || lambdas == NULL || unset == NULL)
        return NULL;
    uint32_t fixed_count = 0, unset_count = 0;
    bool all_lambdas = true;
    for (uint32_t i = 0; i < count; i++)
        all_lambdas = all_lambdas && g->list->array[members[i]].node->kind == CP_NODE_LAMBDA;
    /* Members stand in no order: take them by index, the last first, as each goes in front. */
    for (uint32_t limit = UINT32_MAX, k = 0; k < count; k++) {
        uint32_t v = 0;
        bool is_found = false;
        for (uint32_t i = 0; i < count; i++) {
            if (members[i] < limit && (!is_found || members[i] > v)) {
                v = members[i];
                is_found = true;
            }
        }
        limit = v;
        item *it = &g->list->array[v];
        if (is_procedure(it)) {
            fixed[fixed_count] = it->local;
            lambdas[fixed_count++] = it->node;
            continue;
        }
        cp_node *first = it->node;
        for (uint32_t i = 0; it->kind == ITEM_VALUES && i < count_formals(it); i++)
            it->locals[i]->needs_check = true;
        if (it->local != NULL) {
            it->local->needs_check = !all_lambdas;
            unset[unset_count++] = it->local;
            first = cp_core_local_set(&x->core, it->local, it->node, it->term->position);
        }
        body = first == NULL ? NULL : put_before(x, first, body);
        if (body == NULL)
            return NULL;
    }
    body = cp_core_let(&x->core, CP_NODE_FIX, fixed, lambdas, fixed_count, body, body->position);
    return unset_count == 0 ? body : wrap_unset(x, unset, unset_count, body);
}

static cp_node *wrap_part(graph *g, const uint32_t *members, uint32_t count, cp_node *body)
{
    cp_expander *x = g->x;
    item *it = &g->list->array[members[0]];
    bool is_single = count == 1 && !mentions_itself(g, members[0]);
    bool all_procedures = true;
    for (uint32_t i = 0; i < count; i++)
        all_procedures = all_procedures && is_procedure(&g->list->array[members[i]]);
    if (is_single && it->local == NULL)
        return put_before(x, it->node, body);
    if (!all_procedures && !is_single)
        return wrap_mixed(g, members, count, body);
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_node **values = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (locals == NULL || values == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        locals[i] = g->list->array[members[count - 1 - i]].local;
        values[i] = g->list->array[members[count - 1 - i]].node;
    }
    return cp_core_let(&x->core, all_procedures ? CP_NODE_FIX : CP_NODE_LET, locals, values, count,
                       body, it->term->position);
}

/* The expressions behind the definitions. */
static cp_node *make_tail(cp_expander *x, const items *list, const char *who, cp_position at)
{
    uint32_t count = list->count - list->definition_end;
    if (count == 0)
        return cp_expand_fail(x, at, "%s: no expression in the body%s", who,
                              list->count > 0 ? " behind its definitions" : "");
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        nodes[i] = list->array[list->definition_end + i].node;
    return cp_core_sequence(&x->core, nodes, count, at);
}

static cp_node *assemble_body(definer *d, cp_position at)
{
    cp_node *body = make_tail(d->x, &d->list, d->who, at);
    if (body == NULL || d->list.definition_end == 0)
        return body;
    graph g = {.x = d->x, .list = &d->list, .count = d->list.definition_end};
    if (!build_graph(&g, d->body))
        return NULL;
    uint32_t clock = 0, stacked = 0, placed = 0;
    for (uint32_t v = 0; v < g.count; v++) {
        if (g.order[v] == 0)
            find_parts_from(&g, v, &clock, &stacked, &placed);
    }
    for (uint32_t p = g.part_count; p > 0 && body != NULL; p--) {
        uint32_t begin = p == 1 ? 0 : g.part_end[p - 2];
        body = wrap_part(&g, g.members + begin, g.part_end[p - 1] - begin, body);
    }
    /* Variables of define-values are set by their item, whatever part it is in. */
    for (uint32_t i = 0; i < g.count && body != NULL; i++) {
        const item *it = &d->list.array[i];
        if (it->kind == ITEM_VALUES && count_formals(it) > 0)
            body = wrap_unset(d->x, it->locals, count_formals(it), body);
    }
    return body;
}

cp_node *cp_expand_body(cp_expander *x, cp_term *forms, cp_scope *scope, const char *who,
                        cp_position at)
{
    cp_body *body = CP_TAKE(&x->terms->arena, cp_body);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    if (body == NULL || inner == NULL)
        return NULL;
    definer d = {.x = x, .scope = inner, .body = body, .who = who};
    if (!scan_forms(&d, forms) || !expand_items(&d))
        return NULL;
    body->is_open = false;
    return assemble_body(&d, at);
}

/* ---- Programs ------------------------------------------------------------------------------ */

static cp_node *make_global_define(cp_expander *x, item *it)
{
    cp_global *global = it->global;
    if (it->kind == ITEM_EXPRESSION || it->kind == ITEM_VALUES)
        return it->node;
    return cp_core_global(&x->core, CP_NODE_GLOBAL_DEFINE, global, it->node, it->term->position);
}

cp_node *cp_expand_program(cp_expander *x, cp_term *const *forms, uint32_t count)
{
    cp_scope *root = cp_scope_root(&x->scopes, x->options.environment);
    if (root == NULL || x->runtime == NULL)
        return NULL;
    definer d = {.x = x, .scope = root, .who = "program"};
    for (uint32_t i = 0; i < count; i++) {
        if (!scan_form(&d, forms[i]))
            return NULL;
    }
    if (!expand_items(&d))
        return NULL;
    cp_position at = count > 0 ? forms[0]->position : CP_NO_POSITION;
    if (d.list.count == 0)
        return cp_core_value(&x->core, CP_UNSPECIFIC, at);
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, (size_t)d.list.count + 1, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < d.list.count; i++) {
        nodes[i] = make_global_define(x, &d.list.array[i]);
        if (nodes[i] == NULL)
            return NULL;
    }
    return cp_core_sequence(&x->core, nodes, d.list.count, at);
}
