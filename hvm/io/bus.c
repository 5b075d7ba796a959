/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up which internal device an access is for. Never knows a device.
 *
 * A port costs two byte loads: the upper half of the number chooses a table,
 * the lower half a slot in it. Table 0 and slot 0 are empty for ever, so that
 * the path has no case for "nobody". Slots are never given back, and one that
 * moves changes its base before the bytes that lead to it: whoever looks at the
 * same time calls the right device or none.
 */
#include "hvm/io/bus.h"

/* The slot that decodes it, or the empty one. */
static inline const struct bus_slot *find(const struct bus *b,
                                          enum bus_kind kind, uint64_t addr)
{
    const struct bus_slot *slot = b->slot[BUS_MMIO];

    if (kind == BUS_PORT)
        return &b->slot[BUS_PORT][bus_port_slot(b, (uint16_t)addr)];
    for (unsigned int i = b->nr_slots[BUS_MMIO]; i; i--)
        if (addr - slot[i].range.base < slot[i].range.len)
            return &slot[i];
    return &slot[0];
}

static void ports_fill(struct bus *b, const struct bus_range *r, uint8_t n)
{
    for (uint64_t p = r->base; p < r->base + r->len; p++)
        WRITE_ONCE(b->port[b->page[p >> 8]][p & 0xff], n);
}

/* Gives slot n the ports from base on, in place of those that it has. */
static int place_ports(struct bus *b, uint8_t n, uint64_t base)
{
    struct bus_range *r = &b->slot[BUS_PORT][n].range;

    if (base + r->len > NR_PORTS)
        return -EINVAL;
    for (uint64_t p = base; p < base + r->len; p++) {
        uint8_t owner = bus_port_slot(b, (uint16_t)p);

        if (owner && owner != n)
            return -EEXIST;
    }
    for (uint64_t p = base; p < base + r->len; p++)
        if (!b->page[p >> 8]) {
            if (b->nr_pages == BUS_MAX_PAGES - 1)
                return -ENOSPC;
            WRITE_ONCE(b->page[p >> 8], ++b->nr_pages);
        }
    ports_fill(b, r, 0);
    WRITE_ONCE(r->base, base);
    ports_fill(b, r, n);
    return 0;
}

static int add(struct bus *b, const struct bus_range *r, void *dev)
{
    bool mmio = r->kind == BUS_MMIO;
    struct bus_slot *slot = b->slot[mmio];
    uint8_t n = b->nr_slots[mmio] + 1;
    int rc = 0;

    if (!r->len || r->base + r->len - 1 < r->base)
        return -EINVAL;
    if (n == BUS_MAX_SLOTS)
        return -ENOSPC;
    slot[n] = (struct bus_slot){ *r, dev };
    if (!mmio)
        rc = place_ports(b, n, r->base);
    for (unsigned int i = 1; mmio && i < n; i++)
        if (r->base - slot[i].range.base < slot[i].range.len ||
            slot[i].range.base - r->base < r->len)
            rc = -EEXIST;
    if (!rc)
        b->nr_slots[mmio] = n;
    return rc;
}

int bus_add(struct bus *b, const struct bus_range *ranges, unsigned int n,
            void *dev)
{
    int rc = 0;

    for (const struct bus_range *r = ranges; !rc && r < ranges + n; r++)
        rc = add(b, r, dev);
    return rc;
}

int bus_move(struct bus *b, uint16_t old_base, uint16_t new_base)
{
    uint8_t n = bus_port_slot(b, old_base);

    if (!n || b->slot[BUS_PORT][n].range.base != old_base)
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
