"""The classifier of descriptions: safe for any text, explained, and stored as plain numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe.classifier.archetype_kinds import best_archetype
from advisor.describe.classifier.predict import HEADER_FILE, TABLE_FILE, VERDICTS, classify, load_model
from advisor.input_limits import MAX_CLASSIFIED_TEXT
from advisor.models import Recommendation


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_classified(text: str) -> None:
    """No text raises; the result has valid probabilities and at least one reason."""
    result = classify(text)
    assert result.verdict in VERDICTS
    assert 0 <= result.confidence <= 1
    assert sum(result.probabilities.values()) == pytest.approx(1)
    assert result.reasons


@pytest.mark.parametrize("piece", ["download ", "1,000 ", "空", "ﷺ", "one core busy; "])
def test_a_huge_text_is_classified_by_its_beginning(piece: str) -> None:
    """The end of a text of a million characters does not matter."""
    huge = piece * 1_000_000
    assert classify(huge) == classify(huge[:MAX_CLASSIFIED_TEXT])


@pytest.mark.parametrize("text", ["", "   ", "asdf qwer zxcv", "\x00\x1b[31m", "💥" * 50, "'; DROP TABLE users; --"])
def test_nonsense_is_undecided(text: str) -> None:
    """A text without meaning gets no verdict."""
    assert classify(text).verdict == "undecided"


@pytest.mark.parametrize(
    ("text", "verdict", "word"),
    [
        ("downloading 500 files from a slow web server, one after the other", "threading", "server"),
        ("pure Python simulation of 200 independent games, one core busy", "multiprocessing", "pure python"),
        ("20,000 websocket connections at once with asyncio", "asyncio", "websocket"),
    ],
)
def test_a_clear_description_is_classified_and_explained(text: str, verdict: str, word: str) -> None:
    """A clear description gets the expected verdict, and its characteristic words are among the reasons."""
    result = classify(text)
    assert result.verdict == verdict
    assert result.confidence > 0.5
    assert any(word in reason for reason, _ in result.reasons), result.reasons
    assert all(weight > 0 for _, weight in result.reasons)


@pytest.mark.parametrize(
    ("verdict", "probabilities", "archetype"),
    [
        ("threading", {"parse": 0.3, "download": 0.4, "native": 0.3}, "download"),
        ("threading", {"image": 0.6, "api-call": 0.3, "native": 0.1}, "native"),
        ("multiprocessing", {"download": 0.5, "parse": 0.3, "image": 0.2}, "parse"),
        ("sequential", {"download": 0.5, "serial": 0.3, "tiny": 0.2}, "serial"),
        ("undecided", {"download": 0.5, "serial": 0.3, "tiny": 0.2}, "download"),
        ("asyncio", {"serial": 1.0}, "serial"),
    ],
)
def test_the_archetype_fits_the_verdict(
    verdict: Recommendation, probabilities: dict[str, float], archetype: str
) -> None:
    """The archetype's calls do what the verdict is for; threads that compute run native code."""
    assert best_archetype(verdict, probabilities) == archetype


def test_reasons_are_meaningful() -> None:
    """Reasons are no stop words, do not overlap, and show numbers as people write them."""
    reasons = [reason for reason, _ in classify("parse 40000 pages with beautifulsoup, each takes 0.2 s").reasons]
    assert not {"each", "with", "s", "takes"} & set(reasons)
    assert not [(one, other) for one in reasons for other in reasons if one != other and one in other]
    assert not any("e+" in reason or "40000 calls" in reason for reason in reasons)


def test_classifying_needs_no_library() -> None:
    """Neither scikit-learn nor NumPy is imported to classify a text."""
    program = (
        "import sys; from advisor.describe.classifier.predict import classify; classify('download 100 files'); "
        "print({'numpy', 'scipy', 'sklearn', 'pickle'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_stored_model_is_numbers() -> None:
    """The table has the size that the header states, ascending keys, and less than a megabyte."""
    header = json.loads(HEADER_FILE.read_text("utf-8"))
    model = load_model(HEADER_FILE, TABLE_FILE)
    assert TABLE_FILE.stat().st_size == header["rows"] * (4 + model.header.columns)
    assert list(model.keys) == sorted(set(model.keys))
    assert len(model.keys) == header["rows"]
    assert HEADER_FILE.stat().st_size + TABLE_FILE.stat().st_size < 1_000_000


def test_a_table_of_another_model_is_rejected(tmp_path: Path) -> None:
    """A header and a table that were not stored together raise an error."""
    short = tmp_path / "model.bin"
    short.write_bytes(TABLE_FILE.read_bytes()[:-1])
    with pytest.raises(ValueError, match="does not match"):
        load_model(HEADER_FILE, short)
