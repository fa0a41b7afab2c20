#include "tests/interp/fixture.h"

#include "sched/rng.h"

/* ---- A random program against a model ------------------------------------------------------- */

typedef enum node_kind { NODE_PAIR, NODE_VECTOR, NODE_BOX, NODE_BYTES } node_kind;

/* One object of the model: what each of its slots must hold. */
typedef struct node {
    struct node *next;
    node_kind kind;
    bool is_reached;
    cp_value value;
    size_t count;
    struct node **slots; /* NULL: the fixnum numbers[i] */
    int32_t *numbers;
} node;

typedef struct model {
    fixture f;
    cp_rng rng;
    uint64_t seed;
    node *nodes;
    size_t node_count;
    node *roots[ROOT_COUNT];
    node **stack;
    size_t stack_count;
    size_t stack_capacity;
} model;

static uint32_t draw(model *m, uint32_t limit)
{
    return (uint32_t)cp_rng_below(&m->rng, limit);
}

static cp_value slot_value(const node *n, size_t i)
{
    return n->slots[i] != NULL ? n->slots[i]->value : cp_make_fixnum(n->numbers[i]);
}

/* A node that the program can reach, by a random walk from a random root. */
static node *pick(model *m)
{
    node *n = m->roots[draw(m, ROOT_COUNT)];
    for (uint32_t steps = draw(m, 12); n != NULL && steps > 0; steps--) {
        if (n->count == 0)
            break;
        node *next = n->slots[draw(m, (uint32_t)n->count)];
        if (next == NULL)
            break;
        n = next;
    }
    return n;
}

static cp_value read_slot(const node *n, size_t i)
{
    switch (n->kind) {
    case NODE_PAIR:
        return i == 0 ? cp_car(n->value) : cp_cdr(n->value);
    case NODE_VECTOR:
        return cp_vector_ref(n->value, (uint32_t)i);
    case NODE_BOX:
        return cp_to_box(n->value)->value;
    case NODE_BYTES:
        return cp_make_fixnum((int32_t)cp_to_bytevector(n->value)->bytes[i]);
    }
    return CP_NOTHING;
}

static void write_slot(model *m, node *n, size_t i)
{
    cp_heap *heap = m->f.heap;
    cp_value v = slot_value(n, i);
    switch (n->kind) {
    case NODE_PAIR:
        if (i == 0)
            cp_write_car(heap, n->value, v);
        else
            cp_write_cdr(heap, n->value, v);
        break;
    case NODE_VECTOR:
        cp_vector_set(heap, n->value, (uint32_t)i, v);
        break;
    case NODE_BOX:
        cp_box_set(heap, n->value, v);
        break;
    case NODE_BYTES:
        cp_to_bytevector(n->value)->bytes[i] = (uint8_t)n->numbers[i];
        break;
    }
}

static size_t draw_length(model *m)
{
    uint32_t dice = draw(m, 1000);
    if (dice < 2)
        return 130000 + draw(m, 30000); /* a chunk of its own */
    if (dice < 20)
        return 1025 + draw(m, 20000); /* pages */
    if (dice < 100)
        return draw(m, 1024);
    return draw(m, 12);
}

static cp_value allocate(model *m, node_kind kind, size_t count)
{
    cp_heap *heap = m->f.heap;
    switch (kind) {
    case NODE_PAIR:
        return cp_cons(heap, cp_make_fixnum(0), cp_make_fixnum(0));
    case NODE_VECTOR:
        return cp_make_vector(heap, count, cp_make_fixnum(0));
    case NODE_BOX:
        return cp_make_box(heap, cp_make_fixnum(0));
    case NODE_BYTES:
        return cp_make_bytevector(heap, count, 0);
    }
    return CP_NOTHING;
}

static void fill_slot(model *m, node *n, size_t i)
{
    n->slots[i] = n->kind == NODE_BYTES || draw(m, 3) == 0 ? NULL : pick(m);
    n->numbers[i] = (int32_t)draw(m, 256);
    write_slot(m, n, i);
}

