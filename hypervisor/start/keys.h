/* SPDX-License-Identifier: GPL-2.0-only */
/* The debug keys' table, for dispatch and for the documentation. */
#ifndef LODGE_START_KEYS_H
#define LODGE_START_KEYS_H

struct debug_key_entry {
    char key;
    const char *what;
    void (*fn)(void);
};

extern const struct debug_key_entry debug_keys[];
extern const unsigned int nr_debug_keys;

#endif
