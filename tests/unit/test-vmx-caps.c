/* sources: hvm/vmx/caps.c hypervisor/lib/format.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x's capabilities: CPUs that Lodge runs on and those it refuses, each with
 * a sentence; what is set in a VMCS is always what the CPU allows.
 */
#include <string.h>

#include "hvm/vmx/vmx.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/abi/cpuid.h"
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/vmx-fakes.h"

TEST_PROGRAM;

/* The sentence of a CPU that is refused, NULL: it is taken. */
static const char *refusal(void)
{
    jmp_buf jump;

    fake_panic_text[0] = 0;
    fake_panic_jump = &jump;
    if (!setjmp(jump))
        vmx_caps_init();
    fake_panic_jump = NULL;
    return fake_panic_text[0] ? fake_panic_text : NULL;
}

static void first_cpu(void)
{
    memset(&vmx_caps, 0, sizeof(vmx_caps));
    fake_msr_clear();
    fake_caps_set();
}

static void change(uint32_t msr, uint64_t clear, uint64_t set)
{
    fake_msr_set(msr, (rdmsr(msr) & ~clear) | set);
}

static void check_words(void)
{
    for (unsigned int w = 0; w < WORDS; w++) {
        CHECK_EQ(vmx_caps.must[w] & ~vmx_caps.use[w], 0);
        CHECK_EQ(vmx_caps.use[w] & ~vmx_caps.may[w], 0);
    }
}

static void takes(void)
{
    const char *why = refusal();

    CHECK(!why);
    if (why)
        fprintf(stderr, "%s\n", why);
    check_words();
}

static void modern(void)
{
    first_cpu();
    takes();
    CHECK_EQ(vmx_caps.revision, 4);
    CHECK_EQ(vmx_caps.use[WORD_PIN], 0x16 | 0x29);
    CHECK_EQ(vmx_caps.use[WORD_PROC],
             0x04006172 | BIT(3) | BIT(7) | BIT(10) | BIT(11) | BIT(21) |
             BIT(25) | BIT(28) | BIT(29) | BIT(31));
    CHECK_EQ(vmx_caps.use[WORD_PROC2],
             BIT(1) | BIT(3) | BIT(5) | BIT(7) | BIT(12) | BIT(17) | BIT(20));
    CHECK_EQ(vmx_caps.use[WORD_EXIT], 
             0x36dfb | BIT(2) | BIT(9) | BIT(15) | 0xfull << 18);
    CHECK_EQ(vmx_caps.use[WORD_ENTRY], 0x11fb | BIT(2) | BIT(14) | BIT(15));
    CHECK_EQ(vmx_caps.ept, 0xf0106734141);
    CHECK_EQ(vmx_caps.misc, 0x7004c1e7);
    CHECK_EQ(vmx_caps.cr4_fixed1, 0x7727ff);
    /* The revision is 31 bits; the sizes beside it are none of it. */
    first_cpu();
    change(MSR_VMX_BASIC, 0, BIT(31));
    takes();
    CHECK_EQ(vmx_caps.revision, 4);
}

