/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's accesses to devices. Ports and MMIO go to internal devices first,
 * then to the device model. Most nested page faults, and string instructions on
 * ports, go through the emulator, which reaches the guest from here: registers
 * in and out, memory through the guest's tables and the p2m, repeated string
 * operations as one request where a device model can take them whole. The other
 * nested page faults: RAM whose writes are logged, device memory that domain 0
 * touches for the first time, code in leaves too large for it.
 */
#include "hvm/dom0/build.h"
#include "hvm/emul/emul.h"
#include "hvm/insn.h"
#include "hvm/io/bus.h"
#include "hvm/io/ioreq.h"
#include "hvm/irq/vlapic.h"
#include "hvm/mem/p2m.h"
#include "hvm/pci/vpci.h"
#include "hvm/vcpu.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/lib/string.h"

/* ---- One access ---------------------------------------------------------- */

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

/*
 * A port access of 1, 2 or 4 bytes: a device of Lodge's, else the device
 * model; nobody: all ones. *val in for writes, out for reads. In place:
 * exit_pio() is the way of most ports.
 */
static inline __attribute__((always_inline)) enum io_rc
pio_access(struct vcpu *v, uint16_t port, unsigned int size, bool write,
           uint64_t *val)
{
    if (likely(bus_port_access(v->domain->hvm->bus, port, size, write,
                               val) == BUS_OK))
        return IO_DONE;
    return external(v, IOREQ_TYPE_PIO, port, size, write, val);
}

/* True if a device inside Lodge answers at this address. */
static bool mmio_is_internal(struct vcpu *v, gpa_t at)
{
    return vlapic_claims(v->hvm->lapic, at.raw) ||
           bus_claims(v->domain->hvm->bus, BUS_MMIO, at.raw);
}

/* As pio_access(), for guest physical addresses, 1, 2, 4 or 8 bytes, inside one
 * page. */
static enum io_rc mmio_access(struct vcpu *v, gpa_t at, unsigned int size,
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
    if (bus_mmio_access(v->domain->hvm->bus, at.raw, size, write, val) ==
            BUS_OK ||
        (v->domain == hardware_domain &&
         vpci_mmio_access(at.raw, size, write, val)))
        return IO_DONE;
    return external(v, IOREQ_TYPE_COPY, at.raw, size, write, val);
}

/* ---- The emulator -------------------------------------------------------- */

/* What the emulator's operations know of the exit that made us emulate. */
struct glue {
    struct vcpu *v;
    const struct vmexit *npf; /* what made us emulate, if that is an access of
                                 the instruction's; else NULL */
    enum p2m_type npf_type;   /* what was there when it exited */
};

static struct glue *glue_of(struct emul_ctx *c)
{
    return c->opaque;
}

/* Linear to physical, by the exit's own address where that is it. A read
 * that exited says nothing of the right to write: the guest can change its
 * code before we fetch it. */
static enum emul_rc translate(struct emul_ctx *c, uint64_t la, bool write,
                              gpa_t *at)
{
    struct glue *g = glue_of(c);
    uint32_t access = (c->cpl == 3 ? PFEC_USER : 0) | (write ? PFEC_WRITE : 0);
    uint32_t pfec;
    int rc;

    if (g->npf && (g->npf->npf.write || !write) &&
        ((la ^ g->npf->npf.gpa.raw) & (PAGE_SIZE - 1)) == 0 &&
        emul_one_place(c)) {
        *at = g->npf->npf.gpa;
        return EMUL_OK;
    }
    rc = guest_walk(g->v, gva(la), access, at, &pfec);
    if (rc == -EFAULT)
        return emul_page_fault(c, la, pfec);
    return rc ? EMUL_UNHANDLEABLE : EMUL_OK;
}

/* What stands at a guest physical address for the emulator. */
enum place { PLACE_RAM, PLACE_READ_ONLY, PLACE_DEVICE };

static enum place place_of(const struct glue *g, gpa_t at, bool write)
{
    bool exited_there = g->npf &&
                        ((at.raw ^ g->npf->npf.gpa.raw) & PAGE_MASK) == 0;
    enum p2m_type type = exited_there
        ? g->npf_type : p2m_lookup(g->v->domain, gpa_to_gfn(at)).type;

