"""Find what is known about libraries, programs, services and words, in a text or by the module that a program imports.

The facts are in `libraries.jsonl`, `programs_and_services.jsonl` and `tasks_and_symptoms.jsonl`, one JSON object a
line. To add an entry, add a line, sorted by kind and name; `tests/lexicon_schema.py` describes the fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from advisor.models import LexiconEntry

FILES = tuple(
    Path(__file__).with_name(f"{kinds}.jsonl") for kinds in ("libraries", "programs_and_services", "tasks_and_symptoms")
)

T = TypeVar("T")
MAX_WORD = 60  # characters

# Scripts without spaces between words, and Hangul, where particles are joined to the word: a word ends anywhere there.
_UNSPACED = "\u0e00-\u0e7f\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# People leave out accents and hyphens. Each character is replaced by one, so that positions in the text stay the same.
_ACCENTED = "àáâãäåāăąçćčďèéêëēėęěğìíîïīįłñńňòóôõöøōőŕřśşšßţťùúûüūůűýÿźżžё\u2010\u2011"
_FOLDED = "aaaaaaaaacccdeeeeeeeegiiiiiilnnnoooooooorrssssttuuuuuuuyyzzzе  "
_FOLDS = tuple(zip(_ACCENTED, _FOLDED, strict=True))


class EntryMatch(NamedTuple):
    """An entry and the characters `[start, end)` of the text that name it."""

    entry: LexiconEntry
    start: int
    end: int


class _Index(NamedTuple):
    """The entries by their folded words; nearly all words are looked up, few have to be searched for."""

    whole: dict[str, LexiconEntry]
    stems: dict[str, LexiconEntry]  # single words with a trailing `*`, without it
    searched: dict[str, list[tuple[str, LexiconEntry]]]
    """Phrases with a trailing `*`, and words that start or end with punctuation, by the letters and digits that they
    start with; under the empty string if the `*` may continue these or there are none."""


@cache
def entries() -> tuple[LexiconEntry, ...]:
    """Return all entries in the order of the files."""
    lines = b",".join(line for file in FILES for line in file.read_bytes().splitlines())
    return tuple(_parse_entry(fields) for fields in json.loads(b"[%b]" % lines))


def _parse_entry(fields: dict[str, Any]) -> LexiconEntry:
    operations = fields.pop("operations", ())
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    entry = LexiconEntry(**{**fields, **lists})
    return entry._replace(operations=tuple(_parse_entry({**fields, **operation}) for operation in operations))


def fold(words: str) -> str:
    """Remove accents and hyphens, keeping every character's position."""
    words = words.replace("-", " ")
    if not words.isascii():
        for accented, plain in _FOLDS:
            words = words.replace(accented, plain)
    return words


def find_entries(lower: str) -> list[EntryMatch]:
    """Find the entries that a text names, in order; words within a longer known phrase are left out.

    The text is expected in lower case with single spaces. A word matches as a whole, or with any ending if it has a
    trailing `*`; in scripts without spaces it matches anywhere.
    """
    text = fold(lower)
    index = _index()
    unspaced = _has_unspaced(text)
    run = word_run(unspaced)
    starts = ["", *dict.fromkeys(run.findall(text))]
    searched = [word for start in starts for word in index.searched.get(start, ())]
    if unspaced:
        searched += _unspaced_words()
    return _longest([*_look_up(index, text, run), *occurrences(searched, text, run)])


def find_operations(match: EntryMatch, lower: str) -> Iterator[tuple[LexiconEntry, int]]:
    """Yield what is known of each operation of an entry that the text names, and where; the entry itself if of none."""
    text = fold(lower)
    words = ((fold(word), operation) for operation in match.entry.operations for word in operation.words)
    found = (
        sorted(occurrences(words, text, word_run(_has_unspaced(text))), key=itemgetter(0))
        if match.entry.operations
        else ()
    )
    yield from ((operation, start) for start, _, _, operation in found)
    if not found:
        yield match.entry, match.start


