/* sources: hvm/save/records.c hvm/policy/cpuid.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Save records: what is saved loads and saves as the same bytes; a vCPU that
 * is down stays out of it and stays down; a stream that is cut, lies about
 * lengths or asks the CPU for what it refuses is refused before it can hurt.
 */
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/record-fakes.h"

TEST_PROGRAM;

static uint8_t stream[65536], again[65536];
static struct domain *d;

static void fill(void *p, size_t n)
{
    for (uint8_t *b = p; n; n--)
        *b++ = (uint8_t)fake_random(0xee); /* 0xee is what devices refuse */
}

/* Registers that any CPU accepts, different ones each time. */
static void random_vcpu(struct vcpu *v)
{
    struct fake_dom *f = fake_of(v->domain);

    fill(f->reg[v->id], sizeof(f->reg[v->id]));
    fill(f->seg[v->id], sizeof(f->seg[v->id]));
    for (unsigned int s = 0; s < NR_HVM_SEGS; s++)
        f->seg[v->id][s].attr &= 0xfff;
    fill(&v->hvm->regs, sizeof(v->hvm->regs));
    v->hvm->regs.rflags |= RFLAGS_MBS;
    fill(v->hvm->dr, sizeof(v->hvm->dr));
    fill(v->hvm->xsave, 512);
    *(uint32_t *)((char *)v->hvm->xsave + 24) = 0x1f80;
    memset((char *)v->hvm->xsave + 512, 0, 64);
    *(uint64_t *)((char *)v->hvm->xsave + 512) = 0x7;
    v->hvm->xcr0 = 7;
    f->reg[v->id][REG_CR0] = CR0_PE | CR0_PG | CR0_ET;
    f->reg[v->id][REG_CR4] = CR4_PAE | CR4_PGE;
    f->reg[v->id][REG_EFER] = EFER_LME | EFER_LMA | EFER_SCE;
    f->reg[v->id][REG_DR6] = 0xffff0ff0;
    f->reg[v->id][REG_DR7] = 0x400;
    f->reg[v->id][REG_GDTR_LIMIT] &= 0xffff;
    f->reg[v->id][REG_IDTR_LIMIT] &= 0xffff;
    f->reg[v->id][REG_PAT] = 0x0007040600070406;
    fill(&v->hvm->msr, sizeof(v->hvm->msr));
    v->hvm->msr.tsc_aux &= 0xffffffff;
    v->hvm->msr.mtrr.msr_mtrr_def_type &= 0xcff;
    v->hvm->tsc_offset = 0x123456;
    v->hvm->event = (struct hvm_event){
        .valid = true, .type = EVENT_EXCEPTION, .vector = VEC_GP,
        .has_error = true, .error = 0x18 };
    v->down = false;
    v->hvm->wait_sipi = false;
}

/* Finds a record; NULL if there is none. */
static struct hvm_save_descriptor *find(uint8_t *at, unsigned int code,
                                        unsigned int instance)
{
    for (;;) {
        struct hvm_save_descriptor *desc = (void *)at;

        if (desc->typecode == code && desc->instance == instance)
            return desc;
        if (desc->typecode == HVM_SAVE_CODE_END)
            return NULL;
        at += sizeof(*desc) + desc->length;
    }
}

static void *body(struct hvm_save_descriptor *desc)
{
    return desc + 1;
}

static long save(uint8_t *to)
{
    long n = hvm_save(d, to, hvm_save_size(d));

    CHECK(n > 0 && (size_t)n <= hvm_save_size(d));
    return n;
}

