/* fiber.h -- fibers: a stack of segments and slices, and how frames lie in it.
 *
 * Owns:  the layout of stacks, the walk over frames, growth, sealing and underflow of segments.
 * Never: runs code or decides who runs: vm.c and the scheduler do.
 *
 * A frame in a segment, stack growing to the right; fp points at register 0:
 *
 *       W                   fp
 *     | callee | return pc | R[0] R[1] ... (arguments first) |
 *
 * The callee is a closure (free values, debugger) or a builtin; the return pc is raw. The caller
 * called with window A, so W = caller's fp + A, and A stands in the word before the return pc: a
 * return needs no other link, frames hold no address of a segment, and can be copied. When a
 * callee returns, its value takes the place of its W.
 *
 * Return pcs that are not in a template are stubs, static words of the machine's own opcodes:
 *
 *     native stub A   the caller is a native frame of A slots (A builtin's arguments or state)
 *     trap stub A     the caller was interrupted at an instruction that calls nothing; A is its
 *                     register count and the callee's R[0] is the distance of that pc
 *     underflow stub  this is the lowest frame of its piece of stack; the next piece is below
 *
 * A fiber runs in one segment, above `base`. What lies below is a chain of slices, each a piece of
 * some segment from low to high that ends where a call's window begins:
 *
 *     fiber -> segment [ .... | base ... top )     next -> slice [low, high) -> slice -> nothing
 *
 * A slice that only waits for its return is entered in place. A slice that was captured is shared:
 * it never changes any more, and underflow copies its top frame, leaving the rest in a slice of
 * its own (Hieb, Dybvig and Bruggeman 1990). Below a shared slice all are shared.
 *
 * The collector: stores into segments pass no barrier. Instead a fiber is announced to the barrier
 * like a store when it starts to run and after each collection (cp_fiber_touch), and a slice
 * before it is entered, split or dropped; so no stack is read or written over that the present
 * cycle has not scanned. */
#ifndef CP_INTERP_FIBER_H
#define CP_INTERP_FIBER_H

#include "interp/procedure.h"

enum {
    CP_SEGMENT_FIRST = 32,  /* slots of a fiber's first segment */
    CP_SEGMENT_LAST = 8192, /* slots of the largest: 64 KiB; deeper stacks are chains of these */
    CP_SEGMENT_SMALL = 512, /* for handlers of out-of-memory */
    CP_SEGMENT_SLACK = 3,   /* slots at the end of each that only a trap may use */
    CP_STUB_COUNT = 256
};

/* ---- Layouts ------------------------------------------------------------------------------- */

typedef struct cp_segment {
    cp_object object; /* length: number of slots */
    uint64_t sealed;  /* slots below belong to shared slices */
    cp_value slots[];
} cp_segment;

typedef struct cp_slice {
    cp_object object; /* CP_SLICE_IS_SHARED */
    cp_value segment;
    cp_value next;  /* the slice below, or CP_FALSE */
    cp_value tag;   /* of the prompt whose frame is on top, or CP_FALSE */
    cp_value winds; /* with a tag: what abort restores */
    cp_value handlers;
    cp_value parameters;
    const uint32_t *pc; /* where the top frame goes on */
    uint32_t low;
    uint32_t high;
    uint32_t trap; /* when PC is a trap stub: the distance of the real one */
    uint32_t spare;
} cp_slice;

enum { CP_SLICE_IS_SHARED = CP_FLAG_OWN_FIRST };

/* X(name, what it may become, meaning). */
#define CP_FIBER_STATE_LIST(X)                                                                     \
    X(READY, CP_BIT(RUNNING), "made, parked with its answer there, or cut for fuel")               \
    X(RUNNING, CP_BIT(READY) | CP_BIT(PARKED) | CP_BIT(DONE) | CP_BIT(FAILED) | CP_BIT(HALTED),    \
      "runs, or waits for a fiber that C runs above it")                                           \
    X(PARKED, CP_BIT(READY), "waits for cp_fiber_wake")                                            \
    X(DONE, 0, "returned; its value is kept")                                                      \
    X(FAILED, CP_BIT(READY), "an unhandled condition; the stack is kept for the debugger")         \
    X(HALTED, 0, "unwound")

