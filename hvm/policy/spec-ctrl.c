/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decision. Which bit says what: SDM vol. 2A CPUID and vol. 4
 * IA32_ARCH_CAPABILITIES; APM vol. 3 appendix E. Which CPU needs what: Intel's
 * papers on affected processors, on retpolines, BHI, L1TF, MDS, TAA, MMIO
 * stale data and RFDS; AMD's "Software techniques for managing speculation",
 * "Technical guidance for mitigating branch type confusion", "... speculative
 * return stack overflow" and "... transient scheduler attacks".
 *
 * Root mode is compiled without retpolines: its indirect branches are kept
 * from guests by IBRS, or by IBPB at each exit.
 */
#include "hvm/policy/spec-ctrl.h"

#include "hvm/policy/cpuid.h"
#include "hypervisor/abi/sysctl.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/asm.h"

struct spec spec;
char opt_spec_ctrl[128];

static const struct {
    const char *option; /* in the list of spec-ctrl= */
    const char *text;   /* in the log */
    uint32_t ctrl;      /* its bit in SPEC_CTRL */
    uint32_t flag;      /* SPEC_AT_* */
} spec_info[NR_SPEC] = {
    [SPEC_IBRS] = { "ibrs", "IBRS", SPEC_CTRL_IBRS, 0 },
    [SPEC_STIBP] = { "stibp", "STIBP", SPEC_CTRL_STIBP, 0 },
    [SPEC_SSBD] = { "ssbd", "SSBD", SPEC_CTRL_SSBD, 0 },
    [SPEC_BHI_DIS_S] = { "bhi-dis-s", "BHI_DIS_S", SPEC_CTRL_BHI_DIS_S, 0 },
    [SPEC_BP_REDUCE] = { "bp-spec-reduce", "BP_SPEC_REDUCE", 0, 0 },
    [SPEC_IBPB] = { "ibpb", "IBPB between domains", 0, 0 },
    [SPEC_IBPB_ENTRY] = { "ibpb-entry", "IBPB on exit", 0, SPEC_AT_IBPB },
    [SPEC_RSB] = { "rsb", "RSB stuffing on exit", 0, SPEC_AT_RSB },
    [SPEC_BHB] = { "bhb-entry", "BHB clearing on exit", 0, SPEC_AT_BHB },
    [SPEC_L1D] = { "l1d-flush", "L1D flush on entry", 0, SPEC_AT_L1D },
    [SPEC_VERW] = { "md-clear", "VERW on entry", 0, SPEC_AT_VERW },
};

#define BP_CFG_SPEC_REDUCE BIT(4)
#define DE_CFG_LFENCE_WAITS BIT(1)

/* The machine has the feature. */
#define HAS(name) (w[XEN_X86_FEATURE_##name / 32] >>                        \
                   XEN_X86_FEATURE_##name % 32 & 1)

static void what_cpu_can(const struct cpu_features *f, const uint32_t *w,
                         bool can[NR_SPEC])
{
    can[SPEC_IBRS] = HAS(IBRSB) || HAS(IBRS) || HAS(AUTO_IBRS);
    can[SPEC_STIBP] = HAS(STIBP) || HAS(AMD_STIBP);
    can[SPEC_SSBD] = HAS(SSBD) || HAS(AMD_SSBD);
    can[SPEC_BHI_DIS_S] = HAS(BHI_CTRL);
    can[SPEC_BP_REDUCE] = HAS(SRSO_MSR_FIX);
    can[SPEC_IBPB] = HAS(IBRSB) || HAS(IBPB);
    /* Zen 3 and 4 forget types of branches only with newer microcode. */
    can[SPEC_IBPB_ENTRY] = can[SPEC_IBPB] &&
                           (f->vendor != VENDOR_AMD || f->family != 0x19 ||
                            HAS(IBPB_BRTYPE));
    can[SPEC_RSB] = can[SPEC_BHB] = true;
    can[SPEC_L1D] = HAS(L1D_FLUSH);
    can[SPEC_VERW] = HAS(MD_CLEAR) || HAS(VERW_CLEAR) || HAS(FB_CLEAR) ||
                     HAS(RFDS_CLEAR);
}

