#include "tests/check.h"

#include "interp/asm.h"
#include "tests/fault.h"

/* Assemble TEXT as the only procedure and give its template; the unit goes to *UNIT. */
static const cp_template *assemble(const char *text, cp_unit **unit)
{
    char error[CP_ASM_ERROR_SIZE];
    *unit = cp_assemble(copse_default_allocator(), text, error);
    if (*unit == NULL)
        fail_msg("%s", error);
    return cp_unit_template(*unit, 0);
}

static void expect_error(const char *text, const char *expected)
{
    char error[CP_ASM_ERROR_SIZE];
    cp_unit *unit = cp_assemble(copse_default_allocator(), text, error);
    assert_null(unit);
    assert_string_equal(error, expected);
}

/* The live set before PC as a mask of its first 64 registers. */
static uint64_t live_at(const cp_template *t, uint32_t pc)
{
    uint64_t live[CP_LIVE_WORDS];
    cp_template_live(t, pc, live);
    return live[0];
}

static void a_register_is_live_from_its_write_to_its_last_read(void **state)
{
    (void)state;
    cp_unit *unit;
    const cp_template *t = assemble("procedure f\n registers 4\n parameters 2\n"
                                    "fixnum r2 1\nadd r3 r0 r2\nadd r3 r3 r1\nreturn r3\n",
                                    &unit);
    assert_int_equal(live_at(t, 0), 0x3); /* both parameters */
    assert_int_equal(live_at(t, 1), 0x7);
    assert_int_equal(live_at(t, 2), 0xA);
    assert_int_equal(live_at(t, 3), 0x8);
    cp_unit_free(copse_default_allocator(), unit);
}

static void liveness_flows_round_a_loop(void **state)
{
    (void)state;
    cp_unit *unit;
    const cp_template *t = assemble("procedure f\n registers 3\n parameters 1\n"
                                    "fixnum r1 0\n"
                                    "again:\njump-if-equal-i r0 0 done\n"
                                    "add-i r1 r1 1\nsub-i r0 r0 1\nloop again\n"
                                    "done:\nreturn r1\n",
                                    &unit);
    assert_int_equal(live_at(t, 0), 0x1);
    for (uint32_t pc = 1; pc <= 4; pc++)
        assert_int_equal(live_at(t, pc), 0x3);
    assert_int_equal(live_at(t, 5), 0x2);
    cp_unit_free(copse_default_allocator(), unit);
}

static void a_call_keeps_what_lies_below_its_window(void **state)
{
    (void)state;
    cp_unit *unit;
    const cp_template *t = assemble("procedure f\n registers 6\n parameters 1\n"
                                    "move r4 r0\ncall-global g r2 1\nadd r0 r0 r2\nreturn r0\n",
                                    &unit);
    assert_int_equal(live_at(t, 1), 0x11); /* r0, and the argument */
    assert_int_equal(live_at(t, 3), 0x05); /* r0, and the result */
    cp_unit_free(copse_default_allocator(), unit);
}

static void wide_frames_have_wide_maps(void **state)
{
    (void)state;
    char text[4000] = "procedure f\n registers 200\n parameters 0\n";
    for (int i = 100; i < 180; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "fixnum r%d 1\n", i);
    for (int i = 100; i < 180; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "add r0 r%d r%d\n", i, i);
    strcat(text, "return r0\n");
    cp_unit *unit;
    const cp_template *t = assemble(text, &unit);
    for (uint32_t pc = 0; pc < 80; pc++) {
        uint64_t live[CP_LIVE_WORDS];
        cp_template_live(t, pc, live);
        for (uint32_t r = 0; r < 200; r++)
            assert_int_equal(cp_live_has(live, r), r >= 100 && r < 100 + pc);
    }
    cp_unit_free(copse_default_allocator(), unit);
}

