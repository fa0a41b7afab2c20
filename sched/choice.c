/* choice.c -- one function per mode answers "which of N"; what surrounds it is common: count, hash
 * and log. PCT is the algorithm of Burckhardt, Kothari, Musuvathi and Nagarakatte (ASPLOS 2010):
 * random priorities, and at a few random points the first becomes the last. The exhaustive mode is
 * an odometer: each run repeats the digits of the one before, with the last that can still grow one
 * higher. */
#include "sched/choice.h"

#include <assert.h>
#include <string.h>

#include "sched/format.h"
#include "sched/memory.h"

enum {
    header_size = 32,
    log_version = 1,
    default_depth = 1000,
    varint_size = 10,
    /* codes of a decision */
    same_count = 0,
    one_more = 1,
    one_fewer = 2,
    header_follows = 3,
};

typedef struct digit {
    uint32_t count;
    uint32_t chosen;
    uint32_t kind;
} digit;

/* What a replay wanted and did not get, for the text. */
typedef struct question {
    bool is_input;
    uint32_t kind;
    uint64_t count; /* of candidates, or bytes of an input */
} question;

struct copse_choices {
    const copse_allocator *allocator;
    copse_choice_mode mode;
    bool is_recorded;
    copse_status failure; /* of the log or the odometer: memory was refused */
    uint64_t seed;
    cp_rng rng;
    uint64_t decisions;
    uint64_t hash;
    uint32_t last_count[CP_CHOICE_KIND_COUNT]; /* of writing, or of replaying */

    uint8_t *log; /* recorded bytes, header first */
    size_t log_size;
    size_t log_capacity;

    const uint8_t *replay; /* borrowed */
    size_t replay_size;
    size_t replay_at;
    bool has_diverged;
    question asked;  /* where it diverged */
    question logged; /* what the log has there */
    bool is_at_end;  /* the log has nothing there */

    uint64_t *change_points; /* PCT: decision numbers, ascending */
    uint64_t *demoted; /* PCT: identities put behind all others, the latest is the very last */
    uint32_t change_count;
    uint32_t changes_made;

    digit *digits; /* exhaustive */
    size_t digit_capacity;
    size_t digit_count;
    size_t digit_at;
    uint32_t depth;
};

#define CASE_KIND(name, word, text)                                                                \
    case name:                                                                                     \
        return word;

const char *cp_choice_kind_name(uint32_t kind)
{
    switch ((cp_choice_kind)kind) {
        CP_CHOICE_KIND_LIST(CASE_KIND)
    case CP_CHOICE_KIND_COUNT:
        break;
    }
    return "unknown";
}

/* ---- Numbers in the log ---- */

