/* SPDX-License-Identifier: GPL-2.0-only */
/* Crashes on purpose, so that tests can read the report. */
#ifndef LODGE_START_SELFTEST_H
#define LODGE_START_SELFTEST_H

/* name: selftest='s value; "" does nothing, an unknown one is warned about. */
void selftest_crash(const char *name);

#endif
