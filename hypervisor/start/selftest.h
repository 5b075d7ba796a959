/* SPDX-License-Identifier: GPL-2.0-only */
/* Crashes on purpose, so that tests can read the report. */
#pragma once

/* name: selftest='s value; "" does nothing, an unknown one is warned about. */
void selftest_crash(const char *name);
