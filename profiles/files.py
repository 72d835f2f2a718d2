"""Reading and writing files."""

from __future__ import annotations

import functools
import gzip
import hashlib
import os
import random
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from profiles import scratch


def read_log(path: str) -> dict[str, int]:
    """Count a log's lines by level. A file in the page cache makes this work for the interpreter, not for the disk."""
    levels: Counter[str] = Counter()
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            levels[line.split(" ", 3)[2]] += 1
    return dict(levels)


def read_log_inputs() -> Iterator[str]:
    """5 logs of 20,000 lines, eight times over."""
    for index in range(40):
        yield scratch.file(f"read-{index % 5}.log", functools.partial(log_text, 20_000, index % 5))


def write_report(path: str) -> int:
    """Write 64 KiB, wait until they are on the disk, and put the file in its place under its final name."""
    content = (f"{path}\n" * (65_536 // (len(path) + 1))).encode()
    with tempfile.NamedTemporaryFile(dir=Path(path).parent, delete=False) as unfinished:
        unfinished.write(content)
        unfinished.flush()
        os.fsync(unfinished.fileno())
    Path(unfinished.name).replace(path)
    return len(content)


def write_report_inputs() -> Iterator[str]:
    """200 reports, each with a name of its own."""
    for index in range(200):
        yield str(scratch.folder() / f"report-{index}.txt")


def fingerprint_folder(folder: str) -> str:
    """One fingerprint of a folder's files: so small, and in the page cache, that opening them is most of the work."""
    whole = hashlib.sha256()
    for path in sorted(Path(folder).iterdir()):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def fingerprint_folder_inputs() -> Iterator[str]:
    """200 folders of 12 files of 2 kB."""
    for index in range(200):
        folder = scratch.folder() / "small" / str(index)
        if not folder.exists():
            folder.mkdir(parents=True)
            for number in range(12):
                (folder / f"{number}.txt").write_text(f"file {number} of folder {index}\n" * 80)
        yield str(folder)


def search_archive(path: str) -> dict[str, int]:
    """Count the errors in each log of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).count(b" ERROR ") for name in archive.namelist()}


def search_archive_inputs() -> Iterator[str]:
    """5 archives of 20 logs of 3,000 lines."""
    for index in range(5):
        path = scratch.folder() / f"logs-{index}.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for number in range(20):
                    archive.writestr(f"{number}.log", log_text(3_000, index * 20 + number))
        yield str(path)


def read_packed_log(path: str) -> int:
    """Add up how long the requests of a gzip'd log took, line by line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return sum(int(line.split()[-2]) for line in lines)


def read_packed_log_inputs() -> Iterator[str]:
    """5 logs of 20,000 lines."""
    for index in range(5):
        path = scratch.folder() / f"packed-{index}.log.gz"
        if not path.exists():
            path.write_bytes(gzip.compress(log_text(20_000, index).encode()))
        yield str(path)


def log_text(lines: int, seed: int) -> str:
    """A log as a web server writes it."""
    draw = random.Random(seed)
    levels = draw.choices(("DEBUG", "INFO", "WARNING", "ERROR"), (1, 6, 2, 1), k=lines)
    statuses = draw.choices((200, 304, 404, 500), (8, 1, 1, 0.2), k=lines)
    return "".join(
        f"2025-03-{1 + index * 28 // lines:02} 12:{index % 60:02}:07 {level} 10.0.{draw.getrandbits(8)}.{seed} "
        f'"GET /article/{draw.getrandbits(9)} HTTP/1.1" {status} {draw.getrandbits(10)} ms\n'
        for index, (level, status) in enumerate(zip(levels, statuses, strict=True))
    )
