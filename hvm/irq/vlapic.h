/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of interrupts, and the bus that brings them to the local APICs of a
 * domain. Local APIC of one vCPU: its register page, priorities, timer, the
 * way in (vlapic_post) and the way out (vlapic_pending, vlapic_ack). SDM vol.
 * 3A chapter 11.
 *
 * The register page has the layout of the hardware (one 32-bit register each
 * 16 bytes), so that APICv and AVIC can use it as it is.
 *
 * Threads: IRR, TMR, pending and pending_esr may be changed by any CPU, with
 * atomic operations. Everything else belongs to the vCPU itself, or to
 * anyone while it is paused. No locks on any of the frequent paths.
 */
#pragma once

#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/core/timer.h"
#include "hypervisor/cpu/atomic.h"

/* ---- Messages ------------------------------------------------------------ */

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

/* The ICR has the format that redirection entries and the data of messages
 * have, too: enum apic_delivery, the destination mode, whether TMR is to be
 * set, enum apic_shorthand. */
struct apic_msg {
    uint32_t dest;     /* MDA; APIC_BROADCAST: everybody (physical mode) */
    union {
        uint32_t icr;
        struct {
            uint32_t vector : 8, delivery : 3, logical : 1, : 3, level : 1,
                     : 2, shorthand : 2;
        };
    };
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

/* ---- One local APIC ------------------------------------------------------ */

/* Register offsets in the page; the x2APIC MSR is 0x800 + offset / 16. */
#define APIC_ID         0x020
#define APIC_VERSION    0x030
#define APIC_TPR        0x080
#define APIC_PPR        0x0a0
#define APIC_EOI        0x0b0
#define APIC_LDR        0x0d0
#define APIC_DFR        0x0e0
#define APIC_SPIV       0x0f0
#define APIC_ISR        0x100
#define APIC_TMR        0x180
#define APIC_IRR        0x200
#define APIC_ESR        0x280
#define APIC_LVT_CMCI   0x2f0
#define APIC_ICR        0x300
#define APIC_ICR2       0x310
#define APIC_LVT_TIMER  0x320
#define APIC_LVT_THERM  0x330
#define APIC_LVT_PERF   0x340
#define APIC_LVT_LINT0  0x350
#define APIC_LVT_LINT1  0x360
#define APIC_LVT_ERROR  0x370
#define APIC_TMICT      0x380
#define APIC_TMCCT      0x390
#define APIC_TDCR       0x3e0
#define APIC_SELF_IPI   0x3f0

#define APIC_LVT_MASKED (1u << 16)
#define APIC_LVT_MODE   (7u << 8) /* enum apic_delivery */

#define APIC_ESR_SEND_ILLEGAL 0x20
#define APIC_ESR_RECV_ILLEGAL 0x40

#define APIC_BASE_MSR_BSP     0x100ull
#define APIC_BASE_MSR_X2APIC  0x400ull
#define APIC_BASE_MSR_ENABLE  0x800ull
#define APIC_BASE_DEFAULT     0xfee00000ull
#define APIC_MMIO_SIZE        0x1000

/* Nanoseconds of one tick of the timer's clock before the divider: 100 MHz
 * is what guests of Xen measure. */
#define APIC_BUS_CYCLE_NS 10

/*
 * ->assisted: the CPU itself delivers from IRR, ends interrupts and keeps PPR
 * in the page while the guest runs (virtual-interrupt delivery of VT-x). Then
 * isrv and isr_words below are not up to date, and who changes what the CPU
 * has to know sets ->changed before the next entry.
 */
/* As IA32_APIC_BASE says it by its bits 10 and 11; x2APIC mode without the
 * enable bit is none. */
enum vlapic_mode { VLAPIC_OFF, VLAPIC_INVALID, VLAPIC_XAPIC, VLAPIC_X2APIC };

/* Bits of ->pending above the eight for the words of IRR. */
#define VLAPIC_PENDING_TIMER  (1u << 16) /* the timer expired: to be handled */
#define VLAPIC_PENDING_EXTINT (1u << 17) /* the 8259's INT is up for it */

/*
 * Interrupts for a CPU that delivers them to its guest without an exit (SDM
 * vol. 3C 30.6, posted-interrupt descriptor): requests, and whether there
 * are any. Any CPU, with atomic operations.
 */
struct vlapic_posted {
    uint32_t irr[8];
    uint32_t on;
    uint32_t reserved[7];
};

struct vlapic {
    uint32_t *regs;       /* (c) the register page */
    struct vlapic_posted *posted; /* (c) NULL: IRR is the only way in */
    uint32_t pending;     /* (a) bit n: word n of IRR may be non-zero */
    uint32_t id;          /* (c) APIC id as destinations name it */
    uint8_t isrv;         /* highest vector in service; 0: none */
    uint8_t mode;         /* enum vlapic_mode */
    uint8_t isr_words;    /* bit n: word n of ISR is non-zero */
    bool enabled;         /* neither MSR nor SPIV disable it: accepts */
    bool assisted;        /* (c) see above */
    bool changed;         /* what an assisting CPU knows of it is stale */
    struct route *route;  /* (c) the domain's interrupt routes */
    unsigned int vcpu_id; /* (c) */

