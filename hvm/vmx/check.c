/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks that VM entry makes of controls and guest state, in the order of
 * the manual, as far as Lodge can set what they look at (no SMM, no enclaves,
 * no VM functions). What the CPU reads from memory is not looked at. Each
 * function below returns true when it found a fault.
 */
#include "hvm/vmx/check.h"

#include "hvm/base/event.h"
#include "hvm/base/regs.h"
#include "hvm/vmx/caps.h"
#include "hvm/vmx/insn.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/features.h"

/* What many rules look at. */
struct check {
    struct vmx_fault *fault;
    uint32_t word[WORDS];    /* controls; a word that is off counts as 0 */
    unsigned int phys_bits, linear_bits;
    uint64_t cr0, cr4, rflags;
    uint32_t event;          /* to be delivered by the entry; 0: none */
    unsigned int type, vector; /* its */
    uint32_t blocking, activity;
    bool ia32e, v86, unrestricted;
    struct seg {
        uint16_t sel;
        uint32_t ar, limit;
        uint64_t base;
        unsigned int type, dpl;
        bool usable;
    } seg[NR_HVM_SEGS];
};

/* Bits of access rights that struct segment's attr has four lower. */
#define AR_OF(attr) ((uint32_t)(attr) << 4)

#define RPL 3u
#define TABLE_LDT 4u /* of a selector */
#define MISC_HLT 6   /* IA32_VMX_MISC: activity states HLT and up */
#define MISC_CR3_TARGETS 16
#define MISC_LENGTH_0 BIT(30)
#define DEBUGCTL_BTF BIT(1)
#define PENDING_BS BIT(14)

const struct vmcs_name vmcs_names[] = {
#define F(name, code, text) { VMCS_##name, text },
    VMCS_EXIT_FIELDS(F) VMCS_GUEST_FIELDS(F)
    VMCS_CONTROL_FIELDS(F) VMCS_HOST_FIELDS(F)
#undef F
};
const unsigned int nr_vmcs_names = ARRAY_SIZE(vmcs_names);

static const char *field_name(enum vmcs_field field)
{
    for (unsigned int i = 0; i < nr_vmcs_names; i++)
        if (vmcs_names[i].field == field)
            return vmcs_names[i].name;
    return "unnamed field";
}

/* Reports the field if it is bad, and says whether it is. */
static bool refuse(const struct check *c, bool bad, enum vmcs_field field,
                   const char *why)
{
    if (bad)
        *c->fault = (struct vmx_fault){ field_name(field), why,
                                        vmread(field) };
    return bad;
}

static bool is_canonical_in(const struct check *c, uint64_t la)
{
    unsigned int unused = 64 - c->linear_bits;

    return (uint64_t)((int64_t)(la << unused) >> unused) == la;
}

static bool not_canonical(const struct check *c, enum vmcs_field field)
{
    return refuse(c, !is_canonical_in(c, vmread(field)), field,
                  "is not canonical");
}

/* A physical address of which the low bits must be zero. */
static bool bad_address(const struct check *c, enum vmcs_field field,
                        uint64_t low)
{
    return refuse(c, vmread(field) & low, field, "is not aligned") ||
           refuse(c, vmread(field) >> c->phys_bits, field,
                  "is wider than a physical address");
}

/* --- Controls: SDM vol. 3C 27.2.1. --- */

static const enum vmcs_field word_fields[WORDS] = {
    [WORD_PIN] = VMCS_PIN_CTLS, [WORD_PROC] = VMCS_PROC_CTLS,
    [WORD_PROC2] = VMCS_PROC_CTLS2, [WORD_EXIT] = VMCS_EXIT_CTLS,
    [WORD_ENTRY] = VMCS_ENTRY_CTLS,
};

