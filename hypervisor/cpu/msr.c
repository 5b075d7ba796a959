/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses to model-specific registers that may not exist. */
#include "hypervisor/cpu/msr.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/extable.h"

int rdmsr_safe(uint32_t index, uint64_t *v)
{
    uint32_t lo = 0, hi = 0;
    int rc = -EFAULT;

    asm volatile("1: rdmsr\n"
                 "xor %[rc], %[rc]\n"
                 "2:\n"
                 EXTABLE(1b, 2b)
                 : "+a"(lo), "+d"(hi), [rc] "+r"(rc)
                 : "c"(index));
    *v = lo | (uint64_t)hi << 32;
    return rc;
}
