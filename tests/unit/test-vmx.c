/* sources: hvm/vmx/vmx.c hvm/vmx/apic.c hvm/vmx/regs.c hvm/vmx/caps.c hvm/vmx/check.c hvm/vmx/exit.c hvm/vmx/inject.c hypervisor/lib/format.c hvm/base/tlb-tag.c hvm/policy/msr-table.c hvm/msr.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x: turning it on, making control structures and failing to, the bitmaps,
 * what an entry writes and flushes, an entry that fails.
 */
#include <string.h>

#include "hvm/irq/vlapic.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/msr-table.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/vcpu.h"
#include "hypervisor/x86/asm.h"
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/vmx-fakes.h"

TEST_PROGRAM;

static struct vcpu *v;

/* --- What these files call. --- */

struct spec spec;

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
int guest_read_phys(struct domain *d, void *dst, gpa_t a, size_t n)
{
    return -EFAULT;
}
int guest_write_phys(struct domain *d, gpa_t a, const void *s, size_t n)
{
    return -EFAULT;
}
void hvm_latch_layout(struct domain *d) {}
bool cpuid_guest_has(const struct vcpu *w, unsigned int f) { return false; }
unsigned int cpuid_guest_phys_bits(const struct vcpu *w) { return 40; }
uint64_t cpuid_guest_efer(const struct vcpu *w)
{
    return EFER_SCE | EFER_LME | EFER_NXE;
}

uint64_t cpuid_guest_msr_bits(const struct vcpu *w, uint32_t i) { return 0; }

static struct {
    unsigned int runs, writes;
    bool launched, fail;
    uint64_t vpid, cr2;
    uint64_t reason;
} run = { .reason = REASON_INTR };

bool vmx_run(struct regs *r, bool launched)
{
    CHECK(r == vcpu_regs(v));
    run.runs++;
    run.launched = launched;
    run.writes = fake_vmx.vmwrites;
    run.vpid = vmread(VMCS_VPID);
    run.cr2 = read_cr2();
    if (run.fail) {
        fake_vmcs_set(VMCS_INSN_ERROR, 7);
        return true;
    }
    r->gpr[RAX]++;
    fake_vmcs_set(VMCS_EXIT_REASON, run.reason);
    return false;
}

static struct vmexit enter(void)
{
    struct vmexit e;

    fake_vmx.vmwrites = 0;
    memset(&e, 0xa5, sizeof(e));
    hvm_ops.enter(v, &e);
    return e;
}

/* --- Turning it on. --- */

static bool cannot(const char *says)
{
    jmp_buf jump;

    fake_panic_text[0] = 0;
    fake_panic_jump = &jump;
    if (!setjmp(jump))
        (void)hvm_ops.cpu_enable();
    fake_panic_jump = NULL;
    return strstr(fake_panic_text, says) && fake_panic_text[0];
}

static void turn_on(void)
{
    uint64_t ctl;

    /* No memory for the region, for the maps. */
    for (int n = 0; n < 2; n++) {
        fake_fail_after(n);
        CHECK_EQ(hvm_ops.cpu_enable(), -ENOMEM);
        CHECK_EQ(fake_vmx.vmxon, 0);
    }
    fake_fail_after(-1);
    fake_msr_set(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED);
    CHECK(cannot("switched off in the firmware"));
    fake_msr_set(MSR_FEATURE_CONTROL, BIT(5)); /* left to us */
    fake_cr[0] = CR0_PG | CR0_WP | CR0_PE;
    fake_cr[4] = CR4_PAE;
    CHECK_EQ(hvm_ops.cpu_enable(), 0);
    CHECK(fake_msr_get(MSR_FEATURE_CONTROL, &ctl));
    CHECK_EQ(ctl, BIT(5) | FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMXON);
    CHECK_EQ(fake_cr[0], CR0_PG | CR0_WP | CR0_PE | CR0_NE);
    CHECK_EQ(fake_cr[4], CR4_PAE | CR4_VMXE);
    CHECK_EQ(fake_vmx.vmxon, 1);
    CHECK_EQ(*(uint32_t *)fake_frame(maddr_to_mfn(fake_vmx.vmxon_pa)), 4);
    CHECK(pt_format.has_1g);
    fake_vmx.fail = true;
    CHECK(cannot("refuses VMXON"));
    fake_vmx.fail = false;
    fake_caps_set();
}

/* --- Control structures. --- */

/* The allocation fails: nothing is left. */
static void init_fails(void)
{
    unsigned int before = fake_allocs();

    fake_fail_after(0);
    CHECK_EQ(hvm_ops.vcpu_init(v), -ENOMEM);
    fake_fail_after(-1);
    CHECK(!v->hvm->vendor);
    CHECK_EQ(fake_allocs(), before);
    CHECK_EQ(hvm_ops.vcpu_init(v), 0);
    hvm_ops.vcpu_exit(v);
    CHECK_EQ(fake_allocs(), before);
}

