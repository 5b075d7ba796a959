/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls with hostile arguments return an error and hurt nobody: every
 * number, every command, pointers to nowhere and to memory full of zeroes or
 * ones, huge counts. Also: who may call, multicall, what xen_version says.
 * Built for 64 and for 32 bits.
 *
 * Numbers and errors: hypervisor/abi/xen.h and what Xen 4.20 returns.
 */
#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/memory.h"
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

static unsigned long bad[8];
static unsigned int nr_bad;
static char *zeroes, *ones;

static void find_bad_pointers(void)
{
#ifdef __x86_64__
    char *last = va_alloc();

    page_map(last, (uintptr_t)pages_alloc(1), PTE_P | PTE_W);
    page_map(last + PAGE_SIZE, 0, 0);
    bad[nr_bad++] = (unsigned long)last + PAGE_SIZE;
    bad[nr_bad++] = (unsigned long)last + PAGE_SIZE - 1;
    bad[nr_bad++] = 1ul << 47;
    bad[nr_bad++] = 0xffff800000000000;
    bad[nr_bad++] = 0xffffffff80200000;
    bad[nr_bad++] = ~0ul;
#else
    bad[nr_bad++] = 0xfee00000;     /* a device */
    bad[nr_bad++] = 0xfffff000;
    bad[nr_bad++] = (unsigned long)gap_alloc();
#endif
    zeroes = pages_alloc(2);
    ones = pages_alloc(2);
}

/* Those that do just what they say and would end or stop the test. */
static bool is_harmful(unsigned int nr, unsigned int cmd, bool readable)
{
    switch (nr) {
    case __HYPERVISOR_sched_op:
        return cmd == SCHEDOP_block || cmd == SCHEDOP_yield ||
               (readable && cmd <= SCHEDOP_watchdog);
    case __HYPERVISOR_vcpu_op:
        return cmd == VCPUOP_down || cmd == VCPUOP_send_nmi;
    case __HYPERVISOR_hvm_op:
        return readable && cmd == HVMOP_set_param;
    case __HYPERVISOR_console_io:
        return readable;
    case __HYPERVISOR_memory_op:
        /* Moves frame 0 or ~0 about, which is asked for. */
        return readable && (cmd & 0x3f) == XENMEM_add_to_physmap;
    default:
        return false;
    }
}

static long call(unsigned int nr, unsigned long a0, unsigned long a1,
                 unsigned long a2)
{
    long rc = hypercall_raw(nr, a0, a1, a2);

    report(rc > -4096 && rc != -ERESTART && rc != -EINTR,
           "hypercall %u(%#lx, %#lx, %#lx) returns %ld", nr, a0, a1, a2, rc);
    return rc;
}

static void test_numbers(void)
{
    static const uint8_t absent[] = {
        __HYPERVISOR_set_trap_table, __HYPERVISOR_mmu_update,
        __HYPERVISOR_set_gdt, __HYPERVISOR_stack_switch,
        __HYPERVISOR_set_callbacks, __HYPERVISOR_fpu_taskswitch,
        __HYPERVISOR_set_debugreg, __HYPERVISOR_update_descriptor, 11,
        __HYPERVISOR_update_va_mapping, __HYPERVISOR_iret,
        __HYPERVISOR_set_segment_base, __HYPERVISOR_nmi_op,
        __HYPERVISOR_callback_op, __HYPERVISOR_tmem_op, 43, 44, 45, 46, 47,
        __HYPERVISOR_arch_1, 60, 63,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++)
        report_eq(call(absent[i], 0, 0, 0), -ENOSYS, "absent hypercall");
    report_eq(call(64, 0, 0, 0), -ENOSYS, "number 64");
    report_eq(call(0x7fffffff, 0, 0, 0), -ENOSYS, "a large number");
    report_eq(call(0x80000000, 0, 0, 0), -ENOSYS, "Hyper-V's numbers");
#ifdef __x86_64__
    report_eq(hypercall_raw(1ul << 32 | __HYPERVISOR_xen_version,
                            XENVER_version, 0, 0), -ENOSYS,
              "the number has 64 bits");
#endif
}

