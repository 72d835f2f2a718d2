"""Advice given, and what it brought: kept in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from advisor import __version__, api
from advisor.errors import UsageError
from advisor.journal import journal as journal_module
from advisor.journal import open_journal, queries
from advisor.journal.ids import identity
from advisor.journal.journal import Journal
from advisor.journal.prediction import predicted
from advisor.limits import MAX_JOURNAL_BYTES
from advisor.models import Machine, Profile
from profiles import outcomes
from tests.journals import DAY, MACHINE, NOW, PROFILE, Clock, address, advice, clock, cluster, events, journal, question

__all__ = ["address", "clock", "cluster", "events", "journal"]  # fixtures


GIVEN = advice().model_dump_json()
LARGE = {"calls": 20, "wall": 1.0, "gil_held": 1.0, "wait": 0.0, "peak_memory": 2 << 30, "idle_memory": 10 << 20}


class TestIdentity:
    def test_it_can_be_written_into_a_link(self) -> None:
        """144 bits, none of whose characters a URL would have to quote."""
        assert re.fullmatch(r"[A-Za-z0-9_-]{24}", identity(question(), GIVEN))

    @pytest.mark.parametrize(
        "same",
        [
            {"calls": 1000, "profile": dict(reversed(PROFILE.items()))},
            {"profile": PROFILE, "calls": 1000, "machine": None},
            {"profile": {**PROFILE, "target": None}, "calls": 1000},
        ],
    )
    def test_the_order_of_fields_and_nulls_do_not_matter(self, same: dict[str, Any]) -> None:
        """What means the same has the same id."""
        assert identity(same, GIVEN) == identity(question(), GIVEN)

    def test_everything_else_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The question, the advice, and the version that answers."""
        found = {identity(question(), GIVEN), identity(question(7), GIVEN), identity(question(), GIVEN + " ")}
        monkeypatch.setattr("advisor.journal.ids.__version__", "99")
        found.add(identity(question(), GIVEN))
        assert len(found) == 4

    def test_it_does_not_depend_on_the_process(self) -> None:
        """Whatever the order of its sets, each worker gives the same advice the same id."""
        script = textwrap.dedent("""
            from advisor.limits import MAX_JOURNAL_BYTES
from advisor.journal.ids import identity
            from tests.journals import advice, question
            print(identity(question(), advice().model_dump_json()))
        """)
        command = [sys.executable, "-c", script]
        found = {
            subprocess.check_output(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, text=True).strip()
            for seed in ("1", "2")
        }
        assert found == {identity(question(), GIVEN)}


