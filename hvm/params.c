/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM parameters as a table: rights, limits, and for a few an effect. Rights
 * and errors are those of Xen 4.20, whose toolstack relies on them.
 */
#include "hvm/vcpu.h"

#include "hvm/dev/timers.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/core/upcalls.h"

#define GUEST_SETS 1u
#define GUEST_READS 2u
#define GUEST (GUEST_SETS | GUEST_READS)
#define ONCE 4u       /* a value stays: -EEXIST for another */
#define DEPRECATED 8u /* -EINVAL */
#define REFUSED 16u   /* what we do not offer: only 0 may be set */

void hvm_latch_layout(struct domain *d)
{
    if (current->domain == d)
        d->hvm->compat = hvm_mode(current) != MODE_64;
    pvtime_update_wallclock(d);
}

static int set_callback(struct domain *d, uint64_t val)
{
    struct vcpu *v = d->vcpu[0];

    route_callback_set_via(d->hvm->route, val);
    hvm_latch_layout(d);
    if (v && READ_ONCE(v->info->evtchn_upcall_pending))
        hvm_assert_upcall(v);
    return 0;
}

/* Lodge never slows a guest's clock down, so "delay for missed ticks" makes
 * up for them, as "no delay" does. */
static int set_timer_mode(struct domain *d, uint64_t val)
{
    WRITE_ONCE(d->hvm->route->coalesce_ticks,
               val != HVMPTM_delay_for_missed_ticks &&
               val != HVMPTM_no_delay_for_missed_ticks);
    return 0;
}

static int set_hpet(struct domain *d, uint64_t val)
{
    if (d->hvm->hpet)
        d->hvm->hpet->enabled = val;
    return 0;
}

static int set_acpi_ports(struct domain *d, uint64_t val)
{
    return d->hvm->pm ? pmtimer_move(d->hvm->pm, val) : -ENODEV;
}

static const struct param {
    uint8_t flags;
    uint64_t max;        /* highest value, 0: any */
    int (*effect)(struct domain *d, uint64_t val);
} params[HVM_NR_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ] = { GUEST, 0, set_callback },
    [HVM_PARAM_STORE_PFN] = { .flags = GUEST_READS },
    [HVM_PARAM_STORE_EVTCHN] = { .flags = GUEST },
    [HVM_PARAM_CONSOLE_PFN] = { .flags = GUEST_READS },
    [HVM_PARAM_CONSOLE_EVTCHN] = { .flags = GUEST },
    [HVM_PARAM_PAE_ENABLED] = { .flags = DEPRECATED },
    [HVM_PARAM_DM_DOMAIN] = { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_CR0 ... HVM_PARAM_BUFIOREQ_EVTCHN] =
        { .flags = DEPRECATED },
    [HVM_PARAM_MEMORY_EVENT_MSR] = { .flags = DEPRECATED },
    [HVM_PARAM_IOREQ_PFN] = { .flags = ONCE },
    [HVM_PARAM_BUFIOREQ_PFN] = { .flags = ONCE },
    [HVM_PARAM_IOREQ_SERVER_PFN] = { .flags = ONCE },
    [HVM_PARAM_NR_IOREQ_SERVER_PAGES] = { .flags = ONCE, .max = 64 },
    [HVM_PARAM_VIRIDIAN] = { .flags = ONCE | REFUSED },
    [HVM_PARAM_TIMER_MODE] = { 0, HVMPTM_one_missed_tick_pending,
                               set_timer_mode },
    [HVM_PARAM_HPET_ENABLED] = { 0, 0, set_hpet },
    [HVM_PARAM_ACPI_IOPORTS_LOCATION] = { GUEST, 0, set_acpi_ports },
    [HVM_PARAM_VM86_TSS] = { .flags = GUEST, .max = 0xffffffff },
    [HVM_PARAM_VM86_TSS_SIZED] = { .flags = GUEST },
    [HVM_PARAM_VM_GENERATION_ID_ADDR] = { .flags = GUEST },
    [HVM_PARAM_X87_FIP_WIDTH] = { .flags = GUEST, .max = 8 },
    [HVM_PARAM_ALTP2M] = { .flags = GUEST_READS | REFUSED },
    [HVM_PARAM_MCA_CAP] = { .flags = ONCE },
    [HVM_PARAM_TRIPLE_FAULT_REASON] = { .max = SHUTDOWN_MAX },
};

/* May it be set or read (right: GUEST_SETS or GUEST_READS)? */
static int refused(const struct param *p, bool self, uint8_t right)
{
    if (p->flags & DEPRECATED)
        return -EINVAL;
    return self && !(p->flags & right) ? -EPERM : 0;
}

int hvm_param_set(struct domain *d, uint32_t index, uint64_t val, bool self)
{
    const struct param *p = &params[index];
    int rc = refused(p, self, GUEST_SETS);

    if (rc)
        return rc;
    if ((p->flags & ONCE) && d->hvm->param[index] &&
        d->hvm->param[index] != val)
        return -EEXIST;
    if ((p->max && val > p->max) || ((p->flags & REFUSED) && val))
        return -EINVAL;
    if (p->effect)
        rc = p->effect(d, val);
    if (!rc)
        d->hvm->param[index] = val;
    return rc;
}

int hvm_param_get(struct domain *d, uint32_t index, uint64_t *val, bool self)
{
    int rc = refused(&params[index], self, GUEST_READS);

    if (!rc)
        *val = d->hvm->param[index];
    return rc;
}
