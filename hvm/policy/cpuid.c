/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies as leaves, as feature words and as lists: the machine's, what guests
 * may have of it at most and by default, each domain's own; and the answer to
 * CPUID.
 */
#include "hvm/policy/cpuid.h"

#include "hvm/base/hvm.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/time.h"

#define EXTENDED 0x80000000u

/* Where each feature word is (hypervisor/abi/cpu-policy.h). */
#define AT(field) offsetof(struct cpu_policy, field)
static const uint16_t words_at[FEATURE_WORDS] = {
    [FEATURE_WORD_1_EDX] = AT(basic[1].d),
    [FEATURE_WORD_1_ECX] = AT(basic[1].c),
    [FEATURE_WORD_80000001_EDX] = AT(extended[1].d),
    [FEATURE_WORD_80000001_ECX] = AT(extended[1].c),
    [FEATURE_WORD_D_1_EAX] = AT(xstate[1].a),
    [FEATURE_WORD_7_0_EBX] = AT(feat[0].b),
    [FEATURE_WORD_7_0_ECX] = AT(feat[0].c),
    [FEATURE_WORD_80000007_EDX] = AT(extended[7].d),
    [FEATURE_WORD_80000008_EBX] = AT(extended[8].b),
    [FEATURE_WORD_7_0_EDX] = AT(feat[0].d),
    [FEATURE_WORD_7_1_EAX] = AT(feat[1].a),
    [FEATURE_WORD_80000021_EAX] = AT(extended[0x21].a),
    [FEATURE_WORD_7_1_EBX] = AT(feat[1].b),
    [FEATURE_WORD_7_2_EDX] = AT(feat[2].d),
    [FEATURE_WORD_7_1_ECX] = AT(feat[1].c),
    [FEATURE_WORD_7_1_EDX] = AT(feat[1].d),
    [FEATURE_WORD_10A_LOW] = AT(arch_caps),
    [FEATURE_WORD_10A_HIGH] = AT(arch_caps) + 4,
    [FEATURE_WORD_80000021_ECX] = AT(extended[0x21].c),
};

struct cpuid_regs *cpu_policy_leaf(const struct cpu_policy *policy,
                                   uint32_t leaf, uint32_t subleaf)
{
    struct cpu_policy *p = (struct cpu_policy *)(uintptr_t)policy;
    struct cpuid_regs *list;
    uint32_t i = subleaf, n;

    if (leaf >= EXTENDED) {
        list = p->extended, i = leaf - EXTENDED, n = CPUID_POLICY_EXTENDED;
    } else {
        switch (leaf) {
        case 0x4: list = p->cache, n = CPUID_POLICY_CACHE; break;
        case 0x7: list = p->feat, n = CPUID_POLICY_FEAT; break;
        case 0xb: list = p->topo, n = CPUID_POLICY_TOPO; break;
        case 0x40000000:
        case 0x40000100: list = p->xen, i = leaf >> 8 & 1, n = 2; break;
        case 0xd: list = p->xstate, n = CPUID_POLICY_XSTATE; break;
        default: list = p->basic, i = leaf, n = CPUID_POLICY_BASIC; break;
        }
    }
    return i < n ? &list[index_nospec(i, n)] : NULL;
}

static bool has_subleaves(uint32_t leaf)
{
    return leaf == 0x4 || leaf == 0x7 || leaf == 0xb || leaf == 0xd;
}

uint32_t *cpu_policy_word(const struct cpu_policy *p, unsigned int i)
{
    return (uint32_t *)((uintptr_t)p + words_at[i]);
}

/* AMD repeats these bits of leaf 1 EDX in leaf 80000001 EDX. */
#define AMD_COMMON 0x0183f3ffu

static struct cpu_policy host, guest_max, guest_default;

/* Features that the vendor's control structure does not let guests have. */
static uint32_t hidden_features[FEATURE_WORDS];

