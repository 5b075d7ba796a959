# shellcheck shell=sh disable=SC2016,SC2034
# SPDX-License-Identifier: GPL-2.0-only
# Shared by the bench scripts (sourced): where the cache is, progress lines,
# and "build a thing once, completely or not at all".  Holds no recipe.

bench_dir=${bench_dir:-$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)}
top=$(CDPATH='' cd -- "$bench_dir/../.." && pwd)
suite=trixie
mirror=${LODGE_MIRROR:-http://deb.debian.org/debian}

if [ -z "${LODGE_CACHE:-}" ]; then
    if [ "$(id -u)" = 0 ]; then
        LODGE_CACHE=/var/cache/lodge
    else
        LODGE_CACHE=${HOME:?}/.cache/lodge
    fi
fi
export LODGE_CACHE

die() {
    echo "$(basename -- "$0"): $*" >&2
    exit 1
}

# Every stage prints one line with the time of day when it starts and one with
# its duration when it ends; what its command says goes to a log.  The command
# must be a program: in a function "set -e" would not count here.
# usage: stage LOGFILE TEXT COMMAND...
stage() {
    stage_log=$1 stage_text=$2
    shift 2
    stage_start=$(date +%s)
    echo "[$(date +%T)] $stage_text ..." >&2
    stage_rc=0
    "$@" >>"$stage_log" 2>&1 || stage_rc=$?
    stage_time=$(($(date +%s) - stage_start))
    if [ $stage_rc != 0 ]; then
        tail -n 20 "$stage_log" >&2
        die "$stage_text failed after ${stage_time} s, log: $stage_log"
    fi
    echo "[$(date +%T)] $stage_text: done in ${stage_time} s" >&2
}

# First 12 digits of the hash over names and contents of files and folders.
recipe_hash() {
    (cd "$bench_dir" && find "$@" -type f ! -name '*.pyc' | LC_ALL=C sort |
        while read -r f; do
            echo "$f"
            stat -c %a "$f"
            cat "$f"
        done) | sha256sum | cut -c1-12
}

# Run the rest of the script under one lock per kind of thing, so that two
# makes never build the same thing twice.  The lock is file descriptor 9 and
# ends with the process.
take_lock() {
    mkdir -p "$LODGE_CACHE/log"
    exec 9>"$LODGE_CACHE/$1.lock"
    if ! flock -n 9; then
        echo "[$(date +%T)] $1: waiting for another build of it" >&2
        flock 9
    fi
    # What an interrupted build left behind.
    rm -rf "$LODGE_CACHE/$1"-*.partial
}

# mmdebstrap with downloads kept in the cache: packages that were fetched once
# are hard-linked into the new root before apt looks for them.
# usage: debian_root TARGET MMDEBSTRAP-OPTIONS...
debian_root() {
    root_target=$1
    shift
    debs=$LODGE_CACHE/debs-$suite
    mkdir -p "$debs"
    mmdebstrap --architectures=amd64 --variant=minbase \
        --aptopt='Acquire::Retries "3"' \
        --skip=essential/unlink --skip=download/empty \
        --setup-hook='mkdir -p "$1/var/cache/apt/archives/partial"' \
        --setup-hook="sync_in() { for d in '$debs'/*.deb; do
            [ -e \"\$d\" ] || continue
            ln \"\$d\" \"\$1/var/cache/apt/archives/\" 2>/dev/null ||
                cp \"\$d\" \"\$1/var/cache/apt/archives/\"
            done; }; sync_in \"\$1\"" \
        --customize-hook="for d in \"\$1\"/var/cache/apt/archives/*.deb; do
            b='$debs'/\$(basename \"\$d\")
            [ -e \"\$b\" ] || { cp \"\$d\" \"\$b.\$\$\" && mv \"\$b.\$\$\" \"\$b\"; }
            done" \
        "$@" "$suite" "$root_target" \
        "deb $mirror $suite main" "deb $mirror $suite-updates main"
}

# The package names in a list file, joined by commas.
pkgs_of() {
    sed 's/#.*//' "$1" | tr -s ' \n' ',,' | sed 's/^,*//; s/,*$//'
}
