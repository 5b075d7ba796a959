/* sources: hvm/vmx/exit.c hvm/vmx/inject.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x exits into the neutral record, events into the guest: against a second
 * table of exit reasons (SDM vol. 3D appendix C) and the layouts of exit
 * qualifications (28.2.1) and of interruption information (25.8.3, 28.2.4).
 */
#include <string.h>

#include "hypervisor/cpu/cr.h"
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/vmx-fakes.h"

TEST_PROGRAM;

static struct vcpu *v;
static struct vmx_vcpu vmx;

/* --- What these files call. --- */

static uint64_t dr6;

bool vmx_is_loaded(struct vcpu *w) { return true; }
void vmx_borrow(struct vcpu *w) {}
void vmx_return(struct vcpu *w) {}

unsigned int vmx_get_tpr(struct vcpu *w)
{
    return 0;
}

uint64_t vmx_get_reg(struct vcpu *w, enum hvm_reg r)
{
    CHECK_EQ(r, REG_DR6);
    return dr6;
}

void vmx_set_reg(struct vcpu *w, enum hvm_reg r, uint64_t val)
{
    CHECK_EQ(r, REG_DR6);
    dr6 = val;
}

/* --- Exit reasons. --- */

/* From the manual, what Lodge makes of it; not named: unknown. */
static const struct {
    uint16_t reason, kind;
    bool length;
} reasons[] = {
    { 0, EXIT_EXCEPTION, false },    /* exception or NMI */
    { 1, EXIT_HOST_IRQ, false },     /* external interrupt */
    { 2, EXIT_SHUTDOWN, false },     /* triple fault */
    { 3, EXIT_INIT, false },         /* INIT */
    { 4, EXIT_INIT, false },         /* start-up IPI */
    { 6, EXIT_HOST_IRQ, false },     /* other SMI */
    { 7, EXIT_IRQ_WINDOW, false },
    { 8, EXIT_NMI_WINDOW, false },
    { 9, EXIT_TASK_SWITCH, true },
    { 10, EXIT_CPUID, true },
    { 11, EXIT_UNDEFINED, false },   /* GETSEC */
    { 12, EXIT_HLT, true },
    { 13, EXIT_WBINVD, true },       /* INVD */
    { 15, EXIT_RDPMC, false },
    { 18, EXIT_HYPERCALL, true },    /* VMCALL */
    { 19, EXIT_UNDEFINED, false },   /* VMCLEAR */
    { 20, EXIT_UNDEFINED, false },   /* VMLAUNCH */
    { 21, EXIT_UNDEFINED, false },   /* VMPTRLD */
    { 22, EXIT_UNDEFINED, false },   /* VMPTRST */
    { 23, EXIT_UNDEFINED, false },   /* VMREAD */
    { 24, EXIT_UNDEFINED, false },   /* VMRESUME */
    { 25, EXIT_UNDEFINED, false },   /* VMWRITE */
    { 26, EXIT_UNDEFINED, false },   /* VMXOFF */
    { 27, EXIT_UNDEFINED, false },   /* VMXON */
    { 28, EXIT_CR_WRITE, true },
    { 30, EXIT_PIO, true },
    { 31, EXIT_MSR, true },          /* RDMSR */
    { 32, EXIT_MSR, true },          /* WRMSR */
    { 33, EXIT_ENTRY_FAILED, false }, /* invalid guest state */
    { 34, EXIT_ENTRY_FAILED, false }, /* MSR loading */
    { 36, EXIT_MWAIT, false },
    { 39, EXIT_MONITOR, false },
    { 41, EXIT_EXCEPTION, false },   /* machine check during the entry */
    { 43, EXIT_IRQ_WINDOW, false },  /* TPR below threshold */
    { 44, EXIT_NPF, false },         /* APIC access */
    { 45, EXIT_APIC_EOI, false },    /* virtualized EOI */
    { 48, EXIT_NPF, false },         /* EPT violation */
    { 50, EXIT_UNDEFINED, false },   /* INVEPT */
    { 52, EXIT_HOST_IRQ, false },    /* VMX-preemption timer */
    { 53, EXIT_UNDEFINED, false },   /* INVVPID */
    { 54, EXIT_WBINVD, true },
    { 55, EXIT_XSETBV, true },
    { 56, EXIT_APIC_WRITE, false },
    { 59, EXIT_UNDEFINED, false },   /* VMFUNC */
    { 62, EXIT_LOG_FULL, false },    /* page-modification log full */
};

