/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IA-PC HPET: a 64-bit main counter at 62.5 MHz (16 ns), three comparators
 * with one-shot and periodic mode, 32 or 64 bits, edge or level interrupts
 * on GSI 20 to 23 or, by legacy replacement, IRQ 0 and 8. No FSB delivery.
 * At 0xfed00000.
 *
 * Lock: ->lock, rank VDEV, taken inside.
 */
#pragma once

#include "hvm/dev/tick.h"

struct pit;

#define HPET_BASE 0xfed00000ull
#define HPET_SIZE 0x400
#define HPET_TICK_NS 16

struct hpet_timer {
    struct hpet *hpet;
    uint64_t config;
    uint64_t cmp;       /* comparator, all 64 bits also in 32-bit mode */
    uint64_t fsb;       /* stored, no effect */
    uint64_t period;    /* ticks between matches in periodic mode */
    unsigned int line;  /* GSI that its last level interrupt went to */
    struct tick tick;
};

struct hpet {
    struct spinlock lock;
    struct route *route;
    struct pit *pit;        /* muted by legacy replacement */
    bool enabled;           /* HVM_PARAM_HPET_ENABLED; if not: reads as ones */
    uint64_t config;
    uint64_t isr;           /* level interrupts that are up */
    uint64_t counter;       /* main counter while halted */
    uint64_t offset;        /* counter - now in ticks, while running */
    struct hpet_timer timer[HPET_TIMER_NUM];
};

/* Reset state, on the route's bus; errors of bus_add(). */
int hpet_init(struct hpet *h, struct ticks *ticks, struct route *r,
              struct pit *pit);

/* Record HPET; the domain is paused. load: -EINVAL. */
void hpet_save(struct hpet *h, struct hvm_hw_hpet *rec);
int hpet_load(struct hpet *h, const struct hvm_hw_hpet *rec);
