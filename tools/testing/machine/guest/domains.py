# SPDX-License-Identifier: GPL-2.0-only
"""Machines of libvirt with assigned NVMe drives, and the lines of the report."""

import glob
import os
import pwd
import re
import subprocess
import time

from nested import Failure, Lines, Nested

DRIVES = ("0000:00:10.0", "0000:00:11.0")
READ_MIB, WRITE_MIB = 16, 1
IMAGES = "/var/lib/libvirt/images"
STATE = "/var/lib/libvirt/qemu"
LINE = "console=ttyS0 panic=-1 loglevel=4 no_timer_check mitigations=off"


def sh(*words, limit=300):
    """Run a program and return its output; raise Failure if it fails."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=limit)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)}: {done.returncode}, "
                      f"{(done.stdout + done.stderr).strip()[-400:]}")
    return done.stdout


def check(text, step, *words, **keywords):
    """Print a line of the report: PASS if the step raises nothing and returns no False."""
    why = None
    started = time.monotonic()
    try:
        if step(*words, **keywords) is False:
            why = "is not so"
    except Exception as error:
        why = str(error) if isinstance(error, Failure) else repr(error)
    print(f"FAIL {text}: {why}" if why else f"PASS {text}",
          f"({time.monotonic() - started:.0f} s)", flush=True)
    return not why


def equal(found, wanted):
    if found != wanted:
        raise Failure(f"found {found!r}, expected {wanted!r}")


def until(condition, what, limit=120):
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {limit} s")
        time.sleep(0.1)


def driver_of(device):
    path = f"/sys/bus/pci/devices/{device}/driver"
    return os.path.basename(os.readlink(path)) if os.path.exists(path) else None


def node_of(device):
    return "pci_" + re.sub(r"[:.]", "_", device)


def block_device(device):
    """Return the block device of an NVMe drive once its own driver has it."""
    pattern = f"/sys/bus/pci/devices/{device}/nvme/nvme*/nvme*n1"
    until(lambda: glob.glob(pattern), f"{device}: no block device")
    path = "/dev/" + os.path.basename(glob.glob(pattern)[0])
    until(lambda: os.path.exists(path), f"no {path}")
    return path


def host_reads(device, mib, at=0):
    """Return the SHA-256 of a part of a drive, as this machine reads it."""
    sh("udevadm", "settle")
    return sh("bash", "-c", f"dd if={block_device(device)} bs=1M count={mib} skip={at} "
              "iflag=direct status=none | sha256sum").split()[0]


def pattern_sum(number):
    """Return the SHA-256 of what a nested guest writes as this number."""
    return sh("bash", "-c", f"seq {number}000000 {number}999999 | "
              f"head -c {WRITE_MIB << 20} | sha256sum").split()[0]


def prepare():
    """Load KVM, and store the nested guest in libvirt's directory of images."""
    release = os.uname().release
    sh("modprobe", "kvm_amd")
    if not os.path.exists("/sys/module/qemu_svm"):
        sh("insmod", f"/root/qemu_svm-{release}.ko")
    sh("cp", "vmlinuz", "nested.img", IMAGES)
    with open("sums") as file:
        return dict(zip(DRIVES, file.read().split()))


def hostdev(device):
    domain, bus, slot, function = re.split("[:.]", device)
    return ("<hostdev mode='subsystem' type='pci' managed='yes'><source>"
            f"<address domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' "
            f"function='0x{function}'/></source></hostdev>")