/* A control that may be set only while another one is set. */
static const struct {
    uint8_t word, other_word;
    uint32_t bit, other;
    const char *why;
} needs[] = {
    { WORD_PIN, WORD_PIN, PIN_VIRTUAL_NMI, PIN_NMI,
      "virtual NMIs need NMI exiting" },
    { WORD_PROC, WORD_PIN, PROC_NMI_WINDOW, PIN_VIRTUAL_NMI,
      "NMI-window exiting needs virtual NMIs" },
    { WORD_PROC2, WORD_PROC, PROC2_X2APIC, PROC_TPR_SHADOW,
      "virtualized x2APIC mode needs the TPR shadow" },
    { WORD_PROC2, WORD_PROC, PROC2_APIC_REGISTERS, PROC_TPR_SHADOW,
      "APIC-register virtualization needs the TPR shadow" },
    { WORD_PROC2, WORD_PROC, PROC2_INTR_DELIVERY, PROC_TPR_SHADOW,
      "virtual-interrupt delivery needs the TPR shadow" },
    { WORD_PROC2, WORD_PIN, PROC2_INTR_DELIVERY, PIN_INTR,
      "virtual-interrupt delivery needs external-interrupt exiting" },
    { WORD_PIN, WORD_PROC2, PIN_POSTED, PROC2_INTR_DELIVERY,
      "posted interrupts need virtual-interrupt delivery" },
    { WORD_PIN, WORD_EXIT, PIN_POSTED, EXIT_ACK_INTR,
      "posted interrupts need acknowledging on exit" },
    { WORD_PROC2, WORD_PROC2, PROC2_UNRESTRICTED, PROC2_EPT,
      "unrestricted guest needs EPT" },
    { WORD_PROC2, WORD_PROC2, PROC2_MODE_BASED_EXEC, PROC2_EPT,
      "mode-based execute control needs EPT" },
    { WORD_PROC2, WORD_PROC2, PROC2_PML, PROC2_EPT, "PML needs EPT" },
    { WORD_EXIT, WORD_PIN, EXIT_SAVE_TIMER, PIN_PREEMPTION_TIMER,
      "saving the VMX-preemption timer needs the timer" },
};

/* Addresses that a control makes the CPU use, and their low zero bits. */
static const struct {
    uint8_t word;
    uint32_t bit;
    enum vmcs_field field;
    uint32_t low;
} addresses[] = {
    { WORD_PROC, PROC_IO_BITMAPS, VMCS_IO_BITMAP_A, 0xfff },
    { WORD_PROC, PROC_IO_BITMAPS, VMCS_IO_BITMAP_B, 0xfff },
    { WORD_PROC, PROC_MSR_BITMAPS, VMCS_MSR_BITMAP, 0xfff },
    { WORD_PROC, PROC_TPR_SHADOW, VMCS_VIRTUAL_APIC, 0xfff },
    { WORD_PROC2, PROC2_APIC_ACCESS, VMCS_APIC_ACCESS, 0xfff },
    { WORD_PIN, PIN_POSTED, VMCS_POSTED_DESC, 0x3f },
    { WORD_PROC2, PROC2_PML, VMCS_PML_ADDRESS, 0xfff },
};

/* Lists of MSRs that the CPU stores or loads, 16 bytes an entry. */
static const struct {
    enum vmcs_field count, address;
} msr_lists[] = {
    { VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_STORE },
    { VMCS_EXIT_MSR_LOAD_COUNT, VMCS_EXIT_MSR_LOAD },
    { VMCS_ENTRY_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD },
};

static bool control_words(const struct check *c)
{
    for (unsigned int w = 0; w < WORDS; w++) {
        uint32_t word = c->word[w];

        if (w == WORD_PROC2 && !(c->word[WORD_PROC] & PROC_SECONDARY))
            continue;
        if (refuse(c, vmx_caps.must[w] & ~word, word_fields[w],
                   "a bit is clear that must be set") ||
            refuse(c, word & ~vmx_caps.may[w], word_fields[w],
                   "a bit is set that must be clear"))
            return true;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(needs); i++)
        if (refuse(c, (c->word[needs[i].word] & needs[i].bit) &&
                      !(c->word[needs[i].other_word] & needs[i].other),
                   word_fields[needs[i].word], needs[i].why))
            return true;
    return refuse(c, (c->word[WORD_PROC2] & PROC2_X2APIC) &&
                     (c->word[WORD_PROC2] & PROC2_APIC_ACCESS),
                  VMCS_PROC_CTLS2,
                  "virtualized x2APIC mode excludes APIC accesses") ||
           refuse(c, !(c->word[WORD_EXIT] & EXIT_HOST_64), VMCS_EXIT_CTLS,
                  "a 64-bit host needs host address-space size") ||
           refuse(c, c->word[WORD_ENTRY] & (ENTRY_SMM | ENTRY_DUAL_MONITOR),
                  VMCS_ENTRY_CTLS, "entry to SMM from outside of SMM");
}

