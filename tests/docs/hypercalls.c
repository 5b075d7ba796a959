/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the hypercalls. */
#include "hypervisor/hypercall/table.c"
#include "tests/docs/table.h"

static const struct {
    const char *name;
    unsigned int nr_args;
} rows[] = {
#define X(nm, n, call) [__HYPERVISOR_##nm] = { #nm, n },
    CALLS(X)
#undef X
};

int main(void)
{
    printf("| number | name | arguments |\n|---:|---|---:|\n");
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].name)
            printf("| %u | `%s` | %u |\n", i, rows[i].name, rows[i].nr_args);
    return 0;
}
