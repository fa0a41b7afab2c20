/* record.h -- the form define-record-type, taken apart and put together.
 *
 * Owns:  the checks of its parts, and the code of what it defines.
 * Never: binds a name (body.h does). */
#ifndef CP_INTERP_RECORD_H
#define CP_INTERP_RECORD_H

#include "interp/expander.h"

/* (define-record-type NAME CONSTRUCTOR PREDICATE FIELD ...), every part checked. */
typedef struct cp_record_form {
    cp_term *name;
    cp_term *constructor; /* NULL: none */
    cp_term **arguments;  /* its parameters: names of fields */
    uint32_t *places;     /* of each argument: the index of its field */
    uint32_t argument_count;
    cp_term *predicate; /* NULL: none */
    cp_term **fields;   /* (name [accessor [modifier]]) */
    uint32_t field_count;
} cp_record_form;

static inline cp_term *cp_record_field_name(cp_term *field)
{
    return cp_term_is_pair(field) ? field->as.pair.car : field;
}

/* The parts of FORM. False with a complaint, or when memory is refused. */
bool cp_record_split(cp_expander *x, cp_term *form, cp_record_form *r) CP_MUST_USE;

/* (%make-record-type 'name '#(field ...)) */
cp_node *cp_record_make_type(cp_expander *x, const cp_record_form *r, cp_position at) CP_MUST_USE;

/* A procedure of the record type: the constructor (INDEX 0), the predicate (1), or the accessor or
 * modifier of field INDEX - 2. In a body, where TYPE is a variable, and at top level, where the
 * opcodes find it in a cell. */
cp_node *cp_record_make_local(cp_expander *x, const cp_record_form *r, cp_local *type,
                              uint32_t index, bool is_modifier, cp_position at) CP_MUST_USE;
cp_node *cp_record_make_global(cp_expander *x, const cp_record_form *r, cp_global *type,
                               const char *name, uint32_t index, bool is_modifier,
                               cp_position at) CP_MUST_USE;

#endif
