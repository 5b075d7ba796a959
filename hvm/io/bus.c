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
static uint8_t port_slot(const struct bus *b, uint16_t port)
{
    return READ_ONCE(b->port[b->page[port >> 8]][port & 0xff]);
}

/* True if all ports are free or belong to `self`. */
static bool ports_free(const struct bus *b, uint64_t base, uint64_t len,
                       uint8_t self)
{
    for (uint64_t p = base; p < base + len; p++) {
        uint8_t n = port_slot(b, (uint16_t)p);

        if (n && n != self)
            return false;
    }
    return true;
}

/* Gives each page that the ports touch a table. -ENOSPC. */
static int port_tables(struct bus *b, uint64_t base, uint64_t len)
{
    unsigned int missing = 0;

    for (uint64_t i = base >> 8; i <= (base + len - 1) >> 8; i++)
        missing += !b->page[i];
    if (b->nr_pages + missing > BUS_MAX_PAGES)
        return -ENOSPC;
    for (uint64_t i = base >> 8; i <= (base + len - 1) >> 8; i++)
        if (!b->page[i])
            WRITE_ONCE(b->page[i], b->nr_pages++);
    return 0;
}

static void port_fill(struct bus *b, uint64_t base, uint64_t len, uint8_t slot)
{
    for (uint64_t p = base; p < base + len; p++)
        WRITE_ONCE(b->port[b->page[p >> 8]][p & 0xff], slot);
}

/* Where in the sorted table an address belongs: the number of ranges that
 * begin at or below it. */