/* Capabilities that a CPU can be without. */
static void lesser(void)
{
    first_cpu();
    change(MSR_VMX_PROC2, (PROC2_RDTSCP | PROC2_INVPCID) << 32, 0);
    takes();
    CHECK_EQ(vmx_caps.use[WORD_PROC2],
             PROC2_EPT | PROC2_UNRESTRICTED | PROC2_VPID | PROC2_PML |
                 PROC2_XSAVES);
    first_cpu();
    change(MSR_VMX_PROC2, PROC2_VPID << 32, 0);
    takes();
    CHECK(!(vmx_caps.use[WORD_PROC2] & PROC2_VPID));
    /* VPIDs without INVVPID, or without its kind for all of them. */
    first_cpu();
    change(MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVVPID, 0);
    takes();
    CHECK(!(vmx_caps.use[WORD_PROC2] & PROC2_VPID));
    first_cpu();
    change(MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVVPID_ALL, 0);
    takes();
    CHECK(!(vmx_caps.use[WORD_PROC2] & PROC2_VPID));
    /* One kind of INVEPT will do. */
    first_cpu();
    change(MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT_SINGLE | EPT_CAP_1G, 0);
    takes();
    first_cpu();
    change(MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT_ALL, 0);
    takes();
    /* The preemption timer is for one emulator, which posts nothing. */
    first_cpu();
    change(MSR_VMX_BASIC, 0x1fffull << 32, 0x1000ull << 32);
    takes();
    CHECK(vmx_caps.use[WORD_PIN] & PIN_PREEMPTION_TIMER);
    first_cpu();
    change(MSR_VMX_BASIC, 0x1fffull << 32, 0x1000ull << 32);
    cpu_features.hypervisor[0] = 'K';
    takes();
    cpu_features.hypervisor[0] = 0;
    CHECK(!(vmx_caps.use[WORD_PIN] & PIN_PREEMPTION_TIMER));
    first_cpu();
    change(MSR_VMX_BASIC, 0x1fffull << 32, 0x1000ull << 32);
    change(MSR_VMX_TRUE_PIN, PIN_PREEMPTION_TIMER << 32, 0);
    takes();
    CHECK(!(vmx_caps.use[WORD_PIN] & PIN_PREEMPTION_TIMER));
    /* Without true controls, but with CR3 accesses that need not exit. */
    first_cpu();
    change(MSR_VMX_BASIC, BIT(55), 0);
    change(MSR_VMX_PROC, BIT(15) | BIT(16) | BIT(9), 0);
    takes();
    CHECK_EQ(vmx_caps.must[WORD_EXIT], 0x36dff);
}

/* --- Features with names: vmx=, the log, what guests lose. --- */

enum { VPID, DELIVERY, REGISTERS, POSTED, RDTSCP, INVPCID, XSAVES, SCALING,
       PML, NAMES };

static const struct {
    const char *name;
    uint64_t proc2, pin;
} named[NAMES] = {
    [VPID] = { "vpid", BIT(5), 0 },
    [DELIVERY] = { "intr-delivery", BIT(9) | BIT(4) | BIT(0), 0 },
    [REGISTERS] = { "apic-registers", BIT(8), 0 },
    [POSTED] = { "posted", 0, BIT(7) },
    [RDTSCP] = { "rdtscp", BIT(3), 0 },
    [INVPCID] = { "invpcid", BIT(12), 0 },
    [XSAVES] = { "xsaves", BIT(20), 0 },
    [SCALING] = { "tsc-scaling", BIT(25), 0 },
    [PML] = { "pml", BIT(17), 0 },
};

#define HAS(n) (1u << (n))
#define ALL (HAS(NAMES) - 1)
#define NO_APIC (ALL & ~(HAS(DELIVERY) | HAS(REGISTERS) | HAS(POSTED)))

/* A CPU with all of them. */
static void full_cpu(void)
{
    first_cpu();
    memset(fake_hidden, 0, sizeof(fake_hidden));
    change(MSR_VMX_TRUE_PIN, 0, BIT(7) << 32);
    change(MSR_VMX_PROC2, 0, (BIT(8) | BIT(9) | BIT(25)) << 32);
}

static void check_features(const char *option, unsigned int want)
{
    uint64_t proc2 = BIT(1) | BIT(7), pin = 0x16 | 0x29;
    unsigned int hidden = 0;
    char line[256] = "VT-x:";

    snprintf(opt_vmx, sizeof(opt_vmx), "%s", option);
    takes();
    for (unsigned int i = 0; i < NAMES; i++) {
        if (!(want & HAS(i)))
            continue;
        proc2 |= named[i].proc2;
        pin |= named[i].pin;
        strcat(strcat(line, " "), named[i].name);
    }
    CHECK_EQ(vmx_caps.use[WORD_PROC2], proc2);
    CHECK_EQ(vmx_caps.use[WORD_PIN], pin);
    CHECK(strstr(fake_log_last, line));
    CHECK_EQ(strcspn(strstr(fake_log_last, "VT-x:"), "\n"), strlen(line));
    CHECK_EQ(fake_hidden[XEN_X86_FEATURE_RDTSCP], !(want & HAS(RDTSCP)));
    CHECK_EQ(fake_hidden[XEN_X86_FEATURE_INVPCID], !(want & HAS(INVPCID)));
    CHECK_EQ(fake_hidden[XEN_X86_FEATURE_XSAVES], !(want & HAS(XSAVES)));
    for (unsigned int i = 0; i < ARRAY_SIZE(fake_hidden); i++)
        hidden += fake_hidden[i];
    CHECK_EQ(hidden, !(want & HAS(RDTSCP)) + !(want & HAS(INVPCID)) +
                     !(want & HAS(XSAVES)));
    opt_vmx[0] = 0;
}

