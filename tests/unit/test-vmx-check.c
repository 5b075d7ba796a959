/* sources: hvm/vmx/check.c hvm/vmx/caps.c hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checker of guest state: three states that a CPU takes pass, and each of
 * many single faults in them is named (SDM vol. 3C 27.2, 27.3).
 */
#include <string.h>

#include "hvm/base/regs.h"
#include "hvm/policy/cpuid.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/features.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

struct cpu_features cpu_features = { .phys_bits = 40 };
void cpuid_hide(unsigned int feature) {}

/* --- States. --- */

/* Access rights of a present accessed segment. */
#define CODE64 0xa09bu
#define CODE32 0xc09bu
#define DATA32 0xc093u
#define REAL 0x0093u
#define BUSY32 0x008bu
#define LDT 0x0082u
#define DPL3 0x60u

enum state { LONG64, REAL16, PAE32, V86, USER64 };
static const char *const state_names[] = {
    "64-bit", "real mode", "32-bit PAE", "virtual-8086", "64-bit, user mode"
};

#define PIN (PIN_INTR | PIN_NMI | PIN_VIRTUAL_NMI)
#define PROC (PROC_TPR_SHADOW | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | \
              PROC_SECONDARY | PROC_HLT)
#define PROC2 (PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED)
#define EXITS (EXIT_HOST_64 | EXIT_ACK_INTR | EXIT_LOAD_EFER)
#define ENTRY (ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)
#define CR0_FLAT (CR0_PE | CR0_PG | CR0_NE | CR0_ET)

static void caps(void)
{
    vmx_caps = (struct vmx_caps){
        .must = { 0x16, 0x0401e172, 0, 0x36dfb, 0x11fb },
        .may = { 0xff, 0xfffffffe, 0x027fffff, 0x01ffffff, 0x1ffff },
        .ept = EPT_CAP_4_LEVELS | EPT_CAP_WB,
        .misc = 7u << 6 | 4u << 16,
        .cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG, .cr0_fixed1 = 0xffffffff,
        .cr4_fixed0 = CR4_VMXE, .cr4_fixed1 = 0x00f727ff,
    };
}

static void seg(unsigned int n, uint16_t sel, uint32_t ar, uint32_t limit,
                uint64_t base)
{
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_SEL, n), sel);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_AR, n), ar);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_LIMIT, n), limit);
    vmwrite(VMCS_SEG(VMCS_GUEST_ES_BASE, n), base);
}

static void controls(void)
{
    vmwrite(VMCS_PIN_CTLS, PIN | vmx_caps.must[WORD_PIN]);
    vmwrite(VMCS_PROC_CTLS, PROC | vmx_caps.must[WORD_PROC]);
    vmwrite(VMCS_PROC_CTLS2, PROC2);
    vmwrite(VMCS_EXIT_CTLS, EXITS | vmx_caps.must[WORD_EXIT]);
    vmwrite(VMCS_ENTRY_CTLS, ENTRY | vmx_caps.must[WORD_ENTRY]);
    vmwrite(VMCS_VPID, 1);
    vmwrite(VMCS_IO_BITMAP_A, 0x10000);
    vmwrite(VMCS_IO_BITMAP_B, 0x11000);
    vmwrite(VMCS_MSR_BITMAP, 0x12000);
    vmwrite(VMCS_VIRTUAL_APIC, 0x13000);
    vmwrite(VMCS_APIC_ACCESS, 0x14000);
    vmwrite(VMCS_POSTED_DESC, 0x15040);
    vmwrite(VMCS_PML_ADDRESS, 0x16000);
    vmwrite(VMCS_TSC_MULTIPLIER, BIT(48));
    vmwrite(VMCS_EPT_POINTER, 0x17000 | 3 << 3 | 6);
    vmwrite(VMCS_TPR_THRESHOLD, 3);
    vmwrite(VMCS_GUEST_LINK, ~0ull);
    vmwrite(VMCS_GUEST_PAT, HOST_PAT);
    vmwrite(VMCS_GUEST_DR7, 0x400);
    vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_MBS | RFLAGS_IF);
    vmwrite(VMCS_GUEST_GDTR_LIMIT, 0xffff);
    vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xfff);
    vmwrite(VMCS_GUEST_RIP, 0x100000);
}

