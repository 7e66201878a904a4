#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Use iommufd as KubeVirt does, without Kubernetes.

A privileged daemon opens /dev/iommu, selects accounting by process, which needs
CAP_SYS_RESOURCE, opens the node of a device, and passes both descriptors to a QEMU of
an unprivileged user in a cgroup with a memory limit. Each has a cgroup of its own.
"""

import array
import errno
import fcntl
import os
import pwd
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from domains import (DRIVES, IMAGES, LINE, READ_MIB, check, driver_of, equal, fdinfo_of,
                     host_reads, pattern_sum, prepare, sh, status_of)
from nested import Failure, Nested

IOMMU_OPTION = 0x3B87
VFIO_DEVICE_BIND_IOMMUFD = 0x3B76
OPTION_RLIMIT_MODE, OP_SET, OP_GET = 0, 0, 1
BY_USER, BY_PROCESS = 0, 1
RAM_MIB = 256
# Enough for the firmware and the small regions beside the RAM.
LIMIT_MIB = RAM_MIB + 32
POD_MIB = 448
SOCKET = "/run/node.sock"
GROUPS = "/sys/fs/cgroup/lab"
USER = "qemu"
LOGS = "/tmp/pods"


def write(path, text):
    with open(path, "w") as file:
        file.write(str(text))


def node(device):
    name = os.listdir(f"/sys/bus/pci/devices/{device}/vfio-dev")[0]
    return f"/dev/vfio/devices/{name}"


def option(fd, op, value=0):
    """Set or get how pinned memory is accounted."""
    data = bytearray(struct.pack("=IIHHIQ", 24, OPTION_RLIMIT_MODE, op, 0, 0, value))
    fcntl.ioctl(fd, IOMMU_OPTION, data)
    return struct.unpack("=IIHHIQ", data)[5]


def daemon():
    """Serve descriptors: each request is a device, a way of accounting, and whether to bind."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(SOCKET)
    os.chmod(SOCKET, 0o666)
    server.listen()
    while True:
        peer, _ = server.accept()
        device, mode, bind = peer.recv(256).decode().split()
        iommu = os.open("/dev/iommu", os.O_RDWR)
        option(iommu, OP_SET, int(mode))
        cdev = os.open(node(device), os.O_RDWR)
        if int(bind):
            fcntl.ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD,
                        bytearray(struct.pack("=IIiI", 16, 0, iommu, 0)))
        peer.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                               array.array("i", [iommu, cdev]))])
        for file in (peer, iommu, cdev):
            os.close(file) if isinstance(file, int) else file.close()


def receive(device, mode, bind):
    """Return the descriptors of /dev/iommu and of the device that the daemon opens."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(SOCKET)
        peer.sendall(f"{device} {mode} {bind}".encode())
        _, ancillary, _, _ = peer.recvmsg(1, socket.CMSG_SPACE(8))
    return struct.unpack("=ii", ancillary[0][2])


def launch(device, mode, bind, *words):
    """Become QEMU, as the unprivileged user who runs this."""
    iommu, cdev = receive(device, mode, bind)
    for fd in (iommu, cdev):
        os.set_inheritable(fd, True)
    os.execvp(words[0], [*words, "-object", f"iommufd,id=iommufd0,fd={iommu}",
                         "-device", f"vfio-pci,fd={cdev},iommufd=iommufd0"])


class Pod(Nested):
    """A nested guest as the unprivileged user, in a cgroup of its own."""

    def __init__(self, name, device, mode=BY_PROCESS, limit=LIMIT_MIB, memory=POD_MIB,
                 bind=0, paused=False):
        self.group = f"{GROUPS}/{name}"
        if not os.path.exists(self.group):
            os.mkdir(self.group)
        write(f"{self.group}/memory.max", memory << 20)
        self.dir = tempfile.mkdtemp()
        shutil.chown(self.dir, USER)
        self.logs = f"{LOGS}/{name}"
        self.events = []

        def enter():
            write(f"{self.group}/cgroup.procs", os.getpid())
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit << 20, limit << 20))

        words = [
            "setpriv", "--reuid", USER, "--regid", USER, "--groups", "kvm",
            "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
            sys.executable, os.path.abspath(__file__), device, str(mode), str(bind),
            "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", f"{RAM_MIB}M",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", f"{IMAGES}/vmlinuz", "-initrd", f"{IMAGES}/nested.img",
            "-append", LINE, "-serial", f"file:{self.logs}.console",
            "-chardev", f"socket,id=agent,path={self.dir}/agent,server=on,wait=off",
            "-serial", "chardev:agent",
            "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off"]
        if paused:
            words.append("-S")
        with open(f"{self.logs}.stderr", "wb") as stderr:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stderr,
                                            stderr=stderr, preexec_fn=enter)
        try:
            self.connect()
        except Failure as error:
            with open(f"{self.logs}.stderr") as file:
                raise Failure(f"{error}: {file.read().strip()[-600:]}")

    def status(self, name):
        return status_of(self.process.pid, name)

    def fdinfo(self, key):
        return fdinfo_of(self.process.pid, key)


def kilobytes(text):
    return int(text.split()[0])


def memory_of(name, what="current"):
    with open(f"{GROUPS}/{name}/memory.{what}") as file:
        return file.read()


def refused(words, *arguments, **keywords):
    """Check that a pod does not start, and that QEMU's message contains the words."""
    try:
        pod = Pod(*arguments, **keywords)
    except Failure as error:
        if words not in str(error):
            raise
        return
    pod.kill()
    raise Failure("it starts")


