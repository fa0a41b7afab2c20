/* lisp.h -- calls of builtins written as Lisp, for tests: "(list-tail '(1 2 3) 1)".
 *
 * Owns:  a machine with the standard library, and the values of one test.
 * Never: compiles: an expression is a literal, a name, or a call whose arguments are expressions.
 */
#ifndef CP_TESTS_STDLIB_LISP_H
#define CP_TESTS_STDLIB_LISP_H

#include "tests/check.h"

#include "stdlib/stdlib.h"
#include "tests/fault.h"

enum { CP_LISP_HELD = 1 << 14, CP_LISP_TEXT = 1 << 16 };

typedef struct cp_lisp {
    cp_fault fault;
    copse_vm *vm;   /* NULL: memory was refused */
    const char *at; /* where the reader is */
    bool is_over;   /* something was raised or refused: `text` says what */
    cp_value held[CP_LISP_HELD];
    size_t held_count;
    char text[CP_LISP_TEXT];
} cp_lisp;

/* Besides the standard library there are:
 *
 *     (def 'x v)        the global x is v
 *     (values-of f a ...)  the list of the values of (f a ...)
 *     (begin a ...)     the last argument
 *     (constant v)      the string, vector or bytevector v, from now on a constant
 *     (iota n)          the list 0 to n - 1
 *     (circle n)        a circular list of n pairs
 *     (text n s)        the string s, n times */

/* A machine whose heap refuses request REFUSE_AT and has at most CAP_BYTES; 0 for neither. */
void cp_lisp_open(cp_lisp *e, uint64_t refuse_at, size_t cap_bytes);
void cp_lisp_close(cp_lisp *e);

/* Evaluate all expressions of PROGRAM and print the value of the last one: "(2 3)", or "raised
 * range: list-tail: ...", or "refused". Valid until the next call. */
const char *cp_lisp_run(cp_lisp *e, const char *program);

/* The same, but the value itself, which E holds; CP_NOTHING when something was raised. */
cp_value cp_lisp_value(cp_lisp *e, const char *program);

/* Keep V alive until E is closed. */
cp_value cp_lisp_hold(cp_lisp *e, cp_value v);

/* Call the global NAME with the COUNT arguments. */
cp_value cp_lisp_call(cp_lisp *e, const char *name, uint32_t count, const cp_value *args);

/* A program and what it prints. */
typedef struct cp_lisp_row {
    const char *program;
    const char *expected;
} cp_lisp_row;

/* Each row on one machine; fails the test at the first that prints something else. */
void cp_lisp_check(const cp_lisp_row *rows, size_t count);

#define CHECK_ROWS(rows) cp_lisp_check(rows, sizeof(rows) / sizeof((rows)[0]))

/* The same, with request N of the machine refused, for every N until all rows pass without a
 * refusal: each row prints what is expected, or that memory was refused. */
void cp_lisp_check_refusals(const cp_lisp_row *rows, size_t count);

#endif
