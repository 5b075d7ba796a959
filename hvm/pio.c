/* SPDX-License-Identifier: GPL-2.0-only */
/* Port and MMIO accesses: internal devices first, then the device model. */
#include "hvm/access.h"

#include "hvm/exit.h"
#include "hvm/insn.h"
#include "hvm/io/bus.h"
#include "hvm/io/upcalls.h"
#include "hvm/irq/vlapic.h"

/* The device model's answer, or what an empty bus reads as. */
static enum io_rc external(struct vcpu *v, uint8_t type, uint64_t addr,
                           unsigned int size, bool write, uint64_t *val)
{
    struct ioreq r = { .type = type, .dir = write ? IOREQ_WRITE : IOREQ_READ,
                       .size = size, .count = 1, .addr = addr, .data = *val };
    enum io_rc rc = ioreq_send(v, &r);

    if (!write && rc != IO_RETRY)
        *val = rc == IO_NONE ? size_mask(size) : r.data & size_mask(size);
    return rc;
}

/* In place: exit_pio() is the way of most ports. */
static inline __attribute__((always_inline)) enum io_rc
port_access(struct vcpu *v, uint16_t port, unsigned int size, bool write,
            uint64_t *val)
{
    if (likely(bus_access(v->domain->hvm->bus, BUS_PORT, port, size, write,
                          val) == BUS_OK))
        return IO_DONE;
    return external(v, IOREQ_TYPE_PIO, port, size, write, val);
}

enum io_rc pio_access(struct vcpu *v, uint16_t port, unsigned int size,
                      bool write, uint64_t *val)
{
    return port_access(v, port, size, write, val);
}

bool mmio_is_internal(struct vcpu *v, gpa_t at)
{
    return vlapic_claims(v->hvm->lapic, at.raw) ||
           bus_claims(v->domain->hvm->bus, BUS_MMIO, at.raw);
}

enum io_rc mmio_access(struct vcpu *v, gpa_t at, unsigned int size,
                       bool write, uint64_t *val)
{
    struct vlapic *a = v->hvm->lapic;

    if (likely(vlapic_claims(a, at.raw))) {
        unsigned int offset = at.raw & (APIC_MMIO_SIZE - 1);

        if (write)
            vlapic_mmio_write(a, offset, size, *val);
        else
            *val = vlapic_mmio_read(a, offset, size);
        return IO_DONE;
    }
    if (bus_access(v->domain->hvm->bus, BUS_MMIO, at.raw, size, write,
                   val) == BUS_OK)
        return IO_DONE;
    if (v->domain->hvm->vpci &&
        vpci_mmio_access(v->domain->hvm->vpci, at.raw, size, write, val))
        return IO_DONE;
    return external(v, IOREQ_TYPE_COPY, at.raw, size, write, val);
}

static __attribute__((noinline)) enum exit_verdict
string_pio(struct vcpu *v, const struct vmexit *e)
{
    struct emul_io io = { .port = e->pio.port, .bytes = e->pio.size,
                          .in = e->pio.in, .rep = e->pio.rep };
    struct glue g = { .v = v };
    struct emul_ctx c;

    hvm_emul_begin(&g, &c);
    hvm_emul_end(v, &c, emul_string_io(&c, &io));
    return VERDICT_RESUME;
}

enum exit_verdict exit_pio(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *rax = &vcpu_regs(v)->gpr[RAX], mask, val;
    unsigned int size = e->pio.size;

    if (unlikely(e->pio.string))
        return string_pio(v, e);
    mask = size_mask(size);
    if (e->pio.in) {
        if (port_access(v, e->pio.port, size, false, &val) == IO_RETRY)
            return VERDICT_RESUME;
        *rax = size == 4 ? val : (*rax & ~mask) | val;
    } else {
        val = *rax & mask;
        if (port_access(v, e->pio.port, size, true, &val) == IO_RETRY)
            return VERDICT_RESUME;
    }
    return VERDICT_ADVANCE;
}
