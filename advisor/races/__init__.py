"""Explores how concurrent calls of a function can interleave, and finds races and deadlocks (see `search`).

The package can be called, as its function `races.races`: both have the name `advisor.races`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from advisor.races.races import races

        return races(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
