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
#include "hvm/irq/vlapic.h"
#include "hvm/mem/p2m.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/irq.h"

/* (c) MSR bitmaps of a vCPU in another mode, and in x2APIC mode. */
static uint64_t plain_bitmap_pa, x2apic_bitmap_pa;

/* Registers of x2APIC mode that the CPU can give from the page as they are:
 * not ICR, whose halves stand apart there, nor the timer's count. */
static const struct {
    uint16_t first, last;
} readable[] = {
    { APIC_ID, APIC_VERSION }, { APIC_PPR, APIC_PPR }, { APIC_LDR, APIC_LDR },
    { APIC_SPIV, APIC_ESR }, { APIC_LVT_CMCI, APIC_LVT_CMCI },
    { APIC_LVT_TIMER, APIC_TMICT }, { APIC_TDCR, APIC_TDCR },
};

/* The MSR of a register. */
#define X2APIC(offset) (MSR_X2APIC_FIRST + (offset) / 16)

int vmx_apic_init_maps(const void *msr_bitmap)
{
    uint8_t *map = lodge_pages_alloc(0);

    if (!map)
        return -ENOMEM;
    memcpy(map, msr_bitmap, PAGE_SIZE);
    vmx_msr_open(map, X2APIC(APIC_TPR), true, true);
    vmx_msr_open(map, X2APIC(APIC_EOI), false, true);
    vmx_msr_open(map, X2APIC(APIC_SELF_IPI), false, true);
    if (vmx_uses(WORD_PROC2, PROC2_APIC_REGISTERS))
        for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++)
            for (unsigned int r = readable[i].first; r <= readable[i].last;
                 r += 16)
                vmx_msr_open(map, X2APIC(r), true, false);
    plain_bitmap_pa = va_to_maddr(msr_bitmap);
    x2apic_bitmap_pa = va_to_maddr(map);
    return 0;
}

/* The frame whose address stands for the APIC's; the CPU never touches it
 * while the vCPU is in xAPIC mode. */
static int map_apic_page(struct domain *d)
{
    void *page = lodge_pages_alloc(0);
    int rc = page ? p2m_map(d, gpa_to_gfn(gpa(APIC_BASE_DEFAULT)),
                            va_to_mfn(page), ORDER_4K, P2M_APIC) : -ENOMEM;

    if (rc)
        lodge_pages_free(page, 0);
    else
        d->hvm->apic_page = page; /* freed with the domain */
    return rc;
}

int vmx_apic_init(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;
    int rc = v->domain->hvm->apic_page ? 0 : map_apic_page(v->domain);

    if (rc)
        return rc;
    if (vmx_uses(WORD_PIN, PIN_POSTED)) {
        a->posted = lodge_pages_alloc(0); /* 64 bytes; one emulator wants
                                             a page's alignment */
        if (!a->posted)
            return -ENOMEM;
        vmwrite(VMCS_POSTED_VECTOR, VECTOR_POSTED);
        vmwrite(VMCS_POSTED_DESC, va_to_maddr(a->posted));
    }
    vmwrite(VMCS_APIC_ACCESS, va_to_maddr(v->domain->hvm->apic_page));
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
    vmwrite(VMCS_MSR_BITMAP, x2 ? x2apic_bitmap_pa : plain_bitmap_pa);
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
    uint64_t requested;

    vlapic_take_posted(a);
    a->changed = false;
    set_mode(vmx_of(v), a);
    set_eoi_exits(vmx_of(v), a);
    requested = (uint64_t)MAX(vlapic_highest_irr(a), 0);
    vmwrite(VMCS_GUEST_INTR_STATUS, highest_in_service(a) << 8 | requested);
}
