#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes sure domain 0's image exists and prints its folder, which holds
#     disk.img   ext4 root, label lodge-dom0 (attach it with snapshot=on)
#     vmlinux    Debian's kernel as plain ELF, initrd.img, vmlinuz
#     initrd-ide.img   a tiny one for machines with IDE
# An unmodified Debian 13 with Xen 4.20's userland plus the files in dom0/,
# the guests' configurations, the tiny initrd of the PVH guest and its disk.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bench_dir=$(CDPATH='' cd -- "$here/.." && pwd)
. "$bench_dir/lib.sh"

hash=$(recipe_hash images/dom0.sh images/dom0.pkgs images/dom0 \
    images/initrd.sh images/initrd xl extract-vmlinux)
out=$LODGE_CACHE/dom0-$hash
part=$out.partial
log=$LODGE_CACHE/log/dom0.log

# Services that cost seconds on an emulated machine and give nothing here.
masked="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    e2scrub_all.timer e2scrub_reap.service fstrim.timer man-db.timer
    systemd-tmpfiles-clean.timer systemd-pstore.service
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount
    systemd-hwdb-update.service systemd-journal-catalog-update.service
    systemd-journal-flush.service ldconfig.service systemd-update-done.service
    systemd-random-seed.service systemd-firstboot.service
    systemd-machine-id-commit.service systemd-sysusers.service
    systemd-tpm2-setup.service systemd-tpm2-setup-early.service
    systemd-pcrmachine.service systemd-pcrphase.service
    systemd-pcrphase-sysinit.service systemd-hibernate-clear.service
    systemd-logind.service systemd-ask-password-console.path
    systemd-ask-password-wall.path sys-kernel-debug.mount
    sys-kernel-tracing.mount sys-kernel-config.mount
    sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount
    xendomains.service getty@tty1.service getty-static.service"

# Runs after all packages are in; $1 is the new root.
customize() {
    r=$1
    for unit in $masked; do
        ln -sf /dev/null "$r/etc/systemd/system/$unit"
    done
    chroot "$r" systemctl enable xenbr0.service
    chroot "$r" passwd -d root
    echo lodge-dom0 >"$r/etc/hostname"
    echo '127.0.0.1 localhost lodge-dom0' >"$r/etc/hosts"
    echo 'nameserver 10.0.2.3' >"$r/etc/resolv.conf"
    # A machine id of its own spares the first-boot work on every boot.
    echo 6c6f6467650000000000000000000001 >"$r/etc/machine-id"
    : >"$r/root/.hushlogin"
    mkdir -p "$r/srv/guests" "$r/etc/lodge-guests" "$r/var/lib/lodge-guests"
    "$bench_dir/extract-vmlinux" "$r"/boot/vmlinuz-* \
        "$r/var/lib/lodge-guests/vmlinux"
    cp "$bench_dir"/xl/*.cfg "$r/etc/lodge-guests/"
    "$here/initrd.sh" "$r" "$r/var/lib/lodge-guests/pvh-initrd.img" \
        "$here/initrd/pvh" xen-netfront xen-blkfront
    truncate -s 16M "$r/var/lib/lodge-guests/pvh-disk.img"
    "$here/initrd.sh" "$r" "$r/boot/initrd-ide.img" \
        "$here/initrd/dom0" ata_piix sd_mod ext4
    touch "$r/etc/.updated" "$r/var/.updated"
}

build_root() {
    rm -rf "$part"
    mkdir -p "$part"
    debian_root "$part/root" --mode=root --format=directory \
        --include="$(pkgs_of "$here/dom0.pkgs")" \
        --essential-hook="cp -r --preserve=mode '$here/dom0/.' \"\$1/\"" \
        --customize-hook="'$here/dom0.sh' customize \"\$1\""
}

build_images() {
    cp "$part"/root/boot/vmlinuz-* "$part/vmlinuz"
    cp "$part"/root/boot/initrd.img-* "$part/initrd.img"
    mv "$part/root/boot/initrd-ide.img" "$part/initrd-ide.img"
    cp "$part/root/var/lib/lodge-guests/vmlinux" "$part/vmlinux"
    # Manuals and translations: nobody reads them here.
    rm -rf "$part"/root/usr/share/doc "$part"/root/usr/share/man \
        "$part"/root/usr/share/locale "$part"/root/var/lib/apt/lists
    truncate -s 1400M "$part/disk.img"
    mke2fs -q -t ext4 -L lodge-dom0 -d "$part/root" \
        -U 6c6f6467-6500-4000-8000-000000000001 \
        -E hash_seed=6c6f6467-6500-4000-8000-000000000002 \
        -O ^metadata_csum "$part/disk.img"
    rm -rf "$part/root"
    mv "$part" "$out"
}

case ${1:-} in
customize | build_root | build_images)
    "$@"
    exit
    ;;
esac
if [ ! -d "$out" ]; then
    [ -n "${LODGE_IN_BENCH:-}" ] || exec "$bench_dir/in-bench" "$here/dom0.sh"
    take_lock dom0
    if [ ! -d "$out" ]; then
        : >"$log"
        stage "$log" "dom0: Debian 13 root with Xen's tools (1-2 min)" \
            "$here/dom0.sh" build_root
        stage "$log" "dom0: kernel, initrd, disk image" \
            "$here/dom0.sh" build_images
    fi
fi
echo "$out"
