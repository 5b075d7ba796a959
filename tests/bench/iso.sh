#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes a bootable ISO (BIOS and UEFI) of a hypervisor and domain 0:
#     iso.sh OUT.iso HYPERVISOR "OPTIONS" KERNEL "ARGUMENTS" INITRD
# A hypervisor named *.gz is unpacked by GRUB.  Runs inside the bench.
set -eu
[ $# = 6 ] || { echo "usage: iso.sh OUT HV OPTIONS KERNEL ARGS INITRD" >&2; exit 2; }
out=$1 hv=$2 hv_options=$3 kernel=$4 kernel_args=$5 initrd=$6

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
dir=$tmp/iso
mkdir -p "$dir/boot/grub"
name=$(basename "$hv")
cp "$hv" "$dir/boot/$name"
cp "$kernel" "$dir/boot/vmlinux"
cp "$initrd" "$dir/boot/initrd.img"
cat >"$dir/boot/grub/grub.cfg" <<CFG
set timeout=0
serial --unit=0 --speed=115200
terminal_output serial console
menuentry 'hypervisor and domain 0' {
    insmod gzio
    multiboot2 /boot/$name $hv_options
    module2 /boot/vmlinux $kernel_args
    module2 /boot/initrd.img
}
CFG
grub-mkrescue -o "$out.partial" "$dir" --locales= --fonts= --themes= \
    --compress=no 2>"$tmp/log" || { cat "$tmp/log" >&2; exit 1; }
mv "$out.partial" "$out"
