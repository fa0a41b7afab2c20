/* base.c -- embed.py makes the text of base.scm a C array, whose file the build lists. */
#include "stdlib/base.h"

cp_eval cp_base_load(cp_interaction *interaction)
{
    size_t size = strlen(cp_base_source);
    if (cp_interaction_give(interaction, "base.scm", cp_base_source, size) != COPSE_OK)
        return CP_EVAL_REFUSED;
    cp_value value;
    cp_eval end = CP_EVAL_DONE;
    while (end == CP_EVAL_DONE)
        end = cp_interaction_next(interaction, CP_FUEL_UNLIMITED, &value);
    return end;
}