static void make_node(model *m)
{
    node_kind kind = (node_kind)draw(m, 4);
    size_t count = kind == NODE_PAIR ? 2 : kind == NODE_BOX ? 1 : draw_length(m);
    cp_value value = allocate(m, kind, count);
    if (cp_is_retry(value))
        return;
    node *n = calloc(1, sizeof *n);
    n->kind = kind;
    n->count = count;
    n->value = value;
    n->slots = calloc(count + 1, sizeof *n->slots);
    n->numbers = calloc(count + 1, sizeof *n->numbers);
    n->next = m->nodes;
    m->nodes = n;
    m->node_count++;
    size_t filled = count < 40 ? count : 40;
    for (size_t i = 0; i < filled; i++)
        fill_slot(m, n, count < 40 ? i : draw(m, (uint32_t)count));
    uint32_t root = draw(m, ROOT_COUNT);
    m->roots[root] = n;
    m->f.roots[root] = n->value;
}

static void reach(model *m, node *n)
{
    if (n == NULL || n->is_reached)
        return;
    n->is_reached = true;
    if (m->stack_count == m->stack_capacity) {
        m->stack_capacity = m->stack_capacity * 2 + 64;
        m->stack = realloc(m->stack, m->stack_capacity * sizeof *m->stack);
    }
    m->stack[m->stack_count++] = n;
}

static void free_node(node *n)
{
    free(n->slots);
    free(n->numbers);
    free(n);
}

/* Drop what the model can not reach; the number of nodes left. */
static size_t collect_model(model *m)
{
    for (size_t i = 0; i < ROOT_COUNT; i++)
        reach(m, m->roots[i]);
    while (m->stack_count > 0) {
        node *n = m->stack[--m->stack_count];
        for (size_t i = 0; i < n->count; i++)
            reach(m, n->slots[i]);
    }
    node *kept = NULL;
    size_t count = 0;
    for (node *n = m->nodes, *next; n != NULL; n = next) {
        next = n->next;
        if (!n->is_reached) {
            free_node(n);
            continue;
        }
        n->is_reached = false;
        n->next = kept;
        kept = n;
        count++;
    }
    m->nodes = kept;
    m->node_count = count;
    return count;
}

static void compare(model *m)
{
    collect_model(m);
    for (const node *n = m->nodes; n != NULL; n = n->next)
        for (size_t i = 0; i < n->count; i++)
            CHECK_SEED(cp_same(read_slot(n, i), slot_value(n, i)), m->seed);
}

static void change_something(model *m)
{
    node *n = pick(m);
    if (n != NULL && n->count > 0)
        fill_slot(m, n, draw(m, (uint32_t)n->count));
}

static void drop_root(model *m)
{
    uint32_t root = draw(m, ROOT_COUNT);
    m->roots[root] = NULL;
    m->f.roots[root] = CP_NIL;
}

/* Any step that a safepoint may do, in any order that the phases allow. */
static void collect_somehow(model *m)
{
    cp_heap *heap = m->f.heap;
    switch (draw(m, 8)) {
    case 0:
        cp_collect_full(heap);
        break;
    case 1:
        if (heap->phase == CP_PHASE_IDLE)
            cp_cycle_begin(heap);
        break;
    case 2:
        if (heap->phase == CP_PHASE_MARK && cp_cycle_slice(heap, 100 + draw(m, 5000)))
            cp_cycle_finish(heap);
        break;
    case 3:
        if (heap->phase == CP_PHASE_MARK)
            (void)cp_cycle_slice(heap, draw(m, 500));
        break;
    case 4:
        if (draw(m, 4) == 0)
            check_heap(&m->f, m->seed);
        break;
    case 5:
        cp_safepoint(heap);
        break;
    default:
        cp_collect_young(heap);
        break;
    }
}

static void step(model *m)
{
    uint32_t dice = draw(m, 100);
    if (dice < 45)
        make_node(m);
    else if (dice < 90)
        change_something(m);
    else if (dice < 96)
        drop_root(m);
    else
        collect_somehow(m);
}

static void run_model(uint64_t seed, int steps, const cp_heap_options *options)
{
    model m = {.seed = seed};
    m.rng = cp_rng_make(seed);
    open_heap(&m.f, options);
    for (int i = 0; i < steps; i++) {
        step(&m);
        if (i % 500 == 499)
            compare(&m);
    }
    if (m.f.heap->phase == CP_PHASE_MARK)
        cp_cycle_finish(m.f.heap);
    cp_collect_full(m.f.heap);
    compare(&m);
    CHECK_SEED(count_objects(&m.f) == collect_model(&m), seed);
    for (size_t i = 0; i < ROOT_COUNT; i++) {
        m.roots[i] = NULL;
        m.f.roots[i] = CP_NIL;
    }
    cp_collect_full(m.f.heap);
    CHECK_SEED(count_objects(&m.f) == collect_model(&m), seed);
    close_heap(&m.f);
    free(m.stack);
}

