/* compile.h -- a compilation from beginning to end: terms to a unit.
 *
 * Owns:  the memory of one compilation, and the unit until it is taken.
 * Never: changes anything outside: a compilation can be given up, or done again, at any point.
 *
 * Its cost class is *abortable*: it asks the host from time to time whether to go on. Whatever ends
 * it, freeing it gives everything back. */
#ifndef CP_INTERP_COMPILE_H
#define CP_INTERP_COMPILE_H

#include "interp/emit.h"
#include "interp/expand.h"

typedef enum cp_compile_status {
    CP_COMPILE_DONE,
    CP_COMPILE_WRONG,   /* the program; see the message */
    CP_COMPILE_REFUSED, /* memory */
    CP_COMPILE_STOPPED  /* by the host's poll */
} cp_compile_status;

typedef struct cp_compilation {
    cp_terms terms; /* the caller makes the forms in it */
    cp_expander expander;
    cp_node *program; /* after cp_compile_expand */
    cp_unit *unit;    /* after cp_compile; take it by setting this to NULL */
} cp_compilation;

/* Begin. OPTIONS is copied; what it points to outlives the compilation. */
void cp_compilation_init(cp_compilation *c, const copse_allocator *allocator,
                         const cp_expand_options *options);
void cp_compilation_free(cp_compilation *c);

/* Compile FORMS, which lie in c->terms, to a unit whose body evaluates them in order and returns
 * the value of the last. FILE is for backtraces; NULL: unknown. Once per compilation. */
cp_compile_status cp_compile(cp_compilation *c, cp_term *const *forms, uint32_t count,
                             const char *file) CP_MUST_USE;

/* The first half: forms to a core program, simplified when SIMPLIFIES. For ,expand and tests. */
cp_compile_status cp_compile_expand(cp_compilation *c, cp_term *const *forms, uint32_t count,
                                    bool simplifies) CP_MUST_USE;

/* Print why the status is WRONG: "tree.scm:12:5: if: ...". */
void cp_compile_message(cp_printer *printer, const cp_compilation *c, const cp_sources *sources);

/* The next global, from NULL, whose calls became opcodes though its cell may change: whoever
 * changes the cell has this compiled anew. NULL at the end. */
const cp_global *cp_compile_next_dependency(const cp_compilation *c, const cp_global *last);

#endif
