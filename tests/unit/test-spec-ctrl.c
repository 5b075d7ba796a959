/* sources: hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is decided about speculation on processors of the last fifteen years.
 * Their registers are those that InstLatx64's collection has for the CPUID
 * signature in front of each; "newer microcode" is the same with the bits that
 * the vendor's papers say were added.
 */
#include <string.h>

#include "hvm/policy/cpuid.h"
#include "hvm/policy/spec-ctrl.c"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/asm.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

struct cpu_features cpu_features;

#define INTEL VENDOR_INTEL, 6
#define AMD(family) VENDOR_AMD, family
/* Words by register. */
#define L7B [FEATURE_WORD_7_0_EBX]
#define L7D [FEATURE_WORD_7_0_EDX]
#define L72D [FEATURE_WORD_7_2_EDX]
#define L8B [FEATURE_WORD_80000008_EBX]
#define L21A [FEATURE_WORD_80000021_EAX]
#define CAPS [FEATURE_WORD_10A_LOW]
#define M(name) (1u << SPEC_##name)

static const struct machine {
    const char *name;
    enum cpu_vendor vendor;
    unsigned int family;
    uint32_t w[FEATURE_WORDS];
    uint32_t on, missing;
    uint32_t host, guest; /* SPEC_CTRL */
    bool rewrite, auto_ibrs;
} machines[] = {
    { "000106A5 Nehalem as it came", INTEL, { 0 },
      M(RSB), M(IBRS) | M(IBPB) | M(L1D) | M(VERW), 0, 0, false, false },
    { "000506E3 Skylake",
      INTEL, { L7B = 0x029c6fbf, L7D = 0x9c002400 },
      M(IBRS) | M(IBPB) | M(RSB) | M(L1D), 0, 1, 0, true, false },
    { "00050657 Cascade Lake: TSX, and buffers by it",
      INTEL, { L7B = 0xd39ffffb, L7D = 0xbc000400, CAPS = 0x2b },
      M(IBRS) | M(IBPB) | M(RSB) | M(BHB) | M(VERW), 0, 1, 1, false, false },
    { "000606A6 Ice Lake",
      INTEL, { L7B = 0xf3bfbfff, L7D = 0xbc040412, CAPS = 0x1eb },
      M(IBRS) | M(IBPB) | M(RSB) | M(BHB), 0, 1, 1, false, false },
    { "000606A6 Ice Lake, newer microcode: FB_CLEAR",
      INTEL, { L7B = 0xf3bfbfff, L7D = 0xbc040412, CAPS = 0x201eb },
      M(IBRS) | M(IBPB) | M(RSB) | M(BHB) | M(VERW), 0, 1, 1, false, false },
    { "000806F8 Sapphire Rapids",
      INTEL, { L7B = 0xf3bfbffb, L7D = 0xffdd4430, L72D = 0x17,
        CAPS = 0xa8fdeb },
      M(IBRS) | M(IBPB) | M(BHI_DIS_S) | M(RSB), 0, 0x401, 0x401, false,
      false },
    { "000C06F2 Emerald Rapids, newer microcode",
      INTEL, { L7B = 0xf3bfbfff, L7D = 0xffdd4432, L72D = 0x1f,
        CAPS = 0x6c28fdeb },
      M(IBRS) | M(IBPB) | M(BHI_DIS_S) | M(RSB), 0, 0x401, 0x401, false,
      false },
    { "000906A4 Alder Lake, newer microcode: PBRSB_NO, RFDS_CLEAR",
      INTEL, { L7B = 0x239c27eb, L7D = 0xfc18c410, L72D = 0x17,
        CAPS = 0x1188fd6b },
      M(IBRS) | M(IBPB) | M(BHI_DIS_S) | M(VERW), 0, 0x401, 0x401, false,
      false },
    { "00800F12 Zen 1", AMD(0x17), { L7B = 0x209c01a9, L8B = 0x7 },
      M(RSB), M(IBRS) | M(IBPB) | M(IBPB_ENTRY), 0, 0, false, false },
    { "00800F12 Zen 1, newer microcode",
      AMD(0x17), { L7B = 0x209c01a9, L8B = 0x1007 },
      M(IBPB) | M(IBPB_ENTRY) | M(RSB), M(IBRS), 0, 0, false, false },
    { "00830F10 Zen 2", AMD(0x17), { L7B = 0x219c91a9, L8B = 0x18ef757 },
      M(IBRS) | M(STIBP) | M(IBPB) | M(IBPB_ENTRY) | M(RSB), 0, 3, 2, true,
      false },
    { "00A00F11 Zen 3",
      AMD(0x19), { L7B = 0x219c97a9, L8B = 0x91bef75f, L21A = 0x204d },
      M(IBRS) | M(STIBP) | M(IBPB) | M(RSB), M(IBPB_ENTRY) | M(VERW), 3, 2,
      true, false },
    { "00A00F11 Zen 3, newer microcode",
      AMD(0x19), { L7B = 0x219c97a9, L8B = 0x91bef75f, L21A = 0x1800206d },
      M(IBRS) | M(STIBP) | M(IBPB) | M(IBPB_ENTRY) | M(RSB) | M(VERW), 0, 3,
      2, true, false },
    { "00A10F11 Zen 4",
      AMD(0x19), { L7B = 0xf1bf97a9, L7D = 0x10000010, L8B = 0x79bef25f,
        L21A = 0x62fcf },
      M(IBRS) | M(STIBP) | M(IBPB), M(IBPB_ENTRY) | M(VERW), 2, 2, false,
      true },
    { "00A10F11 Zen 4, newer microcode",
      AMD(0x19), { L7B = 0xf1bf97a9, L7D = 0x10000010, L8B = 0x79bef25f,
        L21A = 0x18062fef },
      M(IBRS) | M(STIBP) | M(IBPB) | M(IBPB_ENTRY) | M(VERW), 0, 2, 2, false,
      true },
    { "00B00F21 Zen 5",
      AMD(0x1a), { L7B = 0xf1bf97ab, L7D = 0x10000110, L8B = 0x79bef25f,
        L21A = 0xd93fffcf },
      M(IBRS) | M(STIBP) | M(IBPB) | M(BP_REDUCE), 0, 2, 2, false, true },
    { "another vendor's", VENDOR_OTHER, 7, { L7D = 1u << 26 },
      M(IBRS) | M(IBPB) | M(RSB), 0, 1, 0, true, false },
};

