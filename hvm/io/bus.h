/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The internal devices' port and MMIO ranges of one domain: which device an
 * access is for. Ports are looked up in two tables of bytes; of MMIO ranges
 * there are few. No lock: ranges are added at domain creation; bus_move()
 * only exchanges single bytes while vCPUs run.
 */
#pragma once

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/atomic.h"

enum bus_kind { BUS_PORT, BUS_MMIO };

enum bus_rc {
    BUS_OK,
    BUS_NONE, /* nobody here: the access goes to the device model */
};

/*
 * addr is absolute; size 1, 2, 4 (ports) or also 8 bytes, inside the range.
 * *val is what is written, upper bytes zero, or where the answer to a read
 * goes: it is all ones before, as an empty bus reads, and its upper bytes do
 * not matter. BUS_NONE: the handler leaves this access to the device model.
 */
typedef enum bus_rc bus_fn(void *dev, uint64_t addr, unsigned int size,
                           bool write, uint64_t *val);

struct bus_range {
    enum bus_kind kind;
    uint64_t base;
    uint64_t len;
    bus_fn *access;
};

#define NR_PORTS 0x10000
#define BUS_MAX_SLOTS 64 /* of each kind; slot 0 is empty and means none */
#define BUS_MAX_PAGES 16 /* tables of 256 ports; 0 is the empty one */

struct bus_slot {
    struct bus_range range;
    void *dev;
};

/* All zero: no ranges. */
struct bus {
    uint8_t page[NR_PORTS / 256];     /* port / 256 to table */
    uint8_t port[BUS_MAX_PAGES][256]; /* port % 256 to slot */
    uint8_t nr_pages, nr_slots[2];    /* without page 0 and the slots 0 */
    struct bus_slot slot[2][BUS_MAX_SLOTS];
};

/* Adds a device's ranges up to the first that is refused. -EEXIST: overlap;
 * -EINVAL: empty or wraps; -ENOSPC. Not while vCPUs run. */
int bus_add(struct bus *b, const struct bus_range *ranges, unsigned int n,
            void *dev);
/*
 * Moves a device's port range to another base; the same errors, then nothing
 * changed. -ENOENT: no such range. May be used while vCPUs run: an access at
 * that moment finds the old place, the new one or none. The caller serialises
 * calls.
 */
int bus_move(struct bus *b, uint16_t old_base, uint16_t new_base);

/* The number of a port's slot. */
static inline uint8_t bus_port_slot(const struct bus *b, uint16_t port)
{
    return READ_ONCE(b->port[b->page[port >> 8]][port & 0xff]);
}

/* An access to the slot that decodes its first byte; slot 0 decodes none. */
static inline __attribute__((always_inline)) enum bus_rc
bus_slot_access(const struct bus_slot *s, uint64_t addr, unsigned int size,
                bool write, uint64_t *val)
{
    uint64_t off = addr - READ_ONCE(s->range.base);
    uint64_t v = write ? *val & size_mask(size) : ~0ull;
    enum bus_rc rc;

    if (unlikely(off >= s->range.len || size > s->range.len - off))
        return BUS_NONE;
    rc = s->range.access(s->dev, addr, size, write, &v);
    if (rc == BUS_OK && !write)
        *val = v & size_mask(size);
    return rc;
}

/*
 * One access: takes *val, or fills it in, upper bytes zero, only on BUS_OK.
 * size: 1, 2, 4, for memory also 8, nothing else; what is not wholly inside one
 * range is BUS_NONE. To ports in place, since that is most of what one costs.
 */
static inline __attribute__((always_inline)) enum bus_rc
bus_port_access(const struct bus *b, uint16_t port, unsigned int size,
                bool write, uint64_t *val)
{
    return bus_slot_access(&b->slot[BUS_PORT][bus_port_slot(b, port)], port,
                           size, write, val);
}
enum bus_rc bus_mmio_access(const struct bus *b, uint64_t gpa,
                            unsigned int size, bool write, uint64_t *val);
/* True if a device has this address (of a port: below NR_PORTS); it may still
 * answer BUS_NONE. */
bool bus_claims(const struct bus *b, enum bus_kind kind, uint64_t addr);
