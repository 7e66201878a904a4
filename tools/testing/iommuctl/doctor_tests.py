# SPDX-License-Identifier: GPL-2.0-only
"""Tests of "doctor" and "why"."""

import gzip
import os
import subprocess

import fixture
from fixture import RELEASE, add_qemu
from harness import call, fresh


def test_doctor():
    root = fresh()
    root.mkdir(f"var/lib/dkms/iommufd/0.9.0/{RELEASE}/x86_64")
    root.link(f"var/lib/dkms/iommufd/kernel-{RELEASE}-x86_64", f"0.9.0/{RELEASE}/x86_64")
    root.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    result = call(root, "doctor").exits(0)
    result.want(f"kernel {RELEASE}, lockdown integrity", "iommufd-dkms 0.9.0, not signed",
                f"DKMS: iommufd 0.9.0 installed for {RELEASE}", "/dev/iommu: mode 0660, user root",
                "RLIMIT_MEMLOCK of this shell: 8 MiB", f"/boot/initrd.img-{RELEASE} was read")
    modules = call(root, "doctor", "--json").document()["modules"]
    assert [module["name"] for module in modules] == list(fixture.MODULES)
    assert all(module["loaded"] == "iommufd-dkms" and module["unsigned"] for module in modules)
    assert modules[4]["disk"] == "updates/dkms/vfio-pci.ko.xz" == modules[4]["initramfs"]
    os.chmod(root.full("dev/iommu"), 0o666)
    call(root, "doctor").want("Any user may allocate")


def test_doctor_mixture():
    root = fresh()
    root.write(f"lib/modules/{RELEASE}/modules.dep",
               "updates/dkms/vfio.ko.xz:\nkernel/drivers/vfio/pci/vfio-pci.ko.xz:\n")
    call(root, "doctor").exits(1).want("some modules of iommufd-dkms and some of the kernel")


def test_doctor_dkms():
    root = fresh()
    call(root, "doctor").want("DKMS does not know iommufd")
    root.mkdir("var/lib/dkms/iommufd/0.9.0")
    call(root, "doctor").want(f"0.9.0 not built for {RELEASE}",
                              f"apt-get install linux-headers-{RELEASE}")
    root.mkdir(f"var/lib/dkms/iommufd/0.9.0/{RELEASE}/x86_64")
    call(root, "doctor").want("0.9.0 built, not installed for")


def with_name_size(size):
    """An archive whose only header has this size of its name, and much behind it."""
    data = fixture.cpio([])
    return data[:94] + b"%08x" % size + data[102:110] + b"n" * 10000 + fixture.cpio([])


def test_initramfs():
    root = fresh()

    def seen():
        document = call(root, "doctor", "--json").document()
        return [module["initramfs"] for module in document["modules"]]

    ours = [f"updates/dkms/{name}" for name in (
        "iommufd.ko.xz", "vfio.ko.xz", "vfio_iommu_type1.ko.xz", "vfio-pci-core.ko.xz",
        "vfio-pci.ko.xz")]
    path = f"boot/initrd.img-{RELEASE}"
    for kind in ("gzip", "plain"):
        for early in (True, False):
            root.initramfs("ours", kind, early)
            assert seen() == ours, (kind, early)
    main = fixture.cpio(f"lib/modules/{RELEASE}/{name}" for name in ours)
    packed = subprocess.run(["zstd", "-q", "-c"], input=main, capture_output=True, check=True)
    root.write(path, fixture.cpio(["early"]) + packed.stdout)
    assert seen() == ours
    # Of another kernel, and names that only look alike.
    root.write(path, fixture.cpio(["lib/modules/other/updates/vfio.ko",
                                   f"lib/modules/{RELEASE}x/vfio.ko",
                                   f"lib/modules/{RELEASE}/updates/vfiox.ko",
                                   f"lib/modules/{RELEASE}/updates/vfio.conf"]))
    assert seen() == [None] * 5
    for data, reason in ((packed.stdout[:len(packed.stdout) // 2], "it is damaged"),
                         (gzip.compress(main)[:-60], "it is damaged"), (main[:-130], "it is damaged"),
                         (b"070701" + b"z" * 200, "it is damaged"),
                         (with_name_size(0), "it is damaged"),
                         (with_name_size(9000), "it is damaged"),
                         (with_name_size(0xffffffff), "it is damaged"),
                         (b"\xfd7zXZ\0 and more", "neither plain nor compressed")):
        root.write(path, data)
        call(root, "doctor").want(reason)
    root.write(path, "")
    call(root, "doctor").want("was read")
    os.unlink(root.full(path))
    call(root, "doctor").want("there is none below /boot")


def test_why_message():
    root = fresh()
    root.device("0000:01:00.1", group=7, driver="snd_hda_intel")
    line = "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: " \
           "group 7 is not viable"
    call(root, "why", line).exits(0).want('QEMU: "group * is not viable"',
                                          "group 7 is not viable: 0000:01:00.1",
                                          "driverctl set-override 0000:01:00.1")
    # The group alone leads to the device as well.
    call(root, "why", "group 7 is not viable").want("group 7 is not viable: 0000:01:00.1")
    call(root, "why", "EAL: 0000:01:00.0 VFIO group is not viable! Not all devices").want("DPDK: ")
    call(root, "why", "VFIO group is not viable").want("QEMU: ")
    call(root, "why", "everything is fine").exits(1).want("not known")


def test_why_errno():
    root = fresh()
    for line, name in (
            ("vfio_container_dma_map(0x5, 0x0, 0x1, 0x7) = -12 (Cannot allocate memory)", "ENOMEM"),
            ("VFIO_MAP_DMA failed: Bad address", "EFAULT"),
            ("IommuDmaMap(Error(17))", "EEXIST"),
            ("EAL: Cannot map vaddr for IOMMU, error 28 (No space left on device)", "ENOSPC"),
            ("failed to open /dev/vfio/7: Permission denied", "EACCES"),
            ("DMA map failed: EINVAL", "EINVAL"),
            ("open: Device or resource busy", "EBUSY"),
            ("x (os error 1)", "EPERM")):
        result = call(root, "why", "--json", line).exits(0).document()
        assert result["errno"] == name, (line, result["errno"])
        assert result["errno_meaning"].startswith(name)
    assert call(root, "why", "--json", "XEINVALX 12").document()["errno"] is None


def test_why_refusal():
    root = fresh()
    add_qemu(root)
    root.write("dev/kmsg", "6,1,5,-;vfio-pci 0000:01:00.0: resetting\n SUBSYSTEM=pci;0000:01:00.0 CONTINUED\n"
                           "6,2,6,-;nvme 0000:09:00.0: reset\n"
                           "6,3,7,-;vfio-pci 0000:01:00.0: \x1b[5mblink\n")
    result = call(root, "why", "vfio 0000:01:00.0: VFIO_MAP_DMA failed: Invalid argument")
    result.exits(0).want("refused just now", "EINVAL map: iova 0xfee00000", "kernel log:",
                         "resetting", "\\x1b[5mblink").lacks("nvme", "CONTINUED").harmless()
    call(root, "why", "VFIO_MAP_DMA failed: Bad address").lacks("refused just now")
    document = call(root, "why", "--json", "error 22 at 0000:01:00.0").document()
    assert len(document["refusals"]) == 1 and document["bdf"] == "0000:01:00.0"
