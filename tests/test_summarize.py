"""From clocks and samples to the figures of a profile: hand-built measurements, exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from advisor.host.cores_and_memory import usable_cores
from advisor.measure import repeat_effects
from advisor.measure.clocks import ClockReading
from advisor.measure.gil.observer_process import Observations
from advisor.measure.meter import BY_ASYNCIO, Measurement, TimedBatch
from advisor.measure.summarize import summarize
from advisor.models import Profile


def reading(wall: float, thread: float, **others: float) -> ClockReading:
    zero = {"children": 0.0, "run_queue": 0.0, "switches": 0.0, "preemptions": 0.0, "process": thread}
    return ClockReading(wall=wall, thread=thread, **{**zero, **others})


def batch(calls: int, wall: float, thread: float | None = None, **others: float) -> TimedBatch:
    """A batch that computes all the time, unless the thread's CPU time is given."""
    return TimedBatch(calls, reading(wall, wall if thread is None else thread, **others))


def measured(*batches: TimedBatch, **others: Any) -> Measurement:
    plain: dict[str, Any] = {"observed": {}, "sampled": {}, "counts_switches": True, "free_threaded": False}
    return Measurement(batches, **{**plain, "only_thread": True, "sampler_cpu": 0.0, **others})


def observed(instants: float, taken: float, *, missed: float = 0, looks: float = 0, idle: float = 0) -> Any:
    return {"observed": {0: Observations(instants, taken, taken, missed, 8, 1e-3, looks, idle)}}


def test_parts_add_up_to_the_whole() -> None:
    """6 s a call: 1 s with the GIL, 2 s without, 1 s in a child, 2 s waiting."""
    fields = summarize(measured(batch(2, 12, 6, children=2), **observed(1200, 200)))
    parts = [fields[name] for name in ("gil_held", "gil_free", "child_cpu", "wait")]
    assert parts == pytest.approx([1, 2, 1, 2])
    assert fields["gil_releases"] == pytest.approx(4 / 1e-3 * 6)
    assert fields["gil_source"] == "observed"


def test_time_in_the_run_queue_is_neither_waiting_nor_computing() -> None:
    """On a busy host it is subtracted, and a thread that is preempted with the GIL does not compute meanwhile."""
    fields = summarize(measured(batch(1, 10, 5, run_queue=5, preemptions=10), **observed(1000, 1000)))
    parts = [fields[name] for name in ("gil_held", "gil_free", "wait", "run_queue", "preempted")]
    assert parts == pytest.approx([5, 0, 0, 5, 5])


def test_the_queue_after_a_wait_is_told_from_that_after_losing_a_core() -> None:
    """By how often each was the case; not at all where the kernel does not count."""
    timed = batch(1, 10, 1, run_queue=4, switches=3, preemptions=1)
    assert summarize(measured(timed))["preempted"] == pytest.approx(1)
    uncounted = TimedBatch(1, timed.elapsed._replace(preemptions=None))
    assert summarize(measured(uncounted))["preempted"] is None


def test_instants_missed_behind_the_target_are_made_up_for() -> None:
    """100 instants, 20 of them on a core: 16 missed, 4 seen, all with the GIL taken."""
    fields = summarize(measured(batch(1, 10, 2), **observed(84, 4, missed=16)))
    assert fields["gil_held"] == pytest.approx(2)


def test_native_threads_are_the_cores_kept_busy() -> None:
    """Two cores for 4 of 5 seconds, and nobody running for the fifth."""
    fields = summarize(measured(batch(1, 5, 4, process=8), **observed(1000, 0, looks=100, idle=20)))
    assert fields["wait"] == pytest.approx(1)
    assert fields["gil_free"] == pytest.approx(8)
    assert fields["native_threads"] == pytest.approx(min(2, usable_cores()))


def test_waiting_and_holding_the_gil_are_never_more_than_the_whole() -> None:
    """Both are sampled on their own beside threads that the call started, and few looks may all have been idle ones."""
    fields = summarize(measured(batch(100, 1, 0.5, process=0.9), **observed(40, 20, looks=10, idle=10)))
    assert fields["gil_held"] + fields["wait"] == pytest.approx(fields["wall"])
    assert fields["gil_held"] == pytest.approx(0.005)
    assert Profile(**fields).wait == pytest.approx(0.005)


