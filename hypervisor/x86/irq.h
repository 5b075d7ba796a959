/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical interrupts. An irq number names one source that is bound: a GSI
 * of an I/O APIC, or a message (MSI) that somebody writes into a device.
 * Each is delivered to one vector of one CPU and handled there.
 *
 * Handlers run with interrupts off, on the current stack, at a point where
 * this CPU holds no lock; they may take locks from rank HVM_IRQ on and must
 * not block.
 */
#pragma once

#include "hypervisor/cpu/percpu.h"

/*
 * The interrupt was acknowledged before the call. A level GSI was masked,
 * too: the handler, or whoever later finds that the device is quiet (a
 * guest's EOI), calls irq_set_mask(irq, false).
 */
typedef void irq_handler_fn(unsigned int irq, void *arg);

/* What a device must write where to raise a message interrupt
 * (SDM vol. 3A 11.11). */
struct msi_message {
    uint64_t address;
    uint32_t data;
};

/* Vectors that are not given to devices. Higher ones are more urgent. */
#define VECTOR_FIRST 0x30
#define VECTOR_LAST 0xef
#define VECTOR_POSTED 0xf0 /* for a guest; root mode has nothing to do */
#define VECTOR_KICK 0xf1
#define VECTOR_CALL 0xf2
#define VECTOR_TIMER 0xf3
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

/*
 * Binds a GSI, unmasked, to a new vector of cpu. Returns the irq number (the
 * GSI itself); -EINVAL: no such GSI; -EBUSY: bound already; -ENOSPC: cpu has
 * no vector left.
 */
int irq_bind_gsi(unsigned int gsi, bool level, bool active_low,
                 unsigned int cpu, irq_handler_fn *handler, void *arg);
/*
 * Allocates a vector of cpu for a message interrupt. Returns the irq number;
 * -ENOSPC: no vector or no number left.
 */
int irq_alloc_msi(unsigned int cpu, irq_handler_fn *handler, void *arg);
/* The message of such an irq now; it changes with irq_set_affinity(). */
void irq_msi_message(unsigned int irq, struct msi_message *msg);

/* Masks, forgets and waits until no CPU runs the handler any more. Not called
 * by a handler, no lock held that the handler takes. */
void irq_unbind(unsigned int irq);

/* GSIs only: mask or unmask the I/O APIC's entry. Any CPU, lock IRQ free. */
void irq_set_mask(unsigned int irq, bool masked);

/* The line of a bound GSI is of another kind than was said: vector and mask
 * stay. Lock IRQ free. */
void irq_set_trigger(unsigned int irq, bool level, bool active_low);

/*
 * Moves an irq to another CPU; for a message the caller then rewrites the
 * device. The old vector stays valid until the first interrupt on the new.
 * False: it is there already, or must stay where it is, because there is no
 * vector left or the last move is not over.
 */
bool irq_set_affinity(unsigned int irq, unsigned int cpu);

/* An interrupt with this vector arrived at this CPU: from entry.S, or from
 * vendor code that took it out of a VM exit. Acknowledges it too. */
void irq_dispatch(unsigned int vector);

extern unsigned int gsis_end; /* one more than the highest GSI; constant */
/*
 * Quiets the PICs. Before apic_init(): what they have asserted must go away
 * while the local APIC still listens, or an emulated one keeps it for ever.
 */
void pic_init(void);
/* Maps all I/O APICs that acpi_info lists, masks all entries, and keeps those
 * that answer there; the machine cannot start when there is none. */
void ioapic_init(void);

/* How many a CPU took of each vector, for reports. */
DECLARE_PERCPU(uint64_t, irq_counts)[256];

/* ---- the local APIC of each CPU (apic.c) --------------------------------- */

/* In x2APIC mode where the machine has it (x2apic=0 keeps it off), else by its
 * register page (SDM vol. 3A 11). */
extern bool opt_x2apic;

/* Boot CPU: chooses the mode and switches its own APIC on. */
void apic_init(void);
/* The same mode on this CPU, its timer stopped. After features_setup_cpu(). */
void apic_init_cpu(void);
extern bool apic_x2apic; /* the mode */

/* This CPU's id. */
uint32_t apic_id(void);

void apic_eoi(void);
/* To one APIC id: a fixed interrupt (command is its vector), or one of these;
 * start-up with the page's number in the low bits. */
#define APIC_NMI 0x400
#define APIC_INIT 0x500
#define APIC_STARTUP 0x600
void apic_send(uint32_t dest, uint32_t command);

/*
 * The timer interrupts with VECTOR_TIMER. It is armed by MSR if the CPU has
 * tsc_deadline, and these have no effect and read 0; else it counts down from
 * `count` (0 stops), undivided.
 */
void apic_timer_set_count(uint32_t count);
uint32_t apic_timer_count(void);

/* Error interrupts counted and logged. */
void apic_error_interrupt(void);
