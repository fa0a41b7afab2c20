/* copse/bt.h -- behaviour trees, and the gate in front of everything that moves.
 *
 * A host describes a tree with a builder, which checks it and gives an immutable definition; makes
 * instances of it; and calls copse_bt_tick in its control loop with the time. An instance belongs
 * to the thread that made it: any other thread gets COPSE_ETHREAD. Inside a tick there is no
 * allocation, no lock and no system call. All times are int64 nanoseconds of one monotonic clock of
 * the host. Ownership words are those of <copse/sched.h>.
 *
 * The gate bounds and times out commands. It is no certified safety function: what must never
 * happen needs a device of its own. */
#ifndef COPSE_BT_H
#define COPSE_BT_H

#include <copse/interp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, number, word, text). The numbers are stable: they stand in traces. */
#define COPSE_BT_STATUS_LIST(X)                                                                    \
    X(COPSE_BT_IDLE, 0, "idle", "did not take part, or was halted")                                \
    X(COPSE_BT_RUNNING, 1, "running", "goes on in a later tick")                                   \
    X(COPSE_BT_SUCCESS, 2, "success", "ended and got what it wanted")                              \
    X(COPSE_BT_FAILURE, 3, "failure", "ended without it, and has a reason")                        \
    X(COPSE_BT_SKIPPED, 4, "skipped", "its conditions said that it is not to run")                 \
    X(COPSE_BT_ERROR, 5, "error", "is broken: no result, the tick was abandoned")

#define COPSE_BT_STATUS_ENUM(name, number, word, text) name = number,
typedef enum copse_bt_status { COPSE_BT_STATUS_LIST(COPSE_BT_STATUS_ENUM) } copse_bt_status;
#undef COPSE_BT_STATUS_ENUM

/* The word of STATUS ("running"); "unknown" for any other number. */
COPSE_API const char *copse_bt_status_word(copse_bt_status status);

typedef struct copse_bt_registry copse_bt_registry;     /* the node kinds and leaves of a host */
typedef struct copse_bt_builder copse_bt_builder;       /* a tree while it is described */
typedef struct copse_bt_definition copse_bt_definition; /* a checked tree, immutable, shared */
typedef struct copse_bt_instance copse_bt_instance;     /* one run of a definition */
typedef struct copse_bt_context copse_bt_context;       /* an instance while it calls a host */
typedef struct copse_gate copse_gate;                   /* the outputs of a process */
typedef struct copse_output copse_output;               /* one thing that moves */

#define COPSE_BT_NO_NODE UINT32_MAX

/* ---- Data ---------------------------------------------------------------------------------- */

/* X(name, word): types of blackboard keys and of ports. */
#define COPSE_BT_TYPE_LIST(X)                                                                      \
    X(COPSE_BT_ANY, "any")                                                                         \
    X(COPSE_BT_BOOLEAN, "boolean")                                                                 \
    X(COPSE_BT_INTEGER, "integer")                                                                 \
    X(COPSE_BT_NUMBER, "number")                                                                   \
    X(COPSE_BT_STRING, "string")                                                                   \
    X(COPSE_BT_SYMBOL, "symbol")                                                                   \
    X(COPSE_BT_LIST, "list")                                                                       \
    X(COPSE_BT_VECTOR, "vector")                                                                   \
    X(COPSE_BT_RECORD, "record")

#define COPSE_BT_TYPE_ENUM(name, word) name,
typedef enum copse_bt_type { COPSE_BT_TYPE_LIST(COPSE_BT_TYPE_ENUM) } copse_bt_type;
#undef COPSE_BT_TYPE_ENUM

/* A value that is written in a tree. TYPE is any (then there is none), boolean, integer, number,
 * string, symbol, or list for any other data, which is a parcel. */
typedef struct copse_bt_constant {
    copse_bt_type type;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text;     /* string, symbol */
        copse_parcel *parcel; /* list; the builder that is given it takes it over */
    } as;
} copse_bt_constant;

/* A key of the blackboard. Zero and NULL mean: any type, no unit, no frame, never stale. */
typedef struct copse_bt_key {
    const char *name;
    copse_bt_type type;
    const char *record; /* the name of the type, when it is record */
    const char *unit;
    const char *frame;
    copse_bt_constant initial; /* type any: unset until the first write */
    bool is_input;             /* written by the host only */
    int64_t max_age_ns;        /* an input older than this has no value; 0: never stale */
    copse_bt_status on_stale;  /* failure or error: what a read without value is; idle: as usual */
} copse_bt_key;

/* A port of a leaf. It is bound to a key or to a constant where the leaf stands in a tree. */
typedef struct copse_bt_port {
    const char *name;
    copse_bt_type type;
    const char *record;
    const char *unit;
    const char *frame;
    bool is_output;        /* the leaf writes it; needs no binding */
    bool has_min, has_max; /* numbers below min or above max are errors */
    double min, max;
    copse_bt_constant fallback; /* type any: the port must be bound */
} copse_bt_port;

