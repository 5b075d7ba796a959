/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which frames of a domain were written: a range for a device model's screen
 * (dm_op track_dirty_vram), or all for migration (later). ->dirty of struct
 * hvm_domain is freed with that.
 */
#pragma once

#include "hypervisor/core/domain.h"

/* A vCPU's write to a frame of type P2M_RAM_LOG faulted: notes it and lets
 * further writes through until the next dirty_vram(). */
void dirty_mark(struct domain *d, gfn_t g);

/*
 * Starts or moves the tracked range to [first, first + nr) and reports what
 * was written since the last call as a bitmap of nr bits (all ones the
 * first time). nr = 0 stops. -ENOMEM, -EINVAL (over DIRTY_VRAM_MAX frames).
 */
#define DIRTY_VRAM_MAX (1u << 14)
int dirty_vram(struct domain *d, gfn_t first, unsigned int nr,
               uint8_t *bitmap);
