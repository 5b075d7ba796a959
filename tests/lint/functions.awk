# SPDX-License-Identifier: GPL-2.0-only
#
# Names functions of more than 100 lines: a body starts with "{" in the first
# column and ends with "}" there. Tables end with "};" and do not count.
/^{/ { start = FNR }
/^}/ {
    if (start && $0 !~ /^};/ && FNR - start > 100) {
        print FILENAME ":" start ": " FNR - start + 1 " lines"
        bad = 1
    }
    start = 0
}
END { exit bad }
