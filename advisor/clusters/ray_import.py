"""Import Ray so that it prints nothing of its own to standard output.

Ray tells of each worker that dies there, in the middle of the program's own output. It reads what to leave out from the
environment when it is imported; a program that has imported it before decides by itself.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

_VARIABLE = "RAY_DEDUP_LOGS_SKIP_REGEX"
_NOISE = "A worker died or was killed|The actor is dead|Raylet is terminated|node died"
_MODULES = ("ray", "ray.exceptions", "ray.util.scheduling_strategies")


def _import_ray() -> Any:
    silence = "ray" not in sys.modules and _VARIABLE not in os.environ
    if silence:
        os.environ[_VARIABLE] = _NOISE
    try:
        for name in _MODULES:
            importlib.import_module(name)
    finally:
        if silence:
            del os.environ[_VARIABLE]
    return sys.modules["ray"]


ray = _import_ray()
