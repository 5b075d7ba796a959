/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt wiring and interrupt controllers of one domain, as on a PC with a
 * PIIX3: PCI INTx wires to GSIs 16 and up and, through four programmable
 * links, to ISA IRQs; ISA IRQs to the 8259s and to the I/O APIC (IRQ 0 on pin
 * 2); MSIs straight to the APIC bus. A GSI is up while any wire holds it.
 *
 * Fields: (c) constant after creation, (i) lock HVM_IRQ, which is ->lock.
 */
#pragma once

#include "hypervisor/cpu/spinlock.h"
#include "hvm/io/bus.h"
#include "hvm/irq/upcalls.h"

#define VIOAPIC_MAX_GSIS   256
#define VIOAPIC_MAX_CHIPS  8
#define VIOAPIC_MAX_PINS   120 /* per chip: what IOREGSEL can name */
#define VIOAPIC_BASE       0xfec00000ull
#define VIOAPIC_SIZE       0x100

/* An I/O APIC (82093AA): a guest has one with 48 pins, domain 0 copies of the
 * machine's. Redirection entries are kept by GSI for all chips together, as the
 * save record has them, but for remote IRR; delivery status is always idle. */
struct vioapic {
    struct route *route;   /* (c) */
    uint16_t base_gsi;     /* (c) */
    uint16_t pins;         /* (c) */
    uint8_t ioregsel;
    uint8_t id;            /* 4 bits */
};

enum route_callback { CALLBACK_NONE, CALLBACK_GSI, CALLBACK_INTX,
                      CALLBACK_VECTOR };

struct msi_message;

struct route {
    struct domain *domain;    /* (c) */
    struct bus *bus;          /* (c) */
    struct spinlock lock;
    struct apicbus apics;

    bool has_pic;             /* (c) the domain has 8259s */
    bool watch_pins;          /* (c) vioapic_pin_changed() is wanted */
    unsigned int nr_gsis;     /* (c) */
    unsigned int nr_ioapics;  /* (c) */
    struct vioapic ioapic[VIOAPIC_MAX_CHIPS];
    union vioapic_redir_entry rte[VIOAPIC_MAX_GSIS]; /* (i) by GSI */
    uint64_t remote_irr[VIOAPIC_MAX_GSIS / 64];    /* (i) waits for an EOI */
    uint64_t bound[VIOAPIC_MAX_GSIS / 64];         /* (i) physical lines */
    uint64_t line[VIOAPIC_MAX_GSIS / 64];          /* (i) see route_gsi_set() */

    struct hvm_hw_vpic pic[2];       /* (i) 8259s: master, slave */
    struct vlapic *pic_target;       /* (i) who gets ExtINT; NULL: nobody */

    uint64_t intx[2];                /* (i) PCI wires: device * 4 + INTx */
    uint8_t link_irq[4];             /* (i) ISA IRQ of each PCI link, 0: none */

    enum route_callback callback;    /* (i) HVM_PARAM_CALLBACK_IRQ */
    uint8_t callback_nr;             /* (i) its GSI or bit of ->intx */
    uint8_t callback_vector;         /* (a) its vector, when it was one last */
    bool callback_up;                /* (i) written by vCPU 0 alone */
    uint8_t callback_gsi;            /* (i) GSI that it holds up; 0: none */

    struct spinlock timer_lock;      /* rank VDEV: timers of hvm/dev/ */
    struct tick *ticks;              /* (c) their interrupts by these wires */
    /* What becomes of late ticks (HVM_PARAM_TIMER_MODE). False: all of them
     * come, at twice the rate, for guests that count them; true: one, then on
     * with the rhythm, for guests that read a clock. */
    bool coalesce_ticks;
};

/* What an entry of an I/O APIC sends. */
static inline struct apic_msg ioapic_message(union vioapic_redir_entry e)
{
    return (struct apic_msg){
        .dest = apic_dest8(e.fields.dest_id, e.fields.dest_mode),
        .icr = (uint16_t)e.bits,
    };
}

/* ISA IRQs are GSIs 0 to 15 and lines of the 8259s, but for the timer's, IRQ
 * 0, which is GSI 2: there is no IRQ 2. From either to the other. */
static inline unsigned int isa_gsi(unsigned int n)
{
    return n == 0 ? 2 : n == 2 ? 0 : n;
}

/* PCI wire to GSI and link ("barber's pole"). */
static inline unsigned int route_intx_gsi(unsigned int wire)
{
    return 16 + ((wire + wire / 32) & 31);
}
static inline unsigned int route_intx_link(unsigned int wire)
{
    return (wire / 4 + wire) & 3;
}

/* An empty wiring in zeroed memory, the 8259s on the bus; I/O APICs come with
 * vioapic_add(). Errors of bus_add(). */
int route_init(struct route *r, struct domain *d, struct bus *b, bool has_pic);

