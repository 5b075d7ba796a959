# SPDX-License-Identifier: GPL-2.0-only
"""Commands in domain 0 over its console, and the consoles of its guests.

The other end is bench-agent in the dom0 image, where the protocol is
described.  Nothing here trusts that a line arrives whole.
"""
import base64
import json
import re
import threading
import time
import zlib

from setup import Failure

PIECE = 60      # base64 characters per input line; consoles have small queues
FRAME = re.compile(r"@@(([a-z]) ([^\n]*?)) ([0-9a-f]{8})@")


def crc(text):
    return f"{zlib.crc32(text.encode()):08x}"


class GuestConsole:
    """What a guest has written so far, as whole text."""

    def __init__(self):
        self.text = ""
        self.seen = 0       # start of what wait_console has not consumed


class Dom0:
    def __init__(self, machine):
        self.machine = machine
        self.consoles = {}
        self.on_console_line = None     # called with (guest, line)
        self.lines = {}                 # guest -> unfinished line
        self.frames = {}                # (kind, id[, seq]) -> rest
        self.changed = threading.Condition()
        self.buffer = ""
        self.next_id = 0
        self.hello = False

    # -- what comes from domain 0 -----------------------------------------

    def _feed(self, text):
        self.buffer += text
        end = 0
        for match in FRAME.finditer(self.buffer):
            end = match.end()
            if crc(match.group(1)) == match.group(4):
                self._frame(match.group(2), match.group(3))
        self.buffer = self.buffer[end:][-4000:]

    def _frame(self, kind, rest):
        if kind == "g":
            name, _, more, text = (rest + " ").split(" ", 3)
            self._console(name, text[:-1], more == "+")
            return
        words = rest.split(" ")
        with self.changed:
            if kind == "h":
                self.hello = True
            elif kind in "ad":
                self.frames[kind, words[0], int(words[1])] = words[2:]
            else:
                self.frames[kind, words[0]] = words[1:]
            self.changed.notify_all()

    def _console(self, name, text, more):
        console = self.consoles.setdefault(name, GuestConsole())
        line = self.lines.get(name, "") + text
        self.lines[name] = line if more else ""
        with self.changed:
            console.text += text + ("" if more else "\n")
            self.changed.notify_all()
        if not more and line.strip() and self.on_console_line:
            self.on_console_line(name, line.rstrip())

    def _wait_frame(self, keys, limit):
        """The first of several frames to arrive: (key, rest) or None."""
        end = time.monotonic() + limit
        with self.changed:
            while True:
                for key in keys:
                    if key in self.frames:
                        return key, self.frames[key]
                left = end - time.monotonic()
                if left <= 0:
                    return None
                if not self.machine.running():
                    raise Failure("the emulated machine has ended")
                self.changed.wait(min(left, 0.5))

    # -- requests ----------------------------------------------------------

    def connect(self, limit):
        """Starts the agent from the shell prompt on the console."""
        self.machine.on_text = self._feed
        end = time.monotonic() + limit
        while time.monotonic() < end:
            self.machine.type_line("")
            self.machine.type_line("exec bench-agent")
            wait_until = time.monotonic() + 40
            with self.changed:
                while not self.hello and time.monotonic() < wait_until:
                    self.changed.wait(1)
            if self.hello:
                return
            if not self.machine.running():
                raise Failure("the emulated machine has ended")
        raise Failure(f"domain 0's shell did not answer within {limit:.0f} s")

    def _line(self, text):
        self.machine.write(f">{text} {crc(text)}\n".encode())

    def request(self, wait, /, **fields):
        """Sends a request and returns its answer (a dictionary)."""
        end = time.monotonic() + wait
        self.next_id += 1
        ident = f"q{self.next_id}"
        data = base64.b64encode(json.dumps(fields).encode()).decode()
        pieces = [data[i:i + PIECE] for i in range(0, len(data), PIECE)]
        for seq, piece in enumerate(pieces):
            last = int(seq == len(pieces) - 1)
            while True:
                self._line(f"{ident} {seq} {last} {piece}")
                if self._wait_frame([("a", ident, seq)], 3):
                    break
                if time.monotonic() > end:
                    raise Failure("domain 0's console does not answer")
        while True:
            done = self._wait_frame([("x", ident)], 20)
            if done:
                break
            if time.monotonic() > end:
                raise Failure(f"no answer from domain 0 in {wait:.0f} s")
            self._line(f"{ident} ? 0 -")
        count = int(done[1][0])
        for seq in range(count):
            while not self._wait_frame([("d", ident, seq)], 3):
                self._line(f"{ident} = 0 {seq}")
                if time.monotonic() > end + 60:
                    raise Failure("domain 0's console garbles its answers")
        text = "".join(self.frames.pop(("d", ident, seq))[0]
                       for seq in range(count))
        reply = json.loads(base64.b64decode(text))
        if "error" in reply:
            raise Failure(f"in domain 0: {reply['error']}")
        return reply

    def run_raw(self, cmd, limit=60):
        """(status, output bytes) of a shell command in domain 0."""
        reply = self.request(limit + 30, op="run", cmd=cmd, limit=limit)
        return reply["code"], base64.b64decode(reply["out"])

    def run(self, cmd, limit=60):
        """(status, output text) of a shell command in domain 0."""
        code, out = self.run_raw(cmd, limit)
        return code, out.decode("utf-8", "replace")

    def check(self, cmd, limit=60):
        """Output of a command that must succeed."""
        code, out = self.run(cmd, limit)
        if code == 124:
            raise Failure(f"'{cmd}' did not end within {limit} s")
        if code:
            last = " / ".join(out.strip().split("\n")[-3:])
            raise Failure(f"'{cmd}' ended with status {code}: {last}")
        return out

    # -- guests --------------------------------------------------------------

    def open_console(self, guest, kind):
        """Has a guest's console ("serial" or "pv") copied from now on."""
        self.consoles.setdefault(guest, GuestConsole())
        self.request(60, op="console", guest=guest, kind=kind)

    def _console_of(self, guest):
        if guest not in self.consoles:
            raise Failure(f"the console of {guest} is not attached")
        return self.consoles[guest]

    def send(self, guest, text):
        """Types text on a guest's console."""
        console = self._console_of(guest)
        console.seen = len(console.text)
        self.request(60, op="send", guest=guest, text=text)

    def wait_console(self, guest, pattern, limit):
        """Waits for a pattern in what the guest wrote since the last match.

        Lines of the live copy may be garbled by others' messages, so before
        giving up the log in domain 0 is looked at too."""
        regex = re.compile(pattern, re.M)
        console = self._console_of(guest)
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            with self.changed:
                match = regex.search(console.text, console.seen)
                if match:
                    console.seen = match.end()
                    return match
                if not self.machine.running():
                    raise Failure("the emulated machine has ended")
                self.changed.wait(min(left, 1))
            # Closed by an end or by a reboot?
            if ("(console closed)" in console.text[console.seen:]
                    and self.run(f"xl domid {guest}")[0]):
                break
        reply = self.request(60, op="log", guest=guest, bytes=3000)
        match = regex.search(base64.b64decode(reply["out"]).decode(
            "utf-8", "replace"))
        if match:
            console.seen = len(console.text)
            return match
        last = console.text.strip().split("\n")[-1][-120:]
        raise Failure(
            f"{guest}'s console did not show '{pattern}' "
            + (f"within {limit:.0f} s" if left <= 0 else "before its end")
            + f"; its last line: {last}")
