/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the command line's options. */
#include "hypervisor/start/cmdline.c"
#include "tests/docs/table.h"

static const char *form(const struct option *o)
{
    switch (o->type) {
    case OPTION_BOOL: return "yes or no";
    case OPTION_UINT: return "`=number`";
    case OPTION_STRING: return "`=text`";
    default: return "";
    }
}

int main(void)
{
    const char *sep = "";

    printf("| option | form | meaning |\n|---|---|---|\n");
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
        if (options[i].type != OPTION_IGNORED)
            printf("| `%s` | %s | %s |\n", options[i].name,
                   form(&options[i]), options[i].help);
    printf("\nAccepted without effect:");
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
        if (options[i].type == OPTION_IGNORED) {
            printf("%s `%s`", sep, options[i].name);
            sep = ",";
        }
    printf(".\n");
    return 0;
}