def find_module_entries(modules: Iterable[str]) -> list[LexiconEntry]:
    """Return the entries about imported modules (`cv2`, `PIL.Image`) and their parent packages, once each, in order."""
    by_module = _by_module()
    names = (module.rsplit(".", dots)[0] for module in modules for dots in range(module.count(".") + 1))
    return list(dict.fromkeys(entry for name in names for entry in by_module.get(name, ())))


@cache
def word_run(unspaced: bool) -> re.Pattern[str]:
    """Return the pattern of a run of letters and digits in spaced scripts; with unspaced ones, compiling takes ms."""
    return re.compile(rf"[^\W{_UNSPACED}]+" if unspaced else r"\w+")


def _has_unspaced(text: str) -> bool:
    return not text.isascii() and max(text) >= _UNSPACED[0]


@cache
def _index() -> _Index:
    listed = [(word, entry) for entry in entries() for word in entry.words]
    folded = fold("\n".join(word for word, _ in listed)).split("\n")  # all at once, which is far faster than each
    whole = {word: entry for word, (_, entry) in zip(folded, listed, strict=True)}
    stems: dict[str, LexiconEntry] = {}
    searched: dict[str, list[tuple[str, LexiconEntry]]] = {}
    run = word_run(False)
    for word, entry in whole.items():
        if word[0].isalnum() and word[-1].isalnum():
            continue
        if word.endswith("*") and word[:-1].isalnum():
            stems[word[:-1]] = entry
            continue
        start = run.match(word)
        key = start[0] if start and start[0] != word[:-1] else ""
        searched.setdefault(key, []).append((word, entry))
    return _Index(whole, stems, searched)


@cache
def _unspaced_words() -> tuple[tuple[str, LexiconEntry], ...]:
    return tuple((word, entry) for word, entry in _index().whole.items() if _has_unspaced(word))


_Candidate = tuple[int, int, int, LexiconEntry]  # in order of preference: start, -end, -length of the word


def _look_up(index: _Index, text: str, run: re.Pattern[str]) -> Iterator[_Candidate]:
    """Yield the words that start and end with a run of letters and digits, and the stems that start one."""
    runs = [match.span() for match in run.finditer(text)]
    for number, (start, end) in enumerate(runs):
        for _, stop in runs[number : number + MAX_WORD]:
            if stop - start > MAX_WORD:
                break
            if (entry := index.whole.get(text[start:stop])) is not None:
                yield start, -stop, start - stop, entry
        for stop in range(start + 2, min(end, start + MAX_WORD) + 1):
            if (entry := index.stems.get(text[start:stop])) is not None:
                yield start, -end, start - stop, entry


def occurrences(words: Iterable[tuple[str, T]], text: str, run: re.Pattern[str]) -> Iterator[tuple[int, int, int, T]]:
    """Yield the occurrences of words that are not part of a longer run of letters and digits."""
    for written, entry in words:
        word = written.removesuffix("*")
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            rest = run.match(text, end) if run.match(word[-1]) else None
            is_start = start == 0 or not (run.match(word[0]) and run.match(text[start - 1]))
            if is_start and (rest is None or written.endswith("*")):
                yield start, -(rest.end() if rest else end), -len(word), entry
            start = text.find(word, start + 1)


def _longest(candidates: list[_Candidate]) -> list[EntryMatch]:
    """Return the matches within no other; of two at the same position, the one that leaves less to a `*`."""
    candidates.sort(key=itemgetter(0, 1, 2))
    matches: list[EntryMatch] = []
    covered = 0
    for start, negative_end, _, entry in candidates:
        if -negative_end > covered:
            covered = -negative_end
            matches.append(EntryMatch(entry, start, covered))
    return matches


@cache
def _by_module() -> dict[str, list[LexiconEntry]]:
    by_module: dict[str, list[LexiconEntry]] = {}
    for entry in entries():
        for module in entry.imports:
            by_module.setdefault(module, []).append(entry)
    return by_module
