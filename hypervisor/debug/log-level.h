/* SPDX-License-Identifier: GPL-2.0-only */
/* The log's thresholds: options and `xl debug-keys`-style changes. */
#ifndef LODGE_DEBUG_LOG_LEVEL_H
#define LODGE_DEBUG_LOG_LEVEL_H

/* Options (start/cmdline.c): loglvl=, guest_loglvl= as given. */
extern char opt_loglvl[32], opt_guest_loglvl[32];

/* Applies the options. */
void log_init(void);
/* A level's name to its number (-1 for "none"); -1 if it is no name. */
int log_level_parse(const char *s, int *level);

/* The highest enum log_level that is printed. */
int log_limit_host(void);
int log_limit_guest(void);
void log_set_limits(int host, int guest);

#endif
