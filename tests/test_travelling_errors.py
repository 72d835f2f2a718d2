"""Exceptions arrive in the parent as what they were in the worker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from subprocess import CalledProcessError
from typing import Any

import pytest

from advisor.jobs.pools import travelling_errors
from advisor.jobs.pools.pickles import dumps
from advisor.jobs.pools.pool import Setup
from advisor.jobs.pools.processes import ProcessPool
from tests import pools


class HttpError(Exception):
    """Its `__init__` takes other arguments than the base class gets."""

    def __init__(self, status: int, *, url: str) -> None:
        super().__init__(f"{url} answered {status}")
        self.status = status
        self.url = url


class PrefixedError(Exception):
    """Calling the class with `args` gives another message."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no {name}")


class DiskError(OSError):
    def __init__(self, path: str) -> None:
        super().__init__(28, "No space left on device", path)


class HolderError(Exception):
    pass


def raise_it(error: BaseException) -> None:
    raise error


def raise_in_two_steps(_: Any) -> None:
    try:
        json.loads("{")
    except ValueError as error:
        raise HolderError("not JSON") from error


def raise_local(_: Any) -> None:
    class LocalError(Exception):
        pass

    raise LocalError("only here")


def raise_holding_a_lock(_: Any) -> None:
    error = HolderError("a lock", threading.Lock())
    error.lock = threading.Lock()  # type: ignore[attr-defined]
    error.code = 7  # type: ignore[attr-defined]
    raise error


def travel(error: BaseException) -> BaseException:
    return travelling_errors.unpack(travelling_errors.pack(error, dumps))


@pytest.fixture(params=["fork", "spawn"])
def method(request: pytest.FixtureRequest) -> Any:
    """Return the start method under test."""
    return request.param


@pytest.fixture
def fails(method: Any) -> Iterator[Any]:
    """Return a function that calls another one in a worker and returns the exception."""
    pool = ProcessPool(Setup(_call), 1, start_method=method)
    yield lambda function, argument=None: pools.failure(pool, (function, argument))
    pool.close(kill=True)


def _call(step: tuple[Any, Any]) -> Any:
    return step[0](step[1])


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a", 1),
        KeyError("key"),
        FileNotFoundError(2, "No such file or directory", "x.txt"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        CalledProcessError(3, ["ls"], "out"),
        asyncio.CancelledError(),
        StopIteration(4),
        ExceptionGroup("two", [ValueError("a"), KeyError("b")]),
        json.JSONDecodeError("bad", "{", 1),
        HttpError(503, url="http://host"),
        PrefixedError("file"),
        DiskError("/tmp/x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_keeps_its_class_text_and_attributes(error: Exception) -> None:
    """An exception that travels has the same class, text, arguments and attributes, however its class is written."""
    error.add_note("while testing")
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert repr(arrived.args) == repr(error.args)
    assert repr(vars(arrived)) == repr(vars(error))
    for name in ("errno", "filename", "value", "start", "pos", "status"):
        assert getattr(arrived, name, None) == getattr(error, name, None)


def test_the_cause_is_the_traceback_of_the_worker(fails: Any) -> None:
    """The traceback shows the user's frames, those of the cause too, and none of our own."""
    error = fails(raise_in_two_steps)
    assert isinstance(error, HolderError)
    trace = str(error.__cause__)
    assert 'raise HolderError("not JSON") from error' in trace
    assert "JSONDecodeError" in trace
    assert "timed_calls" not in trace
    assert "process_worker" not in trace


def test_a_class_without_a_module_travels_by_value(fails: Any) -> None:
    """An exception of a class that was defined in a function arrives with its name and text."""
    error = fails(raise_local)
    assert type(error).__name__ == "LocalError"
    assert str(error) == "only here"


def test_what_cannot_travel_is_left_out_with_a_note(fails: Any) -> None:
    """Class, message and the other attributes are kept, and notes tell what is missing."""
    error = fails(raise_holding_a_lock)
    assert type(error) is HolderError
    assert error.args[0] == "a lock"
    assert error.args[1].startswith("<unlocked _thread.lock")
    assert error.code == 7
    assert not hasattr(error, "lock")
    assert error.__notes__ == [
        "The argument 1 of type _thread.lock could not be sent; its text is in its place.",
        "The attribute 'lock' of type _thread.lock could not be sent.",
    ]


def test_a_class_that_cannot_be_sent_leaves_its_name_and_text() -> None:
    """An exception whose class nothing can pickle becomes a RuntimeError that names it."""
    lock = threading.Lock()

    class LockedError(Exception):
        held = lock

    error = travel(LockedError("text"))
    assert type(error) is RuntimeError
    assert str(error).endswith("LockedError: text")
    assert "could not be sent" in error.__notes__[0]


def test_an_exception_whose_text_fails_travels() -> None:
    """An exception whose `__str__` raises arrives as its class."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert type(travel(MuteError("x"))).__name__ == "MuteError"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit(3)])
def test_exceptions_that_end_programs_are_failures_too(fails: Any, error: BaseException) -> None:
    """Every exception of a call is reported; the worker goes on."""
    assert type(fails(raise_it, error)) is type(error)
    assert type(fails(raise_it, error)) is type(error)
