"""The clauses of a description, and what each does with what it names: denies it, sets it aside, blames it, wishes it.

"The download is already done, the bottleneck is the parsing" names a download that plays no part. A clause is told by
the phrases in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.describe.text.attempts import Outcome, outcomes, ways
from advisor.describe.text.phrases import ASKED, BELIEVED, BLAMED, DONE, NOT_BLAMED, NOT_DONE
from advisor.describe.text.sentences import Part, Split, negated, split
from advisor.describe.text.tokenizer import tokenised, vocabulary
from advisor.describe.text.units import Measure, measures

MUCH = 0.55  # of the time: what has that share is to blame
LITTLE = 0.1  # and what has no more than this is not
LIST_LENGTH = 3  # tokens of what is only one more in a list


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence, at `[start, end)` of the text, and what it says of what it names."""

    text: str
    start: int
    end: int
    negated: bool = False  # denied: "no network involved", "not the disk"
    done: bool = False  # out of the way: already done, cached, quick, not the problem
    blamed: bool = False  # where the time goes: "the bottleneck is", "most of the time", "what takes long"
    outcome: Outcome | None = None  # what a way to run them has brought
    wish: bool = False  # asked, hoped, believed or told by others; not a fact of the task


def clauses(text: str) -> list[Clause]:
    """The clauses of a text in their order; together they hold all of its words."""
    read = tokenised(text)
    apart = split(read)
    measured = _by_part(apart.parts, measures(read))
    brought = outcomes(apart, measured)
    told: list[Clause] = []
    for index, part in enumerate(apart.parts):
        clause = _with_shares(_clause(apart, part), apart.words, part, measured[index])
        inherits = told and apart.parts[index - 1].sentence == part.sentence and _continues(apart, index)
        if inherits and told[-1].negated and not (clause.blamed or clause.done):
            clause = replace(clause, negated=True, done=told[-1].done)
        if index in brought:
            clause = replace(clause, outcome=brought[index], wish=False, negated=False)  # what is denied is the gain
        told.append(clause)
    return told


def _by_part(parts: list[Part], measured: list[Measure]) -> list[list[Measure]]:
    """The measures of each part; both come in their order."""
    divided: list[list[Measure]] = [[] for _ in parts]
    index = 0
    for measure in measured:
        while index < len(parts) and parts[index].after <= measure.first:
            index += 1
        if index < len(parts) and parts[index].first <= measure.first:
            divided[index].append(measure)
    return divided


def _clause(apart: Split, part: Part) -> Clause:
    words, first, after, low = apart.words, part.first, part.after, apart.low(part)
    done = DONE.within(words, first, after, low) and not NOT_DONE.within(words, first, after)
    denied = negated(words, part, low)
    blamed = BLAMED.within(words, first, after, low) and not NOT_BLAMED.within(words, first, after)
    believed = BELIEVED.within(words, first, after, low)
    asked = ASKED.within(words, first, after, low) and any(ways(words, first, after, low))
    if blamed and denied:
        done, blamed = True, False
    start, end = apart.place(part)
    return Clause(
        apart.read.raw[start:end],
        start,
        end,
        negated=denied,
        done=done,
        blamed=blamed and not done and not believed,
        wish=believed or asked,
    )


def _with_shares(clause: Clause, words: list[str], part: Part, shares: list[Measure]) -> Clause:
    """The clause with what a percentage of the time says: "hashing is 1 %", "94 % in recv"."""
    if not shares or any(word in _LOADS for word in words[part.first : part.after]):
        return clause
    for share in shares:
        if share.kind != "percent" or share.value > 1:
            continue
        timed = share.after < len(words) and words[share.after] in _OF_TIME
        if share.value >= MUCH and timed and not clause.negated:
            return replace(clause, blamed=True, done=False)
        if share.value <= LITTLE and share.first > part.first and words[share.first - 1] in _IS:
            return replace(clause, done=True)
    return clause


_OF_TIME = vocabulary("in of cumtime wait waiting von der del du da от времени")
_IS = vocabulary("is are was only just about takes take sind ist est es é costs eats uses nur")
_LOADS = vocabulary(
    "cpu gpu cpus processor core cores prozessor procesador processeur процессор procesor disk ssd hdd platte line "
    "network bandwidth memory ram battery nvidia-smi iotop taskmanager taskmgr htop top load server client host gil "
    "workstation machine box rechner faster slower helped utilisation usage node disco progress hangs pcpu"
)


def _continues(apart: Split, index: int) -> bool:
    """Whether the part is one more of a list: "no disk, network or database"."""
    words, part = apart.words, apart.parts[index]
    if words[part.first] in ("or", "nor", "oder", "ni", "nem", "или", "ни"):
        return True
    several = any(word in ("or", "nor", "oder", "ou", "или") for word in words[part.first : part.after])
    return several and part.after - part.first <= LIST_LENGTH + 1
