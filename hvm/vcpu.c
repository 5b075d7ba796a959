/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware half of a vCPU: created and freed, its reset state as data,
 * and what changes hands when it gets or leaves a CPU - FPU, debug
 * registers, the few MSRs that the world switch does not cover.
 */
#include "hvm/vcpu.h"

#include "hvm/base/hvm.h"
#include "hvm/devices.h"
#include "hvm/event.h"
#include "hvm/irq/route.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/peek.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/pvtime.h"
#include "hvm/recorder.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/page.h"
#include "hypervisor/x86/features.h"

#define FXSAVE_SIZE 512u
#define XSAVE_HEADER 64u
#define MXCSR_DEFAULT 0x1f80u
#define FCW_DEFAULT 0x37fu /* after FNINIT */
#define FCW_RESET 0x40u    /* after RESET */

static unsigned int xsave_bytes(void)
{
    return cpu_features.xsave ? cpu_features.xsave_size : FXSAVE_SIZE;
}

/* x87 and SSE state after RESET, in FXSAVE's layout (SDM vol. 1 10.5). */
static void fpu_reset(struct hvm_vcpu *hv)
{
    uint8_t *area = hv->xsave;

    memset(area, 0, xsave_bytes());
    *(uint16_t *)area = FCW_DEFAULT;
    *(uint32_t *)(area + 24) = MXCSR_DEFAULT;
    hv->xcr0 = 1;
}

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

static void dr_save(struct hvm_vcpu *hv)
{
    asm volatile("mov %%dr0, %0" : "=r"(hv->dr[0]));
    asm volatile("mov %%dr1, %0" : "=r"(hv->dr[1]));
    asm volatile("mov %%dr2, %0" : "=r"(hv->dr[2]));
    asm volatile("mov %%dr3, %0" : "=r"(hv->dr[3]));
}

static void dr_load(const struct hvm_vcpu *hv)
{
    asm volatile("mov %0, %%dr0" : : "r"(hv->dr[0]));
    asm volatile("mov %0, %%dr1" : : "r"(hv->dr[1]));
    asm volatile("mov %0, %%dr2" : : "r"(hv->dr[2]));
    asm volatile("mov %0, %%dr3" : : "r"(hv->dr[3]));
}

void hvm_switch_from(struct vcpu *v)
{
    hvm_fpu_save(v);
    dr_save(v->hvm);
    hvm_ops.vcpu_save(v);
}

/* Whose vCPU ran last on this CPU: its predictions are not the next one's. */
static DEFINE_PERCPU(domid_t, last_domain);

static void forget_other_domain(const struct vcpu *v)
{
    domid_t *last = &this_cpu(last_domain);

    if (*last != v->domain->id) {
        *last = v->domain->id;
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
}

void hvm_switch_to(struct vcpu *v)
{
    if (spec.ibpb)
        forget_other_domain(v);
    hvm_fpu_load(v);
    dr_load(v->hvm);
    if (cpu_features.rdtscp)
        wrmsr(MSR_TSC_AUX, v->hvm->msr.tsc_aux);
    hvm_ops.vcpu_load(v);
    peek_switch(v);
    devices_vcpu_moved(v);
    pvtime_refresh(v);
}

/* Segments after RESET and after a start-up IPI: real mode, SDM 3A 10.1.1. */
static const struct segment reset_data = { 0, 0x93, 0xffff, 0 };
static const struct segment reset_ldtr = { 0, 0x82, 0xffff, 0 };
static const struct segment reset_tr = { 0, 0x8b, 0xffff, 0 };

static const struct {
    enum hvm_reg reg;
    uint64_t val;
} reset_regs[] = {
    { REG_EFER, 0 },
    { REG_CR0, CR0_ET },
    { REG_CR2, 0 },
    { REG_CR3, 0 },
    { REG_CR4, 0 },
    { REG_DR6, 0xffff0ff0 },
    { REG_DR7, 0x400 },
    { REG_GDTR_BASE, 0 },
    { REG_GDTR_LIMIT, 0xffff },
    { REG_IDTR_BASE, 0 },
    { REG_IDTR_LIMIT, 0xffff },
};

void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip)
{
    struct hvm_vcpu *hv = v->hvm;
    struct segment code = { cs, 0x9b, 0xffff, (uint64_t)cs << 4 };

    memset(&hv->regs, 0, sizeof(hv->regs));
    hv->regs.rip = rip;
    hv->regs.rflags = RFLAGS_MBS;
    hv->regs.gpr[RDX] = cpu_features.family << 8; /* as CPUID.1 EAX would */
    for (unsigned int i = 0; i < ARRAY_SIZE(reset_regs); i++)
        hvm_set_reg(v, reset_regs[i].reg, reset_regs[i].val);
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, s == SEG_CS ? &code : &reset_data);
    hvm_set_seg(v, SEG_LDTR, &reset_ldtr);
    hvm_set_seg(v, SEG_TR, &reset_tr);
    hvm_ops.set_shadow(v, 0);
    hv->event.valid = false;
    hv->displaced.valid = false;
    hv->halted = hv->stopped = false;
    hvm_ops.flush_guest(v);
}

/* The guest's TSC counts from the domain's creation, the same on all vCPUs. */
static void tsc_init(struct vcpu *v)
{
    v->hvm->tsc_offset = v->domain->hvm->tsc_offset;
    hvm_ops.set_tsc(v, v->hvm->tsc_offset);
}

int hvm_vcpu_init(struct vcpu *v)
{
    struct hvm_vcpu *hv = heap_alloc(sizeof(*hv));
    int rc;

    if (!hv)
        return -ENOMEM;
    v->hvm = hv;
    hv->xsave = heap_alloc(PAGE_SIZE > xsave_bytes() ? PAGE_SIZE
                                                     : xsave_bytes());
    hv->rec = heap_alloc(sizeof(*hv->rec));
    if (!hv->xsave || !hv->rec)
        return -ENOMEM;
    fpu_reset(hv);
    hv->msr.misc_enable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS |
                          MISC_ENABLE_NO_PEBS;
    hvm_spec_update(v);
    rc = devices_vcpu_init(v);
    if (!rc)
        rc = hvm_ops.vcpu_init(v);
    if (rc)
        return rc;
    tsc_init(v);
    if (!v->id)
        pvtime_update_wallclock(v->domain);
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
    if (hv->vendor)
        hvm_ops.vcpu_exit(v);
    devices_vcpu_exit(v);
    heap_free(hv->rec);
    heap_free(hv->xsave);
    heap_free(hv);
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

void hvm_vcpu_work(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    pvtime_update(v);
    /* The upcall's line: here and not where the event was sent, because
     * that holds lock EVTCHN. */
    if (atomic_xchg(&hv->callback_wanted, false) &&
        READ_ONCE(v->info->evtchn_upcall_pending)) {
        hv->callback_line = true;
        route_callback_set(v->domain->hvm->route, true);
    }
}