static bool control_addresses(const struct check *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++)
        if ((c->word[addresses[i].word] & addresses[i].bit) &&
            bad_address(c, addresses[i].field, addresses[i].low))
            return true;
    for (unsigned int i = 0; i < ARRAY_SIZE(msr_lists); i++) {
        uint64_t n = vmread(msr_lists[i].count);
        uint64_t address = vmread(msr_lists[i].address);

        if (n && (bad_address(c, msr_lists[i].address, 0xf) ||
                  refuse(c, (address + n * 16 - 1) >> c->phys_bits,
                         msr_lists[i].count,
                         "the list ends past the physical address space")))
            return true;
    }
    return false;
}

static bool ept_pointer(const struct check *c)
{
    uint64_t eptp = vmread(VMCS_EPT_POINTER);
    uint64_t type = eptp & 7;

    return refuse(c, !(type == 0 && (vmx_caps.ept & EPT_CAP_UC)) &&
                     !(type == 6 && (vmx_caps.ept & EPT_CAP_WB)),
                  VMCS_EPT_POINTER, "memory type is not supported") ||
           refuse(c, (eptp >> 3 & 7) != 3 ||
                     !(vmx_caps.ept & EPT_CAP_4_LEVELS),
                  VMCS_EPT_POINTER, "page-walk length is not supported") ||
           refuse(c, (eptp & BIT(6)) && !(vmx_caps.ept & EPT_CAP_AD),
                  VMCS_EPT_POINTER,
                  "accessed and dirty flags are not supported") ||
           bad_address(c, VMCS_EPT_POINTER, 0xf80);
}

static bool control_values(const struct check *c)
{
    uint32_t pin = c->word[WORD_PIN], proc = c->word[WORD_PROC];
    uint32_t proc2 = c->word[WORD_PROC2];

    return refuse(c, vmread(VMCS_CR3_TARGETS) >
                     (vmx_caps.misc >> MISC_CR3_TARGETS & 0x1ff),
                  VMCS_CR3_TARGETS, "is more than the CPU has") ||
           refuse(c, (proc & PROC_TPR_SHADOW) &&
                     !(proc2 & PROC2_INTR_DELIVERY) &&
                     vmread(VMCS_TPR_THRESHOLD) >> 4,
                  VMCS_TPR_THRESHOLD, "reserved bits are set") ||
           refuse(c, (pin & PIN_POSTED) && vmread(VMCS_POSTED_VECTOR) >> 8,
                  VMCS_POSTED_VECTOR, "is over 255") ||
           refuse(c, (proc2 & PROC2_VPID) && !vmread(VMCS_VPID), VMCS_VPID,
                  "must not be 0") ||
           ((proc2 & PROC2_EPT) && ept_pointer(c)) ||
           refuse(c, (proc2 & PROC2_TSC_SCALING) &&
                     !vmread(VMCS_TSC_MULTIPLIER),
                  VMCS_TSC_MULTIPLIER, "must not be 0");
}

/* SDM vol. 3C 27.2.1.3. */
static bool entry_event(const struct check *c)
{
    const uint32_t with_error = BIT(VEC_DF) | BIT(VEC_TS) | BIT(VEC_NP) |
                                BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_PF) |
                                BIT(VEC_AC);
    bool error = c->event & EVENT_HAS_ERROR, must = false, may = false, soft;
    uint64_t length = vmread(VMCS_ENTRY_LENGTH);

    if (!c->event)
        return false;
    if (c->type == EVENT_EXCEPTION && (c->cr0 & CR0_PE)) {
        must = c->vector < 32 && (BIT(c->vector) & with_error);
        may = must || c->vector == 21; /* #CP, where the CPU knows it */
    }
    soft = c->type >= EVENT_SOFT_INT && c->type <= EVENT_SOFT_EXC;
    return refuse(c, c->type == 1 || c->type == 7, VMCS_ENTRY_EVENT,
                  "type is reserved") ||
           refuse(c, c->type == EVENT_NMI && c->vector != VEC_NMI,
                  VMCS_ENTRY_EVENT, "an NMI's vector must be 2") ||
           refuse(c, c->type == EVENT_EXCEPTION && c->vector > 31,
                  VMCS_ENTRY_EVENT, "an exception's vector is over 31") ||
           refuse(c, error && !may, VMCS_ENTRY_EVENT,
                  "has an error code that must not be") ||
           refuse(c, must && !error, VMCS_ENTRY_EVENT,
                  "lacks the exception's error code") ||
           refuse(c, c->event & 0x7ffff000, VMCS_ENTRY_EVENT,
                  "reserved bits are set") ||
           refuse(c, error && vmread(VMCS_ENTRY_ERROR) >> 16,
                  VMCS_ENTRY_ERROR, "reserved bits are set") ||
           refuse(c, soft && length > 15, VMCS_ENTRY_LENGTH,
                  "is over 15") ||
           refuse(c, soft && !length && !(vmx_caps.misc & MISC_LENGTH_0),
                  VMCS_ENTRY_LENGTH, "must not be 0 on this CPU");
}

