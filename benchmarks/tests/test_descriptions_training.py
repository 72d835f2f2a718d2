"""Training and scoring of the classifier: reproducible, split by source, compared with baselines."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from advisor.describe.classifier.features import extract_features
from advisor.describe.classifier.predict import classify_features, load_model
from benchmarks.descriptions import answer_without_source, report_samples, report_sources
from benchmarks.descriptions_keywords import classify_by_keywords
from benchmarks.descriptions_training import (
    DIRECTORY,
    REAL,
    VERDICT_FREQUENCY,
    LabelledText,
    build_vocabulary,
    calibrate,
    load_training_texts,
    sample_weights,
    save,
    scores_without_source,
    train,
)


@pytest.fixture(scope="module")
def texts() -> list[LabelledText]:
    return load_training_texts()[::15]


def test_training_is_reproducible_and_survives_storing(texts: list[LabelledText], tmp_path: Path) -> None:
    """The same texts give the same two files, and the stored model can be loaded and classifies."""
    header, table = train(texts, scores_without_source(texts))
    assert train(texts, scores_without_source(texts)) == (header, table)
    save(header, table, tmp_path / "a.json", tmp_path / "a.bin")
    loaded = load_model(tmp_path / "a.json", tmp_path / "a.bin")
    assert asdict(loaded.header) == asdict(header)
    assert classify_features(loaded, extract_features("download 300 photos from the server")).verdict == "threading"


def test_a_source_is_scored_by_a_model_that_has_not_seen_it(texts: list[LabelledText]) -> None:
    """Only texts after real questions are scored; the other texts of their source change nothing."""
    scored = scores_without_source(texts)
    assert {text.file for text, _ in scored} == set(REAL)
    last = scored[-1][0]
    alone = [text for text in texts if text.file != last.file or text is last]
    assert scores_without_source(alone)[-1] == scored[-1]


def test_texts_are_weighted_by_the_frequency_of_their_verdict(texts: list[LabelledText]) -> None:
    """The weights of a verdict's texts add up to its frequency, however many there are."""
    totals: dict[str, float] = {}
    for text, weight in zip(texts, sample_weights(texts), strict=True):
        totals[text.label] = totals.get(text.label, 0.0) + weight
    assert totals == pytest.approx({label: share * len(texts) for label, share in VERDICT_FREQUENCY.items()})


def test_the_vocabulary_comes_from_the_training_texts(texts: list[LabelledText]) -> None:
    """The vocabulary has no word that only held-out texts have."""
    assert set(build_vocabulary(texts).rarity) <= {name for text in texts for name in text.features.words}


def test_the_report_has_a_row_for_each_source_and_each_baseline(texts: list[LabelledText]) -> None:
    """The report has every source by the classifier, by facts alone and by TF-IDF, and shows the calibration."""
    scored = scores_without_source(texts)
    markdown = "\n".join(report_sources(texts, scored))
    for part in (*REAL, "facts alone", "TF-IDF of words", "mean confidence"):
        assert part in markdown
    assert calibrate(scored).slope > 0
    assert len(answer_without_source(scored)) == len(scored)


def test_a_sample_is_answered_as_users_are(tmp_path: Path) -> None:
    """A sample of one text that has an answer, and one that has none, gives a row of percentages for each."""
    file = tmp_path / "own.jsonl"
    file.write_text(
        '{"text": "Downloading 100 files", "label": "threading"}\n{"text": "hello", "label": null}\n', encoding="utf-8"
    )
    lines = report_samples(load_training_texts()[::100], [file])
    assert "| own (2) | **the classifier** | 100.0% of 1 |  | 0.0% of 1 | 100.0% of 1 |" in lines


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Downloading 100 files", "threading"),
        ("Processing 100 images", "multiprocessing"),
        ("images and database", "undecided"),
        ("aiohttp that fetches urls", "asyncio"),
    ],
)
def test_keywords_decide_clear_cases(text: str, verdict: str) -> None:
    """The baseline tells downloads from images, and is undecided on a tie."""
    assert classify_by_keywords(text) == verdict


def test_texts_after_real_questions_name_their_source() -> None:
    """Each text after a real question names its source, and has an archetype unless it is undecided."""
    for name in REAL:
        for line in (DIRECTORY / f"{name}.jsonl").read_text("utf-8").splitlines():
            fields = json.loads(line)
            assert re.match("https?://|package index: ", fields["source"]), fields["text"]
            assert (fields["archetype"] is None) == (fields["label"] == "undecided"), fields["text"]
