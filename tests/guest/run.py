#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the guest tests: run.py [NAME...]   (all of tests.ini without names)

Each test is one start of the emulated machine with the hypervisor and the
test kernel as its domain 0. What counts is the kernel's verdict line on the
serial port; a test without one has failed, unless it is about a machine on
which no kernel can start: that one passes when its last words appear. Logs are
in $B/guest/NAME.log, of machines other than `amd` in $B/guest/MACHINE/.

MACHINE=amd  QEMU (the default), bochs-amd or intel: Bochs with AMD-V or VT-x;
several one after the other. intel/MODEL is one with another CPU of Bochs's,
intel+OPTION and intel/MODEL+OPTION one with this option of the hypervisor's.
MODEL=NAME, OPTIONS=...  the same for all machines,
JOBS=n  machines at once (default 2), SLOW=n  time limits times n,
LODGE=FILE  another hypervisor image than $B/lodge32.
"""
import configparser
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("B", "build")
JOBS = int(os.environ.get("JOBS") or 2)
SLOW = float(os.environ.get("SLOW") or 1)

# Bochs's CPU, and words for the test kernel about the machine.
MACHINES = {"amd": ("", ""),
            "bochs-amd": ("ryzen", "hardware bochs-amd"),
            "intel": ("corei7_skylake_x", "hardware")}
BOCHS_SLOW = 3

VERDICT = r"^test {name}: (\d+ checks ok|FAILED.*|SKIPPED.*)$"
HALTED = r"^(The machine is halted|Halted)"
TAIL = 20


class Machine:
    def __init__(self, name):
        name, _, self.option = name.partition("+")
        self.name, _, model = name.partition("/")
        if self.name not in MACHINES:
            sys.exit(f"MACHINE is one of: {' '.join(MACHINES)}")
        usual, self.words = MACHINES[self.name]
        self.model = usual and (model or os.environ.get("MODEL") or usual)
        self.logs = os.path.join(BUILD, "guest")
        if self.model:
            self.logs = os.path.join(self.logs, "-".join(filter(None, [
                self.name, self.model != usual and self.model,
                self.option])))
        os.makedirs(self.logs, exist_ok=True)

    def log(self, name):
        return os.path.join(self.logs, name + ".log")

    def limit(self, test):
        slow = BOCHS_SLOW if self.model else 1
        return int(float(test["limit"]) * SLOW * slow)

    def command(self, test, name):
        """The emulator's command line."""
        elf = test["module"].replace("$B", BUILD) or os.path.join(
            BUILD, "guest", name.split(".")[0] + ".elf")
        module = f"{elf} placeholder {test['cmdline']} {self.words} {self.model}".strip()
        modules = [] if test["module"] == "none" else [module]
        hypervisor = os.environ.get("LODGE", os.path.join(BUILD, "lodge32"))
        options = " ".join(filter(None, [
            "console=com1 loglvl=all guest_loglvl=all",
            f"dom0_mem={test['mem']}", test["options"], self.option,
            os.environ.get("OPTIONS")]))
        emulator = self.bochs if self.model else self.qemu
        return (["timeout", "-k", "2", str(self.limit(test))] +
                emulator(test, self.log(name), hypervisor, options, modules))

    @staticmethod
    def qemu(test, log, hypervisor, options, modules):
        return ["qemu-system-x86_64",
                "-accel", test["accel"], "-machine", "q35",
                "-cpu", test["cpu"], "-smp", test["smp"], "-m", test["ram"],
                "-display", "none", "-vga", "none", "-nodefaults",
                "-no-reboot", "-serial", f"file:{log}", "-kernel", hypervisor,
                "-append", options] + [
                    word for module in modules for word in ("-initrd", module)
                ] + test["qemu"].split()

    def bochs(self, test, log, hypervisor, options, modules):
        return ["tests/bench/bochs.py", "--model", test["model"] or self.model,
                "--cpus", test["bochs smp"], "--ram", test["ram"],
                "--ips", test["ips"], log, hypervisor, options] + modules


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def judge(test, name, text, status, limit):
    """("ok", "failed" or "skipped", a word on why)."""
    found = re.findall(VERDICT.format(name=re.escape(name.split(".")[0])),
                       text, re.M)
    for line in filter(None, test["expect"].split("\n")):
        if not re.search(line, text, re.M):
            return "failed", f"not in the log: {line}"
    for line in filter(None, test["reject"].split("\n")):
        if re.search(line, text, re.M):
            return "failed", f"in the log: {line}"
    if test["last words"]:
        if re.search(test["last words"], text, re.M):
            return "ok", "stops with the right words"
        return "failed", f"not in the log: {test['last words']}"
    if found and not found[-1].startswith(("FAILED", "SKIPPED")):
        if status and test["status"] == "0":
            return "failed", f"{found[-1]}, but the machine did not end"
        return "ok", found[-1]
    if found and found[-1].startswith("SKIPPED"):
        return "skipped", found[-1]
    if found:
        return "failed", found[-1]
    if status in (124, 137):    # by timeout, 137 if it had to be killed
        return "failed", f"no verdict after {limit} seconds"
    return "failed", "no verdict"


