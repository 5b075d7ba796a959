/* SPDX-License-Identifier: GPL-2.0-only */
/* What the boot order calls in its own folder. */
#pragma once

#include <stdbool.h>

/*
 * The hypervisor's command line: options spelled as Xen spells them, in one
 * table (cmdline.c) from which docs/ is printed. Sets the variables; report:
 * also warns about words that no option knows, and values that it does not
 * take. Done twice at boot, because the first time there is no console yet.
 */
void cmdline_parse(const char *cmdline, bool report);

/* Crashes on purpose in the way that selftest= names, so that tests can read
 * the report. "" does nothing, an unknown one is warned about. */
extern char opt_selftest[16];
void selftest_crash(void);
