"""Records of what was read from a description."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from advisor.models.job import Job
from advisor.models.profile import Profile
from advisor.models.strategies import Recommendation, Strategy

EntryKind = Literal["library", "program", "service", "verb", "noun", "symptom"]
WorkType = Literal[
    "network", "disk", "database", "device", "child", "releases", "holds", "mixed", "tiny", "serial", "none"
]
Trait = Literal[
    "already-parallel",
    "not-thread-safe",
    "not-fork-safe",
    "not-picklable",
    "async",
    "shares-state",
    "responsive",
    "rate-limited",
]


class LexiconEntry(NamedTuple):
    """A library, program, service, verb, noun or symptom, and where the work happens that it stands for."""

    name: str
    kind: EntryKind
    words: tuple[str, ...]
    works: WorkType
    fact: str
    imports: tuple[str, ...] = ()
    archetype: str | None = None
    traits: tuple[Trait, ...] = ()
    version: str | None = None
    source: str | None = None
    operations: tuple[LexiconEntry, ...] = ()  # what is known of single operations, under the library's name


class MatrixRow(NamedTuple):
    """A kind of task, what to choose for it and why; `shares_state` and `responsive` are what the task implies."""

    task: str
    recommendation: Strategy
    reason: str
    source: str
    keywords: tuple[str, ...]
    archetype: str
    names: tuple[str, ...] = ()  # other names of the task
    shares_state: bool = False
    responsive: bool = False


class Obstacle(NamedTuple):
    """A known obstacle of concurrent programs: what it shows, what to do, and how people describe it."""

    name: str
    cause: str
    remedy: str
    source: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """The verdict of a description, and the profile, job and host to plan with."""

    recommendation: Recommendation
    row: MatrixRow | None = None  # of the decision matrix, that the description matches
    archetype: str | None = None
    profile: Profile | None = None  # of the archetype, assumed; None when undecided
    job: Job = field(default_factory=Job)
    calls: int | None = None  # the number of calls, if the text names one; also in `job`
    cores: int | None = None  # of the host, if the text names them
    confidence: float = 0.0  # that the recommendation is what the task wants, 0 to 1
    words: tuple[str, ...] = ()  # the words and facts that weighed most
    named: tuple[LexiconEntry, ...] = ()  # the libraries, programs and services that the text names
    figures: str = ""  # how the figures of the text were understood, in words
    questions: tuple[str, ...] = ()  # what would decide it
    obstacles: tuple[Obstacle, ...] = ()  # that the text reports, the most certain first
