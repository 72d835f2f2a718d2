"""Programs that measure a worker; like `on_worker` they are sent by value and use the standard library only."""

from __future__ import annotations

import importlib
import os
import pickle
import platform
import socket
import time
from pathlib import Path
from typing import Any

NOISE_BYTES = 16 << 20
_RANDOM_BYTES = 1 << 20  # connections may compress what repeats sooner
_TURNS = 100_000  # of a Python loop, 5 to 10 ms
_noise = b""


def echo(payload: bytes) -> bytes:
    """Return as many random bytes as the first eight bytes of the payload say."""
    size = int.from_bytes(payload[:8], "little")
    return noise()[:size] if size else b""


def noise() -> bytes:
    """Return random bytes, the same each time."""
    global _noise
    _noise = _noise or os.urandom(_RANDOM_BYTES) * (NOISE_BYTES // _RANDOM_BYTES)
    return _noise


def describe(payload: bytes) -> bytes:
    """Return the facts about the worker's host that the model needs."""
    facts = {
        "boot": boot_id(),
        "host": socket.gethostname(),
        "cores": usable_cores(),
        "host_cores": os.cpu_count() or 1,
        "python": platform.python_version(),
    }
    return pickle.dumps(facts)


def boot_id() -> str:
    """Return what is the same for all containers of a host, as far as the platform tells."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()


def usable_cores() -> int:
    """Return the cores that this process may use, by affinity and by the quota of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, min(cores, int(int(quota) / int(period) + 0.5)))
    except (OSError, ValueError):  # no quota
        return cores


def burn(payload: bytes) -> bytes:
    """Return the seconds that a fixed computation takes at best."""
    return repr(min(_burn_once() for _ in range(5))).encode()


def _burn_once() -> float:
    begun = time.perf_counter()
    total = 0
    for number in range(_TURNS):
        total += number * number % 7
    return time.perf_counter() - begun


def import_named(payload: bytes) -> bytes:
    """Return the seconds that importing a module takes in this process."""
    begun = time.perf_counter()
    importlib.import_module(payload.decode())
    return repr(time.perf_counter() - begun).encode()


def time_call(payload: bytes, program: bytes) -> bytes:
    """Run a program, and return the seconds and the CPU seconds of its thread."""
    call: Any = pickle.loads(program)
    begun, cpu = time.perf_counter(), time.thread_time()
    call(payload)
    return pickle.dumps((time.perf_counter() - begun, time.thread_time() - cpu))
