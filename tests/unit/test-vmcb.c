/* sources: hvm/svm/svm.c hvm/svm/regs.c hvm/svm/exit.c hvm/svm/inject.c hvm/base/tlb-tag.c hvm/policy/msr-table.c hvm/msr.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control block: where fields are and which clean bit goes with each,
 * by a second table from the manual (APM vol. 2 appendix B, 15.15.3);
 * registers in and out; exits decoded; ASIDs; and the MSR rules: sorted,
 * disjoint, inside the state they name, open in the bitmap when they pass; a
 * guest's speculation controls.
 */
#include "hvm/svm/svm.h"

#include "hvm/irq/vlapic.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/msr-table.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/vcpu.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/x86/asm.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

static struct vcpu *v;

/* --- What these files call. --- */

/* The block at the last entry; the guest changes its registers a bit. */
static struct {
    uint32_t asid, clean;
    uint8_t tlb_control;
    uint64_t rax, rsp, rip, rflags;
} entered;

void svm_run(struct regs *r, uint64_t vmcb_pa, uint64_t host_pa)
{
    struct vmcb *b = vmcb_of(v);

    CHECK_EQ(vmcb_pa, va_to_maddr(b));
    entered.asid = b->asid_;
    entered.clean = b->clean;
    entered.tlb_control = (uint8_t)b->tlb_control;
    entered.rax = b->rax++;
    entered.rsp = b->rsp;
    entered.rip = b->rip;
    entered.rflags = b->rflags;
    b->rsp += 2;
    b->rip += 3;
    b->rflags |= RFLAGS_DF;
}

int vlapic_base_write(struct vlapic *a, uint64_t val) { return -EINVAL; }
int vlapic_msr_read(struct vlapic *a, uint32_t i, uint64_t *val)
{
    return -EINVAL;
}
int vlapic_msr_write(struct vlapic *a, uint32_t i, uint64_t val)
{
    return -EINVAL;
}
void vlapic_deadline_write(struct vlapic *a, uint64_t val) {}
int guest_write_phys(struct domain *d, gpa_t a, const void *s, size_t n)
{
    return -EFAULT;
}
void hvm_latch_layout(struct domain *d) {}

struct spec spec;
struct tsc_scaling tsc_scaling;
static unsigned int hidden; /* feature, 0: none */

void cpuid_hide(unsigned int feature)
{
    hidden = feature;
}

static uint64_t guest_bits[2]; /* SPEC_CTRL, PRED_CMD */

uint64_t cpuid_guest_msr_bits(const struct vcpu *v, uint32_t index)
{
    return index - MSR_SPEC_CTRL < 2 ? guest_bits[index - MSR_SPEC_CTRL] : 0;
}

static bool has_xsaves;
bool cpuid_guest_has(const struct vcpu *w, unsigned int feature)
{
    return feature == XEN_X86_FEATURE_XSAVES && has_xsaves;
}

unsigned int cpuid_guest_phys_bits(const struct vcpu *w) { return 40; }
uint64_t cpuid_guest_efer(const struct vcpu *w)
{
    return EFER_SCE | EFER_LME | EFER_NXE;
}

/* --- Fields. --- */

#define AT(f) offsetof(struct vmcb, f##_)

