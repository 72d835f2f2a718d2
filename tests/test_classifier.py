"""The classifier of descriptions: safe for any text, explained, stored as figures, the same on every run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.describe.classifier import predict
from advisor.describe.classifier.archetype_kinds import fitting
from advisor.describe.classifier.features import LONGEST, features
from advisor.describe.classifier.predict import HEADER, TABLE, VERDICTS, judge, load
from advisor.describe.text import symptoms
from advisor.models import Recommendation
from benchmarks.descriptions import cross_validated, report
from benchmarks.descriptions_keywords import by_keywords
from benchmarks.descriptions_training import (
    ASKED_FOR,
    FOLDER,
    TRAINED_ON,
    UNSEEN,
    Text,
    calibrate,
    held_out,
    in_memory,
    parts,
    texts_of,
    train,
    training_texts,
    vocabulary_of,
    weights_of,
    write,
)

UNSEEN_FILE = FOLDER / f"{UNSEEN}.jsonl"


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_safe(text: str) -> None:
    """No text raises; what comes out are probabilities and at least one reason."""
    judgement = judge(text)
    assert judgement.verdict in VERDICTS
    assert 0 <= judgement.confidence <= 1
    assert 0 <= judgement.archetype_confidence <= 1
    assert sum(judgement.probabilities.values()) == pytest.approx(1)
    assert judgement.reasons


@pytest.mark.parametrize("piece", ["a", "download ", "1 ", "1,000 ", "\n", "é", "空", "ﷺ", "not, ", "one core busy; "])
def test_a_huge_text_is_safe(piece: str) -> None:
    """A text of a million characters is judged by its beginning."""
    huge = piece * 1_000_000
    assert judge(huge) == judge(huge[:LONGEST])


@pytest.mark.parametrize("text", ["", "   ", "asdf qwer zxcv", "\x00\x1b[31m", "💥" * 50, "'; DROP TABLE users; --"])
def test_nonsense_is_undecided(text: str) -> None:
    """A text that says nothing gets no verdict."""
    assert judge(text).verdict == "undecided"


@pytest.mark.parametrize(
    ("text", "verdict", "word"),
    [
        ("downloading 500 files from a slow web server, one after the other", "threading", "server"),
        ("pure Python simulation of 200 independent games, one core busy", "multiprocessing", "pure python"),
        ("20,000 websocket connections at once with asyncio", "asyncio", "websocket"),
    ],
)
def test_a_plain_description_is_judged_and_explained(text: str, verdict: str, word: str) -> None:
    """A description that leaves no doubt comes out so, and its telling words are among the reasons."""
    judgement = judge(text)
    assert judgement.verdict == verdict
    assert judgement.confidence > 0.5
    shown = [shown for shown, _ in judgement.reasons]
    assert any(word in one for one in shown), shown
    assert all(weight > 0 for _, weight in judgement.reasons)


@pytest.mark.parametrize(
    ("verdict", "shares", "archetype"),
    [
        ("threading", {"parse": 0.3, "download": 0.4, "native": 0.3}, "download"),
        ("threading", {"image": 0.6, "api-call": 0.3, "native": 0.1}, "native"),
        ("multiprocessing", {"download": 0.5, "parse": 0.3, "image": 0.2}, "parse"),
        ("sequential", {"download": 0.5, "serial": 0.3, "tiny": 0.2}, "serial"),
        ("undecided", {"download": 0.5, "serial": 0.3, "tiny": 0.2}, "download"),
        ("asyncio", {"serial": 1.0}, "serial"),
    ],
)
def test_the_archetype_fits_the_verdict(verdict: Recommendation, shares: dict[str, float], archetype: str) -> None:
    """What a call does must be what the verdict is for; threads that compute do so in native code."""
    assert fitting(verdict, shares) == archetype


def test_reasons_are_words_that_say_something() -> None:
    """No "each" and no "with", nothing twice in other words, and figures as people write them."""
    shown = [word for word, _ in judge("parse 40000 pages with beautifulsoup, each takes 0.2 s").reasons]
    assert not {"each", "with", "s", "takes"} & set(shown)
    assert not [(one, other) for one in shown for other in shown if one != other and one in other]
    assert not any("e+" in word or "40000 calls" in word for word in shown)


def test_judging_needs_no_library() -> None:
    """Neither scikit-learn nor NumPy is imported to judge a text."""
    program = (
        "import sys; from advisor.describe.classifier.predict import judge; judge('download 100 files'); "
        "print({'numpy', 'scipy', 'sklearn', 'pickle'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_stored_model_is_figures() -> None:
    """A header in JSON and a table of whole numbers of the size that the header tells: nothing that could be run."""
    header = json.loads(HEADER.read_text("utf-8"))
    model = load(HEADER, TABLE)
    assert TABLE.stat().st_size == header["rows"] * (4 + model.header.columns)
    assert list(model.keys) == sorted(set(model.keys))
    assert len(model.keys) == header["rows"]
    assert HEADER.stat().st_size + TABLE.stat().st_size < 1_000_000


def test_a_table_of_another_model_is_refused(tmp_path: Path) -> None:
    """A header and a table that were not stored together are an error, not a wrong answer."""
    short = tmp_path / "model.bin"
    short.write_bytes(TABLE.read_bytes()[:-1])
    with pytest.raises(ValueError, match="does not belong"):
        load(HEADER, short)


def some_texts() -> list[Text]:
    return training_texts()[::6]


def test_training_is_the_same_on_every_run_and_survives_storing(tmp_path: Path) -> None:
    """The same texts make the same two files, and what is read back judges as what was stored."""
    texts = some_texts()
    part_of = parts([text.family for text in texts], 3)
    sums = held_out(texts, part_of)
    header, table = train(texts, sums)
    assert train(texts, held_out(texts, part_of)) == (header, table)
    write(header, table, tmp_path / "a.json", tmp_path / "a.bin")
    read = load(tmp_path / "a.json", tmp_path / "a.bin")
    assert asdict(read.header) == asdict(in_memory(header, table).header) == asdict(header)
    found = features("download 300 photos from the server")
    assert predict.judged(read, found) == predict.judged(in_memory(header, table), found)


def test_a_family_is_held_out_as_a_whole() -> None:
    """Texts of one family are in one part, and no part is far larger than another."""
    families = [text.family for text in training_texts()]
    part_of = parts(families)
    assert len(set(zip(families, part_of, strict=True))) == len(set(families))
    sizes = [part_of.count(part) for part in sorted(set(part_of))]
    assert max(sizes) - min(sizes) < 10


def test_texts_count_by_how_often_people_ask_for_their_verdict() -> None:
    """However many there are of each; together they count as many as they are."""
    texts = some_texts()
    counted: dict[str, float] = {}
    for text, weight in zip(texts, weights_of(texts), strict=True):
        counted[text.label] = counted.get(text.label, 0.0) + weight
    assert counted == pytest.approx({label: share * len(texts) for label, share in ASKED_FOR.items()})


def test_held_out_texts_leave_no_word() -> None:
    """The vocabulary of a training set has only what is in it, and what more than one author could have written."""
    texts = some_texts()
    known = vocabulary_of(texts)
    assert set(known.rarity) <= {name for text in texts for name in text.features.words}
    assert "=" + "zzyzx" not in known.rarity


def test_the_score_names_every_baseline() -> None:
    """The report compares with keywords and with always the same answer, and shows confusion and calibration."""
    texts = some_texts()
    given, sums = cross_validated(texts, parts([text.family for text in texts], 3))
    shown = report("some", texts, given, {})
    for part in ("keywords of the matrix", "always threading", "always multiprocessing", "it says"):
        assert part in shown
    assert 0.3 <= calibrate(texts, sums).threshold <= 0.7


def test_the_keywords_are_read_as_they_were() -> None:
    """The rule that the classifier is compared with still tells downloads from images, and gives up on a tie."""
    assert by_keywords("Downloading 100 files") == "threading"
    assert by_keywords("Processing 100 images") == "multiprocessing"
    assert by_keywords("images and database") == "undecided"
    assert by_keywords("aiohttp that fetches urls") == "asyncio"


def test_what_was_written_apart_is_not_trained_on() -> None:
    """No text of unseen.jsonl is among the training texts, however it is spaced, nor is the file one of them."""
    unseen, trained_on = (
        {" ".join(text.text.lower().split()) for text in texts} for texts in (texts_of(UNSEEN_FILE), training_texts())
    )
    assert UNSEEN_FILE.stem not in TRAINED_ON
    assert len(unseen) > 200
    assert not unseen & trained_on


def test_a_sign_that_is_not_looked_for_is_not_there() -> None:
    """What a stem cannot do without is looked up before its pattern is compiled, and hides nothing."""
    texts = [" ".join(one.text.lower().split()) for one in texts_of(UNSEEN_FILE) if one.text.isascii()]
    for sign, (_, cues) in symptoms._of_ascii().items():
        pattern = symptoms._pattern(sign) if cues else None
        for text in texts:
            assert pattern is None or any(cue in text for cue in cues) or pattern.search(text) is None
