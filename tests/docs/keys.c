/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the debug keys. */
#include "hypervisor/start/keys.c"
#include "tests/docs/table.h"

int main(void)
{
    printf("| key | what it prints or does |\n|---|---|\n");
    for (unsigned int i = 0; i < ARRAY_SIZE(debug_keys); i++)
        printf("| `%c` | %s |\n", debug_keys[i].key, debug_keys[i].what);
    return 0;
}
