/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a crash message says of a VMCS: its fields by the manual's names, and
 * why the CPU refuses to enter the guest, of which it says only that it does.
 *
 * The checks are those that VM entry makes of controls and guest state, in the
 * order of the manual, as far as what they look at can differ between entries:
 * controls that Lodge always sets are set (`needed` in caps.c), addresses are
 * those of whole pages, limits of tables have 16 bits, and there are no SMM, no
 * lists of MSRs, no CR3 targets, no VM functions. What the CPU reads from
 * memory is not looked at.
 */
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"

/* What many rules look at. */
struct check {
    struct vmx_fault *fault; /* the first one; ->why is NULL until then */
    uint32_t word[WORDS];    /* controls */
    unsigned int linear_bits;
    uint64_t cr0, cr4, rflags;
    uint32_t event;          /* to be delivered by the entry; 0: none */
    unsigned int vector;     /* its, */
    bool intr, nmi, exception; /* and what it is */
    uint32_t blocking;
    bool ia32e, v86;
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

#define TABLE_LDT 4u /* of a selector */
#define MISC_LENGTH_0 BIT(30)
#define DEBUGCTL_BTF BIT(1)
#define PENDING_BS BIT(14)

const struct vmcs_name vmcs_names[] = {
#define F(name, code, text) { VMCS_##name, text },
    VMCS_FIELDS(F)
#undef F
};
const unsigned int nr_vmcs_names = ARRAY_SIZE(vmcs_names);

const uint16_t vmcs_words[WORDS] = {
    [WORD_PIN] = VMCS_PIN_CTLS, [WORD_PROC] = VMCS_PROC_CTLS,
    [WORD_PROC2] = VMCS_PROC_CTLS2, [WORD_EXIT] = VMCS_EXIT_CTLS,
    [WORD_ENTRY] = VMCS_ENTRY_CTLS,
};

/* A rule: reports the field if it is bad and nothing before it was. */
static void refuse(const struct check *c, bool bad, enum vmcs_field field,
                   const char *why)
{
    const struct vmcs_name *n = vmcs_names;

    if (!bad || c->fault->why)
        return;
    while (n->field != field)
        n++;
    *c->fault = (struct vmx_fault){ n->name, why, vmread(field) };
}

static void canonical(const struct check *c, enum vmcs_field field)
{
    unsigned int unused = 64 - c->linear_bits;
    uint64_t la = vmread(field);

    refuse(c, (uint64_t)((int64_t)(la << unused) >> unused) != la, field,
           "is not canonical");
}

/* --- Controls: SDM vol. 3C 27.2.1. --- */

static void controls(const struct check *c)
{
    uint32_t pin = c->word[WORD_PIN], proc2 = c->word[WORD_PROC2];

    for (unsigned int w = 0; w < WORDS; w++) {
        refuse(c, vmx_caps.must[w] & ~c->word[w], vmcs_words[w],
               "a bit is clear that must be set");
        refuse(c, c->word[w] & ~vmx_caps.may[w], vmcs_words[w],
               "a bit is set that must be clear");
    }
    refuse(c, (pin & PIN_POSTED) && !(proc2 & PROC2_INTR_DELIVERY),
           VMCS_PIN_CTLS, "posted interrupts need virtual-interrupt delivery");
    refuse(c, (proc2 & PROC2_X2APIC) && (proc2 & PROC2_APIC_ACCESS),
           VMCS_PROC_CTLS2, "virtualized x2APIC mode excludes APIC accesses");
    refuse(c, !(proc2 & PROC2_INTR_DELIVERY) &&
              vmread(VMCS_TPR_THRESHOLD) >> 4,
           VMCS_TPR_THRESHOLD, "reserved bits are set");
    refuse(c, (proc2 & PROC2_VPID) && !vmread(VMCS_VPID), VMCS_VPID,
           "must not be 0");
    refuse(c, (proc2 & PROC2_TSC_SCALING) && !vmread(VMCS_TSC_MULTIPLIER),
           VMCS_TSC_MULTIPLIER, "must not be 0");
}

/* SDM vol. 3C 27.2.1.3. */
static void entry_event(const struct check *c)
{
    const enum vmcs_field field = VMCS_ENTRY_EVENT;
    unsigned int type = c->event >> EVENT_TYPE_SHIFT & 7;
    bool soft = type >= EVENT_SOFT_INT && type <= EVENT_SOFT_EXC;
    bool error = c->event & EVENT_HAS_ERROR;
    bool coded = c->exception && (c->cr0 & CR0_PE);
    bool must = coded && c->vector < 32 && (VECS_WITH_ERROR >> c->vector & 1);
    bool may = must || (coded && c->vector == 21); /* #CP, if there is CET */
    uint64_t length = vmread(VMCS_ENTRY_LENGTH);

    if (!c->event)
        return;
    refuse(c, type == 1 || type == 7, field, "type is reserved");
    refuse(c, c->nmi && c->vector != VEC_NMI, field,
           "an NMI's vector must be 2");
    refuse(c, c->exception && c->vector > 31, field,
           "an exception's vector is over 31");
    refuse(c, error && !may, field, "has an error code that must not be");
    refuse(c, must && !error, field, "lacks the exception's error code");
    refuse(c, c->event & 0x7ffff000, field, "reserved bits are set");
    refuse(c, error && vmread(VMCS_ENTRY_ERROR) >> 16, VMCS_ENTRY_ERROR,
           "reserved bits are set");
    refuse(c, soft && length > 15, VMCS_ENTRY_LENGTH, "is over 15");
    refuse(c, soft && !length && !(vmx_caps.misc & MISC_LENGTH_0),
           VMCS_ENTRY_LENGTH, "must not be 0 on this CPU");
}

/* --- Control registers, debug registers, MSRs: SDM vol. 3C 27.3.1.1. --- */

static void control_registers(const struct check *c)
{
    /* CD and NW stay as they are; the unrestricted guest needs no paging. */
    uint64_t cr0 = c->cr0, cr4 = c->cr4, loose = CR0_CD | CR0_NW;
    uint64_t must = vmx_caps.cr0_fixed0 & ~(loose | CR0_PE | CR0_PG);

    refuse(c, must & ~cr0, VMCS_GUEST_CR0, "a bit is clear that must be set");
    refuse(c, cr0 & ~vmx_caps.cr0_fixed1 & ~loose, VMCS_GUEST_CR0,
           "a bit is set that must be clear");
    refuse(c, (cr0 & CR0_PG) && !(cr0 & CR0_PE), VMCS_GUEST_CR0,
           "PG is set without PE");
    refuse(c, vmx_caps.cr4_fixed0 & ~cr4, VMCS_GUEST_CR4,
           "a bit is clear that must be set");
    refuse(c, cr4 & ~vmx_caps.cr4_fixed1, VMCS_GUEST_CR4,
           "a bit is set that must be clear");
    refuse(c, (cr4 & CR4_CET) && !(cr0 & CR0_WP), VMCS_GUEST_CR4,
           "CET is set without CR0.WP");
    refuse(c, c->ia32e && !(cr0 & CR0_PG), VMCS_GUEST_CR0,
           "PG must be set in IA-32e mode");
    refuse(c, c->ia32e && !(cr4 & CR4_PAE), VMCS_GUEST_CR4,
           "PAE must be set in IA-32e mode");
    refuse(c, !c->ia32e && (cr4 & CR4_PCIDE), VMCS_GUEST_CR4,
           "PCIDE must be clear outside of IA-32e mode");
    refuse(c, vmread(VMCS_GUEST_CR3) >> cpu_features.phys_bits, VMCS_GUEST_CR3,
           "is wider than a physical address");
}

static void loaded_msrs(const struct check *c)
{
    uint64_t efer = vmread(VMCS_GUEST_EFER);

    refuse(c, vmread(VMCS_GUEST_DEBUGCTL) & ~0xffc7ull, VMCS_GUEST_DEBUGCTL,
           "reserved bits are set");
    refuse(c, vmread(VMCS_GUEST_DR7) >> 32, VMCS_GUEST_DR7,
           "bits over 31 are set");
    canonical(c, VMCS_GUEST_SYSENTER_ESP);
    canonical(c, VMCS_GUEST_SYSENTER_EIP);
    refuse(c, !pat_is_valid(vmread(VMCS_GUEST_PAT)), VMCS_GUEST_PAT,
           "an entry is no memory type");
    refuse(c, efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE),
           VMCS_GUEST_EFER, "reserved bits are set");
    refuse(c, !!(efer & EFER_LMA) != c->ia32e, VMCS_GUEST_EFER,
           "LMA differs from the control IA-32e mode guest");
    refuse(c, (c->cr0 & CR0_PG) && !(efer & EFER_LMA) != !(efer & EFER_LME),
           VMCS_GUEST_EFER, "LME differs from LMA under paging");
}