static unsigned int mmio_rank(const struct bus *b, uint64_t gpa)
{
    unsigned int low = 0, high = b->nr_mmio;

    while (low < high) {
        unsigned int mid = (low + high) / 2;

        if (b->slot[b->mmio[mid]].base <= gpa)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int add_mmio(struct bus *b, const struct bus_range *r, uint8_t slot)
{
    unsigned int at = mmio_rank(b, r->base);

    if (at && b->slot[b->mmio[at - 1]].last >= r->base)
        return -EEXIST;
    if (at < b->nr_mmio && b->slot[b->mmio[at]].base <= r->base + r->len - 1)
        return -EEXIST;
    if (b->nr_mmio == BUS_MAX_MMIO)
        return -ENOSPC;
    memmove(&b->mmio[at + 1], &b->mmio[at], b->nr_mmio - at);
    b->mmio[at] = slot;
    b->nr_mmio++;
    return 0;
}

static int add_ports(struct bus *b, const struct bus_range *r, uint8_t slot)
{
    int rc;

    if (r->base + r->len > 0x10000)
        return -EINVAL;
    if (!ports_free(b, r->base, r->len, 0))
        return -EEXIST;
    rc = port_tables(b, r->base, r->len);
    if (!rc)
        port_fill(b, r->base, r->len, slot);
    return rc;
}

static int add_one(struct bus *b, const struct bus_range *r, void *dev)
{
    struct bus_slot *s = &b->slot[b->nr_slots];
    int rc;

    if (!r->len || r->base + r->len - 1 < r->base || !r->read || !r->write)
        return -EINVAL;
    if (b->nr_slots == BUS_MAX_RANGES)
        return -ENOSPC;
    *s = (struct bus_slot){ r->base, r->base + r->len - 1, r->read, r->write,
                            dev };
    rc = r->kind == BUS_PORT ? add_ports(b, r, b->nr_slots)
                             : add_mmio(b, r, b->nr_slots);
    if (!rc)
        b->nr_slots++;
    return rc;
}

/* Takes back the range that was added last. */
static void drop_last(struct bus *b, const struct bus_range *r)
{
    unsigned int at;

    b->nr_slots--;
    if (r->kind == BUS_PORT) {
        port_fill(b, r->base, r->len, 0);
        return;
    }
    at = mmio_rank(b, r->base) - 1;
    memmove(&b->mmio[at], &b->mmio[at + 1], b->nr_mmio - at - 1);
    b->nr_mmio--;
}

int bus_add(struct bus *b, const struct bus_range *ranges, unsigned int n,
            void *dev)
{
    for (unsigned int i = 0; i < n; i++) {
        int rc = add_one(b, &ranges[i], dev);

        if (rc) {
            while (i--)
                drop_last(b, &ranges[i]);
            return rc;
        }
    }
    return 0;
}

int bus_move(struct bus *b, uint16_t old_base, uint16_t new_base)
{
    uint8_t n = port_slot(b, old_base);
    struct bus_slot *s = &b->slot[n];
    uint64_t len = s->last - s->base + 1;
    int rc;

    if (!n || s->base != old_base)
        return -ENOENT;
    if (new_base + len > 0x10000)
        return -EINVAL;
    if (!ports_free(b, new_base, len, n))
        return -EEXIST;
    rc = port_tables(b, new_base, len);
    if (rc)
        return rc;
    port_fill(b, old_base, len, 0);
    WRITE_ONCE(s->base, new_base);
    WRITE_ONCE(s->last, new_base + len - 1);
    port_fill(b, new_base, len, n);
    return 0;
}

/* 1, 2, 4 or 8, with the whole access inside the slot. */
static bool fits(const struct bus_slot *s, uint64_t addr, unsigned int size)
{
    return size - 1 < 8 && !(size & (size - 1)) &&
           addr - s->base <= s->last - s->base && size - 1 <= s->last - addr;
}

static enum bus_rc slot_read(const struct bus_slot *s, uint64_t addr,
                             unsigned int size, uint64_t *val)
{
    uint64_t v = 0;

    if (!fits(s, addr, size) || s->read(s->dev, addr, size, &v) != BUS_OK)
        return BUS_NONE;
    *val = size == 8 ? v : v & ((1ull << size * 8) - 1);
    return BUS_OK;
}

static enum bus_rc slot_write(const struct bus_slot *s, uint64_t addr,
                              unsigned int size, uint64_t val)
{
    if (!fits(s, addr, size))
        return BUS_NONE;
    if (size < 8)
        val &= (1ull << size * 8) - 1;
    return s->write(s->dev, addr, size, val);
}

enum bus_rc bus_port_read(struct bus *b, uint16_t port, unsigned int size,
                          uint64_t *val)
{
    uint8_t n = port_slot(b, port);

    return n ? slot_read(&b->slot[n], port, size, val) : BUS_NONE;
}

enum bus_rc bus_port_write(struct bus *b, uint16_t port, unsigned int size,
                           uint64_t val)
{
    uint8_t n = port_slot(b, port);

    return n ? slot_write(&b->slot[n], port, size, val) : BUS_NONE;
}

/* The slot that decodes gpa, or NULL. */
static const struct bus_slot *mmio_slot(const struct bus *b, uint64_t gpa)
{
    unsigned int at = mmio_rank(b, gpa);
    const struct bus_slot *s = at ? &b->slot[b->mmio[at - 1]] : NULL;

    return s && gpa <= s->last ? s : NULL;
}

enum bus_rc bus_mmio_read(struct bus *b, uint64_t gpa, unsigned int size,
                          uint64_t *val)
{
    const struct bus_slot *s = mmio_slot(b, gpa);

    return s ? slot_read(s, gpa, size, val) : BUS_NONE;
}

enum bus_rc bus_mmio_write(struct bus *b, uint64_t gpa, unsigned int size,
                           uint64_t val)
{
    const struct bus_slot *s = mmio_slot(b, gpa);

    return s ? slot_write(s, gpa, size, val) : BUS_NONE;
}

bool bus_port_claims(const struct bus *b, uint16_t port)
{
    return b->port[b->page[port / 256]][port % 256];
}

bool bus_mmio_claims(struct bus *b, uint64_t gpa)
{
    return mmio_slot(b, gpa);
}
