/* expander.h -- what the parts of the expander share.
 *
 * Owns:  the state of one expansion, and the names of what expand.c gives to the single forms.
 * Never: changes an environment or optimises: definitions are listed, passes come later.
 *
 * The recursion of the expander is as deep as forms nest: at most CP_EXPAND_DEPTH_MAX levels, and
 * what it makes is at most CP_EXPAND_HEIGHT_MAX levels high; beyond, the program is refused with
 * its place. Everything lies in one arena, so that an expansion may be given up at any point. */
#ifndef CP_INTERP_EXPANDER_H
#define CP_INTERP_EXPANDER_H

#include "interp/macro.h"

enum {
    CP_EXPAND_DEPTH_MAX = 1000,
    CP_EXPAND_HEIGHT_MAX = 2000,
    CP_EXPAND_PARAMETERS_MAX = 200, /* of a procedure: what a call can pass in registers */
    CP_EXPAND_STEPS_MAX = 10000     /* macro uses in a row that give a macro use again */
};

/* What a host of the expander provides; all but ENVIRONMENT may be NULL. */
typedef struct cp_expand_options {
    const cp_environment *environment;
    void *context;
    /* The forms of the file NAME as a list in TERMS. NULL: *PROBLEM says why, or memory is refused.
     */
    cp_term *(*include)(void *context, cp_terms *terms, const char *name, bool folds_case,
                        const char **problem);
    /* `import` and `define-library` at top level, already checked (library.h of a later layer does
     * what they say). False: *PROBLEM says why not. */
    bool (*declare)(void *context, const cp_term *form, const char **problem);
    void (*warn)(void *context, cp_position position, const char *text);
    bool (*poll)(void *context); /* false: give up */
} cp_expand_options;

/* A name that the program defines at top level. */
typedef struct cp_definition {
    const char *name;
    cp_global *global;     /* a variable, or */
    const cp_rules *rules; /* a macro, or */
    const char *special;   /* another name of a special form */
    struct cp_definition *next;
} cp_definition;

typedef struct cp_body cp_body;

typedef struct cp_expander {
    cp_nodes core;
    cp_scopes scopes;
    cp_terms *terms;
    cp_expand_options options;
    cp_complaint complaint;
    cp_definition *definitions; /* in order */
    cp_definition **definitions_end;
    struct cp_taken_macro *taken;
    cp_scope *runtime; /* root of the names that expanded code needs: runtime.h */
    uint32_t depth;
    uint32_t poll_count;
    bool is_stopped; /* by poll */
} cp_expander;

/* What a special form may be besides an expression. */
typedef enum cp_special_kind {
    CP_SPECIAL_EXPRESSION,
    CP_SPECIAL_SPLICE, /* begin and its like: forms in its place */
    CP_SPECIAL_DEFINITION,
    CP_SPECIAL_DECLARATION /* import, define-library */
} cp_special_kind;

/* ---- For the forms; in expand.c -------------------------------------------------------------- */

/* The value of TERM. */
cp_node *cp_expand(cp_expander *x, cp_term *term, cp_scope *scope) CP_MUST_USE;

/* The value of the last of FORMS, a list that may begin with definitions; WHO names the form. */
cp_node *cp_expand_body(cp_expander *x, cp_term *forms, cp_scope *scope, const char *who,
                        cp_position at) CP_MUST_USE;

/* The same for a list of expressions; with none, the unspecific value. */
cp_node *cp_expand_sequence(cp_expander *x, cp_term *forms, cp_scope *scope,
                            cp_position at) CP_MUST_USE;

/* Complain, and NULL. */
void *cp_expand_fail(cp_expander *x, cp_position at, const char *format, ...) CP_PRINTF(3, 4);

void cp_expand_warn(cp_expander *x, cp_position at, const char *format, ...) CP_PRINTF(3, 4);

