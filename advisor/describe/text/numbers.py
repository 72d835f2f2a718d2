"""The numbers of a text, as people write them: "10k", "1,200", "2,5 Mio", "a couple hundred"."""

from __future__ import annotations

from typing import NamedTuple

from advisor.describe.text.tokenizer import Text, table
from advisor.limits import MAX_DIGITS_IN_TEXT, MAX_NUMBER_IN_TEXT


class Number(NamedTuple):
    """A number, the tokens `[first, after)` that say it, and whether it is more than a guess ("hundreds")."""

    value: float
    first: int
    after: int
    exact: bool


SMALL = table(
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
VAGUE = table((2, "couple"), (3, "few several einige paar quelques varios alguns несколько"), (36, "dozens dutzende"))
MULTIPLES = table(
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
PLURALS = table(
    (300, "hundreds hunderte centaines сотни"),
    (3e3, "thousands tausende milliers miles milhares тысячи"),
    (3e6, "millions millionen millones milhões миллионы"),
)
HALVES = table((0.5, "half halbe halben halber halbes demi media meia пол"), (0.25, "quarter viertel"))
ARTICLES = frozenset(
    {"a", "an", "one", "ein", "eine", "einer", "einem", "un", "une", "una", "um", "uma", "один", "одна"}
)
_TENS = frozenset({20, 30, 40, 50, 60, 70, 80, 90})
_HAN = {char: value for value, char in enumerate("零一二三四五六七八九")}
_HAN |= {"几": 3, "数": 3, "両": 2, "两": 2, "兩": 2, "〇": 0}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}


def numbers(read: Text) -> list[Number]:
    """The numbers among the tokens, from left to right, none within another."""
    found: list[Number] = []
    at = 0
    while at < len(read.tokens):
        number = _number_at(read, at)
        if number is None:
            at += 1
        else:
            found.append(number)
            at = number.after
    return found


def _number_at(read: Text, at: int) -> Number | None:
    word = read.word(at)
    if word[0].isdecimal():
        value = _digits(word)
        return None if value is None else _multiplied(read, value, at, at + 1)
    if word in _HAN or word in _HAN_TENS:
        return _han(read, at)
    if word in SMALL or ("-" in word and _compound(word)):
        value, after = _spoken(read, at)
        return _multiplied(read, value, at, after)
    if word in VAGUE:
        return _vague(read, at)
    if word in PLURALS and read.word(at + 1) in ("of", "von", "de", "d'"):
        return Number(PLURALS[word], at, at + 1, False)
    if word in ARTICLES and MULTIPLES.get(read.word(at + 1), 0) >= 12 and len(read.word(at + 1)) > 2:
        return _multiplied(read, 1, at, at + 1)
    if word in HALVES:
        return _half(read, at)
    return None


def _digits(word: str) -> float | None:
    """The value of a number in digits; None for a version, an address and what is too long."""
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


def _multiplied(read: Text, value: float, first: int, after: int) -> Number | None:
    """The number with what follows it: "k", "thousand", "hundred thousand", "e6"."""
    for _ in range(2):
        word = read.word(after)
        by = MULTIPLES.get(word)
        if word == "m" and not _is_million(read, after):
            by = None  # minutes or metres
        if word == "." and value and after > first and read.word(after - 1) in ("тыс", "mio", "tsd", "tys", "mln"):
            after += 1
            continue
        if by is None:
            break
        value, after = value * by, after + 1
    return Number(value, first, after, True) if value <= MAX_NUMBER_IN_TEXT else None


def _is_million(read: Text, at: int) -> bool:
    """Whether "m" is a multiple: "6M", and with a plural "6m tweets", not "6m" of time."""
    if read.raw[read.tokens[at].start] == "M":
        return True
    following = read.word(at + 1)
    return read.fused(at) and len(following) > 3 and following.isalpha() and following.endswith("s")


def _spoken(read: Text, at: int) -> tuple[float, int]:
    """A number in words: "twenty five", "three hundred"."""
    word, following = read.word(at), read.word(at + 1)
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


def _vague(read: Text, at: int) -> Number | None:
    """ "a couple hundred", "several thousand", "a few dozen": a guess, and none without the multiple after "few"."""
    after = at + 1
    if read.word(after) == "of":
        after += 1
    number = _multiplied(read, VAGUE[read.word(at)], at, after)
    if number is None or number.value in (2.0, 3.0):
        return None if read.word(at) not in ("couple", "dozens") else Number(VAGUE[read.word(at)], at, after, False)
    return number._replace(exact=False)


def _half(read: Text, at: int) -> Number:
    """ "half a million", "three quarters of a second" without its three: a part of the unit that follows."""
    after = at + 1
    if read.word(after) == "of":
        after += 1
    if read.word(after) in ARTICLES:
        after += 1
    by = MULTIPLES.get(read.word(after), 0)
    if by >= 100 and len(read.word(after)) > 2:
        return Number(HALVES[read.word(at)] * by, at, after + 1, True)
    return Number(HALVES[read.word(at)], at, after, True)


def _han(read: Text, at: int) -> Number | None:
    """A Chinese or Japanese number: 两万, 十二, 三百五十."""
    total, digit, after, units = 0, 0, at, False
    while after - at < 12 and ((word := read.word(after)) in _HAN or word in _HAN_TENS):
        if word in _HAN:
            digit = _HAN[word]
        else:
            total, digit, units = total + (digit or 1) * _HAN_TENS[word], 0, True
        after += 1
    value = total + digit
    scaled = _multiplied(read, value, at, after)
    if scaled is None or value == 0 or (scaled.after == at + 1 and read.word(at) in "几数"):
        return None  # 几个: "some"
    if value == 1 and not units and scaled.after == after:
        return None  # 一个一个: "one by one", not a number
    return scaled
