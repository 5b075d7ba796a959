/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x: turning it on, making and freeing control structures, running a
 * guest. A vCPU's VMCS is current while the vCPU is on a CPU and clear, that
 * is in memory, while it is not: so any CPU can load it next, and a paused
 * vCPU's registers can be reached from everywhere (SDM vol. 3C 25.1, 25.11).
 */
#include "hvm/vmx/vmx.h"

#include "hvm/base/tsc.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/msr-table.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/irq.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/asm.h"
#include "hypervisor/x86/traps.h"

/* The vCPU whose VMCS is current here, NULL: none. */
static DEFINE_PERCPU(struct vmx_vcpu *, loaded);

static uint64_t msr_bitmap_pa; /* (c) of all guests */
static uint64_t io_bitmap_pa;  /* (c) all ports exit: two pages */

/*
 * EPT entries (SDM vol. 3C 29.3.2). The memory type plays the part of the
 * MTRRs: RAM is write-back, device memory uncached, and the guest's own PAT
 * can still make a framebuffer write-combining.
 */
#define EPT_R BIT(0)
#define EPT_W BIT(1)
#define EPT_X BIT(2)
#define EPT_RX (EPT_R | EPT_X)
#define EPT_WB (6ull << 3)
#define EPT_A BIT(8)
#define EPT_D BIT(9)

static const struct pt_format ept_format = {
    .table = EPT_RX | EPT_W,
    .leaf = {
        PT_RAM_LEAVES(EPT_RX | EPT_W | EPT_WB, EPT_RX | EPT_WB),
        [P2M_MMIO] = EPT_RX | EPT_W,
        [P2M_APIC] = EPT_R | EPT_W,
    },
};

/* EPT pointer: tables are write-back, four levels (SDM vol. 3C 25.6.11). */
#define EPTP_FLAGS (6ull | 3 << 3)
#define EPTP_AD BIT(6)

/* Entries of a page modification log (SDM vol. 3C 29.3.6). */
#define LOG_ENTRIES 512u

/* Read and write bits of low and high MSRs, 1 KiB each (SDM vol. 3C 25.6.9). */
void vmx_msr_open(void *bitmap, uint32_t index, bool read, bool write)
{
    uint32_t low = index & 0x1fff, high = index - low;
    uint8_t *map = (uint8_t *)bitmap + (high ? 0x400 : 0) + low / 8;

    if (high && high != 0xc0000000)
        return;
    if (read)
        map[0] &= (uint8_t)~(1u << low % 8);
    if (write)
        map[0x800] &= (uint8_t)~(1u << low % 8);
}

static int maps_init(void)
{
    uint8_t *msrs = lodge_pages_alloc(0), *ports = lodge_pages_alloc(1);

    if (!msrs || !ports)
        return -ENOMEM;
    memset(msrs, 0xff, PAGE_SIZE);
    memset(ports, 0xff, 2 * PAGE_SIZE);
    msr_rules_open(vmx_msr_open, msrs);
    msr_bitmap_pa = va_to_maddr(msrs);
    io_bitmap_pa = va_to_maddr(ports);
    return vmx_uses(WORD_PROC2, PROC2_INTR_DELIVERY)
               ? vmx_apic_init_maps(msrs) : 0;
}

/* The firmware locks VMX on or off; one that did neither leaves it to us. */
static void unlock(void)
{
    uint64_t ctl;

    if (rdmsr_safe(MSR_FEATURE_CONTROL, &ctl))
        cannot_start("CPU %u has no IA32_FEATURE_CONTROL", cpu_id());
    if (!(ctl & FEATURE_CONTROL_LOCKED)) {
        ctl |= FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMXON;
        wrmsr(MSR_FEATURE_CONTROL, ctl);
    }
    if (!(ctl & FEATURE_CONTROL_VMXON))
        cannot_start("VT-x is switched off in the firmware's setup: enable "
                     "it there");
}

