/* SPDX-License-Identifier: GPL-2.0-only */
/* Options whose users have no better place for them yet (cmdline.c). */
#ifndef LODGE_START_OPTIONS_H
#define LODGE_START_OPTIONS_H

extern char opt_dom0_mem[64];            /* as given; "": default */
extern unsigned int opt_dom0_max_vcpus;  /* 0: all CPUs */
extern char opt_iommu[64];
extern char opt_sched[16];
extern char opt_selftest[16];

#endif
