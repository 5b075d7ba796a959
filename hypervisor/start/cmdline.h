/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's command line: options spelled as Xen spells them, in one
 * table (cmdline.c) from which docs/ is printed.
 */
#pragma once

#include "hypervisor/lib/util.h"

enum option_type {
    OPTION_BOOL,    /* bool: name, no-name, name=yes|on|true|enable|1 ... */
    OPTION_UINT,    /* unsigned int, decimal or 0x... */
    OPTION_STRING,  /* char[size]: the text after "=" */
    OPTION_IGNORED, /* known to Xen's users, means nothing here */
};

struct option {
    const char *name;
    enum option_type type;
    void *variable;   /* NULL for OPTION_IGNORED */
    size_t size;      /* of it, for OPTION_STRING */
    const char *help; /* one line */
};

extern const struct option options[];
extern const unsigned int nr_options;

/*
 * Sets the variables; report: also warns about words that no option knows,
 * and values that it does not take. Done twice at boot, because the first
 * time there is no console yet.
 */
void cmdline_parse(const char *cmdline, bool report);

extern char opt_selftest[16];
