#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds SeaBIOS in the bench chroot from Debian's source package, unless what
# is there was made of the same:
#     firmware/seabios.sh build/firmware/seabios.bin
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
dsc=$(ls /usr/src/seabios_*.dsc)
version=$(basename "$dsc" .dsc)

# In a process of its own: in a function that is asked for its outcome "set -e"
# would not count.
if [ "$1" = build ]; then
    mkdir "$2"
    cd "$2"
    tar -xf "${dsc%-*}.orig.tar.gz" --strip-components=1
    patch -F0 -p1 <"$here/atapi-dma.patch"
    cp "$here/seabios.config" .config
    for goal in olddefconfig out/bios.bin; do
        env -u MAKEFLAGS -u MFLAGS make PYTHON='python3 -B' \
            EXTRAVERSION="-${version#*-}-lodge" "$goal"
    done
    exit
fi

mkdir -p "$(dirname -- "$1")"
out=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
from=$(cat "$dsc" "$here"/* | sha256sum)
[ ! -e "$out.from" ] || [ "$(cat "$out.from")" != "$from" ] || exit 0
echo "  SEABIOS $1"
rm -rf "$out" "$out.from" "$out.work"
"$0" build "$out.work" >"$out.log" 2>&1 || {
    tail -n 20 "$out.log" >&2
    exit 1
}
mv "$out.work/out/bios.bin" "$out"
echo "$from" >"$out.from"
rm -rf "$out.work"
