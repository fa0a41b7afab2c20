/* fault.h -- an allocator that counts, and that refuses one request on demand.
 *
 * Owns:  the count of live bytes and of requests of one test.
 * Never: hides a leak: cp_fault_live is zero when a test has freed all that it made. */
#ifndef CP_TESTS_FAULT_H
#define CP_TESTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <copse/sched.h>

typedef struct cp_fault {
    copse_allocator allocator; /* give &fault.allocator to the code under test */
    uint64_t requests;         /* requests so far */
    uint64_t refuse_at;        /* the request, counted from 1, that is refused; 0 refuses none */
    bool refuse_after;         /* refuse every later request as well */
    uint64_t refused;          /* refusals so far */
    size_t live_bytes;
    size_t live_blocks;
} cp_fault;

/* Start counting from zero; refuse request number REFUSE_AT, or none when it is 0. */
void cp_fault_init(cp_fault *fault, uint64_t refuse_at);

#endif
