/* SPDX-License-Identifier: GPL-2.0-only */
/* Host test fake: an NMI that ended a guest counts (fakes.h: fake_nmis). */
#pragma once

#define host_nmi real_host_nmi
#include "../../../../../hypervisor/x86/traps.h"
#undef host_nmi

void host_nmi(void);
