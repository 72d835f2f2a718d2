"""The comparison of worker pools runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_script_prints_both_pools() -> None:
    """With one kill and few calls it prints times and what was lost, for both pools."""
    command = [sys.executable, "-m", "benchmarks.worker_pools", "--kills", "1", "--calls", "50"]
    folder = Path(__file__).parent.parent.parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=True)
    assert "advisor, chunks of 100" in done.stdout
    assert "pebble, schedule" in done.stdout
    assert "all but 2 results at most in 1 of 1; fewest 38" in done.stdout
