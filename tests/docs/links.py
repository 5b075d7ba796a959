#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks what README.md and docs/ name: links, files and functions exist.

A relative link must lead to a file.  In code spans, a path that begins with a
top folder must exist (unless NAME stands in it), and a name followed by () must
be the name of a function or macro in the tree.
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^(?:hypervisor|hvm|tests|docs)/[\w./-]+$")
CALL = re.compile(r"^(\w+)\(\)$")
NAME = re.compile(r"\b(\w+)\(")


def names():
    """All that looks like a function or a macro with arguments."""
    files = subprocess.run(
        ["find", "hypervisor", "hvm", "tests", "-name", "*.[chS]"], cwd=TOP,
        check=True, stdout=subprocess.PIPE).stdout.decode().split()
    found = set()
    for path in files:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = f.read()
        found.update(NAME.findall(text))
        found.update(re.findall(r"^(\w+):", text, re.M))    # assembly
    return found


def main():
    known, bad = names(), 0
    pages = ["README.md"] + sorted(glob.glob("docs/**/*.md", root_dir=TOP,
                                             recursive=True))
    for page in pages:
        with open(os.path.join(TOP, page), encoding="utf-8") as f:
            text = f.read()
        folder = os.path.join(TOP, os.path.dirname(page))
        for link in LINK.findall(text):
            if not os.path.exists(os.path.join(folder, link)):
                print(f"{page}: link to {link}, which does not exist")
                bad += 1
        for span in SPAN.findall(text):
            call = CALL.match(span)
            if (PATH.match(span) and "NAME" not in span and
                    not os.path.exists(os.path.join(TOP, span))):
                print(f"{page}: {span} does not exist")
                bad += 1
            elif call and call[1] not in known:
                print(f"{page}: there is no function {span}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
