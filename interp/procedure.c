/* procedure.c -- linking walks the links of each template once, in order, since a datum refers only
 * to earlier slots. Everything it makes is young until it returns, so its stores need no barrier.
 */
#include "interp/procedure.h"

#include <math.h>
#include <string.h>

#include "interp/number.h"
#include "sched/memory.h"

/* ---- Signatures ---------------------------------------------------------------------------- */

static const char *const argument_words[] = {
#define ARGUMENT_WORD(name, word, expectation) word,
    CP_ARGUMENT_LIST(ARGUMENT_WORD)
#undef ARGUMENT_WORD
};

static const char *const argument_expectations[] = {
#define ARGUMENT_EXPECTATION(name, word, expectation) expectation,
    CP_ARGUMENT_LIST(ARGUMENT_EXPECTATION)
#undef ARGUMENT_EXPECTATION
};

const char *cp_argument_expectation(cp_argument type)
{
    assert(type < CP_ARGUMENT_COUNT);
    return argument_expectations[type];
}

/* One word of a signature: name[:type], in brackets or before three dots. */
typedef struct parameter {
    const char *name;
    uint32_t name_length;
    uint32_t type;
    bool is_optional;
    bool is_rest;
} parameter;

static uint32_t find_type(const char *word, size_t length)
{
    uint32_t type = 0;
    while (type < CP_ARGUMENT_COUNT && (strlen(argument_words[type]) != length ||
                                        memcmp(argument_words[type], word, length) != 0))
        type++;
    return type;
}

/* The parameter at *TEXT, which is moved behind it. False at "->" and for a wrong word; the first
 * leaves *TEXT at the arrow. */
static bool next_parameter(const char **text, parameter *p)
{
    const char *at = *text + strspn(*text, " ");
    *text = at;
    if (*at == 0 || strncmp(at, "->", 2) == 0)
        return false;
    size_t length = strcspn(at, " ");
    *text = at + length;
    p->is_optional = length > 2 && at[0] == '[' && at[length - 1] == ']';
    if (p->is_optional) {
        at++;
        length -= 2;
    }
    p->is_rest = length > 3 && memcmp(at + length - 3, "...", 3) == 0;
    if (p->is_rest)
        length -= 3;
    const char *colon = memchr(at, ':', length);
    p->name = at;
    p->name_length = (uint32_t)(colon == NULL ? length : (size_t)(colon - at));
    p->type = CP_ARGUMENT_ANY;
    if (colon != NULL)
        p->type = find_type(colon + 1, length - p->name_length - 1);
    return p->name_length > 0;
}

bool cp_signature_parse(const char *text, cp_signature *signature)
{
    *signature = (cp_signature){0};
    parameter p;
    uint32_t count = 0;
    while (next_parameter(&text, &p)) {
        if (p.type == CP_ARGUMENT_COUNT || signature->has_rest || (p.is_rest && p.is_optional))
            return false;
        if (!p.is_optional && !p.is_rest && signature->optional > 0)
            return false;
        if (p.type != CP_ARGUMENT_ANY && count >= CP_ARGUMENT_TYPES_MAX)
            return false;
        if (count < CP_ARGUMENT_TYPES_MAX)
            signature->types[count] = (uint8_t)p.type;
        signature->is_checked |= p.type != CP_ARGUMENT_ANY;
        count++;
        if (p.is_rest)
            signature->has_rest = 1;
        else if (p.is_optional)
            signature->optional++;
        else
            signature->required++;
    }
    return strncmp(text, "-> ", 3) == 0;
}

const char *cp_signature_name(const char *text, uint32_t index, uint32_t *length)
{
    parameter p = {0};
    for (uint32_t i = 0; next_parameter(&text, &p) && i < index && !p.is_rest;)
        i++;
    *length = p.name_length;
    return p.name;
}

static bool is_integer(cp_value v)
{
    if (cp_is_fixnum(v) || cp_is_type(v, CP_TYPE_BIGNUM))
        return true;
    if (!cp_is_double(v))
        return false;
    double d = cp_to_double(v);
    return isfinite(d) && floor(d) == d;
}

static bool is_real(cp_value v)
{
    return cp_is_fixnum(v) || cp_is_double(v) || cp_is_type(v, CP_TYPE_BIGNUM) ||
           cp_is_type(v, CP_TYPE_RATIONAL);
}

