"""How well are descriptions read? On texts of families that the classifier has not seen, and on texts of other authors.

    python -m benchmarks.descriptions [--train] [--sample FILE]... [--doubtful] [--holes] [--report]

Cross-validation splits by family: texts that share a scenario or a wording are held out together. The confidence and
the threshold for a text, too, are those of the other parts. `--holes` holds out whole archetypes and whole files.
`profiles/descriptions/unseen.jsonl` was written apart from the training texts, is never trained on, and is read as
users' texts are, with the stored model; so is each FILE of the same form, where a label may be null for undecided.

`--train` first trains anew and stores the model (advisor/reading/model.json and model.bin): the same on every run.
`--report` writes what is printed into docs/descriptions.md too. `--doubtful` lists the training texts whose label the
held-out model contradicts most. Needs scikit-learn (`pip install workload-advisor[workloads]`). Takes three minutes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.describe.classifier import predict
from advisor.describe.classifier.predict import VERDICTS
from advisor.describe.reader import read
from advisor.models import Recommendation
from benchmarks.descriptions_keywords import by_keywords
from benchmarks.descriptions_training import (
    FOLDER,
    UNSEEN,
    Calibration,
    Sums,
    Text,
    calibrate,
    held_out,
    judgement,
    parts,
    texts_of,
    train,
    training_texts,
    write,
)
from benchmarks.document import renew

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "descriptions.md"
MOST_DOUBTFUL: Final = 60


@dataclass(frozen=True)
class Given:
    """An answer to a text: the verdict, how sure it is, and the archetype where one is named."""

    verdict: Recommendation
    confidence: float = 1.0
    archetype: str | None = None


# What is compared


def cross_validated(texts: Sequence[Text], part_of: Sequence[int]) -> tuple[list[Given], list[Sums]]:
    """What is said of each text by models, and by a calibration, that have not seen its part."""
    sums = held_out(texts, part_of)
    by = {}
    for part in sorted(set(part_of)):
        others = [place for place, one in enumerate(part_of) if one != part]
        by[part] = calibrate([texts[place] for place in others], [sums[place] for place in others])
    return [_given(one, by[part]) for one, part in zip(sums, part_of, strict=True)], sums


def _given(sums: Sums, by: Calibration) -> Given:
    verdict, confidence, archetype, _ = judgement(sums, by)
    return Given(verdict, confidence, archetype)


def stored(texts: Iterable[Text]) -> list[Given]:
    """What users get: the stored model's verdict, but where figures leave no choice."""
    found = []
    for text in texts:
        judged, reading = predict.judge(text.text), read(text.text)
        sure = reading.confidence or judged.confidence
        found.append(Given(reading.recommendation, sure, reading.archetype or judged.archetype))
    return found


