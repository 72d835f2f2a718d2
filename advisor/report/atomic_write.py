"""Files are written beside their place and renamed: nobody ever sees half of one, and a failure leaves the old one."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A file to write to, which takes the place of `path` when the block ends well, and is gone when it does not.

    What is no regular file, such as /dev/stdout, cannot be replaced and is written to as it is; of a link, the file
    that it leads to is replaced. Raises OSError.
    """
    if _is_written_to(path):
        yield path
        return
    place = Path(os.path.realpath(path))
    temporary = _beside(place, path.suffix)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def check(path: Path) -> None:
    """Raises the OSError of a file that cannot be written, before there is anything to write."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not _is_written_to(path):
        _beside(Path(os.path.realpath(path)), path.suffix).unlink()
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _is_written_to(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _beside(place: Path, suffix: str) -> Path:
    """A new file in the same folder."""
    import tempfile

    handle, name = tempfile.mkstemp(suffix=suffix, prefix=".advise-", dir=place.parent)
    os.close(handle)
    return Path(name)


def _umask() -> int:
    """The permissions that new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
