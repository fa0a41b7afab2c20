/* macro.c -- patterns and templates are compiled to small trees when a macro is defined.
 *
 * A match gives each pattern variable a capture: a term, or for each ellipsis above it an array of
 * captures. An expansion makes one alias for each identifier that the template inserts, so that
 * equal identifiers of one expansion stay equal and differ from all others (Clinger and Rees 1991).
 *
 * A variable may stand under more ellipses than in its pattern, as R7RS allows. It then runs with
 * the outer ellipsis when something deeper drives the inner one, as in (((a b) ...) ...) for
 * (a b ...) ..., and with the inner one otherwise, as in ((x y ...) ...) for (x ...) (y ...).
 *
 * Recursion is as deep as a pattern or template nests, which the expander's limit on forms bounds;
 * lists are walked in loops. */
#include "interp/macro.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sched/memory.h"

typedef enum pattern_kind {
    PATTERN_ANY,
    PATTERN_VARIABLE,
    PATTERN_LITERAL,
    PATTERN_ATOM,
    PATTERN_PAIR,
    PATTERN_REPEAT, /* CAR matches each of the items before the last MINIMUM ones; then CDR */
    PATTERN_VECTOR  /* CAR matches the list of the elements */
} pattern_kind;

typedef struct pattern {
    pattern_kind kind;
    uint32_t index;   /* of the variable */
    uint32_t minimum; /* pairs that CDR needs */
    cp_identifier *literal;
    cp_term *atom;
    struct pattern *car, *cdr;
    uint32_t first, end; /* variables of CAR, for REPEAT */
} pattern;

typedef enum template_kind {
    TEMPLATE_TERM,
    TEMPLATE_VARIABLE,
    TEMPLATE_RENAME,
    TEMPLATE_PAIR,
    TEMPLATE_REPEAT, /* the items of CAR, DEPTH ellipses deep, then CDR */
    TEMPLATE_VECTOR
} template_kind;

typedef struct template
{
    template_kind kind;
    uint32_t index; /* of the variable; of a renamed identifier among the rule's */
    cp_term *term;
    struct template *car, *cdr;
    uint32_t *driven; /* REPEAT: the variables that run with it */
    uint32_t driven_count;
    bool *used; /* REPEAT: for each variable, whether it stands below */
}
template;

typedef struct variable {
    cp_identifier *identifier;
    uint32_t depth; /* ellipses above it */
} variable;

typedef struct rule {
    pattern *pattern;
    template *template;
    variable *variables;
    uint32_t variable_count;
    cp_identifier **renamed;
    uint32_t renamed_count;
} rule;

struct cp_rules {
    const char *name;
    cp_scope *scope;
    cp_term *spec;
    cp_identifier *ellipsis; /* NULL: the standard one */
    cp_identifier **literals;
    uint32_t literal_count;
    rule *rules;
    uint32_t rule_count;
    const cp_macro *macro; /* that they were taken from, or NULL */
    cp_rules *next;        /* other rules taken from macros */
};

typedef struct capture {
    cp_term *term;
    struct capture *items;
    uint32_t count;
} capture;

