/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into the guest: the entry's event, windows, what an exit cut short
 * (SDM vol. 3C 25.8.3, 27.6, 28.2.4).
 */
#include "hvm/vmx/vmx.h"

#define BLOCKING_SHADOW (BLOCKING_STI | BLOCKING_MOV_SS)

static void set_blocking(uint64_t clear, uint64_t set)
{
    vmwrite(VMCS_GUEST_BLOCKING, (vmread(VMCS_GUEST_BLOCKING) & ~clear) | set);
}

void vmx_inject(struct vcpu *v, const struct hvm_event *ev)
{
    uint64_t w = ev->vector | (uint64_t)ev->type << EVENT_TYPE_SHIFT |
                 EVENT_VALID;

    /* Real mode has no error codes, and none is over 16 bits: the entry would
     * fail (SDM vol. 3C 27.2.1.3). */
    if (ev->has_error && (vmread(VMCS_GUEST_CR0) & CR0_PE)) {
        w |= EVENT_HAS_ERROR;
        vmwrite(VMCS_ENTRY_ERROR, (uint16_t)ev->error);
    }
    if (ev->type >= EVENT_SOFT_INT)
        vmwrite(VMCS_ENTRY_LENGTH, ev->insn_len);
    if (ev->type == EVENT_EXCEPTION) {
        if (ev->vector == VEC_PF)
            vmx_of(v)->kept[REG_CR2] = ev->cr2;
        /* Delivery ends the shadow of STI and MOV SS; the CPU would have a
         * pending single step go with it (SDM vol. 3C 27.3.1.5). */
        if (vmread(VMCS_GUEST_BLOCKING) & BLOCKING_SHADOW)
            set_blocking(BLOCKING_SHADOW, 0);
    }
    vmwrite(VMCS_ENTRY_EVENT, w);
}

/* Called after every exit: an event that was not delivered goes back into
 * v->hvm->event; so does the blocking of NMIs that an IRET ended though it
 * was not completed. */
void vmx_collect_interrupted(struct vcpu *v, struct vmexit *e)
{
    struct hvm_event *ev = &v->hvm->event;
    uint64_t info = vmread(VMCS_IDT_EVENT);

    if (likely(!(info & EVENT_VALID))) {
        if (((e->code == REASON_EPT_VIOLATION || e->code == REASON_PML_FULL) &&
             (vmread(VMCS_QUALIFICATION) & EVENT_NMI_UNBLOCKED)) ||
            (e->kind == EXIT_EXCEPTION && e->exception.vector != VEC_DF &&
             (vmread(VMCS_EXIT_EVENT) & EVENT_NMI_UNBLOCKED)))
            set_blocking(0, BLOCKING_NMI);
        return;
    }
    *ev = event_of(info, vmread(VMCS_IDT_ERROR), vmx_of(v)->kept[REG_CR2]);
    /* RIP is still at INT n, INT3, INTO, ICEBP: executed again. */
    if (ev->type >= EVENT_SOFT_INT)
        ev->valid = false;
    else if (ev->type == EVENT_NMI)
        set_blocking(BLOCKING_NMI, 0);
}

void vmx_window(struct vcpu *v, bool irq, bool nmi, bool cr8)
{
    struct vmx_vcpu *s = vmx_of(v);
    uint64_t val = (s->proc_ctls & ~(PROC_INTR_WINDOW | PROC_NMI_WINDOW)) |
                   (irq ? PROC_INTR_WINDOW : 0) | (nmi ? PROC_NMI_WINDOW : 0);

    if (val != s->proc_ctls) {
        s->proc_ctls = (uint32_t)val;
        vmwrite(VMCS_PROC_CTLS, val);
    }
    vmwrite(VMCS_TPR_THRESHOLD, cr8 ? vmx_get_tpr(v) : 0);
}

unsigned int vmx_shadow(struct vcpu *v)
{
    uint64_t blocking = vmx_read(v, VMCS_GUEST_BLOCKING);

    return (blocking & BLOCKING_SHADOW ? SHADOW_STI_MOVSS : 0) |
           (blocking & BLOCKING_NMI ? SHADOW_NMI : 0);
}

void vmx_set_shadow(struct vcpu *v, unsigned int bits)
{
    vmx_borrow(v);
    uint64_t old = vmread(VMCS_GUEST_BLOCKING);
    uint64_t blocking = old & ~(BLOCKING_SHADOW | BLOCKING_NMI);
    if (bits & SHADOW_STI_MOVSS)
        blocking |= old & BLOCKING_SHADOW ?: BLOCKING_STI;
    else if (old & BLOCKING_SHADOW)
        /* A single step that the shadow held back is not due any more. */
        vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
    if (bits & SHADOW_NMI)
        blocking |= BLOCKING_NMI;
    vmwrite(VMCS_GUEST_BLOCKING, blocking);
    vmx_return(v);
}
