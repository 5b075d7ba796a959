/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from values: the part of printf that the hypervisor uses. Pure; named
 * differently from the C library's because host tests link both.
 *
 * Conversions: %d %u %x %c %s %p %%, with the lengths l, ll and z, the flags
 * '0' and '#' (of %x), a width, and for %s a precision, both as numbers. %p
 * prints 16 digits. Anything else is printed as it stands.
 */
#pragma once

#include <stdarg.h>

#include "hypervisor/lib/util.h"

/*
 * Writes at most size bytes, with a final NUL if size is not 0. Returns the
 * length of the whole text, which is >= size when it was cut. s of %s may be
 * NULL.
 */
size_t format(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
size_t format_va(char *buf, size_t size, const char *fmt, va_list args)
    __printf(3, 0);

/* The other way: a number at s, decimal or 0x..., 0 if there is none. Returns
 * where it ends; that is amid the digits when they are too many. */
const char *parse_number(const char *s, uint32_t *v);

/* Are prefix and word together one of a list's words, which commas separate? */
bool list_has(const char *list, const char *prefix, const char *word);

/* yes, on, true, enable, 1 or nothing: 1; their opposites: 0; else -1. */
int parse_bool(const char *s);