static uint32_t in_state(const struct spec *s, enum spec_state state)
{
    uint32_t set = 0;

    for (unsigned int m = 0; m < NR_SPEC; m++)
        if (s->state[m] == state)
            set |= 1u << m;
    return set;
}

static const struct machine *current_machine;

static struct spec decide(const char *list)
{
    int8_t option[NR_SPEC];
    struct spec s;

    memset(option, -1, sizeof(option));
    CHECK(spec_parse(list, option));
    cpu_features.vendor = current_machine->vendor;
    cpu_features.family = current_machine->family;
    spec_decide(&cpu_features, current_machine->w, option, &s);
    return s;
}

static void test_machine(const struct machine *m)
{
    unsigned int before = test_failures;
    uint32_t flags = 0, on, off;
    struct spec s;

    current_machine = m;
    s = decide("");
    CHECK_EQ(in_state(&s, SPEC_ON), m->on);
    CHECK_EQ(in_state(&s, SPEC_MISSING), m->missing);
    CHECK_EQ(in_state(&s, SPEC_OFF), 0);
    CHECK_EQ(s.host_ctrl, m->host);
    CHECK_EQ(s.guest_ctrl, m->guest);
    CHECK_EQ(s.rewrite, m->rewrite);
    CHECK_EQ(s.auto_ibrs, m->auto_ibrs);
    flags |= m->on & M(IBPB_ENTRY) ? SPEC_AT_IBPB : 0;
    flags |= m->on & M(RSB) ? SPEC_AT_RSB : 0;
    flags |= m->on & M(BHB) ? SPEC_AT_BHB : 0;
    flags |= m->on & M(L1D) ? SPEC_AT_L1D : 0;
    flags |= m->on & M(VERW) ? SPEC_AT_VERW : 0;
    CHECK_EQ(s.flags, flags);
    /* A bit of SPEC_CTRL is set only where the register is. */
    CHECK(s.has_ctrl || !s.host_ctrl);

    /* All off: no more is off than was needed, nothing is written. Without
     * the better measure the other one is needed too. */
    on = in_state(&s, SPEC_ON) | in_state(&s, SPEC_MISSING);
    s = decide("no");
    off = in_state(&s, SPEC_OFF);
    CHECK_EQ(off & on, on);
    CHECK(!(off & ~(on | M(RSB) | M(BHB) | M(VERW))));
    CHECK_EQ(in_state(&s, SPEC_ON) | in_state(&s, SPEC_MISSING), 0);
    CHECK_EQ(s.flags | s.host_ctrl | s.guest_ctrl, 0);
    CHECK(!s.rewrite && !s.auto_ibrs);

    /* Everything that it can. */
    s = decide("ibrs,stibp,ssbd,bhi-dis-s,bp-spec-reduce,ibpb,ibpb-entry,"
               "rsb,bhb-entry,l1d-flush,md-clear");
    CHECK_EQ(in_state(&s, SPEC_ON) | in_state(&s, SPEC_MISSING),
             (1u << NR_SPEC) - 1);
    CHECK(s.flags & SPEC_AT_RSB && s.flags & SPEC_AT_BHB);

    /* Each alone off, each alone on. */
    for (unsigned int i = 0; i < NR_SPEC; i++) {
        char list[40];

        sprintf(list, "%s=no", spec_info[i].option);
        s = decide(list);
        CHECK(s.state[i] == SPEC_OFF || s.state[i] == SPEC_UNNEEDED);
        CHECK(!(s.host_ctrl & spec_info[i].ctrl));
        CHECK(!(s.flags & spec_info[i].flag));
        sprintf(list, "no,%s", spec_info[i].option);
        s = decide(list);
        CHECK(s.state[i] == SPEC_ON || s.state[i] == SPEC_MISSING);
        CHECK_EQ(in_state(&s, SPEC_ON) & ~(1u << i), 0);
        CHECK_EQ(s.flags & ~spec_info[i].flag, 0);
    }
    if (test_failures != before)
        fprintf(stderr, "... on %s\n", m->name);
}

