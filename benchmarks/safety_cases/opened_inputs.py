"""Count words of files that the caller has opened already."""
import os
import zlib

FOLDER = "pages"


def count(stream):
    stream.seek(0)
    text = stream.read()
    total = 0
    for word in text.split():
        total += zlib.crc32(word.encode()) % 13
    return total


def make_inputs():
    os.makedirs(FOLDER, exist_ok=True)
    for n in range(200):
        path = os.path.join(FOLDER, f"{n}.txt")
        if not os.path.exists(path):
            with open(path, "w") as out:
                out.write(f"alpha{n} beta gamma{n % 3} " * 700)
        yield open(path)
