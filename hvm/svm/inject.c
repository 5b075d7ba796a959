/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into the guest: EVENTINJ, interrupt and NMI windows, what an exit
 * cut short (APM vol. 2 15.20, 15.21).
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/cr.h"

/*
 * Work-around for QEMU's TCG only: EVENTINJ of an external interrupt leaves
 * a stale pending exception there, and the vector may be delivered twice.
 * There, and nowhere else, interrupts go in by V_IRQ; one that was not taken
 * before the exit counts as cut short. Is one on its way by V_IRQ, which else
 * asks for a window?
 */
static bool has_v_irq(const struct vmcb *b)
{
    return cpu_features.emulator_tcg && (b->vintr_ & VINTR_IRQ) &&
           !vmcb_intercepts(b, SVM_EXIT_VINTR);
}

#define V_IRQ_NOW (VINTR_IRQ | VINTR_IGN_TPR | VINTR_PRIO_MAX)

/* bits: V_IRQ_NOW, with the vector unless the window is asked for, or 0. */
static void set_v_irq(struct vmcb *b, uint64_t bits, bool window)
{
    vmcb_intercept(b, SVM_EXIT_VINTR, window);
    b->vintr_ = (b->vintr_ & (VINTR_TPR | VINTR_MASKING)) | bits;
    vmcb_unclean(b, CLEAN_TPR);
}

void svm_inject(struct vcpu *v, const struct hvm_event *ev)
{
    struct vmcb *b = vmcb_of(v);
    unsigned int type = ev->type;

    if (type == EVENT_INTR && cpu_features.emulator_tcg) {
        set_v_irq(b, V_IRQ_NOW | (uint64_t)ev->vector << VINTR_VECTOR_SHIFT,
                  false);
        return;
    }
    if (type == EVENT_EXCEPTION && ev->vector == VEC_PF)
        svm_set_reg(v, REG_CR2, ev->cr2);
    if (type == EVENT_NMI) {
        b->nmi_masked = true;
        b->iret_rip = 0;
        vmcb_intercept(b, SVM_EXIT_IRET, true);
    }
    /* Software events push the RIP they should return to. */
    if (type >= EVENT_SOFT_INT) {
        vcpu_regs(v)->rip += ev->insn_len;
        if (type != EVENT_SOFT_INT)
            type = EVENT_EXCEPTION;
    }
    b->eventinj = EVENT_VALID | type << EVENT_TYPE_SHIFT | ev->vector;
    if (ev->has_error)
        b->eventinj |= EVENT_HAS_ERROR | (uint64_t)ev->error << 32;
}

void svm_collect_interrupted(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);
    struct hvm_event *ev = &v->hvm->event;
    uint64_t info = b->exitintinfo;

    b->eventinj = 0;
    if (unlikely(has_v_irq(b))) {
        *ev = (struct hvm_event){
            .valid = true, .type = EVENT_INTR,
            .vector = (uint8_t)(b->vintr_ >> VINTR_VECTOR_SHIFT) };
        set_v_irq(b, 0, false);
    }
    if (unlikely(b->window_late)) {
        b->window_late = false;
        vcpu_kick(v, PENDING_IRQ);
    }
    if (likely(!(info & EVENT_VALID)))
        return;
    *ev = event_of(info, info >> 32, b->cr2_);
    /* One emulator reports a cut-short V_IRQ as an exception. */
    if (ev->type == EVENT_EXCEPTION && ev->vector > 31)
        ev->type = EVENT_INTR;
    if (ev->type == EVENT_INTR)
        ev->has_error = false;
    else if (ev->type == EVENT_NMI)
        b->nmi_masked = false; /* it starts over, as if it had not come */
    else if (ev->type != EVENT_EXCEPTION || ev->vector == VEC_BP ||
             ev->vector == VEC_OF)
        ev->valid = false; /* INT n, INT3, INTO: RIP is still at them */
}

void svm_step_end(struct vcpu *v, struct vmexit *e)
{
    struct vmcb *b = vmcb_of(v);
    bool trap = e->kind == EXIT_EXCEPTION && e->exception.vector == VEC_DB;

    if (!trap && vcpu_regs(v)->rip == b->iret_rip)
        return;
    b->stepping = b->nmi_masked = false;
    b->iret_rip = 0;
    /* The trap is the guest's if it steps itself, or hit a breakpoint. */
    if (trap && !b->step_tf && !(b->dr6_ & 0xf)) {
        svm_set_reg(v, REG_DR6, b->step_dr6);
        e->kind = EXIT_NMI_WINDOW;
    }
    vcpu_kick(v, PENDING_IRQ);
}

void svm_window(struct vcpu *v, bool irq, bool nmi, bool cr8)
{
    struct vmcb *b = vmcb_of(v);
    struct regs *r = vcpu_regs(v);

    vmcb_intercept(b, SVM_EXIT_CR_WRITE + 8, cr8);
    if (has_v_irq(b))
        b->window_late = irq;
    else if (irq || vmcb_intercepts(b, SVM_EXIT_VINTR))
        set_v_irq(b, irq ? V_IRQ_NOW : 0, irq);
    if (!nmi)
        return;
    if (!b->nmi_masked || !b->iret_rip) {
        vmcb_intercept(b, SVM_EXIT_IRET, true);
        return;
    }
    /*
     * The intercept comes before the IRET is executed, and only after it may
     * the next NMI come in: a single step lies between. (An IRET that faults
     * shows TF to its handler; there is no other way without vNMI.)
     */
    if (b->stepping)
        return;
    b->stepping = true;
    b->step_tf = r->rflags & RFLAGS_TF;
    b->step_dr6 = (uint32_t)b->dr6_;
    r->rflags |= RFLAGS_TF;
}

unsigned int svm_shadow(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);

    /* The handler's IRET was seen: it has run once RIP has moved on. */
    if (unlikely(b->nmi_masked && b->iret_rip &&
                 vcpu_regs(v)->rip != b->iret_rip)) {
        b->nmi_masked = false;
        b->iret_rip = 0;
    }
    return (b->shadow & 1 ? SHADOW_STI_MOVSS : 0) |
           (b->nmi_masked ? SHADOW_NMI : 0);
}

void svm_set_shadow(struct vcpu *v, unsigned int bits)
{
    struct vmcb *b = vmcb_of(v);

    b->shadow = bits & SHADOW_STI_MOVSS ? 1 : 0;
    b->nmi_masked = bits & SHADOW_NMI;
}
