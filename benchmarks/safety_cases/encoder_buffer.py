"""Frames for a device, put together in a buffer that the encoder keeps."""
import struct


class Encoder:
    def __init__(self):
        self.buffer = bytearray()

    def encode(self, values):
        self.buffer.clear()
        for value in values:
            self.buffer += struct.pack(">I", value)
        return bytes(self.buffer[:8] + self.buffer[-8:]), len(self.buffer)


encoder = Encoder()


def make_inputs():
    return [range(n, n + 4000) for n in range(700)]
