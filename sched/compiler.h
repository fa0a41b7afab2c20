/* compiler.h -- what C11 can not say and gcc and clang can.
 *
 * Owns:  every use of a compiler extension that a pedantic build would refuse, and of a
 *        sanitizer's interface.
 * Never: hides control flow: each macro is an attribute, a hint or one expression. */
#ifndef CP_SCHED_COMPILER_H
#define CP_SCHED_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#define CP_MUST_USE __attribute__((warn_unused_result))
#define CP_NOINLINE __attribute__((noinline))
#define CP_COLD __attribute__((cold, noinline))
#define CP_ALWAYS_INLINE static inline __attribute__((always_inline))
#define CP_PRINTF(format_index, first_index)                                                       \
    __attribute__((format(printf, format_index, first_index)))
#define CP_UNUSED __attribute__((unused))

#define CP_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define CP_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Begin to load the cache line of ADDRESS, which may be any address. */
#define CP_PREFETCH(address) __builtin_prefetch(address)

/* Arithmetic that says whether it overflowed; the result is wrapped. */
#define CP_ADD_OVERFLOWS(a, b, result) __builtin_add_overflow(a, b, result)
#define CP_SUB_OVERFLOWS(a, b, result) __builtin_sub_overflow(a, b, result)
#define CP_MUL_OVERFLOWS(a, b, result) __builtin_mul_overflow(a, b, result)

__extension__ typedef __int128 cp_int128;
__extension__ typedef unsigned __int128 cp_uint128;

#define CP_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The object of type TYPE whose field FIELD is at POINTER. */
#define CP_CONTAINER_OF(pointer, type, field)                                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CP_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define CP_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CP_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CP_TSAN 1
#endif

/* Memory that nobody may touch until it is unpoisoned: freed granules, returned stacks, words above
 * the top of a fiber. Outside sanitizer builds both vanish. */
#ifdef CP_ASAN
#include <sanitizer/asan_interface.h>
#define CP_POISON(address, size) ASAN_POISON_MEMORY_REGION(address, size)
#define CP_UNPOISON(address, size) ASAN_UNPOISON_MEMORY_REGION(address, size)
#else
#define CP_POISON(address, size) ((void)(address), (void)(size))
#define CP_UNPOISON(address, size) ((void)(address), (void)(size))
#endif

#endif
