"""Find what was already tried and with which outcome: threads, processes and asyncio that helped or failed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, get_args

from advisor.describe.text.phrases import PHRASES, PhraseSet
from advisor.describe.text.sentences import ClauseSpan, SegmentedText, Sentence, is_negated
from advisor.describe.text.tokenizer import word_set
from advisor.describe.text.units import Amount

Approach = Literal["threads", "processes", "asyncio"]
MIN_GAIN = 1.35  # times faster; a smaller ratio counts as a failure
MAX_DISTANCE = 24  # tokens between an approach and its outcome


def find_outcomes(segmented: SegmentedText, amounts: list[list[Amount]]) -> dict[int, str]:
    """Return outcomes such as "threads failed" by the number of the clause, given the amounts of each clause."""
    words, clauses = segmented.words, segmented.clauses
    outcomes: dict[int, str] = {}
    approach: Approach | None = None
    approach_sentence, approach_index = -1, -1
    for number, clause in enumerate(clauses):
        lower, sentence = segmented.lower(clause), segmented.sentences[clause.sentence]
        named = sorted(find_approaches(words, clause.start, clause.end, lower))
        helped = _has_helped(words, clause, lower, amounts[number])
        if named and helped is None and sentence.asks_why and words[clause.end - 1] in _NOT:
            helped = False  # "only processes got faster, why did the threads not?"
        if named:
            approach_sentence, (approach_index, approach) = clause.sentence, named[0]
            if len({name for _, name in named}) > 1 and "than" in words[clause.start : clause.end]:
                helped = None
        distance = clause.sentence - approach_sentence
        if helped is None or approach is None or clause.start - approach_index > MAX_DISTANCE or distance > 1:
            continue
        if distance and not _refers_back(words, clause):
            continue
        if not _is_question(words, clause, sentence, lower) and not _is_hearsay(segmented, number, lower):
            outcomes[number] = _outcome(approach, helped)
    for number, outcome in _compare_timings(words, amounts):
        outcomes.setdefault(number, outcome)
    return outcomes


_NOT = word_set("not don't nicht no нет")


def _outcome(approach: Approach, helped: bool) -> str:
    return f"{approach} {'helped' if helped else 'failed'}"


def find_approaches(words: list[str], start: int, end: int, lower: str = "") -> Iterator[tuple[int, Approach]]:
    """Yield the approaches that are named, each with its position."""
    for approach, phrases in _APPROACHES.items():
        for index, _ in phrases.find(words, start, end):
            if not _has_other_meaning(approach, words, index):
                yield index, approach
        if phrases.is_in_unspaced(lower):
            yield start, approach


_APPROACHES: dict[Approach, PhraseSet] = {approach: PHRASES[approach] for approach in get_args(Approach)}


def _has_other_meaning(approach: Approach, words: list[str], index: int) -> bool:
    """Return True for the threads of "16 threads cpu" and "-threads 1", and the pool of "connection pool"."""
    before, following = words[index - 1 : index], words[index + 1 : index + 2]
    if approach == "threads":
        return following in (["cpu"], ["cpus"]) or before == ["-"]
    return words[index] == "pool" and before in (["thread"], ["connection"])


def _refers_back(words: list[str], clause: ClauseSpan) -> bool:
    """Return True if a sentence refers to the one before it: "Tried threads. No change."."""
    return clause.end - clause.start <= 6 or words[clause.start] in _REFERRING


_REFERRING = word_set("it that same no still wall result and made got total")


def _has_helped(words: list[str], clause: ClauseSpan, lower: str, amounts: list[Amount]) -> bool | None:
    """Return whether a clause states a gain, or None if it states no result."""
    for amount in amounts:
        if amount.kind == "ratio":
            following = words[amount.end : amount.end + 3]
            slower = not _SLOWER.isdisjoint(following) or following[:2] == ["the", "time"]
            return not slower and amount.value >= MIN_GAIN
    speedup = _stated_speedup(words, amounts)
    if speedup is not None:
        return speedup >= MIN_GAIN
    if PHRASES["failed"].is_in(words, clause.start, clause.end, lower):
        return False
    if PHRASES["helped"].is_in(words, clause.start, clause.end, lower):
        return not is_negated(words, clause, lower)
    return None


_SLOWER = word_set("slower longer slow langsamer lento lenta lent медленнее lentamente")


def _stated_speedup(words: list[str], amounts: list[Amount]) -> float | None:
    """Return the ratio of "from 212 s to 230 s" and "62 秒が 63 秒"."""
    times = [amount for amount in amounts if amount.kind in ("duration", "count")]
    for before, after in pairwise(times):
        if after.kind != "duration" or after.value <= 0:
            continue
        preposition = words[before.start - 1] if before.start else ""
        between = words[before.end : after.start]
        if preposition in ("from", "von", "de", "с") and between and between[-1] in ("to", "auf", "à", "a", "до"):
            seconds = before.value if before.kind == "duration" else before.value * _unit_of(after, words)
            return seconds / after.value
        if between and between[0] == "が" and before.kind == "duration":
            return before.value / after.value
    return None


def _unit_of(duration: Amount, words: list[str]) -> float:
    """Return the unit of a duration in seconds: 60 for "11 min" in "from 4 to 11 min"."""
    try:
        number = float(words[duration.start].replace(",", "."))
    except ValueError:
        return 1.0
    return duration.value / number if number else 1.0


def _is_question(words: list[str], clause: ClauseSpan, sentence: Sentence, lower: str) -> bool:
    """Return True if the clause only asks or supposes; "why are threads no faster?" states an outcome."""
    if sentence.asks_why:
        return False
    if any(ending in lower for ending in ("吗", "でしょうか", "ですか", "速くなりますか")):
        return True
    if any(word in _SUPPOSED for word in words[clause.start : clause.end]):
        return True
    return sentence.is_question and (words[clause.start] in _AUXILIARIES or sentence.first_word in _AUXILIARIES)


_SUPPOSED = word_set(
    "would will could should might may maybe if can shall must hoping hope expect expected wonder soll sollte würde "
    "würden könnte kann bringen lohnt wenn falls want wants wanted try trying how which make go quiero möchte "
    "voglio хочу devrait pourrait faut peut si debería podría vale deveria помогут поможет если стоит бы whether "
    "czy ll i'd we'd it'd won't instead"
)
_AUXILIARIES = word_set(
    "is are do does did can could should would will shall was were has have which what how any or bringen bringt "
    "hilft helfen lohnt soll kann geht est-ce faut-il ¿ ¿con ¿hace vale is what's faster whats"
)


def _is_hearsay(segmented: SegmentedText, number: int, lower: str) -> bool:
    """Return True if somebody else claims the outcome, or it is a general rule."""
    words, clause, before = segmented.words, segmented.clauses[number], segmented.clauses[number - 1]
    if PHRASES["believed"].is_in(words, clause.start, clause.end, lower):
        return True
    if number and before.sentence == clause.sentence and words[clause.start] not in ("but", "and", "aber", "yet"):
        return before.end - before.start <= 6 and PHRASES["believed"].is_in(words, before.start, before.end)
    return False


def _compare_timings(words: list[str], amounts: list[list[Amount]]) -> Iterator[tuple[int, str]]:
    """Yield the outcomes of a list of timings: "loop: 40 s. ThreadPoolExecutor(8): 6 s. Pool(8): 7 s"."""
    baseline: float | None = None
    label_start = 0
    for number, clause_amounts in enumerate(amounts):
        for amount in clause_amounts:
            if amount.kind != "duration":
                continue
            start = max(label_start, amount.start - 12)
            named = sorted(find_approaches(words, start, amount.start))
            label_start = amount.end
            one = all(_is_one(words, index) for index, _ in named)
            if baseline is None and one and any(word in _PLAIN for word in words[start : amount.start]):
                baseline = amount.value
            elif baseline is not None and named and amount.start - start <= 9 and amount.value > 0:
                yield number, _outcome(named[-1][1], baseline / amount.value >= MIN_GAIN)


def _is_one(words: list[str], index: int) -> bool:
    """Return True for "n_jobs=1", "1 thread" and "one process": no attempt, but the time to compare with."""
    return "1" in words[index + 1 : index + 3] or words[index - 1] in ("1", "one", "single")


_PLAIN = word_set("loop plain serial sequential sequentially one n for single normal without einfach boucle bucle 1")
