/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port and MMIO accesses: internal devices first, then the device model. And
 * the other nested page faults: RAM whose writes are logged, device memory that
 * domain 0 touches for the first time, code in leaves that are too large for it.
 */
#include "hvm/access.h"

#include "hvm/dirty.h"
#include "hvm/dom0/mmio.h"
#include "hvm/exit.h"
#include "hvm/io/bus.h"
#include "hvm/io/upcalls.h"
#include "hvm/irq/vlapic.h"
#include "hypervisor/lib/string.h"

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
    val = *rax & mask;
    if (port_access(v, e->pio.port, size, !e->pio.in, &val) == IO_RETRY)
        return VERDICT_RESUME;
    if (e->pio.in)
        *rax = size == 4 ? val : (*rax & ~mask) | val;
    return VERDICT_ADVANCE;
}

static enum exit_verdict emulate(struct vcpu *v, const struct vmexit *e,
                                 enum p2m_type type)
{
    struct glue g = { .v = v, .npf_valid = !e->npf.walk, .npf = e->npf.gpa,
                      .npf_write = e->npf.write, .npf_type = type };
    struct emul_ctx c;
    enum emul_rc rc;

    hvm_emul_begin(&g, &c);
    c.walk = e->npf.walk;
    if (e->nbytes) {
        c.nbytes = e->nbytes;
        memcpy(c.bytes, e->bytes, sizeof(e->bytes));
    }
    rc = emul_mmio(&c);
    if (rc == EMUL_UNHANDLEABLE)
        domain_crash(v->domain, "instruction at %#lx that accesses device "
                     "memory at %#lx is not one Lodge emulates",
                     vcpu_regs(v)->rip, e->npf.gpa.raw);
    else
        hvm_emul_end(v, &c, rc);
    return VERDICT_RESUME;
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
        return emulate(v, e, p.type);
    case P2M_RAM_LOG:
        if (e->npf.write)
            dirty_mark(d, g);
        return VERDICT_RESUME;
    case P2M_RAM_RO:
    case P2M_GRANT_RO:
    case P2M_IOREQ:
        return e->npf.write ? emulate(v, e, p.type) : VERDICT_RESUME;
    case P2M_APIC:
        return emulate(v, e, p.type);
    default:
        /* Mapped by another vCPU meanwhile. */
        return VERDICT_RESUME;
    }
}
