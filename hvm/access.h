/* SPDX-License-Identifier: GPL-2.0-only */
/* One port or MMIO access of a guest, to whoever answers it. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/emul/emul.h"
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

/* What the emulator's operations know of the exit that made us emulate:
 * where it happened, if it was an NPF. */
struct glue {
    struct vcpu *v;
    bool npf_valid;
    bool npf_write; /* the access that exited was a write */
    gpa_t npf;
    enum p2m_type npf_type; /* what was there when it exited */
};

/*
 * Prepares emulation of g->v's next instruction, with operations that reach
 * its memory, devices and registers; stores back what emulation changed, or
 * queues its fault. g must live as long as c.
 */
void hvm_emul_begin(struct glue *g, struct emul_ctx *c);
void hvm_emul_end(struct vcpu *v, struct emul_ctx *c, enum emul_rc rc);