static struct vmexit decode(uint64_t reason, uint64_t qualification)
{
    struct vmexit e;

    memset(&e, 0xa5, sizeof(e));
    fake_vmcs_set(VMCS_EXIT_REASON, reason);
    fake_vmcs_set(VMCS_QUALIFICATION, qualification);
    vmx_decode_exit(v, &e);
    return e;
}

static void all_reasons(void)
{
    fake_vmx_reset();
    fake_vmcs_set(VMCS_EXIT_LENGTH, 3);
    for (uint64_t n = 0; n < 0x10000; n++) {
        struct vmexit e = decode(n, 0);
        unsigned int kind = EXIT_UNKNOWN;
        bool length = false;

        for (unsigned int i = 0; i < ARRAY_SIZE(reasons); i++)
            if (reasons[i].reason == n) {
                kind = reasons[i].kind;
                length = reasons[i].length;
            }
        CHECK_EQ(e.kind, kind);
        CHECK_EQ(e.code, n);
        CHECK_EQ(e.insn_len, length ? 3 : 0);
        CHECK_EQ(e.nbytes, 0);
        if (kind == EXIT_MSR)
            CHECK_EQ(e.msr_write, n == 32);
    }
    CHECK_EQ(decode(BIT(31) | 33, 0).kind, EXIT_ENTRY_FAILED);
    CHECK_EQ(decode(BIT(31) | 34, 0).kind, EXIT_ENTRY_FAILED);
    CHECK_EQ(decode(BIT(31) | 33, 0).code, BIT(31) | 33);
    CHECK_EQ(decode(BIT(27) | 1, 0).kind, EXIT_HOST_IRQ); /* enclave mode */
}

/* --- Qualifications. --- */

static void ports(void)
{
    struct vmexit e = decode(30, 0x03f80000 | BIT(3));

    CHECK_EQ(e.pio.port, 0x3f8);
    CHECK_EQ(e.pio.size, 1);
    CHECK(e.pio.in && !e.pio.string && !e.pio.rep);
    e = decode(30, 0xffff0000 | BIT(6) | 1);
    CHECK_EQ(e.pio.port, 0xffff);
    CHECK_EQ(e.pio.size, 2);
    CHECK(!e.pio.in && !e.pio.string && !e.pio.rep);
    e = decode(30, 0x01f00000 | BIT(4) | BIT(5) | BIT(3) | 3);
    CHECK_EQ(e.pio.size, 4);
    CHECK(e.pio.in && e.pio.string && e.pio.rep);
    e = decode(30, 0x01f00000 | BIT(4));
    CHECK(!e.pio.in && e.pio.string && !e.pio.rep);
}

static void control_registers(void)
{
    for (unsigned int r = 0; r < NR_GPRS; r++) {
        struct vmexit e = decode(28, r << 8 | 4);

        CHECK_EQ(e.kind, EXIT_CR_WRITE);
        CHECK_EQ(e.cr.cr, 4);
        CHECK_EQ(e.cr.gpr, r);
        CHECK(e.cr.gpr_valid);
    }
    CHECK_EQ(decode(28, 0).cr.cr, 0);
    CHECK_EQ(decode(28, 8).cr.cr, 8);
    CHECK_EQ(decode(28, 1 << 4).kind, EXIT_UNKNOWN); /* MOV from */
    CHECK_EQ(decode(28, 2 << 4).kind, EXIT_UNKNOWN); /* CLTS */
    CHECK_EQ(decode(28, 3 << 4).kind, EXIT_UNKNOWN); /* LMSW */
}