#define CP_FIBER_STATE_ENUM(name, next, meaning) CP_FIBER_##name,
typedef enum cp_fiber_state {
    CP_FIBER_STATE_LIST(CP_FIBER_STATE_ENUM) CP_FIBER_STATE_COUNT
} cp_fiber_state;
#undef CP_FIBER_STATE_ENUM

typedef struct cp_fiber {
    cp_object object;
    cp_value segment;
    cp_value next;       /* the slice below base, or CP_FALSE */
    cp_value winds;      /* innermost wind, or CP_FALSE */
    cp_value handlers;   /* list, innermost first */
    cp_value parameters; /* list of (parameter . value), innermost first */
    cp_value value;      /* result, condition, or why it is parked */
    const uint32_t *pc;  /* where it goes on */
    uint32_t fp;         /* slot of R[0] of the top frame */
    uint32_t base;
    uint32_t in_flight; /* values above the top frame that are on their way into it */
    uint32_t serial;
    uint8_t state; /* cp_fiber_state */
    uint8_t is_halting : 1;
    uint8_t wants_halt : 1; /* at its next safepoint */
    uint8_t is_raising : 1; /* VALUE, when it runs next */
    uint16_t halt_faults;   /* after-thunks of the halt that had to be ended */
    uint32_t era; /* a continuation is good for the era in which it was captured; halts begin one */
} cp_fiber;

_Static_assert(sizeof(cp_fiber) <= 112, "a parked fiber is small");

/* ---- Stubs --------------------------------------------------------------------------------- */

extern const uint32_t cp_native_stubs[CP_STUB_COUNT][3]; /* WINDOW A | NATIVE_RESUME A | START A */
extern const uint32_t cp_trap_stubs[CP_STUB_COUNT][2];   /* WINDOW A | TRAP_RESUME A */
extern const uint32_t cp_vector_stub[2];                 /* the arguments are in the vector R[0] */
extern const uint32_t cp_underflow_stub[2];              /* WINDOW 0 | UNDERFLOW */

/* The return pc into a native frame of COUNT slots; the pc of one whose function is to be called
 * with its COUNT slots as arguments. */
static inline const uint32_t *cp_native_resume_pc(uint32_t count)
{
    assert(count < CP_STUB_COUNT);
    return &cp_native_stubs[count][1];
}

static inline const uint32_t *cp_native_start_pc(uint32_t count)
{
    assert(count < CP_STUB_COUNT);
    return &cp_native_stubs[count][2];
}

static inline const uint32_t *cp_trap_pc(uint32_t count)
{
    assert(count < CP_STUB_COUNT);
    return &cp_trap_stubs[count][1];
}

#define CP_UNDERFLOW_PC (&cp_underflow_stub[1])
#define CP_VECTOR_PC (&cp_vector_stub[1])

/* ---- Frame words --------------------------------------------------------------------------- */

CP_ALWAYS_INLINE const uint32_t *cp_return_pc(const cp_value *fp)
{
    return (const uint32_t *)(uintptr_t)fp[-1].bits;
}

CP_ALWAYS_INLINE cp_value cp_from_pc(const uint32_t *pc)
{
    return cp_from_bits((uint64_t)(uintptr_t)pc);
}

/* The window of the call that returns to PC. */
CP_ALWAYS_INLINE uint32_t cp_window_of(const uint32_t *pc)
{
    return cp_word_a(pc[-1]);
}

