#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make bench: what Lodge and Xen 4.20 take for the same things.

    bench.py            runs all on both, several rounds; prints the table,
                        writes bench.json and the chart to the build folder
    bench.py docs       puts tables and chart of bench.json into
                        docs/performance.md

One round is one start of the emulated machine with one hypervisor, and all
steps in it. The machine has one CPU and counts instructions: an instruction
takes a nanosecond of its time, and idle time passes at once. So what else the
host does is not in the figures. Names, goals and groups: figures.ini.

Environment: ROUNDS (3), HYPERVISORS ("lodge xen"), STEPS ("exit map create
memory pv hogs idle ide cd boot"), IDLE (most idle domains, 64), SLOW (factor on
time limits, 6), and what tests/bench/setup.py knows.
"""
import configparser
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import partial

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "bench"))
os.environ["SLOW"] = os.environ.get("SLOW") or "6"     # make passes it empty

import boot as bench                                        # noqa: E402
import chart                                                # noqa: E402
from machine import Machine                                 # noqa: E402
from setup import (BUILD, TOP, Failure, Setup, env, in_bench,    # noqa: E402
                   main_guard)

JSON = os.path.join(BUILD, "bench.json")
PAGE = os.path.join(TOP, "docs", "performance.md")
MEASURED, END = "<!-- measured -->\n", "<!-- end -->\n"
ROUNDS = int(env("ROUNDS", "3"))
IDLE = env("IDLE", "64")
RAM = env("MEM", "4096")       # MiB of the machine; 8192 for IDLE=256
STEPS = env("STEPS", "exit map create memory pv hogs idle ide cd boot").split()
NEED_DISK = {"pv", "ide", "cd", "boot"}

# The counted machine, and what makes Xen say when it printed each line. With an
# x2APIC QEMU ends with "Bad icount read" when its timer is armed. Its log of
# translated code, which has the guest's entries and exits too, is for no code.
MACHINE = {"CPU": "EPYC", "SMP": "1", "MEM": RAM, "ACCEL": "tcg",
           "BOOT": "quick", "QEMU_EXTRA": "-icount shift=0,sleep=off -dfilter 0+1"}
STAMPS = {"xen": "console_timestamps=raw", "lodge": ""}

FIGURE = re.compile(r"^= (.+) (\S+)$", re.M)
VMRUN, VMEXIT = re.compile(r"vmrun! ([0-9a-f]+)"), "vmexit("
OPTIONS = ("unit", "title")


class Figure:
    def __init__(self, group, section, name):
        self.group, self.name = group, name
        self.unit = section["unit"]
        self.title = section["title"]
        self.goal = float(Fraction(section[name])) if section[name] else None


def figures():
    """All of figures.ini, in its order."""
    config = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    config.optionxform = str
    with open(os.path.join(HERE, "figures.ini"), encoding="utf-8") as f:
        config.read_file(f)
    return [Figure(group, config[group], name)
            for group in config.sections() for name in config[group]
            if name not in OPTIONS]


# -- one round -----------------------------------------------------------------

def kernel_cd(kernel):
    """A CD whose GRUB reads a kernel and says when: the path of its image."""
    path = os.path.join(BUILD, "kernel.iso")
    folder = os.path.join(BUILD, "kernel-cd")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "boot", "grub"))
    shutil.copy(kernel, os.path.join(folder, "vmlinuz"))
    with open(os.path.join(folder, "boot", "grub", "grub.cfg"), "w",
              encoding="utf-8") as f:
        f.write("serial --unit=0 --speed=115200\nterminal_output serial\n"
                "echo Loading Linux\nlinux /vmlinuz\necho Loading initial\n"
                "sleep 3600\n")
    subprocess.run(in_bench("grub-mkrescue", "-o", path, folder, "--locales=",
                            "--fonts=", "--themes=", "--compress=no"),
                   check=True, stderr=subprocess.DEVNULL)
    return path


def guest_files(dom0):
    """What domain 0 finds in /srv/guests; dom0: the folder of its image."""
    guest = os.path.join(BUILD, "guest")
    files = {"perf/exit-cost.elf": os.path.join(guest, "exit-cost.elf"),
             "perf/exit-cost-hvm.elf": os.path.join(guest, "hvm",
                                                    "exit-cost.elf"),
             "perf/kernel.iso": kernel_cd(os.path.join(dom0, "vmlinuz")),
             "perf/in-dom0.py": os.path.join(HERE, "in-dom0.py")}
    xl = os.path.join(HERE, "xl")
    for name in os.listdir(xl):
        files[f"perf/{name}"] = os.path.join(xl, name)
    return files


class Round:
    """One machine, up to the end of its steps. Each figure goes to keep() when
    it is known, so that who stops us has what there was."""

    def __init__(self, hypervisor, number, keep):
        os.environ.update(MACHINE, HYPERVISOR=hypervisor,
                          HV_EXTRA=STAMPS.get(hypervisor, ""),
                          RUN_NAME=f"perf-{hypervisor}")
        self.hypervisor = hypervisor
        self.setup = Setup()
        self.setup.guest_files = guest_files(self.setup.dom0)
        self.stages = bench.Stages()
        self.stages.say(f"-- {hypervisor}, round {number} of {ROUNDS}")
        self.machine = Machine(self.setup)
        self.dom0 = None
        self.keep = keep
        self.failed = False

    def in_dom0(self, step, *arguments):
        overrides = self.setup.guest_overrides()
        command = (f"OVERRIDES={overrides.strip()} RAM={RAM} "
                   f"HYPERVISOR={self.hypervisor} python3 "
                   "/srv/guests/perf/in-dom0.py " + " ".join(
                       (step,) + arguments))
        out = self.dom0.check(command, 3600 * bench.SLOW)
        for name, value in FIGURE.findall(out.replace("\r", "")):
            self.keep(name, float(value))

    def step_idle(self):
        self.in_dom0("idle", IDLE)

    def hypervisor_boot(self):
        """From its first word to domain 0's first instruction, by its own
        clock: Lodge says how long, Xen when it printed each line."""
        text = self.machine.text
        said = re.search(r"Domain 0 starts with .*, (\d+) ms after", text)
        if said:
            self.keep("hypervisor boot", float(said[1]))
            return
        lines = re.findall(r"^\(XEN\) \[([0-9a-f]+)\]", text[
            :text.find("Linux version ")], re.M)
        if lines:
            self.keep("hypervisor boot",
                      (int(lines[-1], 16) - int(lines[0], 16)) / 1e6)

    def exits(self, action):
        """Does it, and counts the exits meanwhile: {VMCB: exits}."""
        with open(self.machine.emulator_log, encoding="utf-8",
                  errors="replace") as log:
            log.seek(0, os.SEEK_END)
            self.machine.monitor("log in_asm")
            try:
                action()
            finally:
                self.machine.monitor("log none")
            counts, vmcb = Counter(), None
            for line in log:
                if found := VMRUN.match(line):
                    vmcb = found[1]
                elif line.startswith(VMEXIT):
                    counts[vmcb] += 1
        return counts

    def step_pv(self):
        """Block and network of a PVH guest, typed on its console. Exits are
        the guest's own: Xen's domain 0, a PV domain, has none."""
        self.dom0.check("python3 /srv/guests/perf/in-dom0.py serve "
                        f"{STREAM << 20}")
        dom0s = self.exits(lambda: self.dom0.check("xl list"))
        self.dom0.check("xl create -p /srv/guests/perf/pv.cfg"
                        + self.setup.guest_overrides(), 300 * bench.SLOW)
        self.dom0.open_console("pv", "pv")
        self.dom0.check("xl unpause pv")
        self.dom0.wait_console("pv", r"shell ready", 600 * bench.SLOW)
        # Its DHCP client would take a part of what comes first.
        self.dom0.send("pv", "killall udhcpc; ip link set eth0 up; ip addr add "
                       "10.0.2.77/24 dev eth0; ping -c 5 10.0.2.9\r")
        self.dom0.wait_console("pv", r"= .* ms", 60 * bench.SLOW)
        for name, per, requests, command, pattern in PV:
            def measure():
                self.dom0.send("pv", command + "\r")
                found = self.dom0.wait_console("pv", pattern,
                                               600 * bench.SLOW)
                self.keep(name, float(found[1]))
            exits = sum(n for vmcb, n in self.exits(measure).items()
                        if vmcb not in dom0s)
            if not exits:
                raise Failure("no exit of the guest was logged")
            self.keep(f"{name.split(',')[0]}, exits per {per}",
                      exits / requests)
        self.dom0.check("xl destroy pv")

    def fail(self, why):
        self.failed = True
        self.stages.say(f"FAILED: {why}")

    def run(self):
        """False if something could not be measured."""
        try:
            bench.boot(self.setup, self.stages, self.machine)
            self.hypervisor_boot()
            self.dom0 = bench.connect(self.stages, self.machine)
            if NEED_DISK & set(STEPS):
                self.in_dom0("disk")
            for step in STEPS:
                # One that does not work here must not cost the others.
                try:
                    bench.in_stage(self.stages, step, getattr(
                        self, f"step_{step}", lambda s=step: self.in_dom0(s)))
                except Failure as failure:
                    self.fail(failure)
                    if not self.machine.running():
                        break
            bench.power_off(self.stages, self.machine, self.dom0)
        except Failure as failure:
            self.fail(f"{failure}\n{self.machine.tail()}")
        finally:
            self.machine.end()
        return not self.failed


def timed(command):
    """A command and, if it succeeds, how many ms it took, to 10."""
    now = "$(cut -d' ' -f1 /proc/uptime | tr -d .)"
    return (f"a={now}; {command} >/dev/null 2>&1 && b={now} && "
            "echo took $((b-a))0")


# Figure; what its exits are counted by, and how many of these there are;
# command; where the figure is in its output. Past the page cache, one request
# at a time.
STREAM = 256            # MiB
PV = [("blkfront, 512 MiB in 1 MiB requests", "1 MiB request", 512,
       timed("dd if=/dev/xvda of=/dev/null bs=1M count=512 iflag=direct"),
       r"^took (\d+)"),
      ("blkfront, 10000 requests of 4 KiB", "4 KiB request", 10000,
       timed("dd if=/dev/xvda of=/dev/null bs=4k count=10000 iflag=direct"),
       r"^took (\d+)"),
      ("netfront, ping", "ping", 200,
       "ping -c 200 -i 0.01 10.0.2.9 | tail -n 1",
       r"= [\d.]+/([\d.]+)/[\d.]+ ms"),
      (f"netfront, {STREAM} MiB sent", "MiB sent", STREAM,
       timed(f"nc 10.0.2.9 5001 -e dd if=/dev/zero bs=1M count={STREAM}"),
       r"^took (\d+)"),
      (f"netfront, {STREAM} MiB received", "MiB received", STREAM,
       timed("nc 10.0.2.9 5002 -e dd of=/dev/null bs=1M"), r"^took (\d+)")]


# -- results -------------------------------------------------------------------

def result(figure, values, before):
    """One figure of bench.json, from {hypervisor: {name: [values]}}; what was
    not measured is as before."""
    entry = {"name": figure.name, "group": figure.group, "unit": figure.unit,
             "lodge": None, "xen": None, "ratio": None, "goal": figure.goal}
    for hypervisor in "lodge", "xen":
        seen = values.get(hypervisor, {}).get(figure.name)
        if seen:
            entry[hypervisor] = statistics.median(seen)
            entry[f"{hypervisor}_min"] = min(seen)
            entry[f"{hypervisor}_max"] = max(seen)
        else:
            entry.update((key, value) for key, value in before.items()
                         if key.startswith(hypervisor))
    if entry["lodge"] is not None and entry["xen"]:
        entry["ratio"] = round(entry["lodge"] / entry["xen"], 4)
    return entry


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def missed(entry):
    """By the figures themselves: the ratio is rounded."""
    goal = Fraction(entry["goal"]).limit_denominator(100)
    return Fraction(entry["lodge"]) > goal * Fraction(entry["xen"])


def goal_text(entry):
    if entry["goal"] is None:
        return ""
    text = str(Fraction(entry["goal"]).limit_denominator(100))
    return text + (" missed" if entry["ratio"] is not None and missed(entry)
                   else "")


def rows(entries):
    """Name, unit, Lodge min, median, max, Xen, ratio, goal."""
    for e in entries:
        yield [e["name"], e["unit"], number(e.get("lodge_min")),
               number(e["lodge"]), number(e.get("lodge_max")),
               number(e["xen"]),
               "-" if e["ratio"] is None else f"{e['ratio']:.3f}",
               goal_text(e)]


def print_table(entries):
    print(f"\n{'figure':<52} {'unit':<12} {'Lodge min':>11} {'median':>11} "
          f"{'max':>11} {'Xen':>11} {'ratio':>7} goal")
    for name, unit, *cells in rows(entries):
        print(f"{name:<52} {unit:<12} " + " ".join(
            f"{cell:>11}" for cell in cells[:4])
            + f" {cells[4]:>7} {cells[5]}")
    goals = [e for e in entries if e["goal"] is not None
             and e["ratio"] is not None]
    print(f"{len(goals)} goals, {sum(map(missed, goals))} missed")


def markdown(entries):
    """The tables of docs/performance.md."""
    titles = {f.group: f.title for f in figures()}
    group, text = None, ""
    for entry, row in zip(entries, rows(entries)):
        if entry["group"] != group:
            group = entry["group"]
            text += (f"\n{titles[group]}, in {entry['unit']}:\n\n"
                     "| figure | Lodge | Xen 4.20 | ratio | goal |\n"
                     "|---|---:|---:|---:|---|\n")
        text += "| " + " | ".join([row[0], row[3]] + row[5:]) + " |\n"
    return text


def write_docs(entries):
    """Between two lines of the page; the chart beside it."""
    with open(PAGE, encoding="utf-8") as f:
        before, rest = f.read().split(MEASURED, 1)
    after = rest[rest.index(END):]
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(before + MEASURED + markdown(entries) + after)
    chart.draw(entries, PAGE[:-len(".md")])


def load():
    try:
        with open(JSON, encoding="utf-8") as f:
            return json.load(f)["figures"]
    except FileNotFoundError:
        raise Failure(f"there is no {os.path.relpath(JSON)}: make bench"
                      ) from None


def save(values):
    """Writes bench.json. What was not measured this time stays: a run with one
    hypervisor, or some steps, adds to the others."""
    before = {}
    if os.path.exists(JSON):
        before = {e["name"]: e for e in load()}
    entries = [result(figure, values, before.get(figure.name, {}))
               for figure in figures()]
    entries = [e for e in entries if e["lodge"] is not None
               or e["xen"] is not None]
    with open(JSON, "w", encoding="utf-8") as f:
        json.dump({"figures": entries}, f, indent=1)
        f.write("\n")
    return entries


def run():
    values, good = {}, True

    def keep(hypervisor, name, value):
        values.setdefault(hypervisor, {}).setdefault(name, []).append(value)
        save(values)

    for i in range(ROUNDS):
        for hypervisor in env("HYPERVISORS", "lodge xen").split():
            good &= Round(hypervisor, i + 1, partial(keep, hypervisor)).run()
    if not values:
        raise Failure("nothing was measured")
    known = {figure.name for figure in figures()}
    for name in {n for v in values.values() for n in v} - known:
        print(f"not in figures.ini: {name}")
    entries = save(values)
    print_table(entries)
    chart.draw(entries, os.path.join(BUILD, "bench"))
    print(f"{os.path.relpath(JSON)}, bench.png, bench.svg")
    return 0 if good else 1


def main():
    action = (sys.argv[1:] or ["run"])[0]
    if action == "run":
        return run()
    if action != "docs":
        raise Failure("usage: bench.py [run | docs]")
    write_docs(load())
    return 0


if __name__ == "__main__":
    main_guard(main)
