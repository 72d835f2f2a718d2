"""What running a loop's iterations concurrently brings: bounded threads, and the cost of what iterations return."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.models import Machine, Profile
from advisor.survey.combined_patch import with_code
from advisor.survey.dependence import static_dependence
from advisor.survey.facts import (
    Dependence,
    FirstRun,
    InnerValues,
    Loop,
    LoopId,
    LoopObservation,
    LoopTime,
    StaticDependence,
)
from advisor.survey.loops import loops_of
from advisor.survey.returned_values import NOTHING, ReturnedValues, returned_values
from advisor.survey.second_run import LoopToWatch
from advisor.survey.suitability import MAX_WAITING_WORKERS, JudgedLoop, Suitability, makespan, suitability
from advisor.survey.survey import judge

OUTER = Loop(("logs.py", 7, 4), 20, "main", "for path in paths:", "for", None, frozenset(range(8, 21)))
INNER = Loop(("logs.py", 9, 12), 20, "main", "for line in lines:", "for", OUTER.id, frozenset(range(10, 21)))
COMPUTING = Profile(
    calls=10, wall=0.5, gil_held=0.5, gil_free=0.0, child_cpu=0.0, wait=0.0, result_bytes=100, pickle_seconds=1e-5
)
WAITING = Profile(calls=200, wall=0.05, gil_held=0.0005, gil_free=0.0, child_cpu=0.0, wait=0.0495, reached="program")


def observation(loop: Loop, iterations: int, seconds: float, profile: Profile | None = None) -> LoopObservation:
    return LoopObservation(loop.id, 1, iterations, seconds, profile, watched=6)


def gain(
    profile: Profile,
    iterations: int,
    machine: Machine,
    returned: ReturnedValues | None = None,
    *,
    lengths: tuple[float, ...] = (),
    header: float = 0.0,
    moves: bool = False,
    kept: float = 0.0,
) -> Suitability:
    seconds = (profile.wall + header) * iterations
    run = FirstRun(seconds, seconds, 1_000, 0, "finished", ())
    time = LoopTime(OUTER, seconds, 1_000, computing_share=1 - (profile.wait or 0.0) / profile.wall)
    static = StaticDependence((), (), "reduction")
    seen = replace(observation(OUTER, iterations, seconds, profile), lengths=lengths, header_seconds=header)
    verdict = Dependence("reduction", "")
    return suitability(time, static, seen, verdict, run, machine, returned or NOTHING, header_moves=moves, kept=kept)


def test_threads_that_wait_are_bounded() -> None:
    """What a server bears is unknown: more threads would be faster on paper, and the gain is that of the bound."""
    found = gain(WAITING, 400, Machine(cores=2))
    assert found.strategy == "threading"
    assert found.workers == MAX_WAITING_WORKERS
    assert MAX_WAITING_WORKERS / 2 < found.speedup.expected <= MAX_WAITING_WORKERS
    assert found.advice is not None
    assert found.advice.workers == MAX_WAITING_WORKERS


def test_what_stays_in_the_loop_gains_nothing() -> None:
    """With a quarter of the time in the loop's order, two workers halve the rest at most."""
    whole, most = gain(COMPUTING, 40, Machine(cores=2)), gain(COMPUTING, 40, Machine(cores=2), kept=0.25)
    assert most.speedup.expected == pytest.approx(1 / (0.25 + 0.75 / whole.speedup.expected), rel=0.01)


STAYING = """\
SIZES = []

def pack(name, folder):
    packed = (folder + name).encode()
    SIZES.append(len(packed))
    return len(packed)

def main(names, folder):
    sizes = []
    for name in names:
        size = pack(name, folder.center(9))
        print(name.upper().center(20))
        sizes.append(size)
    return sizes
"""


@pytest.mark.parametrize(("share", "is_rewritten"), [(0.9, False), (0.1, True)])
def test_a_loop_whose_work_would_stay_in_it_is_not_rewritten(share: float, is_rewritten: bool) -> None:
    """A called function appends to a list of the module in the loop's order, and so does all that it computes."""
    [loop] = loops_of(STAYING, "pack.py")
    seconds = COMPUTING.wall * 40
    time = LoopTime(loop, seconds, 1_000, lines=((11, share * seconds), (12, (1 - share) * seconds)))
    run = FirstRun(seconds, seconds, 1_000, 0, "finished", (time,))
    modules = {"pack.py": STAYING}
    watched = LoopToWatch(time, static_dependence(STAYING, "pack.py", loop, modules))
    [judged] = judge([watched], [observation(loop, 40, seconds, COMPUTING)], run, Machine(cores=2), modules)
    assert judged.dependence.independence == "reduction"
    assert (judged.code is not None) == is_rewritten
    notes = [obstacle.text for obstacle in judged.dependence.obstacles]
    assert any("would have to stay in the loop" in text for text in notes) != is_rewritten


