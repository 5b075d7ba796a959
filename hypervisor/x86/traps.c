/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens on an exception in root mode. NMI and machine checks may come
 * at any time, so their handlers touch per-CPU data only, until they decide
 * that this is the end.
 */
#include "hypervisor/x86/traps.h"

#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/cpu/percpu.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

extern const int32_t extable_start[], extable_end[];

#define MC_BANKS_MAX 32 /* some may not exist */
#define MC_STATUS_VALID BIT(63)
#define MC_STATUS_ADDRESS BIT(58)

static DEFINE_PERCPU(unsigned int, trap_depth);

static const char *const trap_names[TRAP_COUNT] = {
    [0] = "divide error", [1] = "debug", [2] = "NMI", [3] = "breakpoint",
    [4] = "overflow", [5] = "bound range", [6] = "invalid opcode",
    [7] = "device not available", [8] = "double fault",
    [10] = "invalid TSS", [11] = "segment not present",
    [12] = "stack fault", [13] = "general protection",
    [14] = "page fault", [16] = "x87 error", [17] = "alignment check",
    [18] = "machine check", [19] = "SIMD error",
    [20] = "virtualization exception", [21] = "control protection",
    [28] = "hypervisor injection", [29] = "VMM communication",
    [30] = "security exception",
};

/* Where to go on after a fault at rip, 0: nowhere. */
static uint64_t extable_find(uint64_t rip)
{
    for (const int32_t *e = extable_start; e < extable_end; e += 2)
        if ((uint64_t)e + (int64_t)e[0] == rip)
            return (uint64_t)(e + 1) + (int64_t)e[1];
    return 0;
}

static void report_page_fault(const struct trap_frame *f)
{
    uint64_t va = read_cr2();

    console_printf("page fault: %s of %016lx: %s%s\n",
                   f->error & 0x10 ? "execution"
                   : f->error & 2  ? "write" : "read",
                   va,
                   f->error & 1 ? "not allowed by its page"
                                : "nothing is mapped there",
                   f->error & 8 ? " (reserved bit set)" : "");
}

static void report_machine_check(void)
{
    uint64_t v;

    if (!rdmsr_safe(MSR_MCG_STATUS, &v))
        console_printf("machine check: MCG_STATUS %lx\n", v);
    for (unsigned int i = 0; i < MC_BANKS_MAX; i++) {
        if (rdmsr_safe(MSR_MC0_CTL + 4 * i + 1, &v) || !(v & MC_STATUS_VALID))
            continue;
        console_printf("bank %u: status %016lx", i, v);
        if ((v & MC_STATUS_ADDRESS) &&
            !rdmsr_safe(MSR_MC0_CTL + 4 * i + 2, &v))
            console_printf(" address %016lx", v);
        console_printf("\n");
    }
}

static __noreturn void fatal_trap(struct trap_frame *f)
{
    const char *name = trap_names[f->vector];
    unsigned int depth = ++this_cpu(trap_depth);

    if (depth > 2)
        smp_stop_here();
    console_panic_begin();
    console_printf("\n*** %s (vector %lu, error %lx) in root mode on CPU %u"
                   "%s\n", name ? name : "exception", f->vector, f->error,
                   cpu_id(), depth > 1 ? ", while reporting another" : "");
    if (depth == 1) {
        if (f->vector == TRAP_PF)
            report_page_fault(f);
        if (f->vector == TRAP_MC)
            report_machine_check();
        dump_frame(f);
    } else {
        console_printf("rip %016lx rsp %016lx cr2 %016lx\n", f->rip, f->rsp,
                       read_cr2());
    }
    panic("%s at %016lx", name ? name : "exception", f->rip);
}

void trap_dispatch(struct trap_frame *f)
{
    uint64_t fixup;

    if (f->vector >= TRAP_COUNT) {
        irq_dispatch((unsigned int)f->vector);
        return;
    }
    if (f->vector == TRAP_NMI) {
        if (READ_ONCE(smp_stopping))
            smp_stop_here();
        return;
    }
    fixup = f->vector == TRAP_DF || f->vector == TRAP_MC
                ? 0 : extable_find(f->rip);
    if (!fixup)
        fatal_trap(f);
    f->rip = fixup;
}
