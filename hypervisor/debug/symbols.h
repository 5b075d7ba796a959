/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of functions for crash reports. The table is made from a first link
 * by symbols.awk and linked in by a second; code does not move, since it is
 * first in the image. Without the table there are just no names.
 */
#pragma once

#include "hypervisor/lib/util.h"

/* One function: distance from text_start, offset into the names. */
struct symbol {
    uint32_t at, name;
};

/* The function that contains va, NULL if unknown. */
const char *symbol_find(uint64_t va, unsigned int *offset);
