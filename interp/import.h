/* import.h -- import sets and define-library as data.
 *
 * Owns:  the checks of these forms, and which name an import gives to an export.
 * Never: finds or links a library: a later layer does, from what this gives. */
#ifndef CP_INTERP_IMPORT_H
#define CP_INTERP_IMPORT_H

#include "interp/expander.h"

typedef enum cp_import_kind {
    CP_IMPORT_ONLY,
    CP_IMPORT_EXCEPT,
    CP_IMPORT_PREFIX,
    CP_IMPORT_RENAME
} cp_import_kind;

/* What an import set does to the names that come from within. */
typedef struct cp_import_modifier {
    cp_import_kind kind;
    uint32_t count;
    const char **names; /* ONLY, EXCEPT, RENAME; for PREFIX the prefix alone */
    const char **to;    /* RENAME: the new names */
    struct cp_import_modifier *next;
} cp_import_modifier;

typedef struct cp_import {
    cp_term *library;              /* a list of symbols and exact integers */
    cp_import_modifier *modifiers; /* the innermost first */
    cp_position position;
    struct cp_import *next;
} cp_import;

typedef struct cp_export {
    const char *name; /* in the library */
    const char *external;
    cp_position position;
    struct cp_export *next;
} cp_export;

/* A define-library form. Everything lies in the arena of the expansion. */
typedef struct cp_library_form {
    cp_term *name;
    cp_export *exports;
    cp_import *imports;
    cp_term *body; /* a list of the forms of all its begins and includes, in order */
} cp_library_form;

/* The import sets of FORM, (import set ...), in *IMPORTS. False with a complaint of X, or when
 * memory is refused. */
bool cp_import_parse(cp_expander *x, cp_term *form, cp_import **imports) CP_MUST_USE;

/* The parts of FORM, (define-library name declaration ...). False as above. */
bool cp_library_parse(cp_expander *x, cp_term *form, cp_library_form *library) CP_MUST_USE;

/* The name that IMPORT gives to what its library exports as EXPORTED, in BUFFER of SIZE bytes; NULL
 * when it leaves it out or the name is too long. */
const char *cp_import_name(const cp_import *import, const char *exported, char *buffer,
                           size_t size);

#endif
