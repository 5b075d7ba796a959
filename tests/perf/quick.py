#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make bench-quick: what exits cost, against the figures kept in the tree.

    quick.py            runs tests/guest/exit-cost as the first domain and
                        compares: a figure that rose by more than 3 % fails
    quick.py --keep     the same, and keeps what it measured in kept.json

The figures are counts of instructions, the same in every run, by the bench
chroot's compiler: make bench-quick builds with that one.
"""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KEPT = os.path.join(HERE, "kept.json")
BUILD = os.environ.get("B", "build")
TOLERANCE = 0.03
KEEP = "make bench-quick KEEP=1"


def measure():
    """{operation: instructions}; ends the program if there are none."""
    done = subprocess.run(["tests/guest/run.py", "exit-cost"], check=False,
                          env=dict(os.environ, MACHINE="amd"),
                          stdout=subprocess.PIPE, text=True)
    with open(os.path.join(BUILD, "guest", "exit-cost.log"),
              errors="replace", encoding="utf-8") as f:
        log = f.read().replace("\r", "")
    found = {name: int(value) for name, value in re.findall(
        r"^(\S.*?) {2,}(\d+)$", log, re.M)}
    if done.returncode or not found:
        print(done.stdout)
        sys.exit("0 passed, 1 failed, 0 skipped")
    return found


def judge(name, now, before):
    """A word on one figure: what make check looks at is FAILED."""
    if now is None:
        return "FAILED, not measured any more"
    if before is None:
        return f"FAILED, new: keep it with {KEEP}"
    if now > before * (1 + TOLERANCE):
        return f"FAILED, {now / before - 1:+.1%}"
    if now < before * (1 - TOLERANCE):
        return f"ok, {now / before - 1:+.1%}"
    return "ok"


def main():
    os.chdir(TOP)
    now = measure()
    if "--keep" in sys.argv:
        with open(KEPT, "w", encoding="utf-8") as f:
            json.dump(now, f, indent=1)
            f.write("\n")
    with open(KEPT, encoding="utf-8") as f:
        kept = json.load(f)
    words = {name: judge(name, now.get(name), kept.get(name))
             for name in list(now) + [n for n in kept if n not in now]}
    print(f"{'operation':<40} {'kept':>8} {'now':>8}")
    for name, word in words.items():
        print(f"{name:<40} {kept.get(name, '-'):>8} {now.get(name, '-'):>8}"
              f"  {word}")
    failed = sum(word.startswith("FAILED") for word in words.values())
    if any(word.startswith("ok,") for word in words.values()):
        print(f"It is faster than before: keep the new figures with {KEEP}")
    print(f"{len(words) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
