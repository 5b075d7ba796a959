/* SPDX-License-Identifier: GPL-2.0-only */
/* One port or MMIO access of a guest, to whoever answers it. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/io/ioreq.h"
#include "hvm/mem/p2m.h"

/*
 * A port access of 1, 2 or 4 bytes: a device of Lodge's, else the device
 * model; nobody: all ones. *val in for writes, out for reads.
 */
enum io_rc pio_access(struct vcpu *v, uint16_t port, unsigned int size,
                      bool write, uint64_t *val);
/* The same for guest physical addresses, 1, 2, 4 or 8 bytes, inside one
 * page. */
enum io_rc mmio_access(struct vcpu *v, gpa_t at, unsigned int size,
                       bool write, uint64_t *val);
/* True if a device inside Lodge answers at this address. */
bool mmio_is_internal(struct vcpu *v, gpa_t at);

/*
 * Emulates v's next instruction after exit e: a string port access, or a
 * nested page fault where a device is or something else (type) that cannot be
 * accessed directly. Registers are changed, a fault is queued.
 */
enum exit_verdict hvm_emulate(struct vcpu *v, const struct vmexit *e,
                              enum p2m_type type);
