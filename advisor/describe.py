"""A description in plain words → the matrix row it is about, an archetype's profile, and a job.

For now it goes by the keywords of the matrix rows and a few cues, and knows no negation. Any text is safe: empty,
hostile, huge or about something else, it reads as `undecided`, with the questions that would decide it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from advisor.matrix import ROWS, MatrixRow
from advisor.records import Job, Profile, Recommendation, Record, Strategy

LONGEST = 20_000  # characters read of a description; people write under 20 words, what is longer is a paste
MOST_CALLS = 10**9
CLEAR_LEAD = 1.25  # the verdict's score against the other's; less is a tie
SURE = 0.75  # confidence in keywords that all agree
LIKELY = 0.6  # and in those that do not

WHERE_IT_WORKS = (
    "Where does most of the time go: waiting (for a network, a disk, a database, another program), or computing in "
    "Python?"
)
WHAT_A_CALL_DOES = "What does one call do, and with which library?"
BUSY_CORE = "Is one core busy all the time while it runs (see top), or is the CPU mostly idle?"


@dataclass(frozen=True)
class Cue:
    """Words that tell where the work happens, whatever the task is about."""

    keywords: tuple[str, ...]
    verdict: Strategy
    weight: float


CUES: tuple[Cue, ...] = (
    Cue(
        (
            "wait*",
            "idle",
            "latency",
            "timeout*",
            "on the server",
            "server side",
            "blocking call*",
            "io-bound",
            "i/o-bound",
            "slow to respond",
            "responds slowly",
            "round trip*",
        ),
        "threading",
        1.5,
    ),
    Cue(
        (
            "one core",
            "single core",
            "100% cpu",
            "100 % cpu",
            "cpu-bound",
            "cpu bound",
            "pegged",
            "pegs",
            "number crunching",
            "threads no faster",
            "already tried threads",
            "threads don't help",
            "threads did not help",
            "threads didn't help",
            "threads hardly",
            "multithreading is slower",
            "multi-threading on it",
            "pure python",
        ),
        "multiprocessing",
        2.0,
    ),
)
ASYNC_WORDS = ("asyncio", "async", "await*", "coroutine*", "aiohttp", "httpx", "event loop", "uvloop", "trio", "anyio")
STATE_WORDS = (
    "shared state",
    "share state",
    "shared dict*",
    "shared list*",
    "shared cache",
    "same data",
    "same object*",
)
PLACE = re.compile(r"\b(?:from|to|off|on|at) (?:[\w-]+ ){0,3}?(?:web|http|tcp) ?servers?\b")
RESPONSIVE_WORDS = ("gui", "freez*", "responsive*", "tkinter", "pyqt*", "not responding", "ui", "heartbeat*")
GENERIC: dict[str, str] = {"threading": "api-call", "multiprocessing": "calculation"}

_ITEMS = (
    "files|images|photos|pictures|pages|urls|links|sites|websites|requests|queries|calls|items|tasks|jobs|records|"
    "documents|docs|pdfs|videos|clips|songs|tracks|simulations|runs|trials|hosts|devices|switches|servers|symbols|"
    "stocks|tickers|coins|emails|mails|messages|users|customers|points|iterations|frames|samples|csvs|jpgs|jpegs|pngs|"
    "passwords|hashes|tables|datasets|archives|folders|products|articles|endpoints|accounts|repos|repositories"
)
_UNITS = (
    "cores?|cpus?|threads?|workers?|processes|s|secs?|seconds?|ms|milliseconds?|mins?|minutes?|hours?|days?|weeks?|"
    "kb|mb|gb|tb|percent|lines|bytes|times"
)
_COUNT = (
    r"(?<![\w.,-])([0-9]{1,3}(?:[ ,._'][0-9]{3}){1,3}|[0-9]{1,10})\s?(k|m|thousand|million)?\s+"
    rf"(?:(?!(?:{_UNITS})\b)[a-z][\w-]{{0,20}}\s+){{0,2}}?(?:{_ITEMS})\b(?!\s*(?:per\b|an?\s|each\s|/))"
)
_MULTIPLES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}


class Reading(Record):
    """What a description says: the row it matches, the verdict, and the profile and job to plan with."""

    recommendation: Recommendation
    row: MatrixRow | None = None
    archetype: str | None = None
    profile: Profile | None = Field(None, description="of the archetype, assumed; None when undecided")
    job: Job = Job()
    calls: int | None = Field(None, description="the number of calls, if the text names one; also in `job`")
    confidence: float = Field(0.0, ge=0, le=1, description="that the recommendation is what the task wants")
    words: tuple[str, ...] = Field((), description="the words that decided")
    questions: tuple[str, ...] = Field((), description="what would decide it")


def read(text: str) -> Reading:
    """The reading of a description; `undecided` when it says too little, or as much for one verdict as the other."""
    words = _normal(text)
    scores = {row: matched for row in ROWS if (matched := _matches(row.keywords, words))}
    verdict, agreed = _verdict(_weights(scores, words))
    calls = _calls(words)
    if verdict is None:
        return _undecided(scores, calls)
    scores = _without_places(scores, words)
    row = _best_row(scores, verdict)
    asynchronous = verdict == "threading" and bool(_matches(ASYNC_WORDS, words))
    name = row.archetype if row else GENERIC[verdict]
    profile = archetypes()[name]
    return Reading(
        recommendation="asyncio" if asynchronous else verdict,
        row=row,
        archetype=name,
        profile=profile.model_copy(update={"coroutine": True}) if asynchronous else profile,
        job=_job(row, words, calls),
        calls=calls,
        confidence=SURE if agreed else LIKELY,
        words=_deciding(scores, verdict),
    )


def read_name(target: str) -> MatrixRow | None:
    """The matrix row that a target's name speaks of (`shop.images:resize_all`), if it speaks of one verdict only."""
    module, _, function = target.partition(":")
    spoken = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", f"{Path(module).stem.rpartition('.')[2]} {function}")
    words = _normal(re.sub(r"[\W_]+", " ", spoken))
    scores = {row: matched for row in ROWS if (matched := _matches(row.keywords, words))}
    verdicts = {row.recommendation for row in scores}
    return _best_row(scores, verdicts.pop()) if len(verdicts) == 1 else None


