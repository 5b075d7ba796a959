/* sources: */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The fakes themselves: what other tests rely on. */
#include <string.h>

#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/spinlock.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/mm/window.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static DEFINE_PERCPU(unsigned int, counter) = 7;

static void test_percpu(void)
{
    CHECK_EQ(this_cpu(counter), 7);
    fake_set_cpu(3);
    CHECK_EQ(cpu_id(), 3);
    CHECK_EQ(this_cpu(counter), 7);
    this_cpu(counter) = 9;
    CHECK_EQ(per_cpu(counter, 3), 9);
    fake_set_cpu(0);
    CHECK_EQ(this_cpu(counter), 7);
}

static void test_locks(void)
{
    struct spinlock a = SPINLOCK_INIT(P2M), b = SPINLOCK_INIT(HEAP);
    struct spinlock c = SPINLOCK_INIT(P2M);

    spin_lock(&a);
    spin_lock(&b);
    CHECK_EQ(fake_locks_held(), 2);
    spin_unlock(&a);
    spin_unlock(&b);
    spin_lock_pair(&c, &a);
    CHECK(spin_is_locked(&a) && spin_is_locked(&c));
    spin_unlock_pair(&c, &a);
    CHECK_EQ(fake_locks_held(), 0);
}

static void test_frames(void)
{
    struct page *pg = page_alloc(5, 1, 0);
    uint64_t before = pages_free();
    mfn_t m = page_to_mfn(pg);
    char *a, *b;

    a = window_map(WINDOW_DATA, m);
    CHECK_EQ(a[0], 0);
    a[1] = 42;
    window_unmap(WINDOW_DATA);
    b = shared_map(m);
    CHECK_EQ(b[1], 42);
    b[2] = 1;
    CHECK_EQ(a[2], 1);
    shared_unmap(b);
    CHECK(page_try_get(pg));
    page_put(pg);
    page_put(pg + 1);
    page_put(pg);
    CHECK(!page_try_get(pg));
    CHECK_EQ(pages_free(), before + 2);
    CHECK_EQ(fake_pages_freed, 2);

    a = lodge_pages_alloc(2);
    CHECK(mfn_to_va(mfn_add(va_to_mfn(a), 3)) == a + 3 * PAGE_SIZE);
    lodge_pages_free(a, 2);
    CHECK_EQ(fake_allocs(), 0);
    fake_fail_after(1);
    a = heap_alloc(10);
    CHECK(a && !heap_alloc(10) && !page_alloc(1, 0, 0));
    fake_fail_after(-1);
    heap_free(a);
}

static void test_registers(void)
{
    uint64_t v;

    CHECK(rdmsr_safe(MSR_EFER, &v) != 0);
    wrmsr(MSR_EFER, EFER_NXE);
    CHECK_EQ(rdmsr(MSR_EFER), EFER_NXE);
    fake_cpuid_set(1, 0, (struct cpuid_regs){ .c = 5 });
    CHECK_EQ(cpuid(1, 0).c, 5);
}

static void test_panic(void)
{
    jmp_buf back;

    if (!setjmp(back)) {
        fake_panic_jump = &back;
        panic("no %d", 7);
    }
    fake_panic_jump = NULL;
    CHECK(!strcmp(fake_panic_text, "no 7"));
}

int main(void)
{
    test_percpu();
    test_locks();
    test_frames();
    test_registers();
    test_panic();
    return test_result();
}
