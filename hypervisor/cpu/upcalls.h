/* SPDX-License-Identifier: GPL-2.0-only */
/* What the primitives expect from above. */
#pragma once

/* x86/smp.c: serves a cross-CPU call that waits for this CPU, if any. Called
 * while spinning; takes no lock. */
void smp_call_poll(void);
