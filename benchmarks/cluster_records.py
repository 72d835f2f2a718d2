"""The results of the benchmark of clusters, as they are stored, and what follows from each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from advisor.models import Cluster, Range
from advisor.report.atomic_write import atomic_write
from profiles.job import ROOT

FILE: Final = ROOT / "docs" / "clusters.json"
BAND: Final = 1.15
"""Ratio of two durations from which one of them clearly pays."""
CLOSE: Final = 1.10
"""Ratio to the best layout up to which a layout counts as good."""


class Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(Stored):
    """A workload on a cluster: what was predicted, and what it took beside the local ways.

    Attributes:
        setup: The name of the cluster.
        calls: Fewer than the workload has, where the whole job would take too long.
        predicted: Seconds on the cluster.
        predicted_local: Seconds of the fastest local strategy.
        advised: The strategy recommended for a host that has the cluster.
        costs: Of the cluster.
        on_cluster: Measured seconds of each run.
        with_map: Of `advisor.map` without the cluster.
        in_loop: Of the plain loop.
        failure: The reason why there are no measured seconds.
    """

    workload: str
    setup: str
    calls: int
    predicted: Range | None = None
    predicted_local: float = 0.0
    advised: str = ""
    costs: Cluster | None = None
    on_cluster: tuple[float, ...] = ()
    with_map: tuple[float, ...] = ()
    in_loop: tuple[float, ...] = ()
    failure: str = ""

    @property
    def seconds(self) -> float:
        return statistics.median(self.on_cluster)

    @property
    def local_seconds(self) -> float:
        return min(statistics.median(self.with_map), statistics.median(self.in_loop))

    @property
    def error(self) -> float:
        """Predicted over measured seconds, minus one."""
        assert self.predicted is not None
        return self.predicted.expected / self.seconds - 1

    @property
    def is_inside(self) -> bool:
        """The measured seconds are inside the predicted interval."""
        assert self.predicted is not None
        return self.predicted.low <= self.seconds <= self.predicted.high

    @property
    def local_error(self) -> float:
        return self.predicted_local / self.local_seconds - 1

    @property
    def pays(self) -> bool | None:
        """The cluster is faster than any local way, by measurement; None within the band around break-even."""
        ratio = self.local_seconds / self.seconds
        return None if 1 / BAND < ratio < BAND else ratio > 1

    @property
    def is_right(self) -> bool:
        return self.pays is None or self.pays == (self.advised == "cluster")


class LayoutTrial(Stored):
    """The seconds of a workload on clusters of several layouts, such as "2 × 1"; the advised one is among them."""

    workload: str
    advised: str
    dask_default: str
    seconds: dict[str, tuple[float, ...]] = {}
    failure: str = ""

    def median(self, layout: str) -> float:
        return statistics.median(self.seconds[layout])

    @property
    def best(self) -> str:
        return min(self.seconds, key=self.median)

    @property
    def loss(self) -> float:
        """Seconds of the advised layout over those of the best."""
        return self.median(self.advised) / self.median(self.best)


class Disturbed(Stored):
    """A job during which something failed.

    Attributes:
        fault: What failed.
        calls: Of the job.
        missing: Calls without an outcome at the end.
        wrong: Results that are wrong, and failures of calls that had no reason to fail.
        failures: Failures of calls that had to fail.
        had_to_fail: Their number.
        acknowledged: Results that had arrived when the fault came.
        made_again: Of those, calls that were made again.
        repeated: Calls made more than once, all in all.
        seconds: The job, or the job and its continuation.
        quiet_seconds: The same job when nothing fails.
        ending: How the job ended before it was continued, if it was.
    """

    engine: str
    fault: str
    calls: int
    missing: int
    wrong: int
    failures: int
    had_to_fail: int
    acknowledged: int
    made_again: int
    repeated: int
    seconds: float
    quiet_seconds: float
    ending: str = ""

    @property
    def is_right(self) -> bool:
        return not (self.missing or self.wrong or self.made_again) and self.failures == self.had_to_fail


class Results(Stored):
    """All that was measured under the same conditions."""

    conditions: str
    comparisons: tuple[Comparison, ...] = ()
    layouts: tuple[LayoutTrial, ...] = ()
    disturbed: tuple[Disturbed, ...] = ()

    def comparison(self, workload: str, setup: str) -> Comparison | None:
        return next((each for each in self.comparisons if (each.workload, each.setup) == (workload, setup)), None)

    def layout(self, workload: str) -> LayoutTrial | None:
        return next((each for each in self.layouts if each.workload == workload), None)

    def fault(self, engine: str, fault: str) -> Disturbed | None:
        return next((each for each in self.disturbed if (each.engine, each.fault) == (engine, fault)), None)

    def plus(self, record: Comparison | LayoutTrial | Disturbed) -> Results:
        """Return the results with a record in the place of that of the same thing."""
        if isinstance(record, Comparison):
            known = self.comparison(record.workload, record.setup)
            return self.model_copy(update={"comparisons": _replaced(self.comparisons, known, record)})
        if isinstance(record, LayoutTrial):
            return self.model_copy(update={"layouts": _replaced(self.layouts, self.layout(record.workload), record)})
        known_fault = self.fault(record.engine, record.fault)
        return self.model_copy(update={"disturbed": _replaced(self.disturbed, known_fault, record)})


def _replaced(records: Sequence[Stored], known: Stored | None, record: Stored) -> tuple[Stored, ...]:
    return (*(each for each in records if each is not known), record)


def load_results(conditions: str, file: Path = FILE) -> Results:
    """Return the stored results; none if they were made under other conditions."""
    if file.exists():
        stored = Results.model_validate_json(file.read_bytes())
        if stored.conditions == conditions:
            return stored
    return Results(conditions=conditions)


def save_results(results: Results, file: Path = FILE) -> None:
    with atomic_write(file) as new:
        new.write_text(results.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")
