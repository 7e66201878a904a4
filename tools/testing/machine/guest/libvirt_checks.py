#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: libvirt_checks [iommufd]

Assigns two NVMe drives to machines of libvirt as its users do it: on our modules,
from the container and with "iommufd" from /dev/iommu, then, in the same boot, on the
kernel's own. The confinement of QEMU and what it may lock must be the same.
"""

import glob
import os
import re
import sys

from domains import (DRIVES, IMAGES, LINE, READ_MIB, Domain, block_device, check,
                     driver_of, equal, host_reads, node_of, pattern_sum, prepare, sh, until)
from nested import Failure

NAMES = ("vfio-pci", "vfio_iommu_type1", "vfio", "iommufd")


def returned(device, at=None, number=None):
    """Check that the drive has its own driver again, with its data and what was written."""
    until(lambda: driver_of(device) == "nvme", f"{device} returns to nvme")
    equal(host_reads(device, READ_MIB), sums[device])
    if number:
        equal(host_reads(device, 1, at), pattern_sum(number))


def node_device(name):
    """nodedev-detach, -reset, -reattach."""
    device, node = DRIVES[0], node_of(DRIVES[0])

    def detach():
        sh("virsh", "nodedev-detach", node)
        equal(driver_of(device), "vfio-pci")

    def reattach():
        sh("virsh", "nodedev-reattach", node)
        returned(device)

    check(f"{name}: nodedev-list has the drive", lambda: equal(
        node in sh("virsh", "nodedev-list", "--cap", "pci").split(), True))
    check(f"{name}: nodedev-dumpxml has its IOMMU group", lambda: equal(
        re.search(r"iommuGroup number='(\d+)'", sh("virsh", "nodedev-dumpxml", node))[1],
        os.path.basename(os.readlink(f"/sys/bus/pci/devices/{device}/iommu_group"))))
    check(f"{name}: nodedev-detach binds it to vfio-pci", detach)
    check(f"{name}: nodedev-reset", sh, "virsh", "nodedev-reset", node)
    check(f"{name}: nodedev-reattach gives it back", reattach)


def machines(name, iommufd=False):
    """Two machines at once; one gets its drive while it runs."""
    found = {"confinement": {}, "memory": {}}
    one = two = None

    def start():
        nonlocal one, two
        two = Domain("two", [DRIVES[1]], iommufd)
        one = Domain("one", (), iommufd)
        two.wait_booted()
        one.wait_booted()

    def plug():
        one.change_device("attach-device", DRIVES[0])
        one.disk(sums[DRIVES[0]])
        one.write(30, 7)

    def unplug():
        one.change_device("detach-device", DRIVES[0])
        returned(DRIVES[0], 30, 7)

    def write():
        two.write(31, 8)
        two.quit()
        returned(DRIVES[1], 31, 8)

    def accounting():
        equal(set(two.fdinfo("iommufd-accounting")), {"process"})
        equal(set(two.fdinfo("vfio-interface")), {"cdev"})

    try:
        if not check(f"{name}: two machines run at once, one with a drive", start):
            return found
        check(f"{name}: QEMU can be observed", lambda: found.update(
            confinement=two.confinement(), memory=two.locked()))
        print(name, found, flush=True)
        check(f"{name}: QEMU runs as libvirt-qemu", lambda: equal(
            found["confinement"]["user"], "libvirt-qemu"))
        check(f"{name}: it has no capability", lambda: equal(
            found["confinement"]["capabilities"], 0))
        check(f"{name}: it is confined by AppArmor", lambda: equal(
            found["confinement"]["apparmor"], "libvirt-UUID (enforce)"))
        check(f"{name}: it is in machine.slice, and has a /dev of its own", lambda: equal(
            [found["confinement"][key] for key in ("cgroup", "own mounts", "disks in /dev")],
            ["machine.slice", True, []]))
        check(f"{name}: the limit of locked memory is above the RAM, and finite", lambda: equal(
            (256 << 20) < int(found["memory"]["limit"]) < (64 << 30), True))
        if iommufd:
            check(f"{name}: QEMU has device nodes, accounting is by process", accounting)
        check(f"{name}: the drive's data in the nested guest", two.disk, sums[DRIVES[1]])
        check(f"{name}: hot plug, its data are right", plug)
        check(f"{name}: hot unplug, it returns to its driver with what was written", unplug)
        check(f"{name}: plugged again", plug)
        check(f"{name}: and unplugged again", unplug)
        check(f"{name}: a machine ends, its drive returns with what was written", write)
        check(f"{name}: the other machine ends", one.quit)
    finally:
        for domain in (one, two):
            if domain:
                domain.destroy()
    return found


def virt_install(name):
    """A machine by virt-install, which reads and writes by itself and powers off."""
    console = "/var/log/libvirt/qemu/three.console"

    def run():
        line = f"{LINE} nested.work={READ_MIB},1,32,9"
        sh("virt-install", "--name", "three", "--memory", "256", "--vcpus", "1",
           "--osinfo", "generic", "--import", "--disk", "none", "--network", "none",
           "--graphics", "none", "--noautoconsole", "--transient", "--wait", "10",
           "--controller", "usb,model=none", "--memballoon", "none",
           "--cpu", "host-passthrough,check=none",
           "--serial", f"file,path={console}", "--hostdev", DRIVES[0],
           "--boot", f"kernel={IMAGES}/vmlinuz,initrd={IMAGES}/nested.img,"
           f"kernel_args='{line}'", limit=700)
        until(lambda: "three" not in sh("virsh", "list", "--name").split(), "three ends")
        with open(console, errors="replace") as file:
            text = file.read()
        if f"sha256 {sums[DRIVES[0]]}" not in text:
            raise Failure(f"the console has no right sum: {text[-300:]}")
        returned(DRIVES[0], 32, 9)

    check(f"{name}: virt-install assigns a drive, its data are right", run)


def loaded(pattern):
    """Check that the modules that are loaded are those of one kind."""
    for module in ("vfio", "vfio_pci"):
        path = sh("modinfo", "-F", "filename", module).strip()
        if not re.search(pattern, path):
            raise Failure(f"{module} is {path}")
    # Not every module of the kernel has such a file.
    with open("/sys/module/vfio/srcversion") as file:
        equal(file.read(), sh("modinfo", "-F", "srcversion", "vfio"))


def use_stock():
    """Unload our modules, which are not in use now, and load the kernel's own."""
    release = os.uname().release
    sh("modprobe", "-r", *NAMES)
    version = os.path.basename(glob.glob("/usr/src/iommufd-*")[0]).split("-")[1]
    sh("dkms", "uninstall", "-m", "iommufd", "-v", version, "-k", release)
    sh("modprobe", "vfio-pci")
    loaded("/kernel/drivers/vfio/")
    equal(os.path.exists("/dev/iommu"), False)


sums = prepare()
for drive in DRIVES:
    block_device(drive)
print(sh("virsh", "version"), flush=True)
sh("modprobe", "vfio-pci")
check("our modules are loaded", loaded, "/updates/dkms/")
node_device("ours")
ours = machines("ours, container")
if "iommufd" in sys.argv:
    cdev = machines("ours, iommufd", iommufd=True)
    check("iommufd: QEMU is confined as with the container", lambda: equal(
        cdev["confinement"], ours["confinement"]))
virt_install("ours")
if check("our modules are replaced by the kernel's own, without a reboot", use_stock):
    node_device("stock")
    stock = machines("stock, container")
    check("QEMU is confined in the same way", lambda: equal(
        ours["confinement"], stock["confinement"]))
    check("its limit and its locked memory are the same", lambda: equal(
        ours["memory"], stock["memory"]))
    virt_install("stock")
