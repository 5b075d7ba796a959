/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From exit code to struct vmexit: a table for the kind, then what some kinds
 * carry. Handles nothing.
 */
#include "hvm/svm/svm.h"
#include "hypervisor/lib/string.h"

/* CR4 writes: bits the guest does not have must fault. #AC and #DB: a guest
 * could otherwise keep the CPU delivering them for ever. */
const uint8_t svm_kinds[SVM_EXIT_NPF + 1] = {
    [SVM_EXIT_CR_WRITE + 4] = EXIT_CR_WRITE | ALWAYS,
    [SVM_EXIT_CR_WRITE + 8] = EXIT_CR_WRITE,
    [SVM_EXIT_EXCEPTION + VEC_DB] = EXIT_EXCEPTION | ALWAYS,
    [SVM_EXIT_EXCEPTION + VEC_AC] = EXIT_EXCEPTION | ALWAYS,
    [SVM_EXIT_EXCEPTION + VEC_MC] = EXIT_EXCEPTION | ALWAYS,
    [SVM_EXIT_INTR] = EXIT_HOST_IRQ | ALWAYS,
    [SVM_EXIT_NMI] = EXIT_HOST_NMI | ALWAYS,
    [SVM_EXIT_INIT] = EXIT_INIT | ALWAYS,
    [SVM_EXIT_VINTR] = EXIT_IRQ_WINDOW,
    [SVM_EXIT_RDPMC] = EXIT_RDPMC | ALWAYS,
    [SVM_EXIT_CPUID] = EXIT_CPUID | ALWAYS,
    [SVM_EXIT_IRET] = EXIT_NMI_WINDOW,
    [SVM_EXIT_INVD] = EXIT_WBINVD | ALWAYS,
    [SVM_EXIT_PAUSE] = EXIT_HOST_IRQ, /* see svm_vcpu_init() */
    [SVM_EXIT_HLT] = EXIT_HLT | ALWAYS,
    [SVM_EXIT_INVLPGA] = EXIT_UNDEFINED | ALWAYS,
    [SVM_EXIT_IOIO] = EXIT_PIO | ALWAYS,
    [SVM_EXIT_MSR] = EXIT_MSR | ALWAYS,
    [SVM_EXIT_TASK_SWITCH] = EXIT_TASK_SWITCH | ALWAYS,
    [SVM_EXIT_SHUTDOWN] = EXIT_SHUTDOWN | ALWAYS,
    [SVM_EXIT_VMRUN] = EXIT_UNDEFINED | ALWAYS,
    [SVM_EXIT_VMMCALL] = EXIT_HYPERCALL | ALWAYS,
    [SVM_EXIT_VMLOAD ... SVM_EXIT_SKINIT] = EXIT_UNDEFINED | ALWAYS,
    [SVM_EXIT_MONITOR] = EXIT_MONITOR | ALWAYS,
    [SVM_EXIT_MWAIT] = EXIT_MWAIT | ALWAYS,
    [SVM_EXIT_XSETBV] = EXIT_XSETBV | ALWAYS,
    [SVM_EXIT_NPF] = EXIT_NPF,
};

void svm_decode_exit(const struct vmcb *b, struct vmexit *e)
{
    uint64_t code = b->exitcode, info1 = b->exitinfo1, info2 = b->exitinfo2;
    uint8_t vector;

    e->code = code;
    e->insn_len = b->nrip ? (uint8_t)(b->nrip - b->rip) : 0;
    e->nbytes = 0;
    e->in_shadow = b->shadow & 1;
    if (likely(code < ARRAY_SIZE(svm_kinds)))
        e->kind = svm_kinds[code] & ~ALWAYS;
    else
        e->kind = (uint32_t)code == SVM_EXIT_INVALID ? EXIT_ENTRY_FAILED
                                                     : EXIT_UNKNOWN;
    switch (e->kind) {
    case EXIT_HOST_IRQ:
        e->irq_vector = 0;
        break;
    case EXIT_PIO:
        e->pio.port = (uint16_t)(info1 >> 16);
        e->pio.size = info1 >> 4 & 7;
        e->pio.in = info1 & BIT(0);
        e->pio.string = info1 & BIT(2);
        e->pio.rep = info1 & BIT(3);
        e->insn_len = (uint8_t)(info2 - b->rip);
        break;
    case EXIT_NPF:
        e->npf.gpa = gpa(info2);
        e->npf.write = info1 & BIT(1);
        e->npf.fetch = info1 & BIT(4);
        e->npf.walk = info1 & BIT(33);
        e->nbytes = MIN(b->nbytes, (uint8_t)sizeof(e->bytes));
        if (e->nbytes)
            memcpy(e->bytes, b->bytes, sizeof(e->bytes));
        break;
    case EXIT_MSR:
        e->msr_write = info1 & 1;
        break;
    case EXIT_CR_WRITE:
        e->cr.cr = (uint8_t)(code - SVM_EXIT_CR_WRITE);
        /* With decode assists: bit 63 says MOV, bits 0-3 the register. */
        e->cr.gpr_valid = info1 & BIT(63);
        e->cr.gpr = info1 & 0xf;
        break;
    case EXIT_EXCEPTION:
        vector = (uint8_t)(code - SVM_EXIT_EXCEPTION);
        e->exception = (struct hvm_event){
            .valid = true, .type = EVENT_EXCEPTION, .vector = vector,
            .has_error = VECS_WITH_ERROR >> vector & 1,
            .error = (uint32_t)info1, .cr2 = info2 };
        break;
    case EXIT_TASK_SWITCH:
        e->task_sel = (uint16_t)info1;
        break;
    }
}
