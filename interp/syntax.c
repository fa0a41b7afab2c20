/* syntax.c -- syntax objects, and the walk that leaves them out.
 *
 * The walk copies from the outside in: it makes the copy of a pair or vector with empty places and
 * puts the places that need work on a stack, so its depth costs no C stack. Cost: linear.
 *
 * Text that was read is a tree but for what has a label, and that is looked up. Plain data that a
 * program made may have cycles anywhere, but most are small trees: they are walked as such, and
 * only after PLAIN_MAX of their pairs the walk begins again and looks up each pair and vector of
 * them. */
#include "interp/syntax.h"

enum { PLAIN_MAX = 10000 };

/* Copy the parts of SOURCE from INDEX on to the same places of COPY. The parts of a pair are 0 and
 * 1. Where COPY is no value, SOURCE itself is copied, to the result. */
typedef struct {
    cp_value copy;
    cp_value source;
    uint32_t index;
    uint32_t is_tree; /* the reader made SOURCE */
} strip_place;

static const cp_type syntax_type = {.name = "syntax",
                                    .fixed_bytes = sizeof(cp_syntax),
                                    .values_from = offsetof(cp_syntax, datum),
                                    .values_to = offsetof(cp_syntax, position)};

void cp_syntax_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_SYNTAX, &syntax_type);
}

static cp_value make_syntax(cp_heap *heap, unsigned flags, cp_value datum, cp_value scope,
                            cp_position position)
{
    cp_syntax *syntax = (cp_syntax *)cp_alloc_sized(heap, cp_header(CP_TYPE_SYNTAX, flags, 0, 0),
                                                    sizeof(cp_syntax));
    if (syntax == NULL)
        return CP_RETRY;
    syntax->datum = datum;
    syntax->scope = scope;
    syntax->position = position;
    return cp_from_object(syntax);
}

cp_value cp_make_syntax(cp_heap *heap, cp_value datum, cp_position position)
{
    return make_syntax(heap, 0, datum, CP_NOTHING, position);
}

cp_value cp_make_read_syntax(cp_heap *heap, cp_value datum, cp_position position)
{
    return make_syntax(heap, CP_SYNTAX_IS_TREE, datum, CP_NOTHING, position);
}

cp_value cp_make_alias(cp_heap *heap, cp_value identifier, cp_value scope, cp_position position)
{
    assert(cp_is_identifier(identifier));
    return make_syntax(heap, CP_SYNTAX_IS_ALIAS, identifier, scope, position);
}

int64_t cp_form_length(cp_value form)
{
    /* One goes twice as fast as the other; on a circular list it meets it (Floyd). */
    cp_value fast = cp_form_datum(form);
    cp_value slow = fast;
    int64_t length = 0;
    while (cp_is_pair(fast)) {
        fast = cp_form_cdr(fast);
        length++;
        if (length % 2 == 0)
            slow = cp_form_cdr(slow);
        fast = cp_form_datum(fast);
        if (cp_is_pair(fast) && cp_same(fast, cp_form_datum(slow)))
            return -1;
    }
    return cp_is_nil(fast) ? length : -1;
}

/* ---- Strip --------------------------------------------------------------------------------- */

static void store(cp_strip *strip, const strip_place *place, cp_value v)
{
    if (cp_is_nothing(place->copy))
        strip->result = v;
    else if (cp_is_vector(place->copy))
        cp_vector_set(strip->heap, place->copy, place->index, v);
    else if (place->index == 0)
        cp_write_car(strip->heap, place->copy, v);
    else
        cp_write_cdr(strip->heap, place->copy, v);
}

static cp_value source_at(const strip_place *place)
{
    if (cp_is_nothing(place->copy))
        return place->source;
    if (cp_is_vector(place->source))
        return cp_vector_ref(place->source, place->index);
    return place->index == 0 ? cp_car(place->source) : cp_cdr(place->source);
}

/* Step to the next place of the same source; false behind the last one. */
static bool next_place(strip_place *place)
{
    if (cp_is_nothing(place->copy))
        return false;
    place->index++;
    return place->index < (cp_is_pair(place->source) ? 2 : cp_vector_length(place->source));
}

static bool remember(cp_strip *strip, cp_value met, cp_value copy)
{
    if (cp_is_nothing(strip->memo)) {
        cp_value memo = cp_make_table(strip->heap, CP_TABLE_EQ, CP_TABLE_STRONG, 0);
        if (cp_is_retry(memo))
            return false;
        strip->memo = memo;
    }
    return cp_table_set(strip->heap, strip->memo, met, copy);
}

static cp_value recall(cp_strip *strip, cp_value met)
{
    return cp_is_nothing(strip->memo) ? CP_NOTHING : cp_table_ref(strip->heap, strip->memo, met);
}

static bool has_parts(cp_value datum)
{
    return cp_is_pair(datum) || (cp_is_vector(datum) && cp_vector_length(datum) > 0);
}

/* A copy of DATUM, which has parts, with nothing in its places; or CP_RETRY. */
static cp_value copy_empty(cp_strip *strip, cp_value datum)
{
    if (cp_is_pair(datum))
        return cp_cons(strip->heap, CP_NIL, CP_NIL);
    cp_value copy = cp_make_vector(strip->heap, cp_vector_length(datum), CP_NIL);
    if (!cp_is_retry(copy) && strip->is_literal)
        cp_object_set_flags(cp_to_object(copy), CP_FLAG_IMMUTABLE);
    return copy;
}