/* ---- Leaves -------------------------------------------------------------------------------- */

/* MEMORY is this node's own, memory_size bytes, zero at every start; USER is the leaf's. */
typedef copse_bt_status copse_bt_leaf_function(copse_bt_context *context, void *memory, void *user);

/* A leaf in C, borrowed for as long as registries and definitions know it: a static const. Every
 * started leaf ends, by a result of tick, or is halted, exactly once and never both. */
typedef struct copse_bt_leaf {
    const char *name;
    const char *doc;
    bool is_condition; /* only tick, and only success or failure */
    const copse_bt_port *ports;
    uint32_t port_count;
    const char *const *uses; /* names of the outputs that it claims while it runs */
    uint32_t use_count;
    uint32_t memory_size;
    int64_t halt_within_ns; /* time that a slow halt has before it is cut; 0: one second; below 0:
                               none, it is cut in the next tick */

    copse_bt_leaf_function *start; /* before the first tick, in the same tick; failure and error end
                                      the leaf, any other result is ignored; NULL: nothing */
    copse_bt_leaf_function *tick;  /* success, failure, running, skipped, or error */
    copse_bt_leaf_function *halt;  /* running: it goes on, and is called first in each later tick
                                      until it gives another result or is cut; NULL: nothing */
    copse_bt_leaf_function *pause; /* NULL: the leaf is halted by a pause and starts anew */
    copse_bt_leaf_function *resume;
    void *user;
} copse_bt_leaf;

/* The time of the tick on the instance's clock, which stands still while it is paused. */
COPSE_API int64_t copse_bt_now(const copse_bt_context *context);

/* The instance; its functions that change it return COPSE_EBUSY_OWNER during a call. */
COPSE_API copse_bt_instance *copse_bt_context_instance(copse_bt_context *context);

/* The node, which is its index in preorder. */
COPSE_API uint32_t copse_bt_context_node(const copse_bt_context *context);

/* Ends the leaf as failure: `return copse_bt_fail(context, "no-path", "the aisle is blocked");`
 * Both texts are copied, the second cut at 95 bytes; copse_bt_why shows them. */
COPSE_API copse_bt_status copse_bt_fail(copse_bt_context *context, const char *reason,
                                        const char *text) COPSE_MUST_USE;

/* Ends the leaf as error: a bug, not a result. */
COPSE_API copse_bt_status copse_bt_raise(copse_bt_context *context, const char *kind,
                                         const char *text) COPSE_MUST_USE;

/* Read port number PORT, counted as in the leaf's row. False when it has no value now: unset,
 * stale, or of another type; then `return copse_bt_no_value(context);` */
COPSE_API bool copse_bt_read_number(copse_bt_context *context, uint32_t port,
                                    double *value) COPSE_MUST_USE;
COPSE_API bool copse_bt_read_integer(copse_bt_context *context, uint32_t port,
                                     int64_t *value) COPSE_MUST_USE;
COPSE_API bool copse_bt_read_boolean(copse_bt_context *context, uint32_t port,
                                     bool *value) COPSE_MUST_USE;
/* A text constant, borrowed for the life of the definition. */
COPSE_API bool copse_bt_read_text(copse_bt_context *context, uint32_t port,
                                  const char **value) COPSE_MUST_USE;

/* The result of a leaf whose read gave nothing: failure in an action, error in a condition, unless
 * the key says otherwise. */
COPSE_API copse_bt_status copse_bt_no_value(copse_bt_context *context) COPSE_MUST_USE;

/* Whether the key of PORT was written at most MAX_AGE_NS ago. Reads nothing. */
COPSE_API bool copse_bt_is_fresh(const copse_bt_context *context, uint32_t port,
                                 int64_t max_age_ns);

/* Write port number PORT, an output. No effect when it is bound to nothing. */
COPSE_API void copse_bt_write_number(copse_bt_context *context, uint32_t port, double value);
COPSE_API void copse_bt_write_integer(copse_bt_context *context, uint32_t port, int64_t value);
COPSE_API void copse_bt_write_boolean(copse_bt_context *context, uint32_t port, bool value);

/* ---- Node kinds ---------------------------------------------------------------------------- */

/* What a node does next: made by the functions below. */
typedef uint64_t copse_bt_action;

enum { COPSE_BT_ACT_RETURN, COPSE_BT_ACT_TICK, COPSE_BT_ACT_HALT, COPSE_BT_ACT_REQUEST };

/* End this visit with STATUS. Any other than running ends the node: children that still run are
 * halted before its parent hears of it. */
static inline copse_bt_action copse_bt_return(copse_bt_status status)
{
    return (copse_bt_action)status;
}

/* Tick CHILD, then call `child` with its status. */
static inline copse_bt_action copse_bt_tick_child(uint32_t child)
{
    return (copse_bt_action)COPSE_BT_ACT_TICK << 32 | child;
}

