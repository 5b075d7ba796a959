/* sources: hvm/policy/cpuid.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies on machines of any features: what a guest gets is never more than
 * the default's superset, the maximum, and that never more than the machine
 * has; a toolstack's wish is cut to the maximum; CPUID answers from it and
 * the control registers that may be set follow.
 */
#include "hvm/policy/cpuid.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/x86/time.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

/* Bits that Lodge provides whatever the machine. */
static const uint16_t provided[] = {
    XEN_X86_FEATURE_APIC, XEN_X86_FEATURE_X2APIC, XEN_X86_FEATURE_HYPERVISOR,
    XEN_X86_FEATURE_TSC_DEADLINE,
};

/* What needs more of Lodge than there is, on any machine. */
static const uint16_t never[] = {
    XEN_X86_FEATURE_SVM, XEN_X86_FEATURE_VMX, XEN_X86_FEATURE_LA57,
    XEN_X86_FEATURE_CET_SS, XEN_X86_FEATURE_RTM,
    XEN_X86_FEATURE_MPX,
};

uint64_t tsc_hz = 2000000000;
uint64_t tsc_at_boot;
bool tsc_is_reliable = true;

static bool lapic_on = true;

bool hvm_lapic_enabled(const struct vcpu *v)
{
    return lapic_on;
}

static struct cpuid_regs any(void)
{
    return (struct cpuid_regs){ fake_random(~0u), fake_random(~0u),
                                fake_random(~0u), fake_random(~0u) };
}

static void random_machine(void)
{
    for (uint32_t i = 0; i < 0x10; i++)
        fake_cpuid_set(i, 0, any());
    for (uint32_t i = 1; i < 3; i++)
        fake_cpuid_set(7, i, any());
    for (uint32_t i = 0; i < 10; i++)
        fake_cpuid_set(0xd, i, (struct cpuid_regs){ 64 * i, 576 + 64 * i,
                                                    0, 0 });
    for (uint32_t i = 0x80000000; i < 0x80000022; i++)
        fake_cpuid_set(i, 0, any());
    fake_cpuid_set(0, 0, (struct cpuid_regs){ .a = 0xd });
    fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ .a = 0x80000021 });
    cpu_features.vendor = fake_random(2) ? VENDOR_AMD : VENDOR_INTEL;
    cpu_features.xsave = true;
    cpu_features.xcr0_max = fake_random(2) ? 0xe7 : 7;
    cpuid_init();
}

static void features(unsigned int index, uint32_t *w)
{
    CHECK_EQ(cpuid_featureset(index, w), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(provided); i++)
        w[provided[i] / 32] &= ~(1u << provided[i] % 32);
}

static bool within(const uint32_t *a, const uint32_t *b)
{
    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        if (a[i] & ~b[i])
            return false;
    return true;
}

static struct cpu_policy policy;

static void one_machine(struct vcpu *v)
{
    uint32_t host[FEATURE_WORDS], max[FEATURE_WORDS], def[FEATURE_WORDS],
             mine[FEATURE_WORDS];
    struct xen_domctl_cpu_policy o = { .nr_leaves = 5 };
    static struct xen_cpuid_leaf list[CPUID_POLICY_MAX_LEAVES];
    struct cpuid_regs r;
    struct cpu_policy *p = &policy;
    uint64_t cr4;

    random_machine();
    features(XEN_SYSCTL_cpu_featureset_host, host);
    features(XEN_SYSCTL_cpu_featureset_hvm_max, max);
    features(XEN_SYSCTL_cpu_featureset_hvm, def);
    if (cpu_features.vendor == VENDOR_AMD) /* leaf 1 is repeated there */
        host[FEATURE_WORD_80000001_EDX] |= host[FEATURE_WORD_1_EDX] | BIT(9);
    CHECK(within(max, host));
    for (unsigned int i = 0; i < ARRAY_SIZE(never); i++)
        CHECK(!(max[never[i] / 32] >> never[i] % 32 & 1));
    CHECK(within(def, max));
    cpuid_domain_init(v->domain, p);

    /* The toolstack asks for everything. */
    for (unsigned int i = 0; i < 2; i++)
        list[i] = (struct xen_cpuid_leaf){ i ? 0x80000001 : 1, ~0u, ~0u, ~0u,
                                           ~0u, ~0u };
    list[2] = (struct xen_cpuid_leaf){ 7, 0, 0, ~0u, ~0u, ~0u };
    list[3] = (struct xen_cpuid_leaf){ 0xd, 0, ~0u, ~0u, ~0u, ~0u };
    list[4] = (struct xen_cpuid_leaf){ 0xd, 1, ~0u, ~0u, ~0u, ~0u };
    CHECK_EQ(cpuid_domain_set_policy(v->domain, &o, list, NULL), 0);
    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        mine[i] = *cpu_policy_word(p, i);
    for (unsigned int i = 0; i < ARRAY_SIZE(provided); i++)
        mine[provided[i] / 32] &= ~(1u << provided[i] % 32);
    if (cpu_features.vendor == VENDOR_AMD)
        max[FEATURE_WORD_80000001_EDX] |= max[FEATURE_WORD_1_EDX] | BIT(9);
    CHECK(within(mine, max));
    CHECK(!(cpuid_guest_xcr0(v) & ~cpu_features.xcr0_max));
    CHECK(!(cpuid_guest_efer(v) & ~(EFER_SCE | EFER_LME | EFER_NXE |
                                    EFER_FFXSE | EFER_AIBRSE)));
    cr4 = cpuid_guest_cr4(v);
    CHECK(!(cr4 & (CR4_VMXE | CR4_LA57 | CR4_CET)));
    CHECK(!(cr4 & CR4_SMEP) || (host[FEATURE_WORD_7_0_EBX] & BIT(7)));
    CHECK_EQ(cpuid_xcr0_valid(v, 3), (cpuid_guest_xcr0(v) & 3) == 3);
    CHECK(!cpuid_xcr0_valid(v, 5));
    CHECK(!cpuid_xcr0_valid(v, 0));
    CHECK(!cpuid_xcr0_valid(v, 0x27));

    /* CPUID itself. */
    cpuid_guest(v, 0x40000000, 0, &r);
    CHECK_EQ(r.b, XEN_CPUID_SIGNATURE_EBX);
    cpuid_guest(v, 0x4000ffff, 0, &r);
    CHECK_EQ(r.a | r.b | r.c | r.d, 0);
    cpuid_guest(v, 0x80000022, 0, &r);
    CHECK_EQ(r.a | r.b | r.c | r.d, 0);
    cpuid_guest(v, 0xd, 63, &r);
    cpuid_guest(v, 0xd, ~0u, &r);
    CHECK_EQ(r.a | r.b | r.c | r.d, 0);
    lapic_on = false;
    cpuid_guest(v, 1, 0, &r);
    CHECK(!(r.d & BIT(9)));
    lapic_on = true;
    cpuid_guest(v, 1, 0, &r);
    CHECK(r.d & BIT(9));
    CHECK_EQ(r.b >> 24, v->id * 2);
    for (unsigned int n = 0; n < 50; n++)
        cpuid_guest(v, fake_random(~0u), fake_random(~0u), &r);
    /* Refused: a leaf that no policy has, more leaves than there are. */
    list[0].leaf = 0x12345;
    o.nr_leaves = 1;
    CHECK_EQ(cpuid_domain_set_policy(v->domain, &o, list, NULL), -EINVAL);
    CHECK_EQ(o.err_leaf, 0x12345);
    list[0] = (struct xen_cpuid_leaf){ 0, ~0u, 0x20, 0, 0, 0 };
    o.nr_leaves = 1;
    CHECK_EQ(cpuid_domain_set_policy(v->domain, &o, list, NULL), -EINVAL);
    CHECK_EQ(o.err_leaf, 0);
}

