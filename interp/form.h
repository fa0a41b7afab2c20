/* form.h -- from forms in the heap to terms.
 *
 * Owns:  the one place where the compiler looks into the heap.
 * Never: keeps a reference: when it has returned, the forms may die. */
#ifndef CP_INTERP_FORM_H
#define CP_INTERP_FORM_H

#include "interp/number.h"
#include "interp/syntax.h"
#include "interp/term.h"

typedef enum cp_form_status {
    CP_FORM_DONE,
    CP_FORM_REFUSED, /* memory */
    CP_FORM_STOPPED, /* by the poll of CALC, or the heap wants room for a number's text */
    CP_FORM_WRONG    /* nested too deep, circular, or it holds what no text can say */
} cp_form_status;

enum { CP_FORM_DEPTH_MAX = 4000 };

/* Why a form is WRONG, and where. */
typedef struct cp_form_problem {
    cp_position position;
    const char *text; /* a constant */
} cp_form_problem;

/* The term of FORM, what the reader made or plain data, in *TERM. The recursion goes down into the
 * elements of lists and vectors, at most CP_FORM_DEPTH_MAX levels. */
cp_form_status cp_term_from_form(cp_terms *terms, const cp_calc *calc, cp_value form,
                                 cp_term **term, cp_form_problem *problem) CP_MUST_USE;

#endif
