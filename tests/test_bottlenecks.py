"""What rules a strategy out, what limits it, and how the explanation says so."""

from __future__ import annotations

import pytest
from predictions import TWO_CORES, call, estimate_of, speedups

from advisor.models import Job, Machine, Picklable, Python
from advisor.predict.estimator import estimate, leaders, shortlist


def test_large_results_are_limited_by_pickling_not_by_cores() -> None:
    """Results of 1 GB each take longer through a pipe than the work that made them (joblib #1309)."""
    large = call(2.0, gil=1, result_bytes=1e9, pickle_seconds=3.0)
    host = Machine(cores=8)
    pool = estimate_of(large, "multiprocessing", 4, calls=10, machine=host)
    assert pool.bottleneck == "parent"
    assert "pickle" in pool.why
    assert max(gain for (strategy, _), gain in speedups(large, 10, host).items() if strategy == "multiprocessing") < 1.0


def test_amdahl_for_the_parent() -> None:
    """Half the pickling is serial in the parent: no number of processes exceeds call time over that."""
    dear = call(0.01, gil=1, pickle_seconds=0.004, argument_bytes=100)
    gains = speedups(dear, machine=Machine(cores=64))
    assert max(gain for (strategy, _), gain in gains.items() if strategy == "multiprocessing") <= 0.01 / 0.002
    assert estimate_of(dear, "multiprocessing", 64, machine=Machine(cores=64)).bottleneck == "parent"


def test_tiny_tasks_of_subinterpreters_are_limited_by_the_parent() -> None:
    """However many workers, each task takes the GIL of the interpreter that owns the pool."""
    host = Machine(cores=8, python=Python(version="3.14.0"), interpreter_task=1e-4, interpreter_start=0)
    tiny = estimate_of(call(1e-4, gil=1), "interpreters", 8, machine=host, calls=100_000)
    assert tiny.bottleneck == "parent"
    assert tiny.seconds.expected >= 10


@pytest.mark.parametrize("part", ["function", "arguments", "results"])
def test_unpicklable_calls_rule_out_processes(part: str) -> None:
    """Anything unpicklable rules processes out, with the reason, but not threads."""
    profile = call(1.0, gil=1, picklable=Picklable.model_validate({part: False, "reasons": {part: "it is a lambda"}}))
    chosen = leaders(estimate(profile, Job(), TWO_CORES))
    assert not chosen["multiprocessing"].feasible
    assert part in chosen["multiprocessing"].why
    assert "it is a lambda" in chosen["multiprocessing"].why
    assert chosen["threading"].feasible


def test_memory_limits_the_workers() -> None:
    """Workers that need more than four fifths of the memory are infeasible; threads share more of it."""
    hungry = call(1.0, gil=0.1, peak_memory=10**9, idle_memory=9 * 10**8)
    host = Machine(cores=4, memory=6 * 10**9)
    four, three = (estimate_of(hungry, "multiprocessing", n, machine=host) for n in (4, 3))
    assert four.memory == 4.9e9
    assert (four.feasible, three.feasible) == (False, True)
    assert four.why == "4 processes need 4.9 GB of memory, more than 80 % of the 6 GB available"
    assert estimate_of(hungry, "threading", 16, machine=host).feasible
    assert leaders(estimate(hungry, Job(), host))["multiprocessing"].workers == 3


def test_shortlist_names_what_more_memory_would_gain() -> None:
    """The smallest faster worker count is included as infeasible, so that a reason can name it."""
    hungry = call(1.0, gil=1, peak_memory=10**9, idle_memory=10**7)
    for memory, fits in ((6 * 10**9, 4), (2 * 10**9, None)):
        rows = shortlist(hungry, Job(), Machine(cores=8, memory=memory))
        processes = [each for each in rows if each.strategy == "multiprocessing"]
        assert [each.workers for each in processes if each.feasible] == ([fits] if fits else [])
        assert max(each.workers for each in processes if not each.feasible) == 8


def test_explanation_names_the_limit() -> None:
    """The explanation says what limits a strategy, and by how much."""
    mixed = call(0.1, gil=0.5, free=0.5)
    many = Machine(cores=8, gil_switch=0, thread_task=0)
    assert estimate_of(mixed, "threading", 8, machine=many).bottleneck == "gil"
    assert estimate_of(mixed, "threading", 8, machine=many).why == "limited by the GIL: about 2× at most"
    assert estimate_of(mixed, "multiprocessing", 2).why == "limited by 2 cores: about 2× at most"
    assert estimate_of(call(0.1), "threading", 8).why == "8 calls wait at the same time"
    assert estimate_of(call(0.1), "multiprocessing", 1, calls=1).why == "a single call cannot be split"


def test_uncertain_limit_is_not_called_at_most() -> None:
    """An assumed call, or one whose share of the GIL is known badly, sets no certain limit."""
    mixed = call(0.1, gil=0.5, free=0.5)
    host = Machine(cores=8, gil_switch=0, thread_task=0)
    for guessed in ({"archetype": "image"}, {"standard_error": {"gil_held": 0.01}}):
        words = estimate_of(mixed.model_copy(update=guessed), "threading", 8, machine=host).why
        assert words == "limited by the GIL: about 2×"


def test_hand_overs_set_no_limit() -> None:
    """The time lost to hand-overs is an estimate, and less with few workers: it sets no limit."""
    often = call(0.0003, gil=0.09, free=0.47, child=0.2)
    four = estimate_of(often, "threading", 4, machine=Machine(cores=3))
    assert four.bottleneck == "gil"
    assert four.limit is None
    assert four.why == "limited by handing the GIL over from thread to thread"
