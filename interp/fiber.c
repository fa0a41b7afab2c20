/* fiber.c -- stacks. Tracing walks frames exactly: a Lisp frame shows its live registers (code.h),
 * a native frame all its slots, raw pcs are stepped over. Nothing above the top frame is looked at.
 *
 * Growth: a segment is doubled by copying while it is below CP_SEGMENT_LAST and nothing in it is
 * shared; a running piece of less than half that size moves to a fresh segment; any other stays
 * where it is, as a slice that is entered in place on return. So the cost of growth is constant
 * for each slot ever used, and a return never copies more than one frame. When memory for a large
 * segment is refused, a small one, which fits the heap's reserve, takes the window: handlers of
 * out-of-memory run there. */
#include "interp/fiber.h"

#define STUB_1(m, a) m(a)
#define STUB_4(m, a) STUB_1(m, a), STUB_1(m, a + 1), STUB_1(m, a + 2), STUB_1(m, a + 3)
#define STUB_16(m, a) STUB_4(m, a), STUB_4(m, a + 4), STUB_4(m, a + 8), STUB_4(m, a + 12)
#define STUB_64(m, a) STUB_16(m, a), STUB_16(m, a + 16), STUB_16(m, a + 32), STUB_16(m, a + 48)
#define STUB_256(m) STUB_64(m, 0), STUB_64(m, 64), STUB_64(m, 128), STUB_64(m, 192)

#define STUB_WORD(op, a) ((uint32_t)(op) | (uint32_t)(a) << 8)
#define NATIVE_STUB(a)                                                                             \
    {                                                                                              \
        STUB_WORD(CP_OP_WINDOW, a), STUB_WORD(CP_OP_NATIVE_RESUME, a),                             \
            STUB_WORD(CP_OP_NATIVE_START, a)                                                       \
    }
#define TRAP_STUB(a)                                                                               \
    {                                                                                              \
        STUB_WORD(CP_OP_WINDOW, a), STUB_WORD(CP_OP_TRAP_RESUME, a)                                \
    }

const uint32_t cp_native_stubs[CP_STUB_COUNT][3] = {STUB_256(NATIVE_STUB)};
const uint32_t cp_trap_stubs[CP_STUB_COUNT][2] = {STUB_256(TRAP_STUB)};
const uint32_t cp_vector_stub[2] = {STUB_WORD(CP_OP_WINDOW, 1),
                                    STUB_WORD(CP_OP_NATIVE_START, 1) | 1u << 16};
const uint32_t cp_underflow_stub[2] = {STUB_WORD(CP_OP_WINDOW, 0), STUB_WORD(CP_OP_UNDERFLOW, 0)};

/* ---- Walking ------------------------------------------------------------------------------- */

static bool is_native_pc(const uint32_t *pc)
{
    return cp_word_op(*pc) == CP_OP_NATIVE_RESUME || cp_word_op(*pc) == CP_OP_NATIVE_START;
}

/* The pc in the code of the Lisp frame at FP that is DISTANCE words from its start. */
static const uint32_t *pc_at(const cp_value *fp, uint32_t distance)
{
    return cp_to_code(cp_to_closure(fp[-2])->code)->base + distance;
}

/* Set PC and kind of FRAME, whose fp is set, for a frame that goes on at PC. */
static void set_pc(cp_frame *frame, const uint32_t *pc, uint32_t trap)
{
    frame->pc = cp_word_op(*pc) == CP_OP_TRAP_RESUME ? pc_at(frame->fp, trap) : pc;
    frame->is_native = is_native_pc(pc);
}

static void enter_slice(cp_frame *frame, cp_value value)
{
    const cp_slice *slice = cp_to_slice(value);
    frame->segment = slice->segment;
    frame->next = slice->next;
    frame->window = cp_window_of(slice->pc);
    frame->fp = cp_to_segment(slice->segment)->slots + slice->high - frame->window;
    set_pc(frame, slice->pc, slice->trap);
}

bool cp_frame_first(const cp_fiber *fiber, cp_frame *frame)
{
    frame->segment = fiber->segment;
    frame->next = fiber->next;
    frame->fp = cp_to_segment(fiber->segment)->slots + fiber->fp;
    frame->window = CP_REGISTERS_MAX;
    if (cp_word_op(*fiber->pc) == CP_OP_UNDERFLOW) {
        if (!cp_is_true(frame->next))
            return false;
        enter_slice(frame, frame->next);
        return true;
    }
    frame->pc = fiber->pc;
    frame->is_native = is_native_pc(fiber->pc);
    if (frame->is_native)
        frame->window = cp_word_a(*fiber->pc);
    return true;
}

