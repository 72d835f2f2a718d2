"""The decision matrix as data."""

import json

import pytest

from advisor.api import advise_description
from advisor.decide.matrix_document import as_json
from advisor.describe.archetype_profiles import archetypes
from advisor.describe.decision_matrix import FURTHER, LISTS, MATRIX, ROWS
from advisor.describe.reader import WORD_FOR_WORD, read
from advisor.models import Machine, MatrixRow, Recommendation

NOTEBOOK = [
    ("Downloading 100 files", "threading", "I/O bound, waiting for network"),
    ("Processing 100 images", "multiprocessing", "CPU bound, can use several cores"),
    ("Web server handling requests", "threading", "I/O bound, shared state"),
    ("Scientific simulations", "multiprocessing", "CPU intensive, independent calculations"),
    ("Database queries", "threading", "I/O bound, waiting for the database"),
    ("Video encoding", "multiprocessing", "CPU intensive, can be parallelised"),
    ("Real-time chat app", "threading", "I/O bound, needs shared state"),
    ("Data analysis (pandas)", "multiprocessing", "CPU bound, large datasets"),
]
# Every item of the notebook's lists, under the heading that it stands under there.
LISTED: dict[tuple[Recommendation, str], tuple[str, ...]] = {
    ("threading", "I/O Bound Tasks"): (
        "File reading/writing",
        "Network requests (web scraping, API calls)",
        "Database operations",
        "User interface responsiveness",
    ),
    ("threading", "Shared State is Important"): (
        "Multiple threads need to access same data",
        "Memory usage needs to be minimal",
        "Fast context switching required",
    ),
    ("threading", "Examples"): (
        "Web scraping multiple URLs",
        "Reading multiple files",
        "GUI applications",
        "Web servers handling requests",
    ),
    ("multiprocessing", "CPU Bound Tasks"): (
        "Mathematical calculations",
        "Image/video processing",
        "Data analysis and machine learning",
        "Cryptographic operations",
    ),
    ("multiprocessing", "True Parallelism Needed"): (
        "Multiple CPU cores available",
        "Tasks are independent",
        "Process isolation is important",
    ),
    ("multiprocessing", "Examples"): (
        "Scientific computing",
        "Batch data processing",
        "Parallel algorithms",
        "Independent task processing",
    ),
}
# Parts of an item that stand for a task of their own.
HALVES: dict[Recommendation, tuple[str, ...]] = {
    "threading": ("File reading", "File writing", "Web scraping", "API calls", "Network requests", "Database queries"),
    "multiprocessing": ("Image processing", "Video processing", "Data analysis", "Machine learning"),
}
SAID: list[tuple[Recommendation, str]] = [
    *((verdict, task) for task, verdict, _ in NOTEBOOK),
    *((verdict, heading) for verdict, heading in LISTED if heading != "Examples"),
    *((verdict, item) for (verdict, _), items in LISTED.items() for item in items),
    *((verdict, half) for verdict, halves in HALVES.items() for half in halves),
]
VARIED = (
    "{}",
    "{}.",
    "# {}",
    "We have to do {}",
    "lots of {}!",
    "500 {}",
    "the {} on 16 cores",
    "{} with my 8-core machine",
)


@pytest.mark.parametrize(("verdict", "text"), SAID, ids=lambda value: value)
def test_the_notebooks_words_get_its_verdict(verdict: Recommendation, text: str) -> None:
    """Each row, heading, item and half of an item is advised as the notebook says, with small variations too."""
    for variation in VARIED:
        for varied in (variation.format(text), variation.format(text).lower(), variation.format(text).upper()):
            assert read(varied).recommendation == verdict, varied
    advice = advise_description(text, calls=None, machine=Machine(cores=8), cores=None)
    assert advice.recommendation == verdict


@pytest.mark.parametrize(
    "text", ["no machine learning", "API calls are done", "16 cores available", "download download"]
)
def test_more_than_the_notebooks_words_is_judged_apart(text: str) -> None:
    """A text that denies a task, or names none, is no row."""
    assert read(text).words == () or read(text).confidence != WORD_FOR_WORD


def test_the_notebooks_rows() -> None:
    """The matrix holds the notebook's eight rows, in its order and words."""
    assert [(row.task, row.recommendation, row.reason) for row in MATRIX] == NOTEBOOK


def test_the_notebooks_lists() -> None:
    """Seven kinds of task are listed for threads and seven for processes."""
    verdicts = [row.recommendation for row in LISTS]
    assert (verdicts.count("threading"), verdicts.count("multiprocessing")) == (7, 7)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task)
def test_every_row_can_be_used(row: MatrixRow) -> None:
    """A row has a source, keywords in lower case (texts are compared so), and an archetype that exists."""
    assert row.source
    assert row.keywords
    assert all(word == word.lower().strip() for word in row.keywords)
    assert row.archetype in archetypes()


def test_everything_is_listed_as_json() -> None:
    """The JSON holds every row, rule and pitfall with its source, and survives a round trip."""
    tables = as_json()
    assert json.loads(json.dumps(tables)) == tables
    assert [len(tables[name]) for name in ("matrix", "lists", "further")] == [len(MATRIX), len(LISTS), len(FURTHER)]
    assert {"rules", "pitfalls"} < set(tables)
    assert all(row["source"] for rows in tables.values() for row in rows)