def unprivileged_option():
    """Try to set the option as the user, in a child; return the errno."""
    iommu, cdev = receive(DRIVES[0], BY_USER, 0)
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            user = pwd.getpwnam(USER).pw_uid
            os.setresuid(user, user, user)
            option(iommu, OP_SET, BY_PROCESS)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(iommu)
    os.close(cdev)
    return code


def main():
    sums = prepare()
    sh("modprobe", "vfio-pci")
    sh("useradd", "--system", USER)
    for device in DRIVES:
        sh("driverctl", "--nosave", "set-override", device, "vfio-pci")
    sh("udevadm", "settle")
    os.mkdir(LOGS)
    shutil.chown(LOGS, USER)
    os.mkdir(GROUPS)
    write(f"{GROUPS}/cgroup.subtree_control", "+memory")
    os.mkdir(f"{GROUPS}/daemon")
    pid = os.fork()
    if pid == 0:
        write(f"{GROUPS}/daemon/cgroup.procs", os.getpid())
        daemon()
    while not os.path.exists(SOCKET):
        time.sleep(0.05)
    check("only a privileged process selects accounting by process", lambda: equal(
        unprivileged_option(), errno.EPERM))

    one = Pod("one", DRIVES[0])
    two = None

    def second():
        nonlocal two
        two = Pod("two", DRIVES[1])
        two.wait_booted()

    def charged():
        for pod in (one, two):
            equal(pod.fdinfo("iommufd-accounting"), ["process"])
            amount = kilobytes(pod.fdinfo("iommufd-charged")[0])
            print("charged", amount, "VmLck", pod.status("VmLck"), "VmPin", pod.status("VmPin"))
            equal(RAM_MIB << 10 <= amount <= LIMIT_MIB << 10, True)
            equal(kilobytes(pod.status("VmLck")), amount)

    def cgroups():
        for name in ("one", "two"):
            used = int(memory_of(name))
            print(name, "uses", used >> 20, "MiB of", POD_MIB)
            equal(RAM_MIB <= used >> 20 <= POD_MIB, True)
        print("the daemon uses", int(memory_of("daemon")) >> 10, "KiB")
        equal(int(memory_of("daemon")) < 64 << 20, True)

    def data(pod, device, at, number):
        equal(pod.value(f"disk_sum {READ_MIB}", "sha256"), sums[device])
        pod.run(f"disk_write 1 {at} {number}")

    def end(pod, device, at, number):
        pod.quit()
        sh("driverctl", "--nosave", "unset-override", device)
        equal(host_reads(device, READ_MIB), sums[device])
        equal(host_reads(device, 1, at), pattern_sum(number))
        sh("driverctl", "--nosave", "set-override", device, "vfio-pci")
        equal(driver_of(device), "vfio-pci")
        sh("udevadm", "settle")

    def killed():
        try:
            Pod("small", DRIVES[1], memory=RAM_MIB // 2)
        except Failure as error:
            print(error)
        events = dict(line.split() for line in memory_of("small", "events").splitlines())
        equal(int(events["oom_kill"]) > 0, True)
        equal(os.waitpid(pid, os.WNOHANG), (0, 0))

    def by_user():
        first = Pod("first", DRIVES[0], mode=BY_USER, paused=True)
        try:
            equal(first.fdinfo("iommufd-accounting"), ["user"])
            refused("Cannot allocate memory", "third", DRIVES[1], mode=BY_USER, paused=True)
        finally:
            first.kill()

    check("a QEMU without privileges runs with the descriptors", one.wait_booted)
    check("it is not root, and has no capability", lambda: equal(
        [one.status("Uid").split()[0] == "0", int(one.status("CapEff"), 16)], [False, 0]))
    check("a second one of the same user, whose limit is for one of them", second)
    check("each process is charged for its guest", charged)
    check("the daemon is charged for nothing", lambda: equal(
        [kilobytes(status_of(pid, "VmLck")), kilobytes(status_of(pid, "VmPin"))], [0, 0]))
    check("the memory is in the cgroup of each", cgroups)
    check("the first drive's data", data, one, DRIVES[0], 30, 5)
    check("the second drive's data", data, two, DRIVES[1], 31, 6)
    check("the first ends, what it wrote is on the drive", end, one, DRIVES[0], 30, 5)
    check("so does the second", end, two, DRIVES[1], 31, 6)
    check("a limit below the RAM is refused", refused, "Cannot allocate memory", "low",
          DRIVES[0], limit=RAM_MIB // 2, paused=True)
    check("with accounting by user, the second one of a user is refused", by_user)
    check("a descriptor that the daemon has bound is refused by QEMU", refused,
          "Invalid argument", "bound", DRIVES[0], bind=1, paused=True)
    check("a cgroup that is too small ends the QEMU in it, and not the daemon", killed)
    one = Pod("again", DRIVES[1], paused=True)
    check("the drive can be used again", lambda: equal(
        one.fdinfo("iommufd-accounting"), ["process"]))
    one.kill()
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


if len(sys.argv) > 1:
    launch(*sys.argv[1:])
main()
