/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's vector registers, which are in the CPU while its vCPU is: root
 * mode uses none. XMM, and YMM where the machine has AVX.
 */
#include "hvm/vecreg.h"

#include "hypervisor/lib/string.h"
#include "hypervisor/x86/features.h"

#define EACH(X)                                                             \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)                                 \
    X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static void xmm_get(unsigned int r, uint8_t *buf)
{
    switch (r) {
#define X(n) case n: asm volatile("movups %%xmm" #n ", (%0)"                \
                                  : : "r"(buf) : "memory"); break;
    EACH(X)
#undef X
    }
}

static void xmm_put(unsigned int r, const uint8_t *buf)
{
    switch (r) {
#define X(n) case n: asm volatile("movups (%0), %%xmm" #n                   \
                                  : : "r"(buf) : "memory"); break;
    EACH(X)
#undef X
    }
}

static void ymm_get(unsigned int r, uint8_t *buf)
{
    switch (r) {
#define X(n) case n: asm volatile("vmovups %%ymm" #n ", (%0)"               \
                                  : : "r"(buf) : "memory"); break;
    EACH(X)
#undef X
    }
}

/* Clears bits 256 and up as well (SDM vol. 1 14.1.3). */
static void ymm_put(unsigned int r, const uint8_t *buf)
{
    switch (r) {
#define X(n) case n: asm volatile("vmovups (%0), %%ymm" #n                  \
                                  : : "r"(buf) : "memory"); break;
    EACH(X)
#undef X
    }
}

bool vecreg_get(unsigned int r, void *buf, unsigned int n)
{
    uint8_t all[32];

    if (r > 15 || n > sizeof(all) || (n > 16 && !(cpu_features.xcr0_max & BIT(2))))
        return false;
    if (n > 16)
        ymm_get(r, all);
    else
        xmm_get(r, all);
    memcpy(buf, all, n);
    return true;
}

bool vecreg_put(unsigned int r, const void *buf, unsigned int n,
                bool zero_rest)
{
    uint8_t all[32];

    if (r > 15 || n > sizeof(all) ||
        ((n > 16 || zero_rest) && !(cpu_features.xcr0_max & BIT(2))))
        return false;
    if (zero_rest || n > 16) {
        memset(all, 0, sizeof(all));
        if (!zero_rest)
            ymm_get(r, all);
        memcpy(all, buf, n);
        ymm_put(r, all);
    } else {
        xmm_get(r, all);
        memcpy(all, buf, n);
        xmm_put(r, all);
    }
    return true;
}
