/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the names that spec-ctrl= takes. */
#include "hvm/policy/spec-ctrl.c"
#include "tests/docs/table.h"

int main(void)
{
    printf("| name | measure |\n|---|---|\n");
    for (unsigned int i = 0; i < NR_SPEC; i++)
        printf("| `%s` | %s |\n", spec_info[i].option, spec_info[i].text);
    return 0;
}
