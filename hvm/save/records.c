/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's registers, its other records and those of devices; see records.h. */
#include "hvm/save/records.h"

#include "hvm/base/hvm.h"
#include "hvm/dev/timers.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"

#define PER_VCPU 0xff

/* What a record is of: instance i of a domain's, or a vCPU's. */
struct target {
    struct domain *d;
    struct vcpu *v; /* NULL: the domain's */
    unsigned int i;
};

struct record_type {
    uint16_t size;         /* of the structure */
    uint16_t instances;    /* PER_VCPU: one each; 0: no such record */
    /* Fills rec (zeroed) from the state; an error says that the domain has no
     * such thing. Or (load) the state from rec. 0 or -E*. */
    int (*move)(const struct target *t, void *rec, bool load);
};

static void move(void *state, void *rec, size_t n, bool load)
{
    memcpy(load ? state : rec, load ? rec : state, n);
}

/* Where each register is in the record. */
static const struct {
    enum hvm_reg reg;
    uint16_t offset;
    uint8_t size;
} reg_at[] = {
#define R(r, f) { r, offsetof(struct hvm_hw_cpu, f),                        \
                  sizeof(((struct hvm_hw_cpu *)0)->f) }
    R(REG_CR0, cr0), R(REG_CR2, cr2), R(REG_CR3, cr3), R(REG_CR4, cr4),
    R(REG_DR6, dr6), R(REG_DR7, dr7),
    R(REG_GDTR_BASE, gdtr_base), R(REG_GDTR_LIMIT, gdtr_limit),
    R(REG_IDTR_BASE, idtr_base), R(REG_IDTR_LIMIT, idtr_limit),
    R(REG_SYSENTER_CS, sysenter_cs), R(REG_SYSENTER_ESP, sysenter_esp),
    R(REG_SYSENTER_EIP, sysenter_eip), R(REG_KERNEL_GS_BASE, shadow_gs),
    R(REG_STAR, msr_star), R(REG_LSTAR, msr_lstar), R(REG_CSTAR, msr_cstar),
    R(REG_SFMASK, msr_syscall_mask),
    R(REG_EFER, msr_efer), /* after CR0: LMA follows it */
#undef R
};

/* Registers in the record's order. */
static const uint8_t gprs[] = {
    RAX, RBX, RCX, RDX, RBP, RSI, RDI, RSP, R8, R9, R10, R11, R12, R13, R14, R15
};
static const uint8_t segs[] = {
    SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, SEG_TR, SEG_LDTR
};

/* Element i of an array of the record that begins at field. */
#define AT(c, type, field, i)                                               \
    (((type *)((char *)(c) + offsetof(struct hvm_hw_cpu, field)))[i])

/* What is in the record as it is in the vCPU. */
static void move_regs(struct vcpu *v, struct hvm_hw_cpu *c, bool load)
{
    struct hvm_vcpu *hv = v->hvm;

    for (unsigned int i = 0; i < ARRAY_SIZE(reg_at); i++) {
        uint64_t val = load ? 0 : hvm_get_reg(v, reg_at[i].reg);

        move(&val, (char *)c + reg_at[i].offset, reg_at[i].size, load);
        if (load)
            hvm_set_reg(v, reg_at[i].reg, val);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(gprs); i++)
        move(&hv->regs.gpr[gprs[i]], &AT(c, uint64_t, rax, i), 8, load);
    for (unsigned int i = 0; i < ARRAY_SIZE(segs); i++) {
        struct segment s = { 0 };

        if (!load)
            hvm_get_seg(v, segs[i], &s);
        move(&s.sel, &AT(c, uint32_t, cs_sel, i), sizeof(s.sel), load);
        move(&s.attr, &AT(c, uint32_t, cs_arbytes, i), sizeof(s.attr), load);
        move(&s.limit, &AT(c, uint32_t, cs_limit, i), sizeof(s.limit), load);
        move(&s.base, &AT(c, uint64_t, cs_base, i), sizeof(s.base), load);
        s.attr &= 0xfff;
        if (load)
            hvm_set_seg(v, segs[i], &s);
    }
    move(&hv->regs.rip, &c->rip, sizeof(c->rip), load);
    move(&hv->regs.rflags, &c->rflags, sizeof(c->rflags), load);
    move(hv->dr, &AT(c, uint64_t, dr0, 0), sizeof(hv->dr), load);
}

