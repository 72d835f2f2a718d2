"""The archive with the digitised pages."""
import functools
import io
import os
import tarfile
import tempfile

_WORDS = "survey plate meridian parallax nebula refractor azimuth cluster dust spectra eclipse orbit".split()


def _pack(path):
    with tarfile.open(path, "w") as out:
        for number in range(140):
            text = " ".join(_WORDS[(number * 5 + k * k) % 12] + str((number + k) % 17) for k in range(14000 + number * 30))
            entry = tarfile.TarInfo(f"page-{number:03}.txt")
            entry.size = len(text)
            out.addfile(entry, io.BytesIO(text.encode()))


@functools.lru_cache(maxsize=None)
def get_archive():
    path = os.path.join(tempfile.mkdtemp(prefix="pages-"), "pages.tar")
    _pack(path)
    return tarfile.open(path)


def names():
    return get_archive().getnames()


def text_of(name):
    return get_archive().extractfile(name).read().decode()
