"""What this host allows and costs: real pools, and no figure asserted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from advisor.host import cores_and_memory, machine, pool_costs, probe_cache
from advisor.models import Machine

PACKAGE_FOLDER = str(Path(machine.__file__).parent.parent.parent)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and nothing remembered from other tests."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: folder / name)
    monkeypatch.setattr(machine, "_measured", {})
    return folder / "advisor"


def run_script(code: str) -> str:
    """What a script of the user's prints, without a cache."""
    no_cache = "import pathlib, platformdirs\nplatformdirs.user_cache_path = lambda name: pathlib.Path('/dev/null')\n"
    script = Path.cwd() / "script.py"
    script.write_text(no_cache + "from advisor.host import cores_and_memory, machine\n" + code)
    environment = {**os.environ, "PYTHONPATH": PACKAGE_FOLDER}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return done.stdout


def test_limits_are_this_hosts_with_assumed_costs() -> None:
    """Nothing is measured, and the answer says so."""
    host = machine.unmeasured_machine()
    assert host.source == "assumed"
    assert host.cores == cores_and_memory.usable_cores()
    assert host.start_method == cores_and_memory.start_method()
    assert host.memory is not None
    assert host.python == cores_and_memory.python()


def test_spawning_is_assumed_to_cost_more_than_forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is not forked starts an interpreter first."""
    monkeypatch.setattr(cores_and_memory, "start_method", lambda: "fork")
    forked = machine.unmeasured_machine()
    monkeypatch.setattr(cores_and_memory, "start_method", lambda: "spawn")
    spawned = machine.unmeasured_machine()
    assert spawned.process_start > forked.process_start
    assert spawned.process_start_each > forked.process_start_each


@pytest.mark.slow
def test_every_cost_is_measured_in_a_child_and_cached(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real measurement finds every cost, and a second question is answered from the file."""
    found = machine.this_machine(seconds=2.5)
    assert found.source == "measured"
    (measurement,) = probe_cache.read_measurements(probe_cache.cache_key(machine.unmeasured_machine()))
    assert measurement.costs.keys() == pool_costs.measurable_costs()
    for name, seconds in measurement.costs.items():
        assert 0 <= seconds < 5
        assert getattr(found, name) == seconds * (pool_costs.UNDISTURBED if name == "core_scaling" else 1)
    assert found.process_task > 0
    assert found.thread_task > 0
    assert [path.suffix for path in cache_folder.iterdir()] == [".json"]

    monkeypatch.setattr(machine, "_measured", {})
    monkeypatch.setattr(subprocess, "Popen", None)
    assert machine.this_machine().model_copy(update={"memory": None}) == found.model_copy(update={"memory": None})


def test_measuring_imports_no_pools_into_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's process stays as it was: no multiprocessing, no executor, no thread."""
    monkeypatch.chdir(tmp_path)
    code = (
        "import sys, threading\n"
        "machine.this_machine(seconds=0.6)\n"
        "print([m for m in ('multiprocessing', 'concurrent.futures', 'asyncio') if m in sys.modules])\n"
        "print(threading.active_count())"
    )
    assert run_script(code) == "[]\n1\n"


@pytest.mark.slow
def test_a_script_without_a_main_guard_may_ask_under_spawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spawned workers import the main module again; the measuring child's is not the user's script."""
    monkeypatch.chdir(tmp_path)
    code = (
        "import multiprocessing\n"
        "print('script runs')\n"
        "multiprocessing.set_start_method('spawn')\n"
        "print(machine.this_machine(seconds=1.2).start_method)\n"
    )
    assert run_script(code) == "script runs\nspawn\n"


@pytest.mark.parametrize("executable", ["", "/nonexistent/python", "/bin/true", "/bin/echo", "frozen"])
def test_without_an_interpreter_to_run_the_costs_are_assumed(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    """An embedded Python, one whose program is gone or is another, a frozen application: no error, nothing cached."""
    if executable == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", executable)
    found = machine.this_machine(seconds=1.5)
    assert found.source == "assumed"
    assert found.thread_task == Machine().thread_task
    assert not cache_folder.exists()


@pytest.fixture
def hanging_probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Probes that hang with a child of their own; returns the file with the child's process id."""
    note = tmp_path / "pid"
    source = (
        "import subprocess, sys, time\n"
        "def main():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        '    print(\'{"thread_task": 1e-6, "core_scaling": 7, "gil_switch": null}\')\n'
        "    print('{\"thread_task\": 5', flush=True)\n"
        f"    open({str(note)!r}, 'w').write(str(child.pid))\n"
        "    time.sleep(60)"
    )
    (tmp_path / "hanging_probes.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(pool_costs, "PROBES", "hanging_probes:main")
    return note


@pytest.mark.slow
def test_probes_that_hang_are_killed_with_their_children(hanging_probes: Path) -> None:
    """The last whole line is used as far as it is valid, the broken one after it is not, and no process is left."""
    found = machine.this_machine(seconds=1.5)
    assert found.thread_task == 1e-6
    assert (found.core_scaling, found.gil_switch) == (pool_costs.UNDISTURBED, Machine().gil_switch)
    assert is_gone(int(hanging_probes.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_measuring(hanging_probes: Path) -> None:
    """KeyboardInterrupt comes through, and the child is gone with its children."""
    code = (
        "from advisor.host import machine, pool_costs\n"
        "pool_costs.PROBES = 'hanging_probes:main'\n"
        "try: pool_costs.measure_costs(machine.unmeasured_machine(), 50)\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as program:
        while not (hanging_probes.exists() and hanging_probes.read_text()):
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=20)[0] == "interrupted\n"
    assert is_gone(int(hanging_probes.read_text()))


def is_gone(process: int) -> bool:
    """Return True if it ends within a few seconds (a zombie has ended)."""
    import psutil

    for _ in range(300):
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_other_cores_are_planned_for_on_the_host_as_it_is() -> None:
    """Only the number of cores changes, and where all else is from is kept, however often it is changed."""
    host = Machine(cores=2, memory=8 * 10**9, core_scaling=0.9, source="measured")
    assert machine.with_cores(host, None) is machine.with_cores(host, 2) is host
    many = machine.with_cores(host, 128)
    assert many == host.model_copy(update={"cores": 128, "cores_measured": 2})
    assert machine.with_cores(many, 8).cores_measured == 2


def test_a_target_that_turned_the_gil_on_is_planned_for_with_one() -> None:
    """A hand-over costs the typical figure then, since it was measured without a GIL."""
    from advisor.models import Profile

    free: dict[str, Any] = {"free_threaded": True}
    host = Machine.model_validate({"python": free, "gil_switch": 0.0})
    with_gil = Profile(calls=1, wall=1.0)
    assert machine.with_gil_of(host, with_gil).gil_switch == Machine().gil_switch
    assert not machine.with_gil_of(host, with_gil).python.free_threaded
    assert machine.with_gil_of(host, Profile.model_validate({"calls": 1, "wall": 1.0, "python": free})) is host
