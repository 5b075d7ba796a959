# SPDX-License-Identifier: GPL-2.0-only
"""The outer machine: starts its emulator, reads its serial port, ends it.

The serial port goes byte for byte to a log file; waiters search a cleaned
copy.  Every wait has a time limit, so a hang is always found.
"""
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from setup import Failure

ANSI = re.compile(rb"\x1b(\[[0-9;?!]*[A-Za-z]|\][0-9;]*|[()][A-Z0-9]|[=>78c])"
                  rb"|[\0\x07\r]")

# The hypervisor's last words.
LAST_WORDS = re.compile(r"(?:Panic on CPU \d+:\n|Lodge cannot start: )(.+)\n")

PR_SET_PDEATHSIG = 1
MONITOR_LIMIT = 60      # seconds


def die_with_parent():
    """Runs in the emulator's process before it starts: no orphan may eat the
    CPU after we were killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port(first):
    """First of four free TCP ports on this host, for VNC."""
    for port in range(first, first + 200, 4):
        try:
            for i in range(4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + i))
            return port
        except OSError:
            continue
    raise Failure("no free TCP ports for VNC")


class Machine:
    def __init__(self, setup):
        self.setup = setup
        self.log_path = os.path.join(setup.run_dir, "serial.log")
        self.emulator_log = os.path.join(setup.run_dir, "emulator.log")
        self.vnc_port = free_port(5901)
        self.text = ""              # all serial output so far, cleaned
        self.changed = threading.Condition()
        self.on_text = None         # called with new text, from the reader
        self.raw_sink = None        # file object that gets raw bytes (shell)
        ours, theirs = socket.socketpair()
        ours.settimeout(MONITOR_LIMIT)
        self.qmp = ours
        self.answers = ours.makefile()
        argv = setup.emulator(self.vnc_port, theirs.fileno())
        self.start = time.monotonic()
        with open(self.emulator_log, "wb") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, pass_fds=[theirs.fileno()],
                start_new_session=True, cwd=setup.run_dir,
                preexec_fn=die_with_parent)
        theirs.close()
        threading.Thread(target=self._read, daemon=True).start()

    def elapsed(self):
        """Seconds since the machine was switched on."""
        return time.monotonic() - self.start

    def _read(self):
        pending = b""
        with open(self.log_path, "wb", buffering=0) as log:
            while True:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    break
                log.write(data)
                if self.raw_sink:
                    self.raw_sink.write(data)
                    self.raw_sink.flush()
                # Keep the start of an unfinished escape sequence back.
                data = pending + data
                cut = data.rfind(b"\x1b", -16)
                pending = b""
                if cut >= 0 and not ANSI.match(data, cut):
                    data, pending = data[:cut], data[cut:]
                new = ANSI.sub(b"", data).decode("utf-8", "replace")
                with self.changed:
                    self.text += new
                    self.changed.notify_all()
                if self.on_text:
                    self.on_text(new)
        with self.changed:
            self.changed.notify_all()

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def type_line(self, line):
        """Types a line slowly enough for a console without flow control."""
        data = (line + "\n").encode()
        for i in range(0, len(data), 8):
            self.write(data[i:i + 8])
            time.sleep(0.1)

    def wait(self, pattern, limit, start=0):
        """Waits until the serial text from offset `start` on matches.

        Returns the match; raises Failure after `limit` seconds, when the
        machine has ended or when its hypervisor has stopped."""
        regex = re.compile(pattern, re.M)
        end = time.monotonic() + limit
        seen = start
        with self.changed:
            while True:
                match = regex.search(self.text, max(start, seen - 2000))
                if match:
                    return match
                stopped = LAST_WORDS.search(self.text, max(0, seen - 2000))
                if stopped:
                    raise Failure(f"the hypervisor has stopped: {stopped[1]}")
                seen = len(self.text)
                if not self.running():
                    raise Failure("the emulated machine has ended")
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"not seen within {limit:.0f} s")
                self.changed.wait(min(left, 1))

    def running(self):
        return self.process.poll() is None

    def tail(self, lines=15):
        """The last lines of the serial log (the emulator's if it is empty)."""
        text = "\n".join(line for line in self.text.strip().split("\n")
                         if not line.startswith("@@"))
        if not text:
            with open(self.emulator_log, encoding="utf-8") as log:
                text = log.read().strip()
        return "\n".join("    " + line for line in
                         text.split("\n")[-lines:])

    def qmp_command(self, name, **more):
        """Sends one QMP command; its answer does not matter here."""
        try:
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": name, **more}):
                self.qmp.sendall(json.dumps(command).encode())
        except OSError:
            pass

    def monitor(self, line):
        """Has QEMU's monitor do a command, and waits until it is done."""
        self.qmp_command("human-monitor-command", id=line,
                         arguments={"command-line": line})
        try:
            for answer in self.answers:
                if json.loads(answer).get("id") == line:
                    return
        except (OSError, ValueError):
            pass
        raise Failure("the emulator's monitor does not answer")

    def end(self, limit=10):
        """Ends the emulator: politely, then surely."""
        for step in (lambda: self.qmp_command("quit"), self.process.terminate,
                     self.process.kill)[self.setup.intel:]:
            if not self.running():
                break
            step()
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                continue
