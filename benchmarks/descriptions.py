"""Measure how well descriptions are classified: on texts after real questions, by authors that the model has not seen.

    python -m benchmarks.descriptions [--train] [--sample FILE]... [--doubtful] [--report]

Words learn the habits of an author. Therefore each source (a file of texts by one author, after real questions) is
classified by a model that was trained without it, beside the two halves of the classifier alone: TF-IDF of words, and
the facts from the lexicon, the clauses and the quantities. Each FILE, of the same form, is read as users' texts are,
with the stored model; a label of null means undecided.

`--train` first trains anew and stores the model (model.json and model.bin in advisor/describe/classifier); every run
gives the same files. `--report` also writes the output into docs/descriptions.md. `--doubtful` lists the texts whose
labels the models contradict most. Needs scikit-learn, which the extra `workloads` installs. Takes about four minutes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.describe.classifier.predict import (
    HEADER_FILE,
    TABLE_FILE,
    VERDICTS,
    classify,
    load_model,
    stored_model,
)
from advisor.describe.reader import read
from advisor.models import Recommendation
from benchmarks.descriptions_keywords import classify_by_keywords
from benchmarks.descriptions_training import (
    REAL,
    LabelledText,
    Scores,
    calibrate,
    load_texts,
    load_training_texts,
    predict,
    save,
    scores_without_source,
    train,
)
from benchmarks.document import renew

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "descriptions.md"
MAX_DOUBTFUL: Final = 60
HEADINGS: Final = (
    "| texts | by | correct | correct, of the misleading | wrong | undecided, where that is correct |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
)
Scored = Sequence[tuple[LabelledText, Scores]]


@dataclass(frozen=True)
class Answer:
    """An answer to a text: the verdict, its confidence, and the archetype if it names one."""

    verdict: Recommendation
    confidence: float = 1.0
    archetype: str | None = None


# The classifiers


def answer_without_source(scored: Scored) -> list[Answer]:
    """Answer each text from the scores of a model, and with a calibration, that have not seen its source."""
    answers = {}
    for source in {text.file for text, _ in scored}:
        calibration = calibrate([pair for pair in scored if pair[0].file != source])
        answers |= {id(text): Answer(*predict(scores, calibration)) for text, scores in scored if text.file == source}
    return [answers[id(text)] for text, _ in scored]


def answer_as_shipped(texts: Iterable[LabelledText]) -> list[Answer]:
    """Answer as users are answered: with the stored model, unless quantities leave no choice."""
    answers = []
    for text in texts:
        classified, reading = classify(text.text), read(text.text)
        confidence = reading.confidence or classified.confidence
        answers.append(Answer(reading.recommendation, confidence, reading.archetype or classified.archetype))
    return answers


def answer_by_tfidf(training: Sequence[LabelledText], texts: Sequence[LabelledText]) -> list[Answer]:
    """Answer with TF-IDF of words and logistic regression at their defaults, a baseline."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=300))
    model.fit([text.text for text in training], [VERDICTS.index(text.label) for text in training])
    return [Answer(VERDICTS[int(number)]) for number in model.predict([text.text for text in texts])]


# The report


def rows(name: str, texts: Sequence[LabelledText], answers: dict[str, Sequence[Answer]]) -> list[str]:
    """Return a row of the table for each kind of answers to a set of texts."""
    return [_row(name, by, list(zip(texts, given, strict=True))) for by, given in answers.items()]


def _row(name: str, by: str, pairs: Sequence[tuple[LabelledText, Answer]]) -> str:
    clear = [(text, answer) for text, answer in pairs if text.label != "undecided"]
    cells = (
        _share(_is_correct(text, answer) for text, answer in clear),
        _share(_is_correct(text, answer) for text, answer in clear if text.misleading),
        _share(answer.verdict != "undecided" and not _is_correct(text, answer) for text, answer in clear),
        _share(answer.verdict == "undecided" for text, answer in pairs if text.label == "undecided"),
    )
    return f"| {name} | {by} | {' | '.join(cells)} |"


def _is_correct(text: LabelledText, answer: Answer) -> bool:
    return answer.verdict in text.acceptable


def _share(correct: Iterable[bool]) -> str:
    values = list(correct)
    return f"{statistics.fmean(values):.1%} of {len(values)}" if values else ""


def _confusion(texts: Sequence[LabelledText], answers: Sequence[Answer]) -> list[str]:
    counts = {(label, verdict): 0 for label in VERDICTS for verdict in VERDICTS}
    for text, answer in zip(texts, answers, strict=True):
        counts[text.label, answer.verdict] += 1
    return [
        f"| best answer \\ given | {' | '.join(VERDICTS)} |",
        f"| --- |{' ---: |' * len(VERDICTS)}",
        *(f"| {label} | {' | '.join(str(counts[label, verdict]) for verdict in VERDICTS)} |" for label in VERDICTS),
    ]


