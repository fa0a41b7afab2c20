#include "tests/interp/fixture.h"

#include "interp/table.h"
#include "sched/rng.h"

static void open_tables(fixture *f, const cp_heap_options *options)
{
    open_heap(f, options);
    cp_text_init(f->heap);
    cp_table_init(f->heap);
}

static void check_table(fixture *f, cp_value table, uint64_t seed)
{
    const char *text = cp_table_check(f->heap, table);
    if (text != NULL)
        fail_msg("%s (seed %llu)", text, (unsigned long long)seed);
}

/* ---- The obvious table ---------------------------------------------------------------------- */

enum { MODEL_LIMIT = 6000 };

/* Entries in the order in which they came, found by looking at each. */
typedef struct model {
    cp_value keys[MODEL_LIMIT];
    int values[MODEL_LIMIT];
    size_t count;
} model;

static size_t model_find(const model *m, cp_value key)
{
    size_t i = 0;
    while (i < m->count && !cp_same(m->keys[i], key))
        i++;
    return i;
}

static void model_set(model *m, cp_value key, int value)
{
    size_t i = model_find(m, key);
    if (i == m->count)
        m->keys[m->count++] = key;
    m->values[i] = value;
}

static bool model_delete(model *m, cp_value key)
{
    size_t i = model_find(m, key);
    if (i == m->count)
        return false;
    m->count--;
    memmove(&m->keys[i], &m->keys[i + 1], (m->count - i) * sizeof(cp_value));
    memmove(&m->values[i], &m->values[i + 1], (m->count - i) * sizeof(int));
    return true;
}

static void compare(fixture *f, cp_value table, const model *m, uint64_t seed)
{
    cp_table_iterator iterator = cp_table_iterate(table);
    cp_value key, value;
    size_t i = 0;
    CHECK_SEED(cp_table_count(table) == m->count, seed);
    for (; cp_table_next(f->heap, table, &iterator, &key, &value); i++) {
        CHECK_SEED(i < m->count && cp_same(key, m->keys[i]), seed);
        CHECK_SEED(cp_to_fixnum(value) == m->values[i], seed);
    }
    CHECK_SEED(i == m->count, seed);
    check_table(f, table, seed);
}

static cp_value draw_key(cp_rng *rng, fixture *f, uint64_t range)
{
    uint64_t n = cp_rng_below(rng, range);
    switch (n % 4) {
    case 0:
        return cp_make_fixnum((int64_t)n);
    case 1:
        return cp_make_char((uint32_t)n % 0xD800);
    case 2:
        return cp_make_double((double)n);
    default: /* one of some objects that stay where they are */
        return cp_vector_ref(f->roots[1], (uint32_t)(n % 1000));
    }
}

static void run_against_model(uint64_t seed, cp_table_kind kind, uint64_t range)
{
    static model m;
    m.count = 0;
    cp_rng rng = cp_rng_make(seed);
    fixture f;
    open_tables(&f, NULL);
    f.roots[1] = cp_make_vector(f.heap, 1000, CP_NIL);
    for (uint32_t i = 0; i < 1000; i++)
        cp_vector_set(f.heap, f.roots[1], i, cp_cons(f.heap, CP_NIL, CP_NIL));
    f.roots[0] = cp_make_table(f.heap, kind, CP_TABLE_STRONG, cp_rng_below(&rng, 50));
    uint64_t deletes = cp_rng_below(&rng, 7);
    for (int step = 0; step < 6000 && m.count < MODEL_LIMIT; step++) {
        cp_value key = draw_key(&rng, &f, range);
        uint64_t dice = cp_rng_below(&rng, 10);
        if (dice < deletes) {
            CHECK_SEED(cp_table_delete(f.heap, f.roots[0], key) == model_delete(&m, key), seed);
        } else if (dice < 9) {
            CHECK_SEED(cp_table_set(f.heap, f.roots[0], key, cp_make_fixnum(step)), seed);
            model_set(&m, key, step);
        } else {
            cp_value value = cp_table_ref(f.heap, f.roots[0], key);
            size_t i = model_find(&m, key);
            CHECK_SEED(i == m.count ? cp_is_nothing(value) : cp_to_fixnum(value) == m.values[i],
                       seed);
        }
        if (cp_rng_below(&rng, 500) == 0)
            compare(&f, f.roots[0], &m, seed);
        if (cp_rng_below(&rng, 700) == 0)
            cp_collect_young(f.heap);
        if (cp_rng_below(&rng, 2000) == 0)
            cp_collect_full(f.heap);
        if (cp_rng_below(&rng, 3000) == 0) {
            CHECK_SEED(cp_table_clear(f.heap, f.roots[0]), seed);
            m.count = 0;
        }
    }
    compare(&f, f.roots[0], &m, seed);
    check_heap(&f, seed);
    close_heap(&f);
}

