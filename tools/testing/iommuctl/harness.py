# SPDX-License-Identifier: GPL-2.0-only
"""Calls of the program, and what is expected of them."""

import json
import os
import subprocess

from fixture import Fixture, machine

PROGRAM = None
WORK = None


class Result:
    """Status and output of one call of the program."""

    def __init__(self, done):
        self.status = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def want(self, *texts):
        for text in texts:
            assert text in self.out, f"no {text!r} in\n{self.out}{self.err}"
        return self

    def lacks(self, *texts):
        for text in texts:
            assert text not in self.out, f"{text!r} in\n{self.out}"
        return self

    def exits(self, status):
        assert self.status == status, \
            f"status {self.status}, not {status}\n{self.out}{self.err}"
        return self

    def document(self):
        return json.loads(self.out)

    def harmless(self):
        for number in self.raw:
            assert number >= 0x20 and number != 0x7f or number == 0x0a, \
                f"control character {number:#x} in\n{self.out!r}"
        self.raw.decode()
        return self


def call(root, *args):
    where = ["--root", root.path if isinstance(root, Fixture) else root] if root else []
    done = subprocess.run([PROGRAM, args[0], *where, *args[1:]], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    result = Result(done)
    assert "Sanitizer" not in result.err and "runtime error" not in result.err, result.err
    assert result.status in (0, 1, 2, 3), f"status {result.status}\n{result.err}"
    return result


def fresh(name="root", **words):
    return machine(os.path.join(WORK, name), **words)


def findings(result):
    """Level and text of each finding, by ID."""
    found = {}
    for entry in result.document()["findings"]:
        found.setdefault(entry["id"], []).append((entry["level"], entry["text"], entry["fix"]))
    return found


def level(result, name):
    return [entry[0] for entry in findings(result).get(name, [])]


def dpdk_on_stock():
    root = fresh(loaded="native")
    root.process(1234, "dpdk-testpmd", {
        5: ("/dev/vfio/vfio", ""), 6: ("/dev/vfio/7", ""), 7: ("anon_inode:[vfio-device]", "")},
        uid=1001, cgroup="user.slice/user-1001.slice/session-3.scope")
    return root
