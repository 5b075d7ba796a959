#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs built host tests: run.sh unit|fuzz BUILD-DIR NAME... One line for each
# test, the last lines of its output when it failed, a summary; the status is
# 0 if none failed. A line "skipped: why" in a test's output is a case left
# out; a test that exits with 77 is skipped as a whole.
set -u
kind=$1 build=$2
shift 2
passed=0 failed=0 skipped=0
out=$build/$kind/output
mkdir -p "$build/$kind"

# Weak fakes give way to real definitions, which ASan takes for duplicates.
export ASAN_OPTIONS="detect_odr_violation=0:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"

run() {
    case $kind in
    unit)
        timeout "${UNIT_TIMEOUT:-300}" "$1" ;;
    fuzz)
        corpus=tests/fuzz/corpus/$2
        [ -d "$corpus" ] || corpus=
        timeout $((${FUZZ_SECONDS:-4} + 60)) "$1" -seed=1 -verbosity=0 \
            -print_final_stats=1 -max_total_time="${FUZZ_SECONDS:-4}" \
            -artifact_prefix="$build/fuzz/" ${corpus:+"$corpus"} ;;
    esac
}

for name; do
    program=$build/$kind/$name
    if [ ! -x "$program" ]; then
        echo "$name: failed (does not build)"
        failed=$((failed + 1))
        continue
    fi
    run "$program" "$name" >"$out" 2>&1
    rc=$?
    skips=$(grep -c '^skipped:' "$out")
    skipped=$((skipped + skips))
    case $rc in
    0)
        passed=$((passed + 1))
        case $kind in
        unit) echo "$name: $(grep '^ok ' "$out" | tail -n 1)" ;;
        fuzz) echo "$name: ok $(sed -n 's/.*executed_units: */ /p' "$out") runs" ;;
        esac ;;
    77)
        [ "$skips" -gt 0 ] || skipped=$((skipped + 1))
        echo "$name: skipped" ;;
    *)
        failed=$((failed + 1))
        [ $rc = 124 ] && why="time limit" || why="status $rc"
        echo "$name: failed ($why)"
        tail -n 25 "$out" | sed 's/^/    /' ;;
    esac
    grep '^skipped:' "$out" | sed 's/^/    /'
done
rm -f "$out"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
