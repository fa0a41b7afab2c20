/* gen.h -- behaviour trees as plain data, for everything that must agree on one and its run.
 *
 * Owns:  the description of a tree, what the world answers, the log of a run, random cases.
 * Never: ticks a tree, knows how any system that does is built.
 *
 * A tree is an array of nodes in preorder: children follow their parent, each subtree is one range.
 * The systems under comparison take the same tree, ask the same oracle and write the same log. */
#ifndef CP_TESTS_BT_GEN_H
#define CP_TESTS_BT_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_MANY UINT32_MAX

/* clang-format off */
/* Kind, its name in a script, fewest and most children, what its first argument is. */
#define GEN_KINDS(X)                                  \
    X(SEQ,           "seq",           0, GEN_MANY, NOTHING) \
    X(SEL,           "sel",           0, GEN_MANY, NOTHING) \
    X(MEM_SEQ,       "mem-seq",       0, GEN_MANY, NOTHING) \
    X(MEM_SEL,       "mem-sel",       0, GEN_MANY, NOTHING) \
    X(REACTIVE_SEQ,  "reactive-seq",  0, GEN_MANY, NOTHING) \
    X(REACTIVE_SEL,  "reactive-sel",  0, GEN_MANY, NOTHING) \
    X(ASYNC_SEQ,     "async-seq",     0, GEN_MANY, NOTHING) \
    X(PARALLEL,      "parallel",      0, GEN_MANY, NOTHING) \
    X(IF,            "if",            2, 3,        NOTHING) \
    X(WHILE_DO_ELSE, "while-do-else", 2, 3,        NOTHING) \
    X(INVERT,        "invert",        1, 1,        NOTHING) \
    X(FORCE_SUCCESS, "force-success", 1, 1,        NOTHING) \
    X(FORCE_FAILURE, "force-failure", 1, 1,        NOTHING) \
    X(REPEAT,        "repeat",        1, 1,        TIMES)   \
    X(RETRY,         "retry",         1, 1,        TIMES)   \
    X(TIMEOUT,       "timeout",       1, 1,        MS)      \
    X(DELAY,         "delay",         1, 1,        MS)      \
    X(ON_ERROR,      "on-error",      1, 1,        RESULT)  \
    X(COND,          "cond",          0, 0,        LEAF)    \
    X(ACT,           "act",           0, 0,        LEAF)    \
    X(SUCCEED,       "succeed",       0, 0,        NOTHING) \
    X(FAIL,          "fail",          0, 0,        NOTHING) \
    X(RUNNING,       "running",       0, 0,        NOTHING)

/* Status, its letter in a log. IDLE is a node that neither ran nor ended in this tick. */
#define GEN_STATUSES(X) \
    X(IDLE,    'I')     \
    X(RUNNING, 'R')     \
    X(SUCCESS, 'S')     \
    X(FAILURE, 'F')     \
    X(SKIPPED, 'K')     \
    X(ERROR,   'E')

/* Conditions that any node can have, in the order in which they are looked at. */
#define GEN_CONDITIONS(X)          \
    X(FAILURE_IF, ":failure-if")   \
    X(SUCCESS_IF, ":success-if")   \
    X(IF,         ":if")           \
    X(WHILE,      ":while")

/* Expressions that run when a node ends, and the letter of each in a log. */
#define GEN_HOOKS(X)                    \
    X(ON_SUCCESS, ":on-success", 's')   \
    X(ON_FAILURE, ":on-failure", 'f')   \
    X(ON_HALT,    ":on-halt",    'h')   \
    X(POST,       ":post",       'p')

/* What a log records. NODE is an index in preorder; NUMBER is what the row says. */
#define GEN_EVENTS(X)                                                                        \
    X(STEP_BEGIN)  /* number: gen_operation; at_ms: the clock of the step                 */ \
    X(STEP_END)    /* status of the tick; of a halt: idle, or running = something stops   */ \
    X(EXPRESSION)  /* number: gen_condition; status: success = true, failure = false      */ \
    X(CONDITION)   /* a cond was evaluated, number: how often by now; status: its answer  */ \
    X(LEAF_START)  /* number: activation, from 1                                          */ \
    X(LEAF_TICK)   /* number: activation; status: its answer, all but running is its end  */ \
    X(LEAF_HALT)   /* number: activation; its halt began, and is over if it is not slow   */ \
    X(HALT_RESUME) /* number: activation; a slow halt went on                             */ \
    X(HALT_DONE)   /* number: activation; a slow halt came to its end                     */ \
    X(HALT_CUT)    /* number: activation; a slow halt used up its time                    */ \
    X(HOOK)        /* number: gen_hook                                                    */ \
    X(NODE_END)    /* status: success, failure, skipped or error                          */
/* clang-format on */

typedef enum {
#define X(name, text, fewest, most, argument) GEN_KIND_##name,
    GEN_KINDS(X)
#undef X
        GEN_KIND_COUNT
} gen_kind;

typedef enum {
#define X(name, letter) GEN_##name,
    GEN_STATUSES(X)
#undef X
} gen_status;

typedef enum {
#define X(name, text) GEN_CONDITION_##name,
    GEN_CONDITIONS(X)
#undef X
        GEN_CONDITION_COUNT
} gen_condition;

typedef enum {
#define X(name, text, letter) GEN_HOOK_##name,
    GEN_HOOKS(X)
#undef X
        GEN_HOOK_COUNT
} gen_hook;

typedef enum {
#define X(name) GEN_EVENT_##name,
    GEN_EVENTS(X)
#undef X
} gen_event_kind;

typedef enum {
    GEN_ARGUMENT_NOTHING,
    GEN_ARGUMENT_TIMES,
    GEN_ARGUMENT_MS,
    GEN_ARGUMENT_RESULT,
    GEN_ARGUMENT_LEAF,
} gen_argument;

