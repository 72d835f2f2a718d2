"""The benchmark that runs whole jobs with advisor.map, the best fixed way and other packages."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks import running, score
from benchmarks.running import Options, compare, contestants, line, ratio, summary, table, write
from benchmarks.trials import ADVISOR, LOOP, ORACLE, Trial, Way, load_trials, save_trials
from profiles import find
from profiles.job import Contender, JobError, Package, Plan, timed
from profiles.outcomes import Outcome, Run
from profiles.packages import PACKAGES, PackageName

OTHERS: Iterable[PackageName] = sorted(PACKAGES.keys() - {"advisor", "betapool", "smart-parallel"})
OPTIONS = Options(rounds=1, timeout=60)


def trial(name: str, loop: float, best: float, advisor: float, joblib: Way) -> Trial:
    ways = (
        Way(plan="sequential", chosen_by=(LOOP,), seconds=(loop,)),
        Way(plan="threading × 8", chosen_by=(ORACLE,), seconds=(best,)),
        Way(plan="advisor", chosen_by=(ADVISOR,), seconds=(advisor,)),
        joblib,
    )
    return Trial(workload=name, calls=100, ways=ways)


TRIALS = [
    trial("web.download", 4.0, 1.0, 1.1, Way(plan="joblib", chosen_by=("joblib",), seconds=(2.0,))),
    trial("tiny.clamp", 1.0, 1.0, 1.0, Way(plan="joblib", chosen_by=("joblib",), failure="no end within 15 s")),
]


@pytest.fixture
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle's record says that eight threads are best."""

    class Record:
        best = Run(strategy="threading", workers=8, seconds=(1.0,))

    def load(workload: object, machine: object) -> type[Outcome]:
        return Record  # type: ignore[return-value]

    monkeypatch.setattr(running, "load", load)


@pytest.mark.usefixtures("_recorded")
class TestExamine:
    def test_all_ways_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The plain loop, the best recorded way, advisor.map and every other package run."""
        monkeypatch.setattr(score, "measure", lambda workload, way, timeout: 2.0 if way == Plan("sequential") else 1.0)
        seen = running.examine(find("tiny.clamp"), print, OPTIONS)
        plans = ["sequential", "threading × 8", "advisor", *running.OTHERS]
        assert [way.plan for way in seen.ways] == plans
        assert [way.seconds for way in seen.ways] == [(2.0,), *[(1.0,)] * (len(plans) - 1)]

    def test_quick_runs_three_ways_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other packages do not run, and no way runs twice, even if it is as fast as the plain loop."""
        monkeypatch.setattr(score, "measure", lambda workload, way, timeout: 1.0)
        seen = running.examine(find("tiny.clamp"), print, Options(rounds=3, timeout=60, quick=True))
        assert [(way.plan, way.seconds) for way in seen.ways] == [
            ("sequential", (1.0,)),
            ("threading × 8", (1.0,)),
            ("advisor", (1.0,)),
        ]

    def test_a_package_that_fails_is_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failure of one package is part of the trial."""

        def measured(workload: object, way: Contender, *, timeout: float) -> float:
            if way == Package("mpire"):
                raise JobError("can't pickle")
            return 1.0 if way == Plan("sequential") else 0.5

        monkeypatch.setattr(score, "measure", measured)
        seen = running.examine(find("tiny.clamp"), print, OPTIONS)
        assert seen.of("mpire").failure == "can't pickle"
        assert math.isinf(ratio(seen, "mpire", LOOP))


class TestReport:
    def test_ways_are_compared_with_the_best_fixed_way(self) -> None:
        """The ratios are those of the medians; a failure is counted, and left out of the ratios."""
        seen = compare(ADVISOR, TRIALS)
        assert [seen.mean, seen.worst] == pytest.approx([math.sqrt(1.1), 1.1])
        assert (seen.worst_workload, seen.worst_over_loop, seen.slower, seen.failed) == ("web.download", 1.0, 0, 0)
        joblib = compare("joblib", TRIALS)
        assert [joblib.mean, joblib.failed] == pytest.approx([2.0, 1])

    def test_contestants_are_compared_with_the_best_fixed_way_not_it_with_itself(self) -> None:
        """Everyone but the best fixed way has a row, advisor the first."""
        assert contestants(TRIALS) == [ADVISOR, LOOP, "joblib"]
        assert summary(TRIALS).splitlines()[2:] == [
            "| **advisor.map** | 1.049 | 1.050 | 1.10 | 1.10 | web.download | 1.00 | 0 | 0 |",
            "| the plain loop | 2.000 | 2.500 | 3.85 | 4.00 | web.download | 1.00 | 0 | 0 |",
            "| joblib | 2.000 | 2.000 | 2.00 | 2.00 | web.download | 0.50 | 0 | 1 |",
        ]

    def test_every_workload_has_a_row(self) -> None:
        """The table is ordered by name, and says what failed."""
        assert table(TRIALS).splitlines()[2:] == [
            "| tiny.clamp | threading × 8 | 1.00 | 1.00 | 1.00 | failed | 1.00 |",
            "| web.download | threading × 8 | 1.00 | 4.00 | 1.10 | 2.00 | 1.10 |",
        ]
        assert line(TRIALS[0]) == (
            "web.download: advisor.map 1.10 s, threading × 8 1.00 s: 1.10; 0.28 times the plain loop"
        )

    def test_the_report_is_written(self, tmp_path: Path) -> None:
        """The document has the import times, the comparison and the table."""
        write(TRIALS, "Importing takes 20 ms.", tmp_path / "running.md")
        text = (tmp_path / "running.md").read_text()
        assert "Importing takes 20 ms." in text
        assert summary(TRIALS) in text
        assert table(TRIALS) in text

    def test_trials_without_advice_are_stored(self, tmp_path: Path) -> None:
        """Trials come back as they were saved."""
        save_trials(TRIALS, tmp_path / "running.json")
        assert load_trials(tmp_path / "running.json") == TRIALS
        assert "seconds_to_advice" not in json.loads((tmp_path / "running.json").read_text())[0]


@pytest.mark.parametrize("package", OTHERS)
def test_a_package_does_a_job(package: PackageName) -> None:
    """Each package runs a whole job in this process."""
    assert timed(find("crypto.sign_messages"), Package(package)) > 0
