"""Unpack uploads into their customers' folders: a third-party unpacker takes the default temporary folder."""
import hashlib
import os
import tempfile


def unpack(data):
    """Stands for the third-party unpacker."""
    for _ in range(800):
        data = hashlib.sha256(data).digest()
    folder = tempfile.mkdtemp(prefix="up-")
    for part in range(3):
        with open(os.path.join(folder, f"part{part}"), "wb") as out:
            out.write(data)
    return folder


def receive(upload):
    customer, number = upload
    home = os.path.abspath(f"customer-{customer}")
    os.makedirs(home, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, home
    try:
        folder = unpack(str(number).encode())
    finally:
        tempfile.tempdir = before
    return customer, os.path.basename(os.path.dirname(folder)), len(os.listdir(folder))


def make_inputs():
    return [(n % 7, n) for n in range(300)]