/* --- Segment registers: SDM vol. 3C 27.3.1.2. --- */

#define SEL(n) VMCS_SEG(VMCS_GUEST_ES_SEL, n)
#define AR(n) VMCS_SEG(VMCS_GUEST_ES_AR, n)
#define LIMIT(n) VMCS_SEG(VMCS_GUEST_ES_LIMIT, n)
#define BASE(n) VMCS_SEG(VMCS_GUEST_ES_BASE, n)

static void selectors_and_bases(const struct check *c)
{
    static const uint8_t low[] = { SEG_SS, SEG_DS, SEG_ES };
    const struct seg *s = c->seg;

    refuse(c, s[SEG_TR].sel & TABLE_LDT, SEL(SEG_TR), "is in the LDT");
    refuse(c, s[SEG_LDTR].usable && (s[SEG_LDTR].sel & TABLE_LDT),
           SEL(SEG_LDTR), "is in the LDT");
    for (unsigned int n = SEG_ES; n <= SEG_GS; n++)
        refuse(c, c->v86 && s[n].base != s[n].sel * 16u, BASE(n),
               "must be 16 times the selector in virtual-8086 mode");
    canonical(c, BASE(SEG_TR));
    canonical(c, BASE(SEG_FS));
    canonical(c, BASE(SEG_GS));
    if (s[SEG_LDTR].usable)
        canonical(c, BASE(SEG_LDTR));
    refuse(c, s[SEG_CS].base >> 32, BASE(SEG_CS), "bits over 31 are set");
    for (unsigned int i = 0; i < ARRAY_SIZE(low); i++)
        refuse(c, s[low[i]].usable && s[low[i]].base >> 32, BASE(low[i]),
               "bits over 31 are set");
}

