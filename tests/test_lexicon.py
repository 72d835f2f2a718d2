"""What is known of libraries, programs and words, and how it is found in a text."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe.lexicon.lookup import FILES, entries, facts_for_modules, found_in
from advisor.describe.lexicon.schema import ARCHETYPES, NAMED, faults
from advisor.describe.reader import archetypes

NAMES = {entry.name: entry for entry in entries()}


def names(text: str) -> list[str]:
    return [found.entry.name for found in found_in(text)]


def test_the_lexicon_is_in_order() -> None:
    """Every line fits the schema, and no name and no word stands there twice."""
    assert list(faults()) == []


def test_a_fault_is_told(tmp_path: Path) -> None:
    """A line that breaks the schema, and a word that two entries claim, are reported with their places."""
    line = '{{"name": "{}", "kind": "{}", "words": ["frob-nicate*"], "works": "holds", "fact": "It holds the GIL."}}\n'
    file = tmp_path / "more.jsonl"
    file.write_text(
        line.format("frobnicate", "verb") + line.format("frobnicator", "verb") + line.format("x", "library")
    )
    repeated, broken = faults((file,))
    assert repeated == "more.jsonl:2: the word 'frob-nicate*' stands at more.jsonl:1 too"
    assert broken.startswith("more.jsonl:3: ")
    assert "source" in broken


def test_it_knows_what_people_name() -> None:
    """Hundreds of libraries, programs and services are known, each with the place where its fact can be looked up."""
    kinds = Counter(entry.kind for entry in entries())
    assert sum(kinds[kind] for kind in NAMED) >= 300
    assert min(kinds.values()) >= 20
    assert all(entry.source for entry in entries() if entry.kind in NAMED)


def test_the_files_are_sorted() -> None:
    """Within a file, entries stand by kind and name, so that a new one has its place."""
    order = ("library", "program", "service", "verb", "noun", "symptom")
    assert all(file.exists() for file in FILES)
    for file in FILES:
        told = [line.split('"')[3] for line in file.read_text("utf-8").splitlines()]
        keys = [(order.index(NAMES[name].kind), name.lower()) for name in told]
        assert keys == sorted(keys)


def test_archetypes_are_those_of_the_profiles() -> None:
    """The schema allows every archetype that there is a typical profile of."""
    assert set(archetypes()) <= ARCHETYPES


def test_every_word_is_found() -> None:
    """Each word of the lexicon, alone in a text, finds its own entry, with an ending where it allows one."""
    missed = [
        (entry.name, word)
        for entry in entries()
        for word in entry.words
        if entry not in [found.entry for found in found_in(word.replace("*", "e") if word.endswith("*") else word)]
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
    """Words, phrases, dotted names and stems are found in their order, with or without accents and hyphens."""
    assert names(text) == known


@pytest.mark.parametrize("text", ["mypillowcase", "my_requests.getter", "predownload", "presorted", "gitter", ""])
def test_nothing_is_found_inside_a_word(text: str) -> None:
    """A word that is only a part of another is not meant."""
    assert names(text) == []


def test_a_place_is_that_of_the_text() -> None:
    """The place found is where the text names the entry, whatever accents, endings and hyphens it has."""
    text = "bitte 3 x herunterladen: télécharger y, web-pages"
    assert [text[found.start : found.end] for found in found_in(text)] == [
        "herunterladen",
        "télécharger",
        "web-pages",
    ]


def test_of_a_phrase_and_its_words_the_phrase_is_meant() -> None:
    """A longer phrase that is known covers the words in it; beside it they count."""
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
    """In Chinese and Japanese a word is found wherever it stands, and so is a Latin one among them."""
    assert [name for name in names(text) if name in known] == known


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_safe(text: str) -> None:
    """Whatever the text, what is found lies in it, in order, and no place lies within another."""
    found = found_in(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.start < other.start and one.end < other.end for one, other in pairwise(found))


@pytest.mark.parametrize("piece", ["a", "x ", "download ", "下载", "-", "é", "the slow part is "])
def test_a_huge_text_is_read(piece: str) -> None:
    """A text of twenty thousand characters is looked through as well."""
    found_in((piece * 20_000)[:20_000])


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
def test_a_module_is_known_by_its_import_name(module: str, name: str) -> None:
    """What a program imports finds the library, whatever that is called elsewhere."""
    assert facts_for_modules([module]) == [NAMES[name]]


def test_modules_bring_their_packages_facts_once() -> None:
    """Submodules bring the facts of their packages too, each entry once, and an unknown module brings none."""
    found = facts_for_modules(["numpy.linalg", "numpy", "numpy.random", "shop.images", ""])
    assert [entry.name for entry in found] == ["numpy.linalg", "numpy", "numpy.random"]


def test_entries_cannot_be_changed() -> None:
    """Entries are shared by everyone who looks, so they are frozen."""
    entry = entries()[0]
    with pytest.raises(AttributeError):
        entry.fact = "another"  # type: ignore[misc]
