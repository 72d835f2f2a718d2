"""The benchmark of the service under disturbances."""

from __future__ import annotations

from collections import Counter
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from advisor.errors import JournalError
from advisor.journal import open_journal
from benchmarks.databases import SQLiteFile, notes
from benchmarks.endurance_client import Fate, Ledger, RequestKind, fate_of_closed, fate_of_response, merge
from benchmarks.service_endurance import Lost, Plan, schedule, table, violations
from tests.journals import advice, question

pytestmark = pytest.mark.benchmark

PROBLEM = b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "later"}'
PROBLEM_TYPE = "application/problem+json"


def ledger(**more: int) -> Ledger:
    """Return the ledger of a run, with further requests by their fate."""
    counts = Counter[tuple[RequestKind, Fate]]({("advice", "answered"): 10, ("outcome", "refused"): 2})
    for fate, count in more.items():
        counts["link", fate] += count  # type: ignore[index]  # the names of the arguments
    return Ledger(counts=counts, ids={"id": "threading"}, acknowledged={"note": "id"})


class TestVerdict:
    def test_no_violation(self) -> None:
        """A request may be cut off with its worker, or refused while the database is away."""
        assert violations(ledger(cut=3, closed=1), Lost(), workers=2, expected=2) == []

    @pytest.mark.parametrize("became", ["broken", "hung", "unclean"])
    def test_a_request_without_a_clean_end(self, became: str) -> None:
        """One such request is a violation."""
        [violation] = violations(ledger(**{became: 1}), Lost(), workers=2, expected=2)
        assert violation.startswith(f"1 requests {became}: ")

    def test_losses_are_named(self) -> None:
        """The message has the first few."""
        found = violations(ledger(), Lost(outcomes=list("abcdefg"), advice=["x"]), workers=2, expected=2)
        assert found == [
            "7 acknowledged outcomes are not in the database: a, b, c, d, e, …",
            "1 links lead nowhere: x",
        ]

    def test_workers_that_did_not_come_back(self) -> None:
        """A server that shrinks with every kill ends as none."""
        assert violations(ledger(), Lost(), workers=1, expected=2) == ["1 workers at the end instead of 2"]

    def test_a_run_that_kept_nothing_shows_nothing(self) -> None:
        """With no journal, nothing can be lost."""
        empty = Ledger(counts=ledger().counts)
        assert violations(empty, Lost(), workers=2, expected=2) == [
            "the service kept nothing at all, so it could lose nothing"
        ]


class TestJudged:
    @pytest.mark.parametrize(
        ("kind", "status", "content_type", "content", "fate"),
        [
            ("advice", 200, "application/json", b'{"id": "x"}', "answered"),
            ("outcome", 201, "application/json", b"{}", "answered"),
            ("outcome", 503, PROBLEM_TYPE, PROBLEM, "refused"),
            ("link", 503, PROBLEM_TYPE, PROBLEM, "refused"),
            ("advice", 503, PROBLEM_TYPE, PROBLEM, "unclean"),  # a lost database never costs the advice
            ("link", 503, "application/json", PROBLEM, "unclean"),
            ("link", 404, PROBLEM_TYPE, PROBLEM, "unclean"),
            ("outcome", 500, PROBLEM_TYPE, PROBLEM, "unclean"),
            ("link", 502, "text/html", b"<h1>Bad Gateway</h1>", "unclean"),
            ("advice", 200, "application/json", b'{"id": ', "unclean"),
        ],
    )
    def test_responses(self, kind: RequestKind, status: int, content_type: str, content: bytes, fate: Fate) -> None:
        """Only what needs the journal may be refused, and only with a problem document that says to try again."""
        assert fate_of_response(kind, status, content_type, content)[0] == fate

    def test_a_worker_was_killed_meanwhile(self) -> None:
        """Its connections may break at any moment from then on."""
        assert fate_of_closed(ConnectionResetError(), reused=False, began=10.0, ended=11.0, killed=[3.0, 10.5]) == "cut"

    def test_nobody_was_killed(self) -> None:
        """A new connection must not break; an idle one may have been closed."""
        assert fate_of_closed(RemoteDisconnected(), reused=False, began=10.0, ended=11.0, killed=[3.0]) == "broken"
        assert fate_of_closed(RemoteDisconnected(), reused=True, began=10.0, ended=11.0, killed=[3.0]) == "closed"
        assert fate_of_closed(ConnectionRefusedError(), reused=True, began=10.0, ended=11.0, killed=[]) == "broken"


def test_ledgers_are_merged() -> None:
    """Each client has its own ledger."""
    other = Ledger(counts=Counter({("advice", "answered"): 1}), ids={"other": "sequential"}, slowest=2.0)
    whole = merge([ledger(), other])
    assert whole.counts["advice", "answered"] == 11
    assert set(whole.ids) == {"id", "other"}
    assert whole.slowest == 2.0


def test_the_database_is_back_before_the_end() -> None:
    """The events are in order."""
    plan = Plan(seconds=40, kill=15, reload=25, outage=14, outage_lasts=10, requests=1, workers=2, threads=2)
    assert schedule(plan) == [
        (14, "stop"),
        (15, "kill"),
        (24, "start"),
        (25, "reload"),
        (28, "stop"),
        (30, "kill"),
        (38, "start"),
    ]


def test_table() -> None:
    """Only fates that occurred get a column and an explanation."""
    assert table(ledger(cut=1).counts).splitlines()[:5] == [
        "| request | answered | refused | cut |",
        "| --- | ---: | ---: | ---: |",
        "| advice | 10 | 0 | 0 |",
        "| link | 0 | 0 | 1 |",
        "| outcome | 0 | 2 | 0 |",
    ]


def test_a_file_that_is_moved_away_and_back(tmp_path: Path) -> None:
    """The journal is lost meanwhile, and complete afterwards."""
    store = SQLiteFile(tmp_path)
    journal = open_journal(store.address)
    id = journal.record(question(), advice())
    assert id is not None
    assert journal.report(id, seconds=1.0, note="kept") is not None
    store.stop()
    with pytest.raises(JournalError):
        journal.report(id, seconds=1.0, note="refused")
    journal.close()
    store.start()
    assert notes(store.address) == {"kept": 1}