static void round_trip(void)
{
    long n;

    fill(&rec_ioapic, sizeof(rec_ioapic));
    fill(d->hvm->route->pic, sizeof(d->hvm->route->pic));
    fill(&rec_pit_save, sizeof(rec_pit_save));
    for (unsigned int i = 0; i < NR_VCPUS; i++)
        random_vcpu(d->vcpu[i]);
    n = save(stream);
    for (unsigned int i = 0; i < NR_VCPUS; i++) {
        random_vcpu(d->vcpu[i]);
        d->vcpu[i]->hvm->xcr0 = 1;
        d->vcpu[i]->hvm->event.valid = false;
    }
    memset(&rec_ioapic, 0, sizeof(rec_ioapic));
    memset(d->hvm->route->pic, 0, sizeof(d->hvm->route->pic));
    CHECK_EQ(hvm_load(d, stream, (size_t)n), 0);
    CHECK_EQ(save(again), n);
    CHECK(!memcmp(stream, again, (size_t)n));
    /* An interrupt that a fault put off is not lost. */
    d->vcpu[0]->hvm->displaced = (struct hvm_event){
        .valid = true, .type = EVENT_INTR, .vector = 0x41 };
    n = save(again);
    CHECK_EQ(hvm_load(d, again, (size_t)n), 0);
    CHECK(!d->vcpu[0]->hvm->displaced.valid);
    CHECK_EQ(d->vcpu[0]->hvm->event.type, EVENT_INTR);
    CHECK_EQ(d->vcpu[0]->hvm->event.vector, 0x41);
    CHECK_EQ(hvm_load(d, stream, (size_t)n), 0);
    /* One at a time. */
    for (unsigned int code = 0; code < 30; code++)
        for (unsigned int i = 0; i < NR_VCPUS + 1; i++) {
            struct hvm_save_descriptor *desc = find(stream, code, i);
            long one = hvm_save_one(d, code, i, again, sizeof(again));

            if (desc && code != HVM_SAVE_CODE_END) {
                CHECK_EQ(one, desc->length);
                CHECK(!memcmp(again, body(desc), desc->length));
                CHECK_EQ(hvm_save_one(d, code, i, again, desc->length - 1),
                         -ENOSPC);
            } else {
                CHECK(one == -ENOENT || one == -EINVAL);
            }
        }
    CHECK_EQ(hvm_save(d, again, (size_t)n - 1), -ENOSPC);
    CHECK_EQ(hvm_save(d, again, 4), -ENOSPC);
}

/* A secondary processor that was never started, and one that runs. */
static void vcpus_that_are_down(void)
{
    struct vcpu *v = d->vcpu[1];
    long n;

    v->down = true;
    n = save(stream);
    CHECK(find(stream, HVM_SAVE_CODE_CPU, 0));
    CHECK(!find(stream, HVM_SAVE_CODE_CPU, 1));
    CHECK(find(stream, HVM_SAVE_CODE_LAPIC, 1));
    CHECK_EQ(hvm_load(d, stream, (size_t)n), 0);
    CHECK(v->down);
    v->down = false;
    v->hvm->wait_sipi = true; /* between INIT and SIPI */
    (void)save(stream);
    CHECK(!find(stream, HVM_SAVE_CODE_CPU, 1));
    v->hvm->wait_sipi = false;
    n = save(stream);
    v->down = true;
    v->hvm->wait_sipi = true;
    CHECK_EQ(hvm_load(d, stream, (size_t)n), 0);
    CHECK(!v->down);
    CHECK(!v->hvm->wait_sipi);
}

/* Changes one record of a good stream; what loading it gives. */
#define WITH(code, type, change, want)                                      \
    do {                                                                    \
        long n_ = save(stream);                                             \
        struct type *r = body(find(stream, code, 0));                       \
                                                                            \
        change;                                                             \
        CHECK_EQ(hvm_load(d, stream, (size_t)n_), want);                    \
    } while (0)
#define CPU(change, want) WITH(HVM_SAVE_CODE_CPU, hvm_hw_cpu, change, want)
#define XSAVE(change, want) \
    WITH(CPU_XSAVE_CODE, hvm_hw_cpu_xsave, change, want)

static void *mxcsr(void *area)
{
    return (char *)area + 24;
}

