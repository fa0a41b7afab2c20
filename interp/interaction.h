/* interaction.h -- the interaction environment: text to values, one form at a time.
 *
 * Owns:  the top-level names of one machine, their macros, its source files, the code it compiled.
 * Never: prints, or decides what happens after an error: it gives the message to the caller.
 *
 * A form is read, compiled and run before the next one is read, so a macro or a variable that one
 * form defines is known to the next. All names are those of the machine: what C defined as a
 * builtin is a variable here, and a program may define it anew; the opcodes of code that was
 * compiled before are not. */
#ifndef CP_INTERP_INTERACTION_H
#define CP_INTERP_INTERACTION_H

#include "interp/compile.h"
#include "interp/form.h"
#include "interp/read.h"
#include "interp/vm.h"

typedef struct cp_interaction cp_interaction;

typedef struct cp_interaction_options {
    const copse_allocator *allocator; /* NULL: the default one */
    /* Whether cond-expand takes NAME for true; NULL: it takes none. */
    bool (*has_feature)(const char *name);
    /* Told of what a compilation finds odd, as "tree.scm:3:5: the variable x is not used". */
    void (*warn)(void *context, const char *text);
    void *context;
} cp_interaction_options;

/* X(name, meaning). How the next form ended. */
#define CP_EVAL_LIST(X)                                                                            \
    X(DONE, "the value is its value")                                                              \
    X(END, "there is no further form")                                                             \
    X(INCOMPLETE, "the text ends inside a form; the message says what is open and where")          \
    X(WRONG, "the text can not be read or compiled; the message says why and where")               \
    X(RAISED, "nobody handled the value; the message describes it")                                \
    X(PARKED, "the form waits for something, and nothing here can wake it")                        \
    X(CUT, "the fuel is spent")                                                                    \
    X(HALTED, "the form was unwound")                                                              \
    X(REFUSED, "memory was refused")

#define CP_EVAL_ENUM(name, meaning) CP_EVAL_##name,
typedef enum cp_eval { CP_EVAL_LIST(CP_EVAL_ENUM) } cp_eval;
#undef CP_EVAL_ENUM

/* An own environment for VM. NULL when memory is refused. Free it after VM, whose code it owns, but
 * call cp_interaction_close before. */
cp_interaction *cp_interaction_new(copse_vm *vm, const cp_interaction_options *options) CP_MUST_USE;
void cp_interaction_close(cp_interaction *interaction);
void cp_interaction_free(cp_interaction *own);

/* The next forms come from the SIZE bytes of UTF-8 at TEXT, borrowed until END or another give;
 * FILE is their name in messages. COPSE_ENOMEM, or COPSE_EFULL with too many files. */
copse_status cp_interaction_give(cp_interaction *interaction, const char *file, const char *text,
                                 size_t size) CP_MUST_USE;

/* Read, compile and run the next form with FUEL calls and back edges. *VALUE is borrowed until the
 * next call. After WRONG or RAISED the next call goes on behind the form. */
cp_eval cp_interaction_next(cp_interaction *interaction, int64_t fuel, cp_value *value) CP_MUST_USE;

/* What was wrong, until the next call; lines are separated by newlines, the last has none. */
const char *cp_interaction_message(const cp_interaction *interaction);

#endif
