/* list.c -- walks are sliced, and end on circular lists (slice.h). Copies are built from the front
 * by setting the cdr of the last pair, which nobody else has yet, so that they need no stack. */
#include "stdlib/list.h"

/* ---- Pairs --------------------------------------------------------------------------------- */

static cp_value is_pair(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_pair(args[0]));
}

static cp_value is_null(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_nil(args[0]));
}

static cp_value cons(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return cp_cons(vm->heap, args[0], args[1]);
}

static cp_value car(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_car(args[0]);
}

static cp_value cdr(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_cdr(args[0]);
}

static cp_value set_car(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_write_car(vm->heap, args[0], args[1]);
    return CP_UNSPECIFIC;
}

static cp_value set_cdr(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_write_cdr(vm->heap, args[0], args[1]);
    return CP_UNSPECIFIC;
}

/* caar to cddddr: the name says which way to go, its last letter first. */
static cp_value cxr(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    const char *name = cp_builtin_name(vm);
    cp_value v = args[0];
    for (size_t i = strlen(name) - 2; i > 0; i--) {
        if (!cp_is_pair(v))
            return cp_raise(vm, CP_E_WRONG_TYPE, "%s: object is %v, expected pairs for %s", name,
                            args[0], name);
        v = name[i] == 'a' ? cp_car(v) : cp_cdr(v);
    }
    return v;
}

/* ---- Making lists -------------------------------------------------------------------------- */

static cp_value list(copse_vm *vm, const cp_value *args, int count)
{
    return cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
}

static cp_value list_star(copse_vm *vm, const cp_value *args, int count)
{
    return cp_list_from(vm->heap, args, (size_t)count - 1, args[count - 1]);
}

enum { MAKE_COUNT, MAKE_FILL, MAKE_LIST, MAKE_SLOTS };

static cp_value step_make_list(copse_vm *vm, cp_value *slots)
{
    int64_t left = cp_to_fixnum(slots[MAKE_COUNT]);
    for (int i = 0; i < CP_SLICE_STEPS && left > 0; i++, left--) {
        cp_value pair = cp_cons(vm->heap, slots[MAKE_FILL], slots[MAKE_LIST]);
        if (cp_is_retry(pair))
            return pair;
        slots[MAKE_LIST] = pair;
        slots[MAKE_COUNT] = cp_make_fixnum(left - 1);
    }
    return left == 0 ? slots[MAKE_LIST] : CP_NOTHING;
}
CP_SLICE_RESUME(resume_make_list, step_make_list)

static cp_value make_list(copse_vm *vm, const cp_value *args, int count)
{
    cp_value fill = cp_is_given(args, count, 1) ? args[1] : CP_FALSE;
    cp_value slots[MAKE_SLOTS] = {args[0], fill, CP_NIL};
    return cp_slice_run(vm, slots, MAKE_SLOTS, step_make_list);
}

/* ---- Length -------------------------------------------------------------------------------- */

static cp_value step_is_list(copse_vm *vm, cp_value *slots)
{
    (void)vm;
    return cp_walk_to_end(slots);
}
CP_SLICE_RESUME(resume_is_list, step_is_list)

static cp_value is_list(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[CP_WALK_SLOTS];
    cp_walk_begin(slots, args[0]);
    return cp_slice_run(vm, slots, CP_WALK_SLOTS, step_is_list);
}

static cp_value step_length(copse_vm *vm, cp_value *slots)
{
    cp_value end = cp_walk_to_end(slots);
    if (cp_is_nothing(end))
        return end;
    return cp_is_true(end) ? slots[CP_WALK_COUNT]
                           : cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
}
CP_SLICE_RESUME(resume_length, step_length)

static cp_value length(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[CP_WALK_SLOTS];
    cp_walk_begin(slots, args[0]);
    return cp_slice_run(vm, slots, CP_WALK_SLOTS, step_length);
}

/* ---- Copies -------------------------------------------------------------------------------- */

/* The walk goes along what is copied; LAST is the last pair of the copy, #f before the first. */
enum { COPY_HEAD = CP_WALK_SLOTS, COPY_LAST, COPY_REST, COPY_SLOTS };

