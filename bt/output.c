/* output.c -- one word for each output says who sends:
 *
 *   free --take--> taken --give--> free
 *                    |  ^
 *            owe the |  | give: send the safe values, then
 *         safe value v  |
 *                  taken, owed
 *
 * Nobody waits for it. A command that finds it taken is refused as busy; a stop that finds it taken
 * leaves its debt there, and whoever has it pays before giving it back. A stop sets its cause
 * before it looks at the word, and a command takes the word before it looks at the causes, so one
 * of the two sees the other and the safe values are the last that go out. Order: taking acquires,
 * giving releases, causes are sequentially consistent. Cost of a command: a few compares for each
 * dimension and two atomic operations. */
#include "bt/output.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "sched/format.h"
#include "sched/memory.h"

enum { FREE = 0, TAKEN = 1, OWED = 2, NAME_SIZE = 32, READ_TRIES = 1000 };

struct copse_output {
    copse_gate *gate;
    copse_output_options options; /* name and units are NULL: see below */
    char name[NAME_SIZE];
    char units[COPSE_OUTPUT_DIMS][NAME_SIZE];
    _Atomic(const void *) owner; /* the instance that claims it; NULL: none */
    atomic_uint word;            /* FREE, TAKEN, TAKEN | OWED; guards what stands below the line */
    atomic_uint takes;           /* counts them, so that the watchdog knows one from the next */
    atomic_uint stop_causes;     /* sequentially consistent, with word */
    atomic_uint releases;        /* release; acquire in cp_output_releases */
    atomic_bool is_manual;       /* written by who has the word */
    atomic_llong lease_end_ns;   /* written by who has the word; COPSE_NEVER: nothing to expire */
    atomic_ullong busy;          /* relaxed counters of what happens without the word */
    atomic_ullong not_claimed;
    atomic_ullong rescues;
    /* ---- under word ---- */
    copse_output_state state;
    bool was_sent; /* sent_ns is a time */
};

struct copse_gate {
    const copse_allocator *allocator;
    uint32_t limit;
    uint32_t count;
    atomic_uint stop_causes;   /* as of an output */
    atomic_llong last_beat_ns; /* relaxed; INT64_MIN before the first */
    copse_output outputs[];
};

/* ---- The word ------------------------------------------------------------------------------ */

static void count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool take_word(copse_output *output)
{
    unsigned expected = FREE;
    if (!atomic_compare_exchange_strong(&output->word, &expected, TAKEN))
        return false;
    atomic_fetch_add_explicit(&output->takes, 1, memory_order_relaxed);
    return true;
}

/* Under word: hand VALUES to the device. */
static void send(copse_output *output, const double *values)
{
    uint32_t dims = output->options.dims;
    memcpy(output->state.values, values, dims * sizeof *values);
    output->options.send(output->options.context, output->state.values, dims);
}

/* Under word. A person who drove does not any more. */
static void send_safe(copse_output *output)
{
    atomic_store_explicit(&output->lease_end_ns, COPSE_NEVER, memory_order_relaxed);
    if (atomic_exchange(&output->is_manual, false))
        atomic_fetch_add_explicit(&output->releases, 1, memory_order_release);
    output->state.source = COPSE_SOURCE_STOP;
    output->state.is_safe = true;
    output->state.safe_sends++;
    send(output, output->options.safe);
}

static void give_word(copse_output *output)
{
    unsigned expected = TAKEN;
    /* Each turn pays one debt; debts come from stops, of which there are few. */
    while (!atomic_compare_exchange_strong(&output->word, &expected, FREE)) {
        atomic_fetch_and(&output->word, ~(unsigned)OWED);
        send_safe(output);
        expected = TAKEN;
    }
}

/* The safe values go out now, or before the one who has the word gives it back. Lock-free: a turn
 * is lost only to somebody else's step. Async-signal-safe as far as `send` is. */
static void owe_safe(copse_output *output)
{
    for (;;) {
        if (take_word(output)) {
            send_safe(output);
            give_word(output);
            return;
        }
        unsigned taken = TAKEN;
        if (atomic_compare_exchange_strong(&output->word, &taken, TAKEN | OWED))
            return;
        if (taken == (TAKEN | OWED))
            return;
    }
}

/* ---- Declaring ----------------------------------------------------------------------------- */

static size_t gate_size(uint32_t limit)
{
    return sizeof(copse_gate) + (size_t)limit * sizeof(copse_output);
}

copse_gate *copse_gate_new(const copse_allocator *allocator, uint32_t limit)
{
    allocator = cp_allocator_or_default(allocator);
    copse_gate *gate = cp_allocate_zeroed(allocator, gate_size(limit));
    if (gate == NULL)
        return NULL;
    gate->allocator = allocator;
    gate->limit = limit;
    atomic_init(&gate->last_beat_ns, INT64_MIN);
    return gate;
}

