/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this machine's VT-x can do (SDM vol. 3D appendix A), and which controls
 * Lodge sets.
 */
#include "hvm/vmx/vmx.h"

#include "hvm/policy/cpuid.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

struct vmx_caps vmx_caps;
char opt_vmx[128], opt_ept[32];

#define BASIC_TRUE_CONTROLS BIT(55)

/* Windows are switched on and off later. */
const struct vmx_word_info vmx_words[WORDS] = {
    [WORD_PIN] = { VMCS_PIN_CTLS, MSR_VMX_PIN, "pin-based",
        PIN_INTR | PIN_NMI | PIN_VIRTUAL_NMI },
    [WORD_PROC] = { VMCS_PROC_CTLS, MSR_VMX_PROC, "primary",
        PROC_TSC_OFFSET | PROC_HLT | PROC_MWAIT | PROC_RDPMC |
        PROC_TPR_SHADOW | PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_MONITOR |
        PROC_SECONDARY },
    [WORD_PROC2] = { VMCS_PROC_CTLS2, MSR_VMX_PROC2, "secondary",
        PROC2_EPT | PROC2_UNRESTRICTED },
    [WORD_EXIT] = { VMCS_EXIT_CTLS, MSR_VMX_EXIT, "exit",
        EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_ACK_INTR | EXIT_SAVE_PAT |
        EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER },
    [WORD_ENTRY] = { VMCS_ENTRY_CTLS, MSR_VMX_ENTRY, "entry",
        ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER },
};

/* What Lodge uses where the CPU has it, by the name that vmx= and the log
 * know. */
static const struct feature {
    const char *name;
    enum vmx_word word;
    uint32_t bits;
    uint64_t needs_ept; /* bits of EPT_CAP_* */
    uint16_t cpuid;     /* of guests, gone without it; 0: none */
} features[] = {
    { "vpid", WORD_PROC2, PROC2_VPID, EPT_CAP_INVVPID | EPT_CAP_INVVPID_ALL,
      0 },
    { "intr-delivery", WORD_PROC2,
      PROC2_INTR_DELIVERY | PROC2_APIC_ACCESS | PROC2_X2APIC, 0, 0 },
    { "apic-registers", WORD_PROC2, PROC2_APIC_REGISTERS, 0, 0 },
    { "posted", WORD_PIN, PIN_POSTED, 0, 0 },
    { "rdtscp", WORD_PROC2, PROC2_RDTSCP, 0, XEN_X86_FEATURE_RDTSCP },
    { "invpcid", WORD_PROC2, PROC2_INVPCID, 0, XEN_X86_FEATURE_INVPCID },
    /* No component of IA32_XSS is a guest's: nothing exits. */
    { "xsaves", WORD_PROC2, PROC2_XSAVES, 0, XEN_X86_FEATURE_XSAVES },
    { "tsc-scaling", WORD_PROC2, PROC2_TSC_SCALING, 0, 0 },
    /* Page modification log, with the accessed and dirty flags of EPT. */
    { "pml", WORD_PROC2, PROC2_PML, EPT_CAP_AD, 0 },
};

/* Forced to one by a CPU without the "true" controls: every CR3 access and
 * INVLPG would exit. */
#define PROC_UNWANTED (PROC_CR3_LOAD | PROC_CR3_STORE | PROC_INVLPG)

#define EPT_NEEDED (EPT_CAP_4_LEVELS | EPT_CAP_WB | EPT_CAP_UC |            \
                    EPT_CAP_2M | EPT_CAP_INVEPT)

static void read_caps(struct vmx_caps *c)
{
    uint64_t basic = rdmsr(MSR_VMX_BASIC);

    c->revision = basic & 0x7fffffff;
    c->misc = rdmsr(MSR_VMX_MISC);
    c->cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0);
    c->cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1);
    c->cr4_fixed0 = rdmsr(MSR_VMX_CR4_FIXED0);
    c->cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1);
    for (enum vmx_word w = 0; w < WORDS; w++) {
        uint32_t msr = vmx_words[w].msr;

        /* There are secondary controls where the primary ones say so, and for
         * the others MSRs that tell what need not be one, in the same order. */
        if (w == WORD_PROC2 && !(c->may[WORD_PROC] & PROC_SECONDARY))
            continue;
        if (w != WORD_PROC2 && (basic & BASIC_TRUE_CONTROLS))
            msr += MSR_VMX_TRUE_PIN - MSR_VMX_PIN;
        uint64_t val = rdmsr(msr);
        c->must[w] = (uint32_t)val;
        c->may[w] = (uint32_t)(val >> 32);
    }
    if (c->may[WORD_PROC2] & (PROC2_EPT | PROC2_VPID))
        c->ept = rdmsr(MSR_VMX_EPT_VPID_CAP);
}

/*
 * Work-arounds for the emulator Bochs only, whose VMCS has a whole page, not
 * 1024 bytes as real ones; so have those of hypervisors, but these say that
 * they are there. A guest that is entered with interrupts off is not left for
 * an interrupt of the machine until it changes its IF: the VMX-preemption timer
 * ends each stay in the guest after a while, and each exit looks for
 * interrupts. And a notification that finds nothing posted any more makes
 * vector 255 pending: nothing is posted.
 */