static void what_no_cpu_loads(void)
{
    CPU(r->cr0 = CR0_PG, -EINVAL);
    CPU(r->cr0 |= 1ull << 40, -EINVAL);
    CPU(r->cr4 = 0, -EINVAL);                /* long mode without PAE */
    CPU(r->cr4 |= CR4_LA57, -EINVAL);
    CPU(r->cr4 |= CR4_SMEP, -EINVAL);        /* not in the policy */
    CPU(r->cr4 |= 1ull << 33, -EINVAL);
    CPU(r->msr_efer |= EFER_SVME, -EINVAL);
    CPU(r->dr7 |= 1ull << 32, -EINVAL);
    CPU(r->pending_type = 1, -EINVAL);
    CPU(r->pending_type = 7, -EINVAL);
    CPU(r->pending_vector = 32, -EINVAL);
    CPU((r->pending_type = 0, r->pending_vector = 0xf0), 0);
    /* MXCSR: XRSTOR and FXRSTOR would fault, in root mode. */
    CPU(*(uint32_t *)mxcsr(r->fpu_regs) = 0x10000, -EINVAL);
    CPU(*(uint32_t *)mxcsr(r->fpu_regs) = 0xffffffff, -EINVAL);
    CPU(*(uint32_t *)mxcsr(r->fpu_regs) = 0xffff, 0);
    CPU(*(uint32_t *)mxcsr(r->fpu_regs) = 0x21f80, -EINVAL);
    fake_cpuid_set(0x80000001, 0, (struct cpuid_regs){ .c = BIT(7) });
    CPU(*(uint32_t *)mxcsr(r->fpu_regs) = 0x21f80, 0);
    XSAVE(*(uint32_t *)mxcsr(&r->save_area) = 0x40001f80, -EINVAL);
    XSAVE(r->xcr0 = 0, -EINVAL);
    XSAVE(r->xcr0 = 5, -EINVAL);             /* AVX without SSE: XSETBV */
    XSAVE(r->xcr0 = 0x27, -EINVAL);          /* a third of AVX-512 */
    XSAVE(r->xcr0 = 0xe7, 0);
    XSAVE(r->xcr0 = 0x207, -EINVAL);
    XSAVE(r->xcr0 = 1, 0);
    XSAVE(r->save_area.xsave_hdr.xstate_bv = 1ull << 63, -EINVAL);
    XSAVE(r->save_area.xsave_hdr.xcomp_bv = 1ull << 63, -EINVAL);
    XSAVE(r->save_area.xsave_hdr.reserved[5] = 1, -EINVAL);
    WITH(HVM_SAVE_CODE_HEADER, hvm_save_header, r->magic++, -EINVAL);
    WITH(HVM_SAVE_CODE_HEADER, hvm_save_header, r->version++, -EINVAL);
    fake_tsc_khz = 99;
    WITH(HVM_SAVE_CODE_HEADER, hvm_save_header, r->gtsc_khz = 0, 0);
    CHECK_EQ(fake_tsc_khz, 99); /* not said: as it is */
    WITH(HVM_SAVE_CODE_HEADER, hvm_save_header, r->gtsc_khz = 2345, 0);
    CHECK_EQ(fake_tsc_khz, 2345);
    fake_tsc_rc = -EOPNOTSUPP;
    WITH(HVM_SAVE_CODE_HEADER, hvm_save_header, r->gtsc_khz = 1, -EOPNOTSUPP);
    fake_tsc_rc = 0;
    WITH(HVM_SAVE_CODE_MTRR, hvm_hw_mtrr, r->msr_mtrr_cap = 0xff, -EINVAL);
    /* A guest without XSAVE still has XCR0 = 1 in its record. */
    d->vcpu[1]->hvm->xcr0 = 1;
    record_policy.xstate[0].a = 0;
    XSAVE(r->xcr0 = 1, 0);
    XSAVE(r->xcr0 = 3, -EINVAL);
    record_policy.xstate[0].a = 0xe7;
}

/* Each descriptor field, damaged; each length that a stream can be cut to. */
static void malformed(void)
{
    long n = save(stream);
    struct hvm_save_descriptor *desc;
    uint8_t *cut;

    for (long len = 0; len < n; len += len < 64 ? 1 : 37) {
        cut = malloc((size_t)len + 1); /* ASan sees a read past it */
        memcpy(cut, stream, (size_t)len);
        device_loads = 0;
        CHECK_EQ(hvm_load(d, cut, (size_t)len), -EINVAL);
        CHECK_EQ(device_loads, 0); /* checked before anything changed */
        free(cut);
    }
    for (unsigned int code = 1; code < 20; code++) {
        desc = find(stream, code, 0);
        if (!desc)
            continue;
        desc->instance = 2;
        CHECK_EQ(hvm_load(d, stream, (size_t)n), -EINVAL);
        desc->instance = 0xffff;
        CHECK_EQ(hvm_load(d, stream, (size_t)n), -EINVAL);
        desc->instance = 0;
        desc->length = ~0u;
        CHECK_EQ(hvm_load(d, stream, (size_t)n), -EINVAL);
        n = save(stream);
    }
    desc = find(stream, CPU_XSAVE_CODE, 0);
    desc->length = 10;
    CHECK_EQ(hvm_load(d, stream, (size_t)n), -EINVAL);
    n = save(stream);
    find(stream, HVM_SAVE_CODE_PIT, 0)->typecode = 21;
    CHECK_EQ(hvm_load(d, stream, (size_t)n), -EINVAL);
    /* Records that mean nothing here are skipped. */
    n = save(stream);
    find(stream, HVM_SAVE_CODE_PIT, 0)->typecode = HVM_SAVE_CODE_VMCE_VCPU;
    CHECK_EQ(hvm_load(d, stream, (size_t)n), 0);
    n = save(stream);
    fake_fail_after(0);
    CHECK_EQ(hvm_load(d, stream, (size_t)n), -ENOMEM);
    fake_fail_after(-1);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    d = &doms[1].d;
    record_devices(d);
    round_trip();
    vcpus_that_are_down();
    what_no_cpu_loads();
    malformed();
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
