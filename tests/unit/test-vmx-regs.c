/* sources: hvm/vmx/regs.c hvm/vmx/vmx.c hvm/vmx/apic.c hvm/vmx/caps.c hvm/vmx/check.c hvm/vmx/exit.c hvm/vmx/inject.c hypervisor/lib/format.c hvm/base/tlb-tag.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest registers under VT-x: in and out, loaded on a CPU or not; what the
 * guest sees of CR0 and CR4 and what runs; PDPTEs; segments. What these
 * functions write passes the checks of an entry, and values that no CPU
 * would take never fault in root mode.
 */
#include <string.h>

#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/vmx-fakes.h"

TEST_PROGRAM;

static struct vcpu *v, *other;

/* --- What these files call. --- */

/* The four page-directory pointers, where CR3 says. */
static uint64_t guest_pdptes[4], guest_pdptes_at;

int guest_read_phys(struct domain *d, void *dst, gpa_t a, size_t n)
{
    CHECK_EQ(n, sizeof(guest_pdptes));
    if (a.raw != guest_pdptes_at)
        return -EFAULT;
    memcpy(dst, guest_pdptes, n);
    return 0;
}

/* What the CPU would say of the last entry's state. */
static struct vmx_fault fault;
static bool refused;
static void (*guest)(void); /* what it does, once */

bool vmx_run(struct regs *r, bool launched)
{
    void (*fn)(void) = guest;

    refused = vmx_find_fault(&fault);
    guest = NULL;
    if (fn)
        fn();
    fake_vmcs_set(VMCS_EXIT_REASON, REASON_INTR);
    return false;
}

/* --- Loaded or not. --- */

static void load(struct vcpu *w)
{
    hvm_ops.vcpu_load(w);
}

static void unload(struct vcpu *w)
{
    hvm_ops.vcpu_save(w);
}

/* A value of each register that it keeps as it is. */
static uint64_t value_of(unsigned int r, unsigned int salt)
{
    uint64_t val = 0x1111111111ull * (r + 1) + salt;

    switch (r) {
    case REG_CR0:
        return CR0_PE | CR0_ET | CR0_NE | (salt ? CR0_TS : 0);
    case REG_CR4:
        return CR4_PAE | (salt ? CR4_PGE : 0);
    case REG_EFER:
        return EFER_SCE | (salt ? EFER_NXE : 0);
    case REG_GDTR_LIMIT:
    case REG_IDTR_LIMIT:
        return val & 0xffff;
    case REG_DR6:
    case REG_SFMASK:
    case REG_SYSENTER_CS:
        return val & 0xffffffff;
    case REG_DEBUGCTL:
        return 2 | salt;
    case REG_LASTBRANCHFROM ... REG_LASTINTTO:
        return 0;
    default:
        return val;
    }
}

static void set_all(struct vcpu *w, unsigned int salt)
{
    for (unsigned int r = 0; r < NR_HVM_REGS; r++)
        hvm_set_reg(w, r, value_of(r, salt));
}

static void check_all(struct vcpu *w, unsigned int salt)
{
    for (unsigned int r = 0; r < NR_HVM_REGS; r++)
        CHECK_EQ(hvm_get_reg(w, r), value_of(r, salt));
}

/* Two vCPUs keep what is theirs, whoever of them is on the CPU. */
static void registers(void)
{
    set_all(v, 0); /* none is loaded */
    check_all(v, 0);
    set_all(other, 1);
    check_all(v, 0);
    load(v);
    CHECK(vmx_is_loaded(v) && !vmx_is_loaded(other));
    check_all(v, 0);
    check_all(other, 1);
    set_all(v, 1);
    set_all(other, 0);
    check_all(v, 1);
    check_all(other, 0);
    unload(v);
    CHECK(!vmx_is_loaded(v));
    check_all(v, 1);
    fake_set_cpu(1);
    load(other);
    check_all(other, 0);
    check_all(v, 1);
    unload(other);
    fake_set_cpu(0);
    /* LastBranchFromIP and the like read as 0. */
    hvm_set_reg(v, REG_LASTBRANCHFROM, 5);
    CHECK_EQ(hvm_get_reg(v, REG_LASTBRANCHFROM), 0);
}

