/* model.c -- a recursive walk over allocated nodes. Every question about meaning is answered by
 * the table of decisions about ticks (rows 1 to 33) and the description of the language, nothing
 * else; a number in brackets is the row. Cost: whatever is clear; claims look at every node of
 * the tree.
 *
 * Read as. Where the two texts are silent or can be read in two ways, this model does the
 * following.
 *
 * Nodes and statuses
 *  1. A node STARTS when it is ticked while it is not running. It ENDS with a result, or by a
 *     halt, or as :error; exactly one of the three. A control node whose tick is under way is
 *     running.
 *  2. The status of a node after a tick is what last happened to it in this tick: its result, or
 *     idle when it was halted; a node that took no part is running if it runs, else idle. A
 *     finished child of a running sequence is therefore idle in the next tick; the other way is
 *     to show its success until the parent ends.
 *  3. A result that a condition of the node gives (:failure-if, :success-if, :if, :while) is a
 *     result like any other for the parent, for :on-success, :on-failure and :post, and for the
 *     trace.
 *
 * Conditions and expressions of any node
 *  4. The four conditions are looked at in the order :failure-if :success-if :if :while until one
 *     decides. The first three only at the start of the node; :while at the start and at each
 *     later tick of the running node, before anything in it is ticked.
 *  5. :while false at the start: skipped, nothing ran, so no :on-halt. Later: the node is halted
 *     (children first, then :on-halt) and then gives skipped.
 *  6. :on-success and :on-failure run once at that end, then :post at either; all before the
 *     parent goes on. A skip, an error and a halt run none of the three. ":post, run once at that
 *     end" could also mean every end.
 *  7. :on-halt runs at a halt only, after the children of the node were halted, for control nodes
 *     too, and at once even when the halt of a leaf is slow: the node has left the control flow.
 *  8. An expression that raises is an error of its node, which ends as :error and so runs no
 *     :on-halt, even when it was running (:while); the children or the leaf that run in it are
 *     halted as for any error. on-error catches it only from further above, not on itself. Hooks
 *     that raise are not modelled.
 *
 * Sequences and selectors
 *  9. The empty ones [15]: seq, mem-seq, reactive-seq, async-seq and parallel succeed; sel,
 *     mem-sel and reactive-sel fail. They do not count as all skipped.
 * 10. All skipped [14] means that in this run of the node each of its children was skipped. A
 *     mem-seq that goes on at a later child did not skip the earlier ones, so it is not skipped.
 * 11. mem-seq keeps its place over a failure that a child gave, mem-sel over such a success. Each
 *     other end of a run forgets it, and so do a halt and an error, caught or not. A result that
 *     one of its own conditions gives at the start is no run and leaves the place alone.
 * 12. "Lost on halt" [3] also holds for a memory node that does not run itself but stands under a
 *     node that is halted while running: a halt clears the whole subtree. A node that is not
 *     running is not halted, so a place kept by an idle root survives bt.halt! and goes with
 *     bt.restart!.
 * 13. async-seq: after a child that gave success the node is running until the next tick, unless
 *     it was the last child. A skipped child does not use up the tick, one that was running
 *     before and ends in this tick does.
 * 14. A reactive node halts every other running child after the ticked one gave running or
 *     decided, and before it ends itself. A child that ended is started anew in the next tick, a
 *     running one goes on.
 *
 * Parallel
 * 15. Order of the verdict, with :early too: all children skipped in this tick, then failure,
 *     then success. The empty parallel succeeds before any threshold is looked at.
 * 16. "Thresholds as BT.CPP": failure also when the successes can no longer be reached (children
 *     - failures < successes needed). A skipped child is not finished and is ticked again in the
 *     next tick; the skips of this tick count as successes when :success is negative. With
 *     :success n and a child that is always skipped the node can run for ever.
 * 17. A threshold of 0 is reached at the first verdict; one below -children counts as 0 as well.
 * 18. The verdict halts the children that run, left to right; all results are forgotten.
 *
 * if and while-do-else
 * 19. Without a third child a false condition is failure. A branch that is skipped skips the
 *     node. A condition that runs makes the node running.
 * 20. if looks at its condition once a run and not while a branch runs. while-do-else ticks it in
 *     each tick; while it is running the branch is neither ticked nor halted.
 * 21. A skipped condition [14] skips while-do-else as it does if, and the branch that runs is
 *     halted.
 *
 * Decorators
 * 22. force-success and force-failure let running and skipped pass, as invert does.
 * 23. retry and repeat: a skipped child ends them as skipped, counters cleared. An attempt that
 *     takes several ticks and ends in this one is followed by the next attempt in the next tick.
 * 24. :delay-ms t :backoff k: after round i the next begins at the first tick with elapsed >= t *
 *     k^(i-1), counted from the clock of the tick in which round i ended. It saturates. k is an
 *     integer from 1. Both options hold for repeat as for retry.
 * 25. :in-place with a delay waits like the other form: the clock stands still in a tick. The 100
 *     rounds count for the node and the tick: under another loop in place a node that is started
 *     again in the same tick goes on counting, and is running once they are used up.
 * 26. timeout and delay count from the tick in which the node itself started, also when a leaf
 *     under them waits or is halted by a claim. (timeout 0 c) fails without a call, (delay 0 c)
 *     does not wait.
 * 27. A timeout that is over halts a running child (:on-halt of the child, then :on-failure of
 *     the timeout) even if the child would have ended in this tick.
 *
 * Errors
 * 28. The node that raised ends as :error. What runs in the whole tree, or under the on-error
 *     that catches, is halted: children first, left to right, then :on-halt of each running node.
 *     The nodes on the path above it were running, also those that started in this tick: they are
 *     halted (:on-halt, status idle) and do not end as :error. "Running leaves are halted" could
 *     also mean that control nodes are only reset.
 * 29. "The next tick starts the tree anew": all node memory of the tree, or of the child of the
 *     on-error, is cleared, places of idle memory nodes too. Later siblings are not ticked in
 *     this tick, not even by a parallel.
 * 30. A condition that gives skipped or running is error bad-leaf-result.
 *
 * Claims and slow halts
 * 31. Only the holding leaf is halted for a claim [4], wherever in the tree it runs, with
 *     :on-halt of its own node; the nodes above it stay running. If they are ticked before a
 *     reactive node halts them (the new branch failed), the leaf starts anew: its conditions are
 *     looked at again, counters above it stay.
 * 32. Holders are halted left to right when the claiming leaf wants to start, also when it must
 *     then wait for another output. A leaf holds its outputs from its start to its end or halt;
 *     one that waits holds nothing.
 * 33. "The same leaf" that must wait for a slow halt is the same node of the tree, not every node
 *     that runs the same procedure.
 * 34. A leaf that waits is running and has not started: its :if was looked at and is not looked
 *     at again, :while is at each tick; its halt is no halt of a leaf but runs :on-halt.
 * 35. A stopping node is idle. Halting again does not touch it. Slow halts are resumed in the
 *     order in which they began, once in each tick before the root is ticked; bt.halt! and
 *     bt.restart! do not resume them. The node may start in the tick in which its halt comes to
 *     its end.
 * 36. :halt-within-ms counts from the clock of the step that halted; elapsed >= limit at the time
 *     of the resumption cuts instead of resuming, as with timeouts [16]; a limit of 0 cuts at the
 *     next tick.
 *
 * Not modelled: fuel and overruns [29], pause [31], stale inputs [32], reasons [33], clocks that
 * go back, manual sources, the safe-stop. */
