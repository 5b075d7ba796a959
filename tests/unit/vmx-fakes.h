/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of hvm/vmx share: a CPU's capability MSRs, the functions that
 * hvm/vmx calls, and a WRMSR that aborts where a CPU would fault. Include once
 * in a test program, after hvm-fakes.h.
 */
#pragma once

#include "hvm/irq/vlapic.h"
#include "hvm/policy/cpuid.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/x86/time.h"
#include "hypervisor/x86/traps.h"

/* --- The machine. --- */

const char vmx_exit_point[1];

struct tss {
    uint8_t bytes[104];
};
FAKE DEFINE_PERCPU(struct tss, host_tss);
FAKE DEFINE_PERCPU(uint64_t, host_gdt)[5];
FAKE uint64_t host_idt[256][2];
FAKE uint64_t tsc_hz = 2000000000;
FAKE struct tsc_scaling tsc_scaling;

static inline bool fake_canonical(uint64_t a)
{
    return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

void wrmsr(uint32_t index, uint64_t val)
{
    bool address = index == MSR_LSTAR || index == MSR_CSTAR ||
                   index == MSR_KERNEL_GS_BASE;

    if ((address && !fake_canonical(val)) ||
        (index == MSR_SFMASK && val >> 32)) {
        fprintf(stderr, "wrmsr(%#x, %#llx)\n", index,
                (unsigned long long)val);
        abort();
    }
    fake_msr_set(index, val);
}

/* --- What a guest is offered. --- */

static uint64_t fake_guest_cr4 = 0x7707ff; /* all but VMXE, UMIP, LA57 */

FAKE uint64_t cpuid_guest_cr4(const struct vcpu *v) { return fake_guest_cr4; }

/* Features that were hidden since the test cleared this. */
static bool fake_hidden[1024];

FAKE void cpuid_hide(unsigned int feature)
{
    if (feature >= ARRAY_SIZE(fake_hidden))
        abort();
    fake_hidden[feature] = true;
}

/* No rules, unless the test links the real ones. */
FAKE void msr_rules_open(void (*open)(void *map, uint32_t index, bool read,
                                      bool write), void *map)
{
}

/* --- Capabilities. --- */

/* Words: what must be one below, what may be one above. */
static inline uint64_t fake_word(uint32_t must, uint64_t may)
{
    return must | may << 32;
}

/* A CPU of today: bits that must be one as on Skylake. */
static inline void fake_caps_set(void)
{
    fake_msr_set(MSR_VMX_BASIC, BIT(55) | 0x00da040000000004);
    fake_msr_set(MSR_VMX_PIN, fake_word(0x16, 0x7f));
    fake_msr_set(MSR_VMX_PROC, fake_word(0x0401e172, 0xfff9fffe));
    fake_msr_set(MSR_VMX_EXIT, fake_word(0x00036dff, 0x01ffffff));
    fake_msr_set(MSR_VMX_ENTRY, fake_word(0x000011ff, 0x0003ffff));
    fake_msr_set(MSR_VMX_TRUE_PIN, fake_word(0x16, 0x7f));
    fake_msr_set(MSR_VMX_TRUE_PROC, fake_word(0x04006172, 0xfff9fffe));
    fake_msr_set(MSR_VMX_TRUE_EXIT, fake_word(0x00036dfb, 0x01ffffff));
    fake_msr_set(MSR_VMX_TRUE_ENTRY, fake_word(0x000011fb, 0x0003ffff));
    fake_msr_set(MSR_VMX_PROC2, fake_word(0, 0x005fbcff));
    fake_msr_set(MSR_VMX_EPT_VPID_CAP, 0xf0106734141);
    fake_msr_set(MSR_VMX_MISC, 0x7004c1e7);
    fake_msr_set(MSR_VMX_CR0_FIXED0, CR0_PG | CR0_NE | CR0_PE);
    fake_msr_set(MSR_VMX_CR0_FIXED1, 0xffffffff);
    fake_msr_set(MSR_VMX_CR4_FIXED0, CR4_VMXE);
    fake_msr_set(MSR_VMX_CR4_FIXED1, 0x7727ff);
    fake_msr_set(MSR_FEATURE_CONTROL,
                 FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMXON);
    fake_msr_set(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
    for (uint32_t m = MSR_STAR; m <= MSR_SFMASK; m++)
        fake_msr_set(m, 0);
    fake_msr_set(MSR_KERNEL_GS_BASE, 0);
}

/* Frames of which the CPU logged a write, in the order they were handed on. */
static uint64_t fake_dirtied[600];
static unsigned int fake_nr_dirtied;

FAKE void guest_frame_dirtied(struct domain *d, gfn_t g)
{
    if (fake_nr_dirtied == ARRAY_SIZE(fake_dirtied))
        abort();
    fake_dirtied[fake_nr_dirtied++] = g.raw;
}

/* --- Local APICs, which the CPU does not keep unless the test says so. --- */

static struct vlapic fake_lapic[NR_DOMS][NR_VCPUS];

FAKE void vlapic_take_posted(struct vlapic *a) {}
FAKE int vlapic_highest_irr(struct vlapic *a) { return -1; }

static inline void fake_lapics_create(void)
{
    memset(fake_lapic, 0, sizeof(fake_lapic));
    for (unsigned int i = 0; i < NR_DOMS; i++)
        for (unsigned int n = 0; n < NR_VCPUS; n++)
            doms[i].hv[n].lapic = &fake_lapic[i][n];
}

/* Domain 1's first vCPU under VT-x. */
static inline struct vcpu *fake_vmx_start(void)
{
    struct vcpu *v;

    fake_doms_create();
    fake_lapics_create();
    v = &doms[1].v[0];
    hvm_ops = vmx_ops;
    fake_caps_set();
    if (hvm_ops.cpu_enable() || hvm_ops.vcpu_init(v))
        abort();
    return v;
}
