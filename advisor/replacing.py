"""Files are written beside their place and renamed: nobody ever sees half of one, and a failure leaves the old one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to, which takes the place of `path` when the block ends well, and is gone when it does not.

    What is no regular file, such as /dev/stdout, cannot be replaced and is written to as it is. Raises OSError.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    import tempfile

    handle, name = tempfile.mkstemp(suffix=path.suffix, prefix=".advise-", dir=path.absolute().parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """The permissions that new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
