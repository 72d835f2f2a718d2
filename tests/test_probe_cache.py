"""The costs of this host's pools in the user's cache folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.host import cores_and_memory, machine, pool_costs, probe_cache
from advisor.models import POOL_COSTS, Machine

COSTS = dict.fromkeys(pool_costs.measurable_costs(), 0.5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "advisor"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Machine, int]]:
    """Ask for this machine as a new process would, with a stand-in for measuring; how often it was used is counted."""

    def ask_anew(**costs: float) -> tuple[Machine, int]:
        measured: list[float] = []

        def measure_costs(host: Machine, seconds: float) -> dict[str, float]:
            measured.append(seconds)
            return costs or COSTS

        monkeypatch.setattr(machine, "_measured", {})
        monkeypatch.setattr(pool_costs, "measure_costs", measure_costs)
        found = machine.this_machine()
        assert machine.this_machine().model_dump(exclude={"memory"}) == found.model_dump(exclude={"memory"})
        return found, len(measured)

    return ask_anew


Ask = Callable[..., tuple[Machine, int]]


def test_the_memory_is_todays(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs come from the cache, what is free comes from now."""
    for memory in (1000, 500):
        monkeypatch.setattr(cores_and_memory, "available_memory", lambda memory=memory: memory)
        assert ask()[0].memory == memory
    monkeypatch.setattr(cores_and_memory, "available_memory", lambda: 250)
    assert machine.this_machine().memory == 250


@pytest.mark.parametrize(
    ("complete", "ages", "times"),
    [
        (True, (600,), 0),
        (True, (7200,), 1),
        (True, (7200, 90000), 1),
        (True, (7200, 90000, 13 * 86400), 0),
        (True, (7200, 90000, 15 * 86400), 1),
        (True, (-3600,), 1),
        (False, (600,), 0),
        (False, (7200, 7300, 7400), 1),
    ],
)
def test_costs_are_measured_again_until_there_are_enough(
    ask: Ask, complete: bool, ages: tuple[float, ...], times: int
) -> None:
    """Three complete ones of the last 14 days, an hour apart; those of a clock that was set back do not count."""
    costs = COSTS if complete else {POOL_COSTS[0]: 0.5}
    measurements = [probe_cache.CostMeasurement(taken=max(0.0, time.time() - age), costs=costs) for age in ages]
    probe_cache.write_measurements(probe_cache.cache_key(machine.unmeasured_machine()), measurements)
    assert ask()[1] == times


def test_a_bad_minute_of_the_host_is_outvoted(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of three measurements, an hour apart."""
    now = time.time()
    for hour, scaling in enumerate((0.6, 0.98, 1.0)):
        monkeypatch.setattr(time, "time", lambda hour=hour: now + hour * 4000)
        found, _ = ask(**{**COSTS, "core_scaling": scaling})
    assert found.core_scaling == 0.98 * pool_costs.UNDISTURBED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"key": 1}',
        b'{"key": "k", "measurements": [{"taken": 1e400, "costs": {}}]}',
        {"key": "another host"},
    ],
)
def test_a_cache_that_is_corrupt_or_anothers_is_measured_again(ask: Ask, folder: Path, content: Any) -> None:
    """What does not validate is replaced, and so is what another interpreter wrote, whatever the file is called."""
    ask()
    (path,) = folder.iterdir()
    is_entry = isinstance(content, dict)
    path.write_bytes(json.dumps({**json.loads(path.read_text()), **content}).encode() if is_entry else content)
    found, times = ask(thread_task=1e-6)
    assert (found.thread_task, times) == (1e-6, 1)
    assert ask()[1] == 0


def test_the_key_tells_hosts_interpreters_cores_and_start_methods_apart() -> None:
    """Costs of one are no costs of the other."""
    host = machine.unmeasured_machine()
    changes: list[dict[str, Any]] = [
        {},
        {"cores": host.cores + 1},
        {"start_method": "spawn" if host.start_method != "spawn" else "fork"},
        *(
            {"python": host.python.model_copy(update=change)}
            for change in ({"version": "3.99.1"}, {"implementation": "PyPy"}, {"free_threaded": True})
        ),
    ]
    keys = {probe_cache.cache_key(host.model_copy(update=change)) for change in changes}
    assert len({probe_cache.cache_path(key) for key in keys}) == len(changes)


@pytest.mark.parametrize("problem", ["a file in the way", "no home folder", "a full disk"])
def test_a_cache_that_cannot_be_written_is_no_error(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    """Costs are measured once for this process, and nothing is left."""

    def fail(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.") if problem == "no home folder" else OSError(28)

    if problem == "a file in the way":
        folder.parent.mkdir()
        folder.write_text("in the way")
    elif problem == "no home folder":
        monkeypatch.setattr("platformdirs.user_cache_path", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    found, times = ask()
    assert (found.source, times) == ("measured", 1)
    assert not folder.is_dir() or list(folder.iterdir()) == []