bool cp_complain(cp_complaint *complaint, cp_position position, const char *format, ...)
{
    if (complaint->is_set)
        return false;
    complaint->is_set = true;
    complaint->position = position;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- Compiling rules ----------------------------------------------------------------------- */

typedef struct compiler {
    cp_scopes *scopes;
    cp_arena *arena;
    cp_rules *rules;
    rule *rule;
    size_t variable_capacity;
    size_t renamed_capacity;
    cp_complaint *complaint;
} compiler;

/* One more item of ITEM_SIZE in an array of the arena, which doubles. False when refused. */
static bool add_item(cp_arena *arena, void **items, uint32_t count, size_t *capacity,
                     size_t item_size)
{
    if (count < *capacity)
        return true;
    size_t grown = *capacity == 0 ? 8 : *capacity * 2;
    void *copy = cp_arena_take_array(arena, grown, item_size);
    if (copy == NULL)
        return false;
    if (count > 0)
        memcpy(copy, *items, count * item_size);
    *items = copy;
    *capacity = grown;
    return true;
}

static bool is_literal(const cp_rules *rules, const cp_identifier *identifier)
{
    for (uint32_t i = 0; i < rules->literal_count; i++) {
        if (rules->literals[i] == identifier)
            return true;
    }
    return false;
}

/* Whether IDENTIFIER means the auxiliary keyword NAME where the macro is defined. */
static bool means(const compiler *c, cp_identifier *identifier, const char *name)
{
    cp_binding *binding = cp_scope_look_up(c->scopes, c->rules->scope, identifier);
    if (binding == NULL)
        return false;
    if (binding->kind == CP_BINDS_SPECIAL)
        return strcmp(binding->as.special, name) == 0;
    return binding->kind == CP_BINDS_NOTHING && strcmp(binding->identifier->name, name) == 0;
}

static bool is_ellipsis(const compiler *c, const cp_term *term)
{
    if (!cp_term_is_identifier(term) || is_literal(c->rules, term->as.identifier))
        return false;
    if (c->rules->ellipsis != NULL)
        return term->as.identifier == c->rules->ellipsis;
    return means(c, term->as.identifier, "...");
}

static bool is_followed(const compiler *c, const cp_term *pair)
{
    return cp_term_is_pair(pair->as.pair.cdr) && is_ellipsis(c, pair->as.pair.cdr->as.pair.car);
}

static int64_t find_variable(const rule *r, const cp_identifier *identifier)
{
    for (uint32_t i = 0; i < r->variable_count; i++) {
        if (r->variables[i].identifier == identifier)
            return i;
    }
    return -1;
}

static pattern *compile_pattern(compiler *c, cp_term *term, uint32_t depth);

static pattern *compile_identifier(compiler *c, cp_term *term, pattern *p, uint32_t depth)
{
    cp_identifier *identifier = term->as.identifier;
    rule *r = c->rule;
    if (is_literal(c->rules, identifier)) {
        p->kind = PATTERN_LITERAL;
        p->literal = identifier;
        return p;
    }
    if (is_ellipsis(c, term)) {
        (void)cp_complain(c->complaint, term->position,
                          "syntax-rules: %s follows nothing that it could repeat",
                          identifier->name);
        return NULL;
    }
    if (means(c, identifier, "_")) {
        p->kind = PATTERN_ANY;
        return p;
    }
    if (find_variable(r, identifier) >= 0) {
        (void)cp_complain(c->complaint, term->position,
                          "syntax-rules: the pattern variable %s stands twice in one pattern",
                          identifier->name);
        return NULL;
    }
    if (!add_item(c->arena, (void **)&r->variables, r->variable_count, &c->variable_capacity,
                  sizeof(variable)))
        return NULL;
    p->kind = PATTERN_VARIABLE;
    p->index = r->variable_count;
    r->variables[r->variable_count++] = (variable){identifier, depth};
    return p;
}

/* The pattern of a list: a loop along its pairs. */
static pattern *compile_list(compiler *c, cp_term *term, uint32_t depth)
{
    pattern *first = NULL, **end = &first;
    bool has_repeat = false;
    for (; cp_term_is_pair(term); term = term->as.pair.cdr) {
        pattern *p = CP_TAKE(c->arena, pattern);
        if (p == NULL)
            return NULL;
        bool is_repeat = is_followed(c, term);
        if (is_repeat && has_repeat) {
            (void)cp_complain(c->complaint, term->as.pair.car->position,
                              "syntax-rules: two ellipses in one list of a pattern, expected one");
            return NULL;
        }
        has_repeat = has_repeat || is_repeat;
        p->kind = is_repeat ? PATTERN_REPEAT : PATTERN_PAIR;
        p->first = c->rule->variable_count;
        p->car = compile_pattern(c, term->as.pair.car, depth + is_repeat);
        p->end = c->rule->variable_count;
        if (p->car == NULL)
            return NULL;
        if (is_repeat)
            term = term->as.pair.cdr;
        for (cp_term *rest = term->as.pair.cdr; is_repeat && cp_term_is_pair(rest);
             rest = rest->as.pair.cdr)
            p->minimum++;
        *end = p;
        end = &p->cdr;
    }
    *end = compile_pattern(c, term, depth);
    return *end == NULL ? NULL : first;
}

static cp_term *vector_to_list(cp_terms *terms, const cp_term *vector)
{
    cp_term *list = cp_term_value(terms, CP_NIL, vector->position);
    for (uint32_t i = vector->length; i > 0 && list != NULL; i--)
        list = cp_term_pair(terms, vector->as.items[i - 1], list, vector->position);
    return list;
}

static pattern *compile_pattern(compiler *c, cp_term *term, uint32_t depth)
{
    if (cp_term_is_pair(term))
        return compile_list(c, term, depth);
    pattern *p = CP_TAKE(c->arena, pattern);
    if (p == NULL)
        return NULL;
    if (cp_term_is_identifier(term))
        return compile_identifier(c, term, p, depth);
    if (term->kind == CP_TERM_VECTOR) {
        cp_term *list = vector_to_list(c->scopes->core->terms, term);
        p->kind = PATTERN_VECTOR;
        p->car = list == NULL ? NULL : compile_pattern(c, list, depth);
        return p->car == NULL ? NULL : p;
    }
    p->kind = PATTERN_ATOM;
    p->atom = term;
    return p;
}

/* ---- Templates ----------------------------------------------------------------------------- */

/* A template being compiled: LEFT[v] is how many ellipses variable v still wants. */
typedef struct context {
    compiler *c;
    uint32_t *left;
    bool is_escaped; /* inside (... template) */
} context;

static template *compile_template(context *x, cp_term *term);

static template *compile_inserted(context *x, cp_term *term, template *t)
{
    rule *r = x->c->rule;
    t->kind = TEMPLATE_RENAME;
    t->term = term;
    for (uint32_t i = 0; i < r->renamed_count; i++) {
        if (r->renamed[i] == term->as.identifier) {
            t->index = i;
            return t;
        }
    }
    if (!add_item(x->c->arena, (void **)&r->renamed, r->renamed_count, &x->c->renamed_capacity,
                  sizeof *r->renamed))
        return NULL;
    t->index = r->renamed_count;
    r->renamed[r->renamed_count++] = term->as.identifier;
    return t;
}

/* Mark in USED the variables of TERM; *levels[v] is the most ellipses above one of its places. */
static void scan_variables(const context *x, cp_term *term, uint32_t level, bool *used,
                           uint32_t *levels)
{
    for (; cp_term_is_pair(term); term = term->as.pair.cdr) {
        cp_term *car = term->as.pair.car;
        uint32_t inner = level;
        while (!x->is_escaped && is_followed(x->c, term)) {
            inner++;
            term = term->as.pair.cdr;
        }
        scan_variables(x, car, inner, used, levels);
    }
    if (term->kind == CP_TERM_VECTOR) {
        for (uint32_t i = 0; i < term->length; i++) {
            bool is_next =
                i + 1 < term->length && !x->is_escaped && is_ellipsis(x->c, term->as.items[i + 1]);
            scan_variables(x, term->as.items[i], level + is_next, used, levels);
        }
    }
    if (!cp_term_is_identifier(term))
        return;
    int64_t index = find_variable(x->c->rule, term->as.identifier);
    if (index < 0)
        return;
    used[index] = true;
    if (level > levels[index])
        levels[index] = level;
}

/* Whether a variable that stands under LEVEL inner ellipses in the same term as V has a deeper
 * pattern than V, so that the inner ellipses are driven without V. */
static bool is_driven_without(const rule *r, const bool *used, const uint32_t *levels, uint32_t v)
{
    for (uint32_t w = 0; w < r->variable_count; w++) {
        if (used[w] && r->variables[w].depth > r->variables[v].depth && levels[w] >= levels[v])
            return true;
    }
    return false;
}

/* The template of CAR followed by an ellipsis, with INNER ones between. */
static template *compile_repeat(context *x, cp_term *car, uint32_t inner)
{
    rule *r = x->c->rule;
    template *t = CP_TAKE(x->c->arena, template);
    bool *used = CP_TAKE_ARRAY(x->c->arena, r->variable_count, bool);
    uint32_t *levels = CP_TAKE_ARRAY(x->c->arena, r->variable_count, uint32_t);
    uint32_t *driven = CP_TAKE_ARRAY(x->c->arena, r->variable_count, uint32_t);
    if (t == NULL || used == NULL || levels == NULL || driven == NULL)
        return NULL;
    scan_variables(x, car, inner, used, levels);
    t->kind = TEMPLATE_REPEAT;
    t->used = used;
    t->driven = driven;
    for (uint32_t v = 0; v < r->variable_count; v++) {
        if (!used[v] || x->left[v] == 0)
            continue;
        if (x->left[v] > levels[v] || is_driven_without(r, used, levels, v))
            driven[t->driven_count++] = v;
    }
    if (t->driven_count == 0) {
        (void)cp_complain(x->c->complaint, car->position,
                          "syntax-rules: no variable in front of the ellipsis repeats");
        return NULL;
    }
    for (uint32_t i = 0; i < t->driven_count; i++)
        x->left[driven[i]]--;
    return t;
}

/* CAR with COUNT ellipses behind it, the outermost first. */
static template *compile_repeated(context *x, cp_term *car, uint32_t count)
{
    template *outer = NULL, **end = &outer;
    template *levels[16];
    if (count > CP_COUNT_OF(levels)) {
        (void)cp_complain(x->c->complaint, car->position,
                          "syntax-rules: %u ellipses in a row, expected at most 16", count);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        template *t = compile_repeat(x, car, count - 1 - i);
        if (t == NULL)
            return NULL;
        levels[i] = t;
        *end = t;
        end = &t->car;
    }
    *end = compile_template(x, car);
    if (*end == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t d = 0; d < levels[i]->driven_count; d++)
            x->left[levels[i]->driven[d]]++;
    }
    return outer;
}