/* --- Control registers, debug registers, MSRs: SDM vol. 3C 27.3.1.1. --- */

static bool control_registers(const struct check *c)
{
    /* CD and NW stay as they are; the unrestricted guest needs no paging. */
    uint64_t loose = CR0_CD | CR0_NW, must = vmx_caps.cr0_fixed0;

    if (c->unrestricted)
        must &= ~(CR0_PE | CR0_PG);
    return refuse(c, must & ~c->cr0 & ~loose, VMCS_GUEST_CR0,
                  "a bit is clear that must be set") ||
           refuse(c, c->cr0 & ~vmx_caps.cr0_fixed1 & ~loose, VMCS_GUEST_CR0,
                  "a bit is set that must be clear") ||
           refuse(c, (c->cr0 & CR0_PG) && !(c->cr0 & CR0_PE), VMCS_GUEST_CR0,
                  "PG is set without PE") ||
           refuse(c, vmx_caps.cr4_fixed0 & ~c->cr4, VMCS_GUEST_CR4,
                  "a bit is clear that must be set") ||
           refuse(c, c->cr4 & ~vmx_caps.cr4_fixed1, VMCS_GUEST_CR4,
                  "a bit is set that must be clear") ||
           refuse(c, (c->cr4 & CR4_CET) && !(c->cr0 & CR0_WP),
                  VMCS_GUEST_CR4, "CET is set without CR0.WP") ||
           refuse(c, c->ia32e && !(c->cr0 & CR0_PG), VMCS_GUEST_CR0,
                  "PG must be set in IA-32e mode") ||
           refuse(c, c->ia32e && !(c->cr4 & CR4_PAE), VMCS_GUEST_CR4,
                  "PAE must be set in IA-32e mode") ||
           refuse(c, !c->ia32e && (c->cr4 & CR4_PCIDE), VMCS_GUEST_CR4,
                  "PCIDE must be clear outside of IA-32e mode") ||
           refuse(c, vmread(VMCS_GUEST_CR3) >> c->phys_bits, VMCS_GUEST_CR3,
                  "is wider than a physical address");
}

/* A byte of IA32_PAT must name a memory type. */
static bool pat_is_valid(uint64_t pat)
{
    for (; pat; pat >>= 8)
        if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
            return false;
    return true;
}

static bool loaded_msrs(const struct check *c)
{
    uint32_t entry = c->word[WORD_ENTRY];
    uint64_t efer = vmread(VMCS_GUEST_EFER);

    if (entry & ENTRY_LOAD_DEBUG)
        if (refuse(c, vmread(VMCS_GUEST_DEBUGCTL) & ~0xffc7ull,
                   VMCS_GUEST_DEBUGCTL, "reserved bits are set") ||
            refuse(c, vmread(VMCS_GUEST_DR7) >> 32, VMCS_GUEST_DR7,
                   "bits over 31 are set"))
            return true;
    if (not_canonical(c, VMCS_GUEST_SYSENTER_ESP) ||
        not_canonical(c, VMCS_GUEST_SYSENTER_EIP))
        return true;
    if ((entry & ENTRY_LOAD_PAT) &&
        refuse(c, !pat_is_valid(vmread(VMCS_GUEST_PAT)), VMCS_GUEST_PAT,
               "an entry is no memory type"))
        return true;
    if (!(entry & ENTRY_LOAD_EFER))
        return false;
    return refuse(c, efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE),
                  VMCS_GUEST_EFER, "reserved bits are set") ||
           refuse(c, !!(efer & EFER_LMA) != c->ia32e, VMCS_GUEST_EFER,
                  "LMA differs from the control IA-32e mode guest") ||
           refuse(c, (c->cr0 & CR0_PG) &&
                     !(efer & EFER_LMA) != !(efer & EFER_LME),
                  VMCS_GUEST_EFER, "LME differs from LMA under paging");
}

/* --- Segment registers: SDM vol. 3C 27.3.1.2. --- */

