/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake of the address space: the same areas, where a program of the
 * host can have them. See fakes/machine.h.
 */
#pragma once

#define image_maddr real_image_maddr
#include "../../../../../hypervisor/cpu/layout.h"
#undef image_maddr

#undef DIRECT_BASE
#undef DIRECT_SIZE
#undef FRAME_TABLE_BASE
#undef WINDOW_BASE
#undef SHARED_BASE
#undef STACK_BASE
#undef DEVICE_BASE
#define DIRECT_BASE 0x200000000000ul
#define DIRECT_SIZE 0x080000000000ul
#define FRAME_TABLE_BASE 0x300000000000ul
#define WINDOW_BASE 0x310000000000ul
#define SHARED_BASE 0x320000000000ul
#define STACK_BASE 0x330000000000ul
#define DEVICE_BASE 0x340000000000ul

/* The test program is the image: it lies far above the fake machine's RAM. */
static inline uint64_t image_maddr(const void *va)
{
    return (uint64_t)(uintptr_t)va;
}