static void switches(void)
{
    static const struct {
        const char *option;
        unsigned int want;
    } t[] = {
        { "", ALL },
        { "no-vpid", ALL & ~HAS(VPID) },
        { "no-rdtscp", ALL & ~HAS(RDTSCP) },
        { "no-invpcid", ALL & ~HAS(INVPCID) },
        { "no-xsaves", ALL & ~HAS(XSAVES) },
        { "no-tsc-scaling", ALL & ~HAS(SCALING) },
        { "no-posted", ALL & ~HAS(POSTED) },
        { "no-pml", ALL & ~HAS(PML) },
        { "no-apic-registers", ALL & ~HAS(REGISTERS) },
        { "no-intr-delivery", NO_APIC },
        { "no-vpid,no-posted", ALL & ~HAS(VPID) & ~HAS(POSTED) },
        { "no-posted,no-vpid,no-rdtscp,no-invpcid",
          HAS(DELIVERY) | HAS(REGISTERS) | HAS(XSAVES) | HAS(SCALING) |
              HAS(PML) },
        { "no-intr-delivery,no-posted", NO_APIC },
        { "no-vpid,", ALL & ~HAS(VPID) },
        { ",,no-vpid,,", ALL & ~HAS(VPID) },
        { "no-vpid,no-vpid", ALL & ~HAS(VPID) },
        /* Unknown ones are ignored, others beside them are not. */
        { "no-such,no-vpid,what", ALL & ~HAS(VPID) },
        /* Not these names, though they begin or end as they do. */
        { "no-vpi", ALL },
        { "no-vpids", ALL },
        { "no-vpid-", ALL },
        { "no-apic", ALL },
        { "no-posted-intr", ALL },
        { "no-delivery", ALL },
        { "xno-vpid", ALL },
        { "no-no-vpid", ALL },
        { "no-,vpid", ALL },
        { "vpid", ALL },
        { "posted,vpid", ALL },
        { "no_vpid", ALL },
        { "NO-VPID", ALL },
        { "no-vpid no-posted", ALL },
        { "n", ALL },
        { "no-", ALL },
        { ",", ALL },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        full_cpu();
        check_features(t[i].option, t[i].want);
    }
}

/* The same features, where the CPU is without them. */
static void without(void)
{
    static const struct {
        uint32_t msr;
        uint64_t clear;
        unsigned int want;
    } t[] = {
        { MSR_VMX_PROC2, BIT(5) << 32, ALL & ~HAS(VPID) },
        { MSR_VMX_PROC2, BIT(3) << 32, ALL & ~HAS(RDTSCP) },
        { MSR_VMX_PROC2, BIT(12) << 32, ALL & ~HAS(INVPCID) },
        { MSR_VMX_PROC2, BIT(20) << 32, ALL & ~HAS(XSAVES) },
        { MSR_VMX_PROC2, BIT(25) << 32, ALL & ~HAS(SCALING) },
        { MSR_VMX_PROC2, BIT(17) << 32, ALL & ~HAS(PML) },
        { MSR_VMX_EPT_VPID_CAP, EPT_CAP_AD, ALL & ~HAS(PML) },
        { MSR_VMX_PROC2, BIT(8) << 32, ALL & ~HAS(REGISTERS) },
        { MSR_VMX_TRUE_PIN, BIT(7) << 32, ALL & ~HAS(POSTED) },
        /* Delivery is of use only with both modes of the APIC. */
        { MSR_VMX_PROC2, BIT(9) << 32, NO_APIC },
        { MSR_VMX_PROC2, BIT(4) << 32, NO_APIC },
        { MSR_VMX_PROC2, BIT(0) << 32, NO_APIC },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        full_cpu();
        change(t[i].msr, t[i].clear, 0);
        check_features("", t[i].want);
    }
}

