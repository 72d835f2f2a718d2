"""Advice and outcomes stored in SQLite and in PostgreSQL."""

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

import advisor
from advisor import api
from advisor.errors import UsageError
from advisor.input_limits import MAX_JOURNAL_BYTES
from advisor.journal import open_journal, queries
from advisor.journal.ids import advice_id
from advisor.journal.journal import Journal
from advisor.journal.outcome_prediction import predicted, with_advised_defaults
from advisor.models import Machine, Profile, Strategy
from profiles import outcomes
from tests.journals import (
    DAY,
    MACHINE,
    NOW,
    PROFILE,
    Clock,
    address,
    advice,
    clock,
    cluster,
    events,
    journal,
    question,
    recorded,
)

__all__ = ["address", "clock", "cluster", "events", "journal"]  # fixtures

ROOT = Path(__file__).parent.parent
DOCUMENT = advice().model_dump_json()
LARGE = {"calls": 20, "wall": 1.0, "gil_held": 1.0, "wait": 0.0, "peak_memory": 2 << 30, "idle_memory": 10 << 20}
DESCRIPTION = "Downloading 100 files"


class TestIds:
    @pytest.mark.parametrize(
        "same",
        [
            {"calls": 1000, "profile": dict(reversed(PROFILE.items()))},
            {"profile": PROFILE, "calls": 1000, "machine": None},
            {"profile": {**PROFILE, "target": None}, "calls": 1000},
        ],
    )
    def test_the_order_of_fields_and_nulls_do_not_matter(self, same: dict[str, Any]) -> None:
        """Equivalent questions have the same id."""
        assert advice_id(same, DOCUMENT) == advice_id(question(), DOCUMENT)

    def test_question_advice_and_version_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each of them changes the id, whose characters need no quoting in a URL."""
        ids = {advice_id(question(), DOCUMENT), advice_id(question(7), DOCUMENT), advice_id(question(), DOCUMENT + " ")}
        monkeypatch.setattr("advisor.journal.ids.__version__", "99")
        ids.add(advice_id(question(), DOCUMENT))
        assert len(ids) == 4
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{24}", id) for id in ids)

    @pytest.mark.slow
    def test_processes_agree(self) -> None:
        """The id does not depend on the hash seed."""
        script = textwrap.dedent("""
            from advisor.journal.ids import advice_id
            from tests.journals import advice, question
            print(advice_id(question(), advice().model_dump_json()), end="")
        """)
        environment = {**os.environ, "PYTHONHASHSEED": "1"}
        other = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, env=environment, text=True)
        assert other == advice_id(question(), DOCUMENT)


class TestAdvice:
    def test_it_is_returned_as_it_was_recorded(self, journal: Journal) -> None:
        """With the question, the times and the version. PostgreSQL's text cannot hold the zero character as it is."""
        asked = question(target="naïve\x00😀")
        id = journal.record(asked | {"machine": None}, advice())
        assert id == advice_id(asked, DOCUMENT)
        entry = journal.advice(id)
        assert entry is not None
        assert (entry.id, entry.advice, entry.question) == (id, advice(), asked)
        assert (entry.first_asked, entry.last_asked, entry.version) == (NOW, NOW, advisor.__version__)

    def test_different_advice_on_the_same_question_has_a_different_id(self, journal: Journal) -> None:
        """With less free memory the advice may change; each link shows its own, and outcomes are compared with that."""
        roomy, tight = (
            api.advise(Profile.model_validate(LARGE), machine=Machine(cores=16, memory=memory << 30))
            for memory in (32, 8)
        )
        assert roomy.workers > tight.workers
        by_id = {str(journal.record({"profile": LARGE}, given)): given for given in (roomy, tight, roomy)}
        assert len(by_id) == 2
        for id, given in by_id.items():
            entry, outcome = journal.advice(id), journal.report(id, seconds=100.0)
            assert entry is not None and outcome is not None  # noqa: PT018
            assert entry.advice == given
            assert (outcome.workers, outcome.predicted) == (given.workers, given.seconds)

    def test_an_unknown_id_is_no_error(self, journal: Journal) -> None:
        """Nothing is found, renewed or stored."""
        for id in ("unheard-of", "", "zero\x00", "x" * 25):
            assert journal.advice(id) is None
        assert journal.renew("unheard-of") is False
        assert journal.report("unheard-of", seconds=1.0) is None
        assert journal.outcomes() == []

    def test_it_is_renewed_at_most_once_an_hour(
        self, journal: Journal, clock: Clock, events: list[str], address: str
    ) -> None:
        """By the process that remembers, and by another, which compares with the database."""
        id = recorded(journal)
        with closing(open_journal(address, clock=clock)) as other:
            for seconds, renewed in ((1800, 0), (3500, 0), (3700, 3700), (7000, 3700)):
                clock.now = NOW + seconds
                assert recorded(journal) == id
                assert journal.renew(id)
                assert recorded(other) == id
                entry = journal.advice(id)
                assert entry is not None
                assert (entry.first_asked, entry.last_asked) == (NOW, NOW + renewed), seconds
        clock.now += 2 * DAY
        assert journal.renew(id)
        assert events == ["recorded", "recorded", "renewed"]

    @pytest.mark.parametrize(
        "private", [{"description": DESCRIPTION}, question(note="x" * MAX_JOURNAL_BYTES)], ids=["description", "large"]
    )
    def test_descriptions_and_large_questions_are_left_out(
        self, private: dict[str, Any], journal: Journal, events: list[str]
    ) -> None:
        """For privacy, and so that a few requests cannot fill the disk."""
        assert journal.record(private, advice()) is None
        assert events == ["left out"]

    def test_descriptions_are_stored_on_request(self, address: str, tmp_path: Path) -> None:
        """They are no training records: an assumed profile says nothing about the quality of the model."""
        with closing(open_journal(address, descriptions=True)) as journal:
            id = journal.record({"description": DESCRIPTION}, api.advise(DESCRIPTION, machine=MACHINE))
            assert id is not None
            entry = journal.advice(id)
            assert entry is not None
            assert entry.question == {"description": DESCRIPTION}
            journal.report(id, seconds=3.0)
            assert journal.export(tmp_path / "recorded") == (0, 1)
        assert not (tmp_path / "recorded").exists()


