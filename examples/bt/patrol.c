/* patrol.c -- a behaviour tree in C: a cart patrols between two posts, docks when its battery is
 * low, and stands still within the lease when its driving leaf hangs.
 *
 *   (reactive-sel
 *     (seq (cond battery-low?) (act dock))
 *     (seq (act drive-to :goal 2.0) (act look) (act drive-to :goal 0.0) (act look)))
 *
 * Time is virtual, so the run is the same each time and takes none. Exit status 0 when the cart
 * stood still in time. */
#include <copse/bt.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MS INT64_C(1000000)

enum { PERIOD_MS = 100, LEASE_MS = 250, TICKS = 90, HANGS_AT = 60, HANG_MS = 2000 };

/* The cart: one wheel on a line. Leaves see it through the blackboard and move it through the gate.
 */
typedef struct {
    double position_m;
    double speed;
    double battery; /* per cent */
    copse_clock *clock;
    copse_gate *gate;
    uint64_t tick;
    int64_t stood_still_ns; /* when the safe value came while the leaf hung; 0: it did not */
} cart;

static void check(copse_status status, const char *what)
{
    if (status == COPSE_OK)
        return;
    fprintf(stderr, "patrol: %s: %s\n", what, copse_status_text(status));
    exit(1);
}

/* The device behind the gate. */
static void send_speed(void *context, const double *values, uint32_t count)
{
    cart *c = context;
    (void)count;
    c->speed = values[0];
}

static void let_time_pass(cart *c, int64_t ms)
{
    check(copse_clock_advance(c->clock, ms * MS), "clock");
    c->position_m += c->speed * (double)ms * 1e-3;
    c->battery -= (fabs(c->speed) * 3 + 0.1) * (double)ms * 1e-3;
}

/* ---- Leaves ---------------------------------------------------------------------------------- */

enum { PORT_POSITION, PORT_GOAL };
enum { USE_WHEEL };

/* The leaf does not come back for two seconds. In a real program a copse_watchdog looks at the gate
 * meanwhile, from a thread of its own; here we look for it, since there is only this thread. */
static void hang(cart *c)
{
    for (int64_t ms = 0; ms < HANG_MS; ms += 10) {
        let_time_pass(c, 10);
        int64_t now_ns = copse_clock_now(c->clock);
        if (copse_gate_poll(c->gate, now_ns) > 0) {
            c->stood_still_ns = (ms + 10) * MS;
            printf("          the leaf has hung for %lld ms: the lease is over, speed %.1f m/s\n",
                   (long long)ms + 10, c->speed);
        }
    }
}

static copse_bt_status drive(copse_bt_context *context, void *memory, void *user)
{
    (void)memory;
    cart *c = user;
    double position_m, goal_m;
    if (!copse_bt_read_number(context, PORT_POSITION, &position_m) ||
        !copse_bt_read_number(context, PORT_GOAL, &goal_m))
        return copse_bt_no_value(context);
    double left_m = goal_m - position_m;
    if (fabs(left_m) < 0.05)
        return COPSE_BT_SUCCESS;
    double speed = left_m > 0 ? fmin(left_m * 5, 2) : fmax(left_m * 5, -2); /* the gate clamps */
    if (copse_bt_command(context, USE_WHEEL, &speed, 1) > COPSE_CLAMPED)
        return copse_bt_fail(context, "refused", "the gate took no command");
    if (c->tick == HANGS_AT)
        hang(c);
    return COPSE_BT_RUNNING;
}

/* Halted: brake, as hard as the gate allows. The lease would do it too, later. */
static copse_bt_status brake(copse_bt_context *context, void *memory, void *user)
{
    (void)memory, (void)user;
    double speed = 0;
    copse_bt_command(context, USE_WHEEL, &speed, 1);
    return COPSE_BT_SUCCESS;
}

static copse_bt_status look(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)user;
    uint32_t *looks = memory;
    return ++*looks < 3 ? COPSE_BT_RUNNING : COPSE_BT_SUCCESS;
}