/* A VMCS is borrowed and given back, the CPU's own is current again. */
static void borrowing(void)
{
    struct vmx_vcpu *mine = vmx_of(v), *theirs = vmx_of(other);

    load(v);
    fake_vmx.vmptrld = fake_vmx.vmclear = 0;
    vmx_borrow(v);
    (void)hvm_get_reg(v, REG_CR3);
    vmx_return(v);
    CHECK_EQ(fake_vmx.vmptrld + fake_vmx.vmclear, 0);
    CHECK_EQ(fake_vmx.loaded, mine->vmcs_pa);
    vmx_borrow(other);
    CHECK_EQ(fake_vmx.loaded, theirs->vmcs_pa);
    theirs->launched = true;
    vmx_return(other);
    CHECK_EQ(fake_vmx.vmclear_pa, theirs->vmcs_pa);
    CHECK(!theirs->launched);
    CHECK_EQ(fake_vmx.loaded, mine->vmcs_pa);
    mine->launched = true;
    unload(v);
    CHECK_EQ(fake_vmx.vmclear_pa, mine->vmcs_pa);
    CHECK(!mine->launched);
    CHECK_EQ(fake_vmx.loaded, ~0ull);
    vmx_borrow(other);
    vmx_return(other);
    CHECK_EQ(fake_vmx.loaded, ~0ull);
}

/* --- CR0, CR4, EFER. --- */

static void cr0(void)
{
    const uint64_t seen = CR0_NE | CR0_CD | CR0_NW;

    load(v);
    CHECK_EQ(vmread(VMCS_CR0_MASK), seen);
    for (uint64_t n = 0; n < 8; n++) {
        uint64_t val = CR0_ET | (n & 1 ? CR0_NE : 0) | (n & 2 ? CR0_CD : 0) |
                       (n & 4 ? CR0_NW : 0);

        hvm_set_reg(v, REG_CR0, val);
        CHECK_EQ(hvm_get_reg(v, REG_CR0), val);
        CHECK_EQ(vmread(VMCS_CR0_SHADOW) & seen, val & seen);
        CHECK_EQ(vmread(VMCS_GUEST_CR0), CR0_ET | CR0_NE);
    }
    /* What the guest changes without an exit is seen. */
    hvm_set_reg(v, REG_CR0, CR0_ET | CR0_CD);
    vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | CR0_PE | CR0_TS);
    CHECK_EQ(hvm_get_reg(v, REG_CR0), CR0_ET | CR0_CD | CR0_PE | CR0_TS);
    unload(v);
}

static void cr4(void)
{
    const uint64_t forced = CR4_VMXE | CR4_MCE;

    load(v);
    CHECK_EQ(vmread(VMCS_CR4_MASK), ~fake_guest_cr4 | forced);
    hvm_set_reg(v, REG_CR4, CR4_PAE);
    CHECK_EQ(vmread(VMCS_GUEST_CR4), CR4_PAE | forced);
    CHECK_EQ(hvm_get_reg(v, REG_CR4), CR4_PAE);
    hvm_set_reg(v, REG_CR4, CR4_PAE | CR4_MCE);
    CHECK_EQ(vmread(VMCS_GUEST_CR4), CR4_PAE | forced);
    CHECK_EQ(vmread(VMCS_CR4_SHADOW), CR4_PAE | CR4_MCE);
    CHECK_EQ(hvm_get_reg(v, REG_CR4), CR4_PAE | CR4_MCE);
    vmwrite(VMCS_GUEST_CR4, (vmread(VMCS_GUEST_CR4) | CR4_PGE) & ~CR4_PAE);
    CHECK_EQ(hvm_get_reg(v, REG_CR4), CR4_PGE | CR4_MCE);
    unload(v);
    /* Another policy: what the guest has set stays as it sees it. */
    fake_guest_cr4 &= ~(CR4_SMEP | CR4_PGE);
    load(v);
    CHECK_EQ(vmread(VMCS_CR4_MASK), ~fake_guest_cr4 | forced);
    CHECK_EQ(hvm_get_reg(v, REG_CR4), CR4_PGE | CR4_MCE);
    fake_vmx.vmwrites = 0;
    vmx_update_cr4_mask(v);
    CHECK_EQ(fake_vmx.vmwrites, 0);
    unload(v);
    fake_guest_cr4 |= CR4_SMEP | CR4_PGE;
    load(v);
    unload(v);
}