static void flat(uint32_t code, uint32_t tr_limit)
{
    for (unsigned int n = SEG_ES; n <= SEG_GS; n++)
        seg(n, 0x18, DATA32, ~0u, 0);
    seg(SEG_CS, 0x10, code, ~0u, 0);
    seg(SEG_LDTR, 0x28, LDT, 0xffff, 0x2000);
    seg(SEG_TR, 0x30, BUSY32, tr_limit, 0x3000);
    vmwrite(VMCS_GUEST_CR0, CR0_FLAT);
    vmwrite(VMCS_GUEST_CR3, 0x5000);
    vmwrite(VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE);
}

static void user(void)
{
    for (unsigned int n = SEG_ES; n <= SEG_GS; n++)
        vmwrite(VMCS_SEG(VMCS_GUEST_ES_AR, n), AR_UNUSABLE);
    seg(SEG_SS, 0x2b, DATA32 | DPL3, ~0u, 0);
    seg(SEG_CS, 0x33, CODE64 | DPL3, ~0u, 0);
}

/* Selectors as they are; a base is 16 times its own. */
static void v86(void)
{
    for (unsigned int n = SEG_ES; n <= SEG_GS; n++)
        seg(n, (uint16_t)(0x100 * n + 3), 0xf3, 0xffff, 0x1000 * n + 0x30);
    vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_MBS | RFLAGS_IF | RFLAGS_VM);
    vmwrite(VMCS_GUEST_RIP, 0x100);
}

static void set_state(enum state s)
{
    fake_vmx_reset();
    caps();
    controls();
    if (s == LONG64 || s == USER64) {
        flat(CODE64, 0x67);
        vmwrite(VMCS_ENTRY_CTLS, vmread(VMCS_ENTRY_CTLS) | ENTRY_IA32E);
        vmwrite(VMCS_GUEST_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
        vmwrite(VMCS_GUEST_RIP, 0xffffffff81000000);
        vmwrite(VMCS_GUEST_FS_BASE, 0x7fff00000000);
        vmwrite(VMCS_GUEST_GS_BASE, 0xffff888000000000);
        vmwrite(VMCS_GUEST_SYSENTER_EIP, 0xffffffff81000100);
    } else if (s == REAL16) {
        for (unsigned int n = SEG_ES; n <= SEG_GS; n++)
            seg(n, 0, REAL, 0xffff, 0);
        seg(SEG_CS, 0xf000, REAL, 0xffff, 0xffff0000);
        seg(SEG_LDTR, 0, LDT, 0xffff, 0);
        seg(SEG_TR, 0, BUSY32, 0xffff, 0);
        vmwrite(VMCS_GUEST_CR0, CR0_NE | CR0_ET | CR0_CD | CR0_NW);
        vmwrite(VMCS_GUEST_CR4, CR4_VMXE);
        vmwrite(VMCS_GUEST_RIP, 0xfff0);
        vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_MBS);
    } else {
        flat(CODE32, 0x67);
        for (unsigned int i = 0; i < 4; i++)
            vmwrite(VMCS_SEG(VMCS_GUEST_PDPTE0, i), 0x6001 + 0x1000 * i);
    }
    if (s == USER64)
        user();
    if (s == V86)
        v86();
}

/* --- Single faults. --- */

#define F(name) VMCS_##name
#define EV(type, vector) \
    (EVENT_VALID | (uint64_t)(type) << EVENT_TYPE_SHIFT | (vector))
#define P(bits) (PIN | 0x16 | (bits))
#define PC(bits) (PROC | 0x0401e172 | (bits))
#define P2(bits) (PROC2 | (bits))
#define EC(bits) (ENTRY | 0x11fb | (bits))
#define BASE_FLAGS (RFLAGS_MBS | RFLAGS_IF)

