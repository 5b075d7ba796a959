/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control structure: its fields by encoding, with the
 * names of the manual for reports (SDM vol. 3D appendix B), and the bits of
 * its controls (SDM vol. 3C chapter 25; VT-x's chapters are named here by their
 * numbers since 2023, one more than before). The structure itself is the CPU's;
 * fields are reached by vmread() and vmwrite() (insn.h).
 */
#pragma once

#include "hypervisor/lib/util.h"

/* The fields of the nth segment register (enum hvm_seg). */
#define VMCS_SEGMENT(F, name, n)                                            \
    F(GUEST_##name##_SEL, 0x0800 + 2 * (n), #name " selector")              \
    F(GUEST_##name##_LIMIT, 0x4800 + 2 * (n), #name " limit")               \
    F(GUEST_##name##_AR, 0x4814 + 2 * (n), #name " access rights")          \
    F(GUEST_##name##_BASE, 0x6806 + 2 * (n), #name " base")

/*
 * Enumerator, encoding, name in the manual: what an exit says of itself, which
 * is read-only; the guest, but for its segments; controls; the segments; and,
 * nameless as nobody asks for them, the host and what is always 0. Dumps end at
 * the segments.
 */
#define VMCS_FIELDS(F)                                                      \
    F(EXIT_GPA, 0x2400, "guest-physical address")                           \
    F(INSN_ERROR, 0x4400, "VM-instruction error")                           \
    F(EXIT_REASON, 0x4402, "exit reason")                                   \
    F(EXIT_EVENT, 0x4404, "VM-exit interruption information")               \
    F(EXIT_ERROR, 0x4406, "VM-exit interruption error code")                \
    F(IDT_EVENT, 0x4408, "IDT-vectoring information field")                 \
    F(IDT_ERROR, 0x440a, "IDT-vectoring error code")                        \
    F(EXIT_LENGTH, 0x440c, "VM-exit instruction length")                    \
    F(EXIT_INSN_INFO, 0x440e, "VM-exit instruction information")            \
    F(QUALIFICATION, 0x6400, "exit qualification")                          \
    F(GUEST_LINEAR, 0x640a, "guest-linear address")                         \
    F(GUEST_INTR_STATUS, 0x0810, "guest interrupt status")                  \
    F(GUEST_PML_INDEX, 0x0812, "PML index")                                 \
    F(GUEST_LINK, 0x2800, "VMCS link pointer")                              \
    F(GUEST_DEBUGCTL, 0x2802, "IA32_DEBUGCTL")                              \
    F(GUEST_PAT, 0x2804, "IA32_PAT")                                        \
    F(GUEST_EFER, 0x2806, "IA32_EFER")                                      \
    F(GUEST_PDPTE0, 0x280a, "PDPTE0")                                       \
    F(GUEST_PDPTE1, 0x280c, "PDPTE1")                                       \
    F(GUEST_PDPTE2, 0x280e, "PDPTE2")                                       \
    F(GUEST_PDPTE3, 0x2810, "PDPTE3")                                       \
    F(GUEST_GDTR_LIMIT, 0x4810, "GDTR limit")                               \
    F(GUEST_IDTR_LIMIT, 0x4812, "IDTR limit")                               \
    F(GUEST_BLOCKING, 0x4824, "interruptibility state")                     \
    F(GUEST_ACTIVITY, 0x4826, "activity state")                             \
    F(GUEST_SYSENTER_CS, 0x482a, "IA32_SYSENTER_CS")                        \
    F(PREEMPTION_TIMER, 0x482e, "VMX-preemption timer value")               \
    F(GUEST_CR0, 0x6800, "CR0")                                             \
    F(GUEST_CR3, 0x6802, "CR3")                                             \
    F(GUEST_CR4, 0x6804, "CR4")                                             \
    F(GUEST_GDTR_BASE, 0x6816, "GDTR base")                                 \
    F(GUEST_IDTR_BASE, 0x6818, "IDTR base")                                 \
    F(GUEST_DR7, 0x681a, "DR7")                                             \
    F(GUEST_RSP, 0x681c, "RSP")                                             \
    F(GUEST_RIP, 0x681e, "RIP")                                             \
    F(GUEST_RFLAGS, 0x6820, "RFLAGS")                                       \
    F(GUEST_PENDING_DEBUG, 0x6822, "pending debug exceptions")              \
    F(GUEST_SYSENTER_ESP, 0x6824, "IA32_SYSENTER_ESP")                      \
    F(GUEST_SYSENTER_EIP, 0x6826, "IA32_SYSENTER_EIP")                      \
    F(VPID, 0x0000, "virtual-processor identifier")                         \
    F(POSTED_VECTOR, 0x0002, "posted-interrupt notification vector")        \
    F(IO_BITMAP_A, 0x2000, "address of I/O bitmap A")                       \
    F(IO_BITMAP_B, 0x2002, "address of I/O bitmap B")                       \
    F(MSR_BITMAP, 0x2004, "address of MSR bitmaps")                         \
    F(PML_ADDRESS, 0x200e, "PML address")                                   \
    F(TSC_OFFSET, 0x2010, "TSC offset")                                     \
    F(VIRTUAL_APIC, 0x2012, "virtual-APIC address")                         \
    F(APIC_ACCESS, 0x2014, "APIC-access address")                           \
    F(POSTED_DESC, 0x2016, "posted-interrupt descriptor address")           \
    F(EPT_POINTER, 0x201a, "EPT pointer")                                   \
    F(EOI_EXIT0, 0x201c, "EOI-exit bitmap 0")                               \
    F(EOI_EXIT1, 0x201e, "EOI-exit bitmap 1")                               \
    F(EOI_EXIT2, 0x2020, "EOI-exit bitmap 2")                               \
    F(EOI_EXIT3, 0x2022, "EOI-exit bitmap 3")                               \
    F(TSC_MULTIPLIER, 0x2032, "TSC multiplier")                             \
    F(PIN_CTLS, 0x4000, "pin-based VM-execution controls")                  \
    F(PROC_CTLS, 0x4002, "primary processor-based VM-execution controls")   \
    F(EXCEPTION_BITMAP, 0x4004, "exception bitmap")                         \
    F(EXIT_CTLS, 0x400c, "VM-exit controls")                                \
    F(ENTRY_CTLS, 0x4012, "VM-entry controls")                              \
    F(ENTRY_EVENT, 0x4016, "VM-entry interruption-information field")       \
    F(ENTRY_ERROR, 0x4018, "VM-entry exception error code")                 \
    F(ENTRY_LENGTH, 0x401a, "VM-entry instruction length")                  \
    F(TPR_THRESHOLD, 0x401c, "TPR threshold")                               \
    F(PROC_CTLS2, 0x401e, "secondary processor-based VM-execution controls") \
    F(CR0_MASK, 0x6000, "CR0 guest/host mask")                              \
    F(CR4_MASK, 0x6002, "CR4 guest/host mask")                              \
    F(CR0_SHADOW, 0x6004, "CR0 read shadow")                                \
    F(CR4_SHADOW, 0x6006, "CR4 read shadow")                                \
    VMCS_SEGMENT(F, ES, 0) VMCS_SEGMENT(F, CS, 1)                           \
    VMCS_SEGMENT(F, SS, 2) VMCS_SEGMENT(F, DS, 3)                           \
    VMCS_SEGMENT(F, FS, 4) VMCS_SEGMENT(F, GS, 5)                           \
    VMCS_SEGMENT(F, LDTR, 6) VMCS_SEGMENT(F, TR, 7)                         \
    F(HOST_ES_SEL, 0x0c00, "") F(HOST_CS_SEL, 0x0c02, "")                   \
    F(HOST_SS_SEL, 0x0c04, "") F(HOST_DS_SEL, 0x0c06, "")                   \
    F(HOST_FS_SEL, 0x0c08, "") F(HOST_GS_SEL, 0x0c0a, "")                   \
    F(HOST_TR_SEL, 0x0c0c, "") F(HOST_PAT, 0x2c00, "")                      \
    F(HOST_EFER, 0x2c02, "") F(HOST_SYSENTER_CS, 0x4c00, "")                \
    F(HOST_CR0, 0x6c00, "") F(HOST_CR3, 0x6c02, "")                         \
    F(HOST_CR4, 0x6c04, "") F(HOST_FS_BASE, 0x6c06, "")                     \
    F(HOST_GS_BASE, 0x6c08, "") F(HOST_TR_BASE, 0x6c0a, "")                 \
    F(HOST_GDTR_BASE, 0x6c0c, "") F(HOST_IDTR_BASE, 0x6c0e, "")             \
    F(HOST_SYSENTER_ESP, 0x6c10, "") F(HOST_SYSENTER_EIP, 0x6c12, "")       \
    F(HOST_RSP, 0x6c14, "") F(HOST_RIP, 0x6c16, "")                         \
    F(EXIT_MSR_STORE, 0x2006, "") F(EXIT_MSR_STORE_COUNT, 0x400e, "")       \
    F(EXIT_MSR_LOAD, 0x2008, "") F(EXIT_MSR_LOAD_COUNT, 0x4010, "")         \
    F(ENTRY_MSR_LOAD, 0x200a, "") F(ENTRY_MSR_LOAD_COUNT, 0x4014, "")       \
    F(PF_ERROR_MASK, 0x4006, "") F(PF_ERROR_MATCH, 0x4008, "")              \
    F(CR3_TARGETS, 0x400a, "") F(XSS_EXIT, 0x202c, "")

enum vmcs_field {
#define F(name, code, text) VMCS_##name = (code),
    VMCS_FIELDS(F)
#undef F
};

struct vmcs_name {
    enum vmcs_field field;
    const char *name;
};
/* All fields, in the order above (check.c). */
extern const struct vmcs_name vmcs_names[];
extern const unsigned int nr_vmcs_names;

/* Is it what an exit says of itself (SDM vol. 3C 25.11.2)? */
#define VMCS_READ_ONLY(field) (((field) >> 10 & 3) == 1)

/* A field of the nth segment register (enum hvm_seg) from that of ES. */
#define VMCS_SEG(es_field, n) ((enum vmcs_field)((es_field) + 2 * (n)))

/* Pin-based controls. */
#define PIN_INTR BIT(0)
#define PIN_NMI BIT(3)
#define PIN_VIRTUAL_NMI BIT(5)
#define PIN_PREEMPTION_TIMER BIT(6)
#define PIN_POSTED BIT(7)

/* Primary processor-based controls. */
#define PROC_INTR_WINDOW BIT(2)
#define PROC_TSC_OFFSET BIT(3)
#define PROC_HLT BIT(7)
#define PROC_INVLPG BIT(9)
#define PROC_MWAIT BIT(10)
#define PROC_RDPMC BIT(11)
#define PROC_CR3_LOAD BIT(15)
#define PROC_CR3_STORE BIT(16)
#define PROC_TPR_SHADOW BIT(21)
#define PROC_NMI_WINDOW BIT(22)
#define PROC_IO_BITMAPS BIT(25)
#define PROC_MSR_BITMAPS BIT(28)
#define PROC_MONITOR BIT(29)
#define PROC_SECONDARY BIT(31)

/* Secondary processor-based controls. */
#define PROC2_APIC_ACCESS BIT(0)
#define PROC2_EPT BIT(1)
#define PROC2_RDTSCP BIT(3)
#define PROC2_X2APIC BIT(4)
#define PROC2_VPID BIT(5)
#define PROC2_UNRESTRICTED BIT(7)
#define PROC2_APIC_REGISTERS BIT(8)
#define PROC2_INTR_DELIVERY BIT(9)
#define PROC2_INVPCID BIT(12)
#define PROC2_PML BIT(17)
#define PROC2_XSAVES BIT(20)
#define PROC2_TSC_SCALING BIT(25)

#define EXIT_SAVE_DEBUG BIT(2)
#define EXIT_HOST_64 BIT(9)
#define EXIT_ACK_INTR BIT(15)
#define EXIT_SAVE_PAT BIT(18)
#define EXIT_LOAD_PAT BIT(19)
#define EXIT_SAVE_EFER BIT(20)
#define EXIT_LOAD_EFER BIT(21)

#define ENTRY_LOAD_DEBUG BIT(2)
#define ENTRY_IA32E BIT(9)
#define ENTRY_LOAD_PAT BIT(14)
#define ENTRY_LOAD_EFER BIT(15)

/* Interruption information, in all its fields: EVENT_* of hvm/base/regs.h and
 * this bit (SDM vol. 3C 25.8.3, 25.9.2). */
#define EVENT_NMI_UNBLOCKED BIT(12) /* by an IRET that did not complete */

/* Interruptibility state. */
#define BLOCKING_STI BIT(0)
#define BLOCKING_MOV_SS BIT(1)
#define BLOCKING_SMI BIT(2)
#define BLOCKING_NMI BIT(3)

/* Access rights: struct segment's attr with its upper four bits moved up. */
#define AR_UNUSABLE BIT(16)
#define AR_RESERVED 0xfffe0f00u

/* Basic exit reasons (SDM vol. 3D appendix C) that more than exit.c knows, or
 * that share a kind. */
enum vmx_reason {
    REASON_INTR = 1, REASON_WRMSR = 32, REASON_BAD_STATE = 33,
    REASON_MACHINE_CHECK = 41, REASON_APIC_ACCESS = 44,
    REASON_EPT_VIOLATION = 48, REASON_PML_FULL = 62
};
#define REASON_ENTRY_FAILED BIT(31)
