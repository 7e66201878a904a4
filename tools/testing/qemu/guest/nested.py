# SPDX-License-Identifier: GPL-2.0-only
"""A nested guest: QEMU on KVM, controlled by QMP and by the guest's serial port."""

import array
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter


class Failure(Exception):
    """A check has failed; the text is the reason."""


class Hang(Failure):
    """A guest does not reply any more, so that no further check of it can pass."""


def qemu_messages(path):
    """Return QEMU's messages without the parts that differ between runs."""
    lines = set()
    with open(path, errors="replace") as file:
        for line in file:
            line = re.sub(r"^qemu-system-x86_64: (-\S+ \S+: )?", "", line.strip())
            line = re.sub(r"0x[0-9a-f]+", "ADDRESS", line)
            line = re.sub(r"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", "DEVICE", line)
            lines.add(re.sub(r"\d+", "N", line))
    return lines - {""}


def locate(place, console):
    """Add the module and the offset to "RIP=ADDRESS", from what the guest printed."""
    bases = [re.fullmatch(r"module (\S+) (\d+) 0x(\w+)", line.strip()) for line in console]
    for base in filter(None, bases):
        offset = int(place.partition("=")[2], 16) - int(base[3], 16)
        if 0 <= offset < int(base[2]):
            return f"{place} ({base[1]}+{offset:#x})"
    return place


def kvm_events(seconds):
    """Return the lines of the kernel's trace of KVM, of all guests."""
    instance = "/sys/kernel/tracing/instances/hang"
    os.makedirs(instance, exist_ok=True)
    try:
        with open(f"{instance}/events/kvm/enable", "w") as file:
            file.write("1")
        time.sleep(seconds)
        with open(f"{instance}/events/kvm/enable", "w") as file:
            file.write("0")
        with open(f"{instance}/trace", errors="replace") as file:
            return file.readlines()
    finally:
        os.rmdir(instance)


