"""Extract amounts, numbers with their units in SI: durations, sizes, rates, shares, cores, workers, and plain counts.

The unit decides the kind of an amount; without one, the words around it do. Versions, years, ports, networks and image
sizes are not counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from advisor.describe.text.numbers import ARTICLES, Number, extract_numbers
from advisor.describe.text.tokenizer import TABLES, TokenizedText, word_set, word_values

MAX_DURATION = 10 * 365 * 86400.0  # seconds; longer durations are not about the job

AmountKind = Literal["duration", "size", "rate", "cores", "workers", "percent", "ratio", "count"]


class Amount(NamedTuple):
    """A number in SI units and its tokens `[start, end)`."""

    kind: AmountKind
    value: float
    start: int
    end: int


FieldValues = Iterable[tuple[str, float, Amount]]  # names of fields, their values, and the amounts that give them

DURATIONS = word_values(*TABLES["durations"])
_CLOCK_UNITS = word_values((3600.0, "h hrs hour hours std"), (60.0, "m min"))
_SIZES = word_values(*TABLES["sizes"])
_CORES = word_values(*TABLES["cores"])
_WORKERS = word_set(TABLES["workers"])
_PERCENT = word_set("% percent prozent pct pourcent процентов процента проц")
_RANGES = word_set("- – — to bis à a до ~ 到 〜")
_BEFORE_NO_COUNT = word_set(TABLES["before_no_count"])
NOT_NOUNS = word_set(TABLES["not_nouns"])


def extract_amounts(text: TokenizedText) -> list[Amount]:
    """Find the amounts from left to right; numbers that are part of a name are left out."""
    found: list[Amount] = []
    end = 0
    for number in extract_numbers(text):
        if number.start < end or _is_label(text, number):
            continue
        if found and found[-1].kind == "count" and text.word(number.start - 1) in _RANGES:
            number = _merge_range(found, number)
        amount = _parse_amount(text, number)
        if amount is not None:
            found.append(amount)
            end = amount.end
    used = {index for amount in found for index in range(amount.start, amount.end)}
    for index, token in enumerate(text.tokens):
        if token.word in ARTICLES and index not in used:
            found.extend(_parse_article(text, index))
    found.sort(key=lambda amount: amount.start)
    return found


def _merge_range(found: list[Amount], number: Number) -> Number:
    """Return the middle of "4-9 s" and "20 to 60 s", whose lower end was parsed as a count."""
    lower = found[-1]
    if lower.end == number.start - 1 and 0 < lower.value < number.value <= 50 * lower.value:
        found.pop()
        return number._replace(value=(lower.value + number.value) / 2)
    return number


def _is_label(text: TokenizedText, number: Number) -> bool:
    """Return True if the digits are part of a name: PERF-212, /24, :8080, #17, $40."""
    if not text.is_attached(number.start):
        return False
    before, earlier = text.word(number.start - 1), text.word(number.start - 2)
    if before == "/":
        return number.start < 2 or earlier[-1:].isalnum() or not text.word(number.end)
    if before in ("#", "$", "€", "£", "₹", "@", "\\"):
        return True
    if before in ("-", "_", ":") and number.start >= 2 and text.is_attached(number.start - 1):
        return earlier[-1:].isalpha() if before != ":" else not text.is_attached(number.end) and "=" not in earlier
    return False


def _parse_amount(text: TokenizedText, number: Number) -> Amount | None:
    end = number.end
    if text.word(end) == "+":
        end += 1
    if text.word(end) == "-" and text.is_attached(end) and text.word(end + 1)[:1].isalpha():
        end += 1  # "16-core", "30-second"
    parsers = (_parse_percent, _parse_ratio, _parse_clock, _parse_duration, _parse_size, _parse_workers, _parse_rate)
    for parse in parsers:
        amount = parse(text, number, end)
        if amount is not None:
            return amount
    if text.word(number.start - 1) in _BEFORE_NO_COUNT:
        return None
    return Amount("count", number.value, number.start, end)


def _parse_percent(text: TokenizedText, number: Number, end: int) -> Amount | None:
    if text.word(end) in _PERCENT:
        return Amount("percent", number.value / 100, number.start, end + 1)
    if text.word(end) in ("pour", "por", "per") and text.word(end + 1) in ("cent", "ciento", "cento"):
        return Amount("percent", number.value / 100, number.start, end + 2)
    return None


