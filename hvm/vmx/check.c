/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a crash message says of a VMCS: its fields by the manual's names, and
 * why the CPU refuses to enter the guest, of which it says only that it does.
 *
 * The checks are those that VM entry makes of controls and guest state, in the
 * order of the manual, as far as what they look at can differ between entries:
 * controls that Lodge always sets are set (vmx_words[] in caps.c), addresses
 * are those of whole pages, limits of tables have 16 bits, and there are no
 * SMM, no lists of MSRs, no CR3 targets, no VM functions. What the CPU reads
 * from memory is not looked at.
 */
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"

const struct vmcs_name vmcs_names[] = {
#define F(name, code, text) { VMCS_##name, text },
    VMCS_FIELDS(F)
#undef F
};
const unsigned int nr_vmcs_names = ARRAY_SIZE(vmcs_names);

/* --- What rules look at, in the current VMCS. --- */

#define PIN(bit) (vmread(VMCS_PIN_CTLS) & PIN_##bit)
#define PROC2(bit) (vmread(VMCS_PROC_CTLS2) & PROC2_##bit)
#define CR0(bit) (vmread(VMCS_GUEST_CR0) & CR0_##bit)
#define CR4(bit) (vmread(VMCS_GUEST_CR4) & CR4_##bit)
#define EFER(bit) (vmread(VMCS_GUEST_EFER) & EFER_##bit)
#define FLAG(bit) (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_##bit)
#define BLOCKS(bit) (vmread(VMCS_GUEST_BLOCKING) & BLOCKING_##bit)
#define IA32E ((bool)(vmread(VMCS_ENTRY_CTLS) & ENTRY_IA32E))
#define V86 FLAG(VM)
#define INTR delivers(EVENT_INTR)
#define NMI delivers(EVENT_NMI)

#define SEL(n) VMCS_SEG(VMCS_GUEST_ES_SEL, n)
#define AR(n) VMCS_SEG(VMCS_GUEST_ES_AR, n)
#define LIMIT(n) VMCS_SEG(VMCS_GUEST_ES_LIMIT, n)
#define BASE(n) VMCS_SEG(VMCS_GUEST_ES_BASE, n)
#define USABLE(name) (!(vmread(VMCS_GUEST_##name##_AR) & AR_UNUSABLE))
#define IN_LDT(name) (vmread(VMCS_GUEST_##name##_SEL) & BIT(2))
/* Bits of access rights that struct segment's attr has four lower. */
#define AR_OF(attr) ((uint32_t)(attr) << 4)
#define DPL(ar) ((ar) >> SEG_DPL_SHIFT & 3)

#define MISC_LENGTH_0 BIT(30)
#define DEBUGCTL_BTF BIT(1)
#define PENDING_BS BIT(14)

/* Does the entry deliver an event of this type? */
static bool delivers(unsigned int type)
{
    uint64_t event = vmread(VMCS_ENTRY_EVENT);

    return (event & EVENT_VALID) && (event >> EVENT_TYPE_SHIFT & 7) == type;
}

/* Does it have a linear address, but for so many bits more? */
static bool canonical(enum vmcs_field field, unsigned int more)
{
    unsigned int bits = MAX(cpuid(0x80000008, 0).a >> 8 & 0xff, 48u) + more;
    unsigned int unused = 64 - bits;
    uint64_t la = vmread(field);

    return (uint64_t)((int64_t)(la << unused) >> unused) == la;
}

/* --- Rules: a table of them is made whenever they are to be checked. --- */

struct rule {
    enum vmcs_field field;
    bool bad;
    const char *why;
};
#define R(field, bad, why) { VMCS_##field, bad, why }

