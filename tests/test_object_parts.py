"""Looking for what calls share runs none of the user's code, and disturbs none of the user's objects."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from advisor.measure.shared_state.attribute_chains import Element, Step
from advisor.measure.shared_state.object_parts import steps_into
from advisor.measure.shared_state.touched_objects import TouchedObjects

ran: list[str] = []


class Connections(threading.local):
    @property
    def current(self) -> sqlite3.Connection:
        ran.append("property")
        if not hasattr(self, "connection"):
            self.connection = sqlite3.connect(":memory:")
        return self.connection


class Buffers(threading.local):
    def __init__(self) -> None:
        self.rows: list[int] = []


class LazyTable(dict[str, int]):
    def values(self) -> Any:
        ran.append("values")
        return super().values()


class LazyRows(list[int]):
    def __iter__(self) -> Iterator[int]:
        ran.append("iter")
        return super().__iter__()


class LazyModel:
    @property
    def __class__(self) -> type:
        ran.append("class")
        return dict

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise AttributeError


class Box:
    limit = 3

    def __init__(self) -> None:
        self.lid = "open"


CONNECTIONS = Connections()
BUFFERS = Buffers()
LAZY_TABLE = LazyTable(a=1)
LAZY_ROWS = LazyRows([1])
LAZY_MODEL = LazyModel()


def query_through_property(number: int) -> Any:
    return CONNECTIONS.current.execute("SELECT ?", (number,)).fetchone()


def collect_in_thread(number: int) -> None:
    BUFFERS.rows.append(number)


def read_lazy_table(number: int) -> int:
    return LAZY_TABLE["a"] + number


def read_lazy_rows(number: int) -> int:
    return LAZY_ROWS[0] + number


def ask_lazy_model(number: int) -> Any:
    return LAZY_MODEL.predict(number)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "function",
    [query_through_property, collect_in_thread, read_lazy_table, read_lazy_rows, ask_lazy_model],
    ids=lambda function: function.__name__,
)
def test_looking_runs_no_code_of_the_users(function: Callable[[int], Any]) -> None:
    """Properties, methods of containers and classes computed when asked for are left alone, and no touches."""
    ran.clear()
    assert TouchedObjects(function).touches() == ()
    assert ran == []


def test_a_connection_that_calls_read_gets_no_statement() -> None:
    """Statements of one's own would reach the user's trace callback and authorizer."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)

    def ask(number: int) -> Any:
        return connection.execute("SELECT ?", (number,)).fetchone()

    (touch,) = TouchedObjects(ask).touches()
    connection.close()
    assert (touch.name, statements) == ("connection", [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the exit status of a program that ended")
def test_an_ended_child_program_can_still_be_waited_for() -> None:
    """Its exit status is the user's to collect."""
    program = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.read()  # until it ends

    def ask(number: int) -> Any:
        return program.stdout

    TouchedObjects(ask).touches()
    assert os.waitpid(program.pid, 0)[1] == 0
    program.returncode = 0
    program.stdout.close()


def test_only_steps_that_code_takes_lead_into_a_dictionary() -> None:
    """The keys that code takes, an unknown key, and methods that take elements; loops take keys."""
    table = {"main": Box(), 3: Box(), "other": Box()}
    taken: set[Step] = {Element("main"), Element("absent"), Element(3), Element(), "values", "main", "limit"}
    assert steps_into(table, {*taken, Element(is_iterated=True)}) == {Element("main"), Element(3), Element(), "values"}


def test_attributes_of_an_object_and_its_class_lead_into_it() -> None:
    """Whether the object or its class has them."""
    steps: set[Step] = {"lid", "limit", "absent", Element("lid")}
    assert steps_into(Box(), steps) == {"lid", "limit"}
