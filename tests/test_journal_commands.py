"""`advise journal`: what an operator does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from advisor.cli.commands import main
from advisor.journal import open_journal
from profiles import outcomes
from tests.journals import DAY, NOW, address, advice, cluster, question

__all__ = ["address", "cluster"]  # fixtures


def filled(address: str) -> str:
    """The id of advice of long ago, in a journal with one outcome."""
    with closing(open_journal(address, clock=lambda: NOW - 365 * 20 * DAY)) as journal:
        id = journal.record(question(), advice())
        assert id is not None
        assert journal.report(id, seconds=2.5) is not None
    return id


def test_upgrade_makes_the_tables_and_says_so(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named by the environment as well; no password is shown."""
    monkeypatch.setenv("ADVISOR_JOURNAL", address)
    assert main(["journal", "upgrade"]) == 0
    assert "new, is up to date" in capsys.readouterr().err
    assert main(["journal", "upgrade"]) == 0
    said = capsys.readouterr().err
    assert "was at revision 2, is up to date" in said
    assert "hush" not in said


def test_export_writes_what_the_training_reads(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option comes before the environment."""
    id = filled(address)
    assert main(["journal", "export", str(tmp_path / "records"), "--journal", address]) == 0
    assert capsys.readouterr().err == "1 records; left out, since nothing was measured: 0 reports\n"
    assert [one.workload for one in outcomes.load_all(tmp_path / "records")] == [f"reported.{id}.1000"]


def test_prune_removes_what_is_old(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a word, what the server removes too."""
    filled(address)
    assert main(["journal", "prune", "--older-than", "1000000", "--journal", address]) == 0
    assert main(["journal", "prune", "--journal", address]) == 0
    assert capsys.readouterr().err == "0 removed\n1 removed\n"


@pytest.mark.parametrize("command", [["prune"], ["export", "records"]])
def test_a_journal_that_is_not_there_is_not_made(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's own is looked for, and a slip in the address leaves nothing behind."""
    monkeypatch.delenv("ADVISOR_JOURNAL")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["journal", *command]) == 2
    assert capsys.readouterr().err == f"Error: there is no journal at {tmp_path}/advisor/journal.db\n"
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_off_has_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it may be for the server, in the same environment."""
    monkeypatch.setenv("ADVISOR_JOURNAL", "off")
    assert main(["journal", "prune"]) == 2
    assert "the journal is off" in capsys.readouterr().err


def test_what_cannot_be_written_is_told(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is a file in the way of the folder."""
    filled(address)
    (tmp_path / "records").write_text("")
    assert main(["journal", "export", str(tmp_path / "records" / "new"), "--journal", address]) == 2
    assert "cannot write into" in capsys.readouterr().err


def test_a_missing_package_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to install, for the journal and for PostgreSQL."""
    with monkeypatch.context() as without:
        without.setitem(__import__("sys").modules, "psycopg", None)
        assert main(["journal", "upgrade", "--journal", "postgresql://db/advisor"]) == 2
    assert "pip install 'workload-advisor[postgresql]'" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    assert main(["journal", "upgrade", "--journal", "own"]) == 2
    assert "pip install 'workload-advisor[journal]'" in capsys.readouterr().err
