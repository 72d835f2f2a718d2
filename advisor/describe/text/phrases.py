"""The phrases that show how a clause treats its topic, in many languages, and how to match them.

`phrases.json` has them. A phrase is a sequence of words; a `*` at the end of a word stands for any ending, `_` for one
or two words. Scripts without spaces have no words: their phrases, the second of a pair, match anywhere in the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class PhraseSet(NamedTuple):
    """Phrases by their first word, phrases whose first word has any ending, and phrases of unspaced scripts."""

    by_first_word: dict[str, tuple[tuple[str, ...], ...]]
    by_first_stem: tuple[tuple[str, ...], ...]
    unspaced: tuple[str, ...]

    def match_length(self, words: list[str], index: int, end: int) -> int:
        """Return the number of words of the longest phrase that starts at the index; 0 if there is none."""
        stems = (phrase for phrase in self.by_first_stem if words[index].startswith(phrase[0][:-1]))
        phrases = (*self.by_first_word.get(words[index], ()), *stems)
        return max((_match(phrase, words, index, end) for phrase in phrases), default=0)

    def find(self, words: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the positions of phrases, without overlaps."""
        index = start
        while index < end:
            length = self.match_length(words, index, end)
            if length:
                yield index, index + length
            index += length or 1

    def is_in(self, words: list[str], start: int, end: int, lower: str = "") -> bool:
        """Return True if a phrase is among the words, or in the lower-case text in an unspaced script."""
        return any(self.match_length(words, index, end) for index in range(start, end)) or self.is_in_unspaced(lower)

    def is_in_unspaced(self, lower: str) -> bool:
        """Return True if the text has a phrase of an unspaced script."""
        return any(phrase in lower for phrase in self.unspaced)


def _match(phrase: tuple[str, ...], words: list[str], start: int, end: int) -> int:
    """Return the number of words that the phrase matches; 0 if it does not match."""
    index = start + 1
    for position, pattern in enumerate(phrase[1:], start=1):
        if pattern == "_":
            following, options = phrase[position + 1], range(index + 1, min(index + 3, end))
            index = next((option for option in options if _match_word(following, words[option])), end)
        elif index >= end or not _match_word(pattern, words[index]):
            return 0
        else:
            index += 1
    return index - start


def _match_word(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def phrase_set(spaced: str, unspaced: str = "") -> PhraseSet:
    """Parse phrases that are separated by `|`."""
    by_first_word: dict[str, tuple[tuple[str, ...], ...]] = {}
    by_first_stem = []
    for phrase in spaced.split("|"):
        words = tuple(phrase.split())
        if words[0].endswith("*"):
            by_first_stem.append(words)
        else:
            by_first_word[words[0]] = (*by_first_word.get(words[0], ()), words)
    return PhraseSet(by_first_word, tuple(by_first_stem), tuple(unspaced.split("|")) if unspaced else ())


PHRASES = {
    name: phrase_set(*phrases)
    for name, phrases in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}