    if (!p2m_type_has_page(type) || (type == P2M_IOREQ && write))
        return PLACE_DEVICE;
    return p2m_type_writable(type) ? PLACE_RAM : PLACE_READ_ONLY;
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
    enum place place = place_of(g, at, write);
    struct domain *d = g->v->domain;
    int rc;

    if (place == PLACE_DEVICE)
        return device_access(g->v, at, buf, n, write);
    if (place == PLACE_READ_ONLY && write)
        return EMUL_OK; /* as to a ROM */
    rc = write ? guest_write_phys(d, at, buf, n)
               : guest_read_phys(d, buf, at, n);
    return rc ? EMUL_RETRY : EMUL_OK;
}

/* Both pages are translated before either is touched; buf may be NULL: then
 * neither is. */
static enum emul_rc data_access(struct emul_ctx *c, uint64_t la, void *buf,
                                unsigned int n, bool write, bool need_write)
{
    const struct glue *g = glue_of(c);
    unsigned int room = (unsigned int)(PAGE_SIZE - (la & (PAGE_SIZE - 1)));
    gpa_t at[2];
    enum emul_rc rc = translate(c, la, need_write, &at[0]);

    if (rc == EMUL_OK && n > room)
        rc = translate(c, la + room, need_write, &at[1]);
    if (rc == EMUL_OK && buf)
        rc = page_access(g, at[0], buf, MIN(n, room), write);
    if (rc == EMUL_OK && buf && n > room)
        rc = page_access(g, at[1], (uint8_t *)buf + room, n - room, write);
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
    return data_access(c, la, buf, n, false, rmw);
}

static enum emul_rc glue_write(struct emul_ctx *c, uint64_t la,
                               const void *buf, unsigned int n)
{
    return data_access(c, la, (void *)(uintptr_t)buf, n, true, true);
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
    return data_access(c, la, NULL, n, true, true);
}

/* Valid until the next call for the same segment. */
static const struct segment *glue_seg(struct emul_ctx *c, enum hvm_seg s)
{
    struct vcpu *v = glue_of(c)->v;

    hvm_get_seg(v, (enum hvm_seg)s, &v->hvm->emul_seg[s]);
    return &v->hvm->emul_seg[s];
}

