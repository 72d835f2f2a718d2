"""Extract how long one call and the whole job take, and how large the input of one call is."""

from __future__ import annotations

from advisor.describe.text.call_count import COUNTER_WORDS, ITEM_NOUNS, OTHER_NOUNS, extract_call_count, rank_count
from advisor.describe.text.tokenizer import CLAUSE_ENDS, TABLES, TokenizedText, word_set
from advisor.describe.text.units import DURATIONS, Amount, FieldValues, match_per_time

_EACH = word_set(TABLES["each"])
_EACH_AFTER = _EACH - {"par", "por"}
_TOTALS = word_set(TABLES["totals"])
_FINISHES = word_set("finishes finished")
_WHOLE = word_set(TABLES["whole"])
_LOOPS = word_set("loop looping boucle bucle schleife цикл")
_JOBS = _LOOPS | word_set("run runs job batch thing script program programm skript lauf process pipeline list set")
_LATENCY = word_set(TABLES["latency"])
_MEDIA = word_set(TABLES["media"])


def extract_durations(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the longest duration of a call, and the longest of the whole job."""
    each: list[Amount] = []
    total: list[Amount] = []
    calls = next((amount for _, _, amount in extract_call_count(text, amounts)), None)
    counts = [
        amount for amount in amounts if amount is calls or (amount.kind == "count" and rank_count(text, amount) > 2)
    ]
    for amount in amounts:
        start, end, value = amount.start, amount.end, amount.value
        if amount.kind != "duration" or is_unrelated(text, amount):
            continue
        count = _count_done_in(text, amount, counts)
        if text.has_near(end, _TOTALS, 0, 2) or _has_job_label(text, amount):
            total.append(amount)
        elif 1e-9 <= value < 1e-3 or _is_per_call(text, amount) or text.has_near(start, _LATENCY, 3):
            each.append(amount)
        elif count is not None and count is not calls:
            each.append(amount._replace(value=value / count.value))  # of a part of the job
        elif (
            count
            or _is_of_whole_job(text, amount)
            or text.has_near(start, _TOTALS, 6)
            or text.has_near(end, _TOTALS, 0, 4)
        ):
            total.append(amount)
        elif value < 1:
            each.append(amount)
        elif value >= 60 or text.has_near(start, _FINISHES, 4):
            total.append(amount)
    yield from _largest("seconds_per_call", each)
    yield from _largest("total_seconds", total)


def _count_done_in(text: TokenizedText, amount: Amount, counts: list[Amount]) -> Amount | None:
    """Return the count that is done in the time: "0.5 s for 1,000 calls", "hashes 1,000 strings in 0.5 s"."""
    for count in counts:
        if amount.end < count.start <= amount.end + 4:
            first, between = text.word(amount.end), range(amount.end + 1, count.start)
            linked = first in _FOR
        else:
            last, between = text.word(amount.start - 1), range(count.end, amount.start - 1)
            linked = 0 < amount.start - count.end <= 5 and (last == "in" or last in _TAKE)
        if linked and not any(text.word(index) in _NOT_DONE for index in between):
            return count
    return None


_FOR = word_set("for to für pour para on over")


def _is_of_whole_job(text: TokenizedText, amount: Amount) -> bool:
    """Return True if the subject is the whole job: "the loop over all rows takes 0.5 s", "the entire run: 0.5 s"."""
    for index in range(amount.start - 1, max(amount.start - 10, -1), -1):
        word, before = text.word(index), text.word(index - 1)
        if word in CLAUSE_ENDS:
            return False
        is_whole = before in _WHOLE or (before in ("la", "el", "der") and text.word(index - 2) in _WHOLE)
        if word in _JOBS and (is_whole or (word in _LOOPS and before in _THE)):
            following = text.word(index + 1)
            return following in _OVER or amount.start - index <= 1 + 2 * (following in _TAKE)
    return False


_THE = word_set("the my our this plain simple die la el le") | {""}
_OVER = word_set("over through of für über sur sobre de por on")


def _largest(field: str, amounts: list[Amount]) -> FieldValues:
    if amounts:
        largest = max(amounts, key=lambda amount: amount.value)
        yield field, largest.value, largest


def _has_job_label(text: TokenizedText, amount: Amount) -> bool:
    """Return True if a label before the time stands for the whole job: "loop: 40 s", "without pool: 3 min"."""
    return text.word(amount.start - 1) in (":", "=") and text.has_near(amount.start - 1, _JOB_LABELS, 3)


_JOB_LABELS = word_set("loop plain serial sequential threads processes pool threadpoolexecutor n workers total boucle")


def is_unrelated(text: TokenizedText, amount: Amount) -> bool:
    """Return True if a duration is not working time: a film of 2 h, every 10 minutes, the last 3 days."""
    before, earlier = text.word(amount.start - 1), text.word(amount.start - 2)
    following, then = text.word(amount.end), text.word(amount.end + 1)
    return (
        following in _MEDIA
        or (following in ("de", "of", "d'") and then in _MEDIA)
        or before in _BEFORE_PERIOD
        or (before in ("les", "las") and earlier in ("toutes", "todas"))
        or (before in ("of", "von") and earlier in _MEDIA)
        or match_per_time(text, amount.end)[1] > 0
    )


_BEFORE_PERIOD = word_set("every evry alle каждые toutes last past next within letzten timeout")


def _is_per_call(text: TokenizedText, amount: Amount) -> bool:
    before, earlier = text.word(amount.start - 1), text.word(amount.start - 2)
    following, then = text.word(amount.end), text.word(amount.end + 1)
    if following in _EACH and then not in DURATIONS:
        return True
    if following in ("/", "a", "an", "per", "за", "на") and then not in DURATIONS and then[:1].isalpha():
        return then not in ("time", "whole", "total")
    if before == "of" and earlier.endswith("s"):
        return True  # "11 rounds of 6 min"
    if before in ("x", "×", "*", "à", "@", "je", "по"):
        return True
    for index in range(amount.start - 3, amount.start):  # "1枚90秒", "1 個体 4 秒", "每个 4 秒"
        if text.word(index) in COUNTER_WORDS and text.word(index - 1) in ("1", "一", "每", "毎"):
            return True
    near_each = text.has_near(amount.start, _EACH, 7) or text.has_near(amount.end, _EACH_AFTER, 0, 3)
    return near_each or _is_of_one(text, amount)


_ONE = word_set("a an one single ein eine einen un une una um uma один одна одно 一个 1つ")
_BEGINS = CLAUSE_ENDS | word_set("and but where since because as that if und aber et mais y pero и") | {""}
_NOT_DONE = CLAUSE_ENDS | _ONE | _EACH | word_set("that which and")
_TAKE = word_set(TABLES["take"])


def _is_of_one(text: TokenizedText, amount: Amount) -> bool:
    """Return True if the subject is a single item: "a page takes 4 s", "one run is 20 min"."""
    for index in range(amount.start - 1, amount.start - 5, -1):
        word = text.word(index)
        if word in _TAKE:
            return any(text.word(at) in _ONE and text.word(at - 1) in _BEGINS for at in (index - 2, index - 3))
        if word in CLAUSE_ENDS or not word:
            return False
    return False


def extract_sizes(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the largest size of the input of one call."""
    sizes = [amount for amount in amounts if amount.kind == "size" and amount.value > 0]
    yield from _largest("bytes_per_call", [amount for amount in sizes if _is_size_per_call(text, amount)])


def _is_size_per_call(text: TokenizedText, amount: Amount) -> bool:
    before, earlier = text.word(amount.start - 1), text.word(amount.start - 2)
    if before in ("x", "×", "*", "à", "par", "je", "по", "averaging"):
        return True
    if before in ("of", "de", "von", "about") and _is_plural(earlier):
        return True
    following, then = text.word(amount.end), text.word(amount.end + 1)
    if following in _EACH or following in ("a", "an") or (following == "/" and then != "s"):
        return then not in DURATIONS
    return following in ITEM_NOUNS or text.has_near(amount.start, _EACH, 4)


def _is_plural(word: str) -> bool:
    return word in ITEM_NOUNS or (len(word) > 3 and word.endswith("s") and word not in OTHER_NOUNS)
