"""A second opinion on which of two ways to do a job is faster: what it is told, what is stored of it, what it answers.

Names and numbers: it needs neither scikit-learn nor any other code of what trained it (`benchmarks.opinion_training`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from advisor.decide import explain
from advisor.decide.confidence import NINETY
from advisor.models import Estimate, Job, Profile, Range
from advisor.predict import estimator

LEAST: Final = 1e-9  # seconds; nothing takes less

# What a second opinion is told


def context(profile: Profile, job: Job) -> dict[str, float]:
    """What is known of the calls, whichever way they are done."""
    call = estimator.call_parts(profile)
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
        "own GIL": (second.strategy in explain.OWN_GIL) - (first.strategy in explain.OWN_GIL),
        "pool": (second.strategy != "sequential") - (first.strategy != "sequential"),
        "event loop": (second.strategy == "asyncio") - (first.strategy == "asyncio"),
    }


def _sigma(seconds: Range) -> float:
    """Standard deviation of the logarithm, from the 90 % interval."""
    return math.log(max(seconds.high, LEAST) / max(seconds.low, LEAST)) / (2 * NINETY)


def _start_up(estimate: Estimate) -> float:
    return estimate.start_up / max(estimate.seconds.expected, LEAST)


CONTEXT: Final = tuple(context(Profile(calls=1, wall=1.0), Job()))
LOOP: Final = Estimate(
    strategy="sequential", workers=1, seconds=Range(low=1.0, expected=1.0, high=1.0), bottleneck="cores"
)
CONTRAST: Final = tuple(contrast(LOOP, LOOP))
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
        asked = {node.feature for tree in self.trees for node in tree if node.feature is not None}
        if unknown := {*self.weights, *asked} - {*FEATURES}:
            raise ValueError(f"unknown features: {', '.join(sorted(unknown))}")
        if not all(map(_leads_on, self.trees)):
            raise ValueError("a tree's questions must lead to later nodes of it")
        return self

    def margin(self, known: Mapping[str, float], differences: Mapping[str, float]) -> float:
        """Above 0 if the second is thought to be the faster; changes its sign when the two change places."""
        figures = dict(zip(FEATURES, features(known, differences, self.scales), strict=True))
        mirrored = {name: -figure for name, figure in figures.items()}
        linear = sum(weight * figures[name] for name, weight in self.weights.items())
        return linear + sum(answer_of(tree, figures) - answer_of(tree, mirrored) for tree in self.trees) / 2

    def probability(self, known: Mapping[str, float], differences: Mapping[str, float]) -> float:
        """That the second is faster than the first."""
        return logistic(self.slope * self.margin(known, differences))


def _leads_on(tree: Sequence[Node]) -> bool:
    """Whether every way down a tree ends."""
    places = range(len(tree))
    return bool(tree) and all(
        node.feature is None or (node.yes in places[i + 1 :] and node.no in places[i + 1 :])
        for i, node in enumerate(tree)
    )


def answer_of(tree: Sequence[Node], figures: Mapping[str, float]) -> float:
    node = tree[0]
    while node.feature is not None:
        node = tree[node.yes if figures[node.feature] <= node.threshold else node.no]
    return node.answer


def logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))
