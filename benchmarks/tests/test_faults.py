"""The counts of the benchmark of faults, changing jobs and overhead."""

from __future__ import annotations

from advisor.models.run_report import Failure
from benchmarks.changing import Comparison
from benchmarks.changing_jobs import ADVISOR, find
from benchmarks.faults import count_arrived
from benchmarks.faulty_jobs import CALLS, FAULTS, RAISES, InvalidInputError, verdict
from profiles.server import RateLimit


def test_every_call_has_its_own_outcome() -> None:
    """987 results and 13 failures are complete; another call's failure, or another exception, is a loss."""
    assert (CALLS - len(FAULTS), len(FAULTS)) == (987, 13)
    outcomes = dict.fromkeys(range(CALLS), "ok") | dict.fromkeys(FAULTS, "WorkerDied")
    outcomes |= dict.fromkeys(RAISES, "InvalidInputError")
    notes = "".join(f"{index} {outcome}\n" for index, outcome in outcomes.items())
    assert count_arrived("advisor", notes, 1.0, "").is_complete
    broken = count_arrived("pool", notes.replace("InvalidInputError", "BrokenProcessPool"), 1.0, "")
    assert (broken.results, broken.failures, broken.lost) == (987, 3, 10)


def test_a_verdict_names_the_failure() -> None:
    """Failures are named alike, whether kept as a record or raised."""
    assert verdict(3, 9) == "ok"
    assert verdict(3, 8) == "wrong"
    assert verdict(3, InvalidInputError(3)) == "InvalidInputError"
    assert verdict(3, Failure(index=3, type="benchmarks.faulty_jobs.InvalidInputError")) == "InvalidInputError"


def test_the_best_in_hindsight_is_the_fastest_way_by_hand() -> None:
    """The ratio compares medians."""
    job = find("four at a time")
    seen = Comparison(job, {"4 threads": [2.0], "5 threads": [1.0, 9.0, 1.0], ADVISOR: [1.5]}, None)
    assert (seen.best, seen.ratio) == ("5 threads", 1.5)


def test_a_rate_limit_accepts_a_burst() -> None:
    """A burst is accepted, and what follows at once is not."""
    limit = RateLimit(per_second=1, burst=3)
    assert [limit.accepts() for _ in range(4)] == [True, True, True, False]
