"""Inputs that raise while others work: what a profile says about them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

import advisor
from advisor.models import FailedInputs


class BadRecord(Exception):  # noqa: N818  (as users name theirs)
    """Passes on fewer arguments than it takes, so it cannot be unpickled."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"{reason} at {position}")


class GoodRecord(BadRecord):
    """Says how to make it anew."""

    def __reduce__(self) -> tuple[type[GoodRecord], tuple[int, str]]:
        return GoodRecord, (1, "bad")


def decode(number: int) -> int:
    if number in (37, 60):
        raise BadRecord(number, "unexpected #")
    return number


def decode_well(number: int) -> int:
    if number in (37, 60):
        raise GoodRecord(number, "unexpected #")
    return number


async def decode_soon(number: int) -> int:
    await asyncio.sleep(0)
    return decode(number)


class Adder:
    def __init__(self) -> None:
        self.total = 0
        self.scratch = bytearray(8)

    def add(self, number: int) -> None:
        if number < 0:
            raise ValueError
        self.total += number

    def overwrite(self, number: int) -> int:
        self.scratch[:] = number.to_bytes(8, "big")
        return self.scratch[7]


def change_folder(number: int) -> int:
    if number < 0:
        raise ValueError
    folder = os.getcwd()  # noqa: PTH109  (as users do)
    os.chdir(os.sep)
    os.chdir(folder)
    return number


@pytest.mark.parametrize(("function", "picklable"), [(decode, False), (decode_well, True), (decode_soon, False)])
def test_a_profile_says_which_inputs_failed_and_with_what(function: object, picklable: bool) -> None:
    """Of all inputs tried the first that failed, and whether a worker could send its exception back."""
    failed = advisor.profile(function, range(100), budget=0.3).failed_inputs  # type: ignore[arg-type]
    assert failed is not None
    reason = failed.reason
    assert (reason == "") is picklable
    name = "GoodRecord" if function is decode_well else "BadRecord"
    assert failed == FailedInputs(
        count=2,
        of=100,
        index=37,
        where="input 38",
        exception=f"{name}: unexpected # at 37",
        picklable=picklable,
        reason=reason,
    )


def test_a_first_input_that_fails_is_left_for_later() -> None:
    """The first call that works is the one that tells a coroutine function, or a generator, from others."""
    for bad in range(4):

        def work(number: int, bad: int = bad) -> int:
            return 1 // (number - bad)

        profile = advisor.profile(work, range(4), budget=0.6)  # for each input, on a busy host too
        assert profile.failed_inputs is not None
        assert (profile.failed_inputs.count, profile.failed_inputs.of, profile.failed_inputs.index) == (1, 4, bad)


@pytest.mark.parametrize("bad", range(5))
@pytest.mark.parametrize(
    ("function", "name"),
    [(Adder().add, "self.total"), (Adder().overwrite, "self.scratch"), (change_folder, "working directory")],
)
def test_an_input_that_fails_hides_nothing_of_what_the_others_touch(
    function: Callable[[int], Any], name: str, bad: int
) -> None:
    """Whenever its turn comes: what the first two calls that work do is watched."""
    inputs = [-number if number == bad + 1 else number for number in range(1, 6)]
    assert name in {touch.name for touch in advisor.profile(function, inputs, budget=0.5).touches}


def test_a_function_that_always_raises_is_the_one_to_mend() -> None:
    """The original exception is the cause."""
    with pytest.raises(advisor.TargetError, match="raised ZeroDivisionError") as caught:
        advisor.profile(lambda number: 1 // 0, range(100), budget=0.05)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_working_inputs_give_no_record() -> None:
    """Nothing is said of failures."""
    assert advisor.profile(abs, [1, 2], budget=0.01).failed_inputs is None