/* Halt CHILD, which runs, then call `halted`. */
static inline copse_bt_action copse_bt_halt_child(uint32_t child)
{
    return (copse_bt_action)COPSE_BT_ACT_HALT << 32 | child;
}

/* X(name, word): what kind of value an option takes. */
#define COPSE_BT_OPTION_TYPE_LIST(X)                                                               \
    X(COPSE_BT_OPTION_INTEGER, "an integer")                                                       \
    X(COPSE_BT_OPTION_NUMBER, "a number")                                                          \
    X(COPSE_BT_OPTION_MS, "milliseconds")                                                          \
    X(COPSE_BT_OPTION_FLAG, "#t or #f")                                                            \
    X(COPSE_BT_OPTION_RESULT, ":success or :failure")

#define COPSE_BT_OPTION_TYPE_ENUM(name, word) name,
typedef enum copse_bt_option_type {
    COPSE_BT_OPTION_TYPE_LIST(COPSE_BT_OPTION_TYPE_ENUM)
} copse_bt_option_type;
#undef COPSE_BT_OPTION_TYPE_ENUM

/* The value of an option: integer; ms as integer nanoseconds; flag as 0 or 1; result as a
 * copse_bt_status; number as a double. */
typedef union copse_bt_option_value {
    int64_t integer;
    double number;
} copse_bt_option_value;

typedef struct copse_bt_option {
    const char *name;
    copse_bt_option_type type;
    bool is_required; /* positional: the nth required option is the nth plain argument */
    double initial;   /* when it is not given; ms in milliseconds */
    double min, max;  /* the domain */
    const char *doc;
} copse_bt_option;

#define COPSE_BT_MANY UINT32_MAX

/* What a kind promises or wants, as bits of `flags`. */
enum {
    COPSE_BT_ENDS_CLEAN = 1,    /* when a visit ends the node, none of its children runs */
    COPSE_BT_KEEPS_MEMORY = 2,  /* memory is cleared by a halt and not by a start */
    COPSE_BT_CATCHES = 4,       /* an error below is given to `child`; it ends there */
    COPSE_BT_IS_LEAF = 8,       /* takes the name of a leaf and its arguments */
    COPSE_BT_IS_CONDITION = 16, /* the leaf must answer at once */
    COPSE_BT_IS_CONCURRENT = 32 /* several children run at the same time */
};

/* One row of the node table: built-in kinds and those of a host are the same thing. Borrowed for as
 * long as registries and definitions know it. A callback gets the node, which is an index into the
 * tree in preorder; it must not block. */
typedef struct copse_bt_node_kind {
    const char *name;
    const char *doc;
    const copse_bt_option *options;
    uint32_t option_count;
    uint32_t fewest_children;
    uint32_t most_children;
    uint32_t memory_size; /* bytes, aligned to 8; cleared before `start` */
    uint32_t flags;

    /* Begin; go on in a later tick; a child gave STATUS; a child was halted as asked. */
    copse_bt_action (*start)(copse_bt_context *context, uint32_t node);
    copse_bt_action (*resume)(copse_bt_context *context, uint32_t node);
    copse_bt_action (*child)(copse_bt_context *context, uint32_t node, uint32_t child,
                             copse_bt_status status);
    copse_bt_action (*halted)(copse_bt_context *context, uint32_t node);
    /* The node is halted; its children already are. A return of running is a slow halt. */
    copse_bt_action (*halt)(copse_bt_context *context, uint32_t node);
    /* The answer to a request of the interpreter; NULL in a kind written in C. */
    copse_bt_action (*answered)(copse_bt_context *context, uint32_t node, uint32_t phase,
                                copse_bt_status status);
    /* Check and normalise the options of a node that has CHILD_COUNT children. NULL when they are
     * fine, else what would be right, a constant text. May itself be NULL. */
    const char *(*check)(copse_bt_option_value *options, uint32_t child_count);
} copse_bt_node_kind;

/* For callbacks of node kinds. */
COPSE_API void *copse_bt_node_memory(copse_bt_context *context, uint32_t node);
COPSE_API copse_bt_option_value copse_bt_node_option(const copse_bt_context *context, uint32_t node,
                                                     uint32_t index);
/* COPSE_BT_NO_NODE when there is none. */
COPSE_API uint32_t copse_bt_first_child(const copse_bt_context *context, uint32_t node);
COPSE_API uint32_t copse_bt_next_sibling(const copse_bt_context *context, uint32_t child);
COPSE_API bool copse_bt_is_running(const copse_bt_context *context, uint32_t node);

/* An own registry that has the built-in kinds. NULL when memory is refused. ALLOCATOR NULL is the
 * default one; it also serves builders and definitions. */
COPSE_API copse_bt_registry *copse_bt_registry_new(const copse_allocator *allocator) COPSE_MUST_USE;
/* Definitions that were made with it stay valid. NULL is fine. */
COPSE_API void copse_bt_registry_free(copse_bt_registry *own);