/* The state with the changes of "with" passes; with the value it does not. */
static const struct fault {
    enum state state;
    enum vmcs_field field;
    uint64_t value;
    const char *name;
    struct { enum vmcs_field field; uint64_t value; } with[3];
} faults[] = {
    /* Words of controls. */
    { LONG64, F(PIN_CTLS), PIN, "pin-based VM-execution controls", {} },
    { LONG64, F(PIN_CTLS), P(BIT(8)), "pin-based VM-execution controls", {} },
    { LONG64, F(PROC_CTLS), PROC,
      "primary processor-based VM-execution controls", {} },
    { LONG64, F(PROC_CTLS), PC(1),
      "primary processor-based VM-execution controls", {} },
    { LONG64, F(PROC_CTLS2), P2(BIT(31)),
      "secondary processor-based VM-execution controls", {} },
    { LONG64, F(EXIT_CTLS), EXITS, "VM-exit controls", {} },
    { LONG64, F(EXIT_CTLS), EXITS | 0x36dfb | BIT(31), "VM-exit controls", {} },
    { LONG64, F(ENTRY_CTLS), ENTRY | ENTRY_IA32E, "VM-entry controls", {} },
    { LONG64, F(ENTRY_CTLS), EC(ENTRY_IA32E | BIT(31)), "VM-entry controls",
      {} },
    /* Controls that need others. */
    { LONG64, F(PROC_CTLS2), P2(PROC2_X2APIC | PROC2_APIC_ACCESS),
      "secondary processor-based VM-execution controls", {} },
    { LONG64, F(PIN_CTLS), P(PIN_POSTED), "pin-based VM-execution controls",
      {} },
    /* Values of controls. */
    { LONG64, F(TPR_THRESHOLD), 0x10, "TPR threshold", {} },
    { LONG64, F(VPID), 0, "virtual-processor identifier", {} },
    { LONG64, F(TSC_MULTIPLIER), 0, "TSC multiplier",
      { { F(PROC_CTLS2), P2(PROC2_TSC_SCALING) } } },
    /* The event. */
    { LONG64, F(ENTRY_EVENT), EV(1, 0x30),
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(7, 0),
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_NMI, 3),
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_EXCEPTION, 32),
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_EXCEPTION, VEC_PF),
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_EXCEPTION, VEC_UD) | EVENT_HAS_ERROR,
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_INTR, 0x30) | EVENT_HAS_ERROR,
      "VM-entry interruption-information field", {} },
    { REAL16, F(ENTRY_EVENT), EV(EVENT_EXCEPTION, VEC_GP) | EVENT_HAS_ERROR,
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_EVENT), EV(EVENT_INTR, 0x30) | EVENT_NMI_UNBLOCKED,
      "VM-entry interruption-information field", {} },
    { LONG64, F(ENTRY_ERROR), 0x10000, "VM-entry exception error code",
      { { F(ENTRY_EVENT),
          EV(EVENT_EXCEPTION, VEC_PF) | EVENT_HAS_ERROR } } },
    { LONG64, F(ENTRY_LENGTH), 16, "VM-entry instruction length",
      { { F(ENTRY_LENGTH), 2 }, { F(ENTRY_EVENT), EV(EVENT_SOFT_INT, 3) } } },
    { LONG64, F(ENTRY_LENGTH), 0, "VM-entry instruction length",
      { { F(ENTRY_LENGTH), 1 }, { F(ENTRY_EVENT), EV(EVENT_SOFT_EXC, 3) } } },
    /* Control registers. */
    { LONG64, F(GUEST_CR0), CR0_FLAT & ~CR0_NE, "CR0", {} },
    { LONG64, F(GUEST_CR0), CR0_FLAT | BIT(32), "CR0", {} },
    { REAL16, F(GUEST_CR0), CR0_NE | CR0_PG, "CR0", {} },
    { LONG64, F(GUEST_CR0), CR0_NE | CR0_PE, "CR0", {} },
    { LONG64, F(GUEST_CR4), CR4_PAE, "CR4", {} },
    { LONG64, F(GUEST_CR4), CR4_PAE | CR4_VMXE | CR4_LA57, "CR4", {} },
    { LONG64, F(GUEST_CR4), CR4_VMXE, "CR4", {} },
    { LONG64, F(GUEST_CR4), CR4_PAE | CR4_VMXE | CR4_CET, "CR4", {} },
    { PAE32, F(GUEST_CR4), CR4_PAE | CR4_VMXE | CR4_PCIDE, "CR4", {} },
    { LONG64, F(GUEST_CR3), BIT(40), "CR3", {} },
    { LONG64, F(GUEST_CR3), BIT(63), "CR3", {} },
    { LONG64, F(GUEST_DEBUGCTL), BIT(3), "IA32_DEBUGCTL", {} },
    { LONG64, F(GUEST_DEBUGCTL), BIT(16), "IA32_DEBUGCTL", {} },
    { LONG64, F(GUEST_DR7), BIT(32), "DR7", {} },
    { LONG64, F(GUEST_SYSENTER_ESP), BIT(47), "IA32_SYSENTER_ESP", {} },
    { LONG64, F(GUEST_SYSENTER_EIP), BIT(63), "IA32_SYSENTER_EIP", {} },
    { LONG64, F(GUEST_PAT), 0x0007010600070206, "IA32_PAT", {} },
    { LONG64, F(GUEST_PAT), 0x0807010600070106, "IA32_PAT", {} },
    { LONG64, F(GUEST_EFER), EFER_LME | EFER_LMA | EFER_SVME, "IA32_EFER",
      {} },
    { LONG64, F(GUEST_EFER), 0, "IA32_EFER", {} },
    { PAE32, F(GUEST_EFER), EFER_LME | EFER_LMA, "IA32_EFER", {} },
    { LONG64, F(GUEST_EFER), EFER_LME, "IA32_EFER", {} },
    { LONG64, F(GUEST_EFER), EFER_LMA, "IA32_EFER", {} },
    { PAE32, F(GUEST_EFER), EFER_LMA, "IA32_EFER", {} },
    { PAE32, F(GUEST_EFER), EFER_LME, "IA32_EFER", {} },
    /* Selectors. */
    { LONG64, F(GUEST_TR_SEL), 0x34, "TR selector", {} },
    { LONG64, F(GUEST_LDTR_SEL), 0x2c, "LDTR selector", {} },
    /* Bases. */
    { V86, F(GUEST_ES_BASE), 0x40, "ES base", {} },
    { V86, F(GUEST_CS_BASE), 0x1000, "CS base", {} },
    { V86, F(GUEST_GS_BASE), 0x1000, "GS base", {} },
    { LONG64, F(GUEST_TR_BASE), BIT(47), "TR base", {} },
    { LONG64, F(GUEST_FS_BASE), BIT(48), "FS base", {} },
    { LONG64, F(GUEST_GS_BASE), BIT(62), "GS base", {} },
    { LONG64, F(GUEST_LDTR_BASE), BIT(47), "LDTR base", {} },
    { LONG64, F(GUEST_CS_BASE), BIT(32), "CS base", {} },
    { LONG64, F(GUEST_SS_BASE), BIT(32), "SS base", {} },
    { REAL16, F(GUEST_DS_BASE), BIT(35), "DS base", {} },
    { LONG64, F(GUEST_ES_BASE), ~0ull, "ES base", {} },
    /* Limits. */
    { V86, F(GUEST_DS_LIMIT), 0xfffff, "DS limit", {} },
    { V86, F(GUEST_SS_LIMIT), 0xfffe, "SS limit", {} },
    /* Access rights. */
    { V86, F(GUEST_FS_AR), 0x93, "FS access rights", {} },
    { V86, F(GUEST_CS_AR), 0xfb, "CS access rights", {} },
    { LONG64, F(GUEST_CS_AR), CODE64 & ~1u, "CS access rights", {} },
    { REAL16, F(GUEST_CS_AR), REAL & ~1u, "CS access rights", {} },
    { LONG64, F(GUEST_SS_AR), CODE32, "SS access rights", {} },
    { LONG64, F(GUEST_SS_AR), DATA32 & ~2u, "SS access rights", {} },
    { LONG64, F(GUEST_DS_AR), DATA32 & ~1u, "DS access rights", {} },
    { PAE32, F(GUEST_ES_AR), CODE32 & ~2u, "ES access rights", {} },
    { LONG64, F(GUEST_CS_AR), CODE64 & ~0x10u, "CS access rights", {} },
    { LONG64, F(GUEST_GS_AR), DATA32 & ~0x10u, "GS access rights", {} },
    { REAL16, F(GUEST_CS_AR), REAL | DPL3, "CS access rights", {} },
    { LONG64, F(GUEST_CS_AR), CODE64 | DPL3, "CS access rights", {} },
    { USER64, F(GUEST_CS_AR), CODE64, "CS access rights", {} },
    { LONG64, F(GUEST_CS_AR), (CODE64 | 4) + 0x20, "CS access rights", {} },
    { REAL16, F(GUEST_SS_AR), REAL | DPL3, "SS access rights", {} },
    { REAL16, F(GUEST_SS_AR), REAL | DPL3, "SS access rights",
      { { F(GUEST_CS_AR), 0x9f } } }, /* PE is clear */
    { LONG64, F(GUEST_CS_AR), CODE64 & ~0x80u, "CS access rights", {} },
    { LONG64, F(GUEST_FS_AR), DATA32 & ~0x80u, "FS access rights", {} },
    { LONG64, F(GUEST_CS_AR), CODE64 | BIT(8), "CS access rights", {} },
    { LONG64, F(GUEST_SS_AR), DATA32 | BIT(11), "SS access rights", {} },
    { LONG64, F(GUEST_DS_AR), DATA32 | BIT(17), "DS access rights", {} },
    { LONG64, F(GUEST_CS_AR), CODE64 | BIT(14), "CS access rights", {} },
    { LONG64, F(GUEST_SS_AR), DATA32 & ~0x8000u, "SS access rights", {} },
    { LONG64, F(GUEST_ES_LIMIT), 0xfffff000, "ES access rights", {} },
    { REAL16, F(GUEST_GS_LIMIT), 0x100000, "GS access rights", {} },
    { LONG64, F(GUEST_TR_AR), 0x83, "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), 0x89, "TR access rights", {} },
    { PAE32, F(GUEST_TR_AR), 0x81, "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), BUSY32 | 0x10, "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), BUSY32 & ~0x80u, "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), BUSY32 | BIT(9), "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), BUSY32 | BIT(15), "TR access rights", {} },
    { LONG64, F(GUEST_TR_AR), BUSY32 | AR_UNUSABLE, "TR access rights", {} },
    { LONG64, F(GUEST_LDTR_AR), 0x83, "LDTR access rights", {} },
    { LONG64, F(GUEST_LDTR_AR), 0x92, "LDTR access rights", {} },
    { LONG64, F(GUEST_LDTR_AR), 0x02, "LDTR access rights", {} },
    { LONG64, F(GUEST_LDTR_AR), LDT | BIT(31), "LDTR access rights", {} },
    { LONG64, F(GUEST_LDTR_LIMIT), BIT(20), "LDTR access rights", {} },
    /* Descriptor tables, RIP, RFLAGS. */
    { LONG64, F(GUEST_GDTR_BASE), BIT(47), "GDTR base", {} },
    { LONG64, F(GUEST_IDTR_BASE), BIT(63), "IDTR base", {} },
    { PAE32, F(GUEST_RIP), BIT(32), "RIP", {} },
    { LONG64, F(GUEST_RIP), BIT(32), "RIP", /* compatibility mode */
      { { F(GUEST_CS_AR), CODE32 }, { F(GUEST_RIP), 0x1000 } } },
    { LONG64, F(GUEST_RIP), BIT(48), "RIP",
      { { F(GUEST_RIP), BIT(47) } } }, /* just past the lower half */
    { LONG64, F(GUEST_RFLAGS), RFLAGS_IF, "RFLAGS", {} },
    { LONG64, F(GUEST_RFLAGS), BASE_FLAGS | BIT(22), "RFLAGS", {} },
    { LONG64, F(GUEST_RFLAGS), BASE_FLAGS | BIT(15), "RFLAGS", {} },
    { LONG64, F(GUEST_RFLAGS), BASE_FLAGS | BIT(5), "RFLAGS", {} },
    { LONG64, F(GUEST_RFLAGS), BASE_FLAGS | BIT(3), "RFLAGS", {} },
    { V86, F(GUEST_CR0), CR0_NE, "RFLAGS", {} },
    { LONG64, F(GUEST_RFLAGS), RFLAGS_MBS, "RFLAGS",
      { { F(ENTRY_EVENT), EV(EVENT_INTR, 0x30) } } },
    /* Activity. */
    { LONG64, F(GUEST_ACTIVITY), 1, "activity state", {} },
    /* Interruptibility. */
    { LONG64, F(GUEST_BLOCKING), BIT(5), "interruptibility state", {} },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_STI | BLOCKING_MOV_SS,
      "interruptibility state", {} },
    { REAL16, F(GUEST_BLOCKING), BLOCKING_STI, "interruptibility state", {} },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_STI, "interruptibility state",
      { { F(ENTRY_EVENT), EV(EVENT_INTR, 0x30) } } },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_MOV_SS, "interruptibility state",
      { { F(ENTRY_EVENT), EV(EVENT_INTR, 0x30) } } },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_MOV_SS, "interruptibility state",
      { { F(ENTRY_EVENT), EV(EVENT_NMI, 2) } } },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_STI, "interruptibility state",
      { { F(ENTRY_EVENT), EV(EVENT_NMI, 2) } } },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_NMI, "interruptibility state",
      { { F(ENTRY_EVENT), EV(EVENT_NMI, 2) } } },
    { LONG64, F(GUEST_BLOCKING), BLOCKING_SMI, "interruptibility state", {} },
    /* Pending debug exceptions. */
    { LONG64, F(GUEST_PENDING_DEBUG), BIT(4), "pending debug exceptions",
      {} },
    { LONG64, F(GUEST_PENDING_DEBUG), BIT(13), "pending debug exceptions",
      {} },
    { LONG64, F(GUEST_PENDING_DEBUG), BIT(63), "pending debug exceptions",
      {} },
    { LONG64, F(GUEST_PENDING_DEBUG), BIT(14), "pending debug exceptions",
      { { F(GUEST_BLOCKING), BLOCKING_STI } } },
    { LONG64, F(GUEST_RFLAGS), BASE_FLAGS | RFLAGS_TF,
      "pending debug exceptions",
      { { F(GUEST_BLOCKING), BLOCKING_MOV_SS } } },
    { LONG64, F(GUEST_DEBUGCTL), BIT(1), "pending debug exceptions", /* BTF */
      { { F(GUEST_BLOCKING), BLOCKING_STI },
        { F(GUEST_RFLAGS), BASE_FLAGS | RFLAGS_TF },
        { F(GUEST_PENDING_DEBUG), BIT(14) } } },
    /* PDPTEs. */
    { PAE32, F(GUEST_PDPTE0), 0x6003, "PDPTE0", {} },
    { PAE32, F(GUEST_PDPTE1), 0x6021, "PDPTE1", {} },
    { PAE32, F(GUEST_PDPTE2), 0x6101, "PDPTE2", {} },
    { PAE32, F(GUEST_PDPTE3), BIT(63) | 1, "PDPTE3",
      { { F(GUEST_PDPTE3), ~1ull } } }, /* not present */
};