static template *compile_template_list(context *x, cp_term *term)
{
    template *first = NULL, **end = &first;
    while (cp_term_is_pair(term)) {
        cp_term *car = term->as.pair.car;
        uint32_t ellipses = 0;
        cp_term *pair = term;
        while (!x->is_escaped && is_followed(x->c, term)) {
            ellipses++;
            term = term->as.pair.cdr;
        }
        template *t;
        if (ellipses > 0) {
            t = compile_repeated(x, car, ellipses);
        } else {
            t = CP_TAKE(x->c->arena, template);
            if (t != NULL) {
                t->kind = TEMPLATE_PAIR;
                t->car = compile_template(x, car);
                if (t->car == NULL)
                    t = NULL;
            }
        }
        if (t == NULL)
            return NULL;
        t->term = pair;
        *end = t;
        end = &t->cdr;
        term = term->as.pair.cdr;
    }
    *end = compile_template(x, term);
    return *end == NULL ? NULL : first;
}

static template *compile_template_identifier(context *x, cp_term *term, template *t)
{
    int64_t index = find_variable(x->c->rule, term->as.identifier);
    if (index < 0) {
        if (!x->is_escaped && is_ellipsis(x->c, term)) {
            (void)cp_complain(x->c->complaint, term->position,
                              "syntax-rules: %s follows nothing that it could repeat",
                              term->as.identifier->name);
            return NULL;
        }
        return compile_inserted(x, term, t);
    }
    if (x->left[index] > 0) {
        (void)cp_complain(x->c->complaint, term->position,
                          "syntax-rules: %s wants %u more ellipsis behind it in the template",
                          term->as.identifier->name, x->left[index]);
        return NULL;
    }
    t->kind = TEMPLATE_VARIABLE;
    t->index = (uint32_t)index;
    return t;
}

