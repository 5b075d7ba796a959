/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the emulator reaches the guest: registers in and out, memory through the
 * guest's tables and the p2m, devices through mmio_access() and pio_access(),
 * repeated string operations as one request where a device model can take them
 * whole.
 */
#include "hvm/access.h"

#include "hvm/insn.h"
#include "hvm/io/bus.h"
#include "hvm/vecreg.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/lib/string.h"

static struct glue *glue_of(struct emul_ctx *c)
{
    return c->opaque;
}

static uint32_t rights(const struct emul_ctx *c, bool write)
{
    return (c->cpl == 3 ? PFEC_USER : 0) | (write ? PFEC_WRITE : 0);
}

/* Linear to physical, by the exit's own address where that is it. A read
 * that exited says nothing of the right to write: the guest can change its
 * code before we fetch it. */
static enum emul_rc translate(struct emul_ctx *c, uint64_t la, bool write,
                              gpa_t *at)
{
    struct glue *g = glue_of(c);
    uint32_t pfec;
    int rc;

    if (g->npf_valid && (g->npf_write || !write) &&
        ((la ^ g->npf.raw) & (PAGE_SIZE - 1)) == 0 &&
        emul_one_place(c)) {
        *at = g->npf;
        return EMUL_OK;
    }
    rc = guest_walk(g->v, gva(la), rights(c, write), at, &pfec);
    if (rc == -EFAULT)
        return emul_page_fault(c, la, pfec);
    return rc ? EMUL_UNHANDLEABLE : EMUL_OK;
}

/* What stands at a guest physical address for the emulator. */
enum place { PLACE_RAM, PLACE_READ_ONLY, PLACE_DEVICE };

static enum place place_of(const struct glue *g, gpa_t at, bool write)
{
    bool exited_there = g->npf_valid && ((at.raw ^ g->npf.raw) & PAGE_MASK) == 0;

    switch (exited_there ? g->npf_type
                         : p2m_lookup(g->v->domain, gpa_to_gfn(at)).type) {
    case P2M_RAM:
    case P2M_RAM_LOG:
    case P2M_FOREIGN:
    case P2M_GRANT_RW:
        return PLACE_RAM;
    case P2M_RAM_RO:
    case P2M_GRANT_RO:
        return PLACE_READ_ONLY;
    case P2M_IOREQ:
        return write ? PLACE_DEVICE : PLACE_RAM;
    default:
        return PLACE_DEVICE;
    }
}

/* n bytes of a device, in accesses as wide as alignment allows. */
static enum emul_rc device_access(struct vcpu *v, gpa_t at, void *buf,
                                  unsigned int n, bool write)
{
    uint8_t *b = buf;

    while (n) {
        unsigned int part = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        uint64_t val = 0;

        if (write)
            memcpy(&val, b, part);
        if (mmio_access(v, at, part, write, &val) == IO_RETRY)
            return EMUL_RETRY;
        if (!write)
            memcpy(b, &val, part);
        at = gpa_add(at, part);
        b += part;
        n -= part;
    }
    return EMUL_OK;
}

/* n bytes inside one page. */
static enum emul_rc page_access(const struct glue *g, gpa_t at, void *buf,
                                unsigned int n, bool write)
{
    struct vcpu *v = g->v;
    int rc;

    switch (place_of(g, at, write)) {
    case PLACE_DEVICE:
        return device_access(v, at, buf, n, write);
    case PLACE_READ_ONLY:
        if (write)
            return EMUL_OK; /* as to a ROM */
        break;
    case PLACE_RAM:
        break;
    }
    rc = write ? guest_write_phys(v->domain, at, buf, n)
               : guest_read_phys(v->domain, buf, at, n);
    return rc ? EMUL_RETRY : EMUL_OK;
}