bool cp_frame_next(cp_frame *frame)
{
    const uint32_t *pc = cp_return_pc(frame->fp);
    if (cp_word_op(*pc) == CP_OP_UNDERFLOW) {
        if (!cp_is_true(frame->next))
            return false;
        enter_slice(frame, frame->next);
        return true;
    }
    uint32_t trap = 0;
    if (cp_word_op(*pc) == CP_OP_TRAP_RESUME)
        trap = (uint32_t)cp_to_fixnum(frame->fp[0]);
    frame->window = cp_window_of(pc);
    frame->fp -= 2 + frame->window;
    set_pc(frame, pc, trap);
    return true;
}

uint32_t cp_frame_distance(const cp_frame *frame)
{
    assert(!frame->is_native);
    return (uint32_t)(frame->pc - cp_to_code(cp_to_closure(frame->fp[-2])->code)->base);
}

/* ---- Tracing ------------------------------------------------------------------------------- */

static void trace_registers(const cp_frame *frame, cp_tracer *tracer)
{
    const cp_template *t = cp_to_code(cp_to_closure(frame->fp[-2])->code)->template;
    uint64_t live[CP_LIVE_WORDS];
    cp_template_live(t, cp_frame_distance(frame), live);
    uint32_t count = t->register_count < frame->window ? t->register_count : frame->window;
    for (uint32_t r = 0; r < count; r++) {
        if (cp_live_has(live, r))
            cp_trace(tracer, frame->fp[r]);
    }
}

/* The frame, and those below it in the same piece. */
static void trace_frames(cp_frame *frame, cp_tracer *tracer)
{
    frame->next = CP_FALSE; /* what is below traces itself */
    do {
        cp_trace(tracer, frame->fp[-2]);
        if (!frame->is_native) {
            trace_registers(frame, tracer);
            continue;
        }
        for (uint32_t i = 0; i < frame->window; i++)
            cp_trace(tracer, frame->fp[i]);
    } while (cp_frame_next(frame));
}

static void trace_slice(cp_object *object, cp_tracer *tracer)
{
    const cp_slice *slice = (const cp_slice *)object;
    cp_trace_values(tracer, &slice->segment, 6);
    if (slice->high == slice->low)
        return;
    cp_frame frame;
    enter_slice(&frame, cp_from_object(slice));
    trace_frames(&frame, tracer);
}

static bool is_dead_state(const cp_fiber *fiber)
{
    return fiber->state == CP_FIBER_DONE || fiber->state == CP_FIBER_HALTED;
}

static void trace_fiber(cp_object *object, cp_tracer *tracer)
{
    cp_fiber *fiber = (cp_fiber *)object;
    cp_trace_values(tracer, &fiber->segment, 6);
    if (is_dead_state(fiber))
        return;
    /* Values on their way: above a native frame's slots, in a window that receives, or where a
     * piece of stack begins. */
    cp_value *fp = cp_to_segment(fiber->segment)->slots + fiber->fp;
    cp_opcode op = cp_word_op(*fiber->pc);
    if (op == CP_OP_NATIVE_RESUME || op == CP_OP_RECEIVE || op == CP_OP_UNDERFLOW) {
        for (uint32_t i = 0; i < fiber->in_flight; i++)
            cp_trace(tracer, fp[cp_word_a(*fiber->pc) + i]);
    }
    if (op == CP_OP_UNDERFLOW)
        return;
    cp_frame frame;
    if (cp_frame_first(fiber, &frame))
        trace_frames(&frame, tracer);
}

/* ---- Making -------------------------------------------------------------------------------- */

static cp_segment *make_segment(cp_heap *heap, uint32_t slots)
{
    cp_segment *segment = (cp_segment *)cp_alloc(heap, CP_TYPE_SEGMENT, slots);
    if (segment != NULL)
        segment->sealed = 0;
    return segment;
}

static void first_window(cp_segment *segment, cp_value procedure, const cp_value *arguments,
                         uint32_t count)
{
    segment->slots[0] = procedure;
    segment->slots[1] = cp_from_pc(CP_UNDERFLOW_PC);
    for (uint32_t i = 0; i < count; i++)
        segment->slots[2 + i] = arguments[i];
}