static void efer(void)
{
    static const struct {
        uint64_t efer, cr0;
        bool lma;
    } t[] = {
        { 0, 0, false },
        { EFER_LME, 0, false },
        { EFER_LMA, CR0_PG | CR0_PE, false },
        { 0, CR0_PG | CR0_PE, false },
        { EFER_LME, CR0_PG | CR0_PE, true },
        { EFER_LME | EFER_LMA, CR0_PE, false },
    };

    load(v);
    for (unsigned int i = 0; i < ARRAY_SIZE(t) * 2; i++) {
        unsigned int n = i / 2;
        uint64_t want = (t[n].efer & ~EFER_LMA) | (t[n].lma ? EFER_LMA : 0);

        hvm_set_reg(v, REG_EFER, 0);
        hvm_set_reg(v, REG_CR0, 0);
        /* In both orders. */
        if (i & 1)
            hvm_set_reg(v, REG_CR0, t[n].cr0);
        hvm_set_reg(v, REG_EFER, t[n].efer);
        if (!(i & 1))
            hvm_set_reg(v, REG_CR0, t[n].cr0);
        CHECK_EQ(hvm_get_reg(v, REG_EFER), want);
        CHECK_EQ(vmread(VMCS_ENTRY_CTLS),
                 vmx_caps.use[WORD_ENTRY] | (t[n].lma ? ENTRY_IA32E : 0));
    }
    unload(v);
}

/* --- What no CPU takes. --- */

static void sanitised(void)
{
    static const uint8_t addresses[] = {
        REG_LSTAR, REG_CSTAR, REG_KERNEL_GS_BASE
    };

    for (unsigned int on = 0; on < 2; on++) {
        if (on)
            load(v);
        for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++) {
            hvm_set_reg(v, addresses[i], 0x0123800000001000);
            CHECK_EQ(hvm_get_reg(v, addresses[i]), 0xffff800000001000);
            hvm_set_reg(v, addresses[i], 0xffff000000001000);
            CHECK_EQ(hvm_get_reg(v, addresses[i]), 0x1000);
        }
        hvm_set_reg(v, REG_STAR, ~0ull);
        CHECK_EQ(hvm_get_reg(v, REG_STAR), ~0ull);
        hvm_set_reg(v, REG_SFMASK, ~0ull);
        CHECK_EQ(hvm_get_reg(v, REG_SFMASK), 0xffffffff);
        hvm_set_reg(v, REG_DR6, ~0ull);
        CHECK_EQ(hvm_get_reg(v, REG_DR6), 0xffffffff);
        hvm_set_reg(v, REG_DEBUGCTL, ~0ull);
        CHECK_EQ(hvm_get_reg(v, REG_DEBUGCTL), 3);
        hvm_set_reg(v, REG_GDTR_LIMIT, 0x12345);
        CHECK_EQ(hvm_get_reg(v, REG_GDTR_LIMIT), 0x2345);
        if (!on) {
            load(v); /* writes them to the CPU */
            unload(v);
        }
    }
    unload(v);
}

/* --- PDPTEs. --- */

static void check_pdptes(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    CHECK(!vmx_of(v)->pdptes_stale);
    CHECK_EQ(vmread(VMCS_GUEST_PDPTE0), a);
    CHECK_EQ(vmread(VMCS_GUEST_PDPTE1), b);
    CHECK_EQ(vmread(VMCS_GUEST_PDPTE2), c);
    CHECK_EQ(vmread(VMCS_GUEST_PDPTE3), d);
}

static void enter(void)
{
    struct vmexit e;

    hvm_ops.enter(v, &e);
    CHECK_EQ(e.kind, EXIT_HOST_IRQ);
}

static void poison_pdptes(void)
{
    for (unsigned int i = 0; i < 4; i++)
        vmwrite(VMCS_SEG(VMCS_GUEST_PDPTE0, i), 0x77);
}