static const struct {
    size_t got, want;
} places[] = {
    { AT(intercept), 0x00 }, { AT(pause_count), 0x3e },
    { AT(iopm), 0x40 }, { AT(msrpm), 0x48 }, { AT(tsc_offset), 0x50 },
    { AT(asid), 0x58 }, { offsetof(struct vmcb, tlb_control), 0x5c }, { AT(vintr), 0x60 },
    { offsetof(struct vmcb, shadow), 0x68 }, { offsetof(struct vmcb, exitcode), 0x70 },
    { offsetof(struct vmcb, exitinfo1), 0x78 },
    { offsetof(struct vmcb, exitinfo2), 0x80 },
    { offsetof(struct vmcb, exitintinfo), 0x88 }, { AT(np_enable), 0x90 },
    { offsetof(struct vmcb, eventinj), 0xa8 }, { AT(ncr3), 0xb0 }, { AT(lbr_enable), 0xb8 },
    { offsetof(struct vmcb, clean), 0xc0 },
    { offsetof(struct vmcb, nrip), 0xc8 },
    { offsetof(struct vmcb, nbytes), 0xd0 },
    { offsetof(struct vmcb, bytes), 0xd1 },
    { offsetof(struct vmcb, nmi_masked), 0x3e8 },
    { offsetof(struct vmcb, pa), 0x3f8 },
    { AT(seg), 0x400 }, { AT(gdtr), 0x460 }, { AT(ldtr), 0x470 },
    { AT(idtr), 0x480 }, { AT(tr), 0x490 }, { AT(cpl), 0x4cb },
    { AT(efer), 0x4d0 }, { AT(cr4), 0x548 }, { AT(cr3), 0x550 },
    { AT(cr0), 0x558 }, { AT(dr7), 0x560 }, { AT(dr6), 0x568 },
    { offsetof(struct vmcb, rflags), 0x570 }, { offsetof(struct vmcb, rip), 0x578 }, { offsetof(struct vmcb, rsp), 0x5d8 },
    { offsetof(struct vmcb, rax), 0x5f8 }, { AT(star), 0x600 }, { AT(lstar), 0x608 },
    { AT(cstar), 0x610 }, { AT(sfmask), 0x618 },
    { AT(kernel_gs_base), 0x620 }, { AT(sysenter_cs), 0x628 },
    { AT(sysenter_esp), 0x630 }, { AT(sysenter_eip), 0x638 },
    { AT(cr2), 0x640 }, { AT(pat), 0x668 }, { AT(debugctl), 0x670 },
    { AT(br_from), 0x678 }, { AT(br_to), 0x680 },
    { AT(lastexcpfrom), 0x688 }, { AT(lastexcpto), 0x690 },
};

/* Registers by number: what setting one makes unclean, 31: nothing. */
static const struct {
    uint8_t reg;
    uint8_t group;
} reg_groups[] = {
    { REG_CR0, 5 }, { REG_CR3, 5 }, { REG_CR4, 5 }, { REG_EFER, 5 },
    { REG_DR6, 6 }, { REG_DR7, 6 }, { REG_CR2, 9 }, { REG_PAT, 4 },
    { REG_GDTR_BASE, 7 }, { REG_GDTR_LIMIT, 7 }, { REG_IDTR_BASE, 7 },
    { REG_IDTR_LIMIT, 7 }, { REG_DEBUGCTL, 10 }, { REG_LASTBRANCHFROM, 10 },
    { REG_LASTBRANCHTO, 10 }, { REG_LASTINTFROM, 10 },
    { REG_LASTINTTO, 10 }, { REG_FS_BASE, 31 }, { REG_GS_BASE, 31 },
    { REG_STAR, 31 }, { REG_LSTAR, 31 }, { REG_CSTAR, 31 },
    { REG_SFMASK, 31 }, { REG_KERNEL_GS_BASE, 31 },
    { REG_SYSENTER_CS, 31 }, { REG_SYSENTER_ESP, 31 },
    { REG_SYSENTER_EIP, 31 },
};

static void reg_clean_bits(void)
{
    struct vmcb *b = vmcb_of(v);

    CHECK_EQ(ARRAY_SIZE(reg_groups), NR_HVM_REGS);
    for (unsigned int i = 0; i < ARRAY_SIZE(reg_groups); i++) {
        b->clean = ~0u;
        hvm_set_reg(v, reg_groups[i].reg, 0);
        CHECK_EQ(~b->clean, 1u << reg_groups[i].group);
    }
}

static void fields(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++)
        CHECK_EQ(places[i].got, places[i].want);
}

/* What is set by verbs of its own: one group becomes unclean (ASIDs: below). */
static void verb_clean_bits(void)
{
    struct vmcb *b = vmcb_of(v);

    b->clean = ~0u;
    hvm_ops.set_tsc(v, 0x123456789a);
    CHECK_EQ(b->tsc_offset_, 0x123456789a);
    CHECK_EQ(~b->clean, BIT(0));
    b->clean = ~0u;
    hvm_ops.set_tpr(v, 9);
    CHECK_EQ(b->vintr_, VINTR_MASKING | 9);
    CHECK_EQ(~b->clean, BIT(3));
    b->clean = ~0u;
    hvm_ops.set_tpr(v, 9);
    CHECK_EQ(~b->clean, 0);
    hvm_ops.set_tpr(v, 0);
    CHECK_EQ(b->vintr_, VINTR_MASKING);
    hvm_ops.window(v, true, false, false);
    CHECK_EQ(~b->clean, BIT(3) | BIT(0));
    hvm_ops.window(v, false, false, false);
}

