# SPDX-License-Identifier: GPL-2.0-only
"""Tests of "trace": events of the ring buffer become lines of calls."""

import json
import os
import subprocess

import harness
from fixture import add_qemu
from harness import Result, fresh

EVENTS = """\
enter 1000000 4711 11 3b76
event 1500000 4711 iommufd iommufd_object_create ctx=12 id=5 type=device
exit 3000000 4711 0
enter 2000000000 4711 10 3b85
event 2000100000 4711 iommufd iommufd_refused ctx=12 error=-22 code=4 text="reserved by 0000:01:00.0"
exit 2001500000 4711 -22
enter 2100000000 60 3 3b71
exit 2100000001 60 -14
enter 2200000000 60 4 3b71
exit 2200000001 60 0
exit 2300000000 60 -25
exit 2400000000 61 0
enter 2500000000 4711 10 3bfe
exit 2600000000 4711 -999
"""


def view(root, pid=0, bdf="-", as_json=False, events=EVENTS):
    program = os.path.join(os.path.dirname(os.path.dirname(harness.PROGRAM)), "view")
    done = Result(subprocess.run([program, root.path, str(pid), bdf, str(int(as_json))],
                                 input=events.encode(), capture_output=True, check=False))
    assert done.status == 0 and not done.err, done.err
    return done


def trace_machine():
    root = fresh()
    add_qemu(root)
    root.process(60, "dpdk", {3: ("/dev/vfio/vfio", ""), 4: ("anon_inode:[vfio-device]", "")})
    return root


def test_trace_lines():
    assert view(trace_machine()).out.splitlines() == [
        "0.001500 qemu-system-x86/4711   iommufd:iommufd_object_create ctx=12 id=5 type=device",
        "0.001000 qemu-system-x86/4711 ioctl(/dev/vfio/devices/vfio0, VFIO_DEVICE_BIND_IOMMUFD)"
        " = 0 <0.002000>",
        '2.000100 qemu-system-x86/4711   iommufd:iommufd_refused ctx=12 error=-22 code=4 '
        'text="reserved by 0000:01:00.0"',
        "2.000000 qemu-system-x86/4711 ioctl(/dev/iommu, IOMMU_IOAS_MAP) = -1 EINVAL "
        "(reserved by 0000:01:00.0) <0.001500>",
        # One number, two names: the file decides.
        "2.100000 dpdk/60 ioctl(/dev/vfio/vfio, VFIO_IOMMU_MAP_DMA) = -1 EFAULT <0.000000>",
        "2.200000 dpdk/60 ioctl(anon_inode:[vfio-device], VFIO_DEVICE_PCI_HOT_RESET) = 0 "
        "<0.000000>",
        "2.500000 qemu-system-x86/4711 ioctl(/dev/iommu, 0x3bfe) = -999 <0.100000>",
    ]


def test_trace_filter():
    root = trace_machine()
    view(root, pid=60).want("VFIO_IOMMU_MAP_DMA").lacks("IOMMU_IOAS_MAP", "4711")
    view(root, pid=61).lacks("ioctl")
    view(root, bdf="0000:01:00.0").want("BIND_IOMMUFD", "IOMMU_IOAS_MAP").lacks("dpdk")
    view(root, bdf="0000:02:00.0").lacks("ioctl")
    # A device that the process does not hold yet, named by the event.
    root.process(61, "other", {})
    events = "event 5 61 vfio vfio_open device=0000:01:00.0 interface=cdev\n"
    events += "enter 6 61 3 3b76\nexit 7 61 0\nenter 8 62 3 3b76\nexit 9 62 0\n"
    # It is one of the holders from then on, even if it has ended meanwhile.
    result = view(root, bdf="0000:01:00.0", events=events)
    result.want("vfio:vfio_open", "other/61 ioctl").lacks("/62")


def test_trace_closed_file():
    """A file that is closed already leaves two names for a number."""
    events = "enter 1 60 9 3b71\nexit 2 60 0\nenter 3 60 9 3b64\nexit 4 60 0\n"
    view(trace_machine(), events=events).want(
        "ioctl(?, VFIO_IOMMU_MAP_DMA or VFIO_DEVICE_PCI_HOT_RESET) = 0",
        "ioctl(?, VFIO_GET_API_VERSION) = 0")


def test_trace_document():
    lines = [json.loads(line) for line in view(trace_machine(), as_json=True).out.splitlines()]
    assert lines[0]["event"] == "iommufd_object_create" and lines[0]["system"] == "iommufd"
    assert lines[1] == {"ns": 1000000, "pid": 4711, "tid": 4711, "command": "qemu-system-x86",
                        "ioctl": "VFIO_DEVICE_BIND_IOMMUFD", "file": "/dev/vfio/devices/vfio0",
                        "result": 0, "errno": None, "reason": None, "duration_ns": 2000000}
    assert lines[3]["errno"] == "EINVAL" and lines[3]["reason"] == "reserved by 0000:01:00.0"


def test_trace_many_threads():
    """A slot that another thread took over does not give it a call of the first."""
    root = trace_machine()
    events = "enter 1 60 3 3b71\nenter 2 1084 3 3b71\nexit 3 60 0\nexit 4 1084 0\n"
    assert view(root, events=events).out.count("ioctl(") <= 1