/* COPSE_EINVAL when the row is incomplete or its name is taken, COPSE_ENOMEM. */
COPSE_API copse_status copse_bt_register_leaf(copse_bt_registry *registry,
                                              const copse_bt_leaf *leaf) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_register_node(copse_bt_registry *registry,
                                              const copse_bt_node_kind *kind) COPSE_MUST_USE;

/* ---- Building ------------------------------------------------------------------------------ */

/* X(name, word, is_condition, text): expressions that any node can have, in the order in which the
 * conditions are looked at. Each is a leaf that is a condition and has no ports. */
#define COPSE_BT_EXPRESSION_LIST(X)                                                                \
    X(COPSE_BT_FAILURE_IF, "failure-if", true, "true at the start: failure, no tick")              \
    X(COPSE_BT_SUCCESS_IF, "success-if", true, "true at the start: success, no tick")              \
    X(COPSE_BT_IF, "if", true, "false at the start: skipped")                                      \
    X(COPSE_BT_WHILE, "while", true, "false: halted and skipped")                                  \
    X(COPSE_BT_ON_SUCCESS, "on-success", false, "runs once at that end")                           \
    X(COPSE_BT_ON_FAILURE, "on-failure", false, "runs once at that end")                           \
    X(COPSE_BT_ON_HALT, "on-halt", false, "runs once when the node is halted")                     \
    X(COPSE_BT_POST, "post", false, "runs once after success and failure")

#define COPSE_BT_EXPRESSION_ENUM(name, word, is_condition, text) name,
typedef enum copse_bt_expression {
    COPSE_BT_EXPRESSION_LIST(COPSE_BT_EXPRESSION_ENUM) COPSE_BT_EXPRESSION_COUNT
} copse_bt_expression;
#undef COPSE_BT_EXPRESSION_ENUM

/* An own builder of the tree NAME. The first mistake sticks, with the place of the node that was
 * being described; every later call does nothing. NULL when memory is refused. */
COPSE_API copse_bt_builder *copse_bt_builder_new(copse_bt_registry *registry,
                                                 const char *name) COPSE_MUST_USE;
COPSE_API void copse_bt_builder_free(copse_bt_builder *own);

/* Declare a key of the blackboard, before the first node. */
COPSE_API void copse_bt_builder_key(copse_bt_builder *builder, const copse_bt_key *key);

/* Begin a node of KIND inside the node that is open; PLACE ("tree.scm:12:5", may be NULL) is where
 * it was written. Options, leaf, arguments and expressions come before its children. */
COPSE_API void copse_bt_builder_open(copse_bt_builder *builder, const char *kind,
                                     const char *place);
COPSE_API void copse_bt_builder_name(copse_bt_builder *builder, const char *name);
COPSE_API void copse_bt_builder_option(copse_bt_builder *builder, const char *option, double value);
/* The leaf of an `act` or `cond`, then what its ports are bound to. */
COPSE_API void copse_bt_builder_leaf(copse_bt_builder *builder, const char *leaf);
COPSE_API void copse_bt_builder_bind_key(copse_bt_builder *builder, const char *port,
                                         const char *key);
COPSE_API void copse_bt_builder_bind(copse_bt_builder *builder, const char *port,
                                     copse_bt_constant value);
COPSE_API void copse_bt_builder_expression(copse_bt_builder *builder, copse_bt_expression which,
                                           const char *leaf);
COPSE_API void copse_bt_builder_close(copse_bt_builder *builder);

/* What is wrong, "tree.scm:12:5: repeat: times is 1.5, expected an integer >= -1"; NULL when
 * nothing is. Borrowed for the life of the builder. */
COPSE_API const char *copse_bt_builder_error(const copse_bt_builder *builder);

/* The definition in *OUT, own. COPSE_EINVAL when something is wrong with the tree, COPSE_ENOMEM. */
COPSE_API copse_status copse_bt_builder_finish(copse_bt_builder *builder,
                                               copse_bt_definition **out) COPSE_MUST_USE;

/* A definition is counted: one more owner, one owner less. From any thread. NULL is fine. */
COPSE_API copse_bt_definition *copse_bt_definition_take(copse_bt_definition *definition);
COPSE_API void copse_bt_definition_give(copse_bt_definition *own);

COPSE_API uint32_t copse_bt_definition_node_count(const copse_bt_definition *definition);

/* The path of NODE, "main/0:seq/2:drive", in TEXT, cut to SIZE; gives its whole length. */
COPSE_API size_t copse_bt_definition_path(const copse_bt_definition *definition, uint32_t node,
                                          char *text, size_t size);
/* COPSE_BT_NO_NODE when no node has that path. */
COPSE_API uint32_t copse_bt_definition_find(const copse_bt_definition *definition,
                                            const char *path);

/* The number of the key NAME, or UINT32_MAX. */
COPSE_API uint32_t copse_bt_definition_key(const copse_bt_definition *definition, const char *name);