static bool has(const struct cpu_policy *p, unsigned int feature)
{
    return *cpu_policy_word(p, feature / 32) >> feature % 32 & 1;
}

/* Size of the XSAVE area with the components in x. Compacted: without gaps,
 * but some begin at a multiple of 64 bytes (SDM vol. 1 13.4.3). */
static uint32_t xsave_size(const struct cpu_policy *p, uint64_t x,
                           bool compacted)
{
    uint32_t size = 512 + 64;

    for (x >>= 2; x; x &= x - 1) {
        const struct cpuid_regs *r = &p->xstate[bit_lowest(x) + 2];

        if (!compacted)
            size = MAX(size, r->a + r->b);
        else
            size = ALIGN_UP(size, r->c & BIT(1) ? 64 : 1) + r->a;
    }
    return size;
}

/* The components that the features of p stand for (SDM vol. 1 13.1). */
static void fix_xstate(struct cpu_policy *p)
{
    uint64_t x = (3 | (has(p, XEN_X86_FEATURE_AVX) ? BIT(2) : 0) |
                  (has(p, XEN_X86_FEATURE_AVX512F) ? 7ull << 5 : 0) |
                  (has(p, XEN_X86_FEATURE_PKU) ? BIT(9) : 0)) &
                 cpu_features.xcr0_max;
    uint32_t features = p->xstate[1].a, size;

    memset(p->xstate, 0, sizeof(p->xstate));
    if (!x || !has(p, XEN_X86_FEATURE_XSAVE))
        return;
    for (unsigned int i = 2; i < CPUID_POLICY_XSTATE; i++)
        if (x & BIT(i))
            p->xstate[i] = host.xstate[i];
    size = xsave_size(p, x, false);
    p->xstate[0] = (struct cpuid_regs){ (uint32_t)x, size, size, 0 };
    p->xstate[1].a = features & 0xf; /* XSAVEOPT, XSAVEC, XGETBV1, XSAVES */
}

/*
 * A vCPU is a core and has two APIC ids. A package has as many as leaf 1 says;
 * leaf 4 must agree: Linux divides one number by the other.
 */
static void fix_topology(struct cpu_policy *p)
{
    uint32_t cores = MIN(MAX(p->basic[1].b >> 17 & 0x7f, 1u), 64u);

    /* CLFLUSH size, APIC ids */
    p->basic[1].b = (p->basic[1].b & 0xff00) | cores * 2 << 16;
    for (unsigned int i = 0; i < CPUID_POLICY_CACHE; i++)
        if (p->cache[i].a & 0x1f)
            p->cache[i].a = (cores - 1) << 26 | 1 << 14 |
                            (p->cache[i].a & 0x3fff);
    memset(p->topo, 0, sizeof(p->topo));
}

/* What depends on features or must not be the machine's. */
static void fix(struct cpu_policy *p)
{
    /* Serial number, MONITOR, power, DCA, PMU, and one without a meaning. */
    static const uint8_t hidden[] = { 0x3, 0x5, 0x6, 0x9, 0xa, 0xc };
    uint32_t *ext1 = &p->extended[1].d, *ext8 = &p->extended[8].a;

    p->basic[1].c &= ~(uint32_t)BIT(27); /* OSXSAVE */
    p->feat[0].c &= ~(uint32_t)BIT(4);   /* OSPKE */
    if (!has(p, XEN_X86_FEATURE_ARCH_CAPS))
        p->arch_caps = 0;
    *ext1 &= ~AMD_COMMON;
    if (cpu_features.vendor == VENDOR_AMD)
        *ext1 |= p->basic[1].d & AMD_COMMON;
    for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
        memset(&p->basic[hidden[i]], 0, sizeof(p->basic[0]));
    fix_topology(p);
    p->extended[7].a = p->extended[7].b = p->extended[7].c = 0;
    memset(&p->extended[0xa], 0, sizeof(p->extended[0]));
    for (unsigned int i = 0x1b; i < CPUID_POLICY_EXTENDED; i++)
        if (i != 0x21)
            memset(&p->extended[i], 0, sizeof(p->extended[0]));
    *ext8 = (*ext8 & 0xff00) | MIN(*ext8 & 0xff, hvm_phys_bits());
    fix_xstate(p);
}

