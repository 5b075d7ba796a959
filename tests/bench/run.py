#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make run, make shell: the emulated machine from power-on to a guest.

    run.py          boots, creates the demo guest, reports every stage; stays
                    until Ctrl-C if stdin is a terminal, else powers off
    run.py shell    boots to domain 0 and hands its console to the terminal
    run.py iso      only makes the boot ISO, lodge.iso in the build folder

Variables: see Setup in setup.py; also GUEST (name of a configuration in
tests/bench/xl, "none" for domain 0 only) and SLOW (factor on time limits).
"""
import os
import re
import select
import sys
import termios
import time
import tty

import screen
from dom0 import Dom0
from machine import Machine
from setup import BUILD, Failure, Setup, env, main_guard

SLOW = float(env("SLOW", "1"))

# What is seen on the serial port on the way to domain 0: text, pattern,
# seconds from the stage before.
BOOT_STAGES = [
    ("hypervisor banner", r"\(XEN\) Xen version|\(LODGE\)|Lodge \d", 120),
    ("dom0 kernel", r"\] Linux version ", 120),
    ("dom0 init", r"Run /init as init process", 180),
    ("dom0 systemd", r"systemd\[1\]: systemd \d+", 180),
    ("dom0 root shell", r"root@lodge-dom0:.*#", 300),
]

# What is seen on the console of a guest, by kind of guest.
GUEST_STAGES = {
    "serial": [
        ("guest GRUB", r"GNU GRUB|Booting `", 240),
        ("guest kernel loaded", r"Starting Linux", 900),
        ("guest login prompt", r"login: ?$", 900),
    ],
    "pv": [
        ("guest kernel", r"Linux version ", 120),
        ("guest shell", r"shell ready", 300),
    ],
    "screen": [],
}
SCREEN_READY = {"freedos": r"[A-Z]:\\>|Do you want to", }


class Stages:
    """Prints one line per stage and remembers the times."""

    def __init__(self):
        self.start = self.last = time.monotonic()

    def done(self, text, note=""):
        now = time.monotonic()
        print(f"[{now - self.start:6.1f} s] {text:<22} +{now - self.last:5.1f} s"
              f"{'  ' + note if note else ''}", flush=True)
        self.last = now


def in_stage(stages, text, action, note=None):
    """Runs an action; a Failure names the stage."""
    try:
        result = action()
    except Failure as failure:
        raise Failure(f"stage '{text}': {failure}") from None
    stages.done(text, note(result) if note else "")
    return result


def boot(setup, stages, machine):
    """Watches the machine up to domain 0's shell."""
    at = 0
    for text, pattern, limit in BOOT_STAGES:
        at = in_stage(stages, text, lambda p=pattern, n=limit, a=at:
                      machine.wait(p, n * SLOW, a)).end()
    return at


def connect(stages, machine):
    """From the shell prompt to a domain 0 that takes commands."""
    dom0 = Dom0(machine)
    in_stage(stages, "dom0 takes commands", lambda: dom0.connect(180 * SLOW))
    dom0.check("dmesg -n 1")
    in_stage(stages, "dom0 Xen services", lambda: dom0.check(
        "systemctl is-system-running --wait >/dev/null; xl list",
        240 * SLOW), lambda out: f"{out.count(chr(10)) - 1} domain")
    return dom0


def console_kind(guest):
    """Which console of a guest speaks: "serial", "pv" or only the "screen"."""
    path = os.path.join(os.path.dirname(__file__), "xl", f"{guest}.cfg")
    try:
        with open(path, encoding="utf-8") as f:
            config = f.read()
    except OSError:
        raise Failure(f"no guest {guest} in tests/bench/xl") from None
    if 'type = "pvh"' in config:
        return "pv"
    return "serial" if "serial =" in config else "screen"


def create(setup, dom0, guest, limit=300):
    """xl create, with the guest's console copied from the first byte on."""
    if not guest.replace("-", "").isalnum():
        raise Failure(f"GUEST={guest} is no name")
    out = dom0.check(f"xl create -p /etc/lodge-guests/{guest}.cfg"
                     + setup.guest_overrides(), limit * SLOW)
    kind = console_kind(guest)
    if kind != "screen":
        dom0.open_console(guest, kind)
    dom0.check(f"xl unpause {guest}")
    return out


def guest_to_prompt(setup, stages, dom0, guest):
    """Creates a guest and watches it up to its prompt."""
    in_stage(stages, f"guest {guest} created",
             lambda: create(setup, dom0, guest))
    kind = console_kind(guest)
    if kind == "serial":
        in_stage(stages, "guest SeaBIOS", lambda: wait_screen(
            dom0, guest, r"SeaBIOS|GRUB|Booting|iPXE", 180 * SLOW))
    for text, pattern, limit in GUEST_STAGES[kind]:
        in_stage(stages, text, lambda p=pattern, n=limit:
                 dom0.wait_console(guest, p, n * SLOW))
    if kind == "screen":
        in_stage(stages, "guest prompt", lambda: wait_screen(
            dom0, guest, SCREEN_READY.get(guest, r"\S"), 300 * SLOW))