class TestOutcomes:
    def test_omitted_fields_are_as_advised(self, journal: Journal, clock: Clock, events: list[str]) -> None:
        """The outcome has the seconds that were predicted by the advice."""
        id = recorded(journal)
        clock.now += 60
        outcome = journal.report(id, seconds=2.5, sequential_seconds=50.0, note="on the night's data")
        assert outcome is not None
        assert (outcome.strategy, outcome.workers, outcome.calls) == ("threading", advice().workers, 1000)
        assert (outcome.seconds, outcome.sequential_seconds) == (2.5, 50.0)
        assert (outcome.predicted, outcome.reported) == (advice().seconds, NOW + 60)
        assert journal.outcomes() == [outcome]
        assert events == ["recorded", "reported"]

    def test_a_job_done_differently_has_its_own_prediction(self, journal: Journal) -> None:
        """Another strategy, another number of workers, another size of job; none for asyncio without a coroutine."""
        given, id = advice(), recorded(journal)
        loop = journal.report(id, seconds=50.0, strategy="sequential")
        fewer = journal.report(id, seconds=25.0, workers=2)
        smaller = journal.report(id, seconds=1.0, calls=100)
        unknown = journal.report(id, seconds=1.0, strategy="asyncio", workers=8)
        assert loop is not None and fewer is not None and smaller is not None and unknown is not None  # noqa: PT018
        sequential = next(option for option in given.alternatives if option.strategy == "sequential")
        assert (loop.workers, loop.predicted) == (1, sequential.seconds)
        assert given.seconds is not None and fewer.predicted is not None and smaller.predicted is not None  # noqa: PT018
        assert fewer.predicted.low > given.seconds.high
        assert smaller.predicted.high < given.seconds.low
        assert unknown.predicted is None
        assert journal.outcomes(limit=2) == [unknown, smaller]

    def test_more_workers_than_were_considered_have_no_prediction(self) -> None:
        """Nor has one thread, which is no pool; workers beyond the number of calls make no difference."""
        given = advice()
        assert predicted(given, "threading", 1_000_000, 1000) is None
        assert predicted(given, "threading", 1, 1000) is None
        assert predicted(given, "threading", 1_000_000, 10) == predicted(given, "threading", 10, 10)

    def test_other_numbers_of_workers_are_interpolated(self) -> None:
        """Where calls wait, twice the workers take half as long."""
        fewer, between, more = (predicted(advice(), "threading", workers, 1000) for workers in (32, 34, 36))
        assert fewer is not None and between is not None and more is not None  # noqa: PT018
        for name in ("low", "expected", "high"):
            few, some, many = (getattr(seconds, name) for seconds in (fewer, between, more))
            assert many < some < few
            assert some == pytest.approx((few * 32 + many * 36) / (2 * 34))

    @pytest.mark.parametrize(
        ("strategy", "workers", "message"),
        [
            (None, None, "strategy is required"),
            ("threading", None, "workers is required: none were advised for threading"),
            ("sequential", 2, "sequential has one worker"),
        ],
    )
    def test_undecided_advice_needs_a_strategy_and_workers(
        self, strategy: Strategy | None, workers: int | None, message: str
    ) -> None:
        """There is no advice that could have been followed, and no prediction."""
        undecided = api.advise("it is slow", machine=MACHINE)
        with pytest.raises(UsageError, match=message):
            with_advised_defaults(undecided, strategy, workers)
        assert with_advised_defaults(undecided, "sequential", None) == ("sequential", 1)
        assert predicted(undecided, "threading", 4, 10) is None

    def test_their_number_is_limited(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch, events: list[str]
    ) -> None:
        """A refusal is no failure of the database."""
        monkeypatch.setattr(queries, "MAX_OUTCOMES", 2)
        id = recorded(journal)
        for _ in range(2):
            journal.report(id, seconds=1.0)
        with pytest.raises(UsageError, match="2 outcomes already"):
            journal.report(id, seconds=1.0)
        assert len(journal.outcomes()) == 2
        assert journal.lost is None
        assert "failed" not in events

    def test_they_are_exported_as_training_records(self, journal: Journal, tmp_path: Path) -> None:
        """One record for each advice and size of job, with the seconds of each strategy and number of workers."""
        given, id = advice(), recorded(journal)
        journal.report(id, seconds=2.5, sequential_seconds=50.0)
        journal.report(id, seconds=2.25)
        journal.report(id, seconds=13.0, strategy="multiprocessing", workers=4)
        journal.report(id, seconds=0.3, calls=100)
        assert journal.export(tmp_path / "recorded") == (2, 0)
        small, large = sorted(outcomes.load_all(tmp_path / "recorded"), key=lambda record: record.calls)
        assert large.workload == f"reported.{id}.1000"
        assert (large.family, large.source) == ("reported", "reported")
        assert (large.profile, large.machine) == (given.profile, MACHINE)
        assert [(run.strategy, run.workers, run.seconds) for run in large.runs] == [
            ("sequential", 1, (50.0,)),
            ("threading", given.workers, (2.5, 2.25)),
            ("multiprocessing", 4, (13.0,)),
        ]
        assert (small.calls, [run.seconds for run in small.runs]) == (100, [(0.3,)])


