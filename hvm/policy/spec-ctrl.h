/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processor does ahead of the program, and what Lodge does so that
 * no guest learns from it or steers it: a list of measures, decided once at
 * boot from what the CPU says of itself and from spec-ctrl=. Those around an
 * entry and an exit are carried out by hvm/base/spec-entry.h.
 */
#pragma once

#include "hypervisor/abi/cpu-policy.h"
#include "hypervisor/x86/features.h"

enum spec_measure {
    SPEC_IBRS, SPEC_STIBP, SPEC_SSBD, SPEC_BHI_DIS_S, SPEC_BP_REDUCE,
    SPEC_IBPB, SPEC_IBPB_ENTRY, SPEC_RSB, SPEC_BHB, SPEC_L1D, SPEC_VERW,
    NR_SPEC
};

enum spec_state { /* in the log's order; 0 before spec_init() */
    SPEC_ON = 1,
    SPEC_OFF,      /* needed, but the command line says no */
    SPEC_MISSING,  /* needed or asked for, but this CPU cannot */
    SPEC_UNNEEDED, /* and not asked for */
};

struct spec {
    uint8_t state[NR_SPEC]; /* enum spec_state */
    bool has_ctrl;       /* MSR SPEC_CTRL exists */
    bool auto_ibrs;      /* IBRS is EFER's */
    bool rewrite;        /* SPEC_CTRL must be written at each exit */
    bool fence;          /* LFENCE must be made to wait for what precedes */
    uint32_t host_ctrl;  /* SPEC_CTRL of root mode */
    uint32_t guest_ctrl; /* what of it stays set while any guest runs */
    uint32_t flags;      /* SPEC_AT_* of asm.h, of all guests */
};

extern struct spec spec; /* (c) after spec_init() */

/* The option as given: no, or a list of measures' names, each alone, with
 * no- before it or =yes, =no behind it. */
extern char opt_spec_ctrl[128];

/* After cpuid_init(): decides, logs one line. Then each CPU sets itself up. */
void spec_init(void);
void spec_setup_cpu(void);
