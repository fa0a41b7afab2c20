#include "tests/check.h"

#include "sched/parcel.h"
#include "sched/rng.h"
#include "tests/fault.h"

static copse_parcel *finish(copse_parcel_builder *builder)
{
    copse_parcel *parcel = NULL;
    assert_int_equal(copse_parcel_finish(builder, &parcel), COPSE_OK);
    return parcel;
}

static void every_kind_is_read_as_it_was_built(void **state)
{
    (void)state;
    const int32_t numbers[] = {1, -2, 3};
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_open_list(builder);
    copse_parcel_add_null(builder);
    copse_parcel_add_boolean(builder, true);
    copse_parcel_add_integer(builder, INT64_MIN);
    copse_parcel_add_double(builder, -0.5);
    copse_parcel_add_text(builder, "h\xc3\xa9\0!", 5);
    copse_parcel_add_bytes(builder, "\xff\x00", 2);
    copse_parcel_add_array(builder, COPSE_ELEMENT_I32, numbers, 3);
    copse_parcel_close(builder);
    copse_parcel *parcel = finish(builder);

    copse_cursor list = copse_parcel_root(parcel);
    assert_int_equal(copse_cursor_kind(list), COPSE_PARCEL_LIST);
    assert_int_equal(copse_cursor_count(list), 7);
    copse_cursor item = copse_cursor_first(list);
    assert_int_equal(copse_cursor_kind(item), COPSE_PARCEL_NULL);
    item = copse_cursor_next(item);
    bool truth = false;
    assert_true(copse_cursor_boolean(item, &truth));
    assert_true(truth);
    item = copse_cursor_next(item);
    int64_t integer = 0;
    assert_true(copse_cursor_integer(item, &integer));
    assert_true(integer == INT64_MIN);
    item = copse_cursor_next(item);
    double number = 0;
    assert_true(copse_cursor_double(item, &number));
    assert_true(number == -0.5);
    item = copse_cursor_next(item);
    size_t size = 0;
    assert_memory_equal(copse_cursor_text(item, &size), "h\xc3\xa9\0!", 6);
    assert_int_equal(size, 5);
    item = copse_cursor_next(item);
    assert_memory_equal(copse_cursor_bytes(item, &size), "\xff\x00", 2);
    assert_int_equal(size, 2);
    item = copse_cursor_next(item);
    copse_element element = COPSE_ELEMENT_U8;
    const int32_t *array = copse_cursor_array(item, &element, &size);
    assert_int_equal(element, COPSE_ELEMENT_I32);
    assert_int_equal(size, 3);
    assert_memory_equal(array, numbers, sizeof numbers);
    assert_false(copse_cursor_is_valid(copse_cursor_next(item)));
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
}

static void a_map_keeps_its_pairs_in_order(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_open_map(builder);
    copse_parcel_add_text(builder, "pose", 4);
    copse_parcel_open_list(builder);
    copse_parcel_add_double(builder, 1);
    copse_parcel_add_double(builder, 2);
    copse_parcel_close(builder);
    copse_parcel_add_integer(builder, 7);
    copse_parcel_add_text(builder, "seven", 5);
    copse_parcel_add_text(builder, "empty", 5);
    copse_parcel_open_map(builder);
    copse_parcel_close(builder);
    copse_parcel_close(builder);
    copse_parcel *parcel = finish(builder);

    copse_cursor map = copse_parcel_root(parcel);
    assert_int_equal(copse_cursor_count(map), 3);
    assert_int_equal(copse_cursor_count(copse_cursor_find(map, "pose")), 2);
    copse_cursor key = copse_cursor_next(copse_cursor_next(copse_cursor_first(map)));
    int64_t number = 0;
    assert_true(copse_cursor_integer(key, &number));
    assert_int_equal(number, 7);
    copse_cursor empty = copse_cursor_find(map, "empty");
    assert_int_equal(copse_cursor_kind(empty), COPSE_PARCEL_MAP);
    assert_int_equal(copse_cursor_count(empty), 0);
    assert_false(copse_cursor_is_valid(copse_cursor_first(empty)));
    assert_false(copse_cursor_is_valid(copse_cursor_next(empty)));
    assert_false(copse_cursor_is_valid(copse_cursor_find(map, "seven")));
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
}