/* Those of many fields; some hold only `where` something is in use. */
#define RESERVED(field, bits)                                               \
    R(field, vmread(VMCS_##field) & (bits), "reserved bits are set")
#define NOT_0(field, where)                                                 \
    R(field, (where) && !vmread(VMCS_##field), "must not be 0")
#define CANONICAL(field, where)                                             \
    R(field, (where) && !canonical(VMCS_##field, 0), "is not canonical")
#define HALF(field, where)                                                  \
    R(field, (where) && vmread(VMCS_##field) >> 32, "bits over 31 are set")
#define FIXED(field, must, may)                                             \
    { field, (must) & ~vmread(field), "a bit is clear that must be set" },  \
    { field, vmread(field) & ~(may), "a bit is set that must be clear" }
#define WORD(w) FIXED(vmx_words[w].field, vmx_caps.must[w], vmx_caps.may[w])

/* The first rule that finds its field bad is the one to report. */
static bool refuses(struct vmx_fault *f, const struct rule *r, size_t nr)
{
    const struct vmcs_name *n = vmcs_names;

    for (; nr && !r->bad; nr--)
        r++;
    if (!nr)
        return false;
    while (n->field != r->field)
        n++;
    *f = (struct vmx_fault){ n->name, r->why, vmread(r->field) };
    return true;
}

/* SDM vol. 3C 27.2.1. */
static bool controls(struct vmx_fault *f)
{
    uint64_t event = vmread(VMCS_ENTRY_EVENT);
    uint64_t length = vmread(VMCS_ENTRY_LENGTH), vector = event & 0xff;
    bool valid = event & EVENT_VALID, exception = delivers(EVENT_EXCEPTION);
    bool error = valid && (event & EVENT_HAS_ERROR);
    bool soft = delivers(EVENT_SOFT_INT) || delivers(EVENT_PRIV_SOFT) ||
                delivers(EVENT_SOFT_EXC);
    bool must = exception && CR0(PE) && vector < 32 &&
                (VECS_WITH_ERROR >> vector & 1);
    bool may = must || (exception && CR0(PE) && vector == 21); /* #CP */
    const struct rule rules[] = {
        WORD(WORD_PIN), WORD(WORD_PROC), WORD(WORD_PROC2), WORD(WORD_EXIT),
        WORD(WORD_ENTRY),
        R(PIN_CTLS, PIN(POSTED) && !PROC2(INTR_DELIVERY),
          "posted interrupts need virtual-interrupt delivery"),
        R(PROC_CTLS2, PROC2(X2APIC) && PROC2(APIC_ACCESS),
          "virtualized x2APIC mode excludes APIC accesses"),
        RESERVED(TPR_THRESHOLD, PROC2(INTR_DELIVERY) ? 0 : ~0xfu),
        NOT_0(VPID, PROC2(VPID)),
        NOT_0(TSC_MULTIPLIER, PROC2(TSC_SCALING)),
        /* The event: SDM vol. 3C 27.2.1.3. */
        R(ENTRY_EVENT, delivers(1) || delivers(7), "type is reserved"),
        R(ENTRY_EVENT, NMI && vector != VEC_NMI, "an NMI's vector must be 2"),
        R(ENTRY_EVENT, exception && vector > 31,
          "an exception's vector is over 31"),
        R(ENTRY_EVENT, error && !may, "has an error code that must not be"),
        R(ENTRY_EVENT, must && !error, "lacks the exception's error code"),
        RESERVED(ENTRY_EVENT, valid ? 0x7ffff000 : 0),
        RESERVED(ENTRY_ERROR, error ? ~0xffffu : 0),
        R(ENTRY_LENGTH, soft && length > 15, "is over 15"),
        R(ENTRY_LENGTH, soft && !length && !(vmx_caps.misc & MISC_LENGTH_0),
          "must not be 0 on this CPU"),
    };

    return refuses(f, rules, ARRAY_SIZE(rules));
}

/* Control registers, debug registers, MSRs: SDM vol. 3C 27.3.1.1. */
static bool registers(struct vmx_fault *f)
{
    /* CD and NW stay as they are; the unrestricted guest needs no paging. */
    uint64_t loose = CR0_CD | CR0_NW, free = loose | CR0_PE | CR0_PG;
    const struct rule rules[] = {
        FIXED(VMCS_GUEST_CR0, vmx_caps.cr0_fixed0 & ~free,
              vmx_caps.cr0_fixed1 | loose),
        R(GUEST_CR0, CR0(PG) && !CR0(PE), "PG is set without PE"),
        FIXED(VMCS_GUEST_CR4, vmx_caps.cr4_fixed0, vmx_caps.cr4_fixed1),
        R(GUEST_CR4, CR4(CET) && !CR0(WP), "CET is set without CR0.WP"),
        R(GUEST_CR0, IA32E && !CR0(PG), "PG must be set in IA-32e mode"),
        R(GUEST_CR4, IA32E && !CR4(PAE), "PAE must be set in IA-32e mode"),
        R(GUEST_CR4, !IA32E && CR4(PCIDE),
          "PCIDE must be clear outside of IA-32e mode"),
        R(GUEST_CR3, vmread(VMCS_GUEST_CR3) >> cpu_features.phys_bits,
          "is wider than a physical address"),
        RESERVED(GUEST_DEBUGCTL, ~0xffc7ull),
        HALF(GUEST_DR7, true),
        CANONICAL(GUEST_SYSENTER_ESP, true),
        CANONICAL(GUEST_SYSENTER_EIP, true),
        R(GUEST_PAT, !pat_is_valid(vmread(VMCS_GUEST_PAT)),
          "an entry is no memory type"),
        RESERVED(GUEST_EFER, ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)),
        R(GUEST_EFER, !EFER(LMA) != !IA32E,
          "LMA differs from the control IA-32e mode guest"),
        R(GUEST_EFER, CR0(PG) && !EFER(LMA) != !EFER(LME),
          "LME differs from LMA under paging"),
    };

    return refuses(f, rules, ARRAY_SIZE(rules));
}

/* Segment registers: SDM vol. 3C 27.3.1.2. First selectors, bases, and all of
 * virtual-8086 mode. */
static bool selectors_and_bases(struct vmx_fault *f)
{
    const struct rule rules[] = {
        R(GUEST_TR_SEL, IN_LDT(TR), "is in the LDT"),
        R(GUEST_LDTR_SEL, USABLE(LDTR) && IN_LDT(LDTR), "is in the LDT"),
#define V86_SEGMENT(n)                                                      \
        { BASE(n), V86 && vmread(BASE(n)) != vmread(SEL(n)) * 16,           \
          "must be 16 times the selector in virtual-8086 mode" },           \
        { LIMIT(n), V86 && vmread(LIMIT(n)) != 0xffff,                      \
          "must be 0xffff in virtual-8086 mode" },                          \
        { AR(n), V86 && vmread(AR(n)) != 0xf3,                              \
          "must be 0xf3 in virtual-8086 mode" }
        V86_SEGMENT(SEG_ES), V86_SEGMENT(SEG_CS), V86_SEGMENT(SEG_SS),
        V86_SEGMENT(SEG_DS), V86_SEGMENT(SEG_FS), V86_SEGMENT(SEG_GS),
#undef V86_SEGMENT
        CANONICAL(GUEST_TR_BASE, true),
        CANONICAL(GUEST_FS_BASE, true),
        CANONICAL(GUEST_GS_BASE, true),
        CANONICAL(GUEST_LDTR_BASE, USABLE(LDTR)),
        HALF(GUEST_CS_BASE, true),
        HALF(GUEST_SS_BASE, USABLE(SS)),
        HALF(GUEST_DS_BASE, USABLE(DS)),
        HALF(GUEST_ES_BASE, USABLE(ES)),
    };

    return refuses(f, rules, ARRAY_SIZE(rules));
}

/* What holds for all kinds of segments; also in virtual-8086 mode, as what is
 * said of that above includes it. */
static bool segment(struct vmx_fault *f, enum hvm_seg n)
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
    uint64_t ar = vmread(AR(n)), limit = vmread(LIMIT(n));
    unsigned int type = ar & SEG_TYPE;
    bool unusable = ar & AR_UNUSABLE, pages = ar & AR_OF(SEG_GRAN);
    bool tr = n == SEG_TR, system = tr || n == SEG_LDTR;
    const struct rule rules[] = {
        { AR(n), tr && unusable, "must be usable" },
        { AR(n), tr && IA32E && type != 11,
          "must be busy (11) in IA-32e mode" },
        { AR(n), !(may[n].types >> type & 1), may[n].why },
        { AR(n), system && (ar & SEG_S), "must be a system segment" },
        { AR(n), !system && !(ar & SEG_S), "must be a code or data segment" },
        { AR(n), !(ar & SEG_PRESENT), "must be present" },
        { AR(n), ar & AR_RESERVED, "reserved bits are set" },
        { AR(n), pages && (limit & 0xfff) != 0xfff,
          "granularity is pages, the limit is not" },
        { AR(n), !pages && limit >> 20,
          "granularity must be pages for this limit" },
    };

    return (!unusable || n == SEG_CS || tr) &&
           refuses(f, rules, ARRAY_SIZE(rules));
}

/* But in virtual-8086 mode. */
static bool privilege_levels(struct vmx_fault *f)
{
    uint64_t cs = vmread(VMCS_GUEST_CS_AR), ss = vmread(VMCS_GUEST_SS_AR);
    bool code = cs & 8, conforming = cs & 4, data = (cs & SEG_TYPE) == 3;
    const struct rule rules[] = {
        R(GUEST_CS_AR, data && DPL(cs), "DPL must be 0 with type 3"),
        R(GUEST_CS_AR, code && !conforming && DPL(cs) != DPL(ss),
          "DPL differs from that of SS"),
        R(GUEST_CS_AR, code && conforming && DPL(cs) > DPL(ss),
          "DPL is over that of SS"),
        R(GUEST_SS_AR, (data || !CR0(PE)) && DPL(ss),
          "DPL must be 0 in real mode or with CS type 3"),
        R(GUEST_CS_AR, IA32E && (cs & AR_OF(SEG_LONG)) && (cs & AR_OF(SEG_BIG)),
          "L and D are both set in IA-32e mode"),
    };

    return !V86 && refuses(f, rules, ARRAY_SIZE(rules));
}

/* The rest of the registers and of the state: SDM vol. 3C 27.3.1.3 to
 * 27.3.1.6. */
static bool other_state(struct vmx_fault *f)
{
    bool mode64 = IA32E && (vmread(VMCS_GUEST_CS_AR) & AR_OF(SEG_LONG));
    bool held = BLOCKS(STI) || BLOCKS(MOV_SS);
    bool step = FLAG(TF) && !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);
    bool bs = vmread(VMCS_GUEST_PENDING_DEBUG) & PENDING_BS;
    /* What CR3 points to under PAE paging is in the VMCS with EPT. */
    bool pae = CR0(PG) && CR4(PAE) && !IA32E;
    uint64_t wide = ~(BIT(cpu_features.phys_bits) - 1);
    const struct rule rules[] = {
        CANONICAL(GUEST_GDTR_BASE, true),
        CANONICAL(GUEST_IDTR_BASE, true),
        R(GUEST_RIP, !mode64 && vmread(VMCS_GUEST_RIP) >> 32,
          "bits over 31 are set outside of 64-bit mode"),
        R(GUEST_RIP, mode64 && !canonical(VMCS_GUEST_RIP, 1),
          "is not canonical"),
        R(GUEST_RFLAGS, (vmread(VMCS_GUEST_RFLAGS) & ~RFLAGS_ALL) || !FLAG(MBS),
          "reserved bits are wrong"),
        R(GUEST_RFLAGS, V86 && IA32E, "VM is set in IA-32e mode"),
        R(GUEST_RFLAGS, V86 && !CR0(PE), "VM is set in real mode"),
        R(GUEST_RFLAGS, INTR && !FLAG(IF),
          "IF is clear with an interrupt to deliver"),
        R(GUEST_ACTIVITY, vmread(VMCS_GUEST_ACTIVITY),
          "must be active, as every exit leaves it"),
        RESERVED(GUEST_BLOCKING, ~0x1fu),
        R(GUEST_BLOCKING, BLOCKS(STI) && BLOCKS(MOV_SS),
          "blocks by STI and by MOV SS at once"),
        R(GUEST_BLOCKING, BLOCKS(STI) && !FLAG(IF),
          "blocks by STI with IF clear"),
        R(GUEST_BLOCKING, INTR && held, "blocks the interrupt to deliver"),
        R(GUEST_BLOCKING, NMI && BLOCKS(MOV_SS),
          "blocks by MOV SS the NMI to deliver"),
        R(GUEST_BLOCKING, BLOCKS(SMI), "blocks SMIs outside of SMM"),
        R(GUEST_BLOCKING, NMI && BLOCKS(NMI),
          "blocks the virtual NMI to deliver"),
        /* B0-B3, bus lock, enabled breakpoint, BS, RTM. */
        RESERVED(GUEST_PENDING_DEBUG,
                 ~(0xf | BIT(11) | BIT(12) | PENDING_BS | BIT(16))),
        R(GUEST_PENDING_DEBUG, held && step && !bs,
          "BS is clear while a single step is held up"),
        R(GUEST_PENDING_DEBUG, held && !step && bs,
          "BS is set without a single step"),
#define PDPTE(field)                                                        \
        RESERVED(field, pae && (vmread(VMCS_##field) & 1) ? wide | 0x1e6 : 0)
        PDPTE(GUEST_PDPTE0), PDPTE(GUEST_PDPTE1), PDPTE(GUEST_PDPTE2),
        PDPTE(GUEST_PDPTE3),
#undef PDPTE
        /* Last, because only some CPUs mind. */
        R(GUEST_BLOCKING, NMI && BLOCKS(STI),
          "blocks by STI the NMI to deliver"),
    };

    return refuses(f, rules, ARRAY_SIZE(rules));
}

bool vmx_find_fault(struct vmx_fault *f)
{
    *f = (struct vmx_fault){ 0 };
    bool bad = controls(f) || registers(f) || selectors_and_bases(f);
    for (enum hvm_seg n = 0; n < NR_HVM_SEGS && !bad; n++)
        bad = segment(f, n);
    return bad || privilege_levels(f) || other_state(f);
}

static const char *const insn_errors[] = {
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

void vmx_dump(struct vcpu *v)
{
    const struct vmcs_name *n = vmcs_names;
    uint64_t error = vmread(VMCS_INSN_ERROR);
    char line[256];
    size_t len = 0;
    struct vmx_fault fault;

    /* Three in a line, up to the segments, which have lines of their own. */
    for (; n->field != VMCS_GUEST_ES_SEL; n++) {
        len += format(line + len, sizeof(line) - len, "  %s %lx", n->name,
                      vmread(n->field));
        if ((n - vmcs_names) % 3 == 2 || n[1].field == VMCS_GUEST_ES_SEL) {
            log_err("%s\n", line);
            len = 0;
        }
    }
    for (; n->field != VMCS_HOST_ES_SEL; n += 4)
        log_err("  %s %04lx  %s %08lx  %s %05lx  %s %016lx\n",
                n[0].name, vmread(n[0].field), n[1].name, vmread(n[1].field),
                n[2].name, vmread(n[2].field), n[3].name, vmread(n[3].field));
    /* It keeps the number of the last instruction that failed. */
    if (error)
        log_err("  Last VM-instruction error: %s\n",
                error < ARRAY_SIZE(insn_errors) && insn_errors[error]
                    ? insn_errors[error] : "unknown VM-instruction error");
    if (vmx_find_fault(&fault))
        log_err("  The CPU refuses %s = %#lx: %s\n", fault.field,
                fault.value, fault.why);
}
