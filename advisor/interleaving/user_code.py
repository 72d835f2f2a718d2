"""Tell the user's own files from those of the standard library, installed packages and advisor."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from types import ModuleType

_OWN_FOLDER = str(Path(__file__).parent.parent) + "/"


class UserCode:
    """Decides by file names. `own` are files that are the user's even if they are installed."""

    def __init__(self, own: tuple[str, ...] = ()) -> None:
        paths = sysconfig.get_paths()
        self._libraries = tuple(
            {str(Path(paths[name])) + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        )
        self._own = own
        self._known: dict[str, bool] = {}
        self._count = 0
        self._modules: list[tuple[str, ModuleType]] = []

    def includes(self, file: str) -> bool:
        """Return True if the file is the user's own."""
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = self._decide(file)
        return known

    def modules(self) -> list[tuple[str, ModuleType]]:
        """Return the names and modules that are imported from the user's files."""
        if len(sys.modules) != self._count:
            self._count = len(sys.modules)
            self._modules = [(name, module) for name, module in sorted(sys.modules.items()) if self._is_own(module)]
        return self._modules

    def _is_own(self, module: object) -> bool:
        file = getattr(module, "__file__", None)
        return isinstance(module, ModuleType) and isinstance(file, str) and self.includes(file)

    def _decide(self, file: str) -> bool:
        if file.startswith("<ipython") or file in self._own:
            return True
        if not file or file.startswith("<") or is_advisor(file):
            return False
        return not (file.startswith(self._libraries) or "/site-packages/" in file or "/dist-packages/" in file)


def is_advisor(file: str) -> bool:
    """Return True for a file of this package."""
    return file.startswith(_OWN_FOLDER)
