/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ASSERT documents what we believe; it costs nothing in a release build and
 * never guards input that a guest, a device model or dom0 controls.
 */
#pragma once

#ifdef LODGE_DEBUG
__attribute__((noreturn))
void assert_failed(const char *expr, const char *file, int line);
#define ASSERT(x) ((x) ? (void)0 : assert_failed(#x, __FILE__, __LINE__))
#else
#define ASSERT(x) ((void)sizeof(!(x)))
#endif