#include "tests/bt/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS_IN_A_TICK = 100 };

/* Cleared at each end and at each halt, but for the place of a memory node. */
typedef struct {
    uint32_t place;   /* sequences, selectors, if: the child to tick */
    uint32_t skipped; /* children skipped in this run */
    int64_t rounds;   /* repeat, retry: rounds that ended */
    int64_t wait_ms;  /* repeat, retry: last wait between two rounds */
    int64_t next_ms;  /* repeat, retry: the next round is not before */
} memory;

typedef struct node node;
struct node {
    const gen_node *is; /* borrowed from the tree */
    uint32_t index;
    node **children;    /* own array */
    gen_status status;  /* see model_status */
    gen_status result;  /* of a child of a parallel: what it ended with, idle before */
    bool is_running;    /* started, not ended, not halted */
    int64_t started_ms; /* clock of the start */
    int rounds_in_tick; /* repeat, retry :in-place, over all runs in this tick */
    memory memory;

    bool is_leaf_started;    /* act: started, not ended, not halted; it may also wait to start */
    uint32_t activation;     /* act: starts; cond: evaluations */
    uint32_t ticks;          /* act: in this activation */
    uint32_t stopping_ticks; /* act: resumptions that it still needs */
    int64_t stopping_ms;     /* act: when the halt began */
    uint32_t evaluations[GEN_CONDITION_COUNT];
};

