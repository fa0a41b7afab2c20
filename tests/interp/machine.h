/* machine.h -- a machine for tests: programs in assembler, results as text.
 *
 * Owns:  the machine, the units and the values of one test.
 * Never: is shared between tests. */
#ifndef CP_TESTS_MACHINE_H
#define CP_TESTS_MACHINE_H

#include "interp/asm.h"
#include "interp/vm.h"
#include "tests/fault.h"

enum { CP_TEST_UNITS = 64 };

typedef struct cp_test_machine {
    cp_fault fault;
    copse_vm *vm;
    cp_unit *units[CP_TEST_UNITS];
    uint32_t unit_count;
    cp_value held; /* a list: fibers and procedures of the test */
    char text[4096];
    char log[1024]; /* what the program noted, separated by spaces */
    int refusals;   /* of `collect` */
} cp_test_machine;

/* Every machine has these builtins besides those of control.h:
 *
 *     (note x)      append x to the log
 *     (list x ...)
 *     (through f)   a native frame: call f and give what it gives
 *     (slices n)    a native frame that asks for n further slices, then gives n
 *     (park x)      park with reason x, give what the fiber is woken with
 *     (halt x)      unwind this fiber
 *     (callback f)  C calls f and waits; gives what it gave, raises what it raised, or gives the
 *                   symbol halted
 *     (refused)     memory is refused to it, always
 *     (collect)     gives how often memory was refused to it: once */

/* A machine whose heap refuses request REFUSE_AT; vm is NULL when that was one of the first. */
void cp_test_open(cp_test_machine *m, uint64_t refuse_at, const cp_vm_options *options);
void cp_test_close(cp_test_machine *m);

/* A procedure that runs the first procedure of the assembler text; CP_RETRY when memory is
 * refused. Fails the test when the text is wrong. */
cp_value cp_test_load(cp_test_machine *m, const char *text);

/* A fiber that calls PROCEDURE without arguments, kept alive by M; NULL when memory is refused. */
cp_fiber *cp_test_fiber(cp_test_machine *m, cp_value procedure);

/* Run FIBER with FUEL and describe how that ended: "42", "raised wrong-type: car: 1 is no pair",
 * "parked 7", "cut", "halted 0" (with the number of faults), "refused". Valid until the next call.
 */
const char *cp_test_run(cp_test_machine *m, cp_fiber *fiber, int64_t fuel);

/* The same for a new fiber that runs TEXT, with ample fuel. */
const char *cp_test_eval(cp_test_machine *m, const char *text);

/* Fails the test unless TEXT ends as EXPECTED. */
void cp_test_check(cp_test_machine *m, const char *text, const char *expected);

/* A number of a test, and a smaller one for builds that collect at every safepoint. */
#ifdef CP_GC_STRESS
#define CP_TEST_SCALE(normal, stress) stress
#else
#define CP_TEST_SCALE(normal, stress) normal
#endif

/* A body of REGISTERS registers without parameters; a closure of the procedure NAME in the global
 * of that name, by way of r1; a thunk note-NAME that notes NAME. */
#define BODY(registers, code) "procedure main\nregisters " #registers "\nparameters 0\n" code
#define DEFINE(name) "closure r1 " #name "\nglobal-define r1 " #name "\n"
#define NOTE(name)                                                                                 \
    "procedure note-" #name "\nregisters 4\nparameters 0\nconstant r2 " #name                      \
    "\ntail-call-global note r0 1\n"

/* Check pairs of a program and how it ends, on one machine. */
void cp_test_check_all(const char *const cases[][2], size_t count);

#define CHECK_ALL(cases) cp_test_check_all(cases, CP_COUNT_OF(cases))

#endif
