#include "tests/check.h"

#include "interp/sink.h"
#include "tests/fault.h"

static void what_is_added_stands_in_order(void **state)
{
    (void)state;
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_sink_add(&sink, "a\0b", 3);
    cp_sink_add_c(&sink, "cd");
    cp_sink_add_char(&sink, 0x3BB);
    cp_sink_add_format(&sink, "%d%s", 5, "e");
    cp_sink_add_c(&sink, "");
    assert_int_equal(sink.size, 9);
    assert_memory_equal(sink.bytes,
                        "a\0bcd\xCE\xBB"
                        "5e",
                        9);
    assert_false(sink.is_refused);
    cp_sink_free(&sink);
    assert_int_equal(sink.size, 0);
}

static void a_formatted_text_is_cut(void **state)
{
    (void)state;
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_sink_add_format(&sink, "%200s", "");
    assert_int_equal(sink.size, CP_SINK_FORMAT_MAX - 1);
    cp_sink_free(&sink);
}

static void what_has_no_room_is_dropped_whole_and_said(void **state)
{
    (void)state;
    for (uint64_t refuse_at = 1; refuse_at < 6; refuse_at++) {
        cp_fault fault;
        cp_fault_init(&fault, refuse_at);
        cp_sink sink = cp_sink_make(&fault.allocator);
        for (int i = 0; i < 1000; i++) {
            size_t before = sink.size;
            cp_sink_add_c(&sink, "abc");
            assert_int_equal(sink.size, before + (sink.is_refused ? 0 : 3));
            sink.is_refused = false;
        }
        assert_int_equal(sink.size, 3000 - 3 * fault.refused);
        cp_sink_free(&sink);
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(what_is_added_stands_in_order),
             cmocka_unit_test(a_formatted_text_is_cut),
             cmocka_unit_test(what_has_no_room_is_dropped_whole_and_said))