static const struct {
    uint32_t msr;
    uint64_t clear, set;
    const char *says;
} refused[] = {
    { MSR_VMX_PROC, 0, 0, NULL }, /* nothing is wrong */
    { MSR_VMX_BASIC, BIT(55), 0, "access of CR3" },
    { MSR_VMX_TRUE_PROC, 0, PROC_CR3_LOAD, "access of CR3" },
    { MSR_VMX_TRUE_PROC, 0, PROC_CR3_STORE, "access of CR3" },
    { MSR_VMX_TRUE_PROC, 0, PROC_INVLPG, "access of CR3" },
    { MSR_VMX_PROC2, PROC2_EPT << 32, 0, "extended page tables" },
    { MSR_VMX_TRUE_PROC, PROC_SECONDARY << 32, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_4_LEVELS, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_WB, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_UC, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_2M, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT, 0, "extended page tables" },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL, 0,
      "extended page tables" },
    { MSR_VMX_PROC2, PROC2_UNRESTRICTED << 32, 0, "unrestricted guests" },
    { MSR_VMX_TRUE_PIN, PIN_VIRTUAL_NMI << 32, 0, "pin-based controls 0x20" },
    { MSR_VMX_TRUE_PROC, PROC_TPR_SHADOW << 32, 0,
      "primary controls 0x200000" },
    { MSR_VMX_TRUE_PROC, PROC_MSR_BITMAPS << 32, 0,
      "primary controls 0x10000000" },
    { MSR_VMX_TRUE_EXIT, EXIT_SAVE_EFER << 32, 0, "exit controls 0x100000" },
    { MSR_VMX_TRUE_ENTRY, (ENTRY_LOAD_PAT | ENTRY_LOAD_EFER) << 32, 0,
      "entry controls 0xc000" },
};

static void refusals(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
        const char *why;

        first_cpu();
        change(refused[i].msr, refused[i].clear, refused[i].set);
        why = refusal();
        CHECK(refused[i].says ? why && strstr(why, refused[i].says) : !why);
        CHECK(!why || strstr(why, "CPU 0"));
        if (refused[i].says)
            CHECK_EQ(vmx_caps.revision, 0);
    }
}

/* What the second CPU has otherwise than the first. */
static const struct {
    uint32_t msr;
    uint64_t clear, set;
    bool matters;
} differences[] = {
    { MSR_VMX_BASIC, 0, 0, false },
    { MSR_VMX_BASIC, 4, 8, true },
    { MSR_VMX_PROC2, PROC2_INVPCID << 32, 0, true },
    { MSR_VMX_TRUE_PROC, 0, BIT(30), true },
    { MSR_VMX_TRUE_PROC, BIT(30) << 32, 0, false },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVVPID_ALL, 0, true },
    { MSR_VMX_EPT_VPID_CAP, BIT(0), 0, false },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT_SINGLE, 0, true },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_INVEPT_ALL, 0, true },
    { MSR_VMX_EPT_VPID_CAP, EPT_CAP_1G, 0, true },
    { MSR_VMX_CR0_FIXED0, 0, CR0_WP, true },
    { MSR_VMX_CR4_FIXED0, 0, CR4_PAE, true },
    { MSR_VMX_CR4_FIXED1, CR4_SMAP, 0, true },
};

