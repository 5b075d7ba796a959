/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of save records; see records.h. */
#include "hvm/save/records.h"

#include "hvm/base/tsc.h"
#include "hvm/dev/hpet.h"
#include "hvm/dev/pit.h"
#include "hvm/dev/pmtimer.h"
#include "hvm/dev/rtc.h"
#include "hvm/irq/route.h"
#include "hvm/irq/vlapic.h"
#include "hvm/policy/cpuid.h"
#include "hvm/save/vcpu-state.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/heap.h"
#include "hypervisor/x86/features.h"

/*
 * save: fills rec (zeroed) and returns true, or false where the domain has
 * no such thing. load: 0 or -E*. v is the vCPU of a per-vCPU record.
 */
struct record_type {
    uint16_t size;         /* of the structure */
    uint16_t instances;    /* PER_VCPU: one each */
    bool (*save)(struct domain *d, struct vcpu *v, unsigned int i, void *rec);
    int (*load)(struct domain *d, struct vcpu *v, unsigned int i,
                const void *rec);
};

#define PER_VCPU 0

/* Records that save and load with one call each, if `present` holds. */
#define RECORD(name, present, saving, loading)                              \
    static bool save_##name(struct domain *d, struct vcpu *v,               \
                            unsigned int i, void *rec)                      \
    {                                                                       \
        if (!(present))                                                     \
            return false;                                                   \
        saving;                                                             \
        return true;                                                        \
    }                                                                       \
    static int load_##name(struct domain *d, struct vcpu *v,                \
                           unsigned int i, const void *rec)                 \
    {                                                                       \
        return (present) ? (loading) : -ENODEV;                             \
    }

RECORD(mtrr, true, vcpu_mtrr_save(v, rec), vcpu_mtrr_load(v, rec))
RECORD(lapic, true, vlapic_save_hidden(v->hvm->lapic, rec),
       vlapic_load_hidden(v->hvm->lapic, rec))
RECORD(lapic_regs, true, vlapic_save_regs(v->hvm->lapic, rec),
       vlapic_load_regs(v->hvm->lapic, rec))
RECORD(pci_irq, true, route_save_intx(d->hvm->route, rec),
       route_load_intx(d->hvm->route, rec))
RECORD(isa_irq, true, route_save_isa(d->hvm->route, rec),
       route_load_isa(d->hvm->route, rec))
RECORD(pci_link, true, route_save_link(d->hvm->route, rec),
       route_load_link(d->hvm->route, rec))
RECORD(pic, d->hvm->route->has_pic, vpic_save(d->hvm->route, i, rec),
       vpic_load(d->hvm->route, i, rec))
RECORD(pit, d->hvm->pit, pit_save(d->hvm->pit, rec),
       pit_load(d->hvm->pit, rec))
RECORD(rtc, d->hvm->rtc, rtc_save(d->hvm->rtc, rec),
       rtc_load(d->hvm->rtc, rec))
RECORD(hpet, d->hvm->hpet, hpet_save(d->hvm->hpet, rec),
       hpet_load(d->hvm->hpet, rec))
RECORD(pmtimer, d->hvm->pm, pmtimer_save(d->hvm->pm, rec),
       pmtimer_load(d->hvm->pm, rec))

/* A vCPU that is down, or waits to be started, has no registers to go on
 * with: none are saved, and it is down where it is restored. */
static bool save_cpu(struct domain *d, struct vcpu *v, unsigned int i,
                     void *rec)
{
    if (READ_ONCE(v->down) || READ_ONCE(v->hvm->wait_sipi))
        return false;
    vcpu_state_save(v, rec);
    return true;
}

static int load_cpu(struct domain *d, struct vcpu *v, unsigned int i,
                    const void *rec)
{
    int rc = vcpu_state_load(v, rec);

    if (!rc)
        vcpu_up(v);
    return rc;
}

static bool save_header(struct domain *d, struct vcpu *v, unsigned int i,
                        void *rec)
{
    *(struct hvm_save_header *)rec = (struct hvm_save_header){
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
        .changeset = ~0ull, .cpuid = cpuid(1, 0).a,
        .gtsc_khz = (uint32_t)d->hvm->tsc_khz };
    return true;
}