def wait_for_words(words, log, emulator):
    """Until the log has them; then the machine, which has halted, is ended."""
    while emulator.poll() is None:
        if re.search(words, read(log), re.M):
            emulator.terminate()
        time.sleep(0.1)


def run(machine, test, name):
    if test["needs"]:
        return "skipped", f"needs {test['needs']}", 0.0
    log = machine.log(name)
    if os.path.exists(log):
        os.unlink(log)
    start = time.monotonic()
    with open(log + ".emulator", "w") as err:
        emulator = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM",  # no orphan eats the CPU
             os.path.join(TOP, "tests/bench/in-bench")] +
            machine.command(test, name), stdin=subprocess.DEVNULL, stdout=err,
            stderr=err)
        wait_for_words("|".join(filter(None, [test["last words"], HALTED])),
                       log, emulator)
        status = emulator.wait()
    seconds = time.monotonic() - start
    result, why = judge(test, name, read(log), status,
                        machine.limit(test))
    return result, why, seconds


def show(test, name, log, result, why, seconds):
    print(f"{result:7} {name:24} {seconds:5.1f} s  {why}", flush=True)
    if result == "failed":
        lines = read(log) or "".join(
            line for line in read(log + ".emulator").splitlines(True)
            if "TCG doesn't support requested feature" not in line)
        lines = lines.split("\n")
        for line in lines[-TAIL - 1:-1]:
            print("    | " + line)
        print(f"    the whole log: {log}", flush=True)
    elif test["show"]:
        print(read(log)[read(log).find(test["show"]):], end="")


def names_for(machine, config):
    names = sys.argv[1:] or [
        n for n in config.sections() if config[n]["auto"] == "yes"]
    return [n for n in names if machine.name in config[n]["machines"].split()]


def main():
    os.chdir(TOP)
    config = configparser.ConfigParser(interpolation=None)
    with open(os.path.join(HERE, "tests.ini")) as f:
        config.read_file(f)
    for name in sys.argv[1:]:
        if name not in config:
            sys.exit(f"{name}: no such test in tests/guest/tests.ini")
    machines = [Machine(name) for name in
                (os.environ.get("MACHINE") or "amd").split()]
    count = {"ok": 0, "failed": 0, "skipped": 0}
    shown = machines[0] if len(machines) == 1 else None
    for sig in (signal.SIGTERM, signal.SIGINT):     # the emulators follow
        signal.signal(sig, lambda *_: os._exit(1))
    with ThreadPoolExecutor(max(1, min(JOBS, 2))) as pool:
        jobs = [(m, n, pool.submit(run, m, config[n], n)) for m in machines
                for n in names_for(m, config)]
        for machine, name, job in jobs:
            if machine is not shown:
                print(f"{machine.name} {machine.model}".strip() + ":")
            shown = machine
            result, why, seconds = job.result()
            count[result] += 1
            show(config[name], name, machine.log(name), result, why, seconds)
    print(f"{count['ok']} passed, {count['failed']} failed, "
          f"{count['skipped']} skipped")
    sys.exit(1 if count["failed"] else 0)


if __name__ == "__main__":
    main()