bool cp_argument_fits(cp_argument type, cp_value v)
{
    switch (type) {
    case CP_ARGUMENT_ANY:
        return true;
    case CP_ARGUMENT_BOOLEAN:
        return cp_is_boolean(v);
    case CP_ARGUMENT_INTEGER:
        return is_integer(v);
    case CP_ARGUMENT_INDEX:
        return cp_is_fixnum(v) && cp_to_fixnum(v) >= 0;
    case CP_ARGUMENT_FIXNUM:
        return cp_is_fixnum(v);
    case CP_ARGUMENT_REAL:
        return is_real(v);
    case CP_ARGUMENT_NUMBER:
        return is_real(v) || cp_is_type(v, CP_TYPE_COMPLEX);
    case CP_ARGUMENT_CHAR:
        return cp_is_char(v);
    case CP_ARGUMENT_STRING:
        return cp_is_string(v);
    case CP_ARGUMENT_SYMBOL:
        return cp_is_symbol(v);
    case CP_ARGUMENT_PAIR:
        return cp_is_pair(v);
    case CP_ARGUMENT_LIST:
        return cp_is_nil(v) || cp_is_pair(v);
    case CP_ARGUMENT_VECTOR:
        return cp_is_vector(v);
    case CP_ARGUMENT_BYTES:
        return cp_is_bytevector(v);
    case CP_ARGUMENT_PROCEDURE:
        return cp_is_procedure(v);
    case CP_ARGUMENT_TABLE:
        return cp_is_table(v);
    case CP_ARGUMENT_CONDITION:
        return cp_is_condition(v);
    case CP_ARGUMENT_FIBER:
        return cp_is_type(v, CP_TYPE_FIBER);
    case CP_ARGUMENT_RECORD:
        return cp_is_record(v);
    case CP_ARGUMENT_PARAMETER:
        return cp_is_type(v, CP_TYPE_PARAMETER);
    case CP_ARGUMENT_PORT:
        return cp_is_type(v, CP_TYPE_PORT);
    case CP_ARGUMENT_COUNT:
        break;
    }
    return false;
}

/* ---- Cells --------------------------------------------------------------------------------- */

bool cp_is_procedure(cp_value v)
{
    if (!cp_is_object(v))
        return false;
    unsigned type = cp_object_type(cp_to_object(v));
    return type == CP_TYPE_CLOSURE || type == CP_TYPE_BUILTIN || type == CP_TYPE_CONTINUATION ||
           type == CP_TYPE_PARAMETER;
}

void cp_cell_set(cp_heap *heap, cp_cell *cell, cp_value value)
{
    cp_write(heap, &cell->object, &cell->value, value);
    cell->signature = CP_SIGNATURE_NONE;
    cell->register_count = 0;
    cell->entry = NULL;
    cell->links = NULL;
    if (!cp_is_closure(value))
        return;
    const cp_code *code = cp_to_code(cp_to_closure(value)->code);
    cell->signature = code->signature;
    cell->register_count = code->register_count;
    cell->entry = code->entry;
    cell->links = code->links;
}

cp_value cp_global_cell(cp_globals *globals, cp_value symbol)
{
    cp_value found = cp_table_ref(globals->heap, globals->cells, symbol);
    if (!cp_is_nothing(found))
        return found;
    cp_cell *cell = (cp_cell *)cp_alloc(globals->heap, CP_TYPE_CELL, 0);
    if (cell == NULL)
        return CP_RETRY;
    cell->value = CP_UNBOUND;
    cell->name = symbol;
    cell->entry = NULL;
    cell->links = NULL;
    cell->signature = CP_SIGNATURE_NONE;
    cell->register_count = 0;
    cp_value value = cp_from_object(cell);
    return cp_table_set(globals->heap, globals->cells, symbol, value) ? value : CP_RETRY;
}

cp_value cp_global_ref(cp_globals *globals, const char *name)
{
    cp_value symbol = cp_find_symbol(globals->symbols, name, strlen(name));
    if (!cp_is_symbol(symbol))
        return CP_UNBOUND;
    cp_value cell = cp_table_ref(globals->heap, globals->cells, symbol);
    return cp_is_nothing(cell) ? CP_UNBOUND : cp_to_cell(cell)->value;
}

