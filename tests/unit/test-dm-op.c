/* sources: hypervisor/hypercall/dm-op.c hypervisor/hypercall/memory-op.c hypervisor/hypercall/hvm-op.c hypervisor/hypercall/subop.c hvm/params.c hvm/pvtime.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c hvm/io/ioreq.c hvm/dirty.c hvm/save/records.c hvm/policy/cpuid.c hypervisor/core/access.c hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm_op and HVM parameters: who may, which buffers are good enough, what a
 * device model can do to its guest's memory and what it cannot, calls that
 * go on after a restart.
 */
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/record-fakes.h"
#include "tests/unit/hypercall-fakes.h"

#include "hvm/vcpu.h"
#include "hypervisor/abi/sched.h"

TEST_PROGRAM;

#define ARGS (ARG_GFN << PAGE_SHIFT)
#define BUFS (ARGS + 0x400)
#define EXTRA (ARGS + 0x800)

static struct domain *g; /* the guest */
static struct xen_dm_op op;

/* Calls with the whole structure and `extra` bytes of a second buffer. */
static long call_sized(domid_t id, size_t size, unsigned int nr_bufs)
{
    struct xen_dm_op_buf bufs[2] = {
        { .h = { .addr = ARGS }, .size = size },
        { .h = { .addr = EXTRA }, .size = 0x800 },
    };
    long rc;

    (void)fake_put(ARGS, &op, sizeof(op));
    (void)fake_put(BUFS, bufs, sizeof(bufs));
    rc = do_dm_op(id, nr_bufs, guest_ptr_make(void, BUFS));
    memcpy(&op, fake_gpa(current->domain, ARGS), sizeof(op));
    return rc;
}

static long call(void)
{
    return call_sized(1, sizeof(op), 2);
}

static void fresh(uint32_t nr)
{
    memset(&op, 0, sizeof(op));
    op.op = nr;
}

static void who_and_what_with(void)
{
    fresh(XEN_DMOP_nr_vcpus);
    CHECK_EQ(call(), 0);
    CHECK_EQ(op.u.nr_vcpus.vcpus, NR_VCPUS);
    CHECK_EQ(call_sized(1, sizeof(op), 0), -EINVAL);
    CHECK_EQ(call_sized(1, sizeof(op), 3), -E2BIG);
    CHECK_EQ(call_sized(1, 4, 1), -EFAULT);
    CHECK_EQ(call_sized(1, 8, 1), -EFAULT);
    CHECK_EQ(call_sized(9, sizeof(op), 1), -ESRCH);
    CHECK_EQ(call_sized(0, sizeof(op), 1), -EINVAL); /* domain 0 itself */
    op.pad = 1;
    CHECK_EQ(call(), -EINVAL);
    for (uint32_t nr = 0; nr < 40; nr++) {
        fresh(nr == 39 ? ~0u : nr);
        if (nr > 25)
            CHECK_EQ(call(), -EOPNOTSUPP);
        fake_run_as(&doms[2].v[0]); /* a stranger */
        CHECK_EQ(call(), -EPERM);
        fake_run_as(&doms[1].v[0]); /* the guest itself */
        CHECK_EQ(call(), -EPERM);
        CHECK_EQ(call_sized(0, sizeof(op), 2), -EPERM);
        fake_run_as(&doms[0].v[0]);
    }
    CHECK_EQ(do_dm_op(1, 1, guest_ptr_make(void, 0x7000000)), -EFAULT);
}

