"""The records of the oracle, and the summary of trials of the advice."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from advisor.models import Machine, Profile, Python, Range
from benchmarks import corpus, oracle, score, score_report
from benchmarks.trials import (
    ADVISOR,
    LOOP,
    ORACLE,
    Trial,
    Way,
    accuracy,
    load_trials,
    save_trials,
    standing,
    standings,
)
from profiles import Workload, choose, find, outcomes
from profiles.job import SEQUENTIAL, Contender, JobError, Package, Plan
from profiles.outcomes import Outcome, Run

MACHINE = Machine(cores=2, platform="linux", python=Python(version="3.12.4"))
WAITING = Profile(calls=50, wall=0.1, gil_held=0.01, gil_free=0.0, child_cpu=0.0, wait=0.09)
COMPUTING = Profile(calls=50, wall=0.1, gil_held=0.1, gil_free=0.0, child_cpu=0.0, wait=0.0)


def recorded(*runs: Run) -> Outcome:
    return Outcome(workload="tiny.clamp", calls=find("tiny.clamp").calls, machine=MACHINE, profile=COMPUTING, runs=runs)


def trial(name: str, *ways: Way) -> Trial:
    return Trial(workload=name, calls=100, seconds_to_advice=3.0, ways=ways)


LOST = trial(
    "web.download",
    Way(plan="sequential", chosen_by=(LOOP,), seconds=(2.0, 2.0)),
    Way(
        plan="threading × 4",
        chosen_by=(ADVISOR,),
        predicted=Range(low=3.0, expected=4.0, high=4.0),
        seconds=(0.8, 0.9, 0.7),
    ),
    Way(plan="threading × 8", chosen_by=(ORACLE, "always threads"), seconds=(0.4,)),
    Way(plan="multiprocessing × 2", chosen_by=("always processes",), failure="can't pickle"),
)
WON = trial(
    "crypto.derive_key",
    Way(plan="sequential", chosen_by=(LOOP,), seconds=(2.0,)),
    Way(
        plan="threading × 2",
        chosen_by=(ADVISOR, ORACLE, "always threads"),
        predicted=Range(low=1.7, expected=2.0, high=2.0),
        seconds=(1.0,),
    ),
    Way(
        plan="multiprocessing × 2",
        chosen_by=("always processes",),
        predicted=Range(low=1.0, expected=1.2, high=1.4),
        seconds=(2.5,),
    ),
)


class TestOracle:
    def test_waiting_calls_are_tried_with_many_processes(self) -> None:
        """Many more processes than cores are tried only where calls wait."""
        waiting = {plan.workers for plan in oracle.candidates(WAITING, 100, 2) if plan.strategy == "multiprocessing"}
        computing = {
            plan.workers for plan in oracle.candidates(COMPUTING, 100, 2) if plan.strategy == "multiprocessing"
        }
        assert waiting == {2, 3, 4, 8, 16, 32}
        assert computing == {2, 3, 4}

    def test_every_thread_count_up_to_the_calls_is_tried(self) -> None:
        """Thread counts go up to the number of calls."""
        plans = oracle.candidates(COMPUTING, 20, 2)
        assert [plan.workers for plan in plans if plan.strategy == "threading"] == [2, 4, 8, 16]
        assert plans[0] == SEQUENTIAL

    def test_processes_are_tried_with_and_without_chunks(self) -> None:
        """Chunks are those of multiprocessing.Pool.map."""
        plans = [plan for plan in oracle.candidates(COMPUTING, 800, 2) if plan.strategy == "multiprocessing"]
        assert Plan("multiprocessing", 2, 1) in plans
        assert Plan("multiprocessing", 2, 100) in plans

    def test_a_second_round_runs_competitive_ways_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only ways within 1.5 times the fastest, and the plain loop, are run again."""
        ran: list[Plan] = []

        def measured(workload: object, plan: Plan, *, timeout: float) -> float:
            ran.append(plan)
            return {"sequential": 3.0, "threading": 2.0, "multiprocessing": 1.0}[plan.strategy]

        monkeypatch.setattr(oracle, "measure", measured)
        known = recorded(
            Run(strategy="sequential"),
            Run(strategy="threading", workers=2),
            Run(strategy="multiprocessing", workers=2),
        )
        *_, (last, _) = oracle.examine(find("tiny.clamp"), known, rounds=3, timeout=60)
        assert [len(run.seconds) for run in last.runs] == [3, 1, 3]
        assert last.best.strategy == "multiprocessing"
        assert ran[3:5] == [Plan("multiprocessing", 2), SEQUENTIAL]  # the second round goes backwards

    def test_an_interrupted_record_is_continued(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Runs measured before an interruption are not repeated."""
        ran: list[Plan] = []

        def measured(workload: object, plan: Plan, *, timeout: float) -> float:
            ran.append(plan)
            return 1.0

        monkeypatch.setattr(oracle, "measure", measured)
        known = recorded(Run(strategy="sequential", seconds=(1.0,)), Run(strategy="threading", workers=2))
        list(oracle.examine(find("tiny.clamp"), known, rounds=1, timeout=60))
        assert ran == [Plan("threading", 2)]

    def test_a_failure_is_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A way that fails does not end the run."""

        def fails(workload: object, plan: Plan, *, timeout: float) -> float:
            if plan.strategy == "multiprocessing":
                raise JobError("can't pickle")
            return 1.0

        monkeypatch.setattr(oracle, "measure", fails)
        known = recorded(Run(strategy="sequential"), Run(strategy="multiprocessing", workers=2))
        *_, (last, _) = oracle.examine(find("tiny.clamp"), known, rounds=2, timeout=60)
        assert last.runs[1].failure == "can't pickle"
        assert last.best.plan == SEQUENTIAL


class TestRecords:
    def test_a_record_comes_back_as_it_was_saved(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each workload has a file, in a directory named after the kind of host."""
        monkeypatch.setattr(outcomes, "FOLDER", tmp_path)
        kept = recorded(Run(strategy="sequential", seconds=(1.5, 1.25)))
        outcomes.save(kept)
        assert [path.name for path in tmp_path.glob("linux-*-2-cores-cpython-3.12/*")] == ["tiny.clamp.json"]
        assert outcomes.load(find("tiny.clamp"), MACHINE) == kept
        assert list(outcomes.load_all(tmp_path)) == [kept]

    def test_a_record_of_another_job_does_not_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A record with another number of calls is ignored."""
        monkeypatch.setattr(outcomes, "FOLDER", tmp_path)
        outcomes.save(recorded(Run(strategy="sequential")).model_copy(update={"calls": 7}))
        assert outcomes.load(find("tiny.clamp"), MACHINE) is None

    def test_the_records_of_the_repository_can_be_read(self) -> None:
        """Every record has a best way and a plain loop."""
        known = list(outcomes.load_all())
        assert known
        assert all(one.best.median <= one.sequential.median for one in known)

    def test_families_can_be_chosen_by_name(self) -> None:
        """A family selects its workloads; an unknown name is an error."""
        assert {workload.family for workload in choose(["web", "tiny.clamp"])} == {"web", "tiny"}
        with pytest.raises(LookupError, match="no workload is called 'wob'"):
            choose(["wob"])


class TestTrials:
    def test_the_advisor_is_compared_with_the_best_of_all_that_ran(self) -> None:
        """The mean of pick/best is geometric, over both workloads."""
        figures = standing(ADVISOR, [LOST, WON])
        assert figures.mean == pytest.approx(math.sqrt(2.0))
        assert figures.worst == pytest.approx(2.0)
        assert figures.close == 0.5
        assert (figures.slower, figures.failed) == (0, 0)

    def test_what_fails_and_what_is_slower_than_the_loop_are_counted(self) -> None:
        """A failure is not averaged, but is counted, and is not close to the best."""
        figures = standing("always processes", [LOST, WON])
        assert (figures.failed, figures.slower, figures.close) == (1, 1, 0.0)
        assert figures.mean == pytest.approx(2.5)

    def test_the_oracle_and_the_advisor_come_first(self) -> None:
        """The peers follow, each once."""
        assert [one.who for one in standings([LOST, WON])] == [ORACLE, ADVISOR, "always threads", "always processes"]

    def test_predictions_are_compared_with_measurements(self) -> None:
        """4x predicted and 2.5x measured is an error of 60 %, 2x and 2x is none: the median is between them."""
        seen = accuracy([LOST, WON])
        assert seen.error == pytest.approx(0.3)
        assert seen.count == 3
        assert seen.inside == pytest.approx(1 / 3)
        assert seen.picks_inside == pytest.approx(1 / 2)

    def test_trials_come_back_as_they_were_saved(self, tmp_path: Path) -> None:
        """Saved trials are equal when they are loaded."""
        save_trials([LOST, WON], tmp_path / "score.json")
        assert load_trials(tmp_path / "score.json") == [LOST, WON]

    def test_the_report_is_written_from_trials(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A table of rules, one of workloads, a picture, and the evidence between its marks."""
        pytest.importorskip("matplotlib")
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "evidence.md").write_text(
            "a\n<!-- score: begin -->\nold\n<!-- score: end -->\nz\n", encoding="utf-8"
        )
        monkeypatch.setattr(score_report, "ROOT", tmp_path)
        summary = score_report.write([LOST, WON])
        assert "| **advisor** | 1.414 |" in summary
        evidence = (tmp_path / "docs" / "evidence.md").read_text(encoding="utf-8")
        assert evidence == f"a\n<!-- score: begin -->\n{summary}\n<!-- score: end -->\nz\n"
        document = (tmp_path / "docs" / "score.md").read_text(encoding="utf-8")
        assert "| web.download | threading × 4 | 0.80 | threading × 8 | 0.40 | 2.00 | 2.00 |" in document
        assert (tmp_path / "docs" / "score.svg").read_text(encoding="utf-8").startswith("<?xml")


class TestScore:
    def test_contenders_run_in_alternating_order_while_competitive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A contender far behind in the first round is not run again, except the plain loop."""
        ran: list[str] = []

        def measured(workload: object, plan: Plan | Package, *, timeout: float) -> float:
            ran.append(str(plan))
            return {"sequential": 9.0, "threading × 2": 1.0, "betapool": 4.0}[str(plan)]

        monkeypatch.setattr(score, "measure", measured)
        contenders: list[Contender] = [SEQUENTIAL, Plan("threading", 2), Package("betapool")]
        workload = find("tiny.clamp")
        seconds, failures = score.run_in_turn(workload, contenders, [SEQUENTIAL], print, rounds=(2, 6), timeout=60)
        assert ran == ["sequential", "threading × 2", "betapool", "threading × 2", "sequential"]
        assert seconds[Package("betapool")] == [4.0]
        assert failures == {}

    @pytest.mark.parametrize(("pool", "rounds"), [(0.95, 6), (1.05, 6), (0.5, 2), (1.2, 2)])
    def test_ways_close_to_the_loop_get_more_rounds(
        self, monkeypatch: pytest.MonkeyPatch, pool: float, rounds: int
    ) -> None:
        """Slightly faster and slightly slower ways get the same number of rounds, so that neither is favoured."""
        threads = Plan("threading", 2)
        monkeypatch.setattr(score, "measure", lambda _, plan, timeout: 1.0 if plan == SEQUENTIAL else pool)
        workload = find("tiny.clamp")
        seconds, _ = score.run_in_turn(
            workload, [SEQUENTIAL, threads], [SEQUENTIAL, threads], print, rounds=(2, 6), timeout=60
        )
        assert [len(taken) for taken in seconds.values()] == [rounds, rounds]


class TestCorpus:
    def test_workloads_that_cannot_run_are_listed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A missing package or a failure does not end the benchmark."""
        missing = Workload("a.b", "a:b", "a:b_inputs", 1, "", "", packages=("no_such_package",))
        failing = Workload("c.d", "c:d", "c:d_inputs", 1, "", "")
        working = Workload("e.f", "e:f", "e:f_inputs", 1, "", "")
        monkeypatch.setattr(corpus, "choose", lambda names: [missing, failing, working])

        def work(workload: Workload, on_progress: corpus.OnProgress) -> str:
            if workload is failing:
                raise JobError("no end within 1 s")
            return "done"

        corpus.for_each([], work)
        assert capsys.readouterr().out == "skipped: a.b: needs no_such_package\nskipped: c.d: no end within 1 s\n"

    def test_an_unknown_name_is_an_error(self) -> None:
        """Nothing is measured if a name is misspelt."""
        with pytest.raises(SystemExit, match="no workload is called 'wob'"):
            corpus.for_each(["wob"], lambda workload, on_progress: "")

    def test_the_time_limit_is_a_multiple_of_the_plain_loop(self) -> None:
        """The limit is at least what start-up may take, and at most what the user gave."""
        assert corpus.time_limit([], 60.0) == 60.0
        assert corpus.time_limit([0.1], 60.0) == corpus.MIN_LIMIT
        assert corpus.time_limit([4.0, 8.0], 60.0) == 30.0
        assert corpus.time_limit([40.0], 60.0) == 60.0