void copse_gate_free(copse_gate *own)
{
    if (own == NULL)
        return;
    for (uint32_t i = 0; i < own->count; i++)
        owe_safe(&own->outputs[i]);
    cp_release(own->allocator, own, gate_size(own->limit));
}

static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) < NAME_SIZE;
}

/* False, and what is wrong in PRINTER, when dimension I makes no sense. */
static bool check_dimension(const copse_output_options *options, uint32_t i, cp_printer *printer)
{
    double low = options->min[i], high = options->max[i], safe = options->safe[i];
    const char *name = options->name;
    if (!isfinite(low) || !isfinite(high) || low > high)
        cp_print(printer, "output %s: min %g and max %g of dimension %u are no range", name, low,
                 high, i);
    else if (!(safe >= low && safe <= high))
        cp_print(printer, "output %s: safe value %g of dimension %u is not from %g to %g", name,
                 safe, i, low, high);
    else if (!isfinite(options->rate[i]) || options->rate[i] < 0)
        cp_print(printer, "output %s: rate %g of dimension %u is no rate, expected >= 0", name,
                 options->rate[i], i);
    return printer->length == 0;
}

static bool check_options(const copse_output_options *options, cp_printer *printer)
{
    if (!is_name(options->name))
        cp_print(printer, "an output needs a name of 1 to %d bytes", NAME_SIZE - 1);
    else if (options->dims < 1 || options->dims > COPSE_OUTPUT_DIMS)
        cp_print(printer, "output %s: dims is %u, expected 1 to %d", options->name, options->dims,
                 COPSE_OUTPUT_DIMS);
    else if (options->lease_ns <= 0 || options->manual_lease_ns < 0)
        cp_print(printer, "output %s: a lease must be longer than 0", options->name);
    else if (options->send == NULL)
        cp_print(printer, "output %s: has no send function", options->name);
    for (uint32_t i = 0; printer->length == 0 && i < options->dims; i++)
        check_dimension(options, i, printer);
    return printer->length == 0;
}

copse_status copse_gate_add(copse_gate *gate, const copse_output_options *options,
                            copse_output **out, char *text, size_t size)
{
    *out = NULL;
    cp_printer printer = cp_printer_make(text, size);
    if (!check_options(options, &printer))
        return COPSE_EINVAL;
    if (copse_gate_find(gate, options->name) != NULL) {
        cp_print(&printer, "output %s is declared twice", options->name);
        return COPSE_EINVAL;
    }
    if (gate->count == gate->limit) {
        cp_print(&printer, "output %s is one more than the %u of the gate", options->name,
                 gate->limit);
        return COPSE_EFULL;
    }
    copse_output *output = &gate->outputs[gate->count++];
    output->gate = gate;
    output->options = *options;
    output->options.name = output->name;
    memcpy(output->name, options->name, strlen(options->name) + 1);
    for (uint32_t i = 0; i < options->dims; i++) {
        const char *unit = options->units[i] != NULL ? options->units[i] : "";
        strncpy(output->units[i], unit, NAME_SIZE - 1);
        output->options.units[i] = output->units[i];
    }
    if (options->manual_lease_ns == 0)
        output->options.manual_lease_ns = options->lease_ns;
    memcpy(output->state.values, options->safe, sizeof output->state.values);
    output->state.source = COPSE_SOURCE_STOP;
    output->state.is_safe = true;
    atomic_init(&output->lease_end_ns, COPSE_NEVER);
    *out = output;
    return COPSE_OK;
}

copse_output *copse_gate_find(copse_gate *gate, const char *name)
{
    for (uint32_t i = 0; i < gate->count; i++)
        if (strcmp(gate->outputs[i].name, name) == 0)
            return &gate->outputs[i];
    return NULL;
}

uint32_t cp_output_index(const copse_output *output)
{
    return (uint32_t)(output - output->gate->outputs);
}

/* ---- Claims -------------------------------------------------------------------------------- */

bool cp_output_claim(copse_output *output, const void *owner)
{
    const void *expected = NULL;
    return atomic_compare_exchange_strong(&output->owner, &expected, owner) || expected == owner;
}

void cp_output_release(copse_output *output, const void *owner)
{
    const void *expected = owner;
    atomic_compare_exchange_strong(&output->owner, &expected, NULL);
}

bool cp_output_is_free_for(const copse_output *output, const void *owner)
{
    const void *now = atomic_load(&output->owner);
    return now == NULL || now == owner;
}

/* ---- Commands ------------------------------------------------------------------------------ */

