"""Would a second opinion, learned from what jobs really took, make the advice better? On families it has never seen.

    python -m benchmarks.second_opinion [--report] [--write FILE]

Trains small models on the oracle's records (`profiles/recorded/`): for two ways to do a job, which one was faster? The
cost model's own estimates are among what they are told. The vote: where the 90 % intervals of the advised strategy and
its closest rival overlap, and the rival is faster with a probability of at least 60 %, it takes the place.

All figures are of leave-one-family-out cross-validation. For each family, the kind of model is chosen and its
probabilities are calibrated on the other families alone, by cross-validation among those. The estimates are computed
afresh from the recorded profiles, so that a change to the cost model shows as soon as this is run again.

`--report` puts what is printed into docs/second-opinion.md as well. `--write` trains on all records and stores the
result as JSON, which `benchmarks.opinion.Opinion` reads; nothing is pickled. Needs scikit-learn (`pip install
workload-advisor[workloads]`). Takes some twenty seconds.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.report.atomic_write import atomic_write
from benchmarks.document import renew
from benchmarks.opinion import Opinion
from benchmarks.opinion_training import (
    ALONE,
    CLOSE,
    INNER_FOLDS,
    KINDS,
    SURE,
    Foreseen,
    Pair,
    Question,
    Trained,
    best_of,
    choose,
    complete,
    leave_one_family_out,
    log_loss,
    pairs_of,
    question_of,
)
from benchmarks.trials import percentile
from profiles.outcomes import FOLDER, Outcome, load_all

RESAMPLES: Final = 10_000
DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "second-opinion.md"


# The score


def brier(foreseen: Sequence[Foreseen]) -> float:
    return statistics.fmean((p - true) ** 2 for p, true in foreseen)


def foreseen_of(pairs: Iterable[Pair], opinions: Mapping[str, Opinion]) -> list[Foreseen]:
    """By models that have not seen the pair's family; the likelier of the two first, as there is no other order."""
    found = []
    for pair in pairs:
        probability = opinions[pair.family].probability(pair.known, pair.differences)
        right = pair.gain > 0
        found.append((probability, right) if probability >= 0.5 else (1 - probability, not right))
    return found


def own_odds(pairs: Iterable[Pair]) -> list[Foreseen]:
    """What the cost model's intervals say, taken at their word."""
    found = []
    for pair in pairs:
        probability = 0.5 * math.erfc(-abs(pair.differences["odds"]) / math.sqrt(2))
        found.append((probability, (pair.gain > 0) == (pair.differences["odds"] > 0)))
    return found


@dataclass(frozen=True)
class Score:
    """How good advice is by the records."""

    mean: float  # geometric, of pick/best
    late: float  # 95th percentile
    slower: int  # than the plain loop


def score(picks: Sequence[Question]) -> Score:
    losses = sorted(pick.loss for pick in picks)
    return Score(statistics.geometric_mean(losses), percentile(losses, 0.95), sum(pick.slower for pick in picks))


@dataclass(frozen=True)
class Change:
    """What the vote does to the geometric mean of pick/best, as a factor below 1 where it helps."""

    mean: float
    low: float
    high: float
    swaps: int
    right: int  # swaps that made it faster

    @property
    def helps(self) -> bool:
        return self.high < 1.0


def change(before: Sequence[Question], after: Sequence[Question], *, seed: int = 1) -> Change:
    """With a 90 % interval: the families are drawn again and again, each with all of its workloads, both ways alike."""
    shifts: dict[str, list[float]] = {}
    for one, other in zip(before, after, strict=True):
        shifts.setdefault(one.family, []).append(math.log(other.loss / one.loss))
    chance, families = random.Random(seed), list(shifts.values())
    drawn = sorted(_resampled(families, chance) for _ in range(RESAMPLES))
    swapped = [(one, other) for one, other in zip(before, after, strict=True) if one is not other]
    return Change(
        mean=math.exp(statistics.fmean(itertools.chain.from_iterable(shifts.values()))),
        low=math.exp(percentile(drawn, 0.05)),
        high=math.exp(percentile(drawn, 0.95)),
        swaps=len(swapped),
        right=sum(other.loss < one.loss for one, other in swapped),
    )


def _resampled(families: Sequence[Sequence[float]], chance: random.Random) -> float:
    drawn = chance.choices(families, k=len(families))
    return sum(map(sum, drawn)) / sum(map(len, drawn))


# The report


def report(outcomes: Sequence[Outcome]) -> str:
    """Everything that was found, as Markdown."""
    pairs = [pair for outcome in outcomes for pair in pairs_of(outcome)]
    questions = [question_of(outcome) for outcome in outcomes]
    close = [pair for pair in pairs if pair.close]
    trials = {kind: leave_one_family_out(pairs, kind) for kind in KINDS}
    chosen = best_of(trials)
    overlapping = [pair for pair in pairs if pair.overlap]
    asked = [question for question in questions if question.rival]
    return "\n".join(
        [
            f"{len(outcomes)} workloads in {len({one.family for one in outcomes})} families; {len(pairs)} pairs of "
            f"strategies, {len(close)} of them predicted within a factor of {CLOSE:g} or with intervals that overlap, "
            f"{len(overlapping)} with intervals that overlap; a vote is taken on {len(asked)} workloads. "
            + _verdict(change(questions, _voted(questions, chosen))),
            "",
            *_picks(questions, trials, chosen),
            "",
            *_probabilities(close, overlapping, chosen),
            "",
            *_kinds_and_swaps(questions, chosen),
        ]
    )