/* Append a copy of the pair at hand and step over it. False when memory is refused; *IS_CIRCLE when
 * the list goes round. */
static bool copy_pair(copse_vm *vm, cp_value *slots, bool *is_circle)
{
    cp_value pair = cp_cons(vm->heap, cp_car(slots[CP_WALK_AT]), CP_NIL);
    if (cp_is_retry(pair))
        return false;
    if (cp_is_true(slots[COPY_LAST]))
        cp_write_cdr(vm->heap, slots[COPY_LAST], pair);
    else
        slots[COPY_HEAD] = pair;
    slots[COPY_LAST] = pair;
    *is_circle = !cp_walk_on(slots);
    return true;
}

/* The copy, which ends with TAIL. */
static cp_value finish_copy(copse_vm *vm, cp_value *slots, cp_value tail)
{
    if (!cp_is_true(slots[COPY_LAST]))
        return tail;
    cp_write_cdr(vm->heap, slots[COPY_LAST], tail);
    return slots[COPY_HEAD];
}

static cp_value step_list_copy(copse_vm *vm, cp_value *slots)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        bool is_circle = false;
        if (!cp_is_pair(slots[CP_WALK_AT]))
            return finish_copy(vm, slots, slots[CP_WALK_AT]);
        if (!copy_pair(vm, slots, &is_circle))
            return CP_RETRY;
        if (is_circle)
            return cp_raise_improper(vm, "object", slots[CP_WALK_WHOLE]);
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_list_copy, step_list_copy)

static cp_value list_copy(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[COPY_SLOTS] = {0};
    cp_walk_begin(slots, args[0]);
    slots[COPY_LAST] = CP_FALSE;
    return cp_slice_run(vm, slots, COPY_SLOTS, step_list_copy);
}

/* At the end of one of the lists: begin the next one. The copy is finished when that is the last;
 * CP_NOTHING when it is not. */
static cp_value next_list(copse_vm *vm, cp_value *slots)
{
    if (!cp_is_nil(slots[CP_WALK_AT]))
        return cp_raise_improper(vm, "lists", slots[CP_WALK_WHOLE]);
    cp_value list = cp_car(slots[COPY_REST]);
    slots[COPY_REST] = cp_cdr(slots[COPY_REST]);
    if (cp_is_nil(slots[COPY_REST]))
        return finish_copy(vm, slots, list);
    cp_walk_begin(slots, list);
    return CP_NOTHING;
}

static cp_value step_append(copse_vm *vm, cp_value *slots)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        bool is_circle = false;
        if (cp_is_pair(slots[CP_WALK_AT])) {
            if (!copy_pair(vm, slots, &is_circle))
                return CP_RETRY;
            if (is_circle)
                return cp_raise_improper(vm, "lists", slots[CP_WALK_WHOLE]);
            continue;
        }
        cp_value done = next_list(vm, slots);
        if (!cp_is_nothing(done))
            return done;
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_append, step_append)

static cp_value append(copse_vm *vm, const cp_value *args, int count)
{
    if (count < 2)
        return count == 0 ? CP_NIL : args[0];
    cp_value slots[COPY_SLOTS] = {0};
    cp_walk_begin(slots, args[0]);
    slots[COPY_LAST] = CP_FALSE;
    slots[COPY_REST] = cp_list_from(vm->heap, args + 1, (size_t)count - 1, CP_NIL);
    if (cp_is_retry(slots[COPY_REST]))
        return CP_RETRY;
    return cp_slice_run(vm, slots, COPY_SLOTS, step_append);
}

enum { REVERSE_RESULT = CP_WALK_SLOTS, REVERSE_SLOTS };

static cp_value step_reverse(copse_vm *vm, cp_value *slots)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        if (cp_is_nil(slots[CP_WALK_AT]))
            return slots[REVERSE_RESULT];
        if (!cp_is_pair(slots[CP_WALK_AT]))
            return cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
        cp_value pair = cp_cons(vm->heap, cp_car(slots[CP_WALK_AT]), slots[REVERSE_RESULT]);
        if (cp_is_retry(pair))
            return pair;
        slots[REVERSE_RESULT] = pair;
        if (!cp_walk_on(slots))
            return cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
    }
    return CP_NOTHING;
}
CP_SLICE_RESUME(resume_reverse, step_reverse)

