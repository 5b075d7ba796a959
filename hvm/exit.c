/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The neutral exit table, the handlers of all that is no access (hvm/access.c)
 * or hypercall, and the recorder's reports.
 */
#include "hvm/vcpu.h"

#include "hvm/insn.h"
#include "hvm/irq/route.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/msr-table.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/irq.h"

__attribute__((noinline)) void hvm_end_insn(struct vcpu *v, bool step)
{
    unsigned int shadow = hvm_ops.shadow(v);

    if (shadow & SHADOW_STI_MOVSS)
        hvm_ops.set_shadow(v, shadow & SHADOW_NMI);
    if (step) {
        hvm_set_reg(v, REG_DR6, hvm_get_reg(v, REG_DR6) | BIT(14));
        hvm_raise(v, VEC_DB, 0, 0);
    }
}

/* In place, and its calls at the end: the usual way saves no register. */
static inline __attribute__((always_inline)) void
advance(struct vcpu *v, const struct vmexit *e, unsigned int len)
{
    struct regs *r = vcpu_regs(v);
    uint64_t rip = r->rip + len;

    /* Only 64-bit code goes on beyond 4 GiB. */
    if (unlikely((rip ^ r->rip) >> 32) && hvm_mode(v) != MODE_64)
        rip = (uint32_t)rip;
    r->rip = rip;
    r->rflags &= ~RFLAGS_RF;
    if (unlikely(e->in_shadow || (r->rflags & RFLAGS_TF)))
        hvm_end_insn(v, r->rflags & RFLAGS_TF);
}

static __attribute__((noinline)) void
advance_decoded(struct vcpu *v, const struct vmexit *e)
{
    advance(v, e, hvm_insn_length(v, e));
}

/* Steps over the instruction of exit e; its trap flag fires. */
static void hvm_advance(struct vcpu *v, const struct vmexit *e)
{
    if (e->insn_len)
        advance(v, e, e->insn_len);
    else
        advance_decoded(v, e);
}

/* The instruction faults instead. */
static enum exit_verdict refuse(struct vcpu *v, unsigned int vector)
{
    hvm_raise(v, vector, 0, 0);
    return VERDICT_RESUME;
}

static enum exit_verdict exit_host_irq(struct vcpu *v, const struct vmexit *e)
{
    if (e->irq_vector)
        irq_dispatch(e->irq_vector);
    else
        cpu_take_interrupts();
    return VERDICT_RESUME;
}

static enum exit_verdict exit_window(struct vcpu *v, const struct vmexit *e)
{
    vcpu_kick(v, PENDING_IRQ);
    return VERDICT_RESUME;
}

static enum exit_verdict exit_cpuid(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *gpr = vcpu_regs(v)->gpr;
    struct cpuid_regs r;

    cpuid_guest(v, (uint32_t)gpr[RAX], (uint32_t)gpr[RCX], &r);
    gpr[RAX] = r.a;
    gpr[RBX] = r.b;
    gpr[RCX] = r.c;
    gpr[RDX] = r.d;
    return VERDICT_ADVANCE;
}

static enum exit_verdict exit_hlt(struct vcpu *v, const struct vmexit *e)
{
    struct hvm_vcpu *hv = v->hvm;

    if (!hv->halted)
        hvm_advance(v, e);
    hv->halted = true;
    /* Only an NMI could end HLT with interrupts off: this is how a kernel
     * stops its CPU for good, and its machine if it knows no better. */
    if (!(vcpu_regs(v)->rflags & RFLAGS_IF) && !hv->event.valid) {
        WRITE_ONCE(hv->stopped, true);
        hvm_vcpu_stopped(v);
    }
    hvm_wait_for_event(v);
    return VERDICT_RESUME;
}

