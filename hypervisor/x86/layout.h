/* SPDX-License-Identifier: GPL-2.0-only */
/* The address space is described in cpu/, where mm/ can see it too. */
#ifndef LODGE_X86_LAYOUT_H
#define LODGE_X86_LAYOUT_H

#include "hypervisor/cpu/layout.h"

#endif