struct model {
    gen_oracle oracle;
    node *nodes; /* own, in preorder */
    uint32_t count;
    node **stopping; /* own; in the order in which the halts began */
    uint32_t stopping_count;
    bool is_abandoned; /* a node raised, and no node has caught it */
    int64_t now_ms;
    gen_log log;
};

static gen_status tick_node(model *m, node *n);

static void add_event(model *m, gen_event_kind kind, const node *n, uint32_t number,
                      gen_status status)
{
    gen_log_add(&m->log, (gen_event){kind, n->index, number, status, 0});
}

static void run_hook(model *m, const node *n, gen_hook hook)
{
    if (n->is->has_hook[hook])
        add_event(m, GEN_EVENT_HOOK, n, hook, GEN_IDLE);
}

/* Halts. */

static void halt_leaf(model *m, node *n)
{
    add_event(m, GEN_EVENT_LEAF_HALT, n, n->activation, GEN_IDLE);
    n->is_leaf_started = false;
    n->stopping_ticks = m->oracle.halt_ticks(m->oracle.context, n->is->leaf, n->activation);
    if (n->stopping_ticks == 0)
        return;
    n->stopping_ms = m->now_ms;
    m->stopping[m->stopping_count++] = n;
}

/* Halts what runs in the subtree of N, left to right, children before their parent [6], and clears
 * its memory. N may have ended as :error in front of children, or a leaf, that still run. */
static void clear_subtree(model *m, node *n)
{
    for (uint32_t i = 0; i < n->is->child_count; i++)
        clear_subtree(m, n->children[i]);
    n->memory = (memory){0};
    if (n->is_leaf_started)
        halt_leaf(m, n);
    if (!n->is_running)
        return;
    n->is_running = false;
    n->status = GEN_IDLE;
    run_hook(m, n, GEN_HOOK_ON_HALT);
}

/* Halts N. Only what is running is told [7]. */
static void halt_node(model *m, node *n)
{
    if (n->is_running)
        clear_subtree(m, n);
}

static void halt_children_but(model *m, node *n, const node *spared)
{
    for (uint32_t i = 0; i < n->is->child_count; i++)
        if (n->children[i] != spared)
            halt_node(m, n->children[i]);
}

static void halt_children(model *m, node *n)
{
    halt_children_but(m, n, NULL);
}

/* Gives slow halts their turn [30]. */
static void resume_stopping(model *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->stopping_count; i++) {
        node *n = m->stopping[i];
        if (m->now_ms - n->stopping_ms >= n->is->halt_within_ms) {
            add_event(m, GEN_EVENT_HALT_CUT, n, n->activation, GEN_IDLE);
            continue;
        }
        add_event(m, GEN_EVENT_HALT_RESUME, n, n->activation, GEN_IDLE);
        n->stopping_ticks--;
        if (n->stopping_ticks == 0)
            add_event(m, GEN_EVENT_HALT_DONE, n, n->activation, GEN_IDLE);
        else
            m->stopping[kept++] = n;
    }
    m->stopping_count = kept;
}

/* Leaves. */

static gen_status tick_cond(model *m, node *n)
{
    n->activation++;
    gen_status answer = m->oracle.condition(m->oracle.context, n->is->leaf, n->activation);
    if (answer != GEN_SUCCESS && answer != GEN_FAILURE)
        answer = GEN_ERROR;
    add_event(m, GEN_EVENT_CONDITION, n, n->activation, answer);
    return answer;
}

/* Halts every other leaf that runs with an output that N claims [4]. */
static void take_outputs(model *m, const node *n)
{
    for (uint32_t i = 0; i < m->count; i++) {
        node *other = &m->nodes[i];
        if (other != n && other->is_leaf_started && (other->is->outputs & n->is->outputs) != 0)
            halt_node(m, other);
    }
}

static bool must_wait(const model *m, const node *n)
{
    for (uint32_t i = 0; i < m->stopping_count; i++) {
        const node *other = m->stopping[i];
        if (other == n || (other->is->outputs & n->is->outputs) != 0)
            return true;
    }
    return false;
}