static void intel_needs(const uint32_t *w, bool *need)
{
    need[SPEC_BHI_DIS_S] = HAS(EIBRS) && HAS(BHI_CTRL) && !HAS(BHI_NO);
    need[SPEC_L1D] = !HAS(RDCL_NO) && !HAS(SKIP_L1DFL);
    need[SPEC_VERW] = !HAS(MDS_NO) || (HAS(RTM) && !HAS(TAA_NO)) ||
                      (HAS(FB_CLEAR) &&
                       !(HAS(SBDR_SSDP_NO) && HAS(FBSDP_NO) && HAS(PSDP_NO))) ||
                      (HAS(RFDS_CLEAR) && !HAS(RFDS_NO));
}

static void amd_needs(unsigned int family, const uint32_t *w, bool *need)
{
    need[SPEC_STIBP] = HAS(STIBP_ALWAYS);
    /* Branch type confusion: up to Zen 2; return stack: Zen 3 and 4. */
    need[SPEC_IBPB_ENTRY] =
        (family >= 0x15 && family <= 0x18 && !HAS(BTC_NO)) ||
        (family == 0x19 && !HAS(SRSO_NO));
    need[SPEC_BP_REDUCE] = !HAS(SRSO_NO) && HAS(SRSO_US_NO);
    need[SPEC_VERW] = family == 0x19 && !(HAS(TSA_SQ_NO) && HAS(TSA_L1_NO));
}

static bool is_on(const struct spec *s, enum spec_measure m)
{
    return s->state[m] == SPEC_ON;
}

/* option: -1 as is best, 0, 1; w: the machine's feature words. */
static void spec_decide(const struct cpu_features *f,
                        const uint32_t w[FEATURE_WORDS],
                        const int8_t option[NR_SPEC], struct spec *s)
{
    bool need[NR_SPEC] = { false }, can[NR_SPEC];
    bool ahead = !f->emulator_tcg; /* an interpreter runs nothing ahead */
    bool eibrs = f->vendor == VENDOR_INTEL && HAS(EIBRS);

    memset(s, 0, sizeof(*s));
    what_cpu_can(f, w, can);
    need[SPEC_IBRS] = need[SPEC_IBPB] = ahead;
    if (ahead && f->vendor == VENDOR_INTEL)
        intel_needs(w, need);
    else if (ahead && f->vendor == VENDOR_AMD)
        amd_needs(f->family, w, need);
    for (unsigned int m = 0; m < NR_SPEC; m++) {
        bool want;

        /* What is needed for want of one that was decided before. */
        if (m == SPEC_RSB)
            need[m] = ahead && !(is_on(s, SPEC_IBRS) &&
                                 (HAS(AUTO_IBRS) || (eibrs && HAS(PBRSB_NO))));
        else if (m == SPEC_BHB)
            need[m] = ahead && eibrs && !is_on(s, SPEC_BHI_DIS_S) &&
                      !HAS(BHI_NO);
        else if (m == SPEC_VERW && is_on(s, SPEC_L1D))
            need[m] = false; /* the flush does the same */
        want = option[m] < 0 ? need[m] : option[m];
        s->state[m] = want ? (can[m] ? SPEC_ON : SPEC_MISSING)
                           : (need[m] ? SPEC_OFF : SPEC_UNNEEDED);
        if (s->state[m] != SPEC_ON)
            continue;
        s->host_ctrl |= spec_info[m].ctrl;
        s->flags |= spec_info[m].flag;
    }
    s->has_ctrl = can[SPEC_STIBP] || can[SPEC_SSBD] || HAS(IBRSB) || HAS(IBRS);
    s->fence = ahead && f->vendor == VENDOR_AMD && !HAS(LFENCE_DISPATCH);
    s->auto_ibrs = is_on(s, SPEC_IBRS) && HAS(AUTO_IBRS);
    if (s->auto_ibrs)
        s->host_ctrl &= ~SPEC_CTRL_IBRS;
    /* IBRS that is not of the enhanced kind holds for what comes after the
     * write alone, and slows down guests that did not ask for it. */
    s->rewrite = is_on(s, SPEC_IBRS) && !eibrs && !s->auto_ibrs &&
                 !HAS(IBRS_ALWAYS);
    s->guest_ctrl = s->host_ctrl & ~(s->rewrite ? SPEC_CTRL_IBRS : 0);
}