static void second_cpu(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(differences); i++) {
        struct vmx_caps first;
        const char *why;

        first_cpu();
        takes();
        first = vmx_caps;
        fake_set_cpu(1);
        change(differences[i].msr, differences[i].clear, differences[i].set);
        why = refusal();
        CHECK(!why == !differences[i].matters);
        CHECK(!why || strstr(why, "CPU 1's VT-x differs"));
        CHECK(!memcmp(&first, &vmx_caps, sizeof(first)));
        fake_set_cpu(0);
    }
}

static uint32_t random_bits(unsigned int sets)
{
    uint32_t val = ~0u;

    while (sets--)
        val &= fake_random(~0u);
    return val;
}

/* Whatever the CPU: refused, or within what it allows. */
static void random_cpus(void)
{
    static const uint32_t words[] = {
        MSR_VMX_TRUE_PIN, MSR_VMX_TRUE_PROC, MSR_VMX_TRUE_EXIT,
        MSR_VMX_TRUE_ENTRY, MSR_VMX_PROC2
    };
    /* What a CPU never demands, as all of it came later. */
    const uint32_t free = (uint32_t)(BIT(0) | BIT(4) | BIT(5) | BIT(8) |
                                     BIT(9) | BIT(17));
    unsigned int taken = 0;

    for (unsigned int n = 0; n < 3000; n++) {
        full_cpu();
        for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
            uint32_t must = (uint32_t)rdmsr(words[i]);
            uint32_t may = (uint32_t)(rdmsr(words[i]) >> 32);

            may = (may & ~random_bits(5)) | must;
            must |= random_bits(5) & may &
                    ~(words[i] == MSR_VMX_PROC2 ? free : 0) &
                    ~(words[i] == MSR_VMX_TRUE_PIN ? (uint32_t)BIT(7) : 0);
            fake_msr_set(words[i], fake_word(must, may));
        }
        change(MSR_VMX_EPT_VPID_CAP, (uint64_t)random_bits(4) << 16, 0);
        if (refusal())
            continue;
        taken++;
        check_words();
        if (!(vmx_caps.use[WORD_PROC2] & BIT(9))) {
            CHECK(!(vmx_caps.use[WORD_PROC2] & BIT(8)));
            CHECK(!(vmx_caps.use[WORD_PIN] & BIT(7)));
        }
    }
    CHECK(taken > 30);
}

/* --- Which CPUs must not execute from large EPT leaves: Intel's list, what
 * the CPU says of itself, what ept= says. --- */

static const struct {
    struct cpu_features f;
    uint64_t arch_caps;
    bool bug;
} large_exec[] = {
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x1a }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x3a }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x3c }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55 }, 0x2b, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55 }, 0x6b, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x9e }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x37 }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x5f }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x85 }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x86 }, 0, false },
    /* Tremont of other kinds: believed when it says so itself. */
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x96 }, 0, true },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x9c }, 0x40, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x97 }, 0x40, false },
    { { .vendor = VENDOR_INTEL, .family = 6, .model = 0x55,
        .hypervisor = "KVMKVMKVM" }, 0, false },
    { { .vendor = VENDOR_INTEL, .family = 15, .model = 0x06 }, 0, false },
    { { .vendor = VENDOR_OTHER, .family = 6, .model = 0x0f }, 0, false },
    { { .vendor = VENDOR_AMD, .family = 0x17, .model = 0x31 }, 0, false },
};

static bool avoided(const char *option)
{
    strcpy(opt_ept, option);
    return vmx_avoid_large_exec();
}

static void large_leaves(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(large_exec); i++) {
        cpu_features = large_exec[i].f;
        fake_msr_clear();
        if (large_exec[i].arch_caps) /* else there is no such register */
            fake_msr_set(MSR_ARCH_CAPABILITIES, large_exec[i].arch_caps);
        CHECK_EQ(avoided(""), large_exec[i].bug);
        CHECK(!avoided("exec-sp"));
        CHECK(avoided("no-exec-sp"));
        CHECK_EQ(avoided("exec"), large_exec[i].bug);
    }
}

int main(void)
{
    modern();
    lesser();
    switches();
    without();
    refusals();
    second_cpu();
    random_cpus();
    large_leaves();
    return test_result();
}
