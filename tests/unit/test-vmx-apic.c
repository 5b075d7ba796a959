/* sources: hvm/vmx/apic.c hvm/vmx/vmx.c hvm/vmx/regs.c hvm/vmx/caps.c hvm/vmx/check.c hvm/vmx/exit.c hvm/vmx/inject.c hypervisor/lib/format.c hvm/base/tlb-tag.c hvm/mem/p2m.c hvm/mem/peek.c hvm/irq/vlapic.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC that the CPU keeps: what stands in the VMCS in each of its
 * modes, with each set of features, against tables of SDM vol. 3C 30.5 and
 * the checks of an entry; what an entry tells the CPU and when; pages made,
 * shared and given back.
 */
#include <string.h>

#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/x86/irq.h"
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/vmx-fakes.h"

TEST_PROGRAM;

static struct vcpu *v;
static struct vlapic *a;
static struct route route;

/* --- What these files call. --- */

void vlapic_kick(struct vlapic *x) {}
void vlapic_notify(struct vlapic *x) {}
void vlapic_signal(struct vlapic *x, enum apic_delivery what, uint8_t vector) {}
unsigned int vlapic_cr8(const struct vlapic *x) { return vlapic_tpr(x) >> 4; }
void vlapic_set_cr8(struct vlapic *x, unsigned int cr8) {}
void vlapic_enabled_again(struct vlapic *x) {}
uint64_t vlapic_tsc_to_ns(const struct vlapic *x, uint64_t t) { return t; }
void route_pic_rewire(struct route *r) {}
void ticks_resume(struct route *r) {}
void vioapic_eoi(struct route *r, uint8_t vector) {}
int vpic_inta(struct route *r, const struct vlapic *x) { return -1; }
enum irq_result apicbus_deliver(struct apicbus *b, struct vlapic *from,
                                const struct apic_msg *m)
{
    return IRQ_IGNORED;
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg) {}
void timer_set(struct timer *t, uint64_t expires) {}
void timer_stop(struct timer *t) {}
void timer_kill(struct timer *t) {}
int guest_read_phys(struct domain *d, void *dst, gpa_t at, size_t n)
{
    return -EFAULT;
}

static struct vmx_fault fault;
static unsigned int writes; /* of the last entry */

bool vmx_run(struct regs *r, bool launched)
{
    writes = fake_vmx.vmwrites;
    CHECK(!vmx_find_fault(&fault));
    if (fault.field)
        fprintf(stderr, "%s = %#llx: %s\n", fault.field,
                (unsigned long long)fault.value, fault.why);
    fault.field = NULL;
    fake_vmcs_set(VMCS_EXIT_REASON, REASON_INTR);
    return false;
}

static void enter(void)
{
    struct vmexit e;

    fake_vmx.vmwrites = 0;
    hvm_ops.enter(v, &e);
    CHECK_EQ(e.kind, EXIT_HOST_IRQ);
}

/* --- The machine. --- */

#define REGISTERS BIT(8)
#define DELIVERY BIT(9)
#define POSTED BIT(7)

/* All features of the APIC in the CPU, and what is common to all modes. */
static uint32_t all_proc2, all_pin, base_proc2, base_pin;

static void use(bool registers, bool posted)
{
    vmx_caps.use[WORD_PROC2] = all_proc2;
    vmx_caps.use[WORD_PIN] = all_pin;
    if (!registers)
        vmx_caps.use[WORD_PROC2] &= ~(uint32_t)REGISTERS;
    if (!posted)
        vmx_caps.use[WORD_PIN] &= ~(uint32_t)POSTED;
}

static void start(void)
{
    fake_doms_create();
    fake_lapics_create();
    route.domain = &doms[1].d;
    for (unsigned int i = 0; i < NR_DOMS; i++)
        for (unsigned int n = 0; n < NR_VCPUS; n++)
            vlapic_init(&fake_lapic[i][n], &route, i * NR_VCPUS + n,
                        lodge_pages_alloc(0));
    hvm_ops = vmx_ops;
    fake_caps_set();
    fake_msr_set(MSR_VMX_TRUE_PIN, rdmsr(MSR_VMX_TRUE_PIN) | POSTED << 32);
    fake_msr_set(MSR_VMX_PROC2,
                 rdmsr(MSR_VMX_PROC2) | (REGISTERS | DELIVERY) << 32);
    CHECK_EQ(hvm_ops.cpu_enable(), 0);
    all_proc2 = vmx_caps.use[WORD_PROC2];
    all_pin = vmx_caps.use[WORD_PIN];
    base_proc2 = all_proc2 & ~(uint32_t)(BIT(0) | BIT(4) | REGISTERS |
                                         DELIVERY);
    base_pin = all_pin & ~(uint32_t)POSTED;
    CHECK_EQ(all_proc2, base_proc2 | BIT(0) | BIT(4) | REGISTERS | DELIVERY);
    CHECK_EQ(all_pin, base_pin | POSTED);
}

