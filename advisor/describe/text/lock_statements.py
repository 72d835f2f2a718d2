"""Find what a clause states about the GIL or the event loop: the lock is kept or released, the loop is blocked."""

from __future__ import annotations

from typing import Literal

from advisor.describe.text.phrases import BLOCKS, EVENT_LOOP, KEEPS, LOCK, NO_LOCK, RELEASES, SOME_LOCK
from advisor.describe.text.sentences import ClauseSpan, is_negated
from advisor.describe.text.tokenizer import word_set
from advisor.describe.text.units import Amount

LockStatement = Literal["lock kept", "lock released", "lock blamed", "loop blocked"]
BUSY_LOCK = 0.5  # share of the time; a profiler that shows more of it shows a lock that is kept

_OWN_LOCK = word_set("acquire acquires acquired acquiring mutex rlock filelock file counter sqlite database table row")
_NOT_A = word_set("no not without isn't never kein keine ohne pas sans")


def lock_statement(words: list[str], span: ClauseSpan, lower: str, amounts: list[Amount]) -> LockStatement | None:
    """Return what a clause states about the GIL or the event loop, if anything."""
    start, end, negated = span.start, span.end, is_negated(words, span, lower)
    if (index := next((first for first, _ in NO_LOCK.find(words, start, end)), None)) is not None:
        return "lock kept" if index > start and words[index - 1] in _NOT_A else "lock released"
    lock = LOCK.is_in(words, start, end, lower)
    if lock and (share := _stated_share(span, amounts)) is not None:
        return "lock kept" if share > BUSY_LOCK else "lock released"
    some_lock = lock or (SOME_LOCK.is_in(words, start, end) and _OWN_LOCK.isdisjoint(words[start:end]))
    if some_lock and RELEASES.is_in(words, start, end, lower):
        return "lock kept" if negated else "lock released"
    if lock and KEEPS.is_in(words, start, end, lower):
        return "lock released" if negated else "lock kept"
    if lock:
        return "lock blamed"
    blocked = EVENT_LOOP.is_in(words, start, end, lower) and BLOCKS.is_in(words, start, end, lower)
    return "loop blocked" if blocked and not negated else None


def _stated_share(span: ClauseSpan, amounts: list[Amount]) -> float | None:
    """Return the percentage in a clause, or directly after the colon that ends it."""
    near = (amount for amount in amounts if span.start <= amount.start <= span.end + 1)
    return next((amount.value for amount in near if amount.kind == "percent"), None)
