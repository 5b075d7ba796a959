/* sources: hypervisor/hypercall/table.c hypervisor/hypercall/subop.c hypervisor/core/access.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into hypercalls: who may call, arguments by width, numbers out of
 * range, and multicalls that are cut short, nested, or in the 32-bit layout.
 */
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define ARGS (ARG_GFN << PAGE_SHIFT)

static long result;          /* what do_hvm_op() returns */
static uint64_t got[3];      /* its arguments */
static unsigned int calls;

long do_hvm_op(uint64_t op, void_gptr_t arg)
{
    calls++;
    got[0] = op;
    got[1] = arg.addr;
    if (result == -ERESTART)
        hypercall_restart(1, arg.addr + 1);
    return result;
}

#define NOT_CALLED(decl) long decl; long decl { abort(); }
NOT_CALLED(do_memory_op(unsigned int c, void_gptr_t a))

static int64_t timeout;

long do_set_timer_op(int64_t t)
{
    timeout = t;
    return 0;
}

NOT_CALLED(do_xen_version(unsigned int c, void_gptr_t a))
NOT_CALLED(do_console_io(int c, unsigned int n, void_gptr_t a))
NOT_CALLED(do_grant_table_op(unsigned int c, void_gptr_t a, unsigned int n))
NOT_CALLED(do_vm_assist(unsigned int c, unsigned int t))
NOT_CALLED(do_vcpu_op(unsigned int c, unsigned int v, void_gptr_t a))
NOT_CALLED(do_sched_op(unsigned int c, void_gptr_t a))
NOT_CALLED(do_event_channel_op(unsigned int c, void_gptr_t a))
NOT_CALLED(do_physdev_op(unsigned int c, void_gptr_t a))
NOT_CALLED(do_sysctl(void_gptr_t a))
NOT_CALLED(do_domctl(void_gptr_t a))
NOT_CALLED(do_platform_op(void_gptr_t a))
NOT_CALLED(do_dm_op(domid_t d, unsigned int n, void_gptr_t a))

static struct vmexit e;

static uint64_t *gpr(void)
{
    return vcpu_regs(current)->gpr;
}

static void by_register(void)
{
    gpr()[RAX] = __HYPERVISOR_hvm_op;
    gpr()[RDI] = 1ull << 32 | 5;
    gpr()[RSI] = 0x123456789a;
    result = 77;
    CHECK_EQ(exit_hypercall(current, &e), VERDICT_ADVANCE);
    CHECK_EQ(gpr()[RAX], 77);
    CHECK_EQ(got[0], 1ull << 32 | 5);
    CHECK_EQ(got[1], 0x123456789a);
    doms[1].h.compat = true;
    gpr()[RAX] = 0xffffffff00000000 | __HYPERVISOR_hvm_op;
    gpr()[RBX] = 0xeeeeeeee00000006;
    gpr()[RCX] = 0xeeeeeeee00000007;
    result = -EPERM;
    CHECK_EQ(exit_hypercall(current, &e), VERDICT_ADVANCE);
    CHECK_EQ(gpr()[RAX], (uint32_t)-EPERM);
    CHECK_EQ(got[0], 6);
    CHECK_EQ(got[1], 7);
    gpr()[RAX] = __HYPERVISOR_set_timer_op;
    gpr()[RBX] = 0xeeeeeeee89abcdef;
    gpr()[RCX] = 0xeeeeeeee01234567;
    CHECK_EQ(exit_hypercall(current, &e), VERDICT_ADVANCE);
    CHECK_EQ(timeout, 0x0123456789abcdef);
    gpr()[RCX] = 7;
    /* Again later: RIP stays, the arguments say where. */
    result = -ERESTART;
    gpr()[RAX] = __HYPERVISOR_hvm_op;
    CHECK_EQ(exit_hypercall(current, &e), VERDICT_RESUME);
    CHECK_EQ(gpr()[RAX], __HYPERVISOR_hvm_op);
    CHECK_EQ(gpr()[RCX], 8);
    doms[1].h.compat = false;
    /* Not from user mode, no number that is none. */
    calls = 0;
    doms[1].cpl = 3;
    gpr()[RAX] = __HYPERVISOR_hvm_op;
    CHECK_EQ(exit_hypercall(current, &e), VERDICT_ADVANCE);
    CHECK_EQ(gpr()[RAX], (uint64_t)-EPERM);
    doms[1].cpl = 0;
    for (uint64_t nr = __HYPERVISOR_dm_op + 1; nr; nr <<= 1) {
        gpr()[RAX] = nr;
        CHECK_EQ(exit_hypercall(current, &e), VERDICT_ADVANCE);
        CHECK_EQ(gpr()[RAX], (uint64_t)-ENOSYS);
    }
    CHECK_EQ(calls, 0);
}

