/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking of a screen: frames of the range are mapped P2M_RAM_LOG;
 * the first write to each faults, sets its bit and makes it P2M_RAM, or is
 * logged by the CPU, and the bit is set when the vCPU leaves its guest. A
 * report takes the bits and asks for the next write of those frames, with
 * one flush: a write that is not noted before it is done when it returns.
 */
#include "hvm/vcpu.h"

#include "hvm/mem/p2m.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/lib/string.h"

struct dirty_vram {
    uint64_t first;
    unsigned int nr;
    uint64_t map[DIRTY_VRAM_MAX / 64]; /* (a) all set: nothing reported yet */
};

/* Notes a write that did not fault: by Lodge, a device model, a backend, or
 * from the log that the CPU keeps. The range may move meanwhile: its start is
 * read once, so that what was checked is what is used, and nr is never more
 * than the map. */
void guest_frame_dirtied(struct domain *d, gfn_t g)
{
    struct dirty_vram *t = load_acquire(&d->hvm->dirty);
    uint64_t i;

    if (likely(!t))
        return;
    i = g.raw - READ_ONCE(t->first);
    if (i < READ_ONCE(t->nr))
        atomic_set_bit((unsigned int)i, t->map);
}

void dirty_mark(struct domain *d, gfn_t g)
{
    /* In this order: a report that takes the bit asks for the next write, and
     * what it asked for must not be undone here. */
    (void)p2m_change_type(d, g, P2M_RAM_LOG, P2M_RAM);
    guest_frame_dirtied(d, g);
}

static void move(struct domain *d, struct dirty_vram *t, gfn_t first,
                 unsigned int nr)
{
    for (unsigned int i = 0; i < t->nr; i++)
        (void)p2m_change_type(d, gfn(t->first + i), P2M_RAM_LOG, P2M_RAM);
    t->nr = 0;
    memset(t->map, 0xff, sizeof(t->map));
    t->first = first.raw;
    t->nr = nr;
}

static void report(struct domain *d, struct dirty_vram *t, uint8_t *bitmap)
{
    bool again = false;

    memset(bitmap, 0, DIV_ROUND_UP(t->nr, 8));
    p2m_collect_writes(d);
    for (unsigned int i = 0; i < t->nr; i++) {
        gfn_t g = gfn(t->first + i);

        if (!atomic_test_and_clear_bit(i, t->map))
            continue;
        bitmap[i / 8] |= (uint8_t)(1u << i % 8);
        if (p2m_log_write(d, g))
            again = true;
    }
    if (again)
        p2m_flush(d);
}

/* Calls come from the device model, one at a time: lock DOMCTL of d. */
int dirty_vram(struct domain *d, gfn_t first, unsigned int nr,
               uint8_t *bitmap)
{
    struct dirty_vram *t;
    int rc = 0;

    if (nr > DIRTY_VRAM_MAX)
        return -EINVAL;
    spin_lock(&d->lock);
    t = d->hvm->dirty;
    if (!t && nr) {
        t = heap_alloc(sizeof(*t));
        store_release(&d->hvm->dirty, t);
        rc = t ? 0 : -ENOMEM;
    }
    if (t && (nr != t->nr || first.raw != t->first))
        move(d, t, first, nr);
    if (t && nr)
        report(d, t, bitmap);
    spin_unlock(&d->lock);
    return rc;
}
