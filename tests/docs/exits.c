/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the kinds of exits. */
#include "hvm/base/exit.h"
#include "tests/docs/table.h"

int main(void)
{
    printf("| kind | name in the recorder and in debug key `e` |\n"
           "|---|---|\n");
#define X(name, handler, text) printf("| `EXIT_%s` | %s |\n", #name, text);
    EXIT_KINDS_LIST(X)
#undef X
    return 0;
}
