#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The rules that a machine can check, one line per rule; a broken one prints
# where. Arguments: none. Environment: CC.
set -u
cd "$(dirname "$0")/../.."
CC=${CC:-gcc}
passed=0
failed=0

# rule NAME COMMAND...: the command prints what is wrong and fails.
rule() {
    name=$1
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        echo "$out" | head -n 20 | sed 's/^/    /'
    fi
}

root_files() {
    find hypervisor hvm -name '*.[chS]' | sort
}

layers() {
    awk -f tests/lint/layers.awk tests/lint/layers.txt $(root_files)
}

spdx() {
    ! grep -L 'SPDX-License-Identifier: GPL-2.0-only' $(root_files) \
        $(find firmware tests -name '*.[chS]' -o -name '*.py' -o -name '*.sh') \
        Makefile configure | grep .
}

sizes() {
    wc -l $(root_files) | awk '$2 != "total" && $1 > 1000 {
        print $2 ": " $1 " lines, 1000 at most"; bad = 1 } END { exit bad }'
}

columns() {
    awk 'length > 80 { print FILENAME ":" FNR ": " length " columns"; bad = 1 }
        END { exit bad }' $(root_files | grep '[ch]$')
}

# Lines of code: without comments and blank lines, and without the ABI's
# declarations. A week is enough to read them.
total() {
    lines=$(find hypervisor hvm -name '*.[chS]' ! -path 'hypervisor/abi/*' |
        xargs awk -f tests/lint/code.awk | grep -c '[^[:space:]]')
    [ "$lines" -lt 25000 ] || {
        echo "root-mode code: $lines lines, under 25000 wanted"
        return 1
    }
}

functions() {
    awk -f tests/lint/functions.awk $(find hypervisor hvm -name '*.c')
}

headers_alone() {
    bad=0
    for h in $(find hypervisor hvm -name '*.h' ! -name cpuid-bits.h | sort); do
        echo "#include \"$h\"" | $CC -std=gnu11 -ffreestanding \
            -mgeneral-regs-only -fsyntax-only -I. -Wall -Wextra \
            -Wno-unused-parameter -x c - || bad=1
    done
    return $bad
}

cycles() {
    for h in $(find hypervisor hvm -name '*.h'); do
        sed -n "s|^#include \"\\(.*\\)\"|$h \\1|p" "$h"
    done | tsort >/dev/null
}

printed_docs() {
    CC=$CC python3 tests/docs/print.py --check
}

doc_links() {
    python3 tests/docs/links.py
}

rule "layers: includes point down" layers
rule "every file names its licence" spdx
rule "no file over 1000 lines" sizes
rule "no line over 80 columns" columns
rule "root-mode code under 25000 lines of code" total
rule "no function over 100 lines" functions
rule "headers compile alone" headers_alone
rule "no include cycle" cycles
rule "tables in docs/ are as printed (make docs)" printed_docs
rule "what docs/ and README.md name exists" doc_links
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