static void levels(void)
{
    fresh(XEN_DMOP_set_pci_intx_level);
    op.u.set_pci_intx_level.device = 31;
    op.u.set_pci_intx_level.intx = 3;
    op.u.set_pci_intx_level.level = 1;
    CHECK_EQ(call(), 0);
    op.u.set_pci_intx_level.device = 32;
    CHECK_EQ(call(), -EINVAL);
    op.u.set_pci_intx_level.device = 0;
    op.u.set_pci_intx_level.intx = 4;
    CHECK_EQ(call(), -EINVAL);
    op.u.set_pci_intx_level.intx = 0;
    op.u.set_pci_intx_level.level = 2;
    CHECK_EQ(call(), -EINVAL);
    fresh(XEN_DMOP_set_isa_irq_level);
    op.u.set_isa_irq_level.isa_irq = 16;
    CHECK_EQ(call(), -EINVAL);
    fresh(XEN_DMOP_set_pci_link_route);
    op.u.set_pci_link_route.link = 4;
    CHECK_EQ(call(), -EINVAL);
    fresh(XEN_DMOP_remote_shutdown);
    op.u.remote_shutdown.reason = 0xffffff02;
    CHECK_EQ(call(), 0);
    CHECK_EQ(g->shutdown_code, 2);
}

static void screen(void)
{
    uint8_t *map = fake_gpa(&doms[0].d, EXTRA);

    for (unsigned int i = 0; i < 20; i++)
        (void)fake_ram(g, 0x100 + i, 0);
    fresh(XEN_DMOP_track_dirty_vram);
    op.u.track_dirty_vram.first_pfn = 0x100;
    op.u.track_dirty_vram.nr = 20;
    CHECK_EQ(call(), 0);
    CHECK_EQ(map[0], 0xff);
    CHECK_EQ(map[2], 0x0f);
    dirty_mark(g, gfn(0x109));
    /* QEMU says what it wrote itself. */
    fresh(XEN_DMOP_modified_memory);
    op.u.modified_memory.nr_extents = 1;
    (void)fake_put(EXTRA, &(struct xen_dm_op_modified_memory_extent){
        .nr = 2, .first_pfn = 0x110 }, 16);
    CHECK_EQ(call(), 0);
    op.u.modified_memory.nr_extents = 0x800 / 16 + 1;
    CHECK_EQ(call(), -EINVAL);
    fresh(XEN_DMOP_track_dirty_vram);
    op.u.track_dirty_vram.first_pfn = 0x100;
    op.u.track_dirty_vram.nr = 20;
    CHECK_EQ(call(), 0);
    CHECK_EQ(map[0], 0);
    CHECK_EQ(map[1], 2);
    CHECK_EQ(map[2], 3);
    op.u.track_dirty_vram.nr = DIRTY_VRAM_MAX + 1;
    CHECK_EQ(call(), -EINVAL);
    op.u.track_dirty_vram.nr = 0x800 * 8 + 1; /* no room */
    CHECK_EQ(call(), -EINVAL);
    op.u.track_dirty_vram.nr = 0;
    CHECK_EQ(call(), 0);
}

static void types_of_memory(void)
{
    unsigned int rounds = 0;
    long rc;

    for (unsigned int i = 0; i < 600; i++)
        (void)fake_ram(g, 0x1000 + i, 0);
    fresh(XEN_DMOP_set_mem_type);
    op.u.set_mem_type.mem_type = HVMMEM_ram_ro;
    op.u.set_mem_type.first_pfn = 0x1000;
    op.u.set_mem_type.nr = 600;
    while ((rc = call()) == -ERESTART && rounds++ < 10)
        ;
    CHECK_EQ(rc, 0);
    CHECK(rounds > 0 && rounds < 5);
    CHECK_EQ(p2m_lookup(g, gfn(0x1000 + 599)).type, P2M_RAM_RO);
    op.u.set_mem_type.nr = 1;
    op.u.set_mem_type.first_pfn = 0x50000; /* nothing */
    CHECK_EQ(call(), -EINVAL);
    /* What was done before an error is in no cached translation. */
    fake_enter(g);
    doms[1].flushes = 0;
    (void)fake_ram(g, 0x50000, 0);
    op.u.set_mem_type.nr = 2;
    CHECK_EQ(call(), -EINVAL);
    CHECK_EQ(op.u.set_mem_type.first_pfn, 0x50000);
    CHECK_EQ(p2m_lookup(g, gfn(0x50000)).type, P2M_RAM_RO);
    fake_enter(g);
    CHECK_EQ(doms[1].flushes, 1);
    op.u.set_mem_type.mem_type = 77;
    CHECK_EQ(call(), -EINVAL);
    op.u.set_mem_type.mem_type = HVMMEM_ioreq_server;
    CHECK_EQ(call(), -EOPNOTSUPP);
}