/* A policy with what guests may have (all), or have by default, of the host. */
static void derive(struct cpu_policy *p, bool all)
{
    static const struct {
        uint16_t bit;
        uint8_t guest;
    } bits[] = {
#define CPUID_BIT(name, word, bit, guest) { (word) * 32 + (bit), guest },
#include "hypervisor/abi/cpuid-bits.h"
#undef CPUID_BIT
    };

    *p = host;
    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        *cpu_policy_word(p, i) = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
        unsigned int word = bits[i].bit / 32, guest = bits[i].guest;
        uint32_t bit = 1u << bits[i].bit % 32;
        uint32_t there = *cpu_policy_word(&host, word) & ~hidden_features[word];

        if (guest == CPUID_ALWAYS ||
            ((there & bit) &&
             (guest == CPUID_DEF || (guest == CPUID_OPT && all))))
            *cpu_policy_word(p, word) |= bit;
    }
    fix(p);
}

void cpuid_hide(unsigned int feature)
{
    hidden_features[feature / 32] |= 1u << feature % 32;
}

/* The machine's leaves from `first` on, of which a policy has so many. */
static void read_leaves(uint32_t first, uint32_t room)
{
    uint32_t top = MIN(cpuid(first, 0).a, first + room - 1);
    struct cpuid_regs *r;

    for (uint32_t leaf = first; leaf <= top; leaf++)
        for (uint32_t i = 0; (r = cpu_policy_leaf(&host, leaf, i)); i++) {
            *r = cpuid(leaf, i);
            if (!has_subleaves(leaf))
                break;
        }
    cpu_policy_leaf(&host, first, 0)->a = top;
}

void cpuid_init(void)
{
    read_leaves(0, CPUID_POLICY_BASIC);
    read_leaves(EXTENDED, CPUID_POLICY_EXTENDED);
    if (!has(&host, XEN_X86_FEATURE_ARCH_CAPS) ||
        rdmsr_safe(MSR_ARCH_CAPABILITIES, &host.arch_caps))
        host.arch_caps = 0;
    derive(&guest_max, true);
    derive(&guest_default, false);
}

void cpuid_domain_init(struct domain *d, struct cpu_policy *p)
{
    *p = guest_default;
    d->hvm->cpuid = p;
}

/* Xen's own leaves (abi/cpuid.h). */
static void xen_leaf(struct vcpu *v, uint32_t n, uint32_t subleaf,
                     struct cpuid_regs *r)
{
    const struct domain *d = v->domain;
    struct tsc_scale s = d->hvm->tsc_scale;
    uint64_t offset = hvm_guest_tsc(v, tsc_at_boot);

    memset(r, 0, sizeof(*r));
    switch (n) {
    case 0:
        *r = (struct cpuid_regs){ XEN_CPUID_LEAF(4), XEN_CPUID_SIGNATURE_EBX,
                                  XEN_CPUID_SIGNATURE_ECX,
                                  XEN_CPUID_SIGNATURE_EDX };
        break;
    case 1:
        r->a = 4 << 16 | 20;
        break;
    case 2:
        *r = (struct cpuid_regs){ .a = 1, .b = XEN_MSR_HYPERCALL_PAGE };
        break;
    case 3:
        if (subleaf == 0)
            *r = (struct cpuid_regs){
                (tsc_is_reliable ? XEN_CPUID_HOST_TSC_RELIABLE : 0) |
                    (cpu_features.rdtscp ? XEN_CPUID_RDTSCP_INSTR_AVAIL : 0),
                XEN_CPUID_TSC_MODE_DEFAULT, (uint32_t)d->hvm->tsc_khz, 0 };
        else if (subleaf == 1)
            *r = (struct cpuid_regs){ (uint32_t)offset,
                                      (uint32_t)(offset >> 32), s.mul,
                                      (uint32_t)s.shift };
        else if (subleaf == 2)
            r->a = (uint32_t)(tsc_hz / 1000);
        break;
    case 4:
        /* Not UPCALL_VECTOR, though HVMOP_set_evtchn_upcall_vector works:
         * a vector of the local APIC costs an exit for its EOI, that of
         * HVM_PARAM_CALLBACK_IRQ does not. */
        r->a = XEN_HVM_CPUID_X2APIC_VIRT | XEN_HVM_CPUID_VCPU_ID_PRESENT |
               XEN_HVM_CPUID_DOMID_PRESENT |
               (d->privileged ? XEN_HVM_CPUID_IOMMU_MAPPINGS : 0);
        r->b = v->id;
        r->c = d->id;
        break;
    }
}

