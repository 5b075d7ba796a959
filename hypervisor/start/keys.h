/* SPDX-License-Identifier: GPL-2.0-only */
/* The debug keys' table, for dispatch and for the documentation. */
#pragma once

struct domain;
struct vcpu;

/* Either `once` is called, or the others for all domains and their vCPUs. */
struct debug_key_entry {
    char key;
    const char *what;
    void (*once)(void);
    void (*each_domain)(struct domain *d); /* or NULL */
    void (*each_vcpu)(struct vcpu *v);
};

extern const struct debug_key_entry debug_keys[];
extern const unsigned int nr_debug_keys;
