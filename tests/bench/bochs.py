#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A machine that Bochs emulates, started with the hypervisor:

    bochs.py [OPTION...] LOG HYPERVISOR "OPTIONS" ["FILE ARGUMENTS"...]

The files are the boot loader's modules. Bochs starts from CD only, so an ISO
with GRUB is made; it and Bochs's other files are LOG.bochs/*. The serial port
goes to LOG. Runs inside the bench until the machine powers off or restarts;
status 1 if Bochs ended for another reason.

The firmware is Bochs's own: SeaBIOS finds one CPU only there and takes five
times as long.
"""
import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
GRUB_MODULES = "biosdisk iso9660 multiboot multiboot2 normal".split()
# In Bochs's log.
RESET = "bx_pc_system_c::Reset("        # also once at the start
POWER_OFF = "soft power off"

PR_SET_PDEATHSIG = 1

# Nothing of what the host has: no sound, no network, no window. A debugger
# that gets no command but "c" from the file rc.
CONFIGURATION = """\
plugin_ctrl: biosdev=1, unmapped=1, serial=1, speaker=0, parallel=0
megs: {ram}
cpu: model={model}, count={cpus}, ips={ips}000000, reset_on_triple_fault=1
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/seabios/vgabios-isavga.bin
ata0-master: type=cdrom, path={folder}/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, {serial}
display_library: rfb, options="timeout=0"
log: {folder}/log
clock: sync=none, time0=utc
panic: action=fatal
error: action=report
info: action=report
"""


def die_with_parent():
    """No orphan may eat the CPU after its parent was killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def grub():
    """GRUB as El Torito wants it, made once."""
    image = os.path.join(TOP, os.environ.get("B", "build"), "bochs-grub.img")
    if not os.path.exists(image):
        partial = f"{image}.{os.getpid()}"
        subprocess.run(["grub-mkimage", "-O", "i386-pc-eltorito", "-p",
                        "(cd)/boot", "-o", partial] + GRUB_MODULES, check=True)
        os.rename(partial, image)
    return image


def make_iso(iso, folder, hypervisor, options, modules):
    """Without symbols, which GRUB would load too, at a disk's pace."""
    boot = os.path.join(folder, "boot")
    os.makedirs(boot)
    shutil.copy(grub(), os.path.join(boot, "grub.img"))
    text = f"set timeout=0\nmultiboot /boot/hypervisor {options}\n"
    files = [("hypervisor", hypervisor)]
    for i, module in enumerate(modules):
        path, _, arguments = module.partition(" ")
        files.append((f"module{i}", path))
        text += f"module /boot/module{i} {arguments}\n"
    write(os.path.join(boot, "grub.cfg"), text + "boot\n")
    for name, path in files:
        copy = os.path.join(boot, name)
        if subprocess.run(["strip", "-o", copy, path], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            shutil.copy(path, copy)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso,
                    "-b", "boot/grub.img", "-no-emul-boot", "-boot-load-size",
                    "4", "-boot-info-table", folder], check=True,
                   stderr=subprocess.DEVNULL)


def prepare(arguments):
    """Fills the machine's folder; returns it."""
    folder = arguments.log + ".bochs"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    make_iso(os.path.join(folder, "boot.iso"), os.path.join(folder, "cd"),
             arguments.hypervisor, arguments.options, arguments.modules)
    write(os.path.join(folder, "rc"), "c\n")
    write(os.path.join(folder, "bochsrc"), CONFIGURATION.format(
        folder=folder, **vars(arguments)) + "".join(
            disk(i, path, folder) for i, path in enumerate(arguments.disk)))
    return folder


def disk(number, path, folder):
    """One IDE disk of whole MiB whose changes are thrown away at the end."""
    return (f"ata{(number + 1) // 2}-{('master', 'slave')[(number + 1) % 2]}: "
            f"type=disk, mode=volatile, path={path}, "
            f"journal={folder}/disk{number}, "
            f"cylinders={os.path.getsize(path) >> 18}, heads=16, spt=32\n")


def serial_on_stdio():
    """Makes stdin and stdout the other end of the serial port, and returns
    what Bochs needs to know about it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy_out():
        port, _ = listener.accept()
        threading.Thread(target=copy_in, args=(port,), daemon=True).start()
        while data := port.recv(65536):
            os.write(1, data)

    def copy_in(port):
        while data := os.read(0, 512):
            port.sendall(data)

    threading.Thread(target=copy_out, daemon=True).start()
    return f"mode=socket-client, dev=localhost:{listener.getsockname()[1]}"


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def run(folder):
    log = os.path.join(folder, "log")
    with open(os.path.join(folder, "out"), "wb") as out:
        bochs = subprocess.Popen(
            ["bochs", "-q", "-f", os.path.join(folder, "bochsrc"),
             "-rc", os.path.join(folder, "rc")], stdin=subprocess.DEVNULL,
            stdout=out, stderr=out, preexec_fn=die_with_parent)
    try:
        while bochs.poll() is None and read(log).count(RESET) < 2:
            time.sleep(0.1)
    finally:
        bochs.kill()
        bochs.wait()
    text = read(log)
    if POWER_OFF in text or text.count(RESET) > 1:
        return 0
    print(read(out.name)[-2000:])
    print(f"Bochs ended with status {bochs.returncode}")
    return 1


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--model", default="ryzen")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--ram", type=int, default=512, help="MiB")
    parser.add_argument("--ips", type=int, default=10,
                        help="million instructions per emulated second")
    parser.add_argument("--disk", action="append", default=[])
    parser.add_argument("--stdio", action="store_true",
                        help="serial port here; LOG only names the files")
    parser.add_argument("log")
    parser.add_argument("hypervisor")
    parser.add_argument("options")
    parser.add_argument("modules", nargs="*")
    arguments = parser.parse_args()
    arguments.serial = (serial_on_stdio() if arguments.stdio else
                        f"mode=file, dev={arguments.log}")
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return run(prepare(arguments))


if __name__ == "__main__":
    sys.exit(main())