void cpuid_guest(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                 struct cpuid_regs *r)
{
    struct cpu_policy *p = v->domain->hvm->cpuid;
    const struct cpuid_regs *entry = NULL;
    uint32_t apic_id = v->id * 2;

    if (leaf - XEN_CPUID_FIRST_LEAF <= 4) {
        xen_leaf(v, leaf - XEN_CPUID_FIRST_LEAF, subleaf, r);
        return;
    }
    if (leaf <= (leaf < 0x80000000 ? p->basic[0].a : p->extended[0].a))
        entry = cpu_policy_leaf(p, leaf, subleaf);
    *r = entry ? *entry : (struct cpuid_regs){ 0 };
    if (!entry && leaf != 0xb)
        return;
    /* The bits that follow what the vCPU does. */
    switch (leaf) {
    case 1:
        r->b |= apic_id << 24;
        if (hvm_get_reg(v, REG_CR4) & CR4_OSXSAVE)
            r->c |= BIT(27);
        if (!hvm_lapic_enabled(v))
            r->d &= ~(uint32_t)BIT(9);
        break;
    case 7:
        if (subleaf == 0 && (hvm_get_reg(v, REG_CR4) & CR4_PKE))
            r->c |= BIT(4);
        break;
    case 0xb:
        r->c |= subleaf & 0xff;
        r->d = apic_id;
        break;
    case 0xd:
        if (subleaf == 0 && p->xstate[0].a)
            r->b = xsave_size(p, v->hvm->xcr0, false);
        /* What XSAVEC and XSAVES write. IA32_XSS adds nothing to XCR0. */
        if (subleaf == 1 && (has(p, XEN_X86_FEATURE_XSAVEC) ||
                             has(p, XEN_X86_FEATURE_XSAVES)))
            r->b = xsave_size(p, v->hvm->xcr0, true);
        break;
    case 0x80000001:
        if (cpu_features.vendor == VENDOR_AMD && !hvm_lapic_enabled(v))
            r->d &= ~(uint32_t)BIT(9);
        break;
    }
}

#define IN_CR4 0u /* in place of an MSR's number */