/* Both pages are translated before either is touched. */
static enum emul_rc access(struct emul_ctx *c, uint64_t la, void *buf,
                           unsigned int n, bool write, bool need_write)
{
    unsigned int room = (unsigned int)(PAGE_SIZE - (la & (PAGE_SIZE - 1)));
    const struct glue *g = glue_of(c);
    enum emul_rc rc;
    gpa_t first, second = gpa(0);

    rc = translate(c, la, need_write, &first);
    if (rc != EMUL_OK)
        return rc;
    if (likely(n <= room))
        return page_access(g, first, buf, n, write);
    rc = translate(c, la + room, need_write, &second);
    if (rc == EMUL_OK)
        rc = page_access(g, first, buf, room, write);
    if (rc == EMUL_OK)
        rc = page_access(g, second, (uint8_t *)buf + room, n - room, write);
    return rc;
}

static enum emul_rc glue_fetch(struct emul_ctx *c, uint64_t la, void *buf,
                               unsigned int *n)
{
    struct guest_fault f;
    unsigned int got = hvm_fetch(glue_of(c)->v, la, buf, *n, &f);

    if (!got)
        return f.at.raw == ~0ull ? emul_page_fault(c, f.cr2, f.pfec)
                                 : EMUL_UNHANDLEABLE;
    *n = got;
    return EMUL_OK;
}

static enum emul_rc glue_read(struct emul_ctx *c, uint64_t la, void *buf,
                              unsigned int n, bool rmw)
{
    return access(c, la, buf, n, false, rmw);
}

static enum emul_rc glue_write(struct emul_ctx *c, uint64_t la,
                               const void *buf, unsigned int n)
{
    return access(c, la, (void *)(uintptr_t)buf, n, true, true);
}

static enum emul_rc glue_cmpxchg(struct emul_ctx *c, uint64_t la,
                                 const void *old, const void *new,
                                 unsigned int n)
{
    uint64_t o = 0, w = 0;
    enum emul_rc rc;
    gpa_t at;

    rc = translate(c, la, true, &at);
    if (rc != EMUL_OK)
        return rc;
    if (n > 8 || (la & (PAGE_SIZE - 1)) + n > PAGE_SIZE ||
        place_of(glue_of(c), at, true) != PLACE_RAM)
        return glue_write(c, la, new, n);
    memcpy(&o, old, n);
    memcpy(&w, new, n);
    return guest_cmpxchg_phys(at, o, w, n) ? EMUL_OK : EMUL_RETRY;
}

static enum emul_rc glue_check_write(struct emul_ctx *c, uint64_t la,
                                     unsigned int n)
{
    unsigned int room = (unsigned int)(PAGE_SIZE - (la & (PAGE_SIZE - 1)));
    enum emul_rc rc;
    gpa_t at;

    rc = translate(c, la, true, &at);
    if (rc == EMUL_OK && n > room)
        rc = translate(c, la + room, true, &at);
    return rc;
}

/* Valid until the next call for the same segment. */
static const struct segment *glue_seg(struct emul_ctx *c, enum insn_seg s)
{
    struct vcpu *v = glue_of(c)->v;

    hvm_get_seg(v, (enum hvm_seg)s, &v->hvm->emul_seg[s]);
    return &v->hvm->emul_seg[s];
}

static enum emul_rc glue_pio(struct emul_ctx *c, uint16_t port,
                             unsigned int bytes, bool in, uint32_t *val)
{
    uint64_t wide = in ? 0 : *val;

    if (pio_access(glue_of(c)->v, port, bytes, !in, &wide) == IO_RETRY)
        return EMUL_RETRY;
    if (in)
        *val = (uint32_t)wide;
    return EMUL_OK;
}

static enum emul_rc sent(enum io_rc rc)
{
    /* Nobody there: element by element reads ones. */
    return rc == IO_DONE ? EMUL_OK
         : rc == IO_RETRY ? EMUL_RETRY : EMUL_UNHANDLEABLE;
}

