"""How many, how long, how large, on how many cores: the quantities that a description tells of the job.

A rate is a limit only where the text says that more is not allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from advisor.describe.text.call_count import calls
from advisor.describe.text.per_call import durations, is_attribute, sizes
from advisor.describe.text.time_shares import busy_cores, clock_times, shares
from advisor.describe.text.tokenizer import ENDS, Text, tokenised, vocabulary
from advisor.describe.text.units import Measure, Told, measures
from advisor.describe.text.wait_share import waiting_share
from advisor.limits import MAX_CORES

SEVERAL = 1.5  # calls under way, on average
SHORTEST = 6  # characters of a text with a number in words, and what it counts


class Span(NamedTuple):
    """Where in the text a field was read."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantities:
    """What was told, in seconds, bytes and fractions; None for what was not."""

    calls: int | None = None
    seconds_each: float | None = None
    seconds_total: float | None = None
    bytes_each: float | None = None
    cores: int | None = None
    workers_tried: int | None = None
    rate_limit_per_second: float | None = None
    at_once: int | None = None  # the most that the other side lets be under way: "the server allows 20 connections"
    cpu_share: float | None = None  # of the machine or of a core, as told: "3 % CPU" is 0.03, "3200 %" is 32.0
    wait_share: float | None = None  # of the time
    busy_cores: float | None = None  # "1 of 16 cores", "one core pegged", "6 %" on 16 cores
    spans: tuple[Span, ...] = ()

    @property
    def several_within_limit(self) -> bool | None:
        """Whether a rate limit lets more than one call be under way at a time."""
        if not self.rate_limit_per_second or not self.seconds_each:
            return None
        return self.rate_limit_per_second * self.seconds_each > SEVERAL


def quantities(text: str) -> Quantities:
    """What the text tells of the job."""
    if len(text) < SHORTEST and not any(char.isdecimal() for char in text):
        return Quantities()
    read = tokenised(text)
    found = measures(read)
    told: dict[str, tuple[float, Measure]] = {}
    _keep(told, durations(read, found))
    _keep(told, sizes(read, found))
    _keep(told, _cores(read, found))
    _keep(told, _workers(read, found))
    _keep(told, _rates(read, found))
    _keep(told, _at_once(read, found))
    _keep(told, shares(read, found))
    _keep(told, clock_times(read, found))
    _keep(told, busy_cores(read, found, told))
    _keep(told, calls(read, found))
    if "cores" not in told:
        _keep(told, _single_core(read))
    if "wait_share" not in told:
        taken = [one for one in found if one.kind == "duration" and not is_attribute(read, one)]
        share = waiting_share(read.low, taken)
        return replace(_quantities(told), wait_share=None if share is None else round(share, 4))
    return _quantities(told)


def _keep(told: dict[str, tuple[float, Measure]], fields: Told) -> None:
    """What is told of a field first counts."""
    for name, value, measure in fields:
        told.setdefault(name, (value, measure))


def _quantities(told: dict[str, tuple[float, Measure]]) -> Quantities:
    return Quantities(
        **{name: int(value) if name in _WHOLE else value for name, (value, _) in told.items()},  # type: ignore[arg-type]
        spans=tuple(Span(name, at.start, at.end) for name, (_, at) in told.items()),
    )


_WHOLE = vocabulary("calls cores workers_tried at_once")


def _cores(read: Text, found: list[Measure]) -> Told:
    """The cores of the machine: the most that are named; "the other 15 cores" are one fewer than all."""
    best: Measure | None = None
    value = 0.0
    for measure in found:
        if measure.kind != "cores" or not 1 < measure.value <= MAX_CORES:
            continue
        cores = float(int(measure.value)) + (read.word(measure.first - 1) in _OTHER)
        after = measure.after
        if read.word(after) in ("of", "von", "sur", "de") and read.word(after + 1) in _THESE:
            whole = read.word(after + 2)
            cores = float(whole) if whole.isdecimal() and len(whole) < 5 else cores
        if cores > value:
            best, value = measure, cores
    if best is not None:
        yield "cores", value, best
        return
    for at, token in enumerate(read.tokens):
        spoken = _SPOKEN_CORES.get(token.word)
        if spoken:
            yield "cores", spoken, Measure("cores", spoken, token.start, token.end, at, at + 1)
            return


_OTHER = vocabulary("other andere anderen otros autres")
_THESE = vocabulary("my the meinen les mis")
_SPOKEN_CORES = {"quad-core": 4, "dual-core": 2, "quadcore": 4, "octa-core": 8, "hexacore": 6}


