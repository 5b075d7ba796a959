#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Keeps tests/abi/list/ complete: every structure, field and constant that
hypervisor/abi/ defines must be in a list, or in exempt.txt with the reason
why Xen's headers cannot confirm it.

    facts.py            names what is missing or no longer there; exit 1
    facts.py --write    adds the missing facts and drops the stale ones

A member that is named "unread" stands for what the code never looks at: only
the size of its structure is compared.

It reads C as those headers are written, not C in general: one declaration
per statement, no function bodies, handles by DEFINE_GUEST_PTR.
"""
import fnmatch
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ABI = os.path.join(HERE, "..", "..", "hypervisor", "abi")
LIST = os.path.join(HERE, "list")
MACHINERY = {"guest-ptr.h"}     # no ABI facts inside

# Fields that 32-bit callers do not have at all.
ONLY64 = {
    "struct cpu_user_regs": "r* _pad6",
    "struct vcpu_guest_context": "syscall_callback_eip fs_base gs_base_*",
    "struct shared_info": "wc_sec_hi",
}
HEAD = """/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of hypervisor/abi/%s, compared by tests/abi. See facts.h. */
"""


def tokens(text):
    return re.findall(r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d+\w*|\S", text)


class Parser:
    """Walks the declarations of one header and collects its facts."""

    def __init__(self, text, prefix):
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        text = text.replace("\\\n", " ")
        self.facts = []
        self.prefix = prefix            # "" or "compat_"
        lines = []
        for line in text.split("\n"):
            if line.lstrip().startswith("#"):
                self.directive(line.strip())
            else:
                lines.append(line)
        self.tok = tokens("\n".join(lines))
        self.pos = 0
        while self.pos < len(self.tok):
            self.declaration()

    def directive(self, line):
        m = re.match(r"#\s*define\s+(\w+)(\(([^)]*)\))?\s*(.*)", line)
        if not m or not m.group(4):
            return                      # not a definition, or a guard
        name, args = m.group(1), m.group(3)
        if name == "CPUID_BIT":
            return
        if args is not None:            # sample arguments 5, 6, 7, ...
            n = len(args.split(","))
            name += "(%s)" % ", ".join(str(5 + i) for i in range(n))
        self.facts.append("CONST(%s)" % name)

    def peek(self, ahead=0):
        i = self.pos + ahead
        return self.tok[i] if i < len(self.tok) else ""

    def take(self):
        self.pos += 1
        return self.tok[self.pos - 1]

    def skip_parens(self):
        depth = 0
        while True:
            t = self.take()
            depth += (t == "(") - (t == ")")
            if depth == 0:
                return

    def attributes(self):
        while self.peek() == "__attribute__":
            self.take()
            self.skip_parens()

    def declaration(self):
        word = self.peek()
        if word in ("struct", "union") and self.peek(2) == "{":
            self.take()
            tag = self.take()
            self.aggregate(word, tag)
            self.attributes()
            self.expect(";")
        elif word == "enum":
            while self.peek() != "{":
                self.take()
            self.enumerators()
            self.expect(";")
        elif word == "typedef":
            decl = []
            while self.peek() != ";":
                decl.append(self.take())
                self.attributes()
            self.take()
            names = [t for t in decl if re.match(r"[A-Za-z_]\w*$", t)]
            self.facts.append("SIZE(%s)" % names[-1])
        elif word == "CPUID_BIT":
            self.take()
            name = []
            while self.peek(1) != ",":
                name.append(self.tok[self.pos + 1])
                self.pos += 1
            self.facts.append("CONST(XEN_X86_FEATURE_%s)" % "".join(name))
            while self.take() != ")":
                pass
        elif re.match(r"DEFINE_\w+_PTR$|_Static_assert$", word):
            self.take()
            self.skip_parens()
            self.expect(";")
        else:
            raise SystemExit("cannot read: " +
                             " ".join(self.tok[self.pos:self.pos + 12]))

    def expect(self, t):
        got = self.take()
        if got != t:
            raise SystemExit("expected %s, found %s near %s" % (
                t, got, " ".join(self.tok[self.pos - 8:self.pos + 8])))

    def enumerators(self):
        self.expect("{")
        while self.peek() != "}":
            self.facts.append("CONST(%s)" % self.take())
            while self.peek() not in (",", "}"):
                self.take()
            if self.peek() == ",":
                self.take()
        self.take()

    def aggregate(self, kind, tag):
        if self.prefix and tag.startswith(self.prefix):
            tag = "COMPAT(%s)" % tag[len(self.prefix):]
        name = "%s %s" % (kind, tag)
        self.facts.append("SIZE(%s)" % name)
        self.members(name, "")

    def members(self, name, path):
        self.expect("{")
        while self.peek() != "}":
            self.member(name, path)
        self.take()

    def member(self, name, path):
        if self.peek() in ("struct", "union") and "{" in (self.peek(1),
                                                         self.peek(2)):
            start = self.pos
            while self.peek() != "{":
                self.take()
            body = self.pos
            depth = 0
            while True:                 # find the declarators first
                t = self.take()
                depth += (t == "{") - (t == "}")
                if depth == 0:
                    break
            names, end = self.declarators()
            tagged = self.tok[start + 1] != "{"
            if not names:
                self.nested(body, name, path)
            for d, kind in names:
                self.facts.append("%s(%s, %s)" % (kind, name, path + d))
                array = re.sub(r"\[.*", "", d)
                sub = array + ("[0]" if (d, kind) in self.arrays else "")
                if tagged:
                    self.facts.append("SIZE(%s %s)" % (
                        self.tok[start], self.tok[start + 1]))
                self.nested(body, name, path + sub + ".")
            self.pos = end
            return
        while not (re.match(r"[A-Za-z_]\w*$", self.peek()) and
                   self.peek(1) in (";", ",", "[", ":")):
            self.take()
        names, end = self.declarators()
        for d, kind in names:
            self.facts.append("%s(%s, %s)" % (kind, name, path + d))
        self.pos = end

    def nested(self, body, name, path):
        keep, self.pos = self.pos, body
        self.members(name, path)
        self.pos = keep

    def declarators(self):
        names = []
        self.arrays = set()
        while self.peek() != ";":
            if self.peek() == ",":
                self.take()
            if self.peek() == ";":
                break
            d, kind = self.take(), "FIELD"
            while self.peek() == "[":
                if self.peek(1) == "]":
                    kind = "FLEX"
                while self.take() != "]":
                    pass
                self.arrays.add((d, kind))
            if self.peek() == ":":
                self.take()
                self.take()
                kind = "BITS"
            names.append((d, kind))
        return names, self.pos + 1


def read_exempt():
    exempt = {}
    with open(os.path.join(HERE, "exempt.txt")) as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                exempt[line] = False
    return exempt


def only64(fact):
    """FIELD becomes FIELD64 where a 32-bit compilation would fail."""
    m = re.match(r"FIELD\((.*), (.*)\)$", fact)
    for pattern in ONLY64.get(m.group(1), "").split() if m else []:
        if fnmatch.fnmatch(m.group(2), pattern):
            return fact.replace("FIELD(", "FIELD64(", 1)
    return fact


def is_exempt(fact, exempt):
    inner = re.match(r"\w+\((.*)\)$", fact).group(1)
    for e in exempt:
        if e == inner or (e.endswith("*") and inner.startswith(e[:-1])):
            exempt[e] = True
            return True
    return False


def header_facts(name, exempt):
    with open(os.path.join(ABI, name)) as f:
        found = Parser(f.read(), "compat_" if name == "compat.h" else "").facts
    unique = list(dict.fromkeys(found))
    return [only64(f) for f in unique if not is_exempt(f, exempt) and
            not re.search(r"[ .]unread\)$", f)]


def list_facts(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return re.findall(r"^\w+\(.*\)$", f.read(), flags=re.M)


def main():
    write = "--write" in sys.argv[1:]
    exempt = read_exempt()
    headers = sorted(h for h in os.listdir(ABI)
                     if h.endswith(".h") and h not in MACHINERY)
    bad = total = 0
    for h in headers:
        want = header_facts(h, exempt)
        total += len(want)
        path = os.path.join(LIST, h)
        have = list_facts(path)
        if write and want != have:
            with open(path, "w") as f:
                f.write(HEAD % h + "\n".join(want) + "\n")
            continue
        for f in want:
            if f not in have:
                print("%s: not compared: %s" % (h, f))
                bad += 1
        for f in have:
            if f not in want:
                print("%s: stale: %s" % (h, f))
                bad += 1
    for name in sorted(os.listdir(LIST)):
        if name not in headers and name != "all.h":
            print("%s: list without a header" % name)
            bad += 1
    with open(os.path.join(LIST, "all.h")) as f:
        text = f.read()
    for h in headers:
        if h != "compat.h" and "list/%s\"" % h not in text:
            print("%s: not in list/all.h" % h)
            bad += 1
    for e, used in exempt.items():
        if not used:
            print("exempt.txt: names nothing: %s" % e)
            bad += 1
    if not bad:
        print("ok %d facts listed, none missing" % total)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