static uint32_t stop_causes(const copse_output *output)
{
    return atomic_load(&output->stop_causes) | atomic_load(&output->gate->stop_causes);
}

/* VALUE of dimension I within what the output can do, TOO_FAST and OUT_OF_RANGE say what was wrong.
 * The time that counts is at most one lease: what stood still for long does not jump. */
static double bounded(const copse_output *output, uint32_t i, double value, int64_t now_ns,
                      bool *out_of_range, bool *too_fast)
{
    const copse_output_options *options = &output->options;
    double allowed = fmin(fmax(value, options->min[i]), options->max[i]);
    *out_of_range |= allowed != value;
    if (options->rate[i] == 0)
        return allowed;
    int64_t elapsed_ns = options->lease_ns;
    if (output->was_sent && now_ns - output->state.sent_ns < elapsed_ns)
        elapsed_ns = now_ns - output->state.sent_ns;
    double step = options->rate[i] * (elapsed_ns > 0 ? (double)elapsed_ns * 1e-9 : 0);
    double last = output->state.values[i];
    double reached = fmin(fmax(allowed, last - step), last + step);
    /* A step that falls short by rounding alone is no breach. */
    if (fabs(reached - allowed) <= 1e-12 * fmax(1, fabs(allowed)))
        return allowed;
    *too_fast = true;
    return reached;
}

/* Under word: what becomes of VALUES; those to send are in OUT. */
static copse_verdict judge(const copse_output *output, const double *values, uint32_t count_given,
                           int64_t now_ns, double *out)
{
    const copse_output_options *options = &output->options;
    if (count_given != options->dims)
        return COPSE_REFUSED_DIMS;
    for (uint32_t i = 0; i < options->dims; i++)
        if (!isfinite(values[i]))
            return COPSE_REFUSED_NOT_FINITE;
    bool out_of_range = false, too_fast = false;
    for (uint32_t i = 0; i < options->dims; i++)
        out[i] = bounded(output, i, values[i], now_ns, &out_of_range, &too_fast);
    if (options->refuses && out_of_range)
        return COPSE_REFUSED_RANGE;
    if (options->refuses && too_fast)
        return COPSE_REFUSED_RATE;
    return out_of_range || too_fast ? COPSE_CLAMPED : COPSE_SENT;
}

/* Under word. */
static copse_verdict command(copse_output *output, copse_source source, const double *values,
                             uint32_t count_given, int64_t now_ns)
{
    if (stop_causes(output) != 0)
        return COPSE_REFUSED_STOPPED;
    if (source == COPSE_SOURCE_TREE && atomic_load(&output->is_manual))
        return COPSE_REFUSED_MANUAL;
    double bounded_values[COPSE_OUTPUT_DIMS];
    copse_verdict verdict = judge(output, values, count_given, now_ns, bounded_values);
    if (verdict != COPSE_SENT && verdict != COPSE_CLAMPED)
        return verdict;
    bool is_manual = source == COPSE_SOURCE_MANUAL;
    int64_t lease_ns = is_manual ? output->options.manual_lease_ns : output->options.lease_ns;
    int64_t end_ns;
    if (CP_ADD_OVERFLOWS(now_ns, lease_ns, &end_ns))
        end_ns = COPSE_NEVER - 1;
    atomic_store_explicit(&output->lease_end_ns, end_ns, memory_order_relaxed);
    atomic_store(&output->is_manual, is_manual);
    output->state.source = source;
    output->state.is_safe = false;
    output->state.sent_ns = now_ns;
    output->was_sent = true;
    send(output, bounded_values);
    return verdict;
}

static copse_verdict command_and_count(copse_output *output, copse_source source,
                                       const double *values, uint32_t count_given, int64_t now_ns)
{
    if (!take_word(output)) {
        count(&output->busy);
        return COPSE_REFUSED_BUSY;
    }
    copse_verdict verdict = command(output, source, values, count_given, now_ns);
    output->state.commands++;
    output->state.verdicts[verdict]++;
    give_word(output);
    return verdict;
}

copse_verdict cp_output_command(copse_output *output, const void *owner, const double *values,
                                uint32_t count_given, int64_t now_ns)
{
    if (atomic_load(&output->owner) != owner) {
        count(&output->not_claimed);
        return COPSE_REFUSED_NOT_CLAIMED;
    }
    return command_and_count(output, COPSE_SOURCE_TREE, values, count_given, now_ns);
}

copse_verdict copse_output_manual(copse_output *output, const double *values, uint32_t count_given,
                                  int64_t now_ns)
{
    return command_and_count(output, COPSE_SOURCE_MANUAL, values, count_given, now_ns);
}

