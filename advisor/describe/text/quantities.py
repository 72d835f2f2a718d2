"""Extract the quantities of the job that a text describes: how many calls, how long, how large, on how many cores."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.describe.text.call_count import extract_call_count
from advisor.describe.text.cpu_and_wait_shares import extract_busy_cores, extract_shares, extract_time_output
from advisor.describe.text.per_call import extract_durations, extract_sizes, is_unrelated
from advisor.describe.text.tokenizer import SENTENCE_ENDS, TABLES, TokenizedText, tokenize, word_set
from advisor.describe.text.units import Amount, FieldValues, extract_amounts
from advisor.describe.text.wait_share_from_parts import estimate_wait_share
from advisor.input_limits import MAX_CORES

MIN_OVERLAP = 1.5  # calls in progress on average, from which on a rate limit allows calls to overlap
MIN_CHARACTERS = 6  # of a text with a number in words and what it counts


@dataclass(frozen=True, slots=True)
class Quantities:
    """The quantities stated in a text, in seconds, bytes and fractions; None for what is not stated."""

    calls: int | None = None
    seconds_per_call: float | None = None
    total_seconds: float | None = None
    bytes_per_call: float | None = None
    cores: int | None = None
    rate_limit_per_second: float | None = None
    max_concurrent: int | None = None  # the server's limit: "the server allows 20 connections"
    cpu_share: float | None = None  # of the machine or of one core, as stated: "3 % CPU" is 0.03, "3200 %" is 32.0
    wait_share: float | None = None  # of the time
    busy_cores: float | None = None  # "1 of 16 cores", "one core pegged", "6 %" on 16 cores

    @property
    def rate_limit_allows_overlap(self) -> bool | None:
        """Return True if several calls may be in progress at a time under the rate limit."""
        if not self.rate_limit_per_second or not self.seconds_per_call:
            return None
        return self.rate_limit_per_second * self.seconds_per_call > MIN_OVERLAP


def extract_quantities(text: str) -> Quantities:
    """Extract the quantities of the job; the first value found for a field counts."""
    if len(text) < MIN_CHARACTERS and not any(char.isdecimal() for char in text):
        return Quantities()
    tokenized = tokenize(text)
    amounts = extract_amounts(tokenized)
    fields: dict[str, tuple[float, Amount]] = {}
    for extract in (
        extract_durations,
        extract_sizes,
        _extract_cores,
        _extract_rate_limit,
        _extract_max_concurrent,
        extract_shares,
        extract_time_output,
    ):
        _set_defaults(fields, extract(tokenized, amounts))
    _set_defaults(fields, extract_busy_cores(tokenized, amounts, fields))
    _set_defaults(fields, extract_call_count(tokenized, amounts))
    if "cores" not in fields:
        _set_defaults(fields, _extract_single_core(tokenized))
    values = {name: int(value) if name in _INTEGERS else value for name, (value, _) in fields.items()}
    if "wait_share" not in values:
        durations = [amount for amount in amounts if amount.kind == "duration" and not is_unrelated(tokenized, amount)]
        if (share := estimate_wait_share(tokenized, durations)) is not None:
            values["wait_share"] = share
    return Quantities(**values)  # type: ignore[arg-type]


_INTEGERS = word_set("calls cores max_concurrent")


def _set_defaults(fields: dict[str, tuple[float, Amount]], found: FieldValues) -> None:
    for name, value, amount in found:
        fields.setdefault(name, (value, amount))


def _extract_cores(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the cores of the machine: the largest number named; "the other 15 cores" are one fewer than all."""
    best: Amount | None = None
    most = 0.0
    for amount in amounts:
        if amount.kind != "cores" or not 1 < amount.value <= MAX_CORES:
            continue
        cores = float(int(amount.value)) + (text.word(amount.start - 1) in _OTHER)
        if text.word(amount.end) in ("of", "von", "sur", "de") and text.word(amount.end + 1) in _THESE:
            total = text.word(amount.end + 2)
            cores = float(total) if total.isdecimal() and len(total) < 5 else cores
        if cores > most:
            best, most = amount, cores
    if best is not None:
        yield "cores", most, best
        return
    for index, token in enumerate(text.tokens):
        if cores := _CORE_ADJECTIVES.get(token.word, 0):
            yield "cores", cores, Amount("cores", cores, index, index + 1)
            return


