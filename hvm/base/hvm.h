/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware-container half of a domain and of a vCPU. What belongs to a
 * layer above base is held by pointer, so that this header needs none of
 * theirs.
 *
 * Fields: (c) constant after creation, (a) atomic, (v) the running vCPU, or
 * anyone while it is paused, (d) lock DOMCTL of the domain.
 */
#pragma once

#include "hvm/base/ops.h"
#include "hypervisor/abi/hvm-params.h"
#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/time.h"

/* IA32_MTRRCAP: fixed-range registers and write-combining are there (SDM
 * vol. 3A 12.11). */
#define GUEST_MTRRCAP (MTRR_VCNT | BIT(8) | BIT(10))

/* MSRs that are only remembered for the guest. */
struct msr_state {
    struct hvm_hw_mtrr mtrr; /* but for PAT and the constant MTRRCAP */
    uint64_t tsc_aux, tsc_adjust, misc_enable, hwcr, spec_ctrl;
};

/* Speculation controls around the next entry and its exit: spec-entry.h. */
struct spec_entry {
    uint32_t flags;          /* SPEC_AT_* */
    uint32_t host_ctrl, guest_ctrl; /* SPEC_CTRL of root mode, of the guest */
};

/* Of a vCPU's translations in the TLB: see the end of this file. */
struct tlb_tag {
    uint64_t generation; /* of the CPU's, 0: needs a new one */
    unsigned int cpu;    /* that gave it */
    uint32_t id;
};

#define CODE_PAGES 8

struct hvm_vcpu {
    struct regs regs;        /* (v) first: entry.S knows the offset */
    struct spec_entry spec;  /* (v) second: the same */
    void *vendor;            /* (c) struct vmcb or struct vmx_vcpu */
    struct tlb_tag tlb_tag;  /* (v) of its translations */
    struct vlapic *lapic;    /* (c) */
    struct hvm_event event;  /* (v) to be delivered by the next entry */
    bool injected;           /* (v) the next entry delivers something */
    struct hvm_event displaced; /* (v) interrupt that a fault put off */
    bool nmi_pending;        /* (a) */
    bool init_pending;       /* (a) */
    bool halted;             /* (v) in HLT */
    bool stopped;            /* (a) in HLT with interrupts off */
    bool wait_sipi;          /* (a) after INIT, before SIPI */
    uint16_t sipi_vector;    /* (a) 0x100 | vector when one came */
    uint8_t upcall_vector;   /* (a) HVMOP_set_evtchn_upcall_vector, 0: none */

    void *xsave;             /* (c) save area of the FPU, 64-byte aligned */
    uint64_t xcr0;           /* (v) */
    uint64_t dr[4];          /* (v) while not on a CPU */
    struct msr_state msr;    /* (v) */

    uint64_t tsc_offset;     /* (v) see hvm_guest_tsc() */
    uint32_t time_version;   /* (v) of vcpu_time_info as written last */

    uint64_t peek_token;     /* (v) see mem/peek.h; 0: none yet */
    uint32_t peek_nr;        /* (v) the same: which set of the CPU's */
    struct peek_set *peek;   /* (v) while on a CPU: that one */
    bool peek_stale;         /* (a) the map has changed since */
    struct walked {          /* (v) since the last exit: mem/guest-copy.c */
        uint64_t key;        /* linear address of the page, plus 1; 0: none */
        uint32_t access;
        gpa_t page;
    } walked;
    struct code_page {       /* (v) lately fetched from: see insn.c */
        uint64_t cr3, linear, gfn;
    } code_page[CODE_PAGES];
    struct segment emul_seg[6]; /* (v) lent to the emulator */
    bool compat_call;        /* (v) the last hypercall was a 32-bit one */
    uint64_t *multicall_args; /* (v) of the call inside a multicall, or NULL */
    bool callback_wanted;    /* (a) vCPU 0: raise the upcall's line */
    bool callback_line;      /* (v) vCPU 0: the upcall's line may be up */

    struct recorder *rec;    /* (c) last exits and injections */
    uint64_t exits[EXIT_KINDS]; /* (v) how many of each kind, for reports */
};

/* What XENMEM_memory_map says: the firmware's memory map of the guest. */
#define GUEST_MAP_MAX 128
struct guest_map {
    unsigned int nr;
    struct guest_map_entry {
        uint64_t addr, size;
        uint32_t type;       /* 1: RAM, 2: reserved, 3: ACPI, 4: ACPI NVS */
    } __packed entry[GUEST_MAP_MAX];
};

struct hvm_domain {
    struct p2m *p2m;         /* (c) */
    struct bus *bus;         /* (c) ports and MMIO that Lodge handles */
    struct ioreq_domain *ioreq;
    struct route *route;     /* (c) I/O APICs, PIC, wires, APIC bus */
    struct pit *pit;         /* (c) these are there all, or none is */
    struct hpet *hpet;
    struct rtc *rtc;
    struct pmtimer *pm;