static void a_table_keeps_its_entries_in_order_of_insertion(void **state)
{
    (void)state;
    static const uint64_t ranges[] = {20, 300, 3000, 60000};
    for (uint64_t seed = 1; seed <= 40; seed++)
        run_against_model(seed, seed % 2 == 0 ? CP_TABLE_EQ : CP_TABLE_EQV, ranges[seed % 4]);
}

/* ---- Growth in steps ------------------------------------------------------------------------ */

static void a_table_grows_in_small_steps(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    const int count = ROUNDS(300000);
    for (int i = 0; i < count; i++) {
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), cp_make_fixnum(-i)));
        if (i % 3 == 0)
            assert_int_equal(cp_to_fixnum(cp_table_ref(f.heap, f.roots[0], cp_make_fixnum(i / 2))),
                             -(i / 2));
        if (i % 5000 == 0)
            check_table(&f, f.roots[0], (uint64_t)i);
        cp_safepoint(f.heap);
    }
    assert_int_equal(cp_table_count(f.roots[0]), count);
    while (!cp_table_step(f.heap, f.roots[0], 100))
        ;
    check_table(&f, f.roots[0], 0);
    for (int i = 0; i < count; i++)
        if (cp_to_fixnum(cp_table_ref(f.heap, f.roots[0], cp_make_fixnum(i))) != -i)
            fail_msg("key %d", i);
    for (int i = 0; i < count; i++)
        assert_true(cp_table_delete(f.heap, f.roots[0], cp_make_fixnum(i)));
    assert_int_equal(cp_table_count(f.roots[0]), 0);
    assert_true(cp_table_set(f.heap, f.roots[0], CP_TRUE, CP_NIL));
    check_heap(&f, 0);
    close_heap(&f);
}

/* A queue: as many deletions as insertions need no more room than what is in it. */
static void holes_are_used_again(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    for (int i = 0; i < ROUNDS(200000); i++) {
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), CP_NIL));
        if (i >= 1000)
            assert_true(cp_table_delete(f.heap, f.roots[0], cp_make_fixnum(i - 1000)));
        cp_safepoint(f.heap);
    }
    cp_collect_full(f.heap);
    assert_true(cp_heap_stats(f.heap).live_bytes < 200000);
    check_table(&f, f.roots[0], 0);
    close_heap(&f);
}

/* ---- Iteration ------------------------------------------------------------------------------ */

/* Entries come and go, the table grows and is cleared, while one iterator walks. */
static void iterate_while_changing(uint64_t seed)
{
    cp_rng rng = cp_rng_make(seed);
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    enum { FIRST = 2000, ALL = 40000 };
    static bool is_there[ALL], was_visited[ALL];
    memset(is_there, 0, sizeof is_there);
    memset(was_visited, 0, sizeof was_visited);
    int first = (int)cp_rng_below(&rng, FIRST);
    for (int i = 0; i < first; i++) {
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), cp_make_fixnum(i)));
        is_there[i] = true;
    }
    int next = first;
    int last = -1;
    cp_table_iterator iterator = cp_table_iterate(f.roots[0]);
    cp_value key, value;
    while (f.roots[2] = iterator.entries,
           cp_table_next(f.heap, f.roots[0], &iterator, &key, &value)) {
        int number = (int)cp_to_fixnum(key);
        CHECK_SEED(is_there[number] && !was_visited[number] && number > last, seed);
        CHECK_SEED(cp_same(key, value), seed);
        was_visited[number] = true;
        last = number;
        f.roots[2] = iterator.entries;
        for (uint64_t changes = cp_rng_below(&rng, 12); changes > 0 && next < ALL; changes--) {
            if (cp_rng_below(&rng, 3) == 0 || next > ALL - 100) {
                int victim = (int)cp_rng_below(&rng, (uint64_t)next);
                bool was_there = cp_table_delete(f.heap, f.roots[0], cp_make_fixnum(victim));
                CHECK_SEED(was_there == is_there[victim], seed);
                is_there[victim] = false;
            } else {
                assert_true(
                    cp_table_set(f.heap, f.roots[0], cp_make_fixnum(next), cp_make_fixnum(next)));
                is_there[next++] = true;
            }
        }
        if (cp_rng_below(&rng, 100) == 0)
            cp_collect_young(f.heap);
        if (cp_rng_below(&rng, 2000) == 0)
            cp_collect_full(f.heap);
    }
    for (int i = 0; i < first; i++)
        CHECK_SEED(!is_there[i] || was_visited[i], seed);
    check_table(&f, f.roots[0], seed);
    close_heap(&f);
}