static void registers(void)
{
    struct vmcb *b = vmcb_of(v);
    struct paging_regs p;

    for (unsigned int r = 0; r < NR_HVM_REGS; r++) {
        uint64_t val = 0x1111111111ull * (r + 1);

        if (r == REG_EFER)
            val = EFER_SCE | EFER_NXE;
        if (r == REG_GDTR_LIMIT || r == REG_IDTR_LIMIT)
            val &= 0xffff;
        if (r == REG_CR0)
            val = CR0_PE;
        svm_set_reg(v, r, val);
        CHECK_EQ(svm_get_reg(v, r), val);
    }
    /* EFER: SVME is there and not seen, LMA is LME with paging. */
    svm_set_reg(v, REG_EFER, EFER_LME);
    CHECK_EQ(b->efer_, EFER_SVME | EFER_LME);
    svm_set_reg(v, REG_CR0, CR0_PE | CR0_PG);
    CHECK_EQ(svm_get_reg(v, REG_EFER), EFER_LME | EFER_LMA);
    svm_set_reg(v, REG_CR0, CR0_PE);
    CHECK_EQ(svm_get_reg(v, REG_EFER), EFER_LME);
    svm_set_reg(v, REG_EFER, EFER_LMA);
    CHECK_EQ(b->efer_, EFER_SVME);
    svm_paging(v, &p);
    CHECK_EQ(p.cr0, svm_get_reg(v, REG_CR0));
    CHECK_EQ(p.cr3, svm_get_reg(v, REG_CR3));
    CHECK_EQ(p.cr4, svm_get_reg(v, REG_CR4));
    CHECK_EQ(p.efer, svm_get_reg(v, REG_EFER));
    for (unsigned int s = 0; s < NR_HVM_SEGS; s++) {
        struct segment in = { (uint16_t)(s + 1), 0x92, 0xfffff, s << 20 },
                       out;

        b->clean = ~0u;
        svm_set_seg(v, s, &in);
        CHECK(!(b->clean & BIT(CLEAN_SEG)));
        svm_get_seg(v, s, &out);
        CHECK(!memcmp(&in, &out, sizeof(in)));
    }
    svm_set_seg(v, SEG_SS, &(struct segment){ .attr = 3 << SEG_DPL_SHIFT });
    CHECK_EQ(svm_cpl(v), 3);
}

