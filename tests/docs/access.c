/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints who may do what. */
#include "hypervisor/core/access.h"
#include "tests/docs/table.h"

static void row(const char *name, uint64_t rights, const char *what)
{
    static const uint8_t columns[] = { MAY_ANY, MAY_SELF, MAY_DM,
                                       MAY_CONTROL, MAY_XENSTORE };

    printf("| `ACCESS_%s` | %s |", name, what);
    for (unsigned int k = 0; k < ARRAY_SIZE(columns); k++)
        printf("%s|", rights & columns[k] ? " yes " : " ");
    printf("\n");
}

int main(void)
{
    printf("| action | what it is | every domain | the target itself "
           "| its device model | domain 0 | xenstore's domain |\n"
           "|---|---|:-:|:-:|:-:|:-:|:-:|\n");
#define A(name, rights, what) row(#name, rights, what);
    ACCESS_ACTIONS(A)
    return 0;
}
