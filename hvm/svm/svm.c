/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD-V: turning it on, making and freeing control blocks, running a guest.
 */
#include "hvm/svm/svm.h"

#include "hvm/base/tsc.h"
#include "hvm/mem/p2m.h"
#include "hvm/policy/cpuid.h"
#include "hvm/policy/msr-table.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

#define SVM_LEAF 0x8000000a
#define SVM_FEATURE_NPT BIT(0)
#define SVM_FEATURE_TSC_RATIO BIT(4)
#define TSC_RATIO_BITS ((struct tsc_scaling){ .integer = 8, .fraction = 32 })

/* This CPU's host save area and block for VMLOAD/VMSAVE of the host. */
static DEFINE_PERCPU(uint64_t, host_vmcb_pa);

/* MSR_TSC_RATIO of this CPU, as a ratio of hvm/base/tsc.h. */
static DEFINE_PERCPU(uint64_t, tsc_ratio);

static uint64_t msrpm_pa; /* (c) MSR permission map of all guests */
static uint64_t iopm_pa;  /* (c) all ports exit */

/*
 * Nested entries (APM vol. 2 15.25): guest pages are user pages; device
 * memory has PCD, which selects UC- in the host's PAT, so that a guest's own
 * PAT can still make a framebuffer write-combining.
 */
#define NPT_W BIT(1)
#define NPT_UC BIT(4)
#define NPT_RO (BIT(0) | BIT(2) | BIT(5) | BIT(6)) /* P, U, A, D */

static const struct pt_format npt_format = {
    .table = BIT(0) | NPT_W | BIT(2) | BIT(5),
    .leaf = {
        PT_RAM_LEAVES(NPT_RO | NPT_W, NPT_RO),
        [P2M_MMIO] = NPT_RO | NPT_W | NPT_UC,
    },
};

/* Bits of an MSR in the permission map: two per MSR, read then write. */
static void msrpm_open(void *msrpm, uint32_t index, bool read, bool write)
{
    static const uint32_t bases[] = { 0, 0xc0000000, 0xc0010000 };
    unsigned int bit = (index & 0x1fff) * 2;
    uint8_t bits = (uint8_t)((read | write << 1) << bit % 8);

    for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++)
        if ((index & ~0x1fffu) == bases[i])
            ((uint8_t *)msrpm)[i * 0x800 + bit / 8] &= (uint8_t)~bits;
}