#define SEL(n) VMCS_SEG(VMCS_GUEST_ES_SEL, n)
#define AR(n) VMCS_SEG(VMCS_GUEST_ES_AR, n)
#define LIMIT(n) VMCS_SEG(VMCS_GUEST_ES_LIMIT, n)
#define BASE(n) VMCS_SEG(VMCS_GUEST_ES_BASE, n)

static bool selectors(const struct check *c)
{
    return refuse(c, c->seg[SEG_TR].sel & TABLE_LDT, SEL(SEG_TR),
                  "is in the LDT") ||
           refuse(c, c->seg[SEG_LDTR].usable &&
                     (c->seg[SEG_LDTR].sel & TABLE_LDT), SEL(SEG_LDTR),
                  "is in the LDT") ||
           refuse(c, !c->v86 && !c->unrestricted &&
                     ((c->seg[SEG_SS].sel ^ c->seg[SEG_CS].sel) & RPL),
                  SEL(SEG_SS), "RPL differs from that of CS");
}

static bool bases(const struct check *c)
{
    static const uint8_t low[] = { SEG_SS, SEG_DS, SEG_ES };

    for (unsigned int n = SEG_ES; c->v86 && n <= SEG_GS; n++)
        if (refuse(c, c->seg[n].base != c->seg[n].sel * 16u,
                   BASE(n),
                   "must be 16 times the selector in virtual-8086 mode"))
            return true;
    if (not_canonical(c, BASE(SEG_TR)) || not_canonical(c, BASE(SEG_FS)) ||
        not_canonical(c, BASE(SEG_GS)) ||
        (c->seg[SEG_LDTR].usable && not_canonical(c, BASE(SEG_LDTR))) ||
        refuse(c, c->seg[SEG_CS].base >> 32, BASE(SEG_CS),
               "bits over 31 are set"))
        return true;
    for (unsigned int i = 0; i < ARRAY_SIZE(low); i++)
        if (refuse(c, c->seg[low[i]].usable && c->seg[low[i]].base >> 32,
                   BASE(low[i]), "bits over 31 are set"))
            return true;
    return false;
}

static bool segment_type(const struct check *c, unsigned int n)
{
    unsigned int type = BIT(c->seg[n].type); /* compared with sets */

    switch (n) {
    case SEG_CS:
        if (c->unrestricted)
            return refuse(c, !(type & 0xaa08), AR(n),
                          "type must be accessed code, or 3");
        return refuse(c, !(type & 0xaa00), AR(n),
                      "type must be accessed code");
    case SEG_SS:
        return refuse(c, !(type & 0x0088), AR(n),
                      "type must be accessed writable data");
    case SEG_TR:
        if (c->ia32e)
            return refuse(c, !(type & 0x0800), AR(n),
                          "must be busy (11) in IA-32e mode");
        return refuse(c, !(type & 0x0808), AR(n),
                      "must be busy (3 or 11)");
    case SEG_LDTR:
        return refuse(c, !(type & 0x0004), AR(n), "type must be 2");
    default:
        return refuse(c, !(type & 0x88aa), AR(n),
                      "type must be accessed and readable");
    }
}

/* What holds for all kinds of segments, except in virtual-8086 mode. */
static bool segment_rights(const struct check *c, unsigned int n)
{
    const struct seg *s = &c->seg[n];
    bool system = n == SEG_TR || n == SEG_LDTR;
    bool pages = s->ar & AR_OF(SEG_GRAN);

    return segment_type(c, n) ||
           refuse(c, system && (s->ar & SEG_S), AR(n),
                  "must be a system segment") ||
           refuse(c, !system && !(s->ar & SEG_S), AR(n),
                  "must be a code or data segment") ||
           refuse(c, !(s->ar & SEG_PRESENT), AR(n), "must be present") ||
           refuse(c, s->ar & AR_RESERVED, AR(n), "reserved bits are set") ||
           refuse(c, pages && (s->limit & 0xfff) != 0xfff, AR(n),
                  "granularity is pages, the limit is not") ||
           refuse(c, !pages && s->limit >> 20, AR(n),
                  "granularity must be pages for this limit");
}

