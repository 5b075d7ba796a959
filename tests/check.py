#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make check: everything that tells whether the tree is sound.

    check.py            all stages
    check.py NAME...    only these (--list names them)

Two lanes run side by side when there are four CPUs or more (the emulated
machine wants two for itself, and tests of time want them idle): the host lane
(lint, unit tests, ABI comparison, fuzzing, other builds) and the emulator
lane (image, guest tests, system tests).  Compilers and emulators are those of
the bench chroot, so that all machines give the same result; without a chroot
the host lane takes the compilers at hand.

A stage prints one line when it ends, and a sign of life every two minutes.
Its output goes to build/check/NAME.log.  The last line counts, alone; the
status is 1 if something failed or nothing ran.  After 43 minutes what still
runs is ended and counts as failed.

Environment: SLOW (factor on all time limits), JOBS (at once, in each lane).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = "build/check"
SLOW = float(os.environ.get("SLOW") or 1)
CPUS = len(os.sched_getaffinity(0))
JOBS = os.environ.get("JOBS") or str(max(1, CPUS // 2))
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
FAILURE = re.compile(r"FAILED|^failed |: failed|\berror: |differences in|^make.*Error")
SIGN_OF_LIFE = 120      # seconds
DEADLINE = 43 * 60      # seconds
TAIL, MOST, AFTER = 12, 8, 6


class Stage:
    """One command.

    lane    "host" or "emulator"
    needs   paths that must exist, each with the sentence if it does not
    tools   programs that must exist, the same; only without a chroot
    counts  its last lines end in a summary; otherwise the stage is one test
    build   its make's B; None for a command that does not build
    """

    def __init__(self, name, lane, command, limit, counts=True, build=None,
                 needs=None, tools=None, after=None):
        self.name, self.lane, self.command = name, lane, command
        self.limit, self.counts, self.build = limit, counts, build
        self.needs, self.tools = needs or {}, tools or {}
        self.after = after
        self.log = f"{LOGS}/{name}.log"
        self.result = None          # (passed, failed, skipped)


HOST, IMAGE = f"{LOGS}-host", LOGS
GCC = {"gcc": "there is no gcc: install it (apt install gcc)"}
CLANG = {"clang": "there is no clang: install it (apt install clang)"}
QEMU = {"qemu-system-x86_64": "there is no emulator without the bench chroot"}

STAGES = [
    Stage("lint", "host", ["tests/lint/lint.sh"], 300, tools=GCC),
    Stage("unit", "host", ["check-unit"], 900, build=HOST, tools=GCC),
    Stage("abi", "host", ["check-abi", "XEN_INCLUDE=/usr/include"], 300,
          counts=False, build=HOST, tools=GCC,
          needs={"/usr/include/xen/xen.h":
                 "there is no xen/xen.h: install it (apt install libxen-dev)"}),
    Stage("fuzz", "host", ["fuzz-short"], 900, build=HOST, tools=CLANG),
    Stage("debug-build", "host", ["all", "DEBUG=1"], 600, counts=False,
          build=f"{HOST}-debug", tools=GCC),
    Stage("image", "emulator", ["all"], 600, counts=False, build=IMAGE,
          tools=GCC),
    Stage("guest", "emulator", ["check-guest"], 900, build=IMAGE, tools=QEMU,
          needs={"tests/guest/build.mk": "there are no guest tests yet"},
          after="image"),
    Stage("bench-quick", "emulator", ["bench-quick"], 600, build=IMAGE,
          tools=QEMU, after="image"),
    Stage("guest-bochs", "emulator",
          ["check-vmx", "MACHINE=intel intel/corei7_ivy_bridge_3770k "
           "bochs-amd"], 1500, build=IMAGE, tools=QEMU, after="image"),
    Stage("system", "emulator", ["test-system"], 2100, build=IMAGE,
          tools=QEMU, after="image"),
]


class Check:
    def __init__(self, stages):
        self.stages = stages
        self.start = time.monotonic()
        self.lock = threading.Lock()        # one line at a time
        self.running = set()
        self.stopped = False
        self.bench = False
        self.images = None                  # why system tests cannot run
        self.lanes = [("host",), ("emulator",)] if CPUS > 3 else [
            ("host", "emulator")]

    def say(self, text):
        with self.lock:
            print(f"[{time.monotonic() - self.start:6.0f} s] {text}",
                  flush=True)

    # -- set-up --------------------------------------------------------------

    def script(self, path):
        """A recipe script; it reports its progress on stderr itself."""
        sys.stdout.flush()
        return subprocess.run([path], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL).returncode == 0

    def set_up(self):
        self.bench = self.script("tests/bench/chroot.sh")
        if not self.bench:
            self.say("no bench chroot: the compilers at hand, no emulators")

    def set_up_images(self):
        for path in ("dom0.sh", "guest-debian.sh"):
            if not self.script(f"tests/bench/images/{path}"):
                self.images = (f"tests/bench/images/{path} could not make "
                               "its disk image")
                return

    # -- one stage -----------------------------------------------------------

    def missing(self, stage):
        """Why a stage cannot run here, or None."""
        root = ""
        if self.bench:
            done = subprocess.run(["tests/bench/chroot.sh"], check=False,
                                  stdout=subprocess.PIPE)
            root = done.stdout.decode().strip()
        else:
            for tool, sentence in stage.tools.items():
                if not shutil.which(tool):
                    return sentence
        for path, sentence in stage.needs.items():
            inside = root + path if path.startswith("/") else path
            if not os.path.exists(inside):
                return sentence
        if stage.name == "system":
            self.set_up_images()
            return self.images
        return None

    def argv(self, stage):
        argv = stage.command
        if stage.build:
            argv = ["make", "--no-print-directory", f"-j{JOBS}",
                    f"B={stage.build}", "CC=gcc", "OBJCOPY=objcopy",
                    "HOST_CC=gcc", "UNIT_CC=gcc", "FUZZ_CC=clang",
                    "PYTHON=python3", *argv]
        return ["tests/bench/in-bench", *argv] if self.bench else argv

    def environment(self, stage):
        env = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "B", "CC")}
        # The other lane takes its share of the machine.
        busy = stage.lane == "emulator" and len(self.lanes) > 1
        env.update(JOBS=JOBS, SLOW=f"{SLOW * (2 if busy else 1):g}")
        return env

    def left(self, stage, started):
        """Seconds that a stage still may take."""
        now = time.monotonic()
        return min(started + stage.limit * SLOW,
                   self.start + DEADLINE * SLOW) - now

    def execute(self, stage):
        """Runs the command; returns its status, or None at the limit."""
        started = time.monotonic()
        with open(stage.log, "wb") as log:
            child = subprocess.Popen(self.argv(stage), stdout=log, stderr=log,
                                     stdin=subprocess.DEVNULL,
                                     env=self.environment(stage),
                                     start_new_session=True)
        self.running.add(child)
        try:
            while True:
                try:
                    return child.wait(max(0.1, min(
                        SIGN_OF_LIFE, self.left(stage, started))))
                except subprocess.TimeoutExpired:
                    pass
                if self.left(stage, started) <= 0:
                    self.end(child)
                    return None
                self.say(f"{stage.name:<12} {time.monotonic() - started:6.0f} "
                         f"s  still at: {self.tail(stage, 1).strip()[:60]}")
        finally:
            self.running.discard(child)

    @staticmethod
    def end(child):
        """Ends a stage with all that it started."""
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, sig)
                child.wait(10)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    @staticmethod
    def text(stage):
        with open(stage.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def tail(self, stage, lines):
        return "\n".join(self.text(stage).rstrip().split("\n")[-lines:])

    def excerpt(self, stage):
        """The first failures of a log with what follows them, and its end."""
        lines = self.text(stage).rstrip().split("\n")
        keep = set(range(max(0, len(lines) - TAIL), len(lines)))
        for found in [i for i, line in enumerate(lines)
                      if FAILURE.search(line)][:MOST]:
            keep.update(range(found, min(found + AFTER, len(lines))))
        text, last = [], -1
        for i in sorted(keep):
            text += ["..."] * (i != last + 1) + [lines[i]]
            last = i
        return "\n".join(text)

    def judge(self, stage, status):
        """(passed, failed, skipped) and what to say of a stage that ended."""
        found = SUMMARY.findall(self.text(stage)) if stage.counts else []
        if found:
            passed, failed, skipped = map(int, found[-1])
        else:
            passed = 1 if status == 0 and not stage.counts else 0
            failed = skipped = 0
        note = ""
        if status is None:
            note = "time limit"
        elif status and not failed:
            note = f"ended with status {status}"
        elif stage.counts and not found:
            note = "ended without a summary"
        if note:
            failed += 1
        return (passed, failed, skipped), note

    def run(self, stage):
        before = [s for s in self.stages if s.name == stage.after]
        why = self.missing(stage)
        if not why and before and before[0].result[1]:
            why = f"stage {stage.after} failed"
        if why:
            stage.result = (0, 0, 1)
            self.say(f"{stage.name:<12} skipped: {why}")
            return
        started = time.monotonic()
        status = self.execute(stage)
        if self.stopped:
            return
        stage.result, note = self.judge(stage, status)
        passed, failed, skipped = stage.result
        text = (f"{stage.name:<12} {time.monotonic() - started:6.0f} s  "
                f"{passed} passed, {failed} failed, {skipped} skipped"
                + (f" ({note})" if note else ""))
        if failed:
            text += (f"\n{self.excerpt(stage)}\n"
                     f"--- the whole of {stage.name}: {stage.log}")
        self.say(text)

    # -- all of them ---------------------------------------------------------

    def lane(self, *names):
        for stage in self.stages:
            if stage.lane in names and not self.stopped:
                try:
                    self.run(stage)
                except Exception as error:      # a bug here is a failure too
                    stage.result = (0, 1, 0)
                    self.say(f"{stage.name:<12} failed: {error}")

    def all(self):
        self.set_up()
        threads = [threading.Thread(target=self.lane, args=names, daemon=True)
                   for names in self.lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
        return self.closing_line()

    def closing_line(self):
        """What did not run to its end counts as failed."""
        results = [stage.result or (0, 1, 0) for stage in self.stages]
        passed, failed, skipped = map(sum, zip(*results))
        print(f"{passed} passed, {failed} failed, {skipped} skipped",
              flush=True)
        return 1 if failed or not passed else 0

    def stop(self, why):
        self.stopped = True
        for child in list(self.running):
            self.end(child)
        self.say(f"stopped ({why}) in: " + " ".join(
            stage.name for stage in self.stages if not stage.result))
        return self.closing_line()


def main():
    os.chdir(TOP)
    names = [stage.name for stage in STAGES]
    if "--list" in sys.argv:
        print("\n".join(names))
        return 0
    wanted = sys.argv[1:] or names
    for name in wanted:
        if name not in names:
            sys.exit(f"no stage {name}; there are: {' '.join(names)}")
    os.makedirs(LOGS, exist_ok=True)
    check = Check([stage for stage in STAGES if stage.name in wanted])
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sig, lambda number, _: sys.exit(
            signal.Signals(number).name))
    try:
        return check.all()
    except SystemExit as end:
        return check.stop(end.code)


if __name__ == "__main__":
    sys.exit(main())
