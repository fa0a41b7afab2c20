/* word.c -- the grammar of R7RS 7.1.1 as two questions about the first characters. */
#include "interp/word.h"

#include <string.h>

#include "interp/flotext.h"
#include "interp/lex.h"

bool cp_word_is_like_number(const char *text, size_t size)
{
    static const char *const names[] = {"1+", "1-", "-1+"};
    for (size_t i = 0; i < CP_COUNT_OF(names); i++)
        if (size == strlen(names[i]) && memcmp(text, names[i], size) == 0)
            return false;
    size_t at = size > 0 && (text[0] == '+' || text[0] == '-') ? 1 : 0;
    at += at < size && text[at] == '.';
    return (at < size && text[at] >= '0' && text[at] <= '9') || (size > 0 && text[0] == '#');
}

bool cp_name_is_word(const char *name, size_t size)
{
    double ignored;
    bool is_imaginary = size == 2 && (name[0] == '+' || name[0] == '-') && name[1] == 'i';
    bool is_dot = size == 1 && name[0] == '.';
    return cp_lex_is_word(name, size) && !is_dot && !is_imaginary &&
           !cp_word_is_like_number(name, size) && !cp_flotext_special(name, size, &ignored);
}
