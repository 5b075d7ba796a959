# SPDX-License-Identifier: GPL-2.0-only
#
# Prints C and assembly files without their comments.
{
    line = $0
    out = ""
    while (line != "") {
        if (inside) {
            end = index(line, "*/")
            if (!end)
                break
            line = substr(line, end + 2)
            inside = 0
        } else {
            start = index(line, "/*")
            if (!start) {
                out = out line
                break
            }
            out = out substr(line, 1, start - 1)
            line = substr(line, start + 2)
            inside = 1
        }
    }
    print out
}
