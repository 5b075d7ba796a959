/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested page faults: devices to be emulated, RAM whose writes are logged,
 * device memory that domain 0 touches for the first time, code in leaves that
 * are too large for it.
 */
#include "hvm/base/hvm.h"
#include "hvm/dirty.h"
#include "hvm/dom0/build.h"
#include "hvm/exit.h"
#include "hvm/insn.h"
#include "hvm/access.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/lib/string.h"

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
    if (rc == EMUL_UNHANDLEABLE) {
        domain_crash(v->domain, "instruction at %#lx that accesses device "
                     "memory at %#lx is not one Lodge emulates",
                     vcpu_regs(v)->rip, e->npf.gpa.raw);
        return VERDICT_RESUME;
    }
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
