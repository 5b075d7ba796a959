/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware half of a vCPU, and what it does at exits and between; and of a
 * domain: its HVM parameters, its wall clock, the screen that is tracked. What
 * core needs of them is in core/upcalls.h. hvm_raise() is in base/hvm.h.
 */
#pragma once

#include "hvm/base/hvm.h"
#include "hypervisor/cpu/msr.h"

/* Registers as after RESET, executing at cs:rip in real mode. The vCPU itself
 * or while it is paused. */
void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip);
/* The FPU's registers, which are in the CPU while v runs, to v's save area and
 * back. Between the two nothing may use them. */
void hvm_fpu_save(struct vcpu *v);
void hvm_fpu_load(struct vcpu *v);
/* v has stopped itself or was stopped (it is not up any more). When no vCPU of
 * its domain is up, that is the domain's power-off, as with Xen. */
void hvm_vcpu_stopped(struct vcpu *v);
/* What v's next entries do about speculation, after its SPEC_CTRL changed. */
void hvm_spec_update(struct vcpu *v);

/*
 * Before an entry when something may be pending: injects one event, and asks
 * for a window where another one must wait. By the vCPU itself.
 */
void hvm_event_update(struct vcpu *v);
/* True if the guest would be interrupted now, with interrupts on or off, if it
 * went on: ends HLT. By the vCPU itself. */
bool hvm_has_event(struct vcpu *v, bool interrupts);
/*
 * The guest idles (HLT): returns when something wakes it or the loop has other
 * work. v->hvm->halted stays set in the latter case and the loop comes back.
 */
void hvm_wait_for_event(struct vcpu *v);
/* The guest can deliver no exception any more: shuts its domain down as
 * HVM_PARAM_TRIPLE_FAULT_REASON says. */
void hvm_triple_fault(struct vcpu *v);

/* What the end of an instruction means beside the next one's address: the
 * shadow of STI or MOV SS is over, a single step traps. Not in line. */
void hvm_end_insn(struct vcpu *v, bool step);
/* Calls the handler for e and applies its verdict. */
void hvm_handle_exit(struct vcpu *v, const struct vmexit *e);
/* Handlers that are not in exit.c. */
exit_fn exit_npf, exit_pio, exit_hypercall;

/*
 * --- The always-on recorder: exit.c. ---
 *
 * The last exits and injections of each vCPU. One store of a 32-byte entry per
 * exit; printed by a debug key and with the crash message.
 */

#define RECORDER_ENTRIES 4096u

struct record {
    uint64_t tsc;
    uint64_t rip;
    uint64_t info;   /* port, MSR, gpa, vector... by kind */
    uint32_t code;   /* the vendor's exit code */
    uint8_t kind;    /* enum exit_kind, or RECORD_INJECT */
};
_Static_assert(sizeof(struct record) == 32, "two to a cache line");

#define RECORD_INJECT 0xff

struct recorder {
    uint32_t next;   /* entries written so far */
    struct record entry[RECORDER_ENTRIES];
};

/* An exit (info as hvm/exit.c chooses by kind), or an injection (the vector),
 * at rip. */
static inline void recorder_add(struct recorder *r, uint8_t kind, uint64_t code,
                                uint64_t rip, uint64_t info)
{
    r->entry[r->next++ % RECORDER_ENTRIES] = (struct record){
        .tsc = rdtsc(), .rip = rip, .info = info, .code = (uint32_t)code,
        .kind = kind };
}

/* What exit kinds are called. */
extern const char *const exit_names[EXIT_KINDS];
/* Prints the last n entries of v, oldest first. */
void recorder_print(struct vcpu *v, unsigned int n);

/* --- The clock that guests read from shared memory: pvtime.c. --- */

/* Writes v's time record. By v itself, or while it is paused. */
void pvtime_update(struct vcpu *v);
/* The same if it is not there as written last: it was cleared, as firmware does
 * with the page. Each time v gets a CPU. */
void pvtime_refresh(struct vcpu *v);
/* Writes the wall clock of all of d's shared info (after it was set). */
void pvtime_update_wallclock(struct domain *d);

/* --- HVM parameters, who may set and read each: params.c. --- */

/* index below HVM_NR_PARAMS; caller may act on d (access.h). self: the
 * domain does it to itself. -EINVAL, -EPERM, -EEXIST. */
int hvm_param_set(struct domain *d, uint32_t index, uint64_t val, bool self);
int hvm_param_get(struct domain *d, uint32_t index, uint64_t *val, bool self);

/*
 * Called by what a kernel does first of all: places its hypercall page, asks
 * for upcalls. Its width then is the width of the layout of shared info, as
 * with Xen.
 */
void hvm_latch_layout(struct domain *d);

/*
 * --- Which frames of a domain were written: dirty.c. ---
 *
 * A range for a device model's screen (dm_op track_dirty_vram), or all for
 * migration (later). ->dirty of struct hvm_domain is freed with that.
 */

/* A vCPU's write to a frame of type P2M_RAM_LOG faulted: notes it and lets
 * further writes through until the next dirty_vram(). */
void dirty_mark(struct domain *d, gfn_t g);

/*
 * Starts or moves the tracked range to [first, first + nr) and reports what
 * was written since the last call as a bitmap of nr bits (all ones the
 * first time). nr = 0 stops. -ENOMEM, -EINVAL (over DIRTY_VRAM_MAX frames).
 */
#define DIRTY_VRAM_MAX (1u << 14)
int dirty_vram(struct domain *d, gfn_t first, unsigned int nr,
               uint8_t *bitmap);
