"""What is known of libraries, programs, services and words: where the work happens when a description names them.

The facts are data: one JSON object a line in the files beside this one, in the form that `schema` checks. Here they are
only loaded, found in a text, and looked up by the module that a program imports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from advisor.models import LexiconEntry

FILES = tuple(Path(__file__).with_name(f"{topic}.jsonl") for topic in ("waiting", "computing", "tasks"))

LONGEST_WORD = 60  # characters

_WORDS = re.compile(rb'"words"\s*:\s*(\[[^]]*\])')  # within a text, JSON would put a backslash before the quotes

# Scripts without spaces between words, and Hangul, where particles are joined to the word: a word ends anywhere there.
_UNSPACED = "\u0e00-\u0e7f\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_FIRST_UNSPACED = _UNSPACED[0]
# People leave out accents and hyphens. One sign for one sign, so that places in the text stay where they are.
_ACCENTED = "àáâãäåāăąçćčďèéêëēėęěğìíîïīįłñńňòóôõöøōőŕřśşšßţťùúûüūůűýÿźżžё\u2010\u2011"
_FOLDED = "aaaaaaaaacccdeeeeeeeegiiiiiilnnnoooooooorrssssttuuuuuuuyyzzzе  "
_FOLDS = tuple(zip(_ACCENTED, _FOLDED, strict=True))


class Found(NamedTuple):
    """An entry and the place in the text that names it."""

    entry: LexiconEntry
    start: int
    end: int


class _Index(NamedTuple):
    """The words, folded, by how they are looked for: nearly all are looked up, and few have to be searched for.

    With each goes the number of its entry's line.
    """

    whole: dict[str, int]  # start and end with a letter or digit, where the text must start and end a run of them
    stems: dict[str, int]  # without the `*`: a run that starts with one of them
    searched: dict[str, list[tuple[str, int]]]  # phrases with a `*`, and what starts or ends with another sign,
    # by the run of letters and digits that they start with; by none where that may go on, or is another sign


@cache
def entries() -> tuple[LexiconEntry, ...]:
    """All that is known, in the order of the files."""
    return tuple(map(_entry, range(len(_lines()))))


def _words_of(line: bytes) -> bytes:
    """The list of an entry's words as it is written. Raises ValueError where there is none."""
    found = _WORDS.search(line)
    if found is None:
        raise ValueError(f"no words in the lexicon's line {line!r}")
    return found[1]


def folded(words: str) -> str:
    """The text as words are compared: without accents and hyphens, each sign still in its place."""
    words = words.replace("-", " ")
    if not words.isascii():
        for accented, plain in _FOLDS:
            words = words.replace(accented, plain)
    return words


def found_in(words: str) -> list[Found]:
    """The entries that a text names, in the order of the text; of what lies within a longer known phrase, only that.

    The text is expected in lower case with single spaces. A word matches as a whole, or with any ending where the
    lexicon allows it; in scripts without spaces it matches wherever it stands.
    """
    text = folded(words)
    index = _index()
    unspaced = _is_unspaced(text)
    run = _run(unspaced)
    starts = ["", *dict.fromkeys(run.findall(text))]
    searched = [one for start in starts for one in index.searched.get(start, ())]
    if unspaced:
        searched += _unspaced_words()
    return _longest([*_looked_up(index, text, run), *_searched(searched, text, run)])


def facts_for_modules(names: Iterable[str]) -> list[LexiconEntry]:
    """The entries about imported modules (`cv2`, `PIL.Image`), once each, in the order of the names.

    A name stands for its parent packages as well; an entry about a submodule needs that submodule named.
    """
    known = _by_module()
    spoken = (entry for name in names for part in _with_parents(name) for entry in known.get(part, ()))
    return list(dict.fromkeys(spoken))


@cache
def _lines() -> list[bytes]:
    return [line for file in FILES for line in file.read_bytes().splitlines()]


