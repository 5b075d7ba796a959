#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The part of the bench that runs in domain 0: in-dom0.py STEP [NUMBER]

Prints a line `= FIGURE VALUE` for each figure; the names are those of
figures.ini. Times are in ms of domain 0's clock. On the counted machine
that is a count of instructions too, a million a ms, and the time in which no
CPU had anything to do.
"""
import ctypes
import os
import re
import socket
import subprocess
import sys
import time

FILES = "/srv/guests/perf"
LOGS = "/run/lodge"
SEABIOS = "/srv/guests/seabios.bin"
DISK = "/dev/loop7"     # of guests, see step_disk()
PAGE_KIB = 4
LIMIT = 1800            # seconds of domain 0's clock


def show(name, value):
    print(f"= {name} {value:.6g}", flush=True)


def xl(*words, overrides=True):
    """One command, which must succeed; how long it took."""
    words = list(words)
    if words[0] == "create":
        words[-1:] = [f"{FILES}/{words[-1]}.cfg"]
        if overrides:
            words += OVERRIDES
    start = time.monotonic()
    done = subprocess.run(["xl", *words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit(f"xl {' '.join(words)}: {done.stdout.strip()[-300:]}")
    return 1000 * (time.monotonic() - start)


def domid(name):
    return int(subprocess.run(["xl", "domid", name], check=True,
                              stdout=subprocess.PIPE).stdout)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def wait(path, pattern, pause):
    """Until the file has the pattern: the file, and the time."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        text = read(path)
        if re.search(pattern, text, re.M):
            return text, time.monotonic()
        time.sleep(pause)
    sys.exit(f"{path}: nothing like '{pattern}': {text[-300:]}")


# -- what the toolstack's library knows -----------------------------------------

class Physinfo(ctypes.Structure):
    _fields_ = [("numbers", ctypes.c_uint32 * 9)] + [
        (name, ctypes.c_uint64) for name in (
            "total", "free", "scrub", "outstanding", "max_mfn")] + [
        ("hw_cap", ctypes.c_uint32 * 8)]


class DomainInfo(ctypes.Structure):
    _fields_ = [("domid", ctypes.c_uint16), ("pad", ctypes.c_uint16),
                ("flags", ctypes.c_uint32), ("pages", ctypes.c_uint64),
                ("rest", ctypes.c_char * 512)]


class Library:
    def __init__(self):
        self.xc = ctypes.CDLL("libxenctrl.so.4.20")
        self.xc.xc_interface_open.restype = ctypes.c_void_p
        self.handle = ctypes.c_void_p(
            self.xc.xc_interface_open(None, None, 0))

    def free_kib(self):
        """When all that was given back is free again."""
        info, last = Physinfo(), -1
        while True:
            if self.xc.xc_physinfo(self.handle, ctypes.byref(info)):
                sys.exit("xc_physinfo failed")
            if info.free == last and not info.scrub:
                return info.free * PAGE_KIB
            last = info.free
            time.sleep(0.5)

    def domain_kib(self, name):
        """The memory that the domain itself has."""
        info = DomainInfo()
        if self.xc.xc_domain_getinfo_single(self.handle, domid(name),
                                            ctypes.byref(info)):
            sys.exit("xc_domain_getinfo_single failed")
        return info.pages * PAGE_KIB


# -- steps -----------------------------------------------------------------------

def run_exit_cost():
    """The test kernel as a guest, with a domain that answers its events:
    figures by name."""
    log = f"{LOGS}/exit-cost.log"
    if os.path.exists(log):
        os.unlink(log)
    xl("create", "peer")
    xl("create", "exit-cost")
    text, _ = wait(log, r"^test exit-cost: ", 1)
    xl("destroy", "peer")
    if "checks ok" not in text:
        sys.exit(text[-1000:])
    while subprocess.run(["xl", "domid", "exit-cost"], check=False,
                         stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL).returncode == 0:
        time.sleep(0.2)
    return {name: int(value) for name, value in
            re.findall(r"^(\S.*?) {2,}(\d+)$", text, re.M)}


def step_exit():
    for name, value in run_exit_cost().items():
        show(name, value)


# What an idle domain might make dearer.
BESIDE = ["CPUID", "HLT, 2 ms APIC timer, late by",
          "IPI to a halted vCPU and back",
          "event to a halted domain and back", "serial port at QEMU"]


# What those that compute might make later.
LATE = ["wake-up late by, median", "wake-up late by, most"]


def beside(kind, numbers, names, what):
    """Figures with more and more domains of a kind there."""
    there = 0
    for n in numbers:
        while there < n:
            xl("create", "-q", f'name="{kind}{there}"', kind)
            there += 1
        costs = run_exit_cost()
        for name in names:
            if name in costs:
                show(f"{name}, beside {n} {what}", costs[name])
    for i in range(there):
        xl("destroy", f"{kind}{i}")


def step_idle(most):
    beside("idle", [n for n in (1, 8, 64, 256) if n <= int(most)], BESIDE,
           "domains")


def step_hogs():
    beside("hog", (1, 4), LATE, "that compute")


def step_create():
    for kind, name in ("PVH", "idle"), ("HVM", "exit-cost"):
        xl("create", "-p", name)        # what is read from the disk first
        xl("destroy", name)
        show(f"xl create, {kind}", xl("create", name))
        if kind == "HVM":
            wait(f"{LOGS}/exit-cost.log", r"^test exit-cost: ", 1)
            time.sleep(5)
            xl("create", "-p", name)
        show(f"xl destroy, {kind}", xl("destroy", name))


