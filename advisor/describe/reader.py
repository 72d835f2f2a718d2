"""A description in plain words → a verdict, the profile of an archetype, a job, a host and facts.

The verdict is the classifier's (`reading`), but for what a matrix row says word for word. The quantities that the text
tells become the job's size, the host's cores and the lengths of the archetype's calls; what the lexicon knows of the
libraries and programs that it names comes along by their names. Any text is safe: empty, hostile, huge or about
something else, it reads as `undecided`, with the questions that would decide it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.describe.classifier.archetype_kinds import KINDS
from advisor.describe.matrix_lookup import normalise, row_for_text, row_word_for_word
from advisor.limits import MAX_DESCRIPTION
from advisor.models import HeldResource, Job, LexiconEntry, MatrixRow, Profile, Reading, Recommendation

if TYPE_CHECKING:
    from advisor.describe.classifier.predict import Judgement
    from advisor.describe.text.quantities import Quantities

REMEMBERED = 128  # readings: who moves calls and cores to and fro asks of the same text again and again
WORD_FOR_WORD = 0.75  # confidence in the verdict of a matrix row, for a task that says no more than the row
MOST_WORDS = 5
TOLD_ERROR = 0.25  # standard error of what a text tells, as a part of it
LONGEST_CALL, SHORTEST_CALL = 1e6, 1e-7  # seconds
MOST_BYTES = 1e15  # of one thing
LONGEST_JOB = 86400.0  # seconds; assumed of many calls whose length is not told, or a million rows would take months
HARDLY_WAITS, HARDLY_COMPUTES = 0.3, 0.9  # shares of the time that are told to be waiting
PURE_WAITING = frozenset({"download", "api-call", "database", "file-io", "web-handler"})
NO_WORK = 0.02  # seconds; of a whole job that is shorter nobody notices anything
# What one core, or one connection, gets through in a second, where a text tells a size and no time.
BYTES_PER_SECOND = {
    "native": 1e9,
    "file-io": 2e8,
    "dataframe": 1e8,
    "compression": 5e7,
    "parse": 2e7,
    "image": 2e7,
    "download": 1e7,
}

WHERE_IT_WORKS = (
    "Where does most of the time go: waiting (for a network, a disk, a database, another program), or computing in "
    "Python?"
)
WHAT_A_CALL_DOES = "What does one call do, and with which library?"
BUSY_CORE = "Is one core busy all the time while it runs (see top), or is the CPU mostly idle?"
INDEPENDENT = "Can a call start before the one before it has ended, or does it need its result?"
HOW_LONG = "How long does one call take, and how many are there?"


def read(text: str) -> Reading:
    """The reading of a description; `undecided` when it says too little."""
    return _read(text[:MAX_DESCRIPTION])


@lru_cache(maxsize=REMEMBERED)
def _read(text: str) -> Reading:
    from advisor.describe.classifier.predict import judge
    from advisor.describe.text.quantities import quantities

    told = quantities(text)
    named = _named(text)
    job = _job(named, told)
    row = row_word_for_word(text)
    if row is not None:
        return _decided(row.recommendation, row, row.archetype, WORD_FOR_WORD, (row.task,), job, told, named)
    judgement = judge(text)
    if judgement.verdict == "undecided":
        return Reading(
            recommendation="undecided",
            job=job,
            calls=told.calls,
            cores=told.cores,
            named=_things(named),
            questions=_questions(judgement, told),
        )
    verdict, archetype = _by_arithmetic(judgement.verdict, judgement.archetype, told)
    if verdict == "multiprocessing" and _only_another_program_works(named):
        verdict, archetype = "threading", "child-program"
    words = tuple(word for word, _ in judgement.reasons[:MOST_WORDS])
    return _decided(verdict, row_for_text(text, verdict), archetype, judgement.confidence, words, job, told, named)


@cache
def archetypes() -> dict[str, Profile]:
    """The typical profiles by name: figures to plan with when nothing was measured."""
    file = Path(__file__).with_name("archetypes.json")
    return {name: Profile.model_validate(fields) for name, fields in json.loads(file.read_text("utf-8")).items()}


def _decided(
    verdict: Recommendation,
    row: MatrixRow | None,
    archetype: str,
    confidence: float,
    words: tuple[str, ...],
    job: Job,
    told: Quantities,
    named: list[LexiconEntry],
) -> Reading:
    profile = _told_profile(archetypes()[archetype], told, job)
    implied: dict[str, bool | int] = {
        name: True for name in ("shares_state", "responsive") if row and getattr(row, name)
    }
    if archetype == "gui":
        implied["responsive"] = True
        implied["calls"] = told.calls or 1  # what a press of the button starts
    return Reading(
        recommendation=verdict,
        row=row,
        archetype=archetype,
        profile=profile.model_copy(update={"coroutine": True}) if verdict == "asyncio" else profile,
        job=job.model_copy(update=implied),
        calls=told.calls,
        cores=told.cores,
        confidence=confidence,
        words=words,
        named=_things(named),
    )


def _only_another_program_works(named: Iterable[LexiconEntry]) -> bool:
    """Whether what is named runs in a child program, and nothing that is named computes here.

    Then processes are no wrong answer, but threads do as well, and what is said of the GIL must not be assumed.
    """
    works = {entry.works for entry in named if entry.kind in ("library", "program")}
    return "child" in works and not works & {"holds", "mixed", "releases"}


def _by_arithmetic(verdict: Recommendation, archetype: str, told: Quantities) -> tuple[Recommendation, str]:
    """The verdict and the archetype, where figures that are told leave no choice: next to no work, or a rate limit."""
    each = told.seconds_each
    if verdict in ("threading", "multiprocessing") and told.calls and each and told.calls * each < NO_WORK:
        return "sequential", "tiny"
    if told.several_within_limit is False and verdict == "threading":
        return "sequential", "api-call"
    if told.rate_limit_per_second and verdict == "sequential":
        return ("threading" if told.several_within_limit else verdict), "api-call"
    if told.wait_share is not None and told.wait_share < HARDLY_WAITS and archetype in PURE_WAITING:
        return "multiprocessing", "mixed"
    if told.wait_share is not None and told.wait_share > HARDLY_COMPUTES and verdict == "multiprocessing":
        return "threading", "api-call"
    return verdict, archetype


def _told_profile(profile: Profile, told: Quantities, job: Job) -> Profile:
    """The archetype's profile with what the text tells: how long a call is, how much of it waits, how many at once."""
    archetype = profile.archetype or ""
    each = told.seconds_each
    if each is None and told.seconds_total is not None:
        each = told.seconds_total / job.calls
    if each is None and told.bytes_each and archetype in BYTES_PER_SECOND:
        each = max(profile.wall, min(told.bytes_each, MOST_BYTES) / BYTES_PER_SECOND[archetype])
    if each is None and profile.wall * job.calls > LONGEST_JOB:
        each = LONGEST_JOB / job.calls
    if each is not None and (archetype != "tiny" or told.seconds_each is not None):
        profile = _scaled(profile, min(LONGEST_CALL, max(SHORTEST_CALL, each)) / profile.wall)
    if told.wait_share is not None and 0 <= told.wait_share <= 1:
        profile = _waiting(profile, told.wait_share)
    if told.bytes_each and KINDS.get(archetype) == "computes":
        profile = _sized(profile, told.bytes_each)
    if told.rate_limit_per_second:
        profile = _limited(profile, 1.0 / told.rate_limit_per_second)
    elif told.at_once and KINDS.get(archetype) == "waits":
        gate = HeldResource(
            name="the connections", kind="semaphore", places=told.at_once, seconds=profile.wall, everywhere=True
        )
        profile = profile.model_copy(update={"held": (gate,)})
    return profile


