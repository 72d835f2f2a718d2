"""Extract the numbers of a text, as people write them: "10k", "1,200", "2,5 Mio", "a couple hundred", 两万."""

from __future__ import annotations

from typing import NamedTuple

from advisor.describe.text.tokenizer import TABLES, TokenizedText, word_values
from advisor.input_limits import MAX_DIGITS_IN_TEXT, MAX_NUMBER_IN_TEXT


class Number(NamedTuple):
    """A number and its tokens `[start, end)`."""

    value: float
    start: int
    end: int


SMALL = word_values(*TABLES["small"])
VAGUE = word_values(*TABLES["vague"])
MULTIPLES = word_values(*TABLES["multiples"])
PLURALS = word_values(*TABLES["plurals"])
FRACTIONS = word_values((0.5, "half halbe halben halber halbes demi media meia пол"), (0.25, "quarter viertel"))
ARTICLES = frozenset(
    {"a", "an", "one", "ein", "eine", "einer", "einem", "un", "une", "una", "um", "uma", "один", "одна"}
)
_TENS = frozenset({20, 30, 40, 50, 60, 70, 80, 90})
_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
_HAN_DIGITS |= {"几": 3, "数": 3, "両": 2, "两": 2, "兩": 2, "〇": 0}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}


def extract_numbers(text: TokenizedText) -> list[Number]:
    """Find the numbers from left to right, without overlaps."""
    found: list[Number] = []
    index = 0
    while index < len(text.tokens):
        number = _number_at(text, index)
        if number is not None:
            found.append(number)
        index = number.end if number else index + 1
    return found


def _number_at(text: TokenizedText, index: int) -> Number | None:
    word, following = text.word(index), text.word(index + 1)
    if word[0].isdecimal():
        value = _parse_digits(word)
        return None if value is None else _multiply(text, value, index, index + 1)
    if word in _HAN_DIGITS or word in _HAN_TENS:
        return _parse_han(text, index)
    if (compound := _compound(f"{word}-{following}")) and word in SMALL:  # "twenty five"
        return _multiply(text, compound, index, index + 2)
    if word in SMALL or _compound(word):
        return _multiply(text, SMALL.get(word) or _compound(word), index, index + 1)
    if word in VAGUE:
        return _parse_vague(text, index)
    if word in PLURALS and following in ("of", "von", "de", "d'"):
        return Number(PLURALS[word], index, index + 1)
    if word in ARTICLES and MULTIPLES.get(following, 0) >= 12 and len(following) > 2:
        return _multiply(text, 1, index, index + 1)
    if word in FRACTIONS:
        return _parse_fraction(text, index)
    return None


def _parse_digits(word: str) -> float | None:
    """Parse a number in digits; return None for a version, an address or too many digits."""
    if len(word) > MAX_DIGITS_IN_TEXT:
        return None
    plain = word.replace(" ", "").replace("\u00a0", "").replace("\u202f", "").replace("'", "")
    points, commas = plain.count("."), plain.count(",")
    if points and commas:
        decimal = max(".,", key=plain.rfind)
        if plain.count(decimal) > 1:
            return None
        return float(plain.replace(",.".replace(decimal, ""), "").replace(decimal, "."))
    if not points and not commas:
        return float(plain)
    parts = plain.replace(",", ".").split(".")
    grouped = all(len(part) == 3 for part in parts[1:]) and 1 <= len(parts[0]) <= 3 and parts[0][0] != "0"
    if grouped:
        return float("".join(parts))
    return float(f"{parts[0]}.{parts[1]}") if len(parts) == 2 else None


def _multiply(text: TokenizedText, value: float, start: int, end: int) -> Number | None:
    """Apply up to two multiples that follow a number: "k", "thousand", "hundred thousand"."""
    for _ in range(2):
        word = text.word(end)
        if word == "." and value and end > start and text.word(end - 1) in ("тыс", "mio", "tsd", "tys", "mln"):
            end += 1
            continue
        if word not in MULTIPLES or (word == "m" and not _is_million(text, end)):
            break
        value, end = value * MULTIPLES[word], end + 1
    return Number(value, start, end) if value <= MAX_NUMBER_IN_TEXT else None


def _is_million(text: TokenizedText, index: int) -> bool:
    """Return True if "m" means million and not minutes or metres: "6M", "6m tweets"."""
    if text.raw[text.tokens[index].start] == "M":
        return True
    following = text.word(index + 1)
    return text.is_attached(index) and len(following) > 3 and following.isalpha() and following.endswith("s")


def _compound(word: str) -> float:
    """Return the value of "twenty-five"; 0 for anything else."""
    tens, _, ones = word.partition("-")
    if SMALL.get(tens, 0) in _TENS and SMALL.get(ones, 10) < 10:
        return SMALL[tens] + SMALL[ones]
    return 0.0


def _parse_vague(text: TokenizedText, index: int) -> Number | None:
    """Parse "a couple hundred", "several thousand", "a few dozen"; a bare "few" is no number."""
    end = index + 1 + (text.word(index + 1) == "of")
    number = _multiply(text, VAGUE[text.word(index)], index, end)
    if number is None or number.value in (2.0, 3.0):
        return Number(VAGUE[text.word(index)], index, end) if text.word(index) in ("couple", "dozens") else None
    return number


def _parse_fraction(text: TokenizedText, index: int) -> Number:
    """Parse "half a million" as a number, and "half" of a unit as 0.5."""
    end = index + 1 + (text.word(index + 1) == "of")
    end += text.word(end) in ARTICLES
    multiple = MULTIPLES.get(text.word(end), 0)
    if multiple >= 100 and len(text.word(end)) > 2:
        return Number(FRACTIONS[text.word(index)] * multiple, index, end + 1)
    return Number(FRACTIONS[text.word(index)], index, end)


def _parse_han(text: TokenizedText, start: int) -> Number | None:
    """Parse a Chinese or Japanese number: 两万, 十二, 三百五十."""
    total, digit, end, has_tens = 0, 0, start, False
    while end - start < 12 and ((word := text.word(end)) in _HAN_DIGITS or word in _HAN_TENS):
        if word in _HAN_DIGITS:
            digit = _HAN_DIGITS[word]
        else:
            total, digit, has_tens = total + (digit or 1) * _HAN_TENS[word], 0, True
        end += 1
    value = total + digit
    number = _multiply(text, value, start, end)
    if number is None or value == 0 or (number.end == start + 1 and text.word(start) in "几数"):
        return None  # 几个: "some"
    if value == 1 and not has_tens and number.end == end:
        return None  # 一个一个: "one by one"
    return number
