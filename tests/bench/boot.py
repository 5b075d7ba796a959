# SPDX-License-Identifier: GPL-2.0-only
"""The way from power-on to a running guest, in stages, and back.

Every stage has a time limit (seconds, times SLOW from the environment) and
one line of output.  Used by run.py and by the system tests.
"""
import contextlib
import os
import re
import sys
import threading
import time

import screen
from dom0 import Dom0
from setup import SLOW, Failure

# What is seen on the serial port on the way to domain 0: text, pattern,
# seconds from the stage before.
BOOT_STAGES = [
    ("hypervisor banner", r"\(XEN\) .*Xen version|\(LODGE\)|Lodge \d", 120),
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
SCREEN_READY = {"freedos": r"[A-Z]:\\>|Do you want to proceed",
                "grub": r"^grub>"}


class Stages:
    """Prints one line per stage when it ends, and while it runs: on a terminal
    a line that counts the seconds, elsewhere a sign of life now and then."""

    LIFE = 30       # seconds

    def __init__(self):
        self.start = self.last = time.monotonic()
        self.tty = sys.stdout.isatty()
        self.lock = threading.Lock()

    def say(self, text):
        """Prints a line, in place of the one that counts."""
        with self.lock:
            print(("\r\x1b[K" if self.tty else "") + text, flush=True)

    def done(self, text, note=""):
        now = time.monotonic()
        self.say(f"[{now - self.start:6.1f} s] {text:<22} "
                 f"+{now - self.last:5.1f} s{'  ' + note if note else ''}")
        self.last = now

    @contextlib.contextmanager
    def running(self, text):
        """Shows that a stage runs, until the block ends."""
        ended = threading.Event()

        def show():
            while not ended.wait(1 if self.tty else self.LIFE):
                now = time.monotonic()
                line = (f"[{now - self.start:6.1f} s] {text:<22} "
                        f"...{now - self.last:4.0f} s")
                with self.lock:
                    if not ended.is_set():
                        print("\r\x1b[K" + line if self.tty else line,
                              end="" if self.tty else "\n", flush=True)

        watcher = threading.Thread(target=show, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            if self.tty:
                print("\r\x1b[K", end="", flush=True)


def in_stage(stages, text, action, note=None):
    """Runs an action; a Failure names the stage."""
    try:
        with stages.running(text):
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
    command = (f"xl create -p /etc/lodge-guests/{guest}.cfg"
               + setup.guest_overrides())
    code, out = dom0.run(command, limit * SLOW)
    if code and "async_exec_timeout" in out:
        # libxl gives a hotplug script 40 s, which a busy host may overrun.
        out = dom0.check(command, limit * SLOW)
    elif code:
        raise Failure(f"xl create ended with status {code}: "
                      + " / ".join(out.strip().split("\n")[-4:]))
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


def power_off(stages, machine, dom0):
    """Domain 0's own power-off, by command or, where nobody takes commands,
    by the power button; the hard way only if it hangs."""
    try:
        if dom0 and dom0.hello:
            try:
                dom0.request(30, op="run", limit=20,
                             cmd="systemctl --no-block poweroff")
            except Failure:
                pass        # it may well be off before it has answered
        with stages.running("power-off"):
            wait_off(machine, not dom0)
        stages.done("powered off")
    finally:
        machine.end()


def wait_off(machine, button):
    """Waits for the machine to be off; presses its power button, if asked."""
    end = time.monotonic() + 120 * SLOW
    again = 0
    while machine.running() and time.monotonic() < end:
        # Again: domain 0 may not have had a driver for it the first time.
        if button and time.monotonic() > again:
            machine.qmp_command("system_powerdown")
            again = time.monotonic() + 10
        time.sleep(0.2)
    if machine.running():
        raise Failure("stage 'power-off': the machine was still on after "
                      f"{120 * SLOW:.0f} s")