/* False: a part of the list is not understood, and has no effect. */
static bool spec_parse(const char *list, int8_t option[NR_SPEC])
{
    char copy[sizeof(opt_spec_ctrl)], *next, *value;
    bool good = true;

    format(copy, sizeof(copy), "%s", list);
    for (char *name = copy; name && *name; name = next) {
        unsigned int m;
        int v;

        next = strchr(name, ',');
        if (next)
            *next++ = '\0';
        v = parse_bool(name);
        if (*name && v >= 0) {
            memset(option, v ? -1 : 0, NR_SPEC);
            continue;
        }
        value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        v = value ? parse_bool(value) : 1;
        if (!strncmp(name, "no-", 3)) {
            name += 3;
            v = v == 1 && !value ? 0 : -1;
        }
        for (m = 0; m < NR_SPEC; m++)
            if (!strcmp(name, spec_info[m].option))
                break;
        if (m < NR_SPEC && v >= 0)
            option[m] = (int8_t)v;
        else
            good = false;
    }
    return good;
}

static void spec_describe(const struct spec *s, char *buf, size_t size)
{
    static const char *const heads[] = {
        [SPEC_ON] = "", [SPEC_OFF] = "off by option: ",
        [SPEC_MISSING] = "this CPU lacks: ", [SPEC_UNNEEDED] = "not needed: ",
    };
    size_t n = 0;

    buf[0] = '\0';
    for (unsigned int state = SPEC_ON; state <= SPEC_UNNEEDED; state++) {
        bool first = true;

        for (unsigned int m = 0; m < NR_SPEC && n < size; m++) {
            if (s->state[m] != state)
                continue;
            n += format(buf + n, size - n, "%s%s%s%s",
                        !first ? ", " : n ? "; " : "",
                        first ? heads[state] : "", spec_info[m].text,
                        m || !is_on(s, SPEC_IBRS) ? "" :
                        s->auto_ibrs ? " (automatic)" :
                        s->rewrite ? " on exit" : " (enhanced)");
            first = false;
        }
    }
}

void spec_setup_cpu(void)
{
    uint64_t cfg;

    if (spec.auto_ibrs)
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AIBRSE);
    if (spec.has_ctrl)
        wrmsr(MSR_SPEC_CTRL, spec.host_ctrl);
    if (spec.fence && !rdmsr_safe(MSR_DE_CFG, &cfg) &&
        !(cfg & DE_CFG_LFENCE_WAITS))
        wrmsr(MSR_DE_CFG, cfg | DE_CFG_LFENCE_WAITS);
    if (is_on(&spec, SPEC_BP_REDUCE))
        wrmsr(MSR_BP_CFG, rdmsr(MSR_BP_CFG) | BP_CFG_SPEC_REDUCE);
}

void spec_init(void)
{
    uint32_t w[FEATURE_WORDS] = { 0 };
    int8_t option[NR_SPEC];
    char text[400];

    memset(option, -1, sizeof(option));
    if (!spec_parse(opt_spec_ctrl, option))
        log_warn("spec-ctrl=%s is not understood in all its parts\n",
                 opt_spec_ctrl);
    (void)cpuid_featureset(XEN_SYSCTL_cpu_featureset_host, w);
    spec_decide(&cpu_features, w, option, &spec);
    spec_describe(&spec, text, sizeof(text));
    log_info("Speculation: %s\n", text);
}