/* The state of hvm_vcpu_reset(), which an entry takes. */
static void reset(void)
{
    hvm_set_reg(v, REG_CR0, CR0_ET);
    hvm_set_reg(v, REG_CR4, 0);
    hvm_set_reg(v, REG_DR7, 0x400);
    hvm_set_reg(v, REG_PAT, 0x0007040600070406);
    for (unsigned int s = SEG_ES; s <= SEG_GS; s++)
        hvm_set_seg(v, s, &(struct segment){ 0, 0x93, 0xffff, 0 });
    hvm_set_seg(v, SEG_CS, &(struct segment){ 0xf000, 0x9b, 0xffff, 0xf0000 });
    hvm_set_seg(v, SEG_LDTR, &(struct segment){ 0, 0x82, 0xffff, 0 });
    hvm_set_seg(v, SEG_TR, &(struct segment){ 0, 0x8b, 0xffff, 0 });
    vcpu_regs(v)->rip = 0xfff0;
    vcpu_regs(v)->rflags = RFLAGS_MBS;
}

/* What domain.c does at the end. */
static void free_apic_page(struct domain *d)
{
    (void)p2m_unmap(d, gfn(0xfee00), 0, INVALID_MFN);
    lodge_pages_free(d->hvm->apic_page, 0);
    d->hvm->apic_page = NULL;
}

/* --- Pages. --- */

static void *frame_at(enum vmcs_field f)
{
    CHECK_EQ(vmread(f) & (PAGE_SIZE - 1), 0);
    return fake_frame(maddr_to_mfn(vmread(f)));
}

static void made(void)
{
    struct vcpu *w = &doms[1].v[1];
    struct p2m_entry e;

    CHECK_EQ(hvm_ops.vcpu_init(v), 0);
    CHECK_EQ(hvm_ops.vcpu_init(w), 0);
    CHECK(a->assisted && a->changed);
    e = p2m_lookup(v->domain, gfn(0xfee00));
    CHECK_EQ(e.type, P2M_APIC);
    CHECK(fake_frame(e.mfn) == v->domain->hvm->apic_page);
    hvm_ops.vcpu_load(v);
    CHECK(frame_at(VMCS_VIRTUAL_APIC) == a->regs);
    CHECK(frame_at(VMCS_APIC_ACCESS) == v->domain->hvm->apic_page);
    CHECK(frame_at(VMCS_POSTED_DESC) == a->posted);
    CHECK_EQ(vmread(VMCS_POSTED_VECTOR), VECTOR_POSTED);
    CHECK_EQ(sizeof(*a->posted), 64);
    CHECK_EQ(offsetof(struct vlapic_posted, on), 32);
    hvm_ops.vcpu_save(v);
    /* One for the domain, all else each its own. */
    hvm_ops.vcpu_load(w);
    CHECK(frame_at(VMCS_VIRTUAL_APIC) == w->hvm->lapic->regs);
    CHECK(frame_at(VMCS_APIC_ACCESS) == v->domain->hvm->apic_page);
    CHECK(frame_at(VMCS_POSTED_DESC) == w->hvm->lapic->posted);
    CHECK(w->hvm->lapic->posted != a->posted);
    hvm_ops.vcpu_save(w);
    hvm_ops.vcpu_exit(w);
    CHECK(!w->hvm->lapic->posted);
}

