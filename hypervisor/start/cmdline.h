/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's command line: options spelled as Xen spells them, in one
 * table (cmdline.c) from which docs/ is printed.
 */
#pragma once

#include <stdbool.h>

/*
 * Sets the variables; report: also warns about words that no option knows,
 * and values that it does not take. Done twice at boot, because the first
 * time there is no console yet.
 */
void cmdline_parse(const char *cmdline, bool report);

extern char opt_selftest[16];