static void pdptes(void)
{
    static const struct { uint8_t reg; uint64_t val; } others[] = {
        { REG_CR0, CR0_PE },                        /* no paging */
        { REG_CR4, 0 },                             /* two levels */
        { REG_EFER, EFER_LME },                     /* four levels */
    };

    guest_pdptes[0] = 0x1001;
    guest_pdptes[1] = ~0ull;
    guest_pdptes[2] = 0x3000; /* not present, the rest is ignored */
    guest_pdptes[3] = 0x4000 | BIT(63) | BIT(12) | 1;
    guest_pdptes_at = 0x5020;
    load(v);
    hvm_set_reg(v, REG_EFER, 0);
    hvm_set_reg(v, REG_CR4, CR4_PAE);
    hvm_set_reg(v, REG_CR0, CR0_PG | CR0_PE);
    hvm_set_reg(v, REG_CR3, 0x503f); /* the low bits are none of it */
    CHECK(vmx_of(v)->pdptes_stale);
    enter();
    check_pdptes(0x1001, 0xfffffffe19, 0, 0x5001);
    /* Not again, until something is set. */
    poison_pdptes();
    enter();
    check_pdptes(0x77, 0x77, 0x77, 0x77);
    for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
        uint64_t was = hvm_get_reg(v, others[i].reg);

        hvm_set_reg(v, others[i].reg, others[i].val);
        CHECK(vmx_of(v)->pdptes_stale);
        enter();
        check_pdptes(0x77, 0x77, 0x77, 0x77);
        hvm_set_reg(v, others[i].reg, was);
        CHECK(vmx_of(v)->pdptes_stale);
        enter();
        check_pdptes(0x1001, 0xfffffffe19, 0, 0x5001);
        poison_pdptes();
    }
    guest_pdptes_at = 0;
    hvm_set_reg(v, REG_CR3, 0x6000); /* nothing there */
    enter();
    check_pdptes(0, 0, 0, 0);
    unload(v);
}

/* --- Segments. --- */

static const struct {
    uint8_t n;
    struct segment in;
    uint32_t ar, limit;
} segments[] = {
    { SEG_DS, { 0x10, 0xc93, ~0u, 0 }, 0xc093, ~0u },
    { SEG_CS, { 0x08, 0xa9b, ~0u, 0 }, 0xa09b, ~0u },
    { SEG_ES, { 0x10, 0x092, 0xffff, 0x1000 }, 0x0093, 0xffff }, /* accessed */
    { SEG_FS, { 0, 0, 0, 0x7f0000000000 }, 0x10000, 0 },
    { SEG_GS, { 3, 0x413, 0, 0 }, 0x14013, 0 }, /* not present */
    { SEG_SS, { 0, 0x060, 0, 0 }, 0x10060, 0 }, /* null, CPL 3 */
    { SEG_DS, { 0x10, 0x493, 0x123456, 0 }, 0xc093, 0x123fff },
    { SEG_DS, { 0x10, 0xc93, 0x1234, 0 }, 0x4093, 0x1234 },
    { SEG_DS, { 0x10, 0xc93, 0x1fff, 0 }, 0xc093, 0x1fff },
    { SEG_DS, { 0x10, 0x193, 0xffff, 0 }, 0x1093, 0xffff }, /* AVL */
    { SEG_CS, { 0x08, 0x41a, ~0u, 0 }, 0xc09b, ~0u },
    { SEG_TR, { 0x40, 0x089, 0x67, 0x5000 }, 0x008b, 0x67 }, /* busy */
    { SEG_TR, { 0x40, 0x081, 0x2b, 0x5000 }, 0x0083, 0x2b },
    { SEG_TR, { 0, 0, 0, 0 }, 0x0082, 0 },
    { SEG_LDTR, { 0x48, 0x082, 0xffff, 0x6000 }, 0x0082, 0xffff },
    { SEG_LDTR, { 0, 0, 0, 0 }, 0x10000, 0 },
};

static void segments_in_and_out(void)
{
    struct segment out, again;

    for (unsigned int on = 0; on < 2; on++) {
        if (on)
            load(v);
        for (unsigned int i = 0; i < ARRAY_SIZE(segments); i++) {
            const struct segment *in = &segments[i].in;
            unsigned int n = segments[i].n;
            uint32_t ar = segments[i].ar;

            hvm_set_seg(v, n, in);
            vmx_borrow(v);
            CHECK_EQ(vmread(VMCS_SEG(VMCS_GUEST_ES_AR, n)), ar);
            CHECK_EQ(vmread(VMCS_SEG(VMCS_GUEST_ES_LIMIT, n)),
                     segments[i].limit);
            CHECK_EQ(vmread(VMCS_SEG(VMCS_GUEST_ES_SEL, n)), in->sel);
            CHECK_EQ(vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, n)), in->base);
            vmx_return(v);
            hvm_get_seg(v, n, &out);
            CHECK_EQ(out.sel, in->sel);
            CHECK_EQ(out.base, in->base);
            CHECK_EQ(out.limit, segments[i].limit);
            CHECK_EQ(!!(out.attr & SEG_PRESENT), !(ar & AR_UNUSABLE));
            if (!(ar & AR_UNUSABLE))
                CHECK_EQ(out.attr, (ar & 0xff) | (ar >> 4 & 0xf00));
            hvm_set_seg(v, n, &out);
            hvm_get_seg(v, n, &again);
            CHECK(!memcmp(&out, &again, sizeof(out)));
        }
    }
    unload(v);
}