/* ---- Outputs ------------------------------------------------------------------------------- */

#define COPSE_OUTPUT_DIMS 16

/* X(name, word): where a command comes from, the lowest rank first. */
#define COPSE_SOURCE_LIST(X)                                                                       \
    X(COPSE_SOURCE_TREE, "tree")                                                                   \
    X(COPSE_SOURCE_MANUAL, "manual")                                                               \
    X(COPSE_SOURCE_STOP, "safe-stop")

#define COPSE_SOURCE_ENUM(name, word) name,
typedef enum copse_source { COPSE_SOURCE_LIST(COPSE_SOURCE_ENUM) COPSE_SOURCE_COUNT } copse_source;
#undef COPSE_SOURCE_ENUM

/* X(name, word, text): what the gate did with a command. */
#define COPSE_VERDICT_LIST(X)                                                                      \
    X(COPSE_SENT, "sent", "the values went out as they are")                                       \
    X(COPSE_CLAMPED, "clamped", "values out of range or too fast went out bounded")                \
    X(COPSE_REFUSED_RANGE, "range", "a value is out of range")                                     \
    X(COPSE_REFUSED_RATE, "rate", "a value changes too fast")                                      \
    X(COPSE_REFUSED_NOT_FINITE, "not-finite", "a value is infinite or no number")                  \
    X(COPSE_REFUSED_DIMS, "dims", "the number of values is wrong")                                 \
    X(COPSE_REFUSED_STOPPED, "stopped", "the safe-stop holds until it is cleared")                 \
    X(COPSE_REFUSED_MANUAL, "manual", "a person drives")                                           \
    X(COPSE_REFUSED_NOT_CLAIMED, "not-claimed", "the leaf does not claim the output")              \
    X(COPSE_REFUSED_BUSY, "busy", "another thread is sending")

#define COPSE_VERDICT_ENUM(name, word, text) name,
typedef enum copse_verdict {
    COPSE_VERDICT_LIST(COPSE_VERDICT_ENUM) COPSE_VERDICT_COUNT
} copse_verdict;
#undef COPSE_VERDICT_ENUM

/* X(name, word, text): why a safe-stop runs. */
#define COPSE_STOP_CAUSE_LIST(X)                                                                   \
    X(COPSE_STOP_HOST, "host", "the host asked for it")                                            \
    X(COPSE_STOP_ERROR, "error", "a tick ended as error")                                          \
    X(COPSE_STOP_OVERRUN, "overrun", "too many ticks in a row were over their budget")             \
    X(COPSE_STOP_NO_TICK, "no-tick", "no tick came in time")                                       \
    X(COPSE_STOP_HEARTBEAT, "heartbeat", "a heartbeat was lost")                                   \
    X(COPSE_STOP_SIGNAL, "signal", "the process was told to end")                                  \
    X(COPSE_STOP_CLOSE, "close", "the interpreter was closed")

#define COPSE_STOP_CAUSE_ENUM(name, word, text) name,
typedef enum copse_stop_cause {
    COPSE_STOP_CAUSE_LIST(COPSE_STOP_CAUSE_ENUM) COPSE_STOP_CAUSE_COUNT
} copse_stop_cause;
#undef COPSE_STOP_CAUSE_ENUM

COPSE_API const char *copse_verdict_word(copse_verdict verdict);
COPSE_API const char *copse_source_word(copse_source source);
COPSE_API const char *copse_stop_cause_word(copse_stop_cause cause);

/* Hands VALUES to the device. Called by the owner's thread, and by the watchdog's or from a signal
 * handler with the safe values: it must not block, allocate or take a lock. */
typedef void copse_send_function(void *context, const double *values, uint32_t count);

/* NAME and units are copied. */
typedef struct copse_output_options {
    const char *name;
    uint32_t dims; /* 1 to COPSE_OUTPUT_DIMS */
    const char *units[COPSE_OUTPUT_DIMS];
    double min[COPSE_OUTPUT_DIMS];
    double max[COPSE_OUTPUT_DIMS];
    double rate[COPSE_OUTPUT_DIMS]; /* largest change a second; 0: no limit */
    double safe[COPSE_OUTPUT_DIMS]; /* sent when nothing better holds */
    bool refuses;                   /* out of range or too fast: refuse it; else it is clamped */
    int64_t lease_ns;               /* a command holds that long, then the safe value is sent */
    int64_t manual_lease_ns;        /* the same for a person's; 0: as lease_ns */
    copse_send_function *send;
    void *context;
} copse_output_options;

/* An own gate for at most LIMIT outputs. NULL when memory is refused. */
COPSE_API copse_gate *copse_gate_new(const copse_allocator *allocator,
                                     uint32_t limit) COPSE_MUST_USE;
/* Sends the safe values first. No thread may still use it. NULL is fine. */
COPSE_API void copse_gate_free(copse_gate *own);