static void a_random_program_sees_the_graph_that_it_built(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        run_model(seed, 4000, NULL);
}

/* ---- Young, old, finished ------------------------------------------------------------------- */

static void what_is_reachable_survives_and_what_is_not_goes(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_cons(f.heap, cp_make_fixnum(1), CP_NIL);
    (void)cp_cons(f.heap, cp_make_fixnum(2), CP_NIL);
    assert_int_equal(count_objects(&f), 2);
    cp_collect_young(f.heap);
    assert_int_equal(count_objects(&f), 1);
    assert_int_equal(cp_to_fixnum(cp_car(f.roots[0])), 1);
    f.roots[0] = CP_NIL;
    cp_collect_young(f.heap);
    assert_int_equal(count_objects(&f), 1);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 0);
    close_heap(&f);
}

static void a_young_object_lives_when_only_an_old_one_refers_to_it(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_collect_young(f.heap);
    cp_write_car(f.heap, f.roots[0], cp_cons(f.heap, cp_make_fixnum(7), CP_NIL));
    cp_collect_young(f.heap);
    assert_int_equal(count_objects(&f), 2);
    assert_int_equal(cp_to_fixnum(cp_car(cp_car(f.roots[0]))), 7);
    close_heap(&f);
}

/* The snapshot: the only reference moves from a place that is not marked yet to one that is. */
static void a_cycle_keeps_what_was_reachable_when_it_began(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_value hidden = cp_cons(f.heap, cp_make_fixnum(42), CP_NIL);
    f.roots[0] = cp_make_vector(f.heap, 1, hidden);
    f.roots[1] = cp_make_box(f.heap, CP_NIL);
    cp_cycle_begin(f.heap);
    cp_box_set(f.heap, f.roots[1], cp_vector_ref(f.roots[0], 0));
    cp_vector_set(f.heap, f.roots[0], 0, CP_NIL);
    while (!cp_cycle_slice(f.heap, 1))
        ;
    cp_cycle_finish(f.heap);
    assert_int_equal(count_objects(&f), 3);
    assert_int_equal(cp_to_fixnum(cp_car(cp_to_box(f.roots[1])->value)), 42);
    close_heap(&f);
}

/* The same for each part of an object that has many cards; the place it moves to is new. */
static void a_cycle_keeps_what_any_part_of_an_object_held(void **state)
{
    (void)state;
    enum { length = 1000 };
    for (uint32_t at = 0; at < length; at += 111) {
        fixture f;
        open_heap(&f, NULL);
        f.roots[0] = cp_make_vector(f.heap, length, CP_NIL);
        cp_vector_set(f.heap, f.roots[0], at, cp_cons(f.heap, cp_make_fixnum(42), CP_NIL));
        cp_cycle_begin(f.heap);
        f.roots[1] = cp_make_box(f.heap, cp_vector_ref(f.roots[0], at));
        cp_vector_set(f.heap, f.roots[0], at, CP_NIL);
        cp_cycle_finish(f.heap);
        assert_int_equal(count_objects(&f), 3);
        assert_int_equal(cp_to_fixnum(cp_car(cp_to_box(f.roots[1])->value)), 42);
        close_heap(&f);
    }
}

static void what_is_made_during_a_cycle_survives_it(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_cycle_begin(f.heap);
    f.roots[0] = cp_cons(f.heap, cp_make_fixnum(1), CP_NIL);
    f.roots[1] = cp_from_object(cp_alloc_old(f.heap, CP_TYPE_VECTOR, 3));
    cp_collect_young(f.heap);
    f.roots[2] = cp_cons(f.heap, f.roots[0], CP_NIL);
    cp_cycle_finish(f.heap);
    assert_int_equal(count_objects(&f), 3);
    close_heap(&f);
}

static void a_collection_becomes_wanted_after_enough_allocation(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.young_bytes = 256 * 1024});
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
    for (int i = 0; i < 40000; i++)
        f.roots[0] = cp_cons(f.heap, CP_NIL, f.roots[0]);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_YOUNG);
    for (int i = 0; i < ROUNDS(400000); i++) {
        f.roots[0] = cp_cons(f.heap, CP_NIL, f.roots[0]);
        cp_safepoint(f.heap);
    }
    cp_gc_stats stats = cp_heap_stats(f.heap);
    assert_true(stats.young_count > 10);
    assert_true(stats.full_count > 1);
    check_heap(&f, 0);
    close_heap(&f);
}

