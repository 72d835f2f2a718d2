"""Would a second opinion, learned from what jobs really took, make the advice better? On families it has never seen.

    python -m benchmarks.second_opinion [--write FILE]

Trains small models on the oracle's records (`profiles/recorded/`): for two ways to do a job, which one was faster? The
cost model's own estimates are among what they are told. The vote: where the 90 % intervals of the advised strategy and
its closest rival overlap, and the rival is faster with a probability of at least 60 %, it takes the place.

All figures are of leave-one-family-out cross-validation. For each family, the kind of model is chosen and its
probabilities are calibrated on the other families alone, by cross-validation among those. The estimates are computed
afresh from the recorded profiles, so that a change to the cost model shows as soon as this is run again.

`--write` trains on all records and stores the result as JSON, to be read by `Opinion`; nothing is pickled. Needs
scikit-learn (`pip install advisor[workloads]`). Takes some twenty seconds.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from advisor import costs, rules
from advisor.decision import NINETY, decide
from advisor.records import Estimate, Job, Profile, Range, Strategy
from advisor.replacing import replacing
from benchmarks.corpus import HOPELESS
from benchmarks.trials import percentile
from profiles.outcomes import FOLDER, Outcome, load_all

SURE: Final = 0.6
"""The least probability that overrules the cost model, which also prefers what is simpler. Set once, never tuned."""
CLOSE: Final = 2.0
"""Pairs predicted further apart than this factor teach nothing on which of two close ways is faster."""
INNER_FOLDS: Final = 5
RESAMPLES: Final = 10_000
LEAST: Final = 1e-9


# What a second opinion is told


def context(profile: Profile, job: Job) -> dict[str, float]:
    """What is known of the calls, whichever way they are done."""
    call = costs.call_parts(profile)
    computing = max(call.cpu, 1e-3 * call.wall)
    sent = (profile.argument_bytes or 0.0) + (profile.result_bytes or 0.0)
    grown = max(0, (profile.peak_memory or 0) - (profile.idle_memory or 0))
    return {
        "gil": call.gil / call.wall,
        "free": call.native / call.width / call.wall,
        "child": call.child / call.width / call.wall,
        "wait": (call.wait + call.blocked) / call.wall,
        "wall": math.log(call.wall),
        "releases": math.log1p(profile.gil_releases or 0.0),
        "switches": math.log1p(profile.switches or 0.0),
        "sent": math.log1p(sent / computing),
        "working set": math.log1p(grown / 1e6),
        "width": math.log(call.mean_width),
        "spread": math.log1p(profile.spread or 0.0),
        "calls": math.log(job.calls),
    }


def contrast(first: Estimate, second: Estimate) -> dict[str, float]:
    """How two ways to do a job differ by the cost model; every figure changes its sign when they change places."""
    predicted = math.log(max(first.seconds.expected, LEAST) / max(second.seconds.expected, LEAST))
    return {
        "predicted": predicted,
        "odds": predicted / math.hypot(_sigma(first.seconds), _sigma(second.seconds), 0.01),
        "interval": _sigma(second.seconds) - _sigma(first.seconds),
        "workers": math.log(second.workers / first.workers),
        "start-up": _start_up(second) - _start_up(first),
        "own GIL": (second.strategy in rules.OWN_GIL) - (first.strategy in rules.OWN_GIL),
        "pool": (second.strategy != "sequential") - (first.strategy != "sequential"),
        "event loop": (second.strategy == "asyncio") - (first.strategy == "asyncio"),
    }


def _sigma(seconds: Range) -> float:
    """Standard deviation of the logarithm, from the 90 % interval."""
    return math.log(max(seconds.high, LEAST) / max(seconds.low, LEAST)) / (2 * NINETY)


def _start_up(estimate: Estimate) -> float:
    return estimate.start_up / max(estimate.seconds.expected, LEAST)


CONTEXT: Final = tuple(context(Profile(calls=1, wall=1.0), Job()))
_LOOP: Final = Estimate(
    strategy="sequential", workers=1, seconds=Range(low=1.0, expected=1.0, high=1.0), bottleneck="cores"
)
CONTRAST: Final = tuple(contrast(_LOOP, _LOOP))
CROSSED: Final = tuple((side, name) for side in ("own GIL", "pool") for name in CONTEXT)
FEATURES: Final = (*CONTRAST, *(f"{side} × {name}" for side, name in CROSSED))


class Scale(BaseModel):
    """Puts a figure among those trained on: (x - centre) / width."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    centre: float = 0.0
    width: float = Field(1.0, gt=0)

    def of(self, figure: float) -> float:
        return (figure - self.centre) / self.width