static bool privilege_levels(const struct check *c)
{
    static const uint8_t data[] = { SEG_DS, SEG_ES, SEG_FS, SEG_GS };
    const struct seg *cs = &c->seg[SEG_CS], *ss = &c->seg[SEG_SS];
    bool conforming = cs->type & 4;

    if (refuse(c, cs->type == 3 && cs->dpl, AR(SEG_CS),
               "DPL must be 0 with type 3") ||
        refuse(c, (cs->type & 8) && !conforming && cs->dpl != ss->dpl,
               AR(SEG_CS), "DPL differs from that of SS") ||
        refuse(c, (cs->type & 8) && conforming && cs->dpl > ss->dpl,
               AR(SEG_CS), "DPL is over that of SS") ||
        refuse(c, !c->unrestricted && ss->dpl != (ss->sel & RPL),
               AR(SEG_SS), "DPL differs from the selector's RPL") ||
        refuse(c, (cs->type == 3 || !(c->cr0 & CR0_PE)) && ss->dpl,
               AR(SEG_SS), "DPL must be 0 in real mode or with CS type 3"))
        return true;
    for (unsigned int i = 0; i < ARRAY_SIZE(data) && !c->unrestricted; i++) {
        const struct seg *s = &c->seg[data[i]];

        if (refuse(c, s->usable && s->type <= 11 && s->dpl < (s->sel & RPL),
                   AR(data[i]), "DPL is under the selector's RPL"))
            return true;
    }
    return false;
}

static bool segments(const struct check *c)
{
    uint32_t cs = c->seg[SEG_CS].ar;

    if (selectors(c) || bases(c))
        return true;
    for (unsigned int n = 0; n < NR_HVM_SEGS; n++) {
        if (c->v86 && n <= SEG_GS) {
            if (refuse(c, c->seg[n].limit != 0xffff, LIMIT(n),
                       "must be 0xffff in virtual-8086 mode") ||
                refuse(c, c->seg[n].ar != 0xf3, AR(n),
                       "must be 0xf3 in virtual-8086 mode"))
                return true;
            continue;
        }
        if (refuse(c, n == SEG_TR && !c->seg[n].usable, AR(n),
                   "must be usable"))
            return true;
        if ((c->seg[n].usable || n == SEG_CS) && segment_rights(c, n))
            return true;
    }
    if (c->v86)
        return false;
    return privilege_levels(c) ||
           refuse(c, c->ia32e && (cs & AR_OF(SEG_LONG)) &&
                     (cs & AR_OF(SEG_BIG)), AR(SEG_CS),
                  "L and D are both set in IA-32e mode");
}

/* --- The rest of the registers: SDM vol. 3C 27.3.1.3, 27.3.1.4. --- */

static bool tables(const struct check *c)
{
    return not_canonical(c, VMCS_GUEST_GDTR_BASE) ||
           not_canonical(c, VMCS_GUEST_IDTR_BASE) ||
           refuse(c, vmread(VMCS_GUEST_GDTR_LIMIT) >> 16,
                  VMCS_GUEST_GDTR_LIMIT, "is over 0xffff") ||
           refuse(c, vmread(VMCS_GUEST_IDTR_LIMIT) >> 16,
                  VMCS_GUEST_IDTR_LIMIT, "is over 0xffff");
}

static bool rip_and_rflags(const struct check *c)
{
    bool mode64 = c->ia32e && (c->seg[SEG_CS].ar & AR_OF(SEG_LONG));
    uint64_t rip = vmread(VMCS_GUEST_RIP);
    int64_t upper = (int64_t)rip >> c->linear_bits; /* all zero or all one */
    uint64_t reserved = ~(BIT(22) - 1) | BIT(15) | BIT(5) | BIT(3);

    return refuse(c, !mode64 && rip >> 32, VMCS_GUEST_RIP,
                  "bits over 31 are set outside of 64-bit mode") ||
           refuse(c, mode64 && upper != 0 && upper != -1, VMCS_GUEST_RIP,
                  "is not canonical") ||
           refuse(c, (c->rflags & reserved) || !(c->rflags & RFLAGS_MBS),
                  VMCS_GUEST_RFLAGS, "reserved bits are wrong") ||
           refuse(c, c->v86 && c->ia32e, VMCS_GUEST_RFLAGS,
                  "VM is set in IA-32e mode") ||
           refuse(c, c->v86 && !(c->cr0 & CR0_PE), VMCS_GUEST_RFLAGS,
                  "VM is set in real mode") ||
           refuse(c, c->event && c->type == EVENT_INTR &&
                     !(c->rflags & RFLAGS_IF), VMCS_GUEST_RFLAGS,
                  "IF is clear with an interrupt to deliver");
}

/* --- Other state: SDM vol. 3C 27.3.1.5. --- */

