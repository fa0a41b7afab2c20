/* copse/interp.h -- the Lisp as a host sees it.
 *
 * Owns:  the value word that host and interpreter pass to each other.
 * Never: says what the bits mean: a host asks the functions of this header. */
#ifndef COPSE_INTERP_H
#define COPSE_INTERP_H

#include <copse/sched.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One Lisp value: a number, character, constant, or a reference into the heap of one interpreter.
 * It is passed in a register. All bits zero is no value at all. */
typedef struct copse_value {
    uint64_t bits;
} copse_value;

#ifdef __cplusplus
}
#endif

#endif
