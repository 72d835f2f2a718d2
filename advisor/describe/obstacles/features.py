"""Features of a text for the matcher: its words, pairs of words, concepts and pairs of concepts, for each passage.

A concept stands for words of one meaning in several languages (`concepts.jsonl`), so that "hängt", "stuck" and "卡住"
count as the same. As in the lexicon, a trailing `*` stands for any ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

from advisor.describe.text.tokenizer import SENTENCE_ENDS, UNSPACED, Token, TokenizedText, tokenize

FILE = Path(__file__).with_name("concepts.jsonl")
STEM = 5  # letters of a longer word that count as its stem
MAX_SENTENCES = 60  # of a text; what follows is rarely the symptom
_UNSPACED = re.compile(f"[{UNSPACED}]")


class _Concepts(NamedTuple):
    """The concepts by their words: whole words, stems of single words, and the rest by searching."""

    whole: dict[str, list[str]]
    stems: dict[str, list[str]]
    searched: list[tuple[str, str]]


class _Sentence(NamedTuple):
    words: frozenset[str]
    concepts: frozenset[str]


def passages(text: str) -> Iterator[frozenset[str]]:
    """Yield the features of each sentence, and of each two that follow one another."""
    sentences = [_read(words, lower) for words, lower in _sentences(tokenize(text))]
    for sentence in sentences:
        yield _features([sentence])
    for pair in pairwise(sentences):
        yield _features(pair)


def _sentences(text: TokenizedText) -> Iterator[tuple[list[str], str]]:
    """Yield the words of each sentence, and the sentence in lower case."""
    start, found = 0, 0
    tokens = text.tokens
    for number, token in enumerate(tokens, start=1):
        if found == MAX_SENTENCES or (number < len(tokens) and not _ends_sentence(token, tokens[number])):
            continue
        words = [part.word for part in tokens[start:number] if part.word[0].isalnum() or part.word[0] == "_"]
        if words:
            found += 1
            yield words, text.lower[tokens[start].start : token.end].replace("\u2019", "'")
        start = number


def _ends_sentence(token: Token, following: Token) -> bool:
    """Return True if a sentence ends with the token; a full stop within a name, as in `queue.Queue`, ends none."""
    return token.word in SENTENCE_ENDS and (token.word != "." or following.start > token.end)


def _read(words: list[str], lower: str) -> _Sentence:
    known = _concepts()
    found = {name for word in words for name in known.whole.get(word, ())}
    for word in words:
        for end in range(2, len(word) + 1):
            found.update(known.stems.get(word[:end], ()))
    found.update(name for word, name in known.searched if word in lower)
    parts = {f"w:{word}" for word in words}
    parts |= {f"s:{word[:STEM]}" for word in words if len(word) > STEM}
    parts |= {f"b:{first} {second}" for first, second in pairwise(words)}
    return _Sentence(frozenset(parts), frozenset(found))


def _features(sentences: Iterable[_Sentence]) -> frozenset[str]:
    sentences = list(sentences)
    words = frozenset().union(*(sentence.words for sentence in sentences))
    concepts = sorted(frozenset().union(*(sentence.concepts for sentence in sentences)))
    pairs = {f"p:{first}+{second}" for first, second in combinations(concepts, 2)}
    return words | pairs | {f"k:{concept}" for concept in concepts}


@cache
def _concepts() -> _Concepts:
    known = _Concepts({}, {}, [])
    for line in FILE.read_text("utf-8").splitlines():
        concept = json.loads(line)
        for word in concept["words"]:
            stem = word.removesuffix("*")
            if not stem.isalnum() or _UNSPACED.search(stem):
                known.searched.append((stem, concept["name"]))
            else:
                (known.stems if stem != word else known.whole).setdefault(stem, []).append(concept["name"])
    return known