def features(
    known: Mapping[str, float], differences: Mapping[str, float], scales: Mapping[str, Scale]
) -> tuple[float, ...]:
    """In the order of FEATURES. The calls' figures count as what they speak for: a GIL of one's own, or any pool."""
    scaled = {name: scales[name].of(differences[name]) for name in CONTRAST}
    return (
        *scaled.values(),
        *(differences[side] * scales[name].of(known[name]) for side, name in CROSSED),
    )


# What is stored


class Node(BaseModel):
    """A question of a tree, `features[feature] <= threshold`, or, without a feature, its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    feature: str | None = None
    threshold: float = 0.0
    yes: int = Field(0, ge=0, description="the node to go on with")
    no: int = Field(0, ge=0)
    answer: float = 0.0


class Opinion(BaseModel):
    """A trained model: names and numbers, which `model_validate_json` checks, and nothing that could run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    kind: str = Field(max_length=100)
    scales: dict[str, Scale]
    weights: dict[str, float] = Field(default_factory=dict)
    trees: tuple[tuple[Node, ...], ...] = ()
    slope: float = Field(1.0, ge=0, description="from the margin to the logarithm of the odds")

    @model_validator(mode="after")
    def _is_whole(self) -> Opinion:
        if set(self.scales) != {*CONTEXT, *CONTRAST} or any(self.scales[name].centre for name in CONTRAST):
            raise ValueError("scales must name every figure, and differences have none but their width")
        unknown = {*self.weights, *(node.feature for tree in self.trees for node in tree if node.feature)} - {*FEATURES}
        if unknown:
            raise ValueError(f"unknown features: {', '.join(sorted(unknown))}")
        for tree in self.trees:
            if not tree or any(node.feature and not (i < node.yes < len(tree) and i < node.no < len(tree))
                               for i, node in enumerate(tree)):  # fmt: skip
                raise ValueError("a tree's questions must lead to later nodes of it")
        return self

    def margin(self, known: Mapping[str, float], differences: Mapping[str, float]) -> float:
        """Above 0 if the second is thought to be the faster; changes its sign when the two change places."""
        figures = dict(zip(FEATURES, features(known, differences, self.scales), strict=True))
        mirrored = {name: -figure for name, figure in figures.items()}
        linear = sum(weight * figures[name] for name, weight in self.weights.items())
        return linear + sum(_answer(tree, figures) - _answer(tree, mirrored) for tree in self.trees) / 2

    def probability(self, known: Mapping[str, float], differences: Mapping[str, float]) -> float:
        """That the second is faster than the first."""
        return _logistic(self.slope * self.margin(known, differences))


def _answer(tree: Sequence[Node], figures: Mapping[str, float]) -> float:
    node = tree[0]
    while node.feature is not None:
        node = tree[node.yes if figures[node.feature] <= node.threshold else node.no]
    return node.answer


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))


# What the records say


@dataclass(frozen=True)
class Pair:
    """Two strategies for a job, each as the cost model would do it."""

    family: str
    known: dict[str, float]
    differences: dict[str, float]
    gain: float  # measured: ln(seconds of the first / seconds of the second)
    overlap: bool  # of their 90 % intervals

    @property
    def close(self) -> bool:
        """Whether it is worth learning from."""
        return self.overlap or abs(self.differences["predicted"]) <= math.log(CLOSE)


@dataclass(frozen=True)
class Question:
    """What is advised for a workload without a second opinion, and the rival that a vote could put in its place."""

    workload: str
    family: str
    loss: float  # of what is advised: its recorded seconds / those of the best
    slower: bool  # than the plain loop
    attainable: float  # the loss of the best strategy, each at the plan that the cost model has for it
    rival: Question | None = None  # only where the intervals overlap
    pair: Pair | None = None

    def after(self, opinion: Opinion, sure: float = SURE) -> Question:
        """What is advised with the vote."""
        if self.rival is None or self.pair is None:
            return self
        return self.rival if opinion.probability(self.pair.known, self.pair.differences) >= sure else self


