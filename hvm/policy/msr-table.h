/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which MSRs a guest has, as data: sorted rules from which the vendors'
 * bitmaps, the answers to intercepted accesses and the documentation are
 * made. An index in no rule faults.
 */
#ifndef HVM_POLICY_MSR_TABLE_H
#define HVM_POLICY_MSR_TABLE_H

#include "hypervisor/core/vcpu.h"

enum msr_how {
    MSR_PASS,  /* no exit: the CPU switches it with the guest */
    MSR_REG,   /* get_reg/set_reg of register `arg` */
    MSR_STATE, /* remembered: offset `arg` in struct msr_state */
    MSR_ZERO,  /* reads 0, writes are dropped */
    MSR_CALL,  /* functions below */
    MSR_FAULT, /* #GP */
};

/* 0; -EINVAL: #GP. */
typedef int msr_read_fn(struct vcpu *v, uint32_t index, uint64_t *val);
typedef int msr_write_fn(struct vcpu *v, uint32_t index, uint64_t val);

struct msr_rule {
    uint32_t first, last;
    uint8_t read, write;  /* enum msr_how */
    uint16_t arg;         /* for MSR_REG and MSR_STATE, of `first`; +8 each */
    uint64_t writable;    /* a write with any other bit set faults */
    bool canonical;       /* the value is an address: #GP unless canonical */
    const char *name;
    msr_read_fn *read_fn;
    msr_write_fn *write_fn;
};

extern const struct msr_rule msr_rules[];
extern const unsigned int nr_msr_rules;

/* The rule for an index, or NULL. */
const struct msr_rule *msr_rule_find(uint32_t index);

/* RDMSR and WRMSR of v: 0, or -EINVAL for #GP. */
int msr_read(struct vcpu *v, uint32_t index, uint64_t *val);
int msr_write(struct vcpu *v, uint32_t index, uint64_t val);

#endif
