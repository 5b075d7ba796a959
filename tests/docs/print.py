#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make docs: prints the hypervisor's tables into the pages of docs/.

    print.py            rewrites the pages
    print.py --check    says which pages differ from the tables; status 1

A page holds a table between two lines:
    <!-- printed: NAME -->
    <!-- end -->
NAME is a program tests/docs/NAME.c, which prints it, or NAME is calls:FILE
for the sub-operations that hypervisor/hypercall/FILE.c knows.  Text between
the lines is lost; text around them is kept.  Environment: CC.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BLOCK = re.compile(r"(<!-- printed: (\S+) -->\n).*?(<!-- end -->\n)", re.S)
CFLAGS = ["-std=gnu11", "-ffreestanding", "-O1", "-w", "-I.", "-no-pie",
          "-Wl,--unresolved-symbols=ignore-all"]

# How a file names its sub-operations: prefix in the ABI, header, and the
# expressions that find names in its source.
ROW = r"\b(?:OP|ROW)\((?!name\b)(\w+)[,)]"
CALLS = {
    "memory-op": ("XENMEM_", "memory.h", [ROW]),
    "version-op": ("XENVER_", "version.h", [r"\bXENVER_(\w+)"]),
    "console-io": ("CONSOLEIO_", "xen.h", [r"\bCONSOLEIO_(\w+)"]),
    "grant-op": ("GNTTABOP_", "grant_table.h", [ROW]),
    "vcpu-op": ("VCPUOP_", "vcpu.h", [ROW]),
    "sched-op": ("SCHEDOP_", "sched.h", [ROW]),
    "event-op": ("EVTCHNOP_", "event_channel.h",
                 [r"cmd != EVTCHNOP_(send)", ROW]),
    "physdev-op": ("PHYSDEVOP_", "physdev.h", [ROW]),
    "hvm-op": ("HVMOP_", "hvm-op.h", [ROW]),
    "sysctl": ("XEN_SYSCTL_", "sysctl.h", [ROW]),
    "domctl": ("XEN_DOMCTL_", "domctl.h", [ROW]),
    "platform-op": ("XENPF_", "platform.h", [ROW]),
    "dm-op": ("XEN_DMOP_", "dm-op.h", [ROW]),
}


class Failure(Exception):
    """Text for the user."""


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def program(name):
    """What tests/docs/NAME.c prints."""
    source = f"tests/docs/{name}.c"
    if not os.path.exists(os.path.join(TOP, source)):
        raise Failure(f"there is no {source}")
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, name)
        cc = os.environ.get("CC", "gcc").split()
        subprocess.run([*cc, *CFLAGS, source, "-o", binary], cwd=TOP,
                       check=True)
        return subprocess.run([binary], check=True, stdout=subprocess.PIPE
                              ).stdout.decode().replace("<", "&lt;")


def calls(name):
    """The sub-operations of one file, by number."""
    prefix, header, patterns = CALLS[name]
    source = read(f"hypervisor/hypercall/{name}.c")
    names = {match for pattern in patterns
             for match in re.findall(pattern, source, re.M)}
    abi = read(f"hypervisor/abi/{header}")
    numbers = {}
    for op in names:
        found = re.search(rf"^#define\s+{prefix}{op}\s+(\d+|0x[0-9a-fA-F]+)\b",
                          abi, re.M)
        if not found:
            raise Failure(f"{header} has no number for {prefix}{op}")
        numbers[op] = int(found.group(1), 0)
    if not numbers:
        raise Failure(f"found no operations in {name}.c")
    items = [f"{op} ({numbers[op]})" for op in sorted(numbers,
                                                      key=numbers.get)]
    text, line = "", ""
    for item in items:
        part = item + (", " if item != items[-1] else ".")
        if len(line + part.rstrip()) > 80:
            text, line = text + line.rstrip() + "\n", ""
        line += part
    return text + line + "\n"


def printed(name, cache={}):
    if name not in cache:
        cache[name] = (calls(name[6:]) if name.startswith("calls:")
                       else program(name))
    return cache[name]


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: print.py [--check]")
    differ = []
    for path in sorted(glob.glob("docs/**/*.md", root_dir=TOP,
                                 recursive=True)):
        old = read(path)
        new = BLOCK.sub(lambda m: m[1] + printed(m[2]) + m[3], old)
        if new == old:
            continue
        differ.append(path)
        if not check:
            with open(os.path.join(TOP, path), "w", encoding="utf-8") as f:
                f.write(new)
            print(f"{path}: printed again")
    if check and differ:
        print("differ from the tables (make docs prints them again): "
              + " ".join(differ))
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, subprocess.CalledProcessError) as error:
        sys.exit(f"print.py: {error}")
