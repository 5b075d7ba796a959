/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies as leaves, as feature words and as lists; see cpu-policy.h. */
#include "hvm/policy/cpu-policy.h"

#include "hypervisor/lib/util.h"

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

struct cpuid_regs *cpu_policy_leaf(struct cpu_policy *p, uint32_t leaf,
                                   uint32_t subleaf)
{
    struct cpuid_regs *list;
    uint32_t i = subleaf, n;

    if (leaf >= EXTENDED) {
        list = p->extended, i = leaf - EXTENDED, n = CPUID_POLICY_EXTENDED;
    } else {
        switch (leaf) {
        case 0x4: list = p->cache, n = CPUID_POLICY_CACHE; break;
        case 0x7: list = p->feat, n = CPUID_POLICY_FEAT; break;
        case 0xb: list = p->topo, n = CPUID_POLICY_TOPO; break;
        case 0xd: list = p->xstate, n = CPUID_POLICY_XSTATE; break;
        default: list = p->basic, i = leaf, n = CPUID_POLICY_BASIC; break;
        }
    }
    return i < n ? &list[index_nospec(i, n)] : NULL;
}

bool cpu_policy_has_subleaves(uint32_t leaf)
{
    return leaf == 0x4 || leaf == 0x7 || leaf == 0xb || leaf == 0xd;
}

uint32_t cpu_policy_word(const struct cpu_policy *p, unsigned int i)
{
    return *(const uint32_t *)((const char *)p + words_at[i]);
}

void cpu_policy_get_features(const struct cpu_policy *p, uint32_t *words)
{
    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        words[i] = cpu_policy_word(p, i);
}

void cpu_policy_set_features(struct cpu_policy *p, const uint32_t *words)
{
    for (unsigned int i = 0; i < FEATURE_WORDS; i++)
        *(uint32_t *)((char *)p + words_at[i]) = words[i];
}

static unsigned int put(struct xen_cpuid_leaf *out, unsigned int n,
                        uint32_t leaf, uint32_t subleaf,
                        const struct cpuid_regs *r)
{
    out[n] = (struct xen_cpuid_leaf){ leaf, subleaf, r->a, r->b, r->c, r->d };
    return n + 1;
}

unsigned int cpu_policy_write(const struct cpu_policy *policy,
                              struct xen_cpuid_leaf *out)
{
    /* For cpu_policy_leaf(); nothing is written there. */
    struct cpu_policy *p = (struct cpu_policy *)(uintptr_t)policy;
    struct cpuid_regs hv = { .a = p->hv_limit }, hv2 = { .a = p->hv2_limit };
    uint64_t xstates = p->xstate[0].a | (uint64_t)p->xstate[0].d << 32 |
                       p->xstate[1].c | (uint64_t)p->xstate[1].d << 32;
    unsigned int n = 0;

    for (uint32_t leaf = 0; leaf < CPUID_POLICY_BASIC && leaf <= p->basic[0].a;
         leaf++) {
        bool list = cpu_policy_has_subleaves(leaf);
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
    return n;
}

bool cpu_policy_read(struct cpu_policy *p, const struct xen_cpuid_leaf *leaves,
                     unsigned int nr, unsigned int *bad)
{
    for (unsigned int i = 0; i < nr; i++) {
        const struct xen_cpuid_leaf *l = &leaves[i];
        struct cpuid_regs *r;

        *bad = i;
        if (cpu_policy_has_subleaves(l->leaf) ==
            (l->subleaf == XEN_CPUID_NO_SUBLEAF))
            return false;
        if (l->leaf == 0x40000000) {
            p->hv_limit = l->a;
            continue;
        }
        if (l->leaf == 0x40000100) {
            p->hv2_limit = l->a;
            continue;
        }
        r = cpu_policy_leaf(p, l->leaf, l->subleaf);
        if (!r)
            return false;
        *r = (struct cpuid_regs){ l->a, l->b, l->c, l->d };
    }
    return true;
}