class TestAdvice:
    def test_it_comes_back_as_it_was_given(self, journal: Journal) -> None:
        """With the question, and when that was asked."""
        given = advice()
        id = journal.record(question(machine=None), given)
        assert id == identity(question(), GIVEN)
        entry = journal.advice(id)
        assert entry is not None
        assert (entry.id, entry.advice, entry.question) == (id, given, question())
        assert (entry.first_asked, entry.last_asked, entry.version) == (NOW, NOW, __version__)

    def test_other_advice_on_the_same_question_has_an_id_of_its_own(self, journal: Journal) -> None:
        """As where less memory was left: each link shows what was given, and outcomes are compared with just that."""
        roomy, tight = (
            api.advise(Profile.model_validate(LARGE), machine=Machine(cores=16, memory=memory << 30))
            for memory in (32, 8)
        )
        assert roomy.workers > tight.workers
        given = {str(journal.record({"profile": LARGE}, one)): one for one in (roomy, tight, roomy)}
        assert len(given) == 2
        for id, one in given.items():
            entry, reported = journal.advice(id), journal.report(id, seconds=100.0)
            assert entry is not None and reported is not None  # noqa: PT018
            assert entry.advice == one
            assert (reported.workers, reported.predicted) == (one.workers, one.seconds)

    def test_of_an_unknown_id_there_is_none(self, journal: Journal) -> None:
        """Which is no error."""
        for id in ("unheard-of", "", "zero\x00", "x" * 25):
            assert journal.advice(id) is None
        assert journal.renew("unheard-of") is False

    def test_asked_again_it_is_renewed_at_most_once_an_hour(
        self, journal: Journal, clock: Clock, events: list[str], address: str
    ) -> None:
        """By this process, which remembers, and by another, which has the database to go by."""
        id = journal.record(question(), advice())
        assert id is not None
        with closing(open_journal(address, clock=clock)) as other:
            for later, asked in ((1800, 0), (3500, 0), (3700, 3700), (7000, 3700)):
                clock.now = NOW + later
                assert journal.record(question(), advice()) == id
                assert journal.renew(id)
                assert other.record(question(), advice()) == id
                entry = journal.advice(id)
                assert entry is not None
                assert (entry.first_asked, entry.last_asked) == (NOW, NOW + asked), later
        assert events == ["recorded", "recorded"]

    def test_a_cached_answer_renews_too(self, journal: Journal, clock: Clock, events: list[str]) -> None:
        """It needs the id alone."""
        id = journal.record(question(), advice())
        assert id is not None
        clock.now += 2 * DAY
        assert journal.renew(id)
        entry = journal.advice(id)
        assert entry is not None
        assert entry.last_asked == clock.now
        assert events == ["recorded", "renewed"]

    def test_descriptions_are_not_kept(self, journal: Journal, events: list[str]) -> None:
        """What people write in their own words is theirs."""
        text = "Downloading 100 files"
        assert journal.record({"description": text}, api.advise(text, machine=MACHINE)) is None
        assert journal.outcomes() == []
        assert events == ["left out"]

    def test_descriptions_are_kept_where_that_is_wanted(self, address: str) -> None:
        """It has to be said."""
        text = "Downloading 100 files"
        with closing(open_journal(address, descriptions=True)) as journal:
            id = journal.record({"description": text}, api.advise(text, machine=MACHINE))
            assert id is not None
            entry = journal.advice(id)
        assert entry is not None
        assert entry.question == {"description": text}

    def test_what_is_too_large_is_left_out(self, journal: Journal, events: list[str]) -> None:
        """Nobody fills the disk with a few requests."""
        large = question(note="x" * MAX_JOURNAL_BYTES)
        assert journal.record(large, advice()) is None
        assert events == ["left out"]

    def test_what_json_may_hold_can_be_kept(self, journal: Journal) -> None:
        """PostgreSQL has no text with a zero character in it."""
        id = journal.record(question(target="naïve\x00😀"), advice())
        assert id is not None
        entry = journal.advice(id)
        assert entry is not None
        assert entry.question["target"] == "naïve\x00😀"