def _parse_ratio(text: TokenizedText, number: Number, end: int) -> Amount | None:
    """Parse "3.8x" and "40 times slower", but not the size "13k x 13k"."""
    word, following = text.word(end), text.word(end + 1)
    attached = word in ("x", "×") and text.is_attached(end) and not following[:1].isdecimal()
    if attached or (word in _TIMES and (following in _FASTER_SLOWER or word == "倍")):
        return Amount("ratio", _as_decimal(text, number), number.start, end + 1)
    return None


_TIMES = word_set("x × times mal fois veces раз vezes 倍 -fach fach")
_FASTER_SLOWER = word_set(TABLES["faster_slower"])


def _as_decimal(text: TokenizedText, number: Number) -> float:
    """Return 1.234 for "1.234 s", where a count would be 1234."""
    word = text.word(number.start)
    if number.end == number.start + 1 and word.count(".") == 1 and "," not in word and len(word) <= 7:
        return float(word)
    return number.value


def _parse_clock(text: TokenizedText, number: Number, end: int) -> Amount | None:
    """Parse "1h30", "58m11s", "2h 40", "1h 52min"."""
    word = text.word(end)
    if text.is_attached(end) and len(word) > 1 and word[0] in "hm" and word[1].isdecimal():
        unit, digits = _CLOCK_UNITS[word[0]], word[1:].rstrip("smin")
        if digits.isdecimal() and len(digits) <= 2:
            return Amount("duration", number.value * unit + int(digits) * unit / 60, number.start, end + 1)
    if word in _CLOCK_UNITS:
        unit, following, lower = _CLOCK_UNITS[word], text.word(end + 1), text.word(end + 2)
        has_unit = lower in (("min", "mins", "minutes", "m") if unit == 3600.0 else ("s", "sec", "seconds"))
        bare = unit == 3600.0 and len(following) == 2 and lower in ("", ".", ",", ")", "\n")
        if following.isdecimal() and len(following) <= 2 and (has_unit or bare):
            seconds = number.value * unit + int(following) * unit / 60
            return Amount("duration", seconds, number.start, end + 2 + has_unit)
    return None


def _parse_duration(text: TokenizedText, number: Number, end: int) -> Amount | None:
    word, value = text.word(end), number.value
    seconds, length = _match_unit(text, end, DURATIONS)
    if length == 0 and word == "m" and text.is_attached(end) and text.word(end + 1) != "/":
        seconds, length = 60.0, 1
    if length == 0 and word == "of" and text.word(end + 1) in ARTICLES:
        seconds, length = _match_unit(text, end + 2, DURATIONS)
        length += 2 if length else 0
    if length == 0 and word in ("quarters", "quarter") and text.word(end + 2) in ARTICLES:
        seconds, length = _match_unit(text, end + 3, DURATIONS)  # "three quarters of a second"
        number, length = number._replace(value=value / 4), length + 3 if length else 0
    if length == 0 or (word in ("d", "с", "日") and (not text.is_attached(end) or value in (2, 3))):
        return None  # "3d" is a kind of printer
    value = _as_decimal(text, number)
    end += length
    if text.word(end) in _AND and text.word(end + 1) in ARTICLES and text.word(end + 2) in _HALF:
        return Amount("duration", (value + 0.5) * seconds, number.start, end + 3)
    return Amount("duration", min(value * seconds, MAX_DURATION), number.start, end)


_AND = word_set("and und et y")
_HALF = word_set("half halb media")


def _match_unit(text: TokenizedText, index: int, units: dict[str, float]) -> tuple[float, int]:
    """Return the value of the unit at a token and its number of tokens, which is above 1 in Chinese and Japanese."""
    word = text.word(index)
    if word and ord(word[0]) > 0x3000:
        for length in (3, 2):
            joined = "".join(text.word(index + step) for step in range(length))
            if text.word(index + length - 1) and joined in units:
                return units[joined], length
    if word == "个" and ord(text.word(index + 1)[:1] or "a") > 0x3000:
        value, length = _match_unit(text, index + 1, units)
        return value, length + 1 if length else 0
    return (units[word], 1) if word in units else (0.0, 0)


