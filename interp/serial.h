/* serial.h -- a number for each object that shows one: what printing has instead of addresses.
 *
 * Owns:  the numbers given out, from 1 on, in the order in which they were asked for.
 * Never: keeps an object alive, or gives one number twice. */
#ifndef CP_INTERP_SERIAL_H
#define CP_INTERP_SERIAL_H

#include "interp/table.h"

typedef struct cp_serials cp_serials;

/* An own table for the objects of HEAP. NULL when memory is refused. Free it before the heap. */
cp_serials *cp_serials_new(cp_heap *heap) CP_MUST_USE;
void cp_serials_free(cp_serials *own);

/* The number of V, a fixnum: the same for as long as V lives. CP_RETRY when memory is refused. */
cp_value cp_serial(cp_serials *serials, cp_value v);

#endif