static gen_status tick_act(model *m, node *n)
{
    if (!n->is_leaf_started) {
        take_outputs(m, n);
        if (must_wait(m, n))
            return GEN_RUNNING;
        n->is_leaf_started = true;
        n->activation++;
        n->ticks = 0;
        add_event(m, GEN_EVENT_LEAF_START, n, n->activation, GEN_IDLE);
    }
    n->ticks++;
    gen_status answer = m->oracle.leaf(m->oracle.context, n->is->leaf, n->activation, n->ticks);
    assert(answer != GEN_IDLE);
    add_event(m, GEN_EVENT_LEAF_TICK, n, n->activation, answer);
    if (answer != GEN_RUNNING)
        n->is_leaf_started = false;
    return answer;
}

/* Control nodes. Each gives the status of its tick; an error of a child goes up at once. */

/* seq, mem-seq, async-seq go on after success; sel, mem-sel after failure [1, 2, 14, 15]. */
static gen_status tick_row(model *m, node *n, gen_status goes_on, bool is_one_a_tick)
{
    while (n->memory.place < n->is->child_count) {
        gen_status status = tick_node(m, n->children[n->memory.place]);
        if (status != goes_on && status != GEN_SKIPPED)
            return status;
        n->memory.place++;
        if (status == GEN_SKIPPED)
            n->memory.skipped++;
        else if (is_one_a_tick && n->memory.place < n->is->child_count)
            return GEN_RUNNING;
    }
    bool is_all_skipped = n->is->child_count != 0 && n->memory.skipped == n->is->child_count;
    return is_all_skipped ? GEN_SKIPPED : goes_on;
}

/* reactive-seq, reactive-sel: from the first child in each tick, and what no longer applies is
 * halted after the new child was ticked [4, 5]. */
static gen_status tick_reactive(model *m, node *n, gen_status goes_on)
{
    uint32_t skipped = 0;
    for (uint32_t i = 0; i < n->is->child_count; i++) {
        gen_status status = tick_node(m, n->children[i]);
        if (status == GEN_ERROR)
            return GEN_ERROR;
        if (status != goes_on && status != GEN_SKIPPED) {
            halt_children_but(m, n, n->children[i]);
            return status;
        }
        if (status == GEN_SKIPPED)
            skipped++;
    }
    return n->is->child_count != 0 && skipped == n->is->child_count ? GEN_SKIPPED : goes_on;
}

static int64_t threshold_of(const node *n, int64_t threshold)
{
    return threshold < 0 ? (int64_t)n->is->child_count + threshold + 1 : threshold;
}

/* Success, failure or skipped once the results so far decide, else running [8, 14]. SKIPPED counts
 * the children that were skipped in this tick. */
static gen_status verdict_of(const node *n, int64_t skipped)
{
    int64_t children = n->is->child_count;
    int64_t successes = 0;
    int64_t failures = 0;
    for (uint32_t i = 0; i < n->is->child_count; i++) {
        successes += n->children[i]->result == GEN_SUCCESS;
        failures += n->children[i]->result == GEN_FAILURE;
    }
    int64_t needed = threshold_of(n, n->is->success);
    int64_t done = n->is->success < 0 ? successes + skipped : successes;
    if (skipped == children)
        return GEN_SKIPPED;
    if (failures >= threshold_of(n, n->is->failure) || children - failures < needed)
        return GEN_FAILURE;
    return done >= needed ? GEN_SUCCESS : GEN_RUNNING;
}

static gen_status tick_parallel(model *m, node *n)
{
    if (n->is->child_count == 0)
        return GEN_SUCCESS;
    int64_t skipped = 0;
    gen_status verdict = GEN_RUNNING;
    for (uint32_t i = 0; i < n->is->child_count && verdict == GEN_RUNNING; i++) {
        node *child = n->children[i];
        if (child->result == GEN_IDLE) { /* finished children are not ticked again [9] */
            gen_status status = tick_node(m, child);
            if (status == GEN_ERROR)
                return GEN_ERROR;
            if (status == GEN_SUCCESS || status == GEN_FAILURE)
                child->result = status;
            skipped += status == GEN_SKIPPED;
        }
        if (n->is->is_early || i + 1 == n->is->child_count)
            verdict = verdict_of(n, skipped);
    }
    if (verdict != GEN_RUNNING)
        halt_children(m, n);
    return verdict;
}

