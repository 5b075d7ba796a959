/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a guest's vCPU: work that is due, enter, handle the exit,
 * again. One word of pending bits and two flags decide whether there is work;
 * the usual round trip sees them clear.
 */
#include "hvm/irq/route.h"
#include "hvm/mem/peek.h"
#include "hvm/vcpu.h"
#include "hypervisor/core/upcalls.h"

/* INIT and SIPI, and an NMI is looked at with the interrupts. */
static void handle_signals(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;
    uint16_t sipi;

    if (atomic_xchg(&hv->init_pending, false)) {
        vlapic_init_signal(hv->lapic);
        hv->halted = hv->stopped = false;
        if (v->id != 0)
            WRITE_ONCE(hv->wait_sipi, true);
        else
            hvm_vcpu_reset(v, 0xf000, 0xfff0);
    }
    sipi = atomic_xchg(&hv->sipi_vector, (uint16_t)0);
    if (sipi && READ_ONCE(hv->wait_sipi)) {
        hvm_vcpu_reset(v, (uint16_t)((sipi & 0xff) << 8), 0);
        WRITE_ONCE(hv->wait_sipi, false);
    }
}

/* The line of a GSI or INTx upcall. It rises here and not where the event was
 * sent, which holds lock EVTCHN, and falls when the guest has seen it. */
static void set_callback_line(struct vcpu *v, bool up)
{
    v->hvm->callback_line = up;
    route_callback_set(v->domain->hvm->route, up);
}

/*
 * Everything but injection that must be done before the guest may run
 * again. Returns with v->hvm->halted set if it still may not.
 */
static void work(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    vcpu_checkpoint();
    if (test_bit(PENDING_EVENT, &v->pending)) {
        atomic_clear_bit(PENDING_EVENT, &v->pending);
        handle_signals(v);
    }
    if (test_bit(PENDING_P2M, &v->pending)) {
        atomic_clear_bit(PENDING_P2M, &v->pending);
        tlb_tag_drop(&hv->tlb_tag);
        peek_update(v);
    }
    if (test_bit(PENDING_WORK, &v->pending)) {
        atomic_clear_bit(PENDING_WORK, &v->pending);
        pvtime_update(v);
        if (atomic_xchg(&hv->callback_wanted, false) &&
            READ_ONCE(v->info->evtchn_upcall_pending))
            set_callback_line(v, true);
    }
    if (hv->wait_sipi)
        vcpu_wait(~BIT(PENDING_IRQ));
    else if (hv->halted)
        hvm_wait_for_event(v);
}

void hvm_wait_for_event(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;

    /* Bits first, then the question: what comes later sets a bit. */
    atomic_clear_bit(PENDING_IRQ, &v->pending);
    if (hvm_has_event(v, vcpu_regs(v)->rflags & RFLAGS_IF)) {
        hv->halted = hv->stopped = false;
        atomic_set_bit(PENDING_IRQ, &v->pending);
    } else {
        vcpu_wait(~0ull);
    }
}

void hvm_vcpu_loop(struct vcpu *v)
{
    struct hvm_vcpu *hv = v->hvm;
    struct vmexit e;
    uint64_t pending;

    for (;;) {
        /*
         * Who sets a pending bit after this sees in_guest and sends an
         * interrupt, which ends the guest at once; or else we see the bit.
         */
        (void)atomic_xchg(&v->in_guest, true);
        pending = READ_ONCE(v->pending);
        if (unlikely((pending & ~BIT(PENDING_IRQ)) || sched_wanted() ||
                     hv->halted || hv->wait_sipi)) {
            WRITE_ONCE(v->in_guest, false);
            work(v);
            continue;
        }
        if (pending || hv->event.valid) {
            /* Looking for interrupts may find more of them: an expired
             * timer. Bits must be clear on entry (see vcpu_kick()). */
            do {
                atomic_clear_bit(PENDING_IRQ, &v->pending);
                hvm_event_update(v);
            } while (test_bit(PENDING_IRQ, &v->pending));
            /* And may have woken another vCPU, of which nobody else tells this
             * CPU. */
            if (unlikely(sched_wanted())) {
                WRITE_ONCE(v->in_guest, false);
                continue;
            }
        }
        hvm_ops.enter(v, &e);
        hv->injected = false;
        hv->walked.key = 0;
        WRITE_ONCE(v->in_guest, false);
        if (unlikely(hv->callback_line) &&
            !READ_ONCE(v->info->evtchn_upcall_pending))
            set_callback_line(v, false);
        hvm_handle_exit(v, &e);
    }
}