static int maps_init(void)
{
    uint8_t *msrpm = lodge_pages_alloc(1), *iopm = lodge_pages_alloc(2);

    if (!msrpm || !iopm)
        return -ENOMEM;
    memset(msrpm, 0xff, 2 * PAGE_SIZE);
    memset(iopm, 0xff, 3 * PAGE_SIZE);
    msr_rules_open(msrpm_open, msrpm);
    msrpm_pa = va_to_maddr(msrpm);
    iopm_pa = va_to_maddr(iopm);
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

int svm_cpu_enable(void)
{
    const struct cpu_features *f = &cpu_features;
    void *hsave, *host;
    int rc;

    check_cpu();
    if (!msrpm_pa) {
        /* Erratum 1386 of Zen 1 and 2: XSAVES may miss a change of an XMM
         * register. XSAVEC does not, and does the same where there is no
         * supervisor state. */
        if ((f->family == 0x17 || f->family == 0x18) && !f->emulator_bochs)
            cpuid_hide(XEN_X86_FEATURE_XSAVES);
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
    wrmsr(MSR_VM_HSAVE_PA, va_to_maddr(hsave));
    this_cpu(host_vmcb_pa) = va_to_maddr(host);
    asm volatile("vmsave %%rax" : : "a"(this_cpu(host_vmcb_pa)) : "memory");
    tlb_tags_init_cpu(cpuid(SVM_LEAF, 0).b);
    if (cpuid(SVM_LEAF, 0).d & SVM_FEATURE_TSC_RATIO) {
        tsc_scaling = TSC_RATIO_BITS;
        set_tsc_ratio(TSC_RATIO_ONE);
    }
    return 0;
}

/* CR4 writes: bits the guest does not have must fault. #AC and #DB: a guest
 * could otherwise keep the CPU delivering them for ever. */
static const uint8_t intercepts[] = {
    SVM_EXIT_CR_WRITE + 4, SVM_EXIT_EXCEPTION + VEC_MC,
    SVM_EXIT_EXCEPTION + VEC_AC, SVM_EXIT_EXCEPTION + VEC_DB, SVM_EXIT_INTR,
    SVM_EXIT_NMI, SVM_EXIT_INIT, SVM_EXIT_RDPMC, SVM_EXIT_CPUID,
    SVM_EXIT_INVD, SVM_EXIT_HLT, SVM_EXIT_INVLPGA, SVM_EXIT_IOIO,
    SVM_EXIT_MSR, SVM_EXIT_TASK_SWITCH, SVM_EXIT_SHUTDOWN, SVM_EXIT_VMRUN,
    SVM_EXIT_VMMCALL, SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE, SVM_EXIT_STGI,
    SVM_EXIT_CLGI, SVM_EXIT_SKINIT, SVM_EXIT_MONITOR, SVM_EXIT_MWAIT,
    SVM_EXIT_XSETBV
};

int svm_vcpu_init(struct vcpu *v)
{
    struct svm_vcpu *s = v->hvm->vendor = heap_alloc(sizeof(*s));
    struct vmcb *b = s ? lodge_pages_alloc(0) : NULL;
    void *ports = v->domain->hvm->io_bitmap;

    if (!b)
        return -ENOMEM;
    s->vmcb = b;
    s->vmcb_pa = va_to_maddr(b);
    b->msrpm_ = msrpm_pa;
    b->iopm_ = ports ? va_to_maddr(ports) : iopm_pa;
    b->vintr_ = VINTR_MASKING;
    b->np_enable_ = 1;
    b->ncr3_ = va_to_maddr(v->domain->hvm->p2m->root);
    b->pat_ = 0x0007040600070406ull;
    b->efer_ = EFER_SVME;
    for (unsigned int i = 0; i < ARRAY_SIZE(intercepts); i++)
        vmcb_intercept(b, intercepts[i], true);
    /*
     * Work-around for Bochs only: a guest entered with IF=0 is not left for an
     * interrupt of the machine there. One that waits with PAUSE is left now and
     * then; executed again it passes, since each entry starts the count anew.
     */
    if (cpu_features.emulator_bochs) {
        vmcb_intercept(b, SVM_EXIT_PAUSE, true);
        b->pause_count_ = 16;
    }
    return 0;
}

void svm_vcpu_exit(struct vcpu *v)
{
    lodge_pages_free(vmcb_of(v), 0);
    heap_free(v->hvm->vendor);
}

/* Nothing else is switched lazily: VMSAVE runs at each exit. */
void svm_vcpu_load(struct vcpu *v)
{
    if (tsc_scaling.fraction)
        set_tsc_ratio(v->domain->hvm->tsc_ratio ?: TSC_RATIO_ONE);
}

void svm_vcpu_save(struct vcpu *v)
{
}

/* An ASID that holds no stale translation on this CPU. */
static void take_asid(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);
    struct tlb_tag *asid = &v->hvm->tlb_tag;
    unsigned int from = asid->cpu;
    enum tlb_tag_state state = tlb_tag_take(asid);

    b->tlb_control = state == TAG_RECYCLED ? TLB_FLUSH_ALL : TLB_KEEP;
    if (likely(state == TAG_KEPT))
        return;
    vmcb_set_asid(b, asid->id);
    /* Another CPU's cached copy of the block, if any, is stale. */
    if (from != asid->cpu)
        b->clean = 0;
}

void svm_enter(struct vcpu *v, struct vmexit *e)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;
    struct regs *r = vcpu_regs(v);

    take_asid(v);
    b->rax = r->gpr[RAX];
    b->rsp = r->gpr[RSP];
    b->rip = r->rip;
    b->rflags = r->rflags;

    /* Work-around for Bochs only, which leaves CR2 as it is. */
    if (unlikely(cpu_features.emulator_bochs))
        asm volatile("mov %0, %%cr2" : : "r"(b->cr2_));
    svm_run(r, s->vmcb_pa, this_cpu(host_vmcb_pa));

    r->gpr[RAX] = b->rax;
    r->gpr[RSP] = b->rsp;
    r->rip = b->rip;
    r->rflags = b->rflags;
    /* All is cached by the CPU now; setters clear what they change. */
    b->clean = ~0u;
    svm_decode_exit(b, e);
    if (unlikely(e->kind == EXIT_ENTRY_FAILED))
        return;
    /* Work-around for Bochs only, which forgets V_IRQ if IF is set already. */
    if (unlikely(cpu_features.emulator_bochs) &&
        b->exitcode == SVM_EXIT_PAUSE)
        vcpu_kick(v, PENDING_IRQ);
    if (unlikely(((b->eventinj | b->exitintinfo) & EVENT_VALID) ||
                 (b->vintr_ & VINTR_IRQ) || s->window_late))
        svm_collect_interrupted(v);
    if (unlikely(e->kind == EXIT_NMI_WINDOW)) {
        s->iret_rip = r->rip;
        vmcb_intercept(b, SVM_EXIT_IRET, false);
    }
    if (unlikely(s->stepping))
        svm_step_end(v, e);
}

void svm_set_tpr(struct vcpu *v, unsigned int tpr)
{
    struct vmcb *b = vmcb_of(v);

    if ((b->vintr_ & VINTR_TPR) != tpr)
        vmcb_set_vintr(b, (b->vintr_ & ~VINTR_TPR) | tpr);
}

unsigned int svm_get_tpr(struct vcpu *v)
{
    return vmcb_of(v)->vintr_ & VINTR_TPR;
}

void svm_set_tsc(struct vcpu *v, uint64_t offset)
{
    vmcb_set_tsc_offset(vmcb_of(v), offset);
}

#define OP(ret, fn, args) .fn = svm_##fn,
const struct hvm_ops svm_ops = { .name = "AMD-V",
    .hypercall_insn = { 0x0f, 0x01, 0xd9 }, HVM_OPS(OP) };
#undef OP