void vcpu_state_save(struct vcpu *v, struct hvm_hw_cpu *c)
{
    struct hvm_vcpu *hv = v->hvm;
    /* The record has room for one event: an interrupt that is in service
     * rather than the fault that put it off, which happens again. */
    const struct hvm_event *ev = hv->displaced.valid ? &hv->displaced
                                                     : &hv->event;

    move_regs(v, c, false);
    c->msr_tsc_aux = hv->msr.tsc_aux;
    c->tsc = hvm_guest_tsc(v, rdtsc());
    memcpy(c->fpu_regs, hv->xsave, sizeof(c->fpu_regs));
    c->flags = XEN_X86_FPU_INITIALISED;
    if (ev->valid) {
        c->pending_event = EVENT_VALID | ev->type << EVENT_TYPE_SHIFT |
                           ev->vector | (ev->has_error ? EVENT_HAS_ERROR : 0);
        c->error_code = ev->error;
    }
}

/* Bits of MXCSR that a CPU does not have raise #GP when they are loaded, in
 * root mode. Those all CPUs with nested paging have: SDM vol. 1 10.2.3; bit
 * 17, misaligned SSE, is of some of AMD's. */
#define MXCSR_OFFSET 24
#define MXCSR_ALL 0xffffu
#define MXCSR_MM BIT(17)

static bool fpu_valid(const void *fxsave)
{
    uint32_t mxcsr = *(const uint32_t *)((const char *)fxsave + MXCSR_OFFSET);
    bool has_mm = cpuid(0x80000001, 0).c & BIT(7);

    return !(mxcsr & ~(MXCSR_ALL | (has_mm ? MXCSR_MM : 0)));
}

/* Vectors and types that the CPU would refuse to inject end the entry. */
static bool event_valid(const struct hvm_hw_cpu *c)
{
    static const uint16_t vectors[8] = {
        [EVENT_INTR] = 256, [EVENT_SOFT_INT] = 256, [EVENT_EXCEPTION] = 32,
        [EVENT_PRIV_SOFT] = 32, [EVENT_SOFT_EXC] = 32
    };

    if (c->pending_type == EVENT_NMI)
        return c->pending_vector == VEC_NMI;
    return c->pending_vector < vectors[c->pending_type];
}

static bool state_valid(const struct vcpu *v, const struct hvm_hw_cpu *c)
{
    if ((c->flags & XEN_X86_FPU_INITIALISED) && !fpu_valid(c->fpu_regs))
        return false;
    if (c->pending_valid && !event_valid(c))
        return false;
    if (c->cr0 >> 32 || ((c->cr0 & CR0_PG) && !(c->cr0 & CR0_PE)))
        return false;
    if (c->msr_efer & ~(cpuid_guest_efer(v) | EFER_LMA))
        return false;
    /* LMA is LME with paging, and needs PAE (APM vol. 2 15.5.1). */
    if ((c->msr_efer & EFER_LME) && (c->cr0 & CR0_PG) && !(c->cr4 & CR4_PAE))
        return false;
    return !(c->cr4 & ~cpuid_guest_cr4(v)) && !((c->dr6 | c->dr7) >> 32);
}

static int move_cpu(const struct target *t, void *rec, bool load)
{
    const struct hvm_hw_cpu *c = rec;
    struct vcpu *v = t->v;
    struct hvm_vcpu *hv = v->hvm;

    if (!load) {
        /* A vCPU that is down, or waits to be started, has no registers to go
         * on with: none are saved, and it is down where it is restored. */
        if (READ_ONCE(v->down) || READ_ONCE(hv->wait_sipi))
            return -ENOENT;
        vcpu_state_save(v, rec);
        return 0;
    }
    if (!state_valid(v, c))
        return -EINVAL;
    move_regs(v, rec, true);
    hv->regs.rflags |= RFLAGS_MBS;
    hv->msr.tsc_aux = (uint32_t)c->msr_tsc_aux;
    if (c->tsc)
        hvm_tsc_shift(v, c->tsc - hvm_guest_tsc(v, rdtsc()));
    if (c->flags & XEN_X86_FPU_INITIALISED) {
        memcpy(hv->xsave, c->fpu_regs, sizeof(c->fpu_regs));
        /* The header's component bits say that x87 and SSE are there. */
        if (cpu_features.xsave)
            *(uint64_t *)((char *)hv->xsave + sizeof(c->fpu_regs)) |= 3;
    }
    hv->event = event_of(c->pending_event, c->error_code, 0);
    hv->event.valid = c->pending_valid;
    hv->displaced.valid = false;
    hv->wait_sipi = false;
    tlb_tag_drop(&hv->tlb_tag);
    vcpu_up(v);
    return 0;
}

