/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC that the CPU keeps by itself (SDM vol. 3C chapter 30): it
 * works on the vlapic's register page, delivers from IRR without an exit when
 * the guest is ready, ends edge-triggered interrupts, and takes posted ones
 * while the guest runs. What has consequences elsewhere still exits.
 *
 * In x2APIC mode the registers are MSRs and most can be read. In xAPIC mode
 * TPR, EOI and ICR are handled; other accesses exit before they are done, so
 * that the emulation sees the old value too.
 */
#include "hvm/mem/p2m.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/irq.h"

/* Registers of x2APIC mode, a bit for each in the order of their MSRs. */
#define REG(offset) BIT((offset) / 16)
#define REGS(first, last) ((REG(last) << 1) - REG(first))

/* Those that the CPU can give from the page as they are: not ICR, whose halves
 * stand apart there, nor the timer's count. */
#define READABLE                                                            \
    (REGS(APIC_ID, APIC_VERSION) | REG(APIC_PPR) | REG(APIC_LDR) |          \
     REGS(APIC_SPIV, APIC_ESR) | REG(APIC_LVT_CMCI) |                       \
     REGS(APIC_LVT_TIMER, APIC_TMICT) | REG(APIC_TDCR))

void vmx_apic_open(void *x2apic_msrs)
{
    bool all = vmx_uses(WORD_PROC2, PROC2_APIC_REGISTERS);
    uint64_t reads = REG(APIC_TPR) | (all ? READABLE : 0);
    uint64_t writes = REG(APIC_TPR) | REG(APIC_EOI) | REG(APIC_SELF_IPI);

    for (unsigned int n = 0; n < 64; n++)
        vmx_msr_open(x2apic_msrs, MSR_X2APIC_FIRST + n, reads >> n & 1,
                     writes >> n & 1);
}

int vmx_apic_init(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;
    struct domain *d = v->domain;

    /* The frame whose address stands for the APIC's; the CPU never touches it
     * while the vCPU is in xAPIC mode. Freed with the domain. */
    if (!d->hvm->apic_page) {
        void *page = lodge_pages_alloc(0);
        int rc = page ? p2m_map(d, gpa_to_gfn(gpa(APIC_BASE_DEFAULT)),
                                va_to_mfn(page), ORDER_4K, P2M_APIC) : -ENOMEM;

        if (rc) {
            lodge_pages_free(page, 0);
            return rc;
        }
        d->hvm->apic_page = page;
    }
    if (vmx_uses(WORD_PIN, PIN_POSTED)) {
        a->posted = &vmx_of(v)->posted;
        vmwrite(VMCS_POSTED_VECTOR, VECTOR_POSTED);
        vmwrite(VMCS_POSTED_DESC, va_to_maddr(a->posted));
    }
    vmwrite(VMCS_APIC_ACCESS, va_to_maddr(d->hvm->apic_page));
    a->assisted = a->changed = true;
    return 0;
}

/* One that is off sends nothing, not even to itself: all accesses exit. What
 * is requested of it already waits until it is on again. */
static void set_mode(struct vmx_vcpu *s, const struct vlapic *a)
{
    uint8_t state = (uint8_t)(1 + (a->mode << 1 | a->enabled));
    uint64_t pin = vmx_caps.use[WORD_PIN], proc2 = vmx_caps.use[WORD_PROC2];
    bool x2 = a->mode == VLAPIC_X2APIC && a->enabled;

    if (likely(state == s->apic_state))
        return;
    s->apic_state = state;
    if (!a->enabled) {
        proc2 &= ~PROC2_INTR_DELIVERY;
        pin &= ~PIN_POSTED;
    }
    if (a->mode != VLAPIC_XAPIC)
        proc2 &= ~PROC2_APIC_ACCESS;
    if (!x2)
        proc2 &= ~(PROC2_X2APIC | PROC2_APIC_REGISTERS);
    vmwrite(VMCS_PIN_CTLS, pin);
    vmwrite(VMCS_PROC_CTLS2, proc2);
    vmwrite(VMCS_MSR_BITMAP,
            va_to_maddr(x2 ? vmx_maps->x2apic_msrs : vmx_maps->msrs));
}

/* Level-triggered interrupts exit when they end: the line may be up still. */
static void set_eoi_exits(struct vmx_vcpu *s, const struct vlapic *a)
{
    for (unsigned int i = 0; i < 4; i++) {
        const uint32_t *tmr = &a->regs[APIC_TMR / 4 + i * 8];
        uint64_t bits = READ_ONCE(tmr[0]) | (uint64_t)READ_ONCE(tmr[4]) << 32;

        if (bits != s->eoi_exits[i]) {
            s->eoi_exits[i] = bits;
            vmwrite(VMCS_EOI_EXIT0 + 2 * i, bits);
        }
    }
}

static unsigned int highest_in_service(const struct vlapic *a)
{
    for (unsigned int i = 8; i-- > 0;)
        if (a->regs[APIC_ISR / 4 + i * 4])
            return i * 32 + bit_highest(a->regs[APIC_ISR / 4 + i * 4]);
    return 0;
}

void vmx_apic_update(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;

    vlapic_take_posted(a);
    a->changed = false;
    set_mode(vmx_of(v), a);
    set_eoi_exits(vmx_of(v), a);
    uint64_t requested = (uint64_t)MAX(vlapic_highest_irr(a), 0);
    vmwrite(VMCS_GUEST_INTR_STATUS, highest_in_service(a) << 8 | requested);
}
