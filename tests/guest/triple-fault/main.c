/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A triple fault ends the domain, for the reason that its owner has chosen
 * (HVM_PARAM_TRIPLE_FAULT_REASON, by default a restart), with a sentence in
 * the log. The verdict says that the kernel got there; what the hypervisor
 * says afterwards is expected by tests.ini.
 *
 * SDM vol. 3A, "Interrupt 8 - Double Fault Exception".
 */
#include "tests/guest/lib/hypercall.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/trap.h"

TEST_MAIN()
{
    const struct desc_ptr none = { 0, 0 };

    report_eq(hvm_param_set(HVM_PARAM_TRIPLE_FAULT_REASON,
                            SHUTDOWN_poweroff), -EPERM,
              "it is not the guest's to choose");
    print_verdict();
    lidt(&none);
    asm volatile("ud2");
}
