/* why.h -- why a tick ended as it did, for people; <copse/bt.h> has the interface.
 *
 * Owns:  the words of the answer.
 * Never: changes the instance: it may be asked at any time between two operations. */
#ifndef CP_BT_WHY_H
#define CP_BT_WHY_H

#include "bt/instance.h"
#include "sched/format.h"

/* VALUE as far as it is known without the interpreter's printer. */
void cp_why_print_value(cp_printer *printer, cp_value value);

#endif
