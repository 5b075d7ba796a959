/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices for tests of save records: each has one record, which its save
 * gives and its load takes, and refuses when its first byte is 0xee. The
 * records of vCPUs and their order are hvm/save's own. Include once, after
 * hvm-fakes.h; link hvm/policy/cpuid.c.
 */
#pragma once

#include "hvm/dev/timers.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/cpuid.h"
#include "hvm/save/records.h"
#include "hypervisor/x86/time.h"

static struct cpu_policy record_policy;
static unsigned int device_loads;

#define RECORD(save, load, owner, type)                                     \
    static struct type rec_##save;                                          \
    void save(struct owner *o, struct type *rec) { *rec = rec_##save; }     \
    int load(struct owner *o, const struct type *rec)                       \
    {                                                                       \
        device_loads++;                                                     \
        if (*(const uint8_t *)rec == 0xee)                                  \
            return -EINVAL;                                                 \
        rec_##save = *rec;                                                  \
        return 0;                                                           \
    }

RECORD(vlapic_save_hidden, vlapic_load_hidden, vlapic, hvm_hw_lapic)
RECORD(vlapic_save_regs, vlapic_load_regs, vlapic, hvm_hw_lapic_regs)
RECORD(route_save_intx, route_load_intx, route, hvm_hw_pci_irqs)
RECORD(route_save_isa, route_load_isa, route, hvm_hw_isa_irqs)
RECORD(route_save_link, route_load_link, route, hvm_hw_pci_link)
RECORD(pit_save, pit_load, pit, hvm_hw_pit)
RECORD(rtc_save, rtc_load, rtc, hvm_hw_rtc)
RECORD(hpet_save, hpet_load, hpet, hvm_hw_hpet)
RECORD(pmtimer_save, pmtimer_load, pmtimer, hvm_hw_pmtimer)

static struct hvm_hw_vioapic rec_ioapic;

int vioapic_save(struct route *r, struct hvm_hw_vioapic *rec)
{
    *rec = rec_ioapic;
    return 0;
}

int vioapic_load(struct route *r, const struct hvm_hw_vioapic *rec)
{
    rec_ioapic = *rec;
    return 0;
}

int vpic_load(struct route *r, unsigned int chip,
              const struct hvm_hw_vpic *rec)
{
    r->pic[chip] = *rec; /* UBSan checks chip */
    return 0;
}

FAKE uint64_t tsc_hz = 2000000000;
FAKE uint64_t tsc_at_boot;
FAKE bool tsc_is_reliable = true;

/* What domains were given, 0: nothing yet; and what that returns. */
FAKE uint64_t fake_tsc_khz;
FAKE int fake_tsc_rc;

FAKE int hvm_set_tsc_khz(struct domain *d, uint64_t khz)
{
    fake_tsc_khz = khz;
    return fake_tsc_rc;
}

FAKE bool hvm_lapic_enabled(const struct vcpu *v)
{
    return true;
}

FAKE void vcpu_up(struct vcpu *v)
{
    v->down = false;
}

/* Gives d every device, its vCPUs local APICs, a policy with AVX-512. */
static inline void record_devices(struct domain *d)
{
    static struct route route;
    static struct pit pit;
    static struct rtc rtc;
    static struct hpet hpet;
    static struct pmtimer pm;
    static struct vlapic apic;
    static const uint16_t features[] = {
        XEN_X86_FEATURE_LM, XEN_X86_FEATURE_NX,
        XEN_X86_FEATURE_PAE, XEN_X86_FEATURE_PSE, XEN_X86_FEATURE_PGE,
        XEN_X86_FEATURE_FXSR, XEN_X86_FEATURE_SSE, XEN_X86_FEATURE_XSAVE,
    };

    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        *cpu_policy_word(&record_policy, i) = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
        *cpu_policy_word(&record_policy, features[i] / 32) |=
            1u << features[i] % 32;
    record_policy.xstate[0].a = 0xe7;
    cpu_features.xsave = true;
    cpu_features.xcr0_max = 0xe7;
    cpu_features.xsave_size = 576 + 256 + 64 + 512 + 1024;
    route.has_pic = true;
    d->hvm->route = &route;
    d->hvm->pit = &pit;
    d->hvm->rtc = &rtc;
    d->hvm->hpet = &hpet;
    d->hvm->pm = &pm;
    d->hvm->cpuid = &record_policy;
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        d->vcpu[i]->hvm->lapic = &apic;
        d->vcpu[i]->hvm->xcr0 = 1;
        *(uint32_t *)((char *)d->vcpu[i]->hvm->xsave + 24) = 0x1f80;
    }
}