static cp_value reverse(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[REVERSE_SLOTS];
    cp_walk_begin(slots, args[0]);
    slots[REVERSE_RESULT] = CP_NIL;
    return cp_slice_run(vm, slots, REVERSE_SLOTS, step_reverse);
}

/* ---- Elements by index --------------------------------------------------------------------- */

enum { TAIL_AT, TAIL_LEFT, TAIL_LIST, TAIL_K, TAIL_VALUE, TAIL_SLOTS };

static cp_value raise_short(copse_vm *vm, const cp_value *slots, int64_t expected)
{
    return cp_raise(vm, CP_E_RANGE, "%s: list is %v, expected at least %v element%s",
                    cp_builtin_name(vm), slots[TAIL_LIST], cp_make_fixnum(expected),
                    expected == 1 ? "" : "s");
}

/* Drop elements for a slice. CP_TRUE when all K are dropped, CP_FALSE when there are fewer. */
static cp_value drop(cp_value *slots)
{
    int64_t left = cp_to_fixnum(slots[TAIL_LEFT]);
    cp_value at = slots[TAIL_AT];
    for (int i = 0; i < CP_SLICE_STEPS && left > 0; i++, left--) {
        if (!cp_is_pair(at))
            return CP_FALSE;
        at = cp_cdr(at);
    }
    slots[TAIL_AT] = at;
    slots[TAIL_LEFT] = cp_make_fixnum(left);
    return left == 0 ? CP_TRUE : CP_NOTHING;
}

static cp_value step_list_tail(copse_vm *vm, cp_value *slots)
{
    cp_value dropped = drop(slots);
    if (cp_is_nothing(dropped))
        return dropped;
    return cp_is_true(dropped) ? slots[TAIL_AT]
                               : raise_short(vm, slots, cp_to_fixnum(slots[TAIL_K]));
}
CP_SLICE_RESUME(resume_list_tail, step_list_tail)

/* The same for the pair that holds element K. */
static cp_value step_to_pair(copse_vm *vm, cp_value *slots)
{
    cp_value dropped = drop(slots);
    if (cp_is_nothing(dropped))
        return dropped;
    return cp_is_pair(slots[TAIL_AT]) && cp_is_true(dropped)
               ? slots[TAIL_AT]
               : raise_short(vm, slots, cp_to_fixnum(slots[TAIL_K]) + 1);
}

static cp_value step_list_ref(copse_vm *vm, cp_value *slots)
{
    cp_value pair = step_to_pair(vm, slots);
    return cp_is_pair(pair) ? cp_car(pair) : pair;
}
CP_SLICE_RESUME(resume_list_ref, step_list_ref)

static cp_value step_list_set(copse_vm *vm, cp_value *slots)
{
    cp_value pair = step_to_pair(vm, slots);
    if (!cp_is_pair(pair))
        return pair;
    cp_write_car(vm->heap, pair, slots[TAIL_VALUE]);
    return CP_UNSPECIFIC;
}
CP_SLICE_RESUME(resume_list_set, step_list_set)

static cp_value list_tail(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[TAIL_SLOTS] = {args[0], args[1], args[0], args[1], CP_FALSE};
    return cp_slice_run(vm, slots, TAIL_SLOTS, step_list_tail);
}

static cp_value list_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[TAIL_SLOTS] = {args[0], args[1], args[0], args[1], CP_FALSE};
    return cp_slice_run(vm, slots, TAIL_SLOTS, step_list_ref);
}

static cp_value list_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[TAIL_SLOTS] = {args[0], args[1], args[0], args[1], args[2]};
    return cp_slice_run(vm, slots, TAIL_SLOTS, step_list_set);
}

/* ---- Searching ----------------------------------------------------------------------------- */

enum { FIND_OBJECT = CP_WALK_SLOTS, FIND_SLOTS };

typedef bool equivalence(copse_vm *vm, cp_value a, cp_value b);

static bool are_same(copse_vm *vm, cp_value a, cp_value b)
{
    (void)vm;
    return cp_same(a, b);
}

static bool are_eqv(copse_vm *vm, cp_value a, cp_value b)
{
    (void)vm;
    return cp_number_eqv(a, b);
}