/* Declare an output, before the gate is used: in *OUT, borrowed for the life of the gate. When the
 * options make no sense COPSE_EINVAL and what is wrong in TEXT (cut to SIZE); COPSE_EFULL. */
COPSE_API copse_status copse_gate_add(copse_gate *gate, const copse_output_options *options,
                                      copse_output **out, char *text, size_t size) COPSE_MUST_USE;

/* NULL when the gate has no output NAME. */
COPSE_API copse_output *copse_gate_find(copse_gate *gate, const char *name);

/* A command of a person. The first takes the output from the tree; it must be renewed within the
 * manual lease, or the tree has the output back. Any thread, one at a time. */
COPSE_API copse_verdict copse_output_manual(copse_output *output, const double *values,
                                            uint32_t count, int64_t now_ns);
COPSE_API void copse_output_release_manual(copse_output *output, int64_t now_ns);
COPSE_API bool copse_output_is_manual(const copse_output *output);

/* Expire the leases that are over at NOW_NS: their safe values are sent. Gives their number. Called
 * by every tick of an instance that has outputs, and by the watchdog; from any thread. */
COPSE_API uint32_t copse_gate_poll(copse_gate *gate, int64_t now_ns);

/* Send all safe values and refuse all commands until the stop is cleared. From any thread and from
 * a signal handler, when the send functions can be called there. */
COPSE_API void copse_gate_stop(copse_gate *gate, copse_stop_cause cause);
COPSE_API void copse_gate_clear_stop(copse_gate *gate);
/* Bit 1 << cause for each cause that holds. */
COPSE_API uint32_t copse_gate_stop_causes(const copse_gate *gate);

/* "I live", for the watchdog. Ticks of instances with outputs say it too. */
COPSE_API void copse_gate_beat(copse_gate *gate, int64_t now_ns);

/* What an output shows now. */
typedef struct copse_output_state {
    double values[COPSE_OUTPUT_DIMS]; /* sent last */
    copse_source source;              /* of the values sent last; safe-stop also for a lease */
    int64_t sent_ns;
    bool is_safe;         /* the safe values were sent last */
    uint32_t stop_causes; /* as of the output and its gate */
    uint64_t commands;    /* asked for */
    uint64_t verdicts[COPSE_VERDICT_COUNT];
    uint64_t leases_expired;
    uint64_t safe_sends;
    uint64_t rescues; /* safe values that the watchdog sent while a send did not return */
} copse_output_state;

/* False while another thread is sending: ask again. */
COPSE_API bool copse_output_read(copse_output *output, copse_output_state *out) COPSE_MUST_USE;

/* A command of the leaf that is being called, which must claim OUTPUT number USE of its `uses`. */
COPSE_API copse_verdict copse_bt_command(copse_bt_context *context, uint32_t use,
                                         const double *values, uint32_t count);
/* Whether a person drives the output. */
COPSE_API bool copse_bt_is_manual(const copse_bt_context *context, uint32_t use);

/* The watchdog: a thread that looks at the gate each PERIOD_NS by CLOCK, expires leases, and stops
 * the gate with cause heartbeat when no beat came for TIMEOUT_NS (0: beats do not matter). It calls
 * nothing but the send functions. */
typedef struct copse_watchdog copse_watchdog;

typedef struct copse_watchdog_options {
    copse_gate *gate;   /* borrowed */
    copse_clock *clock; /* borrowed; one that may be read from any thread */
    int64_t period_ns;
    int64_t timeout_ns;
    const copse_allocator *allocator;
} copse_watchdog_options;

/* COPSE_EINVAL, COPSE_ENOMEM when memory or the thread is refused. */
COPSE_API copse_status copse_watchdog_new(const copse_watchdog_options *options,
                                          copse_watchdog **out) COPSE_MUST_USE;
/* Ends the thread. NULL is fine. */
COPSE_API void copse_watchdog_free(copse_watchdog *own);

/* ---- Instances ----------------------------------------------------------------------------- */

/* All zero is a good start. */
typedef struct copse_bt_instance_options {
    const copse_allocator *allocator; /* NULL: the default one */
    const char *name;                 /* copied, cut at 31 bytes; NULL: that of the definition */
    copse_gate *gate;  /* borrowed; has the outputs that leaves use. NULL: claims count only inside
                          the instance, and commands are refused as not claimed */
    int64_t budget_ns; /* a tick over it is an overrun; 0: not measured */
    int64_t (*measure)(void *context); /* time for the budget; must not be a system call */
    void *measure_context;
    uint32_t max_overruns; /* so many in a row and the safe-stop runs; 0: 3 */
    /* Runs once when a stop begins; NULL: nothing beyond the safe values of the outputs. */
    void (*safe_stop)(void *context, copse_bt_instance *instance, copse_stop_cause cause);
    void *safe_stop_context;
} copse_bt_instance_options;

/* An own instance in *OUT. The definition is shared and counted. COPSE_EINVAL when an output that a
 * leaf uses is not in the gate, COPSE_ENOMEM. */
