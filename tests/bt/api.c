#include "bt/api.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bt/plant.h"
#include "tests/bt/real.h"
#include "tests/check.h"
#include "tests/fault.h"

#define MS INT64_C(1000000)

/* ---- Busy and foreign ------------------------------------------------------------------------ */

static copse_status inside[8];

static copse_bt_status meddle(copse_bt_context *context, void *memory, void *user)
{
    (void)memory, (void)user;
    copse_bt_instance *in = copse_bt_context_instance(context);
    copse_bt_status result;
    inside[0] = copse_bt_tick(in, 0, &result);
    inside[1] = copse_bt_halt(in, 0, NULL);
    inside[2] = copse_bt_restart(in, 0, NULL);
    inside[3] = copse_bt_reset(in, 0, NULL);
    inside[4] = copse_bt_pause(in, 0);
    inside[5] = copse_bt_resume(in, 0);
    inside[6] = copse_bt_instance_free(in);
    inside[7] = copse_bt_trace_enable(in, 8);
    return COPSE_BT_SUCCESS;
}

static void an_instance_is_busy_inside_its_own_tick(void **state)
{
    (void)state;
    const copse_bt_leaf leaf = {.name = "meddle", .tick = meddle};
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    copse_bt_instance *in = plant_instance(registry, "(act meddle)", NULL);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_SUCCESS);
    for (size_t i = 0; i < CP_COUNT_OF(inside); i++)
        assert_int_equal(inside[i], COPSE_EBUSY_OWNER);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static void *use_foreign(void *context)
{
    copse_bt_instance *in = context;
    copse_bt_status result;
    inside[0] = copse_bt_tick(in, 0, &result);
    inside[1] = copse_bt_halt(in, 0, NULL);
    inside[2] = copse_bt_set_number(in, 0, 1, 0);
    inside[3] = copse_bt_instance_free(in);
    return NULL;
}

static void use_on_another_thread(copse_bt_instance *in)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_foreign, in), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

#ifdef COPSE_CHECKED_ABORT
static void another_thread_is_refused(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, "(act on)", NULL);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        use_on_another_thread(in);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}
#else
static void another_thread_is_refused(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, "(act on)", NULL);
    use_on_another_thread(in);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(inside[i], COPSE_ETHREAD);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.ticks, 0);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}
#endif

static void *tick_own(void *context)
{
    copse_bt_instance *in;
    if (copse_bt_instance_new(context, NULL, &in) != COPSE_OK)
        return context;
    for (int i = 0; i < 1000; i++)
        if (plant_tick(in, i) != COPSE_BT_SUCCESS)
            return context;
    return copse_bt_instance_free(in) == COPSE_OK ? NULL : context;
}

