/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of vmx/ share; outside only the command line includes this,
 * for its options. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/irq/vlapic.h"
#include "hvm/vmx/insn.h"
#include "hypervisor/cpu/cr.h"

/* --- What this machine's VT-x can do: caps.c. --- */

/* Words of controls. */
enum vmx_word { WORD_PIN, WORD_PROC, WORD_PROC2, WORD_EXIT, WORD_ENTRY, WORDS };
extern const struct vmx_word_info {
    enum vmcs_field field;
    uint32_t msr;            /* what the CPU can do */
    const char *name;
    uint32_t needed;         /* what Lodge cannot do without */
} vmx_words[WORDS];

/* IA32_VMX_EPT_VPID_CAP. */
#define EPT_CAP_4_LEVELS BIT(6)
#define EPT_CAP_UC BIT(8)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2M BIT(16)
#define EPT_CAP_1G BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_AD BIT(21)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define EPT_CAP_INVVPID BIT(32)
#define EPT_CAP_INVVPID_ALL BIT(42)

/* From the capability MSRs (SDM vol. 3D appendix A) of the boot CPU; the others
 * must offer the same. */
struct vmx_caps {
    uint32_t revision;         /* of a VMXON region and a VMCS */
    uint32_t use[WORDS];       /* what Lodge sets in every VMCS */
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
    uint64_t ept;              /* EPT_CAP_* */
    /* These may differ. */
    uint32_t must[WORDS];      /* bits that must be one (allowed-0) */
    uint32_t may[WORDS];       /* bits that may be one (allowed-1) */
    uint64_t misc;             /* IA32_VMX_MISC */
};

/*
 * A guest on one of Intel's CPUs can stop the machine by a machine check: when
 * it changes the size of a page that it executes, the CPU may find two
 * translations of it, a large one and a small one (CVE-2018-12207,
 * INTEL-SA-00210). The large one comes from our tables only if large leaves are
 * executable: must they not be here? ept= may say so, or the opposite.
 */
bool vmx_avoid_large_exec(void);
/* ept=: [no-]exec-sp, large leaves are executable. */
extern char opt_ept[32];

extern struct vmx_caps vmx_caps; /* (c) after the boot CPU's cpu_enable */
/* vmx=: features not to use, "no-NAME" each, separated by commas. */
extern char opt_vmx[128];

/* Does Lodge use this feature? */
static inline bool vmx_uses(enum vmx_word w, uint64_t bits)
{
    return (vmx_caps.use[w] & bits) == bits;
}

/* Reads the capabilities, or checks this CPU's against them; dies with a
 * sentence if Lodge cannot run with them. */
void vmx_caps_init(void);

/* --- A vCPU. --- */

/* The guest's CD and NW would be the machine's, NE is a must under VMX. */
#define VMX_CR0_MASK (CR0_NE | CR0_CD | CR0_NW)

/* Registers that the CPU does not switch: they stay loaded while the vCPU
 * is on a CPU, as Lodge itself uses none of them. */
#define LAZY_FIRST REG_DR6
#define LAZY_LAST REG_KERNEL_GS_BASE

/* Entries of a page modification log (SDM vol. 3C 29.3.6). */
#define LOG_ENTRIES 512u

/* Whole pages first, and one page's alignment for the descriptor of 64 bytes,
 * which one emulator wants. */
struct vmx_vcpu {
    uint32_t vmcs[PAGE_SIZE / 4]; /* the CPU's, but for the first word */
    uint64_t log[LOG_ENTRIES]; /* of writes, by the CPU */
    uint32_t tpr[PAGE_SIZE / 4]; /* virtual-APIC page that keeps the TPR */
    struct vlapic_posted posted;

