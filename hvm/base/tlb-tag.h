/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tags of translations in the TLB: AMD-V's address space identifiers, VT-x's
 * virtual processor identifiers. Each CPU hands out its own in rising order;
 * when they run out everything goes and a new generation begins. A vCPU
 * whose tag is of an old generation or another CPU, or whose translations
 * must go, takes the next one (APM vol. 2 15.16, SDM vol. 3C 29.4).
 */
#pragma once

#include "hypervisor/lib/util.h"

struct tlb_tag {
    uint64_t generation; /* of the CPU's, 0: needs a new one */
    unsigned int cpu;    /* that gave it */
    uint32_t id;
};

enum tlb_tag_state {
    TAG_KEPT,     /* as at the last entry */
    TAG_NEW,      /* unused on this CPU since its last flush */
    TAG_RECYCLED, /* the caller must flush all tags of this CPU first */
};

/* Tags of this CPU are 1 .. nr - 1; 0 is the host's. */
void tlb_tags_init_cpu(uint32_t nr);
/* Before an entry on this CPU, interrupts off. */
enum tlb_tag_state tlb_tag_take(struct tlb_tag *t);

/* Drops what is cached under t, all translations of a vCPU, before its next
 * entry. */
static inline void tlb_tag_drop(struct tlb_tag *t)
{
    t->generation = 0;
}