static void a_question_about_another_kind_is_answered_no(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_add_integer(builder, 3);
    copse_parcel *parcel = finish(builder);
    copse_cursor item = copse_parcel_root(parcel);
    bool truth = true;
    double number = 1.5;
    size_t size = 9;
    copse_element element = COPSE_ELEMENT_F64;
    assert_false(copse_cursor_boolean(item, &truth));
    assert_false(copse_cursor_double(item, &number));
    assert_true(truth && number == 1.5);
    assert_null(copse_cursor_text(item, &size));
    assert_int_equal(size, 0);
    assert_null(copse_cursor_bytes(item, NULL));
    assert_null(copse_cursor_array(item, &element, &size));
    assert_int_equal(copse_cursor_count(item), 0);
    assert_false(copse_cursor_is_valid(copse_cursor_first(item)));
    assert_false(copse_cursor_is_valid(copse_cursor_next(item)));
    assert_false(copse_cursor_is_valid(copse_cursor_find(item, "a")));
    copse_cursor nothing = {NULL, 0, 0};
    int64_t integer = 0;
    assert_false(copse_cursor_integer(nothing, &integer));
    assert_int_equal(copse_cursor_kind(nothing), COPSE_PARCEL_NULL);
    assert_false(copse_cursor_is_valid(copse_cursor_next(nothing)));
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
}

static void arrays_are_aligned_for_their_elements(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_open_list(builder);
    for (size_t i = 0; i < 20; i++) {
        copse_parcel_add_bytes(builder, "abcdefghijklmnopqrst", i);
        copse_parcel_add_array(builder, COPSE_ELEMENT_F64, NULL, i);
    }
    copse_parcel_close(builder);
    copse_parcel *parcel = finish(builder);
    copse_cursor item = copse_cursor_first(copse_parcel_root(parcel));
    for (size_t i = 0; i < 20; i++) {
        size_t count = 0;
        copse_element element = COPSE_ELEMENT_U8;
        item = copse_cursor_next(item);
        const double *values = copse_cursor_array(item, &element, &count);
        assert_int_equal((uintptr_t)values % sizeof(double), 0);
        assert_int_equal(count, i);
        for (size_t k = 0; k < count; k++)
            assert_true(values[k] == 0);
        item = copse_cursor_next(item);
    }
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
}

static void the_first_refusal_sticks_until_finish(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_open_list(builder);
    copse_parcel_add_text(builder, "\xc3", 1);
    assert_int_equal(copse_parcel_builder_status(builder), COPSE_EFORMAT);
    copse_parcel_close(builder);
    copse_parcel_close(builder);
    copse_parcel *parcel = (copse_parcel *)1;
    assert_int_equal(copse_parcel_finish(builder, &parcel), COPSE_EFORMAT);
    assert_null(parcel);
    copse_parcel_add_null(builder);
    copse_parcel_free(finish(builder));
    copse_parcel_builder_free(builder);
}

static void expect_refusal(copse_parcel_builder *builder, copse_status expected)
{
    copse_parcel *parcel = NULL;
    assert_int_equal(copse_parcel_finish(builder, &parcel), expected);
    assert_null(parcel);
}

static void a_parcel_is_exactly_one_closed_tree(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_add_null(builder);
    copse_parcel_add_null(builder);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_open_list(builder);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_close(builder);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_open_map(builder);
    copse_parcel_add_null(builder);
    copse_parcel_close(builder);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_add_array(builder, (copse_element)77, NULL, 1);
    expect_refusal(builder, COPSE_EINVAL);
    copse_parcel_builder_free(builder);
}

static void sizes_that_can_not_be_are_refused(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_add_array(builder, COPSE_ELEMENT_F64, NULL, SIZE_MAX / 2);
    expect_refusal(builder, COPSE_ERANGE);
    copse_parcel_add_array(builder, COPSE_ELEMENT_U8, NULL, SIZE_MAX);
    expect_refusal(builder, COPSE_ERANGE);
    copse_parcel_builder_free(builder);
}

static bool text_is_accepted(const char *text)
{
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_add_text(builder, text, strlen(text));
    copse_status status = copse_parcel_builder_status(builder);
    copse_parcel_builder_free(builder);
    assert_true(status == COPSE_OK || status == COPSE_EFORMAT);
    return status == COPSE_OK;
}

