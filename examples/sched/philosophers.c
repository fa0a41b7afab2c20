/* philosophers.c -- five philosophers share five forks on a deterministic executor.
 *
 * Each takes the left fork, then the right one. A seed decides who moves next; some seeds let all
 * five hold one fork and wait for the other. The program looks for such a seed, prints who waits
 * for whom, replays the same schedule from its log, and shows that nobody starves when each takes
 * the fork with the lower number first.
 *
 * usage: philosophers [--seed N] [--seeds N]     one seed, or how many to look through (1,000) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <copse.h>

enum { seats = 5, meals_each = 3, dump_size = 2048 };

typedef enum phase { THINKING, WANTS_FIRST, WANTS_SECOND, EATING } phase;

typedef struct dining_fork {
    copse_task_handle holder;
    copse_task_handle waiter; /* at most one: only two philosophers reach a fork */
} dining_fork;

struct dining_table;

typedef struct philosopher {
    struct dining_table *table;
    int first; /* fork to take first */
    int second;
    phase phase;
    int meals;
} philosopher;

typedef struct dining_table {
    copse_executor *executor;
    dining_fork forks[seats];
    philosopher philosophers[seats];
} dining_table;

/* What came of one served. */
typedef struct dinner {
    copse_status status; /* COPSE_OK, or COPSE_EDEADLOCK */
    int meals;
    uint64_t decisions;
    uint64_t hash;
    char dump[dump_size]; /* who waits for whom, when they starve */
} dinner;

static void stop_unless(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "philosophers: %s\n", what);
    exit(1);
}

/* True when SELF holds the fork now; else it is noted as the one who waits. */
static bool take(dining_fork *wanted, copse_task_handle self)
{
    if (wanted->holder.bits != 0) {
        wanted->waiter = self;
        return false;
    }
    wanted->holder = self;
    return true;
}

static void put(dining_table *table, int number)
{
    dining_fork *held = &table->forks[number];
    copse_task_handle waiter = held->waiter;
    *held = (dining_fork){{0}, {0}};
    if (waiter.bits != 0)
        copse_executor_wake(table->executor, waiter);
}

static copse_outcome wait_for_fork(copse_task *self, const dining_table *table, int number)
{
    copse_block block = {COPSE_BLOCK_MUTEX, (uint64_t)number, table->forks[number].holder};
    return copse_task_block(self, block, COPSE_NEVER);
}

/* One move of a philosopher. */
static copse_outcome move(copse_task *self, void *context, copse_why why)
{
    philosopher *own = context;
    dining_table *table = own->table;
    if (why == COPSE_WHY_CANCELLED)
        return copse_task_done(self, 0); /* the restaurant closes */
    switch (own->phase) {
    case THINKING:
        own->phase = WANTS_FIRST;
        return copse_task_yield(self);
    case WANTS_FIRST:
        if (!take(&table->forks[own->first], copse_task_self(self)))
            return wait_for_fork(self, table, own->first);
        own->phase = WANTS_SECOND;
        return copse_task_yield(self);
    case WANTS_SECOND:
        if (!take(&table->forks[own->second], copse_task_self(self)))
            return wait_for_fork(self, table, own->second);
        own->phase = EATING;
        return copse_task_yield(self);
    case EATING:
        put(table, own->second);
        put(table, own->first);
        own->meals++;
        own->phase = THINKING;
        return own->meals == meals_each ? copse_task_done(self, 0) : copse_task_yield(self);
    }
    return copse_task_done(self, 1);
}

static void seat(dining_table *table, int number, bool is_ordered)
{
    philosopher *own = &table->philosophers[number];
    int left = number;
    int right = (number + 1) % seats;
    bool is_swapped = is_ordered && right < left;
    *own = (philosopher){
        .table = table, .first = is_swapped ? right : left, .second = is_swapped ? left : right};
    char name[32];
    snprintf(name, sizeof name, "philosopher %d", number);
    copse_task_options options = {.name = name, .resume = move, .context = own};
    copse_task_handle task;
    stop_unless(copse_executor_schedule(table->executor, &options, &task) == COPSE_OK,
                "no memory for a philosopher");
}

