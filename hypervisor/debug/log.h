/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: a ring that `xl dmesg` reads, and every console. A line carries
 * its level; loglvl= and guest_loglvl= say what reaches the consoles.
 * Anything a guest can cause goes through log_guest(), which is rate
 * limited. Never called on an exit's normal path.
 */
#pragma once

#include "hypervisor/lib/util.h"

/* LOG_GUEST is added to the level of a line that a guest causes. */
enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_GUEST };

/* Options (start/cmdline.c): loglvl=, guest_loglvl= as given; console_init()
 * applies them. */
extern char opt_loglvl[32], opt_guest_loglvl[32];

/* One or more lines, printf style (%s %c %d %u %x %p %% with l, ll, z and
 * widths; %p prints 16 digits). A line ends with "\n". */
void log_print(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_err(...) log_print(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)
/* At most a few lines a second; what was dropped is counted. */
#define log_guest(level, ...) log_print(LOG_GUEST + (level), __VA_ARGS__)

/*
 * The machine, the loader or what was loaded does not suit: says so in one
 * sentence (without its full stop) on all consoles and halts. Nothing is wrong
 * with Lodge, so there is no dump, and a restart would help nobody.
 */
__noreturn void cannot_start(const char *why, ...) __printf(1, 2);
/* Stops the machine: message and registers on all consoles, then halt or
 * reboot (noreboot). For states in which going on could leak or escalate. */
__noreturn void panic(const char *fmt, ...) __printf(1, 2);
