"""Split a text into tokens: words, numbers as they are written, and punctuation, each with its position.

The other modules of this package scan the tokens once and look them up in sets, so that the work grows with the length
of the text.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Words and units by name, each a string of words, or rows of a value and its words.
TABLES = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
UNSPACED = "\u3040-\u30ff\u3400-\u9fff"  # Chinese and Japanese have no spaces between words: one token a character
_MARKS = "\u0900-\u0dff"  # vowel signs of Indian scripts, which `\w` does not match
_NUMBER = (
    r"(?<!\d)\d{1,3}(?: \d{3})+(?![\d.,])"  # grouped with spaces: "30 000"
    r"|\d+(?:[.,'\u2019\u00a0\u202f]\d+)*"  # grouped otherwise, or not at all
)


class Token(NamedTuple):
    """A lower-case token and its characters `[start, end)`."""

    word: str
    start: int
    end: int


def lowercase(text: str) -> str:
    """Convert to lower case and keep every character's position, which `str.lower` does not guarantee."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def word_set(words: str) -> frozenset[str]:
    """Return the set of the words in a string."""
    return frozenset(words.split())


def word_values(*rows: tuple[float, str]) -> dict[str, float]:
    """Map words to values, given rows of a value and its words."""
    return {word: value for value, words in rows for word in words.split()}


CLAUSE_ENDS = word_set(". ; ! ? , : ( ) 。 ， 、 ； ？ →") | {"\n"}
SENTENCE_ENDS = word_set(". ; ! ? 。 ； ？") | {"\n"}


class TokenizedText(NamedTuple):
    """A text as written, in lower case, and as tokens."""

    raw: str
    lower: str
    tokens: list[Token]

    def word(self, index: int) -> str:
        """Return the token at an index; empty outside the text."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def pair(self, index: int) -> str:
        """Join the token at an index and the next one: a word of two characters in Chinese and Japanese."""
        return self.word(index) + self.word(index + 1)

    def is_attached(self, index: int) -> bool:
        """Return True if nothing separates the token from the one before it."""
        return 0 < index < len(self.tokens) and self.tokens[index].start == self.tokens[index - 1].end

    def has_near(self, index: int, words: frozenset[str], back: int, ahead: int = 0) -> bool:
        """Return True if one of the words is among the tokens just before or after, in the same part of a sentence."""
        for indices in (range(index - 1, index - 1 - back, -1), range(index, index + ahead)):
            for near in indices:
                word = self.word(near)
                if word in words:
                    return True
                if word in CLAUSE_ENDS or not word:
                    break
        return False


def tokenize(text: str) -> TokenizedText:
    """Split a text into tokens."""
    lower = lowercase(text)
    pattern = _pattern(max(text, default="") >= "\u3040")
    tokens = [Token(match[0].replace("\u2019", "'"), *match.span()) for match in pattern.finditer(lower)]
    return TokenizedText(text, lower, tokens)


@cache
def _pattern(unspaced: bool) -> re.Pattern[str]:
    """Compile the pattern of a token; with unspaced scripts that takes four times as long."""
    first, more = rf"[^\W\d{UNSPACED}]", rf"(?:[^\W{UNSPACED}]|[{_MARKS}])*"
    if not unspaced:
        first, more = r"[^\W\d]", rf"[\w{_MARKS}]*"
    return re.compile(rf"{_NUMBER}|{first}{more}(?:['\u2019-]{first}{more})*|\n|\S")