static enum emul_rc glue_pio(struct emul_ctx *c, uint16_t port,
                             unsigned int bytes, bool in, uint64_t *val)
{
    return pio_access(glue_of(c)->v, port, bytes, !in, val) == IO_RETRY
               ? EMUL_RETRY : EMUL_OK;
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
 * One request for all: between RAM and a device model's port or memory, the
 * same value into its memory, or from one place of the VGA window to another:
 * there element by element, since the card's latches want each read before its
 * write.
 */
static enum emul_rc glue_rep(struct emul_ctx *c, const struct emul_rep *r)
{
    const struct glue *g = glue_of(c);
    bool ins = r->kind == EMUL_REP_INS, outs = r->kind == EMUL_REP_OUTS;
    bool stos = r->kind == EMUL_REP_STOS, to_device, from_device;
    gpa_t src = gpa(r->port), dst = src;
    bool port = ins || outs;
    enum emul_rc rc = EMUL_OK;
    enum io_rc sent;
    struct ioreq a;

    if (port && bus_claims(g->v->domain->hvm->bus, BUS_PORT, r->port))
        return EMUL_UNHANDLEABLE;
    if (!outs)
        rc = translate(c, r->dst, true, &dst);
    if (rc == EMUL_OK && !ins && !stos)
        rc = translate(c, r->src, false, &src);
    if (rc != EMUL_OK)
        return rc;
    to_device = outs || place_of(g, dst, true) == PLACE_DEVICE;
    from_device = ins || (!stos && place_of(g, src, false) == PLACE_DEVICE);
    a = (struct ioreq){
        .type = port ? IOREQ_TYPE_PIO : IOREQ_TYPE_COPY,
        .df = r->df, .size = r->bytes, .count = r->count, .data_is_ptr = !stos,
        .dir = from_device ? IOREQ_READ : IOREQ_WRITE,
        .addr = from_device ? src.raw : dst.raw,
        .data = stos ? r->value : from_device ? dst.raw : src.raw };
    if (port) {
        if (place_of(g, ins ? dst : src, ins) != PLACE_RAM)
            return EMUL_UNHANDLEABLE;
        /*
         * Sectors come by the data register of an ATA channel, 16 bits an
         * element, and an element costs a device model thousands of
         * instructions. PCI controllers take 32 bits there for two words (PIIX,
         * and QEMU's hw/ide/ioport.c), so ask for half as many. Not for the few
         * words of a packet command's answer, which may end between two.
         */
        if ((r->port == 0x1f0 || r->port == 0x170) && r->bytes == 2 &&
            !r->df && r->count >= 64 && !(r->count & 1)) {
            a.size = 4;
            a.count = r->count / 2;
        }
    } else if ((!to_device && !from_device) ||
               mmio_is_internal(g->v, gpa(a.addr))) {
        return EMUL_UNHANDLEABLE;
    } else if (to_device && from_device) {
        if (!in_vga(src, r) || !in_vga(dst, r))
            return EMUL_UNHANDLEABLE;
    } else if (in_vga(gpa(a.addr), r)) {
        widen(&a, r);
    }
    sent = ioreq_send(g->v, &a);
    /* Nobody there: element by element reads ones. */
    return sent == IO_DONE ? EMUL_OK
         : sent == IO_RETRY ? EMUL_RETRY : EMUL_UNHANDLEABLE;
}

/* Where a save area has vector registers (SDM vol. 1 13.4). */
#define XMM_OFFSET 160
#define XSTATE_BV_OFFSET 512
#define XSTATE_SSE BIT(1)
#define XSTATE_AVX BIT(2)

#define XMM_SIZE 16u

/*
 * A vector register's n bytes, 16 or 32: XMM, or YMM where the machine has AVX.
 * They are in the CPU while its vCPU is, root mode uses none; so they go to the
 * save area, where one is read or changed, and come back. That is slow, and
 * rare: a guest that uses them on device memory.
 */
static enum emul_rc vec_access(struct emul_ctx *c, unsigned int r, void *buf,
                               unsigned int n, bool put, bool zero_rest)
{
    struct vcpu *v = glue_of(c)->v;
    bool avx = cpu_features.xcr0_max & XSTATE_AVX;
    unsigned int high = n - XMM_SIZE;
    uint8_t *area = v->hvm->xsave, *xmm = area + XMM_OFFSET + r * XMM_SIZE;
    uint8_t *ymm = avx ? area + cpuid(0xd, 2).b + r * XMM_SIZE : NULL;
    uint8_t *upper = (uint8_t *)buf + XMM_SIZE;

    if (r > 15 || high > XMM_SIZE || ((high || zero_rest) && !avx))
        return EMUL_UNHANDLEABLE;
    hvm_fpu_save(v);
    if (put) {
        memcpy(xmm, buf, XMM_SIZE);
        if (zero_rest)
            memset(ymm, 0, XMM_SIZE);
        memcpy(ymm, upper, high);
        if (cpu_features.xsave)
            *(uint64_t *)(area + XSTATE_BV_OFFSET) |=
                XSTATE_SSE | (avx ? XSTATE_AVX : 0);
    } else {
        memcpy(buf, xmm, XMM_SIZE);
        memcpy(upper, ymm, high);
    }
    hvm_fpu_load(v);
    return EMUL_OK;
}

static enum emul_rc glue_get_vec(struct emul_ctx *c, unsigned int r, void *buf,
                                 unsigned int n)
{
    return vec_access(c, r, buf, n, false, false);
}

static enum emul_rc glue_put_vec(struct emul_ctx *c, unsigned int r,
                                 const void *buf, unsigned int n,
                                 bool zero_rest)
{
    return vec_access(c, r, (void *)(uintptr_t)buf, n, true, zero_rest);
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

/*
 * Emulates v's next instruction after exit e: a string port access, or a
 * nested page fault where a device is or something else (type) that cannot be
 * accessed directly. Registers are changed, a fault is queued. Out of line:
 * exit_pio() needs none of its stack.
 */
static __attribute__((noinline)) enum exit_verdict
emulate(struct vcpu *v, const struct vmexit *e, enum p2m_type type)
{
    struct glue g = { .v = v, .npf_type = type };
    struct regs *r = vcpu_regs(v);
    enum hvm_mode m = hvm_mode(v);
    struct emul_ctx c;
    enum emul_rc rc;

    c.ops = &glue_ops;
    c.opaque = &g;
    c.gpr = r->gpr;
    c.rip = r->rip;
    c.rflags = r->rflags;
    c.mode = (uint8_t)hvm_code_bytes(m);
    c.cpl = (uint8_t)hvm_cpl(v);
    c.real = m == MODE_REAL || m == MODE_V86;
    c.align_check = hvm_get_reg(v, REG_CR0) & CR0_AM;
    c.nbytes = 0;
    if (e->kind == EXIT_PIO) {
        rc = emul_string_io(&c, &e->pio);
    } else {
        g.npf = e->npf.walk ? NULL : e;
        c.walk = e->npf.walk;
        c.nbytes = e->nbytes;
        memcpy(c.bytes, e->bytes, sizeof(e->bytes));
        rc = emul_mmio(&c);
    }
    if (rc == EMUL_FAULT) {
        hvm_raise(v, c.fault.vector, c.fault.error, c.fault.cr2);
    } else if (rc == EMUL_UNHANDLEABLE && e->kind == EXIT_PIO) {
        hvm_raise(v, VEC_UD, 0, 0);
    } else if (rc == EMUL_UNHANDLEABLE) {
        domain_crash(v->domain, "instruction at %#lx that accesses device "
                     "memory at %#lx is not one Lodge emulates",
                     r->rip, e->npf.gpa.raw);
    } else {
        r->rip = c.rip;
        r->rflags = c.rflags;
        if (rc == EMUL_OK || unlikely(c.step))
            hvm_end_insn(v, c.step);
    }
    return VERDICT_RESUME;
}

/* ---- Exits --------------------------------------------------------------- */

enum exit_verdict exit_pio(struct vcpu *v, const struct vmexit *e)
{
    uint64_t *rax = &vcpu_regs(v)->gpr[RAX], mask, val = 0;
    unsigned int size = e->pio.size;

    if (unlikely(e->pio.string))
        return emulate(v, e, P2M_NONE);
    mask = size_mask(size);
    if (e->pio.in) {
        if (pio_access(v, e->pio.port, size, false, &val) == IO_RETRY)
            return VERDICT_RESUME;
        *rax = size == 4 ? val : (*rax & ~mask) | val;
    } else {
        val = *rax & mask;
        if (pio_access(v, e->pio.port, size, true, &val) == IO_RETRY)
            return VERDICT_RESUME;
    }
    return VERDICT_ADVANCE;
}

enum exit_verdict exit_npf(struct vcpu *v, const struct vmexit *e)
{
    struct domain *d = v->domain;
    gfn_t g = gpa_to_gfn(e->npf.gpa);
    bool write = e->npf.write;
    enum p2m_type type;

    if (unlikely(e->npf.fetch) && p2m_allow_fetch(d, g)) {
        domain_crash(d, "no memory for page tables at %#lx",
                     e->npf.gpa.raw);
        return VERDICT_RESUME;
    }
    type = p2m_lookup(d, g).type;
    /* Domain 0 touches device memory for the first time. */
    if (type == P2M_NONE && unlikely(d == hardware_domain) &&
        !mmio_is_internal(v, e->npf.gpa) && !dom0_map_mmio(d, g))
        return VERDICT_RESUME;
    if (type == P2M_NONE || type == P2M_APIC ||
        (write && (type == P2M_RAM_RO || type == P2M_GRANT_RO ||
                   type == P2M_IOREQ)))
        return emulate(v, e, type);
    if (write && type == P2M_RAM_LOG)
        dirty_mark(d, g);
    /* Else another vCPU has mapped it meanwhile. */
    return VERDICT_RESUME;
}
