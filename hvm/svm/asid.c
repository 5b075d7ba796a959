/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address space identifiers. Each CPU hands out its own in rising order; when
 * they run out, it flushes everything and starts over with a new generation.
 * A vCPU whose generation is old, or that comes from another CPU, or whose
 * translations must go, takes the next one (APM vol. 2 15.16).
 */
#include "hvm/svm/svm.h"
#include "hypervisor/cpu/percpu.h"

struct asid_pool {
    uint64_t generation; /* 1 and up */
    uint32_t next, max;
    bool flush;          /* with the next entry: a new generation began */
};

static DEFINE_PERCPU(struct asid_pool, asid_pool);

void svm_asid_init_cpu(unsigned int nr_asids)
{
    struct asid_pool *p = &this_cpu(asid_pool);

    /* 0 is the host's. */
    *p = (struct asid_pool){ .generation = 1, .next = 1,
                             .max = nr_asids - 1, .flush = true };
}

void svm_asid_assign(struct svm_vcpu *s)
{
    struct asid_pool *p = &this_cpu(asid_pool);

    if (likely(s->asid_generation == p->generation && s->cpu == cpu_id())) {
        if (s->vmcb->tlb_control_ != TLB_KEEP)
            vmcb_set_tlb_control(s->vmcb, TLB_KEEP);
        return;
    }
    if (p->next > p->max) {
        p->generation++;
        p->next = 1;
        p->flush = true;
    }
    vmcb_set_asid(s->vmcb, p->next++);
    vmcb_set_tlb_control(s->vmcb, p->flush ? TLB_FLUSH_ALL : TLB_KEEP);
    p->flush = false;
    s->asid_generation = p->generation;
    if (s->cpu != cpu_id()) {
        /* This CPU's cached copy of the block, if any, is stale. */
        s->vmcb->clean = 0;
        s->cpu = cpu_id();
    }
}
