"""Read a description in plain words: its verdict, and the profile, job and host to plan with.

The verdict is the classifier's, except where a text repeats a row of the decision matrix, and where its figures leave
no choice. The quantities in the text become the job's size, the host's cores and the length of a call. Any text is
safe: an empty, hostile, huge or unrelated one reads as `undecided`, with the questions that would decide it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from advisor.describe.archetype_profiles import fitted_profile
from advisor.describe.figures_in_words import figures_in_words
from advisor.describe.matrix_lookup import row_for_text, row_word_for_word
from advisor.input_limits import MAX_DESCRIPTION
from advisor.models import Job, LexiconEntry, Reading, Recommendation

if TYPE_CHECKING:
    from advisor.describe.archetype_profiles import Work
    from advisor.describe.classifier.predict import Classification
    from advisor.describe.text.quantities import Quantities

CACHED_READINGS = 128  # a page that changes calls and cores asks about the same text again and again
WORD_FOR_WORD = 0.75  # confidence in the verdict of a matrix row, for a text that says no more than the row
MAX_WORDS = 5
MIN_WAIT_SHARE, MAX_WAIT_SHARE = 0.3, 0.9  # below, a call computes; above, it waits, whatever its kind
WAITING_ARCHETYPES = frozenset({"download", "api-call", "database", "file-io", "web-handler"})
NO_WORK = 0.02  # seconds of the whole job; less is not worth sharing out

WHERE_IT_WORKS = (
    "Where does most of the time go: waiting (for a network, a disk, a database, another program), or computing in "
    "Python?"
)
WHAT_A_CALL_DOES = "What does one call do, and with which library?"
BUSY_CORE = "Is one core busy all the time while it runs (see top), or is the CPU mostly idle?"
INDEPENDENT = "Can a call start before the one before it has ended, or does it need its result?"
HOW_LONG = "How long does one call take, and how many are there?"


def read(text: str) -> Reading:
    """Return the reading of a description; `undecided` if it says too little."""
    return _read(text[:MAX_DESCRIPTION])


@lru_cache(maxsize=CACHED_READINGS)
def _read(text: str) -> Reading:
    # Loaded here, as both read their data and compile their patterns on import.
    from advisor.describe.classifier.features import normalize
    from advisor.describe.classifier.predict import classify
    from advisor.describe.known_work import by_known_work, known_work
    from advisor.describe.obstacles.match import find_obstacles
    from advisor.describe.text.quantities import extract_quantities

    quantities = extract_quantities(text)
    plain = normalize(text)
    known = known_work(plain)
    job = _job(known.entries, quantities)
    reading = Reading(
        recommendation="undecided",
        job=job,
        figures=figures_in_words(quantities, job),
        calls=quantities.calls,
        cores=quantities.cores,
        named=tuple(entry for entry in known.entries if entry.kind in ("library", "program", "service")),
        obstacles=find_obstacles(text),
    )
    row = row_word_for_word(text)
    if row is not None:
        reading = replace(reading, row=row, confidence=WORD_FOR_WORD, words=(row.task,))
        return _decided(reading, row.recommendation, row.archetype, quantities, None)
    classification = classify(text)
    if classification.verdict == "undecided":
        return replace(reading, questions=_questions(classification, quantities))
    verdict, archetype = _by_figures(classification.verdict, classification.archetype, quantities)
    verdict, archetype, work = by_known_work(known, verdict, archetype, quantities, plain)
    words = tuple(word for word, _ in classification.reasons[:MAX_WORDS])
    reading = replace(reading, row=row_for_text(text, verdict), confidence=classification.confidence, words=words)
    return _decided(reading, verdict, archetype, quantities, work)


def _decided(
    reading: Reading, verdict: Recommendation, archetype: str, quantities: Quantities, work: Work | None
) -> Reading:
    """Complete a reading with its verdict, the profile of its archetype, and the job that both imply."""
    profile = fitted_profile(archetype, quantities, reading.job, work)
    if verdict == "asyncio":
        profile = profile.model_copy(update={"coroutine": True})
    row = reading.row
    implied: dict[str, bool | int] = {
        name: True for name in ("shares_state", "responsive") if row and getattr(row, name)
    }
    if archetype == "gui":
        implied |= {"responsive": True, "calls": quantities.calls or 1}  # the call that one press of a button starts
    job = reading.job.model_copy(update=implied)
    return replace(reading, recommendation=verdict, archetype=archetype, profile=profile, job=job)


def _job(named: Iterable[LexiconEntry], quantities: Quantities) -> Job:
    """Return the job, with the words' implications for shared state and responsiveness."""
    traits = {trait for entry in named if entry.kind in ("noun", "symptom") for trait in entry.traits}
    job = Job(shares_state="shares-state" in traits or None, responsive="responsive" in traits or None)
    return job if quantities.calls is None else job.model_copy(update={"calls": quantities.calls})


def _by_figures(verdict: Recommendation, archetype: str, quantities: Quantities) -> tuple[Recommendation, str]:
    """Correct the verdict and the archetype where figures leave no choice: next to no work, a rate limit, a share."""
    calls, seconds, wait_share = quantities.calls, quantities.seconds_per_call, quantities.wait_share
    if verdict in ("threading", "multiprocessing") and calls and seconds and calls * seconds < NO_WORK:
        return "sequential", "tiny"
    if quantities.rate_limit_allows_overlap is False and verdict == "threading":
        return "sequential", "api-call"
    if quantities.rate_limit_per_second and verdict == "sequential":
        return ("threading" if quantities.rate_limit_allows_overlap else verdict), "api-call"
    if wait_share is not None and wait_share < MIN_WAIT_SHARE and archetype in WAITING_ARCHETYPES:
        return "multiprocessing", "mixed"
    if wait_share is not None and wait_share > MAX_WAIT_SHARE and verdict == "multiprocessing":
        return "threading", "api-call"
    return verdict, archetype


def _questions(classification: Classification, quantities: Quantities) -> tuple[str, ...]:
    """Return the two questions that would decide between the two most probable verdicts."""
    probabilities = dict(classification.probabilities)
    unknown = probabilities.pop("undecided")
    first, second = sorted(probabilities, key=lambda verdict: -probabilities[verdict])[:2]
    if unknown > probabilities[first] + probabilities[second]:
        return (WHAT_A_CALL_DOES, WHERE_IT_WORKS)
    if "sequential" in (first, second):
        timed = quantities.seconds_per_call is not None or quantities.total_seconds is not None
        return (INDEPENDENT, WHERE_IT_WORKS if timed else HOW_LONG)
    return (WHERE_IT_WORKS, BUSY_CORE)
