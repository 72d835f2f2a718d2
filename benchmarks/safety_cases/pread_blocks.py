"""Blocks of a dump, by offset, through one descriptor and pread."""
import os
import zlib

DUMP = "blocks.dump"
BLOCK = 8192
if not os.path.exists(DUMP):
    with open(DUMP, "wb") as target:
        for block in range(300):
            target.write(block.to_bytes(4, "big") * (BLOCK // 4))
FD = os.open(DUMP, os.O_RDONLY)


def checksum(block):
    data = os.pread(FD, BLOCK, block * BLOCK)
    value = zlib.crc32(data)
    for byte in data:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return block, int.from_bytes(data[:4], "big"), value


def make_inputs():
    return [n * 101 % 300 for n in range(300)]
