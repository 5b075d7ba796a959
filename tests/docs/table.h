/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the programs here that print a table of the hypervisor. Each is one
 * file that includes the source with the table and is linked with whatever
 * that source calls left unresolved: it may read the table, never call into
 * it. No C library headers: the hypervisor has its own of these names.
 */
#pragma once

int printf(const char *format, ...);
