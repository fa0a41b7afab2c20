#include "tests/interp/fixture.h"

#include "interp/text.h"
#include "sched/rng.h"

/* What the model of a string is: an array of code points. */
typedef struct model {
    uint32_t codes[600];
    uint32_t count;
} model;

static void open_text(fixture *f)
{
    open_heap(f, NULL);
    cp_text_init(f->heap);
}

/* ASCII, two, three and four bytes, with the edges of each width. */
static uint32_t draw_code(cp_rng *rng)
{
    static const uint32_t edges[] = {0,      0x7F,   0x80,   0x7FF,   0x800,
                                     0xD7FF, 0xE000, 0xFFFF, 0x10000, CP_CHAR_MAX};
    switch (cp_rng_below(rng, 6)) {
    case 0:
        return edges[cp_rng_below(rng, CP_COUNT_OF(edges))];
    case 1:
        return 0x80 + (uint32_t)cp_rng_below(rng, 0x700);
    case 2:
        return 0x800 + (uint32_t)cp_rng_below(rng, 0xC000);
    case 3:
        return 0x10000 + (uint32_t)cp_rng_below(rng, 0x100000);
    default:
        return (uint32_t)cp_rng_below(rng, 128);
    }
}

static cp_value make_from_model(cp_heap *heap, const model *m)
{
    char text[2400];
    size_t size = 0;
    for (uint32_t i = 0; i < m->count; i++)
        size += cp_utf8_encode(m->codes[i], text + size);
    return cp_make_string(heap, text, size, NULL);
}

static void compare_with_model(fixture *f, cp_value string, const model *m, uint64_t seed)
{
    const cp_string *s = cp_to_string(string);
    size_t bytes = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        CHECK_SEED(cp_string_ref(f->heap, string, i) == m->codes[i], seed);
        CHECK_SEED(cp_string_offset(f->heap, string, i) == bytes, seed);
        bytes += cp_utf8_width(m->codes[i]);
    }
    CHECK_SEED(s->char_length == m->count, seed);
    CHECK_SEED(s->byte_length == bytes, seed);
    CHECK_SEED(cp_string_text(s)[bytes] == '\0', seed);
    CHECK_SEED(cp_string_is_ascii(s) == (bytes == m->count), seed);
    size_t end;
    CHECK_SEED(cp_utf8_count(cp_string_text(s), bytes, &end) == m->count && end == bytes, seed);
}

static void a_string_is_an_array_of_characters(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        cp_rng rng = cp_rng_make(seed);
        fixture f;
        open_text(&f);
        model m = {.count = 1 + (uint32_t)cp_rng_below(&rng, 500)};
        bool starts_ascii = cp_rng_below(&rng, 2) == 0;
        for (uint32_t i = 0; i < m.count; i++)
            m.codes[i] = starts_ascii ? 'a' + i % 26 : draw_code(&rng);
        f.roots[0] = make_from_model(f.heap, &m);
        compare_with_model(&f, f.roots[0], &m, seed);
        for (int step = 0; step < 400; step++) {
            uint32_t index = (uint32_t)cp_rng_below(&rng, m.count);
            switch (cp_rng_below(&rng, 8)) {
            case 0:
                cp_collect_young(f.heap);
                break;
            case 1:
                CHECK_SEED(cp_string_ref(f.heap, f.roots[0], index) == m.codes[index], seed);
                break;
            default:
                m.codes[index] = starts_ascii && step < 200 ? 'A' + index % 26 : draw_code(&rng);
                assert_true(cp_string_set(f.heap, f.roots[0], index, m.codes[index]));
                break;
            }
            if (step % 20 == 0)
                compare_with_model(&f, f.roots[0], &m, seed);
        }
        compare_with_model(&f, f.roots[0], &m, seed);
        check_heap(&f, seed);
        close_heap(&f);
    }
}

static void parts_and_sums_agree_with_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        cp_rng rng = cp_rng_make(seed);
        fixture f;
        open_text(&f);
        model m = {.count = (uint32_t)cp_rng_below(&rng, 300)};
        for (uint32_t i = 0; i < m.count; i++)
            m.codes[i] = seed % 2 ? draw_code(&rng) : 'x';
        cp_value whole = make_from_model(f.heap, &m);
        uint32_t start = (uint32_t)cp_rng_below(&rng, m.count + 1);
        uint32_t end = start + (uint32_t)cp_rng_below(&rng, m.count - start + 1);
        const cp_value parts[] = {cp_string_copy(f.heap, whole, 0, start),
                                  cp_string_copy(f.heap, whole, start, end),
                                  cp_string_copy(f.heap, whole, end, m.count)};
        cp_value sum = cp_string_append(f.heap, parts, 3);
        CHECK_SEED(cp_string_equal(sum, whole), seed);
        compare_with_model(&f, sum, &m, seed);
        CHECK_SEED(cp_to_string(parts[1])->char_length == end - start, seed);
        int64_t found = cp_string_search(f.heap, whole, parts[1], 0);
        CHECK_SEED(found >= 0 && found <= start, seed);
        CHECK_SEED(cp_string_search(f.heap, whole, parts[1], start) == start, seed);
        close_heap(&f);
    }
}

