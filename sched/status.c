/* status.c -- names and texts from the one table in <copse/sched.h>. */
#include <copse/sched.h>

#define CASE_NAME(name, value, text)                                                               \
    case name:                                                                                     \
        return #name;
#define CASE_TEXT(name, value, text)                                                               \
    case name:                                                                                     \
        return text;

const char *copse_status_name(copse_status status)
{
    switch (status) {
        COPSE_STATUS_LIST(CASE_NAME)
    }
    return "unknown status";
}

const char *copse_status_text(copse_status status)
{
    switch (status) {
        COPSE_STATUS_LIST(CASE_TEXT)
    }
    return "unknown status";
}

const char *copse_version(void)
{
    return COPSE_VERSION;
}
