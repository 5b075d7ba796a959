/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the lock ranks, outermost first. */
#include "hypervisor/cpu/lock-rank.h"
#include "tests/docs/table.h"

int main(void)
{
    printf("| rank | name | what it protects |\n|---:|---|---|\n");
#define R(name, purpose) \
    printf("| %d | `LOCK_%s` | %s |\n", LOCK_##name, #name, purpose);
    LOCK_RANKS(R)
#undef R
    return 0;
}
