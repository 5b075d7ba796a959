/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCHEDOP_shutdown with each reason: `reason=N` on the command line. With
 * `hlt` the CPU halts with interrupts off instead, which is how a kernel that
 * knows no other way powers off. The verdict comes first; what the hypervisor
 * says and does afterwards is expected by tests.ini.
 *
 * hypervisor/abi/sched.h.
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"

TEST_MAIN()
{
    char word[] = "reason=0";
    struct sched_remote_shutdown other = { .domain_id = 0x7123 };
    unsigned int reason = 0;

    while (reason < 10 && !option(word))
        word[7] = (char)('0' + ++reason);
    report(reason < 10 || option("hlt"), "no reason on the command line");
    report_eq(sched_op(SCHEDOP_remote_shutdown, &other), -ESRCH,
              "shutdown of a domain that is not there");
    report_eq(sched_op(99, &other), -ENOSYS, "command 99");
    print_verdict();
    if (!option("hlt"))
        shutdown(reason);
    for (;;)
        asm volatile("cli; hlt");
}
