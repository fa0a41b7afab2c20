/* scope.h -- what names mean while a program is expanded.
 *
 * Owns:  scopes, bindings, the lookup of identifiers, and the interface of environments, by which
 *        libraries and the prompt give and take meanings.
 * Never: changes an environment: what a program defines is reported by compile.h when all is well.
 *
 * Hygiene is by renaming with aliases (Clinger and Rees 1991, "Macros that work"): a macro use puts
 * a fresh alias in the place of each identifier of its template. An alias that something binds is
 * a name of its own; one that nothing binds means what its base means where the macro was defined.
 *
 *     scope of a body -> scope of a let -> ... -> root scope = an environment
 *
 * Bindings hang on identifiers, not on scopes: a lookup goes through the few bindings of the very
 * identifier and takes the one whose scope encloses most closely. */
#ifndef CP_INTERP_SCOPE_H
#define CP_INTERP_SCOPE_H

#include "interp/core.h"

typedef struct cp_environment cp_environment;
typedef struct cp_macro cp_macro; /* a syntax-rules macro that outlives its compilation: macro.h */
typedef struct cp_rules cp_rules; /* the same within one compilation: macro.h */

/* ---- Environments -------------------------------------------------------------------------- */

/* What a name means at top level. */
typedef enum cp_meaning {
    CP_MEANS_NOTHING, /* unbound; CELL may still say which cell it would be */
    CP_MEANS_SPECIAL, /* a special form of expand.h, by its standard name */
    CP_MEANS_MACRO,
    CP_MEANS_GLOBAL
} cp_meaning;

typedef struct cp_denotation {
    cp_meaning meaning;
    const char *special;   /* "if" */
    const cp_macro *macro; /* borrowed from the environment for as long as it is not changed */
    const char *cell;      /* link text of the global; NULL: the name can not be a variable here */
    bool is_immutable;     /* an import: set! is an error, and a primitive can not change */
    const char *primitive; /* the standard procedure that the cell holds at present, or NULL */
    int32_t least, most;   /* its arguments, or -1 and -1; most is -1 for any number */
} cp_denotation;

/* A table of names, a library's or the prompt's. The functions are pure; they are called during a
 * compilation, and the names and texts they give live until it ends. */
struct cp_environment {
    void (*look_up)(const cp_environment *environment, const char *name, cp_denotation *denotation);
    /* The name at *NEXT, 0 at first, which is moved; NULL at the end. For "did you mean". */
    const char *(*each_name)(const cp_environment *environment, size_t *next);
    /* Whether cond-expand has the feature NAME, and the library NAME; the latter may be NULL. */
    bool (*has_feature)(const cp_environment *environment, const char *name);
    bool (*has_library)(const cp_environment *environment, const cp_term *name);
    const char *name; /* of the library, as the suffix of private cells; "" at the prompt */
};

/* ---- Scopes -------------------------------------------------------------------------------- */

struct cp_scope {
    cp_scope *parent; /* NULL: a root */
    uint32_t depth;   /* 0: a root */
    const cp_environment *environment;
    cp_scope *next_root;
};

typedef enum cp_binding_kind {
    CP_BINDS_NOTHING, /* at a root only: not known there; GLOBAL may say what it would be */
    CP_BINDS_LOCAL,
    CP_BINDS_GLOBAL,
    CP_BINDS_SPECIAL,
    CP_BINDS_RULES
} cp_binding_kind;

struct cp_binding {
    cp_binding_kind kind;
    cp_scope *scope;
    cp_binding *next; /* of the same identifier */
    cp_identifier *identifier;
    union {
        cp_local *local;
        cp_global *global;
        const char *special;
        cp_rules *rules;
    } as;
};

/* The scopes of one compilation. */
typedef struct cp_scopes {
    cp_nodes *core; /* borrowed */
    cp_scope *roots;
    /* Makes rules of a macro of an environment; NULL when memory is refused. */
    cp_rules *(*take_macro)(void *context, const cp_macro *macro, cp_scope *root);
    void *context;
} cp_scopes;

/* All give NULL when memory is refused. */
cp_scope *cp_scope_root(cp_scopes *scopes, const cp_environment *environment) CP_MUST_USE;
cp_scope *cp_scope_open(cp_scopes *scopes, cp_scope *parent) CP_MUST_USE;

/* Bind IDENTIFIER in SCOPE; the caller fills in kind and meaning. What it meant there is replaced.
 */
cp_binding *cp_scope_bind(cp_scopes *scopes, cp_scope *scope,
                          cp_identifier *identifier) CP_MUST_USE;

/* What IDENTIFIER means in SCOPE. NULL only when memory is refused. */
cp_binding *cp_scope_look_up(cp_scopes *scopes, cp_scope *scope,
                             cp_identifier *identifier) CP_MUST_USE;

/* The binding that IDENTIFIER itself has in SCOPE and in no other, or NULL. */
cp_binding *cp_scope_own(const cp_scope *scope, const cp_identifier *identifier);

/* free-identifier=?: whether two bindings are one and the same meaning. */
bool cp_binding_same(const cp_binding *a, const cp_binding *b);

/* The name that is most like NAME among what is visible in SCOPE, or NULL when none is close. */
const char *cp_scope_suggest(cp_scopes *scopes, const cp_scope *scope, const char *name);

/* ":x" but not ":" nor ":::": stands for itself when nothing binds it. */
bool cp_is_keyword(const cp_identifier *identifier);

#endif
