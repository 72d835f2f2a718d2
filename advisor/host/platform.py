"""What this operating system can tell about itself: cores, memory, start method, interpreter.

One small function for each limit, then `min`, as loky counts cores. A question that a platform cannot answer is None,
never an error. Paths are parameters, so that the tests can lay out any container they like.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from advisor.models import Python, StartMethod

CGROUP_ROOT = Path("/sys/fs/cgroup")
CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY_INFO = Path("/proc/meminfo")

# Version 1 of the control groups says "no limit" with the largest page-aligned 63-bit number.
_NO_MEMORY_LIMIT = 1 << 60


def usable_cores() -> int:
    """Cores that this process may keep busy: the smallest of all limits, at least 1."""
    limits = (host_cores(), affinity_cores(), quota_cores(), interpreter_cores())
    return max(1, min(limit for limit in limits if limit is not None))


def host_cores() -> int:
    """Logical cores of the host, whoever may use them."""
    return os.cpu_count() or 1


def affinity_cores() -> int | None:
    """Cores that the scheduler may place this process on (taskset, cpusets); None on macOS and Windows."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return len(os.sched_getaffinity(0))


def quota_cores(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> int | None:
    """Cores' worth of CPU time a container may use, rounded up: a quota of 1.5 cores still feeds two workers."""
    quotas = [*_quotas_v2(root, membership), *_quotas_v1(root, membership)]
    return max(1, math.ceil(min(quotas))) if quotas else None


def interpreter_cores(environment: Mapping[str, str] = os.environ) -> int | None:
    """The user's own limit: PYTHON_CPU_COUNT or `-X cpu_count` (both of 3.13; the variable counts before it too)."""
    if hasattr(os, "process_cpu_count"):
        count: int | None = os.process_cpu_count()
        return count
    text = environment.get("PYTHON_CPU_COUNT", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def available_memory() -> int | None:
    """Bytes that can be used without swapping: what the host has left, or the container if that is less."""
    limits = [limit for limit in (host_memory(), container_memory()) if limit is not None]
    return min(limits) if limits else None


def host_memory(path: Path = MEMORY_INFO) -> int | None:
    """Bytes available on the host: MemAvailable on Linux (no import), psutil's answer elsewhere."""
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        import psutil

        return int(psutil.virtual_memory().available)
    except (ImportError, OSError, RuntimeError):
        return None


def container_memory(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> int | None:
    """Bytes left under the tightest memory limit of the control groups this process is in; None without a limit."""
    left = [
        *_memory_left(_folders(root, _group(membership, "")), "memory.max", "memory.current", "inactive_file"),
        *_memory_left(
            _folders(root / "memory", _group(membership, "memory")),
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ]
    return max(1, min(left)) if left else None


def start_method(platform: str = sys.platform, version: tuple[int, ...] = sys.version_info[:2]) -> StartMethod:
    """How multiprocessing starts a worker by default, or as the program has set it, without importing it."""
    loaded = sys.modules.get("multiprocessing")
    chosen: StartMethod | None = loaded.get_start_method(allow_none=True) if loaded is not None else None
    return chosen or default_start_method(platform, version)


def default_start_method(platform: str, version: tuple[int, ...]) -> StartMethod:
    """What an interpreter of this version on this platform does unless told otherwise."""
    if platform in ("win32", "darwin"):
        return "spawn"
    return "forkserver" if version >= (3, 14) else "fork"


def python() -> Python:
    """The running interpreter."""
    return Python(
        version=".".join(str(part) for part in sys.version_info[:3]),
        implementation={"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name, sys.implementation.name),
        free_threaded=free_threaded(),
    )


def free_threaded() -> bool:
    """The GIL is off now: a free-threaded build turns it on again for an extension module that asks for it."""
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


def _memory_left(folders: Iterator[Path], limit: str, usage: str, cached: str) -> Iterator[int]:
    # Usage counts the page cache, which the kernel drops before it refuses memory; container engines subtract it too.
    for folder in folders:
        match _numbers(folder / limit) + _numbers(folder / usage):
            case [int(most), int(used)] if most < _NO_MEMORY_LIMIT:
                yield most - max(0, used - _statistic(folder / "memory.stat", cached))


def _statistic(path: Path, name: str) -> int:
    for line in _lines(path):
        if line.split(" ")[0] == name:
            return int(line.split()[1])
    return 0


def _group(membership: Path, controller: str) -> str:
    """The path of this process's group for a controller of version 1, or of version 2 for ""; "/" when not told."""
    for line in _lines(membership):
        match line.split(":", 2):
            case [_, controllers, path] if controller in controllers.split(","):
                return path
    return "/"


def _folders(mount: Path, group: str) -> Iterator[Path]:
    """The group's folder and all above it, for a limit binds what is below. Inside a container the path may name
    folders that only the host can see: those simply do not exist, and the mount itself is the container's group.
    """
    parts = [part for part in group.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _numbers(path: Path) -> list[int | None]:
    """The words of a file's first line as whole numbers, None for a word such as `max`; empty without the file."""
    words = next(iter(_lines(path)), "").split()
    return [int(word) if word.removeprefix("-").isdecimal() else None for word in words]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
