/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into the guest: EVENTINJ, interrupt and NMI windows, what an exit
 * cut short (APM vol. 2 15.20, 15.21).
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/x86/features.h"

/*
 * Work-around for QEMU's TCG only: EVENTINJ of an external interrupt leaves
 * a stale pending exception there, and the vector may be delivered twice.
 * There, and nowhere else, interrupts go in by V_IRQ; one that was not taken
 * before the exit counts as cut short.
 */
static bool inject_by_v_irq(void)
{
    return cpu_features.emulator_tcg;
}

void svm_inject(struct vcpu *v, const struct hvm_event *ev)
{
    struct vmcb *b = vmcb_of(v);
    uint64_t w = ev->vector | (uint64_t)ev->type << VMCB_EVENT_TYPE_SHIFT |
                 VMCB_EVENT_VALID;

    if (ev->type == EVENT_INTR && inject_by_v_irq()) {
        vmcb_intercept(b, VMCB_MISC1, MISC1_VINTR, false);
        vmcb_set_vintr(b, (vmcb_vintr(b) & (VINTR_TPR | VINTR_MASKING)) |
                              VINTR_IRQ | VINTR_IGN_TPR | VINTR_PRIO_MAX |
                              (uint64_t)ev->vector << VINTR_VECTOR_SHIFT);
        return;
    }
    if (ev->has_error)
        w |= VMCB_EVENT_HAS_ERROR | (uint64_t)ev->error << 32;
    /* Software events push the RIP they should return to. */
    if (ev->type >= EVENT_SOFT_INT) {
        vcpu_regs(v)->rip += ev->insn_len;
        if (ev->type == EVENT_SOFT_EXC || ev->type == EVENT_PRIV_SOFT)
            w = (w & ~(7ull << VMCB_EVENT_TYPE_SHIFT)) |
                (uint64_t)EVENT_EXCEPTION << VMCB_EVENT_TYPE_SHIFT;
    }
    if (ev->type == EVENT_EXCEPTION && ev->vector == VEC_PF)
        vmcb_set_cr2(b, ev->cr2);
    if (ev->type == EVENT_NMI) {
        svm_of(v)->nmi_masked = true;
        svm_of(v)->iret_rip = 0;
        vmcb_intercept(b, VMCB_MISC1, MISC1_IRET, true);
    }
    vmcb_set_eventinj(b, w);
}

/* After an exit, if svm_was_interrupted(): an event that was not delivered goes
 * back into v->hvm->event. */
void svm_collect_interrupted(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);
    struct hvm_event *ev = &v->hvm->event;
    uint64_t info = b->exitintinfo;

    if (unlikely(b->eventinj_))
        b->eventinj_ = 0;
    if (unlikely(inject_by_v_irq() && (vmcb_vintr(b) & VINTR_IRQ) &&
                 !(b->intercept_[VMCB_MISC1] & MISC1_VINTR))) {
        *ev = (struct hvm_event){
            .valid = true, .type = EVENT_INTR,
            .vector = (uint8_t)(vmcb_vintr(b) >> VINTR_VECTOR_SHIFT) };
        vmcb_set_vintr(b, vmcb_vintr(b) & (VINTR_TPR | VINTR_MASKING));
    }
    if (unlikely(svm_of(v)->window_late)) {
        svm_of(v)->window_late = false;
        vcpu_kick(v, PENDING_IRQ);
    }
    if (likely(!(info & VMCB_EVENT_VALID)))
        return;
    *ev = (struct hvm_event){
        .valid = true,
        .type = (uint8_t)(info >> VMCB_EVENT_TYPE_SHIFT & 7),
        .vector = (uint8_t)info,
        .has_error = info & VMCB_EVENT_HAS_ERROR,
        .error = (uint32_t)(info >> 32),
        .cr2 = vmcb_cr2(b),
    };
    switch (ev->type) {
    case EVENT_EXCEPTION:
        /* One emulator reports a cut-short V_IRQ as an exception. */
        if (ev->vector > 31)
            ev->type = EVENT_INTR;
        /* INT3 and INTO are executed again: RIP is still at them. */
        else if (ev->vector == VEC_BP || ev->vector == VEC_OF)
            ev->valid = false;
        break;
    case EVENT_INTR:
        break;
    case EVENT_NMI:
        /* It starts over: what masked it is undone by the injection. */
        svm_of(v)->nmi_masked = false;
        break;
    default: /* INT n: executed again */
        ev->valid = false;
        break;
    }
    if (ev->type == EVENT_INTR)
        ev->has_error = false;
}

