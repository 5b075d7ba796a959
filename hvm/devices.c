/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated devices, as objects of one allocation per domain and per
 * vCPU, and what the interrupt controllers ask of the vCPU.
 */
#include "hvm/devices.h"

#include "hvm/base/tsc.h"
#include "hvm/dev/hpet.h"
#include "hvm/dev/pit.h"
#include "hvm/dev/pmtimer.h"
#include "hvm/dev/rtc.h"
#include "hvm/io/bus.h"
#include "hvm/irq/route.h"
#include "hvm/irq/upcalls.h"
#include "hvm/irq/vlapic.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/mm/page.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"

struct devices {
    struct bus bus;
    struct route route;
    struct ticks ticks;
    struct pit pit;
    struct hpet hpet;
    struct rtc rtc;
    struct pmtimer pm;
};

static bool emulates(const struct domain *d, uint32_t flag)
{
    return d->config.arch.emulation_flags & flag;
}

/* The timers of a PC, which a domain has all or none of (domain_create()). */
static int add_timers(struct domain *d, struct devices *dev)
{
    struct hvm_domain *h = d->hvm;
    struct ticks *t = &dev->ticks;
    int rc;

    if (!emulates(d, XEN_X86_EMU_PIT))
        return 0;
    h->pit = &dev->pit;
    h->hpet = &dev->hpet;
    h->rtc = &dev->rtc;
    h->pm = &dev->pm;
    rc = pit_init(h->pit, t, &dev->route);
    if (!rc)
        rc = hpet_init(h->hpet, t, &dev->route, h->pit);
    if (!rc)
        rc = rtc_init(h->rtc, t, &dev->route);
    return rc ? rc : pmtimer_init(h->pm, t, &dev->route);
}

int devices_init(struct domain *d)
{
    struct devices *dev = heap_alloc(sizeof(*dev));
    int rc;

    if (!dev)
        return -ENOMEM;
    d->hvm->bus = &dev->bus;
    d->hvm->route = &dev->route;
    d->hvm->ticks = &dev->ticks;
    rc = route_init(&dev->route, d, &dev->bus, emulates(d, XEN_X86_EMU_PIC));
    /* Domain 0 gets copies of the machine's chips from its builder. */
    if (!rc && emulates(d, XEN_X86_EMU_IOAPIC) && !d->privileged)
        rc = vioapic_add(&dev->route, VIOAPIC_BASE, 0, 0, VIOAPIC_NUM_PINS);
    return rc ? rc : add_timers(d, dev);
}

void devices_exit(struct domain *d)
{
    struct hvm_domain *h = d->hvm;

    if (!h->bus)
        return;
    ticks_exit(h->ticks);
    heap_free(container_of(h->bus, struct devices, bus));
    h->bus = NULL;
}

int devices_vcpu_init(struct vcpu *v)
{
    void *page = lodge_pages_alloc(0);

    if (!page)
        return -ENOMEM;
    v->hvm->lapic = heap_alloc(sizeof(*v->hvm->lapic));
    if (!v->hvm->lapic) {
        lodge_pages_free(page, 0);
        return -ENOMEM;
    }
    BUILD_BUG_ON(MAX_VCPUS_PER_DOMAIN > APICBUS_MAX);
    vlapic_init(v->hvm->lapic, v->domain->hvm->route, v->id, page);
    return 0;
}

void devices_vcpu_exit(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;
    void *page;

    if (!a)
        return;
    page = a->regs;
    vlapic_exit(a);
    lodge_pages_free(page, 0);
    heap_free(a);
    v->hvm->lapic = NULL;
}

void devices_vcpu_moved(struct vcpu *v)
{
    unsigned int cpu = cpu_id();

    if (v->hvm->lapic->timer.cpu == cpu)
        return;
    timer_migrate(&v->hvm->lapic->timer, cpu);
    if (v->id == 0)
        ticks_migrate(v->domain->hvm->ticks, cpu);
}

/* hvm/irq/upcalls.h */

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
        smp_notify(READ_ONCE(v->cpu));
    else
        vcpu_kick(v, PENDING_IRQ);
}

void vlapic_signal(struct vlapic *a, enum apic_delivery what, uint8_t vector)
{
    struct vcpu *v = vcpu_of(a);
    struct hvm_vcpu *hv = v->hvm;

    switch (what) {
    case APIC_DM_NMI:
        WRITE_ONCE(hv->nmi_pending, true);
        vcpu_kick(v, PENDING_IRQ);
        break;
    case APIC_DM_INIT:
        /* A start-up IPI that follows at once must find it waiting. */
        WRITE_ONCE(hv->init_pending, true);
        vcpu_kick(v, PENDING_EVENT);
        break;
    case APIC_DM_STARTUP:
        if (READ_ONCE(hv->wait_sipi) || READ_ONCE(hv->init_pending)) {
            store_release(&hv->sipi_vector, (uint16_t)(0x100 | vector));
            vcpu_kick(v, PENDING_EVENT);
            vcpu_up(v);
        }
        break;
    default:
        break;
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

/* The same for a guest with a rate of its own: from now on, because the error
 * of a rounded rate grows with the distance. */
static uint64_t scaled_tsc_to_ns(const struct vcpu *v, uint64_t tsc)
{
    uint64_t now = now_ns(), ticks = tsc - hvm_guest_tsc(v, rdtsc()), ns;

    if ((int64_t)ticks <= 0)
        return now;
    ns = tsc_duration(v->domain->hvm->tsc_scale, ticks);
    return ns >> 62 ? TIME_NEVER : now + ns;
}

uint64_t vlapic_tsc_to_ns(const struct vlapic *a, uint64_t tsc)
{
    const struct vcpu *v = vcpu_of(a);
    uint64_t host = tsc - v->hvm->tsc_offset;

    if (unlikely(v->domain->hvm->tsc_ratio))
        return scaled_tsc_to_ns(v, tsc);

    /* Before boot: long past. More than a century ahead: never. */
    if ((int64_t)(host - tsc_at_boot()) < 0)
        return 0;
    return (host - tsc_at_boot()) >> 62 ? TIME_NEVER : tsc_to_ns(host);
}

bool hvm_lapic_enabled(const struct vcpu *v)
{
    return v->hvm->lapic->mode != VLAPIC_OFF;
}

void route_unmasked(struct domain *d)
{
    ticks_resume(d->hvm->ticks);
}

/* core/upcalls.h */

void hvm_assert_upcall(struct vcpu *v)
{
    struct route *r = v->domain->hvm->route;

    if (v->hvm->upcall_vector) {
        vlapic_post(v->hvm->lapic, v->hvm->upcall_vector, false);
        return;
    }
    if (v->id == 0 &&
        (r->callback == CALLBACK_GSI || r->callback == CALLBACK_INTX)) {
        WRITE_ONCE(v->hvm->callback_wanted, true);
        vcpu_kick(v, PENDING_WORK);
        return;
    }
    vcpu_kick(v, PENDING_IRQ);
}
