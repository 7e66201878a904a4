# SPDX-License-Identifier: GPL-2.0-only
"""Tests of "check": one situation each."""

import os

import fixture
import harness
from fixture import Fixture, add_qemu
from harness import call, findings, fresh, level


def test_check_viable():
    root = fresh()
    call(root, "check", "0000:01:00.0").exits(0).want(
        "82574L", "the device is alone in group 7", "interrupts of devices are isolated",
        "bound to vfio-pci", "VFIO of iommufd-dkms 0.9.0 is loaded",
        "the device can be reset (flr bus)", "This device can be assigned.")
    result = call(root, "check", "--json", "01:00.0").exits(0)
    assert result.document()["assignable"] is True
    assert {entry[0] for entries in findings(result).values() for entry in entries} == {"ok"}


def test_check_bound_elsewhere():
    root = fresh()
    root.device("0000:02:00.0", group=8, driver="nvme")
    result = call(root, "check", "02:00.0").exits(0)
    result.want("the device is bound to nvme", "fix: driverctl set-override 0000:02:00.0 vfio-pci",
                "nodes appear when the device is bound", "after the steps above")


def test_check_not_viable():
    root = fresh()
    root.device("0000:01:00.1", group=7, driver="snd_hda_intel")
    root.device("0000:01:00.2", group=7)
    root.device("0000:00:01.0", group=7, driver="pcieport", **{"class": "0x060400"})
    result = call(root, "check", "01:00.0").exits(1)
    result.want("group 7 is not viable: 0000:01:00.1", "bound to snd_hda_intel",
                "fix: driverctl set-override 0000:01:00.1 vfio-pci", "cannot be assigned now")
    result.lacks("set-override 0000:01:00.2", "set-override 0000:00:01.0")
    root.device("0000:01:00.1", group=7, driver="pci-stub")
    call(root, "check", "01:00.0").exits(0).want("group 7 is viable; 2 more devices")
    call(root, "check", "00:01.0").exits(1).want("is a bridge")


def test_check_interrupts():
    root = fresh()
    root.iommu(remapping=False)
    result = call(root, "check", "--json", "01:00.0").exits(1)
    assert level(result, "interrupts") == ["no"]
    root.write("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n")
    assert level(call(root, "check", "--json", "01:00.0").exits(0), "interrupts") == ["note"]
    root.write("proc/interrupts", "nothing\n")
    assert level(call(root, "check", "--json", "01:00.0").exits(0), "interrupts") == ["unknown"]


def no_iommu(name="root"):
    root = Fixture(os.path.join(harness.WORK, name))
    root.modules("ours")
    root.write("proc/interrupts", " 24: 1 PCI-MSI-0000:00:1f.2\n")
    root.device("0000:01:00.0", driver="vfio-pci")
    return root


def test_check_no_iommu():
    root = no_iommu()
    call(root, "check", "01:00.0").exits(1).want("firmware describes no IOMMU", "VT-d")
    root.write("sys/firmware/acpi/tables/IVRS", "x")
    call(root, "check", "01:00.0").exits(1).want("table IVRS", "amd_iommu=on")
    root.write("proc/cmdline", "quiet intel_iommu=off\n")
    call(root, "check", "01:00.0").exits(1).want('disabled by "intel_iommu=off"')
    root.write("proc/cmdline", "quiet notintel_iommu=off\n")
    call(root, "check", "01:00.0").exits(1).lacks("disabled by")
    call(root, "list").exits(0).want("no group: no IOMMU translates these devices")


def test_check_noiommu_mode():
    root = no_iommu()
    root.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n")
    root.device("0000:01:00.0", group=0, driver="vfio-pci", vfio="noiommu-vfio0")
    root.write("sys/kernel/iommu_groups/0/name", "vfio-noiommu\n")
    root.node("dev/vfio/devices/noiommu-vfio0")
    root.process(78, "other", {5: ("/dev/vfio/devices/noiommu-vfio0", None)}, uid=0)
    root.node("dev/vfio/noiommu-0")
    root.process(77, "dpdk-testpmd", {5: ("/dev/vfio/noiommu-0", None)}, uid=0)
    call(root, "list").want("group 0: no IOMMU", "/dev/vfio/noiommu-0",
                            "held by dpdk-testpmd (77, user root) through its group",
                            "nodes /dev/vfio/noiommu-0 /dev/vfio/devices/noiommu-vfio0",
                            "held by other (78, user root) through its device node")
    result = call(root, "check", "--json", "01:00.0").exits(1)
    assert level(result, "noiommu") == ["note"] and level(result, "iommu") == []
    assert level(result, "in-use") == ["no", "no"]


def test_check_sriov():
    root = fresh()
    root.device("0000:02:00.0", group=8, driver="igb", sriov_numvfs=2)
    root.device("0000:02:10.0", group=9, driver="vfio-pci", vfio=2)
    root.link("sys/bus/pci/devices/0000:02:10.0/physfn", "../0000:02:00.0")
    result = call(root, "check", "--json", "02:10.0")
    assert level(result, "sriov") == []
    call(root, "check", "02:00.0").want("2 virtual functions", "removes them")
    root.device("0000:02:00.0", group=8, driver="vfio-pci", vfio=1, sriov_numvfs=2)
    call(root, "check", "02:10.0").want("0000:02:00.0 is driven by vfio-pci", "vf-token=UUID")
    call(root, "list").want("VF of 0000:02:00.0", "2 VFs")


