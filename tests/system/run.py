#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the system tests: run.py [NAME...]   (all of tests.ini without names)

One boot of the emulated machine serves all tests; tests.ini says what they
do and explains its words.  A test that fails does not stop the others, only
a machine that has died does.  The last line counts; status 0 means that
nothing failed.
"""
import configparser
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "bench"))

import boot as bench                                        # noqa: E402
import screen                                               # noqa: E402
from machine import Machine                                 # noqa: E402
from setup import MACHINE, Failure, Setup, env, main_guard  # noqa: E402


class Skip(Exception):
    """A test that cannot run here; its text says why."""


class Runner:
    def __init__(self, setup, config):
        self.setup, self.config = setup, config
        self.stages = bench.Stages()
        self.machine = self.dom0 = None
        self.output = ""            # of the last command
        self.up = set()             # guests that were seen to take commands
        self.out_of_time = 0.0      # when the running test must have ended

    def boot(self):
        self.machine = Machine(self.setup)
        bench.boot(self.setup, self.stages, self.machine)
        self.dom0 = bench.connect(self.stages, self.machine)
        if env("VERBOSE", ""):
            self.dom0.on_console_line = lambda name, line: print(
                f"    {name}| {line}", flush=True)

    def left(self, at_most=10 ** 6):
        """Seconds the running test may still take."""
        left = self.out_of_time - time.monotonic()
        if left <= 0:
            raise Failure("the test's time is over")
        return min(left, at_most)

    # -- guests --------------------------------------------------------------

    def domains(self):
        """Names of all domains but 0."""
        lines = self.dom0.check("xl list").strip().split("\n")[2:]
        return [line.split()[0] for line in lines]

    def ensure(self, guest):
        """Makes sure that a guest runs and takes commands."""
        spec = self.config[f"guest {guest}"]
        if guest in self.domains():
            if guest in self.up:
                return
            self.dom0.check(f"xl destroy {guest}")
        bench.create(self.setup, self.dom0, guest, self.left())
        self.ready(guest, spec)

    def ready(self, guest, spec):
        """Waits until a guest has booted, logs in where that is needed."""
        if "screen" in spec:
            bench.wait_screen(self.dom0, guest, spec["screen"], self.left())
        else:
            self.dom0.wait_console(guest, spec["ready"], self.left())
        if "login" in spec:
            self.dom0.send(guest, spec["login"] + "\r")
            self.dom0.wait_console(guest, spec["prompt"], self.left())
        self.up.add(guest)

    def remove(self, keep):
        """Destroys what a test left behind."""
        for name in self.domains():
            if name not in keep or name not in self.up:
                self.up.discard(name)
                self.dom0.run(f"xl destroy {name}")

    # -- the words of tests.ini ------------------------------------------------

    def do_run(self, rest):
        self.output = self.dom0.check(rest, self.left())

    def do_fails(self, rest):
        code, self.output = self.dom0.run(rest, self.left())
        if not code:
            raise Failure(f"'{rest}' ended with status 0")

    def do_expect(self, rest):
        if not re.search(rest, self.output, re.M):
            last = " / ".join(self.output.strip().split("\n")[-4:])
            raise Failure(f"'{rest}' is not in the output: {last}")

    def do_reject(self, rest):
        match = re.search(rest, self.output, re.M)
        if match:
            raise Failure(f"the output has '{match.group(0)}'")

    def do_until(self, rest):
        """until REGEX: repeats the last command until it shows REGEX."""
        while not re.search(rest, self.output, re.M):
            time.sleep(min(2, self.left()))
            self.output = self.dom0.run(self.last_command, self.left())[1]

    def do_create(self, rest):
        bench.create(self.setup, self.dom0, rest, self.left())

    def do_ready(self, rest):
        self.ready(rest, self.config[f"guest {rest}"])

    def do_attach(self, rest):
        self.dom0.open_console(rest, bench.console_kind(rest))

    def do_guest(self, rest):
        """guest NAME COMMAND: types a command, keeps its output."""
        guest, command = rest.split(" ", 1)
        mark = f"done-{time.monotonic_ns() % 100000}"
        # The echo of the typed line must not look like the end mark.
        self.dom0.send(guest, f"{command}; echo {mark[:4]}''{mark[4:]}\r")
        start = self.dom0.consoles[guest].seen
        self.dom0.wait_console(guest, mark, self.left())
        self.output = self.dom0.consoles[guest].text[start:]

    def do_console(self, rest):
        guest, pattern = rest.split(" ", 1)
        self.dom0.wait_console(guest, pattern, self.left())

    def do_screen(self, rest):
        guest, pattern = rest.split(" ", 1)
        self.output = bench.wait_screen(self.dom0, guest, pattern,
                                        self.left())

    def do_keys(self, rest):
        """keys NAME KEY...: presses keys (QEMU's names) one after another."""
        guest, *keys = rest.split()
        for key in keys:
            screen.qmp(self.dom0, guest, "send-key", keys=[
                {"type": "qcode", "data": part} for part in key.split("-")])

    def do_png(self, rest):
        path = os.path.join(self.setup.run_dir, f"test-{rest}.png")
        screen.save_png(self.dom0, rest, path)

    def do_gone(self, rest):
        """gone NAME: waits until the domain has ended for good."""
        while rest in self.domains():
            time.sleep(min(2, self.left()))

    def do_needs(self, rest):
        if self.dom0.run(f"test -e {rest}", 30)[0]:
            raise Skip(f"domain 0 has no {rest}")

    # -- tests -----------------------------------------------------------------

    def test(self, name):
        spec = self.config[f"test {name}"]
        if self.setup.is_xen and "not-on-xen" in spec:
            raise Skip(spec["not-on-xen"])
        needed = spec.get("guests", "").split()
        self.out_of_time = time.monotonic() + bench.SLOW * float(
            self.config["times"]["boot"])
        for guest in needed:
            self.ensure(guest)
        self.out_of_time = time.monotonic() + bench.SLOW * float(
            spec.get("limit", "60"))
        try:
            for step in spec["steps"].strip().split("\n"):
                if step.startswith("#"):
                    continue
                word, _, rest = step.partition(" ")
                if word == "run":
                    self.last_command = rest
                self.step = step
                getattr(self, "do_" + word.replace("-", "_"))(rest)
        finally:
            if self.machine.running():
                self.remove(needed)

    def tests(self, names):
        passed = failed = skipped = 0
        for name in names:
            start = time.monotonic()
            self.step = ""
            try:
                self.test(name)
                verdict, note = "ok", ""
                passed += 1
            except Skip as skip:
                verdict, note = "skipped", str(skip)
                skipped += 1
            except Failure as failure:
                self.up.difference_update(
                    self.config[f"test {name}"].get("guests", "").split())
                verdict, note = "FAILED", f"at '{self.step}': {failure}"
                failed += 1
            print(f"{verdict:<8}{name:<22}{time.monotonic() - start:7.1f} s"
                  f"  {note}".rstrip(), flush=True)
            if verdict == "FAILED":
                print(self.machine.tail(8), flush=True)
            if not self.machine.running():
                left = len(names) - passed - failed - skipped
                print(f"the machine has died; {left} tests count as failed")
                failed += left
                break
        return passed, failed, skipped


def main():
    config = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    config.read(os.path.join(HERE, "tests.ini"))
    known = [section[5:] for section in config.sections()
             if section.startswith("test ")]

    def wanted(name):
        test = config[f"test {name}"]
        if MACHINE == "intel":
            return "intel" in test
        return env("LONG", "") or not test.getboolean("long", fallback=False)

    names = sys.argv[1:] or [name for name in known if wanted(name)]
    for name in names:
        if name not in known:
            raise Failure(f"no test {name} in tests.ini; there are: "
                          + " ".join(known))
    os.environ.setdefault("RUN_NAME", "system")
    runner = Runner(Setup(), config)
    try:
        runner.boot()
        passed, failed, skipped = runner.tests(names)
        if runner.machine.running():
            bench.power_off(runner.stages, runner.machine, runner.dom0)
    except Failure:
        if runner.machine:
            print(runner.machine.tail(), file=sys.stderr)
        raise
    finally:
        if runner.machine:
            runner.machine.end()
            print("serial log: " + os.path.relpath(runner.machine.log_path))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    main_guard(main)