static int move_mtrr(const struct target *t, void *rec, bool load)
{
    struct hvm_hw_mtrr *m = rec, *state = &t->v->hvm->msr.mtrr;

    if (load && (m->msr_mtrr_cap & 0xff) > MTRR_VCNT)
        return -EINVAL;
    move(state, m, sizeof(*m), load);
    if (load) {
        hvm_set_reg(t->v, REG_PAT, m->msr_pat_cr);
        state->msr_mtrr_def_type &= 0xcff;
    } else {
        m->msr_pat_cr = hvm_get_reg(t->v, REG_PAT);
        m->msr_mtrr_cap = GUEST_MTRRCAP;
    }
    return 0;
}

static int move_tsc_adjust(const struct target *t, void *rec, bool load)
{
    struct hvm_tsc_adjust *a = rec;

    move(&t->v->hvm->msr.tsc_adjust, &a->tsc_adjust, sizeof(a->tsc_adjust),
         load);
    return load || a->tsc_adjust ? 0 : -ENOENT;
}

/*
 * The whole XSAVE area stands at save_area, beyond the structure; a stream may
 * be from a machine with a larger one.
 */
#define XSAVE_OFFSET offsetof(struct hvm_hw_cpu_xsave, save_area)
#define XSAVE_MAX 0x10000u

static int move_xsave(const struct target *t, void *rec, bool load)
{
    struct hvm_hw_cpu_xsave *x = rec;
    const struct hvm_hw_cpu_xsave_hdr *h = &x->save_area.xsave_hdr;
    struct hvm_vcpu *hv = t->v->hvm;

    if (!cpu_features.xsave)
        return -EINVAL;
    if (load) {
        /* Nothing that the CPU would refuse to load (SDM vol. 1 13.4.2). */
        if (!fpu_valid(&x->save_area) ||
            (x->xcr0 != 1 && !cpuid_xcr0_valid(t->v, x->xcr0)) ||
            (h->xstate_bv & ~cpu_features.xcr0_max) || h->xcomp_bv)
            return -EINVAL;
        for (unsigned int k = 0; k < ARRAY_SIZE(h->reserved); k++)
            if (h->reserved[k])
                return -EINVAL;
        hv->xcr0 = x->xcr0;
    } else {
        x->xfeature_mask = x->xcr0_accum = cpu_features.xcr0_max;
        x->xcr0 = hv->xcr0;
    }
    move(hv->xsave, (char *)rec + XSAVE_OFFSET, cpu_features.xsave_size, load);
    return 0;
}

static int move_header(const struct target *t, void *rec, bool load)
{
    struct hvm_save_header *h = rec;

    if (!load)
        *h = (struct hvm_save_header){
            .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
            .changeset = ~0ull, .cpuid = cpuid(1, 0).a,
            .gtsc_khz = (uint32_t)t->d->hvm->tsc_khz };
    else if (h->magic != HVM_FILE_MAGIC || h->version != HVM_FILE_VERSION)
        return -EINVAL;
    else if (h->gtsc_khz)
        return hvm_set_tsc_khz(t->d, h->gtsc_khz);
    return 0;
}

static int move_ioapic(const struct target *t, void *rec, bool load)
{
    struct route *r = t->d->hvm->route;

    return load ? vioapic_load(r, rec) : vioapic_save(r, rec);
}

static int move_pic(const struct target *t, void *rec, bool load)
{
    struct route *r = t->d->hvm->route;

    if (!r->has_pic)
        return -ENODEV;
    if (load)
        return vpic_load(r, t->i, rec);
    *(struct hvm_hw_vpic *)rec = r->pic[t->i & 1];
    return 0;
}

