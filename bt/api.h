/* api.h -- the interface of instances; all of it is public: <copse/bt.h>.
 *
 * Owns:  the checks of owner thread, reentry and arguments.
 * Never: says what a tick means. */
#ifndef CP_BT_API_H
#define CP_BT_API_H

#include <copse/bt.h>

#include "bt/instance.h"

#endif
