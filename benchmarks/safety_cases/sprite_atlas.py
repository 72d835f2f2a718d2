"""Cuts sprites out of an atlas and scales them for small screens."""
import os
import tempfile
import zlib

from PIL import Image


def _atlas_file():
    path = os.path.join(tempfile.mkdtemp(prefix="atlas-"), "atlas.png")
    ramp = Image.linear_gradient("L").resize((1024, 1024))
    Image.merge("RGB", (ramp, ramp.rotate(90), ramp.rotate(45))).save(path, compress_level=1)
    return path


ATLAS = Image.open(_atlas_file())
ATLAS.load()


def sprite(box):
    piece = ATLAS.crop(box).resize((256, 256), Image.Resampling.LANCZOS).rotate(15, Image.Resampling.BICUBIC)
    return box, zlib.crc32(piece.tobytes())


def boxes():
    return [(x, y, x + 250, y + 250) for x in range(0, 770, 70) for y in range(0, 770, 75)]