_TIMES = ("gil_held", "gil_free", "child_cpu", "wait")
_DATA = ("argument_bytes", "result_bytes", "pickle_seconds")


def _scaled(profile: Profile, factor: float) -> Profile:
    """All of a call's times, longer or shorter; what is shorter has less to work on."""
    scaled = {name: seconds * factor for name in _TIMES if (seconds := getattr(profile, name)) is not None}
    if factor < 1:
        scaled |= {name: type(told)(told * factor) for name in _DATA if (told := getattr(profile, name)) is not None}
    error = min(TOLD_ERROR, profile.standard_error.get("wall", 0.0) / profile.wall)
    errors = {name: seconds * factor for name, seconds in profile.standard_error.items()}
    wall = profile.wall * factor
    held = tuple(one.model_copy(update={"seconds": one.seconds * factor}) for one in profile.held)
    update = {**scaled, "wall": wall, "standard_error": {**errors, "wall": error * wall}, "held": held}
    return profile.model_copy(update=update)


def _waiting(profile: Profile, share: float) -> Profile:
    """Another share of waiting; what computes shares the rest as before."""
    computing = profile.cpu / (profile.native_threads or 1.0)
    if not computing:
        return profile
    factor = (1.0 - share) * profile.wall / computing
    parts = {name: (getattr(profile, name) or 0.0) * factor for name in _TIMES if name != "wait"}
    return profile.model_copy(update={**parts, "wait": share * profile.wall})