static template *compile_template(context *x, cp_term *term)
{
    if (cp_term_is_pair(term)) {
        bool is_escape = !x->is_escaped && is_ellipsis(x->c, term->as.pair.car) &&
                         cp_term_is_pair(term->as.pair.cdr) &&
                         cp_term_is_nil(term->as.pair.cdr->as.pair.cdr);
        if (!is_escape)
            return compile_template_list(x, term);
        x->is_escaped = true;
        template *escaped = compile_template(x, term->as.pair.cdr->as.pair.car);
        x->is_escaped = false;
        return escaped;
    }
    template *t = CP_TAKE(x->c->arena, template);
    if (t == NULL)
        return NULL;
    t->term = term;
    if (cp_term_is_identifier(term))
        return compile_template_identifier(x, term, t);
    if (term->kind == CP_TERM_VECTOR) {
        cp_term *list = vector_to_list(x->c->scopes->core->terms, term);
        t->kind = TEMPLATE_VECTOR;
        t->car = list == NULL ? NULL : compile_template(x, list);
        return t->car == NULL ? NULL : t;
    }
    t->kind = TEMPLATE_TERM;
    return t;
}

/* ---- Parsing ------------------------------------------------------------------------------- */

static bool compile_rule(compiler *c, cp_term *term)
{
    if (cp_term_length(term) != 2)
        return cp_complain(c->complaint, term->position,
                           "syntax-rules: a rule is not (pattern template)");
    cp_term *head = term->as.pair.car;
    cp_term *body = term->as.pair.cdr->as.pair.car;
    if (!cp_term_is_pair(head))
        return cp_complain(c->complaint, head->position,
                           "syntax-rules: a pattern is not a list that begins with the keyword");
    rule *r = c->rule;
    c->variable_capacity = 0;
    c->renamed_capacity = 0;
    r->pattern = compile_pattern(c, head->as.pair.cdr, 0);
    if (r->pattern == NULL)
        return false;
    uint32_t *left = CP_TAKE_ARRAY(c->arena, r->variable_count, uint32_t);
    if (left == NULL)
        return false;
    for (uint32_t i = 0; i < r->variable_count; i++)
        left[i] = r->variables[i].depth;
    context x = {c, left, false};
    r->template = compile_template(&x, body);
    return r->template != NULL;
}

