"""The decision matrix as data."""

import json

import pytest

from advisor.decide.matrix_document import as_json
from advisor.describe.archetype_profiles import archetypes
from advisor.describe.decision_matrix import FURTHER, LISTS, MATRIX, ROWS
from advisor.models import MatrixRow

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