/*
 * The intercept comes before the IRET is executed, and only after it may the
 * next NMI come in: a single step lies between. (An IRET that faults shows
 * TF to its handler; there is no other way without vNMI.)
 */
static void step_over_iret(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct regs *r = vcpu_regs(v);

    if (s->stepping)
        return;
    s->stepping = true;
    s->step_tf = r->rflags & RFLAGS_TF;
    s->step_dr6 = vmcb_dr6(s->vmcb);
    r->rflags |= RFLAGS_TF;
}

void svm_step_end(struct vcpu *v, struct vmexit *e)
{
    struct svm_vcpu *s = svm_of(v);
    bool trap = e->kind == EXIT_EXCEPTION && e->exception.vector == VEC_DB;

    if (!trap && vcpu_regs(v)->rip == s->iret_rip)
        return;
    s->stepping = s->nmi_masked = false;
    s->iret_rip = 0;
    /* The trap is the guest's if it steps itself, or hit a breakpoint. */
    if (trap && !s->step_tf && !(vmcb_dr6(s->vmcb) & 0xf)) {
        vmcb_set_dr6(s->vmcb, s->step_dr6);
        e->kind = EXIT_NMI_WINDOW;
    }
    vcpu_kick(v, PENDING_IRQ);
}

void svm_window(struct vcpu *v, bool irq, bool nmi)
{
    struct vmcb *b = vmcb_of(v);

    /* V_IRQ is taken by the injection above. */
    if (inject_by_v_irq() && (vmcb_vintr(b) & VINTR_IRQ) &&
        !(b->intercept_[VMCB_MISC1] & MISC1_VINTR)) {
        svm_of(v)->window_late = irq;
        irq = false;
    } else if (irq) {
        vmcb_intercept(b, VMCB_MISC1, MISC1_VINTR, true);
        vmcb_set_vintr(b, (vmcb_vintr(b) & (VINTR_TPR | VINTR_MASKING)) |
                              VINTR_IRQ | VINTR_IGN_TPR | VINTR_PRIO_MAX);
    } else if (b->intercept_[VMCB_MISC1] & MISC1_VINTR) {
        vmcb_intercept(b, VMCB_MISC1, MISC1_VINTR, false);
        vmcb_set_vintr(b, vmcb_vintr(b) & (VINTR_TPR | VINTR_MASKING));
    }
    if (nmi && svm_of(v)->nmi_masked && svm_of(v)->iret_rip)
        step_over_iret(v);
    else if (nmi)
        vmcb_intercept(b, VMCB_MISC1, MISC1_IRET, true);
}

unsigned int svm_shadow(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    /* The handler's IRET was seen: it has run once RIP has moved on. */
    if (unlikely(s->nmi_masked && s->iret_rip &&
                 vcpu_regs(v)->rip != s->iret_rip)) {
        s->nmi_masked = false;
        s->iret_rip = 0;
    }
    return (vmcb_shadow(s->vmcb) & 1 ? SHADOW_STI_MOVSS : 0) |
           (s->nmi_masked ? SHADOW_NMI : 0);
}

void svm_set_shadow(struct vcpu *v, unsigned int bits)
{
    struct svm_vcpu *s = svm_of(v);

    if (vmcb_shadow(s->vmcb) & 1 || bits & SHADOW_STI_MOVSS)
        vmcb_set_shadow(s->vmcb, bits & SHADOW_STI_MOVSS ? 1 : 0);
    s->nmi_masked = bits & SHADOW_NMI;
}