static bool parse_literals(compiler *c, cp_term *list)
{
    int64_t length = cp_term_length(list);
    if (length < 0)
        return cp_complain(c->complaint, list->position,
                           "syntax-rules: the literals are no list of identifiers");
    c->rules->literals = CP_TAKE_ARRAY(c->arena, (size_t)length, cp_identifier *);
    if (c->rules->literals == NULL)
        return false;
    for (; cp_term_is_pair(list); list = list->as.pair.cdr) {
        if (!cp_term_is_identifier(list->as.pair.car))
            return cp_complain(c->complaint, list->as.pair.car->position,
                               "syntax-rules: a literal is no identifier");
        c->rules->literals[c->rules->literal_count++] = list->as.pair.car->as.identifier;
    }
    return true;
}

static bool parse_spec(compiler *c, cp_term *spec)
{
    cp_term *rest = spec->as.pair.cdr;
    if (cp_term_length(spec) < 2)
        return cp_complain(c->complaint, spec->position,
                           "syntax-rules: no literals, expected (syntax-rules (literal ...) "
                           "(pattern template) ...)");
    if (cp_term_is_identifier(rest->as.pair.car)) {
        c->rules->ellipsis = rest->as.pair.car->as.identifier;
        rest = rest->as.pair.cdr;
        if (!cp_term_is_pair(rest))
            return cp_complain(c->complaint, spec->position,
                               "syntax-rules: no literals after the ellipsis");
    }
    if (!parse_literals(c, rest->as.pair.car))
        return false;
    rest = rest->as.pair.cdr;
    int64_t count = cp_term_length(rest);
    c->rules->rules = CP_TAKE_ARRAY(c->arena, (size_t)count, rule);
    if (c->rules->rules == NULL)
        return false;
    for (; cp_term_is_pair(rest); rest = rest->as.pair.cdr) {
        c->rule = &c->rules->rules[c->rules->rule_count];
        if (!compile_rule(c, rest->as.pair.car))
            return false;
        c->rules->rule_count++;
    }
    return true;
}

cp_rules *cp_rules_parse(cp_scopes *scopes, cp_scope *scope, const char *name, cp_term *spec,
                         cp_complaint *complaint)
{
    cp_arena *arena = &scopes->core->terms->arena;
    cp_rules *rules = CP_TAKE(arena, cp_rules);
    if (rules == NULL)
        return NULL;
    rules->name = name;
    rules->scope = scope;
    rules->spec = spec;
    compiler c = {.scopes = scopes, .arena = arena, .rules = rules, .complaint = complaint};
    return parse_spec(&c, spec) ? rules : NULL;
}

/* ---- Matching ------------------------------------------------------------------------------ */

typedef struct matcher {
    cp_scopes *scopes;
    cp_arena *arena;
    cp_rules *rules;
    cp_scope *scope; /* of the use */
    capture *captures;
    cp_identifier **aliases;
    cp_position position; /* of the use: what a template inserts stands there */
    cp_complaint *complaint;
} matcher;