    uint64_t timer_next;   /* ns when the count reaches 0; TIME_NEVER */
    uint64_t timer_period; /* ns between expiries, 0: one-shot */
    uint64_t tsc_deadline; /* the MSR; 0: not armed, other timer mode */
    uint64_t base_msr;     /* IA32_APIC_BASE */
    uint32_t pending_esr;  /* (a) errors since the last write of ESR */
    struct timer timer;    /* sets VLAPIC_PENDING_TIMER */
};

/* Joins a vCPU (id below APICBUS_MAX) to the domain's APIC bus, in power-up
 * state. page: 4 KiB, zero, owned by the caller until after vlapic_exit(). */
void vlapic_init(struct vlapic *a, struct route *r, unsigned int vcpu_id,
                 void *page);
/* Stops the timer and leaves the bus. No locks held; no interrupt may be sent
 * to the domain any more. */
void vlapic_exit(struct vlapic *a);
/* INIT was taken: registers to reset state, base MSR and id stay (SDM vol.
 * 3A 11.4.7.3). By the vCPU itself or while it is paused. */
void vlapic_init_signal(struct vlapic *a);

/*
 * Requests a fixed interrupt. Any CPU, any time. IRQ_IGNORED when the APIC is
 * disabled or the vector illegal (that sets ESR), IRQ_COALESCED when it was
 * requested already; else the vCPU is kicked.
 */
enum irq_result vlapic_post(struct vlapic *a, uint8_t vector, bool level);

/* True if there is nothing at all to deliver; the test before each entry. */
static inline bool vlapic_quiet(const struct vlapic *a)
{
    return READ_ONCE(a->pending) == 0;
}

/* From vlapic_pending(): the 8259 has an interrupt, its vector is known when
 * it is acknowledged. */
#define VLAPIC_EXTINT 0x100

/*
 * What could be injected now, by the vCPU itself: VLAPIC_EXTINT, a vector
 * that is above the processor priority, or -1. Handles an expired timer.
 */
int vlapic_pending(struct vlapic *a);
/* Highest vector in IRR whatever the priority, -1: none. For TPR thresholds
 * and dumps. */
int vlapic_highest_irr(struct vlapic *a);
/*
 * The vCPU takes what vlapic_pending() gave: IRR to ISR, or the 8259's INTA
 * cycle. Returns the vector to inject, -1: gone meanwhile (8259 only).
 */
int vlapic_ack(struct vlapic *a, int pending);
/* End of the highest interrupt in service (a write to EOI). */
void vlapic_eoi(struct vlapic *a);

/* Requests in ->posted go to IRR. By the vCPU itself or while it is paused,
 * before IRR is looked at. */
void vlapic_take_posted(struct vlapic *a);
/* The guest wrote a register straight to the page: what follows from it. */
void vlapic_written(struct vlapic *a, unsigned int offset);
/* What PPR reads as. */
static inline uint8_t vlapic_ppr(const struct vlapic *a)
{
    return (uint8_t)READ_ONCE(a->regs[APIC_PPR / 4]);
}

/* CR8: bits 7:4 of TPR. */
void vlapic_set_tpr(struct vlapic *a, uint8_t tpr);
static inline uint8_t vlapic_tpr(const struct vlapic *a)
{
    return (uint8_t)a->regs[APIC_TPR / 4];
}

/* True if an access to this guest-physical address is for the register page
 * (xAPIC mode only). */
static inline bool vlapic_claims(const struct vlapic *a, uint64_t gpa)
{
    return (gpa & ~0xfffull) == APIC_BASE_DEFAULT && a->mode == VLAPIC_XAPIC;
}
/* Accesses to the page, offset below 4096, size 1, 2, 4 or 8 bytes. Those
 * that do not fit one register read 0 and write nothing. */
uint64_t vlapic_mmio_read(struct vlapic *a, unsigned int offset,
                          unsigned int size);
void vlapic_mmio_write(struct vlapic *a, unsigned int offset,
                       unsigned int size, uint64_t val);
/* MSRs 0x800 to 0x8ff. 0, or -EPERM: #GP. */
int vlapic_msr_read(struct vlapic *a, uint32_t msr, uint64_t *val);
int vlapic_msr_write(struct vlapic *a, uint32_t msr, uint64_t val);
/* IA32_APIC_BASE, read: ->base_msr. -EPERM: #GP. */
int vlapic_base_write(struct vlapic *a, uint64_t val);
/* IA32_TSC_DEADLINE, read: ->tsc_deadline; the write is ignored in other timer
 * modes. */
void vlapic_deadline_write(struct vlapic *a, uint64_t tsc);

/* Records LAPIC and LAPIC_REGS; the vCPU is paused. Loads come in this order;
 * -EINVAL. */
void vlapic_save_hidden(struct vlapic *a, struct hvm_hw_lapic *rec);
void vlapic_save_regs(struct vlapic *a, struct hvm_hw_lapic_regs *rec);
int vlapic_load_hidden(struct vlapic *a, const struct hvm_hw_lapic *rec);
int vlapic_load_regs(struct vlapic *a, const struct hvm_hw_lapic_regs *rec);

/* ---- The APIC bus of one domain ------------------------------------------ */

/*
 * Which local APICs an interrupt message (IPI, MSI, I/O APIC) is for, and
 * handing it to them. No lock: destinations are read as they are at this
 * moment, as on the real bus.
 */

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
