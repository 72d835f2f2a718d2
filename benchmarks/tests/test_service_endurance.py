from __future__ import annotations

from collections import Counter
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from advisor.errors import JournalError
from advisor.journal import open_journal
from benchmarks.databases import SQLiteFile, notes
from benchmarks.endurance_client import Became, Ledger, What, judged, together, why_closed
from benchmarks.service_endurance import Lost, Plan, complaints, disturbances, table
from tests.journals import advice, question

PROBLEM = b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "later"}'
PROBLEM_TYPE = "application/problem+json"


def ledger(**more: int) -> Ledger:
    """Of a run in which something was kept, with further requests by what became of them."""
    counts = Counter[tuple[What, Became]]({("advice", "answered"): 10, ("outcome", "refused"): 2})
    for became, count in more.items():
        counts["link", became] += count  # type: ignore[index]  # the names of the arguments
    return Ledger(counts=counts, ids={"id": "threading"}, acknowledged={"note": "id"})


class TestVerdict:
    def test_all_is_well(self) -> None:
        """What was cut off with its worker, or refused while the database was gone, is as it must be."""
        assert complaints(ledger(cut=3, closed=1), Lost(), workers=2, wanted=2) == []

    @pytest.mark.parametrize("became", ["broken", "hung", "unclean"])
    def test_a_request_without_a_clean_end(self, became: str) -> None:
        """One is enough."""
        [complaint] = complaints(ledger(**{became: 1}), Lost(), workers=2, wanted=2)
        assert complaint.startswith(f"1 requests {became}: ")

    def test_what_was_lost_is_named(self) -> None:
        """A few of many."""
        found = complaints(ledger(), Lost(outcomes=list("abcdefg"), advice=["x"]), workers=2, wanted=2)
        assert found == [
            "7 acknowledged outcomes are not in the database: a, b, c, d, e, …",
            "1 links that were handed out lead nowhere: x",
        ]

    def test_workers_that_did_not_come_back(self) -> None:
        """A server that shrinks with every kill ends as none."""
        assert complaints(ledger(), Lost(), workers=1, wanted=2) == ["1 workers in the end instead of 2"]

    def test_a_run_that_kept_nothing_shows_nothing(self) -> None:
        """With no journal, nothing can be lost."""
        empty = Ledger(counts=ledger().counts)
        assert complaints(empty, Lost(), workers=2, wanted=2) == ["nothing was kept at all: there was nothing to lose"]


class TestJudged:
    @pytest.mark.parametrize(
        ("what", "status", "content_type", "sent", "became"),
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
    def test_answers(self, what: What, status: int, content_type: str, sent: bytes, became: Became) -> None:
        """Only what needs the journal may be refused, and only with a problem document that says to try again."""
        assert judged(what, status, content_type, sent)[0] == became

    def test_a_worker_was_killed_meanwhile(self) -> None:
        """Its connections break at any moment from then on."""
        assert why_closed(ConnectionResetError(), kept=False, began=10.0, ended=11.0, killed=[3.0, 10.5]) == "cut"

    def test_nobody_was_killed(self) -> None:
        """Then a new connection must not break; a kept one may have been closed before it was used again."""
        assert why_closed(RemoteDisconnected(), kept=False, began=10.0, ended=11.0, killed=[3.0]) == "broken"
        assert why_closed(RemoteDisconnected(), kept=True, began=10.0, ended=11.0, killed=[3.0]) == "closed"
        assert why_closed(ConnectionRefusedError(), kept=True, began=10.0, ended=11.0, killed=[]) == "broken"


def test_ledgers_together() -> None:
    """Each client has its own, so that none waits for another."""
    other = Ledger(counts=Counter({("advice", "answered"): 1}), ids={"other": "sequential"}, slowest=2.0)
    whole = together([ledger(), other])
    assert whole.counts["advice", "answered"] == 11
    assert set(whole.ids) == {"id", "other"}
    assert whole.slowest == 2.0


def test_the_database_is_back_before_the_end() -> None:
    """And what is done comes in order."""
    plan = Plan(seconds=40, kill=15, reload=25, outage=14, outage_lasts=10, requests=1, workers=2, threads=2)
    assert disturbances(plan) == [
        (14, "stop"),
        (15, "kill"),
        (24, "start"),
        (25, "reload"),
        (28, "stop"),
        (30, "kill"),
        (38, "start"),
    ]


def test_table() -> None:
    """Only what there was gets a column, and its meaning."""
    assert table(ledger(cut=1).counts).splitlines()[:5] == [
        "| request | answered | refused | cut |",
        "| --- | ---: | ---: | ---: |",
        "| advice | 10 | 0 | 0 |",
        "| link | 0 | 0 | 1 |",
        "| outcome | 0 | 2 | 0 |",
    ]


def test_a_file_that_is_moved_away_and_back(tmp_path: Path) -> None:
    """The journal is lost meanwhile, and has all that it had afterwards."""
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
