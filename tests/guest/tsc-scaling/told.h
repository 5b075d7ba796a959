/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things are in the second domain's memory. */
#pragma once

/* What it tells, at this address: its TSC between two changes of SEQ, and once
 * what CPUID says about that. */
#define TOLD 0x500
#define TOLD_SEQ 0
#define TOLD_TSC 8
#define TOLD_OFFSET 16
#define TOLD_MUL 24
#define TOLD_SHIFT 28
#define TOLD_KHZ 32