static void find_faults(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct fault *t = &faults[i];
        struct vmx_fault got = { "nothing", "", 0 };
        unsigned int failures = test_failures;

        set_state(t->state);
        for (unsigned int n = 0; n < ARRAY_SIZE(t->with); n++)
            if (t->with[n].field)
                vmwrite(t->with[n].field, t->with[n].value);
        CHECK(!vmx_find_fault(&got));
        vmwrite(t->field, t->value);
        CHECK(vmx_find_fault(&got));
        CHECK(!strcmp(got.field, t->name));
        CHECK(got.why && *got.why);
        for (unsigned int n = 0; n < nr_vmcs_names; n++)
            if (!strcmp(vmcs_names[n].name, got.field))
                CHECK_EQ(got.value, vmread(vmcs_names[n].field));
        if (test_failures != failures)
            fprintf(stderr, "  fault %u, %s: %s wanted, %s: %s\n", i,
                    state_names[t->state], t->name, got.field, got.why);
    }
}

/* --- What must pass. --- */

static void pass_unless(enum vmcs_field field, uint64_t value, bool fault)
{
    struct vmx_fault got;

    vmwrite(field, value);
    CHECK_EQ(vmx_find_fault(&got), fault);
    if (fault != !!got.why)
        fprintf(stderr, "  %s: %s\n", got.field ?: "nothing", got.why ?: "");
}

