/* sources: hypervisor/hypercall/domctl.c hypervisor/hypercall/sysctl.c hypervisor/hypercall/subop.c hvm/pvtime.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c hvm/io/ioreq.c hvm/dirty.c hvm/save/records.c hvm/policy/cpuid.c hypervisor/core/access.c hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl and sysctl: nobody but those who may, nothing on oneself that one
 * would not survive, sizes and lists, references given back whatever happens.
 */
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/record-fakes.h"
#include "tests/unit/hypercall-fakes.h"

TEST_PROGRAM;

#define ARGS (ARG_GFN << PAGE_SHIFT)
#define LIST (ARGS + PAGE_SIZE) /* some pages */
#define NOWHERE 0x7000000ull

static struct domain *g;
static struct xen_domctl op;

static long call(uint32_t cmd, domid_t id)
{
    long rc;

    op.cmd = cmd;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = id;
    (void)fake_put(ARGS, &op, sizeof(op));
    rc = do_domctl(guest_ptr_make(void, ARGS));
    memcpy(&op, fake_gpa(current->domain, ARGS), sizeof(op));
    CHECK_EQ(fake_locks_held(), 0);
    for (unsigned int i = 0; i < NR_DOMS; i++)
        CHECK_EQ(doms[i].d.pause_count, 0);
    return rc;
}

static void fresh(void)
{
    memset(&op, 0, sizeof(op));
}

static void who_may(void)
{
    for (uint32_t cmd = 0; cmd < 100; cmd++) {
        fresh();
        fake_run_as(&doms[1].v[0]);
        CHECK(call(cmd, 1) < 0);
        CHECK(call(cmd, 2) < 0);
        CHECK(call(cmd, 0) < 0);
        /* A device model's domain may look, no more. */
        fake_run_as(&doms[2].v[0]);
        fresh();
        if (cmd == XEN_DOMCTL_getdomaininfo)
            CHECK_EQ(call(cmd, 1), 0);
        else
            CHECK(call(cmd, 1) < 0);
        CHECK_EQ(fake_calls, 0);
    }
    fake_run_as(&doms[0].v[0]);
    fresh();
    CHECK_EQ(call(XEN_DOMCTL_getdomaininfo, 9), -ESRCH);
    CHECK_EQ(call(999, 1), -ENOSYS);
    CHECK_EQ(do_domctl(guest_ptr_make(void, NOWHERE)), -EFAULT);
    op.interface_version = 1;
    (void)fake_put(ARGS, &op, sizeof(op));
    CHECK_EQ(do_domctl(guest_ptr_make(void, ARGS)), -EACCES);
    /* Not to oneself. */
    fresh();
    CHECK_EQ(call(XEN_DOMCTL_pausedomain, 0), -EINVAL);
    CHECK_EQ(call(XEN_DOMCTL_destroydomain, 0), -EINVAL);
    CHECK_EQ(call(XEN_DOMCTL_resumedomain, 0), -EINVAL);
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 0), -EINVAL);
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 0), -EINVAL);
    CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, DOMID_SELF), -EINVAL);
}

static void targets(void)
{
    fresh();
    op.u.set_target.target = 1;
    CHECK_EQ(call(XEN_DOMCTL_set_target, 1), -EINVAL);
    op.u.set_target.target = 9;
    CHECK_EQ(call(XEN_DOMCTL_set_target, 1), -ESRCH);
    op.u.set_target.target = 1;
    CHECK_EQ(call(XEN_DOMCTL_set_target, 2), -EINVAL); /* it has one */
    CHECK_EQ(doms[1].d.refs, 2);
}

