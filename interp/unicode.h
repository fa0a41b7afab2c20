/* unicode.h -- what Unicode says of a character, as far as reading and printing ask.
 *
 * Owns:  the calls of utf8proc, which has the tables.
 * Never: allocates, or sees more than one character. */
#ifndef CP_INTERP_UNICODE_H
#define CP_INTERP_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* The property White_Space. */
bool cp_char_is_whitespace(uint32_t code);

/* May stand in an identifier without bars around it (R7RS 2.1): letters, marks, numbers, most
 * symbols and punctuation, and the two joiners. Above ASCII only: the grammar decides there. */
bool cp_char_is_constituent(uint32_t code);

/* Seen on paper: no control, format, private or unassigned character and no separator. A mark is
 * seen only with the character before it: is_mark. */
bool cp_char_is_graphic(uint32_t code);
bool cp_char_is_mark(uint32_t code);

enum { CP_FOLD_MAX = 3 };

/* The full case folding of CODE, as string-foldcase has it; returns how many characters it is. */
unsigned cp_char_fold(uint32_t code, uint32_t folded[CP_FOLD_MAX]);

#endif