static int wishes;

/* 200 MB of vectors of LENGTH, of which every KEEP_EVERYth is kept for as long as 100 others. */
static uint64_t account_after_churn(size_t length, size_t keep_every)
{
    fixture f;
    open_heap(&f, NULL);
    size_t bytes = 16 + length * 8;
    for (size_t i = 0; i < ROUNDS(200u * 1000 * 1000) / bytes; i++) {
        cp_value v = cp_make_vector(f.heap, length, CP_NIL);
        assert_false(cp_is_retry(v));
        if (keep_every != 0 && i % keep_every == 0)
            f.roots[i / keep_every % ROOT_COUNT] = v;
        cp_safepoint(f.heap);
    }
    uint64_t account = cp_heap_stats(f.heap).account_max;
    check_heap(&f, 0);
    close_heap(&f);
    return account;
}

static void dead_objects_of_any_size_make_room_for_new_ones(void **state)
{
    (void)state;
    static const size_t lengths[] = {4, 40, 126, 500, 1000, 3000};
    for (size_t i = 0; i < CP_COUNT_OF(lengths); i++) {
        assert_in_range(account_after_churn(lengths[i], 0), 0, 12u << 20);
        assert_in_range(account_after_churn(lengths[i], 100), 0, 48u << 20);
    }
}

static void count_wish(void *context)
{
    (void)context;
    wishes++;
}

static void a_wish_is_told_once_until_it_is_granted(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    wishes = 0;
    cp_heap_on_wanted(f.heap, count_wish, NULL);
    cp_heap_want(f.heap, CP_WANT_YOUNG);
    cp_heap_want(f.heap, CP_WANT_FULL);
    cp_heap_want(f.heap, CP_WANT_YOUNG);
    assert_int_equal(wishes, 1);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_FULL);
    cp_collect_full(f.heap);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
    cp_heap_want(f.heap, CP_WANT_YOUNG);
    assert_int_equal(wishes, 2);
    close_heap(&f);
}

static void a_young_collection_leaves_the_wish_for_a_full_one(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.young_bytes = 64 * 1024});
    assert_true(cp_heap_external(f.heap, 1024 * 1024));
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_FULL);
    cp_collect_young(f.heap);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_FULL);
    cp_collect_full(f.heap);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
    assert_true(cp_heap_external(f.heap, -1024 * 1024));
    close_heap(&f);
}

static void a_cycle_that_has_begun_is_no_longer_wanted(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.young_bytes = 64 * 1024});
    while (cp_heap_wants_collection(f.heap) != CP_WANT_FULL)
        assert_non_null(cp_alloc_old(f.heap, CP_TYPE_VECTOR, 100));
    cp_cycle_begin(f.heap);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
    cp_cycle_finish(f.heap);
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
    close_heap(&f);
}

/* ---- Finalisers ----------------------------------------------------------------------------- */

static int closed;

static void close_it(void *pointer)
{
    closed += *(int *)pointer;
}

static int run_finalisers(cp_heap *heap)
{
    int count = 0;
    for (cp_value v; !cp_is_nothing(v = cp_heap_take_finalisable(heap)); count++)
        cp_run_finaliser(heap, v);
    return count;
}

static void a_dead_object_with_a_finaliser_is_queued_once(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    int numbers[] = {1, 10, 100};
    closed = 0;
    for (int i = 0; i < 3; i++)
        f.roots[i] = cp_make_foreign(f.heap, &numbers[i], NULL, close_it);
    f.roots[0] = CP_NIL;
    cp_collect_young(f.heap);
    assert_int_equal(closed, 0);
    assert_int_equal(run_finalisers(f.heap), 1);
    assert_int_equal(closed, 1);
    f.roots[1] = CP_NIL;
    cp_collect_young(f.heap);
    assert_int_equal(run_finalisers(f.heap), 0);
    cp_collect_full(f.heap);
    assert_int_equal(run_finalisers(f.heap), 1);
    assert_int_equal(closed, 11);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 1);
    cp_heap_queue_finalisers(f.heap);
    assert_int_equal(run_finalisers(f.heap), 1);
    assert_int_equal(closed, 111);
    close_heap(&f);
}