static void text_is_well_formed_utf8(void **state)
{
    (void)state;
    const char *good[] = {"",
                          "a",
                          "\xc2\x80",
                          "\xe0\xa0\x80",
                          "\xed\x9f\xbf",
                          "\xee\x80\x80",
                          "\xf0\x90\x80\x80",
                          "\xf4\x8f\xbf\xbf"};
    const char *bad[] = {"\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xe0\x9f\xbf",
                         "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                         "\xe2\x82",     "\xe2\x28\xa1",     "\xf0\x9f\x98"};
    for (size_t i = 0; i < CP_COUNT_OF(good); i++)
        assert_true(text_is_accepted(good[i]));
    for (size_t i = 0; i < CP_COUNT_OF(bad); i++)
        assert_false(text_is_accepted(bad[i]));
}

static copse_parcel *nested_lists(size_t depth, int64_t innermost)
{
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    for (size_t i = 0; i < depth; i++)
        copse_parcel_open_list(builder);
    copse_parcel_add_integer(builder, innermost);
    for (size_t i = 0; i < depth; i++)
        copse_parcel_close(builder);
    copse_parcel *parcel = finish(builder);
    copse_parcel_builder_free(builder);
    return parcel;
}

static void lists_200000_deep_are_built_compared_and_freed(void **state)
{
    (void)state;
    copse_parcel *a = nested_lists(200000, 1);
    copse_parcel *b = nested_lists(200000, 1);
    copse_parcel *c = nested_lists(200000, 2);
    assert_true(copse_parcel_equal(a, b));
    assert_false(copse_parcel_equal(a, c));
    copse_cursor item = copse_parcel_root(a);
    size_t depth = 0;
    for (; copse_cursor_kind(item) == COPSE_PARCEL_LIST; depth++)
        item = copse_cursor_first(item);
    assert_int_equal(depth, 200000);
    copse_parcel_free(a);
    copse_parcel_free(b);
    copse_parcel_free(c);
}

static void nesting_deeper_than_the_bound_is_refused(void **state)
{
    (void)state;
    copse_parcel_free(nested_lists(COPSE_PARCEL_DEPTH, 0));
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    for (size_t i = 0; i <= COPSE_PARCEL_DEPTH; i++)
        copse_parcel_open_map(builder);
    expect_refusal(builder, COPSE_ERANGE);
    copse_parcel_builder_free(builder);
}

static void what_was_closed_is_no_depth(void **state)
{
    (void)state;
    copse_parcel *parcel = NULL;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_open_list(builder);
    for (size_t i = 0; i < 2 * COPSE_PARCEL_DEPTH; i++) {
        copse_parcel_open_list(builder);
        copse_parcel_close(builder);
    }
    copse_parcel_close(builder);
    assert_int_equal(copse_parcel_finish(builder, &parcel), COPSE_OK);
    assert_int_equal(copse_cursor_count(copse_parcel_root(parcel)), 2 * COPSE_PARCEL_DEPTH);
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
}

/* Random trees: the builder is told and the reader asked by the same stream of random numbers. */
static size_t build_random(copse_parcel_builder *builder, cp_rng *rng, int depth)
{
    char bytes[40];
    size_t size = cp_rng_below(rng, sizeof bytes);
    copse_parcel_kind kind = (copse_parcel_kind)cp_rng_below(rng, depth == 0 ? 7 : 9);
    memset(bytes, (int)('a' + size % 26), sizeof bytes);
    switch (kind) {
    case COPSE_PARCEL_NULL:
        copse_parcel_add_null(builder);
        return 1;
    case COPSE_PARCEL_BOOLEAN:
        copse_parcel_add_boolean(builder, size % 2 == 0);
        return 1;
    case COPSE_PARCEL_INTEGER:
        copse_parcel_add_integer(builder, (int64_t)cp_rng_next(rng));
        return 1;
    case COPSE_PARCEL_DOUBLE:
        copse_parcel_add_double(builder, (double)cp_rng_next(rng) / 3);
        return 1;
    case COPSE_PARCEL_TEXT:
        copse_parcel_add_text(builder, bytes, size);
        return 1;
    case COPSE_PARCEL_BYTES:
        copse_parcel_add_bytes(builder, bytes, size);
        return 1;
    case COPSE_PARCEL_ARRAY:
        copse_parcel_add_array(builder, COPSE_ELEMENT_I64, NULL, size);
        return 1;
    case COPSE_PARCEL_LIST:
    case COPSE_PARCEL_MAP:
    case COPSE_PARCEL_KIND_COUNT:
        break;
    }
    bool is_map = kind == COPSE_PARCEL_MAP;
    size_t count = cp_rng_below(rng, 5) * (is_map ? 2 : 1);
    size_t items = 1;
    if (is_map)
        copse_parcel_open_map(builder);
    else
        copse_parcel_open_list(builder);
    for (size_t i = 0; i < count; i++)
        items += build_random(builder, rng, depth - 1);
    copse_parcel_close(builder);
    return items;
}

static size_t read_random(copse_cursor item, cp_rng *rng, int depth, uint64_t seed)
{
    size_t size = cp_rng_below(rng, 40);
    copse_parcel_kind kind = (copse_parcel_kind)cp_rng_below(rng, depth == 0 ? 7 : 9);
    bool truth = false;
    int64_t integer = 0;
    double number = 0;
    size_t found = 0;
    const char *text = NULL;
    copse_element element = COPSE_ELEMENT_U8;
    CHECK_SEED(copse_cursor_kind(item) == kind, seed);
    switch (kind) {
    case COPSE_PARCEL_NULL:
        return 1;
    case COPSE_PARCEL_BOOLEAN:
        CHECK_SEED(copse_cursor_boolean(item, &truth) && truth == (size % 2 == 0), seed);
        return 1;
    case COPSE_PARCEL_INTEGER:
        CHECK_SEED(copse_cursor_integer(item, &integer), seed);
        CHECK_SEED(integer == (int64_t)cp_rng_next(rng), seed);
        return 1;
    case COPSE_PARCEL_DOUBLE:
        CHECK_SEED(copse_cursor_double(item, &number), seed);
        CHECK_SEED(number == (double)cp_rng_next(rng) / 3, seed);
        return 1;
    case COPSE_PARCEL_TEXT:
        text = copse_cursor_text(item, &found);
        CHECK_SEED(found == size && text[size] == '\0', seed);
        for (size_t i = 0; i < size; i++)
            CHECK_SEED(text[i] == (char)('a' + size % 26), seed);
        return 1;
    case COPSE_PARCEL_BYTES:
        CHECK_SEED(copse_cursor_bytes(item, &found) != NULL && found == size, seed);
        return 1;
    case COPSE_PARCEL_ARRAY:
        CHECK_SEED(copse_cursor_array(item, &element, &found) != NULL && found == size, seed);
        return 1;
    case COPSE_PARCEL_LIST:
    case COPSE_PARCEL_MAP:
    case COPSE_PARCEL_KIND_COUNT:
        break;
    }
    size_t count = cp_rng_below(rng, 5);
    CHECK_SEED(copse_cursor_count(item) == count, seed);
    size_t items = 1;
    copse_cursor child = copse_cursor_first(item);
    for (size_t i = 0; i < count * (kind == COPSE_PARCEL_MAP ? 2 : 1); i++) {
        CHECK_SEED(copse_cursor_is_valid(child), seed);
        items += read_random(child, rng, depth - 1, seed);
        child = copse_cursor_next(child);
    }
    CHECK_SEED(!copse_cursor_is_valid(child), seed);
    return items;
}

static void random_trees_are_read_as_they_were_built(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel *last = NULL;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        copse_parcel *parcels[2];
        size_t items = 0;
        for (int i = 0; i < 2; i++) {
            cp_rng rng = cp_rng_make(seed);
            items = build_random(builder, &rng, 5);
            parcels[i] = finish(builder);
        }
        cp_rng rng = cp_rng_make(seed);
        CHECK_SEED(read_random(copse_parcel_root(parcels[0]), &rng, 5, seed) == items, seed);
        CHECK_SEED(copse_parcel_equal(parcels[0], parcels[1]), seed);
        copse_parcel_free(parcels[1]);
        copse_parcel_free(last);
        last = parcels[0];
    }
    copse_parcel_free(last);
    copse_parcel_builder_free(builder);
}

