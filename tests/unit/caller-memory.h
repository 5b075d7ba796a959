/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The caller of a hypercall, for tests without a guest's maps: its linear
 * memory, CALLER_MEMORY bytes from address 0 on, and its width. Include once.
 */
#pragma once

#include <string.h>

#include "hypervisor/hypercall/calls.h"

static char memory[CALLER_MEMORY] __aligned(8);
static size_t mapped = sizeof(memory); /* what is past it faults */
static bool unwritable, compat;

int guest_read(void *dst, gva_t src, size_t n)
{
    if (src.raw > mapped || n > mapped - src.raw)
        return -EFAULT;
    memcpy(dst, memory + src.raw, n);
    return 0;
}

int guest_write(gva_t dst, const void *src, size_t n)
{
    if (unwritable || dst.raw > mapped || n > mapped - dst.raw)
        return -EFAULT;
    memcpy(memory + dst.raw, src, n);
    return 0;
}

bool hypercall_is_compat(void)
{
    return compat;
}