static void an_iterator_survives_growth_and_deletion(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++)
        iterate_while_changing(seed);
}

static void an_iterator_ends_after_its_table_was_cleared(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    for (int i = 0; i < 100; i++)
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), CP_NIL));
    cp_table_iterator iterator = cp_table_iterate(f.roots[0]);
    cp_value key, value;
    assert_true(cp_table_next(f.heap, f.roots[0], &iterator, &key, &value));
    assert_true(cp_table_clear(f.heap, f.roots[0]));
    assert_true(cp_table_set(f.heap, f.roots[0], CP_TRUE, CP_NIL));
    assert_false(cp_table_next(f.heap, f.roots[0], &iterator, &key, &value));
    assert_int_equal(cp_table_count(f.roots[0]), 1);
    close_heap(&f);
}

/* ---- Kinds ---------------------------------------------------------------------------------- */

static void a_string_table_compares_texts(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_STRING, CP_TABLE_STRONG, 0);
    f.roots[1] = cp_make_table(f.heap, CP_TABLE_EQV, CP_TABLE_STRONG, 0);
    for (int i = 0; i < 5000; i++) {
        char text[24];
        (void)snprintf(text, sizeof text, "key-%d", i);
        cp_value key = cp_string_from_c(f.heap, text);
        assert_true(cp_table_set(f.heap, f.roots[0], key, cp_make_fixnum(i)));
        if (i % 500 == 0)
            cp_collect_young(f.heap);
    }
    cp_value key = cp_string_from_c(f.heap, "key-4321");
    assert_int_equal(cp_to_fixnum(cp_table_ref(f.heap, f.roots[0], key)), 4321);
    assert_true(cp_table_delete(f.heap, f.roots[0], key));
    assert_true(cp_is_nothing(cp_table_ref(f.heap, f.roots[0], key)));
    assert_true(cp_table_set(f.heap, f.roots[1], key, CP_TRUE));
    cp_value same_text = cp_string_from_c(f.heap, "key-4321");
    assert_true(cp_is_nothing(cp_table_ref(f.heap, f.roots[1], same_text)));
    assert_true(cp_same(cp_table_ref(f.heap, f.roots[1], key), CP_TRUE));
    assert_int_equal(cp_table_kind_of(f.roots[0]), CP_TABLE_STRING);
    assert_true(cp_is_table(f.roots[0]));
    assert_false(cp_is_table(key));
    check_table(&f, f.roots[0], 0);
    close_heap(&f);
}

/* Objects that compare by a number in them, as big numbers do. */
typedef struct big {
    cp_object object;
    uint64_t number;
} big;

static bool big_equal(const cp_object *a, const cp_object *b)
{
    return ((const big *)a)->number == ((const big *)b)->number;
}

static uint64_t big_hash(const cp_object *object)
{
    return ((const big *)object)->number % 7;
}

static void eqv_asks_the_row_of_the_type(void **state)
{
    (void)state;
    static const cp_type row = {
        .name = "big", .fixed_bytes = sizeof(big), .equal = big_equal, .hash = big_hash};
    fixture f;
    open_tables(&f, NULL);
    unsigned type = cp_heap_add_type(f.heap, &row);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQV, CP_TABLE_STRONG, 0);
    f.roots[1] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 100; i++) {
            big *key = (big *)cp_alloc(f.heap, type, 0);
            key->number = i;
            for (int t = 0; t < 2; t++)
                assert_true(cp_table_set(f.heap, f.roots[t], cp_from_object(key), CP_NIL));
        }
    }
    assert_int_equal(cp_table_count(f.roots[0]), 100);
    assert_int_equal(cp_table_count(f.roots[1]), 200);
    close_heap(&f);
}

