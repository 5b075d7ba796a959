/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD-V: turning it on, making and freeing control blocks, running a guest.
 */
#include "hvm/svm/svm.h"

#include "hvm/base/tsc.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/msr-table.h"
#include "hypervisor/abi/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/page.h"
#include "hypervisor/x86/features.h"

#define SVM_LEAF 0x8000000a
#define SVM_FEATURE_NPT BIT(0)
#define SVM_FEATURE_TSC_RATIO BIT(4)
#define TSC_RATIO_BITS ((struct tsc_scaling){ .integer = 8, .fraction = 32 })

/* This CPU's host save area and block for VMLOAD/VMSAVE of the host. */
static DEFINE_PERCPU(uint64_t, host_vmcb_pa);

/* MSR_TSC_RATIO of this CPU, as a ratio of hvm/base/tsc.h. */
static DEFINE_PERCPU(uint64_t, tsc_ratio);

uint64_t svm_msrpm_pa, svm_iopm_pa;

/*
 * Nested entries (APM vol. 2 15.25): guest pages are user pages; device
 * memory has PCD, which selects UC- in the host's PAT, so that a guest's own
 * PAT can still make a framebuffer write-combining.
 */
#define NPT_P BIT(0)
#define NPT_W BIT(1)
#define NPT_U BIT(2)
#define NPT_UC BIT(4)
#define NPT_AD (BIT(5) | BIT(6))

static const struct pt_format npt_format = {
    .table = NPT_P | NPT_W | NPT_U | BIT(5),
    .leaf = {
        [P2M_RAM] = NPT_P | NPT_W | NPT_U | NPT_AD,
        [P2M_RAM_LOG] = NPT_P | NPT_U | NPT_AD,
        [P2M_RAM_RO] = NPT_P | NPT_U | NPT_AD,
        [P2M_FOREIGN] = NPT_P | NPT_W | NPT_U | NPT_AD,
        [P2M_GRANT_RW] = NPT_P | NPT_W | NPT_U | NPT_AD,
        [P2M_GRANT_RO] = NPT_P | NPT_U | NPT_AD,
        [P2M_MMIO] = NPT_P | NPT_W | NPT_U | NPT_AD | NPT_UC,
        [P2M_IOREQ] = NPT_P | NPT_U | NPT_AD,
    },
};

/* Bits of an MSR in the permission map: two per MSR, read then write. */
static void msrpm_open(void *msrpm, uint32_t index, bool read, bool write)
{
    uint8_t *map = msrpm;
    unsigned int bit;

    if (index < 0x2000)
        bit = index * 2;
    else if (index >= 0xc0000000 && index < 0xc0002000)
        bit = 0x800 * 8 + (index - 0xc0000000) * 2;
    else if (index >= 0xc0010000 && index < 0xc0012000)
        bit = 0x1000 * 8 + (index - 0xc0010000) * 2;
    else
        return;
    if (read)
        map[bit / 8] &= (uint8_t)~(1u << bit % 8);
    if (write)
        map[bit / 8] &= (uint8_t)~(2u << bit % 8);
}

static int maps_init(void)
{
    uint8_t *msrpm = lodge_pages_alloc(1), *iopm = lodge_pages_alloc(2);

    if (!msrpm || !iopm)
        return -ENOMEM;
    memset(msrpm, 0xff, 2 * PAGE_SIZE);
    memset(iopm, 0xff, 3 * PAGE_SIZE);
    msr_rules_open(msrpm_open, msrpm);
    svm_msrpm_pa = mfn_to_maddr(va_to_mfn(msrpm));
    svm_iopm_pa = mfn_to_maddr(va_to_mfn(iopm));
    return 0;
}

static void check_cpu(void)
{
    uint64_t vm_cr;

    if (cpuid(0x80000000, 0).a < SVM_LEAF ||
        !(cpuid(0x80000001, 0).c & BIT(2)))
        cannot_start("CPU %u has no AMD-V (SVM)", cpu_id());
    if (!rdmsr_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS))
        cannot_start("AMD-V is switched off in the firmware's setup: enable "
                     "SVM there");
    if (!(cpuid(SVM_LEAF, 0).d & SVM_FEATURE_NPT))
        cannot_start("CPU %u has AMD-V without nested paging (NPT), which "
                     "Lodge needs", cpu_id());
}

/* The ratio that guests of this CPU have from now on. */
static void set_tsc_ratio(uint64_t ratio)
{
    if (this_cpu(tsc_ratio) == ratio)
        return;
    this_cpu(tsc_ratio) = ratio;
    wrmsr(MSR_TSC_RATIO, ratio >> (TSC_RATIO_SHIFT - TSC_RATIO_BITS.fraction));
}

