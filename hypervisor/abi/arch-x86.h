/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86 parts of the ABI that no other header owns: the state of a vCPU as
 * VCPUOP_initialise and the domctls take it, and a domain's emulated platform.
 *
 * Save records are in hvm-save.h, CPUID and MSR policies in cpu-policy.h.
 */
#pragma once

#include "hypervisor/abi/xen.h"

/* 64-bit hypercalls: rax = number, rdi rsi rdx r10 r8 = arguments.
 * 32-bit: eax, then ebx ecx edx esi edi. The result is in rax. */

/* State for VCPUOP_initialise. Segment _ar: bits 40-47 and 52-55 of a
 * descriptor in bits 0-7 and 8-11 (SDM vol. 3A 3.4.5). */
struct vcpu_hvm_x86_32 {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t eip, eflags;
    uint32_t cr0, cr3, cr4;
    uint32_t pad1;
    uint64_t efer;                      /* NXE, LME, LMA */
    uint32_t cs_base, ds_base, ss_base, es_base, tr_base;
    uint32_t cs_limit, ds_limit, ss_limit, es_limit, tr_limit;
    uint16_t cs_ar, ds_ar, ss_ar, es_ar, tr_ar;
    uint16_t pad2[3];
};

struct vcpu_hvm_x86_64 {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
    uint64_t rip, rflags;
    uint64_t cr0, cr3, cr4, efer;
};

struct vcpu_hvm_context {
    uint32_t mode;                      /* VCPU_HVM_MODE_* */
    uint32_t pad;
    union {
        struct vcpu_hvm_x86_32 x86_32;
        struct vcpu_hvm_x86_64 x86_64;
    } cpu_regs;
};

#define VCPU_HVM_MODE_32B               0
#define VCPU_HVM_MODE_64B               1

/* A vCPU as getvcpucontext and setvcpucontext have it: made for PV domains. Of
 * a domain with hardware's page tables most of it is unused. */
struct cpu_user_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint32_t error_code, entry_vector;
    uint64_t rip;
    uint16_t cs, _pad0[1];
    uint8_t saved_upcall_mask, _pad1[3];
    uint64_t rflags, rsp;
    uint16_t ss, _pad2[3], es, _pad3[3], ds, _pad4[3], fs, _pad5[3];
    uint16_t gs, _pad6[3];
};

struct vcpu_guest_context {
    struct { char x[512]; } fpu_ctxt;   /* FXSAVE image */
    uint64_t flags;                     /* VGCF_* */
    struct cpu_user_regs user_regs;
    uint64_t unread[533];               /* traps, tables, kernel stack */
    uint64_t ctrlreg[8];                /* by number */
    uint64_t debugreg[8];
    uint64_t event_callback_eip, failsafe_callback_eip, syscall_callback_eip;
    uint64_t vm_assist;
    uint64_t fs_base, gs_base_kernel, gs_base_user;
};

#define VGCF_i387_valid                 (1 << 0)
#define VGCF_online                     (1 << 5)

DEFINE_GUEST_PTR(vcpu_guest_context, struct vcpu_guest_context);

/* createdomain's x86 part. */
struct xen_arch_domainconfig {
    uint32_t emulation_flags;           /* XEN_X86_EMU_* */
    uint32_t misc_flags;                /* XEN_X86_MSR_RELAXED */
};

/* HVM has all but VPCI; PVH has LAPIC; a PVH dom0 LAPIC, IOAPIC, VPCI. */
#define XEN_X86_EMU_LAPIC               (1u << 0)
#define XEN_X86_EMU_HPET                (1u << 1)
#define XEN_X86_EMU_PM                  (1u << 2)
#define XEN_X86_EMU_RTC                 (1u << 3)
#define XEN_X86_EMU_IOAPIC              (1u << 4)
#define XEN_X86_EMU_PIC                 (1u << 5)
#define XEN_X86_EMU_PIT                 (1u << 8)
#define XEN_X86_EMU_USE_PIRQ            (1u << 9)
#define XEN_X86_EMU_VPCI                (1u << 10)
#define XEN_X86_EMU_ALL                 0x7ffu

#define XEN_X86_MSR_RELAXED             (1u << 0)
#define XEN_X86_MISC_FLAGS_MAX          XEN_X86_MSR_RELAXED
