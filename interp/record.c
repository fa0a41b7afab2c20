/* record.c -- at top level each procedure of a record type is one instruction that names the type's
 * cell; in a body the type is a value of the frame, so the runtime makes the procedures. */
#include "interp/record.h"

#include <string.h>

static bool split_fields(cp_expander *x, cp_record_form *r)
{
    for (uint32_t i = 0; i < r->field_count; i++) {
        cp_term *field = r->fields[i];
        int64_t length = cp_term_length(field);
        bool is_good = cp_term_is_identifier(field) || (length >= 1 && length <= 3);
        for (cp_term *p = field; is_good && cp_term_is_pair(p); p = p->as.pair.cdr)
            is_good = cp_term_is_identifier(p->as.pair.car);
        if (!is_good) {
            (void)cp_expand_fail(x, field->position,
                                 "define-record-type: a field is not (name accessor) or (name "
                                 "accessor modifier)");
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (cp_record_field_name(r->fields[j])->as.identifier ==
                cp_record_field_name(field)->as.identifier) {
                (void)cp_expand_fail(x, field->position,
                                     "define-record-type: the field %s stands twice",
                                     cp_record_field_name(field)->as.identifier->name);
                return false;
            }
        }
    }
    return true;
}

static bool find_field(cp_expander *x, const cp_record_form *r, const cp_term *argument,
                       uint32_t *place)
{
    for (uint32_t i = 0; i < r->field_count && cp_term_is_identifier(argument); i++) {
        if (cp_record_field_name(r->fields[i])->as.identifier == argument->as.identifier) {
            *place = i;
            return true;
        }
    }
    (void)cp_expand_fail(
        x, argument->position, "define-record-type: the constructor takes %s, which is no field",
        cp_term_is_identifier(argument) ? argument->as.identifier->name : "something");
    return false;
}

/* The constructor: #f, NAME for all fields, or (NAME FIELD ...). */
static bool split_constructor(cp_expander *x, cp_term *spec, cp_record_form *r)
{
    if (cp_term_is_value(spec, CP_FALSE))
        return true;
    if (cp_term_is_identifier(spec)) {
        r->constructor = spec;
        r->argument_count = r->field_count;
    } else if (cp_term_is_pair(spec) && cp_term_is_identifier(spec->as.pair.car)) {
        r->constructor = spec->as.pair.car;
        if (!cp_expand_list(x, spec->as.pair.cdr, &r->arguments, &r->argument_count))
            r->constructor = NULL;
    }
    if (r->constructor == NULL) {
        (void)cp_expand_fail(x, spec->position,
                             "define-record-type: the constructor is not (name field ...), a name "
                             "or #f");
        return false;
    }
    r->places = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, uint32_t);
    cp_term **names = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_term *);
    if (r->places == NULL || names == NULL)
        return false;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        names[i] = r->arguments != NULL ? r->arguments[i] : cp_record_field_name(r->fields[i]);
        if (!find_field(x, r, names[i], &r->places[i]))
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (r->places[j] == r->places[i]) {
                (void)cp_expand_fail(x, names[i]->position,
                                     "define-record-type: the constructor takes %s twice",
                                     names[i]->as.identifier->name);
                return false;
            }
        }
    }
    r->arguments = names;
    return true;
}

bool cp_record_split(cp_expander *x, cp_term *form, cp_record_form *r)
{
    cp_term **items;
    uint32_t count;
    *r = (cp_record_form){.name = NULL};
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count < 3) {
        (void)cp_expand_fail(x, form->position,
                             "define-record-type: expected (define-record-type name constructor "
                             "predicate field ...)");
        return false;
    }
    r->name = cp_term_is_pair(items[0]) ? items[0]->as.pair.car : items[0];
    r->predicate = cp_term_is_value(items[2], CP_FALSE) ? NULL : items[2];
    r->fields = items + 3;
    r->field_count = count - 3;
    if (!cp_term_is_identifier(r->name) ||
        (r->predicate != NULL && !cp_term_is_identifier(r->predicate))) {
        (void)cp_expand_fail(x, items[cp_term_is_identifier(r->name) ? 2 : 0]->position,
                             "define-record-type: a name is no identifier");
        return false;
    }
    if (r->field_count > 200) {
        (void)cp_expand_fail(x, form->position,
                             "define-record-type: %u fields, expected at most 200", r->field_count);
        return false;
    }
    return split_fields(x, r) && split_constructor(x, items[1], r);
}