static bool match(matcher *m, const pattern *p, cp_term *term);

static bool match_literal(matcher *m, const pattern *p, const cp_term *term)
{
    if (!cp_term_is_identifier(term))
        return false;
    cp_binding *here = cp_scope_look_up(m->scopes, m->scope, term->as.identifier);
    cp_binding *there = cp_scope_look_up(m->scopes, m->rules->scope, p->literal);
    return here != NULL && there != NULL && cp_binding_same(here, there);
}

/* Match the items of *TERM that are not wanted by what follows, and move *TERM behind them. */
static bool match_repeat(matcher *m, const pattern *p, cp_term **term)
{
    uint32_t available = 0;
    for (cp_term *t = *term; cp_term_is_pair(t); t = t->as.pair.cdr)
        available++;
    if (available < p->minimum)
        return false;
    uint32_t count = available - p->minimum;
    uint32_t variables = p->end - p->first;
    capture *items = CP_TAKE_ARRAY(m->arena, (size_t)count * variables, capture);
    if (items == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++, *term = (*term)->as.pair.cdr) {
        if (!match(m, p->car, (*term)->as.pair.car))
            return false;
        for (uint32_t v = 0; v < variables; v++)
            items[(size_t)v * count + i] = m->captures[p->first + v];
    }
    for (uint32_t v = 0; v < variables; v++)
        m->captures[p->first + v] = (capture){NULL, items + (size_t)v * count, count};
    return true;
}

static bool match(matcher *m, const pattern *p, cp_term *term)
{
    for (;; p = p->cdr) {
        switch (p->kind) {
        case PATTERN_ANY:
            return true;
        case PATTERN_VARIABLE:
            m->captures[p->index] = (capture){term, NULL, 0};
            return true;
        case PATTERN_LITERAL:
            return match_literal(m, p, term);
        case PATTERN_ATOM:
            return cp_term_same_atom(p->atom, term);
        case PATTERN_VECTOR: {
            if (term->kind != CP_TERM_VECTOR)
                return false;
            cp_term *list = vector_to_list(m->scopes->core->terms, term);
            return list != NULL && match(m, p->car, list);
        }
        case PATTERN_PAIR:
            if (!cp_term_is_pair(term) || !match(m, p->car, term->as.pair.car))
                return false;
            term = term->as.pair.cdr;
            break;
        case PATTERN_REPEAT:
            if (!match_repeat(m, p, &term))
                return false;
            break;
        }
    }
}

/* ---- Filling in ---------------------------------------------------------------------------- */

/* A list that grows at its end. */
typedef struct list_builder {
    cp_term *first;
    cp_term *last;
} list_builder;

static bool append(matcher *m, list_builder *list, cp_term *item, cp_position position)
{
    cp_term *pair = cp_term_pair(m->scopes->core->terms, item, item, position);
    if (pair == NULL)
        return false;
    if (list->last == NULL)
        list->first = pair;
    else
        list->last->as.pair.cdr = pair;
    list->last = pair;
    return true;
}

static cp_term *fill(matcher *m, const template *t);

/* Append what T, a REPEAT, gives. */
static bool fill_repeat(matcher *m, const template *t, list_builder *list)
{
    capture saved[64];
    if (t->driven_count > CP_COUNT_OF(saved))
        return cp_complain(m->complaint, m->position,
                           "%s: more than 64 pattern variables under one ellipsis", m->rules->name);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->driven_count; i++) {
        saved[i] = m->captures[t->driven[i]];
        if (i > 0 && saved[i].count != count)
            return cp_complain(m->complaint, m->position,
                               "%s: %u and %u items for one ellipsis, expected as many of each",
                               m->rules->name, count, saved[i].count);
        count = saved[i].count;
    }
    bool is_done = true;
    for (uint32_t k = 0; k < count && is_done; k++) {
        for (uint32_t i = 0; i < t->driven_count; i++)
            m->captures[t->driven[i]] = saved[i].items[k];
        if (t->car->kind == TEMPLATE_REPEAT && t->car->cdr == NULL) {
            is_done = fill_repeat(m, t->car, list);
        } else {
            cp_term *item = fill(m, t->car);
            is_done = item != NULL && append(m, list, item, m->position);
        }
    }
    for (uint32_t i = 0; i < t->driven_count; i++)
        m->captures[t->driven[i]] = saved[i];
    return is_done;
}

