/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a guest stopped, without a word of which vendor's CPU runs it: the
 * vendor fills struct vmexit, a handler returns a verdict, the loop in
 * hvm/run.c applies it.
 */
#pragma once

#include "hvm/base/regs.h"
#include "hypervisor/cpu/types.h"

struct vcpu;

/* kind (0: not in a vendor's table), handler exit_*() for hvm/exit.c, name
 * in the recorder and in dumps */
#define EXIT_KINDS_LIST(X)                                                  \
    X(UNKNOWN, rare, "exit of unknown reason")                              \
    X(HOST_IRQ, host_irq, "interrupt of the machine")                       \
    X(HOST_NMI, rare, "NMI of the machine")                                 \
    X(PIO, pio, "port")                                                     \
    X(NPF, npf, "nested page fault")                                        \
    X(CPUID, cpuid, "CPUID")                                                \
    X(MSR, msr, "RDMSR or WRMSR")                                           \
    X(HYPERCALL, hypercall, "hypercall")                                    \
    X(HLT, hlt, "HLT")                                                      \
    X(IRQ_WINDOW, window, "ready for an interrupt")                         \
    X(NMI_WINDOW, window, "ready for an NMI")                               \
    X(CR_WRITE, cr_write, "control register write")                         \
    X(EXCEPTION, rare, "exception")                                         \
    X(SHUTDOWN, rare, "triple fault")                                       \
    X(INIT, rare, "INIT")                                                   \
    X(LOG_FULL, rare, "log of writes is full")                              \
    X(XSETBV, xsetbv, "XSETBV")                                             \
    X(WBINVD, rare, "WBINVD or INVD")                                       \
    X(MONITOR, rare, "MONITOR")                                             \
    X(MWAIT, rare, "MWAIT")                                                 \
    X(RDPMC, rare, "RDPMC")                                                 \
    X(TASK_SWITCH, rare, "task switch")                                     \
    X(UNDEFINED, rare, "instruction the guest does not have")               \
    X(APIC_WRITE, apic_write, "local APIC register written")                \
    X(APIC_EOI, apic_eoi, "interrupt ended")                                \
    X(ENTRY_FAILED, rare, "the CPU refused the guest's state")

enum exit_kind {
#define X(name, handler, text) EXIT_##name,
    EXIT_KINDS_LIST(X)
#undef X
    EXIT_KINDS
};

struct vmexit {
    uint8_t kind;      /* enum exit_kind */
    uint8_t insn_len;  /* 0: unknown, hvm_insn_length() decodes it */
    uint8_t nbytes;    /* instruction bytes the CPU gave, in bytes[] */
    bool in_shadow;    /* of STI or MOV SS, perhaps: ops->shadow() knows */
    uint8_t bytes[15];
    uint64_t code;     /* the vendor's number, for the recorder */
    union {
        uint8_t irq_vector; /* acknowledged; 0: still pending */
        bool msr_write;
        struct exit_port {
            uint16_t port;
            uint8_t size;  /* bytes: 1, 2, 4 */
            bool in, string, rep;
        } pio;
        struct {
            gpa_t gpa;
            bool write, fetch;
            bool walk;     /* access of the guest's page walk itself */
        } npf;
        uint16_t apic_offset; /* of the register; of APIC_WRITE */
        uint8_t eoi_vector; /* of APIC_EOI */
        struct {
            uint8_t cr;    /* 0, 4, 8 */
            uint8_t gpr;   /* source register, if known */
            bool gpr_valid;
        } cr;
        struct hvm_event exception; /* as the guest would get it */
        uint16_t task_sel; /* of the task to switch to */
    };
};

enum exit_verdict {
    VERDICT_RESUME,  /* enter the guest where RIP now points */
    VERDICT_ADVANCE, /* step over the instruction, then enter */
};

typedef enum exit_verdict exit_fn(struct vcpu *v, const struct vmexit *e);