static void invalid_utf8_is_refused_with_its_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        size_t offset;
    } rows[] = {
        {"abc\x80", 4, 3},           /* continuation without a start */
        {"\xC0\x80", 2, 0},          /* overlong NUL */
        {"\xC1\xBF", 2, 0},          /* overlong 7F */
        {"ab\xE0\x9F\xBF", 5, 2},    /* overlong 7FF */
        {"\xED\xA0\x80", 3, 0},      /* surrogate D800 */
        {"\xED\xBF\xBF", 3, 0},      /* surrogate DFFF */
        {"\xF0\x8F\xBF\xBF", 4, 0},  /* overlong FFFF */
        {"\xF4\x90\x80\x80", 4, 0},  /* 110000 */
        {"\xF5\x80\x80\x80", 4, 0},  /* no start byte */
        {"\xFF", 1, 0},              /* no start byte */
        {"12345678\xE2\x82", 10, 8}, /* cut off */
        {"\xE2\x28\xA1", 3, 0},      /* second byte is none */
        {"\xC3\xA4\xC3", 3, 2},      /* cut off after a good one */
        {"abcdefghijklmno\xFFpqrstu", 22, 15},
    };
    fixture f;
    open_text(&f);
    for (size_t i = 0; i < CP_COUNT_OF(rows); i++) {
        size_t offset = 999;
        assert_true(cp_same(cp_make_string(f.heap, rows[i].text, rows[i].size, &offset), CP_FALSE));
        assert_int_equal(offset, rows[i].offset);
    }
    size_t offset = 999;
    assert_true(cp_is_string(cp_make_string(f.heap, "a\0b", 3, &offset)));
    assert_int_equal(offset, 3);
    close_heap(&f);
}

static void every_character_survives_its_encoding(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= CP_CHAR_MAX; code++) {
        char text[4];
        unsigned width = cp_utf8_encode(code, text);
        const char *at = text;
        size_t end;
        size_t count = cp_utf8_count(text, width, &end);
        bool is_valid = cp_char_is_valid(code);
        if (width != cp_utf8_width(code) || count != is_valid || (end == width) != is_valid ||
            (is_valid && (cp_utf8_decode(&at) != code || at != text + width)))
            fail_msg("code point %x", code);
    }
}

static void a_string_keeps_its_identity_when_its_text_moves(void **state)
{
    (void)state;
    fixture f;
    open_text(&f);
    f.roots[0] = cp_string_from_c(f.heap, "robot");
    cp_collect_young(f.heap);
    assert_true(cp_string_set(f.heap, f.roots[0], 1, 0x1F916));
    assert_true(cp_string_set(f.heap, f.roots[0], 4, 0xE4));
    assert_string_equal(cp_string_text(cp_to_string(f.roots[0])), "r\xF0\x9F\xA4\x96"
                                                                  "bo\xC3\xA4");
    assert_int_equal(cp_to_string(f.roots[0])->byte_length, 9);
    cp_collect_young(f.heap);
    check_heap(&f, 0);
    assert_true(cp_string_set(f.heap, f.roots[0], 1, 'o'));
    assert_true(cp_string_set(f.heap, f.roots[0], 4, 't'));
    assert_string_equal(cp_string_text(cp_to_string(f.roots[0])), "robot");
    assert_true(cp_string_is_ascii(cp_to_string(f.roots[0])));
    close_heap(&f);
}

static void strings_are_ordered_by_code_points(void **state)
{
    (void)state;
    fixture f;
    open_text(&f);
    static const char *const ordered[] = {
        "", "A", "AB", "B", "a", "ab", "\xC3\xA4", "\xEF\xBF\xBD", "\xF0\x90\x80\x80"};
    for (size_t i = 0; i < CP_COUNT_OF(ordered); i++) {
        for (size_t j = 0; j < CP_COUNT_OF(ordered); j++) {
            cp_value a = cp_make_string(f.heap, ordered[i], strlen(ordered[i]), NULL);
            cp_value b = cp_make_string(f.heap, ordered[j], strlen(ordered[j]), NULL);
            int order = cp_string_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(cp_string_equal(a, b), i == j);
            if (i == j)
                assert_int_equal(cp_string_hash(a), cp_string_hash(b));
        }
    }
    close_heap(&f);
}