/* Erratum 1386 of Zen 1 and 2: XSAVES may miss a change of an XMM register.
 * XSAVEC does not, and does the same where there is no supervisor state. */
static void hide_broken(void)
{
    const struct cpu_features *f = &cpu_features;

    if ((f->family == 0x17 || f->family == 0x18) && !f->emulator_bochs)
        cpuid_hide(XEN_X86_FEATURE_XSAVES);
}

static int svm_cpu_enable(void)
{
    void *hsave, *host;
    int rc;

    check_cpu();
    if (!svm_msrpm_pa) {
        hide_broken();
        pt_format = npt_format;
        pt_format.has_1g = cpuid(0x80000001, 0).d & BIT(26);
        rc = maps_init();
        if (rc)
            return rc;
    }
    hsave = lodge_pages_alloc(0);
    host = lodge_pages_alloc(0);
    if (!hsave || !host)
        return -ENOMEM;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, mfn_to_maddr(va_to_mfn(hsave)));
    this_cpu(host_vmcb_pa) = mfn_to_maddr(va_to_mfn(host));
    asm volatile("vmsave %%rax" : : "a"(this_cpu(host_vmcb_pa)) : "memory");
    tlb_tags_init_cpu(cpuid(SVM_LEAF, 0).b);
    if (cpuid(SVM_LEAF, 0).d & SVM_FEATURE_TSC_RATIO) {
        tsc_scaling = TSC_RATIO_BITS;
        set_tsc_ratio(TSC_RATIO_ONE);
    }
    return 0;
}

/* Exits that every guest has; the rest is update_traps()'s. */
static const uint32_t misc1_always =
    (uint32_t)(MISC1_INTR | MISC1_NMI | MISC1_INIT | MISC1_RDPMC |
               MISC1_CPUID | MISC1_INVD | MISC1_HLT | MISC1_INVLPGA |
               MISC1_IOIO | MISC1_MSR | MISC1_TASK_SWITCH | MISC1_SHUTDOWN);
static const uint32_t misc2_always =
    (uint32_t)(MISC2_VMRUN | MISC2_VMMCALL | MISC2_VMLOAD | MISC2_VMSAVE |
               MISC2_STGI | MISC2_CLGI | MISC2_SKINIT | MISC2_MONITOR |
               MISC2_MWAIT | MISC2_XSETBV);

/*
 * Work-around for Bochs only: a guest entered with IF=0 is not left for an
 * interrupt of the machine there. One that waits with PAUSE is left now and
 * then; executed again it passes, since each entry starts the count anew.
 */
static void bochs_traps(struct vmcb *b)
{
    vmcb_intercept(b, VMCB_MISC1, MISC1_PAUSE, true);
    b->pause_count_ = 16;
}

static void svm_update_traps(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);
    struct domain *d = v->domain;

    /* CR4 writes: bits the guest does not have must fault. #AC and #DB: a
     * guest could otherwise keep the CPU delivering them for ever. */
    vmcb_intercept(b, VMCB_CR, BIT(16 + 4), true);
    vmcb_intercept(b, VMCB_EXC, BIT(VEC_MC) | BIT(VEC_AC) | BIT(VEC_DB), true);
    vmcb_intercept(b, VMCB_MISC1, misc1_always, true);
    vmcb_intercept(b, VMCB_MISC2, misc2_always, true);
    if (cpu_features.emulator_bochs)
        bochs_traps(b);
    vmcb_set_iopm(b, d->hvm->io_bitmap
                         ? mfn_to_maddr(va_to_mfn(d->hvm->io_bitmap))
                         : svm_iopm_pa);
}

static int svm_vcpu_init(struct vcpu *v)
{
    struct svm_vcpu *s = heap_alloc(sizeof(*s));
    struct vmcb *b = lodge_pages_alloc(0);

    if (!s || !b) {
        heap_free(s);
        if (b)
            lodge_pages_free(b, 0);
        return -ENOMEM;
    }
    s->vmcb = b;
    s->vmcb_pa = mfn_to_maddr(va_to_mfn(b));
    v->hvm->vendor = s;
    vmcb_set_msrpm(b, svm_msrpm_pa);
    vmcb_set_vintr(b, VINTR_MASKING);
    vmcb_set_np_enable(b, 1);
    vmcb_set_ncr3(b, p2m_root(v->domain));
    vmcb_set_pat(b, 0x0007040600070406ull);
    vmcb_set_efer(b, EFER_SVME);
    svm_update_traps(v);
    return 0;
}