def plain_words(trained_on: Sequence[Text], texts: Sequence[Text]) -> list[Given]:
    """TF-IDF of words and logistic regression, as it comes: a baseline. It takes the label that is most likely."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=300))
    model.fit([text.text for text in trained_on], [VERDICTS.index(text.label) for text in trained_on])
    return [Given(VERDICTS[int(one)]) for one in model.predict([text.text for text in texts])]


def plain_words_held_out(texts: Sequence[Text], part_of: Sequence[int]) -> list[Given]:
    found: dict[int, Given] = {}
    for part in sorted(set(part_of)):
        inside = [place for place, one in enumerate(part_of) if one == part]
        others = [text for text, one in zip(texts, part_of, strict=True) if one != part]
        found |= dict(zip(inside, plain_words(others, [texts[place] for place in inside]), strict=True))
    return [found[place] for place in range(len(texts))]


# The score


def report(title: str, texts: Sequence[Text], given: Sequence[Given], others: dict[str, Sequence[Given]]) -> str:
    """Everything that is told of one set of texts, as Markdown."""
    rows: dict[str, Sequence[Given]] = {
        "**the classifier**": given,
        **others,
        "keywords of the matrix": [Given(by_keywords(text.text)) for text in texts],
        "always threading": [Given("threading")] * len(texts),
        "always multiprocessing": [Given("multiprocessing")] * len(texts),
    }
    return "\n".join(
        [
            f"## {title}: {len(texts)} texts",
            "",
            "| | right, where there is an answer | of these, misleading | asked instead | right, of those answered "
            "| undecided, where there is none | archetype right |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(_row(name, texts, answers) for name, answers in rows.items()),
            "",
            *_confusion(texts, given),
            "",
            *_calibration(texts, given),
            "",
        ]
    )


def _row(name: str, texts: Sequence[Text], given: Sequence[Given]) -> str:
    pairs = list(zip(texts, given, strict=True))
    clear = [(text, one) for text, one in pairs if text.label != "undecided"]
    answered = [(text, one) for text, one in clear if one.verdict != "undecided"]
    cells = (
        _share(_right(text, one) for text, one in clear),
        _share(_right(text, one) for text, one in clear if text.hard),
        _share(one.verdict == "undecided" for _, one in clear),
        _share(_right(text, one) for text, one in answered),
        _share(one.verdict == "undecided" for text, one in pairs if text.label == "undecided"),
        _share(one.archetype == text.archetype for text, one in clear if text.archetype and one.archetype),
    )
    return f"| {name} | {' | '.join(cells)} |"


def _right(text: Text, given: Given) -> bool:
    return given.verdict in text.acceptable


def _share(found: Iterable[bool]) -> str:
    known = list(found)
    return f"{statistics.fmean(known):.1%} of {len(known)}" if known else ""


def _confusion(texts: Sequence[Text], given: Sequence[Given]) -> list[str]:
    counts = {(best, said): 0 for best in VERDICTS for said in VERDICTS}
    for text, one in zip(texts, given, strict=True):
        counts[text.label, one.verdict] += 1
    return [
        f"| best answer \\ given | {' | '.join(VERDICTS)} |",
        f"| --- |{' ---: |' * len(VERDICTS)}",
        *(f"| {best} | {' | '.join(str(counts[best, said]) for said in VERDICTS)} |" for best in VERDICTS),
    ]


def _calibration(texts: Sequence[Text], given: Sequence[Given]) -> list[str]:
    """Of the verdicts given, by tenths of their confidence."""
    answered = [(one.confidence, _right(text, one)) for text, one in zip(texts, given, strict=True)]
    lines = ["| it says | texts | mean of what it says | right |", "| --- | ---: | ---: | ---: |"]
    for tenth in range(10):
        inside = [one for one in answered if min(9, int(10 * one[0])) == tenth]
        if inside:
            said, right = (statistics.fmean(values) for values in zip(*inside, strict=True))
            lines.append(f"| {tenth / 10:.0%} to {(tenth + 1) / 10:.0%} | {len(inside)} | {said:.0%} | {right:.0%} |")
    return lines


def holes(texts: Sequence[Text]) -> str:
    """What is left when a whole archetype, or a whole file, was never seen."""
    archetypes = [text.archetype or f"none, {part}" for text, part in zip(texts, _of_families(texts), strict=True)]
    lines = [
        "## Held out as a whole",
        "",
        "| | right, where there is an answer | of these, misleading | asked instead | right, of those answered "
        "| undecided, where there is none | archetype right |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, groups in (("archetypes", archetypes), ("files", [text.file for text in texts])):
        given, _ = cross_validated(texts, parts(groups))
        lines.append(_row(name, texts, given))
    return "\n".join([*lines, ""])


def _of_families(texts: Sequence[Text]) -> list[int]:
    return parts([text.family for text in texts])


def doubtful(texts: Sequence[Text], sums: Sequence[Sums]) -> str:
    """The texts whose label is least likely to models that have not seen their family."""
    by = calibrate(texts, sums)
    found = []
    for text, one in zip(texts, sums, strict=True):
        verdict, confidence, _, _ = judgement(one, by)
        if verdict not in text.acceptable:
            found.append((confidence, verdict, text))
    found.sort(key=lambda one: -one[0])
    lines = [f"{sure:.2f} {said}, labelled {text.label} ({text.file}): {text.text!r}" for sure, said, text in found]
    return "\n".join(["## Doubtful labels", "", *lines[:MOST_DOUBTFUL], ""])


def speed() -> str:
    """What a text costs to judge, and the model to load."""
    began = time.perf_counter()
    predict.load(predict.HEADER, predict.TABLE)
    loading = time.perf_counter() - began
    texts = training_texts()[::10]
    predict.judge(texts[0].text)
    began = time.perf_counter()
    for text in texts:
        predict.judge(text.text)
    each = (time.perf_counter() - began) / len(texts)
    size = predict.HEADER.stat().st_size + predict.TABLE.stat().st_size
    return f"{size / 1000:.0f} kB, loaded in {1000 * loading:.1f} ms; a text takes {1000 * each:.2f} ms."


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.descriptions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--train", action="store_true", help="train anew and store the model first")
    parser.add_argument("--sample", type=Path, action="append", default=[], metavar="FILE", help="score these as well")
    parser.add_argument("--holes", action="store_true", help="hold out whole archetypes and whole files, too")
    parser.add_argument("--doubtful", action="store_true", help="list the labels that the held-out model contradicts")
    parser.add_argument("--report", action="store_true", help="write the figures into docs/descriptions.md")
    options = parser.parse_args()
    texts = training_texts()
    part_of = _of_families(texts)
    given, sums = cross_validated(texts, part_of)
    if options.train:
        write(*train(texts, sums), predict.HEADER, predict.TABLE)
        predict.model.cache_clear()
    words = "TF-IDF of words, logistic regression"
    told = [speed(), "", report("Unseen families", texts, given, {words: plain_words_held_out(texts, part_of)})]
    for file in (FOLDER / f"{UNSEEN}.jsonl", *options.sample):
        others = texts_of(file)
        told.append(report(file.stem, others, stored(others), {words: plain_words(texts, others)}))
    if options.holes:
        told.append(holes(texts))
    print("\n".join(told))
    if options.report:
        renew(DOCUMENT, "figures", "\n".join(told).replace("\n## ", "\n### "))
    if options.doubtful:
        print(doubtful(texts, sums))


if __name__ == "__main__":
    main()