/* Sizes nearly as Intel's Skylake has them: one is odd and the last component
 * aligned, so that the compacted form has a gap. */
static void xsave_sizes(struct vcpu *v)
{
    static const struct {
        uint32_t size, offset, align;
    } component[10] = {
        [2] = { 256, 576, 0 }, [5] = { 60, 1088, 0 }, [6] = { 512, 1152, 0 },
        [7] = { 1024, 1664, 0 }, [9] = { 8, 2688, 2 },
    };
    static const struct {
        uint64_t xcr0;
        uint32_t plain, compacted;
    } t[] = {
        { 1, 576, 576 }, { 3, 576, 576 }, { 7, 832, 832 },
        { 0xe7, 2688, 2428 }, { 0x2e7, 2696, 2440 }, { 0x203, 2696, 584 },
    };
    struct cpuid_regs r;

    random_machine();
    for (unsigned int i = 2; i < 10; i++)
        fake_cpuid_set(0xd, i, (struct cpuid_regs){
            component[i].size, component[i].offset, component[i].align, 0 });
    fake_cpuid_set(0xd, 1, (struct cpuid_regs){ 0x1f, 0x980, 0x100, 0 });
    fake_cpuid_set(1, 0, (struct cpuid_regs){ .c = BIT(26) | BIT(28) });
    fake_cpuid_set(7, 0, (struct cpuid_regs){ .a = 2, .b = BIT(16), .c = BIT(3) });
    cpu_features.xcr0_max = 0x2e7;
    cpuid_init();
    cpuid_domain_init(v->domain, &policy);
    CHECK_EQ(cpuid_guest_xcr0(v), 0x2e7);
    CHECK(cpuid_guest_has(v, XEN_X86_FEATURE_XSAVES));
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        v->hvm->xcr0 = t[i].xcr0;
        cpuid_guest(v, 0xd, 0, &r);
        CHECK_EQ(r.b, t[i].plain);
        CHECK_EQ(r.c, 2696);
        cpuid_guest(v, 0xd, 1, &r);
        CHECK_EQ(r.a, 0xf);
        CHECK_EQ(r.b, t[i].compacted);
        CHECK_EQ(r.c | r.d, 0);
    }
    /* Without either instruction there is no such form. */
    fake_cpuid_set(0xd, 1, (struct cpuid_regs){ 5, 0x980, 0, 0 });
    cpuid_init();
    cpuid_domain_init(v->domain, &policy);
    CHECK(!cpuid_guest_has(v, XEN_X86_FEATURE_XSAVES));
    cpuid_guest(v, 0xd, 1, &r);
    CHECK_EQ(r.a, 5);
    CHECK_EQ(r.b, 0);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    for (unsigned int i = 0; i < 100 && !test_failures; i++)
        one_machine(&doms[1].v[1]);
    xsave_sizes(&doms[1].v[1]);
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