def _calibration(texts: Sequence[LabelledText], answers: Sequence[Answer]) -> list[str]:
    """Compare the confidence of the answers, in tenths, with the share that is correct."""
    pairs = [(answer.confidence, _is_correct(text, answer)) for text, answer in zip(texts, answers, strict=True)]
    lines = ["| confidence | texts | mean confidence | correct |", "| --- | ---: | ---: | ---: |"]
    for tenth in range(10):
        inside = [pair for pair in pairs if min(9, int(10 * pair[0])) == tenth]
        if inside:
            mean, correct = (statistics.fmean(values) for values in zip(*inside, strict=True))
            bounds = f"{tenth / 10:.0%} to {(tenth + 1) / 10:.0%}"
            lines.append(f"| {bounds} | {len(inside)} | {mean:.0%} | {correct:.0%} |")
    return lines


def report_sources(texts: Sequence[LabelledText], scored: Scored) -> list[str]:
    """Report on each source, by models that have not seen it."""
    real, answers = [text for text, _ in scored], answer_without_source(scored)
    by_facts = answer_without_source(scores_without_source(texts, with_words=False))
    by_words: dict[int, Answer] = {}
    for source in REAL:
        inside = [text for text in texts if text.file == source]
        tfidf = answer_by_tfidf([text for text in texts if text.file != source], inside)
        by_words |= {id(text): answer for text, answer in zip(inside, tfidf, strict=True)}
    lines = ["## Sources that the model has not seen", "", *HEADINGS]
    for name, chosen in (*((source, [source]) for source in REAL), ("all sources", REAL)):
        here = [index for index, text in enumerate(real) if text.file in chosen]
        kinds: dict[str, Sequence[Answer]] = {
            "**the classifier**": [answers[index] for index in here],
            "facts alone": [by_facts[index] for index in here],
            "TF-IDF of words": [by_words[id(real[index])] for index in here],
        }
        lines += rows(f"{name} ({len(here)})", [real[index] for index in here], kinds)
    return [*lines, "", *_confusion(real, answers), "", *_calibration(real, answers), ""]


def report_samples(texts: Sequence[LabelledText], samples: Sequence[Path]) -> list[str]:
    """Report on further files, answered as users are answered."""
    lines: list[str] = ["## Samples, answered by the stored model", "", *HEADINGS] if samples else []
    for file in samples:
        others = load_texts(file)
        kinds: dict[str, Sequence[Answer]] = {
            "**the classifier**": answer_as_shipped(others),
            "TF-IDF of words": answer_by_tfidf(texts, others),
            "keywords of the matrix": [Answer(classify_by_keywords(text.text)) for text in others],
        }
        lines += rows(f"{file.stem} ({len(others)})", others, kinds)
    return [*lines, ""] if samples else []


def report_doubtful(texts: Sequence[LabelledText], answers: Sequence[Answer]) -> str:
    """List the texts whose labels models that have not seen their source contradict, the most confident first."""
    wrong = [pair for pair in zip(texts, answers, strict=True) if not _is_correct(*pair)]
    wrong.sort(key=lambda pair: -pair[1].confidence)
    lines = [
        f"{answer.confidence:.2f} {answer.verdict}, labelled {text.label} ({text.file}): {text.text!r}"
        for text, answer in wrong[:MAX_DOUBTFUL]
    ]
    return "\n".join(["## Doubtful labels", "", *lines, ""])


def measure_speed() -> str:
    """Time the loading of the model and the classification of a text."""
    began = time.perf_counter()
    load_model(HEADER_FILE, TABLE_FILE)
    loading = time.perf_counter() - began
    texts = load_training_texts()[::10]
    classify(texts[0].text)
    began = time.perf_counter()
    for text in texts:
        classify(text.text)
    each = (time.perf_counter() - began) / len(texts)
    size = HEADER_FILE.stat().st_size + TABLE_FILE.stat().st_size
    return f"{size / 1000:.0f} kB, loaded in {1000 * loading:.1f} ms; a text takes {1000 * each:.2f} ms."


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.descriptions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--train", action="store_true", help="train and store the model first")
    parser.add_argument("--sample", type=Path, action="append", default=[], metavar="FILE", help="also score this file")
    parser.add_argument("--doubtful", action="store_true", help="list the labels that held-out models contradict")
    parser.add_argument("--report", action="store_true", help="write the report into docs/descriptions.md")
    options = parser.parse_args()
    texts = load_training_texts()
    scored = scores_without_source(texts)
    if options.train:
        save(*train(texts, scored), HEADER_FILE, TABLE_FILE)
        stored_model.cache_clear()
    parts = [measure_speed(), "", *report_sources(texts, scored), *report_samples(texts, options.sample)]
    print("\n".join(parts))
    if options.report:
        renew(DOCUMENT, "figures", "\n".join(parts).replace("\n## ", "\n### "))
    if options.doubtful:
        print(report_doubtful([text for text, _ in scored], answer_without_source(scored)))


if __name__ == "__main__":
    main()
