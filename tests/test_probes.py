"""Which probe runs next, and what its samples say: with probes and a clock that the tests set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from advisor.host import cores_and_memory, probes
from advisor.host.probes import Host, Sample


def sample(probe: str, pace: float = 1.0, after: float | None = None, **figures: float) -> Sample:
    return Sample(probe, figures, (pace, after or pace))


ONE_WORKER, FOUR_WORKERS = sample("one", process_start=2.0), sample("many", pool_start=8.0, pool_workers=4.0)


@pytest.mark.parametrize(
    ("samples", "costs"),
    [
        pytest.param(
            [
                *(sample("a", thread_task=seconds) for seconds in (1.0, 2.0, 3.0)),
                sample("a", pace=1.6, thread_task=50.0),
                sample("a", after=0.6, thread_task=60.0),
            ],
            {"thread_task": 2.0},
            id="the median at the usual pace, before and after",
        ),
        pytest.param(
            [sample("a", thread_task=1.0), sample("a", thread_task=3.0), sample("b", pace=2, gil_switch=5.0)],
            {"thread_task": 2.0, "gil_switch": 5.0},
            id="an unusual pace is better than nothing",
        ),
        pytest.param([ONE_WORKER, FOUR_WORKERS], {"process_start": 2.0, "process_start_each": 2.0}, id="per worker"),
        pytest.param([FOUR_WORKERS], {}, id="nothing to compare a pool with"),
        pytest.param(
            [ONE_WORKER, sample("many", pool_start=1.0, pool_workers=4.0)],
            {"process_start": 2.0, "process_start_each": 0.0},
            id="never less than nothing",
        ),
    ],
)
def test_costs_come_from_the_samples(samples: list[Sample], costs: dict[str, float]) -> None:
    """Medians, and each further worker of a pool costs the difference to a pool with one."""
    assert probes.costs(samples) == costs


def order(lasting: dict[str, float], seconds: float, paces: Iterator[float]) -> list[str]:
    """In which order probes that last so long are run; one that lasts 0 s fails."""
    now = 0.0
    seen: list[str] = []

    def probe(duration: float) -> probes.Probe:
        def run(host: Host) -> dict[str, float]:
            nonlocal now
            now += duration
            if not duration:
                raise OSError("no semaphores here")
            return {}

        return run

    probes.take_samples(
        {name: probe(duration) for name, duration in lasting.items()},
        Host(2, "fork"),
        seconds,
        lambda samples: seen.append(samples[-1].probe),
        clock=lambda: now,
        pace=lambda: next(paces),
    )
    return seen


def test_probes_alternate_until_the_time_is_up() -> None:
    """Next is the one with the fewest samples; what would not end in time is left out, what fails is dropped."""
    lasting = {"long": 4.0, "broken": 0.0, "short": 1.0}
    assert order(lasting, 10.5, iter([1.0] * 99)) == ["long", "short", "long", "short"]


def test_a_probe_is_repeated_if_the_pace_was_unusual() -> None:
    """It has not had its turn yet."""
    paces = iter([1.0, 1, 1, 2, 1, 1, 1, 1])
    assert order({"first": 1.0, "second": 1.0}, 4.5, paces) == ["first", "second", "second", "first"]


def test_a_single_core_scales_perfectly() -> None:
    """There is nothing to compare it with."""
    assert probes.many_workers(Host(1, cores_and_memory.start_method()))["core_scaling"] == 1.0