/* Equality by the caller: numbers modulo 1000. */
static cp_probe probe_modulo(fixture *f, int number, cp_value *key)
{
    cp_probe probe = cp_table_probe(f->roots[0], (uint32_t)(number % 1000 % 10));
    while (!cp_is_nothing(*key = cp_table_probe_next(f->heap, f->roots[0], &probe)))
        if (cp_to_fixnum(*key) % 1000 == number % 1000)
            break;
    return probe;
}

static void the_caller_of_a_probe_decides_what_is_equal(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_CUSTOM, CP_TABLE_STRONG, 0);
    for (int i = 0; i < 3000; i++) {
        cp_value key;
        cp_probe probe = probe_modulo(&f, i, &key);
        assert_int_equal(cp_is_nothing(key), i < 1000);
        if (cp_is_nothing(key))
            assert_true(cp_table_append(f.heap, f.roots[0], probe.hash, cp_make_fixnum(i),
                                        cp_make_fixnum(i)));
        else
            cp_table_probe_set(f.heap, &probe, cp_make_fixnum(i));
    }
    assert_int_equal(cp_table_count(f.roots[0]), 1000);
    for (int i = 0; i < 1000; i += 2) {
        cp_value key;
        cp_probe probe = probe_modulo(&f, i + 5000, &key);
        assert_int_equal(cp_to_fixnum(key), i);
        assert_int_equal(cp_to_fixnum(cp_table_probe_value(f.heap, &probe)), i + 2000);
        cp_table_probe_delete(f.heap, f.roots[0], &probe);
    }
    assert_int_equal(cp_table_count(f.roots[0]), 500);
    check_table(&f, f.roots[0], 0);
    close_heap(&f);
}

/* ---- Weak tables ---------------------------------------------------------------------------- */

static void collect(fixture *f, int how)
{
    if (how == 0) {
        cp_collect_young(f->heap);
        return;
    }
    if (how == 1) {
        cp_collect_full(f->heap);
        return;
    }
    cp_cycle_begin(f->heap);
    while (!cp_cycle_slice(f->heap, 50))
        cp_collect_young(f->heap);
    cp_cycle_finish(f->heap);
}

static void an_entry_goes_when_its_weak_key_is_dead(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        fixture f;
        open_tables(&f, NULL);
        f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
        f.roots[1] = cp_cons(f.heap, CP_NIL, CP_NIL);
        cp_value kept = f.roots[1];
        cp_value dead = cp_cons(f.heap, CP_NIL, CP_NIL);
        /* An ephemeron: the value refers to its own key and does not keep it alive. */
        assert_true(cp_table_set(f.heap, f.roots[0], dead, cp_cons(f.heap, dead, CP_NIL)));
        assert_true(cp_table_set(f.heap, f.roots[0], kept, cp_cons(f.heap, kept, CP_NIL)));
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(1), CP_TRUE));
        collect(&f, how);
        assert_int_equal(cp_table_count(f.roots[0]), 2);
        assert_true(cp_same(cp_car(cp_table_ref(f.heap, f.roots[0], kept)), kept));
        check_heap(&f, 0);
        f.roots[1] = CP_NIL;
        collect(&f, how == 0 ? 1 : how);
        assert_int_equal(cp_table_count(f.roots[0]), 1);
        check_table(&f, f.roots[0], 0);
        close_heap(&f);
    }
}

static void an_entry_goes_when_its_weak_value_is_dead(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        fixture f;
        open_tables(&f, NULL);
        f.roots[0] = cp_make_table(f.heap, CP_TABLE_STRING, CP_TABLE_WEAK_VALUE, 0);
        f.roots[1] = cp_cons(f.heap, CP_TRUE, CP_NIL);
        assert_true(cp_table_set(f.heap, f.roots[0], cp_string_from_c(f.heap, "kept"), f.roots[1]));
        assert_true(cp_table_set(f.heap, f.roots[0], cp_string_from_c(f.heap, "dead"),
                                 cp_cons(f.heap, CP_NIL, CP_NIL)));
        collect(&f, how);
        assert_int_equal(cp_table_count(f.roots[0]), 1);
        cp_value key = cp_string_from_c(f.heap, "kept");
        assert_true(cp_same(cp_table_ref(f.heap, f.roots[0], key), f.roots[1]));
        check_heap(&f, 0);
        close_heap(&f);
    }
}