cp_value cp_make_fiber(cp_heap *heap, cp_value procedure, const cp_value *arguments, uint32_t count,
                       uint32_t slots)
{
    assert(count + 2 < CP_SEGMENT_LAST);
    if (slots < count + 2)
        slots = count + 2;
    slots += CP_SEGMENT_SLACK;
    cp_segment *segment = make_segment(heap, slots);
    cp_fiber *fiber = (cp_fiber *)cp_alloc(heap, CP_TYPE_FIBER, 0);
    if (segment == NULL || fiber == NULL)
        return CP_RETRY;
    first_window(segment, procedure, arguments, count);
    fiber->segment = cp_from_object(segment);
    fiber->next = CP_FALSE;
    fiber->winds = CP_FALSE;
    fiber->handlers = CP_NIL;
    fiber->parameters = CP_NIL;
    fiber->value = CP_UNSPECIFIC;
    fiber->pc = cp_native_start_pc(count);
    fiber->fp = 2;
    fiber->base = 0;
    fiber->in_flight = 0;
    fiber->serial = 0;
    fiber->state = CP_FIBER_READY;
    fiber->is_halting = 0;
    fiber->wants_halt = 0;
    fiber->is_raising = 0;
    fiber->halt_faults = 0;
    fiber->era = 0;
    return cp_from_object(fiber);
}

bool cp_fiber_can_restart(const cp_fiber *fiber)
{
    const cp_segment *segment = cp_to_segment(fiber->segment);
    return segment->sealed == 0 && cp_object_length(&segment->object) <= CP_SEGMENT_SMALL;
}

void cp_fiber_restart(cp_heap *heap, cp_fiber *fiber, cp_value procedure, const cp_value *arguments,
                      uint32_t count)
{
    assert(fiber->state == CP_FIBER_DONE);
    assert(cp_fiber_can_restart(fiber));
    cp_fiber_touch(heap, fiber);
    first_window(cp_to_segment(fiber->segment), procedure, arguments, count);
    fiber->next = CP_FALSE;
    fiber->winds = CP_FALSE;
    fiber->handlers = CP_NIL;
    fiber->parameters = CP_NIL;
    fiber->value = CP_UNSPECIFIC;
    fiber->pc = cp_native_start_pc(count);
    fiber->fp = 2;
    fiber->base = 0;
    fiber->in_flight = 0;
    fiber->era++;
    fiber->state = CP_FIBER_READY;
}

static const char *const state_names[] = {
#define STATE_NAME(name, next, meaning) #name,
    CP_FIBER_STATE_LIST(STATE_NAME)
#undef STATE_NAME
};

const char *cp_fiber_state_name(cp_fiber_state state)
{
    assert(state < CP_FIBER_STATE_COUNT);
    return state_names[state];
}

void cp_fiber_become(cp_fiber *fiber, cp_fiber_state state)
{
#define CP_BIT(name) (1u << CP_FIBER_##name)
#define STATE_NEXT(name, next, meaning) next,
    static const uint8_t allowed[] = {CP_FIBER_STATE_LIST(STATE_NEXT)};
#undef STATE_NEXT
#undef CP_BIT
    assert(allowed[fiber->state] & 1u << state);
    fiber->state = (uint8_t)state;
}

/* ---- Growth -------------------------------------------------------------------------------- */

static cp_value *base_of(const cp_fiber *fiber)
{
    return cp_to_segment(fiber->segment)->slots + fiber->base;
}

/* Slots of a segment that can hold NEEDED, at least twice what is ACTIVE. */
static uint32_t segment_size(uint32_t active, uint32_t needed)
{
    uint32_t size = CP_SEGMENT_FIRST;
    while (size < needed || size < 2 * active)
        size *= 2;
    return size;
}

/* Move the running piece to SEGMENT, which becomes the fiber's. */
static void move_piece(cp_heap *heap, cp_fiber *fiber, cp_segment *segment, uint32_t active)
{
    memcpy(segment->slots, base_of(fiber), active * sizeof(cp_value));
    cp_write(heap, &fiber->object, &fiber->segment, cp_from_object(segment));
    fiber->base = 0;
}

static cp_slice *make_slice(cp_heap *heap, const cp_fiber *fiber, uint32_t low, uint32_t high,
                            const uint32_t *pc)
{
    cp_slice *slice = (cp_slice *)cp_alloc(heap, CP_TYPE_SLICE, 0);
    if (slice == NULL)
        return NULL;
    slice->segment = fiber->segment;
    slice->next = fiber->next;
    slice->tag = CP_FALSE;
    slice->winds = CP_FALSE;
    slice->handlers = CP_FALSE;
    slice->parameters = CP_FALSE;
    slice->pc = pc;
    slice->low = low;
    slice->high = high;
    slice->trap = 0;
    slice->spare = 0;
    return slice;
}

/* The pc of an interrupted frame is with the window above it: keep it in the slice as well. */
static void keep_trap(cp_slice *slice, const cp_value *window)
{
    if (cp_word_op(*slice->pc) == CP_OP_TRAP_RESUME)
        slice->trap = (uint32_t)cp_to_fixnum(window[2]);
}