/* Can the event be delivered in that state? */
static bool wakes(const struct check *c)
{
    bool mce = c->type == EVENT_EXCEPTION && c->vector == VEC_MC;
    bool db = c->type == EVENT_EXCEPTION && c->vector == VEC_DB;

    switch (c->activity) {
    case ACTIVITY_ACTIVE:
        return true;
    case ACTIVITY_HLT:
        return c->type == EVENT_INTR || c->type == EVENT_NMI || mce || db;
    case ACTIVITY_SHUTDOWN:
        return c->type == EVENT_NMI || mce;
    default:
        return false;
    }
}

static bool activity(const struct check *c)
{
    bool known = c->activity <= ACTIVITY_WAIT_SIPI;

    if (known && c->activity)
        known = vmx_caps.misc >> (MISC_HLT - 1 + c->activity) & 1;
    return refuse(c, !known, VMCS_GUEST_ACTIVITY, "is not supported") ||
           refuse(c, c->activity == ACTIVITY_HLT && c->seg[SEG_SS].dpl,
                  VMCS_GUEST_ACTIVITY, "is HLT with SS.DPL not 0") ||
           refuse(c, c->activity &&
                     (c->blocking & (BLOCKING_STI | BLOCKING_MOV_SS)),
                  VMCS_GUEST_ACTIVITY,
                  "must be active under blocking by STI or MOV SS") ||
           refuse(c, c->event && !wakes(c), VMCS_GUEST_ACTIVITY,
                  "does not take the event to deliver");
}

static bool blocking(const struct check *c)
{
    const enum vmcs_field field = VMCS_GUEST_BLOCKING;
    uint32_t both = BLOCKING_STI | BLOCKING_MOV_SS;
    bool intr = c->event && c->type == EVENT_INTR;
    bool nmi = c->event && c->type == EVENT_NMI;

    return refuse(c, c->blocking & ~0x1fu, field, "reserved bits are set") ||
           refuse(c, (c->blocking & both) == both, field,
                  "blocks by STI and by MOV SS at once") ||
           refuse(c, (c->blocking & BLOCKING_STI) &&
                     !(c->rflags & RFLAGS_IF), field,
                  "blocks by STI with IF clear") ||
           refuse(c, intr && (c->blocking & both), field,
                  "blocks the interrupt to deliver") ||
           refuse(c, nmi && (c->blocking & BLOCKING_MOV_SS), field,
                  "blocks by MOV SS the NMI to deliver") ||
           refuse(c, c->blocking & BLOCKING_SMI, field,
                  "blocks SMIs outside of SMM") ||
           refuse(c, nmi && (c->word[WORD_PIN] & PIN_VIRTUAL_NMI) &&
                     (c->blocking & BLOCKING_NMI), field,
                  "blocks the virtual NMI to deliver");
}

static bool pending_debug(const struct check *c)
{
    const enum vmcs_field field = VMCS_GUEST_PENDING_DEBUG;
    uint64_t val = vmread(field);
    /* B0-B3, bus lock, enabled breakpoint, BS, RTM. */
    uint64_t known = 0xf | BIT(11) | BIT(12) | PENDING_BS | BIT(16);
    bool held = (c->blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) ||
                c->activity == ACTIVITY_HLT;
    bool step = (c->rflags & RFLAGS_TF) &&
                !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

    return refuse(c, val & ~known, field, "reserved bits are set") ||
           refuse(c, held && step && !(val & PENDING_BS), field,
                  "BS is clear while a single step is held up") ||
           refuse(c, held && !step && (val & PENDING_BS), field,
                  "BS is set without a single step");
}

/* The link pointer, and SDM vol. 3C 27.3.1.6: what the guest's CR3 points to
 * under PAE paging is in the VMCS with EPT. */
static bool pointers(const struct check *c)
{
    if (vmread(VMCS_GUEST_LINK) != ~0ull &&
        bad_address(c, VMCS_GUEST_LINK, 0xfff))
        return true;
    if (!(c->cr0 & CR0_PG) || !(c->cr4 & CR4_PAE) || c->ia32e ||
        !(c->word[WORD_PROC2] & PROC2_EPT))
        return false;
    for (unsigned int i = 0; i < 4; i++) {
        enum vmcs_field field = VMCS_SEG(VMCS_GUEST_PDPTE0, i);
        uint64_t val = vmread(field);

        if (refuse(c, (val & 1) && ((val & 0x1e6) || val >> c->phys_bits),
                   field, "reserved bits are set"))
            return true;
    }
    return false;
}