/*
 * Sectors come by the data register of an ATA channel, 16 bits an element, and
 * an element costs a device model thousands of instructions. PCI controllers
 * take 32 bits there for two words (PIIX, and QEMU's hw/ide/ioport.c), so ask
 * for half as many. Not for the few words of a packet command's answer, which
 * may end between two.
 */
static bool is_ata_block(const struct emul_rep *r)
{
    return (r->port == 0x1f0 || r->port == 0x170) && r->bytes == 2 &&
           !r->df && r->count >= 64 && !(r->count & 1);
}

/* Ports of a device model: one request with the address of the buffer. */
static enum emul_rc rep_port(struct emul_ctx *c, struct emul_rep *r)
{
    struct vcpu *v = glue_of(c)->v;
    bool in = r->kind == EMUL_REP_INS;
    struct ioreq a = { .type = IOREQ_TYPE_PIO, .df = r->df,
                       .dir = in ? IOREQ_READ : IOREQ_WRITE,
                       .data_is_ptr = true, .size = r->bytes,
                       .count = r->count, .addr = r->port };
    enum emul_rc rc;
    gpa_t at;

    if (bus_claims(v->domain->hvm->bus, BUS_PORT, r->port))
        return EMUL_UNHANDLEABLE;
    rc = translate(c, in ? r->dst : r->src, in, &at);
    if (rc != EMUL_OK)
        return rc;
    if (place_of(glue_of(c), at, in) != PLACE_RAM)
        return EMUL_UNHANDLEABLE;
    a.data = at.raw;
    if (is_ata_block(r)) {
        a.size = 4;
        a.count = r->count / 2;
    }
    return sent(ioreq_send(v, &a));
}

/* Is all of it in the VGA window? */
static bool in_vga(gpa_t at, const struct emul_rep *r)
{
    uint64_t n = r->count * r->bytes;
    uint64_t low = r->df ? at.raw + r->bytes - n : at.raw;

    return low >= VGA_WINDOW && low + n <= VGA_WINDOW + VGA_WINDOW_SIZE;
}

/*
 * A VGA card takes its window byte by byte and upwards, whatever the width of
 * an access (QEMU's hw/display/vga.c), so between it and RAM ask by 64 bits.
 */
static void widen(struct ioreq *a, const struct emul_rep *r)
{
    uint64_t n = r->count * r->bytes;

    if (r->df || n % 8)
        return;
    a->size = 8;
    a->count = (uint32_t)(n / 8);
    if (!a->data_is_ptr)
        a->data = (r->value & size_mask(r->bytes)) *
                  (~0ull / size_mask(r->bytes));
}

/*
 * Between RAM and a device model's memory, the same value into it, or from one
 * place of the VGA window to another: element by element, since the card's
 * latches want each read before its write.
 */
static enum emul_rc rep_memory(struct emul_ctx *c, struct emul_rep *r)
{
    struct vcpu *v = glue_of(c)->v;
    struct ioreq a = { .type = IOREQ_TYPE_COPY, .df = r->df,
                       .size = r->bytes, .count = r->count };
    gpa_t src = gpa(0), dst;
    enum emul_rc rc;
    bool to_device, from_device = false;

    rc = translate(c, r->dst, true, &dst);
    if (rc != EMUL_OK)
        return rc;
    to_device = place_of(glue_of(c), dst, true) == PLACE_DEVICE;
    if (r->kind == EMUL_REP_STOS) {
        a.data = r->value;
    } else {
        rc = translate(c, r->src, false, &src);
        if (rc != EMUL_OK)
            return rc;
        from_device = place_of(glue_of(c), src, false) == PLACE_DEVICE;
        a.data_is_ptr = true;
        a.data = from_device ? dst.raw : src.raw;
    }
    a.dir = from_device ? IOREQ_READ : IOREQ_WRITE;
    a.addr = from_device ? src.raw : dst.raw;
    if ((!to_device && !from_device) || mmio_is_internal(v, gpa(a.addr)))
        return EMUL_UNHANDLEABLE;
    if (to_device && from_device) {
        if (!in_vga(src, r) || !in_vga(dst, r))
            return EMUL_UNHANDLEABLE;
    } else if (in_vga(gpa(a.addr), r)) {
        widen(&a, r);
    }
    return sent(ioreq_send(v, &a));
}

