"""What the tests of the journal share: questions with their advice, a clock, and both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from advisor import api
from advisor.journal import journal as journal_module
from advisor.journal import open_journal
from advisor.journal.journal import Journal
from advisor.models import Advice, Machine, Profile
from advisor.service import create_app
from advisor.service.settings import settings
from tests import postgres

PROFILE = {"calls": 20, "wall": 0.05, "gil_held": 0.001, "gil_free": 0.0, "wait": 0.049}
MACHINE = Machine(cores=4)
DAY = 86_400.0
NOW = 1_800_000_000.0

# On a busy host, an entry may take longer than an answer would wait for it.
journal_module.RECORD_TIMEOUT = 20.0


def question(calls: int = 1000, **fields: Any) -> dict[str, Any]:
    return {"profile": PROFILE, "calls": calls, **fields}


def advice(calls: int = 1000) -> Advice:
    return api.advise(Profile.model_validate(PROFILE), calls=calls, machine=MACHINE)


def recorded(journal: Journal, calls: int = 1000) -> str:
    """Record advice that the database accepts, and return its id."""
    id = journal.record(question(calls), advice(calls))
    assert id is not None
    return id


def app_with(address: str, **options: Any) -> Flask:
    return create_app(settings(journal=address, **options))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres.cluster(programs) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an unused database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/journal.db"
    return str(request.getfixturevalue("cluster").new_database())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def journal(address: str, clock: Clock, events: list[str]) -> Iterator[Journal]:
    with closing(open_journal(address, clock=clock, on_event=events.append)) as journal:
        yield journal
