"""What the oracle records, and how trials of the advice are summed up."""

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
    foresight,
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
        """Where calls wait, more processes than cores + 2 may be best; where they compute, never."""
        waiting = {plan.workers for plan in oracle.candidates(WAITING, 100, 2) if plan.strategy == "multiprocessing"}
        computing = {
            plan.workers for plan in oracle.candidates(COMPUTING, 100, 2) if plan.strategy == "multiprocessing"
        }
        assert waiting == {2, 3, 4, 8, 16, 32}
        assert computing == {2, 3, 4}

    def test_every_thread_count_up_to_the_calls_is_tried(self) -> None:
        """More threads than calls have nothing to do."""
        plans = oracle.candidates(COMPUTING, 20, 2)
        assert [plan.workers for plan in plans if plan.strategy == "threading"] == [2, 4, 8, 16]
        assert plans[0] == SEQUENTIAL

    def test_processes_are_tried_with_and_without_chunks(self) -> None:
        """A chunk is what multiprocessing.Pool.map would cut."""
        plans = [plan for plan in oracle.candidates(COMPUTING, 800, 2) if plan.strategy == "multiprocessing"]
        assert Plan("multiprocessing", 2, 1) in plans
        assert Plan("multiprocessing", 2, 100) in plans

    def test_a_second_round_leaves_out_what_was_far_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only ways within half as much again of the fastest are run again, and the plain loop."""
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

    def test_a_record_goes_on_where_it_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After an interruption nothing that was measured is measured again."""
        ran: list[Plan] = []

        def measured(workload: object, plan: Plan, *, timeout: float) -> float:
            ran.append(plan)
            return 1.0

        monkeypatch.setattr(oracle, "measure", measured)
        known = recorded(Run(strategy="sequential", seconds=(1.0,)), Run(strategy="threading", workers=2))
        list(oracle.examine(find("tiny.clamp"), known, rounds=1, timeout=60))
        assert ran == [Plan("threading", 2)]

    def test_a_way_that_fails_is_recorded_as_that(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failure is a finding, not the end of the run."""

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
        """One file a workload, in a folder that says what kind of host it was."""
        monkeypatch.setattr(outcomes, "FOLDER", tmp_path)
        kept = recorded(Run(strategy="sequential", seconds=(1.5, 1.25)))
        outcomes.save(kept)
        assert [path.name for path in tmp_path.glob("linux-*-2-cores-cpython-3.12/*")] == ["tiny.clamp.json"]
        assert outcomes.load(find("tiny.clamp"), MACHINE) == kept
        assert list(outcomes.load_all(tmp_path)) == [kept]

    def test_a_record_of_another_job_does_not_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A workload whose number of calls was changed is to be measured anew."""
        monkeypatch.setattr(outcomes, "FOLDER", tmp_path)
        outcomes.save(recorded(Run(strategy="sequential")).model_copy(update={"calls": 7}))
        assert outcomes.load(find("tiny.clamp"), MACHINE) is None

    def test_the_records_of_the_repository_can_be_read(self) -> None:
        """Every record names a way that works, and its plain loop."""
        known = list(outcomes.load_all())
        assert known
        assert all(one.best.median <= one.sequential.median for one in known)

    def test_families_can_be_chosen_by_name(self) -> None:
        """A family's name stands for its workloads; an unknown name is told."""
        assert {workload.family for workload in choose(["web", "tiny.clamp"])} == {"web", "tiny"}
        with pytest.raises(LookupError, match="no workload is called 'wob'"):
            choose(["wob"])


class TestTrials:
    def test_the_advisor_is_compared_with_the_best_of_all_that_ran(self) -> None:
        """Twice as long as the best is a loss of 2; the geometric mean takes both workloads."""
        figures = standing(ADVISOR, [LOST, WON])
        assert figures.mean == pytest.approx(math.sqrt(2.0))
        assert figures.worst == pytest.approx(2.0)
        assert figures.close == 0.5
        assert (figures.slower, figures.failed) == (0, 0)

    def test_what_fails_and_what_is_slower_than_the_loop_are_counted(self) -> None:
        """A failure has no loss to average, but it is neither close to the best nor forgotten."""
        figures = standing("always processes", [LOST, WON])
        assert (figures.failed, figures.slower, figures.close) == (1, 1, 0.0)
        assert figures.mean == pytest.approx(2.5)

    def test_the_oracle_and_the_advisor_stand_first(self) -> None:
        """Then the peers, each once."""
        assert [one.who for one in standings([LOST, WON])] == [ORACLE, ADVISOR, "always threads", "always processes"]

    def test_predictions_are_held_against_what_was_measured(self) -> None:
        """4x predicted and 2.5x measured is 60 % too much; 2x and 2x is right: the median is between them."""
        seen = foresight([LOST, WON])
        assert seen.error == pytest.approx(0.3)
        assert seen.count == 3
        assert seen.inside == pytest.approx(1 / 3)
        assert seen.picks_inside == pytest.approx(1 / 2)

    def test_trials_come_back_as_they_were_saved(self, tmp_path: Path) -> None:
        """The file is read again by the report, and by a run that goes on."""
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
    def test_contenders_run_in_turn_and_back_until_they_are_out_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who was far behind in the first round is not run again, but for the plain loop."""
        ran: list[str] = []

        def measured(workload: object, plan: Plan | Package, *, timeout: float) -> float:
            ran.append(str(plan))
            return {"sequential": 9.0, "threading × 2": 1.0, "betapool": 4.0}[str(plan)]

        monkeypatch.setattr(score, "measure", measured)
        contenders: list[Contender] = [SEQUENTIAL, Plan("threading", 2), Package("betapool")]
        workload = find("tiny.clamp")
        seconds, failures = score._run_in_turn(workload, contenders, [SEQUENTIAL], print, rounds=2, timeout=60)
        assert ran == ["sequential", "threading × 2", "betapool", "threading × 2", "sequential"]
        assert seconds[Package("betapool")] == [4.0]
        assert failures == {}

    @pytest.mark.parametrize(("pool", "rounds"), [(0.95, 6), (1.05, 6), (0.5, 2), (1.2, 2)])
    def test_what_is_close_to_the_loop_is_looked_at_for_longer(
        self, monkeypatch: pytest.MonkeyPatch, pool: float, rounds: int
    ) -> None:
        """Ahead of the loop by a hair or behind it: the same number of rounds, so that neither is favoured."""
        threads = Plan("threading", 2)
        monkeypatch.setattr(score, "measure", lambda _, plan, timeout: 1.0 if plan == SEQUENTIAL else pool)
        workload = find("tiny.clamp")
        seconds, _ = score._run_in_turn(
            workload, [SEQUENTIAL, threads], [SEQUENTIAL, threads], print, rounds=2, timeout=60
        )
        assert [len(taken) for taken in seconds.values()] == [rounds, rounds]


class TestCorpus:
    def test_a_workload_that_cannot_run_is_left_out_by_name(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A missing package or a failure does not end the benchmark: the others go on."""
        missing = Workload("a.b", "a:b", "a:b_inputs", 1, "", "", packages=("no_such_package",))
        failing = Workload("c.d", "c:d", "c:d_inputs", 1, "", "")
        working = Workload("e.f", "e:f", "e:f_inputs", 1, "", "")
        monkeypatch.setattr(corpus, "choose", lambda names: [missing, failing, working])

        def work(workload: Workload, tell: corpus.Tell) -> str:
            if workload is failing:
                raise JobError("no end within 1 s")
            return "done"

        corpus.for_each([], work)
        assert capsys.readouterr().out == "left out: a.b: needs no_such_package\nleft out: c.d: no end within 1 s\n"

    def test_an_unknown_name_ends_it_with_a_word(self) -> None:
        """Nothing is measured when a name was misspelt."""
        with pytest.raises(SystemExit, match="no workload is called 'wob'"):
            corpus.for_each(["wob"], lambda workload, tell: "")

    def test_a_way_gets_several_times_as_long_as_the_plain_loop(self) -> None:
        """But never less than what start-up may take, and never more than was asked for."""
        assert corpus.time_limit([], 60.0) == 60.0
        assert corpus.time_limit([0.1], 60.0) == corpus.LEAST_LIMIT
        assert corpus.time_limit([4.0, 8.0], 60.0) == 30.0
        assert corpus.time_limit([40.0], 60.0) == 60.0
