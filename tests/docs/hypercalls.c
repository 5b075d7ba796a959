/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the hypercalls. */
#include "hypervisor/hypercall/table.c"
#include "tests/docs/table.h"

int main(void)
{
    printf("| number | name | arguments |\n|---:|---|---:|\n");
    for (unsigned int i = 0; i < nr_hypercalls; i++)
        if (hypercalls[i].name)
            printf("| %u | `%s` | %u |\n", i, hypercalls[i].name,
                   hypercalls[i].nr_args);
    return 0;
}
