/* watchdog.h -- looks at a gate from outside the thread that ticks.
 *
 * Owns:  one thread, which touches the gate and nothing else of Copse.
 * Never: uses a heap, a tree or a lock of the gate.  */
#ifndef CP_BT_WATCHDOG_H
#define CP_BT_WATCHDOG_H

#include "bt/output.h"

/* What the watchdog remembers from look to look. */
typedef struct cp_watch {
    copse_gate *gate;
    int64_t timeout_ns;      /* 0: beats do not matter */
    int64_t began_ns;        /* counts as the first beat */
    cp_output_sight *sights; /* one for each output */
} cp_watch;

/* One look at NOW_NS: leases that are over expire, a heart that does not beat stops the gate, a
 * debt that nobody pays is paid. */
void cp_watch_look(cp_watch *watch, int64_t now_ns);

#endif
