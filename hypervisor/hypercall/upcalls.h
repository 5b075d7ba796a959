/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hypercalls expect from start/. */
#ifndef LODGE_HYPERCALL_UPCALLS_H
#define LODGE_HYPERCALL_UPCALLS_H

extern char lodge_command_line[1024]; /* (c) as the loader passed it */

#endif