static bool is_bochs(void)
{
    uint64_t vmcs_bytes = rdmsr(MSR_VMX_BASIC) >> 32 & 0x1fff;

    return vmcs_bytes == 4096 && !cpu_features.hypervisor[0];
}

static void choose_features(struct vmx_caps *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
        const struct feature *f = &features[i];

        if (!list_has(opt_vmx, "no-", f->name) &&
            !(f->bits & ~c->may[f->word]) && !(f->needs_ept & ~c->ept))
            c->use[f->word] |= f->bits;
        else if (f->cpuid)
            cpuid_hide(f->cpuid);
    }
    /* Neither of these is of use without virtual-interrupt delivery. */
    if (!(c->use[WORD_PROC2] & PROC2_INTR_DELIVERY))
        c->use[WORD_PROC2] &= ~PROC2_APIC_REGISTERS;
    if (!(c->use[WORD_PROC2] & PROC2_INTR_DELIVERY) || is_bochs())
        c->use[WORD_PIN] &= ~PIN_POSTED;
    if (is_bochs())
        c->use[WORD_PIN] |= c->may[WORD_PIN] & PIN_PREEMPTION_TIMER;
}

static void report(const struct vmx_caps *c)
{
    char names[128] = ""; /* longer than all together */
    size_t n = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
        if (c->use[features[i].word] & features[i].bits)
            n += format(names + n, sizeof(names) - n, " %s", features[i].name);
    log_info("VT-x:%s\n", names);
}

static void choose(struct vmx_caps *c)
{
    if (!(c->may[WORD_PROC2] & PROC2_EPT) ||
        (c->ept & EPT_NEEDED) != EPT_NEEDED ||
        !(c->ept & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)))
        cannot_start("CPU %u has VT-x without extended page tables (EPT) as "
                     "Lodge needs them", cpu_id());
    if (!(c->may[WORD_PROC2] & PROC2_UNRESTRICTED))
        cannot_start("CPU %u has VT-x without unrestricted guests, which "
                     "Lodge needs", cpu_id());
    for (enum vmx_word w = 0; w < WORDS; w++) {
        uint32_t needed = vmx_words[w].needed, lack = needed & ~c->may[w];

        if (lack)
            cannot_start("CPU %u's VT-x lacks %s controls %#x, which Lodge "
                         "needs", cpu_id(), vmx_words[w].name, lack);
        c->use[w] = needed | c->must[w];
    }
    if (c->must[WORD_PROC] & PROC_UNWANTED)
        cannot_start("CPU %u's VT-x makes guests exit for each access of "
                     "CR3: it is too old", cpu_id());
    choose_features(c);
}

/* Of IA32_VMX_EPT_VPID_CAP what is asked after choose(). */
#define EPT_USED (EPT_CAP_1G | EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)

void vmx_caps_init(void)
{
    struct vmx_caps c = { 0 };

    read_caps(&c);
    choose(&c);
    if (!vmx_caps.revision) {
        vmx_caps = c;
        report(&c);
        return;
    }
    /* INVEPT of a kind that a CPU does not have would leave stale translations
     * without a word. */
    if (memcmp(&c, &vmx_caps, offsetof(struct vmx_caps, ept)) ||
        ((c.ept ^ vmx_caps.ept) & EPT_USED))
        cannot_start("CPU %u's VT-x differs from CPU 0's", cpu_id());
}

#define ARCH_CAPS_PSCHANGE_MC_NO BIT(6)

/* Atom and Xeon Phi models that are known to be sound and have no bit to say
 * so. A model that is not known is taken for a Core. */
static const uint8_t sound_models[] = {
    0x1c, 0x26, 0x27, 0x35, 0x36,             /* Bonnell, Saltwell */
    0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d, 0x75, /* Silvermont, Airmont */
    0x5c, 0x5f, 0x7a,                         /* Goldmont, Goldmont Plus */
    0x86,                                     /* Tremont D */
    0x57, 0x85,                               /* Knights Landing, Mill */
};

static bool has_large_exec_bug(const struct cpu_features *f)
{
    uint64_t caps;

    /* Another hypervisor's tables are what the CPU walks below that one. */
    if (f->vendor != VENDOR_INTEL || f->family != 6 || f->hypervisor[0])
        return false;
    if (!rdmsr_safe(MSR_ARCH_CAPABILITIES, &caps) &&
        (caps & ARCH_CAPS_PSCHANGE_MC_NO))
        return false;
    for (unsigned int i = 0; i < ARRAY_SIZE(sound_models); i++)
        if (f->model == sound_models[i])
            return false;
    return true;
}

bool vmx_avoid_large_exec(void)
{
    bool avoid = has_large_exec_bug(&cpu_features);

    if (!strcmp(opt_ept, "exec-sp"))
        avoid = false;
    else if (!strcmp(opt_ept, "no-exec-sp"))
        avoid = true;
    else if (opt_ept[0])
        log_warn("ept=%s is not understood\n", opt_ept);
    log_info("VT-x: large EPT pages are %sexecutable\n", avoid ? "not " : "");
    return avoid;
}
