/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is measured: tables of operations, one per file, and what the tables
 * need from each other. Names are those of docs/performance.md.
 */
#pragma once

#include "tests/guest/lib/lib.h"

struct operation {
    const char *name;
    /* The operation. It is done in a row, and what a loop around nothing costs
     * is taken off; */
    void (*fn)(void);
    /* or, if there is this, once, after what this does without counting. */
    void (*before)(void);
    /* Instead of both: one measurement, which takes its own times. */
    uint64_t (*value)(void);
};

#define OP(n, f) { .name = n, .fn = f }
#define OP_AFTER(n, f, b) { .name = n, .fn = f, .before = b }
#define OP_ITSELF(n, v) { .name = n, .value = v }

/* What this kernel runs as. A guest with QEMU's devices has an I/O APIC, a
 * HPET and so on, too. */
extern bool first_domain, has_qemu;

/* Measures n operations, keeps the results for the end. */
void measure(const struct operation *o, unsigned int n);
#define MEASURE(table) measure(table, ARRAY_SIZE(table))

/* Keeps the result of something that was measured in another way. */
void keep_result(const char *name, uint64_t cost);

/* Each measures its table, or what of it is there. */
void cost_cpu(void);
void cost_hypercalls(void);
void cost_apic(void);
void cost_events(void);
void cost_devices(void);
void cost_qemu(void);

/* Configuration space of the device at bus 0, by the PC's ports. */
uint32_t pci_read(unsigned int device, unsigned int function,
                  unsigned int reg);

/* The other end of an event channel, a domain that only is there, one that
 * takes all the CPU it gets: none returns. */
void __attribute__((noreturn)) be_peer(void);
void __attribute__((noreturn)) be_idle(void);
void __attribute__((noreturn)) be_hog(void);
