"""Stored results for tests: a path, a key of the test's own, and short ways to write and open a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.jobs import stored_result
from advisor.jobs.checkpoint import Checkpoint


def double(number: Any) -> Any:
    """Stand for the function of a run."""
    return number


def of(*values: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return values, keywords


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the user's key in a folder of the test."""
    folder = tmp_path / "data"
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: folder / name)
    stored_result.user_key.cache_clear()
    yield folder
    stored_result.user_key.cache_clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def store(path: Path, *results: Any, function: Callable[..., Any] = double) -> None:
    """Store the results of the calls with 0, 1, 2 and so on."""
    with Checkpoint(path, function, name="double") as checkpoint:
        for key, result in enumerate(results):
            checkpoint.add(key, of(key), result)


def opened(path: Path, function: Callable[..., Any] = double) -> int:
    with Checkpoint(path, function, name="double") as checkpoint:
        return checkpoint.count
