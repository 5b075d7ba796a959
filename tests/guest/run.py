#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the guest tests: run.py [NAME...]   (all of tests.ini without names)

Each test is one start of the emulated machine with the hypervisor and the
test kernel as its domain 0. What counts is the kernel's verdict line on the
serial port; a test without one has failed, unless it is about a machine on
which no kernel can start: that one passes when its last words appear. Logs are
in $B/guest/NAME.log, of machines other than `amd` in $B/guest/MACHINE/.

MACHINE=amd  QEMU (the default), bochs-amd or intel: Bochs with AMD-V or VT-x,
MODEL=NAME  another CPU of Bochs's, OPTIONS=  more of the hypervisor's options,
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
BOCHS_SLOW = 2
MACHINE = os.environ.get("MACHINE") or "amd"
if MACHINE not in MACHINES:
    sys.exit(f"MACHINE is one of: {' '.join(MACHINES)}")
USUAL_MODEL, WORDS = MACHINES[MACHINE]
MODEL = os.environ.get("MODEL") or USUAL_MODEL
LOGS = os.path.join(BUILD, "guest")
if MACHINE != "amd":
    LOGS = os.path.join(LOGS, MACHINE if MODEL == USUAL_MODEL
                        else f"{MACHINE}-{MODEL}")

VERDICT = r"^test {name}: (\d+ checks ok|FAILED.*|SKIPPED.*)$"
TAIL = 20


def command(test, name, log):
    """The emulator's command line."""
    elf = test["module"].replace("$B", BUILD) or os.path.join(
        BUILD, "guest", name.split(".")[0] + ".elf")
    module = f"{elf} placeholder {test['cmdline']} {WORDS}".strip()
    hypervisor = os.environ.get("LODGE", os.path.join(BUILD, "lodge32"))
    options = " ".join(filter(None, [
        "console=com1 loglvl=all guest_loglvl=all", f"dom0_mem={test['mem']}",
        test["options"], os.environ.get("OPTIONS")]))
    modules = [] if test["module"] == "none" else [module]
    emulator = qemu if MACHINE == "amd" else bochs
    return (["timeout", "-k", "2", str(limit(test))] +
            emulator(test, log, hypervisor, options, modules))


def qemu(test, log, hypervisor, options, modules):
    return ["qemu-system-x86_64",
            "-accel", test["accel"], "-machine", "q35", "-cpu", test["cpu"],
            "-smp", test["smp"], "-m", test["ram"], "-display", "none",
            "-vga", "none", "-nodefaults", "-no-reboot",
            "-serial", f"file:{log}", "-kernel", hypervisor,
            "-append", options] + [
                word for module in modules for word in ("-initrd", module)
            ] + test["qemu"].split()


def bochs(test, log, hypervisor, options, modules):
    return ["tests/bench/bochs.py", "--model", test["model"] or MODEL,
            "--cpus", test["smp"], "--ram", test["ram"], "--ips", test["ips"],
            log, hypervisor, options] + modules


def limit(test):
    slow = 1 if MACHINE == "amd" else BOCHS_SLOW
    return int(float(test["limit"]) * SLOW * slow)


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def judge(test, name, text, status):
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
    if status == 124:
        return "failed", f"no verdict after {limit(test)} seconds"
    return "failed", "no verdict"


def wait_for_words(words, log, machine):
    """Until the log has them; then the machine, which has halted, is ended."""
    while machine.poll() is None:
        if re.search(words, read(log), re.M):
            machine.terminate()
        time.sleep(0.1)


def run(test, name):
    if test["needs"]:
        return "skipped", f"needs {test['needs']}", 0.0
    log = os.path.join(LOGS, name + ".log")
    if os.path.exists(log):
        os.unlink(log)
    start = time.monotonic()
    with open(log + ".emulator", "w") as err:
        machine = subprocess.Popen(
            [os.path.join(TOP, "tests/bench/in-bench")] +
            command(test, name, log), stdin=subprocess.DEVNULL, stdout=err,
            stderr=err)
        if test["last words"]:
            wait_for_words(test["last words"], log, machine)
        status = machine.wait()
    seconds = time.monotonic() - start
    result, why = judge(test, name, read(log), status)
    return result, why, seconds


def show(test, name, result, why, seconds):
    print(f"{result:7} {name:24} {seconds:5.1f} s  {why}", flush=True)
    log = os.path.join(LOGS, name + ".log")
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


def main():
    os.chdir(TOP)
    config = configparser.ConfigParser(interpolation=None)
    with open(os.path.join(HERE, "tests.ini")) as f:
        config.read_file(f)
    os.makedirs(LOGS, exist_ok=True)
    names = sys.argv[1:] or [
        n for n in config.sections() if config[n]["auto"] == "yes" and
        MACHINE in config[n]["machines"].split()]
    for name in names:
        if name not in config:
            sys.exit(f"{name}: no such test in tests/guest/tests.ini")
    count = {"ok": 0, "failed": 0, "skipped": 0}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ThreadPoolExecutor(max(1, min(JOBS, 2))) as pool:
        jobs = [(n, pool.submit(run, config[n], n)) for n in names]
        for name, job in jobs:
            result, why, seconds = job.result()
            count[result] += 1
            show(config[name], name, result, why, seconds)
    print(f"{count['ok']} passed, {count['failed']} failed, "
          f"{count['skipped']} skipped")
    sys.exit(1 if count["failed"] else 0)


if __name__ == "__main__":
    main()
