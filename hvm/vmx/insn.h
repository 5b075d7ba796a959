/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX instructions (SDM vol. 3C chapter 31). Those that can fail say
 * whether they did: why is in VMCS_INSN_ERROR where there is a current VMCS.
 */
#pragma once

#include "hvm/vmx/vmcs.h"

/* The current VMCS must be the one that is meant; a field that the CPU does
 * not have reads as 0 and cannot be written. */
static inline uint64_t vmread(enum vmcs_field field)
{
    uint64_t val = 0;

    asm volatile("vmread %1, %0" : "+r"(val) : "r"((uint64_t)field) : "cc");
    return val;
}

static inline void vmwrite(enum vmcs_field field, uint64_t val)
{
    asm volatile("vmwrite %1, %0" : : "r"((uint64_t)field), "rm"(val) : "cc");
}

/* insn: one that takes the address of a 64-bit physical address. */
#define VMX_INSN(insn)                                                      \
    static inline bool __must_check insn(uint64_t pa)                       \
    {                                                                       \
        bool failed;                                                        \
                                                                            \
        asm volatile(#insn " %1" : "=@ccbe"(failed) : "m"(pa) : "memory");  \
        return failed;                                                      \
    }
VMX_INSN(vmxon)
VMX_INSN(vmclear)
VMX_INSN(vmptrld)
#undef VMX_INSN

/* Invalidation types of both instructions below. */
enum { INVALIDATE_SINGLE = 1, INVALIDATE_ALL };

static inline void invept(uint64_t type, uint64_t eptp)
{
    const struct { uint64_t eptp, zero; } desc = { eptp, 0 };

    asm volatile("invept %0, %1" : : "m"(desc), "r"(type) : "cc", "memory");
}

static inline void invvpid(uint64_t type, uint16_t vpid)
{
    const struct { uint64_t vpid, linear; } desc = { vpid, 0 };

    asm volatile("invvpid %0, %1" : : "m"(desc), "r"(type) : "cc", "memory");
}