/* Place 0: the condition is to be ticked; 1 and 2: that branch was chosen. */
static gen_status tick_if(model *m, node *n)
{
    if (n->memory.place == 0) {
        gen_status status = tick_node(m, n->children[0]);
        if (status != GEN_SUCCESS && status != GEN_FAILURE)
            return status;
        n->memory.place = status == GEN_SUCCESS ? 1 : 2;
    }
    if (n->memory.place == n->is->child_count)
        return GEN_FAILURE;
    return tick_node(m, n->children[n->memory.place]);
}

static gen_status tick_while_do_else(model *m, node *n)
{
    gen_status condition = tick_node(m, n->children[0]);
    if (condition == GEN_RUNNING || condition == GEN_ERROR)
        return condition;
    if (condition == GEN_SKIPPED) {
        halt_children(m, n);
        return GEN_SKIPPED;
    }
    uint32_t chosen = condition == GEN_SUCCESS ? 1 : 2;
    if (chosen == n->is->child_count) {
        halt_children(m, n);
        return GEN_FAILURE;
    }
    halt_children_but(m, n, n->children[chosen]); /* the old branch first [4] */
    return tick_node(m, n->children[chosen]);
}

/* Decorators. */

static gen_status tick_invert(model *m, node *n)
{
    gen_status status = tick_node(m, n->children[0]);
    if (status == GEN_SUCCESS)
        return GEN_FAILURE;
    return status == GEN_FAILURE ? GEN_SUCCESS : status;
}

static gen_status tick_force(model *m, node *n, gen_status forced)
{
    gen_status status = tick_node(m, n->children[0]);
    return status == GEN_SUCCESS || status == GEN_FAILURE ? forced : status;
}

/* Puts the earliest time of the next round behind a round that ended now. */
static void set_wait(model *m, node *n)
{
    int64_t wait_ms = n->is->delay_ms;
    if (n->memory.rounds > 1) {
        bool is_too_long = n->memory.wait_ms > INT64_MAX / n->is->backoff;
        wait_ms = is_too_long ? INT64_MAX : n->memory.wait_ms * n->is->backoff;
    }
    n->memory.wait_ms = wait_ms;
    n->memory.next_ms = wait_ms > INT64_MAX - m->now_ms ? INT64_MAX : m->now_ms + wait_ms;
}

/* repeat goes on after success, retry after failure [10, 12, 13]. */
static gen_status tick_rounds(model *m, node *n, gen_status goes_on)
{
    if (n->is->number == 0)
        return goes_on;
    while (n->rounds_in_tick < MOST_ROUNDS_IN_A_TICK) {
        if (m->now_ms < n->memory.next_ms)
            return GEN_RUNNING;
        gen_status status = tick_node(m, n->children[0]);
        if (status != goes_on)
            return status;
        n->memory.rounds++;
        n->rounds_in_tick += n->is->is_in_place;
        if (n->memory.rounds == n->is->number)
            return goes_on;
        set_wait(m, n);
        if (!n->is->is_in_place)
            return GEN_RUNNING;
    }
    return GEN_RUNNING;
}

static gen_status tick_timeout(model *m, node *n)
{
    if (m->now_ms - n->started_ms < n->is->number)
        return tick_node(m, n->children[0]);
    halt_children(m, n);
    return GEN_FAILURE;
}

static gen_status tick_delay(model *m, node *n)
{
    if (m->now_ms - n->started_ms < n->is->number)
        return GEN_RUNNING;
    return tick_node(m, n->children[0]);
}

static gen_status tick_on_error(model *m, node *n)
{
    gen_status status = tick_node(m, n->children[0]);
    if (status != GEN_ERROR)
        return status;
    clear_subtree(m, n->children[0]); /* only what runs under the node that catches */
    m->is_abandoned = false;
    return n->is->error_is_success ? GEN_SUCCESS : GEN_FAILURE;
}