static void made(void)
{
    struct vmx_vcpu *s;

    CHECK_EQ(hvm_ops.vcpu_init(v), 0);
    s = vmx_of(v);
    CHECK_EQ(s->vmcs[0], 4);
    CHECK_EQ(fake_vmx.vmclear_pa, s->vmcs_pa);
    CHECK_EQ(fake_vmx.loaded, ~0ull); /* in memory */
    fake_cr[0] = 0x80010031;
    fake_cr[3] = 0x9000;
    fake_cr[4] = CR4_VMXE | CR4_PAE;
    hvm_ops.vcpu_load(v);
    CHECK_EQ(vmread(VMCS_EPT_POINTER),
             va_to_maddr(v->domain->hvm->p2m->root) | 0x5e);
    CHECK_EQ(vmread(VMCS_GUEST_LINK), ~0ull);
    CHECK_EQ(vmread(VMCS_EXCEPTION_BITMAP), BIT(1) | BIT(17) | BIT(18));
    CHECK(fake_frame(maddr_to_mfn(vmread(VMCS_VIRTUAL_APIC))) == s->vapic);
    CHECK_EQ(vmread(VMCS_HOST_CR0), 0x80010031);
    CHECK_EQ(vmread(VMCS_HOST_CR3), 0x9000);
    CHECK_EQ(vmread(VMCS_HOST_CR4), CR4_VMXE | CR4_PAE);
    CHECK_EQ(vmread(VMCS_HOST_CS_SEL), HOST_CS);
    CHECK_EQ(vmread(VMCS_HOST_TR_SEL), HOST_TR);
    CHECK_EQ(vmread(VMCS_HOST_PAT), HOST_PAT);
    CHECK_EQ(vmread(VMCS_HOST_EFER), rdmsr(MSR_EFER));
    CHECK_EQ(vmread(VMCS_HOST_RIP), (uintptr_t)vmx_exit_point);
    CHECK_EQ(vmread(VMCS_HOST_GS_BASE), percpu_this_offset());
    CHECK_EQ(vmread(VMCS_HOST_TR_BASE), (uint64_t)&this_cpu(host_tss));
    CHECK_EQ(vmread(VMCS_HOST_GDTR_BASE), (uint64_t)this_cpu(host_gdt));
    CHECK_EQ(vmread(VMCS_HOST_IDTR_BASE), (uint64_t)host_idt);
    hvm_ops.set_tsc(v, 0x123456789a);
    CHECK_EQ(vmread(VMCS_TSC_OFFSET), 0x123456789a);
    CHECK_EQ(vmread(VMCS_TSC_MULTIPLIER), 0);
    /* A CPU that has this field too. */
    vmx_caps.use[WORD_PROC2] |= (uint32_t)PROC2_TSC_SCALING;
    hvm_ops.set_tsc(v, 6);
    CHECK_EQ(vmread(VMCS_TSC_OFFSET), 6);
    CHECK_EQ(vmread(VMCS_TSC_MULTIPLIER), 1ull << 48);
    v->domain->hvm->tsc_ratio = 0x123;
    hvm_ops.set_tsc(v, 5);
    CHECK_EQ(vmread(VMCS_TSC_OFFSET), 5);
    CHECK_EQ(vmread(VMCS_TSC_MULTIPLIER), 0x123);
    v->domain->hvm->tsc_ratio = 0;
    vmx_caps.use[WORD_PROC2] &= ~(uint32_t)PROC2_TSC_SCALING;
    /* CR8: the virtual-APIC page, and when the guest's writes exit. */
    hvm_ops.set_tpr(v, 9);
    CHECK_EQ(((uint8_t *)s->vapic)[0x80], 0x90);
    ((uint8_t *)s->vapic)[0x80] = 0x5f;
    CHECK_EQ(hvm_ops.get_tpr(v), 5);
    hvm_ops.window(v, false, false, true);
    CHECK_EQ(vmread(VMCS_TPR_THRESHOLD), 5);
    hvm_ops.window(v, false, false, false);
    CHECK_EQ(vmread(VMCS_TPR_THRESHOLD), 0);
}