/* A frame that the guest has from another by a grant stays what it is. */
static void relocation(void)
{
    struct page *theirs = fake_ram(&doms[2].d, 0x77, 0);

    (void)fake_ram(g, 0x3000, 0);
    fresh(XEN_DMOP_relocate_memory);
    op.u.relocate_memory.src_gfn = 0x3000;
    op.u.relocate_memory.dst_gfn = 0x3100;
    op.u.relocate_memory.size = 1;
    CHECK_EQ(call(), 0);
    CHECK_EQ(p2m_lookup(g, gfn(0x3000)).type, P2M_NONE);
    CHECK_EQ(p2m_lookup(g, gfn(0x3100)).type, P2M_RAM);
    op.u.relocate_memory.size = 1; /* nothing there any more */
    CHECK_EQ(call(), -EINVAL);
    for (enum p2m_type t = P2M_FOREIGN; t <= P2M_GRANT_RW; t++) {
        page_get(theirs);
        CHECK_EQ(p2m_map(g, gfn(0x3200), page_to_mfn(theirs), 0, t), 0);
        fresh(XEN_DMOP_relocate_memory);
        op.u.relocate_memory.src_gfn = 0x3200;
        op.u.relocate_memory.dst_gfn = 0x3300;
        op.u.relocate_memory.size = 1;
        CHECK(call() < 0);
        CHECK_EQ(p2m_lookup(g, gfn(0x3200)).type, t);
        CHECK_EQ(p2m_lookup(g, gfn(0x3300)).type, P2M_NONE);
        CHECK_EQ(theirs->count, 2);
        if (t == P2M_GRANT_RW)
            CHECK_EQ(guest_grant_unmap(g, gfn(0x3200), page_to_mfn(theirs)),
                     0);
        else
            CHECK_EQ(p2m_unmap(g, gfn(0x3200), 0, INVALID_MFN), 0);
    }
}

static void servers(void)
{
    fresh(XEN_DMOP_create_ioreq_server);
    op.u.create_ioreq_server.handle_bufioreq = HVM_IOREQSRV_BUFIOREQ_ATOMIC;
    CHECK_EQ(call(), 0);
    CHECK_EQ(op.u.create_ioreq_server.id, 0);
    op.u.create_ioreq_server.pad[1] = 1;
    CHECK_EQ(call(), -EINVAL);
    fresh(XEN_DMOP_destroy_ioreq_server);
    CHECK_EQ(call(), 0);
    CHECK_EQ(call(), -ENOENT);
    /* The domain is being destroyed, in steps. */
    g->dying = DOMAIN_DYING;
    ioreq_domain_close(g);
    fresh(XEN_DMOP_create_ioreq_server);
    CHECK_EQ(call(), -ESRCH);
}

static long param(uint64_t what, domid_t id, uint32_t index, uint64_t *val)
{
    struct xen_hvm_param p = { .domid = id, .index = index, .value = *val };
    long rc;

    (void)fake_put(ARGS, &p, sizeof(p));
    rc = do_hvm_op(what, guest_ptr_make(void, ARGS));
    memcpy(&p, fake_gpa(current->domain, ARGS), sizeof(p));
    *val = p.value;
    return rc;
}

static long set(uint32_t index, uint64_t val)
{
    return param(HVMOP_set_param, 1, index, &val);
}

