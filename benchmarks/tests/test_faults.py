"""The benchmark of crashes, killed parents and interruptions."""

from __future__ import annotations

import signal
import sys

import pytest

from advisor.models.run_report import Failure
from benchmarks.faults import count_arrived, interrupt, kill_and_resume, meet_faults, resumed_table
from benchmarks.faulty_jobs import CALLS, FAULTS, RAISES, InvalidInputError, verdict


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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes have no sessions")
class TestRunners:
    def test_a_pool_that_breaks_loses_calls(self) -> None:
        """The executor of the standard library breaks at the crash; what arrived before is counted."""
        arrived = meet_faults("concurrent.futures")
        assert arrived.results + arrived.failures + arrived.lost == CALLS
        assert arrived.lost > CALLS / 2
        assert not arrived.is_complete

    def test_a_killed_job_is_continued(self) -> None:
        """After the continuation every result is there, and no worker is left."""
        resumed = kill_and_resume("wait", share=0.5, whole=1.0)
        assert (resumed.missing, resumed.orphans) == (0, 0)
        assert "| wait (threading) | 1 |" in resumed_table([resumed])

    def test_an_interrupted_job_ends(self) -> None:
        """After SIGTERM to the parent, in the middle of long calls, no process is left."""
        assert interrupt("wait", signal.SIGTERM)[1] == 0
