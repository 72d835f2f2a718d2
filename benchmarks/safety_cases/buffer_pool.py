"""Buffers are borrowed from a pool and given back."""
import queue
import struct
import time

POOL = queue.Queue()
for _ in range(16):
    POOL.put(bytearray(4096))


def frame(number):
    buffer = POOL.get()
    try:
        for k in range(200):
            struct.pack_into(">I", buffer, 4 * k, number + k)
        time.sleep(0.001)  # the device
        return sum(struct.unpack_from(">200I", buffer))
    finally:
        POOL.put(buffer)


def make_inputs():
    return range(600)