    uint64_t vmcs_pa;        /* (c) */
    uint32_t *vapic;         /* (c) the page above, or the whole vlapic's where
                                the CPU assists it */
    bool launched;           /* (v) since it was last cleared */
    bool pdptes_stale;       /* (v) CR0, CR3, CR4 or EFER was set */
    uint32_t proc_ctls;      /* (v) as in the VMCS, like the rest */
    uint64_t eoi_exits[4];
    uint8_t apic_state;      /* mode and on or off, as apic.c set them; 0: not
                                set yet */
    uint64_t rip, rsp, rflags;
    uint64_t cr0_shadow, cr4_shadow, cr4_mask;
    uint64_t kept[NR_HVM_REGS]; /* (v) CR2 while root mode runs; those that the
                                   CPU does not switch while not on a CPU */
};

#define VMX_VCPU_ORDER 2
BUILD_BUG_ON(sizeof(struct vmx_vcpu) > PAGE_SIZE << VMX_VCPU_ORDER);

#define OP(ret, fn, args) ret vmx_##fn args;
HVM_OPS(OP)
#undef OP

static inline struct vmx_vcpu *vmx_of(struct vcpu *v)
{
    return v->hvm->vendor;
}

/*
 * Makes v's VMCS this CPU's current one, for whoever is not v; v is paused.
 * Nothing may give up the CPU before vmx_return(v). Both do nothing for the
 * vCPU that is loaded.
 */
void vmx_borrow(struct vcpu *v);
void vmx_return(struct vcpu *v);
/* Is v the vCPU whose state this CPU holds? */
bool vmx_is_loaded(struct vcpu *v);

/* A field of v's, borrowed for that. */
static inline uint64_t vmx_read(struct vcpu *v, enum vmcs_field field)
{
    vmx_borrow(v);
    uint64_t val = vmread(field);
    vmx_return(v);
    return val;
}

/* What does not exit, of all guests: MSRs, those with x2APIC mode of a local
 * APIC that the CPU keeps, and no port. */
#define VMX_MAPS_ORDER 2
extern struct vmx_maps {
    uint8_t msrs[PAGE_SIZE], x2apic_msrs[PAGE_SIZE], ports[2 * PAGE_SIZE];
} *vmx_maps; /* (c) after the boot CPU's cpu_enable */
/* Lets guests reach an MSR without an exit: opens it in a bitmap. */
void vmx_msr_open(void *bitmap, uint32_t index, bool read, bool write);

/* check.c: what SDM vol. 3C 27.2 (controls) or 27.3 (guest state) forbids in
 * the current VMCS, the first thing; false: found none. Slow. */
struct vmx_fault {
    const char *field;
    const char *why; /* what is wrong with it; NULL: none */
    uint64_t value;
};
bool vmx_find_fault(struct vmx_fault *f);

/* exit.c: turns the VMCS into the neutral record. */
void vmx_decode_exit(struct vcpu *v, struct vmexit *e);

/*
 * apic.c: the local APIC that the CPU itself keeps, where it can. Open: its
 * registers in the bitmap of x2APIC mode. Init: a vCPU's part of it, its VMCS
 * is current; -ENOMEM. Update: before an entry, when lapic->changed or
 * something was posted.
 */
void vmx_apic_open(void *x2apic_msrs);
int vmx_apic_init(struct vcpu *v);
void vmx_apic_update(struct vcpu *v);

/* inject.c: after each exit, an event that was not delivered goes back into
 * v->hvm->event. */
void vmx_collect_interrupted(struct vcpu *v, struct vmexit *e);

/* regs.c: the lazily switched registers to and from this CPU. */
void vmx_lazy_load(struct vmx_vcpu *s);
void vmx_lazy_save(struct vmx_vcpu *s);
/* Before an entry with ->pdptes_stale: what MOV to CR3 does in PAE paging. */
void vmx_load_pdptes(struct vcpu *v);
/* Bits of CR4 that exit when the guest changes them. */
void vmx_update_cr4_mask(struct vcpu *v);

/* entry.S: runs the guest; interrupts off on entry and return. True: VMLAUNCH
 * or VMRESUME failed, nothing ran. */
bool vmx_run(struct regs *r, bool launched);
extern const char vmx_exit_point[];
