"""Everything that an advice is decided from."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.advice import Evidence, Verification
from advisor.models.job import Job
from advisor.models.machine import Machine
from advisor.models.profile import Profile
from advisor.models.reading import Reading


@dataclass(frozen=True)
class AdviceRequest:
    """A call's profile, the job to do, the host to plan for, and the evidence there is.

    Attributes:
        profile: Measured, or assumed from a description.
        job: How many such calls, and under which conditions.
        machine: The host to plan for.
        evidence: The best there is. Trials on another machine than the planned one are no more than "measured".
        reading: What a description says, if there is one.
        trials: Parts of the job that were run.
        inputs: Where the generated code reads its inputs, as the command line takes it.
        inputs_count: Number of inputs there; the code reuses them where the job has more calls, or fewer.
    """

    profile: Profile
    job: Job
    machine: Machine
    evidence: Evidence = "measured"
    reading: Reading | None = None
    trials: tuple[Verification, ...] = ()
    inputs: str | None = None
    inputs_count: int | None = None