/* Each value is the key of the next entry, in the order that needs the most passes. */
static void a_chain_of_ephemerons_lives_as_long_as_its_first_key(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        fixture f;
        open_tables(&f, NULL);
        f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
        cp_value v = cp_cons(f.heap, CP_NIL, CP_NIL);
        for (int i = 0; i < 300; i++) {
            cp_value key = cp_cons(f.heap, CP_NIL, CP_NIL);
            assert_true(cp_table_set(f.heap, f.roots[0], key, v));
            v = key;
        }
        f.roots[1] = v;
        collect(&f, how);
        assert_int_equal(cp_table_count(f.roots[0]), 300);
        f.roots[1] = CP_NIL;
        collect(&f, 1);
        assert_int_equal(cp_table_count(f.roots[0]), 0);
        close_heap(&f);
    }
}

static void what_is_read_from_a_weak_table_during_a_cycle_stays(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_VALUE, 0);
    assert_true(cp_table_set(f.heap, f.roots[0], CP_TRUE, cp_cons(f.heap, CP_NIL, CP_NIL)));
    assert_true(cp_table_set(f.heap, f.roots[0], CP_FALSE, cp_cons(f.heap, CP_NIL, CP_NIL)));
    f.roots[1] = cp_table_ref(f.heap, f.roots[0], CP_TRUE);
    f.roots[2] = cp_table_ref(f.heap, f.roots[0], CP_FALSE);
    cp_collect_young(f.heap);
    f.roots[1] = f.roots[2] = CP_NIL;
    cp_cycle_begin(f.heap);
    f.roots[1] = cp_table_ref(f.heap, f.roots[0], CP_TRUE);
    cp_cycle_finish(f.heap);
    assert_int_equal(cp_table_count(f.roots[0]), 1);
    assert_true(cp_is_nil(cp_car(f.roots[1])));
    check_heap(&f, 0);
    close_heap(&f);
}

/* Random weak tables; what must be there is computed by the obvious fix point. */
typedef struct weak_model {
    cp_value keys[600]; /* of the objects, alive or not */
    int value_of[600];  /* entry: index of the object that is its value; -1: none */
    bool is_rooted[600];
    bool is_alive[600];
    int count;
} weak_model;

static void find_alive(weak_model *m)
{
    for (int i = 0; i < m->count; i++)
        m->is_alive[i] = m->is_rooted[i];
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (int i = 0; i < m->count; i++) {
            int v = m->value_of[i];
            if (v < 0 || !m->is_alive[i] || m->is_alive[v])
                continue;
            m->is_alive[v] = true;
            has_changed = true;
        }
    }
}

static void run_weak(uint64_t seed)
{
    cp_rng rng = cp_rng_make(seed);
    static weak_model m;
    memset(&m, 0, sizeof m);
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
    f.roots[1] = cp_make_vector(f.heap, 600, CP_NIL); /* roots of the objects */
    m.count = 1 + (int)cp_rng_below(&rng, 600);
    for (int i = 0; i < m.count; i++) {
        m.keys[i] = cp_make_box(f.heap, CP_NIL);
        m.is_rooted[i] = true;
        m.value_of[i] = -1;
        cp_vector_set(f.heap, f.roots[1], (uint32_t)i, m.keys[i]);
    }
    for (int round = 0; round < 6; round++) {
        if (cp_rng_below(&rng, 2) == 0)
            cp_collect_young(f.heap);
        find_alive(&m);
        for (int i = 0; i < m.count; i++) {
            int v = (int)cp_rng_below(&rng, (uint64_t)m.count);
            if (!m.is_alive[i] || !m.is_alive[v] || cp_rng_below(&rng, 2) == 0)
                continue;
            assert_true(cp_table_set(f.heap, f.roots[0], m.keys[i], m.keys[v]));
            m.value_of[i] = v;
        }
        for (int i = 0; i < m.count; i++) {
            if (cp_rng_below(&rng, 4) != 0)
                continue;
            m.is_rooted[i] = false;
            cp_vector_set(f.heap, f.roots[1], (uint32_t)i, CP_NIL);
        }
        find_alive(&m);
        collect(&f, 1 + (int)cp_rng_below(&rng, 2));
        int expected = 0;
        for (int i = 0; i < m.count; i++) {
            if (m.value_of[i] < 0)
                continue;
            expected += m.is_alive[i];
            if (!m.is_alive[i])
                m.value_of[i] = -1;
            else
                CHECK_SEED(
                    cp_same(cp_table_ref(f.heap, f.roots[0], m.keys[i]), m.keys[m.value_of[i]]),
                    seed);
        }
        CHECK_SEED(cp_table_count(f.roots[0]) == (size_t)expected, seed);
        check_table(&f, f.roots[0], seed);
        check_heap(&f, seed);
    }
    close_heap(&f);
}

