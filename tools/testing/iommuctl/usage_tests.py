# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the command line."""

import subprocess

import harness
from harness import Result, fresh


def test_usage():
    cases = (
        ([], "no command"), (["nothing"], "unknown command: nothing"),
        (["list", "x"], "takes no argument"), (["list", "--areas"], "no option --areas"),
        (["list", "--wrong"], "unknown option"), (["check"], "usage: iommuctl check"),
        (["check", "x"], "not a PCI address"), (["check", "01:00.8"], "not a PCI address"),
        (["check", "01:20.0"], "not a PCI address"), (["check", "01:00.0x"], "not a PCI address"),
        (["check", "00000:01:00.00"], "not a PCI address"),
        (["check", "0f:00.0"], "no such device"), (["check", "0f:00.0", "y"], "too many"),
        (["check", "--memory", "0", "01:00.0"], "not a size"),
        (["check", "--memory", "-1G", "01:00.0"], "not a size"),
        (["check", "--memory", "1X", "01:00.0"], "not a size"),
        (["check", "--memory", "99999999T", "01:00.0"], "not a size"),
        (["check", "--user", "nobody-here", "01:00.0"], "no such user"),
        (["check", "--user"], "needs a value"), (["show", "a", "b"], "too many"),
        (["show", "--watch", "--json"], "exclude each other"),
        (["why"], "usage: iommuctl why"), (["trace", "x"], "neither a PID nor"),
        (["trace", "1000000000"], "no such process"), (["trace", "ffff:ff:1f.7"], "no such device"),
        (["trace", "--root", "/"], "no option --root"), (["trace", "0"], "neither a PID nor"),
        (["list", "--root", "/nonexistent"], "cannot open /nonexistent"),
        (["x\x1b[2J\n"], "\\x1b[2J\\x0a"),
    )
    for args, text in cases:
        done = Result(subprocess.run([harness.PROGRAM, *args], capture_output=True, check=False))
        assert done.status == 2, (args, done.status, done.err)
        assert done.out == "" and done.err.count("\n") == 1 and text in done.err, (args, done.err)
        assert done.err.startswith("iommuctl: ") and "\x1b" not in done.err
    for args in (["--help"], ["list", "--help"], ["--version"]):
        done = Result(subprocess.run([harness.PROGRAM, *args], capture_output=True, check=False))
        assert done.status == 0 and done.out and not done.err


def test_full_output():
    root = fresh()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([harness.PROGRAM, "list", "--root", root.path], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3 and b"cannot write" in done.stderr, done
