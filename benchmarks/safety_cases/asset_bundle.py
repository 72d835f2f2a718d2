"""Assets of a game, from one archive that stays open."""
import os
import zipfile
import zlib

PATH = "assets.zip"
if not os.path.exists(PATH):
    with zipfile.ZipFile(PATH, "w", zipfile.ZIP_STORED) as archive:
        for n in range(250):
            archive.writestr(f"sprites/{n:03d}.raw", bytes((n + k) % 256 for k in range(1024)) * 30)
BUNDLE = zipfile.ZipFile(PATH)


def load_sprite(number):
    raw = BUNDLE.read(f"sprites/{number:03d}.raw")
    value = 0
    for byte in raw[:6000]:
        value = (value * 31 + byte) % 1_000_003
    return value, zlib.adler32(raw)


def make_inputs():
    return [n * 89 % 250 for n in range(500)]