/* Commands of those that take (cmd, pointer[, count]). */
static void test_bad_pointers(void)
{
    static const uint8_t numbers[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_xen_version,
        __HYPERVISOR_console_io, __HYPERVISOR_grant_table_op,
        __HYPERVISOR_vm_assist, __HYPERVISOR_sched_op,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_physdev_op,
        __HYPERVISOR_hvm_op, __HYPERVISOR_event_channel_op_compat,
        __HYPERVISOR_physdev_op_compat, __HYPERVISOR_kexec_op,
        __HYPERVISOR_argo_op, __HYPERVISOR_xenpmu_op,
        __HYPERVISOR_hypfs_op, __HYPERVISOR_mca, __HYPERVISOR_xsm_op,
        __HYPERVISOR_mmuext_op,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
        for (unsigned int cmd = 0; cmd < 44; cmd++)
            for (unsigned int b = 0; b < nr_bad; b++)
                if (!is_harmful(numbers[i], cmd, false))
                    call(numbers[i], cmd, bad[b], 1);
    for (unsigned int b = 0; b < nr_bad; b++) {
        report_eq(call(__HYPERVISOR_domctl, bad[b], 0, 0), -EFAULT, "domctl");
        report_eq(call(__HYPERVISOR_sysctl, bad[b], 0, 0), -EFAULT, "sysctl");
        report_eq(call(__HYPERVISOR_platform_op, bad[b], 0, 0), -EFAULT,
                  "platform_op");
        report_eq(call(__HYPERVISOR_multicall, bad[b], 3, 0), -EFAULT,
                  "multicall");
        report_eq(call(__HYPERVISOR_console_io, CONSOLEIO_write, 8, bad[b]),
                  -EFAULT, "console_io");
        call(__HYPERVISOR_dm_op, 0, 1, bad[b]);
        for (unsigned int cmd = 0; cmd < 20; cmd++)
            if (!is_harmful(__HYPERVISOR_vcpu_op, cmd, false))
                call(__HYPERVISOR_vcpu_op, cmd, 0, bad[b]);
    }
}

static void test_odd_contents(void)
{
    static const uint8_t numbers[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_grant_table_op,
        __HYPERVISOR_sched_op, __HYPERVISOR_event_channel_op,
        __HYPERVISOR_physdev_op, __HYPERVISOR_hvm_op,
        __HYPERVISOR_xen_version,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
        for (unsigned int cmd = 0; cmd < 44; cmd++) {
            if (is_harmful(numbers[i], cmd, true))
                continue;
            memset(ones, 0xff, 2 * PAGE_SIZE);
            call(numbers[i], cmd, addr(ones), 1);
            /* Real devices are unplugged by a few of these. */
            if (numbers[i] == __HYPERVISOR_physdev_op)
                continue;
            memset(zeroes, 0, 2 * PAGE_SIZE);
            call(numbers[i], cmd, addr(zeroes), 1);
        }
    }
    for (unsigned int k = 0; k < 2; k++) {
        char *p = k ? ones : zeroes;

        memset(p, k ? 0xff : 0, 2 * PAGE_SIZE);
        report(call(__HYPERVISOR_domctl, addr(p), 0, 0) < 0, "domctl");
        report(call(__HYPERVISOR_sysctl, addr(p), 0, 0) < 0, "sysctl");
        report(call(__HYPERVISOR_platform_op, addr(p), 0, 0) < 0,
               "platform_op");
        call(__HYPERVISOR_dm_op, 0, 1, addr(p));
        call(__HYPERVISOR_dm_op, DOMID_SELF, 2, addr(p));
        report(call(__HYPERVISOR_dm_op, 0x7fff, 2, addr(p)) < 0, "dm_op");
        for (unsigned int cmd = 0; cmd < 20; cmd++)
            if (!is_harmful(__HYPERVISOR_vcpu_op, cmd, true))
                call(__HYPERVISOR_vcpu_op, cmd, 100, addr(p));
    }
}

static void test_huge_counts(void)
{
    memset(zeroes, 0, 2 * PAGE_SIZE);
    report(call(__HYPERVISOR_grant_table_op, 0, addr(zeroes), ~0u) < 0,
           "2^32 grants");
    report(call(__HYPERVISOR_multicall, bad[0], ~0u, 0) < 0,
           "2^32 calls");
    call(__HYPERVISOR_memory_op, XENMEM_populate_physmap | ~0x3fu,
         addr(zeroes), 0);
    report(call(__HYPERVISOR_console_io, CONSOLEIO_write, ~0u, bad[0]) < 0,
           "4 GiB of text");
    report(call(__HYPERVISOR_dm_op, 0, ~0u, addr(zeroes)) < 0,
           "2^32 buffers");
}

static void test_multicall(void)
{
#ifdef __x86_64__
    struct multicall_entry m[5] = {
#else
    struct compat_multicall_entry m[5] = {
#endif
        { .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
        { .op = 62 },
        { .op = __HYPERVISOR_multicall },
        { .op = __HYPERVISOR_sched_op, .args = { SCHEDOP_yield } },
        { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } },
    };

    report_eq(hypercall(__HYPERVISOR_multicall, addr(m), 5), 0, "multicall");
    report_eq(m[0].result, 4 << 16 | 20, "first result");
    report_eq((long)m[1].result, -ENOSYS, "absent hypercall");
    report((long)m[2].result < 0, "multicall in multicall");
    report_eq(m[3].result, 0, "yield");
    report_eq(m[4].result, PAGE_SIZE, "last result");
    report_eq(hypercall(__HYPERVISOR_multicall, addr(m), 0), 0, "none");
}

static void test_version(void)
{
    char *buf = zeroes;
    struct xen_varbuf *v = (struct xen_varbuf *)buf;
    long n;

    for (unsigned int cmd = 0; cmd <= XENVER_pagesize + 1; cmd++) {
        memset(buf, 0, PAGE_SIZE);
        report(hypercall(__HYPERVISOR_xen_version, cmd, addr(buf)) >= 0,
               "xen_version %u", cmd);
        if (cmd == XENVER_extraversion)
            report(buf[0] && strlen(buf) < 16, "extra version %s", buf);
        if (cmd == XENVER_compile_info)
            report(buf[0], "compiler");
    }
    n = hypercall(__HYPERVISOR_xen_version, XENVER_capabilities2, 0);
    report(n > 0 && n < 1024, "size of the capabilities: %ld", n);
    v->len = (uint32_t)n - 1;
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_capabilities2,
                        addr(buf)), -ENOBUFS, "too little room");
    v->len = 0;
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_capabilities2,
                        addr(buf)), -EINVAL, "no room");
    v->len = 1024;
    report_eq(hypercall(__HYPERVISOR_xen_version, XENVER_capabilities2,
                        addr(buf)), n, "capabilities");
    report(str_starts((char *)v->buf, "hvm-3.0-"), "capabilities: %s",
           (char *)v->buf);
    report_eq(hypercall(__HYPERVISOR_xen_version, 99, 0), -ENOSYS, "99");
}

/* The instruction itself: the page of stubs is not open to CPL 3. */
static unsigned long __user from_user(unsigned long nr)
{
    unsigned long rc = nr;

#ifdef __x86_64__
    asm volatile(TRY(VMCALL) : "+a"(rc) : "D"(0ul), "S"(0ul));
#else
    asm volatile(TRY(VMCALL) : "+a"(rc) : "b"(0ul), "c"(0ul));
#endif
    return rc;
}

static void test_user(void)
{
    for (unsigned int nr = 0; nr < 64; nr++)
        report_eq((long)user_call(from_user, nr), -EPERM, "from CPL 3");
    report_eq(fault_take(), NO_FAULT, "no exception either");
}

TEST_MAIN()
{
    find_bad_pointers();
    test_numbers();
    test_bad_pointers();
    test_odd_contents();
    test_huge_counts();
    test_multicall();
    test_version();
    test_user();
}
