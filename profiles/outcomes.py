"""Measured seconds of the workloads' jobs in every way: one record per workload in `recorded/`, by kind of host.

`benchmarks.oracle` writes them, `benchmarks.score` and `benchmarks.curves_against_simulation` read them.
`advise journal export` writes the outcomes reported to a service in the same format.
"""

from __future__ import annotations

import platform as host
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from advisor.models import Machine, Profile, Strategy
from advisor.report.atomic_write import atomic_write
from profiles import Workload
from profiles.job import Plan

FOLDER: Final = Path(__file__).parent / "recorded"


class Run(BaseModel):
    """One way to do the job, and its seconds in each run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Strategy
    workers: int = Field(1, ge=1)
    chunk: int = Field(1, ge=1, description="calls per task sent to a worker")
    seconds: tuple[float, ...] = Field((), description="of the whole job, in the order measured")
    failure: str | None = Field(None, description="why it could not be done this way")

    @property
    def plan(self) -> Plan:
        return Plan(self.strategy, self.workers, self.chunk)

    @property
    def median(self) -> float:
        """Return the median seconds; raises StatisticsError if no run was completed."""
        return statistics.median(self.seconds)


class Outcome(BaseModel):
    """A workload's profile and runs on one host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str
    calls: int = Field(ge=1, description="of the job")
    machine: Machine
    system: str = Field("", description="operating system and processor, in its own words")
    profile: Profile
    runs: tuple[Run, ...]
    source: Literal["measured", "reported"] = Field("measured", description="by the oracle, or reported to a journal")

    @property
    def family(self) -> str:
        return self.workload.partition(".")[0]

    def ranked(self) -> list[Run]:
        """Return the ways that succeeded, the fastest first."""
        return sorted((run for run in self.runs if run.seconds and not run.failure), key=lambda run: run.median)

    @property
    def best(self) -> Run:
        return self.ranked()[0]

    @property
    def sequential(self) -> Run:
        return next(run for run in self.runs if run.strategy == "sequential")


def kind_of(machine: Machine) -> str:
    """Return the kind of a host as a directory name; records of one kind are comparable."""
    version = ".".join(machine.python.version.split(".")[:2]) + ("t" if machine.python.free_threaded else "")
    cores = f"{machine.cores}-core" + ("s" if machine.cores > 1 else "")
    return f"{machine.platform}-{host.machine()}-{cores}-{machine.python.implementation.lower()}-{version}"


def system() -> str:
    """Return the operating system and processor of this host."""
    return f"{host.system()} {host.release()}, {_processor()}"


def load(workload: Workload, machine: Machine) -> Outcome | None:
    """Load the record of a workload on this kind of host; None if there is none for this size of job."""
    try:
        known = Outcome.model_validate_json(_path(workload.name, machine).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return known if known.calls == workload.calls else None


def load_all(folder: Path = FOLDER) -> Iterator[Outcome]:
    """Yield every record of every kind of host."""
    for path in sorted(folder.glob("*/*.json")):
        yield Outcome.model_validate_json(path.read_bytes())


def save(outcome: Outcome) -> None:
    path = _path(outcome.workload, outcome.machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write_text(outcome.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")


def _path(workload: str, machine: Machine) -> Path:
    return FOLDER / kind_of(machine) / f"{workload}.json"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return host.processor() or host.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), host.machine())