def complete(outcome: Outcome) -> bool:
    """Whether every way was tried at least once."""
    return all(run.seconds or run.failure for run in outcome.runs)


def recorded_seconds(outcome: Outcome, plan: Estimate) -> float:
    """Of the way most like it that was recorded: its strategy, the nearest number of workers, then of calls per task.

    What could not be done counts as long as the oracle waits before it gives a way up.
    """
    ran = [run for run in outcome.ranked() if run.strategy == plan.strategy]
    if not ran:
        return HOPELESS * outcome.sequential.median
    return min(ran, key=lambda run: (_apart(run.workers, plan.workers), _apart(run.chunk, plan.chunk))).median


def _apart(one: int, other: int) -> float:
    return abs(math.log(one / other))


def _feasible_leaders(estimates: Sequence[Estimate]) -> dict[Strategy, Estimate]:
    return {strategy: leader for strategy, leader in costs.leaders(estimates).items() if leader.feasible}


def pairs_of(outcome: Outcome) -> list[Pair]:
    """Each two strategies, once."""
    job = Job(calls=outcome.calls)
    leaders = _feasible_leaders(costs.estimate(outcome.profile, job, outcome.machine))
    return [_pair(outcome, first, second) for first, second in itertools.combinations(leaders.values(), 2)]


def _pair(outcome: Outcome, first: Estimate, second: Estimate) -> Pair:
    return Pair(
        family=outcome.family,
        known=context(outcome.profile, Job(calls=outcome.calls)),
        differences=contrast(first, second),
        gain=math.log(recorded_seconds(outcome, first) / recorded_seconds(outcome, second)),
        overlap=overlap(first.seconds, second.seconds),
    )


def overlap(one: Range, other: Range) -> bool:
    return one.low <= other.high and other.low <= one.high


def question_of(outcome: Outcome) -> Question:
    """What is advised by the cost model and the rules, and its closest rival if the intervals overlap."""
    job = Job(calls=outcome.calls)
    estimates = costs.estimate(outcome.profile, job, outcome.machine)
    advice = decide(outcome.profile, job, outcome.machine, estimates=estimates)
    leaders = _feasible_leaders(estimates)
    picks = {one.strategy: _pick(outcome, one, leaders.values()) for one in leaders.values()}
    chosen = next(one for one in leaders.values() if one.strategy == advice.recommendation)
    rival = min(_rivals(chosen, leaders.values(), outcome.profile), key=_expected, default=None)
    if rival is None or not overlap(chosen.seconds, rival.seconds):
        return picks[chosen.strategy]
    return replace(picks[chosen.strategy], rival=picks[rival.strategy], pair=_pair(outcome, chosen, rival))


def _pick(outcome: Outcome, plan: Estimate, leaders: Iterable[Estimate]) -> Question:
    seconds, best = recorded_seconds(outcome, plan), outcome.best.median
    return Question(
        workload=outcome.workload,
        family=outcome.family,
        loss=seconds / best,
        slower=plan.strategy != "sequential" and seconds > outcome.sequential.median,
        attainable=min(recorded_seconds(outcome, one) for one in leaders) / best,
    )


def _rivals(chosen: Estimate, leaders: Iterable[Estimate], profile: Profile) -> list[Estimate]:
    """The others but those passed over knowingly: much faster ones, and copies of a state that calls share."""
    writes = profile.side_effects is not None and bool(profile.side_effects.globals_written)
    return [
        one
        for one in leaders
        if one.strategy != chosen.strategy
        and _expected(one) * costs.MIN_GAIN >= _expected(chosen)
        and not (writes and one.strategy in rules.OWN_GIL)
    ]


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


# Training

Matrix = Any  # of NumPy, which is imported where it is needed
Fitted = tuple[dict[str, float], tuple[tuple[Node, ...], ...]]
Fit = Callable[[Matrix, Matrix], Fitted]  # features of pairs and their measured gains, both ways round