static void equality_is_of_bits_and_order(void **state)
{
    (void)state;
    const double numbers[] = {0.0, -0.0, 1.0};
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel *parcels[3];
    for (int i = 0; i < 3; i++) {
        copse_parcel_add_double(builder, numbers[i]);
        parcels[i] = finish(builder);
    }
    assert_true(copse_parcel_equal(parcels[0], parcels[0]));
    assert_false(copse_parcel_equal(parcels[0], parcels[1]));
    assert_false(copse_parcel_equal(parcels[0], parcels[2]));
    for (int i = 0; i < 3; i++)
        copse_parcel_free(parcels[i]);
    copse_parcel_builder_free(builder);
}

static void a_block_copied_elsewhere_is_the_same_parcel(void **state)
{
    (void)state;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    cp_rng rng = cp_rng_make(3);
    copse_parcel_open_list(builder);
    for (int i = 0; i < 10; i++)
        (void)build_random(builder, &rng, 3);
    copse_parcel_close(builder);
    copse_parcel *parcel = finish(builder);
    size_t size = copse_parcel_size(parcel);
    copse_parcel *copy = aligned_alloc(16, (size + 15) & ~(size_t)15);
    memcpy(copy, parcel, size);
    assert_true(copse_parcel_equal(parcel, copy));
    copse_parcel_free(parcel);
    assert_int_equal(copse_cursor_count(copse_parcel_root(copy)), 10);
    free(copy);
    copse_parcel_builder_free(builder);
}

