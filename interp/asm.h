/* asm.h -- code as text: an assembler and a disassembler that read each other.
 *
 * Owns:  the text form of units.
 * Never: decides what correct code is: code.h checks every template.
 *
 *     procedure fib                   ; a template; the first is the body of the unit
 *       registers 4
 *       captures 0                    ; free values of the closure
 *       parameters 1 0 0              ; an entry: required, optional, rest
 *       line 3 5                      ; what follows stems from line 3, column 5
 *       jump-unless-less-i r0 2 L1
 *       return r0
 *     L1:
 *       sub-i r3 r0 1                 ; operands as the format says (opcode.h)
 *       call-global fib r1 1
 *       ...
 *
 * Operands: r7 a register, f0 a free value, 12 a number, a name a label, global or procedure. A
 * constant is a datum: 12, 1.5, "text", symbol, #t, #\x41, (1 . 2), #(1 2), #bytes"..",
 * #number"..". closure takes its captures after its procedure: closure r1 counter r2 f0. */
#ifndef CP_INTERP_ASM_H
#define CP_INTERP_ASM_H

#include "interp/code.h"
#include "sched/format.h"

enum { CP_ASM_ERROR_SIZE = CP_CODE_ERROR_SIZE + 32 };

/* An own unit from TEXT, or NULL with the place and reason in ERROR; the reason is "memory was
 * refused" when it was. */
cp_unit *cp_assemble(const copse_allocator *allocator, const char *text,
                     char error[CP_ASM_ERROR_SIZE]) CP_MUST_USE;

/* Print UNIT so that cp_assemble gives its like. */
void cp_disassemble(const cp_unit *unit, cp_printer *printer);

/* Print the instruction of T at PC, without a new line. */
void cp_disassemble_instruction(const cp_unit *unit, const cp_template *t, uint32_t pc,
                                cp_printer *printer);

#endif
