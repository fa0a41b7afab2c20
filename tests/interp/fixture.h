/* fixture.h -- a heap with an array of roots, for tests of what lives in it.
 *
 * Owns:  the heap of one test; the roots are the test's to set.
 * Never: collects by itself. */
#ifndef CP_TESTS_INTERP_FIXTURE_H
#define CP_TESTS_INTERP_FIXTURE_H

#include "tests/check.h"

#include "interp/check.h"
#include "interp/object.h"
#include "tests/fault.h"

enum { ROOT_COUNT = 32 };

/* How often a test with a safepoint in its loop goes round. */
#ifdef CP_GC_STRESS
#define ROUNDS(count) ((count) / 100)
#else
#define ROUNDS(count) (count)
#endif

typedef struct fixture {
    cp_heap *heap;
    cp_value roots[ROOT_COUNT];
} fixture;

static inline void scan_roots(void *context, cp_tracer *tracer)
{
    fixture *f = context;
    cp_trace_values(tracer, f->roots, ROOT_COUNT);
}

/* A heap with the types of interp/; false when memory was refused. */
static inline bool try_open_heap(fixture *f, const cp_heap_options *options)
{
    memset(f, 0, sizeof *f);
    f->heap = cp_heap_new(options);
    if (f->heap == NULL)
        return false;
    cp_object_init(f->heap);
    if (cp_heap_add_root_scanner(f->heap, scan_roots, f))
        return true;
    cp_heap_free(f->heap);
    f->heap = NULL;
    return false;
}

static inline void open_heap(fixture *f, const cp_heap_options *options)
{
    assert_true(try_open_heap(f, options));
}

static inline void close_heap(fixture *f)
{
    cp_heap_free(f->heap);
}

static inline void check_heap(fixture *f, uint64_t seed)
{
    cp_check check;
    if (!cp_heap_check(f->heap, &check))
        fail_msg("%s (seed %llu)", check.text, (unsigned long long)seed);
}

/* Objects in the heap, after everything dead that was found is swept. */
static inline uint64_t count_objects(fixture *f)
{
    cp_check check;
    if (!cp_heap_check(f->heap, &check))
        fail_msg("%s", check.text);
    return check.objects;
}

#endif