static gen_status tick_kind(model *m, node *n)
{
    switch (n->is->kind) {
    case GEN_KIND_SEQ:
    case GEN_KIND_MEM_SEQ:
        return tick_row(m, n, GEN_SUCCESS, false);
    case GEN_KIND_SEL:
    case GEN_KIND_MEM_SEL:
        return tick_row(m, n, GEN_FAILURE, false);
    case GEN_KIND_ASYNC_SEQ:
        return tick_row(m, n, GEN_SUCCESS, true);
    case GEN_KIND_REACTIVE_SEQ:
        return tick_reactive(m, n, GEN_SUCCESS);
    case GEN_KIND_REACTIVE_SEL:
        return tick_reactive(m, n, GEN_FAILURE);
    case GEN_KIND_PARALLEL:
        return tick_parallel(m, n);
    case GEN_KIND_IF:
        return tick_if(m, n);
    case GEN_KIND_WHILE_DO_ELSE:
        return tick_while_do_else(m, n);
    case GEN_KIND_INVERT:
        return tick_invert(m, n);
    case GEN_KIND_FORCE_SUCCESS:
        return tick_force(m, n, GEN_SUCCESS);
    case GEN_KIND_FORCE_FAILURE:
        return tick_force(m, n, GEN_FAILURE);
    case GEN_KIND_REPEAT:
        return tick_rounds(m, n, GEN_SUCCESS);
    case GEN_KIND_RETRY:
        return tick_rounds(m, n, GEN_FAILURE);
    case GEN_KIND_TIMEOUT:
        return tick_timeout(m, n);
    case GEN_KIND_DELAY:
        return tick_delay(m, n);
    case GEN_KIND_ON_ERROR:
        return tick_on_error(m, n);
    case GEN_KIND_COND:
        return tick_cond(m, n);
    case GEN_KIND_ACT:
        return tick_act(m, n);
    case GEN_KIND_SUCCEED:
        return GEN_SUCCESS;
    case GEN_KIND_FAIL:
        return GEN_FAILURE;
    case GEN_KIND_RUNNING:
        return GEN_RUNNING;
    case GEN_KIND_COUNT:
        break;
    }
    abort(); /* not a kind */
}

/* Any node. */

static gen_status evaluate(model *m, node *n, gen_condition condition)
{
    uint32_t expression = n->is->conditions[condition];
    n->evaluations[condition]++;
    gen_status value =
        m->oracle.expression(m->oracle.context, expression, n->evaluations[condition]);
    add_event(m, GEN_EVENT_EXPRESSION, n, condition, value);
    return value;
}

/* What CONDITION with VALUE makes of the node; idle when it lets the node go on. */
static gen_status decide(gen_condition condition, gen_status value)
{
    if (value == GEN_ERROR)
        return GEN_ERROR;
    bool is_true = value == GEN_SUCCESS;
    switch (condition) {
    case GEN_CONDITION_FAILURE_IF:
        return is_true ? GEN_FAILURE : GEN_IDLE;
    case GEN_CONDITION_SUCCESS_IF:
        return is_true ? GEN_SUCCESS : GEN_IDLE;
    case GEN_CONDITION_IF:
    case GEN_CONDITION_WHILE:
        return is_true ? GEN_IDLE : GEN_SKIPPED;
    case GEN_CONDITION_COUNT:
        break;
    }
    abort(); /* not a condition */
}

/* The result that the conditions of N give it, or idle when it is to be ticked [18]. */
static gen_status check_conditions(model *m, node *n)
{
    for (int i = 0; i < GEN_CONDITION_COUNT; i++) {
        if (n->is->conditions[i] == 0 || (n->is_running && i != GEN_CONDITION_WHILE))
            continue;
        gen_status decided = decide((gen_condition)i, evaluate(m, n, (gen_condition)i));
        if (decided != GEN_IDLE)
            return decided;
    }
    return GEN_IDLE;
}

static bool keeps_place(const node *n, gen_status status)
{
    return (n->is->kind == GEN_KIND_MEM_SEQ && status == GEN_FAILURE) ||
           (n->is->kind == GEN_KIND_MEM_SEL && status == GEN_SUCCESS);
}

static bool runs_below(const node *n)
{
    for (uint32_t i = 0; i < n->is->child_count; i++)
        if (n->children[i]->is_running || runs_below(n->children[i]))
            return true;
    return false;
}

/* N ends with STATUS: counters are cleared on every end [12]. It was running, unless a condition
 * decided at its start: then the place that it may keep stays. */
static void end_node(model *m, node *n, gen_status status)
{
    if (n->is_running) {
        uint32_t place = keeps_place(n, status) ? n->memory.place : 0;
        n->memory = (memory){.place = place};
    }
    n->is_running = false;
    n->status = status;
    if (status == GEN_SUCCESS)
        run_hook(m, n, GEN_HOOK_ON_SUCCESS);
    if (status == GEN_FAILURE)
        run_hook(m, n, GEN_HOOK_ON_FAILURE);
    if (status == GEN_SUCCESS || status == GEN_FAILURE)
        run_hook(m, n, GEN_HOOK_POST);
    add_event(m, GEN_EVENT_NODE_END, n, 0, status);
}

