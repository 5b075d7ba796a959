/* sources: hypervisor/core/grant.c hypervisor/hypercall/grant-op.c hypervisor/hypercall/subop.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * grant_table_op as three domains may call it, with any arguments, on tables
 * with any content. Whatever they did: when all mappings are gone, each frame
 * and each domain has its first reference only, and no entry is in use.
 */
#include "hvm/mem/guest-copy.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/hypercall/calls.h"

#define NR_GFNS 16
#define GRANT_GFNS 32
#include "tests/unit/fake-domains.h"

TEST_PROGRAM;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REFS 8

static const uint8_t *input, *input_end;
#define CALLER_MEMORY 2048
#include "tests/unit/caller-memory.h"

static uint64_t restart_arg[6];

static uint8_t next(void)
{
    return input < input_end ? *input++ : 0;
}

void hypercall_restart(unsigned int arg_index, uint64_t value)
{
    restart_arg[arg_index] = value;
}

static struct grant_entry_v1 *entry(unsigned int d, grant_ref_t ref)
{
    struct page *pg = NULL;

    if (grant_frame(&doms[d].d, 0, &pg))
        abort();
    return (struct grant_entry_v1 *)fake_frame(page_to_mfn(pg)) + ref;
}

static void write_entry(void)
{
    struct grant_entry_v1 *e = entry(next() % NR_DOMS, next() % REFS);

    e->flags = (uint16_t)(next() | next() << 8);
    e->domid = next() % (NR_DOMS + 1);
    e->frame = next();
}

/* A likely grant, so that the rest is reached often. */
static void permit(void)
{
    *entry(next() % NR_DOMS, next() % REFS) = (struct grant_entry_v1){
        .flags = GTF_permit_access, .domid = next() % NR_DOMS,
        .frame = next() % NR_GFNS,
    };
}

static void balloon(void)
{
    struct fake_domain *f = &doms[next() % NR_DOMS];
    unsigned int g = next() % NR_GFNS;

    f->readonly[g] = next() & 1;
    if (f->ram[g])
        page_put(f->ram[g]);
    f->ram[g] = next() & 1 ? page_alloc(f->d.id, 0, 0) : NULL;
}

static void map_one(void)
{
    struct gnttab_map_grant_ref *op = (void *)memory;

    *op = (struct gnttab_map_grant_ref){
        .host_addr = (NR_GFNS + (uint64_t)next() % GRANT_GFNS) << PAGE_SHIFT,
        .flags = next(), .ref = next() % REFS, .dom = next() % NR_DOMS,
    };
    (void)do_grant_table_op(GNTTABOP_map_grant_ref, guest_ptr_make(void, 0), 1);
}

static void unmap_one(void)
{
    struct gnttab_unmap_grant_ref *op = (void *)memory;

    *op = (struct gnttab_unmap_grant_ref){
        .host_addr = (NR_GFNS + (uint64_t)next() % GRANT_GFNS) << PAGE_SHIFT,
        .handle = next() % 64,
    };
    (void)do_grant_table_op(GNTTABOP_unmap_grant_ref, guest_ptr_make(void, 0), 1);
    if (doms[current->domain->id].stale)
        abort();
}

static void any_call(void)
{
    unsigned int cmd = next() % 14, count = next(), n = next();
    uint64_t addr = next();
    long rc;

    for (unsigned int i = 0; i < n; i++)
        memory[i] = (char)next();
    compat = next() & 1;
    fake_preempt = next() & 1;
    do {
        restart_arg[2] = 0;
        rc = do_grant_table_op(cmd, (void_gptr_t){ .addr = addr }, count);
        if (rc == -ERESTART && restart_arg[2] >= count)
            abort();
        addr = restart_arg[1];
        count = (unsigned int)restart_arg[2];
    } while (rc == -ERESTART);
}

static void finish(void)
{
    for (unsigned int d = 0; d < NR_DOMS; d++)
        while (grant_relinquish(&doms[d].d) == -ERESTART)
            ;
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        for (unsigned int g = 0; g < GRANT_GFNS; g++)
            if (doms[d].grants[g].used) {
                doms[d].grants[g].used = false;
                page_put(mfn_to_page(doms[d].grants[g].m));
            }
    }
    for (unsigned int d = 0; d < NR_DOMS; d++)
        for (unsigned int g = 0; g < NR_GFNS; g++)
            if (doms[d].ram[g])
                CHECK_EQ(doms[d].ram[g]->count, 1);
    for (unsigned int d = 0; d < NR_DOMS; d++)
        grant_exit(&doms[d].d);
    fake_domains_destroy();
    CHECK_EQ(fake_allocs(), 0);
    if (test_failures)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(void) = {
        write_entry, permit, permit, balloon, map_one, map_one, unmap_one,
        any_call,
    };

    input = data;
    input_end = data + size;
    fake_domains_create();
    for (unsigned int d = 0; d < NR_DOMS; d++) {
        doms[d].d.config.max_grant_frames = 2;
        doms[d].d.config.max_maptrack_frames = 1;
        if (grant_init(&doms[d].d))
            abort();
    }
    while (input < input_end) {
        uint8_t op = next();

        this_cpu(current_vcpu) = &doms[op / 8 % NR_DOMS].v[0];
        steps[op % 8]();
    }
    finish();
    return 0;
}
