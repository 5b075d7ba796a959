/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a host test steers the fakes. All fake functions are weak: a test that
 * links the real file, or defines the function itself, gets that one.
 */
#pragma once

#include <setjmp.h>

#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/cpu/types.h"
#include "hypervisor/mm/page.h"

#define FAKE __attribute__((weak))

/* Which CPU the calling thread is (cpu_id(), this_cpu()). */
void fake_set_cpu(unsigned int cpu);

/* Locks the calling thread holds; tests of "no lock held here". */
unsigned int fake_locks_held(void);

/* now_ns() and rdtsc(). */
extern uint64_t fake_now, fake_tsc;

/* deadline_set(): last value for each CPU and number of calls. */
extern uint64_t fake_deadline[MAX_CPUS];
extern unsigned int fake_deadline_sets;

/* n more allocations of any kind succeed, all later ones fail; n < 0: no
 * failures (the initial state). */
void fake_fail_after(int n);
/* False when the next allocation is to fail; for fakes that allocate. */
bool fake_may_alloc(void);
/* Allocations of all kinds not yet freed. */
unsigned int fake_allocs(void);

/* Model-specific registers, CPUID leaves, control registers, ports. */
void fake_msr_set(uint32_t index, uint64_t v);
/* False: never set or written. */
bool fake_msr_get(uint32_t index, uint64_t *v);
void fake_msr_clear(void);
void fake_cpuid_set(uint32_t leaf, uint32_t subleaf, struct cpuid_regs r);
extern uint64_t fake_cr[5], fake_xcr0, fake_dr6;
extern unsigned int fake_invlpgs;
/* NMIs of the machine that were taken (host_nmi()). */
extern unsigned int fake_nmis;
extern uint32_t (*fake_port_in)(uint16_t port, unsigned int bytes);
extern void (*fake_port_out)(uint16_t port, unsigned int bytes, uint32_t v);

/*
 * Frames. The fake machine has 8 GiB of RAM; a frame gets memory when it is
 * first reached, each frame its own block, so that ASan sees overruns.
 */
#define FAKE_FRAMES (1ul << 21)
/* The memory of an allocated frame; aborts for any other frame. */
void *fake_frame(mfn_t m);
/* Windows and shared mappings that are mapped now, on all CPUs. */
unsigned int fake_windows(void);
unsigned int fake_shared_maps(void);
/* Calls of mm/upcalls.h. */
extern unsigned int fake_pages_freed, fake_tlb_flushes;

/* Memory outside the frame table for device_map() and boot_map(). */
void fake_phys_add(uint64_t maddr, void *mem, size_t size);

/* When set, panic() jumps here instead of aborting. */
extern jmp_buf *fake_panic_jump;
extern char fake_panic_text[256];
/* Lines logged so far, and the last one. */
extern unsigned int fake_log_lines;
extern char fake_log_last[256];