/* Who may set and read what: Xen 4.20's lists. */
static void parameters(void)
{
    static const uint8_t guest_sets[] = {
        HVM_PARAM_CALLBACK_IRQ, HVM_PARAM_VM86_TSS, HVM_PARAM_VM86_TSS_SIZED,
        HVM_PARAM_ACPI_IOPORTS_LOCATION, HVM_PARAM_VM_GENERATION_ID_ADDR,
        HVM_PARAM_STORE_EVTCHN, HVM_PARAM_CONSOLE_EVTCHN,
        HVM_PARAM_X87_FIP_WIDTH,
    };
    static const uint8_t guest_reads[] = {
        HVM_PARAM_STORE_PFN, HVM_PARAM_CONSOLE_PFN, HVM_PARAM_ALTP2M,
    };
    uint64_t v;

    for (uint32_t i = 0; i < HVM_NR_PARAMS + 3; i++) {
        bool sets = false, reads = false;

        for (unsigned int k = 0; k < ARRAY_SIZE(guest_sets); k++)
            sets |= guest_sets[k] == i;
        for (unsigned int k = 0; k < ARRAY_SIZE(guest_reads); k++)
            reads |= guest_reads[k] == i;
        v = 0;
        fake_run_as(&doms[1].v[0]);
        CHECK_EQ(param(HVMOP_set_param, DOMID_SELF, i, &v) == 0, sets);
        v = 0;
        CHECK_EQ(param(HVMOP_get_param, DOMID_SELF, i, &v) == 0,
                 sets || reads);
        fake_run_as(&doms[2].v[0]);
        CHECK(param(HVMOP_set_param, 1, i, &v) < 0);
        CHECK(param(HVMOP_get_param, 1, i, &v) < 0);
    }
    fake_run_as(&doms[0].v[0]);
    CHECK_EQ(set(HVM_PARAM_STORE_PFN, 0xfeffc), 0);
    v = 0;
    CHECK_EQ(param(HVMOP_get_param, 1, HVM_PARAM_STORE_PFN, &v), 0);
    CHECK_EQ(v, 0xfeffc);
    CHECK_EQ(set(HVM_PARAM_IOREQ_PFN, 7), 0);
    CHECK_EQ(set(HVM_PARAM_IOREQ_PFN, 8), -EEXIST);
    CHECK_EQ(set(HVM_PARAM_IOREQ_PFN, 7), 0);
    CHECK_EQ(set(HVM_PARAM_NR_IOREQ_SERVER_PAGES, 65), -EINVAL);
    CHECK_EQ(set(HVM_PARAM_TIMER_MODE, 4), -EINVAL);
    CHECK_EQ(set(HVM_PARAM_VIRIDIAN, 1), -EINVAL);
    CHECK_EQ(set(HVM_PARAM_PAE_ENABLED, 1), -EINVAL);
    CHECK_EQ(set(HVM_PARAM_TRIPLE_FAULT_REASON, SHUTDOWN_MAX + 1), -EINVAL);
    CHECK_EQ(set(HVM_PARAM_CALLBACK_IRQ, 1ull << 56), 0);
    /* Its shared info is gone: the wall clock has no place. */
    g->shared_info = NULL;
    CHECK_EQ(set(HVM_PARAM_CALLBACK_IRQ, 1ull << 56), 0);
    CHECK_EQ(do_hvm_op(99, guest_ptr_make(void, ARGS)), -ENOSYS);
    CHECK_EQ(do_hvm_op(HVMOP_flush_tlbs, guest_ptr_make(void, ARGS)),
             -EINVAL);
    CHECK_EQ(do_hvm_op(HVMOP_get_param, guest_ptr_make(void, 0x7000000)),
             -EFAULT);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_machine_create();
    g = &doms[1].d;
    for (unsigned int i = 0; i < NR_DOMS; i++)
        (void)fake_ram(&doms[i].d, ARG_GFN, 0);
    fake_run_as(&doms[0].v[0]);
    who_and_what_with();
    levels();
    screen();
    types_of_memory();
    relocation();
    servers();
    parameters();
    fake_machine_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