static void nested_faults(void)
{
    struct vmexit e;

    fake_vmcs_set(VMCS_EXIT_GPA, 0x123456789000 | 0xabc);
    e = decode(48, BIT(1) | BIT(7) | BIT(8)); /* a write */
    CHECK_EQ(e.npf.gpa.raw, 0x123456789abc);
    CHECK(e.npf.write && !e.npf.fetch && !e.npf.walk);
    e = decode(48, BIT(0) | BIT(7) | BIT(8)); /* a read */
    CHECK(!e.npf.write && !e.npf.fetch && !e.npf.walk);
    e = decode(48, BIT(2) | BIT(3) | BIT(7) | BIT(8)); /* a fetch */
    CHECK(!e.npf.write && e.npf.fetch && !e.npf.walk);
    e = decode(48, BIT(0) | BIT(1) | BIT(7)); /* sets an accessed bit */
    CHECK(e.npf.write && e.npf.walk);
    e = decode(48, BIT(0)); /* without a linear address: PDPTEs */
    CHECK(!e.npf.walk);
}

/* The local APIC: table 28-6 (access), 30.4.3.3 (write), 30.1.4 (EOI). */
static void local_apic(void)
{
    /* What kinds of access there are, and which one is a write for sure. */
    static const uint8_t kinds[] = { 0, 1, 2, 3, 10, 15 };
    struct vmexit e;

    fake_vmcs_set(VMCS_EXIT_GPA, 0x123456789abc); /* is not theirs */
    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
        e = decode(44, (uint64_t)kinds[i] << 12 | 0x3f4);
        CHECK_EQ(e.kind, EXIT_NPF);
        CHECK_EQ(e.npf.gpa.raw, 0xfee003f4);
        CHECK_EQ(e.npf.write, kinds[i] == 1);
        CHECK(!e.npf.walk && !e.npf.fetch);
    }
    CHECK_EQ(decode(44, BIT(16) | 1 << 12).npf.gpa.raw, 0xfee00000);
    CHECK_EQ(decode(44, 0xfff).npf.gpa.raw, 0xfee00fff);
    CHECK(!decode(44, 0xfff).npf.write);
    for (uint64_t at = 0; at < 0x1000; at += 16)
        CHECK_EQ(decode(56, at).apic_offset, at);
    for (uint64_t n = 0; n < 0x100; n++)
        CHECK_EQ(decode(45, n).eoi_vector, n);
}

static void tasks(void)
{
    for (uint64_t source = 0; source < 4; source++)
        CHECK_EQ(decode(9, source << 30 | 0x28).task_sel, 0x28);
}

static void exceptions(void)
{
    struct regs *r = vcpu_regs(v);
    struct vmexit e;

    r->rip = 0x1000;
    fake_vmcs_set(VMCS_EXIT_LENGTH, 1);
    fake_vmcs_set(VMCS_EXIT_ERROR, 0x10);
    fake_vmcs_set(VMCS_EXIT_EVENT, BIT(31) | BIT(11) | 3 << 8 | 17);
    e = decode(0, 0x5000);
    CHECK_EQ(e.kind, EXIT_EXCEPTION);
    CHECK_EQ(e.exception.vector, 17);
    CHECK(e.exception.has_error);
    CHECK_EQ(e.exception.error, 0x10);
    CHECK_EQ(e.exception.cr2, 0x5000);
    CHECK_EQ(r->rip, 0x1000);
    /* A machine check during the entry has no interruption information. */
    fake_vmcs_set(VMCS_EXIT_EVENT, 0);
    e = decode(BIT(31) | 41, 0);
    CHECK_EQ(e.kind, EXIT_EXCEPTION);
    CHECK_EQ(e.exception.vector, VEC_MC);
    CHECK(!e.exception.has_error);
    fake_nmis = 0;
    fake_vmcs_set(VMCS_EXIT_EVENT, BIT(31) | 2 << 8 | 2);
    e = decode(0, 0);
    CHECK_EQ(e.kind, EXIT_HOST_NMI);
    CHECK_EQ(fake_nmis, 1);
}