/* Kinds that come seldom and need little. */
static enum exit_verdict exit_rare(struct vcpu *v, const struct vmexit *e)
{
    switch (e->kind) {
    case EXIT_HOST_NMI: /* held while GIF was clear, and taken by now */
    case EXIT_INIT:
    case EXIT_LOG_FULL:
        break;
    case EXIT_EXCEPTION: /* intercepted for Lodge's sake only: reflected */
        if (e->exception.vector == VEC_MC)
            panic("Machine check while d%uv%u ran\n", v->domain->id, v->id);
        hvm_raise_event(v, &e->exception);
        break;
    case EXIT_SHUTDOWN:
        hvm_triple_fault(v);
        break;
    case EXIT_WBINVD: /* guest memory is write-back: nothing to write back */
        return VERDICT_ADVANCE;
    case EXIT_MONITOR:
    case EXIT_MWAIT:
    case EXIT_UNDEFINED:
        return refuse(v, VEC_UD);
    case EXIT_RDPMC: /* guests have no performance counters */
        return refuse(v, VEC_GP);
    case EXIT_TASK_SWITCH:
        domain_crash(v->domain, "hardware task switch to selector %#x is not "
                     "supported", e->task_sel);
        break;
    case EXIT_ENTRY_FAILED:
        hvm_ops.dump(v);
        domain_crash(v->domain, "the CPU refuses the state of vCPU %u", v->id);
        break;
    default:
        hvm_ops.dump(v);
        domain_crash(v->domain, "exit of unknown reason %#lx", e->code);
    }
    return VERDICT_RESUME;
}

static enum exit_verdict exit_apic_write(struct vcpu *v,
                                         const struct vmexit *e)
{
    vlapic_written(v->hvm->lapic, e->apic_offset);
    return VERDICT_RESUME;
}

static enum exit_verdict exit_apic_eoi(struct vcpu *v, const struct vmexit *e)
{
    vioapic_eoi(v->domain->hvm->route, e->eoi_vector);
    return VERDICT_RESUME;
}

/* The policy table decides (hvm/policy/msr-table.h). */
static enum exit_verdict exit_msr(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *gpr = vcpu_regs(v)->gpr, val;
    uint32_t index = (uint32_t)gpr[RCX];
    int rc;

    if (e->msr_write) {
        val = (uint32_t)gpr[RAX] | gpr[RDX] << 32;
        rc = msr_write(v, index, val);
    } else {
        rc = msr_read(v, index, &val);
        if (!rc) {
            gpr[RAX] = (uint32_t)val;
            gpr[RDX] = val >> 32;
        }
    }
    return rc ? refuse(v, VEC_GP) : VERDICT_ADVANCE;
}

/*
 * Writes to control registers and XCR0. CR reads never exit. CR4 bits that
 * the guest's CPUID does not offer fault, as on a CPU without them; CR0 and
 * CR3 are the CPU's own business under nested paging.
 */

/* False: #GP. SDM vol. 3A 2.5, APM vol. 2 3.1.3. */
static bool cr_valid(struct vcpu *v, unsigned int cr, uint64_t val)
{
    uint64_t set;
    bool lma;

    if (cr == 0)
        return !(val >> 32) && (!(val & CR0_PG) || (val & CR0_PE)) &&
               (!(val & CR0_NW) || (val & CR0_CD));
    if (cr == 8)
        return !(val >> 4);
    if (cr != 4 || (val & ~cpuid_guest_cr4(v)))
        return false;
    set = val & ~hvm_get_reg(v, REG_CR4);
    lma = hvm_get_reg(v, REG_EFER) & EFER_LMA;
    if ((set & CR4_PCIDE) && (!lma || (hvm_get_reg(v, REG_CR3) & 0xfff)))
        return false;
    /* Long mode cannot lose PAE. */
    return (val & CR4_PAE) || !lma;
}

/*
 * A MOV to a control register; the CPU has checked CPL and number. Where it
 * does not say which register is moved, the instruction does; if that has
 * changed meanwhile the guest runs it again.
 */
static enum exit_verdict exit_cr_write(struct vcpu *v, const struct vmexit *e)
{
    unsigned int cr = e->cr.cr, gpr = e->cr.gpr, len = e->insn_len;
    struct insn i;
    uint64_t val;

