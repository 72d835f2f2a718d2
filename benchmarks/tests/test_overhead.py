"""The benchmark of the overhead of advisor.map."""

from __future__ import annotations

import pytest

from benchmarks import overhead
from benchmarks.overhead import WAYS, Kind, Small, calls_table, per_call, small, small_table
from profiles.job import JobError


@pytest.mark.slow
def test_all_ways_do_a_short_job() -> None:
    """Each way runs in a process of its own, and takes at least as long as its calls wait."""
    taken = per_call(Kind("wait", 1e-3), rounds=1, seconds=0.02)
    assert list(taken) == list(WAYS)
    assert taken["plain loop"] >= 1e-3
    assert max(taken.values()) < float("inf")


def test_a_way_that_fails_takes_infinitely_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other ways keep their medians."""

    def run_module(module: str, *job: str, timeout: float) -> str:
        if job[-1] == "Pool.map":
            raise JobError("no end within 120 s")
        return "3.0" if job[-1] == "advisor.map" else "2.0"

    monkeypatch.setattr(overhead, "run_module", run_module)
    taken = per_call(Kind("compute", 1e-2), rounds=3, seconds=1.0)
    assert taken["Pool.map"] == float("inf")
    assert (taken["plain loop"], taken["advisor.map"]) == (0.02, 0.03)


@pytest.mark.slow
def test_a_small_job_is_measured_in_a_fresh_interpreter() -> None:
    """The plain loop takes time, and so do the first and the later jobs of advisor.map."""
    job = small(10, rounds=1)
    assert job.calls == 10
    assert job.loop > 0
    assert job.loop + job.first > 0
    assert job.loop + job.later > 0


def test_tables() -> None:
    """Calls are given in microseconds, and what advisor.map takes as a multiple; small jobs in milliseconds."""
    ways = dict.fromkeys(WAYS, 2e-5) | {"plain loop": 1e-5}
    assert calls_table({Kind("compute", 1e-5): ways}).splitlines()[2] == (
        "| compute 10 µs | 10 | 20 | 20 | 20 | 20 | 20 | 2.000 |"
    )
    assert str(Kind("wait", 1e-3)) == "wait 1 ms"
    assert small_table([Small(1000, 0.01, 0.002, 0.0001)]).splitlines()[2] == (
        "| 1,000 | 10 ms | 2 ms | 0.1 ms | 1.0 % |"
    )
