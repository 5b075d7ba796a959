/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints who may do what. */
#include "hypervisor/core/access.c"
#include "tests/docs/table.h"

int main(void)
{
    static const uint8_t columns[] = { MAY_ANY, MAY_SELF, MAY_DM,
                                       MAY_CONTROL, MAY_XENSTORE };

    printf("| action | what it is | every domain | the target itself "
           "| its device model | domain 0 | xenstore's domain |\n"
           "|---|---|:-:|:-:|:-:|:-:|:-:|\n");
    for (unsigned int i = 0; i < ACCESS_COUNT; i++) {
        printf("| `ACCESS_%s` | %s |", access_rules[i].name,
               access_rules[i].what);
        for (unsigned int k = 0; k < ARRAY_SIZE(columns); k++)
            printf("%s|", access_rules[i].rights & columns[k] ? " yes "
                                                              : " ");
        printf("\n");
    }
    return 0;
}