static void modes(void)
{
    static const struct {
        uint64_t cr0, efer, rflags;
        uint16_t cs;
        enum hvm_mode mode;
    } t[] = {
        { 0, 0, 0, SEG_BIG, MODE_REAL },
        { CR0_PE, 0, 0, 0, MODE_16 },
        { CR0_PE, 0, 0, SEG_BIG, MODE_32 },
        { CR0_PE, 0, 0, SEG_LONG, MODE_16 },
        { CR0_PE, 0, RFLAGS_VM, SEG_BIG, MODE_V86 },
        { CR0_PE | CR0_PG, EFER_LME, 0, SEG_LONG, MODE_64 },
        { CR0_PE | CR0_PG, EFER_LME, 0, SEG_BIG, MODE_32 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct segment cs = { .attr = t[i].cs };

        svm_set_reg(v, REG_CR0, t[i].cr0);
        svm_set_reg(v, REG_EFER, t[i].efer);
        svm_set_seg(v, SEG_CS, &cs);
        vcpu_regs(v)->rflags = t[i].rflags;
        CHECK_EQ(svm_mode(v), t[i].mode);
    }
}

static void exits(void)
{
    /* APM vol. 2 appendix B, layout of the control area. */
    static const uint32_t always[6] = {
        BIT(20), 0, BIT(1) | BIT(17) | BIT(18),
        BIT(0) | BIT(1) | BIT(3) | BIT(15) | BIT(18) | BIT(22) | BIT(24) |
            BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(31),
        0x7f | BIT(10) | BIT(11) | BIT(13), 0
    };
    struct vmcb *b = vmcb_of(v);
    struct vmexit e;

    CHECK(!memcmp(b->intercept_, always, sizeof(always)));
    b->rip = 0x1000;
    b->exitcode = SVM_EXIT_IOIO;
    b->exitinfo1 = 0x3f8u << 16 | 1u << 4 | 1; /* IN, one byte */
    b->exitinfo2 = 0x1002;
    svm_decode_exit(b, &e);
    CHECK_EQ(e.kind, EXIT_PIO);
    CHECK_EQ(e.pio.port, 0x3f8);
    CHECK_EQ(e.pio.size, 1);
    CHECK(e.pio.in && !e.pio.string && !e.pio.rep);
    CHECK_EQ(e.insn_len, 2);
    b->exitcode = SVM_EXIT_NPF;
    b->exitinfo1 = 2 | 1ull << 32;
    b->exitinfo2 = 0xfee00123;
    b->nbytes = 200; /* more than there can be */
    svm_decode_exit(b, &e);
    CHECK_EQ(e.kind, EXIT_NPF);
    CHECK(e.npf.write && !e.npf.walk);
    CHECK_EQ(e.npf.gpa.raw, 0xfee00123);
    CHECK_EQ(e.nbytes, 15);
    b->nbytes = 0;
    for (uint64_t code = 0; code < 0x500; code++) {
        b->exitcode = code;
        svm_decode_exit(b, &e);
        CHECK(e.kind < EXIT_KINDS);
        CHECK_EQ(e.code, code);
        if (code < 192 && (always[code / 32] >> code % 32 & 1))
            CHECK(e.kind != EXIT_UNKNOWN);
    }
    b->exitcode = ~0ull;
    svm_decode_exit(b, &e);
    CHECK_EQ(e.kind, EXIT_ENTRY_FAILED);
    b->exitcode = 0x403;
    svm_decode_exit(b, &e);
    CHECK_EQ(e.kind, EXIT_UNKNOWN);
}

static void events(void)
{
    struct vmcb *b = vmcb_of(v);
    struct hvm_event ev = { .valid = true, .type = EVENT_EXCEPTION,
                            .vector = VEC_PF, .has_error = true, .error = 6,
                            .cr2 = 0x5000 };

    svm_inject(v, &ev);
    CHECK_EQ(b->eventinj, 6ull << 32 | 1u << 31 | 1 << 11 | 3 << 8 | 14);
    CHECK_EQ(b->cr2_, 0x5000);
    ev = (struct hvm_event){ .valid = true, .type = EVENT_INTR,
                             .vector = 0x31 };
    svm_inject(v, &ev);
    CHECK_EQ(b->eventinj, 1u << 31 | 0x31);
    v->hvm->event.valid = false;
    b->exitintinfo = 1u << 31 | 0x31; /* it was cut short */
    svm_collect_interrupted(v);
    CHECK_EQ(b->eventinj, 0);
    CHECK(v->hvm->event.valid);
    CHECK_EQ(v->hvm->event.type, EVENT_INTR);
    CHECK_EQ(v->hvm->event.vector, 0x31);
    b->exitintinfo = 1u << 31 | 4 << 8 | 0x80; /* INT n runs again */
    svm_collect_interrupted(v);
    CHECK(!v->hvm->event.valid);
    b->exitintinfo = 0;
    svm_window(v, true, false, false);
    CHECK(b->intercept_[3] & BIT(4));
    CHECK(b->vintr_ & VINTR_IRQ);
    CHECK(!(b->intercept_[0] & BIT(24)));
    svm_window(v, false, false, true);
    CHECK(b->intercept_[0] & BIT(24));
    CHECK(!(b->intercept_[3] & BIT(4)));
    CHECK(!(b->vintr_ & VINTR_IRQ));
}

/* What each entry says of the TLB, and of what the CPU may have cached of the
 * block: nothing when the vCPU comes from another CPU. */
static void enter(unsigned int cpu, uint32_t asid, uint8_t tlb, bool cached)
{
    struct vmcb *b = vmcb_of(v);
    struct vmexit e;

    fake_set_cpu(cpu);
    b->clean = ~0u;
    b->exitcode = SVM_EXIT_INTR;
    hvm_ops.enter(v, &e);
    CHECK_EQ(e.kind, EXIT_HOST_IRQ);
    CHECK_EQ(entered.asid, asid);
    CHECK_EQ(entered.tlb_control, tlb);
    CHECK_EQ(!!(entered.clean & BIT(CLEAN_SEG)), cached);
}

static void asids(void)
{
    for (unsigned int cpu = 0; cpu < 2; cpu++) {
        fake_set_cpu(cpu);
        tlb_tags_init_cpu(3);
    }
    tlb_tag_drop(&v->hvm->tlb_tag);
    v->hvm->tlb_tag.cpu = 1;
    enter(0, 1, TLB_FLUSH_ALL, false);
    enter(0, 1, TLB_KEEP, true);
    tlb_tag_drop(&v->hvm->tlb_tag);
    enter(0, 2, TLB_KEEP, true); /* a tag that was not used yet */
    CHECK(!(entered.clean & BIT(CLEAN_ASID)));
    enter(1, 1, TLB_FLUSH_ALL, false);
    enter(1, 1, TLB_KEEP, true);
    CHECK(entered.clean & BIT(CLEAN_ASID));
    enter(0, 1, TLB_FLUSH_ALL, false); /* they had run out */
    fake_set_cpu(0);
}

/* Registers that the CPU does not switch by itself travel with an entry. */
static void registers_travel(void)
{
    struct regs *r = vcpu_regs(v);
    struct vmexit e;

    r->gpr[RAX] = 0x11;
    r->gpr[RSP] = 0x22;
    r->rip = 0x33;
    r->rflags = 0x246;
    vmcb_of(v)->exitcode = SVM_EXIT_INTR;
    hvm_ops.enter(v, &e);
    CHECK_EQ(entered.rax, 0x11);
    CHECK_EQ(entered.rsp, 0x22);
    CHECK_EQ(entered.rip, 0x33);
    CHECK_EQ(entered.rflags, 0x246);
    CHECK_EQ(r->gpr[RAX], 0x12);
    CHECK_EQ(r->gpr[RSP], 0x24);
    CHECK_EQ(r->rip, 0x36);
    CHECK_EQ(r->rflags, 0x646);
}

/* --- MSRs. --- */

static void msr_rules_are_sound(void)
{
    for (unsigned int i = 0; i < nr_msr_rules; i++) {
        const struct msr_rule *r = &msr_rules[i];
        size_t n = r->last - r->first + 1;

        CHECK(r->first <= r->last);
        CHECK(!i || msr_rules[i - 1].last < r->first);
        CHECK(r->name && *r->name);
        CHECK_EQ(r->read == MSR_CALL, r->read_fn != NULL);
        CHECK_EQ(r->write == MSR_CALL, r->write_fn != NULL);
        if (r->read == MSR_STATE || r->write == MSR_STATE)
            CHECK(r->arg + n * 8 <= sizeof(struct msr_state));
        if (r->read == MSR_REG || r->write == MSR_REG)
            CHECK(r->arg < NR_HVM_REGS);
        CHECK(msr_rule_find(r->first) == r);
        CHECK(msr_rule_find(r->last) == r);
        if (i + 1 == nr_msr_rules || msr_rules[i + 1].first != r->last + 1)
            CHECK(!msr_rule_find(r->last + 1));
    }
    CHECK(!msr_rule_find(~0u));
    CHECK_EQ(msr_rules[MSR_RULE_X2APIC].first, MSR_X2APIC_FIRST);
}

/* SPEC_CTRL and the commands beside it, on a machine whose root mode has
 * IBRS (0) and a guest that has IBRS and SSBD (2), IBPB and no L1D flush. */
static void speculation_is_per_guest(void)
{
    struct spec_entry *s = &v->hvm->spec;
    uint64_t val;

    spec = (struct spec){ .has_ctrl = true, .rewrite = true, .host_ctrl = 1,
                          .flags = SPEC_AT_RSB | SPEC_AT_IBPB };
    guest_bits[0] = 5;
    guest_bits[1] = 1;
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 4), 0);
    CHECK(!msr_read(v, MSR_SPEC_CTRL, &val) && val == 4);
    CHECK_EQ(s->flags, SPEC_AT_CTRL | SPEC_AT_RSB | SPEC_AT_IBPB);
    CHECK_EQ(s->guest_ctrl, 4);
    CHECK_EQ(s->host_ctrl, 1);
    v->domain->privileged = true;
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 1), 0);
    CHECK_EQ(s->flags, SPEC_AT_CTRL | SPEC_AT_RSB);
    v->domain->privileged = false;
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 2), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 1ull << 32), -EINVAL);
    /* With enhanced IBRS nothing is written until the guest wants more. */
    spec.rewrite = false;
    spec.guest_ctrl = 1;
    spec.flags = 0;
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 0), 0);
    CHECK_EQ(s->flags, 0);
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 4), 0);
    CHECK_EQ(s->flags, SPEC_AT_CTRL);
    CHECK_EQ(s->guest_ctrl, 5);
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 0), 0);

    CHECK_EQ(msr_read(v, MSR_PRED_CMD, &val), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_PRED_CMD, 2), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_PRED_CMD, 0), 0);
    CHECK(!fake_msr_get(MSR_PRED_CMD, &val));
    CHECK_EQ(msr_write(v, MSR_PRED_CMD, 1), 0);
    CHECK(fake_msr_get(MSR_PRED_CMD, &val) && val == 1);
    CHECK_EQ(msr_write(v, MSR_FLUSH_CMD, 0), -EINVAL);
    CHECK_EQ(msr_read(v, MSR_ARCH_CAPABILITIES, &val), -EINVAL);
    CHECK_EQ(msr_read(v, MSR_XSS, &val), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_XSS, 0), -EINVAL);
    has_xsaves = true;
    val = 1;
    CHECK(!msr_read(v, MSR_XSS, &val) && !val);
    CHECK_EQ(msr_write(v, MSR_XSS, 0), 0);
    for (unsigned int i = 0; i < 64; i++)
        CHECK_EQ(msr_write(v, MSR_XSS, BIT(i)), -EINVAL);
    guest_bits[0] = 0;
    CHECK_EQ(msr_read(v, MSR_SPEC_CTRL, &val), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_SPEC_CTRL, 0), -EINVAL);
}

