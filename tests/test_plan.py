"""The plan for the rest of a job: predictions, and what strategies have brought so far."""

from __future__ import annotations

import time
import urllib.request

from advisor.jobs.first_calls import may_wait
from advisor.jobs.plan import Plan, Wishes, make_plan
from advisor.models import Profile, Strategy
from tests.decisions import MACHINE, NATIVE, WAITING

CALLS = 100


def seconds(plan: Plan) -> dict[Strategy, float]:
    """Return the predicted seconds of each strategy at its best number of workers."""
    assert plan.seconds is not None
    found = {plan.strategy: plan.seconds}
    for strategy, each in plan.alternatives:
        found[strategy] = min(each, found.get(strategy, each))
    return found


def plan_for(profile: Profile, wishes: Wishes = Wishes()) -> Plan:  # noqa: B008  (it is frozen)
    return make_plan(profile, CALLS, wishes, MACHINE)


def test_a_strategy_promises_no_more_than_it_has_brought() -> None:
    """Threads that were as slow as a plain loop lose to processes, which lose nothing by that."""
    before = plan_for(WAITING)
    assert before.strategy == "threading"
    after = plan_for(WAITING, Wishes(observed=(("threading", 1.0),)))
    assert after.strategy == "multiprocessing"
    assert seconds(after)["threading"] >= seconds(after)["sequential"]
    assert seconds(after)["multiprocessing"] == seconds(before)["multiprocessing"]


def test_what_slows_down_processes_slows_down_threads() -> None:
    """A lock of the database holds both; nothing better than the plain loop is left."""
    assert seconds(plan_for(NATIVE))["threading"] < seconds(plan_for(NATIVE))["sequential"]
    assert plan_for(NATIVE, Wishes(observed=(("multiprocessing", 0.9),))).strategy == "sequential"


def test_what_travels_slows_down_processes_only() -> None:
    """Large results say nothing about threads."""
    large = NATIVE.model_copy(update={"result_bytes": 50e6})
    found = seconds(plan_for(large, Wishes(observed=(("multiprocessing", 0.9),))))
    assert found["threading"] < found["sequential"]


def test_a_strategy_that_brought_more_than_predicted_is_not_praised() -> None:
    """An observed speed-up is a limit, not a promise."""
    assert seconds(plan_for(WAITING, Wishes(observed=(("threading", 1e6),)))) == seconds(plan_for(WAITING))


def nap(number: int) -> int:
    time.sleep(0)
    return number


def fetch(number: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1/{number}") as response:
        return bytes(response.read())


def fetch_all(number: int) -> list[bytes]:
    return [fetch(each) for each in range(number)]


def read_clock(number: int) -> float:
    return number + time.perf_counter()


def test_modules_that_wait_are_found_in_the_code() -> None:
    """The function's own, and that of the functions it calls; no call is made."""
    assert may_wait(nap)
    assert may_wait(fetch_all)
    assert not may_wait(seconds)
    assert not may_wait(read_clock)
    assert not may_wait(abs)