/* --- All. --- */

static void read_state(struct check *c)
{
    for (unsigned int w = 0; w < WORDS; w++)
        c->word[w] = (uint32_t)vmread(word_fields[w]);
    if (!(c->word[WORD_PROC] & PROC_SECONDARY))
        c->word[WORD_PROC2] = 0;
    c->phys_bits = cpu_features.phys_bits;
    c->linear_bits = MAX(cpuid(0x80000008, 0).a >> 8 & 0xff, 48u);
    c->cr0 = vmread(VMCS_GUEST_CR0);
    c->cr4 = vmread(VMCS_GUEST_CR4);
    c->rflags = vmread(VMCS_GUEST_RFLAGS);
    c->event = (uint32_t)vmread(VMCS_ENTRY_EVENT);
    if (!(c->event & EVENT_VALID))
        c->event = 0;
    c->type = c->event >> EVENT_TYPE_SHIFT & 7;
    c->vector = c->event & 0xff;
    c->blocking = (uint32_t)vmread(VMCS_GUEST_BLOCKING);
    c->activity = (uint32_t)vmread(VMCS_GUEST_ACTIVITY);
    c->ia32e = c->word[WORD_ENTRY] & ENTRY_IA32E;
    c->v86 = c->rflags & RFLAGS_VM;
    c->unrestricted = c->word[WORD_PROC2] & PROC2_UNRESTRICTED;
    for (unsigned int n = 0; n < NR_HVM_SEGS; n++) {
        struct seg *s = &c->seg[n];

        s->sel = (uint16_t)vmread(SEL(n));
        s->ar = (uint32_t)vmread(AR(n));
        s->limit = (uint32_t)vmread(LIMIT(n));
        s->base = vmread(BASE(n));
        s->type = s->ar & SEG_TYPE;
        s->dpl = s->ar >> SEG_DPL_SHIFT & 3;
        s->usable = !(s->ar & AR_UNUSABLE);
    }
}

bool vmx_find_fault(struct vmx_fault *f)
{
    static bool (*const checks[])(const struct check *c) = {
        control_words, control_addresses, control_values, entry_event,
        control_registers, loaded_msrs, segments, tables, rip_and_rflags,
        activity, blocking, pending_debug, pointers
    };
    struct check c = { .fault = f };

    read_state(&c);
    for (unsigned int i = 0; i < ARRAY_SIZE(checks); i++)
        if (checks[i](&c))
            return true;
    /* Last, because only some CPUs mind. */
    return refuse(&c, c.event && c.type == EVENT_NMI &&
                      (c.blocking & BLOCKING_STI), VMCS_GUEST_BLOCKING,
                  "blocks by STI the NMI to deliver");
}

const char *vmx_insn_error_name(unsigned int n)
{
    static const char *const names[] = {
        [1] = "VMCALL in VMX root operation",
        [2] = "VMCLEAR with invalid physical address",
        [3] = "VMCLEAR with VMXON pointer",
        [4] = "VMLAUNCH with non-clear VMCS",
        [5] = "VMRESUME with non-launched VMCS",
        [6] = "VMRESUME after VMXOFF",
        [7] = "VM entry with invalid control fields",
        [8] = "VM entry with invalid host-state fields",
        [9] = "VMPTRLD with invalid physical address",
        [10] = "VMPTRLD with VMXON pointer",
        [11] = "VMPTRLD with incorrect VMCS revision identifier",
        [12] = "VMREAD or VMWRITE of unsupported VMCS component",
        [13] = "VMWRITE to read-only VMCS component",
        [15] = "VMXON in VMX root operation",
        [16] = "VM entry with invalid executive-VMCS pointer",
        [17] = "VM entry with non-launched executive VMCS",
        [18] = "VM entry with executive-VMCS pointer not VMXON pointer",
        [19] = "VMCALL with non-clear VMCS",
        [20] = "VMCALL with invalid VM-exit control fields",
        [22] = "VMCALL with incorrect MSEG revision identifier",
        [23] = "VMXOFF under dual-monitor treatment of SMIs and SMM",
        [24] = "VMCALL with invalid SMM-monitor features",
        [25] = "VM entry with invalid controls in executive VMCS",
        [26] = "VM entry with events blocked by MOV SS",
        [28] = "invalid operand to INVEPT or INVVPID",
    };

    return n < ARRAY_SIZE(names) && names[n] ? names[n]
                                             : "unknown VM-instruction error";
}
