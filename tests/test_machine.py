"""Tests of what this host allows and costs: real pools, a real cache folder, and no figure asserted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.host import machine, platform, probes
from advisor.host.probes import Host, Sample
from advisor.models import Machine

COSTS = machine._MEASURED


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and nothing remembered from other tests."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: folder / name)
    monkeypatch.setattr(machine, "_measured_here", {})
    return folder / "advisor"


def no_measuring(*_: object) -> dict[str, float]:
    raise AssertionError("measured although the cache was fresh")


def stand_in(monkeypatch: pytest.MonkeyPatch, **costs: float) -> list[float]:
    """Replace the measuring, which takes a second, and count how often it is asked for."""
    asked: list[float] = []

    def measured(host: Machine, seconds: float) -> dict[str, float]:
        asked.append(seconds)
        return costs

    monkeypatch.setattr(machine, "_measured_costs", measured)
    return asked


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a new process would start."""
    monkeypatch.setattr(machine, "_measured_here", {})


def test_limits_are_this_hosts_with_assumed_costs() -> None:
    """Nothing is measured, and the answer says so."""
    host = machine.limits()
    assert host.source == "assumed"
    assert host.cores == platform.usable_cores()
    assert host.start_method == platform.start_method()
    assert host.memory is not None
    assert host.python == platform.python()


def test_spawning_is_assumed_to_cost_more_than_forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does not come from a fork starts an interpreter first."""
    monkeypatch.setattr(platform, "start_method", lambda: "fork")
    forked = machine.limits()
    monkeypatch.setattr(platform, "start_method", lambda: "spawn")
    spawned = machine.limits()
    assert spawned.process_start > forked.process_start
    assert spawned.process_start_each > forked.process_start_each


def test_every_cost_is_measured_in_a_child_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real measurement finds every constant, and a second question is answered from the file."""
    found = machine.this_machine(seconds=2.5)
    assert found.source == "measured"
    entry = json.loads(next(cache.glob("machine-*.json")).read_text())
    (measurement,) = entry["measurements"]
    assert measurement["costs"].keys() == machine._measurable()
    for name, seconds in measurement["costs"].items():
        assert 0 <= seconds < 5
        assert getattr(found, name) == seconds * (machine.UNDISTURBED if name == "core_scaling" else 1)
    assert found.process_task > 0
    assert found.thread_task > 0
    assert [path.suffix for path in cache.iterdir()] == [".json"]

    forget(monkeypatch)
    monkeypatch.setattr(machine, "_measured_costs", no_measuring)
    again = machine.this_machine()
    assert again.model_copy(update={"memory": None}) == found.model_copy(update={"memory": None})