def _picks(
    questions: Sequence[Question], trials: Mapping[str, Mapping[str, Trained]], chosen: Mapping[str, Opinion]
) -> list[str]:
    lines = [
        "| on unseen families | pick/best, geometric mean | 95th percentile | slower than the loop "
        "| swaps, of them right | change of the mean, 90 % interval |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        _row("without a vote", questions, questions),
        _row("**with the vote, kind chosen on the other families**", questions, _voted(questions, chosen)),
        _row("the same, at a probability of 50 % already", questions, _voted(questions, chosen, 0.5)),
    ]
    for kind, trained in trials.items():
        opinions = {family: one.opinion for family, one in trained.items()}
        lines.append(_row(f"with the vote, {kind}", questions, _voted(questions, opinions)))
    perfect = [one.rival if one.rival and one.rival.loss < one.loss else one for one in questions]
    attainable = statistics.geometric_mean(one.attainable for one in questions)
    return [
        *lines,
        _row("with a vote that is always right", questions, perfect),
        f"| the best strategy everywhere, overlap or not | {attainable:.3f} | | | | |",
    ]


def _voted(questions: Sequence[Question], opinions: Mapping[str, Opinion], sure: float = SURE) -> list[Question]:
    return [question.after(opinions[question.family], sure) for question in questions]


def _row(name: str, before: Sequence[Question], after: Sequence[Question]) -> str:
    found, shift = score(after), change(before, after)
    swaps = f"{shift.swaps}, {shift.right}" if shift.swaps else "none"
    factor = f"× {shift.mean:.4f} ({shift.low:.4f} to {shift.high:.4f})" if shift.swaps else ""
    return f"| {name} | {found.mean:.3f} | {found.late:.2f} | {found.slower} | {swaps} | {factor} |"


def _probabilities(close: Sequence[Pair], overlapping: Sequence[Pair], chosen: Mapping[str, Opinion]) -> list[str]:
    lines = [
        "| which of two is faster, on unseen families | pairs | Brier score | log loss | right |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, pairs in (("learned from", close), ("intervals that overlap", overlapping)):
        for who, foreseen in (("the second opinion", foreseen_of(pairs, chosen)), (ALONE, own_odds(pairs))):
            right = statistics.fmean(true for _, true in foreseen)
            lines.append(
                f"| {name}: {who} | {len(pairs)} | {brier(foreseen):.3f} | {log_loss(foreseen):.3f} | {right:.0%} |"
            )
    lines += [
        "",
        "| where they overlap, it says | pairs | mean of what it says | came true |",
        "| --- | ---: | ---: | ---: |",
    ]
    foreseen = foreseen_of(overlapping, chosen)
    for low, high in ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)):
        inside = [one for one in foreseen if low <= one[0] < high or (high == 1.0 and one[0] == 1.0)]
        if inside:
            said, true = statistics.fmean(p for p, _ in inside), statistics.fmean(true for _, true in inside)
            lines.append(f"| {low:.0%} to {high:.0%} | {len(inside)} | {said:.0%} | {true:.0%} |")
    return lines


def _kinds_and_swaps(questions: Sequence[Question], chosen: Mapping[str, Opinion]) -> list[str]:
    kinds = Counter(opinion.kind for opinion in chosen.values()).most_common()
    swapped = [(one, after) for one in questions if (after := one.after(chosen[one.family])) is not one]
    return [
        f"Families for which each kind was chosen: {'; '.join(f'{kind}: {count}' for kind, count in kinds)}.",
        *([""] if swapped else []),
        *(f"- {one.workload}: pick/best {one.loss:.2f}, with the vote {after.loss:.2f}" for one, after in swapped),
    ]


def _verdict(shift: Change) -> str:
    if shift.helps:
        return "On unseen families the advice is better with the vote: the whole interval of the change is below 1."
    return "On unseen families the advice is not shown to be better with the vote."


def write(opinion: Opinion, file: Path) -> None:
    with atomic_write(file) as new:
        new.write_text(opinion.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.second_opinion", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--report", action="store_true", help="put what is found into docs/second-opinion.md as well")
    parser.add_argument("--write", type=Path, metavar="FILE", help="train on all records and store the result as JSON")
    options = parser.parse_args()
    outcomes = [outcome for outcome in load_all() if complete(outcome)]
    if len({outcome.family for outcome in outcomes}) <= INNER_FOLDS:
        parser.error(f"too few records in {FOLDER}: run python -m benchmarks.oracle first")
    found = report(outcomes)
    print(found)
    if options.report:
        renew(DOCUMENT, "figures", found)
    if options.write:
        pairs = [pair for outcome in outcomes for pair in pairs_of(outcome)]
        write(choose(pairs).opinion, options.write)


if __name__ == "__main__":
    main()
