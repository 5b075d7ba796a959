/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The APIC bus of one domain: which local APICs an interrupt message (IPI,
 * MSI, I/O APIC) is for, and handing it to them. No lock: destinations are
 * read as they are at this moment, as on the real bus.
 */
#pragma once

#include "hypervisor/lib/util.h"

struct vlapic;

#define APICBUS_MAX 128 /* vCPUs */

/* What became of an interrupt; ordered, a broadcast gives the highest. */
enum irq_result {
    IRQ_IGNORED,   /* masked, or nobody accepts it */
    IRQ_COALESCED, /* the last one has not been taken yet */
    IRQ_DELIVERED,
};

/* Delivery modes (SDM vol. 3A 11.5.1, 11.6.1) that mean something here. */
enum apic_delivery {
    APIC_DM_FIXED = 0,
    APIC_DM_LOWEST = 1,
    APIC_DM_NMI = 4,
    APIC_DM_INIT = 5,
    APIC_DM_STARTUP = 6,
    APIC_DM_EXTINT = 7,
};

/* 0: none, the destination is in the message. */
enum apic_shorthand {
    APIC_DEST_SELF = 1,
    APIC_DEST_ALL = 2,
    APIC_DEST_OTHERS = 3,
};

struct apic_msg {
    uint32_t dest;     /* MDA; APIC_BROADCAST: everybody (physical mode) */
    uint8_t vector;
    uint8_t delivery;  /* enum apic_delivery */
    uint8_t shorthand; /* enum apic_shorthand */
    bool logical;      /* destination mode */
    bool level;        /* trigger mode: sets TMR */
};

#define APIC_BROADCAST 0xffffffffu

/* What devices may send. INIT by a pin or a message would only let a guest
 * shoot itself; SMI does not exist here; ExtINT comes by wire. */
static inline bool apic_device_mode(unsigned int delivery)
{
    return delivery == APIC_DM_FIXED || delivery == APIC_DM_LOWEST ||
           delivery == APIC_DM_NMI;
}

/* The destination in a message or register of xAPIC format. */
static inline uint32_t apic_dest8(uint32_t dest, bool logical)
{
    return dest == 0xff && !logical ? APIC_BROADCAST : dest;
}

/* Fields: (c) constant once all vCPUs exist, (a) single words. */
struct apicbus {
    struct vlapic *vlapic[APICBUS_MAX]; /* (c) by vCPU id; NULL: none */
    unsigned int nr;       /* (c) highest vCPU id + 1 */
    unsigned int last;     /* (a) who got the last lowest-priority one */
};

/*
 * Delivers a message. source is who sends an IPI, NULL for I/O APIC and MSI;
 * shorthands need one. Any CPU; does not sleep, takes no lock. INIT, SIPI
 * and NMI go out as vlapic_signal() and count as delivered.
 */
enum irq_result apicbus_deliver(struct apicbus *b, struct vlapic *source,
                                const struct apic_msg *m);
/* True if a is (one of) the destination(s); not for APIC_DEST_SELF. */
bool apicbus_matches(const struct vlapic *a, const struct vlapic *source,
                     const struct apic_msg *m);
