"""Tell the files of the surveyed program from those of libraries, for the process in which it runs."""

from __future__ import annotations

import importlib.util

from advisor.interleaving.user_code import UserCode


class UserFiles:
    """Decides by file names; the named packages count as the user's, wherever they are installed."""

    def __init__(self, packages: tuple[str, ...] = ()) -> None:
        self._code = UserCode()
        self._folders = tuple(folder for package in packages for folder in _folders(package))

    def includes(self, file: str) -> bool:
        """Return True if the file belongs to the program."""
        return self._code.includes(file) or (bool(self._folders) and file.startswith(self._folders))


def is_installed(package: str) -> bool:
    """Return True if there is such a package or module."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _folders(package: str) -> list[str]:
    """Return the folders of a package, or the file of a module."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return []
    return [f"{folder}/" for folder in spec.submodule_search_locations or ()] or [str(spec.origin)]