def _sized(profile: Profile, size: float) -> Profile:
    """A call that computes on so many bytes has them in memory."""
    needed = int(min(size, MOST_BYTES)) + (profile.idle_memory or 0)
    return profile.model_copy(update={"peak_memory": max(needed, profile.peak_memory or 0)})


def _limited(profile: Profile, seconds: float) -> Profile:
    """One call in so many seconds, however many want to: a call that is shorter waits for its turn."""
    turn = HeldResource(name="the rate limit", kind="semaphore", seconds=min(seconds, 1e6), everywhere=True)
    longer = max(0.0, turn.seconds - profile.wall)
    update = {"wall": profile.wall + longer, "wait": (profile.wait or 0.0) + longer, "held": (turn,)}
    return profile.model_copy(update=update)


def _job(named: list[LexiconEntry], told: Quantities) -> Job:
    """How much there is to do, and what the words imply of state and responsiveness."""
    traits = {trait for entry in named if entry.kind in ("noun", "symptom") for trait in entry.traits}
    job = Job(shares_state="shares-state" in traits or None, responsive="responsive" in traits or None)
    return job if told.calls is None else job.model_copy(update={"calls": told.calls})


def _named(text: str) -> list[LexiconEntry]:
    """What the lexicon knows of the words, once each."""
    from advisor.describe.lexicon.lookup import found_in

    return list(dict.fromkeys(found.entry for found in found_in(normalise(text))))


def _things(named: Iterable[LexiconEntry]) -> tuple[LexiconEntry, ...]:
    """The libraries, programs and services, of which the lexicon has facts with sources."""
    return tuple(entry for entry in named if entry.kind in ("library", "program", "service"))


def _questions(judgement: Judgement, told: Quantities) -> tuple[str, ...]:
    """The one or two questions that would decide it: between the two verdicts that are likeliest."""
    verdicts = sorted(judgement.probabilities, key=lambda verdict: -judgement.probabilities[verdict])
    likeliest = [verdict for verdict in verdicts if verdict != "undecided"][:2]
    if judgement.probabilities["undecided"] > sum(judgement.probabilities[one] for one in likeliest):
        return (WHAT_A_CALL_DOES, WHERE_IT_WORKS)
    if "sequential" in likeliest:
        timed = told.seconds_each is not None or told.seconds_total is not None
        return (INDEPENDENT, WHERE_IT_WORKS if timed else HOW_LONG)
    return (WHERE_IT_WORKS, BUSY_CORE)