def _odds_alone(_: Matrix, __: Matrix) -> Fitted:
    return {"odds": 1.0}, ()


def _logistic_regression(strength: float) -> Fit:
    def fit(rows: Matrix, gains: Matrix) -> Fitted:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=strength, fit_intercept=False, max_iter=2000).fit(rows, gains > 0)
        return dict(zip(FEATURES, map(float, model.coef_[0]), strict=True)), ()

    return fit


def _ridge(penalty: float) -> Fit:
    """What the cost model's prediction is off by; without a change, the margin is that prediction."""

    def fit(rows: Matrix, gains: Matrix) -> Fitted:
        from sklearn.linear_model import Ridge

        off = (gains - rows[:, FEATURES.index("predicted")]).clip(-1.0, 1.0)  # one blunder must not bend all
        model = Ridge(alpha=penalty, fit_intercept=False).fit(rows, off)
        weights = dict(zip(FEATURES, map(float, model.coef_), strict=True))
        return weights | {"predicted": weights["predicted"] + 1.0}, ()

    return fit


def _boosted_trees(count: int) -> Fit:
    def fit(rows: Matrix, gains: Matrix) -> Fitted:
        from sklearn.ensemble import GradientBoostingClassifier

        model = GradientBoostingClassifier(n_estimators=count, max_depth=2, min_samples_leaf=10, random_state=0)
        model.fit(rows, gains > 0)
        return {}, tuple(_nodes(stage[0].tree_, model.learning_rate) for stage in model.estimators_)

    return fit


def _nodes(tree: Any, rate: float) -> tuple[Node, ...]:
    """A tree of scikit-learn's in plain figures."""
    return tuple(
        Node(answer=rate * float(tree.value[i][0][0]))
        if tree.children_left[i] < 0
        else Node(
            feature=FEATURES[tree.feature[i]],
            threshold=float(tree.threshold[i]),
            yes=int(tree.children_left[i]),
            no=int(tree.children_right[i]),
        )
        for i in range(tree.node_count)
    )


ALONE: Final = "the cost model's own odds"
KINDS: Final[dict[str, Fit]] = {
    ALONE: _odds_alone,
    "logistic regression, C = 0.01": _logistic_regression(0.01),
    "logistic regression, C = 0.1": _logistic_regression(0.1),
    "ridge on the residuals, α = 100": _ridge(100.0),
    "ridge on the residuals, α = 10": _ridge(10.0),
    "50 boosted trees of depth 2": _boosted_trees(50),
}


def folds(families: Iterable[str], count: int) -> list[set[str]]:
    """The families in so many parts: a family is in one of them only."""
    names = sorted(set(families))
    return [part for i in range(count) if (part := set(names[i::count]))]


def fit(kind: str, pairs: Sequence[Pair]) -> Opinion:
    """A model of that kind, not calibrated."""
    import numpy as np

    scales = _scales(pairs)
    rows = np.array([features(pair.known, pair.differences, scales) for pair in pairs])
    gains = np.array([pair.gain for pair in pairs])
    weights, trees = KINDS[kind](np.vstack([rows, -rows]), np.concatenate([gains, -gains]))
    return Opinion(kind=kind, scales=scales, weights=weights, trees=trees)


def _scales(pairs: Sequence[Pair]) -> dict[str, Scale]:
    """Differences keep their zero, so that they can change their sign; the predicted one stays as it is."""
    scales = {name: Scale(width=_width(pair.differences[name] for pair in pairs)) for name in CONTRAST}
    for name in CONTEXT:
        values = [pair.known[name] for pair in pairs]
        centre = statistics.fmean(values)
        scales[name] = Scale(centre=centre, width=_width(value - centre for value in values))
    return scales | {"predicted": Scale()}


def _width(values: Iterable[float]) -> float:
    return math.sqrt(statistics.fmean(value * value for value in values)) or 1.0


@dataclass(frozen=True)
class Trained:
    """A calibrated model, and how well its kind foresaw families that it was not trained on."""

    opinion: Opinion
    log_loss: float


