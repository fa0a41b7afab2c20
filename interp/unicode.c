/* unicode.c -- general categories and case folding from utf8proc; ASCII is answered here. */
#include "interp/unicode.h"

#include <assert.h>
#include <utf8proc.h>

static uint32_t bit(utf8proc_category_t category)
{
    return (uint32_t)1 << category;
}

static uint32_t category_bit(uint32_t code)
{
    return bit(utf8proc_category((utf8proc_int32_t)code));
}

bool cp_char_is_whitespace(uint32_t code)
{
    if (code <= ' ')
        return code == ' ' || (code >= '\t' && code <= '\r');
    if (code < 0x1680)
        return code == 0x85 || code == 0xA0;
    return code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool cp_char_is_constituent(uint32_t code)
{
    enum { ZERO_WIDTH_NON_JOINER = 0x200C, ZERO_WIDTH_JOINER = 0x200D };
    uint32_t allowed =
        bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) | bit(UTF8PROC_CATEGORY_LT) |
        bit(UTF8PROC_CATEGORY_LM) | bit(UTF8PROC_CATEGORY_LO) | bit(UTF8PROC_CATEGORY_MN) |
        bit(UTF8PROC_CATEGORY_MC) | bit(UTF8PROC_CATEGORY_ME) | bit(UTF8PROC_CATEGORY_ND) |
        bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_NO) | bit(UTF8PROC_CATEGORY_PD) |
        bit(UTF8PROC_CATEGORY_PC) | bit(UTF8PROC_CATEGORY_PO) | bit(UTF8PROC_CATEGORY_SC) |
        bit(UTF8PROC_CATEGORY_SM) | bit(UTF8PROC_CATEGORY_SK) | bit(UTF8PROC_CATEGORY_SO) |
        bit(UTF8PROC_CATEGORY_CO);
    return (category_bit(code) & allowed) != 0 || code == ZERO_WIDTH_NON_JOINER ||
           code == ZERO_WIDTH_JOINER;
}

bool cp_char_is_graphic(uint32_t code)
{
    if (code < 0x7F)
        return code > ' ';
    uint32_t unseen = bit(UTF8PROC_CATEGORY_CN) | bit(UTF8PROC_CATEGORY_CC) |
                      bit(UTF8PROC_CATEGORY_CF) | bit(UTF8PROC_CATEGORY_CS) |
                      bit(UTF8PROC_CATEGORY_CO) | bit(UTF8PROC_CATEGORY_ZS) |
                      bit(UTF8PROC_CATEGORY_ZL) | bit(UTF8PROC_CATEGORY_ZP);
    return (category_bit(code) & unseen) == 0;
}

bool cp_char_is_mark(uint32_t code)
{
    uint32_t marks =
        bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_MC) | bit(UTF8PROC_CATEGORY_ME);
    return code >= 0x300 && (category_bit(code) & marks) != 0;
}

unsigned cp_char_fold(uint32_t code, uint32_t folded[CP_FOLD_MAX])
{
    if (code < 0x80) {
        folded[0] = code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
        return 1;
    }
    utf8proc_int32_t buffer[CP_FOLD_MAX] = {0};
    int last_class = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, buffer, CP_FOLD_MAX,
                                                     UTF8PROC_CASEFOLD, &last_class);
    assert(count >= 1);
    assert(count <= CP_FOLD_MAX);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        folded[i] = (uint32_t)buffer[i];
    return (unsigned)count;
}
