/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes to control registers and XCR0. CR reads never exit. CR4 bits that
 * the guest's CPUID does not offer fault, as on a CPU without them; CR0 and
 * CR3 are the CPU's own business under nested paging.
 */
#include "hvm/base/hvm.h"
#include "hvm/exit.h"
#include "hvm/insn.h"
#include "hvm/irq/vlapic.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/x86/features.h"

static enum emul_rc read_cr(struct emul_ctx *c, unsigned int cr,
                            uint64_t *val)
{
    struct vcpu *v = c->opaque;

    switch (cr) {
    case 0: *val = hvm_get_reg(v, REG_CR0); break;
    case 2: *val = hvm_get_reg(v, REG_CR2); break;
    case 3: *val = hvm_get_reg(v, REG_CR3); break;
    case 4: *val = hvm_get_reg(v, REG_CR4); break;
    case 8: *val = hvm_ops.get_tpr(v); break;
    case EMUL_XCR0: *val = v->hvm->xcr0; break;
    default: return emul_raise(c, VEC_UD, 0);
    }
    return EMUL_OK;
}

/* False: #GP. SDM vol. 3A 2.5, APM vol. 2 3.1.3. */
static bool cr4_valid(struct vcpu *v, uint64_t val)
{
    uint64_t efer = hvm_get_reg(v, REG_EFER);

    if (val & ~cpuid_guest_cr4(v))
        return false;
    /* Long mode cannot lose PAE. */
    return (val & CR4_PAE) || !(efer & EFER_LMA);
}

static bool cr0_valid(struct vcpu *v, uint64_t val)
{
    if (val >> 32)
        return false;
    if ((val & CR0_PG) && !(val & CR0_PE))
        return false;
    return !(val & CR0_NW) || (val & CR0_CD);
}

static enum emul_rc write_cr(struct emul_ctx *c, unsigned int cr,
                             uint64_t val)
{
    struct vcpu *v = c->opaque;

    switch (cr) {
    case 0:
        if (!cr0_valid(v, val))
            return emul_raise(c, VEC_GP, 0);
        hvm_set_reg(v, REG_CR0, val | CR0_ET);
        break;
    case 3:
        hvm_set_reg(v, REG_CR3, val);
        break;
    case 4:
        if (!cr4_valid(v, val))
            return emul_raise(c, VEC_GP, 0);
        hvm_set_reg(v, REG_CR4, val);
        break;
    case 8:
        if (val >> 4)
            return emul_raise(c, VEC_GP, 0);
        hvm_ops.set_tpr(v, (unsigned int)val);
        vlapic_set_tpr(v->hvm->lapic, (uint8_t)(val << 4));
        vcpu_kick(v, PENDING_IRQ);
        return EMUL_OK;
    default:
        return emul_raise(c, VEC_UD, 0);
    }
    /* Mode changes and CR4.PGE, CR0.PG drop cached translations. */
    hvm_ops.flush_guest(v);
    return EMUL_OK;
}

static enum emul_rc fetch(struct emul_ctx *c, uint64_t la, void *buf,
                          unsigned int *n)
{
    struct guest_fault f;
    unsigned int got = hvm_fetch(c->opaque, la, buf, *n, &f);

    if (!got)
        return emul_page_fault(c, f.cr2, f.pfec);
    *n = got;
    return EMUL_OK;
}

static enum emul_rc read_mem(struct emul_ctx *c, uint64_t la, void *buf,
                             unsigned int n, bool rmw)
{
    struct guest_fault f;

    if (guest_read_linear(c->opaque, buf, gva(la), n, 0, &f))
        return emul_page_fault(c, f.cr2, f.pfec);
    return EMUL_OK;
}

static const struct emul_seg *seg(struct emul_ctx *c, enum insn_seg s)
{
    return hvm_emul_seg(c->opaque, s);
}

static const struct emul_ops cr_ops = {
    .fetch = fetch,
    .read = read_mem, /* LMSW m16 */
    .seg = seg,
    .read_cr = read_cr,
    .write_cr = write_cr,
};

enum exit_verdict exit_cr_write(struct vcpu *v, const struct vmexit *e)
{
    struct emul_ctx c;

    c.ops = &cr_ops;
    c.opaque = v;
    hvm_emul_begin(v, &c);
    hvm_emul_end(v, &c, emul_sys(&c));
    return VERDICT_RESUME;
}

enum exit_verdict exit_xsetbv(struct vcpu *v, const struct vmexit *e)
{
    const uint64_t *gpr = vcpu_regs(v)->gpr;
    uint64_t val = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

    if (!(hvm_get_reg(v, REG_CR4) & CR4_OSXSAVE)) {
        hvm_raise(v, VEC_UD, 0);
        return VERDICT_RESUME;
    }
    if (hvm_cpl(v) || (uint32_t)gpr[RCX] || !cpuid_xcr0_valid(v, val)) {
        hvm_raise(v, VEC_GP, 0);
        return VERDICT_RESUME;
    }
    v->hvm->xcr0 = val;
    xsetbv(0, val);
    return VERDICT_ADVANCE;
}