static void start_node(model *m, node *n)
{
    n->is_running = true;
    n->started_ms = m->now_ms;
    for (uint32_t i = 0; i < n->is->child_count; i++)
        n->children[i]->result = GEN_IDLE;
}

static gen_status tick_node(model *m, node *n)
{
    gen_status status = check_conditions(m, n);
    if (status == GEN_SKIPPED)
        halt_node(m, n);
    if (status == GEN_IDLE) {
        if (!n->is_running)
            start_node(m, n);
        status = tick_kind(m, n);
    }
    n->status = status;
    if (status == GEN_RUNNING || m->is_abandoned)
        return status;
    m->is_abandoned = status == GEN_ERROR;
    end_node(m, n, status);
    assert(m->is_abandoned || !runs_below(n));
    return status;
}

/* The instance. */

static void begin_step(model *m, gen_operation operation, int64_t now_ms)
{
    assert(now_ms >= m->now_ms);
    m->now_ms = now_ms;
    gen_log_add(&m->log, (gen_event){GEN_EVENT_STEP_BEGIN, 0, operation, GEN_IDLE, now_ms});
    for (uint32_t i = 0; i < m->count; i++) {
        m->nodes[i].status = m->nodes[i].is_running ? GEN_RUNNING : GEN_IDLE;
        m->nodes[i].rounds_in_tick = 0;
    }
}

static gen_status end_step(model *m, gen_operation operation, gen_status status)
{
    gen_log_add(&m->log, (gen_event){GEN_EVENT_STEP_END, 0, operation, status, 0});
    return status;
}

gen_status model_tick(model *m, int64_t now_ms)
{
    begin_step(m, GEN_TICK, now_ms);
    resume_stopping(m);
    gen_status status = tick_node(m, &m->nodes[0]);
    if (m->is_abandoned)
        clear_subtree(m, &m->nodes[0]); /* [19] */
    m->is_abandoned = false;
    return end_step(m, GEN_TICK, status);
}

gen_status model_halt_all(model *m, int64_t now_ms)
{
    begin_step(m, GEN_HALT, now_ms);
    halt_node(m, &m->nodes[0]);
    return end_step(m, GEN_HALT, m->stopping_count == 0 ? GEN_IDLE : GEN_RUNNING);
}

gen_status model_restart(model *m, int64_t now_ms)
{
    begin_step(m, GEN_RESTART, now_ms);
    clear_subtree(m, &m->nodes[0]);
    return end_step(m, GEN_RESTART, m->stopping_count == 0 ? GEN_IDLE : GEN_RUNNING);
}

gen_status model_step(model *m, gen_step step)
{
    switch (step.operation) {
    case GEN_TICK:
        return model_tick(m, step.now_ms);
    case GEN_HALT:
        return model_halt_all(m, step.now_ms);
    case GEN_RESTART:
        return model_restart(m, step.now_ms);
    }
    abort(); /* not an operation */
}

gen_status model_status(const model *m, uint32_t index)
{
    assert(index < m->count);
    return m->nodes[index].status;
}

const gen_log *model_log(const model *m)
{
    return &m->log;
}

static void *allocate(size_t count, size_t size)
{
    void *made = calloc(count + 1, size);
    assert(made != NULL);
    return made;
}

model *model_new(const gen_tree *tree, gen_oracle oracle)
{
    assert(gen_tree_problem(tree) == NULL);
    model *m = allocate(1, sizeof *m);
    m->oracle = oracle;
    m->count = tree->count;
    m->nodes = allocate(tree->count, sizeof(node));
    m->stopping = allocate(tree->count, sizeof(node *));
    for (uint32_t i = 0; i < tree->count; i++) {
        node *n = &m->nodes[i];
        n->is = &tree->nodes[i];
        n->index = i;
        n->children = allocate(n->is->child_count, sizeof(node *));
        uint32_t child = i + 1;
        for (uint32_t j = 0; j < n->is->child_count; j++) {
            n->children[j] = &m->nodes[child];
            child += gen_subtree_size(tree, child);
        }
    }
    return m;
}

void model_free(model *own)
{
    if (own == NULL)
        return;
    for (uint32_t i = 0; i < own->count; i++)
        free(own->nodes[i].children);
    free(own->nodes);
    free(own->stopping);
    gen_log_free(&own->log);
    free(own);
}
