#include "tests/check.h"

#include "interp/pieces.h"
#include "tests/interp/random.h"

enum { LONG = 3 * CP_PIECE_LIMBS + 5 };

/* An own number whose carries run across pieces. */
static cp_limb *long_number(uint64_t *random)
{
    cp_limb *a = malloc(LONG * sizeof *a);
    assert_non_null(a);
    for (size_t i = 0; i < LONG; i++)
        a[i] = next(random) % 3 == 0 ? next(random) : UINT64_MAX;
    return a;
}

static cp_limb *room(size_t n)
{
    cp_limb *a = malloc(n * sizeof *a);
    assert_non_null(a);
    return a;
}

static void pieces_add_and_subtract_as_the_whole_does(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    cp_limb *a = long_number(&random);
    cp_limb *b = long_number(&random);
    cp_limb *whole = room(LONG + 1);
    cp_limb *pieces = room(LONG + 1);
    static const size_t sizes[] = {0, 1, CP_PIECE_LIMBS, CP_PIECE_LIMBS + 1, LONG};
    for (size_t i = 0; i < CP_COUNT_OF(sizes); i++) {
        size_t bn = sizes[i];
        whole[LONG] = cp_limbs_add(whole, a, LONG, b, bn);
        CHECK_SEED(cp_pieces_add(pieces, a, LONG, b, bn, NULL), seed);
        CHECK_SEED(memcmp(whole, pieces, (LONG + 1) * sizeof *a) == 0, seed);
        CHECK_SEED(cp_pieces_sub(pieces, whole, LONG + 1, b, bn, NULL), seed);
        CHECK_SEED(memcmp(pieces, a, LONG * sizeof *a) == 0, seed);
        CHECK_SEED(pieces[LONG] == 0, seed);
    }
    memset(a, 0xff, LONG * sizeof *a); /* one carry through everything */
    b[0] = 1;
    CHECK_SEED(cp_pieces_add(pieces, a, LONG, b, 1, NULL), seed);
    CHECK_SEED(cp_limbs_size(pieces, LONG) == 0 && pieces[LONG] == 1, seed);
    free(a);
    free(b);
    free(whole);
    free(pieces);
}

static void what_was_shifted_left_comes_back(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    cp_limb *a = long_number(&random);
    for (uint64_t count = 0; count < 400000; count = count * 3 + 1) {
        size_t n = LONG + count / 64 + 1;
        cp_limb *up = room(n);
        cp_limb *down = room(n - count / 64);
        bool has_rest = true;
        CHECK_SEED(cp_pieces_shift_left(up, a, LONG, count, NULL), seed);
        CHECK_SEED(cp_pieces_shift_right(down, up, n, count, &has_rest, NULL), seed);
        CHECK_SEED(!has_rest, seed);
        CHECK_SEED(memcmp(down, a, LONG * sizeof *a) == 0 && down[LONG] == 0, seed);
        if (count > 0) {
            up[0] |= 1;
            CHECK_SEED(cp_pieces_shift_right(down, up, n, count, &has_rest, NULL), seed);
            CHECK_SEED(has_rest, seed);
        }
        free(up);
        free(down);
    }
    free(a);
}

/* ---- Bits ---------------------------------------------------------------------------------- */

static void logic_sees_endless_twos_complement(void **state)
{
    (void)state;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    for (unsigned round = 0; round < 5000; round++) {
        int64_t x = (int64_t)next(&random) >> next(&random) % 64;
        int64_t y = (int64_t)next(&random) >> next(&random) % 64;
        cp_limb a[1] = {x < 0 ? -(uint64_t)x : (uint64_t)x};
        cp_limb b[1] = {y < 0 ? -(uint64_t)y : (uint64_t)y};
        const int64_t expected[3] = {x & y, x | y, x ^ y};
        for (unsigned op = CP_LOGIC_AND; op <= CP_LOGIC_XOR; op++) {
            cp_limb r[2];
            CHECK_SEED(cp_pieces_logic((cp_logic_op)op, r, a, 1, x < 0, b, 1, y < 0, NULL), seed);
            bool is_negative = cp_pieces_logic_sign((cp_logic_op)op, x < 0, y < 0);
            uint64_t word = is_negative ? -r[0] : r[0];
            CHECK_SEED(word == (uint64_t)expected[op], seed);
            CHECK_SEED(is_negative == (expected[op] < 0), seed);
            CHECK_SEED(r[1] == 0, seed);
        }
    }
}

static void logic_of_two_negatives_may_need_one_limb_more(void **state)
{
    (void)state;
    cp_limb a[1] = {UINT64_MAX};     /* -(2^64 - 1) */
    cp_limb b[1] = {UINT64_MAX - 1}; /* -(2^64 - 2) */
    cp_limb r[2];
    assert_true(cp_pieces_logic(CP_LOGIC_AND, r, a, 1, true, b, 1, true, NULL));
    assert_true(cp_pieces_logic_sign(CP_LOGIC_AND, true, true));
    assert_true(r[0] == 0 && r[1] == 1); /* -2^64 */
}

static bool stop_at_once(void *context)
{
    ++*(unsigned *)context;
    return true;
}

static void every_piece_asks_the_poll(void **state)
{
    (void)state;
    uint64_t random = 1;
    cp_limb *a = long_number(&random);
    cp_limb *r = room(LONG + 10);
    bool has_rest = false;
    for (unsigned which = 0; which < 7; which++) {
        unsigned asked = 0;
        cp_limbs_poll poll = {stop_at_once, &asked, 0};
        bool is_done = which == 0   ? cp_pieces_copy(r, a, LONG, &poll)
                       : which == 1 ? cp_pieces_clear(r, LONG, &poll)
                       : which == 2 ? cp_pieces_add(r, a, LONG, a, 3, &poll)
                       : which == 3 ? cp_pieces_sub(r, a, LONG, a, LONG, &poll)
                       : which == 4 ? cp_pieces_shift_left(r, a, LONG, 70, &poll)
                       : which == 5
                           ? cp_pieces_shift_right(r, a, LONG, 70, &has_rest, &poll)
                           : cp_pieces_logic(CP_LOGIC_XOR, r, a, LONG, true, a, LONG, false, &poll);
        assert_false(is_done);
        assert_int_equal(asked, 1);
    }
    free(a);
    free(r);
}

static void a_copy_is_equal_and_a_cleared_number_zero(void **state)
{
    (void)state;
    uint64_t random = 2;
    cp_limb *a = long_number(&random);
    cp_limb *r = room(LONG);
    assert_true(cp_pieces_copy(r, a, LONG, NULL));
    assert_memory_equal(r, a, LONG * sizeof *a);
    assert_true(cp_pieces_clear(r, LONG, NULL));
    assert_int_equal(cp_limbs_size(r, LONG), 0);
    free(a);
    free(r);
}

CP_TEST_MAIN(cmocka_unit_test(pieces_add_and_subtract_as_the_whole_does),
             cmocka_unit_test(what_was_shifted_left_comes_back),
             cmocka_unit_test(logic_sees_endless_twos_complement),
             cmocka_unit_test(logic_of_two_negatives_may_need_one_limb_more),
             cmocka_unit_test(every_piece_asks_the_poll),
             cmocka_unit_test(a_copy_is_equal_and_a_cleared_number_zero))
