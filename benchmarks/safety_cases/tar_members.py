"""Documents out of a tar archive."""
import hashlib
import io
import os
import tarfile

PATH = "papers.tar"
if not os.path.exists(PATH):
    with tarfile.open(PATH, "w") as out:
        for n in range(200):
            body = f"paper {n} ".encode() * 3000
            entry = tarfile.TarInfo(f"paper-{n}.txt")
            entry.size = len(body)
            out.addfile(entry, io.BytesIO(body))
ARCHIVE = tarfile.open(PATH)
MEMBERS = {member.name: member for member in ARCHIVE.getmembers()}


def digest(name):
    body = ARCHIVE.extractfile(MEMBERS[name]).read()
    words = {}
    for word in body[:9000].split():
        words[word] = words.get(word, 0) + 1
    return name, len(words), hashlib.md5(body).hexdigest()


def make_inputs():
    return [f"paper-{n * 77 % 200}.txt" for n in range(400)]
