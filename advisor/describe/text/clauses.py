"""Classify how each clause treats the things it names: it denies, rules out, blames or only supposes them.

"The download is already done, the bottleneck is the parsing" names a download that does not matter. What a clause says
is decided by the phrases in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.describe.text.attempts import find_approaches, find_outcomes
from advisor.describe.text.lock_statements import LockStatement, lock_statement
from advisor.describe.text.phrases import PHRASES
from advisor.describe.text.sentences import ClauseSpan, SegmentedText, is_negated, segment
from advisor.describe.text.tokenizer import tokenize, word_set
from advisor.describe.text.units import Amount, extract_amounts

MIN_BLAMED_SHARE = 0.55  # of the time: whatever takes more is the bottleneck
MAX_NEGLIGIBLE_SHARE = 0.1
MAX_LIST_ITEM = 3  # tokens of one more item of a list, besides the "or"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause at the characters `[start, end)` of the text, and what it says about the things it names."""

    text: str
    start: int
    end: int
    negated: bool = False  # "no network involved", "not the disk"
    ruled_out: bool = False  # already done, cached, quick, not the problem
    blamed: bool = False  # "the bottleneck is", "most of the time", "what takes long"
    outcome: str | None = None  # "threads failed", "asyncio helped"
    hypothetical: bool = False  # asked, hoped, believed or claimed by others
    lock: LockStatement | None = None  # about the GIL or the event loop


def extract_clauses(text: str) -> list[Clause]:
    """Split a text into clauses, in order; together they hold all of its words."""
    tokenized = tokenize(text)
    segmented = segment(tokenized)
    all_amounts = extract_amounts(tokenized)
    amounts = _divide(segmented.clauses, all_amounts)
    outcomes = find_outcomes(segmented, amounts)
    clauses: list[Clause] = []
    for number, span in enumerate(segmented.clauses):
        clause = _apply_shares(_classify(segmented, span), segmented.words, span, amounts[number])
        undecided = not (clause.blamed or clause.ruled_out)
        if undecided and clauses and clauses[-1].negated and _continues_list(segmented, number):
            clause = replace(clause, negated=True, ruled_out=clauses[-1].ruled_out)
        clause = replace(clause, lock=lock_statement(segmented.words, span, segmented.lower(span), all_amounts))
        if number in outcomes:  # what such a clause denies is the gain
            clause = replace(clause, outcome=outcomes[number], hypothetical=False, negated=False)
        clauses.append(clause)
    return clauses


def role_at(clauses: Sequence[Clause], position: int) -> str:
    """Return how the clause at a position treats the things that it names; empty for a plain statement."""
    number = bisect_right(clauses, position, key=lambda clause: clause.start) - 1
    if number < 0:
        return ""
    clause = clauses[number]
    if clause.ruled_out or clause.negated:
        return "set aside"
    if clause.blamed:
        return "blamed"
    return "wished" if clause.hypothetical else ""


def _divide(clauses: list[ClauseSpan], amounts: list[Amount]) -> list[list[Amount]]:
    """Return the amounts of each clause."""
    divided: list[list[Amount]] = [[] for _ in clauses]
    number = 0
    for amount in amounts:
        while number < len(clauses) and clauses[number].end <= amount.start:
            number += 1
        if number < len(clauses) and clauses[number].start <= amount.start:
            divided[number].append(amount)
    return divided


def _classify(segmented: SegmentedText, span: ClauseSpan) -> Clause:
    words, start, end, lower = segmented.words, span.start, span.end, segmented.lower(span)
    negated = is_negated(words, span, lower)
    ruled_out = PHRASES["done"].is_in(words, start, end, lower) and not PHRASES["not_done"].is_in(words, start, end)
    blamed = PHRASES["blamed"].is_in(words, start, end, lower) and not PHRASES["not_blamed"].is_in(words, start, end)
    if blamed and negated:
        ruled_out, blamed = True, False
    believed = PHRASES["believed"].is_in(words, start, end, lower)
    asked = PHRASES["asked"].is_in(words, start, end, lower) and any(find_approaches(words, start, end, lower))
    first, last = segmented.characters(span)
    return Clause(
        segmented.text.raw[first:last],
        first,
        last,
        negated=negated,
        ruled_out=ruled_out,
        blamed=blamed and not ruled_out and not believed,
        hypothetical=believed or asked,
    )


def _apply_shares(clause: Clause, words: list[str], span: ClauseSpan, amounts: list[Amount]) -> Clause:
    """Blame or rule out what a clause names, by its percentage of the time: "hashing is 1 %", "94 % in recv"."""
    if any(word in _LOADS for word in words[span.start : span.end]):
        return clause
    for share in amounts:
        if share.kind != "percent" or share.value > 1:
            continue
        of_time = share.end < len(words) and words[share.end] in _OF_TIME
        if share.value >= MIN_BLAMED_SHARE and of_time and not clause.negated:
            return replace(clause, blamed=True, ruled_out=False)
        if share.value <= MAX_NEGLIGIBLE_SHARE and share.start > span.start and words[share.start - 1] in _IS:
            return replace(clause, ruled_out=True)
    return clause


_OF_TIME = word_set("in of cumtime wait waiting von der del du da от времени")
_IS = word_set("is are was only just about takes take sind ist est es é costs eats uses nur")
_LOADS = word_set(
    "cpu gpu cpus processor core cores prozessor procesador processeur процессор procesor disk ssd hdd platte line "
    "network bandwidth memory ram battery nvidia-smi iotop taskmanager taskmgr htop top load server client host gil "
    "workstation machine box rechner faster slower helped utilisation usage node disco progress hangs pcpu"
)


def _continues_list(segmented: SegmentedText, number: int) -> bool:
    """Return True if the clause is one more item of a list: "no disk, network or database"."""
    words, span, before = segmented.words, segmented.clauses[number], segmented.clauses[number - 1]
    if before.sentence != span.sentence:
        return False
    if words[span.start] in ("or", "nor", "oder", "ni", "nem", "или", "ни"):
        return True
    has_or = any(word in ("or", "nor", "oder", "ou", "или") for word in words[span.start : span.end])
    return has_or and span.end - span.start <= MAX_LIST_ITEM + 1