/* Each allocation fails once; the vCPU that comes next has all it needs. */
static void fails(void)
{
    struct vcpu *w = &doms[2].v[0];
    struct vlapic *b = w->hvm->lapic;
    unsigned int tables = w->domain->hvm->p2m->tables, n = 0;
    unsigned int before = fake_allocs() - tables;
    int rc;

    do {
        fake_fail_after((int)n++);
        rc = hvm_ops.vcpu_init(w);
        fake_fail_after(-1);
        CHECK(rc == 0 || rc == -ENOMEM);
        if (w->domain->hvm->apic_page)
            CHECK_EQ(p2m_lookup(w->domain, gfn(0xfee00)).type, P2M_APIC);
        if (!rc)
            continue;
        if (w->hvm->vendor)
            hvm_ops.vcpu_exit(w);
        w->hvm->vendor = NULL;
        CHECK(!b->posted);
        CHECK_EQ(fake_allocs(), before + w->domain->hvm->p2m->tables +
                                !!w->domain->hvm->apic_page);
    } while (rc && n < 20);
    CHECK_EQ(n, 5); /* each kind has failed */
    CHECK(b->posted);
    hvm_ops.vcpu_exit(w);
    free_apic_page(w->domain);
    CHECK_EQ(fake_allocs(), before + w->domain->hvm->p2m->tables);
    /* Without descriptors none is made. */
    use(true, false);
    CHECK_EQ(hvm_ops.vcpu_init(w), 0);
    CHECK(b->assisted && !b->posted);
    hvm_ops.vcpu_exit(w);
    free_apic_page(w->domain);
    CHECK_EQ(fake_allocs(), before + w->domain->hvm->p2m->tables);
    use(true, true);
}

/* A CPU that keeps no APIC. */
static void unassisted(void)
{
    struct vcpu *w = &doms[2].v[1];
    unsigned int before = fake_allocs();

    vmx_caps.use[WORD_PROC2] = base_proc2;
    vmx_caps.use[WORD_PIN] = base_pin;
    CHECK_EQ(hvm_ops.vcpu_init(w), 0);
    CHECK(!w->hvm->lapic->assisted && !w->hvm->lapic->posted);
    CHECK(!w->domain->hvm->apic_page);
    CHECK(vmx_of(w)->vapic != w->hvm->lapic->regs);
    hvm_ops.set_tpr(w, 9);
    CHECK_EQ(vmx_of(w)->vapic[0x80 / 4], 0x90);
    CHECK_EQ(vlapic_tpr(w->hvm->lapic), 0);
    hvm_ops.vcpu_exit(w);
    CHECK_EQ(fake_allocs(), before);
    use(true, true);
}

/* --- Modes. --- */

enum { OFF, XAPIC_DISABLED, XAPIC, X2_DISABLED, X2, MODES };

static void set_mode(unsigned int mode)
{
    const uint64_t base = APIC_BASE_DEFAULT, on = base | APIC_BASE_MSR_ENABLE;

    CHECK_EQ(vlapic_base_write(a, base), 0);
    if (mode == OFF)
        return;
    CHECK_EQ(vlapic_base_write(a, on), 0);
    if (mode >= X2_DISABLED)
        CHECK_EQ(vlapic_base_write(a, on | APIC_BASE_MSR_X2APIC), 0);
    if (mode == XAPIC)
        vlapic_mmio_write(a, APIC_SPIV, 4, 0x1ff);
    else if (mode == X2)
        CHECK_EQ(vlapic_msr_write(a, 0x80f, 0x1ff), 0);
}

/* Secondary and pin-based controls: 0 APIC accesses, 4 x2APIC, 8 registers,
 * 9 delivery; 7 posted. An APIC that is disabled sends not even to itself. */
static const struct {
    uint32_t proc2, pin;
} mode_controls[MODES] = {
    [OFF] = { 0, 0 },
    [XAPIC_DISABLED] = { BIT(0), 0 },
    [XAPIC] = { BIT(0) | BIT(9), BIT(7) },
    [X2_DISABLED] = { 0, 0 },
    [X2] = { BIT(4) | BIT(8) | BIT(9), BIT(7) },
};

static void modes(void)
{
    uint64_t bitmap[2];

    reset();
    for (unsigned int f = 0; f < 4; f++) {
        use(f & 1, f & 2);
        for (unsigned int from = 0; from < MODES; from++)
            for (unsigned int to = 0; to < MODES; to++) {
                set_mode(from);
                enter();
                bitmap[0] = vmread(VMCS_MSR_BITMAP);
                set_mode(to);
                CHECK(a->changed || (from == OFF && to == OFF));
                enter();
                CHECK(!a->changed);
                bitmap[1] = vmread(VMCS_MSR_BITMAP);
                CHECK_EQ(vmread(VMCS_PROC_CTLS2), base_proc2 |
                         (mode_controls[to].proc2 &
                          ~(f & 1 ? 0 : (uint32_t)REGISTERS)));
                CHECK_EQ(vmread(VMCS_PIN_CTLS), base_pin |
                         (f & 2 ? mode_controls[to].pin : 0));
                CHECK_EQ(bitmap[0] == bitmap[1], (from == X2) == (to == X2));
            }
    }
    use(true, true);
}