def test_other_python_threads_are_not_the_calls() -> None:
    """Beside other threads, only the measuring thread's own CPU and its own holding count."""
    seen = Observations(100, 90, 30, 0, 0, 1e-3, 0, 0)
    fields = summarize(measured(batch(1, 10, 5, process=9), observed={0: seen}, only_thread=False))
    assert fields["gil_held"] == pytest.approx(3)
    assert fields["gil_free"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("awaited", "blocked"),
    [
        ([7.0, 5.0, 6.0, 6.0], 4.0),  # of 10 s a call
        ([10.0, 9.8, 9.7, 9.9], 0.0),  # too little
        ([10.0, 10.0, 6.0, 10.0], 0.0),  # once: to start a child program, on a busy host
        ([9.0], 0.0),
        ([7.0], 3.0),
    ],
)
def test_a_blocked_event_loop_is_told_from_chance(awaited: list[float], blocked: float) -> None:
    """What neither computes nor awaits blocks the loop, if it does so in most calls."""
    batches = [TimedBatch(1, reading(10, 0), awaited=seconds) for seconds in (0.0, *awaited)]
    fields = summarize(measured(*batches, blocking_line="work.py:3"))
    assert fields["loop_blocked"] == pytest.approx(blocked)
    assert fields["blocking_line"] == ("work.py:3" if blocked else None)
    by_asyncio = summarize(measured(*batches, blocking_line=BY_ASYNCIO))
    assert (by_asyncio["loop_blocked"], by_asyncio["blocking_line"]) == (0.0, None)


def test_a_first_call_alone_tells_little() -> None:
    """A single call may include work that is done once, such as imports; a second call tells."""
    once = [summarize(measured(batch(1, wall))) for wall in (15e-6, 0.4, 30.0)]
    assert [fields["standard_error"]["wall"] / fields["wall"] for fields in once] == pytest.approx([1.5, 0.75, 0.5])
    assert once[0]["first_call"] == once[0]["wall"]
    assert "wall" not in summarize(measured(batch(1, 0.2), batch(1, 15e-6)))["standard_error"]


def test_standard_errors_come_from_the_spread_between_batches() -> None:
    """Two halves that differ; a share that was found on few instants is uncertain at the least by that."""
    seen = {window: Observations(n, 10, 10, 0, 8, 1e-3, 0, 0) for window, n in ((1, 10), (2, 30))}
    fields = summarize(measured(batch(1, 9, 1), batch(1, 1, 1), batch(1, 3, 1), observed=seen))
    assert (fields["calls"], fields["first_call"], fields["wall"]) == (2, 9, 2)
    assert fields["standard_error"]["wall"] == pytest.approx(1)
    assert fields["standard_error"]["gil_held"] > 0.1
    assert fields["spread"] == pytest.approx(2**0.5 / 2)


def rounds(*seconds: Sequence[float], **others: float) -> Measurement:
    """Each call timed by itself, with so many seconds in each of the rounds."""
    return measured(*(batch(1, wall, **others) for of_round in seconds for wall in of_round))


def test_where_inputs_are_cheaper_again_only_the_first_round_counts() -> None:
    """40 calls of 10 ms each, whose results are cached: afterwards they come in batches, at 1 µs each."""
    calls = measured(*rounds([0.01] * 40).batches, batch(40, 40e-6), batch(10_000, 10e-3))
    fields = summarize(calls, inputs=40)
    assert fields["calls"] == 39
    assert fields["wall"] == pytest.approx(0.01)
    assert fields["repeated_call"] == pytest.approx(1e-6)
    assert summarize(calls)["repeated_call"] is None  # without inputs nothing comes again


def test_batches_of_the_first_round_are_compared_with_the_same_inputs() -> None:
    """1,000 calls of 0.5 ms in batches of 10, and of all at once when they come again."""
    first = [batch(10, 5e-3)] * 100
    assert repeat_effects.is_cheaper_again([*first, batch(1000, 1e-3)], 1000)
    assert not repeat_effects.is_cheaper_again([*first, batch(1000, 0.3)], 1000)
    assert not repeat_effects.is_cheaper_again([*first, batch(500, 1e-3)], 1000)  # not its later half


UNEVEN = [0.001 * (1 + n % 7) ** 2 for n in range(40)]


@pytest.mark.parametrize(
    "calls",
    [
        rounds(UNEVEN, UNEVEN, UNEVEN[:10]),
        rounds([0.05] * 15 + [0.01] * 25, [0.01] * 40),  # warms up for a third of the round
        rounds([0.01] * 40, [0.006] * 40),  # a busier host, or warmer caches
        rounds([0.01, 0.5] * 20, [0.01, 0.02] * 20),  # other work came between, every other time
        rounds([0.01] * 39 + [9.0], [0.01] * 40),  # once
        rounds(UNEVEN, UNEVEN[::-1]),  # lengths that are all chance
        rounds([1e-4] * 40, [1e-6] * 40),  # too short to tell
        rounds([0.01] * 40, [1e-6] * 22),  # too few that came again
        rounds([0.01] * 40),
        measured(*rounds([0.03] * 40, run_queue=0.02).batches, *rounds([0.01] * 40).batches),  # a busy host
    ],
)
def test_noise_and_warming_up_are_no_cheaper_repeats(calls: Measurement) -> None:
    """All calls but the first are counted, as if inputs did not matter."""
    fields = summarize(calls, inputs=40)
    assert fields == summarize(calls)
    assert fields["calls"] == len(calls.batches) - 1
