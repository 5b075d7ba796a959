/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls through the page of stubs that the hypervisor fills in, and the
 * instruction itself for tests that want the raw thing. The calling
 * convention is that of the width the kernel was built for
 * (hypervisor/abi/arch-x86.h).
 */
#pragma once

#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/hvm-op.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/abi/vcpu.h"
#include "hypervisor/abi/version.h"
#include "hypervisor/abi/xen.h"
#include "tests/guest/lib/x86.h"

extern char hypercall_page[PAGE_SIZE];

/* Finds the hypervisor and has the page filled in. */
void hypercall_init(void);

#ifdef __x86_64__

static inline long hypercall6(unsigned long nr, const unsigned long *a)
{
    register unsigned long r10 asm("r10") = a[3];
    register unsigned long r8 asm("r8") = a[4];
    register unsigned long r9 asm("r9") = a[5];
    unsigned long rdi = a[0], rsi = a[1], rdx = a[2];
    long rc;

    asm volatile("call *%[stub]"
                 : "=a"(rc), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10),
                   "+r"(r8), "+r"(r9)
                 : [stub] "r"(hypercall_page + nr * 32)
                 : "memory", "rcx", "r11");
    return rc;
}

/* Only for numbers that have a stub; any number: hypercall_raw(). */
static inline long hypercall_raw(unsigned long nr, unsigned long a0,
                                 unsigned long a1, unsigned long a2)
{
    long rc;

    asm volatile("call hypercall_insn"
                 : "=a"(rc), "+D"(a0), "+S"(a1), "+d"(a2)
                 : "a"(nr) : "memory", "rcx", "r8", "r9", "r10", "r11");
    return rc;
}

#else

static inline long hypercall6(unsigned long nr, const unsigned long *a)
{
    unsigned long b = a[0], c = a[1], d = a[2], s = a[3], di = a[4];
    long rc;

    asm volatile("call *%%eax"
                 : "=a"(rc), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(di)
                 : "a"(hypercall_page + nr * 32) : "memory");
    return rc;
}

static inline long hypercall_raw(unsigned long nr, unsigned long a0,
                                 unsigned long a1, unsigned long a2)
{
    long rc;

    asm volatile("call hypercall_insn"
                 : "=a"(rc), "+b"(a0), "+c"(a1), "+d"(a2)
                 : "a"(nr) : "memory", "esi", "edi");
    return rc;
}

#endif

/* hypercall(number, up to five arguments). */
#define hypercall(nr, ...)                                                  \
    ({                                                                      \
        const unsigned long a_[6] = { __VA_ARGS__ };                        \
        hypercall6(nr, a_);                                                 \
    })

#define addr(p) ((unsigned long)(p))

static inline long event_op(unsigned int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, addr(arg));
}

static inline long memory_op(unsigned int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, addr(arg));
}

static inline long sched_op(unsigned int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, cmd, addr(arg));
}

static inline long vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, addr(arg));
}

static inline long hvm_op(unsigned int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_hvm_op, cmd, addr(arg));
}

static inline long grant_op(unsigned int cmd, void *arg, unsigned int count)
{
    return hypercall(__HYPERVISOR_grant_table_op, cmd, addr(arg), count);
}

static inline long hvm_param_set(uint32_t index, uint64_t value)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index,
                               .value = value };

    return hvm_op(HVMOP_set_param, &p);
}

static inline long hvm_param_get(uint32_t index, uint64_t *value)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };
    long rc = hvm_op(HVMOP_get_param, &p);

    *value = p.value;
    return rc;
}

static inline void shutdown(unsigned int reason)
{
    struct sched_shutdown s = { reason };

    sched_op(SCHEDOP_shutdown, &s);
}