static void svm_vcpu_exit(struct vcpu *v)
{
    struct svm_vcpu *s = v->hvm->vendor;

    if (!s)
        return;
    lodge_pages_free(s->vmcb, 0);
    heap_free(s);
    v->hvm->vendor = NULL;
}

/* Nothing else is switched lazily: VMSAVE runs at each exit. */
static void svm_vcpu_load(struct vcpu *v)
{
    if (tsc_scaling.fraction)
        set_tsc_ratio(v->domain->hvm->tsc_ratio ?: TSC_RATIO_ONE);
}

static void svm_vcpu_save(struct vcpu *v)
{
}

/* An ASID that holds no stale translation on this CPU. */
static void take_asid(struct svm_vcpu *s)
{
    struct vmcb *b = s->vmcb;
    unsigned int from = s->asid.cpu;
    enum tlb_tag_state state = tlb_tag_take(&s->asid);

    if (likely(state == TAG_KEPT)) {
        if (b->tlb_control_ != TLB_KEEP)
            vmcb_set_tlb_control(b, TLB_KEEP);
        return;
    }
    vmcb_set_asid(b, s->asid.id);
    vmcb_set_tlb_control(b, state == TAG_RECYCLED ? TLB_FLUSH_ALL : TLB_KEEP);
    /* Another CPU's cached copy of the block, if any, is stale. */
    if (from != s->asid.cpu)
        b->clean = 0;
}

static void svm_enter(struct vcpu *v, struct vmexit *e)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;
    struct regs *r = vcpu_regs(v);

    take_asid(s);
    vmcb_set_rax(b, r->gpr[RAX]);
    vmcb_set_rsp(b, r->gpr[RSP]);
    vmcb_set_rip(b, r->rip);
    vmcb_set_rflags(b, r->rflags);

    /* Work-around for Bochs only, which leaves CR2 as it is. */
    if (unlikely(cpu_features.emulator_bochs))
        asm volatile("mov %0, %%cr2" : : "r"(vmcb_cr2(b)));
    svm_run(r, s->vmcb_pa, this_cpu(host_vmcb_pa));

    r->gpr[RAX] = vmcb_rax(b);
    r->gpr[RSP] = vmcb_rsp(b);
    r->rip = vmcb_rip(b);
    r->rflags = vmcb_rflags(b);
    /* All is cached by the CPU now; setters clear what they change. */
    b->clean = ~0u;
    svm_decode_exit(b, e);
    if (unlikely(e->kind == EXIT_ENTRY_FAILED))
        return;
    /* Work-around for Bochs only, which forgets V_IRQ if IF is set already. */
    if (unlikely(cpu_features.emulator_bochs) &&
        b->exitcode == SVM_EXIT_PAUSE)
        vcpu_kick(v, PENDING_IRQ);
    if (unlikely(svm_was_interrupted(s)))
        svm_collect_interrupted(v);
    if (unlikely(e->kind == EXIT_NMI_WINDOW)) {
        s->iret_rip = r->rip;
        vmcb_intercept(b, VMCB_MISC1, MISC1_IRET, false);
    }
    if (unlikely(s->stepping))
        svm_step_end(v, e);
}

static void svm_set_tpr(struct vcpu *v, unsigned int tpr)
{
    struct vmcb *b = vmcb_of(v);

    if ((vmcb_vintr(b) & VINTR_TPR) != tpr)
        vmcb_set_vintr(b, (vmcb_vintr(b) & ~VINTR_TPR) | tpr);
}

static unsigned int svm_get_tpr(struct vcpu *v)
{
    return vmcb_vintr(vmcb_of(v)) & VINTR_TPR;
}

static void svm_cr8_exits(struct vcpu *v, bool on)
{
    vmcb_intercept(vmcb_of(v), VMCB_CR, BIT(16 + 8), on);
}

static void svm_set_tsc(struct vcpu *v, uint64_t offset)
{
    vmcb_set_tsc_offset(vmcb_of(v), offset);
}

static void svm_flush_guest(struct vcpu *v)
{
    tlb_tag_drop(&svm_of(v)->asid);
}

#define OP(ret, fn, args) .fn = svm_##fn,
const struct hvm_ops svm_ops = { .name = "AMD-V",
    .hypercall_insn = { 0x0f, 0x01, 0xd9 }, HVM_OPS(OP) };
#undef OP
