#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of one operation go, by function:

    profile.py "CPUID"      an operation of tests/guest/exit-cost

The test kernel repeats it as the first domain while QEMU logs each instruction
for a moment; what is executed of the hypervisor is counted by its symbols. What
the compiler put into other functions counts there.
Environment: B, LODGE (the image with symbols, lodge32).
"""
import bisect
import os
import re
import subprocess
import sys
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("B", "build")
IN_BENCH = os.path.join(TOP, "tests", "bench", "in-bench")
LOG = os.path.join(BUILD, "profile.log")
SERIAL = os.path.join(BUILD, "profile.serial")
STARTED = "again and again: "   # what the kernel says
LIMIT = 60          # seconds until it does
MOMENT = 0.3        # seconds; each instruction is a line of the log
TRACE = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)
ENTRY = "svm_run"   # once an exit


def symbols(image):
    """Sorted addresses and their names."""
    out = subprocess.run([IN_BENCH, "nm", image], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    found = sorted((int(a, 16), name) for a, kind, name in re.findall(
        r"^([0-9a-f]+) ([tTwW]) (\S+)$", out, re.M))
    return [a for a, _ in found], [name for _, name in found]


def wait_for_start(qemu):
    """Until the kernel is at its operation."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and qemu.poll() is None:
        if os.path.exists(SERIAL):
            with open(SERIAL, encoding="utf-8", errors="replace") as f:
                if STARTED in f.read():
                    return
        time.sleep(0.2)
    qemu.terminate()
    sys.exit("the test kernel never came to this operation: see " + SERIAL)


def record(operation):
    """Runs the kernel and returns the log."""
    if os.path.exists(SERIAL):
        os.unlink(SERIAL)
    command = [IN_BENCH, "timeout", "120", "qemu-system-x86_64", "-accel",
               "tcg,thread=single,one-insn-per-tb=on", "-machine", "q35",
               "-cpu", "EPYC",
               "-m", "512", "-display", "none", "-vga", "none", "-nodefaults",
               "-no-reboot", "-D", LOG, "-monitor", "stdio",
               "-serial", f"file:{SERIAL}",
               "-kernel", os.path.join(BUILD, "lodge32"),
               "-append", "console=com1 dom0_mem=64M", "-initrd",
               os.path.join(BUILD, "guest", "exit-cost.elf")
               # QEMU takes a comma for the next module.
               + " placeholder forever="
               + operation.replace(" ", "_").replace(",", ",,")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.DEVNULL) as qemu:
        def say(line, pause):
            qemu.stdin.write(line + "\n")
            qemu.stdin.flush()
            time.sleep(pause)
        wait_for_start(qemu)
        say("log exec,nochain", MOMENT)
        say("log none", 1)
        say("quit", 0)
    with open(LOG, encoding="utf-8", errors="replace") as f:
        text = f.read()
    os.unlink(LOG)
    return text


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.chdir(TOP)
    starts, names = symbols(os.path.join(BUILD, "lodge"))
    counts, exits = Counter(), 0
    for found in TRACE.findall(record(sys.argv[1])):
        i = bisect.bisect(starts, int(found, 16)) - 1
        name = names[i] if i >= 0 else "guest"
        exits += int(found, 16) == starts[i] and name == ENTRY
        counts[name] += 1
    if not exits:
        sys.exit("no exit was seen: " + ", ".join(
            f"{name} {n}" for name, n in counts.most_common(5)))
    print(f"{exits} exits; instructions of one, by function:")
    for name, n in counts.most_common():
        if n / exits >= 0.5:
            print(f"{n / exits:8.1f}  {name}")


if __name__ == "__main__":
    main()
