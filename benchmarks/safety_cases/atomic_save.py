"""Save each tile under its name: a temporary file first, then a rename."""
import hashlib
import os
import tempfile

FOLDER = os.path.abspath("tiles")
os.makedirs(FOLDER, exist_ok=True)


def save(tile):
    body = str(tile).encode()
    for _ in range(1200):
        body = hashlib.sha256(body).digest()
    with tempfile.NamedTemporaryFile(dir=FOLDER, delete=False) as out:
        out.write(body)
    os.replace(out.name, os.path.join(FOLDER, f"tile-{tile}.bin"))
    return body.hex()[:10]


def make_inputs():
    return range(500)


def saved():
    tiles = {}
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), "rb") as source:
            tiles[name] = source.read()
    return tiles