def test_measuring_imports_no_pools_into_this_process() -> None:
    """The caller's process stays as it was: no multiprocessing, no executor, no thread."""
    code = (
        "import sys, threading, platformdirs, pathlib\n"
        "platformdirs.user_cache_path = lambda name: pathlib.Path('/dev/null')\n"
        "from advisor import machine\n"
        "machine.this_machine(seconds=0.6)\n"
        "print([m for m in ('multiprocessing', 'concurrent.futures', 'asyncio') if m in sys.modules])\n"
        "print(threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n1\n"
    assert done.stderr == ""


def test_a_script_without_a_main_guard_may_ask_under_spawn(tmp_path: Path) -> None:
    """Spawned workers import the main module again; the measuring child's is not the user's script."""
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, pathlib, platformdirs\n"
        "print('script runs')\n"
        "multiprocessing.set_start_method('spawn')\n"
        "platformdirs.user_cache_path = lambda name: pathlib.Path('/dev/null')\n"
        "from advisor import machine\n"
        "print(machine.this_machine(seconds=1.2).start_method)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(machine.__file__).parent.parent.parent)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "script runs\nspawn\n"


def test_the_memory_is_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs come from the cache, what is free comes from now."""
    stand_in(monkeypatch, thread_task=1e-6)
    monkeypatch.setattr(platform, "available_memory", lambda: 1000)
    assert machine.this_machine().memory == 1000
    monkeypatch.setattr(platform, "available_memory", lambda: 500)
    assert machine.this_machine().memory == 500
    forget(monkeypatch)
    assert machine.this_machine().memory == 500


@pytest.mark.parametrize(
    ("complete", "ages", "asked"),
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
    monkeypatch: pytest.MonkeyPatch, complete: bool, ages: tuple[float, ...], asked: int
) -> None:
    """Three complete ones of the last 14 days, an hour apart; those of a clock that was set back do not count."""
    times = stand_in(monkeypatch, **dict.fromkeys(COSTS if complete else COSTS[:1], 0.5))
    now = time.time()
    costs = dict.fromkeys(COSTS if complete else COSTS[:1], 0.5)
    key = machine.cache_key(machine.limits())
    kept = tuple(machine.Measurement(taken=max(0.0, now - age), costs=costs) for age in ages)
    path = machine.cache_path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(machine.CacheEntry(key=key, measurements=kept).model_dump_json())
    machine.this_machine()
    assert len(times) == asked


def test_a_bad_minute_of_the_host_is_outvoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of three measurements, an hour apart."""
    now = time.time()
    for hour, scaling in enumerate((0.6, 0.98, 1.0)):
        stand_in(monkeypatch, **{**dict.fromkeys(COSTS, 0.5), "core_scaling": scaling})
        forget(monkeypatch)
        monkeypatch.setattr(time, "time", lambda hour=hour: now + hour * 4000)
        found = machine.this_machine()
    assert found.core_scaling == 0.98 * machine.UNDISTURBED


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"key": 1}', b'{"key": "k", "measurements": [{"taken": 1e400, "costs": {}}]}'],
)
def test_a_corrupt_cache_is_measured_again(cache: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What does not validate is replaced, not trusted."""
    asked = stand_in(monkeypatch, thread_task=1e-6)
    machine.this_machine()
    path = next(cache.iterdir())
    path.write_bytes(content)
    forget(monkeypatch)
    assert machine.this_machine().thread_task == 1e-6
    assert len(asked) == 2
    forget(monkeypatch)
    machine.this_machine()
    assert len(asked) == 2


def test_an_entry_for_another_interpreter_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key in the file decides, whatever the file is called."""
    asked = stand_in(monkeypatch, thread_task=1e-6)
    machine.this_machine()
    path = next(cache.iterdir())
    path.write_text(json.dumps({**json.loads(path.read_text()), "key": "another host"}))
    forget(monkeypatch)
    machine.this_machine()
    assert len(asked) == 2


def test_the_key_tells_hosts_interpreters_cores_and_start_methods_apart() -> None:
    """Costs of one are no costs of the other."""
    host = machine.limits()
    changed: list[dict[str, Any]] = [
        {},
        {"cores": host.cores + 1},
        {"start_method": "spawn" if host.start_method != "spawn" else "fork"},
        {"python": host.python.model_copy(update={"version": "3.99.1"})},
        {"python": host.python.model_copy(update={"implementation": "PyPy"})},
        {"python": host.python.model_copy(update={"free_threaded": not host.python.free_threaded})},
    ]
    keys = {machine.cache_key(host.model_copy(update=change)) for change in changed}
    assert len(keys) == len(changed)
    assert len({machine.cache_path(key) for key in keys}) == len(changed)


def test_a_cache_folder_that_cannot_be_made_is_no_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where the folder should be: measured once for this process, and nothing written."""
    cache.parent.mkdir()
    cache.write_text("in the way")
    asked = stand_in(monkeypatch, thread_task=1e-6)
    assert machine.this_machine().source == "measured"
    assert machine.this_machine().thread_task == 1e-6
    assert len(asked) == 1
    assert cache.read_text() == "in the way"


def test_no_home_folder_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some services run as a user without one."""

    def nowhere(name: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_cache_path", nowhere)
    stand_in(monkeypatch, thread_task=1e-6)
    assert machine.this_machine().source == "measured"


def test_a_disk_that_is_full_leaves_no_temporary_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old entry stays whole when the new one cannot be put in its place."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    stand_in(monkeypatch, thread_task=1e-6)
    monkeypatch.setattr(Path, "replace", full)
    assert machine.this_machine().thread_task == 1e-6
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("executable", ["", "/nonexistent/python", "/bin/true", "/bin/echo"])
def test_without_an_interpreter_to_ask_the_costs_are_assumed(
    cache: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    """An embedded Python, or one whose program is gone or is another: no error, and nothing kept."""
    monkeypatch.setattr(sys, "executable", executable)
    found = machine.this_machine(seconds=1.5)
    assert found.source == "assumed"
    assert found.thread_task == Machine().thread_task
    assert not cache.exists()


def test_a_frozen_application_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, the executable is the application itself."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "Popen", no_measuring)
    assert machine.this_machine().source == "assumed"


def test_a_child_that_hangs_is_ended_with_its_children_and_counts_for_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last whole line is used, the broken one after it is not, and no process is left."""
    note = tmp_path / "pid"
    child = (
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(other.pid))\n"
        'print(\'{"thread_task": 1e-6, "core_scaling": 7, "gil_switch": null}\')\n'
        "print('{\"thread_task\": 5', flush=True)\n"
        "time.sleep(60)"
    )
    monkeypatch.setattr(machine, "_bootstrap", lambda: child)
    found = machine.this_machine(seconds=1.5)
    assert (found.thread_task, found.core_scaling, found.gil_switch) == (
        1e-6,
        machine.UNDISTURBED,
        Machine().gil_switch,
    )
    assert is_gone(int(note.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_measuring(tmp_path: Path) -> None:
    """KeyboardInterrupt comes through, and the child is gone with its children."""
    note = tmp_path / "pid"
    child = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import pathlib, platformdirs\n"
        "platformdirs.user_cache_path = lambda name: pathlib.Path('/dev/null')\n"
        "from advisor import machine\n"
        f"machine._bootstrap = lambda: {child!r}\n"
        "try: machine.this_machine(seconds=50)\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with asking:
        while not (note.exists() and note.read_text()):
            time.sleep(0.01)
        asking.send_signal(signal.SIGINT)
        assert asking.communicate(timeout=20)[0] == "interrupted\n"
    assert is_gone(int(note.read_text()))


def is_gone(process: int) -> bool:
    """Whether it ends within a few seconds (a zombie has ended)."""
    import psutil

    for _ in range(300):
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def sample(probe: str, pace: float = 1.0, after: float | None = None, **figures: float) -> Sample:
    return Sample(probe, figures, (pace, after or pace))


def test_samples_at_an_unusual_pace_do_not_count() -> None:
    """The median is over those taken while the CPU ran as usual, before and after."""
    samples = [
        sample("a", thread_task=1.0),
        sample("a", thread_task=2.0),
        sample("a", thread_task=3.0),
        sample("a", pace=1.6, thread_task=50.0),
        sample("a", after=0.6, thread_task=60.0),
    ]
    assert probes.constants(samples) == {"thread_task": 2.0}


def test_a_probe_that_only_ran_at_an_unusual_pace_counts_all_the_same() -> None:
    """A figure at the wrong pace is better than an assumed one."""
    samples = [sample("a", thread_task=1.0), sample("a", thread_task=3.0), sample("b", pace=2, gil_switch=5.0)]
    assert probes.constants(samples) == {"thread_task": 2.0, "gil_switch": 5.0}


def test_each_further_worker_costs_the_difference_of_the_pools() -> None:
    """A pool of one against a pool of four, per further worker, never below none."""
    one, four = sample("one", process_start=2.0), sample("many", pool_start=8.0, pool_workers=4.0)
    assert probes.constants([one, four]) == {"process_start": 2.0, "process_start_each": 2.0}
    assert probes.constants([four]) == {}
    quick = sample("many", pool_start=1.0, pool_workers=4.0)
    assert probes.constants([one, quick])["process_start_each"] == 0.0


def test_probes_alternate_until_the_time_is_up() -> None:
    """Next is the one with the fewest samples; what would not end in time is left out, what fails is dropped."""
    now = [0.0]

    def lasting(seconds: float) -> probes.Probe:
        def probe(host: Host) -> dict[str, float]:
            now[0] += seconds
            return {}

        return probe

    def broken(host: Host) -> dict[str, float]:
        raise OSError("no semaphores here")

    seen: list[str] = []
    probes.take_samples(
        {"long": lasting(4), "broken": broken, "short": lasting(1)},
        Host(2, "fork"),
        10.5,
        lambda samples: seen.append(samples[-1].probe),
        clock=lambda: now[0],
        pace=lambda: 1.0,
    )
    assert seen == ["long", "short", "long", "short"]


def test_a_probe_is_repeated_when_the_pace_was_unusual() -> None:
    """It has not had its turn yet."""
    now = [0.0]

    def probe(host: Host) -> dict[str, float]:
        now[0] += 1
        return {}

    paces = iter([1, 1, 1, 2, 1, 1, 1, 1])
    seen: list[str] = []
    probes.take_samples(
        {"first": probe, "second": probe},
        Host(2, "fork"),
        4.5,
        lambda samples: seen.append(samples[-1].probe),
        clock=lambda: now[0],
        pace=lambda: next(paces),
    )
    assert seen == ["first", "second", "second", "first"]


def test_a_single_core_scales_perfectly() -> None:
    """There is nothing to compare it with."""
    assert probes.many_workers(Host(1, platform.start_method()))["core_scaling"] == 1.0


def test_other_cores_are_planned_for_on_the_host_as_it_is() -> None:
    """Only the number of cores changes, and where all else is from is kept, however often it is changed."""
    host = Machine(cores=2, memory=8 * 10**9, core_scaling=0.9, source="measured")
    assert machine.with_cores(host, None) is machine.with_cores(host, 2) is host
    many = machine.with_cores(host, 128)
    assert many == host.model_copy(update={"cores": 128, "cores_measured": 2})
    assert machine.with_cores(many, 8).cores_measured == 2
