"""The parts of the search for races that need no process: plans, seeds, the judge, and the description of state."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.cli.options import seed
from advisor.input_limits import MAX_SEED_DIGITS
from advisor.interleaving.callables import qualified_name
from advisor.interleaving.evaluation import UNKNOWN, get_attribute, short
from advisor.interleaving.forks import run_in_fork
from advisor.interleaving.judge import Judge
from advisor.interleaving.plans import MAX_SWITCHES, Plan, RandomPlan, decode, encode
from advisor.interleaving.schedule import Run
from advisor.interleaving.state import StateWalker
from advisor.interleaving.user_code import UserCode


@given(
    st.integers(0, 63),
    st.integers(0, 511),
    st.dictionaries(st.integers(1, 1 << 20) | st.integers(1, 1 << 31), st.integers(0, 300), max_size=5),
)
def test_a_seed_stands_for_a_schedule(group: int, order: int, switches: dict[int, int]) -> None:
    """What is encoded is decoded again."""
    assert decode(encode(group, order, switches)) == (group, order, switches)


def test_the_command_takes_the_longest_seed() -> None:
    """`--replay` reads the seed of as many switches as a finding may have."""
    switches = {(1 << 32) - number: (1 << 20) - 2 for number in range(1, MAX_SWITCHES + 1)}
    text = str(encode(63, 511, switches))
    assert len(text) <= MAX_SEED_DIGITS
    assert decode(seed(text))[2] == switches


def test_a_plan_switches_where_it_says_and_nowhere_else() -> None:
    """Threads run in the plan's order, until a planned switch."""
    plan = Plan((1, 0), {3: 0})
    assert plan.default([0, 1], None) == 1
    assert plan.choose(2, [0, 1], 1, usual=1, can_switch=True) == 1
    assert plan.choose(3, [0, 1], 1, usual=1, can_switch=True) == 0
    assert plan.last_step == 3


def test_a_random_plan_is_the_same_for_the_same_seed() -> None:
    """Priorities and their changes depend on the seed alone."""

    def choices(seed: int) -> list[int]:
        plan = RandomPlan((0, 1), seed, 20, depth=3, gil_only=False)
        current = 0
        chosen = []
        for step in range(1, 20):
            current = plan.choose(step, [0, 1], current, usual=current, can_switch=True)
            chosen.append(current)
        return chosen

    assert choices(7) == choices(7)
    assert len({tuple(choices(seed)) for seed in range(20)}) > 5


def judge_of(*orders: dict[str, str]) -> Judge:
    judge = Judge(2)
    for leaves in orders:
        judge.learn([Run("done", leaves=leaves), Run("done", leaves=leaves)])
    return judge


def test_an_outcome_of_any_order_is_accepted() -> None:
    """Only what no order gives is accused."""
    judge = judge_of({"call 1": "1", "call 2": "2"}, {"call 1": "2", "call 2": "1"})
    assert not judge.accuses(Run("done", leaves={"call 1": "2", "call 2": "1"}))
    assert judge.accuses(Run("done", leaves={"call 1": "1", "call 2": "1"}))
    assert judge.accuses(Run("deadlock"))


def test_a_component_that_varies_is_ignored() -> None:
    """What differs between two runs of one order says nothing; keys that come and go leave out their container."""
    judge = Judge(2)
    judge.learn(
        [
            Run("done", leaves={"time": "1.0", "total": "3", "jobs[a1]": "x"}),
            Run("done", leaves={"time": "2.0", "total": "3", "jobs[b7]": "x"}),
        ]
    )
    assert not judge.accuses(Run("done", leaves={"time": "9.0", "total": "3", "jobs[c9]": "x"}))
    assert judge.accuses(Run("done", leaves={"time": "9.0", "total": "2", "jobs[c9]": "x"}))


def test_the_order_of_a_log_is_no_outcome_unless_other_state_tells_it() -> None:
    """Two calls may append to a list in either order, but not to two lists in different ones."""
    one = {"log": "list of 2", "log[0]": "a", "log[1]": "b"}
    other = {"log": "list of 2", "log[0]": "b", "log[1]": "a"}
    judge = judge_of(one)
    judge.logs = {"log"}
    assert not judge.accuses(Run("done", leaves=other))
    both = judge_of({**one, "first": "a"}, {**other, "first": "b"})
    both.logs = {"log"}
    assert both.accuses(Run("done", leaves={**one, "first": "b"}))


class Thing:
    """An object without equality."""

    def __init__(self) -> None:
        self.value = 1

    @property
    def trap(self) -> int:
        raise AssertionError("run by the search")

    def __repr__(self) -> str:
        raise AssertionError("run by the search")


def components(value: object) -> dict[str, str]:
    walker = StateWalker(UserCode((__file__,)))
    walker.walk("x", value)
    return walker.leaves


def test_state_is_described_by_structure() -> None:
    """Containers and objects have a component for each part, and none of the user's code runs."""
    assert components({"a": [1, 2.5], "b": Thing()}) == {
        "x": "dict of 2",
        "x['a']": "list of 2",
        "x['a'][0]": "1",
        "x['a'][1]": "2.5",
        "x['b']": "Thing object",
        "x['b'].value": "1",
    }


def test_the_same_object_differs_from_another_alike() -> None:
    """Objects without equality are told apart, containers are not."""
    thing = Thing()
    assert components([thing, thing]) != components([thing, Thing()])
    shared = [1]
    assert components([shared, shared]) == components([[1], [1]])


def test_cycles_and_large_containers_end() -> None:
    """A list that holds itself is described, and so are the ends of a long one."""
    endless: list[object] = []
    endless.append(endless)
    assert components(endless)["x[0]"] == "the object at x"
    assert len(components(list(range(10**6)))) < 3_000


def test_values_are_shown_shortly_without_running_code() -> None:
    """The text of a value is short, and neither properties nor `__repr__` run for it."""
    assert short([1, "a", None]) == "[1, 'a', None]"
    assert short(Thing()) == "Thing object"
    assert len(short(list(range(1000)))) <= 40
    assert get_attribute(Thing(), "trap") is UNKNOWN
    assert get_attribute(Thing(), "value") == 1


def test_names_of_callables_have_no_addresses() -> None:
    """An object goes by its class, and a partial by what it calls."""
    assert qualified_name(functools.partial(functools.partial(os.path.join, "a"), "b")) == f"{os.path.__name__}:join"
    assert qualified_name(functools.partial(Thing)).endswith(":Thing")
    assert qualified_name(Thing()).endswith(":Thing")  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_the_end_of_a_fork_without_an_answer_is_told() -> None:
    """A kill, closed descriptors, an exit and an answer that is too large are told apart."""

    def close_all() -> None:
        os.closerange(3, 2048)
        time.sleep(60)

    def failure(function: Callable[[], object]) -> str:
        return run_in_fork(lambda send: function(), time.monotonic() + 30).failure

    assert failure(lambda: os.kill(os.getpid(), signal.SIGKILL)) == (
        "was killed (SIGKILL), perhaps because memory ran out"
    )
    assert failure(close_all) == "closed file descriptors that belong to advisor"
    assert failure(lambda: os._exit(3)) == "ended the process with status 3"
    assert failure(lambda: bytes(65 << 20)) == "left more state than can be compared"
    assert failure(lambda: None) == ""