/* This machine's nested entries. */
static void format_init(void)
{
    pt_format = ept_format;
    pt_format.has_1g = vmx_caps.ept & EPT_CAP_1G;
    pt_format.exec = vmx_avoid_large_exec() ? EPT_X : 0;
    if (vmx_uses(WORD_PROC2, PROC2_PML)) {
        pt_format.dirty = EPT_D;
        for (unsigned int t = P2M_RAM; t < P2M_TYPES; t++)
            pt_format.leaf[t] |= EPT_A | EPT_D;
        pt_format.leaf[P2M_RAM_LOG] = pt_format.leaf[P2M_RAM] & ~EPT_D;
    }
}

int vmx_cpu_enable(void)
{
    uint32_t *region = lodge_pages_alloc(0);
    int rc;

    if (!region)
        return -ENOMEM;
    unlock();
    vmx_caps_init();
    if (vmx_uses(WORD_PROC2, PROC2_TSC_SCALING))
        tsc_scaling = (struct tsc_scaling){ .integer = 16, .fraction = 48 };
    if (!msr_bitmap_pa) {
        format_init();
        rc = maps_init();
        if (rc)
            return rc;
    }
    region[0] = vmx_caps.revision;
    write_cr0(read_cr0() | vmx_caps.cr0_fixed0);
    write_cr4(read_cr4() | CR4_VMXE | vmx_caps.cr4_fixed0);
    if (vmxon(va_to_maddr(region)))
        cannot_start("CPU %u refuses VMXON", cpu_id());
    tlb_tags_init_cpu(1 << 16);
    return 0;
}

static void make_current(struct vmx_vcpu *s)
{
    if (vmptrld(s->vmcs_pa))
        panic("VMPTRLD of %#lx failed", s->vmcs_pa);
}

static void make_clear(struct vmx_vcpu *s)
{
    if (vmclear(s->vmcs_pa))
        panic("VMCLEAR of %#lx failed", s->vmcs_pa);
    s->launched = false;
}

bool vmx_is_loaded(struct vcpu *v)
{
    return this_cpu(loaded) == vmx_of(v);
}

void vmx_borrow(struct vcpu *v)
{
    if (unlikely(!vmx_is_loaded(v)))
        make_current(vmx_of(v));
}

void vmx_return(struct vcpu *v)
{
    if (likely(vmx_is_loaded(v)))
        return;
    make_clear(vmx_of(v));
    if (this_cpu(loaded))
        make_current(this_cpu(loaded));
}

/* What is the same for every CPU and guest. */
static void init_constant(struct vmx_vcpu *s)
{
    /* Fields are not zero by themselves; not all exist everywhere. */
    for (unsigned int i = 0; i < nr_vmcs_names; i++)
        if (!VMCS_READ_ONLY(vmcs_names[i].field))
            vmwrite(vmcs_names[i].field, 0);
    for (enum vmx_word w = 0; w < WORDS; w++)
        vmwrite(vmcs_words[w], vmx_caps.use[w]);
    s->proc_ctls = vmx_caps.use[WORD_PROC];
    vmwrite(VMCS_MSR_BITMAP, msr_bitmap_pa);
    vmwrite(VMCS_EPT_POINTER, s->eptp);
    vmwrite(VMCS_GUEST_LINK, ~0ull);
    if (s->log) {
        vmwrite(VMCS_PML_ADDRESS, va_to_maddr(s->log));
        vmwrite(VMCS_GUEST_PML_INDEX, LOG_ENTRIES - 1);
    }
    if (vmx_uses(WORD_PIN, PIN_PREEMPTION_TIMER))
        vmwrite(VMCS_PREEMPTION_TIMER,
                tsc_hz / 1000 >> (vmx_caps.misc & 0x1f));
    /* #AC and #DB: a guest could otherwise keep the CPU delivering them. */
    vmwrite(VMCS_EXCEPTION_BITMAP, BIT(VEC_MC) | BIT(VEC_AC) | BIT(VEC_DB));
    vmwrite(VMCS_CR0_MASK, VMX_CR0_MASK);
    s->cr4_mask = ~0ull;
    vmwrite(VMCS_CR4_MASK, s->cr4_mask);
    vmwrite(VMCS_GUEST_PAT, 0x0007040600070406ull);

    vmwrite(VMCS_HOST_CS_SEL, HOST_CS);
    vmwrite(VMCS_HOST_TR_SEL, HOST_TR);
    vmwrite(VMCS_HOST_PAT, HOST_PAT);
    vmwrite(VMCS_HOST_EFER, rdmsr(MSR_EFER));
    vmwrite(VMCS_HOST_RIP, (uint64_t)vmx_exit_point);
}