static copse_bt_status is_low(copse_bt_context *context, void *memory, void *user)
{
    (void)memory, (void)user;
    double battery;
    if (!copse_bt_read_number(context, 0, &battery))
        return copse_bt_no_value(context);
    return battery < 80 ? COPSE_BT_SUCCESS : COPSE_BT_FAILURE;
}

static copse_bt_status dock(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    cart *c = user;
    c->battery += 8;
    return c->battery < 95 ? COPSE_BT_RUNNING : COPSE_BT_SUCCESS;
}

static const copse_bt_port drive_ports[] = {
    {.name = "position", .type = COPSE_BT_NUMBER, .unit = "m"},
    {.name = "goal", .type = COPSE_BT_NUMBER, .unit = "m"},
};
static const copse_bt_port battery_port[] = {
    {.name = "battery", .type = COPSE_BT_NUMBER, .unit = "%"}};
static const char *const wheel[] = {"wheel"};

static void register_leaves(copse_bt_registry *registry, cart *c)
{
    static copse_bt_leaf leaves[] = {
        {.name = "drive-to",
         .ports = drive_ports,
         .port_count = 2,
         .uses = wheel,
         .use_count = 1,
         .tick = drive,
         .halt = brake},
        {.name = "look", .memory_size = sizeof(uint32_t), .tick = look},
        {.name = "battery-low?",
         .is_condition = true,
         .ports = battery_port,
         .port_count = 1,
         .tick = is_low},
        {.name = "dock", .tick = dock},
    };
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        leaves[i].user = c;
        check(copse_bt_register_leaf(registry, &leaves[i]), leaves[i].name);
    }
}

/* ---- The tree -------------------------------------------------------------------------------- */

static void describe_leaf(copse_bt_builder *b, const char *kind, const char *leaf)
{
    copse_bt_builder_open(b, kind, NULL);
    copse_bt_builder_leaf(b, leaf);
}

static void describe_drive(copse_bt_builder *b, double goal_m)
{
    copse_bt_constant goal = {.type = COPSE_BT_NUMBER, .as = {.number = goal_m}};
    describe_leaf(b, "act", "drive-to");
    copse_bt_builder_bind_key(b, "position", "position");
    copse_bt_builder_bind(b, "goal", goal);
    copse_bt_builder_close(b);
    describe_leaf(b, "act", "look");
    copse_bt_builder_close(b);
}

static copse_bt_definition *build(copse_bt_registry *registry)
{
    copse_bt_builder *b = copse_bt_builder_new(registry, "patrol");
    check(b != NULL ? COPSE_OK : COPSE_ENOMEM, "builder");
    copse_bt_key position = {.name = "position", .type = COPSE_BT_NUMBER, .unit = "m"};
    copse_bt_key battery = {.name = "battery", .type = COPSE_BT_NUMBER, .unit = "%"};
    position.is_input = battery.is_input = true;
    position.max_age_ns = battery.max_age_ns = 200 * MS;
    copse_bt_builder_key(b, &position);
    copse_bt_builder_key(b, &battery);

    copse_bt_builder_open(b, "reactive-sel", NULL);
    copse_bt_builder_open(b, "seq", NULL);
    copse_bt_builder_name(b, "charge");
    describe_leaf(b, "cond", "battery-low?");
    copse_bt_builder_bind_key(b, "battery", "battery");
    copse_bt_builder_close(b);
    describe_leaf(b, "act", "dock");
    copse_bt_builder_close(b);
    copse_bt_builder_close(b);
    copse_bt_builder_open(b, "seq", NULL);
    copse_bt_builder_name(b, "round");
    describe_drive(b, 2);
    describe_drive(b, 0);
    copse_bt_builder_close(b);
    copse_bt_builder_close(b);

    copse_bt_definition *definition;
    copse_status status = copse_bt_builder_finish(b, &definition);
    if (status == COPSE_EINVAL)
        fprintf(stderr, "patrol: %s\n", copse_bt_builder_error(b));
    check(status, "tree");
    copse_bt_builder_free(b);
    return definition;
}

