/* form.c -- a copy, atom by atom; numbers that are no immediates become their decimal text. A list
 * is walked with a second pointer at half speed, which meets the first in a circle (Floyd). */
#include "interp/form.h"

typedef struct importer {
    cp_terms *terms;
    const cp_calc *calc;
    cp_form_problem *problem;
    cp_form_status status;
} importer;

static cp_term *refuse(importer *im, cp_position at, const char *text)
{
    im->status = CP_FORM_WRONG;
    *im->problem = (cp_form_problem){at, text};
    return NULL;
}

static cp_term *import(importer *im, cp_value form, cp_position at, uint32_t depth);

static cp_term *import_list(importer *im, cp_value form, cp_position at, uint32_t depth)
{
    cp_term *first = NULL;
    cp_term **end = &first;
    cp_value slow = form;
    for (bool moves = false; cp_form_is_pair(form); moves = !moves) {
        cp_term *car = import(im, cp_form_car(form), at, depth);
        *end = cp_term_pair(im->terms, car, car, cp_form_position(form, at));
        if (*end == NULL)
            return NULL;
        end = &(*end)->as.pair.cdr;
        form = cp_form_cdr(form);
        if (moves)
            slow = cp_form_cdr(slow);
        if (cp_same(cp_form_datum(slow), cp_form_datum(form)))
            return refuse(im, at, "a circular constant, expected one that ends");
    }
    *end = import(im, form, at, depth);
    return *end == NULL ? NULL : first;
}

static cp_term *import_vector(importer *im, cp_value datum, cp_position at, uint32_t depth)
{
    uint32_t length = cp_vector_length(datum);
    cp_term **items = CP_TAKE_ARRAY(&im->terms->arena, length, cp_term *);
    if (items == NULL)
        return NULL;
    for (uint32_t i = 0; i < length; i++) {
        items[i] = import(im, cp_vector_ref(datum, i), at, depth);
        if (items[i] == NULL)
            return NULL;
    }
    return cp_term_vector(im->terms, items, length, at);
}

static cp_term *import_number(importer *im, cp_value datum, cp_position at)
{
    cp_number_text text;
    switch (cp_number_write(im->calc, datum, 10, &text)) {
    case CP_CALC_OK:
        break;
    case CP_CALC_RETRY:
        im->status = CP_FORM_REFUSED;
        return NULL;
    default: /* a number can be written; what remains is the poll */
        im->status = CP_FORM_STOPPED;
        return NULL;
    }
    cp_term *term = cp_term_bytes(im->terms, CP_TERM_NUMBER, text.text, (uint32_t)text.size, at);
    cp_number_text_release(&text);
    return term;
}

static cp_term *import_object(importer *im, cp_value datum, cp_position at, uint32_t depth)
{
    if (cp_is_symbol(datum)) {
        const cp_string *name = cp_to_string(cp_to_symbol(datum)->name);
        cp_identifier *id = cp_terms_name(im->terms, cp_string_text(name), name->byte_length);
        return cp_term_identifier(im->terms, id, at);
    }
    if (cp_is_string(datum)) {
        const cp_string *string = cp_to_string(datum);
        return cp_term_bytes(im->terms, CP_TERM_STRING, cp_string_text(string), string->byte_length,
                             at);
    }
    if (cp_is_bytevector(datum))
        return cp_term_bytes(im->terms, CP_TERM_BYTES, (const char *)cp_to_bytevector(datum)->bytes,
                             cp_bytevector_length(datum), at);
    if (cp_is_vector(datum))
        return import_vector(im, datum, at, depth);
    unsigned type = cp_object_type(cp_to_object(datum));
    if (type == CP_TYPE_BIGNUM || type == CP_TYPE_RATIONAL || type == CP_TYPE_COMPLEX)
        return import_number(im, datum, at);
    return refuse(im, at, "an object that no text can say stands in the program");
}

static cp_term *import(importer *im, cp_value form, cp_position at, uint32_t depth)
{
    at = cp_form_position(form, at);
    cp_value datum = cp_form_datum(form);
    if (!cp_is_reference(datum))
        return cp_term_value(im->terms, datum, at);
    if (depth == 0)
        return refuse(im, at, "the text is nested more than 4000 deep, or circular");
    if (cp_is_pair(datum))
        return import_list(im, form, at, depth - 1);
    return import_object(im, datum, at, depth - 1);
}
_Static_assert(CP_FORM_DEPTH_MAX == 4000, "the message says so");

cp_form_status cp_term_from_form(cp_terms *terms, const cp_calc *calc, cp_value form,
                                 cp_term **term, cp_form_problem *problem)
{
    importer im = {terms, calc, problem, CP_FORM_DONE};
    *term = import(&im, form, CP_NO_POSITION, CP_FORM_DEPTH_MAX);
    if (*term == NULL && im.status == CP_FORM_DONE)
        im.status = CP_FORM_REFUSED;
    return im.status;
}