class TestRetention:
    def test_old_advice_is_removed_with_its_outcomes(self, journal: Journal, clock: Clock) -> None:
        """Asking and reporting renew it."""
        old, asked, reported = (recorded(journal, calls) for calls in (1, 2, 3))
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

    def test_it_happens_in_the_background(self, journal: Journal, clock: Clock) -> None:
        """New entries trigger it."""
        old = recorded(journal, 1)
        clock.now += 91 * DAY
        recorded(journal, 2)
        recorded(journal, 3)  # the writer has done what was submitted before
        assert journal.advice(old) is None

    def test_the_number_of_entries_is_limited(
        self, address: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The oldest are removed, a few in each transaction."""
        monkeypatch.setattr(queries, "DELETE_BATCH", 2)
        with closing(open_journal(address, clock=clock, max_entries=3)) as journal:
            ids = []
            for calls in range(1, 11):
                ids.append(recorded(journal, calls))
                clock.now += 1
            assert journal.prune() == 7
            assert [journal.advice(id) is not None for id in ids] == [False] * 7 + [True] * 3


class TestConcurrency:
    def test_threads_share_a_journal(self, journal: Journal) -> None:
        """All that they write is stored."""

        def ask(number: int) -> str:
            id = journal.record(question(number), given)
            assert id is not None
            assert journal.report(id, seconds=float(number)) is not None
            return id

        given = advice()
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(ask, range(1, 81)))) == 80
        assert {outcome.seconds for outcome in journal.outcomes()} == set(map(float, range(1, 81)))

    @pytest.mark.slow
    def test_processes_that_start_at_once_migrate_once(self, address: str, journal: Journal) -> None:
        """One creates the tables, and the others wait for it."""
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
        pipe = subprocess.PIPE
        children = [
            subprocess.Popen(
                [sys.executable, "-c", script, address, str(number)], stdin=pipe, stdout=pipe, text=True, cwd=ROOT
            )
            for number in (100, 200, 300)
        ]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        assert [child.communicate(timeout=60)[0] for child in children] == ["True None\n"] * 3
        assert len(journal.outcomes()) == 30

    @pytest.mark.slow
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_process_opens_its_own_connections(self, address: str) -> None:
        """As in a server that loads the application before it forks."""
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
                    stored = all(journal.record(question(10 * number + step), given) for step in range(10))
                    same = journal.advice(first).advice == given
                    journal.close()
                    os._exit(0 if stored and same else 1)
                children.append(child)
            print([os.waitpid(child, 0)[1] for child in children], journal.report(first, seconds=1.0) is not None)
        """)
        command = [sys.executable, "-W", "ignore", "-c", script, address]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.stdout == "[0, 0, 0] True\n", done.stderr
