/* gen.h -- behaviour trees as plain data, for everything that must agree on one and its run.
 *
 * Owns:  the description of a tree, its text, the script of a run and its log, random cases, the
 *        shrinker.
 * Never: ticks a tree, knows how any system that does is built.
 *
 * A tree is an array of nodes in preorder: children follow their parent, each subtree is one range.
 * The systems under comparison take the same tree, ask the same oracle and write the same log. */
#ifndef CP_TESTS_BT_GEN_H
#define CP_TESTS_BT_GEN_H

#include <stdbool.h>
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

/* Name of KIND in a script, and the number of children that it takes. */
const char *gen_kind_name(gen_kind kind);
uint32_t gen_fewest_children(gen_kind kind);
uint32_t gen_most_children(gen_kind kind);

/* A node of KIND without children that has the defaults of every option. */
gen_node gen_node_of(gen_kind kind);

/* Number of nodes in the subtree at INDEX; the next sibling stands that much further. */
uint32_t gen_subtree_size(const gen_tree *tree, uint32_t index);

/* NULL when a compiler would take TREE, else what is wrong with it, for life. */
const char *gen_tree_problem(const gen_tree *tree);

/* Own text of TREE as a script writes it: the leaves that have options, then the tree. Leaf 3 is
 * (act a3) or (cond c3), output 0 is o0, expression 4 is (e4), every hook is (hook). */
char *gen_tree_text(const gen_tree *tree);

/* Read what gen_tree_text writes into an own TREE. False when TEXT is not of that form; TREE is
 * then empty. Whether the tree makes sense is gen_tree_problem's to say. */
bool gen_tree_parse(const char *text, gen_tree *tree);

void gen_tree_free(gen_tree *tree);

/* What the world answers. The two systems ask the same questions in the same words, so a pure
 * function of its arguments answers both alike. Numbers count from 1 over the life of an instance.
 */
typedef struct {
    /* Answer of the TICKth tick in the ACTIVATIONth run of LEAF. Anything but idle. */
    gen_status (*leaf)(void *context, uint32_t leaf, uint32_t activation, uint32_t tick);
    /* Answer of the EVALUATIONth look at the condition LEAF: success, failure or error. */
    gen_status (*condition)(void *context, uint32_t leaf, uint32_t evaluation);
    /* Value of an expression at its EVALUATIONth look: success = true, failure = false, or error.
     */
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
void gen_log_clear(gen_log *log);
void gen_log_free(gen_log *log);

/* Index of the first event in which LEFT and RIGHT differ, or GEN_MANY when they are the same. */
uint32_t gen_log_difference(const gen_log *left, const gen_log *right);

/* Own text of LOG, a step between two bars:
 *   @50 or halt or restart, a step that is not a tick at the time of the step before it;
 *   +3 start, 3R tick and its answer, -3 halt, ~3 resumed halt, .3 its end, x3 its cut;
 *   ?3S condition and its answer; e4T, e4F, e4E expression; !h0 hook of node 0;
 *   =0S end of node 0, only WITH_ENDS; :S result of the tick, :halted or :stopping of a halt. */
char *gen_log_text(const gen_log *log, const gen_tree *tree, bool with_ends);

char gen_status_letter(gen_status status);

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

void gen_case_free(gen_case *own);

/* Own text of a case: its tree, seed and steps. */
char *gen_case_text(const gen_case *given);

/* True when a case shows the fault that is hunted. Must give the same answer each time. */
typedef bool gen_predicate(void *context, const gen_case *given);

/* The smallest case that FAILS and that is reached from GIVEN, which must fail, by leaving out
 * steps, subtrees, options and passing time, one after the other, until nothing can go; its seed
 * may be another one. Own; GIVEN stays. Cost: about as many calls of FAILS as the square of nodes,
 * options and steps. */
gen_case gen_shrink(const gen_case *given, gen_predicate *fails, void *context);

/* The next number of the sequence that STATE stands for (splitmix64: Steele, Lea and Flood, 2014).
 */
uint64_t gen_random(uint64_t *state);

#endif