int vmx_vcpu_init(struct vcpu *v)
{
    struct vmx_vcpu *s = v->hvm->vendor = heap_alloc(sizeof(*s));
    bool assisted = vmx_uses(WORD_PROC2, PROC2_INTR_DELIVERY);
    bool logs = vmx_uses(WORD_PROC2, PROC2_PML);
    void *map = v->domain->hvm->io_bitmap;
    uint64_t ports = map ? va_to_maddr(map) : io_bitmap_pa;
    int rc;

    if (!s)
        return -ENOMEM;
    s->vmcs = lodge_pages_alloc(0);
    s->vapic = assisted ? v->hvm->lapic->regs : lodge_pages_alloc(0);
    s->log = logs ? lodge_pages_alloc(0) : NULL;
    if (!s->vmcs || !s->vapic || (logs && !s->log))
        return -ENOMEM;
    *(uint32_t *)s->vmcs = vmx_caps.revision;
    s->vmcs_pa = va_to_maddr(s->vmcs);
    s->eptp = va_to_maddr(v->domain->hvm->p2m->root) | EPTP_FLAGS |
              (logs ? EPTP_AD : 0);
    make_clear(s);
    vmx_borrow(v);
    init_constant(s);
    vmwrite(VMCS_IO_BITMAP_A, ports);
    vmwrite(VMCS_IO_BITMAP_B, ports + PAGE_SIZE);
    vmwrite(VMCS_VIRTUAL_APIC, va_to_maddr(s->vapic));
    rc = assisted ? vmx_apic_init(v) : 0;
    vmx_return(v);
    return rc;
}

void vmx_vcpu_exit(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    lodge_pages_free(v->hvm->lapic->posted, 0);
    v->hvm->lapic->posted = NULL;
    lodge_pages_free(s->vmcs, 0);
    if (s->vapic != v->hvm->lapic->regs)
        lodge_pages_free(s->vapic, 0);
    lodge_pages_free(s->log, 0);
    heap_free(s);
}

void vmx_vcpu_load(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    make_current(s);
    this_cpu(loaded) = s;
    vmx_lazy_load(s);
    /* What every CPU has its own of. */
    vmwrite(VMCS_HOST_CR0, read_cr0());
    vmwrite(VMCS_HOST_CR3, read_cr3());
    vmwrite(VMCS_HOST_CR4, read_cr4());
    vmwrite(VMCS_HOST_GS_BASE, percpu_this_offset());
    vmwrite(VMCS_HOST_TR_BASE, (uint64_t)&this_cpu(host_tss));
    vmwrite(VMCS_HOST_GDTR_BASE, (uint64_t)this_cpu(host_gdt));
    vmwrite(VMCS_HOST_IDTR_BASE, (uint64_t)host_idt);
    vmx_update_cr4_mask(v);
}

void vmx_vcpu_save(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    vmx_lazy_save(s);
    make_clear(s);
    this_cpu(loaded) = NULL;
}

/*
 * A VPID that holds no stale translation on this CPU. What was translated
 * from guest-physical addresses has no VPID but the EPT pointer, so that goes
 * too: the guest's map has changed, or this CPU missed a change of it (SDM
 * vol. 3C 29.4.2).
 */
static void take_vpid(struct vcpu *v)
{
    enum tlb_tag_state state = tlb_tag_take(&v->hvm->tlb_tag);

    if (likely(state == TAG_KEPT))
        return;
    if (vmx_uses(WORD_PROC2, PROC2_VPID)) {
        if (state == TAG_RECYCLED)
            invvpid(INVALIDATE_ALL, 0);
        vmwrite(VMCS_VPID, v->hvm->tlb_tag.id);
    }
    invept(vmx_caps.ept & EPT_CAP_INVEPT_SINGLE ? INVALIDATE_SINGLE
                                                : INVALIDATE_ALL,
           vmx_of(v)->eptp);
}

