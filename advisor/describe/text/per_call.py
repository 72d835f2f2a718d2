"""How long each of the things takes and how large it is, and how long all of them take."""

from __future__ import annotations

from advisor.describe.text.call_count import COUNTERS, ITEMS, NOT_ITEMS
from advisor.describe.text.tokenizer import STOPS, Text, vocabulary
from advisor.describe.text.units import DURATIONS, Measure, Told, per_time

_EACH = vocabulary(
    "each ech every evry per apiece pro je jede jeder jedes jeden jedem chaque chacun chacune cada каждый каждая "
    "каждое каждую каждого каждом ogni każdy każda każde każdego per-call 每 每个 毎 हर each-time roundtrip "
    "latency ping апдейт jeweils par por"
)
_EACH_AFTER = _EACH - {"par", "por"}
_TOTALS = vocabulary(
    "total altogether overall whole entire entirely insgesamt gesamt zusammen overnight finishes finished eta est "
    "estimated all everything всего итого 全部 合計"
)
_LATENCY = vocabulary(
    "latency ping rtt roundtrip trip reply replies respond responds response responses wait waits waiting"
)
_MEDIA = vocabulary(
    "clip clips film films movie movies video videos recording recordings episode episodes lecture lectures audio "
    "track tracks song songs sound delay delays timeout timeouts window windows slice slices cache interval "
    "intervals old ago deadline bars later earlier frames cycle vídeo partido timeframe slot"
)


def durations(read: Text, found: list[Measure]) -> Told:
    """The longest time told for a call, and the longest told for all of them."""
    each: list[Measure] = []
    total: list[Measure] = []
    for measure in found:
        if measure.kind != "duration" or is_attribute(read, measure):
            continue
        if measure.value < 1e-3 and measure.value * 1e9 >= 1:
            each.append(measure)
        elif read.near(measure.after, _TOTALS, 0, 2) or _labels_all(read, measure):
            total.append(measure)
        elif _is_each(read, measure) or measure.value < 1 or read.near(measure.first, _LATENCY, 3):
            each.append(measure)
        elif measure.value >= 60 or read.near(measure.first, _TOTALS, 4) or read.near(measure.after, _TOTALS, 0, 4):
            total.append(measure)
    if each:
        longest = max(each, key=lambda measure: measure.value)
        yield "seconds_each", longest.value, longest
    if total:
        longest = max(total, key=lambda measure: measure.value)
        yield "seconds_total", longest.value, longest


def _labels_all(read: Text, measure: Measure) -> bool:
    """Whether the label of a time speaks of the whole: "loop: 40 s", "without pool: 3 min"."""
    return read.word(measure.first - 1) in (":", "=") and read.near(measure.first - 1, _WHOLES, 3)


_WHOLES = vocabulary("loop plain serial sequential threads processes pool threadpoolexecutor n workers total boucle")


def is_attribute(read: Text, measure: Measure) -> bool:
    """Whether a time is not what the work takes: a film of 2 h, every 10 minutes, the last 3 days, 5 days ago."""
    before, following = read.word(measure.first - 1), read.word(measure.after)
    if following in _MEDIA or (following in ("de", "of", "d'") and read.word(measure.after + 1) in _MEDIA):
        return True
    if before in _BEFORE_PERIOD:
        return True
    if before in ("les", "las") and read.word(measure.first - 2) in ("toutes", "todas"):
        return True
    if before in ("of", "von") and read.word(measure.first - 2) in _MEDIA:
        return True
    return per_time(read, measure.after)[1] > 0


_BEFORE_PERIOD = vocabulary("every evry alle каждые toutes last past next within letzten timeout")


def _is_each(read: Text, measure: Measure) -> bool:
    following, then = read.word(measure.after), read.word(measure.after + 1)
    if following in _EACH and then not in DURATIONS:
        return True
    if following in ("/", "a", "an", "per", "за", "на") and then not in DURATIONS and then[:1].isalpha():
        return then not in ("time", "whole", "total")
    if read.word(measure.first - 1) == "of" and read.word(measure.first - 2).endswith("s"):
        return True  # "11 rounds of 6 min"
    if read.word(measure.first - 1) in ("x", "×", "*", "à", "@", "je", "по"):
        return True
    for back in range(1, 4):  # "1枚90秒", "1 個体 4 秒", "每个 4 秒"
        word = read.word(measure.first - back)
        if word in COUNTERS and read.word(measure.first - back - 1) in ("1", "一", "每", "毎"):
            return True
    return (
        read.near(measure.first, _EACH, 7) or read.near(measure.after, _EACH_AFTER, 0, 3) or _one_takes(read, measure)
    )


_ONE = vocabulary("a an one single ein eine einen un une una um uma один одна одно 一个 1つ")
_BEGINS = STOPS | vocabulary("and but where since because as that if und aber et mais y pero и") | {""}
_TAKE = vocabulary(
    "takes need needs took is was dauert braucht prend dure tarda toma demora leva занимает длится идёт идет costs eats"
)


def _one_takes(read: Text, measure: Measure) -> bool:
    """ "A page takes 4 s", "one run is 20 min": of one of them, and right before the time."""
    for back in range(1, 5):
        word = read.word(measure.first - back)
        if word in _TAKE:
            ones = (measure.first - back - ahead for ahead in (2, 3))
            return any(read.word(at) in _ONE and read.word(at - 1) in _BEGINS for at in ones)
        if word in STOPS or not word:
            return False
    return False


def sizes(read: Text, found: list[Measure]) -> Told:
    """The largest size told for one of the things."""
    each = [measure for measure in found if measure.kind == "size" and measure.value > 0 and _size_each(read, measure)]
    if each:
        largest = max(each, key=lambda measure: measure.value)
        yield "bytes_each", largest.value, largest


def _size_each(read: Text, measure: Measure) -> bool:
    before, earlier = read.word(measure.first - 1), read.word(measure.first - 2)
    if before in ("x", "×", "*", "à", "par", "je", "по", "averaging"):
        return True
    if before in ("of", "de", "von", "about") and _is_plural(earlier):
        return True
    following, then = read.word(measure.after), read.word(measure.after + 1)
    if following in _EACH or following in ("a", "an") or (following == "/" and then != "s"):
        return then not in DURATIONS
    return following in ITEMS or read.near(measure.first, _EACH, 4)


def _is_plural(word: str) -> bool:
    return word in ITEMS or (len(word) > 3 and word.endswith("s") and word not in NOT_ITEMS)
