/* SPDX-License-Identifier: GPL-2.0-only */
/* What emulated devices and interrupt controllers ask of their vCPUs: the
 * functions of hvm/irq/upcalls.h, and the event channels' upcall. */
#include "hvm/base/hvm.h"
#include "hvm/irq/route.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

static struct vcpu *vcpu_of(const struct vlapic *a)
{
    return a->route->domain->vcpu[a->vcpu_id];
}

void vlapic_kick(struct vlapic *a)
{
    vcpu_kick(vcpu_of(a), PENDING_IRQ);
}

void vlapic_notify(struct vlapic *a)
{
    struct vcpu *v = vcpu_of(a);

    /* One that has just left its guest looks at ->posted before it enters or
     * waits again; so the interrupt may come too late to matter. */
    if (v != current && READ_ONCE(v->in_guest))
        apic_send(cpu_apic_id[READ_ONCE(v->cpu)], VECTOR_POSTED);
    else
        vcpu_kick(v, PENDING_IRQ);
}

void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector)
{
    struct vcpu *v = vcpu_of(a);
    struct hvm_vcpu *hv = v->hvm;

    if (what == APIC_DM_NMI) {
        WRITE_ONCE(hv->nmi_pending, true);
        vcpu_kick(v, PENDING_IRQ);
    } else if (what == APIC_DM_INIT) {
        /* A start-up IPI that follows at once must find it waiting. */
        WRITE_ONCE(hv->init_pending, true);
        vcpu_kick(v, PENDING_EVENT);
    } else if (READ_ONCE(hv->wait_sipi) || READ_ONCE(hv->init_pending)) {
        store_release(&hv->sipi_vector, (uint16_t)(0x100 | vector));
        vcpu_kick(v, PENDING_EVENT);
        vcpu_up(v);
    }
}

unsigned int vlapic_cr8(const struct vlapic *a)
{
    return hvm_ops.get_tpr(vcpu_of(a));
}

void vlapic_set_cr8(struct vlapic *a, unsigned int cr8)
{
    struct vcpu *v = vcpu_of(a);

    if (v) /* not while it is being made */
        hvm_ops.set_tpr(v, cr8);
}

void vlapic_enabled_again(struct vlapic *a)
{
    struct vcpu *v = vcpu_of(a);

    if (v->hvm->upcall_vector && READ_ONCE(v->info->evtchn_upcall_pending))
        hvm_assert_upcall(v);
}

uint64_t vlapic_tsc_to_ns(const struct vlapic *a, uint64_t tsc)
{
    const struct vcpu *v = vcpu_of(a);
    uint64_t host = tsc - v->hvm->tsc_offset;

    /* A guest with a rate of its own: from now on, because the error of a
     * rounded rate grows with the distance. */
    if (unlikely(v->domain->hvm->tsc_ratio)) {
        uint64_t now = now_ns(), ticks = tsc - hvm_guest_tsc(v, rdtsc()), ns;

        if ((int64_t)ticks <= 0)
            return now;
        ns = tsc_duration(v->domain->hvm->tsc_scale, ticks);
        return ns >> 62 ? TIME_NEVER : now + ns;
    }
    /* Before boot: long past. More than a century ahead: never. */
    if ((int64_t)(host - tsc_at_boot) < 0)
        return 0;
    return (host - tsc_at_boot) >> 62 ? TIME_NEVER : tsc_to_ns(host);
}

bool hvm_lapic_enabled(const struct vcpu *v)
{
    return v->hvm->lapic->mode != VLAPIC_OFF;
}

void hvm_assert_upcall(struct vcpu *v)
{
    struct route *r = v->domain->hvm->route;

    if (v->hvm->upcall_vector) {
        vlapic_post(v->hvm->lapic, v->hvm->upcall_vector, false);
    } else if (v->id == 0 && (r->callback == CALLBACK_GSI ||
                              r->callback == CALLBACK_INTX)) {
        WRITE_ONCE(v->hvm->callback_wanted, true);
        vcpu_kick(v, PENDING_WORK);
    } else {
        vcpu_kick(v, PENDING_IRQ);
    }
}