static copse_gate *make_gate(cart *c)
{
    copse_gate *gate = copse_gate_new(NULL, 1);
    check(gate != NULL ? COPSE_OK : COPSE_ENOMEM, "gate");
    copse_output_options options = {.name = "wheel",
                                    .dims = 1,
                                    .units = {"m/s"},
                                    .min = {-1},
                                    .max = {1},
                                    .rate = {4},
                                    .lease_ns = LEASE_MS * MS,
                                    .send = send_speed,
                                    .context = c};
    copse_output *output;
    char text[120];
    copse_status status = copse_gate_add(gate, &options, &output, text, sizeof text);
    if (status != COPSE_OK)
        fprintf(stderr, "patrol: %s\n", text);
    check(status, "output");
    return gate;
}

/* ---- The loop -------------------------------------------------------------------------------- */

static void print_tick(const cart *c, copse_bt_instance *patrol, copse_bt_status result,
                       const copse_bt_definition *definition)
{
    char running[200] = "-";
    for (uint32_t node = 0; node < copse_bt_definition_node_count(definition); node++)
        if (copse_bt_node_status(patrol, node) == COPSE_BT_RUNNING)
            copse_bt_definition_path(definition, node, running, sizeof running);
    printf("tick %3llu  %7.1f s  %-8s %-26s x %5.2f m  v %5.2f m/s  battery %3.0f %%\n",
           (unsigned long long)c->tick, (double)copse_clock_now(c->clock) * 1e-9,
           copse_bt_status_word(result), running, c->position_m, c->speed, c->battery);
}

/* What a sensor driver does before each tick. */
static void write_inputs(const cart *c, copse_bt_instance *patrol, int64_t now_ns)
{
    check(copse_bt_set_number(patrol, 0, c->position_m, now_ns), "position");
    check(copse_bt_set_number(patrol, 1, c->battery, now_ns), "battery");
}

static void print_gate(copse_gate *gate)
{
    copse_output_state s;
    if (!copse_output_read(copse_gate_find(gate, "wheel"), &s))
        return;
    printf("gate: %llu commands", (unsigned long long)s.commands);
    for (int i = 0; i < COPSE_VERDICT_COUNT; i++)
        if (s.verdicts[i] > 0)
            printf(", %llu %s", (unsigned long long)s.verdicts[i],
                   copse_verdict_word((copse_verdict)i));
    printf(", %llu leases expired\n", (unsigned long long)s.leases_expired);
}

int main(void)
{
    cart c = {.battery = 85};
    c.clock = copse_clock_new_virtual(NULL, 0);
    check(c.clock != NULL ? COPSE_OK : COPSE_ENOMEM, "clock");
    c.gate = make_gate(&c);
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    check(registry != NULL ? COPSE_OK : COPSE_ENOMEM, "registry");
    register_leaves(registry, &c);
    copse_bt_definition *definition = build(registry);
    copse_bt_instance_options options = {.gate = c.gate};
    copse_bt_instance *patrol;
    check(copse_bt_instance_new(definition, &options, &patrol), "instance");

    for (c.tick = 1; c.tick <= TICKS; c.tick++) {
        int64_t now_ns = copse_clock_now(c.clock);
        write_inputs(&c, patrol, now_ns);
        copse_bt_status result;
        check(copse_bt_tick(patrol, now_ns, &result), "tick");
        bool is_told = c.tick % 10 == 1 || result != COPSE_BT_RUNNING ||
                       (c.tick >= HANGS_AT - 1 && c.tick <= HANGS_AT + 1);
        if (is_told)
            print_tick(&c, patrol, result, definition);
        let_time_pass(&c, PERIOD_MS);
    }

    char why[400];
    copse_bt_why(patrol, why, sizeof why);
    printf("why:\n%s", why);
    check(copse_bt_instance_free(patrol), "free");
    printf("freed: speed %.2f m/s\n", c.speed);
    print_gate(c.gate);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
    copse_gate_free(c.gate);
    copse_clock_free(c.clock);
    bool is_safe = c.stood_still_ns > 0 && c.stood_still_ns <= LEASE_MS * MS && c.speed == 0;
    printf("%s\n", is_safe ? "the cart stood still within its lease" : "the cart did NOT stop");
    return is_safe ? 0 : 1;
}