/* Look for the object among the elements for a slice: the pair that holds it, or #f. */
static inline cp_value find_member(copse_vm *vm, cp_value *slots, equivalence *are_equivalent)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        cp_value at = slots[CP_WALK_AT];
        if (cp_is_nil(at))
            return CP_FALSE;
        if (!cp_is_pair(at))
            return cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
        if (are_equivalent(vm, slots[FIND_OBJECT], cp_car(at)))
            return at;
        if (!cp_walk_on(slots))
            return cp_raise_improper(vm, "list", slots[CP_WALK_WHOLE]);
    }
    return CP_NOTHING;
}

static cp_value step_memq(copse_vm *vm, cp_value *slots)
{
    return find_member(vm, slots, are_same);
}
CP_SLICE_RESUME(resume_memq, step_memq)

static cp_value step_memv(copse_vm *vm, cp_value *slots)
{
    return find_member(vm, slots, are_eqv);
}
CP_SLICE_RESUME(resume_memv, step_memv)

/* The same among the keys of pairs: the pair whose key it is, or #f. */
static inline cp_value find_key(copse_vm *vm, cp_value *slots, equivalence *are_equivalent)
{
    for (int i = 0; i < CP_SLICE_STEPS; i++) {
        cp_value at = slots[CP_WALK_AT];
        if (cp_is_nil(at))
            return CP_FALSE;
        if (!cp_is_pair(at))
            return cp_raise_improper(vm, "alist", slots[CP_WALK_WHOLE]);
        if (!cp_is_pair(cp_car(at)))
            return cp_raise(vm, CP_E_WRONG_TYPE, "%s: an element of alist is %v, expected a pair",
                            cp_builtin_name(vm), cp_car(at));
        if (are_equivalent(vm, slots[FIND_OBJECT], cp_car(cp_car(at))))
            return cp_car(at);
        if (!cp_walk_on(slots))
            return cp_raise_improper(vm, "alist", slots[CP_WALK_WHOLE]);
    }
    return CP_NOTHING;
}

static cp_value step_assq(copse_vm *vm, cp_value *slots)
{
    return find_key(vm, slots, are_same);
}
CP_SLICE_RESUME(resume_assq, step_assq)

static cp_value step_assv(copse_vm *vm, cp_value *slots)
{
    return find_key(vm, slots, are_eqv);
}
CP_SLICE_RESUME(resume_assv, step_assv)

static cp_value find(copse_vm *vm, const cp_value *args, cp_slice_step *step)
{
    cp_value slots[FIND_SLOTS];
    cp_walk_begin(slots, args[1]);
    slots[FIND_OBJECT] = args[0];
    return cp_slice_run(vm, slots, FIND_SLOTS, step);
}

static cp_value memq(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return find(vm, args, step_memq);
}

static cp_value memv(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return find(vm, args, step_memv);
}

static cp_value assq(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return find(vm, args, step_assq);
}

static cp_value assv(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return find(vm, args, step_assv);
}

/* ---- The table ----------------------------------------------------------------------------- */

/* clang-format off */
const cp_builtin cp_list_builtins[] = {
    {is_pair, COPSE_BUILTIN("pair?", "object -> boolean", CONSTANT, "Whether OBJECT is a pair.")},
    {is_null, COPSE_BUILTIN("null?", "object -> boolean", CONSTANT, "Whether OBJECT is the empty list.")},
    {cons, COPSE_BUILTIN("cons", "car cdr -> pair", CONSTANT, "A new pair of CAR and CDR.")},
    {car, COPSE_BUILTIN("car", "pair:pair -> any", CONSTANT, "The first field of PAIR.")},
    {cdr, COPSE_BUILTIN("cdr", "pair:pair -> any", CONSTANT, "The second field of PAIR.")},
    {set_car, COPSE_BUILTIN("set-car!", "pair:pair value -> any", CONSTANT, "Put VALUE into the first field of PAIR.")},
    {set_cdr, COPSE_BUILTIN("set-cdr!", "pair:pair value -> any", CONSTANT, "Put VALUE into the second field of PAIR.")},
#define CXR_ROW(name) {cxr, COPSE_BUILTIN(name, "object -> any", CONSTANT, \
        "The field of OBJECT that the letters between c and r lead to, the last one first.")},
    CXR_ROW("caar") CXR_ROW("cadr") CXR_ROW("cdar") CXR_ROW("cddr")
    CXR_ROW("caaar") CXR_ROW("caadr") CXR_ROW("cadar") CXR_ROW("caddr")
    CXR_ROW("cdaar") CXR_ROW("cdadr") CXR_ROW("cddar") CXR_ROW("cdddr")
    CXR_ROW("caaaar") CXR_ROW("caaadr") CXR_ROW("caadar") CXR_ROW("caaddr")
    CXR_ROW("cadaar") CXR_ROW("cadadr") CXR_ROW("caddar") CXR_ROW("cadddr")
    CXR_ROW("cdaaar") CXR_ROW("cdaadr") CXR_ROW("cdadar") CXR_ROW("cdaddr")
    CXR_ROW("cddaar") CXR_ROW("cddadr") CXR_ROW("cdddar") CXR_ROW("cddddr")
