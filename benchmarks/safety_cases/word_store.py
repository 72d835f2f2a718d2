import io
import os
import random
import tarfile
import tempfile

WORDS = "invoice payment customer region market price stock order tax route label cargo".split()


def build(path, pages=120):
    rng = random.Random(7)
    with tarfile.open(path, "w") as archive:
        for n in range(pages):
            text = " ".join(rng.choices(WORDS, k=9000)).encode()
            member = tarfile.TarInfo(f"pages/{n:04d}.txt")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))


class PageStore:
    def __init__(self, path):
        self._archive = tarfile.open(path)
        self._members = {m.name: m for m in self._archive.getmembers()}

    def names(self):
        return sorted(self._members)

    def text(self, name):
        return self._archive.extractfile(self._members[name]).read().decode("latin-1")


def default_store():
    path = os.path.join(tempfile.mkdtemp(prefix="pages-"), "pages.tar")
    build(path)
    return PageStore(path)
