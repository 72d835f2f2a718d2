"""Blocks of a sensor's dump, through a file descriptor."""
import os
import zlib

DUMP = "sensor.dump"
BLOCK = 8192
if not os.path.exists(DUMP):
    with open(DUMP, "wb") as target:
        for block in range(300):
            target.write(block.to_bytes(4, "big") * (BLOCK // 4))
FD = os.open(DUMP, os.O_RDONLY)


def checksum(first):
    found, value = [], 0
    for block in range(first, 300, 12):  # of one channel
        os.lseek(FD, block * BLOCK, os.SEEK_SET)
        data = os.read(FD, 4)  # the header
        found.append(int.from_bytes(data, "big"))
        data += os.read(FD, BLOCK - 4)
        for byte in data[::16]:
            value = (value * 33 + byte) & 0xFFFFFFFF
        value = zlib.crc32(data, value)
    return first, sum(found), value


def make_inputs():
    return [n * 101 % 300 for n in range(300)]