/* A rule that a control, a capability or a mode switches off. */
static void exemptions(void)
{
    struct vmx_fault got;

    for (unsigned int s = LONG64; s <= USER64; s++) {
        set_state(s);
        CHECK(!vmx_find_fault(&got));
    }
    set_state(LONG64); /* unusable segments may hold anything */
    vmwrite(VMCS_GUEST_LDTR_SEL, 4);
    vmwrite(VMCS_GUEST_LDTR_BASE, BIT(47));
    vmwrite(VMCS_GUEST_LDTR_AR, AR_UNUSABLE);
    vmwrite(VMCS_GUEST_DS_BASE, ~0ull);
    pass_unless(VMCS_GUEST_DS_AR, AR_UNUSABLE, false);
    set_state(LONG64); /* CPUs that can do more */
    vmx_caps.misc |= BIT(30);
    pass_unless(VMCS_ENTRY_EVENT, EV(EVENT_SOFT_INT, 0x80), false);
    cpu_features.phys_bits = 46;
    fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ .a = 57 << 8 | 46 });
    vmwrite(VMCS_GUEST_CR3, BIT(45));
    pass_unless(VMCS_GUEST_FS_BASE, BIT(55), false);
    pass_unless(VMCS_GUEST_FS_BASE, BIT(56), true);
    fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ .a = 48 << 8 | 40 });
    cpu_features.phys_bits = 40;
    set_state(V86); /* there is no such mode under IA-32e mode */
    vmwrite(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
    pass_unless(VMCS_ENTRY_CTLS, EC(ENTRY_IA32E), true);
    set_state(USER64); /* conforming code of ring 0 */
    pass_unless(VMCS_GUEST_CS_AR, CODE64 | 4, false);
    set_state(REAL16); /* no error codes in real mode */
    pass_unless(VMCS_ENTRY_EVENT, EV(EVENT_EXCEPTION, VEC_GP), false);
    set_state(PAE32); /* the smallest of each kind */
    pass_unless(VMCS_GUEST_TR_AR, 0x83, false);
    pass_unless(VMCS_GUEST_CS_AR, CODE32 & ~2u, false);
    pass_unless(VMCS_GUEST_DS_AR, DATA32 & ~2u, false);
    pass_unless(VMCS_GUEST_DEBUGCTL, 0xffc7, false);
    pass_unless(VMCS_GUEST_PENDING_DEBUG, 0xf | BIT(12), false);
    set_state(REAL16); /* any of the code types as well */
    pass_unless(VMCS_GUEST_CS_AR, 0x9b, false);
}

