/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 2-level layout of pending events: a pending and a mask bit for each
 * port in shared info, and in each vCPU's info a selector with one bit for
 * each word of pending bits. 64 words of 64 bits, or 32 of 32 for a guest in
 * 32-bit mode. Touches nothing but these pages.
 */
#include "hypervisor/core/evtchn-impl.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/upcalls.h"

/*
 * Bit n of an array has the same place whatever the size of its words (x86
 * is little endian), so all are taken as arrays of 32-bit words. The pending
 * array starts at the same offset in both layouts; only the mask's place, the
 * selector's and the number of ports differ.
 */
typedef uint32_t __attribute__((may_alias)) word_t;

#define COMPAT_PORTS 1024u
BUILD_BUG_ON(offsetof(struct shared_info, evtchn_pending) !=
             offsetof(struct compat_shared_info, evtchn_pending));
BUILD_BUG_ON(offsetof(struct vcpu_info, evtchn_upcall_pending) !=
             offsetof(struct compat_vcpu_info, evtchn_upcall_pending));

uint32_t evtchn_2l_ports(const struct domain *d)
{
    return domain_is_compat(d) ? COMPAT_PORTS : EVTCHN_2L_NR_CHANNELS;
}

/* The words that the bit of a port is in; its number there is port % 32. */
static word_t *pending_word(const struct domain *d, uint32_t port)
{
    return (word_t *)d->shared_info->evtchn_pending + port / 32;
}

static word_t *mask_word(const struct domain *d, uint32_t port, bool compat)
{
    size_t at = compat ? offsetof(struct compat_shared_info, evtchn_mask)
                       : offsetof(struct shared_info, evtchn_mask);

    return (word_t *)((char *)d->shared_info + at) + port / 32;
}

static bool is_set(const word_t *word, uint32_t port)
{
    return READ_ONCE(*word) >> (port % 32) & 1;
}

/* Sets the bit of a port's word in v's selector; true if it was clear. */
static bool select_word(struct vcpu *v, uint32_t port, bool compat)
{
    size_t at = compat ? offsetof(struct compat_vcpu_info, evtchn_pending_sel)
                       : offsetof(struct vcpu_info, evtchn_pending_sel);
    word_t *sel = (word_t *)((char *)READ_ONCE(v->info) + at);
    uint32_t nr = compat ? port / 32 : port / 64;

    return !word_test_and_set(sel + nr / 32, nr % 32);
}

/* The rare part of a delivery: somebody polls, or d changed to FIFO at this
 * moment and fifo_create() may not have seen the bit that was set. */
static __attribute__((noinline)) void delivered(struct domain *d, uint32_t port)
{
    if (READ_ONCE(d->evtchn->fifo))
        evtchn_deliver(d, port_channel(d->evtchn, port), port);
    else
        evtchn_wake_pollers(d, port);
}

/*
 * The order is the contract with the guest, which clears the flag, then
 * takes the selector, then the pending words, and unmasks a port before it
 * looks whether it is pending: each step here is a full barrier.
 */
void evtchn_2l_deliver(struct domain *d, struct vcpu *v, uint32_t port)
{
    bool compat = domain_is_compat(d);
    const struct evtchn_table *t;

    /* A port from before the guest went to 32-bit mode. */
    if (unlikely(compat && port >= COMPAT_PORTS))
        return;
    if (word_test_and_set(pending_word(d, port), port % 32))
        return;
    if (!is_set(mask_word(d, port, compat), port) &&
        select_word(v, port, compat))
        evtchn_show(v);
    t = d->evtchn;
    if (unlikely(READ_ONCE(t->fifo) || READ_ONCE(t->pollers)))
        delivered(d, port);
}

void evtchn_2l_clear_pending(struct domain *d, uint32_t port)
{
    if (port < evtchn_2l_ports(d))
        (void)word_test_and_clear(pending_word(d, port), port % 32);
}

bool evtchn_2l_is_pending(const struct domain *d, uint32_t port)
{
    return port < evtchn_2l_ports(d) && is_set(pending_word(d, port), port);
}

void evtchn_2l_unmask(struct domain *d, struct vcpu *v, uint32_t port)
{
    bool compat = domain_is_compat(d);

    if (port >= evtchn_2l_ports(d))
        return;
    if (word_test_and_clear(mask_word(d, port, compat), port % 32) &&
        is_set(pending_word(d, port), port) && select_word(v, port, compat))
        evtchn_show(v);
}

void evtchn_info_moved(struct vcpu *v)
{
    bool compat = domain_is_compat(v->domain);

    for (uint32_t port = 0; port < evtchn_2l_ports(v->domain);
         port += compat ? 32 : 64)
        (void)select_word(v, port, compat);
    evtchn_show(v);
}
