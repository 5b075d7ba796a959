/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM save records: all of a domain's vCPU and device state in Xen's format,
 * one line of a table per record, each with one function for both ways.
 */
#pragma once

#include "hypervisor/abi/hvm-save.h"
#include "hypervisor/core/domain.h"

/* Bytes that hvm_save() of d writes at most. */
size_t hvm_save_size(const struct domain *d);
/* The whole context of a paused domain. Returns the bytes used; -ENOSPC. */
long hvm_save(struct domain *d, void *buf, size_t size);
/* One record without its descriptor; returns its bytes. -ENOENT, -ENOSPC. */
long hvm_save_one(struct domain *d, unsigned int typecode,
                  unsigned int instance, void *buf, size_t size);
/*
 * Loads a context from an untrusted stream into a paused domain: nothing is
 * changed before the header and all lengths were checked. -EINVAL (log line
 * says where), -EOPNOTSUPP.
 */
int hvm_load(struct domain *d, const void *buf, size_t size);

/* The registers of a paused vCPU, to a zeroed record. */
void vcpu_state_save(struct vcpu *v, struct hvm_hw_cpu *c);