/* The bits of CR4 and of MSRs that exist with a feature. */
static const struct {
    uint32_t msr, bits;
    uint16_t feature;
} bits_of[] = {
    { MSR_EFER, EFER_LME, XEN_X86_FEATURE_LM },
    { MSR_EFER, EFER_NXE, XEN_X86_FEATURE_NX },
    { MSR_EFER, EFER_FFXSE, XEN_X86_FEATURE_FFXSR },
    { MSR_EFER, EFER_AIBRSE, XEN_X86_FEATURE_AUTO_IBRS },
    { IN_CR4, CR4_VME | CR4_PVI, XEN_X86_FEATURE_VME },
    { IN_CR4, CR4_TSD, XEN_X86_FEATURE_TSC },
    { IN_CR4, CR4_DE, XEN_X86_FEATURE_DE },
    { IN_CR4, CR4_PSE, XEN_X86_FEATURE_PSE },
    { IN_CR4, CR4_PAE, XEN_X86_FEATURE_PAE },
    { IN_CR4, CR4_MCE, XEN_X86_FEATURE_MCE },
    { IN_CR4, CR4_PGE, XEN_X86_FEATURE_PGE },
    { IN_CR4, CR4_OSFXSR, XEN_X86_FEATURE_FXSR },
    { IN_CR4, CR4_OSXMMEXCPT, XEN_X86_FEATURE_SSE },
    { IN_CR4, CR4_UMIP, XEN_X86_FEATURE_UMIP },
    { IN_CR4, CR4_FSGSBASE, XEN_X86_FEATURE_FSGSBASE },
    { IN_CR4, CR4_PCIDE, XEN_X86_FEATURE_PCID },
    { IN_CR4, CR4_OSXSAVE, XEN_X86_FEATURE_XSAVE },
    { IN_CR4, CR4_SMEP, XEN_X86_FEATURE_SMEP },
    { IN_CR4, CR4_SMAP, XEN_X86_FEATURE_SMAP },
    { IN_CR4, CR4_PKE, XEN_X86_FEATURE_PKU },
    /* SDM vol. 4 and AMD's "Indirect branch control extension": each vendor
     * names the feature in a leaf of its own. */
    { MSR_SPEC_CTRL, SPEC_CTRL_IBRS, XEN_X86_FEATURE_IBRSB },
    { MSR_SPEC_CTRL, SPEC_CTRL_IBRS, XEN_X86_FEATURE_IBRS },
    { MSR_SPEC_CTRL, SPEC_CTRL_STIBP, XEN_X86_FEATURE_STIBP },
    { MSR_SPEC_CTRL, SPEC_CTRL_STIBP, XEN_X86_FEATURE_AMD_STIBP },
    { MSR_SPEC_CTRL, SPEC_CTRL_SSBD, XEN_X86_FEATURE_SSBD },
    { MSR_SPEC_CTRL, SPEC_CTRL_SSBD, XEN_X86_FEATURE_AMD_SSBD },
    { MSR_SPEC_CTRL, SPEC_CTRL_PSFD, XEN_X86_FEATURE_INTEL_PSFD },
    { MSR_SPEC_CTRL, SPEC_CTRL_PSFD, XEN_X86_FEATURE_PSFD },
    { MSR_SPEC_CTRL, SPEC_CTRL_IPRED_DIS, XEN_X86_FEATURE_IPRED_CTRL },
    { MSR_SPEC_CTRL, SPEC_CTRL_RRSBA_DIS, XEN_X86_FEATURE_RRSBA_CTRL },
    { MSR_SPEC_CTRL, SPEC_CTRL_BHI_DIS_S, XEN_X86_FEATURE_BHI_CTRL },
    { MSR_PRED_CMD, PRED_CMD_IBPB, XEN_X86_FEATURE_IBRSB },
    { MSR_PRED_CMD, PRED_CMD_IBPB, XEN_X86_FEATURE_IBPB },
    { MSR_PRED_CMD, PRED_CMD_SBPB, XEN_X86_FEATURE_SBPB },
    { MSR_FLUSH_CMD, FLUSH_CMD_L1D, XEN_X86_FEATURE_L1D_FLUSH },
};

/* The rows of a register follow each other. */
uint64_t cpuid_guest_msr_bits(const struct vcpu *v, uint32_t index)
{
    unsigned int i = 0;
    uint64_t bits = 0;

    while (i < ARRAY_SIZE(bits_of) && bits_of[i].msr != index)
        i++;
    for (; i < ARRAY_SIZE(bits_of) && bits_of[i].msr == index; i++)
        if (has(v->domain->hvm->cpuid, bits_of[i].feature))
            bits |= bits_of[i].bits;
    return bits;
}

uint64_t cpuid_guest_cr4(const struct vcpu *v)
{
    return CR4_PCE | cpuid_guest_msr_bits(v, IN_CR4);
}