static void tsc_info(void)
{
    static const struct {
        uint32_t mode, khz;
        int set, rc;
        uint64_t asked; /* of hvm_set_tsc_khz() */
    } t[] = {
        { 0, 0, 0, 0, 0 },
        { 0, 1234567, 0, 0, 1234567 },
        { 0, ~0u, -EOPNOTSUPP, -EOPNOTSUPP, ~0u },
        { 0, 5, -EEXIST, -EEXIST, 5 },
        { 2, 1234567, 0, 0, 0 }, /* native: the machine's */
        { 1, 0, 0, -EOPNOTSUPP, 99 },
        { 3, 0, 0, -EOPNOTSUPP, 99 },
        { 4, 0, 0, -EINVAL, 99 },
        { ~0u, 7, 0, -EINVAL, 99 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        fresh();
        op.u.tsc_info.tsc_mode = t[i].mode;
        op.u.tsc_info.gtsc_khz = t[i].khz;
        fake_tsc_khz = 99;
        fake_tsc_rc = t[i].set;
        CHECK_EQ(call(XEN_DOMCTL_settscinfo, 1), t[i].rc);
        CHECK_EQ(fake_tsc_khz, t[i].asked);
    }
    fake_tsc_rc = 0;
    CHECK_EQ(call(XEN_DOMCTL_settscinfo, 0), -EINVAL);
    doms[1].d.hvm->tsc_khz = 4321;
    CHECK_EQ(call(XEN_DOMCTL_gettscinfo, 1), 0);
    CHECK_EQ(op.u.tsc_info.gtsc_khz, 4321);
    doms[1].d.hvm->tsc_khz = 0;
}

static void context(void)
{
    uint32_t size;

    fresh();
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 1), 0);
    size = op.u.hvmcontext.size;
    CHECK_EQ(size, hvm_save_size(g));
    op.u.hvmcontext.buffer.addr = LIST;
    op.u.hvmcontext.size = size - 1;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 1), -ENOSPC);
    op.u.hvmcontext.size = size;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 1), 0);
    CHECK(op.u.hvmcontext.size <= size);
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 1), 0);
    op.u.hvmcontext.size -= 8; /* no end */
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 1), -EINVAL);
    op.u.hvmcontext.size = 0;
    CHECK(call(XEN_DOMCTL_sethvmcontext, 1) < 0);
    op.u.hvmcontext.size = ~0u;
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 1), -EINVAL);
    op.u.hvmcontext.size = size;
    op.u.hvmcontext.buffer.addr = NOWHERE;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 1), -EFAULT);
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 1), -EFAULT);
    op.u.hvmcontext.size = size;
    fake_fail_after(0);
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext, 1), -ENOMEM);
    CHECK_EQ(call(XEN_DOMCTL_sethvmcontext, 1), -ENOMEM);
    fake_fail_after(-1);
    fresh();
    op.u.hvmcontext_partial.type = HVM_SAVE_CODE_PIC;
    op.u.hvmcontext_partial.instance = 1;
    op.u.hvmcontext_partial.buffer.addr = LIST;
    op.u.hvmcontext_partial.bufsz = 1;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext_partial, 1), -ENOSPC);
    op.u.hvmcontext_partial.bufsz = 100;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext_partial, 1), 0);
    CHECK_EQ(op.u.hvmcontext_partial.bufsz, sizeof(struct hvm_hw_vpic));
    op.u.hvmcontext_partial.instance = 2;
    CHECK_EQ(call(XEN_DOMCTL_gethvmcontext_partial, 1), -ENOENT);
}

