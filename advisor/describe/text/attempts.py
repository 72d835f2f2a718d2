"""What was tried and what it brought: threads, processes and asyncio that helped, or failed to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, cast

from advisor.describe.text.phrases import ASYNCIO, BELIEVED, FAILED, HELPED, PROCESSES, THREADS, Phrases
from advisor.describe.text.sentences import Part, Sentence, Split, negated
from advisor.describe.text.tokenizer import vocabulary
from advisor.describe.text.units import Measure

Way = Literal["threads", "processes", "asyncio"]
Outcome = Literal[
    "threads failed",
    "threads helped",
    "processes failed",
    "processes helped",
    "asyncio failed",
    "asyncio helped",
]
GAIN = 1.35  # times faster: what is less is no gain
NEAR = 24  # tokens between a way to run and what it brought


def outcomes(apart: Split, measured: list[list[Measure]]) -> dict[int, Outcome]:
    """What threads, processes and asyncio have brought, by the number of the part that tells the result."""
    words, parts = apart.words, apart.parts
    told: dict[int, Outcome] = {}
    way: Way | None = None
    told_in, told_at = -1, -1
    for index, part in enumerate(parts):
        low, sentence = apart.low(part), apart.sentences[part.sentence]
        named = sorted(ways(words, part.first, part.after, low))
        result = _result(words, part, low, measured[index])
        if named and result is None and sentence.why and words[part.after - 1] in _NOT:
            result = False  # "only processes got faster, why did the threads not?"
        if named:
            told_in, (told_at, way) = part.sentence, named[0]
            if len({name for _, name in named}) > 1 and "than" in words[part.first : part.after]:
                result = None
        if result is None or way is None or part.first - told_at > NEAR or part.sentence - told_in > 1:
            continue
        if part.sentence != told_in and not _refers(words, part):
            continue
        if not _asks(words, part, sentence, low) and not _only_told(apart, index, low):
            told[index] = _outcome(way, result)
    for index, outcome in _tables(words, measured):
        told.setdefault(index, outcome)
    return told


_NOT = vocabulary("not don't nicht no нет")


def _outcome(way: Way, helped: bool) -> Outcome:
    return cast(Outcome, f"{way} {'helped' if helped else 'failed'}")


def ways(words: list[str], first: int, after: int, low: str = "") -> Iterator[tuple[int, Way]]:
    """The ways to run calls that are named, and where: threads, processes, asyncio."""
    for at, _ in THREADS.spans(words, first, after):
        if not _is_size(words, at):
            yield at, "threads"
    for at, _ in PROCESSES.spans(words, first, after):
        if words[at] != "pool" or words[at - 1 : at] not in (["thread"], ["connection"]):
            yield at, "processes"
    for at, _ in ASYNCIO.spans(words, first, after):
        yield at, "asyncio"
    for way, phrases in _WAYS.items():
        if phrases.anywhere(low):
            yield first, way


_WAYS: dict[Way, Phrases] = {"threads": THREADS, "processes": PROCESSES, "asyncio": ASYNCIO}


def _is_size(words: list[str], at: int) -> bool:
    """Whether "threads" is said of a processor or an option: "16 threads cpu", "-threads 1"."""
    following = words[at + 1] if at + 1 < len(words) else ""
    return following in ("cpu", "cpus") or (at > 0 and words[at - 1] == "-")


def _refers(words: list[str], part: Part) -> bool:
    """Whether a new sentence speaks of what the one before it named: "Tried threads. No change."."""
    return part.after - part.first <= 6 or words[part.first] in _REFERRING


_REFERRING = vocabulary("it that same no still wall result and made got total")


def _result(words: list[str], part: Part, low: str, measured: list[Measure]) -> bool | None:
    """Whether a clause tells a gain (True) or none (False)."""
    for measure in measured:
        if measure.kind == "ratio":
            following = words[measure.after : measure.after + 3]
            slower = not _SLOWER.isdisjoint(following) or following[:2] == ["the", "time"]
            return not slower and measure.value >= GAIN
    change = _change(words, measured)
    if change is not None:
        return change
    if FAILED.within(words, part.first, part.after, low):
        return False
    if HELPED.within(words, part.first, part.after, low):
        return not negated(words, part, low)
    return None


_SLOWER = vocabulary("slower longer slow langsamer lento lenta lent медленнее lentamente")


def _change(words: list[str], measured: list[Measure]) -> bool | None:
    """What "from 212 s to 230 s" and "62 秒が 63 秒" say."""
    times = [one for one in measured if one.kind in ("duration", "count")]
    for before, then in pairwise(times):
        if then.kind != "duration" or then.value <= 0:
            continue
        led = words[before.first - 1] if before.first else ""
        between = words[before.after : then.first]
        if led in ("from", "von", "de", "с") and between and between[-1] in ("to", "auf", "à", "a", "до"):
            was = before.value if before.kind == "duration" else before.value * _unit_of(then, words)
            return was / then.value >= GAIN
        if between and between[0] == "が" and before.kind == "duration":
            return before.value / then.value >= GAIN
    return None


def _unit_of(measure: Measure, words: list[str]) -> float:
    """The seconds of the unit of a duration: "from 4 to 11 min" """
    number = words[measure.first].replace(",", ".")
    try:
        told = float(number)
    except ValueError:
        return 1.0
    return measure.value / told if told else 1.0


def _asks(words: list[str], part: Part, sentence: Sentence, low: str) -> bool:
    """Whether the clause only asks or supposes; "why are threads no faster?" tells."""
    if sentence.why:
        return False
    if any(one in low for one in ("吗", "でしょうか", "ですか", "速くなりますか")):
        return True
    supposed = any(word in _SUPPOSED for word in words[part.first : part.after])
    return supposed or (sentence.question and (words[part.first] in _AUXILIARIES or sentence.first in _AUXILIARIES))


_SUPPOSED = vocabulary(
    "would will could should might may maybe if can shall must hoping hope expect expected wonder soll sollte würde "
    "würden könnte kann bringen lohnt wenn falls want wants wanted try trying how which make go quiero möchte "
    "voglio хочу devrait pourrait faut peut si debería podría vale deveria помогут поможет если стоит бы whether "
    "czy ll i'd we'd it'd won't instead"
)
_AUXILIARIES = vocabulary(
    "is are do does did can could should would will shall was were has have which what how any or bringen bringt "
    "hilft helfen lohnt soll kann geht est-ce faut-il ¿ ¿con ¿hace vale is what's faster whats"
)


def _only_told(apart: Split, index: int, low: str) -> bool:
    """Whether others say so, or it is a rule and not what happened."""
    words, part, before = apart.words, apart.parts[index], apart.parts[index - 1]
    if BELIEVED.within(words, part.first, part.after, low):
        return True
    if index and before.sentence == part.sentence and words[part.first] not in ("but", "and", "aber", "yet"):
        return before.after - before.first <= 6 and BELIEVED.within(words, before.first, before.after)
    return False


def _tables(words: list[str], measured: list[list[Measure]]) -> Iterator[tuple[int, Outcome]]:
    """The results of "loop: 40 s. ThreadPoolExecutor(8): 6 s. Pool(8): 7 s"."""
    plain: float | None = None
    label_from = 0
    for index, times in enumerate(measured):
        for time in times:
            if time.kind != "duration":
                continue
            begin = max(label_from, time.first - 12)
            named = sorted(ways(words, begin, time.first))
            label_from = time.after
            if plain is None and not named and any(word in _PLAIN for word in words[begin : time.first]):
                plain = time.value
            elif plain is not None and named and time.first - begin <= 9 and time.value > 0:
                yield index, _outcome(named[-1][1], plain / time.value >= GAIN)


_PLAIN = vocabulary("loop plain serial sequential sequentially one n for single normal without einfach boucle bucle 1")
