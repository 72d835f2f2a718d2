"""Run wrk, a load generator in C, and parse its results."""

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
    """Wrk is missing or failed; the message says why."""


@dataclass(frozen=True)
class Load:
    """Results of one run."""

    requests: int
    seconds: float
    p50: float  # seconds
    p99: float  # seconds
    refused: int  # responses with a status of 400 or more
    lost: int  # requests without a response
    offset: int  # in the file of bodies, for the next run to continue from
    wraps: int  # number of times that it started again with the first body

    @property
    def rate(self) -> float:
        """Return the requests per second."""
        return self.requests / self.seconds


def load(url: str, bodies: Path, *, offset: int = 0, connections: int, seconds: int) -> Load:
    """Post the lines of a file for some seconds, over connections that each wait for their response.

    Raises:
        WrkError: Wrk is missing or failed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise WrkError("wrk is not installed: install the package wrk of Debian, Fedora or Homebrew")
    options = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--timeout={TIMEOUT}s"]
    command = [program, *options, f"--script={SCRIPT}", url, "--", str(bodies), str(offset)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    if done.returncode:
        raise WrkError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Parse the last line of output, which `post.lua` writes. Raises WrkError where it is missing."""
    lines = output.strip().splitlines()
    try:
        results = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise WrkError(f"wrk printed no results, but: {output.strip()[-500:]}") from None
    return Load(
        requests=results["requests"],
        seconds=results["microseconds"] / 1e6,
        p50=results["p50"] / 1e6,
        p99=results["p99"] / 1e6,
        refused=results["refused"],
        lost=results["lost"],
        offset=results["offset"],
        wraps=results["wraps"],
    )