static void pv_context(void)
{
    struct hvm_vcpu *hv = doms[1].v[0].hvm;
    static struct vcpu_guest_context c;
    uint64_t cr0 = hvm_get_reg(&doms[1].v[0], REG_CR0);

    fresh();
    op.u.vcpucontext.ctxt.addr = LIST;
    hv->regs.gpr[RAX] = 0x1234;
    hv->regs.gpr[R15] = 0x5678;
    hv->regs.rip = 0xffffffff81000000;
    hv->dr[2] = 0x4000;
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), 0);
    CHECK_EQ(guest_read(&c, gva(LIST), sizeof(c)), 0);
    CHECK_EQ(c.user_regs.rax, 0x1234);
    CHECK_EQ(c.user_regs.r15, 0x5678);
    CHECK_EQ(c.user_regs.rip, 0xffffffff81000000);
    CHECK_EQ(c.ctrlreg[0], cr0);
    CHECK_EQ(c.debugreg[2], 0x4000);
    CHECK(c.flags & VGCF_online);
    /* What it is given back with is what it has, but for reserved flags. The
     * rest is not looked at, and what else the vCPU has stays. */
    hv->displaced.valid = true;
    c.user_regs.rax = 1;
    c.user_regs.rflags = ~0ull;
    c.ctrlreg[0] = cr0 + 1;
    CHECK_EQ(guest_write(gva(LIST), &c, sizeof(c)), 0);
    CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, 1), 0);
    CHECK_EQ(hv->regs.gpr[RAX], 1);
    CHECK_EQ(hv->regs.gpr[R15], 0x5678);
    CHECK_EQ(hv->regs.rflags, 0x3f7fd7);
    CHECK_EQ(hvm_get_reg(&doms[1].v[0], REG_CR0), cr0);
    CHECK(hv->displaced.valid);
    hv->displaced.valid = false;
    /* The kernel's base of GS is the one in use in the kernel only. */
    hvm_set_reg(&doms[1].v[0], REG_KERNEL_GS_BASE, 0x77000);
    for (unsigned int ring = 0; ring < 4; ring += 3) {
        struct segment cs, gs;

        hvm_get_seg(&doms[1].v[0], SEG_CS, &cs);
        hvm_get_seg(&doms[1].v[0], SEG_GS, &gs);
        cs.sel = (uint16_t)(8 | ring);
        gs.base = 0x66000;
        hvm_set_seg(&doms[1].v[0], SEG_CS, &cs);
        hvm_set_seg(&doms[1].v[0], SEG_GS, &gs);
        CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), 0);
        CHECK_EQ(guest_read(&c, gva(LIST), sizeof(c)), 0);
        CHECK_EQ(c.gs_base_kernel, ring ? 0x77000 : 0x66000);
        CHECK_EQ(c.gs_base_user, ring ? 0x66000 : 0x77000);
    }
    hv->wait_sipi = true;
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), -ENODATA);
    CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, 1), 0);
    CHECK(hv->wait_sipi);
    hv->wait_sipi = false;
    op.u.vcpucontext.ctxt.addr = NOWHERE;
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), -EFAULT);
    CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, 1), -EFAULT);
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 0), -EINVAL);
    fake_fail_after(0);
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), -ENOMEM);
    fake_fail_after(-1);
    op.u.vcpucontext.ctxt.addr = 0;
    CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, 1), -EOPNOTSUPP);
    op.u.vcpucontext.vcpu = 99;
    CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 1), -EINVAL);
}

static void affinity(void)
{
    const uint8_t three[8] = { 0x05, 0, 0, 0, 0xff };

    fresh();
    (void)fake_put(LIST, three, sizeof(three));
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    op.u.vcpuaffinity.cpumap_hard.bitmap.addr = LIST;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 33;
    CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, 1), 0);
    CHECK_EQ(g->vcpu[0]->affinity_hard.bits[0], 1ull << 32 | 5);
    CHECK_EQ(g->vcpu[0]->affinity_hard.bits[1], 0);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = ~0u;
    CHECK(call(XEN_DOMCTL_setvcpuaffinity, 1) <= 0);
    CHECK(call(XEN_DOMCTL_getvcpuaffinity, 1) <= 0);
    op.u.vcpuaffinity.vcpu = NR_VCPUS;
    CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, 1), -ESRCH);
    CHECK_EQ(call(XEN_DOMCTL_getvcpuaffinity, 1), -ESRCH);
    op.u.vcpuaffinity.vcpu = ~0u;
    CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, 1), -ESRCH);
    op.u.vcpuaffinity.vcpu = 0;
    op.u.vcpuaffinity.flags = 0;
    CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, 1), -EINVAL);
    fresh();
    op.u.getvcpuinfo.vcpu = NR_VCPUS;
    CHECK_EQ(call(XEN_DOMCTL_getvcpuinfo, 1), -EINVAL);
    op.u.max_vcpus.max = NR_VCPUS + 1;
    CHECK_EQ(call(XEN_DOMCTL_max_vcpus, 1), -EINVAL);
    op.u.max_vcpus.max = NR_VCPUS;
    CHECK_EQ(call(XEN_DOMCTL_max_vcpus, 1), 0);
    /* A domain that dies gets no vCPU that could still run. */
    g->dying = DOMAIN_DYING;
    g->vcpu[0]->down = true;
    CHECK_EQ(call(XEN_DOMCTL_max_vcpus, 1), -EINVAL);
    CHECK(g->vcpu[0]->down);
    g->dying = DOMAIN_ALIVE;
    g->vcpu[0]->down = false;
}