bool cp_global_define(cp_globals *globals, const char *name, cp_value value)
{
    cp_value symbol = cp_intern_c(globals->symbols, name);
    if (cp_is_retry(symbol))
        return false;
    cp_value cell = cp_global_cell(globals, symbol);
    if (cp_is_retry(cell))
        return false;
    cp_cell_set(globals->heap, cp_to_cell(cell), value);
    return true;
}

/* ---- Code ---------------------------------------------------------------------------------- */

static cp_code *make_code(cp_heap *heap, const cp_template *t)
{
    cp_code *code = (cp_code *)cp_alloc(heap, CP_TYPE_CODE, t->link_count);
    if (code == NULL)
        return NULL;
    const cp_entry *first = cp_template_entries(t);
    bool is_plain = t->entry_count == 1 && first->optional == 0 && first->has_rest == 0;
    code->template = t;
    code->base = cp_template_code(t);
    code->entry = code->base + first->pc;
    code->signature = is_plain ? first->required : CP_SIGNATURE_NONE;
    code->register_count = t->register_count;
    for (uint32_t i = 0; i < t->link_count; i++)
        code->links[i] = CP_NIL;
    return code;
}

cp_value cp_make_empty_code(cp_heap *heap)
{
    cp_code *code = (cp_code *)cp_alloc(heap, CP_TYPE_CODE, 0);
    if (code == NULL)
        return CP_RETRY;
    code->template = NULL;
    code->base = NULL;
    code->entry = NULL;
    code->signature = CP_SIGNATURE_NONE;
    code->register_count = 0;
    return cp_from_object(code);
}

static cp_value link_vector(cp_globals *globals, const cp_code *code, const cp_link *link)
{
    const char *text = cp_template_text(code->template, link->payload);
    uint32_t count = link->length / 4;
    cp_value vector = cp_make_vector(globals->heap, count, CP_NIL);
    if (cp_is_retry(vector))
        return vector;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot;
        memcpy(&slot, text + (size_t)i * 4, sizeof slot);
        cp_vector_set(globals->heap, vector, i, code->links[slot]);
    }
    cp_object_set_flags(cp_to_object(vector), CP_FLAG_IMMUTABLE);
    return vector;
}

static cp_value link_string(cp_globals *globals, const char *text, uint32_t length)
{
    cp_value string = cp_make_string(globals->heap, text, length, NULL);
    if (cp_is_string(string))
        cp_string_freeze(string);
    return string;
}

static cp_value link_bytes(cp_globals *globals, const char *text, uint32_t length)
{
    cp_value bytes = cp_bytevector_from(globals->heap, text, length);
    if (!cp_is_retry(bytes))
        cp_object_set_flags(cp_to_object(bytes), CP_FLAG_IMMUTABLE);
    return bytes;
}

static cp_value link_number(cp_globals *globals, const char *text, uint32_t length)
{
    cp_value number;
    const cp_calc calc = {globals->heap, NULL};
    cp_calc_status status = cp_number_read(&calc, text, length, 10, &number);
    if (status == CP_CALC_RETRY)
        return CP_RETRY;
    return status == CP_CALC_OK ? number : CP_FALSE;
}

static cp_value link_cell(cp_globals *globals, const char *text, uint32_t length)
{
    cp_value symbol = cp_intern(globals->symbols, text, length);
    return cp_is_symbol(symbol) ? cp_global_cell(globals, symbol) : symbol;
}

/* What slot LINK of CODE holds; CP_FALSE for what can not be made. */
static cp_value make_link(cp_globals *globals, const cp_code *code, cp_value *codes,
                          const cp_link *link)
{
    const char *text = cp_template_text(code->template, link->payload);
    switch ((cp_link_kind)link->kind) {
    case CP_LINK_IMMEDIATE:
        return cp_from_bits(link->payload);
    case CP_LINK_SYMBOL:
        return cp_intern(globals->symbols, text, link->length);
    case CP_LINK_STRING:
        return link_string(globals, text, link->length);
    case CP_LINK_CELL:
        return link_cell(globals, text, link->length);
    case CP_LINK_CODE:
        return codes[link->payload];
    case CP_LINK_PAIR:
        return cp_cons(globals->heap, code->links[(uint32_t)link->payload],
                       code->links[link->payload >> 32]);
    case CP_LINK_VECTOR:
        return link_vector(globals, code, link);
    case CP_LINK_BYTES:
        return link_bytes(globals, text, link->length);
    case CP_LINK_NUMBER:
        return link_number(globals, text, link->length);
    case CP_LINK_COUNT:
        break;
    }
    return CP_FALSE;
}

