"""Installs configuration files with the permissions that their owner asked for."""
import os
import zlib

STAGE = "stage"


def install(entry):
    name, mask, lines = entry
    os.makedirs(STAGE, exist_ok=True)
    path = os.path.join(STAGE, name)
    if os.path.exists(path):
        os.unlink(path)
    text = "\n".join(f"option_{k} = {k * k % 977}" for k in range(lines)).encode()
    previous = os.umask(mask)
    try:
        packed = zlib.compress(text, 9)
        with open(path, "wb") as out:
            out.write(packed)
    finally:
        os.umask(previous)
    return name, len(packed), oct(os.stat(path).st_mode & 0o777)


def manifest():
    return [(f"service-{n:03}.conf.z", (0o022, 0o077, 0o027, 0o007)[n % 4], 1500 + n * 10) for n in range(100)]
