#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds SeaBIOS in the bench chroot from Debian's source package:
#     firmware/seabios.sh build/firmware/seabios.bin
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$(dirname -- "$1")"
out=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
work=$out.work
log=$out.log

build() {
    mkdir "$work"
    tar -xf /usr/src/seabios_*.orig.tar.gz -C "$work" --strip-components=1
    patch -d "$work" -p1 <"$here/atapi-dma.patch"
    cp "$here/seabios.config" "$work/.config"
    version=$(basename /usr/src/seabios_*.dsc .dsc)
    for goal in olddefconfig out/bios.bin; do
        make -C "$work" PYTHON='python3 -B' EXTRAVERSION="-${version#*-}-lodge" \
            "$goal"
    done
    mv "$work/out/bios.bin" "$out"
}

echo "  SEABIOS $1"
rm -rf "$work"
(set -e; build) >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
rm -rf "$work"
