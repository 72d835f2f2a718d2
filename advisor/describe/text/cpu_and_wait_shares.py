"""Extract the CPU share, the number of busy cores, and the share of the time spent waiting."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from advisor.describe.text.tokenizer import CLAUSE_ENDS, SENTENCE_ENDS, TABLES, TokenizedText, word_set
from advisor.describe.text.units import Amount, FieldValues

_CPU = word_set(TABLES["cpu"])
_WEAK_CPU = word_set("host server client box machine python user rechner workstation manager monitor core kern")
_NOT_CPU = word_set(TABLES["not_cpu"])
_WAITS = word_set(TABLES["waits"])
_IDLE = word_set("idle untätig inactif libre inactivo free leerlauf свободен asleep bored 空闲")
_EMPTY = word_set("empty doing")
_OF_TIME = word_set("time runtime zeit laufzeit temps tiempo времени wall cumtime tottime tempo 时间")


def extract_shares(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the CPU share and the share of the time spent waiting, from percentages."""
    for amount in amounts:
        if amount.kind == "percent":
            yield from _classify_percentage(text, amount)


def _classify_percentage(text: TokenizedText, amount: Amount) -> FieldValues:
    share = amount.value
    if share <= 1 and _is_near(text, amount, _OF_TIME):
        if _is_near(text, amount, _WAITS):
            yield "wait_share", share, amount
        return
    is_cpu = _is_of_cpu(text, amount)
    if is_cpu:
        idle = share <= 1 and text.has_near(amount.end, _IDLE, 0, 2)
        yield "cpu_share", 1 - share if idle else share, amount
    elif is_cpu is None and 0.3 <= share <= 1 and text.has_near(amount.end, _WAITS, 0, 9):
        yield "wait_share", share, amount


def _is_of_cpu(text: TokenizedText, amount: Amount) -> bool | None:
    """Return True if the nearest word that names a resource names the CPU; None if no resource is near."""
    found: list[tuple[float, bool]] = []
    before = ((step, text.word(amount.start - step), SENTENCE_ENDS) for step in range(1, 9))
    after = ((step + 0.5, text.word(amount.end + step), CLAUSE_ENDS) for step in range(5))
    for side in (before, after):
        for distance, word, ends in side:
            if word in ends or not word:
                break
            if word in _CPU or word in _NOT_CPU:
                found.append((distance + (word in _WEAK_CPU) * 3, word not in _CPU))
    return not min(found)[1] if found else None


def _is_near(text: TokenizedText, amount: Amount, words: frozenset[str]) -> bool:
    return text.has_near(amount.start, words, 8) or text.has_near(amount.end, words, 0, 9)


def extract_time_output(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield shares and total from the output of the `time` command: real 58m11s, user 1m12s, sys 0m4s."""
    times: dict[str, Amount] = {}
    for amount in amounts:
        if amount.kind == "duration":
            for label in (text.word(amount.start - 1), text.word(amount.start - 2)):
                if label in _TIME_LABELS:
                    times.setdefault(_TIME_LABELS[label], amount)
    if "real" in times and "user" in times and times["real"].value > 0:
        busy = times["user"].value + (times["sys"].value if "sys" in times else 0.0)
        share = round(busy / times["real"].value, 4)
        yield "cpu_share", share, times["user"]
        yield "total_seconds", times["real"].value, times["real"]
        if share < 1:
            yield "wait_share", round(1 - share, 4), times["real"]


_TIME_LABELS = {"real": "real", "wall": "real", "elapsed": "real", "user": "user", "sys": "sys"}


def extract_busy_cores(
    text: TokenizedText, amounts: list[Amount], fields: Mapping[str, tuple[float, Amount]]
) -> FieldValues:
    """Yield the number of busy cores: "1 of 16 cores", or the CPU share times the cores."""
    for part, whole in pairwise(amounts):
        adjacent = part.kind == "count" and whole.kind == "cores" and 0 < whole.start - part.end <= 2
        if adjacent and part.value <= whole.value and text.word(whole.start - 1) in ("of", "von", "sur", "de", "из"):
            idle = text.has_near(whole.end, _IDLE | _EMPTY, 0, 4)
            yield "busy_cores", whole.value - part.value if idle else part.value, part
    if "cpu_share" in fields:
        share, amount = fields["cpu_share"]
        if share > 1.5:
            yield "busy_cores", round(share, 2), amount
        elif "cores" in fields:
            is_one = 0.75 <= share * fields["cores"][0] <= 1.3
            if is_one or (share >= 0.9 and text.word(amount.end) == "of"):
                yield "busy_cores", 1.0, amount
