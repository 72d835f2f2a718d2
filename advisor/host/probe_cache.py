"""Keep the measured costs of this host's pools in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from advisor.models import Machine
from advisor.report.atomic_write import atomic_write

CACHE_FORMAT = 4  # raise it when the meaning of a probe changes
MAX_AGE = 14 * 24 * 3600.0  # seconds


class CostMeasurement(BaseModel):
    """The costs that one run of the probes found."""

    taken: Annotated[float, Field(ge=0, le=1e11, description="seconds since the epoch")]
    costs: dict[str, Annotated[float, Field(ge=0, le=1e9)]]


class CacheEntry(BaseModel):
    """The content of a cache file."""

    key: str
    measurements: tuple[CostMeasurement, ...] = Field(max_length=100)


def cache_key(host: Machine) -> str:
    """Return what the costs depend on, in a legible form: host, interpreter and its build, cores, start method."""
    node = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    build = "nogil" if host.python.free_threaded else "debug" if hasattr(sys, "gettotalrefcount") else "release"
    interpreter = f"{host.python.implementation}-{host.python.version}-{build}"
    return f"{node}-{interpreter}-{host.cores}-{host.start_method}-v{CACHE_FORMAT}"


def cache_path(key: str) -> Path:
    """Return the file that keeps the costs for a key."""
    import platformdirs

    name = "".join(character if character.isascii() and character.isalnum() else "-" for character in key)
    return platformdirs.user_cache_path("advisor") / f"machine-{name[-150:]}.json"


def read_measurements(key: str) -> tuple[CostMeasurement, ...]:
    """Return the measurements in the cache that are not too old, the latest last."""
    try:
        entry = CacheEntry.model_validate_json(cache_path(key).read_bytes())
    except (OSError, RuntimeError, ValidationError):  # RuntimeError: there is no home folder
        return ()
    # A clock that was set back leaves measurements from the future, whose age is not known.
    now = time.time()
    fresh = (measurement for measurement in entry.measurements if 0 <= now - measurement.taken <= MAX_AGE)
    return tuple(sorted(fresh, key=lambda measurement: measurement.taken)) if entry.key == key else ()


def write_measurements(key: str, measurements: Sequence[CostMeasurement]) -> None:
    """Replace the cache file atomically; if that fails, the costs are measured again next time."""
    entry = CacheEntry(key=key, measurements=tuple(measurements))
    with contextlib.suppress(OSError, RuntimeError):
        path = cache_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write_text(entry.model_dump_json(), encoding="utf-8")