class TestOutcomes:
    def test_it_stands_beside_what_was_predicted(self, journal: Journal, clock: Clock, events: list[str]) -> None:
        """What is not said was as advised."""
        given = advice()
        id = journal.record(question(), given)
        assert id is not None
        clock.now += 60
        reported = journal.report(id, seconds=2.5, sequential_seconds=50.0, note="on the night's data")
        assert reported is not None
        assert (reported.strategy, reported.workers, reported.calls) == ("threading", given.workers, 1000)
        assert (reported.seconds, reported.sequential_seconds) == (2.5, 50.0)
        assert (reported.predicted, reported.reported) == (given.seconds, NOW + 60)
        assert journal.outcomes() == [reported]
        assert events == ["recorded", "reported"]

    def test_another_way_than_advised_has_its_own_prediction(self, journal: Journal) -> None:
        """Another strategy, other workers, another size of job."""
        given = advice()
        id = journal.record(question(), given)
        assert id is not None
        loop = journal.report(id, seconds=50.0, strategy="sequential")
        fewer = journal.report(id, seconds=25.0, workers=2)
        smaller = journal.report(id, seconds=1.0, calls=100)
        assert loop is not None and fewer is not None and smaller is not None  # noqa: PT018
        alone = next(one for one in given.alternatives if one.strategy == "sequential")
        assert (loop.workers, loop.predicted) == (1, alone.seconds)
        assert given.seconds is not None and fewer.predicted is not None and smaller.predicted is not None  # noqa: PT018
        assert fewer.predicted.low > given.seconds.high
        assert smaller.predicted.high < given.seconds.low
        assert journal.outcomes(limit=2) == [smaller, fewer]

    def test_what_the_advice_says_nothing_of_has_no_prediction(self, journal: Journal) -> None:
        """The function is no coroutine."""
        id = journal.record(question(), advice())
        assert id is not None
        reported = journal.report(id, seconds=1.0, strategy="asyncio", workers=8)
        assert reported is not None
        assert reported.predicted is None
        assert journal.outcomes() == [reported]

    def test_more_workers_than_were_considered_have_no_prediction(self) -> None:
        """Nor has one thread, which is no pool; those that no call is left for make no difference."""
        given = advice()
        assert predicted(given, "threading", 1_000_000, 1000) is None
        assert predicted(given, "threading", 1, 1000) is None
        assert predicted(given, "threading", 1_000_000, 10) == predicted(given, "threading", 10, 10)

    def test_between_two_numbers_that_were_considered_it_is_between_theirs(self) -> None:
        """Where calls wait, twice the workers take half as long."""
        given = advice()
        fewer, between, more = (predicted(given, "threading", workers, 1000) for workers in (32, 34, 36))
        assert fewer is not None and between is not None and more is not None  # noqa: PT018
        for name in ("low", "expected", "high"):
            few, some, many = (getattr(one, name) for one in (fewer, between, more))
            assert many < some < few
            assert some == pytest.approx((few * 32 + many * 36) / (2 * 34))

    def test_undecided_advice_needs_a_strategy(self) -> None:
        """Nothing was advised that could have been followed, and no number of workers."""
        undecided = api.advise("it is slow", machine=MACHINE)
        assert undecided.recommendation == "undecided"
        assert journal_module.way_of(undecided, "sequential", None) == ("sequential", 1)
        with pytest.raises(UsageError, match="strategy is needed"):
            journal_module.way_of(undecided, None, None)
        with pytest.raises(UsageError, match="workers are needed: none were advised for threading"):
            journal_module.way_of(undecided, "threading", None)
        assert predicted(undecided, "threading", 4, 10) is None

    def test_of_unknown_advice_there_is_no_outcome(self, journal: Journal) -> None:
        """Nothing is kept of it."""
        assert journal.report("unheard-of", seconds=1.0) is None
        assert journal.outcomes() == []

    def test_there_is_an_end_to_what_can_be_reported(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch, events: list[str]
    ) -> None:
        """A refusal is no failure of the database."""
        monkeypatch.setattr(queries, "MAX_OUTCOMES", 2)
        id = journal.record(question(), advice())
        assert id is not None
        for _ in range(2):
            journal.report(id, seconds=1.0)
        with pytest.raises(UsageError, match="2 outcomes of this advice already"):
            journal.report(id, seconds=1.0)
        assert len(journal.outcomes()) == 2
        assert journal.lost is None
        assert "failed" not in events


class TestExport:
    def test_records_are_those_of_the_reference_workloads(self, journal: Journal, tmp_path: Path) -> None:
        """One for each advice and size of job, each way of doing it once, marked as reported."""
        given = advice()
        id = journal.record(question(), given)
        assert id is not None
        journal.report(id, seconds=2.5, sequential_seconds=50.0)
        journal.report(id, seconds=2.25)
        journal.report(id, seconds=13.0, strategy="multiprocessing", workers=4)
        journal.report(id, seconds=0.3, calls=100)
        assert journal.export(tmp_path / "recorded") == (2, 0)
        small, large = sorted(outcomes.load_all(tmp_path / "recorded"), key=lambda one: one.calls)
        assert large.workload == f"reported.{id}.1000"
        assert (large.family, large.source) == ("reported", "reported")
        assert (large.profile, large.machine) == (given.profile, MACHINE)
        assert [(run.strategy, run.workers, run.seconds) for run in large.runs] == [
            ("sequential", 1, (50.0,)),
            ("threading", given.workers, (2.5, 2.25)),
            ("multiprocessing", 4, (13.0,)),
        ]
        assert (small.calls, [run.seconds for run in small.runs]) == (100, [(0.3,)])

    def test_what_was_only_assumed_is_left_out(self, address: str, tmp_path: Path) -> None:
        """A profile that stands for a description says nothing about how good the model is."""
        text = "Downloading 100 files"
        with closing(open_journal(address, descriptions=True)) as journal:
            id = journal.record({"description": text}, api.advise(text, machine=MACHINE))
            assert id is not None
            journal.report(id, seconds=3.0)
            assert journal.export(tmp_path / "recorded") == (0, 1)
        assert not (tmp_path / "recorded").exists()