cp_value *cp_fiber_room(cp_heap *heap, cp_fiber *fiber, cp_value *window, uint32_t used,
                        uint32_t needed, const uint32_t **pc)
{
    needed += CP_SEGMENT_SLACK;
    if (window + needed <= cp_segment_end(fiber->segment))
        return window;
    cp_segment *old = cp_to_segment(fiber->segment);
    uint32_t below = (uint32_t)(window - base_of(fiber));
    uint32_t active = below + used;
    if (active < CP_SEGMENT_LAST / 2) {
        uint32_t size = segment_size(active, below + needed);
        if (old->sealed > 0 && size < CP_SEGMENT_LAST)
            size *= 2; /* captures come often: leave fewer half-used segments behind */
        cp_segment *segment = make_segment(heap, size);
        if (segment != NULL) {
            move_piece(heap, fiber, segment, active);
            return segment->slots + below;
        }
    }
    if (below == 0)
        return NULL;
    cp_slice *slice = make_slice(heap, fiber, fiber->base, fiber->base + below, *pc);
    if (slice == NULL)
        return NULL;
    uint32_t size = segment_size(0, needed);
    cp_segment *segment = make_segment(heap, size < CP_SEGMENT_LAST ? CP_SEGMENT_LAST : size);
    if (segment == NULL && size < CP_SEGMENT_SMALL)
        segment = make_segment(heap, CP_SEGMENT_SMALL);
    if (segment == NULL)
        return NULL;
    keep_trap(slice, window);
    memcpy(segment->slots, window, used * sizeof(cp_value));
    cp_write(heap, &fiber->object, &fiber->next, cp_from_object(slice));
    cp_write(heap, &fiber->object, &fiber->segment, cp_from_object(segment));
    fiber->base = 0;
    *pc = CP_UNDERFLOW_PC;
    return segment->slots;
}

/* ---- Sealing and underflow ----------------------------------------------------------------- */

void cp_slice_share(cp_value value)
{
    while (cp_is_true(value) && !cp_slice_is_shared(cp_to_slice(value))) {
        cp_slice *slice = cp_to_slice(value);
        cp_segment *segment = cp_to_segment(slice->segment);
        cp_object_set_flags(&slice->object, CP_SLICE_IS_SHARED);
        if (segment->sealed < slice->high)
            segment->sealed = slice->high;
        value = slice->next;
    }
}

bool cp_fiber_seal(cp_heap *heap, cp_fiber *fiber, cp_value *window, const uint32_t *pc,
                   bool is_shared)
{
    uint32_t high = (uint32_t)(window - cp_to_segment(fiber->segment)->slots);
    if (high > fiber->base) {
        cp_slice *slice = make_slice(heap, fiber, fiber->base, high, pc);
        if (slice == NULL)
            return false;
        keep_trap(slice, window);
        cp_write(heap, &fiber->object, &fiber->next, cp_from_object(slice));
        fiber->base = high;
    }
    if (is_shared)
        cp_slice_share(fiber->next);
    return true;
}

/* Go on in SLICE's top frame, whose window for the values is at TOP in the fiber's segment. */
static void go_on(cp_heap *heap, cp_fiber *fiber, const cp_slice *slice, cp_value *top)
{
    if (cp_word_op(*slice->pc) == CP_OP_TRAP_RESUME)
        top[2] = cp_make_fixnum(slice->trap);
    fiber->pc = slice->pc;
    fiber->fp = (uint32_t)(top - cp_to_segment(fiber->segment)->slots) - cp_window_of(slice->pc);
    cp_write(heap, &fiber->object, &fiber->next, slice->next);
}

/* Slots that are written from a slice's high on when it is entered. */
static uint32_t arriving(const cp_slice *slice, uint32_t count)
{
    return cp_word_op(*slice->pc) == CP_OP_TRAP_RESUME && count < 3 ? 3 : count;
}

/* Nobody will enter SLICE again, and its slots may be written over. It may still be on a list of
 * the collector, as an old object that was announced or a grey one: it must show nothing. */
static void empty_slice(cp_heap *heap, cp_slice *slice)
{
    assert(!cp_slice_is_shared(slice));
    cp_before_write(heap, &slice->object, &slice->segment);
    slice->segment = CP_FALSE;
    slice->high = slice->low;
}

void cp_slice_drop(cp_heap *heap, cp_value from, cp_value until)
{
    while (!cp_same(from, until) && cp_is_true(from) && !cp_slice_is_shared(cp_to_slice(from))) {
        empty_slice(heap, cp_to_slice(from));
        from = cp_to_slice(from)->next;
    }
}