def test_check_hardware():
    root = fresh()
    root.device("0000:03:00.0", group=10, driver="vfio-pci", vfio=3, boot_vga=1, rom="",
                reset_method=None, vendor="0x10de",
                resource="0x00000000f0000000 0x00000000f0ffffff 0x40200\n"
                         "0x0000000000000000 0x00000001ffffffff 0x14220c\n"
                         "0x0000000000000000 0x0000000000000000 0x0\n")
    result = call(root, "check", "03:00.0").exits(1)
    result.want("cannot be reset on its own", "BAR 1 (8 GiB) has no address",
                "the largest BAR has 8 GiB", "BARs have 8.0 GiB, and there is an expansion ROM",
                "firmware shows its output on this display", "neither a group node")
    result.lacks("BAR 0", "BAR 2")
    root.device("0000:04:00.0", group=11, driver="vfio-pci", vfio=4, device="0x0b25")
    root.node("dev/vfio/11")
    call(root, "check", "04:00.0").exits(1).want("refuses devices 8086:0b25 as unsafe")
    root.write("sys/module/vfio_pci/parameters/disable_denylist", "Y\n")
    call(root, "check", "04:00.0").exits(0).lacks("as unsafe")


def test_check_in_use():
    root = fresh()
    add_qemu(root)
    call(root, "check", "01:00.0").exits(1).want(
        "qemu-system-x86 (4711, user alice, VM debian, unit machine-qemu\\x2d1\\x2ddebian.scope) "
        "holds it through its device node", "EBUSY",
        "fix: systemctl stop 'machine-qemu\\x2d1\\x2ddebian.scope'")


def test_check_user():
    root = fresh()
    root.process(900, "bash", {}, uid=1000)
    # Members of the group of the node (0) may open it; others may not.
    call(root, "check", "--user", "alice", "01:00.0").exits(0).want(
        "alice may open /dev/vfio/7 (mode 0660)", "alice may open /dev/iommu",
        "alice may lock 64 MiB of memory")
    call(root, "check", "--user", "bob", "01:00.0").exits(1).want(
        "bob may not open /dev/vfio/7 (mode 0660, user root, group 0)", "EACCES",
        "bob may open /dev/vfio/vfio", "bob may not open /dev/vfio/devices/vfio0",
        "fix: chown bob /dev/vfio/7")
    result = call(root, "check", "--user", "alice", "--memory", "64M", "01:00.0").exits(0)
    result.want("alice may lock 64 MiB of memory, 64 MiB are needed")
    result = call(root, "check", "--user", "alice", "--memory", "8G", "01:00.0").exits(1)
    result.want("64 MiB of memory, 8 GiB are needed", "ENOMEM", "memlock 8388608")
    call(root, "check", "--user", "bob", "01:00.0").want("is not known: no process of this user")
    root.write("proc/900/limits", fixture.limits("unlimited"))
    call(root, "check", "--user", "alice", "--memory", "8G", "01:00.0").exits(0).want(
        "any amount of memory")
    # The owner's bits decide for the owner, even if others may do more.
    os.chmod(root.full("dev/vfio/7"), 0o066)
    call(root, "check", "--user", "bob", "01:00.0").want("bob may open /dev/vfio/7 ")


def test_check_native():
    root = fresh(loaded="native")
    root.initramfs("native")
    result = call(root, "check", "01:00.0").exits(0)
    result.want("the kernel's own VFIO is loaded from the initramfs, although modprobe prefers",
                "fix: update-initramfs -u; reboot", "there is no /dev/iommu",
                "the initramfs has kernel/drivers/vfio/vfio.ko.xz, "
                "modprobe loads updates/dkms/vfio.ko.xz", "after the steps above")
    root.modules("native", disk="native")
    result = call(root, "check", "01:00.0").exits(0)
    result.want("the kernel's own VFIO is loaded\n", "Groups work").lacks("although modprobe")


def test_check_not_loaded():
    root = fresh(loaded=None)
    call(root, "check", "01:00.0").want("modprobe would load that of iommufd-dkms",
                                        "fix: modprobe vfio-pci")
    root.modules(None, disk=None)
    call(root, "check", "01:00.0").exits(1).want("has no module vfio")


def test_secure_boot():
    root = fresh()
    assert level(call(root, "check", "--json", "01:00.0"), "secure-boot") == ["ok"]
    root.efi(True)
    call(root, "check", "01:00.0").want("Secure Boot is enabled, and the modules were accepted")
    root.modules("native")
    root = fresh(loaded="native")
    root.efi(True)
    call(root, "check", "01:00.0").want("Secure Boot is enabled\n", "mokutil --import")
    root.efi(False)
    call(root, "check", "01:00.0").want("Secure Boot is disabled")
    root.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "")
    call(root, "check", "01:00.0").want("firmware does not show")
