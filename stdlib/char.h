/* char.h -- characters: R7RS 6.6 and the characters of (scheme char); case for strings, too.
 *
 * Owns:  the builtins of these names, and the mapping of case.
 * Never: depends on a locale. */
#ifndef CP_STDLIB_CHAR_H
#define CP_STDLIB_CHAR_H

#include "interp/unicode.h"
#include "stdlib/slice.h"

/* One character for one, as char-upcase, char-downcase and char-foldcase have it. */
uint32_t cp_char_upcase(uint32_t code);
uint32_t cp_char_downcase(uint32_t code);
uint32_t cp_char_foldcase(uint32_t code);

/* As string-upcase and string-downcase have it, where one may become up to three; returns how many.
 * cp_char_fold (unicode.h) does the same for string-foldcase. */
unsigned cp_char_upcase_fully(uint32_t code, uint32_t codes[CP_FOLD_MAX]);
unsigned cp_char_downcase_fully(uint32_t code, uint32_t codes[CP_FOLD_MAX]);

/* Letters: the general categories L and Nl. */
bool cp_char_is_alphabetic(uint32_t code);

extern const cp_builtin cp_char_builtins[];

#endif
