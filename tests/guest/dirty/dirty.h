/* SPDX-License-Identifier: GPL-2.0-only */
/* Where things are in the second domain's memory. */
#pragma once

/* What it is to write: so many words, from there, so many bytes apart. The
 * count becomes 0 when it is done. */
#define ORDERS 0x500
#define ORDER_COUNT 0
#define ORDER_AT 4
#define ORDER_STEP 8
