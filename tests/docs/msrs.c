/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the MSR rules. */
#include "hvm/policy/msr-table.c"
#include "tests/docs/table.h"

static const char *const how_read[] = {
    [MSR_PASS] = "no exit", [MSR_REG] = "guest register",
    [MSR_STATE] = "remembered", [MSR_CALL] = "by code", [MSR_FAULT] = "#GP",
};
static const char *const how_written[] = {
    [MSR_PASS] = "no exit", [MSR_REG] = "guest register",
    [MSR_STATE] = "remembered", [MSR_CONST] = "dropped",
    [MSR_CALL] = "by code", [MSR_FAULT] = "#GP",
};

int main(void)
{
    printf("| index | name | read | write | bits that may be set |\n"
           "|---|---|---|---|---|\n");
    for (unsigned int i = 0; i < nr_msr_rules; i++) {
        const struct msr_rule *r = &msr_rules[i];

        printf("| `0x%x`", r->first);
        if (r->last != r->first)
            printf(" to `0x%x`", r->last);
        if (r->read == MSR_CONST)
            printf(" | %s | %#x", r->name, r->arg);
        else
            printf(" | %s | %s", r->name, how_read[r->read]);
        printf(" | %s | ", how_written[r->write]);
        if (r->write == MSR_FAULT)
            printf("none");
        else if (!r->reserved)
            printf("%s", r->canonical ? "all, canonical" : "all");
        else
            printf("`%#llx`", (unsigned long long)~r->reserved);
        printf(" |\n");
    }
    return 0;
}