static void a_pattern_is_found_at_its_character(void **state)
{
    (void)state;
    fixture f;
    open_text(&f);
    cp_value s = cp_make_string(f.heap, "\xC3\xA4xbxbx", 7, NULL);
    cp_value p = cp_string_from_c(f.heap, "xb");
    assert_int_equal(cp_string_search(f.heap, s, p, 0), 1);
    assert_int_equal(cp_string_search(f.heap, s, p, 2), 3);
    assert_int_equal(cp_string_search(f.heap, s, p, 4), -1);
    assert_int_equal(cp_string_search(f.heap, s, cp_string_from_c(f.heap, ""), 6), 6);
    assert_int_equal(cp_string_search(f.heap, p, s, 0), -1);
    close_heap(&f);
}

static void a_replaced_part_may_be_longer_or_shorter(void **state)
{
    (void)state;
    fixture f;
    open_text(&f);
    cp_rng rng = cp_rng_make(5);
    for (int round = 0; round < 200; round++) {
        model m = {.count = (uint32_t)cp_rng_below(&rng, 150)}, part = {.count = 0}, sum;
        for (uint32_t i = 0; i < m.count; i++)
            m.codes[i] = draw_code(&rng);
        part.count = (uint32_t)cp_rng_below(&rng, 150);
        for (uint32_t i = 0; i < part.count; i++)
            part.codes[i] = draw_code(&rng);
        uint32_t start = (uint32_t)cp_rng_below(&rng, m.count + 1);
        uint32_t end = start + (uint32_t)cp_rng_below(&rng, m.count - start + 1);
        cp_value string = make_from_model(f.heap, &m), source = make_from_model(f.heap, &part);
        const cp_string *s = cp_to_string(source);
        assert_true(cp_string_replace(f.heap, string, start, end, cp_string_text(s), s->byte_length,
                                      s->char_length));
        sum.count = m.count - (end - start) + part.count;
        memcpy(sum.codes, m.codes, start * sizeof *sum.codes);
        memcpy(sum.codes + start, part.codes, part.count * sizeof *sum.codes);
        memcpy(sum.codes + start + part.count, m.codes + end, (m.count - end) * sizeof *sum.codes);
        compare_with_model(&f, string, &sum, 5);
    }
    close_heap(&f);
}

static void a_filled_string_repeats_one_character(void **state)
{
    (void)state;
    fixture f;
    open_text(&f);
    cp_value s = cp_string_filled(f.heap, 100, 0x20AC);
    assert_int_equal(cp_to_string(s)->byte_length, 300);
    assert_int_equal(cp_string_ref(f.heap, s, 99), 0x20AC);
    assert_true(cp_same(cp_string_filled(f.heap, SIZE_MAX, 'a'), CP_FALSE));
    assert_int_equal(cp_to_string(cp_string_filled(f.heap, 0, 'a'))->byte_length, 0);
    close_heap(&f);
}

/* Make, look up and change strings; false when anything was refused. */
static bool use_strings(fixture *f)
{
    f->roots[0] = cp_string_filled(f->heap, 1000, 'a');
    if (cp_is_retry(f->roots[0]))
        return false;
    for (uint32_t i = 0; i < 1000; i += 7)
        if (!cp_string_set(f->heap, f->roots[0], i, 0x1F600 + i))
            return false;
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(cp_string_ref(f->heap, f->roots[0], i), i % 7 == 0 ? 0x1F600 + i : 'a');
    return true;
}

static void a_refusal_changes_no_string(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t at = 1; !is_done; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        fault.refuse_after = true;
        fixture f;
        if (try_open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator})) {
            cp_text_init(f.heap);
            is_done = use_strings(&f);
            check_heap(&f, at);
            close_heap(&f);
        }
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_string_is_an_array_of_characters),
             cmocka_unit_test(parts_and_sums_agree_with_the_model),
             cmocka_unit_test(invalid_utf8_is_refused_with_its_offset),
             cmocka_unit_test(every_character_survives_its_encoding),
             cmocka_unit_test(a_string_keeps_its_identity_when_its_text_moves),
             cmocka_unit_test(strings_are_ordered_by_code_points),
             cmocka_unit_test(a_pattern_is_found_at_its_character),
             cmocka_unit_test(a_replaced_part_may_be_longer_or_shorter),
             cmocka_unit_test(a_filled_string_repeats_one_character),
             cmocka_unit_test(a_refusal_changes_no_string))