/* What holds for all kinds of segments, except in virtual-8086 mode. */
static void segment_rights(const struct check *c, unsigned int n)
{
    static const struct {
        uint16_t types; /* a bit for each one that may be */
        const char *why;
    } may[NR_HVM_SEGS] = {
        [SEG_ES] = { 0x88aa, "type must be accessed and readable" },
        [SEG_CS] = { 0xaa08, "type must be accessed code, or 3" },
        [SEG_SS] = { 0x0088, "type must be accessed writable data" },
        [SEG_DS ... SEG_GS] = { 0x88aa, "type must be accessed and readable" },
        [SEG_LDTR] = { 0x0004, "type must be 2" },
        [SEG_TR] = { 0x0808, "must be busy (3 or 11)" },
    };
    const struct seg *s = &c->seg[n];
    bool system = n == SEG_TR || n == SEG_LDTR;
    bool pages = s->ar & AR_OF(SEG_GRAN);

    refuse(c, n == SEG_TR && c->ia32e && s->type != 11, AR(n),
           "must be busy (11) in IA-32e mode");
    refuse(c, !(may[n].types >> s->type & 1), AR(n), may[n].why);
    refuse(c, system && (s->ar & SEG_S), AR(n), "must be a system segment");
    refuse(c, !system && !(s->ar & SEG_S), AR(n),
           "must be a code or data segment");
    refuse(c, !(s->ar & SEG_PRESENT), AR(n), "must be present");
    refuse(c, s->ar & AR_RESERVED, AR(n), "reserved bits are set");
    refuse(c, pages && (s->limit & 0xfff) != 0xfff, AR(n),
           "granularity is pages, the limit is not");
    refuse(c, !pages && s->limit >> 20, AR(n),
           "granularity must be pages for this limit");
}

static void privilege_levels(const struct check *c)
{
    const struct seg *cs = &c->seg[SEG_CS], *ss = &c->seg[SEG_SS];
    bool code = cs->type & 8, conforming = cs->type & 4;

    refuse(c, cs->type == 3 && cs->dpl, AR(SEG_CS),
           "DPL must be 0 with type 3");
    refuse(c, code && !conforming && cs->dpl != ss->dpl, AR(SEG_CS),
           "DPL differs from that of SS");
    refuse(c, code && conforming && cs->dpl > ss->dpl, AR(SEG_CS),
           "DPL is over that of SS");
    refuse(c, (cs->type == 3 || !(c->cr0 & CR0_PE)) && ss->dpl, AR(SEG_SS),
           "DPL must be 0 in real mode or with CS type 3");
    refuse(c, c->ia32e && (cs->ar & AR_OF(SEG_LONG)) &&
              (cs->ar & AR_OF(SEG_BIG)),
           AR(SEG_CS), "L and D are both set in IA-32e mode");
}