class TestRetention:
    def test_what_was_not_asked_for_in_time_goes_with_its_outcomes(self, journal: Journal, clock: Clock) -> None:
        """Asking and reporting renew."""
        old, asked, reported = (str(journal.record(question(calls), advice(calls))) for calls in (1, 2, 3))
        journal.report(old, seconds=1.0)
        clock.now += 50 * DAY
        journal.renew(asked)
        journal.report(reported, seconds=1.0)
        clock.now += 50 * DAY
        assert journal.prune() == 1
        assert journal.advice(old) is None
        assert journal.advice(asked) is not None
        assert [outcome.advice_id for outcome in journal.outcomes()] == [reported]
        assert journal.prune(50.1) == 0
        assert journal.prune(0.0) == 2
        assert journal.outcomes() == []

    def test_it_happens_in_passing(self, journal: Journal, clock: Clock) -> None:
        """Nobody has to think of it."""
        old = journal.record(question(1), advice(1))
        clock.now += 91 * DAY
        journal.record(question(2), advice(2))
        journal.record(question(3), advice(3))  # the writer has done what was submitted before
        assert journal.advice(str(old)) is None

    def test_there_are_not_more_than_the_most(
        self, address: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The oldest go, a few in each transaction."""
        monkeypatch.setattr(queries, "AT_ONCE", 2)
        with closing(open_journal(address, clock=clock, most_entries=3)) as journal:
            ids = []
            for calls in range(1, 11):
                ids.append(str(journal.record(question(calls), advice(1))))
                clock.now += 1
            assert journal.prune() == 7
            assert [journal.advice(id) is not None for id in ids] == [False] * 7 + [True] * 3


class TestAtOnce:
    def test_threads_share_one(self, journal: Journal) -> None:
        """What they write comes together in fewer transactions, and all of it is there."""
        given = advice()

        def ask(number: int) -> str:
            id = journal.record(question(number), given)
            assert id is not None
            assert journal.report(id, seconds=float(number)) is not None
            return id

        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(ask, range(1, 81)))
        assert len(set(ids)) == 80
        assert {outcome.seconds for outcome in journal.outcomes()} == set(map(float, range(1, 81)))

    def test_processes_may_all_be_the_first(self, address: str, journal: Journal) -> None:
        """One makes the tables, and the others wait for it."""
        script = textwrap.dedent("""
            import sys
            from advisor.journal import open_journal
            from tests.journals import advice, question
            journal = open_journal(sys.argv[1])
            sys.stdin.readline()
            given, first = advice(), int(sys.argv[2])
            ids = [journal.record(question(first + number), given) for number in range(10)]
            print(all(id and journal.report(id, seconds=1.0) for id in ids), journal.lost)
        """)
        command = [sys.executable, "-c", script, address]
        pipe = subprocess.PIPE
        children = [
            subprocess.Popen([*command, str(100 * number)], stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
            for number in range(1, 5)
        ]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        assert [child.communicate(timeout=60)[0] for child in children] == ["True None\n"] * 4
        assert len(journal.outcomes()) == 40

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
    def test_a_forked_process_has_connections_of_its_own(self, address: str) -> None:
        """As servers do that load the application before they start their workers."""
        script = textwrap.dedent("""
            import os, sys
            from advisor.journal import open_journal
            from tests.journals import advice, question
            journal = open_journal(sys.argv[1])
            given = advice()
            first = journal.record(question(1), given)
            children = []
            for number in range(2, 5):
                child = os.fork()
                if child == 0:
                    kept = all(journal.record(question(10 * number + step), given) for step in range(10))
                    same = journal.advice(first).advice == given
                    journal.close()
                    os._exit(0 if kept and same else 1)
                children.append(child)
            print([os.waitpid(child, 0)[1] for child in children], journal.report(first, seconds=1.0) is not None)
        """)
        command = [sys.executable, "-W", "ignore", "-c", script, address]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.stdout == "[0, 0, 0] True\n", done.stderr


ROOT = Path(__file__).parent.parent
