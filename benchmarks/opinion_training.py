"""From the oracle's records to a second opinion: questions with known answers, and models trained on them.

A family of workloads is never on both sides: not where a kind of model is chosen, nor where it is calibrated or scored.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from advisor.decide import explain
from advisor.decide.decision import decide
from advisor.models import Estimate, Job, Profile, Range, Strategy
from advisor.predict import estimator
from benchmarks.corpus import HOPELESS
from benchmarks.opinion import CONTEXT, CONTRAST, FEATURES, Node, Opinion, Scale, context, contrast, features, logistic
from profiles.outcomes import Outcome

SURE: Final = 0.6
"""The least probability that overrules the cost model, which also prefers what is simpler. Set once, never tuned."""
CLOSE: Final = 2.0
"""Pairs predicted further apart than this factor teach nothing on which of two close ways is faster."""
INNER_FOLDS: Final = 5

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
    """Whether every way was tried at least once; whoever reported an outcome tried those of their choice."""
    return outcome.source == "measured" and all(run.seconds or run.failure for run in outcome.runs)


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
    return {strategy: leader for strategy, leader in estimator.leaders(estimates).items() if leader.feasible}


def pairs_of(outcome: Outcome) -> list[Pair]:
    """Each two strategies, once."""
    job = Job(calls=outcome.calls)
    leaders = _feasible_leaders(estimator.estimate(outcome.profile, job, outcome.machine))
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
    estimates = estimator.estimate(outcome.profile, job, outcome.machine)
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
        and _expected(one) * estimator.MIN_GAIN >= _expected(chosen)
        and not (writes and one.strategy in explain.OWN_GIL)
    ]


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


# Training

Matrix = Any  # of NumPy, which is imported where it is needed
Foreseen = tuple[float, bool]  # the probability that the second is faster, and whether it was
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
    foreseen = [(logistic(slope * margin), gain > 0) for margin, gain in zip(margins, gains, strict=True)]
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


def best_of(trials: Mapping[str, Mapping[str, Trained]]) -> dict[str, Opinion]:
    """For each family, the model whose kind foresaw the other families best."""
    families = next(iter(trials.values()))
    return {
        one: min((trained[one] for trained in trials.values()), key=lambda trained: trained.log_loss).opinion
        for one in families
    }


def log_loss(foreseen: Sequence[Foreseen]) -> float:
    return -statistics.fmean(math.log(max(1e-12, p if true else 1 - p)) for p, true in foreseen)
