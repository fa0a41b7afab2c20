/* string.c -- what looks at each character is sliced: it makes pieces of the result, a slice each,
 * and joins them at the end. What only moves bytes, such as string-append, goes through text.h in
 * one piece: 400 KB of fresh memory take about 200 us.
 *
 * Between two slices another strand may change the string that is read, so each slice begins with
 * the index of a character and checks it. */
#include "stdlib/string.h"

#include "sched/memory.h"

static uint32_t length_of(cp_value string)
{
    return cp_to_string(string)->char_length;
}

static const char *text_at(copse_vm *vm, cp_value string, uint32_t index)
{
    uint32_t offset = cp_string_offset(vm->heap, string, index);
    return cp_string_text(cp_to_string(string)) + offset;
}

static cp_value or_too_long(copse_vm *vm, cp_value string)
{
    return cp_is_true(string) ? string : cp_raise_too_long(vm);
}

/* ---- Plain access -------------------------------------------------------------------------- */

static cp_value is_string(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_boolean(cp_is_string(args[0]));
}

static cp_value make_string(copse_vm *vm, const cp_value *args, int count)
{
    uint32_t fill = cp_is_given(args, count, 1) ? cp_to_char(args[1]) : ' ';
    return or_too_long(vm, cp_string_filled(vm->heap, (size_t)cp_to_fixnum(args[0]), fill));
}

static cp_value string_length(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    (void)count;
    return cp_make_fixnum(length_of(args[0]));
}