static int load_header(struct domain *d, struct vcpu *v, unsigned int i,
                       const void *rec)
{
    const struct hvm_save_header *h = rec;

    if (h->magic != HVM_FILE_MAGIC || h->version != HVM_FILE_VERSION)
        return -EINVAL;
    return h->gtsc_khz ? hvm_set_tsc_khz(d, h->gtsc_khz) : 0;
}

static bool save_ioapic(struct domain *d, struct vcpu *v, unsigned int i,
                        void *rec)
{
    return vioapic_save(d->hvm->route, rec) == 0;
}

static int load_ioapic(struct domain *d, struct vcpu *v, unsigned int i,
                       const void *rec)
{
    return vioapic_load(d->hvm->route, rec);
}

static bool save_tsc_adjust(struct domain *d, struct vcpu *v, unsigned int i,
                            void *rec)
{
    ((struct hvm_tsc_adjust *)rec)->tsc_adjust = v->hvm->msr.tsc_adjust;
    return v->hvm->msr.tsc_adjust;
}

static int load_tsc_adjust(struct domain *d, struct vcpu *v, unsigned int i,
                           const void *rec)
{
    v->hvm->msr.tsc_adjust = ((const struct hvm_tsc_adjust *)rec)->tsc_adjust;
    return 0;
}

/*
 * The whole XSAVE area stands at save_area, beyond the structure; a stream may
 * be from a machine with a larger one.
 */
#define XSAVE_OFFSET offsetof(struct hvm_hw_cpu_xsave, save_area)
#define XSAVE_MAX 0x10000u

static bool save_xsave(struct domain *d, struct vcpu *v, unsigned int i,
                       void *rec)
{
    struct hvm_hw_cpu_xsave *x = rec;

    if (!cpu_features.xsave)
        return false;
    x->xfeature_mask = cpu_features.xcr0_max;
    x->xcr0 = v->hvm->xcr0;
    x->xcr0_accum = cpu_features.xcr0_max;
    memcpy((char *)rec + XSAVE_OFFSET, v->hvm->xsave, cpu_features.xsave_size);
    return true;
}

static int load_xsave(struct domain *d, struct vcpu *v, unsigned int i,
                      const void *rec)
{
    const struct hvm_hw_cpu_xsave *x = rec;

    /* Nothing that the CPU would refuse to load (SDM vol. 1 13.4.2). */
    if (!cpu_features.xsave || (x->xcr0 != 1 && !cpuid_xcr0_valid(v, x->xcr0)) ||
        !vcpu_fpu_valid(&x->save_area) ||
        (x->save_area.xsave_hdr.xstate_bv & ~cpu_features.xcr0_max) ||
        x->save_area.xsave_hdr.xcomp_bv)
        return -EINVAL;
    for (unsigned int k = 0; k < 6; k++)
        if (x->save_area.xsave_hdr.reserved[k])
            return -EINVAL;
    v->hvm->xcr0 = x->xcr0;
    memcpy(v->hvm->xsave, (const char *)rec + XSAVE_OFFSET,
           cpu_features.xsave_size);
    return 0;
}

#define REC(type_, instances_, name_)                                       \
    { .size = sizeof(struct type_), .instances = instances_,                \
      .save = save_##name_, .load = load_##name_ }

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
        if (types[c].save)
            size += instances(d, c) * (sizeof(struct hvm_save_descriptor) +
                                       record_bytes(c));
    return size;
}

/* The vCPU of instance i, or NULL for records of the domain; false: none. */
static bool instance_vcpu(struct domain *d, unsigned int code, unsigned int i,
                          struct vcpu **v)
{
    *v = NULL;
    if (i >= instances(d, code))
        return false;
    if (types[code].instances != PER_VCPU)
        return true;
    *v = d->vcpu[index_nospec(i, d->max_vcpus)];
    return *v;
}

