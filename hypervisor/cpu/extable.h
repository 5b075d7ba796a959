/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception table: an instruction that may fault, and where to go on when it
 * does. Entries are two 32-bit distances from themselves, so they need no
 * relocation.
 */
#pragma once

/* In an asm statement: a fault at label `from` continues at label `to`. */
#define EXTABLE(from, to)                                                   \
    ".pushsection .extable, \"a\"\n"                                        \
    ".balign 4\n"                                                           \
    ".long " #from " - ., " #to " - .\n"                                    \
    ".popsection\n"
