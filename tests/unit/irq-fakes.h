/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain with interrupt controllers for host tests: what the upcalls of
 * hvm/irq and hvm/dev do is counted, timers run when the test says so.
 */
#pragma once

#include "hvm/irq/route.h"
#include "tests/unit/fakes/fakes.h"

#define FAKE_VCPUS 128

struct fake_vcpu {
    struct vlapic apic;
    _Alignas(4096) uint32_t page[1024];
    unsigned int kicks, notifies, nmis, inits, sipis, enabled_again;
    uint8_t sipi_vector;
};

struct domain {
    struct route route;
    struct bus bus;
    struct fake_vcpu *vcpu[FAKE_VCPUS];
    unsigned int nr;
    unsigned int pin_changes, last_pin, ended[256], unmasks;
    uint64_t last_entry;
    int64_t time_offset;    /* seconds */
    unsigned int shifts;
};

/* A domain with n vCPUs (all local APICs enabled by SPIV when `on`), one
 * I/O APIC of 48 pins, 8259s, everything on d->bus. */
struct domain *fake_domain(unsigned int n, bool on);
void fake_domain_free(struct domain *d);
struct vlapic *fake_apic(struct domain *d, unsigned int vcpu);

/* Sets fake_now to each expiry on the way and runs it, then to `until`. */
void fake_run_until(uint64_t until);
/* Runs what has expired at fake_now. */
void fake_run_timers(void);
/* What another CPU does each time a timer was killed; NULL: nothing. */
extern void (*fake_at_kill)(void);
unsigned int fake_timers_set(void);

/* Takes and ends all that is pending on a vCPU: how many there were. */
unsigned int fake_drain(struct vlapic *a);

/* Register access through the x2APIC or xAPIC interface, whatever is on. */
uint32_t apic_get(struct vlapic *a, unsigned int offset);
void apic_put(struct vlapic *a, unsigned int offset, uint32_t val);
/* I/O APIC registers through the bus. */
uint32_t ioapic_get(struct domain *d, unsigned int reg);
void ioapic_put(struct domain *d, unsigned int reg, uint32_t val);
void ioapic_set_rte(struct domain *d, unsigned int pin, uint64_t rte);
uint64_t ioapic_rte(struct domain *d, unsigned int pin);
/* One byte at a port; 0x100 if nobody is there. */
unsigned int port_in(struct domain *d, uint16_t port);
void port_out(struct domain *d, uint16_t port, uint8_t val);