/* What one measure means for another. */
static void test_together(void)
{
    struct spec s;

    current_machine = &machines[1]; /* Skylake */
    s = decide("no-l1d-flush");
    CHECK_EQ(s.state[SPEC_L1D], SPEC_OFF);
    CHECK_EQ(s.state[SPEC_VERW], SPEC_ON);
    s = decide("ssbd=on");
    CHECK_EQ(s.host_ctrl, SPEC_CTRL_IBRS | SPEC_CTRL_SSBD);
    CHECK_EQ(s.guest_ctrl, SPEC_CTRL_SSBD);
    current_machine = &machines[5]; /* Sapphire Rapids */
    s = decide("bhi-dis-s=no");
    CHECK_EQ(s.state[SPEC_BHB], SPEC_ON);
    current_machine = &machines[13]; /* Zen 4 */
    s = decide("ibrs=no");
    CHECK_EQ(s.state[SPEC_RSB], SPEC_ON);
    CHECK_EQ(s.host_ctrl, SPEC_CTRL_STIBP);
}

static void test_parse(void)
{
    static const struct {
        const char *list;
        bool good;
        uint32_t on, off;
    } cases[] = {
        { "", true, 0, 0 },
        { "no", true, 0, (1u << NR_SPEC) - 1 },
        { "yes", true, 0, 0 },
        { "off,ibrs", true, M(IBRS), ((1u << NR_SPEC) - 1) & ~M(IBRS) },
        { "no,yes", true, 0, 0 },
        { "ibpb=no,ssbd=yes,no-stibp", true, M(SSBD), M(IBPB) | M(STIBP) },
        { "ssbd,ssbd=0", true, 0, M(SSBD) },
        { "md-clear=false,l1d-flush=true,rsb=1", true, M(L1D) | M(RSB),
          M(VERW) },
        { "ibrs=maybe", false, 0, 0 },
        { "no-ibrs=no", false, 0, 0 },
        { "thunk=retpoline,ibpb=off", false, 0, M(IBPB) },
        { ",", false, 0, 0 },
        { "ibrs,,rsb=0", false, M(IBRS), M(RSB) },
        { "ibrsibrsibrsibrsibrsibrsibrsibrsibrsibrsibrs,rsb=0", false, 0,
          M(RSB) },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        int8_t option[NR_SPEC];
        uint32_t on = 0, off = 0;

        memset(option, -1, sizeof(option));
        CHECK_EQ(spec_parse(cases[i].list, option), cases[i].good);
        for (unsigned int m = 0; m < NR_SPEC; m++) {
            on |= (option[m] == 1) << m;
            off |= (option[m] == 0) << m;
        }
        CHECK_EQ(on, cases[i].on);
        CHECK_EQ(off, cases[i].off);
    }
}