/* Serve one dinner, all decisions taken by CHOICES. */
static dinner dine(copse_choices *choices, bool is_ordered)
{
    dining_table table = {0};
    dinner result = {COPSE_OK, 0, 0, 0, ""};
    copse_det_options options = {.choices = choices};
    stop_unless(copse_executor_new_det(&options, &table.executor) == COPSE_OK,
                "no memory for an executor");
    for (int i = 0; i < seats; i++)
        seat(&table, i, is_ordered);
    result.status = copse_executor_run_all(table.executor);
    if (result.status != COPSE_OK)
        copse_executor_dump(table.executor, result.dump, sizeof result.dump, NULL);
    for (int i = 0; i < seats; i++)
        result.meals += table.philosophers[i].meals;
    result.decisions = copse_choices_count(choices);
    result.hash = copse_choices_hash(choices);
    stop_unless(copse_executor_free(table.executor) == COPSE_OK, "the executor is still in use");
    return result;
}

static copse_choices *choices_of(copse_choices_options options)
{
    copse_choices *choices = NULL;
    stop_unless(copse_choices_new(&options, &choices) == COPSE_OK, "no memory for the choices");
    return choices;
}

static copse_choices *choices_of_seed(uint64_t seed)
{
    return choices_of(
        (copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = seed, .is_recorded = true});
}

static dinner dine_with_seed(uint64_t seed, bool is_ordered)
{
    copse_choices *choices = choices_of_seed(seed);
    dinner result = dine(choices, is_ordered);
    copse_choices_free(choices);
    return result;
}

/* Record SEED, then let its log decide: everything comes out the same. */
static void replay(uint64_t seed)
{
    const void *log = NULL;
    size_t size = 0;
    copse_choices *recorded = choices_of_seed(seed);
    dinner first = dine(recorded, false);
    stop_unless(copse_choices_log(recorded, &log, &size) == COPSE_OK, "no memory for the log");
    copse_choices *replayed = choices_of(
        (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
    dinner second = dine(replayed, false);
    stop_unless(copse_choices_check(replayed, NULL, 0) == COPSE_OK, "the replay diverged");
    stop_unless(first.hash == second.hash && strcmp(first.dump, second.dump) == 0,
                "the replay ended otherwise");
    printf("Replayed from its log of %zu bytes: the same %llu decisions, hash %016llx, the same "
           "end.\n",
           size, (unsigned long long)second.decisions, (unsigned long long)second.hash);
    copse_choices_free(replayed);
    copse_choices_free(recorded);
}

/* The number behind option NAME in TEXT; ends the program when it is none. */
static uint64_t number_of(const char *name, const char *text)
{
    char *end = NULL;
    unsigned long long number = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || text[0] == '-') {
        fprintf(stderr, "philosophers: %s is %s, expected a number\n", name,
                text == NULL ? "missing its value" : text);
        exit(2);
    }
    return number;
}

static void show_starving(uint64_t seed)
{
    dinner served = dine_with_seed(seed, false);
    printf("Seed %llu: after %llu decisions and %d of %d meals, %s.\n%s", (unsigned long long)seed,
           (unsigned long long)served.decisions, served.meals, seats * meals_each,
           copse_status_text(served.status), served.dump);
    replay(seed);
}

int main(int argc, char **argv)
{
    uint64_t first_seed = 0;
    uint64_t seeds = 1000;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0) {
            first_seed = number_of(argv[i], argv[i + 1]);
            seeds = 1;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            seeds = number_of(argv[i], argv[i + 1]);
        } else {
            fprintf(stderr, "usage: philosophers [--seed N] [--seeds N]\n");
            return 2;
        }
    }

    uint64_t starving = 0;
    printf("%d philosophers, %d meals each, every one takes the left fork first.\n", seats,
           meals_each);
    for (uint64_t i = 0; i < seeds; i++) {
        dinner served = dine_with_seed(first_seed + i, false);
        if (served.status == COPSE_EDEADLOCK && starving++ == 0)
            show_starving(first_seed + i);
    }
    printf("They starve with %llu of %llu seeds.\n", (unsigned long long)starving,
           (unsigned long long)seeds);

    for (uint64_t i = 0; i < seeds; i++) {
        dinner served = dine_with_seed(first_seed + i, true);
        stop_unless(served.status == COPSE_OK && served.meals == seats * meals_each,
                    "they starve although the forks are ordered");
    }
    printf("With the lower fork first they eat all %d meals with each of %llu seeds.\n",
           seats * meals_each, (unsigned long long)seeds);
    return 0;
}
