/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From exit reason to struct vmexit: a table for the kind, then what some
 * kinds carry. Handles nothing, but for what the CPU leaves undone
 * in an exit: DR6 of a debug exception, the machine's NMI.
 */
#include "hvm/vmx/vmx.h"
#include "hypervisor/x86/traps.h"

/* Besides a kind: the CPU gives the length of an instruction, an exit
 * qualification. */
#define LENGTH 0x40
#define DETAIL 0x80
BUILD_BUG_ON(EXIT_KINDS > LENGTH);

/* By basic exit reason (SDM vol. 3D appendix C); those that are not listed are
 * EXIT_UNKNOWN. */
static const uint8_t kinds[] = {
    [0] = EXIT_EXCEPTION | DETAIL, /* or NMI */
    [REASON_INTR] = EXIT_HOST_IRQ,
    [2] = EXIT_SHUTDOWN,
    [3 ... 4] = EXIT_INIT, /* INIT, start-up IPI */
    [6] = EXIT_HOST_IRQ, /* SMI */
    [7] = EXIT_IRQ_WINDOW,
    [8] = EXIT_NMI_WINDOW,
    [9] = EXIT_TASK_SWITCH | LENGTH | DETAIL,
    [10] = EXIT_CPUID | LENGTH,
    [11] = EXIT_UNDEFINED, /* GETSEC */
    [12] = EXIT_HLT | LENGTH,
    [13] = EXIT_WBINVD | LENGTH, /* INVD */
    [15] = EXIT_RDPMC,
    [18] = EXIT_HYPERCALL | LENGTH,
    [19 ... 27] = EXIT_UNDEFINED, /* VMCLEAR to VMXON */
    [28] = EXIT_CR_WRITE | LENGTH | DETAIL,
    [30] = EXIT_PIO | LENGTH | DETAIL,
    [31 ... REASON_WRMSR] = EXIT_MSR | LENGTH,
    [REASON_BAD_STATE ... 34] = EXIT_ENTRY_FAILED, /* or bad MSRs */
    [36] = EXIT_MWAIT,
    [39] = EXIT_MONITOR,
    [REASON_MACHINE_CHECK] = EXIT_EXCEPTION | DETAIL,
    [43] = EXIT_IRQ_WINDOW, /* TPR below threshold */
    [REASON_APIC_ACCESS] = EXIT_NPF | DETAIL,
    [45] = EXIT_APIC_EOI | DETAIL,
    [REASON_EPT_VIOLATION] = EXIT_NPF | DETAIL,
    [50] = EXIT_UNDEFINED, /* INVEPT */
    [52] = EXIT_HOST_IRQ, /* preemption timer */
    [53] = EXIT_UNDEFINED, /* INVVPID */
    [54] = EXIT_WBINVD | LENGTH,
    [55] = EXIT_XSETBV | LENGTH,
    [56] = EXIT_APIC_WRITE | DETAIL,
    [59] = EXIT_UNDEFINED, /* VMFUNC */
    [REASON_PML_FULL] = EXIT_LOG_FULL,
};

static void decode_exception(struct vcpu *v, uint64_t q, struct vmexit *e)
{
    uint64_t info = vmread(VMCS_EXIT_EVENT);
    unsigned int type;

    /* During an entry, which failed: without interruption information. */
    if ((e->code & 0xffff) == REASON_MACHINE_CHECK)
        info = VEC_MC | EVENT_EXCEPTION << EVENT_TYPE_SHIFT;
    type = info >> EVENT_TYPE_SHIFT & 7;
    if (type == EVENT_NMI) {
        /* It was delivered to nobody, and blocks others until an IRET. */
        host_nmi();
        e->kind = EXIT_HOST_NMI;
        return;
    }
    e->exception = event_of(info, vmread(VMCS_EXIT_ERROR), q);
    e->exception.type = EVENT_EXCEPTION;
    if (type == EVENT_PRIV_SOFT) {
        /* INT1 is a trap, but the exit is before it. */
        vcpu_regs(v)->rip += vmread(VMCS_EXIT_LENGTH);
    } else if (e->exception.vector == VEC_DB) {
        /* The exit leaves DR6 and DR7.GD as they were (SDM vol. 3C 28.1). */
        vmx_set_reg(v, REG_DR6, (vmx_get_reg(v, REG_DR6) & ~0xfull) |
                                    (q & 0x600f));
        if (q & DR6_BD)
            vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
    }
}

void vmx_decode_exit(struct vcpu *v, struct vmexit *e)
{
    uint64_t reason = vmread(VMCS_EXIT_REASON);
    unsigned int basic = reason & 0xffff;
    unsigned int kind = basic < ARRAY_SIZE(kinds) ? kinds[basic] : EXIT_UNKNOWN;
    uint64_t q = kind & DETAIL ? vmread(VMCS_QUALIFICATION) : 0;

    e->kind = (uint8_t)(kind & ~(LENGTH | DETAIL));
    e->code = reason;
    e->insn_len = kind & LENGTH ? (uint8_t)vmread(VMCS_EXIT_LENGTH) : 0;
    e->nbytes = 0;
    e->in_shadow = true; /* asked for where it matters: reading it is dear */
    switch (e->kind) {
    case EXIT_HOST_IRQ:
        e->irq_vector = basic == REASON_INTR
                            ? (uint8_t)vmread(VMCS_EXIT_EVENT) : 0;
        break;
    case EXIT_MSR:
        e->msr_write = basic == REASON_WRMSR;
        break;
    case EXIT_PIO:
        e->pio.port = (uint16_t)(q >> 16);
        e->pio.size = (uint8_t)((q & 7) + 1);
        e->pio.in = q & BIT(3);
        e->pio.string = q & BIT(4);
        e->pio.rep = q & BIT(5);
        break;
    case EXIT_NPF:
        if (e->code == REASON_APIC_ACCESS) {
            /* Offset and kind of access: 1 is a linear write. */
            e->npf.gpa = gpa(APIC_BASE_DEFAULT | (q & 0xfff));
            e->npf.write = (q >> 12 & 0xf) == 1;
            e->npf.fetch = e->npf.walk = false;
            break;
        }
        e->npf.gpa = gpa(vmread(VMCS_EXIT_GPA));
        e->npf.write = q & BIT(1);
        e->npf.fetch = q & BIT(2);
        /* Bit 7: there was a linear address; bit 8: its walk was over. */
        e->npf.walk = (q & (BIT(7) | BIT(8))) == BIT(7);
        break;
    case EXIT_CR_WRITE:
        /* CLTS, LMSW and reads never exit: no bit of theirs is in a mask. */
        if (q & 0x30)
            e->kind = EXIT_UNKNOWN;
        e->cr.cr = q & 0xf;
        e->cr.gpr = q >> 8 & 0xf;
        e->cr.gpr_valid = true;
        break;
    case EXIT_EXCEPTION:
        decode_exception(v, q, e);
        break;
    case EXIT_TASK_SWITCH:
        e->task_sel = (uint16_t)q;
        break;
    case EXIT_APIC_WRITE:
        e->apic_offset = q & 0xff0;
        break;
    case EXIT_APIC_EOI:
        e->eoi_vector = (uint8_t)q;
        break;
    }
}
