/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is delivered to the guest with the next entry, and in which order:
 * an event that was cut short or raised by emulation, NMI, the upcall, the
 * local APIC's and the PIC's interrupts.
 */
#include "hvm/vcpu.h"

#include "hvm/irq/route.h"
#include "hypervisor/cpu/cr.h"

/*
 * Which exceptions make a double fault of each other (SDM vol. 3A 6.15): one
 * of a class that comes while one of the same or of a higher class is
 * delivered; if that is a double fault, it is the end.
 */
enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum fault_class class_of(const struct hvm_event *ev)
{
    unsigned int vector = ev->vector;

    if (!ev->valid || ev->type != EVENT_EXCEPTION)
        return BENIGN;
    if (vector == VEC_DF)
        return DOUBLE_FAULT;
    if (vector == VEC_PF)
        return PAGE_FAULT;
    return vector == VEC_DE || (vector >= VEC_TS && vector <= VEC_GP)
               ? CONTRIBUTORY : BENIGN;
}

void hvm_raise_event(struct vcpu *v, const struct hvm_event *ev)
{
    struct hvm_event *cur = &v->hvm->event;
    enum fault_class first = class_of(cur), second = class_of(ev);

    if ((second == CONTRIBUTORY || second == PAGE_FAULT) && second <= first) {
        if (first == DOUBLE_FAULT)
            hvm_triple_fault(v);
        else
            *cur = (struct hvm_event){ .valid = true, .type = EVENT_EXCEPTION,
                                       .vector = VEC_DF, .has_error = true };
        return;
    }
    /* An interrupt whose delivery the new fault cut short comes again: the
     * local APIC has it in service already, so it must not get lost. */
    if (cur->valid && cur->type == EVENT_INTR)
        v->hvm->displaced = *cur;
    else if (cur->valid && cur->type == EVENT_NMI)
        v->hvm->nmi_pending = true;
    *cur = *ev;
}

void hvm_raise(struct vcpu *v, unsigned int vector, uint32_t error,
               uint64_t cr2)
{
    hvm_raise_event(v, &(struct hvm_event){
        .valid = true, .type = EVENT_EXCEPTION, .vector = (uint8_t)vector,
        .error = error, .cr2 = cr2,
        .has_error = VECS_WITH_ERROR >> vector & 1 });
}

static void inject(struct vcpu *v, const struct hvm_event *ev)
{
    hvm_ops.inject(v, ev);
    v->hvm->injected = true;
    recorder_add(v->hvm->rec, RECORD_INJECT, 0, vcpu_regs(v)->rip, ev->vector);
}

/* The upcall as a vector of its own, without the local APIC. */
static bool upcall_wanted(struct vcpu *v)
{
    const struct route *r = v->domain->hvm->route;

    return r->callback == CALLBACK_VECTOR && !v->hvm->upcall_vector &&
           READ_ONCE(v->info->evtchn_upcall_pending);
}

/* What the local APIC has for now that needs an injection, -1: nothing. */
static int apic_pending(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;
    int pending = vlapic_quiet(a) ? -1 : vlapic_pending(a);

    if (!a->assisted || pending == VLAPIC_EXTINT)
        return pending;
    a->changed = true;
    return -1;
}

/* Injects an interrupt if there is still one for now. */
static void inject_irq(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;
    struct hvm_event ev = { .valid = true, .type = EVENT_INTR };

    if (unlikely(hv->displaced.valid)) {
        ev = hv->displaced;
        hv->displaced.valid = false;
    } else if (upcall_wanted(v)) {
        ev.vector = v->domain->hvm->route->callback_vector;
    } else {
        int vector = apic_pending(v);

        if (vector >= 0)
            vector = vlapic_ack(hv->lapic, vector);
        if (vector < 0)
            return;
        ev.vector = (uint8_t)vector;
    }
    inject(v, &ev);
}

static bool irq_wanted(struct vcpu *v)
{
    return v->hvm->displaced.valid || upcall_wanted(v) || apic_pending(v) >= 0;
}

/* The guest writes CR8 without an exit: the local APIC learns of it here,
 * and when its registers are read (vlapic_cr8()). */
static void sync_apic(struct vcpu *v)
{
    struct vlapic *a = v->hvm->lapic;
    unsigned int tpr = hvm_ops.get_tpr(v);

    vlapic_take_posted(a);
    if (tpr != vlapic_tpr(a) >> 4)
        vlapic_set_tpr(a, (uint8_t)(tpr << 4));
}

bool hvm_has_event(struct vcpu *v, bool interrupts)
{
    struct vlapic *a = v->hvm->lapic;

    sync_apic(v);
    return v->hvm->event.valid || READ_ONCE(v->hvm->nmi_pending) ||
           (interrupts && (irq_wanted(v) ||
                           (a->assisted && READ_ONCE(a->enabled) &&
                            vlapic_pending(a) >= 0)));
}

void hvm_event_update(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;
    struct vlapic *a = hv->lapic;
    unsigned int shadow = hvm_ops.shadow(v);
    bool irq;
    int highest;

    sync_apic(v);
    if (hv->event.valid && !hv->injected) {
        inject(v, &hv->event);
        hv->event.valid = false;
    } else if (!hv->injected && READ_ONCE(hv->nmi_pending) && !shadow) {
        WRITE_ONCE(hv->nmi_pending, false);
        inject(v, &(struct hvm_event){ .valid = true, .type = EVENT_NMI,
                                       .vector = VEC_NMI });
    }
    irq = irq_wanted(v);
    if (irq && (vcpu_regs(v)->rflags & RFLAGS_IF) && !shadow &&
        !hv->injected) {
        bool displaced = hv->displaced.valid;

        /* What waits behind it wants a window; not the upcall that was just
         * injected, whose flag stays until its handler runs. */
        inject_irq(v);
        irq = apic_pending(v) >= 0 || (displaced && upcall_wanted(v));
    }
    /* What TPR alone holds back comes when the guest lowers it. */
    highest = vlapic_quiet(a) || a->assisted || vlapic_tpr(a) < 16
                  ? -1 : vlapic_highest_irr(a);
    hvm_ops.set_tpr(v, vlapic_tpr(a) >> 4);
    hvm_ops.window(v, irq, READ_ONCE(hv->nmi_pending),
                   highest > 0 && highest >> 4 <= vlapic_tpr(a) >> 4);
}
