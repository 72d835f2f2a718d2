"""Measure how much physical memory this process holds, now and at its peak."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path


def resident_memory() -> int | None:
    """Return the bytes of physical memory that this process holds now."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import psutil

        return int(psutil.Process().memory_info().rss)
    except (ImportError, OSError, RuntimeError):
        return None


def reset_peak() -> None:
    """Start the peak anew from what is held now, where the kernel allows it (Linux: clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int | None:
    """Return the largest number of bytes held since `reset_peak`, or since the process began."""
    with contextlib.suppress(OSError):
        if found := re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