CP_ALWAYS_INLINE cp_fiber *cp_to_fiber(cp_value v)
{
    return (cp_fiber *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_segment *cp_to_segment(cp_value v)
{
    return (cp_segment *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_slice *cp_to_slice(cp_value v)
{
    return (cp_slice *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE bool cp_slice_is_shared(const cp_slice *slice)
{
    return (cp_object_flags(&slice->object) & CP_SLICE_IS_SHARED) != 0;
}

/* Where frames of SEGMENT have to end; the slack is behind. */
CP_ALWAYS_INLINE cp_value *cp_segment_limit(cp_value segment)
{
    const cp_object *object = &cp_to_segment(segment)->object;
    return cp_to_segment(segment)->slots + cp_object_length(object) - CP_SEGMENT_SLACK;
}

/* The first slot behind a segment's last. */
CP_ALWAYS_INLINE cp_value *cp_segment_end(cp_value segment)
{
    return cp_to_segment(segment)->slots + cp_object_length(&cp_to_segment(segment)->object);
}

/* ---- Walking ------------------------------------------------------------------------------- */

/* One frame, from the top of a stack downward. */
typedef struct cp_frame {
    cp_value *fp;
    const uint32_t *pc; /* a Lisp frame: of the instruction that runs next; else a stub */
    uint32_t window;    /* registers from here on belong to the frame above */
    bool is_native;
    /* Where the walk is: */
    cp_value segment;
    cp_value next;
} cp_frame;

/* The top frame of FIBER, which does not run. False when its stack is empty. */
bool cp_frame_first(const cp_fiber *fiber, cp_frame *frame);

/* The frame below. False when there is none. */
bool cp_frame_next(cp_frame *frame);

/* The distance in words of the pc of a Lisp frame from the start of its code. */
uint32_t cp_frame_distance(const cp_frame *frame);

/* ---- Making and changing ------------------------------------------------------------------- */

/* Give the rows of these types to HEAP. */
void cp_fiber_init(cp_heap *heap);

/* A fiber that will call PROCEDURE with COUNT arguments, with a first segment of SLOTS slots or
 * more; or CP_RETRY. */
cp_value cp_make_fiber(cp_heap *heap, cp_value procedure, const cp_value *arguments, uint32_t count,
                       uint32_t slots);

/* FIBER, which is done, calls PROCEDURE as if it were new. Only when cp_fiber_can_restart says so:
 * its segment is small and nobody else has a piece of it. */
bool cp_fiber_can_restart(const cp_fiber *fiber);
void cp_fiber_restart(cp_heap *heap, cp_fiber *fiber, cp_value procedure, const cp_value *arguments,
                      uint32_t count);

/* Make STATE the state of FIBER; asserts that the table allows it. */
void cp_fiber_become(cp_fiber *fiber, cp_fiber_state state);
const char *cp_fiber_state_name(cp_fiber_state state);

/* Announce that the stack of FIBER is about to be read or written: before it runs, and again after
 * each collection while it does. */
CP_ALWAYS_INLINE void cp_fiber_touch(cp_heap *heap, cp_fiber *fiber)
{
    cp_before_write(heap, &fiber->object, &fiber->segment);
}

/* Make sure that NEEDED slots exist from WINDOW on, the start of the topmost window, in which USED
 * slots hold something. Returns the window, which may have moved to another segment, or NULL when
 * memory is refused. *PC is the return pc of the window: it becomes the underflow stub when the
 * stack below was left behind. SLOTS is the least size of a new segment. */
cp_value *cp_fiber_room(cp_heap *heap, cp_fiber *fiber, cp_value *window, uint32_t used,
                        uint32_t needed, const uint32_t **pc) CP_MUST_USE;

/* Leave the part of the stack below WINDOW, which goes on at PC, behind in a slice, and go on above
 * it: base becomes the window. Returns false when memory is refused. A shared slice can be entered
 * any number of times. When nothing lies between base and the window no slice is made. The caller
 * makes the window return to the underflow stub. */
bool cp_fiber_seal(cp_heap *heap, cp_fiber *fiber, cp_value *window, const uint32_t *pc,
                   bool is_shared) CP_MUST_USE;

/* Mark SLICE and all below as shared. */
void cp_slice_share(cp_value slice);

/* The lowest frame of the running piece returned COUNT values, which stand from the base on. Enter
 * the slice below: fp, pc and base of FIBER become those of its top frame, the values stand where
 * it expects them. False when memory is refused; nothing has changed then. */
bool cp_fiber_underflow(cp_heap *heap, cp_fiber *fiber, uint32_t count) CP_MUST_USE;

/* Drop all frames and slices; the next frame starts at the returned window. */
cp_value *cp_fiber_clear(cp_heap *heap, cp_fiber *fiber);

/* The slices from FROM down to UNTIL, which stays, are left by a jump: those that are not shared
 * will not be entered again. */
void cp_slice_drop(cp_heap *heap, cp_value from, cp_value until);

#endif
