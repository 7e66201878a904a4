# SPDX-License-Identifier: GPL-2.0-only
"""Tests of contents that are hostile, damaged or about to vanish."""

import os
import random

import harness
from fixture import RELEASE, add_qemu
from harness import call, dpdk_on_stock, fresh


COMMANDS = (["list"], ["show", "--areas"], ["check", "01:00.0"], ["doctor"],
            ["why", "0000:01:00.0 group 7 error 22"])


def everything(root):
    for command in COMMANDS:
        call(root, *command).harmless()
        document = call(root, command[0], "--json", *command[1:]).harmless()
        if document.out:
            document.document()


def test_hostile_names():
    root = fresh()
    add_qemu(root)
    evil = "\x1b]0;title\x07\x9b1m\u202eevil\n\tname"
    root.write("proc/4711/comm", evil)
    root.write("proc/4711/cgroup", f"0::/a/{evil}\x1b.service")
    root.write("proc/4711/cmdline", f"qemu\0-name\0guest={evil}\0")
    root.link("sys/bus/pci/devices/0000:01:00.0/driver", "../drivers/\x1bvfio\x07")
    root.write("sys/bus/pci/devices/0000:01:00.0/reset_method", b"fl\xff\xc0\xaf\x00r\n")
    root.write("sys/kernel/iommu_groups/7/type", b"\x1b[31m\xed\xa0\x80")
    root.mkdir("sys/class/iommu/dmar\x1b[1m")
    root.mkdir("sys/bus/pci/devices/\x1b[2J")
    root.mkdir("sys/bus/pci/devices/0000:01:00.0\x1b")
    root.mkdir("sys/kernel/iommu_groups/7/devices/\x1bdevice")
    root.mkdir("sys/kernel/iommu_groups/99999999999999999999")
    root.write("proc/4711/fdinfo/10", "iommufd-context:\t12\niommufd-refusals:\t1\n"
               "iommufd-refusal:\t\x1b[2J\r\x08evil\niommufd-device:\tid=1 name=\x1bx hwpt=0\n")
    root.write(f"lib/modules/{RELEASE}/modules.dep", "updates/\x1b[1m/vfio.ko:\n")
    root.mkdir("var/lib/dkms/iommufd/\x1b1.0")
    root.write("proc/sys/kernel/osrelease", RELEASE + "\n")
    everything(root)
    call(root, "list").want("\\x1b]0;title\\x07", "\\xe2\\x80\\xae")


def test_hostile_files():
    root = fresh()
    add_qemu(root)
    huge = "iommufd-ioas:\tid=1 areas=99999999999999999999999 mapped=-1\n"
    root.write("proc/4711/fdinfo/10", "iommufd-context:\t99999999999\n" + huge * 60000)
    root.write("sys/kernel/debug/iommufd/12/areas", "ioas=3 " + "x" * 3000000 + "\nioas=3 last\n")
    root.write("proc/interrupts", "x" * 3000000)
    root.write(f"lib/modules/{RELEASE}/modules.dep", "/" * 1000000)
    root.write("sys/bus/pci/devices/0000:01:00.0/resource",
               "0xffffffffffffffff 0x0 0x1\nx\n" + "0x0 0xffffffffffffffff 0x1\n" * 100)
    everything(root)
    # A FIFO must not block, a directory is no file, a link leads nowhere.
    for path in ("proc/4711/fdinfo/10", "proc/4711/comm", "sys/kernel/iommu_groups/7/type",
                 f"boot/initrd.img-{RELEASE}", "proc/cmdline", "dev/kmsg"):
        if os.path.exists(root.full(path)):
            os.unlink(root.full(path))
        os.mkfifo(root.full(path))
    root.mkdir("proc/4711/fdinfo/13")
    root.link("proc/4711/fd/13", "/dev/iommu")
    root.link("proc/4711/fd/14", "/dev/vfio/devices/vfio99999999999999")
    root.link("proc/4711/fd/15", "/dev/vfio/")
    root.link("proc/4711/status", "status")
    everything(root)


def test_hostile_links():
    """Links cannot lead out of the directory."""
    outside = os.path.join(harness.WORK, "outside")
    with open(outside, "w", encoding="ascii") as file:
        file.write("SECRET\n")
    root = fresh()
    add_qemu(root)
    root.link("proc/4711/comm", outside)
    root.link("sys/kernel/iommu_groups/7/type", "../" * 30 + outside[1:])
    for command in COMMANDS:
        call(root, *command).lacks("SECRET")


def test_vanishing():
    """A process that ends between two reads is missing or incomplete."""
    full = fresh()
    add_qemu(full)
    everything(full)
    for path in ("comm", "status", "cgroup", "cmdline", "limits", "fdinfo/10", "fdinfo/11",
                 "fd/10", "fd/11"):
        os.unlink(full.full("proc/4711/" + path))
        everything(full)
    os.unlink(full.full("proc/4711/fd/0"))
    os.unlink(full.full("proc/4711/fd/12"))
    os.rmdir(full.full("proc/4711/fd"))
    everything(full)
    call(full, "show").want("total: 0 processes")


def test_random_contents():
    """Files with bytes changed, cut and doubled; the seed is printed if one fails."""
    seed = int(os.environ.get("SEED", "1"))
    rng = random.Random(seed)
    for number in range(int(os.environ.get("ROUNDS", "12"))):
        root = dpdk_on_stock() if number % 2 else fresh()
        add_qemu(root)
        root.write("sys/kernel/debug/iommufd/12/areas", "ioas=3 iova=0x1 length=0x2 prot=rw\n" * 3)
        files = sorted(root.each_file())
        for path in rng.sample(files, len(files) // 2):
            with open(path, "rb") as file:
                data = bytearray(file.read())
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(len(data) + 1)
                kind = rng.randrange(3)
                if kind == 0:
                    data[at:at + 1] = bytes([rng.randrange(256)])
                elif kind == 1:
                    del data[at:at + rng.randrange(8)]
                else:
                    data[at:at] = data[max(0, at - 9):at] * rng.randrange(4)
            with open(path, "wb") as file:
                file.write(data)
        try:
            everything(root)
        except AssertionError as error:
            raise AssertionError(f"SEED={seed}, round {number}: {error}") from error