    if (!e->cr.gpr_valid || !len) {
        if (!hvm_decode(v, &i) || i.map != INSN_MAP_0F || i.opcode != 0x22)
            return VERDICT_RESUME;
        gpr = i.rm;
        len = i.len;
    }
    val = vcpu_regs(v)->gpr[gpr];
    if (hvm_mode(v) != MODE_64)
        val = (uint32_t)val;
    if (!cr_valid(v, cr, val))
        return refuse(v, VEC_GP);
    if (cr == 8) {
        hvm_ops.set_tpr(v, (unsigned int)val);
        vlapic_set_tpr(v->hvm->lapic, (uint8_t)(val << 4));
        vcpu_kick(v, PENDING_IRQ);
    } else {
        hvm_set_reg(v, cr ? REG_CR4 : REG_CR0, cr ? val : val | CR0_ET);
        /* Mode changes and CR4.PGE, CR0.PG drop cached translations. */
        tlb_tag_drop(&v->hvm->tlb_tag);
    }
    advance(v, e, len);
    return VERDICT_RESUME;
}

static enum exit_verdict exit_xsetbv(struct vcpu *v, const struct vmexit *e)
{
    const uint64_t *gpr = vcpu_regs(v)->gpr;
    uint64_t val = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

    if (!(hvm_get_reg(v, REG_CR4) & CR4_OSXSAVE))
        return refuse(v, VEC_UD);
    if (hvm_cpl(v) || (uint32_t)gpr[RCX] || !cpuid_xcr0_valid(v, val))
        return refuse(v, VEC_GP);
    v->hvm->xcr0 = val;
    xsetbv(0, val);
    return VERDICT_ADVANCE;
}

static exit_fn *const exit_table[EXIT_KINDS] = {
#define X(name, handler, text) exit_##handler,
    EXIT_KINDS_LIST(X)
#undef X
};

const char *const exit_names[EXIT_KINDS] = {
#define X(name, handler, text) text,
    EXIT_KINDS_LIST(X)
#undef X
};

/* What the recorder keeps besides RIP and the code. */
static uint64_t record_info(const struct vcpu *v, const struct vmexit *e)
{
    switch (e->kind) {
    case EXIT_PIO:
        return e->pio.port | (uint64_t)e->pio.size << 16 |
               (uint64_t)e->pio.in << 24;
    case EXIT_NPF:
        return e->npf.gpa.raw;
    case EXIT_MSR:
        return v->hvm->regs.gpr[RCX] | (uint64_t)e->msr_write << 32;
    case EXIT_CPUID:
    case EXIT_HYPERCALL:
        return v->hvm->regs.gpr[RAX];
    case EXIT_EXCEPTION:
        return e->exception.cr2;
    default:
        return 0;
    }
}

void hvm_handle_exit(struct vcpu *v, const struct vmexit *e)
{
    v->hvm->exits[e->kind]++;
    recorder_add(v->hvm->rec, e->kind, e->code, vcpu_regs(v)->rip,
                 record_info(v, e));
    if (exit_table[e->kind](v, e) == VERDICT_ADVANCE)
        hvm_advance(v, e);
}

void recorder_print(struct vcpu *v, unsigned int n)
{
    const struct recorder *r = v->hvm->rec;
    uint32_t end = r->next, from;

    n = MIN(n, MIN(end, RECORDER_ENTRIES));
    log_err("Last %u of %u exits and injections of d%uv%u:\n", n, end,
            v->domain->id, v->id);
    for (from = end - n; from != end; from++) {
        const struct record *e = &r->entry[from % RECORDER_ENTRIES];

        if (e->kind == RECORD_INJECT)
            log_err("  %lu rip %lx injected vector %lx\n", e->tsc, e->rip,
                    e->info);
        else
            log_err("  %lu rip %lx %s (code %x) %lx\n", e->tsc, e->rip,
                    exit_names[e->kind], e->code, e->info);
    }
}

void hvm_crash_report(struct domain *d)
{
    if (current->domain == d && current->hvm)
        recorder_print(current, 16);
}