static bool enter_in_place(cp_heap *heap, cp_fiber *fiber, cp_slice *slice, uint32_t count)
{
    cp_value *top = cp_to_segment(slice->segment)->slots + slice->high;
    if (top + arriving(slice, count) > cp_segment_end(slice->segment))
        return false;
    memmove(top, base_of(fiber), count * sizeof(cp_value));
    cp_write(heap, &fiber->object, &fiber->segment, slice->segment);
    fiber->base = slice->low;
    go_on(heap, fiber, slice, top);
    empty_slice(heap, slice);
    return true;
}

/* Split SLICE so that it holds only its top frame of SIZE slots. */
static bool split_slice(cp_heap *heap, cp_slice *slice, uint32_t size)
{
    uint32_t cut = slice->high - size;
    if (cut == slice->low)
        return true;
    const cp_value *fp = cp_to_segment(slice->segment)->slots + cut + 2;
    cp_slice *rest = (cp_slice *)cp_alloc(heap, CP_TYPE_SLICE, 0);
    if (rest == NULL)
        return false;
    uint64_t header = rest->object.header;
    *rest = *slice;
    rest->object.header = header;
    rest->tag = CP_FALSE;
    rest->winds = CP_FALSE;
    rest->handlers = CP_FALSE;
    rest->parameters = CP_FALSE;
    cp_object_set_flags(&rest->object, cp_object_flags(&slice->object) & CP_SLICE_IS_SHARED);
    rest->high = cut;
    rest->pc = cp_return_pc(fp);
    rest->trap = 0;
    keep_trap(rest, fp - 2);
    cp_write(heap, &slice->object, &slice->next, cp_from_object(rest));
    slice->low = cut;
    return true;
}

/* The least number of registers that the frame at FP, which goes on at PC, may use. */
static uint32_t frame_size(const cp_value *fp, const uint32_t *pc)
{
    if (is_native_pc(pc))
        return cp_word_a(*pc);
    return cp_to_code(cp_to_closure(fp[-2])->code)->register_count;
}

bool cp_fiber_underflow(cp_heap *heap, cp_fiber *fiber, uint32_t count)
{
    cp_slice *slice = cp_to_slice(fiber->next);
    if (!cp_slice_is_shared(slice) && enter_in_place(heap, fiber, slice, count))
        return true;
    uint32_t window = cp_window_of(slice->pc);
    uint32_t size = window + 2;
    const cp_value *from = cp_to_segment(slice->segment)->slots + slice->high - size;
    uint32_t registers = frame_size(from + 2, slice->pc);
    uint32_t needed = size + arriving(slice, count);
    if (needed < registers + 2)
        needed = registers + 2;
    const uint32_t *pc = CP_UNDERFLOW_PC;
    cp_value *base = cp_fiber_room(heap, fiber, base_of(fiber), count, needed, &pc);
    if (base == NULL)
        return false;
    cp_before_write(heap, &slice->object, &slice->segment);
    if (!split_slice(heap, slice, size))
        return false;
    memmove(base + size, base, count * sizeof(cp_value));
    memcpy(base, from, size * sizeof(cp_value));
    base[1] = cp_from_pc(CP_UNDERFLOW_PC);
    go_on(heap, fiber, slice, base + size);
    if (!cp_slice_is_shared(slice))
        empty_slice(heap, slice);
    return true;
}

cp_value *cp_fiber_clear(cp_heap *heap, cp_fiber *fiber)
{
    cp_slice_drop(heap, fiber->next, CP_FALSE);
    cp_write(heap, &fiber->object, &fiber->next, CP_FALSE);
    return base_of(fiber);
}

/* ---- The types ----------------------------------------------------------------------------- */

static const cp_type segment_type = {
    .name = "segment",
    .fixed_bytes = sizeof(cp_segment),
    .element_bytes = sizeof(cp_value),
    .values_from = sizeof(cp_segment),
    .values_to = sizeof(cp_segment),
};

static const cp_type slice_type = {
    .name = "slice",
    .fixed_bytes = sizeof(cp_slice),
    .trace = trace_slice,
};

static const cp_type fiber_type = {
    .name = "fiber",
    .fixed_bytes = sizeof(cp_fiber),
    .trace = trace_fiber,
};

void cp_fiber_init(cp_heap *heap)
{
    cp_heap_set_type(heap, CP_TYPE_SEGMENT, &segment_type);
    cp_heap_set_type(heap, CP_TYPE_SLICE, &slice_type);
    cp_heap_set_type(heap, CP_TYPE_FIBER, &fiber_type);
}