def test_fewer_threads_stay_fewer() -> None:
    """For a few iterations there are no more threads than iterations."""
    assert gain(WAITING, 6, Machine(cores=2)).workers <= 6


def test_the_makespan_is_that_of_workers_that_take_the_next_chunk() -> None:
    """A worker that has ended a chunk takes the next one, in the order of the loop."""
    assert makespan([1, 1, 1, 3], 2) == 4
    assert makespan([3, 1, 1, 1], 2) == 3
    assert makespan([4, 4, 1, 1, 1, 1], 2, chunk=2) == 8
    assert makespan([2, 2], 8) == 2


def test_few_iterations_of_different_length_gain() -> None:
    """A dozen long iterations are worth two processes; the gain is bounded by how their lengths share out."""
    profile = COMPUTING.model_copy(update={"spread": 0.9})
    lengths = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.5)
    even = gain(profile, 10, Machine(cores=2), lengths=lengths)
    assert even.strategy == "multiprocessing"
    assert even.speedup.expected <= even.speedup.high <= min(2, sum(lengths) / makespan(lengths, even.workers))
    late = gain(profile, 10, Machine(cores=2), lengths=(*[0.1] * 9, 5.0))
    assert late.speedup.expected < min(1.2, even.speedup.expected)


def test_workers_that_take_the_items_themselves_gain_more() -> None:
    """Time for the header is shared if it moves into the workers, and serial otherwise."""
    staying, moving = (gain(COMPUTING, 40, Machine(cores=2), header=0.1, moves=moves) for moves in (False, True))
    assert staying.speedup.expected < moving.speedup.expected <= 2


def test_returned_values_are_counted() -> None:
    """The profile of an iteration has their bytes and the time for pickling them, and the gain is smaller."""
    without, found = (gain(COMPUTING, 40, Machine(cores=4), ReturnedValues(each, each)) for each in (0, 400_000))
    assert without.strategy == found.strategy == "multiprocessing"
    assert found.advice is not None
    assert found.advice.profile is not None
    assert found.advice.profile.result_bytes == 100 + 10 * 400_000
    assert found.speedup.expected < without.speedup.expected


def test_a_rewrite_that_returns_too_much_brings_nothing() -> None:
    """If pickling and folding take as long as the work, the loop stays as it is."""
    assert gain(COMPUTING, 40, Machine(cores=4), ReturnedValues(3e6, 3e6)).strategy == "sequential"


def test_returned_values_of_an_inner_loop() -> None:
    """They are as many as its iterations in each of the outer loop: counted, or by the time that it took."""
    found = [InnerValues(INNER.id, 3, in_order=True), InnerValues(INNER.id, 1, in_order=False)]
    seen: dict[LoopId, LoopObservation] = {INNER.id: observation(INNER, 80_000, 4.0)}
    times = {INNER.id: LoopTime(INNER, 0.5, 60)}
    assert returned_values(found, 8, seen, times) == ReturnedValues(40_000, 30_000)
    assert returned_values(found, 8, {}, times).total == pytest.approx(4 * 0.5 / 5e-6 / 8)
    assert returned_values(found, 8, {}, {}) == ReturnedValues()


def test_further_results_cost_as_much() -> None:
    """Where the results of a chunk were measured together, each of them has the values."""
    profile = COMPUTING.model_copy(update={"further_result_bytes": 20, "further_pickle_seconds": 1e-6})
    more = ReturnedValues(1_000).added_to(profile)
    assert (more.further_result_bytes, more.further_pickle_seconds) == (10_020, pytest.approx(1e-6 + 1.5e-4))
    assert ReturnedValues().added_to(profile) is profile


def test_the_code_keeps_to_the_bound(tmp_path: Path) -> None:
    """A pool for iterations that wait has the largest number of workers, and others as many as there are cores."""
    source = "def main():\n    rows = []\n    for name in open('names'):\n        rows.append(name.strip())\n"
    (tmp_path / "fetch.py").write_text(source)
    [loop] = loops_of(source, "fetch.py")
    codes = []
    for profile in (WAITING, COMPUTING):
        found = gain(profile, 400, Machine(cores=4))
        static = StaticDependence((), (), "reduction")
        judged = JudgedLoop(LoopTime(loop, 9.0, 900), static, None, Dependence("reduction", ""), found)
        codes.append(with_code(judged, {"fetch.py": source}).code)
    assert codes[0] is not None
    assert f"workers={MAX_WAITING_WORKERS})" in codes[0].snippet
    assert codes[1] is not None
    assert "max_workers=4)" in codes[1].snippet
