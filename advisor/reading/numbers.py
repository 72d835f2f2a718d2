"""The tokens of a text and the numbers among them, as people write them: "10k", "1,200", "2,5 Mio", "a couple hundred".

Everything is a walk over tokens with a look in a table: one pass, whatever the text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

LARGEST = 1e15  # what is larger is no number of anything
LONGEST_DIGITS = 18

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"  # Chinese and Japanese put no spaces between words: read by characters
_MARKS = "\u0900-\u0dff"  # vowel signs, which are letters to their readers but not to `re`
_NUMBER = (
    r"(?<!\d)\d{1,3}(?: \d{3})+(?![\d.,])"  # in groups with spaces: "30 000"
    r"|\d+(?:[.,'\u2019\u00a0\u202f]\d+)*"  # in other groups, or in none
)
_SIGN = r"|\n|\S"


class Token(NamedTuple):
    """A piece of the text, lower-case, and where it is."""

    word: str
    start: int
    end: int


class Number(NamedTuple):
    """A number, the tokens `[first, after)` that say it, and whether it is more than a guess ("hundreds")."""

    value: float
    first: int
    after: int
    exact: bool


def lowered(text: str) -> str:
    """The text in lower case with every character in its place, which `str.lower` does not promise."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(one if len(one := char.lower()) == 1 else char for char in text)


def vocabulary(words: str) -> frozenset[str]:
    """A set of words, written one after the other."""
    return frozenset(words.split())


@cache
def _pattern(unspaced: bool) -> re.Pattern[str]:
    """What finds tokens; the one that knows scripts without spaces takes four times as long to make."""
    first, more = rf"[^\W\d{_UNSPACED}]", rf"(?:[^\W{_UNSPACED}]|[{_MARKS}])*"
    if not unspaced:
        first, more = r"[^\W\d]", rf"[\w{_MARKS}]*"
    return re.compile(rf"{_NUMBER}|{first}{more}(?:['\u2019-]{first}{more})*{_SIGN}")


def tokens(text: str) -> list[Token]:
    """All tokens of a text that was `lowered`."""
    pattern = _pattern(max(text, default="") >= "\u3040")
    return [Token(found[0].replace("\u2019", "'"), *found.span()) for found in pattern.finditer(text)]


def _table(*rows: tuple[float, str]) -> dict[str, float]:
    return {word: value for value, words in rows for word in words.split()}


SMALL = _table(
    (2, "two zwei deux dos dois duas due два две двух dwa iki 两 兩"),
    (3, "three drei trois tres três tre три трёх трех trzy üç"),
    (4, "four vier quatre cuatro quatro quattro четыре cztery"),
    (5, "five fünf cinq cinco cinque пять pięć beş"),
    (6, "six sechs seis sei шесть sześć"),
    (7, "seven sieben sept siete sete sette семь siedem"),
    (8, "eight acht huit ocho oito otto восемь osiem"),
    (9, "nine neun neuf nueve nove девять dziewięć"),
    (10, "ten zehn dix diez dez dieci десять десяти dziesięć"),
    (11, "eleven elf onze"),
    (12, "twelve zwölf douze doce doze двенадцать двенадцати"),
    (13, "thirteen dreizehn"),
    (14, "fourteen vierzehn"),
    (15, "fifteen fünfzehn quinze quince пятнадцать"),
    (16, "sixteen sechzehn"),
    (17, "seventeen siebzehn"),
    (18, "eighteen achtzehn"),
    (19, "nineteen neunzehn"),
    (20, "twenty zwanzig vingt veinte vinte двадцать"),
    (30, "thirty dreißig trente treinta trinta тридцать"),
    (40, "forty fourty vierzig quarante cuarenta quarenta сорок"),
    (50, "fifty fünfzig cinquante cincuenta cinquenta пятьдесят"),
    (60, "sixty sechzig soixante sesenta sessenta"),
    (70, "seventy siebzig setenta"),
    (80, "eighty achtzig ochenta oitenta"),
    (90, "ninety neunzig noventa"),
    (200, "zweihundert doscientos duzentos двести"),
    (300, "dreihundert trescientos trezentos триста"),
    (500, "fünfhundert quinientos quinhentos пятьсот"),
)
VAGUE = _table((2, "couple"), (3, "few several einige paar quelques varios alguns несколько"), (36, "dozens dutzende"))
MULTIPLES = _table(
    (12, "dozen dutzend douzaine docena dúzia дюжина"),
    (20, "score"),
    (100, "hundred hundert cent cien cientos cem сто сотен 百 सौ"),
    (1e3, "k thousand tsd tausend mille mil mila тыс тысяч тысячи tys bin 千 हज़ार हजार"),
    (1e4, "万 萬"),
    (1e5, "lakh लाख"),
    (
        1e6,
        "m mio million millions millionen mln mn milhão milhões millón millones milioni миллион миллиона миллионов млн",
    ),
    (1e7, "crore करोड़"),
    (1e8, "亿 億"),
    (1e9, "bn billion billions milliarde milliarden milliard milliards млрд"),
)
PLURALS = _table(
    (300, "hundreds hunderte centaines сотни"),
    (3e3, "thousands tausende milliers miles milhares тысячи"),
    (3e6, "millions millionen millones milhões миллионы"),
)
HALVES = _table((0.5, "half halbe halben halber halbes demi media meia пол"), (0.25, "quarter viertel"))
ARTICLES = frozenset(
    {"a", "an", "one", "ein", "eine", "einer", "einem", "un", "une", "una", "um", "uma", "один", "одна"}
)
_TENS = frozenset({20, 30, 40, 50, 60, 70, 80, 90})
_HAN = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "几": 3,
    "数": 3,
    "両": 2,
    "两": 2,
    "兩": 2,
    "〇": 0,
}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}


