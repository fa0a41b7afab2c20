/* program.h -- Scheme programs for tests: an environment, and text to core, code and results.
 *
 * Owns:  the machine, the macros and the units of one test.
 * Never: is shared between tests. */
#ifndef CP_TESTS_PROGRAM_H
#define CP_TESTS_PROGRAM_H

#include "interp/compile.h"
#include "interp/form.h"
#include "interp/read.h"
#include "tests/interp/machine.h"

enum { PROGRAM_FORMS = 200, PROGRAM_TEXT = 60000, PROGRAM_UNITS = 4000 };

typedef struct program_macro {
    char name[64];
    cp_macro *macro;
    const char *special; /* instead of a macro */
} program_macro;

/* Names: the special forms, the primitives as immutable imports, what was defined before, and
 * anything else as a variable that is not bound yet. */
typedef struct program {
    cp_environment environment; /* first: look_up casts it back */
    cp_test_machine machine;
    cp_fault fault; /* of the compiler */
    cp_sources *sources;
    uint32_t file;
    program_macro macros[64];
    uint32_t macro_count;
    char names[256][64]; /* variables that were defined */
    uint32_t name_count;
    bool is_closed;  /* an unknown name is an error, as in a library */
    bool is_mutable; /* primitives may be changed, as at the prompt */
    cp_unit *units[PROGRAM_UNITS];
    uint32_t unit_count;
    int64_t polls; /* polls until the compiler is stopped; below 0: never */
    uint64_t polled;
    char warnings[2000];
    char text[PROGRAM_TEXT];
} program;

void program_open(program *p);
void program_close(program *p);

/* All forms of TEXT as terms of C. Fails the test when TEXT can not be read; NULL when memory is
 * refused. */
cp_term **program_read(program *p, cp_compilation *c, const char *text, uint32_t *count);

/* The core program of TEXT as text, or its error message. */
const char *program_core(program *p, const char *text);
const char *program_simplified(program *p, const char *text);

/* The assembler text of TEXT, or its error message. */
const char *program_code(program *p, const char *text);

/* The status of compiling TEXT; what it gave is thrown away. */
cp_compile_status program_compile(program *p, const char *text);

/* Compile and run each form of TEXT by itself; the written value of the last, or what was raised or
 * refused. */
const char *program_eval(program *p, const char *text);

/* Fails the test unless EVALUATE, one of the functions above, gives for the first text of each of
 * COUNT cases the second, in a program of its own for all of them; prints those that differ. */
void program_check(const char *(*evaluate)(program *p, const char *text),
                   const char *const cases[][2], size_t count);

/* Define in Lisp what the machine does not have. */
void program_load_prelude(program *p);

#endif