/* All ports exit, but for a domain that has a map of its own. */
static void io_bitmaps(void)
{
    struct vcpu *own = &doms[2].v[0];
    uint64_t a = vmread(VMCS_IO_BITMAP_A);
    uint8_t *map = lodge_pages_alloc(2);

    CHECK_EQ(vmread(VMCS_IO_BITMAP_B), a + PAGE_SIZE);
    for (unsigned int i = 0; i < PAGE_SIZE; i++) {
        CHECK_EQ(((uint8_t *)fake_frame(maddr_to_mfn(a)))[i], 0xff);
        CHECK_EQ(((uint8_t *)fake_frame(maddr_to_mfn(a + PAGE_SIZE)))[i],
                 0xff);
    }
    own->domain->hvm->io_bitmap = map;
    CHECK_EQ(hvm_ops.vcpu_init(own), 0);
    vmx_borrow(own);
    CHECK_EQ(vmread(VMCS_IO_BITMAP_A), va_to_maddr(map));
    CHECK_EQ(vmread(VMCS_IO_BITMAP_B), vmread(VMCS_IO_BITMAP_A) + PAGE_SIZE);
    vmx_return(own);
    hvm_ops.vcpu_exit(own);
    own->domain->hvm->io_bitmap = NULL;
    lodge_pages_free(map, 2);
}

/* Read and write bits of low MSRs, then of high ones (SDM vol. 3C 25.6.9). */
static unsigned int map_bits(const uint8_t *map, uint32_t index)
{
    uint32_t low = index & 0x1fff, at = index >= 0xc0000000 ? 0x400 : 0;

    return (map[at + low / 8] >> low % 8 & 1) |
           (map[0x800 + at + low / 8] >> low % 8 & 1) << 1;
}

/* Open exactly where a rule passes. */
static void msr_bitmap(void)
{
    static const uint32_t bases[] = { 0, 0xc0000000 };
    const uint8_t *map = fake_frame(maddr_to_mfn(vmread(VMCS_MSR_BITMAP)));
    unsigned int open = 0;

    for (unsigned int b = 0; b < 2; b++)
        for (uint32_t i = bases[b]; i < bases[b] + 0x2000; i++) {
            const struct msr_rule *r = msr_rule_find(i);
            unsigned int want = 3;

            if (r && r->read == MSR_PASS)
                want &= ~1u;
            if (r && r->write == MSR_PASS)
                want &= ~2u;
            CHECK_EQ(map_bits(map, i), want);
            open += want != 3;
        }
    CHECK(open > 3);
}

/* --- Entries. --- */

static void entries(void)
{
    struct regs *r = vcpu_regs(v);
    struct vmexit e;

    r->rip = 0x1000;
    r->gpr[RSP] = 0x2000;
    r->rflags = ~0ull;
    fake_cr[2] = 0x99;
    vmx_of(v)->kept[REG_CR2] = 0x77;
    e = enter();
    CHECK_EQ(e.kind, EXIT_HOST_IRQ);
    CHECK(!run.launched);
    CHECK_EQ(run.cr2, 0x77);
    CHECK_EQ(vmread(VMCS_GUEST_RIP), 0x1000);
    CHECK_EQ(vmread(VMCS_GUEST_RSP), 0x2000);
    CHECK_EQ(vmread(VMCS_GUEST_RFLAGS), RFLAGS_ALL);
    CHECK_EQ(r->rflags, RFLAGS_ALL);
    /* Nothing changed: nothing is written. */
    (void)enter();
    CHECK(run.launched);
    CHECK_EQ(run.writes, 0);
    r->rip++;
    (void)enter();
    CHECK_EQ(run.writes, 1);
    CHECK_EQ(vmread(VMCS_GUEST_RIP), 0x1001);
    r->gpr[RSP] -= 8;
    (void)enter();
    CHECK_EQ(run.writes, 1);
    CHECK_EQ(vmread(VMCS_GUEST_RSP), 0x1ff8);
    r->rflags = 0;
    (void)enter();
    CHECK_EQ(run.writes, 1);
    CHECK_EQ(vmread(VMCS_GUEST_RFLAGS), RFLAGS_MBS);
    /* What the guest did comes back. */
    fake_vmcs_set(VMCS_GUEST_RIP, 0x5555);
    fake_vmcs_set(VMCS_GUEST_RSP, 0x6666);
    fake_vmcs_set(VMCS_GUEST_RFLAGS, 0x246);
    fake_cr[2] = vmx_of(v)->kept[REG_CR2];
    (void)enter();
    CHECK_EQ(r->rip, 0x5555);
    CHECK_EQ(r->gpr[RSP], 0x6666);
    CHECK_EQ(r->rflags, 0x246);
    /* On another CPU it is launched again. */
    hvm_ops.vcpu_save(v);
    hvm_ops.vcpu_load(v);
    (void)enter();
    CHECK(!run.launched);
    (void)enter();
    CHECK(run.launched);
}

