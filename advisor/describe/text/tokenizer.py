"""The tokens of a text: its words, its numbers as they are written, and its signs, each with its place.

All that reads them is a walk over tokens with a look in a table: one pass, whatever the text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

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


def lowered(text: str) -> str:
    """The text in lower case with every character in its place, which `str.lower` does not promise."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(one if len(one := char.lower()) == 1 else char for char in text)


def vocabulary(words: str) -> frozenset[str]:
    """A set of words, written one after the other."""
    return frozenset(words.split())


def table(*rows: tuple[float, str]) -> dict[str, float]:
    """What words stand for: in each row a value and its words."""
    return {word: value for value, words in rows for word in words.split()}


STOPS = vocabulary(". ; ! ? , : ( ) 。 ， 、 ； ？ →") | {"\n"}  # what ends a part of a sentence
ENDS = vocabulary(". ; ! ? 。 ； ？") | {"\n"}  # and what ends a sentence


class Text(NamedTuple):
    """A text as it is written, the same in lower case, and its tokens."""

    raw: str
    low: str
    tokens: list[Token]

    def word(self, at: int) -> str:
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def pair(self, at: int) -> str:
        """The word at a place and the one after it, joined: a unit of two characters."""
        return self.word(at) + self.word(at + 1)

    def fused(self, at: int) -> bool:
        """Whether nothing stands between a token and the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end

    def near(self, at: int, words: frozenset[str], back: int, ahead: int = 0) -> bool:
        """Whether one of the words stands close before or after a token, in the same part of the sentence."""
        for places in (range(at - 1, at - 1 - back, -1), range(at, at + ahead)):
            for place in places:
                word = self.word(place)
                if word in words:
                    return True
                if word in STOPS or not word:
                    break
        return False


def tokenised(text: str) -> Text:
    low = lowered(text)
    return Text(text, low, tokens(low))


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