COPSE_API copse_status copse_bt_instance_new(copse_bt_definition *definition,
                                             const copse_bt_instance_options *options,
                                             copse_bt_instance **out) COPSE_MUST_USE;
/* Halts all that runs, once; a slow halt is cut. COPSE_EBUSY_OWNER, and nothing happens, inside its
 * own tick. NULL is fine. */
COPSE_API copse_status copse_bt_instance_free(copse_bt_instance *own);

/* One tick at NOW_NS, in *RESULT success, failure, running, skipped or error. A clock that went
 * back halts all first. COPSE_EPAUSED, COPSE_EBUSY_OWNER, COPSE_ETHREAD: nothing happened. */
COPSE_API copse_status copse_bt_tick(copse_bt_instance *instance, int64_t now_ns,
                                     copse_bt_status *result) COPSE_MUST_USE;

/* Halt all that runs and send the safe values of the outputs that it held; restart also clears node
 * memory, reset also the blackboard. *RESULT (may be NULL) is idle, or running while a slow halt
 * goes on in later ticks. */
COPSE_API copse_status copse_bt_halt(copse_bt_instance *instance, int64_t now_ns,
                                     copse_bt_status *result) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_restart(copse_bt_instance *instance, int64_t now_ns,
                                        copse_bt_status *result) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_reset(copse_bt_instance *instance, int64_t now_ns,
                                      copse_bt_status *result) COPSE_MUST_USE;
/* Reset at the end of the tick that is going on, or of the next. */
COPSE_API copse_status copse_bt_request_reset(copse_bt_instance *instance);

/* The instance's clock stands still; leaves with `pause` get it, others are halted; outputs go
 * safe. */
COPSE_API copse_status copse_bt_pause(copse_bt_instance *instance, int64_t now_ns) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_resume(copse_bt_instance *instance, int64_t now_ns) COPSE_MUST_USE;

/* Run the safe-stop: it latches, ticks go on, the gate refuses what the tree commands. */
COPSE_API copse_status copse_bt_stop(copse_bt_instance *instance, copse_stop_cause cause);
COPSE_API copse_status copse_bt_clear_stop(copse_bt_instance *instance);

/* The earliest time at which a node's waiting is over, as of the last tick; COPSE_NEVER. */
COPSE_API int64_t copse_bt_next_deadline(const copse_bt_instance *instance);

/* The last result of NODE: running while it runs, idle after a halt. */
COPSE_API copse_bt_status copse_bt_node_status(const copse_bt_instance *instance, uint32_t node);

/* Write key number KEY from outside a tick; AT_NS is when the value was true. COPSE_EINVAL for a
 * key that is not there or has another type. */
COPSE_API copse_status copse_bt_set_number(copse_bt_instance *instance, uint32_t key, double value,
                                           int64_t at_ns) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_set_integer(copse_bt_instance *instance, uint32_t key,
                                            int64_t value, int64_t at_ns) COPSE_MUST_USE;
COPSE_API copse_status copse_bt_set_boolean(copse_bt_instance *instance, uint32_t key, bool value,
                                            int64_t at_ns) COPSE_MUST_USE;
/* False when the key has no value, or one of another type. Age does not matter. */
COPSE_API bool copse_bt_get_number(const copse_bt_instance *instance, uint32_t key,
                                   double *value) COPSE_MUST_USE;
COPSE_API bool copse_bt_get_integer(const copse_bt_instance *instance, uint32_t key,
                                    int64_t *value) COPSE_MUST_USE;
COPSE_API bool copse_bt_get_boolean(const copse_bt_instance *instance, uint32_t key,
                                    bool *value) COPSE_MUST_USE;

/* Why the last tick ended as it did: the path from the root to the node that decided, a line each,
 * then its reason and the keys that it read with their ages. Cut to SIZE; gives the whole length.
 */
COPSE_API size_t copse_bt_why(const copse_bt_instance *instance, char *text, size_t size);

/* The last error. NODE is COPSE_BT_NO_NODE when there was none. Borrowed until the next call. */
typedef struct copse_bt_error_info {
    uint32_t node;
    uint64_t tick;
    const char *kind;
    const char *text;
} copse_bt_error_info;

COPSE_API copse_bt_error_info copse_bt_last_error(const copse_bt_instance *instance);

typedef struct copse_bt_stats {
    uint64_t ticks;
    uint64_t leaves_started; /* = ended + halted + running + stopping */
    uint64_t leaves_ended;
    uint64_t leaves_halted; /* stopping ones not */
    uint64_t leaves_running;
    uint64_t leaves_stopping;
    uint64_t halts_cut;
    uint64_t errors;
    uint64_t overruns;
    uint64_t overruns_in_a_row;
    int64_t worst_tick_ns;   /* of measured ticks */
    int64_t slowest_leaf_ns; /* in the last overrun */
    uint32_t slowest_leaf;   /* the node that used most of it, or COPSE_BT_NO_NODE */
    uint32_t stop_causes;    /* of this instance */
    uint64_t clock_jumps;
    uint64_t trace_dropped;
} copse_bt_stats;