static copse_status build_with(const copse_allocator *allocator)
{
    copse_parcel_builder *builder = copse_parcel_builder_new(allocator);
    if (builder == NULL)
        return COPSE_ENOMEM;
    cp_rng rng = cp_rng_make(11);
    copse_parcel_open_list(builder);
    for (int i = 0; i < 8; i++)
        (void)build_random(builder, &rng, 3);
    copse_parcel_close(builder);
    copse_parcel *parcel = NULL;
    copse_status status = copse_parcel_finish(builder, &parcel);
    assert_true((parcel != NULL) == (status == COPSE_OK));
    copse_parcel_free(parcel);
    copse_parcel_builder_free(builder);
    return status;
}

static void every_allocation_of_a_build_may_be_refused(void **state)
{
    (void)state;
    copse_status status = COPSE_ENOMEM;
    for (uint64_t at = 1; status != COPSE_OK; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        status = build_with(&fault.allocator);
        assert_true(status == COPSE_ENOMEM || (status == COPSE_OK && fault.refused == 0));
        assert_int_equal(fault.live_bytes, 0);
        assert_true(at < 100);
    }
}

static void every_kind_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(copse_parcel_kind_name(COPSE_PARCEL_NULL), "null");
    assert_string_equal(copse_parcel_kind_name(COPSE_PARCEL_MAP), "map");
    assert_string_equal(copse_parcel_kind_name((copse_parcel_kind)99), "unknown");
}

CP_TEST_MAIN(cmocka_unit_test(every_kind_is_read_as_it_was_built),
             cmocka_unit_test(a_map_keeps_its_pairs_in_order),
             cmocka_unit_test(a_question_about_another_kind_is_answered_no),
             cmocka_unit_test(arrays_are_aligned_for_their_elements),
             cmocka_unit_test(the_first_refusal_sticks_until_finish),
             cmocka_unit_test(a_parcel_is_exactly_one_closed_tree),
             cmocka_unit_test(sizes_that_can_not_be_are_refused),
             cmocka_unit_test(text_is_well_formed_utf8),
             cmocka_unit_test(lists_200000_deep_are_built_compared_and_freed),
             cmocka_unit_test(nesting_deeper_than_the_bound_is_refused),
             cmocka_unit_test(what_was_closed_is_no_depth),
             cmocka_unit_test(random_trees_are_read_as_they_were_built),
             cmocka_unit_test(equality_is_of_bits_and_order),
             cmocka_unit_test(a_block_copied_elsewhere_is_the_same_parcel),
             cmocka_unit_test(every_allocation_of_a_build_may_be_refused),
             cmocka_unit_test(every_kind_has_its_name))