def wait_screen(dom0, guest, pattern, limit):
    """Waits for a pattern in the guest's VGA text."""
    end = time.monotonic() + limit
    while True:
        text = screen.text(dom0, guest)
        if re.search(pattern, text, re.M):
            return text
        if time.monotonic() > end:
            last = text.split("\n")[-1] if text else "nothing"
            raise Failure(f"{guest}'s screen did not show '{pattern}' within "
                          f"{limit:.0f} s; its last line: {last}")
        time.sleep(2)


def report(setup, stages, machine, dom0, guest):
    """Screenshot and where everything is."""
    if console_kind(guest) != "pv":
        path = os.path.join(setup.run_dir, f"{guest}.png")
        in_stage(stages, "screenshot",
                 lambda: screen.save_png(dom0, guest, path),
                 lambda r: f"{os.path.relpath(path)} ({r[0]}x{r[1]}, "
                           f"{r[2]} colours)")
    print(f"  serial log     {os.path.relpath(machine.log_path)}")
    print(f"  VNC            127.0.0.1:{machine.vnc_port} is guest VNC "
          "display :1 (the demo guest), the next three ports are :2 to :4")
    print("  consoles       make shell, then: xl create "
          "/etc/lodge-guests/NAME.cfg; xl console [-t serial] NAME",
          flush=True)


def power_off(stages, machine, dom0):
    """Domain 0's own power-off; the hard way only if it hangs."""
    try:
        if dom0 and dom0.hello:
            dom0.request(30, op="run", limit=20, cmd="systemctl --no-block "
                         "poweroff")
        end = time.monotonic() + 120 * SLOW
        while machine.running() and time.monotonic() < end:
            time.sleep(0.2)
        if machine.running():
            raise Failure("stage 'power-off': the machine was still on after "
                          f"{120 * SLOW:.0f} s")
        stages.done("powered off")
    finally:
        machine.end()


def run():
    setup = Setup()
    guest = env("GUEST", "debian")
    if guest != "none":
        console_kind(guest)
    print(f"hypervisor {setup.hypervisor}, boot {setup.boot}, guest {guest}, "
          f"outer machine: {env('CPU', 'EPYC,+x2apic')}, "
          f"{env('SMP', '2')} CPUs, {env('MEM', '4096')} MiB", flush=True)
    stages = Stages()
    machine = Machine(setup)
    dom0 = None
    stages.done("machine on")
    try:
        boot(setup, stages, machine)
        dom0 = connect(stages, machine)
        dom0.on_console_line = lambda name, line: print(
            f"  {name}| {line}", flush=True)
        if guest != "none":
            guest_to_prompt(setup, stages, dom0, guest)
            report(setup, stages, machine, dom0, guest)
        if sys.stdin.isatty():
            print("Running. Ctrl-C powers the machine off.", flush=True)
            try:
                while machine.running():
                    time.sleep(0.5)
            except KeyboardInterrupt:
                print("\npowering off", flush=True)
        power_off(stages, machine, dom0)
    except Failure as failure:
        print(f"last lines of {os.path.relpath(machine.log_path)}:\n"
              + machine.tail(), file=sys.stderr)
        raise Failure(f"{failure}; whole log: "
                      f"{os.path.relpath(machine.log_path)}") from None
    finally:
        machine.end()
    return 0


def shell():
    """Domain 0's console on this terminal; Ctrl-] ends."""
    setup = Setup()
    stages = Stages()
    machine = Machine(setup)
    try:
        boot(setup, stages, machine)
        if not sys.stdin.isatty():
            raise Failure("make shell needs a terminal")
        print("Domain 0's console. Ctrl-] powers the machine off.",
              flush=True)
        old = termios.tcgetattr(0)
        tty.setraw(0)
        machine.raw_sink = sys.stdout.buffer
        machine.write(b"\n")
        try:
            while machine.running():
                if not select.select([0], [], [], 0.5)[0]:
                    continue
                data = os.read(0, 64)
                if not data or b"\x1d" in data:
                    break
                machine.write(data)
        finally:
            machine.raw_sink = None
            termios.tcsetattr(0, termios.TCSANOW, old)
        if machine.running():
            print("\npowering off", flush=True)
            machine.qmp_command("system_powerdown")
            power_off(stages, machine, None)
    finally:
        machine.end()
    return 0


def iso():
    """Makes the ISO for real machines and for others' emulators."""
    setup = Setup()
    start = time.monotonic()
    path = setup.iso(os.path.join(BUILD, f"{setup.hypervisor}.iso"))
    print(f"{os.path.relpath(path)}: {os.path.getsize(path) >> 20} MiB, "
          f"made in {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    actions = {"run": run, "shell": shell, "iso": iso}
    action = (sys.argv[1:] or ["run"])[0]
    if action not in actions:
        sys.exit("usage: run.py [run | shell | iso]")
    main_guard(actions[action])