static void segments(const struct check *c)
{
    selectors_and_bases(c);
    for (unsigned int n = 0; n < NR_HVM_SEGS; n++) {
        const struct seg *s = &c->seg[n];

        if (c->v86 && n <= SEG_GS) {
            refuse(c, s->limit != 0xffff, LIMIT(n),
                   "must be 0xffff in virtual-8086 mode");
            refuse(c, s->ar != 0xf3, AR(n),
                   "must be 0xf3 in virtual-8086 mode");
            continue;
        }
        refuse(c, n == SEG_TR && !s->usable, AR(n), "must be usable");
        if (s->usable || n == SEG_CS)
            segment_rights(c, n);
    }
    if (!c->v86)
        privilege_levels(c);
}

/* --- The rest of the registers: SDM vol. 3C 27.3.1.3, 27.3.1.4. --- */

static void tables_rip_rflags(const struct check *c)
{
    bool mode64 = c->ia32e && (c->seg[SEG_CS].ar & AR_OF(SEG_LONG));
    uint64_t rip = vmread(VMCS_GUEST_RIP);
    int64_t upper = (int64_t)rip >> c->linear_bits; /* all zero or all one */
    uint64_t reserved = ~(BIT(22) - 1) | BIT(15) | BIT(5) | BIT(3);

    canonical(c, VMCS_GUEST_GDTR_BASE);
    canonical(c, VMCS_GUEST_IDTR_BASE);
    refuse(c, !mode64 && rip >> 32, VMCS_GUEST_RIP,
           "bits over 31 are set outside of 64-bit mode");
    refuse(c, mode64 && upper != 0 && upper != -1, VMCS_GUEST_RIP,
           "is not canonical");
    refuse(c, (c->rflags & reserved) || !(c->rflags & RFLAGS_MBS),
           VMCS_GUEST_RFLAGS, "reserved bits are wrong");
    refuse(c, c->v86 && c->ia32e, VMCS_GUEST_RFLAGS,
           "VM is set in IA-32e mode");
    refuse(c, c->v86 && !(c->cr0 & CR0_PE), VMCS_GUEST_RFLAGS,
           "VM is set in real mode");
    refuse(c, c->intr && !(c->rflags & RFLAGS_IF), VMCS_GUEST_RFLAGS,
           "IF is clear with an interrupt to deliver");
}

/* --- Other state: SDM vol. 3C 27.3.1.5, 27.3.1.6. --- */

static void blocking(const struct check *c)
{
    const enum vmcs_field field = VMCS_GUEST_BLOCKING;
    uint32_t both = BLOCKING_STI | BLOCKING_MOV_SS;

    refuse(c, c->blocking & ~0x1fu, field, "reserved bits are set");
    refuse(c, (c->blocking & both) == both, field,
           "blocks by STI and by MOV SS at once");
    refuse(c, (c->blocking & BLOCKING_STI) && !(c->rflags & RFLAGS_IF), field,
           "blocks by STI with IF clear");
    refuse(c, c->intr && (c->blocking & both), field,
           "blocks the interrupt to deliver");
    refuse(c, c->nmi && (c->blocking & BLOCKING_MOV_SS), field,
           "blocks by MOV SS the NMI to deliver");
    refuse(c, c->blocking & BLOCKING_SMI, field, "blocks SMIs outside of SMM");
    refuse(c, c->nmi && (c->blocking & BLOCKING_NMI), field,
           "blocks the virtual NMI to deliver");
}

static void pending_debug(const struct check *c)
{
    const enum vmcs_field field = VMCS_GUEST_PENDING_DEBUG;
    uint64_t val = vmread(field);
    /* B0-B3, bus lock, enabled breakpoint, BS, RTM. */
    uint64_t known = 0xf | BIT(11) | BIT(12) | PENDING_BS | BIT(16);
    bool held = c->blocking & (BLOCKING_STI | BLOCKING_MOV_SS);
    bool step = (c->rflags & RFLAGS_TF) &&
                !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

    refuse(c, val & ~known, field, "reserved bits are set");
    refuse(c, held && step && !(val & PENDING_BS), field,
           "BS is clear while a single step is held up");
    refuse(c, held && !step && (val & PENDING_BS), field,
           "BS is set without a single step");
}

