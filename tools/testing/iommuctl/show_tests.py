# SPDX-License-Identifier: GPL-2.0-only
"""Tests of "list" and "show"."""

import os
import signal
import subprocess

import harness
from fixture import CONTEXT, add_qemu
from harness import call, dpdk_on_stock, fresh


def test_list_qemu():
    root = fresh()
    add_qemu(root)
    call(root, "list").exits(0).want(
        "group 7: isolated, domain DMA-FQ", "driver vfio-pci; reset flr bus; NUMA node 0",
        "nodes /dev/vfio/7 /dev/vfio/devices/vfio0",
        "held by qemu-system-x86 (4711, user alice, VM debian, unit machine-qemu")
    group, = call(root, "list", "--json").exits(0).document()["groups"]
    device, = group["devices"]
    assert group["id"] == 7 and device["reset"] == ["flr", "bus"]
    assert device["nodes"] == ["/dev/vfio/7", "/dev/vfio/devices/vfio0"]
    assert device["holders"] == [{
        "pid": 4711, "command": "qemu-system-x86", "user": "alice", "vm": "debian",
        "unit": "machine-qemu\\x2d1\\x2ddebian.scope", "through": "device node"}]


def test_list_groups():
    root = fresh()
    root.device("0000:01:00.1", group=7)
    call(root, "list").want("group 7: isolated")
    root.device("0000:01:01.0", group=7)
    call(root, "list").want("group 7: shared")
    root.device("0000:00:02.0", group=2, **{"class": "0x060400"})
    call(root, "list").want("group 2: bridges only")


def test_dpdk_on_stock():
    root = dpdk_on_stock()
    call(root, "list").want("held by dpdk-testpmd (1234, user bob, unit session-3.scope) "
                            "through its group")
    call(root, "show", "1234").exits(0).want(
        "container /dev/vfio/vfio: the module reports no details", "group 7: /dev/vfio/7",
        "device ?: anon_inode:[vfio-device]", "total: 1 processes, 0 contexts")
    # Newer kernels report the path of the device.
    root.write("proc/1234/fdinfo/7",
               "vfio-device-syspath:\t/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0\n")
    call(root, "show", "session-3.scope").want("device 0000:01:00.0: anon_inode")


def test_cdev_without_details():
    """Kernels with device nodes of their own report nothing in fdinfo."""
    root = fresh()
    root.device("0000:02:00.0", group=8, driver="vfio-pci", vfio=1)
    root.process(60, "program", {3: ("/dev/iommu", ""), 4: ("/dev/vfio/devices/vfio1", "")})
    found = call(root, "list", "--json").document()["groups"]
    held = {group["id"]: [holder["through"] for holder in group["devices"][0]["holders"]]
            for group in found}
    assert held == {7: [], 8: ["device node"]}, held
    call(root, "show", "60").want("context /dev/iommu: the module reports no details")


def test_unbind_waits():
    root = fresh()
    add_qemu(root)
    root.process(812, "sh", {1: ("/sys/bus/pci/drivers/vfio-pci/unbind", None)}, uid=0, state="D")
    call(root, "list").want("waiting: sh (812, user root) unbinds a device in use")
    call(root, "check", "01:00.0").exits(1).want("a task waits to unbind")
    waiting, = call(root, "list", "--json").document()["waiting"]
    assert waiting["pid"] == 812
    root.process(812, "sh", {1: ("/sys/bus/pci/drivers/vfio-pci/unbind", None)}, uid=0, state="R")
    call(root, "list").lacks("waiting:")
    root.process(812, "sh", {1: ("/sys/bus/pci/drivers/nvme/unbind", None)}, uid=0, state="D")
    call(root, "list").lacks("waiting:")


def test_show_tree():
    root = fresh()
    add_qemu(root)
    lines = [line.strip() for line in call(root, "show").exits(0).out.splitlines()]
    assert lines[1:] == [
        "context 12: /dev/iommu, charged 2 MiB to the process",
        "ioas 3: 10 areas, 2 MiB mapped, 1 MiB pinned, 1 domains",
        "hwpt 4: auto, dirty tracking off",
        "device 5: 0000:01:00.0",
        "refused 3 calls, the last: EINVAL map: iova 0xfee00000 length 0x1000: "
        "reserved by 0000:01:00.0 (MSI window 0xfee00000-0xfeefffff)",
        "device 0000:01:00.0: /dev/vfio/devices/vfio0, context 12, id=5 hwpt=4 ioas=3",
        "total: 1 processes, 1 contexts, 1 IOAS, 1 HWPTs, 1 devices, 2 MiB mapped, 1 MiB pinned",
    ], lines


