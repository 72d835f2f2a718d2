"""Tests that run advisor on interpreters of other kinds: free-threaded ones, and those with subinterpreters.

`docs/other-interpreters.md` says how to get one; what is not found is skipped by name.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
NAMES = ("python3.13t", "python3.14t", "python3.15t", "python3.14", "python3.15")
KINDS = {
    "free-threaded": "a free-threaded interpreter (3.13t or later)",
    "with-subinterpreters": "an interpreter with pools of subinterpreters (3.14 or later)",
}
ABOUT = """
import json, sys, sysconfig
import click, platformdirs, psutil, pydantic, rich
print(json.dumps({
    "free-threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and not sys._is_gil_enabled(),
    "with-subinterpreters": sys.version_info >= (3, 14),
}))
"""
WORK = """
import threading, time

TURNS = 20_000

def compute():
    total = 0
    for turn in range(TURNS):
        total += turn * turn % 7
    return total

def pause():
    time.sleep(0.01)
"""


EXTENSION = """
#include <Python.h>
static struct PyModuleDef unaware = {PyModuleDef_HEAD_INIT, "unaware"};
PyMODINIT_FUNC PyInit_unaware(void) { return PyModule_Create(&unaware); }
"""


def candidates() -> list[str]:
    """Paths of interpreters: those that ADVISOR_TEST_PYTHONS lists, or those on PATH and of pyenv."""
    named = os.environ.get("ADVISOR_TEST_PYTHONS")
    if named:
        return [path for path in named.split(os.pathsep) if path]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = [path for path in map(shutil.which, NAMES) if path]
    return [*on_path, *(str(path / "bin" / "python") for path in sorted(versions.glob("3.1[3-9]*")))]


@cache
def found() -> dict[str, tuple[str, ...]]:
    """For each kind the interpreters of it that have what advisor depends on."""
    kinds: dict[str, tuple[str, ...]] = dict.fromkeys(KINDS, ())
    for path in candidates():
        try:
            told = subprocess.run([path, "-c", ABOUT], capture_output=True, text=True, timeout=60)
        except OSError:
            continue  # listed, but not there
        if told.returncode == 0:
            for kind, there in json.loads(told.stdout).items():
                kinds[kind] += (path,) * there
    return kinds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module to measure."""
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")
    return tmp_path


def interpreters(kind: str) -> tuple[str, ...]:
    """All of this kind, or the test is skipped."""
    if not found()[kind]:
        pytest.skip(f"{KINDS[kind]} with advisor's dependencies was not found: see docs/other-interpreters.md")
    return found()[kind]


