/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's vector registers for the emulator: XMM, and YMM where the
 * machine has AVX. They are in the CPU while its vCPU is, root mode uses none;
 * so they go to the save area, where one is read or changed, and come back.
 * That is slow, and rare: a guest that uses them on device memory.
 */
#include "hvm/vecreg.h"

#include "hvm/vcpu.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/features.h"

/* Where a save area has them (SDM vol. 1 13.4). */
#define XMM_OFFSET 160
#define XSTATE_BV_OFFSET 512
#define XSTATE_SSE BIT(1)
#define XSTATE_AVX BIT(2)

#define XMM_SIZE 16u
#define YMM_SIZE 32u

bool vecreg_access(struct vcpu *v, unsigned int r, void *buf, unsigned int n,
                   enum vecreg_access how)
{
    bool avx = cpu_features.xcr0_max & XSTATE_AVX;
    unsigned int low = MIN(n, XMM_SIZE), high = n - low;
    uint8_t *area = v->hvm->xsave, *xmm = area + XMM_OFFSET + r * XMM_SIZE;
    uint8_t *ymm = avx ? area + cpuid(0xd, 2).b + r * XMM_SIZE : NULL;

    if (r > 15 || n > YMM_SIZE ||
        ((high || how == VECREG_PUT_ZERO_REST) && !avx))
        return false;
    hvm_fpu_save(v);
    if (how == VECREG_GET) {
        memcpy(buf, xmm, low);
        memcpy((uint8_t *)buf + low, ymm, high);
    } else {
        if (how == VECREG_PUT_ZERO_REST) {
            memset(xmm, 0, XMM_SIZE);
            memset(ymm, 0, XMM_SIZE);
        }
        memcpy(xmm, buf, low);
        memcpy(ymm, (const uint8_t *)buf + low, high);
        if (cpu_features.xsave)
            *(uint64_t *)(area + XSTATE_BV_OFFSET) |=
                XSTATE_SSE | (avx ? XSTATE_AVX : 0);
    }
    hvm_fpu_load(v);
    return true;
}
