# SPDX-License-Identifier: GPL-2.0-only
#
# Includes point down: a file may include headers of its own layer or below.
# First argument: layers.txt ("number folder"), then the files.
function layer(f) {
    while (sub(/\/[^\/]*$/, "", f))
        if (f in rank)
            return rank[f]
    return -1
}
FILENAME == ARGV[1] { rank[$2] = $1; next }
FNR == 1 { mine = layer(FILENAME) }
/^#include "/ {
    split($0, q, "\"")
    if (q[2] !~ /\//) {
        print FILENAME ":" FNR ": include by bare name: " q[2]
        bad = 1
    } else if (mine >= 0 && layer(q[2]) > mine && q[2] !~ /\/upcalls\.h$/) {
        print FILENAME ":" FNR ": includes a higher layer: " q[2]
        bad = 1
    }
}
END { exit bad }
