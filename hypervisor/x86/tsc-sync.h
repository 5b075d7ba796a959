/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares a new CPU's TSC with the boot CPU's and corrects it when they
 * differ. Both sides run at the same time: reference on the boot CPU, check
 * on the new one.
 */
#ifndef LODGE_X86_TSC_SYNC_H
#define LODGE_X86_TSC_SYNC_H

void tsc_sync_reference(void);
void tsc_sync_check(void);

#endif
