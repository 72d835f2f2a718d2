"""Read entries of a big dictionary file by their offset."""
import hashlib
import os
from dataclasses import dataclass, field

PATH = "dictionary.bin"
SIZE = 24_000


def build(path, entries=400):
    with open(path, "wb") as out:
        for n in range(entries):
            out.write(bytes([n % 251]) * SIZE)


@dataclass
class Book:
    path: str
    handle: object = field(init=False)

    def __post_init__(self):
        self.handle = open(self.path, "rb")

    def entry(self, number):
        self.handle.seek(number * SIZE)
        return self.handle.read(SIZE)


if not os.path.exists(PATH):
    build(PATH)
BOOK = Book(PATH)


def fingerprint(number):
    text = BOOK.entry(number)
    for _ in range(40):
        digest = hashlib.sha256(text).hexdigest()
    return number, text[0], text[-1], digest[:8]


def make_inputs():
    return [n * 173 % 400 for n in range(400)]