static void multicall(void)
{
    struct multicall_entry m[3];

    memset(m, 0, sizeof(m));
    for (unsigned int i = 0; i < 3; i++) {
        m[i].op = __HYPERVISOR_hvm_op;
        m[i].args[0] = i;
    }
    m[1].op = __HYPERVISOR_multicall;
    m[2].op = 1000;
    (void)fake_put(ARGS, m, sizeof(m));
    result = 5;
    CHECK_EQ(do_multicall(guest_ptr_make(void, ARGS), 3), 0);
    memcpy(m, fake_gpa(&doms[1].d, ARGS), sizeof(m));
    CHECK_EQ(m[0].result, 5);
    CHECK_EQ(m[1].result, (uint64_t)-EINVAL);
    CHECK_EQ(m[2].result, (uint64_t)-ENOSYS);
    CHECK_EQ(do_multicall(guest_ptr_make(void, 0x7000000), 1), -EFAULT);
    CHECK_EQ(do_multicall(guest_ptr_make(void, 0x7000000), 0), 0);
    /* A call inside wants to go on later. */
    m[0].args[1] = 100;
    (void)fake_put(ARGS, m, sizeof(m));
    result = -ERESTART;
    CHECK_EQ(do_multicall(guest_ptr_make(void, ARGS), 3), -ERESTART);
    CHECK_EQ(gpr()[RDI], ARGS);
    CHECK_EQ(gpr()[RSI], 3);
    memcpy(m, fake_gpa(&doms[1].d, ARGS), sizeof(m));
    CHECK_EQ(m[0].args[1], 101);
    CHECK_EQ(m[0].result, 5);
    CHECK_EQ(current->hvm->multicall_args, NULL);
}

static void __attribute__((noinline)) dirty_stack(void)
{
    volatile uint8_t junk[1024];

    for (unsigned int i = 0; i < sizeof(junk); i++)
        junk[i] = 0xda;
}

/* 32-bit layout: nothing of our stack reaches the guest. */
static void compat_multicall(void)
{
    struct compat_multicall_entry c = { .op = __HYPERVISOR_hvm_op,
                                        .result = 0x1234, .args = { 1, 2 } };

    current->hvm->compat_call = true;
    (void)fake_put(ARGS, &c, sizeof(c));
    result = -ERESTART;
    dirty_stack();
    CHECK_EQ(do_multicall(guest_ptr_make(void, ARGS), 1), -ERESTART);
    memcpy(&c, fake_gpa(&doms[1].d, ARGS), sizeof(c));
    CHECK_EQ(c.result, 0x1234);
    CHECK_EQ(c.args[1], 3);
    result = -EBUSY;
    CHECK_EQ(do_multicall(guest_ptr_make(void, ARGS), 1), 0);
    memcpy(&c, fake_gpa(&doms[1].d, ARGS), sizeof(c));
    CHECK_EQ(c.result, (uint32_t)-EBUSY);
    current->hvm->compat_call = false;
}

int main(void)
{
    fake_doms_create();
    (void)fake_ram(&doms[1].d, ARG_GFN, 0);
    by_register();
    multicall();
    compat_multicall();
    fake_doms_destroy();
    return test_result();
}