/* The privilege level is that of SS, also of one that is not usable: level 1
 * and 2 of 64-bit code can run with a null SS. */
static void privilege(void)
{
    struct segment ss;

    for (unsigned int cpl = 0; cpl < 4; cpl++) {
        uint16_t dpl = (uint16_t)(cpl << SEG_DPL_SHIFT);

        hvm_set_seg(v, SEG_SS, &(struct segment){ .attr = 0x93 | dpl });
        CHECK_EQ(hvm_cpl(v), cpl);
        vmx_borrow(v);
        vmwrite(VMCS_GUEST_SS_AR, AR_UNUSABLE | dpl);
        vmx_return(v);
        CHECK_EQ(hvm_cpl(v), cpl);
        hvm_get_seg(v, SEG_SS, &ss);
        CHECK(!(ss.attr & SEG_PRESENT));
        hvm_set_seg(v, SEG_SS, &ss);
        CHECK_EQ(hvm_cpl(v), cpl);
    }
}

static void modes(void)
{
    static const struct {
        uint64_t cr0, efer, rflags;
        uint16_t cs;
        enum hvm_mode mode;
    } t[] = {
        { 0, 0, 0, SEG_BIG, MODE_REAL },
        { 0, 0, RFLAGS_VM, 0, MODE_REAL },
        { CR0_PE, 0, 0, 0, MODE_16 },
        { CR0_PE, 0, 0, SEG_BIG, MODE_32 },
        { CR0_PE, 0, 0, SEG_LONG, MODE_16 },
        { CR0_PE, EFER_LME, 0, SEG_LONG, MODE_16 },
        { CR0_PE, 0, RFLAGS_VM, SEG_BIG, MODE_V86 },
        { CR0_PE | CR0_PG, EFER_LME, 0, SEG_LONG, MODE_64 },
        { CR0_PE | CR0_PG, EFER_LME, 0, SEG_BIG, MODE_32 },
        { CR0_PE | CR0_PG, EFER_LME, 0, 0, MODE_16 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        struct segment cs = { .attr = 0x9b | t[i].cs };

        hvm_set_reg(v, REG_CR0, t[i].cr0);
        hvm_set_reg(v, REG_EFER, t[i].efer);
        hvm_set_seg(v, SEG_CS, &cs);
        vcpu_regs(v)->rflags = t[i].rflags;
        CHECK_EQ(hvm_mode(v), t[i].mode);
    }
}

/* --- Whole states. --- */

static const struct { uint8_t reg; uint64_t val; } reset_regs[] = {
    { REG_EFER, 0 }, { REG_CR0, CR0_ET }, { REG_CR2, 0 }, { REG_CR3, 0 },
    { REG_CR4, 0 }, { REG_DR6, 0xffff0ff0 }, { REG_DR7, 0x400 },
    { REG_GDTR_BASE, 0 }, { REG_GDTR_LIMIT, 0xffff }, { REG_IDTR_BASE, 0 },
    { REG_IDTR_LIMIT, 0xffff }, { REG_SYSENTER_CS, 0 },
    { REG_SYSENTER_ESP, 0 }, { REG_SYSENTER_EIP, 0 }, { REG_FS_BASE, 0 },
    { REG_GS_BASE, 0 }, { REG_PAT, 0x0007040600070406 }, { REG_DEBUGCTL, 0 },
};

/* As hvm_vcpu_reset(); its values are not reachable from here. */
static void reset(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(reset_regs); i++)
        hvm_set_reg(v, reset_regs[i].reg, reset_regs[i].val);
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, &(struct segment){ 0, 0x93, 0xffff, 0 });
    hvm_set_seg(v, SEG_CS, &(struct segment){ 0xf000, 0x9b, 0xffff, 0xf0000 });
    hvm_set_seg(v, SEG_LDTR, &(struct segment){ 0, 0x82, 0xffff, 0 });
    hvm_set_seg(v, SEG_TR, &(struct segment){ 0, 0x8b, 0xffff, 0 });
    hvm_ops.set_shadow(v, 0);
    vcpu_regs(v)->rip = 0xfff0;
    vcpu_regs(v)->rflags = RFLAGS_MBS;
}