def _parse_size(text: TokenizedText, number: Number, end: int) -> Amount | None:
    unit, length = _match_unit(text, end, _SIZES)
    word = text.word(end)
    if length == 0 or (word in ("to", "go", "mo", "ko") and text.raw[text.tokens[end].start].islower()):
        return None  # "5 to 9", "2 go": the French units are written with a capital
    end += length
    seconds, length = match_per_time(text, end)
    if length:
        return Amount("rate", -number.value * unit / seconds, number.start, end + length)  # bytes, not calls
    if word in ("mb", "gb", "kb") and text.word(end) in ("ram", "memory", "speicher", "vram", "of_ram"):
        return Amount("size", -1.0, number.start, end + 1)
    return Amount("size", number.value * unit, number.start, end)


def match_per_time(text: TokenizedText, index: int) -> tuple[float, int]:
    """Return the seconds of "/s", "per minute", "a day", and the number of tokens; (0, 0) if there is no such unit."""
    word, following = text.word(index), text.word(index + 1)
    if word in ("ps", "qps", "rps", "tps"):
        return 1.0, 1
    if word in _PER_TIME and following in DURATIONS and (word != "a" or len(following) > 1):
        return DURATIONS[following], 2
    if word in ("每", "毎"):
        seconds, length = _match_unit(text, index + 1, DURATIONS)
        return seconds, length + 1 if length else 0
    return 0.0, 0


_PER_TIME = word_set("/ per a an pro je par por pr в за na al à al in_a a-")


def _parse_workers(text: TokenizedText, number: Number, end: int) -> Amount | None:
    """Parse cores and workers: "8 fast cores", "16 threads"."""
    for index in range(end, end + 3):
        word = text.word(index)
        if _match_unit(text, index, _CORES)[1] or (word == "cpu" and index < end + 2 and number.value > 1):
            return Amount("cores", number.value, number.start, index + 1)
        joined = word if not word or ord(word[0]) < 0x3000 else text.pair(index)
        if word in _WORKERS or joined in _WORKERS or text.pair(index) + text.word(index + 2) in _WORKERS:
            cores = text.word(index + 1) in _PROCESSORS or text.has_near(number.start, _CPU_TALK, 2)
            return Amount("cores" if cores else "workers", number.value, number.start, index + 1)
        if not (word.isalpha() or "-" in word) or word in NOT_NOUNS:
            break
    return None


_PROCESSORS = word_set("cpu machine ryzen xeon")
_CPU_TALK = _PROCESSORS | word_set("i7 i9 laptop")


def _parse_rate(text: TokenizedText, number: Number, end: int) -> Amount | None:
    """Parse "60 requests an hour"; "9,000 pictures a day" is a count, the job of a day."""
    for index in range(end, end + 4):
        seconds, length = match_per_time(text, index)
        if length and seconds < 86400:
            return Amount("rate", number.value / seconds, number.start, index + length)
        word = text.word(index)
        if not (word.isalpha() or word == "/") or word in _NO_RATE:
            break
    return None


_NO_RATE = word_set("x takes need needs took")


def _parse_article(text: TokenizedText, index: int) -> Iterator[Amount]:
    """Parse a duration whose number is an article: "an hour", "one second", "a minute and a half"."""
    seconds, length = _match_unit(text, index + 1, DURATIONS)
    unit, following = text.word(index + 1), text.word(index + 2)
    if length == 0 or len(unit) < 3:
        return
    is_ordinal = unit == "second" and following.isalpha() and following not in _AFTER_SECOND
    is_rate = text.word(index - 1) in ("times", "twice", "once", "times,", "mal") or unit in ("day", "days", "week")
    if is_ordinal or is_rate or _follows_count(text, index):
        return
    value = 1.5 if following in ("and", "und") and text.word(index + 3) in ARTICLES else 1.0
    yield Amount("duration", value * seconds, index, index + 2)


_AFTER_SECOND = word_set("each per a an for to until till in or and of is before on every apiece with pro par at")
_TAKES = word_set("takes take needs need took for about is lasts of dauert braucht tarda met leva")


def _follows_count(text: TokenizedText, index: int) -> bool:
    """Return True if "an hour" belongs to a rate: "60 requests an hour"."""
    for back in range(1, 4):
        word = text.word(index - back)
        if word[:1].isdecimal() or word in ("k", "hundred", "thousand"):
            return True
        if not word.isalpha() or word in _TAKES:
            return False
    return False
