"""The answer, and the parts that it is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from advisor.models.cluster import ClusterLayout
from advisor.models.job import Job
from advisor.models.machine import Machine, StartMethod
from advisor.models.profile import FailedInputs, Profile
from advisor.models.record import JobSeconds, Range, Record
from advisor.models.shown import ShownRecord
from advisor.models.strategies import Recommendation, Strategy

Evidence = Literal["measured", "verified", "described"]


class Reason(Record):
    """A rule that fired."""

    rule: str
    text: str
    source: str


class Pitfall(Record):
    """A pitfall of the recommendation, for this task."""

    code: str
    text: str


class Alternative(Record):
    """A strategy that was considered, at its best worker count."""

    strategy: Strategy
    workers: int
    feasible: bool
    seconds: Range | None
    speedup: Range | None
    why: str
    chunk: int = 1
    start_method: StartMethod | None = Field(
        None, description="of worker processes, if the host's own would not be safe; None means the host's own"
    )


Results = Literal["equal", "different", "not comparable"]


class Verification(Record):
    """A part of the job that was run."""

    strategy: Strategy
    workers: int = Field(ge=1)
    calls: int
    predicted: JobSeconds
    measured: JobSeconds
    failure: str | None = Field(None, description="why it could not be run that way")
    results: Results | None = Field(None, description="compared with those of the plain loop; None if not compared")
    difference: str | None = Field(None, description="an example of a result that differs")
    failed_inputs: FailedInputs | None = Field(
        None, description="inputs that raised in this trial and in a plain loop, but not while measuring"
    )
    cut_off: bool = Field(False, description="ended early, after `measured` seconds: it takes at least that long")


class Advice(ShownRecord):
    """The recommendation, with its confidence, its reasons and what it is based on."""

    recommendation: Recommendation
    workers: int = Field(ge=1)
    confidence: float = Field(ge=0, le=1)
    evidence: Evidence
    speedup: Range | None
    seconds: Range | None
    summary: str
    reasons: tuple[Reason, ...]
    warnings: tuple[Pitfall, ...]
    alternatives: tuple[Alternative, ...]
    profile: Profile | None
    machine: Machine
    job: Job
    snippet: str
    chunk: int = Field(1, ge=1, description="calls per task, for a process pool's map(chunksize=…)")
    verification: tuple[Verification, ...] = ()
    questions: tuple[str, ...] = Field((), description="what would decide an undecided case")
    cluster_layout: ClusterLayout | None = Field(None, description="of the workers of a cluster, for each host")
