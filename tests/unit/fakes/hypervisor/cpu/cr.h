/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake: the bits of the real header; control registers are plain
 * variables (fakes.h: fake_cr, fake_dr6), INVLPG counts. DR6 takes no bit above
 * 31: the CPU would fault.
 */
#pragma once

#define read_cr0 real_read_cr0
#define read_cr2 real_read_cr2
#define read_cr3 real_read_cr3
#define read_cr4 real_read_cr4
#define read_dr6 real_read_dr6
#define write_cr0 real_write_cr0
#define write_cr2 real_write_cr2
#define write_cr3 real_write_cr3
#define write_cr4 real_write_cr4
#define write_dr6 real_write_dr6
#define invlpg real_invlpg
#define xsetbv real_xsetbv
#include "../../../../../hypervisor/cpu/cr.h"
#undef read_cr0
#undef read_cr2
#undef read_cr3
#undef read_cr4
#undef read_dr6
#undef write_cr0
#undef write_cr2
#undef write_cr3
#undef write_cr4
#undef write_dr6
#undef invlpg
#undef xsetbv

extern uint64_t fake_cr[5];
extern uint64_t fake_xcr0, fake_dr6;
extern unsigned int fake_invlpgs;
void fake_write_dr6(uint64_t v);
void fake_write_cr3(uint64_t v);
void fake_invlpg(const volatile void *va);

static inline uint64_t read_cr0(void) { return fake_cr[0]; }
static inline uint64_t read_cr2(void) { return fake_cr[2]; }
static inline uint64_t read_cr3(void) { return fake_cr[3]; }
static inline uint64_t read_cr4(void) { return fake_cr[4]; }
static inline uint64_t read_dr6(void) { return fake_dr6; }
static inline void write_dr6(uint64_t v) { fake_write_dr6(v); }
static inline void write_cr0(uint64_t v) { fake_cr[0] = v; }
static inline void write_cr2(uint64_t v) { fake_cr[2] = v; }
static inline void write_cr3(uint64_t v) { fake_write_cr3(v); }
static inline void write_cr4(uint64_t v) { fake_cr[4] = v; }
static inline void invlpg(const volatile void *va) { fake_invlpg(va); }
static inline void xsetbv(uint32_t index, uint64_t v)
{
    (void)index;
    fake_xcr0 = v;
}
