"""Training and scoring of the classifier: reproducible, split by family, compared with baselines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from advisor.describe.classifier.features import extract_features
from advisor.describe.classifier.predict import classify_features, load_model
from benchmarks.descriptions import cross_validate, report
from benchmarks.descriptions_keywords import classify_by_keywords
from benchmarks.descriptions_training import (
    DIRECTORY,
    TRAINING_FILES,
    UNSEEN,
    VERDICT_FREQUENCY,
    LabelledText,
    assign_folds,
    build_vocabulary,
    calibrate,
    held_out_scores,
    load_texts,
    load_training_texts,
    sample_weights,
    save,
    train,
)


@pytest.fixture(scope="module")
def texts() -> list[LabelledText]:
    return load_training_texts()[::15]


def test_training_is_reproducible_and_survives_storing(texts: list[LabelledText], tmp_path: Path) -> None:
    """The same texts give the same two files, and the stored model can be loaded and classifies."""
    folds = assign_folds([text.family for text in texts], 3)
    header, table = train(texts, held_out_scores(texts, folds))
    assert train(texts, held_out_scores(texts, folds)) == (header, table)
    save(header, table, tmp_path / "a.json", tmp_path / "a.bin")
    loaded = load_model(tmp_path / "a.json", tmp_path / "a.bin")
    assert asdict(loaded.header) == asdict(header)
    assert classify_features(loaded, extract_features("download 300 photos from the server")).verdict == "threading"


def test_a_family_is_held_out_as_a_whole() -> None:
    """All texts of a family are in one fold, and no fold is far larger than another."""
    families = [text.family for text in load_training_texts()]
    folds = assign_folds(families)
    assert len(set(zip(families, folds, strict=True))) == len(set(families))
    sizes = [folds.count(fold) for fold in sorted(set(folds))]
    assert max(sizes) - min(sizes) < 10


def test_texts_are_weighted_by_the_frequency_of_their_verdict(texts: list[LabelledText]) -> None:
    """The weights of a verdict's texts add up to its frequency, however many there are."""
    totals: dict[str, float] = {}
    for text, weight in zip(texts, sample_weights(texts), strict=True):
        totals[text.label] = totals.get(text.label, 0.0) + weight
    assert totals == pytest.approx({label: share * len(texts) for label, share in VERDICT_FREQUENCY.items()})


def test_the_vocabulary_comes_from_the_training_texts(texts: list[LabelledText]) -> None:
    """The vocabulary has no word that only held-out texts have."""
    assert set(build_vocabulary(texts).rarity) <= {name for text in texts for name in text.features.words}


def test_the_report_names_every_baseline(texts: list[LabelledText]) -> None:
    """The report compares with keywords and constant answers, and shows the calibration."""
    answers, scores = cross_validate(texts, assign_folds([text.family for text in texts], 3))
    markdown = report("some", texts, answers, {})
    for part in ("keywords of the matrix", "always threading", "always multiprocessing", "mean confidence"):
        assert part in markdown
    assert 0.3 <= calibrate(texts, scores).threshold <= 0.7


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


def test_unseen_texts_are_not_trained_on() -> None:
    """No text of unseen.jsonl is among the training texts, however it is spaced."""
    unseen, training = (
        {" ".join(text.text.lower().split()) for text in texts}
        for texts in (load_texts(DIRECTORY / f"{UNSEEN}.jsonl"), load_training_texts())
    )
    assert UNSEEN not in TRAINING_FILES
    assert len(unseen) > 200
    assert not unseen & training