class Lines:
    """Reads lines from a socket within a time limit."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if process.poll() is not None:
                    raise Failure(f"QEMU ended with {process.returncode}")
                if time.monotonic() > deadline:
                    raise Failure("QEMU does not reply")
                time.sleep(0.02)
        self.left = b""

    def read(self, limit, what):
        deadline = time.monotonic() + limit
        while b"\n" not in self.left:
            wait = deadline - time.monotonic()
            if wait <= 0:
                raise Hang(f"{what}: nothing within {limit} s")
            self.socket.settimeout(wait)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise Failure(f"{what}: {error}")
            if not data:
                raise Failure(f"{what}: QEMU is gone")
            self.left += data
        line, self.left = self.left.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")


class Nested:
    """One QEMU. `words` are added to its command line."""

    # Time limits in seconds, enough for a busy host.
    BOOT = 600
    COMMAND = 300

    def __init__(self, name, logs, words, memory="256M", fds=(), append="", incoming=None):
        """With incoming="main" another QEMU is to migrate a guest to this one; with
        "cpr" it also hands over its descriptors, by Nested.transfer()."""
        self.dir = tempfile.mkdtemp()
        self.logs = os.path.join(logs, name)
        self.words = [
            "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host",
            "-m", memory, "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", f"/boot/vmlinuz-{os.uname().release}",
            "-initrd", "/share/nested.img",
            "-append", "console=ttyS0 panic=-1 loglevel=4 no_timer_check mitigations=off " + append,
            "-serial", f"file:{self.logs}.console",
            "-chardev", f"socket,id=agent,path={self.dir}/agent,server=on,wait=off",
            "-serial", "chardev:agent",
            "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off",
            "-trace", "kvm_device_ioctl", "-trace", "iommufd_backend_map_file_dma",
            "-D", f"{self.logs}.trace",
            *words]
        if incoming:
            self.words += ["-incoming", f"unix:{self.dir}/main"]
        if incoming == "cpr":
            self.words += ["-incoming", json.dumps(self.channel("cpr"))]
        with open(f"{self.logs}.stderr", "ab") as stderr:
            self.process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=stderr,
                stderr=stderr, pass_fds=fds)
        self.events = []
        if incoming != "cpr":
            self.connect()

    def connect(self):
        """Connect to QEMU. For "cpr" this works only once the guest is on its way."""
        try:
            self.monitor = Lines(f"{self.dir}/qmp", self.process)
            self.monitor.read(60, "greeting")
            self.qmp("qmp_capabilities")
            self.agent = Lines(f"{self.dir}/agent", self.process)
        except Failure:
            self.kill()
            raise

    def wait_booted(self):
        """Wait until the guest's user space is ready."""
        while not self.read_line(self.BOOT, "boot").startswith("ready"):
            pass

    def read_line(self, limit, what):
        """Return the next line that the guest's user space prints."""
        try:
            return self.agent.read(limit, what)
        except Failure as error:
            raise type(error)(f"{error}, {self.describe_state()}")

    def describe_state(self):
        """Describe why a guest hangs: its last line, its CPU, and messages of KVM.

        The code at which it hangs and KVM's events of half a second are written to the
        log of this name that ends in ".hang"."""
        with open(f"{self.logs}.console", errors="replace") as file:
            lines = file.read().splitlines() or ["nothing"]
        with open(f"{self.logs}.stderr", errors="replace") as file:
            errors = [line.strip() for line in file if re.search("kvm|emulation", line, re.I)]
        places, events = [], Counter()
        with contextlib.suppress(Failure), open(f"{self.logs}.hang", "a") as log:
            places.append(self.qmp("query-status")["status"])
            for _ in range(3):
                text = self.monitor_command("info registers")
                places += [locate(word, lines) for word in re.findall(r"RIP=\S+|HLT=1", text)]
            log.write(text + self.monitor_command("x /16i $pc"))
            traced = kvm_events(0.5)
            log.writelines(traced[-400:])
            for line in traced:
                if found := re.search(r": (kvm_\w+): (.*reason (\w+))?", line):
                    events[" ".join(filter(None, found.group(1, 3)))] += 1
        seen = ", ".join(f"{count} {name}" for name, count in events.most_common(8))
        return "; ".join([f"said last: {lines[-1].strip()[:200]}", " ".join(places),
                          f"KVM in 0.5 s: {seen or 'no event'}", *errors[-3:]])

    def monitor_command(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def run(self, command, limit=None):
        """Run a shell command in the guest; return the lines of its output."""
        self.agent.socket.sendall(command.encode() + b"\n")
        lines = []
        while True:
            line = self.read_line(limit or self.COMMAND, command)
            if line.startswith("="):
                break
            lines.append(line)
        if line != "=0":
            raise Failure(f"{command}: status {line[1:]}, {' / '.join(lines[-3:])}")
        return lines

    def value(self, command, name):
        """Return the words behind `name` in the output of a command of the guest."""
        for line in self.run(command):
            if line.startswith(name + " "):
                return line[len(name) + 1:]
        raise Failure(f"{command}: says nothing about {name}")

    def qmp(self, name, send=None, **arguments):
        message = json.dumps({"execute": name, "arguments": arguments}).encode()
        ancillary = []
        if send is not None:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [send]))]
        self.monitor.socket.sendmsg([message], ancillary)
        while True:
            reply = json.loads(self.monitor.read(self.COMMAND, name))
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise Failure(f"{name}: {reply['error']['desc']}")
            else:
                return reply["return"]

    def event(self, name, **data):
        """Wait for an event, which may have been received already."""
        while True:
            for event in self.events:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    self.events.remove(event)
                    return
            reply = json.loads(self.monitor.read(self.COMMAND, name))
            if "event" in reply:
                self.events.append(reply)

    def count_traced(self, pattern):
        """Return the number of lines of QEMU's trace that match."""
        try:
            with open(f"{self.logs}.trace", errors="replace") as file:
                return sum(1 for line in file if re.search(pattern, line))
        except FileNotFoundError:
            return 0

    def huge_kib(self):
        """Return the KiB of transparent huge pages, of QEMU and of files."""
        found = 0
        for path, name in ((f"/proc/{self.process.pid}/smaps_rollup", "AnonHugePages"),
                           ("/proc/meminfo", "ShmemHugePages")):
            with open(path) as file:
                found += int(re.search(rf"{name}: +(\d+)", file.read())[1])
        return found

    def channel(self, kind):
        return {"channel-type": kind,
                "addr": {"transport": "socket", "type": "unix", "path": f"{self.dir}/{kind}"}}

    def transfer(self, other):
        """Live update: transfer the guest to another QEMU that was started for it."""
        deadline = time.monotonic() + 60
        while not os.path.exists(f"{other.dir}/cpr"):
            if other.process.poll() is not None or time.monotonic() > deadline:
                raise Failure("the new QEMU does not wait for the guest")
            time.sleep(0.02)
        self.qmp("migrate-set-parameters", mode="cpr-transfer")
        self.qmp("migrate", channels=[other.channel("main"), other.channel("cpr")])
        other.connect()
        deadline = time.monotonic() + self.COMMAND
        while not other.qmp("query-status")["running"]:
            status = self.qmp("query-migrate")
            if status.get("status") == "failed" or time.monotonic() > deadline:
                raise Failure(f"the guest does not come over: {status}")
            time.sleep(0.02)

    def migrate(self, other, on_way):
        """Migrate the guest to another QEMU. Call on_way() when all memory was sent
        once and the guest still runs; QEMU does not stop it before."""
        def state():
            found = self.qmp("query-migrate")
            if found.get("status") == "failed" or time.monotonic() > deadline:
                raise Failure(f"the migration does not proceed: {found}")
            return found

        deadline = time.monotonic() + self.COMMAND
        self.qmp("migrate-set-parameters", **{"max-bandwidth": 8 << 20, "downtime-limit": 1})
        self.qmp("migrate", uri=f"unix:{other.dir}/main")
        while state().get("ram", {}).get("dirty-sync-count", 0) < 2:
            time.sleep(0.05)
        on_way()
        if state()["status"] == "completed":
            raise Failure("the guest was stopped too early")
        self.qmp("migrate-set-parameters", **{"max-bandwidth": 1 << 30,
                                              "downtime-limit": 1000 * self.COMMAND})
        while state()["status"] != "completed":
            time.sleep(0.05)
        while not other.qmp("query-status")["running"]:
            if time.monotonic() > deadline:
                raise Failure("the guest does not continue")
            time.sleep(0.02)
        return state()

    def quit(self):
        """Power the guest off from inside; raise Failure if it does not end."""
        self.agent.socket.sendall(b"poweroff -f\n")
        try:
            status = self.process.wait(self.COMMAND)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the guest does not power off")
        shutil.rmtree(self.dir, ignore_errors=True)
        if status != 0:
            raise Failure(f"QEMU ended with {status}")

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