static void weak_tables_keep_what_the_obvious_fix_point_keeps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        run_weak(seed);
}

/* A weak table under insertion while cycles run, young collections between. */
static void a_weak_table_grows_while_a_cycle_marks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        cp_rng rng = cp_rng_make(seed);
        fixture f;
        open_tables(&f, NULL);
        f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
        f.roots[1] = cp_make_vector(f.heap, 500, CP_NIL);
        for (int step = 0; step < 8000; step++) {
            cp_value key = cp_make_box(f.heap, cp_make_fixnum(step));
            if (cp_rng_below(&rng, 2) == 0)
                cp_vector_set(f.heap, f.roots[1], (uint32_t)cp_rng_below(&rng, 500), key);
            assert_true(cp_table_set(f.heap, f.roots[0], key, cp_make_box(f.heap, key)));
            switch (cp_rng_below(&rng, 200)) {
            case 0:
                cp_collect_young(f.heap);
                break;
            case 1:
                if (f.heap->phase == CP_PHASE_IDLE)
                    cp_cycle_begin(f.heap);
                break;
            case 2:
            case 3:
                if (f.heap->phase == CP_PHASE_MARK && cp_cycle_slice(f.heap, 300))
                    cp_cycle_finish(f.heap);
                break;
            default:
                break;
            }
        }
        if (f.heap->phase == CP_PHASE_MARK)
            cp_cycle_finish(f.heap);
        cp_collect_full(f.heap);
        size_t kept = 0;
        for (uint32_t i = 0; i < 500; i++) {
            cp_value key = cp_vector_ref(f.roots[1], i);
            if (cp_is_nil(key))
                continue;
            kept++;
            cp_value value = cp_table_ref(f.heap, f.roots[0], key);
            CHECK_SEED(cp_is_box(value) && cp_same(cp_to_box(value)->value, key), seed);
        }
        CHECK_SEED(cp_table_count(f.roots[0]) == kept, seed);
        check_table(&f, f.roots[0], seed);
        check_heap(&f, seed);
        close_heap(&f);
    }
}

/* The new entries are young and have keys in them that the cycle will not reach. */
static void keys_that_move_while_a_cycle_marks_may_die_in_it(void **state)
{
    (void)state;
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
    for (int i = 1; i <= 6; i++) {
        f.roots[i] = cp_make_box(f.heap, CP_NIL);
        assert_true(cp_table_set(f.heap, f.roots[0], f.roots[i], CP_TRUE));
    }
    cp_collect_young(f.heap);
    for (int i = 2; i <= 6; i++)
        f.roots[i] = CP_NIL;
    cp_cycle_begin(f.heap);
    for (int i = 0; i < 5; i++)
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), CP_NIL));
    cp_cycle_finish(f.heap);
    assert_int_equal(cp_table_count(f.roots[0]), 6);
    assert_true(cp_same(cp_table_ref(f.heap, f.roots[0], f.roots[1]), CP_TRUE));
    check_table(&f, f.roots[0], 0);
    check_heap(&f, 0);
    close_heap(&f);
}

/* ---- What a growing table keeps -------------------------------------------------------------- */

/* How many of KEY and VALUE live when the pair was forgotten in a table of COUNT further entries,
 * which is somewhere on its way to a larger store. */
static size_t left_alive(int count, bool is_deleted)
{
    fixture f;
    open_tables(&f, NULL);
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 300);
    f.roots[1] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 0);
    cp_value key = cp_make_box(f.heap, CP_NIL);
    cp_value value = cp_make_box(f.heap, CP_NIL);
    assert_true(cp_table_set(f.heap, f.roots[1], key, CP_TRUE));
    assert_true(cp_table_set(f.heap, f.roots[1], value, CP_TRUE));
    assert_true(cp_table_set(f.heap, f.roots[0], key, value));
    for (int i = 0; i < count; i++)
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), CP_NIL));
    if (is_deleted)
        assert_true(cp_table_delete(f.heap, f.roots[0], key));
    else
        assert_true(cp_table_set(f.heap, f.roots[0], key, CP_NIL));
    cp_collect_full(f.heap);
    check_table(&f, f.roots[0], 0);
    size_t alive = cp_table_count(f.roots[1]);
    close_heap(&f);
    return alive;
}

