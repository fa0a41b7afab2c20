/* syntax.h -- syntax objects: a datum with the place where it was read.
 *
 * Owns:  their layout, looking through them, and the way back to plain data.
 * Never: knows what a name means: scopes and bindings are the expander's.
 *
 * A *form* is what the expander sees: a syntax object, or plain data whose parts are forms. What
 * the reader makes is a syntax object at every place where a datum stands in the text:
 *
 *   (let (x) "s")   syntax -> pair -> pair -> pair -> ()
 *     1:1           datum      | car  |      |
 *                            syntax syntax syntax
 *                            let 1:2  |     "s" 1:10
 *                                  pair -> ()
 *                                     | car
 *                                  syntax x 1:7
 *
 * The pairs of a list are plain; a list has one syntax object around all of them, and a vector one
 * around itself. What macros and programs make may be plain at any level, so every function here
 * takes both. An identifier is a symbol, a syntax object around a symbol, or an *alias*: a syntax
 * object around another identifier, with the scope that a macro expansion gave it. */
#ifndef CP_INTERP_SYNTAX_H
#define CP_INTERP_SYNTAX_H

#include "interp/deep.h"
#include "interp/source.h"
#include "interp/symbol.h"
#include "interp/table.h"

typedef struct cp_syntax {
    cp_object object;
    cp_value datum;       /* what stands there; for an alias the identifier that it renames */
    cp_value scope;       /* of an alias: what the expander put there; else CP_NOTHING */
    cp_position position; /* or CP_NO_POSITION */
} cp_syntax;

_Static_assert(sizeof(cp_syntax) == 32, "two granules for each datum of a source text");

enum {
    CP_SYNTAX_IS_ALIAS = CP_FLAG_OWN_FIRST,
    CP_SYNTAX_IS_LABELLED = CP_FLAG_OWN_FIRST << 1, /* #0=: may be part of itself */
    CP_SYNTAX_IS_TREE = CP_FLAG_OWN_FIRST
                        << 2 /* its datum is fresh: only this object refers to it */
};

/* Give the row of the type to HEAP. */
void cp_syntax_init(cp_heap *heap);

CP_ALWAYS_INLINE bool cp_is_syntax(cp_value v)
{
    return cp_is_type(v, CP_TYPE_SYNTAX);
}

CP_ALWAYS_INLINE cp_syntax *cp_to_syntax(cp_value v)
{
    assert(cp_is_syntax(v));
    return (cp_syntax *)cp_to_object(v);
}

CP_ALWAYS_INLINE bool cp_is_alias(cp_value v)
{
    return cp_is_syntax(v) && (cp_object_flags(&cp_to_syntax(v)->object) & CP_SYNTAX_IS_ALIAS) != 0;
}

/* ---- Making -------------------------------------------------------------------------------- */

/* A syntax object around DATUM. CP_RETRY when memory is refused. */
cp_value cp_make_syntax(cp_heap *heap, cp_value datum, cp_position position);

/* The same for the reader, whose pairs and vectors no one else refers to: IS_TREE. */
cp_value cp_make_read_syntax(cp_heap *heap, cp_value datum, cp_position position);

/* A new alias of IDENTIFIER, eq? to no other. CP_RETRY when memory is refused. */
cp_value cp_make_alias(cp_heap *heap, cp_value identifier, cp_value scope, cp_position position);

/* ---- Looking through ----------------------------------------------------------------------- */

/* What stands in FORM: never a syntax object. For an identifier its symbol, whatever the aliases
 * around it. Bounded: a datum is wrapped at most once, and aliases nest as macro uses did. */
CP_ALWAYS_INLINE cp_value cp_form_datum(cp_value form)
{
    while (cp_is_syntax(form))
        form = cp_to_syntax(form)->datum;
    return form;
}

/* Where FORM was read, or OTHERWISE when it does not know. */
CP_ALWAYS_INLINE cp_position cp_form_position(cp_value form, cp_position otherwise)
{
    bool is_known = cp_is_syntax(form) && cp_position_is_known(cp_to_syntax(form)->position);
    return is_known ? cp_to_syntax(form)->position : otherwise;
}

CP_ALWAYS_INLINE bool cp_is_identifier(cp_value form)
{
    return cp_is_symbol(cp_form_datum(form));
}

/* The identifier that the alias FORM renames. */
CP_ALWAYS_INLINE cp_value cp_alias_base(cp_value form)
{
    assert(cp_is_alias(form));
    return cp_to_syntax(form)->datum;
}

CP_ALWAYS_INLINE cp_value cp_alias_scope(cp_value form)
{
    assert(cp_is_alias(form));
    return cp_to_syntax(form)->scope;
}

/* Lists: a form whose datum is a pair. Both parts are forms. */
CP_ALWAYS_INLINE bool cp_form_is_pair(cp_value form)
{
    return cp_is_pair(cp_form_datum(form));
}

CP_ALWAYS_INLINE bool cp_form_is_nil(cp_value form)
{
    return cp_is_nil(cp_form_datum(form));
}

CP_ALWAYS_INLINE cp_value cp_form_car(cp_value form)
{
    return cp_car(cp_form_datum(form));
}

CP_ALWAYS_INLINE cp_value cp_form_cdr(cp_value form)
{
    return cp_cdr(cp_form_datum(form));
}

/* Number of forms in a list; -1 for anything else, circular lists included. Cost: linear. */
int64_t cp_form_length(cp_value form);

/* ---- Back to plain data -------------------------------------------------------------------- */

/* A walk that copies a form without its syntax objects: what quote means. What is labelled keeps
 * its identity, so cycles stay cycles. A form without any syntax object in it is its own result and
 * no copy. */
typedef struct cp_strip {
    cp_heap *heap;
    cp_value form;      /* what is stripped */
    cp_value result;    /* as far as it is made */
    cp_value memo;      /* CP_NOTHING, or an eq? table: pair or vector -> its copy */
    cp_deep stack;      /* of places that wait for their copy */
    size_t plain_count; /* pairs and vectors that the reader did not make, so far */
    bool is_literal;    /* the vectors that are copied become immutable */
    bool memoises_all;  /* every pair and vector that the reader did not make */
    bool is_begun;
    bool met_syntax;
} cp_strip;

/* Begin to strip FORM. The caller keeps *STRIP traced across safepoints, and steps it until it is
 * done or frees it. */
void cp_strip_begin(cp_strip *strip, cp_heap *heap, cp_value form, bool is_literal);

/* Go on for about BUDGET pairs or elements. DONE: *RESULT is the plain data, and the walk holds
 * nothing any more. Constant C stack. */
cp_step cp_strip_step(cp_strip *strip, size_t budget, cp_value *result) CP_MUST_USE;

void cp_strip_trace(cp_strip *strip, cp_tracer *tracer);

/* Give up, at any time. */
void cp_strip_free(cp_strip *strip);

/* All of it in one piece: the plain data, or CP_RETRY. Cost: linear in the form. */
cp_value cp_syntax_strip(cp_heap *heap, cp_value form, bool is_literal);

#endif
