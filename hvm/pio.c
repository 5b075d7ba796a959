/* SPDX-License-Identifier: GPL-2.0-only */
/* Port and MMIO accesses: internal devices first, then the device model. */
#include "hvm/access.h"

#include "hvm/exit.h"
#include "hvm/insn.h"
#include "hvm/io/bus.h"
#include "hvm/io/upcalls.h"
#include "hvm/irq/vlapic.h"

static uint64_t all_ones(unsigned int size)
{
    return size == 8 ? ~0ull : (1ull << size * 8) - 1;
}

/* The device model's answer, or what an empty bus reads as. */
static enum io_rc external(struct vcpu *v, uint8_t type, uint64_t addr,
                           unsigned int size, bool write, uint64_t *val)
{
    struct io_access a = { .type = type, .write = write, .size = size,
                           .count = 1, .addr = addr, .data = *val };
    enum io_rc rc = ioreq_send(v, &a);

    if (!write && rc != IO_RETRY)
        *val = rc == IO_NONE ? all_ones(size) : a.data & all_ones(size);
    return rc;
}

/* In place: exit_pio() is the way of most ports. */
static inline __attribute__((always_inline)) enum io_rc
port_access(struct vcpu *v, uint16_t port, unsigned int size, bool write,
            uint64_t *val)
{
    struct bus *b = v->domain->hvm->bus;
    enum bus_rc rc = write ? bus_port_write(b, port, size, *val)
                           : bus_port_read(b, port, size, val);

    if (likely(rc == BUS_OK))
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
           bus_mmio_claims(v->domain->hvm->bus, at.raw);
}

enum io_rc mmio_access(struct vcpu *v, gpa_t at, unsigned int size,
                       bool write, uint64_t *val)
{
    struct vlapic *a = v->hvm->lapic;
    struct bus *b = v->domain->hvm->bus;
    enum bus_rc rc;

    if (likely(vlapic_claims(a, at.raw))) {
        unsigned int offset = at.raw & (APIC_MMIO_SIZE - 1);

        if (write)
            vlapic_mmio_write(a, offset, size, *val);
        else
            *val = vlapic_mmio_read(a, offset, size);
        return IO_DONE;
    }
    rc = write ? bus_mmio_write(b, at.raw, size, *val)
               : bus_mmio_read(b, at.raw, size, val);
    if (rc == BUS_OK)
        return IO_DONE;
    if (v->domain->hvm->vpci &&
        vpci_mmio_access(v->domain->hvm->vpci, at.raw, size, write, val))
        return IO_DONE;
    return external(v, IOREQ_TYPE_COPY, at.raw, size, write, val);
}

static enum exit_verdict string_pio(struct vcpu *v, const struct vmexit *e)
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

    if (unlikely(e->pio.string))
        return string_pio(v, e);
    mask = all_ones(e->pio.size);
    val = *rax & mask;
    if (port_access(v, e->pio.port, e->pio.size, !e->pio.in, &val) == IO_RETRY)
        return VERDICT_RESUME;
    if (e->pio.in)
        *rax = e->pio.size == 4 ? (uint32_t)val : (*rax & ~mask) | val;
    return VERDICT_ADVANCE;
}
