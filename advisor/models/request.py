"""Everything that advice is decided from."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.advice import Evidence, Verification
from advisor.models.input_source import Form
from advisor.models.job import Job
from advisor.models.machine import Machine
from advisor.models.profile import Profile
from advisor.models.race_report import RaceReport
from advisor.models.reading import Reading


@dataclass(frozen=True)
class AdviceRequest:
    """A call's profile, the job, the host to plan for, and the available evidence."""

    profile: Profile  # measured, or assumed from a description
    job: Job
    machine: Machine
    evidence: Evidence = "measured"  # the best there is; "verified" only by trials on the machine planned for
    reading: Reading | None = None  # of the description, if there is one
    trials: tuple[Verification, ...] = ()  # parts of the job that were run
    inputs: str | None = None  # where the generated code reads its inputs, as the command line takes it
    inputs_count: int | None = None  # inputs there; the code reuses them if the job has another number of calls
    forms: frozenset[Form] | None = None  # of the inputs, or None if they were not read
    in_notebook: bool = False  # the generated code is for a cell
    star: bool = False  # the inputs are spread into arguments
    race: RaceReport | None = None  # a short search for races between the calls; None if there was none
    expression: str | None = None  # by which a cell gets the inputs, where they are no file
