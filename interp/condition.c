/* condition.c -- conditions are plain objects; messages are printed into a buffer of fixed size.
 *
 * The printer looks at most BRIEF_DEPTH levels down and BRIEF_LENGTH elements along, so its cost is
 * bounded whatever it is given, circular lists included. */
#include "interp/condition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BRIEF_DEPTH = 3, BRIEF_LENGTH = 8, BRIEF_TEXT = 60 };

static const char *const kind_texts[] = {
#define KIND_TEXT(name, symbol, meaning) symbol,
    CP_KIND_LIST(KIND_TEXT)
#undef KIND_TEXT
};

static const char *const constant_texts[] = {
#define CONSTANT_TEXT(name, text, meaning) text,
    CP_CONSTANT_LIST(CONSTANT_TEXT)
#undef CONSTANT_TEXT
};

const char *cp_kind_text(cp_kind kind)
{
    assert(kind < CP_KIND_COUNT);
    return kind_texts[kind];
}

cp_value cp_make_condition(cp_heap *heap, cp_value kind, cp_value message, cp_value irritants)
{
    cp_condition *c = (cp_condition *)cp_alloc(heap, CP_TYPE_CONDITION, 0);
    if (c == NULL)
        return CP_RETRY;
    c->kind = kind;
    c->message = message;
    c->irritants = irritants;
    c->origin = CP_FALSE;
    c->place = CP_FALSE;
    c->trace = CP_FALSE;
    c->payload = CP_FALSE;
    return cp_from_object(c);
}

/* ---- Printing ------------------------------------------------------------------------------ */

/* The shortest of 15, 16 and 17 digits that reads back. */
static void print_double(cp_printer *printer, double d)
{
    char text[40];
    if (isnan(d)) {
        cp_print(printer, "+nan.0");
        return;
    }
    if (isinf(d)) {
        cp_print(printer, d > 0 ? "+inf.0" : "-inf.0");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    cp_print(printer, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

static void print_text(cp_printer *printer, const char *text, size_t size)
{
    cp_print(printer, "\"");
    for (size_t i = 0; i < size && i < BRIEF_TEXT; i++) {
        if (text[i] == '"' || text[i] == '\\')
            cp_print(printer, "\\");
        cp_print(printer, "%c", text[i]);
    }
    cp_print(printer, size > BRIEF_TEXT ? "...\"" : "\"");
}

static void print_at(cp_heap *heap, cp_printer *printer, cp_value v, int depth);

static void print_list(cp_heap *heap, cp_printer *printer, cp_value v, int depth)
{
    cp_print(printer, "(");
    for (int i = 0; cp_is_pair(v); i++) {
        if (i == BRIEF_LENGTH || depth == 0) {
            cp_print(printer, " ...)");
            return;
        }
        cp_print(printer, i > 0 ? " " : "");
        print_at(heap, printer, cp_car(v), depth - 1);
        v = cp_cdr(v);
    }
    if (!cp_is_nil(v)) {
        cp_print(printer, " . ");
        print_at(heap, printer, v, depth - 1);
    }
    cp_print(printer, ")");
}

static void print_vector(cp_heap *heap, cp_printer *printer, cp_value v, int depth)
{
    cp_print(printer, "#(");
    for (uint32_t i = 0; i < cp_vector_length(v); i++) {
        if (i == BRIEF_LENGTH || depth == 0) {
            cp_print(printer, " ...");
            break;
        }
        cp_print(printer, i > 0 ? " " : "");
        print_at(heap, printer, cp_vector_ref(v, i), depth - 1);
    }
    cp_print(printer, ")");
}

static void print_char(cp_printer *printer, uint32_t code)
{
    char text[5] = {0};
    if (code <= ' ' || code == 0x7F) {
        cp_print(printer, "#\\x%x", (unsigned)code);
        return;
    }
    (void)cp_utf8_encode(code, text);
    cp_print(printer, "#\\%s", text);
}

static void print_object(cp_heap *heap, cp_printer *printer, cp_value v, int depth)
{
    if (cp_is_vector(v)) {
        print_vector(heap, printer, v, depth);
        return;
    }
    if (cp_is_string(v)) {
        print_text(printer, cp_string_text(cp_to_string(v)), cp_to_string(v)->byte_length);
        return;
    }
    if (cp_is_symbol(v)) {
        const cp_string *name = cp_to_string(cp_to_symbol(v)->name);
        cp_print(printer, "%.*s", BRIEF_TEXT, cp_string_text(name));
        return;
    }
    const char *name = cp_heap_type(heap, cp_to_object(v))->name;
    if (cp_is_condition(v)) {
        const cp_condition *c = cp_to_condition(v);
        cp_print(printer, "#<condition ");
        print_at(heap, printer, c->kind, 0);
        cp_print(printer, ">");
        return;
    }
    cp_print(printer, "#<%s>", name);
}

static void print_at(cp_heap *heap, cp_printer *printer, cp_value v, int depth)
{
    if (depth < 0)
        cp_print(printer, "...");
    else if (cp_is_fixnum(v))
        cp_print(printer, "%lld", (long long)cp_to_fixnum(v));
    else if (cp_is_double(v))
        print_double(printer, cp_to_double(v));
    else if (cp_is_char(v))
        print_char(printer, cp_to_char(v));
    else if (cp_is_constant(v))
        cp_print(printer, "%s", constant_texts[cp_to_constant(v)]);
    else if (cp_is_pair(v))
        print_list(heap, printer, v, depth);
    else if (cp_is_object(v))
        print_object(heap, printer, v, depth);
    else
        cp_print(printer, "#<nothing>");
}

void cp_print_brief(cp_heap *heap, cp_printer *printer, cp_value v)
{
    print_at(heap, printer, v, BRIEF_DEPTH);
}

/* ---- Messages ------------------------------------------------------------------------------ */

static cp_value append_irritant(cp_heap *heap, cp_value *list, cp_value *last, cp_value v)
{
    cp_value pair = cp_cons(heap, v, CP_NIL);
    if (cp_is_retry(pair))
        return CP_RETRY;
    if (cp_is_nil(*list))
        *list = pair;
    else
        cp_to_pair(*last)->cdr = pair; /* made here, so young */
    *last = pair;
    return pair;
}

void cp_print_message(cp_heap *heap, cp_printer *printer, cp_value *irritants, const char *format,
                      va_list arguments)
{
    cp_value list = CP_NIL, last = CP_NIL;
    bool is_refused = false;
    for (const char *c = format; *c != 0; c++) {
        if (*c != '%') {
            cp_print(printer, "%c", *c);
            continue;
        }
        c++;
        if (*c == 'v') {
            cp_value v = va_arg(arguments, cp_value);
            print_at(heap, printer, v, BRIEF_DEPTH);
            is_refused |= cp_is_retry(append_irritant(heap, &list, &last, v));
        } else if (*c == 's') {
            cp_print(printer, "%s", va_arg(arguments, const char *));
        } else if (*c == 'd') {
            cp_print(printer, "%d", va_arg(arguments, int));
        } else {
            assert(*c == '%');
            cp_print(printer, "%%");
        }
    }
    *irritants = is_refused ? CP_RETRY : list;
}

/* ---- The type ------------------------------------------------------------------------------ */

static const cp_type condition_type = {
    .name = "condition",
    .fixed_bytes = sizeof(cp_condition),
    .values_from = offsetof(cp_condition, kind),
    .values_to = sizeof(cp_condition),
};

void cp_condition_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_CONDITION, &condition_type);
}