typedef struct {
    const char *name;
    uint32_t fewest; /* children */
    uint32_t most;
    gen_argument argument;
} gen_kind_row;

enum {
    GEN_HALT_WITHIN_MS = 1000, /* default of :halt-within-ms */
    GEN_OUTPUT_COUNT = 3,      /* outputs in random trees */
};

/* One node. A field that its kind does not name is 0 or false, and then means nothing. */
typedef struct {
    gen_kind kind;
    uint32_t child_count;
    uint32_t leaf;          /* act, cond: from 1, unique in its tree, kept by the shrinker */
    uint32_t outputs;       /* act: the outputs of its :uses, a bit each */
    int64_t halt_within_ms; /* act: time that a slow halt has */
    int64_t number;         /* repeat, retry: times, -1 endless; timeout, delay: ms */
    int64_t delay_ms;       /* repeat, retry: wait between two rounds */
    int64_t backoff;        /* repeat, retry: each wait is this often the one before, from 1 */
    bool is_in_place;       /* repeat, retry: rounds follow in the same tick */
    int64_t success;        /* parallel: successes that decide; -1 all, -2 all but one */
    int64_t failure;        /* parallel: failures that decide, counted the same way */
    bool is_early;          /* parallel: the verdict is asked for after each child */
    bool error_is_success;  /* on-error: :success instead of :failure */
    uint32_t conditions[GEN_CONDITION_COUNT]; /* expressions; 0 none, unique in its tree */
    bool has_hook[GEN_HOOK_COUNT];
} gen_node;

typedef struct {
    gen_node *nodes; /* own, in preorder */
    uint32_t count;
} gen_tree;

/* The table of kinds, and the letters of GEN_STATUSES. */
extern const gen_kind_row gen_kinds[GEN_KIND_COUNT];
extern const char gen_status_letters[];

/* A node of KIND without children that has the defaults of every option. */
gen_node gen_node_of(gen_kind kind);

/* Number of nodes in the subtree at INDEX; the next sibling stands that much further. */
uint32_t gen_subtree_size(const gen_tree *tree, uint32_t index);

/* Index of the parent of the node at INDEX, which is not the root. */
uint32_t gen_parent(const gen_tree *tree, uint32_t index);

/* NULL when a compiler would take TREE, else what is wrong with it, for life. */
const char *gen_tree_problem(const gen_tree *tree);

/* Adds NODE behind the others. */
void gen_tree_add(gen_tree *tree, gen_node node);

/* An own copy of TREE. */
gen_tree gen_tree_copy(const gen_tree *tree);

void gen_tree_free(gen_tree *tree);

/* What the world answers. The two systems ask the same questions in the same words, so a pure
 * function of its arguments answers both alike. Numbers count from 1 and never
 * start over. */
typedef struct {
    /* Answer of the TICKth tick in the ACTIVATIONth run of LEAF. Anything but idle. */
    gen_status (*leaf)(void *context, uint32_t leaf, uint32_t activation, uint32_t tick);
    /* Answer of the EVALUATIONth look at the condition LEAF: success, failure or error. */
    gen_status (*condition)(void *context, uint32_t leaf, uint32_t evaluation);
    /* Value of an expression at its EVALUATIONth look: success = true, failure = false, error. */
    gen_status (*expression)(void *context, uint32_t expression, uint32_t evaluation);
    /* Ticks that the halt of this run of LEAF goes on after the tick that began it; 0 = it is over
     * at once. */
    uint32_t (*halt_ticks)(void *context, uint32_t leaf, uint32_t activation);
    void *context;
} gen_oracle;

/* The oracle that hashes SEED with the question. SEED is borrowed for the life of the oracle; it
 * also decides whether the run knows errors, skips and slow halts at all. */
gen_oracle gen_oracle_of_seed(const uint64_t *seed);

typedef struct {
    gen_event_kind kind;
    uint32_t node;
    uint32_t number;
    gen_status status;
    int64_t at_ms; /* of a STEP_BEGIN; 0 elsewhere */
} gen_event;

typedef struct {
    gen_event *events; /* own */
    uint32_t count;
    uint32_t capacity;
} gen_log;

void gen_log_add(gen_log *log, gen_event event);
void gen_log_free(gen_log *log);

/* Index of the first event in which LEFT and RIGHT differ, or GEN_MANY when they are the same. */
uint32_t gen_log_difference(const gen_log *left, const gen_log *right);

typedef enum {
    GEN_TICK,
    GEN_HALT,
    GEN_RESTART,
} gen_operation;

typedef struct {
    gen_operation operation;
    int64_t now_ms; /* never less than in the step before */
} gen_step;

/* A tree, the seed of its oracle, and what is done to it. */
typedef struct {
    uint64_t seed;
    gen_tree tree;
    gen_step *steps; /* own */
    uint32_t step_count;
} gen_case;

/* How large a random case may become. */
typedef struct {
    uint32_t depth; /* edges from the root to the lowest node */
    uint32_t width; /* children of one node */
    uint32_t nodes; /* in the tree, about */
    uint32_t steps;
} gen_limits;

/* An own random case: all kinds and options, the same for the same SEED and LIMITS. Its tree has no
 * problem. */
gen_case gen_case_random(uint64_t seed, gen_limits limits);

/* An own copy of GIVEN. */
gen_case gen_case_copy(const gen_case *given);

void gen_case_free(gen_case *own);

/* BLOCK, which is own or NULL, with room for COUNT things of SIZE bytes. Never NULL. */
void *gen_grow(void *block, size_t count, size_t size);

/* The next number of the sequence that STATE stands for: splitmix64 (Steele, Lea, Flood, 2014). */
uint64_t gen_random(uint64_t *state);

#endif