/* The elements of a list as an array. False for no list, or when memory is refused. */
bool cp_expand_list(cp_expander *x, cp_term *list, cp_term ***items, uint32_t *count) CP_MUST_USE;

/* Whether TERM is an identifier that means the special form or auxiliary keyword NAME. */
bool cp_expand_is(cp_expander *x, const cp_term *term, cp_scope *scope, const char *name);

/* A new local variable for the identifier TERM, bound in SCOPE. */
cp_local *cp_expand_bind(cp_expander *x, cp_term *term, cp_scope *scope,
                         const char *who) CP_MUST_USE;

/* A local variable that no program can name. */
cp_local *cp_expand_hidden(cp_expander *x, const char *name, cp_position at) CP_MUST_USE;

/* Parameters: a list of identifiers, perhaps with a rest. */
typedef struct cp_parameters {
    cp_local **locals; /* the rest last */
    uint32_t required;
    bool has_rest;
} cp_parameters;

bool cp_expand_parameters(cp_expander *x, cp_term *list, cp_scope *scope, const char *who,
                          cp_parameters *parameters) CP_MUST_USE;

/* Rules for a transformer in SCOPE, or a special form as another name; in *BINDING. */
bool cp_expand_transformer(cp_expander *x, cp_term *spec, cp_scope *scope, const char *name,
                           const char *who, cp_binding *binding) CP_MUST_USE;

/* Remember that the present definition of a body mentions LOCAL. False when memory is refused. */
bool cp_expand_mention(cp_expander *x, cp_local *local) CP_MUST_USE;

/* Rewrite FORM until its head is no macro. NULL with a complaint, when stopped or refused. */
cp_term *cp_expand_macros(cp_expander *x, cp_term *form, cp_scope *scope) CP_MUST_USE;

/* The special form that FORM is, by its standard name in *NAME; else an expression, and NULL. */
cp_special_kind cp_expand_head(cp_expander *x, const cp_term *form, cp_scope *scope,
                               const char **name);

/* The clause with the parameters LIST and the body FORMS. */
bool cp_expand_clause(cp_expander *x, cp_term *list, cp_term *forms, cp_scope *scope,
                      const char *who, cp_position at, cp_clause *clause) CP_MUST_USE;

/* Read a variable, and remember that the present definition of a body does. */
cp_node *cp_expand_reference(cp_expander *x, cp_local *local, cp_position at) CP_MUST_USE;

/* A call of the runtime's procedure NAME, such as %append, with COUNT operands. */
cp_node *cp_expand_runtime(cp_expander *x, const char *name, cp_node **operands, uint32_t count,
                           cp_position at) CP_MUST_USE;

/* An operation of the machine on at most three operands. */
cp_node *cp_expand_primitive(cp_expander *x, cp_primitive which, cp_node *first, cp_node *second,
                             cp_position at) CP_MUST_USE;

/* The same for what a program wrote as a call: reduced to the operands that opcodes have. NULL
 * without a complaint when the count of operands does not fit: then it is a call. */
cp_node *cp_expand_primitive_call(cp_expander *x, cp_global *global, cp_node **operands,
                                  uint32_t count, cp_position at) CP_MUST_USE;

/* A call, which becomes a primitive when PROCEDURE is one. */
cp_node *cp_expand_call(cp_expander *x, cp_node *procedure, cp_node **operands, uint32_t count,
                        cp_position at) CP_MUST_USE;

/* The forms of a `cond-expand`, `include` or `begin` in the place of FORM, in *FORMS. */
bool cp_expand_splice(cp_expander *x, cp_term *form, cp_scope *scope, const char *special,
                      cp_term **forms) CP_MUST_USE;

/* A list of COUNT terms. */
cp_term *cp_expand_make_list(cp_expander *x, cp_term *const *items, uint32_t count,
                             cp_position at) CP_MUST_USE;

static inline bool cp_expand_is_failed(const cp_expander *x)
{
    return x->complaint.is_set || x->is_stopped || x->terms->arena.is_refused;
}

#endif