long hvm_save_one(struct domain *d, unsigned int code, unsigned int i,
                  void *buf, size_t size)
{
    struct vcpu *v;

    if (code >= ARRAY_SIZE(types))
        return -EINVAL;
    code = (unsigned int)index_nospec(code, ARRAY_SIZE(types));
    if (!types[code].save || !instance_vcpu(d, code, i, &v))
        return -ENOENT;
    if (size < record_bytes(code))
        return -ENOSPC;
    memset(buf, 0, record_bytes(code));
    return types[code].save(d, v, i, buf) ? (long)record_bytes(code) : -ENOENT;
}

long hvm_save(struct domain *d, void *buf, size_t size)
{
    const size_t head = sizeof(struct hvm_save_descriptor);
    uint8_t *at = buf, *end = at + size;
    struct hvm_save_descriptor *desc;

    for (unsigned int c = 0; c < ARRAY_SIZE(types); c++)
        for (unsigned int i = 0; types[c].save && i < instances(d, c); i++) {
            long n;

            if ((size_t)(end - at) < 2 * head + record_bytes(c))
                return -ENOSPC;
            n = hvm_save_one(d, c, i, at + head, (size_t)(end - at) - head);
            if (n == -ENOENT)
                continue;
            if (n < 0)
                return n;
            desc = (struct hvm_save_descriptor *)at;
            *desc = (struct hvm_save_descriptor){ (uint16_t)c, (uint16_t)i,
                                                  (uint32_t)n };
            at += head + (size_t)n;
        }
    desc = (struct hvm_save_descriptor *)at;
    *desc = (struct hvm_save_descriptor){ HVM_SAVE_CODE_END, 0, 0 };
    return (long)(at + head - (uint8_t *)buf);
}

static int load_record(struct domain *d,
                       const struct hvm_save_descriptor *desc,
                       const void *rec)
{
    unsigned int code = desc->typecode;
    bool xsave = code == CPU_XSAVE_CODE;
    struct vcpu *v;
    void *copy;
    int rc;

    if (code >= ARRAY_SIZE(types))
        return -EINVAL;
    code = (unsigned int)index_nospec(code, ARRAY_SIZE(types));
    /* State of what we do not have and that means nothing when idle:
     * Viridian, machine checks, extra MSRs. */
    if (!types[code].load)
        return 0;
    if (!instance_vcpu(d, code, desc->instance, &v))
        return -EINVAL;
    if (desc->length < (xsave ? XSAVE_OFFSET + 576 : 1) ||
        desc->length > (xsave ? XSAVE_MAX : types[code].size))
        return -EINVAL;
    /* Older streams have shorter records: the rest is zero. */
    copy = heap_alloc(MAX(record_bytes(code), desc->length));
    if (!copy)
        return -ENOMEM;
    memcpy(copy, rec, desc->length);
    rc = types[code].load(d, v, desc->instance, copy);
    heap_free(copy);
    return rc;
}

/* Calls fn for each record up to END; -EINVAL if the stream is malformed. */
static int walk(struct domain *d, const uint8_t *at, size_t size,
                int (*fn)(struct domain *, const struct hvm_save_descriptor *,
                          const void *))
{
    struct hvm_save_descriptor desc;

    for (;;) {
        int rc;

        if (size < sizeof(desc))
            return -EINVAL;
        memcpy(&desc, at, sizeof(desc));
        at += sizeof(desc);
        size -= sizeof(desc);
        if (desc.typecode == HVM_SAVE_CODE_END)
            return 0;
        if (desc.length > size)
            return -EINVAL;
        rc = fn ? fn(d, &desc, at) : 0;
        if (rc) {
            log_guest(LOG_WARN, "d%u: save record %u of instance %u is not "
                      "acceptable: error %d\n", d->id, desc.typecode,
                      desc.instance, -rc);
            return rc;
        }
        at += desc.length;
        size -= desc.length;
    }
}

int hvm_load(struct domain *d, const void *buf, size_t size)
{
    struct hvm_save_descriptor first;
    int rc;

    if (size < sizeof(first))
        return -EINVAL;
    memcpy(&first, buf, sizeof(first));
    if (first.typecode != HVM_SAVE_CODE_HEADER)
        return -EINVAL;
    rc = walk(d, buf, size, NULL);
    if (!rc)
        rc = walk(d, buf, size, load_record);
    for_vcpus (d, v)
        atomic_set_bit(PENDING_IRQ, &v->pending);
    return rc;
}