static unsigned int map_bits(const uint8_t *map, uint32_t index)
{
    uint32_t bit = (index & 0x1fff) * 2 + (index >= 0xc0010000 ? 0x8000
                                           : index >= 0xc0000000 ? 0x4000 : 0);

    return map[bit / 8] >> bit % 8 & 3;
}

/* Open exactly where a rule passes: a read or write that does not exit and
 * is of no rule would reach the machine's own register. */
static void msr_bitmap(void)
{
    static const uint32_t bases[] = { 0, 0xc0000000, 0xc0010000 };
    const uint8_t *map = fake_frame(maddr_to_mfn(vmcb_of(v)->msrpm_));

    for (unsigned int b = 0; b < 3; b++)
        for (uint32_t i = bases[b]; i < bases[b] + 0x2000; i++) {
            const struct msr_rule *r = msr_rule_find(i);
            unsigned int want = 3;

            if (r && r->read == MSR_PASS)
                want &= ~1u;
            if (r && r->write == MSR_PASS)
                want &= ~2u;
            CHECK_EQ(map_bits(map, i), want);
        }
}

static void msr_values(void)
{
    uint64_t val;

    CHECK_EQ(msr_write(v, MSR_LSTAR, 0x1234), 0);
    CHECK_EQ(msr_read(v, MSR_LSTAR, &val), 0);
    CHECK_EQ(val, 0x1234);
    CHECK_EQ(msr_write(v, MSR_SYSENTER_EIP, 1ull << 60), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_SYSENTER_EIP, ~0ull), 0);
    CHECK_EQ(msr_write(v, MSR_SYSENTER_CS, 1ull << 32), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_MTRRCAP, 0), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_EFER, EFER_SVME), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_EFER, EFER_LME | EFER_SCE), 0);
    CHECK_EQ(msr_write(v, MSR_PAT, 0x0007040600070402), -EINVAL);
    CHECK_EQ(msr_write(v, MSR_TSC_AUX, 1ull << 32), -EINVAL);
    CHECK_EQ(msr_write(v, 0x20f, 1ull << 39 | 0x800), 0);
    CHECK_EQ(v->hvm->msr.mtrr.msr_mtrr_var[15], 1ull << 39 | 0x800);
    CHECK_EQ(msr_write(v, 0x20e, 2), -EINVAL);
    CHECK_EQ(msr_write(v, 0x200, 1ull << 40), -EINVAL);
    CHECK_EQ(msr_write(v, 0x26f, 0x0606060606060606), 0);
    CHECK_EQ(v->hvm->msr.mtrr.msr_mtrr_fixed[10], 0x0606060606060606);
    CHECK_EQ(msr_read(v, 0x12345678, &val), -EINVAL);
    CHECK_EQ(msr_read(v, MSR_VM_CR, &val), 0);
    CHECK(val & VM_CR_SVMDIS);
    /* The TSC: what is written is read, and IA32_TSC_ADJUST follows. */
    fake_tsc = 1000;
    v->hvm->tsc_offset = 0;
    CHECK_EQ(msr_write(v, MSR_TSC, 5000), 0);
    CHECK_EQ(msr_read(v, MSR_TSC, &val), 0);
    CHECK_EQ(val, 5000);
    CHECK_EQ(msr_read(v, MSR_TSC_ADJUST, &val), 0);
    CHECK_EQ(val, 4000);
    CHECK_EQ(msr_write(v, MSR_TSC_ADJUST, 0), 0);
    CHECK_EQ(msr_read(v, MSR_TSC, &val), 0);
    CHECK_EQ(val, 1000);
}