static void memory(void)
{
    uint64_t frames[3] = { ARG_GFN, 0x999, ~0ull };

    fresh();
    (void)fake_put(LIST, frames, sizeof(frames));
    op.u.getpageframeinfo3.num = 3;
    op.u.getpageframeinfo3.array.addr = LIST;
    CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, 1), 0);
    memcpy(frames, fake_gpa(current->domain, LIST), sizeof(frames));
    CHECK_EQ(frames[0], XEN_DOMCTL_PFINFO_NOTAB);
    CHECK_EQ(frames[1], XEN_DOMCTL_PFINFO_XTAB);
    CHECK_EQ(frames[2], XEN_DOMCTL_PFINFO_XTAB);
    /* What is no RAM cannot be saved. */
    CHECK_EQ(p2m_map(&doms[1].d, gfn(0xf0000), mfn(FAKE_FRAMES), 0, P2M_MMIO),
             0);
    CHECK_EQ(p2m_map(&doms[1].d, gfn(0xfee00), mfn(FAKE_FRAMES), 0, P2M_APIC),
             0);
    frames[0] = 0xf0000;
    frames[1] = 0xfee00;
    (void)fake_put(LIST, frames, sizeof(frames));
    CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, 1), 0);
    memcpy(frames, fake_gpa(current->domain, LIST), sizeof(frames));
    CHECK_EQ(frames[0], XEN_DOMCTL_PFINFO_XTAB);
    CHECK_EQ(frames[1], XEN_DOMCTL_PFINFO_XTAB);
    op.u.getpageframeinfo3.num = 1025;
    CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, 1), -E2BIG);
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array.addr = NOWHERE;
    CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, 1), -EFAULT);
    fresh();
    op.u.paging_mempool.size = 5;
    CHECK_EQ(call(XEN_DOMCTL_set_paging_mempool_size, 1), -EINVAL);
    op.u.paging_mempool.size = 1ull << 60;
    CHECK_EQ(call(XEN_DOMCTL_set_paging_mempool_size, 1), -EINVAL);
    op.u.paging_mempool.size = 100 << PAGE_SHIFT;
    CHECK_EQ(call(XEN_DOMCTL_set_paging_mempool_size, 1), 0);
    fresh();
    CHECK_EQ(call(XEN_DOMCTL_get_paging_mempool_size, 1), 0);
    CHECK_EQ(op.u.paging_mempool.size, 100 << PAGE_SHIFT);
    fresh();
    op.u.settimeoffset.time_offset_seconds = 1ll << 40;
    CHECK_EQ(call(XEN_DOMCTL_settimeoffset, 1), -EINVAL);
    op.u.settimeoffset.time_offset_seconds = -3600;
    CHECK_EQ(call(XEN_DOMCTL_settimeoffset, 1), 0);
    g->shared_info = NULL; /* once it is dead */
    CHECK_EQ(call(XEN_DOMCTL_settimeoffset, 1), 0);
    g->shared_info = &doms[1].shared;
}

static void policies(void)
{
    struct xen_cpuid_leaf bad = { .leaf = 0x12345, .subleaf = ~0u };

    fresh();
    op.u.cpu_policy.leaves.addr = LIST;
    op.u.cpu_policy.nr_leaves = 2;
    CHECK_EQ(call(XEN_DOMCTL_get_cpu_policy, 1), -ENOBUFS);
    op.u.cpu_policy.nr_leaves = CPUID_POLICY_MAX_LEAVES + 1;
    CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, 1), -E2BIG);
    fresh();
    (void)fake_put(LIST, &bad, sizeof(bad));
    op.u.cpu_policy.leaves.addr = LIST;
    op.u.cpu_policy.nr_leaves = 1;
    CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, 1), -EINVAL);
    CHECK_EQ(op.u.cpu_policy.err_leaf, 0x12345);
    op.u.cpu_policy.leaves.addr = NOWHERE;
    CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, 1), -EFAULT);
    g->started = true;
    op.u.cpu_policy.leaves.addr = LIST;
    CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, 1), -EEXIST);
    g->started = false;
}