def numbers(found: list[Token], text: str) -> list[Number]:
    """The numbers among the tokens, from left to right, none within another."""
    read: list[Number] = []
    at = 0
    while at < len(found):
        number = _number_at(found, at, text)
        if number is None:
            at += 1
        else:
            read.append(number)
            at = number.after
    return read


def _number_at(found: list[Token], at: int, text: str) -> Number | None:
    word = found[at].word
    if word[0].isdecimal():
        value = _digits(word)
        return None if value is None else _multiplied(value, found, at, at + 1, text)
    if word in _HAN or word in _HAN_TENS:
        return _han(found, at, text)
    if word in SMALL or ("-" in word and _compound(word)):
        value, after = _spoken(found, at)
        return _multiplied(value, found, at, after, text)
    if word in VAGUE:
        return _vague(found, at, text)
    if word in PLURALS and _word(found, at + 1) in ("of", "von", "de", "d'"):
        return Number(PLURALS[word], at, at + 1, False)
    if word in ARTICLES and MULTIPLES.get(_word(found, at + 1), 0) >= 12 and len(_word(found, at + 1)) > 2:
        return _multiplied(1, found, at, at + 1, text)
    if word in HALVES:
        return _half(found, at)
    return None


def _word(found: list[Token], at: int) -> str:
    return found[at].word if 0 <= at < len(found) else ""


def _digits(word: str) -> float | None:
    """The value of a number in digits; None for a version, an address and what is too long."""
    if len(word) > LONGEST_DIGITS:
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


def _multiplied(value: float, found: list[Token], first: int, after: int, text: str) -> Number | None:
    """The number with what follows it: "k", "thousand", "hundred thousand", "e6"."""
    for _ in range(2):
        word = _word(found, after)
        by = MULTIPLES.get(word)
        fused = after < len(found) and after > 0 and found[after].start == found[after - 1].end
        if word == "m" and not (text[found[after].start] == "M" or (fused and _names_items(found, after + 1))):
            by = None  # minutes or metres
        if word == "." and value and after > first and _word(found, after - 1) in ("тыс", "mio", "tsd", "tys", "mln"):
            after += 1
            continue
        if by is None:
            break
        value, after = value * by, after + 1
    return Number(value, first, after, True) if value <= LARGEST else None


def _names_items(found: list[Token], at: int) -> bool:
    """Whether a plural follows: "6m tweets", not "6m" of time."""
    word = _word(found, at)
    return len(word) > 3 and word.isalpha() and word.endswith("s")


def _spoken(found: list[Token], at: int) -> tuple[float, int]:
    """A number in words: "twenty five", "three hundred"."""
    word, following = found[at].word, _word(found, at + 1)
    if word not in SMALL:
        return _compound(word), at + 1
    if _compound(f"{word}-{following}"):
        return _compound(f"{word}-{following}"), at + 2
    return SMALL[word], at + 1


def _compound(word: str) -> float:
    """The value of "twenty-five"; 0 if it is none."""
    tens, _, ones = word.partition("-")
    if SMALL.get(tens, 0) in _TENS and SMALL.get(ones, 10) < 10:
        return SMALL[tens] + SMALL[ones]
    return 0.0


def _vague(found: list[Token], at: int, text: str) -> Number | None:
    """ "a couple hundred", "several thousand", "a few dozen": a guess, and none without the multiple after "few"."""
    after = at + 1
    if _word(found, after) == "of":
        after += 1
    number = _multiplied(VAGUE[found[at].word], found, at, after, text)
    if number is None or number.value in (2.0, 3.0):
        return None if found[at].word not in ("couple", "dozens") else Number(VAGUE[found[at].word], at, after, False)
    return number._replace(exact=False)


def _half(found: list[Token], at: int) -> Number:
    """ "half a million", "three quarters of a second" without its three: a part of the unit that follows."""
    after = at + 1
    if _word(found, after) == "of":
        after += 1
    if _word(found, after) in ARTICLES:
        after += 1
    by = MULTIPLES.get(_word(found, after), 0)
    if by >= 100 and len(_word(found, after)) > 2:
        return Number(HALVES[found[at].word] * by, at, after + 1, True)
    return Number(HALVES[found[at].word], at, after, True)


def _han(found: list[Token], at: int, text: str) -> Number | None:
    """A Chinese or Japanese number: 两万, 十二, 三百五十."""
    total, digit, after, units = 0, 0, at, False
    while after < len(found) and after - at < 12 and (found[after].word in _HAN or found[after].word in _HAN_TENS):
        word = found[after].word
        if word in _HAN:
            digit = _HAN[word]
        else:
            total, digit, units = total + (digit or 1) * _HAN_TENS[word], 0, True
        after += 1
    value = total + digit
    scaled = _multiplied(value, found, at, after, text)
    if scaled is None or value == 0 or (scaled.after == at + 1 and found[at].word in "几数"):
        return None  # 几个: "some"
    if value == 1 and not units and scaled.after == after:
        return None  # 一个一个: "one by one", not a number
    return scaled