static void a_growing_table_keeps_nothing_that_is_no_longer_in_it(void **state)
{
    (void)state;
    for (int count = 300; count < 450; count++) {
        CHECK_SEED(left_alive(count, true) == 0, (uint64_t)count);
        CHECK_SEED(left_alive(count, false) == 1, (uint64_t)count);
    }
}

/* ---- Refusals ------------------------------------------------------------------------------- */

static void every_refusal_leaves_the_table_as_it_was(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t at = 1; !is_done; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        fixture f;
        if (try_open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator})) {
            cp_text_init(f.heap);
            cp_table_init(f.heap);
            f.roots[0] = cp_make_table(f.heap, CP_TABLE_STRING, CP_TABLE_STRONG, 0);
            for (int i = 0; !cp_is_retry(f.roots[0]) && i < 60000; i++) {
                if (!cp_table_set(f.heap, f.roots[0], cp_make_fixnum(i), cp_make_fixnum(i))) {
                    assert_int_equal(cp_table_count(f.roots[0]), i);
                    check_table(&f, f.roots[0], at);
                    i--;
                }
            }
            if (!cp_is_retry(f.roots[0])) {
                assert_int_equal(cp_table_count(f.roots[0]), 60000);
                check_table(&f, f.roots[0], at);
                is_done = fault.refused == 0;
            } else {
                f.roots[0] = CP_NIL;
            }
            check_heap(&f, at);
            close_heap(&f);
        }
        assert_int_equal(fault.live_bytes, 0);
    }
}

static void a_table_grows_late_when_its_growth_was_refused(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    fixture f;
    open_tables(&f, &(cp_heap_options){.allocator = &fault.allocator});
    f.roots[0] = cp_make_table(f.heap, CP_TABLE_EQ, CP_TABLE_STRONG, 3000);
    fault.refuse_at = fault.requests + 1;
    fault.refuse_after = true;
    int count = 0;
    while (cp_table_set(f.heap, f.roots[0], cp_make_fixnum(count), CP_NIL))
        count++;
    assert_true(count >= 3000);
    fault.refuse_at = 0;
    for (int i = 0; i < 20000; i++)
        assert_true(cp_table_set(f.heap, f.roots[0], cp_make_fixnum(count++), CP_NIL));
    assert_int_equal(cp_table_count(f.roots[0]), count);
    check_table(&f, f.roots[0], 0);
    close_heap(&f);
}

CP_TEST_MAIN(cmocka_unit_test(a_table_keeps_its_entries_in_order_of_insertion),
             cmocka_unit_test(a_table_grows_in_small_steps), cmocka_unit_test(holes_are_used_again),
             cmocka_unit_test(an_iterator_survives_growth_and_deletion),
             cmocka_unit_test(an_iterator_ends_after_its_table_was_cleared),
             cmocka_unit_test(a_string_table_compares_texts),
             cmocka_unit_test(eqv_asks_the_row_of_the_type),
             cmocka_unit_test(the_caller_of_a_probe_decides_what_is_equal),
             cmocka_unit_test(an_entry_goes_when_its_weak_key_is_dead),
             cmocka_unit_test(an_entry_goes_when_its_weak_value_is_dead),
             cmocka_unit_test(a_chain_of_ephemerons_lives_as_long_as_its_first_key),
             cmocka_unit_test(what_is_read_from_a_weak_table_during_a_cycle_stays),
             cmocka_unit_test(weak_tables_keep_what_the_obvious_fix_point_keeps),
             cmocka_unit_test(a_weak_table_grows_while_a_cycle_marks),
             cmocka_unit_test(keys_that_move_while_a_cycle_marks_may_die_in_it),
             cmocka_unit_test(a_growing_table_keeps_nothing_that_is_no_longer_in_it),
             cmocka_unit_test(every_refusal_leaves_the_table_as_it_was),
             cmocka_unit_test(a_table_grows_late_when_its_growth_was_refused))
