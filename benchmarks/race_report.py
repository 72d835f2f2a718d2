"""Tell what the searches for races found: a line for each case, and a summary as Markdown."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.race_trials import Trial
from benchmarks.tables import markdown

REPLAYS = 10
MIN_FOUND = 0.95  # share of the unsafe functions, the aim
NOTHING = "–"
FOUND = ("race", "deadlock")


@dataclass(frozen=True)
class Case:
    """A function and what is true of it.

    Attributes:
        inputs: The argument of each of the concurrent calls.
        verdict: "race", "deadlock", "none" or "unclear".
        kind: The class of mistakes that it is an example of.
        with_gil: It happens under the GIL; None for safe functions.
    """

    name: str
    target: str
    inputs: list[Any]
    verdict: str
    kind: str
    with_gil: bool | None

    @property
    def is_unsafe(self) -> bool:
        return self.verdict in FOUND


@dataclass(frozen=True)
class Advised:
    """The verdict of advisor on a case.

    Attributes:
        verdict: As in the report; "failed" if there is none.
        seconds: Of the whole command.
        schedules: Interleavings that it tried.
        kind, with_gil: Of the finding, if there is one.
        observed: The arguments of its calls, which may be other than the case's, and what came out.
        replayed: Replays of 10 that showed the finding again.
        mended: The verdict with the mend; None if there is no mend.
        why: The reason for "unclear", or the error.
    """

    verdict: str
    seconds: float
    schedules: int = 0
    kind: str = ""
    with_gil: bool | None = None
    observed: str = ""
    replayed: int = 0
    mended: str | None = None
    why: str = ""

    @property
    def has_finding(self) -> bool:
        return self.verdict in FOUND


@dataclass(frozen=True)
class Examined:
    """A case and what was found in each way; None for a way that was left out."""

    case: Case
    advised: Advised
    threads: Trial | None = None
    frontrun: Trial | None = None


# One case


def line(examined: Examined) -> str:
    """Return the outcome of a case in a line."""
    advised = examined.advised
    texts = [f"{examined.case.name:44} {advised.verdict:8} {advised.seconds:5.1f} s {advised.schedules:6}"]
    if advised.has_finding:
        gil = "with GIL" if advised.with_gil else "no GIL"
        texts.append(f"{gil:8} replayed {advised.replayed:2} mended {advised.mended or NOTHING}")
    texts += [f"{name} {_seen(trial)}" for name, trial in _trials(examined) if trial]
    if wrong := "; ".join(deviations(examined)):
        texts.append(f"UNEXPECTED: {wrong}")
    return " | ".join(texts)


def _trials(examined: Examined) -> tuple[tuple[str, Trial | None], ...]:
    return ("real threads", examined.threads), ("frontrun", examined.frontrun)


def _seen(trial: Trial) -> str:
    if trial.why_not:
        return f"no verdict: {trial.why_not[:80]}"
    return f"found in run {trial.runs}" if trial.found else f"nothing in {trial.runs}"


def deviations(examined: Examined) -> Iterator[str]:
    """Yield what is not as the case says."""
    case, advised = examined.case, examined.advised
    if advised.verdict != case.verdict:
        why = f" ({advised.why or advised.observed})" if advised.why or advised.observed else ""
        yield f"{advised.verdict} instead of {case.verdict}{why}"
    if not advised.has_finding:
        return
    if case.with_gil is not None and advised.with_gil != case.with_gil:
        yield f"with_gil {advised.with_gil} instead of {case.with_gil}"
    if advised.replayed < REPLAYS:
        yield f"replayed {advised.replayed} times of {REPLAYS}"
    if advised.mended not in (None, "none"):
        yield f"{advised.mended} with the mend"
    if not advised.with_gil and _is_shown(examined):
        yield "with_gil False, but real threads show it"


def _is_shown(examined: Examined) -> bool:
    """Return True if real threads show that the calls do not end as one after the other."""
    return examined.threads is not None and bool(examined.threads.found)


# All cases


@dataclass(frozen=True)
class Way:
    """The figures of one way to search."""

    found: int
    seconds: tuple[float, ...]  # until found, in unsafe functions
    accused: int
    without_verdict: int


def faults(examined: Sequence[Examined]) -> list[str]:
    """Return the aims that advisor misses."""
    unsafe = sum(each.case.is_unsafe for each in examined)
    way = _of_advisor(examined)
    findings = [each.advised for each in examined if each.advised.has_finding]
    texts = {
        f"found {way.found} of {unsafe}": way.found < MIN_FOUND * unsafe,
        f"{way.accused} safe functions accused": way.accused,
        "findings not replayed": any(each.replayed < REPLAYS for each in findings),
        "mends that do not hold": any(each.mended not in (None, "none") for each in findings),
    }
    return [text for text, is_missed in texts.items() if is_missed]


def document(examined: Sequence[Examined]) -> str:
    """Return the summary."""
    parts = [_comparison(examined), _figures(examined), _by_kind(examined), _unexpected(examined)]
    return "\n\n".join(part for part in parts if part)


def _of_advisor(examined: Sequence[Examined]) -> Way:
    found = [each for each in examined if each.advised.has_finding]
    return Way(
        found=sum(each.case.is_unsafe for each in found),
        seconds=tuple(each.advised.seconds for each in found if each.case.is_unsafe),
        accused=sum(not each.case.is_unsafe for each in found),
        without_verdict=sum(each.advised.verdict in ("unclear", "failed") for each in examined),
    )


def _of_trials(examined: Sequence[tuple[Case, Trial]]) -> Way:
    found = [(case, trial) for case, trial in examined if trial.found]
    return Way(
        found=sum(case.is_unsafe for case, _ in found),
        seconds=tuple(trial.seconds for case, trial in found if case.is_unsafe),
        accused=sum(not case.is_unsafe for case, _ in found),
        without_verdict=sum(bool(trial.why_not) for _, trial in examined),
    )


def _ways(examined: Sequence[Examined]) -> dict[str, Way]:
    """Return the ways that were tried, by name."""
    ways = {"advisor": _of_advisor(examined)}
    trials = [(name, each.case, trial) for each in examined for name, trial in _trials(each) if trial]
    for name in dict.fromkeys(name for name, _, _ in trials):
        ways[name] = _of_trials([(case, trial) for of, case, trial in trials if of == name])
    return ways


def _comparison(examined: Sequence[Examined]) -> str:
    unsafe = sum(each.case.is_unsafe for each in examined)
    ways = _ways(examined)
    rows = {
        f"found of {unsafe} unsafe": [f"{way.found}{_share(way.found, unsafe)}" for way in ways.values()],
        "seconds until found, median": [_seconds(way.seconds, statistics.median) for way in ways.values()],
        "seconds until found, worst": [_seconds(way.seconds, max) for way in ways.values()],
        f"accused of {len(examined) - unsafe} safe": [str(way.accused) for way in ways.values()],
        f"no verdict of {len(examined)}": [str(way.without_verdict) for way in ways.values()],
    }
    return markdown(("", *ways), [(name, *cells) for name, cells in rows.items()])


def _share(count: int, total: int) -> str:
    return f" ({count / total:.0%})" if total else ""


def _seconds(seconds: Sequence[float], summarise: Callable[[Sequence[float]], float]) -> str:
    return f"{summarise(seconds):.1f}" if seconds else NOTHING


def _figures(examined: Sequence[Examined]) -> str:
    """Return what there is to say about the findings: replays, the GIL, mends, and real threads."""
    findings = [each for each in examined if each.advised.has_finding]
    known = [each for each in findings if each.case.with_gil is not None]
    mended = [each.advised.mended for each in findings if each.advised.mended]
    tried = [each for each in findings if each.threads and each.case.is_unsafe]
    with_gil = [each for each in tried if each.advised.with_gil]
    without = [each for each in tried if not each.advised.with_gil]
    texts = [
        f"findings replayed {REPLAYS} times of {REPLAYS}: {_of(each.advised.replayed >= REPLAYS for each in findings)}",
        f"with or without a GIL, right: {_of(each.advised.with_gil == each.case.with_gil for each in known)}",
        f"mends that hold: {_of(verdict == 'none' for verdict in mended) if mended else NOTHING}",
    ]
    if tried:
        texts += [
            f"findings with a GIL confirmed by real threads: {_of(map(_is_shown, with_gil))}",
            f"findings without a GIL that real threads show: {_of(map(_is_shown, without))}",
        ]
    peers = [(name, trial) for each in examined for name, trial in _trials(each) if trial and trial.why_not]
    whys = ((name, re.sub(r"\d+", "N", trial.why_not.partition(".")[0])) for name, trial in peers)
    reasons = Counter(f"{name} without a verdict, {why}" for name, why in whys)
    texts += [f"{why}: {count}" for why, count in reasons.most_common()]
    return "\n".join(f"- {text}" for text in texts)


def _of(truths: Iterable[bool]) -> str:
    listed = list(truths)
    return f"{sum(listed)} of {len(listed)}"


def _by_kind(examined: Sequence[Examined]) -> str:
    unsafe = [each for each in examined if each.case.is_unsafe]
    rows = []
    for kind in sorted({each.case.kind for each in unsafe}):
        of_kind = [each for each in unsafe if each.case.kind == kind]
        rows.append((kind, str(len(of_kind)), *(str(way.found) for way in _ways(of_kind).values())))
    return markdown(("class", "unsafe", *(f"found by {name}" for name in _ways(unsafe))), rows) if rows else ""


def _unexpected(examined: Sequence[Examined]) -> str:
    lines = [f"- {each.case.name}: {text}" for each in examined for text in deviations(each)]
    return "Not as expected:\n\n" + "\n".join(lines) if lines else ""