static cp_term *fill_list(matcher *m, const template *t)
{
    list_builder list = {NULL, NULL};
    for (; t->kind == TEMPLATE_PAIR || t->kind == TEMPLATE_REPEAT; t = t->cdr) {
        if (t->kind == TEMPLATE_REPEAT) {
            if (!fill_repeat(m, t, &list))
                return NULL;
            continue;
        }
        cp_term *item = fill(m, t->car);
        if (item == NULL || !append(m, &list, item, m->position))
            return NULL;
    }
    cp_term *tail = fill(m, t);
    if (tail == NULL || list.last == NULL)
        return tail;
    list.last->as.pair.cdr = tail;
    return list.first;
}

static cp_term *fill_renamed(matcher *m, const template *t)
{
    cp_identifier **alias = &m->aliases[t->index];
    if (*alias == NULL)
        *alias = cp_terms_alias(m->scopes->core->terms, t->term->as.identifier, m->rules->scope);
    return cp_term_identifier(m->scopes->core->terms, *alias, m->position);
}

static cp_term *fill_vector(matcher *m, const template *t)
{
    cp_term *list = fill(m, t->car);
    if (list == NULL)
        return NULL;
    int64_t length = cp_term_length(list);
    cp_term **items = CP_TAKE_ARRAY(m->arena, (size_t)length, cp_term *);
    if (items == NULL)
        return NULL;
    for (int64_t i = 0; i < length; i++, list = list->as.pair.cdr)
        items[i] = list->as.pair.car;
    return cp_term_vector(m->scopes->core->terms, items, (uint32_t)length, m->position);
}

static cp_term *fill(matcher *m, const template *t)
{
    switch (t->kind) {
    case TEMPLATE_TERM:
        return t->term;
    case TEMPLATE_VARIABLE:
        return m->captures[t->index].term;
    case TEMPLATE_RENAME:
        return fill_renamed(m, t);
    case TEMPLATE_PAIR:
    case TEMPLATE_REPEAT:
        return fill_list(m, t);
    case TEMPLATE_VECTOR:
        return fill_vector(m, t);
    }
    return NULL;
}

cp_term *cp_rules_expand(cp_scopes *scopes, cp_rules *rules, cp_term *use, cp_scope *scope,
                         cp_complaint *complaint)
{
    cp_arena *arena = &scopes->core->terms->arena;
    matcher m = {scopes, arena, rules, scope, NULL, NULL, use->position, complaint};
    cp_term *operands = cp_term_is_pair(use) ? use->as.pair.cdr : use;
    for (uint32_t i = 0; i < rules->rule_count; i++) {
        const rule *r = &rules->rules[i];
        m.captures = CP_TAKE_ARRAY(arena, r->variable_count, capture);
        m.aliases = CP_TAKE_ARRAY(arena, r->renamed_count, cp_identifier *);
        if (m.captures == NULL || m.aliases == NULL)
            return NULL;
        if (match(&m, r->pattern, operands))
            return fill(&m, r->template);
        if (arena->is_refused)
            return NULL;
    }
    (void)cp_complain(complaint, use->position, "%s: no rule of the macro fits this use",
                      rules->name);
    return NULL;
}

/* ---- Macros that are kept ------------------------------------------------------------------ */

struct cp_macro {
    const copse_allocator *allocator;
    cp_terms terms;
    const char *name;
    cp_term *spec;
};

/* A copy of a term into TERMS; aliases keep their identity among each other. */
typedef struct copier {
    cp_terms *terms;
    cp_scopes *scopes;    /* where the copy is used, or NULL: in a macro */
    cp_identifier **from; /* aliases that were met, and their copies */
    cp_identifier **to;
    uint32_t count;
    size_t from_capacity, to_capacity;
} copier;

/* The root scope that SCOPE belongs to, as the copy knows it. */
static cp_scope *copy_root(copier *c, cp_scope *scope)
{
    if (c->scopes != NULL)
        return cp_scope_root(c->scopes, scope->environment);
    cp_scope *root = CP_TAKE(&c->terms->arena, cp_scope);
    if (root != NULL)
        root->environment = scope->environment;
    return root;
}