bool copse_output_is_manual(const copse_output *output)
{
    return atomic_load(&output->is_manual);
}

uint32_t cp_output_releases(const copse_output *output)
{
    return atomic_load_explicit(&output->releases, memory_order_acquire);
}

/* ---- Going safe ---------------------------------------------------------------------------- */

/* Under word. */
static void send_safe_at(copse_output *output, int64_t now_ns)
{
    output->state.sent_ns = now_ns;
    output->was_sent = true;
    send_safe(output);
}

void copse_output_release_manual(copse_output *output, int64_t now_ns)
{
    if (!take_word(output)) {
        owe_safe(output);
        return;
    }
    if (atomic_load(&output->is_manual))
        send_safe_at(output, now_ns);
    give_word(output);
}

void cp_output_go_safe(copse_output *output, int64_t now_ns)
{
    if (!take_word(output)) {
        owe_safe(output);
        return;
    }
    if (!atomic_load(&output->is_manual) && !output->state.is_safe)
        send_safe_at(output, now_ns);
    give_word(output);
}

static bool is_expired(const copse_output *output, int64_t now_ns)
{
    return now_ns >= atomic_load_explicit(&output->lease_end_ns, memory_order_relaxed);
}

/* One lease. Whoever has the word is sending at this moment, so its lease is not over. */
static bool expire(copse_output *output, int64_t now_ns)
{
    if (!is_expired(output, now_ns) || !take_word(output))
        return false;
    bool is_over = is_expired(output, now_ns);
    if (is_over) {
        output->state.leases_expired++;
        send_safe_at(output, now_ns);
    }
    give_word(output);
    return is_over;
}

uint32_t copse_gate_poll(copse_gate *gate, int64_t now_ns)
{
    uint32_t expired = 0;
    for (uint32_t i = 0; i < gate->count; i++)
        expired += expire(&gate->outputs[i], now_ns);
    return expired;
}

void cp_output_stop(copse_output *output, copse_stop_cause cause)
{
    atomic_fetch_or(&output->stop_causes, 1u << cause);
    owe_safe(output);
}

void cp_output_clear_stop(copse_output *output, uint32_t causes)
{
    atomic_fetch_and(&output->stop_causes, ~causes);
}

void copse_gate_stop(copse_gate *gate, copse_stop_cause cause)
{
    atomic_fetch_or(&gate->stop_causes, 1u << cause);
    for (uint32_t i = 0; i < gate->count; i++)
        owe_safe(&gate->outputs[i]);
}

void copse_gate_clear_stop(copse_gate *gate)
{
    atomic_store(&gate->stop_causes, 0);
}

uint32_t copse_gate_stop_causes(const copse_gate *gate)
{
    return atomic_load(&gate->stop_causes);
}

/* ---- For the watchdog, and looking ---------------------------------------------------------- */

void copse_gate_beat(copse_gate *gate, int64_t now_ns)
{
    atomic_store_explicit(&gate->last_beat_ns, now_ns, memory_order_relaxed);
}

int64_t cp_gate_last_beat(const copse_gate *gate)
{
    return atomic_load_explicit(&gate->last_beat_ns, memory_order_relaxed);
}

uint32_t cp_gate_output_count(const copse_gate *gate)
{
    return gate->count;
}

void cp_gate_rescue(copse_gate *gate, cp_output_sight *sights)
{
    for (uint32_t i = 0; i < gate->count; i++) {
        copse_output *output = &gate->outputs[i];
        uint32_t takes = atomic_load_explicit(&output->takes, memory_order_relaxed);
        bool is_owed = atomic_load(&output->word) == (TAKEN | OWED);
        if (is_owed && sights[i].was_owed && sights[i].takes == takes) {
            count(&output->rescues);
            output->options.send(output->options.context, output->options.safe,
                                 output->options.dims);
        }
        sights[i] = (cp_output_sight){takes, is_owed};
    }
}

bool copse_output_read(copse_output *output, copse_output_state *out)
{
    uint32_t tries = 0;
    while (!take_word(output))
        if (++tries == READ_TRIES)
            return false;
    *out = output->state;
    out->stop_causes = stop_causes(output);
    out->rescues = atomic_load_explicit(&output->rescues, memory_order_relaxed);
    uint64_t busy = atomic_load_explicit(&output->busy, memory_order_relaxed);
    uint64_t not_claimed = atomic_load_explicit(&output->not_claimed, memory_order_relaxed);
    out->verdicts[COPSE_REFUSED_BUSY] = busy;
    out->verdicts[COPSE_REFUSED_NOT_CLAIMED] = not_claimed;
    out->commands += busy + not_claimed;
    give_word(output);
    return true;
}
