/* SPDX-License-Identifier: GPL-2.0-only */
#include "hvm/base/hvm.h"

struct tag_pool {
    uint64_t generation; /* 1 and up */
    uint32_t next, end;
};

static DEFINE_PERCPU(struct tag_pool, tag_pool);

void tlb_tags_init_cpu(uint32_t nr)
{
    this_cpu(tag_pool) = (struct tag_pool){
        .generation = 1, .next = 1, .end = MAX(nr, 2u) };
}

enum tlb_tag_state tlb_tag_take(struct tlb_tag *t)
{
    struct tag_pool *p = &this_cpu(tag_pool);

    if (likely(t->generation == p->generation && t->cpu == cpu_id()))
        return TAG_KEPT;
    if (p->next == p->end) {
        p->generation++;
        p->next = 1;
    }
    *t = (struct tlb_tag){ p->generation, cpu_id(), p->next++ };
    return t->id == 1 ? TAG_RECYCLED : TAG_NEW; /* a generation begins */
}
