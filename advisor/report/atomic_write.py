"""Write files atomically: to a temporary file in the same directory, which is then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import UsageError


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` when the block succeeds and is removed when it fails.

    Of a symbolic link, the target is replaced. A special file, such as /dev/stdout, is yielded itself.

    Raises:
        OSError: The file cannot be written.
    """
    if _is_special(path):
        yield path
        return
    target = Path(os.path.realpath(path))
    temporary = _create_beside(target, path.suffix)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def check(path: Path) -> None:
    """Raise the OSError that writing `path` would raise, before there is anything to write."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not _is_special(path):
        _create_beside(Path(os.path.realpath(path)), path.suffix).unlink()
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextlib.contextmanager
def reported_as_usage_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an OSError into a UsageError that names `path`."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {os.fspath(path)}: {error.strerror}") from error


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _create_beside(target: Path, suffix: str) -> Path:
    import tempfile  # loads `random` and `hashlib`, which most commands do without

    handle, name = tempfile.mkstemp(suffix=suffix, prefix=".advise-", dir=target.parent)
    os.close(handle)
    return Path(name)


def _umask() -> int:
    """Return the permissions that new files do not get. The umask can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