/* Records that save and load with one call each, if there is the object. */
#define RECORD(name, object, saves, loads)                                  \
    static int move_##name(const struct target *t, void *rec, bool load)    \
    {                                                                       \
        if (!object)                                                        \
            return -ENODEV;                                                 \
        if (load)                                                           \
            return loads(object, rec);                                      \
        saves(object, rec);                                                 \
        return 0;                                                           \
    }

RECORD(lapic, t->v->hvm->lapic, vlapic_save_hidden, vlapic_load_hidden)
RECORD(lapic_regs, t->v->hvm->lapic, vlapic_save_regs, vlapic_load_regs)
RECORD(pci_irq, t->d->hvm->route, route_save_intx, route_load_intx)
RECORD(isa_irq, t->d->hvm->route, route_save_isa, route_load_isa)
RECORD(pci_link, t->d->hvm->route, route_save_link, route_load_link)
RECORD(pit, t->d->hvm->pit, pit_save, pit_load)
RECORD(rtc, t->d->hvm->rtc, rtc_save, rtc_load)
RECORD(hpet, t->d->hvm->hpet, hpet_save, hpet_load)
RECORD(pmtimer, t->d->hvm->pm, pmtimer_save, pmtimer_load)

#define REC(type_, instances_, name_)                                       \
    { sizeof(struct type_), instances_, move_##name_ }

/* In the order of a stream. */
static const struct record_type types[HVM_SAVE_CODE_MAX + 1] = {
    [HVM_SAVE_CODE_HEADER] = REC(hvm_save_header, 1, header),
    [HVM_SAVE_CODE_CPU] = REC(hvm_hw_cpu, PER_VCPU, cpu),
    [HVM_SAVE_CODE_PIC] = REC(hvm_hw_vpic, 2, pic),
    [HVM_SAVE_CODE_IOAPIC] = REC(hvm_hw_vioapic, 1, ioapic),
    [HVM_SAVE_CODE_LAPIC] = REC(hvm_hw_lapic, PER_VCPU, lapic),
    [HVM_SAVE_CODE_LAPIC_REGS] = REC(hvm_hw_lapic_regs, PER_VCPU, lapic_regs),
    [HVM_SAVE_CODE_PCI_IRQ] = REC(hvm_hw_pci_irqs, 1, pci_irq),
    [HVM_SAVE_CODE_ISA_IRQ] = REC(hvm_hw_isa_irqs, 1, isa_irq),
    [HVM_SAVE_CODE_PCI_LINK] = REC(hvm_hw_pci_link, 1, pci_link),
    [HVM_SAVE_CODE_PIT] = REC(hvm_hw_pit, 1, pit),
    [HVM_SAVE_CODE_RTC] = REC(hvm_hw_rtc, 1, rtc),
    [HVM_SAVE_CODE_HPET] = REC(hvm_hw_hpet, 1, hpet),
    [HVM_SAVE_CODE_PMTIMER] = REC(hvm_hw_pmtimer, 1, pmtimer),
    [HVM_SAVE_CODE_MTRR] = REC(hvm_hw_mtrr, PER_VCPU, mtrr),
    [CPU_XSAVE_CODE] = REC(hvm_hw_cpu_xsave, PER_VCPU, xsave),
    [HVM_SAVE_CODE_TSC_ADJUST] = REC(hvm_tsc_adjust, PER_VCPU, tsc_adjust),
};

static unsigned int record_bytes(unsigned int code)
{
    if (code == CPU_XSAVE_CODE)
        return XSAVE_OFFSET + MAX(cpu_features.xsave_size, 576u);
    return types[code].size;
}

static unsigned int instances(const struct domain *d, unsigned int code)
{
    return types[code].instances == PER_VCPU ? d->max_vcpus
                                             : types[code].instances;
}

size_t hvm_save_size(const struct domain *d)
{
    size_t size = sizeof(struct hvm_save_descriptor);

    for (unsigned int c = 0; c < ARRAY_SIZE(types); c++)
        size += instances(d, c) * (sizeof(struct hvm_save_descriptor) +
                                   record_bytes(c));
    return size;
}

/* False: there is no instance i. */
static bool find(struct domain *d, unsigned int code, unsigned int i,
                 struct target *t)
{
    *t = (struct target){ .d = d, .i = i };
    if (i >= instances(d, code))
        return false;
    if (types[code].instances != PER_VCPU)
        return true;
    t->v = d->vcpu[index_nospec(i, d->max_vcpus)];
    return t->v;
}

long hvm_save_one(struct domain *d, unsigned int code, unsigned int i,
                  void *buf, size_t size)
{
    struct target t;

    if (code >= ARRAY_SIZE(types))
        return -EINVAL;
    code = (unsigned int)index_nospec(code, ARRAY_SIZE(types));
    if (!find(d, code, i, &t))
        return -ENOENT;
    if (size < record_bytes(code))
        return -ENOSPC;
    memset(buf, 0, record_bytes(code));
    return types[code].move(&t, buf, false) ? -ENOENT
                                            : (long)record_bytes(code);
}

long hvm_save(struct domain *d, void *buf, size_t size)
{
    const size_t head = sizeof(struct hvm_save_descriptor);
    uint8_t *at = buf, *end = at + size;

    for (unsigned int c = 0; c < ARRAY_SIZE(types); c++)
        for (unsigned int i = 0; i < instances(d, c); i++) {
            long n;

            if ((size_t)(end - at) < 2 * head + record_bytes(c))
                return -ENOSPC;
            n = hvm_save_one(d, c, i, at + head, (size_t)(end - at) - head);
            if (n < 0) /* the domain has no such thing */
                continue;
            *(struct hvm_save_descriptor *)at = (struct hvm_save_descriptor){
                (uint16_t)c, (uint16_t)i, (uint32_t)n };
            at += head + (size_t)n;
        }
    *(struct hvm_save_descriptor *)at = (struct hvm_save_descriptor){
        HVM_SAVE_CODE_END, 0, 0 };
    return (long)(at + head - (uint8_t *)buf);
}

static int load_record(struct domain *d,
                       const struct hvm_save_descriptor *desc,
                       const void *rec)
{
    unsigned int code = desc->typecode;
    bool xsave = code == CPU_XSAVE_CODE;
    struct target t;
    void *copy;
    int rc;

    if (code >= ARRAY_SIZE(types))
        return -EINVAL;
    code = (unsigned int)index_nospec(code, ARRAY_SIZE(types));
    /* State of what we do not have and that means nothing when idle:
     * Viridian, machine checks, extra MSRs. */
    if (!types[code].move)
        return 0;
    if (!find(d, code, desc->instance, &t))
        return -EINVAL;
    if (desc->length < (xsave ? XSAVE_OFFSET + 576 : 1) ||
        desc->length > (xsave ? XSAVE_MAX : types[code].size))
        return -EINVAL;
    /* Older streams have shorter records: the rest is zero. */
    copy = heap_alloc(MAX(record_bytes(code), desc->length));
    if (!copy)
        return -ENOMEM;
    memcpy(copy, rec, desc->length);
    rc = types[code].move(&t, copy, true);
    heap_free(copy);
    return rc;
}

/* Checks, or loads, each record up to END; -EINVAL if the stream is
 * malformed. */
static int walk(struct domain *d, const uint8_t *buf, size_t size, bool load)
{
    struct hvm_save_descriptor desc;

    for (size_t at = 0;; at += desc.length) {
        int rc;

        if (size - at < sizeof(desc))
            return -EINVAL;
        memcpy(&desc, buf + at, sizeof(desc));
        if (at == 0 && desc.typecode != HVM_SAVE_CODE_HEADER)
            return -EINVAL;
        at += sizeof(desc);
        if (desc.typecode == HVM_SAVE_CODE_END)
            return 0;
        if (desc.length > size - at)
            return -EINVAL;
        rc = load ? load_record(d, &desc, buf + at) : 0;
        if (rc) {
            log_guest(LOG_WARN, "d%u: save record %u of instance %u is not "
                      "acceptable: error %d\n", d->id, desc.typecode,
                      desc.instance, -rc);
            return rc;
        }
    }
}

int hvm_load(struct domain *d, const void *buf, size_t size)
{
    int rc = walk(d, buf, size, false) ?: walk(d, buf, size, true);

    for_vcpus (d, v)
        atomic_set_bit(PENDING_IRQ, &v->pending);
    return rc;
}