/* --- MSR bitmaps. --- */

/* MSRs of x2APIC mode that the CPU reads from the page as they are. Not 830,
 * of which it would take both halves from one place; not 839, which runs. */
static const struct { uint16_t first, last; } reads[] = {
    { 0x802, 0x803 }, { 0x808, 0x808 }, { 0x80a, 0x80a }, { 0x80d, 0x80d },
    { 0x80f, 0x828 }, { 0x82f, 0x82f }, { 0x832, 0x838 }, { 0x83e, 0x83e },
};
/* Writes that have a meaning under virtual-interrupt delivery: TPR, EOI and
 * SELF IPI. */
static const uint16_t msr_writes[] = { 0x808, 0x80b, 0x83f };

static bool want_read(uint32_t msr, bool registers)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(reads); i++)
        if (msr >= reads[i].first && msr <= reads[i].last)
            return registers || msr == 0x808;
    return false;
}

static bool want_write(uint32_t msr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(msr_writes); i++)
        if (msr == msr_writes[i])
            return true;
    return false;
}

static bool exits(const uint8_t *map, uint32_t n)
{
    return map[n / 8] >> n % 8 & 1;
}

static void bitmaps(void)
{
    struct vmx_maps *was = vmx_maps, *maps = lodge_pages_alloc(2);
    uint8_t *plain = maps->msrs, copy[PAGE_SIZE];

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        copy[i] = plain[i] = (uint8_t)fake_random(256);
    /* As for a guest: all of the APIC's exit. */
    memset(plain + 0x100, 0xff, 0x20);
    memset(plain + 0x900, 0xff, 0x20);
    memcpy(copy, plain, PAGE_SIZE);
    vmx_maps = maps;
    for (unsigned int registers = 0; registers < 2; registers++) {
        const uint8_t *map;

        use(registers, true);
        memcpy(maps->x2apic_msrs, plain, PAGE_SIZE);
        vmx_apic_open(maps->x2apic_msrs);
        CHECK(!memcmp(plain, copy, PAGE_SIZE));
        set_mode(XAPIC);
        enter();
        CHECK(frame_at(VMCS_MSR_BITMAP) == plain);
        set_mode(X2);
        enter();
        map = frame_at(VMCS_MSR_BITMAP);
        CHECK(map == maps->x2apic_msrs);
        for (uint32_t n = 0; n < 0x2000; n++) {
            bool r = exits(plain, n), w = exits(plain + 0x800, n);

            if (n >= 0x800 && n <= 0x8ff) {
                r = !want_read(n, registers);
                w = !want_write(n);
            }
            CHECK_EQ(exits(map, n), r);
            CHECK_EQ(exits(map + 0x800, n), w);
        }
        /* MSRs from c0000000 on. */
        CHECK(!memcmp(map + 0x400, plain + 0x400, 0x400));
        CHECK(!memcmp(map + 0xc00, plain + 0xc00, 0x400));
    }
    vmx_maps = was;
    lodge_pages_free(maps, 2);
    use(true, true);
}

/* What the CPU reads from the page is what the emulation would have read. */
static void page_reads(void)
{
    set_mode(X2);
    for (unsigned int n = 0; n < 50; n++) {
        for (unsigned int i = 0; i < 5; i++) {
            unsigned int vector = 16 + fake_random(240);

            (void)vlapic_post(a, (uint8_t)vector, fake_random(2));
            a->regs[APIC_ISR / 4 + vector / 32 * 4] |= 1u << vector % 32;
        }
        (void)vlapic_msr_write(a, 0x808, fake_random(256));
        for (uint32_t m = 0x82f; m <= 0x838; m++)
            (void)vlapic_msr_write(a, m, fake_random(0x100) | 0x10000);
        (void)vlapic_msr_write(a, 0x83e, fake_random(4));
        (void)vlapic_msr_write(a, 0x828, 0);
        if (fake_random(4) == 0)
            vlapic_init_signal(a);
        for (uint32_t m = 0x800; m <= 0x8ff; m++) {
            uint64_t val = ~0ull;

            if (!want_read(m, true))
                continue;
            CHECK_EQ(vlapic_msr_read(a, m, &val), 0);
            CHECK_EQ(a->regs[(m & 0xff) * 4], val);
        }
    }
    set_mode(X2);
}

/* --- What an entry tells. --- */

static void put(unsigned int bank, unsigned int n, bool on)
{
    uint32_t *word = &a->regs[bank / 4 + n / 32 * 4];

    *word = (*word & ~(1u << n % 32)) | (uint32_t)on << n % 32;
}