/* FORM without its syntax objects, and what they say of it. */
typedef struct {
    cp_value datum;
    bool is_tree;
    bool is_labelled;
} unwrapped;

static unwrapped unwrap(cp_strip *strip, cp_value form, bool is_tree)
{
    unwrapped result = {.is_tree = is_tree};
    for (; cp_is_syntax(form); form = cp_to_syntax(form)->datum) {
        unsigned flags = cp_object_flags(cp_to_object(form));
        result.is_tree = (flags & CP_SYNTAX_IS_TREE) != 0;
        result.is_labelled |= (flags & CP_SYNTAX_IS_LABELLED) != 0;
        strip->met_syntax = true;
    }
    result.datum = form;
    return result;
}

/* The place on top is done; the parts of NEW, unless its copy is no value, are to be copied before
 * what comes after it. False when memory is refused; then nothing has changed. */
static bool move_on(cp_strip *strip, strip_place new)
{
    strip_place *top = cp_deep_top(&strip->stack);
    strip_place rest = *top;
    bool has_rest = next_place(&rest);
    bool has_new = !cp_is_nothing(new.copy);
    if (has_rest && has_new) {
        strip_place *pushed = cp_deep_push(&strip->stack);
        if (pushed == NULL)
            return false;
        *pushed = new;
    }
    if (has_rest || has_new)
        *top = has_rest ? rest : new;
    else
        cp_deep_pop(&strip->stack);
    return true;
}

/* Copy the part at the place on top. False when memory is refused; then nothing has changed. */
static bool strip_one(cp_strip *strip)
{
    strip_place at = *(strip_place *)cp_deep_top(&strip->stack);
    unwrapped part = unwrap(strip, source_at(&at), at.is_tree);
    if (!has_parts(part.datum)) {
        store(strip, &at, part.datum);
        return move_on(strip, (strip_place){0});
    }
    bool is_memoised = part.is_labelled || (strip->memoises_all && !part.is_tree);
    cp_value known = is_memoised ? recall(strip, part.datum) : CP_NOTHING;
    if (!cp_is_nothing(known)) {
        store(strip, &at, known);
        return move_on(strip, (strip_place){0});
    }
    cp_value copy = copy_empty(strip, part.datum);
    if (cp_is_retry(copy) || (is_memoised && !remember(strip, part.datum, copy)))
        return false;
    if (!move_on(strip, (strip_place){copy, part.datum, 0, part.is_tree})) {
        if (is_memoised)
            (void)cp_table_delete(strip->heap, strip->memo, part.datum);
        return false;
    }
    store(strip, &at, copy);
    strip->plain_count += !part.is_tree;
    return true;
}

/* From the start; with MEMOISES_ALL for the second time. */
static void restart(cp_strip *strip, bool memoises_all)
{
    cp_deep_clear(&strip->stack);
    strip->memo = CP_NOTHING;
    strip->result = CP_NOTHING;
    strip->is_begun = false;
    strip->memoises_all = memoises_all;
}

static bool begin_root(cp_strip *strip)
{
    strip_place *root = cp_deep_push(&strip->stack);
    if (root == NULL)
        return false;
    *root = (strip_place){CP_NOTHING, strip->form, 0, false};
    strip->is_begun = true;
    return true;
}

void cp_strip_begin(cp_strip *strip, cp_heap *heap, cp_value form, bool is_literal)
{
    *strip = (cp_strip){.heap = heap, .form = form, .is_literal = is_literal};
    strip->stack = cp_deep_make(cp_heap_allocator(heap), sizeof(strip_place));
}

cp_step cp_strip_step(cp_strip *strip, size_t budget, cp_value *result)
{
    if (!strip->is_begun && !begin_root(strip))
        return CP_STEP_RETRY;
    for (; strip->stack.count > 0; budget--) {
        if (budget == 0)
            return CP_STEP_AGAIN;
        if (!strip_one(strip))
            return CP_STEP_RETRY;
        if (strip->plain_count > PLAIN_MAX && !strip->memoises_all) {
            restart(strip, true);
            if (!begin_root(strip))
                return CP_STEP_RETRY;
        }
    }
    *result = strip->met_syntax ? strip->result : strip->form;
    cp_strip_free(strip);
    return CP_STEP_DONE;
}

static void trace_place(void *context, void *item)
{
    const strip_place *place = item;
    cp_trace(context, place->copy);
    cp_trace(context, place->source);
}

void cp_strip_trace(cp_strip *strip, cp_tracer *tracer)
{
    cp_trace(tracer, strip->form);
    cp_trace(tracer, strip->result);
    cp_trace(tracer, strip->memo);
    cp_deep_visit(&strip->stack, trace_place, tracer);
}

void cp_strip_free(cp_strip *strip)
{
    cp_deep_clear(&strip->stack);
}

cp_value cp_syntax_strip(cp_heap *heap, cp_value form, bool is_literal)
{
    cp_strip strip;
    cp_value result = CP_RETRY;
    cp_strip_begin(&strip, heap, form, is_literal);
    cp_step step = cp_strip_step(&strip, SIZE_MAX, &result);
    assert(step != CP_STEP_AGAIN);
    if (step == CP_STEP_RETRY)
        cp_strip_free(&strip);
    return result;
}
