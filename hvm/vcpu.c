/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware half of a vCPU: created and freed, its reset state as data,
 * and what changes hands when it gets or leaves a CPU - FPU, debug
 * registers, the few MSRs that the world switch does not cover.
 */
#include "hvm/vcpu.h"

#include "hvm/dev/timers.h"
#include "hvm/mem/peek.h"
#include "hvm/policy/spec-ctrl.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/lib/string.h"

void hvm_fpu_save(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    if (cpu_features.xsave) {
        /* All components, whatever the guest has enabled by now. */
        xsetbv(0, cpu_features.xcr0_max);
        asm volatile("xsave64 (%0)" : : "r"(hv->xsave), "a"(~0u), "d"(~0u)
                     : "memory");
    } else {
        asm volatile("fxsave64 (%0)" : : "r"(hv->xsave) : "memory");
    }
}

void hvm_fpu_load(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    if (cpu_features.xsave) {
        xsetbv(0, cpu_features.xcr0_max);
        asm volatile("xrstor64 (%0)" : : "r"(hv->xsave), "a"(~0u), "d"(~0u)
                     : "memory");
        xsetbv(0, hv->xcr0);
    } else {
        asm volatile("fxrstor64 (%0)" : : "r"(hv->xsave) : "memory");
    }
}

void hvm_switch_from(struct vcpu *v)
{
    uint64_t *dr = v->hvm->dr;

    hvm_fpu_save(v);
    asm volatile("mov %%dr0, %0" : "=r"(dr[0]));
    asm volatile("mov %%dr1, %0" : "=r"(dr[1]));
    asm volatile("mov %%dr2, %0" : "=r"(dr[2]));
    asm volatile("mov %%dr3, %0" : "=r"(dr[3]));
    hvm_ops.vcpu_save(v);
}

/* Whose vCPU ran last on this CPU: its predictions are not the next one's. */
static DEFINE_PERCPU(domid_t, last_domain);

void hvm_switch_to(struct vcpu *v)
{
    domid_t *last = &this_cpu(last_domain);
    const uint64_t *dr = v->hvm->dr;
    struct timer *t = &v->hvm->lapic->timer;

    if (spec.state[SPEC_IBPB] == SPEC_ON && *last != v->domain->id) {
        *last = v->domain->id;
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
    hvm_fpu_load(v);
    asm volatile("mov %0, %%dr0" : : "r"(dr[0]));
    asm volatile("mov %0, %%dr1" : : "r"(dr[1]));
    asm volatile("mov %0, %%dr2" : : "r"(dr[2]));
    asm volatile("mov %0, %%dr3" : : "r"(dr[3]));
    if (cpu_features.rdtscp)
        wrmsr(MSR_TSC_AUX, v->hvm->msr.tsc_aux);
    hvm_ops.vcpu_load(v);
    peek_update(v);
    if (t->cpu != cpu_id()) {
        timer_migrate(t);
        if (v->id == 0)
            ticks_migrate(v->domain->hvm->route);
    }
    pvtime_refresh(v);
}

/* After RESET and after a start-up IPI: real mode, SDM 3A 10.1.1. */
static const struct {
    enum hvm_reg reg;
    uint64_t val;
} reset_regs[] = {
    { REG_EFER, 0 }, { REG_CR0, CR0_ET }, { REG_CR2, 0 }, { REG_CR3, 0 },
    { REG_CR4, 0 }, { REG_DR6, 0xffff0ff0 }, { REG_DR7, 0x400 },
    { REG_GDTR_BASE, 0 }, { REG_GDTR_LIMIT, 0xffff },
    { REG_IDTR_BASE, 0 }, { REG_IDTR_LIMIT, 0xffff },
};

void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip)
{
    static const uint8_t attr[NR_HVM_SEGS] = { /* in order of enum hvm_seg */
        0x93, 0x9b, 0x93, 0x93, 0x93, 0x93, 0x82, 0x8b
    };
    struct hvm_vcpu *hv = v->hvm;

    memset(&hv->regs, 0, sizeof(hv->regs));
    hv->regs.rip = rip;
    hv->regs.rflags = RFLAGS_MBS;
    hv->regs.gpr[RDX] = cpu_features.family << 8; /* as CPUID.1 EAX would */
    for (unsigned int i = 0; i < ARRAY_SIZE(reset_regs); i++)
        hvm_set_reg(v, reset_regs[i].reg, reset_regs[i].val);
    for (unsigned int s = 0; s < NR_HVM_SEGS; s++) {
        uint16_t sel = s == SEG_CS ? cs : 0;

        hvm_set_seg(v, s, &(struct segment){ sel, attr[s], 0xffff,
                                             (uint64_t)sel << 4 });
    }
    hvm_ops.set_shadow(v, 0);
    hv->event.valid = false;
    hv->displaced.valid = false;
    hv->halted = hv->stopped = false;
    tlb_tag_drop(&hv->tlb_tag);
}

BUILD_BUG_ON(MAX_VCPUS_PER_DOMAIN > APICBUS_MAX);

/* All of it is one allocation, which is 256 KiB for the recorder's sake. */
struct vcpu_parts {
    _Alignas(PAGE_SIZE) uint8_t apic_page[PAGE_SIZE];
    struct hvm_vcpu hvm;
    struct vlapic lapic;
    struct recorder rec;
    _Alignas(64) uint8_t xsave[];
};

int hvm_vcpu_init(struct vcpu *v)
{
    struct vcpu_parts *p = heap_alloc(sizeof(*p) + MAX(PAGE_SIZE,
                                                  cpu_features.xsave_size));
    struct hvm_vcpu *hv;
    int rc;

    if (!p)
        return -ENOMEM;
    hv = v->hvm = &p->hvm;
    hv->xsave = p->xsave;
    hv->rec = &p->rec;
    hv->lapic = &p->lapic;
    vlapic_init(hv->lapic, v->domain->hvm->route, v->id, p->apic_page);
    /* After RESET, in FXSAVE's layout (SDM vol. 1 10.5): as by FNINIT, and
     * MXCSR. */
    *(uint16_t *)hv->xsave = 0x37f;
    *(uint32_t *)((char *)hv->xsave + 24) = 0x1f80;
    hv->xcr0 = 1;
    hv->msr.misc_enable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS |
                          MISC_ENABLE_NO_PEBS;
    hvm_spec_update(v);
    rc = hvm_ops.vcpu_init(v);
    if (rc)
        return rc;
    /* The TSC counts from the domain's creation, the same on all vCPUs. */
    hvm_tsc_shift(v, v->domain->hvm->tsc_offset);
    hvm_vcpu_reset(v, 0xf000, 0xfff0);
    hv->wait_sipi = v->id != 0;
    atomic_set_bit(PENDING_IRQ, &v->pending);
    return 0;
}

void hvm_vcpu_exit(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    if (!hv)
        return;
    /* Off the APIC bus before the vendor's half of it goes. */
    vlapic_exit(hv->lapic);
    if (hv->vendor)
        hvm_ops.vcpu_exit(v);
    heap_free(container_of(hv, struct vcpu_parts, hvm));
    v->hvm = NULL;
}

void hvm_vcpu_stopped(struct vcpu *v)
{
    /* Of two that stop at once one at least sees that the other did. */
    smp_mb();
    for_vcpus (v->domain, other)
        if (hvm_vcpu_is_up(other))
            return;
    domain_shutdown(v->domain, SHUTDOWN_poweroff);
}
