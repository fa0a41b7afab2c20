/* words.h -- the words of the tables of <copse/bt.h>, and the word that was probably meant.
 *
 * Owns:  nothing.
 * Never: knows what a word stands for. */
#ifndef CP_BT_WORDS_H
#define CP_BT_WORDS_H

#include <stdbool.h>

#include <copse/bt.h>

#include "sched/compiler.h"

const char *cp_type_word(copse_bt_type type);
const char *cp_expression_word(copse_bt_expression which);

/* A search for the known word that is closest to WORD; feed it every known word. */
typedef struct cp_guess {
    const char *word; /* borrowed */
    const char *best; /* borrowed; NULL: nothing is close enough to be a slip of the finger */
    unsigned distance;
} cp_guess;

cp_guess cp_guess_begin(const char *word);
void cp_guess_offer(cp_guess *guess, const char *known);

#endif
