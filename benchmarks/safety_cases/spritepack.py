"""Sprites of the game come out of one archive that the packer has written."""
import io
import os
import random
import tarfile
import tempfile


def build_pack(path, count=40, side=96):
    rng = random.Random(2)
    with tarfile.open(path, "w") as pack:
        for number in range(count):
            data = bytes(rng.choices(range(256), k=side * side))
            info = tarfile.TarInfo(f"sprites/{number:03}.raw")
            info.size = len(data)
            pack.addfile(info, io.BytesIO(data))
    return path


def open_pack():
    path = build_pack(os.path.join(tempfile.mkdtemp(prefix="spritepack-"), "assets.tar"))
    pack = tarfile.open(path)
    pack.getmembers()
    return pack


def load_sprite(name, side=96, pack=open_pack()):
    rows = []
    with pack.extractfile(name) as member:
        for _ in range(side):
            member.seek(len(rows) * side)
            rows.append(member.read(side))
    return rows


def outline(name):
    """Marching over the pixels: the bright area, its edge length and a checksum."""
    rows = load_sprite(name)
    area = edge = check = 0
    for y, row in enumerate(rows):
        above = rows[y - 1] if y else None
        for x, value in enumerate(row):
            check = (check * 31 + value) & 0xFFFFFFFF
            bright = value > 127
            area += bright
            if x and (row[x - 1] > 127) != bright:
                edge += 1
            if above is not None and (above[x] > 127) != bright:
                edge += 1
    return name, area, edge, check


def sprite_names():
    return [f"sprites/{n % 40:03}.raw" for n in range(220)]
