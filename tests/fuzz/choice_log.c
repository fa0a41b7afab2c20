/* choice_log.c -- any bytes as the log of a replay: refused, or followed, never a crash. */
#include <stddef.h>
#include <stdint.h>

#include "sched/choice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    copse_choices_options options = {.mode = COPSE_CHOOSE_REPLAY, .log = data, .log_size = size};
    copse_choices *choices = NULL;
    if (copse_choices_new(&options, &choices) != COPSE_OK)
        return 0;
    for (uint32_t i = 0; i < 64; i++) {
        const void *bytes = NULL;
        size_t count = 0;
        if (i % 7 == 3 && cp_replay_input(choices, i % 3, &bytes, &count))
            cp_record_input(choices, i % 3, bytes, count);
        uint32_t limit = 1 + i % 5;
        if (cp_choose(choices, limit, (cp_choice_kind)(i % CP_CHOICE_KIND_COUNT), NULL, NULL) >=
            limit)
            __builtin_trap();
    }
    char text[80];
    (void)copse_choices_check(choices, text, sizeof text);
    copse_choices_free(choices);
    return 0;
}
