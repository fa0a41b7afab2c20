#include "tests/check.h"

#include "interp/term.h"
#include "tests/fault.h"

static void a_name_is_one_identifier(void **state)
{
    (void)state;
    cp_terms terms;
    cp_terms_init(&terms, copse_default_allocator());
    cp_identifier *ids[3000];
    for (int i = 0; i < 3000; i++) {
        char name[20];
        int length = snprintf(name, sizeof name, "name%d", i);
        ids[i] = cp_terms_name(&terms, name, (size_t)length);
        assert_string_equal(ids[i]->name, name);
    }
    for (int i = 0; i < 3000; i++)
        assert_ptr_equal(cp_terms_name(&terms, ids[i]->name, ids[i]->length), ids[i]);
    cp_identifier *alias = cp_terms_alias(&terms, ids[5], NULL);
    cp_identifier *second = cp_terms_alias(&terms, alias, NULL);
    assert_ptr_not_equal(alias, ids[5]);
    assert_ptr_equal(cp_identifier_symbol(second), ids[5]);
    assert_string_equal(second->name, "name5");
    cp_terms_free(&terms);
}

static void terms_print_as_text_that_reads_back(void **state)
{
    (void)state;
    cp_terms terms;
    cp_terms_init(&terms, copse_default_allocator());
    cp_position at = CP_NO_POSITION;
    cp_term *items[] = {cp_term_value(&terms, cp_make_fixnum(-5), at),
                        cp_term_value(&terms, cp_make_double(1.5), at),
                        cp_term_bytes(&terms, CP_TERM_STRING, "text", 4, at),
                        cp_term_bytes(&terms, CP_TERM_BYTES, "\1\377", 2, at),
                        cp_term_bytes(&terms, CP_TERM_NUMBER, "123456789012345678901", 21, at),
                        cp_term_value(&terms, CP_TRUE, at)};
    cp_term *vector = cp_term_vector(&terms, items, CP_COUNT_OF(items), at);
    cp_term *symbol = cp_term_symbol(&terms, "symbol", at);
    cp_term *pair = cp_term_pair(&terms, symbol, cp_term_pair(&terms, vector, symbol, at), at);
    char text[200];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_term_print(&printer, pair, 10);
    assert_string_equal(text, "(symbol #(-5 1.5 \"text\" #u8(1 255) 123456789012345678901 #t) . "
                              "symbol)");
    printer = cp_printer_make(text, sizeof text);
    cp_term_print(&printer, pair, 1);
    assert_string_equal(text, "(... ... . ...)");
    assert_int_equal(cp_term_length(pair), -1);
    cp_term *nil = cp_term_value(&terms, CP_NIL, at);
    assert_int_equal(cp_term_length(cp_term_pair(&terms, pair, nil, at)), 1);
    cp_terms_free(&terms);
}

static void atoms_are_the_same_by_value(void **state)
{
    (void)state;
    cp_terms terms;
    cp_terms_init(&terms, copse_default_allocator());
    cp_position at = CP_NO_POSITION;
    cp_term *a = cp_term_bytes(&terms, CP_TERM_STRING, "x", 1, at);
    cp_term *b = cp_term_bytes(&terms, CP_TERM_STRING, "x", 1, at);
    cp_term *number = cp_term_bytes(&terms, CP_TERM_NUMBER, "x", 1, at);
    cp_term *x = cp_term_symbol(&terms, "x", at);
    cp_term *alias = cp_term_identifier(&terms, cp_terms_alias(&terms, x->as.identifier, NULL), at);
    assert_true(cp_term_same_atom(a, b));
    assert_false(cp_term_same_atom(a, number));
    assert_false(cp_term_same_atom(a, x));
    assert_true(cp_term_same_atom(x, alias));
    assert_false(cp_term_same_atom(cp_term_pair(&terms, a, a, at), cp_term_pair(&terms, a, a, at)));
    cp_terms_free(&terms);
}

CP_TEST_MAIN(cmocka_unit_test(a_name_is_one_identifier),
             cmocka_unit_test(terms_print_as_text_that_reads_back),
             cmocka_unit_test(atoms_are_the_same_by_value))