/* All below: no locks of rank HVM_IRQ or higher held, any CPU; VDEV may be. */

/* Sets a wire; idempotent. dev below 32, pin below 4, irq below 16; there is
 * no ISA IRQ 2. */
void route_intx_set(struct route *r, unsigned int dev, unsigned int pin,
                    bool level);
void route_isa_set(struct route *r, unsigned int irq, bool level);
/* The one line of a GSI that is an ISA wire, or passes a physical interrupt or
 * the HPET's. */
void route_gsi_set(struct route *r, unsigned int gsi, bool level);
/* True while a wire holds the GSI up. Lock HVM_IRQ held. */
bool route_gsi_up(const struct route *r, unsigned int gsi);
/* One edge on a GSI that is not held up by a wire of the caller. */
enum irq_result route_gsi_pulse(struct route *r, unsigned int gsi);
/* A new edge on an ISA wire, which is left up: a timer's tick. IRQ_COALESCED
 * if no controller has passed the last one on. */
enum irq_result route_isa_pulse(struct route *r, unsigned int irq);

/* PIIX3 PIRQRC: link 0 to 3 to ISA IRQ 0 (none) to 15. -EINVAL. */
int route_link_set(struct route *r, unsigned int link, unsigned int irq);
/* A message-signalled interrupt. -EINVAL: delivery mode we do not do, or the
 * number of a pirq; -ERANGE: no vector; -ESRCH: no such destination. */
int route_msi(struct route *r, uint64_t addr, uint32_t data);

/* HVM_PARAM_CALLBACK_IRQ. The caller asserts the callback again after it. */
void route_callback_set_via(struct route *r, uint64_t via);
/* Event pending (vCPU 0) or not: level of the platform device's line. Only
 * for CALLBACK_GSI and CALLBACK_INTX, and by vCPU 0 itself. */
void route_callback_set(struct route *r, bool pending);

/* A vCPU's LVT0, SPIV, base MSR or pin 0 changed: who takes the 8259's INT? No
 * lock held, of rank VDEV neither; ends in ticks_resume(). */
void route_pic_rewire(struct route *r);
/* Master INT rose or fell. Lock HVM_IRQ held; for vpic.c. */
void route_pic_output(struct route *r, bool up);

/* Records PCI_IRQ, ISA_IRQ, PCI_LINK; the domain is paused. A record to save
 * to is zeroed (here and below). -EINVAL. */
void route_save_intx(struct route *r, struct hvm_hw_pci_irqs *rec);
void route_save_isa(struct route *r, struct hvm_hw_isa_irqs *rec);
void route_save_link(struct route *r, struct hvm_hw_pci_link *rec);
int route_load_intx(struct route *r, const struct hvm_hw_pci_irqs *rec);
int route_load_isa(struct route *r, const struct hvm_hw_isa_irqs *rec);
int route_load_link(struct route *r, const struct hvm_hw_pci_link *rec);

/* ---- I/O APICs ----------------------------------------------------------- */

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

/* ---- Messages of the machine's devices, for domain 0 --------------------- */

/*
 * One message of one device. Zeroed: not bound. The owner serialises all
 * calls (lock PCI); the interrupt itself only reads `message`.
 */
struct passthru_msi {
    unsigned int irq;  /* number of hypervisor/x86/irq.h, 0: not bound */
    uint64_t message;  /* (a) the guest's: address 31:0 in 63:32, data */
};

/*
 * The guest wrote address and data where the device was to send its
 * interrupt. Gives it a vector of the machine, near the vCPU that the message
 * names, or (movable) moves it there. *host is what the device must be told;
 * 1 if that is not what it was before, else 0. -ENOSPC: no vector.
 */
int passthru_msi_bind(struct passthru_msi *m, uint64_t address, uint32_t data,
                      bool movable, struct msi_message *host);
/* The device sends no more: gives the vector back. Idempotent. No lock of
 * rank HVM_IRQ or above. */
void passthru_msi_unbind(struct passthru_msi *m);

/* ---- 8259s: their state is kept as the save record has it ---------------- */

/* Both chips of a zeroed route to power-up state and on the bus; errors of
 * bus_add(). */
int vpic_init(struct route *r);
/* A GSI rose or fell; lock HVM_IRQ held. For a rise: IRQ_DELIVERED unless the
 * last one waits still; IRQ_IGNORED when masked (but it is latched), or of no
 * line of the 8259s. */
enum irq_result vpic_set(struct route *r, unsigned int gsi, bool up);
/* A vCPU runs the INTA cycles: the vector, -1 if INT fell or went to another
 * vCPU meanwhile. No locks held. */
int vpic_inta(struct route *r, const struct vlapic *a);

/* Record PIC (->pic), instance 0: master, 1: slave. The domain has them and is
 * paused. -EINVAL. */
int vpic_load(struct route *r, unsigned int chip,
              const struct hvm_hw_vpic *rec);
