"""Runs wrk, which loads a server from one thread in C, and reads what it found."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("post.lua")
TIMEOUT: Final = 10  # seconds after which a request counts as lost


class WrkError(Exception):
    """It is missing, or could not do its work; in words for whoever started it."""


@dataclass(frozen=True)
class Load:
    """What came of one run."""

    requests: int
    seconds: float
    p50: float  # seconds
    p99: float  # seconds
    refused: int  # answered with a status of 400 or more
    lost: int  # not answered
    place: int  # in the file of bodies, where the next run may go on
    turns: int  # how often it began with the first body again

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def load(url: str, bodies: Path, *, place: int = 0, connections: int, seconds: int) -> Load:
    """Posts the lines of the file to the address for so long, over connections that each wait for their answer.

    Raises WrkError.
    """
    program = shutil.which("wrk")
    if program is None:
        raise WrkError("wrk is not installed: it is the package wrk of Debian, Fedora and Homebrew")
    how = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--timeout={TIMEOUT}s"]
    command = [program, *how, f"--script={SCRIPT}", url, "--", str(bodies), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    if done.returncode:
        raise WrkError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """What `post.lua` says in its last line. Raises WrkError where there is none."""
    lines = output.strip().splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise WrkError(f"wrk did not say what it found, but: {output.strip()[-500:]}") from None
    return Load(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50=found["p50"] / 1e6,
        p99=found["p99"] / 1e6,
        refused=found["refused"],
        lost=found["lost"],
        place=found["place"],
        turns=found["turns"],
    )
