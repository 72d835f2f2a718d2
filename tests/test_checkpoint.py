"""After any end of a run, its checkpoint has whole results, and only of the same code and the same inputs."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import UsageError
from advisor.jobs.checkpoint import FORMAT, Checkpoint, Stored, remove
from tests.checkpoints import data_folder, double, of, opened, path, store

__all__ = ["data_folder", "path"]  # fixtures

ROOT = Path(__file__).parent.parent
WRITER = """
import sys
from pathlib import Path
from advisor.jobs.checkpoint import Checkpoint

def work(number):
    return ("pickled", number, "x" * 3_000) if number % 2 else {"number": number}

with Checkpoint(sys.argv[1], work, name="work") as checkpoint:
    print("open", flush=True)
    for number in range(1_000_000):
        stored = checkpoint.stored(number, ((number,), {}))
        if stored is not None:
            assert stored.result == work(number), number
            assert number < checkpoint.count
        else:
            checkpoint.add(number, ((number,), {}), work(number))
            if number % 7 == 0:
                checkpoint.flush()
                print(number + 1, flush=True)
"""


def test_a_run_continues(path: Path) -> None:
    """Stored results are found by index, others are None, and a smaller run ignores the rest."""
    store(path, 0, 1, 2)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.count == 3
        assert checkpoint.stored(1, of(1)) == Stored(1)
        assert checkpoint.stored(3, of(3)) is None
        checkpoint.add(3, of(3), 3)
    assert opened(path) == 4


def test_failed_calls_run_again(path: Path) -> None:
    """A failed call has no stored result, and its input may be another one the next time."""
    with Checkpoint(path, double, name="double") as checkpoint:
        checkpoint.add(0, of("wrong"), ValueError(), failed=True)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of("right")) is None


def test_results_are_committed_when_a_tenth_of_a_second_has_passed(path: Path) -> None:
    """A result that is added later than that is committed with those before it; flush commits at once."""
    now = 0.0
    checkpoint = Checkpoint(path, double, name="double", clock=lambda: now)
    wal = Path(f"{path}-wal")
    size = wal.stat().st_size
    checkpoint.add(0, of(0), 0)
    assert wal.stat().st_size == size
    now = 0.2
    checkpoint.add(1, of(1), 1)
    assert wal.stat().st_size > size
    size = wal.stat().st_size
    checkpoint.add(2, of(2), 2)
    assert wal.stat().st_size == size
    checkpoint.flush()
    assert wal.stat().st_size > size
    checkpoint.close()
    checkpoint.close()
    assert opened(path) == 3


def test_arguments_count_as_they_were_before_the_call(path: Path) -> None:
    """A call that changes its arguments is found again with the original ones."""
    values = [1]
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(values)) is None
        values.append(2)
        checkpoint.add(0, of(values), 3)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of([1])) == Stored(3)


def test_another_input_is_refused(path: Path) -> None:
    """The message names the index, the file and what to do."""
    store(path, 0, 1)
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored(0)
        with pytest.raises(UsageError, match=r"input 1 is not the one of .*run\.db.*Delete the file"):
            checkpoint.stored(1, of(5))


def test_a_second_run_is_refused(path: Path) -> None:
    """The file is locked while a run uses it, and free afterwards."""
    with Checkpoint(path, double, name="double"):
        child = subprocess.run(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "another run is using it" in child.stderr.splitlines()[-1]
    assert opened(path) == 0


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (value)")
    database.close()


def _newer(path: Path) -> None:
    store(path, 1)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()


def _without_tables(path: Path) -> None:
    store(path, 1)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE results")
    database.close()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path.write_text("no database" * 1_000), "it is not a checkpoint"),
        (_foreign, "a database of another program"),
        (_newer, "a newer version of advisor"),
        (_without_tables, "no such table"),
        (lambda path: path.mkdir(), "it cannot be opened"),
    ],
)
def test_another_file_is_refused_and_left_alone(path: Path, prepare: Callable[[Path], None], reason: str) -> None:
    """Each has a message of its own, and the file stays as it was."""
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UsageError, match=reason):
        opened(path)
    assert before is None or path.read_bytes() == before


def test_a_database_of_another_program_is_not_deleted(path: Path) -> None:
    """Refuse to delete it, although it has no mark of any program; an empty file is deleted."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (text)")
    with pytest.raises(UsageError, match=r"cannot delete .*run\.db: it is not a checkpoint"):
        remove(path)
    assert path.exists()
    path.write_bytes(b"")
    remove(path)
    assert not path.exists()


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """The message asks for a folder that exists."""
    with pytest.raises(UsageError, match="a folder that exists and is writable"):
        opened(tmp_path / "none" / "run.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_or_file_is_reported(tmp_path: Path, path: Path) -> None:
    """The message asks for a writable file, or for a folder that is writable."""
    store(path, 0)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="it is not writable"):
            opened(path)
        with pytest.raises(UsageError, match="a folder that exists and is writable"):
            opened(tmp_path / "new.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_reported_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results committed before stay, and closing the file is quiet."""
    connect = sqlite3.connect

    def connect_to_small_disk(*args: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*args, **options)
        database.execute("PRAGMA max_page_count = 10")
        return database

    monkeypatch.setattr(sqlite3, "connect", connect_to_small_disk)
    checkpoint = Checkpoint(path, double, name="double")
    checkpoint.add(0, of(0), 0)
    checkpoint.flush()
    checkpoint.add(1, of(1), "x" * 100_000)
    with pytest.raises(UsageError, match="the disk is full"):
        checkpoint.flush()
    checkpoint.close()
    assert opened(path) == 1


def test_a_deleted_file_starts_anew_after_a_kill(path: Path) -> None:
    """The log that a killed run leaves beside the file is not taken for that of the new one."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "8":
            pass
        child.kill()
    path.unlink()
    assert opened(path) == 0


@pytest.mark.slow
def test_a_run_killed_at_any_moment_continues(path: Path) -> None:
    """Of 20 kills, each leaves whole results, without a gap, and all that was committed."""
    moments, reached = random.Random(16), 0
    for _ in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == "open\n", child.stderr.read()
            time.sleep(moments.uniform(0, 0.06))
            child.kill()
            reached = max([reached, *map(int, child.stdout.read().split())])
            assert not child.stderr.read()
        copy = path.with_name("copy.db")
        for suffix in ("", "-wal"):
            if (source := Path(f"{path}{suffix}")).exists():
                Path(f"{copy}{suffix}").write_bytes(source.read_bytes())
        database = sqlite3.connect(copy)
        count, last = database.execute("SELECT count(*), max(input) + 1 FROM results").fetchone()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        assert count == (last or 0) >= reached
    assert reached > 0
