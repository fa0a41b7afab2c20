/* words.c -- one table, one function; the distance is that of Damerau (1964) without transposed
 * gaps: a letter more, less, other, or two neighbours swapped. Words are short: cost 64 x 64. */
#include "bt/words.h"

#include <assert.h>
#include <string.h>

#define CASE_WORD(name, word)                                                                      \
    case name:                                                                                     \
        return word;
#define CASE_WORD_3(name, word, text) CASE_WORD(name, word)
#define CASE_STATUS(name, number, word, text) CASE_WORD(name, word)
#define CASE_EXPRESSION(name, word, is_condition, text) CASE_WORD(name, word)

const char *copse_bt_status_word(copse_bt_status status)
{
    switch (status) {
        COPSE_BT_STATUS_LIST(CASE_STATUS)
    }
    return "unknown";
}

const char *cp_type_word(copse_bt_type type)
{
    switch (type) {
        COPSE_BT_TYPE_LIST(CASE_WORD)
    }
    return "unknown";
}

const char *cp_expression_word(copse_bt_expression which)
{
    switch (which) {
        COPSE_BT_EXPRESSION_LIST(CASE_EXPRESSION)
    case COPSE_BT_EXPRESSION_COUNT:
        break;
    }
    return "unknown";
}

const char *copse_verdict_word(copse_verdict verdict)
{
    switch (verdict) {
        COPSE_VERDICT_LIST(CASE_WORD_3)
    case COPSE_VERDICT_COUNT:
        break;
    }
    return "unknown";
}

const char *copse_source_word(copse_source source)
{
    switch (source) {
        COPSE_SOURCE_LIST(CASE_WORD)
    case COPSE_SOURCE_COUNT:
        break;
    }
    return "unknown";
}

const char *copse_stop_cause_word(copse_stop_cause cause)
{
    switch (cause) {
        COPSE_STOP_CAUSE_LIST(CASE_WORD_3)
    case COPSE_STOP_CAUSE_COUNT:
        break;
    }
    return "unknown";
}

const char *copse_trace_word(copse_trace_kind kind)
{
    switch (kind) {
        COPSE_TRACE_LIST(CASE_WORD_3)
    case COPSE_TRACE_COUNT:
        break;
    }
    return "unknown";
}

enum { LONGEST_WORD = 63 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits from A to B, each at most LONGEST_WORD letters long. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][LONGEST_WORD + 1]; /* two letters ago, one letter ago, now */
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned other = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(other, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        unsigned *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_length];
}

cp_guess cp_guess_begin(const char *word)
{
    /* One slip for every three letters, or the guess is more confusing than none. */
    return (cp_guess){.word = word, .best = NULL, .distance = (unsigned)strlen(word) / 3 + 2};
}

void cp_guess_offer(cp_guess *guess, const char *known)
{
    size_t length = strlen(guess->word), known_length = strlen(known);
    if (length > LONGEST_WORD || known_length > LONGEST_WORD)
        return;
    unsigned edits = distance(guess->word, length, known, known_length);
    if (edits < guess->distance) {
        guess->best = known;
        guess->distance = edits;
    }
}