static void debug_exceptions(void)
{
    struct regs *r = vcpu_regs(v);

    /* A single step: BS is added, B0-B3 are as the exit says. */
    dr6 = 0xffff0ff3;
    r->rip = 0x1000;
    fake_vmcs_set(VMCS_GUEST_DR7, 0x2400 | BIT(0));
    fake_vmcs_set(VMCS_EXIT_LENGTH, 1);
    fake_vmcs_set(VMCS_EXIT_EVENT, BIT(31) | 3 << 8 | 1);
    CHECK_EQ(decode(0, BIT(14)).exception.vector, VEC_DB);
    CHECK_EQ(dr6, 0xffff4ff0);
    CHECK_EQ(vmread(VMCS_GUEST_DR7), 0x2401);
    CHECK_EQ(r->rip, 0x1000);
    /* Breakpoints 1 and 3; what is known of other bits stays. */
    (void)decode(0, BIT(1) | BIT(3) | BIT(12) | BIT(16));
    CHECK_EQ(dr6, 0xffff4ffa);
    /* An access of debug registers: the handler may use them. */
    (void)decode(0, BIT(13));
    CHECK_EQ(dr6, 0xffff6ff0);
    CHECK_EQ(vmread(VMCS_GUEST_DR7), 0x0401);
    /* INT1 is past, and has no cause in DR6. */
    dr6 = 0xffff0ff0;
    fake_vmcs_set(VMCS_EXIT_EVENT, BIT(31) | 5 << 8 | 1);
    CHECK_EQ(decode(0, BIT(14)).exception.vector, VEC_DB);
    CHECK_EQ(r->rip, 0x1001);
    CHECK_EQ(dr6, 0xffff0ff0);
}

/* --- Into the guest. --- */

static void set_blocking(uint64_t bits)
{
    vmwrite(VMCS_GUEST_BLOCKING, bits);
}

static void injection(void)
{
    static const struct {
        struct hvm_event ev;
        uint32_t word;
    } events[] = {
        { { .type = EVENT_INTR, .vector = 0x31 }, 0x80000031 },
        { { .type = EVENT_NMI, .vector = 2 }, 0x80000202 },
        { { .type = EVENT_EXCEPTION, .vector = 6 }, 0x80000306 },
        { { .type = EVENT_EXCEPTION, .vector = 13, .has_error = true,
            .error = 0x18 }, 0x80000b0d },
        { { .type = EVENT_SOFT_INT, .vector = 0x80, .insn_len = 2 },
          0x80000480 },
        { { .type = EVENT_PRIV_SOFT, .vector = 1, .insn_len = 1 },
          0x80000501 },
        { { .type = EVENT_SOFT_EXC, .vector = 3, .insn_len = 1 },
          0x80000603 },
    };
    struct hvm_event pf = { .type = EVENT_EXCEPTION, .vector = VEC_PF,
                            .has_error = true, .error = 7, .cr2 = 0x7000 };

    fake_vmx_reset();
    vmwrite(VMCS_GUEST_CR0, CR0_PE);
    for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
        const struct hvm_event *ev = &events[i].ev;

        vmwrite(VMCS_ENTRY_ERROR, 0xdead);
        vmwrite(VMCS_ENTRY_LENGTH, 0xd);
        vmx_inject(v, ev);
        CHECK_EQ(vmread(VMCS_ENTRY_EVENT), events[i].word);
        CHECK_EQ(vmread(VMCS_ENTRY_ERROR), ev->has_error ? ev->error : 0xdead);
        CHECK_EQ(vmread(VMCS_ENTRY_LENGTH), ev->insn_len ? ev->insn_len : 0xd);
    }
    vmx.kept[REG_CR2] = 0x1234;
    vmx_inject(v, &events[3].ev);
    CHECK_EQ(vmx.kept[REG_CR2], 0x1234);
    vmx_inject(v, &pf);
    CHECK_EQ(vmx.kept[REG_CR2], 0x7000);
    /* An exception ends the shadow, as its delivery would. */
    set_blocking(BLOCKING_STI | BLOCKING_NMI);
    vmx_inject(v, &events[2].ev);
    CHECK_EQ(vmread(VMCS_GUEST_BLOCKING), BLOCKING_NMI);
    set_blocking(BLOCKING_MOV_SS);
    vmx_inject(v, &pf);
    CHECK_EQ(vmread(VMCS_GUEST_BLOCKING), 0);
}

