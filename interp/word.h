/* word.h -- what a word is by its spelling: a number, a mistake or a symbol.
 *
 * Owns:  the rule that reader and printer share, so that what is printed reads back.
 * Never: converts a number. */
#ifndef CP_INTERP_WORD_H
#define CP_INTERP_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* Begins like a number: with a digit, a sign or point before one, or #. Such a word that spells no
 * number is a mistake. Not so the old names 1+ 1- and -1+, which are symbols. */
bool cp_word_is_like_number(const char *text, size_t size);

/* Whether a symbol of this name reads back when it is written without bars. Cost: linear. */
bool cp_name_is_word(const char *name, size_t size);

#endif
