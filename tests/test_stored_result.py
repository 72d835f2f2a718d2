"""Stored results come back as they were, and none that somebody else wrote is unpickled."""

from __future__ import annotations

import os
import pickle
import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import UsageError
from advisor.jobs import stored_result
from advisor.jobs.checkpoint import Checkpoint, Stored
from tests.checkpoints import data_folder, double, of, path, store

__all__ = ["data_folder", "path"]  # fixtures

RESULTS: list[Any] = [None, True, 5, -0.5, float("inf"), "naïve \0", "\ud800", [1, ["a", {"b": None}]], {"a": 1}]
RESULTS += [10**5_000, (1, 2), [(1,)], {1: 2}, {1, 2}, b"bytes", 1j, Path("a"), OrderedDict(a=1)]


def test_results_come_back_as_they_were(path: Path) -> None:
    """Their values and types are the same, whether they are stored as JSON or as pickles."""
    store(path, *RESULTS)
    with Checkpoint(path, double, name="double") as checkpoint:
        stored = [checkpoint.stored(key, of(key)) for key in range(len(RESULTS))]
    assert stored == [Stored(result) for result in RESULTS]
    assert [type(each.result) for each in stored if each] == [type(result) for result in RESULTS]


def test_a_result_that_cannot_be_pickled_is_reported(path: Path) -> None:
    """The message names its type and what to do."""
    with Checkpoint(path, double, name="double") as checkpoint, pytest.raises(UsageError, match=r"type lock .*Return"):
        checkpoint.add(0, of(0), threading.Lock())


def test_functions_of_the_run_are_stored_by_value(path: Path) -> None:
    """A lambda, which pickle refuses, comes back."""
    store(path, lambda: 5)
    with Checkpoint(path, double, name="double") as checkpoint:
        stored = checkpoint.stored(0, of(0))
    assert stored is not None
    assert stored.result() == 5


class Trap:
    """Write a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("code", [None, b"", b"0" * 16])
def test_a_pickle_of_somebody_else_is_not_loaded(tmp_path: Path, path: Path, code: bytes | None) -> None:
    """A changed row is refused, and its code does not run."""
    store(path, (0,))
    sprung = tmp_path / "sprung"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE results SET result = ?, code = ?", (pickle.dumps(Trap(sprung)), code))
    database.close()
    with Checkpoint(path, double, name="double") as checkpoint, pytest.raises(UsageError, match="another user"):
        checkpoint.stored(0, of(0))
    assert not sprung.exists()


def test_a_row_is_valid_for_its_own_input_only(path: Path) -> None:
    """A pickle that was moved to another input is refused."""
    store(path, (0,), (1,))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE results SET (result, code) = (SELECT result, code FROM results WHERE input = 0)")
    database.close()
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored((0,))
        with pytest.raises(UsageError, match="result of input 1"):
            checkpoint.stored(1, of(1))


def test_plain_results_need_no_key(path: Path, data_folder: Path) -> None:
    """Such a checkpoint can be moved to another machine; one with pickles cannot."""
    store(path, {"a": [1]})
    assert not data_folder.exists()
    store(path, {"a": [1]}, (1,))
    key = data_folder / "advisor" / "checkpoint.key"
    assert [file.name for file in key.parent.iterdir()] == [key.name]
    assert os.name != "posix" or key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    stored_result.user_key.cache_clear()
    with Checkpoint(path, double, name="double") as checkpoint:
        assert checkpoint.stored(0, of(0)) == Stored({"a": [1]})
        with pytest.raises(UsageError, match="on another machine"):
            checkpoint.stored(1, of(1))


def test_a_key_that_cannot_be_kept_is_reported(path: Path, data_folder: Path) -> None:
    """The message names the file, and plain results as a way out."""
    data_folder.write_text("in the way")
    with Checkpoint(path, double, name="double") as checkpoint:
        checkpoint.add(0, of(0), 0)
        with pytest.raises(UsageError, match=r"checkpoint\.key, which is not accessible.*plain data"):
            checkpoint.add(1, of(1), (1,))


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_key_that_others_can_read_is_refused(path: Path, data_folder: Path) -> None:
    """Whoever knows the key can write pickles that are trusted."""
    store(path, (0,))
    (data_folder / "advisor" / "checkpoint.key").chmod(0o644)
    stored_result.user_key.cache_clear()
    with pytest.raises(UsageError, match="other users can read the secret key"):
        store(path, (0,))
