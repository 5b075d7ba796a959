/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up which internal device an access is for. Never knows a device.
 *
 * A port costs two byte loads: the upper half of the number chooses a table,
 * the lower half a slot in it. Table 0 and slot 0 are empty for ever, so that
 * the path has no case for "no table". Slots are never given back, and one
 * that moves changes its base before the bytes that lead to it: whoever
 * looks at the same time calls the right device or none.
 */
#include "hvm/io/bus.h"

/* The slot that decodes it, or NULL. */
static inline const struct bus_slot *find(const struct bus *b,
                                          enum bus_kind kind, uint64_t addr)
{
    if (kind == BUS_PORT)
        return bus_slot_of(b, addr);
    for (const struct bus_slot *s = b->mmio; s < b->mmio + b->nr_mmio; s++)
        if (addr - s->range.base < s->range.len)
            return s;
    return NULL;
}

/* Slot n may have the ports, and each page of them has a table. */
static int ports_prepare(struct bus *b, uint64_t base, uint64_t len, uint8_t n)
{
    if (base + len > 0x10000)
        return -EINVAL;
    for (uint64_t p = base; p < base + len; p++)
        if (bus_slot_of(b, p) && bus_slot_of(b, p) != &b->slot[n])
            return -EEXIST;
    for (uint64_t p = base; p < base + len; p++)
        if (!b->page[p >> 8]) {
            if (b->nr_pages == BUS_MAX_PAGES - 1)
                return -ENOSPC;
            WRITE_ONCE(b->page[p >> 8], ++b->nr_pages);
        }
    return 0;
}

static void ports_fill(struct bus *b, uint64_t base, uint64_t len, uint8_t n)
{
    for (uint64_t p = base; p < base + len; p++)
        WRITE_ONCE(b->port[b->page[p >> 8]][p & 0xff], n);
}

static int add_ports(struct bus *b, const struct bus_range *r, void *dev)
{
    int rc = ports_prepare(b, r->base, r->len, 0);

    if (!rc && b->nr_slots == BUS_MAX_SLOTS - 1)
        rc = -ENOSPC;
    if (rc)
        return rc;
    b->slot[++b->nr_slots] = (struct bus_slot){ *r, dev };
    ports_fill(b, r->base, r->len, b->nr_slots);
    return 0;
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
    uint8_t n = bus_slot_number(b, old_base);
    struct bus_range *r = &b->slot[n].range;
    int rc;

    if (!n || r->base != old_base)
        return -ENOENT;
    rc = ports_prepare(b, new_base, r->len, n);
    if (rc)
        return rc;
    ports_fill(b, old_base, r->len, 0);
    WRITE_ONCE(r->base, new_base);
    ports_fill(b, new_base, r->len, n);
    return 0;
}

enum bus_rc bus_mmio_access(const struct bus *b, uint64_t gpa,
                            unsigned int size, bool write, uint64_t *val)
{
    return bus_slot_access(find(b, BUS_MMIO, gpa), gpa, size, write, val);
}

bool bus_claims(const struct bus *b, enum bus_kind kind, uint64_t addr)
{
    return find(b, kind, addr);
}
