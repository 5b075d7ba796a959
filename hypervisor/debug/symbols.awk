# SPDX-License-Identifier: GPL-2.0-only
# nm -n IMAGE | awk -f symbols.awk > symbols-data.S: the table of x86/traps.c.
$2 ~ /^[tT]$/ && $3 !~ /^\./ {
    if ($3 == "text_start")
        seen = 1
    if (!seen || $3 == "text_end" || $1 == last)
        next
    last = $1
    name[n] = $3
    addr[n++] = $1
}
END {
    print ".section .symbols, \"a\""
    print ".globl symbol_table, symbol_count, symbol_names"
    print ".balign 4"
    print "symbol_count: .long " n
    print "symbol_table:"
    for (i = 0; i < n; i++) {
        print ".long 0x" addr[i] " - text_start_value, " off + 0
        off += length(name[i]) + 1
    }
    print "symbol_names:"
    for (i = 0; i < n; i++)
        print ".asciz \"" name[i] "\""
    print ".set text_start_value, 0x" addr[0]
    print ".section .note.GNU-stack, \"\", @progbits"
}