/* The ratio of the vCPU that comes, where there is the feature; the register is
 * written when it changes (APM vol. 2 15.30.5). */
static void tsc_ratio(void)
{
    uint64_t val;

    v->domain->hvm->tsc_ratio = TSC_RATIO_ONE * 3 / 2;
    hvm_ops.vcpu_load(v);
    CHECK(!fake_msr_get(MSR_TSC_RATIO, &val));
    tsc_scaling = (struct tsc_scaling){ .integer = 8, .fraction = 32 };
    hvm_ops.vcpu_load(v);
    CHECK(fake_msr_get(MSR_TSC_RATIO, &val) && val == 0x180000000);
    fake_msr_set(MSR_TSC_RATIO, 7);
    hvm_ops.vcpu_load(v);
    CHECK(fake_msr_get(MSR_TSC_RATIO, &val) && val == 7);
    fake_tsc = 1000;
    v->hvm->tsc_offset = 50;
    CHECK(!msr_read(v, MSR_TSC, &val) && val == 1550);
    CHECK_EQ(msr_write(v, MSR_TSC, 20), 0);
    CHECK_EQ(v->hvm->tsc_offset, 20 - 1500ull);
    v->domain->hvm->tsc_ratio = 0;
    hvm_ops.vcpu_load(v);
    CHECK(fake_msr_get(MSR_TSC_RATIO, &val) && val == 1ull << 32);
    CHECK(!msr_read(v, MSR_TSC, &val) && val == 20 - 500ull);
}

