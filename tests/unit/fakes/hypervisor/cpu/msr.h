/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake: the numbers and bits of the real header, registers in a
 * table (fakes.h: fake_msr_set). Reading one that was never set or written
 * aborts, as it would panic; the _safe forms return -EFAULT for it.
 */
#pragma once

#define rdmsr real_rdmsr
#define wrmsr real_wrmsr
#define rdmsr_safe real_rdmsr_safe
#define rdtsc real_rdtsc
#include "../../../../../hypervisor/cpu/msr.h"
#undef rdmsr
#undef wrmsr
#undef rdmsr_safe
#undef rdtsc

uint64_t rdmsr(uint32_t index);
void wrmsr(uint32_t index, uint64_t v);
int __must_check rdmsr_safe(uint32_t index, uint64_t *v);
uint64_t rdtsc(void);