def _single_core(read: Text) -> Told:
    """A host of one core: "a 1-core VM", "a host with one core". A call that keeps one core busy tells of no host."""
    for at, token in enumerate(read.tokens):
        if token.word in _SINGLE_CORE:
            after = at + 1
        elif token.word in _ONE:
            core = at + 1 + (read.word(at + 1) == "-")
            after = core + 1 if read.word(core) in _CORE else 0
        else:
            continue
        if after and (read.word(after) in _HOSTS or (_has_it(read, at) and read.word(after) in _NO_MORE)):
            last = read.tokens[after - 1]
            yield "cores", 1.0, Measure("cores", 1.0, token.start, last.end, at, after)
            return


def _has_it(read: Text, at: int) -> bool:
    """Whether what stands before tells of a host that has it: "host with", "vm has only a"."""
    before = at - 1
    while read.word(before) in _ONLY:
        before -= 1
    return read.word(before) in _HAVING and read.word(before - 1) in _HOSTS


_ONE = vocabulary("1 one single")
_SINGLE_CORE = vocabulary("single-core one-core single-cpu one-cpu singlecore")
_CORE = vocabulary("core cpu vcpu")
_HOSTS = vocabulary("vm vps host machine server box instance droplet container laptop pc computer node pi")
_HAVING = vocabulary("with has having mit hat (")
_ONLY = vocabulary("only just a but")
_NO_MORE = ENDS | vocabulary(", ) and") | {""}  # not "of 16", "busy" or "at 100 %", which tell of its use


def _workers(read: Text, found: list[Measure]) -> Told:
    """How many workers were tried: "with 8 threads", Pool(8), n_jobs=16; the most, and never a single one."""
    tried = [m for m in found if m.kind == "workers" and 1 < m.value <= 1e6 and m.value == int(m.value)]
    for measure in found:
        if measure.kind == "count" and 1 < measure.value <= 1e6 and measure.value == int(measure.value):
            sign, name = read.word(measure.first - 1), read.word(measure.first - 2)
            if sign in ("(", "=", "x") and (name in _POOLS or (sign == "x" and name in ("thread", "process"))):
                tried.append(measure)
    if tried:
        most = max(tried, key=lambda measure: measure.value)
        yield "workers_tried", most.value, most


_POOLS = vocabulary(
    "pool threadpoolexecutor processpoolexecutor threadpool processpool n_jobs max_workers num_workers workers "
    "threads num_threads n_threads thread-pool semaphore gather limit-concurrency"
)


def _rates(read: Text, found: list[Measure]) -> Told:
    """A rate that may not be exceeded; the rate that is reached today is none."""
    for measure in found:
        if measure.kind != "rate" or measure.value <= 0:
            continue
        if _within_sentence(read, measure.first, measure.after, _LIMITS):
            yield "rate_limit_per_second", measure.value, measure
            return
    for at, token in enumerate(read.tokens):
        if token.word == "crawl-delay":
            for measure in found:
                if 0 < measure.first - at <= 4 and measure.value > 0 and measure.kind in ("count", "duration"):
                    yield "rate_limit_per_second", 1 / measure.value, measure
                    return


_LIMITS = vocabulary(
    "limit limits limited limiting limitiert rate-limit rate-limited rate-limits ratelimit allow allows allowed "
    "allowing permits permitted quota throttle throttles throttled ban banned banning baned bans max maximum tier "
    "free hit cap capped erlaubt höchstens maximal lässt limite limité autorisé límite permite permitido máximo "
    "limitado лимит лимита бан ограничение разрешает 限制 最多 上限 制限 limita crawl-delay policy 429 hoechstens "
    "sonst иначе"
)
_CONNECTIONS = vocabulary(
    "connection connections connexion connexions conexión conexiones conexão conexões verbindung verbindungen "
    "verbindingen соединение соединения соединений подключений 连接 接続 połączeń session sessions slots"
)
_HAS = vocabulary(
    "has have pool up only most maximum max limit limited allow allows allowed lets permits ok hat haben erlaubt "
    "höchstens nur autorise permite permiten máximo разрешает максимум 最多 最大"
)


def _at_once(read: Text, found: list[Measure]) -> Told:
    """How many may be under way: "the db has 20 connections", "they allow 10 sessions"."""
    for measure in found:
        if measure.kind != "count" or measure.value < 1 or measure.value != int(measure.value):
            continue
        ahead = [read.word(measure.after + step) for step in range(3)]
        if any(word in _CONNECTIONS for word in ahead) and read.near(measure.first, _HAS, 6):
            yield "at_once", measure.value, measure
            return


def _within_sentence(read: Text, first: int, after: int, words: frozenset[str], reach: int = 14) -> bool:
    for at in range(first - 1, max(first - reach, -1), -1):
        if read.word(at) in words:
            return True
        if read.word(at) in ENDS:
            break
    for at in range(after, after + reach):
        if read.word(at) in words or read.word(at) + read.word(at + 1) in words:
            return True
        if read.word(at) in ENDS or not read.word(at):
            break
    return False