def memory_of_one(library, *settings):
    """KiB that a domain takes beside its own. Some are made first: they take
    what the hypervisor kept of domains that are gone."""
    names = [f"idle{i}" for i in range(FIRST + MORE)]
    for i, name in enumerate(names):
        if i == FIRST:
            free = library.free_kib()
        xl("create", f'name="{name}"', *settings, "idle")
    taken = free - library.free_kib() - sum(
        map(library.domain_kib, names[FIRST:]))
    for name in names:
        xl("destroy", name)
    return taken / MORE


FIRST, MORE = 2, 3      # domains


def step_memory():
    library = Library()
    one = memory_of_one(library)
    nine = memory_of_one(library, "vcpus=9", "maxvcpus=9")
    show("memory of a domain beside its own", one)
    show("memory of a vCPU", (nine - one) / 8)
    show("memory of the hypervisor", (int(RAM) << 10) - library.free_kib()
         - library.domain_kib("Domain-0"))


def step_map():
    """Frames of a guest into domain 0 and out again, as QEMU does it when a
    device of its reads or writes the guest's memory: a MiB each time."""
    library = ctypes.CDLL("libxenforeignmemory.so.1")
    library.xenforeignmemory_open.restype = ctypes.c_void_p
    library.xenforeignmemory_map.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.xenforeignmemory_open(None, 0))
    xl("create", "-p", "idle")
    guest = domid("idle")
    frames = (ctypes.c_uint64 * 256)(*range(256))
    errors = (ctypes.c_int * 256)()
    size = ctypes.c_size_t(256)
    times = []
    for _ in range(20):
        start = time.monotonic_ns()
        at = ctypes.c_void_p(library.xenforeignmemory_map(
            handle, guest, 3, size, frames, errors))
        mapped = time.monotonic_ns()
        if not at or any(errors):
            sys.exit("xenforeignmemory_map failed")
        times.append(mapped - start)
        start = time.monotonic_ns()
        library.xenforeignmemory_unmap(handle, at, size)
        times[-1] += time.monotonic_ns() - start
    show("page of a guest mapped and unmapped", min(times) / 256)
    xl("destroy", "idle")


def step_serve(size):
    """In the background, once: to whom connects to the first port, until all
    is received; to whom connects to the second, so many bytes."""
    sink, source = (socket.create_server(("10.0.2.9", port))
                    for port in (5001, 5002))
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    with sink.accept()[0] as peer:
        while peer.recv(1 << 20):
            pass
    with source.accept()[0] as peer:
        peer.sendall(bytes(int(size)))


def step_disk():
    """Puts the Debian guest's disk into memory. A real one's answer would take
    as long as the host's does, or no time: with an idle CPU the counted
    machine's clock jumps to the next timer."""
    image = "/dev/shm/guest.img"
    subprocess.run(["cp", "--sparse=always", "/dev/lodge/guest1", image],
                   check=True)
    subprocess.run(["losetup", DISK, image], check=True)
    subprocess.run(["cp", f"{FILES}/kernel.iso", "/dev/shm"], check=True)


def boot_guest(stages, *settings):
    """Starts the Debian guest and tells when the marks of its stages appear, by
    their names; a stage without one is waited for, but not told of."""
    times = {}
    log = f"{LOGS}/boot.log"
    if os.path.exists(log):
        os.unlink(log)
    xl("create", "-p", *settings, "boot")
    last = time.monotonic()
    xl("unpause", "boot")
    for name, pattern in stages:
        _, now = wait(log, pattern, 0.02)
        if name:
            times[name] = 1000 * (now - last)
        last = now
    xl("destroy", "boot")
    return times


def boot_with_each_seabios(stages, *settings):
    """Debian's, which each hypervisor has by itself, and the one that comes with
    Lodge, which reads by DMA. The figure without a name of either is that of
    the one that belongs to the hypervisor."""
    for whose, more in (("Debian", []),
                        ("Lodge", [f'bios_path_override="{SEABIOS}"'])):
        for name, ms in boot_guest(stages, *more, *settings).items():
            show(f"{name}, {whose}'s SeaBIOS", ms)
            if (whose == "Lodge") == (HYPERVISOR == "lodge"):
                show(name, ms)


def step_boot():
    """From a disk that any BIOS reads by DMA."""
    times = boot_guest([
        ("firmware to GRUB menu, AHCI", r"GNU GRUB|Booting `"),
        ("", r"Loading Linux"),
        ("kernel and RAM disk read, AHCI", r"Starting Linux"),
        ("Debian guest, kernel to login", r"login: ?$")], 'hdtype="ahci"')
    for name, ms in times.items():
        show(name, ms)


def step_ide():
    """From a disk that the BIOS reads by REP INSW, if not by DMA."""
    boot_with_each_seabios([
        ("firmware to GRUB menu, IDE", r"GNU GRUB|Booting `"),
        ("", r"Loading Linux"),
        ("kernel read, IDE", r"Loading initial")])


def step_cd():
    """The same from a CD."""
    boot_with_each_seabios([
        ("firmware to GRUB, CD", r"Loading Linux"),
        ("kernel read, CD", r"Loading initial")],
        'disk=["file:/dev/shm/kernel.iso,hdc:cdrom,r"]', 'boot="d"')


if __name__ == "__main__":
    OVERRIDES = os.environ.get("OVERRIDES", "").split()
    RAM = os.environ.get("RAM", "0")
    HYPERVISOR = os.environ.get("HYPERVISOR", "")
    os.makedirs(LOGS, exist_ok=True)
    globals()["step_" + sys.argv[1]](*sys.argv[2:])
