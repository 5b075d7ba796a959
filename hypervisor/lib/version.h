/* SPDX-License-Identifier: GPL-2.0-only */
/* What Lodge calls itself. */
#pragma once

/* The interface it speaks: Xen's. */
#define LODGE_ABI_MAJOR 4
#define LODGE_ABI_MINOR 20
#define LODGE_EXTRAVERSION "-lodge"
#define LODGE_VERSION "Lodge 0.1"