/* What the last line of a dump says of VM-instruction error n. */
static bool names_error(uint32_t n, const char *says)
{
    fake_vmcs_set(VMCS_INSN_ERROR, n);
    vmx_dump(NULL);
    return strstr(fake_log_last, "Last VM-instruction error") &&
           strstr(fake_log_last, says);
}

static void error_names(void)
{
    set_state(LONG64);
    CHECK(!names_error(0, ""));
    for (unsigned int n = 1; n <= 28; n++) {
        CHECK(names_error(n, ""));
        CHECK_EQ(names_error(n, "unknown"), n == 14 || n == 21 || n == 27);
    }
    CHECK(names_error(29, "unknown"));
    CHECK(names_error(~0u, "unknown"));
    CHECK(names_error(7, "invalid control"));
    CHECK(names_error(11, "revision"));
}

static void dumps(void)
{
    set_state(LONG64);
    fake_vmcs_set(VMCS_EXIT_REASON, REASON_ENTRY_FAILED | REASON_BAD_STATE);
    vmx_dump(NULL);
    CHECK(strstr(fake_log_last, "TR selector 0030  TR limit 00000067  "
                                "TR access rights 0008b  TR base "));
    vmwrite(VMCS_GUEST_TR_AR, 0x83);
    vmx_dump(NULL);
    CHECK(!strcmp(fake_log_last, "  The CPU refuses TR access rights = 0x83: "
                                 "must be busy (11) in IA-32e mode\n"));
}

int main(void)
{
    fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ .a = 48 << 8 | 40 });
    exemptions();
    find_faults();
    error_names();
    dumps();
    printf("%zu faults\n", ARRAY_SIZE(faults));
    return test_result();
}
