"""Find what a clause states about the GIL or the event loop: the lock is kept or released, the loop is blocked."""

from __future__ import annotations

from typing import Literal

from advisor.describe.text.phrases import PHRASES, PhraseSet
from advisor.describe.text.sentences import ClauseSpan, is_negated
from advisor.describe.text.tokenizer import word_set
from advisor.describe.text.units import Amount

LockStatement = Literal["lock kept", "lock released", "lock blamed", "loop blocked"]
BUSY_LOCK = 0.5  # share of the time; a profiler that shows more of it shows a lock that is kept
NEAR = 4  # tokens; a negation further away denies something else

_OWN_LOCK = word_set("acquire acquires acquired acquiring mutex rlock filelock file counter sqlite database table row")
_NOT_A = word_set("no not without isn't never kein keine ohne pas sans")


def lock_statement(words: list[str], span: ClauseSpan, lower: str, amounts: list[Amount]) -> LockStatement | None:
    """Return what a clause states about the GIL or the event loop, if anything."""
    start, end = span.start, span.end
    if (index := next((first for first, _ in PHRASES["no_lock"].find(words, start, end)), None)) is not None:
        return "lock kept" if index > start and words[index - 1] in _NOT_A else "lock released"
    lock = PHRASES["lock"].is_in(words, start, end, lower)
    if lock and (share := _stated_share(span, amounts)) is not None:
        return "lock kept" if share > BUSY_LOCK else "lock released"
    some_lock = lock or (PHRASES["some_lock"].is_in(words, start, end) and _OWN_LOCK.isdisjoint(words[start:end]))
    if some_lock and (negated := _is_verb_negated(PHRASES["releases"], words, span, lower)) is not None:
        return "lock kept" if negated else "lock released"
    if lock and (negated := _is_verb_negated(PHRASES["keeps"], words, span, lower)) is not None:
        return "lock released" if negated else "lock kept"
    if lock:
        return "lock blamed"
    if (
        PHRASES["event_loop"].is_in(words, start, end, lower)
        and _is_verb_negated(PHRASES["blocks"], words, span, lower) is False
    ):
        return "loop blocked"
    return None


def _is_verb_negated(verbs: PhraseSet, words: list[str], span: ClauseSpan, lower: str) -> bool | None:
    """Return whether the first of the verbs in a clause is negated nearby; None if there is none."""
    if (verb := next((first for first, _ in verbs.find(words, span.start, span.end)), None)) is not None:
        near = ClauseSpan(max(span.start, verb - NEAR), min(span.end, verb + NEAR), span.sentence)
        return is_negated(words, near, lower)
    return is_negated(words, span, lower) if verbs.is_in_unspaced(lower) else None


def _stated_share(span: ClauseSpan, amounts: list[Amount]) -> float | None:
    """Return the percentage in a clause, or directly after the colon that ends it."""
    near = (amount for amount in amounts if span.start <= amount.start <= span.end + 1)
    return next((amount.value for amount in near if amount.kind == "percent"), None)