COPSE_API void copse_bt_read_stats(const copse_bt_instance *instance, copse_bt_stats *out);

/* ---- Trace --------------------------------------------------------------------------------- */

/* X(name, word, what node, status and number mean). The numbers are stable in one version. */
#define COPSE_TRACE_LIST(X)                                                                        \
    X(COPSE_TRACE_TICK_BEGIN, "tick_begin", "number: the tick")                                    \
    X(COPSE_TRACE_TICK_END, "tick_end", "status of the root; number: measured nanoseconds")        \
    X(COPSE_TRACE_NODE_ENTER, "node_enter", "a visit begins")                                      \
    X(COPSE_TRACE_NODE_EXIT, "node_exit", "a visit ends with status")                              \
    X(COPSE_TRACE_NODE_HALT, "node_halt", "a running node was halted")                             \
    X(COPSE_TRACE_LEAF_START, "leaf_start", "a leaf was started")                                  \
    X(COPSE_TRACE_LEAF_WAIT, "leaf_wait", "a leaf waits for an output or its own halt")            \
    X(COPSE_TRACE_LEAF_PREEMPT, "leaf_preempt", "a leaf loses its output; number: to which node")  \
    X(COPSE_TRACE_LEAF_PAUSE, "leaf_pause", "")                                                    \
    X(COPSE_TRACE_LEAF_RESUME, "leaf_resume", "")                                                  \
    X(COPSE_TRACE_EXPRESSION, "expression", "status; number: copse_bt_expression")                 \
    X(COPSE_TRACE_STOPPING, "stopping", "a slow halt goes on")                                     \
    X(COPSE_TRACE_STOPPED, "stopped", "a slow halt has ended")                                     \
    X(COPSE_TRACE_HALT_CUT, "halt_cut", "a slow halt used up its time")                            \
    X(COPSE_TRACE_BB_WRITE, "bb_write", "node, or none: the host; number: key")                    \
    X(COPSE_TRACE_ERROR, "error", "a node is broken")                                              \
    X(COPSE_TRACE_HALT_ERROR, "halt_error", "an error in a halt, which went on")                   \
    X(COPSE_TRACE_OVERRUN, "overrun", "node that used most; number: nanoseconds of the tick")      \
    X(COPSE_TRACE_CLOCK_BACK, "clock_back", "number: nanoseconds that the clock went back")        \
    X(COPSE_TRACE_HALT_ALL, "halt_all", "by the host; number: cp_operation")                       \
    X(COPSE_TRACE_OUTPUT, "output", "a command; number: verdict << 32 | output")                   \
    X(COPSE_TRACE_LEASE_EXPIRED, "lease_expired", "number: how many")                              \
    X(COPSE_TRACE_SAFE_STOP, "safe_stop", "number: cause")                                         \
    X(COPSE_TRACE_STOP_CLEARED, "stop_cleared", "")                                                \
    X(COPSE_TRACE_SCHEDULER_SUBMIT, "scheduler_submit", "number: job")                             \
    X(COPSE_TRACE_SCHEDULER_START, "scheduler_start", "number: job")                               \
    X(COPSE_TRACE_SCHEDULER_FINISH, "scheduler_finish", "number: job")                             \
    X(COPSE_TRACE_SCHEDULER_CANCEL, "scheduler_cancel", "number: job")

#define COPSE_TRACE_ENUM(name, word, text) name,
typedef enum copse_trace_kind {
    COPSE_TRACE_LIST(COPSE_TRACE_ENUM) COPSE_TRACE_COUNT
} copse_trace_kind;
#undef COPSE_TRACE_ENUM

typedef struct copse_trace_record {
    uint64_t sequence; /* from 1, without gaps in an instance */
    int64_t time_ns;   /* the clock of the tick */
    uint64_t number;
    uint32_t node; /* or COPSE_BT_NO_NODE */
    uint16_t kind; /* copse_trace_kind */
    uint16_t status;
} copse_trace_record;

COPSE_API const char *copse_trace_word(copse_trace_kind kind);

/* Keep the last CAPACITY records (rounded up to a power of two) from now on; 0 ends the trace and
 * forgets it. COPSE_ENOMEM: the trace is as before. */
COPSE_API copse_status copse_bt_trace_enable(copse_bt_instance *instance,
                                             uint32_t capacity) COPSE_MUST_USE;

/* Copy the records after sequence number AFTER, at most LIMIT, the oldest first; gives their
 * number. Begin with 0; go on with the sequence of the last. */
COPSE_API uint32_t copse_bt_trace_read(const copse_bt_instance *instance, uint64_t after,
                                       copse_trace_record *records, uint32_t limit);

#ifdef __cplusplus
}
#endif

#endif
