"""`advise journal`: maintenance by an operator."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path

import pytest

from advisor.cli.main import main
from advisor.journal import open_journal
from profiles import outcomes
from tests.journals import DAY, NOW, address, cluster, recorded

__all__ = ["address", "cluster"]  # fixtures


def filled(address: str) -> str:
    """Store old advice with one outcome, and return its id."""
    with closing(open_journal(address, clock=lambda: NOW - 365 * 20 * DAY)) as journal:
        id = recorded(journal)
        assert journal.report(id, seconds=2.5) is not None
    return id


def test_upgrade_makes_the_tables_and_says_so(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment may name the journal; no password is shown."""
    monkeypatch.setenv("ADVISOR_JOURNAL", address)
    assert main(["journal", "upgrade"]) == 0
    assert "created, now up to date" in capsys.readouterr().err
    assert main(["journal", "upgrade"]) == 0
    output = capsys.readouterr().err
    assert "was at revision 2, now up to date" in output
    assert "hush" not in output


def test_export_writes_what_the_training_reads(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option takes precedence over the environment."""
    id = filled(address)
    assert main(["journal", "export", str(tmp_path / "records"), "--journal", address]) == 0
    assert capsys.readouterr().err == "1 records written; 0 outcomes without a measured profile skipped\n"
    assert [record.workload for record in outcomes.load_all(tmp_path / "records")] == [f"reported.{id}.1000"]


def test_prune_removes_what_is_old(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By default, what the server removes too."""
    filled(address)
    assert main(["journal", "prune", "--older-than", "1000000", "--journal", address]) == 0
    assert main(["journal", "prune", "--journal", address]) == 0
    assert capsys.readouterr().err == "0 removed\n1 removed\n"


@pytest.mark.parametrize("command", [["prune"], ["export", "records"]])
def test_a_missing_journal_is_not_created(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error in the address leaves no file behind."""
    monkeypatch.delenv("ADVISOR_JOURNAL")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["journal", *command]) == 2
    assert capsys.readouterr().err == f"Error: there is no journal at {tmp_path}/advisor/journal.db\n"
    assert list(tmp_path.iterdir()) == []


def test_a_disabled_journal_cannot_be_maintained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment of the server may disable it."""
    monkeypatch.setenv("ADVISOR_JOURNAL", "off")
    assert main(["journal", "prune"]) == 2
    assert "the journal is off" in capsys.readouterr().err


def test_records_that_cannot_be_written_are_an_error(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is a file in place of the folder."""
    filled(address)
    (tmp_path / "records").write_text("")
    assert main(["journal", "export", str(tmp_path / "records" / "new"), "--journal", address]) == 2
    assert "cannot write into" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "address", "extra"),
    [("psycopg", "postgresql://db/advisor", "postgresql"), ("sqlalchemy", "own", "journal")],
)
def test_a_missing_package_names_its_extra(
    package: str, address: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["journal", "upgrade", "--journal", address]) == 2
    assert re.search(rf"pip install 'workload-advisor\[{extra}\]'", capsys.readouterr().err)
