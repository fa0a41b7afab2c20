/* copse.h -- everything of Copse that a host may call.
 *
 * Copse is a Lisp for machines that act: an R7RS Scheme with behaviour trees, a scheduler and
 * green threads. Include this header, or only the part that you need. */
#ifndef COPSE_H
#define COPSE_H

#include <copse/bt.h>
#include <copse/interp.h>
#include <copse/sched.h>

#endif