uint64_t cpuid_guest_efer(const struct vcpu *v)
{
    return EFER_SCE | cpuid_guest_msr_bits(v, MSR_EFER);
}

uint64_t cpuid_guest_xcr0(const struct vcpu *v)
{
    return v->domain->hvm->cpuid->xstate[0].a; /* see fix_xstate() */
}

bool cpuid_xcr0_valid(const struct vcpu *v, uint64_t val)
{
    const uint64_t avx512 = 7ull << 5;

    if (!(val & 1) || (val & ~cpuid_guest_xcr0(v)))
        return false;
    if ((val & BIT(2)) && !(val & BIT(1)))
        return false;
    return !(val & avx512) || ((val & avx512) == avx512 && (val & BIT(2)));
}

bool cpuid_guest_has(const struct vcpu *v, unsigned int feature)
{
    return has(v->domain->hvm->cpuid, feature);
}

unsigned int cpuid_guest_phys_bits(const struct vcpu *v)
{
    return v->domain->hvm->cpuid->extended[8].a & 0xff;
}

/* Entry `index` of n. */
static int pick(const struct cpu_policy *const *list, size_t n,
                unsigned int index, const struct cpu_policy **p)
{
    if (index >= n)
        return -EINVAL;
    *p = list[index_nospec(index, n)];
    return *p ? 0 : -EOPNOTSUPP;
}

int cpuid_system_policy(unsigned int index, const struct cpu_policy **p)
{
    static const struct cpu_policy *const policies[] = {
        [XEN_SYSCTL_cpu_policy_raw] = &host,
        [XEN_SYSCTL_cpu_policy_host] = &host,
        [XEN_SYSCTL_cpu_policy_hvm_max] = &guest_max,
        [XEN_SYSCTL_cpu_policy_hvm_default] = &guest_default,
    };

    return pick(policies, ARRAY_SIZE(policies), index, p);
}

int cpuid_featureset(unsigned int index, uint32_t *words)
{
    static const struct cpu_policy *const policies[] = {
        [XEN_SYSCTL_cpu_featureset_raw] = &host,
        [XEN_SYSCTL_cpu_featureset_host] = &host,
        [XEN_SYSCTL_cpu_featureset_hvm] = &guest_default,
        [XEN_SYSCTL_cpu_featureset_hvm_max] = &guest_max,
    };
    const struct cpu_policy *p;
    int rc = pick(policies, ARRAY_SIZE(policies), index, &p);

    for (unsigned int i = 0; !rc && i < FEATURE_WORDS; i++)
        words[i] = *cpu_policy_word(p, i);
    return rc;
}

static unsigned int put(struct xen_cpuid_leaf *out, unsigned int n,
                        uint32_t leaf, uint32_t subleaf,
                        const struct cpuid_regs *r)
{
    out[n] = (struct xen_cpuid_leaf){ leaf, subleaf, r->a, r->b, r->c, r->d };
    return n + 1;
}

/* The MSRs that a policy carries are this one, as 0, and ARCH_CAPABILITIES. */
#define MSR_PLATFORM_INFO 0xceu

uint32_t cpu_policy_write(const struct cpu_policy *p,
                          struct xen_cpuid_leaf *out,
                          struct xen_msr_entry *msrs)
{
    struct cpuid_regs hv = { .a = p->xen[0].a }, hv2 = { .a = p->xen[1].a };
    uint64_t xstates = p->xstate[0].a | (uint64_t)p->xstate[0].d << 32 |
                       p->xstate[1].c | (uint64_t)p->xstate[1].d << 32;
    unsigned int n = 0;