static void what_a_queued_object_refers_to_stays_until_it_is_taken(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    int number = 1;
    cp_value foreign = cp_make_foreign(f.heap, &number, NULL, close_it);
    ((cp_foreign *)cp_to_object(foreign))->payload = cp_cons(f.heap, cp_make_fixnum(5), CP_NIL);
    cp_collect_full(f.heap);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 2);
    cp_value taken = cp_heap_take_finalisable(f.heap);
    assert_true(cp_same(taken, foreign));
    cp_value payload = ((cp_foreign *)cp_to_object(taken))->payload;
    assert_int_equal(cp_to_fixnum(cp_car(payload)), 5);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 0);
    close_heap(&f);
}

/* ---- The cap and the retry ------------------------------------------------------------------ */

static void a_refused_request_succeeds_after_room_was_made(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.cap_bytes = 8 * 1024 * 1024});
    cp_value v = CP_NIL;
    while (!cp_is_retry(v = cp_cons(f.heap, CP_NIL, v)))
        assert_true(cp_heap_stats(f.heap).account_bytes <= 8 * 1024 * 1024);
    assert_true(cp_heap_make_room(f.heap, 1));
    assert_false(cp_is_retry(cp_cons(f.heap, CP_NIL, CP_NIL)));
    check_heap(&f, 0);
    close_heap(&f);
}

static void the_reserve_opens_when_nothing_can_be_freed(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.cap_bytes = 4 * 1024 * 1024});
    f.roots[0] = CP_NIL;
    for (cp_value v; !cp_is_retry(v = cp_cons(f.heap, CP_NIL, f.roots[0]));)
        f.roots[0] = v;
    assert_true(cp_heap_make_room(f.heap, 1));
    for (cp_value v; !cp_is_retry(v = cp_cons(f.heap, CP_NIL, f.roots[0]));)
        f.roots[0] = v;
    assert_false(cp_heap_make_room(f.heap, 2));
    for (int i = 0; i < 1000; i++)
        assert_false(cp_is_retry(cp_cons(f.heap, CP_NIL, CP_NIL)));
    f.roots[0] = CP_NIL;
    assert_true(cp_heap_make_room(f.heap, 1));
    assert_int_equal(f.heap->reserve_count, f.heap->reserve_wanted);
    check_heap(&f, 0);
    close_heap(&f);
}

static void a_random_program_lives_below_a_cap(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 110; seed++)
        run_model(seed, 4000, &(cp_heap_options){.cap_bytes = 3 * 1024 * 1024});
}

static void a_random_program_lives_when_any_request_is_refused(void **state)
{
    (void)state;
    for (uint64_t at = 4; at < 60; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        fault.refuse_after = at % 2 == 0;
        run_model(at, 1500, &(cp_heap_options){.allocator = &fault.allocator});
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_random_program_sees_the_graph_that_it_built),
             cmocka_unit_test(what_is_reachable_survives_and_what_is_not_goes),
             cmocka_unit_test(a_young_object_lives_when_only_an_old_one_refers_to_it),
             cmocka_unit_test(a_cycle_keeps_what_was_reachable_when_it_began),
             cmocka_unit_test(a_cycle_keeps_what_any_part_of_an_object_held),
             cmocka_unit_test(what_is_made_during_a_cycle_survives_it),
             cmocka_unit_test(a_collection_becomes_wanted_after_enough_allocation),
             cmocka_unit_test(dead_objects_of_any_size_make_room_for_new_ones),
             cmocka_unit_test(a_wish_is_told_once_until_it_is_granted),
             cmocka_unit_test(a_young_collection_leaves_the_wish_for_a_full_one),
             cmocka_unit_test(a_cycle_that_has_begun_is_no_longer_wanted),
             cmocka_unit_test(a_dead_object_with_a_finaliser_is_queued_once),
             cmocka_unit_test(what_a_queued_object_refers_to_stays_until_it_is_taken),
             cmocka_unit_test(a_refused_request_succeeds_after_room_was_made),
             cmocka_unit_test(the_reserve_opens_when_nothing_can_be_freed),
             cmocka_unit_test(a_random_program_lives_below_a_cap),
             cmocka_unit_test(a_random_program_lives_when_any_request_is_refused))