int main(void)
{
    fake_doms_create();
    v = &doms[1].v[0];
    hvm_ops = svm_ops;
    fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ .a = 0x8000001f });
    fake_cpuid_set(0x80000001, 0, (struct cpuid_regs){ .c = BIT(2) });
    fake_cpuid_set(0x8000000a, 0, (struct cpuid_regs){ .d = 1, .b = 16 });
    fake_fail_after(0);
    for (unsigned int family = 0x10; family < 0x1b; family++) {
        /* Zen 1 and 2, and Hygon's, save too little by XSAVES. */
        bool bad = family == 0x17 || family == 0x18;

        cpu_features.family = family;
        hidden = 0;
        CHECK_EQ(hvm_ops.cpu_enable(), -ENOMEM);
        CHECK_EQ(hidden, bad ? XEN_X86_FEATURE_XSAVES : 0);
    }
    fake_fail_after(1); /* the maps are made; VMSAVE is not for a host */
    CHECK_EQ(hvm_ops.cpu_enable(), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(hvm_ops.vcpu_init(v), 0);
    fields();
    reg_clean_bits();
    verb_clean_bits();
    registers();
    modes();
    exits();
    events();
    asids();
    registers_travel();
    msr_rules_are_sound();
    speculation_is_per_guest();
    msr_bitmap();
    msr_values();
    tsc_ratio();
    hvm_ops.vcpu_exit(v);
    fake_doms_destroy();
    return test_result();
}