def run(python: str, folder: Path, code: str) -> Any:
    """What a program of that interpreter prints as JSON, run in a folder of its own with an empty cache."""
    script = folder / "program.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [python, str(script)], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def advise(python: str, folder: Path, *arguments: str) -> Any:
    """What the command line of that interpreter answers, as JSON."""
    done = subprocess.run(
        [python, "-m", "advisor", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def build_extension(python: str, folder: Path) -> None:
    """An extension module `unaware` that does not say that it works without a GIL, or the test is skipped."""
    compiler = shutil.which("cc")
    headers = run(python, folder, "import json, sysconfig; print(json.dumps(sysconfig.get_path('include')))")
    if compiler is None or not Path(headers, "Python.h").exists():
        pytest.skip(f"no C compiler, or no headers of {python}, to build an extension module with")
    (folder / "unaware.c").write_text(EXTENSION, encoding="utf-8")
    command = [compiler, "-shared", "-fPIC", f"-I{headers}", "unaware.c", "-o", "unaware.so"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)


def test_a_profile_without_a_gil_says_so(folder: Path) -> None:
    """Nothing holds a GIL that is not there: all computing is free of it, and no source is claimed for a figure."""
    for python in interpreters("free-threaded"):
        profile = advise(python, folder, "work.py:compute", "--budget", "1")["profile"]
        assert profile["python"]["free_threaded"], python
        assert (profile["gil_held"], profile["gil_source"], profile["gil_blocked"]) == (0.0, None, None)
        assert profile["gil_free"] > 0.5 * profile["wall"]


def test_without_a_gil_threads_are_promised_the_cores(folder: Path) -> None:
    """Pure Python is predicted to gain on threads what there are cores for, here and planned for eight."""
    for python in interpreters("free-threaded"):
        advice = advise(python, folder, "work.py:compute", "--budget", "1", "--calls", "100000", "--cores", "8")
        assert advice["machine"]["python"]["free_threaded"], python
        threads = next(one for one in advice["alternatives"] if one["strategy"] == "threading")
        assert threads["speedup"]["expected"] > 4
        assert "GIL" not in threads["why"]


def test_a_target_that_turns_the_gil_on_again_is_advised_with_one(folder: Path) -> None:
    """What the command line's own process has counts for nothing: where the target has a GIL, threads take turns."""
    (folder / "old.py").write_text("import unaware\n" + WORK, encoding="utf-8")
    for python in interpreters("free-threaded"):
        build_extension(python, folder)
        advice = advise(python, folder, "old.py:compute", "--budget", "1")
        assert not advice["machine"]["python"]["free_threaded"], python
        assert advice["profile"]["gil_held"] > 0.5 * advice["profile"]["wall"]
        threads = next(one for one in advice["alternatives"] if one["strategy"] == "threading")
        assert threads["speedup"]["expected"] < 1.2


def test_without_a_gil_no_lock_word_is_looked_for(folder: Path) -> None:
    """There is none to read: the observer is not started, and neither is the sampler's thread."""
    code = (
        "import json\n"
        "from advisor.measure.gil import locate\n"
        "from advisor.measure.meter import Meter\n"
        "with Meter() as meter:\n"
        "    print(json.dumps([locate.find_lock_word(), meter.observer, meter.finish().sampled]))\n"
    )
    for python in interpreters("free-threaded"):
        assert run(python, folder, code) == [None, None, {}], python


def test_threads_without_a_gil_give_the_results_of_a_loop(folder: Path) -> None:
    """The executor for threads runs the calls side by side, and each result is right."""
    code = (
        "import json, work\n"
        "from advisor.run.executors import open_executor\n"
        "with open_executor('threading', 2) as pool:\n"
        "    results = [one.result() for one in [pool.submit(work.compute) for _ in range(20)]]\n"
        "print(json.dumps(set(results) == {work.compute()}))\n"
    )
    for python in interpreters("free-threaded"):
        assert run(python, folder, code) is True, python


def test_subinterpreters_are_considered_where_there_are_pools_of_them(folder: Path) -> None:
    """The advice of 3.14 weighs them, with a start-up time of their own, and the matrix of a waiting call does too."""
    for python in interpreters("with-subinterpreters"):
        for function in ("compute", "pause"):
            advice = advise(python, folder, f"work.py:{function}", "--budget", "1")
            weighed = {one["strategy"]: one for one in advice["alternatives"]}
            assert weighed["interpreters"]["feasible"], python
            assert weighed["interpreters"]["speedup"]["expected"] > 1


def test_what_subinterpreters_cost_is_measured(folder: Path) -> None:
    """The probes time their pool like the others: nothing is left assumed."""
    code = (
        "import json\n"
        "from advisor.host import machine\n"
        "costs = machine.measure_costs(machine.limits(), 10)\n"
        "print(json.dumps([sorted(machine.measurable_costs() - costs.keys()), costs['interpreter_start'] > 0]))\n"
    )
    for python in interpreters("with-subinterpreters"):
        assert run(python, folder, code) == [[], True], python


def test_subinterpreters_find_modules_where_the_program_does(folder: Path) -> None:
    """A folder put on the path while the program runs, as advisor puts a target's, is on theirs; so are results."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "work.py").rename(elsewhere / "work.py")
    code = (
        "import json, sys\n"
        f"sys.path.insert(0, {str(elsewhere)!r})\n"
        "import work\n"
        "from functools import partial\n"
        "from advisor.run.executors import open_executor\n"
        "if __name__ == '__main__':\n"
        "    with open_executor('interpreters', 2) as pool:\n"
        "        results = [one.result() for one in [pool.submit(partial(work.compute)) for _ in range(8)]]\n"
        "    print(json.dumps(set(results) == {work.compute()}))\n"
    )
    for python in interpreters("with-subinterpreters"):
        assert run(python, folder, code) is True, python


def test_a_job_is_verified_in_subinterpreters(folder: Path) -> None:
    """A trial of the target really runs that way, from a folder that only the command line has put on the path."""
    code = (
        "import json\n"
        "from advisor.target import sandbox\n"
        "request = {'target': 'work.py:compute', 'inputs': None, 'strategy': 'interpreters', 'workers': 2}\n"
        "request |= {'chunk': 1, 'calls': 40, 'predicted': 1.0}\n"
        "if __name__ == '__main__':\n"
        "    answer = sandbox.run('advisor.run.trial:run_part', request, timeout=60)\n"
        "    print(json.dumps([answer['calls'], answer['failure']]))\n"
    )
    for python in interpreters("with-subinterpreters"):
        assert run(python, folder, code) == [40, None], python


def test_a_fork_server_is_part_of_what_a_pool_costs(folder: Path) -> None:
    """On 3.14 a program's first pool starts a fork server, so each pool that is timed starts one of its own."""
    if sys.platform == "win32":
        pytest.skip("Windows has no fork server")
    code = (
        "import json\n"
        "from multiprocessing import forkserver\n"
        "from advisor.host.probes import Host\n"
        "if __name__ == '__main__':\n"
        "    servers = []\n"
        "    for _ in range(2):\n"
        "        with Host(2, 'forkserver').pool(1):\n"
        "            servers.append(forkserver._forkserver._forkserver_pid)\n"
        "    print(json.dumps(len(set(servers))))\n"
    )
    for python in (sys.executable, *found()["with-subinterpreters"]):
        assert run(python, folder, code) == 2, python