_OTHER = word_set("other andere anderen otros autres")
_THESE = word_set("my the meinen les mis")
_CORE_ADJECTIVES = {"quad-core": 4, "dual-core": 2, "quadcore": 4, "octa-core": 8, "hexacore": 6}


def _extract_single_core(text: TokenizedText) -> FieldValues:
    """Yield 1 for a host of one core: "a 1-core VM", "a host with one core", but not "keeps one core busy"."""
    for index, token in enumerate(text.tokens):
        if token.word in _SINGLE_CORE:
            end = index + 1
        elif token.word in _ONE:
            core = index + 1 + (text.word(index + 1) == "-")
            end = core + 1 if text.word(core) in _CORE else 0
        else:
            continue
        if end and (text.word(end) in _HOSTS or (_has_host(text, index) and text.word(end) in _AFTER_CORE)):
            yield "cores", 1.0, Amount("cores", 1.0, index, end)
            return


def _has_host(text: TokenizedText, index: int) -> bool:
    """Return True if the words before name a host that has the core: "host with", "vm has only a"."""
    before = index - 1
    while text.word(before) in _ONLY:
        before -= 1
    return text.word(before) in _HAVING and text.word(before - 1) in _HOSTS


_ONE = word_set("1 one single")
_SINGLE_CORE = word_set("single-core one-core single-cpu one-cpu singlecore")
_CORE = word_set("core cpu vcpu")
_HOSTS = word_set("vm vps host machine server box instance droplet container laptop pc computer node pi")
_HAVING = word_set("with has having mit hat (")
_ONLY = word_set("only just a but")
_AFTER_CORE = SENTENCE_ENDS | word_set(", ) and") | {""}  # not "of 16", "busy", "at 100 %", which are about its use


def _extract_rate_limit(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield the rate that must not be exceeded, not one that is merely reached today."""
    for amount in amounts:
        if amount.kind == "rate" and amount.value > 0 and _in_sentence(text, amount, _LIMITS):
            yield "rate_limit_per_second", amount.value, amount
            return
    for index, token in enumerate(text.tokens):
        if token.word == "crawl-delay":
            for amount in amounts:
                if 0 < amount.start - index <= 4 and amount.value > 0 and amount.kind in ("count", "duration"):
                    yield "rate_limit_per_second", 1 / amount.value, amount
                    return


_LIMITS = word_set(TABLES["limits"])
_CONNECTIONS = word_set(TABLES["connections"])
_HAS = word_set(TABLES["has"])


def _extract_max_concurrent(text: TokenizedText, amounts: list[Amount]) -> FieldValues:
    """Yield how many calls may be in progress: "the db has 20 connections", "they allow 10 sessions"."""
    for amount in amounts:
        if amount.kind != "count" or amount.value < 1 or amount.value != int(amount.value):
            continue
        following = [text.word(amount.end + step) for step in range(3)]
        if any(word in _CONNECTIONS for word in following) and text.has_near(amount.start, _HAS, 6):
            yield "max_concurrent", amount.value, amount
            return


def _in_sentence(text: TokenizedText, amount: Amount, words: frozenset[str], reach: int = 14) -> bool:
    """Return True if one of the words is in the amount's sentence."""
    for index in range(amount.start - 1, max(amount.start - reach, -1), -1):
        if text.word(index) in words:
            return True
        if text.word(index) in SENTENCE_ENDS:
            break
    for index in range(amount.end, amount.end + reach):
        if text.word(index) in words or text.pair(index) in words:
            return True
        if text.word(index) in SENTENCE_ENDS or not text.word(index):
            break
    return False