static void clear(unsigned int bank)
{
    for (unsigned int n = 0; n < 256; n++)
        put(bank, n, false);
}

static void when(void)
{
    set_mode(XAPIC);
    enter();
    enter();
    CHECK_EQ(writes, 0);
    a->changed = true;
    enter();
    CHECK(writes > 0);
    CHECK(!a->changed);
    enter();
    CHECK_EQ(writes, 0);
    /* A request that is in the descriptor, and nothing else. */
    a->posted->irr[2] = 1u << 3;
    a->posted->on = 1;
    enter();
    CHECK_EQ(a->regs[APIC_IRR / 4 + 8], 1u << 3);
    CHECK_EQ(a->posted->on, 0);
    CHECK_EQ(vmread(VMCS_GUEST_INTR_STATUS), 0x43);
    enter();
    CHECK_EQ(writes, 0);
    clear(APIC_IRR);
}

static void status(void)
{
    set_mode(XAPIC);
    for (unsigned int n = 0; n < 2000; n++) {
        unsigned int rvi = 0, svi = 0;

        clear(APIC_IRR);
        clear(APIC_ISR);
        for (unsigned int i = fake_random(4); i-- > 0;) {
            unsigned int vector = 16 + fake_random(240);

            rvi = MAX(rvi, vector);
            put(APIC_IRR, vector, true);
        }
        for (unsigned int i = fake_random(4); i-- > 0;) {
            unsigned int vector = 16 + fake_random(240);

            svi = MAX(svi, vector);
            put(APIC_ISR, vector, true);
        }
        a->changed = true;
        enter();
        CHECK_EQ(vmread(VMCS_GUEST_INTR_STATUS), svi << 8 | rvi);
    }
    clear(APIC_IRR);
    clear(APIC_ISR);
}

static void eoi_exits(void)
{
    static const enum vmcs_field fields[] = {
        VMCS_EOI_EXIT0, VMCS_EOI_EXIT1, VMCS_EOI_EXIT2, VMCS_EOI_EXIT3
    };

    set_mode(XAPIC);
    for (unsigned int n = 0; n < 256; n++) {
        clear(APIC_TMR);
        put(APIC_TMR, n, true);
        a->changed = true;
        enter();
        for (unsigned int i = 0; i < 4; i++)
            CHECK_EQ(vmread(fields[i]), n / 64 == i ? BIT(n % 64) : 0);
    }
    for (unsigned int n = 0; n < 500; n++) {
        for (unsigned int i = fake_random(20); i-- > 0;)
            put(APIC_TMR, fake_random(256), fake_random(2));
        a->changed = true;
        enter();
        for (unsigned int i = 0; i < 256; i++)
            CHECK_EQ(vmread(fields[i / 64]) >> i % 64 & 1,
                     a->regs[APIC_TMR / 4 + i / 32 * 4] >> i % 32 & 1);
    }
    /* By way of the vlapic: told before it is delivered. */
    clear(APIC_TMR);
    (void)vlapic_post(a, 0x91, true);
    a->changed = true; /* as does who finds the request */
    enter();
    CHECK_EQ(vmread(VMCS_EOI_EXIT2), BIT(0x11));
    CHECK_EQ(vmread(VMCS_GUEST_INTR_STATUS), 0x91);
}

/* TPR is where the CPU and the guest have it: in the page. */
static void tpr(void)
{
    a->regs[APIC_TPR / 4] = 0x5f;
    CHECK_EQ(hvm_ops.get_tpr(v), 5);
    hvm_ops.set_tpr(v, 5); /* what TPR's lower half is, stays */
    CHECK_EQ(vlapic_tpr(a), 0x5f);
    vlapic_mmio_write(a, APIC_TPR, 4, 0x77);
    CHECK_EQ(hvm_ops.get_tpr(v), 7);
    vlapic_mmio_write(a, APIC_TPR, 4, 0);
}

int main(void)
{
    start();
    v = &doms[1].v[0];
    a = v->hvm->lapic;
    fails();
    unassisted();
    fake_vmx_reset(); /* forgets the structures that were given back */
    made();
    hvm_ops.vcpu_load(v);
    modes();
    bitmaps();
    page_reads();
    when();
    status();
    eoi_exits();
    tpr();
    hvm_ops.vcpu_save(v);
    hvm_ops.vcpu_exit(v);
    CHECK(!a->posted);
    free_apic_page(v->domain);
    fake_doms_destroy();
    return test_result();
}
