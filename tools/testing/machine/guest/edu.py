# SPDX-License-Identifier: GPL-2.0-only
"""Drives the edu device of QEMU through its device node and /dev/iommu.

usage: edu.py BDF

Opens the device, maps memory for it and prints "open". Then, for each line of standard
input, the device copies memory in both directions and interrupts, with memory that was
mapped at the start and with memory that is mapped for that line: prints "ok", or ends
with an exception. Closes the device at the end of standard input.
"""
import ctypes
import fcntl
import glob
import mmap
import os
import select
import struct
import sys

PAGE = 4096
IOVA = 1 << 30
NEW_IOVA = 1 << 31
# Offsets in BAR 0, and bits of DMA_COMMAND.
ACKNOWLEDGE, IRQ_STATUS, DMA_FROM, DMA_TO, DMA_COUNT, DMA_COMMAND = (
    0x64, 0x24, 0x80, 0x88, 0x90, 0x98)
START, TO_MEMORY, INTERRUPT = 1, 2, 4
# The memory of the device.
BUFFER = 0x40000
CONFIG_REGION, PCI_COMMAND, BUS_MASTER = 7, 4, 4
MSI, SET_EVENTFD = 1, 0x24


def ioctl(fd, number, layout, *words):
    """Passes a structure that begins with its size, and returns what is there then."""
    layout = "=" + layout
    argument = bytearray(struct.pack(layout, struct.calcsize(layout), *words))
    fcntl.ioctl(fd, number, argument)
    return struct.unpack(layout, argument)


class Edu:
    def __init__(self, address):
        node = os.path.basename(
            glob.glob(f"/sys/bus/pci/devices/{address}/vfio-dev/*")[0])
        self.device = os.open("/dev/vfio/devices/" + node, os.O_RDWR)
        self.iommu = os.open("/dev/iommu", os.O_RDWR)
        ioctl(self.device, 0x3B76, "IIiI", 0, self.iommu, 0)
        self.ioas = ioctl(self.iommu, 0x3B81, "III", 0, 0)[2]
        ioctl(self.device, 0x3B77, "III", 0, self.ioas)
        self.memory = self.map(IOVA)
        offset = self.region(CONFIG_REGION) + PCI_COMMAND
        command, = struct.unpack("=H", os.pread(self.device, 2, offset))
        os.pwrite(self.device, struct.pack("=H", command | BUS_MASTER), offset)
        self.bar = mmap.mmap(self.device, 1 << 20, offset=self.region(0))
        self.event = os.eventfd(0)
        ioctl(self.device, 0x3B6E, "IIIIIi", SET_EVENTFD, MSI, 0, 1, self.event)

    def region(self, index):
        return ioctl(self.device, 0x3B6C, "IIIIQQ", 0, index, 0, 0, 0)[5]

    def map(self, iova):
        memory = mmap.mmap(-1, 2 * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        ioctl(self.iommu, 0x3B85, "IIIIQQQ", 7, self.ioas, 0, address, len(memory), iova)
        return memory

    def unmap(self, iova):
        length = ioctl(self.iommu, 0x3B86, "IIQQ", self.ioas, iova, 2 * PAGE)[3]
        assert length == 2 * PAGE

    def register(self, offset):
        # An access of a ctypes object to memory is one of its size.
        return ctypes.c_uint32.from_buffer(self.bar, offset)

    def copy(self, source, target, direction):
        self.register(DMA_FROM).value = source
        self.register(DMA_TO).value = target
        self.register(DMA_COUNT).value = PAGE
        self.register(DMA_COMMAND).value = START | direction | INTERRUPT
        readable, _, _ = select.select([self.event], [], [], 60)
        assert readable, "no interrupt"
        os.eventfd_read(self.event)
        status = self.register(IRQ_STATUS).value
        self.register(ACKNOWLEDGE).value = status

    def round(self, iova, memory):
        """The device reads the first page of the memory and writes the second."""
        memory[:PAGE] = os.urandom(PAGE)
        memory[PAGE:] = bytes(PAGE)
        self.copy(iova, BUFFER, 0)
        self.copy(BUFFER, iova + PAGE, TO_MEMORY)
        assert memory[PAGE:] == memory[:PAGE], "other data"


edu = Edu(sys.argv[1])
print("open", flush=True)
for _ in sys.stdin:
    edu.round(IOVA, edu.memory)
    edu.round(NEW_IOVA, edu.map(NEW_IOVA))
    edu.unmap(NEW_IOVA)
    print("ok", flush=True)