@cache
def _entry(line: int) -> LexiconEntry:
    fields: dict[str, Any] = json.loads(_lines()[line])
    return LexiconEntry(
        fields["name"],
        fields["kind"],
        tuple(fields["words"]),
        fields["works"],
        fields["fact"],
        tuple(fields.get("imports", ())),
        fields.get("archetype"),
        tuple(fields.get("traits", ())),
        fields.get("version"),
        fields.get("source"),
    )


@cache
def _run(unspaced: bool) -> re.Pattern[str]:
    """Letters and digits in a row: where a word of a spaced script starts and ends."""
    return re.compile(rf"[^\W{_UNSPACED}]+" if unspaced else r"\w+")  # the first takes milliseconds to compile


def _is_unspaced(text: str) -> bool:
    return not text.isascii() and max(text) >= _FIRST_UNSPACED


@cache
def _index() -> _Index:
    # A text names few entries, so only the words are decoded, all at once: loading is part of every start.
    listed: list[list[str]] = json.loads(b"[%b]" % b",".join(map(_words_of, _lines())))
    words = folded("\n".join(["\n".join(one) for one in listed])).split("\n")
    whole = dict(zip(words, [line for line, one in enumerate(listed) for _ in one], strict=True))
    odd = [word for word in words if not (word[-1] + word[0]).isalnum()]
    stems = {word[:-1]: whole[word] for word in odd if word[-1] == "*"}
    searched: dict[str, list[tuple[str, int]]] = {}
    start_of = _run(False).match
    for word in odd:
        if not word.removesuffix("*").isalnum():
            start = start_of(word)
            run = start[0] if start and start[0] != word[:-1] else ""
            searched.setdefault(run, []).append((word, whole[word]))
    return _Index(whole, stems, searched)


@cache
def _unspaced_words() -> tuple[tuple[str, int], ...]:
    return tuple((word, line) for word, line in _index().whole.items() if _is_unspaced(word))


_Match = tuple[int, int, int, int]  # in the order to choose: start, end and length of a word (both negative); line


def _looked_up(index: _Index, text: str, run: re.Pattern[str]) -> Iterator[_Match]:
    """The words that start where a run of letters and digits starts, and end where one ends, or are stems of one."""
    runs = [found.span() for found in run.finditer(text)]
    for number, (start, end) in enumerate(runs):
        for _, stop in runs[number : number + LONGEST_WORD]:
            if stop - start > LONGEST_WORD:
                break
            if (line := index.whole.get(text[start:stop])) is not None:
                yield start, -stop, start - stop, line
        for stop in range(start + 2, min(end, start + LONGEST_WORD) + 1):
            if (line := index.stems.get(text[start:stop])) is not None:
                yield start, -end, start - stop, line


def _searched(words: Iterable[tuple[str, int]], text: str, run: re.Pattern[str]) -> Iterator[_Match]:
    """The words that have to be searched for, where the text does not go on with letters before or after them."""
    for written, line in words:
        word = written.removesuffix("*")
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            rest = run.match(text, end) if run.match(word[-1]) else None
            starts = start == 0 or not (run.match(word[0]) and run.match(text[start - 1]))
            if starts and (rest is None or written.endswith("*")):
                yield start, -(rest.end() if rest else end), -len(word), line
            start = text.find(word, start + 1)


def _longest(matches: list[_Match]) -> list[Found]:
    """Those that lie within no other; of two at the same place, the one that leaves less to a `*`."""
    matches.sort(key=itemgetter(0, 1, 2))
    kept: list[Found] = []
    reached = 0
    for start, end, _, line in matches:
        if -end > reached:
            reached = -end
            kept.append(Found(_entry(line), start, reached))
    return kept


@cache
def _by_module() -> dict[str, list[LexiconEntry]]:
    known: dict[str, list[LexiconEntry]] = {}
    for entry in entries():
        for module in entry.imports:
            known.setdefault(module, []).append(entry)
    return known


def _with_parents(name: str) -> list[str]:
    """`a.b.c` → `a.b.c`, `a.b`, `a`."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