static void test_text(void)
{
    char text[400], small[20];
    struct spec s;

    for (unsigned int i = 0; i < ARRAY_SIZE(machines); i++) {
        current_machine = &machines[i];
        s = decide("");
        spec_describe(&s, text, sizeof(text));
        CHECK(strlen(text) < 300);
        s = decide("no");
        spec_describe(&s, text, sizeof(text));
        CHECK(strlen(text) < 300);
    }
    current_machine = &machines[4];
    s = decide("no-bhb-entry");
    spec_describe(&s, text, sizeof(text));
    CHECK(!strcmp(text, "IBRS (enhanced), IBPB between domains, RSB stuffing "
                  "on exit, VERW on entry; off by option: BHB clearing on "
                  "exit; not needed: STIBP, SSBD, BHI_DIS_S, BP_SPEC_REDUCE, "
                  "IBPB on exit, L1D flush on entry"));
    spec_describe(&s, small, sizeof(small));
    CHECK_EQ(strlen(small), sizeof(small) - 1);
    current_machine = &machines[0];
    s = decide("");
    spec_describe(&s, text, sizeof(text));
    CHECK(!strncmp(text, "RSB stuffing on exit; this CPU lacks: IBRS, IBPB "
                   "between domains, L1D flush on entry, VERW on entry; not",
                   97));
}

/* An interpreter of any of them needs nothing. */
static void test_emulated(void)
{
    cpu_features.emulator_tcg = true;
    for (unsigned int i = 0; i < ARRAY_SIZE(machines); i++) {
        struct spec s;

        current_machine = &machines[i];
        s = decide("");
        CHECK_EQ(in_state(&s, SPEC_UNNEEDED) &
                     ~(uint32_t)(M(STIBP) | M(BHI_DIS_S)),
                 ((1u << NR_SPEC) - 1) & ~(M(STIBP) | M(BHI_DIS_S)));
        CHECK_EQ(s.flags | s.host_ctrl, 0);
        s = decide("rsb");
        CHECK_EQ(s.flags, SPEC_AT_RSB);
    }
    cpu_features.emulator_tcg = false;
}

/* From features to registers. */
int cpuid_featureset(unsigned int index, uint32_t *words)
{
    CHECK_EQ(index, XEN_SYSCTL_cpu_featureset_host);
    memcpy(words, current_machine->w, sizeof(current_machine->w));
    return 0;
}

static void boot(unsigned int machine, const char *option)
{
    current_machine = &machines[machine];
    cpu_features.vendor = current_machine->vendor;
    cpu_features.family = current_machine->family;
    strcpy(opt_spec_ctrl, option);
    fake_msr_clear();
    fake_msr_set(MSR_EFER, EFER_LME);
    fake_msr_set(MSR_BP_CFG, BIT(60));
    spec_init();
    spec_setup_cpu();
}

static uint64_t msr(uint32_t index)
{
    uint64_t v = ~0ull;

    (void)fake_msr_get(index, &v);
    return v;
}

static void test_boot(void)
{
    boot(15, ""); /* Zen 5 */
    CHECK_EQ(msr(MSR_EFER), EFER_LME | EFER_AIBRSE);
    CHECK_EQ(msr(MSR_BP_CFG), BIT(60) | BIT(4));
    CHECK_EQ(msr(MSR_SPEC_CTRL), SPEC_CTRL_STIBP);
    CHECK_EQ(msr(MSR_PRED_CMD), ~0ull);
    boot(10, ""); /* Zen 2: LFENCE is not by nature what it should be */
    CHECK_EQ(msr(MSR_DE_CFG), ~0ull);
    fake_msr_set(MSR_DE_CFG, 1);
    spec_setup_cpu();
    CHECK_EQ(msr(MSR_DE_CFG), 3);
    boot(2, "ssbd"); /* Cascade Lake */
    CHECK_EQ(msr(MSR_EFER), EFER_LME);
    CHECK_EQ(msr(MSR_BP_CFG), BIT(60));
    CHECK_EQ(msr(MSR_SPEC_CTRL), SPEC_CTRL_IBRS | SPEC_CTRL_SSBD);
    boot(2, "no"); /* what the firmware left is not trusted */
    CHECK_EQ(msr(MSR_SPEC_CTRL), 0);
    boot(0, "none of this"); /* Nehalem */
    CHECK_EQ(msr(MSR_SPEC_CTRL), ~0ull);
}

int main(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(machines); i++)
        test_machine(&machines[i]);
    test_together();
    test_parse();
    test_text();
    test_emulated();
    test_boot();
    return test_result();
}