def train(pairs: Sequence[Pair], kind: str) -> Trained:
    """A model of that kind, calibrated (Platt) on what its kind foresees in cross-validation by family.

    It learns from all pairs that are close, but it is judged by those it would be asked about: where intervals overlap.
    """
    pairs = [pair for pair in pairs if pair.close]
    asked = [pair for pair in pairs if pair.overlap] or pairs
    margins: list[float] = []
    gains: list[float] = []
    for held_out in folds((pair.family for pair in pairs), INNER_FOLDS):
        opinion = fit(kind, [pair for pair in pairs if pair.family not in held_out])
        for pair in asked:
            if pair.family in held_out:
                margins.append(opinion.margin(pair.known, pair.differences))
                gains.append(pair.gain)
    slope = _calibrated(margins, gains)
    foreseen = [(_logistic(slope * margin), gain > 0) for margin, gain in zip(margins, gains, strict=True)]
    return Trained(fit(kind, pairs).model_copy(update={"slope": slope}), log_loss(foreseen))


def choose(pairs: Sequence[Pair]) -> Trained:
    """Of the kind that foresees best in cross-validation by family."""
    return min((train(pairs, kind) for kind in KINDS), key=lambda one: one.log_loss)


def _calibrated(margins: Sequence[float], gains: Sequence[float]) -> float:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    both = np.array([*margins, *(-margin for margin in margins)])[:, None]
    faster = np.array([*(gain > 0 for gain in gains), *(gain <= 0 for gain in gains)])
    return max(0.0, float(LogisticRegression(C=1e3, fit_intercept=False).fit(both, faster).coef_[0][0]))


def leave_one_family_out(pairs: Sequence[Pair], kind: str) -> dict[str, Trained]:
    """For each family, a model trained without it."""
    families = sorted({pair.family for pair in pairs})
    return {one: train([pair for pair in pairs if pair.family != one], kind) for one in families}


def _best_of(trials: Mapping[str, Mapping[str, Trained]]) -> dict[str, Opinion]:
    """For each family, the model whose kind foresaw the other families best."""
    families = next(iter(trials.values()))
    return {
        one: min((trained[one] for trained in trials.values()), key=lambda trained: trained.log_loss).opinion
        for one in families
    }


# The score

Foreseen = tuple[float, bool]  # the probability that the second is faster, and whether it was


def log_loss(foreseen: Sequence[Foreseen]) -> float:
    return -statistics.fmean(math.log(max(1e-12, p if true else 1 - p)) for p, true in foreseen)


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
    chosen = _best_of(trials)
    overlapping = [pair for pair in pairs if pair.overlap]
    asked = [question for question in questions if question.rival]
    return "\n".join(
        [
            f"{len(outcomes)} workloads in {len({one.family for one in outcomes})} families; {len(pairs)} pairs of "
            f"strategies, {len(close)} of them predicted within a factor of {CLOSE:g} or with intervals that overlap, "
            f"{len(overlapping)} with intervals that overlap; a vote is taken on {len(asked)} workloads.",
            "",
            *_picks(questions, trials, chosen),
            "",
            *_probabilities(close, overlapping, chosen),
            "",
            *_swaps(questions, chosen),
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


def _swaps(questions: Sequence[Question], chosen: Mapping[str, Opinion]) -> list[str]:
    kinds = statistics.multimode(opinion.kind for opinion in chosen.values())
    lines = [f"Chosen most often: {', '.join(kinds)}.", ""]
    for one in questions:
        after = one.after(chosen[one.family])
        if after is not one:
            lines.append(f"- {one.workload}: pick/best {one.loss:.2f} without the vote, {after.loss:.2f} with it")
    return lines


def write(opinion: Opinion, file: Path) -> None:
    with replacing(file) as new:
        new.write_text(opinion.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.second_opinion", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="train on all records and store the result as JSON")
    options = parser.parse_args()
    outcomes = [outcome for outcome in load_all() if complete(outcome)]
    if len({outcome.family for outcome in outcomes}) <= INNER_FOLDS:
        parser.error(f"too few records in {FOLDER}: run python -m benchmarks.oracle first")
    print(report(outcomes))
    if options.write:
        pairs = [pair for outcome in outcomes for pair in pairs_of(outcome)]
        write(choose(pairs).opinion, options.write)


if __name__ == "__main__":
    main()
