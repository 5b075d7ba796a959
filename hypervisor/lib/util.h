/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small helpers of the language: sizes, alignment, containers, compile-time
 * checks, assertions, clamped array indexes. No functions that do work.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)

#define container_of(ptr, type, member)                                     \
    ((type *)((char *)(ptr) - offsetof(type, member)))

/* The smaller, the larger; arguments are evaluated once. */
#define MIN(a, b) PICK_(a, <, b, __COUNTER__)
#define MAX(a, b) PICK_(a, >, b, __COUNTER__)
#define PICK_(a, op, b, n) PICK2_(a, op, b, n)
#define PICK2_(a, op, b, n)                                                 \
    ({                                                                      \
        typeof(a) pick_a##n = (a);                                          \
        typeof(b) pick_b##n = (b);                                          \
        pick_a##n op pick_b##n ? pick_a##n : pick_b##n;                     \
    })

/* align is a power of two. */
#define ALIGN_DOWN(x, align) ((x) & ~((typeof(x))(align) - 1))
#define ALIGN_UP(x, align) ALIGN_DOWN((x) + ((typeof(x))(align) - 1), align)
#define IS_ALIGNED(x, align) (!((x) & ((typeof(x))(align) - 1)))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#define BIT(n) (1ull << (n))
#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* All ones in the low bytes * 8 bits, of which there are 1 to 8. */
static inline uint64_t size_mask(unsigned int bytes)
{
    return ~0ull >> (64 - 8 * bytes);
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __noreturn __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __section(s) __attribute__((section(s)))

/*
 * ASSERT documents what we believe; it costs nothing in a release build and
 * never guards input that a guest, a device model or dom0 controls.
 */
#ifdef LODGE_DEBUG
__noreturn void assert_failed(const char *expr, const char *file, int line);
#define ASSERT(x) ((x) ? (void)0 : assert_failed(#x, __FILE__, __LINE__))
#else
#define ASSERT(x) ((void)sizeof(!(x)))
#endif

/*
 * Clamps an index that a guest chose, after its bounds check, so that no
 * speculative access goes past the array: returns i if i < n, else 0,
 * without a branch.
 */
static inline size_t index_nospec(size_t i, size_t n)
{
    size_t mask;

    asm("cmp %1, %2; sbb %0, %0" : "=r"(mask) : "r"(n), "r"(i) : "cc");
    return i & mask;
}

/* Position of the lowest / highest set bit; x must not be 0. */
static inline unsigned int bit_lowest(uint64_t x)
{
    return (unsigned int)__builtin_ctzll(x);
}

static inline unsigned int bit_highest(uint64_t x)
{
    return 63 - (unsigned int)__builtin_clzll(x);
}
