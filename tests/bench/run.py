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
import select
import sys
import termios
import time
import tty

import screen
from boot import (Stages, boot, connect, console_kind, guest_to_prompt,
                  in_stage, power_off)
from machine import Machine
from setup import Failure, Setup, env, main_guard

def report(setup, stages, machine, dom0, guest):
    """Screenshot and where everything is."""
    if console_kind(guest) != "pv":
        path = os.path.join(setup.run_dir, f"{guest}.png")
        in_stage(stages, "screenshot",
                 lambda: screen.save_png(dom0, guest, path),
                 lambda r: f"{os.path.relpath(path)} ({r[0]}x{r[1]}, "
                           f"{r[2]} colours)")
    print(f"  serial log     {os.path.relpath(machine.log_path)}")
    if not setup.intel:
        print(f"  VNC            127.0.0.1:{machine.vnc_port} is guest VNC "
              "display :1 (the demo guest), the next three ports are :2 to :4")
    print("  consoles       make shell, then: xl create "
          "/etc/lodge-guests/NAME.cfg; xl console [-t serial] NAME",
          flush=True)


def run():
    setup = Setup()
    guest = env("GUEST", setup.demo_guest())
    if guest != "none":
        console_kind(guest)
    print(f"hypervisor {setup.hypervisor}, boot {setup.boot}, guest {guest}, "
          f"outer machine: {setup.cpu}, {setup.smp} CPUs, {setup.mem} MiB",
          flush=True)
    stages = Stages()
    machine = Machine(setup)
    dom0 = None
    stages.done("machine on")
    try:
        boot(setup, stages, machine)
        dom0 = connect(stages, machine)
        dom0.on_console_line = lambda name, line: stages.say(
            f"  {name}| {line}")
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
        if machine.running() and not setup.intel:   # Bochs has no button
            print("\npowering off", flush=True)
            power_off(stages, machine, None)
    finally:
        machine.end()
    return 0


def iso():
    """Makes the ISO for real machines and for others' emulators."""
    setup = Setup()
    start = time.monotonic()
    path = setup.iso()
    print(f"{os.path.relpath(path)}: {os.path.getsize(path) >> 20} MiB, "
          f"made in {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    actions = {"run": run, "shell": shell, "iso": iso}
    action = (sys.argv[1:] or ["run"])[0]
    if action not in actions:
        sys.exit("usage: run.py [run | shell | iso]")
    main_guard(actions[action])
