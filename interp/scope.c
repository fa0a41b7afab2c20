/* scope.c -- lookups cost the number of bindings of one identifier times the depth between scopes;
 * both are small in programs. What an environment says is kept as a binding of its root scope. */
#include "interp/scope.h"

#include <string.h>

cp_scope *cp_scope_root(cp_scopes *scopes, const cp_environment *environment)
{
    for (cp_scope *root = scopes->roots; root != NULL; root = root->next_root) {
        if (root->environment == environment)
            return root;
    }
    cp_scope *root = CP_TAKE(&scopes->core->terms->arena, cp_scope);
    if (root != NULL) {
        *root = (cp_scope){NULL, 0, environment, scopes->roots};
        scopes->roots = root;
    }
    return root;
}

cp_scope *cp_scope_open(cp_scopes *scopes, cp_scope *parent)
{
    cp_scope *scope = CP_TAKE(&scopes->core->terms->arena, cp_scope);
    if (scope != NULL)
        *scope = (cp_scope){parent, parent->depth + 1, parent->environment, NULL};
    return scope;
}

cp_binding *cp_scope_own(const cp_scope *scope, const cp_identifier *identifier)
{
    cp_binding *binding = identifier->bindings;
    while (binding != NULL && binding->scope != scope)
        binding = binding->next;
    return binding;
}

cp_binding *cp_scope_bind(cp_scopes *scopes, cp_scope *scope, cp_identifier *identifier)
{
    cp_binding *binding = cp_scope_own(scope, identifier);
    if (binding != NULL)
        return binding;
    binding = CP_TAKE(&scopes->core->terms->arena, cp_binding);
    if (binding != NULL) {
        *binding = (cp_binding){.scope = scope, .next = identifier->bindings};
        binding->identifier = identifier;
        identifier->bindings = binding;
    }
    return binding;
}

static bool encloses(const cp_scope *outer, const cp_scope *scope)
{
    while (scope->depth > outer->depth)
        scope = scope->parent;
    return scope == outer;
}

/* The innermost binding of the very IDENTIFIER that is visible in SCOPE, or NULL. */
static cp_binding *find_visible(const cp_scope *scope, const cp_identifier *identifier)
{
    cp_binding *best = NULL;
    for (cp_binding *binding = identifier->bindings; binding != NULL; binding = binding->next) {
        bool is_closer = best == NULL || binding->scope->depth > best->scope->depth;
        if (is_closer && encloses(binding->scope, scope))
            best = binding;
    }
    return best;
}

static bool fill_global(cp_scopes *scopes, cp_binding *binding, const cp_denotation *denotation)
{
    const char *name = binding->identifier->name;
    cp_global *global = cp_core_find_global(scopes->core, name, denotation->cell);
    if (global == NULL)
        return false;
    binding->kind = CP_BINDS_GLOBAL;
    binding->as.global = global;
    if (denotation->meaning != CP_MEANS_GLOBAL || global->is_defined)
        return true;
    global->is_immutable = denotation->is_immutable;
    if (denotation->primitive != NULL)
        global->primitive = cp_primitive_find(denotation->primitive);
    global->least = denotation->least;
    global->most = denotation->most;
    return true;
}

/* The binding of a symbol in a root, as its environment says. */
static cp_binding *ask_environment(cp_scopes *scopes, cp_scope *root, cp_identifier *symbol)
{
    cp_binding *binding = cp_scope_bind(scopes, root, symbol);
    if (binding == NULL)
        return NULL;
    cp_denotation denotation = {.meaning = CP_MEANS_NOTHING, .least = -1, .most = -1};
    root->environment->look_up(root->environment, symbol->name, &denotation);
    switch (denotation.meaning) {
    case CP_MEANS_NOTHING:
        if (denotation.cell != NULL && !fill_global(scopes, binding, &denotation))
            return NULL;
        binding->kind = CP_BINDS_NOTHING;
        return binding;
    case CP_MEANS_SPECIAL:
        binding->kind = CP_BINDS_SPECIAL;
        binding->as.special = denotation.special;
        return binding;
    case CP_MEANS_MACRO:
        binding->kind = CP_BINDS_RULES;
        binding->as.rules = scopes->take_macro(scopes->context, denotation.macro, root);
        return binding->as.rules == NULL ? NULL : binding;
    case CP_MEANS_GLOBAL:
        return fill_global(scopes, binding, &denotation) ? binding : NULL;
    }
    return binding;
}

cp_binding *cp_scope_look_up(cp_scopes *scopes, cp_scope *scope, cp_identifier *identifier)
{
    for (;;) { /* ends: each alias was made after its base */
        cp_binding *binding = find_visible(scope, identifier);
        if (binding != NULL)
            return binding;
        if (identifier->base == NULL)
            break;
        scope = identifier->scope;
        identifier = identifier->base;
    }
    while (scope->parent != NULL)
        scope = scope->parent;
    return ask_environment(scopes, scope, identifier);
}

bool cp_binding_same(const cp_binding *a, const cp_binding *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case CP_BINDS_NOTHING:
        return a->identifier->name == b->identifier->name;
    case CP_BINDS_LOCAL:
        return a->as.local == b->as.local;
    case CP_BINDS_GLOBAL:
        return a->as.global == b->as.global;
    case CP_BINDS_SPECIAL:
        return strcmp(a->as.special, b->as.special) == 0;
    case CP_BINDS_RULES:
        return a->as.rules == b->as.rules;
    }
    return false;
}

bool cp_is_keyword(const cp_identifier *identifier)
{
    return identifier->length >= 2 && identifier->name[0] == ':' && identifier->name[1] != ':';
}

/* ---- Did you mean -------------------------------------------------------------------------- */

enum { SUGGEST_LENGTH_MAX = 40 };

/* Edit distance with swaps of neighbours (Damerau 1964, restricted), at most 3. */
static uint32_t distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    if (m > SUGGEST_LENGTH_MAX || n > SUGGEST_LENGTH_MAX || m > n + 2 || n > m + 2)
        return 3;
    uint32_t rows[3][SUGGEST_LENGTH_MAX + 1];
    for (uint32_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= m; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= n; j++) {
            uint32_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swap && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    uint32_t result = rows[m % 3][n];
    return result > 3 ? 3 : result;
}

/* Keep CANDIDATE when it is closer to NAME than what there is; ties go to the lesser text, so that
 * the answer does not depend on the order of a table. */
static void consider(const char *name, const char *candidate, const char **best, uint32_t *found)
{
    uint32_t d = distance(name, candidate);
    if (d < *found || (d == *found && *best != NULL && strcmp(candidate, *best) < 0)) {
        *found = d;
        *best = candidate;
    }
}

const char *cp_scope_suggest(cp_scopes *scopes, const cp_scope *scope, const char *name)
{
    const char *best = NULL;
    uint32_t found = strlen(name) < 3 ? 1 : strlen(name) < 5 ? 2 : 3; /* less than this */
    const cp_terms *terms = scopes->core->terms;
    for (uint32_t i = 0; i < terms->bucket_count; i++) {
        for (cp_identifier *id = terms->buckets[i]; id != NULL; id = id->next) {
            const cp_binding *binding = find_visible(scope, id);
            if (binding != NULL && binding->kind != CP_BINDS_NOTHING)
                consider(name, id->name, &best, &found);
        }
    }
    size_t next = 0;
    const char *candidate;
    while (scope->environment->each_name != NULL &&
           (candidate = scope->environment->each_name(scope->environment, &next)) != NULL)
        consider(name, candidate, &best, &found);
    return best;
}