#undef CXR_ROW
    {list, COPSE_BUILTIN("list", "objects... -> list", BOUNDED, "A new list of OBJECTS.")},
    {list_star, COPSE_BUILTIN("cons*", "first rest... -> any", BOUNDED,
        "A new list of the arguments but the last one, which is its tail.")},
    {make_list, COPSE_BUILTIN("make-list", "k:index [fill] -> list", SLICED, "A new list of K times FILL, or #f."),
        .resume = resume_make_list},
    {is_list, COPSE_BUILTIN("list?", "object -> boolean", SLICED,
        "Whether OBJECT is a proper list; a circular one is none."), .resume = resume_is_list},
    {length, COPSE_BUILTIN("length", "list:list -> index", SLICED,
        "The number of elements of LIST.\nErrors: wrong-type when it is no proper list."), .resume = resume_length},
    {append, COPSE_BUILTIN("append", "lists... -> any", SLICED,
        "A list of the elements of all LISTS; the last one is shared and may be anything.\nErrors: wrong-type."),
        .resume = resume_append},
    {append, COPSE_BUILTIN("%append", "lists... -> any", SLICED,
        "The same as append, for compiled code, whatever that name means to the program."), .resume = resume_append},
    {reverse, COPSE_BUILTIN("reverse", "list:list -> list", SLICED,
        "A new list of the elements of LIST, last first.\nErrors: wrong-type when it is no proper list."),
        .resume = resume_reverse},
    {list_copy, COPSE_BUILTIN("list-copy", "object -> any", SLICED,
        "A copy of the pairs of the list OBJECT; what is no list is given as it is.\nErrors: wrong-type for a circle."),
        .resume = resume_list_copy},
    {list_tail, COPSE_BUILTIN("list-tail", "list k:index -> any", SLICED,
        "What is left of LIST without its first K elements.\nErrors: range."), .resume = resume_list_tail},
    {list_ref, COPSE_BUILTIN("list-ref", "list k:index -> any", SLICED, "Element K of LIST.\nErrors: range."),
        .resume = resume_list_ref},
    {list_set, COPSE_BUILTIN("list-set!", "list k:index value -> any", SLICED,
        "Put VALUE in place of element K of LIST.\nErrors: range."), .resume = resume_list_set},
    {memq, COPSE_BUILTIN("memq", "object list:list -> any", SLICED,
        "The part of LIST that begins with OBJECT (eq?), or #f.\nErrors: wrong-type."), .resume = resume_memq},
    {memv, COPSE_BUILTIN("memv", "object list:list -> any", SLICED,
        "The part of LIST that begins with OBJECT (eqv?), or #f.\nErrors: wrong-type."), .resume = resume_memv},
    {assq, COPSE_BUILTIN("assq", "object alist:list -> any", SLICED,
        "The first pair of ALIST whose car is OBJECT (eq?), or #f.\nErrors: wrong-type."), .resume = resume_assq},
    {assv, COPSE_BUILTIN("assv", "object alist:list -> any", SLICED,
        "The first pair of ALIST whose car is OBJECT (eqv?), or #f.\nErrors: wrong-type."), .resume = resume_assv},
    {0},
};
/* clang-format on */