def test_show_subject():
    root = fresh()
    add_qemu(root)
    for subject in ("4711", "debian", "machine-qemu\\x2d1\\x2ddebian.scope"):
        call(root, "show", subject).exits(0).want("context 12")
    result = call(root, "show", "nothing\x1b[2J").exits(1)
    assert "no process" in result.err and "\x1b" not in result.err, result.err
    call(root, "show", "4712").exits(1)


def test_show_document():
    root = fresh()
    add_qemu(root)
    document = call(root, "show", "--json").exits(0).document()
    process, = document["processes"]
    context, device = process["files"]
    assert context["ioas"] == [{"id": 3, "areas": 10, "mapped": 2097152, "pinned": 1048576,
                                "domains": 1}]
    assert context["hwpts"] == [{"id": 4, "ioas": 3, "devices": 1, "kind": "auto",
                                 "dirty": "off"}]
    assert context["devices"] == [{"id": 5, "bdf": "0000:01:00.0", "hwpt": 4, "ioas": 3}]
    assert context["charged"] == 2097152 and context["refusals"] == 3
    assert device["device"] == "0000:01:00.0" and device["context"] == 12
    assert document["total"]["pinned"] == 1048576


def test_show_container():
    root = fresh()
    text = CONTEXT.replace("interface:\tiommu", "interface:\tcontainer")
    text += "container-type:\t3\ncontainer-groups:\t7 12\ncontainer-mappings-left:\t65535\n"
    root.process(50, "dpdk", {3: ("/dev/vfio/vfio", text), 4: ("/dev/vfio/vfio", text)})
    result = call(root, "show").want(
        "context 12: /dev/vfio/vfio, container of type 3, groups 7 12, 65535 mappings left")
    # Two descriptors of one context count once.
    result.want("total: 1 processes, 1 contexts")
    assert result.out.count("context 12") == 1, result.out
    # So does one that two processes have open.
    root.process(51, "child", {3: ("/dev/vfio/vfio", text)})
    call(root, "show").want("total: 2 processes, 1 contexts, 1 IOAS")
    call(root, "show", "51").want("total: 1 processes, 1 contexts, 1 IOAS")
    os.unlink(root.full("proc/51/fd/3"))
    document = call(root, "show", "--json").document()
    assert document["processes"][0]["files"][0]["container_groups"] == ["7", "12"]


def test_show_areas():
    root = fresh()
    add_qemu(root)
    call(root, "show", "--areas").want("areas: debugfs cannot be read")
    root.write("sys/kernel/debug/iommufd/12/areas",
               'ioas=3 iova=0x100000 length=0x200000 prot=rw kind=file thp=0 '
               'file="/tmp/a \x1b[31mb" pinned=yes owner=4711/qemu\n'
               'ioas=4 iova=0x0 length=0x1000 prot=r kind=anon pinned=no owner=1/x\n')
    call(root, "show", "--areas").want("ioas=3 iova=0x100000 length=0x200000",
                                       "\\x1b[31mb").lacks("ioas=4 iova").harmless()
    areas = call(root, "show", "--areas", "--json").document()["processes"][0]["files"][0]["areas"]
    assert areas[0] == {"ioas": 3, "iova": 0x100000, "length": 0x200000, "prot": "rw",
                        "kind": "file", "thp": "0", "file": "/tmp/a \\x1b[31mb",
                        "pinned": "yes", "owner": "4711/qemu"}, areas[0]
    assert len(areas) == 2


def test_show_watch():
    root = fresh()
    add_qemu(root)
    with subprocess.Popen([harness.PROGRAM, "show", "--watch", "--root", root.path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        # Two refreshes, the second with the process that is new then.
        while not child.stdout.readline().startswith(b"total: 1 "):
            pass
        add_qemu(root, pid=4712)
        while not child.stdout.readline().startswith(b"total: 2 "):
            pass
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0 and not err, (child.returncode, err)
