"""Measure how well descriptions are classified: on families that the model has not seen, and on texts of other authors.

    python -m benchmarks.descriptions [--train] [--sample FILE]... [--doubtful] [--holes] [--report]

Cross-validation splits by family: texts that share a scenario or a wording are held out together. The confidence and
the threshold for a text are calibrated on the other folds, too. `--holes` holds out whole archetypes and whole files.
`profiles/descriptions/unseen.jsonl` was written independently of the training texts and is never trained on. It is read
as users' texts are, with the stored model; so is each FILE of the same form, where a label may be null for undecided.

`--train` first trains anew and stores the model (model.json and model.bin in advisor/describe/classifier); every run
gives the same files. `--report` also writes the output into docs/descriptions.md. `--doubtful` lists the training texts
whose labels the held-out models contradict most. Needs scikit-learn, which the extra `workloads` installs. Takes about
three minutes.
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
    DIRECTORY,
    UNSEEN,
    LabelledText,
    Scores,
    assign_folds,
    calibrate,
    held_out_scores,
    load_texts,
    load_training_texts,
    predict,
    save,
    train,
)
from benchmarks.document import renew

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "descriptions.md"
MAX_DOUBTFUL: Final = 60
HEADINGS: Final = (
    "| | correct | correct, of the misleading | undecided instead | correct, of those answered "
    "| undecided, where that is correct | correct archetype |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class Answer:
    """An answer to a text: the verdict, its confidence, and the archetype if it names one."""

    verdict: Recommendation
    confidence: float = 1.0
    archetype: str | None = None


# The classifiers


def cross_validate(texts: Sequence[LabelledText], folds: Sequence[int]) -> tuple[list[Answer], list[Scores]]:
    """Answer each text with models and a calibration that have not seen its fold."""
    scores = held_out_scores(texts, folds)
    calibrations = {}
    for fold in sorted(set(folds)):
        others = [index for index, other in enumerate(folds) if other != fold]
        calibrations[fold] = calibrate([texts[index] for index in others], [scores[index] for index in others])
    answers = [Answer(*predict(scored, calibrations[fold])) for scored, fold in zip(scores, folds, strict=True)]
    return answers, scores


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


def cross_validate_tfidf(texts: Sequence[LabelledText], folds: Sequence[int]) -> list[Answer]:
    """Answer each text with a baseline that has not seen its fold."""
    answers: dict[int, Answer] = {}
    for fold in sorted(set(folds)):
        inside = [index for index, other in enumerate(folds) if other == fold]
        others = [text for text, other in zip(texts, folds, strict=True) if other != fold]
        answers |= dict(zip(inside, answer_by_tfidf(others, [texts[index] for index in inside]), strict=True))
    return [answers[index] for index in range(len(texts))]


# The report


def report(
    title: str, texts: Sequence[LabelledText], answers: Sequence[Answer], baselines: dict[str, Sequence[Answer]]
) -> str:
    """Return the report on one set of texts, in Markdown."""
    rows: dict[str, Sequence[Answer]] = {
        "**the classifier**": answers,
        **baselines,
        "keywords of the matrix": [Answer(classify_by_keywords(text.text)) for text in texts],
        "always threading": [Answer("threading")] * len(texts),
        "always multiprocessing": [Answer("multiprocessing")] * len(texts),
    }
    return "\n".join(
        [
            f"## {title}: {len(texts)} texts",
            "",
            *HEADINGS,
            *(_row(name, texts, row) for name, row in rows.items()),
            "",
            *_confusion(texts, answers),
            "",
            *_calibration(texts, answers),
            "",
        ]
    )


def _row(name: str, texts: Sequence[LabelledText], answers: Sequence[Answer]) -> str:
    pairs = list(zip(texts, answers, strict=True))
    clear = [(text, answer) for text, answer in pairs if text.label != "undecided"]
    answered = [(text, answer) for text, answer in clear if answer.verdict != "undecided"]
    cells = (
        _share(_is_correct(text, answer) for text, answer in clear),
        _share(_is_correct(text, answer) for text, answer in clear if text.misleading),
        _share(answer.verdict == "undecided" for _, answer in clear),
        _share(_is_correct(text, answer) for text, answer in answered),
        _share(answer.verdict == "undecided" for text, answer in pairs if text.label == "undecided"),
        _share(answer.archetype == text.archetype for text, answer in clear if text.archetype and answer.archetype),
    )
    return f"| {name} | {' | '.join(cells)} |"


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


def report_holes(texts: Sequence[LabelledText]) -> str:
    """Report what remains when a whole archetype, or a whole file, is held out."""
    archetypes = [text.archetype or f"none, {fold}" for text, fold in zip(texts, _family_folds(texts), strict=True)]
    lines = ["## Held out as a whole", "", *HEADINGS]
    for name, groups in (("archetypes", archetypes), ("files", [text.file for text in texts])):
        answers, _ = cross_validate(texts, assign_folds(groups))
        lines.append(_row(name, texts, answers))
    return "\n".join([*lines, ""])


def _family_folds(texts: Sequence[LabelledText]) -> list[int]:
    return assign_folds([text.family for text in texts])


def report_doubtful(texts: Sequence[LabelledText], scores: Sequence[Scores]) -> str:
    """List the texts whose labels models that have not seen their families contradict, the most confident first."""
    calibration = calibrate(texts, scores)
    found = []
    for text, scored in zip(texts, scores, strict=True):
        verdict, confidence, _ = predict(scored, calibration)
        if verdict not in text.acceptable:
            found.append((confidence, f"{verdict}, labelled {text.label} ({text.file}): {text.text!r}"))
    found.sort(key=lambda item: -item[0])
    return "\n".join(["## Doubtful labels", "", *(f"{sure:.2f} {line}" for sure, line in found[:MAX_DOUBTFUL]), ""])


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
    parser.add_argument("--holes", action="store_true", help="also hold out whole archetypes and whole files")
    parser.add_argument("--doubtful", action="store_true", help="list the labels that held-out models contradict")
    parser.add_argument("--report", action="store_true", help="write the report into docs/descriptions.md")
    options = parser.parse_args()
    texts = load_training_texts()
    folds = _family_folds(texts)
    answers, scores = cross_validate(texts, folds)
    if options.train:
        save(*train(texts, scores), HEADER_FILE, TABLE_FILE)
        stored_model.cache_clear()
    tfidf = "TF-IDF of words, logistic regression"
    parts = [
        measure_speed(),
        "",
        report("Unseen families", texts, answers, {tfidf: cross_validate_tfidf(texts, folds)}),
    ]
    for file in (DIRECTORY / f"{UNSEEN}.jsonl", *options.sample):
        others = load_texts(file)
        parts.append(report(file.stem, others, answer_as_shipped(others), {tfidf: answer_by_tfidf(texts, others)}))
    if options.holes:
        parts.append(report_holes(texts))
    print("\n".join(parts))
    if options.report:
        renew(DOCUMENT, "figures", "\n".join(parts).replace("\n## ", "\n### "))
    if options.doubtful:
        print(report_doubtful(texts, scores))


if __name__ == "__main__":
    main()