/* What the guest's CR3 points to under PAE paging is in the VMCS with EPT. */
static void pdptes(const struct check *c)
{
    uint64_t bad = ~(BIT(cpu_features.phys_bits) - 1) | 0x1e6;

    if (!(c->cr0 & CR0_PG) || !(c->cr4 & CR4_PAE) || c->ia32e)
        return;
    for (unsigned int i = 0; i < 4; i++) {
        enum vmcs_field field = VMCS_SEG(VMCS_GUEST_PDPTE0, i);
        uint64_t val = vmread(field);

        refuse(c, (val & 1) && (val & bad), field, "reserved bits are set");
    }
}

/* --- All. --- */

static void read_state(struct check *c)
{
    unsigned int type;

    for (unsigned int w = 0; w < WORDS; w++)
        c->word[w] = (uint32_t)vmread(vmcs_words[w]);
    c->linear_bits = MAX(cpuid(0x80000008, 0).a >> 8 & 0xff, 48u);
    c->cr0 = vmread(VMCS_GUEST_CR0);
    c->cr4 = vmread(VMCS_GUEST_CR4);
    c->rflags = vmread(VMCS_GUEST_RFLAGS);
    c->event = (uint32_t)vmread(VMCS_ENTRY_EVENT);
    if (!(c->event & EVENT_VALID))
        c->event = 0;
    type = c->event >> EVENT_TYPE_SHIFT & 7;
    c->vector = c->event & 0xff;
    c->intr = c->event && type == EVENT_INTR;
    c->nmi = type == EVENT_NMI;
    c->exception = type == EVENT_EXCEPTION;
    c->blocking = (uint32_t)vmread(VMCS_GUEST_BLOCKING);
    c->ia32e = c->word[WORD_ENTRY] & ENTRY_IA32E;
    c->v86 = c->rflags & RFLAGS_VM;
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
    struct check c = { .fault = f };

    *f = (struct vmx_fault){ 0 };
    read_state(&c);
    controls(&c);
    entry_event(&c);
    control_registers(&c);
    loaded_msrs(&c);
    segments(&c);
    tables_rip_rflags(&c);
    refuse(&c, vmread(VMCS_GUEST_ACTIVITY), VMCS_GUEST_ACTIVITY,
           "must be active, as every exit leaves it");
    blocking(&c);
    pending_debug(&c);
    pdptes(&c);
    /* Last, because only some CPUs mind. */
    refuse(&c, c.nmi && (c.blocking & BLOCKING_STI), VMCS_GUEST_BLOCKING,
           "blocks by STI the NMI to deliver");
    return f->why;
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

void vmx_dump(struct vcpu *v)
{
    static const char *const formats[] = { /* 16, 64, 32 bits, natural */
        "  %s %04lx", "  %s %016lx", "  %s %08lx", "  %s %016lx"
    };
    static const char *const seg_names[NR_HVM_SEGS] = {
        "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"
    };
    char line[256];
    size_t n = 0;
    struct vmx_fault fault;

    /* Up to the segments, which have lines of their own. */
    for (unsigned int i = 0; vmcs_names[i].field != VMCS_GUEST_ES_SEL; i++) {
        enum vmcs_field field = vmcs_names[i].field;

        n += format(line + n, sizeof(line) - n, formats[field >> 13 & 3],
                    vmcs_names[i].name, vmread(field));
        if (i % 3 == 2) {
            log_err("%s\n", line);
            n = 0;
        }
    }
    if (n)
        log_err("%s\n", line);
    for (unsigned int s = 0; s < NR_HVM_SEGS; s++)
        log_err("  %s sel %04lx AR %05lx limit %08lx base %016lx\n",
                seg_names[s], vmread(SEL(s)), vmread(AR(s)), vmread(LIMIT(s)),
                vmread(BASE(s)));
    /* It keeps the number of the last instruction that failed. */
    if (vmread(VMCS_INSN_ERROR))
        log_err("  Last VM-instruction error: %s\n",
                vmx_insn_error_name((unsigned int)vmread(VMCS_INSN_ERROR)));
    if (vmx_find_fault(&fault))
        log_err("  The CPU refuses %s = %#lx: %s\n", fault.field,
                fault.value, fault.why);
}