/* The log of writes (SDM vol. 3C 29.3.6): the CPU fills it from its end. */
static void log_of_writes(void)
{
    uint64_t *log = fake_frame(maddr_to_mfn(vmread(VMCS_PML_ADDRESS)));

    CHECK(log == vmx_of(v)->log);
    CHECK_EQ(vmread(VMCS_GUEST_PML_INDEX), 511);
    for (unsigned int i = 0; i < 512; i++)
        log[i] = 0x7000000 + i * PAGE_SIZE;
    for (unsigned int tracked = 0; tracked < 2; tracked++)
        for (unsigned int n = 0; n <= 512; n++) {
            v->domain->hvm->dirty = tracked ? (void *)log : NULL;
            fake_vmcs_set(VMCS_GUEST_PML_INDEX, 511 - n);
            fake_nr_dirtied = 0;
            (void)enter();
            CHECK_EQ(fake_nr_dirtied, tracked ? n : 0);
            for (unsigned int i = 0; i < fake_nr_dirtied; i++)
                CHECK_EQ(fake_dirtied[i], 0x7000 + 512 - n + i);
            CHECK_EQ(vmread(VMCS_GUEST_PML_INDEX),
                     tracked ? 511 : (uint16_t)(511 - n));
        }
    v->domain->hvm->dirty = NULL;
}

static void failures(void)
{
    struct regs *r = vcpu_regs(v);
    struct hvm_event *ev = &v->hvm->event;
    struct vmexit e;

    r->rip = 0x1234;
    fake_vmcs_set(VMCS_GUEST_RIP, 0x4321);
    vmx_of(v)->launched = false;
    run.fail = true;
    e = enter();
    CHECK_EQ(e.kind, EXIT_ENTRY_FAILED);
    CHECK_EQ(e.code, REASON_ENTRY_FAILED | 7);
    CHECK(!vmx_of(v)->launched);
    CHECK_EQ(r->rip, 0x1234);
    run.fail = false;
    /* The state was refused: the event that was to be delivered is none
     * that was cut short. */
    run.reason = BIT(31) | REASON_BAD_STATE;
    ev->valid = false;
    fake_vmcs_set(VMCS_IDT_EVENT, BIT(31) | 0x31);
    e = enter();
    CHECK_EQ(e.kind, EXIT_ENTRY_FAILED);
    CHECK(!ev->valid);
    run.reason = REASON_INTR;
    e = enter();
    CHECK(ev->valid);
    CHECK_EQ(ev->vector, 0x31);
    ev->valid = false;
    fake_vmcs_set(VMCS_IDT_EVENT, 0);
}

/* --- Translations. --- */

/* What one entry invalidates. */
static void expect(unsigned int vpid, unsigned int invepts,
                   unsigned int invvpids)
{
    fake_vmx.invept = fake_vmx.invvpid = 0;
    (void)enter();
    CHECK_EQ(run.vpid, vpid);
    CHECK_EQ(fake_vmx.invept, invepts);
    CHECK_EQ(fake_vmx.invvpid, invvpids);
    if (invvpids)
        CHECK_EQ(fake_vmx.invvpid_type, INVALIDATE_ALL);
    if (invepts)
        CHECK_EQ(fake_vmx.invept_eptp, vmread(VMCS_EPT_POINTER));
}

static void translations(void)
{
    const uint64_t caps = vmx_caps.ept;
    const uint32_t use = vmx_caps.use[WORD_PROC2];

    tlb_tags_init_cpu(3);
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(1, 1, 1);
    CHECK_EQ(fake_vmx.invept_type, INVALIDATE_SINGLE);
    expect(1, 0, 0);
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(2, 1, 0);
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(1, 1, 1);
    vmx_caps.ept &= ~EPT_CAP_INVEPT_SINGLE;
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(2, 1, 0);
    CHECK_EQ(fake_vmx.invept_type, INVALIDATE_ALL);
    vmx_caps.ept = caps;
    /* Without VPIDs the CPU drops its own; EPT's stay. */
    vmx_caps.use[WORD_PROC2] &= ~(uint32_t)PROC2_VPID;
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(2, 1, 0);
    vmx_caps.use[WORD_PROC2] = use;
    tlb_tag_drop(&v->hvm->tlb_tag);
    expect(2, 1, 0);
    /* Another CPU has others. */
    hvm_ops.vcpu_save(v);
    fake_set_cpu(1);
    tlb_tags_init_cpu(100);
    hvm_ops.vcpu_load(v);
    expect(1, 1, 1);
    expect(1, 0, 0);
    hvm_ops.vcpu_save(v);
    fake_set_cpu(0);
    hvm_ops.vcpu_load(v);
    expect(1, 1, 1);
}

int main(void)
{
    fake_doms_create();
    v = &doms[1].v[0];
    fake_lapics_create();
    hvm_ops = vmx_ops;
    fake_caps_set();
    turn_on();
    init_fails();
    made();
    io_bitmaps();
    msr_bitmap();
    entries();
    log_of_writes();
    failures();
    translations();
    hvm_ops.vcpu_save(v);
    hvm_ops.vcpu_exit(v);
    fake_doms_destroy();
    return test_result();
}
