/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port and MMIO accesses: internal devices first, then the device model. And
 * the other nested page faults: RAM whose writes are logged, device memory that
 * domain 0 touches for the first time, code in leaves too large for it.
 */
#include "hvm/access.h"

#include "hvm/dirty.h"
#include "hvm/dom0/mmio.h"
#include "hvm/io/bus.h"
#include "hvm/io/upcalls.h"
#include "hvm/irq/vlapic.h"
#include "hvm/vcpu.h"

/* The device model's answer, or what an empty bus reads as. */
static enum io_rc external(struct vcpu *v, uint8_t type, uint64_t addr,
                           unsigned int size, bool write, uint64_t *val)
{
    struct io_access a = { .type = type, .write = write, .size = size,
                           .count = 1, .addr = addr, .data = *val };
    enum io_rc rc = ioreq_send(v, &a);

    if (!write && rc != IO_RETRY)
        *val = rc == IO_NONE ? size_mask(size) : a.data & size_mask(size);
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
    if (v->domain == hardware_domain &&
        vpci_mmio_access(at.raw, size, write, val))
        return IO_DONE;
    return external(v, IOREQ_TYPE_COPY, at.raw, size, write, val);
}

enum exit_verdict exit_pio(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *rax = &vcpu_regs(v)->gpr[RAX], mask, val;
    unsigned int size = e->pio.size;

    if (unlikely(e->pio.string))
        return hvm_emulate(v, e, P2M_NONE);
    mask = size_mask(size);
    val = *rax & mask;
    if (port_access(v, e->pio.port, size, !e->pio.in, &val) == IO_RETRY)
        return VERDICT_RESUME;
    if (e->pio.in)
        *rax = size == 4 ? val : (*rax & ~mask) | val;
    return VERDICT_ADVANCE;
}

enum exit_verdict exit_npf(struct vcpu *v, const struct vmexit *e)
{
    struct domain *d = v->domain;
    gfn_t g = gpa_to_gfn(e->npf.gpa);
    struct p2m_entry p;

    if (unlikely(e->npf.fetch) && p2m_allow_fetch(d, g)) {
        domain_crash(d, "no memory for page tables at %#lx",
                     e->npf.gpa.raw);
        return VERDICT_RESUME;
    }
    p = p2m_lookup(d, g);
    switch (p.type) {
    case P2M_NONE:
        if (unlikely(d == hardware_domain) &&
            !mmio_is_internal(v, e->npf.gpa) && !dom0_map_mmio(d, g))
            return VERDICT_RESUME;
        return hvm_emulate(v, e, p.type);
    case P2M_RAM_LOG:
        if (e->npf.write)
            dirty_mark(d, g);
        return VERDICT_RESUME;
    case P2M_RAM_RO:
    case P2M_GRANT_RO:
    case P2M_IOREQ:
        return e->npf.write ? hvm_emulate(v, e, p.type) : VERDICT_RESUME;
    case P2M_APIC:
        return hvm_emulate(v, e, p.type);
    default:
        /* Mapped by another vCPU meanwhile. */
        return VERDICT_RESUME;
    }
}