/* RIP, RSP and RFLAGS to the VMCS where they were changed. */
static void put_regs(struct vmx_vcpu *s, const struct regs *r)
{
    if (r->rip != s->rip)
        vmwrite(VMCS_GUEST_RIP, r->rip);
    if (r->gpr[RSP] != s->rsp)
        vmwrite(VMCS_GUEST_RSP, r->gpr[RSP]);
    if (r->rflags != s->rflags)
        vmwrite(VMCS_GUEST_RFLAGS, (r->rflags & RFLAGS_ALL) | RFLAGS_MBS);
    if (s->cr2 != read_cr2())
        write_cr2(s->cr2);
}

static void get_regs(struct vmx_vcpu *s, struct regs *r)
{
    r->rip = s->rip = vmread(VMCS_GUEST_RIP);
    r->gpr[RSP] = s->rsp = vmread(VMCS_GUEST_RSP);
    r->rflags = s->rflags = vmread(VMCS_GUEST_RFLAGS);
    s->cr2 = read_cr2();
}

/* Hands on what the CPU has logged. It fills the page from its end; the index
 * is that of the next entry, 0xffff when there is no more room. */
static void drain_log(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    uint16_t i = (uint16_t)(vmread(VMCS_GUEST_PML_INDEX) + 1);

    if (i == LOG_ENTRIES)
        return;
    for (; i < LOG_ENTRIES; i++)
        guest_frame_dirtied(v->domain, gpa_to_gfn(gpa(s->log[i])));
    vmwrite(VMCS_GUEST_PML_INDEX, LOG_ENTRIES - 1);
}

void vmx_enter(struct vcpu *v, struct vmexit *e)
{
    struct vmx_vcpu *s = vmx_of(v);
    struct vlapic *a = v->hvm->lapic;
    struct regs *r = vcpu_regs(v);

    take_vpid(v);
    if (unlikely(s->pdptes_stale))
        vmx_load_pdptes(v);
    if (a->assisted &&
        unlikely(a->changed || (a->posted && READ_ONCE(a->posted->on))))
        vmx_apic_update(v);
    put_regs(s, r);
    if (unlikely(vmx_run(r, s->launched))) {
        e->kind = EXIT_ENTRY_FAILED;
        e->code = REASON_ENTRY_FAILED | vmread(VMCS_INSN_ERROR);
        return;
    }
    s->launched = true;
    /* Without tracking no leaf lacks its dirty flag: nothing is logged. */
    if (s->log && unlikely(v->domain->hvm->dirty))
        drain_log(v);
    get_regs(s, r);
    vmx_decode_exit(v, e);
    if (unlikely(vmx_uses(WORD_PIN, PIN_PREEMPTION_TIMER)))
        cpu_take_interrupts(); /* for Bochs only: see is_bochs() */
    if (likely(e->kind != EXIT_ENTRY_FAILED))
        vmx_collect_interrupted(v, e);
}

/* The TPR is in the virtual-APIC page (SDM vol. 3C 30.1.1). */
void vmx_set_tpr(struct vcpu *v, unsigned int tpr)
{
    if (!v->hvm->lapic->assisted)
        vmx_of(v)->vapic[APIC_TPR / 4] = tpr << 4;
}

unsigned int vmx_get_tpr(struct vcpu *v)
{
    return vmx_of(v)->vapic[APIC_TPR / 4] >> 4;
}

void vmx_set_tsc(struct vcpu *v, uint64_t offset)
{
    vmx_borrow(v);
    vmwrite(VMCS_TSC_OFFSET, offset);
    if (vmx_uses(WORD_PROC2, PROC2_TSC_SCALING))
        vmwrite(VMCS_TSC_MULTIPLIER,
                v->domain->hvm->tsc_ratio ?: TSC_RATIO_ONE);
    vmx_return(v);
}

#define OP(ret, fn, args) .fn = vmx_##fn,
const struct hvm_ops vmx_ops = { .name = "VT-x",
    .hypercall_insn = { 0x0f, 0x01, 0xc1 }, HVM_OPS(OP) };
#undef OP