    for (uint32_t leaf = 0; leaf < CPUID_POLICY_BASIC && leaf <= p->basic[0].a;
         leaf++) {
        bool list = has_subleaves(leaf);
        const struct cpuid_regs *r;

        for (uint32_t i = 0; (r = cpu_policy_leaf(p, leaf, i)); i++) {
            if (leaf == 0x7 && i > p->feat[0].a)
                break;
            if (leaf == 0xd && i >= 2 && !(xstates & BIT(i)))
                continue;
            n = put(out, n, leaf, list ? i : XEN_CPUID_NO_SUBLEAF, r);
            /* The list of caches, that of levels, end with an empty one. */
            if (!list || (leaf == 0x4 && !(r->a & 0x1f)) ||
                (leaf == 0xb && !(r->c & 0xff00)))
                break;
        }
    }
    n = put(out, n, 0x40000000, XEN_CPUID_NO_SUBLEAF, &hv);
    n = put(out, n, 0x40000100, XEN_CPUID_NO_SUBLEAF, &hv2);
    for (uint32_t i = 0; i < CPUID_POLICY_EXTENDED &&
                         i <= (p->extended[0].a & 0xffff); i++)
        n = put(out, n, EXTENDED + i, XEN_CPUID_NO_SUBLEAF, &p->extended[i]);
    msrs[0] = (struct xen_msr_entry){ .idx = MSR_PLATFORM_INFO };
    msrs[1] = (struct xen_msr_entry){ .idx = MSR_ARCH_CAPABILITIES,
                                      .val = p->arch_caps };
    return n;
}

int cpu_policy_read(struct cpu_policy *p, const struct xen_cpuid_leaf *leaves,
                    struct xen_domctl_cpu_policy *o)
{
    for (uint32_t i = 0; i < o->nr_leaves; i++) {
        const struct xen_cpuid_leaf *l = &leaves[i];
        struct cpuid_regs *r = NULL;

        if (has_subleaves(l->leaf) == (l->subleaf != XEN_CPUID_NO_SUBLEAF))
            r = cpu_policy_leaf(p, l->leaf, l->subleaf);
        if (!r) {
            o->err_leaf = l->leaf;
            o->err_subleaf = l->subleaf;
            return -EINVAL;
        }
        *r = (struct cpuid_regs){ l->a, l->b, l->c, l->d };
    }
    return 0;
}

static int read_msrs(struct cpu_policy *p, const struct xen_msr_entry *msrs,
                     struct xen_domctl_cpu_policy *o)
{
    for (uint32_t i = 0; i < o->nr_msrs; i++) {
        const struct xen_msr_entry *m = &msrs[i];

        if (m->flags || (m->idx != MSR_PLATFORM_INFO &&
                         m->idx != MSR_ARCH_CAPABILITIES)) {
            o->err_msr = m->idx;
            return -EINVAL;
        }
        if (m->idx == MSR_ARCH_CAPABILITIES)
            p->arch_caps = m->val;
    }
    return 0;
}

int cpuid_domain_set_policy(struct domain *d, struct xen_domctl_cpu_policy *o,
                            const struct xen_cpuid_leaf *leaves,
                            const struct xen_msr_entry *msrs)
{
    struct cpu_policy *p = heap_alloc(sizeof(*p));
    int rc;

    if (!p)
        return -ENOMEM;
    *p = *d->hvm->cpuid;
    o->err_leaf = o->err_subleaf = o->err_msr = ~0u;
    rc = cpu_policy_read(p, leaves, o);
    if (!rc && (p->basic[0].a > guest_max.basic[0].a ||
                p->extended[0].a > guest_max.extended[0].a)) {
        o->err_leaf = p->basic[0].a > guest_max.basic[0].a ? 0 : EXTENDED;
        rc = -EINVAL;
    }
    if (!rc)
        rc = read_msrs(p, msrs, o);
    for (unsigned int i = 0; !rc && i < FEATURE_WORDS; i++)
        *cpu_policy_word(p, i) &= *cpu_policy_word(&guest_max, i);
    if (!rc) {
        fix(p);
        *d->hvm->cpuid = *p;
    }
    heap_free(p);
    return rc;
}