/* In real mode exceptions have no error code, nor do CPUs have one of more
 * than 16 bits: the entry would fail (SDM vol. 3C 27.2.1.3). */
static void error_codes(void)
{
    struct hvm_event gp = { .type = EVENT_EXCEPTION, .vector = VEC_GP,
                            .has_error = true, .error = 0xabcd0018 };

    fake_vmx_reset();
    vmwrite(VMCS_GUEST_CR0, 0);
    vmx_inject(v, &gp);
    CHECK_EQ(vmread(VMCS_ENTRY_EVENT), 0x8000030d);
    vmwrite(VMCS_GUEST_CR0, CR0_PE);
    vmx_inject(v, &gp);
    CHECK_EQ(vmread(VMCS_ENTRY_EVENT), 0x80000b0d);
    CHECK_EQ(vmread(VMCS_ENTRY_ERROR), 0x18);
}

/* --- What an exit cut short. --- */

static void collect(unsigned int kind, uint64_t idt)
{
    struct vmexit e = { .kind = (uint8_t)kind };

    v->hvm->event.valid = false;
    fake_vmcs_set(VMCS_IDT_EVENT, idt);
    fake_vmcs_set(VMCS_IDT_ERROR, 0x44);
    vmx_collect_interrupted(v, &e);
}

static void interrupted(void)
{
    const struct hvm_event *ev = &v->hvm->event;

    fake_vmx_reset();
    vmx.kept[REG_CR2] = 0x6000;
    for (unsigned int type = 0; type < 7; type++) {
        bool again = type == EVENT_INTR || type == EVENT_NMI ||
                     type == EVENT_EXCEPTION;

        if (type == 1)
            continue;
        set_blocking(BLOCKING_NMI | BLOCKING_STI);
        collect(EXIT_NPF, BIT(31) | type << 8 | 0xe);
        CHECK_EQ(ev->valid, again);
        if (!again)
            continue;
        CHECK_EQ(ev->type, type);
        CHECK_EQ(ev->vector, 0xe);
        CHECK(!ev->has_error);
        CHECK_EQ(ev->cr2, 0x6000);
        /* A delivered NMI blocks others; one that comes again must not. */
        CHECK_EQ(vmread(VMCS_GUEST_BLOCKING),
                 type == EVENT_NMI ? BLOCKING_STI
                                   : BLOCKING_NMI | BLOCKING_STI);
    }
    collect(EXIT_NPF, BIT(31) | BIT(11) | 3 << 8 | 14);
    CHECK(ev->valid && ev->has_error);
    CHECK_EQ(ev->error, 0x44);
    /* What the guest's handler would have got, it gets. */
    vmwrite(VMCS_GUEST_CR0, CR0_PE);
    vmx_inject(v, ev);
    CHECK_EQ(vmread(VMCS_ENTRY_EVENT), 0x80000b0e);
    CHECK_EQ(vmread(VMCS_ENTRY_ERROR), 0x44);
    CHECK_EQ(vmx.kept[REG_CR2], 0x6000);
    collect(EXIT_NPF, 3 << 8 | 14);
    CHECK(!ev->valid);
}