@cache
def archetypes() -> dict[str, Profile]:
    """The typical profiles by name: figures to plan with when nothing was measured."""
    here = Path(__file__).parent
    places = (here / "archetypes.json", here.parent / "profiles" / "archetypes.json")
    file = next(place for place in places if place.exists())
    return {name: Profile.model_validate(fields) for name, fields in json.loads(file.read_text("utf-8")).items()}


def _normal(text: str) -> str:
    """Lower case, single spaces, plain quotes, no more than is read."""
    return " ".join(text[:LONGEST].lower().replace("’", "'").split())


@cache
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all keywords, the longest first; `*` at the end stands for any ending."""
    ordered = sorted(keywords, key=len, reverse=True)
    parts = (re.escape(word.removesuffix("*")) + (r"[\w-]{0,30}" if word.endswith("*") else "") for word in ordered)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def _matches(keywords: tuple[str, ...], words: str) -> tuple[str, ...]:
    """The distinct words of the text that match, in their order."""
    # Making a pattern costs a hundred times what this look does, and most rows have nothing to say.
    if not any(word.removesuffix("*") in words for word in keywords):
        return ()
    return tuple(dict.fromkeys(_pattern(keywords).findall(words)))


def _weight(matched: Iterable[str]) -> float:
    """A phrase says more than a word: its number of words."""
    return sum(1.0 + matching.count(" ") for matching in matched)


def _weights(scores: dict[MatrixRow, tuple[str, ...]], words: str) -> dict[Strategy, float]:
    """How much of the text speaks for each verdict; a word that several rows know counts once."""
    spoken: dict[Strategy, set[str]] = {}
    for row, matched in scores.items():
        spoken.setdefault(row.recommendation, set()).update(matched)
    weights = {verdict: _weight(matched) for verdict, matched in spoken.items()}
    for cue in CUES:
        weights[cue.verdict] = weights.get(cue.verdict, 0.0) + cue.weight * len(_matches(cue.keywords, words))
    return weights


def _verdict(weights: dict[Strategy, float]) -> tuple[Strategy | None, bool]:
    """The verdict with a clear lead, or None; and whether nothing spoke against it."""
    ordered = sorted(((weight, verdict) for verdict, weight in weights.items() if weight), reverse=True)
    if not ordered:
        return None, False
    if len(ordered) > 1 and ordered[0][0] < CLEAR_LEAD * ordered[1][0]:
        return None, False
    return ordered[0][1], len(ordered) == 1


def _best_row(scores: dict[MatrixRow, tuple[str, ...]], verdict: Strategy) -> MatrixRow | None:
    """The row of this verdict that explains most of the text; of equals, the one listed first."""
    rows = [row for row in scores if row.recommendation == verdict]
    return max(rows, key=lambda row: _weight(scores[row]), default=None)


def _without_places(scores: dict[MatrixRow, tuple[str, ...]], words: str) -> dict[MatrixRow, tuple[str, ...]]:
    """The rows without that of a server, where the text loads something from one or sends it there."""
    loads = any(row.archetype == "download" for row in scores)
    if not loads or PLACE.search(words) is None:
        return scores
    return {row: matched for row, matched in scores.items() if row.archetype != "web-handler"}


def _deciding(scores: dict[MatrixRow, tuple[str, ...]], verdict: Strategy) -> tuple[str, ...]:
    spoken = (word for row, matched in scores.items() if row.recommendation == verdict for word in matched)
    return tuple(dict.fromkeys(spoken))


def _job(row: MatrixRow | None, words: str, calls: int | None) -> Job:
    shares = bool(row and row.shares_state) or bool(_matches(STATE_WORDS, words))
    responsive = bool(row and row.responsive) or bool(_matches(RESPONSIVE_WORDS, words))
    plan = Job(shares_state=shares or None, responsive=responsive or None)
    return plan if calls is None else plan.model_copy(update={"calls": calls})


def _calls(words: str) -> int | None:
    """The first count of things to do that the text names: "100 files", "10k urls"."""
    found = re.search(_COUNT, words) if re.search("[0-9]", words) else None
    if found is None:
        return None
    number = int(re.sub(r"[^0-9]", "", found[1])) * _MULTIPLES.get(found[2] or "", 1)
    return number if 1 <= number <= MOST_CALLS else None


def _undecided(scores: dict[MatrixRow, tuple[str, ...]], calls: int | None) -> Reading:
    """Nothing known was named, or as much for one verdict as for the other."""
    questions = (WHERE_IT_WORKS, BUSY_CORE) if scores else (WHAT_A_CALL_DOES, WHERE_IT_WORKS)
    plan = Job() if calls is None else Job(calls=calls)
    return Reading(recommendation="undecided", job=plan, calls=calls, questions=questions)
