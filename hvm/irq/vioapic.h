/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APICs of one domain (82093AA): one with 48 pins for a guest, copies of
 * the machine's for domain 0. Redirection entries are kept by GSI for all
 * chips together. Lock: HVM_IRQ of the domain (struct route).
 */
#pragma once

#include "hypervisor/abi/hvm-save.h"
#include "hvm/io/bus.h"
#include "hvm/irq/apicbus.h"

struct route;

#define VIOAPIC_MAX_GSIS   256
#define VIOAPIC_MAX_CHIPS  8
#define VIOAPIC_MAX_PINS   120 /* per chip: what IOREGSEL can name */
#define VIOAPIC_BASE       0xfec00000ull
#define VIOAPIC_SIZE       0x100

union ioapic_rte {
    uint64_t raw;
    struct {
        uint64_t vector    : 8;
        uint64_t delivery  : 3; /* enum apic_delivery */
        uint64_t logical   : 1;
        uint64_t status    : 1; /* read-only, always idle */
        uint64_t active_low : 1;
        uint64_t remote_irr : 1; /* read-only */
        uint64_t level     : 1;
        uint64_t mask      : 1;
        uint64_t           : 39;
        uint64_t dest      : 8;
    };
};
BUILD_BUG_ON(sizeof(union ioapic_rte) != 8);
#define IOAPIC_RTE_MASKED 0x10000ull /* as after reset */

struct vioapic {
    struct route *route;   /* (c) */
    uint64_t base;         /* (c) guest-physical address of the registers */
    uint16_t base_gsi;     /* (c) */
    uint16_t pins;         /* (c) */
    uint8_t ioregsel;
    uint8_t id;            /* 4 bits */
};

/* What an entry sends. */
static inline struct apic_msg ioapic_message(union ioapic_rte e)
{
    return (struct apic_msg){
        .dest = apic_dest8(e.dest, e.logical), .vector = (uint8_t)e.vector,
        .delivery = (uint8_t)e.delivery, .logical = e.logical,
        .level = e.level,
    };
}

/* Adds a chip, masked, and puts it on the bus; GSIs of chips may not overlap.
 * A guest gets (VIOAPIC_BASE, 0, 0, VIOAPIC_NUM_PINS). -EINVAL, -ENOSPC,
 * errors of bus_add(). Not while vCPUs run. */
int vioapic_add(struct route *r, uint64_t base, uint8_t id,
                unsigned int base_gsi, unsigned int pins);

/* A GSI's line rose. Lock HVM_IRQ held; gsi below route->nr_gsis. */
enum irq_result vioapic_edge(struct route *r, unsigned int gsi);
/* A vCPU ended a vector that came with level trigger. No lock held. */
void vioapic_eoi(struct route *r, uint8_t vector);

/* Record IOAPIC: -EOPNOTSUPP for a domain whose chips are not one of 48
 * pins. load: -EINVAL. The domain is paused. */
int vioapic_save(struct route *r, struct hvm_hw_vioapic *rec);
int vioapic_load(struct route *r, const struct hvm_hw_vioapic *rec);