static enum emul_rc glue_rep(struct emul_ctx *c, struct emul_rep *r)
{
    if (r->kind == EMUL_REP_INS || r->kind == EMUL_REP_OUTS)
        return rep_port(c, r);
    return rep_memory(c, r);
}

static enum emul_rc glue_get_vec(struct emul_ctx *c, unsigned int r, void *buf,
                                 unsigned int n)
{
    return vecreg_access(glue_of(c)->v, r, buf, n, VECREG_GET)
               ? EMUL_OK : EMUL_UNHANDLEABLE;
}

static enum emul_rc glue_put_vec(struct emul_ctx *c, unsigned int r,
                                 const void *buf, unsigned int n,
                                 bool zero_rest)
{
    return vecreg_access(glue_of(c)->v, r, (void *)(uintptr_t)buf, n,
                         zero_rest ? VECREG_PUT_ZERO_REST : VECREG_PUT)
               ? EMUL_OK : EMUL_UNHANDLEABLE;
}

static uint64_t glue_read_cr(struct emul_ctx *c, unsigned int cr)
{
    struct vcpu *v = glue_of(c)->v;

    if (cr == EMUL_XCR0)
        return v->hvm->xcr0;
    return hvm_get_reg(v, cr == 0 ? REG_CR0 : REG_CR4);
}

static const struct emul_ops glue_ops = {
    .fetch = glue_fetch,
    .read = glue_read,
    .write = glue_write,
    .cmpxchg = glue_cmpxchg,
    .check_write = glue_check_write,
    .seg = glue_seg,
    .rep = glue_rep,
    .pio = glue_pio,
    .get_vec = glue_get_vec,
    .put_vec = glue_put_vec,
    .read_cr = glue_read_cr,
};

void hvm_emul_begin(struct glue *g, struct emul_ctx *c)
{
    struct vcpu *v = g->v;
    enum hvm_mode m = hvm_mode(v);

    c->ops = &glue_ops;
    c->opaque = g;
    c->gpr = vcpu_regs(v)->gpr;
    c->rip = vcpu_regs(v)->rip;
    c->rflags = vcpu_regs(v)->rflags;
    c->mode = (uint8_t)hvm_code_bytes(m);
    c->cpl = (uint8_t)hvm_cpl(v);
    c->real = m == MODE_REAL || m == MODE_V86;
    c->align_check = hvm_get_reg(v, REG_CR0) & CR0_AM;
    c->nbytes = 0;
}

void hvm_emul_end(struct vcpu *v, struct emul_ctx *c, enum emul_rc rc)
{
    struct regs *r = vcpu_regs(v);

    switch (rc) {
    case EMUL_OK:
    case EMUL_RETRY:
        r->rip = c->rip;
        r->rflags = c->rflags;
        if (rc == EMUL_OK && hvm_ops.shadow(v))
            hvm_ops.set_shadow(v, hvm_ops.shadow(v) & SHADOW_NMI);
        if (unlikely(c->step)) {
            hvm_set_reg(v, REG_DR6, hvm_get_reg(v, REG_DR6) | BIT(14));
            hvm_raise(v, VEC_DB, 0);
        }
        break;
    case EMUL_FAULT:
        if (c->fault.vector == VEC_PF)
            hvm_raise_pf(v, c->fault.cr2, c->fault.error);
        else
            hvm_raise(v, c->fault.vector, c->fault.error);
        break;
    case EMUL_UNHANDLEABLE:
        hvm_raise(v, VEC_UD, 0);
        break;
    }
}