static size_t write_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* The number at *AT, which moves behind it. False when LOG ends in it or it has too many bits. */
static bool read_varint(const uint8_t *log, size_t size, size_t *at, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < size; shift += 7) {
        uint8_t byte = log[(*at)++];
        uint64_t bits = byte & 0x7f;
        if (shift == 63 && bits > 1)
            return false;
        *value |= bits << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static void write_u64(uint8_t *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* ---- Hash and log ---- */

CP_ALWAYS_INLINE uint64_t hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

CP_ALWAYS_INLINE uint64_t hash_decision(uint64_t hash, uint32_t kind, uint32_t count,
                                        uint32_t chosen)
{
    return hash_word(hash, ((uint64_t)count << 32 | chosen) ^ (uint64_t)kind << 60);
}

static uint64_t hash_input(uint64_t hash, uint32_t kind, const uint8_t *bytes, size_t size)
{
    hash = hash_word(hash_word(hash, ~(uint64_t)kind), size);
    for (size_t i = 0; i < size; i++)
        hash = hash_word(hash, bytes[i]);
    return hash;
}

static void append(copse_choices *choices, const void *bytes, size_t size)
{
    void *log = choices->log;
    if (choices->failure != COPSE_OK || size == 0)
        return;
    bool is_grown = cp_grow_array(choices->allocator, &log, &choices->log_capacity,
                                  choices->log_size + size, 1);
    choices->log = log;
    if (!is_grown) {
        choices->failure = COPSE_ENOMEM;
        return;
    }
    memcpy(choices->log + choices->log_size, bytes, size);
    choices->log_size += size;
}

static unsigned code_of(cp_choice_kind kind, uint32_t count, uint32_t last)
{
    if (kind != CP_CHOICE_READY)
        return header_follows;
    if (count == last)
        return same_count;
    if (count == last + 1)
        return one_more;
    return count + 1 == last ? one_fewer : header_follows;
}

static void append_decision(copse_choices *choices, cp_choice_kind kind, uint32_t count,
                            uint32_t chosen)
{
    uint8_t record[2 * varint_size];
    uint32_t last = choices->last_count[kind];
    unsigned code = code_of(kind, count, last);
    size_t size = write_varint(record, (uint64_t)chosen << 2 | code);
    if (code == header_follows)
        size += write_varint(record + size, zigzag((int64_t)count - last) << 4 | kind);
    choices->last_count[kind] = count;
    append(choices, record, size);
}

static void append_header(copse_choices *choices)
{
    static const uint8_t empty[header_size] = {'C', 'P', 'C', 'L', log_version};
    append(choices, empty, header_size);
}

copse_status copse_choices_log(copse_choices *choices, const void **log, size_t *size)
{
    if (!choices->is_recorded)
        return COPSE_EINVAL;
    if (choices->failure != COPSE_OK)
        return choices->failure;
    choices->log[6] = (uint8_t)choices->mode;
    write_u64(choices->log + 8, choices->seed);
    write_u64(choices->log + 16, choices->decisions);
    write_u64(choices->log + 24, choices->hash);
    *log = choices->log;
    *size = choices->log_size;
    return COPSE_OK;
}

/* ---- Replay ---- */

typedef struct record {
    question what;
    uint32_t chosen;
    const uint8_t *bytes; /* of an input */
} record;

/* The rest of an input whose kind was read. */
static bool read_input(const uint8_t *log, size_t size, size_t *at, uint64_t kind, record *out)
{
    uint64_t length = 0;
    if (kind > UINT32_MAX || !read_varint(log, size, at, &length) || length > size - *at)
        return false;
    *out = (record){.what = {true, (uint32_t)kind, length}, .bytes = log + *at};
    *at += length;
    return true;
}

/* The record at *AT of a log of SIZE bytes, given the last counts, which are brought forward. False
 * when the bytes are no record. */
static bool read_record(const uint8_t *log, size_t size, size_t *at, uint32_t *last_count,
                        record *out)
{
    uint64_t word = 0;
    uint64_t header = 0;
    uint32_t kind = CP_CHOICE_READY;
    int64_t change = 0;
    if (!read_varint(log, size, at, &word))
        return false;
    unsigned code = word & 3;
    if (code == header_follows) {
        if (!read_varint(log, size, at, &header))
            return false;
        kind = header & 15;
        if (kind == CP_CHOICE_INPUT)
            return header >> 4 == 0 && read_input(log, size, at, word >> 2, out);
        if (kind >= CP_CHOICE_KIND_COUNT)
            return false;
        change = unzigzag(header >> 4);
    } else {
        change = code == one_more ? 1 : code == one_fewer ? -1 : 0;
    }
    int64_t count = 0;
    if (CP_ADD_OVERFLOWS((int64_t)last_count[kind], change, &count) || count < 2 ||
        count > UINT32_MAX || word >> 2 >= (uint64_t)count)
        return false;
    last_count[kind] = (uint32_t)count;
    *out = (record){.what = {false, kind, (uint64_t)count}, .chosen = (uint32_t)(word >> 2)};
    return true;
}

/* Walks the whole log once, so that replaying can trust it. */
static bool log_is_sound(const uint8_t *log, size_t size)
{
    uint32_t last_count[CP_CHOICE_KIND_COUNT] = {0};
    uint64_t decisions = 0;
    uint64_t hash = 0;
    size_t at = header_size;
    record next;
    if (size < header_size || memcmp(log, "CPCL", 4) != 0 || log[4] != log_version || log[5] != 0)
        return false;
    while (at < size) {
        if (!read_record(log, size, &at, last_count, &next))
            return false;
        if (next.what.is_input) {
            hash = hash_input(hash, next.what.kind, next.bytes, next.what.count);
        } else {
            hash = hash_decision(hash, next.what.kind, (uint32_t)next.what.count, next.chosen);
            decisions++;
        }
    }
    return decisions == read_u64(log + 16) && hash == read_u64(log + 24);
}

/* The next record when it answers ASKED; false, and diverged for ever, when not. */
static bool replay_next(copse_choices *choices, question asked, record *out)
{
    if (choices->has_diverged)
        return false;
    choices->asked = asked;
    choices->is_at_end = choices->replay_at == choices->replay_size;
    if (!choices->is_at_end) {
        bool is_sound = read_record(choices->replay, choices->replay_size, &choices->replay_at,
                                    choices->last_count, out);
        assert(is_sound);
        (void)is_sound;
        choices->logged = out->what;
        /* The size of an input is the log's to say; the kind must agree. */
        if (out->what.is_input == asked.is_input && out->what.kind == asked.kind &&
            (asked.is_input || out->what.count == asked.count))
            return true;
    }
    choices->has_diverged = true;
    return false;
}

static uint32_t choose_replayed(copse_choices *choices, uint32_t count, cp_choice_kind kind)
{
    record next;
    return replay_next(choices, (question){false, kind, count}, &next) ? next.chosen : 0;
}

bool cp_choices_have_diverged(const copse_choices *choices)
{
    return choices->has_diverged;
}

static void print_question(cp_printer *printer, const question *what)
{
    if (what->is_input)
        cp_print(printer, "input %u", (unsigned)what->kind);
    else
        cp_print(printer, "%s of %llu", cp_choice_kind_name(what->kind),
                 (unsigned long long)what->count);
}

/* Where the run diverged it had the input that the log has, but for its bytes. */
static bool is_same_input(const copse_choices *choices)
{
    return !choices->is_at_end && choices->asked.is_input && choices->logged.is_input &&
           choices->asked.kind == choices->logged.kind;
}

copse_status copse_choices_check(const copse_choices *choices, char *text, size_t size)
{
    cp_printer printer = cp_printer_make(text, size);
    if (!choices->has_diverged)
        return choices->failure;
    cp_print(&printer, "diverged at decision %llu: the run chooses ",
             (unsigned long long)choices->decisions);
    print_question(&printer, &choices->asked);
    cp_print(&printer, choices->is_at_end ? ", the log has ended" : ", the log has ");
    if (!choices->is_at_end)
        print_question(&printer, &choices->logged);
    if (is_same_input(choices))
        cp_print(&printer, " with other bytes");
    return COPSE_EDIVERGED;
}

/* ---- PCT ---- */

/* Higher runs first. Demoted ones are below all others, the later the lower. */
static uint64_t priority_of(const copse_choices *choices, uint64_t identity)
{
    for (uint32_t i = choices->changes_made; i > 0; i--)
        if (choices->demoted[i - 1] == identity)
            return choices->change_count - i;
    return cp_mix64(choices->seed ^ cp_mix64(identity)) | UINT64_C(1) << 63;
}

static uint64_t identity_of(cp_identify *identify, void *context, uint32_t index)
{
    return identify == NULL ? index : identify(context, index);
}

static uint32_t highest(const copse_choices *choices, uint32_t count, cp_identify *identify,
                        void *context)
{
    uint32_t best = 0;
    uint64_t best_priority = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t priority = priority_of(choices, identity_of(identify, context, i));
        if (i == 0 || priority > best_priority) {
            best = i;
            best_priority = priority;
        }
    }
    return best;
}

static uint32_t choose_by_priority(copse_choices *choices, uint32_t count, cp_identify *identify,
                                   void *context)
{
    uint32_t best = highest(choices, count, identify, context);
    while (choices->changes_made < choices->change_count &&
           choices->change_points[choices->changes_made] <= choices->decisions) {
        uint64_t identity = identity_of(identify, context, best);
        choices->demoted[choices->changes_made++] = identity;
        best = highest(choices, count, identify, context);
    }
    return best;
}

static bool draw_change_points(copse_choices *choices, uint32_t count, uint64_t run_length)
{
    if (count == 0)
        return true;
    choices->change_points =
        cp_allocate_array(choices->allocator, count, sizeof *choices->change_points);
    choices->demoted = cp_allocate_array(choices->allocator, count, sizeof *choices->demoted);
    choices->change_count = count; /* also what free releases */
    if (choices->change_points == NULL || choices->demoted == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t point = cp_rng_below(&choices->rng, run_length == 0 ? 1 : run_length);
        uint32_t place = i;
        for (; place > 0 && choices->change_points[place - 1] > point; place--)
            choices->change_points[place] = choices->change_points[place - 1];
        choices->change_points[place] = point;
    }
    return true;
}

/* ---- Exhaustive ---- */

static uint32_t choose_digit(copse_choices *choices, uint32_t count, cp_choice_kind kind)
{
    if (choices->digit_at < choices->digit_count) {
        const digit *repeated = &choices->digits[choices->digit_at++];
        if (repeated->count == count && repeated->kind == kind)
            return repeated->chosen;
        choices->asked = (question){false, kind, count};
        choices->logged = (question){false, repeated->kind, repeated->count};
        choices->has_diverged = true;
        return 0;
    }
    if (choices->digit_count >= choices->depth || choices->has_diverged)
        return 0;
    void *digits = choices->digits;
    bool is_grown = cp_grow_array(choices->allocator, &digits, &choices->digit_capacity,
                                  choices->digit_count + 1, sizeof *choices->digits);
    choices->digits = digits;
    if (!is_grown) {
        choices->failure = COPSE_ENOMEM;
        return 0;
    }
    choices->digits[choices->digit_count++] = (digit){count, 0, kind};
    choices->digit_at = choices->digit_count;
    return 0;
}

bool copse_choices_next(copse_choices *choices)
{
    if (choices->mode != COPSE_CHOOSE_EXHAUSTIVE || choices->failure != COPSE_OK ||
        choices->has_diverged)
        return false;
    while (choices->digit_count > 0) {
        digit *last = &choices->digits[choices->digit_count - 1];
        if (last->chosen + 1 < last->count) {
            last->chosen++;
            break;
        }
        choices->digit_count--;
    }
    choices->digit_at = 0;
    choices->decisions = 0;
    choices->hash = 0;
    choices->log_size = header_size;
    memset(choices->last_count, 0, sizeof choices->last_count);
    return choices->digit_count > 0;
}

/* ---- All ---- */

static uint32_t choose_by_mode(copse_choices *choices, uint32_t count, cp_choice_kind kind,
                               cp_identify *identify, void *context)
{
    switch (choices->mode) {
    case COPSE_CHOOSE_FIFO:
        return 0;
    case COPSE_CHOOSE_RANDOM:
        return (uint32_t)cp_rng_below(&choices->rng, count);
    case COPSE_CHOOSE_PCT:
        return choose_by_priority(choices, count, identify, context);
    case COPSE_CHOOSE_REPLAY:
        return choose_replayed(choices, count, kind);
    case COPSE_CHOOSE_EXHAUSTIVE:
        return choose_digit(choices, count, kind);
    }
    assert(false); /* the options were checked */
    return 0;
}

uint32_t cp_choose(copse_choices *choices, uint32_t count, cp_choice_kind kind,
                   cp_identify *identify, void *context)
{
    assert(count > 0);
    if (count == 1)
        return 0;
    uint32_t chosen = choose_by_mode(choices, count, kind, identify, context);
    assert(chosen < count);
    if (CP_UNLIKELY(choices->has_diverged))
        return 0;
    choices->decisions++;
    choices->hash = hash_decision(choices->hash, kind, count, chosen);
    if (choices->is_recorded && choices->mode != COPSE_CHOOSE_REPLAY)
        append_decision(choices, kind, count, chosen);
    return chosen;
}

void cp_record_input(copse_choices *choices, uint32_t kind, const void *bytes, size_t size)
{
    uint8_t start[3 * varint_size];
    if (choices->mode == COPSE_CHOOSE_REPLAY) {
        const void *logged = NULL;
        size_t logged_size = 0;
        if (!cp_replay_input(choices, kind, &logged, &logged_size))
            return;
        choices->has_diverged =
            logged_size != size || (size > 0 && memcmp(logged, bytes, size) != 0);
        return;
    }
    choices->hash = hash_input(choices->hash, kind, bytes, size);
    if (!choices->is_recorded)
        return;
    size_t start_size = write_varint(start, (uint64_t)kind << 2 | header_follows);
    start_size += write_varint(start + start_size, CP_CHOICE_INPUT);
    start_size += write_varint(start + start_size, size);
    append(choices, start, start_size);
    append(choices, bytes, size);
}

bool cp_replay_input(copse_choices *choices, uint32_t kind, const void **bytes, size_t *size)
{
    record next;
    if (choices->mode != COPSE_CHOOSE_REPLAY ||
        !replay_next(choices, (question){true, kind, 0}, &next))
        return false;
    choices->hash = hash_input(choices->hash, kind, next.bytes, next.what.count);
    *bytes = next.bytes;
    *size = next.what.count;
    return true;
}

uint64_t copse_choices_count(const copse_choices *choices)
{
    return choices->decisions;
}

uint64_t copse_choices_hash(const copse_choices *choices)
{
    return choices->hash;
}

/* What MODE needs beyond the common fields. */
static copse_status prepare_mode(copse_choices *choices, const copse_choices_options *options)
{
    switch (options->mode) {
    case COPSE_CHOOSE_FIFO:
    case COPSE_CHOOSE_RANDOM:
        return COPSE_OK;
    case COPSE_CHOOSE_PCT:
        return draw_change_points(choices, options->change_points, options->run_length)
                   ? COPSE_OK
                   : COPSE_ENOMEM;
    case COPSE_CHOOSE_REPLAY:
        if (options->log == NULL || !log_is_sound(options->log, options->log_size))
            return COPSE_EFORMAT;
        choices->replay = options->log;
        choices->replay_size = options->log_size;
        choices->replay_at = header_size;
        choices->seed = read_u64(choices->replay + 8);
        return COPSE_OK;
    case COPSE_CHOOSE_EXHAUSTIVE:
        choices->depth = options->depth == 0 ? default_depth : options->depth;
        return COPSE_OK;
    }
    return COPSE_EINVAL;
}

copse_status copse_choices_new(const copse_choices_options *options, copse_choices **out)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    *out = NULL;
    copse_choices *choices = cp_allocate_zeroed(allocator, sizeof *choices);
    if (choices == NULL)
        return COPSE_ENOMEM;
    choices->allocator = allocator;
    choices->mode = options->mode;
    choices->seed = options->seed;
    choices->rng = cp_rng_make(options->seed);
    choices->is_recorded = options->is_recorded && options->mode != COPSE_CHOOSE_REPLAY;
    copse_status status = prepare_mode(choices, options);
    if (status == COPSE_OK && choices->is_recorded) {
        append_header(choices);
        status = choices->failure;
    }
    if (status != COPSE_OK) {
        copse_choices_free(choices);
        return status;
    }
    *out = choices;
    return COPSE_OK;
}

void copse_choices_free(copse_choices *own)
{
    if (own == NULL)
        return;
    const copse_allocator *allocator = own->allocator;
    if (own->log != NULL)
        cp_release_array(allocator, own->log, own->log_capacity, 1);
    if (own->change_points != NULL)
        cp_release_array(allocator, own->change_points, own->change_count,
                         sizeof *own->change_points);
    if (own->demoted != NULL)
        cp_release_array(allocator, own->demoted, own->change_count, sizeof *own->demoted);
    if (own->digits != NULL)
        cp_release_array(allocator, own->digits, own->digit_capacity, sizeof *own->digits);
    cp_release(allocator, own, sizeof *own);
}
