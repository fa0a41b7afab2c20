/* output.h -- the gate in front of everything that moves: limits, leases, claims, ranks, stops.
 *
 * Owns:  the last word on what is sent, and the only calls of the send functions.
 * Never: allocates after an output was added, blocks, takes a lock, or runs Lisp.
 *
 * Who may be in here at once: the thread that commands an output, a person's thread, the watchdog,
 * a signal handler. What they share is atomic; sending is guarded by a word for each output that is
 * taken or not, and never waited for (output.c draws it). */
#ifndef CP_BT_OUTPUT_H
#define CP_BT_OUTPUT_H

#include <stdbool.h>

#include <copse/bt.h>

#include "sched/compiler.h"

/* Hold OUTPUT for OWNER, an instance. False while another owner holds it. */
bool cp_output_claim(copse_output *output, const void *owner) CP_MUST_USE;
/* What OWNER sent last still holds for its lease. */
void cp_output_release(copse_output *output, const void *owner);
bool cp_output_is_free_for(const copse_output *output, const void *owner);

/* A command of the tree whose instance is OWNER. */
copse_verdict cp_output_command(copse_output *output, const void *owner, const double *values,
                                uint32_t count, int64_t now_ns);

/* Send the safe values and latch nothing. */
void cp_output_go_safe(copse_output *output, int64_t now_ns);

/* Send the safe values and refuse everything until the causes are cleared. */
void cp_output_stop(copse_output *output, copse_stop_cause cause);
void cp_output_clear_stop(copse_output *output, uint32_t causes);

/* Goes up by one whenever a person gives the output back. */
uint32_t cp_output_releases(const copse_output *output);

/* Its number in the gate, for traces. */
uint32_t cp_output_index(const copse_output *output);

/* What the watchdog saw of one output when it looked last. */
typedef struct cp_output_sight {
    uint32_t takes;
    bool was_owed;
} cp_output_sight;

uint32_t cp_gate_output_count(const copse_gate *gate);
int64_t cp_gate_last_beat(const copse_gate *gate);

/* For the watchdog, with the sight of each output: where the same send still has not returned since
 * the last look, and owes the safe values, send them all the same. */
void cp_gate_rescue(copse_gate *gate, cp_output_sight *sights);

#endif