    struct dirty_vram *dirty; /* screen that is tracked, or NULL */
    struct guest_map *map;   /* (d) XENMEM_memory_map; NULL: none set */
    struct cpu_policy *cpuid; /* (d) changed only before the first start */
    uint64_t param[HVM_NR_PARAMS]; /* (d) */
    bool compat;             /* (a) 32-bit layout of shared info */
    /* These four change before the first start only: hvm_set_tsc_khz(). */
    uint64_t tsc_offset;     /* what vCPUs have at their creation */
    uint64_t tsc_ratio;      /* guest's ticks in one of the host's, 0: one */
    uint64_t tsc_khz;        /* of the guest's TSC */
    struct tsc_scale tsc_scale; /* from its ticks to ns */
    void *apic_page;         /* (c) mapped P2M_APIC, or NULL */
    void *io_bitmap;         /* (c) ports that do not exit, 12 KiB, or NULL */
};

/* The vCPU whose guest state is in hvm terms; v is never idle. */
static inline struct regs *vcpu_regs(struct vcpu *v)
{
    return &v->hvm->regs;
}

/* Has v begun to run its guest, or will it when it gets a CPU? Not one that
 * waits for a start-up IPI, was stopped, or has stopped itself by HLT. */
static inline bool hvm_vcpu_is_up(const struct vcpu *v)
{
    const struct hvm_vcpu *hv = v->hvm;

    return !READ_ONCE(v->down) && !READ_ONCE(hv->wait_sipi) &&
           (!READ_ONCE(hv->stopped) || READ_ONCE(hv->nmi_pending));
}

/* Width in bits of guests' physical addresses: what nested tables of four
 * levels reach. */
static inline unsigned int hvm_phys_bits(void)
{
    return MIN(cpu_features.phys_bits, 48u);
}

/* False while IA32_APIC_BASE switches v's local APIC off. */
bool hvm_lapic_enabled(const struct vcpu *v);

/* Queues a fault for the next entry, combining it with what is queued
 * already (SDM vol. 3A 6.15 "double fault"). cr2: for #PF. */
void hvm_raise(struct vcpu *v, unsigned int vector, uint32_t error,
               uint64_t cr2);
void hvm_raise_event(struct vcpu *v, const struct hvm_event *ev);

/*
 * --- Tags of translations in the TLB: tlb-tag.c. ---
 *
 * AMD-V's address space identifiers, VT-x's virtual processor identifiers. Each
 * CPU hands out its own in rising order; when they run out everything goes and
 * a new generation begins. A vCPU whose tag is of an old generation or another
 * CPU, or whose translations must go, takes the next one (APM vol. 2 15.16, SDM
 * vol. 3C 29.4).
 */

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

/*
 * --- A guest's TSC: tsc.c. ---
 *
 * The machine's, times the domain's ratio where the CPU scales it, plus the
 * vCPU's offset. RDTSC never exits, so a guest has another rate than the
 * machine's only where the CPU can do that.
 */

/* Ratios have 48 bits behind the point, whatever the CPU's have. */
#define TSC_RATIO_SHIFT 48
#define TSC_RATIO_ONE (1ull << TSC_RATIO_SHIFT)

/* Bits before and behind the point of this machine's ratios, 0: its CPUs do
 * not scale. Set by the vendor's cpu_enable. */
struct tsc_scaling {
    uint8_t integer, fraction;
};
extern struct tsc_scaling tsc_scaling; /* (c) */

/* What the CPU makes of ticks of the machine's TSC; ratio 0: the same. */
static inline uint64_t tsc_scaled(uint64_t ratio, uint64_t ticks)
{
    return ratio ? (uint64_t)((unsigned __int128)ticks * ratio >>
                              TSC_RATIO_SHIFT)
                 : ticks;
}

/* What v's TSC is (was, will be) when the machine's is `host`. */
static inline uint64_t hvm_guest_tsc(const struct vcpu *v, uint64_t host)
{
    return tsc_scaled(v->domain->hvm->tsc_ratio, host) + v->hvm->tsc_offset;
}

/* Sets v's TSC forward (or back). By v itself or while it is paused. */
static inline void hvm_tsc_shift(struct vcpu *v, uint64_t by)
{
    v->hvm->tsc_offset += by;
    hvm_ops.set_tsc(v, v->hvm->tsc_offset);
    atomic_set_bit(PENDING_WORK, &v->pending); /* its clock changes with it */
}

/* The largest ratio that s can express and that makes no more than khz of hz.
 * 0: there is none, or hz is too slow for it. */
uint64_t tsc_ratio_for(struct tsc_scaling s, uint64_t khz, uint64_t hz);

/* How many ns so many ticks of a TSC with this scale take, never less; in case
 * that is more than 2^62, at least that. */
uint64_t tsc_duration(struct tsc_scale s, uint64_t ticks);

/*
 * The rate of a domain's TSC, 0 or within 250 ppm of it: the machine's. The TSC
 * goes on from where it is. Takes lock DOMCTL. -EOPNOTSUPP: not with this CPU
 * (a line in the log says so); -EEXIST: the domain has run with another.
 */
int hvm_set_tsc_khz(struct domain *d, uint64_t khz);