static cp_value fill_links(cp_globals *globals, cp_code *code, cp_value *codes)
{
    const cp_link *links = cp_template_links(code->template);
    for (uint32_t i = 0; i < code->template->link_count; i++) {
        cp_value value = make_link(globals, code, codes, &links[i]);
        bool is_false = links[i].kind == CP_LINK_IMMEDIATE;
        if (cp_is_retry(value) || (!is_false && !cp_is_true(value)))
            return value;
        cp_write(globals->heap, &code->object, &code->links[i], value);
    }
    return CP_TRUE;
}

cp_value cp_link_unit(cp_globals *globals, const cp_unit *unit)
{
    assert(unit->magic == CP_UNIT_MAGIC);
    const copse_allocator *allocator = cp_heap_allocator(globals->heap);
    cp_value *codes = cp_allocate_array(allocator, unit->template_count, sizeof *codes);
    if (codes == NULL)
        return CP_RETRY;
    cp_value result = CP_TRUE;
    for (uint32_t i = 0; i < unit->template_count && cp_same(result, CP_TRUE); i++) {
        cp_code *code = make_code(globals->heap, cp_unit_template(unit, i));
        if (code == NULL)
            result = CP_RETRY;
        else
            codes[i] = cp_from_object(code);
    }
    for (uint32_t i = 0; i < unit->template_count && cp_same(result, CP_TRUE); i++)
        result = fill_links(globals, cp_to_code(codes[i]), codes);
    if (cp_same(result, CP_TRUE))
        result = codes[0];
    cp_release_array(allocator, codes, unit->template_count, sizeof *codes);
    return result;
}

cp_value cp_make_closure(cp_heap *heap, cp_value code)
{
    cp_closure *closure = (cp_closure *)cp_alloc(heap, CP_TYPE_CLOSURE, 0);
    if (closure == NULL)
        return CP_RETRY;
    closure->code = code;
    return cp_from_object(closure);
}

cp_value cp_make_builtin(cp_heap *heap, const cp_builtin *row, cp_value empty)
{
    cp_signature signature;
    if (!cp_signature_parse(row->signature, &signature))
        return CP_FALSE;
    cp_builtin_object *builtin = (cp_builtin_object *)cp_alloc(heap, CP_TYPE_BUILTIN, 0);
    if (builtin == NULL)
        return CP_RETRY;
    builtin->code = empty;
    builtin->row = row;
    builtin->signature = signature;
    return cp_from_object(builtin);
}

const char *cp_procedure_name(cp_value procedure)
{
    const char *name = "";
    if (cp_is_closure(procedure))
        name = cp_template_name(cp_to_code(cp_to_closure(procedure)->code)->template);
    else if (cp_is_type(procedure, CP_TYPE_BUILTIN))
        name = cp_to_builtin(procedure)->row->name;
    else if (cp_is_type(procedure, CP_TYPE_CONTINUATION))
        name = "continuation";
    return *name == 0 ? "procedure" : name;
}

/* ---- The types ----------------------------------------------------------------------------- */

static const cp_type cell_type = {
    .name = "cell",
    .fixed_bytes = sizeof(cp_cell),
    .values_from = offsetof(cp_cell, value),
    .values_to = offsetof(cp_cell, entry),
};

static const cp_type code_type = {
    .name = "code",
    .fixed_bytes = sizeof(cp_code),
    .element_bytes = sizeof(cp_value),
    .values_from = offsetof(cp_code, links),
    .values_to = CP_TO_END,
};

static const cp_type closure_type = {
    .name = "procedure",
    .fixed_bytes = sizeof(cp_closure),
    .element_bytes = sizeof(cp_value),
    .values_from = offsetof(cp_closure, code),
    .values_to = CP_TO_END,
};

static const cp_type builtin_type = {
    .name = "builtin",
    .fixed_bytes = sizeof(cp_builtin_object),
    .values_from = offsetof(cp_builtin_object, code),
    .values_to = offsetof(cp_builtin_object, row),
};

void cp_procedure_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_CELL, &cell_type);
    cp_heap_set_type(heap, CP_TYPE_CODE, &code_type);
    cp_heap_set_type(heap, CP_TYPE_CLOSURE, &closure_type);
    cp_heap_set_type(heap, CP_TYPE_BUILTIN, &builtin_type);
}