/* (%make-record-type 'name '#(field ...)) */
cp_node *cp_record_make_type(cp_expander *x, const cp_record_form *r, cp_position at)
{
    cp_term **names = CP_TAKE_ARRAY(&x->terms->arena, r->field_count, cp_term *);
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (names == NULL || operands == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->field_count; i++)
        names[i] = cp_record_field_name(r->fields[i]);
    operands[0] = cp_core_constant(&x->core, r->name);
    operands[1] = cp_core_constant(&x->core, cp_term_vector(x->terms, names, r->field_count, at));
    return cp_expand_runtime(x, "%make-record-type", operands, 2, at);
}

/* What a record type in a body defines besides itself, as calls of the runtime: the opcodes want
 * the type in a global cell. */
cp_node *cp_record_make_local(cp_expander *x, const cp_record_form *r, cp_local *type,
                              uint32_t index, bool is_modifier, cp_position at)
{
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (operands == NULL)
        return NULL;
    operands[0] = cp_expand_reference(x, type, at);
    if (index == 1)
        return cp_expand_runtime(x, "%record-predicate", operands, 1, at);
    if (index > 1) {
        operands[1] = cp_core_value(&x->core, cp_make_fixnum((int64_t)index - 2), at);
        return cp_expand_runtime(x, is_modifier ? "%record-modifier" : "%record-accessor", operands,
                                 2, at);
    }
    cp_term **places = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_term *);
    if (places == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        places[i] = cp_term_value(x->terms, cp_make_fixnum(r->places[i]), at);
        if (places[i] == NULL)
            return NULL;
    }
    operands[1] =
        cp_core_constant(&x->core, cp_term_vector(x->terms, places, r->argument_count, at));
    return cp_expand_runtime(x, "%record-constructor", operands, 2, at);
}

/* A procedure of COUNT parameters around an operation on the record type in the cell of TYPE. */
static cp_node *make_procedure(cp_expander *x, cp_global *type, const char *name,
                               cp_primitive which, uint32_t index, uint32_t count, cp_position at)
{
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (locals == NULL || operands == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        locals[i] = cp_expand_hidden(x, i == 0 ? "record" : "value", at);
        operands[i] = cp_core_local(&x->core, locals[i], at);
    }
    cp_node *body = cp_core_primitive(&x->core, which, operands, count, at);
    if (body == NULL)
        return NULL;
    body->as.primitive.index = index;
    body->as.primitive.global = type;
    return cp_core_simple_lambda(&x->core, name, locals, count, body, at);
}

static cp_node *make_constructor(cp_expander *x, const cp_record_form *r, cp_global *type,
                                 cp_position at)
{
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_local *);
    cp_node **fields = CP_TAKE_ARRAY(&x->terms->arena, r->field_count, cp_node *);
    if (locals == NULL || fields == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        locals[i] = cp_expand_hidden(x, r->arguments[i]->as.identifier->name, at);
        fields[r->places[i]] = cp_core_local(&x->core, locals[i], at);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (fields[i] == NULL)
            fields[i] = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    }
    cp_node *body = cp_core_primitive(&x->core, CP_PRIM_RECORD, fields, r->field_count, at);
    if (body == NULL)
        return NULL;
    body->as.primitive.global = type;
    return cp_core_simple_lambda(&x->core, r->constructor->as.identifier->name, locals,
                                 r->argument_count, body, at);
}

cp_node *cp_record_make_global(cp_expander *x, const cp_record_form *r, cp_global *type,
                               const char *name, uint32_t index, bool is_modifier, cp_position at)
{
    if (index == 0)
        return make_constructor(x, r, type, at);
    if (index == 1)
        return make_procedure(x, type, name, CP_PRIM_IS_RECORD, 0, 1, at);
    return make_procedure(x, type, name, is_modifier ? CP_PRIM_RECORD_SET : CP_PRIM_RECORD_REF,
                          index - 2, is_modifier ? 2 : 1, at);
}
