/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared info, and the time that it tells (struct vcpu_time_info). Mapped on
 * first use. CPUs above XEN_LEGACY_MAX_VCPUS are not served.
 */
#pragma once

#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/xen.h"
#include "tests/guest/lib/lib.h"

#ifdef __x86_64__
typedef struct shared_info shared_info;
typedef struct vcpu_info vcpu_info;
#else
typedef struct compat_shared_info shared_info;
typedef struct compat_vcpu_info vcpu_info;
#endif

/* The page, mapped in a gap of the physical address space. */
shared_info *shared(void);
/* This CPU's part of it. */
vcpu_info *my_info(void);

/* A TSC value in ns of system time, by what the hypervisor says now. */
uint64_t tsc_to_ns(uint64_t tsc);
uint64_t now_ns(void);
/* Busy wait. */
void delay_us(unsigned int us);
