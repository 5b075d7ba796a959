#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The initrd of the PVH guest: a static busybox, the two PV drivers, a shell.
# usage: pvh-initrd.sh DEBIAN-ROOT OUTPUT   (inside the bench)
set -eu
root=$1 out=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

mkdir -p "$dir/bin" "$dir/sbin" "$dir/dev" "$dir/proc" "$dir/sys" "$dir/lib"
cp "$root/usr/lib/initramfs-tools/bin/busybox" "$dir/bin/busybox" 2>/dev/null ||
    cp "$root/usr/bin/busybox" "$dir/bin/busybox"
for name in xen-netfront xen-blkfront; do
    ko=$(find "$root"/lib/modules/*/ -name "$name.ko*" | head -n 1)
    case $ko in
    *.xz) xz -dc "$ko" >"$dir/lib/$name.ko" ;;
    *) cp "$ko" "$dir/lib/$name.ko" ;;
    esac
done
cat >"$dir/bin/udhcpc-script" <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/${mask:-24}" dev "$interface"
ip route add default via "${router%% *}"
SCRIPT
cat >"$dir/init" <<'SCRIPT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for m in /lib/*.ko; do insmod "$m"; done
if [ -e /sys/class/net/eth0 ]; then
    ip link set eth0 up
    udhcpc -i eth0 -n -q -t 3 -s /bin/udhcpc-script >/dev/null 2>&1 &
fi
echo "lodge-pvh: shell ready on $(uname -sr)"
while :; do
    setsid sh -c 'exec sh -l </dev/hvc0 >/dev/hvc0 2>&1'
done
SCRIPT
sed -i 's,^#!/bin/busybox sh,#!/bin/busybox sh\nexport PATH=/bin PS1="pvh# ",' \
    "$dir/init"
ln -s busybox "$dir/bin/sh"
# What the kernel runs when the toolstack asks for it (xl shutdown, xl reboot).
for command in poweroff reboot; do
    printf '#!/bin/sh\nexec /bin/busybox %s -f\n' $command \
        >"$dir/sbin/$command"
    chmod 755 "$dir/sbin/$command"
done
chmod 755 "$dir/init" "$dir/bin/udhcpc-script"
find "$dir" -exec touch -h -d @0 {} +
(cd "$dir" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) |
    gzip -n >"$out"
