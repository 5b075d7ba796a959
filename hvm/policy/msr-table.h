/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which MSRs a guest has, as data: sorted rules from which the vendors'
 * bitmaps, the answers to intercepted accesses and the documentation are
 * made. An index in no rule faults.
 */
#pragma once

#include "hypervisor/core/vcpu.h"

enum msr_how {
    MSR_PASS,  /* one that is as MSR_REG both ways, but makes no exit: the CPU
                  switches it */
    MSR_REG,   /* get_reg/set_reg of register `arg` */
    MSR_STATE, /* remembered: offset `arg` in struct msr_state */
    MSR_CONST, /* reads `arg`, writes are dropped */
    MSR_CALL,  /* functions below */
    MSR_FAULT, /* #GP */
};

/* 0; -EINVAL: #GP. */
typedef int msr_read_fn(struct vcpu *v, uint32_t index, uint64_t *val);
typedef int msr_write_fn(struct vcpu *v, uint32_t index, uint64_t val);

struct msr_rule {
    uint32_t first, last;
    uint8_t read, write;  /* enum msr_how */
    uint16_t arg;         /* of `first`; +8 each for MSR_STATE */
    uint16_t feature;     /* XEN_X86_FEATURE_* that the guest must have, or 0 */
    uint64_t reserved;    /* a write with any of these set faults */
    bool canonical;       /* the value is an address: #GP unless canonical */
    const char *name;
    msr_read_fn *read_fn;
    msr_write_fn *write_fn;
};

/* Where the most frequent is: the search looks there first. */
#define MSR_RULE_X2APIC 29
extern const struct msr_rule msr_rules[];
extern const unsigned int nr_msr_rules;

/* Calls open() for each MSR that a guest reaches without an exit, with the
 * vendor's bitmap. */
void msr_rules_open(void (*open)(void *map, uint32_t index, bool read,
                                 bool write), void *map);

/* MSRs that need code, defined by the layer that owns the state (hvm/msr.c). */
msr_read_fn msr_tsc_read, msr_apic_read, msr_x2apic_read, msr_spec_ctrl_read,
    msr_arch_caps_read;
msr_write_fn msr_tsc_write, msr_tsc_adjust_write, msr_apic_write,
    msr_x2apic_write, msr_mtrr_write, msr_pat_write, msr_efer_write,
    msr_tsc_aux_write, msr_hypercall_page_write, msr_spec_write;

/* The rule for an index, or NULL. */
const struct msr_rule *msr_rule_find(uint32_t index);

/* RDMSR and WRMSR of v: 0, or -EINVAL for #GP. */
int msr_read(struct vcpu *v, uint32_t index, uint64_t *val);
int msr_write(struct vcpu *v, uint32_t index, uint64_t val);