static cp_value string_ref(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_index(vm, "k", args[1], length_of(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    return cp_make_char(cp_string_ref(vm->heap, args[0], (uint32_t)cp_to_fixnum(args[1])));
}

static cp_value string_set(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value checked = cp_check_mutable(vm, "string", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_check_index(vm, "k", args[1], length_of(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    uint32_t index = (uint32_t)cp_to_fixnum(args[1]);
    return cp_string_set(vm->heap, args[0], index, cp_to_char(args[2])) ? CP_UNSPECIFIC : CP_RETRY;
}

/* ---- Copies -------------------------------------------------------------------------------- */

static cp_value string_copy(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, length_of(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    return cp_string_copy(vm->heap, args[0], range.start, range.end);
}

static cp_value string_append(copse_vm *vm, const cp_value *args, int count)
{
    return or_too_long(vm, cp_string_append(vm->heap, args, (size_t)count));
}

/* Put the characters of SOURCE in place of as many of STRING from index AT on. SOURCE is no part of
 * STRING. */
static cp_value replace(copse_vm *vm, cp_value string, uint32_t at, cp_value source)
{
    const cp_string *s = cp_to_string(source);
    bool is_done = cp_string_replace(vm->heap, string, at, at + s->char_length, cp_string_text(s),
                                     s->byte_length, s->char_length);
    return is_done ? CP_UNSPECIFIC : CP_RETRY;
}

static cp_value string_copy_to(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "to", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 3, length_of(args[2]), &range);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    checked = cp_check_room(vm, args[1], range.end - range.start, length_of(args[0]));
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_value part = cp_string_copy(vm->heap, args[2], range.start, range.end);
    return cp_is_retry(part) ? part : replace(vm, args[0], (uint32_t)cp_to_fixnum(args[1]), part);
}

static cp_value string_fill(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value checked = cp_check_mutable(vm, "string", args[0]);
    if (cp_same(checked, CP_TRUE))
        checked = cp_take_range(vm, args, count, 2, length_of(args[0]), &range);
    if (!cp_same(checked, CP_TRUE))
        return checked;
    cp_value part = cp_string_filled(vm->heap, range.end - range.start, cp_to_char(args[1]));
    if (!cp_is_string(part))
        return or_too_long(vm, part);
    return replace(vm, args[0], range.start, part);
}

/* ---- Building strings ---------------------------------------------------------------------- */

/* SOURCE is read from AT, a list or an index, to END. PIECES is the list of the strings made so
 * far, last first. CONTEXT is the step's own. */
enum {
    BUILD_SOURCE,
    BUILD_AT,
    BUILD_END,
    BUILD_PIECES,
    BUILD_COUNT,
    BUILD_CONTEXT,
    BUILD_RESULTS,
    BUILD_SLOTS
};

/* The text of one slice: each character may become CP_FOLD_MAX. */
typedef struct piece {
    size_t size;
    char text[CP_SLICE_STEPS * CP_FOLD_MAX * 4];
} piece;

static void add_char(piece *p, uint32_t code)
{
    p->size += cp_utf8_encode(code, p->text + p->size);
}

static void begin_build(cp_value *slots, cp_value source, cp_value at, cp_value end)
{
    slots[BUILD_SOURCE] = source;
    slots[BUILD_AT] = at;
    slots[BUILD_END] = end;
    slots[BUILD_PIECES] = CP_NIL;
    slots[BUILD_COUNT] = cp_make_fixnum(0);
}

/* All pieces in one string. */
static cp_value join_pieces(copse_vm *vm, const cp_value *slots)
{
    size_t count = (size_t)cp_to_fixnum(slots[BUILD_COUNT]);
    if (count == 1)
        return cp_car(slots[BUILD_PIECES]);
    const copse_allocator *allocator = cp_heap_allocator(vm->heap);
    cp_value *pieces = cp_allocate_array(allocator, count, sizeof *pieces);
    if (pieces == NULL && count > 0)
        return CP_RETRY;
    cp_value list = slots[BUILD_PIECES];
    for (size_t i = count; i > 0; i--) {
        pieces[i - 1] = cp_car(list);
        list = cp_cdr(list);
    }
    cp_value string = cp_string_append(vm->heap, pieces, count);
    cp_release_array(allocator, pieces, count, sizeof *pieces);
    return or_too_long(vm, string);
}

/* Put the text of P to the pieces; the source is read up to AT. The string when IS_LAST, else
 * CP_NOTHING. */
static cp_value add_piece(copse_vm *vm, cp_value *slots, const piece *p, cp_value at, bool is_last)
{
    if (!cp_same(slots[BUILD_AT], at) || cp_is_nil(slots[BUILD_PIECES])) {
        cp_value string = cp_make_string(vm->heap, p->text, p->size, NULL);
        cp_value pieces =
            cp_is_retry(string) ? string : cp_cons(vm->heap, string, slots[BUILD_PIECES]);
        if (cp_is_retry(pieces))
            return CP_RETRY;
        slots[BUILD_PIECES] = pieces;
        slots[BUILD_COUNT] = cp_make_fixnum(cp_to_fixnum(slots[BUILD_COUNT]) + 1);
        slots[BUILD_AT] = at;
    }
    return is_last ? join_pieces(vm, slots) : CP_NOTHING;
}

static cp_value raise_not_char(copse_vm *vm, const char *name, cp_value v)
{
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: an element of %s is %v, expected a character",
                    cp_builtin_name(vm), name, v);
}

/* CONTEXT is an earlier pair, as the mark of a walk (slice.h): a circle leads to it. */
static cp_value step_list_to_string(copse_vm *vm, cp_value *slots)
{
    piece p;
    p.size = 0;
    cp_value at = slots[BUILD_AT];
    for (int i = 0; i < CP_SLICE_STEPS && cp_is_pair(at); i++) {
        if (!cp_is_char(cp_car(at)))
            return raise_not_char(vm, "list", cp_car(at));
        add_char(&p, cp_to_char(cp_car(at)));
        at = cp_cdr(at);
        if (cp_same(at, slots[BUILD_CONTEXT]))
            return cp_raise_improper(vm, "list", slots[BUILD_SOURCE]);
    }
    if (!cp_is_pair(at) && !cp_is_nil(at))
        return cp_raise_improper(vm, "list", slots[BUILD_SOURCE]);
    cp_value string = add_piece(vm, slots, &p, at, cp_is_nil(at));
    int64_t count = cp_to_fixnum(slots[BUILD_COUNT]);
    if (cp_is_nothing(string) && (count & (count - 1)) == 0)
        slots[BUILD_CONTEXT] = at;
    return string;
}
CP_SLICE_RESUME(resume_list_to_string, step_list_to_string)

static cp_value list_to_string(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    cp_value slots[BUILD_SLOTS] = {0};
    begin_build(slots, args[0], args[0], CP_NIL);
    slots[BUILD_CONTEXT] = args[0];
    return cp_slice_run(vm, slots, BUILD_SLOTS, step_list_to_string);
}

static cp_value string(copse_vm *vm, const cp_value *args, int count)
{
    cp_value list = cp_list_from(vm->heap, args, (size_t)count, CP_NIL);
    return cp_is_retry(list) ? list : list_to_string(vm, &list, 1);
}

static cp_value step_vector_to_string(copse_vm *vm, cp_value *slots)
{
    piece p;
    p.size = 0;
    int64_t at = cp_to_fixnum(slots[BUILD_AT]), end = cp_to_fixnum(slots[BUILD_END]);
    for (int i = 0; i < CP_SLICE_STEPS && at < end; i++, at++) {
        cp_value element = cp_vector_ref(slots[BUILD_SOURCE], (uint32_t)at);
        if (!cp_is_char(element))
            return raise_not_char(vm, "vector", element);
        add_char(&p, cp_to_char(element));
    }
    return add_piece(vm, slots, &p, cp_make_fixnum(at), at == end);
}
CP_SLICE_RESUME(resume_vector_to_string, step_vector_to_string)

static cp_value vector_to_string(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, cp_vector_length(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value slots[BUILD_SLOTS] = {0};
    begin_build(slots, args[0], cp_make_fixnum(range.start), cp_make_fixnum(range.end));
    return cp_slice_run(vm, slots, BUILD_SLOTS, step_vector_to_string);
}

/* ---- Case ---------------------------------------------------------------------------------- */

typedef unsigned case_map(uint32_t code, uint32_t codes[CP_FOLD_MAX]);

enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };

/* Whether the sigma at index AT ends a word: a letter before it and none behind. NEXT is the text
 * behind it. */
static bool is_final_sigma(copse_vm *vm, cp_value string, uint32_t at, const char *next)
{
    if (at == 0 || !cp_char_is_alphabetic(cp_string_ref(vm->heap, string, at - 1)))
        return false;
    return at + 1 == length_of(string) || !cp_char_is_alphabetic(cp_utf8_decode(&next));
}

/* The slice of the source mapped by MAP: the whole result, or CP_NOTHING. */
static cp_value step_case(copse_vm *vm, cp_value *slots, case_map *map)
{
    cp_value source = slots[BUILD_SOURCE];
    uint32_t at = (uint32_t)cp_to_fixnum(slots[BUILD_AT]), length = length_of(source);
    if (at > length)
        return cp_raise_changed(vm, "string");
    piece p;
    p.size = 0;
    const char *text = text_at(vm, source, at);
    for (int i = 0; i < CP_SLICE_STEPS && at < length; i++, at++) {
        uint32_t codes[CP_FOLD_MAX], code = cp_utf8_decode(&text);
        unsigned count = map(code, codes);
        if (code == CAPITAL_SIGMA && map == cp_char_downcase_fully &&
            is_final_sigma(vm, source, at, text))
            codes[0] = FINAL_SIGMA;
        for (unsigned j = 0; j < count; j++)
            add_char(&p, codes[j]);
    }
    return add_piece(vm, slots, &p, cp_make_fixnum(at), at == length);
}

static cp_value step_upcase(copse_vm *vm, cp_value *slots)
{
    return step_case(vm, slots, cp_char_upcase_fully);
}
CP_SLICE_RESUME(resume_upcase, step_upcase)

static cp_value step_downcase(copse_vm *vm, cp_value *slots)
{
    return step_case(vm, slots, cp_char_downcase_fully);
}
CP_SLICE_RESUME(resume_downcase, step_downcase)

static cp_value step_foldcase(copse_vm *vm, cp_value *slots)
{
    return step_case(vm, slots, cp_char_fold);
}
CP_SLICE_RESUME(resume_foldcase, step_foldcase)

static cp_value change_case(copse_vm *vm, cp_value string, cp_slice_step *step)
{
    cp_value slots[BUILD_SLOTS] = {0};
    begin_build(slots, string, cp_make_fixnum(0), CP_FALSE);
    return cp_slice_run(vm, slots, BUILD_SLOTS, step);
}

static cp_value string_upcase(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return change_case(vm, args[0], step_upcase);
}

static cp_value string_downcase(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return change_case(vm, args[0], step_downcase);
}

static cp_value string_foldcase(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return change_case(vm, args[0], step_foldcase);
}

/* ---- Taking strings apart ------------------------------------------------------------------ */

enum { PARTS_STRING, PARTS_AT, PARTS_END, PARTS_RESULT, PARTS_START, PARTS_SLOTS };

/* The characters from START to AT before the list RESULT: from the back, so that no pair is
 * changed. */
static cp_value step_string_to_list(copse_vm *vm, cp_value *slots)
{
    int64_t at = cp_to_fixnum(slots[PARTS_AT]), start = cp_to_fixnum(slots[PARTS_START]);
    int64_t from = at - start > CP_SLICE_STEPS ? at - CP_SLICE_STEPS : start;
    if (at > length_of(slots[PARTS_STRING]))
        return cp_raise_changed(vm, "string");
    cp_value chars[CP_SLICE_STEPS];
    const char *text = text_at(vm, slots[PARTS_STRING], (uint32_t)from);
    for (int64_t i = from; i < at; i++)
        chars[i - from] = cp_make_char(cp_utf8_decode(&text));
    cp_value list = cp_list_from(vm->heap, chars, (size_t)(at - from), slots[PARTS_RESULT]);
    if (cp_is_retry(list))
        return list;
    slots[PARTS_RESULT] = list;
    slots[PARTS_AT] = cp_make_fixnum(from);
    return from == start ? list : CP_NOTHING;
}
CP_SLICE_RESUME(resume_string_to_list, step_string_to_list)

static cp_value string_to_list(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, length_of(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value slots[PARTS_SLOTS] = {args[0], cp_make_fixnum(range.end), CP_FALSE, CP_NIL,
                                   cp_make_fixnum(range.start)};
    return cp_slice_run(vm, slots, PARTS_SLOTS, step_string_to_list);
}

/* The characters from AT to END into the vector RESULT, whose index 0 is START. */
static cp_value step_string_to_vector(copse_vm *vm, cp_value *slots)
{
    int64_t at = cp_to_fixnum(slots[PARTS_AT]), end = cp_to_fixnum(slots[PARTS_END]);
    int64_t start = cp_to_fixnum(slots[PARTS_START]);
    if (end > length_of(slots[PARTS_STRING]))
        return cp_raise_changed(vm, "string");
    const char *text = text_at(vm, slots[PARTS_STRING], (uint32_t)at);
    for (int i = 0; i < CP_SLICE_STEPS && at < end; i++, at++)
        cp_vector_set(vm->heap, slots[PARTS_RESULT], (uint32_t)(at - start),
                      cp_make_char(cp_utf8_decode(&text)));
    slots[PARTS_AT] = cp_make_fixnum(at);
    return at == end ? slots[PARTS_RESULT] : CP_NOTHING;
}
CP_SLICE_RESUME(resume_string_to_vector, step_string_to_vector)

static cp_value string_to_vector(copse_vm *vm, const cp_value *args, int count)
{
    cp_range range;
    cp_value taken = cp_take_range(vm, args, count, 1, length_of(args[0]), &range);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    cp_value vector = cp_vector_to_fill(vm, range.end - range.start);
    if (!cp_is_vector(vector))
        return vector;
    cp_value slots[PARTS_SLOTS] = {args[0], cp_make_fixnum(range.start), cp_make_fixnum(range.end),
                                   vector, cp_make_fixnum(range.start)};
    return cp_slice_run(vm, slots, PARTS_SLOTS, step_string_to_vector);
}

/* ---- Order --------------------------------------------------------------------------------- */

/* What is asked of each argument and the next: bits of the orders that are wanted. */
enum { WANT_LESS = 1, WANT_EQUAL = 2, WANT_GREATER = 4 };

static bool are_ordered(cp_value a, cp_value b, int wanted)
{
    int order = cp_string_compare(a, b);
    return (wanted & (order < 0 ? WANT_LESS : order > 0 ? WANT_GREATER : WANT_EQUAL)) != 0;
}

/* Defines the builtin NAME. */
#define COMPARISON(name, wanted)                                                                   \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        bool all = true;                                                                           \
        for (int i = 1; i < count && all; i++)                                                     \
            all = are_ordered(args[i - 1], args[i], wanted);                                       \
        return cp_make_boolean(all);                                                               \
    }

COMPARISON(are_equal, WANT_EQUAL)
COMPARISON(are_increasing, WANT_LESS)
COMPARISON(are_decreasing, WANT_GREATER)
COMPARISON(are_not_decreasing, WANT_LESS | WANT_EQUAL)
COMPARISON(are_not_increasing, WANT_GREATER | WANT_EQUAL)

/* Without case: fold one argument after the other. CONTEXT is the list of those that are still to
 * be folded, RESULTS the last one that was, or #f; END is what is wanted. */
static cp_value step_compare_folded(copse_vm *vm, cp_value *slots)
{
    cp_value folded = step_case(vm, slots, cp_char_fold);
    if (!cp_is_string(folded))
        return folded;
    int wanted = (int)cp_to_fixnum(slots[BUILD_END]);
    if (cp_is_true(slots[BUILD_RESULTS]) && !are_ordered(slots[BUILD_RESULTS], folded, wanted))
        return CP_FALSE;
    if (cp_is_nil(slots[BUILD_CONTEXT]))
        return CP_TRUE;
    slots[BUILD_RESULTS] = folded;
    begin_build(slots, cp_car(slots[BUILD_CONTEXT]), cp_make_fixnum(0), slots[BUILD_END]);
    slots[BUILD_CONTEXT] = cp_cdr(slots[BUILD_CONTEXT]);
    return CP_NOTHING;
}

/* Short strings need not wait for a safepoint between two of them. */
static cp_value step_folded(copse_vm *vm, cp_value *slots)
{
    enum { SHORT = 50, AT_ONCE = 10 };
    cp_value answer = CP_NOTHING;
    for (int i = 0; i < AT_ONCE && cp_is_nothing(answer); i++) {
        bool is_short = length_of(slots[BUILD_SOURCE]) <= SHORT;
        answer = step_compare_folded(vm, slots);
        if (!is_short)
            break;
    }
    return answer;
}
CP_SLICE_RESUME(resume_folded, step_folded)

static cp_value compare_folded(copse_vm *vm, const cp_value *args, int count, int wanted)
{
    cp_value slots[BUILD_SLOTS] = {0};
    begin_build(slots, args[0], cp_make_fixnum(0), cp_make_fixnum(wanted));
    slots[BUILD_RESULTS] = CP_FALSE;
    slots[BUILD_CONTEXT] = cp_list_from(vm->heap, args + 1, (size_t)count - 1, CP_NIL);
    if (cp_is_retry(slots[BUILD_CONTEXT]))
        return CP_RETRY;
    return cp_slice_run(vm, slots, BUILD_SLOTS, step_folded);
}

/* Defines the builtin NAME. */
#define FOLDED_COMPARISON(name, wanted)                                                            \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        return compare_folded(vm, args, count, wanted);                                            \
    }

FOLDED_COMPARISON(are_equal_folded, WANT_EQUAL)
FOLDED_COMPARISON(are_increasing_folded, WANT_LESS)
FOLDED_COMPARISON(are_decreasing_folded, WANT_GREATER)
FOLDED_COMPARISON(are_not_decreasing_folded, WANT_LESS | WANT_EQUAL)
FOLDED_COMPARISON(are_not_increasing_folded, WANT_GREATER | WANT_EQUAL)

/* ---- The table ----------------------------------------------------------------------------- */

/* clang-format off */
#define ORDER_ROW(name, function, doc) \
    {function, COPSE_BUILTIN(name, "a:string b:string rest:string... -> boolean", BOUNDED, doc)},
#define FOLDED_ROW(name, function, doc) \
    {function, COPSE_BUILTIN(name, "a:string b:string rest:string... -> boolean", SLICED, doc), .resume = resume_folded},

const cp_builtin cp_string_builtins[] = {
    {is_string, COPSE_BUILTIN("string?", "object -> boolean", CONSTANT, "Whether OBJECT is a string.")},
    {make_string, COPSE_BUILTIN("make-string", "k:index [char:char] -> string", BOUNDED,
        "A new string of K times CHAR, or spaces.\nErrors: range when it would be too long.")},
    {string, COPSE_BUILTIN("string", "chars:char... -> string", SLICED, "A new string of CHARS."),
        .resume = resume_list_to_string},
    {string_length, COPSE_BUILTIN("string-length", "string:string -> index", CONSTANT,
        "The number of characters of STRING.")},
    {string_ref, COPSE_BUILTIN("string-ref", "string:string k:index -> char", BOUNDED,
        "Character K of STRING.\nErrors: range.")},
    {string_set, COPSE_BUILTIN("string-set!", "string:string k:index char:char -> any", BOUNDED,
        "Put CHAR in place of character K of STRING.\nErrors: range; immutable.")},
    ORDER_ROW("string=?", are_equal, "Whether all are the same text.")
    ORDER_ROW("string<?", are_increasing, "Whether the strings increase, by code points.")
    ORDER_ROW("string>?", are_decreasing, "Whether the strings decrease, by code points.")
    ORDER_ROW("string<=?", are_not_decreasing, "Whether no string is greater than the next, by code points.")
    ORDER_ROW("string>=?", are_not_increasing, "Whether no string is less than the next, by code points.")
    FOLDED_ROW("string-ci=?", are_equal_folded, "Whether all are the same text but for case.")
    FOLDED_ROW("string-ci<?", are_increasing_folded, "Whether the strings increase, case folded.")
    FOLDED_ROW("string-ci>?", are_decreasing_folded, "Whether the strings decrease, case folded.")
    FOLDED_ROW("string-ci<=?", are_not_decreasing_folded, "Whether no string is greater than the next, case folded.")
    FOLDED_ROW("string-ci>=?", are_not_increasing_folded, "Whether no string is less than the next, case folded.")
    {string_copy, COPSE_BUILTIN("substring", "string:string start:index [end:index] -> string", BOUNDED,
        "A new string of the characters of STRING from START to END, or to its end.\nErrors: range.")},
    {string_copy, COPSE_BUILTIN("string-copy", "string:string [start:index] [end:index] -> string", BOUNDED,
        "A new string of the characters of STRING from START to END, or all.\nErrors: range.")},
    {string_append, COPSE_BUILTIN("string-append", "strings:string... -> string", BOUNDED,
        "A new string of all STRINGS one after the other.\nErrors: range when it would be too long.")},
    {string_copy_to, COPSE_BUILTIN("string-copy!", "to:string at:index from:string [start:index] [end:index] -> any",
        BOUNDED, "Put the characters of FROM from START to END in place of those of TO from AT on.\nErrors: range; immutable.")},
    {string_fill, COPSE_BUILTIN("string-fill!", "string:string char:char [start:index] [end:index] -> any", BOUNDED,
        "Put CHAR in place of the characters of STRING from START to END.\nErrors: range; immutable.")},
    {string_to_list, COPSE_BUILTIN("string->list", "string:string [start:index] [end:index] -> list", SLICED,
        "A new list of the characters of STRING from START to END.\nErrors: range."), .resume = resume_string_to_list},
    {list_to_string, COPSE_BUILTIN("list->string", "list:list -> string", SLICED,
        "A new string of the characters in LIST.\nErrors: wrong-type."), .resume = resume_list_to_string},
    {string_to_vector, COPSE_BUILTIN("string->vector", "string:string [start:index] [end:index] -> vector", SLICED,
        "A new vector of the characters of STRING from START to END.\nErrors: range."), .resume = resume_string_to_vector},
    {vector_to_string, COPSE_BUILTIN("vector->string", "vector:vector [start:index] [end:index] -> string", SLICED,
        "A new string of the characters in VECTOR from START to END.\nErrors: range; wrong-type."),
        .resume = resume_vector_to_string},
    {string_upcase, COPSE_BUILTIN("string-upcase", "string:string -> string", SLICED, "STRING in upper case."),
        .resume = resume_upcase},
    {string_downcase, COPSE_BUILTIN("string-downcase", "string:string -> string", SLICED, "STRING in lower case."),
        .resume = resume_downcase},
    {string_foldcase, COPSE_BUILTIN("string-foldcase", "string:string -> string", SLICED,
        "The string that stands for STRING in any case."), .resume = resume_foldcase},
    {0},
};
/* clang-format on */
