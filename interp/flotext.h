/* flotext.h -- doubles as text, shortest and correctly rounded, in radix 2 to 36.
 *
 * Owns:  the spelling of inexact reals: `1.0`, `0.5`, `-0.0`, `1e21`, `+inf.0`, `+nan.0`.
 * Never: allocates, depends on a locale, or sees integers without point, prefixes or complex
 *        numbers: number.h parses those.
 *
 * What is written reads back as the same double, with as few digits as any text that does, and of
 * those the nearest. What is read is the double nearest to the number spelled, ties to even.
 *
 *     real      ->  sign digits [. digits] exponent  |  sign . digits exponent  |  +inf.0 ...
 *     exponent  ->  e sign digits    times the radix to that power, in radix 2 to 14
 *                |  p sign digits    times two to that power, in radix 2, 4, 8 and 16
 *
 * The digits of an exponent are decimal. Letters may be of either case. */
#ifndef CP_INTERP_FLOTEXT_H
#define CP_INTERP_FLOTEXT_H

#include "interp/digits.h"

/* Characters that hold the text of any double in any radix. */
enum { CP_FLOTEXT_MAX = 1120 };

/* Write X at TEXT and return the length; no NUL is written. Decimals of 10^21 and more, and below
 * 10^-6, have an exponent; other radices never do. Bounded cost. */
size_t cp_flotext_write(char *text, double x, unsigned radix);

/* A number as it was spelled: digits, of which those of the fraction are behind a point; the sign
 * is not among them. The texts are borrowed. FIRST and END count through integer and fraction as if
 * they were one text: the first digit that is not 0, and the place behind the last; equal for 0. */
typedef struct cp_flotext_parts {
    const char *integer;
    size_t integer_size;
    const char *fraction;
    size_t fraction_size;
    size_t first;
    size_t end;
    int64_t exponent; /* of the radix; far beyond any double it is clamped */
    int64_t twos;     /* exponent of two */
    unsigned radix;
    bool is_negative;
    bool is_integer; /* neither point nor exponent */
} cp_flotext_parts;

typedef enum cp_flotext_found {
    CP_FLOTEXT_NONE, /* no such number is spelled; +inf.0 and +nan.0 are none here */
    CP_FLOTEXT_REAL,
    CP_FLOTEXT_ABORTED /* the poll said stop */
} cp_flotext_found;

/* Take the SIZE characters at TEXT apart. Cost: linear, abortable. */
CP_MUST_USE cp_flotext_found cp_flotext_parse(cp_flotext_parts *parts, const char *text,
                                              size_t size, unsigned radix, cp_limbs_poll *poll);

/* The double nearest to what was spelled. Bounded cost. */
double cp_flotext_round(const cp_flotext_parts *parts);

/* +inf.0 -inf.0 +nan.0 -nan.0 into *RESULT; false for any other text. */
CP_MUST_USE bool cp_flotext_special(const char *text, size_t size, double *result);

#endif
