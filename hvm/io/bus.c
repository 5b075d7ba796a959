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
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/lib/string.h"

void bus_init(struct bus *b)
{
    memset(b, 0, sizeof(*b));
    b->nr_slots = 1;
    b->nr_pages = 1;
}

/* The slot's number, 0: nobody. */
static uint8_t port_slot(const struct bus *b, uint64_t port)
{
    return READ_ONCE(b->port[b->page[port >> 8]][port & 0xff]);
}

/* Slot n may have the ports, and each page of them has a table. */
static int ports_prepare(struct bus *b, uint64_t base, uint64_t len, uint8_t n)
{
    if (base + len > 0x10000)
        return -EINVAL;
    for (uint64_t p = base; p < base + len; p++)
        if (port_slot(b, p) && port_slot(b, p) != n)
            return -EEXIST;
    for (uint64_t p = base; p < base + len; p++)
        if (!b->page[p >> 8]) {
            if (b->nr_pages == BUS_MAX_PAGES)
                return -ENOSPC;
            WRITE_ONCE(b->page[p >> 8], b->nr_pages++);
        }
    return 0;
}

static void ports_fill(struct bus *b, uint64_t base, uint64_t len, uint8_t n)
{
    for (uint64_t p = base; p < base + len; p++)
        WRITE_ONCE(b->port[b->page[p >> 8]][p & 0xff], n);
}

static int add_ports(struct bus *b, const struct bus_slot *s)
{
    uint64_t len = s->last - s->base + 1;
    int rc = ports_prepare(b, s->base, len, 0);

    if (!rc && b->nr_slots == BUS_MAX_SLOTS)
        rc = -ENOSPC;
    if (rc)
        return rc;
    b->slot[b->nr_slots] = *s;
    ports_fill(b, s->base, len, b->nr_slots++);
    return 0;
}

static int add_mmio(struct bus *b, const struct bus_slot *s)
{
    for (unsigned int i = 0; i < b->nr_mmio; i++)
        if (s->base <= b->mmio[i].last && b->mmio[i].base <= s->last)
            return -EEXIST;
    if (b->nr_mmio == BUS_MAX_MMIO)
        return -ENOSPC;
    b->mmio[b->nr_mmio++] = *s;
    return 0;
}

int bus_add(struct bus *b, const struct bus_range *ranges, unsigned int n,
            void *dev)
{
    int rc = 0;

    for (const struct bus_range *r = ranges; !rc && r < ranges + n; r++) {
        const struct bus_slot s = { r->base, r->base + r->len - 1, r->read,
                                    r->write, dev };

        if (!r->len || s.last < s.base)
            rc = -EINVAL;
        else
            rc = r->kind == BUS_PORT ? add_ports(b, &s) : add_mmio(b, &s);
    }
    return rc;
}

int bus_move(struct bus *b, uint16_t old_base, uint16_t new_base)
{
    uint8_t n = port_slot(b, old_base);
    struct bus_slot *s = &b->slot[n];
    uint64_t len = s->last - s->base + 1;
    int rc;

    if (!n || s->base != old_base)
        return -ENOENT;
    rc = ports_prepare(b, new_base, len, n);
    if (rc)
        return rc;
    ports_fill(b, old_base, len, 0);
    WRITE_ONCE(s->base, new_base);
    WRITE_ONCE(s->last, new_base + len - 1);
    ports_fill(b, new_base, len, n);
    return 0;
}

/* The slot that decodes it, or NULL. */
static const struct bus_slot *port_at(const struct bus *b, uint16_t port)
{
    uint8_t n = port_slot(b, port);

    return n ? &b->slot[n] : NULL;
}

static const struct bus_slot *mmio_at(const struct bus *b, uint64_t gpa)
{
    const struct bus_slot *end = b->mmio + b->nr_mmio;

    for (const struct bus_slot *s = b->mmio; s < end; s++)
        if (gpa >= s->base && gpa <= s->last)
            return s;
    return NULL;
}

/* There is a slot, and the whole access is inside. */
static inline bool fits(const struct bus_slot *s, uint64_t addr,
                        unsigned int size)
{
    return s && addr >= s->base && addr <= s->last &&
           size - 1 <= s->last - addr;
}

static inline enum bus_rc slot_read(const struct bus_slot *s, uint64_t addr,
                                    unsigned int size, uint64_t *val)
{
    uint64_t v = 0;

    if (!fits(s, addr, size) || s->read(s->dev, addr, size, &v) != BUS_OK)
        return BUS_NONE;
    *val = v & size_mask(size);
    return BUS_OK;
}

static inline enum bus_rc slot_write(const struct bus_slot *s, uint64_t addr,
                                     unsigned int size, uint64_t val)
{
    if (!fits(s, addr, size))
        return BUS_NONE;
    return s->write(s->dev, addr, size, val & size_mask(size));
}

enum bus_rc bus_port_read(struct bus *b, uint16_t port, unsigned int size,
                          uint64_t *val)
{
    return slot_read(port_at(b, port), port, size, val);
}

enum bus_rc bus_port_write(struct bus *b, uint16_t port, unsigned int size,
                           uint64_t val)
{
    return slot_write(port_at(b, port), port, size, val);
}

enum bus_rc bus_mmio_read(struct bus *b, uint64_t gpa, unsigned int size,
                          uint64_t *val)
{
    return slot_read(mmio_at(b, gpa), gpa, size, val);
}

enum bus_rc bus_mmio_write(struct bus *b, uint64_t gpa, unsigned int size,
                           uint64_t val)
{
    return slot_write(mmio_at(b, gpa), gpa, size, val);
}

bool bus_port_claims(const struct bus *b, uint16_t port)
{
    return port_slot(b, port);
}

bool bus_mmio_claims(const struct bus *b, uint64_t gpa)
{
    return mmio_at(b, gpa);
}
