# SPDX-License-Identifier: GPL-2.0-only
"""A directory that looks like /sys, /proc and /dev of a machine."""

import gzip
import os
import shutil
import stat

RELEASE = "6.12.0-test-amd64"
MODULES = ("iommufd", "vfio", "vfio_iommu_type1", "vfio_pci_core", "vfio_pci")
PATHS = {
    "iommufd": "drivers/iommu/iommufd/iommufd.ko.xz",
    "vfio": "drivers/vfio/vfio.ko.xz",
    "vfio_iommu_type1": "drivers/vfio/vfio_iommu_type1.ko.xz",
    "vfio_pci_core": "drivers/vfio/pci/vfio-pci-core.ko.xz",
    "vfio_pci": "drivers/vfio/pci/vfio-pci.ko.xz",
}


def cpio(names):
    """An archive in the format newc, of empty files."""
    out = b""
    for name in list(names) + ["TRAILER!!!"]:
        raw = name.encode() + b"\0"
        fields = [0, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4)
    return out


class Fixture:
    """The machine; methods add parts to it."""

    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            shutil.rmtree(path)
        os.makedirs(path)
        self.write("proc/sys/kernel/osrelease", RELEASE + "\n")
        self.write("proc/cmdline", "root=/dev/sda1 quiet\n")
        self.write("proc/self/limits", limits("8388608"))
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n"
                                 "alice:x:1000:1000::/:/bin/sh\n"
                                 "bob:x:1001:1001::/:/bin/sh\n")
        self.write("etc/group", "root:x:0:alice\nalice:x:1000:\n")

    def full(self, path):
        return os.path.join(self.path, path)

    def write(self, path, data):
        full = self.full(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())

    def link(self, path, target):
        full = self.full(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if os.path.lexists(full):
            os.unlink(full)
        os.symlink(target, full)

    def node(self, path, mode=0o600):
        self.write(path, "")
        os.chmod(self.full(path), mode)

    def mkdir(self, path):
        os.makedirs(self.full(path), exist_ok=True)

    def iommu(self, remapping=True):
        self.mkdir("sys/class/iommu/dmar0")
        chip = "IR-PCI-MSI" if remapping else "PCI-MSI"
        self.write("proc/interrupts", f"   CPU0\n 24:  1  {chip}-0000:00:1f.2\n")

    def device(self, bdf, group=None, driver=None, vfio=None, **files):
        base = f"sys/bus/pci/devices/{bdf}"
        defaults = {"vendor": "0x8086", "device": "0x10d3", "class": "0x020000",
                    "numa_node": "0", "reset_method": "flr bus",
                    "driver_override": "(null)",
                    "resource": "0x00000000fe000000 0x00000000fe01ffff 0x0000000000040200\n"}
        for name, value in {**defaults, **files}.items():
            if value is not None:
                self.write(f"{base}/{name}", str(value).rstrip("\n") + "\n")
        if driver:
            self.link(f"{base}/driver", f"../../drivers/{driver}")
            self.mkdir(f"sys/bus/pci/drivers/{driver}")
        if group is not None:
            self.link(f"{base}/iommu_group", f"../../../../kernel/iommu_groups/{group}")
            self.write(f"sys/kernel/iommu_groups/{group}/type", "DMA-FQ\n")
            self.mkdir(f"sys/kernel/iommu_groups/{group}/devices/{bdf}")
        if vfio is not None:
            name = vfio if isinstance(vfio, str) else f"vfio{vfio}"
            self.mkdir(f"{base}/vfio-dev/{name}")

    def modules(self, loaded=None, disk="ours", taint=None):
        """Modules that are loaded and that modprobe prefers: "ours" or "native"."""
        if loaded:
            for name in MODULES:
                if loaded == "native" and name == "iommufd":
                    continue
                if taint is None:
                    taint = "OE" if loaded == "ours" else ""
                self.write(f"sys/module/{name}/taint", taint + "\n")
                self.write(f"sys/module/{name}/version",
                           "0.9.0\n" if loaded == "ours" else "0.3\n")
        self.write(f"lib/modules/{RELEASE}/modules.dep",
                   "".join(f"{path}: \n" for path in module_paths(disk)))

    def initramfs(self, origin, kind="gzip", early=True):
        names = [f"usr/lib/modules/{RELEASE}/{path}" for path in module_paths(origin)]
        data = cpio(["kernel/x86/microcode/GenuineIntel.bin"]) + b"\0" * 512 if early else b""
        main = cpio(names)
        data += gzip.compress(main) if kind == "gzip" else main
        self.write(f"boot/initrd.img-{RELEASE}", data)

    def process(self, pid, comm, files, uid=1000, cgroup="", cmdline=(), state="S"):
        """files: descriptor -> (target, text of fdinfo or None)."""
        base = f"proc/{pid}"
        self.write(f"{base}/comm", comm + "\n")
        self.write(f"{base}/status",
                   f"Name:\tx\nState:\t{state} (x)\nTgid:\t{pid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        self.write(f"{base}/cgroup", f"0::/{cgroup}\n")
        self.write(f"{base}/cmdline", "".join(word + "\0" for word in cmdline))
        self.write(f"{base}/limits", limits("67108864"))
        self.mkdir(f"{base}/fd")
        for number, (target, info) in files.items():
            self.link(f"{base}/fd/{number}", target)
            if info is not None:
                self.write(f"{base}/fdinfo/{number}", "pos:\t0\nflags:\t02\n" + info)

    def efi(self, secure):
        self.mkdir("sys/firmware/efi")
        self.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                   b"\6\0\0\0" + (b"\1" if secure else b"\0"))

    def each_file(self):
        for folder, _, names in os.walk(self.path):
            for name in names:
                full = os.path.join(folder, name)
                if stat.S_ISREG(os.lstat(full).st_mode):
                    yield full


def limits(memlock):
    return ("Limit                     Soft Limit           Hard Limit           Units\n"
            f"Max locked memory         {memlock:<20} {memlock:<20} bytes\n")


def module_paths(origin):
    if origin is None:
        return []
    if origin == "native":
        return ["kernel/" + path for name, path in PATHS.items() if name != "iommufd"]
    return ["updates/dkms/" + path.rsplit("/", 1)[1] for path in PATHS.values()]


CONTEXT = ("iommufd-context:\t12\n"
           "iommufd-interface:\tiommu\n"
           "iommufd-accounting:\tprocess\n"
           "iommufd-charged:\t2048 kB\n"
           "iommufd-objects:\tdevice=1 ioas=1 hwpt=1\n"
           "iommufd-ioas:\tid=3 areas=10 mapped=2097152 pinned=1048576 domains=1\n"
           "iommufd-hwpt:\tid=4 ioas=3 kind=auto devices=1 dirty=off\n"
           "iommufd-device:\tid=5 name=0000:01:00.0 hwpt=4 ioas=3\n"
           "iommufd-refusals:\t3\n"
           "iommufd-refusal:\tEINVAL map: iova 0xfee00000 length 0x1000: "
           "reserved by 0000:01:00.0 (MSI window 0xfee00000-0xfeefffff)\n")
CDEV = ("vfio-device:\t0000:01:00.0\n"
        "vfio-group:\t7\n"
        "vfio-interface:\tcdev\n"
        "vfio-context:\t12\n"
        "vfio-object:\tid=5 hwpt=4 ioas=3\n"
        "vfio-refusals:\t0\n")


def machine(path, loaded="ours"):
    """A usual one: an IOMMU, a device alone in group 7 that is bound to vfio-pci."""
    fixture = Fixture(path)
    fixture.iommu()
    fixture.modules(loaded)
    fixture.initramfs("ours")
    fixture.device("0000:01:00.0", group=7, driver="vfio-pci",
                   vfio=0 if loaded == "ours" else None)
    fixture.node("dev/vfio/7", 0o660)
    fixture.node("dev/vfio/vfio", 0o666)
    if loaded == "ours":
        fixture.node("dev/iommu", 0o660)
        fixture.node("dev/vfio/devices/vfio0", 0o660)
    return fixture


def add_qemu(fixture, pid=4711, comm="qemu-system-x86"):
    fixture.process(pid, comm, {
        0: ("/dev/null", None),
        10: ("/dev/iommu", CONTEXT),
        11: ("/dev/vfio/devices/vfio0", CDEV),
        12: ("anon_inode:kvm-vm", None),
    }, cgroup="machine.slice/machine-qemu\\x2d1\\x2ddebian.scope/libvirt/emulator",
        cmdline=("/usr/bin/qemu-system-x86_64", "-name", "guest=debian,debug-threads=on"))
