"""How much memory this process held at most since it was last asked to forget; `platform` tells what it holds now."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path


def forget_peak() -> None:
    """Start the peak anew from what is held now, where the kernel allows it (Linux: clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int | None:
    """The most bytes of physical memory held since `forget_peak`, or since the process began."""
    found = _status("VmHWM")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(name: str) -> int | None:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
