"""The lexicon of libraries, programs, services and words: its files, and how entries are found."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe.lexicon.lookup import FILES, entries, find_entries, find_module_entries
from tests.lexicon_schema import NAMED_KINDS, lexicon_errors

NAMES = {entry.name: entry for entry in entries()}


def names(text: str) -> list[str]:
    return [match.entry.name for match in find_entries(text)]


def test_the_lexicon_is_valid() -> None:
    """Every line fits the schema, and names and words are unique."""
    assert list(lexicon_errors()) == []


def test_errors_are_reported(tmp_path: Path) -> None:
    """Lines that break the schema and duplicate words are reported with their locations."""
    line = '{{"name": "{}", "kind": "{}", "words": ["frob-nicate*"], "works": "holds", "fact": "It holds the GIL."}}\n'
    file = tmp_path / "more.jsonl"
    file.write_text(
        line.format("frobnicate", "verb") + line.format("frobnicator", "verb") + line.format("x", "library")
    )
    assert list(lexicon_errors((file,))) == [
        "more.jsonl:2: the word 'frob-nicate*' is already used at more.jsonl:1",
        "more.jsonl:3: Value error, a library needs a source",
    ]


def test_the_lexicon_knows_hundreds_of_libraries() -> None:
    """Hundreds of libraries, programs and services are known, each with the source of its fact."""
    kinds = Counter(entry.kind for entry in entries())
    assert sum(kinds[kind] for kind in NAMED_KINDS) >= 300
    assert min(kinds.values()) >= 20
    assert all(entry.source for entry in entries() if entry.kind in NAMED_KINDS)


def test_the_files_are_sorted() -> None:
    """The entries of a file are sorted by kind and name."""
    order = ("library", "program", "service", "verb", "noun", "symptom")
    for file in FILES:
        listed = [line.split('"')[3] for line in file.read_text("utf-8").splitlines()]
        keys = [(order.index(NAMES[name].kind), name.lower()) for name in listed]
        assert keys == sorted(keys)


def test_every_word_is_found() -> None:
    """Each word of the lexicon finds its own entry, with an ending if it allows one."""
    missed = [
        (entry.name, word)
        for entry in entries()
        for word in entry.words
        if entry not in [match.entry for match in find_entries(word.replace("*", "e") if word.endswith("*") else word)]
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("resizing photos with pillow", ["resize", "images", "pillow"]),
        ("queries against postgresql", ["query", "postgresql"]),
        ("web-scraping 500 sites with beautiful soup", ["scrape", "beautifulsoup"]),
        ("ffmpeg, then tesseract", ["ffmpeg", "tesseract"]),
        ("a pd.read_csv call", ["pd.read_csv"]),
        ("telecharger des fichiers", ["download"]),
        ("télécharger des fichiers", ["download"]),
    ],
)
def test_words_phrases_and_stems_are_found(text: str, known: list[str]) -> None:
    """Words, phrases, dotted names and stems are found in order, with or without accents and hyphens."""
    assert names(text) == known


@pytest.mark.parametrize("text", ["mypillowcase", "my_requests.getter", "predownload", "presorted", "gitter", ""])
def test_parts_of_words_do_not_match(text: str) -> None:
    """A word within a longer one does not match."""
    assert names(text) == []


def test_positions_are_those_of_the_text() -> None:
    """A match has its position in the text, whatever accents, endings and hyphens it has."""
    text = "bitte 3 x herunterladen: télécharger y, web-pages"
    assert [text[match.start : match.end] for match in find_entries(text)] == [
        "herunterladen",
        "télécharger",
        "web-pages",
    ]


def test_the_longest_phrase_matches() -> None:
    """A known phrase hides the words in it, but not the same words elsewhere."""
    assert names("json parsing") == ["json module"]
    assert names("json.loads, then parsing") == ["json module", "parse"]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("用pandas读取csv", ["pandas", "csv files"]),
        ("批量下载文件", ["download"]),
        ("ファイルをダウンロードする", ["download"]),
        ("скачать файлы", ["download"]),
    ],
)
def test_scripts_without_spaces(text: str, known: list[str]) -> None:
    """In Chinese and Japanese a word matches anywhere, and so does a Latin word among them."""
    assert [name for name in names(text) if name in known] == known


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_safe(text: str) -> None:
    """Matches are within the text, in order, and none is within another."""
    matches = find_entries(text)
    assert all(0 <= match.start < match.end <= len(text) for match in matches)
    assert all(one.start < other.start and one.end < other.end for one, other in pairwise(matches))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("PIL.Image", "pillow"),
        ("cv2", "opencv"),
        ("sklearn", "scikit-learn"),
        ("bs4", "beautifulsoup"),
        ("yaml", "pyyaml"),
        ("requests", "requests library"),
        ("psycopg2.extras", "psycopg2"),
    ],
)
def test_modules_are_found_by_import_name(module: str, name: str) -> None:
    """The name that a program imports finds the library, whatever its distribution is called."""
    assert find_module_entries([module]) == [NAMES[name]]


def test_submodules_find_their_packages() -> None:
    """Submodules find the entries of their packages, each once; an unknown module finds none."""
    found = find_module_entries(["numpy.linalg", "numpy", "numpy.random", "shop.images", ""])
    assert [entry.name for entry in found] == ["numpy.linalg", "numpy", "numpy.random"]