static void a_bad_template_is_refused_with_its_reason(void **state)
{
    (void)state;
    expect_error("procedure f\n registers 2\n parameters 0\n move r0 r1\n return r0\n",
                 "5: f: entry 0: r1 is read before it is written");
    expect_error("procedure f\n registers 2\n parameters 0\n move r2 r0\n return r0\n",
                 "5: f: 0: r2, but there are 2 registers");
    expect_error("procedure f\n registers 6\n parameters 1\n call-global g r2 0\n add r0 r0 r3\n"
                 "return r0\n",
                 "6: f: 0: r3 is read later, but lies in the window of this call");
    expect_error("procedure f\n registers 2\n parameters 1\n call-global g r1 0\n return r1\n",
                 "5: f: 0: r2, but there are 2 registers");
    expect_error("procedure f\n registers 2\n parameters 1\n move r1 r0\n",
                 "4: f: the code runs past its end");
    expect_error("procedure f\n registers 2\n parameters 1\nL:\n jump L\n",
                 "5: f: 0: loop jumps backward and nothing else does");
    expect_error("procedure f\n registers 1\n return r0\n", "3: f: there is no entry");
    expect_error("procedure f\n registers 1\n parameters 2\n return r0\n",
                 "4: f: entry 0 has more parameters than registers");
    expect_error("procedure f\n registers 1\n parameters 1\n free r0 f0\n",
                 "4: f: 0: free value 0, but there are 0");
    expect_error("procedure f\n registers 255\n parameters 0\n return r0\n",
                 "4: f: more than 250 registers");
}

static void a_line_is_found_by_its_instruction(void **state)
{
    (void)state;
    cp_unit *unit;
    const cp_template *t = assemble("procedure f\n registers 2\n parameters 1\n line 3 5\n"
                                    "move r1 r0\nmove r0 r1\nline 9 1\nreturn r0\n",
                                    &unit);
    assert_int_equal(cp_template_line(t, 0)->line, 3);
    assert_int_equal(cp_template_line(t, 1)->column, 5);
    assert_int_equal(cp_template_line(t, 2)->line, 9);
    cp_unit_free(copse_default_allocator(), unit);
}

/* Random straight-line code with forward jumps: the stored and the derived maps agree with a plain
 * backward walk over single instructions. */
static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static void derived_maps_agree_with_a_model(void **state)
{
    (void)state;
    enum { REGISTERS = 8, COUNT = 150 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        cp_builder builder;
        cp_builder_init(&builder, copse_default_allocator());
        cp_builder_entry(&builder, REGISTERS, 0, false);
        uint32_t from[COUNT], write[COUNT], target[COUNT];
        for (uint32_t pc = 0; pc < COUNT; pc++) {
            from[pc] = (uint32_t)next_random(&random) % REGISTERS;
            write[pc] = (uint32_t)next_random(&random) % REGISTERS;
            target[pc] = 0;
            if (next_random(&random) % 5 == 0 && pc + 1 < COUNT) {
                target[pc] = pc + 1 + (uint32_t)next_random(&random) % (COUNT - pc - 1);
                cp_builder_emit(&builder,
                                cp_word_abx(CP_OP_JUMP_IF_NULL, from[pc], target[pc] - pc - 1));
            } else if (pc + 1 < COUNT) {
                cp_builder_emit(&builder, cp_word_abc(CP_OP_MOVE, write[pc], from[pc], 0));
            } else {
                cp_builder_emit(&builder, cp_word_abc(CP_OP_RETURN, from[pc], 0, 0));
            }
        }
        cp_template *t =
            cp_builder_finish(&builder, &(cp_template_options){.register_count = REGISTERS});
        assert_non_null(t);
        uint64_t model[COUNT + 1] = {0};
        for (uint32_t pc = COUNT; pc-- > 0;) {
            uint64_t live = pc + 1 < COUNT ? model[pc + 1] : 0;
            if (target[pc] != 0)
                live |= model[target[pc]];
            else if (pc + 1 < COUNT)
                live &= ~(UINT64_C(1) << write[pc]);
            model[pc] = live | UINT64_C(1) << from[pc];
            CHECK_SEED(live_at(t, pc) == model[pc], seed);
        }
        cp_template_free(copse_default_allocator(), t);
        cp_builder_close(&builder);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_register_is_live_from_its_write_to_its_last_read),
             cmocka_unit_test(liveness_flows_round_a_loop),
             cmocka_unit_test(a_call_keeps_what_lies_below_its_window),
             cmocka_unit_test(wide_frames_have_wide_maps),
             cmocka_unit_test(a_bad_template_is_refused_with_its_reason),
             cmocka_unit_test(a_line_is_found_by_its_instruction),
             cmocka_unit_test(derived_maps_agree_with_a_model))
