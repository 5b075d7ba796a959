#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Drops chroots and images in the cache that today's recipes do not use.
set -eu
. "$(dirname -- "$0")/lib.sh"

keep=" $("$bench_dir/chroot.sh") $("$bench_dir/images/dom0.sh")
    $(dirname "$("$bench_dir/images/guest-debian.sh")") "
for path in "$LODGE_CACHE"/bench-* "$LODGE_CACHE"/dom0-* \
    "$LODGE_CACHE"/guest-debian-*; do
    [ -d "$path" ] || continue
    case $keep in
    *"$path "* | *"$path
"*) ;;
    *)
        echo "removing $path"
        rm -rf --one-file-system "$path"
        ;;
    esac
done
