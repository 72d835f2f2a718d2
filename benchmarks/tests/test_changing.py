"""The benchmark of jobs whose calls change or are limited."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks import changing
from benchmarks.changing import Comparison, compare, stages, table
from benchmarks.changing_jobs import (
    ADVISOR,
    ChangingJob,
    by_kind,
    computing,
    do,
    find,
    processes,
    run_job,
    threads,
    waiting,
    with_slow_ones,
)
from profiles.server import RateLimit

REPORT = {
    "calls": 4,
    "succeeded": 4,
    "failed": 0,
    "seconds": 1.5,
    "stages": [{"strategy": "threading", "workers": 4, "calls": 4, "seconds": 1.5, "why": "calls wait"}],
}


def test_the_best_in_hindsight_is_the_fastest_way_by_hand() -> None:
    """The ratio compares medians."""
    job = find("four at a time")
    seen = Comparison(job, {"4 threads": [2.0], "5 threads": [1.0, 9.0, 1.0], ADVISOR: [1.5]}, None)
    assert (seen.best, seen.ratio) == ("5 threads", 1.5)
    assert table([seen]).splitlines()[2] == f"| {job.what} | 5 threads | 1.00 | 1.50 | 1.50 |"


def test_ways_run_in_alternating_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second round goes backwards, and the last report of advisor.map is kept."""
    order = []

    def run_module(module: str, name: str, way: str, *, timeout: float) -> str:
        order.append(way)
        return json.dumps({"seconds": float(len(order)), "report": REPORT if way == ADVISOR else None})

    monkeypatch.setattr(changing, "run_module", run_module)
    seen = compare(find("four at a time"), rounds=2)
    assert order == ["4 threads", "5 threads", ADVISOR, ADVISOR, "5 threads", "4 threads"]
    assert seen.seconds[ADVISOR] == [3.0, 4.0]
    assert seen.report is not None
    assert stages(seen.report) == "    threading × 4: 4 calls in 1.50 s: calls wait"


@pytest.mark.slow
def test_ways_by_hand_give_a_result_for_each_input() -> None:
    """Threads, processes, both in turn, and advisor.map with its report do the whole job."""
    job = ChangingJob(
        "short",
        "",
        do,
        lambda: [*waiting(6, 0.01), *computing(4, 0.001)],
        {"threads": threads(2), "processes": processes(2), "by kind": by_kind(2)},
    )
    for way in job.ways:
        done = run_job(job, way)
        assert done["report"] is None
        assert done["seconds"] > 0
    assert run_job(job, ADVISOR)["report"]["succeeded"] == 10


def test_a_paced_way_keeps_to_the_rate() -> None:
    """The way by hand for a limited service makes every call, again where it was refused."""
    job = find("rate limit")
    (paced,) = job.ways.values()
    assert paced(math.sqrt, [float(number) for number in range(12)]) == [math.sqrt(number) for number in range(12)]


def test_one_input_in_a_hundred_is_slow() -> None:
    """The slow ones replace others."""
    steps = with_slow_ones(waiting(200, 0.05), ("wait", 1.0))
    assert len(steps) == 200
    assert [number for number, step in enumerate(steps) if step == ("wait", 1.0)] == [50, 150]


def test_a_rate_limit_accepts_a_burst() -> None:
    """A burst is accepted, and what follows at once is not."""
    limit = RateLimit(per_second=1, burst=3)
    assert [limit.accepts() for _ in range(4)] == [True, True, True, False]
