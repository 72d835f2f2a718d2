"""Numbers with their units, in SI: durations, sizes, rates, shares, cores, workers, and what is just a count.

A number is what its unit says, and without one what its neighbours make of it. Versions, years, ports, networks and
sizes of pictures are no counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from advisor.describe.text.numbers import ARTICLES, Number, numbers
from advisor.describe.text.tokenizer import Text, table, vocabulary

LONGEST = 10 * 365 * 86400.0  # seconds; who tells more speaks of something else

Kind = Literal["duration", "size", "rate", "cores", "workers", "percent", "ratio", "count"]


class Measure(NamedTuple):
    """A number in SI units, where it stands in the text, and the tokens `[first, after)` it is made of."""

    kind: Kind
    value: float
    start: int
    end: int
    first: int
    after: int


Told = Iterable[tuple[str, float, Measure]]  # fields of the quantities, their values, and where they are told

DURATIONS = table(
    (1e-9, "ns nanosecond nanoseconds"),
    (1e-6, "us µs μs usec microsecond microseconds mikrosekunden microsecondes microsegundos mks мкс"),
    (1e-3, "ms msec msecs millis millisec millisecond milliseconds"),
    (1e-3, "millisekunden millisecondes milisegundos мс 毫秒 ミリ秒"),
    (1.0, "s sec secs second seconds secconds secound second-long"),
    (1.0, "sek sekunde sekunden seconde secondes segundo segundos seg secondi sekund sekundy saniye sn"),
    (1.0, "сек с секунд секунды секунду секунда 秒 सेकंड"),
    (60.0, "min mins minute minutes minuten minuto minutos minuti minut minuty dakika dk"),
    (60.0, "мин минут минуты минуту 分 分钟 分鐘 मिनट"),
    (3600.0, "h hr hrs hour hours std stunde stunden heure heures hora horas ore ora godzin godziny godzinę saat"),
    (3600.0, "ч час часа часов 小时 小時 時間 घंटे घंटा"),
    (86400.0, "d day days tag tage tagen jour jours dia dias día días giorni dni gün"),
    (86400.0, "день дня дней сутки суток 天 日 दिन"),
    (900.0, "viertelstunde"),
    (1800.0, "demi-heure полчаса"),
    (604800.0, "week weeks woche wochen semaine semaines semana semanas неделю недели недель 周 週間"),
)
_CLOCK = table((3600.0, "h hrs hour hours std"), (60.0, "m min"))
_SIZES = table(
    (1.0, "byte bytes octets"),
    (1e3, "kb kib ko кб kbyte kilobyte kilobytes"),
    (1e6, "mb mib mo мб meg megs megabyte megabytes mbyte мегабайт 兆"),
    (1e9, "gb gib gig gigs gigabyte gigabytes gbyte го гб гигабайт go gbs"),
    (1e12, "tb tib тб to terabyte terabytes tbyte терабайт"),
)
_CORES = table(
    (1.0, "core cores cors cpus vcpu vcpus kern kerne kernen coeurs coeur cœurs cœur núcleos núcleo nucleos nucleo"),
    (1.0, "cores-node ядер ядра ядро ядрах rdzeni çekirdek 核 核心 コア कोर"),
)
_WORKERS = vocabulary(
    "thread threads threds thrds threades worker workers processes proceses procs workern prozesse prozessen hilos "
    "procesos fils processus потоков потока потоках процессов воркеров 线程 進程 进程 スレッド プロセス wątków "
    "goroutines coroutines coroutins coroutinen interpreters forks"
)
_PERCENT = vocabulary("% percent prozent pct pourcent процентов процента проц")
_RANGES = vocabulary("- – — to bis à a до ~ 到 〜")
_BEFORE_NO_COUNT = vocabulary(
    "version v release port page step level depth cost rule section chapter code http error status number nr "
    "postgres postgresql python py php java django ubuntu debian windows win ios android oracle zoom line layer gen "
    "i9 i7 i5 ryzen in_year id exit pydantic mk channel com zig channels issue ticket sprint turn day week top "
    "thread worker m8 depth= pass db2 h bleu q iso rfc p seed from_year chmod utf base x86"
)
NO_NOUN = vocabulary(
    "it this i we they which that when if he she you then but of von de d' per and und or with in at on is are was "
    "takes x × * / = : - for the"
)


def measures(read: Text) -> list[Measure]:
    """Every number of the text with its unit, in their order; what is no number of anything is left out."""
    found: list[Measure] = []
    at = 0
    for number in numbers(read):
        if number.first < at or _is_label(read, number):
            continue
        value = number.value
        if found and found[-1].kind == "count" and read.word(number.first - 1) in _RANGES:
            value = _middle(read, found, number)
        measure = _measure(read, number, value)
        if measure is not None:
            found.append(measure)
            at = measure.after
    taken = {at for measure in found for at in range(measure.first, measure.after)}
    for at, token in enumerate(read.tokens):
        if token.word in ARTICLES and at not in taken:
            found.extend(_article(read, at))
    found.sort(key=lambda measure: measure.first)
    return found


def _middle(read: Text, found: list[Measure], number: Number) -> float:
    """The middle of "4-9 s" and "20 to 60 s", whose first half was taken for a count."""
    lower = found[-1]
    if lower.after == number.first - 1 and 0 < lower.value < number.value <= 50 * lower.value:
        found.pop()
        return (lower.value + number.value) / 2
    return number.value


def _is_label(read: Text, number: Number) -> bool:
    """Whether the digits are part of a name: PERF-212, /24, :8080, v2, x265, 3.12, 13k x 13k pixels."""
    before = read.word(number.first - 1)
    fused = read.fused(number.first)
    if fused and before == "/" and number.first >= 2:
        return read.word(number.first - 2)[-1:].isalnum() or not read.word(number.after)
    if fused and before == "/":
        return True
    if fused and before in ("#", "$", "€", "£", "₹", "@", "\\"):
        return True
    if fused and before in ("-", "_") and number.first >= 2 and read.fused(number.first - 1):
        return read.word(number.first - 2)[-1:].isalpha()
    if fused and before == ":" and read.fused(number.first - 1):
        return not read.fused(number.after) and "=" not in read.word(number.first - 2)
    return False


def _measure(read: Text, number: Number, value: float) -> Measure | None:
    after = number.after
    if read.word(after) == "+":
        after += 1
    if read.word(after) == "-" and read.fused(after) and read.word(after + 1)[:1].isalpha():
        after += 1  # "16-core", "30-second"
    for reader in (_percent, _ratio, _clock, _duration, _size, _at_work, _rate, _count):
        measure = reader(read, number, value, after)
        if measure is not None:
            return measure
    return None


def _made(read: Text, kind: Kind, value: float, number: Number, after: int) -> Measure:
    return Measure(kind, value, read.tokens[number.first].start, read.tokens[after - 1].end, number.first, after)


def _percent(read: Text, number: Number, value: float, after: int) -> Measure | None:
    if read.word(after) in _PERCENT:
        return _made(read, "percent", value / 100, number, after + 1)
    if read.word(after) in ("pour", "por", "per") and read.word(after + 1) in ("cent", "ciento", "cento"):
        return _made(read, "percent", value / 100, number, after + 2)
    return None


def _ratio(read: Text, number: Number, value: float, after: int) -> Measure | None:
    """ "3.8x", "40 times slower"; not the "13k x 13k" of a size."""
    word, following = read.word(after), read.word(after + 1)
    if word in ("x", "×") and read.fused(after) and not following[:1].isdecimal():
        return _made(read, "ratio", _as_decimal(read, number, value), number, after + 1)
    if word in _TIMES and (following in _FASTER_SLOWER or word == "倍"):
        return _made(read, "ratio", _as_decimal(read, number, value), number, after + 1)
    return None


_TIMES = vocabulary("x × times mal fois veces раз vezes 倍 -fach fach")
_FASTER_SLOWER = vocabulary(
    "faster slower quicker as longer schneller langsamer plus más mais быстрее медленнее speedup speed-up speed the"
)


def _as_decimal(read: Text, number: Number, value: float) -> float:
    """ "1.234 s" is a decimal where a count would be in thousands."""
    word = read.word(number.first)
    if number.after == number.first + 1 and word.count(".") == 1 and "," not in word and len(word) <= 7:
        return float(word)
    return value


def _clock(read: Text, number: Number, value: float, after: int) -> Measure | None:
    """ "1h30", "58m11s", "2h 40", "1h 52min": the first part and what follows it."""
    word = read.word(after)
    if read.fused(after) and len(word) > 1 and word[0] in "hm" and word[1].isdecimal():
        unit, digits = word[0], word[1:].rstrip("smin")
        if digits.isdecimal() and len(digits) <= 2:
            return _made(read, "duration", value * _CLOCK[unit] + int(digits) * _CLOCK[unit] / 60, number, after + 1)
    if word in _CLOCK:
        scale, following, lower = _CLOCK[word], read.word(after + 1), read.word(after + 2)
        ends = lower in (("min", "mins", "minutes", "m") if scale == 3600.0 else ("s", "sec", "seconds"))
        two = following.isdecimal() and len(following) <= 2
        if two and (ends or (scale == 3600.0 and len(following) == 2 and lower in ("", ".", ",", ")", "\n"))):
            seconds = value * scale + int(following) * scale / 60
            return _made(read, "duration", seconds, number, after + 2 + ends)
    return None


def _duration(read: Text, number: Number, value: float, after: int) -> Measure | None:
    seconds, length = _unit(read, after, DURATIONS)
    if length == 0 and read.word(after) == "m" and read.fused(after) and read.word(after + 1) != "/":
        seconds, length = 60.0, 1
    if length == 0 and read.word(after) == "of" and read.word(after + 1) in ARTICLES:
        seconds, length = _unit(read, after + 2, DURATIONS)
        length += 2 if length else 0
    if length == 0 and read.word(after) in ("quarters", "quarter") and read.word(after + 2) in ARTICLES:
        seconds, length = _unit(read, after + 3, DURATIONS)  # "three quarters of a second"
        value, length = value / 4, length + 3 if length else 0
    if length == 0 or (read.word(after) in ("d", "с", "日") and (not read.fused(after) or value in (2, 3))):
        return None  # "3d" is a kind of printer
    value = _as_decimal(read, number, value)
    ended = after + length
    following, then = read.word(ended), read.word(ended + 1)
    if following in _AND and then in ARTICLES and read.word(ended + 2) in _HALF:
        return _made(read, "duration", (value + 0.5) * seconds, number, ended + 3)
    return _made(read, "duration", min(value * seconds, LONGEST), number, ended)


_AND = vocabulary("and und et y")
_HALF = vocabulary("half halb media")


def _unit(read: Text, at: int, units: dict[str, float]) -> tuple[float, int]:
    """A unit at a token, of several characters in Chinese and Japanese, and how many tokens it takes."""
    word = read.word(at)
    if word and ord(word[0]) > 0x3000:
        for length in (3, 2):
            joined = "".join(read.word(at + step) for step in range(length))
            if read.word(at + length - 1) and joined in units:
                return units[joined], length
    if word == "个" and ord(read.word(at + 1)[:1] or "a") > 0x3000:
        value, length = _unit(read, at + 1, units)
        return value, length + 1 if length else 0
    return (units[word], 1) if word in units else (0.0, 0)


def _size(read: Text, number: Number, value: float, after: int) -> Measure | None:
    scale, length = _unit(read, after, _SIZES)
    word = read.word(after)
    if length == 0 or (word in ("to", "go", "mo", "ko") and read.raw[read.tokens[after].start].islower()):
        return None  # "5 to 9", "2 go": the French units are written with a capital
    ended = after + length
    if per_time(read, ended)[1]:
        scaled, length = per_time(read, ended)
        return _made(read, "rate", -value * scale / scaled, number, ended + length)  # bytes: no rate of calls
    if word in ("mb", "gb", "kb") and read.word(ended) in ("ram", "memory", "speicher", "vram", "of_ram"):
        return _made(read, "size", -1.0, number, ended + 1)
    return _made(read, "size", value * scale, number, ended)


def per_time(read: Text, at: int) -> tuple[float, int]:
    """The seconds of "/s", "per minute", "a day", and its number of tokens; (0, 0) if no rate follows."""
    word, following = read.word(at), read.word(at + 1)
    if word in ("ps", "qps", "rps", "tps"):
        return 1.0, 1
    if word in _PER_TIME and following in DURATIONS and (word != "a" or len(following) > 1):
        return DURATIONS[following], 2
    if word in ("每", "毎"):
        seconds, length = _unit(read, at + 1, DURATIONS)
        return seconds, length + 1 if length else 0
    return 0.0, 0


_PER_TIME = vocabulary("/ per a an pro je par por pr в за na al à al in_a a-")


def _at_work(read: Text, number: Number, value: float, after: int) -> Measure | None:
    """Cores, or workers: "8 fast cores", "16 threads"."""
    for at in range(after, after + 3):
        word = read.word(at)
        if _unit(read, at, _CORES)[1] or (word == "cpu" and at < after + 2 and value > 1):
            return _made(read, "cores", value, number, at + 1)
        joined = word if not word or ord(word[0]) < 0x3000 else read.pair(at)
        if word in _WORKERS or joined in _WORKERS or read.pair(at) + read.word(at + 2) in _WORKERS:
            cores = read.word(at + 1) in _PROCESSORS or read.near(number.first, _CPU_TALK, 2)
            return _made(read, "cores" if cores else "workers", value, number, at + 1)
        if not (word.isalpha() or "-" in word) or word in NO_NOUN:
            break
    return None


_PROCESSORS = vocabulary("cpu machine ryzen xeon")
_CPU_TALK = _PROCESSORS | vocabulary("i7 i9 laptop")


def _rate(read: Text, number: Number, value: float, after: int) -> Measure | None:
    """ "60 requests an hour"; so many a day are no rate but the job of a day."""
    for at in range(after, after + 4):
        seconds, length = per_time(read, at)
        if length and seconds < 86400:
            return _made(read, "rate", value / seconds, number, at + length)
        word = read.word(at)
        if not (word.isalpha() or word == "/") or word in _NO_RATE:
            break
    return None


_NO_RATE = vocabulary("x takes need needs took")


def _count(read: Text, number: Number, value: float, after: int) -> Measure | None:
    return None if read.word(number.first - 1) in _BEFORE_NO_COUNT else _made(read, "count", value, number, after)


def _article(read: Text, at: int) -> Iterator[Measure]:
    """ "an hour", "one second", "a minute": a duration whose number is an article."""
    seconds, length = _unit(read, at + 1, DURATIONS)
    unit = read.word(at + 1)
    if length == 0 or len(unit) < 3:
        return
    following = read.word(at + 2)
    ordinal = unit == "second" and following.isalpha() and following not in _AFTER_SECOND
    if ordinal or read.word(at - 1) in ("times", "twice", "once", "times,", "mal") or unit in ("day", "days", "week"):
        return
    if _follows_count(read, at):
        return
    value = 1.5 if following in ("and", "und") and read.word(at + 3) in ARTICLES else 1.0
    yield Measure("duration", value * seconds, read.tokens[at].start, read.tokens[at + 1].end, at, at + 2)


_AFTER_SECOND = vocabulary("each per a an for to until till in or and of is before on every apiece with pro par at")
_TAKES = vocabulary("takes take needs need took for about is lasts of dauert braucht tarda met leva")


def _follows_count(read: Text, at: int) -> bool:
    """Whether "an hour" belongs to a rate: "60 requests an hour"."""
    for back in range(1, 4):
        word = read.word(at - back)
        if word[:1].isdecimal() or word in ("k", "hundred", "thousand"):
            return True
        if not word.isalpha() or word in _TAKES:
            return False
    return False