static void flat(uint16_t code)
{
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, &(struct segment){ 0x18, 0xc93, ~0u, 0 });
    hvm_set_seg(v, SEG_CS, &(struct segment){ 0x10, code, ~0u, 0 });
    hvm_set_seg(v, SEG_LDTR, &(struct segment){ 0 });
    hvm_set_seg(v, SEG_TR, &(struct segment){ 0x20, 0x89, 0x67, 0x1000 });
    hvm_set_reg(v, REG_CR0, CR0_PE | CR0_PG | CR0_WP);
    hvm_set_reg(v, REG_CR3, 0x5020);
    hvm_set_reg(v, REG_CR4, CR4_PAE | CR4_PGE);
    vcpu_regs(v)->rip = 0x100000;
    vcpu_regs(v)->rflags = RFLAGS_MBS | RFLAGS_IF;
}

static void state_64(void)
{
    hvm_set_reg(v, REG_EFER, EFER_LME | EFER_SCE | EFER_NXE);
    flat(0xa9b);
    vcpu_regs(v)->rip = 0xffffffff81000000;
    hvm_set_reg(v, REG_GS_BASE, 0xffff888000000000);
}

static void state_pae(void)
{
    guest_pdptes_at = 0x5020;
    for (unsigned int i = 0; i < 4; i++)
        guest_pdptes[i] = ~0ull;
    flat(0xc9b);
}

static void state_32(void)
{
    flat(0xc9b);
    hvm_set_reg(v, REG_CR4, CR4_PSE);
}

static void state_v86(void)
{
    flat(0xc9b);
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, &(struct segment){ 0x1234, 0xf3, 0xffff, 0x12340 });
    vcpu_regs(v)->rip = 0x100;
    vcpu_regs(v)->rflags |= RFLAGS_VM;
}

static void state_user(void)
{
    state_64();
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, &(struct segment){ 0 });
    hvm_set_seg(v, SEG_SS, &(struct segment){ 0x2b, 0xcf3, ~0u, 0 });
    hvm_set_seg(v, SEG_CS, &(struct segment){ 0x33, 0xafb, ~0u, 0 });
    hvm_set_reg(v, REG_FS_BASE, 0x7f0000000000);
    vcpu_regs(v)->rip = 0x400000;
}

/* Caches off, as a guest that sets MTRRs has them. */
static void state_uncached(void)
{
    hvm_set_reg(v, REG_CR0, CR0_CD | CR0_NW | CR0_ET);
}

/* Bits that are not for the guest; flags that do not exist. */
static void state_odd(void)
{
    hvm_set_reg(v, REG_CR4, CR4_LA57 | CR4_VMXE | CR4_CET);
    hvm_set_reg(v, REG_DEBUGCTL, ~0ull);
    vcpu_regs(v)->rflags = ~(uint64_t)(RFLAGS_VM | RFLAGS_MBS | RFLAGS_TF);
}

static void check_entry(const char *name)
{
    enter();
    CHECK(!refused);
    if (refused)
        fprintf(stderr, "%s: %s = %#llx: %s\n", name, fault.field,
                (unsigned long long)fault.value, fault.why);
}

static void gp(void)
{
    hvm_ops.inject(v, &(struct hvm_event){
        .type = EVENT_EXCEPTION, .vector = VEC_GP, .has_error = true });
}

static void states(void)
{
    static const struct { void (*set)(void); const char *name; } t[] = {
        { reset, "reset" }, { state_64, "64-bit" }, { state_pae, "PAE" },
        { state_32, "32-bit" }, { state_v86, "virtual-8086" },
        { state_user, "64-bit, user mode" }, { state_uncached, "uncached" },
        { state_odd, "odd bits" },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        unload(v); /* set by a tool while it is not on a CPU */
        reset();
        t[i].set();
        load(v);
        check_entry(t[i].name);
        hvm_set_reg(v, REG_CR3, 0x5020);
        check_entry(t[i].name);
        hvm_ops.window(v, true, true, false);
        check_entry(t[i].name);
        hvm_ops.window(v, false, false, false);
        gp();
        check_entry(t[i].name);
        vmwrite(VMCS_ENTRY_EVENT, 0); /* the CPU did */
        reset();
        check_entry("reset again");
    }
}

