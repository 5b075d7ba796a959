#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes sure the bench chroot exists (a Debian 13 tree with compilers and
# emulators) and prints its path.  Keyed by the hash of its recipe: this file
# and bench.pkgs.  Never changes a chroot that is complete.
set -eu
. "$(dirname -- "$0")/lib.sh"

hash=$(recipe_hash bench.pkgs chroot.sh)
root=$LODGE_CACHE/bench-$hash

build() {
    rm -rf "$root.partial"
    mode=root
    [ "$(id -u)" = 0 ] || mode=unshare
    # Only Debian 12 has bochsbios, Bochs's own firmware. SeaBIOS is built from
    # source, which apt verifies as it does packages.
    debian_root "$root.partial" --mode=$mode --format=directory \
        --setup-hook="echo 'deb $mirror bookworm main' \
            >\"\$1/etc/apt/sources.list.d/bookworm.list\"" \
        --setup-hook="echo 'deb-src $mirror $suite main' \
            >\"\$1/etc/apt/sources.list.d/source.list\"" \
        --customize-hook='cd "$1/usr/src" &&
            APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get source --download-only seabios' \
        --include="$(pkgs_of "$bench_dir/bench.pkgs")" \
        --customize-hook='rm -f "$1/etc/resolv.conf"; : >"$1/etc/resolv.conf"'
    mv "$root.partial" "$root"
}

if [ "${1:-}" = build ]; then
    build
    exit
fi
if [ ! -d "$root" ]; then
    take_lock bench
    if ! command -v mmdebstrap >/dev/null; then
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
            die "mmdebstrap is missing: install it (apt install mmdebstrap)"
        stage "$LODGE_CACHE/log/bench.log" "bench: installing mmdebstrap" \
            sh -c 'apt-get install -y mmdebstrap ||
                   { apt-get update && apt-get install -y mmdebstrap; }'
    fi
    if [ ! -d "$root" ]; then
        : >"$LODGE_CACHE/log/bench.log"
        stage "$LODGE_CACHE/log/bench.log" \
            "bench: Debian 13 chroot with compilers and emulators (3-6 min)" \
            "$0" build
    fi
fi
echo "$root"
