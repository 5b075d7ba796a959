/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single accesses to memory that others change, atomic operations, barriers.
 * x86 is TSO: a release store or an acquire load is a plain one, so only
 * smp_mb() costs an instruction (SDM vol. 3A 8.2).
 */
#pragma once

#include "hypervisor/lib/util.h"

/* One access, never torn, repeated or left out by the compiler. */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

#define barrier() asm volatile("" : : : "memory")
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline void cpu_relax(void)
{
    asm volatile("pause" : : : "memory");
}

#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* These return the value before the operation and order like a full barrier. */
#define atomic_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_inc(p) ((void)atomic_fetch_add((p), 1))
#define atomic_dec(p) ((void)atomic_fetch_sub((p), 1))
/* True when the counter reached zero. */
#define atomic_dec_and_test(p) (atomic_fetch_sub((p), 1) == 1)

/* Stores v if *p is *expected; returns whether it did, *expected := seen. */
#define atomic_cmpxchg(p, expected, v)                                      \
    __atomic_compare_exchange_n((p), (expected), (v), false,                \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Bit operations on arrays of 64-bit words; nr may be any bit number. */
static inline bool test_bit(unsigned int nr, const volatile uint64_t *map)
{
    return (map[nr / 64] >> (nr % 64)) & 1;
}

/* Not atomic. */
static inline void change_bit(unsigned int nr, uint64_t *map, bool on)
{
    map[nr / 64] = (map[nr / 64] & ~BIT(nr % 64)) | (uint64_t)on << nr % 64;
}

static inline bool atomic_test_and_set_bit(unsigned int nr, uint64_t *map)
{
    return atomic_fetch_or(&map[nr / 64], BIT(nr % 64)) & BIT(nr % 64);
}

static inline bool atomic_test_and_clear_bit(unsigned int nr, uint64_t *map)
{
    return atomic_fetch_and(&map[nr / 64], ~BIT(nr % 64)) & BIT(nr % 64);
}

#define atomic_set_bit(nr, map) ((void)atomic_test_and_set_bit((nr), (map)))
#define atomic_clear_bit(nr, map) ((void)atomic_test_and_clear_bit((nr), (map)))

/*
 * Bits (0 .. 31) of a word that a guest writes, too; the value before. One
 * instruction each: what the compiler makes of atomic_fetch_or() when its
 * result is used may be a loop, which a guest could keep turning.
 */
#define WORD_OP(name, instruction)                                          \
    static inline bool name(uint32_t *word, unsigned int nr)                \
    {                                                                       \
        bool old;                                                           \
                                                                            \
        asm volatile("lock " instruction " %2, %1"                          \
                     : "=@ccc"(old), "+m"(*word) : "Ir"(nr) : "memory");    \
        return old;                                                         \
    }
WORD_OP(word_test_and_set, "btsl")
WORD_OP(word_test_and_clear, "btrl")
#undef WORD_OP
