#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes sure the Debian guest's disk exists and prints its path.
# An unmodified Debian 13 on an MBR disk as an installer leaves it: GRUB
# (i386-pc), stock kernel, ext4, consoles on VGA, serial port and, as a Xen
# guest, hvc0; DHCP on every network card; root without a password.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bench_dir=$(CDPATH='' cd -- "$here/.." && pwd)
. "$bench_dir/lib.sh"

hash=$(recipe_hash images/guest-debian.sh images/guest-debian.pkgs \
    images/guest-debian images/grub-to-mbr)
out=$LODGE_CACHE/guest-debian-$hash
part=$out.partial
log=$LODGE_CACHE/log/guest-debian.log

masked="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    e2scrub_all.timer e2scrub_reap.service fstrim.timer getty-static.service
    systemd-networkd-wait-online.service"

# Runs after all packages are in; $1 is the new root.
customize() {
    r=$1
    for unit in $masked; do
        ln -sf /dev/null "$r/etc/systemd/system/$unit"
    done
    chroot "$r" systemctl enable systemd-networkd.service
    chroot "$r" passwd -d root
    echo guest >"$r/etc/hostname"
    echo '127.0.0.1 localhost guest' >"$r/etc/hosts"
    echo 'nameserver 10.0.2.3' >"$r/etc/resolv.conf"
    echo 6c6f6467650000000000000000000003 >"$r/etc/machine-id"
    : >"$r/root/.hushlogin"
    mkdir -p "$r/boot/grub/i386-pc"
    cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst \
        "$r/boot/grub/i386-pc/"
    touch "$r/etc/.updated" "$r/var/.updated"
}

build_root() {
    rm -rf "$part"
    mkdir -p "$part"
    debian_root "$part/root" --mode=root --format=directory \
        --include="$(pkgs_of "$here/guest-debian.pkgs")" \
        --essential-hook="cp -r --preserve=mode '$here/guest-debian/.' \"\$1/\"" \
        --customize-hook="'$here/guest-debian.sh' customize \"\$1\""
}

# One partition from 1 MiB on; GRUB's core image lies in the gap before it.
build_disk() {
    rm -rf "$part"/root/usr/share/doc "$part"/root/usr/share/man \
        "$part"/root/usr/share/locale
    truncate -s 1200M "$part/disk.img"
    mke2fs -q -t ext4 -L lodge-guest -d "$part/root" \
        -U 6c6f6467-6500-4000-8000-000000000003 \
        -E offset=1048576,hash_seed=6c6f6467-6500-4000-8000-000000000004 \
        "$part/disk.img" 1199M
    printf 'label: dos\nlabel-id: 0x6c6f6467\nstart=2048, type=83, bootable\n' |
        sfdisk -q "$part/disk.img"
    grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o "$part/core.img" \
        biosdisk part_msdos ext2
    "$here/grub-to-mbr" /usr/lib/grub/i386-pc/boot.img "$part/core.img" \
        "$part/disk.img"
    rm -rf "$part/root" "$part/core.img"
    mv "$part" "$out"
}

case ${1:-} in
customize | build_root | build_disk)
    "$@"
    exit
    ;;
esac
if [ ! -d "$out" ]; then
    [ -n "${LODGE_IN_BENCH:-}" ] ||
        exec "$bench_dir/in-bench" "$here/guest-debian.sh"
    take_lock guest-debian
    if [ ! -d "$out" ]; then
        : >"$log"
        stage "$log" "guest: Debian 13 root (1 min)" \
            "$here/guest-debian.sh" build_root
        stage "$log" "guest: disk with GRUB" \
            "$here/guest-debian.sh" build_disk
    fi
fi
echo "$out/disk.img"