/* Lists from the toolstack: written to and read back, cut, hostile. */
static void policy_lists(void)
{
    static struct xen_cpuid_leaf list[CPUID_POLICY_MAX_LEAVES + 1];
    static struct xen_msr_entry msrs[MSR_POLICY_MAX_ENTRIES];
    static struct cpu_policy a, b;
    struct xen_domctl_cpu_policy o = { 0 };
    unsigned int n, m;

    memset(&a, 0xff, sizeof(a)); /* as long as it can get */
    n = cpu_policy_write(&a, list, msrs);
    CHECK(n <= CPUID_POLICY_MAX_LEAVES);
    for (unsigned int round = 0; round < 200; round++) {
        for (unsigned int i = 0; i < sizeof(a) / 4; i++)
            ((uint32_t *)&a)[i] = fake_random(~0u);
        a.basic[0].a = fake_random(40);
        a.extended[0].a = 0x80000000 | fake_random(40);
        n = cpu_policy_write(&a, list, msrs);
        CHECK(n <= CPUID_POLICY_MAX_LEAVES);
        memset(&b, 0, sizeof(b));
        o.nr_leaves = n;
        CHECK_EQ(cpu_policy_read(&b, list, &o), 0);
        memset(list, 0, sizeof(list[0]));
        m = cpu_policy_write(&b, list, msrs);
        CHECK_EQ(m, n);
        /* Leaves that nobody has, anywhere. */
        list[0].leaf = fake_random(2) ? fake_random(~0u) : fake_random(0x30);
        list[0].subleaf = fake_random(2) ? ~0u : fake_random(~0u);
        o.nr_leaves = 1;
        (void)cpu_policy_read(&b, list, &o);
    }
    CHECK(!cpu_policy_leaf(&a, 7, CPUID_POLICY_FEAT));
    CHECK(!cpu_policy_leaf(&a, 0x80000000 + CPUID_POLICY_EXTENDED, 0));
    CHECK(!cpu_policy_leaf(&a, CPUID_POLICY_BASIC, 0));
    CHECK(cpu_policy_leaf(&a, 0xd, 1) == &a.xstate[1]);
}

static long sysctl(struct xen_sysctl *s, uint32_t cmd)
{
    long rc;

    s->cmd = cmd;
    s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    (void)fake_put(ARGS, s, sizeof(*s));
    rc = do_sysctl(guest_ptr_make(void, ARGS));
    memcpy(s, fake_gpa(current->domain, ARGS), sizeof(*s));
    return rc;
}

static void machine(void)
{
    struct xen_sysctl s;

    for (uint32_t cmd = 0; cmd < 40; cmd++) {
        memset(&s, 0, sizeof(s));
        fake_run_as(&doms[1].v[0]);
        CHECK_EQ(sysctl(&s, cmd), -EPERM);
        fake_run_as(&doms[0].v[0]);
    }
    memset(&s, 0, sizeof(s));
    s.u.getdomaininfolist.max_domains = 1000;
    s.u.getdomaininfolist.buffer.addr = LIST;
    CHECK_EQ(sysctl(&s, XEN_SYSCTL_getdomaininfolist), 0);
    CHECK_EQ(s.u.getdomaininfolist.num_domains, NR_DOMS);
    s.u.getdomaininfolist.buffer.addr = NOWHERE;
    CHECK_EQ(sysctl(&s, XEN_SYSCTL_getdomaininfolist), -EFAULT);
    memset(&s, 0, sizeof(s));
    s.u.getcpuinfo.max_cpus = ~0u;
    s.u.getcpuinfo.info.addr = LIST;
    CHECK_EQ(sysctl(&s, XEN_SYSCTL_getcpuinfo), 0);
    CHECK_EQ(s.u.getcpuinfo.nr_cpus, nr_cpus_online);
    memset(&s, 0, sizeof(s));
    s.u.readconsole.count = ~0u;
    s.u.readconsole.buffer.addr = NOWHERE;
    CHECK(sysctl(&s, XEN_SYSCTL_readconsole) <= 0);
    CHECK_EQ(sysctl(&s, 999), -ENOSYS);
    for (unsigned int i = 0; i < NR_DOMS; i++)
        CHECK_EQ(doms[i].d.refs, i == 1 ? 2 : 1);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_machine_create();
    g = &doms[1].d;
    for (unsigned int i = 0; i < NR_DOMS; i++)
        for (unsigned int k = 0; k < 8; k++)
            (void)fake_ram(&doms[i].d, ARG_GFN + k, 0);
    doms[2].d.target = g;
    atomic_inc(&g->refs);
    fake_calls = 0;
    who_may();
    targets();
    tsc_info();
    context();
    pv_context();
    affinity();
    memory();
    policies();
    policy_lists();
    machine();
    fake_machine_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
