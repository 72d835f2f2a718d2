"""Ask the operating system and the interpreter for cores, memory and the start method.

One small function for each limit, then `min`, as loky counts cores. What a platform does not report is None, never an
error. Paths are parameters, so that tests can lay out any container.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.models import Python, StartMethod

CGROUP_ROOT = Path("/sys/fs/cgroup")
CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY_INFO = Path("/proc/meminfo")

# Version 1 of the control groups writes the largest page-aligned 63-bit number for "no limit".
_NO_MEMORY_LIMIT = 1 << 60


def usable_cores() -> int:
    """Return how many cores this process may keep busy: the smallest of all limits, at least 1."""
    limits = (host_cores(), affinity_cores(), quota_cores(), interpreter_cores())
    return max(1, min(limit for limit in limits if limit is not None))


def host_cores() -> int:
    """Return the number of logical cores of the host."""
    return os.cpu_count() or 1


def affinity_cores() -> int | None:
    """Return how many cores the scheduler may use for this process (taskset, cpusets); None on macOS and Windows."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return len(os.sched_getaffinity(0))


def quota_cores(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> int | None:
    """Return the CPU quota of the container in cores, rounded up: 1.5 cores still keep two workers busy."""
    quotas = [*_quotas_v2(root, membership), *_quotas_v1(root, membership)]
    return max(1, math.ceil(min(quotas))) if quotas else None


def interpreter_cores(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the user's own limit: PYTHON_CPU_COUNT, before 3.13 too, or `-X cpu_count`."""
    if hasattr(os, "process_cpu_count"):
        count: int | None = os.process_cpu_count()
        return count
    text = environment.get("PYTHON_CPU_COUNT", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def available_memory() -> int | None:
    """Return the bytes available without swapping: the host's, or the container's if that is less."""
    limits = [limit for limit in (host_memory(), container_memory()) if limit is not None]
    return min(limits) if limits else None


def host_memory(path: Path = MEMORY_INFO) -> int | None:
    """Return the bytes available on the host: MemAvailable on Linux, without an import, else from psutil."""
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        import psutil

        return int(psutil.virtual_memory().available)
    except (ImportError, OSError, RuntimeError):
        return None


def container_memory(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> int | None:
    """Return the bytes left under the tightest memory limit of this process's control groups; None without a limit."""
    remaining = [
        *_remaining_memory(_folders(root, _group(membership, "")), "memory.max", "memory.current", "inactive_file"),
        *_remaining_memory(
            _folders(root / "memory", _group(membership, "memory")),
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ]
    return max(1, min(remaining)) if remaining else None


def start_method(platform: str = sys.platform, version: tuple[int, ...] = sys.version_info[:2]) -> StartMethod:
    """Return multiprocessing's start method, the default or the one that the program has set, without importing it."""
    loaded = sys.modules.get("multiprocessing")
    chosen: StartMethod | None = loaded.get_start_method(allow_none=True) if loaded is not None else None
    return chosen or default_start_method(platform, version)


def default_start_method(platform: str, version: tuple[int, ...]) -> StartMethod:
    """Return the default start method of an interpreter version on a platform."""
    if platform in ("win32", "darwin"):
        return "spawn"
    return "forkserver" if version >= (3, 14) else "fork"


def python() -> Python:
    """Describe the running interpreter."""
    from advisor.models import Python  # pydantic takes time to load, and the limits of a host need none of it

    return Python(
        version=".".join(str(part) for part in sys.version_info[:3]),
        implementation={"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name),
        free_threaded=free_threaded(),
    )


def free_threaded() -> bool:
    """Return True if the GIL is off now: a free-threaded build turns it on for an extension module that needs it."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


def _quotas_v2(root: Path, membership: Path) -> Iterator[float]:
    for folder in _folders(root, _group(membership, "")):
        match _numbers(folder / "cpu.max"):
            case [int(quota), int(period)] if quota > 0 and period > 0:
                yield quota / period


def _quotas_v1(root: Path, membership: Path) -> Iterator[float]:
    for mount in ("cpu", "cpu,cpuacct"):
        for folder in _folders(root / mount, _group(membership, "cpu")):
            match _numbers(folder / "cpu.cfs_quota_us") + _numbers(folder / "cpu.cfs_period_us"):
                case [int(quota), int(period)] if quota > 0 and period > 0:
                    yield quota / period


def _remaining_memory(folders: Iterator[Path], limit: str, usage: str, cached: str) -> Iterator[int]:
    # Usage includes the page cache, which the kernel drops before it refuses memory; container engines subtract it too.
    for folder in folders:
        match _numbers(folder / limit) + _numbers(folder / usage):
            case [int(maximum), int(used)] if maximum < _NO_MEMORY_LIMIT:
                yield maximum - max(0, used - _statistic(folder / "memory.stat", cached))


def _statistic(path: Path, name: str) -> int:
    for line in _lines(path):
        if line.split(" ")[0] == name:
            return int(line.split()[1])
    return 0


def _group(membership: Path, controller: str) -> str:
    """Return the path of this process's group for a controller of version 1, or "" for version 2; "/" if unknown."""
    for line in _lines(membership):
        match line.split(":", 2):
            case [_, controllers, path] if controller in controllers.split(","):
                return path
    return "/"


def _folders(mount: Path, group: str) -> Iterator[Path]:
    """Yield the group's folder and its parents, whose limits count too.

    In a container the path may name folders that only the host has; the mount itself is then the container's group.
    """
    parts = [part for part in group.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _numbers(path: Path) -> list[int | None]:
    """Return the words of a file's first line as numbers, None for a word such as `max`; nothing without the file."""
    words = next(iter(_lines(path)), "").split()
    return [int(word) if word.removeprefix("-").isdecimal() else None for word in words]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