static cp_identifier *copy_identifier(copier *c, cp_identifier *identifier)
{
    if (identifier->base == NULL)
        return cp_terms_name(c->terms, identifier->name, identifier->length);
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->from[i] == identifier)
            return c->to[i];
    }
    cp_binding *own = identifier->bindings; /* a definition that a macro made at top level */
    while (own != NULL && (own->scope->parent != NULL || own->kind != CP_BINDS_GLOBAL))
        own = own->next;
    if (own != NULL)
        return cp_terms_name(c->terms, own->as.global->name, strlen(own->as.global->name));
    cp_identifier *base = copy_identifier(c, identifier->base); /* as deep as macros nested */
    cp_scope *root = copy_root(c, identifier->scope);
    if (base == NULL || root == NULL ||
        !add_item(&c->terms->arena, (void **)&c->from, c->count, &c->from_capacity,
                  sizeof *c->from) ||
        !add_item(&c->terms->arena, (void **)&c->to, c->count, &c->to_capacity, sizeof *c->to))
        return NULL;
    cp_identifier *copy = cp_terms_alias(c->terms, base, root);
    c->from[c->count] = identifier;
    c->to[c->count++] = copy;
    return copy;
}

static cp_term *copy_term(copier *c, const cp_term *term);

static cp_term *copy_list(copier *c, const cp_term *term)
{
    cp_term *first = NULL;
    cp_term **end = &first;
    for (; cp_term_is_pair(term); term = term->as.pair.cdr) {
        cp_term *car = copy_term(c, term->as.pair.car);
        *end = cp_term_pair(c->terms, car, car, term->position);
        if (*end == NULL)
            return NULL;
        end = &(*end)->as.pair.cdr;
    }
    *end = copy_term(c, term);
    return *end == NULL ? NULL : first;
}

static cp_term *copy_term(copier *c, const cp_term *term)
{
    switch (term->kind) {
    case CP_TERM_VALUE:
        return cp_term_value(c->terms, term->as.value, term->position);
    case CP_TERM_PAIR:
        return copy_list(c, term);
    case CP_TERM_VECTOR: {
        cp_term *copy = cp_term_vector(c->terms, term->as.items, term->length, term->position);
        for (uint32_t i = 0; copy != NULL && i < term->length; i++) {
            copy->as.items[i] = copy_term(c, term->as.items[i]);
            if (copy->as.items[i] == NULL)
                return NULL;
        }
        return copy;
    }
    case CP_TERM_IDENTIFIER:
        return cp_term_identifier(c->terms, copy_identifier(c, term->as.identifier),
                                  term->position);
    case CP_TERM_STRING:
    case CP_TERM_NUMBER:
    case CP_TERM_BYTES:
        return cp_term_bytes(c->terms, term->kind, term->as.bytes, term->length, term->position);
    }
    return NULL;
}

cp_macro *cp_macro_new(const copse_allocator *allocator, const cp_rules *rules)
{
    cp_macro *macro = cp_allocate_zeroed(allocator, sizeof *macro);
    if (macro == NULL)
        return NULL;
    macro->allocator = allocator;
    cp_terms_init(&macro->terms, allocator);
    copier c = {.terms = &macro->terms};
    macro->spec = copy_term(&c, rules->spec);
    macro->name = cp_arena_text(&macro->terms.arena, rules->name, strlen(rules->name));
    if (macro->spec == NULL || macro->name == NULL) {
        cp_macro_free(macro);
        return NULL;
    }
    return macro;
}

void cp_macro_free(cp_macro *own)
{
    if (own == NULL)
        return;
    cp_terms_free(&own->terms);
    cp_release(own->allocator, own, sizeof *own);
}

cp_rules *cp_macro_take(cp_scopes *scopes, const cp_macro *macro, cp_scope *root)
{
    copier c = {.terms = scopes->core->terms, .scopes = scopes};
    cp_term *spec = copy_term(&c, macro->spec);
    if (spec == NULL)
        return NULL;
    cp_complaint none = {.is_set = false};
    return cp_rules_parse(scopes, root, macro->name, spec, &none);
}