/* An IRET that did not complete has unblocked NMIs: they are blocked again. */
static void unblocked(void)
{
    static const struct {
        uint8_t kind, vector;
        uint64_t qualification, event, idt;
        bool blocked;
    } t[] = {
        { EXIT_NPF, 0, BIT(12), 0, 0, true },
        { EXIT_NPF, 0, 0, BIT(12), 0, false },
        { EXIT_EXCEPTION, VEC_AC, 0, BIT(12), 0, true },
        { EXIT_EXCEPTION, VEC_AC, BIT(12), 0, 0, false },
        { EXIT_EXCEPTION, VEC_DF, 0, BIT(12), 0, false },
        { EXIT_PIO, 0, BIT(12), BIT(12), 0, false },
        { EXIT_APIC_EOI, 0, BIT(12), BIT(12), 0, false },
        { EXIT_NPF, 0, BIT(12), 0, BIT(31) | 0x31, false },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct vmexit e = { .kind = t[i].kind };

        if (t[i].kind == EXIT_NPF)
            e.code = REASON_EPT_VIOLATION;
        else
            e.exception.vector = t[i].vector;
        fake_vmx_reset();
        fake_vmcs_set(VMCS_QUALIFICATION, t[i].qualification);
        fake_vmcs_set(VMCS_EXIT_EVENT, t[i].event);
        fake_vmcs_set(VMCS_IDT_EVENT, t[i].idt);
        vmx_collect_interrupted(v, &e);
        CHECK_EQ(vmread(VMCS_GUEST_BLOCKING),
                 t[i].blocked ? BLOCKING_NMI : 0);
        /* Bit 12 is a kind of access where that is what faulted. */
        e.code = REASON_APIC_ACCESS;
        vmwrite(VMCS_GUEST_BLOCKING, 0);
        vmx_collect_interrupted(v, &e);
        if (t[i].kind == EXIT_NPF)
            CHECK_EQ(vmread(VMCS_GUEST_BLOCKING), 0);
    }
}

/* --- Windows and shadows. --- */

static void windows(void)
{
    static const uint64_t bits[] = { 0, BIT(2), BIT(22), BIT(2) | BIT(22) };

    fake_vmx_reset();
    vmx.proc_ctls = 0x1000;
    for (unsigned int from = 0; from < 4; from++)
        for (unsigned int to = 0; to < 4; to++) {
            vmx_window(v, from & 1, from & 2, false);
            fake_vmx.vmwrites = 0;
            vmx_window(v, to & 1, to & 2, false);
            CHECK_EQ(vmx.proc_ctls, 0x1000 | bits[to]);
            CHECK_EQ(fake_vmx.vmwrites, 1 + (from != to)); /* TPR */
            if (from != to)
                CHECK_EQ(vmread(VMCS_PROC_CTLS), 0x1000 | bits[to]);
        }
}

static void shadows(void)
{
    fake_vmx_reset();
    for (unsigned int bits = 0; bits < 4; bits++) {
        vmx_set_shadow(v, bits);
        CHECK_EQ(vmx_shadow(v), bits);
    }
    set_blocking(BLOCKING_MOV_SS);
    CHECK_EQ(vmx_shadow(v), SHADOW_STI_MOVSS);
    /* Which of the two it is stays: both at once would be refused. */
    vmx_set_shadow(v, SHADOW_STI_MOVSS | SHADOW_NMI);
    CHECK_EQ(vmread(VMCS_GUEST_BLOCKING), BLOCKING_MOV_SS | BLOCKING_NMI);
    /* The trap that was held back goes when the shadow does. */
    vmwrite(VMCS_GUEST_PENDING_DEBUG, BIT(14));
    vmx_set_shadow(v, SHADOW_NMI);
    CHECK_EQ(vmread(VMCS_GUEST_PENDING_DEBUG), 0);
    CHECK_EQ(vmread(VMCS_GUEST_BLOCKING), BLOCKING_NMI);
    vmwrite(VMCS_GUEST_PENDING_DEBUG, BIT(14));
    vmx_set_shadow(v, 0);
    CHECK_EQ(vmread(VMCS_GUEST_PENDING_DEBUG), BIT(14));
}

int main(void)
{
    fake_doms_create();
    v = &doms[1].v[0];
    v->hvm->vendor = &vmx;
    all_reasons();
    ports();
    control_registers();
    nested_faults();
    local_apic();
    tasks();
    exceptions();
    debug_exceptions();
    injection();
    error_codes();
    interrupted();
    unblocked();
    windows();
    shadows();
    fake_doms_destroy();
    return test_result();
}