/* A guest that goes to long mode by itself, then is left and entered. */
static void go_long(void)
{
    vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | CR0_PG);
    vmwrite(VMCS_GUEST_EFER, EFER_LME | EFER_LMA);
    vmwrite(VMCS_ENTRY_CTLS, vmread(VMCS_ENTRY_CTLS) | ENTRY_IA32E);
}

static void mode_changes(void)
{
    reset();
    flat(0xc9b);
    hvm_set_reg(v, REG_CR0, CR0_PE);
    hvm_set_reg(v, REG_EFER, EFER_LME);
    check_entry("before long mode");
    guest = go_long;
    enter();
    CHECK_EQ(hvm_get_reg(v, REG_EFER), EFER_LME | EFER_LMA);
    check_entry("in long mode");
    hvm_set_reg(v, REG_EFER, hvm_get_reg(v, REG_EFER) | EFER_SCE);
    check_entry("EFER written in long mode");
    hvm_set_reg(v, REG_CR0, CR0_PE);
    CHECK_EQ(hvm_get_reg(v, REG_EFER), EFER_LME | EFER_SCE);
    check_entry("out of long mode");
}

/* --- Anything. --- */

static uint64_t random64(void)
{
    uint64_t val = (uint64_t)fake_random(~0u) << 32 | fake_random(~0u);

    switch (fake_random(4)) {
    case 0:
        return val & 0xffff;
    case 1:
        return BIT(fake_random(64));
    case 2:
        return (uint64_t)((int64_t)(val << 16) >> 16);
    default:
        return val;
    }
}

static void random_reg(struct vcpu *w)
{
    unsigned int r = fake_random(NR_HVM_REGS);
    uint64_t val;

    hvm_set_reg(w, r, random64());
    val = hvm_get_reg(w, r);
    hvm_set_reg(w, r, val);
    CHECK_EQ(hvm_get_reg(w, r), val);
}

static void random_seg(struct vcpu *w)
{
    unsigned int s = fake_random(NR_HVM_SEGS);
    struct segment in = {
        (uint16_t)fake_random(0x10000), (uint16_t)fake_random(0x1000),
        (uint32_t)random64(), random64()
    }, out, again;

    hvm_set_seg(w, s, &in);
    hvm_get_seg(w, s, &out);
    hvm_set_seg(w, s, &out);
    hvm_get_seg(w, s, &again);
    CHECK(!memcmp(&out, &again, sizeof(out)));
    CHECK(hvm_cpl(w) < 4);
    CHECK(hvm_mode(w) <= MODE_64);
}

/* Is the fault in what Lodge, not the guest's owner, answers for? */
static bool is_ours(void)
{
    return strstr(fault.field, "controls") ||
           strstr(fault.field, "address") ||
           !strcmp(fault.field, "IA32_DEBUGCTL") ||
           (!strcmp(fault.field, "RFLAGS") && strstr(fault.why, "reserved"));
}

/* Values as of a damaged save file: they may be refused by the entry, never
 * fault before it (the fakes abort), and what is read can be set again. */
static void random_states(void)
{
    unsigned int passed = 0;

    for (unsigned int n = 0; n < 10000; n++) {
        struct regs *r = vcpu_regs(v);

        if (n % 16 == 0)
            reset();
        if (n % 64 == 1)
            state_64();
        random_reg(v);
        random_reg(other);
        random_seg(fake_random(2) ? v : other);
        r->rflags = random64();
        r->rip = random64();
        hvm_ops.set_shadow(v, fake_random(4) & SHADOW_NMI);
        if (fake_random(8) == 0) {
            unload(v);
            random_reg(v);
            random_seg(v);
            load(v);
        }
        enter();
        passed += !refused;
        CHECK(!refused || !is_ours());
    }
    CHECK(passed > 10);
}

int main(void)
{
    v = fake_vmx_start();
    other = &doms[2].v[0];
    CHECK_EQ(hvm_ops.vcpu_init(other), 0);
    registers();
    borrowing();
    cr0();
    cr4();
    efer();
    sanitised();
    pdptes();
    segments_in_and_out();
    privilege();
    modes();
    load(v);
    states();
    mode_changes();
    random_states();
    unload(v);
    hvm_ops.vcpu_exit(other);
    hvm_ops.vcpu_exit(v);
    fake_doms_destroy();
    return test_result();
}