def status_of(pid, name):
    """Return a line of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as file:
        return next(line.split(":\t", 1)[1].strip() for line in file
                    if line.startswith(name + ":"))


def fdinfo_of(pid, key):
    """Return the values of a key in fdinfo of the files of a process."""
    found = []
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        with open(path) as file:
            found += [line.split(":\t", 1)[1].strip() for line in file
                      if line.startswith(key + ":\t")]
    return found


class Domain(Nested):
    """A transient machine of libvirt, which runs commands from its second serial port."""

    def __init__(self, name, devices=(), iommufd=False, memory=256):
        self.name = name
        self.agent_path = f"{STATE}/{name}.agent"
        self.console = f"/var/log/libvirt/qemu/{name}.console"
        ports = "".join(f"<controller type='pci' index='{index}' model='pcie-root-port'/>"
                        for index in range(1, 6))
        path = f"{name}.xml"
        with open(path, "w") as file:
            file.write(f"""
            <domain type='kvm'>
              <name>{name}</name>
              <memory unit='MiB'>{memory}</memory>
              <vcpu>1</vcpu>
              {"<iommufd enabled='yes'/>" if iommufd else ""}
              <os>
                <type arch='x86_64' machine='q35'>hvm</type>
                <kernel>{IMAGES}/vmlinuz</kernel>
                <initrd>{IMAGES}/nested.img</initrd>
                <cmdline>{LINE}</cmdline>
              </os>
              <features><acpi/><apic/></features>
              <cpu mode='host-passthrough' check='none'/>
              <on_reboot>destroy</on_reboot>
              <devices>
                <controller type='pci' index='0' model='pcie-root'/>{ports}
                <controller type='usb' model='none'/>
                <memballoon model='none'/>
                <serial type='file'><source path='{self.console}'/></serial>
                <serial type='unix'>
                  <source mode='bind' path='{self.agent_path}'/>
                </serial>
                {"".join(map(hostdev, devices))}
              </devices>
            </domain>""")
        sh("virsh", "create", path)
        self.agent = Lines(self.agent_path, self)

    def poll(self):
        """Return None while the machine exists, as subprocess.Popen does."""
        done = subprocess.run(("virsh", "domstate", self.name), capture_output=True)
        return None if done.returncode == 0 else 0

    def pid(self):
        with open(f"/run/libvirt/qemu/{self.name}.pid") as file:
            return int(file.read())

    def describe_state(self):
        with open(self.console, errors="replace") as file:
            lines = file.read().splitlines() or ["nothing"]
        with open(f"/var/log/libvirt/qemu/{self.name}.log", errors="replace") as file:
            errors = file.read().splitlines()[-3:]
        return f"said last: {lines[-1].strip()[:200]}; {' / '.join(errors)}"

    def disk(self, wanted):
        equal(self.value(f"disk_sum {READ_MIB}", "sha256"), wanted)

    def write(self, at, number):
        self.run(f"disk_write {WRITE_MIB} {at} {number}")

    def change_device(self, command, device):
        """attach-device or detach-device, with what a user writes into a file."""
        with open("device.xml", "w") as file:
            file.write(hostdev(device))
        sh("virsh", command, self.name, "device.xml", "--live")

    def quit(self):
        self.agent.socket.sendall(b"poweroff -f\n")
        until(lambda: self.poll() is not None, f"{self.name} powers off")

    def destroy(self):
        subprocess.run(("virsh", "destroy", self.name), capture_output=True)

    def status(self, *names):
        """Return lines of /proc/PID/status."""
        pid = self.pid()
        return [status_of(pid, name) for name in names]

    def confinement(self):
        """Return how libvirt confines QEMU; what differs between machines is left out."""
        pid = self.pid()
        uid, capabilities = self.status("Uid", "CapEff")
        with open(f"/proc/{pid}/attr/current") as file:
            profile = re.sub("libvirt-[-0-9a-f]+", "libvirt-UUID", file.read().strip("\0\n"))
        with open(f"/proc/{pid}/cgroup") as file:
            group = file.read().strip().split("/")[1]
        namespace = os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/1/ns/mnt")
        nodes = sorted(os.listdir(f"/proc/{pid}/root/dev"))
        return {"user": pwd.getpwuid(int(uid.split()[0])).pw_name,
                "capabilities": int(capabilities, 16), "apparmor": profile, "cgroup": group,
                "own mounts": namespace, "disks in /dev": [n for n in nodes if n[:2] == "vd"]}

    def locked(self):
        """Return the limit in bytes, and what counts against it in kB."""
        out = sh("prlimit", "--pid", str(self.pid()), "--memlock", "--raw", "--noheadings",
                 "--output", "SOFT")
        locked, pinned = self.status("VmLck", "VmPin")
        return {"limit": out.strip(), "locked": locked, "pinned": pinned}

    def fdinfo(self, key):
        """Return the values of a key in fdinfo of the files of QEMU."""
        return fdinfo_of(self.pid(), key)
