/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up which internal device an access is for. Never knows a device.
 *
 * A port costs one byte load: the number of its slot. Slot 0 is empty for ever,
 * so that the path has no case for "nobody". Slots are never given back, and
 * one that moves changes its base before the bytes that lead to it: whoever
 * looks at the same time calls the right device or none.
 */
#include "hvm/io/bus.h"
#include "hypervisor/abi/errno.h"

/* The slot that decodes it, or the empty one. */
static inline const struct bus_slot *find(const struct bus *b,
                                          enum bus_kind kind, uint64_t addr)
{
    if (kind == BUS_PORT)
        return &b->slot[b->port[addr]];
    for (const struct bus_slot *s = b->mmio; s < b->mmio + b->nr_mmio; s++)
        if (addr - s->range.base < s->range.len)
            return s;
    return &b->slot[0];
}

static void ports_fill(struct bus *b, const struct bus_range *r, uint8_t n)
{
    for (uint64_t p = r->base; p < r->base + r->len; p++)
        WRITE_ONCE(b->port[p], n);
}

/* Gives slot n the ports from base on, in place of those that it has. */
static int place_ports(struct bus *b, uint8_t n, uint64_t base)
{
    struct bus_range *r = &b->slot[n].range;

    if (base + r->len > NR_PORTS)
        return -EINVAL;
    for (uint64_t p = base; p < base + r->len; p++)
        if (b->port[p] && b->port[p] != n)
            return -EEXIST;
    ports_fill(b, r, 0);
    WRITE_ONCE(r->base, base);
    ports_fill(b, r, n);
    return 0;
}

static int add_ports(struct bus *b, const struct bus_range *r, void *dev)
{
    uint8_t n = b->nr_slots + 1;
    int rc;

    if (n == BUS_MAX_SLOTS)
        return -ENOSPC;
    b->slot[n] = (struct bus_slot){ *r, dev };
    rc = place_ports(b, n, r->base);
    if (!rc)
        b->nr_slots = n;
    return rc;
}

static int add_mmio(struct bus *b, const struct bus_range *r, void *dev)
{
    for (unsigned int i = 0; i < b->nr_mmio; i++) {
        const struct bus_range *o = &b->mmio[i].range;

        if (r->base - o->base < o->len || o->base - r->base < r->len)
            return -EEXIST;
    }
    if (b->nr_mmio == BUS_MAX_MMIO)
        return -ENOSPC;
    b->mmio[b->nr_mmio++] = (struct bus_slot){ *r, dev };
    return 0;
}

int bus_add(struct bus *b, const struct bus_range *ranges, unsigned int n,
            void *dev)
{
    int rc = 0;

    for (const struct bus_range *r = ranges; !rc && r < ranges + n; r++)
        if (!r->len || r->base + r->len - 1 < r->base)
            rc = -EINVAL;
        else
            rc = r->kind == BUS_PORT ? add_ports(b, r, dev)
                                     : add_mmio(b, r, dev);
    return rc;
}

int bus_move(struct bus *b, uint16_t old_base, uint16_t new_base)
{
    uint8_t n = b->port[old_base];

    if (!n || b->slot[n].range.base != old_base)
        return -ENOENT;
    return place_ports(b, n, new_base);
}

enum bus_rc bus_mmio_access(const struct bus *b, uint64_t gpa,
                            unsigned int size, bool write, uint64_t *val)
{
    return bus_slot_access(find(b, BUS_MMIO, gpa), gpa, size, write, val);
}

bool bus_claims(const struct bus *b, enum bus_kind kind, uint64_t addr)
{
    return find(b, kind, addr)->range.len;
}
