#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A tiny initrd: a static busybox, modules in /lib in the order in which they
# go in, and the files of a folder. Not compressed: emulated CPUs are slow.
# usage: initrd.sh DEBIAN-ROOT OUTPUT FOLDER MODULE...   (inside the bench)
set -eu
root=$1 out=$2 files=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir -p "$dir/bin" "$dir/dev" "$dir/proc" "$dir/sys" "$dir/lib" "$dir/root"
cp "$root/usr/bin/busybox" "$dir/bin/busybox"
ln -s busybox "$dir/bin/sh"
cp -r --preserve=mode "$files/." "$dir"
n=10
for ko in $(chroot "$root" modprobe -S "$(ls "$root/lib/modules")" \
    --show-depends -a "$@" | awk '$1 == "insmod" && !seen[$2]++ {print $2}'); do
    xz -dc "$root$ko" >"$dir/lib/$n-$(basename "$ko" .xz)"
    n=$((n + 1))
done
find "$dir" -exec touch -h -d @0 {} +
(cd "$dir" && find . | LC_ALL=C sort |
    cpio --quiet -o -H newc -R 0:0) >"$out"