static void threads_share_a_definition(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    char error[200];
    copse_bt_definition *definition =
        plant(registry, "(seq (sel (act no) (act yes)) (cond yes?))", error, sizeof error);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, tick_own, definition), 0);
    for (int i = 0; i < 3; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

/* ---- Reset, pause, clock --------------------------------------------------------------------- */

static copse_bt_status ask_reset(copse_bt_context *context, void *memory, void *user)
{
    (void)memory, (void)user;
    copse_bt_write_number(context, 0, 7);
    assert_int_equal(copse_bt_request_reset(copse_bt_context_instance(context)), COPSE_OK);
    return COPSE_BT_RUNNING;
}

static const copse_bt_port out[] = {{.name = "out", .is_output = true}};

static void a_reset_clears_blackboard_and_memory(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    const copse_bt_leaf leaf = {.name = "ask", .ports = out, .port_count = 1, .tick = ask_reset};
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_key(builder,
                         &(copse_bt_key){.name = "k", .initial = {COPSE_BT_NUMBER, {.number = 3}}});
    plant_describe(builder, "(mem-seq (act ask $out=k))");
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    /* Asked for inside a tick, it happens at its end; the result is the tick's. */
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    double value;
    assert_true(copse_bt_get_number(in, 0, &value));
    assert_true(value == 3);
    assert_int_equal(copse_bt_node_status(in, 0), COPSE_BT_IDLE);
    assert_int_equal(copse_bt_set_number(in, 0, 9, 0), COPSE_OK);
    copse_bt_status result;
    assert_int_equal(copse_bt_restart(in, 1, &result), COPSE_OK);
    assert_true(copse_bt_get_number(in, 0, &value));
    assert_true(value == 9);
    assert_int_equal(copse_bt_reset(in, 1, &result), COPSE_OK);
    assert_int_equal(result, COPSE_BT_IDLE);
    assert_true(copse_bt_get_number(in, 0, &value));
    assert_true(value == 3);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_definition_give(definition);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
}

typedef struct {
    uint32_t ticks, halts, pauses, resumes;
    int64_t now_ns;
} life;

static copse_bt_status live_tick(copse_bt_context *context, void *memory, void *user)
{
    (void)memory;
    life *l = user;
    l->ticks++;
    l->now_ns = copse_bt_now(context);
    return COPSE_BT_RUNNING;
}

static copse_bt_status live_halt(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    ((life *)user)->halts++;
    return COPSE_BT_SUCCESS;
}

static copse_bt_status live_pause(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    ((life *)user)->pauses++;
    return COPSE_BT_SUCCESS;
}

static copse_bt_status live_resume(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    ((life *)user)->resumes++;
    return COPSE_BT_SUCCESS;
}

static void a_pause_stops_the_instances_clock(void **state)
{
    (void)state;
    life able = {0}, unable = {0};
    const copse_bt_leaf leaves[] = {
        {.name = "able",
         .tick = live_tick,
         .halt = live_halt,
         .pause = live_pause,
         .resume = live_resume,
         .user = &able},
        {.name = "unable", .tick = live_tick, .halt = live_halt, .user = &unable}};
    copse_bt_registry *registry = plant_registry();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(copse_bt_register_leaf(registry, &leaves[i]), COPSE_OK);
    copse_bt_instance *in = plant_instance(
        registry, "(timeout :ms 100 (parallel (act able) (seq (act unable))))", NULL);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(copse_bt_resume(in, 50 * MS), COPSE_EINVAL);
    assert_int_equal(copse_bt_pause(in, 50 * MS), COPSE_OK);
    assert_int_equal(copse_bt_pause(in, 50 * MS), COPSE_EINVAL);
    assert_int_equal(able.pauses, 1);
    assert_int_equal(able.halts, 0);
    assert_int_equal(unable.halts, 1);
    copse_bt_status result;
    assert_int_equal(copse_bt_tick(in, 60 * MS, &result), COPSE_EPAUSED);
    assert_int_equal(copse_bt_resume(in, 1050 * MS), COPSE_OK);
    assert_int_equal(able.resumes, 1);
    /* 99 ms have passed for the tree; the other leaf starts anew where it stood. */
    assert_int_equal(plant_tick(in, 1099), COPSE_BT_RUNNING);
    assert_true(able.now_ns == 99 * MS);
    assert_int_equal(copse_bt_next_deadline(in), 1100 * MS);
    assert_int_equal(plant_tick(in, 1100), COPSE_BT_FAILURE);
    assert_int_equal(able.halts, 1);
    assert_int_equal(unable.halts, 2);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static void a_halt_while_paused_halts_what_is_paused(void **state)
{
    (void)state;
    life l = {0};
    const copse_bt_leaf leaf = {
        .name = "able", .tick = live_tick, .halt = live_halt, .pause = live_pause, .user = &l};
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    copse_bt_instance *in = plant_instance(registry, "(act able)", NULL);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(copse_bt_pause(in, 1), COPSE_OK);
    assert_int_equal(copse_bt_halt(in, 2, NULL), COPSE_OK);
    assert_int_equal(l.halts, 1);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    assert_int_equal(l.halts, 1);
    copse_bt_registry_free(registry);
}

static void a_clock_that_goes_back_halts_and_drops_deadlines(void **state)
{
    (void)state;
    life l = {0};
    const copse_bt_leaf leaf = {.name = "live", .tick = live_tick, .halt = live_halt, .user = &l};
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    copse_bt_instance *in = plant_instance(registry, "(timeout :ms 50 (act live))", NULL);
    assert_int_equal(plant_tick(in, 1000), COPSE_BT_RUNNING);
    assert_int_equal(plant_tick(in, 10), COPSE_BT_RUNNING);
    assert_int_equal(l.halts, 1);
    assert_int_equal(plant_tick(in, 59), COPSE_BT_RUNNING);
    assert_int_equal(plant_tick(in, 60), COPSE_BT_FAILURE);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.clock_jumps, 1);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static copse_stop_cause seen_cause;
static uint32_t stops;

static void note_stop(void *context, copse_bt_instance *instance, copse_stop_cause cause)
{
    (void)context, (void)instance;
    seen_cause = cause;
    stops++;
}

static void the_safe_stop_runs_once_until_it_is_cleared(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance_options options = {.safe_stop = note_stop};
    copse_bt_instance *in = plant_instance(registry, "(act bad)", &options);
    stops = 0;
    assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
    assert_int_equal(plant_tick(in, 1), COPSE_BT_ERROR);
    assert_int_equal(stops, 1);
    assert_int_equal(seen_cause, COPSE_STOP_ERROR);
    assert_int_equal(copse_bt_clear_stop(in), COPSE_OK);
    assert_int_equal(copse_bt_stop(in, COPSE_STOP_CLOSE), COPSE_OK);
    assert_int_equal(stops, 2);
    assert_int_equal(seen_cause, COPSE_STOP_CLOSE);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static void a_key_takes_its_own_type_only(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT
    copse_bt_registry *registry = plant_registry();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_key(builder, &(copse_bt_key){.name = "n", .type = COPSE_BT_NUMBER});
    copse_bt_builder_key(builder, &(copse_bt_key){.name = "b", .type = COPSE_BT_BOOLEAN});
    plant_describe(builder, "(seq)");
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    assert_int_equal(copse_bt_definition_key(definition, "b"), 1);
    assert_int_equal(copse_bt_definition_key(definition, "c"), UINT32_MAX);
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    assert_int_equal(copse_bt_set_integer(in, 0, 1, 0), COPSE_OK);
    assert_int_equal(copse_bt_set_boolean(in, 0, true, 0), COPSE_EINVAL);
    assert_int_equal(copse_bt_set_number(in, 1, 1, 0), COPSE_EINVAL);
    assert_int_equal(copse_bt_set_number(in, 2, 1, 0), COPSE_EINVAL);
    assert_int_equal(copse_bt_set_integer(in, 0, INT64_MAX, 0), COPSE_EINVAL);
    bool value;
    assert_false(copse_bt_get_boolean(in, 1, &value));
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_definition_give(definition);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
#endif
}

/* ---- Trace ----------------------------------------------------------------------------------- */

static void a_trace_tells_a_tick_in_order(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, "(seq (act yes) (act bad))", NULL);
    assert_int_equal(copse_bt_trace_enable(in, 64), COPSE_OK);
    assert_int_equal(plant_tick(in, 5), COPSE_BT_ERROR);
    static const struct {
        copse_trace_kind kind;
        uint32_t node;
        copse_bt_status status;
    } rows[] = {
        {COPSE_TRACE_TICK_BEGIN, COPSE_BT_NO_NODE, COPSE_BT_IDLE},
        {COPSE_TRACE_NODE_ENTER, 0, COPSE_BT_IDLE},
        {COPSE_TRACE_NODE_ENTER, 1, COPSE_BT_IDLE},
        {COPSE_TRACE_LEAF_START, 1, COPSE_BT_RUNNING},
        {COPSE_TRACE_NODE_EXIT, 1, COPSE_BT_SUCCESS},
        {COPSE_TRACE_NODE_ENTER, 2, COPSE_BT_IDLE},
        {COPSE_TRACE_LEAF_START, 2, COPSE_BT_RUNNING},
        {COPSE_TRACE_ERROR, 2, COPSE_BT_ERROR},
        {COPSE_TRACE_NODE_EXIT, 2, COPSE_BT_ERROR},
        {COPSE_TRACE_NODE_HALT, 0, COPSE_BT_IDLE},
        {COPSE_TRACE_SAFE_STOP, COPSE_BT_NO_NODE, COPSE_BT_IDLE},
        {COPSE_TRACE_TICK_END, 0, COPSE_BT_ERROR},
    };
    copse_trace_record records[32];
    assert_int_equal(copse_bt_trace_read(in, 0, records, 32), CP_COUNT_OF(rows));
    for (size_t i = 0; i < CP_COUNT_OF(rows); i++) {
        assert_int_equal(records[i].sequence, i + 1);
        assert_int_equal(records[i].kind, rows[i].kind);
        assert_int_equal(records[i].node, rows[i].node);
        assert_int_equal(records[i].status, rows[i].status);
        assert_true(records[i].time_ns == 5 * MS);
    }
    assert_int_equal(copse_bt_trace_enable(in, 0), COPSE_OK);
    assert_int_equal(plant_tick(in, 6), COPSE_BT_ERROR);
    assert_int_equal(copse_bt_trace_read(in, 0, records, 32), 0);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

/* ---- Promises -------------------------------------------------------------------------------- */

/* Every call of malloc in this program; sanitizers have a malloc of their own. */
static uint64_t mallocs;
#if defined(__GLIBC__) && !defined(CP_ASAN) && !defined(CP_TSAN)
extern void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    mallocs++;
    return __libc_malloc(size);
}
#endif

static uint64_t requests_of_ticks(copse_bt_instance *in, cp_fault *fault)
{
    uint64_t before = fault->requests + mallocs;
    for (int i = 0; i < 200; i++)
        plant_tick(in, i);
    return fault->requests + mallocs - before;
}

/* Success, failure, halt, error and timeout on the way. */
static const char busy_tree[] =
    "(reactive-sel (seq (timeout :ms 30 (parallel (act on) (retry :times 3 (act no)))))"
    " (on-error :result :failure (seq (act yes) (act bad)))"
    " (repeat :times 3 (while-do-else (cond no?) (act yes) (delay :ms 5 (act yes)))))";

static void a_tick_allocates_nothing(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance_options options = {.allocator = &fault.allocator};
    copse_bt_instance *in = plant_instance(registry, busy_tree, &options);
    assert_int_equal(requests_of_ticks(in, &fault), 0);
    assert_int_equal(copse_bt_trace_enable(in, 256), COPSE_OK);
    assert_int_equal(requests_of_ticks(in, &fault), 0);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    assert_int_equal(fault.live_bytes, 0);
    copse_bt_registry_free(registry);
}

/* From here on any system call but write and exit_group ends the process. */
static bool forbid_system_calls(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the number of the call */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {.len = CP_COUNT_OF(program), .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

enum { NO_SECCOMP = 77 };

static void a_tick_makes_no_system_call(void **state)
{
    (void)state;
#if defined(CP_ASAN) || defined(CP_TSAN)
    return; /* the sanitizer's own calls would end the child */
#endif
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, busy_tree, NULL);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!forbid_system_calls())
            _exit(NO_SECCOMP);
        for (int i = 0; i < 200; i++)
            plant_tick(in, i);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SECCOMP) {
        /* Under qemu. The same ticks are filtered in every native run. */
        print_message("# SKIP a_tick_makes_no_system_call: the kernel has no seccomp filters\n");
        return;
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- Life on random trees -------------------------------------------------------------------- */

static void every_started_leaf_ends_or_is_halted_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        gen_case given =
            gen_case_random(seed, (gen_limits){.depth = 5, .width = 4, .nodes = 20, .steps = 20});
        gen_oracle oracle = gen_oracle_of_seed(&seed);
        char text[400];
        real *r = real_new(&given.tree, oracle, text, sizeof text);
        assert_non_null(r);
        copse_bt_stats stats;
        for (uint32_t i = 0; i < given.step_count; i++) {
            real_step(r, given.steps[i]);
            copse_bt_read_stats(real_instance(r), &stats);
            CHECK_SEED(stats.leaves_started == stats.leaves_ended + stats.leaves_halted +
                                                   stats.leaves_running + stats.leaves_stopping,
                       seed);
        }
        assert_int_equal(
            copse_bt_restart(real_instance(r), given.steps[given.step_count - 1].now_ms * MS, NULL),
            COPSE_OK);
        copse_bt_read_stats(real_instance(r), &stats);
        CHECK_SEED(stats.leaves_running == 0, seed);
        real_free(r);
        gen_case_free(&given);
    }
}

CP_TEST_MAIN(cmocka_unit_test(an_instance_is_busy_inside_its_own_tick),
             cmocka_unit_test(another_thread_is_refused),
             cmocka_unit_test(threads_share_a_definition),
             cmocka_unit_test(a_reset_clears_blackboard_and_memory),
             cmocka_unit_test(a_pause_stops_the_instances_clock),
             cmocka_unit_test(a_halt_while_paused_halts_what_is_paused),
             cmocka_unit_test(a_clock_that_goes_back_halts_and_drops_deadlines),
             cmocka_unit_test(the_safe_stop_runs_once_until_it_is_cleared),
             cmocka_unit_test(a_key_takes_its_own_type_only),
             cmocka_unit_test(a_trace_tells_a_tick_in_order),
             cmocka_unit_test(a_tick_allocates_nothing),
             cmocka_unit_test(a_tick_makes_no_system_call),
             cmocka_unit_test(every_started_leaf_ends_or_is_halted_once))
